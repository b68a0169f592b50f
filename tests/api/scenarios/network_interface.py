"""Network interfaces and their private addresses."""
from client import call, instance, until

from .world import MISSING, Scenarios, ec2, interface_now, of_one, the


def interface(test, **more):
    """A new network interface beside that of the instance, which goes with the test."""
    subnet = instance(ec2, the.one)["SubnetId"]
    made = call("post", "CreateNetworkInterface", {"SubnetId": subnet, **more})["NetworkInterface"]
    test.addCleanup(drop_interface, made["NetworkInterfaceId"])
    return made


def drop_interface(interface_id):
    now = interface_now(interface_id)
    if now and "Attachment" in now:
        ec2.detach_network_interface(AttachmentId=now["Attachment"]["AttachmentId"])
        until(lambda: interface_now(interface_id)["Status"] == "available", what="a free interface")
    if now:
        ec2.delete_network_interface(NetworkInterfaceId=interface_id)


def attach(interface_id):
    made = call("post", "AttachNetworkInterface", {
        "NetworkInterfaceId": interface_id, "InstanceId": the.one, "DeviceIndex": 1})["AttachmentId"]
    until(lambda: interface_now(interface_id)["Attachment"]["Status"] == "attached",
          what="an attached interface")
    return made


class NetworkInterfaces(Scenarios):
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
        shown = {n["NetworkInterfaceId"]: n for n in instance(ec2, the.one)["NetworkInterfaces"]}
        self.assertEqual((shown[made]["Attachment"]["AttachmentId"],
                          shown[made]["Attachment"]["DeviceIndex"]), (attachment, 1))
        drop_interface(made)

    def DetachNetworkInterface(self):
        made = interface(self)["NetworkInterfaceId"]
        call("post", "DetachNetworkInterface", {"AttachmentId": attach(made), "Force": True})
        until(lambda: interface_now(made)["Status"] == "available", what="a free interface")
        self.assertEqual(len(instance(ec2, the.one)["NetworkInterfaces"]), 1)

    def CreateNetworkInterface(self):
        made = interface(self, Description="d", Groups=[the.group], SecondaryPrivateIpAddressCount=1,
                         TagSpecifications=[{"ResourceType": "network-interface",
                                             "Tags": [{"Key": "k", "Value": "v"}]}])
        self.assertEqual((made["Description"], made["InterfaceType"], made["RequesterManaged"],
                          [g["GroupId"] for g in made["Groups"]], len(made["PrivateIpAddresses"]),
                          made["TagSet"]),
                         ("d", "interface", False, [the.group], 2, [{"Key": "k", "Value": "v"}]))
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

    def DescribeNetworkInterfaceAttribute(self):
        interface = of_one("interface")
        asked = {name: call("post", "DescribeNetworkInterfaceAttribute",
                            {"NetworkInterfaceId": interface, "Attribute": name})
                 for name in ("description", "groupSet", "sourceDestCheck", "attachment")}
        self.assertEqual(asked["description"]["Description"], {"Value": ""})
        self.assertEqual([g["GroupName"] for g in asked["groupSet"]["Groups"]], ["default"])
        self.assertEqual(asked["sourceDestCheck"]["SourceDestCheck"], {"Value": True})
        self.assertEqual(asked["attachment"]["Attachment"]["InstanceId"], the.one)

    def DescribeNetworkInterfaces(self):
        found = call("post", "DescribeNetworkInterfaces", {"Filters": [
            {"Name": "attachment.instance-id", "Values": [the.one]}]})["NetworkInterfaces"]
        seen = instance(ec2, the.one)["NetworkInterfaces"][0]
        self.assertEqual([n["NetworkInterfaceId"] for n in found], [of_one("interface")])
        self.assertEqual((found[0]["Status"], found[0]["Attachment"]["Status"],
                          found[0]["TagSet"]), ("in-use", "attached", []))
        for name in ("MacAddress", "PrivateIpAddress", "SubnetId", "VpcId", "Groups", "Association",
                     "PrivateDnsName"):
            self.assertEqual(found[0][name], seen[name], name)

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


REFUSED = {
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
    "DescribeNetworkInterfaceAttribute": [
        ({"NetworkInterfaceId": MISSING["eni"], "Attribute": "description"},
         "InvalidNetworkInterfaceID.NotFound"),
        ({"NetworkInterfaceId": "%interface", "Attribute": "height"}, "InvalidParameterValue"),
        ({"NetworkInterfaceId": "%interface"}, "InvalidParameterCombination")],
    "DescribeNetworkInterfaces": [
        ({"NetworkInterfaceIds": [MISSING["eni"]]}, "InvalidNetworkInterfaceID.NotFound"),
        ({"NetworkInterfaceIds": ["eni"]}, "InvalidNetworkInterfaceId.Malformed"),
        ({"Filters": [{"Name": "colour", "Values": ["x"]}]}, "InvalidParameterValue")],
    "ModifyNetworkInterfaceAttribute": [
        ({"NetworkInterfaceId": MISSING["eni"], "Description": {"Value": "x"}},
         "InvalidNetworkInterfaceID.NotFound"),
        ({"NetworkInterfaceId": "%interface"}, "InvalidParameterCombination"),
        ({"NetworkInterfaceId": "%interface", "Attachment": {
            "AttachmentId": "eni-attach-1", "DeleteOnTermination": True}},
         "InvalidAttachmentID.NotFound")],
}
