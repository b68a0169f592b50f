#pragma once
/* The security groups of a network interface. */
#include "api/call.h"

/* In the order in which they were named. */
struct security_group_list groups_of_interface(struct call *c, const char *interface_id);
/* Gives the interface these groups and no others, and has its VPC's rules follow. */
int interface_set_groups(struct call *c, const struct network_interface *n,
                         const struct wire_strings *ids, struct fault *f);
/* The groups that a new interface of the subnet is to be in: these, or the VPC's default one. */
int interface_groups_settle(struct call *c, const struct subnet *subnet,
                            const struct wire_strings *ids, struct security_group_list *ret,
                            struct fault *f);
/* Adds one more, unless it is there. */
int interface_group_add(struct call *c, const struct subnet *subnet, const struct security_group *g,
                        struct security_group_list *to, struct fault *f);
