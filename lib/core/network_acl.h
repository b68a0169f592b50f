#pragma once
/*
 * Network ACLs: stateless, numbered rules at the edge of a subnet (AWS: "Control subnet traffic
 * with network access control lists"). Every subnet is in exactly one.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "core/fault.h"

#define ACL_RULE_MAX       32766 /* numbers that a caller may give */
#define ACL_RULE_LAST      32767 /* "*": denies what no other decided; it has no row */
#define ACL_RULE_LAST_IPV6 32768 /* the same, where the VPC has IPv6 */
#define ACL_PROTOCOL_ALL   (-1)
#define ACL_ENTRIES_QUOTA  20 /* AWS: in one direction, for IPv4 and IPv6 each */
#define ACLS_PER_VPC       200

struct network_acl {
    const char *id; /* acl-… */
    const char *account_id;
    const char *region;
    const char *vpc_id;
    bool is_default;
};

/* Exactly one of the blocks is set. Ports of tcp and udp, type and code of icmp; -1: any, or none.
 */
struct network_acl_entry {
    const char *network_acl_id;
    bool is_egress;
    int64_t rule_number;
    int64_t protocol; /* its number; -1: all */
    bool is_allow;
    const char *cidr_ipv4;
    const char *cidr_ipv6;
    int64_t from_port;
    int64_t to_port;
    int64_t icmp_type;
    int64_t icmp_code;
};

struct network_acl_association {
    const char *id; /* aclassoc-… */
    const char *network_acl_id;
    const char *vpc_id;
    const char *subnet_id;
};

/* An entry as a caller writes it. Numbers that are not given are NULL. */
struct network_acl_request {
    int64_t rule_number;
    const char *protocol; /* "6", "tcp", "-1", "all" */
    bool is_egress;
    bool is_allow;
    const char *cidr_ipv4; /* host bits are cleared: EC2 does so and says nothing */
    const char *cidr_ipv6;
    const int64_t *from_port;
    const int64_t *to_port;
    const int64_t *icmp_type;
    const int64_t *icmp_code;
};

/*
 * The one form that rows have. What the protocol does not need is left out of it: only tcp and udp
 * have ports, only icmp for IPv4 and icmpv6 for IPv6 type and code (AWS: CreateNetworkAclEntry).
 */
int network_acl_entry_make(struct arena *a, const char *acl_id,
                           const struct network_acl_request *asked, struct network_acl_entry *ret,
                           struct fault *f);
/* May a caller write, replace or delete the rule of this number? */
int network_acl_check_number(int64_t rule_number, struct fault *f);
bool network_acl_entry_has_ports(const struct network_acl_entry *entry);
bool network_acl_entry_has_icmp(const struct network_acl_entry *entry);
