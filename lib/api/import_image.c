/* ImportImage, ImportSnapshot, and their tasks. */
#include <string.h>
#include <strings.h>

#include "api/encryption.h"
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
#define ROOT_DEVICE_DEFAULT "/dev/sda1" /* what images that AWS imports have */
#define DATA_DEVICE_DEFAULT "/dev/sd"   /* from /dev/sdf on */

static const char *const image_taggable[] = {"import-image-task", NULL};
static const char *const snapshot_taggable[] = {"import-snapshot-task", NULL};

/* --- what is asked for */

/* A task and its disks, as they are asked for, stored and shown. */
struct import {
    struct import_task task;
    struct import_disk_list disks;
};

static int read_url(struct call *c, const char *url, struct import_disk *d, struct fault *f)
{
    const char *bucket = url + strlen(URL_PREFIX);
    const char *slash = has_prefix(url, URL_PREFIX) ? strchr(bucket, '/') : NULL;
    if (slash == NULL)
        return fault(
            f, FAULT_INVALID_PARAMETER_VALUE,
            "The Url must be s3://BUCKET/KEY, where a bucket is a directory on the server; "
            "nothing is fetched from elsewhere");
    d->bucket = arena_strndup(c->arena, bucket, (size_t)(slash - bucket));
    d->object = slash + 1;
    d->by_url = true;
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
                       struct import_disk *d, struct fault *f)
{
    if ((url == NULL) == (place == NULL))
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "A disk container has either a Url or a UserBucket");
    if (place != NULL && (place->s3_bucket == NULL || place->s3_key == NULL))
        return fault(f, FAULT_MISSING_PARAMETER, "The request must contain the parameter %s",
                     place->s3_bucket == NULL ? "UserBucket.S3Bucket" : "UserBucket.S3Key");
    if (place != NULL) {
        d->bucket = place->s3_bucket;
        d->object = place->s3_key;
    } else if (read_url(c, url, d, f) < 0) {
        return -1;
    }
    return check_format(d->format, f) < 0 ? -1 : bucket_check(d->bucket, d->object, f);
}

/* What is new is encrypted when the account has chosen so, whatever is asked for. */
static int begin(struct call *c, const char *prefix, struct opt_bool encrypted,
                 const char *kms_key_id, struct import *ret, struct fault *f)
{
    *ret = (struct import){
        .task =
            {
                .id = id_make(c->arena, prefix),
                .account_id = c->principal->account_id,
                .region = c->region->name,
                .state = TRANSFER_ACTIVE,
                .message = "pending",
                .architecture = "x86_64",
                .created_at = c->now,
            },
    };
    struct import_task *t = &ret->task;
    if (import_is_of_image(t))
        t->image_id = id_make(c->arena, "ami");
    if (encryption_choose(c, encrypted, kms_key_id, NULL, &t->encrypted, f) < 0)
        return -1;
    t->encrypted |= encryption_by_default(c);
    return 0;
}

/* Of an image's root the file is the image's own, unless it is encrypted. */
static struct import_disk *add_disk(struct call *c, struct import *m)
{
    const struct import_task *t = &m->task;
    size_t n = m->disks.n;
    struct import_disk *d = arena_append(c->arena, &m->disks);
    *d = (struct import_disk){
        .task_id = t->id,
        .number = (int64_t)n,
        .file_id = t->encrypted                    ? id_make(c->arena, "vol")
                   : n == 0 && t->image_id != NULL ? t->image_id
                                                   : id_make(c->arena, "ami"),
        .device_name = n == 0 ? ROOT_DEVICE_DEFAULT
                              : arena_printf(c->arena, DATA_DEVICE_DEFAULT "%c", (int)('e' + n)),
    };
    return d;
}

static int insert(struct call *c, const struct import *m, struct fault *f)
{
    if (snapshot_check_quota(c, m->disks.n, f) < 0 || transfer_check_quota(c, f) < 0)
        return -1;
    store_insert_import_task(c->tx, &m->task);
    for (size_t i = 0; i < m->disks.n; i++)
        store_insert_import_disk(c->tx, &m->disks.v[i]);
    store_enqueue(c->tx, IMPORT_JOB, m->task.id, c->now);
    c->result = m->task.id;
    return 0;
}

static struct import import_of(struct call *c, const struct import_task *t)
{
    return (struct import){*t, store_import_disks(c->tx, c->arena, "task_id", t->id)};
}

/* What an earlier request with the same token has made. */
static bool find_made(struct call *c, struct import *ret)
{
    const struct import_task *t = store_import_task(c->tx, c->arena, c->replay);
    if (t != NULL)
        *ret = import_of(c, t);
    return t != NULL;
}

/* --- what is shown */

static struct ec2_UserBucketDetails *view_place(struct call *c, const struct import_disk *d)
{
    if (d->by_url)
        return NULL;
    struct ec2_UserBucketDetails *place = arena_new_of(c->arena, struct ec2_UserBucketDetails);
    *place = (struct ec2_UserBucketDetails){d->bucket, d->object};
    return place;
}

static const char *view_url(struct call *c, const struct import_disk *d)
{
    return d->by_url ? arena_printf(c->arena, URL_PREFIX "%s/%s", d->bucket, d->object) : NULL;
}

static struct opt_double view_size(const struct import_disk *d)
{
    return d->size_bytes != 0 ? wire_double((double)d->size_bytes) : (struct opt_double){0};
}

static void view_image(struct call *c, const struct import *m, struct ec2_ImportImageTask *out)
{
    const struct import_task *t = &m->task;
    *out = (struct ec2_ImportImageTask){
        .architecture = t->architecture,
        .description = t->description,
        .encrypted = wire_bool(t->encrypted),
        .hypervisor = "xen",
        .image_id = t->state == TRANSFER_COMPLETED ? t->image_id : NULL,
        .import_task_id = t->id,
        .kms_key_id = encryption_key_of(c, t->encrypted),
        .license_type = t->license_type,
        .platform = "Linux",
        .progress = transfer_percent(c, t->state, t->percent),
        .status = state_name(&transfer_states, t->state),
        .status_message = t->message,
        .usage_operation = "RunInstances",
        .boot_mode = "legacy-bios",
    };
    for (size_t i = 0; i < m->disks.n; i++) {
        const struct import_disk *d = &m->disks.v[i];
        *arena_append(c->arena, &out->snapshot_details) = (struct ec2_SnapshotDetail){
            .description = d->description,
            .device_name = d->device_name,
            .disk_image_size = view_size(d),
            .format = d->format,
            .snapshot_id = d->snapshot_id,
            .status = out->status,
            .url = view_url(c, d),
            .user_bucket = view_place(c, d),
        };
    }
    tags_of(c, t->id, &out->tags);
}

static void view_snapshot(struct call *c, const struct import *m,
                          struct ec2_ImportSnapshotTask *out)
{
    const struct import_task *t = &m->task;
    const struct import_disk *d = &m->disks.v[0];
    struct ec2_SnapshotTaskDetail *detail = arena_new_of(c->arena, struct ec2_SnapshotTaskDetail);
    *detail = (struct ec2_SnapshotTaskDetail){
        .description = d->description,
        .disk_image_size = view_size(d),
        .encrypted = wire_bool(t->encrypted),
        .format = d->format,
        .kms_key_id = encryption_key_of(c, t->encrypted),
        .progress = transfer_percent(c, t->state, t->percent),
        .snapshot_id = d->snapshot_id,
        .status = state_name(&transfer_states, t->state),
        .status_message = t->message,
        .url = view_url(c, d),
        .user_bucket = view_place(c, d),
    };
    *out = (struct ec2_ImportSnapshotTask){
        .description = t->description,
        .import_task_id = t->id,
        .snapshot_task_detail = detail,
    };
    tags_of(c, t->id, &out->tags);
}

/* --- the actions */

static void answer_image(struct call *c, const struct import *m, ec2_ImportImage_out *out)
{
    struct ec2_ImportImageTask view;
    view_image(c, m, &view);
    *out = (ec2_ImportImage_out){
        .architecture = view.architecture,
        .description = view.description,
        .encrypted = view.encrypted,
        .hypervisor = view.hypervisor,
        .image_id = view.image_id,
        .import_task_id = view.import_task_id,
        .kms_key_id = view.kms_key_id,
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

static int read_device_name(const char *name, struct import *m, struct import_disk *d,
                            struct fault *f)
{
    if (name != NULL)
        d->device_name = name;
    if (!volume_device_name_ok(d->device_name))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Invalid device name '%.32s': it must be like /dev/sda1 or /dev/xvda",
                     d->device_name);
    for (size_t i = 0; &m->disks.v[i] != d; i++)
        if (streq(m->disks.v[i].device_name, d->device_name))
            return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                         "The device '%s' is that of more than one disk container", d->device_name);
    return 0;
}

/* The first is the root, as in EC2. */
static int read_containers(struct call *c, const ec2_ImportImage_in *in, struct import *m,
                           struct fault *f)
{
    if (in->disk_containers.n == 0)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter DiskContainers");
    if (in->disk_containers.n > IMPORT_DISKS_MAX)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE, "An image is imported from at most %d disks",
                     IMPORT_DISKS_MAX);
    for (size_t i = 0; i < in->disk_containers.n; i++) {
        const struct ec2_ImageDiskContainer *container = &in->disk_containers.v[i];
        struct import_disk *d = add_disk(c, m);
        d->format = container->format;
        d->description = container->description;
        if (read_device_name(container->device_name, m, d, f) < 0 ||
            read_source(c, container->url, container->user_bucket, d, f) < 0)
            return -1;
    }
    return 0;
}

int act_ec2_ImportImage(struct call *c, const ec2_ImportImage_in *in, ec2_ImportImage_out *out,
                        struct fault *f)
{
    struct import m;
    if (find_made(c, &m)) {
        answer_image(c, &m, out);
        return 0;
    }
    if (begin(c, IMPORT_IMAGE_PREFIX, in->encrypted, in->kms_key_id, &m, f) < 0 ||
        read_containers(c, in, &m, f) < 0)
        return -1;
    struct import_task *t = &m.task;
    t->description = in->description;
    t->license_type = in->license_type;
    if (in->architecture != NULL)
        t->architecture = in->architecture;
    if (!streq(t->architecture, "x86_64") && !streq(t->architecture, "arm64"))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE, "The architecture must be x86_64 or arm64");
    if (t->license_type != NULL && !streq(t->license_type, "auto") &&
        !streq(t->license_type, "AWS") && !streq(t->license_type, "BYOL"))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE, "The license type must be AWS or BYOL");
    if (tags_from_specifications(c, &in->tag_specifications, image_taggable, f) < 0 ||
        insert(c, &m, f) < 0)
        return -1;
    tags_put(c, &in->tag_specifications, image_taggable[0], t->id);
    answer_image(c, &m, out);
    return 0;
}

static void answer_snapshot(struct call *c, const struct import *m, ec2_ImportSnapshot_out *out)
{
    struct ec2_ImportSnapshotTask view;
    view_snapshot(c, m, &view);
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
    struct import m;
    if (find_made(c, &m)) {
        answer_snapshot(c, &m, out);
        return 0;
    }
    const struct ec2_SnapshotDiskContainer *container = in->disk_container;
    if (container == NULL)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter DiskContainer");
    if (begin(c, IMPORT_SNAPSHOT_PREFIX, in->encrypted, in->kms_key_id, &m, f) < 0)
        return -1;
    struct import_disk *d = add_disk(c, &m);
    m.task.description = in->description;
    d->format = container->format;
    d->description = container->description;
    if (d->format != NULL && strcasecmp(d->format, "OVA") == 0)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "An OVA is imported with ImportImage; a snapshot is made from one disk");
    if (read_source(c, container->url, container->user_bucket, d, f) < 0 ||
        tags_from_specifications(c, &in->tag_specifications, snapshot_taggable, f) < 0 ||
        insert(c, &m, f) < 0)
        return -1;
    tags_put(c, &in->tag_specifications, snapshot_taggable[0], m.task.id);
    answer_snapshot(c, &m, out);
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
        struct import m = import_of(c, &rows.v[k]);
        view_image(c, &m, &task);
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
        struct import m = import_of(c, &rows.v[k]);
        view_snapshot(c, &m, &task);
        if (filters_match(&filters, &task, NULL) && page_admit(&page, rows.v[k].id))
            *arena_append(c->arena, &out->import_snapshot_tasks) = task;
    }
    out->next_token = page_end(c, &page);
    return 0;
}
