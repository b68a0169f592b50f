#pragma once
/* The security groups of a network interface. */
#include "api/call.h"

/* In the order in which they were named. */
struct security_group_list groups_of_interface(struct call *c, const char *interface_id);
/* Gives the interface these groups and no others, and has its VPC's rules follow. */
int interface_set_groups(struct call *c, const struct network_interface *n,
                         const struct wire_strings *ids, struct fault *f);
