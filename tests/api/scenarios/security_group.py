"""Security groups and their rules."""
import os

from client import call, refusal, until

from .vpc import new_vpc
from .world import ANY, MISSING, Scenarios, ec2, no_more, ports, the

ONE_RULE = {"GroupId": "%group", "IpPermissions": [{"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1}]}


def rule_of(port, egress=False):
    """The id of a new rule of the group."""
    step = "AuthorizeSecurityGroupEgress" if egress else "AuthorizeSecurityGroupIngress"
    made = call("post", step, {"GroupId": the.group, "IpPermissions": ports(port)})
    return made["SecurityGroupRules"][0]["SecurityGroupRuleId"]


def group_now():
    return ec2.describe_security_groups(GroupIds=[the.group])["SecurityGroups"][0]


def association(group_id):
    """That of the group with another VPC; None: it has none."""
    found = call("post", "DescribeSecurityGroupVpcAssociations", {"Filters": [
        {"Name": "group-id", "Values": [group_id]}]})["SecurityGroupVpcAssociations"]
    return found[0] if found else None


def part(group_id, vpc_id):
    done = call("post", "DisassociateSecurityGroupVpc", {"GroupId": group_id, "VpcId": vpc_id})
    until(lambda: association(group_id) is None, what="a group that is not associated")
    return done


class SecurityGroups(Scenarios):
    def AuthorizeSecurityGroupEgress(self):
        made = call("post", "AuthorizeSecurityGroupEgress",
                    {"GroupId": the.group, "IpPermissions": ports(53)})
        rule = made["SecurityGroupRules"][0]
        self.assertTrue(made["Return"])
        self.assertEqual((rule["IsEgress"], rule["FromPort"], rule["ToPort"], rule["GroupId"]),
                         (True, 53, 53, the.group))

    def AuthorizeSecurityGroupIngress(self):
        made = call("post", "AuthorizeSecurityGroupIngress",
                    {"GroupId": the.group, "IpProtocol": "icmp", "FromPort": 8, "ToPort": -1,
                     "CidrIp": "10.1.2.3/8"})
        rule = made["SecurityGroupRules"][0]
        self.assertEqual((rule["IsEgress"], rule["CidrIpv4"]), (False, "10.0.0.0/8"))
        self.assertTrue(rule["SecurityGroupRuleId"].startswith("sgr-"))

    def CreateSecurityGroup(self):
        made = call("post", "CreateSecurityGroup", {
            "GroupName": "c", "Description": "d", "VpcId": the.vpc, "TagSpecifications": [
                {"ResourceType": "security-group", "Tags": [{"Key": "k", "Value": "v"}]}]})
        self.assertEqual(made["Tags"], [{"Key": "k", "Value": "v"}])
        found = ec2.describe_security_groups(GroupIds=[made["GroupId"]])["SecurityGroups"][0]
        self.assertEqual(found["VpcId"], the.vpc)
        self.assertEqual(found["IpPermissions"], [])
        self.assertEqual(found["IpPermissionsEgress"][0]["IpProtocol"], "-1")

    def DeleteSecurityGroup(self):
        made = call("post", "CreateSecurityGroup", {"GroupName": "gone", "Description": "d"})
        call("post", "DeleteSecurityGroup", {"GroupName": "gone"})
        self.assertEqual(refusal(ec2.describe_security_groups, GroupIds=[made["GroupId"]]).code,
                         "InvalidGroup.NotFound")

    def DescribeSecurityGroupRules(self):
        rule = rule_of(8001)
        found = call("post", "DescribeSecurityGroupRules", {"SecurityGroupRuleIds": [rule]})
        self.assertEqual(found["SecurityGroupRules"][0]["FromPort"], 8001)
        found = call("post", "DescribeSecurityGroupRules", {
            "Filters": [{"Name": "group-id", "Values": [the.group]}]})
        self.assertIn(rule, [r["SecurityGroupRuleId"] for r in found["SecurityGroupRules"]])

    def DescribeSecurityGroups(self):
        found = call("post", "DescribeSecurityGroups", {"GroupNames": ["default"]})
        default = found["SecurityGroups"][0]
        self.assertEqual(default["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"],
                         default["GroupId"])
        self.assertEqual(default["IpPermissionsEgress"][0]["IpRanges"], [{"CidrIp": ANY}])

    def DescribeSecurityGroupReferences(self):
        self.none("SecurityGroupReferenceSet", GroupId=[the.group])

    def DescribeStaleSecurityGroups(self):
        self.none("StaleSecurityGroupSet", VpcId=the.vpc)

    def ModifySecurityGroupRules(self):
        rule = rule_of(8002)
        done = call("post", "ModifySecurityGroupRules", {
            "GroupId": the.group, "SecurityGroupRules": [{
                "SecurityGroupRuleId": rule, "SecurityGroupRule": {
                    "IpProtocol": "udp", "FromPort": 1, "ToPort": 2, "CidrIpv4": "10.0.0.0/8",
                    "Description": "changed"}}]})
        self.assertTrue(done["Return"])
        found = ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule])
        found = found["SecurityGroupRules"][0]
        self.assertEqual((found["IpProtocol"], found["ToPort"], found["Description"]),
                         ("udp", 2, "changed"))

    def RevokeSecurityGroupEgress(self):
        rule_of(8003, egress=True)
        done = call("post", "RevokeSecurityGroupEgress", {"GroupId": the.group,
                                                          "IpPermissions": ports(8003)})
        self.assertTrue(done["Return"])
        self.assertNotIn(8003, [p.get("FromPort") for p in group_now()["IpPermissionsEgress"]])

    def RevokeSecurityGroupIngress(self):
        rule = rule_of(8004)
        call("post", "RevokeSecurityGroupIngress", {"GroupId": the.group,
                                                    "SecurityGroupRuleIds": [rule]})
        self.assertNotIn(8004, [p.get("FromPort") for p in group_now()["IpPermissions"]])
        # In a default VPC a rule that is not there is named in the reply.
        done = call("post", "RevokeSecurityGroupIngress", {"GroupId": the.group,
                                                           "IpPermissions": ports(8004)})
        self.assertEqual(done["UnknownIpPermissions"][0]["FromPort"], 8004)

    def UpdateSecurityGroupRuleDescriptionsEgress(self):
        rule = rule_of(8005, egress=True)
        done = call("post", "UpdateSecurityGroupRuleDescriptionsEgress", {
            "GroupId": the.group, "IpPermissions": ports(8005, Description="out")})
        self.assertTrue(done["Return"])
        self.described(rule, "out")

    def UpdateSecurityGroupRuleDescriptionsIngress(self):
        rule = rule_of(8006)
        call("post", "UpdateSecurityGroupRuleDescriptionsIngress", {
            "GroupId": the.group, "SecurityGroupRuleDescriptions": [
                {"SecurityGroupRuleId": rule, "Description": "in"}]})
        self.described(rule, "in")

    def associated(self):
        """A new group of the default VPC in another one, associated: the ids of both."""
        made = call("post", "CreateSecurityGroup", {"GroupName": f"roams-{os.urandom(4).hex()}",
                                                    "Description": "d"})["GroupId"]
        no_more(ec2.delete_security_group, GroupId=made)
        home = new_vpc(cidr="10.84.0.0/16")
        done = call("post", "AssociateSecurityGroupVpc", {"GroupId": made, "VpcId": home})
        self.assertEqual(done, {"State": "associating"})
        until(lambda: association(made)["State"] == "associated", what="an associated group")
        return made, home

    def AssociateSecurityGroupVpc(self):
        made, home = self.associated()
        subnet = call("post", "CreateSubnet", {"VpcId": home, "CidrBlock": "10.84.1.0/24"})[
            "Subnet"]["SubnetId"]
        nic = call("post", "CreateNetworkInterface", {"SubnetId": subnet, "Groups": [made]})[
            "NetworkInterface"]
        self.assertEqual([g["GroupId"] for g in nic["Groups"]], [made])
        self.assertEqual(refusal(call, "post", "DisassociateSecurityGroupVpc", {
            "GroupId": made, "VpcId": home}).code, "DependencyViolation")
        self.assertEqual(refusal(ec2.delete_vpc, VpcId=home).code, "DependencyViolation")
        ec2.delete_network_interface(NetworkInterfaceId=nic["NetworkInterfaceId"])
        ec2.delete_subnet(SubnetId=subnet)
        part(made, home)

    def DescribeSecurityGroupVpcAssociations(self):
        made, home = self.associated()
        found = call("post", "DescribeSecurityGroupVpcAssociations", {"Filters": [
            {"Name": "group-id", "Values": [made]}, {"Name": "state", "Values": ["associated"]}]})
        owner = ec2.describe_security_groups(GroupIds=[made])["SecurityGroups"][0]["OwnerId"]
        self.assertEqual(found["SecurityGroupVpcAssociations"], [
            {"GroupId": made, "VpcId": home, "State": "associated", "VpcOwnerId": owner,
             "GroupOwnerId": owner}])
        part(made, home)

    def DisassociateSecurityGroupVpc(self):
        made, home = self.associated()
        self.assertEqual(part(made, home), {"State": "disassociating"})
        self.assertEqual(refusal(call, "post", "DisassociateSecurityGroupVpc", {
            "GroupId": made, "VpcId": home}).code, "InvalidSecurityGroupVpcAssociation.NotFound")

    def GetSecurityGroupsForVpc(self):
        made, home = self.associated()
        found = call("post", "GetSecurityGroupsForVpc", {"VpcId": home})["SecurityGroupForVpcs"]
        self.assertEqual({g["GroupName"]: g["PrimaryVpcId"] for g in found if g["GroupId"] != made},
                         {"default": home})
        self.assertEqual([g["PrimaryVpcId"] for g in found if g["GroupId"] == made], [the.vpc])
        found = call("post", "GetSecurityGroupsForVpc", {"VpcId": the.vpc, "Filters": [
            {"Name": "group-name", "Values": ["actions"]}]})["SecurityGroupForVpcs"]
        self.assertEqual([g["GroupId"] for g in found], [the.group])
        part(made, home)

    def described(self, rule, text):
        found = ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule])
        self.assertEqual(found["SecurityGroupRules"][0]["Description"], text)


REFUSED = {
    "AssociateSecurityGroupVpc": [
        ({"GroupId": "%group", "VpcId": "%vpc"}, "InvalidParameterValue"),
        ({"GroupId": "%group", "VpcId": MISSING["vpc"]}, "InvalidVpcID.NotFound"),
        ({"GroupId": "sg-x", "VpcId": "%vpc"}, "InvalidGroupId.Malformed")],
    "DescribeSecurityGroupVpcAssociations": [
        ({"Filters": [{"Name": "colour", "Values": ["x"]}]}, "InvalidParameterValue"),
        ({"MaxResults": 4}, "InvalidParameterValue")],
    "DisassociateSecurityGroupVpc": [
        ({"GroupId": "%group", "VpcId": "%vpc"}, "InvalidSecurityGroupVpcAssociation.NotFound"),
        ({"GroupId": MISSING["sg"], "VpcId": "%vpc"}, "InvalidGroup.NotFound")],
    "GetSecurityGroupsForVpc": [({"VpcId": MISSING["vpc"]}, "InvalidVpcID.NotFound"),
                                ({}, "MissingParameter")],
    "DescribeSecurityGroupReferences": [({"GroupId": [MISSING["sg"]]}, "InvalidGroup.NotFound"),
                                        ({}, "MissingParameter")],
    "DescribeStaleSecurityGroups": [({"VpcId": MISSING["vpc"]}, "InvalidVpcID.NotFound")],
    "AuthorizeSecurityGroupEgress": [
        ({"GroupId": MISSING["sg"], "IpPermissions": ports(1)}, "InvalidGroup.NotFound"),
        ({"GroupId": "%group", "IpPermissions": [{"IpProtocol": "-1", "IpRanges": [
            {"CidrIp": ANY}]}]}, "InvalidPermission.Duplicate")],
    "AuthorizeSecurityGroupIngress": [
        (ONE_RULE, "MissingParameter"),
        ({"GroupId": "%group", "IpPermissions": ports(70000)}, "InvalidParameterValue"),
        ({"GroupId": "%group", "CidrIp": "10.0.0.0/33", "IpProtocol": "tcp", "FromPort": 1,
          "ToPort": 1}, "InvalidParameterValue"),
        ({"GroupName": "nobody", "IpPermissions": ports(1)}, "InvalidGroup.NotFound"),
        ({"GroupId": "sg-xyz", "IpPermissions": ports(1)}, "InvalidGroupId.Malformed")],
    "CreateSecurityGroup": [
        ({"GroupName": "actions", "Description": "d"}, "InvalidGroup.Duplicate"),
        ({"GroupName": "default", "Description": "d"}, "InvalidGroup.Reserved"),
        ({"GroupName": "sg-x", "Description": "d"}, "InvalidParameterValue"),
        ({"GroupName": "x"}, "MissingParameter"),
        ({"GroupName": "x", "Description": "d", "VpcId": MISSING["vpc"]}, "InvalidVpcID.NotFound")],
    "DeleteSecurityGroup": [({"GroupId": MISSING["sg"]}, "InvalidGroup.NotFound"),
                            ({"GroupName": "default"}, "CannotDelete"),
                            ({}, "MissingParameter")],
    "DescribeSecurityGroupRules": [
        ({"SecurityGroupRuleIds": [MISSING["sgr"]]}, "InvalidSecurityGroupRuleId.NotFound"),
        ({"SecurityGroupRuleIds": ["sg-1"]}, "InvalidSecurityGroupRuleId.Malformed")],
    "DescribeSecurityGroups": [({"GroupNames": ["nobody"]}, "InvalidGroup.NotFound")],
    "ModifySecurityGroupRules": [
        ({"GroupId": "%group", "SecurityGroupRules": [
            {"SecurityGroupRuleId": MISSING["sgr"], "SecurityGroupRule": {}}]},
         "InvalidSecurityGroupRuleId.NotFound"),
        ({"GroupId": "%group"}, "MissingParameter")],
    "RevokeSecurityGroupEgress": [
        ({"GroupId": "%group", "SecurityGroupRuleIds": [MISSING["sgr"]]},
         "InvalidSecurityGroupRuleId.NotFound")],
    "RevokeSecurityGroupIngress": [
        ({"GroupId": "%group", "SecurityGroupRuleIds": [MISSING["sgr"]],
          "IpPermissions": ports(1)}, "InvalidParameterCombination")],
    "UpdateSecurityGroupRuleDescriptionsEgress": [
        ({"GroupId": MISSING["sg"], "IpPermissions": ports(1)}, "InvalidGroup.NotFound"),
        ({"GroupId": "%group"}, "MissingParameter")],
    "UpdateSecurityGroupRuleDescriptionsIngress": [
        ({"GroupId": "%group", "IpPermissions": ports(9)}, "InvalidPermission.NotFound")],
}
