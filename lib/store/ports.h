#pragma once
/*
 * What the ports of a VPC are made from. A VPC is planned with all its interfaces after each change
 * of it, so these questions read no column that a port does not need.
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
/* The interfaces of a VPC, by id. */
struct port_row_list store_port_rows(struct tx *tx, struct arena *a, const char *vpc_id);

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
/* Of the instances of a VPC, by id. */
struct instance_name_list store_instance_names(struct tx *tx, struct arena *a, const char *vpc_id);

/* The ids of the interfaces in a group, in order; those of other VPCs among them. */
struct text_list store_interfaces_in_group(struct tx *tx, struct arena *a, const char *group_id);
/* The private addresses, IPv4 and IPv6, of a group's members in a VPC, sorted as text. */
struct text_list store_addresses_in_group(struct tx *tx, struct arena *a, const char *group_id,
                                          const char *vpc_id);
