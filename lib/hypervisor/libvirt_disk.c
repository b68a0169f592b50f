#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "hypervisor/domain_xml.h"
#include "hypervisor/libvirt_internal.h"

/*
 * Disks of a running domain. The domain itself says which there are: a disk is known by its serial,
 * and its target (vdb) is whatever was free when it came.
 */

/* The files below a disk, however deep. */
static void read_layers(struct arena *a, xmlXPathContextPtr context, struct live_disk *d)
{
    xmlXPathObjectPtr found = xmlXPathEvalExpression(
        BAD_CAST ".//backingStore/source/@file | mirror/source/@file", context);
    int n = found == NULL || found->nodesetval == NULL ? 0 : found->nodesetval->nodeNr;
    for (int i = 0; i < n; i++) {
        xmlChar *text = xmlNodeGetContent(found->nodesetval->nodeTab[i]);
        *arena_append(a, &d->below) = arena_strdup(a, text == NULL ? "" : (const char *)text);
        xmlFree(text);
    }
    xmlXPathFreeObject(found);
}

static void read_disks(struct arena *a, xmlXPathContextPtr context, void *ctx)
{
    struct live_disks *ret = ctx;
    ret->io_thread = !str_empty(libvirt_live_text(a, context, "/domain/iothreads"));
    xmlXPathObjectPtr disks = xmlXPathEvalExpression(BAD_CAST "/domain/devices/disk", context);
    int n = disks == NULL || disks->nodesetval == NULL ? 0 : disks->nodesetval->nodeNr;
    for (int i = 0; i < n && ret->n < DOMAIN_DISKS_MAX; i++) {
        struct live_disk *d = &ret->v[ret->n++];
        context->node = disks->nodesetval->nodeTab[i];
        d->serial = libvirt_live_text(a, context, "serial");
        d->target = libvirt_live_text(a, context, "target/@dev");
        d->alias = libvirt_live_text(a, context, "alias/@name");
        d->path = libvirt_live_text(a, context, "source/@file");
        read_layers(a, context, d);
    }
    xmlXPathFreeObject(disks);
}

int libvirt_live_disks(struct arena *a, virConnectPtr conn, virDomainPtr domain,
                       const char *instance_id, struct live_disks *ret, struct err *e)
{
    *ret = (struct live_disks){0};
    return libvirt_live_read(a, conn, domain, instance_id, read_disks, ret, e);
}

const struct live_disk *libvirt_find_disk(const struct live_disks *disks, const char *serial)
{
    for (size_t i = 0; i < disks->n; i++)
        if (streq(disks->v[i].serial, serial))
            return &disks->v[i];
    return NULL;
}

static bool is_taken(const struct live_disks *disks, const char *target)
{
    for (size_t i = 0; i < disks->n; i++)
        if (streq(disks->v[i].target, target))
            return true;
    return false;
}

static const char *free_target(struct arena *a, const struct live_disks *disks)
{
    for (size_t position = 0; position < DOMAIN_DISKS_MAX; position++) {
        const char *target = domain_disk_target(a, position);
        if (!is_taken(disks, target))
            return target;
    }
    return NULL;
}

static int attach_at(struct arena *a, virConnectPtr conn, virDomainPtr domain,
                     const char *instance_id, const struct domain_disk *placed, struct err *e)
{
    const char *xml = NULL;
    int r = domain_disk_xml_build(a, placed, &xml, e);
    if (r == 0 && virDomainAttachDeviceFlags(domain, xml, VIR_DOMAIN_AFFECT_LIVE) < 0)
        r = libvirt_domain_error(conn, domain, e, "attach a disk to domain", instance_id);
    return r;
}

static int file_stands(const char *path, struct err *e)
{
    const char *name = strrchr(path, '/');
    if (file_exists(path))
        return 0;
    return err_set(e, EIO, "the file of a disk is not there: %s", name == NULL ? path : name + 1);
}

int libvirt_disk_stands(const struct domain_disk *disk, struct err *e)
{
    int r = file_stands(disk->path, e);
    for (size_t i = 0; r == 0 && disk->below != NULL && disk->below[i] != NULL; i++)
        r = file_stands(disk->below[i], e);
    return r;
}

/* Another disk may come to the domain at the same moment, and be the first at the target that was
 * free: then the next one is tried. */
int libvirt_disk_attach(struct hypervisor *h, const char *instance_id,
                        const struct domain_disk *disk, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_connect_ virConnectPtr conn = NULL;
    _cleanup_domain_ virDomainPtr domain = NULL;
    _cleanup_libvirt_secret_ struct libvirt_secret secret = {0};
    struct live_disks disks = {0};
    struct domain_disk placed = *disk;
    placed.secret = secret.uuid;
    int r = libvirt_disk_stands(disk, e);
    if (r == 0)
        r = libvirt_look_up(h, instance_id, &conn, &domain, e);
    if (r == 0)
        r = libvirt_live_disks(a, conn, domain, instance_id, &disks, e);
    if (r < 0 || libvirt_find_disk(&disks, disk->serial) != NULL)
        return r;
    r = libvirt_secret_begin(conn, disk->key, &secret, e);
    placed.no_io_thread = !disks.io_thread;
    for (bool beaten = r == 0; beaten;) {
        placed.target = free_target(a, &disks);
        if (placed.target == NULL)
            return err_set(e, ENOSPC, "domain %s has no room for another disk", instance_id);
        r = attach_at(a, conn, domain, instance_id, &placed, e);
        beaten = r < 0 && libvirt_live_disks(a, conn, domain, instance_id, &disks, NULL) == 0 &&
                 is_taken(&disks, placed.target);
    }
    return r;
}

/*
 * A guest that lets go of a disk unplugs it first; QEMU closes the files a moment later, when
 * nothing of the device is in use any more. Whoever asks in between hears that there is no such
 * device. libvirt takes that for the end: it forgets the disk, fails to close files that are in use
 * and never tries again, so that they stay open and locked for as long as the guest runs. A device
 * that was unplugged has no statistics any more: that is how it is told here.
 */
static bool is_being_removed(virDomainPtr domain, const struct live_disk *disk)
{
    virDomainBlockStatsStruct stats;
    return virDomainBlockStats(domain, disk->target, &stats, sizeof(stats)) < 0;
}

int libvirt_disk_detach(struct hypervisor *h, const char *instance_id, const char *serial, bool ask,
                        bool *ret_gone, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_connect_ virConnectPtr conn = NULL;
    _cleanup_domain_ virDomainPtr domain = NULL;
    struct live_disks disks = {0};
    int r = libvirt_look_up(h, instance_id, &conn, &domain, e);
    if (r == 0)
        r = libvirt_live_disks(a, conn, domain, instance_id, &disks, e);
    if (r < 0)
        return r;
    const struct live_disk *disk = libvirt_find_disk(&disks, serial);
    *ret_gone = disk == NULL;
    if (disk == NULL || !ask || is_being_removed(domain, disk))
        return 0;
    libvirt_ask_for_device(domain, instance_id, disk->alias);
    return 0;
}

int libvirt_disk_resize(struct hypervisor *h, const char *instance_id, const char *serial,
                        int64_t bytes, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_connect_ virConnectPtr conn = NULL;
    _cleanup_domain_ virDomainPtr domain = NULL;
    struct live_disks disks = {0};
    int r = libvirt_look_up(h, instance_id, &conn, &domain, e);
    if (r == 0)
        r = libvirt_live_disks(a, conn, domain, instance_id, &disks, e);
    if (r < 0)
        return r;
    const struct live_disk *disk = libvirt_find_disk(&disks, serial);
    if (disk == NULL)
        return err_set(e, ENODEV, "domain %s has no disk %s", instance_id, serial);
    if (virDomainBlockResize(domain, disk->target, (unsigned long long)bytes,
                             VIR_DOMAIN_BLOCK_RESIZE_BYTES) < 0)
        r = libvirt_domain_error(conn, domain, e, "resize a disk of domain", instance_id);
    return r;
}

/* All of them, so that what was there before and is no more ends. */
static int set_limits(virDomainPtr domain, const char *target, const struct volume_limits *l)
{
    const struct {
        const char *name;
        int64_t value;
    } all[] = {
        {VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_BYTES_SEC, l->bytes.base},
        {VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_BYTES_SEC_MAX, l->bytes.burst},
        {VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_BYTES_SEC_MAX_LENGTH, l->bytes.seconds},
        {VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_IOPS_SEC, l->operations.base},
        {VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_IOPS_SEC_MAX, l->operations.burst},
        {VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_IOPS_SEC_MAX_LENGTH, l->operations.seconds},
        {VIR_DOMAIN_BLOCK_IOTUNE_SIZE_IOPS_SEC, l->operation_bytes},
    };
    virTypedParameterPtr params = NULL;
    int n = 0;
    int max = 0;
    int r = 0;
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(all); i++)
        r = virTypedParamsAddULLong(&params, &n, &max, all[i].name,
                                    (unsigned long long)all[i].value);
    if (r == 0)
        r = virDomainSetBlockIoTune(domain, target, params, n, VIR_DOMAIN_AFFECT_LIVE);
    virTypedParamsFree(params, n);
    return r;
}

int libvirt_disk_limit(struct hypervisor *h, const char *instance_id, const char *serial,
                       const struct volume_limits *limits, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_connect_ virConnectPtr conn = NULL;
    _cleanup_domain_ virDomainPtr domain = NULL;
    struct live_disks disks = {0};
    int r = libvirt_look_up(h, instance_id, &conn, &domain, e);
    if (r == 0)
        r = libvirt_live_disks(a, conn, domain, instance_id, &disks, e);
    if (r < 0)
        return r;
    const struct live_disk *disk = libvirt_find_disk(&disks, serial);
    if (disk == NULL)
        return err_set(e, ENODEV, "domain %s has no disk %s", instance_id, serial);
    if (set_limits(domain, disk->target, limits) < 0)
        r = libvirt_domain_error(conn, domain, e, "limit a disk of domain", instance_id);
    return r;
}
