/* What gateway endpoints lead to: DescribeVpcEndpointServices, DescribePrefixLists. */
#include <string.h>

#include "api/filter.h"
#include "api/page.h"
#include "base/text.h"
#include "core/prefix_list.h"

/* AWS: DescribeVpcEndpointServices, "Filters". */
static const struct filter_path service_filters[] = {
    {"owner", "Owner"},
    {"service-name", "ServiceName"},
    {"service-region", "ServiceRegion"},
    {"service-type", "ServiceType.ServiceType"},
    {"supported-ip-address-types", "SupportedIpAddressTypes"},
};

static bool is_among(const struct wire_strings *names, const char *name)
{
    for (size_t i = 0; i < names->n; i++)
        if (streq(names->v[i], name))
            return true;
    return names->n == 0;
}

static void service_view(struct call *c, const struct aws_prefix_list *list,
                         struct ec2_ServiceDetail *out)
{
    const char *name = aws_prefix_list_name(c->arena, list, c->region->name);
    *out = (struct ec2_ServiceDetail){
        .service_name = name,
        .service_id = arena_printf(c->arena, "vpce-svc-%s", list->id + strlen("pl-")),
        .service_region = c->region->name,
        .owner = "amazon",
        .vpc_endpoint_policy_supported = wire_bool(true),
        .acceptance_required = wire_bool(false),
        .manages_vpc_endpoints = wire_bool(false),
    };
    arena_append(c->arena, &out->service_type)->service_type = "Gateway";
    *arena_append(c->arena, &out->supported_ip_address_types) = "ipv4";
    for (size_t z = 0; z < ZONES_PER_REGION; z++) {
        *arena_append(c->arena, &out->availability_zones) = c->region->zones[z];
        *arena_append(c->arena, &out->availability_zone_ids) = c->region->zone_ids[z];
    }
    *arena_append(c->arena, &out->base_endpoint_dns_names) =
        arena_printf(c->arena, "%s.%s.amazonaws.com", list->service, c->region->name);
    wire_list_empty(&out->tags);
}

static int check_names(struct call *c, const struct wire_strings *names, struct fault *f)
{
    struct aws_prefix_lists all = aws_prefix_list_all();
    for (size_t i = 0; i < names->n; i++) {
        bool known = false;
        for (size_t k = 0; k < all.n && !known; k++)
            known = streq(names->v[i], aws_prefix_list_name(c->arena, &all.v[k], c->region->name));
        if (!known)
            return fault(f, FAULT_INVALID_SERVICE_NAME,
                         "The Vpc Endpoint Service '%.128s' does not exist", names->v[i]);
    }
    return 0;
}

int act_ec2_DescribeVpcEndpointServices(struct call *c,
                                        const ec2_DescribeVpcEndpointServices_in *in,
                                        ec2_DescribeVpcEndpointServices_out *out, struct fault *f)
{
    struct filters filters = FILTERS(in, service_filters, ServiceDetail);
    struct aws_prefix_lists all = aws_prefix_list_all();
    struct page page;
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, in->service_names.n > 0, &page, f) < 0 ||
        check_names(c, &in->service_names, f) < 0)
        return -1;
    wire_list_empty(&out->service_names);
    wire_list_empty(&out->service_details);
    for (size_t i = 0; i < all.n && !page.more; i++) {
        struct ec2_ServiceDetail view;
        service_view(c, &all.v[i], &view);
        if (!is_among(&in->service_names, view.service_name) ||
            !filters_match(&filters, &view, NULL) || !page_admit(&page, all.v[i].id))
            continue;
        *arena_append(c->arena, &out->service_names) = view.service_name;
        *arena_append(c->arena, &out->service_details) = view;
    }
    out->next_token = page_end(c, &page);
    return 0;
}

/* AWS: DescribePrefixLists, "Filters". */
static const struct filter_path prefix_list_filters[] = {
    {"prefix-list-id", "PrefixListId"},
    {"prefix-list-name", "PrefixListName"},
};

/* Those of AWS's services: lists that people keep are shown by DescribeManagedPrefixLists alone. */
int act_ec2_DescribePrefixLists(struct call *c, const ec2_DescribePrefixLists_in *in,
                                ec2_DescribePrefixLists_out *out, struct fault *f)
{
    struct filters filters = FILTERS(in, prefix_list_filters, PrefixList);
    struct aws_prefix_lists all = aws_prefix_list_all();
    struct page page;
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, in->prefix_list_ids.n > 0, &page, f) < 0)
        return -1;
    for (size_t i = 0; i < in->prefix_list_ids.n; i++)
        if (aws_prefix_list_find(in->prefix_list_ids.v[i]) == NULL)
            return fault(f, FAULT_INVALID_PREFIX_LIST_ID_NOT_FOUND,
                         "The prefix list ID '%s' does not exist", in->prefix_list_ids.v[i]);
    for (size_t i = 0; i < all.n && !page.more; i++) {
        struct ec2_PrefixList view = {
            .prefix_list_id = all.v[i].id,
            .prefix_list_name = aws_prefix_list_name(c->arena, &all.v[i], c->region->name),
        };
        for (size_t k = 0; k < all.v[i].n_cidr_blocks; k++)
            *arena_append(c->arena, &view.cidrs) = all.v[i].cidr_blocks[k];
        if (is_among(&in->prefix_list_ids, view.prefix_list_id) &&
            filters_match(&filters, &view, NULL) && page_admit(&page, view.prefix_list_id))
            *arena_append(c->arena, &out->prefix_lists) = view;
    }
    out->next_token = page_end(c, &page);
    return 0;
}
