"""Groups of users."""
import unittest

from client import call, client, refusal

from .iam_user import user
from .world import Scenarios

iam = client("iam")
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def group(name, **more):
    """A new group, which goes with the tests."""
    made = iam.create_group(GroupName=name, **more)["Group"]
    unittest.addModuleCleanup(gone, name)
    return made


def gone(name):
    for member in iam.get_group(GroupName=name)["Users"]:
        iam.remove_user_from_group(GroupName=name, UserName=member["UserName"])
    for policy in iam.list_attached_group_policies(GroupName=name)["AttachedPolicies"]:
        iam.detach_group_policy(GroupName=name, PolicyArn=policy["PolicyArn"])
    for policy in iam.list_group_policies(GroupName=name)["PolicyNames"]:
        iam.delete_group_policy(GroupName=name, PolicyName=policy)
    iam.delete_group(GroupName=name)


class Groups(Scenarios):
    def CreateGroup(self):
        made = call("post", "CreateGroup", {"GroupName": "made", "Path": "/g/"})["Group"]
        unittest.addModuleCleanup(gone, "made")
        self.assertRegex(made["GroupId"], r"^AGPA[A-Z2-7]{17}$")
        self.assertRegex(made["Arn"], r"^arn:aws:iam::\d{12}:group/g/made$")
        self.assertEqual(refusal(iam.create_group, GroupName="Made").code, "EntityAlreadyExists")

    def GetGroup(self):
        group("seen")
        for name in ("g-b", "g-a"):
            user(name)
            iam.add_user_to_group(GroupName="seen", UserName=name)
        found = call("post", "GetGroup", {"GroupName": "seen", "MaxItems": 1})
        self.assertEqual(found["Group"]["GroupName"], "seen")
        self.assertEqual([each["UserName"] for each in found["Users"]], ["g-a"])
        found = call("post", "GetGroup", {"GroupName": "seen", "Marker": found["Marker"]})
        self.assertEqual(([each["UserName"] for each in found["Users"]], found["IsTruncated"]), (["g-b"], False))

    def ListGroups(self):
        group("listed", Path="/listed/")
        found = call("post", "ListGroups", {"PathPrefix": "/listed/"})
        self.assertEqual([each["GroupName"] for each in found["Groups"]], ["listed"])

    def ListGroupsForUser(self):
        user("member")
        for name in ("of-b", "of-a"):
            group(name)
            iam.add_user_to_group(GroupName=name, UserName="member")
        found = call("post", "ListGroupsForUser", {"UserName": "member"})["Groups"]
        self.assertEqual([each["GroupName"] for each in found], ["of-a", "of-b"])

    def UpdateGroup(self):
        made = group("before")
        call("post", "UpdateGroup", {"GroupName": "before", "NewGroupName": "after", "NewPath": "/n/"})
        now = iam.get_group(GroupName="after")["Group"]
        self.assertEqual((now["GroupId"], now["Path"]), (made["GroupId"], "/n/"))
        iam.update_group(GroupName="after", NewGroupName="before")

    def DeleteGroup(self):
        iam.create_group(GroupName="short")
        iam.attach_group_policy(GroupName="short", PolicyArn=READ_ONLY)
        self.assertEqual(refusal(iam.delete_group, GroupName="short").code, "DeleteConflict")
        iam.detach_group_policy(GroupName="short", PolicyArn=READ_ONLY)
        call("post", "DeleteGroup", {"GroupName": "short"})
        self.assertEqual(refusal(iam.get_group, GroupName="short").code, "NoSuchEntity")

    def AddUserToGroup(self):
        group("joined")
        user("joiner")
        for _ in range(2):  # who is in stays in
            call("post", "AddUserToGroup", {"GroupName": "joined", "UserName": "joiner"})
        self.assertEqual(len(iam.get_group(GroupName="joined")["Users"]), 1)
        self.assertEqual(refusal(iam.delete_group, GroupName="joined").code, "DeleteConflict")
        self.assertEqual(refusal(iam.delete_user, UserName="joiner").code, "DeleteConflict")

    def RemoveUserFromGroup(self):
        group("left")
        user("leaver")
        iam.add_user_to_group(GroupName="left", UserName="leaver")
        call("post", "RemoveUserFromGroup", {"GroupName": "left", "UserName": "leaver"})
        self.assertEqual(iam.get_group(GroupName="left")["Users"], [])
        self.assertEqual(refusal(iam.remove_user_from_group, GroupName="left", UserName="leaver").code,
                         "NoSuchEntity")


NO_GROUP = ({"GroupName": "none"}, "NoSuchEntity")
REFUSED = {
    "CreateGroup": [({"GroupName": "a/b"}, "ValidationError"), ({}, "ValidationError")],
    "GetGroup": [NO_GROUP],
    "ListGroups": [({"PathPrefix": "a"}, "ValidationError")],
    "ListGroupsForUser": [({"UserName": "nobody"}, "NoSuchEntity")],
    "UpdateGroup": [NO_GROUP],
    "DeleteGroup": [NO_GROUP],
    "AddUserToGroup": [({"GroupName": "none", "UserName": "nobody"}, "NoSuchEntity")],
    "RemoveUserFromGroup": [({"GroupName": "none", "UserName": "nobody"}, "NoSuchEntity")],
}
