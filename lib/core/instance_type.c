#include "core/instance_type.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

enum { CURRENT = 1, BURSTABLE = 2, NITRO = 4, EBS = 8 };

static const struct instance_type types[] = {
#define TYPE(type, arch, vcpu, core, memory, maker, clock, flags, storage, interfaces, addresses,  \
             network)                                                                              \
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
        .instance_storage_gb = (storage),                                                          \
        .max_interfaces = (interfaces),                                                            \
        .ipv4_per_interface = (addresses),                                                         \
        .network_performance = (network),                                                          \
    },
#include "core/instance_types.def"
#undef TYPE
};

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
