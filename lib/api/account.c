/* DescribeAccountAttributes: what old clients ask to learn whether an account has a default VPC. */
#include "api/lookup.h"
#include "api/quota.h"
#include "base/text.h"
#include "core/quota.h"

static void add_value(struct call *c, struct ec2_AccountAttribute *attribute, const char *value)
{
    arena_append(c->arena, &attribute->attribute_values)->attribute_value = value;
}

/* The quotas that an account's attributes tell; -1: there is no such attribute. */
static int64_t quota(struct call *c, const char *name)
{
    const char *account = c->principal->account_id;
    const struct {
        const char *name;
        int64_t value;
    } quotas[] = {
        {"max-instances", quota_value(c, account, QUOTA_INSTANCES)},
        {"max-elastic-ips", quota_value(c, account, QUOTA_ADDRESSES)},
        {"vpc-max-elastic-ips", quota_value(c, account, QUOTA_ADDRESSES)},
        {"vpc-max-security-groups-per-interface", GROUPS_PER_INTERFACE},
    };
    for (size_t i = 0; i < ARRAY_SIZE(quotas); i++)
        if (streq(quotas[i].name, name))
            return quotas[i].value;
    return -1;
}

/* Its value or values; false: there is no such attribute. */
static bool fill_in(struct call *c, struct ec2_AccountAttribute *attribute)
{
    const char *name = attribute->attribute_name;
    int64_t value = quota(c, name);
    if (streq(name, "supported-platforms")) {
        add_value(c, attribute, "VPC");
    } else if (streq(name, "default-vpc")) {
        struct vpc *vpc = lookup_default_vpc(c);
        add_value(c, attribute, vpc == NULL ? "none" : vpc->id);
    } else if (value >= 0) {
        add_value(c, attribute, arena_printf(c->arena, "%lld", (long long)value));
    } else {
        return false;
    }
    return true;
}

int act_ec2_DescribeAccountAttributes(struct call *c, const ec2_DescribeAccountAttributes_in *in,
                                      ec2_DescribeAccountAttributes_out *out, struct fault *f)
{
    static const char *all[] = {
        "default-vpc",         "max-elastic-ips",     "max-instances",
        "supported-platforms", "vpc-max-elastic-ips", "vpc-max-security-groups-per-interface",
    };
    struct wire_strings names = strings_sorted(c->arena, &in->attribute_names);
    if (names.n == 0)
        names = (struct wire_strings){all, ARRAY_SIZE(all)};
    for (size_t i = 0; i < names.n; i++) {
        struct ec2_AccountAttribute attribute = {.attribute_name = names.v[i]};
        if (!fill_in(c, &attribute))
            return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                         "Value (%.64s) for parameter attributeName is invalid. It must be the "
                         "name of an account attribute",
                         names.v[i]);
        *arena_append(c->arena, &out->account_attributes) = attribute;
    }
    return 0;
}
