#include "core/route.h"

#include "base/cleanup.h"

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
