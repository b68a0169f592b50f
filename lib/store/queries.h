#pragma once
/* Questions to the store that are more than a find by columns. */
#include "store/tables.h"

/*
 * What of the host is spoken for, by the rows: what instances hold, and what active capacity
 * reservations hold for instances that are yet to come.
 */
struct capacity_used {
    int64_t vcpus;
    int64_t memory_mib;
    int64_t instances;
    int64_t held_memory_mib; /* of slots that no instance has */
    int64_t held_slots;
};
/* Is there such an account, and is it not closed? */
bool store_account_is_open(struct tx *tx, struct arena *a, const char *account_id);
/* What the instances of an account hold, wherever, and what its volumes may grow to. */
struct account_use {
    int64_t instances;
    int64_t memory_mib;
    int64_t vcpus; /* of those on demand */
    int64_t spot_vcpus;
    int64_t volume_gib;
};
struct account_use store_account_use(struct tx *tx, const char *account_id);
/* Forgets the oldest requests of an account for quotas but `keep`. */
void store_trim_quota_requests(struct tx *tx, const char *account_id, int64_t keep);
/* GiB that the volumes that are there may grow to. */
int64_t store_promised_gib(struct tx *tx);
struct capacity_used store_capacity_used(struct tx *tx, const char *host_id);

/* Instances that have a slot of the reservation. */
int64_t store_capacity_reservation_used(struct tx *tx, const char *reservation_id);
/* Removes reservations that ended before `when`, with their tags. */
void store_forget_capacity_reservations(struct tx *tx, struct arena *a, int64_t when);
/* The reservation has ended: its instances go on without it. */
void store_release_capacity_reservation(struct tx *tx, const char *reservation_id);
/*
 * Of what instances hold, what spot ones do (those that are ending among them), and what on-demand
 * ones were promised that still wait for room.
 */
struct spot_used {
    int64_t memory_mib, instances;
    int64_t ending_mib, ending;
    int64_t waiting_mib, waiting;
};
struct spot_used store_spot_used(struct tx *tx, const char *host_id);
/* All but terminated ones, which may be many more, by id. */
struct instance_list store_living_instances(struct tx *tx, struct arena *a);
/* Pending and running spot instances, by id. */
struct instance_list store_spot_instances(struct tx *tx, struct arena *a, const char *host_id);
/* On-demand instances that wait for room, the longest first. */
struct instance_list store_waiting_instances(struct tx *tx, struct arena *a, const char *host_id);
/* Requests that wait for an instance, or for their stopped one to be started; oldest first. */
struct spot_request_list store_waiting_spot_requests(struct tx *tx, struct arena *a);
/* False: none has been recorded. */
bool store_last_spot_load(struct tx *tx, struct spot_load *ret);
/* Removes requests that ended before `when` and have no instance that goes on, with their tags. */
void store_forget_spot_requests(struct tx *tx, struct arena *a, int64_t when);
/* Keeps the newest `max` records, and of those from before `when` only the last. */
void store_forget_spot_loads(struct tx *tx, int64_t when, int64_t max);

/* The placement group goes: the rows of its terminated instances do not name it any more. */
void store_leave_placement_group(struct tx *tx, const char *group_id);

/* Public addresses that interfaces have, and elastic ones, sorted as text. */
struct text_list {
    const char **v;
    size_t n;
};
struct text_list store_public_ips(struct tx *tx, struct arena *a);
/* Private IPv4 addresses in use in a subnet. */
struct text_list store_private_ips(struct tx *tx, struct arena *a, const char *subnet_id);

/* Terminated before `when`: rows that nobody needs any more. */
struct text_list store_terminated_before(struct tx *tx, struct arena *a, int64_t when);
/* The disk that an image boots from, or NULL: a deregistered one has none. */
struct image_device *store_image_root(struct tx *tx, struct arena *a, const struct image *image);
/* How many instances of the image there are, terminated ones left out. */
size_t store_instances_of_image(struct tx *tx, const char *image_id);
/* Images that are made of the snapshot may be complete now, or can no more be. */
void store_enqueue_images_of(struct tx *tx, struct arena *a, const char *snapshot_id);
/* Removes a terminated instance with its tags. */
void store_forget_instance(struct tx *tx, const char *instance_id);
void store_delete_client_tokens_before(struct tx *tx, int64_t when);
/* Those that are good no more at that time. */
void store_delete_managed_ssh_keys_before(struct tx *tx, int64_t when);

/* The interface with device index 0, or NULL. */
struct network_interface *store_primary_interface(struct tx *tx, struct arena *a,
                                                  const char *instance_id);
/* The interface that has this address, as its first or a further one, or NULL. */
struct network_interface *store_interface_at(struct tx *tx, struct arena *a, const char *vpc_id,
                                             const char *address);
/* The key pair of this name, or NULL. */
struct key_pair *store_key_pair_named(struct tx *tx, struct arena *a, const char *account_id,
                                      const char *region, const char *name);
/* Numbers of the versions of a launch template, upwards; their data may be large. */
struct int_list {
    int64_t *v;
    size_t n;
};
struct int_list store_launch_template_numbers(struct tx *tx, struct arena *a,
                                              const char *template_id);
struct tag *store_tag_of(struct tx *tx, struct arena *a, const char *resource_id, const char *key);
/* Inserts, or gives the tag another value. */
void store_put_tag(struct tx *tx, const struct tag *tag);
struct client_token *store_token(struct tx *tx, struct arena *a, const char *account_id,
                                 const char *region, const char *action, const char *token);
/* What the account has chosen for the region; NULL: nothing. */
const char *store_setting_of_account(struct tx *tx, struct arena *a, const char *account_id,
                                     const char *region, const char *name);
/* A value of NULL takes the choice back. */
void store_put_setting_of_account(struct tx *tx, const struct account_setting *setting);
/*
 * A number that no VPC has, for a new one. They go round, so that a VPC whose namespace is still
 * being removed does not meet one that has its number.
 */
int64_t store_next_vpc_number(struct tx *tx);
/* Smallest number that no subnet of the VPC has. */
int64_t store_next_subnet_number(struct tx *tx, const char *vpc_id);
/*
 * Does something of its own stand in the VPC, that it cannot be deleted with? Not its subnets,
 * gateways and the like, which are rows of their own tables: rules of other VPCs' groups that name
 * a group of this one, and peerings that are active or asked for.
 */
bool store_vpc_is_referenced(struct tx *tx, const char *vpc_id);
/* Does any interface of the VPC have a public address, an elastic one or another? */
bool store_vpc_has_public_addresses(struct tx *tx, const char *vpc_id);
/* Is a NAT gateway in the subnet that has not gone? */
bool store_subnet_has_nat_gateway(struct tx *tx, const char *subnet_id);
/* Deletes the route table with its routes, and the network ACL with its entries. */
void store_forget_route_table(struct tx *tx, const char *route_table_id);
void store_forget_network_acl(struct tx *tx, const char *network_acl_id);
/* Smallest number that no peering connection has. */
int64_t store_next_peering_number(struct tx *tx);
/* Removes peering connections that ended before `when`, with their tags. */
void store_forget_peering_connections(struct tx *tx, struct arena *a, int64_t when);

/*
 * Jobs. Enqueueing one that waits raises its generation and makes it due at not_before, or earlier
 * if it was; a worker that finishes generation g removes the job only if it is still g.
 */
void store_enqueue(struct tx *tx, const char *kind, const char *object_id, int64_t not_before);
/* The tree of a layer is to be looked at; the job's object is named "layers/" and the root. */
void store_enqueue_layers(struct tx *tx, const char *layer_id);
/* The trees in which there may be something to do: all but those that are one volume's layer. */
void store_enqueue_all_layers(struct tx *tx, struct arena *a);
/* Jobs that are due, longest due first, at most `max`; and when the next one is (0: none). */
struct job_list store_jobs_due(struct tx *tx, struct arena *a, int64_t now, size_t max,
                               int64_t *ret_next);
/* Finished: true when the job was removed, false when there is more to do. */
bool store_job_done(struct tx *tx, const struct job *j);
void store_job_retry(struct tx *tx, const struct job *j, int64_t not_before, const char *error);
