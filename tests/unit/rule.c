/* What a rule may say, and the one form that it is kept in. */
#include "core/security_rule.h"

#include <string.h>

#include "unit.h"

#define ABSENT INT64_MIN

static const int64_t *port(const int64_t *p)
{
    return *p == ABSENT ? NULL : p;
}

START_TEST(traffic_has_one_form)
{
    static const struct {
        const char *protocol;
        int64_t from, to;
        const char *kept;
        int64_t kept_from, kept_to;
    } rows[] = {
        {"tcp", 22, 22, "tcp", 22, 22},
        {"TCP", 0, 65535, "tcp", 0, 65535},
        {"6", 80, 90, "tcp", 80, 90},
        {"06", 80, 90, "tcp", 80, 90},
        {"17", 53, 53, "udp", 53, 53},
        {"icmp", 8, -1, "icmp", 8, -1},
        {"icmp", -1, -1, "icmp", -1, -1},
        {"icmp", 3, 4, "icmp", 3, 4},
        {"1", 8, 0, "icmp", 8, 0},
        {"icmpv6", ABSENT, ABSENT, "icmpv6", -1, -1},
        {"58", 128, 0, "icmpv6", 128, 0},
        {"-1", ABSENT, ABSENT, "-1", -1, -1},
        {"-1", 22, 22, "-1", -1, -1},
        {"all", 0, 0, "-1", -1, -1},
        {"50", 0, 0, "50", -1, -1},
        {"0", ABSENT, ABSENT, "0", -1, -1},
        {"255", ABSENT, ABSENT, "255", -1, -1},
    };
    struct arena *a = arena_new();
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct security_group_rule rule = {0};
        struct fault f = {0};
        int r = security_rule_set_traffic(a, &rule, rows[i].protocol, port(&rows[i].from),
                                          port(&rows[i].to), &f);
        ck_assert_msg(r == 0, "%zu: %s", i, f.message);
        ck_assert_str_eq(rule.protocol, rows[i].kept);
        ck_assert_int_eq(rule.from_port, rows[i].kept_from);
        ck_assert_int_eq(rule.to_port, rows[i].kept_to);
    }
    arena_free(a);
}
END_TEST

START_TEST(impossible_traffic_is_refused)
{
    static const struct {
        const char *protocol;
        int64_t from, to;
        enum fault_code code;
        const char *message;
    } rows[] = {
        {NULL, 1, 1, FAULT_MISSING_PARAMETER, "The request must contain the parameter ipProtocol"},
        {"tcp", 70000, 70000, FAULT_INVALID_PARAMETER_VALUE, "TCP/UDP port (70000) out of range"},
        {"tcp", 80, 65536, FAULT_INVALID_PARAMETER_VALUE, "TCP/UDP port (65536) out of range"},
        {"udp", -1, -1, FAULT_INVALID_PARAMETER_VALUE, "TCP/UDP port (-1) out of range"},
        {"tcp", 443, 80, FAULT_INVALID_PARAMETER_VALUE, "Invalid TCP/UDP port range (443:80)"},
        {"tcp", 443, ABSENT, FAULT_INVALID_PARAMETER_VALUE,
         "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange."},
        {"icmp", 256, -1, FAULT_INVALID_PARAMETER_VALUE, "ICMP type (256) out of range"},
        {"icmp", 8, 256, FAULT_INVALID_PARAMETER_VALUE, "ICMP code (256) out of range"},
        {"icmp", -1, 0, FAULT_INVALID_PARAMETER_VALUE,
         "ICMP code (0) is not possible with all ICMP types"},
        {"carrier", 1, 1, FAULT_INVALID_PARAMETER_VALUE,
         "Invalid value 'carrier' for IP protocol. Unknown protocol."},
        {"256", 1, 1, FAULT_INVALID_PARAMETER_VALUE,
         "Invalid value '256' for IP protocol. Unknown protocol."},
        {"-2", 1, 1, FAULT_INVALID_PARAMETER_VALUE,
         "Invalid value '-2' for IP protocol. Unknown protocol."},
    };
    struct arena *a = arena_new();
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct security_group_rule rule = {0};
        struct fault f = {0};
        ck_assert_int_eq(security_rule_set_traffic(a, &rule, rows[i].protocol, port(&rows[i].from),
                                                   port(&rows[i].to), &f),
                         -1);
        ck_assert_int_eq(f.code, rows[i].code);
        ck_assert_str_eq(f.message, rows[i].message);
        ck_assert_ptr_null(rule.protocol);
    }
    arena_free(a);
}
END_TEST

START_TEST(host_bits_are_cleared)
{
    static const char *const ipv4[][2] = {{"10.0.0.7/24", "10.0.0.0/24"},
                                          {"0.0.0.0/0", "0.0.0.0/0"},
                                          {"255.255.255.255/0", "0.0.0.0/0"},
                                          {"192.0.2.1/32", "192.0.2.1/32"}};
    static const char *const ipv6[][2] = {{"::/0", "::/0"},
                                          {"2001:DB8::1/64", "2001:db8::/64"},
                                          {"2001:db8:0:0::1/128", "2001:db8::1/128"},
                                          {"2001:db8:ffff::/33", "2001:db8:8000::/33"}};
    struct arena *a = arena_new();
    struct fault f = {0};
    for (size_t i = 0; i < ARRAY_SIZE(ipv4); i++) {
        struct security_group_rule rule = {0};
        ck_assert_int_eq(security_rule_set_cidr_ipv4(a, &rule, ipv4[i][0], &f), 0);
        ck_assert_str_eq(rule.cidr_ipv4, ipv4[i][1]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(ipv6); i++) {
        struct security_group_rule rule = {0};
        ck_assert_int_eq(security_rule_set_cidr_ipv6(a, &rule, ipv6[i][0], &f), 0);
        ck_assert_str_eq(rule.cidr_ipv6, ipv6[i][1]);
    }
    arena_free(a);
}
END_TEST

START_TEST(malformed_blocks_are_refused)
{
    static const char *const bad[] = {"",           "10.0.0.0",    "10.0.0.0/33", "10.0.0/8",
                                      "::/0",       "10.0.0.0/-1", "10.0.0.0/8 ", "0.0.0.0/0.0.0.0",
                                      "localhost/8"};
    struct arena *a = arena_new();
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct security_group_rule rule = {0};
        struct fault f = {0};
        ck_assert_int_eq(security_rule_set_cidr_ipv4(a, &rule, bad[i], &f), -1);
        ck_assert_int_eq(f.code, FAULT_INVALID_PARAMETER_VALUE);
        ck_assert_ptr_nonnull(strstr(f.message, "is malformed"));
    }
    static const char *const bad6[] = {"::", "::/129", "10.0.0.0/8", "2001:db8::g/64", "::1/64/64"};
    for (size_t i = 0; i < ARRAY_SIZE(bad6); i++) {
        struct security_group_rule rule = {0};
        struct fault f = {0};
        ck_assert_int_eq(security_rule_set_cidr_ipv6(a, &rule, bad6[i], &f), -1);
    }
    arena_free(a);
}
END_TEST

START_TEST(rules_are_named_as_ec2_names_them)
{
    static const struct {
        struct security_group_rule rule;
        const char *words;
    } rows[] = {
        {{.protocol = "tcp", .from_port = 22, .to_port = 23, .cidr_ipv4 = "0.0.0.0/0"},
         "peer: 0.0.0.0/0, TCP, from port: 22, to port: 23, ALLOW"},
        {{.protocol = "-1", .from_port = -1, .to_port = -1, .cidr_ipv6 = "::/0"},
         "peer: ::/0, ALL, ALLOW"},
        {{.protocol = "icmp", .from_port = 8, .to_port = -1, .referenced_group_id = "sg-1"},
         "peer: sg-1, ICMP, type: 8, code: ALL, ALLOW"},
        {{.protocol = "50", .from_port = -1, .to_port = -1, .cidr_ipv4 = "10.0.0.0/8"},
         "peer: 10.0.0.0/8, 50, ALLOW"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char words[RULE_WORDS_SIZE];
        security_rule_words(&rows[i].rule, words);
        ck_assert_str_eq(words, rows[i].words);
    }
}
END_TEST

START_TEST(the_description_is_no_part_of_what_a_rule_is)
{
    struct security_group_rule a = {
        .protocol = "tcp", .from_port = 1, .to_port = 2, .cidr_ipv4 = "0.0.0.0/0"};
    struct security_group_rule b = a;
    b.description = "other";
    ck_assert(security_rule_same(&a, &b));
    b.is_egress = true;
    ck_assert(!security_rule_same(&a, &b));
    b = a;
    b.cidr_ipv4 = NULL;
    b.cidr_ipv6 = "::/0";
    ck_assert(!security_rule_same(&a, &b));
    ck_assert(security_rule_same_traffic(&a, &b));
}
END_TEST

START_TEST(descriptions_have_their_characters)
{
    struct security_group_rule rule = {0};
    struct fault f = {0};
    ck_assert_int_eq(security_rule_set_description(&rule, "Office (2), a_b [x] {y}!$*", &f), 0);
    ck_assert_int_eq(security_rule_set_description(&rule, "", &f), 0);
    ck_assert_ptr_null(rule.description);
    ck_assert_int_eq(security_rule_set_description(&rule, "a < b", &f), -1);
    char text[257];
    memset(text, 'x', 256);
    text[256] = '\0';
    ck_assert(!security_group_text_is_legal(text));
    text[255] = '\0';
    ck_assert(security_group_text_is_legal(text));
}
END_TEST

UNIT_SUITE(traffic_has_one_form, impossible_traffic_is_refused, host_bits_are_cleared,
           malformed_blocks_are_refused, rules_are_named_as_ec2_names_them,
           the_description_is_no_part_of_what_a_rule_is, descriptions_have_their_characters)
