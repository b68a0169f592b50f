#include "core/cidr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/text.h"

/* Splits "address/length"; the length is decimal without sign and at most `max`. */
static int split(const char *text, int max, char *address, size_t size, int *ret_length)
{
    const char *slash = strchr(text, '/');
    if (slash == NULL || (size_t)(slash - text) >= size)
        return -EINVAL;
    size_t digits = strspn(slash + 1, "0123456789");
    int64_t length = 0;
    if (digits == 0 || digits > 3 || slash[1 + digits] != '\0' ||
        parse_int64(slash + 1, &length) < 0 || length > max)
        return -EINVAL;
    memcpy(address, text, (size_t)(slash - text));
    address[slash - text] = '\0';
    *ret_length = (int)length;
    return 0;
}

int ipv4_parse(const char *text, uint32_t *ret_address)
{
    struct in_addr a;
    if (inet_pton(AF_INET, text, &a) != 1)
        return -EINVAL;
    *ret_address = ntohl(a.s_addr);
    return 0;
}

void ipv4_format(uint32_t address, char out[IPV4_TEXT_SIZE])
{
    int n = snprintf(out, IPV4_TEXT_SIZE, "%u.%u.%u.%u", address >> 24, address >> 16 & 255,
                     address >> 8 & 255, address & 255);
    (void)n;
}

int cidr_parse(const char *text, struct cidr *ret_cidr)
{
    char address[IPV4_TEXT_SIZE];
    struct cidr c;
    if (split(text, 32, address, sizeof(address), &c.length) < 0 ||
        ipv4_parse(address, &c.address) < 0)
        return -EINVAL;
    *ret_cidr = c;
    return 0;
}

uint32_t cidr_mask(const struct cidr *c)
{
    return c->length == 0 ? 0 : UINT32_MAX << (32 - c->length);
}

bool cidr_normalize(struct cidr *c)
{
    uint32_t clean = c->address & cidr_mask(c);
    bool had = clean != c->address;
    c->address = clean;
    return had;
}

void cidr_format(const struct cidr *c, char out[CIDR_TEXT_SIZE])
{
    char address[IPV4_TEXT_SIZE];
    ipv4_format(c->address, address);
    int n = snprintf(out, CIDR_TEXT_SIZE, "%s/%d", address, c->length);
    (void)n;
}

bool cidr_contains(const struct cidr *c, uint32_t address)
{
    return ((address ^ c->address) & cidr_mask(c)) == 0;
}

uint64_t cidr_size(const struct cidr *c)
{
    return UINT64_C(1) << (32 - c->length);
}

bool cidr_overlaps(const struct cidr *a, const struct cidr *b)
{
    return cidr_contains(a, b->address) || cidr_contains(b, a->address);
}

bool cidr_covers(const struct cidr *outer, const struct cidr *inner)
{
    return inner->length >= outer->length && cidr_contains(outer, inner->address);
}

/* --- IPv6 */

int ipv6_parse(const char *text, struct ipv6 *ret_address)
{
    struct in6_addr a;
    if (inet_pton(AF_INET6, text, &a) != 1)
        return -EINVAL;
    memcpy(ret_address->bytes, a.s6_addr, sizeof(ret_address->bytes));
    return 0;
}

void ipv6_format(const struct ipv6 *address, char out[IPV6_TEXT_SIZE])
{
    struct in6_addr a;
    memcpy(a.s6_addr, address->bytes, sizeof(a.s6_addr));
    const char *written = inet_ntop(AF_INET6, &a, out, IPV6_TEXT_SIZE);
    CHECK(written != NULL); /* the buffer is large enough for any */
}

int cidr6_parse(const char *text, struct cidr6 *ret_cidr)
{
    char address[IPV6_TEXT_SIZE];
    struct cidr6 c;
    if (split(text, 128, address, sizeof(address), &c.length) < 0 ||
        ipv6_parse(address, &c.address) < 0)
        return -EINVAL;
    *ret_cidr = c;
    return 0;
}

/* The bits of byte `i` that a prefix of this length decides. */
static uint8_t mask6(int length, int i)
{
    int bits = length - 8 * i;
    return (uint8_t)(bits >= 8 ? 0xff : bits <= 0 ? 0 : 0xff << (8 - bits));
}

bool cidr6_normalize(struct cidr6 *c)
{
    bool had = false;
    for (int i = 0; i < 16; i++) {
        uint8_t clean = c->address.bytes[i] & mask6(c->length, i);
        had = had || clean != c->address.bytes[i];
        c->address.bytes[i] = clean;
    }
    return had;
}

void cidr6_format(const struct cidr6 *c, char out[CIDR6_TEXT_SIZE])
{
    char address[IPV6_TEXT_SIZE];
    ipv6_format(&c->address, address);
    int n = snprintf(out, CIDR6_TEXT_SIZE, "%s/%d", address, c->length);
    (void)n;
}

bool cidr6_contains(const struct cidr6 *c, const struct ipv6 *address)
{
    for (int i = 0; i < 16; i++)
        if (((c->address.bytes[i] ^ address->bytes[i]) & mask6(c->length, i)) != 0)
            return false;
    return true;
}

bool cidr6_overlaps(const struct cidr6 *a, const struct cidr6 *b)
{
    return cidr6_contains(a, &b->address) || cidr6_contains(b, &a->address);
}

bool cidr6_covers(const struct cidr6 *outer, const struct cidr6 *inner)
{
    return inner->length >= outer->length && cidr6_contains(outer, &inner->address);
}

bool cidr6_nth(const struct cidr6 *outer, int length, uint32_t number, struct cidr6 *ret_cidr)
{
    int bits = length - outer->length;
    if (bits < 0 || length > 128 || (bits < 32 && number >> bits != 0))
        return false;
    struct cidr6 c = *outer;
    (void)cidr6_normalize(&c);
    c.length = length;
    for (int bit = 0; bit < 32 && bit < bits; bit++) {
        int at = length - 1 - bit;
        if ((number >> bit & 1) != 0)
            c.address.bytes[at / 8] |= (uint8_t)(0x80 >> at % 8);
    }
    *ret_cidr = c;
    return true;
}

bool cidr_is_ipv6(const char *text)
{
    struct cidr6 c;
    return cidr6_parse(text, &c) == 0;
}
