#pragma once
/* IPv4 blocks, for reckoning with addresses. IPv6 blocks are only checked for their form here. */
#include <stdbool.h>
#include <stdint.h>

#define IPV4_TEXT_SIZE 16
#define CIDR_TEXT_SIZE 19

struct cidr {
    uint32_t address; /* host byte order */
    int length;       /* 0..32 */
};

/* "172.31.0.0/16"; 0 or -EINVAL. Host bits may be set: see cidr_normalize(). */
int cidr_parse(const char *text, struct cidr *ret_cidr);
/* Clears the host bits, as EC2 does with the CIDR of a rule. True when there were any. */
bool cidr_normalize(struct cidr *c);
void cidr_format(const struct cidr *c, char out[CIDR_TEXT_SIZE]);
uint32_t cidr_mask(const struct cidr *c);
bool cidr_contains(const struct cidr *c, uint32_t address);
uint64_t cidr_size(const struct cidr *c);
int ipv4_parse(const char *text, uint32_t *ret_address);
void ipv4_format(uint32_t address, char out[IPV4_TEXT_SIZE]);
/* Is it "address/length" of IPv6? */
bool cidr_is_ipv6(const char *text);
