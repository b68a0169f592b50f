#pragma once
/*
 * From ids in a request to rows: all of them, or the resource's own NotFound code for the whole
 * call. Rows of another account or region do not exist for the caller, public images and snapshots
 * excepted; nor do deregistered images. Order and repeats of the request are kept out: rows come in
 * the order of ids, each once.
 */
#include "api/call.h"
#include "core/resource.h"

/* Each: 0 with the rows; with no ids, all rows of the caller's account and region. */
int lookup_instances(struct call *c, const struct wire_strings *ids, struct instance_list *ret,
                     struct fault *f);
int lookup_images(struct call *c, const struct wire_strings *ids, struct image_list *ret,
                  struct fault *f);
int lookup_instance_profile_associations(struct call *c, const struct wire_strings *ids,
                                         struct instance_profile_association_list *ret,
                                         struct fault *f);
int lookup_subnets(struct call *c, const struct wire_strings *ids, struct subnet_list *ret,
                   struct fault *f);
int lookup_vpcs(struct call *c, const struct wire_strings *ids, struct vpc_list *ret,
                struct fault *f);
int lookup_security_groups(struct call *c, const struct wire_strings *ids,
                           struct security_group_list *ret, struct fault *f);
int lookup_security_group_rules(struct call *c, const struct wire_strings *ids,
                                struct security_group_rule_list *ret, struct fault *f);
int lookup_key_pairs(struct call *c, const struct wire_strings *ids, struct key_pair_list *ret,
                     struct fault *f);
int lookup_placement_groups(struct call *c, const struct wire_strings *ids,
                            struct placement_group_list *ret, struct fault *f);
int lookup_capacity_reservations(struct call *c, const struct wire_strings *ids,
                                 struct capacity_reservation_list *ret, struct fault *f);
int lookup_volumes(struct call *c, const struct wire_strings *ids, struct volume_list *ret,
                   struct fault *f);
int lookup_network_interfaces(struct call *c, const struct wire_strings *ids,
                              struct network_interface_list *ret, struct fault *f);
int lookup_nat_gateways(struct call *c, const struct wire_strings *ids,
                        struct nat_gateway_list *ret, struct fault *f);
int lookup_addresses(struct call *c, const struct wire_strings *ids, struct address_list *ret,
                     struct fault *f);
int lookup_network_acls(struct call *c, const struct wire_strings *ids,
                        struct network_acl_list *ret, struct fault *f);
int lookup_route_tables(struct call *c, const struct wire_strings *ids,
                        struct route_table_list *ret, struct fault *f);
int lookup_vpc_peering_connections(struct call *c, const struct wire_strings *ids,
                                   struct vpc_peering_connection_list *ret, struct fault *f);
int lookup_flow_logs(struct call *c, const struct wire_strings *ids, struct flow_log_list *ret,
                     struct fault *f);
int lookup_prefix_lists(struct call *c, const struct wire_strings *ids,
                        struct prefix_list_list *ret, struct fault *f);
int lookup_root_volume_tasks(struct call *c, const struct wire_strings *ids,
                             struct root_volume_task_list *ret, struct fault *f);
int lookup_import_image_tasks(struct call *c, const struct wire_strings *ids,
                              struct import_task_list *ret, struct fault *f);
int lookup_import_snapshot_tasks(struct call *c, const struct wire_strings *ids,
                                 struct import_task_list *ret, struct fault *f);
int lookup_export_tasks(struct call *c, const struct wire_strings *ids,
                        struct export_task_list *ret, struct fault *f);
int lookup_snapshots(struct call *c, const struct wire_strings *ids, struct snapshot_list *ret,
                     struct fault *f);
int lookup_network_insights_paths(struct call *c, const struct wire_strings *ids,
                                  struct network_insights_path_list *ret, struct fault *f);
int lookup_network_insights_analyses(struct call *c, const struct wire_strings *ids,
                                     struct network_insights_analysis_list *ret, struct fault *f);
int lookup_internet_gateways(struct call *c, const struct wire_strings *ids,
                             struct internet_gateway_list *ret, struct fault *f);
int lookup_egress_only_gateways(struct call *c, const struct wire_strings *ids,
                                struct egress_only_gateway_list *ret, struct fault *f);
int lookup_dhcp_options_sets(struct call *c, const struct wire_strings *ids,
                             struct dhcp_options_list *ret, struct fault *f);
int lookup_spot_requests(struct call *c, const struct wire_strings *ids,
                         struct spot_request_list *ret, struct fault *f);

int lookup_vpc_endpoints(struct call *c, const struct wire_strings *ids,
                         struct vpc_endpoint_list *ret, struct fault *f);

/* One row, or NULL with the fault. */
struct instance *lookup_instance(struct call *c, const char *id, struct fault *f);
struct image *lookup_image(struct call *c, const char *id, struct fault *f);
struct instance_profile_association *
lookup_instance_profile_association(struct call *c, const char *id, struct fault *f);
struct subnet *lookup_subnet(struct call *c, const char *id, struct fault *f);
struct vpc_endpoint *lookup_vpc_endpoint(struct call *c, const char *id, struct fault *f);
struct vpc *lookup_vpc(struct call *c, const char *id, struct fault *f);
struct security_group *lookup_security_group(struct call *c, const char *id, struct fault *f);
struct placement_group *lookup_placement_group(struct call *c, const char *id, struct fault *f);
struct capacity_reservation *lookup_capacity_reservation(struct call *c, const char *id,
                                                         struct fault *f);
struct network_acl *lookup_network_acl(struct call *c, const char *id, struct fault *f);
struct route_table *lookup_route_table(struct call *c, const char *id, struct fault *f);
struct route_table_association *lookup_route_table_association(struct call *c, const char *id,
                                                               struct fault *f);
struct vpc_peering_connection *lookup_vpc_peering_connection(struct call *c, const char *id,
                                                             struct fault *f);
struct import_task *lookup_import_task(struct call *c, const char *id, struct fault *f);
struct export_task *lookup_export_task(struct call *c, const char *id, struct fault *f);
struct snapshot *lookup_snapshot(struct call *c, const char *id, struct fault *f);
/* Another account's that is public is seen, and no more: AuthFailure. */
struct snapshot *lookup_own_snapshot(struct call *c, const char *id, struct fault *f);
struct volume *lookup_volume(struct call *c, const char *id, struct fault *f);
struct network_interface *lookup_network_interface(struct call *c, const char *id, struct fault *f);
struct nat_gateway *lookup_nat_gateway(struct call *c, const char *id, struct fault *f);
struct address *lookup_address(struct call *c, const char *id, struct fault *f);
struct network_insights_path *lookup_network_insights_path(struct call *c, const char *id,
                                                           struct fault *f);
struct network_insights_analysis *lookup_network_insights_analysis(struct call *c, const char *id,
                                                                   struct fault *f);
struct internet_gateway *lookup_internet_gateway(struct call *c, const char *id, struct fault *f);
struct egress_only_gateway *lookup_egress_only_gateway(struct call *c, const char *id,
                                                       struct fault *f);
struct dhcp_options *lookup_dhcp_options(struct call *c, const char *id, struct fault *f);
struct vpc_cidr_block *lookup_vpc_cidr_block(struct call *c, const char *id, struct fault *f);
struct subnet_cidr_reservation *lookup_subnet_cidr_reservation(struct call *c, const char *id,
                                                               struct fault *f);
struct prefix_list *lookup_prefix_list(struct call *c, const char *id, struct fault *f);

/* The zone of the region by its name, its id or both, one of which must be given. */
const char *lookup_zone(struct call *c, const char *name, const char *id, struct fault *f);
/* The resource of this id, if there is one that the caller may see, or NULL. No fault. */
const void *lookup_row(struct call *c, const struct resource *r, const char *id);
bool lookup_exists(struct call *c, const struct resource *r, const char *id);
/* The default VPC of the region, or NULL (no fault). */
struct vpc *lookup_default_vpc(struct call *c);
/* The group of this name in a VPC, or NULL (no fault). */
struct security_group *lookup_group_named(struct call *c, const char *vpc_id, const char *name);
/* "The instance ID 'i-1' does not exist", "The instance IDs 'i-1, i-2' do not exist" */
int lookup_fault(struct call *c, enum resource_kind kind, const struct wire_strings *missing,
                 struct fault *f);

/* The texts sorted, each once. */
struct wire_strings strings_sorted(struct arena *a, const struct wire_strings *list);
bool strings_contain(const struct wire_strings *list, const char *text);
