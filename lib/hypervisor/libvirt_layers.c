#include <libvirt/virterror.h>

#include "base/log.h"
#include "base/text.h"
#include "hypervisor/domain_xml.h"
#include "hypervisor/libvirt_internal.h"

/*
 * Layers of the disks of a running domain. What has been done is seen in the domain's own
 * description, never remembered here: a disk's file, and the files that it stands on.
 *
 * Of the two ways to copy, a merge commits layers that nobody writes (libvirt ends such a job by
 * itself), and a flattening pulls into the one that the guest writes. The third, committing that
 * one, is not used: whether it had ended could not be told after a power cut, and then nobody would
 * know which of the two files has what the guest wrote last.
 */

#define AGENT_SECONDS 5
#define FREEZE_FLAGS                                                                               \
    (VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY | VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA |               \
     VIR_DOMAIN_SNAPSHOT_CREATE_REUSE_EXT | VIR_DOMAIN_SNAPSHOT_CREATE_ATOMIC)

struct disk_at {
    virConnectPtr conn;
    virDomainPtr domain;
    struct live_disks disks;
    const struct live_disk *disk;
};

static void cleanup_disk_at(struct disk_at *d)
{
    if (d->domain != NULL)
        (void)virDomainFree(d->domain);
    cleanup_connect(&d->conn);
}

static int look_up(struct arena *a, struct hypervisor *h, const char *instance_id,
                   const char *serial, struct disk_at *ret, struct err *e)
{
    int r = libvirt_look_up(h, instance_id, &ret->conn, &ret->domain, e);
    if (r == 0)
        r = libvirt_live_disks(a, ret->conn, ret->domain, instance_id, &ret->disks, e);
    if (r < 0)
        return r;
    ret->disk = libvirt_find_disk(&ret->disks, serial);
    if (ret->disk == NULL)
        return err_set(e, ENODEV, "domain %s has no disk %s", instance_id, serial);
    return 0;
}

/* --- freezing */

/* One copying job at a time is what a disk takes, and none while it is frozen. */
static int end_job(struct disk_at *at, const struct live_disk *disk, const char *instance_id,
                   struct err *e)
{
    virDomainBlockJobInfo info;
    int running = virDomainGetBlockJobInfo(at->domain, disk->target, &info, 0);
    if (running > 0 && virDomainBlockJobAbort(at->domain, disk->target, 0) < 0)
        running = virDomainGetBlockJobInfo(at->domain, disk->target, &info, 0) == 0 ? 0 : -1;
    return running < 0 ? libvirt_domain_error(at->conn, at->domain, e,
                                              "end the copying of a disk of domain", instance_id)
                       : 0;
}

/*
 * With the guest's file systems frozen, if its agent does that in AGENT_SECONDS; libvirt thaws them
 * again, also when the agent has not answered. Without an agent it knows so at once.
 */
static virDomainSnapshotPtr freeze_quietly(virDomainPtr domain, const char *xml,
                                           const char *instance_id)
{
    (void)virDomainAgentSetResponseTimeout(domain, AGENT_SECONDS, 0);
    virDomainSnapshotPtr made =
        virDomainSnapshotCreateXML(domain, xml, FREEZE_FLAGS | VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE);
    if (made == NULL)
        log_info("file-systems-not-frozen instance=%s reason=\"%s\"", instance_id,
                 virGetLastErrorMessage());
    return made;
}

struct freezing {
    struct frozen_disk disks[DOMAIN_DISKS_MAX]; /* all of the domain */
    struct libvirt_secret secrets[DOMAIN_DISKS_MAX];
    size_t n; /* of those that move */
};

static void end_freezing(struct freezing *f)
{
    for (size_t i = 0; i < DOMAIN_DISKS_MAX; i++)
        libvirt_secret_end(&f->secrets[i]);
}

/* One that has moved already is left as it is. */
static int prepare_disk(struct disk_at *at, const char *instance_id,
                        const struct domain_freeze *wanted, struct freezing *f, struct err *e)
{
    const struct live_disk *disk = libvirt_find_disk(&at->disks, wanted->serial);
    if (disk == NULL)
        return err_set(e, ENODEV, "domain %s has no disk %s", instance_id, wanted->serial);
    if (streq(disk->path, wanted->path))
        return 0;
    size_t position = (size_t)(disk - at->disks.v);
    struct libvirt_secret *secret = &f->secrets[position];
    int r = end_job(at, disk, instance_id, e);
    if (r == 0 && secret->secret == NULL)
        r = libvirt_secret_begin(at->conn, wanted->key, secret, e);
    if (r < 0)
        return r;
    f->disks[position].path = wanted->path;
    f->disks[position].secret = wanted->key == NULL ? NULL : secret->uuid;
    f->n++;
    return 0;
}

static int freeze(struct arena *a, struct disk_at *at, const char *instance_id,
                  const struct domain_freeze *disks, size_t n, bool quiet, bool *ret_quiet,
                  struct err *e)
{
    _cleanup_(end_freezing) struct freezing f = {0};
    const char *xml = NULL;
    int r = 0;
    for (size_t i = 0; i < at->disks.n; i++)
        f.disks[i].target = at->disks.v[i].target;
    for (size_t i = 0; r == 0 && i < n; i++)
        r = prepare_disk(at, instance_id, &disks[i], &f, e);
    if (r < 0 || f.n == 0)
        return r;
    r = domain_freeze_xml_build(a, f.disks, at->disks.n, &xml, e);
    if (r < 0)
        return r;
    virDomainSnapshotPtr made = quiet ? freeze_quietly(at->domain, xml, instance_id) : NULL;
    *ret_quiet = made != NULL;
    if (made == NULL)
        made = virDomainSnapshotCreateXML(at->domain, xml, FREEZE_FLAGS);
    if (made == NULL)
        return libvirt_domain_error(at->conn, at->domain, e, "freeze disks of domain", instance_id);
    (void)virDomainSnapshotFree(made);
    return 0;
}

int libvirt_disks_freeze(struct hypervisor *h, const char *instance_id,
                         const struct domain_freeze *disks, size_t n, bool quiet, bool *ret_quiet,
                         struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_(cleanup_disk_at) struct disk_at at = {0};
    *ret_quiet = false;
    if (n == 0)
        return 0;
    int r = look_up(a, h, instance_id, disks[0].serial, &at, e);
    return r < 0 ? r : freeze(a, &at, instance_id, disks, n, quiet, ret_quiet, e);
}

/* --- copying */

/* 1: a job runs; 0: none does. */
static int is_copying(struct disk_at *at, const char *instance_id, struct err *e)
{
    virDomainBlockJobInfo info;
    int r = virDomainGetBlockJobInfo(at->domain, at->disk->target, &info, 0);
    return r < 0 ? libvirt_domain_error(at->conn, at->domain, e, "look at the copying of domain",
                                        instance_id)
                 : r;
}

static bool stands_on(const struct live_disk *disk, const char *path)
{
    for (size_t i = 0; i < disk->below.n; i++)
        if (streq(disk->below.v[i], path))
            return true;
    return false;
}

int libvirt_disk_merge(struct hypervisor *h, const char *instance_id, const char *serial,
                       const char *top, const char *base, bool *ret_done, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_(cleanup_disk_at) struct disk_at at = {0};
    int r = look_up(a, h, instance_id, serial, &at, e);
    if (r == 0)
        r = is_copying(&at, instance_id, e);
    if (r < 0)
        return r;
    bool copying = r > 0;
    *ret_done = !copying && !stands_on(at.disk, top);
    if (copying || *ret_done)
        return 0;
    if (virDomainBlockCommit(at.domain, at.disk->target, base, top, 0,
                             VIR_DOMAIN_BLOCK_COMMIT_RELATIVE) < 0)
        return libvirt_domain_error(at.conn, at.domain, e, "merge layers of domain", instance_id);
    return 0;
}

int libvirt_disk_flatten(struct hypervisor *h, const char *instance_id, const char *serial,
                         const char *base, bool *ret_done, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_(cleanup_disk_at) struct disk_at at = {0};
    int r = look_up(a, h, instance_id, serial, &at, e);
    if (r == 0)
        r = is_copying(&at, instance_id, e);
    if (r < 0)
        return r;
    bool copying = r > 0;
    *ret_done = !copying && at.disk->below.n == (base == NULL ? 0 : 1);
    if (copying || *ret_done)
        return 0;
    if (virDomainBlockRebase(at.domain, at.disk->target, base, 0,
                             base == NULL ? 0 : VIR_DOMAIN_BLOCK_REBASE_RELATIVE) < 0)
        return libvirt_domain_error(at.conn, at.domain, e, "flatten a disk of domain", instance_id);
    return 0;
}
