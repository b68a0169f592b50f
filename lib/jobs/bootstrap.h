#pragma once
/*
 * What every account finds on its first day: an account number, the root's access key, this server
 * as a host, and in each region a default VPC with a subnet in each zone and its default security
 * group (AWS: "Default VPCs"). Running it again adds only what lacks, for a region that is newly
 * served.
 */
#include "base/err.h"
#include "core/region.h"
#include "store/store.h"

struct bootstrap_result {
    const char *account_id;
    const char *host_id;
    const char *page_secret;
    const char *ipv6_prefix;       /* this server's own, unique local (RFC 4193): fd…::/48 */
    const char *access_key_id;     /* of the root; NULL when it has no key any more */
    const char *secret_access_key; /* sensitive */
};

int bootstrap(struct store *s, const struct region_list *regions, const char *uri, struct arena *a,
              struct bootstrap_result *ret_result, struct err *e);
