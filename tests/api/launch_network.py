#!/usr/bin/python3 -B
# area: launch
# config: max_instances=60
# timeout: 300
"""Interfaces at launch: several of them, those that are there already, their addresses of both
kinds, and the same from launch templates and for Spot requests."""
import unittest

from client import client, instance, refusal, register_image, remove, tap, until, wait_state

REFUSED = "InvalidParameterCombination"


def setUpModule():
    global ec2, image, vpc, subnet, other, group
    ec2 = client()
    image = register_image("launch-network")
    vpc = ec2.create_vpc(CidrBlock="10.90.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
    vpc = ec2.describe_vpcs(VpcIds=[vpc["VpcId"]])["Vpcs"][0]
    six = vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].replace("/56", "/64")
    subnet = ec2.create_subnet(VpcId=vpc["VpcId"], CidrBlock="10.90.1.0/24", Ipv6CidrBlock=six,
                               AvailabilityZone="us-east-1a")["Subnet"]
    other = ec2.create_subnet(VpcId=vpc["VpcId"], CidrBlock="10.90.2.0/24",
                              AvailabilityZone="us-east-1a")["Subnet"]
    group = ec2.create_security_group(GroupName="launch-network", Description="d",
                                      VpcId=vpc["VpcId"])["GroupId"]
    for where, block in ((subnet, "10.90.1.0/26"), (other, "10.90.2.64/26")):
        # The addresses that are asked for below are not drawn for anybody before.
        ec2.create_subnet_cidr_reservation(SubnetId=where["SubnetId"], Cidr=block,
                                           ReservationType="explicit")
    subnet["Prefix"] = six.removesuffix("::/64")


def make(**more):
    return ec2.run_instances(**{"ImageId": image, "InstanceType": "t3.large", "MinCount": 1,
                                "MaxCount": 1, **more})["Instances"][0]


def interface(**more):
    return ec2.create_network_interface(
        SubnetId=more.pop("SubnetId", other["SubnetId"]), **more)["NetworkInterface"]


def state_of(interface_id):
    found = ec2.describe_network_interfaces(NetworkInterfaceIds=[interface_id])
    return found["NetworkInterfaces"][0]


def addresses(nic):
    return [address["PrivateIpAddress"] for address in nic["PrivateIpAddresses"]]


def six(nic):
    return [address["Ipv6Address"] for address in nic["Ipv6Addresses"]]


class Interfaces(unittest.TestCase):
    def test_each_has_what_it_is_asked_to_have(self):
        mine = interface(Description="kept", SecondaryPrivateIpAddressCount=1)
        made = make(NetworkInterfaces=[
            {"DeviceIndex": 2, "NetworkInterfaceId": mine["NetworkInterfaceId"]},
            {"DeviceIndex": 1, "SubnetId": other["SubnetId"], "DeleteOnTermination": False,
             "SecondaryPrivateIpAddressCount": 2, "Description": "second"},
            {"DeviceIndex": 0, "SubnetId": subnet["SubnetId"], "Groups": [group],
             "PrivateIpAddresses": [{"PrivateIpAddress": "10.90.1.20", "Primary": True},
                                    {"PrivateIpAddress": "10.90.1.21", "Primary": False}],
             "Ipv6Addresses": [{"Ipv6Address": subnet["Prefix"] + "::20"}]}],
            TagSpecifications=[{"ResourceType": "network-interface",
                                "Tags": [{"Key": "k", "Value": "v"}]}])
        wait_state(ec2, made["InstanceId"], "running")
        nics = instance(ec2, made["InstanceId"])["NetworkInterfaces"]
        self.assertEqual([nic["Attachment"]["DeviceIndex"] for nic in nics], [0, 1, 2])
        self.assertEqual({nic["Attachment"]["Status"] for nic in nics}, {"attached"})
        self.assertEqual([nic["Description"] for nic in nics], ["", "second", "kept"])
        self.assertEqual([nic["SubnetId"] for nic in nics],
                         [subnet["SubnetId"], other["SubnetId"], other["SubnetId"]])
        self.assertEqual(addresses(nics[0]), ["10.90.1.20", "10.90.1.21"])
        self.assertEqual(six(nics[0]), [subnet["Prefix"] + "::20"])
        self.assertEqual([len(addresses(nic)) for nic in nics], [2, 3, 2])
        self.assertEqual(made["PrivateIpAddress"], "10.90.1.20")
        self.assertEqual([g["GroupId"] for g in nics[0]["Groups"]], [group])
        self.assertEqual(state_of(mine["NetworkInterfaceId"])["Status"], "in-use")
        self.assertEqual(state_of(nics[1]["NetworkInterfaceId"])["TagSet"],
                         [{"Key": "k", "Value": "v"}])
        self.assertEqual(state_of(mine["NetworkInterfaceId"])["TagSet"], [])
        self.assertEqual(refusal(make, NetworkInterfaces=[
            {"DeviceIndex": 0, "NetworkInterfaceId": mine["NetworkInterfaceId"]}]).code,
            "InvalidNetworkInterface.InUse")
        remove(ec2, made["InstanceId"])
        for kept in (nics[1], nics[2]):
            self.assertEqual(state_of(kept["NetworkInterfaceId"])["Status"], "available")
            ec2.delete_network_interface(NetworkInterfaceId=kept["NetworkInterfaceId"])
        self.assertEqual(refusal(state_of, nics[0]["NetworkInterfaceId"]).code,
                         "InvalidNetworkInterfaceID.NotFound")

    def test_the_primary_interface_can_be_one_that_is_there(self):
        mine = interface(PrivateIpAddress="10.90.2.77", Groups=[group])
        made = make(NetworkInterfaces=[
            {"DeviceIndex": 0, "NetworkInterfaceId": mine["NetworkInterfaceId"]}])
        self.assertEqual((made["PrivateIpAddress"], made["SubnetId"]),
                         ("10.90.2.77", other["SubnetId"]))
        self.assertEqual(made["SecurityGroups"][0]["GroupId"], group)
        ec2.modify_network_interface_attribute(
            NetworkInterfaceId=mine["NetworkInterfaceId"], Attachment={
                "AttachmentId": made["NetworkInterfaces"][0]["Attachment"]["AttachmentId"],
                "DeleteOnTermination": True})
        remove(ec2, made["InstanceId"])
        self.assertEqual(refusal(state_of, mine["NetworkInterfaceId"]).code,
                         "InvalidNetworkInterfaceID.NotFound")

    def test_ipv6_without_the_form_of_interfaces(self):
        prefix = subnet["Prefix"]
        made = make(SubnetId=subnet["SubnetId"], Ipv6AddressCount=2)
        self.assertEqual(len(six(made["NetworkInterfaces"][0])), 2)
        named = make(SubnetId=subnet["SubnetId"], Ipv6Addresses=[{"Ipv6Address": prefix + "::0:77"}])
        self.assertEqual(six(named["NetworkInterfaces"][0]), [prefix + "::77"])
        ec2.modify_subnet_attribute(SubnetId=subnet["SubnetId"],
                                    AssignIpv6AddressOnCreation={"Value": True})
        given = make(SubnetId=subnet["SubnetId"])
        ec2.modify_subnet_attribute(SubnetId=subnet["SubnetId"],
                                    AssignIpv6AddressOnCreation={"Value": False})
        self.assertEqual(len(six(given["NetworkInterfaces"][0])), 1)
        self.assertEqual(refusal(make, SubnetId=subnet["SubnetId"],
                                 Ipv6Addresses=[{"Ipv6Address": prefix + "::77"}]).code,
                         "InvalidIPAddress.InUse")
        self.assertEqual(refusal(make, SubnetId=subnet["SubnetId"], Ipv6AddressCount=1,
                                 Ipv6Addresses=[{"Ipv6Address": prefix + "::78"}]).code, REFUSED)
        self.assertEqual(refusal(make, SubnetId=other["SubnetId"], Ipv6AddressCount=1).code,
                         "InvalidParameterValue")
        remove(ec2, *(each["InstanceId"] for each in (made, named, given)))

    def test_what_does_not_fit_together_leaves_nothing(self):
        nic = {"DeviceIndex": 0, "SubnetId": subnet["SubnetId"]}
        second = {"DeviceIndex": 1, "SubnetId": other["SubnetId"]}
        mine = interface()["NetworkInterfaceId"]
        far = ec2.create_subnet(VpcId=vpc["VpcId"], CidrBlock="10.90.3.0/24",
                                AvailabilityZone="us-east-1b")["Subnet"]["SubnetId"]
        before = len(ec2.describe_network_interfaces()["NetworkInterfaces"])
        for code, nics, more in (
                (REFUSED, [nic], {"SubnetId": subnet["SubnetId"]}),
                (REFUSED, [nic], {"PrivateIpAddress": "10.90.1.9"}),
                (REFUSED, [nic], {"Ipv6AddressCount": 1}),
                (REFUSED, [{**nic, "AssociatePublicIpAddress": True}, second], {}),
                (REFUSED, [{**nic, "NetworkInterfaceId": mine}], {}),
                (REFUSED, [{**nic, "PrivateIpAddress": "10.90.1.9"}], {"MaxCount": 2}),
                (REFUSED, [{"DeviceIndex": 0, "NetworkInterfaceId": mine,
                            "DeleteOnTermination": True}], {}),
                (REFUSED, [nic, {"DeviceIndex": 1, "SubnetId": far}], {}),
                ("InvalidParameterValue", [nic, {**second, "DeviceIndex": 0}], {}),
                ("InvalidParameterValue", [{"SubnetId": subnet["SubnetId"]}], {}),
                ("InvalidParameterValue", [nic, {**second, "PrivateIpAddress": "10.90.1.9"}], {}),
                ("UnsupportedOperation", [second], {}),
                ("AttachmentLimitExceeded", [nic, second] + [
                    {**second, "DeviceIndex": n} for n in (2, 3)], {}),
                ("PrivateIpAddressLimitExceeded",
                 [{**nic, "SecondaryPrivateIpAddressCount": 12}], {}),
                ("InvalidNetworkInterfaceID.NotFound",
                 [nic, {"DeviceIndex": 1, "NetworkInterfaceId": "eni-00000000000000001"}], {}),
                ("InvalidSubnetID.NotFound",
                 [nic, {"DeviceIndex": 1, "SubnetId": "subnet-00000000000000001"}], {})):
            with self.subTest(code=code, nics=nics, more=more):
                self.assertEqual(refusal(make, NetworkInterfaces=nics, **more).code, code)
        self.assertEqual(len(ec2.describe_network_interfaces()["NetworkInterfaces"]), before)
        ec2.delete_network_interface(NetworkInterfaceId=mine)
        ec2.delete_subnet(SubnetId=far)

    def test_a_launch_template_keeps_them(self):
        nics = [{"DeviceIndex": 0, "SubnetId": subnet["SubnetId"], "Ipv6AddressCount": 1,
                 "PrivateIpAddresses": [{"PrivateIpAddress": "10.90.1.40", "Primary": True}]},
                {"DeviceIndex": 1, "SubnetId": other["SubnetId"],
                 "SecondaryPrivateIpAddressCount": 1}]
        made = ec2.create_launch_template(
            LaunchTemplateName="interfaces", LaunchTemplateData={
                "ImageId": image, "InstanceType": "t3.large", "NetworkInterfaces": nics})
        self.assertNotIn("Warning", made)
        template = made["LaunchTemplate"]["LaunchTemplateId"]
        data = ec2.describe_launch_template_versions(LaunchTemplateId=template)[
            "LaunchTemplateVersions"][0]["LaunchTemplateData"]
        self.assertEqual(data["NetworkInterfaces"], nics)
        one = ec2.run_instances(MinCount=1, MaxCount=1, LaunchTemplate={
            "LaunchTemplateId": template}, NetworkInterfaces=[
                {"DeviceIndex": 1, "Description": "of the call"}])["Instances"][0]
        self.assertEqual([len(addresses(nic)) for nic in one["NetworkInterfaces"]], [1, 2])
        self.assertEqual(one["PrivateIpAddress"], "10.90.1.40")
        self.assertEqual(len(six(one["NetworkInterfaces"][0])), 1)
        self.assertEqual(one["NetworkInterfaces"][1]["Description"], "of the call")
        # The same again, from the instance: a template that can be launched.
        again = ec2.get_launch_template_data(InstanceId=one["InstanceId"])["LaunchTemplateData"]
        self.assertEqual([nic.get("SecondaryPrivateIpAddressCount") for nic in
                          again["NetworkInterfaces"]], [None, 1])
        self.assertEqual(again["NetworkInterfaces"][0]["Ipv6AddressCount"], 1)
        two = make(NetworkInterfaces=again["NetworkInterfaces"])
        self.assertEqual([len(addresses(nic)) for nic in two["NetworkInterfaces"]], [1, 2])
        warned = ec2.create_launch_template_version(
            LaunchTemplateId=template, LaunchTemplateData={"NetworkInterfaces": [
                {"DeviceIndex": 0, "NetworkInterfaceId": "eni-00000000000000001"}]})
        self.assertEqual(warned["Warning"]["Errors"][0]["Code"],
                         "InvalidNetworkInterfaceID.NotFound")
        remove(ec2, one["InstanceId"], two["InstanceId"])
        ec2.delete_launch_template(LaunchTemplateId=template)

    def test_a_spot_request_is_fulfilled_with_them(self):
        mine = interface()["NetworkInterfaceId"]
        request = ec2.request_spot_instances(LaunchSpecification={
            "ImageId": image, "InstanceType": "t3.large", "NetworkInterfaces": [
                {"DeviceIndex": 0, "SubnetId": subnet["SubnetId"], "Ipv6AddressCount": 1},
                {"DeviceIndex": 1, "NetworkInterfaceId": mine}]})["SpotInstanceRequests"][0]
        ids = [request["SpotInstanceRequestId"]]

        def fulfilled():
            found = ec2.describe_spot_instance_requests(SpotInstanceRequestIds=ids)
            return found["SpotInstanceRequests"][0].get("InstanceId")

        made = until(fulfilled)
        nics = instance(ec2, made)["NetworkInterfaces"]
        self.assertEqual(nics[1]["NetworkInterfaceId"], mine)
        self.assertEqual(len(six(nics[0])), 1)
        self.assertEqual(refusal(ec2.request_spot_instances, LaunchSpecification={
            "ImageId": image, "InstanceType": "t3.large", "NetworkInterfaces": [
                {"DeviceIndex": 0, "NetworkInterfaceId": mine}]}).code,
            "InvalidNetworkInterface.InUse")
        remove(ec2, made)
        self.assertEqual(state_of(mine)["Status"], "available")


if __name__ == "__main__":
    tap.main()
