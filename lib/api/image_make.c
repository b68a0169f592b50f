#include "api/image_make.h"

#include <string.h>

#include "api/tagging.h"
#include "base/id.h"

const char *const image_taggable[] = {"image", "snapshot", NULL};

/* AWS: RegisterImage, "Name": 3-128 characters of these. */
static int check_letters(const char *name, struct fault *f)
{
    static const char legal[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789()[] ./-'@_";
    if (name[strspn(name, legal)] == '\0')
        return 0;
    return fault(f, FAULT_INVALID_AMI_NAME_MALFORMED,
                 "AMI names must be between 3 and 128 characters long, and may contain letters, "
                 "numbers, '(', ')', '.', '-', '/', '_' and spaces");
}

int image_check_name(struct call *c, const char *name, struct fault *f)
{
    if (check_letters(name, f) < 0)
        return -1;
    struct image_list same = store_images(c->tx, c->arena, "account_id", c->principal->account_id,
                                          "region", c->region->name, "name", name);
    for (size_t k = 0; k < same.n; k++)
        if (same.v[k].state != IMAGE_DEREGISTERED && same.v[k].state != IMAGE_FAILED)
            return fault(f, FAULT_INVALID_AMI_NAME_DUPLICATE,
                         "AMI name %s is already in use by AMI %s", name, same.v[k].id);
    return 0;
}

struct image image_begin(struct call *c, const char *name, const char *description)
{
    return (struct image){
        .id = id_make(c->arena, "ami"),
        .account_id = c->principal->account_id,
        .region = c->region->name,
        .state = IMAGE_PENDING,
        .name = name,
        .description = description,
        .location = arena_printf(c->arena, "%s/%s", c->principal->account_id, name),
        .created_at = c->now,
        .ena_support = true,
        .boot_mode = "legacy-bios",
    };
}

void image_insert(struct call *c, const struct image *i, const struct block_devices *devices,
                  const struct ec2_TagSpecificationList *tags)
{
    store_insert_image(c->tx, i);
    for (size_t k = 0; k < devices->n; k++) {
        const struct block_device *v = &devices->v[k];
        store_insert_image_device(c->tx,
                                  &(struct image_device){
                                      .image_id = i->id,
                                      .device_name = v->device_name,
                                      .snapshot_id = v->origin == NULL ? NULL : v->origin->id,
                                      .size_gib = v->size_gib,
                                      .volume_type = v->volume_type,
                                      .iops = v->iops,
                                      .throughput = v->throughput,
                                      .delete_on_termination = v->delete_on_termination,
                                      .encrypted = v->encrypted,
                                  });
    }
    tags_put(c, tags, image_taggable[0], i->id);
}
