/* What Croft has none of, and what VPCs say without rows of their own. */
#include "support/calls.h"
#include "unit.h"

START_TEST(filters_of_what_there_is_none_of_are_checked)
{
    struct calls *k = calls_new();
    ec2_DescribeNatGateways_out out;
    struct ec2_Filter known[] = {FILTER("vpc-id", TEST_VPC), FILTER("tag:Name", "x")};
    struct ec2_Filter unknown[] = {FILTER("colour", "red")};
    OK(k, DescribeNatGateways, &out, .filter = {known, 2}, .max_results = wire_int(5));
    ck_assert_uint_eq(out.nat_gateways.n, 0);
    ck_assert_ptr_null(out.next_token);
    REFUSED(k, INVALID_PARAMETER_VALUE, "The filter 'colour' is invalid", DescribeNatGateways, &out,
            .filter = {unknown, 1});
    REFUSED(k, INVALID_PAGINATION_TOKEN,
            "The NextToken is not one that this query with these parameters brought",
            DescribeNatGateways, &out, .next_token = "x");
    calls_free(k);
}
END_TEST

START_TEST(ids_of_what_there_is_none_of_do_not_exist)
{
    struct calls *k = calls_new();
    ec2_DescribeNatGateways_out nat;
    REFUSED(k, NAT_GATEWAY_NOT_FOUND, "The NAT gateway ID 'nat-12345678' does not exist",
            DescribeNatGateways, &nat, .nat_gateway_ids = LIST("nat-12345678"));
    REFUSED(k, INVALID_PARAMETER_COMBINATION,
            "A list of ids cannot be used with the parameter MaxResults", DescribeNatGateways, &nat,
            .nat_gateway_ids = LIST("nat-12345678"), .max_results = wire_int(5));
    ec2_CreateTags_out none;
    REFUSED(k, NAT_GATEWAY_NOT_FOUND, "The NAT gateway ID 'nat-12345678' does not exist",
            CreateTags, &none, .resources = LIST("nat-12345678"),
            .tags = LIST_OF(ec2_Tag, {"a", "b"}));
    calls_free(k);
}
END_TEST

START_TEST(names_of_what_there_is_none_of_do_not_exist)
{
    struct calls *k = calls_new();
    ec2_DescribeConversionTasks_out tasks;
    REFUSED(k, INVALID_CONVERSION_TASK_ID, "The task 'import-i-1' does not exist",
            DescribeConversionTasks, &tasks, .conversion_task_ids = LIST("import-i-1"));
    ec2_DescribeExportTasks_out exports;
    REFUSED(k, INVALID_EXPORT_TASK_ID_NOT_FOUND, "The export task ID 'export-i-1' does not exist",
            DescribeExportTasks, &exports, .export_task_ids = LIST("export-i-1"));
    ec2_DescribeImportImageTasks_out images;
    REFUSED(k, INVALID_CONVERSION_TASK_ID, "The task 'import-ami-1' does not exist",
            DescribeImportImageTasks, &images, .import_task_ids = LIST("import-ami-1"));
    ec2_DescribeImportSnapshotTasks_out snapshots;
    REFUSED(k, INVALID_CONVERSION_TASK_ID, "The task 'import-snap-1' does not exist",
            DescribeImportSnapshotTasks, &snapshots, .import_task_ids = LIST("import-snap-1"));
    calls_free(k);
}
END_TEST

START_TEST(each_vpc_is_without_classic_link)
{
    struct calls *k = calls_new();
    ec2_DescribeVpcClassicLink_out out;
    OK(k, DescribeVpcClassicLink, &out, FILTERED_BY(FILTER("is-classic-link-enabled", "false")));
    ck_assert_uint_eq(out.vpcs.n, 2);
    OK(k, DescribeVpcClassicLink, &out, FILTERED_BY(FILTER("is-classic-link-enabled", "true")));
    ck_assert_uint_eq(out.vpcs.n, 0);
    ec2_DescribeVpcClassicLinkDnsSupport_out dns;
    OK(k, DescribeVpcClassicLinkDnsSupport, &dns, .max_results = wire_int(1));
    ck_assert_uint_eq(dns.vpcs.n, 1);
    OK(k, DescribeVpcClassicLinkDnsSupport, &dns, .max_results = wire_int(1),
       .next_token = dns.next_token);
    ck_assert_str_eq(dns.vpcs.v[0].vpc_id, TEST_OTHER_VPC);
    ck_assert_ptr_null(dns.next_token);
    calls_free(k);
}
END_TEST

UNIT_SUITE(filters_of_what_there_is_none_of_are_checked, ids_of_what_there_is_none_of_do_not_exist,
           names_of_what_there_is_none_of_do_not_exist, each_vpc_is_without_classic_link)
