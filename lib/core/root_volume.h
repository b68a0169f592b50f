#pragma once
/* The replacement of an instance's root volume by another, which EC2 calls a task. */
#include <stdbool.h>
#include <stdint.h>

#include "core/state.h"

enum root_task_state {
    ROOT_TASK_PENDING,     /* the new volume is being made */
    ROOT_TASK_IN_PROGRESS, /* the guest is shut down */
    ROOT_TASK_SUCCEEDED,
    ROOT_TASK_FAILED,
    _ROOT_TASK_STATE_MAX
};

extern const struct state_table root_task_states;

struct root_volume_task {
    const char *id; /* replacevol-… */
    const char *account_id;
    const char *region;
    int state; /* enum root_task_state */
    const char *instance_id;
    const char *image_id;    /* that was asked for; NULL: none was */
    const char *snapshot_id; /* that the new volume is made from */
    const char *volume_id;   /* the new one */
    const char *replaced_id; /* the one before; it may be gone */
    bool delete_replaced;
    int64_t started_at;
    int64_t completed_at; /* 0: it is not */
};

bool root_task_is_over(const struct root_volume_task *t);
int root_task_enter_state(struct root_volume_task *t, enum root_task_state to, struct err *e);
