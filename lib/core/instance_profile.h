#pragma once
/*
 * An instance and the profile that it has: one at most. The profile's role gives the instance its
 * credentials for as long as all three are there and belong together.
 */
#include <stdint.h>

struct instance_profile_association {
    const char *id; /* iip-assoc-… */
    const char *account_id;
    const char *region;
    const char *instance_id;
    const char *profile_id;  /* AIPA…; the profile may have been deleted since */
    const char *profile_arn; /* as it was then */
    int64_t associated_at;
};
