/*
 * What a VPC does that its row does not say: DescribeVpcAttribute, DescribeVpcClassicLink,
 * DescribeVpcClassicLinkDnsSupport, DescribeDhcpOptions.
 */
#include "api/filter.h"
#include "api/lookup.h"
#include "api/page.h"
#include "api/tagging.h"
#include "base/text.h"

static struct ec2_AttributeBooleanValue *value(struct call *c, bool on)
{
    struct ec2_AttributeBooleanValue *v = arena_new_of(c->arena, struct ec2_AttributeBooleanValue);
    v->value = wire_bool(on);
    return v;
}

/* Each VPC has a resolver, and instances with public addresses have public names. */
int act_ec2_DescribeVpcAttribute(struct call *c, const ec2_DescribeVpcAttribute_in *in,
                                 ec2_DescribeVpcAttribute_out *out, struct fault *f)
{
    const struct vpc *vpc = lookup_vpc(c, in->vpc_id, f);
    if (vpc == NULL)
        return -1;
    out->vpc_id = vpc->id;
    if (streq(in->attribute, "enableDnsSupport"))
        out->enable_dns_support = value(c, true);
    else if (streq(in->attribute, "enableDnsHostnames"))
        out->enable_dns_hostnames = value(c, true);
    else
        out->enable_network_address_usage_metrics = value(c, false);
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

/* AWS: DescribeDhcpOptions, "Filters". */
static const struct filter_path dhcp_filters[] = {
    {"dhcp-options-id", "DhcpOptionsId"},
    {"key", "DhcpConfigurations.Key"},
    {"owner-id", "OwnerId"},
    {"value", "DhcpConfigurations.Values.Value"},
};

static void add_option(struct call *c, struct ec2_DhcpOptions *options, const char *key,
                       const char *text)
{
    struct ec2_DhcpConfiguration *option = arena_append(c->arena, &options->dhcp_configurations);
    option->key = key;
    arena_append(c->arena, &option->values)->value = text;
}

/* Options have no row: a VPC names its own, and all say what the VPC's dnsmasq hands out. */
int act_ec2_DescribeDhcpOptions(struct call *c, const ec2_DescribeDhcpOptions_in *in,
                                ec2_DescribeDhcpOptions_out *out, struct fault *f)
{
    struct filters filters = FILTERS(in, dhcp_filters, DhcpOptions);
    struct wire_strings ids;
    struct page page;
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, in->dhcp_options_ids.n > 0, &page, f) < 0 ||
        lookup_dhcp_options(c, &in->dhcp_options_ids, &ids, f) < 0)
        return -1;
    for (size_t i = 0; i < ids.n && !page.more; i++) {
        struct ec2_DhcpOptions view = {.owner_id = c->principal->account_id,
                                       .dhcp_options_id = ids.v[i]};
        add_option(c, &view, "domain-name", c->region->domain);
        add_option(c, &view, "domain-name-servers", "AmazonProvidedDNS");
        tags_of(c, ids.v[i], &view.tags);
        if (filters_match(&filters, &view, NULL) && page_admit(&page, ids.v[i]))
            *arena_append(c->arena, &out->dhcp_options) = view;
    }
    out->next_token = page_end(c, &page);
    return 0;
}
