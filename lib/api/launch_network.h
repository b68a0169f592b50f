#pragma once
/*
 * The network part of a launch: its interfaces, with their subnets, groups and addresses. Two forms
 * exclude each other: SubnetId, SecurityGroupId, … of the call, which make one interface, or
 * NetworkInterface.1, … that have them each for itself.
 */
#include "api/interface_make.h"

/* One interface that each instance has; or the instance, when it is one that is there already. */
struct launch_interface {
    int64_t device_index;
    const struct network_interface *existing; /* NULL: it is made */
    const struct subnet *subnet;
    struct security_group_list groups;
    struct interface_wish wish;
    const char *description;
    bool wants_public_ip;
    bool delete_on_termination;
    struct address_pool *pool; /* shared by those of one subnet; NULL: it is there already */
};

struct launch_network {
    const struct subnet *subnet; /* of the first */
    struct launch_interface *v;  /* by device index, from 0 */
    size_t n;
    struct address_pool public_pool;
};

/* What the request says of interfaces, in one form: in the order of their device indexes, each with
 * what may be said of it beside the others. The names of groups stay in the request. */
int launch_interfaces_read(struct call *c, const ec2_RunInstances_in *in,
                           struct ec2_InstanceNetworkInterfaceSpecificationList *ret,
                           struct fault *f);

int launch_network_settle(struct call *c, const ec2_RunInstances_in *in,
                          const struct instance_type *type, struct launch_network *n,
                          struct fault *f);
/* Are there addresses for that many? Lowers *count to what there is, not below `need`. */
int launch_network_reserve(struct call *c, struct launch_network *n, int64_t need, int64_t *count,
                           struct fault *f);
/* Writes the interfaces of a new instance. */
void launch_network_write(struct call *c, const ec2_RunInstances_in *in, struct launch_network *n,
                          const struct instance *i);
