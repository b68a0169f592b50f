#pragma once
/*
 * Network ACLs: stateless, numbered rules at the edge of a subnet (AWS: "Control subnet traffic
 * with network access control lists"). Every subnet is in exactly one.
 */
#include <stdbool.h>
#include <stdint.h>

#define ACL_RULE_MAX      32766 /* numbers that a caller may give */
#define ACL_RULE_LAST     32767 /* "*": denies what no other decided; it has no row */
#define ACL_PROTOCOL_ALL  (-1)
#define ACL_ENTRIES_QUOTA 20 /* AWS: in one direction, for IPv4 and IPv6 each */

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
