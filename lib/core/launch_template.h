#pragma once
/* A launch template and its versions: what a launch may be asked for by name. */
#include <stdint.h>

#define LAUNCH_TEMPLATES_MAX                                                                       \
    5000 /* of an account in a region (AWS: "Restrictions for launch templates") */
#define LAUNCH_TEMPLATE_VERSIONS_MAX 10000 /* of a template (the same) */

struct launch_template {
    const char *id; /* lt-… */
    const char *account_id;
    const char *region;
    const char *name;
    int64_t created_at;
    const char *created_by;  /* ARN of the caller */
    int64_t default_version; /* always one that is there: it cannot be deleted */
    int64_t latest_version;  /* the highest number of those that are there */
    int64_t versions_made;   /* the highest number ever given: none is given twice */
};

struct launch_template_version {
    const char *template_id;
    int64_t number;
    const char *description; /* NULL: none */
    int64_t created_at;
    const char *created_by;
    const char *data; /* JSON with AWS's names of members. Sensitive: user data is in it */
};
