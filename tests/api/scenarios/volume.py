"""Volumes: made, attached, changed, deleted."""
import unittest

from client import call, instance, refusal, until

from .world import MISSING, Scenarios, ec2, of_one, the, zone_of_one


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


class Volumes(Scenarios):
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
        found = call("post", "AttachVolume", {"VolumeId": made, "InstanceId": the.one,
                                              "Device": "/dev/sdf"})
        self.assertEqual((found["State"], found["Device"], found["DeleteOnTermination"]),
                         ("attaching", "/dev/sdf", False))
        until(lambda: attachments(made)[0]["State"] == "attached", what="an attached volume")
        self.assertIn(made, [each["Ebs"]["VolumeId"]
                             for each in instance(ec2, the.one)["BlockDeviceMappings"]])
        for params, code in (
                ({"VolumeId": made, "InstanceId": the.one, "Device": "/dev/sdg"}, "VolumeInUse"),
                ({"VolumeId": volume(), "InstanceId": the.one, "Device": "/dev/xvdf"},
                 "InvalidParameterValue")):
            self.assertEqual(refusal(call, "post", "AttachVolume", params).code, code)
        self.assertEqual(refusal(call, "post", "DeleteVolume", {"VolumeId": made}).code,
                         "VolumeInUse")
        call("post", "DetachVolume", {"VolumeId": made})

    def DetachVolume(self):
        made = volume()
        call("post", "AttachVolume", {"VolumeId": made, "InstanceId": the.one, "Device": "/dev/sdh"})
        until(lambda: attachments(made)[0]["State"] == "attached", what="an attached volume")
        self.assertEqual(refusal(call, "post", "DetachVolume", {
            "VolumeId": made, "Device": "/dev/sdi"}).code, "InvalidAttachment.NotFound")
        found = call("post", "DetachVolume", {"VolumeId": made, "InstanceId": the.one})
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
                          for a in found["Attachments"]], [(the.one, "/dev/xvda", "attached", True)])

    def DescribeVolumesModifications(self):
        self.assertEqual(call("post", "DescribeVolumesModifications", {}),
                         {"VolumesModifications": []})


REFUSED = {
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
        ({"AvailabilityZone": "us-east-1a", "Size": 10, "KmsKeyId": "alias/aws/ebs"},
         "InvalidParameterDependency"),
        ({"AvailabilityZone": "us-east-1a", "Size": 10, "Encrypted": True, "KmsKeyId": "alias/mine"},
         "InvalidParameterValue"),
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
}
