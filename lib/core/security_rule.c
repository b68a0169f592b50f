#include "core/security_rule.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "core/cidr.h"

#define PORT_MAX     65535
#define ICMP_MAX     255
#define PROTOCOL_MAX 255
#define LEGAL        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ._-:/()#,@[]+=&;{}!$*"

static const struct {
    const char *name;
    const char *number;
} protocols[] = {{"tcp", "6"}, {"udp", "17"}, {"icmp", "1"}, {"icmpv6", "58"}, {"-1", "all"}};

static const char *protocol_find(struct arena *a, const char *text)
{
    for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
        if (strcasecmp(text, protocols[i].name) == 0 || strcasecmp(text, protocols[i].number) == 0)
            return protocols[i].name;
    int64_t number = 0;
    if (parse_int64(text, &number) < 0 || number < 0 || number > PROTOCOL_MAX)
        return NULL;
    const char *canonical = arena_printf(a, "%" PRId64, number);
    for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
        if (streq(canonical, protocols[i].number))
            return protocols[i].name; /* "06" */
    return canonical;
}

static bool is_icmp(const char *protocol)
{
    return streq(protocol, "icmp") || streq(protocol, "icmpv6");
}

static bool is_tcp_or_udp(const char *protocol)
{
    return streq(protocol, "tcp") || streq(protocol, "udp");
}

static int check_ports(const int64_t *from, const int64_t *to, struct fault *f)
{
    if (from == NULL || to == NULL)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Invalid value 'Must specify both from and to ports with TCP/UDP.' for "
                     "portRange.");
    if (*from < 0 || *from > PORT_MAX || *to < 0 || *to > PORT_MAX)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE, "TCP/UDP port (%" PRId64 ") out of range",
                     *from < 0 || *from > PORT_MAX ? *from : *to);
    if (*from > *to)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Invalid TCP/UDP port range (%" PRId64 ":%" PRId64 ")", *from, *to);
    return 0;
}

static int check_icmp(int64_t type, int64_t code, struct fault *f)
{
    if (type < -1 || type > ICMP_MAX)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE, "ICMP type (%" PRId64 ") out of range",
                     type);
    if (code < -1 || code > ICMP_MAX)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE, "ICMP code (%" PRId64 ") out of range",
                     code);
    if (type == -1 && code != -1)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "ICMP code (%" PRId64 ") is not possible with all ICMP types", code);
    return 0;
}

int security_rule_set_traffic(struct arena *a, struct security_group_rule *rule,
                              const char *protocol, const int64_t *from, const int64_t *to,
                              struct fault *f)
{
    if (str_empty(protocol))
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter "
                     "ipProtocol");
    const char *canonical = protocol_find(a, protocol);
    if (canonical == NULL)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Invalid value '%.64s' for IP protocol. Unknown protocol.", protocol);
    int64_t first = -1;
    int64_t last = -1;
    if (is_tcp_or_udp(canonical)) {
        if (check_ports(from, to, f) < 0)
            return -1;
        first = *from;
        last = *to;
    } else if (is_icmp(canonical)) {
        if (from == NULL && streq(canonical, "icmp"))
            return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                         "Invalid value 'Must specify both type and code with ICMP.' for "
                         "portRange.");
        first = from == NULL ? -1 : *from;
        last = to == NULL ? -1 : *to;
        if (check_icmp(first, last, f) < 0)
            return -1;
    }
    rule->protocol = canonical;
    rule->from_port = first;
    rule->to_port = last;
    return 0;
}

static int malformed(const char *text, struct fault *f)
{
    return fault(f, FAULT_INVALID_PARAMETER_VALUE, "CIDR block %.64s is malformed", text);
}

int security_rule_set_cidr_ipv4(struct arena *a, struct security_group_rule *rule, const char *text,
                                struct fault *f)
{
    struct cidr c;
    if (cidr_parse(text, &c) < 0)
        return malformed(text, f);
    (void)cidr_normalize(&c);
    char canonical[CIDR_TEXT_SIZE];
    cidr_format(&c, canonical);
    rule->cidr_ipv4 = arena_strdup(a, canonical);
    return 0;
}

int security_rule_set_cidr_ipv6(struct arena *a, struct security_group_rule *rule, const char *text,
                                struct fault *f)
{
    struct cidr6 c;
    if (cidr6_parse(text, &c) < 0)
        return malformed(text, f);
    (void)cidr6_normalize(&c);
    char canonical[CIDR6_TEXT_SIZE];
    cidr6_format(&c, canonical);
    rule->cidr_ipv6 = arena_strdup(a, canonical);
    return 0;
}

bool security_group_text_is_legal(const char *text)
{
    size_t len = strlen(text);
    return len > 0 && len <= RULE_DESCRIPTION_MAX && strspn(text, LEGAL) == len;
}

int security_rule_set_description(struct security_group_rule *rule, const char *text,
                                  struct fault *f)
{
    if (!str_empty(text) && !security_group_text_is_legal(text))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Invalid rule description. Valid descriptions are strings less than 256 "
                     "characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*");
    rule->description = str_empty(text) ? NULL : text;
    return 0;
}

bool security_rule_same_traffic(const struct security_group_rule *a,
                                const struct security_group_rule *b)
{
    return a->is_egress == b->is_egress && streq(a->protocol, b->protocol) &&
           a->from_port == b->from_port && a->to_port == b->to_port;
}

bool security_rule_same(const struct security_group_rule *a, const struct security_group_rule *b)
{
    return security_rule_same_traffic(a, b) && streq(a->cidr_ipv4, b->cidr_ipv4) &&
           streq(a->cidr_ipv6, b->cidr_ipv6) && streq(a->prefix_list_id, b->prefix_list_id) &&
           streq(a->referenced_group_id, b->referenced_group_id);
}

bool security_rule_has_ports(const struct security_group_rule *rule)
{
    return is_tcp_or_udp(rule->protocol) || is_icmp(rule->protocol);
}

static const char *number_or_all(int64_t number, char out[24])
{
    if (number == -1)
        return "ALL";
    (void)snprintf(out, 24, "%" PRId64, number);
    return out;
}

void security_rule_words(const struct security_group_rule *rule, char out[RULE_WORDS_SIZE])
{
    const char *peer = rule->cidr_ipv4             ? rule->cidr_ipv4
                       : rule->cidr_ipv6           ? rule->cidr_ipv6
                       : rule->referenced_group_id ? rule->referenced_group_id
                                                   : rule->prefix_list_id;
    char protocol[16];
    size_t i = 0;
    for (; rule->protocol[i] != '\0' && i + 1 < sizeof(protocol); i++)
        protocol[i] = (char)(rule->protocol[i] >= 'a' && rule->protocol[i] <= 'z'
                                 ? rule->protocol[i] - 'a' + 'A'
                                 : rule->protocol[i]);
    protocol[i] = '\0';
    char first[24];
    char last[24];
    if (is_tcp_or_udp(rule->protocol))
        (void)snprintf(out, RULE_WORDS_SIZE,
                       "peer: %s, %s, from port: %" PRId64 ", to port: %" PRId64 ", ALLOW", peer,
                       protocol, rule->from_port, rule->to_port);
    else if (is_icmp(rule->protocol))
        (void)snprintf(out, RULE_WORDS_SIZE, "peer: %s, %s, type: %s, code: %s, ALLOW", peer,
                       protocol, number_or_all(rule->from_port, first),
                       number_or_all(rule->to_port, last));
    else
        (void)snprintf(out, RULE_WORDS_SIZE, "peer: %s, %s, ALLOW", peer,
                       streq(rule->protocol, "-1") ? "ALL" : protocol);
}
