/* CreateVolume, DeleteVolume, ModifyVolumeAttribute, EnableVolumeIO. */
#include "api/volume.h"

#include "api/disk.h"
#include "api/encryption.h"
#include "api/lookup.h"
#include "api/tagging.h"
#include "base/id.h"
#include "base/text.h"
#include "core/volume_type.h"

static const char *const taggable[] = {"volume", NULL};

int volume_move(struct call *c, struct volume *v, enum volume_state to, struct fault *f)
{
    struct err e = {0};
    if (volume_enter_state(v, to, &e) < 0)
        return fault(f, FAULT_INCORRECT_STATE, "The volume '%s' is %s", v->id,
                     state_name(&volume_states, v->state));
    store_update_volume(c->tx, v);
    store_enqueue(c->tx, "volume", v->id, c->now);
    return 0;
}

void volume_insert_layer(struct call *c, const char *id, bool encrypted,
                         const struct snapshot *origin)
{
    const struct layer *below =
        origin == NULL ? NULL : store_layer(c->tx, c->arena, origin->layer_id);
    struct layer layer = {.id = id, .root_id = id, .work = LAYER_REST};
    if (origin != NULL)
        layer.image_id = below == NULL ? origin->image_id : below->image_id;
    if (below != NULL) {
        layer.parent_id = below->id;
        layer.root_id = below->root_id;
        layer.key_id = below->key_id;
    }
    if (encrypted && layer.key_id == NULL)
        layer.key_id = id;
    store_insert_layer(c->tx, &layer);
}

void volume_insert(struct call *c, struct volume *v, const struct snapshot *origin)
{
    if (origin != NULL) {
        v->snapshot_id = origin->id;
        v->encrypted |= origin->encrypted;
    }
    v->layer_id = v->id;
    v->layers_made = 1;
    volume_insert_layer(c, v->id, v->encrypted, origin);
    store_insert_volume(c->tx, v);
}

/* The snapshot that the volume is made from; *ret_origin stays NULL without one. */
static int read_origin(struct call *c, const ec2_CreateVolume_in *in,
                       const struct snapshot **ret_origin, struct fault *f)
{
    if (in->snapshot_id == NULL)
        return 0;
    const struct snapshot *origin = lookup_snapshot(c, in->snapshot_id, f);
    if (origin == NULL)
        return -1;
    if (origin->state != SNAPSHOT_COMPLETED)
        return fault(f, FAULT_INCORRECT_STATE, "Snapshot is in invalid state - %s",
                     state_name(&snapshot_states, origin->state));
    *ret_origin = origin;
    return 0;
}

static int read_size(const ec2_CreateVolume_in *in, const struct snapshot *origin,
                     int64_t *ret_size, struct fault *f)
{
    if (in->size.set)
        *ret_size = in->size.v;
    else if (origin != NULL)
        *ret_size = origin->size_gib;
    else
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter size or snapshotId");
    if (origin != NULL && *ret_size < origin->size_gib)
        return fault(
            f, FAULT_INVALID_PARAMETER_VALUE,
            "The size of a volume can't be smaller than the size of its snapshot: %lld GiB",
            (long long)origin->size_gib);
    return 0;
}

int act_ec2_CreateVolume(struct call *c, const ec2_CreateVolume_in *in, ec2_CreateVolume_out *out,
                         struct fault *f)
{
    if (c->replay != NULL) {
        const struct volume *made = lookup_volume(c, c->replay, f);
        if (made == NULL)
            return -1;
        volume_view(c, made, out);
        return 0;
    }
    const struct snapshot *origin = NULL;
    bool encrypted = false;
    const char *zone = lookup_zone(c, in->availability_zone, in->availability_zone_id, f);
    struct volume_performance p = {
        .volume_type = in->volume_type == NULL ? VOLUME_TYPE_DEFAULT : in->volume_type,
        .iops = in->iops.v,
        .throughput = in->throughput.v,
    };
    if (zone == NULL || tags_from_specifications(c, &in->tag_specifications, taggable, f) < 0 ||
        read_origin(c, in, &origin, f) < 0 || read_size(in, origin, &p.size_gib, f) < 0 ||
        encryption_choose(c, in->encrypted, in->kms_key_id, origin, &encrypted, f) < 0 ||
        volume_performance_settle(&p, f) < 0 || disk_admit_volume(c, p.size_gib, f) < 0)
        return -1;
    struct volume v = {
        .id = id_make(c->arena, "vol"),
        .account_id = c->principal->account_id,
        .region = c->region->name,
        .zone = zone,
        .state = VOLUME_CREATING,
        .attachment_state = ATTACHMENT_DETACHED,
        .volume_type = p.volume_type,
        .size_gib = p.size_gib,
        .created_at = c->now,
        .iops = p.iops,
        .throughput = p.throughput,
        .encrypted = encrypted || encryption_by_default(c),
    };
    volume_insert(c, &v, origin);
    tags_put(c, &in->tag_specifications, taggable[0], v.id);
    store_enqueue(c->tx, "volume", v.id, c->now);
    volume_view(c, &v, out);
    c->result = v.id;
    return 0;
}

int act_ec2_DeleteVolume(struct call *c, const ec2_DeleteVolume_in *in, ec2_DeleteVolume_out *out,
                         struct fault *f)
{
    (void)out;
    struct volume *v = lookup_volume(c, in->volume_id, f);
    if (v == NULL)
        return -1;
    if (v->instance_id != NULL)
        return fault(f, FAULT_VOLUME_IN_USE, "Volume %s is currently attached to %s", v->id,
                     v->instance_id);
    if (v->state == VOLUME_CREATING)
        return fault(f, FAULT_INCORRECT_STATE, "The volume '%s' is creating", v->id);
    return volume_move(c, v, VOLUME_DELETING, f);
}

int act_ec2_ModifyVolumeAttribute(struct call *c, const ec2_ModifyVolumeAttribute_in *in,
                                  ec2_ModifyVolumeAttribute_out *out, struct fault *f)
{
    (void)out;
    struct volume *v = lookup_volume(c, in->volume_id, f);
    if (v == NULL)
        return -1;
    if (in->auto_enable_io == NULL || !in->auto_enable_io->value.set)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter AutoEnableIO.Value");
    v->auto_enable_io = in->auto_enable_io->value.v;
    store_update_volume(c->tx, v);
    return 0;
}

/* EC2 stops the reads and writes of a volume whose data may be wrong until somebody says so. Here
 * none is ever stopped in that way, so all are enabled already. */
int act_ec2_EnableVolumeIO(struct call *c, const ec2_EnableVolumeIO_in *in,
                           ec2_EnableVolumeIO_out *out, struct fault *f)
{
    (void)out;
    return lookup_volume(c, in->volume_id, f) == NULL ? -1 : 0;
}
