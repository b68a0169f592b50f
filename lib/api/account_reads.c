/*
 * Facts of the account that clients ask for and that are the same for every account here: the form
 * of ids.
 */
#include "api/call.h"
#include "base/text.h"

/* AWS: DescribeIdFormat, "Resource". */
static const char *const resources[] = {
    "bundle",
    "conversion-task",
    "customer-gateway",
    "dhcp-options",
    "elastic-ip-allocation",
    "elastic-ip-association",
    "export-task",
    "flow-log",
    "image",
    "import-task",
    "instance",
    "internet-gateway",
    "network-acl",
    "network-acl-association",
    "network-interface",
    "network-interface-attachment",
    "prefix-list",
    "reservation",
    "route-table",
    "route-table-association",
    "security-group",
    "snapshot",
    "subnet",
    "subnet-cidr-block-association",
    "volume",
    "vpc",
    "vpc-cidr-block-association",
    "vpc-endpoint",
    "vpc-peering-connection",
    "vpn-connection",
    "vpn-gateway",
};

/* Ids have 17 digits, whatever they are of. With a name: of that resource alone. */
static int list_formats(struct call *c, const char *resource, struct ec2_IdFormatList *ret,
                        struct fault *f)
{
    for (size_t i = 0; i < ARRAY_SIZE(resources); i++)
        if (resource == NULL || streq(resource, resources[i]))
            *arena_append(c->arena, ret) =
                (struct ec2_IdFormat){.resource = resources[i], .use_long_ids = wire_bool(true)};
    if (ret->n > 0)
        return 0;
    return fault(f, FAULT_INVALID_RESOURCE_TYPE_UNKNOWN,
                 "The resource type '%.64s' has no ids of two forms", resource);
}

int act_ec2_DescribeIdFormat(struct call *c, const ec2_DescribeIdFormat_in *in,
                             ec2_DescribeIdFormat_out *out, struct fault *f)
{
    return list_formats(c, in->resource, &out->statuses, f);
}

/* The same for each user and role. */
int act_ec2_DescribeIdentityIdFormat(struct call *c, const ec2_DescribeIdentityIdFormat_in *in,
                                     ec2_DescribeIdentityIdFormat_out *out, struct fault *f)
{
    return list_formats(c, in->resource, &out->statuses, f);
}

int act_ec2_DescribeAggregateIdFormat(struct call *c, const ec2_DescribeAggregateIdFormat_in *in,
                                      ec2_DescribeAggregateIdFormat_out *out, struct fault *f)
{
    (void)in;
    out->use_long_ids_aggregated = wire_bool(true);
    return list_formats(c, NULL, &out->statuses, f);
}
