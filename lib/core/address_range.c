#include "core/address_range.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

/* What no host of another network can have (RFC 6890). Links of ours are in 169.254.0.0/16. */
static const struct cidr unusable[] = {
    {0x00000000, 8},  /* 0.0.0.0: this network */
    {0x7f000000, 8},  /* 127.0.0.0: loopback */
    {0xa9fe0000, 16}, /* 169.254.0.0: link-local */
    {0xe0000000, 3},  /* 224.0.0.0: multicast, and what is reserved */
};

struct address_range address_range_of_block(const struct cidr *block)
{
    struct cidr c = *block;
    (void)cidr_normalize(&c);
    return (struct address_range){c.address, c.address | ~cidr_mask(&c), c.length <= 30};
}

bool address_range_contains(const struct address_range *r, uint32_t address)
{
    return address >= r->first && address <= r->last;
}

static bool overlaps(const struct address_range *a, const struct address_range *b)
{
    return a->first <= b->last && b->first <= a->last;
}

bool address_ranges_contain(const struct address_ranges *ranges, uint32_t address)
{
    for (size_t i = 0; i < ranges->n; i++)
        if (address_range_contains(&ranges->v[i], address))
            return true;
    return false;
}

const struct address_range *address_ranges_overlap(const struct address_ranges *ranges,
                                                   const struct cidr *block)
{
    const struct address_range its = address_range_of_block(block);
    for (size_t i = 0; i < ranges->n; i++)
        if (overlaps(&ranges->v[i], &its))
            return &ranges->v[i];
    return NULL;
}

struct address_range address_range_usable(const struct address_range *r)
{
    uint32_t end = r->has_ends ? 1 : 0;
    return (struct address_range){r->first + end, r->last - end, false};
}

uint64_t address_range_size(const struct address_range *r)
{
    return (uint64_t)r->last - r->first + 1;
}

size_t address_range_blocks(const struct address_range *r,
                            struct cidr out[static ADDRESS_RANGE_BLOCKS_MAX])
{
    size_t n = 0;
    uint64_t at = r->first;
    while (at <= r->last) {
        struct cidr c = {(uint32_t)at, 32};
        /* Twice as large, as long as it begins where it does and ends within the range. */
        while (c.length > 0 && (at & (UINT64_C(1) << (32 - c.length))) == 0 &&
               at + (UINT64_C(1) << (33 - c.length)) - 1 <= r->last)
            c.length--;
        out[n++] = c;
        at += cidr_size(&c);
    }
    return n;
}

void address_range_format(const struct address_range *r, char out[ADDRESS_RANGE_TEXT_SIZE])
{
    struct cidr blocks[ADDRESS_RANGE_BLOCKS_MAX];
    char first[IPV4_TEXT_SIZE];
    char last[IPV4_TEXT_SIZE];
    ipv4_format(r->first, first);
    ipv4_format(r->last, last);
    int n = 0;
    if (r->has_ends && address_range_blocks(r, blocks) == 1)
        cidr_format(&blocks[0], out);
    else if (r->first == r->last)
        n = snprintf(out, ADDRESS_RANGE_TEXT_SIZE, "%s", first);
    else
        n = snprintf(out, ADDRESS_RANGE_TEXT_SIZE, "%s-%s", first, last);
    (void)n;
}

static int parse_one(const char *word, struct address_range *ret)
{
    char first[IPV4_TEXT_SIZE];
    struct address_range r = {0};
    struct cidr block;
    const char *dash = strchr(word, '-');
    if (cidr_parse(word, &block) == 0) {
        *ret = address_range_of_block(&block);
        return 0;
    }
    if (dash != NULL && (size_t)(dash - word) >= sizeof(first))
        return -EINVAL;
    size_t len = dash == NULL ? 0 : (size_t)(dash - word);
    memcpy(first, word, len);
    first[len] = '\0';
    if (ipv4_parse(dash == NULL ? word : first, &r.first) < 0 ||
        ipv4_parse(dash == NULL ? word : dash + 1, &r.last) < 0)
        return -EINVAL;
    *ret = r;
    return 0;
}

static int check(const struct address_ranges *before, const struct address_range *r,
                 const char *word, struct err *e)
{
    char other[ADDRESS_RANGE_TEXT_SIZE];
    uint64_t all = address_range_size(r);
    if (r->first > r->last)
        return err_set(e, EINVAL, "%s ends before it begins", word);
    for (size_t i = 0; i < ARRAY_SIZE(unusable); i++) {
        const struct address_range nobodys = address_range_of_block(&unusable[i]);
        cidr_format(&unusable[i], other);
        if (overlaps(r, &nobodys))
            return err_set(e, EINVAL, "%s has addresses of %s, which no host can have", word,
                           other);
    }
    for (size_t i = 0; i < before->n; i++) {
        address_range_format(&before->v[i], other);
        if (overlaps(r, &before->v[i]))
            return err_set(e, EINVAL, "%s overlaps %s", word, other);
        all += address_range_size(&before->v[i]);
    }
    if (before->n == ADDRESS_RANGES_MAX)
        return err_set(e, E2BIG, "there are more than %d ranges", ADDRESS_RANGES_MAX);
    if (all > ADDRESS_RANGES_ADDRESSES)
        return err_set(e, E2BIG, "there are more than %llu addresses",
                       (unsigned long long)ADDRESS_RANGES_ADDRESSES);
    return 0;
}

int address_ranges_parse(const char *text, struct address_ranges *ret_ranges, struct err *e)
{
    struct address_ranges ranges = {0};
    for (const char *at = text; at[strspn(at, ", \t")] != '\0';) {
        at += strspn(at, ", \t");
        size_t len = strcspn(at, ", \t");
        char word[ADDRESS_RANGE_TEXT_SIZE];
        struct address_range r;
        int n = snprintf(word, sizeof(word), "%.*s", (int)len, at);
        if (n < 0 || n >= (int)sizeof(word) || parse_one(word, &r) < 0)
            return err_set(e, EINVAL,
                           "'%.*s' is no range of addresses such as 192.168.1.200-192.168.1.220 or "
                           "198.18.0.0/16",
                           (int)len, at);
        int result = check(&ranges, &r, word, e);
        if (result < 0)
            return result;
        ranges.v[ranges.n++] = r;
        at += len;
    }
    *ret_ranges = ranges;
    return 0;
}
