#include "api/authenticate.h"

#include <errno.h>
#include <string.h>

#include "auth/access_key.h"
#include "auth/session.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

#define REGION_HEADER "x-croft-region"

/* Nothing is kept of it; whoever signs with this secret was given it. */
static struct credential *temporary(const struct api *api, const char *access_key_id,
                                    struct arena *a)
{
    struct credential *c = arena_new_of(a, struct credential);
    c->access_key_id = access_key_id;
    c->secret_access_key = session_secret(a, api->config.server_key, access_key_id);
    return c;
}

int authenticate_find_key(void *ctx, const char *access_key_id, struct arena *a,
                          struct credential **ret_credential)
{
    const struct api *api = ctx;
    if (session_is_key(access_key_id)) {
        *ret_credential = temporary(api, access_key_id, a);
        return 0;
    }
    struct tx *tx = store_read(api->config.store);
    struct access_key *key = store_access_key(tx, a, access_key_id);
    bool is_root = key != NULL && streq(key->user_id, key->account_id);
    struct iam_user *user = key == NULL || is_root ? NULL : store_iam_user(tx, a, key->user_id);
    bool is_open = key != NULL && store_account_is_open(tx, a, key->account_id);
    if (tx_commit(tx, NULL) < 0)
        return -EIO;
    if (key == NULL || !key->active || !is_open || (!is_root && user == NULL))
        return -ENOENT;
    struct err e = {0};
    const char *secret = access_key_open(a, api->config.server_key, key->id, key->secret, &e);
    if (secret == NULL) {
        log_error("access-key-unreadable key=%s reason=\"%s\"", key->id, e.message);
        return -EIO;
    }
    struct credential *c = arena_new_of(a, struct credential);
    *c = (struct credential){
        .access_key_id = key->id,
        .secret_access_key = secret,
        .principal =
            {
                .kind = is_root ? PRINCIPAL_ROOT : PRINCIPAL_USER,
                .account_id = key->account_id,
                .arn = is_root ? iam_root_arn(a, key->account_id) : iam_user_arn(a, user),
                .user_id = key->user_id,
                .id = is_root ? NULL : key->user_id,
                .access_key_id = key->id,
            },
    };
    *ret_credential = c;
    return 0;
}

static const struct region *served(const struct api *api, const char *name)
{
    for (size_t i = 0; i < api->config.regions.n; i++)
        if (streq(api->config.regions.v[i].name, name))
            return &api->config.regions.v[i];
    return NULL;
}

static int authenticate_peer(struct api *api, const struct http_request *http,
                             struct caller *ret_caller, struct fault *f)
{
    struct peer peer = {
        .uid = http->peer->uid,
        .gid = http->peer->gid,
        .groups = http->peer->groups,
        .n_groups = http->peer->n_groups,
    };
    const char *name = headers_get(&http->headers, REGION_HEADER);
    ret_caller->region = name == NULL ? &api->config.regions.v[0] : served(api, name);
    if (ret_caller->region == NULL)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "The request is for region '%.64s'; this server serves: %s", name,
                     sigv4_names(api->region_names, http->arena));
    return peer_gate_check(api->config.peers, &peer, http->arena, &ret_caller->principal, f);
}

int authenticate(struct api *api, const struct http_request *http, bool streamed,
                 struct caller *ret_caller, struct fault *f)
{
    *ret_caller = (struct caller){0};
    if (http->peer->is_unix)
        return authenticate_peer(api, http, ret_caller, f);
    struct sigv4_request request = {
        .method = http->method,
        .path = http->path,
        .query = http->query,
        .headers = &http->headers,
        .body = http->body,
        .body_len = http->body_len,
        .streamed = streamed,
    };
    struct sigv4_caller signer;
    if (sigv4_verify(api->sigv4, &request, clock_now(), http->arena, &signer, f) < 0) {
        ret_caller->service = sigv4_signed_for(&request, http->arena);
        return -1;
    }
    ret_caller->principal = signer.credential->principal;
    ret_caller->service = signer.service;
    ret_caller->region = served(api, signer.region);
    if (ret_caller->region == NULL) /* that of a global service: sigv4 has refused the others */
        ret_caller->region = &api->config.regions.v[0];
    return 0;
}
