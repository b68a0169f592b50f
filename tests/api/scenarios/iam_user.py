"""Users and their access keys."""
import unittest

from client import KEY_ID, call, client, refusal

from .world import Scenarios

iam = client("iam")


def user(name, **more):
    """A new user, who goes with the tests."""
    made = iam.create_user(UserName=name, **more)["User"]
    unittest.addModuleCleanup(gone, name)
    return made


def gone(name):
    for group in iam.list_groups_for_user(UserName=name)["Groups"]:
        iam.remove_user_from_group(UserName=name, GroupName=group["GroupName"])
    for policy in iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]:
        iam.detach_user_policy(UserName=name, PolicyArn=policy["PolicyArn"])
    for policy in iam.list_user_policies(UserName=name)["PolicyNames"]:
        iam.delete_user_policy(UserName=name, PolicyName=policy)
    for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName=name)


class NobodyHas(Scenarios):
    def lists_nothing(self, action, member, *params):
        for each in params:
            found = call("post", action, each)
            self.assertEqual((found[member], found["IsTruncated"]), ([], False))

    def user_has_none(self, action, member):
        user(action)
        self.lists_nothing(action, member, {}, {"UserName": action})

    def ListMFADevices(self):
        self.user_has_none("ListMFADevices", "MFADevices")

    def ListSSHPublicKeys(self):
        self.user_has_none("ListSSHPublicKeys", "SSHPublicKeys")

    def ListSigningCertificates(self):
        self.user_has_none("ListSigningCertificates", "Certificates")

    def ListServiceSpecificCredentials(self):
        user("specific")
        found = call("post", "ListServiceSpecificCredentials", {"UserName": "specific"})
        self.assertEqual(found["ServiceSpecificCredentials"], [])

    def ListVirtualMFADevices(self):
        self.lists_nothing("ListVirtualMFADevices", "VirtualMFADevices", {}, {"AssignmentStatus": "Any"})

    def ListServerCertificates(self):
        self.lists_nothing("ListServerCertificates", "ServerCertificateMetadataList", {}, {"PathPrefix": "/a/"})


class Users(Scenarios):
    def CreateUser(self):
        made = call("post", "CreateUser", {"UserName": "made", "Path": "/a/b/", "Tags": [
            {"Key": "team", "Value": "red"}, {"Key": "empty", "Value": ""}]})["User"]
        unittest.addModuleCleanup(gone, "made")
        self.assertRegex(made["UserId"], r"^AIDA[A-Z2-7]{17}$")
        self.assertRegex(made["Arn"], r"^arn:aws:iam::\d{12}:user/a/b/made$")
        self.assertEqual((made["Path"], made["UserName"]), ("/a/b/", "made"))
        self.assertEqual(made["Tags"], [{"Key": "empty", "Value": ""}, {"Key": "team", "Value": "red"}])
        self.assertEqual(iam.get_user(UserName="MADE")["User"]["UserId"], made["UserId"])

    def GetUser(self):
        made = user("seen")
        self.assertEqual(call("post", "GetUser", {"UserName": "seen"})["User"]["Arn"], made["Arn"])
        root = call("post", "GetUser")["User"]
        self.assertEqual(root["Arn"], f"arn:aws:iam::{root['UserId']}:root")

    def ListUsers(self):
        for name in ("Bea", "adam", "Carl"):
            user("l-" + name, Path="/listed/")
        found = call("post", "ListUsers", {"PathPrefix": "/listed/", "MaxItems": 2})
        self.assertEqual([each["UserName"] for each in found["Users"]], ["l-adam", "l-Bea"])
        self.assertTrue(found["IsTruncated"])
        found = call("post", "ListUsers", {"PathPrefix": "/listed/", "Marker": found["Marker"]})
        self.assertEqual([each["UserName"] for each in found["Users"]], ["l-Carl"])
        self.assertFalse(found["IsTruncated"])

    def UpdateUser(self):
        made = user("before")
        call("post", "UpdateUser", {"UserName": "before", "NewUserName": "after", "NewPath": "/n/"})
        now = iam.get_user(UserName="after")["User"]
        self.assertEqual((now["UserId"], now["Path"]), (made["UserId"], "/n/"))
        iam.update_user(UserName="after", NewUserName="Before")  # no other: the cleanup finds it
        self.assertEqual(refusal(iam.get_user, UserName="after").code, "NoSuchEntity")

    def DeleteUser(self):
        iam.create_user(UserName="short")
        key = iam.create_access_key(UserName="short")["AccessKey"]["AccessKeyId"]
        fault = refusal(iam.delete_user, UserName="short")
        self.assertEqual((fault.code, fault.status), ("DeleteConflict", 409))
        iam.delete_access_key(UserName="short", AccessKeyId=key)
        call("post", "DeleteUser", {"UserName": "short"})
        fault = refusal(iam.get_user, UserName="short")
        self.assertEqual((fault.code, fault.status), ("NoSuchEntity", 404))

    def TagUser(self):
        user("tagged", Tags=[{"Key": "Team", "Value": "red"}])
        call("post", "TagUser", {"UserName": "tagged", "Tags": [{"Key": "team", "Value": "blue"}]})
        self.assertEqual(iam.get_user(UserName="tagged")["User"]["Tags"], [{"Key": "team", "Value": "blue"}])

    def UntagUser(self):
        user("untagged", Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
        call("post", "UntagUser", {"UserName": "untagged", "TagKeys": ["A", "none"]})
        self.assertEqual(iam.get_user(UserName="untagged")["User"]["Tags"], [{"Key": "b", "Value": "2"}])

    def ListUserTags(self):
        user("tags", Tags=[{"Key": key, "Value": "v"} for key in "abc"])
        found = call("post", "ListUserTags", {"UserName": "tags", "MaxItems": 2})
        self.assertEqual([tag["Key"] for tag in found["Tags"]], ["a", "b"])
        found = call("post", "ListUserTags", {"UserName": "tags", "Marker": found["Marker"]})
        self.assertEqual([tag["Key"] for tag in found["Tags"]], ["c"])

    def PutUserPermissionsBoundary(self):
        user("bound")
        arn = "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess"
        call("post", "PutUserPermissionsBoundary", {"UserName": "bound", "PermissionsBoundary": arn})
        self.assertEqual(iam.get_user(UserName="bound")["User"]["PermissionsBoundary"], {
            "PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn})

    def DeleteUserPermissionsBoundary(self):
        user("unbound", PermissionsBoundary="arn:aws:iam::aws:policy/PowerUserAccess")
        call("post", "DeleteUserPermissionsBoundary", {"UserName": "unbound"})
        self.assertNotIn("PermissionsBoundary", iam.get_user(UserName="unbound")["User"])


class AccessKeys(Scenarios):
    def CreateAccessKey(self):
        user("keyed")
        made = call("post", "CreateAccessKey", {"UserName": "keyed"})["AccessKey"]
        self.assertRegex(made["AccessKeyId"], r"^AKIA[A-Z2-7]{16}$")
        self.assertEqual((len(made["SecretAccessKey"]), made["Status"]), (40, "Active"))
        who = client("sts", key=made["AccessKeyId"], secret=made["SecretAccessKey"]).get_caller_identity()
        self.assertTrue(who["Arn"].endswith(":user/keyed"))
        iam.create_access_key(UserName="keyed")
        fault = refusal(iam.create_access_key, UserName="keyed")
        self.assertEqual((fault.code, fault.status), ("LimitExceeded", 409))

    def ListAccessKeys(self):
        user("two")
        made = [iam.create_access_key(UserName="two")["AccessKey"]["AccessKeyId"] for _ in range(2)]
        found = call("post", "ListAccessKeys", {"UserName": "two"})["AccessKeyMetadata"]
        self.assertEqual(sorted(made), [each["AccessKeyId"] for each in found])
        self.assertNotIn("SecretAccessKey", found[0])
        self.assertEqual([each["AccessKeyId"] for each in call("post", "ListAccessKeys")["AccessKeyMetadata"]],
                         [KEY_ID])

    def UpdateAccessKey(self):
        user("off")
        made = iam.create_access_key(UserName="off")["AccessKey"]
        sts = client("sts", key=made["AccessKeyId"], secret=made["SecretAccessKey"])
        sts.get_caller_identity()
        of = {"UserName": "off", "AccessKeyId": made["AccessKeyId"]}
        call("post", "UpdateAccessKey", {**of, "Status": "Inactive"})
        self.assertEqual(iam.list_access_keys(UserName="off")["AccessKeyMetadata"][0]["Status"], "Inactive")
        self.assertEqual(refusal(sts.get_caller_identity).code, "InvalidClientTokenId")
        call("post", "UpdateAccessKey", {**of, "Status": "Active"})
        sts.get_caller_identity()

    def DeleteAccessKey(self):
        user("keyless")
        made = iam.create_access_key(UserName="keyless")["AccessKey"]["AccessKeyId"]
        call("post", "DeleteAccessKey", {"UserName": "keyless", "AccessKeyId": made})
        self.assertEqual(iam.list_access_keys(UserName="keyless")["AccessKeyMetadata"], [])

    def GetAccessKeyLastUsed(self):
        user("used")
        made = iam.create_access_key(UserName="used")["AccessKey"]
        found = call("post", "GetAccessKeyLastUsed", {"AccessKeyId": made["AccessKeyId"]})
        self.assertEqual(found["UserName"], "used")
        self.assertEqual(found["AccessKeyLastUsed"], {"ServiceName": "N/A", "Region": "N/A"})
        client("sts", key=made["AccessKeyId"], secret=made["SecretAccessKey"]).get_caller_identity()
        for _ in range(2):  # before and after a commit has taken it along
            found = call("post", "GetAccessKeyLastUsed", {"AccessKeyId": made["AccessKeyId"]})["AccessKeyLastUsed"]
            self.assertEqual((found["ServiceName"], found["Region"]), ("sts", "us-east-1"))
            self.assertIn("LastUsedDate", found)
            iam.tag_user(UserName="used", Tags=[{"Key": "a", "Value": "b"}])


NOBODY = ({"UserName": "nobody"}, "NoSuchEntity")
NO_KEY = {"AccessKeyId": "AKIA0000000000000000"}
REFUSED = {
    "CreateUser": [({"UserName": "a b"}, "ValidationError"), ({"UserName": "a" * 65}, "ValidationError"),
                   ({}, "ValidationError"), ({"UserName": "u", "Path": "no"}, "ValidationError"),
                   ({"UserName": "u", "Path": "/a//b/"}, "ValidationError"),
                   ({"UserName": "u", "PermissionsBoundary": "arn:aws:iam::aws:policy/None"}, "NoSuchEntity"),
                   ({"UserName": "u", "PermissionsBoundary": "arn:aws:iam::aws:user/someone"}, "InvalidInput"),
                   ({"UserName": "u", "Tags": [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]},
                    "InvalidInput"),
                   ({"UserName": "u", "Tags": [{"Key": "aws:a", "Value": "1"}]}, "InvalidInput"),
                   ({"UserName": "u", "Tags": [{"Key": "a"}]}, "ValidationError")],
    "DeleteLoginProfile": [NOBODY],
    "GetLoginProfile": [NOBODY],
    "GetUser": [NOBODY],
    "ListMFADevices": [NOBODY, ({"Marker": "AAAA"}, "ValidationError")],
    "ListSSHPublicKeys": [NOBODY],
    "ListServerCertificates": [({"PathPrefix": "a"}, "ValidationError")],
    "ListServiceSpecificCredentials": [NOBODY],
    "ListSigningCertificates": [NOBODY],
    "ListVirtualMFADevices": [({"MaxItems": 0}, "ValidationError")],
    "ListUsers": [({"PathPrefix": "a"}, "ValidationError"), ({"MaxItems": 0}, "ValidationError"),
                  ({"Marker": "AAAA"}, "ValidationError")],
    "UpdateUser": [NOBODY],
    "DeleteUser": [NOBODY],
    "TagUser": [({"UserName": "nobody", "Tags": [{"Key": "a", "Value": "b"}]}, "NoSuchEntity")],
    "UntagUser": [({"UserName": "nobody", "TagKeys": ["a"]}, "NoSuchEntity")],
    "ListUserTags": [NOBODY],
    "PutUserPermissionsBoundary": [({"UserName": "nobody", "PermissionsBoundary":
                                     "arn:aws:iam::aws:policy/PowerUserAccess"}, "NoSuchEntity")],
    "DeleteUserPermissionsBoundary": [NOBODY],
    "CreateAccessKey": [NOBODY],
    "ListAccessKeys": [NOBODY],
    "UpdateAccessKey": [({**NO_KEY, "Status": "Inactive"}, "NoSuchEntity"),
                        ({"AccessKeyId": KEY_ID, "Status": "Expired"}, "ValidationError")],
    "DeleteAccessKey": [(NO_KEY, "NoSuchEntity"), ({"UserName": "nobody", **NO_KEY}, "NoSuchEntity")],
    "GetAccessKeyLastUsed": [(NO_KEY, "NoSuchEntity")],
}
