#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "core/hostname.h"
#include "jobs/instance.h"
#include "seed/seed.h"

/*
 * From pending to running: disks, seed, network, domain, in this order, so that the guest finds
 * everything when it wakes. Each step is a no-op when it is done already. The domain is created
 * paused, because its tap has to move to the VPC's namespace before the guest sends anything.
 */

#define DISKS_MAX      28 /* root, 26 more (as EC2's /dev/sd[f-z] and beyond), the seed */
#define INTERFACES_MAX 15

static int make_disks(struct jobs *j, const struct instance_facts *facts, struct err *e)
{
    struct storage *s = j->config.storage;
    int r = s->ops->instance_prepare(s, facts->instance->id, e);
    for (size_t i = 0; r == 0 && i < facts->volumes.n; i++) {
        const struct volume *v = &facts->volumes.v[i];
        /* A volume that has been in use holds data: it is never made anew. */
        if (v->state == VOLUME_CREATING)
            r = s->ops->volume_make(s, v->id, v->image_id, v->size_gib, e);
    }
    return r;
}

static int make_seed(struct jobs *j, struct arena *a, const struct instance_facts *facts,
                     struct err *e)
{
    const struct instance *i = facts->instance;
    const struct network_interface *n = instance_primary_interface(facts);
    const struct region *region = region_find(i->region);
    CHECK(n != NULL && region != NULL);
    char *user_data = NULL;
    size_t user_data_len = 0;
    if (i->user_data != NULL &&
        base64_decode(a, i->user_data, strlen(i->user_data), &user_data, &user_data_len) < 0)
        return err_set(e, EINVAL, "the user data is not base64");
    struct seed_facts seed = {
        .instance_id = i->id,
        .hostname = hostname_of(a, "ip", n->private_ip),
        .private_ip = n->private_ip,
        .domain = region->domain,
        .public_key = i->public_key,
        .key_name = i->key_name,
        .mac = n->mac,
        .mtu = j->config.mtu,
        .region = i->region,
        .zone = i->zone,
        .instance_type = i->instance_type,
        .image_id = i->image_id,
        .user_data = user_data,
        .user_data_len = user_data_len,
    };
    struct seed_texts texts;
    int r = seed_build(a, j->config.template_dir, &seed, &texts, e);
    if (r < 0)
        return r;
    struct storage *s = j->config.storage;
    const char *path = s->ops->instance_path(s, a, i->id, "seed.img");
    return path == NULL ? 0 : seed_write(path, &texts, e); /* NULL: a store without files */
}

static const char *disk_target(struct arena *a, size_t position)
{
    return position < 26 ? arena_printf(a, "vd%c", (char)('a' + position))
                         : arena_printf(a, "vda%c", (char)('a' + position - 26));
}

/* The root device first: it is what the guest boots from and knows as vda. */
static size_t list_disks(struct jobs *j, struct arena *a, const struct instance_facts *facts,
                         struct domain_disk *disks)
{
    struct storage *s = j->config.storage;
    size_t n = 0;
    for (int root = 1; root >= 0; root--)
        for (size_t i = 0; i < facts->volumes.n && n < DISKS_MAX - 1; i++) {
            const struct volume *v = &facts->volumes.v[i];
            if (streq(v->device_name, facts->instance->root_device_name) != (root == 1))
                continue;
            const char *digits = strchr(v->id, '-');
            disks[n] = (struct domain_disk){
                .path = s->ops->volume_path(s, a, v->id),
                .layer = v->image_id == NULL ? NULL : s->ops->image_path(s, a, v->image_id),
                .format = "qcow2",
                .target = disk_target(a, n),
                /* as EBS shows itself: the id without its dash, 20 characters */
                .serial = arena_printf(a, "vol%s", digits == NULL ? "" : digits + 1),
                .boot_order = root,
            };
            n++;
        }
    disks[n] = (struct domain_disk){
        .path = s->ops->instance_path(s, a, facts->instance->id, "seed.img"),
        .format = "raw",
        .target = disk_target(a, n),
        .serial = "cidata",
        .read_only = true,
    };
    return n + 1;
}

static int create_domain(struct jobs *j, struct arena *a, const struct instance_facts *facts,
                         struct err *e)
{
    struct hypervisor *h = j->hypervisor;
    struct storage *s = j->config.storage;
    const struct instance *i = facts->instance;
    struct host_info host;
    jobs_host(j, &host);
    struct domain_disk disks[DISKS_MAX];
    struct domain_nic nics[INTERFACES_MAX];
    size_t n_nics = 0;
    for (; n_nics < facts->interfaces.n && n_nics < INTERFACES_MAX; n_nics++)
        nics[n_nics] = (struct domain_nic){facts->interfaces.v[n_nics].tap,
                                           facts->interfaces.v[n_nics].mac, j->config.mtu};
    struct domain_spec spec = {
        .instance_id = i->id,
        .uuid = i->uuid,
        .instance_type = i->instance_type,
        .image_id = i->image_id,
        .name_tag = facts->name_tag,
        .architecture = i->architecture,
        .driver = host.kvm && streq(i->architecture, "x86_64") ? "kvm" : "qemu",
        .vcpus = (int)i->vcpus,
        .memory_mib = i->memory_mib,
        .disks = disks,
        .n_disks = list_disks(j, a, facts, disks),
        .nics = nics,
        .n_nics = n_nics,
        .console_log = s->ops->instance_path(s, a, i->id, "console.log"),
        .console_socket = arena_printf(a, "%s/console/%s", j->config.runtime_dir, i->id),
    };
    return h->ops->create_paused(h, &spec, e);
}

static int wake_domain(struct jobs *j, struct arena *a, const struct instance_facts *facts,
                       struct err *e)
{
    struct hypervisor *h = j->hypervisor;
    enum domain_state state = DOMAIN_GONE;
    int r = instance_domain(j, facts->instance->id, &state, e);
    if (r == 0 && state == DOMAIN_GONE) {
        r = create_domain(j, a, facts, e);
        state = DOMAIN_PAUSED_NEW;
    }
    if (r < 0 || state == DOMAIN_RUNNING)
        return r;
    for (size_t i = 0; r == 0 && i < facts->interfaces.n; i++)
        r = vpc_plug(j, facts->instance->vpc_id, facts->interfaces.v[i].id, e);
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
    store_enqueue(tx, "instance", i->id, 0); /* to see whether it answers */
    i->hypervisor = host->kvm ? "kvm" : "qemu";
    struct volume_list volumes = store_volumes(tx, a, "instance_id", i->id);
    for (size_t k = 0; k < volumes.n; k++) {
        struct volume *v = &volumes.v[k];
        if (volume_enter_state(v, VOLUME_IN_USE, NULL) == 0 &&
            volume_enter_attachment_state(v, ATTACHMENT_ATTACHED, NULL) == 0)
            store_update_volume(tx, v);
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
static int give_up(struct jobs *j, struct arena *a, const struct instance *i, const struct err *why,
                   struct err *e)
{
    struct reason reason = {
        .code = "Server.InternalError",
        .text = arena_strdup(a, why->message),
    };
    bool moved = false;
    log_error("instance-start-failed instance=%s reason=\"%s\"", i->id, why->message);
    return instance_record(j, a, i->id, INSTANCE_PENDING,
                           i->ever_ran ? INSTANCE_STOPPING : INSTANCE_SHUTTING_DOWN, note_failure,
                           &reason, &moved, e);
}

int instance_start(struct jobs *j, struct arena *a, const struct job *job,
                   struct instance_facts *facts, struct outcome *ret_outcome, struct err *e)
{
    (void)ret_outcome;
    struct err why = {0};
    int r = make_disks(j, facts, &why);
    if (r == 0)
        r = make_seed(j, a, facts, &why);
    if (r == 0)
        r = wake_domain(j, a, facts, &why);
    if (r == -ENOTCONN && job->attempts < JOBS_RETRY_MAX) {
        *e = why;
        return r; /* the hypervisor is away: the queue tries again */
    }
    if (r < 0)
        return give_up(j, a, facts->instance, &why, e);
    struct host_info host;
    jobs_host(j, &host);
    bool moved = false;
    return instance_record(j, a, facts->instance->id, INSTANCE_PENDING, INSTANCE_RUNNING,
                           note_running, &host, &moved, e);
}
