#pragma once
/* The parts of a VPC's plan (plan.h), each in a file of its own: inside lib/jobs only. */
#include "network/network.h"
#include "store/tables.h"

struct plan_words {
    const char **v;
    size_t n;
};

/* plan_routes.c: the route tables. */
void plan_load_tables(struct tx *tx, struct arena *a, struct net_vpc *v);
/* The number of a table that has been loaded, or -1. */
int64_t plan_table_number(const struct net_vpc *v, const char *route_table_id);
/* The blocks of a prefix list as it is now. */
struct plan_words plan_blocks_of(struct tx *tx, struct arena *a, const char *prefix_list_id);

/* plan_ports.c: the interfaces (`part` NULL: all), once the groups are there. Whatever a port is
 * read from must be in store/port_changes.sql. */
void plan_load_ports(struct tx *tx, struct arena *a, const struct net_part *part,
                     struct net_vpc *v);

/* plan_groups.c: the groups; and what their rules refer to, once the peerings are there. */
void plan_load_groups(struct tx *tx, struct arena *a, struct net_vpc *v);
void plan_load_references(struct tx *tx, struct arena *a, struct net_vpc *v);
