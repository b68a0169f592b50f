#include "core/route.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "core/cidr.h"

static const struct state states[] = {
    [NAT_GATEWAY_PENDING] = {"pending", 0,
                             STATE_BIT(NAT_GATEWAY_FAILED) | STATE_BIT(NAT_GATEWAY_AVAILABLE) |
                                 STATE_BIT(NAT_GATEWAY_DELETING)},
    [NAT_GATEWAY_FAILED] = {"failed", 0, STATE_BIT(NAT_GATEWAY_DELETED)},
    [NAT_GATEWAY_AVAILABLE] = {"available", 0, STATE_BIT(NAT_GATEWAY_DELETING)},
    [NAT_GATEWAY_DELETING] = {"deleting", 0, STATE_BIT(NAT_GATEWAY_DELETED)},
    [NAT_GATEWAY_DELETED] = {"deleted", 0, 0},
};

const struct state_table nat_gateway_states = {"NAT gateway", states, ARRAY_SIZE(states)};

int nat_gateway_enter_state(struct nat_gateway *n, enum nat_gateway_state to, struct err *e)
{
    return state_move(&nat_gateway_states, &n->state, to, e);
}

static int malformed(const char *parameter, const char *text, struct fault *f)
{
    return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                 "Value (%.64s) for parameter %s is invalid. This is not a valid CIDR block.", text,
                 parameter);
}

int route_destination_ipv4(struct arena *a, const char *parameter, const char *text,
                           const char **ret_destination, struct fault *f)
{
    /* The services of the link: AWS takes no route to any of them ("Configure route tables"). */
    static const struct cidr reserved = {.address = 0xa9fea800, .length = 22};
    char canonical[CIDR_TEXT_SIZE];
    struct cidr block;
    if (cidr_parse(text, &block) < 0)
        return malformed(parameter, text, f);
    (void)cidr_normalize(&block);
    cidr_format(&block, canonical);
    if (cidr_covers(&reserved, &block))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "The destination CIDR block %s is within 169.254.168.0/22, which is reserved "
                     "for services of the VPC",
                     canonical);
    *ret_destination = arena_strdup(a, canonical);
    return 0;
}

int route_destination_ipv6(struct arena *a, const char *parameter, const char *text,
                           const char **ret_destination, struct fault *f)
{
    char canonical[CIDR6_TEXT_SIZE];
    struct cidr6 block;
    if (cidr6_parse(text, &block) < 0)
        return malformed(parameter, text, f);
    (void)cidr6_normalize(&block);
    cidr6_format(&block, canonical);
    *ret_destination = arena_strdup(a, canonical);
    return 0;
}

bool route_destination_is_prefix_list(const char *destination)
{
    return has_prefix(destination, "pl-");
}

bool route_destination_is_ipv6(const char *destination)
{
    return strchr(destination, ':') != NULL;
}

bool route_block_covers(const char *outer, const char *inner)
{
    struct cidr o;
    struct cidr i;
    struct cidr6 o6;
    struct cidr6 i6;
    if (cidr_parse(outer, &o) == 0 && cidr_parse(inner, &i) == 0)
        return cidr_covers(&o, &i);
    return cidr6_parse(outer, &o6) == 0 && cidr6_parse(inner, &i6) == 0 && cidr6_covers(&o6, &i6);
}
