#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/log.h"
#include "base/text.h"
#include "jobs/group_association.h"
#include "jobs/plan.h"
#include "jobs/worker.h"
#include "store/port_changes.h"

static struct vpc_slot *slot_of(struct jobs *j, const char *vpc_id)
{
    size_t h = 5381;
    for (const char *p = vpc_id; *p != '\0'; p++)
        h = h * 33 + (unsigned char)*p;
    return &j->vpcs[h % VPC_SLOTS];
}

/* --- memory */

static struct vpc_memory *recall(const struct vpc_slot *slot, const char *vpc_id)
{
    for (size_t i = 0; i < slot->n_memories; i++)
        if (streq(slot->memories[i].vpc_id, vpc_id))
            return &slot->memories[i];
    return NULL;
}

static void forget(struct vpc_slot *slot, const char *vpc_id)
{
    struct vpc_memory *m = recall(slot, vpc_id);
    if (m != NULL)
        *m = slot->memories[--slot->n_memories];
}

static void remember(struct vpc_slot *slot, const char *vpc_id, const struct vpc_memory *now)
{
    struct vpc_memory *m = recall(slot, vpc_id);
    size_t len = strlen(vpc_id);
    CHECK(len < sizeof(m->vpc_id));
    if (m == NULL) {
        slot->memories =
            reallocarray(slot->memories, slot->n_memories + 1, sizeof(*slot->memories));
        CHECK_MEMORY(slot->memories != NULL);
        m = &slot->memories[slot->n_memories++];
    }
    *m = *now;
    memcpy(m->vpc_id, vpc_id, len + 1);
}

/* --- what the rows say */

struct plans {
    bool found;    /* there is such a VPC */
    bool has_part; /* what differs since it was applied last is known */
    bool has_whole;
    struct net_part part;
    struct net_vpc of_part;
    struct net_vpc whole;
    uint64_t seen;
};

/*
 * Both plans are of the same rows. The whole one is made when there is no other, and when the
 * reconciler has passed: `audited`.
 */
static int load(struct jobs *j, struct arena *a, const char *vpc_id, const struct vpc_memory *m,
                bool audited, struct plans *ret, struct err *e)
{
    struct plans p = {0};
    struct text_list ids = {0};
    struct tx *tx = store_read(j->config.store);
    p.has_part = store_changed_ports(tx, a, vpc_id, m == NULL ? 0 : m->seen, &ids, &p.seen);
    p.part = (struct net_part){ids.v, ids.n};
    if (p.has_part)
        p.found = plan_vpc_part(tx, a, vpc_id, &p.part, &p.of_part);
    p.has_whole = !p.has_part || audited;
    if (p.has_whole)
        p.found = plan_vpc(tx, a, vpc_id, &p.whole);
    *ret = p;
    return tx_commit(tx, e);
}

/*
 * Says in the rows of the VPC and of groups of others in it why the machine does not have what they
 * say; NULL: it has.
 */
static int record(struct jobs *j, const struct net_vpc *intent, const char *why, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct tx *tx = store_read(j->config.store);
    const struct vpc *seen = store_vpc(tx, a, intent->vpc_id);
    size_t n_moved = group_associations_moved(tx, a, intent, why).n;
    int r = tx_commit(tx, e);
    if (r < 0 || seen == NULL || (streq(seen->network_error, why) && n_moved == 0))
        return r;
    tx = store_write(j->config.store);
    struct vpc *row = store_vpc(tx, a, intent->vpc_id);
    struct security_group_vpc_list moved = group_associations_moved(tx, a, intent, why);
    if (row != NULL) {
        row->network_error = why;
        store_update_vpc(tx, row);
    }
    for (size_t i = 0; i < moved.n; i++)
        group_association_put(tx, &moved.v[i]);
    return tx_commit(tx, e);
}

static void tell_of_change(struct jobs *j, const char *vpc_id)
{
    if (j->config.network_changed != NULL)
        j->config.network_changed(j->config.ctx, vpc_id);
}

/* The VPC has been deleted: nothing of it stays. */
static int remove_network(struct jobs *j, struct vpc_slot *slot, const char *vpc_id, struct err *e)
{
    struct network *n = j->config.network;
    forget(slot, vpc_id);
    int r = n->ops->remove(n, vpc_id, -1, e);
    if (r == 0)
        tell_of_change(j, vpc_id);
    return r;
}

/*
 * Rules of a peer may name groups of this VPC, so when rows of the network have changed the peers
 * look again. That ends by itself: a look changes no rows. (VPCs that share a slot may miss each
 * other's change here; the reconciler looks at all of them.)
 */
static void wake_peers(struct jobs *j, const struct net_vpc *intent)
{
    struct err e = {0};
    struct tx *tx = store_write(j->config.store);
    for (size_t i = 0; i < intent->n_peerings; i++)
        store_enqueue(tx, "vpc", intent->peerings[i].peer_vpc_id, 0);
    if (tx_commit(tx, &e) < 0)
        log_warning("peers-not-woken vpc=%s reason=\"%s\"", intent->vpc_id, e.message);
}

/* *ret_intent: what was applied, or was to be; without ports that have not changed. */
static int apply(struct jobs *j, const struct plans *p, const struct net_vpc **ret_intent,
                 struct err *e)
{
    struct network *n = j->config.network;
    int r = 0;
    *ret_intent = &p->whole;
    if (p->has_part) {
        *ret_intent = &p->of_part;
        r = n->ops->apply(n, &p->of_part, &p->part, e);
    }
    if (r < 0 || !p->has_whole)
        return r;
    size_t stale = p->has_part ? n->ops->differing(n, &p->whole) : 0;
    if (stale > 0)
        log_warning("stale-ports vpc=%s ports=%zu: their rows have changed and were not noted; "
                    "this is a defect of Croft, and is mended",
                    p->whole.vpc_id, stale);
    j->stale_ports += stale;
    return n->ops->apply(n, &p->whole, NULL, e);
}

/*
 * Reads the intent and makes the machine follow; the slot is locked, and remembers it if that
 * works. *ret_found: there is such a VPC.
 *
 * After a change only the ports are read that may have changed, by the word of the store: whoever
 * writes their rows cannot keep it from that (store/port_changes.h). All else of a VPC is read each
 * time. It is planned whole when nothing is remembered: after a start, and after any failure; when
 * the driver wants it so; and when the reconciler has passed, which also finds what a part has
 * missed.
 */
static int slot_apply(struct jobs *j, struct vpc_slot *slot, const char *vpc_id, bool *ret_found,
                      struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct vpc_memory *before = recall(slot, vpc_id);
    struct vpc_memory now = {.version = store_network_version(j->config.store), .audit = j->audits};
    const struct net_vpc *intent = NULL;
    struct plans plans = {0};
    int r = load(j, a, vpc_id, before, before != NULL && before->audit != now.audit, &plans, e);
    *ret_found = plans.found;
    if (r < 0 || !plans.found)
        return r;
    bool news = before == NULL || before->version != now.version;
    r = apply(j, &plans, &intent, e);
    if (r == -ESTALE) {
        *e = (struct err){0};
        r = load(j, a, vpc_id, NULL, true, &plans, e);
        *ret_found = plans.found;
        if (r < 0 || !plans.found)
            return r;
        r = apply(j, &plans, &intent, e);
    }
    if (r == 0)
        tell_of_change(j, vpc_id);
    if (r == 0 && news && intent->n_peerings > 0)
        wake_peers(j, intent);
    bool applied = r == 0;
    struct err not_recorded = {0};
    if (record(j, intent, applied ? NULL : e->message, &not_recorded) < 0 && applied)
        r = err_set(e, EIO, "%s", not_recorded.message);
    now.seen = plans.seen;
    if (applied)
        remember(slot, vpc_id, &now);
    else
        forget(slot, vpc_id);
    return r;
}

static int locked_converge(struct jobs *j, struct vpc_slot *slot, const char *vpc_id, struct err *e)
{
    bool found = false;
    int r = slot_apply(j, slot, vpc_id, &found, e);
    if (r == 0 && !found)
        r = remove_network(j, slot, vpc_id, e);
    (void)pthread_mutex_unlock(&slot->lock);
    return r < 0 ? err_wrap(e, r, "network of %s", vpc_id) : 0;
}

int vpc_converge(struct jobs *j, const char *vpc_id, struct err *e)
{
    struct vpc_slot *slot = slot_of(j, vpc_id);
    (void)pthread_mutex_lock(&slot->lock);
    return locked_converge(j, slot, vpc_id, e);
}

int vpc_look(struct jobs *j, const char *vpc_id, struct err *e)
{
    struct vpc_slot *slot = slot_of(j, vpc_id);
    return pthread_mutex_trylock(&slot->lock) != 0 ? 0 : locked_converge(j, slot, vpc_id, e);
}

/* Of all ports it needs the one alone. */
static int plug(struct jobs *j, const char *vpc_id, const char *interface_id, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct network *n = j->config.network;
    struct net_vpc intent = {0};
    const struct net_part part = {&interface_id, 1};
    struct tx *tx = store_read(j->config.store);
    bool found = plan_vpc_part(tx, a, vpc_id, &part, &intent);
    int r = tx_commit(tx, e);
    if (r == 0 && !found)
        r = err_set(e, ENOENT, "there is no VPC %s", vpc_id);
    return r < 0 ? r : n->ops->plug(n, &intent, interface_id, e);
}

int vpc_plug(struct jobs *j, const char *vpc_id, const char *interface_id, struct err *e)
{
    struct vpc_slot *slot = slot_of(j, vpc_id);
    (void)pthread_mutex_lock(&slot->lock);
    const struct vpc_memory *m = recall(slot, vpc_id);
    bool found = m != NULL && m->version == store_network_version(j->config.store);
    int r = found ? 0 : slot_apply(j, slot, vpc_id, &found, e);
    if (r == 0 && !found)
        r = err_set(e, ENOENT, "there is no VPC %s", vpc_id);
    if (r == 0)
        r = plug(j, vpc_id, interface_id, e);
    (void)pthread_mutex_unlock(&slot->lock);
    return r < 0 ? err_wrap(e, r, "interface %s", interface_id) : 0;
}
