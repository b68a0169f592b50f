#pragma once
/*
 * Security groups in VPCs beside their own (AWS: "Associate security groups with multiple VPCs").
 * The row says what is in force: its workers move it once the machine has followed.
 */
#include <stdbool.h>

#include "core/state.h"

enum group_association_state {
    GROUP_ASSOCIATING,
    GROUP_ASSOCIATED,
    GROUP_ASSOCIATION_FAILED, /* the machine has not followed, and is asked again */
    GROUP_DISASSOCIATING,
    GROUP_DISASSOCIATION_FAILED, /* likewise */
    GROUP_DISASSOCIATED,         /* the row goes with it */
    _GROUP_ASSOCIATION_STATE_MAX
};

extern const struct state_table group_association_states;

struct security_group_vpc {
    const char *group_id;
    const char *vpc_id;
    const char *account_id;
    const char *region;
    int state;                /* enum group_association_state */
    const char *state_reason; /* NULL: none */
};

int group_association_enter_state(struct security_group_vpc *a, enum group_association_state to,
                                  struct err *e);
/* Are the group's rules to be in the VPC? */
bool group_association_is_wanted(const struct security_group_vpc *a);
/* May interfaces of the VPC be members, rules there name it? */
bool group_association_is_usable(const struct security_group_vpc *a);
/*
 * Once the machine has been asked for what a row says: the state that it enters if that worked, or
 * if it did not. The one it is in: neither changes it.
 */
enum group_association_state group_association_outcome(const struct security_group_vpc *a,
                                                       bool worked);
