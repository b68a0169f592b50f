#include "core/root_volume.h"

#include "base/cleanup.h"

static const struct state states[] = {
    [ROOT_TASK_PENDING] = {"pending", 0,
                           STATE_BIT(ROOT_TASK_IN_PROGRESS) | STATE_BIT(ROOT_TASK_SUCCEEDED) |
                               STATE_BIT(ROOT_TASK_FAILED)},
    [ROOT_TASK_IN_PROGRESS] = {"in-progress", 0,
                               STATE_BIT(ROOT_TASK_SUCCEEDED) | STATE_BIT(ROOT_TASK_FAILED)},
    [ROOT_TASK_SUCCEEDED] = {"succeeded", 0, 0},
    [ROOT_TASK_FAILED] = {"failed", 0, 0},
};

const struct state_table root_task_states = {"root volume task", states, ARRAY_SIZE(states)};

bool root_task_is_over(const struct root_volume_task *t)
{
    return t->state == ROOT_TASK_SUCCEEDED || t->state == ROOT_TASK_FAILED;
}

int root_task_enter_state(struct root_volume_task *t, enum root_task_state to, struct err *e)
{
    return state_move(&root_task_states, &t->state, to, e);
}
