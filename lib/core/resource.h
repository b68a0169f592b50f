#pragma once
/* What has an id, and the words and codes that EC2 uses for it (resources.def). Static data. */
#include "core/fault.h"

enum resource_kind {
#define RESOURCE(id, prefix, type, one, many, not_found, malformed) RESOURCE_##id,
#include "core/resources.def"
#undef RESOURCE
    _RESOURCE_KIND_MAX
};

struct resource {
    enum resource_kind kind;
    const char *prefix; /* "i" of i-0123456789abcdef0 */
    const char *type;   /* "instance", as tags name it */
    const char *one;    /* "instance ID", for messages */
    const char *many;
    enum fault_code not_found;
    enum fault_code malformed;
};

const struct resource *resource_get(enum resource_kind kind);
/* By the prefix of a well-formed id; NULL when it is none of ours. */
const struct resource *resource_of_id(const char *id);
