"""Network ACLs and their entries."""
from client import call, refusal

from .world import ANY, MISSING, Scenarios, ec2, first_subnet, missing, the


def network_acl():
    """The id of a new network ACL."""
    return call("post", "CreateNetworkAcl", {"VpcId": the.vpc})["NetworkAcl"]["NetworkAclId"]


def network_acl_now(acl):
    return ec2.describe_network_acls(NetworkAclIds=[acl])["NetworkAcls"][0]


def acl_entry(acl, number, **more):
    return {"NetworkAclId": acl, "RuleNumber": number, "Protocol": "6", "RuleAction": "allow",
            "Egress": False, "CidrBlock": ANY, "PortRange": {"From": 22, "To": 22}, **more}


class NetworkAcls(Scenarios):
    def CreateNetworkAcl(self):
        made = call("post", "CreateNetworkAcl", {"VpcId": the.vpc, "TagSpecifications": [
            {"ResourceType": "network-acl", "Tags": [{"Key": "k", "Value": "v"}]}]})["NetworkAcl"]
        self.assertEqual(([entry["RuleNumber"] for entry in made["Entries"]], made["IsDefault"],
                          made["Associations"], made["Tags"]),
                         ([32767, 32767], False, [], [{"Key": "k", "Value": "v"}]))
        ec2.delete_network_acl(NetworkAclId=made["NetworkAclId"])

    def CreateNetworkAclEntry(self):
        acl = network_acl()
        call("post", "CreateNetworkAclEntry", acl_entry(acl, 100))
        call("post", "CreateNetworkAclEntry", acl_entry(
            acl, 110, Protocol="1", Egress=True, IcmpTypeCode={"Type": 8, "Code": -1}))
        entries = {entry["RuleNumber"]: entry for entry in network_acl_now(acl)["Entries"]}
        self.assertEqual(entries[100]["PortRange"], {"From": 22, "To": 22})
        self.assertEqual((entries[110]["IcmpTypeCode"], entries[110]["Egress"]),
                         ({"Type": 8, "Code": -1}, True))
        ec2.delete_network_acl(NetworkAclId=acl)

    def DeleteNetworkAcl(self):
        acl = network_acl()
        call("post", "DeleteNetworkAcl", {"NetworkAclId": acl})
        fault = refusal(ec2.describe_network_acls, NetworkAclIds=[acl])
        self.assertEqual(fault.code, "InvalidNetworkAclID.NotFound")

    def DeleteNetworkAclEntry(self):
        acl = network_acl()
        ec2.create_network_acl_entry(**acl_entry(acl, 7))
        call("post", "DeleteNetworkAclEntry", {"NetworkAclId": acl, "RuleNumber": 7, "Egress": False})
        self.assertEqual([entry["RuleNumber"] for entry in network_acl_now(acl)["Entries"]],
                         [32767, 32767])
        ec2.delete_network_acl(NetworkAclId=acl)

    def DescribeNetworkAcls(self):
        found = call("post", "DescribeNetworkAcls", {"Filters": [
            {"Name": "default", "Values": ["true"]}, {"Name": "vpc-id", "Values": [the.vpc]}]})
        acl = found["NetworkAcls"][0]
        self.assertEqual(sorted(one["SubnetId"] for one in acl["Associations"]),
                         sorted(one["SubnetId"] for one in ec2.describe_subnets(Filters=[
                             {"Name": "vpc-id", "Values": [the.vpc]}])["Subnets"]))
        self.assertEqual([(e["RuleNumber"], e["Egress"], e["RuleAction"]) for e in acl["Entries"]],
                         [(100, True, "allow"), (32767, True, "deny"),
                          (100, False, "allow"), (32767, False, "deny")])

    def ReplaceNetworkAclAssociation(self):
        acl = network_acl()
        old = ec2.describe_network_acls(Filters=[
            {"Name": "association.subnet-id", "Values": [first_subnet()]}])["NetworkAcls"][0]
        used = next(a for a in old["Associations"] if a["SubnetId"] == first_subnet())
        made = call("post", "ReplaceNetworkAclAssociation", {
            "AssociationId": used["NetworkAclAssociationId"], "NetworkAclId": acl})
        shown = network_acl_now(acl)["Associations"]
        self.assertEqual([a["NetworkAclAssociationId"] for a in shown], [made["NewAssociationId"]])
        ec2.replace_network_acl_association(AssociationId=made["NewAssociationId"],
                                            NetworkAclId=old["NetworkAclId"])
        ec2.delete_network_acl(NetworkAclId=acl)

    def ReplaceNetworkAclEntry(self):
        acl = network_acl()
        ec2.create_network_acl_entry(**acl_entry(acl, 7))
        call("post", "ReplaceNetworkAclEntry", acl_entry(acl, 7, RuleAction="deny"))
        self.assertEqual([entry["RuleAction"] for entry in network_acl_now(acl)["Entries"]
                          if entry["RuleNumber"] == 7], ["deny"])
        ec2.delete_network_acl(NetworkAclId=acl)


REFUSED = {
    "CreateNetworkAcl": [({"VpcId": MISSING["vpc"]}, "InvalidVpcID.NotFound")],
    "CreateNetworkAclEntry": [
        (acl_entry(MISSING["acl"], 1), "InvalidNetworkAclID.NotFound"),
        (acl_entry(MISSING["acl"], 0), "InvalidParameterValue"),
        (acl_entry(MISSING["acl"], 1, PortRange={"From": 1}), "MissingParameter"),
        (acl_entry(MISSING["acl"], 1, RuleAction="drop"), "InvalidParameterValue"),
        (acl_entry("acl-1", 1), "InvalidNetworkAclId.Malformed")],
    "DeleteNetworkAcl": [({"NetworkAclId": MISSING["acl"]}, "InvalidNetworkAclID.NotFound"),
                         ({"NetworkAclId": "%acl"}, "InvalidParameterValue")],
    "DeleteNetworkAclEntry": [
        ({"NetworkAclId": "%acl", "RuleNumber": 9, "Egress": True},
         "InvalidNetworkAclEntry.NotFound")],
    "DescribeNetworkAcls": missing("NetworkAclIds", "acl", "InvalidNetworkAclID.NotFound",
                                   "InvalidNetworkAclId.Malformed"),
    "ReplaceNetworkAclAssociation": [
        ({"AssociationId": MISSING["aclassoc"], "NetworkAclId": "%acl"},
         "InvalidAssociationID.NotFound")],
    "ReplaceNetworkAclEntry": [(acl_entry("%acl", 9), "InvalidNetworkAclEntry.NotFound")],
}
