"""Encryption that an account has chosen for all its volumes, and the key."""
import unittest

from client import call, client, instance, until

from .snapshot import delete_snapshot, snapshot
from .volume import volume
from .world import Scenarios, ec2, the

KEY = r"^arn:aws:kms:us-east-1:\d{12}:key/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"


def seen(kind, made):
    """A volume, or a snapshot."""
    if kind == "volume":
        return ec2.describe_volumes(VolumeIds=[made])["Volumes"][0]
    return ec2.describe_snapshots(SnapshotIds=[made])["Snapshots"][0]


def end_instance(made):
    ec2.terminate_instances(InstanceIds=[made])
    until(lambda: instance(ec2, made)["State"]["Name"] == "terminated", what="an instance that is gone")


class Encryption(Scenarios):
    def key(self):
        return ec2.describe_volumes(VolumeIds=[volume(Encrypted=True)])["Volumes"][0]["KmsKeyId"]

    def GetEbsEncryptionByDefault(self):
        self.assertIs(call("post", "GetEbsEncryptionByDefault", {})["EbsEncryptionByDefault"], False)

    def EnableEbsEncryptionByDefault(self):
        """From then on everything new is encrypted, in this region alone."""
        origin = snapshot(volume())
        self.addCleanup(ec2.disable_ebs_encryption_by_default)
        self.assertIs(call("post", "EnableEbsEncryptionByDefault", {})["EbsEncryptionByDefault"], True)
        self.assertIs(ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"], True)
        self.assertIs(client(region="eu-central-1").get_ebs_encryption_by_default()[
            "EbsEncryptionByDefault"], False)
        for params in {}, {"Encrypted": False}, {"SnapshotId": origin}, {"KmsKeyId": "alias/aws/ebs"}:
            self.assertIs(seen("volume", volume(**params))["Encrypted"], True, params)
        copy = ec2.copy_snapshot(SourceRegion="us-east-1", SourceSnapshotId=origin)["SnapshotId"]
        unittest.addModuleCleanup(delete_snapshot, copy)
        self.assertIs(seen("snapshot", copy)["Encrypted"], True)
        made = ec2.run_instances(ImageId=the.image, InstanceType="t3.nano", MinCount=1, MaxCount=1)["Instances"][0]
        until(lambda: instance(ec2, made["InstanceId"])["State"]["Name"] == "running", what="an instance that runs")
        root = instance(ec2, made["InstanceId"])["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
        self.assertIs(seen("volume", root)["Encrypted"], True)
        end_instance(made["InstanceId"])

    def DisableEbsEncryptionByDefault(self):
        ec2.enable_ebs_encryption_by_default()
        self.assertIs(call("post", "DisableEbsEncryptionByDefault", {})["EbsEncryptionByDefault"], False)
        self.assertIs(seen("volume", volume())["Encrypted"], False)

    def GetEbsDefaultKmsKeyId(self):
        self.assertEqual(call("post", "GetEbsDefaultKmsKeyId", {})["KmsKeyId"], "alias/aws/ebs")

    def ModifyEbsDefaultKmsKeyId(self):
        """There is one key, in four forms."""
        key = self.key()
        self.assertRegex(key, KEY)
        account = key.split(":")[4]
        for form in key, key.rpartition("/")[2], "alias/aws/ebs", f"arn:aws:kms:us-east-1:{account}:alias/aws/ebs":
            self.assertEqual(call("post", "ModifyEbsDefaultKmsKeyId", {"KmsKeyId": form})["KmsKeyId"], key)
            self.assertEqual(seen("volume", volume(Encrypted=True, KmsKeyId=form))["KmsKeyId"], key)

    def ResetEbsDefaultKmsKeyId(self):
        self.assertEqual(call("post", "ResetEbsDefaultKmsKeyId", {})["KmsKeyId"], "alias/aws/ebs")


DRY = [({"DryRun": True}, "DryRunOperation")]
REFUSED = {
    "DisableEbsEncryptionByDefault": DRY,
    "EnableEbsEncryptionByDefault": DRY,
    "GetEbsDefaultKmsKeyId": DRY,
    "GetEbsEncryptionByDefault": DRY,
    "ModifyEbsDefaultKmsKeyId": [
        ({}, "MissingParameter"), ({"KmsKeyId": "alias/mine"}, "InvalidParameterValue"),
        ({"KmsKeyId": "12345678-1234-1234-1234-123456789012"}, "InvalidParameterValue")],
    "ResetEbsDefaultKmsKeyId": DRY,
}
