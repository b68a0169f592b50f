"""Policies: managed ones with their versions, who has them, and those that are part of somebody."""
import json
import unittest

from client import call, client, refusal

from .iam_group import group
from .iam_role import role
from .iam_user import user
from .world import Scenarios

iam = client("iam")
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
NONE = "arn:aws:iam::aws:policy/None"
READS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}]}
TEXT = json.dumps(READS, indent=2)  # white space comes back as it was


def larger(size):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*", "Sid": "x" * size}]})


def policy(name, **more):
    """A new managed policy, which goes with the tests."""
    made = iam.create_policy(PolicyName=name, PolicyDocument=TEXT, **more)["Policy"]
    unittest.addModuleCleanup(gone, made["Arn"])
    return made


def gone(arn):
    of = iam.list_entities_for_policy(PolicyArn=arn)
    for each in of["PolicyUsers"]:
        iam.detach_user_policy(UserName=each["UserName"], PolicyArn=arn)
    for each in of["PolicyGroups"]:
        iam.detach_group_policy(GroupName=each["GroupName"], PolicyArn=arn)
    for each in of["PolicyRoles"]:
        iam.detach_role_policy(RoleName=each["RoleName"], PolicyArn=arn)
    for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
    iam.delete_policy(PolicyArn=arn)


def holder(kind, name):
    """A user, group or role and how calls name it."""
    {"User": user, "Group": group, "Role": role}[kind](name)
    return {kind + "Name": name}


class Policies(Scenarios):
    def CreatePolicy(self):
        made = call("post", "CreatePolicy", {
            "PolicyName": "made", "Path": "/p/", "PolicyDocument": TEXT, "Description": "reads",
            "Tags": [{"Key": "a", "Value": "b"}]})["Policy"]
        unittest.addModuleCleanup(gone, made["Arn"])
        self.assertRegex(made["PolicyId"], r"^ANPA[A-Z2-7]{17}$")
        self.assertRegex(made["Arn"], r"^arn:aws:iam::\d{12}:policy/p/made$")
        self.assertEqual((made["DefaultVersionId"], made["AttachmentCount"], made["IsAttachable"]), ("v1", 0, True))
        fault = refusal(iam.create_policy, PolicyName="MADE", PolicyDocument=TEXT)
        self.assertEqual((fault.code, fault.status), ("EntityAlreadyExists", 409))

    def GetPolicy(self):
        made = policy("seen", Description="reads", Tags=[{"Key": "a", "Value": "b"}])
        found = call("post", "GetPolicy", {"PolicyArn": made["Arn"]})["Policy"]
        self.assertEqual((found["Description"], found["Tags"]), ("reads", [{"Key": "a", "Value": "b"}]))
        self.assertEqual(call("post", "GetPolicy", {"PolicyArn": ADMIN})["Policy"]["PolicyName"], "AdministratorAccess")

    def ListPolicies(self):
        made = policy("listed", Path="/listed/")
        policy("unused", Path="/listed/")
        iam.attach_user_policy(**holder("User", "lister"), PolicyArn=made["Arn"])
        of = {"PathPrefix": "/listed/"}
        self.assertEqual([each["PolicyName"] for each in call("post", "ListPolicies", of)["Policies"]],
                         ["listed", "unused"])
        found = call("post", "ListPolicies", {**of, "OnlyAttached": True})["Policies"]
        self.assertEqual([(each["PolicyName"], each["AttachmentCount"]) for each in found], [("listed", 1)])
        names = {each["PolicyName"] for each in call("post", "ListPolicies", {"Scope": "AWS"})["Policies"]}
        self.assertLessEqual({"AdministratorAccess", "AmazonEC2FullAccess", "AmazonEC2ReadOnlyAccess",
                              "AmazonS3FullAccess", "AmazonSSMManagedInstanceCore"}, names)
        self.assertNotIn("listed", names)
        all_names, marker = [], {}
        while marker is not None:
            page = call("post", "ListPolicies", {"MaxItems": 3, **marker})
            all_names += [each["Arn"] for each in page["Policies"]]
            marker = {"Marker": page["Marker"]} if page["IsTruncated"] else None
        self.assertEqual(len(all_names), len(set(all_names)))
        self.assertLessEqual({ADMIN, made["Arn"]}, set(all_names))

    def DeletePolicy(self):
        arn = iam.create_policy(PolicyName="short", PolicyDocument=TEXT)["Policy"]["Arn"]
        iam.attach_group_policy(**holder("Group", "short-holder"), PolicyArn=arn)
        self.assertEqual(refusal(iam.delete_policy, PolicyArn=arn).code, "DeleteConflict")
        iam.detach_group_policy(GroupName="short-holder", PolicyArn=arn)
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=TEXT)
        self.assertEqual(refusal(iam.delete_policy, PolicyArn=arn).code, "DeleteConflict")
        iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
        call("post", "DeletePolicy", {"PolicyArn": arn})
        fault = refusal(iam.get_policy, PolicyArn=arn)
        self.assertEqual((fault.code, fault.status), ("NoSuchEntity", 404))

    def TagPolicy(self):
        arn = policy("tagged")["Arn"]
        call("post", "TagPolicy", {"PolicyArn": arn, "Tags": [{"Key": "a", "Value": "b"}]})
        self.assertEqual(iam.get_policy(PolicyArn=arn)["Policy"]["Tags"], [{"Key": "a", "Value": "b"}])

    def UntagPolicy(self):
        arn = policy("untagged", Tags=[{"Key": "a", "Value": "b"}])["Arn"]
        call("post", "UntagPolicy", {"PolicyArn": arn, "TagKeys": ["a"]})
        self.assertEqual(iam.list_policy_tags(PolicyArn=arn)["Tags"], [])

    def ListPolicyTags(self):
        arn = policy("tags", Tags=[{"Key": "a", "Value": "b"}])["Arn"]
        self.assertEqual(call("post", "ListPolicyTags", {"PolicyArn": arn})["Tags"], [{"Key": "a", "Value": "b"}])


class Versions(Scenarios):
    def CreatePolicyVersion(self):
        arn = policy("grown")["Arn"]
        made = call("post", "CreatePolicyVersion", {"PolicyArn": arn, "PolicyDocument": TEXT})["PolicyVersion"]
        self.assertEqual((made["VersionId"], made["IsDefaultVersion"]), ("v2", False))
        made = call("post", "CreatePolicyVersion", {
            "PolicyArn": arn, "PolicyDocument": TEXT, "SetAsDefault": True})["PolicyVersion"]
        self.assertEqual((made["VersionId"], made["IsDefaultVersion"]), ("v3", True))
        self.assertEqual(iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"], "v3")
        for _ in range(2):
            iam.create_policy_version(PolicyArn=arn, PolicyDocument=TEXT)
        fault = refusal(iam.create_policy_version, PolicyArn=arn, PolicyDocument=TEXT)
        self.assertEqual((fault.code, fault.status), ("LimitExceeded", 409))
        iam.delete_policy_version(PolicyArn=arn, VersionId="v5")
        made = iam.create_policy_version(PolicyArn=arn, PolicyDocument=TEXT)["PolicyVersion"]
        self.assertEqual(made["VersionId"], "v6")  # numbers are not used again

    def GetPolicyVersion(self):
        arn = policy("read")["Arn"]
        found = call("post", "GetPolicyVersion", {"PolicyArn": arn, "VersionId": "v1"})["PolicyVersion"]
        self.assertTrue(found["IsDefaultVersion"])
        self.assertEqual(iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]["Document"], READS)
        found = iam.get_policy_version(PolicyArn=ADMIN, VersionId="v1")["PolicyVersion"]["Document"]
        self.assertEqual(found["Statement"][0]["Effect"], "Allow")

    def ListPolicyVersions(self):
        arn = policy("versions")["Arn"]
        for _ in range(2):
            iam.create_policy_version(PolicyArn=arn, PolicyDocument=TEXT)
        found = call("post", "ListPolicyVersions", {"PolicyArn": arn, "MaxItems": 2})
        self.assertEqual([each["VersionId"] for each in found["Versions"]], ["v3", "v2"])
        found = call("post", "ListPolicyVersions", {"PolicyArn": arn, "Marker": found["Marker"]})
        self.assertEqual([each["VersionId"] for each in found["Versions"]], ["v1"])
        self.assertEqual(len(iam.list_policy_versions(PolicyArn=ADMIN)["Versions"]), 1)

    def DeletePolicyVersion(self):
        arn = policy("shrunk")["Arn"]
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=TEXT, SetAsDefault=True)
        fault = refusal(iam.delete_policy_version, PolicyArn=arn, VersionId="v2")
        self.assertEqual((fault.code, fault.status), ("DeleteConflict", 409))
        call("post", "DeletePolicyVersion", {"PolicyArn": arn, "VersionId": "v1"})
        self.assertEqual(refusal(iam.get_policy_version, PolicyArn=arn, VersionId="v1").code, "NoSuchEntity")

    def SetDefaultPolicyVersion(self):
        arn = policy("chosen")["Arn"]
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=TEXT)
        call("post", "SetDefaultPolicyVersion", {"PolicyArn": arn, "VersionId": "v2"})
        self.assertEqual(iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"], "v2")


class Attachments(Scenarios):
    def _attach(self, kind):
        of = holder(kind, "attached-" + kind)
        for _ in range(2):  # again is no other
            call("post", f"Attach{kind}Policy", {**of, "PolicyArn": ADMIN})
        found = call("post", f"ListAttached{kind}Policies", of)["AttachedPolicies"]
        self.assertEqual(found, [{"PolicyName": "AdministratorAccess", "PolicyArn": ADMIN}])

    def AttachUserPolicy(self):
        self._attach("User")
        for number in range(9):
            iam.attach_user_policy(UserName="attached-User", PolicyArn=policy(f"many-{number}")["Arn"])
        fault = refusal(iam.attach_user_policy, UserName="attached-User", PolicyArn=policy("one-more")["Arn"])
        self.assertEqual((fault.code, fault.message), ("LimitExceeded", "Cannot exceed quota for PoliciesPerUser: 10"))

    def AttachGroupPolicy(self):
        self._attach("Group")

    def AttachRolePolicy(self):
        self._attach("Role")

    def _detach(self, kind):
        of = {**holder(kind, "detached-" + kind), "PolicyArn": ADMIN}
        call("post", f"Attach{kind}Policy", of)
        call("post", f"Detach{kind}Policy", of)
        self.assertEqual(refusal(call, "post", f"Detach{kind}Policy", of).code, "NoSuchEntity")

    def DetachUserPolicy(self):
        self._detach("User")

    def DetachGroupPolicy(self):
        self._detach("Group")

    def DetachRolePolicy(self):
        self._detach("Role")

    def _list_attached(self, kind):
        of = holder(kind, "lists-" + kind)
        made = policy("of-" + kind, Path="/of/")
        for arn in (ADMIN, made["Arn"]):
            call("post", f"Attach{kind}Policy", {**of, "PolicyArn": arn})
        found = call("post", f"ListAttached{kind}Policies", {**of, "PathPrefix": "/of/"})["AttachedPolicies"]
        self.assertEqual([each["PolicyArn"] for each in found], [made["Arn"]])
        found = call("post", f"ListAttached{kind}Policies", {**of, "MaxItems": 1})
        self.assertTrue(found["IsTruncated"])
        more = call("post", f"ListAttached{kind}Policies", {**of, "Marker": found["Marker"]})
        self.assertEqual({each["PolicyArn"] for each in found["AttachedPolicies"] + more["AttachedPolicies"]},
                         {ADMIN, made["Arn"]})

    def ListAttachedUserPolicies(self):
        self._list_attached("User")

    def ListAttachedGroupPolicies(self):
        self._list_attached("Group")

    def ListAttachedRolePolicies(self):
        self._list_attached("Role")

    def ListEntitiesForPolicy(self):
        arn = policy("owned")["Arn"]
        for kind in ("User", "Group", "Role"):
            call("post", f"Attach{kind}Policy", {**holder(kind, "owner"), "PolicyArn": arn})
        found = call("post", "ListEntitiesForPolicy", {"PolicyArn": arn})
        self.assertEqual([each["UserName"] for each in found["PolicyUsers"]], ["owner"])
        self.assertEqual([each["GroupName"] for each in found["PolicyGroups"]], ["owner"])
        self.assertEqual([each["RoleName"] for each in found["PolicyRoles"]], ["owner"])
        found = call("post", "ListEntitiesForPolicy", {"PolicyArn": arn, "EntityFilter": "Role"})
        self.assertEqual((found["PolicyUsers"], len(found["PolicyRoles"])), ([], 1))
        user("fenced", PermissionsBoundary=arn)
        found = call("post", "ListEntitiesForPolicy", {"PolicyArn": arn, "PolicyUsageFilter": "PermissionsBoundary"})
        self.assertEqual([each["UserName"] for each in found["PolicyUsers"]], ["fenced"])
        iam.delete_user_permissions_boundary(UserName="fenced")


class Inline(Scenarios):
    def _inline_put(self, kind, size):
        of = {**holder(kind, "part-" + kind), "PolicyName": "p"}
        for _ in range(2):  # the second takes the place of the first
            call("post", f"Put{kind}Policy", {**of, "PolicyDocument": TEXT})
        fault = refusal(call, "post", f"Put{kind}Policy", {**of, "PolicyName": "q", "PolicyDocument": larger(size)})
        self.assertEqual((fault.code, fault.status), ("LimitExceeded", 409))
        fault = refusal(call, "post", f"Put{kind}Policy", {**of, "PolicyDocument": "{}"})
        self.assertEqual(fault.code, "MalformedPolicyDocument")

    def PutUserPolicy(self):
        self._inline_put("User", 2000)

    def PutGroupPolicy(self):
        self._inline_put("Group", 5050)

    def PutRolePolicy(self):
        self._inline_put("Role", 10200)

    def _inline_get(self, kind):
        of = {**holder(kind, "reads-" + kind), "PolicyName": "p"}
        call("post", f"Put{kind}Policy", {**of, "PolicyDocument": TEXT})
        found = call("post", f"Get{kind}Policy", of)
        self.assertTrue(found["PolicyDocument"].startswith("%7B%0A"), found)  # RFC 3986 on the wire
        found = getattr(iam, f"get_{kind.lower()}_policy")(**of)
        self.assertEqual((found["PolicyDocument"], found["PolicyName"], found[kind + "Name"]),
                         (READS, "p", "reads-" + kind))

    def GetUserPolicy(self):
        self._inline_get("User")

    def GetGroupPolicy(self):
        self._inline_get("Group")

    def GetRolePolicy(self):
        self._inline_get("Role")

    def _inline_list(self, kind):
        of = holder(kind, "names-" + kind)
        for name in "cab":
            call("post", f"Put{kind}Policy", {**of, "PolicyName": name, "PolicyDocument": TEXT})
        found = call("post", f"List{kind}Policies", {**of, "MaxItems": 2})
        self.assertEqual(found["PolicyNames"], ["a", "b"])
        self.assertEqual(call("post", f"List{kind}Policies", {**of, "Marker": found["Marker"]})["PolicyNames"], ["c"])

    def ListUserPolicies(self):
        self._inline_list("User")

    def ListGroupPolicies(self):
        self._inline_list("Group")

    def ListRolePolicies(self):
        self._inline_list("Role")

    def _inline_delete(self, kind):
        of = {**holder(kind, "drops-" + kind), "PolicyName": "p"}
        call("post", f"Put{kind}Policy", {**of, "PolicyDocument": TEXT})
        call("post", f"Delete{kind}Policy", of)
        self.assertEqual(refusal(call, "post", f"Get{kind}Policy", of).code, "NoSuchEntity")

    def DeleteUserPolicy(self):
        self._inline_delete("User")

    def DeleteGroupPolicy(self):
        self._inline_delete("Group")

    def DeleteRolePolicy(self):
        self._inline_delete("Role")


NO_POLICY = ({"PolicyArn": NONE}, "NoSuchEntity")
BAD_ARN = ({"PolicyArn": "arn:aws:iam::aws:user/someone"}, "InvalidInput")
OF_AWS = ({"PolicyArn": ADMIN}, "InvalidInput")
TAGS = {"Tags": [{"Key": "a", "Value": "b"}]}


def _new(**params):
    return {"PolicyName": "p", "PolicyDocument": TEXT, **params}


def _each(verb, noun, **params):
    """The same of users, groups and roles that there are not."""
    return {f"{verb}{kind}{noun}": [({kind + "Name": "none", **params}, "NoSuchEntity")]
            for kind in ("User", "Group", "Role")}


REFUSED = {
    "CreatePolicy": [
        (_new(PolicyName="a b"), "ValidationError"), (_new(PolicyDocument="not JSON"), "MalformedPolicyDocument"),
        (_new(PolicyDocument=larger(6100)), "LimitExceeded"),
        (_new(PolicyDocument="[" * 2000), "MalformedPolicyDocument"),
        (_new(PolicyDocument='{"Statement":[{"Effect":"Maybe","Action":"*","Resource":"*"}]}'),
         "MalformedPolicyDocument"),
        (_new(PolicyDocument='{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}'),
         "MalformedPolicyDocument"),
        ({"PolicyName": "p"}, "ValidationError")],
    "GetPolicy": [NO_POLICY, BAD_ARN, ({"PolicyArn": "p"}, "ValidationError")],
    "ListPolicies": [({"Scope": "Mine"}, "ValidationError"), ({"PathPrefix": "a"}, "ValidationError")],
    "DeletePolicy": [NO_POLICY, BAD_ARN, OF_AWS],
    "TagPolicy": [({"PolicyArn": NONE, **TAGS}, "NoSuchEntity"), ({"PolicyArn": ADMIN, **TAGS}, "InvalidInput")],
    "UntagPolicy": [({"PolicyArn": NONE, "TagKeys": ["a"]}, "NoSuchEntity")],
    "ListPolicyTags": [NO_POLICY],
    "CreatePolicyVersion": [({"PolicyArn": NONE, "PolicyDocument": TEXT}, "NoSuchEntity"),
                            ({"PolicyArn": ADMIN, "PolicyDocument": TEXT}, "InvalidInput")],
    "GetPolicyVersion": [({"PolicyArn": ADMIN, "VersionId": "v2"}, "NoSuchEntity"),
                         ({"PolicyArn": ADMIN, "VersionId": "2"}, "ValidationError"),
                         ({"PolicyArn": ADMIN, "VersionId": "v01"}, "ValidationError")],
    "ListPolicyVersions": [NO_POLICY],
    "DeletePolicyVersion": [({"PolicyArn": NONE, "VersionId": "v1"}, "NoSuchEntity"),
                            ({"PolicyArn": ADMIN, "VersionId": "v1"}, "InvalidInput")],
    "SetDefaultPolicyVersion": [({"PolicyArn": NONE, "VersionId": "v1"}, "NoSuchEntity")],
    "ListEntitiesForPolicy": [NO_POLICY, ({"PolicyArn": ADMIN, "EntityFilter": "Robot"}, "ValidationError")],
    **_each("Attach", "Policy", PolicyArn=ADMIN), **_each("Detach", "Policy", PolicyArn=ADMIN),
    **_each("ListAttached", "Policies"), **_each("Put", "Policy", PolicyName="p", PolicyDocument=TEXT),
    **_each("Get", "Policy", PolicyName="p"), **_each("List", "Policies"),
    **_each("Delete", "Policy", PolicyName="p"),
}
