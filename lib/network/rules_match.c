/* Expressions that rules of groups and of ACLs have in common, and interval sets. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/text.h"
#include "network/rules_internal.h"

const char *rules_protocol_of(bool is_ipv6)
{
    return is_ipv6 ? "ip6" : "ip";
}

void rules_match_protocol(json_t *list, const char *protocol, int64_t from_port, int64_t to_port)
{
    if (streq(protocol, "-1"))
        return;
    if (streq(protocol, "6"))
        protocol = "tcp";
    else if (streq(protocol, "17"))
        protocol = "udp";
    else if (streq(protocol, "1"))
        protocol = "icmp";
    else if (streq(protocol, "58"))
        protocol = "icmpv6";

    json_t *first = NULL;
    json_t *second = NULL;
    if (streq(protocol, "tcp") || streq(protocol, "udp")) {
        bool all = from_port < 0 || (from_port == 0 && to_port == 65535);
        if (!all)
            first = expr_match(
                "==", expr_field(protocol, "dport"),
                from_port == to_port
                    ? json_integer(from_port)
                    : json_pack("{s:[I,I]}", "range", (json_int_t)from_port, (json_int_t)to_port));
    } else if ((streq(protocol, "icmp") || streq(protocol, "icmpv6")) && from_port >= 0) {
        first = expr_match("==", expr_field(protocol, "type"), json_integer(from_port));
        if (to_port >= 0)
            second = expr_match("==", expr_field(protocol, "code"), json_integer(to_port));
    }
    if (first == NULL) {
        int64_t number = 0;
        json_t *right = parse_int64(protocol, &number) == 0 ? json_integer(number)
                        : streq(protocol, "icmpv6")         ? json_string("ipv6-icmp")
                                                            : json_string(protocol);
        first = expr_match("==", expr_meta("l4proto"), right);
    }
    CHECK(json_array_append_new(list, first) == 0);
    if (second != NULL)
        CHECK(json_array_append_new(list, second) == 0);
}

bool rules_match_block(json_t *list, const char *address, const char *cidr)
{
    struct net_block block;
    char ip[NET_IP_TEXT_SIZE];
    if (net_block_parse(cidr, &block) < 0)
        return false;
    bool is_ipv6 = block.address.is_ipv6;
    json_t *left = expr_field(rules_protocol_of(is_ipv6), address);
    json_t *match = NULL;
    net_ip_format(&block.address, ip);
    /* All addresses: nft has no prefix of length 0, and needs none. */
    if (block.length == 0) {
        json_decref(left);
        match = expr_equals(expr_meta("nfproto"), is_ipv6 ? "ipv6" : "ipv4");
    } else if (block.length == (is_ipv6 ? 128 : 32)) {
        match = expr_equals(left, ip);
    } else {
        match = expr_match("==", left,
                           json_pack("{s:{s:s,s:i}}", "prefix", "addr", ip, "len", block.length));
    }
    CHECK(json_array_append_new(list, match) == 0);
    return true;
}

/* --- intervals */

struct interval {
    struct net_ip first;
    struct net_ip last;
};

static size_t size_of(bool is_ipv6)
{
    return is_ipv6 ? 16 : 4;
}

static struct net_ip last_of(const struct net_block *block)
{
    struct net_ip last = block->address;
    for (size_t i = 0; i < size_of(last.is_ipv6); i++) {
        int bits = block->length - (int)(8 * i);
        last.bytes[i] |= (uint8_t)(bits <= 0 ? 0xff : bits >= 8 ? 0 : 0xff >> bits);
    }
    return last;
}

static int compare_intervals(const void *left, const void *right)
{
    const struct interval *a = left;
    const struct interval *b = right;
    return memcmp(a->first.bytes, b->first.bytes, sizeof(a->first.bytes));
}

/* Is `next` the address behind `ip`? */
static bool follows(const struct net_ip *ip, const struct net_ip *next)
{
    struct net_ip after = *ip;
    for (size_t i = size_of(ip->is_ipv6); i-- > 0;)
        if (++after.bytes[i] != 0)
            return memcmp(after.bytes, next->bytes, sizeof(after.bytes)) == 0;
    return false; /* there is none behind the last */
}

static void add_interval(struct rules_builder *b, struct ruleset_set *set,
                         const struct interval *interval)
{
    char first[NET_IP_TEXT_SIZE];
    char last[NET_IP_TEXT_SIZE];
    net_ip_format(&interval->first, first);
    net_ip_format(&interval->last, last);
    const char *key = streq(first, last) ? arena_strdup(b->arena, first)
                                         : arena_printf(b->arena, "%s-%s", first, last);
    ruleset_add_element(b->rules, set, key, NULL, NULL, NULL);
}

/* Blocks that overlap or touch become one interval: nft refuses the first, and its own merging
 * would make a change of one element one of its neighbours. */
int rules_add_blocks(struct rules_builder *b, const char *name, const char *const *blocks,
                     size_t n_blocks, bool is_ipv6, struct err *e)
{
    if (!ruleset_word_ok(name))
        return err_set(e, EINVAL, "not an id: %s", name);
    struct ruleset_set *set =
        ruleset_add_intervals(b->rules, "inet", name, is_ipv6 ? "\"ipv6_addr\"" : "\"ipv4_addr\"");
    struct interval *v = arena_array(b->arena, n_blocks, struct interval);
    size_t n = 0;
    for (size_t i = 0; i < n_blocks; i++) {
        struct net_block block;
        if (net_block_parse(blocks[i], &block) < 0)
            return err_set(e, EINVAL, "%s: not a CIDR block: %s", name, blocks[i]);
        if (block.address.is_ipv6 == is_ipv6)
            v[n++] = (struct interval){block.address, last_of(&block)};
    }
    if (n > 1)
        qsort(v, n, sizeof(v[0]), compare_intervals);
    size_t at = 0; /* of the interval that grows */
    for (size_t i = 1; i < n; i++) {
        bool joins = memcmp(v[i].first.bytes, v[at].last.bytes, sizeof(v[i].first.bytes)) <= 0 ||
                     follows(&v[at].last, &v[i].first);
        if (!joins)
            v[++at] = v[i];
        else if (memcmp(v[i].last.bytes, v[at].last.bytes, sizeof(v[i].last.bytes)) > 0)
            v[at].last = v[i].last;
    }
    for (size_t i = 0; n > 0 && i <= at; i++)
        add_interval(b, set, &v[i]);
    return 0;
}
