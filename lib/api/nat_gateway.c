/* CreateNatGateway, DeleteNatGateway, DescribeNatGateways. */
#include "api/nat_gateway.h"
#include "api/address.h"
#include "api/filter.h"
#include "api/interface_addresses.h"
#include "api/interface_make.h"
#include "api/lookup.h"
#include "api/page.h"
#include "api/tagging.h"
#include "base/check.h"
#include "base/id.h"
#include "base/text.h"
#include "core/quota.h"

#define REQUESTER "amazon-aws"

static void view(struct call *c, const struct nat_gateway *g, struct ec2_NatGateway *out)
{
    *out = (struct ec2_NatGateway){
        .create_time = wire_time(g->created_at),
        .failure_code = g->failure_code,
        .failure_message = g->failure_message,
        .nat_gateway_id = g->id,
        .state = state_name(&nat_gateway_states, g->state),
        .subnet_id = g->subnet_id,
        .vpc_id = g->vpc_id,
        .connectivity_type = g->is_public ? "public" : "private",
    };
    if (g->deleted_at > 0)
        out->delete_time = wire_time(g->deleted_at);
    nat_addresses_view(c, g, &out->nat_gateway_addresses);
    tags_of(c, g->id, &out->tags);
}

static void fail(struct nat_gateway *g, const char *code, const char *message)
{
    g->failure_code = code;
    g->failure_message = message;
    int r = nat_gateway_enter_state(g, NAT_GATEWAY_FAILED, NULL);
    CHECK(r == 0);
}

/*
 * What EC2 finds out after it has answered, and writes into the gateway, which then failed: no way
 * out of the VPC, no room in the subnet, an elastic address that is elsewhere.
 */
static bool may_succeed(struct call *c, struct nat_gateway *g, const struct address_list *elastic,
                        const struct address_pool *pool, const struct interface_wish *wish)
{
    struct fault f = {0};
    for (size_t i = 0; i < elastic->n; i++)
        if (elastic->v[i].association_id != NULL) {
            fail(g, "Resource.AlreadyAssociated",
                 arena_printf(c->arena, "Elastic IP address [%s] is already associated",
                              elastic->v[i].id));
            return false;
        }
    if (g->is_public && vpc_check_gateway(c, g->vpc_id, &f) < 0)
        fail(g, "Gateway.NotAttached",
             arena_printf(c->arena, "Network %s has no Internet gateway attached", g->vpc_id));
    else if ((int64_t)address_pool_free(pool) < interface_wish_draws(wish))
        fail(g, "InsufficientFreeAddressesInSubnet",
             "Subnet has insufficient free addresses to create this NAT gateway");
    return g->state == NAT_GATEWAY_PENDING;
}

static void give_interface(struct call *c, struct nat_gateway *g, const struct subnet *subnet,
                           struct address_list *elastic, struct address_pool *pool,
                           const struct interface_wish *wish)
{
    struct network_interface row = {
        .description = arena_printf(c->arena, "Interface for NAT Gateway %s", g->id),
        .interface_type = "nat_gateway",
        .requester_id = REQUESTER,
        .attachment_id = id_make(c->arena, "ela-attach"),
        .device_index = 1,
        .attached_at = c->now,
        .attachment_state = ATTACHMENT_ATTACHED,
    };
    interface_insert(c, subnet, &(struct security_group_list){0}, wish, pool, &row);
    g->interface_id = row.id;
    struct interface_address_list others =
        store_interface_addresses(c->tx, c->arena, "interface_id", row.id);
    struct wire_strings all = private_addresses_of(c, &row, &others);
    for (size_t i = 0; i < elastic->n; i++)
        address_associate(c, &elastic->v[i], &row, all.v[i]);
}

/* Those of the zone that have not come to an end. */
static int check_quota(struct call *c, const struct subnet *subnet, struct fault *f)
{
    struct nat_gateway_list l = store_nat_gateways(
        c->tx, c->arena, "account_id", c->principal->account_id, "region", c->region->name);
    int count = 0;
    for (size_t i = 0; i < l.n; i++) {
        const struct subnet *its = store_subnet(c->tx, c->arena, l.v[i].subnet_id);
        if (its != NULL && streq(its->zone, subnet->zone) && l.v[i].state != NAT_GATEWAY_DELETED &&
            l.v[i].state != NAT_GATEWAY_FAILED)
            count++;
    }
    if (count < NAT_GATEWAYS_PER_ZONE)
        return 0;
    return fault(f, FAULT_NAT_GATEWAY_LIMIT_EXCEEDED,
                 "The maximum of %d NAT gateways has been reached in the zone %s",
                 NAT_GATEWAYS_PER_ZONE, subnet->zone);
}

static int check_form(const ec2_CreateNatGateway_in *in, bool is_public, struct fault *f)
{
    if (in->subnet_id == NULL)
        return fault(f, FAULT_MISSING_PARAMETER, "The request must contain the parameter SubnetId");
    if (is_public && in->allocation_id == NULL)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter AllocationId");
    if (!is_public && (in->allocation_id != NULL || in->secondary_allocation_ids.n > 0))
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "AllocationId cannot be specified for a private NAT gateway");
    size_t named = in->secondary_private_ip_addresses.n;
    if (is_public && in->secondary_private_ip_address_count.set)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "SecondaryPrivateIpAddressCount cannot be specified for a public NAT gateway");
    if (is_public && named > 0 && named != in->secondary_allocation_ids.n)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "There must be as many private IP addresses as allocations, or none");
    if (named > 0 && in->secondary_private_ip_address_count.set)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "Secondary private IP addresses and a number of them may not be specified on "
                     "the same request");
    return 0;
}

/* Its addresses: one for each allocation, or as many as are named or counted. */
static int read_wish(const ec2_CreateNatGateway_in *in, struct interface_wish *ret, struct fault *f)
{
    struct interface_wish w = {
        .private_ip = in->private_ip_address,
        .secondary = in->secondary_private_ip_addresses,
    };
    if (in->secondary_private_ip_address_count.set)
        w.n_secondary = in->secondary_private_ip_address_count.v;
    else if (w.secondary.n == 0)
        w.n_secondary = (int64_t)in->secondary_allocation_ids.n;
    *ret = w;
    return nat_addresses_check(1 + (int64_t)w.secondary.n + w.n_secondary, f);
}

/* The elastic addresses, in the order of the private ones. */
static int find_elastic(struct call *c, const ec2_CreateNatGateway_in *in, struct address_list *ret,
                        struct fault *f)
{
    struct wire_strings ids = {0};
    if (in->allocation_id != NULL)
        *arena_append(c->arena, &ids) = in->allocation_id;
    for (size_t i = 0; i < in->secondary_allocation_ids.n; i++)
        *arena_append(c->arena, &ids) = in->secondary_allocation_ids.v[i];
    return nat_elastic_find(c, &ids, ret, f);
}

static void answer(struct call *c, const struct nat_gateway *g, ec2_CreateNatGateway_out *out)
{
    out->nat_gateway = arena_new_of(c->arena, struct ec2_NatGateway);
    view(c, g, out->nat_gateway);
    c->result = g->id;
}

int act_ec2_CreateNatGateway(struct call *c, const ec2_CreateNatGateway_in *in,
                             ec2_CreateNatGateway_out *out, struct fault *f)
{
    static const char *const taggable[] = {"natgateway", NULL};
    bool is_public = in->connectivity_type == NULL || streq(in->connectivity_type, "public");
    out->client_token = in->client_token;
    if (c->replay != NULL) {
        const struct nat_gateway *before = lookup_nat_gateway(c, c->replay, f);
        if (before != NULL)
            answer(c, before, out);
        return before == NULL ? -1 : 0;
    }
    if (check_form(in, is_public, f) < 0 ||
        tags_from_specifications(c, &in->tag_specifications, taggable, f) < 0)
        return -1;
    const struct subnet *subnet = lookup_subnet(c, in->subnet_id, f);
    struct interface_wish wish;
    struct address_pool pool;
    struct address_list elastic;
    if (subnet == NULL || check_quota(c, subnet, f) < 0 || read_wish(in, &wish, f) < 0 ||
        address_pool_of_subnet(c, subnet, &pool, f) < 0 ||
        interface_wish_take(c, &pool, &wish, f) < 0 || find_elastic(c, in, &elastic, f) < 0)
        return -1;
    struct nat_gateway g = {
        .id = id_make(c->arena, "nat"),
        .account_id = c->principal->account_id,
        .region = c->region->name,
        .vpc_id = subnet->vpc_id,
        .subnet_id = subnet->id,
        .is_public = is_public,
        .state = NAT_GATEWAY_PENDING, /* where the life of every one begins */
        .created_at = c->now,
    };
    if (may_succeed(c, &g, &elastic, &pool, &wish)) {
        give_interface(c, &g, subnet, &elastic, &pool, &wish);
        store_enqueue(c->tx, "nat-gateway", g.id, c->now);
    }
    store_insert_nat_gateway(c->tx, &g);
    tags_put(c, &in->tag_specifications, "natgateway", g.id);
    answer(c, &g, out);
    return 0;
}

/* One that is going already goes on going. */
int act_ec2_DeleteNatGateway(struct call *c, const ec2_DeleteNatGateway_in *in,
                             ec2_DeleteNatGateway_out *out, struct fault *f)
{
    struct nat_gateway *g = lookup_nat_gateway(c, in->nat_gateway_id, f);
    if (g == NULL)
        return -1;
    out->nat_gateway_id = g->id;
    if (g->state == NAT_GATEWAY_DELETING || g->state == NAT_GATEWAY_DELETED)
        return 0;
    bool failed = g->state == NAT_GATEWAY_FAILED; /* it has nothing to give back */
    int r = nat_gateway_enter_state(g, failed ? NAT_GATEWAY_DELETED : NAT_GATEWAY_DELETING, NULL);
    CHECK(r == 0);
    if (failed)
        g->deleted_at = c->now;
    else
        store_enqueue(c->tx, "nat-gateway", g->id, c->now);
    store_update_nat_gateway(c->tx, g);
    return 0;
}

static const struct filter_path nat_gateway_filters[] = {
    {"nat-gateway-id", "NatGatewayId"},
    {"state", "State"},
    {"subnet-id", "SubnetId"},
    {"vpc-id", "VpcId"},
};

int act_ec2_DescribeNatGateways(struct call *c, const ec2_DescribeNatGateways_in *in,
                                ec2_DescribeNatGateways_out *out, struct fault *f)
{
    struct filters filters = {&in->filter, nat_gateway_filters, ARRAY_SIZE(nat_gateway_filters),
                              &ec2_NatGateway_struct, NULL};
    struct nat_gateway_list rows;
    struct page page;
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, in->nat_gateway_ids.n > 0, &page, f) < 0 ||
        lookup_nat_gateways(c, &in->nat_gateway_ids, &rows, f) < 0)
        return -1;
    for (size_t i = 0; i < rows.n && !page.more; i++) {
        struct ec2_NatGateway shown;
        view(c, &rows.v[i], &shown);
        if (filters_match(&filters, &shown, NULL) && page_admit(&page, shown.nat_gateway_id))
            *arena_append(c->arena, &out->nat_gateways) = shown;
    }
    out->next_token = page_end(c, &page);
    return 0;
}
