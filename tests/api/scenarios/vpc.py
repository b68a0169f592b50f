"""VPCs, their blocks of addresses and their DHCP options."""
from client import REGIONS, call, client, refusal

from .world import MISSING, Scenarios, ec2, gateway, missing, no_more, the


def new_vpc(cidr="10.77.0.0/16", **more):
    """The id of a new VPC, which goes with the tests."""
    made = call("post", "CreateVpc", {"CidrBlock": cidr, **more})["Vpc"]["VpcId"]
    no_more(ec2.delete_vpc, VpcId=made)
    return made


def new_options(**more):
    made = call("post", "CreateDhcpOptions", {"DhcpConfigurations": [
        {"Key": "domain-name", "Values": ["example.com"]},
        {"Key": "domain-name-servers", "Values": ["192.0.2.1", "AmazonProvidedDNS"]}], **more})
    no_more(ec2.delete_dhcp_options, DhcpOptionsId=made["DhcpOptions"]["DhcpOptionsId"])
    return made["DhcpOptions"]["DhcpOptionsId"]


class Vpcs(Scenarios):
    def DescribeVpcs(self):
        found = call("post", "DescribeVpcs", {"VpcIds": [the.vpc]})["Vpcs"][0]
        self.assertEqual((found["CidrBlock"], found["IsDefault"], found["State"]),
                         ("172.31.0.0/16", True, "available"))

    def CreateVpc(self):
        made = call("post", "CreateVpc", {
            "CidrBlock": "10.78.0.5/16", "AmazonProvidedIpv6CidrBlock": True,
            "TagSpecifications": [{"ResourceType": "vpc", "Tags": [{"Key": "k", "Value": "v"}]}]})
        made = made["Vpc"]
        no_more(ec2.delete_vpc, VpcId=made["VpcId"])
        self.assertEqual((made["CidrBlock"], made["State"], made["IsDefault"], made["Tags"]),
                         ("10.78.0.0/16", "pending", False, [{"Key": "k", "Value": "v"}]))
        self.assertRegex(made["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"], r"^fd.*/56$")
        ec2.get_waiter("vpc_available").wait(VpcIds=[made["VpcId"]])

    def DeleteVpc(self):
        home = new_vpc()
        call("post", "DeleteVpc", {"VpcId": home})
        self.assertEqual(refusal(ec2.describe_vpcs, VpcIds=[home]).code, "InvalidVpcID.NotFound")

    def CreateDefaultVpc(self):
        # Each region has its own from the first day: it goes, and another one comes.
        there = client(region=REGIONS[1])
        old = there.describe_vpcs()["Vpcs"][0]["VpcId"]
        mine = [{"Name": "vpc-id", "Values": [old]}]
        for subnet in there.describe_subnets(Filters=mine)["Subnets"]:
            there.delete_subnet(SubnetId=subnet["SubnetId"])
        gateway = there.describe_internet_gateways()["InternetGateways"][0]["InternetGatewayId"]
        there.detach_internet_gateway(InternetGatewayId=gateway, VpcId=old)
        there.delete_internet_gateway(InternetGatewayId=gateway)
        there.delete_vpc(VpcId=old)
        made = there.create_default_vpc()["Vpc"]
        self.assertEqual((made["CidrBlock"], made["IsDefault"]), ("172.31.0.0/16", True))
        self.assertEqual(len(there.describe_subnets()["Subnets"]), 3)
        self.assertEqual(len(there.describe_internet_gateways()["InternetGateways"]), 1)

    def ModifyVpcAttribute(self):
        home = new_vpc()
        call("post", "ModifyVpcAttribute", {"VpcId": home, "EnableDnsHostnames": {"Value": True}})
        found = call("post", "DescribeVpcAttribute", {
            "VpcId": home, "Attribute": "enableDnsHostnames"})
        self.assertEqual(found["EnableDnsHostnames"], {"Value": True})

    def ModifyVpcTenancy(self):
        self.assertTrue(call("post", "ModifyVpcTenancy", {
            "VpcId": new_vpc(), "InstanceTenancy": "default"})["ReturnValue"])

    def AssociateVpcCidrBlock(self):
        home = new_vpc()
        made = call("post", "AssociateVpcCidrBlock", {"VpcId": home, "CidrBlock": "10.79.0.0/16"})
        self.assertEqual((made["VpcId"], made["CidrBlockAssociation"]["CidrBlock"]),
                         (home, "10.79.0.0/16"))
        found = ec2.describe_vpcs(VpcIds=[home])["Vpcs"][0]["CidrBlockAssociationSet"]
        self.assertEqual([(a["CidrBlock"], a["CidrBlockState"]) for a in found],
                         [("10.77.0.0/16", {"State": "associated"}),
                          ("10.79.0.0/16", {"State": "associated"})])

    def DisassociateVpcCidrBlock(self):
        home = new_vpc()
        made = call("post", "AssociateVpcCidrBlock", {
            "VpcId": home, "AmazonProvidedIpv6CidrBlock": True})["Ipv6CidrBlockAssociation"]
        done = call("post", "DisassociateVpcCidrBlock", {"AssociationId": made["AssociationId"]})
        self.assertEqual(done["Ipv6CidrBlockAssociation"]["Ipv6CidrBlock"], made["Ipv6CidrBlock"])
        self.assertNotIn("Ipv6CidrBlockAssociationSet",
                         ec2.describe_vpcs(VpcIds=[home])["Vpcs"][0])

    def CreateDhcpOptions(self):
        made = new_options(TagSpecifications=[
            {"ResourceType": "dhcp-options", "Tags": [{"Key": "k", "Value": "v"}]}])
        found = ec2.describe_dhcp_options(DhcpOptionsIds=[made])["DhcpOptions"][0]
        self.assertEqual(found["DhcpConfigurations"], [
            {"Key": "domain-name", "Values": [{"Value": "example.com"}]},
            {"Key": "domain-name-servers", "Values": [{"Value": "192.0.2.1"},
                                                      {"Value": "AmazonProvidedDNS"}]}])
        self.assertEqual(found["Tags"], [{"Key": "k", "Value": "v"}])

    def DeleteDhcpOptions(self):
        made = new_options()
        call("post", "DeleteDhcpOptions", {"DhcpOptionsId": made})
        self.assertEqual(refusal(ec2.describe_dhcp_options, DhcpOptionsIds=[made]).code,
                         "InvalidDhcpOptionID.NotFound")

    def AssociateDhcpOptions(self):
        home = new_vpc()
        for options in (new_options(), "default"):
            call("post", "AssociateDhcpOptions", {"DhcpOptionsId": options, "VpcId": home})
            found = ec2.describe_vpcs(VpcIds=[home])["Vpcs"][0]
            self.assertEqual(found["DhcpOptionsId"], options)

    def DescribeDhcpOptions(self):
        named = ec2.describe_vpcs(VpcIds=[the.vpc])["Vpcs"][0]["DhcpOptionsId"]
        found = call("post", "DescribeDhcpOptions", {"DhcpOptionsIds": [named]})["DhcpOptions"][0]
        self.assertEqual(found["DhcpConfigurations"], [
            {"Key": "domain-name", "Values": [{"Value": "ec2.internal"}]},
            {"Key": "domain-name-servers", "Values": [{"Value": "AmazonProvidedDNS"}]}])
        call("post", "CreateTags", {"Resources": [named], "Tags": [{"Key": "dns", "Value": "1"}]})
        found = call("post", "DescribeDhcpOptions", {"Filters": [
            {"Name": "key", "Values": ["domain-name"]}, {"Name": "tag:dns", "Values": ["1"]}]})
        self.assertEqual([each["DhcpOptionsId"] for each in found["DhcpOptions"]], [named])

    def DescribeVpcAttribute(self):
        for name, on in (("enableDnsSupport", True), ("enableDnsHostnames", True),
                         ("enableNetworkAddressUsageMetrics", False)):
            found = call("post", "DescribeVpcAttribute", {"VpcId": the.vpc, "Attribute": name})
            self.assertEqual(found, {"VpcId": the.vpc, name[0].upper() + name[1:]: {"Value": on}})

    def DescribeVpcClassicLink(self):
        found = call("post", "DescribeVpcClassicLink", {"VpcIds": [the.vpc]})["Vpcs"]
        self.assertEqual([(v["VpcId"], v["ClassicLinkEnabled"]) for v in found], [(the.vpc, False)])

    def DescribeVpcClassicLinkDnsSupport(self):
        found = call("post", "DescribeVpcClassicLinkDnsSupport", {"VpcIds": [the.vpc]})["Vpcs"]
        self.assertEqual(found, [{"VpcId": the.vpc, "ClassicLinkDnsSupported": False}])


REFUSED = {
    "AssociateDhcpOptions": [
        ({"DhcpOptionsId": "dopt-00000000000000001", "VpcId": "%vpc"},
         "InvalidDhcpOptionID.NotFound"),
        ({"DhcpOptionsId": "none", "VpcId": "%vpc"}, "InvalidDhcpOptionsId.Malformed"),
        ({"DhcpOptionsId": "default", "VpcId": MISSING["vpc"]}, "InvalidVpcID.NotFound")],
    "AssociateVpcCidrBlock": [
        ({"VpcId": "%vpc"}, "MissingParameter"),
        ({"VpcId": "%vpc", "CidrBlock": "172.31.128.0/20"}, "InvalidVpc.Range"),
        ({"VpcId": "%vpc", "CidrBlock": "10.0.0.0/16"}, "InvalidVpc.Range"),
        ({"VpcId": "%vpc", "CidrBlock": "100.64.0.0/29"}, "InvalidVpc.Range"),
        ({"VpcId": "%vpc", "CidrBlock": "172.20.0.0/16", "AmazonProvidedIpv6CidrBlock": True},
         "InvalidParameterCombination"),
        ({"VpcId": "%vpc", "AmazonProvidedIpv6CidrBlock": True,
          "Ipv6CidrBlockNetworkBorderGroup": "mars"}, "InvalidParameterValue")],
    "CreateDefaultVpc": [({}, "DefaultVpcAlreadyExists")],
    "CreateDhcpOptions": [
        ({"DhcpConfigurations": [{"Key": "colour", "Values": ["red"]}]}, "InvalidParameterValue"),
        ({"DhcpConfigurations": [{"Key": "ntp-servers", "Values": ["time"]}]},
         "InvalidParameterValue"),
        ({"DhcpConfigurations": [{"Key": "netbios-node-type", "Values": ["1", "2"]}]},
         "InvalidParameterValue"),
        ({"DhcpConfigurations": [{"Key": "domain-name"}]}, "MissingParameter"),
        ({}, "MissingParameter")],
    "CreateVpc": [
        ({}, "MissingParameter"),
        ({"CidrBlock": "10.0.0.0/15"}, "InvalidVpc.Range"),
        ({"CidrBlock": "10.0.0.0/29"}, "InvalidVpc.Range"),
        ({"CidrBlock": "169.254.0.0/16"}, "InvalidVpc.Range"),
        ({"CidrBlock": "ten"}, "InvalidParameterValue"),
        ({"CidrBlock": "10.0.0.0/16", "InstanceTenancy": "dedicated"}, "UnsupportedOperation")],
    "DeleteDhcpOptions": missing("DhcpOptionsId", "dopt", "InvalidDhcpOptionID.NotFound",
                                 "InvalidDhcpOptionsId.Malformed", one=True) + [
        ({"DhcpOptionsId": "%options"}, "DependencyViolation")],
    "DeleteVpc": [({"VpcId": "%vpc"}, "DependencyViolation"),
                  ({"VpcId": MISSING["vpc"]}, "InvalidVpcID.NotFound")],
    "DisassociateVpcCidrBlock": missing(
        "AssociationId", "vpc-cidr-assoc", "InvalidVpcCidrBlockAssociationID.NotFound",
        "InvalidParameterValue", one=True),
    "ModifyVpcAttribute": [
        ({"VpcId": "%vpc"}, "MissingParameter"),
        ({"VpcId": "%vpc", "EnableDnsSupport": {"Value": True},
          "EnableDnsHostnames": {"Value": True}}, "InvalidParameterCombination")],
    "ModifyVpcTenancy": [({"VpcId": "%vpc", "InstanceTenancy": "dedicated"},
                          "InvalidParameterValue")],
    "DescribeDhcpOptions": missing(
        "DhcpOptionsIds", "dopt", "InvalidDhcpOptionID.NotFound", "InvalidDhcpOptionsId.Malformed"),
    "DescribeVpcAttribute": [
        ({"VpcId": MISSING["vpc"], "Attribute": "enableDnsSupport"}, "InvalidVpcID.NotFound"),
        ({"VpcId": "%vpc", "Attribute": "height"}, "InvalidParameterValue")],
    "DescribeVpcClassicLink": [({"VpcIds": [MISSING["vpc"]]}, "InvalidVpcID.NotFound")],
    "DescribeVpcClassicLinkDnsSupport": [({"VpcIds": [MISSING["vpc"]]}, "InvalidVpcID.NotFound")],
    "DescribeVpcs": [({"VpcIds": [MISSING["vpc"]]}, "InvalidVpcID.NotFound"),
                     ({"VpcIds": ["vpc-"]}, "InvalidVpcID.Malformed")],
}
