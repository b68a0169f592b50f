#include "network/word.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/id.h"
#include "base/text.h"
#include "core/cidr.h"
#include "core/region.h"
#include "network/network.h"
#include "network/ways.h"

#define DOMAIN_MAX 253 /* RFC 1035 */
#define LABEL_MAX  63
#define TAP_PREFIX "eni"
#define TAP_DIGITS 12 /* of the interface's id; all 8 of an old one */
#define LINK_MAX   15 /* IFNAMSIZ without its NUL */

#define DIGITS  "0123456789"
#define HEX     DIGITS "abcdef"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool is_of(const char *text, const char *characters, size_t least, size_t most)
{
    size_t len = strlen(text);
    return len >= least && len <= most && strspn(text, characters) == len;
}

static bool is_namespace(const char *text)
{
    return id_is_wellformed(text, "vpc") || id_is_wellformed(text, "nat");
}

static bool is_target(const char *text)
{
    return id_is_wellformed(text, "eni") || id_is_wellformed(text, "pcx");
}

static bool is_tap(const char *text)
{
    return has_prefix(text, TAP_PREFIX) && is_of(text + strlen(TAP_PREFIX), HEX, 8, TAP_DIGITS);
}

static bool is_bridge(const char *text)
{
    return has_prefix(text, "br") && is_of(text + 2, DIGITS, 1, 10);
}

static bool is_link(const char *text)
{
    return is_of(text, LETTERS DIGITS "._-", 1, LINK_MAX);
}

static bool is_mac(const char *text)
{
    uint8_t mac[6];
    return is_of(text, HEX ":", 17, 17) && ways_mac_parse(text, mac) == 0;
}

static bool is_ipv4(const char *text)
{
    uint32_t address;
    return ipv4_parse(text, &address) == 0;
}

static bool is_ipv6(const char *text)
{
    struct ipv6 address;
    return ipv6_parse(text, &address) == 0;
}

static bool is_address(const char *text)
{
    return is_ipv4(text) || is_ipv6(text);
}

static bool is_block4(const char *text)
{
    struct cidr block;
    return cidr_parse(text, &block) == 0;
}

static bool is_block6(const char *text)
{
    struct cidr6 block;
    return cidr6_parse(text, &block) == 0;
}

static bool is_block(const char *text)
{
    return is_block4(text) || is_block6(text);
}

static bool is_region(const char *text)
{
    return region_find(text) != NULL;
}

static bool is_domain(const char *text)
{
    return is_of(text, LETTERS DIGITS "-.", 1, DOMAIN_MAX) && text[0] != '-' && text[0] != '.';
}

static bool is_host(const char *text)
{
    return is_of(text, LETTERS DIGITS "-", 1, LABEL_MAX) && text[0] != '-';
}

static bool is_protocol(const char *text)
{
    static const char *const names[] = {"tcp", "udp", "icmp", "icmpv6", "-1", NULL};
    int64_t number = 0;
    return text_is_among(text, names) ||
           (is_of(text, DIGITS, 1, 3) && parse_int64(text, &number) == 0 && number <= 255);
}

static bool is_server(const char *text)
{
    return streq(text, NET_OWN_RESOLVER) || is_address(text);
}

static bool is_node(const char *text)
{
    static const char *const types[] = {"1", "2", "4", "8", NULL};
    return text_is_among(text, types);
}

static bool is_sentence(const char *text)
{
    size_t len = strlen(text);
    return len <= WORD_MAX && text_is_clean_utf8(text, len);
}

static bool is_token(const char *text) /* RFC 9110, 5.6.2 */
{
    return is_of(text, LETTERS DIGITS "!#$%&'*+-.^_`|~", 1, WORD_MAX);
}

static bool is_line(const char *text)
{
    for (const char *at = text; *at != '\0'; at++)
        if (((unsigned char)*at < ' ' && *at != '\t') || *at == 0x7f)
            return false;
    return true;
}

static const struct {
    const char *name;
    const char *id; /* the prefix of ids, or: */
    bool (*is)(const char *text);
} kinds[] = {
    [WORD_VPC] = {"the id of a VPC", "vpc", NULL},
    [WORD_SUBNET] = {"the id of a subnet", "subnet", NULL},
    [WORD_INTERFACE] = {"the id of an interface", "eni", NULL},
    [WORD_INSTANCE] = {"the id of an instance", "i", NULL},
    [WORD_NAT_GATEWAY] = {"the id of a NAT gateway", "nat", NULL},
    [WORD_NAMESPACE] = {"the id of a VPC or a NAT gateway", NULL, is_namespace},
    [WORD_GROUP] = {"the id of a group", "sg", NULL},
    [WORD_RULE] = {"the id of a rule", "sgr", NULL},
    [WORD_ACL] = {"the id of a network ACL", "acl", NULL},
    [WORD_ROUTE_TABLE] = {"the id of a route table", "rtb", NULL},
    [WORD_PEERING] = {"the id of a peering", "pcx", NULL},
    [WORD_PREFIX_LIST] = {"the id of a prefix list", "pl", NULL},
    [WORD_TARGET] = {"the id of a route's target", NULL, is_target},
    [WORD_TAP] = {"the name of a tap", NULL, is_tap},
    [WORD_BRIDGE] = {"the name of a bridge", NULL, is_bridge},
    [WORD_LINK] = {"the name of a link", NULL, is_link},
    [WORD_MAC] = {"a MAC address", NULL, is_mac},
    [WORD_IPV4] = {"an IPv4 address", NULL, is_ipv4},
    [WORD_IPV6] = {"an IPv6 address", NULL, is_ipv6},
    [WORD_ADDRESS] = {"an address", NULL, is_address},
    [WORD_BLOCK4] = {"an IPv4 block", NULL, is_block4},
    [WORD_BLOCK6] = {"an IPv6 block", NULL, is_block6},
    [WORD_BLOCK] = {"a block of addresses", NULL, is_block},
    [WORD_REGION] = {"a region", NULL, is_region},
    [WORD_DOMAIN] = {"a domain name", NULL, is_domain},
    [WORD_HOST] = {"a host name", NULL, is_host},
    [WORD_PROTOCOL] = {"a protocol", NULL, is_protocol},
    [WORD_SERVER] = {"a name server", NULL, is_server},
    [WORD_NODE] = {"a type of NetBIOS node", NULL, is_node},
    [WORD_SENTENCE] = {"a sentence", NULL, is_sentence},
    [WORD_TOKEN] = {"a token of HTTP", NULL, is_token},
    [WORD_LINE] = {"a line of text", NULL, is_line},
};

bool word_is(enum word_kind kind, const char *text)
{
    if ((size_t)kind >= ARRAY_SIZE(kinds))
        return false;
    return kinds[kind].id != NULL ? id_is_wellformed(text, kinds[kind].id) : kinds[kind].is(text);
}

const char *word_kind_name(enum word_kind kind)
{
    return (size_t)kind < ARRAY_SIZE(kinds) ? kinds[kind].name : "a word";
}
