#include "api/authorize_internal.h"

#include <string.h>

#include "api/lookup.h"
#include "base/check.h"
#include "base/log.h"
#include "base/text.h"

/*
 * For each resource of a call its policies are asked once. Keys of conditions are looked up when a
 * statement about this action and this resource wants them, so that a policy without conditions
 * costs no query.
 */

static const struct permission table[] = {
#define PERMISSION(service, action, named, made) {&service##_service, #action, named, made},
#include "api/permissions.def"
#undef PERMISSION
};

static const struct permission *permission_of(const struct call *c)
{
    for (size_t i = 0; i < ARRAY_SIZE(table); i++)
        if (strcmp(table[i].action, c->action->name) == 0 && table[i].service == c->action->service)
            return &table[i];
    return NULL;
}

/* AWS: "Troubleshoot access denied error messages". EC2 has its own sentences around it. */
static int refuse(struct call *c, const char *action, const struct authorize_resource *r,
                  const struct policy_decision *d, struct fault *f)
{
    /* What is no action of a service is refused in EC2's words. */
    bool is_ec2 = c->action == NULL || streq(c->action->service->name, "ec2");
    const char *sealed = is_ec2 ? authorize_message(c, action, r, d) : NULL;
    bool has_resource = !streq(r->arn, "*");
    log_info("denied request=%s caller=%s action=%s resource=%s reason=\"%s\" policy=%s "
             "statement=%zu",
             c->request_id, c->principal->arn, action, r->arn,
             policy_decision_text(c->arena, d, action), d->source == NULL ? "-" : d->source->name,
             d->source == NULL ? 0 : d->statement + 1);
    return fault(f, FAULT_UNAUTHORIZED_OPERATION,
                 "%sUser: %s is not authorized to perform: %s%s%.512s %s%s%s",
                 is_ec2 ? "You are not authorized to perform this operation. " : "",
                 c->principal->arn, action, has_resource ? " on resource: " : "",
                 has_resource ? r->arn : "", policy_decision_text(c->arena, d, action),
                 sealed == NULL ? "" : ". Encoded authorization failure message: ",
                 sealed == NULL ? "" : sealed);
}

static const char *role_arn_of(struct call *c)
{
    const struct iam_role *role = c->principal->kind == PRINCIPAL_ROLE
                                      ? store_iam_role(c->tx, c->arena, c->principal->id)
                                      : NULL;
    return role == NULL ? NULL : iam_role_arn(c->arena, role);
}

/* The policies of the caller; NULL: they are the call's own, or there are none. */
static struct permissions_held *hold(struct call *c, struct policy_sources *ret_sources)
{
    struct permissions *kept = c->config->permissions;
    if (c->principal->kind == PRINCIPAL_ROOT)
        return NULL;
    if (kept == NULL) {
        (void)permissions_read(c->tx, c->arena, c->principal, ret_sources);
        return NULL;
    }
    struct permissions_held *held = permissions_hold(kept, c->generation, c->tx, c->principal);
    *ret_sources = (struct policy_sources){(struct policy_source *)held->sources, held->n};
    return held;
}

static void release(struct call *c, struct permissions_held *held)
{
    if (held != NULL)
        permissions_release(c->config->permissions, held);
}

/* `trust`: a policy of the resource, of this account; NULL: it has none. */
static int ask(struct call *c, const char *action, const struct authorize_resource *r,
               const struct policy_source *trust, const char *resource_account, struct fault *f)
{
    const struct principal *who = c->principal;
    struct policy_sources all = {0};
    struct permissions_held *held = hold(c, &all);
    struct policy_caller caller = {
        .account_id = who->account_id,
        .arn = who->arn,
        .user_id = who->id,
        .is_root = who->kind == PRINCIPAL_ROOT,
    };
    if (trust != NULL) { /* with it, in a list of this call's own */
        struct policy_sources own = {arena_array(c->arena, all.n + 1, struct policy_source), all.n};
        if (all.n > 0)
            memcpy(own.v, all.v, all.n * sizeof(*all.v));
        own.v[own.n++] = *trust;
        all = own;
        caller.role_arn = role_arn_of(c);
    }
    struct authorize_question ctx = {c, r};
    struct policy_question q = {
        .action = action,
        .resource = r->arn,
        .resource_account = resource_account,
        .caller = &caller,
        .find = authorize_find,
        .ctx = &ctx,
    };
    struct policy_decision d = policy_decide(&q, all.v, all.n);
    int result = 0;
    if (tx_failed(c->tx))
        result = fault(f, FAULT_INTERNAL_ERROR, "The permissions of the caller cannot be read now");
    else if (d.verdict != POLICY_ALLOWED)
        result = refuse(c, action, r, &d, f);
    release(c, held);
    return result;
}

int authorize_one(struct call *c, const char *action, const struct authorize_resource *r,
                  struct fault *f)
{
    return c->principal->kind == PRINCIPAL_ROOT ? 0 : ask(c, action, r, NULL, NULL, f);
}

const char *authorize_arn(struct call *c, const char *type, const char *name)
{
    /* Images and snapshots are of no account, as others may use them (AWS: "Resource types defined
     * by Amazon EC2"). */
    bool is_shared = streq(type, "image") || streq(type, "snapshot");
    return arena_printf(c->arena, "arn:aws:ec2:%s:%s:%s/%s", c->region->name,
                        is_shared ? "" : c->principal->account_id, type, name);
}

int authorize_new_tags(struct call *c, const char *type, const struct ec2_TagList *tags,
                       struct fault *f)
{
    if (c->principal->kind == PRINCIPAL_ROOT || tags == NULL || tags->n == 0)
        return 0;
    struct authorize_key key = {"ec2:CreateAction", c->action->name};
    struct authorize_resource r = {
        .arn = authorize_arn(c, type, "*"),
        .type = type,
        .new_tags = tags,
        .keys = &key,
        .n_keys = 1,
    };
    return authorize_one(c, "ec2:CreateTags", &r, f);
}

/* The tags that the call gives to what it makes. */
static int authorize_specifications(struct call *c, const struct permission *p, struct fault *f)
{
    char type[64];
    for (const char *at = p->made; *at != '\0'; at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        CHECK(len < sizeof(type));
        memcpy(type, at, len);
        type[len] = '\0';
        at += len;
        if (authorize_new_tags(c, type, authorize_tags_for(c, type), f) < 0)
            return -1;
    }
    return 0;
}

/* What everybody may ask who has credentials at all (AWS says so of both), and what is asked about
 * by the action itself: AssumeRole by authorize_assume_role(). */
static bool is_free(const struct call *c)
{
    static const char *const free_ones[] = {"GetCallerIdentity", "GetSessionToken", "AssumeRole",
                                            "GetFederationToken", NULL};
    return streq(c->action->service->name, "sts") && text_is_among(c->action->name, free_ones);
}

/* AWS: "Comparing the AWS STS API operations": a federated user cannot call IAM, nor STS but to ask
 * who it is. */
static bool is_closed_to_federated(const struct call *c)
{
    const char *service = c->action->service->name;
    return c->principal->kind == PRINCIPAL_FEDERATED &&
           (streq(service, "iam") ||
            (streq(service, "sts") && !streq(c->action->name, "GetCallerIdentity")));
}

/*
 * The action asks about what it is about, once it knows. Who may not do it at all learns of nothing
 * that is there before that.
 */
static int authorize_somewhere(struct call *c, const char *action, struct fault *f)
{
    struct policy_sources all = {0};
    struct permissions_held *held = hold(c, &all);
    bool may = policy_may_allow(action, all.v, all.n);
    release(c, held);
    struct authorize_resource r = {.arn = authorize_arn(c, "instance", "*"), .type = "instance"};
    return may ? 0 : authorize_one(c, action, &r, f);
}

int authorize(struct call *c, struct fault *f)
{
    if (is_closed_to_federated(c))
        return fault(f, FAULT_ACCESS_DENIED,
                     "Cannot call %s with the credentials of a federated user", c->action->name);
    if (c->principal->kind == PRINCIPAL_ROOT || is_free(c))
        return 0;
    const char *service = c->action->service->name;
    const char *action = arena_printf(c->arena, "%s:%s", service, c->action->name);
    const struct permission *p = permission_of(c);
    struct authorize_resources resources = {0};
    if (p != NULL && streq(p->named, "-"))
        return authorize_somewhere(c, action, f);
    if (p != NULL && streq(service, "iam"))
        authorize_of_identity(c, p, &resources);
    else if (p != NULL)
        authorize_of_request(c, p, &resources);
    else
        *arena_append(c->arena, &resources) = (struct authorize_resource){.arn = "*"};
    for (size_t i = 0; i < resources.n; i++)
        if (authorize_one(c, action, &resources.v[i], f) < 0)
            return -1;
    return p == NULL ? 0 : authorize_specifications(c, p, f);
}

int authorize_pass_role(struct call *c, const struct iam_role *role, const char *service,
                        struct fault *f)
{
    struct authorize_key key = {"iam:PassedToService", service};
    struct authorize_resource r = {
        .arn = iam_role_arn(c->arena, role),
        .type = "role",
        .id = role->id,
        .keys = &key,
        .n_keys = 1,
    };
    return authorize_one(c, "iam:PassRole", &r, f);
}

int authorize_assume_role(struct call *c, const struct iam_role *role,
                          const struct authorize_key *keys, size_t n_keys,
                          const struct ec2_TagList *tags, struct fault *f)
{
    struct err e = {0};
    const char *text = role->assume_role_policy;
    struct policy_source trust = {
        .layer = POLICY_LAYER_RESOURCE,
        .name = iam_role_arn(c->arena, role),
        .policy = store_account_is_open(c->tx, c->arena, role->account_id)
                      ? policy_parse(c->arena, text, strlen(text), POLICY_OF_ROLE, &e)
                      : NULL, /* a closed account trusts nobody */
    };
    struct authorize_resource r = {
        .arn = trust.name,
        .type = "role",
        .id = role->id,
        .new_tags = tags,
        .keys = keys,
        .n_keys = n_keys,
    };
    return ask(c, "sts:AssumeRole", &r, &trust, role->account_id, f);
}

int authorize_instance(struct call *c, const char *action, const char *instance_id,
                       const struct authorize_key *keys, size_t n_keys, struct fault *f)
{
    const struct resource *kind = resource_get(RESOURCE_INSTANCE);
    struct authorize_resource r = {
        .arn = authorize_arn(c, kind->type, instance_id),
        .type = kind->type,
        .id = instance_id,
        .kind = kind,
        .row = lookup_row(c, kind, instance_id),
        .keys = keys,
        .n_keys = n_keys,
    };
    return authorize_one(c, action, &r, f);
}
