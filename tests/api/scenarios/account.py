"""The account: who calls, where, with which tags and forms of ids."""
from client import KEY_ID, REGION, REGIONS, call

from .world import MISSING, Scenarios, ec2, the


class Account(Scenarios):
    def CreateTags(self):
        call("post", "CreateTags", {"Resources": [the.one, the.group], "Tags": [{"Key": "t", "Value": "1"}]})
        call("post", "CreateTags", {"Resources": [the.one], "Tags": [{"Key": "t", "Value": "2"}]})
        found = ec2.describe_tags(Filters=[{"Name": "key", "Values": ["t"]}])["Tags"]
        self.assertEqual({tag["ResourceId"]: tag["Value"] for tag in found}, {the.one: "2", the.group: "1"})

    def DeleteTags(self):
        tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}, {"Key": "c", "Value": "3"}]
        call("post", "CreateTags", {"Resources": [the.vpc], "Tags": tags})

        def left():
            found = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [the.vpc]}])
            return {tag["Key"] for tag in found["Tags"]}
        # An empty value deletes the empty one alone, no value deletes any.
        call("post", "DeleteTags", {"Resources": [the.vpc], "Tags": [{"Key": "a", "Value": ""}]})
        self.assertEqual(left(), {"a", "b", "c"})
        call("post", "DeleteTags", {"Resources": [the.vpc], "Tags": [{"Key": "b", "Value": ""}]})
        self.assertEqual(left(), {"a", "c"})
        call("post", "DeleteTags", {"Resources": [the.vpc], "Tags": [{"Key": "a"}]})
        self.assertEqual(left(), {"c"})
        call("post", "DeleteTags", {"Resources": [the.vpc]})
        self.assertEqual(left(), set())

    def DescribeAccountAttributes(self):
        found = call("post", "DescribeAccountAttributes", {"AttributeNames": ["default-vpc"]})
        self.assertEqual(found["AccountAttributes"], [
            {"AttributeName": "default-vpc", "AttributeValues": [{"AttributeValue": the.vpc}]}])

    def DescribeAvailabilityZones(self):
        found = call("post", "DescribeAvailabilityZones", {})["AvailabilityZones"]
        self.assertIn(f"{REGION}a", [zone["ZoneName"] for zone in found])
        self.assertEqual({zone["State"] for zone in found}, {"available"})

    def DescribeRegions(self):
        found = call("post", "DescribeRegions", {})["Regions"]
        self.assertEqual([region["RegionName"] for region in found],
                         sorted(REGIONS))
        everywhere = call("post", "DescribeRegions", {"AllRegions": True})["Regions"]
        self.assertGreater(len(everywhere), 15)

    def DescribeTags(self):
        call("post", "CreateTags", {"Resources": [the.image], "Tags": [{"Key": "z", "Value": "é*?"}]})
        found = call("post", "DescribeTags", {"Filters": [
            {"Name": "resource-type", "Values": ["image"]}]})["Tags"]
        self.assertEqual(found, [{"Key": "z", "Value": "é*?", "ResourceId": the.image,
                                  "ResourceType": "image"}])

    def DescribeIdFormat(self):
        found = call("post", "DescribeIdFormat", {"Resource": "vpc"})
        self.assertEqual(found["Statuses"], [{"Resource": "vpc", "UseLongIds": True}])

    def DescribeIdentityIdFormat(self):
        found = call("post", "DescribeIdentityIdFormat", {"PrincipalArn": "all"})
        self.assertTrue(all(each["UseLongIds"] for each in found["Statuses"]))
        self.assertIn("instance", [each["Resource"] for each in found["Statuses"]])

    def DescribeAggregateIdFormat(self):
        self.assertTrue(call("post", "DescribeAggregateIdFormat", {})["UseLongIdsAggregated"])

    def GetCallerIdentity(self):
        found = call("post", "GetCallerIdentity", {})
        self.assertRegex(found["Account"], r"^\d{12}$")
        self.assertEqual(found["Arn"], f"arn:aws:iam::{found['Account']}:root")
        self.assertEqual(set(found), {"Account", "Arn", "UserId"})

    def GetAccessKeyInfo(self):
        self.assertEqual(call("post", "GetAccessKeyInfo", {"AccessKeyId": KEY_ID})["Account"],
                         call("post", "GetCallerIdentity", {})["Account"])

    def GetFederationToken(self):
        given = call("post", "GetFederationToken", {"Name": "bob", "DurationSeconds": 900})
        self.assertRegex(given["FederatedUser"]["Arn"], r"^arn:aws:sts::\d{12}:federated-user/bob$")
        self.assertEqual(set(given["Credentials"]), {"AccessKeyId", "Expiration", "SecretAccessKey", "SessionToken"})

    def GetSessionToken(self):
        given = call("post", "GetSessionToken", {"DurationSeconds": 900})["Credentials"]
        self.assertEqual(set(given), {"AccessKeyId", "Expiration", "SecretAccessKey", "SessionToken"})


REFUSED = {
    "DescribeAggregateIdFormat": [({"DryRun": True}, "DryRunOperation")],
    "DescribeIdFormat": [({"Resource": "planet"}, "InvalidResourceType.Unknown")],
    "DescribeIdentityIdFormat": [
        ({}, "MissingParameter"),
        ({"PrincipalArn": "all", "Resource": "planet"}, "InvalidResourceType.Unknown")],
    "CreateTags": [
        ({"Resources": ["%one"], "Tags": [{"Key": "aws:x", "Value": "1"}]}, "InvalidParameterValue"),
        ({"Resources": ["nonsense"], "Tags": [{"Key": "x", "Value": "1"}]}, "InvalidID"),
        ({"Resources": [MISSING["i"]], "Tags": [{"Key": "x", "Value": "1"}]},
         "InvalidInstanceID.NotFound"),
        ({"Tags": [{"Key": "x", "Value": "1"}]}, "MissingParameter")],
    "DeleteTags": [({"Resources": [MISSING["vpc"]]}, "InvalidVpcID.NotFound"),
                   ({}, "MissingParameter")],
    "DescribeAccountAttributes": [({"AttributeNames": ["height"]}, "InvalidParameterValue")],
    "DescribeAvailabilityZones": [({"ZoneNames": ["mars-1a"]}, "InvalidParameterValue")],
    "DescribeRegions": [({"RegionNames": ["mars-1"]}, "InvalidParameterValue")],
    "DescribeTags": [({"Filters": [{"Name": "colour", "Values": ["x"]}]}, "InvalidParameterValue")],
    "GetAccessKeyInfo": [({"AccessKeyId": "AKIA" + "Z" * 16}, "ValidationError")],
    "GetFederationToken": [({"Name": "a b"}, "ValidationError")],
    "GetSessionToken": [({"DurationSeconds": 1}, "ValidationError")],
    "GetCallerIdentity": [({"secret": "x" * 40}, "SignatureDoesNotMatch AuthFailure")],
}
