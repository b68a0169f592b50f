#pragma once
/*
 * What every account finds on its first day: an account number, the root's access key, this server
 * as a host, and in each region a default VPC with a subnet in each zone and its default security
 * group (AWS: "Default VPCs"). Running it again adds only what lacks, for a region that is newly
 * served.
 */
#include "base/err.h"
#include "core/region.h"
#include "core/sealed.h"
#include "store/store.h"

struct bootstrap_result {
    const char *account_id;
    const char *host_id;
    const char *page_secret;
    const char *ipv6_prefix;       /* this server's own, unique local (RFC 4193): fd…::/48 */
    const char *access_key_id;     /* of the root, until it was shown; NULL: no more */
    const char *secret_access_key; /* sensitive */
};

/*
 * The key that this store's secrets are sealed with: the file at `path`, which is made with the
 * first of them. -ENOKEY: it has gone; -EBADMSG: it is the key of another store.
 */
int bootstrap_key(struct store *s, const char *path, struct arena *a, struct server_key *ret_key,
                  struct err *e);
/* A text that is sealed by the first key, and by which the store knows it again. */
#define BOOTSTRAP_KEY_SETTING "server_key"
/* Is the key in the file the one that sealed that text? */
bool bootstrap_key_opens(struct arena *a, const char *known, const char *path);
/* After the key has been written where its owner finds it: it is not told again. */
int bootstrap_key_shown(struct store *s, struct err *e);
int bootstrap(struct store *s, const struct region_list *regions, const struct server_key *key,
              const char *uri, struct arena *a, struct bootstrap_result *ret_result, struct err *e);
