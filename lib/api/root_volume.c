/* CreateReplaceRootVolumeTask, DescribeReplaceRootVolumeTasks. */
#include "jobs/root_volume.h"
#include "api/disk.h"
#include "api/encryption.h"
#include "api/filter.h"
#include "api/lookup.h"
#include "api/page.h"
#include "api/tagging.h"
#include "api/volume.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/text.h"

static const char *const taggable[] = {"replace-root-volume-task", NULL};

static const char *time_text(struct call *c, int64_t when)
{
    char text[CLOCK_ISO8601_SIZE];
    if (when == 0)
        return NULL;
    clock_format_iso8601(when, text);
    return arena_strdup(c->arena, text);
}

static void view(struct call *c, const struct root_volume_task *t,
                 struct ec2_ReplaceRootVolumeTask *out)
{
    *out = (struct ec2_ReplaceRootVolumeTask){
        .replace_root_volume_task_id = t->id,
        .instance_id = t->instance_id,
        .task_state = state_name(&root_task_states, t->state),
        .start_time = time_text(c, t->started_at),
        .complete_time = time_text(c, t->completed_at),
        .image_id = t->image_id,
        .snapshot_id = t->snapshot_id,
        .delete_replaced_root_volume = wire_bool(t->delete_replaced),
    };
    tags_of(c, t->id, &out->tags);
}

static int check_instance(struct call *c, const struct instance *i, struct fault *f)
{
    if (i->state != INSTANCE_RUNNING)
        return fault(f, FAULT_INCORRECT_INSTANCE_STATE,
                     "The instance '%s' is not in the 'running' state: it is %s", i->id,
                     instance_state_name((enum instance_state)i->state));
    struct root_volume_task_list l = store_root_volume_tasks(c->tx, c->arena, "instance_id", i->id);
    for (size_t k = 0; k < l.n; k++)
        if (!root_task_is_over(&l.v[k]))
            return fault(f, FAULT_INCORRECT_INSTANCE_STATE,
                         "The root volume of '%s' is being replaced by %s", i->id, l.v[k].id);
    return 0;
}

static const struct volume *find_root(struct call *c, const struct instance *i, struct fault *f)
{
    struct volume_list l =
        store_volumes(c->tx, c->arena, "instance_id", i->id, "device_name", i->root_device_name);
    if (l.n > 0 && l.v[0].attachment_state == ATTACHMENT_ATTACHED)
        return l.v;
    (void)fault(f, FAULT_INCORRECT_INSTANCE_STATE,
                "Instance '%s' does not have a volume attached at root (%s)", i->id,
                i->root_device_name);
    return NULL;
}

/* AWS: "Replace an EBS root volume": snapshots of the root volume or of one that was it before. */
static int check_lineage(struct call *c, const struct instance *i, const struct volume *root,
                         const struct snapshot *s, struct fault *f)
{
    if (streq(s->volume_id, root->id) ||
        store_count_root_volume_tasks(c->tx, "instance_id", i->id, "replaced_id", s->volume_id) > 0)
        return 0;
    return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                 "The snapshot '%s' is not of the root volume of '%s', nor of one before it", s->id,
                 i->id);
}

static const struct snapshot *root_of_image(struct call *c, const struct image *image)
{
    const struct image_device *d = image == NULL ? NULL : store_image_root(c->tx, c->arena, image);
    return d == NULL ? NULL : store_snapshot(c->tx, c->arena, d->snapshot_id);
}

/* As it was launched: from its image, as long as that or its snapshot is there. */
static const struct snapshot *launch_state(struct call *c, const struct instance *i,
                                           const struct volume *root)
{
    struct root_volume_task_list l =
        store_root_volume_tasks(c->tx, c->arena, "instance_id", i->id, "state", "succeeded");
    const struct snapshot *s = root_of_image(c, store_image(c->tx, c->arena, i->image_id));
    return s != NULL || l.n > 0 ? s : store_snapshot(c->tx, c->arena, root->snapshot_id);
}

static const struct snapshot *of_image(struct call *c, const struct instance *i, const char *id,
                                       struct fault *f)
{
    const struct image *image = lookup_image(c, id, f);
    if (image == NULL)
        return NULL;
    if (image->state != IMAGE_AVAILABLE) {
        (void)fault(f, FAULT_INVALID_AMI_ID_UNAVAILABLE,
                    "The image ID '%s' is not available: it is %s", image->id,
                    state_name(&image_states, image->state));
        return NULL;
    }
    if (!streq(image->architecture, i->architecture)) {
        (void)fault(f, FAULT_INVALID_PARAMETER_VALUE,
                    "The architecture '%s' of the image '%s' is not that of the instance: %s",
                    image->architecture, image->id, i->architecture);
        return NULL;
    }
    return root_of_image(c, image);
}

static const struct snapshot *choose(struct call *c, const ec2_CreateReplaceRootVolumeTask_in *in,
                                     const struct instance *i, const struct volume *root,
                                     struct fault *f)
{
    const struct snapshot *s = NULL;
    if (in->image_id != NULL && in->snapshot_id != NULL) {
        (void)fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                    "A root volume is made from a SnapshotId or from an ImageId, not from both");
        return NULL;
    }
    if (in->image_id != NULL)
        return of_image(c, i, in->image_id, f);
    if (in->snapshot_id != NULL) {
        s = lookup_snapshot(c, in->snapshot_id, f);
        return s == NULL || check_lineage(c, i, root, s, f) < 0 ? NULL : s;
    }
    s = launch_state(c, i, root);
    if (s == NULL)
        (void)fault(f, FAULT_INCORRECT_STATE,
                    "The snapshot that '%s' was launched from is not there any more", i->id);
    return s;
}

static int64_t root_size(const struct volume *root, const struct snapshot *origin)
{
    return root->size_gib > origin->size_gib ? root->size_gib : origin->size_gib;
}

/* It is as the one before it, but for its content. */
static struct volume make_volume(struct call *c, const struct volume *root,
                                 const struct snapshot *origin)
{
    struct volume v = {
        .id = id_make(c->arena, "vol"),
        .account_id = root->account_id,
        .region = root->region,
        .zone = root->zone,
        .state = VOLUME_CREATING,
        .attachment_state = ATTACHMENT_DETACHED,
        .volume_type = root->volume_type,
        .size_gib = root_size(root, origin),
        .created_at = c->now,
        .iops = root->iops,
        .throughput = root->throughput,
        .encrypted = root->encrypted || encryption_by_default(c),
    };
    volume_insert(c, &v, origin);
    store_enqueue(c->tx, "volume", v.id, c->now);
    return v;
}

int act_ec2_CreateReplaceRootVolumeTask(struct call *c,
                                        const ec2_CreateReplaceRootVolumeTask_in *in,
                                        ec2_CreateReplaceRootVolumeTask_out *out, struct fault *f)
{
    out->replace_root_volume_task = arena_new_of(c->arena, struct ec2_ReplaceRootVolumeTask);
    const struct root_volume_task *made = store_root_volume_task(c->tx, c->arena, c->replay);
    if (made != NULL) {
        view(c, made, out->replace_root_volume_task);
        return 0;
    }
    const struct instance *i = lookup_instance(c, in->instance_id, f);
    if (i == NULL || tags_from_specifications(c, &in->tag_specifications, taggable, f) < 0 ||
        check_instance(c, i, f) < 0)
        return -1;
    const struct volume *root = find_root(c, i, f);
    const struct snapshot *origin = root == NULL ? NULL : choose(c, in, i, root, f);
    if (origin == NULL)
        return -1;
    if (origin->state != SNAPSHOT_COMPLETED)
        return fault(f, FAULT_INCORRECT_STATE, "Snapshot is in invalid state - %s",
                     state_name(&snapshot_states, origin->state));
    if (disk_admit_volume(c, root_size(root, origin), f) < 0)
        return -1;
    struct root_volume_task t = {
        .id = id_make(c->arena, "replacevol"),
        .account_id = c->principal->account_id,
        .region = c->region->name,
        .state = ROOT_TASK_PENDING,
        .instance_id = i->id,
        .image_id = in->image_id,
        .snapshot_id = origin->id,
        .volume_id = make_volume(c, root, origin).id,
        .replaced_id = root->id,
        .delete_replaced = wire_true(in->delete_replaced_root_volume),
        .started_at = c->now,
    };
    store_insert_root_volume_task(c->tx, &t);
    tags_put(c, &in->tag_specifications, taggable[0], t.id);
    store_enqueue(c->tx, ROOT_VOLUME_JOB, t.id, c->now);
    view(c, &t, out->replace_root_volume_task);
    c->result = t.id;
    return 0;
}

/* AWS: DescribeReplaceRootVolumeTasks, "Filters". */
static const struct filter_path root_volume_task_filters[] = {
    {"instance-id", "InstanceId"},
};

int act_ec2_DescribeReplaceRootVolumeTasks(struct call *c,
                                           const ec2_DescribeReplaceRootVolumeTasks_in *in,
                                           ec2_DescribeReplaceRootVolumeTasks_out *out,
                                           struct fault *f)
{
    struct filters filters = FILTERS(in, root_volume_task_filters, ReplaceRootVolumeTask);
    struct root_volume_task_list rows;
    struct page page;
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, in->replace_root_volume_task_ids.n > 0,
                   &page, f) < 0 ||
        lookup_root_volume_tasks(c, &in->replace_root_volume_task_ids, &rows, f) < 0)
        return -1;
    for (size_t k = 0; k < rows.n && !page.more; k++) {
        struct ec2_ReplaceRootVolumeTask task;
        view(c, &rows.v[k], &task);
        if (filters_match(&filters, &task, NULL) && page_admit(&page, rows.v[k].id))
            *arena_append(c->arena, &out->replace_root_volume_tasks) = task;
    }
    out->next_token = page_end(c, &page);
    return 0;
}
