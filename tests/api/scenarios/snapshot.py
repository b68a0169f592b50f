"""Snapshots, and who may share them."""
from client import call

from .world import MISSING, Scenarios, of_one


class Snapshots(Scenarios):
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

    def DescribeImportSnapshotTasks(self):
        self.none("ImportSnapshotTasks", filters="task-state")

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


REFUSED = {
    "DescribeImportSnapshotTasks": [
        ({"ImportTaskIds": ["import-snap-1"]}, "InvalidConversionTaskId")],
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
