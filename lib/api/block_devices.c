#include "api/block_devices.h"

#include "api/encryption.h"
#include "api/lookup.h"
#include "base/text.h"

#define DEFAULT_VOLUME_TYPE "gp3"

static struct block_device *find(struct block_devices *d, const char *device_name)
{
    for (size_t i = 0; i < d->n; i++)
        if (streq(d->v[i].device_name, device_name))
            return &d->v[i];
    return NULL;
}

const struct block_device *block_devices_root(const struct block_devices *d)
{
    for (size_t i = 0; i < d->n; i++)
        if (streq(d->v[i].device_name, d->root_name))
            return &d->v[i];
    return NULL;
}

void block_devices_of_image(struct call *c, const struct image *image, struct block_devices *ret)
{
    struct image_device_list rows = store_image_devices(c->tx, c->arena, "image_id", image->id);
    ret->root_name = image->root_device_name;
    ret->n = 0;
    for (int root = 1; root >= 0; root--)
        for (size_t i = 0; i < rows.n && ret->n < VOLUMES_PER_INSTANCE; i++) {
            const struct image_device *row = &rows.v[i];
            if (streq(row->device_name, image->root_device_name) != (root == 1))
                continue;
            const struct snapshot *origin = store_snapshot(c->tx, c->arena, row->snapshot_id);
            ret->v[ret->n++] = (struct block_device){
                .device_name = row->device_name,
                .origin = origin,
                .volume_type = row->volume_type,
                .size_gib = row->size_gib,
                .iops = row->iops,
                .throughput = row->throughput,
                .delete_on_termination = row->delete_on_termination,
                .encrypted = row->encrypted || (origin != NULL && origin->encrypted),
            };
        }
}

static int read_origin(struct call *c, const char *snapshot_id, struct block_device *v,
                       struct fault *f)
{
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

static int settle_size(const struct ec2_EbsBlockDevice *ebs, struct block_device *v,
                       struct fault *f)
{
    int64_t least = v->origin == NULL ? 1 : v->origin->size_gib;
    if (ebs->volume_size.set)
        v->size_gib = ebs->volume_size.v;
    if (v->size_gib < least && v->origin != NULL)
        return fault(f, FAULT_INVALID_BLOCK_DEVICE_MAPPING,
                     "Volume of size %lldGB is smaller than snapshot %s, expect size >= %lldGB",
                     (long long)v->size_gib, v->origin->id, (long long)least);
    if (v->size_gib < 1)
        return fault(f, FAULT_INVALID_BLOCK_DEVICE_MAPPING,
                     "The device '%s' must have a volume size of at least 1 GiB", v->device_name);
    return 0;
}

/* What was asked for with another type is not asked for with this. */
static void settle_performance(const struct ec2_EbsBlockDevice *ebs, struct block_device *v)
{
    if (ebs->volume_type != NULL && !streq(ebs->volume_type, v->volume_type)) {
        v->volume_type = ebs->volume_type;
        v->iops = 0;
        v->throughput = 0;
    }
    if (ebs->iops.set)
        v->iops = ebs->iops.v;
    if (ebs->throughput.set)
        v->throughput = ebs->throughput.v;
}

/* AWS: CreateImage, "BlockDeviceMapping". */
static int change_fixed(const struct ec2_EbsBlockDevice *ebs, struct block_device *v,
                        struct fault *f)
{
    bool same = ebs->snapshot_id == NULL && ebs->kms_key_id == NULL &&
                (!ebs->encrypted.set || ebs->encrypted.v == v->encrypted) &&
                (!ebs->volume_size.set || ebs->volume_size.v == v->size_gib) &&
                (ebs->volume_type == NULL || streq(ebs->volume_type, v->volume_type)) &&
                (!ebs->iops.set || ebs->iops.v == v->iops) &&
                (!ebs->throughput.set || ebs->throughput.v == v->throughput);
    if (!same)
        return fault(f, FAULT_INVALID_BLOCK_DEVICE_MAPPING,
                     "The device '%s' is a volume of the instance: of its mapping only "
                     "DeleteOnTermination can be changed, or NoDevice leaves it out",
                     v->device_name);
    if (ebs->delete_on_termination.set)
        v->delete_on_termination = ebs->delete_on_termination.v;
    return 0;
}

static int change(struct call *c, const struct ec2_EbsBlockDevice *ebs, struct block_device *v,
                  struct fault *f)
{
    if (ebs->snapshot_id != NULL && read_origin(c, ebs->snapshot_id, v, f) < 0)
        return -1;
    settle_performance(ebs, v);
    if (ebs->delete_on_termination.set)
        v->delete_on_termination = ebs->delete_on_termination.v;
    if (encryption_choose(c, ebs->encrypted, ebs->kms_key_id, v->origin, &v->encrypted, f) < 0)
        return -1;
    return settle_size(ebs, v, f);
}

static void leave_out(struct block_devices *d, const struct block_device *v)
{
    for (size_t i = (size_t)(v - d->v); i + 1 < d->n; i++)
        d->v[i] = d->v[i + 1];
    d->n--;
}

static int change_mapped(struct call *c, const struct ec2_BlockDeviceMapping *m,
                         struct block_devices *d, struct block_device *v, struct fault *f)
{
    bool is_root = streq(m->device_name, d->root_name);
    if (m->no_device != NULL || m->ebs == NULL) {
        if (is_root)
            return fault(f, FAULT_INVALID_BLOCK_DEVICE_MAPPING,
                         "The root device '%s' cannot be left out", m->device_name);
        if (m->no_device != NULL)
            leave_out(d, v);
        return 0;
    }
    if (v->fixed)
        return change_fixed(m->ebs, v, f);
    if (is_root && m->ebs->snapshot_id != NULL &&
        !streq(m->ebs->snapshot_id, v->origin == NULL ? NULL : v->origin->id))
        return fault(f, FAULT_INVALID_BLOCK_DEVICE_MAPPING,
                     "snapshotId cannot be modified on root device");
    return change(c, m->ebs, v, f);
}

static int add(struct call *c, const struct ec2_BlockDeviceMapping *m, struct block_devices *d,
               struct fault *f)
{
    if (m->no_device != NULL || (m->ebs == NULL && m->virtual_name != NULL))
        return 0; /* there is nothing at this name to leave out */
    if (m->ebs == NULL)
        return fault(f, FAULT_INVALID_BLOCK_DEVICE_MAPPING, "The device '%s' has no Ebs part",
                     m->device_name);
    if (!volume_device_name_ok(m->device_name))
        return fault(f, FAULT_INVALID_BLOCK_DEVICE_MAPPING,
                     "Invalid device name '%s': it must be like /dev/sdf or /dev/xvdf",
                     m->device_name);
    if (d->n == VOLUMES_PER_INSTANCE)
        return fault(f, FAULT_INVALID_BLOCK_DEVICE_MAPPING, "An instance takes at most %d volumes",
                     VOLUMES_PER_INSTANCE);
    struct block_device *v = &d->v[d->n++];
    *v = (struct block_device){
        .device_name = m->device_name,
        .volume_type = DEFAULT_VOLUME_TYPE,
        .delete_on_termination = true,
    };
    return change(c, m->ebs, v, f);
}

int block_devices_apply(struct call *c, const struct ec2_BlockDeviceMappingList *mappings,
                        struct block_devices *d, struct fault *f)
{
    for (size_t i = 0; i < mappings->n; i++) {
        const struct ec2_BlockDeviceMapping *m = &mappings->v[i];
        if (m->device_name == NULL)
            return fault(f, FAULT_MISSING_PARAMETER,
                         "The request must contain the parameter BlockDeviceMapping.DeviceName");
        for (size_t k = 0; k < i; k++)
            if (streq(m->device_name, mappings->v[k].device_name))
                return fault(f, FAULT_INVALID_BLOCK_DEVICE_MAPPING,
                             "The device '%s' is used in more than one block-device mapping",
                             m->device_name);
        struct block_device *v = find(d, m->device_name);
        if ((v == NULL ? add(c, m, d, f) : change_mapped(c, m, d, v, f)) < 0)
            return -1;
    }
    return 0;
}

int block_device_performance(const struct block_device *v, struct volume_performance *ret,
                             struct fault *f)
{
    *ret = (struct volume_performance){v->volume_type, v->size_gib, v->iops, v->throughput};
    return volume_performance_settle(ret, f);
}
