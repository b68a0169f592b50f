"""Instance profiles of instances, and roles that are assumed."""
import json
import unittest

from client import call, client, instance, refusal

from .world import MISSING, Scenarios, ec2, missing, the

iam = client("iam")


def trust(**principal):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}]})


def profile(name):
    """A profile that goes with the tests; its role is no matter here."""
    iam.create_instance_profile(InstanceProfileName=name)
    unittest.addModuleCleanup(iam.delete_instance_profile, InstanceProfileName=name)
    return {"Name": name}


def associated(name):
    """The association of the instance that runs with a new profile; it goes with the tests, too."""
    made = ec2.associate_iam_instance_profile(InstanceId=the.one, IamInstanceProfile=profile(name))
    return made["IamInstanceProfileAssociation"]["AssociationId"]


def free():
    for each in ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]:
        ec2.disassociate_iam_instance_profile(AssociationId=each["AssociationId"])


class InstanceProfiles(Scenarios):
    def AssociateIamInstanceProfile(self):
        self.addCleanup(free)
        made = call("post", "AssociateIamInstanceProfile", {
            "InstanceId": the.one, "IamInstanceProfile": profile("of-first")})["IamInstanceProfileAssociation"]
        self.assertEqual((made["InstanceId"], made["State"]), (the.one, "associating"))
        self.assertEqual(made["IamInstanceProfile"], instance(ec2, the.one)["IamInstanceProfile"])
        self.assertEqual(refusal(ec2.associate_iam_instance_profile, InstanceId=the.one,
                                 IamInstanceProfile={"Name": "of-first"}).code, "IncorrectState")

    def DescribeIamInstanceProfileAssociations(self):
        self.none("IamInstanceProfileAssociations", filters="instance-id")
        self.addCleanup(free)
        made = associated("of-seen")
        for params in ({"AssociationIds": [made]}, {"Filters": [{"Name": "state", "Values": ["associated"]}]}):
            found = call("post", "DescribeIamInstanceProfileAssociations", params)[
                "IamInstanceProfileAssociations"]
            self.assertEqual([(each["AssociationId"], each["State"]) for each in found], [(made, "associated")])

    def DisassociateIamInstanceProfile(self):
        made = associated("of-left")
        gone = call("post", "DisassociateIamInstanceProfile", {"AssociationId": made})[
            "IamInstanceProfileAssociation"]
        self.assertEqual((gone["AssociationId"], gone["State"]), (made, "disassociating"))
        self.assertNotIn("IamInstanceProfile", instance(ec2, the.one))

    def ReplaceIamInstanceProfileAssociation(self):
        self.addCleanup(free)
        old = associated("of-old")
        made = call("post", "ReplaceIamInstanceProfileAssociation", {
            "AssociationId": old, "IamInstanceProfile": profile("of-new")})["IamInstanceProfileAssociation"]
        self.assertNotEqual(made["AssociationId"], old)
        self.assertTrue(instance(ec2, the.one)["IamInstanceProfile"]["Arn"].endswith("/of-new"))

    def AssumeRole(self):
        user = iam.create_user(UserName="assumes")["User"]
        key = iam.create_access_key(UserName="assumes")["AccessKey"]
        role = iam.create_role(RoleName="assumed", AssumeRolePolicyDocument=trust(AWS=user["Arn"]))["Role"]
        unittest.addModuleCleanup(iam.delete_user, UserName="assumes")
        unittest.addModuleCleanup(iam.delete_access_key, UserName="assumes", AccessKeyId=key["AccessKeyId"])
        unittest.addModuleCleanup(iam.delete_role, RoleName="assumed")
        given = call("post", "AssumeRole", {"RoleArn": role["Arn"], "RoleSessionName": "me"},
                     key=key["AccessKeyId"], secret=key["SecretAccessKey"])
        self.assertEqual(given["AssumedRoleUser"]["AssumedRoleId"], role["RoleId"] + ":me")
        self.assertRegex(given["Credentials"]["AccessKeyId"], "^ASIA")


REFUSED = {
    "AssociateIamInstanceProfile": [
        ({"InstanceId": "%one", "IamInstanceProfile": {"Name": "none"}}, "InvalidParameterValue"),
        ({"InstanceId": MISSING["i"], "IamInstanceProfile": {"Name": "x"}}, "InvalidInstanceID.NotFound"),
        ({"InstanceId": "%one"}, "MissingParameter")],
    "AssumeRole": [
        ({"RoleArn": "arn:aws:iam::123456789012:role/x", "RoleSessionName": "me"}, "AccessDenied"),
        ({"RoleArn": "arn:aws:iam::123456789012:role/x", "RoleSessionName": "m"}, "ValidationError")],
    "DescribeIamInstanceProfileAssociations": missing(
        "AssociationIds", "iip-assoc", "InvalidAssociationID.NotFound", "InvalidParameterValue"),
    "DisassociateIamInstanceProfile": missing(
        "AssociationId", "iip-assoc", "InvalidAssociationID.NotFound", "InvalidParameterValue", one=True),
    "ReplaceIamInstanceProfileAssociation": [
        ({"AssociationId": "iip-assoc-00000000000000001", "IamInstanceProfile": {"Name": "x"}},
         "InvalidAssociationID.NotFound"),
        ({"AssociationId": "iip-assoc-00000000000000001"}, "MissingParameter")],
}
