#include "core/snapshot.h"

#include "base/cleanup.h"

static const struct state states[] = {
    [SNAPSHOT_PENDING] = {"pending", 0, STATE_BIT(SNAPSHOT_COMPLETED) | STATE_BIT(SNAPSHOT_ERROR)},
    [SNAPSHOT_COMPLETED] = {"completed", 0, STATE_BIT(SNAPSHOT_ERROR)},
    [SNAPSHOT_ERROR] = {"error", 0, STATE_BIT(SNAPSHOT_COMPLETED)}, /* its file is back */
};

const struct state_table snapshot_states = {"snapshot", states, ARRAY_SIZE(states)};

int snapshot_enter_state(struct snapshot *s, enum snapshot_state to, struct err *e)
{
    return state_move(&snapshot_states, &s->state, to, e);
}
