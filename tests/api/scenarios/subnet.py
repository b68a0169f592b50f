"""Subnets and what is set aside in them."""
from client import REGION, REGIONS, call, client, refusal

from .vpc import new_vpc
from .world import MISSING, Scenarios, ec2, missing, no_more, the


def new_subnet(**more):
    """The id of a new subnet in a VPC of its own, with a block of IPv6."""
    home = new_vpc(AmazonProvidedIpv6CidrBlock=True)
    made = call("post", "CreateSubnet", {"VpcId": home, "CidrBlock": "10.77.1.0/24", **more})
    no_more(ec2.delete_subnet, SubnetId=made["Subnet"]["SubnetId"])
    return made["Subnet"]["SubnetId"]


def ipv6_of(subnet):
    """The first /64 of the VPC that the subnet is in."""
    home = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["VpcId"]
    found = ec2.describe_vpcs(VpcIds=[home])["Vpcs"][0]["Ipv6CidrBlockAssociationSet"][0]
    return found["Ipv6CidrBlock"].replace("/56", "/64")


class Subnets(Scenarios):
    def DescribeSubnets(self):
        found = call("post", "DescribeSubnets", {"Filters": [
            {"Name": "default-for-az", "Values": ["true"]}]})["Subnets"]
        self.assertGreaterEqual(len(found), 2)
        for subnet in found:
            self.assertTrue(subnet["CidrBlock"].startswith("172.31."))
            self.assertEqual(subnet["VpcId"], the.vpc)
            self.assertTrue(subnet["MapPublicIpOnLaunch"])
        self.assertEqual(sum(4096 - 5 - subnet["AvailableIpAddressCount"] for subnet in found), 1)

    def CreateSubnet(self):
        home = new_vpc()
        made = call("post", "CreateSubnet", {
            "VpcId": home, "CidrBlock": "10.77.16.9/28", "AvailabilityZone": f"{REGION}b"})
        made = made["Subnet"]
        no_more(ec2.delete_subnet, SubnetId=made["SubnetId"])
        self.assertEqual((made["CidrBlock"], made["AvailabilityZone"], made["VpcId"],
                          made["AvailableIpAddressCount"], made["DefaultForAz"]),
                         ("10.77.16.0/28", f"{REGION}b", home, 11, False))
        ec2.get_waiter("subnet_available").wait(SubnetIds=[made["SubnetId"]])

    def DeleteSubnet(self):
        subnet = new_subnet()
        call("post", "DeleteSubnet", {"SubnetId": subnet})
        self.assertEqual(refusal(ec2.describe_subnets, SubnetIds=[subnet]).code,
                         "InvalidSubnetID.NotFound")

    def CreateDefaultSubnet(self):
        there = client(region=REGIONS[2])
        old = there.describe_subnets(Filters=[{"Name": "cidr-block", "Values": ["172.31.32.0/20"]}])
        old = old["Subnets"][0]
        there.delete_subnet(SubnetId=old["SubnetId"])
        made = there.create_default_subnet(AvailabilityZone=old["AvailabilityZone"])["Subnet"]
        self.assertEqual((made["CidrBlock"], made["DefaultForAz"], made["MapPublicIpOnLaunch"]),
                         ("172.31.32.0/20", True, True))

    def ModifySubnetAttribute(self):
        subnet = new_subnet()
        call("post", "ModifySubnetAttribute", {
            "SubnetId": subnet, "MapPublicIpOnLaunch": {"Value": True}})
        found = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]
        self.assertTrue(found["MapPublicIpOnLaunch"])

    def AssociateSubnetCidrBlock(self):
        subnet = new_subnet()
        block = ipv6_of(subnet)
        made = call("post", "AssociateSubnetCidrBlock", {
            "SubnetId": subnet, "Ipv6CidrBlock": block})["Ipv6CidrBlockAssociation"]
        found = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]
        found = found["Ipv6CidrBlockAssociationSet"][0]
        self.assertEqual((found["AssociationId"], found["Ipv6CidrBlock"]),
                         (made["AssociationId"], block))

    def DisassociateSubnetCidrBlock(self):
        subnet = new_subnet()
        made = call("post", "AssociateSubnetCidrBlock", {
            "SubnetId": subnet, "Ipv6CidrBlock": ipv6_of(subnet)})["Ipv6CidrBlockAssociation"]
        done = call("post", "DisassociateSubnetCidrBlock", {
            "AssociationId": made["AssociationId"]})
        self.assertEqual(done["SubnetId"], subnet)
        found = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]
        self.assertEqual(found["Ipv6CidrBlockAssociationSet"], [])

    def CreateSubnetCidrReservation(self):
        subnet = new_subnet()
        made = call("post", "CreateSubnetCidrReservation", {
            "SubnetId": subnet, "Cidr": "10.77.1.128/25", "ReservationType": "explicit",
            "Description": "half"})["SubnetCidrReservation"]
        self.assertEqual((made["SubnetId"], made["Cidr"], made["ReservationType"],
                          made["Description"]), (subnet, "10.77.1.128/25", "explicit", "half"))

    def GetSubnetCidrReservations(self):
        subnet = new_subnet()
        made = call("post", "CreateSubnetCidrReservation", {
            "SubnetId": subnet, "Cidr": "10.77.1.128/28", "ReservationType": "prefix"})
        found = call("post", "GetSubnetCidrReservations", {"SubnetId": subnet})
        self.assertEqual(found["SubnetIpv4CidrReservations"], [made["SubnetCidrReservation"]])
        self.assertEqual(found["SubnetIpv6CidrReservations"], [])

    def DeleteSubnetCidrReservation(self):
        subnet = new_subnet()
        made = call("post", "CreateSubnetCidrReservation", {
            "SubnetId": subnet, "Cidr": "10.77.1.128/28", "ReservationType": "prefix"})
        made = made["SubnetCidrReservation"]
        done = call("post", "DeleteSubnetCidrReservation", {
            "SubnetCidrReservationId": made["SubnetCidrReservationId"]})
        self.assertEqual(done["DeletedSubnetCidrReservation"], made)
        self.assertEqual(call("post", "GetSubnetCidrReservations", {"SubnetId": subnet})[
            "SubnetIpv4CidrReservations"], [])


REFUSED = {
    "AssociateSubnetCidrBlock": [
        ({"SubnetId": "%subnet"}, "MissingParameter"),
        ({"SubnetId": "%subnet", "Ipv6CidrBlock": "fd00::/64"}, "InvalidSubnet.Range"),
        ({"SubnetId": "%subnet", "Ipv6CidrBlock": "fd00::/60"}, "InvalidSubnet.Range"),
        ({"SubnetId": "%subnet", "Ipv6CidrBlock": "10.0.0.0/24"}, "InvalidParameterValue")],
    "CreateDefaultSubnet": [
        ({"AvailabilityZone": f"{REGION}a"}, "DefaultSubnetAlreadyExistsInAvailabilityZone"),
        ({"AvailabilityZone": "mars"}, "InvalidParameterValue")],
    "CreateSubnet": [
        ({"VpcId": "%vpc"}, "MissingParameter"),
        ({"VpcId": "%vpc", "CidrBlock": "172.31.0.0/24"}, "InvalidSubnet.Conflict"),
        ({"VpcId": "%vpc", "CidrBlock": "172.31.128.0/29"}, "InvalidSubnet.Range"),
        ({"VpcId": "%vpc", "CidrBlock": "10.0.0.0/24"}, "InvalidSubnet.Range"),
        ({"VpcId": "%vpc", "CidrBlock": "172.31.0.0/33"}, "InvalidParameterValue"),
        ({"VpcId": "%vpc", "CidrBlock": "172.31.128.0/24", "AvailabilityZone": "mars"},
         "InvalidParameterValue"),
        ({"VpcId": "%vpc", "CidrBlock": "172.31.128.0/24", "Ipv6Native": True},
         "UnsupportedOperation"),
        ({"VpcId": MISSING["vpc"], "CidrBlock": "172.31.128.0/24"}, "InvalidVpcID.NotFound")],
    "CreateSubnetCidrReservation": [
        ({"SubnetId": "%subnet", "Cidr": "10.0.0.0/28", "ReservationType": "explicit"},
         "InvalidParameterValue"),
        ({"SubnetId": "%subnet", "Cidr": "here", "ReservationType": "explicit"},
         "InvalidParameterValue"),
        ({"SubnetId": MISSING["subnet"], "Cidr": "10.0.0.0/28", "ReservationType": "explicit"},
         "InvalidSubnetID.NotFound")],
    "DeleteSubnet": [({"SubnetId": "%home"}, "DependencyViolation"),
                     ({"SubnetId": MISSING["subnet"]}, "InvalidSubnetID.NotFound")],
    "DeleteSubnetCidrReservation": missing(
        "SubnetCidrReservationId", "scr", "InvalidSubnetCidrReservationID.NotFound",
        "InvalidParameterValue", one=True),
    "DisassociateSubnetCidrBlock": missing(
        "AssociationId", "subnet-cidr-assoc", "InvalidSubnetCidrBlockAssociationID.NotFound",
        "InvalidParameterValue", one=True),
    "GetSubnetCidrReservations": [({"SubnetId": MISSING["subnet"]}, "InvalidSubnetID.NotFound")],
    "ModifySubnetAttribute": [
        ({"SubnetId": "%subnet"}, "MissingParameter"),
        ({"SubnetId": "%subnet", "MapPublicIpOnLaunch": {"Value": True},
          "EnableDns64": {"Value": False}}, "InvalidParameterCombination"),
        ({"SubnetId": "%subnet", "EnableDns64": {"Value": True}}, "UnsupportedOperation"),
        ({"SubnetId": "%subnet", "AssignIpv6AddressOnCreation": {"Value": True}},
         "InvalidParameterValue"),
        ({"SubnetId": MISSING["subnet"]}, "InvalidSubnetID.NotFound")],
    "DescribeSubnets": [({"SubnetIds": [MISSING["subnet"]]}, "InvalidSubnetID.NotFound"),
                        ({"SubnetIds": ["subnet"]}, "InvalidSubnetID.Malformed")],
}
