#include "jobs/peering.h"

#include "base/clock.h"
#include "base/log.h"
#include "jobs/worker.h"

int64_t peering_expire(struct tx *tx, struct arena *a, const char *id, int64_t now)
{
    struct vpc_peering_connection *p = store_vpc_peering_connection(tx, a, id);
    if (p == NULL || p->state != PEERING_PENDING_ACCEPTANCE)
        return 0;
    if (p->created_at + PEERING_EXPIRY_MS > now)
        return p->created_at + PEERING_EXPIRY_MS;
    (void)peering_enter_state(p, PEERING_EXPIRED, NULL);
    p->state_message = "Expired";
    p->ended_at = now;
    store_update_vpc_peering_connection(tx, p);
    log_info("peering-expired peering=%s", id);
    return 0;
}

int peering_converge(struct jobs *j, struct arena *a, const char *id, struct outcome *ret_outcome,
                     struct err *e)
{
    struct tx *tx = store_write(j->config.store);
    int64_t when = peering_expire(tx, a, id, clock_now());
    int r = tx_commit(tx, e);
    if (r == 0 && when > 0)
        *ret_outcome = (struct outcome){.again = true, .when = when};
    return r;
}
