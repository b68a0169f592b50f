#include "core/cidr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

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

bool cidr_is_ipv6(const char *text)
{
    char address[INET6_ADDRSTRLEN];
    int length = 0;
    struct in6_addr a;
    return split(text, 128, address, sizeof(address), &length) == 0 &&
           inet_pton(AF_INET6, address, &a) == 1;
}
