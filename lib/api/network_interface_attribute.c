/* DescribeNetworkInterfaceAttribute, ModifyNetworkInterfaceAttribute,
 * ResetNetworkInterfaceAttribute. */
#include "api/address.h"
#include "api/interface_groups.h"
#include "api/interface_view.h"
#include "api/lookup.h"
#include "base/text.h"

int act_ec2_DescribeNetworkInterfaceAttribute(struct call *c,
                                              const ec2_DescribeNetworkInterfaceAttribute_in *in,
                                              ec2_DescribeNetworkInterfaceAttribute_out *out,
                                              struct fault *f)
{
    const struct network_interface *n = lookup_network_interface(c, in->network_interface_id, f);
    if (n == NULL)
        return -1;
    const char *name = in->attribute;
    if (name == NULL)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION, "No attributes specified.");
    out->network_interface_id = n->id;
    if (streq(name, "description")) {
        out->description = arena_new_of(c->arena, struct ec2_AttributeValue);
        out->description->value = n->description;
    } else if (streq(name, "sourceDestCheck")) {
        out->source_dest_check = arena_new_of(c->arena, struct ec2_AttributeBooleanValue);
        out->source_dest_check->value = wire_bool(n->source_dest_check);
    } else if (streq(name, "groupSet")) {
        interface_groups_view(c, n->id, &out->groups);
    } else if (streq(name, "attachment")) {
        out->attachment = interface_attachment_view(c, n);
    } else {
        out->associate_public_ip_address = wire_bool(n->wants_public_ip);
    }
    return 0;
}

static int change_attachment(struct network_interface *n,
                             const struct ec2_NetworkInterfaceAttachmentChanges *change,
                             struct fault *f)
{
    if (change->attachment_id == NULL || !change->delete_on_termination.set)
        return fault(f, FAULT_MISSING_PARAMETER, "The request must contain the parameter %s",
                     change->attachment_id == NULL ? "Attachment.AttachmentId"
                                                   : "Attachment.DeleteOnTermination");
    if (n->instance_id == NULL || !streq(n->attachment_id, change->attachment_id))
        return fault(f, FAULT_INVALID_ATTACHMENT_ID_NOT_FOUND,
                     "The interface attachment '%.64s' does not exist.", change->attachment_id);
    n->delete_on_termination = change->delete_on_termination.v;
    return 0;
}

/* Of the primary interface of an instance that runs, at once; of any other, when it is that. */
static int set_public(struct call *c, struct network_interface *n, bool on, struct fault *f)
{
    n->wants_public_ip = on;
    if (!on)
        n->public_ip = NULL;
    store_update_network_interface(c->tx, n);
    store_enqueue(c->tx, "vpc", n->vpc_id, c->now);
    const struct instance *i = store_instance(c->tx, c->arena, n->instance_id);
    return !on || i == NULL || !instance_uses_capacity(i) ? 0 : interface_draw_public(c, n, f);
}

/* One attribute at a time, as EC2 has it. */
int act_ec2_ModifyNetworkInterfaceAttribute(struct call *c,
                                            const ec2_ModifyNetworkInterfaceAttribute_in *in,
                                            ec2_ModifyNetworkInterfaceAttribute_out *out,
                                            struct fault *f)
{
    (void)out;
    int changes = (in->description != NULL) + (in->source_dest_check != NULL) + (in->groups.n > 0) +
                  (in->attachment != NULL) + in->associate_public_ip_address.set;
    if (changes != 1)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     changes == 0 ? "No attributes specified."
                                  : "Only one attribute can be modified at a time");
    struct network_interface *n = lookup_network_interface(c, in->network_interface_id, f);
    if (n == NULL || interface_check_own(n, f) < 0)
        return -1;
    if (in->associate_public_ip_address.set)
        return set_public(c, n, in->associate_public_ip_address.v, f);
    if (in->groups.n > 0)
        return interface_set_groups(c, n, &in->groups, f);
    if (in->attachment != NULL && change_attachment(n, in->attachment, f) < 0)
        return -1;
    if (in->description != NULL) {
        if (in->description->value == NULL)
            return fault(f, FAULT_MISSING_PARAMETER,
                         "The request must contain the parameter Description.Value");
        n->description = in->description->value;
    }
    if (in->source_dest_check != NULL) {
        if (!in->source_dest_check->value.set)
            return fault(f, FAULT_MISSING_PARAMETER,
                         "The request must contain the parameter SourceDestCheck.Value");
        n->source_dest_check = in->source_dest_check->value.v;
        store_enqueue(c->tx, "vpc", n->vpc_id, c->now);
    }
    store_update_network_interface(c->tx, n);
    return 0;
}

/* The only attribute that has a value to go back to. */
int act_ec2_ResetNetworkInterfaceAttribute(struct call *c,
                                           const ec2_ResetNetworkInterfaceAttribute_in *in,
                                           ec2_ResetNetworkInterfaceAttribute_out *out,
                                           struct fault *f)
{
    (void)out;
    if (in->source_dest_check == NULL)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION, "No attributes specified.");
    struct network_interface *n = lookup_network_interface(c, in->network_interface_id, f);
    if (n == NULL || interface_check_own(n, f) < 0)
        return -1;
    n->source_dest_check = true;
    store_update_network_interface(c->tx, n);
    store_enqueue(c->tx, "vpc", n->vpc_id, c->now);
    return 0;
}
