#include "base/clock.h"
#include "base/log.h"
#include "jobs/worker.h"

/* Nothing of the machine has to move: the memory is free because the row says so. */
static int expire(struct jobs *j, struct arena *a, const char *id, struct err *e)
{
    struct tx *tx = store_write(j->config.store);
    struct capacity_reservation *r = store_capacity_reservation(tx, a, id);
    int64_t now = clock_now();
    /* Looked at again, now that nobody else writes: it may have been cancelled or prolonged. */
    bool due = r != NULL && r->state == CAPACITY_RESERVATION_ACTIVE && r->end_date > 0 &&
               r->end_date <= now;
    if (due) {
        int moved = capacity_reservation_enter_state(r, CAPACITY_RESERVATION_EXPIRED, e);
        if (moved < 0) {
            tx_end(tx);
            return moved;
        }
        r->ended_at = now;
        store_update_capacity_reservation(tx, r);
        store_release_capacity_reservation(tx, id);
    }
    int result = tx_commit(tx, e);
    if (result == 0 && due)
        log_info("capacity-reservation-expired reservation=%s", id);
    return result;
}

int capacity_reservation_converge(struct jobs *j, struct arena *a, const char *id,
                                  struct outcome *ret_outcome, struct err *e)
{
    struct tx *tx = store_read(j->config.store);
    const struct capacity_reservation *r = store_capacity_reservation(tx, a, id);
    int result = tx_commit(tx, e);
    if (result < 0 || r == NULL || r->state != CAPACITY_RESERVATION_ACTIVE || r->end_date == 0)
        return result;
    if (r->end_date > clock_now()) {
        *ret_outcome = (struct outcome){.again = true, .when = r->end_date};
        return 0;
    }
    return expire(j, a, id, e);
}
