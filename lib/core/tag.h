#pragma once
/* A tag of any resource. */
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
