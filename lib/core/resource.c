#include "core/resource.h"

#include <stddef.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "base/id.h"

static const struct resource resources[] = {
#define RESOURCE(id, prefix, type, one, many, not_found, malformed)                                \
    {RESOURCE_##id, prefix, type, one, many, FAULT_##not_found, FAULT_##malformed},
#include "core/resources.def"
#undef RESOURCE
};

const struct resource *resource_get(enum resource_kind kind)
{
    CHECK((size_t)kind < ARRAY_SIZE(resources));
    return &resources[kind];
}

const struct resource *resource_of_id(const char *id)
{
    for (size_t i = 0; i < ARRAY_SIZE(resources); i++)
        if (id_is_wellformed(id, resources[i].prefix))
            return &resources[i];
    return NULL;
}
