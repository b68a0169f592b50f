#include "api/filter.h"
#include "api/image_view.h"
#include "api/lookup.h"
#include "api/page.h"
#include "api/snapshot.h"
#include "api/tagging.h"
#include "base/text.h"

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

/*
 * Snapshots outlive their image (AWS: "Deregister an Amazon EC2 AMI"), unless it is asked for:
 * those that never came to anything, and that of an upload that is no image yet, go, too. What
 * another image is made of stays.
 */
static void drop_snapshot(struct call *c, const struct snapshot *s, bool asked,
                          ec2_DeregisterImage_out *out)
{
    bool stays =
        s->state == SNAPSHOT_COMPLETED || (s->state == SNAPSHOT_PENDING && s->image_id == NULL);
    bool used = store_count_image_devices(c->tx, "snapshot_id", s->id) > 0;
    if (!used && (asked || !stays))
        snapshot_forget(c, s);
    if (asked)
        *arena_append(c->arena, &out->delete_snapshot_results) =
            (struct ec2_DeleteSnapshotReturnCode){s->id, used ? "skipped" : "success"};
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
    struct image_device_list devices = store_image_devices(c->tx, c->arena, "image_id", i->id);
    store_update_image(c->tx, i);
    store_delete_image_devices(c->tx, "image_id", i->id);
    store_enqueue(c->tx, "image", i->id, c->now);
    for (size_t k = 0; k < devices.n; k++) {
        const struct snapshot *s = store_snapshot(c->tx, c->arena, devices.v[k].snapshot_id);
        if (s != NULL)
            drop_snapshot(c, s, wire_true(in->delete_associated_snapshots), out);
    }
    out->return_ = wire_bool(true);
    return 0;
}
