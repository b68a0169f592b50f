#pragma once
/*
 * The network part of a launch: which subnet, which groups, which addresses. Two forms exclude each
 * other: SubnetId, SecurityGroupId, … of the call, or one NetworkInterface.1 that has them.
 */
#include "api/capacity.h"

struct launch_network {
    const struct subnet *subnet;
    struct security_group_list groups;
    const char *private_ip; /* asked for; NULL: any */
    const char *description;
    bool wants_public_ip;
    bool delete_on_termination;
    struct address_pool private_pool;
    struct address_pool public_pool;
};

int launch_network_settle(struct call *c, const ec2_RunInstances_in *in, struct launch_network *n,
                          struct fault *f);
/* Are there addresses for that many? Lowers *count to what there is, not below `need`. */
int launch_network_reserve(struct call *c, struct launch_network *n, int64_t need, int64_t *count,
                           struct fault *f);
/* Writes the primary interface of a new instance. */
void launch_network_write(struct call *c, const ec2_RunInstances_in *in, struct launch_network *n,
                          const struct instance *i);
