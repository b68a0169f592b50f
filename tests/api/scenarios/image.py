"""Images: registered, described, shared, given up."""
import unittest

from client import (call, client, instance, knock, launch, refusal, register_image, remove, until, upload,
                    wait_state)

from .volume import attachments, volume
from .world import MISSING, Scenarios, ec2, of_one, the


def available(image_id):
    ec2.get_waiter("image_available").wait(ImageIds=[image_id],
                                           WaiterConfig={"Delay": 0.2, "MaxAttempts": 150})
    return call("post", "DescribeImages", {"ImageIds": [image_id]})["Images"][0]


def forget(image_id):
    for found in ec2.describe_images(Filters=[{"Name": "image-id", "Values": [image_id]}])["Images"]:
        call("post", "DeregisterImage", {"ImageId": found["ImageId"], "DeleteAssociatedSnapshots": True})


def create(test, name, **more):
    """An image of the instance that is there, which goes with the scenario."""
    made = call("post", "CreateImage", {"InstanceId": the.one, "Name": name, **more})["ImageId"]
    test.addCleanup(forget, made)
    return made


def devices(image):
    return {each["DeviceName"]: each["Ebs"] for each in image["BlockDeviceMappings"]}


class Images(Scenarios):
    def CreateImage(self):
        """Of an instance that runs on, of one that is shut down for it, and a launch from it."""
        data = volume(Size=2)
        ec2.attach_volume(VolumeId=data, InstanceId=the.one, Device="/dev/sdm")
        self.addCleanup(until, lambda: not attachments(data), what="a volume that is free")
        self.addCleanup(ec2.detach_volume, VolumeId=data)
        until(lambda: attachments(data)[0]["State"] == "attached", what="an attached volume")
        before = instance(ec2, the.one)
        made = create(self, "made while it runs", NoReboot=True, Description="é", TagSpecifications=[
            {"ResourceType": kind, "Tags": [{"Key": "of", "Value": kind}]} for kind in ("image", "snapshot")],
            BlockDeviceMappings=[{"DeviceName": "/dev/sdn", "Ebs": {"VolumeSize": 3}},
                                 {"DeviceName": "/dev/sdm", "Ebs": {"DeleteOnTermination": True}}])
        found = available(made)
        self.assertEqual(
            (found["SourceInstanceId"], found["SourceImageId"], found["RootDeviceName"],
             found["Description"], found["Tags"], found["ImageLocation"].split("/")[1]),
            (the.one, the.image, "/dev/xvda", "é", [{"Key": "of", "Value": "image"}], "made while it runs"))
        disks = devices(found)
        self.assertEqual({name: disk["VolumeSize"] for name, disk in disks.items()},
                         {"/dev/xvda": 1, "/dev/sdm": 2, "/dev/sdn": 3})
        self.assertEqual((disks["/dev/sdm"]["DeleteOnTermination"], disks["/dev/sdn"].get("SnapshotId")),
                         (True, None))
        for snapshot in ec2.describe_snapshots(SnapshotIds=[
                disks["/dev/xvda"]["SnapshotId"], disks["/dev/sdm"]["SnapshotId"]])["Snapshots"]:
            self.assertEqual((snapshot["State"], snapshot["Description"], snapshot["Tags"]),
                             ("completed", f"Created by CreateImage({the.one}) for {made}",
                              [{"Key": "of", "Value": "snapshot"}]))
        self.assertEqual(refusal(ec2.delete_snapshot, SnapshotId=disks["/dev/sdm"]["SnapshotId"]).code,
                         "InvalidSnapshot.InUse")
        self.launched(made, {"/dev/xvda": 4, "/dev/sdn": 3}, BlockDeviceMappings=[
            {"DeviceName": "/dev/sdm", "NoDevice": ""},
            {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 4}}])
        # The guest is shut down and started; to everybody it runs on, where it was.
        rebooted = create(self, "made while it rests", BlockDeviceMappings=[
            {"DeviceName": "/dev/sdm", "NoDevice": ""}])
        self.assertEqual(list(devices(available(rebooted))), ["/dev/xvda"])
        after = instance(ec2, the.one)
        self.assertEqual([after[name] for name in ("State", "PublicIpAddress", "LaunchTime")],
                         [before[name] for name in ("State", "PublicIpAddress", "LaunchTime")])

    def launched(self, image_id, sizes, **more):
        made = launch(ec2, image_id, **more)
        self.addCleanup(remove, ec2, made["InstanceId"])
        ids = [each["Ebs"]["VolumeId"] for each in made["BlockDeviceMappings"]]
        self.assertEqual({each["Attachments"][0]["Device"]: each["Size"]
                          for each in ec2.describe_volumes(VolumeIds=ids)["Volumes"]}, sizes)
        return made["InstanceId"]

    def CopyImage(self):
        """Within the region and into another, where its source may go."""
        source = create(self, "a source", NoReboot=True, TagSpecifications=[
            {"ResourceType": "image", "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "1"}]}])
        available(source)
        ask = {"Name": "a copy", "SourceImageId": source, "SourceRegion": "us-east-1", "ClientToken": "copy",
               "CopyImageTags": True, "TagSpecifications": [
                   {"ResourceType": "image", "Tags": [{"Key": "b", "Value": "2"}]}]}
        copy = call("post", "CopyImage", ask)["ImageId"]
        self.addCleanup(forget, copy)
        self.assertEqual(call("post", "CopyImage", ask)["ImageId"], copy)
        found = available(copy)
        self.assertEqual((found["SourceImageId"], found["SourceImageRegion"], found["Tags"]),
                         (source, "us-east-1", [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]))
        abroad = client(region="eu-central-1")
        far = abroad.copy_image(Name="a copy", SourceImageId=source, SourceRegion="us-east-1")["ImageId"]
        self.addCleanup(abroad.deregister_image, ImageId=far)
        self.assertEqual(abroad.describe_images(ImageIds=[far])["Images"][0]["State"], "available")
        forget(source)
        self.launched(copy, {"/dev/xvda": 1})

    def DeregisterImage(self):
        made = register_image("gone")
        call("post", "DeregisterImage", {"ImageId": made})
        self.assertNotIn(made, [i["ImageId"] for i in ec2.describe_images()["Images"]])
        self.assertEqual(refusal(ec2.run_instances, ImageId=made, MinCount=1, MaxCount=1).code[:12],
                         "InvalidAMIID")
        # Snapshots stay, unless it is asked for; one that another image is made of stays anyhow.
        first, second = [available(create(self, f"goes {n}", NoReboot=True)) for n in "12"]
        kept, shared = [devices(image)["/dev/xvda"]["SnapshotId"] for image in (first, second)]
        other = ec2.register_image(Name="shares", RootDeviceName="/dev/xvda", BlockDeviceMappings=[
            {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": shared}}])["ImageId"]
        call("post", "DeregisterImage", {"ImageId": first["ImageId"]})
        self.assertEqual(len(ec2.describe_snapshots(SnapshotIds=[kept])["Snapshots"]), 1)
        ec2.delete_snapshot(SnapshotId=kept)
        for image, code in (second["ImageId"], "skipped"), (other, "success"):
            gone = knock("post", "DeregisterImage", {"ImageId": image, "DeleteAssociatedSnapshots": True})
            self.assertIn(f"<snapshotId>{shared}</snapshotId><returnCode>{code}</returnCode>", gone.text)
        self.assertEqual(refusal(ec2.describe_snapshots, SnapshotIds=[shared]).code,
                         "InvalidSnapshot.NotFound")

    def DescribeImages(self):
        found = call("post", "DescribeImages", {"ImageIds": [the.image], "Owners": ["self"]})["Images"]
        self.assertEqual((found[0]["Name"], found[0]["State"], found[0]["RootDeviceName"],
                          found[0]["Architecture"]),
                         ("actions", "available", "/dev/xvda", "x86_64"))
        self.assertTrue(found[0]["ImageLocation"])
        none = call("post", "DescribeImages", {"ImageIds": [the.image], "Owners": ["amazon"]})
        self.assertEqual(none["Images"], [])

    def DescribeImageAttribute(self):
        for name in client().meta.service_model.shape_for("ImageAttributeName").enum:
            found = call("post", "DescribeImageAttribute", {"ImageId": the.image, "Attribute": name})
            self.assertEqual(found["ImageId"], the.image, name)
        launched = call("post", "DescribeImageAttribute", {
            "ImageId": the.image, "Attribute": "lastLaunchedTime"})["LastLaunchedTime"]["Value"]
        self.assertRegex(launched, r"^20\d\d-.*Z$")

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

    def RegisterImage(self):
        made = call("post", "RegisterImage", {"Name": "registered", "Description": "é",
                                              "ImageLocation": "upload:" + upload()})
        until(lambda: ec2.describe_images(ImageIds=[made["ImageId"]])["Images"][0]["State"]
              == "available")
        # Of snapshots, one of them grown, and an empty disk beside it.
        made = call("post", "RegisterImage", {
            "Name": "of snapshots", "RootDeviceName": "/dev/sda1", "BlockDeviceMappings": [
                {"DeviceName": "/dev/sda1", "Ebs": {"SnapshotId": of_one("snapshot"), "VolumeSize": 2}},
                {"DeviceName": "/dev/sdb", "Ebs": {"VolumeSize": 5, "VolumeType": "gp2"}}]})["ImageId"]
        self.addCleanup(ec2.deregister_image, ImageId=made)
        found = ec2.describe_images(ImageIds=[made])["Images"][0]
        self.assertEqual((found["State"], found["RootDeviceName"]), ("available", "/dev/sda1"))
        self.assertEqual({name: (disk["VolumeSize"], disk["VolumeType"], "SnapshotId" in disk)
                          for name, disk in devices(found).items()},
                         {"/dev/sda1": (2, "gp3", True), "/dev/sdb": (5, "gp2", False)})
        self.assertEqual(call("post", "DescribeImageAttribute", {
            "ImageId": made, "Attribute": "blockDeviceMapping"})["BlockDeviceMappings"],
            found["BlockDeviceMappings"])
        self.launched(made, {"/dev/sda1": 2, "/dev/sdb": 5})
        # What is no disk image fails, and says why.
        bad = call("post", "RegisterImage", {"Name": "a text",
                                             "ImageLocation": "upload:" + upload(b"hello " * 200)})
        found = until(lambda: [i for i in ec2.describe_images(ImageIds=[bad["ImageId"]])["Images"]
                               if i["State"] != "pending"])
        self.assertEqual(found[0]["State"], "failed")
        self.assertIn("no disk image", found[0]["StateReason"]["Message"])
        self.assertEqual(refusal(ec2.run_instances, ImageId=bad["ImageId"], MinCount=1, MaxCount=1)
                         .code, "InvalidAMIID.Unavailable")


ROOT = {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": "%snapshot"}}
REFUSED = {
    "CopyImage": [
        ({"Name": "fine", "SourceImageId": "%image", "SourceRegion": "us-east-9"}, "InvalidParameterValue"),
        ({"Name": "fine", "SourceImageId": "%image", "SourceRegion": "eu-central-1"}, "InvalidAMIID.NotFound"),
        ({"Name": "actions", "SourceImageId": "%image", "SourceRegion": "us-east-1"},
         "InvalidAMIName.Duplicate"),
        ({"Name": "fine", "SourceImageId": "%image", "SourceRegion": "us-east-1", "Encrypted": True,
          "KmsKeyId": "alias/mine"}, "InvalidParameterValue")],
    "CreateImage": [
        ({"InstanceId": MISSING["i"], "Name": "fine"}, "InvalidInstanceID.NotFound"),
        ({"InstanceId": "%one", "Name": "actions"}, "InvalidAMIName.Duplicate"),
        ({"InstanceId": "%one", "Name": "no"}, "InvalidAMIName.Malformed"),
        ({"InstanceId": "%one", "Name": "fine", "BlockDeviceMappings": [
            {"DeviceName": "/dev/xvda", "NoDevice": ""}]}, "InvalidBlockDeviceMapping"),
        ({"InstanceId": "%one", "Name": "fine", "BlockDeviceMappings": [
            {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 50}}]}, "InvalidBlockDeviceMapping"),
        ({"InstanceId": "%one", "Name": "fine", "BlockDeviceMappings": [
            {"DeviceName": "/dev/sdq", "Ebs": {"SnapshotId": MISSING["snap"]}}]},
         "InvalidSnapshot.NotFound"),
        ({"InstanceId": "%one", "Name": "fine", "SnapshotLocation": "local"}, "UnsupportedOperation")],
    "DescribeImageAttribute": [
        ({"ImageId": MISSING["ami"], "Attribute": "description"}, "InvalidAMIID.NotFound"),
        ({"ImageId": "%image", "Attribute": "height"}, "InvalidParameterValue")],
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
    "DeregisterImage": [({"ImageId": MISSING["ami"]}, "InvalidAMIID.NotFound"),
                        ({"ImageId": "ami-?"}, "InvalidAMIID.Malformed")],
    "DescribeImages": [({"ImageIds": [MISSING["ami"]]}, "InvalidAMIID.NotFound"),
                       ({"ImageIds": ["i-1"]}, "InvalidAMIID.Malformed")],
    "DisableImageBlockPublicAccess": [({"DryRun": True}, "DryRunOperation")],
    "EnableImageBlockPublicAccess": [
        ({"ImageBlockPublicAccessState": "unblocked"}, "InvalidParameterValue")],
    "GetImageBlockPublicAccessState": [({"DryRun": True}, "DryRunOperation")],
    "RegisterImage": [
        ({"Name": "actions", "ImageLocation": "upload:" + "0" * 8 + "-0000-0000-0000-" + "0" * 12},
         "InvalidAMIName.Duplicate"),
        ({"Name": "x<y>", "ImageLocation": "upload:x"}, "InvalidAMIName.Malformed"),
        ({"Name": "fine", "ImageLocation": "bucket/manifest.xml"}, "InvalidParameterValue"),
        ({"Name": "fine", "BlockDeviceMappings": [
            {"DeviceName": "/dev/sda1", "Ebs": {"SnapshotId": "%snapshot"}}]}, "InvalidBlockDeviceMapping"),
        ({"Name": "fine", "BlockDeviceMappings": [
            {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": MISSING["snap"]}}]}, "InvalidSnapshot.NotFound"),
        ({"Name": "fine", "BlockDeviceMappings": [ROOT, ROOT]}, "InvalidBlockDeviceMapping"),
        ({"Name": "fine", "BlockDeviceMappings": [ROOT, {"DeviceName": "/dev/sdb", "Ebs": {
            "VolumeSize": 5, "VolumeType": "io1"}}]}, "MissingParameter"),
        ({"Name": "fine"}, "MissingParameter")],
}
