#include "crash_drivers.h"

#include "base/crash_point.h"

#ifdef CROFT_CRASH_POINTS
/* A driver's table with these in the place of its own; what only looks stays. */
#define OP(room, op, parameters, arguments)                                                        \
    static int room##_##op parameters                                                              \
    {                                                                                              \
        crash_point("before:" #room "." #op);                                                      \
        int r = room##_driver->op arguments;                                                       \
        crash_point("after:" #room "." #op);                                                       \
        return r;                                                                                  \
    }
#define PUT(room, op, ...) ops.op = room##_##op;

static const struct hypervisor_ops *hypervisor_driver;
#define HYPERVISOR_OPS(OP)                                                                         \
    OP(hypervisor, create_paused,                                                                  \
       (struct hypervisor * h, const struct domain_spec *spec, struct err *e), (h, spec, e))       \
    OP(hypervisor, resume, (struct hypervisor * h, const char *instance_id, struct err *e),        \
       (h, instance_id, e))                                                                        \
    OP(hypervisor, suspend, (struct hypervisor * h, const char *instance_id, struct err *e),       \
       (h, instance_id, e))                                                                        \
    OP(hypervisor, shutdown, (struct hypervisor * h, const char *instance_id, struct err *e),      \
       (h, instance_id, e))                                                                        \
    OP(hypervisor, reset, (struct hypervisor * h, const char *instance_id, struct err *e),         \
       (h, instance_id, e))                                                                        \
    OP(hypervisor, reboot, (struct hypervisor * h, const char *instance_id, struct err *e),        \
       (h, instance_id, e))                                                                        \
    OP(hypervisor, destroy, (struct hypervisor * h, const char *instance_id, struct err *e),       \
       (h, instance_id, e))                                                                        \
    OP(hypervisor, nic_attach,                                                                     \
       (struct hypervisor * h, const char *instance_id, const struct domain_nic *nic,              \
        struct err *e),                                                                            \
       (h, instance_id, nic, e))                                                                   \
    OP(hypervisor, nic_connect,                                                                    \
       (struct hypervisor * h, const char *instance_id, const struct domain_nic *nic,              \
        struct err *e),                                                                            \
       (h, instance_id, nic, e))                                                                   \
    OP(hypervisor, nic_detach,                                                                     \
       (struct hypervisor * h, const char *instance_id, const struct domain_nic *nic, bool ask,    \
        bool *ret_gone, struct err *e),                                                            \
       (h, instance_id, nic, ask, ret_gone, e))                                                    \
    OP(hypervisor, disk_attach,                                                                    \
       (struct hypervisor * h, const char *instance_id, const struct domain_disk *disk,            \
        struct err *e),                                                                            \
       (h, instance_id, disk, e))                                                                  \
    OP(hypervisor, disk_detach,                                                                    \
       (struct hypervisor * h, const char *instance_id, const char *serial, bool ask,              \
        bool *ret_gone, struct err *e),                                                            \
       (h, instance_id, serial, ask, ret_gone, e))                                                 \
    OP(hypervisor, disk_resize,                                                                    \
       (struct hypervisor * h, const char *instance_id, const char *serial, int64_t bytes,         \
        struct err *e),                                                                            \
       (h, instance_id, serial, bytes, e))                                                         \
    OP(hypervisor, disk_limit,                                                                     \
       (struct hypervisor * h, const char *instance_id, const char *serial,                        \
        const struct volume_limits *limits, struct err *e),                                        \
       (h, instance_id, serial, limits, e))                                                        \
    OP(hypervisor, disks_freeze,                                                                   \
       (struct hypervisor * h, const char *instance_id, const struct domain_freeze *disks,         \
        size_t n, bool quiet, bool *ret_quiet, struct err *e),                                     \
       (h, instance_id, disks, n, quiet, ret_quiet, e))                                            \
    OP(hypervisor, disk_merge,                                                                     \
       (struct hypervisor * h, const char *instance_id, const char *serial, const char *top,       \
        const char *base, bool *ret_done, struct err *e),                                          \
       (h, instance_id, serial, top, base, ret_done, e))                                           \
    OP(hypervisor, disk_flatten,                                                                   \
       (struct hypervisor * h, const char *instance_id, const char *serial, const char *base,      \
        bool *ret_done, struct err *e),                                                            \
       (h, instance_id, serial, base, ret_done, e))
HYPERVISOR_OPS(OP)

void crash_hypervisor(struct hypervisor *h)
{
    static struct hypervisor_ops ops;
    hypervisor_driver = h->ops;
    ops = *h->ops;
    HYPERVISOR_OPS(PUT)
    h->ops = &ops;
}

static const struct network_ops *network_driver;
#define NETWORK_OPS(OP)                                                                            \
    OP(network, apply,                                                                             \
       (struct network * n, const struct net_vpc *intent, const struct net_part *part,             \
        struct err *e),                                                                            \
       (n, intent, part, e))                                                                       \
    OP(network, plug,                                                                              \
       (struct network * n, const struct net_vpc *intent, const char *interface_id,                \
        struct err *e),                                                                            \
       (n, intent, interface_id, e))                                                               \
    OP(network, unplug, (struct network * n, const char *vpc_id, const char *tap, struct err *e),  \
       (n, vpc_id, tap, e))                                                                        \
    OP(network, remove, (struct network * n, const char *vpc_id, int64_t index, struct err *e),    \
       (n, vpc_id, index, e))
NETWORK_OPS(OP)

void crash_network(struct network *n)
{
    static struct network_ops ops;
    network_driver = n->ops;
    ops = *n->ops;
    NETWORK_OPS(PUT)
    n->ops = &ops;
}

static const struct storage_ops *storage_driver;
#define STORAGE_OPS(OP)                                                                            \
    OP(storage, upload_begin,                                                                      \
       (struct storage * s, struct storage_upload * *ret_upload, struct err * e),                  \
       (s, ret_upload, e))                                                                         \
    OP(storage, upload_finish, (struct storage_upload * u, char ret_id[static 37], struct err *e), \
       (u, ret_id, e))                                                                             \
    OP(storage, upload_remove, (struct storage * s, const char *upload_id, struct err *e),         \
       (s, upload_id, e))                                                                          \
    OP(storage, image_make,                                                                        \
       (struct storage * s, const char *image_id, const char *upload_id,                           \
        int64_t *ret_virtual_size, struct err *e),                                                 \
       (s, image_id, upload_id, ret_virtual_size, e))                                              \
    OP(storage, image_import,                                                                      \
       (struct storage * s, const char *file_id, const struct storage_source *from,                \
        const char *key, const struct storage_watch *watch, int64_t *ret_virtual_size,             \
        struct err *e),                                                                            \
       (s, file_id, from, key, watch, ret_virtual_size, e))                                        \
    OP(storage, image_export,                                                                      \
       (struct storage * s, const char *layer_id, const struct storage_target *to,                 \
        const struct storage_watch *watch, struct err *e),                                         \
       (s, layer_id, to, watch, e))                                                                \
    OP(storage, image_remove, (struct storage * s, const char *image_id, struct err *e),           \
       (s, image_id, e))                                                                           \
    OP(storage, layer_make,                                                                        \
       (struct storage * s, const char *layer_id, const char *below, int64_t size_gib,             \
        const char *key, struct err *e),                                                           \
       (s, layer_id, below, size_gib, key, e))                                                     \
    OP(storage, layer_grow,                                                                        \
       (struct storage * s, const char *layer_id, int64_t size_gib, const char *key,               \
        struct err *e),                                                                            \
       (s, layer_id, size_gib, key, e))                                                            \
    OP(storage, layer_remove, (struct storage * s, const char *layer_id, struct err *e),           \
       (s, layer_id, e))                                                                           \
    OP(storage, layer_seal,                                                                        \
       (struct storage * s, const char *layer_id, bool sealed, struct err *e),                     \
       (s, layer_id, sealed, e))                                                                   \
    OP(storage, layer_rebase,                                                                      \
       (struct storage * s, const char *layer_id, const char *below, const char *key,              \
        struct err *e),                                                                            \
       (s, layer_id, below, key, e))                                                               \
    OP(storage, layer_merge,                                                                       \
       (struct storage * s, const char *layer_id, const char *into, const char *key,               \
        struct err *e),                                                                            \
       (s, layer_id, into, key, e))                                                                \
    OP(storage, layer_flatten,                                                                     \
       (struct storage * s, const char *layer_id, const char *below, const char *key,              \
        struct err *e),                                                                            \
       (s, layer_id, below, key, e))                                                               \
    OP(storage, instance_prepare, (struct storage * s, const char *instance_id, struct err *e),    \
       (s, instance_id, e))                                                                        \
    OP(storage, instance_write,                                                                    \
       (struct storage * s, const char *instance_id, const char *file, const void *data,           \
        size_t len, struct err *e),                                                                \
       (s, instance_id, file, data, len, e))                                                       \
    OP(storage, store_make,                                                                        \
       (struct storage * s, const char *instance_id, int64_t disks, int64_t size, struct err *e),  \
       (s, instance_id, disks, size, e))                                                           \
    OP(storage, store_remove, (struct storage * s, const char *instance_id, struct err *e),        \
       (s, instance_id, e))                                                                        \
    OP(storage, instance_remove, (struct storage * s, const char *instance_id, struct err *e),     \
       (s, instance_id, e))                                                                        \
    OP(storage, sweep, (struct storage * s, struct err * e), (s, e))
STORAGE_OPS(OP)

void crash_storage(struct storage *s)
{
    static struct storage_ops ops;
    storage_driver = s->ops;
    ops = *s->ops;
    STORAGE_OPS(PUT)
    s->ops = &ops;
}
#else
void crash_storage(struct storage *s)
{
    (void)s;
}

void crash_network(struct network *n)
{
    (void)n;
}

void crash_hypervisor(struct hypervisor *h)
{
    (void)h;
}

#endif
