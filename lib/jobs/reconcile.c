#include <errno.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "jobs/disk_files.h"
#include "jobs/layer.h"
#include "jobs/market.h"
#include "jobs/root_volume.h"
#include "jobs/stall.h"
#include "jobs/transfer.h"
#include "jobs/worker.h"

/*
 * The reconciler compares rows with domains, files and namespaces. For rows it only enqueues: the
 * jobs look for themselves. What belongs to no row is removed here; that is what a crash between
 * two steps, or a hand at virsh, can leave behind.
 */

#define TOKENS_KEPT_MS    ((int64_t)48 * 3600 * 1000) /* AWS: at least a day; generously */
#define TRANSFERS_KEPT_MS ((int64_t)30 * 24 * 3600 * 1000)
#define REQUESTS_KEPT_MS  ((int64_t)48 * 3600 * 1000) /* spot requests that have ended */

/* Everything that is on its way, that should be running, or whose address needs its VPC. */
static int enqueue_rows(struct jobs *j, struct arena *a, struct err *e)
{
    struct tx *tx = store_write(j->config.store);
    struct vpc_list vpcs = store_vpcs(tx, a);
    for (size_t i = 0; i < vpcs.n; i++)
        if (vpcs.v[i].network_error != NULL ||
            store_count_network_interfaces(tx, "vpc_id", vpcs.v[i].id) > 0)
            store_enqueue(tx, "vpc", vpcs.v[i].id, 0);
    struct instance_list instances = store_living_instances(tx, a);
    for (size_t i = 0; i < instances.n; i++)
        if (instance_uses_capacity(&instances.v[i]))
            store_enqueue(tx, "instance", instances.v[i].id, 0);
    struct volume_list volumes = store_volumes(tx, a);
    for (size_t i = 0; i < volumes.n; i++)
        if (volume_is_moving(&volumes.v[i]))
            store_enqueue(tx, "volume", volumes.v[i].id, 0);
    struct volume_modification_list changes =
        store_volume_modifications(tx, a, "state", "modifying");
    for (size_t i = 0; i < changes.n; i++)
        store_enqueue(tx, "volume", changes.v[i].volume_id, 0);
    struct snapshot_list snapshots = store_snapshots(tx, a, "state", "pending", "image_id", NULL);
    for (size_t i = 0; i < snapshots.n; i++)
        store_enqueue(tx, SNAPSHOT_JOB, snapshots.v[i].freeze_id, 0);
    for (size_t i = 0; i < volumes.n; i++) /* of snapshots that have gone meanwhile */
        if (volumes.v[i].freeze_id != NULL)
            store_enqueue(tx, SNAPSHOT_JOB, volumes.v[i].freeze_id, 0);
    struct root_volume_task_list tasks = store_root_volume_tasks(tx, a);
    for (size_t i = 0; i < tasks.n; i++)
        if (!root_task_is_over(&tasks.v[i]))
            store_enqueue(tx, ROOT_VOLUME_JOB, tasks.v[i].id, 0);
    struct import_task_list imports = store_import_tasks(tx, a);
    for (size_t i = 0; i < imports.n; i++)
        if (!transfer_is_over(imports.v[i].state))
            store_enqueue(tx, IMPORT_JOB, imports.v[i].id, 0);
    struct export_task_list exports = store_export_tasks(tx, a);
    for (size_t i = 0; i < exports.n; i++)
        if (!transfer_is_over(exports.v[i].state))
            store_enqueue(tx, EXPORT_JOB, exports.v[i].id, 0);
    store_enqueue_all_layers(tx, a);
    struct image_list images = store_images(tx, a);
    for (size_t i = 0; i < images.n; i++)
        if (images.v[i].state == IMAGE_PENDING || images.v[i].state == IMAGE_DEREGISTERED)
            store_enqueue(tx, "image", images.v[i].id, 0);
    struct capacity_reservation_list reservations =
        store_capacity_reservations(tx, a, "state", "active");
    for (size_t i = 0; i < reservations.n; i++)
        if (reservations.v[i].end_date > 0)
            store_enqueue(tx, "capacity-reservation", reservations.v[i].id,
                          reservations.v[i].end_date);
    struct network_insights_analysis_list analyses =
        store_network_insights_analyses(tx, a, "state", "running");
    for (size_t i = 0; i < analyses.n; i++)
        store_enqueue(tx, "network-insights", analyses.v[i].id, 0);
    struct nat_gateway_list nats = store_nat_gateways(tx, a);
    for (size_t i = 0; i < nats.n; i++)
        if (nats.v[i].state == NAT_GATEWAY_PENDING || nats.v[i].state == NAT_GATEWAY_DELETING)
            store_enqueue(tx, "nat-gateway", nats.v[i].id, 0);
    market_stir(tx, 0);
    return tx_commit(tx, e);
}

/* 1: yes, 0: no, -errno: nobody knows, so nothing is removed. */
static int has_process(struct jobs *j, struct arena *a, const char *instance_id, struct err *e)
{
    struct tx *tx = store_read(j->config.store);
    struct instance *i = store_instance(tx, a, instance_id);
    int r = tx_commit(tx, e);
    return r < 0 ? r : i != NULL && instance_uses_capacity(i);
}

/* After a backup was brought back, what it does not know may be somebody's: see croftd(8). */
static bool keeps_strays(const struct jobs *j)
{
    return j->config.keep_strays != NULL && file_exists(j->config.keep_strays);
}

static int end_stray(struct hypervisor *h, const char *id, struct err *e)
{
    log_warning("stray-domain instance=%s: no running instance of this id; ending it", id);
    return h->ops->destroy(h, id, e);
}

/* Of those that are no strays, what happened to them while nobody listened. */
static int look_at_domains(struct jobs *j, struct arena *a, struct err *e)
{
    struct hypervisor *h = j->hypervisor;
    struct domain_list domains = {0};
    int r = h->ops->list(h, a, &domains, e);
    for (size_t i = 0; r >= 0 && i < domains.n; i++) {
        const char *id = domains.v[i].instance_id;
        r = has_process(j, a, id, e);
        if (r > 0 && domains.v[i].stalled)
            r = stall_note(j, a, id, e);
        else if (r == 0 && keeps_strays(j))
            log_warning("stray-domain-kept instance=%s: %s is there", id, j->config.keep_strays);
        else if (r == 0)
            r = end_stray(h, id, e);
    }
    return r < 0 ? r : 0;
}

/* It will have a row when that is done. */
static bool import_makes(struct tx *tx, struct arena *a, const char *file_id)
{
    struct import_disk_list disks = store_import_disks(tx, a, "file_id", file_id);
    const struct import_task *t =
        disks.n == 0 ? NULL : store_import_task(tx, a, disks.v[0].task_id);
    return t != NULL && t->state == TRANSFER_ACTIVE;
}

static int exists(struct jobs *j, struct arena *a, const char *id, struct err *e)
{
    struct tx *tx = store_read(j->config.store);
    bool there = false;
    if (has_prefix(id, "vol-")) {
        there = store_layer(tx, a, id) != NULL || import_makes(tx, a, id);
    } else if (has_prefix(id, "ami-")) {
        there = store_image(tx, a, id) != NULL || import_makes(tx, a, id);
    } else if (has_prefix(id, "i-")) {
        struct instance *i = store_instance(tx, a, id);
        there = i != NULL && i->state != INSTANCE_TERMINATED;
    } else {
        there = true; /* not a name that we give: not ours to remove */
    }
    int r = tx_commit(tx, e);
    return r < 0 ? r : there;
}

typedef int list_fn(struct storage *s, struct arena *a, struct storage_names *ret, struct err *e);
typedef int remove_fn(struct storage *s, const char *id, struct err *e);

static int remove_strays(struct jobs *j, struct arena *a, list_fn *list, remove_fn *rm,
                         struct err *e)
{
    struct storage *s = j->config.storage;
    struct storage_names names = {0};
    int r = list(s, a, &names, e);
    for (size_t i = 0; r >= 0 && i < names.n; i++) {
        r = exists(j, a, names.v[i], e);
        if (r != 0)
            continue;
        if (keeps_strays(j)) {
            log_warning("stray-file-kept id=%s: %s is there", names.v[i], j->config.keep_strays);
            continue;
        }
        log_warning("stray-file id=%s: it belongs to nothing; removing it", names.v[i]);
        r = rm(s, names.v[i], e);
    }
    return r < 0 ? r : 0;
}

/* A VPC's, or a NAT gateway's while that has a port. */
static bool has_network(struct tx *tx, struct arena *a, const char *id)
{
    if (!has_prefix(id, "nat-"))
        return store_vpc(tx, a, id) != NULL;
    const struct nat_gateway *nat = store_nat_gateway(tx, a, id);
    return nat != NULL &&
           (nat->state == NAT_GATEWAY_PENDING || nat->state == NAT_GATEWAY_AVAILABLE);
}

static int remove_stray_networks(struct jobs *j, struct arena *a, struct err *e)
{
    struct network *n = j->config.network;
    struct net_names names = {0};
    int r = n->ops->list(n, a, &names, e);
    for (size_t i = 0; r >= 0 && i < names.n; i++) {
        struct tx *tx = store_read(j->config.store);
        bool wanted = has_network(tx, a, names.v[i]);
        r = tx_commit(tx, e);
        if (r < 0 || wanted)
            continue;
        log_warning("stray-network id=%s: it belongs to nothing; removing it", names.v[i]);
        r = n->ops->remove(n, names.v[i], -1, e);
        if (r == 0 && j->config.network_changed != NULL)
            j->config.network_changed(j->config.ctx, names.v[i]);
    }
    return r < 0 ? r : 0;
}

int reconcile(struct jobs *j, struct arena *a, struct err *e)
{
    const struct storage_ops *s = j->config.storage->ops;
    j->audits++;
    int r = enqueue_rows(j, a, e);
    if (r == 0)
        r = disk_files_look(j, a, e);
    if (r == 0)
        r = look_at_domains(j, a, e);
    if (r == -ENOTCONN)
        r = 0; /* it will say when it is back, and we look again */
    if (r == 0)
        r = remove_strays(j, a, s->list_instances, s->instance_remove, e);
    if (r == 0)
        r = remove_strays(j, a, s->list_layers, s->layer_remove, e);
    if (r == 0)
        r = remove_strays(j, a, s->list_images, s->image_remove, e);
    if (r == 0)
        r = remove_stray_networks(j, a, e);
    return r;
}

/* Those that failed go as well (AWS: "NAT gateways", "Troubleshoot"). */
static void forget_nat_gateways(struct tx *tx, struct arena *a, int64_t when)
{
    struct nat_gateway_list l = store_nat_gateways(tx, a);
    for (size_t i = 0; i < l.n; i++) {
        const struct nat_gateway *g = &l.v[i];
        bool over = g->state == NAT_GATEWAY_DELETED
                        ? g->deleted_at < when
                        : g->state == NAT_GATEWAY_FAILED && g->created_at < when;
        if (!over)
            continue;
        store_delete_tags(tx, "resource_id", g->id);
        store_delete_nat_gateways(tx, "id", g->id);
    }
}

static void forget_transfers(struct tx *tx, struct arena *a, int64_t when)
{
    struct import_task_list imports = store_import_tasks(tx, a);
    for (size_t i = 0; i < imports.n; i++) {
        if (!transfer_is_over(imports.v[i].state) || imports.v[i].created_at >= when)
            continue;
        store_delete_tags(tx, "resource_id", imports.v[i].id);
        store_delete_import_disks(tx, "task_id", imports.v[i].id);
        store_delete_import_tasks(tx, "id", imports.v[i].id);
    }
    struct export_task_list exports = store_export_tasks(tx, a);
    for (size_t i = 0; i < exports.n; i++) {
        if (!transfer_is_over(exports.v[i].state) || exports.v[i].created_at >= when)
            continue;
        store_delete_tags(tx, "resource_id", exports.v[i].id);
        store_delete_export_tasks(tx, "id", exports.v[i].id);
    }
}

int housekeeping(struct jobs *j, struct arena *a, struct err *e)
{
    int64_t now = clock_now();
    struct tx *tx = store_write(j->config.store);
    struct text_list old = store_terminated_before(tx, a, now - TERMINATED_SHOWN_MS);
    for (size_t i = 0; i < old.n; i++)
        store_forget_instance(tx, old.v[i]);
    forget_nat_gateways(tx, a, now - TERMINATED_SHOWN_MS);
    forget_transfers(tx, a, now - TRANSFERS_KEPT_MS);
    store_delete_client_tokens_before(tx, now - TOKENS_KEPT_MS);
    /* No sooner than the tokens that made them: the same token is to bring the same answer. */
    store_forget_capacity_reservations(tx, a, now - TOKENS_KEPT_MS);
    store_forget_peering_connections(tx, a, now - PEERING_VISIBLE_MS);
    store_forget_spot_requests(tx, a, now - REQUESTS_KEPT_MS);
    return tx_commit(tx, e);
}
