#include "core/vpc_cidr.h"

#include "base/cleanup.h"

#define BLOCK(a, b, length)                                                                        \
    {                                                                                              \
        (uint32_t)(a) << 24 | (uint32_t)(b) << 16, length                                          \
    }

static const struct cidr private_ranges[] = {BLOCK(10, 0, 8), BLOCK(172, 16, 12),
                                             BLOCK(192, 168, 16)};
/* "This network", loopback, link-local, multicast and what is beyond. */
static const struct cidr no_networks[] = {BLOCK(0, 0, 8), BLOCK(127, 0, 8), BLOCK(169, 254, 16),
                                          BLOCK(224, 0, 3)};

bool vpc_cidr_is_usable(const struct cidr *block)
{
    if (block->length < VPC_CIDR_LENGTH_MIN || block->length > VPC_CIDR_LENGTH_MAX)
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(no_networks); i++)
        if (cidr_overlaps(&no_networks[i], block))
            return false;
    return true;
}

bool vpc_cidr_is_restricted(const struct cidr *primary, const struct cidr *block)
{
    static const struct cidr amazons = BLOCK(198, 19, 16);
    static const struct cidr low_tens = BLOCK(10, 0, 15);
    static const struct cidr first_ten = BLOCK(10, 0, 16);
    static const struct cidr twelves = BLOCK(172, 16, 12);
    static const struct cidr defaults = BLOCK(172, 31, 16);
    for (size_t i = 0; i < ARRAY_SIZE(private_ranges); i++)
        if (cidr_overlaps(&private_ranges[i], block) && !cidr_covers(&private_ranges[i], primary))
            return true;
    return (cidr_overlaps(&amazons, block) && !cidr_covers(&amazons, primary)) ||
           (cidr_covers(&low_tens, primary) && cidr_overlaps(&first_ten, block)) ||
           (cidr_covers(&twelves, primary) && cidr_overlaps(&defaults, block));
}
