/* The actions on network interfaces. */
#include "support/calls.h"
#include "unit.h"

#define LOOSE       "eni-0b0b0b0b0b0b0b0b0"
#define INSTANCE    "i-0c0c0c0c0c0c0c0c0"
#define ATTACHMENT  "eni-attach-0c0c0c0c0c0c0c0c0"
#define OTHER_GROUP "sg-0b0b0b0b0b0b0b0b0" /* of the other VPC */

/* TEST_INTERFACE becomes that of an instance, with an address of the pool; LOOSE is nobody's. */
static struct calls *with_interfaces(void)
{
    struct calls *k = calls_new();
    struct tx *tx = store_write(k->store);
    store_insert_host(tx, &(struct host){"h-1", "test:///default", 0});
    struct instance i = {
        .id = INSTANCE,
        .account_id = TEST_ACCOUNT,
        .region = "us-east-1",
        .host_id = "h-1",
        .state = INSTANCE_RUNNING,
        .ever_ran = true,
        .reservation_id = "r-1",
        .image_id = TEST_IMAGE,
        .instance_type = "t3.micro",
        .architecture = "x86_64",
        .root_device_name = "/dev/xvda",
        .vpc_id = TEST_VPC,
        .subnet_id = TEST_SUBNET,
        .zone = "us-east-1a",
        .tenancy = "default",
        .http_tokens = "optional",
        .http_endpoint = "enabled",
        .http_protocol_ipv6 = "disabled",
        .hostname_type = "ip-name",
        .instance_metadata_tags = "disabled",
        .capacity_preference = "open",
        .auto_recovery = "default",
        .reboot_migration = "default",
        .vcpus = 2,
        .uuid = "ec2",
    };
    store_insert_instance(tx, &i);
    struct network_interface *n = store_network_interface(tx, k->arena, TEST_INTERFACE);
    n->instance_id = INSTANCE;
    n->attachment_id = ATTACHMENT;
    n->public_ip = "198.18.0.7";
    n->wants_public_ip = true;
    n->source_dest_check = true;
    n->delete_on_termination = true;
    n->attached_at = 1767225601000;
    n->attachment_state = ATTACHMENT_ATTACHED;
    store_update_network_interface(tx, n);
    store_insert_interface_group(tx, &(struct interface_group){TEST_INTERFACE, TEST_GROUP, 0});
    struct network_interface loose = *n;
    loose.id = LOOSE;
    loose.private_ip = "172.31.0.5";
    loose.public_ip = NULL;
    loose.wants_public_ip = false;
    loose.instance_id = loose.attachment_id = NULL;
    loose.description = "spare";
    loose.tap = "tap1";
    store_insert_network_interface(tx, &loose);
    store_insert_security_group(tx, &(struct security_group){
                                        .id = OTHER_GROUP,
                                        .account_id = TEST_ACCOUNT,
                                        .region = "us-east-1",
                                        .vpc_id = TEST_OTHER_VPC,
                                        .name = "default",
                                        .description = "d",
                                    });
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    return k;
}

START_TEST(an_interface_is_shown_with_what_belongs_to_it)
{
    struct calls *k = with_interfaces();
    ec2_DescribeNetworkInterfaces_out out;
    OK(k, DescribeNetworkInterfaces, &out, );
    ck_assert_uint_eq(out.network_interfaces.n, 2);
    const struct ec2_NetworkInterface *n = out.network_interfaces.v;
    ck_assert_str_eq(n->network_interface_id, TEST_INTERFACE);
    ck_assert_str_eq(n->status, "in-use");
    ck_assert_str_eq(n->attachment->instance_id, INSTANCE);
    ck_assert_str_eq(n->attachment->status, "attached");
    ck_assert_str_eq(n->association->public_ip, "198.18.0.7");
    ck_assert_str_eq(n->private_ip_addresses.v[0].association->public_ip, "198.18.0.7");
    ck_assert_str_eq(n->private_dns_name, "ip-172-31-0-4.ec2.internal");
    ck_assert_uint_eq(n->groups.n, 1);
    ck_assert_str_eq(n->groups.v[0].group_name, "default");
    n++;
    ck_assert_str_eq(n->status, "available");
    ck_assert_ptr_null(n->attachment);
    ck_assert_ptr_null(n->association);
    calls_free(k);
}
END_TEST

START_TEST(interfaces_are_filtered_by_what_is_shown)
{
    static const struct {
        const char *name, *value;
        size_t n;
    } cases[] = {
        {"addresses.association.public-ip", "198.18.*", 1},
        {"addresses.primary", "true", 2},
        {"addresses.private-ip-address", "172.31.0.5", 1},
        {"association.allocation-id", "*", 0},
        {"association.ip-owner-id", "amazon", 1},
        {"association.public-dns-name", "ec2-198-18-0-7.*", 1},
        {"attachment.attach-time", "2026-01-01T00:00:01.000Z", 1},
        {"attachment.attachment-id", ATTACHMENT, 1},
        {"attachment.delete-on-termination", "true", 1},
        {"attachment.device-index", "0", 1},
        {"attachment.instance-id", INSTANCE, 1},
        {"attachment.instance-owner-id", TEST_ACCOUNT, 1},
        {"attachment.status", "attached", 1},
        {"availability-zone", "us-east-1a", 2},
        {"description", "spare", 1},
        {"group-id", TEST_GROUP, 1},
        {"group-name", "default", 1},
        {"interface-type", "interface", 2},
        {"ipv6-addresses.ipv6-address", "*", 0},
        {"mac-address", "0a:00:00:00:00:01", 2},
        {"owner-id", TEST_ACCOUNT, 2},
        {"private-dns-name", "ip-172-31-0-5.ec2.internal", 1},
        {"requester-managed", "false", 2},
        {"source-dest-check", "true", 2},
        {"status", "available", 1},
        {"subnet-id", TEST_SUBNET, 2},
        {"vpc-id", TEST_VPC, 2},
    };
    struct calls *k = with_interfaces();
    ec2_DescribeNetworkInterfaces_out out;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        OK(k, DescribeNetworkInterfaces, &out, FILTERED_BY(FILTER(cases[i].name, cases[i].value)));
        ck_assert_msg(out.network_interfaces.n == cases[i].n, "%s: %zu", cases[i].name,
                      out.network_interfaces.n);
    }
    REFUSED(k, INVALID_PARAMETER_VALUE, "The filter 'instance-id' is invalid",
            DescribeNetworkInterfaces, &out, FILTERED_BY(FILTER("instance-id", INSTANCE)));
    calls_free(k);
}
END_TEST

START_TEST(one_attribute_is_changed_at_a_time)
{
    struct calls *k = with_interfaces();
    ec2_ModifyNetworkInterfaceAttribute_out none;
    ec2_DescribeNetworkInterfaceAttribute_out out;
    REFUSED(k, INVALID_PARAMETER_COMBINATION, "No attributes specified.",
            ModifyNetworkInterfaceAttribute, &none, .network_interface_id = LOOSE);
    struct ec2_AttributeValue text = {""};
    struct ec2_AttributeBooleanValue off = {wire_bool(false)};
    REFUSED(k, INVALID_PARAMETER_COMBINATION, "Only one attribute can be modified at a time",
            ModifyNetworkInterfaceAttribute, &none, .network_interface_id = LOOSE,
            .description = &text, .source_dest_check = &off);
    OK(k, ModifyNetworkInterfaceAttribute, &none, .network_interface_id = LOOSE,
       .description = &text);
    OK(k, DescribeNetworkInterfaceAttribute, &out, .network_interface_id = LOOSE,
       .attribute = "description");
    ck_assert_str_eq(out.description->value, "");
    ck_assert_uint_eq(calls_jobs(k, TEST_VPC), 0);
    OK(k, ModifyNetworkInterfaceAttribute, &none, .network_interface_id = LOOSE,
       .source_dest_check = &off);
    OK(k, DescribeNetworkInterfaceAttribute, &out, .network_interface_id = LOOSE,
       .attribute = "sourceDestCheck");
    ck_assert(out.source_dest_check->value.set && !out.source_dest_check->value.v);
    ck_assert_uint_eq(calls_jobs(k, TEST_VPC), 1); /* the rules follow */
    calls_free(k);
}
END_TEST

START_TEST(groups_are_exchanged_for_others_of_the_vpc)
{
    struct calls *k = with_interfaces();
    ec2_ModifyNetworkInterfaceAttribute_out none;
    ec2_DescribeNetworkInterfaceAttribute_out out;
    REFUSED(k, INVALID_GROUP_NOT_FOUND,
            "The security group '" OTHER_GROUP "' does not belong to the VPC of the interface",
            ModifyNetworkInterfaceAttribute, &none, .network_interface_id = LOOSE,
            .groups = LIST(TEST_GROUP, OTHER_GROUP));
    OK(k, DescribeNetworkInterfaceAttribute, &out, .network_interface_id = LOOSE,
       .attribute = "groupSet");
    ck_assert_uint_eq(out.groups.n, 0);
    OK(k, ModifyNetworkInterfaceAttribute, &none, .network_interface_id = LOOSE,
       .groups = LIST(TEST_GROUP));
    OK(k, DescribeNetworkInterfaceAttribute, &out, .network_interface_id = LOOSE,
       .attribute = "groupSet");
    ck_assert_uint_eq(out.groups.n, 1);
    ck_assert_uint_eq(calls_jobs(k, TEST_VPC), 1);
    calls_free(k);
}
END_TEST

START_TEST(what_becomes_of_it_at_termination_is_named_by_its_attachment)
{
    struct calls *k = with_interfaces();
    ec2_ModifyNetworkInterfaceAttribute_out none;
    ec2_DescribeNetworkInterfaceAttribute_out out;
    struct ec2_NetworkInterfaceAttachmentChanges change = {.attachment_id = "eni-attach-1"};
    REFUSED(k, MISSING_PARAMETER,
            "The request must contain the parameter Attachment.DeleteOnTermination",
            ModifyNetworkInterfaceAttribute, &none, .network_interface_id = TEST_INTERFACE,
            .attachment = &change);
    change.delete_on_termination = wire_bool(false);
    REFUSED(k, INVALID_ATTACHMENT_ID_NOT_FOUND,
            "The interface attachment 'eni-attach-1' does not exist.",
            ModifyNetworkInterfaceAttribute, &none, .network_interface_id = TEST_INTERFACE,
            .attachment = &change);
    change.attachment_id = ATTACHMENT;
    OK(k, ModifyNetworkInterfaceAttribute, &none, .network_interface_id = TEST_INTERFACE,
       .attachment = &change);
    OK(k, DescribeNetworkInterfaceAttribute, &out, .network_interface_id = TEST_INTERFACE,
       .attribute = "attachment");
    ck_assert(!out.attachment->delete_on_termination.v);
    REFUSED(k, INVALID_ATTACHMENT_ID_NOT_FOUND,
            "The interface attachment '" ATTACHMENT "' does not exist.",
            ModifyNetworkInterfaceAttribute, &none, .network_interface_id = LOOSE,
            .attachment = &change);
    calls_free(k);
}
END_TEST

UNIT_SUITE(an_interface_is_shown_with_what_belongs_to_it, interfaces_are_filtered_by_what_is_shown,
           one_attribute_is_changed_at_a_time, groups_are_exchanged_for_others_of_the_vpc,
           what_becomes_of_it_at_termination_is_named_by_its_attachment)
