/* AttachNetworkInterface, DetachNetworkInterface: the rows of what an instance's job then does. */
#include "api/interface_view.h"
#include "api/lookup.h"
#include "base/id.h"
#include "base/text.h"
#include "jobs/interface_rows.h"

#define DEVICE_INDEX_MAX 31

static int check_place(struct call *c, const struct instance *i, int64_t device_index,
                       struct fault *f)
{
    const struct instance_type *type =
        instance_type_find(&c->config->instance_types, i->instance_type);
    struct network_interface_list there =
        store_network_interfaces(c->tx, c->arena, "instance_id", i->id);
    if (device_index < 0 || device_index > DEVICE_INDEX_MAX)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Invalid value '%lld' for DeviceIndex: it is a number from 1 to %d",
                     (long long)device_index, DEVICE_INDEX_MAX);
    for (size_t k = 0; k < there.n; k++)
        if (there.v[k].device_index == device_index)
            return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                         "Instance '%s' already has an interface attached at device index '%lld'.",
                         i->id, (long long)device_index);
    if (type != NULL && (int64_t)there.n >= type->max_interfaces)
        return fault(f, FAULT_ATTACHMENT_LIMIT_EXCEEDED,
                     "Interface count %zu exceeds the limit for %s", there.n + 1, type->name);
    return 0;
}

/* How many addresses of either kind it may have there. */
static int check_addresses(struct call *c, const struct instance *i,
                           const struct network_interface *n, struct fault *f)
{
    const struct instance_type *type =
        instance_type_find(&c->config->instance_types, i->instance_type);
    int64_t count =
        1 + (int64_t)store_count_interface_addresses(c->tx, "interface_id", n->id, "is_ipv6", "0");
    if (type == NULL || count <= type->ipv4_per_interface)
        return 0;
    return fault(f, FAULT_PRIVATE_IP_ADDRESS_LIMIT_EXCEEDED,
                 "Number of private addresses will exceed limit: it is %lld for an interface of %s",
                 (long long)type->ipv4_per_interface, type->name);
}

int act_ec2_AttachNetworkInterface(struct call *c, const ec2_AttachNetworkInterface_in *in,
                                   ec2_AttachNetworkInterface_out *out, struct fault *f)
{
    struct network_interface *n = lookup_network_interface(c, in->network_interface_id, f);
    const struct instance *i = n == NULL ? NULL : lookup_instance(c, in->instance_id, f);
    if (i == NULL || interface_check_own(n, f) < 0)
        return -1;
    if (n->attachment_id != NULL)
        return fault(f, FAULT_INVALID_NETWORK_INTERFACE_IN_USE, "Interface: [%s] in use.", n->id);
    if (!streq(n->zone, i->zone))
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "You may not attach a network interface to an instance if they are not in the "
                     "same availability zone");
    if (i->state != INSTANCE_RUNNING && i->state != INSTANCE_STOPPED)
        return fault(f, FAULT_INCORRECT_STATE, "Instance '%s' is not 'running' or 'stopped'.",
                     i->id);
    if (check_place(c, i, in->device_index.v, f) < 0 || check_addresses(c, i, n, f) < 0)
        return -1;
    n->instance_id = i->id;
    n->attachment_id = id_make(c->arena, "eni-attach");
    n->device_index = in->device_index.v;
    n->delete_on_termination = false;
    n->attached_at = c->now;
    n->attachment_state = i->state == INSTANCE_RUNNING ? ATTACHMENT_ATTACHING : ATTACHMENT_ATTACHED;
    store_update_network_interface(c->tx, n);
    store_enqueue(c->tx, "vpc", n->vpc_id, c->now);
    store_enqueue(c->tx, "instance", i->id, c->now);
    out->attachment_id = n->attachment_id;
    out->network_card_index = wire_int(0);
    return 0;
}

int act_ec2_DetachNetworkInterface(struct call *c, const ec2_DetachNetworkInterface_in *in,
                                   ec2_DetachNetworkInterface_out *out, struct fault *f)
{
    (void)out;
    struct network_interface *n = interface_attached_as(c, in->attachment_id, f);
    if (n == NULL)
        return -1;
    const struct instance *i = store_instance(c->tx, c->arena, n->instance_id);
    if (i == NULL)
        return fault(f, FAULT_OPERATION_NOT_PERMITTED,
                     "You are not allowed to manage '%s' attachments.", in->attachment_id);
    if (n->device_index == 0)
        return fault(f, FAULT_OPERATION_NOT_PERMITTED,
                     "The network interface at device index 0 and networkCard index 0 cannot be "
                     "detached.");
    if (i->state == INSTANCE_PENDING)
        return fault(f, FAULT_INCORRECT_STATE, "Instance '%s' is not 'running' or 'stopped'.",
                     i->id);
    if (i->state == INSTANCE_STOPPED) {
        interface_let_go(c->tx, n);
    } else {
        n->attachment_state = ATTACHMENT_DETACHING;
        n->detach_forced = wire_true(in->force);
        n->attached_at = c->now;
        store_update_network_interface(c->tx, n);
    }
    store_enqueue(c->tx, "vpc", n->vpc_id, c->now);
    store_enqueue(c->tx, "instance", i->id, c->now);
    return 0;
}
