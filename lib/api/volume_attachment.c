/* AttachVolume, DetachVolume. */
#include "api/block_devices.h"
#include "api/lookup.h"
#include "api/volume.h"
#include "base/text.h"

/* The name without the words that differ: /dev/sdf and /dev/xvdf are one device to a guest. */
static const char *device_letters(const char *device)
{
    return has_prefix(device, "/dev/xvd")  ? device + 8
           : has_prefix(device, "/dev/sd") ? device + 7
                                           : device;
}

static int check_device(const struct instance *i, const struct volume_list *attached,
                        const char *device, struct fault *f)
{
    if (!volume_device_name_ok(device))
        return fault(
            f, FAULT_INVALID_PARAMETER_VALUE,
            "Value (%.64s) for parameter device is invalid. %.64s is not a valid EBS device "
            "name.",
            device, device);
    bool taken = false;
    for (size_t k = 0; k < attached->n; k++)
        taken |= streq(device_letters(device), device_letters(attached->v[k].device_name));
    if (taken)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Invalid value '%s' for unixDevice. Attachment point %s is already in use",
                     device, device);
    if (attached->n >= VOLUMES_PER_INSTANCE)
        return fault(f, FAULT_ATTACHMENT_LIMIT_EXCEEDED,
                     "The instance '%s' has its %d volumes attached", i->id, VOLUMES_PER_INSTANCE);
    return 0;
}

int act_ec2_AttachVolume(struct call *c, const ec2_AttachVolume_in *in, ec2_AttachVolume_out *out,
                         struct fault *f)
{
    struct volume *v = lookup_volume(c, in->volume_id, f);
    const struct instance *i = v == NULL ? NULL : lookup_instance(c, in->instance_id, f);
    if (i == NULL)
        return -1;
    if (v->instance_id != NULL)
        return fault(f, FAULT_VOLUME_IN_USE, "%s is already attached to an instance", v->id);
    if (v->state != VOLUME_AVAILABLE)
        return fault(f, FAULT_INCORRECT_STATE, "Volume '%s' is not 'available'.", v->id);
    if (i->state != INSTANCE_RUNNING && i->state != INSTANCE_STOPPED)
        return fault(f, FAULT_INCORRECT_STATE, "Instance '%s' is not 'running'.", i->id);
    if (!streq(v->zone, i->zone))
        return fault(f, FAULT_INVALID_VOLUME_ZONE_MISMATCH,
                     "The volume '%s' is not in the same availability zone as instance '%s'", v->id,
                     i->id);
    struct volume_list attached = store_volumes(c->tx, c->arena, "instance_id", i->id);
    if (check_device(i, &attached, in->device, f) < 0)
        return -1;
    v->instance_id = i->id;
    v->device_name = in->device;
    v->attached_at = c->now;
    v->delete_on_termination = false; /* AWS: AttachVolume; ModifyInstanceAttribute changes it */
    (void)volume_enter_attachment_state(v, ATTACHMENT_ATTACHING, NULL);
    if (volume_move(c, v, VOLUME_IN_USE, f) < 0)
        return -1;
    volume_attachment_view(v, out);
    return 0;
}

/* The volume's attachment is the one that the request speaks of. */
static int check_attachment(const struct volume *v, const ec2_DetachVolume_in *in, struct fault *f)
{
    if (v->instance_id == NULL)
        return fault(f, FAULT_INCORRECT_STATE, "Volume '%s' is in the 'available' state.", v->id);
    if ((in->instance_id != NULL && !streq(in->instance_id, v->instance_id)) ||
        (in->device != NULL && !streq(in->device, v->device_name)))
        return fault(f, FAULT_INVALID_ATTACHMENT_NOT_FOUND,
                     "The volume '%s' is attached to instance '%s' as device '%s'", v->id,
                     v->instance_id, v->device_name);
    return 0;
}

int act_ec2_DetachVolume(struct call *c, const ec2_DetachVolume_in *in, ec2_DetachVolume_out *out,
                         struct fault *f)
{
    struct volume *v = lookup_volume(c, in->volume_id, f);
    if (v == NULL || (in->instance_id != NULL && lookup_instance(c, in->instance_id, f) == NULL) ||
        check_attachment(v, in, f) < 0)
        return -1;
    const struct instance *i = store_instance(c->tx, c->arena, v->instance_id);
    if (i != NULL && streq(v->device_name, i->root_device_name) && i->state != INSTANCE_STOPPED)
        return fault(f, FAULT_OPERATION_NOT_PERMITTED,
                     "Unable to detach root volume '%s' from instance '%s'", v->id, v->instance_id);
    if (v->state == VOLUME_CREATING ||
        volume_enter_attachment_state(v, ATTACHMENT_DETACHING, NULL) < 0)
        return fault(f, FAULT_INCORRECT_STATE, "The volume '%s' is %s", v->id,
                     state_name(&attachment_states, v->attachment_state));
    v->force_detach = wire_true(in->force);
    store_update_volume(c->tx, v);
    store_enqueue(c->tx, "volume", v->id, c->now);
    volume_attachment_view(v, out);
    return 0;
}
