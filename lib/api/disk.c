#include "api/disk.h"

#include "api/quota.h"
#define GIB ((int64_t)1 << 30)

static int read_room(struct call *c, struct disk_room *ret_room, struct fault *f)
{
    struct storage *s = c->config->storage;
    struct err e = {0};
    return s->ops->room(s, ret_room, &e) == 0
               ? 0
               : fault(f, FAULT_INTERNAL_ERROR, "The room for volumes cannot be read now");
}

static int64_t full_percent(struct call *c)
{
    return c->config->jobs == NULL ? 0 : c->config->jobs->disk_full_percent;
}

static int check_size(const struct disk_room *room, int64_t size_gib, struct fault *f)
{
    if (size_gib <= room->free / GIB)
        return 0;
    return fault(f, FAULT_INSUFFICIENT_VOLUME_CAPACITY,
                 "There is room for %lld GiB on the server, and the volume is to have %lld",
                 (long long)(room->free / GIB), (long long)size_gib);
}

int disk_admit_size(struct call *c, int64_t size_gib, struct fault *f)
{
    struct disk_room room;
    return read_room(c, &room, f) < 0 ? -1 : check_size(&room, size_gib, f);
}

int disk_admit_volume(struct call *c, int64_t size_gib, struct fault *f)
{
    struct disk_room room;
    if (quota_admit(c, QUOTA_DISK, size_gib, f) < 0 || read_room(c, &room, f) < 0 ||
        check_size(&room, size_gib, f) < 0)
        return -1;
    if (disk_is_full(&room, full_percent(c)))
        return fault(f, FAULT_INSUFFICIENT_VOLUME_CAPACITY,
                     "The server's disk is full: %lld percent of it are in use",
                     (long long)((room.size - room.free) * 100 / room.size));
    return 0;
}

int disk_admit_guest(struct call *c, struct fault *f)
{
    struct disk_room room;
    if (read_room(c, &room, f) < 0)
        return -1;
    if (!disk_is_full(&room, full_percent(c)))
        return 0;
    return fault(f, FAULT_INSUFFICIENT_INSTANCE_CAPACITY,
                 "The server's disk is full, and guests are paused: %lld MiB are free of %lld",
                 (long long)(room.free >> 20), (long long)(room.size >> 20));
}
