#!/usr/bin/python3 -B
# area: vpc
"""Managed prefix lists through boto3: their life, their pages, and what the groups that use them allow."""
import unittest

from client import REGION, client, refusal, tap


def setUpModule():
    global ec2
    ec2 = client()


def entries(list_id, **more):
    found = ec2.get_managed_prefix_list_entries(PrefixListId=list_id, **more)["Entries"]
    return [(each["Cidr"], each.get("Description")) for each in found]


def make(test, name, size, *blocks, family="IPv4"):
    made = ec2.create_managed_prefix_list(
        PrefixListName=name, MaxEntries=size, AddressFamily=family,
        Entries=[{"Cidr": block} for block in blocks])["PrefixList"]["PrefixListId"]
    test.addCleanup(ec2.delete_managed_prefix_list, PrefixListId=made)
    return made


def make_group(test, name):
    made = ec2.create_security_group(GroupName=name, Description="d")["GroupId"]
    test.addCleanup(ec2.delete_security_group, GroupId=made)
    return made


def from_list(list_id, **more):
    return [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443,
             "PrefixListIds": [{"PrefixListId": list_id, **more}]}]


class PrefixLists(unittest.TestCase):
    def test_a_life_with_its_versions(self):
        one = make(self, "life", 4, "10.1.0.0/16")
        # as clients change a description: gone with one version, back with the next
        now = ec2.modify_managed_prefix_list(PrefixListId=one, CurrentVersion=1,
                                             RemoveEntries=[{"Cidr": "10.1.0.0/16"}])["PrefixList"]
        now = ec2.modify_managed_prefix_list(
            PrefixListId=one, CurrentVersion=now["Version"],
            AddEntries=[{"Cidr": "10.1.0.0/16", "Description": "office"}])["PrefixList"]
        self.assertEqual(now["Version"], 3)
        self.assertEqual(entries(one), [("10.1.0.0/16", "office")])
        self.assertEqual(entries(one, TargetVersion=2), [])
        self.assertEqual(entries(one, TargetVersion=1), [("10.1.0.0/16", None)])
        stale = refusal(ec2.modify_managed_prefix_list, PrefixListId=one, CurrentVersion=2,
                        AddEntries=[{"Cidr": "10.2.0.0/16"}])
        self.assertEqual((stale.code, stale.message), ("PrefixListVersionMismatch",
                                                       "The prefix list has the incorrect version number."))
        back = ec2.restore_managed_prefix_list_version(PrefixListId=one, CurrentVersion=3, PreviousVersion=1)
        self.assertEqual((back["PrefixList"]["Version"], back["PrefixList"]["State"]), (4, "restore-complete"))
        self.assertEqual(entries(one), [("10.1.0.0/16", None)])
        ec2.create_tags(Resources=[one], Tags=[{"Key": "team", "Value": "blue"}])
        found = ec2.describe_managed_prefix_lists(Filters=[{"Name": "tag:team", "Values": ["blue"]}])
        self.assertEqual([each["PrefixListId"] for each in found["PrefixLists"]], [one])

    def test_a_thousand_entries_by_the_hundred(self):
        one = make(self, "large", 1000)
        for step in range(10):
            ec2.modify_managed_prefix_list(PrefixListId=one, AddEntries=[
                {"Cidr": f"10.{step}.{n}.0/24"} for n in range(100)])
        seen, token = [], None
        while True:
            page = ec2.get_managed_prefix_list_entries(
                PrefixListId=one, MaxResults=100, **({"NextToken": token} if token else {}))
            seen += [each["Cidr"] for each in page["Entries"]]
            token = page.get("NextToken")
            if not token:
                break
        self.assertEqual((len(seen), len(set(seen))), (1000, 1000))
        full = refusal(ec2.modify_managed_prefix_list, PrefixListId=one, AddEntries=[{"Cidr": "11.0.0.0/8"}])
        self.assertEqual(full.code, "PrefixListMaxEntriesExceeded")
        many = refusal(ec2.modify_managed_prefix_list, PrefixListId=one, RemoveEntries=[
            {"Cidr": f"10.{n // 100}.{n % 100}.0/24"} for n in range(101)])
        self.assertEqual(many.code, "InvalidParameterValue")

    def test_lists_come_in_pages_with_those_of_aws(self):
        own = {make(self, f"page-{n}", 1) for n in range(3)}
        seen = [each["PrefixListId"] for page in ec2.get_paginator("describe_managed_prefix_lists").paginate(
            PaginationConfig={"PageSize": 2}) for each in page["PrefixLists"]]
        self.assertEqual(seen, sorted(seen))
        self.assertEqual(len(seen), len(set(seen)))
        self.assertLessEqual(own, set(seen))
        names = {each["PrefixListName"] for each in ec2.describe_managed_prefix_lists(
            Filters=[{"Name": "owner-id", "Values": ["AWS"]}])["PrefixLists"]}
        self.assertEqual(names, {f"com.amazonaws.{REGION}.{service}" for service in ("s3", "dynamodb")})

    def test_a_rule_names_a_list_and_is_shown_revoked_and_modified(self):
        one, other = make(self, "rule", 5, "10.0.0.0/8"), make(self, "other", 5)
        group = make_group(self, "prefix-rule")
        rule = ec2.authorize_security_group_ingress(
            GroupId=group, IpPermissions=from_list(one, Description="partners"))["SecurityGroupRules"][0]
        self.assertEqual((rule["PrefixListId"], rule["Description"]), (one, "partners"))
        shown = ec2.describe_security_groups(Filters=[
            {"Name": "ip-permission.prefix-list-id", "Values": [one]}])["SecurityGroups"]
        self.assertEqual([each["GroupId"] for each in shown], [group])
        self.assertEqual(shown[0]["IpPermissions"][0]["PrefixListIds"],
                         [{"Description": "partners", "PrefixListId": one}])
        twice = refusal(ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=from_list(one))
        self.assertEqual(twice.code, "InvalidPermission.Duplicate")
        ec2.modify_security_group_rules(GroupId=group, SecurityGroupRules=[{
            "SecurityGroupRuleId": rule["SecurityGroupRuleId"], "SecurityGroupRule": {
                "IpProtocol": "-1", "PrefixListId": other}}])
        users = ec2.get_managed_prefix_list_associations(PrefixListId=other)["PrefixListAssociations"]
        self.assertEqual([each["ResourceId"] for each in users], [group])
        self.assertEqual(ec2.get_managed_prefix_list_associations(PrefixListId=one)["PrefixListAssociations"], [])
        ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[
            {"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": other}]}])
        self.assertEqual(ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"], [])

    def test_a_list_counts_as_its_size(self):
        one = make(self, "sized", 59)
        group = make_group(self, "prefix-size")
        ec2.authorize_security_group_egress(GroupId=group, IpPermissions=from_list(one))  # and the default rule
        more = refusal(ec2.authorize_security_group_egress, GroupId=group, IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}])
        self.assertEqual(more.code, "RulesPerSecurityGroupLimitExceeded")
        grown = ec2.modify_managed_prefix_list(PrefixListId=one, MaxEntries=60)["PrefixList"]
        self.assertEqual((grown["State"], grown["MaxEntries"]), ("modify-failed", 59))
        self.assertIn(group, grown["StateMessage"])

    def test_a_list_in_use_stays(self):
        one = make(self, "held", 1)
        group = make_group(self, "prefix-held")
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=from_list(one))
        held = ec2.delete_managed_prefix_list(PrefixListId=one)["PrefixList"]
        self.assertEqual(held["State"], "delete-failed")
        self.assertIn(group, held["StateMessage"])
        self.assertEqual(ec2.describe_managed_prefix_lists(PrefixListIds=[one])["PrefixLists"][0]["State"],
                         "delete-failed")


if __name__ == "__main__":
    tap.main()
