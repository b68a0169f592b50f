#include <errno.h>

#include "base/text.h"
#include "jobs/plan.h"
#include "jobs/worker.h"

static struct vpc_slot *slot_of(struct jobs *j, const char *vpc_id)
{
    size_t h = 5381;
    for (const char *p = vpc_id; *p != '\0'; p++)
        h = h * 33 + (unsigned char)*p;
    return &j->vpcs[h % VPC_SLOTS];
}

static int load(struct jobs *j, struct arena *a, const char *vpc_id, struct net_vpc *ret_vpc,
                struct err *e)
{
    struct net_vpc v = {0};
    struct tx *tx = store_read(j->config.store);
    bool found = plan_vpc(tx, a, vpc_id, &v);
    int r = tx_commit(tx, e);
    if (r < 0)
        return r;
    if (!found)
        return err_set(e, ENOENT, "there is no VPC %s", vpc_id);
    *ret_vpc = v;
    return 0;
}

/* Reads the intent and makes the machine follow; the slot is locked, and remembers it if that
 * works. */
static int slot_apply(struct jobs *j, struct vpc_slot *slot, const char *vpc_id, struct err *e)
{
    struct network *n = j->config.network;
    struct arena *a = arena_new();
    struct net_vpc intent = {0};
    uint64_t version = store_network_version(j->config.store);
    int r = load(j, a, vpc_id, &intent, e);
    if (r == 0)
        r = n->ops->apply(n, &intent, e);
    if (r == 0 && j->config.network_changed != NULL)
        j->config.network_changed(j->config.ctx, vpc_id);
    arena_free(slot->arena);
    slot->arena = r == 0 ? a : NULL;
    slot->intent = intent;
    slot->version = version;
    if (r < 0)
        arena_free(a);
    return r;
}

int vpc_converge(struct jobs *j, const char *vpc_id, struct err *e)
{
    struct vpc_slot *slot = slot_of(j, vpc_id);
    (void)pthread_mutex_lock(&slot->lock);
    int r = slot_apply(j, slot, vpc_id, e);
    (void)pthread_mutex_unlock(&slot->lock);
    return r < 0 ? err_wrap(e, r, "network of %s", vpc_id) : 0;
}

int vpc_plug(struct jobs *j, const char *vpc_id, const char *interface_id, struct err *e)
{
    struct network *n = j->config.network;
    struct vpc_slot *slot = slot_of(j, vpc_id);
    (void)pthread_mutex_lock(&slot->lock);
    bool in_force = slot->arena != NULL && streq(slot->intent.vpc_id, vpc_id) &&
                    slot->version == store_network_version(j->config.store);
    int r = in_force ? 0 : slot_apply(j, slot, vpc_id, e);
    if (r == 0)
        r = n->ops->plug(n, &slot->intent, interface_id, e);
    (void)pthread_mutex_unlock(&slot->lock);
    return r < 0 ? err_wrap(e, r, "interface %s", interface_id) : 0;
}
