#pragma once
/*
 * Room for another guest on the server.
 *
 * Memory is never promised twice: a guest's memory, and what QEMU needs besides, must fit beside
 * what all other guests were promised, what unused slots of capacity reservations hold and what the
 * owner reserves, and be there right now. What spot instances were promised is an on-demand
 * launch's for the asking: it waits until they have gone (core/room.h). Processors are shared.
 */
#include "api/capacity_slots.h"

/* What a launch was given. */
struct capacity_grant {
    int64_t count;
    bool waits; /* those without a slot, for spot instances to go: capacity_make_room() */
};

/*
 * How many more instances of this size the server takes, at most `want`: into free slots of
 * reservations, and beyond these (unless there are to be no others) into what nobody has been
 * promised, or spot instances alone. Below `need`: a fault InsufficientInstanceCapacity (or
 * InstanceLimitExceeded, ReservationCapacityExceeded) that says what is lacking. Whoever is
 * admitted takes slots while there are any.
 */
int capacity_admit(struct call *c, const struct instance_type *type,
                   const struct capacity_slots *slots, int64_t need, int64_t want,
                   struct capacity_grant *ret_grant, struct fault *f);
/* The same for a spot instance: it has no slots, and takes of what is free alone. */
int capacity_admit_spot(struct call *c, const struct instance_type *type, int64_t need,
                        int64_t want, struct capacity_grant *ret_grant, struct fault *f);
/* An instance without a slot of a grant that waits: its row says so. */
void capacity_let_wait(struct call *c, struct instance *i);
/* After the rows are written: gives notice to as many spot instances as it takes. */
void capacity_make_room(struct call *c);
/* Is there room for a reservation to hold `more` slots of this size? */
int capacity_hold(struct call *c, const char *type, int64_t memory_mib, int64_t more,
                  struct fault *f);
