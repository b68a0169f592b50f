"""Elastic addresses."""
import unittest

from client import REGION, call, instance

from .world import MISSING, Scenarios, ec2, missing, of_one, the


def elastic(**more):
    """A new elastic address, which is free again and released with the test's module."""
    made = call("post", "AllocateAddress", more)
    unittest.addModuleCleanup(release, made["AllocationId"])
    return made


def release(allocation_id):
    found = ec2.describe_addresses(Filters=[
        {"Name": "allocation-id", "Values": [allocation_id]}])["Addresses"]
    for address in found:
        if "AssociationId" in address:
            ec2.disassociate_address(AssociationId=address["AssociationId"])
        ec2.release_address(AllocationId=allocation_id)


class Addresses(Scenarios):
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
        before = instance(ec2, the.one)["PublicIpAddress"]
        made = elastic()
        association = call("post", "AssociateAddress", {
            "AllocationId": made["AllocationId"], "InstanceId": the.one})["AssociationId"]
        self.assertEqual(instance(ec2, the.one)["PublicIpAddress"], made["PublicIp"])
        call("post", "DisassociateAddress", {"AssociationId": association})
        self.assertNotIn(instance(ec2, the.one)["PublicIpAddress"], (before, made["PublicIp"]))
        release(made["AllocationId"])

    def DescribeAddresses(self):
        # The address that came with the launch is of the pool: it is no elastic one.
        self.assertEqual(call("post", "DescribeAddresses", {"Filters": [
            {"Name": "instance-id", "Values": [the.one]}]}), {"Addresses": []})
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


REFUSED = {
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
}
