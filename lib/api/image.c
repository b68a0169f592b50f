#include <string.h>

#include "api/filter.h"
#include "api/image_view.h"
#include "api/lookup.h"
#include "api/page.h"
#include "api/snapshot.h"
#include "api/tagging.h"
#include "base/id.h"
#include "base/text.h"

#define UPLOAD_PREFIX            "upload:"
#define DEFAULT_ROOT_DEVICE_NAME "/dev/xvda"

/* AWS: DescribeImages, "Filters": those with a meaning here. */
static const struct filter_path image_filters[] = {
    {"architecture", "Architecture"},
    {"block-device-mapping.delete-on-termination", "BlockDeviceMappings.Ebs.DeleteOnTermination"},
    {"block-device-mapping.device-name", "BlockDeviceMappings.DeviceName"},
    {"block-device-mapping.encrypted", "BlockDeviceMappings.Ebs.Encrypted"},
    {"block-device-mapping.snapshot-id", "BlockDeviceMappings.Ebs.SnapshotId"},
    {"block-device-mapping.volume-size", "BlockDeviceMappings.Ebs.VolumeSize"},
    {"block-device-mapping.volume-type", "BlockDeviceMappings.Ebs.VolumeType"},
    {"boot-mode", "BootMode"},
    {"creation-date", "CreationDate"},
    {"description", "Description"},
    {"ena-support", "EnaSupport"},
    {"free-tier-eligible", "FreeTierEligible"},
    {"hypervisor", "Hypervisor"},
    {"image-allowed", "ImageAllowed"},
    {"image-id", "ImageId"},
    {"image-type", "ImageType"},
    {"is-public", "Public"},
    {"kernel-id", "KernelId"},
    {"manifest-location", "ImageLocation"},
    {"name", "Name"},
    {"owner-alias", "ImageOwnerAlias"},
    {"owner-id", "OwnerId"},
    {"platform", "Platform"},
    {"platform-details", "PlatformDetails"},
    {"product-code", "ProductCodes.ProductCodeId"},
    {"product-code.type", "ProductCodes.ProductCodeType"},
    {"ramdisk-id", "RamdiskId"},
    {"root-device-name", "RootDeviceName"},
    {"root-device-type", "RootDeviceType"},
    {"source-image-id", "SourceImageId"},
    {"source-image-region", "SourceImageRegion"},
    {"source-instance-id", "SourceInstanceId"},
    {"state", "State"},
    {"state-reason-code", "StateReason.Code"},
    {"state-reason-message", "StateReason.Message"},
    {"sriov-net-support", "SriovNetSupport"},
    {"usage-operation", "UsageOperation"},
    {"virtualization-type", "VirtualizationType"},
};

int act_ec2_DescribeImages(struct call *c, const ec2_DescribeImages_in *in,
                           ec2_DescribeImages_out *out, struct fault *f)
{
    struct filters filters = FILTERS(in, image_filters, Image);
    struct image_list rows;
    struct page page;
    if (filters_check(&filters, f) < 0 || lookup_images(c, &in->image_ids, &rows, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, in->image_ids.n > 0, &page, f) < 0)
        return -1;
    for (size_t k = 0; k < rows.n; k++) {
        const struct image *i = &rows.v[k];
        if (i->state == IMAGE_DEREGISTERED || !image_is_owned(c, i, &in->owners) ||
            !image_is_open_to(c, i, &in->executable_users))
            continue;
        struct ec2_Image view = {0};
        image_view(c, i, &view);
        if (filters_match(&filters, &view, NULL) && page_admit(&page, i->id))
            *arena_append(c->arena, &out->images) = view;
    }
    out->next_token = page_end(c, &page);
    return 0;
}

/* AWS: RegisterImage, "Name": 3-128 characters of these. */
static int check_name(const char *name, struct fault *f)
{
    static const char legal[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789()[] ./-'@_";
    if (name[strspn(name, legal)] == '\0')
        return 0;
    return fault(f, FAULT_INVALID_AMI_NAME_MALFORMED,
                 "AMI names must be between 3 and 128 characters long, and may contain letters, "
                 "numbers, '(', ')', '.', '-', '/', '_' and spaces");
}

static int check_new_image(struct call *c, const ec2_RegisterImage_in *in, struct fault *f)
{
    if (check_name(in->name, f) < 0)
        return -1;
    if (in->image_location == NULL)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter ImageLocation");
    const char *id = in->image_location + strlen(UPLOAD_PREFIX);
    if (!has_prefix(in->image_location, UPLOAD_PREFIX) || strlen(id) != UUID_SIZE - 1 ||
        id[strspn(id, "0123456789abcdef-")] != '\0')
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "ImageLocation must be " UPLOAD_PREFIX
                     " and the id of an upload (`croft image add` "
                     "does both)");
    if (in->block_device_mappings.n > 0)
        return fault(
            f, FAULT_INVALID_PARAMETER_COMBINATION,
            "An image that is made from an upload has one disk, and no block device mappings");
    if (in->virtualization_type != NULL && !streq(in->virtualization_type, "hvm"))
        return fault(f, FAULT_UNSUPPORTED_OPERATION, "Images are of virtualization type hvm here");
    if (in->architecture != NULL && !streq(in->architecture, "x86_64") &&
        !streq(in->architecture, "arm64"))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE, "The architecture must be x86_64 or arm64");
    struct image_list same = store_images(c->tx, c->arena, "account_id", c->principal->account_id,
                                          "region", c->region->name, "name", in->name);
    for (size_t k = 0; k < same.n; k++)
        if (same.v[k].state != IMAGE_DEREGISTERED && same.v[k].state != IMAGE_FAILED)
            return fault(f, FAULT_INVALID_AMI_NAME_DUPLICATE,
                         "AMI name %s is already in use by AMI %s", in->name, same.v[k].id);
    return 0;
}

/* EC2 shows an image's root device as made from a snapshot. */
static void insert_snapshot(struct call *c, const struct image *i)
{
    store_insert_snapshot(c->tx,
                          &(struct snapshot){
                              .id = i->snapshot_id,
                              .account_id = i->account_id,
                              .region = i->region,
                              .state = SNAPSHOT_PENDING,
                              .volume_id = SNAPSHOT_NO_VOLUME,
                              .description = arena_printf(c->arena, "Root device of %s", i->id),
                              .owner_alias = i->owner_alias,
                              .started_at = c->now,
                              .image_id = i->id,
                          });
}

int act_ec2_RegisterImage(struct call *c, const ec2_RegisterImage_in *in,
                          ec2_RegisterImage_out *out, struct fault *f)
{
    static const char *const tagged[] = {"image", "snapshot", NULL};
    if (check_new_image(c, in, f) < 0 ||
        tags_from_specifications(c, &in->tag_specifications, tagged, f) < 0)
        return -1;
    struct image i = {
        .id = id_make(c->arena, "ami"),
        .account_id = c->principal->account_id,
        .region = c->region->name,
        .state = IMAGE_PENDING,
        .name = in->name,
        .description = in->description,
        .owner_alias = in->owner_alias,
        .architecture = in->architecture == NULL ? "x86_64" : in->architecture,
        .root_device_name =
            in->root_device_name == NULL ? DEFAULT_ROOT_DEVICE_NAME : in->root_device_name,
        .location = arena_printf(c->arena, "%s/%s", c->principal->account_id, in->name),
        .upload_id = in->image_location + strlen(UPLOAD_PREFIX),
        .snapshot_id = id_make(c->arena, "snap"),
        .created_at = c->now,
        .ena_support = true,
        .boot_mode = "legacy-bios",
    };
    store_insert_image(c->tx, &i);
    insert_snapshot(c, &i);
    tags_put(c, &in->tag_specifications, "image", i.id);
    tags_put(c, &in->tag_specifications, "snapshot", i.snapshot_id);
    store_enqueue(c->tx, "image", i.id, c->now);
    out->image_id = i.id;
    return 0;
}

/*
 * A snapshot outlives its image (AWS: "Deregister an Amazon EC2 AMI"), unless it is asked for: one
 * that never came to anything goes, too.
 */
static void drop_snapshot(struct call *c, const struct image *i, bool asked,
                          ec2_DeregisterImage_out *out)
{
    const struct snapshot *s = store_snapshot(c->tx, c->arena, i->snapshot_id);
    if (s == NULL || (!asked && s->state == SNAPSHOT_COMPLETED))
        return;
    snapshot_forget(c, s);
    if (asked)
        *arena_append(c->arena, &out->delete_snapshot_results) =
            (struct ec2_DeleteSnapshotReturnCode){s->id, "success"};
}

int act_ec2_DeregisterImage(struct call *c, const ec2_DeregisterImage_in *in,
                            ec2_DeregisterImage_out *out, struct fault *f)
{
    struct image *i = lookup_image(c, in->image_id, f);
    if (i == NULL)
        return -1;
    struct err e = {0};
    if (image_enter_state(i, IMAGE_DEREGISTERED, &e) < 0)
        return fault(f, FAULT_INVALID_AMI_ID_UNAVAILABLE,
                     "The image '%s' cannot be deregistered: %s", i->id, e.message);
    store_update_image(c->tx, i);
    store_enqueue(c->tx, "image", i->id, c->now);
    drop_snapshot(c, i, wire_true(in->delete_associated_snapshots), out);
    out->return_ = wire_bool(true);
    return 0;
}
