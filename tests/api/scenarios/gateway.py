"""The ways out of a VPC: internet gateways, egress-only ones, NAT gateways."""
from client import call, instance, refusal, until

from .address import elastic, release
from .vpc import new_vpc
from .world import MISSING, Scenarios, ec2, gateway, interface_now, missing, no_more, the


def nat_gateway(test, **more):
    """A private NAT gateway, which goes with the test."""
    made = call("post", "CreateNatGateway", {"SubnetId": instance(ec2, the.one)["SubnetId"],
                                             "ConnectivityType": "private", **more})["NatGateway"]
    test.addCleanup(drop_nat_gateway, made["NatGatewayId"])
    return made


def drop_nat_gateway(nat_id):
    ec2.delete_nat_gateway(NatGatewayId=nat_id)
    until(lambda: nat_now(nat_id)["State"] == "deleted", what="a NAT gateway's end")


def nat_now(nat_id):
    return call("post", "DescribeNatGateways", {"NatGatewayIds": [nat_id]})["NatGateways"][0]


def new_gateway(attached_to=None):
    made = call("post", "CreateInternetGateway", {})["InternetGateway"]["InternetGatewayId"]
    no_more(ec2.delete_internet_gateway, InternetGatewayId=made)
    if attached_to:
        call("post", "AttachInternetGateway", {"InternetGatewayId": made, "VpcId": attached_to})
        no_more(ec2.detach_internet_gateway, InternetGatewayId=made, VpcId=attached_to)
    return made


class Gateways(Scenarios):
    def CreateNatGateway(self):
        address = elastic()
        made = nat_gateway(self, ConnectivityType="public", AllocationId=address["AllocationId"])
        self.assertEqual((made["State"], made["ConnectivityType"], made["VpcId"]),
                         ("pending", "public", the.vpc))
        until(lambda: nat_now(made["NatGatewayId"])["State"] == "available", what="a NAT gateway")
        its = nat_now(made["NatGatewayId"])["NatGatewayAddresses"][0]
        self.assertEqual((its["PublicIp"], its["AllocationId"]),
                         (address["PublicIp"], address["AllocationId"]))
        shown = interface_now(its["NetworkInterfaceId"])
        self.assertEqual((shown["InterfaceType"], shown["RequesterManaged"], shown["Status"],
                          shown["Description"]),
                         ("natGateway", True, "in-use",
                          f"Interface for NAT Gateway {made['NatGatewayId']}"))
        again = nat_gateway(self, ConnectivityType="public", AllocationId=address["AllocationId"])
        self.assertEqual((again["State"], again["FailureCode"]),
                         ("failed", "Resource.AlreadyAssociated"))
        ec2.delete_nat_gateway(NatGatewayId=made["NatGatewayId"])
        until(lambda: nat_now(made["NatGatewayId"])["State"] == "deleted", what="its end")
        self.assertIsNone(interface_now(its["NetworkInterfaceId"]))
        release(address["AllocationId"])

    def AssociateNatGatewayAddress(self):
        first, second, third = elastic(), elastic(), elastic()
        made = nat_gateway(self, ConnectivityType="public", AllocationId=first["AllocationId"],
                           SecondaryAllocationIds=[second["AllocationId"]])["NatGatewayId"]
        until(lambda: nat_now(made)["State"] == "available", what="a NAT gateway")
        self.assertEqual([a["PublicIp"] for a in nat_now(made)["NatGatewayAddresses"]],
                         [first["PublicIp"], second["PublicIp"]])
        added = call("post", "AssociateNatGatewayAddress", {
            "NatGatewayId": made, "AllocationIds": [third["AllocationId"]]})["NatGatewayAddresses"]
        self.assertEqual([(a["PublicIp"], a["Status"], a["IsPrimary"]) for a in added],
                         [(third["PublicIp"], "associating", False)])
        self.assertEqual(refusal(call, "post", "AssociateNatGatewayAddress", {
            "NatGatewayId": made, "AllocationIds": [third["AllocationId"]]}).code,
                         "Resource.AlreadyAssociated")
        shown = interface_now(added[0]["NetworkInterfaceId"])
        self.assertEqual(len(shown["PrivateIpAddresses"]), 3)
        drop_nat_gateway(made)
        for address in (first, second, third):
            release(address["AllocationId"])

    def DisassociateNatGatewayAddress(self):
        first, second = elastic(), elastic()
        made = nat_gateway(self, ConnectivityType="public", AllocationId=first["AllocationId"],
                           SecondaryAllocationIds=[second["AllocationId"]])["NatGatewayId"]
        until(lambda: nat_now(made)["State"] == "available", what="a NAT gateway")
        primary, its = nat_now(made)["NatGatewayAddresses"]
        self.assertEqual(refusal(call, "post", "DisassociateNatGatewayAddress", {
            "NatGatewayId": made, "AssociationIds": [primary["AssociationId"]]}).code,
                         "InvalidParameterValue")
        gone = call("post", "DisassociateNatGatewayAddress", {
            "NatGatewayId": made, "AssociationIds": [its["AssociationId"]],
            "MaxDrainDurationSeconds": 1})["NatGatewayAddresses"]
        self.assertEqual([(a["PublicIp"], a["Status"]) for a in gone],
                         [(second["PublicIp"], "disassociating")])
        until(lambda: len(nat_now(made)["NatGatewayAddresses"]) == 1, what="the end of the drain")
        release(second["AllocationId"])
        drop_nat_gateway(made)
        release(first["AllocationId"])

    def AssignPrivateNatGatewayAddress(self):
        made = nat_gateway(self, SecondaryPrivateIpAddressCount=1)["NatGatewayId"]
        until(lambda: nat_now(made)["State"] == "available", what="a NAT gateway")
        added = call("post", "AssignPrivateNatGatewayAddress", {
            "NatGatewayId": made, "PrivateIpAddressCount": 2})["NatGatewayAddresses"]
        self.assertEqual([a["Status"] for a in added], ["assigning"] * 2)
        shown = nat_now(made)["NatGatewayAddresses"]
        self.assertEqual([a["IsPrimary"] for a in shown], [True, False, False, False])
        self.assertEqual({a["Status"] for a in shown}, {"succeeded"})
        self.assertEqual(refusal(call, "post", "AssignPrivateNatGatewayAddress", {
            "NatGatewayId": made, "PrivateIpAddressCount": 5}).code, "PrivateIpAddressLimitExceeded")

    def UnassignPrivateNatGatewayAddress(self):
        made = nat_gateway(self, SecondaryPrivateIpAddressCount=1)["NatGatewayId"]
        until(lambda: nat_now(made)["State"] == "available", what="a NAT gateway")
        its = nat_now(made)["NatGatewayAddresses"][1]["PrivateIp"]
        gone = call("post", "UnassignPrivateNatGatewayAddress", {
            "NatGatewayId": made, "PrivateIpAddresses": [its], "MaxDrainDurationSeconds": 1})
        self.assertEqual([(a["PrivateIp"], a["Status"]) for a in gone["NatGatewayAddresses"]],
                         [(its, "unassigning")])
        until(lambda: len(nat_now(made)["NatGatewayAddresses"]) == 1, what="the end of the drain")

    def DeleteNatGateway(self):
        made = nat_gateway(self)["NatGatewayId"]
        self.assertEqual(call("post", "DeleteNatGateway", {"NatGatewayId": made}),
                         {"NatGatewayId": made})
        until(lambda: nat_now(made)["State"] == "deleted", what="its end")
        self.assertIn("DeleteTime", nat_now(made))

    def CreateInternetGateway(self):
        made = call("post", "CreateInternetGateway", {"TagSpecifications": [
            {"ResourceType": "internet-gateway", "Tags": [{"Key": "k", "Value": "v"}]}]})
        made = made["InternetGateway"]
        no_more(ec2.delete_internet_gateway, InternetGatewayId=made["InternetGatewayId"])
        self.assertEqual((made["Attachments"], made["Tags"]), ([], [{"Key": "k", "Value": "v"}]))

    def AttachInternetGateway(self):
        home = new_vpc()
        gateway = new_gateway(home)
        found = ec2.describe_internet_gateways(InternetGatewayIds=[gateway])["InternetGateways"]
        self.assertEqual(found[0]["Attachments"], [{"State": "available", "VpcId": home}])

    def DetachInternetGateway(self):
        home = new_vpc()
        gateway = new_gateway()
        call("post", "AttachInternetGateway", {"InternetGatewayId": gateway, "VpcId": home})
        call("post", "DetachInternetGateway", {"InternetGatewayId": gateway, "VpcId": home})
        found = ec2.describe_internet_gateways(InternetGatewayIds=[gateway])["InternetGateways"]
        self.assertEqual(found[0]["Attachments"], [])

    def DeleteInternetGateway(self):
        gateway = new_gateway()
        call("post", "DeleteInternetGateway", {"InternetGatewayId": gateway})
        self.assertEqual(refusal(ec2.describe_internet_gateways,
                                 InternetGatewayIds=[gateway]).code,
                         "InvalidInternetGatewayID.NotFound")

    def DescribeInternetGateways(self):
        found = call("post", "DescribeInternetGateways", {"Filters": [
            {"Name": "attachment.vpc-id", "Values": [the.vpc]}]})["InternetGateways"]
        self.assertEqual([each["Attachments"] for each in found],
                         [[{"State": "available", "VpcId": the.vpc}]])

    def CreateEgressOnlyInternetGateway(self):
        home = new_vpc()
        ask = {"VpcId": home, "ClientToken": "eigw-1"}
        made = call("post", "CreateEgressOnlyInternetGateway", ask)
        again = call("post", "CreateEgressOnlyInternetGateway", ask)
        self.assertEqual(made, again)
        made = made["EgressOnlyInternetGateway"]
        no_more(ec2.delete_egress_only_internet_gateway,
                EgressOnlyInternetGatewayId=made["EgressOnlyInternetGatewayId"])
        self.assertEqual(made["Attachments"], [{"State": "attached", "VpcId": home}])

    def DeleteEgressOnlyInternetGateway(self):
        made = call("post", "CreateEgressOnlyInternetGateway", {"VpcId": new_vpc()})
        which = made["EgressOnlyInternetGateway"]["EgressOnlyInternetGatewayId"]
        self.assertTrue(call("post", "DeleteEgressOnlyInternetGateway", {
            "EgressOnlyInternetGatewayId": which})["ReturnCode"])
        self.assertEqual(refusal(ec2.describe_egress_only_internet_gateways,
                                 EgressOnlyInternetGatewayIds=[which]).code,
                         "InvalidEgressOnlyInternetGatewayId.NotFound")

    def DescribeEgressOnlyInternetGateways(self):
        made = call("post", "CreateEgressOnlyInternetGateway", {"VpcId": new_vpc()})
        made = made["EgressOnlyInternetGateway"]
        no_more(ec2.delete_egress_only_internet_gateway,
                EgressOnlyInternetGatewayId=made["EgressOnlyInternetGatewayId"])
        found = call("post", "DescribeEgressOnlyInternetGateways", {
            "EgressOnlyInternetGatewayIds": [made["EgressOnlyInternetGatewayId"]]})
        self.assertEqual(found["EgressOnlyInternetGateways"], [made])

    def DescribeNatGateways(self):
        made = nat_gateway(self)["NatGatewayId"]
        found = call("post", "DescribeNatGateways", {"Filter": [
            {"Name": "vpc-id", "Values": [the.vpc]}, {"Name": "nat-gateway-id", "Values": [made]}]})
        self.assertEqual([g["NatGatewayId"] for g in found["NatGateways"]], [made])


REFUSED = {
    "AttachInternetGateway": [
        ({"InternetGatewayId": "%gateway", "VpcId": "%vpc"}, "Resource.AlreadyAssociated"),
        ({"InternetGatewayId": "igw-00000000000000001", "VpcId": "%vpc"},
         "InvalidInternetGatewayID.NotFound"),
        ({"InternetGatewayId": "igw-1", "VpcId": "%vpc"}, "InvalidInternetGatewayId.Malformed")],
    "CreateEgressOnlyInternetGateway": [({"VpcId": MISSING["vpc"]}, "InvalidVpcID.NotFound")],
    "CreateInternetGateway": [
        ({"TagSpecifications": [{"ResourceType": "vpc", "Tags": [{"Key": "k", "Value": "v"}]}]},
         "InvalidParameterValue")],
    "DeleteEgressOnlyInternetGateway": missing(
        "EgressOnlyInternetGatewayId", "eigw", "InvalidEgressOnlyInternetGatewayId.NotFound",
        "InvalidEgressOnlyInternetGatewayId.Malformed", one=True),
    "DeleteInternetGateway": [({"InternetGatewayId": "%gateway"}, "DependencyViolation")],
    "DescribeInternetGateways": missing(
        "InternetGatewayIds", "igw", "InvalidInternetGatewayID.NotFound",
        "InvalidInternetGatewayId.Malformed"),
    "DetachInternetGateway": [
        ({"InternetGatewayId": "%gateway", "VpcId": "%vpc"}, "DependencyViolation"),
        ({"InternetGatewayId": "%gateway", "VpcId": MISSING["vpc"]}, "InvalidVpcID.NotFound")],
    "DescribeEgressOnlyInternetGateways": missing(
        "EgressOnlyInternetGatewayIds", "eigw",
        "InvalidEgressOnlyInternetGatewayId.NotFound", "InvalidEgressOnlyInternetGatewayId.Malformed"),
    "DescribeNatGateways": missing(
        "NatGatewayIds", "nat", "NatGatewayNotFound", "NatGatewayMalformed"),
    "CreateNatGateway": [
        ({"SubnetId": MISSING["subnet"], "ConnectivityType": "private"},
         "InvalidSubnetID.NotFound"),
        ({"SubnetId": MISSING["subnet"]}, "MissingParameter"),
        ({}, "MissingParameter")],
    "AssociateNatGatewayAddress": [
        ({"NatGatewayId": MISSING["nat"], "AllocationIds": [MISSING["eipalloc"]]},
         "NatGatewayNotFound"),
        ({"NatGatewayId": MISSING["nat"]}, "MissingParameter")],
    "DisassociateNatGatewayAddress": [
        ({"NatGatewayId": MISSING["nat"], "AssociationIds": [MISSING["eipassoc"]]},
         "NatGatewayNotFound"),
        ({"NatGatewayId": MISSING["nat"], "AssociationIds": [MISSING["eipassoc"]],
          "MaxDrainDurationSeconds": 4001}, "InvalidParameterValue")],
    "AssignPrivateNatGatewayAddress": [
        ({"NatGatewayId": MISSING["nat"], "PrivateIpAddressCount": 1}, "NatGatewayNotFound"),
        ({"NatGatewayId": MISSING["nat"]}, "MissingParameter"),
        ({"NatGatewayId": MISSING["nat"], "PrivateIpAddressCount": 1,
          "PrivateIpAddresses": ["172.31.0.9"]}, "InvalidParameterCombination")],
    "UnassignPrivateNatGatewayAddress": [
        ({"NatGatewayId": MISSING["nat"], "PrivateIpAddresses": ["172.31.0.9"]},
         "NatGatewayNotFound"),
        ({"NatGatewayId": MISSING["nat"]}, "MissingParameter")],
    "DeleteNatGateway": [
        ({"NatGatewayId": MISSING["nat"]}, "NatGatewayNotFound"),
        ({"NatGatewayId": "nat-x"}, "NatGatewayMalformed")],
}
