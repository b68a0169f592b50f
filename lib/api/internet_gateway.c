/* Internet gateways: made, attached, shown, detached, deleted. */
#include "api/filter.h"
#include "api/lookup.h"
#include "api/page.h"
#include "api/tagging.h"
#include "api/vpc.h"
#include "base/id.h"
#include "base/text.h"
#include "core/quota.h"
#include "jobs/plan.h"

static const char *const taggable[] = {"internet-gateway", NULL};

static void view(struct call *c, const struct internet_gateway *row,
                 struct ec2_InternetGateway *out)
{
    *out = (struct ec2_InternetGateway){
        .internet_gateway_id = row->id,
        .owner_id = row->account_id,
    };
    if (row->vpc_id != NULL)
        *arena_append(c->arena, &out->attachments) = (struct ec2_InternetGatewayAttachment){
            plan_vpc_has_failed(c->tx, c->arena, row->vpc_id) ? "attaching" : "available",
            row->vpc_id};
    wire_list_empty(&out->attachments);
    tags_of(c, row->id, &out->tags);
    wire_list_empty(&out->tags);
}

int act_ec2_CreateInternetGateway(struct call *c, const ec2_CreateInternetGateway_in *in,
                                  ec2_CreateInternetGateway_out *out, struct fault *f)
{
    struct internet_gateway row = {
        .id = id_make(c->arena, "igw"),
        .account_id = c->principal->account_id,
        .region = c->region->name,
    };
    if (tags_from_specifications(c, &in->tag_specifications, taggable, f) < 0)
        return -1;
    if (store_count_internet_gateways(c->tx, "account_id", row.account_id, "region", row.region) >=
        INTERNET_GATEWAYS_MAX)
        return fault(f, FAULT_INTERNET_GATEWAY_LIMIT_EXCEEDED,
                     "The maximum number of internet gateways has been reached: %d in a region",
                     INTERNET_GATEWAYS_MAX);
    store_insert_internet_gateway(c->tx, &row);
    tags_put(c, &in->tag_specifications, taggable[0], row.id);
    out->internet_gateway = arena_new_of(c->arena, struct ec2_InternetGateway);
    view(c, &row, out->internet_gateway);
    return 0;
}

int act_ec2_DeleteInternetGateway(struct call *c, const ec2_DeleteInternetGateway_in *in,
                                  ec2_DeleteInternetGateway_out *out, struct fault *f)
{
    (void)out;
    const struct internet_gateway *row = lookup_internet_gateway(c, in->internet_gateway_id, f);
    if (row == NULL)
        return -1;
    if (row->vpc_id != NULL)
        return fault(f, FAULT_DEPENDENCY_VIOLATION,
                     "The internetGateway '%s' has dependencies and cannot be deleted. It is "
                     "attached to %s.",
                     row->id, row->vpc_id);
    tags_drop(c, row->id);
    store_delete_internet_gateways(c->tx, "id", row->id);
    return 0;
}

int act_ec2_AttachInternetGateway(struct call *c, const ec2_AttachInternetGateway_in *in,
                                  ec2_AttachInternetGateway_out *out, struct fault *f)
{
    (void)out;
    struct internet_gateway *row = lookup_internet_gateway(c, in->internet_gateway_id, f);
    if (row == NULL || lookup_vpc(c, in->vpc_id, f) == NULL)
        return -1;
    if (row->vpc_id != NULL)
        return fault(f, FAULT_RESOURCE_ALREADY_ASSOCIATED,
                     "resource %s is already attached to network %s", row->id, row->vpc_id);
    if (store_count_internet_gateways(c->tx, "vpc_id", in->vpc_id) > 0)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Network %s already has an internet gateway attached", in->vpc_id);
    row->vpc_id = in->vpc_id;
    store_update_internet_gateway(c->tx, row);
    vpc_changed(c, in->vpc_id);
    return 0;
}

int act_ec2_DetachInternetGateway(struct call *c, const ec2_DetachInternetGateway_in *in,
                                  ec2_DetachInternetGateway_out *out, struct fault *f)
{
    (void)out;
    struct internet_gateway *row = lookup_internet_gateway(c, in->internet_gateway_id, f);
    if (row == NULL || lookup_vpc(c, in->vpc_id, f) == NULL)
        return -1;
    if (!streq(row->vpc_id, in->vpc_id))
        return fault(f, FAULT_GATEWAY_NOT_ATTACHED, "resource %s is not attached to network %s",
                     row->id, in->vpc_id);
    if (store_vpc_has_public_addresses(c->tx, in->vpc_id))
        return fault(f, FAULT_DEPENDENCY_VIOLATION,
                     "Network %s has some mapped public address(es). Please unmap those public "
                     "address(es) before detaching the gateway.",
                     in->vpc_id);
    row->vpc_id = NULL;
    store_update_internet_gateway(c->tx, row);
    vpc_changed(c, in->vpc_id);
    return 0;
}

/* AWS: DescribeInternetGateways, "Filters". */
static const struct filter_path gateway_filters[] = {
    {"attachment.state", "Attachments.State"},
    {"attachment.vpc-id", "Attachments.VpcId"},
    {"internet-gateway-id", "InternetGatewayId"},
    {"owner-id", "OwnerId"},
};

int act_ec2_DescribeInternetGateways(struct call *c, const ec2_DescribeInternetGateways_in *in,
                                     ec2_DescribeInternetGateways_out *out, struct fault *f)
{
    struct filters filters = FILTERS(in, gateway_filters, InternetGateway);
    struct internet_gateway_list rows;
    struct page page;
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, in->internet_gateway_ids.n > 0, &page, f) <
            0 ||
        lookup_internet_gateways(c, &in->internet_gateway_ids, &rows, f) < 0)
        return -1;
    for (size_t i = 0; i < rows.n && !page.more; i++) {
        struct ec2_InternetGateway gateway;
        view(c, &rows.v[i], &gateway);
        if (filters_match(&filters, &gateway, NULL) && page_admit(&page, rows.v[i].id))
            *arena_append(c->arena, &out->internet_gateways) = gateway;
    }
    out->next_token = page_end(c, &page);
    return 0;
}
