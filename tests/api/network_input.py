#!/usr/bin/python3 -B
# area: network front-door
"""Bad input to the network: EC2's own error for each, soon, and nothing half applied."""
import time
import unittest

from client import SERVER_ERRORS, call, client, loose_client, refusal, tap

SOON = 10  # seconds, with sanitizers and a busy machine


def setUpModule():
    global ec2, vpc, subnet, group, before
    ec2 = client()
    vpc = ec2.create_vpc(CidrBlock="10.60.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.60.1.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="web", Description="d", VpcId=vpc)["GroupId"]
    ec2.get_waiter("vpc_available").wait(VpcIds=[vpc])
    before = everything()


def everything():
    """All rows of the network that can be asked for."""
    return {action: call("post", action, {}) for action in (
        "DescribeVpcs", "DescribeSubnets", "DescribeSecurityGroups", "DescribeSecurityGroupRules",
        "DescribeRouteTables", "DescribeNetworkAcls", "DescribeNetworkInterfaces", "DescribeTags",
        "DescribeManagedPrefixLists")}


class Case(unittest.TestCase):
    def tearDown(self):
        self.assertEqual(everything(), before)

    def refused(self, code, action, *args, **params):
        fault = refusal(action, *args, **params)
        self.assertEqual(fault.code, code, fault.message)
        self.assertLess(fault.status, 500)
        self.assertGreater(len(fault.message), 20)
        return fault.message


class Blocks(Case):
    def test_subnets(self):
        for block, code in (
                ("10.60.2.0/29", "InvalidSubnet.Range"), ("10.60.2.0/32", "InvalidSubnet.Range"),
                ("10.60.0.0/15", "InvalidSubnet.Range"), ("10.61.0.0/24", "InvalidSubnet.Range"),
                ("10.60.255.0/15", "InvalidSubnet.Range"), ("0.0.0.0/0", "InvalidSubnet.Range"),
                ("10.60.1.0/24", "InvalidSubnet.Conflict"), ("10.60.1.240/28", "InvalidSubnet.Conflict"),
                ("10.60.0.0/16", "InvalidSubnet.Conflict"), ("10.60.0.0/23", "InvalidSubnet.Conflict"),
                # Host bits are cleared first, as EC2 does.
                ("10.60.1.77/25", "InvalidSubnet.Conflict"),
                ("10.60.2.0", "InvalidParameterValue"), ("10.60.2.0/33", "InvalidParameterValue"),
                ("10.60.2/24", "InvalidParameterValue"), ("::/64", "InvalidParameterValue"),
                ("10.60.300.0/24", "InvalidParameterValue"), ("x", "InvalidParameterValue")):
            with self.subTest(block):
                self.refused(code, ec2.create_subnet, VpcId=vpc, CidrBlock=block)

    def test_vpcs(self):
        for block, code in (("10.0.0.0/15", "InvalidVpc.Range"), ("10.0.0.0/29", "InvalidVpc.Range"),
                            ("10.0.0.0/8", "InvalidVpc.Range"), ("10.0.0.0", "InvalidParameterValue"),
                            ("10.0.0/16", "InvalidParameterValue"), ("fd00::/56", "InvalidParameterValue"),
                            ("224.0.0.0/16", "InvalidVpc.Range"), ("127.0.0.0/16", "InvalidVpc.Range")):
            with self.subTest(block):
                self.refused(code, ec2.create_vpc, CidrBlock=block)

    def test_further_blocks_of_a_vpc(self):
        for block, code in (("10.60.0.0/16", "InvalidVpc.Range"), ("10.60.128.0/20", "InvalidVpc.Range"),
                            ("10.61.0.0/29", "InvalidVpc.Range"), ("192.168.0.0/16", "InvalidVpc.Range"),
                            ("ten", "InvalidParameterValue")):
            with self.subTest(block):
                self.refused(code, ec2.associate_vpc_cidr_block, VpcId=vpc, CidrBlock=block)


class Addresses(Case):
    def test_of_an_interface(self):
        used = ec2.create_network_interface(SubnetId=subnet, PrivateIpAddress="10.60.1.20")[
            "NetworkInterface"]["NetworkInterfaceId"]
        for address, code in (
                ("10.60.1.20", "InvalidIPAddress.InUse"),
                ("10.60.2.1", "InvalidParameterValue"), ("10.60.1.0", "InvalidParameterValue"),
                *((f"10.60.1.{n}", "InvalidParameterValue") for n in (1, 2, 3, 255)),
                ("10.60.1.256", "InvalidParameterValue"), ("here", "InvalidParameterValue")):
            with self.subTest(address):
                self.refused(code, ec2.create_network_interface, SubnetId=subnet, PrivateIpAddress=address)
        ec2.delete_network_interface(NetworkInterfaceId=used)


class Rules(Case):
    def authorize(self, code, *permissions, **more):
        return self.refused(code, loose_client().authorize_security_group_ingress, GroupId=group,
                            IpPermissions=list(permissions), **more)

    def test_ten_thousand(self):
        """In one permission, and thousands in as many: refused soon, and none is there."""
        blocks = [f"10.{n >> 8}.{n & 255}.0/24" for n in range(10000)]
        one = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1,
               "IpRanges": [{"CidrIp": block} for block in blocks]}
        many = [{"IpProtocol": "tcp", "FromPort": n + 1, "ToPort": n + 1,
                 "IpRanges": [{"CidrIp": "10.0.0.0/8"}]} for n in range(4000)]
        six = {"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": f"2001:db8:{n:x}::/48"}
                                                  for n in range(10000)]}
        groups = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}] * 10000}
        for permissions, code in (([one], "RulesPerSecurityGroupLimitExceeded"),
                                  (many, "RulesPerSecurityGroupLimitExceeded"),
                                  ([six], "RulesPerSecurityGroupLimitExceeded"),
                                  ([groups], "RulesPerSecurityGroupLimitExceeded")):
            began = time.monotonic()
            self.authorize(code, *permissions)
            self.assertLess(time.monotonic() - began, SOON)
            self.assertEqual(everything(), before)
        self.refused("RulesPerSecurityGroupLimitExceeded", call, "json", "AuthorizeSecurityGroupIngress",
                     {"GroupId": group, "IpPermissions": many})

    def test_the_last_that_fits_and_the_first_that_does_not(self):
        ranges = [{"CidrIp": f"10.0.{n}.0/24"} for n in range(60)]
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "IpRanges": ranges}])
        full = everything()
        self.authorize("RulesPerSecurityGroupLimitExceeded", {
            "IpProtocol": "tcp", "FromPort": 2, "ToPort": 2, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]})
        self.assertEqual(everything(), full)
        ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "IpRanges": ranges}])

    def test_twice(self):
        ssh = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
        self.authorize("InvalidParameterValue", ssh, ssh)
        made = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[ssh])
        there = everything()
        self.authorize("InvalidPermission.Duplicate", ssh)
        # One that is there beside one that is not: neither is written.
        self.authorize("InvalidPermission.Duplicate", {**ssh, "FromPort": 23, "ToPort": 23}, ssh)
        # A description does not make another rule of it.
        self.authorize("InvalidPermission.Duplicate", {**ssh, "IpRanges": [
            {"CidrIp": "10.0.0.0/8", "Description": "again"}]})
        self.assertEqual(everything(), there)
        ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[
            made["SecurityGroupRules"][0]["SecurityGroupRuleId"]])

    def test_one_bad_one_of_several(self):
        good = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
        for bad, code in (({**good, "FromPort": 70000}, "InvalidParameterValue"),
                          ({**good, "IpRanges": [{"CidrIp": "10.0.0.0/40"}]}, "InvalidParameterValue"),
                          ({"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-00000000000000001"}]},
                           "InvalidGroup.NotFound"),
                          ({"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": "pl-00000000000000001"}]},
                           "InvalidPrefixListID.NotFound")):
            with self.subTest(str(bad)):
                self.authorize(code, good, bad)

    def test_a_group_that_another_names_stays(self):
        named = ec2.create_security_group(GroupName="named", Description="d", VpcId=vpc)["GroupId"]
        pair = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": named}]}]
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=pair)
        self.refused("DependencyViolation", ec2.delete_security_group, GroupId=named)
        ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=pair)
        ec2.delete_security_group(GroupId=named)

    def test_entries_of_acls(self):
        acl = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
        entry = {"NetworkAclId": acl, "Egress": False, "RuleAction": "allow", "Protocol": "-1"}
        for number in range(1, 21):
            ec2.create_network_acl_entry(**entry, RuleNumber=number, CidrBlock="10.0.0.0/8")
        full = everything()
        for params, code in (({"RuleNumber": 21}, "NetworkAclEntryLimitExceeded"),
                             ({"RuleNumber": 20}, "NetworkAclEntryAlreadyExists"),
                             ({"RuleNumber": 0}, "InvalidParameterValue"),
                             ({"RuleNumber": 32767}, "InvalidParameterValue"),
                             ({"RuleNumber": 30, "CidrBlock": "10.0.0.0/33"}, "InvalidParameterValue"),
                             ({"RuleNumber": 30, "Ipv6CidrBlock": "::/0"}, "InvalidParameterCombination")):
            with self.subTest(str(params)):
                self.refused(code, ec2.create_network_acl_entry, **{**entry, "CidrBlock": "10.0.0.0/8", **params})
        self.assertEqual(everything(), full)
        ec2.delete_network_acl(NetworkAclId=acl)


class ZLast(unittest.TestCase):
    def test_no_server_error_was_answered(self):
        self.assertEqual(SERVER_ERRORS, [])


if __name__ == "__main__":
    tap.main()
