#pragma once
/*
 * The kinds of text that Croft's daemons name to each other. Every text is of one of them, and of
 * nothing else. No kind that croft-netd is told admits a path, a command, or a link or namespace
 * that is not of Croft's own making. Pure.
 */
#include <stdbool.h>

enum word_kind {
    WORD_VPC,
    WORD_SUBNET,
    WORD_INTERFACE,
    WORD_INSTANCE,
    WORD_NAT_GATEWAY,
    WORD_NAMESPACE, /* of a VPC or a NAT gateway: both are named by their ids */
    WORD_GROUP,
    WORD_RULE,
    WORD_ACL,
    WORD_ROUTE_TABLE,
    WORD_PEERING,
    WORD_PREFIX_LIST,
    WORD_TARGET,   /* of a route: an interface or a peering */
    WORD_TAP,      /* eni0123456789ab: of an interface, by its id */
    WORD_BRIDGE,   /* br0, br1, … */
    WORD_LINK,     /* of the server's own, in answers */
    WORD_MAC,      /* 02:00:00:00:00:01 */
    WORD_IPV4,     /* 10.0.0.1 */
    WORD_IPV6,     /* fd00::1 */
    WORD_ADDRESS,  /* of either family */
    WORD_BLOCK4,   /* 10.0.0.0/24 */
    WORD_BLOCK6,   /* fd00::/64 */
    WORD_BLOCK,    /* of either family */
    WORD_REGION,   /* one of those that Croft knows */
    WORD_DOMAIN,   /* ec2.internal */
    WORD_HOST,     /* ip-10-0-0-1, i-…: one label */
    WORD_PROTOCOL, /* tcp, udp, icmp, icmpv6, -1, 0 to 255 */
    WORD_SERVER,   /* an address, or AmazonProvidedDNS */
    WORD_NODE,     /* of NetBIOS: 1, 2, 4, 8 */
    WORD_SENTENCE, /* for people, in answers alone */
    WORD_TOKEN,    /* of HTTP: a method, the name of a header field */
    WORD_LINE,     /* of HTTP, as a guest wrote it: no control character but the tabulator */
};

#define WORD_MAX 1023 /* bytes of any, unless its field says otherwise */

bool word_is(enum word_kind kind, const char *text);
/* "the id of a VPC", for a sentence. */
const char *word_kind_name(enum word_kind kind);
