#include <errno.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "jobs/instance.h"
#include "jobs/layer.h"
#include "jobs/market.h"

#define DISK_LOOK_MS 250

static void note_stopped(struct tx *tx, struct arena *a, struct instance *i, void *ctx)
{
    (void)ctx;
    market_note_ended(tx, a, i, INSTANCE_STOPPED, clock_now());
    i->force_stop = false;
    i->stop_deadline = 0;
    i->rests = false;
    i->hypervisor = NULL;
    plan_give_back_addresses(tx, a, i->id);
    struct volume_list volumes = store_volumes(tx, a, "instance_id", i->id);
    for (size_t k = 0; k < volumes.n; k++)
        store_enqueue_layers(tx, volumes.v[k].layer_id); /* no guest reads them any more */
}

static void note_deadline(struct tx *tx, struct arena *a, struct instance *i, void *ctx)
{
    (void)tx, (void)a;
    i->stop_deadline = *(const int64_t *)ctx;
}

int instance_ask_to_stop(struct jobs *j, struct arena *a, const struct instance *i, bool *ret_pull,
                         struct err *e)
{
    int64_t now = clock_now();
    *ret_pull = i->stop_deadline > 0 && now >= i->stop_deadline;
    if (*ret_pull)
        return 0;
    int r = j->hypervisor->ops->shutdown(j->hypervisor, i->id, e);
    if (r < 0 && r != -ENOENT)
        return r;
    if (i->stop_deadline > 0)
        return 0;
    int64_t deadline = now + JOBS_STOP_TIMEOUT_MS;
    bool moved = false;
    return instance_record(j, a, i->id, i->state, i->state, note_deadline, &deadline, &moved, e);
}

int instance_stop(struct jobs *j, struct arena *a, struct instance_facts *facts,
                  struct outcome *ret_outcome, struct err *e)
{
    const struct instance *i = facts->instance;
    struct hypervisor *h = j->hypervisor;
    enum domain_state state = DOMAIN_GONE;
    int r = instance_domain(j, i->id, &state, e);
    if (r < 0)
        return r;
    /* A domain that was never resumed has no guest to ask. */
    bool pull = i->force_stop || state == DOMAIN_PAUSED_NEW;
    if (state == DOMAIN_RUNNING && !pull) {
        r = instance_ask_to_stop(j, a, i, &pull, e);
        if (r < 0)
            return r;
        if (!pull) {
            *ret_outcome = (struct outcome){.again = true, .when = clock_now() + INSTANCE_ASK_MS};
            return 0;
        }
        log_warning("instance-stop-forced instance=%s: the guest did not power off", i->id);
    }
    if (state != DOMAIN_GONE) {
        r = h->ops->destroy(h, i->id, e);
        if (r < 0)
            return r;
    }
    /* Its instance store is lost at a stop (AWS: "Data persistence for instance store"). */
    struct storage *s = j->config.storage;
    r = s->ops->store_remove(s, i->id, e);
    if (r < 0)
        return r;
    bool moved = false;
    return instance_record(j, a, i->id, INSTANCE_STOPPING, INSTANCE_STOPPED, note_stopped, NULL,
                           &moved, e);
}

static void note_terminated(struct tx *tx, struct arena *a, struct instance *i, void *ctx)
{
    (void)ctx;
    i->terminated_at = clock_now();
    market_note_ended(tx, a, i, INSTANCE_TERMINATED, i->terminated_at);
    i->hypervisor = NULL;
    i->user_data = NULL;
    plan_let_go_volumes(tx, a, i->id);
    store_delete_instance_profile_associations(tx, "instance_id", i->id);
    /* Its interfaces went before: see forget_interfaces(). */
    struct image *image = store_image(tx, a, i->image_id);
    if (image != NULL && image->state == IMAGE_DEREGISTERED)
        store_enqueue(tx, "image", image->id, 0); /* its layer may go now */
}

/* Addresses, rules, lease and name go with the rows, before the instance is called terminated. */
static int forget_interfaces(struct jobs *j, struct arena *a, const struct instance_facts *facts,
                             struct err *e)
{
    struct tx *tx = store_write(j->config.store);
    plan_let_go_interfaces(tx, a, facts->instance->id);
    int r = tx_commit(tx, e);
    for (size_t k = 0; r == 0 && k < facts->interfaces.n; k++)
        if (k == 0 || !streq(facts->interfaces.v[k].vpc_id, facts->interfaces.v[k - 1].vpc_id))
            r = vpc_converge(j, facts->interfaces.v[k].vpc_id, e);
    return r;
}

/* Snapshots that were asked for are taken before; *ret_wait: not all of them are. */
static int remove_disks(struct jobs *j, struct arena *a, const struct instance_facts *facts,
                        bool *ret_wait, struct err *e)
{
    struct tx *tx = store_write(j->config.store);
    struct volume_list volumes = store_volumes(tx, a, "instance_id", facts->instance->id);
    *ret_wait = false;
    for (size_t k = 0; k < volumes.n; k++)
        *ret_wait |=
            volumes.v[k].next_layer_id != NULL ||
            store_count_snapshots(tx, "volume_id", volumes.v[k].id, "state", "pending") > 0;
    for (size_t k = 0; k < volumes.n && !*ret_wait; k++)
        if (plan_removes_volume(&volumes.v[k]) &&
            volume_enter_state(&volumes.v[k], VOLUME_DELETING, NULL) == 0)
            store_update_volume(tx, &volumes.v[k]);
    int r = tx_commit(tx, e);
    for (size_t k = 0; r == 0 && k < volumes.n && !*ret_wait; k++)
        if (volumes.v[k].state == VOLUME_DELETING)
            r = layer_sweep(j, a, volumes.v[k].layer_id, e);
    return r;
}

int instance_terminate(struct jobs *j, struct arena *a, struct instance_facts *facts,
                       struct outcome *ret_outcome, struct err *e)
{
    const struct instance *i = facts->instance;
    struct storage *s = j->config.storage;
    bool wait = false;
    int r = j->hypervisor->ops->destroy(j->hypervisor, i->id, e);
    if (r == 0)
        r = forget_interfaces(j, a, facts, e);
    if (r == 0)
        r = remove_disks(j, a, facts, &wait, e);
    if (wait)
        *ret_outcome = (struct outcome){.again = true, .when = clock_now() + DISK_LOOK_MS};
    if (r == 0 && !wait)
        r = s->ops->instance_remove(s, i->id, e);
    if (r < 0 || wait)
        return r;
    bool moved = false;
    return instance_record(j, a, i->id, INSTANCE_SHUTTING_DOWN, INSTANCE_TERMINATED,
                           note_terminated, NULL, &moved, e);
}
