/* AssociateAddress, DisassociateAddress. */
#include "api/address.h"
#include "api/address_pool.h"
#include "api/interface_view.h"
#include "api/lookup.h"
#include "base/id.h"
#include "base/text.h"
#include "jobs/interface_rows.h"

int vpc_check_gateway(struct call *c, const char *vpc_id, struct fault *f)
{
    if (store_count_internet_gateways(c->tx, "vpc_id", vpc_id) > 0)
        return 0;
    return fault(f, FAULT_GATEWAY_NOT_ATTACHED,
                 "Network %s is not attached to any internet gateway", vpc_id);
}

/* What has the first private address of the interface. */
static bool has_elastic(struct call *c, const struct network_interface *n)
{
    return store_count_addresses(c->tx, "interface_id", n->id, "private_ip", n->private_ip) > 0;
}

/* AWS, "Amazon EC2 instance IP addressing": a released address is not replaced while the instance
 * has more than one interface. */
int interface_draw_public(struct call *c, struct network_interface *n, struct fault *f)
{
    if (!n->wants_public_ip || n->public_ip != NULL || has_elastic(c, n) ||
        store_count_network_interfaces(c->tx, "instance_id", n->instance_id) != 1)
        return 0;
    struct address_pool pool;
    address_pool_public(c, &pool);
    n->public_ip = address_pool_draw(c, &pool);
    if (n->public_ip == NULL)
        return fault(f, FAULT_INSUFFICIENT_ADDRESS_CAPACITY,
                     "Not enough addresses available: the server's pool of public addresses is "
                     "used up");
    store_update_network_interface(c->tx, n);
    return 0;
}

/* When the pool has none left, it stays without one. */
static void draw_again(struct call *c, struct network_interface *n)
{
    const struct instance *i = store_instance(c->tx, c->arena, n->instance_id);
    struct fault none = {0};
    if (i != NULL && (i->state == INSTANCE_PENDING || i->state == INSTANCE_RUNNING))
        (void)interface_draw_public(c, n, &none);
}

void address_disassociate(struct call *c, struct address *a)
{
    struct network_interface *n = store_network_interface(c->tx, c->arena, a->interface_id);
    address_let_go(c->tx, a);
    if (n == NULL)
        return;
    draw_again(c, n);
    store_enqueue(c->tx, "vpc", n->vpc_id, c->now);
}

void address_associate(struct call *c, struct address *a, struct network_interface *n,
                       const char *private_ip)
{
    struct address_list there =
        store_addresses(c->tx, c->arena, "interface_id", n->id, "private_ip", private_ip);
    for (size_t i = 0; i < there.n; i++)
        address_let_go(c->tx, &there.v[i]);
    if (a->association_id != NULL) {
        address_disassociate(c, a);
        const struct network_interface *changed = store_network_interface(c->tx, c->arena, n->id);
        if (changed != NULL)
            *n = *changed;
    }
    if (streq(n->private_ip, private_ip) && n->public_ip != NULL) {
        n->public_ip = NULL; /* goes back to the pool */
        store_update_network_interface(c->tx, n);
    }
    a->association_id = id_make(c->arena, "eipassoc");
    a->interface_id = n->id;
    a->private_ip = private_ip;
    store_update_address(c->tx, a);
    store_enqueue(c->tx, "vpc", n->vpc_id, c->now);
}

/* The one interface of an instance. */
static struct network_interface *interface_of(struct call *c, const char *instance_id,
                                              struct fault *f)
{
    const struct instance *i = lookup_instance(c, instance_id, f);
    if (i == NULL)
        return NULL;
    if (i->state != INSTANCE_RUNNING && i->state != INSTANCE_STOPPING &&
        i->state != INSTANCE_STOPPED) {
        (void)fault(f, FAULT_INVALID_INSTANCE_ID,
                    "The %s instance '%s' is not in a valid state for this operation.",
                    instance_state_name((enum instance_state)i->state), i->id);
        return NULL;
    }
    struct network_interface_list l =
        store_network_interfaces(c->tx, c->arena, "instance_id", i->id);
    if (l.n == 1)
        return l.v;
    (void)fault(f, FAULT_INVALID_INSTANCE_ID,
                "There are multiple interfaces attached to instance '%s'. Please specify an "
                "interface ID for the operation instead.",
                i->id);
    return NULL;
}

static struct network_interface *target_of(struct call *c, const ec2_AssociateAddress_in *in,
                                           struct fault *f)
{
    if (in->instance_id != NULL && in->network_interface_id != NULL)
        (void)fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                    "You may specify an instance ID or a network interface ID, but not both");
    else if (in->instance_id != NULL)
        return interface_of(c, in->instance_id, f);
    else if (in->network_interface_id != NULL)
        return lookup_network_interface(c, in->network_interface_id, f);
    else
        (void)fault(f, FAULT_MISSING_PARAMETER,
                    "Either instance ID or network interface id must be specified");
    return NULL;
}

static int check_private(struct call *c, const struct network_interface *n, const char *private_ip,
                         struct fault *f)
{
    if (private_ip == NULL || streq(private_ip, n->private_ip) ||
        store_count_interface_addresses(c->tx, "interface_id", n->id, "address", private_ip,
                                        "is_ipv6", "0") > 0)
        return 0;
    return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                 "Address %.64s is not a private address of the interface '%s'", private_ip, n->id);
}

/* Reassociation is automatic, unless the caller says that it is not. */
static int check_free(struct call *c, const struct address *a, const struct network_interface *n,
                      const char *private_ip, struct fault *f)
{
    if (a->association_id != NULL)
        return fault(f, FAULT_RESOURCE_ALREADY_ASSOCIATED,
                     "resource %s is already associated with associate-id %s", a->id,
                     a->association_id);
    struct address_list there =
        store_addresses(c->tx, c->arena, "interface_id", n->id, "private_ip", private_ip);
    if (there.n > 0)
        return fault(f, FAULT_RESOURCE_ALREADY_ASSOCIATED,
                     "resource %s is already associated with associate-id %s", n->id,
                     there.v[0].association_id);
    return 0;
}

int act_ec2_AssociateAddress(struct call *c, const ec2_AssociateAddress_in *in,
                             ec2_AssociateAddress_out *out, struct fault *f)
{
    struct address *a = address_of_request(c, in->allocation_id, in->public_ip, f);
    struct network_interface *n = a == NULL ? NULL : target_of(c, in, f);
    if (n == NULL || interface_check_own(n, f) < 0 ||
        check_private(c, n, in->private_ip_address, f) < 0 ||
        vpc_check_gateway(c, n->vpc_id, f) < 0)
        return -1;
    const char *private_ip =
        in->private_ip_address == NULL ? n->private_ip : in->private_ip_address;
    if (streq(a->interface_id, n->id) && streq(a->private_ip, private_ip)) {
        out->association_id = a->association_id; /* it stands there already */
        return 0;
    }
    if (in->allow_reassociation.set && !in->allow_reassociation.v &&
        check_free(c, a, n, private_ip, f) < 0)
        return -1;
    address_associate(c, a, n, private_ip);
    out->association_id = a->association_id;
    return 0;
}

static struct address *associated(struct call *c, const ec2_DisassociateAddress_in *in,
                                  struct fault *f)
{
    if (in->association_id == NULL || in->public_ip != NULL) {
        if (in->association_id == NULL && in->public_ip != NULL)
            return address_of_request(c, NULL, in->public_ip, f);
        (void)fault(f,
                    in->public_ip == NULL ? FAULT_MISSING_PARAMETER
                                          : FAULT_INVALID_PARAMETER_COMBINATION,
                    in->public_ip == NULL
                        ? "Either public IP or association id must be specified"
                        : "You may specify public IP or association id, but not both in the same "
                          "call");
        return NULL;
    }
    struct address_list l =
        store_addresses(c->tx, c->arena, "account_id", c->principal->account_id, "region",
                        c->region->name, "association_id", in->association_id);
    if (l.n == 0)
        (void)lookup_fault(c, RESOURCE_ELASTIC_IP_ASSOCIATION,
                           &(struct wire_strings){(const char *[]){in->association_id}, 1}, f);
    return l.n == 0 ? NULL : l.v;
}

/* By its public address it may be free already: asking twice is no mistake. */
int act_ec2_DisassociateAddress(struct call *c, const ec2_DisassociateAddress_in *in,
                                ec2_DisassociateAddress_out *out, struct fault *f)
{
    (void)out;
    struct address *a = associated(c, in, f);
    if (a == NULL)
        return -1;
    const struct network_interface *n = store_network_interface(c->tx, c->arena, a->interface_id);
    if (n != NULL && interface_check_own(n, f) < 0)
        return -1;
    if (a->association_id != NULL)
        address_disassociate(c, a);
    return 0;
}
