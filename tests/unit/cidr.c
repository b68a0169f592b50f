/* Blocks of addresses, of both families. */
#include "core/cidr.h"

#include <string.h>

#include "unit.h"

static struct cidr block(const char *text)
{
    struct cidr c;
    ck_assert_int_eq(cidr_parse(text, &c), 0);
    return c;
}

static struct cidr6 block6(const char *text)
{
    struct cidr6 c;
    ck_assert_int_eq(cidr6_parse(text, &c), 0);
    return c;
}

START_TEST(a_block_of_ipv6_has_one_form)
{
    static const struct {
        const char *text, *form;
        bool had_host_bits;
    } rows[] = {
        {"::/0", "::/0", false},
        {"FD00:0:0::/48", "fd00::/48", false},
        {"fd00:ec2::254/32", "fd00:ec2::/32", true},
        {"2001:db8:1:2:3:4:5:6/64", "2001:db8:1:2::/64", true},
        {"2001:db8::ff/121", "2001:db8::80/121", true},
        {"2001:db8::1/128", "2001:db8::1/128", false},
        {"ffff:ffff::/33", "ffff:ffff::/33", false},
        {"ffff:ffff:ffff::/33", "ffff:ffff:8000::/33", true},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct cidr6 c = block6(rows[i].text);
        char form[CIDR6_TEXT_SIZE];
        ck_assert_int_eq(cidr6_normalize(&c), rows[i].had_host_bits);
        cidr6_format(&c, form);
        ck_assert_str_eq(form, rows[i].form);
    }
}
END_TEST

START_TEST(what_is_no_block_of_ipv6_is_refused)
{
    static const char *const bad[] = {"",        "::",         "::/129",  "::/-1",
                                      "::/",     "::/ 1",      " ::/1",   "10.0.0.0/8",
                                      "::1:/64", "1::2::3/64", "::/64/1", "fe80::%1/64",
                                      "::/0x10", "::/+4",      "g::/64"};
    struct cidr6 untouched = {.length = 7};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        ck_assert_int_lt(cidr6_parse(bad[i], &untouched), 0);
        ck_assert(!cidr_is_ipv6(bad[i]));
    }
    ck_assert_int_eq(untouched.length, 7);
    ck_assert(cidr_is_ipv6("fd00::/8"));
}
END_TEST

START_TEST(blocks_overlap_when_one_is_in_the_other)
{
    static const struct {
        const char *a, *b;
        bool overlap, a_covers_b, b_covers_a;
    } rows[] = {
        {"10.0.0.0/16", "10.0.0.0/16", true, true, true},
        {"10.0.0.0/16", "10.0.255.0/24", true, true, false},
        {"10.0.0.0/16", "10.1.0.0/16", false, false, false},
        {"0.0.0.0/0", "10.1.0.0/16", true, true, false},
        {"10.0.0.0/25", "10.0.0.128/25", false, false, false},
        {"10.0.0.1/32", "10.0.0.1/32", true, true, true},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct cidr a = block(rows[i].a);
        struct cidr b = block(rows[i].b);
        ck_assert_int_eq(cidr_overlaps(&a, &b), rows[i].overlap);
        ck_assert_int_eq(cidr_overlaps(&b, &a), rows[i].overlap);
        ck_assert_int_eq(cidr_covers(&a, &b), rows[i].a_covers_b);
        ck_assert_int_eq(cidr_covers(&b, &a), rows[i].b_covers_a);
    }
}
END_TEST

START_TEST(blocks_of_ipv6_overlap_when_one_is_in_the_other)
{
    static const struct {
        const char *a, *b;
        bool overlap, a_covers_b, b_covers_a;
    } rows[] = {
        {"fd00::/56", "fd00::/56", true, true, true},
        {"fd00::/56", "fd00:0:0:ff::/64", true, true, false},
        {"fd00::/56", "fd00:0:0:100::/64", false, false, false},
        {"::/0", "2001:db8::/32", true, true, false},
        {"fd00::/61", "fd00:0:0:8::/61", false, false, false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct cidr6 a = block6(rows[i].a);
        struct cidr6 b = block6(rows[i].b);
        ck_assert_int_eq(cidr6_overlaps(&a, &b), rows[i].overlap);
        ck_assert_int_eq(cidr6_overlaps(&b, &a), rows[i].overlap);
        ck_assert_int_eq(cidr6_covers(&a, &b), rows[i].a_covers_b);
        ck_assert_int_eq(cidr6_covers(&b, &a), rows[i].b_covers_a);
    }
}
END_TEST

START_TEST(an_address_of_ipv6_is_in_its_block)
{
    struct cidr6 c = block6("fd00:0:0:40::/58");
    struct ipv6 address;
    ck_assert_int_eq(ipv6_parse("fd00:0:0:7f:ffff::1", &address), 0);
    ck_assert(cidr6_contains(&c, &address));
    ck_assert_int_eq(ipv6_parse("fd00:0:0:80::", &address), 0);
    ck_assert(!cidr6_contains(&c, &address));
    ck_assert_int_lt(ipv6_parse("10.0.0.1", &address), 0);
    char text[IPV6_TEXT_SIZE];
    ipv6_format(&address, text);
    ck_assert_str_eq(text, "fd00:0:0:80::");
}
END_TEST

START_TEST(blocks_are_counted_within_a_larger_one)
{
    static const struct {
        const char *outer;
        int length;
        uint32_t number;
        const char *block; /* NULL: there is none */
    } rows[] = {
        {"fd12:3456:789a::/48", 56, 0, "fd12:3456:789a::/56"},
        {"fd12:3456:789a::/48", 56, 255, "fd12:3456:789a:ff00::/56"},
        {"fd12:3456:789a::/48", 56, 256, NULL},
        {"fd12:3456:789a:ff00::/56", 64, 1, "fd12:3456:789a:ff01::/64"},
        {"fd12::/16", 56, 0x12345678, "fd12:12:3456:7800::/56"},
        {"fd12:3456:789a::/48", 48, 0, "fd12:3456:789a::/48"},
        {"fd12:3456:789a::/48", 48, 1, NULL},
        {"fd12:3456:789a::/48", 47, 0, NULL},
        {"fd12:3456:789a:1::/64", 128, 0xffffffff, "fd12:3456:789a:1::ffff:ffff/128"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct cidr6 outer = block6(rows[i].outer);
        struct cidr6 c;
        bool there = cidr6_nth(&outer, rows[i].length, rows[i].number, &c);
        ck_assert_int_eq(there, rows[i].block != NULL);
        if (!there)
            continue;
        char text[CIDR6_TEXT_SIZE];
        cidr6_format(&c, text);
        ck_assert_str_eq(text, rows[i].block);
    }
}
END_TEST

UNIT_SUITE(a_block_of_ipv6_has_one_form, what_is_no_block_of_ipv6_is_refused,
           blocks_overlap_when_one_is_in_the_other, blocks_of_ipv6_overlap_when_one_is_in_the_other,
           an_address_of_ipv6_is_in_its_block, blocks_are_counted_within_a_larger_one)
