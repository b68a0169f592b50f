#include "jobs/public_addresses.h"

#include <errno.h>

#include "store/queries.h"

static int check_block(const struct address_ranges *ranges, const char *vpc_id, const char *text,
                       struct err *e)
{
    struct cidr block;
    char overlapped[ADDRESS_RANGE_TEXT_SIZE];
    if (cidr_parse(text, &block) < 0)
        return 0; /* of IPv6 */
    const struct address_range *r = address_ranges_overlap(ranges, &block);
    if (r == NULL)
        return 0;
    address_range_format(r, overlapped);
    return err_set(e, EINVAL, "public_addresses: %s overlaps %s of %s", overlapped, text, vpc_id);
}

static int check_blocks(struct tx *tx, struct arena *a, const struct address_ranges *ranges,
                        struct err *e)
{
    struct vpc_list vpcs = store_vpcs(tx, a);
    struct vpc_cidr_block_list more = store_vpc_cidr_blocks(tx, a);
    int r = 0;
    for (size_t i = 0; i < vpcs.n && r == 0; i++)
        r = check_block(ranges, vpcs.v[i].id, vpcs.v[i].cidr_block, e);
    for (size_t i = 0; i < more.n && r == 0; i++)
        r = check_block(ranges, more.v[i].vpc_id, more.v[i].cidr_block, e);
    return r;
}

static int check_used(const struct address_ranges *ranges, const struct text_list *used,
                      struct err *e)
{
    const char *first = NULL;
    size_t n = 0;
    for (size_t i = 0; i < used->n; i++) {
        uint32_t address = 0;
        if (ipv4_parse(used->v[i], &address) < 0 || address_ranges_contain(ranges, address))
            continue;
        first = first == NULL ? used->v[i] : first;
        n++;
    }
    return n == 0 ? 0
                  : err_set(e, EINVAL,
                            "public_addresses: %s is in use, one of %zu that are of none of the "
                            "ranges; put the range that they are from behind the others (addresses "
                            "are drawn from the first one that has any) until they are given back",
                            first, n);
}

int public_addresses_check(struct store *s, const struct address_ranges *ranges, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct tx *tx = store_read(s);
    int r = check_blocks(tx, a, ranges, e);
    struct text_list used = store_public_ips(tx, a);
    int ended = tx_commit(tx, e);
    if (ended < 0)
        return ended;
    return r < 0 ? r : check_used(ranges, &used, e);
}
