/* CreateImage: an image of what an instance has on its volumes. */
#include "api/image_make.h"
#include "api/lookup.h"
#include "api/snapshot.h"
#include "api/tagging.h"
#include "base/id.h"
#include "base/text.h"
#include "jobs/layer.h"

static int check_instance(const struct instance *i, bool reboot, struct fault *f)
{
    if (i->state != INSTANCE_RUNNING && i->state != INSTANCE_STOPPED)
        return fault(f, FAULT_INCORRECT_INSTANCE_STATE,
                     "The instance '%s' is not in the 'running' or 'stopped' state: it is %s",
                     i->id, instance_state_name((enum instance_state)i->state));
    if (reboot && i->rest_for != NULL)
        return fault(f, FAULT_INCORRECT_INSTANCE_STATE,
                     "The instance '%s' is being shut down and started for something else", i->id);
    return 0;
}

/* What the instance has attached, as disks whose mapping says little more than to leave them out.
 */
static void list_volumes(const struct volume_list *volumes, struct block_devices *devices)
{
    for (size_t k = 0; k < volumes->n && devices->n < VOLUMES_PER_INSTANCE; k++) {
        const struct volume *v = &volumes->v[k];
        bool asked = volume_type_takes_iops(v->volume_type);
        if (v->attachment_state != ATTACHMENT_DETACHING)
            devices->v[devices->n++] = (struct block_device){
                .device_name = v->device_name,
                .volume_type = v->volume_type,
                .size_gib = v->size_gib,
                .iops = asked ? v->iops : 0,
                .throughput = asked ? v->throughput : 0,
                .delete_on_termination = v->delete_on_termination,
                .encrypted = v->encrypted,
                .fixed = true,
            };
    }
}

static int check_devices(const struct instance *i, const struct block_devices *devices,
                         struct fault *f)
{
    struct volume_performance unused;
    for (size_t k = 0; k < devices->n; k++)
        if (!devices->v[k].fixed && block_device_performance(&devices->v[k], &unused, f) < 0)
            return -1;
    const struct block_device *root = block_devices_root(devices);
    if (root != NULL && root->fixed)
        return 0;
    return fault(f, FAULT_INCORRECT_INSTANCE_STATE,
                 "Instance '%s' does not have a volume attached at root (%s)", i->id,
                 i->root_device_name);
}

static const struct volume *volume_at(const struct volume_list *volumes, const char *device_name)
{
    for (size_t k = 0; k < volumes->n; k++)
        if (streq(volumes->v[k].device_name, device_name))
            return &volumes->v[k];
    return NULL;
}

static int check_volumes(struct call *c, const struct volume_list *volumes,
                         const struct block_devices *devices, struct fault *f)
{
    size_t n = 0;
    for (size_t k = 0; k < devices->n; k++)
        if (devices->v[k].fixed) {
            n++;
            if (snapshot_check_volume(c, volume_at(volumes, devices->v[k].device_name), f) < 0)
                return -1;
        }
    return snapshot_check_quota(c, n, f);
}

/* All volumes are frozen at one moment. */
static const char *take_snapshots(struct call *c, const ec2_CreateImage_in *in,
                                  const struct image *image, const struct volume_list *volumes,
                                  struct block_devices *devices)
{
    const char *freeze_id = NULL;
    const char *description =
        arena_printf(c->arena, "Created by CreateImage(%s) for %s", in->instance_id, image->id);
    for (size_t k = 0; k < devices->n; k++) {
        if (!devices->v[k].fixed)
            continue;
        const char *id = id_make(c->arena, "snap");
        struct snapshot *s = arena_new_of(c->arena, struct snapshot);
        freeze_id = freeze_id == NULL ? id : freeze_id;
        *s = snapshot_of_volume(c, volume_at(volumes, devices->v[k].device_name), id, freeze_id,
                                description);
        store_insert_snapshot(c->tx, s);
        tags_put(c, &in->tag_specifications, "snapshot", s->id);
        devices->v[k].origin = s;
    }
    return freeze_id;
}

/* It stays running to everybody: see jobs/instance_rest.c. */
static void let_rest(struct call *c, struct instance *i, const char *freeze_id)
{
    i->rest_for = freeze_id;
    i->rests = false;
    i->stop_deadline = 0;
    store_update_instance(c->tx, i);
    store_enqueue(c->tx, "instance", i->id, c->now);
}

static struct image image_of(struct call *c, const ec2_CreateImage_in *in, const struct instance *i)
{
    struct image image = image_begin(c, in->name, in->description);
    image.architecture = i->architecture;
    image.root_device_name = i->root_device_name;
    image.source_instance_id = i->id;
    image.source_image_id = i->image_id;
    image.source_image_region = i->region;
    return image;
}

int act_ec2_CreateImage(struct call *c, const ec2_CreateImage_in *in, ec2_CreateImage_out *out,
                        struct fault *f)
{
    if (image_check_name(c, in->name, f) < 0 ||
        tags_from_specifications(c, &in->tag_specifications, image_taggable, f) < 0)
        return -1;
    struct instance *i = lookup_instance(c, in->instance_id, f);
    if (i == NULL)
        return -1;
    bool reboot = i->state == INSTANCE_RUNNING && !wire_true(in->no_reboot);
    struct volume_list volumes = store_volumes(c->tx, c->arena, "instance_id", i->id);
    struct block_devices devices = {.root_name = i->root_device_name};
    list_volumes(&volumes, &devices);
    if (check_instance(i, reboot, f) < 0 ||
        block_devices_apply(c, &in->block_device_mappings, &devices, f) < 0 ||
        check_devices(i, &devices, f) < 0 || check_volumes(c, &volumes, &devices, f) < 0)
        return -1;
    struct image image = image_of(c, in, i);
    const char *freeze_id = take_snapshots(c, in, &image, &volumes, &devices);
    image_insert(c, &image, &devices, &in->tag_specifications);
    if (reboot)
        let_rest(c, i, freeze_id);
    store_enqueue(c->tx, SNAPSHOT_JOB, freeze_id, c->now);
    store_enqueue(c->tx, "image", image.id, c->now);
    out->image_id = image.id;
    return 0;
}
