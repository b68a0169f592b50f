"""Prefix lists, ours and those of AWS."""
import unittest

from client import REGION, call, refusal

from .world import MISSING, Scenarios, ec2, missing, the


def prefix_list(name, **more):
    """A new prefix list of three entries at most, which goes with the tests."""
    made = call("post", "CreateManagedPrefixList", {
        "PrefixListName": name, "MaxEntries": 3, "AddressFamily": "IPv4", **more})["PrefixList"]
    unittest.addModuleCleanup(ec2.delete_managed_prefix_list, PrefixListId=made["PrefixListId"])
    return made


class PrefixLists(Scenarios):
    def CreateManagedPrefixList(self):
        made = prefix_list("made", Entries=[{"Cidr": "10.0.0.0/8", "Description": "ours"}], TagSpecifications=[
            {"ResourceType": "prefix-list", "Tags": [{"Key": "team", "Value": "blue"}]}])
        self.assertEqual((made["State"], made["Version"], made["MaxEntries"], made["AddressFamily"]),
                         ("create-complete", 1, 3, "IPv4"))
        self.assertEqual(made["Tags"], [{"Key": "team", "Value": "blue"}])
        token = {"PrefixListName": "once", "MaxEntries": 1, "AddressFamily": "IPv6", "ClientToken": "pl-1"}
        ids = {call("post", "CreateManagedPrefixList", token)["PrefixList"]["PrefixListId"] for _ in range(2)}
        self.assertEqual(len(ids), 1)
        ec2.delete_managed_prefix_list(PrefixListId=ids.pop())

    def DeleteManagedPrefixList(self):
        made = call("post", "CreateManagedPrefixList", {
            "PrefixListName": "gone", "MaxEntries": 1, "AddressFamily": "IPv4"})["PrefixList"]["PrefixListId"]
        gone = call("post", "DeleteManagedPrefixList", {"PrefixListId": made})["PrefixList"]
        self.assertEqual(gone["State"], "delete-complete")
        self.assertEqual(refusal(ec2.describe_managed_prefix_lists, PrefixListIds=[made]).code,
                         "InvalidPrefixListID.NotFound")

    def DescribeManagedPrefixLists(self):
        made = prefix_list("seen")["PrefixListId"]
        found = call("post", "DescribeManagedPrefixLists", {"Filters": [
            {"Name": "prefix-list-name", "Values": ["seen", f"com.amazonaws.{REGION}.s3"]}]})["PrefixLists"]
        self.assertEqual({(each["PrefixListName"], each["OwnerId"] == "AWS") for each in found},
                         {("seen", False), (f"com.amazonaws.{REGION}.s3", True)})
        self.assertIn(made, [each["PrefixListId"] for each in found])

    def GetManagedPrefixListAssociations(self):
        made = prefix_list("used")["PrefixListId"]
        self.assertEqual(call("post", "GetManagedPrefixListAssociations", {"PrefixListId": made}),
                         {"PrefixListAssociations": []})
        rule = call("post", "AuthorizeSecurityGroupIngress", {"GroupId": the.group, "IpPermissions": [
            {"IpProtocol": "udp", "FromPort": 7, "ToPort": 7, "PrefixListIds": [{"PrefixListId": made}]}]})
        found = call("post", "GetManagedPrefixListAssociations", {"PrefixListId": made})
        self.assertEqual([each["ResourceId"] for each in found["PrefixListAssociations"]], [the.group])
        ec2.revoke_security_group_ingress(GroupId=the.group, SecurityGroupRuleIds=[
            rule["SecurityGroupRules"][0]["SecurityGroupRuleId"]])

    def GetManagedPrefixListEntries(self):
        made = prefix_list("entries", Entries=[{"Cidr": "10.0.0.0/8", "Description": "ours"},
                                               {"Cidr": "10.1.0.0/16"}])["PrefixListId"]
        self.assertEqual(call("post", "GetManagedPrefixListEntries", {"PrefixListId": made, "TargetVersion": 1}),
                         {"Entries": [{"Cidr": "10.0.0.0/8", "Description": "ours"}, {"Cidr": "10.1.0.0/16"}]})

    def ModifyManagedPrefixList(self):
        made = prefix_list("changed")["PrefixListId"]
        changed = call("post", "ModifyManagedPrefixList", {
            "PrefixListId": made, "CurrentVersion": 1, "AddEntries": [{"Cidr": "10.0.0.0/8"}]})["PrefixList"]
        self.assertEqual((changed["State"], changed["Version"]), ("modify-complete", 2))

    def RestoreManagedPrefixListVersion(self):
        made = prefix_list("restored", Entries=[{"Cidr": "10.0.0.0/8"}])["PrefixListId"]
        ec2.modify_managed_prefix_list(PrefixListId=made, CurrentVersion=1, RemoveEntries=[{"Cidr": "10.0.0.0/8"}])
        back = call("post", "RestoreManagedPrefixListVersion", {
            "PrefixListId": made, "CurrentVersion": 2, "PreviousVersion": 1})["PrefixList"]
        self.assertEqual((back["State"], back["Version"]), ("restore-complete", 3))
        self.assertEqual(ec2.get_managed_prefix_list_entries(PrefixListId=made)["Entries"], [{"Cidr": "10.0.0.0/8"}])

    def DescribePrefixLists(self):
        found = call("post", "DescribePrefixLists", {"Filters": [
            {"Name": "prefix-list-name", "Values": [f"com.amazonaws.{REGION}.s3"]}]})["PrefixLists"]
        self.assertEqual(len(found), 1)
        self.assertTrue(found[0]["Cidrs"])
        managed = call("post", "DescribeManagedPrefixLists", {
            "PrefixListIds": [found[0]["PrefixListId"]]})["PrefixLists"][0]
        self.assertEqual((managed["PrefixListName"], managed["OwnerId"]),
                         (found[0]["PrefixListName"], "AWS"))


REFUSED = {
    "DescribeManagedPrefixLists": missing(
        "PrefixListIds", "pl", "InvalidPrefixListID.NotFound", "InvalidPrefixListId.Malformed"),
    "CreateManagedPrefixList": [
        ({"PrefixListName": "l", "MaxEntries": 1, "AddressFamily": "IPv5"}, "InvalidParameterValue"),
        ({"PrefixListName": "l", "MaxEntries": 1, "AddressFamily": "IPv4", "Entries": [
            {"Cidr": "10.0.0.0/8"}, {"Cidr": "11.0.0.0/8"}]}, "PrefixListMaxEntriesExceeded"),
        ({"MaxEntries": 1, "AddressFamily": "IPv4"}, "MissingParameter")],
    "DeleteManagedPrefixList": [({"PrefixListId": MISSING["pl"]}, "InvalidPrefixListID.NotFound"),
                                ({"PrefixListId": "pl-63a5400a"}, "UnauthorizedOperation")],
    "GetManagedPrefixListAssociations": [({"PrefixListId": MISSING["pl"]}, "InvalidPrefixListID.NotFound")],
    "GetManagedPrefixListEntries": [({"PrefixListId": "rock"}, "InvalidPrefixListId.Malformed")],
    "ModifyManagedPrefixList": [
        ({"PrefixListId": MISSING["pl"], "MaxEntries": 1}, "InvalidPrefixListID.NotFound"),
        ({"PrefixListId": "pl-63a5400a", "MaxEntries": 1}, "UnauthorizedOperation")],
    "RestoreManagedPrefixListVersion": [
        ({"PrefixListId": MISSING["pl"], "CurrentVersion": 1, "PreviousVersion": 1},
         "InvalidPrefixListID.NotFound"),
        ({"PrefixListId": MISSING["pl"], "CurrentVersion": 1}, "MissingParameter")],
    "DescribePrefixLists": missing(
        "PrefixListIds", "pl", "InvalidPrefixListID.NotFound", "InvalidPrefixListId.Malformed"),
}
