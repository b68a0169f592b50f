#include "core/instance.h"

#include "base/cleanup.h"

/* Codes and names: AWS, "InstanceState" in the API reference. */
static const struct state states[] = {
    [INSTANCE_PENDING] = {"pending", 0,
                          STATE_BIT(INSTANCE_RUNNING) | STATE_BIT(INSTANCE_SHUTTING_DOWN) |
                              STATE_BIT(INSTANCE_STOPPING)},
    [INSTANCE_RUNNING] = {"running", 16,
                          STATE_BIT(INSTANCE_STOPPING) | STATE_BIT(INSTANCE_SHUTTING_DOWN)},
    [INSTANCE_SHUTTING_DOWN] = {"shutting-down", 32, STATE_BIT(INSTANCE_TERMINATED)},
    [INSTANCE_TERMINATED] = {"terminated", 48, 0},
    [INSTANCE_STOPPING] = {"stopping", 64,
                           STATE_BIT(INSTANCE_STOPPED) | STATE_BIT(INSTANCE_SHUTTING_DOWN)},
    [INSTANCE_STOPPED] = {"stopped", 80,
                          STATE_BIT(INSTANCE_PENDING) | STATE_BIT(INSTANCE_SHUTTING_DOWN)},
};

const struct state_table instance_states = {"instance", states, ARRAY_SIZE(states)};

int instance_enter_state(struct instance *i, enum instance_state to, struct err *e)
{
    return state_move(&instance_states, &i->state, to, e);
}

const char *instance_state_name(enum instance_state s)
{
    return state_name(&instance_states, s);
}

int instance_state_code(enum instance_state s)
{
    return states[s].code;
}

int64_t instance_cores(const struct instance *i)
{
    return i->cores > 0 ? i->cores : i->vcpus;
}

int64_t instance_threads_per_core(const struct instance *i)
{
    return i->vcpus / instance_cores(i);
}

bool instance_uses_capacity(const struct instance *i)
{
    switch ((enum instance_state)i->state) {
    case INSTANCE_PENDING:
    case INSTANCE_RUNNING:
    case INSTANCE_STOPPING:
    case INSTANCE_SHUTTING_DOWN:
        return true;
    case INSTANCE_STOPPED:
    case INSTANCE_TERMINATED:
    case _INSTANCE_STATE_MAX:
        return false;
    }
    return false;
}
