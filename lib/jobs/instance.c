#include "jobs/instance.h"

#include <errno.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

/*
 * Theory of operation
 *
 * instance_converge() looks at the row's state and does what that state asks for: pending is to be
 * started, stopping to be stopped, shutting-down to be removed; running must have a process. Each
 * of these looks at what is there first, so a run that was cut short anywhere is simply run again.
 *
 * Nothing is held while the machine is moved. The API may give an instance another state meanwhile;
 * a new state is recorded only if the row is still in the state that the run began with.
 */

#define PROBE_PORT       22
#define PROBE_BRIEF_MS   300
#define PROBE_PATIENT_MS 4000
#define PROBE_BOOT_MS    120000 /* a guest that boots may be silent for so long */
#define PROBE_OFTEN_MS   3000
#define PROBE_SELDOM_MS  30000

static const struct reason guest_shutdown = {
    "Client.InstanceInitiatedShutdown",
    "Instance initiated shutdown",
};
static const struct reason process_ended = {
    "Server.InternalError",
    "The virtual machine's process ended unexpectedly",
};

int instance_facts_load(struct jobs *j, struct arena *a, const char *instance_id,
                        struct instance_facts *ret_facts, struct err *e)
{
    struct tx *tx = store_read(j->config.store);
    struct instance_facts facts = instance_facts_read(tx, a, instance_id);
    int r = tx_commit(tx, e);
    if (r == 0)
        *ret_facts = facts;
    return r;
}

int instance_domain(struct jobs *j, const char *instance_id, enum domain_state *ret_state,
                    struct err *e)
{
    struct err why = {0};
    enum domain_state state = DOMAIN_GONE;
    int r = j->hypervisor->ops->state(j->hypervisor, instance_id, &state, &why);
    if (r < 0 && r != -ENOENT) {
        *e = why;
        return r;
    }
    *ret_state = r == -ENOENT ? DOMAIN_GONE : state;
    return 0;
}

void instance_set_reason(struct arena *a, struct instance *i, const struct reason *reason)
{
    i->state_reason_code = reason == NULL ? NULL : reason->code;
    i->state_reason_message =
        reason == NULL ? NULL : arena_printf(a, "%s: %s", reason->code, reason->text);
}

int instance_record(struct jobs *j, struct arena *a, const char *instance_id,
                    enum instance_state from, enum instance_state to, instance_change *change,
                    void *ctx, bool *ret_moved, struct err *e)
{
    *ret_moved = false;
    struct tx *tx = store_write(j->config.store);
    struct instance *i = store_instance(tx, a, instance_id);
    bool moves = i != NULL && i->state == (int)from;
    if (moves) {
        if (change != NULL)
            change(tx, a, i, ctx);
        int r = instance_enter_state(i, to, e);
        if (r < 0) {
            tx_end(tx);
            return r;
        }
        store_update_instance(tx, i);
    }
    int r = tx_commit(tx, e);
    if (r < 0 || !moves)
        return r;
    *ret_moved = true;
    if (from != to)
        log_info("instance-state instance=%s from=%s to=%s%s%s", instance_id,
                 instance_state_name(from), instance_state_name(to),
                 i->state_reason_message == NULL ? "" : " reason=",
                 i->state_reason_message == NULL ? "" : i->state_reason_message);
    return 0;
}

struct ended {
    const struct reason *reason;
    const char *transition;
};

static void note_end(struct tx *tx, struct arena *a, struct instance *i, void *ctx)
{
    const struct ended *ended = ctx;
    instance_set_reason(a, i, ended->reason);
    i->transition_reason = ended->transition;
    i->force_stop = false;
    i->stop_deadline = 0;
    store_enqueue(tx, "instance", i->id, 0);
}

/* A running instance has no process: it passes through stopping or shutting-down. */
static int running_ended(struct jobs *j, struct arena *a, const struct instance *i, bool by_guest,
                         struct err *e)
{
    /* A spot instance whose request is not persistent cannot be stopped. */
    bool terminate = (by_guest && i->terminate_on_shutdown) ||
                     (i->spot_request_id != NULL && !i->spot_persistent);
    struct ended ended = {by_guest ? &guest_shutdown : &process_ended,
                          by_guest ? "" : "Server.InternalError"};
    bool moved = false;
    return instance_record(j, a, i->id, INSTANCE_RUNNING,
                           terminate ? INSTANCE_SHUTTING_DOWN : INSTANCE_STOPPING, note_end, &ended,
                           &moved, e);
}

int instance_note_event(struct jobs *j, struct arena *a, const struct pending_event *event,
                        struct err *e)
{
    struct instance_facts facts = {0};
    int r = instance_facts_load(j, a, event->instance_id, &facts, e);
    if (r < 0 || facts.instance == NULL)
        return r;
    if (facts.instance->state == INSTANCE_RUNNING && facts.instance->rest_for == NULL)
        return running_ended(j, a, facts.instance, event->what == DOMAIN_EVENT_SHUTDOWN, e);
    /* On its way already: what it waits for may have happened. */
    struct tx *tx = store_write(j->config.store);
    store_enqueue(tx, "instance", event->instance_id, 0);
    return tx_commit(tx, e);
}

/*
 * AWS's instance status check is an ARP request to the interface ("Status checks for your
 * instances"). Connecting asks the same question: whatever comes back, even a refusal, somebody
 * answered ARP; when nobody does, the kernel says so after three seconds. A guest that has just
 * been started is asked briefly, so that workers do not wait for boots.
 */
static bool answers(struct jobs *j, const struct instance_facts *facts, bool patient)
{
    struct network *n = j->config.network;
    const struct network_interface *nic = instance_primary_interface(facts);
    if (nic == NULL)
        return false;
    int fd = -1;
    int r = n->ops->connect(n, nic->vpc_id, nic->private_ip, PROBE_PORT,
                            patient ? PROBE_PATIENT_MS : PROBE_BRIEF_MS, &fd, NULL);
    cleanup_close(&fd);
    return r == 0 || r == -ECONNREFUSED || r == -EOPNOTSUPP || (patient && r == -ETIMEDOUT);
}

struct reachability {
    int64_t reachable_at;
    int64_t impaired_since;
};

static void note_reachability(struct tx *tx, struct arena *a, struct instance *i, void *ctx)
{
    (void)tx, (void)a;
    const struct reachability *seen = ctx;
    i->reachable_at = seen->reachable_at;
    i->impaired_since = seen->impaired_since;
}

static int watch_reachability(struct jobs *j, struct arena *a, const struct instance_facts *facts,
                              struct outcome *ret_outcome, struct err *e)
{
    const struct instance *i = facts->instance;
    int64_t now = clock_now();
    bool patient = now - i->launch_time > PROBE_BOOT_MS;
    struct reachability seen = {i->reachable_at, i->impaired_since};
    if (answers(j, facts, patient)) {
        seen.reachable_at = seen.reachable_at > 0 ? seen.reachable_at : clock_now();
        seen.impaired_since = 0;
    } else {
        if (patient && seen.impaired_since == 0)
            seen.impaired_since = now;
        *ret_outcome = (struct outcome){
            .again = true,
            .when = clock_now() + (patient ? PROBE_SELDOM_MS : PROBE_OFTEN_MS),
        };
    }
    if (seen.reachable_at == i->reachable_at && seen.impaired_since == i->impaired_since)
        return 0;
    bool moved = false;
    return instance_record(j, a, i->id, INSTANCE_RUNNING, INSTANCE_RUNNING, note_reachability,
                           &seen, &moved, e);
}

static void clear_reboot(struct tx *tx, struct arena *a, struct instance *i, void *ctx)
{
    (void)tx, (void)a, (void)ctx;
    i->reboot_requested = false;
}

static int watch_running(struct jobs *j, struct arena *a, const struct job *job,
                         const struct instance_facts *facts, struct outcome *ret_outcome,
                         struct err *e)
{
    const struct instance *i = facts->instance;
    struct hypervisor *h = j->hypervisor;
    enum domain_state state = DOMAIN_GONE;
    int r = instance_domain(j, i->id, &state, e);
    if (r < 0)
        return r;
    if (state == DOMAIN_GONE)
        return running_ended(j, a, i, false, e);
    struct outcome interfaces = {0};
    r = instance_converge_interfaces(j, a, job, facts, &interfaces, e);
    if (r < 0)
        return r;
    if (!i->reboot_requested) {
        r = watch_reachability(j, a, facts, ret_outcome, e);
        if (r == 0 && interfaces.again)
            *ret_outcome = interfaces;
        return r;
    }
    r = h->ops->reboot(h, i->id, e);
    if (r < 0)
        return r;
    log_info("instance-reboot instance=%s", i->id);
    bool moved = false;
    return instance_record(j, a, i->id, INSTANCE_RUNNING, INSTANCE_RUNNING, clear_reboot, NULL,
                           &moved, e);
}

int instance_converge(struct jobs *j, struct arena *a, const struct job *job,
                      struct outcome *ret_outcome, struct err *e)
{
    struct instance_facts facts = {0};
    int r = instance_facts_load(j, a, job->object_id, &facts, e);
    if (r < 0 || facts.instance == NULL)
        return r;
    switch ((enum instance_state)facts.instance->state) {
    case INSTANCE_PENDING:
        return instance_start(j, a, job, &facts, ret_outcome, e);
    case INSTANCE_RUNNING:
        return facts.instance->rest_for != NULL ? instance_rest(j, a, &facts, ret_outcome, e)
                                                : watch_running(j, a, job, &facts, ret_outcome, e);
    case INSTANCE_STOPPING:
        return instance_stop(j, a, &facts, ret_outcome, e);
    case INSTANCE_SHUTTING_DOWN:
        return instance_terminate(j, a, &facts, ret_outcome, e);
    case INSTANCE_STOPPED:
    case INSTANCE_TERMINATED:
    case _INSTANCE_STATE_MAX:
        break;
    }
    return 0;
}
