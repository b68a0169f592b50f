"""Snapshots, and who may share them."""
import unittest

from client import call, refusal, until

from .volume import attachments, volume
from .world import MISSING, Scenarios, ec2, of_one, the, zone_of_one


def snapshot(volume_id, **more):
    """A new snapshot, completed, which is deleted with the test's module."""
    made = call("post", "CreateSnapshot", {"VolumeId": volume_id, **more})["SnapshotId"]
    unittest.addModuleCleanup(delete_snapshot, made)
    completed(made)
    return made


def completed(*ids):
    ec2.get_waiter("snapshot_completed").wait(SnapshotIds=list(ids),
                                              WaiterConfig={"Delay": 0.2, "MaxAttempts": 100})


def seen(snapshot_id):
    found = ec2.describe_snapshots(Filters=[{"Name": "snapshot-id", "Values": [snapshot_id]}])
    return found["Snapshots"][0] if found["Snapshots"] else None


def delete_snapshot(snapshot_id):
    if seen(snapshot_id) is not None:
        ec2.delete_snapshot(SnapshotId=snapshot_id)


class Snapshots(Scenarios):
    def attach(self, volume_id, device):
        """To the instance that is there; it is free again when the scenario ends."""
        ec2.attach_volume(VolumeId=volume_id, InstanceId=the.one, Device=device)
        self.addCleanup(until, lambda: not attachments(volume_id), what="a volume that is free")
        self.addCleanup(ec2.detach_volume, VolumeId=volume_id)
        until(lambda: attachments(volume_id)[0]["State"] == "attached", what="an attached volume")

    def CreateSnapshot(self):
        """Of a volume that nobody has, and of one that a running instance has."""
        free, used = volume(), volume()
        self.attach(used, "/dev/sdk")
        for each in free, used:
            made = call("post", "CreateSnapshot", {
                "VolumeId": each, "Description": "as it was", "TagSpecifications": [
                    {"ResourceType": "snapshot", "Tags": [{"Key": "k", "Value": "v"}]}]})
            unittest.addModuleCleanup(delete_snapshot, made["SnapshotId"])
            self.assertEqual((made["State"], made["VolumeSize"], made["Description"], made["VolumeId"]),
                             ("pending", 1, "as it was", each))
            completed(made["SnapshotId"])
            found = seen(made["SnapshotId"])
            self.assertEqual((found["Progress"], found["Tags"]), ("100%", [{"Key": "k", "Value": "v"}]))
        copy = volume(SnapshotId=made["SnapshotId"], Size=2)
        self.assertEqual([(each["SnapshotId"], each["Size"]) for each in ec2.describe_volumes(
            VolumeIds=[copy])["Volumes"]], [(made["SnapshotId"], 2)])
        self.assertEqual(refusal(call, "post", "CreateVolume", {
            "AvailabilityZone": zone_of_one(), "SnapshotId": seen_larger(), "Size": 1}).code,
            "InvalidParameterValue")

    def CreateSnapshots(self):
        more = volume(TagSpecifications=[{"ResourceType": "volume", "Tags": [{"Key": "of", "Value": "data"}]}])
        root = of_one("volume")
        self.attach(more, "/dev/sdl")
        made = call("post", "CreateSnapshots", {
            "InstanceSpecification": {"InstanceId": the.one, "ExcludeBootVolume": True},
            "Description": "together", "CopyTagsFromSource": "volume"})["Snapshots"]
        for each in made:
            unittest.addModuleCleanup(delete_snapshot, each["SnapshotId"])
        completed(*[each["SnapshotId"] for each in made])
        self.assertIn((more, [{"Key": "of", "Value": "data"}]),
                      [(each["VolumeId"], each.get("Tags")) for each in made])
        self.assertNotIn(root, [each["VolumeId"] for each in made])
        self.assertEqual(refusal(call, "post", "CreateSnapshots", {"InstanceSpecification": {
            "InstanceId": the.one, "ExcludeDataVolumeIds": [root]}}).code,
            "InvalidParameterValue")

    def CopySnapshot(self):
        source = snapshot(volume())
        made = call("post", "CopySnapshot", {
            "SourceRegion": "us-east-1", "SourceSnapshotId": source, "DestinationRegion": "us-east-1",
            "TagSpecifications": [{"ResourceType": "snapshot", "Tags": [{"Key": "k", "Value": "v"}]}]})
        unittest.addModuleCleanup(delete_snapshot, made["SnapshotId"])
        self.assertEqual(made["Tags"], [{"Key": "k", "Value": "v"}])
        completed(made["SnapshotId"])
        call("post", "DeleteSnapshot", {"SnapshotId": source})
        self.assertEqual(seen(made["SnapshotId"])["Description"], f"[Copied {source} from us-east-1]")
        volume(SnapshotId=made["SnapshotId"])
        self.assertEqual(refusal(call, "post", "CopySnapshot", {
            "SourceRegion": "eu-central-1", "SourceSnapshotId": made["SnapshotId"]}).code,
            "InvalidSnapshot.NotFound")

    def DeleteSnapshot(self):
        """In any order, with volumes of them that go on."""
        origin = volume()
        first, second, third = snapshot(origin), snapshot(origin), snapshot(origin)
        copy = volume(SnapshotId=second)
        for each in second, first, third:
            call("post", "DeleteSnapshot", {"SnapshotId": each})
            self.assertIsNone(seen(each))
        for each in origin, copy:
            self.assertEqual(ec2.describe_volumes(VolumeIds=[each])["Volumes"][0]["State"], "available")
            snapshot(each)

    def ModifySnapshotAttribute(self):
        made = snapshot(volume())
        for form, groups in (
                ({"CreateVolumePermission": {"Add": [{"Group": "all"}]}}, [{"Group": "all"}]),
                ({"OperationType": "remove", "GroupNames": ["all"],
                  "Attribute": "createVolumePermission"}, []),
                ({"CreateVolumePermission": {"Add": [{"Group": "all"}]}}, [{"Group": "all"}]),
                ({"CreateVolumePermission": {"Remove": [{"Group": "all"}]}}, [])):
            call("post", "ModifySnapshotAttribute", {"SnapshotId": made, **form})
            self.assertEqual(call("post", "DescribeSnapshotAttribute", {
                "SnapshotId": made, "Attribute": "createVolumePermission"})["CreateVolumePermissions"],
                groups)
        call("post", "EnableSnapshotBlockPublicAccess", {"State": "block-all-sharing"})
        self.assertEqual(refusal(call, "post", "ModifySnapshotAttribute", {
            "SnapshotId": made, "CreateVolumePermission": {"Add": [{"Group": "all"}]}}).code,
            "OperationNotPermitted")
        call("post", "DisableSnapshotBlockPublicAccess", {})

    def ResetSnapshotAttribute(self):
        made = snapshot(volume())
        call("post", "ModifySnapshotAttribute", {"SnapshotId": made, "CreateVolumePermission": {
            "Add": [{"Group": "all"}]}})
        call("post", "ResetSnapshotAttribute", {"SnapshotId": made,
                                                "Attribute": "createVolumePermission"})
        self.assertEqual(call("post", "DescribeSnapshotAttribute", {
            "SnapshotId": made, "Attribute": "createVolumePermission"})["CreateVolumePermissions"], [])

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


def seen_larger():
    """A snapshot of a volume of 2 GiB."""
    return snapshot(volume(Size=2))


REFUSED = {
    "CopySnapshot": [
        ({"SourceRegion": "us-east-1", "SourceSnapshotId": MISSING["snap"]}, "InvalidSnapshot.NotFound"),
        ({"SourceRegion": "moon-1", "SourceSnapshotId": "%snapshot"}, "InvalidParameterValue"),
        ({"SourceRegion": "us-east-1", "SourceSnapshotId": "%snapshot",
          "DestinationRegion": "eu-central-1"}, "InvalidParameterValue"),
        ({"SourceRegion": "us-east-1"}, "MissingParameter")],
    "CreateSnapshot": [
        ({"VolumeId": MISSING["vol"]}, "InvalidVolume.NotFound"),
        ({"VolumeId": "%volume", "Description": "d" * 256}, "InvalidParameterValue"),
        ({"VolumeId": "%volume", "OutpostArn": "arn:aws:outposts:x"}, "UnsupportedOperation"),
        ({}, "MissingParameter")],
    "CreateSnapshots": [
        ({"InstanceSpecification": {"InstanceId": MISSING["i"]}}, "InvalidInstanceID.NotFound"),
        ({}, "MissingParameter")],
    "DeleteSnapshot": [
        ({"SnapshotId": MISSING["snap"]}, "InvalidSnapshot.NotFound"),
        ({"SnapshotId": "%snapshot"}, "InvalidSnapshot.InUse"),
        ({}, "MissingParameter")],
    "ModifySnapshotAttribute": [
        ({"SnapshotId": MISSING["snap"], "CreateVolumePermission": {"Add": [{"Group": "all"}]}},
         "InvalidSnapshot.NotFound"),
        ({"SnapshotId": "%snapshot", "Attribute": "productCodes"}, "InvalidParameterValue"),
        ({"SnapshotId": "%snapshot", "CreateVolumePermission": {"Add": [{"UserId": "210987654321"}]}},
         "InvalidParameterValue"),
        ({"SnapshotId": "%snapshot"}, "MissingParameter")],
    "ResetSnapshotAttribute": [
        ({"SnapshotId": MISSING["snap"], "Attribute": "createVolumePermission"}, "InvalidSnapshot.NotFound"),
        ({"SnapshotId": "%snapshot", "Attribute": "productCodes"}, "InvalidParameterValue"),
        ({"SnapshotId": "%snapshot"}, "MissingParameter")],
    "DescribeSnapshotAttribute": [
        ({"SnapshotId": MISSING["snap"], "Attribute": "productCodes"}, "InvalidSnapshot.NotFound"),
        ({"SnapshotId": "%snapshot"}, "MissingParameter")],
    "DescribeSnapshots": [({"SnapshotIds": [MISSING["snap"]]}, "InvalidSnapshot.NotFound"),
                          ({"SnapshotIds": ["snap-x"]}, "InvalidSnapshotID.Malformed")],
    "DisableSnapshotBlockPublicAccess": [({"DryRun": True}, "DryRunOperation")],
    "EnableSnapshotBlockPublicAccess": [({"State": "unblocked"}, "InvalidParameterValue"),
                                        ({}, "MissingParameter")],
    "GetSnapshotBlockPublicAccessState": [({"DryRun": True}, "DryRunOperation")],
}
