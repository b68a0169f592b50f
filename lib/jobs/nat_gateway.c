#include "base/clock.h"
#include "base/log.h"
#include "jobs/interface_rows.h"
#include "jobs/worker.h"

#define DRAIN_LOOK_MS 5000

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

/* Has anybody a connection by the address? Whoever cannot be asked is taken to have one. */
static bool is_in_use(struct jobs *j, const struct nat_gateway *g, const char *address)
{
    struct network *n = j->config.network;
    struct err e = {0};
    size_t connections = 0;
    int r = n->ops->nat_connections(n, g->id, address, &connections, &e);
    if (r < 0)
        log_warning("nat-gateway-not-asked gateway=%s reason=\"%s\"", g->id, e.message);
    return r < 0 || connections > 0;
}

/* Those of the addresses that can go now, as a new list; *ret_next: when to look again (0: never).
 */
static struct interface_address_list drained(struct jobs *j, struct arena *a,
                                             const struct nat_gateway *g,
                                             const struct interface_address_list *all,
                                             int64_t *ret_next)
{
    struct interface_address_list done = {0};
    int64_t now = clock_now();
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < all->n; i++) {
        int64_t until = all->v[i].drain_until;
        if (until == 0)
            continue;
        if (until <= now || !is_in_use(j, g, all->v[i].address))
            *arena_append(a, &done) = all->v[i];
        else if (until < next)
            next = until;
    }
    *ret_next = next == INT64_MAX ? 0 : next < now + DRAIN_LOOK_MS ? next : now + DRAIN_LOOK_MS;
    return done;
}

/*
 * Addresses that are drained go, and elastic ones before them are free again: when nobody has a
 * connection by them any more, or when their time is over (AWS: MaxDrainDurationSeconds). First of
 * all the gateway must not give them to new connections.
 */
static int retire_addresses(struct jobs *j, struct arena *a, const struct nat_gateway *g,
                            struct outcome *ret_outcome, struct err *e)
{
    struct tx *tx = store_read(j->config.store);
    struct interface_address_list all =
        store_interface_addresses(tx, a, "interface_id", g->interface_id);
    int r = tx_commit(tx, e);
    bool drains = false;
    for (size_t i = 0; i < all.n; i++)
        drains |= all.v[i].drain_until > 0;
    if (r == 0 && drains)
        r = vpc_converge(j, g->vpc_id, e);
    if (r < 0 || !drains)
        return r;
    int64_t next = 0;
    struct interface_address_list done = drained(j, a, g, &all, &next);
    *ret_outcome = (struct outcome){.again = next > 0, .when = next};
    if (done.n == 0)
        return 0;
    tx = store_write(j->config.store);
    for (size_t i = 0; i < done.n; i++)
        interface_address_remove(tx, a, &done.v[i]);
    r = tx_commit(tx, e);
    for (size_t i = 0; i < done.n && r == 0; i++)
        log_info("nat-gateway-address-gone gateway=%s address=%s", g->id, done.v[i].address);
    return r < 0 ? r : vpc_converge(j, g->vpc_id, e);
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
