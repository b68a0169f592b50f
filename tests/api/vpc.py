#!/usr/bin/python3 -B
# area: network
"""A VPC as a module of Terraform makes it, and takes it down again: every wait is one that a client has."""
import unittest

from client import REGION, client, refusal, tap


def setUpModule():
    global ec2
    ec2 = client()


def named(kind, name):
    return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name}]}]


class Vpc(unittest.TestCase):
    def test_a_vpc_with_public_and_private_subnets_comes_and_goes(self):
        vpc = ec2.create_vpc(CidrBlock="10.42.0.0/16", AmazonProvidedIpv6CidrBlock=True,
                             TagSpecifications=named("vpc", "lab"))["Vpc"]["VpcId"]
        ec2.get_waiter("vpc_available").wait(VpcIds=[vpc])
        ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
        options = ec2.create_dhcp_options(DhcpConfigurations=[
            {"Key": "domain-name", "Values": ["lab.example.com"]},
            {"Key": "domain-name-servers", "Values": ["AmazonProvidedDNS"]},
        ])["DhcpOptions"]["DhcpOptionsId"]
        ec2.associate_dhcp_options(DhcpOptionsId=options, VpcId=vpc)
        extra = ec2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock="10.43.0.0/16")

        # What comes with a VPC is found by the filters that Terraform uses.
        mine = {"Name": "vpc-id", "Values": [vpc]}
        self.assertEqual(len(ec2.describe_route_tables(Filters=[
            mine, {"Name": "association.main", "Values": ["true"]}])["RouteTables"]), 1)
        self.assertEqual(len(ec2.describe_network_acls(Filters=[
            mine, {"Name": "default", "Values": ["true"]}])["NetworkAcls"]), 1)
        self.assertEqual(len(ec2.describe_security_groups(Filters=[
            mine, {"Name": "group-name", "Values": ["default"]}])["SecurityGroups"]), 1)

        found = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]
        self.assertEqual([a["CidrBlock"] for a in found["CidrBlockAssociationSet"]],
                         ["10.42.0.0/16", "10.43.0.0/16"])
        prefix = found["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].replace("/56", "/64")
        blocks = ("10.42.1.0/24", "10.42.2.0/24", "10.43.1.0/24")
        subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=block,
                                     AvailabilityZone=f"{REGION}{zone}")["Subnet"]["SubnetId"]
                   for block, zone in zip(blocks, "abc")]
        ec2.get_waiter("subnet_available").wait(SubnetIds=subnets)
        ec2.modify_subnet_attribute(SubnetId=subnets[0], MapPublicIpOnLaunch={"Value": True})
        ec2.associate_subnet_cidr_block(SubnetId=subnets[0], Ipv6CidrBlock=prefix)
        self.assertEqual(refusal(ec2.associate_subnet_cidr_block, SubnetId=subnets[1],
                                 Ipv6CidrBlock=prefix).code, "InvalidSubnet.Conflict")
        ec2.modify_subnet_attribute(SubnetId=subnets[0],
                                    AssignIpv6AddressOnCreation={"Value": True})
        gateway = ec2.create_internet_gateway(
            TagSpecifications=named("internet-gateway", "lab"))["InternetGateway"][
                "InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        egress = ec2.create_egress_only_internet_gateway(VpcId=vpc)[
            "EgressOnlyInternetGateway"]["EgressOnlyInternetGatewayId"]

        # Nothing goes before what is in it.
        for remove, ids in ((ec2.delete_vpc, {"VpcId": vpc}),
                            (ec2.delete_internet_gateway, {"InternetGatewayId": gateway}),
                            (ec2.delete_dhcp_options, {"DhcpOptionsId": options}),
                            (ec2.disassociate_vpc_cidr_block, {"AssociationId": extra[
                                "CidrBlockAssociation"]["AssociationId"]})):
            self.assertEqual(refusal(remove, **ids).code, "DependencyViolation")

        ec2.delete_egress_only_internet_gateway(EgressOnlyInternetGatewayId=egress)
        ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        ec2.delete_internet_gateway(InternetGatewayId=gateway)
        for subnet in subnets:
            ec2.delete_subnet(SubnetId=subnet)
        ec2.delete_vpc(VpcId=vpc)
        ec2.delete_dhcp_options(DhcpOptionsId=options)
        self.assertEqual(ec2.describe_subnets(Filters=[mine])["Subnets"], [])
        self.assertEqual(ec2.describe_route_tables(Filters=[mine])["RouteTables"], [])
        self.assertEqual(ec2.describe_security_groups(Filters=[mine])["SecurityGroups"], [])

    def test_vpcs_may_have_the_same_addresses(self):
        vpcs = [ec2.create_vpc(CidrBlock="10.44.0.0/16")["Vpc"]["VpcId"] for _ in range(3)]
        ec2.get_waiter("vpc_available").wait(VpcIds=vpcs)
        for vpc in vpcs:
            ec2.delete_vpc(VpcId=vpc)


if __name__ == "__main__":
    tap.main()
