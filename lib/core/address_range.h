#pragma once
/*
 * Ranges of public IPv4 addresses, as the owner of the server writes them down:
 *
 *     192.168.1.200-192.168.1.220   each of these addresses
 *     198.18.0.0/16                 a block: all of its addresses but the first and the last,
 *                                   which are the network's own and its broadcast address
 *     203.0.113.7                   this one
 *
 * Pure.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/cidr.h"

#define ADDRESS_RANGES_MAX       16
#define ADDRESS_RANGES_ADDRESSES ((uint64_t)1 << 20) /* in all of them together */
#define ADDRESS_RANGE_BLOCKS_MAX 64                  /* that one range may come to */
#define ADDRESS_RANGE_TEXT_SIZE  32

struct address_range {
    uint32_t first; /* host byte order */
    uint32_t last;  /* is part of it */
    bool has_ends;  /* the first and the last are given to nobody */
};

struct address_ranges {
    struct address_range v[ADDRESS_RANGES_MAX];
    size_t n;
};

/*
 * Ranges with commas or blanks between. -EINVAL: it is none, is reversed, overlaps another, is of
 * addresses that no host can have; -E2BIG: there are too many.
 */
int address_ranges_parse(const char *text, struct address_ranges *ret_ranges, struct err *e);
struct address_range address_range_of_block(const struct cidr *block);
/* As it was written. */
void address_range_format(const struct address_range *r, char out[ADDRESS_RANGE_TEXT_SIZE]);
bool address_range_contains(const struct address_range *r, uint32_t address);
bool address_ranges_contain(const struct address_ranges *ranges, uint32_t address);
/* The one that has an address of the block, whose host bits are clear; NULL: none has. */
const struct address_range *address_ranges_overlap(const struct address_ranges *ranges,
                                                   const struct cidr *block);
/* The addresses that are given out: those of the range without its ends. */
struct address_range address_range_usable(const struct address_range *r);
uint64_t address_range_size(const struct address_range *r);
/* The blocks that the range is made of, in order: as few as can be. Returns how many. */
size_t address_range_blocks(const struct address_range *r,
                            struct cidr out[static ADDRESS_RANGE_BLOCKS_MAX]);
