#pragma once
/*
 * Options that a launch may choose and that can be changed later: metadata service, CPU credits,
 * processor cores, recovery, names. For what the request leaves open the account's own defaults
 * count, then EC2's.
 */
#include "api/call.h"

struct launch_options {
    const char *http_tokens;
    const char *http_endpoint;
    const char *http_protocol_ipv6;
    const char *instance_metadata_tags;
    int64_t http_put_response_hop_limit;
    const char *cpu_credits; /* NULL: not of a burstable type */
    int64_t cores;
    int64_t threads_per_core;
    const char *auto_recovery;
    const char *hostname_type; /* NULL, and the next not set: as the subnet has it */
    struct opt_bool resource_name_a;
    struct opt_bool resource_name_aaaa;
};

int launch_options_settle(struct call *c, const ec2_RunInstances_in *in,
                          const struct instance_type *type, struct launch_options *ret,
                          struct fault *f);
void launch_options_write(const struct launch_options *o, const struct subnet *subnet,
                          struct instance *i);
