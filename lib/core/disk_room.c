#include "core/disk_room.h"

/* By the hundredth of the size, which no size overflows. */
static bool uses(const struct disk_room *r, int64_t percent)
{
    return r->size - r->free >= r->size / 100 * percent + r->size % 100 * percent / 100;
}

bool disk_is_full(const struct disk_room *r, int64_t full_percent)
{
    return full_percent > 0 && uses(r, full_percent);
}

bool disk_has_room(const struct disk_room *r, int64_t full_percent)
{
    return full_percent <= DISK_FULL_SLACK || !uses(r, full_percent - DISK_FULL_SLACK);
}
