/*
 * Access keys. One belongs to a user, or to the account itself when root calls and names nobody.
 * The secret is shown once, in the answer to CreateAccessKey.
 */
#include "api/iam.h"
#include "api/last_use.h"
#include "base/log.h"
#include "base/text.h"

/* Whose keys a request is about. */
struct owner {
    const char *id;
    const char *name; /* NULL: of root */
};

static int find_owner(struct call *c, const char *user_name, struct owner *ret_owner,
                      struct fault *f)
{
    if (user_name == NULL && c->principal->kind == PRINCIPAL_ROOT) {
        *ret_owner = (struct owner){c->principal->account_id, NULL};
        return 0;
    }
    const struct iam_user *user = iam_find_user_or_caller(c, user_name, f);
    if (user == NULL)
        return -1;
    *ret_owner = (struct owner){user->id, user->name};
    return 0;
}

/* Without a user's name it is enough that the key is the caller's own. */
static struct access_key *find_key(struct call *c, const char *user_name, const char *key_id,
                                   struct fault *f)
{
    struct owner owner;
    if (find_owner(c, user_name, &owner, f) < 0)
        return NULL;
    struct access_key *key = store_access_key(c->tx, c->arena, key_id);
    if (key != NULL && streq(key->user_id, owner.id))
        return key;
    (void)fault(f, FAULT_NO_SUCH_ENTITY, "The Access Key with id %s cannot be found.", key_id);
    return NULL;
}

static const char *status(const struct access_key *key)
{
    return key->active ? "Active" : "Inactive";
}

int act_iam_CreateAccessKey(struct call *c, const iam_CreateAccessKey_in *in,
                            iam_CreateAccessKey_out *out, struct fault *f)
{
    struct owner owner;
    if (find_owner(c, in->user_name, &owner, f) < 0 ||
        iam_check_quota(store_count_access_keys(c->tx, "user_id", owner.id), IAM_KEYS_PER_USER,
                        "AccessKeysPerUser", f) < 0)
        return -1;
    struct access_key_pair made;
    struct err e = {0};
    if (store_make_access_key(c->tx, c->arena, c->config->server_key, c->principal->account_id,
                              owner.id, c->now, &made, &e) < 0) {
        log_error("access-key-not-made request=%s reason=\"%s\"", c->request_id, e.message);
        return fault(f, FAULT_INTERNAL_ERROR, "The server could not make the key");
    }
    out->access_key = IAM_NEW(c, ((struct iam_AccessKey){
                                     .user_name = owner.name,
                                     .access_key_id = made.id,
                                     .status = "Active",
                                     .secret_access_key = made.secret,
                                     .create_date = wire_time(c->now),
                                 }));
    return 0;
}

int act_iam_ListAccessKeys(struct call *c, const iam_ListAccessKeys_in *in,
                           iam_ListAccessKeys_out *out, struct fault *f)
{
    struct owner owner;
    struct page page;
    if (find_owner(c, in->user_name, &owner, f) < 0 ||
        iam_page_begin(c, in->max_items, in->marker, &page, f) < 0)
        return -1;
    struct access_key_list keys = store_access_keys(c->tx, c->arena, "user_id", owner.id);
    for (size_t i = 0; i < keys.n && !page.more; i++)
        if (page_admit(&page, keys.v[i].id))
            *arena_append(c->arena, &out->access_key_metadata) = (struct iam_AccessKeyMetadata){
                .user_name = owner.name,
                .access_key_id = keys.v[i].id,
                .status = status(&keys.v[i]),
                .create_date = wire_time(keys.v[i].created_at),
            };
    IAM_PAGE_END(c, &page, out);
    return 0;
}

int act_iam_UpdateAccessKey(struct call *c, const iam_UpdateAccessKey_in *in,
                            iam_UpdateAccessKey_out *out, struct fault *f)
{
    if (streq(in->status, "Expired"))
        return fault(f, FAULT_VALIDATION_ERROR, "Status must be Active or Inactive");
    struct access_key *key = find_key(c, in->user_name, in->access_key_id, f);
    if (key == NULL)
        return -1;
    key->active = streq(in->status, "Active");
    store_update_access_key(c->tx, key);
    return 0;
}

int act_iam_DeleteAccessKey(struct call *c, const iam_DeleteAccessKey_in *in,
                            iam_DeleteAccessKey_out *out, struct fault *f)
{
    const struct access_key *key = find_key(c, in->user_name, in->access_key_id, f);
    if (key == NULL)
        return -1;
    store_delete_access_keys(c->tx, "id", key->id);
    return 0;
}

int act_iam_GetAccessKeyLastUsed(struct call *c, const iam_GetAccessKeyLastUsed_in *in,
                                 iam_GetAccessKeyLastUsed_out *out, struct fault *f)
{
    const struct access_key *key = store_access_key(c->tx, c->arena, in->access_key_id);
    if (key == NULL || !streq(key->account_id, c->principal->account_id))
        return fault(f, FAULT_NO_SUCH_ENTITY, "The Access Key with id %s cannot be found.",
                     in->access_key_id);
    const struct iam_user *user = store_iam_user(c->tx, c->arena, key->user_id);
    out->user_name = user == NULL ? NULL : user->name;
    struct last_use use = last_use_of_key(c->last_uses, c->arena, key);
    out->access_key_last_used = IAM_NEW(c, ((struct iam_AccessKeyLastUsed){
                                               .service_name = "N/A",
                                               .region = "N/A",
                                           }));
    if (use.at > 0)
        *out->access_key_last_used = (struct iam_AccessKeyLastUsed){
            .last_used_date = wire_time(use.at),
            .service_name = use.service,
            .region = use.region,
        };
    return 0;
}
