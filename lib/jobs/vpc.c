#include <errno.h>

#include "base/log.h"
#include "base/text.h"
#include "jobs/group_association.h"
#include "jobs/plan.h"
#include "jobs/worker.h"

static struct vpc_slot *slot_of(struct jobs *j, const char *vpc_id)
{
    size_t h = 5381;
    for (const char *p = vpc_id; *p != '\0'; p++)
        h = h * 33 + (unsigned char)*p;
    return &j->vpcs[h % VPC_SLOTS];
}

/* *ret_found: there is such a VPC. */
static int load(struct jobs *j, struct arena *a, const char *vpc_id, struct net_vpc *ret_vpc,
                bool *ret_found, struct err *e)
{
    struct tx *tx = store_read(j->config.store);
    *ret_found = plan_vpc(tx, a, vpc_id, ret_vpc);
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
    if (slot->arena != NULL && streq(slot->intent.vpc_id, vpc_id)) {
        arena_free(slot->arena);
        slot->arena = NULL;
    }
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

/*
 * Reads the intent and makes the machine follow; the slot is locked, and remembers it if that
 * works. *ret_found as load().
 */
static int slot_apply(struct jobs *j, struct vpc_slot *slot, const char *vpc_id, bool *ret_found,
                      struct err *e)
{
    struct network *n = j->config.network;
    struct arena *a = arena_new();
    struct net_vpc intent = {0};
    uint64_t version = store_network_version(j->config.store);
    int r = load(j, a, vpc_id, &intent, ret_found, e);
    if (r < 0 || !*ret_found) {
        arena_free(a);
        return r;
    }
    bool news = slot->arena == NULL || slot->version != version;
    r = n->ops->apply(n, &intent, e);
    if (r == 0)
        tell_of_change(j, vpc_id);
    if (r == 0 && news && intent.n_peerings > 0)
        wake_peers(j, &intent);
    bool applied = r == 0;
    struct err not_recorded = {0};
    if (record(j, &intent, applied ? NULL : e->message, &not_recorded) < 0 && applied)
        r = err_set(e, EIO, "%s", not_recorded.message);
    arena_free(slot->arena);
    slot->arena = applied ? a : NULL;
    slot->intent = intent;
    slot->version = version;
    if (!applied)
        arena_free(a); /* and the intent with it */
    return r;
}

int vpc_converge(struct jobs *j, const char *vpc_id, struct err *e)
{
    struct vpc_slot *slot = slot_of(j, vpc_id);
    bool found = false;
    (void)pthread_mutex_lock(&slot->lock);
    int r = slot_apply(j, slot, vpc_id, &found, e);
    if (r == 0 && !found)
        r = remove_network(j, slot, vpc_id, e);
    (void)pthread_mutex_unlock(&slot->lock);
    return r < 0 ? err_wrap(e, r, "network of %s", vpc_id) : 0;
}

int vpc_plug(struct jobs *j, const char *vpc_id, const char *interface_id, struct err *e)
{
    struct network *n = j->config.network;
    struct vpc_slot *slot = slot_of(j, vpc_id);
    (void)pthread_mutex_lock(&slot->lock);
    bool found = slot->arena != NULL && streq(slot->intent.vpc_id, vpc_id) &&
                 slot->version == store_network_version(j->config.store);
    int r = found ? 0 : slot_apply(j, slot, vpc_id, &found, e);
    if (r == 0 && !found)
        r = err_set(e, ENOENT, "there is no VPC %s", vpc_id);
    if (r == 0)
        r = n->ops->plug(n, &slot->intent, interface_id, e);
    (void)pthread_mutex_unlock(&slot->lock);
    return r < 0 ? err_wrap(e, r, "interface %s", interface_id) : 0;
}
