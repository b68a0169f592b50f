/* Ranges of public addresses: as an owner writes them, and what may be one beside the network. */
#include "core/address_range.h"

#include <errno.h>
#include <string.h>

#include "network/edge_lan.h"
#include "unit.h"

static struct address_ranges ranges_of(const char *text)
{
    struct address_ranges ranges;
    struct err e = {0};
    ck_assert_msg(address_ranges_parse(text, &ranges, &e) == 0, "%s: %s", text, e.message);
    return ranges;
}

static uint32_t address_of(const char *text)
{
    uint32_t address = 0;
    ck_assert_int_eq(ipv4_parse(text, &address), 0);
    return address;
}

START_TEST(a_range_is_written_in_three_ways)
{
    static const struct {
        const char *text, *form;
        uint64_t usable;
    } rows[] = {
        {"192.168.1.200-192.168.1.220", "192.168.1.200-192.168.1.220", 21},
        {"192.168.1.200-192.168.1.200", "192.168.1.200", 1},
        {"192.168.1.200", "192.168.1.200", 1},
        {"198.18.0.0/16", "198.18.0.0/16", 65534},
        {"198.18.3.4/29", "198.18.3.0/29", 6},
        {"198.18.0.0/30", "198.18.0.0/30", 2},
        {"198.18.0.0-198.18.0.3", "198.18.0.0-198.18.0.3", 4},
        {"198.18.0.0/31", "198.18.0.0-198.18.0.1", 2},
        {"198.18.0.9/32", "198.18.0.9", 1},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct address_ranges ranges = ranges_of(rows[i].text);
        char form[ADDRESS_RANGE_TEXT_SIZE];
        ck_assert_uint_eq(ranges.n, 1);
        address_range_format(&ranges.v[0], form);
        ck_assert_str_eq(form, rows[i].form);
        struct address_range usable = address_range_usable(&ranges.v[0]);
        ck_assert_uint_eq(address_range_size(&usable), rows[i].usable);
    }
    ck_assert_uint_eq(ranges_of(" ").n, 0);
    ck_assert_uint_eq(ranges_of("10.0.0.1, 10.0.0.3-10.0.0.4\t10.0.1.0/24,").n, 3);
}
END_TEST

START_TEST(what_is_no_range_is_refused_with_its_reason)
{
    static const struct {
        const char *text, *why;
        int code;
    } rows[] = {
        {"x", "'x' is no range of addresses", -EINVAL},
        {"192.168.1.200-220", "is no range", -EINVAL},
        {"192.168.1.200 - 192.168.1.220", "'-' is no range", -EINVAL},
        {"192.168.1.0/33", "is no range", -EINVAL},
        {"fd00::1", "is no range", -EINVAL},
        {"111.111.111.1111111111111111111111111111", "is no range", -EINVAL},
        {"-10.0.0.1", "is no range", -EINVAL},
        {"10.0.0.1-", "is no range", -EINVAL},
        {"10.0.0.1-10.0.0.2-10.0.0.3", "is no range", -EINVAL},
        {"192.168.1.9-192.168.1.8", "ends before it begins", -EINVAL},
        {"10.0.0.0/24 10.0.0.255-10.0.1.4", "10.0.0.255-10.0.1.4 overlaps 10.0.0.0/24", -EINVAL},
        {"127.0.0.1", "127.0.0.0/8, which no host can have", -EINVAL},
        {"169.253.0.0-169.254.0.1", "169.254.0.0/16", -EINVAL},
        {"0.0.0.0/24", "0.0.0.0/8", -EINVAL},
        {"239.1.2.3", "224.0.0.0/3", -EINVAL},
        {"223.255.255.255-255.255.255.255", "224.0.0.0/3", -EINVAL},
        {"10.0.0.0/11", "more than 1048576 addresses", -E2BIG},
        {"10.0.0.0/12 192.168.1.1", "more than 1048576 addresses", -E2BIG},
        {"1.1.1.1 1.1.1.2 1.1.1.3 1.1.1.4 1.1.1.5 1.1.1.6 1.1.1.7 1.1.1.8 1.1.1.9 1.1.1.10 "
         "1.1.1.11 1.1.1.12 1.1.1.13 1.1.1.14 1.1.1.15 1.1.1.16 1.1.1.17",
         "more than 16 ranges", -E2BIG},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct address_ranges ranges = {.n = 7};
        struct err e = {0};
        ck_assert_int_eq(address_ranges_parse(rows[i].text, &ranges, &e), rows[i].code);
        ck_assert_msg(strstr(e.message, rows[i].why) != NULL, "%s", e.message);
        ck_assert_uint_eq(ranges.n, 7);
    }
}
END_TEST

START_TEST(a_range_comes_to_few_blocks)
{
    static const struct {
        const char *text, *blocks;
    } rows[] = {
        {"192.168.1.200-192.168.1.220",
         "192.168.1.200/29 192.168.1.208/29 192.168.1.216/30 192.168.1.220/32 "},
        {"198.18.0.0/16", "198.18.0.0/16 "},
        {"10.0.0.1-10.0.0.6", "10.0.0.1/32 10.0.0.2/31 10.0.0.4/31 10.0.0.6/32 "},
        {"223.255.255.254-223.255.255.255", "223.255.255.254/31 "},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct address_ranges ranges = ranges_of(rows[i].text);
        struct cidr blocks[ADDRESS_RANGE_BLOCKS_MAX];
        char text[1024] = "";
        size_t n = address_range_blocks(&ranges.v[0], blocks);
        for (size_t k = 0; k < n; k++) {
            char one[CIDR_TEXT_SIZE];
            cidr_format(&blocks[k], one);
            strcat(strcat(text, one), " ");
        }
        ck_assert_str_eq(text, rows[i].blocks);
    }
    struct cidr blocks[ADDRESS_RANGE_BLOCKS_MAX];
    const struct address_range all = {0, UINT32_MAX, false};
    ck_assert_uint_eq(address_range_blocks(&all, blocks), 1);
    ck_assert_int_eq(blocks[0].length, 0);
    const struct address_range most = {1, UINT32_MAX - 1, false};
    ck_assert_uint_eq(address_range_blocks(&most, blocks), 62);
}
END_TEST

START_TEST(a_range_knows_its_addresses_and_the_blocks_that_it_meets)
{
    struct address_ranges ranges = ranges_of("192.168.1.200-192.168.1.220, 198.18.0.0/24");
    struct cidr block;
    ck_assert(address_ranges_contain(&ranges, address_of("192.168.1.220")));
    ck_assert(!address_ranges_contain(&ranges, address_of("192.168.1.221")));
    ck_assert(address_ranges_contain(&ranges, address_of("198.18.0.0")));
    ck_assert_int_eq(cidr_parse("192.168.0.0/16", &block), 0);
    ck_assert_ptr_eq(address_ranges_overlap(&ranges, &block), &ranges.v[0]);
    ck_assert_int_eq(cidr_parse("198.18.0.128/25", &block), 0);
    ck_assert_ptr_eq(address_ranges_overlap(&ranges, &block), &ranges.v[1]);
    ck_assert_int_eq(cidr_parse("192.168.1.0/25", &block), 0);
    ck_assert_ptr_null(address_ranges_overlap(&ranges, &block));
}
END_TEST

START_TEST(of_the_lan_is_what_its_network_has_and_nobody_else)
{
    static const struct {
        const char *text;
        bool is_of_lan;
        const char *why; /* NULL: it is taken */
    } rows[] = {
        {"192.168.1.200-192.168.1.220", true, NULL},
        {"192.168.1.192/26", true, NULL}, /* its ends are nobody's */
        {"198.18.0.0/16", false, NULL},
        {"172.16.16.0-172.16.31.255", true, NULL},
        {"172.16.16.0-172.16.32.0", false, "more than 4096 addresses of a LAN"},
        {"192.168.1.9-192.168.1.11", false, "192.168.1.10, an address of this server: eth0"},
        {"10.7.0.0/16", false, "10.7.0.1, an address of this server: docker0"},
        {"10.7.0.2", false, "is of 10.7.0.0/24, the network of docker0"},
        {"192.168.1.254-192.168.1.255", false, "192.168.1.255, the broadcast address of eth0"},
        {"192.168.1.0", false, "192.168.1.0, the address of the network of eth0"},
        {"192.168.0.255-192.168.1.4", false, "the network of eth0, in part only"},
        {"192.168.0.0-192.168.1.4", false, "in part only"},
        {"192.168.1.1", false, "192.168.1.1, the next hop of eth0"},
        {"192.168.1.53", false, "192.168.1.53, the name server"},
    };
    struct net_block gateways[1];
    ck_assert_int_eq(net_block_parse("192.168.1.1/32", &gateways[0]), 0);
    struct edge_lan_address addresses[] = {{"lo", address_of("127.0.0.1"), 8},
                                           {"eth0", address_of("192.168.1.10"), 24},
                                           {"eth0", address_of("172.16.0.1"), 16},
                                           {"docker0", address_of("10.7.0.1"), 24},
                                           {"wg0", address_of("10.8.0.1"), 32}};
    struct edge_lan_facts facts = {.uplink = "eth0",
                                   .resolver = "192.168.1.53",
                                   .addresses = {addresses, ARRAY_SIZE(addresses)},
                                   .gateways = {gateways, 1}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct address_ranges ranges = ranges_of(rows[i].text);
        bool is_of_lan = false;
        struct err e = {0};
        int r = edge_lan_check(&facts, &ranges.v[0], &is_of_lan, &e);
        ck_assert_msg(r == (rows[i].why == NULL ? 0 : -EINVAL), "%s: %s", rows[i].text, e.message);
        ck_assert_msg(rows[i].why == NULL || strstr(e.message, rows[i].why) != NULL, "%s",
                      e.message);
        ck_assert_int_eq(is_of_lan, rows[i].is_of_lan);
    }
    /* Without an uplink nobody would answer. */
    struct address_ranges ranges = ranges_of("192.168.1.200-192.168.1.220");
    bool is_of_lan = false;
    struct err e = {0};
    facts.uplink = NULL;
    ck_assert_int_eq(edge_lan_check(&facts, &ranges.v[0], &is_of_lan, &e), -EINVAL);
    ck_assert_ptr_nonnull(strstr(e.message, "uplink = eth0 is missing"));
}
END_TEST

UNIT_SUITE(a_range_is_written_in_three_ways, what_is_no_range_is_refused_with_its_reason,
           a_range_comes_to_few_blocks, a_range_knows_its_addresses_and_the_blocks_that_it_meets,
           of_the_lan_is_what_its_network_has_and_nobody_else)
