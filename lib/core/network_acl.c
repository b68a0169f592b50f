#include "core/network_acl.h"

#include <inttypes.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "core/cidr.h"

#define PORT_MAX     65535
#define ICMP_MAX     255
#define PROTOCOL_MAX 255

enum { ICMP = 1, TCP = 6, UDP = 17, ICMPV6 = 58 };

static const struct {
    const char *name;
    int64_t number;
} protocols[] = {{"all", ACL_PROTOCOL_ALL}, {"icmp", ICMP},   {"tcp", TCP}, {"udp", UDP},
                 {"icmpv6", ICMPV6},        {"icmp6", ICMPV6}};

static int set_protocol(struct network_acl_entry *entry, const char *text, struct fault *f)
{
    for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
        if (strcasecmp(text, protocols[i].name) == 0) {
            entry->protocol = protocols[i].number;
            return 0;
        }
    if (parse_int64(text, &entry->protocol) == 0 && entry->protocol >= ACL_PROTOCOL_ALL &&
        entry->protocol <= PROTOCOL_MAX)
        return 0;
    return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                 "Invalid value '%.64s' for IP protocol. Unknown protocol.", text);
}

static int malformed(const char *parameter, const char *text, struct fault *f)
{
    return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                 "Value (%.64s) for parameter %s is invalid. This is not a valid CIDR block.", text,
                 parameter);
}

static int set_block(struct arena *a, struct network_acl_entry *entry,
                     const struct network_acl_request *asked, struct fault *f)
{
    char canonical[CIDR6_TEXT_SIZE];
    struct cidr block;
    struct cidr6 block6;
    if ((asked->cidr_ipv4 == NULL) == (asked->cidr_ipv6 == NULL))
        return fault(f,
                     asked->cidr_ipv4 == NULL ? FAULT_MISSING_PARAMETER
                                              : FAULT_INVALID_PARAMETER_COMBINATION,
                     "The request must contain exactly one of cidrBlock, ipv6CidrBlock");
    if (asked->cidr_ipv4 != NULL) {
        if (cidr_parse(asked->cidr_ipv4, &block) < 0)
            return malformed("cidrBlock", asked->cidr_ipv4, f);
        (void)cidr_normalize(&block);
        cidr_format(&block, canonical);
        entry->cidr_ipv4 = arena_strdup(a, canonical);
    } else {
        if (cidr6_parse(asked->cidr_ipv6, &block6) < 0)
            return malformed("ipv6CidrBlock", asked->cidr_ipv6, f);
        (void)cidr6_normalize(&block6);
        cidr6_format(&block6, canonical);
        entry->cidr_ipv6 = arena_strdup(a, canonical);
    }
    return 0;
}

static int set_ports(struct network_acl_entry *entry, const int64_t *from, const int64_t *to,
                     struct fault *f)
{
    if (from == NULL || to == NULL)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter portRange, with from and to, for the "
                     "protocols TCP and UDP");
    if (*from < 0 || *from > PORT_MAX || *to < 0 || *to > PORT_MAX)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE, "TCP/UDP port (%" PRId64 ") out of range",
                     *from < 0 || *from > PORT_MAX ? *from : *to);
    if (*from > *to)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Invalid TCP/UDP port range (%" PRId64 ":%" PRId64 ")", *from, *to);
    entry->from_port = *from;
    entry->to_port = *to;
    return 0;
}

static int set_icmp(struct network_acl_entry *entry, const int64_t *type, const int64_t *code,
                    struct fault *f)
{
    if (type == NULL || code == NULL)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter icmpTypeCode, with type and code, for "
                     "the protocol %s",
                     entry->protocol == ICMP ? "ICMP" : "ICMPv6");
    if (*type < -1 || *type > ICMP_MAX)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE, "ICMP type (%" PRId64 ") out of range",
                     *type);
    if (*code < -1 || *code > ICMP_MAX)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE, "ICMP code (%" PRId64 ") out of range",
                     *code);
    if (*type == -1 && *code != -1)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "ICMP code (%" PRId64 ") is not possible with all ICMP types", *code);
    entry->icmp_type = *type;
    entry->icmp_code = *code;
    return 0;
}

bool network_acl_entry_has_ports(const struct network_acl_entry *entry)
{
    return entry->protocol == TCP || entry->protocol == UDP;
}

bool network_acl_entry_has_icmp(const struct network_acl_entry *entry)
{
    return entry->cidr_ipv4 != NULL ? entry->protocol == ICMP : entry->protocol == ICMPV6;
}

int network_acl_check_number(int64_t rule_number, struct fault *f)
{
    if (rule_number >= 1 && rule_number <= ACL_RULE_MAX)
        return 0;
    return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                 "Value (%" PRId64 ") for parameter ruleNumber is invalid. The rules of a network "
                 "ACL have the numbers 1 to %d.",
                 rule_number, ACL_RULE_MAX);
}

int network_acl_entry_make(struct arena *a, const char *acl_id,
                           const struct network_acl_request *asked, struct network_acl_entry *ret,
                           struct fault *f)
{
    struct network_acl_entry entry = {
        .network_acl_id = acl_id,
        .is_egress = asked->is_egress,
        .rule_number = asked->rule_number,
        .is_allow = asked->is_allow,
        .from_port = -1,
        .to_port = -1,
        .icmp_type = -1,
        .icmp_code = -1,
    };
    if (network_acl_check_number(asked->rule_number, f) < 0 ||
        set_protocol(&entry, asked->protocol, f) < 0 || set_block(a, &entry, asked, f) < 0)
        return -1;
    if (network_acl_entry_has_ports(&entry) &&
        set_ports(&entry, asked->from_port, asked->to_port, f) < 0)
        return -1;
    if (network_acl_entry_has_icmp(&entry) &&
        set_icmp(&entry, asked->icmp_type, asked->icmp_code, f) < 0)
        return -1;
    *ret = entry;
    return 0;
}
