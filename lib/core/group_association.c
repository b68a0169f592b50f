#include "core/group_association.h"

#include "base/cleanup.h"

static const struct state states[] = {
    [GROUP_ASSOCIATING] = {"associating", 0,
                           STATE_BIT(GROUP_ASSOCIATED) | STATE_BIT(GROUP_ASSOCIATION_FAILED) |
                               STATE_BIT(GROUP_DISASSOCIATING)},
    [GROUP_ASSOCIATED] = {"associated", 0, STATE_BIT(GROUP_DISASSOCIATING)},
    [GROUP_ASSOCIATION_FAILED] = {"association-failed", 0,
                                  STATE_BIT(GROUP_ASSOCIATED) | STATE_BIT(GROUP_DISASSOCIATING)},
    [GROUP_DISASSOCIATING] = {"disassociating", 0,
                              STATE_BIT(GROUP_DISASSOCIATED) |
                                  STATE_BIT(GROUP_DISASSOCIATION_FAILED)},
    [GROUP_DISASSOCIATION_FAILED] = {"disassociation-failed", 0, STATE_BIT(GROUP_DISASSOCIATED)},
    [GROUP_DISASSOCIATED] = {"disassociated", 0, 0},
};

const struct state_table group_association_states = {"security group association", states,
                                                     ARRAY_SIZE(states)};

int group_association_enter_state(struct security_group_vpc *a, enum group_association_state to,
                                  struct err *e)
{
    return state_move(&group_association_states, &a->state, to, e);
}

bool group_association_is_wanted(const struct security_group_vpc *a)
{
    return a->state == GROUP_ASSOCIATING || a->state == GROUP_ASSOCIATED ||
           a->state == GROUP_ASSOCIATION_FAILED;
}

bool group_association_is_usable(const struct security_group_vpc *a)
{
    return a->state == GROUP_ASSOCIATING || a->state == GROUP_ASSOCIATED;
}

enum group_association_state group_association_outcome(const struct security_group_vpc *a,
                                                       bool worked)
{
    switch ((enum group_association_state)a->state) {
    case GROUP_ASSOCIATING:
    case GROUP_ASSOCIATION_FAILED:
        return worked ? GROUP_ASSOCIATED : GROUP_ASSOCIATION_FAILED;
    case GROUP_DISASSOCIATING:
    case GROUP_DISASSOCIATION_FAILED:
        return worked ? GROUP_DISASSOCIATED : GROUP_DISASSOCIATION_FAILED;
    case GROUP_ASSOCIATED:
    case GROUP_DISASSOCIATED:
    case _GROUP_ASSOCIATION_STATE_MAX:
        break;
    }
    return (enum group_association_state)a->state;
}
