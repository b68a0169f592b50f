/* ModifySubnetAttribute. */
#include "api/lookup.h"
#include "api/vpc.h"
#include "base/text.h"

static int modify_flag(const struct ec2_AttributeBooleanValue *asked, bool *flag, struct fault *f)
{
    if (!asked->value.set)
        return fault(f, FAULT_MISSING_PARAMETER, "The attribute has no Value");
    *flag = asked->value.v;
    return 0;
}

int act_ec2_ModifySubnetAttribute(struct call *c, const ec2_ModifySubnetAttribute_in *in,
                                  ec2_ModifySubnetAttribute_out *out, struct fault *f)
{
    (void)out;
    struct subnet *row = lookup_subnet(c, in->subnet_id, f);
    if (row == NULL)
        return -1;
    const struct {
        const struct ec2_AttributeBooleanValue *asked;
        bool *flag;
        bool needs_ipv6;
    } flags[] = {
        {in->assign_ipv6_address_on_creation, &row->assign_ipv6_on_creation, true},
        {in->enable_dns64, &row->enable_dns64, false},
        {in->enable_resource_name_dns_a_record_on_launch, &row->resource_name_a, false},
        {in->enable_resource_name_dns_aaaa_record_on_launch, &row->resource_name_aaaa, false},
        {in->map_public_ip_on_launch, &row->map_public_ip_on_launch, false},
    };
    int asked = in->private_dns_hostname_type_on_launch != NULL;
    for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
        asked += flags[i].asked != NULL;
    if (asked == 0)
        return fault(f, FAULT_MISSING_PARAMETER, "The request must contain an attribute to modify");
    if (asked > 1)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "Fields for multiple attribute types specified: only one attribute of a "
                     "subnet can be modified at a time");
    if (in->private_dns_hostname_type_on_launch != NULL)
        row->hostname_type = in->private_dns_hostname_type_on_launch;
    for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
        if (flags[i].asked == NULL)
            continue;
        if (modify_flag(flags[i].asked, flags[i].flag, f) < 0)
            return -1;
        if (flags[i].needs_ipv6 && *flags[i].flag && row->ipv6_cidr_block == NULL)
            return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                         "Invalid value 'true' for assignIpv6AddressOnCreation: the subnet '%s' "
                         "has no IPv6 CIDR block",
                         row->id);
    }
    if (row->enable_dns64)
        return fault(
            f, FAULT_UNSUPPORTED_OPERATION,
            "The resolvers of this server do not make IPv6 addresses of IPv4 ones (DNS64)");
    store_update_subnet(c->tx, row);
    vpc_changed(c, row->vpc_id);
    return 0;
}
