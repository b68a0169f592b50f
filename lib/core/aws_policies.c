#include "base/cleanup.h"
#include "base/text.h"
#include "core/identity.h"

/*
 * What each of them allows is AWS's (AWS: "AWS managed policies"); of ReadOnlyAccess, which goes
 * through all services that AWS has, the part that concerns those here.
 */
/* 2015-02-06T18:40:00Z, when AWS made managed policies. */
#define PUBLISHED INT64_C(1423248000000)

#define START          "{\"Version\":\"2012-10-17\",\"Statement\":["
#define END            "]}"
#define ALLOW(actions) "{\"Effect\":\"Allow\",\"Action\":[" actions "],\"Resource\":\"*\"}"
/* A role that a service makes for itself may be made, and no other. */
#define ALLOW_LINKED_ROLES(services)                                                               \
    "{\"Effect\":\"Allow\",\"Action\":\"iam:CreateServiceLinkedRole\",\"Resource\":\"*\","         \
    "\"Condition\":{\"StringEquals\":{\"iam:AWSServiceName\":[" services "]}}}"

#define POLICY(name, id, about, document)                                                          \
    {                                                                                              \
        {id,       AWS_ACCOUNT, "arn:aws:iam::" AWS_ACCOUNT ":policy/" name,                       \
         "/",      name,        about,                                                             \
         1,        1,           PUBLISHED,                                                         \
         PUBLISHED},                                                                               \
            START document END                                                                     \
    }

// clang-format off
const struct aws_policy aws_policies[] = {
    POLICY("AdministratorAccess", "ANPAIWMBCKSKIEE64ZLYK",
           "Everything.",
           ALLOW("\"*\"")),
    POLICY("AmazonEC2FullAccess", "ANPAI3VAJF5ZCRZ7MCQE6",
           "Everything of EC2, and what goes with it.",
           ALLOW("\"ec2:*\",\"elasticloadbalancing:*\",\"cloudwatch:*\",\"autoscaling:*\"") ","
           ALLOW_LINKED_ROLES("\"autoscaling.amazonaws.com\",\"ec2scheduled.amazonaws.com\","
                              "\"elasticloadbalancing.amazonaws.com\",\"spot.amazonaws.com\","
                              "\"spotfleet.amazonaws.com\",\"transitgateway.amazonaws.com\"")),
    POLICY("AmazonEC2ReadOnlyAccess", "ANPAIGDT4SV4GSETWTBZK",
           "What tells of EC2 and changes nothing.",
           ALLOW("\"ec2:Describe*\",\"ec2:GetSecurityGroupsForVpc\",\"elasticloadbalancing:Describe*\","
                 "\"cloudwatch:ListMetrics\",\"cloudwatch:GetMetricStatistics\",\"cloudwatch:Describe*\","
                 "\"autoscaling:Describe*\"")),
    POLICY("AmazonS3FullAccess", "ANPAIFIR6V6BVTRAHWINE",
           "Everything of S3.",
           ALLOW("\"s3:*\",\"s3-object-lambda:*\"")),
    POLICY("AmazonS3ReadOnlyAccess", "ANPAIZTJ4DXE7G6AGAE6M",
           "What tells of S3 and changes nothing.",
           ALLOW("\"s3:Get*\",\"s3:List*\",\"s3:Describe*\",\"s3-object-lambda:Get*\","
                 "\"s3-object-lambda:List*\"")),
    POLICY("AmazonSSMManagedInstanceCore", "ANPAIXSHM2BNB2D3AXXRU",
           "What an agent of Systems Manager asks for.",
           ALLOW("\"ssm:DescribeAssociation\",\"ssm:GetDeployablePatchSnapshotForInstance\","
                 "\"ssm:GetDocument\",\"ssm:DescribeDocument\",\"ssm:GetManifest\",\"ssm:GetParameter\","
                 "\"ssm:GetParameters\",\"ssm:ListAssociations\",\"ssm:ListInstanceAssociations\","
                 "\"ssm:PutInventory\",\"ssm:PutComplianceItems\",\"ssm:PutConfigurePackageResult\","
                 "\"ssm:UpdateAssociationStatus\",\"ssm:UpdateInstanceAssociationStatus\","
                 "\"ssm:UpdateInstanceInformation\"") ","
           ALLOW("\"ssmmessages:CreateControlChannel\",\"ssmmessages:CreateDataChannel\","
                 "\"ssmmessages:OpenControlChannel\",\"ssmmessages:OpenDataChannel\"") ","
           ALLOW("\"ec2messages:AcknowledgeMessage\",\"ec2messages:DeleteMessage\","
                 "\"ec2messages:FailMessage\",\"ec2messages:GetEndpoint\",\"ec2messages:GetMessages\","
                 "\"ec2messages:SendReply\"")),
    POLICY("IAMFullAccess", "ANPAI7XKCFMBPM3QQRRVQ",
           "Everything of IAM.",
           ALLOW("\"iam:*\",\"organizations:DescribeAccount\",\"organizations:DescribeOrganization\","
                 "\"organizations:DescribeOrganizationalUnit\",\"organizations:DescribePolicy\","
                 "\"organizations:ListChildren\",\"organizations:ListParents\","
                 "\"organizations:ListPoliciesForTarget\",\"organizations:ListRoots\","
                 "\"organizations:ListPolicies\",\"organizations:ListTargetsForPolicy\"")),
    POLICY("IAMReadOnlyAccess", "ANPAJKSO7NDY4T57MWDSQ",
           "What tells of IAM and changes nothing.",
           ALLOW("\"iam:GenerateCredentialReport\",\"iam:GenerateServiceLastAccessedDetails\",\"iam:Get*\","
                 "\"iam:List*\",\"iam:SimulateCustomPolicy\",\"iam:SimulatePrincipalPolicy\"")),
    POLICY("PowerUserAccess", "ANPAJYRXTHIB4FOVS3ZXS",
           "Everything but users, their rights, and accounts.",
           "{\"Effect\":\"Allow\",\"NotAction\":[\"iam:*\",\"organizations:*\",\"account:*\"],"
           "\"Resource\":\"*\"},"
           ALLOW("\"account:GetAccountInformation\",\"account:GetPrimaryEmail\",\"account:ListRegions\","
                 "\"iam:CreateServiceLinkedRole\",\"iam:DeleteServiceLinkedRole\",\"iam:ListRoles\","
                 "\"organizations:DescribeOrganization\"")),
    POLICY("ReadOnlyAccess", "ANPAILL3HVNFSB6DCOWYQ",
           "What tells of anything and changes nothing.",
           ALLOW("\"ec2:Describe*\",\"ec2:Get*\",\"ec2:List*\",\"ec2:Search*\",\"ec2messages:Get*\","
                 "\"iam:Generate*\",\"iam:Get*\",\"iam:List*\",\"iam:Simulate*\",\"organizations:Describe*\","
                 "\"organizations:List*\",\"s3:Get*\",\"s3:List*\",\"servicequotas:Get*\","
                 "\"servicequotas:List*\",\"sts:GetAccessKeyInfo\",\"sts:GetCallerIdentity\","
                 "\"sts:GetSessionToken\"")),
};
// clang-format on
const unsigned aws_policies_n = ARRAY_SIZE(aws_policies);

const struct aws_policy *aws_policy_find(const char *arn)
{
    for (unsigned i = 0; i < aws_policies_n; i++)
        if (streq(aws_policies[i].policy.arn, arn))
            return &aws_policies[i];
    return NULL;
}
