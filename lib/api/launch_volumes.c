#include "api/launch_volumes.h"

#include "api/lookup.h"
#include "api/tagging.h"
#include "api/volume.h"
#include "base/id.h"
#include "base/text.h"
#include "core/volume_type.h"

#define DEFAULT_VOLUME_TYPE "gp3"

static struct launch_volume *find(struct launch_volumes *l, const char *device_name)
{
    for (size_t i = 0; i < l->n; i++)
        if (streq(l->v[i].device_name, device_name))
            return &l->v[i];
    return NULL;
}

/* Of the root it is the image's own, which may be named. */
static int apply_snapshot(struct call *c, const char *snapshot_id, struct launch_volume *v,
                          bool is_root, struct fault *f)
{
    if (is_root && !streq(snapshot_id, v->origin == NULL ? NULL : v->origin->id))
        return fault(f, FAULT_INVALID_BLOCK_DEVICE_MAPPING,
                     "snapshotId cannot be modified on root device");
    const struct snapshot *origin = lookup_snapshot(c, snapshot_id, f);
    if (origin == NULL)
        return -1;
    if (origin->state != SNAPSHOT_COMPLETED)
        return fault(f, FAULT_INCORRECT_STATE, "Snapshot is in invalid state - %s",
                     state_name(&snapshot_states, origin->state));
    v->origin = origin;
    v->size_gib = origin->size_gib;
    return 0;
}

static int apply_ebs(struct call *c, const struct ec2_EbsBlockDevice *ebs, struct launch_volume *v,
                     bool is_root, struct fault *f)
{
    if (ebs->snapshot_id != NULL && apply_snapshot(c, ebs->snapshot_id, v, is_root, f) < 0)
        return -1;
    int64_t least = v->size_gib;
    if (ebs->volume_type != NULL)
        v->volume_type = ebs->volume_type;
    if (ebs->delete_on_termination.set)
        v->delete_on_termination = ebs->delete_on_termination.v;
    if (ebs->volume_size.set)
        v->size_gib = ebs->volume_size.v;
    if (v->size_gib < least)
        return fault(f, FAULT_INVALID_BLOCK_DEVICE_MAPPING,
                     "Volume of size %lldGB is smaller than snapshot %s, expect size >= %lldGB",
                     (long long)v->size_gib, v->origin == NULL ? "" : v->origin->id,
                     (long long)least);
    if (v->size_gib < 1)
        return fault(f, FAULT_INVALID_BLOCK_DEVICE_MAPPING,
                     "The device '%s' must have a volume size of at least 1 GiB", v->device_name);
    v->iops = ebs->iops.v;
    v->throughput = ebs->throughput.v;
    return 0;
}

static int add_mapping(struct call *c, const struct ec2_BlockDeviceMapping *m,
                       const struct image *image, struct launch_volumes *l, struct fault *f)
{
    if (m->device_name == NULL)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter BlockDeviceMapping.DeviceName");
    bool is_root = streq(m->device_name, image->root_device_name);
    if (m->no_device != NULL || (m->ebs == NULL && m->virtual_name != NULL)) {
        if (is_root)
            return fault(f, FAULT_INVALID_BLOCK_DEVICE_MAPPING,
                         "The root device '%s' cannot be left out", m->device_name);
        return 0; /* there is nothing at this name to leave out: images have one disk */
    }
    if (m->ebs == NULL)
        return fault(f, FAULT_INVALID_BLOCK_DEVICE_MAPPING, "The device '%s' has no Ebs part",
                     m->device_name);
    if (is_root)
        return apply_ebs(c, m->ebs, &l->v[0], true, f);
    if (!volume_device_name_ok(m->device_name))
        return fault(f, FAULT_INVALID_BLOCK_DEVICE_MAPPING,
                     "Invalid device name '%s': it must be like /dev/sdf or /dev/xvdf",
                     m->device_name);
    if (find(l, m->device_name) != NULL)
        return fault(f, FAULT_INVALID_BLOCK_DEVICE_MAPPING,
                     "The device '%s' is used in more than one "
                     "block-device mapping",
                     m->device_name);
    if (l->n == VOLUMES_PER_INSTANCE)
        return fault(f, FAULT_INVALID_BLOCK_DEVICE_MAPPING, "An instance takes at most %d volumes",
                     VOLUMES_PER_INSTANCE);
    struct launch_volume *v = &l->v[l->n++];
    *v = (struct launch_volume){
        .device_name = m->device_name,
        .volume_type = DEFAULT_VOLUME_TYPE,
        .delete_on_termination = true,
    };
    return apply_ebs(c, m->ebs, v, false, f);
}

int launch_volumes_settle(struct call *c, const ec2_RunInstances_in *in, const struct image *image,
                          struct launch_volumes *ret_volumes, struct fault *f)
{
    struct launch_volumes *l = ret_volumes;
    l->n = 1;
    l->v[0] = (struct launch_volume){
        .device_name = image->root_device_name,
        .origin = store_snapshot(c->tx, c->arena, image->snapshot_id),
        .volume_type = DEFAULT_VOLUME_TYPE,
        .size_gib = image->size_gib,
        .delete_on_termination = true,
    };
    for (size_t i = 0; i < in->block_device_mappings.n; i++) {
        const struct ec2_BlockDeviceMapping *m = &in->block_device_mappings.v[i];
        for (size_t k = 0; k < i; k++)
            if (streq(m->device_name, in->block_device_mappings.v[k].device_name))
                return fault(f, FAULT_INVALID_BLOCK_DEVICE_MAPPING,
                             "The device '%s' is used in more than one block-device mapping",
                             m->device_name == NULL ? "" : m->device_name);
        if (add_mapping(c, m, image, l, f) < 0)
            return -1;
    }
    for (size_t i = 0; i < l->n; i++) {
        struct volume_performance p = {l->v[i].volume_type, l->v[i].size_gib, l->v[i].iops,
                                       l->v[i].throughput};
        if (volume_performance_settle(&p, f) < 0)
            return -1;
        l->v[i].iops = p.iops;
        l->v[i].throughput = p.throughput;
    }
    return 0;
}

void launch_volumes_write(struct call *c, const ec2_RunInstances_in *in,
                          const struct launch_volumes *volumes, const struct instance *i)
{
    for (size_t k = 0; k < volumes->n; k++) {
        const struct launch_volume *v = &volumes->v[k];
        struct volume row = {
            .id = id_make(c->arena, "vol"),
            .account_id = i->account_id,
            .region = i->region,
            .zone = i->zone,
            .state = VOLUME_CREATING,
            .attachment_state = ATTACHMENT_ATTACHING,
            .volume_type = v->volume_type,
            .size_gib = v->size_gib,
            .created_at = c->now,
            .instance_id = i->id,
            .device_name = v->device_name,
            .attached_at = c->now,
            .delete_on_termination = v->delete_on_termination,
            .iops = v->iops,
            .throughput = v->throughput,
        };
        volume_insert(c, &row, v->origin);
        tags_put(c, &in->tag_specifications, "volume", row.id);
    }
}
