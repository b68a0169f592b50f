/* Attributes of VPCs, and ClassicLink, which none has. */
#include "api/filter.h"
#include "api/lookup.h"
#include "api/page.h"
#include "api/tagging.h"
#include "api/vpc.h"
#include "base/text.h"

struct ec2_AttributeBooleanValue *attribute_value(struct call *c, bool on)
{
    struct ec2_AttributeBooleanValue *v = arena_new_of(c->arena, struct ec2_AttributeBooleanValue);
    v->value = wire_bool(on);
    return v;
}

int act_ec2_DescribeVpcAttribute(struct call *c, const ec2_DescribeVpcAttribute_in *in,
                                 ec2_DescribeVpcAttribute_out *out, struct fault *f)
{
    const struct vpc *vpc = lookup_vpc(c, in->vpc_id, f);
    if (vpc == NULL)
        return -1;
    out->vpc_id = vpc->id;
    if (streq(in->attribute, "enableDnsSupport"))
        out->enable_dns_support = attribute_value(c, vpc->enable_dns_support);
    else if (streq(in->attribute, "enableDnsHostnames"))
        out->enable_dns_hostnames = attribute_value(c, vpc->enable_dns_hostnames);
    else
        out->enable_network_address_usage_metrics = attribute_value(c, vpc->enable_usage_metrics);
    return 0;
}

int act_ec2_ModifyVpcAttribute(struct call *c, const ec2_ModifyVpcAttribute_in *in,
                               ec2_ModifyVpcAttribute_out *out, struct fault *f)
{
    (void)out;
    const struct ec2_AttributeBooleanValue *asked[] = {
        in->enable_dns_support, in->enable_dns_hostnames, in->enable_network_address_usage_metrics};
    struct vpc *vpc = lookup_vpc(c, in->vpc_id, f);
    if (vpc == NULL)
        return -1;
    bool *attributes[] = {&vpc->enable_dns_support, &vpc->enable_dns_hostnames,
                          &vpc->enable_usage_metrics};
    bool *attribute = NULL;
    for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
        if (asked[i] == NULL)
            continue;
        if (attribute != NULL)
            return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                         "Fields for multiple attribute types specified: only one attribute of a "
                         "VPC can be modified at a time");
        if (!asked[i]->value.set)
            return fault(f, FAULT_MISSING_PARAMETER, "The attribute has no Value");
        attribute = attributes[i];
        *attribute = asked[i]->value.v;
    }
    if (attribute == NULL)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain EnableDnsSupport, EnableDnsHostnames or "
                     "EnableNetworkAddressUsageMetrics");
    store_update_vpc(c->tx, vpc);
    vpc_changed(c, vpc->id);
    return 0;
}
/* ClassicLink was retired in 2023, and clients still ask each VPC for it. */
static const struct filter_path classic_link_filters[] = {
    {"is-classic-link-enabled", "ClassicLinkEnabled"},
    {"vpc-id", "VpcId"},
};

int act_ec2_DescribeVpcClassicLink(struct call *c, const ec2_DescribeVpcClassicLink_in *in,
                                   ec2_DescribeVpcClassicLink_out *out, struct fault *f)
{
    struct filters filters = FILTERS(in, classic_link_filters, VpcClassicLink);
    struct vpc_list rows;
    if (filters_check(&filters, f) < 0 || lookup_vpcs(c, &in->vpc_ids, &rows, f) < 0)
        return -1;
    for (size_t i = 0; i < rows.n; i++) {
        struct ec2_VpcClassicLink view = {.classic_link_enabled = wire_bool(false),
                                          .vpc_id = rows.v[i].id};
        tags_of(c, rows.v[i].id, &view.tags);
        if (filters_match(&filters, &view, NULL))
            *arena_append(c->arena, &out->vpcs) = view;
    }
    return 0;
}

int act_ec2_DescribeVpcClassicLinkDnsSupport(struct call *c,
                                             const ec2_DescribeVpcClassicLinkDnsSupport_in *in,
                                             ec2_DescribeVpcClassicLinkDnsSupport_out *out,
                                             struct fault *f)
{
    struct vpc_list rows;
    struct page page;
    if (page_begin(c, in->max_results, in->next_token, in->vpc_ids.n > 0, &page, f) < 0 ||
        lookup_vpcs(c, &in->vpc_ids, &rows, f) < 0)
        return -1;
    for (size_t i = 0; i < rows.n && !page.more; i++)
        if (page_admit(&page, rows.v[i].id))
            *arena_append(c->arena, &out->vpcs) =
                (struct ec2_ClassicLinkDnsSupport){wire_bool(false), rows.v[i].id};
    out->next_token = page_end(c, &page);
    return 0;
}
