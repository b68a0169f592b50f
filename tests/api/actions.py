#!/usr/bin/python3 -B
# area: front-door
"""Every row of lib/api/actions.def succeeds once and is refused once, with replies read strictly.

A new row without a scenario here fails. What each scenario brings back is looked at, not only that
it came.
"""
import functools
import json
import os
import re
import unittest

from client import (HOST, REGION, REGIONS, SEEN, TREE, call, client, connection, encoded, instance, launch,
                    operation, refusal, register_image, remove, request, sign, tap, until, upload,
                    wait_state)

MISSING = {"i": "i-00000000000000001", "lt": "lt-00000000000000001", "sg": "sg-00000000000000001",
           "ami": "ami-00000000000000001", "sgr": "sgr-00000000000000001",
           "vpc": "vpc-00000000000000001", "subnet": "subnet-00000000000000001",
           "vol": "vol-00000000000000001", "snap": "snap-00000000000000001",
           "eni": "eni-00000000000000001", "pg": "pg-00000000000000001", "cr": "cr-00000000000000001",
           "nip": "nip-00000000000000001", "nia": "nia-00000000000000001",
           "sir": "sir-00000000000000001", "rtb": "rtb-00000000000000001",
           "rtbassoc": "rtbassoc-00000000000000001", "acl": "acl-00000000000000001",
           "aclassoc": "aclassoc-00000000000000001", "pcx": "pcx-00000000000000001",
           "eipalloc": "eipalloc-00000000000000001", "eipassoc": "eipassoc-00000000000000001",
           "nat": "nat-00000000000000001", "vpce": "vpce-00000000000000001",
           "pl": "pl-00000000000000001"}
# ssh-keygen -t ed25519 made this one for this file; its private half was never kept.
PUBLIC_KEY = ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl "
              "someone@example.com")
ANY = "0.0.0.0/0"
S3 = f"com.amazonaws.{REGION}.s3"
PEER_BLOCK = "10.77.0.0/16"
FLOW_LOG = {"ResourceType": "VPC", "TrafficType": "ALL",
            "DeliverLogsPermissionArn": "arn:aws:iam::123456789012:role/logs"}
RESERVE = {"InstanceType": "t3.nano", "InstancePlatform": "Linux/UNIX", "InstanceCount": 2,
           "AvailabilityZone": f"{REGION}a", "InstanceMatchCriteria": "targeted"}


def rows():
    path = os.path.join(TREE, "lib", "api", "actions.def")
    with open(path, encoding="utf-8") as file:
        found = re.findall(r"^ACTION\((\w+), (\w+), (READ|WRITE), ([^)]*)\)$", file.read(), re.M)
        return {name: (service, kind, flags) for service, name, kind, flags in found}


def setUpModule():
    global ec2, image, one, group, vpc
    ec2 = client()
    image = register_image("actions")
    one = launch(ec2, image)["InstanceId"]
    vpc = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])[
        "Vpcs"][0]["VpcId"]
    group = ec2.create_security_group(GroupName="actions", Description="d")["GroupId"]


def ports(number, **more):
    return [{"IpProtocol": "tcp", "FromPort": number, "ToPort": number,
             "IpRanges": [{"CidrIp": ANY, **more}]}]


def rule_of(port, egress=False):
    """The id of a new rule of the group."""
    step = "AuthorizeSecurityGroupEgress" if egress else "AuthorizeSecurityGroupIngress"
    made = call("post", step, {"GroupId": group, "IpPermissions": ports(port)})
    return made["SecurityGroupRules"][0]["SecurityGroupRuleId"]


def of_one(kind):
    """The volume, the interface of the instance that is there, or the snapshot of its image."""
    if kind == "volume":
        return instance(ec2, one)["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    if kind == "interface":
        return instance(ec2, one)["NetworkInterfaces"][0]["NetworkInterfaceId"]
    if kind == "home":
        return instance(ec2, one)["SubnetId"]
    if kind == "options":
        return ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["DhcpOptionsId"]
    found = ec2.describe_images(ImageIds=[image])["Images"][0]
    return found["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
def console_status(unix=False):
    """The status with which the console answers to a client that wants to type on it."""
    path = f"/v1/console/{one}"
    headers = {"Host": "localhost" if unix else HOST, "Connection": "Upgrade",
               "Upgrade": "croft-tunnel"}
    if not unix:
        sign("GET", path, "", headers, b"")
    link = connection(unix)
    link.connect()
    try:
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        link.sock.sendall(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
        return int(link.sock.recv(100).split()[1])
    finally:
        link.close()
def reservation(**more):
    """A new reservation, which is cancelled with the tests."""
    made = call("post", "CreateCapacityReservation", {**RESERVE, **more})["CapacityReservation"]
    unittest.addModuleCleanup(give_up, made["CapacityReservationId"])
    return made


def give_up(reservation_id):
    found = ec2.describe_capacity_reservations(CapacityReservationIds=[reservation_id])
    if found["CapacityReservations"][0]["State"] == "active":
        ec2.cancel_capacity_reservation(CapacityReservationId=reservation_id)


def elastic(**more):
    """A new elastic address, which is free again and released with the test's module."""
    made = call("post", "AllocateAddress", more)
    unittest.addModuleCleanup(release, made["AllocationId"])
    return made


def interface(test, **more):
    """A new network interface beside that of the instance, which goes with the test."""
    subnet = instance(ec2, one)["SubnetId"]
    made = call("post", "CreateNetworkInterface", {"SubnetId": subnet, **more})["NetworkInterface"]
    test.addCleanup(drop_interface, made["NetworkInterfaceId"])
    return made


def interface_now(interface_id):
    found = ec2.describe_network_interfaces(Filters=[
        {"Name": "network-interface-id", "Values": [interface_id]}])["NetworkInterfaces"]
    return found[0] if found else None


def drop_interface(interface_id):
    now = interface_now(interface_id)
    if now and "Attachment" in now:
        ec2.detach_network_interface(AttachmentId=now["Attachment"]["AttachmentId"])
        until(lambda: interface_now(interface_id)["Status"] == "available", what="a free interface")
    if now:
        ec2.delete_network_interface(NetworkInterfaceId=interface_id)


def attach(interface_id):
    made = call("post", "AttachNetworkInterface", {
        "NetworkInterfaceId": interface_id, "InstanceId": one, "DeviceIndex": 1})["AttachmentId"]
    until(lambda: interface_now(interface_id)["Attachment"]["Status"] == "attached",
          what="an attached interface")
    return made


def nat_gateway(test, **more):
    """A private NAT gateway, which goes with the test."""
    made = call("post", "CreateNatGateway", {"SubnetId": instance(ec2, one)["SubnetId"],
                                             "ConnectivityType": "private", **more})["NatGateway"]
    test.addCleanup(drop_nat_gateway, made["NatGatewayId"])
    return made


def drop_nat_gateway(nat_id):
    ec2.delete_nat_gateway(NatGatewayId=nat_id)
    until(lambda: nat_now(nat_id)["State"] == "deleted", what="a NAT gateway's end")


def nat_now(nat_id):
    return ec2.describe_nat_gateways(NatGatewayIds=[nat_id])["NatGateways"][0]


def release(allocation_id):
    found = ec2.describe_addresses(Filters=[
        {"Name": "allocation-id", "Values": [allocation_id]}])["Addresses"]
    for address in found:
        if "AssociationId" in address:
            ec2.disassociate_address(AssociationId=address["AssociationId"])
        ec2.release_address(AllocationId=allocation_id)


def endpoint():
    """The id of a new gateway endpoint, deleted with the test's module."""
    made = call("post", "CreateVpcEndpoint", {"VpcId": vpc, "ServiceName": S3})["VpcEndpoint"]
    unittest.addModuleCleanup(ec2.delete_vpc_endpoints, VpcEndpointIds=[made["VpcEndpointId"]])
    return made["VpcEndpointId"]


def route_table():
    """The id of a new route table."""
    return call("post", "CreateRouteTable", {"VpcId": vpc})["RouteTable"]["RouteTableId"]


def route_table_now(table):
    return ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]


def gateway():
    found = ec2.describe_route_tables(Filters=[
        {"Name": "vpc-id", "Values": [vpc]}, {"Name": "association.main", "Values": ["true"]}])
    return next(route["GatewayId"] for route in found["RouteTables"][0]["Routes"]
                if route["GatewayId"].startswith("igw-"))


def first_subnet():
    of_vpc = {"Name": "vpc-id", "Values": [vpc]}
    return ec2.describe_subnets(Filters=[of_vpc])["Subnets"][0]["SubnetId"]


def of_network(kind):
    """The main route table, the default network ACL or a subnet of the default VPC."""
    of_vpc = {"Name": "vpc-id", "Values": [vpc]}
    if kind == "table":
        main = {"Name": "association.main", "Values": ["true"]}
        return ec2.describe_route_tables(Filters=[of_vpc, main])["RouteTables"][0]["RouteTableId"]
    if kind == "acl":
        default = {"Name": "default", "Values": ["true"]}
        return ec2.describe_network_acls(Filters=[of_vpc, default])["NetworkAcls"][0]["NetworkAclId"]
    if kind == "gateway":
        return gateway()
    return first_subnet() if kind == "subnet" else None


def network_acl():
    """The id of a new network ACL."""
    return call("post", "CreateNetworkAcl", {"VpcId": vpc})["NetworkAcl"]["NetworkAclId"]


def network_acl_now(acl):
    return ec2.describe_network_acls(NetworkAclIds=[acl])["NetworkAcls"][0]


def acl_entry(acl, number, **more):
    return {"NetworkAclId": acl, "RuleNumber": number, "Protocol": "6", "RuleAction": "allow",
            "Egress": False, "CidrBlock": ANY, "PortRange": {"From": 22, "To": 22}, **more}
def prefix_list(name, **more):
    """A new prefix list of three entries at most, which goes with the tests."""
    made = call("post", "CreateManagedPrefixList", {
        "PrefixListName": name, "MaxEntries": 3, "AddressFamily": "IPv4", **more})["PrefixList"]
    unittest.addModuleCleanup(ec2.delete_managed_prefix_list, PrefixListId=made["PrefixListId"])
    return made


def volume(**more):
    """A new volume, available, which is deleted with the test's module."""
    made = call("post", "CreateVolume", {"AvailabilityZone": zone_of_one(), "Size": 1, **more})
    ec2.get_waiter("volume_available").wait(VolumeIds=[made["VolumeId"]],
                                            WaiterConfig={"Delay": 0.2, "MaxAttempts": 100})
    unittest.addModuleCleanup(delete_volume, made["VolumeId"])
    return made["VolumeId"]


def delete_volume(volume_id):
    found = ec2.describe_volumes(Filters=[{"Name": "volume-id", "Values": [volume_id]}])["Volumes"]
    for each in found:
        if each["Attachments"]:
            ec2.detach_volume(VolumeId=volume_id, Force=True)
            until(lambda: not attachments(volume_id), what="a volume that is free")
        if each["State"] != "deleting":
            ec2.delete_volume(VolumeId=volume_id)


def attachments(volume_id):
    return ec2.describe_volumes(VolumeIds=[volume_id])["Volumes"][0]["Attachments"]


def zone_of_one():
    return instance(ec2, one)["Placement"]["AvailabilityZone"]


def insights_path(**more):
    """A new path to the instance, from an interface or (%gateway) from outside; it ends with the tests."""
    asked = {"Destination": one, "Protocol": "tcp", "DestinationPort": 22,
             "ClientToken": os.urandom(8).hex(), **more}
    if asked["Source"] == "%gateway":
        asked["Source"] = next(
            route["GatewayId"] for table in ec2.describe_route_tables(
                Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
            for route in table["Routes"] if route.get("GatewayId", "").startswith("igw-"))
    made = call("post", "CreateNetworkInsightsPath", filled_in(asked))["NetworkInsightsPath"]
    unittest.addModuleCleanup(forget_path, made["NetworkInsightsPathId"])
    return made


def forget_path(path_id):
    for done in ec2.describe_network_insights_analyses()["NetworkInsightsAnalyses"]:
        if done["NetworkInsightsPathId"] == path_id:
            forget_analysis(done["NetworkInsightsAnalysisId"])
    for path in ec2.describe_network_insights_paths()["NetworkInsightsPaths"]:
        if path["NetworkInsightsPathId"] == path_id:
            ec2.delete_network_insights_path(NetworkInsightsPathId=path_id)


def forget_analysis(analysis_id):
    ec2.delete_network_insights_analysis(NetworkInsightsAnalysisId=analysis_id)


def analysis_over(analysis_id):
    found = ec2.describe_network_insights_analyses(NetworkInsightsAnalysisIds=[analysis_id])
    return next((done for done in found["NetworkInsightsAnalyses"] if done["Status"] != "running"), None)


def analysed(path):
    made = call("post", "StartNetworkInsightsAnalysis", {
        "NetworkInsightsPathId": path["NetworkInsightsPathId"], "ClientToken": os.urandom(8).hex()})
    return until(lambda: analysis_over(made["NetworkInsightsAnalysis"]["NetworkInsightsAnalysisId"]))


def no_more(remove, **ids):
    """Removes with the tests what one of them made, if it is still there."""
    def gone():
        try:
            remove(**ids)
        except ec2.exceptions.ClientError as error:
            if not error.response["Error"]["Code"].endswith("NotFound"):
                raise
    unittest.addModuleCleanup(gone)


def new_vpc(cidr="10.77.0.0/16", **more):
    """The id of a new VPC, which goes with the tests."""
    made = call("post", "CreateVpc", {"CidrBlock": cidr, **more})["Vpc"]["VpcId"]
    no_more(ec2.delete_vpc, VpcId=made)
    return made


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


def new_gateway(attached_to=None):
    made = call("post", "CreateInternetGateway", {})["InternetGateway"]["InternetGatewayId"]
    no_more(ec2.delete_internet_gateway, InternetGatewayId=made)
    if attached_to:
        call("post", "AttachInternetGateway", {"InternetGatewayId": made, "VpcId": attached_to})
        no_more(ec2.detach_internet_gateway, InternetGatewayId=made, VpcId=attached_to)
    return made


def new_options(**more):
    made = call("post", "CreateDhcpOptions", {"DhcpConfigurations": [
        {"Key": "domain-name", "Values": ["example.com"]},
        {"Key": "domain-name-servers", "Values": ["192.0.2.1", "AmazonProvidedDNS"]}], **more})
    no_more(ec2.delete_dhcp_options, DhcpOptionsId=made["DhcpOptions"]["DhcpOptionsId"])
    return made["DhcpOptions"]["DhcpOptionsId"]


@functools.lru_cache
def other_vpc():
    """A VPC beside the default one, for the whole file."""
    return new_vpc(PEER_BLOCK)


def peering(**more):
    """A new request for a peering of the default VPC with another: its id, and how it was shown."""
    made = call("post", "CreateVpcPeeringConnection", {
        "VpcId": vpc, "PeerVpcId": other_vpc(), **more})["VpcPeeringConnection"]
    return made["VpcPeeringConnectionId"], made


def peering_now(asked):
    return ec2.describe_vpc_peering_connections(
        VpcPeeringConnectionIds=[asked])["VpcPeeringConnections"][0]


def group_now():
    return ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]


def template(name, **data):
    """The id of a new launch template."""
    made = call("post", "CreateLaunchTemplate", {
        "LaunchTemplateName": name, "LaunchTemplateData": data or {"InstanceType": "t3.nano"}})
    return made["LaunchTemplate"]["LaunchTemplateId"]


class Succeeds(unittest.TestCase):
    """One method for each action, named as it is."""

    def CreateVolume(self):
        made = call("post", "CreateVolume", {
            "AvailabilityZone": zone_of_one(), "Size": 100, "VolumeType": "gp3", "Iops": 4000,
            "Throughput": 250, "ClientToken": "a volume",
            "TagSpecifications": [{"ResourceType": "volume", "Tags": [{"Key": "k", "Value": "v"}]}]})
        unittest.addModuleCleanup(delete_volume, made["VolumeId"])
        self.assertEqual((made["State"], made["Size"], made["Iops"], made["Throughput"]),
                         ("creating", 100, 4000, 250))
        self.assertEqual((made["Encrypted"], made["SnapshotId"]), (False, ""))
        self.assertEqual(made["Tags"], [{"Key": "k", "Value": "v"}])
        again = call("post", "CreateVolume", {
            "AvailabilityZone": zone_of_one(), "Size": 100, "VolumeType": "gp3", "Iops": 4000,
            "Throughput": 250, "ClientToken": "a volume",
            "TagSpecifications": [{"ResourceType": "volume", "Tags": [{"Key": "k", "Value": "v"}]}]})
        self.assertEqual(again["VolumeId"], made["VolumeId"])
        of_image = call("post", "CreateVolume", {"AvailabilityZone": zone_of_one(),
                                                 "SnapshotId": of_one("snapshot")})
        unittest.addModuleCleanup(delete_volume, of_image["VolumeId"])
        self.assertEqual((of_image["SnapshotId"], of_image["VolumeType"]),
                         (of_one("snapshot"), "gp2"))
        until(lambda: ec2.describe_volumes(VolumeIds=[of_image["VolumeId"]])["Volumes"][0]["State"]
              == "available", what="a volume of a snapshot")

    def DeleteVolume(self):
        made = volume()
        call("post", "DeleteVolume", {"VolumeId": made})
        until(lambda: not ec2.describe_volumes(Filters=[
            {"Name": "volume-id", "Values": [made]}])["Volumes"], what="a volume that is gone")

    def AttachVolume(self):
        made = volume()
        found = call("post", "AttachVolume", {"VolumeId": made, "InstanceId": one,
                                              "Device": "/dev/sdf"})
        self.assertEqual((found["State"], found["Device"], found["DeleteOnTermination"]),
                         ("attaching", "/dev/sdf", False))
        until(lambda: attachments(made)[0]["State"] == "attached", what="an attached volume")
        self.assertIn(made, [each["Ebs"]["VolumeId"]
                             for each in instance(ec2, one)["BlockDeviceMappings"]])
        for params, code in (
                ({"VolumeId": made, "InstanceId": one, "Device": "/dev/sdg"}, "VolumeInUse"),
                ({"VolumeId": volume(), "InstanceId": one, "Device": "/dev/xvdf"},
                 "InvalidParameterValue")):
            self.assertEqual(refusal(call, "post", "AttachVolume", params).code, code)
        self.assertEqual(refusal(call, "post", "DeleteVolume", {"VolumeId": made}).code,
                         "VolumeInUse")
        call("post", "DetachVolume", {"VolumeId": made})

    def DetachVolume(self):
        made = volume()
        call("post", "AttachVolume", {"VolumeId": made, "InstanceId": one, "Device": "/dev/sdh"})
        until(lambda: attachments(made)[0]["State"] == "attached", what="an attached volume")
        self.assertEqual(refusal(call, "post", "DetachVolume", {
            "VolumeId": made, "Device": "/dev/sdi"}).code, "InvalidAttachment.NotFound")
        found = call("post", "DetachVolume", {"VolumeId": made, "InstanceId": one})
        self.assertEqual(found["State"], "detaching")
        until(lambda: not attachments(made), what="a detached volume")

    def ModifyVolume(self):
        made = volume()
        found = call("post", "ModifyVolume", {"VolumeId": made, "Size": 3, "VolumeType": "gp3"})
        change = found["VolumeModification"]
        self.assertEqual((change["ModificationState"], change["OriginalSize"], change["TargetSize"],
                          change["OriginalVolumeType"], change["TargetIops"], change["Progress"]),
                         ("modifying", 1, 3, "gp2", 3000, 0))
        until(lambda: ec2.describe_volumes_modifications(VolumeIds=[made])["VolumesModifications"][0]
              ["ModificationState"] == "completed", what="a modified volume")
        now = ec2.describe_volumes(VolumeIds=[made])["Volumes"][0]
        self.assertEqual((now["Size"], now["VolumeType"], now["Iops"], now["Throughput"]),
                         (3, "gp3", 3000, 125))
        self.assertEqual(refusal(call, "post", "ModifyVolume", {"VolumeId": made, "Size": 2}).code,
                         "InvalidParameterValue")

    def ModifyVolumeAttribute(self):
        made = volume()
        call("post", "ModifyVolumeAttribute", {"VolumeId": made, "AutoEnableIO": {"Value": True}})
        self.assertEqual(ec2.describe_volume_attribute(VolumeId=made, Attribute="autoEnableIO")
                         ["AutoEnableIO"], {"Value": True})

    def EnableVolumeIO(self):
        call("post", "EnableVolumeIO", {"VolumeId": volume()})

    def AllocateAddress(self):
        made = elastic(Domain="vpc", PublicIpv4Pool="amazon", NetworkBorderGroup=REGION,
                       TagSpecifications=[{"ResourceType": "elastic-ip",
                                           "Tags": [{"Key": "k", "Value": "v"}]}])
        self.assertEqual((made["Domain"], made["PublicIpv4Pool"], made["NetworkBorderGroup"]),
                         ("vpc", "amazon", REGION))
        self.assertRegex(made["PublicIp"], r"^198\.1[89]\.")
        release(made["AllocationId"])
        again = elastic(Address=made["PublicIp"])
        self.assertEqual(again["PublicIp"], made["PublicIp"])
        release(again["AllocationId"])

    def AssociateAddress(self):
        before = instance(ec2, one)["PublicIpAddress"]
        made = elastic()
        association = call("post", "AssociateAddress", {
            "AllocationId": made["AllocationId"], "InstanceId": one})["AssociationId"]
        self.assertEqual(instance(ec2, one)["PublicIpAddress"], made["PublicIp"])
        call("post", "DisassociateAddress", {"AssociationId": association})
        self.assertNotIn(instance(ec2, one)["PublicIpAddress"], (before, made["PublicIp"]))
        release(made["AllocationId"])

    def AssignPrivateIpAddresses(self):
        made = interface(self)["NetworkInterfaceId"]
        given = call("post", "AssignPrivateIpAddresses", {
            "NetworkInterfaceId": made, "SecondaryPrivateIpAddressCount": 2})
        addresses = [a["PrivateIpAddress"] for a in given["AssignedPrivateIpAddresses"]]
        self.assertEqual([(a["PrivateIpAddress"], a["Primary"]) for a in
                          interface_now(made)["PrivateIpAddresses"]][1:],
                         [(a, False) for a in addresses])

    def UnassignPrivateIpAddresses(self):
        made = interface(self, SecondaryPrivateIpAddressCount=1)
        call("post", "UnassignPrivateIpAddresses", {
            "NetworkInterfaceId": made["NetworkInterfaceId"],
            "PrivateIpAddresses": [made["PrivateIpAddresses"][1]["PrivateIpAddress"]]})
        self.assertEqual(len(interface_now(made["NetworkInterfaceId"])["PrivateIpAddresses"]), 1)

    def with_ipv6(self):
        """An interface in a subnet that has IPv6."""
        v6 = ec2.create_vpc(CidrBlock="10.66.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
        found = ec2.describe_vpcs(VpcIds=[v6["VpcId"]])["Vpcs"][0]
        block = found["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].replace("/56", "/64")
        subnet = ec2.create_subnet(VpcId=v6["VpcId"], CidrBlock="10.66.1.0/24",
                                   Ipv6CidrBlock=block)["Subnet"]["SubnetId"]
        made = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]
        self.addCleanup(ec2.delete_vpc, VpcId=v6["VpcId"])
        self.addCleanup(ec2.delete_subnet, SubnetId=subnet)
        self.addCleanup(ec2.delete_network_interface,
                        NetworkInterfaceId=made["NetworkInterfaceId"])
        return made["NetworkInterfaceId"], block

    def AssignIpv6Addresses(self):
        made, block = self.with_ipv6()
        given = call("post", "AssignIpv6Addresses", {
            "NetworkInterfaceId": made, "Ipv6AddressCount": 2})["AssignedIpv6Addresses"]
        shown = [a["Ipv6Address"] for a in interface_now(made)["Ipv6Addresses"]]
        self.assertEqual(shown, given)
        self.assertTrue(all(a.startswith(block.partition("::")[0]) for a in given))

    def UnassignIpv6Addresses(self):
        made, _ = self.with_ipv6()
        given = call("post", "AssignIpv6Addresses", {
            "NetworkInterfaceId": made, "Ipv6AddressCount": 1})["AssignedIpv6Addresses"]
        gone = call("post", "UnassignIpv6Addresses", {
            "NetworkInterfaceId": made, "Ipv6Addresses": given})["UnassignedIpv6Addresses"]
        self.assertEqual((gone, interface_now(made)["Ipv6Addresses"]), (given, []))

    def AttachNetworkInterface(self):
        made = interface(self)["NetworkInterfaceId"]
        attachment = attach(made)
        shown = {n["NetworkInterfaceId"]: n for n in instance(ec2, one)["NetworkInterfaces"]}
        self.assertEqual((shown[made]["Attachment"]["AttachmentId"],
                          shown[made]["Attachment"]["DeviceIndex"]), (attachment, 1))
        drop_interface(made)

    def DetachNetworkInterface(self):
        made = interface(self)["NetworkInterfaceId"]
        call("post", "DetachNetworkInterface", {"AttachmentId": attach(made), "Force": True})
        until(lambda: interface_now(made)["Status"] == "available", what="a free interface")
        self.assertEqual(len(instance(ec2, one)["NetworkInterfaces"]), 1)

    def CreateNetworkInterface(self):
        made = interface(self, Description="d", Groups=[group], SecondaryPrivateIpAddressCount=1,
                         TagSpecifications=[{"ResourceType": "network-interface",
                                             "Tags": [{"Key": "k", "Value": "v"}]}])
        self.assertEqual((made["Description"], made["InterfaceType"], made["RequesterManaged"],
                          [g["GroupId"] for g in made["Groups"]], len(made["PrivateIpAddresses"]),
                          made["TagSet"]),
                         ("d", "interface", False, [group], 2, [{"Key": "k", "Value": "v"}]))
        self.assertEqual(interface_now(made["NetworkInterfaceId"])["Status"], "available")

    def DeleteNetworkInterface(self):
        made = interface(self)["NetworkInterfaceId"]
        call("post", "DeleteNetworkInterface", {"NetworkInterfaceId": made})
        self.assertIsNone(interface_now(made))

    def ResetNetworkInterfaceAttribute(self):
        made = interface(self)["NetworkInterfaceId"]
        ec2.modify_network_interface_attribute(NetworkInterfaceId=made,
                                               SourceDestCheck={"Value": False})
        call("post", "ResetNetworkInterfaceAttribute", {
            "NetworkInterfaceId": made, "SourceDestCheck": "true"})
        self.assertTrue(interface_now(made)["SourceDestCheck"])

    def CreateNatGateway(self):
        address = elastic()
        made = nat_gateway(self, ConnectivityType="public", AllocationId=address["AllocationId"])
        self.assertEqual((made["State"], made["ConnectivityType"], made["VpcId"]),
                         ("pending", "public", vpc))
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

    def DeleteNatGateway(self):
        made = nat_gateway(self)["NatGatewayId"]
        self.assertEqual(call("post", "DeleteNatGateway", {"NatGatewayId": made}),
                         {"NatGatewayId": made})
        until(lambda: nat_now(made)["State"] == "deleted", what="its end")
        self.assertIn("DeleteTime", nat_now(made))

    def AuthorizeSecurityGroupEgress(self):
        made = call("post", "AuthorizeSecurityGroupEgress",
                    {"GroupId": group, "IpPermissions": ports(53)})
        rule = made["SecurityGroupRules"][0]
        self.assertTrue(made["Return"])
        self.assertEqual((rule["IsEgress"], rule["FromPort"], rule["ToPort"], rule["GroupId"]),
                         (True, 53, 53, group))

    def AuthorizeSecurityGroupIngress(self):
        made = call("post", "AuthorizeSecurityGroupIngress",
                    {"GroupId": group, "IpProtocol": "icmp", "FromPort": 8, "ToPort": -1,
                     "CidrIp": "10.1.2.3/8"})
        rule = made["SecurityGroupRules"][0]
        self.assertEqual((rule["IsEgress"], rule["CidrIpv4"]), (False, "10.0.0.0/8"))
        self.assertTrue(rule["SecurityGroupRuleId"].startswith("sgr-"))

    def CancelCapacityReservation(self):
        made = reservation()["CapacityReservationId"]
        self.assertTrue(call("post", "CancelCapacityReservation",
                             {"CapacityReservationId": made})["Return"])
        found = ec2.describe_capacity_reservations(CapacityReservationIds=[made])
        found = found["CapacityReservations"][0]
        self.assertEqual((found["State"], found["AvailableInstanceCount"]), ("cancelled", 0))

    def CreateCapacityReservation(self):
        wanted = {"ClientToken": "actions", "EbsOptimized": True, "TagSpecifications": [
            {"ResourceType": "capacity-reservation", "Tags": [{"Key": "k", "Value": "v"}]}]}
        made = reservation(**wanted)
        self.assertRegex(made["CapacityReservationId"], r"^cr-[0-9a-f]{17}$")
        self.assertEqual((made["State"], made["TotalInstanceCount"], made["AvailableInstanceCount"],
                          made["InstanceMatchCriteria"], made["EndDateType"], made["EbsOptimized"]),
                         ("active", 2, 2, "targeted", "unlimited", True))
        self.assertEqual(made["Tags"], [{"Key": "k", "Value": "v"}])
        self.assertEqual(call("post", "CreateCapacityReservation", {**RESERVE, **wanted}),
                         {"CapacityReservation": made})
    def CancelSpotInstanceRequests(self):
        made = call("post", "RequestSpotInstances", {
            "SpotPrice": "0.0001", "LaunchSpecification": {"ImageId": image}})
        one = made["SpotInstanceRequests"][0]["SpotInstanceRequestId"]
        gone = call("post", "CancelSpotInstanceRequests", {"SpotInstanceRequestIds": [one]})
        self.assertEqual(gone["CancelledSpotInstanceRequests"],
                         [{"SpotInstanceRequestId": one, "State": "cancelled"}])

    def CreateKeyPair(self):
        for kind, form, begins, fingerprint in (
                ("rsa", "pem", "-----BEGIN RSA PRIVATE KEY-----", r"^([0-9a-f]{2}:){19}[0-9a-f]{2}$"),
                ("ed25519", "pem", "-----BEGIN OPENSSH PRIVATE KEY-----", r"^[A-Za-z0-9+/]{43}=?$"),
                ("ed25519", "ppk", "PuTTY-User-Key-File-", r"^[A-Za-z0-9+/]{43}=?$")):
            name = f"k-{kind}-{form}"
            made = call("post", "CreateKeyPair", {"KeyName": name, "KeyType": kind,
                                                  "KeyFormat": form})
            self.assertTrue(made["KeyMaterial"].startswith(begins), made["KeyMaterial"][:40])
            self.assertRegex(made["KeyFingerprint"], fingerprint)
            self.assertRegex(made["KeyPairId"], r"^key-[0-9a-f]{17}$")
            self.assertEqual(made["KeyName"], name)

    def CreateLaunchTemplate(self):
        made = call("post", "CreateLaunchTemplate", {
            "LaunchTemplateName": "web", "VersionDescription": "é", "TagSpecifications": [
                {"ResourceType": "launch-template", "Tags": [{"Key": "k", "Value": "v"}]}],
            "LaunchTemplateData": {"ImageId": MISSING["ami"], "InstanceType": "t3.nano"}})
        made_of = made["LaunchTemplate"]
        self.assertRegex(made_of["LaunchTemplateId"], r"^lt-[0-9a-f]{17}$")
        self.assertEqual((made_of["DefaultVersionNumber"], made_of["LatestVersionNumber"],
                          made_of["Tags"]), (1, 1, [{"Key": "k", "Value": "v"}]))
        self.assertTrue(made_of["CreatedBy"].startswith("arn:aws:iam::"))
        self.assertEqual([e["Code"] for e in made["Warning"]["Errors"]], ["InvalidAMIID.NotFound"])

    def CreateLaunchTemplateVersion(self):
        made = template("versions", ImageId=image, InstanceType="t3.nano")
        done = call("post", "CreateLaunchTemplateVersion", {
            "LaunchTemplateId": made, "SourceVersion": "1", "VersionDescription": "larger",
            "LaunchTemplateData": {"InstanceType": "t3.small"}})["LaunchTemplateVersion"]
        self.assertEqual((done["VersionNumber"], done["DefaultVersion"], done["VersionDescription"],
                          done["LaunchTemplateName"]), (2, False, "larger", "versions"))
        self.assertEqual(done["LaunchTemplateData"], {"ImageId": image, "InstanceType": "t3.small"})
    def CreateNetworkInsightsPath(self):
        made = insights_path(Source="%interface", SourceIp="172.31.0.9", TagSpecifications=[
            {"ResourceType": "network-insights-path", "Tags": [{"Key": "k", "Value": "v"}]}])
        self.assertRegex(made["NetworkInsightsPathId"], r"^nip-[0-9a-f]{17}$")
        self.assertTrue(made["SourceArn"].endswith(f":network-interface/{made['Source']}"))
        self.assertEqual((made["Destination"], made["Protocol"], made["DestinationPort"], made["Tags"]),
                         (one, "tcp", 22, [{"Key": "k", "Value": "v"}]))
        again = {"Source": made["SourceArn"], "Destination": one, "Protocol": "icmp",
                 "ClientToken": "insights-path"}
        both = [call("post", "CreateNetworkInsightsPath", again)["NetworkInsightsPath"] for _ in "12"]
        self.assertEqual(both[0], both[1])
        self.assertEqual(both[0]["Source"], made["Source"])
        ec2.delete_network_insights_path(NetworkInsightsPathId=both[0]["NetworkInsightsPathId"])

    def CreatePlacementGroup(self):
        for name, more, shown in (
                ("near", {"Strategy": "cluster"}, (None, None)),
                ("apart", {"Strategy": "spread"}, ("rack", None)),
                ("parted", {"Strategy": "partition", "PartitionCount": 3}, (None, 3))):
            made = call("post", "CreatePlacementGroup", {"GroupName": name, **more})
            made = made["PlacementGroup"]
            self.assertRegex(made["GroupId"], r"^pg-[0-9a-f]{17}$")
            self.assertTrue(made["GroupArn"].endswith(f":placement-group/{name}"))
            self.assertEqual((made["State"], made["Strategy"]), ("available", more["Strategy"]))
            self.assertEqual((made.get("SpreadLevel"), made.get("PartitionCount")), shown)

    def CreateSecurityGroup(self):
        made = call("post", "CreateSecurityGroup", {
            "GroupName": "c", "Description": "d", "VpcId": vpc, "TagSpecifications": [
                {"ResourceType": "security-group", "Tags": [{"Key": "k", "Value": "v"}]}]})
        self.assertEqual(made["Tags"], [{"Key": "k", "Value": "v"}])
        found = ec2.describe_security_groups(GroupIds=[made["GroupId"]])["SecurityGroups"][0]
        self.assertEqual(found["VpcId"], vpc)
        self.assertEqual(found["IpPermissions"], [])
        self.assertEqual(found["IpPermissionsEgress"][0]["IpProtocol"], "-1")

    def CreateTags(self):
        call("post", "CreateTags", {"Resources": [one, group], "Tags": [{"Key": "t", "Value": "1"}]})
        call("post", "CreateTags", {"Resources": [one], "Tags": [{"Key": "t", "Value": "2"}]})
        found = ec2.describe_tags(Filters=[{"Name": "key", "Values": ["t"]}])["Tags"]
        self.assertEqual({tag["ResourceId"]: tag["Value"] for tag in found}, {one: "2", group: "1"})

    def DeleteKeyPair(self):
        made = call("post", "CreateKeyPair", {"KeyName": "gone", "KeyType": "ed25519"})
        call("post", "DeleteKeyPair", {"KeyPairId": made["KeyPairId"]})
        # Of what is not there as well: EC2 says so.
        call("post", "DeleteKeyPair", {"KeyName": "gone"})
        self.assertEqual(refusal(ec2.describe_key_pairs, KeyNames=["gone"]).code,
                         "InvalidKeyPair.NotFound")

    def DeleteLaunchTemplate(self):
        made = template("gone")
        done = call("post", "DeleteLaunchTemplate", {"LaunchTemplateName": "gone"})
        self.assertEqual(done["LaunchTemplate"]["LaunchTemplateId"], made)
        self.assertEqual(refusal(ec2.describe_launch_templates, LaunchTemplateIds=[made]).code,
                         "InvalidLaunchTemplateId.NotFound")

    def DeleteLaunchTemplateVersions(self):
        made = template("fewer")
        ec2.create_launch_template_version(LaunchTemplateId=made, LaunchTemplateData={"KeyName": "x"})
        done = call("post", "DeleteLaunchTemplateVersions", {
            "LaunchTemplateId": made, "Versions": ["1", "2", "3"]})
        self.assertEqual(done["SuccessfullyDeletedLaunchTemplateVersions"], [
            {"LaunchTemplateId": made, "LaunchTemplateName": "fewer", "VersionNumber": 2}])
        self.assertEqual({e["VersionNumber"]: e["ResponseError"]["Code"]
                          for e in done["UnsuccessfullyDeletedLaunchTemplateVersions"]},
                         {1: "unexpectedError", 3: "launchTemplateVersionDoesNotExist"})
        done = call("post", "DeleteLaunchTemplateVersions", {
            "LaunchTemplateId": MISSING["lt"], "Versions": ["1"]})
        self.assertEqual(done["SuccessfullyDeletedLaunchTemplateVersions"], [])
        self.assertEqual(done["UnsuccessfullyDeletedLaunchTemplateVersions"][0]["ResponseError"]["Code"],
                         "launchTemplateIdDoesNotExist")
    def DeleteNetworkInsightsAnalysis(self):
        done = analysed(insights_path(Source="%interface"))
        gone = {"NetworkInsightsAnalysisId": done["NetworkInsightsAnalysisId"]}
        self.assertEqual(call("post", "DeleteNetworkInsightsAnalysis", gone), gone)
        self.assertEqual(refusal(call, "post", "DeleteNetworkInsightsAnalysis", gone).code,
                         "InvalidNetworkInsightsAnalysisId.NotFound")

    def DeleteNetworkInsightsPath(self):
        made = insights_path(Source="%interface")
        done = analysed(made)
        gone = {"NetworkInsightsPathId": made["NetworkInsightsPathId"]}
        self.assertEqual(refusal(call, "post", "DeleteNetworkInsightsPath", gone).code,
                         "AnalysisExistsForNetworkInsightsPath")
        ec2.delete_network_insights_analysis(
            NetworkInsightsAnalysisId=done["NetworkInsightsAnalysisId"])
        self.assertEqual(call("post", "DeleteNetworkInsightsPath", gone), gone)

    def DeletePlacementGroup(self):
        call("post", "CreatePlacementGroup", {"GroupName": "gone", "Strategy": "spread"})
        call("post", "DeletePlacementGroup", {"GroupName": "gone"})
        self.assertEqual(refusal(ec2.describe_placement_groups, GroupNames=["gone"]).code,
                         "InvalidPlacementGroup.Unknown")

    def DeleteSecurityGroup(self):
        made = call("post", "CreateSecurityGroup", {"GroupName": "gone", "Description": "d"})
        call("post", "DeleteSecurityGroup", {"GroupName": "gone"})
        self.assertEqual(refusal(ec2.describe_security_groups, GroupIds=[made["GroupId"]]).code,
                         "InvalidGroup.NotFound")

    def DeleteTags(self):
        tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}, {"Key": "c", "Value": "3"}]
        call("post", "CreateTags", {"Resources": [vpc], "Tags": tags})

        def left():
            found = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [vpc]}])
            return {tag["Key"] for tag in found["Tags"]}
        # An empty value deletes the empty one alone, no value deletes any.
        call("post", "DeleteTags", {"Resources": [vpc], "Tags": [{"Key": "a", "Value": ""}]})
        self.assertEqual(left(), {"a", "b", "c"})
        call("post", "DeleteTags", {"Resources": [vpc], "Tags": [{"Key": "b", "Value": ""}]})
        self.assertEqual(left(), {"a", "c"})
        call("post", "DeleteTags", {"Resources": [vpc], "Tags": [{"Key": "a"}]})
        self.assertEqual(left(), {"c"})
        call("post", "DeleteTags", {"Resources": [vpc]})
        self.assertEqual(left(), set())

    def DeregisterImage(self):
        made = register_image("gone")
        call("post", "DeregisterImage", {"ImageId": made})
        self.assertNotIn(made, [i["ImageId"] for i in ec2.describe_images()["Images"]])
        self.assertEqual(refusal(ec2.run_instances, ImageId=made, MinCount=1, MaxCount=1).code[:12],
                         "InvalidAMIID")

    def DescribeAccountAttributes(self):
        found = call("post", "DescribeAccountAttributes", {"AttributeNames": ["default-vpc"]})
        self.assertEqual(found["AccountAttributes"], [
            {"AttributeName": "default-vpc", "AttributeValues": [{"AttributeValue": vpc}]}])

    def DescribeAvailabilityZones(self):
        found = call("post", "DescribeAvailabilityZones", {})["AvailabilityZones"]
        self.assertIn(f"{REGION}a", [zone["ZoneName"] for zone in found])
        self.assertEqual({zone["State"] for zone in found}, {"available"})

    def DescribeCapacityReservationFleets(self):
        self.assertEqual(call("post", "DescribeCapacityReservationFleets", {}),
                         {"CapacityReservationFleets": []})

    def DescribeCapacityReservations(self):
        made = reservation()
        found = call("post", "DescribeCapacityReservations",
                     {"CapacityReservationIds": [made["CapacityReservationId"]]})
        self.assertEqual(found["CapacityReservations"], [made])

    def DescribeHosts(self):
        self.assertEqual(call("post", "DescribeHosts", {"Filter": [
            {"Name": "state", "Values": ["available"]}]}), {"Hosts": []})

    def DescribeImages(self):
        found = call("post", "DescribeImages", {"ImageIds": [image], "Owners": ["self"]})["Images"]
        self.assertEqual((found[0]["Name"], found[0]["State"], found[0]["RootDeviceName"],
                          found[0]["Architecture"]),
                         ("actions", "available", "/dev/xvda", "x86_64"))
        self.assertTrue(found[0]["ImageLocation"])
        none = call("post", "DescribeImages", {"ImageIds": [image], "Owners": ["amazon"]})
        self.assertEqual(none["Images"], [])

    def DescribeInstanceAttribute(self):
        # The enumeration of botocore, each value of it.
        names = client().meta.service_model.shape_for("InstanceAttributeName").enum
        for name in names:
            found = call("post", "DescribeInstanceAttribute", {"InstanceId": one, "Attribute": name})
            self.assertEqual(found["InstanceId"], one, name)
        self.assertEqual(call("post", "DescribeInstanceAttribute", {
            "InstanceId": one, "Attribute": "rootDeviceName"})["RootDeviceName"],
            {"Value": "/dev/xvda"})

    def DescribeInstanceCreditSpecifications(self):
        found = call("post", "DescribeInstanceCreditSpecifications", {"InstanceIds": [one]})
        self.assertEqual(found["InstanceCreditSpecifications"],
                         [{"InstanceId": one, "CpuCredits": "unlimited"}])

    def DescribeInstanceStatus(self):
        found = call("post", "DescribeInstanceStatus", {"InstanceIds": [one]})["InstanceStatuses"]
        self.assertEqual(found[0]["InstanceState"], {"Code": 16, "Name": "running"})
        self.assertEqual(found[0]["SystemStatus"]["Status"], "ok")

    def DescribeInstanceTypeOfferings(self):
        found = call("post", "DescribeInstanceTypeOfferings", {
            "LocationType": "availability-zone",
            "Filters": [{"Name": "instance-type", "Values": ["t3.micro"]}]})
        self.assertIn({"InstanceType": "t3.micro", "LocationType": "availability-zone",
                       "Location": f"{REGION}a"}, found["InstanceTypeOfferings"])

    def DescribeInstanceTypes(self):
        found = call("post", "DescribeInstanceTypes", {"InstanceTypes": ["t3.micro"]})
        kind = found["InstanceTypes"][0]
        self.assertEqual((kind["VCpuInfo"]["DefaultVCpus"], kind["MemoryInfo"]["SizeInMiB"]),
                         (2, 1024))
        # Every family that was asked for, all pages of it.
        pages = ec2.get_paginator("describe_instance_types").paginate(
            PaginationConfig={"PageSize": 20})
        names = [kind["InstanceType"] for page in pages for kind in page["InstanceTypes"]]
        self.assertEqual(len(names), len(set(names)))
        families = {name.partition(".")[0] for name in names}
        wanted = set("t2 t3 t3a t4g m5 m6i m6g c5 c6i c6g r5 r6g x1 i3 d2".split())
        self.assertEqual(wanted - families, set())
        self.assertTrue(any(family.startswith("x2") for family in families))

    def DescribeInstances(self):
        found = call("post", "DescribeInstances", {"InstanceIds": [one]})["Reservations"][0]
        self.assertEqual(found["Instances"][0]["InstanceId"], one)
        self.assertRegex(found["ReservationId"], r"^r-[0-9a-f]{17}$")
        self.assertEqual(found["Groups"], [])

    def DescribeKeyPairs(self):
        made = call("post", "CreateKeyPair", {"KeyName": "d", "KeyType": "ed25519"})
        found = call("post", "DescribeKeyPairs", {"KeyNames": ["d"], "IncludePublicKey": True})
        pair = found["KeyPairs"][0]
        self.assertEqual((pair["KeyPairId"], pair["KeyFingerprint"], pair["KeyType"]),
                         (made["KeyPairId"], made["KeyFingerprint"], "ed25519"))
        self.assertTrue(pair["PublicKey"].startswith("ssh-ed25519 "))
        self.assertNotIn("PublicKey", call("post", "DescribeKeyPairs", {})["KeyPairs"][0])

    def DescribeLaunchTemplateVersions(self):
        made = template("described", ImageId=image)
        found = call("post", "DescribeLaunchTemplateVersions", {"LaunchTemplateName": "described"})
        version = found["LaunchTemplateVersions"][0]
        self.assertEqual((version["LaunchTemplateId"], version["VersionNumber"],
                          version["DefaultVersion"]), (made, 1, True))
        self.assertEqual(version["LaunchTemplateData"], {"ImageId": image})
        found = call("post", "DescribeLaunchTemplateVersions", {"Versions": ["$Default"], "Filters": [
            {"Name": "image-id", "Values": [image]}]})["LaunchTemplateVersions"]
        self.assertIn(made, [version["LaunchTemplateId"] for version in found])

    def DescribeLaunchTemplates(self):
        made = template("listed")
        found = call("post", "DescribeLaunchTemplates", {"LaunchTemplateNames": ["listed"]})
        self.assertEqual([t["LaunchTemplateId"] for t in found["LaunchTemplates"]], [made])
        found = call("post", "DescribeLaunchTemplates", {"Filters": [
            {"Name": "launch-template-name", "Values": ["list?d"]}]})
        self.assertEqual([t["LaunchTemplateId"] for t in found["LaunchTemplates"]], [made])
    def DescribeNetworkInsightsAnalyses(self):
        path = insights_path(Source="%gateway", SourceIp="203.0.113.7")
        done = analysed(path)
        self.assertEqual((done["Status"], done["NetworkPathFound"]), ("succeeded", False))
        why = done["Explanations"][0]
        self.assertEqual((why["ExplanationCode"], why["Direction"], why["Port"], why["Protocols"]),
                         ("ENI_SG_RULES_MISMATCH", "ingress", 22, ["tcp"]))
        self.assertTrue(why["SecurityGroup"]["Id"].startswith("sg-"))
        self.assertNotIn("ForwardPathComponents", done)
        ec2.authorize_security_group_ingress(GroupId=why["SecurityGroup"]["Id"], IpPermissions=ports(22))
        self.addCleanup(ec2.revoke_security_group_ingress, GroupId=why["SecurityGroup"]["Id"],
                        IpPermissions=ports(22))
        now = analysed(path)
        self.assertTrue(now["NetworkPathFound"])
        way = [part["Component"]["Id"].split("-")[0] for part in now["ForwardPathComponents"]]
        self.assertEqual(way, ["203.0.113.7", "igw", "acl", "sg", "eni"])
        way = [part["Component"]["Id"].split("-")[0] for part in now["ReturnPathComponents"]]
        self.assertEqual(way, ["rtb", "acl", "igw", "203.0.113.7"])
        rule = next(part["SecurityGroupRule"] for part in now["ForwardPathComponents"]
                    if "SecurityGroupRule" in part)
        self.assertEqual((rule["Cidr"], rule["PortRange"], rule["Protocol"]),
                         ("0.0.0.0/0", {"From": 22, "To": 22}, "tcp"))
        ids = {done["NetworkInsightsAnalysisId"], now["NetworkInsightsAnalysisId"]}
        for asked in ({"NetworkInsightsPathId": path["NetworkInsightsPathId"]},
                      {"NetworkInsightsAnalysisIds": sorted(ids)}):
            found = call("post", "DescribeNetworkInsightsAnalyses", asked)["NetworkInsightsAnalyses"]
            self.assertEqual({each["NetworkInsightsAnalysisId"] for each in found}, ids)
        found = call("post", "DescribeNetworkInsightsAnalyses", {
            "NetworkInsightsPathId": path["NetworkInsightsPathId"],
            "Filters": [{"Name": "path-found", "Values": ["true"]},
                        {"Name": "status", "Values": ["succeeded"]}]})["NetworkInsightsAnalyses"]
        self.assertEqual([each["NetworkInsightsAnalysisId"] for each in found],
                         [now["NetworkInsightsAnalysisId"]])

    def DescribeNetworkInsightsPaths(self):
        made = insights_path(Source="%interface")
        found = call("post", "DescribeNetworkInsightsPaths", {
            "NetworkInsightsPathIds": [made["NetworkInsightsPathId"]]})["NetworkInsightsPaths"]
        self.assertEqual(found, [made])
        found = call("post", "DescribeNetworkInsightsPaths", {"Filters": [
            {"Name": "destination", "Values": [one]}, {"Name": "protocol", "Values": ["udp"]}]})
        self.assertEqual(found["NetworkInsightsPaths"], [])

    def DescribeNetworkInterfaceAttribute(self):
        interface = of_one("interface")
        asked = {name: call("post", "DescribeNetworkInterfaceAttribute",
                            {"NetworkInterfaceId": interface, "Attribute": name})
                 for name in ("description", "groupSet", "sourceDestCheck", "attachment")}
        self.assertEqual(asked["description"]["Description"], {"Value": ""})
        self.assertEqual([g["GroupName"] for g in asked["groupSet"]["Groups"]], ["default"])
        self.assertEqual(asked["sourceDestCheck"]["SourceDestCheck"], {"Value": True})
        self.assertEqual(asked["attachment"]["Attachment"]["InstanceId"], one)

    def DescribeNetworkInterfaces(self):
        found = call("post", "DescribeNetworkInterfaces", {"Filters": [
            {"Name": "attachment.instance-id", "Values": [one]}]})["NetworkInterfaces"]
        seen = instance(ec2, one)["NetworkInterfaces"][0]
        self.assertEqual([n["NetworkInterfaceId"] for n in found], [of_one("interface")])
        self.assertEqual((found[0]["Status"], found[0]["Attachment"]["Status"],
                          found[0]["TagSet"]), ("in-use", "attached", []))
        for name in ("MacAddress", "PrivateIpAddress", "SubnetId", "VpcId", "Groups", "Association",
                     "PrivateDnsName"):
            self.assertEqual(found[0][name], seen[name], name)
    def DescribePlacementGroups(self):
        made = call("post", "CreatePlacementGroup", {"GroupName": "d", "TagSpecifications": [
            {"ResourceType": "placement-group", "Tags": [{"Key": "k", "Value": "v"}]}]})
        for params in ({"GroupNames": ["d"]}, {"GroupIds": [made["PlacementGroup"]["GroupId"]]},
                       {"Filters": [{"Name": "tag:k", "Values": ["v"]}]}):
            found = call("post", "DescribePlacementGroups", params)["PlacementGroups"]
            self.assertEqual(found, [made["PlacementGroup"]])

    def DescribeRegions(self):
        found = call("post", "DescribeRegions", {})["Regions"]
        self.assertEqual([region["RegionName"] for region in found],
                         sorted(REGIONS))
        everywhere = call("post", "DescribeRegions", {"AllRegions": True})["Regions"]
        self.assertGreater(len(everywhere), 15)

    def DescribeReservedInstances(self):
        self.assertEqual(call("post", "DescribeReservedInstances", {}), {"ReservedInstances": []})

    def DescribeReservedInstancesOfferings(self):
        self.assertEqual(call("post", "DescribeReservedInstancesOfferings", {
            "InstanceType": "t3.micro", "OfferingType": "No Upfront"}),
            {"ReservedInstancesOfferings": []})

    def DescribeSecurityGroupRules(self):
        rule = rule_of(8001)
        found = call("post", "DescribeSecurityGroupRules", {"SecurityGroupRuleIds": [rule]})
        self.assertEqual(found["SecurityGroupRules"][0]["FromPort"], 8001)
        found = call("post", "DescribeSecurityGroupRules", {
            "Filters": [{"Name": "group-id", "Values": [group]}]})
        self.assertIn(rule, [r["SecurityGroupRuleId"] for r in found["SecurityGroupRules"]])

    def DescribeSecurityGroups(self):
        found = call("post", "DescribeSecurityGroups", {"GroupNames": ["default"]})
        default = found["SecurityGroups"][0]
        self.assertEqual(default["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"],
                         default["GroupId"])
        self.assertEqual(default["IpPermissionsEgress"][0]["IpRanges"], [{"CidrIp": ANY}])

    def DescribeSnapshotAttribute(self):
        found = call("post", "DescribeSnapshotAttribute", {
            "SnapshotId": of_one("snapshot"), "Attribute": "createVolumePermission"})
        self.assertEqual((found["SnapshotId"], found["CreateVolumePermissions"]),
                         (of_one("snapshot"), []))

    def DescribeSnapshots(self):
        found = call("post", "DescribeSnapshots", {"OwnerIds": ["self"], "Filters": [
            {"Name": "snapshot-id", "Values": [of_one("snapshot")]}]})["Snapshots"]
        self.assertEqual([(s["State"], s["Progress"], s["VolumeSize"], s["Encrypted"])
                          for s in found], [("completed", "100%", 1, False)])
    def DescribeSpotInstanceRequests(self):
        made = call("post", "RequestSpotInstances", {
            "SpotPrice": "0.0002", "LaunchSpecification": {"ImageId": image}})
        one = made["SpotInstanceRequests"][0]["SpotInstanceRequestId"]
        found = call("post", "DescribeSpotInstanceRequests", {"SpotInstanceRequestIds": [one]})
        self.assertEqual((found["SpotInstanceRequests"][0]["State"],
                          found["SpotInstanceRequests"][0]["SpotPrice"]), ("open", "0.000200"))
        call("post", "CancelSpotInstanceRequests", {"SpotInstanceRequestIds": [one]})

    def DescribeSpotPriceHistory(self):
        def price():
            return call("post", "DescribeSpotPriceHistory", {
                "InstanceTypes": ["t3.micro"], "AvailabilityZone": f"{REGION}a",
                "MaxResults": 1})["SpotPriceHistory"]
        found = until(price, what="a price")[0]
        self.assertEqual((found["InstanceType"], found["ProductDescription"]),
                         ("t3.micro", "Linux/UNIX"))
        self.assertTrue(0 < float(found["SpotPrice"]) <= 0.0104, found["SpotPrice"])

    def DescribeSubnets(self):
        found = call("post", "DescribeSubnets", {"Filters": [
            {"Name": "default-for-az", "Values": ["true"]}]})["Subnets"]
        self.assertGreaterEqual(len(found), 2)
        for subnet in found:
            self.assertTrue(subnet["CidrBlock"].startswith("172.31."))
            self.assertEqual(subnet["VpcId"], vpc)
            self.assertTrue(subnet["MapPublicIpOnLaunch"])
        self.assertEqual(sum(4096 - 5 - subnet["AvailableIpAddressCount"] for subnet in found), 1)

    def DescribeTags(self):
        call("post", "CreateTags", {"Resources": [image], "Tags": [{"Key": "z", "Value": "é*?"}]})
        found = call("post", "DescribeTags", {"Filters": [
            {"Name": "resource-type", "Values": ["image"]}]})["Tags"]
        self.assertEqual(found, [{"Key": "z", "Value": "é*?", "ResourceId": image,
                                  "ResourceType": "image"}])

    def DescribeVolumeAttribute(self):
        found = call("post", "DescribeVolumeAttribute", {"VolumeId": of_one("volume"),
                                                         "Attribute": "autoEnableIO"})
        self.assertEqual(found["AutoEnableIO"], {"Value": False})

    def DescribeVolumeStatus(self):
        found = call("post", "DescribeVolumeStatus", {"VolumeIds": [of_one("volume")]})
        status = found["VolumeStatuses"][0]
        self.assertEqual((status["VolumeStatus"]["Status"], status["Events"], status["Actions"]),
                         ("ok", [], []))

    def DescribeVolumes(self):
        found = call("post", "DescribeVolumes", {"VolumeIds": [of_one("volume")]})["Volumes"][0]
        self.assertEqual((found["State"], found["Size"], found["VolumeType"], found["Iops"],
                          found["Throughput"], found["MultiAttachEnabled"], found["SnapshotId"]),
                         ("in-use", 1, "gp3", 3000, 125, False, of_one("snapshot")))
        self.assertEqual([(a["InstanceId"], a["Device"], a["State"], a["DeleteOnTermination"])
                          for a in found["Attachments"]], [(one, "/dev/xvda", "attached", True)])

    def DescribeVolumesModifications(self):
        self.assertEqual(call("post", "DescribeVolumesModifications", {}),
                         {"VolumesModifications": []})

    def DescribeVpcs(self):
        found = call("post", "DescribeVpcs", {"VpcIds": [vpc]})["Vpcs"][0]
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
            {"Name": "attachment.vpc-id", "Values": [vpc]}]})["InternetGateways"]
        self.assertEqual([each["Attachments"] for each in found],
                         [[{"State": "available", "VpcId": vpc}]])

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

    def DescribeAddresses(self):
        # The address that came with the launch is of the pool: it is no elastic one.
        self.assertEqual(call("post", "DescribeAddresses", {"Filters": [
            {"Name": "instance-id", "Values": [one]}]}), {"Addresses": []})
        made = elastic()
        found = call("post", "DescribeAddresses", {"PublicIps": [made["PublicIp"]]})["Addresses"]
        self.assertEqual([a["AllocationId"] for a in found], [made["AllocationId"]])
        release(made["AllocationId"])

    def DescribeAddressesAttribute(self):
        made = elastic()
        self.assertEqual(call("post", "DescribeAddressesAttribute", {
            "AllocationIds": [made["AllocationId"]], "Attribute": "domain-name"})["Addresses"], [
                {"AllocationId": made["AllocationId"], "PublicIp": made["PublicIp"]}])
        release(made["AllocationId"])

    def DescribeBundleTasks(self):
        self.none("BundleTasks", filters="state")

    def DescribeCarrierGateways(self):
        self.none("CarrierGateways", filters="vpc-id")

    def DescribeConversionTasks(self):
        self.none("ConversionTasks")

    def DescribeCustomerGateways(self):
        self.none("CustomerGateways", filters="bgp-asn")

    def DescribeDhcpOptions(self):
        named = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["DhcpOptionsId"]
        found = call("post", "DescribeDhcpOptions", {"DhcpOptionsIds": [named]})["DhcpOptions"][0]
        self.assertEqual(found["DhcpConfigurations"], [
            {"Key": "domain-name", "Values": [{"Value": "ec2.internal"}]},
            {"Key": "domain-name-servers", "Values": [{"Value": "AmazonProvidedDNS"}]}])
        call("post", "CreateTags", {"Resources": [named], "Tags": [{"Key": "dns", "Value": "1"}]})
        found = call("post", "DescribeDhcpOptions", {"Filters": [
            {"Name": "key", "Values": ["domain-name"]}, {"Name": "tag:dns", "Values": ["1"]}]})
        self.assertEqual([each["DhcpOptionsId"] for each in found["DhcpOptions"]], [named])

    def DescribeEgressOnlyInternetGateways(self):
        made = call("post", "CreateEgressOnlyInternetGateway", {"VpcId": new_vpc()})
        made = made["EgressOnlyInternetGateway"]
        no_more(ec2.delete_egress_only_internet_gateway,
                EgressOnlyInternetGatewayId=made["EgressOnlyInternetGatewayId"])
        found = call("post", "DescribeEgressOnlyInternetGateways", {
            "EgressOnlyInternetGatewayIds": [made["EgressOnlyInternetGatewayId"]]})
        self.assertEqual(found["EgressOnlyInternetGateways"], [made])

    def DescribeExportTasks(self):
        self.none("ExportTasks")

    def CreateFlowLogs(self):
        made = call("post", "CreateFlowLogs", {
            **FLOW_LOG, "ResourceIds": [vpc], "LogGroupName": "made", "MaxAggregationInterval": 60,
            "LogFormat": "${srcaddr} ${dstaddr} ${flow-direction}", "TagSpecifications": [
                {"ResourceType": "vpc-flow-log", "Tags": [{"Key": "team", "Value": "blue"}]}]})
        self.assertEqual((len(made["FlowLogIds"]), made["Unsuccessful"]), (1, []))
        seen = ec2.describe_flow_logs(FlowLogIds=made["FlowLogIds"])["FlowLogs"][0]
        self.assertEqual([seen[name] for name in ("ResourceId", "TrafficType", "LogGroupName", "LogFormat",
                                                  "MaxAggregationInterval", "FlowLogStatus", "DeliverLogsStatus")],
                         [vpc, "ALL", "made", "${srcaddr} ${dstaddr} ${flow-direction}", 60, "ACTIVE", "SUCCESS"])
        self.assertEqual(seen["Tags"], [{"Key": "team", "Value": "blue"}])
        ec2.delete_flow_logs(FlowLogIds=made["FlowLogIds"])
        token = {**FLOW_LOG, "ResourceIds": [vpc], "LogGroupName": "once", "ClientToken": "fl-1"}
        ids = {call("post", "CreateFlowLogs", token)["FlowLogIds"][0] for _ in range(2)}
        self.assertEqual(len(ids), 1)
        ec2.delete_flow_logs(FlowLogIds=list(ids))

    def DeleteFlowLogs(self):
        made = call("post", "CreateFlowLogs", {**FLOW_LOG, "ResourceIds": [vpc], "LogGroupName": "gone"})["FlowLogIds"]
        self.assertEqual(call("post", "DeleteFlowLogs", {"FlowLogIds": made}), {"Unsuccessful": []})
        self.assertEqual(refusal(ec2.describe_flow_logs, FlowLogIds=made).code, "InvalidFlowLogId.NotFound")

    def DescribeFlowLogs(self):
        self.assertEqual(call("post", "DescribeFlowLogs", {"Filter": [
            {"Name": "resource-id", "Values": [vpc]}]}), {"FlowLogs": []})

    def DescribeIamInstanceProfileAssociations(self):
        self.none("IamInstanceProfileAssociations", filters="instance-id")

    def DescribeIdFormat(self):
        found = call("post", "DescribeIdFormat", {"Resource": "vpc"})
        self.assertEqual(found["Statuses"], [{"Resource": "vpc", "UseLongIds": True}])

    def DescribeIdentityIdFormat(self):
        found = call("post", "DescribeIdentityIdFormat", {"PrincipalArn": "all"})
        self.assertTrue(all(each["UseLongIds"] for each in found["Statuses"]))
        self.assertIn("instance", [each["Resource"] for each in found["Statuses"]])

    def DescribeAggregateIdFormat(self):
        self.assertTrue(call("post", "DescribeAggregateIdFormat", {})["UseLongIdsAggregated"])

    def DescribeImageAttribute(self):
        for name in client().meta.service_model.shape_for("ImageAttributeName").enum:
            found = call("post", "DescribeImageAttribute", {"ImageId": image, "Attribute": name})
            self.assertEqual(found["ImageId"], image, name)
        launched = call("post", "DescribeImageAttribute", {
            "ImageId": image, "Attribute": "lastLaunchedTime"})["LastLaunchedTime"]["Value"]
        self.assertRegex(launched, r"^20\d\d-.*Z$")

    def DescribeImportImageTasks(self):
        self.none("ImportImageTasks", filters="task-state")

    def DescribeImportSnapshotTasks(self):
        self.none("ImportSnapshotTasks", filters="task-state")

    def CreateManagedPrefixList(self):
        made = prefix_list("made", Entries=[{"Cidr": "10.0.0.0/8", "Description": "ours"}], TagSpecifications=[
            {"ResourceType": "prefix-list", "Tags": [{"Key": "team", "Value": "blue"}]}])
        self.assertEqual((made["State"], made["Version"], made["MaxEntries"], made["AddressFamily"]),
                         ("create-complete", 1, 3, "IPv4"))
        self.assertEqual(made["Tags"], [{"Key": "team", "Value": "blue"}])
        token = {"PrefixListName": "once", "MaxEntries": 1, "AddressFamily": "IPv6", "ClientToken": "pl-1"}
        ids = {call("post", "CreateManagedPrefixList", token)["PrefixList"]["PrefixListId"] for _ in range(2)}
        self.assertEqual(len(ids), 1)
        ec2.delete_managed_prefix_list(PrefixListId=ids.pop())

    def DeleteManagedPrefixList(self):
        made = call("post", "CreateManagedPrefixList", {
            "PrefixListName": "gone", "MaxEntries": 1, "AddressFamily": "IPv4"})["PrefixList"]["PrefixListId"]
        gone = call("post", "DeleteManagedPrefixList", {"PrefixListId": made})["PrefixList"]
        self.assertEqual(gone["State"], "delete-complete")
        self.assertEqual(refusal(ec2.describe_managed_prefix_lists, PrefixListIds=[made]).code,
                         "InvalidPrefixListID.NotFound")

    def DescribeManagedPrefixLists(self):
        made = prefix_list("seen")["PrefixListId"]
        found = call("post", "DescribeManagedPrefixLists", {"Filters": [
            {"Name": "prefix-list-name", "Values": ["seen", f"com.amazonaws.{REGION}.s3"]}]})["PrefixLists"]
        self.assertEqual({(each["PrefixListName"], each["OwnerId"] == "AWS") for each in found},
                         {("seen", False), (f"com.amazonaws.{REGION}.s3", True)})
        self.assertIn(made, [each["PrefixListId"] for each in found])

    def GetManagedPrefixListAssociations(self):
        made = prefix_list("used")["PrefixListId"]
        self.assertEqual(call("post", "GetManagedPrefixListAssociations", {"PrefixListId": made}),
                         {"PrefixListAssociations": []})
        rule = call("post", "AuthorizeSecurityGroupIngress", {"GroupId": group, "IpPermissions": [
            {"IpProtocol": "udp", "FromPort": 7, "ToPort": 7, "PrefixListIds": [{"PrefixListId": made}]}]})
        found = call("post", "GetManagedPrefixListAssociations", {"PrefixListId": made})
        self.assertEqual([each["ResourceId"] for each in found["PrefixListAssociations"]], [group])
        ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[
            rule["SecurityGroupRules"][0]["SecurityGroupRuleId"]])

    def GetManagedPrefixListEntries(self):
        made = prefix_list("entries", Entries=[{"Cidr": "10.0.0.0/8", "Description": "ours"},
                                               {"Cidr": "10.1.0.0/16"}])["PrefixListId"]
        self.assertEqual(call("post", "GetManagedPrefixListEntries", {"PrefixListId": made, "TargetVersion": 1}),
                         {"Entries": [{"Cidr": "10.0.0.0/8", "Description": "ours"}, {"Cidr": "10.1.0.0/16"}]})

    def ModifyManagedPrefixList(self):
        made = prefix_list("changed")["PrefixListId"]
        changed = call("post", "ModifyManagedPrefixList", {
            "PrefixListId": made, "CurrentVersion": 1, "AddEntries": [{"Cidr": "10.0.0.0/8"}]})["PrefixList"]
        self.assertEqual((changed["State"], changed["Version"]), ("modify-complete", 2))

    def RestoreManagedPrefixListVersion(self):
        made = prefix_list("restored", Entries=[{"Cidr": "10.0.0.0/8"}])["PrefixListId"]
        ec2.modify_managed_prefix_list(PrefixListId=made, CurrentVersion=1, RemoveEntries=[{"Cidr": "10.0.0.0/8"}])
        back = call("post", "RestoreManagedPrefixListVersion", {
            "PrefixListId": made, "CurrentVersion": 2, "PreviousVersion": 1})["PrefixList"]
        self.assertEqual((back["State"], back["Version"]), ("restore-complete", 3))
        self.assertEqual(ec2.get_managed_prefix_list_entries(PrefixListId=made)["Entries"], [{"Cidr": "10.0.0.0/8"}])

    def DescribeMovingAddresses(self):
        self.none("MovingAddressStatuses", filters="moving-status")

    def DescribeNatGateways(self):
        made = nat_gateway(self)["NatGatewayId"]
        found = call("post", "DescribeNatGateways", {"Filter": [
            {"Name": "vpc-id", "Values": [vpc]}, {"Name": "nat-gateway-id", "Values": [made]}]})
        self.assertEqual([g["NatGatewayId"] for g in found["NatGateways"]], [made])

    def DescribePrefixLists(self):
        found = call("post", "DescribePrefixLists", {"Filters": [
            {"Name": "prefix-list-name", "Values": [f"com.amazonaws.{REGION}.s3"]}]})["PrefixLists"]
        self.assertEqual(len(found), 1)
        self.assertTrue(found[0]["Cidrs"])
        managed = call("post", "DescribeManagedPrefixLists", {
            "PrefixListIds": [found[0]["PrefixListId"]]})["PrefixLists"][0]
        self.assertEqual((managed["PrefixListName"], managed["OwnerId"]),
                         (found[0]["PrefixListName"], "AWS"))

    def DescribeSecurityGroupReferences(self):
        self.none("SecurityGroupReferenceSet", GroupId=[group])

    def DescribeStaleSecurityGroups(self):
        self.none("StaleSecurityGroupSet", VpcId=vpc)

    def DescribeTransitGatewayVpcAttachments(self):
        self.none("TransitGatewayVpcAttachments", filters="vpc-id")

    def DescribeTransitGateways(self):
        self.none("TransitGateways", filters="options.amazon-side-asn")

    def DescribeVpcAttribute(self):
        for name, on in (("enableDnsSupport", True), ("enableDnsHostnames", True),
                         ("enableNetworkAddressUsageMetrics", False)):
            found = call("post", "DescribeVpcAttribute", {"VpcId": vpc, "Attribute": name})
            self.assertEqual(found, {"VpcId": vpc, name[0].upper() + name[1:]: {"Value": on}})

    def DescribeVpcClassicLink(self):
        found = call("post", "DescribeVpcClassicLink", {"VpcIds": [vpc]})["Vpcs"]
        self.assertEqual([(v["VpcId"], v["ClassicLinkEnabled"]) for v in found], [(vpc, False)])

    def DescribeVpcClassicLinkDnsSupport(self):
        found = call("post", "DescribeVpcClassicLinkDnsSupport", {"VpcIds": [vpc]})["Vpcs"]
        self.assertEqual(found, [{"VpcId": vpc, "ClassicLinkDnsSupported": False}])

    def CreateVpcEndpoint(self):
        table = route_table()
        asked = {"VpcId": vpc, "ServiceName": S3, "RouteTableIds": [table], "ClientToken": "s3",
                 "TagSpecifications": [{"ResourceType": "vpc-endpoint",
                                        "Tags": [{"Key": "k", "Value": "v"}]}]}
        made = call("post", "CreateVpcEndpoint", asked)["VpcEndpoint"]
        self.assertEqual((made["VpcEndpointType"], made["State"], made["RouteTableIds"], made["Tags"]),
                         ("Gateway", "available", [table], [{"Key": "k", "Value": "v"}]))
        self.assertEqual(json.loads(made["PolicyDocument"])["Statement"][0]["Effect"], "Allow")
        self.assertEqual(call("post", "CreateVpcEndpoint", asked)["VpcEndpoint"]["VpcEndpointId"],
                         made["VpcEndpointId"])
        route = [each for each in route_table_now(table)["Routes"] if "DestinationPrefixListId" in each]
        self.assertEqual((route[0]["GatewayId"], route[0]["State"]), (made["VpcEndpointId"], "active"))
        for params, code in (({"RouteTableIds": [table]}, "RouteAlreadyExists"),
                             ({"PolicyDocument": "{}"}, "InvalidPolicyDocument")):
            self.assertEqual(refusal(call, "post", "CreateVpcEndpoint", {
                "VpcId": vpc, "ServiceName": S3, **params}).code, code)
        self.assertEqual(call("post", "DeleteVpcEndpoints", {"VpcEndpointIds": [made["VpcEndpointId"]]}),
                         {"Unsuccessful": []})
        call("post", "DeleteRouteTable", {"RouteTableId": table})

    def DescribeVpcEndpoints(self):
        made = endpoint()
        found = call("post", "DescribeVpcEndpoints", {"Filters": [
            {"Name": "service-name", "Values": [S3]}, {"Name": "vpc-id", "Values": [vpc]}]})
        self.assertIn(made, [each["VpcEndpointId"] for each in found["VpcEndpoints"]])

    def ModifyVpcEndpoint(self):
        made, table = endpoint(), route_table()
        policy = json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}]})
        self.assertTrue(call("post", "ModifyVpcEndpoint", {
            "VpcEndpointId": made, "PolicyDocument": policy, "AddRouteTableIds": [table]})["Return"])
        now = ec2.describe_vpc_endpoints(VpcEndpointIds=[made])["VpcEndpoints"][0]
        self.assertEqual((now["PolicyDocument"], now["RouteTableIds"]), (policy, [table]))
        call("post", "ModifyVpcEndpoint", {"VpcEndpointId": made, "ResetPolicy": True,
                                           "RemoveRouteTableIds": [table]})
        now = ec2.describe_vpc_endpoints(VpcEndpointIds=[made])["VpcEndpoints"][0]
        self.assertEqual(now["RouteTableIds"], [])
        self.assertNotEqual(now["PolicyDocument"], policy)
        self.assertEqual(len(route_table_now(table)["Routes"]), 1)
        call("post", "DeleteRouteTable", {"RouteTableId": table})

    def DeleteVpcEndpoints(self):
        made = endpoint()
        found = call("post", "DeleteVpcEndpoints", {"VpcEndpointIds": [made, MISSING["vpce"]]})
        self.assertEqual([(each["ResourceId"], each["Error"]["Code"])
                          for each in found["Unsuccessful"]],
                         [(MISSING["vpce"], "InvalidVpcEndpointId.NotFound")])
        self.assertEqual(refusal(call, "post", "DescribeVpcEndpoints", {
            "VpcEndpointIds": [made]}).code, "InvalidVpcEndpointId.NotFound")

    def DescribeVpcEndpointServices(self):
        found = call("post", "DescribeVpcEndpointServices", {"Filters": [
            {"Name": "service-type", "Values": ["Gateway"]}]})
        self.assertIn(S3, found["ServiceNames"])
        self.assertEqual([each["ServiceName"] for each in found["ServiceDetails"]],
                         found["ServiceNames"])
        self.assertEqual(call("post", "DescribeVpcEndpointServices", {
            "ServiceNames": [S3]})["ServiceNames"], [S3])

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
                         ("pending-acceptance", vpc, [{"Key": "k", "Value": "v"}]))
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
            {"Name": "requester-vpc-info.vpc-id", "Values": [vpc]}]})["VpcPeeringConnections"]
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

    def DescribeVpnConnections(self):
        self.none("VpnConnections", filters="vpn-gateway-id")

    def DescribeVpnGateways(self):
        self.none("VpnGateways", filters="attachment.vpc-id")

    def none(self, member, filters=None, **params):
        """Nothing of the kind: the list is there, and empty."""
        action = self._testMethodName.removeprefix("test_")
        if filters:
            params["Filters"] = [{"Name": filters, "Values": ["*"]}]
        self.assertEqual(call("post", action, params), {member: []})

    def GetEbsEncryptionByDefault(self):
        self.assertIs(call("post", "GetEbsEncryptionByDefault", {})["EbsEncryptionByDefault"],
                      False)

    def ModifyImageAttribute(self):
        made = register_image("shared")
        call("post", "ModifyImageAttribute", {"ImageId": made, "Description": {"Value": "é"}})
        call("post", "ModifyImageAttribute", {"ImageId": made, "LaunchPermission": {
            "Add": [{"Group": "all"}]}})
        found = ec2.describe_images(ImageIds=[made], ExecutableUsers=["all"])["Images"][0]
        self.assertEqual((found["Description"], found["Public"]), ("é", True))
        self.assertEqual(call("post", "DescribeImageAttribute", {
            "ImageId": made, "Attribute": "launchPermission"})["LaunchPermissions"],
            [{"Group": "all"}])
        # The form of old: ec2-modify-image-attribute's
        call("post", "ModifyImageAttribute", {
            "ImageId": made, "Attribute": "launchPermission", "OperationType": "remove",
            "UserGroups": ["all"]})
        self.assertFalse(ec2.describe_images(ImageIds=[made])["Images"][0]["Public"])
        call("post", "DeregisterImage", {"ImageId": made})

    def ResetImageAttribute(self):
        made = register_image("reset")
        call("post", "ModifyImageAttribute", {"ImageId": made, "LaunchPermission": {
            "Add": [{"Group": "all"}]}})
        call("post", "ResetImageAttribute", {"ImageId": made, "Attribute": "launchPermission"})
        self.assertFalse(ec2.describe_images(ImageIds=[made])["Images"][0]["Public"])
        call("post", "DeregisterImage", {"ImageId": made})
    def EnableImageBlockPublicAccess(self):
        made = register_image("nobody's but ours")
        share = {"ImageId": made, "LaunchPermission": {"Add": [{"Group": "all"}]}}
        old = {"ImageId": made, "Attribute": "launchPermission", "OperationType": "add",
               "UserGroups": ["all"]}
        self.assertEqual(call("post", "EnableImageBlockPublicAccess", {
            "ImageBlockPublicAccessState": "block-new-sharing"}),
            {"ImageBlockPublicAccessState": "block-new-sharing"})
        for way in share, old:
            self.assertEqual(refusal(call, "post", "ModifyImageAttribute", way).code,
                             "OperationNotPermitted")
        self.assertFalse(ec2.describe_images(ImageIds=[made])["Images"][0]["Public"])
        call("post", "DisableImageBlockPublicAccess", {})
        call("post", "ModifyImageAttribute", share)
        self.assertTrue(ec2.describe_images(ImageIds=[made])["Images"][0]["Public"])
        call("post", "DeregisterImage", {"ImageId": made})

    def DisableImageBlockPublicAccess(self):
        self.assertEqual(call("post", "DisableImageBlockPublicAccess", {}),
                         {"ImageBlockPublicAccessState": "unblocked"})

    def GetImageBlockPublicAccessState(self):
        self.assertEqual(call("post", "GetImageBlockPublicAccessState", {}),
                         {"ImageBlockPublicAccessState": "unblocked", "ManagedBy": "account"})

    def EnableSnapshotBlockPublicAccess(self):
        for state in "block-new-sharing", "block-all-sharing":
            self.assertEqual(call("post", "EnableSnapshotBlockPublicAccess", {"State": state}),
                             {"State": state})
            self.assertEqual(call("post", "GetSnapshotBlockPublicAccessState", {})["State"], state)
        call("post", "DisableSnapshotBlockPublicAccess", {})

    def DisableSnapshotBlockPublicAccess(self):
        self.assertEqual(call("post", "DisableSnapshotBlockPublicAccess", {}),
                         {"State": "unblocked"})

    def GetSnapshotBlockPublicAccessState(self):
        self.assertEqual(call("post", "GetSnapshotBlockPublicAccessState", {}),
                         {"State": "unblocked", "ManagedBy": "account"})

    def DescribeInstanceConnectEndpoints(self):
        self.assertEqual(call("post", "DescribeInstanceConnectEndpoints", {
            "Filters": [{"Name": "vpc-id", "Values": [vpc]}]}), {"InstanceConnectEndpoints": []})

    def DescribeInstanceImageMetadata(self):
        found = call("post", "DescribeInstanceImageMetadata", {
            "Filters": [{"Name": "instance-id", "Values": [one]},
                        {"Name": "image-allowed", "Values": ["true"]}]})
        item, of = found["InstanceImageMetadata"][0], instance(ec2, one)
        self.assertEqual((item["InstanceId"], item["State"], item["LaunchTime"]),
                         (one, of["State"], of["LaunchTime"]))
        self.assertEqual(item["ImageMetadata"]["ImageId"], image)
        self.assertEqual(item["ImageMetadata"]["State"], "available")

    def DisableSerialConsoleAccess(self):
        self.assertFalse(call("post", "DisableSerialConsoleAccess", {})
                         ["SerialConsoleAccessEnabled"])
        # The console itself over the network, with a signature that is right.
        refused = request("GET", f"/v1/console/{one}", headers={
            "Connection": "Upgrade", "Upgrade": "croft-tunnel"})
        self.assertEqual((refused.status, refused.fault()[0]), (403, "UnauthorizedOperation"))
        self.assertIn("EnableSerialConsoleAccess", refused.fault()[1])

    def EnableSerialConsoleAccess(self):
        self.assertTrue(call("post", "EnableSerialConsoleAccess", {})["SerialConsoleAccessEnabled"])
        self.assertEqual(console_status(), 101)
        call("post", "DisableSerialConsoleAccess", {})
        self.assertEqual(console_status(), 403)
        self.assertEqual(console_status(unix=True), 101)  # at the server itself it always answers
    def GetCapacityReservationUsage(self):
        made = reservation()["CapacityReservationId"]
        found = call("post", "GetCapacityReservationUsage", {"CapacityReservationId": made})
        self.assertEqual((found["State"], found["AvailableInstanceCount"], found["InstanceUsages"]),
                         ("active", 2, []))

    def GetConsoleOutput(self):
        found = call("post", "GetConsoleOutput", {"InstanceId": one})
        self.assertIn(encoded(f"{one} login:")[:16], found["Output"])

    def GetLaunchTemplateData(self):
        found = call("post", "GetLaunchTemplateData", {"InstanceId": one})["LaunchTemplateData"]
        self.assertEqual((found["ImageId"], found["BlockDeviceMappings"][0]["DeviceName"]),
                         (image, "/dev/xvda"))
    def GetDefaultCreditSpecification(self):
        for family, credits in ("t2", "standard"), ("t3", "unlimited"), ("t4g", "unlimited"):
            found = call("post", "GetDefaultCreditSpecification", {"InstanceFamily": family})
            self.assertEqual(found["InstanceFamilyCreditSpecification"],
                             {"InstanceFamily": family, "CpuCredits": credits})

    def GetInstanceMetadataDefaults(self):
        found = call("post", "GetInstanceMetadataDefaults", {})
        self.assertEqual(found["AccountLevel"], {"ManagedBy": "account"})

    def GetPasswordData(self):
        found = call("post", "GetPasswordData", {"InstanceId": one})
        self.assertEqual((found["InstanceId"], found["PasswordData"]), (one, ""))
        self.assertEqual(found["Timestamp"], instance(ec2, one)["LaunchTime"])

    def GetSerialConsoleAccessStatus(self):
        self.assertEqual(call("post", "GetSerialConsoleAccessStatus", {}),
                         {"SerialConsoleAccessEnabled": False})

    def ImportKeyPair(self):
        made = call("post", "ImportKeyPair", {"KeyName": "imported",
                                              "PublicKeyMaterial": PUBLIC_KEY.encode()})
        self.assertRegex(made["KeyFingerprint"], r"^[A-Za-z0-9+/]{43}=?$")
        found = call("post", "DescribeKeyPairs", {"KeyPairIds": [made["KeyPairId"]],
                                                  "IncludePublicKey": True})["KeyPairs"][0]
        self.assertEqual(found["PublicKey"].split()[:2], PUBLIC_KEY.split()[:2])

    def ModifyDefaultCreditSpecification(self):
        for credits in "unlimited", "standard":
            made = call("post", "ModifyDefaultCreditSpecification", {
                "InstanceFamily": "t2", "CpuCredits": credits})
            self.assertEqual(made["InstanceFamilyCreditSpecification"]["CpuCredits"], credits)
    def ModifyCapacityReservation(self):
        made = reservation()["CapacityReservationId"]
        call("post", "ModifyCapacityReservation", {"CapacityReservationId": made,
                                                   "InstanceCount": 1})
        found = ec2.describe_capacity_reservations(CapacityReservationIds=[made])
        self.assertEqual(found["CapacityReservations"][0]["TotalInstanceCount"], 1)

    def ModifyInstanceAttribute(self):
        call("post", "ModifyInstanceAttribute", {"InstanceId": one,
                                                 "DisableApiTermination": {"Value": True}})
        self.assertEqual(refusal(ec2.terminate_instances, InstanceIds=[one]).code,
                         "OperationNotPermitted")
        call("post", "ModifyInstanceAttribute", {"InstanceId": one, "Value": "false",
                                                 "Attribute": "disableApiTermination"})

    def ModifyLaunchTemplate(self):
        made = template("modified")
        ec2.create_launch_template_version(LaunchTemplateId=made, LaunchTemplateData={"KeyName": "x"})
        done = call("post", "ModifyLaunchTemplate", {"LaunchTemplateId": made, "DefaultVersion": "2"})
        self.assertEqual(done["LaunchTemplate"]["DefaultVersionNumber"], 2)
    def DisassociateAddress(self):
        made = elastic()
        call("post", "AssociateAddress", {
            "PublicIp": made["PublicIp"], "NetworkInterfaceId": of_one("interface")})
        for _ in range(2):  # asking twice is no mistake
            call("post", "DisassociateAddress", {"PublicIp": made["PublicIp"]})
        self.assertNotIn("AssociationId", ec2.describe_addresses(
            AllocationIds=[made["AllocationId"]])["Addresses"][0])
        release(made["AllocationId"])

    def ModifyAddressAttribute(self):
        made = elastic()
        set_to = call("post", "ModifyAddressAttribute", {
            "AllocationId": made["AllocationId"], "DomainName": "mail.example.com"})["Address"]
        self.assertEqual(set_to["PtrRecord"], "mail.example.com.")
        release(made["AllocationId"])

    def ResetAddressAttribute(self):
        made = elastic()
        ec2.modify_address_attribute(AllocationId=made["AllocationId"],
                                     DomainName="mail.example.com")
        reset = call("post", "ResetAddressAttribute", {
            "AllocationId": made["AllocationId"], "Attribute": "domain-name"})["Address"]
        self.assertNotIn("PtrRecord", reset)
        release(made["AllocationId"])

    def ReleaseAddress(self):
        made = elastic()
        call("post", "ReleaseAddress", {"AllocationId": made["AllocationId"]})
        self.assertEqual(ec2.describe_addresses(Filters=[
            {"Name": "public-ip", "Values": [made["PublicIp"]]}])["Addresses"], [])

    def ModifyNetworkInterfaceAttribute(self):
        interface = of_one("interface")
        call("post", "ModifyNetworkInterfaceAttribute",
             {"NetworkInterfaceId": interface, "Description": {"Value": "é"}})
        found = ec2.describe_network_interfaces(NetworkInterfaceIds=[interface])
        self.assertEqual(found["NetworkInterfaces"][0]["Description"], "é")
        call("post", "ModifyNetworkInterfaceAttribute",
             {"NetworkInterfaceId": interface, "Description": {"Value": ""}})
        found = ec2.describe_network_interfaces(NetworkInterfaceIds=[interface])
        self.assertEqual(found["NetworkInterfaces"][0]["Description"], "")
    def ModifyInstanceCpuOptions(self):
        i = launch(ec2, image, InstanceType="t3.small")["InstanceId"]
        self.assertEqual(instance(ec2, i)["CpuOptions"], {"CoreCount": 1, "ThreadsPerCore": 2})
        ec2.stop_instances(InstanceIds=[i])
        wait_state(ec2, i, "stopped")
        made = call("post", "ModifyInstanceCpuOptions", {
            "InstanceId": i, "CoreCount": 1, "ThreadsPerCore": 1})
        self.assertEqual((made["InstanceId"], made["CoreCount"], made["ThreadsPerCore"]), (i, 1, 1))
        self.assertEqual(instance(ec2, i)["CpuOptions"], {"CoreCount": 1, "ThreadsPerCore": 1})
        ec2.start_instances(InstanceIds=[i])
        wait_state(ec2, i, "running")
        remove(ec2, i)

    def ModifyInstanceCreditSpecification(self):
        asked = [{"InstanceId": one, "CpuCredits": "standard"},
                 {"InstanceId": MISSING["i"], "CpuCredits": "standard"}]
        for _ in "once", "again":
            made = call("post", "ModifyInstanceCreditSpecification", {
                "ClientToken": "credits", "InstanceCreditSpecifications": asked})
            self.assertEqual(made["SuccessfulInstanceCreditSpecifications"], [{"InstanceId": one}])
            bad = made["UnsuccessfulInstanceCreditSpecifications"]
            self.assertEqual([(b["InstanceId"], b["Error"]["Code"]) for b in bad],
                             [(MISSING["i"], "InvalidInstanceID.NotFound")])
        asked[0]["CpuCredits"] = "unlimited"
        call("post", "ModifyInstanceCreditSpecification", {
            "InstanceCreditSpecifications": asked[:1]})

    def ModifyInstanceMaintenanceOptions(self):
        for state in "disabled", "default":
            made = call("post", "ModifyInstanceMaintenanceOptions", {
                "InstanceId": one, "AutoRecovery": state})
            self.assertEqual((made["InstanceId"], made["AutoRecovery"]), (one, state))
            self.assertEqual(instance(ec2, one)["MaintenanceOptions"]["AutoRecovery"], state)

    def ModifyInstanceMetadataDefaults(self):
        self.assertTrue(call("post", "ModifyInstanceMetadataDefaults", {
            "HttpTokens": "required", "HttpPutResponseHopLimit": 2})["Return"])
        found = call("post", "GetInstanceMetadataDefaults", {})["AccountLevel"]
        self.assertEqual((found["HttpTokens"], found["HttpPutResponseHopLimit"]), ("required", 2))
        i = launch(ec2, image)
        self.assertEqual(i["MetadataOptions"]["HttpTokens"], "required")
        self.assertEqual(i["MetadataOptions"]["HttpPutResponseHopLimit"], 2)
        call("post", "ModifyInstanceMetadataDefaults", {
            "HttpTokens": "no-preference", "HttpPutResponseHopLimit": -1})
        remove(ec2, i["InstanceId"])

    def ModifyInstanceMetadataOptions(self):
        made = call("post", "ModifyInstanceMetadataOptions", {
            "InstanceId": one, "HttpTokens": "required", "HttpPutResponseHopLimit": 3})
        self.assertEqual(made["InstanceId"], one)
        self.assertEqual(made["InstanceMetadataOptions"]["State"], "pending")
        now = instance(ec2, one)["MetadataOptions"]
        self.assertEqual((now["State"], now["HttpTokens"], now["HttpPutResponseHopLimit"],
                          now["HttpEndpoint"]), ("applied", "required", 3, "enabled"))
    def ModifyInstanceCapacityReservationAttributes(self):
        i = launch(ec2, image)["InstanceId"]
        ec2.stop_instances(InstanceIds=[i])
        wait_state(ec2, i, "stopped")
        call("post", "ModifyInstanceCapacityReservationAttributes", {
            "InstanceId": i, "CapacityReservationSpecification": {
                "CapacityReservationPreference": "none"}})
        self.assertEqual(instance(ec2, i)["CapacityReservationSpecification"],
                         {"CapacityReservationPreference": "none"})
        remove(ec2, i)

    def ModifyInstancePlacement(self):
        call("post", "CreatePlacementGroup", {"GroupName": "m", "Strategy": "partition"})
        i = launch(ec2, image)["InstanceId"]
        ec2.stop_instances(InstanceIds=[i])
        wait_state(ec2, i, "stopped")
        for params, shown in (({"GroupName": "m", "PartitionNumber": 2}, ("m", 2)),
                              ({"PartitionNumber": 1}, ("m", 1)),
                              ({"GroupName": ""}, ("", None))):
            self.assertTrue(call("post", "ModifyInstancePlacement",
                                 {"InstanceId": i, **params})["Return"])
            placement = instance(ec2, i)["Placement"]
            self.assertEqual((placement["GroupName"], placement.get("PartitionNumber")), shown)
        remove(ec2, i)

    def ModifySecurityGroupRules(self):
        rule = rule_of(8002)
        done = call("post", "ModifySecurityGroupRules", {
            "GroupId": group, "SecurityGroupRules": [{
                "SecurityGroupRuleId": rule, "SecurityGroupRule": {
                    "IpProtocol": "udp", "FromPort": 1, "ToPort": 2, "CidrIpv4": "10.0.0.0/8",
                    "Description": "changed"}}]})
        self.assertTrue(done["Return"])
        found = ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule])
        found = found["SecurityGroupRules"][0]
        self.assertEqual((found["IpProtocol"], found["ToPort"], found["Description"]),
                         ("udp", 2, "changed"))

    def MonitorInstances(self):
        made = call("post", "MonitorInstances", {"InstanceIds": [one]})["InstanceMonitorings"]
        self.assertEqual(made, [{"InstanceId": one, "Monitoring": {"State": "pending"}}])
        self.assertEqual(instance(ec2, one)["Monitoring"], {"State": "enabled"})

    def RebootInstances(self):
        call("post", "RebootInstances", {"InstanceIds": [one]})

    def RegisterImage(self):
        made = call("post", "RegisterImage", {"Name": "registered", "Description": "é",
                                              "ImageLocation": "upload:" + upload()})
        until(lambda: ec2.describe_images(ImageIds=[made["ImageId"]])["Images"][0]["State"]
              == "available")
        # What is no disk image fails, and says why.
        bad = call("post", "RegisterImage", {"Name": "a text",
                                             "ImageLocation": "upload:" + upload(b"hello " * 200)})
        found = until(lambda: [i for i in ec2.describe_images(ImageIds=[bad["ImageId"]])["Images"]
                               if i["State"] != "pending"])
        self.assertEqual(found[0]["State"], "failed")
        self.assertIn("no disk image", found[0]["StateReason"]["Message"])
        self.assertEqual(refusal(ec2.run_instances, ImageId=bad["ImageId"], MinCount=1, MaxCount=1)
                         .code, "InvalidAMIID.Unavailable")

    def RequestSpotInstances(self):
        made = call("post", "RequestSpotInstances", {
            "InstanceCount": 2, "LaunchSpecification": {"ImageId": image,
                                                        "InstanceType": "t3.nano"}})
        ids = [each["SpotInstanceRequestId"] for each in made["SpotInstanceRequests"]]
        self.assertEqual(len(set(ids)), 2)

        def instances():
            found = ec2.describe_spot_instance_requests(SpotInstanceRequestIds=ids)
            return [each.get("InstanceId") for each in found["SpotInstanceRequests"]]
        until(lambda: all(instances()), what="two spot instances")
        remove(ec2, *instances())

    def AssociateRouteTable(self):
        table = route_table()
        made = call("post", "AssociateRouteTable", {"RouteTableId": table, "SubnetId": first_subnet()})
        self.assertEqual(made["AssociationState"], {"State": "associated"})
        self.assertRegex(made["AssociationId"], r"^rtbassoc-[0-9a-f]{17}$")
        shown = route_table_now(table)["Associations"]
        self.assertEqual([(one["SubnetId"], one["Main"]) for one in shown], [(first_subnet(), False)])
        ec2.disassociate_route_table(AssociationId=made["AssociationId"])
        ec2.delete_route_table(RouteTableId=table)

    def CreateNetworkAcl(self):
        made = call("post", "CreateNetworkAcl", {"VpcId": vpc, "TagSpecifications": [
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

    def CreateRoute(self):
        table = route_table()
        self.assertTrue(call("post", "CreateRoute", {
            "RouteTableId": table, "DestinationCidrBlock": "10.1.2.3/8", "InstanceId": one})["Return"])
        routes = route_table_now(table)["Routes"]
        self.assertEqual([(r["DestinationCidrBlock"], r.get("InstanceId"), r["Origin"], r["State"])
                          for r in routes],
                         [("172.31.0.0/16", None, "CreateRouteTable", "active"),
                          ("10.0.0.0/8", one, "CreateRoute", "active")])
        self.assertEqual(routes[1]["NetworkInterfaceId"], of_one("interface"))
        ec2.delete_route_table(RouteTableId=table)

    def CreateRouteTable(self):
        made = call("post", "CreateRouteTable", {"VpcId": vpc, "TagSpecifications": [
            {"ResourceType": "route-table", "Tags": [{"Key": "k", "Value": "v"}]}]})["RouteTable"]
        self.assertEqual((made["VpcId"], made["Associations"], made["PropagatingVgws"], made["Tags"]),
                         (vpc, [], [], [{"Key": "k", "Value": "v"}]))
        self.assertEqual([(r["DestinationCidrBlock"], r["GatewayId"]) for r in made["Routes"]],
                         [("172.31.0.0/16", "local")])
        ec2.delete_route_table(RouteTableId=made["RouteTableId"])

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

    def DeleteRoute(self):
        table = route_table()
        ec2.create_route(RouteTableId=table, DestinationIpv6CidrBlock="::/0", GatewayId=gateway())
        call("post", "DeleteRoute", {"RouteTableId": table, "DestinationIpv6CidrBlock": "::/0"})
        self.assertEqual(len(route_table_now(table)["Routes"]), 1)
        ec2.delete_route_table(RouteTableId=table)

    def DeleteRouteTable(self):
        table = route_table()
        call("post", "DeleteRouteTable", {"RouteTableId": table})
        fault = refusal(ec2.describe_route_tables, RouteTableIds=[table])
        self.assertEqual(fault.code, "InvalidRouteTableID.NotFound")

    def DescribeNetworkAcls(self):
        found = call("post", "DescribeNetworkAcls", {"Filters": [
            {"Name": "default", "Values": ["true"]}, {"Name": "vpc-id", "Values": [vpc]}]})
        acl = found["NetworkAcls"][0]
        self.assertEqual(sorted(one["SubnetId"] for one in acl["Associations"]),
                         sorted(one["SubnetId"] for one in ec2.describe_subnets(Filters=[
                             {"Name": "vpc-id", "Values": [vpc]}])["Subnets"]))
        self.assertEqual([(e["RuleNumber"], e["Egress"], e["RuleAction"]) for e in acl["Entries"]],
                         [(100, True, "allow"), (32767, True, "deny"),
                          (100, False, "allow"), (32767, False, "deny")])

    def DescribeRouteTables(self):
        found = call("post", "DescribeRouteTables", {"Filters": [
            {"Name": "association.main", "Values": ["true"]}, {"Name": "vpc-id", "Values": [vpc]}]})
        table = found["RouteTables"][0]
        self.assertEqual([(r["DestinationCidrBlock"], r["State"]) for r in table["Routes"]],
                         [("172.31.0.0/16", "active"), ("0.0.0.0/0", "active")])
        self.assertTrue(table["Associations"][0]["Main"])

    def DisassociateRouteTable(self):
        table = route_table()
        made = ec2.associate_route_table(RouteTableId=table, GatewayId=gateway())
        call("post", "DisassociateRouteTable", {"AssociationId": made["AssociationId"]})
        self.assertEqual(route_table_now(table)["Associations"], [])
        ec2.delete_route_table(RouteTableId=table)

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

    def ReplaceRoute(self):
        table = route_table()
        ec2.create_route(RouteTableId=table, DestinationCidrBlock=ANY, GatewayId=gateway())
        call("post", "ReplaceRoute", {"RouteTableId": table, "DestinationCidrBlock": ANY,
                                      "NetworkInterfaceId": of_one("interface")})
        route = route_table_now(table)["Routes"][1]
        self.assertEqual((route["NetworkInterfaceId"], route.get("GatewayId")),
                         (of_one("interface"), None))
        ec2.delete_route_table(RouteTableId=table)

    def ReplaceRouteTableAssociation(self):
        table = route_table()
        main = ec2.describe_route_tables(Filters=[
            {"Name": "vpc-id", "Values": [vpc]},
            {"Name": "association.main", "Values": ["true"]}])["RouteTables"][0]
        made = call("post", "ReplaceRouteTableAssociation", {
            "AssociationId": main["Associations"][0]["RouteTableAssociationId"], "RouteTableId": table})
        shown = route_table_now(table)["Associations"]
        self.assertEqual([(a["RouteTableAssociationId"], a["Main"]) for a in shown],
                         [(made["NewAssociationId"], True)])
        ec2.replace_route_table_association(AssociationId=made["NewAssociationId"],
                                            RouteTableId=main["RouteTableId"])
        ec2.delete_route_table(RouteTableId=table)

    def ResetInstanceAttribute(self):
        call("post", "ModifyInstanceAttribute", {"InstanceId": one,
                                                 "SourceDestCheck": {"Value": False}})
        self.assertFalse(instance(ec2, one)["SourceDestCheck"])
        call("post", "ResetInstanceAttribute", {"InstanceId": one,
                                                "Attribute": "sourceDestCheck"})
        self.assertTrue(instance(ec2, one)["SourceDestCheck"])

    def RevokeSecurityGroupEgress(self):
        rule_of(8003, egress=True)
        done = call("post", "RevokeSecurityGroupEgress", {"GroupId": group,
                                                          "IpPermissions": ports(8003)})
        self.assertTrue(done["Return"])
        self.assertNotIn(8003, [p.get("FromPort") for p in group_now()["IpPermissionsEgress"]])

    def RevokeSecurityGroupIngress(self):
        rule = rule_of(8004)
        call("post", "RevokeSecurityGroupIngress", {"GroupId": group,
                                                    "SecurityGroupRuleIds": [rule]})
        self.assertNotIn(8004, [p.get("FromPort") for p in group_now()["IpPermissions"]])
        # In a default VPC a rule that is not there is named in the reply.
        done = call("post", "RevokeSecurityGroupIngress", {"GroupId": group,
                                                           "IpPermissions": ports(8004)})
        self.assertEqual(done["UnknownIpPermissions"][0]["FromPort"], 8004)

    def RunInstances(self):
        made = call("post", "RunInstances", {"ImageId": image, "MinCount": 1, "MaxCount": 2})
        self.assertEqual(len(made["Instances"]), 2)
        self.assertEqual(made["Groups"], [])
        remove(ec2, *[i["InstanceId"] for i in made["Instances"]])

    def StartInstances(self):
        made = call("post", "StartInstances", {"InstanceIds": [one]})["StartingInstances"]
        self.assertEqual(made[0]["InstanceId"], one)

    def StartNetworkInsightsAnalysis(self):
        path = insights_path(Source="%interface")
        asked = {"NetworkInsightsPathId": path["NetworkInsightsPathId"], "ClientToken": "insights",
                 "TagSpecifications": [{"ResourceType": "network-insights-analysis",
                                        "Tags": [{"Key": "k", "Value": "v"}]}]}
        made = call("post", "StartNetworkInsightsAnalysis", asked)["NetworkInsightsAnalysis"]
        self.assertEqual((made["Status"], made["Tags"]), ("running", [{"Key": "k", "Value": "v"}]))
        again = call("post", "StartNetworkInsightsAnalysis", asked)["NetworkInsightsAnalysis"]
        self.assertEqual(again["NetworkInsightsAnalysisId"], made["NetworkInsightsAnalysisId"])
        done = until(lambda: analysis_over(made["NetworkInsightsAnalysisId"]))
        self.assertEqual(done["Status"], "succeeded")
        forget_analysis(made["NetworkInsightsAnalysisId"])

    def StopInstances(self):
        i = launch(ec2, image)["InstanceId"]
        done = call("post", "StopInstances", {"InstanceIds": [i]})["StoppingInstances"]
        self.assertEqual((done[0]["PreviousState"]["Name"], done[0]["CurrentState"]["Name"]),
                         ("running", "stopping"))
        wait_state(ec2, i, "stopped")
        remove(ec2, i)

    def TerminateInstances(self):
        i = launch(ec2, image)["InstanceId"]
        done = call("post", "TerminateInstances", {"InstanceIds": [i]})["TerminatingInstances"]
        self.assertEqual(done[0]["CurrentState"], {"Code": 32, "Name": "shutting-down"})
        wait_state(ec2, i, "terminated")

    def UnmonitorInstances(self):
        call("post", "MonitorInstances", {"InstanceIds": [one]})
        made = call("post", "UnmonitorInstances", {"InstanceIds": [one]})["InstanceMonitorings"]
        self.assertEqual(made, [{"InstanceId": one, "Monitoring": {"State": "disabling"}}])
        self.assertEqual(instance(ec2, one)["Monitoring"], {"State": "disabled"})

    def UpdateSecurityGroupRuleDescriptionsEgress(self):
        rule = rule_of(8005, egress=True)
        done = call("post", "UpdateSecurityGroupRuleDescriptionsEgress", {
            "GroupId": group, "IpPermissions": ports(8005, Description="out")})
        self.assertTrue(done["Return"])
        self.described(rule, "out")

    def UpdateSecurityGroupRuleDescriptionsIngress(self):
        rule = rule_of(8006)
        call("post", "UpdateSecurityGroupRuleDescriptionsIngress", {
            "GroupId": group, "SecurityGroupRuleDescriptions": [
                {"SecurityGroupRuleId": rule, "Description": "in"}]})
        self.described(rule, "in")

    def described(self, rule, text):
        found = ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule])
        self.assertEqual(found["SecurityGroupRules"][0]["Description"], text)

    def GetCallerIdentity(self):
        found = call("post", "GetCallerIdentity", {})
        self.assertRegex(found["Account"], r"^\d{12}$")
        self.assertEqual(found["Arn"], f"arn:aws:iam::{found['Account']}:root")
        self.assertEqual(set(found), {"Account", "Arn", "UserId"})


def missing(member, prefix, not_found, malformed, one=False):
    """Ids that do not exist, and what is no id; `one` where the member is no list."""
    return [({member: id if one else [id]}, code)
            for id, code in ((f"{prefix}-00000000000000001", not_found), ("rock-1", malformed))]


ONE_RULE = {"GroupId": "%group", "IpPermissions": [{"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1}]}
# Each with what is wrong and EC2's code for it; %group and the like stand for ids that exist.
REFUSED = {
    "AssociateDhcpOptions": [
        ({"DhcpOptionsId": "dopt-00000000000000001", "VpcId": "%vpc"},
         "InvalidDhcpOptionID.NotFound"),
        ({"DhcpOptionsId": "none", "VpcId": "%vpc"}, "InvalidDhcpOptionsId.Malformed"),
        ({"DhcpOptionsId": "default", "VpcId": MISSING["vpc"]}, "InvalidVpcID.NotFound")],
    "AssociateSubnetCidrBlock": [
        ({"SubnetId": "%subnet"}, "MissingParameter"),
        ({"SubnetId": "%subnet", "Ipv6CidrBlock": "fd00::/64"}, "InvalidSubnet.Range"),
        ({"SubnetId": "%subnet", "Ipv6CidrBlock": "fd00::/60"}, "InvalidSubnet.Range"),
        ({"SubnetId": "%subnet", "Ipv6CidrBlock": "10.0.0.0/24"}, "InvalidParameterValue")],
    "AssociateVpcCidrBlock": [
        ({"VpcId": "%vpc"}, "MissingParameter"),
        ({"VpcId": "%vpc", "CidrBlock": "172.31.128.0/20"}, "InvalidVpc.Range"),
        ({"VpcId": "%vpc", "CidrBlock": "10.0.0.0/16"}, "InvalidVpc.Range"),
        ({"VpcId": "%vpc", "CidrBlock": "100.64.0.0/29"}, "InvalidVpc.Range"),
        ({"VpcId": "%vpc", "CidrBlock": "172.20.0.0/16", "AmazonProvidedIpv6CidrBlock": True},
         "InvalidParameterCombination"),
        ({"VpcId": "%vpc", "AmazonProvidedIpv6CidrBlock": True,
          "Ipv6CidrBlockNetworkBorderGroup": "mars"}, "InvalidParameterValue")],
    "AttachInternetGateway": [
        ({"InternetGatewayId": "%gateway", "VpcId": "%vpc"}, "Resource.AlreadyAssociated"),
        ({"InternetGatewayId": "igw-00000000000000001", "VpcId": "%vpc"},
         "InvalidInternetGatewayID.NotFound"),
        ({"InternetGatewayId": "igw-1", "VpcId": "%vpc"}, "InvalidInternetGatewayId.Malformed")],
    "CreateDefaultSubnet": [
        ({"AvailabilityZone": f"{REGION}a"}, "DefaultSubnetAlreadyExistsInAvailabilityZone"),
        ({"AvailabilityZone": "mars"}, "InvalidParameterValue")],
    "CreateDefaultVpc": [({}, "DefaultVpcAlreadyExists")],
    "CreateDhcpOptions": [
        ({"DhcpConfigurations": [{"Key": "colour", "Values": ["red"]}]}, "InvalidParameterValue"),
        ({"DhcpConfigurations": [{"Key": "ntp-servers", "Values": ["time"]}]},
         "InvalidParameterValue"),
        ({"DhcpConfigurations": [{"Key": "netbios-node-type", "Values": ["1", "2"]}]},
         "InvalidParameterValue"),
        ({"DhcpConfigurations": [{"Key": "domain-name"}]}, "MissingParameter"),
        ({}, "MissingParameter")],
    "CreateEgressOnlyInternetGateway": [({"VpcId": MISSING["vpc"]}, "InvalidVpcID.NotFound")],
    "CreateInternetGateway": [
        ({"TagSpecifications": [{"ResourceType": "vpc", "Tags": [{"Key": "k", "Value": "v"}]}]},
         "InvalidParameterValue")],
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
    "DeleteEgressOnlyInternetGateway": missing(
        "EgressOnlyInternetGatewayId", "eigw", "InvalidEgressOnlyInternetGatewayId.NotFound",
        "InvalidEgressOnlyInternetGatewayId.Malformed", one=True),
    "DeleteInternetGateway": [({"InternetGatewayId": "%gateway"}, "DependencyViolation")],
    "DeleteSubnet": [({"SubnetId": "%home"}, "DependencyViolation"),
                     ({"SubnetId": MISSING["subnet"]}, "InvalidSubnetID.NotFound")],
    "DeleteSubnetCidrReservation": missing(
        "SubnetCidrReservationId", "scr", "InvalidSubnetCidrReservationID.NotFound",
        "InvalidParameterValue", one=True),
    "DeleteVpc": [({"VpcId": "%vpc"}, "DependencyViolation"),
                  ({"VpcId": MISSING["vpc"]}, "InvalidVpcID.NotFound")],
    "DescribeInternetGateways": missing(
        "InternetGatewayIds", "igw", "InvalidInternetGatewayID.NotFound",
        "InvalidInternetGatewayId.Malformed"),
    "DetachInternetGateway": [
        ({"InternetGatewayId": "%gateway", "VpcId": "%vpc"}, "DependencyViolation"),
        ({"InternetGatewayId": "%gateway", "VpcId": MISSING["vpc"]}, "InvalidVpcID.NotFound")],
    "DisassociateSubnetCidrBlock": missing(
        "AssociationId", "subnet-cidr-assoc", "InvalidSubnetCidrBlockAssociationID.NotFound",
        "InvalidParameterValue", one=True),
    "DisassociateVpcCidrBlock": missing(
        "AssociationId", "vpc-cidr-assoc", "InvalidVpcCidrBlockAssociationID.NotFound",
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
    "ModifyVpcAttribute": [
        ({"VpcId": "%vpc"}, "MissingParameter"),
        ({"VpcId": "%vpc", "EnableDnsSupport": {"Value": True},
          "EnableDnsHostnames": {"Value": True}}, "InvalidParameterCombination")],
    "ModifyVpcTenancy": [({"VpcId": "%vpc", "InstanceTenancy": "dedicated"},
                          "InvalidParameterValue")],
    "DescribeBundleTasks": missing("BundleIds", "bun", "InvalidBundleID.NotFound", "InvalidParameterValue"),
    "DescribeCarrierGateways": missing("CarrierGatewayIds", "cagw", "InvalidCarrierGatewayID.NotFound", "InvalidParameterValue"),
    "DescribeCustomerGateways": missing("CustomerGatewayIds", "cgw", "InvalidCustomerGatewayID.NotFound", "InvalidCustomerGatewayId.Malformed"),
    "DescribeDhcpOptions": missing("DhcpOptionsIds", "dopt", "InvalidDhcpOptionID.NotFound", "InvalidDhcpOptionsId.Malformed"),
    "DescribeEgressOnlyInternetGateways": missing("EgressOnlyInternetGatewayIds", "eigw", "InvalidEgressOnlyInternetGatewayId.NotFound", "InvalidEgressOnlyInternetGatewayId.Malformed"),
    "CreateFlowLogs": [
        ({"ResourceType": "VPC", "ResourceIds": [MISSING["vpc"]], "TrafficType": "ALL", "LogDestinationType": "s3",
          "LogDestination": "arn:aws:s3:::b"}, "InvalidVpcID.NotFound"),
        ({"ResourceType": "VPC", "ResourceIds": ["%vpc"], "TrafficType": "ALL"}, "InvalidParameter"),
        ({"ResourceType": "Subnet", "ResourceIds": ["%vpc"], "TrafficType": "ALL", "LogDestinationType": "s3",
          "LogDestination": "arn:aws:s3:::b"}, "InvalidParameterValue"),
        ({"ResourceType": "VPC", "ResourceIds": ["%vpc"], "TrafficType": "ALL", "LogDestinationType": "s3",
          "LogDestination": "arn:aws:s3:::b", "LogFormat": "${colour}"}, "InvalidParameter"),
        ({"ResourceType": "VPC", "ResourceIds": ["%vpc"], "TrafficType": "ALL", "LogDestinationType": "s3",
          "LogDestination": "arn:aws:s3:::b", "MaxAggregationInterval": 61}, "InvalidParameter")],
    "DeleteFlowLogs": [({"FlowLogIds": ["fl-00000000000000001"]}, "InvalidFlowLogId.NotFound"),
                       ({}, "MissingParameter")],
    "DescribeFlowLogs": missing("FlowLogIds", "fl", "InvalidFlowLogId.NotFound", "InvalidParameterValue"),
    "DescribeIamInstanceProfileAssociations": missing("AssociationIds", "iip-assoc", "InvalidAssociationID.NotFound", "InvalidParameterValue"),
    "DescribeManagedPrefixLists": missing("PrefixListIds", "pl", "InvalidPrefixListID.NotFound", "InvalidPrefixListId.Malformed"),
    "CreateManagedPrefixList": [
        ({"PrefixListName": "l", "MaxEntries": 1, "AddressFamily": "IPv5"}, "InvalidParameterValue"),
        ({"PrefixListName": "l", "MaxEntries": 1, "AddressFamily": "IPv4", "Entries": [
            {"Cidr": "10.0.0.0/8"}, {"Cidr": "11.0.0.0/8"}]}, "PrefixListMaxEntriesExceeded"),
        ({"MaxEntries": 1, "AddressFamily": "IPv4"}, "MissingParameter")],
    "DeleteManagedPrefixList": [({"PrefixListId": MISSING["pl"]}, "InvalidPrefixListID.NotFound"),
                                ({"PrefixListId": "pl-63a5400a"}, "UnauthorizedOperation")],
    "GetManagedPrefixListAssociations": [({"PrefixListId": MISSING["pl"]}, "InvalidPrefixListID.NotFound")],
    "GetManagedPrefixListEntries": [({"PrefixListId": "rock"}, "InvalidPrefixListId.Malformed")],
    "ModifyManagedPrefixList": [
        ({"PrefixListId": MISSING["pl"], "MaxEntries": 1}, "InvalidPrefixListID.NotFound"),
        ({"PrefixListId": "pl-63a5400a", "MaxEntries": 1}, "UnauthorizedOperation")],
    "RestoreManagedPrefixListVersion": [
        ({"PrefixListId": MISSING["pl"], "CurrentVersion": 1, "PreviousVersion": 1},
         "InvalidPrefixListID.NotFound"),
        ({"PrefixListId": MISSING["pl"], "CurrentVersion": 1}, "MissingParameter")],
    "DescribeNatGateways": missing("NatGatewayIds", "nat", "NatGatewayNotFound", "NatGatewayMalformed"),
    "CreateVpcEndpoint": [
        ({"VpcId": "%vpc", "ServiceName": "com.amazonaws.mars.s3"}, "InvalidServiceName"),
        ({"VpcId": "%vpc"}, "MissingParameter"),
        ({"VpcId": MISSING["vpc"], "ServiceName": S3}, "InvalidVpcID.NotFound"),
        ({"VpcId": "%vpc", "ServiceName": S3, "VpcEndpointType": "Interface"}, "UnsupportedOperation"),
        ({"VpcId": "%vpc", "ServiceName": S3, "RouteTableIds": ["rtb-00000000000000001"]},
         "InvalidRouteTableID.NotFound"),
        ({"VpcId": "%vpc", "ServiceName": S3, "PolicyDocument": "no JSON"}, "InvalidPolicyDocument")],
    "DeleteVpcEndpoints": [({}, "MissingParameter"),
                           ({"VpcEndpointIds": ["vpce-?"]}, "InvalidVpcEndpointId.Malformed")],
    "DescribeVpcEndpointServices": [
        ({"ServiceNames": ["com.amazonaws.mars.s3"]}, "InvalidServiceName"),
        ({"Filters": [{"Name": "colour", "Values": ["x"]}]}, "InvalidParameterValue")],
    "ModifyVpcEndpoint": [
        ({"VpcEndpointId": MISSING["vpce"], "ResetPolicy": True}, "InvalidVpcEndpointId.NotFound"),
        ({"VpcEndpointId": "vpce-?"}, "InvalidVpcEndpointId.Malformed")],
    "DescribePrefixLists": missing("PrefixListIds", "pl", "InvalidPrefixListID.NotFound", "InvalidPrefixListId.Malformed"),
    "DescribeTransitGatewayVpcAttachments": missing("TransitGatewayAttachmentIds", "tgw-attach", "InvalidTransitGatewayAttachmentID.NotFound", "InvalidTransitGatewayAttachmentID.Malformed"),
    "DescribeTransitGateways": missing("TransitGatewayIds", "tgw", "InvalidTransitGatewayID.NotFound", "InvalidTransitGatewayID.Malformed"),
    "DescribeVpcEndpoints": missing("VpcEndpointIds", "vpce", "InvalidVpcEndpointId.NotFound", "InvalidVpcEndpointId.Malformed"),
    "DescribeVpcPeeringConnections": missing("VpcPeeringConnectionIds", "pcx", "InvalidVpcPeeringConnectionID.NotFound", "InvalidVpcPeeringConnectionId.Malformed"),
    "DescribeVpnConnections": missing("VpnConnectionIds", "vpn", "InvalidVpnConnectionID.NotFound", "InvalidVpnConnectionID"),
    "DescribeVpnGateways": missing("VpnGatewayIds", "vgw", "InvalidVpnGatewayID.NotFound", "InvalidParameterValue"),
    "AssignPrivateIpAddresses": [
        ({"NetworkInterfaceId": MISSING["eni"], "SecondaryPrivateIpAddressCount": 1},
         "InvalidNetworkInterfaceID.NotFound"),
        ({"NetworkInterfaceId": "%interface", "PrivateIpAddresses": ["10.0.0.4"]},
         "InvalidParameterValue"),
        ({"NetworkInterfaceId": "%interface", "PrivateIpAddresses": ["172.31.0.1"]},
         "InvalidParameterValue"),
        ({"NetworkInterfaceId": "%interface", "SecondaryPrivateIpAddressCount": 100},
         "PrivateIpAddressLimitExceeded"),
        ({"NetworkInterfaceId": "%interface"}, "MissingParameter")],
    "UnassignPrivateIpAddresses": [
        ({"NetworkInterfaceId": "%interface", "PrivateIpAddresses": ["172.31.9.9"]},
         "InvalidParameterValue"),
        ({"NetworkInterfaceId": "%interface"}, "MissingParameter")],
    "AssignIpv6Addresses": [
        ({"NetworkInterfaceId": "%interface", "Ipv6AddressCount": 1}, "InvalidParameterValue"),
        ({"NetworkInterfaceId": "%interface"}, "MissingParameter")],
    "UnassignIpv6Addresses": [
        ({"NetworkInterfaceId": "%interface", "Ipv6Addresses": ["fd00::7"]},
         "InvalidParameterValue"),
        ({"NetworkInterfaceId": "%interface"}, "MissingParameter")],
    "AttachNetworkInterface": [
        ({"NetworkInterfaceId": "%interface", "InstanceId": "%one", "DeviceIndex": 1},
         "InvalidNetworkInterface.InUse"),
        ({"NetworkInterfaceId": MISSING["eni"], "InstanceId": "%one", "DeviceIndex": 1},
         "InvalidNetworkInterfaceID.NotFound")],
    "DetachNetworkInterface": [
        ({"AttachmentId": "eni-attach-00000000000000001"}, "InvalidAttachmentID.NotFound"),
        ({}, "MissingParameter")],
    "CreateNetworkInterface": [
        ({"SubnetId": MISSING["subnet"]}, "InvalidSubnetID.NotFound"),
        ({}, "MissingParameter")],
    "DeleteNetworkInterface": [
        ({"NetworkInterfaceId": MISSING["eni"]}, "InvalidNetworkInterfaceID.NotFound"),
        ({"NetworkInterfaceId": "%interface"}, "InvalidParameterValue")],
    "ResetNetworkInterfaceAttribute": [
        ({"NetworkInterfaceId": "%interface"}, "InvalidParameterCombination"),
        ({"NetworkInterfaceId": MISSING["eni"], "SourceDestCheck": "true"},
         "InvalidNetworkInterfaceID.NotFound")],
    "CreateNatGateway": [
        ({"SubnetId": MISSING["subnet"], "ConnectivityType": "private"},
         "InvalidSubnetID.NotFound"),
        ({"SubnetId": MISSING["subnet"]}, "MissingParameter"),
        ({}, "MissingParameter")],
    "DeleteNatGateway": [
        ({"NatGatewayId": MISSING["nat"]}, "NatGatewayNotFound"),
        ({"NatGatewayId": "nat-x"}, "NatGatewayMalformed")],
    "AllocateAddress": [
        ({"Address": "203.0.113.1"}, "InvalidAddress.NotFound"),
        ({"Address": "203.0.113"}, "InvalidAddress.Malformed"),
        ({"Domain": "standard"}, "UnsupportedOperation"),
        ({"NetworkBorderGroup": "nowhere"}, "InvalidParameterValue")],
    "AssociateAddress": [
        ({"AllocationId": MISSING["eipalloc"], "InstanceId": "%one"},
         "InvalidAllocationID.NotFound"),
        ({"PublicIp": "198.18.0.1", "InstanceId": "%one"}, "InvalidAddress.NotFound"),
        ({"InstanceId": "%one"}, "MissingParameter")],
    "DisassociateAddress": [
        ({"AssociationId": MISSING["eipassoc"]}, "InvalidAssociationID.NotFound"),
        ({"AssociationId": "eipassoc-x"}, "InvalidParameterValue"),
        ({}, "MissingParameter")],
    "ReleaseAddress": [
        ({"AllocationId": MISSING["eipalloc"]}, "InvalidAllocationID.NotFound"),
        ({}, "MissingParameter")],
    "ModifyAddressAttribute": [
        ({"AllocationId": MISSING["eipalloc"], "DomainName": "a.example.com"},
         "InvalidAllocationID.NotFound"),
        ({"AllocationId": MISSING["eipalloc"], "DomainName": "a b"}, "InvalidParameterValue")],
    "ResetAddressAttribute": [
        ({"AllocationId": MISSING["eipalloc"], "Attribute": "domain-name"},
         "InvalidAllocationID.NotFound"),
        ({"AllocationId": MISSING["eipalloc"]}, "MissingParameter")],
    "DescribeAddresses": missing("AllocationIds", "eipalloc", "InvalidAllocationID.NotFound",
                                 "InvalidParameterValue") + [
        ({"PublicIps": ["198.18.0.1"]}, "InvalidAddress.NotFound"),
        ({"Filters": [{"Name": "colour", "Values": ["x"]}]}, "InvalidParameterValue")],
    "DescribeAddressesAttribute": missing(
        "AllocationIds", "eipalloc", "InvalidAllocationID.NotFound", "InvalidParameterValue"),
    "DescribeAggregateIdFormat": [({"DryRun": True}, "DryRunOperation")],
    "DescribeConversionTasks": [({"ConversionTaskIds": ["import-i-1"]}, "InvalidConversionTaskId")],
    "DescribeExportTasks": [({"ExportTaskIds": ["export-i-1"]}, "InvalidExportTaskID.NotFound")],
    "DescribeIdFormat": [({"Resource": "planet"}, "InvalidResourceType.Unknown")],
    "DescribeIdentityIdFormat": [
        ({}, "MissingParameter"),
        ({"PrincipalArn": "all", "Resource": "planet"}, "InvalidResourceType.Unknown")],
    "DescribeImageAttribute": [
        ({"ImageId": MISSING["ami"], "Attribute": "description"}, "InvalidAMIID.NotFound"),
        ({"ImageId": "%image", "Attribute": "height"}, "InvalidParameterValue")],
    "DescribeImportImageTasks": [({"ImportTaskIds": ["import-ami-1"]}, "InvalidConversionTaskId")],
    "DescribeImportSnapshotTasks": [
        ({"ImportTaskIds": ["import-snap-1"]}, "InvalidConversionTaskId")],
    "DescribeMovingAddresses": [({"PublicIps": ["198.18.0.1"]}, "InvalidAddress.NotFound")],
    "DescribeSecurityGroupReferences": [({"GroupId": [MISSING["sg"]]}, "InvalidGroup.NotFound"),
                                        ({}, "MissingParameter")],
    "DescribeStaleSecurityGroups": [({"VpcId": MISSING["vpc"]}, "InvalidVpcID.NotFound")],
    "DescribeVpcAttribute": [
        ({"VpcId": MISSING["vpc"], "Attribute": "enableDnsSupport"}, "InvalidVpcID.NotFound"),
        ({"VpcId": "%vpc", "Attribute": "height"}, "InvalidParameterValue")],
    "DescribeVpcClassicLink": [({"VpcIds": [MISSING["vpc"]]}, "InvalidVpcID.NotFound")],
    "DescribeVpcClassicLinkDnsSupport": [({"VpcIds": [MISSING["vpc"]]}, "InvalidVpcID.NotFound")],
    "GetEbsEncryptionByDefault": [({"DryRun": True}, "DryRunOperation")],
    "ModifyImageAttribute": [
        ({"ImageId": "%image"}, "InvalidParameterCombination"),
        ({"ImageId": "%image", "LaunchPermission": {"Add": [{"UserId": "210987654321"}]}},
         "InvalidAMIAttributeItemValue"),
        ({"ImageId": "%image", "Attribute": "launchPermission", "OperationType": "add",
          "UserGroups": ["some"]}, "InvalidAMIAttributeItemValue"),
        ({"ImageId": MISSING["ami"], "Description": {"Value": "x"}}, "InvalidAMIID.NotFound")],
    "ResetImageAttribute": [
        ({"ImageId": MISSING["ami"], "Attribute": "launchPermission"}, "InvalidAMIID.NotFound"),
        ({"ImageId": "%image"}, "MissingParameter")],
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
    "CancelCapacityReservation": [
        ({"CapacityReservationId": MISSING["cr"]}, "InvalidCapacityReservationId.NotFound"),
        ({"CapacityReservationId": "cr-x"}, "InvalidCapacityReservationId.Malformed")],
    "CreateCapacityReservation": [
        ({**RESERVE, "InstanceType": "t9.huge"}, "InvalidParameterValue"),
        ({**RESERVE, "InstancePlatform": "Windows"}, "Unsupported"),
        ({**RESERVE, "AvailabilityZone": "mars-1a"}, "InvalidParameterValue"),
        ({**RESERVE, "InstanceCount": 1001}, "InvalidParameterValue"),
        ({**RESERVE, "EndDateType": "limited"}, "MissingParameter"),
        ({**RESERVE, "EndDate": "2020-01-01T00:00:00Z"}, "InvalidParameterValue"),
        ({**RESERVE, "EndDate": "2099-01-01T00:00:00Z", "EndDateType": "unlimited"},
         "InvalidParameterCombination"),
        ({**RESERVE, "Tenancy": "dedicated"}, "UnsupportedOperation")],
    "CancelSpotInstanceRequests": [
        ({}, "MissingParameter"),
        ({"SpotInstanceRequestIds": [MISSING["sir"]]}, "InvalidSpotInstanceRequestID.NotFound")],
    "CreateKeyPair": [({}, "MissingParameter"),
                      ({"KeyName": "x", "KeyType": "dsa"}, "InvalidParameterValue"),
                      ({"KeyName": " x"}, "InvalidParameterValue")],
    "CreateLaunchTemplate": [
        ({"LaunchTemplateName": "abc"}, "MissingParameter"),
        ({"LaunchTemplateName": "ab", "LaunchTemplateData": {"KeyName": "x"}},
         "InvalidLaunchTemplateName.MalformedException"),
        ({"LaunchTemplateName": "a b c", "LaunchTemplateData": {"KeyName": "x"}},
         "InvalidLaunchTemplateName.MalformedException"),
        ({"LaunchTemplateName": "abc", "LaunchTemplateData": {"ImageId": "debian"}},
         "InvalidAMIID.Malformed"),
        ({"LaunchTemplateName": "abc", "LaunchTemplateData": {"UserData": "#!"}},
         "InvalidUserData.Malformed"),
        ({"LaunchTemplateName": "abc", "LaunchTemplateData": {"IamInstanceProfile": {"Name": "x"}}},
         "UnsupportedOperation")],
    "CreateLaunchTemplateVersion": [
        ({"LaunchTemplateData": {"KeyName": "x"}}, "MissingParameter"),
        ({"LaunchTemplateId": MISSING["lt"], "LaunchTemplateData": {"KeyName": "x"}},
         "InvalidLaunchTemplateId.NotFound"),
        ({"LaunchTemplateName": "nobody", "LaunchTemplateData": {"KeyName": "x"}},
         "InvalidLaunchTemplateName.NotFoundException"),
        ({"LaunchTemplateId": "lt-x", "LaunchTemplateData": {"KeyName": "x"}},
         "InvalidLaunchTemplateId.Malformed")],
    "CreateNetworkInsightsPath": [
        ({"Source": MISSING["i"], "Destination": "%one", "Protocol": "tcp", "DestinationPort": 22,
          "ClientToken": "t"}, "InvalidInstanceID.NotFound"),
        ({"Source": "%interface", "Destination": MISSING["eni"], "Protocol": "tcp",
          "DestinationPort": 22, "ClientToken": "t"}, "InvalidNetworkInterfaceID.NotFound"),
        ({"Source": "%group", "Destination": "%one", "Protocol": "tcp", "DestinationPort": 22,
          "ClientToken": "t"}, "InvalidParameterValue"),
        ({"Source": "%interface", "Destination": "%one", "Protocol": "sctp", "DestinationPort": 22,
          "ClientToken": "t"}, "InvalidParameterValue"),
        ({"Source": "%interface", "Destination": "%one", "Protocol": "tcp", "ClientToken": "t"},
         "InvalidParameterValue"),
        ({"Source": "%interface", "Destination": "%one", "Protocol": "icmp", "DestinationPort": 22,
          "ClientToken": "t"}, "InvalidParameterCombination"),
        ({"Source": "%interface", "Protocol": "tcp", "DestinationPort": 22, "ClientToken": "t"},
         "MissingParameter"),
        ({"Source": "%one", "Destination": "%one", "Protocol": "tcp", "DestinationPort": 22,
          "ClientToken": "t"}, "InvalidParameterCombination"),
        ({"Source": "%one", "DestinationIp": "300.1.1.1", "Protocol": "tcp", "DestinationPort": 22,
          "ClientToken": "t"}, "InvalidParameterValue")],
    "CreatePlacementGroup": [
        ({}, "MissingParameter"),
        ({"GroupName": "x", "Strategy": "scatter"}, "InvalidParameterValue"),
        ({"GroupName": "x", "Strategy": "spread", "SpreadLevel": "host"}, "InvalidParameterValue"),
        ({"GroupName": "x", "SpreadLevel": "rack"}, "InvalidParameterCombination"),
        ({"GroupName": "x", "Strategy": "spread", "PartitionCount": 2},
         "InvalidParameterCombination"),
        ({"GroupName": "x", "Strategy": "partition", "PartitionCount": 8},
         "InvalidParameterValue")],
    "CreateSecurityGroup": [
        ({"GroupName": "actions", "Description": "d"}, "InvalidGroup.Duplicate"),
        ({"GroupName": "default", "Description": "d"}, "InvalidGroup.Reserved"),
        ({"GroupName": "sg-x", "Description": "d"}, "InvalidParameterValue"),
        ({"GroupName": "x"}, "MissingParameter"),
        ({"GroupName": "x", "Description": "d", "VpcId": MISSING["vpc"]}, "InvalidVpcID.NotFound")],
    "CreateTags": [
        ({"Resources": ["%one"], "Tags": [{"Key": "aws:x", "Value": "1"}]}, "InvalidParameterValue"),
        ({"Resources": ["nonsense"], "Tags": [{"Key": "x", "Value": "1"}]}, "InvalidID"),
        ({"Resources": [MISSING["i"]], "Tags": [{"Key": "x", "Value": "1"}]},
         "InvalidInstanceID.NotFound"),
        ({"Tags": [{"Key": "x", "Value": "1"}]}, "MissingParameter")],
    "AttachVolume": [
        ({"VolumeId": MISSING["vol"], "InstanceId": "%one", "Device": "/dev/sdf"},
         "InvalidVolume.NotFound"),
        ({"VolumeId": "%volume", "InstanceId": MISSING["i"], "Device": "/dev/sdf"},
         "InvalidInstanceID.NotFound"),
        ({"VolumeId": "%volume", "InstanceId": "%one", "Device": "/dev/sdf"}, "VolumeInUse"),
        ({"VolumeId": "%volume", "InstanceId": "%one"}, "MissingParameter")],
    "CreateVolume": [
        ({"AvailabilityZone": "us-east-1a"}, "MissingParameter"),
        ({"Size": 1}, "MissingParameter"),
        ({"AvailabilityZone": "mars-1a", "Size": 1}, "InvalidParameterValue"),
        ({"AvailabilityZone": "us-east-1a", "Size": 0}, "InvalidParameterValue"),
        ({"AvailabilityZone": "us-east-1a", "Size": 16385}, "InvalidParameterValue"),
        ({"AvailabilityZone": "us-east-1a", "Size": 10, "VolumeType": "st1"},
         "InvalidParameterValue"),
        ({"AvailabilityZone": "us-east-1a", "Size": 10, "VolumeType": "io1"}, "MissingParameter"),
        ({"AvailabilityZone": "us-east-1a", "Size": 10, "VolumeType": "io1", "Iops": 600},
         "InvalidParameterValue"),
        ({"AvailabilityZone": "us-east-1a", "Size": 10, "Iops": 3000},
         "InvalidParameterCombination"),
        ({"AvailabilityZone": "us-east-1a", "Size": 10, "Encrypted": True}, "UnsupportedOperation"),
        ({"AvailabilityZone": "us-east-1a", "SnapshotId": MISSING["snap"]},
         "InvalidSnapshot.NotFound")],
    "DeleteVolume": [({"VolumeId": MISSING["vol"]}, "InvalidVolume.NotFound"),
                     ({"VolumeId": "%volume"}, "VolumeInUse")],
    "DetachVolume": [
        ({"VolumeId": "%volume"}, "OperationNotPermitted"),
        ({"VolumeId": "%volume", "Device": "/dev/sdz"}, "InvalidAttachment.NotFound"),
        ({"VolumeId": MISSING["vol"]}, "InvalidVolume.NotFound")],
    "EnableVolumeIO": [({"VolumeId": MISSING["vol"]}, "InvalidVolume.NotFound")],
    "ModifyVolume": [
        ({"VolumeId": "%volume"}, "InvalidParameterCombination"),
        ({"VolumeId": "%volume", "VolumeType": "standard", "Size": 2000}, "InvalidParameterValue"),
        ({"VolumeId": MISSING["vol"], "Size": 9}, "InvalidVolume.NotFound")],
    "ModifyVolumeAttribute": [
        ({"VolumeId": "%volume"}, "MissingParameter"),
        ({"VolumeId": MISSING["vol"], "AutoEnableIO": {"Value": True}}, "InvalidVolume.NotFound")],
    "DeleteKeyPair": [({}, "MissingParameter"),
                      ({"KeyName": "a", "KeyPairId": "key-00000001"},
                       "InvalidParameterCombination")],
    "DeleteLaunchTemplate": [({"LaunchTemplateId": MISSING["lt"]},
                              "InvalidLaunchTemplateId.NotFound"),
                             ({"LaunchTemplateId": MISSING["lt"], "LaunchTemplateName": "abc"},
                              "InvalidParameterCombination")],
    "DeleteLaunchTemplateVersions": [
        ({"LaunchTemplateId": MISSING["lt"], "Versions": ["$Latest"]}, "InvalidParameterValue"),
        ({"LaunchTemplateId": "lt-x", "Versions": ["1"]}, "InvalidLaunchTemplateId.Malformed"),
        ({"Versions": ["1"]}, "MissingParameter")],
    "DeleteNetworkInsightsAnalysis": [
        ({"NetworkInsightsAnalysisId": MISSING["nia"]}, "InvalidNetworkInsightsAnalysisId.NotFound"),
        ({"NetworkInsightsAnalysisId": "nia-x"}, "InvalidParameterValue"),
        ({}, "MissingParameter")],
    "DeleteNetworkInsightsPath": [
        ({"NetworkInsightsPathId": MISSING["nip"]}, "InvalidNetworkInsightsPathId.NotFound"),
        ({}, "MissingParameter")],
    "DescribeNetworkInsightsAnalyses": [
        ({"NetworkInsightsAnalysisIds": [MISSING["nia"]]}, "InvalidNetworkInsightsAnalysisId.NotFound"),
        ({"NetworkInsightsPathId": MISSING["nip"]}, "InvalidNetworkInsightsPathId.NotFound"),
        ({"Filters": [{"Name": "colour", "Values": ["x"]}]}, "InvalidParameterValue")],
    "DescribeNetworkInsightsPaths": [
        ({"NetworkInsightsPathIds": [MISSING["nip"]]}, "InvalidNetworkInsightsPathId.NotFound"),
        ({"Filters": [{"Name": "colour", "Values": ["x"]}]}, "InvalidParameterValue")],
    "StartNetworkInsightsAnalysis": [
        ({"NetworkInsightsPathId": MISSING["nip"], "ClientToken": "t"},
         "InvalidNetworkInsightsPathId.NotFound"),
        ({"ClientToken": "t"}, "MissingParameter")],
    "DeletePlacementGroup": [({"GroupName": "nobody"}, "InvalidPlacementGroup.Unknown")],
    "DeleteSecurityGroup": [({"GroupId": MISSING["sg"]}, "InvalidGroup.NotFound"),
                            ({"GroupName": "default"}, "CannotDelete"),
                            ({}, "MissingParameter")],
    "DeleteTags": [({"Resources": [MISSING["vpc"]]}, "InvalidVpcID.NotFound"),
                   ({}, "MissingParameter")],
    "DeregisterImage": [({"ImageId": MISSING["ami"]}, "InvalidAMIID.NotFound"),
                        ({"ImageId": "ami-?"}, "InvalidAMIID.Malformed")],
    "DescribeAccountAttributes": [({"AttributeNames": ["height"]}, "InvalidParameterValue")],
    "DescribeAvailabilityZones": [({"ZoneNames": ["mars-1a"]}, "InvalidParameterValue")],
    "DescribeCapacityReservationFleets": [
        ({"CapacityReservationFleetIds": ["crf-00000000000000001"]},
         "InvalidCapacityReservationFleetId.NotFound")],
    "DescribeCapacityReservations": [
        ({"CapacityReservationIds": [MISSING["cr"]]}, "InvalidCapacityReservationId.NotFound"),
        ({"Filters": [{"Name": "colour", "Values": ["x"]}]}, "InvalidParameterValue")],
    "DescribeHosts": [({"HostIds": ["h-00000000000000001"]}, "InvalidHostID.NotFound"),
                      ({"MaxResults": 4}, "InvalidParameterValue")],
    "DescribeImages": [({"ImageIds": [MISSING["ami"]]}, "InvalidAMIID.NotFound"),
                       ({"ImageIds": ["i-1"]}, "InvalidAMIID.Malformed")],
    "DescribeInstanceAttribute": [
        ({"InstanceId": "%one", "Attribute": "height"}, "InvalidParameterValue"),
        ({"InstanceId": MISSING["i"], "Attribute": "kernel"}, "InvalidInstanceID.NotFound")],
    "DescribeInstanceCreditSpecifications": [
        ({"InstanceIds": [MISSING["i"]]}, "InvalidInstanceID.NotFound"),
        ({"Filters": [{"Name": "instance-type", "Values": ["x"]}]}, "InvalidParameterValue")],
    "DescribeInstanceStatus": [({"InstanceIds": ["i-x"]}, "InvalidInstanceID.Malformed"),
                               ({"MaxResults": 5, "NextToken": "x"}, "InvalidPaginationToken")],
    "DescribeInstanceTypeOfferings": [({"LocationType": "planet"}, "InvalidParameterValue")],
    "DescribeInstanceTypes": [({"InstanceTypes": ["t9.huge"]}, "InvalidInstanceType"),
                              ({"MaxResults": 101}, "InvalidParameterValue")],
    "DescribeInstances": [({"InstanceIds": [MISSING["i"]]}, "InvalidInstanceID.NotFound"),
                          ({"InstanceIds": ["%one"], "MaxResults": 5},
                           "InvalidParameterCombination"),
                          ({"MaxResults": 1001}, "InvalidParameterValue")],
    "DescribeKeyPairs": [({"KeyNames": ["nobody"]}, "InvalidKeyPair.NotFound"),
                         ({"Filters": [{"Name": "Key-Name", "Values": ["x"]}]},
                          "InvalidParameterValue")],
    "DescribeLaunchTemplateVersions": [
        ({"LaunchTemplateId": MISSING["lt"]}, "InvalidLaunchTemplateId.NotFound"),
        ({"Versions": ["1"]}, "InvalidParameterCombination"), ({}, "MissingParameter")],
    "DescribeLaunchTemplates": [
        ({"LaunchTemplateNames": ["nobody"]}, "InvalidLaunchTemplateName.NotFoundException"),
        ({"MaxResults": 201}, "InvalidParameterValue")],
    "DescribeNetworkInterfaceAttribute": [
        ({"NetworkInterfaceId": MISSING["eni"], "Attribute": "description"},
         "InvalidNetworkInterfaceID.NotFound"),
        ({"NetworkInterfaceId": "%interface", "Attribute": "height"}, "InvalidParameterValue"),
        ({"NetworkInterfaceId": "%interface"}, "InvalidParameterCombination")],
    "DescribeNetworkInterfaces": [
        ({"NetworkInterfaceIds": [MISSING["eni"]]}, "InvalidNetworkInterfaceID.NotFound"),
        ({"NetworkInterfaceIds": ["eni"]}, "InvalidNetworkInterfaceId.Malformed"),
        ({"Filters": [{"Name": "colour", "Values": ["x"]}]}, "InvalidParameterValue")],
    "DescribePlacementGroups": [
        ({"GroupNames": ["nobody"]}, "InvalidPlacementGroup.Unknown"),
        ({"GroupIds": [MISSING["pg"]]}, "InvalidPlacementGroup.Unknown"),
        ({"GroupIds": ["pg"]}, "InvalidPlacementGroupId.Malformed")],
    "DescribeRegions": [({"RegionNames": ["mars-1"]}, "InvalidParameterValue")],
    "DescribeReservedInstances": [
        ({"ReservedInstancesIds": ["00000000-0000-4000-8000-000000000000"]},
         "InvalidReservedInstancesId")],
    "DescribeReservedInstancesOfferings": [
        ({"ReservedInstancesOfferingIds": ["00000000-0000-4000-8000-000000000000"]},
         "InvalidReservedInstancesOfferingId"),
        ({"MaxResults": 101}, "InvalidParameterValue")],
    "DescribeSecurityGroupRules": [
        ({"SecurityGroupRuleIds": [MISSING["sgr"]]}, "InvalidSecurityGroupRuleId.NotFound"),
        ({"SecurityGroupRuleIds": ["sg-1"]}, "InvalidSecurityGroupRuleId.Malformed")],
    "DescribeSecurityGroups": [({"GroupNames": ["nobody"]}, "InvalidGroup.NotFound")],
    "DescribeSnapshotAttribute": [
        ({"SnapshotId": MISSING["snap"], "Attribute": "productCodes"}, "InvalidSnapshot.NotFound"),
        ({"SnapshotId": "%snapshot"}, "MissingParameter")],
    "DescribeSnapshots": [({"SnapshotIds": [MISSING["snap"]]}, "InvalidSnapshot.NotFound"),
                          ({"SnapshotIds": ["snap-x"]}, "InvalidSnapshotID.Malformed")],
    "DescribeSpotDatafeedSubscription": [({}, "InvalidSpotDatafeed.NotFound")],
    "DescribeSpotInstanceRequests": [
        ({"SpotInstanceRequestIds": ["sir-x"]}, "InvalidSpotInstanceRequestID.Malformed"),
        ({"Filters": [{"Name": "x", "Values": ["y"]}]}, "InvalidParameterValue")],
    "DescribeSpotPriceHistory": [
        ({"InstanceTypes": ["no.such"]}, "InvalidParameterValue"),
        ({"AvailabilityZone": "nowhere"}, "InvalidParameterValue")],
    "DescribeSubnets": [({"SubnetIds": [MISSING["subnet"]]}, "InvalidSubnetID.NotFound"),
                        ({"SubnetIds": ["subnet"]}, "InvalidSubnetID.Malformed")],
    "DescribeTags": [({"Filters": [{"Name": "colour", "Values": ["x"]}]}, "InvalidParameterValue")],
    "DescribeVolumeAttribute": [
        ({"VolumeId": MISSING["vol"], "Attribute": "productCodes"}, "InvalidVolume.NotFound"),
        ({"VolumeId": "%volume", "Attribute": "height"}, "InvalidParameterValue")],
    "DescribeVolumeStatus": [({"VolumeIds": [MISSING["vol"]]}, "InvalidVolume.NotFound"),
                             ({"MaxResults": 4}, "InvalidParameterValue")],
    "DescribeVolumes": [({"VolumeIds": [MISSING["vol"]]}, "InvalidVolume.NotFound"),
                        ({"VolumeIds": ["vol-x"]}, "InvalidVolumeID.Malformed"),
                        ({"VolumeIds": ["%volume"], "MaxResults": 5},
                         "InvalidParameterCombination")],
    "DescribeVolumesModifications": [
        ({"VolumeIds": [MISSING["vol"]]}, "InvalidVolume.NotFound"),
        ({"VolumeIds": ["%volume"]}, "InvalidVolumeModification.NotFound")],
    "DescribeVpcs": [({"VpcIds": [MISSING["vpc"]]}, "InvalidVpcID.NotFound"),
                     ({"VpcIds": ["vpc-"]}, "InvalidVpcID.Malformed")],
    "DisableSerialConsoleAccess": [({"DryRun": True}, "DryRunOperation")],
    "EnableSerialConsoleAccess": [({"DryRun": True}, "DryRunOperation")],
    "GetCallerIdentity": [({"secret": "x" * 40}, "SignatureDoesNotMatch AuthFailure")],
    "GetCapacityReservationUsage": [
        ({"CapacityReservationId": MISSING["cr"]}, "InvalidCapacityReservationId.NotFound")],
    "DescribeInstanceConnectEndpoints": [
        ({"InstanceConnectEndpointIds": ["eice-0123456789abcdef0"]},
         "InvalidInstanceConnectEndpointId.NotFound"),
        ({"InstanceConnectEndpointIds": ["i-1"]}, "InvalidInstanceConnectEndpointId.Malformed")],
    "AssociateRouteTable": [
        ({"RouteTableId": MISSING["rtb"]}, "MissingParameter"),
        ({"RouteTableId": MISSING["rtb"], "SubnetId": "%subnet"}, "InvalidRouteTableID.NotFound"),
        ({"RouteTableId": "rtb-1", "SubnetId": "%subnet"}, "InvalidRouteTableId.Malformed")],
    "CreateNetworkAcl": [({"VpcId": MISSING["vpc"]}, "InvalidVpcID.NotFound")],
    "CreateNetworkAclEntry": [
        (acl_entry(MISSING["acl"], 1), "InvalidNetworkAclID.NotFound"),
        (acl_entry(MISSING["acl"], 0), "InvalidParameterValue"),
        (acl_entry(MISSING["acl"], 1, PortRange={"From": 1}), "MissingParameter"),
        (acl_entry(MISSING["acl"], 1, RuleAction="drop"), "InvalidParameterValue"),
        (acl_entry("acl-1", 1), "InvalidNetworkAclId.Malformed")],
    "CreateRoute": [
        ({"RouteTableId": MISSING["rtb"], "DestinationCidrBlock": "10.0.0.0/8"},
         "InvalidRouteTableID.NotFound"),
        ({"RouteTableId": "%table", "DestinationCidrBlock": "10.0.0.0/8"}, "MissingParameter"),
        ({"RouteTableId": "%table", "DestinationCidrBlock": ANY, "InstanceId": "%one"},
         "RouteAlreadyExists"),
        ({"RouteTableId": "%table", "DestinationCidrBlock": "10.0.0.0/8", "GatewayId": "igw-1"},
         "InvalidGatewayID.NotFound"),
        ({"RouteTableId": "%table", "DestinationCidrBlock": "10.0.0.0/8",
          "TransitGatewayId": "tgw-12345678"}, "UnsupportedOperation")],
    "CreateRouteTable": [({"VpcId": MISSING["vpc"]}, "InvalidVpcID.NotFound")],
    "DeleteNetworkAcl": [({"NetworkAclId": MISSING["acl"]}, "InvalidNetworkAclID.NotFound"),
                         ({"NetworkAclId": "%acl"}, "InvalidParameterValue")],
    "DeleteNetworkAclEntry": [
        ({"NetworkAclId": "%acl", "RuleNumber": 9, "Egress": True},
         "InvalidNetworkAclEntry.NotFound")],
    "DeleteRoute": [
        ({"RouteTableId": "%table", "DestinationCidrBlock": "10.0.0.0/8"}, "InvalidRoute.NotFound"),
        ({"RouteTableId": "%table", "DestinationCidrBlock": "172.31.0.0/16"}, "InvalidParameterValue")],
    "DeleteRouteTable": [({"RouteTableId": "%table"}, "DependencyViolation")],
    "DescribeNetworkAcls": missing("NetworkAclIds", "acl", "InvalidNetworkAclID.NotFound",
                                   "InvalidNetworkAclId.Malformed"),
    "DescribeRouteTables": missing("RouteTableIds", "rtb", "InvalidRouteTableID.NotFound",
                                   "InvalidRouteTableId.Malformed"),
    "DisassociateRouteTable": [
        ({"AssociationId": MISSING["rtbassoc"]}, "InvalidAssociationID.NotFound"),
        ({"AssociationId": "rtbassoc-1"}, "InvalidParameterValue")],
    "ReplaceNetworkAclAssociation": [
        ({"AssociationId": MISSING["aclassoc"], "NetworkAclId": "%acl"},
         "InvalidAssociationID.NotFound")],
    "ReplaceNetworkAclEntry": [(acl_entry("%acl", 9), "InvalidNetworkAclEntry.NotFound")],
    "ReplaceRoute": [
        ({"RouteTableId": "%table", "DestinationCidrBlock": "10.0.0.0/8", "InstanceId": "%one"},
         "InvalidParameterValue")],
    "ReplaceRouteTableAssociation": [
        ({"AssociationId": MISSING["rtbassoc"], "RouteTableId": "%table"},
         "InvalidAssociationID.NotFound")],
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
    "DescribeInstanceImageMetadata": [
        ({"InstanceIds": [MISSING["i"]]}, "InvalidInstanceID.NotFound"),
        ({"Filters": [{"Name": "image-colour", "Values": ["x"]}]}, "InvalidParameterValue")],
    "DisableImageBlockPublicAccess": [({"DryRun": True}, "DryRunOperation")],
    "DisableSnapshotBlockPublicAccess": [({"DryRun": True}, "DryRunOperation")],
    "EnableImageBlockPublicAccess": [
        ({"ImageBlockPublicAccessState": "unblocked"}, "InvalidParameterValue")],
    "EnableSnapshotBlockPublicAccess": [({"State": "unblocked"}, "InvalidParameterValue"),
                                        ({}, "MissingParameter")],
    "GetConsoleOutput": [({"InstanceId": MISSING["i"]}, "InvalidInstanceID.NotFound")],
    "GetImageBlockPublicAccessState": [({"DryRun": True}, "DryRunOperation")],
    "GetSnapshotBlockPublicAccessState": [({"DryRun": True}, "DryRunOperation")],
    "GetLaunchTemplateData": [({"InstanceId": MISSING["i"]}, "InvalidInstanceID.NotFound")],
    "GetDefaultCreditSpecification": [({"InstanceFamily": "m5"}, "InvalidParameterValue")],
    "GetInstanceMetadataDefaults": [({"DryRun": True}, "DryRunOperation")],
    "GetPasswordData": [({"InstanceId": MISSING["i"]}, "InvalidInstanceID.NotFound")],
    "GetSerialConsoleAccessStatus": [({"DryRun": True}, "DryRunOperation")],
    "ImportKeyPair": [({"KeyName": "x", "PublicKeyMaterial": b"hello"}, "InvalidKey.Format"),
                      ({"KeyName": "x"}, "MissingParameter")],
    "ModifyDefaultCreditSpecification": [
        ({"InstanceFamily": "t3", "CpuCredits": "plenty"}, "InvalidParameterValue"),
        ({"InstanceFamily": "t3"}, "MissingParameter")],
    "ModifyCapacityReservation": [
        ({"CapacityReservationId": MISSING["cr"]}, "MissingParameter"),
        ({"CapacityReservationId": MISSING["cr"], "InstanceCount": 1},
         "InvalidCapacityReservationId.NotFound")],
    "ModifyInstanceAttribute": [
        ({"InstanceId": "%one", "Groups": [MISSING["sg"]]}, "InvalidGroup.NotFound"),
        ({"InstanceId": "%one"}, "MissingParameter"),
        ({"InstanceId": "%one", "UserData": {"Value": b"x"}}, "IncorrectInstanceState"),
        ({"InstanceId": "%one", "Kernel": {"Value": "aki-12345678"}}, "UnsupportedOperation"),
        ({"InstanceId": "%one", "EbsOptimized": {"Value": True}, "EnaSupport": {"Value": True}},
         "InvalidParameterCombination")],
    "ModifyLaunchTemplate": [
        ({"LaunchTemplateId": MISSING["lt"], "DefaultVersion": "1"},
         "InvalidLaunchTemplateId.NotFound")],
    "ModifyNetworkInterfaceAttribute": [
        ({"NetworkInterfaceId": MISSING["eni"], "Description": {"Value": "x"}},
         "InvalidNetworkInterfaceID.NotFound"),
        ({"NetworkInterfaceId": "%interface"}, "InvalidParameterCombination"),
        ({"NetworkInterfaceId": "%interface", "Attachment": {
            "AttachmentId": "eni-attach-1", "DeleteOnTermination": True}},
         "InvalidAttachmentID.NotFound")],
    "ModifyInstanceCpuOptions": [
        ({"InstanceId": "%one", "CoreCount": 1}, "MissingParameter"),
        ({"InstanceId": "%one", "CoreCount": 1, "ThreadsPerCore": 2}, "IncorrectInstanceState"),
        ({"InstanceId": "%one", "CoreCount": 8, "ThreadsPerCore": 2}, "InvalidParameterValue")],
    "ModifyInstanceCreditSpecification": [
        ({"InstanceCreditSpecifications": [{"InstanceId": "%one", "CpuCredits": "plenty"}]},
         "InvalidParameterValue"),
        ({}, "MissingParameter")],
    "ModifyInstanceMaintenanceOptions": [
        ({"InstanceId": "%one"}, "MissingParameter"),
        ({"InstanceId": "%one", "AutoRecovery": "always"}, "InvalidParameterValue")],
    "ModifyInstanceMetadataDefaults": [
        ({"HttpPutResponseHopLimit": 0}, "InvalidParameterValue"),
        ({"HttpTokens": "none"}, "InvalidParameterValue")],
    "ModifyInstanceMetadataOptions": [
        ({"InstanceId": "%one", "HttpPutResponseHopLimit": 65}, "InvalidParameterValue"),
        ({"InstanceId": "%one", "HttpProtocolIpv6": "sometimes"}, "InvalidParameterValue"),
        ({"InstanceId": MISSING["i"], "HttpTokens": "required"}, "InvalidInstanceID.NotFound")],
    "ModifyInstanceCapacityReservationAttributes": [
        ({"InstanceId": "%one", "CapacityReservationSpecification": {
            "CapacityReservationPreference": "open"}}, "IncorrectInstanceState"),
        ({"InstanceId": MISSING["i"], "CapacityReservationSpecification": {
            "CapacityReservationPreference": "open"}}, "InvalidInstanceID.NotFound")],
    "ModifyInstancePlacement": [
        ({"InstanceId": "%one"}, "MissingParameter"),
        ({"InstanceId": "%one", "GroupName": "near"}, "IncorrectInstanceState"),
        ({"InstanceId": "%one", "Tenancy": "host"}, "UnsupportedOperation"),
        ({"InstanceId": "%one", "HostId": "h-00000000000000001"}, "UnsupportedOperation")],
    "ModifySecurityGroupRules": [
        ({"GroupId": "%group", "SecurityGroupRules": [
            {"SecurityGroupRuleId": MISSING["sgr"], "SecurityGroupRule": {}}]},
         "InvalidSecurityGroupRuleId.NotFound"),
        ({"GroupId": "%group"}, "MissingParameter")],
    "MonitorInstances": [({"InstanceIds": [MISSING["i"]]}, "InvalidInstanceID.NotFound"),
                         ({}, "MissingParameter")],
    "RebootInstances": [({"InstanceIds": [MISSING["i"]]}, "InvalidInstanceID.NotFound")],
    "RegisterImage": [
        ({"Name": "actions", "ImageLocation": "upload:" + "0" * 8 + "-0000-0000-0000-" + "0" * 12},
         "InvalidAMIName.Duplicate"),
        ({"Name": "x<y>", "ImageLocation": "upload:x"}, "InvalidAMIName.Malformed"),
        ({"Name": "fine", "ImageLocation": "bucket/manifest.xml"}, "InvalidParameterValue"),
        ({"Name": "fine"}, "MissingParameter")],
    "RequestSpotInstances": [
        ({}, "MissingParameter"),
        ({"LaunchSpecification": {"ImageId": MISSING["ami"]}}, "InvalidAMIID.NotFound"),
        ({"LaunchSpecification": {"ImageId": "%image"}, "InstanceInterruptionBehavior": "stop"},
         "InvalidParameterCombination")],
    "ResetInstanceAttribute": [
        ({"InstanceId": "%one", "Attribute": "userData"}, "InvalidParameterValue"),
        ({"InstanceId": "%one", "Attribute": "kernel"}, "IncorrectInstanceState"),
        ({"InstanceId": MISSING["i"], "Attribute": "kernel"}, "InvalidInstanceID.NotFound")],
    "RevokeSecurityGroupEgress": [
        ({"GroupId": "%group", "SecurityGroupRuleIds": [MISSING["sgr"]]},
         "InvalidSecurityGroupRuleId.NotFound")],
    "RevokeSecurityGroupIngress": [
        ({"GroupId": "%group", "SecurityGroupRuleIds": [MISSING["sgr"]],
          "IpPermissions": ports(1)}, "InvalidParameterCombination")],
    "RunInstances": [
        ({"ImageId": MISSING["ami"], "MinCount": 1, "MaxCount": 1}, "InvalidAMIID.NotFound"),
        ({"ImageId": "%image", "MinCount": 0, "MaxCount": 1}, "InvalidParameterValue"),
        ({"ImageId": "%image", "MinCount": 1}, "MissingParameter"),
        ({"ImageId": "%image", "MinCount": 1, "MaxCount": 1, "SubnetId": MISSING["subnet"]},
         "InvalidSubnetID.NotFound"),
        ({"ImageId": "%image", "MinCount": 1, "MaxCount": 1, "KernelId": "aki-12345678"},
         "UnsupportedOperation")],
    "StartInstances": [({"InstanceIds": [MISSING["i"]]}, "InvalidInstanceID.NotFound")],
    "StopInstances": [({}, "MissingParameter")],
    "TerminateInstances": [({"InstanceIds": ["i-zz"]}, "InvalidInstanceID.Malformed")],
    "UnmonitorInstances": [({"InstanceIds": ["i-zz"]}, "InvalidInstanceID.Malformed")],
    "UpdateSecurityGroupRuleDescriptionsEgress": [
        ({"GroupId": MISSING["sg"], "IpPermissions": ports(1)}, "InvalidGroup.NotFound"),
        ({"GroupId": "%group"}, "MissingParameter")],
    "UpdateSecurityGroupRuleDescriptionsIngress": [
        ({"GroupId": "%group", "IpPermissions": ports(9)}, "InvalidPermission.NotFound")],
}


def filled_in(value):
    if isinstance(value, dict):
        return {name: filled_in(item) for name, item in value.items()}
    if isinstance(value, list):
        return [filled_in(item) for item in value]
    if isinstance(value, str) and value.startswith("%"):
        kind = value[1:]
        return {"one": one, "group": group, "image": image, "vpc": vpc}.get(kind) or of_network(kind) \
            or of_one(kind)
    return value


class IsRefused(unittest.TestCase):
    def refused(self, action):
        for params, code in REFUSED[action]:
            with self.subTest(f"{action} {params}"):
                # STS knows no parameter that could be wrong, but the signature may be.
                fault = refusal(call, "post", action, {}, **params) if "secret" in params else \
                    refusal(call, "post", action, filled_in(params))
                self.assertIn(fault.code, code.split())
                self.assertGreater(len(fault.message), 10)
                self.assertLess(fault.status, 500)


# What a Describe must say at least, where nothing is not enough.
NEEDS = {"DescribeLaunchTemplateVersions": {"Versions": ["$Latest"]},
         "DescribeSecurityGroupReferences": {"GroupId": ["%group"]},
         "DescribeStaleSecurityGroups": {"VpcId": "%vpc"}}
# What there can be none of: a data feed is written to S3.
ALWAYS_REFUSED = {"DescribeSpotDatafeedSubscription": "InvalidSpotDatafeed.NotFound"}


class TheTable(unittest.TestCase):
    def test_every_row_has_succeeded_and_was_refused(self):
        self.assertGreater(len(rows()), 30)
        for action in rows():
            with self.subTest(action):
                seen = SEEN.get(action, set())
                if action in ALWAYS_REFUSED:
                    self.assertEqual(seen, {ALWAYS_REFUSED[action]})
                    continue
                self.assertIn("ok", seen, "there is no test in which it succeeds")
                self.assertTrue(seen - {"ok"}, "there is no test in which it is refused")

    def test_every_flag_is_true(self):
        for action, (service, _, flags) in rows().items():
            if service != "ec2":
                continue
            members = operation(action).input_shape.members
            with self.subTest(action):
                self.assertEqual("DRYRUN" in flags, "DryRun" in members)
                if action != "DescribeImages":  # it got its pages after botocore 1.29
                    self.assertEqual("PAGED" in flags, "NextToken" in members)
                if action not in ("CreateNetworkAcl", "CreateRouteTable"):  # likewise
                    self.assertEqual("TOKEN" in flags, "ClientToken" in members)

    def test_a_dry_run_of_each_says_so(self):
        for action, (service, _, flags) in rows().items():
            if "DRYRUN" in flags and action.startswith("Describe") and "Attribute" not in action \
                    and action not in ALWAYS_REFUSED:
                with self.subTest(action):
                    fault = refusal(call, "post", action, {
                        "DryRun": True, **filled_in(NEEDS.get(action, {}))})
                    self.assertEqual((fault.code, fault.status), ("DryRunOperation", 412))


def add_tests():
    for action in rows():
        scenario = getattr(Succeeds, action, None)
        if scenario:
            setattr(Succeeds, f"test_{action}", scenario)
        if action in REFUSED:
            setattr(IsRefused, f"test_{action}",
                    lambda self, action=action: self.refused(action))
    # unittest takes classes by name: the table is to be looked at last.
    globals()["ZTheTable"] = TheTable


add_tests()
del TheTable


if __name__ == "__main__":
    tap.main()
