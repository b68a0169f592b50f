#include "network/block.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static size_t size_of(const struct net_ip *ip)
{
    return ip->is_ipv6 ? 16 : 4;
}

struct net_ip net_ip_of_ipv4(uint32_t address)
{
    return (struct net_ip){.bytes = {(uint8_t)(address >> 24), (uint8_t)(address >> 16),
                                     (uint8_t)(address >> 8), (uint8_t)address}};
}

static struct net_ip of_ipv6(const struct ipv6 *address)
{
    struct net_ip ip = {.is_ipv6 = true};
    memcpy(ip.bytes, address->bytes, sizeof(ip.bytes));
    return ip;
}

uint32_t net_ip_ipv4(const struct net_ip *ip)
{
    return (uint32_t)ip->bytes[0] << 24 | (uint32_t)ip->bytes[1] << 16 |
           (uint32_t)ip->bytes[2] << 8 | ip->bytes[3];
}

int net_ip_parse(const char *text, struct net_ip *ret_ip)
{
    uint32_t ipv4 = 0;
    struct ipv6 ipv6;
    if (text == NULL)
        return -EINVAL;
    if (ipv4_parse(text, &ipv4) == 0)
        *ret_ip = net_ip_of_ipv4(ipv4);
    else if (ipv6_parse(text, &ipv6) == 0)
        *ret_ip = of_ipv6(&ipv6);
    else
        return -EINVAL;
    return 0;
}

bool net_ip_equal(const struct net_ip *a, const struct net_ip *b)
{
    return a->is_ipv6 == b->is_ipv6 && memcmp(a->bytes, b->bytes, size_of(a)) == 0;
}

bool net_ip_is_link_local(const struct net_ip *ip)
{
    return ip->is_ipv6 && ip->bytes[0] == 0xfe && (ip->bytes[1] & 0xc0) == 0x80;
}

int net_block_parse(const char *text, struct net_block *ret_block)
{
    struct cidr ipv4;
    struct cidr6 ipv6;
    if (text == NULL)
        return -EINVAL;
    if (cidr_parse(text, &ipv4) == 0) {
        (void)cidr_normalize(&ipv4);
        *ret_block = (struct net_block){net_ip_of_ipv4(ipv4.address), ipv4.length};
    } else if (cidr6_parse(text, &ipv6) == 0) {
        (void)cidr6_normalize(&ipv6);
        *ret_block = (struct net_block){of_ipv6(&ipv6.address), ipv6.length};
    } else {
        return -EINVAL;
    }
    return 0;
}

void net_ip_format(const struct net_ip *ip, char out[NET_IP_TEXT_SIZE])
{
    struct ipv6 ipv6;
    memcpy(ipv6.bytes, ip->bytes, sizeof(ipv6.bytes));
    if (ip->is_ipv6)
        ipv6_format(&ipv6, out);
    else
        ipv4_format(net_ip_ipv4(ip), out);
}

void net_block_format(const struct net_block *block, char out[NET_BLOCK_TEXT_SIZE])
{
    net_ip_format(&block->address, out);
    size_t len = strlen(out);
    int n = snprintf(out + len, NET_BLOCK_TEXT_SIZE - len, "/%d", block->length);
    (void)n;
}

struct net_block net_block_of(const struct net_ip *ip)
{
    return (struct net_block){*ip, ip->is_ipv6 ? 128 : 32};
}

struct net_block net_block_all(bool is_ipv6)
{
    return (struct net_block){.address.is_ipv6 = is_ipv6};
}

struct net_ip net_block_nth(const struct net_block *block, uint8_t n)
{
    /* Subnets are no smaller than /28: it fits without a carry. */
    struct net_ip ip = block->address;
    ip.bytes[size_of(&ip) - 1] = (uint8_t)(ip.bytes[size_of(&ip) - 1] + n);
    return ip;
}

bool net_block_covers(const struct net_block *outer, const struct net_block *inner)
{
    if (outer->address.is_ipv6 != inner->address.is_ipv6 || outer->length > inner->length)
        return false;
    size_t whole = (size_t)outer->length / 8;
    int rest = outer->length % 8;
    uint8_t mask = (uint8_t)(0xff00 >> rest);
    return memcmp(outer->address.bytes, inner->address.bytes, whole) == 0 &&
           (rest == 0 || ((outer->address.bytes[whole] ^ inner->address.bytes[whole]) & mask) == 0);
}

int net_block_compare(const struct net_block *a, const struct net_block *b)
{
    if (a->address.is_ipv6 != b->address.is_ipv6)
        return a->address.is_ipv6 ? 1 : -1;
    int c = memcmp(a->address.bytes, b->address.bytes, sizeof(a->address.bytes));
    return c != 0 ? c : a->length - b->length;
}
