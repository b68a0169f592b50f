#pragma once
/*
 * What the ports of a VPC are made from. These questions read no column that a port does not need,
 * and each is asked of all interfaces of a VPC or of one of them.
 */
#include "store/queries.h"

struct port_row {
    const char *interface_id;
    const char *instance_id; /* NULL: not attached */
    bool is_first;           /* of its instance */
    const char *subnet_id;
    const char *private_ip;
    const char *public_ip; /* NULL: none, but for an elastic one */
    const char *mac;
    const char *tap;
    bool source_dest_check;
};
struct port_row_list {
    struct port_row *v;
    size_t n;
};
/* The interfaces of a VPC, by id; `interface_id` NULL: all, else the one, if it is of the VPC. */
struct port_row_list store_port_rows(struct tx *tx, struct arena *a, const char *vpc_id,
                                     const char *interface_id);

/* What an instance is called. */
struct instance_name {
    const char *id;
    const char *hostname_type;
    bool resource_name_a;
    bool resource_name_aaaa;
};
struct instance_name_list {
    struct instance_name *v;
    size_t n;
};
/* Of the instances of a VPC, by id; `instance_id` NULL: all, else the one, if it is of the VPC. */
struct instance_name_list store_instance_names(struct tx *tx, struct arena *a, const char *vpc_id,
                                               const char *instance_id);

/* The elastic addresses that have a name in the reverse zone, by id. */
struct reverse_name {
    const char *public_ip;
    const char *domain_name;
};
struct reverse_name_list {
    struct reverse_name *v;
    size_t n;
};
struct reverse_name_list store_reverse_names(struct tx *tx, struct arena *a);

/* The ids of the interfaces in a group, in order; those of other VPCs among them. */
struct text_list store_interfaces_in_group(struct tx *tx, struct arena *a, const char *group_id);
/* The private addresses, IPv4 and IPv6, of a group's members in a VPC, sorted as text. */
struct text_list store_addresses_in_group(struct tx *tx, struct arena *a, const char *group_id,
                                          const char *vpc_id);
