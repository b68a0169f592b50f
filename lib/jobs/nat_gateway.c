#include "base/clock.h"
#include "base/log.h"
#include "jobs/interface_rows.h"
#include "jobs/worker.h"

/* Nothing is held while the network is made: the row may be in another state by now. */
static int record(struct jobs *j, struct arena *a, const char *id, enum nat_gateway_state from,
                  enum nat_gateway_state to, struct err *e)
{
    struct tx *tx = store_write(j->config.store);
    struct nat_gateway *g = store_nat_gateway(tx, a, id);
    bool moves = g != NULL && g->state == (int)from;
    if (moves) {
        int r = nat_gateway_enter_state(g, to, e);
        if (r < 0) {
            tx_end(tx);
            return r;
        }
        if (to == NAT_GATEWAY_DELETED)
            g->deleted_at = clock_now();
        store_update_nat_gateway(tx, g);
    }
    int r = tx_commit(tx, e);
    if (r == 0 && moves)
        log_info("nat-gateway-state gateway=%s from=%s to=%s", id,
                 state_name(&nat_gateway_states, (int)from),
                 state_name(&nat_gateway_states, (int)to));
    return r;
}

/* Its port has gone; now the row of its interface goes, and its elastic address is free again. */
static int forget_interface(struct jobs *j, struct arena *a, struct nat_gateway *g, struct err *e)
{
    struct tx *tx = store_write(j->config.store);
    if (g->interface_id != NULL)
        interface_remove(tx, a, g->interface_id);
    g->interface_id = NULL;
    store_update_nat_gateway(tx, g);
    return tx_commit(tx, e);
}

/* Addresses whose time is over go, and elastic ones before them are free again. */
static int retire_addresses(struct jobs *j, struct arena *a, const struct nat_gateway *g,
                            struct outcome *ret_outcome, struct err *e)
{
    struct tx *tx = store_write(j->config.store);
    struct interface_address_list l =
        store_interface_addresses(tx, a, "interface_id", g->interface_id);
    int64_t now = clock_now();
    int64_t next = 0;
    bool went = false;
    for (size_t i = 0; i < l.n; i++) {
        int64_t until = l.v[i].drain_until;
        if (until > now && (next == 0 || until < next))
            next = until;
        if (until == 0 || until > now)
            continue;
        interface_address_remove(tx, a, &l.v[i]);
        log_info("nat-gateway-address-gone gateway=%s address=%s", g->id, l.v[i].address);
        went = true;
    }
    int r = tx_commit(tx, e);
    *ret_outcome = (struct outcome){.again = next > 0, .when = next};
    return r < 0 || !went ? r : vpc_converge(j, g->vpc_id, e);
}

int nat_gateway_converge(struct jobs *j, struct arena *a, const char *id,
                         struct outcome *ret_outcome, struct err *e)
{
    struct tx *tx = store_read(j->config.store);
    struct nat_gateway *g = store_nat_gateway(tx, a, id);
    int r = tx_commit(tx, e);
    if (r < 0 || g == NULL)
        return r;
    switch ((enum nat_gateway_state)g->state) {
    case NAT_GATEWAY_PENDING:
        r = vpc_converge(j, g->vpc_id, e);
        return r < 0 ? r : record(j, a, id, NAT_GATEWAY_PENDING, NAT_GATEWAY_AVAILABLE, e);
    case NAT_GATEWAY_DELETING:
        /* Its addresses are nobody's again when the machine has let go of them, not before. */
        r = vpc_converge(j, g->vpc_id, e);
        if (r == 0)
            r = forget_interface(j, a, g, e);
        return r < 0 ? r : record(j, a, id, NAT_GATEWAY_DELETING, NAT_GATEWAY_DELETED, e);
    case NAT_GATEWAY_AVAILABLE:
        return retire_addresses(j, a, g, ret_outcome, e);
    case NAT_GATEWAY_FAILED:
    case NAT_GATEWAY_DELETED:
    case _NAT_GATEWAY_STATE_MAX:
        break;
    }
    return 0;
}
