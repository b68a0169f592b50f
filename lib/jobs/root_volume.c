#include "jobs/root_volume.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "jobs/plan.h"

/*
 * Theory of operation
 *
 * The new volume is made first, by its own job, so that a guest is not shut down for what cannot be
 * had. Then the instance rests (instance_rest.c), both volumes change their places in one
 * transaction, and it runs on. So a run that was cut short finds either of them as the root, whole.
 * Who stops the instance meanwhile has it stopped, with its new root.
 */

#define LOOK_MS 250

struct facts {
    struct root_volume_task *task;
    struct instance *instance;
    struct volume *fresh;
    struct volume *root; /* NULL: the instance has none */
};

static struct facts read_facts(struct tx *tx, struct arena *a, const char *task_id)
{
    struct facts f = {.task = store_root_volume_task(tx, a, task_id)};
    if (f.task == NULL)
        return f;
    f.instance = store_instance(tx, a, f.task->instance_id);
    f.fresh = store_volume(tx, a, f.task->volume_id);
    if (f.instance == NULL)
        return f;
    struct volume_list l = store_volumes(tx, a, "instance_id", f.instance->id, "device_name",
                                         f.instance->root_device_name);
    f.root = l.n == 0 ? NULL : l.v;
    return f;
}

static void end(struct tx *tx, const struct facts *f, enum root_task_state state)
{
    (void)root_task_enter_state(f->task, state, NULL); /* it was not over: see the caller */
    f->task->completed_at = clock_now();
    store_update_root_volume_task(tx, f->task);
    if (f->instance != NULL)
        store_enqueue(tx, "instance", f->instance->id, 0);
}

static void let_go(struct tx *tx, struct volume *v)
{
    if (volume_enter_state(v, VOLUME_DELETING, NULL) < 0)
        return;
    store_update_volume(tx, v);
    store_enqueue(tx, "volume", v->id, 0);
}

static void fail(struct tx *tx, const struct facts *f, const char *why)
{
    end(tx, f, ROOT_TASK_FAILED);
    if (f->fresh != NULL && f->fresh->instance_id == NULL)
        let_go(tx, f->fresh);
    log_warning("root-volume-not-replaced task=%s instance=%s reason=\"%s\"", f->task->id,
                f->task->instance_id, why);
}

/* Why it can no more succeed; NULL: it can. */
static const char *hopeless(const struct facts *f)
{
    const struct instance *i = f->instance;
    if (i == NULL || i->state == INSTANCE_SHUTTING_DOWN || i->state == INSTANCE_TERMINATED)
        return "the instance has gone";
    if (f->root == NULL)
        return "the instance has no root volume";
    if (f->fresh == NULL || f->fresh->state == VOLUME_DELETING)
        return "the new volume has gone";
    if (f->fresh->state == VOLUME_ERROR)
        return "the new volume could not be made";
    return f->fresh->instance_id == NULL ? NULL : "the new volume is attached elsewhere";
}

static void swap(struct tx *tx, const struct facts *f)
{
    const char *device_name = f->instance->root_device_name;
    bool goes = f->root->delete_on_termination;
    int64_t now = clock_now();
    plan_release_volume(tx, f->root);
    if (f->task->delete_replaced)
        let_go(tx, f->root);
    (void)volume_enter_state(f->fresh, VOLUME_IN_USE, NULL);
    (void)volume_enter_attachment_state(f->fresh, ATTACHMENT_ATTACHING, NULL);
    (void)volume_enter_attachment_state(f->fresh, ATTACHMENT_ATTACHED, NULL);
    f->fresh->instance_id = f->instance->id;
    f->fresh->device_name = device_name;
    f->fresh->attached_at = now;
    f->fresh->delete_on_termination = goes;
    store_update_volume(tx, f->fresh);
    end(tx, f, ROOT_TASK_SUCCEEDED);
    log_info("root-volume-replaced task=%s instance=%s volume=%s", f->task->id, f->instance->id,
             f->fresh->id);
}

static void ask_for_rest(struct tx *tx, const struct facts *f)
{
    f->instance->rest_for = f->task->id;
    f->instance->rests = false;
    f->instance->stop_deadline = 0;
    store_update_instance(tx, f->instance);
    store_enqueue(tx, "instance", f->instance->id, 0);
    if (root_task_enter_state(f->task, ROOT_TASK_IN_PROGRESS, NULL) == 0)
        store_update_root_volume_task(tx, f->task);
}

/* Neither is being frozen, nor is the root on its way. */
static bool can_swap(const struct facts *f)
{
    const struct instance *i = f->instance;
    bool off = i->state == INSTANCE_STOPPED ||
               (i->state == INSTANCE_RUNNING && i->rests && streq(i->rest_for, f->task->id));
    return off && f->fresh->state == VOLUME_AVAILABLE && f->fresh->next_layer_id == NULL &&
           f->root->next_layer_id == NULL && f->root->attachment_state == ATTACHMENT_ATTACHED;
}

int root_volume_converge(struct jobs *j, struct arena *a, const char *task_id,
                         struct outcome *ret_outcome, struct err *e)
{
    struct tx *tx = store_write(j->config.store);
    struct facts f = read_facts(tx, a, task_id);
    bool over = f.task == NULL || root_task_is_over(f.task);
    const char *why = over ? NULL : hopeless(&f);
    if (why != NULL)
        fail(tx, &f, why);
    else if (!over && can_swap(&f))
        swap(tx, &f);
    else if (!over && f.fresh->state == VOLUME_AVAILABLE && f.instance->state == INSTANCE_RUNNING &&
             f.instance->rest_for == NULL)
        ask_for_rest(tx, &f);
    over = f.task == NULL || root_task_is_over(f.task);
    int r = tx_commit(tx, e);
    if (r == 0 && !over)
        *ret_outcome = (struct outcome){.again = true, .when = clock_now() + LOOK_MS};
    return r;
}
