/*
 * DescribeSnapshots, DescribeSnapshotAttribute. A snapshot has no row of its own: each image's root
 * device is shown as made from one, which comes and goes with the image.
 */
#include "api/filter.h"
#include "api/image_view.h"
#include "api/lookup.h"
#include "api/page.h"
#include "api/tagging.h"
#include "base/text.h"

/* EC2's word for the volume of a snapshot that was not made from one. */
#define NO_VOLUME "vol-ffffffff"

/* AWS: DescribeSnapshots, "Filters". */
static const struct filter_path snapshot_filters[] = {
    {"description", "Description"},    {"encrypted", "Encrypted"}, {"owner-alias", "OwnerAlias"},
    {"owner-id", "OwnerId"},           {"progress", "Progress"},   {"snapshot-id", "SnapshotId"},
    {"start-time", "StartTime"},       {"status", "State"},        {"storage-tier", "StorageTier"},
    {"transfer-type", "TransferType"}, {"volume-id", "VolumeId"},  {"volume-size", "VolumeSize"},
};

static void snapshot_view(struct call *c, const struct image *i, struct ec2_Snapshot *out)
{
    struct ec2_Snapshot view = {
        .owner_alias = i->owner_alias,
        .storage_tier = "standard",
        .snapshot_id = i->snapshot_id,
        .volume_id = NO_VOLUME,
        .start_time = wire_time(i->created_at),
        .owner_id = i->account_id,
        .description = arena_printf(c->arena, "Root device of %s", i->id),
        .encrypted = wire_bool(false),
    };
    switch ((enum image_state)i->state) {
    case IMAGE_PENDING:
        view.state = "pending";
        view.progress = "0%";
        break;
    case IMAGE_FAILED:
        view.state = "error";
        view.state_message = i->state_reason;
        view.progress = "0%";
        break;
    case IMAGE_AVAILABLE:
    case IMAGE_DEREGISTERED:
    case _IMAGE_STATE_MAX:
        view.state = "completed";
        view.progress = "100%";
        break;
    }
    if (i->size_gib > 0)
        view.volume_size = wire_int(i->size_gib);
    tags_of(c, i->snapshot_id, &view.tags);
    *out = view;
}

int act_ec2_DescribeSnapshots(struct call *c, const ec2_DescribeSnapshots_in *in,
                              ec2_DescribeSnapshots_out *out, struct fault *f)
{
    struct filters filters = FILTERS(in, snapshot_filters, Snapshot);
    struct image_list rows;
    struct page page;
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, in->snapshot_ids.n > 0, &page, f) < 0 ||
        lookup_snapshots(c, &in->snapshot_ids, &rows, f) < 0)
        return -1;
    for (size_t k = 0; k < rows.n && !page.more; k++) {
        const struct image *i = &rows.v[k];
        if (!image_is_owned(c, i, &in->owner_ids) ||
            !image_is_open_to(c, i, &in->restorable_by_user_ids))
            continue;
        struct ec2_Snapshot view;
        snapshot_view(c, i, &view);
        if (filters_match(&filters, &view, NULL) && page_admit(&page, view.snapshot_id))
            *arena_append(c->arena, &out->snapshots) = view;
    }
    out->next_token = page_end(c, &page);
    return 0;
}

int act_ec2_DescribeSnapshotAttribute(struct call *c, const ec2_DescribeSnapshotAttribute_in *in,
                                      ec2_DescribeSnapshotAttribute_out *out, struct fault *f)
{
    struct image_list rows;
    if (lookup_snapshots(c, &(struct wire_strings){(const char *[]){in->snapshot_id}, 1}, &rows,
                         f) < 0)
        return -1;
    out->snapshot_id = in->snapshot_id;
    /* As its image's permission to launch. The product codes are none, in a list that is there. */
    if (streq(in->attribute, "createVolumePermission") && rows.v[0].is_public)
        arena_append(c->arena, &out->create_volume_permissions)->group = "all";
    return 0;
}
