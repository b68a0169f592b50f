/* Temporary credentials: whose they are, and whether that is still there. */
#include <errno.h>

#include "api/authenticate.h"
#include "auth/session.h"
#include "base/text.h"
#include "store/identity.h"

static int refuse_expired(const char *service, struct fault *f)
{
    if (streq(service, "ec2"))
        return fault(f, FAULT_REQUEST_EXPIRED, "Request has expired.");
    return fault(f, FAULT_EXPIRED_TOKEN, "The security token included in the request is expired");
}

/* A user may have been renamed, or deleted. */
static bool find_user(struct tx *tx, struct arena *a, struct principal *p)
{
    const struct iam_user *user = store_iam_user(tx, a, p->id);
    if (user != NULL)
        p->arn = iam_user_arn(a, user);
    return user != NULL;
}

/* An instance has credentials while it has the profile, and the profile the role. */
static bool is_of_instance(struct tx *tx, struct arena *a, const struct principal *p)
{
    const struct session *s = p->session;
    const struct instance_profile_association *association =
        store_instance_profile_association(tx, a, s->association_id);
    const struct iam_instance_profile *profile =
        association == NULL ? NULL : store_iam_instance_profile(tx, a, association->profile_id);
    return profile != NULL && streq(association->instance_id, s->instance_id) &&
           streq(profile->role_id, p->id);
}

static bool has_role(struct tx *tx, struct arena *a, const struct principal *p)
{
    return store_iam_role(tx, a, p->id) != NULL &&
           (p->session->instance_id == NULL || is_of_instance(tx, a, p));
}

static int find_owner(const struct api *api, struct arena *a, struct principal *p)
{
    struct tx *tx = store_read(api->config.store);
    bool is_there = true;
    switch (p->kind) {
    case PRINCIPAL_ROOT:
        break;
    case PRINCIPAL_USER:
        is_there = find_user(tx, a, p);
        break;
    case PRINCIPAL_FEDERATED:
        is_there = p->id == NULL || store_iam_user(tx, a, p->id) != NULL;
        break;
    case PRINCIPAL_ROLE:
        is_there = has_role(tx, a, p);
        break;
    }
    is_there = is_there && store_account_is_open(tx, a, p->account_id);
    if (tx_commit(tx, NULL) < 0)
        return -EIO;
    return is_there ? 0 : -ENOENT;
}

int authenticate_admit(void *ctx, struct credential *credential, const char *token,
                       const char *service, int64_t now, struct arena *a, struct fault *f)
{
    const struct api *api = ctx;
    struct principal p;
    struct err e = {0};
    bool is_temporary = session_is_key(credential->access_key_id);
    if (!is_temporary && token == NULL)
        return 0;
    if (!is_temporary || token == NULL)
        return sigv4_refuse_key(service, f);
    int r = session_open(a, api->config.server_key, credential->access_key_id, token, now, &p, &e);
    if (r == -ETIME)
        return refuse_expired(service, f);
    if (r == 0)
        r = find_owner(api, a, &p);
    if (r == -EIO)
        return fault(f, FAULT_INTERNAL_ERROR,
                     "The owner of the credentials could not be looked up");
    if (r < 0)
        return sigv4_refuse_key(service, f);
    credential->principal = p;
    return 0;
}
