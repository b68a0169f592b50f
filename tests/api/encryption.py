#!/usr/bin/python3 -B
# area: disks
# timeout: 300
"""Encryption of volumes, snapshots and images: asked for, passed on to what is made of them, and refused."""
import unittest

from client import call, instance, refusal, tap, until
from scenarios import world
from scenarios.encryption import KEY, end_instance, seen
from scenarios.snapshot import completed, delete_snapshot, snapshot
from scenarios.volume import volume
from scenarios.world import ec2, the, zone_of_one

ROOT = "/dev/xvda"


def setUpModule():
    world.begin()


def end_image(image):
    devices = ec2.describe_images(ImageIds=[image])["Images"][0]["BlockDeviceMappings"]
    ec2.deregister_image(ImageId=image)
    for device in devices:
        if "SnapshotId" in device["Ebs"]:
            delete_snapshot(device["Ebs"]["SnapshotId"])


def imported(ask):
    task = call("post", "ImportSnapshot", ask)["ImportTaskId"]
    made = until(lambda: next((each["SnapshotTaskDetail"] for each in ec2.describe_import_snapshot_tasks(
        ImportTaskIds=[task])["ImportSnapshotTasks"] if each["SnapshotTaskDetail"]["Status"] == "completed"), None),
        what="the end of an import")
    unittest.addModuleCleanup(delete_snapshot, made["SnapshotId"])
    return made


class Encryption(unittest.TestCase):
    def test_volumes(self):
        """What is made of an encrypted volume is encrypted, whatever is asked for."""
        made = volume(Encrypted=True)
        self.assertRegex(seen("volume", made)["KmsKeyId"], KEY)
        self.assertNotIn("KmsKeyId", seen("volume", volume(Encrypted=False)))
        found = ec2.describe_volumes(Filters=[{"Name": "encrypted", "Values": ["true"]}])["Volumes"]
        self.assertIn(made, [each["VolumeId"] for each in found])
        self.assertEqual({each["Encrypted"] for each in found}, {True})
        taken = snapshot(made)
        self.assertEqual((seen("snapshot", taken)["Encrypted"], seen("snapshot", taken)["KmsKeyId"]),
                         (True, seen("volume", made)["KmsKeyId"]))
        found = ec2.describe_snapshots(Filters=[{"Name": "encrypted", "Values": ["true"]}])["Snapshots"]
        self.assertIn(taken, [each["SnapshotId"] for each in found])
        self.assertIs(seen("volume", volume(SnapshotId=taken))["Encrypted"], True)
        self.assertEqual(refusal(call, "post", "CreateVolume", {
            "AvailabilityZone": zone_of_one(), "SnapshotId": taken, "Encrypted": False}).code,
            "InvalidParameterCombination")
        self.assertIs(seen("volume", volume(SnapshotId=snapshot(volume()), Encrypted=True))["Encrypted"], True)

    def test_sharing(self):
        """Under the default key it is its account's alone."""
        taken = snapshot(volume(Encrypted=True))
        self.assertEqual(refusal(call, "post", "ModifySnapshotAttribute", {
            "SnapshotId": taken, "CreateVolumePermission": {"Add": [{"Group": "all"}]}}).code,
            "OperationNotPermitted")
        image = ec2.register_image(Name="encrypted and mine", RootDeviceName=ROOT, BlockDeviceMappings=[
            {"DeviceName": ROOT, "Ebs": {"SnapshotId": taken}}])["ImageId"]
        self.addCleanup(end_image, image)
        self.assertEqual(refusal(call, "post", "ModifyImageAttribute", {
            "ImageId": image, "LaunchPermission": {"Add": [{"Group": "all"}]}}).code, "InvalidParameter")

    def test_copies_of_snapshots(self):
        """A copy of one in clear may be encrypted; of an encrypted one it is."""
        origin = snapshot(volume())
        made = call("post", "CopySnapshot", {"SourceRegion": "us-east-1", "SourceSnapshotId": origin,
                                             "Encrypted": True, "KmsKeyId": "alias/aws/ebs"})["SnapshotId"]
        unittest.addModuleCleanup(delete_snapshot, made)
        completed(made)
        self.assertRegex(seen("snapshot", made)["KmsKeyId"], KEY)
        call("post", "DeleteSnapshot", {"SnapshotId": origin})
        self.assertIs(seen("volume", volume(SnapshotId=made))["Encrypted"], True)
        again = ec2.copy_snapshot(SourceRegion="us-east-1", SourceSnapshotId=made)["SnapshotId"]
        unittest.addModuleCleanup(delete_snapshot, again)
        self.assertIs(seen("snapshot", again)["Encrypted"], True)
        self.assertEqual(refusal(call, "post", "CopySnapshot", {
            "SourceRegion": "us-east-1", "SourceSnapshotId": made, "Encrypted": False}).code,
            "InvalidParameterCombination")

    def test_copies_of_images(self):
        made = call("post", "CopyImage", {"Name": "encrypted copy", "SourceImageId": the.image,
                                          "SourceRegion": "us-east-1", "Encrypted": True})["ImageId"]
        self.addCleanup(end_image, made)
        ec2.get_waiter("image_available").wait(ImageIds=[made], WaiterConfig={"Delay": 0.2, "MaxAttempts": 100})
        ebs = ec2.describe_images(ImageIds=[made])["Images"][0]["BlockDeviceMappings"][0]["Ebs"]
        self.assertIs(ebs["Encrypted"], True)
        self.assertIs(seen("snapshot", ebs["SnapshotId"])["Encrypted"], True)
        found = ec2.describe_images(Filters=[{"Name": "block-device-mapping.encrypted", "Values": ["true"]}])["Images"]
        self.assertIn(made, [each["ImageId"] for each in found])

    def test_launches_and_images(self):
        """By a mapping, and by a template that passes it on; an image of it is encrypted, too."""
        mapping = [{"DeviceName": ROOT, "Ebs": {"Encrypted": True}},
                   {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 1, "Encrypted": True, "KmsKeyId": "alias/aws/ebs"}}]
        template = ec2.create_launch_template(LaunchTemplateName="encrypted", LaunchTemplateData={
            "ImageId": the.image, "InstanceType": "t3.nano", "BlockDeviceMappings": mapping})["LaunchTemplate"]
        self.addCleanup(ec2.delete_launch_template, LaunchTemplateId=template["LaunchTemplateId"])
        made = ec2.run_instances(LaunchTemplate={"LaunchTemplateId": template["LaunchTemplateId"]},
                                 MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
        self.addCleanup(end_instance, made)
        until(lambda: instance(ec2, made)["State"]["Name"] == "running", what="an instance that runs")
        ids = [device["Ebs"]["VolumeId"] for device in instance(ec2, made)["BlockDeviceMappings"]]
        self.assertEqual([seen("volume", each)["Encrypted"] for each in ids], [True, True])
        data = ec2.get_launch_template_data(InstanceId=made)["LaunchTemplateData"]
        self.assertEqual([m["Ebs"]["Encrypted"] for m in data["BlockDeviceMappings"]], [True, True])
        other = volume(Encrypted=True)
        ec2.attach_volume(VolumeId=other, InstanceId=made, Device="/dev/sdg")
        until(lambda: seen("volume", other)["Attachments"][0]["State"] == "attached", what="a volume that is attached")
        snapshot(other)
        ec2.modify_volume(VolumeId=other, Size=2)
        until(lambda: seen("volume", other)["Size"] == 2, what="a volume that has grown")
        self.assertEqual(refusal(call, "post", "CreateImage", {
            "InstanceId": made, "Name": "other", "BlockDeviceMappings": [
                {"DeviceName": ROOT, "Ebs": {"Encrypted": False}}]}).code, "InvalidBlockDeviceMapping")
        image = ec2.create_image(InstanceId=made, Name="encrypted image", NoReboot=True)["ImageId"]
        self.addCleanup(end_image, image)
        ec2.get_waiter("image_available").wait(ImageIds=[image], WaiterConfig={"Delay": 0.2, "MaxAttempts": 100})
        devices = ec2.describe_images(ImageIds=[image])["Images"][0]["BlockDeviceMappings"]
        self.assertEqual([device["Ebs"]["Encrypted"] for device in devices], [True, True, True])

    def test_imports(self):
        """They are as asked for, and by default as the account has chosen."""
        ask = {"DiskContainer": {"Url": "s3://a-bucket/disk.raw", "Format": "RAW"}}
        self.assertIs(imported(ask)["Encrypted"], False)
        made = imported({**ask, "Encrypted": True, "KmsKeyId": "alias/aws/ebs"})
        self.assertRegex(made["KmsKeyId"], KEY)
        self.assertIs(seen("volume", volume(SnapshotId=made["SnapshotId"]))["Encrypted"], True)
        call("post", "EnableEbsEncryptionByDefault", {})
        self.addCleanup(ec2.disable_ebs_encryption_by_default)
        made = imported({**ask, "Encrypted": False})
        self.assertIs(made["Encrypted"], True)
        self.assertIs(seen("snapshot", made["SnapshotId"])["Encrypted"], True)

    def test_registered_images(self):
        """That of a snapshot cannot be chosen; an empty disk's can."""
        taken = snapshot(volume())
        ask = {"Name": "with an encrypted disk", "RootDeviceName": ROOT}
        self.assertEqual(refusal(call, "post", "RegisterImage", {**ask, "BlockDeviceMappings": [
            {"DeviceName": ROOT, "Ebs": {"SnapshotId": taken, "Encrypted": True}}]}).code,
            "InvalidBlockDeviceMapping")
        image = call("post", "RegisterImage", {**ask, "BlockDeviceMappings": [
            {"DeviceName": ROOT, "Ebs": {"SnapshotId": taken}},
            {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 1, "Encrypted": True}}]})["ImageId"]
        self.addCleanup(end_image, image)
        devices = ec2.describe_images(ImageIds=[image])["Images"][0]["BlockDeviceMappings"]
        self.assertEqual([device["Ebs"]["Encrypted"] for device in devices], [False, True])


if __name__ == "__main__":
    tap.main()
