#pragma once
/* A tag of any resource. */
#include <stdbool.h>

#define TAGS_PER_RESOURCE 50 /* AWS: "Tag restrictions" */
#define TAG_KEY_MAX       128
#define TAG_VALUE_MAX     256

struct tag {
    const char *resource_id;
    const char *key;
    const char *resource_type; /* instance, volume, key-pair, … */
    const char *region;
    const char *value;
};

/* May it be a component of a path, in tags/instance of the metadata? AWS: "View tags for your EC2
 * instances using instance metadata". */
bool tag_key_is_path(const char *key);
