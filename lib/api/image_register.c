/* RegisterImage: an image of a file that was uploaded, or of snapshots. */
#include <string.h>

#include "api/image_make.h"
#include "api/snapshot.h"
#include "api/tagging.h"
#include "base/id.h"
#include "base/text.h"

#define UPLOAD_PREFIX            "upload:"
#define DEFAULT_ROOT_DEVICE_NAME "/dev/xvda"
#define DEFAULT_VOLUME_TYPE      "gp3"

static int check_kind(const ec2_RegisterImage_in *in, struct fault *f)
{
    if (in->virtualization_type != NULL && !streq(in->virtualization_type, "hvm"))
        return fault(f, FAULT_UNSUPPORTED_OPERATION, "Images are of virtualization type hvm here");
    if (in->architecture != NULL && !streq(in->architecture, "x86_64") &&
        !streq(in->architecture, "arm64"))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE, "The architecture must be x86_64 or arm64");
    return 0;
}

static int check_upload(const ec2_RegisterImage_in *in, struct fault *f)
{
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
    return 0;
}

/* The one disk, which is of a snapshot like those of other images: the upload becomes that. */
static void add_upload(struct call *c, const ec2_RegisterImage_in *in, struct image *i,
                       struct block_devices *devices)
{
    struct snapshot *s = arena_new_of(c->arena, struct snapshot);
    *s = (struct snapshot){
        .id = id_make(c->arena, "snap"),
        .account_id = i->account_id,
        .region = i->region,
        .state = SNAPSHOT_PENDING,
        .volume_id = SNAPSHOT_NO_VOLUME,
        .description = arena_printf(c->arena, "Root device of %s", i->id),
        .owner_alias = i->owner_alias,
        .started_at = c->now,
        .image_id = i->id,
    };
    store_insert_snapshot(c->tx, s);
    tags_put(c, &in->tag_specifications, "snapshot", s->id);
    i->upload_id = in->image_location + strlen(UPLOAD_PREFIX);
    devices->v[devices->n++] = (struct block_device){
        .device_name = devices->root_name,
        .origin = s,
        .volume_type = DEFAULT_VOLUME_TYPE,
        .delete_on_termination = true,
    };
}

/* AWS: RegisterImage, EbsBlockDevice "Encrypted": that of a snapshot cannot be chosen. */
static int check_encryption(const struct ec2_BlockDeviceMappingList *mappings, struct fault *f)
{
    for (size_t k = 0; k < mappings->n; k++) {
        const struct ec2_EbsBlockDevice *ebs = mappings->v[k].ebs;
        if (ebs != NULL && ebs->snapshot_id != NULL &&
            (ebs->encrypted.set || ebs->kms_key_id != NULL))
            return fault(f, FAULT_INVALID_BLOCK_DEVICE_MAPPING,
                         "the encrypted flag cannot be specified since device %s has a snapshot "
                         "specified.",
                         mappings->v[k].device_name == NULL ? "" : mappings->v[k].device_name);
    }
    return 0;
}

static int map_snapshots(struct call *c, const ec2_RegisterImage_in *in,
                         struct block_devices *devices, struct fault *f)
{
    struct volume_performance unused;
    if (check_encryption(&in->block_device_mappings, f) < 0 ||
        block_devices_apply(c, &in->block_device_mappings, devices, f) < 0)
        return -1;
    for (size_t k = 0; k < devices->n; k++)
        if (block_device_performance(&devices->v[k], &unused, f) < 0)
            return -1;
    const struct block_device *root = block_devices_root(devices);
    if (root == NULL || root->origin == NULL)
        return fault(f, FAULT_INVALID_BLOCK_DEVICE_MAPPING,
                     "The root device '%s' has no mapping with a snapshot", devices->root_name);
    return 0;
}

int act_ec2_RegisterImage(struct call *c, const ec2_RegisterImage_in *in,
                          ec2_RegisterImage_out *out, struct fault *f)
{
    struct block_devices devices = {
        .root_name = in->root_device_name == NULL ? DEFAULT_ROOT_DEVICE_NAME : in->root_device_name,
    };
    if (image_check_name(c, in->name, f) < 0)
        return -1;
    if (in->image_location == NULL && in->block_device_mappings.n == 0)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter ImageLocation, or "
                     "BlockDeviceMapping with snapshots");
    if ((in->image_location != NULL ? check_upload(in, f) : map_snapshots(c, in, &devices, f)) <
            0 ||
        check_kind(in, f) < 0 ||
        tags_from_specifications(c, &in->tag_specifications, image_taggable, f) < 0)
        return -1;
    struct image i = image_begin(c, in->name, in->description);
    i.owner_alias = in->owner_alias;
    i.architecture = in->architecture == NULL ? "x86_64" : in->architecture;
    i.root_device_name = devices.root_name;
    if (in->image_location != NULL)
        add_upload(c, in, &i, &devices);
    else
        i.state = IMAGE_AVAILABLE; /* where the life of an image of what is there begins */
    image_insert(c, &i, &devices, &in->tag_specifications);
    if (i.upload_id != NULL)
        store_enqueue(c->tx, "image", i.id, c->now);
    out->image_id = i.id;
    return 0;
}
