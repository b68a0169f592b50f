#!/usr/bin/python3 -B
# area: front-door network
# timeout: 180
"""The calls that Terraform's AWS provider makes for a small site, in its order: each resource is created,
waited for, read back attribute by attribute, found unchanged, and destroyed.

Terraform itself and its provider are in no package of Debian's or npm's, so these are the calls without
them, as the sources of version 5 make them. A refresh must see what was made, and after a destroy each
read must end in the code by which the provider knows that a thing has gone.
"""
import time
import unittest

import botocore.exceptions

from support import HERE  # noqa: F401 (where client is)

from client import client, code_of, register_image, tap

PUBLIC_KEY = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJLuXxAkBHDPjbBbIqYYW4z6sgnXVKHAvcIRTDC6MqRr tf@here"
EVERYONE = "0.0.0.0/0"


def setUpModule():
    global ec2, image
    ec2 = client()
    image = register_image("for-terraform")


def tags(kind, name):
    return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name},
                                            {"Key": "ManagedBy", "Value": "terraform"}]}]


def name_of(thing):
    return {tag["Key"]: tag["Value"] for tag in thing["Tags"]}["Name"]


def by(**values):
    return [{"Name": name.replace("__", ".").replace("_", "-"), "Values": [value]}
            for name, value in values.items()]


def wait(read, wanted, seconds=30):
    """The provider reads until a state is there, and so does this."""
    end = time.monotonic() + seconds
    while True:
        found = read()
        if wanted(found):
            return found
        if time.monotonic() > end:
            raise AssertionError(f"after {seconds} s it is {found}")
        time.sleep(0.2)


class Site(unittest.TestCase):
    """One site, made and removed step by step; the names of the tests are their order."""
    maxDiff = None

    def gone(self, code, call, **params):
        with self.assertRaises(botocore.exceptions.ClientError) as raised:
            call(**params)
        self.assertEqual(code_of(raised.exception), code)

    @classmethod
    def read_vpc(cls):
        return ec2.describe_vpcs(VpcIds=[cls.vpc])["Vpcs"][0]

    def test_01_aws_vpc(self):
        cls = type(self)
        made = ec2.create_vpc(CidrBlock="10.20.0.0/16", InstanceTenancy="default",
                              TagSpecifications=tags("vpc", "site"))["Vpc"]
        cls.vpc = made["VpcId"]
        wait(self.read_vpc, lambda vpc: vpc["State"] == "available")
        ec2.modify_vpc_attribute(VpcId=self.vpc, EnableDnsHostnames={"Value": True})
        expected = {"EnableDnsSupport": True, "EnableDnsHostnames": True,
                    "EnableNetworkAddressUsageMetrics": False}
        for attribute, value in expected.items():
            try:
                found = ec2.describe_vpc_attribute(VpcId=self.vpc,
                                                   Attribute=attribute[0].lower() + attribute[1:])
            except botocore.exceptions.ParamValidationError:
                continue  # newer than this botocore
            self.assertEqual(found[attribute], {"Value": value}, attribute)
        vpc = self.read_vpc()
        self.assertEqual((vpc["CidrBlock"], vpc["InstanceTenancy"], vpc["IsDefault"], name_of(vpc)),
                         ("10.20.0.0/16", "default", False, "site"))
        self.assertEqual(vpc["CidrBlockAssociationSet"][0]["CidrBlockState"]["State"], "associated")
        # default_network_acl_id, main_route_table_id, default_security_group_id
        acls = ec2.describe_network_acls(Filters=by(default="true", vpc_id=self.vpc))["NetworkAcls"]
        tables = ec2.describe_route_tables(
            Filters=by(association__main="true", vpc_id=self.vpc))["RouteTables"]
        groups = ec2.describe_security_groups(
            Filters=by(group_name="default", vpc_id=self.vpc))["SecurityGroups"]
        self.assertEqual((len(acls), len(tables), len(groups)), (1, 1, 1))
        cls.main = tables[0]["RouteTableId"]

    def test_02_aws_subnet(self):
        cls = type(self)
        cls.subnets = {}
        for name, block, zone in (("public", "10.20.1.0/24", "us-east-1a"),
                                  ("private", "10.20.2.0/24", "us-east-1b")):
            made = ec2.create_subnet(VpcId=self.vpc, CidrBlock=block, AvailabilityZone=zone,
                                     TagSpecifications=tags("subnet", name))["Subnet"]
            cls.subnets[name] = made["SubnetId"]
            found = wait(lambda: ec2.describe_subnets(SubnetIds=[made["SubnetId"]])["Subnets"][0],
                         lambda subnet: subnet["State"] == "available")
            self.assertEqual((found["CidrBlock"], found["AvailabilityZone"], name_of(found)),
                             (block, zone, name))
            self.assertEqual(found["AvailableIpAddressCount"], 251)
            self.assertFalse(found["MapPublicIpOnLaunch"])
        ec2.modify_subnet_attribute(SubnetId=self.subnets["public"],
                                    MapPublicIpOnLaunch={"Value": True})
        wait(lambda: ec2.describe_subnets(SubnetIds=[self.subnets["public"]])["Subnets"][0],
             lambda subnet: subnet["MapPublicIpOnLaunch"])
        # aws_ec2_subnet_cidr_reservation: what is drawn for others is not what test_10 asks for.
        cls.reservation = ec2.create_subnet_cidr_reservation(
            SubnetId=self.subnets["public"], Cidr="10.20.1.64/28", ReservationType="explicit",
            Description="by name")["SubnetCidrReservation"]["SubnetCidrReservationId"]
        found = ec2.get_subnet_cidr_reservations(SubnetId=self.subnets["public"])
        self.assertEqual([(each["SubnetCidrReservationId"], each["Cidr"], each["ReservationType"])
                          for each in found["SubnetIpv4CidrReservations"]],
                         [(self.reservation, "10.20.1.64/28", "explicit")])

    def test_03_aws_internet_gateway(self):
        cls = type(self)
        made = ec2.create_internet_gateway(TagSpecifications=tags("internet-gateway", "way out"))
        cls.gateway = made["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=self.gateway, VpcId=self.vpc)
        found = wait(lambda: ec2.describe_internet_gateways(
            InternetGatewayIds=[self.gateway])["InternetGateways"][0],
            lambda gateway: gateway["Attachments"] and
            gateway["Attachments"][0]["State"] == "available")
        self.assertEqual(found["Attachments"][0]["VpcId"], self.vpc)
        self.gone("InvalidInternetGatewayID.NotFound", ec2.describe_internet_gateways,
                  InternetGatewayIds=["igw-0123456789abcdef0"])

    def read_table(self, table):
        return ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]

    def route(self, table, **target):
        self.assertTrue(ec2.create_route(RouteTableId=table, DestinationCidrBlock=EVERYONE,
                                         **target)["Return"])
        wait(lambda: self.read_table(table), lambda found: any(
            route.get("DestinationCidrBlock") == EVERYONE and route["State"] == "active"
            for route in found["Routes"]))

    def associate(self, table, subnet):
        made = ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
        self.assertEqual(made["AssociationState"]["State"], "associated")
        found = ec2.describe_route_tables(Filters=by(
            association__route_table_association_id=made["AssociationId"]))["RouteTables"]
        self.assertEqual([each["RouteTableId"] for each in found], [table])
        return made["AssociationId"]

    def test_04_aws_route_table_and_association(self):
        cls = type(self)
        made = ec2.create_route_table(VpcId=self.vpc, TagSpecifications=tags("route-table", "public"))
        cls.public_table = made["RouteTable"]["RouteTableId"]
        routes = self.read_table(self.public_table)["Routes"]
        self.assertEqual([(route["DestinationCidrBlock"], route["GatewayId"], route["Origin"],
                           route["State"]) for route in routes],
                         [("10.20.0.0/16", "local", "CreateRouteTable", "active")])
        self.route(self.public_table, GatewayId=self.gateway)
        cls.public_association = self.associate(self.public_table, self.subnets["public"])

    def test_05_aws_eip_and_nat_gateway(self):
        cls = type(self)
        made = ec2.allocate_address(Domain="vpc", TagSpecifications=tags("elastic-ip", "nat"))
        cls.nat_address = made["AllocationId"]
        found = ec2.describe_addresses(AllocationIds=[self.nat_address])["Addresses"][0]
        self.assertEqual((found["Domain"], found["PublicIp"], name_of(found)),
                         ("vpc", made["PublicIp"], "nat"))
        made = ec2.create_nat_gateway(AllocationId=self.nat_address, ConnectivityType="public",
                                      SubnetId=self.subnets["public"],
                                      TagSpecifications=tags("natgateway", "nat"))["NatGateway"]
        cls.nat = made["NatGatewayId"]
        found = wait(lambda: ec2.describe_nat_gateways(NatGatewayIds=[self.nat])["NatGateways"][0],
                     lambda nat: nat["State"] == "available")
        address = found["NatGatewayAddresses"][0]
        self.assertEqual(address["AllocationId"], self.nat_address)
        made = ec2.create_route_table(VpcId=self.vpc, TagSpecifications=tags("route-table", "private"))
        cls.private_table = made["RouteTable"]["RouteTableId"]
        self.route(self.private_table, NatGatewayId=self.nat)
        cls.private_association = self.associate(self.private_table, self.subnets["private"])

    def test_06_aws_security_group_and_its_rules(self):
        cls = type(self)
        cls.group = ec2.create_security_group(
            GroupName="site-web", Description="Managed by Terraform", VpcId=self.vpc,
            TagSpecifications=tags("security-group", "web"))["GroupId"]
        found = ec2.describe_security_groups(GroupIds=[self.group])["SecurityGroups"][0]
        self.assertEqual(len(found["IpPermissionsEgress"]), 1)
        # Terraform wants no rule that nobody wrote, and takes away the one that EC2 made.
        ec2.revoke_security_group_egress(GroupId=self.group, IpPermissions=[
            {"IpProtocol": "-1", "FromPort": 0, "ToPort": 0, "IpRanges": [{"CidrIp": EVERYONE}]}])
        self.gone("InvalidPermission.NotFound", ec2.revoke_security_group_egress, GroupId=self.group,
                  IpPermissions=[{"IpProtocol": "-1", "FromPort": 0, "ToPort": 0,
                                  "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}])
        ec2.authorize_security_group_ingress(GroupId=self.group, IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22,
             "IpRanges": [{"CidrIp": EVERYONE, "Description": "SSH"}]},
            {"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080,
             "UserIdGroupPairs": [{"GroupId": self.group}]}])
        ec2.authorize_security_group_egress(GroupId=self.group, IpPermissions=[
            {"IpProtocol": "-1", "FromPort": 0, "ToPort": 0, "IpRanges": [{"CidrIp": EVERYONE}]}])
        # aws_vpc_security_group_ingress_rule: one rule, tagged, read back by its id
        rule = ec2.authorize_security_group_ingress(
            GroupId=self.group, IpPermissions=[{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443,
                                                "IpRanges": [{"CidrIp": "10.20.0.0/16"}]}],
            TagSpecifications=tags("security-group-rule", "https"))["SecurityGroupRules"][0]
        found = ec2.describe_security_group_rules(
            SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]])["SecurityGroupRules"][0]
        self.assertEqual((found["FromPort"], found["CidrIpv4"], found["IsEgress"], name_of(found)),
                         (443, "10.20.0.0/16", False, "https"))
        found = ec2.describe_security_groups(GroupIds=[self.group])["SecurityGroups"][0]
        self.assertEqual(sorted(each["FromPort"] for each in found["IpPermissions"]), [22, 443, 8080])

    def test_07_aws_network_acl(self):
        cls = type(self)
        made = ec2.create_network_acl(VpcId=self.vpc, TagSpecifications=tags("network-acl", "private"))
        cls.acl = made["NetworkAcl"]["NetworkAclId"]
        for egress in False, True:
            ec2.create_network_acl_entry(NetworkAclId=self.acl, RuleNumber=100, Protocol="-1",
                                         RuleAction="allow", Egress=egress, CidrBlock=EVERYONE)
        old = ec2.describe_network_acls(Filters=by(
            association__subnet_id=self.subnets["private"]))["NetworkAcls"][0]["Associations"]
        old = [each for each in old if each["SubnetId"] == self.subnets["private"]][0]
        ec2.replace_network_acl_association(AssociationId=old["NetworkAclAssociationId"],
                                            NetworkAclId=self.acl)
        found = ec2.describe_network_acls(NetworkAclIds=[self.acl])["NetworkAcls"][0]
        self.assertEqual([each["SubnetId"] for each in found["Associations"]],
                         [self.subnets["private"]])
        self.assertEqual(sorted((entry["RuleNumber"], entry["RuleAction"]) for entry in found["Entries"]),
                         [(100, "allow")] * 2 + [(32767, "deny")] * 2)

    def test_08_aws_instance(self):
        cls = type(self)
        ec2.import_key_pair(KeyName="terraform", PublicKeyMaterial=PUBLIC_KEY,
                            TagSpecifications=tags("key-pair", "terraform"))
        self.assertTrue(ec2.describe_key_pairs(KeyNames=["terraform"])["KeyPairs"][0]["KeyPairId"])
        root = ec2.describe_images(ImageIds=[image])["Images"][0]["RootDeviceName"]
        made = ec2.run_instances(
            ImageId=image, InstanceType="t3.micro", KeyName="terraform", MinCount=1, MaxCount=1,
            ClientToken="terraform-20261126000000000000000001", DisableApiTermination=False,
            EbsOptimized=False, Monitoring={"Enabled": False},
            BlockDeviceMappings=[{"DeviceName": root, "Ebs": {"VolumeSize": 10, "VolumeType": "gp3",
                                                              "DeleteOnTermination": True}}],
            NetworkInterfaces=[{"DeviceIndex": 0, "SubnetId": self.subnets["public"],
                                "Groups": [self.group], "AssociatePublicIpAddress": True,
                                "DeleteOnTermination": True}],
            TagSpecifications=tags("instance", "web") + tags("volume", "web"))["Instances"][0]
        cls.instance = made["InstanceId"]
        found = wait(self.read_instance, lambda instance: instance["State"]["Name"] == "running")
        self.assertEqual((found["SubnetId"], found["VpcId"], name_of(found)),
                         (self.subnets["public"], self.vpc, "web"))
        self.assertEqual([group["GroupId"] for group in found["SecurityGroups"]], [self.group])
        self.assertTrue(found["PrivateIpAddress"].startswith("10.20.1."))
        self.assertTrue(found["PublicDnsName"])
        for attribute, value in (("disableApiTermination", False), ("disableApiStop", False)):
            got = ec2.describe_instance_attribute(InstanceId=self.instance, Attribute=attribute)
            self.assertEqual(got[attribute[0].upper() + attribute[1:]], {"Value": value})
        got = ec2.describe_instance_attribute(InstanceId=self.instance,
                                              Attribute="instanceInitiatedShutdownBehavior")
        self.assertEqual(got["InstanceInitiatedShutdownBehavior"], {"Value": "stop"})
        self.assertEqual(ec2.describe_instance_attribute(
            InstanceId=self.instance, Attribute="userData")["UserData"], {})
        volume = found["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
        got = ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]
        self.assertEqual((got["Size"], got["VolumeType"], name_of(got)), (10, "gp3", "web"))
        self.assertTrue(ec2.describe_instance_types(InstanceTypes=["t3.micro"])["InstanceTypes"])
        got = ec2.describe_instance_credit_specifications(InstanceIds=[self.instance])
        self.assertEqual(got["InstanceCreditSpecifications"][0]["CpuCredits"], "unlimited")
        self.assertEqual(ec2.describe_iam_instance_profile_associations(
            Filters=by(instance_id=self.instance))["IamInstanceProfileAssociations"], [])

    @classmethod
    def read_instance(cls):
        return ec2.describe_instances(InstanceIds=[cls.instance])["Reservations"][0]["Instances"][0]

    def test_09_aws_eip_association(self):
        cls = type(self)
        made = ec2.allocate_address(Domain="vpc", TagSpecifications=tags("elastic-ip", "web"))
        cls.web_address = made["AllocationId"]
        cls.web_association = ec2.associate_address(
            AllocationId=self.web_address, InstanceId=self.instance,
            AllowReassociation=False)["AssociationId"]
        found = wait(lambda: ec2.describe_addresses(AllocationIds=[self.web_address])["Addresses"][0],
                     lambda address: address.get("AssociationId") == self.web_association)
        self.assertEqual((found["InstanceId"], found["PrivateIpAddress"]),
                         (self.instance, self.read_instance()["PrivateIpAddress"]))
        wait(self.read_instance, lambda instance: instance["PublicIpAddress"] == made["PublicIp"])

    def test_10_aws_network_interface(self):
        cls = type(self)
        made = ec2.create_network_interface(
            SubnetId=self.subnets["public"], Groups=[self.group], Description="second",
            PrivateIpAddress="10.20.1.77", TagSpecifications=tags("network-interface", "second"))
        cls.interface = made["NetworkInterface"]["NetworkInterfaceId"]
        found = wait(self.read_interface, lambda interface: interface["Status"] == "available")
        self.assertEqual((found["PrivateIpAddress"], found["Description"]), ("10.20.1.77", "second"))
        ec2.attach_network_interface(NetworkInterfaceId=self.interface, InstanceId=self.instance,
                                     DeviceIndex=1)
        found = wait(self.read_interface, lambda interface:
                     interface.get("Attachment", {}).get("Status") == "attached")
        self.assertEqual((found["Status"], found["Attachment"]["DeviceIndex"]), ("in-use", 1))
        ec2.detach_network_interface(AttachmentId=found["Attachment"]["AttachmentId"], Force=True)
        wait(self.read_interface, lambda interface: interface["Status"] == "available")
        ec2.delete_network_interface(NetworkInterfaceId=self.interface)
        self.gone("InvalidNetworkInterfaceID.NotFound", ec2.describe_network_interfaces,
                  NetworkInterfaceIds=[self.interface])

    def read_interface(self):
        return ec2.describe_network_interfaces(
            NetworkInterfaceIds=[self.interface])["NetworkInterfaces"][0]

    def test_11_destroy(self):
        ec2.disassociate_address(AssociationId=self.web_association)
        ec2.release_address(AllocationId=self.web_address)
        self.gone("InvalidAllocationID.NotFound", ec2.describe_addresses,
                  AllocationIds=[self.web_address])
        ec2.modify_instance_attribute(InstanceId=self.instance, DisableApiTermination={"Value": False})
        ec2.modify_instance_attribute(InstanceId=self.instance, DisableApiStop={"Value": False})
        ec2.terminate_instances(InstanceIds=[self.instance])
        wait(self.read_instance, lambda instance: instance["State"]["Name"] == "terminated")
        ec2.delete_key_pair(KeyName="terraform")

        default = ec2.describe_network_acls(Filters=by(default="true", vpc_id=self.vpc))["NetworkAcls"]
        for each in ec2.describe_network_acls(NetworkAclIds=[self.acl])["NetworkAcls"][0]["Associations"]:
            ec2.replace_network_acl_association(AssociationId=each["NetworkAclAssociationId"],
                                                NetworkAclId=default[0]["NetworkAclId"])
        ec2.delete_network_acl(NetworkAclId=self.acl)
        self.gone("InvalidNetworkAclID.NotFound", ec2.describe_network_acls, NetworkAclIds=[self.acl])

        ec2.delete_nat_gateway(NatGatewayId=self.nat)
        wait(lambda: ec2.describe_nat_gateways(NatGatewayIds=[self.nat])["NatGateways"][0],
             lambda nat: nat["State"] == "deleted")
        ec2.release_address(AllocationId=self.nat_address)
        for association, table in ((self.public_association, self.public_table),
                                   (self.private_association, self.private_table)):
            ec2.disassociate_route_table(AssociationId=association)
            ec2.delete_route_table(RouteTableId=table)
            self.gone("InvalidRouteTableID.NotFound", ec2.describe_route_tables, RouteTableIds=[table])
        ec2.detach_internet_gateway(InternetGatewayId=self.gateway, VpcId=self.vpc)
        ec2.delete_internet_gateway(InternetGatewayId=self.gateway)
        self.gone("InvalidInternetGatewayID.NotFound", ec2.describe_internet_gateways,
                  InternetGatewayIds=[self.gateway])
        ec2.delete_subnet_cidr_reservation(SubnetCidrReservationId=self.reservation)
        for subnet in self.subnets.values():
            ec2.delete_subnet(SubnetId=subnet)
            self.gone("InvalidSubnetID.NotFound", ec2.describe_subnets, SubnetIds=[subnet])
        ec2.delete_security_group(GroupId=self.group)
        self.gone("InvalidGroup.NotFound", ec2.describe_security_groups, GroupIds=[self.group])
        ec2.delete_vpc(VpcId=self.vpc)
        self.gone("InvalidVpcID.NotFound", ec2.describe_vpcs, VpcIds=[self.vpc])


if __name__ == "__main__":
    tap.main()
