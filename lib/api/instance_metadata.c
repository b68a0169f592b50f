/*
 * ModifyInstanceMetadataOptions, ModifyInstanceMetadataDefaults, GetInstanceMetadataDefaults.
 *
 * The options are columns of the instance, which lib/metadata reads at each request: so a change is
 * in force with its commit, and applied from then on. The reply, made before that, says pending, as
 * EC2's does.
 */
#include "api/instance_metadata.h"

#include "api/instance_view.h"
#include "api/lookup.h"
#include "api/setting.h"
#include "base/text.h"

#define HOP_LIMIT_MAX 64
#define NO_PREFERENCE "no-preference"

/* Names of settings. */
#define TOKENS    "metadata.http-tokens"
#define ENFORCED  "metadata.http-tokens-enforced"
#define ENDPOINT  "metadata.http-endpoint"
#define HOP_LIMIT "metadata.hop-limit"
#define TAGS      "metadata.instance-tags"

/* IMDSv2 may be made a rule for the account (AWS: "Enforce IMDSv2 at the account level"). */
static int check_tokens(struct call *c, const char *http_tokens, struct fault *f)
{
    if (streq(http_tokens, "required") || !streq(setting_get(c, ENFORCED), "enabled"))
        return 0;
    return fault(f, FAULT_UNSUPPORTED_OPERATION,
                 "HttpTokens must be required, because HttpTokensEnforced is enabled for this "
                 "account and region. Ask for required, or change the account's defaults with "
                 "ModifyInstanceMetadataDefaults");
}

static const char *settled(struct call *c, const char *asked, const char *setting,
                           const char *otherwise)
{
    const char *chosen = asked == NULL ? setting_get(c, setting) : asked;
    return chosen == NULL ? otherwise : chosen;
}

static int check_key(const char *key, struct fault *f)
{
    if (tag_key_is_path(key))
        return 0;
    return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                 "'%s' is not a valid tag key. Tag keys must match pattern "
                 "([0-9a-zA-Z\\-_+=,.@:]{1,255}), and must not be a reserved name ('.', '..', "
                 "'_index'), while instance metadata shows tags",
                 key);
}

int metadata_tags_check(const struct instance *i, const struct ec2_TagList *tags, struct fault *f)
{
    for (size_t k = 0; k < tags->n && streq(i->instance_metadata_tags, "enabled"); k++)
        if (check_key(tags->v[k].key, f) < 0)
            return -1;
    return 0;
}

/* The tags that a new instance gets. */
static int check_new_tags(const struct ec2_TagSpecificationList *l, const struct launch_options *o,
                          struct fault *f)
{
    const struct instance i = {.instance_metadata_tags = o->instance_metadata_tags};
    for (size_t k = 0; k < l->n; k++)
        if (streq(l->v[k].resource_type, "instance") &&
            metadata_tags_check(&i, &l->v[k].tags, f) < 0)
            return -1;
    return 0;
}

int metadata_of_launch(struct call *c, const ec2_RunInstances_in *in, struct launch_options *o,
                       struct fault *f)
{
    static const struct ec2_InstanceMetadataOptionsRequest nothing;
    const struct ec2_InstanceMetadataOptionsRequest *m =
        in->metadata_options == NULL ? &nothing : in->metadata_options;
    o->http_tokens = settled(c, m->http_tokens, TOKENS, "optional");
    o->http_endpoint = settled(c, m->http_endpoint, ENDPOINT, "enabled");
    o->http_protocol_ipv6 = m->http_protocol_ipv6 == NULL ? "disabled" : m->http_protocol_ipv6;
    o->instance_metadata_tags = settled(c, m->instance_metadata_tags, TAGS, "disabled");
    o->http_put_response_hop_limit = m->http_put_response_hop_limit.v;
    if (!m->http_put_response_hop_limit.set &&
        parse_int64(settled(c, NULL, HOP_LIMIT, "1"), &o->http_put_response_hop_limit) < 0)
        o->http_put_response_hop_limit = 1;
    if (check_tokens(c, o->http_tokens, f) < 0)
        return -1;
    return check_new_tags(&in->tag_specifications, o, f);
}

static int check_old_tags(struct call *c, const char *instance_id, struct fault *f)
{
    struct tag_list tags = store_tags(c->tx, c->arena, "resource_id", instance_id);
    for (size_t i = 0; i < tags.n; i++)
        if (check_key(tags.v[i].key, f) < 0)
            return -1;
    return 0;
}

int act_ec2_ModifyInstanceMetadataOptions(struct call *c,
                                          const ec2_ModifyInstanceMetadataOptions_in *in,
                                          ec2_ModifyInstanceMetadataOptions_out *out,
                                          struct fault *f)
{
    struct instance *i = lookup_instance(c, in->instance_id, f);
    if (i == NULL)
        return -1;
    if (i->state != INSTANCE_RUNNING && i->state != INSTANCE_STOPPED)
        return fault(
            f, FAULT_INCORRECT_INSTANCE_STATE,
            "The instance '%s' is %s; its metadata options are changed while it is running "
            "or stopped",
            i->id, instance_state_name((enum instance_state)i->state));
    if (in->http_tokens != NULL && check_tokens(c, in->http_tokens, f) < 0)
        return -1;
    if (streq(in->instance_metadata_tags, "enabled") && check_old_tags(c, i->id, f) < 0)
        return -1;
    if (in->http_tokens != NULL)
        i->http_tokens = in->http_tokens;
    if (in->http_endpoint != NULL)
        i->http_endpoint = in->http_endpoint;
    if (in->http_protocol_ipv6 != NULL)
        i->http_protocol_ipv6 = in->http_protocol_ipv6;
    if (in->instance_metadata_tags != NULL)
        i->instance_metadata_tags = in->instance_metadata_tags;
    if (in->http_put_response_hop_limit.set)
        i->http_put_response_hop_limit = in->http_put_response_hop_limit.v;
    store_update_instance(c->tx, i);
    out->instance_id = i->id;
    out->instance_metadata_options = metadata_options_view(c->arena, i, "pending");
    return 0;
}

/* NULL leaves the default as it is. */
static void choose(struct call *c, const char *setting, const char *value)
{
    if (value != NULL)
        setting_put(c, setting, streq(value, NO_PREFERENCE) ? NULL : value);
}

int act_ec2_ModifyInstanceMetadataDefaults(struct call *c,
                                           const ec2_ModifyInstanceMetadataDefaults_in *in,
                                           ec2_ModifyInstanceMetadataDefaults_out *out,
                                           struct fault *f)
{
    int64_t hops = in->http_put_response_hop_limit.v;
    if (in->http_put_response_hop_limit.set && hops != -1 && (hops < 1 || hops > HOP_LIMIT_MAX))
        return fault(
            f, FAULT_INVALID_PARAMETER_VALUE,
            "Value (%lld) for parameter HttpPutResponseHopLimit is invalid. It must be from "
            "1 to %d, or -1 for no preference",
            (long long)hops, HOP_LIMIT_MAX);
    choose(c, TOKENS, in->http_tokens);
    choose(c, ENFORCED, in->http_tokens_enforced);
    choose(c, ENDPOINT, in->http_endpoint);
    choose(c, TAGS, in->instance_metadata_tags);
    if (in->http_put_response_hop_limit.set)
        choose(c, HOP_LIMIT,
               hops == -1 ? NO_PREFERENCE : arena_printf(c->arena, "%lld", (long long)hops));
    out->return_ = wire_bool(true);
    return 0;
}

int act_ec2_GetInstanceMetadataDefaults(struct call *c,
                                        const ec2_GetInstanceMetadataDefaults_in *in,
                                        ec2_GetInstanceMetadataDefaults_out *out, struct fault *f)
{
    (void)in;
    (void)f;
    struct ec2_InstanceMetadataDefaultsResponse *level =
        arena_new_of(c->arena, struct ec2_InstanceMetadataDefaultsResponse);
    const char *hops = setting_get(c, HOP_LIMIT);
    level->http_tokens = setting_get(c, TOKENS);
    level->http_tokens_enforced = setting_get(c, ENFORCED);
    level->http_endpoint = setting_get(c, ENDPOINT);
    level->instance_metadata_tags = setting_get(c, TAGS);
    if (hops != NULL && parse_int64(hops, &level->http_put_response_hop_limit.v) == 0)
        level->http_put_response_hop_limit.set = true;
    level->managed_by = "account";
    out->account_level = level;
    return 0;
}
