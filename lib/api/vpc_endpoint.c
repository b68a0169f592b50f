/*
 * Gateway endpoints: CreateVpcEndpoint, ModifyVpcEndpoint, DeleteVpcEndpoints,
 * DescribeVpcEndpoints.
 *
 * An endpoint is a record, and in each of its route tables a route to the prefix list of its
 * service. There is no such service behind it, so what a guest sends there comes to nothing.
 */
#include <string.h>

#include "api/filter.h"
#include "api/lookup.h"
#include "api/page.h"
#include "api/tagging.h"
#include "auth/policy.h"
#include "base/id.h"
#include "base/text.h"
#include "core/prefix_list.h"

#define ENDPOINTS_MAX 20 /* of a VPC's account in a region (AWS: "Amazon VPC quotas") */

/* What an endpoint has until somebody says otherwise (AWS: "Default endpoint policy"). */
#define DEFAULT_POLICY                                                                             \
    "{\"Version\":\"2008-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\","        \
    "\"Action\":\"*\",\"Resource\":\"*\"}]}"

static const char *const taggable[] = {"vpc-endpoint", NULL};

static const struct aws_prefix_list *list_of_service(struct call *c, const char *name)
{
    struct aws_prefix_lists all = aws_prefix_list_all();
    for (size_t i = 0; i < all.n; i++)
        if (streq(aws_prefix_list_name(c->arena, &all.v[i], c->region->name), name))
            return &all.v[i];
    return NULL;
}

static void endpoint_view(struct call *c, const struct vpc_endpoint *e, struct ec2_VpcEndpoint *out)
{
    *out = (struct ec2_VpcEndpoint){
        .vpc_endpoint_id = e->id,
        .vpc_endpoint_type = "Gateway",
        .vpc_id = e->vpc_id,
        .service_name = e->service_name,
        .state = "available",
        .policy_document = e->policy,
        .private_dns_enabled = wire_bool(false),
        .requester_managed = wire_bool(false),
        .creation_timestamp = wire_time(e->created_at),
        .owner_id = e->account_id,
        .service_region = e->region,
    };
    struct vpc_endpoint_route_table_list tables =
        store_vpc_endpoint_route_tables(c->tx, c->arena, "vpc_endpoint_id", e->id);
    wire_list_empty(&out->route_table_ids);
    for (size_t i = 0; i < tables.n; i++)
        *arena_append(c->arena, &out->route_table_ids) = tables.v[i].route_table_id;
    wire_list_empty(&out->subnet_ids);
    wire_list_empty(&out->groups);
    wire_list_empty(&out->network_interface_ids);
    wire_list_empty(&out->dns_entries);
    tags_of(c, e->id, &out->tags);
}

static int check_policy(struct call *c, const char *text, struct fault *f)
{
    struct err e = {0};
    if (policy_parse(c->arena, text, strlen(text), POLICY_OF_RESOURCE, &e) == NULL)
        return fault(f, FAULT_INVALID_POLICY_DOCUMENT, "Policy document is invalid: %s", e.message);
    return 0;
}

/* The route tables are of the endpoint's VPC and have no route to the service's list yet. */
static int check_tables(struct call *c, const struct vpc_endpoint *e, const char *list_id,
                        const struct wire_strings *ids, struct route_table_list *ret_tables,
                        struct fault *f)
{
    *ret_tables = (struct route_table_list){0};
    if (ids->n == 0)
        return 0;
    if (lookup_route_tables(c, ids, ret_tables, f) < 0)
        return -1;
    for (size_t i = 0; i < ret_tables->n; i++) {
        const struct route_table *t = &ret_tables->v[i];
        if (!streq(t->vpc_id, e->vpc_id))
            return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                         "Route table %s is in %s and the endpoint in %s", t->id, t->vpc_id,
                         e->vpc_id);
        struct route_list there =
            store_routes(c->tx, c->arena, "route_table_id", t->id, "destination", list_id);
        if (there.n > 0)
            return fault(f, FAULT_ROUTE_ALREADY_EXISTS,
                         "route table %s already has a route with destination-prefix-list-id %s",
                         t->id, list_id);
    }
    return 0;
}

static void add_tables(struct call *c, const struct vpc_endpoint *e, const char *list_id,
                       const struct route_table_list *tables)
{
    for (size_t i = 0; i < tables->n; i++) {
        const char *table_id = tables->v[i].id;
        store_insert_vpc_endpoint_route_table(c->tx,
                                              &(struct vpc_endpoint_route_table){e->id, table_id});
        store_insert_route(c->tx, &(struct route){table_id, list_id, e->id});
    }
    if (tables->n > 0)
        store_enqueue(c->tx, "vpc", e->vpc_id, c->now);
}

int act_ec2_CreateVpcEndpoint(struct call *c, const ec2_CreateVpcEndpoint_in *in,
                              ec2_CreateVpcEndpoint_out *out, struct fault *f)
{
    out->client_token = in->client_token;
    out->vpc_endpoint = arena_new_of(c->arena, struct ec2_VpcEndpoint);
    if (c->replay != NULL) {
        const struct vpc_endpoint *made = lookup_vpc_endpoint(c, c->replay, f);
        if (made == NULL)
            return -1;
        endpoint_view(c, made, out->vpc_endpoint);
        return 0;
    }
    if (in->service_name == NULL)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter ServiceName");
    if (in->vpc_endpoint_type != NULL && !streq(in->vpc_endpoint_type, "Gateway"))
        return fault(f, FAULT_UNSUPPORTED_OPERATION,
                     "There are no services here that an endpoint of type %s leads to; endpoints "
                     "are of type Gateway",
                     in->vpc_endpoint_type);
    const struct aws_prefix_list *list = list_of_service(c, in->service_name);
    const struct vpc *vpc = lookup_vpc(c, in->vpc_id, f);
    struct route_table_list tables;
    if (vpc == NULL)
        return -1;
    if (list == NULL)
        return fault(f, FAULT_INVALID_SERVICE_NAME,
                     "The Vpc Endpoint Service '%.128s' does not exist", in->service_name);
    struct vpc_endpoint e = {
        .id = id_make(c->arena, "vpce"),
        .account_id = c->principal->account_id,
        .region = c->region->name,
        .vpc_id = vpc->id,
        .service_name = in->service_name,
        .policy = str_empty(in->policy_document) ? DEFAULT_POLICY : in->policy_document,
        .created_at = c->now,
    };
    if (check_policy(c, e.policy, f) < 0 ||
        tags_from_specifications(c, &in->tag_specifications, taggable, f) < 0 ||
        check_tables(c, &e, list->id, &in->route_table_ids, &tables, f) < 0)
        return -1;
    if (store_count_vpc_endpoints(c->tx, "account_id", e.account_id, "region", e.region) >=
        ENDPOINTS_MAX)
        return fault(f, FAULT_VPC_ENDPOINT_LIMIT_EXCEEDED,
                     "The maximum number of VPC endpoints has been reached: %d", ENDPOINTS_MAX);
    store_insert_vpc_endpoint(c->tx, &e);
    tags_put(c, &in->tag_specifications, taggable[0], e.id);
    add_tables(c, &e, list->id, &tables);
    endpoint_view(c, &e, out->vpc_endpoint);
    c->result = e.id;
    return 0;
}

static int remove_tables(struct call *c, const struct vpc_endpoint *e, const char *list_id,
                         const struct wire_strings *ids, struct fault *f)
{
    for (size_t i = 0; i < ids->n; i++) {
        struct vpc_endpoint_route_table_list there = store_vpc_endpoint_route_tables(
            c->tx, c->arena, "vpc_endpoint_id", e->id, "route_table_id", ids->v[i]);
        if (there.n == 0)
            return fault(f, FAULT_INVALID_ROUTE_TABLE_ID_NOT_FOUND,
                         "The routeTable ID '%s' is not associated with the endpoint '%s'",
                         ids->v[i], e->id);
        store_delete_vpc_endpoint_route_tables(c->tx, "vpc_endpoint_id", e->id, "route_table_id",
                                               ids->v[i]);
        store_delete_routes(c->tx, "route_table_id", ids->v[i], "destination", list_id);
    }
    if (ids->n > 0)
        store_enqueue(c->tx, "vpc", e->vpc_id, c->now);
    return 0;
}

int act_ec2_ModifyVpcEndpoint(struct call *c, const ec2_ModifyVpcEndpoint_in *in,
                              ec2_ModifyVpcEndpoint_out *out, struct fault *f)
{
    struct vpc_endpoint *e = lookup_vpc_endpoint(c, in->vpc_endpoint_id, f);
    const struct aws_prefix_list *list = e == NULL ? NULL : list_of_service(c, e->service_name);
    struct route_table_list tables;
    if (list == NULL)
        return -1;
    if (wire_true(in->reset_policy) && in->policy_document != NULL)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "The parameters ResetPolicy and PolicyDocument exclude each other");
    if (in->policy_document != NULL && check_policy(c, in->policy_document, f) < 0)
        return -1;
    /* What goes first makes room for what comes. */
    if (remove_tables(c, e, list->id, &in->remove_route_table_ids, f) < 0 ||
        check_tables(c, e, list->id, &in->add_route_table_ids, &tables, f) < 0)
        return -1;
    add_tables(c, e, list->id, &tables);
    if (in->policy_document != NULL || wire_true(in->reset_policy)) {
        e->policy = in->policy_document == NULL ? DEFAULT_POLICY : in->policy_document;
        store_update_vpc_endpoint(c->tx, e);
    }
    out->return_ = wire_bool(true);
    return 0;
}

/* EC2 deletes those that are there and names the others in its answer. */
int act_ec2_DeleteVpcEndpoints(struct call *c, const ec2_DeleteVpcEndpoints_in *in,
                               ec2_DeleteVpcEndpoints_out *out, struct fault *f)
{
    (void)f;
    for (size_t i = 0; i < in->vpc_endpoint_ids.n; i++) {
        struct fault why = {0};
        const struct vpc_endpoint *e = lookup_vpc_endpoint(c, in->vpc_endpoint_ids.v[i], &why);
        if (e == NULL) {
            struct ec2_UnsuccessfulItem *item = arena_append(c->arena, &out->unsuccessful);
            item->resource_id = in->vpc_endpoint_ids.v[i];
            item->error = arena_new_of(c->arena, struct ec2_UnsuccessfulItemError);
            item->error->code = fault_code_name(why.code);
            item->error->message = arena_strdup(c->arena, why.message);
            continue;
        }
        store_delete_routes(c->tx, "target_id", e->id);
        store_delete_vpc_endpoint_route_tables(c->tx, "vpc_endpoint_id", e->id);
        tags_drop(c, e->id);
        store_delete_vpc_endpoints(c->tx, "id", e->id);
        store_enqueue(c->tx, "vpc", e->vpc_id, c->now);
    }
    return 0;
}

/* AWS: DescribeVpcEndpoints, "Filters". */
static const struct filter_path vpc_endpoint_filters[] = {
    {"ip-address-type", "IpAddressType"},
    {"service-name", "ServiceName"},
    {"service-region", "ServiceRegion"},
    {"vpc-endpoint-id", "VpcEndpointId"},
    {"vpc-endpoint-state", "State"},
    {"vpc-endpoint-type", "VpcEndpointType"},
    {"vpc-id", "VpcId"},
};

int act_ec2_DescribeVpcEndpoints(struct call *c, const ec2_DescribeVpcEndpoints_in *in,
                                 ec2_DescribeVpcEndpoints_out *out, struct fault *f)
{
    struct filters filters = FILTERS(in, vpc_endpoint_filters, VpcEndpoint);
    struct vpc_endpoint_list rows;
    struct page page;
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, in->vpc_endpoint_ids.n > 0, &page, f) < 0 ||
        lookup_vpc_endpoints(c, &in->vpc_endpoint_ids, &rows, f) < 0)
        return -1;
    for (size_t i = 0; i < rows.n && !page.more; i++) {
        struct ec2_VpcEndpoint view;
        endpoint_view(c, &rows.v[i], &view);
        if (filters_match(&filters, &view, NULL) && page_admit(&page, rows.v[i].id))
            *arena_append(c->arena, &out->vpc_endpoints) = view;
    }
    out->next_token = page_end(c, &page);
    return 0;
}
