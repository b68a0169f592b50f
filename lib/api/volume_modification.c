/* ModifyVolume, DescribeVolumesModifications. */
#include "api/disk.h"
#include "api/filter.h"
#include "api/lookup.h"
#include "api/page.h"
#include "api/volume.h"
#include "base/text.h"
#include "core/volume_type.h"

static void modification_view(const struct volume_modification *m,
                              struct ec2_VolumeModification *out)
{
    *out = (struct ec2_VolumeModification){
        .volume_id = m->volume_id,
        .modification_state = state_name(&modification_states, m->state),
        .status_message = m->status_message,
        .target_size = wire_int(m->target_size_gib),
        .target_volume_type = m->target_type,
        .target_multi_attach_enabled = wire_bool(false),
        .original_size = wire_int(m->original_size_gib),
        .original_volume_type = m->original_type,
        .original_multi_attach_enabled = wire_bool(false),
        .progress = wire_int(m->state == MODIFICATION_MODIFYING ? 0 : 100),
        .start_time = wire_time(m->started_at),
    };
    if (m->target_iops > 0)
        out->target_iops = wire_int(m->target_iops);
    if (m->target_throughput > 0)
        out->target_throughput = wire_int(m->target_throughput);
    if (m->original_iops > 0)
        out->original_iops = wire_int(m->original_iops);
    if (m->original_throughput > 0)
        out->original_throughput = wire_int(m->original_throughput);
    if (m->ended_at > 0)
        out->end_time = wire_time(m->ended_at);
}

/*
 * What the volume is to be. What is not asked for stays, unless the type changes: then the new
 * type's own values hold (AWS: ModifyVolume, "Iops").
 */
static int read_target(const ec2_ModifyVolume_in *in, const struct volume *v,
                       struct volume_performance *ret_target, struct fault *f)
{
    bool same_type = in->volume_type == NULL || streq(in->volume_type, v->volume_type);
    struct volume_performance p = {
        .volume_type = same_type ? v->volume_type : in->volume_type,
        .size_gib = in->size.set ? in->size.v : v->size_gib,
        .iops = in->iops.set ? in->iops.v : 0,
        .throughput = in->throughput.set ? in->throughput.v : 0,
    };
    bool keeps = same_type && !streq(p.volume_type, "gp2"); /* gp2's follow from its size */
    if (keeps && !in->iops.set && v->iops > 0)
        p.iops = v->iops;
    if (keeps && !in->throughput.set && v->throughput > 0)
        p.throughput = v->throughput;
    if (p.size_gib < v->size_gib)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "New size cannot be smaller than existing size");
    *ret_target = p;
    return volume_performance_settle(ret_target, f);
}

int act_ec2_ModifyVolume(struct call *c, const ec2_ModifyVolume_in *in, ec2_ModifyVolume_out *out,
                         struct fault *f)
{
    struct volume *v = lookup_volume(c, in->volume_id, f);
    struct volume_performance target = {0};
    if (v == NULL)
        return -1;
    if (in->volume_type == NULL && !in->size.set && !in->iops.set && !in->throughput.set)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "The request must contain at least one of Size, VolumeType, Iops, Throughput");
    if (v->state != VOLUME_AVAILABLE && v->state != VOLUME_IN_USE)
        return fault(f, FAULT_INCORRECT_STATE, "The volume '%s' is %s", v->id,
                     state_name(&volume_states, v->state));
    if (read_target(in, v, &target, f) < 0)
        return -1;
    if (target.size_gib > v->size_gib && disk_admit_volume(c, target.size_gib - v->size_gib, f) < 0)
        return -1;
    const struct volume_modification *last = store_volume_modification(c->tx, c->arena, v->id);
    if (last != NULL && last->state == MODIFICATION_MODIFYING)
        return fault(f, FAULT_INCORRECT_MODIFICATION_STATE,
                     "Volume %s is in the modifying state; wait until it is completed", v->id);
    struct volume_modification m = {
        .volume_id = v->id,
        .account_id = v->account_id,
        .region = v->region,
        .state = MODIFICATION_MODIFYING,
        .original_type = v->volume_type,
        .original_size_gib = v->size_gib,
        .original_iops = v->iops,
        .original_throughput = v->throughput,
        .target_type = target.volume_type,
        .target_size_gib = target.size_gib,
        .target_iops = target.iops,
        .target_throughput = target.throughput,
        .started_at = c->now,
    };
    store_delete_volume_modifications(c->tx, "volume_id", v->id);
    store_insert_volume_modification(c->tx, &m);
    store_enqueue(c->tx, "volume", v->id, c->now);
    out->volume_modification = arena_new_of(c->arena, struct ec2_VolumeModification);
    modification_view(&m, out->volume_modification);
    return 0;
}

/* AWS: DescribeVolumesModifications, "Filters". */
static const struct filter_path modification_filters[] = {
    {"modification-state", "ModificationState"},
    {"original-iops", "OriginalIops"},
    {"original-size", "OriginalSize"},
    {"original-volume-type", "OriginalVolumeType"},
    {"originalMultiAttachEnabled", "OriginalMultiAttachEnabled"},
    {"start-time", "StartTime"},
    {"target-iops", "TargetIops"},
    {"target-size", "TargetSize"},
    {"target-volume-type", "TargetVolumeType"},
    {"targetMultiAttachEnabled", "TargetMultiAttachEnabled"},
    {"volume-id", "VolumeId"},
};

/* Of a volume that is named and was never modified EC2 says so by a fault. */
int act_ec2_DescribeVolumesModifications(struct call *c,
                                         const ec2_DescribeVolumesModifications_in *in,
                                         ec2_DescribeVolumesModifications_out *out, struct fault *f)
{
    struct filters filters = FILTERS(in, modification_filters, VolumeModification);
    struct volume_list rows;
    struct page page;
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, in->volume_ids.n > 0, &page, f) < 0 ||
        lookup_volumes(c, &in->volume_ids, &rows, f) < 0)
        return -1;
    for (size_t i = 0; i < rows.n && !page.more; i++) {
        const struct volume_modification *m =
            store_volume_modification(c->tx, c->arena, rows.v[i].id);
        if (m == NULL && in->volume_ids.n > 0)
            return fault(f, FAULT_INVALID_VOLUME_MODIFICATION_NOT_FOUND,
                         "Modification for volume '%s' does not exist.", rows.v[i].id);
        if (m == NULL)
            continue;
        struct ec2_VolumeModification view;
        modification_view(m, &view);
        if (filters_match(&filters, &view, NULL) && page_admit(&page, m->volume_id))
            *arena_append(c->arena, &out->volumes_modifications) = view;
    }
    out->next_token = page_end(c, &page);
    return 0;
}
