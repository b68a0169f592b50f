#include <string.h>

#include "base/text.h"
#include "hypervisor/domain_xml.h"
#include "jobs/explain_internal.h"

/*
 * Each function here plays one thing that a worker does to disks, in the worker's order: see
 * volume.c, snapshot.c, layer.c and image.c, of which these must tell the truth.
 */

#define ENCRYPTED "a header of LUKS is written into it, which the volume's key opens"

void tell_layer(struct telling *t, struct croft_ExplainedStep *step, const char *layer_id,
                int64_t size_gib)
{
    struct storage *s = t->call->config->storage;
    const struct layer *layer = store_layer(t->tx, t->a, layer_id);
    if (layer != NULL)
        tell_argv(t, step,
                  layer_make_argv(t->a, s->ops->layer_path(s, t->a, layer_id),
                                  plan_layer_below(layer), size_gib));
    if (layer != NULL && layer->key_id != NULL)
        tell_remark(t, step, ENCRYPTED);
}

/* --- volumes */

static void tell_attachment(struct telling *t, const struct volume *v, const struct instance *i)
{
    bool attaches = v->attachment_state == ATTACHMENT_ATTACHING;
    struct croft_ExplainedStep *step = tell_step(t, "%s %s %s %s", attaches ? "Attach" : "Detach",
                                                 v->id, attaches ? "to" : "from", v->instance_id);
    if (i == NULL || i->state != INSTANCE_RUNNING) {
        tell_remark(t, step, "it does not run: its row says so, and nothing is to be moved");
        return;
    }
    struct layer_list chain = plan_chain(t->tx, t->a, v->layer_id);
    struct domain_disk disk = *plan_disk(t->call->config, t->a, v, &chain);
    const char *xml = NULL;
    struct err e = {0};
    disk.target = "vdb"; /* or what is free when it comes */
    if (domain_disk_xml_build(t->a, &disk, &xml, &e) < 0) {
        tell_note(t, "The disk %s is not shown: %s", v->id, e.message);
        return;
    }
    const char *file = arena_printf(t->a, "%s.xml", v->id);
    tell_file(t, step, file, xml);
    tell_command(t, step, "virsh %s-device --live %s %s", attaches ? "attach" : "detach", i->id,
                 file);
    tell_remark(t, step,
                "vdb stands for whatever name is free in the guest; the serial %s is the "
                "disk's own",
                disk.serial);
    if (disk.n_encrypted > 0)
        tell_remark(t, step,
                    "SECRET stands for a secret of libvirt's with the volume's key, which lasts as "
                    "long as this call");
    if (!attaches)
        tell_remark(t, step, "it is asked for until the guest lets go");
}

static void tell_limits(struct telling *t, struct croft_ExplainedStep *step, const struct volume *v,
                        const struct volume_modification *m)
{
    struct volume target = *v;
    if (v->instance_id == NULL || t->call->config->volume_limits == VOLUME_LIMITS_OFF)
        return;
    volume_apply_modification(&target, m);
    struct volume_limits l = volume_limits_of(&target, t->call->config->volume_limits);
    tell_command(
        t, step,
        "virsh blkdeviotune --live %s %s --total-iops-sec %lld --total-iops-sec-max %lld "
        "--total-bytes-sec %lld --total-bytes-sec-max %lld",
        v->instance_id,
        t->call->config->storage->ops->layer_path(t->call->config->storage, t->a, v->layer_id),
        (long long)l.operations.base, (long long)l.operations.burst, (long long)l.bytes.base,
        (long long)l.bytes.burst);
}

static void tell_modification(struct telling *t, const struct volume *v,
                              const struct volume_modification *m)
{
    struct storage *s = t->call->config->storage;
    struct croft_ExplainedStep *step = tell_step(t, "Modify %s", v->id);
    if (m->target_size_gib > v->size_gib && v->instance_id != NULL)
        tell_command(t, step, "virsh blockresize %s %s %lldG", v->instance_id,
                     s->ops->layer_path(s, t->a, v->layer_id), (long long)m->target_size_gib);
    else if (m->target_size_gib > v->size_gib)
        tell_command(t, step, "qemu-img resize -f qcow2 %s %lldG",
                     s->ops->layer_path(s, t->a, v->layer_id), (long long)m->target_size_gib);
    tell_limits(t, step, v, m);
    tell_remark(t, step, "then its row has the new size, type and performance");
}

void tell_volume(struct telling *t, const char *volume_id)
{
    struct storage *s = t->call->config->storage;
    struct volume *v = store_volume(t->tx, t->a, volume_id);
    if (v == NULL || !is_own(t, &table_volume, v))
        return;
    const struct volume_modification *m = store_volume_modification(t->tx, t->a, volume_id);
    const char *path = s->ops->layer_path(s, t->a, v->layer_id);
    if (v->state == VOLUME_CREATING) {
        struct croft_ExplainedStep *step = tell_step(t, "Make the disk of %s", volume_id);
        tell_layer(t, step, v->layer_id, v->size_gib);
    } else if (v->state == VOLUME_DELETING) {
        struct croft_ExplainedStep *step = tell_step(t, "Remove the disk of %s", volume_id);
        if (store_count_layers(t->tx, "parent_id", v->layer_id) > 0)
            tell_remark(t, step, "it stays while others stand on it");
        else
            tell_command(t, step, "rm -f %s", path);
    } else if (volume_is_moving(v)) {
        tell_attachment(t, v, store_instance(t->tx, t->a, v->instance_id));
    } else if (m != NULL && m->state == MODIFICATION_MODIFYING) {
        tell_modification(t, v, m);
    }
}

/* --- snapshots */

/* The rows of a freeze come with its job: they are played here. */
static void tell_freeze(struct telling *t, struct croft_ExplainedStep *step, const struct volume *v)
{
    struct storage *s = t->call->config->storage;
    const struct layer *top = store_layer(t->tx, t->a, v->layer_id);
    const char *next = layer_id_make(t->a, v->id, v->layers_made + 1);
    if (top == NULL)
        return;
    const char *path = s->ops->layer_path(s, t->a, next);
    tell_argv(t, step, layer_make_argv(t->a, path, top->id, v->size_gib));
    const struct instance *i = store_instance(t->tx, t->a, v->instance_id);
    bool is_open = i != NULL && i->state != INSTANCE_STOPPED && i->rest_for == NULL;
    if (top->key_id != NULL)
        tell_remark(t, step, "%s",
                    is_open ? ENCRYPTED "; libvirt gets the key as a secret" : ENCRYPTED);
    if (!is_open) {
        tell_remark(t, step, "no guest has it: that the new layer is its own from now on is all");
        return;
    }
    bool quiet = t->call->config->snapshot_freeze;
    tell_remark(t, step, "if its guest runs, this moves it there, all disks at one moment:");
    tell_command(t, step,
                 "virsh snapshot-create-as %s --disk-only --no-metadata --atomic --reuse-external "
                 "%s--diskspec DISK,file=%s",
                 v->instance_id, quiet ? "--quiesce " : "", path);
    if (quiet)
        tell_remark(t, step, "and without --quiesce when the guest has no agent that answers");
    tell_remark(t, step, "DISK is what `virsh domblklist %s` calls %s", v->instance_id,
                s->ops->layer_path(s, t->a, v->layer_id));
}

void tell_snapshot(struct telling *t, const char *freeze_id)
{
    struct storage *s = t->call->config->storage;
    struct snapshot_list snapshots =
        store_snapshots(t->tx, t->a, "freeze_id", freeze_id, "state", "pending");
    for (size_t i = 0; i < snapshots.n; i++) {
        const struct volume *v = store_volume(t->tx, t->a, snapshots.v[i].volume_id);
        if (v == NULL || !is_own(t, &table_snapshot, &snapshots.v[i]))
            continue;
        struct croft_ExplainedStep *step =
            tell_step(t, "Freeze %s for %s", v->id, snapshots.v[i].id);
        tell_freeze(t, step, v);
        tell_command(t, step, "chmod 0440 %s", s->ops->layer_path(s, t->a, v->layer_id));
        tell_remark(t, step, "then the row of the snapshot says completed");
    }
}

/* The disk of the new volume is told by its own job. */
void tell_root_volume(struct telling *t, const char *task_id)
{
    const struct root_volume_task *task = store_root_volume_task(t->tx, t->a, task_id);
    if (task == NULL || !is_own(t, &table_root_volume_task, task))
        return;
    struct croft_ExplainedStep *step =
        tell_step(t, "Put %s in the place of %s", task->volume_id, task->replaced_id);
    tell_remark(t, step, "when its disk is made:");
    tell_command(t, step, "virsh shutdown --mode acpi %s", task->instance_id);
    tell_remark(t, step,
                "rows change while it is off; it is started again from the same description "
                "but for its first disk, and running to everybody all the while");
    tell_remark(t, step, task->delete_replaced ? "%s is deleted then" : "%s is available then",
                task->replaced_id);
}

/* Of what stands in the rows now: one thing after another is done by runs of the same job. */
void tell_layers(struct telling *t, const char *object_id)
{
    const char *slash = strchr(object_id, '/');
    if (slash == NULL)
        return;
    struct croft_ExplainedStep *step =
        tell_step(t, "Look for layers without a use, from %s up", slash + 1);
    tell_remark(t, step, "a layer that nothing keeps and nothing stands on is removed");
    tell_remark(t, step,
                "one that nothing keeps and one layer stands on takes in what is in that "
                "(qemu-img commit; while a guest reads them: virsh blockcommit)");
}

/* --- images */

/* Its snapshots are told by their own job. */
static void tell_image_of_instance(struct telling *t, const struct image *image)
{
    const struct instance *i = store_instance(t->tx, t->a, image->source_instance_id);
    struct croft_ExplainedStep *step = tell_step(t, "Wait for the snapshots of %s", image->id);
    tell_remark(t, step, "then its row says available, or failed with the reason");
    if (i != NULL && i->rest_for != NULL)
        tell_remark(t, step, "and %s is started again, from the same description as before", i->id);
}

void tell_image(struct telling *t, const char *image_id)
{
    struct storage *s = t->call->config->storage;
    struct image *image = store_image(t->tx, t->a, image_id);
    if (image == NULL || !is_own(t, &table_image, image))
        return;
    const char *path = s->ops->image_path(s, t->a, image_id);
    if (image->state == IMAGE_PENDING && image->upload_id == NULL) {
        tell_image_of_instance(t, image);
    } else if (image->state == IMAGE_PENDING) {
        struct croft_ExplainedStep *step = tell_step(t, "Make the layer %s", path);
        tell_remark(t, step,
                    "the upload %s is taken as it is when it is plain qcow2, and converted with "
                    "qemu-img otherwise",
                    image->upload_id);
        tell_remark(t, step, "then its row says available, or failed with the reason");
    } else if (image->state == IMAGE_DEREGISTERED) {
        size_t users = store_count_layers(t->tx, "image_id", image_id);
        size_t instances = store_instances_of_image(t->tx, image_id);
        struct croft_ExplainedStep *step = tell_step(t, "Remove the layer of %s", image_id);
        if (users > 0)
            tell_remark(t, step, "not before the layers that stand on it are gone: %zu", users);
        if (instances > 0)
            tell_remark(t, step, "not before the instances of it are gone: %zu", instances);
        tell_command(t, step, "rm -f %s", path);
    }
}
