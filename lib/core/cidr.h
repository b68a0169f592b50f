#pragma once
/*
 * Addresses and blocks of them, for reckoning: struct cidr of IPv4, struct cidr6 of IPv6.
 *
 * Text is parsed strictly ("172.31.0.0/16", no leading or trailing blanks) and written in its one
 * canonical form (RFC 5952 for IPv6). Host bits may be set in what is parsed: see
 * cidr_normalize() and cidr6_normalize().
 */
#include <stdbool.h>
#include <stdint.h>

#define IPV4_TEXT_SIZE  16
#define CIDR_TEXT_SIZE  19
#define IPV6_TEXT_SIZE  46
#define CIDR6_TEXT_SIZE 50

struct cidr {
    uint32_t address; /* host byte order */
    int length;       /* 0..32 */
};

struct ipv6 {
    uint8_t bytes[16]; /* network byte order */
};

struct cidr6 {
    struct ipv6 address;
    int length; /* 0..128 */
};

/* "172.31.0.0/16"; 0 or -EINVAL. */
int cidr_parse(const char *text, struct cidr *ret_cidr);
/* Clears the host bits, as EC2 does with the CIDR of a rule. True when there were any. */
bool cidr_normalize(struct cidr *c);
void cidr_format(const struct cidr *c, char out[CIDR_TEXT_SIZE]);
uint32_t cidr_mask(const struct cidr *c);
bool cidr_contains(const struct cidr *c, uint32_t address);
uint64_t cidr_size(const struct cidr *c);
int ipv4_parse(const char *text, uint32_t *ret_address);
void ipv4_format(uint32_t address, char out[IPV4_TEXT_SIZE]);
/* Have the blocks, whose host bits are clear, an address in common? */
bool cidr_overlaps(const struct cidr *a, const struct cidr *b);
/* Is every address of `inner` one of `outer`? */
bool cidr_covers(const struct cidr *outer, const struct cidr *inner);

/* "fd00:ec2::/56"; 0 or -EINVAL. */
int cidr6_parse(const char *text, struct cidr6 *ret_cidr);
bool cidr6_normalize(struct cidr6 *c);
void cidr6_format(const struct cidr6 *c, char out[CIDR6_TEXT_SIZE]);
bool cidr6_contains(const struct cidr6 *c, const struct ipv6 *address);
bool cidr6_overlaps(const struct cidr6 *a, const struct cidr6 *b);
bool cidr6_covers(const struct cidr6 *outer, const struct cidr6 *inner);
/*
 * The block of this length and number in another: number 1 of length 64 in fd00::/56 is
 * fd00:0:0:1::/64. False when there is none. At most 32 bits are counted in.
 */
bool cidr6_nth(const struct cidr6 *outer, int length, uint32_t number, struct cidr6 *ret_cidr);
int ipv6_parse(const char *text, struct ipv6 *ret_address);
void ipv6_format(const struct ipv6 *address, char out[IPV6_TEXT_SIZE]);
/* Is it "address/length" of IPv6? */
bool cidr_is_ipv6(const char *text);
