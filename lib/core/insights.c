#include "core/insights.h"

#include "base/cleanup.h"

static const struct state states[] = {
    [INSIGHTS_RUNNING] = {"running", 0, STATE_BIT(INSIGHTS_SUCCEEDED) | STATE_BIT(INSIGHTS_FAILED)},
    [INSIGHTS_SUCCEEDED] = {"succeeded", 0, 0},
    [INSIGHTS_FAILED] = {"failed", 0, 0},
};

const struct state_table insights_states = {"network insights analysis", states,
                                            ARRAY_SIZE(states)};

int insights_enter_state(struct network_insights_analysis *n, enum insights_state to, struct err *e)
{
    return state_move(&insights_states, &n->state, to, e);
}
