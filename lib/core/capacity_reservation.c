#include "core/capacity_reservation.h"

#include "base/cleanup.h"

static const struct state states[] = {
    [CAPACITY_RESERVATION_PENDING] = {"pending", 0,
                                      STATE_BIT(CAPACITY_RESERVATION_ACTIVE) |
                                          STATE_BIT(CAPACITY_RESERVATION_FAILED)},
    [CAPACITY_RESERVATION_ACTIVE] = {"active", 0,
                                     STATE_BIT(CAPACITY_RESERVATION_EXPIRED) |
                                         STATE_BIT(CAPACITY_RESERVATION_CANCELLED)},
    [CAPACITY_RESERVATION_EXPIRED] = {"expired", 0, 0},
    [CAPACITY_RESERVATION_CANCELLED] = {"cancelled", 0, 0},
    [CAPACITY_RESERVATION_FAILED] = {"failed", 0, 0},
};

const struct state_table capacity_reservation_states = {"capacity reservation", states,
                                                        ARRAY_SIZE(states)};

int capacity_reservation_enter_state(struct capacity_reservation *r,
                                     enum capacity_reservation_state to, struct err *e)
{
    return state_move(&capacity_reservation_states, &r->state, to, e);
}
