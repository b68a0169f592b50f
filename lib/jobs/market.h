#pragma once
/*
 * The spot market's rows: room, marks and requests. Functions that take a transaction change rows
 * in it and leave the commit to the caller, so that the API can use them in its own.
 *
 * The market's job (market.c) looks at everything that the passing of time, another price or room
 * that has become free can change. Whoever changes one of these enqueues it: market_stir().
 */
#include "core/room.h"
#include "hypervisor/hypervisor.h"
#include "store/queries.h"

/* What the server has and what is promised of it. */
void market_room(struct tx *tx, const char *host_id, const struct host_info *host,
                 int64_t reserve_mib, struct room *ret_room);
/* Percent of the server in use, as recorded last; 0 before the first record. */
int64_t market_used_percent(struct tx *tx);
int64_t market_price(struct tx *tx, const struct instance_type *type);

/* Tells a running spot instance what will become of it and when, or that nothing will. */
void market_mark(struct tx *tx, struct arena *a, struct instance *i, const char *cause,
                 int64_t deadline, int64_t now);
void market_unmark(struct tx *tx, struct arena *a, struct instance *i, int64_t now);

/* Enqueues the market's job. */
void market_stir(struct tx *tx, int64_t not_before);

/*
 * Marks as many spot instances as those that wait for room need, to go at `deadline`, and lets off
 * those that are not needed any more.
 */
void market_make_room(struct tx *tx, struct arena *a, const char *host_id, const struct room *room,
                      int64_t deadline, int64_t now);

/* An instance was launched or started for the request. */
void market_note_started(struct tx *tx, struct spot_request *r, const struct instance *i,
                         int64_t now);
/*
 * An instance of any kind has ended: it is about to enter `to`, stopped or terminated. Its request,
 * if it has one, is closed, disabled or opened again, and its mark is cleared.
 */
void market_note_ended(struct tx *tx, struct arena *a, struct instance *i, enum instance_state to,
                       int64_t now);
