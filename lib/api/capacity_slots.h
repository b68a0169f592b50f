#pragma once
/*
 * Slots of capacity reservations: which of them an instance may take.
 *
 * An instance takes a slot of an active reservation for its type, zone, platform and tenancy: of an
 * open one by itself, of a targeted one only when it names it. Its wish is in its row
 * (capacity_preference, capacity_target). It has the slot for as long as it holds memory.
 */
#include "api/call.h"

struct capacity_slot {
    const char *reservation_id;
    int64_t free;
};

struct capacity_slots {
    struct capacity_slot *v;
    size_t n;
    bool only; /* the instance runs in a reservation or not at all */
};

/*
 * The wish that a request's CapacityReservationSpecification (NULL: none) makes: which slots, and
 * of which reservation alone (NULL: any).
 */
int capacity_wish_read(const struct ec2_CapacityReservationSpecification *s,
                       const char **ret_preference, const char **ret_target, struct fault *f);
/*
 * Those for an instance of this type, zone, tenancy and wish. A target that is not there, not
 * active or for other instances is a fault.
 */
int capacity_slots_of(struct call *c, const struct instance *i, struct capacity_slots *ret_slots,
                      struct fault *f);
int64_t capacity_slots_free(const struct capacity_slots *s);
/* Takes one: the id of its reservation, or NULL when there is none left. */
const char *capacity_slots_take(struct capacity_slots *s);
