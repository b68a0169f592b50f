"""What IAM says of an account as a whole."""
import csv

from client import KEY_ID, call, client, refusal

from .iam_group import group
from .iam_policy import READS, TEXT, holder, policy
from .iam_role import profile, role
from .iam_user import user
from .world import Scenarios

iam = client("iam")


class Account(Scenarios):
    def CreateAccountAlias(self):
        for alias in ("first", "the-second"):  # which takes the place of the first
            call("post", "CreateAccountAlias", {"AccountAlias": alias})
        self.assertEqual(iam.list_account_aliases()["AccountAliases"], ["the-second"])
        iam.delete_account_alias(AccountAlias="the-second")

    def DeleteAccountAlias(self):
        iam.create_account_alias(AccountAlias="gone")
        call("post", "DeleteAccountAlias", {"AccountAlias": "gone"})
        self.assertEqual(iam.list_account_aliases()["AccountAliases"], [])

    def ListAccountAliases(self):
        iam.create_account_alias(AccountAlias="listed")
        self.assertEqual(call("post", "ListAccountAliases")["AccountAliases"], ["listed"])
        iam.delete_account_alias(AccountAlias="listed")

    def GetAccountSummary(self):
        for door in ("post", "json"):  # a map: entries in XML, one object in JSON
            before = call(door, "GetAccountSummary")["SummaryMap"]
            user("counted-" + door)
            now = call(door, "GetAccountSummary")["SummaryMap"]
            self.assertEqual(now["Users"], before["Users"] + 1)
        self.assertEqual((now["AccessKeysPerUserQuota"], now["AccountAccessKeysPresent"], now["AccountMFAEnabled"]),
                         (2, 1, 0))

    def GetAccountAuthorizationDetails(self):
        arn = policy("detailed")["Arn"]
        role("detailed")
        profile("detailed")
        iam.add_role_to_instance_profile(InstanceProfileName="detailed", RoleName="detailed")
        iam.attach_role_policy(RoleName="detailed", PolicyArn=arn)
        holder("User", "detailed")
        group("detailed")
        iam.add_user_to_group(GroupName="detailed", UserName="detailed")
        iam.put_user_policy(UserName="detailed", PolicyName="p", PolicyDocument=TEXT)
        pages = list(iam.get_paginator("get_account_authorization_details").paginate(PaginationConfig={"PageSize": 2}))
        self.assertGreater(len(pages), 2)

        def all_of(member, name):
            return next(each for page in pages for each in page[member] if each.get(name) == "detailed")
        found = all_of("UserDetailList", "UserName")
        self.assertEqual((found["GroupList"], found["UserPolicyList"]),
                         (["detailed"], [{"PolicyName": "p", "PolicyDocument": READS}]))
        found = all_of("RoleDetailList", "RoleName")
        self.assertEqual(found["AttachedManagedPolicies"], [{"PolicyName": "detailed", "PolicyArn": arn}])
        self.assertEqual(found["InstanceProfileList"][0]["InstanceProfileName"], "detailed")
        self.assertEqual(all_of("GroupDetailList", "GroupName")["AttachedManagedPolicies"], [])
        self.assertEqual(all_of("Policies", "PolicyName")["PolicyVersionList"][0]["Document"], READS)
        only = call("post", "GetAccountAuthorizationDetails", {"Filter": ["Role"]})
        self.assertEqual((only["UserDetailList"], only["Policies"]), ([], []))
        self.assertTrue(only["RoleDetailList"])

    def GenerateCredentialReport(self):
        self.assertEqual(refusal(iam.get_credential_report).code, "ReportNotPresent")
        self.assertEqual(call("post", "GenerateCredentialReport")["State"], "COMPLETE")

    def GetCredentialReport(self):
        user("reported")
        iam.create_access_key(UserName="reported")
        iam.generate_credential_report()
        found = call("post", "GetCredentialReport")
        self.assertEqual(found["ReportFormat"], "text/csv")
        lines = {line["user"]: line for line in csv.DictReader(found["Content"].decode().splitlines())}
        self.assertEqual(lines["<root_account>"]["access_key_1_active"], "true")
        self.assertEqual(lines["<root_account>"]["access_key_1_last_used_service"], "iam")
        self.assertTrue(lines["reported"]["arn"].endswith(":user/reported"))
        self.assertEqual((lines["reported"]["access_key_1_active"], lines["reported"]["access_key_2_active"],
                          lines["reported"]["access_key_1_last_used_date"]), ("true", "false", "N/A"))


# What knows no parameter that could be wrong is asked by a stranger.
STRANGER = [({"key": KEY_ID, "secret": "wrong"}, "SignatureDoesNotMatch")]
REFUSED = {
    "CreateAccountAlias": [({"AccountAlias": alias}, "ValidationError")
                           for alias in ("no", "No-Capitals", "-first", "last-", "two--hyphens")],
    "DeleteAccountAlias": [({"AccountAlias": "nobodys"}, "NoSuchEntity")],
    "ListAccountAliases": [({"MaxItems": 0}, "ValidationError")],
    "GetAccountSummary": STRANGER,
    "GetAccountAuthorizationDetails": [({"Filter": ["Robot"]}, "ValidationError")],
    "GetAccountPasswordPolicy": [({}, "NoSuchEntity")],
    "GenerateCredentialReport": STRANGER,
    "GetCredentialReport": STRANGER,
}
