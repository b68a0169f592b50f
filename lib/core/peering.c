#include "core/peering.h"

#include "base/cleanup.h"

static const struct state states[] = {
    [PEERING_INITIATING_REQUEST] = {"initiating-request", 0,
                                    STATE_BIT(PEERING_FAILED) |
                                        STATE_BIT(PEERING_PENDING_ACCEPTANCE)},
    [PEERING_PENDING_ACCEPTANCE] = {"pending-acceptance", 0,
                                    STATE_BIT(PEERING_PROVISIONING) | STATE_BIT(PEERING_REJECTED) |
                                        STATE_BIT(PEERING_EXPIRED) | STATE_BIT(PEERING_DELETED)},
    [PEERING_PROVISIONING] = {"provisioning", 0,
                              STATE_BIT(PEERING_ACTIVE) | STATE_BIT(PEERING_DELETING)},
    [PEERING_ACTIVE] = {"active", 0, STATE_BIT(PEERING_DELETING) | STATE_BIT(PEERING_DELETED)},
    [PEERING_REJECTED] = {"rejected", 0, 0},
    [PEERING_FAILED] = {"failed", 0, 0},
    [PEERING_EXPIRED] = {"expired", 0, 0},
    [PEERING_DELETING] = {"deleting", 0, STATE_BIT(PEERING_DELETED)},
    [PEERING_DELETED] = {"deleted", 0, 0},
};

const struct state_table peering_states = {"peering connection", states, ARRAY_SIZE(states)};

int peering_enter_state(struct vpc_peering_connection *p, enum peering_state to, struct err *e)
{
    return state_move(&peering_states, &p->state, to, e);
}
