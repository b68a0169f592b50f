#!/usr/bin/python3 -B
# area: front-door
"""Public addresses, end to end: those of the pool come and go with an instance, elastic ones stay."""
import unittest

from client import (client, instance, launch, refusal, register_image, remove, tap, until,
                    wait_state)


def setUpModule():
    global ec2, image
    ec2 = client()
    image = register_image("addresses")


def public(i):
    return instance(ec2, i).get("PublicIpAddress")


def association(i):
    return instance(ec2, i)["NetworkInterfaces"][0].get("Association", {})


class Addresses(unittest.TestCase):
    def setUp(self):
        self.i = launch(ec2, image)["InstanceId"]
        self.address = ec2.allocate_address(Domain="vpc")
        self.addCleanup(self.give_up)

    def give_up(self):
        remove(ec2, self.i)
        for address in ec2.describe_addresses()["Addresses"]:
            if "AssociationId" in address:
                ec2.disassociate_address(AssociationId=address["AssociationId"])
            ec2.release_address(AllocationId=address["AllocationId"])

    def associate(self, **more):
        return ec2.associate_address(AllocationId=self.address["AllocationId"],
                                     **(more or {"InstanceId": self.i}))["AssociationId"]

    def stop_and_start(self):
        ec2.stop_instances(InstanceIds=[self.i])
        wait_state(ec2, self.i, "stopped")
        stopped = public(self.i)
        ec2.start_instances(InstanceIds=[self.i])
        wait_state(ec2, self.i, "running")
        return stopped

    def test_an_automatic_one_changes_over_stop_and_start(self):
        first = public(self.i)
        self.assertEqual(association(self.i)["IpOwnerId"], "amazon")
        self.assertIsNone(self.stop_and_start())
        self.assertNotIn(public(self.i), (None, first))

    def test_an_elastic_one_stays(self):
        self.associate()
        elastic = self.address["PublicIp"]
        self.assertEqual(self.stop_and_start(), elastic)
        self.assertEqual(public(self.i), elastic)
        self.assertEqual(association(self.i)["IpOwnerId"], instance(
            ec2, self.i)["NetworkInterfaces"][0]["OwnerId"])

    def test_the_end_of_its_instance_frees_it(self):
        made = self.associate()
        ec2.terminate_instances(InstanceIds=[self.i])
        wait_state(ec2, self.i, "terminated")
        address = ec2.describe_addresses(
            AllocationIds=[self.address["AllocationId"]])["Addresses"][0]
        self.assertNotIn("AssociationId", address)
        self.assertNotIn("PrivateIpAddress", address)
        fault = refusal(ec2.disassociate_address, AssociationId=made)
        self.assertEqual(fault.code, "InvalidAssociationID.NotFound")

    def test_it_moves_between_instances(self):
        other = launch(ec2, image)["InstanceId"]
        self.addCleanup(remove, ec2, other)
        first = self.associate()
        fault = refusal(self.associate, InstanceId=other, AllowReassociation=False)
        self.assertEqual(fault.code, "Resource.AlreadyAssociated")
        self.assertNotEqual(self.associate(InstanceId=other), first)
        self.assertEqual(public(other), self.address["PublicIp"])
        self.assertNotIn(public(self.i), (None, self.address["PublicIp"]))

    def test_it_is_found_by_its_tags(self):
        ec2.create_tags(Resources=[self.address["AllocationId"]],
                        Tags=[{"Key": "for", "Value": "mail"}])
        for name, values in (("tag:for", ["mail"]), ("tag-key", ["for"])):
            found = ec2.describe_addresses(Filters=[{"Name": name, "Values": values}])["Addresses"]
            self.assertEqual([a["PublicIp"] for a in found], [self.address["PublicIp"]])

    def test_five_and_no_more(self):
        for _ in range(4):
            ec2.allocate_address()
        self.assertEqual(refusal(ec2.allocate_address).code, "AddressLimitExceeded")
        limit = ec2.describe_account_attributes(AttributeNames=["vpc-max-elastic-ips"])
        self.assertEqual(limit["AccountAttributes"][0]["AttributeValues"],
                         [{"AttributeValue": "5"}])

    def test_it_is_not_released_in_use(self):
        made = self.associate()
        fault = refusal(ec2.release_address, AllocationId=self.address["AllocationId"])
        self.assertEqual(fault.code, "InvalidIPAddress.InUse")
        ec2.disassociate_address(AssociationId=made)
        until(lambda: public(self.i), what="an address of the pool")


if __name__ == "__main__":
    tap.main()
