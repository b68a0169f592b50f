#include "jobs/bootstrap.h"

#include <errno.h>
#include <string.h>

#include "auth/server_key.h"
#include "base/base64.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "core/vpc_cidr.h"
#include "jobs/vpc_rows.h"
#include "store/identity.h"
#include "store/queries.h"

#define ROOT_KEY_SHOWN "root_key_shown"

/* The account of whoever has the server. */
#define OWNER_NAME  "owner"
#define OWNER_EMAIL "root@localhost"

static const char *setting(struct tx *tx, struct arena *a, const char *name,
                           const char *(*make)(struct arena *a))
{
    const char *value = store_setting(tx, a, name);
    if (value == NULL) {
        value = make(a);
        store_set_setting(tx, name, value);
    }
    return value;
}

static const char *make_page_secret(struct arena *a)
{
    unsigned char raw[32];
    random_bytes(raw, sizeof(raw));
    return base64_encode(a, raw, sizeof(raw));
}

/* "fd" and forty random bits (RFC 4193, 3.2.2). */
static const char *make_ipv6_prefix(struct arena *a)
{
    struct cidr6 prefix = {.length = 48};
    char text[CIDR6_TEXT_SIZE];
    random_bytes(prefix.address.bytes, 6);
    prefix.address.bytes[0] = 0xfd;
    cidr6_format(&prefix, text);
    return arena_strdup(a, text);
}

bool bootstrap_key_opens(struct arena *a, const char *known, const char *path)
{
    struct server_key key;
    char *text = NULL;
    size_t len = 0;
    bool opens = server_key_load(path, false, &key, NULL) == 0 &&
                 unseal(a, &key, SEAL_CHECK, BOOTSTRAP_KEY_SETTING, known, &text, &len, NULL) == 0;
    explicit_bzero(&key, sizeof(key));
    return opens;
}

int bootstrap_key(struct store *s, const char *path, struct arena *a, struct server_key *ret_key,
                  struct err *e)
{
    struct tx *tx = store_read(s);
    const char *known = store_setting(tx, a, BOOTSTRAP_KEY_SETTING);
    int r = tx_commit(tx, e);
    if (r == 0)
        r = server_key_load(path, known == NULL, ret_key, e);
    if (r < 0)
        return r;
    if (known != NULL) {
        char *text = NULL;
        size_t len = 0;
        if (unseal(a, ret_key, SEAL_CHECK, BOOTSTRAP_KEY_SETTING, known, &text, &len, NULL) == 0)
            return 0;
        return err_set(e, EBADMSG,
                       "%s is not the key that the secrets in the database were sealed with: bring "
                       "that one back from a backup",
                       path);
    }
    known = seal(a, ret_key, SEAL_CHECK, BOOTSTRAP_KEY_SETTING, "", 0, e);
    if (known == NULL)
        return -EIO;
    tx = store_write(s);
    store_set_setting(tx, BOOTSTRAP_KEY_SETTING, known);
    return tx_commit(tx, e);
}

/* Keys that were made before secrets were sealed are sealed now. */
static int seal_keys(struct tx *tx, struct arena *a, const struct server_key *k, struct err *e)
{
    struct access_key_list keys = store_access_keys(tx, a);
    for (size_t i = 0; i < keys.n; i++) {
        struct access_key *key = &keys.v[i];
        if (is_sealed(key->secret))
            continue;
        key->secret = seal(a, k, SEAL_ACCESS_KEY, key->id, key->secret, strlen(key->secret), e);
        if (key->secret == NULL)
            return -EIO;
        store_update_access_key(tx, key);
    }
    return 0;
}

static int ensure_root_key(struct tx *tx, struct arena *a, const struct server_key *k,
                           struct bootstrap_result *result, struct err *e)
{
    const char *account = result->account_id;
    if (seal_keys(tx, a, k, e) < 0)
        return -EIO;
    struct access_key_pair pair = {0};
    struct access_key_list keys = store_access_keys(tx, a, "user_id", account);
    if (keys.n > 0) {
        pair.id = keys.v[0].id;
        pair.secret = access_key_open(a, k, pair.id, keys.v[0].secret, e);
        if (pair.secret == NULL)
            return -EBADMSG;
    } else if (store_setting(tx, a, "root_key_made") == NULL) {
        if (store_make_access_key(tx, a, k, account, account, clock_now(), &pair, e) < 0)
            return -EIO;
        store_set_setting(tx, "root_key_made", "yes");
    }
    if (store_setting(tx, a, ROOT_KEY_SHOWN) != NULL)
        return 0;
    result->access_key_id = pair.id;
    result->secret_access_key = pair.secret;
    return 0;
}

int bootstrap_key_shown(struct store *s, struct err *e)
{
    struct tx *tx = store_write(s);
    store_set_setting(tx, ROOT_KEY_SHOWN, "yes");
    return tx_commit(tx, e);
}

/* A region that is served for the first time has a default VPC for each account. */
static void make_region(struct tx *tx, struct arena *a, const struct region *region, int64_t now)
{
    struct account_list accounts = store_accounts(tx, a);
    for (size_t i = 0; i < accounts.n; i++)
        (void)default_vpc_insert(tx, a, accounts.v[i].id, region, now);
    /* Who deletes the default VPC does not get it back by a restart. */
    store_set_setting(tx, region->name, "made");
    log_info("region-made region=%s", region->name);
}

int bootstrap(struct store *s, const struct region_list *regions, const struct server_key *key,
              const char *uri, struct arena *a, struct bootstrap_result *ret_result, struct err *e)
{
    struct bootstrap_result result = {0};
    int64_t now = clock_now();
    struct tx *tx = store_write(s);
    result.account_id = setting(tx, a, "account_id", account_id_make);
    if (store_account(tx, a, result.account_id) == NULL)
        store_insert_account(tx, &(struct account){.id = result.account_id,
                                                   .name = OWNER_NAME,
                                                   .email = OWNER_EMAIL,
                                                   .status = ACCOUNT_ACTIVE,
                                                   .created_at = now});
    result.page_secret = setting(tx, a, "page_secret", make_page_secret);
    result.ipv6_prefix = setting(tx, a, IPV6_PREFIX_SETTING, make_ipv6_prefix);
    if (ensure_root_key(tx, a, key, &result, e) < 0) {
        tx_end(tx);
        return -EIO;
    }
    struct host_list hosts = store_hosts(tx, a);
    if (hosts.n == 0) {
        struct host host = {.id = id_make(a, "h"), .uri = uri, .created_at = now};
        store_insert_host(tx, &host);
        hosts = store_hosts(tx, a);
    }
    result.host_id = hosts.n == 0 ? NULL : hosts.v[0].id;
    for (size_t i = 0; i < regions->n; i++) {
        struct vpc_list vpcs = store_vpcs(tx, a, "region", regions->v[i].name);
        if (vpcs.n == 0 && store_setting(tx, a, regions->v[i].name) == NULL)
            make_region(tx, a, &regions->v[i], now);
    }
    int r = tx_commit(tx, e);
    if (r == 0)
        *ret_result = result;
    return r;
}
