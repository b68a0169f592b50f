/* What a launch says of its interfaces: the form of it, before anything is looked up. */
#include <stdlib.h>

#include "api/launch_network.h"
#include "base/text.h"

/* What may not be said, and in which words. */
struct given {
    bool is_given;
    const char *what;
};

static const char *first_given(const struct given *all, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (all[i].is_given)
            return all[i].what;
    return NULL;
}

static int check_alone(const ec2_RunInstances_in *in, struct fault *f)
{
    const struct given all[] = {
        {in->subnet_id != NULL, "subnet ID"},
        {in->security_group_ids.n > 0 || in->security_groups.n > 0, "security groups"},
        {in->private_ip_address != NULL, "private IP address"},
        {in->ipv6_addresses.n > 0, "IPv6 addresses"},
        {in->ipv6_address_count.set, "IPv6 address count"},
    };
    const char *what = first_given(all, ARRAY_SIZE(all));
    if (what == NULL)
        return 0;
    return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                 "Network interfaces and an instance-level %s may not be specified on the same "
                 "request",
                 what);
}

static bool names_addresses(const struct ec2_InstanceNetworkInterfaceSpecification *s)
{
    return s->private_ip_address != NULL || s->private_ip_addresses.n > 0;
}

/* One that is there has its subnet, addresses and groups. */
static int check_existing(const struct ec2_InstanceNetworkInterfaceSpecification *s,
                          struct fault *f)
{
    const struct given all[] = {
        {s->subnet_id != NULL, "a subnet"},
        {names_addresses(s), "a private IP address"},
        {s->secondary_private_ip_address_count.set, "a number of secondary addresses"},
        {s->ipv6_addresses.n > 0, "IPv6 addresses"},
        {s->ipv6_address_count.set, "a number of IPv6 addresses"},
        {s->groups.n > 0, "security groups"},
        {s->description != NULL, "a description"},
        {wire_true(s->delete_on_termination), "delete on termination as true"},
    };
    const char *what = first_given(all, ARRAY_SIZE(all));
    if (what != NULL)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "A network interface may not specify both a network interface ID and %s",
                     what);
    if (s->associate_public_ip_address.set)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "The associatePublicIPAddress parameter cannot be specified for a network "
                     "interface with an ID");
    return 0;
}

static int check_one(const ec2_RunInstances_in *in,
                     const struct ec2_InstanceNetworkInterfaceSpecification *s, struct fault *f)
{
    if (s->network_interface_id != NULL && check_existing(s, f) < 0)
        return -1;
    if (in->network_interfaces.n > 1 && s->associate_public_ip_address.set)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "The associatePublicIPAddress parameter cannot be specified when launching "
                     "with multiple network interfaces");
    if (in->max_count.v > 1 &&
        (s->network_interface_id != NULL || names_addresses(s) || s->ipv6_addresses.n > 0))
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "Multiple instances creation is not compatible with private IP address or "
                     "network interface ID parameters");
    return 0;
}

static int by_device_index(const void *a, const void *b)
{
    int64_t x = ((const struct ec2_InstanceNetworkInterfaceSpecification *)a)->device_index.v;
    int64_t y = ((const struct ec2_InstanceNetworkInterfaceSpecification *)b)->device_index.v;
    return (x > y) - (x < y);
}

/* Each has an index of its own, and one is the first. Sorted when they have. */
static int check_indexes(struct ec2_InstanceNetworkInterfaceSpecificationList *l, struct fault *f)
{
    for (size_t i = 0; i < l->n; i++) {
        struct opt_int index = l->v[i].device_index;
        if (!index.set)
            return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                         "Each network interface requires a device index.");
        if (index.v < 0 || index.v > DEVICE_INDEX_MAX)
            return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                         "Invalid value '%lld' for DeviceIndex: it is a number from 0 to %d",
                         (long long)index.v, DEVICE_INDEX_MAX);
    }
    qsort(l->v, l->n, sizeof(l->v[0]), by_device_index);
    for (size_t i = 1; i < l->n; i++)
        if (l->v[i].device_index.v == l->v[i - 1].device_index.v)
            return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                         "Each network interface requires a unique device index.");
    if (l->v[0].device_index.v != 0)
        return fault(f, FAULT_UNSUPPORTED_OPERATION,
                     "When specifying network interfaces, you must include a device at index 0.");
    return 0;
}

/* The one that the members of the call itself ask for. */
static void of_the_call(struct call *c, const ec2_RunInstances_in *in,
                        struct ec2_InstanceNetworkInterfaceSpecificationList *ret)
{
    *arena_append(c->arena, ret) = (struct ec2_InstanceNetworkInterfaceSpecification){
        .device_index = wire_int(0),
        .subnet_id = in->subnet_id,
        .groups = in->security_group_ids,
        .private_ip_address = in->private_ip_address,
        .ipv6_addresses = in->ipv6_addresses,
        .ipv6_address_count = in->ipv6_address_count,
    };
}

int launch_interfaces_read(struct call *c, const ec2_RunInstances_in *in,
                           struct ec2_InstanceNetworkInterfaceSpecificationList *ret,
                           struct fault *f)
{
    struct ec2_InstanceNetworkInterfaceSpecificationList list = {0};
    if (in->network_interfaces.n == 0)
        of_the_call(c, in, &list);
    else if (check_alone(in, f) < 0)
        return -1;
    for (size_t i = 0; i < in->network_interfaces.n; i++)
        *arena_append(c->arena, &list) = in->network_interfaces.v[i];
    if (check_indexes(&list, f) < 0)
        return -1;
    for (size_t i = 0; i < list.n; i++)
        if (check_one(in, &list.v[i], f) < 0)
            return -1;
    *ret = list;
    return 0;
}
