#include "core/instance_type.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

enum { CURRENT = 1, BURSTABLE = 2, NITRO = 4, EBS = 8 };

static const struct instance_type types[] = {
#define TYPE(type, arch, vcpu, core, memory, maker, clock, flags, disks, disk_gb, interfaces,      \
             addresses, network)                                                                   \
    {                                                                                              \
        .name = (type),                                                                            \
        .architecture = (arch),                                                                    \
        .vcpus = (vcpu),                                                                           \
        .cores = (core),                                                                           \
        .memory_mib = (memory),                                                                    \
        .processor = (maker),                                                                      \
        .clock_ghz = (clock),                                                                      \
        .current_generation = ((flags)&CURRENT) != 0,                                              \
        .burstable = ((flags)&BURSTABLE) != 0,                                                     \
        .nitro = ((flags)&NITRO) != 0,                                                             \
        .ebs_optimized_default = ((flags)&EBS) != 0,                                               \
        .store_disks = (disks),                                                                    \
        .store_disk_gb = (disk_gb),                                                                \
        .max_interfaces = (interfaces),                                                            \
        .ipv4_per_interface = (addresses),                                                         \
        .network_performance = (network),                                                          \
    },
#include "core/instance_types.def"
#undef TYPE
};

/* From so many cores on, types without Nitro take even numbers alone; those with it from three. */
#define MANY_CORES 17

int64_t instance_type_cores(const struct instance_type *t)
{
    return t->cores > 0 ? t->cores : t->vcpus;
}

int64_t instance_type_threads_per_core(const struct instance_type *t)
{
    return t->vcpus / instance_type_cores(t);
}

bool instance_type_allows(const struct instance_type *t, int64_t cores, int64_t threads_per_core)
{
    int64_t all = instance_type_cores(t);
    int64_t each = instance_type_threads_per_core(t);
    bool even_alone = each > 1 && all >= (t->nitro ? 3 : MANY_CORES);
    if (cores == all && threads_per_core == each)
        return true;
    if (t->burstable && !t->nitro)
        return false;
    return cores >= 1 && cores <= all && threads_per_core >= 1 && threads_per_core <= each &&
           (!even_alone || cores % 2 == 0);
}

struct instance_type_table instance_type_builtin(void)
{
    return (struct instance_type_table){types, ARRAY_SIZE(types)};
}

static int compare(const void *name, const void *type)
{
    return strcmp(name, ((const struct instance_type *)type)->name);
}

const struct instance_type *instance_type_find(const struct instance_type_table *t,
                                               const char *name)
{
    if (t->n == 0)
        return NULL;
    return bsearch(name, t->v, t->n, sizeof(*t->v), compare);
}
