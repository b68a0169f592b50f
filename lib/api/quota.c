#include "api/quota.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "core/quota.h"

int64_t quota_otherwise(struct call *c, const char *account_id, enum quota q)
{
    int64_t given = streq(account_id, c->config->account_id) ? 0 : c->config->quotas.of[q];
    if (given > 0)
        return given;
    switch (q) {
    case QUOTA_INSTANCES:
        return c->config->max_instances;
    case QUOTA_ADDRESSES:
        return ELASTIC_IPS_MAX;
    case QUOTA_VPCS:
        return VPCS_PER_REGION;
    default:
        return QUOTA_UNBOUNDED;
    }
}

int64_t quota_value(struct call *c, const char *account_id, enum quota q)
{
    struct account_quota_list own = store_account_quotas(c->tx, c->arena, "account_id", account_id,
                                                         "code", quota_kinds[q].code);
    return own.n > 0 ? own.v[0].value : quota_otherwise(c, account_id, q);
}

static int64_t in_use(struct call *c, enum quota q, const struct account_use *use)
{
    const char *account = c->principal->account_id;
    switch (q) {
    case QUOTA_INSTANCES:
        return use->instances;
    case QUOTA_MEMORY:
        return use->memory_mib;
    case QUOTA_VCPUS:
        return use->vcpus;
    case QUOTA_SPOT_VCPUS:
        return use->spot_vcpus;
    case QUOTA_DISK:
        return use->volume_gib;
    case QUOTA_ADDRESSES: /* of a region, as AWS counts these two */
        return (int64_t)store_count_addresses(c->tx, "account_id", account, "region",
                                              c->region->name);
    case QUOTA_VPCS:
        return (int64_t)store_count_vpcs(c->tx, "account_id", account, "region", c->region->name);
    case _QUOTA_MAX:
        break;
    }
    return 0;
}

static int64_t least_zero(int64_t n)
{
    return n < 0 ? 0 : n;
}

/* Negative: the account has more than it may, because the quota was lowered since. */
static int64_t left_of(struct call *c, enum quota q, const struct account_use *use)
{
    return quota_value(c, c->principal->account_id, q) - in_use(c, q, use);
}

int64_t quota_left(struct call *c, enum quota q)
{
    struct account_use use = store_account_use(c->tx, c->principal->account_id);
    return least_zero(left_of(c, q, &use));
}

int quota_admit(struct call *c, enum quota q, int64_t more, struct fault *f)
{
    struct account_use use = store_account_use(c->tx, c->principal->account_id);
    return more <= left_of(c, q, &use) ? 0 : quota_refuse(c, q, more, f);
}

int quota_admit_instances(struct call *c, const struct instance_type *t, bool is_spot, int64_t need,
                          int64_t *want, struct fault *f)
{
    const struct {
        enum quota quota;
        int64_t each;
    } takes[] = {
        {QUOTA_INSTANCES, 1},
        {QUOTA_MEMORY, t->memory_mib},
        {is_spot ? QUOTA_SPOT_VCPUS : QUOTA_VCPUS, t->vcpus},
    };
    struct account_use use = store_account_use(c->tx, c->principal->account_id);
    for (size_t i = 0; i < ARRAY_SIZE(takes); i++) {
        int64_t fits = least_zero(left_of(c, takes[i].quota, &use)) / takes[i].each;
        if (fits < need)
            return quota_refuse(c, takes[i].quota, need * takes[i].each, f);
        if (fits < *want)
            *want = fits;
    }
    return 0;
}

int quota_refuse(struct call *c, enum quota q, int64_t more, struct fault *f)
{
    int64_t value = quota_value(c, c->principal->account_id, q);
    return fault(f, quota_kinds[q].fault,
                 "You have requested more of '%s' (%lld) than your current limit of %lld (quota "
                 "%s) allows: %lld are left",
                 quota_kinds[q].name, (long long)more, (long long)value, quota_kinds[q].code,
                 (long long)quota_left(c, q));
}
