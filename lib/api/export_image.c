/* ExportImage, and its tasks. */
#include <string.h>

#include "api/filter.h"
#include "api/image_view.h"
#include "api/import_task.h"
#include "api/lookup.h"
#include "api/page.h"
#include "api/tagging.h"
#include "base/id.h"
#include "base/text.h"
#include "jobs/transfer.h"

static const char *const taggable[] = {"export-image-task", NULL};

static struct ec2_ExportTaskS3Location *view_place(struct call *c, const struct export_task *t)
{
    struct ec2_ExportTaskS3Location *place =
        arena_new_of(c->arena, struct ec2_ExportTaskS3Location);
    *place = (struct ec2_ExportTaskS3Location){t->bucket, t->prefix};
    return place;
}

static void view(struct call *c, const struct export_task *t, struct ec2_ExportImageTask *out)
{
    *out = (struct ec2_ExportImageTask){
        .description = t->description,
        .export_image_task_id = t->id,
        .image_id = t->image_id,
        .progress = transfer_percent(c, t->state, t->percent),
        .s3_export_location = view_place(c, t),
        .status = state_name(&transfer_states, t->state),
        .status_message = t->message,
    };
    tags_of(c, t->id, &out->tags);
}

static void answer(struct call *c, const struct export_task *t, ec2_ExportImage_out *out)
{
    struct ec2_ExportImageTask task;
    view(c, t, &task);
    *out = (ec2_ExportImage_out){
        .description = task.description,
        .disk_image_format = t->format,
        .export_image_task_id = task.export_image_task_id,
        .image_id = task.image_id,
        .role_name = t->role_name,
        .progress = task.progress,
        .s3_export_location = task.s3_export_location,
        .status = task.status,
        .status_message = task.status_message,
        .tags = task.tags,
    };
}

/* The caller's own, with one disk. */
static int check_image(struct call *c, const struct image *i, struct fault *f)
{
    if (!streq(i->account_id, c->principal->account_id))
        return fault(f, FAULT_AUTH_FAILURE, "Not authorized for image:%s", i->id);
    if (i->state != IMAGE_AVAILABLE)
        return fault(f, FAULT_INVALID_AMI_ID_UNAVAILABLE,
                     "The image ID '%s' is not available: it is %s", i->id,
                     state_name(&image_states, i->state));
    if (store_count_image_devices(c->tx, "image_id", i->id) != 1)
        return fault(f, FAULT_UNSUPPORTED_OPERATION,
                     "The image '%s' has more disks than its root, and one file holds one disk",
                     i->id);
    if (image_is_encrypted(c, i)) /* AWS: "Limitations for VM Import/Export resources" */
        return fault(f, FAULT_UNSUPPORTED_OPERATION,
                     "The image '%s' has encrypted snapshots, which are not exported", i->id);
    return 0;
}

int act_ec2_ExportImage(struct call *c, const ec2_ExportImage_in *in, ec2_ExportImage_out *out,
                        struct fault *f)
{
    const struct export_task *made = store_export_task(c->tx, c->arena, c->replay);
    if (made != NULL) {
        answer(c, made, out);
        return 0;
    }
    const struct image *i = lookup_image(c, in->image_id, f);
    if (i == NULL || check_image(c, i, f) < 0)
        return -1;
    struct export_task t = {
        .id = id_make(c->arena, EXPORT_IMAGE_PREFIX),
        .account_id = c->principal->account_id,
        .region = c->region->name,
        .state = TRANSFER_ACTIVE,
        .message = "pending",
        .image_id = i->id,
        .description = in->description,
        .format = in->disk_image_format,
        .bucket = in->s3_export_location->s3_bucket,
        .prefix = in->s3_export_location->s3_prefix,
        .role_name = in->role_name,
        .created_at = c->now,
    };
    /* As long as with its id, which is another in a rehearsal and would be in what that says. */
    const char *key = arena_printf(c->arena, "%s" EXPORT_IMAGE_PREFIX "-xxxxxxxxxxxxxxxxx",
                                   t.prefix == NULL ? "" : t.prefix);
    if (bucket_check(t.bucket, key, f) < 0 ||
        tags_from_specifications(c, &in->tag_specifications, taggable, f) < 0 ||
        transfer_check_quota(c, f) < 0)
        return -1;
    store_insert_export_task(c->tx, &t);
    tags_put(c, &in->tag_specifications, taggable[0], t.id);
    store_enqueue(c->tx, EXPORT_JOB, t.id, c->now);
    c->result = t.id;
    answer(c, &t, out);
    return 0;
}

/* AWS: DescribeExportImageTasks, "Filters". */
static const struct filter_path export_image_task_filters[] = {
    {"task-state", "Status"},
};

int act_ec2_DescribeExportImageTasks(struct call *c, const ec2_DescribeExportImageTasks_in *in,
                                     ec2_DescribeExportImageTasks_out *out, struct fault *f)
{
    struct filters filters = FILTERS(in, export_image_task_filters, ExportImageTask);
    struct export_task_list rows;
    struct page page;
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, in->export_image_task_ids.n > 0, &page, f) <
            0 ||
        lookup_export_tasks(c, &in->export_image_task_ids, &rows, f) < 0)
        return -1;
    for (size_t k = 0; k < rows.n && !page.more; k++) {
        struct ec2_ExportImageTask task;
        view(c, &rows.v[k], &task);
        if (filters_match(&filters, &task, NULL) && page_admit(&page, rows.v[k].id))
            *arena_append(c->arena, &out->export_image_tasks) = task;
    }
    out->next_token = page_end(c, &page);
    return 0;
}

int act_ec2_CancelExportTask(struct call *c, const ec2_CancelExportTask_in *in,
                             ec2_CancelExportTask_out *out, struct fault *f)
{
    (void)out;
    struct export_task *t = lookup_export_task(c, in->export_task_id, f);
    if (t == NULL || transfer_cancel(t->id, &t->state, f) < 0)
        return -1;
    store_update_export_task(c->tx, t);
    store_enqueue(c->tx, EXPORT_JOB, t->id, c->now);
    return 0;
}
