#include <string.h>

#include "base/text.h"
#include "unit.h"
#include "wire/digest.h"
#include "wire/ec2_model.h"
#include "wire/json.h"
#include "wire/query.h"

static struct arena *a;
static struct fault f;
static void *in;

static int decode(const char *name, const char *text)
{
    arena_free(a);
    a = arena_new();
    fault_clear(&f);
    in = NULL;
    struct form form = {0};
    ck_assert_int_eq(form_parse(a, text, strlen(text), &form, &f), 0);
    const struct wire_action *action = wire_action_find(&ec2_service, name);
    ck_assert_ptr_nonnull(action);
    int r = query_decode(a, action, &form, &in, &f);
    ck_assert((r == 0) == (in != NULL));
    ck_assert((r == 0) != fault_is_set(&f));
    return r;
}

/* What is decoded, as JSON. */
static const struct {
    const char *action, *form, *json;
} good[] = {
    {"DescribeInstances", "Action=DescribeInstances&Version=2016-11-15", "{}"},
    /* from 1, from 0, without a number, with gaps and out of order */
    {"DescribeInstances", "InstanceId.1=i-11111111&InstanceId.2=i-22222222",
     "{'InstanceIds':['i-11111111','i-22222222']}"},
    {"DescribeInstances", "InstanceId.0=i-11111111&InstanceId.1=i-22222222",
     "{'InstanceIds':['i-11111111','i-22222222']}"},
    {"DescribeInstances", "InstanceId=i-11111111", "{'InstanceIds':['i-11111111']}"},
    {"DescribeInstances",
     "InstanceId.1000=i-33333333&InstanceId.10=i-22222222&InstanceId.9=i-11111111",
     "{'InstanceIds':['i-11111111','i-22222222','i-33333333']}"},
    {"DescribeInstances", "Filter.1.Value=x&Filter.1.Name=n",
     "{'Filters':[{'Name':'n','Values':['x']}]}"},
    {"DescribeInstances", "Filter.2.Value.2=d&Filter.1.Name=n&Filter.2.Name=m&Filter.2.Value.1=c",
     "{'Filters':[{'Name':'n'},{'Name':'m','Values':['c','d']}]}"},
    /* an empty value is an absent one ... */
    {"DescribeInstances", "InstanceId.1=&InstanceId.2=i-11111111&NextToken=&MaxResults=",
     "{'InstanceIds':['i-11111111']}"},
    {"RunInstances",
     "ImageId=ami-11111111&MinCount=1&MaxCount=1&SubnetId=&UserData=&IamInstanceProfile.Name=&"
     "Placement.AvailabilityZone=&SecurityGroupId.1=",
     "{'ImageId':'ami-11111111','MaxCount':1,'MinCount':1}"},
    {"RunInstances", "MinCount=1&MaxCount=1&IamInstanceProfile=&NetworkInterface.1=&Placement=",
     "{'MaxCount':1,'MinCount':1}"},
    /* ... but where empty and absent differ */
    {"DeleteTags", "ResourceId.1=i-11111111&Tag.1.Key=a&Tag.1.Value=&Tag.2.Key=b",
     "{'Resources':['i-11111111'],'Tags':[{'Key':'a','Value':''},{'Key':'b'}]}"},
    {"DescribeTags", "Filter.1.Name=value&Filter.1.Value.1=&Filter.1.Value.2=x",
     "{'Filters':[{'Name':'value','Values':['','x']}]}"},
    {"DescribeTags",
     "Filter.1.Name=value&Filter.1.Value=", "{'Filters':[{'Name':'value','Values':['']}]}"},
    {"RunInstances",
     "MinCount=1&MaxCount=1&BlockDeviceMapping.1.DeviceName=b&BlockDeviceMapping.1.NoDevice=",
     "{'BlockDeviceMappings':[{'DeviceName':'b','NoDevice':''}],'MaxCount':1,'MinCount':1}"},
    /* names that are not the member's */
    {"CreateSecurityGroup", "GroupName=g&GroupDescription=d",
     "{'Description':'d','GroupName':'g'}"},
    {"AuthorizeSecurityGroupIngress",
     "GroupId=sg-11111111&IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=22&"
     "IpPermissions.1.ToPort=22&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0&"
     "IpPermissions.1.Groups.1.GroupId=sg-22222222",
     "{'GroupId':'sg-11111111','IpPermissions':[{'FromPort':22,'IpProtocol':'tcp','IpRanges':"
     "[{'CidrIp':'0.0.0.0/0'}],'ToPort':22,'UserIdGroupPairs':[{'GroupId':'sg-22222222'}]}]}"},
    {"ModifyInstanceAttribute", "InstanceId=i-11111111&GroupId.1=sg-11111111&UserData.Value=aGk%3D",
     "{'Groups':['sg-11111111'],'InstanceId':'i-11111111','UserData':{'Value':'aGk='}}"},
    /* base64 with line ends; the signature's parameters; values that ask for nothing */
    {"ImportKeyPair", "KeyName=k&PublicKeyMaterial=aGVs%0AbG8%3D%0D%0A",
     "{'KeyName':'k','PublicKeyMaterial':'aGVsbG8='}"},
    {"DescribeRegions",
     "AWSAccessKeyId=k&Signature=s&SignatureVersion=2&SignatureMethod=HmacSHA256&"
     "Timestamp=2024-01-02T03:04:05Z&X-Amz-Date=d&SecurityToken=t&Expires=e",
     "{}"},
    {"RunInstances",
     "MinCount=1&MaxCount=1000&Placement.Tenancy=default&HibernationOptions.Configured=false&"
     "Ipv6AddressCount=0",
     "{'HibernationOptions':{'Configured':false},'Ipv6AddressCount':0,'MaxCount':1000,'MinCount':1,"
     "'Placement':{'Tenancy':'default'}}"},
    {"RegisterImage", "Name=abc&OwnerAlias=amazon", "{'Name':'abc','OwnerAlias':'amazon'}"},
    {"CreateTags", "ResourceId.1=x&Tag.1.Key=%F0%9F%98%80&Tag.1.Value=a+%26b",
     "{'Resources':['x'],'Tags':[{'Key':'\xf0\x9f\x98\x80','Value':'a &b'}]}"},
};

START_TEST(well_formed_requests_are_decoded)
{
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        ck_assert_msg(decode(good[i].action, good[i].form) == 0, "%s: %s", good[i].form, f.message);
        _cleanup_buf_ struct buf out = BUF_INIT(65536);
        const struct wire_action *action = wire_action_find(&ec2_service, good[i].action);
        ck_assert_int_eq(json_encode(a, action->input, in, JSON_SORTED, &out), 0);
        for (char *c = out.data; *c != '\0'; c++)
            *c = *c == '"' ? '\'' : *c;
        ck_assert_str_eq(buf_str(&out), good[i].json);
    }
}
END_TEST

#define RUN "MinCount=1&MaxCount=1&"

static const struct {
    const char *action, *form;
    enum fault_code code;
    const char *says; /* a part of the message */
} bad[] = {
    {"DescribeInstances", "Colour=red", FAULT_UNKNOWN_PARAMETER, "The parameter Colour is not"},
    {"DescribeInstances", "Filter.1.Naem=x", FAULT_UNKNOWN_PARAMETER, "Filter.1.Naem"},
    {"DescribeInstances", "Filter.1.Naem=", FAULT_UNKNOWN_PARAMETER, "Filter.1.Naem"},
    {"DescribeInstances", "Filter.Name=x", FAULT_UNKNOWN_PARAMETER, "Filter.Name"},
    {"DescribeInstances", "Filter.1=x", FAULT_UNKNOWN_PARAMETER, "Filter.1"},
    {"DescribeInstances", "Filter=x", FAULT_UNKNOWN_PARAMETER, "Filter"},
    {"DescribeInstances", "Filters.1.Name=x", FAULT_UNKNOWN_PARAMETER, "Filters.1.Name"},
    {"DescribeInstances", "InstanceId.1.x=i-11111111", FAULT_UNKNOWN_PARAMETER, "InstanceId.1.x"},
    {"DescribeInstances", "InstanceId.x=i-11111111", FAULT_UNKNOWN_PARAMETER, "InstanceId.x"},
    {"DescribeInstances", "InstanceId.=i-11111111", FAULT_UNKNOWN_PARAMETER, "InstanceId."},
    {"DescribeInstances", "InstanceId..1=i-11111111", FAULT_UNKNOWN_PARAMETER, "InstanceId..1"},
    {"DescribeInstances", "instanceId.1=i-11111111", FAULT_UNKNOWN_PARAMETER, "instanceId.1"},
    {"DescribeInstances", "InstanceId.member.1=i-11111111", FAULT_UNKNOWN_PARAMETER, ".member"},
    {"DescribeInstances", "MaxResults.1=10", FAULT_UNKNOWN_PARAMETER, "MaxResults.1"},
    {"DescribeInstances", ".=1", FAULT_UNKNOWN_PARAMETER, "The parameter ."},
    {"DescribeInstances", "=1", FAULT_UNKNOWN_PARAMETER, "The parameter "},
    {"RunInstances", RUN "Placement=x", FAULT_UNKNOWN_PARAMETER, "Placement"},
    {"RunInstances", RUN "CpuOptions.Cores=2", FAULT_UNKNOWN_PARAMETER, "CpuOptions.Cores"},
    /* unknown is graver than malformed, and both than missing */
    {"RunInstances", "MinCount=x&CpuOptions.CoreCount=2&Zebra=1", FAULT_UNKNOWN_PARAMETER, "Zebra"},
    {"RunInstances", "MinCount=x", FAULT_INVALID_PARAMETER_VALUE, "MinCount"},
    {"RunInstances", "MinCount=1", FAULT_MISSING_PARAMETER, "contain the parameter MaxCount"},
    {"RunInstances", "MinCount=1&MaxCount=", FAULT_MISSING_PARAMETER, "MaxCount"},
    {"TerminateInstances", "InstanceId.1=", FAULT_MISSING_PARAMETER, "InstanceId"},
    {"CreateKeyPair", "", FAULT_MISSING_PARAMETER, "KeyName"},
    {"CreateTags", "ResourceId.1=i-11111111", FAULT_MISSING_PARAMETER, "parameter Tag"},
    {"ModifySecurityGroupRules",
     "GroupId=sg-11111111&SecurityGroupRule.4.SecurityGroupRule.Description=x",
     FAULT_MISSING_PARAMETER, "SecurityGroupRule.1.SecurityGroupRuleId"},
    /* twice, mixed, out of range */
    {"DescribeInstances", "MaxResults=5&MaxResults=6", FAULT_INVALID_PARAMETER_VALUE,
     "more than once"},
    {"DescribeInstances", "InstanceId.1=i-11111111&InstanceId.1=i-22222222",
     FAULT_INVALID_PARAMETER_VALUE, "InstanceId.1 comes more than once"},
    {"DescribeInstances", "InstanceId=i-11111111&InstanceId=i-22222222",
     FAULT_INVALID_PARAMETER_VALUE, "more than once"},
    {"DescribeInstances", "InstanceId=i-11111111&InstanceId.1=i-22222222",
     FAULT_INVALID_PARAMETER_VALUE, "with and without a number"},
    {"DescribeInstances", "Action=DescribeInstances&Action=RunInstances",
     FAULT_INVALID_PARAMETER_VALUE, "Action comes more than once"},
    {"DescribeInstances", "InstanceId.1001=i-11111111", FAULT_INVALID_PARAMETER_VALUE, "1001"},
    {"DescribeInstances", "InstanceId.01=i-11111111", FAULT_INVALID_PARAMETER_VALUE,
     "InstanceId.01"},
    {"DescribeInstances", "Filter.4000000000.Name=x", FAULT_INVALID_PARAMETER_VALUE, "4000000000"},
    {"DescribeInstances", "Filter.99999999999999999999.Name=x", FAULT_INVALID_PARAMETER_VALUE,
     "999"},
    {"CreateTags", "ResourceId.1=x&Tag.1001.Key=k", FAULT_TAG_LIMIT_EXCEEDED, "Tag.1001.Key"},
    {"DescribeInstances", "InstanceId.-1=i-11111111", FAULT_UNKNOWN_PARAMETER, "InstanceId.-1"},
    /* values */
    {"DescribeInstances", "MaxResults=4", FAULT_INVALID_PARAMETER_VALUE, "between 5 and 1000"},
    {"DescribeInstances", "MaxResults=1001", FAULT_INVALID_PARAMETER_VALUE, "(1001)"},
    {"DescribeInstances", "MaxResults=5.0", FAULT_INVALID_PARAMETER_VALUE, "an integer"},
    {"DescribeInstances", "MaxResults=+5", FAULT_INVALID_PARAMETER_VALUE, "an integer"},
    {"DescribeInstances", "MaxResults=0x10", FAULT_INVALID_PARAMETER_VALUE, "an integer"},
    {"DescribeInstances", "MaxResults=99999999999999999999", FAULT_INVALID_PARAMETER_VALUE,
     "integer"},
    {"DescribeInstances", "DryRun=True", FAULT_INVALID_PARAMETER_VALUE, "true or false"},
    {"DescribeInstances", "DryRun=1", FAULT_INVALID_PARAMETER_VALUE, "DryRun"},
    {"DescribeInstances", "DryRun=true%00", FAULT_INVALID_PARAMETER_VALUE, "DryRun"},
    {"DescribeInstances", "NextToken=a%00b", FAULT_INVALID_PARAMETER_VALUE, "NextToken"},
    {"DescribeInstances", "Filter.1.Name=%FF", FAULT_INVALID_PARAMETER_VALUE, "Filter.1.Name"},
    {"DescribeInstances", "Filter.3.Value.7=%01", FAULT_INVALID_PARAMETER_VALUE,
     "Filter.3.Value.7"},
    {"CreateKeyPair", "KeyName=k&KeyType=dsa", FAULT_INVALID_PARAMETER_VALUE,
     "Value (dsa) for parameter KeyType is invalid. It must be one of rsa, ed25519"},
    {"RunInstances",
     RUN "ClientToken="
         "0123456789012345678901234567890123456789012345678901234567890123456789",
     FAULT_INVALID_PARAMETER_VALUE, "at most 64 characters"},
    {"RegisterImage", "Name=ab", FAULT_INVALID_AMI_NAME_MALFORMED, "3 characters or longer"},
    /* ids */
    {"DescribeInstances", "InstanceId.1=web", FAULT_INVALID_INSTANCE_ID_MALFORMED,
     "Invalid id: \"web\" (expecting \"i-...\")"},
    {"DescribeInstances", "InstanceId.1=i-123", FAULT_INVALID_INSTANCE_ID_MALFORMED, "\"i-123\""},
    {"RunInstances", RUN "ImageId=i-11111111", FAULT_INVALID_AMI_ID_MALFORMED, "ami-..."},
    {"RunInstances", RUN "SubnetId=x", FAULT_INVALID_SUBNET_ID_MALFORMED, "subnet-..."},
    {"RunInstances", RUN "SecurityGroupId.1=default", FAULT_INVALID_GROUP_ID_MALFORMED, "sg-..."},
    {"DescribeVpcs", "VpcId.1=vpc-XYZ", FAULT_INVALID_VPC_ID_MALFORMED, "vpc-XYZ"},
    /* base64 */
    {"ImportKeyPair", "KeyName=k&PublicKeyMaterial=a*b", FAULT_INVALID_KEY_FORMAT, "base64"},
    {"ModifyInstanceAttribute", "InstanceId=i-11111111&UserData.Value=a*b",
     FAULT_INVALID_USER_DATA_MALFORMED, "Value for parameter UserData.Value is invalid"},
    /* what Croft does not do */
    {"RunInstances", RUN "Operator.Principal=x", FAULT_UNSUPPORTED_OPERATION,
     "The parameter Operator.Principal is not supported by Croft"},
    {"RunInstances", RUN "LicenseSpecification.1.LicenseConfigurationArn=x",
     FAULT_UNSUPPORTED_OPERATION, "LicenseSpecification.1.LicenseConfigurationArn"},
    {"RunInstances", RUN "ElasticGpuSpecification.1.Type=x", FAULT_UNSUPPORTED_OPERATION,
     "ElasticGpuSpecification.1.Type"},
    {"RunInstances", RUN "KernelId=aki-1", FAULT_UNSUPPORTED_OPERATION, "KernelId"},
    {"RunInstances", RUN "HibernationOptions.Configured=true", FAULT_UNSUPPORTED_OPERATION,
     "HibernationOptions.Configured"},
    {"RunInstances", RUN "BlockDeviceMapping.1.Ebs.EbsCardIndex=1", FAULT_UNSUPPORTED_OPERATION,
     "BlockDeviceMapping.1.Ebs.EbsCardIndex"},
    {"RunInstances", RUN "Placement.Tenancy=dedicated", FAULT_UNSUPPORTED_OPERATION,
     "The value (dedicated) of the parameter Placement.Tenancy"},
    {"RunInstances", RUN "NetworkInterface.1.NetworkCardIndex=1", FAULT_UNSUPPORTED_OPERATION,
     "NetworkInterface.1.NetworkCardIndex"},
};

START_TEST(bad_requests_get_the_right_code_and_the_key_that_was_sent)
{
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        ck_assert_msg(decode(bad[i].action, bad[i].form) == -1, "%s is taken", bad[i].form);
        ck_assert_msg(f.code == bad[i].code && strstr(f.message, bad[i].says) != NULL,
                      "%s\nsays %s: %s", bad[i].form, fault_code_name(f.code), f.message);
    }
}
END_TEST

START_TEST(a_structure_that_is_given_empty_asks_for_nothing_however_often)
{
    static const char *const forms[] = {"Filter.1", "Filter.1=&Filter.1", "Filter=&Filter",
                                        "Filter.1=&Filter.1=&Filter.2", "Filter.1=&Filter"};
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        ck_assert_msg(decode("DescribeInstances", forms[i]) == 0, "%s: %s", forms[i], f.message);
        ck_assert_uint_eq(((const struct ec2_DescribeInstancesRequest *)in)->filters.n, 0);
    }
    ck_assert_int_eq(decode("RunInstances", RUN "Placement=&Placement="), 0);
    ck_assert_ptr_null(((const struct ec2_RunInstancesRequest *)in)->placement);
    ck_assert_int_eq(decode("DescribeInstances", "Filter.1=&Filter.1=x"), -1);
    ck_assert_int_eq(f.code, FAULT_UNKNOWN_PARAMETER);
}
END_TEST

START_TEST(what_is_secret_is_never_quoted)
{
    ck_assert_int_eq(decode("RunInstances", RUN "UserData=secret%01text"), -1);
    ck_assert_ptr_null(strstr(f.message, "secret"));
    ck_assert_int_eq(
        decode("ModifyInstanceAttribute", "InstanceId=i-11111111&UserData.Value=secret*"), -1);
    ck_assert_ptr_null(strstr(f.message, "secret"));
}
END_TEST

START_TEST(a_long_value_is_cut_between_characters_when_quoted)
{
    _cleanup_buf_ struct buf text = BUF_INIT(65536);
    buf_add_str(&text, "KeyName=k&KeyType=x");
    for (int i = 0; i < 1000; i++)
        buf_add_str(&text, "\u00e4");
    ck_assert_int_eq(decode("CreateKeyPair", buf_str(&text)), -1);
    ck_assert(text_is_clean_utf8(f.message, strlen(f.message)));
    ck_assert_uint_lt(strlen(f.message), 400);
}
END_TEST

START_TEST(twenty_thousand_parameters_are_decoded_in_good_time)
{
    _cleanup_buf_ struct buf text = BUF_INIT(4 << 20);
    for (int filter = 1000; filter > 0; filter--)
        for (int value = 19; value > 0; value--)
            buf_printf(&text, "&Filter.%d.Value.%d=v%d", filter, value, value);
    ck_assert_int_eq(decode("DescribeInstances", buf_str(&text)), 0);
    const struct ec2_DescribeInstancesRequest *request = in;
    ck_assert_uint_eq(request->filters.n, 1000);
    for (size_t i = 0; i < 1000; i++) {
        ck_assert_uint_eq(request->filters.v[i].values.n, 19);
        ck_assert_str_eq(request->filters.v[i].values.v[18], "v19");
    }
}
END_TEST

START_TEST(a_digest_leaves_out_what_it_is_told_to)
{
    static const char *const without[] = {"ClientToken", "DryRun", NULL};
    static const struct {
        const char *form;
        bool same;
    } forms[] = {
        {"MinCount=1&MaxCount=2&ClientToken=a&SecurityGroup.1=g", true},
        {"SecurityGroup.7=g&MaxCount=2&DryRun=true&MinCount=1", true},
        {"MinCount=1&MaxCount=3&SecurityGroup.1=g", false},
        {"MinCount=1&MaxCount=2&SecurityGroup.1=h", false},
        {"MinCount=1&MaxCount=2&SecurityGroup.1=g&KeyName=k", false},
    };
    char first[WIRE_DIGEST_SIZE] = "";
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        char digest[WIRE_DIGEST_SIZE];
        ck_assert_int_eq(decode("RunInstances", forms[i].form), 0);
        wire_digest(a, &ec2_RunInstancesRequest_struct, in, without, digest);
        ck_assert_uint_eq(strlen(digest), 64);
        if (i == 0)
            memcpy(first, digest, sizeof(first));
        ck_assert_int_eq(strcmp(first, digest) == 0, forms[i].same);
        /* The request itself is left as it was. */
        ck_assert_int_eq(((struct ec2_RunInstancesRequest *)in)->client_token != NULL, i == 0);
    }
}
END_TEST

UNIT_SUITE(well_formed_requests_are_decoded,
           bad_requests_get_the_right_code_and_the_key_that_was_sent,
           a_structure_that_is_given_empty_asks_for_nothing_however_often,
           what_is_secret_is_never_quoted, a_long_value_is_cut_between_characters_when_quoted,
           twenty_thousand_parameters_are_decoded_in_good_time,
           a_digest_leaves_out_what_it_is_told_to)
