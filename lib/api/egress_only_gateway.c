/* Egress-only internet gateways: a VPC's way out for IPv6. */
#include "api/filter.h"
#include "api/lookup.h"
#include "api/page.h"
#include "api/tagging.h"
#include "api/vpc.h"
#include "base/id.h"
#include "base/text.h"
#include "core/quota.h"
#include "jobs/plan.h"

static const char *const taggable[] = {"egress-only-internet-gateway", NULL};

static void view(struct call *c, const struct egress_only_gateway *row,
                 struct ec2_EgressOnlyInternetGateway *out)
{
    *out = (struct ec2_EgressOnlyInternetGateway){.egress_only_internet_gateway_id = row->id};
    *arena_append(c->arena, &out->attachments) = (struct ec2_InternetGatewayAttachment){
        plan_vpc_has_failed(c->tx, c->arena, row->vpc_id) ? "attaching" : "attached", row->vpc_id};
    tags_of(c, row->id, &out->tags);
    wire_list_empty(&out->tags);
}

static void answer(struct call *c, const struct egress_only_gateway *row, const char *token,
                   ec2_CreateEgressOnlyInternetGateway_out *out)
{
    c->result = row->id;
    out->client_token = token;
    out->egress_only_internet_gateway =
        arena_new_of(c->arena, struct ec2_EgressOnlyInternetGateway);
    view(c, row, out->egress_only_internet_gateway);
}

int act_ec2_CreateEgressOnlyInternetGateway(struct call *c,
                                            const ec2_CreateEgressOnlyInternetGateway_in *in,
                                            ec2_CreateEgressOnlyInternetGateway_out *out,
                                            struct fault *f)
{
    if (c->replay != NULL) {
        const struct egress_only_gateway *made = lookup_egress_only_gateway(c, c->replay, f);
        if (made == NULL)
            return -1;
        answer(c, made, in->client_token, out);
        return 0;
    }
    struct egress_only_gateway row = {
        .id = id_make(c->arena, "eigw"),
        .account_id = c->principal->account_id,
        .region = c->region->name,
        .vpc_id = in->vpc_id,
    };
    if (tags_from_specifications(c, &in->tag_specifications, taggable, f) < 0 ||
        lookup_vpc(c, in->vpc_id, f) == NULL)
        return -1;
    if (store_count_egress_only_gateways(c->tx, "account_id", row.account_id, "region",
                                         row.region) >= EGRESS_ONLY_GATEWAYS_MAX)
        return fault(f, FAULT_EGRESS_ONLY_INTERNET_GATEWAY_LIMIT_EXCEEDED,
                     "The maximum number of egress-only internet gateways has been reached: %d in "
                     "a region",
                     EGRESS_ONLY_GATEWAYS_MAX);
    store_insert_egress_only_gateway(c->tx, &row);
    tags_put(c, &in->tag_specifications, taggable[0], row.id);
    vpc_changed(c, row.vpc_id);
    answer(c, &row, in->client_token, out);
    return 0;
}

/* Routes to it stay, as black holes. */
int act_ec2_DeleteEgressOnlyInternetGateway(struct call *c,
                                            const ec2_DeleteEgressOnlyInternetGateway_in *in,
                                            ec2_DeleteEgressOnlyInternetGateway_out *out,
                                            struct fault *f)
{
    const struct egress_only_gateway *row =
        lookup_egress_only_gateway(c, in->egress_only_internet_gateway_id, f);
    if (row == NULL)
        return -1;
    tags_drop(c, row->id);
    store_delete_egress_only_gateways(c->tx, "id", row->id);
    vpc_changed(c, row->vpc_id);
    out->return_code = wire_bool(true);
    return 0;
}

/* AWS documents filters by tag alone; clients use its id, too. */
static const struct filter_path gateway_filters[] = {
    {"egress-only-internet-gateway-id", "EgressOnlyInternetGatewayId"},
};

int act_ec2_DescribeEgressOnlyInternetGateways(struct call *c,
                                               const ec2_DescribeEgressOnlyInternetGateways_in *in,
                                               ec2_DescribeEgressOnlyInternetGateways_out *out,
                                               struct fault *f)
{
    struct filters filters = FILTERS(in, gateway_filters, EgressOnlyInternetGateway);
    struct egress_only_gateway_list rows;
    struct page page;
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, in->egress_only_internet_gateway_ids.n > 0,
                   &page, f) < 0 ||
        lookup_egress_only_gateways(c, &in->egress_only_internet_gateway_ids, &rows, f) < 0)
        return -1;
    for (size_t i = 0; i < rows.n && !page.more; i++) {
        struct ec2_EgressOnlyInternetGateway gateway;
        view(c, &rows.v[i], &gateway);
        if (filters_match(&filters, &gateway, NULL) && page_admit(&page, rows.v[i].id))
            *arena_append(c->arena, &out->egress_only_internet_gateways) = gateway;
    }
    out->next_token = page_end(c, &page);
    return 0;
}
