#pragma once
/* Addresses and blocks of either family in one type, for the kernel's routes. Pure. */
#include <stdbool.h>
#include <stdint.h>

#include "core/cidr.h"

struct net_ip {
    bool is_ipv6;
    uint8_t bytes[16]; /* network byte order; IPv4 in the first four */
};

struct net_block {
    struct net_ip address; /* host bits are clear */
    int length;
};

#define NET_IP_TEXT_SIZE    IPV6_TEXT_SIZE
#define NET_BLOCK_TEXT_SIZE CIDR6_TEXT_SIZE

struct net_ip net_ip_of_ipv4(uint32_t address);
/* Of one that is not IPv6, in host byte order. */
uint32_t net_ip_ipv4(const struct net_ip *ip);
/* 0 or -EINVAL; host bits of a block are cleared. */
int net_ip_parse(const char *text, struct net_ip *ret_ip);
int net_block_parse(const char *text, struct net_block *ret_block);
bool net_ip_equal(const struct net_ip *a, const struct net_ip *b);
/* fe80::/10 */
bool net_ip_is_link_local(const struct net_ip *ip);
void net_ip_format(const struct net_ip *ip, char out[NET_IP_TEXT_SIZE]);
void net_block_format(const struct net_block *block, char out[NET_BLOCK_TEXT_SIZE]);
/* The block of this one address. */
struct net_block net_block_of(const struct net_ip *ip);
struct net_block net_block_all(bool is_ipv6);
/* The n-th address of the block. */
struct net_ip net_block_nth(const struct net_block *block, uint8_t n);
bool net_block_covers(const struct net_block *outer, const struct net_block *inner);
/* IPv4 first, then by address, the wider first. */
int net_block_compare(const struct net_block *a, const struct net_block *b);
