/* DescribeVolumes, DescribeVolumeStatus, DescribeVolumeAttribute. */
#include "api/encryption.h"
#include "api/filter.h"
#include "api/lookup.h"
#include "api/page.h"
#include "api/tagging.h"
#include "api/volume.h"
#include "base/text.h"

/* AWS: DescribeVolumes, "Filters". */
static const struct filter_path volume_filters[] = {
    {"attachment.attach-time", "Attachments.AttachTime"},
    {"attachment.delete-on-termination", "Attachments.DeleteOnTermination"},
    {"attachment.device", "Attachments.Device"},
    {"attachment.instance-id", "Attachments.InstanceId"},
    {"attachment.status", "Attachments.State"},
    {"availability-zone", "AvailabilityZone"},
    {"availability-zone-id", "AvailabilityZoneId"},
    {"create-time", "CreateTime"},
    {"encrypted", "Encrypted"},
    {"fast-restored", "FastRestored"},
    {"multi-attach-enabled", "MultiAttachEnabled"},
    {"operator.managed", "Operator.Managed"},
    {"operator.principal", "Operator.Principal"},
    {"size", "Size"},
    {"snapshot-id", "SnapshotId"},
    {"status", "State"},
    {"volume-id", "VolumeId"},
    {"volume-type", "VolumeType"},
};

void volume_attachment_view(const struct volume *v, struct ec2_VolumeAttachment *out)
{
    *out = (struct ec2_VolumeAttachment){
        .delete_on_termination = wire_bool(v->delete_on_termination),
        .volume_id = v->id,
        .instance_id = v->instance_id,
        .device = v->device_name,
        .state = state_name(&attachment_states, v->attachment_state),
        .attach_time = wire_time(v->attached_at),
    };
}

void volume_view(struct call *c, const struct volume *v, struct ec2_Volume *out)
{
    struct ec2_Volume view = {
        .availability_zone_id = region_zone_id(c->region, v->zone),
        .volume_type = v->volume_type,
        .multi_attach_enabled = wire_bool(false),
        .volume_id = v->id,
        .size = wire_int(v->size_gib),
        /* Of a volume that is made from none, too: EC2 shows the element, empty. */
        .snapshot_id = v->snapshot_id == NULL ? "" : v->snapshot_id,
        .availability_zone = v->zone,
        .state = state_name(&volume_states, v->state),
        .create_time = wire_time(v->created_at),
        .encrypted = wire_bool(v->encrypted),
        .kms_key_id = encryption_key_of(c, v->encrypted),
    };
    if (v->iops > 0)
        view.iops = wire_int(v->iops);
    if (v->throughput > 0)
        view.throughput = wire_int(v->throughput);
    wire_list_empty(&view.attachments);
    if (v->instance_id != NULL)
        volume_attachment_view(v, arena_append(c->arena, &view.attachments));
    tags_of(c, v->id, &view.tags);
    *out = view;
}

int act_ec2_DescribeVolumes(struct call *c, const ec2_DescribeVolumes_in *in,
                            ec2_DescribeVolumes_out *out, struct fault *f)
{
    struct filters filters = FILTERS(in, volume_filters, Volume);
    struct volume_list rows;
    struct page page;
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, in->volume_ids.n > 0, &page, f) < 0 ||
        lookup_volumes(c, &in->volume_ids, &rows, f) < 0)
        return -1;
    for (size_t i = 0; i < rows.n && !page.more; i++) {
        struct ec2_Volume view;
        volume_view(c, &rows.v[i], &view);
        if (filters_match(&filters, &view, NULL) && page_admit(&page, view.volume_id))
            *arena_append(c->arena, &out->volumes) = view;
    }
    out->next_token = page_end(c, &page);
    return 0;
}

/* AWS: DescribeVolumeStatus, "Filters". */
static const struct filter_path status_filters[] = {
    {"action.code", "Actions.Code"},
    {"action.description", "Actions.Description"},
    {"action.event-id", "Actions.EventId"},
    {"availability-zone", "AvailabilityZone"},
    {"availability-zone-id", "AvailabilityZoneId"},
    {"event.description", "Events.Description"},
    {"event.event-id", "Events.EventId"},
    {"event.event-type", "Events.EventType"},
    {"event.not-after", "Events.NotAfter"},
    {"event.not-before", "Events.NotBefore"},
    {"operator.managed", "Operator.Managed"},
    {"operator.principal", "Operator.Principal"},
    {"volume-status.details-name", "VolumeStatus.Details.Name"},
    {"volume-status.details-status", "VolumeStatus.Details.Status"},
    {"volume-status.status", "VolumeStatus.Status"},
};

/*
 * Whether the disk's files serve reads and writes: what the worker that made it found, or a later
 * look at them. EC2 measures the performance of provisioned volumes alone; "stalled" is said of all
 * whose guest is paused, because the server's disk is full.
 */
static struct ec2_VolumeStatusInfo *status_of(struct call *c, const struct volume *v)
{
    bool made = v->state != VOLUME_CREATING;
    bool failed = v->state == VOLUME_ERROR || v->missing_since > 0;
    const struct instance *i =
        v->instance_id == NULL ? NULL : store_instance(c->tx, c->arena, v->instance_id);
    bool stalled = i != NULL && i->state == INSTANCE_RUNNING && i->stalled_at > 0;
    struct ec2_VolumeStatusInfo *status = arena_new_of(c->arena, struct ec2_VolumeStatusInfo);
    status->status = failed || stalled ? "impaired" : made ? "ok" : "insufficient-data";
    *arena_append(c->arena, &status->details) =
        (struct ec2_VolumeStatusDetails){"io-enabled", failed ? "failed"
                                                       : made ? "passed"
                                                              : "insufficient-data"};
    *arena_append(c->arena, &status->details) =
        (struct ec2_VolumeStatusDetails){"io-performance", stalled ? "stalled" : "not-applicable"};
    return status;
}

int act_ec2_DescribeVolumeStatus(struct call *c, const ec2_DescribeVolumeStatus_in *in,
                                 ec2_DescribeVolumeStatus_out *out, struct fault *f)
{
    struct filters filters = FILTERS(in, status_filters, VolumeStatusItem);
    struct volume_list rows;
    struct page page;
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, in->volume_ids.n > 0, &page, f) < 0 ||
        lookup_volumes(c, &in->volume_ids, &rows, f) < 0)
        return -1;
    for (size_t i = 0; i < rows.n && !page.more; i++) {
        const struct volume *v = &rows.v[i];
        struct ec2_VolumeStatusItem view = {
            .availability_zone = v->zone,
            .availability_zone_id = region_zone_id(c->region, v->zone),
            .volume_id = v->id,
            .volume_status = status_of(c, v),
        };
        wire_list_empty(&view.actions);
        wire_list_empty(&view.events);
        if (v->missing_since > 0)
            *arena_append(c->arena, &view.events) = (struct ec2_VolumeStatusEvent){
                .event_type = "potential-data-inconsistency",
                .description = "A file of the volume's disk is gone from the server",
                .not_before = wire_time(v->missing_since),
            };
        if (filters_match(&filters, &view, NULL) && page_admit(&page, v->id))
            *arena_append(c->arena, &out->volume_statuses) = view;
    }
    out->next_token = page_end(c, &page);
    return 0;
}

int act_ec2_DescribeVolumeAttribute(struct call *c, const ec2_DescribeVolumeAttribute_in *in,
                                    ec2_DescribeVolumeAttribute_out *out, struct fault *f)
{
    const struct volume *v = lookup_volume(c, in->volume_id, f);
    if (v == NULL)
        return -1;
    out->volume_id = v->id;
    if (streq(in->attribute, "autoEnableIO")) {
        out->auto_enable_io = arena_new_of(c->arena, struct ec2_AttributeBooleanValue);
        out->auto_enable_io->value = wire_bool(v->auto_enable_io);
    }
    /* productCodes: volumes here have none, and the list is there, empty */
    return 0;
}
