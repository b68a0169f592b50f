/* CreateSnapshot, CreateSnapshots, CopySnapshot. */
#include "api/encryption.h"
#include "api/lookup.h"
#include "api/snapshot.h"
#include "api/tagging.h"
#include "api/volume.h"
#include "base/id.h"
#include "base/text.h"
#include "core/quota.h"
#include "jobs/layer.h"

#define DESCRIPTION_MAX 255 /* AWS: CreateSnapshot, "Description" */

static const char *const taggable[] = {"snapshot", NULL};

static int check_request(struct call *c, const char *description,
                         const struct ec2_TagSpecificationList *tags, struct fault *f)
{
    if (description != NULL && utf8_length(description) > DESCRIPTION_MAX)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "The description is limited to %d characters", DESCRIPTION_MAX);
    return tags_from_specifications(c, tags, taggable, f);
}

int snapshot_check_quota(struct call *c, size_t more, struct fault *f)
{
    size_t have = store_count_snapshots(c->tx, "account_id", c->principal->account_id, "region",
                                        c->region->name);
    if (have + more > SNAPSHOTS_PER_REGION)
        return fault(f, FAULT_SNAPSHOT_LIMIT_EXCEEDED,
                     "The maximum number of snapshots has been reached: %d", SNAPSHOTS_PER_REGION);
    return 0;
}

int snapshot_check_volume(struct call *c, const struct volume *v, struct fault *f)
{
    if (v->state != VOLUME_AVAILABLE && v->state != VOLUME_IN_USE)
        return fault(f, FAULT_INCORRECT_STATE, "The volume '%s' is %s", v->id,
                     state_name(&volume_states, v->state));
    bool hdd = streq(v->volume_type, "st1") || streq(v->volume_type, "sc1");
    size_t max = hdd ? PENDING_SNAPSHOTS_OF_HDD : PENDING_SNAPSHOTS_MAX;
    if (store_count_snapshots(c->tx, "volume_id", v->id, "state", "pending") >= max)
        return fault(f, FAULT_CONCURRENT_SNAPSHOT_LIMIT_EXCEEDED,
                     "Maximum allowed in-progress snapshots for a single volume exceeded: %zu of "
                     "'%s' are pending",
                     max, v->id);
    return 0;
}

struct snapshot snapshot_of_volume(struct call *c, const struct volume *v, const char *id,
                                   const char *freeze_id, const char *description)
{
    return (struct snapshot){
        .id = id,
        .account_id = v->account_id,
        .region = v->region,
        .state = SNAPSHOT_PENDING,
        .volume_id = v->id,
        .description = description == NULL ? "" : description,
        .size_gib = v->size_gib,
        .started_at = c->now,
        .freeze_id = freeze_id,
        .encrypted = v->encrypted,
    };
}

int act_ec2_CreateSnapshot(struct call *c, const ec2_CreateSnapshot_in *in,
                           ec2_CreateSnapshot_out *out, struct fault *f)
{
    if (check_request(c, in->description, &in->tag_specifications, f) < 0)
        return -1;
    const struct volume *v = lookup_volume(c, in->volume_id, f);
    if (v == NULL || snapshot_check_volume(c, v, f) < 0 || snapshot_check_quota(c, 1, f) < 0)
        return -1;
    const char *id = id_make(c->arena, "snap");
    struct snapshot s = snapshot_of_volume(c, v, id, id, in->description);
    store_insert_snapshot(c->tx, &s);
    tags_put(c, &in->tag_specifications, taggable[0], s.id);
    store_enqueue(c->tx, "snapshot", s.freeze_id, c->now);
    snapshot_view(c, &s, out);
    return 0;
}

/* --- all volumes of an instance */

/* Those that the request names must be volumes of the instance, and not its root. */
static int check_excluded(const struct instance *i, const struct volume_list *volumes,
                          const struct wire_strings *excluded, struct fault *f)
{
    for (size_t k = 0; k < excluded->n; k++) {
        const struct volume *found = NULL;
        for (size_t n = 0; n < volumes->n; n++)
            if (streq(volumes->v[n].id, excluded->v[k]))
                found = &volumes->v[n];
        if (found == NULL)
            return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                         "The volume '%s' is not attached to instance '%s'", excluded->v[k], i->id);
        if (streq(found->device_name, i->root_device_name))
            return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                         "The volume '%s' is the root volume; ExcludeBootVolume leaves it out",
                         found->id);
    }
    return 0;
}

static int choose_volumes(struct call *c, const struct ec2_InstanceSpecification *spec,
                          struct volume_list *ret, struct fault *f)
{
    const struct instance *i = lookup_instance(c, spec->instance_id, f);
    if (i == NULL)
        return -1;
    if (i->state != INSTANCE_RUNNING && i->state != INSTANCE_STOPPED)
        return fault(f, FAULT_INCORRECT_INSTANCE_STATE,
                     "The instance '%s' is not in the 'running' or 'stopped' state", i->id);
    struct volume_list all = store_volumes(c->tx, c->arena, "instance_id", i->id);
    if (check_excluded(i, &all, &spec->exclude_data_volume_ids, f) < 0)
        return -1;
    struct volume_list chosen = {0};
    for (size_t k = 0; k < all.n; k++) {
        const struct volume *v = &all.v[k];
        bool root = streq(v->device_name, i->root_device_name);
        if ((root && wire_true(spec->exclude_boot_volume)) ||
            strings_contain(&spec->exclude_data_volume_ids, v->id))
            continue;
        if (snapshot_check_volume(c, v, f) < 0)
            return -1;
        *arena_append(c->arena, &chosen) = *v;
    }
    if (chosen.n == 0)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "The instance '%s' has no volumes but those that are excluded", i->id);
    *ret = chosen;
    return snapshot_check_quota(c, chosen.n, f);
}

static void info_of(const struct ec2_Snapshot *s, struct ec2_SnapshotInfo *out)
{
    *out = (struct ec2_SnapshotInfo){
        .description = s->description,
        .tags = s->tags,
        .encrypted = s->encrypted,
        .volume_id = s->volume_id,
        .state = s->state,
        .volume_size = s->volume_size,
        .start_time = s->start_time,
        .progress = s->progress,
        .owner_id = s->owner_id,
        .snapshot_id = s->snapshot_id,
    };
}

/* The volume's own tags, and the request's over them. */
static void put_tags(struct call *c, const ec2_CreateSnapshots_in *in, const struct snapshot *s)
{
    if (in->copy_tags_from_source != NULL) {
        struct ec2_TagList tags;
        tags_of(c, s->volume_id, &tags);
        tags_write(c, &tags, s->id);
    }
    tags_put(c, &in->tag_specifications, taggable[0], s->id);
}

int act_ec2_CreateSnapshots(struct call *c, const ec2_CreateSnapshots_in *in,
                            ec2_CreateSnapshots_out *out, struct fault *f)
{
    struct volume_list volumes = {0};
    if (check_request(c, in->description, &in->tag_specifications, f) < 0 ||
        choose_volumes(c, in->instance_specification, &volumes, f) < 0)
        return -1;
    const char *freeze_id = id_make(c->arena, "snap");
    for (size_t k = 0; k < volumes.n; k++) {
        struct snapshot s =
            snapshot_of_volume(c, &volumes.v[k], k == 0 ? freeze_id : id_make(c->arena, "snap"),
                               freeze_id, in->description);
        struct ec2_Snapshot view;
        store_insert_snapshot(c->tx, &s);
        put_tags(c, in, &s);
        snapshot_view(c, &s, &view);
        info_of(&view, arena_append(c->arena, &out->snapshots));
    }
    store_enqueue(c->tx, "snapshot", freeze_id, c->now);
    return 0;
}

/* --- copies */

/* What the caller sees of another region; NULL with the fault. */
static const struct snapshot *find_source(struct call *c, const ec2_CopySnapshot_in *in,
                                          struct fault *f)
{
    if (region_find(in->source_region) == NULL) {
        (void)fault(f, FAULT_INVALID_PARAMETER_VALUE, "Invalid region: [%.64s]", in->source_region);
        return NULL;
    }
    const struct snapshot *s = store_snapshot(c->tx, c->arena, in->source_snapshot_id);
    if (s != NULL && streq(s->region, in->source_region) &&
        (s->is_public || streq(s->account_id, c->principal->account_id)))
        return s;
    (void)lookup_fault(c, RESOURCE_SNAPSHOT,
                       &(struct wire_strings){(const char *[]){in->source_snapshot_id}, 1}, f);
    return NULL;
}

/*
 * A copy keeps the same layer as its source, in whatever region: there is one server, and a layer
 * that is kept never changes. Either can be deleted without the other. A copy that is encrypted
 * while its source is not gets a layer of its own, with nothing in it yet: what lies in the source
 * goes there, encrypted, when nothing that is not encrypted keeps it any more (core/layer.h).
 */
struct snapshot snapshot_copy(struct call *c, const struct snapshot *source, bool encrypted,
                              const char *description)
{
    struct snapshot s = {
        .id = id_make(c->arena, "snap"),
        .account_id = c->principal->account_id,
        .region = c->region->name,
        .state = SNAPSHOT_COMPLETED,
        .volume_id = SNAPSHOT_NO_VOLUME,
        .description = description,
        .size_gib = source->size_gib,
        .started_at = c->now,
        .completed_at = c->now,
        .layer_id = source->layer_id,
        .image_id = source->image_id,
        .encrypted = source->encrypted,
    };
    if (!encrypted || source->encrypted)
        return s;
    s.state = SNAPSHOT_PENDING;
    s.completed_at = 0;
    s.freeze_id = s.id;
    s.encrypted = true;
    s.layer_id = id_make(c->arena, "vol");
    s.image_id = NULL;
    volume_insert_layer(c, s.layer_id, true, source);
    store_enqueue(c->tx, SNAPSHOT_JOB, s.freeze_id, c->now);
    return s;
}

int act_ec2_CopySnapshot(struct call *c, const ec2_CopySnapshot_in *in, ec2_CopySnapshot_out *out,
                         struct fault *f)
{
    bool encrypted = false;
    if (check_request(c, in->description, &in->tag_specifications, f) < 0)
        return -1;
    if (in->destination_region != NULL && !streq(in->destination_region, c->region->name))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "The destination region must be that of the request: %s", c->region->name);
    const struct snapshot *source = find_source(c, in, f);
    if (source == NULL)
        return -1;
    if (source->state != SNAPSHOT_COMPLETED)
        return fault(f, FAULT_INCORRECT_STATE, "The snapshot '%s' is not 'completed'", source->id);
    if (encryption_choose(c, in->encrypted, in->kms_key_id, source, &encrypted, f) < 0 ||
        snapshot_check_quota(c, 1, f) < 0)
        return -1;
    struct snapshot s =
        snapshot_copy(c, source, encrypted || encryption_by_default(c),
                      in->description != NULL ? in->description
                                              : arena_printf(c->arena, "[Copied %s from %s]",
                                                             source->id, source->region));
    store_insert_snapshot(c->tx, &s);
    tags_put(c, &in->tag_specifications, taggable[0], s.id);
    tags_of(c, s.id, &out->tags);
    out->snapshot_id = s.id;
    return 0;
}
