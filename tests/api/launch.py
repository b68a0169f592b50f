#!/usr/bin/python3 -B
# area: launch
# config: max_instances=60
# timeout: 300
"""RunInstances with each of its parameters that has a meaning here, and the attributes that can be
changed afterwards."""
import base64
import re
import unittest

from client import (REGION, all_instances, call, client, encoded, instance, refusal,
                    register_image, remove, tap, wait_state)


def setUpModule():
    global ec2, image
    ec2 = client()
    image = register_image("launch")


class Launch(unittest.TestCase):
    def tearDown(self):
        left = [each["InstanceId"] for each in all_instances(ec2)
                if each.get("ClientToken", "").startswith("launch-")
                and each["State"]["Name"] not in ("terminated", "shutting-down")]
        if left:
            ec2.terminate_instances(InstanceIds=left)

    def run(self, result=None):
        self.number = 0
        return super().run(result)

    def make(self, count=1, **more):
        self.number += 1
        params = {"ImageId": image, "MinCount": count, "MaxCount": count,
                  "ClientToken": f"launch-{self._testMethodName[:40]}-{self.number}", **more}
        return ec2.run_instances(**params)

    def test_a_client_token_brings_the_same_answer_with_the_state_of_now(self):
        token = {"ClientToken": "launch-same"}
        first = self.make(count=2, **token)
        ids = [each["InstanceId"] for each in first["Instances"]]
        for i in ids:
            wait_state(ec2, i, "running")
        again = self.make(count=2, **token)
        self.assertEqual([each["InstanceId"] for each in again["Instances"]], ids)
        self.assertEqual(again["ReservationId"], first["ReservationId"])
        self.assertEqual([each["State"]["Name"] for each in again["Instances"]], ["running"] * 2)
        for other in ({"count": 1}, {"InstanceType": "t3.small"}, {"UserData": "x"}):
            count = other.pop("count", 2)
            fault = refusal(self.make, count=count, **token, **other)
            self.assertEqual(fault.code, "IdempotentParameterMismatch")
        remove(ec2, *ids)
        again = self.make(count=2, **token)
        self.assertEqual([each["InstanceId"] for each in again["Instances"]], ids)
        self.assertEqual({each["State"]["Name"] for each in again["Instances"]}, {"terminated"})

    def test_a_refused_call_does_not_use_the_token_up(self):
        token = {"ClientToken": "launch-refused"}
        self.assertEqual(refusal(self.make, KeyName="nobody", **token).code,
                         "InvalidKeyPair.NotFound")
        self.assertEqual(len(self.make(**token)["Instances"]), 1)

    def test_a_token_has_up_to_64_characters(self):
        self.make(ClientToken="launch-" + "x" * 57)
        self.assertEqual(refusal(self.make, ClientToken="launch-" + "x" * 58).code,
                         "InvalidParameterValue")

    def test_several_share_a_reservation_and_count_their_index(self):
        made = self.make(count=3)
        self.assertEqual([each["AmiLaunchIndex"] for each in made["Instances"]], [0, 1, 2])
        self.assertEqual(len({each["PrivateIpAddress"] for each in made["Instances"]}), 3)
        found = ec2.describe_instances(Filters=[
            {"Name": "reservation-id", "Values": [made["ReservationId"]]}])
        self.assertEqual(len(found["Reservations"]), 1)
        self.assertEqual(len(found["Reservations"][0]["Instances"]), 3)
        self.assertEqual(refusal(self.make, MinCount=3, MaxCount=2).code, "InvalidParameterValue")

    def test_as_many_as_fit_and_none_when_the_least_does_not(self):
        # The fake server has 1,000,000 MiB: two of x1.16xlarge would not fit.
        before = len(all_instances(ec2))
        fault = refusal(self.make, MinCount=2, MaxCount=5, InstanceType="x1.16xlarge")
        self.assertEqual((fault.code, fault.status), ("InsufficientInstanceCapacity", 500))
        self.assertEqual(len(all_instances(ec2)), before)
        made = self.make(MinCount=1, MaxCount=50, InstanceType="r5.16xlarge")
        self.assertEqual(len(made["Instances"]), 1)
        ids = [each["InstanceId"] for each in made["Instances"]]
        fault = refusal(self.make, InstanceType="r5.16xlarge")
        self.assertEqual(fault.code, "InsufficientInstanceCapacity")
        remove(ec2, *ids)
        made = self.make(InstanceType="r5.16xlarge")
        remove(ec2, made["Instances"][0]["InstanceId"])

    def test_no_more_than_the_owner_allows(self):
        # max_instances in the header of this file
        before = len(all_instances(ec2))
        fault = refusal(self.make, MinCount=61, MaxCount=61, InstanceType="t3.nano")
        self.assertEqual((fault.code, fault.status), ("InstanceLimitExceeded", 400))
        self.assertEqual(len(all_instances(ec2)), before)

    def test_a_start_needs_room_too(self):
        big = self.make(InstanceType="r5.16xlarge")["Instances"][0]["InstanceId"]
        wait_state(ec2, big, "running")
        ec2.stop_instances(InstanceIds=[big])
        wait_state(ec2, big, "stopped")
        other = self.make(InstanceType="r5.16xlarge")["Instances"][0]["InstanceId"]
        self.assertEqual(refusal(ec2.start_instances, InstanceIds=[big]).code,
                         "InsufficientInstanceCapacity")
        self.assertEqual(instance(ec2, big)["State"]["Name"], "stopped")
        remove(ec2, big, other)

    def test_tags_at_launch_go_to_what_they_name(self):
        i = self.make(TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "ü & <x> \"y\""},
                                                  {"Key": "Name", "Value": ""}]},
            {"ResourceType": "volume", "Tags": [{"Key": "v", "Value": "1"}]},
            {"ResourceType": "network-interface", "Tags": [{"Key": "n", "Value": "2"}]},
        ])["Instances"][0]
        self.assertEqual(sorted(i["Tags"], key=lambda tag: tag["Key"]),
                         [{"Key": "Name", "Value": ""}, {"Key": "a", "Value": "ü & <x> \"y\""}])
        now = wait_state(ec2, i["InstanceId"], "running")
        volume = now["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
        nic = now["NetworkInterfaces"][0]["NetworkInterfaceId"]
        for resource, kind, key in ((volume, "volume", "v"), (nic, "network-interface", "n")):
            found = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [resource]}])
            self.assertEqual([(tag["Key"], tag["ResourceType"]) for tag in found["Tags"]],
                             [(key, kind)])
        remove(ec2, i["InstanceId"])
        for resource in (volume, nic):
            self.assertEqual(ec2.describe_tags(
                Filters=[{"Name": "resource-id", "Values": [resource]}])["Tags"], [])
        self.assertEqual(refusal(self.make, TagSpecifications=[
            {"ResourceType": "vpc", "Tags": [{"Key": "a", "Value": "b"}]}]).code,
            "InvalidParameterValue")

    def test_block_devices(self):
        made = self.make(BlockDeviceMappings=[
            {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 12}},
            {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 3, "VolumeType": "gp2",
                                               "DeleteOnTermination": False}}])
        now = wait_state(ec2, made["Instances"][0]["InstanceId"], "running")
        found = {m["DeviceName"]: m["Ebs"] for m in now["BlockDeviceMappings"]}
        self.assertEqual(set(found), {"/dev/xvda", "/dev/sdf"})
        self.assertEqual(found["/dev/sdf"]["Status"], "attached")
        self.assertTrue(found["/dev/xvda"]["DeleteOnTermination"])
        self.assertFalse(found["/dev/sdf"]["DeleteOnTermination"])
        ec2.modify_instance_attribute(InstanceId=now["InstanceId"], BlockDeviceMappings=[
            {"DeviceName": "/dev/sdf", "Ebs": {"DeleteOnTermination": True}}])
        found = {m["DeviceName"]: m["Ebs"]
                 for m in instance(ec2, now["InstanceId"])["BlockDeviceMappings"]}
        self.assertTrue(found["/dev/sdf"]["DeleteOnTermination"])
        bad = [
            [{"DeviceName": "/dev/sdf"}],
            [{"DeviceName": "/dev/sdf", "Ebs": {}}],
            [{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 1}}] * 2,
            [{"DeviceName": "sdf", "Ebs": {"VolumeSize": 1}}],
            [{"DeviceName": "/dev/xvda", "NoDevice": ""}],
        ]
        for mappings in bad:
            with self.subTest(mappings):
                self.assertEqual(refusal(self.make, BlockDeviceMappings=mappings).code,
                                 "InvalidBlockDeviceMapping")
        large = register_image("launch-9-gib", size_gib=9)
        fault = refusal(self.make, ImageId=large, BlockDeviceMappings=[
            {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 8}}])
        self.assertEqual(fault.code, "InvalidBlockDeviceMapping")
        self.assertEqual(refusal(self.make, BlockDeviceMappings=[
            {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 1, "KmsKeyId": "alias/aws/ebs"}}]).code,
            "InvalidParameterDependency")

    def test_user_data_comes_back_as_it_was(self):
        text = "#!/bin/sh\necho ünïcode & <b> > /run/x\n"
        i = self.make(UserData=text)["Instances"][0]["InstanceId"]
        found = ec2.describe_instance_attribute(InstanceId=i, Attribute="userData")
        self.assertEqual(base64.b64decode(found["UserData"]["Value"]).decode(), text)
        none = self.make()["Instances"][0]["InstanceId"]
        found = ec2.describe_instance_attribute(InstanceId=none, Attribute="userData")
        self.assertNotIn("Value", found["UserData"])
        # Line ends within base64: fog and old SDKs of Ruby's send it so.
        lines = "\n".join(re.findall(".{1,8}", encoded(text))) + "\n"
        made = call("post", "RunInstances", {"ImageId": image, "MinCount": 1, "MaxCount": 1,
                                             "ClientToken": "launch-lines", "UserData": lines})
        i = made["Instances"][0]["InstanceId"]
        found = ec2.describe_instance_attribute(InstanceId=i, Attribute="userData")
        self.assertEqual(base64.b64decode(found["UserData"]["Value"]).decode(), text)

    def test_groups_by_id_and_by_name(self):
        one = ec2.create_security_group(GroupName="one", Description="1")["GroupId"]
        two = ec2.create_security_group(GroupName="two", Description="2")["GroupId"]
        by_name = self.make(SecurityGroups=["two", "one"])["Instances"][0]
        self.assertEqual([g["GroupId"] for g in by_name["SecurityGroups"]], [two, one])
        by_id = self.make(SecurityGroupIds=[one])["Instances"][0]
        self.assertEqual(by_id["SecurityGroups"], [{"GroupId": one, "GroupName": "one"}])
        neither = self.make()["Instances"][0]
        self.assertEqual([g["GroupName"] for g in neither["SecurityGroups"]], ["default"])
        self.assertEqual(refusal(self.make, SecurityGroups=["three"]).code, "InvalidGroup.NotFound")
        self.assertEqual(refusal(self.make, SecurityGroupIds=["sg-00000001"]).code,
                         "InvalidGroup.NotFound")
        self.assertEqual(refusal(ec2.delete_security_group, GroupId=one).code,
                         "DependencyViolation")
        ec2.modify_instance_attribute(InstanceId=by_name["InstanceId"], Groups=[two])
        self.assertEqual([g["GroupId"] for g in
                          instance(ec2, by_name["InstanceId"])["SecurityGroups"]], [two])
        remove(ec2, by_id["InstanceId"], by_name["InstanceId"])
        ec2.delete_security_group(GroupId=one)
        ec2.delete_security_group(GroupName="two")

    def test_the_form_with_network_interfaces(self):
        subnet = ec2.describe_subnets()["Subnets"][1]
        group = ec2.create_security_group(GroupName="nic", Description="x")["GroupId"]
        address = subnet["CidrBlock"].rpartition(".")[0] + ".77"
        nic = {"DeviceIndex": 0, "SubnetId": subnet["SubnetId"], "Groups": [group],
               "AssociatePublicIpAddress": False, "PrivateIpAddress": address,
               "Description": "first", "DeleteOnTermination": True}
        made = self.make(NetworkInterfaces=[nic])["Instances"][0]
        self.assertNotIn("PublicIpAddress", made)
        self.assertEqual(made["PrivateIpAddress"], address)
        self.assertEqual(made["SubnetId"], subnet["SubnetId"])
        self.assertEqual(made["Placement"]["AvailabilityZone"], subnet["AvailabilityZone"])
        self.assertEqual(made["NetworkInterfaces"][0]["Description"], "first")
        self.assertEqual(made["NetworkInterfaces"][0]["Groups"][0]["GroupId"], group)
        self.assertEqual(refusal(self.make, NetworkInterfaces=[nic]).code,
                         "InvalidIPAddress.InUse")
        for params in ({"SubnetId": subnet["SubnetId"]}, {"SecurityGroupIds": [group]}):
            self.assertEqual(refusal(self.make, NetworkInterfaces=[nic], **params).code,
                             "InvalidParameterCombination")
        self.assertEqual(refusal(self.make, PrivateIpAddress="10.0.0.5").code,
                         "InvalidParameterValue")
        self.assertEqual(refusal(self.make, SubnetId=subnet["SubnetId"], SecurityGroups=["nic"])
                         .code, "InvalidParameterCombination")
        remove(ec2, made["InstanceId"])
        ec2.delete_security_group(GroupId=group)

    def test_zones_and_subnets(self):
        zone = f"{REGION}b"
        made = self.make(Placement={"AvailabilityZone": zone})["Instances"][0]
        self.assertEqual(made["Placement"]["AvailabilityZone"], zone)
        subnet = ec2.describe_subnets(Filters=[{"Name": "availability-zone", "Values": [zone]}])
        self.assertEqual(made["SubnetId"], subnet["Subnets"][0]["SubnetId"])
        self.assertEqual(refusal(self.make, Placement={"AvailabilityZone": "nowhere-1a"}).code,
                         "InvalidParameterValue")

    def test_attributes_are_read_and_modified(self):
        i = self.make(InstanceInitiatedShutdownBehavior="terminate")["Instances"][0]["InstanceId"]
        wait_state(ec2, i, "running")

        def attribute(name):
            answer = ec2.describe_instance_attribute(InstanceId=i, Attribute=name)
            member = name[0].upper() + name[1:]
            return answer[member]["Value"]
        self.assertEqual(attribute("instanceInitiatedShutdownBehavior"), "terminate")
        ec2.modify_instance_attribute(InstanceId=i,
                                      InstanceInitiatedShutdownBehavior={"Value": "stop"})
        self.assertEqual(attribute("instanceInitiatedShutdownBehavior"), "stop")
        ec2.modify_instance_attribute(InstanceId=i, SourceDestCheck={"Value": False})
        self.assertFalse(attribute("sourceDestCheck"))
        self.assertFalse(instance(ec2, i)["SourceDestCheck"])
        for params in ({"InstanceType": {"Value": "t3.small"}}, {"UserData": {"Value": b"x"}}):
            self.assertEqual(refusal(ec2.modify_instance_attribute, InstanceId=i, **params).code,
                             "IncorrectInstanceState")
        ec2.stop_instances(InstanceIds=[i])
        wait_state(ec2, i, "stopped")
        ec2.modify_instance_attribute(InstanceId=i, InstanceType={"Value": "m5.2xlarge"})
        ec2.modify_instance_attribute(InstanceId=i, UserData={"Value": b"#!/bin/sh\n"})
        self.assertEqual(attribute("instanceType"), "m5.2xlarge")
        self.assertEqual(base64.b64decode(attribute("userData")), b"#!/bin/sh\n")
        self.assertEqual(refusal(ec2.modify_instance_attribute, InstanceId=i,
                                 InstanceType={"Value": "t4g.micro"}).code,
                         "InvalidInstanceAttributeValue")
        self.assertEqual(refusal(ec2.modify_instance_attribute, InstanceId=i,
                                 DisableApiStop={"Value": True},
                                 EbsOptimized={"Value": True}).code,
                         "InvalidParameterCombination")
        ec2.start_instances(InstanceIds=[i])
        self.assertEqual(wait_state(ec2, i, "running")["InstanceType"], "m5.2xlarge")

    def test_types_and_images_that_do_not_go_together(self):
        self.assertEqual(refusal(self.make, InstanceType="t4g.micro").code, "InvalidParameterValue")
        self.assertEqual(refusal(self.make, InstanceType="t9.huge").code, "InvalidParameterValue")
        arm = register_image("launch-arm", Architecture="arm64")
        made = self.make(ImageId=arm, InstanceType="t4g.micro")["Instances"][0]
        self.assertEqual(made["Architecture"], "arm64")

    def test_console_output(self):
        i = self.make()["Instances"][0]["InstanceId"]
        wait_state(ec2, i, "running")
        found = ec2.get_console_output(InstanceId=i)
        self.assertIn(f"{i} login:", found["Output"])
        self.assertEqual(found["InstanceId"], i)


if __name__ == "__main__":
    tap.main()
