#include "api/launch_volumes.h"

#include "api/disk.h"
#include "api/encryption.h"
#include "api/tagging.h"
#include "api/volume.h"
#include "base/id.h"

int launch_volumes_settle(struct call *c, const ec2_RunInstances_in *in, const struct image *image,
                          struct block_devices *ret_volumes, struct fault *f)
{
    block_devices_of_image(c, image, ret_volumes);
    if (block_devices_apply(c, &in->block_device_mappings, ret_volumes, f) < 0)
        return -1;
    for (size_t i = 0; i < ret_volumes->n; i++) {
        struct block_device *v = &ret_volumes->v[i];
        struct volume_performance p;
        if (block_device_performance(v, &p, f) < 0 || disk_admit_size(c, v->size_gib, f) < 0)
            return -1;
        v->encrypted |= encryption_by_default(c);
        v->iops = p.iops;
        v->throughput = p.throughput;
    }
    return 0;
}

void launch_volumes_write(struct call *c, const ec2_RunInstances_in *in,
                          const struct block_devices *volumes, const struct instance *i)
{
    for (size_t k = 0; k < volumes->n; k++) {
        const struct block_device *v = &volumes->v[k];
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
            .encrypted = v->encrypted,
        };
        volume_insert(c, &row, v->origin);
        tags_put(c, &in->tag_specifications, "volume", row.id);
    }
}
