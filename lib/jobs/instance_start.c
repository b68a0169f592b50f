#include <errno.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/instance_type.h"
#include "jobs/disk_files.h"
#include "jobs/instance.h"
#include "jobs/layer.h"
#include "jobs/layer_key.h"
#include "jobs/plan.h"
#include "seed/seed.h"

/*
 * From pending to running: disks, seed, network, domain, in this order, so that the guest finds
 * everything when it wakes. Each step is a no-op when it is done already. The domain is created
 * paused, because its tap has to move to the VPC's namespace before the guest sends anything.
 */

#define DISK_LOOK_MS 250
#define ROOM_LOOK_MS 30000 /* the market wakes it before, when there is room */

bool instance_disks_are_at_rest(const struct instance_facts *facts)
{
    for (size_t i = 0; i < facts->volumes.n; i++)
        if (!plan_is_at_rest(&facts->volumes.v[i], &facts->chains[i]))
            return false;
    return true;
}

static int make_disks(struct jobs *j, struct arena *a, const struct instance_facts *facts,
                      struct err *e)
{
    struct storage *s = j->config.storage;
    int r = s->ops->instance_prepare(s, facts->instance->id, e);
    for (size_t i = 0; r == 0 && i < facts->volumes.n; i++) {
        const struct volume *v = &facts->volumes.v[i];
        if (plan_makes_volume(v))
            r = layer_make_file(j, a, v->layer_id, v->size_gib, e);
    }
    return r;
}

static int make_seed(struct jobs *j, struct arena *a, const struct instance_facts *facts,
                     struct err *e)
{
    struct storage *s = j->config.storage;
    struct seed_texts texts;
    _cleanup_buf_ struct buf image = BUF_INIT(SEED_IMAGE_MAX);
    int r = plan_seed(&j->config, a, facts, &texts, e);
    if (r == 0)
        r = seed_image_build(&texts, &image, e);
    if (r < 0)
        return r;
    return s->ops->instance_write(s, facts->instance->id, PLAN_SEED_FILE, image.data, image.len, e);
}

static int create_domain(struct jobs *j, struct arena *a, const struct instance_facts *facts,
                         struct err *e)
{
    _cleanup_open_keys_ struct open_keys keys = open_keys_new(a, DOMAIN_DISKS_MAX);
    struct host_info host;
    jobs_host(j, &host);
    struct domain_spec spec = *plan_domain(&j->config, a, facts, &host);
    struct domain_disk *disks = arena_memdup(a, spec.disks, spec.n_disks * sizeof(*disks));
    int r = layer_open_disks(j, a, disks, spec.n_disks, &keys, e);
    spec.disks = disks;
    return r < 0 ? r : j->hypervisor->ops->create_paused(j->hypervisor, &spec, e);
}

/* What the guest has in its instance store is there yet when it was only rebooted. */
static int make_store(struct jobs *j, const struct instance *i, struct err *e)
{
    struct storage *s = j->config.storage;
    return s->ops->store_make(s, i->id, i->store_disks, i->store_disk_gb * STORE_GB, e);
}

int instance_wake(struct jobs *j, struct arena *a, const struct instance_facts *facts,
                  struct err *e)
{
    struct hypervisor *h = j->hypervisor;
    enum domain_state state = DOMAIN_GONE;
    int r = instance_domain(j, facts->instance->id, &state, e);
    if (r == 0 && state == DOMAIN_GONE) {
        r = make_store(j, facts->instance, e);
        if (r == 0)
            r = create_domain(j, a, facts, e);
        state = DOMAIN_PAUSED_NEW;
    }
    if (r < 0 || state == DOMAIN_RUNNING)
        return r;
    for (size_t i = 0; r == 0 && i < facts->interfaces.n; i++)
        r = vpc_plug(j, facts->interfaces.v[i].vpc_id, facts->interfaces.v[i].id, e);
    if (r == 0)
        r = h->ops->resume(h, facts->instance->id, e);
    return r;
}

static void note_running(struct tx *tx, struct arena *a, struct instance *i, void *ctx)
{
    const struct host_info *host = ctx;
    instance_set_reason(a, i, NULL);
    i->transition_reason = "";
    i->ever_ran = true;
    i->reboot_requested = false;
    i->reachable_at = 0;
    i->impaired_since = 0;
    i->stalled_at = 0;
    store_enqueue(tx, "instance", i->id, 0); /* to see whether it answers */
    i->hypervisor = host->kvm ? "kvm" : "qemu";
    struct volume_list volumes = store_volumes(tx, a, "instance_id", i->id);
    for (size_t k = 0; k < volumes.n; k++) {
        struct volume *v = &volumes.v[k];
        /* One that is being detached was not given to the guest. */
        bool attaches = v->attachment_state == ATTACHMENT_ATTACHING &&
                        volume_enter_state(v, VOLUME_IN_USE, NULL) == 0 &&
                        volume_enter_attachment_state(v, ATTACHMENT_ATTACHED, NULL) == 0;
        if (attaches || v->missing_since > 0) {
            v->missing_since = 0; /* its files are open, or the next look tells otherwise */
            store_update_volume(tx, v);
        }
    }
}

static void note_failure(struct tx *tx, struct arena *a, struct instance *i, void *ctx)
{
    const struct reason *reason = ctx;
    instance_set_reason(a, i, reason);
    i->transition_reason = reason->code;
    i->force_stop = true; /* nothing in it to save: it never got to its kernel */
    store_enqueue(tx, "instance", i->id, 0);
}

/*
 * A start that cannot succeed. A first launch goes away with everything it made; an instance that
 * has run before is stopped again, with its disks. Either way its reason names the cause.
 */
static int give_up(struct jobs *j, struct arena *a, const struct instance *i,
                   const struct reason *why, struct err *e)
{
    struct reason reason = *why;
    bool moved = false;
    log_error("instance-start-failed instance=%s reason=\"%s\"", i->id, why->text);
    return instance_record(j, a, i->id, INSTANCE_PENDING,
                           i->ever_ran ? INSTANCE_STOPPING : INSTANCE_SHUTTING_DOWN, note_failure,
                           &reason, &moved, e);
}

/* The cause may be a disk whose file somebody has taken away: the volume is to say so, too. */
static int give_up_with_disks(struct jobs *j, struct arena *a, const struct instance_facts *facts,
                              const char *why, struct err *e)
{
    for (size_t k = 0; k < facts->volumes.n; k++) {
        int r = disk_files_look_at(j, a, facts->volumes.v[k].id, e);
        if (r < 0)
            return r;
    }
    return give_up(j, a, facts->instance, &(struct reason){"Server.InternalError", why}, e);
}

/* *ret_wait: there is no room yet; it was given up when there will be none. */
static int wait_for_room(struct jobs *j, struct arena *a, const struct instance *i, bool *ret_wait,
                         struct outcome *ret_outcome, struct err *e)
{
    static const struct reason none = {"Server.InsufficientInstanceCapacity",
                                       "There was insufficient capacity to satisfy the launch"};
    bool taken = false;
    bool hopeless = false;
    int r = market_take_room(j, a, i->id, &taken, &hopeless, e);
    *ret_wait = !taken;
    if (r < 0 || taken)
        return r;
    int64_t now = clock_now();
    if (hopeless && now > i->launch_time + j->config.spot_notice_ms + JOBS_ROOM_MS)
        return give_up(j, a, i, &none, e);
    *ret_outcome = (struct outcome){.again = true, .when = now + ROOM_LOOK_MS};
    return 0;
}

int instance_start(struct jobs *j, struct arena *a, const struct job *job,
                   struct instance_facts *facts, struct outcome *ret_outcome, struct err *e)
{
    if (facts->instance->waits_for_room) {
        bool wait = false;
        int code = wait_for_room(j, a, facts->instance, &wait, ret_outcome, e);
        if (code < 0 || wait)
            return code;
    }
    if (!instance_disks_are_at_rest(facts)) {
        *ret_outcome = (struct outcome){.again = true, .when = clock_now() + DISK_LOOK_MS};
        return 0;
    }
    struct err why = {0};
    int r = make_disks(j, a, facts, &why);
    if (r == 0 && !facts->instance->no_seed)
        r = make_seed(j, a, facts, &why);
    if (r == 0)
        r = instance_wake(j, a, facts, &why);
    if (r == -ENOTCONN && job->attempts < JOBS_RETRY_MAX) {
        *e = why;
        return r; /* the hypervisor is away: the queue tries again */
    }
    if (r < 0)
        return give_up_with_disks(j, a, facts, arena_strdup(a, why.message), e);
    struct host_info host;
    jobs_host(j, &host);
    bool moved = false;
    return instance_record(j, a, facts->instance->id, INSTANCE_PENDING, INSTANCE_RUNNING,
                           note_running, &host, &moved, e);
}
