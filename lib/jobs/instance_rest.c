#include <errno.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "jobs/instance.h"
#include "jobs/layer.h"
#include "jobs/root_volume.h"

/*
 * Theory of operation
 *
 * An image may ask for its instance to be shut down while its volumes are frozen, so that nothing
 * of them is in the guest's memory only; a root volume is replaced while it is off. As with EC2's
 * reboots the instance is running all the while and keeps its room and its addresses. What is to be
 * done follows from its row and from whether the freeze or the replacement is made:
 *
 *     made?    rests    domain
 *     no       no       there    asked to power off, at last pulled
 *     no       no       gone     rests: it may begin
 *     no       yes      gone     waits
 *     yes      yes      gone     does not rest any more, once no file is being written
 *     yes      no       gone     created, runs
 *     yes      no       runs     the row names nothing any more
 *
 * While it rests its files are those of a stopped instance, to be frozen and merged. From the
 * moment that it does not until it runs nothing new begins with them: see snapshot.c and layer.c.
 */

#define LOOK_MS 250

static struct outcome again(int64_t ms)
{
    return (struct outcome){.again = true, .when = clock_now() + ms};
}

/* A freeze, or a root volume task. */
static int is_made(struct jobs *j, const char *id, bool *ret_made, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct tx *tx = store_read(j->config.store);
    const struct root_volume_task *task = store_root_volume_task(tx, a, id);
    *ret_made = (task == NULL || root_task_is_over(task)) &&
                store_count_snapshots(tx, "freeze_id", id, "state", "pending") == 0 &&
                store_volumes(tx, a, "freeze_id", id).n == 0;
    return tx_commit(tx, e);
}

static void note_rest(struct tx *tx, struct arena *a, struct instance *i, void *ctx)
{
    (void)a, (void)ctx;
    i->rests = true;
    i->stop_deadline = 0;
    store_enqueue(tx, has_prefix(i->rest_for, "snap-") ? SNAPSHOT_JOB : ROOT_VOLUME_JOB,
                  i->rest_for, 0);
}

static int shut_down(struct jobs *j, struct arena *a, const struct instance *i,
                     struct outcome *ret_outcome, struct err *e)
{
    enum domain_state state = DOMAIN_GONE;
    bool pull = false;
    bool moved = false;
    int r = instance_domain(j, i->id, &state, e);
    if (r == 0 && state != DOMAIN_GONE) {
        r = instance_ask_to_stop(j, a, i, &pull, e);
        *ret_outcome = again(INSTANCE_ASK_MS);
        if (r < 0 || !pull)
            return r;
        log_warning("instance-rest-forced instance=%s: the guest did not power off", i->id);
        r = j->hypervisor->ops->destroy(j->hypervisor, i->id, e);
    }
    *ret_outcome = again(LOOK_MS);
    return r < 0 ? r
                 : instance_record(j, a, i->id, INSTANCE_RUNNING, INSTANCE_RUNNING, note_rest, NULL,
                                   &moved, e);
}

/* In one transaction with the look at its files: nobody begins with them afterwards. */
static int end_rest(struct jobs *j, struct arena *a, const char *instance_id, bool *ret_ended,
                    struct err *e)
{
    struct tx *tx = store_write(j->config.store);
    struct instance_facts facts = instance_facts_read(tx, a, instance_id);
    *ret_ended = facts.instance != NULL && facts.instance->state == INSTANCE_RUNNING &&
                 instance_disks_are_at_rest(&facts);
    if (*ret_ended) {
        facts.instance->rests = false;
        store_update_instance(tx, facts.instance);
    }
    return tx_commit(tx, e);
}

static void note_awake(struct tx *tx, struct arena *a, struct instance *i, void *ctx)
{
    (void)ctx;
    i->rest_for = NULL;
    i->stop_deadline = 0;
    i->reboot_requested = false;
    i->reachable_at = 0;
    i->impaired_since = 0;
    store_enqueue(tx, "instance", i->id, 0); /* to see whether it answers */
    struct volume_list volumes = store_volumes(tx, a, "instance_id", i->id);
    for (size_t k = 0; k < volumes.n; k++)
        store_enqueue_layers(tx, volumes.v[k].layer_id);
}

static void note_lost(struct tx *tx, struct arena *a, struct instance *i, void *ctx)
{
    const struct reason *reason = ctx;
    i->rest_for = NULL;
    i->force_stop = true;
    i->transition_reason = reason->code;
    instance_set_reason(a, i, reason);
    store_enqueue(tx, "instance", i->id, 0);
}

/* It is stopped then, with its reason: its disks are whole. */
static int give_up(struct jobs *j, struct arena *a, const struct instance *i, const struct err *why,
                   struct err *e)
{
    bool moved = false;
    struct reason reason = {"Server.InternalError", arena_strdup(a, why->message)};
    log_error("instance-start-failed instance=%s reason=\"%s\"", i->id, why->message);
    return instance_record(j, a, i->id, INSTANCE_RUNNING, INSTANCE_STOPPING, note_lost, &reason,
                           &moved, e);
}

static int run_on(struct jobs *j, struct arena *a, const struct instance *seen,
                  struct outcome *ret_outcome, struct err *e)
{
    struct instance_facts facts = {0};
    struct err why = {0};
    bool ended = true;
    bool moved = false;
    int r = seen->rests ? end_rest(j, a, seen->id, &ended, e) : 0;
    if (r == 0 && !ended)
        *ret_outcome = again(LOOK_MS);
    if (r < 0 || !ended)
        return r;
    r = instance_facts_load(j, a, seen->id, &facts, e);
    if (r < 0 || facts.instance == NULL || facts.instance->state != INSTANCE_RUNNING)
        return r;
    r = instance_wake(j, a, &facts, &why);
    if (r == -ENOTCONN) {
        *e = why;
        return r; /* the hypervisor is away: the queue tries again */
    }
    if (r < 0)
        return give_up(j, a, seen, &why, e);
    log_info("instance-rested instance=%s for=%s", seen->id, seen->rest_for);
    return instance_record(j, a, seen->id, INSTANCE_RUNNING, INSTANCE_RUNNING, note_awake, NULL,
                           &moved, e);
}

int instance_rest(struct jobs *j, struct arena *a, const struct instance_facts *facts,
                  struct outcome *ret_outcome, struct err *e)
{
    const struct instance *i = facts->instance;
    bool made = false;
    int r = is_made(j, i->rest_for, &made, e);
    if (r < 0)
        return r;
    /* A guest that has been asked is on its way down, whatever became of the freeze. */
    if (made && i->stop_deadline == 0)
        return run_on(j, a, i, ret_outcome, e);
    if (!i->rests)
        return shut_down(j, a, i, ret_outcome, e);
    *ret_outcome = again(LOOK_MS);
    return 0;
}
