/* AttachNetworkInterface, DetachNetworkInterface: the rows of what an instance's job then does. */
#include "api/interface_attach.h"
#include "api/interface_make.h"
#include "api/interface_view.h"
#include "api/lookup.h"
#include "base/id.h"
#include "base/text.h"
#include "jobs/interface_rows.h"

int interface_check_free(const struct network_interface *n, struct fault *f)
{
    if (n->attachment_id == NULL)
        return 0;
    return fault(f, FAULT_INVALID_NETWORK_INTERFACE_IN_USE, "Interface: [%s] in use.", n->id);
}

int interface_check_fits(struct call *c, const struct instance_type *type,
                         const struct network_interface *n, struct fault *f)
{
    struct interface_address_list others =
        store_interface_addresses(c->tx, c->arena, "interface_id", n->id);
    int64_t counts[2] = {1, 0}; /* the first of IPv4 is in the interface's row */
    for (size_t k = 0; k < others.n; k++)
        counts[others.v[k].is_ipv6]++;
    if (type == NULL ||
        (counts[0] <= type->ipv4_per_interface && counts[1] <= type->ipv4_per_interface))
        return 0;
    return fault(f, FAULT_PRIVATE_IP_ADDRESS_LIMIT_EXCEEDED,
                 "Number of private addresses will exceed limit: it is %lld for an interface of %s",
                 (long long)type->ipv4_per_interface, type->name);
}

int interface_count_exceeded(const struct instance_type *type, size_t count, struct fault *f)
{
    return fault(f, FAULT_ATTACHMENT_LIMIT_EXCEEDED, "Interface count %zu exceeds the limit for %s",
                 count, type->name);
}

void interface_attach(struct call *c, struct network_interface *n, const struct instance *i,
                      int64_t device_index, enum attachment_state state)
{
    n->instance_id = i->id;
    n->attachment_id = id_make(c->arena, "eni-attach");
    n->device_index = device_index;
    n->delete_on_termination = false;
    n->attached_at = c->now;
    n->attachment_state = (int)state;
}

static int check_place(struct call *c, const struct instance *i, const struct instance_type *type,
                       int64_t device_index, struct fault *f)
{
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
        return interface_count_exceeded(type, there.n + 1, f);
    return 0;
}

int act_ec2_AttachNetworkInterface(struct call *c, const ec2_AttachNetworkInterface_in *in,
                                   ec2_AttachNetworkInterface_out *out, struct fault *f)
{
    struct network_interface *n = lookup_network_interface(c, in->network_interface_id, f);
    const struct instance *i = n == NULL ? NULL : lookup_instance(c, in->instance_id, f);
    if (i == NULL || interface_check_own(n, f) < 0 || interface_check_free(n, f) < 0)
        return -1;
    if (!streq(n->zone, i->zone))
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "You may not attach a network interface to an instance if they are not in the "
                     "same availability zone");
    if (i->state != INSTANCE_RUNNING && i->state != INSTANCE_STOPPED)
        return fault(f, FAULT_INCORRECT_STATE, "Instance '%s' is not 'running' or 'stopped'.",
                     i->id);
    const struct instance_type *type =
        instance_type_find(&c->config->instance_types, i->instance_type);
    if (check_place(c, i, type, in->device_index.v, f) < 0 ||
        interface_check_fits(c, type, n, f) < 0)
        return -1;
    interface_attach(c, n, i, in->device_index.v,
                     i->state == INSTANCE_RUNNING ? ATTACHMENT_ATTACHING : ATTACHMENT_ATTACHED);
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
