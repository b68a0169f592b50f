/* What a launch may be refused for, where no client can bring it about. */
#include "api/launch_network.h"
#include "base/check.h"
#include "base/text.h"
#include "support/calls.h"
#include "unit.h"

static int settle(struct calls *k, const ec2_RunInstances_in *in, struct launch_network *n)
{
    const struct instance_type *type = instance_type_find(&k->config.instance_types, "t3.micro");
    calls_begin(k, &ec2_service, "RunInstances", in);
    int r = launch_network_settle(&k->call, in, type, n, &k->fault);
    calls_end(k, r);
    return r;
}

#define SETTLE_REFUSED(k, id, text, ...)                                                           \
    do {                                                                                           \
        ec2_RunInstances_in in_ = {__VA_ARGS__};                                                   \
        struct launch_network n_ = {0};                                                            \
        ck_assert_int_eq(settle(k, &in_, &n_), -1);                                                \
        ck_assert_fault(k, id, text);                                                              \
    } while (0)

START_TEST(a_group_must_be_of_the_subnets_vpc)
{
    struct calls *k = calls_new();
    ec2_CreateSecurityGroup_out made;
    OK(k, CreateSecurityGroup, &made, .group_name = "far", .description = "d",
       .vpc_id = TEST_OTHER_VPC);
    char text[128];
    (void)snprintf(text, sizeof(text),
                   "Security group %s and subnet " TEST_SUBNET " belong to different networks.",
                   made.group_id);
    SETTLE_REFUSED(k, INVALID_PARAMETER, text, .subnet_id = TEST_SUBNET,
                   .security_group_ids = LIST(made.group_id));
    calls_free(k);
}
END_TEST

static void change(struct calls *k, void (*write)(struct tx *tx))
{
    struct tx *tx = store_write(k->store);
    write(tx);
    struct err e = {0};
    ck_assert_msg(tx_commit(tx, &e) == 0, "%s", e.message);
}

static void drop_subnets(struct tx *tx)
{
    struct arena *a = arena_new();
    struct subnet_list l = store_subnets(tx, a, "vpc_id", TEST_VPC);
    for (size_t i = 0; i < l.n; i++) {
        l.v[i].default_for_az = false;
        store_update_subnet(tx, &l.v[i]);
    }
    arena_free(a);
}

static void drop_default(struct tx *tx)
{
    struct arena *a = arena_new();
    struct vpc *vpc = store_vpc(tx, a, TEST_VPC);
    vpc->is_default = false;
    store_update_vpc(tx, vpc);
    arena_free(a);
}

START_TEST(without_a_subnet_the_default_vpc_must_have_a_default_one)
{
    struct calls *k = calls_new();
    change(k, drop_subnets);
    SETTLE_REFUSED(k, MISSING_INPUT,
                   "No subnets found for the default VPC '" TEST_VPC
                   "'. Please specify a subnet.", );
    change(k, drop_default);
    SETTLE_REFUSED(k, VPC_ID_NOT_SPECIFIED,
                   "No default VPC for this user. GroupName is only supported for EC2-Classic and "
                   "default VPC.", );
    calls_free(k);
}
END_TEST

/* Addresses of the first interface's pool; one of them is in use. */
static void leave_eleven(const struct launch_network *n)
{
    struct address_range *range = &n->v[0].pool->ranges.v[0];
    range->last = range->first + 10;
}

START_TEST(addresses_that_a_subnet_has_not_are_not_given)
{
    struct calls *k = calls_new();
    ec2_RunInstances_in in = {.min_count = {true, 1}, .max_count = {true, 1}};
    struct launch_network n = {0};
    ck_assert_int_eq(settle(k, &in, &n), 0);
    n.v[0].wants_public_ip = false;
    leave_eleven(&n);
    calls_begin(k, &ec2_service, "RunInstances", &in);
    int64_t count = 12;
    ck_assert_int_eq(launch_network_reserve(&k->call, &n, 5, &count, &k->fault), 0);
    ck_assert_int_eq(count, 10);
    ck_assert_int_eq(launch_network_reserve(&k->call, &n, 11, &count, &k->fault), -1);
    calls_end(k, -1);
    ck_assert_fault(
        k, INSUFFICIENT_FREE_ADDRESSES_IN_SUBNET,
        "The specified subnet does not have enough free addresses to satisfy the request.");
    calls_free(k);
}
END_TEST

/* --- several interfaces */

#define NIC(...)                                                                                   \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define NICS(...)                                                                                  \
    .min_count = {true, 1}, .max_count = {true, 1},                                                \
    .network_interfaces = LIST_OF(ec2_InstanceNetworkInterfaceSpecification, __VA_ARGS__)

static const char *make_interface(struct calls *k, const char *subnet_id, int64_t secondary)
{
    ec2_CreateNetworkInterface_out out;
    OK(k, CreateNetworkInterface, &out, .subnet_id = subnet_id,
       .secondary_private_ip_address_count = wire_int(secondary));
    return out.network_interface->network_interface_id;
}

static const char *subnet_of_zone(struct calls *k, const char *zone)
{
    ec2_DescribeSubnets_out out;
    OK(k, DescribeSubnets, &out,
       FILTERED_BY(FILTER("availability-zone", zone), FILTER("default-for-az", "true")));
    return out.subnets.v[0].subnet_id;
}

static struct ec2_Instance launch(struct calls *k, const ec2_RunInstances_in *asked)
{
    ec2_RunInstances_out out = {0};
    ec2_RunInstances_in in = *asked;
    in.image_id = TEST_IMAGE;
    in.instance_type = "t3.micro";
    calls_begin(k, &ec2_service, "RunInstances", &in);
    int r = act_ec2_RunInstances(&k->call, &in, &out, &k->fault);
    calls_end(k, r);
    ck_assert_msg(r == 0, "%s: %s", fault_code_name(k->fault.code), k->fault.message);
    return out.instances.v[0];
}

START_TEST(interfaces_come_with_what_each_is_asked_to_have)
{
    struct calls *k = calls_new();
    const char *kept = make_interface(k, TEST_SUBNET, 1);
    ec2_CreateSecurityGroup_out group;
    OK(k, CreateSecurityGroup, &group, .group_name = "second", .description = "d",
       .vpc_id = TEST_VPC);
    ec2_RunInstances_in in = {
        NICS(NIC(.device_index = wire_int(1), .network_interface_id = kept),
             NIC(.device_index = wire_int(0), .private_ip_address = "172.31.0.20",
                 .secondary_private_ip_address_count = wire_int(1), .subnet_id = TEST_SUBNET,
                 .description = "first", .groups = LIST(group.group_id)))};
    struct ec2_Instance made = launch(k, &in);
    ck_assert_uint_eq(made.network_interfaces.n, 2);
    const struct ec2_InstanceNetworkInterface *first = &made.network_interfaces.v[0];
    const struct ec2_InstanceNetworkInterface *second = &made.network_interfaces.v[1];
    ck_assert_str_eq(made.private_ip_address, "172.31.0.20");
    ck_assert_ptr_null(made.public_ip_address); /* of the subnet's wish nothing comes of it */
    ck_assert_str_eq(first->description, "first");
    ck_assert_uint_eq(first->private_ip_addresses.n, 2);
    ck_assert_str_eq(first->groups.v[0].group_id, group.group_id);
    ck_assert(first->attachment->delete_on_termination.v);
    ck_assert_str_eq(second->network_interface_id, kept);
    ck_assert_int_eq(second->attachment->device_index.v, 1);
    ck_assert(!second->attachment->delete_on_termination.v);
    ck_assert_uint_eq(second->private_ip_addresses.n, 2);
    char text[128];
    (void)snprintf(text, sizeof(text), "Interface: [%s] in use.", kept);
    SETTLE_REFUSED(k, INVALID_NETWORK_INTERFACE_IN_USE, text,
                   NICS(NIC(.device_index = wire_int(0), .network_interface_id = kept)));
    calls_free(k);
}
END_TEST

START_TEST(an_interface_that_is_there_has_what_it_has)
{
    struct calls *k = calls_new();
    const char *id = make_interface(k, TEST_SUBNET, 0);
    const char *here = "A network interface may not specify both a network interface ID and ";
    const struct {
        struct ec2_InstanceNetworkInterfaceSpecification nic;
        const char *what;
    } cases[] = {
        {{.subnet_id = TEST_SUBNET}, "a subnet"},
        {{.private_ip_address = "172.31.0.20"}, "a private IP address"},
        {{.private_ip_addresses =
              LIST_OF(ec2_PrivateIpAddressSpecification, {.private_ip_address = "172.31.0.21"})},
         "a private IP address"},
        {{.secondary_private_ip_address_count = wire_int(1)}, "a number of secondary addresses"},
        {{.ipv6_addresses = LIST_OF(ec2_InstanceIpv6Address, {"fd00::9"})}, "IPv6 addresses"},
        {{.ipv6_address_count = wire_int(1)}, "a number of IPv6 addresses"},
        {{.groups = LIST(TEST_GROUP)}, "security groups"},
        {{.description = "d"}, "a description"},
        {{.delete_on_termination = wire_bool(true)}, "delete on termination as true"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct ec2_InstanceNetworkInterfaceSpecification nic = cases[i].nic;
        nic.device_index = wire_int(0);
        nic.network_interface_id = id;
        SETTLE_REFUSED(k, INVALID_PARAMETER_COMBINATION,
                       arena_printf(k->arena, "%s%s", here, cases[i].what),
                       .network_interfaces = {&nic, 1});
    }
    SETTLE_REFUSED(k, INVALID_PARAMETER_COMBINATION,
                   "The associatePublicIPAddress parameter cannot be specified for a network "
                   "interface with an ID",
                   NICS(NIC(.device_index = wire_int(0), .network_interface_id = id,
                            .associate_public_ip_address = wire_bool(false))));
    SETTLE_REFUSED(
        k, INVALID_PARAMETER_VALUE,
        arena_printf(k->arena,
                     "Network interface ID '%s' may not be specified on multiple interfaces.", id),
        NICS(NIC(.device_index = wire_int(0), .network_interface_id = id),
             NIC(.device_index = wire_int(1), .network_interface_id = id)));
    SETTLE_REFUSED(k, INVALID_PARAMETER_COMBINATION,
                   "Multiple instances creation is not compatible with private IP address or "
                   "network interface ID parameters",
                   .min_count = {true, 1}, .max_count = {true, 2},
                   .network_interfaces =
                       LIST_OF(ec2_InstanceNetworkInterfaceSpecification,
                               {.device_index = wire_int(0), .network_interface_id = id}));
    calls_free(k);
}
END_TEST

START_TEST(what_is_said_of_several_interfaces_fits_together)
{
    struct calls *k = calls_new();
    const char *far = make_interface(k, subnet_of_zone(k, "us-east-1b"), 0);
    const char *rich = make_interface(k, TEST_SUBNET, 2);
    SETTLE_REFUSED(k, INVALID_PARAMETER_VALUE, "Each network interface requires a device index.",
                   NICS(NIC(.subnet_id = TEST_SUBNET)));
    SETTLE_REFUSED(k, INVALID_PARAMETER_VALUE,
                   "Each network interface requires a unique device index.",
                   NICS(NIC(.device_index = wire_int(0)), NIC(.device_index = wire_int(0))));
    SETTLE_REFUSED(k, INVALID_PARAMETER_VALUE,
                   "Invalid value '32' for DeviceIndex: it is a number from 0 to 31",
                   NICS(NIC(.device_index = wire_int(32))));
    SETTLE_REFUSED(k, UNSUPPORTED_OPERATION,
                   "When specifying network interfaces, you must include a device at index 0.",
                   NICS(NIC(.device_index = wire_int(1))));
    SETTLE_REFUSED(
        k, INVALID_PARAMETER_COMBINATION,
        "The associatePublicIPAddress parameter cannot be specified when launching "
        "with multiple network interfaces",
        NICS(NIC(.device_index = wire_int(0), .associate_public_ip_address = wire_bool(true)),
             NIC(.device_index = wire_int(1))));
    SETTLE_REFUSED(k, ATTACHMENT_LIMIT_EXCEEDED, "Interface count 3 exceeds the limit for t3.micro",
                   NICS(NIC(.device_index = wire_int(0)), NIC(.device_index = wire_int(1)),
                        NIC(.device_index = wire_int(2))));
    SETTLE_REFUSED(
        k, PRIVATE_IP_ADDRESS_LIMIT_EXCEEDED,
        "Number of private addresses will exceed limit: it is 2 for an interface.",
        NICS(NIC(.device_index = wire_int(0), .secondary_private_ip_address_count = wire_int(2))));
    SETTLE_REFUSED(
        k, PRIVATE_IP_ADDRESS_LIMIT_EXCEEDED,
        "Number of private addresses will exceed limit: it is 2 for an interface of t3.micro",
        NICS(NIC(.device_index = wire_int(0), .network_interface_id = rich)));
    SETTLE_REFUSED(
        k, INVALID_PARAMETER_COMBINATION,
        arena_printf(k->arena,
                     "You may not attach a network interface to an instance if they are not in the "
                     "same availability zone: the network interface '%s' is in us-east-1b",
                     far),
        NICS(NIC(.device_index = wire_int(0), .subnet_id = TEST_SUBNET),
             NIC(.device_index = wire_int(1), .network_interface_id = far)));
    SETTLE_REFUSED(k, INVALID_PARAMETER_VALUE,
                   "Invalid availability zone: [us-east-1b]: the subnet '" TEST_SUBNET
                   "' is in us-east-1a",
                   .subnet_id = TEST_SUBNET,
                   .placement = &(struct ec2_Placement){.availability_zone = "us-east-1b"});
    const ec2_RunInstances_in beside[] = {
        {.subnet_id = TEST_SUBNET},
        {.security_group_ids = LIST(TEST_GROUP)},
        {.private_ip_address = "172.31.0.9"},
        {.ipv6_addresses = LIST_OF(ec2_InstanceIpv6Address, {"fd00::9"})},
        {.ipv6_address_count = wire_int(1)},
    };
    static const char *const words[] = {"subnet ID", "security groups", "private IP address",
                                        "IPv6 addresses", "IPv6 address count"};
    for (size_t i = 0; i < ARRAY_SIZE(beside); i++) {
        ec2_RunInstances_in in = beside[i];
        struct launch_network n = {0};
        struct ec2_InstanceNetworkInterfaceSpecification nic = {.device_index = wire_int(0)};
        in.network_interfaces = (struct ec2_InstanceNetworkInterfaceSpecificationList){&nic, 1};
        ck_assert_int_eq(settle(k, &in, &n), -1);
        ck_assert_fault(k, INVALID_PARAMETER_COMBINATION,
                        arena_printf(k->arena,
                                     "Network interfaces and an instance-level %s may not be "
                                     "specified on the same request",
                                     words[i]));
    }
    calls_free(k);
}
END_TEST

START_TEST(interfaces_of_one_subnet_draw_from_one_pool)
{
    struct calls *k = calls_new();
    ec2_RunInstances_in in = {NICS(NIC(.device_index = wire_int(0), .subnet_id = TEST_SUBNET,
                                       .secondary_private_ip_address_count = wire_int(1)),
                                   NIC(.device_index = wire_int(1), .subnet_id = TEST_SUBNET))};
    struct launch_network n = {0};
    ck_assert_int_eq(settle(k, &in, &n), 0);
    ck_assert_ptr_eq(n.v[0].pool, n.v[1].pool);
    leave_eleven(&n); /* an instance takes 3 of 10 */
    calls_begin(k, &ec2_service, "RunInstances", &in);
    int64_t count = 12;
    ck_assert_int_eq(launch_network_reserve(&k->call, &n, 2, &count, &k->fault), 0);
    ck_assert_int_eq(count, 3);
    ck_assert_int_eq(launch_network_reserve(&k->call, &n, 4, &count, &k->fault), -1);
    calls_end(k, -1);
    ck_assert_int_eq(k->fault.code, FAULT_INSUFFICIENT_FREE_ADDRESSES_IN_SUBNET);
    calls_free(k);
}
END_TEST

/* --- IPv6 */

static void give_ipv6(struct tx *tx)
{
    struct arena *a = arena_new();
    struct subnet *subnet = store_subnet(tx, a, TEST_SUBNET);
    subnet->ipv6_cidr_block = "fd00:1:2:3::/64";
    subnet->assign_ipv6_on_creation = true;
    store_update_subnet(tx, subnet);
    arena_free(a);
}

START_TEST(ipv6_comes_by_name_by_number_or_by_the_subnet)
{
    struct calls *k = calls_new();
    SETTLE_REFUSED(k, INVALID_PARAMETER_VALUE,
                   "The subnet '" TEST_SUBNET
                   "' has no IPv6 CIDR block: it gives no IPv6 addresses",
                   .subnet_id = TEST_SUBNET, .ipv6_address_count = wire_int(1));
    change(k, give_ipv6);
    ec2_RunInstances_in in = {
        .min_count = {true, 1}, .max_count = {true, 1}, .subnet_id = TEST_SUBNET};
    struct ec2_Instance made = launch(k, &in);
    ck_assert_uint_eq(made.network_interfaces.v[0].ipv6_addresses.n, 1);
    in.ipv6_address_count = wire_int(2);
    made = launch(k, &in);
    ck_assert_uint_eq(made.network_interfaces.v[0].ipv6_addresses.n, 2);
    ec2_RunInstances_in named = {.min_count = {true, 1},
                                 .max_count = {true, 1},
                                 .subnet_id = TEST_SUBNET,
                                 .ipv6_addresses =
                                     LIST_OF(ec2_InstanceIpv6Address, {"fd00:1:2:3::0:99"})};
    made = launch(k, &named);
    ck_assert_str_eq(made.network_interfaces.v[0].ipv6_addresses.v[0].ipv6_address,
                     "fd00:1:2:3::99");
    ec2_RunInstances_out out;
    REFUSED(k, INVALID_IP_ADDRESS_IN_USE, "Address fd00:1:2:3::99 is in use.", RunInstances, &out,
            .image_id = TEST_IMAGE, .instance_type = "t3.micro", .min_count = {true, 1},
            .max_count = {true, 1}, .subnet_id = TEST_SUBNET,
            .ipv6_addresses = named.ipv6_addresses);
    REFUSED(k, INVALID_IP_ADDRESS_IN_USE, "Address fd00:1:2:3::77 is in use.", RunInstances, &out,
            .image_id = TEST_IMAGE, .instance_type = "t3.micro", .min_count = {true, 1},
            .max_count = {true, 1}, .subnet_id = TEST_SUBNET,
            .ipv6_addresses =
                LIST_OF(ec2_InstanceIpv6Address, {"fd00:1:2:3::77"}, {"fd00:1:2:3:0::77"}));
    calls_free(k);
}
END_TEST

static void reserve_all_but_a_few(struct tx *tx)
{
    /* /65 … /125 from the top down leave the last eight but for those taken here: 8 hosts, of which
     * four are nobody's. */
    struct arena *a = arena_new();
    for (int length = 65; length <= 125; length++) {
        struct cidr6 block;
        char text[CIDR6_TEXT_SIZE];
        CHECK(cidr6_parse("fd00:1:2:3::/64", &block) == 0);
        int bit = length - 1; /* set in the block, clear in the rest */
        block.address.bytes[bit / 8] |= (uint8_t)(0x80 >> (bit % 8));
        block.length = length;
        cidr6_format(&block, text);
        struct subnet_cidr_reservation row = {
            .id = arena_printf(a, "scr-%017d", length),
            .account_id = TEST_ACCOUNT,
            .region = "us-east-1",
            .subnet_id = TEST_SUBNET,
            .cidr_block = text,
            .is_ipv6 = true,
            .reservation_type = "explicit",
        };
        store_insert_subnet_cidr_reservation(tx, &row);
    }
    arena_free(a);
}

START_TEST(nothing_is_drawn_from_reserved_ipv6)
{
    struct calls *k = calls_new();
    change(k, give_ipv6);
    change(k, reserve_all_but_a_few);
    ec2_CreateNetworkInterface_out out;
    bool seen[8] = {false};
    for (int i = 0; i < 4; i++) {
        OK(k, CreateNetworkInterface, &out, .subnet_id = TEST_SUBNET);
        const char *address = out.network_interface->ipv6_addresses.v[0].ipv6_address;
        ck_assert_uint_eq(strlen(address), strlen("fd00:1:2:3::4"));
        int host = address[strlen(address) - 1] - '0';
        ck_assert(host >= 4 && host <= 7 && !seen[host]);
        seen[host] = true;
    }
    REFUSED(k, INSUFFICIENT_FREE_ADDRESSES_IN_SUBNET,
            "The specified subnet does not have enough free addresses to satisfy the request.",
            CreateNetworkInterface, &out, .subnet_id = TEST_SUBNET);
    /* Who names one of a reservation may have it. */
    OK(k, CreateNetworkInterface, &out, .subnet_id = TEST_SUBNET,
       .ipv6_addresses = LIST_OF(ec2_InstanceIpv6Address, {"fd00:1:2:3::9"}));
    calls_free(k);
}
END_TEST

static void host_without_arm64(void *ctx, struct host_info *ret_info)
{
    (void)ctx;
    *ret_info = (struct host_info){.cpus = 2, .memory_mib = 8192, .memory_available_mib = 8192};
}

static void make_image_arm64(struct tx *tx)
{
    struct arena *a = arena_new();
    struct image *image = store_image(tx, a, TEST_IMAGE);
    image->architecture = "arm64";
    store_update_image(tx, image);
    arena_free(a);
}

START_TEST(a_server_that_cannot_run_arm64_says_so)
{
    struct calls *k = calls_new();
    k->config.host = host_without_arm64;
    change(k, make_image_arm64);
    ec2_RunInstances_out out;
    REFUSED(k, UNSUPPORTED,
            "This server cannot run instances of type t4g.micro: it has no emulator for arm64",
            RunInstances, &out, .image_id = TEST_IMAGE, .instance_type = "t4g.micro",
            .min_count = {true, 1}, .max_count = {true, 1});
    calls_free(k);
}
END_TEST

UNIT_SUITE(interfaces_come_with_what_each_is_asked_to_have,
           an_interface_that_is_there_has_what_it_has,
           what_is_said_of_several_interfaces_fits_together,
           interfaces_of_one_subnet_draw_from_one_pool,
           ipv6_comes_by_name_by_number_or_by_the_subnet, nothing_is_drawn_from_reserved_ipv6,
           a_server_that_cannot_run_arm64_says_so, a_group_must_be_of_the_subnets_vpc,
           without_a_subnet_the_default_vpc_must_have_a_default_one,
           addresses_that_a_subnet_has_not_are_not_given)
