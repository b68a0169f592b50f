/* DescribeSnapshots, DeleteSnapshot. */
#include "api/snapshot.h"

#include "api/encryption.h"
#include "api/filter.h"
#include "api/lookup.h"
#include "api/page.h"
#include "api/tagging.h"
#include "base/text.h"

/* AWS: DescribeSnapshots, "Filters". */
static const struct filter_path snapshot_filters[] = {
    {"description", "Description"},    {"encrypted", "Encrypted"}, {"owner-alias", "OwnerAlias"},
    {"owner-id", "OwnerId"},           {"progress", "Progress"},   {"snapshot-id", "SnapshotId"},
    {"start-time", "StartTime"},       {"status", "State"},        {"storage-tier", "StorageTier"},
    {"transfer-type", "TransferType"}, {"volume-id", "VolumeId"},  {"volume-size", "VolumeSize"},
};

void snapshot_view(struct call *c, const struct snapshot *s, struct ec2_Snapshot *out)
{
    struct ec2_Snapshot view = {
        .owner_alias = s->owner_alias,
        .storage_tier = "standard",
        .snapshot_id = s->id,
        .volume_id = s->volume_id,
        .start_time = wire_time(s->started_at),
        .owner_id = s->account_id,
        .description = s->description,
        .encrypted = wire_bool(s->encrypted),
        .kms_key_id = encryption_key_of(c, s->encrypted),
        .state = state_name(&snapshot_states, s->state),
        .state_message = s->state_reason,
        .progress = s->state == SNAPSHOT_COMPLETED ? "100%" : "0%",
    };
    if (s->size_gib > 0)
        view.volume_size = wire_int(s->size_gib);
    if (s->completed_at > 0)
        view.completion_time = wire_time(s->completed_at);
    tags_of(c, s->id, &view.tags);
    *out = view;
}

/* self: the caller's own; amazon and other words: an alias; else an account. None at all: yes. */
static bool is_owned(const struct call *c, const struct snapshot *s,
                     const struct wire_strings *owners)
{
    for (size_t k = 0; k < owners->n; k++) {
        const char *owner = owners->v[k];
        if (streq(owner, "self")
                ? streq(s->account_id, c->principal->account_id) && s->owner_alias == NULL
                : streq(owner, s->account_id) || streq(owner, s->owner_alias))
            return true;
    }
    return owners->n == 0;
}

/* May one of the users make volumes of it? */
static bool is_open_to(const struct call *c, const struct snapshot *s,
                       const struct wire_strings *users)
{
    for (size_t k = 0; k < users->n; k++) {
        const char *user = users->v[k];
        if (streq(user, "all") ? s->is_public
                               : streq(user, "self") || streq(user, c->principal->account_id))
            return true;
    }
    return users->n == 0;
}

int act_ec2_DescribeSnapshots(struct call *c, const ec2_DescribeSnapshots_in *in,
                              ec2_DescribeSnapshots_out *out, struct fault *f)
{
    struct filters filters = FILTERS(in, snapshot_filters, Snapshot);
    struct snapshot_list rows;
    struct page page;
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, in->snapshot_ids.n > 0, &page, f) < 0 ||
        lookup_snapshots(c, &in->snapshot_ids, &rows, f) < 0)
        return -1;
    for (size_t k = 0; k < rows.n && !page.more; k++) {
        const struct snapshot *s = &rows.v[k];
        if (page_has_passed(&page, s->id) || !is_owned(c, s, &in->owner_ids) ||
            !is_open_to(c, s, &in->restorable_by_user_ids))
            continue;
        struct ec2_Snapshot view;
        snapshot_view(c, s, &view);
        if (filters_match(&filters, &view, NULL) && page_admit(&page, view.snapshot_id))
            *arena_append(c->arena, &out->snapshots) = view;
    }
    out->next_token = page_end(c, &page);
    return 0;
}

void snapshot_forget(struct call *c, const struct snapshot *s)
{
    tags_drop(c, s->id);
    store_delete_snapshots(c->tx, "id", s->id);
    if (s->layer_id != NULL)
        store_enqueue_layers(c->tx, s->layer_id);
    if (s->image_id != NULL)
        store_enqueue(c->tx, "image", s->image_id, c->now);
}

int act_ec2_DeleteSnapshot(struct call *c, const ec2_DeleteSnapshot_in *in,
                           ec2_DeleteSnapshot_out *out, struct fault *f)
{
    (void)out;
    const struct snapshot *s = lookup_own_snapshot(c, in->snapshot_id, f);
    if (s == NULL)
        return -1;
    struct image_device_list uses =
        store_image_devices(c->tx, c->arena, "snapshot_id", s->id); /* gone with deregistration */
    if (uses.n > 0)
        return fault(f, FAULT_INVALID_SNAPSHOT_IN_USE, "The snapshot %s is currently in use by %s",
                     s->id, uses.v[0].image_id);
    snapshot_forget(c, s);
    return 0;
}
