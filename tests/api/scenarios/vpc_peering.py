"""Peerings of two VPCs."""
import functools

from client import call

from .vpc import new_vpc
from .world import MISSING, Scenarios, ec2, missing, the

PEER_BLOCK = "10.77.0.0/16"


@functools.lru_cache
def other_vpc():
    """A VPC beside the default one, for the whole file."""
    return new_vpc(PEER_BLOCK)


def peering(**more):
    """A new request for a peering of the default VPC with another: its id, and how it was shown."""
    made = call("post", "CreateVpcPeeringConnection", {
        "VpcId": the.vpc, "PeerVpcId": other_vpc(), **more})["VpcPeeringConnection"]
    return made["VpcPeeringConnectionId"], made


def peering_now(asked):
    return ec2.describe_vpc_peering_connections(
        VpcPeeringConnectionIds=[asked])["VpcPeeringConnections"][0]


class VpcPeerings(Scenarios):
    def AcceptVpcPeeringConnection(self):
        asked, _ = peering()
        made = call("post", "AcceptVpcPeeringConnection", {"VpcPeeringConnectionId": asked})
        made = made["VpcPeeringConnection"]
        self.assertEqual((made["Status"], made["AccepterVpcInfo"]["CidrBlockSet"]),
                         ({"Code": "active", "Message": "Active"}, [{"CidrBlock": PEER_BLOCK}]))
        ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=asked)

    def CreateVpcPeeringConnection(self):
        asked, made = peering(TagSpecifications=[
            {"ResourceType": "vpc-peering-connection", "Tags": [{"Key": "k", "Value": "v"}]}])
        self.assertEqual((made["Status"]["Code"], made["RequesterVpcInfo"]["VpcId"], made["Tags"]),
                         ("pending-acceptance", the.vpc, [{"Key": "k", "Value": "v"}]))
        self.assertEqual(made["RequesterVpcInfo"]["CidrBlock"], "172.31.0.0/16")
        ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=asked)

    def DeleteVpcPeeringConnection(self):
        asked, _ = peering()
        self.assertTrue(call("post", "DeleteVpcPeeringConnection", {
            "VpcPeeringConnectionId": asked})["Return"])
        self.assertEqual(peering_now(asked)["Status"]["Code"], "deleted")

    def DescribeVpcPeeringConnections(self):
        asked, _ = peering()
        found = call("post", "DescribeVpcPeeringConnections", {"Filters": [
            {"Name": "status-code", "Values": ["pending-acceptance"]},
            {"Name": "requester-vpc-info.vpc-id", "Values": [the.vpc]}]})["VpcPeeringConnections"]
        self.assertEqual([one["VpcPeeringConnectionId"] for one in found], [asked])
        ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=asked)

    def ModifyVpcPeeringConnectionOptions(self):
        asked, _ = peering()
        ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=asked)
        done = call("post", "ModifyVpcPeeringConnectionOptions", {
            "VpcPeeringConnectionId": asked,
            "RequesterPeeringConnectionOptions": {"AllowDnsResolutionFromRemoteVpc": False}})
        self.assertFalse(
            done["RequesterPeeringConnectionOptions"]["AllowDnsResolutionFromRemoteVpc"])
        ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=asked)

    def RejectVpcPeeringConnection(self):
        asked, _ = peering()
        self.assertTrue(call("post", "RejectVpcPeeringConnection", {
            "VpcPeeringConnectionId": asked})["Return"])
        self.assertEqual(peering_now(asked)["Status"]["Code"], "rejected")


REFUSED = {
    "DescribeVpcPeeringConnections": missing(
        "VpcPeeringConnectionIds", "pcx",
        "InvalidVpcPeeringConnectionID.NotFound", "InvalidVpcPeeringConnectionId.Malformed"),
    "AcceptVpcPeeringConnection": [
        ({"VpcPeeringConnectionId": MISSING["pcx"]}, "InvalidVpcPeeringConnectionID.NotFound"),
        ({"VpcPeeringConnectionId": "pcx-1"}, "InvalidVpcPeeringConnectionId.Malformed")],
    "CreateVpcPeeringConnection": [
        ({"VpcId": "%vpc"}, "MissingParameter"),
        ({"VpcId": "%vpc", "PeerVpcId": "%vpc"}, "InvalidParameterValue"),
        ({"VpcId": MISSING["vpc"], "PeerVpcId": "%vpc"}, "InvalidVpcID.NotFound")],
    "DeleteVpcPeeringConnection": [
        ({"VpcPeeringConnectionId": MISSING["pcx"]}, "InvalidVpcPeeringConnectionID.NotFound")],
    "ModifyVpcPeeringConnectionOptions": [
        ({"VpcPeeringConnectionId": MISSING["pcx"]}, "MissingParameter"),
        ({"VpcPeeringConnectionId": MISSING["pcx"], "RequesterPeeringConnectionOptions": {
            "AllowDnsResolutionFromRemoteVpc": True}}, "UnsupportedOperation"),
        ({"VpcPeeringConnectionId": MISSING["pcx"], "RequesterPeeringConnectionOptions": {
            "AllowDnsResolutionFromRemoteVpc": False}}, "InvalidVpcPeeringConnectionID.NotFound")],
    "RejectVpcPeeringConnection": [
        ({"VpcPeeringConnectionId": MISSING["pcx"]}, "InvalidVpcPeeringConnectionID.NotFound")],
}
