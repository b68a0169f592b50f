/* ImportImage, ImportSnapshot, and their tasks. */
#include <string.h>
#include <strings.h>

#include "api/filter.h"
#include "api/import_task.h"
#include "api/lookup.h"
#include "api/page.h"
#include "api/snapshot.h"
#include "api/tagging.h"
#include "base/id.h"
#include "base/text.h"
#include "jobs/transfer.h"

#define URL_PREFIX          "s3://"
#define DEVICE_NAME_DEFAULT "/dev/sda1" /* what images that AWS imports have */

static const char *const image_taggable[] = {"import-image-task", NULL};
static const char *const snapshot_taggable[] = {"import-snapshot-task", NULL};

/* --- what is asked for */

static int read_url(struct call *c, const char *url, struct import_task *t, struct fault *f)
{
    const char *bucket = url + strlen(URL_PREFIX);
    const char *slash = has_prefix(url, URL_PREFIX) ? strchr(bucket, '/') : NULL;
    if (slash == NULL)
        return fault(
            f, FAULT_INVALID_PARAMETER_VALUE,
            "The Url must be s3://BUCKET/KEY, where a bucket is a directory on the server; "
            "nothing is fetched from elsewhere");
    t->bucket = arena_strndup(c->arena, bucket, (size_t)(slash - bucket));
    t->object = slash + 1;
    t->by_url = true;
    return 0;
}

/* AWS: ImportImage, "DiskContainers", "Format". QCOW2 is Croft's own. */
static int check_format(const char *format, struct fault *f)
{
    static const char *const formats[] = {"OVA", "RAW", "VHD", "VHDX", "VMDK", "QCOW2"};
    for (size_t i = 0; format != NULL && i < ARRAY_SIZE(formats); i++)
        if (strcasecmp(format, formats[i]) == 0)
            return 0;
    return format == NULL
               ? 0
               : fault(f, FAULT_INVALID_PARAMETER_VALUE,
                       "The format must be OVA, RAW, VHD, VHDX, VMDK or QCOW2, not '%.32s'",
                       format);
}

static int read_source(struct call *c, const char *url, const struct ec2_UserBucket *place,
                       struct import_task *t, struct fault *f)
{
    if ((url == NULL) == (place == NULL))
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "A disk container has either a Url or a UserBucket");
    if (place != NULL && (place->s3_bucket == NULL || place->s3_key == NULL))
        return fault(f, FAULT_MISSING_PARAMETER, "The request must contain the parameter %s",
                     place->s3_bucket == NULL ? "UserBucket.S3Bucket" : "UserBucket.S3Key");
    if (place != NULL) {
        t->bucket = place->s3_bucket;
        t->object = place->s3_key;
    } else if (read_url(c, url, t, f) < 0) {
        return -1;
    }
    return check_format(t->format, f) < 0 ? -1 : bucket_check(t->bucket, t->object, f);
}

static struct import_task begin(struct call *c, const char *prefix, const char *description)
{
    return (struct import_task){
        .id = id_make(c->arena, prefix),
        .account_id = c->principal->account_id,
        .region = c->region->name,
        .state = TRANSFER_ACTIVE,
        .percent = 0,
        .message = "pending",
        .image_id = id_make(c->arena, "ami"),
        .description = description,
        .architecture = "x86_64",
        .device_name = DEVICE_NAME_DEFAULT,
        .created_at = c->now,
    };
}

static int insert(struct call *c, const struct import_task *t, struct fault *f)
{
    if (snapshot_check_quota(c, 1, f) < 0 || transfer_check_quota(c, f) < 0)
        return -1;
    store_insert_import_task(c->tx, t);
    store_enqueue(c->tx, IMPORT_JOB, t->id, c->now);
    c->result = t->id;
    return 0;
}

/* --- what is shown */

static struct ec2_UserBucketDetails *view_place(struct call *c, const struct import_task *t)
{
    if (t->by_url)
        return NULL;
    struct ec2_UserBucketDetails *place = arena_new_of(c->arena, struct ec2_UserBucketDetails);
    *place = (struct ec2_UserBucketDetails){t->bucket, t->object};
    return place;
}

static const char *view_url(struct call *c, const struct import_task *t)
{
    return t->by_url ? arena_printf(c->arena, URL_PREFIX "%s/%s", t->bucket, t->object) : NULL;
}

static struct opt_double view_size(const struct import_task *t)
{
    return t->size_bytes == 0 ? (struct opt_double){0} : wire_double((double)t->size_bytes);
}

static void view_image(struct call *c, const struct import_task *t, struct ec2_ImportImageTask *out)
{
    *out = (struct ec2_ImportImageTask){
        .architecture = t->architecture,
        .description = t->description,
        .encrypted = wire_bool(false),
        .hypervisor = "xen",
        .image_id = t->state == TRANSFER_COMPLETED ? t->image_id : NULL,
        .import_task_id = t->id,
        .license_type = t->license_type,
        .platform = "Linux",
        .progress = transfer_percent(c, t->state, t->percent),
        .status = state_name(&transfer_states, t->state),
        .status_message = t->message,
        .usage_operation = "RunInstances",
        .boot_mode = "legacy-bios",
    };
    *arena_append(c->arena, &out->snapshot_details) = (struct ec2_SnapshotDetail){
        .description = t->disk_description,
        .device_name = t->device_name,
        .disk_image_size = view_size(t),
        .format = t->format,
        .snapshot_id = t->snapshot_id,
        .status = state_name(&transfer_states, t->state),
        .url = view_url(c, t),
        .user_bucket = view_place(c, t),
    };
    tags_of(c, t->id, &out->tags);
}

static void view_snapshot(struct call *c, const struct import_task *t,
                          struct ec2_ImportSnapshotTask *out)
{
    struct ec2_SnapshotTaskDetail *detail = arena_new_of(c->arena, struct ec2_SnapshotTaskDetail);
    *detail = (struct ec2_SnapshotTaskDetail){
        .description = t->disk_description,
        .disk_image_size = view_size(t),
        .encrypted = wire_bool(false),
        .format = t->format,
        .progress = transfer_percent(c, t->state, t->percent),
        .snapshot_id = t->snapshot_id,
        .status = state_name(&transfer_states, t->state),
        .status_message = t->message,
        .url = view_url(c, t),
        .user_bucket = view_place(c, t),
    };
    *out = (struct ec2_ImportSnapshotTask){
        .description = t->description,
        .import_task_id = t->id,
        .snapshot_task_detail = detail,
    };
    tags_of(c, t->id, &out->tags);
}

/* --- the actions */

static void answer_image(struct call *c, const struct import_task *t, ec2_ImportImage_out *out)
{
    struct ec2_ImportImageTask view;
    view_image(c, t, &view);
    *out = (ec2_ImportImage_out){
        .architecture = view.architecture,
        .description = view.description,
        .encrypted = view.encrypted,
        .hypervisor = view.hypervisor,
        .image_id = view.image_id,
        .import_task_id = view.import_task_id,
        .license_type = view.license_type,
        .platform = view.platform,
        .progress = view.progress,
        .snapshot_details = view.snapshot_details,
        .status = view.status,
        .status_message = view.status_message,
        .tags = view.tags,
        .usage_operation = view.usage_operation,
    };
}

int act_ec2_ImportImage(struct call *c, const ec2_ImportImage_in *in, ec2_ImportImage_out *out,
                        struct fault *f)
{
    const struct import_task *made = store_import_task(c->tx, c->arena, c->replay);
    if (made != NULL) {
        answer_image(c, made, out);
        return 0;
    }
    if (in->disk_containers.n == 0)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter DiskContainers");
    if (in->disk_containers.n > 1)
        return fault(f, FAULT_UNSUPPORTED_OPERATION,
                     "An image is imported from one disk; ImportSnapshot takes the others, and "
                     "RegisterImage puts snapshots together");
    const struct ec2_ImageDiskContainer *disk = in->disk_containers.v;
    struct import_task t = begin(c, IMPORT_IMAGE_PREFIX, in->description);
    t.format = disk->format;
    t.disk_description = disk->description;
    t.license_type = in->license_type;
    if (disk->device_name != NULL)
        t.device_name = disk->device_name;
    if (in->architecture != NULL)
        t.architecture = in->architecture;
    if (!streq(t.architecture, "x86_64") && !streq(t.architecture, "arm64"))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE, "The architecture must be x86_64 or arm64");
    if (!volume_device_name_ok(t.device_name))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Invalid device name '%.32s': it must be like /dev/sda1 or /dev/xvda",
                     t.device_name);
    if (t.license_type != NULL && !streq(t.license_type, "auto") && !streq(t.license_type, "AWS") &&
        !streq(t.license_type, "BYOL"))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE, "The license type must be AWS or BYOL");
    if (read_source(c, disk->url, disk->user_bucket, &t, f) < 0 ||
        tags_from_specifications(c, &in->tag_specifications, image_taggable, f) < 0 ||
        insert(c, &t, f) < 0)
        return -1;
    tags_put(c, &in->tag_specifications, image_taggable[0], t.id);
    answer_image(c, &t, out);
    return 0;
}

static void answer_snapshot(struct call *c, const struct import_task *t,
                            ec2_ImportSnapshot_out *out)
{
    struct ec2_ImportSnapshotTask view;
    view_snapshot(c, t, &view);
    *out = (ec2_ImportSnapshot_out){
        .description = view.description,
        .import_task_id = view.import_task_id,
        .snapshot_task_detail = view.snapshot_task_detail,
        .tags = view.tags,
    };
}

int act_ec2_ImportSnapshot(struct call *c, const ec2_ImportSnapshot_in *in,
                           ec2_ImportSnapshot_out *out, struct fault *f)
{
    const struct import_task *made = store_import_task(c->tx, c->arena, c->replay);
    if (made != NULL) {
        answer_snapshot(c, made, out);
        return 0;
    }
    const struct ec2_SnapshotDiskContainer *disk = in->disk_container;
    if (disk == NULL)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter DiskContainer");
    struct import_task t = begin(c, IMPORT_SNAPSHOT_PREFIX, in->description);
    t.format = disk->format;
    t.disk_description = disk->description;
    if (t.format != NULL && strcasecmp(t.format, "OVA") == 0)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "An OVA is imported with ImportImage; a snapshot is made from one disk");
    if (read_source(c, disk->url, disk->user_bucket, &t, f) < 0 ||
        tags_from_specifications(c, &in->tag_specifications, snapshot_taggable, f) < 0 ||
        insert(c, &t, f) < 0)
        return -1;
    tags_put(c, &in->tag_specifications, snapshot_taggable[0], t.id);
    answer_snapshot(c, &t, out);
    return 0;
}

/* AWS: DescribeImportImageTasks, DescribeImportSnapshotTasks, "Filters". */
static const struct filter_path import_image_task_filters[] = {
    {"task-state", "Status"},
};
static const struct filter_path import_snapshot_task_filters[] = {
    {"task-state", "SnapshotTaskDetail.Status"},
};

int act_ec2_DescribeImportImageTasks(struct call *c, const ec2_DescribeImportImageTasks_in *in,
                                     ec2_DescribeImportImageTasks_out *out, struct fault *f)
{
    struct filters filters = FILTERS(in, import_image_task_filters, ImportImageTask);
    struct import_task_list rows;
    struct page page;
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, in->import_task_ids.n > 0, &page, f) < 0 ||
        lookup_import_image_tasks(c, &in->import_task_ids, &rows, f) < 0)
        return -1;
    for (size_t k = 0; k < rows.n && !page.more; k++) {
        struct ec2_ImportImageTask task;
        view_image(c, &rows.v[k], &task);
        if (filters_match(&filters, &task, NULL) && page_admit(&page, rows.v[k].id))
            *arena_append(c->arena, &out->import_image_tasks) = task;
    }
    out->next_token = page_end(c, &page);
    return 0;
}

int act_ec2_DescribeImportSnapshotTasks(struct call *c,
                                        const ec2_DescribeImportSnapshotTasks_in *in,
                                        ec2_DescribeImportSnapshotTasks_out *out, struct fault *f)
{
    struct filters filters = FILTERS(in, import_snapshot_task_filters, ImportSnapshotTask);
    struct import_task_list rows;
    struct page page;
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, in->import_task_ids.n > 0, &page, f) < 0 ||
        lookup_import_snapshot_tasks(c, &in->import_task_ids, &rows, f) < 0)
        return -1;
    for (size_t k = 0; k < rows.n && !page.more; k++) {
        struct ec2_ImportSnapshotTask task;
        view_snapshot(c, &rows.v[k], &task);
        if (filters_match(&filters, &task, NULL) && page_admit(&page, rows.v[k].id))
            *arena_append(c->arena, &out->import_snapshot_tasks) = task;
    }
    out->next_token = page_end(c, &page);
    return 0;
}
