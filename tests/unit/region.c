/* Regions, zones, account attributes, the caller; VPCs and subnets as they are shown. */
#include "core/region.h"

#include "base/text.h"
#include "support/calls.h"
#include "unit.h"

START_TEST(regions_are_known_once_and_sorted)
{
    struct region_list all = region_all();
    ck_assert_uint_ge(all.n, 28);
    for (size_t i = 0; i < all.n; i++) {
        const struct region *r = &all.v[i];
        ck_assert(i == 0 || strcmp(all.v[i - 1].name, r->name) < 0);
        ck_assert_ptr_eq(region_find(r->name), r);
        for (size_t z = 0; z < ZONES_PER_REGION; z++) {
            ck_assert(has_prefix(r->zones[z], r->name));
            ck_assert_uint_eq(strlen(r->zones[z]), strlen(r->name) + 1);
            ck_assert_str_eq(region_zone_id(r, r->zones[z]), r->zone_ids[z]);
        }
    }
    ck_assert_ptr_null(region_find("us-east-9"));
    ck_assert_ptr_null(region_zone_id(region_find("us-east-1"), "us-west-2a"));
    ck_assert_str_eq(region_find("us-east-1")->domain, "ec2.internal");
    ck_assert_str_eq(region_find("us-east-1")->public_domain, "compute-1.amazonaws.com");
    ck_assert_str_eq(region_find("us-west-2")->domain, "us-west-2.compute.internal");
    ck_assert_str_eq(region_find("eu-west-1")->zone_ids[0], "euw1-az1");
}
END_TEST

START_TEST(describe_regions_shows_the_served_ones)
{
    struct calls *k = calls_new();
    ec2_DescribeRegions_out out;
    OK(k, DescribeRegions, &out, );
    ck_assert_uint_eq(out.regions.n, 2);
    ck_assert_str_eq(out.regions.v[1].region_name, "us-east-1");
    ck_assert_str_eq(out.regions.v[1].endpoint, "ec2.us-east-1.amazonaws.com");
    ck_assert_str_eq(out.regions.v[1].opt_in_status, "opt-in-not-required");
    OK(k, DescribeRegions, &out, .all_regions = {true, true});
    ck_assert_uint_eq(out.regions.n, region_all().n);
    OK(k, DescribeRegions, &out, .all_regions = {true, true},
       FILTERED_BY(FILTER("opt-in-status", "opt-in-not-required")));
    ck_assert_uint_eq(out.regions.n, 2);
    OK(k, DescribeRegions, &out, .region_names = LIST("us-east-1"));
    ck_assert_uint_eq(out.regions.n, 1);
    REFUSED(k, INVALID_PARAMETER_VALUE, "Invalid region names: [nowhere]", DescribeRegions, &out,
            .region_names = LIST("nowhere"));
    calls_free(k);
}
END_TEST

START_TEST(describe_zones_by_name_id_and_filter)
{
    struct calls *k = calls_new();
    ec2_DescribeAvailabilityZones_out out;
    OK(k, DescribeAvailabilityZones, &out, );
    ck_assert_uint_eq(out.availability_zones.n, 3);
    ck_assert_str_eq(out.availability_zones.v[0].zone_name, "us-east-1a");
    ck_assert_str_eq(out.availability_zones.v[0].zone_id, "use1-az1");
    ck_assert_str_eq(out.availability_zones.v[0].state, "available");
    OK(k, DescribeAvailabilityZones, &out, .zone_ids = LIST("use1-az2"));
    ck_assert_uint_eq(out.availability_zones.n, 1);
    ck_assert_str_eq(out.availability_zones.v[0].zone_name, "us-east-1b");
    OK(k, DescribeAvailabilityZones, &out, FILTERED_BY(FILTER("zone-name", "*c")));
    ck_assert_uint_eq(out.availability_zones.n, 1);
    REFUSED(k, INVALID_PARAMETER_VALUE, "Invalid availability zone: [us-east-1z]",
            DescribeAvailabilityZones, &out, .zone_names = LIST("us-east-1z"));
    calls_free(k);
}
END_TEST

START_TEST(an_account_has_six_attributes)
{
    struct calls *k = calls_new();
    ec2_DescribeAccountAttributes_out out;
    OK(k, DescribeAccountAttributes, &out, );
    ck_assert_uint_eq(out.account_attributes.n, 6);
    OK(k, DescribeAccountAttributes, &out, .attribute_names = LIST("default-vpc", "max-instances"));
    ck_assert_uint_eq(out.account_attributes.n, 2);
    ck_assert_str_eq(out.account_attributes.v[0].attribute_values.v[0].attribute_value, TEST_VPC);
    ck_assert_str_eq(out.account_attributes.v[1].attribute_values.v[0].attribute_value, "20");
    ck_assert_int_eq(CALL(k, DescribeAccountAttributes, &out, .attribute_names = LIST("x")), -1);
    ck_assert_int_eq(k->fault.code, FAULT_INVALID_PARAMETER_VALUE);
    calls_free(k);
}
END_TEST

START_TEST(the_caller_learns_who_it_is)
{
    struct calls *k = calls_new();
    sts_GetCallerIdentity_out out;
    ck_assert_int_eq(CALL_OF(k, sts, GetCallerIdentity, &out, ), 0);
    ck_assert_str_eq(out.account, TEST_ACCOUNT);
    ck_assert_str_eq(out.user_id, TEST_ACCOUNT);
    ck_assert_str_eq(out.arn, "arn:aws:iam::123456789012:root");
    calls_free(k);
}
END_TEST

START_TEST(a_vpc_is_shown_whole)
{
    struct calls *k = calls_new();
    ec2_DescribeVpcs_out out;
    OK(k, DescribeVpcs, &out, FILTERED_BY(FILTER("is-default", "true")));
    ck_assert_uint_eq(out.vpcs.n, 1);
    const struct ec2_Vpc *vpc = &out.vpcs.v[0];
    ck_assert_str_eq(vpc->vpc_id, TEST_VPC);
    ck_assert_str_eq(vpc->owner_id, TEST_ACCOUNT);
    ck_assert_str_eq(vpc->state, "available");
    ck_assert_str_eq(vpc->instance_tenancy, "default");
    ck_assert_uint_eq(vpc->cidr_block_association_set.n, 1);
    ck_assert_str_eq(vpc->cidr_block_association_set.v[0].cidr_block, "172.31.0.0/16");
    ck_assert_str_eq(vpc->cidr_block_association_set.v[0].cidr_block_state->state, "associated");
    OK(k, DescribeVpcs, &out, FILTERED_BY(FILTER("isDefault", "false")));
    ck_assert_uint_eq(out.vpcs.n, 1);
    REFUSED(k, INVALID_VPC_ID_NOT_FOUND, "The vpc IDs 'vpc-23456789, vpc-12345678' do not exist",
            DescribeVpcs, &out, .vpc_ids = LIST("vpc-23456789", "vpc-12345678", TEST_VPC));
    calls_free(k);
}
END_TEST

START_TEST(a_subnet_counts_its_free_addresses)
{
    struct calls *k = calls_new();
    ec2_DescribeSubnets_out out;
    OK(k, DescribeSubnets, &out, );
    ck_assert_uint_eq(out.subnets.n, 3);
    const struct ec2_Subnet *subnet = &out.subnets.v[0];
    ck_assert_str_eq(subnet->subnet_id, TEST_SUBNET);
    ck_assert_int_eq(subnet->available_ip_address_count.v, 4096 - 5 - 1);
    ck_assert_int_eq(out.subnets.v[1].available_ip_address_count.v, 4096 - 5);
    ck_assert_str_eq(subnet->availability_zone, "us-east-1a");
    ck_assert_str_eq(subnet->availability_zone_id, "use1-az1");
    ck_assert(wire_true(subnet->default_for_az));
    ck_assert(wire_true(subnet->map_public_ip_on_launch));
    ck_assert_str_eq(subnet->subnet_arn, "arn:aws:ec2:us-east-1:123456789012:subnet/" TEST_SUBNET);
    OK(k, DescribeSubnets, &out, FILTERED_BY(FILTER("available-ip-address-count", "4090")));
    ck_assert_uint_eq(out.subnets.n, 1);
    OK(k, DescribeSubnets, &out, FILTERED_BY(FILTER("availability-zone", "us-east-1b", "*c")));
    ck_assert_uint_eq(out.subnets.n, 2);
    REFUSED(k, INVALID_SUBNET_ID_NOT_FOUND, "The subnet ID 'subnet-12345678' does not exist",
            DescribeSubnets, &out, .subnet_ids = LIST("subnet-12345678"));
    calls_free(k);
}
END_TEST

UNIT_SUITE(regions_are_known_once_and_sorted, describe_regions_shows_the_served_ones,
           describe_zones_by_name_id_and_filter, an_account_has_six_attributes,
           the_caller_learns_who_it_is, a_vpc_is_shown_whole, a_subnet_counts_its_free_addresses)
