"""Roles, service-linked ones among them, and instance profiles."""
import json
import unittest

from client import call, client, refusal

from .world import Scenarios

iam = client("iam")
TRUST = {"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
BOUNDARY = "arn:aws:iam::aws:policy/AmazonEC2FullAccess"


def trust(**more):
    return json.dumps({**TRUST, "Statement": [{**TRUST["Statement"][0], **more}]})


def role(name, **more):
    """A new role, which goes with the tests."""
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST), **more)["Role"]
    unittest.addModuleCleanup(gone, name)
    return made


def gone(name):
    for profile in iam.list_instance_profiles_for_role(RoleName=name)["InstanceProfiles"]:
        iam.remove_role_from_instance_profile(InstanceProfileName=profile["InstanceProfileName"], RoleName=name)
    for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    iam.delete_role(RoleName=name)


def profile(name, **more):
    """A new instance profile, which goes with the tests."""
    made = iam.create_instance_profile(InstanceProfileName=name, **more)["InstanceProfile"]
    unittest.addModuleCleanup(profile_gone, name)
    return made


def profile_gone(name):
    for each in iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Roles"]:
        iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=each["RoleName"])
    iam.delete_instance_profile(InstanceProfileName=name)


class Roles(Scenarios):
    def CreateRole(self):
        made = call("post", "CreateRole", {
            "RoleName": "made", "Path": "/r/", "AssumeRolePolicyDocument": trust(), "Description": "for tests",
            "MaxSessionDuration": 7200, "PermissionsBoundary": BOUNDARY, "Tags": [{"Key": "a", "Value": "b"}]})["Role"]
        unittest.addModuleCleanup(gone, "made")
        self.assertRegex(made["RoleId"], r"^AROA[A-Z2-7]{17}$")
        self.assertRegex(made["Arn"], r"^arn:aws:iam::\d{12}:role/r/made$")
        now = iam.get_role(RoleName="made")["Role"]
        self.assertEqual(now["AssumeRolePolicyDocument"], TRUST)  # boto3 has decoded it
        self.assertEqual((now["Description"], now["MaxSessionDuration"], now["Tags"]),
                         ("for tests", 7200, [{"Key": "a", "Value": "b"}]))
        self.assertEqual(now["PermissionsBoundary"]["PermissionsBoundaryArn"], BOUNDARY)
        fault = refusal(iam.create_role, RoleName="MADE", AssumeRolePolicyDocument=trust())
        self.assertEqual((fault.code, fault.status), ("EntityAlreadyExists", 409))

    def GetRole(self):
        made = role("seen")
        found = call("post", "GetRole", {"RoleName": "seen"})["Role"]
        self.assertEqual((found["Arn"], found["MaxSessionDuration"]), (made["Arn"], 3600))
        self.assertEqual(found["RoleLastUsed"], {})
        # As it is on the wire: RFC 3986.
        self.assertTrue(found["AssumeRolePolicyDocument"].startswith("%7B%22Version%22%3A%20%222012-10-17%22"))

    def ListRoles(self):
        for name in ("B", "a"):
            role("listed-" + name, Path="/listed/")
        found = call("post", "ListRoles", {"PathPrefix": "/listed/", "MaxItems": 1})
        self.assertEqual([each["RoleName"] for each in found["Roles"]], ["listed-a"])
        found = call("post", "ListRoles", {"PathPrefix": "/listed/", "Marker": found["Marker"]})
        self.assertEqual([each["RoleName"] for each in found["Roles"]], ["listed-B"])

    def UpdateRole(self):
        role("changed", Description="old", MaxSessionDuration=7200)
        call("post", "UpdateRole", {"RoleName": "changed", "Description": "new", "MaxSessionDuration": 4000})
        now = iam.get_role(RoleName="changed")["Role"]
        self.assertEqual((now["Description"], now["MaxSessionDuration"]), ("new", 4000))
        iam.update_role(RoleName="changed")
        now = iam.get_role(RoleName="changed")["Role"]
        self.assertEqual((now["Description"], now["MaxSessionDuration"]), ("new", 3600))

    def UpdateRoleDescription(self):
        role("told")
        found = call("post", "UpdateRoleDescription", {"RoleName": "told", "Description": "more"})["Role"]
        self.assertEqual(found["Description"], "more")

    def UpdateAssumeRolePolicy(self):
        role("trusting")
        document = trust(Principal={"AWS": "*"}, Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})
        call("post", "UpdateAssumeRolePolicy", {"RoleName": "trusting", "PolicyDocument": document})
        self.assertEqual(iam.get_role(RoleName="trusting")["Role"]["AssumeRolePolicyDocument"],
                         json.loads(document))

    def DeleteRole(self):
        iam.create_role(RoleName="short", AssumeRolePolicyDocument=trust())
        profile("of-short")
        iam.add_role_to_instance_profile(InstanceProfileName="of-short", RoleName="short")
        self.assertEqual(refusal(iam.delete_role, RoleName="short").code, "DeleteConflict")
        iam.remove_role_from_instance_profile(InstanceProfileName="of-short", RoleName="short")
        call("post", "DeleteRole", {"RoleName": "short"})
        self.assertEqual(refusal(iam.get_role, RoleName="short").code, "NoSuchEntity")

    def PutRolePermissionsBoundary(self):
        role("bound")
        call("post", "PutRolePermissionsBoundary", {"RoleName": "bound", "PermissionsBoundary": BOUNDARY})
        self.assertEqual(iam.get_role(RoleName="bound")["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"],
                         BOUNDARY)

    def DeleteRolePermissionsBoundary(self):
        role("unbound", PermissionsBoundary=BOUNDARY)
        call("post", "DeleteRolePermissionsBoundary", {"RoleName": "unbound"})
        self.assertNotIn("PermissionsBoundary", iam.get_role(RoleName="unbound")["Role"])

    def TagRole(self):
        role("tagged")
        call("post", "TagRole", {"RoleName": "tagged", "Tags": [{"Key": "a", "Value": "b"}]})
        self.assertEqual(iam.get_role(RoleName="tagged")["Role"]["Tags"], [{"Key": "a", "Value": "b"}])

    def UntagRole(self):
        role("untagged", Tags=[{"Key": "a", "Value": "b"}])
        call("post", "UntagRole", {"RoleName": "untagged", "TagKeys": ["a"]})
        self.assertNotIn("Tags", iam.get_role(RoleName="untagged")["Role"])

    def ListRoleTags(self):
        role("tags", Tags=[{"Key": "a", "Value": "b"}])
        self.assertEqual(call("post", "ListRoleTags", {"RoleName": "tags"})["Tags"], [{"Key": "a", "Value": "b"}])


class LinkedRoles(Scenarios):
    def CreateServiceLinkedRole(self):
        made = call("post", "CreateServiceLinkedRole", {"AWSServiceName": "spot.amazonaws.com"})["Role"]
        self.assertEqual((made["RoleName"], made["Path"]),
                         ("AWSServiceRoleForEC2Spot", "/aws-service-role/spot.amazonaws.com/"))
        fault = refusal(iam.delete_role, RoleName=made["RoleName"])
        self.assertEqual((fault.code, fault.status), ("UnmodifiableEntity", 400))
        fault = refusal(iam.create_service_linked_role, AWSServiceName="spot.amazonaws.com")
        self.assertEqual(fault.code, "InvalidInput")
        self.assertIn("has been taken in this account", fault.message)  # terraform looks for it
        iam.delete_service_linked_role(RoleName=made["RoleName"])

    def DeleteServiceLinkedRole(self):
        made = iam.create_service_linked_role(AWSServiceName="autoscaling.amazonaws.com", CustomSuffix="x")["Role"]
        self.assertEqual(made["RoleName"], "AWSServiceRoleForAutoScaling_x")
        task = call("post", "DeleteServiceLinkedRole", {"RoleName": made["RoleName"]})["DeletionTaskId"]
        self.assertTrue(task.startswith("task/aws-service-role/autoscaling.amazonaws.com/"), task)
        self.assertEqual(refusal(iam.get_role, RoleName=made["RoleName"]).code, "NoSuchEntity")

    def GetServiceLinkedRoleDeletionStatus(self):
        iam.create_service_linked_role(AWSServiceName="spotfleet.amazonaws.com")
        task = iam.delete_service_linked_role(RoleName="AWSServiceRoleForEC2SpotFleet")["DeletionTaskId"]
        found = call("post", "GetServiceLinkedRoleDeletionStatus", {"DeletionTaskId": task})
        self.assertEqual(found["Status"], "SUCCEEDED")


class InstanceProfiles(Scenarios):
    def CreateInstanceProfile(self):
        made = call("post", "CreateInstanceProfile", {
            "InstanceProfileName": "made", "Path": "/p/", "Tags": [{"Key": "a", "Value": "b"}]})["InstanceProfile"]
        unittest.addModuleCleanup(profile_gone, "made")
        self.assertRegex(made["InstanceProfileId"], r"^AIPA[A-Z2-7]{17}$")
        self.assertRegex(made["Arn"], r"^arn:aws:iam::\d{12}:instance-profile/p/made$")
        self.assertEqual((made["Roles"], made["Tags"]), ([], [{"Key": "a", "Value": "b"}]))
        self.assertEqual(refusal(iam.create_instance_profile, InstanceProfileName="Made").code,
                         "EntityAlreadyExists")

    def GetInstanceProfile(self):
        made = profile("seen")
        found = call("post", "GetInstanceProfile", {"InstanceProfileName": "SEEN"})["InstanceProfile"]
        self.assertEqual(found["Arn"], made["Arn"])
        iam.get_waiter("instance_profile_exists").wait(
            InstanceProfileName="seen", WaiterConfig={"Delay": 1, "MaxAttempts": 1})

    def ListInstanceProfiles(self):
        profile("listed", Path="/listed/")
        found = call("post", "ListInstanceProfiles", {"PathPrefix": "/listed/"})["InstanceProfiles"]
        self.assertEqual([each["InstanceProfileName"] for each in found], ["listed"])

    def ListInstanceProfilesForRole(self):
        role("carried")
        for name in ("carrier-b", "carrier-a"):
            profile(name)
            iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName="carried")
        found = call("post", "ListInstanceProfilesForRole", {"RoleName": "carried"})["InstanceProfiles"]
        self.assertEqual([each["InstanceProfileName"] for each in found], ["carrier-a", "carrier-b"])

    def DeleteInstanceProfile(self):
        iam.create_instance_profile(InstanceProfileName="short")
        call("post", "DeleteInstanceProfile", {"InstanceProfileName": "short"})
        self.assertEqual(refusal(iam.get_instance_profile, InstanceProfileName="short").code, "NoSuchEntity")

    def AddRoleToInstanceProfile(self):
        made = role("inside")
        profile("holder")
        call("post", "AddRoleToInstanceProfile", {"InstanceProfileName": "holder", "RoleName": "inside"})
        found = iam.get_instance_profile(InstanceProfileName="holder")["InstanceProfile"]["Roles"]
        self.assertEqual([each["Arn"] for each in found], [made["Arn"]])
        role("outside")
        fault = refusal(iam.add_role_to_instance_profile, InstanceProfileName="holder", RoleName="outside")
        self.assertEqual((fault.code, fault.status), ("LimitExceeded", 409))
        self.assertEqual(refusal(iam.delete_instance_profile, InstanceProfileName="holder").code, "DeleteConflict")

    def RemoveRoleFromInstanceProfile(self):
        role("removed")
        profile("emptied")
        iam.add_role_to_instance_profile(InstanceProfileName="emptied", RoleName="removed")
        of = {"InstanceProfileName": "emptied", "RoleName": "removed"}
        call("post", "RemoveRoleFromInstanceProfile", of)
        self.assertEqual(refusal(call, "post", "RemoveRoleFromInstanceProfile", of).code, "NoSuchEntity")

    def TagInstanceProfile(self):
        profile("tagged")
        call("post", "TagInstanceProfile", {"InstanceProfileName": "tagged", "Tags": [{"Key": "a", "Value": "b"}]})
        self.assertEqual(iam.list_instance_profile_tags(InstanceProfileName="tagged")["Tags"],
                         [{"Key": "a", "Value": "b"}])

    def UntagInstanceProfile(self):
        profile("untagged", Tags=[{"Key": "a", "Value": "b"}])
        call("post", "UntagInstanceProfile", {"InstanceProfileName": "untagged", "TagKeys": ["a"]})
        self.assertEqual(iam.list_instance_profile_tags(InstanceProfileName="untagged")["Tags"], [])

    def ListInstanceProfileTags(self):
        profile("tags", Tags=[{"Key": "a", "Value": "b"}])
        self.assertEqual(call("post", "ListInstanceProfileTags", {"InstanceProfileName": "tags"})["Tags"],
                         [{"Key": "a", "Value": "b"}])


NO_ROLE = ({"RoleName": "none"}, "NoSuchEntity")
NO_PROFILE = ({"InstanceProfileName": "none"}, "NoSuchEntity")
TAGS = {"Tags": [{"Key": "a", "Value": "b"}]}


def _new(**params):
    return {"RoleName": "r", "AssumeRolePolicyDocument": trust(), **params}


REFUSED = {
    "CreateRole": [
        (_new(RoleName="a b"), "ValidationError"), (_new(MaxSessionDuration=60), "ValidationError"),
        (_new(Path="/aws-service-role/x/"), "ValidationError"),
        (_new(AssumeRolePolicyDocument="{"), "MalformedPolicyDocument"),
        (_new(AssumeRolePolicyDocument=trust(Resource="*")), "MalformedPolicyDocument"),
        (_new(AssumeRolePolicyDocument=trust(Action="ec2:RunInstances")), "MalformedPolicyDocument"),
        (_new(AssumeRolePolicyDocument=trust(Sid="x" * 2048)), "LimitExceeded"),
        ({"RoleName": "r"}, "ValidationError")],
    "GetRole": [NO_ROLE],
    "ListRoles": [({"PathPrefix": "a"}, "ValidationError")],
    "UpdateRole": [NO_ROLE],
    "UpdateRoleDescription": [({"RoleName": "none", "Description": "d"}, "NoSuchEntity")],
    "UpdateAssumeRolePolicy": [({"RoleName": "none", "PolicyDocument": trust()}, "NoSuchEntity")],
    "DeleteRole": [NO_ROLE],
    "PutRolePermissionsBoundary": [({"RoleName": "none", "PermissionsBoundary": BOUNDARY}, "NoSuchEntity")],
    "DeleteRolePermissionsBoundary": [NO_ROLE],
    "TagRole": [({"RoleName": "none", **TAGS}, "NoSuchEntity")],
    "UntagRole": [({"RoleName": "none", "TagKeys": ["a"]}, "NoSuchEntity")],
    "ListRoleTags": [NO_ROLE],
    "CreateServiceLinkedRole": [
        ({"AWSServiceName": "coffee.amazonaws.com"}, "InvalidInput"),
        ({"AWSServiceName": "spot.amazonaws.com", "CustomSuffix": "x"}, "InvalidInput")],
    "DeleteServiceLinkedRole": [NO_ROLE],
    "GetServiceLinkedRoleDeletionStatus": [({"DeletionTaskId": "task/a/b/c"}, "NoSuchEntity"),
                                           ({"DeletionTaskId": "t"}, "NoSuchEntity")],
    "CreateInstanceProfile": [({"InstanceProfileName": "a b"}, "ValidationError")],
    "GetInstanceProfile": [NO_PROFILE],
    "ListInstanceProfiles": [({"PathPrefix": "a"}, "ValidationError")],
    "ListInstanceProfilesForRole": [NO_ROLE],
    "DeleteInstanceProfile": [NO_PROFILE],
    "AddRoleToInstanceProfile": [({"InstanceProfileName": "none", "RoleName": "none"}, "NoSuchEntity")],
    "RemoveRoleFromInstanceProfile": [({"InstanceProfileName": "none", "RoleName": "none"}, "NoSuchEntity")],
    "TagInstanceProfile": [({"InstanceProfileName": "none", **TAGS}, "NoSuchEntity")],
    "UntagInstanceProfile": [({"InstanceProfileName": "none", "TagKeys": ["a"]}, "NoSuchEntity")],
    "ListInstanceProfileTags": [NO_PROFILE],
}
