#include "api/image_view.h"

#include "api/block_devices.h"
#include "api/encryption.h"
#include "api/tagging.h"
#include "base/clock.h"
#include "base/text.h"

static void view_devices(struct call *c, const struct image *i, struct ec2_Image *out)
{
    struct block_devices devices;
    block_devices_of_image(c, i, &devices);
    for (size_t k = 0; k < devices.n; k++) {
        const struct block_device *v = &devices.v[k];
        struct ec2_BlockDeviceMapping *m = arena_append(c->arena, &out->block_device_mappings);
        m->device_name = v->device_name;
        m->ebs = arena_new_of(c->arena, struct ec2_EbsBlockDevice);
        m->ebs->snapshot_id = v->origin == NULL ? NULL : v->origin->id;
        m->ebs->volume_type = v->volume_type;
        m->ebs->delete_on_termination = wire_bool(v->delete_on_termination);
        m->ebs->encrypted = wire_bool(v->encrypted);
        m->ebs->kms_key_id = encryption_key_of(c, v->encrypted);
        if (v->size_gib > 0)
            m->ebs->volume_size = wire_int(v->size_gib);
        if (v->iops > 0)
            m->ebs->iops = wire_int(v->iops);
        if (v->throughput > 0)
            m->ebs->throughput = wire_int(v->throughput);
    }
}

void image_view(struct call *c, const struct image *i, struct ec2_Image *out)
{
    struct arena *a = c->arena;
    char created[CLOCK_ISO8601_SIZE];
    clock_format_iso8601(i->created_at, created);
    out->image_id = i->id;
    out->name = i->name;
    out->description = i->description;
    out->state = state_name(&image_states, i->state);
    out->owner_id = i->account_id;
    out->image_owner_alias = i->owner_alias;
    out->image_location = i->location;
    out->creation_date = arena_strdup(a, created);
    out->architecture = i->architecture;
    out->image_type = "machine";
    out->public = wire_bool(i->is_public);
    out->platform_details = "Linux/UNIX";
    out->usage_operation = "RunInstances";
    out->hypervisor = "xen";
    out->virtualization_type = "hvm";
    out->root_device_type = "ebs";
    out->root_device_name = i->root_device_name;
    out->ena_support = wire_bool(i->ena_support);
    out->boot_mode = i->boot_mode;
    if (i->state_reason != NULL) {
        out->state_reason = arena_new_of(a, struct ec2_StateReason);
        out->state_reason->code = i->state_reason_code;
        out->state_reason->message = i->state_reason;
    }
    out->source_instance_id = i->source_instance_id;
    out->source_image_id = i->source_image_id;
    out->source_image_region = i->source_image_region;
    view_devices(c, i, out);
    tags_of(c, i->id, &out->tags);
}

bool image_is_encrypted(struct call *c, const struct image *i)
{
    struct block_devices devices;
    bool encrypted = false;
    block_devices_of_image(c, i, &devices);
    for (size_t k = 0; k < devices.n; k++)
        encrypted |= devices.v[k].encrypted;
    return encrypted;
}

bool image_is_owned(const struct call *c, const struct image *i, const struct wire_strings *owners)
{
    for (size_t k = 0; k < owners->n; k++) {
        const char *owner = owners->v[k];
        if (streq(owner, "self")
                ? streq(i->account_id, c->principal->account_id) && i->owner_alias == NULL
                : streq(owner, i->account_id) || streq(owner, i->owner_alias))
            return true;
    }
    return owners->n == 0;
}

bool image_is_open_to(const struct call *c, const struct image *i, const struct wire_strings *users)
{
    for (size_t k = 0; k < users->n; k++) {
        const char *user = users->v[k];
        if (streq(user, "all") ? i->is_public
                               : streq(user, "self") || streq(user, c->principal->account_id))
            return true;
    }
    return users->n == 0;
}
