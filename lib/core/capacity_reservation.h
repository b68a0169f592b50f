#pragma once
/*
 * A capacity reservation: so many slots, each room for one instance of a type. An active one holds
 * the memory of all its slots. Which instance has a slot is in the instance's row, and counts for
 * as long as the instance holds memory; so nothing is written here when one stops or ends.
 */
#include <stdbool.h>
#include <stdint.h>

#include "core/state.h"

/*
 *   create -> pending ----> active ----> cancelled   by its owner
 *                |             |
 *                v             +-------> expired     its end date has come
 *             failed
 *
 * Here a request that cannot be served is refused and leaves no row, so none stays pending and none
 * has failed; the words are EC2's.
 */
enum capacity_reservation_state {
    CAPACITY_RESERVATION_PENDING,
    CAPACITY_RESERVATION_ACTIVE,
    CAPACITY_RESERVATION_EXPIRED,
    CAPACITY_RESERVATION_CANCELLED,
    CAPACITY_RESERVATION_FAILED,
    _CAPACITY_RESERVATION_STATE_MAX
};

extern const struct state_table capacity_reservation_states;

struct capacity_reservation {
    const char *id; /* cr-… */
    const char *account_id;
    const char *region;
    const char *host_id;
    int state; /* enum capacity_reservation_state; read it, never assign it */
    const char *zone;
    const char *instance_type;
    int64_t memory_mib; /* of one slot; kept, as an instance keeps it */
    const char *platform;
    const char *tenancy;
    int64_t instance_count; /* slots, free or taken */
    bool is_targeted;       /* InstanceMatchCriteria: targeted, else open */
    bool ebs_optimized;
    bool ephemeral_storage;
    int64_t end_date; /* 0: unlimited */
    int64_t created_at;
    int64_t ended_at;               /* 0 while it is active */
    const char *placement_group_id; /* only for instances of this group; NULL: for any */
};

/* The one place that assigns the state. 0 or -EPERM. */
int capacity_reservation_enter_state(struct capacity_reservation *r,
                                     enum capacity_reservation_state to, struct err *e);
