/* CopyImage: the same disks under another name, in this region or from another. */
#include "api/encryption.h"
#include "api/image_make.h"
#include "api/lookup.h"
#include "api/snapshot.h"
#include "api/tagging.h"
#include "base/text.h"

/* What the caller sees of another region; NULL with the fault. */
static const struct image *find_source(struct call *c, const ec2_CopyImage_in *in, struct fault *f)
{
    if (region_find(in->source_region) == NULL) {
        (void)fault(f, FAULT_INVALID_PARAMETER_VALUE, "Invalid region: [%.64s]", in->source_region);
        return NULL;
    }
    const struct image *i = store_image(c->tx, c->arena, in->source_image_id);
    bool seen = i != NULL && i->state != IMAGE_DEREGISTERED &&
                streq(i->region, in->source_region) &&
                (i->is_public || streq(i->account_id, c->principal->account_id));
    if (seen && i->state == IMAGE_AVAILABLE)
        return i;
    if (seen)
        (void)fault(f, FAULT_INVALID_AMI_ID_UNAVAILABLE,
                    "The image ID '%s' is not available: it is %s", i->id,
                    state_name(&image_states, i->state));
    else
        (void)lookup_fault(c, RESOURCE_IMAGE,
                           &(struct wire_strings){(const char *[]){in->source_image_id}, 1}, f);
    return NULL;
}

/* True: some are to be made yet. */
static bool copy_snapshots(struct call *c, const ec2_CopyImage_in *in, const struct image *image,
                           struct block_devices *devices)
{
    bool pending = false;
    for (size_t k = 0; k < devices->n; k++) {
        const struct snapshot *source = devices->v[k].origin;
        if (source == NULL)
            continue;
        struct snapshot *s = arena_new_of(c->arena, struct snapshot);
        *s = snapshot_copy(c, source, devices->v[k].encrypted,
                           arena_printf(c->arena,
                                        "Copied for DestinationAmi %s from SourceAmi %s for "
                                        "SourceSnapshot %s",
                                        image->id, in->source_image_id, source->id));
        store_insert_snapshot(c->tx, s);
        tags_put(c, &in->tag_specifications, "snapshot", s->id);
        devices->v[k].origin = s;
        pending |= s->state == SNAPSHOT_PENDING;
    }
    return pending;
}

/* All of its disks, the empty ones too. */
static int choose_encryption(struct call *c, const ec2_CopyImage_in *in,
                             struct block_devices *devices, struct fault *f)
{
    for (size_t k = 0; k < devices->n; k++) {
        struct block_device *v = &devices->v[k];
        if (encryption_choose(c, in->encrypted, in->kms_key_id, v->origin, &v->encrypted, f) < 0)
            return -1;
        v->encrypted |= v->origin != NULL && encryption_by_default(c);
    }
    return 0;
}

static void copy_tags(struct call *c, const char *from, const char *to)
{
    struct ec2_TagList tags;
    tags_of(c, from, &tags);
    tags_write(c, &tags, to);
}

int act_ec2_CopyImage(struct call *c, const ec2_CopyImage_in *in, ec2_CopyImage_out *out,
                      struct fault *f)
{
    if (c->replay != NULL) {
        out->image_id = c->replay;
        return 0;
    }
    struct block_devices devices;
    size_t n = 0;
    if (image_check_name(c, in->name, f) < 0 ||
        tags_from_specifications(c, &in->tag_specifications, image_taggable, f) < 0)
        return -1;
    const struct image *source = find_source(c, in, f);
    if (source == NULL)
        return -1;
    block_devices_of_image(c, source, &devices);
    for (size_t k = 0; k < devices.n; k++)
        n += devices.v[k].origin != NULL;
    if (choose_encryption(c, in, &devices, f) < 0 || snapshot_check_quota(c, n, f) < 0)
        return -1;
    struct image image =
        image_begin(c, in->name, in->description == NULL ? source->description : in->description);
    image.state = IMAGE_AVAILABLE; /* a copy keeps the same layers: nothing is to be done */
    image.architecture = source->architecture;
    image.root_device_name = source->root_device_name;
    image.source_image_id = source->id;
    image.source_image_region = source->region;
    if (copy_snapshots(c, in, &image, &devices)) {
        image.state = IMAGE_PENDING; /* until they are */
        store_enqueue(c->tx, "image", image.id, c->now);
    }
    /* The request's tags come after those that are copied, and win. */
    image_insert(c, &image, &devices, &(struct ec2_TagSpecificationList){0});
    if (wire_true(in->copy_image_tags))
        copy_tags(c, source->id, image.id);
    tags_put(c, &in->tag_specifications, image_taggable[0], image.id);
    out->image_id = image.id;
    c->result = image.id;
    return 0;
}
