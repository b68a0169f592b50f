#pragma once
/*
 * VPC, subnet, network interface, address, security group: the rows of the network. Routes, network
 * ACLs, peerings and prefix lists have headers of their own.
 *
 * Addresses are text in rows (as EC2 shows them) and struct cidr where they are computed with.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* network_error of a VPC that nobody has made yet. */
#define VPC_UNMADE        "its network has not been made yet"
#define DHCP_OPTIONS_NONE "default" /* dhcp_options_id of a VPC without any, as EC2 shows it */

struct vpc {
    const char *id;
    const char *account_id;
    const char *region;
    const char *cidr_block;
    const char *cidr_association_id;
    bool is_default;
    const char *dhcp_options_id;
    int64_t created_at;
    int64_t number; /* small and unique on the server: names the edge link and its addresses */
    const char *instance_tenancy;
    bool enable_dns_support;
    bool enable_dns_hostnames;
    bool enable_usage_metrics;
    const char *network_error; /* why the machine does not have what the rows say; NULL: it has */
};

/* A block of a VPC beside its first. */
struct vpc_cidr_block {
    const char *id; /* vpc-cidr-assoc-… */
    const char *account_id;
    const char *region;
    const char *vpc_id;
    const char *cidr_block;
    bool is_ipv6;
};

/* A part of a subnet's block from which no address is given out unasked. */
struct subnet_cidr_reservation {
    const char *id; /* scr-… */
    const char *account_id;
    const char *region;
    const char *subnet_id;
    const char *cidr_block;
    bool is_ipv6;
    const char *reservation_type; /* "explicit": for who names an address; "prefix" */
    const char *description;      /* NULL: none */
};

/* A VPC whose dhcp_options_id is "default" has none: its guests get addresses and no names. */
struct dhcp_options {
    const char *id; /* dopt-… */
    const char *account_id;
    const char *region;
};

struct dhcp_option {
    const char *dhcp_options_id;
    const char *name;  /* domain-name-servers, domain-name, ntp-servers, … */
    const char *value; /* several with commas between */
};

struct subnet {
    const char *id;
    const char *account_id;
    const char *region;
    const char *vpc_id;
    const char *zone;
    const char *cidr_block;
    bool default_for_az;
    bool map_public_ip_on_launch;
    int64_t number;                  /* small and unique within the VPC: names the bridge */
    const char *ipv6_cidr_block;     /* NULL: none */
    const char *ipv6_association_id; /* subnet-cidr-assoc-… */
    bool ipv6_native;
    bool assign_ipv6_on_creation;
    bool enable_dns64;
    const char *hostname_type; /* "ip-name", "resource-name" */
    bool resource_name_a;      /* DNS answers for i-….ec2.internal */
    bool resource_name_aaaa;
};

struct network_interface {
    const char *id; /* eni-… */
    const char *account_id;
    const char *region;
    const char *vpc_id;
    const char *subnet_id;
    const char *zone;
    const char *private_ip;
    const char *public_ip; /* NULL: none */
    const char *mac;
    const char *description;
    bool source_dest_check;
    bool wants_public_ip;    /* an address of the pool whenever the instance starts */
    const char *instance_id; /* NULL: not attached */
    const char *attachment_id;
    int64_t device_index;
    bool delete_on_termination;
    int64_t attached_at;
    const char *tap;            /* name of the tap device, at most 15 characters */
    const char *interface_type; /* "interface", "nat_gateway" */
    const char *requester_id;   /* the service that has it; NULL: it is the account's own */
    int attachment_state;       /* enum attachment_state, of core/volume.h */
    bool detach_forced;         /* gives the guest only so much time to let go of it */
};

/* An address of an interface beside its first: secondary IPv4, or IPv6. */
struct interface_address {
    const char *interface_id;
    const char *address;
    const char *vpc_id;
    const char *subnet_id;
    bool is_ipv6;
    int64_t position;    /* the order in which they came */
    int64_t drain_until; /* of a NAT gateway: then it goes; 0: it stays */
};

/* An elastic IP address. Associated, it stands before one private address of an interface. */
struct address {
    const char *id; /* eipalloc-… */
    const char *account_id;
    const char *region;
    const char *public_ip;
    const char *association_id; /* eipassoc-…; this and the next two NULL: free */
    const char *interface_id;
    const char *private_ip;
    const char *domain_name; /* of its reverse record; NULL: EC2's own */
};

struct security_group {
    const char *id; /* sg-… */
    const char *account_id;
    const char *region;
    const char *vpc_id;
    const char *name;
    const char *description;
    int64_t created_at;
};

/* One rule, one source: what EC2 calls a security group rule. Exactly one of the four is set. */
struct security_group_rule {
    const char *id; /* sgr-… */
    const char *account_id;
    const char *region;
    const char *group_id;
    bool is_egress;
    const char *protocol; /* "tcp", "udp", "icmp", "icmpv6", "-1" or a number */
    int64_t from_port;    /* icmp: type; -1: any */
    int64_t to_port;      /* icmp: code; -1: any */
    const char *cidr_ipv4;
    const char *cidr_ipv6;
    const char *prefix_list_id;
    const char *referenced_group_id;
    const char *description; /* NULL: none */
    const char *peer_vpc_id; /* of a group behind a peering, which may have gone since; else NULL */
    const char *peering_id;
};

/* Membership of an interface in a group. */
struct interface_group {
    const char *interface_id;
    const char *group_id;
    int64_t position; /* the order in which the groups were named */
};
