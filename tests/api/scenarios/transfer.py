"""Imports and exports through their tasks. (tests/api/transfer.py has their files.)"""
from client import call, until

from .encryption import KEY
from .world import MISSING, Scenarios, ec2, no_more, the

BUCKET = "a-bucket"
DONE = {"Status": "completed"}


def container(key="disk.raw", **more):
    return {"UserBucket": {"S3Bucket": BUCKET, "S3Key": key}, "Format": "RAW", **more}


def tagged(kind):
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": [{"Key": "k", "Value": "v"}]}]}


def images(**params):
    return call("post", "DescribeImportImageTasks", params)["ImportImageTasks"]


def snapshots(**params):
    return call("post", "DescribeImportSnapshotTasks", params)["ImportSnapshotTasks"]


def exports(**params):
    return call("post", "DescribeExportImageTasks", params)["ExportImageTasks"]


def over(describe, **params):
    """The task at its end."""
    def ended():
        task = describe(**params)[0]
        seen = task.get("SnapshotTaskDetail", task)
        return None if seen["Status"] in ("active", "deleting") else task
    return until(ended, what=f"the end of {params}")


class Transfers(Scenarios):
    def export(self, prefix="out/", **more):
        return call("post", "ExportImage", {
            "ImageId": the.image, "DiskImageFormat": "VMDK",
            "S3ExportLocation": {"S3Bucket": BUCKET, "S3Prefix": prefix}, **more})

    def ImportImage(self):
        ask = {"DiskContainers": [container(Description="its disk", DeviceName="/dev/xvda")], "Description": "d",
               "ClientToken": "once", "LicenseType": "BYOL", "Platform": "Linux", "RoleName": "vmimport",
               "BootMode": "legacy-bios", **tagged("import-image-task")}
        made = call("post", "ImportImage", ask)
        self.assertEqual((made["Status"], made["StatusMessage"], made["Progress"], made["Tags"]),
                         ("active", "pending", "0", [{"Key": "k", "Value": "v"}]))
        self.assertEqual(call("post", "ImportImage", ask)["ImportTaskId"], made["ImportTaskId"])
        task = over(images, ImportTaskIds=[made["ImportTaskId"]])
        self.assertEqual((task["Status"], task["LicenseType"], task["Progress"]), ("completed", "BYOL", "100"))
        image = ec2.describe_images(ImageIds=[task["ImageId"]])["Images"][0]
        self.assertEqual((image["Name"], image["RootDeviceName"], image["State"], image["Description"]),
                         (made["ImportTaskId"], "/dev/xvda", "available", "d"))
        detail = task["SnapshotDetails"][0]
        self.assertEqual((detail["SnapshotId"], detail["DiskImageSize"], detail["Description"]),
                         (image["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"], float(1 << 30), "its disk"))
        no_more(ec2.deregister_image, ImageId=task["ImageId"])
        several = call("post", "ImportImage", {"Encrypted": True, "KmsKeyId": "alias/aws/ebs", "DiskContainers": [
            container(), container("data.raw"), container("more.raw", DeviceName="/dev/xvdz")]})
        self.assertRegex(several["KmsKeyId"], KEY)
        task = over(images, ImportTaskIds=[several["ImportTaskId"]])
        image = ec2.describe_images(ImageIds=[task["ImageId"]])["Images"][0]
        no_more(ec2.deregister_image, ImageId=task["ImageId"])
        self.assertEqual((task["Encrypted"], image["RootDeviceName"]), (True, "/dev/sda1"))
        self.assertEqual({each["DeviceName"]: (each["Ebs"]["SnapshotId"], each["Ebs"]["Encrypted"])
                          for each in image["BlockDeviceMappings"]},
                         {each["DeviceName"]: (each["SnapshotId"], True) for each in task["SnapshotDetails"]})
        self.assertEqual([each["DeviceName"] for each in task["SnapshotDetails"]],
                         ["/dev/sda1", "/dev/sdf", "/dev/xvdz"])
        failed = call("post", "ImportImage", {"DiskContainers": [container("missing.raw")]})
        task = over(images, ImportTaskIds=[failed["ImportTaskId"]])
        self.assertEqual((task["Status"], task["StatusMessage"]), (
            "deleted", f"ClientError: Disk validation failed [there is no {BUCKET}/missing.raw]"))

    def ImportSnapshot(self):
        ask = {"DiskContainer": {"Url": f"s3://{BUCKET}/disk.vmdk", "Format": "vmdk"}, "Description": "d",
               "ClientToken": "once", **tagged("import-snapshot-task")}
        made = call("post", "ImportSnapshot", ask)
        self.assertEqual((made["SnapshotTaskDetail"]["Status"], made["Tags"]),
                         ("active", [{"Key": "k", "Value": "v"}]))
        self.assertEqual(call("post", "ImportSnapshot", ask)["ImportTaskId"], made["ImportTaskId"])
        detail = over(snapshots, ImportTaskIds=[made["ImportTaskId"]])["SnapshotTaskDetail"]
        self.assertEqual((detail["Status"], detail["Url"]), ("completed", f"s3://{BUCKET}/disk.vmdk"))
        seen = ec2.describe_snapshots(SnapshotIds=[detail["SnapshotId"]])["Snapshots"][0]
        self.assertEqual((seen["State"], seen["VolumeSize"], seen["VolumeId"]), ("completed", 1, "vol-ffffffff"))
        call("post", "DeleteSnapshot", {"SnapshotId": detail["SnapshotId"]})
        failed = call("post", "ImportSnapshot", {"DiskContainer": container("missing.raw")})
        detail = over(snapshots, ImportTaskIds=[failed["ImportTaskId"]])["SnapshotTaskDetail"]
        self.assertEqual(detail["Status"], "error")  # what the waiter looks for

    def ExportImage(self):
        ask = {"ClientToken": "once", "RoleName": "vmimport", "Description": "d", **tagged("export-image-task")}
        made = self.export(**ask)
        self.assertEqual((made["Status"], made["RoleName"], made["DiskImageFormat"], made["Tags"]),
                         ("active", "vmimport", "VMDK", [{"Key": "k", "Value": "v"}]))
        self.assertEqual(self.export(**ask)["ExportImageTaskId"], made["ExportImageTaskId"])
        task = over(exports, ExportImageTaskIds=[made["ExportImageTaskId"]])
        self.assertEqual((task["Status"], task["S3ExportLocation"]), (
            "completed", {"S3Bucket": BUCKET, "S3Prefix": "out/"}))
        task = over(exports, ExportImageTaskIds=[self.export("missing/")["ExportImageTaskId"]])
        self.assertEqual((task["Status"], task["StatusMessage"][:13]), ("deleted", "ClientError: "))

    def DescribeImportImageTasks(self):
        made = {call("post", "ImportImage", {"DiskContainers": [container()]})["ImportTaskId"] for _ in "123"}
        for each in made:
            no_more(ec2.deregister_image, ImageId=over(images, ImportTaskIds=[each])["ImageId"])
        found, token = set(), {}
        while token is not None:
            page = call("post", "DescribeImportImageTasks", {"MaxResults": 2, **token, "Filters": [
                {"Name": "task-state", "Values": ["completed"]}]})
            self.assertLessEqual(len(page["ImportImageTasks"]), 2)
            found |= {task["ImportTaskId"] for task in page["ImportImageTasks"]}
            token = {"NextToken": page["NextToken"]} if "NextToken" in page else None
        self.assertTrue(made <= found)

    def DescribeImportSnapshotTasks(self):
        made = call("post", "ImportSnapshot", {"DiskContainer": container()})["ImportTaskId"]
        detail = over(snapshots, ImportTaskIds=[made])["SnapshotTaskDetail"]
        self.assertEqual([each for each in images() if each["ImportTaskId"] == made], [])
        self.assertIn(made, {each["ImportTaskId"] for each in snapshots(
            Filters=[{"Name": "task-state", "Values": ["comp*"]}])})
        call("post", "DeleteSnapshot", {"SnapshotId": detail["SnapshotId"]})

    def DescribeExportImageTasks(self):
        made = self.export()["ExportImageTaskId"]
        over(exports, ExportImageTaskIds=[made])
        self.assertIn(made, {each["ExportImageTaskId"] for each in exports(
            Filters=[{"Name": "task-state", "Values": ["completed"]}])})

    def CancelImportTask(self):
        for action, describe, params in (
                ("ImportImage", images, {"DiskContainers": [container("slow.raw")]}),
                ("ImportSnapshot", snapshots, {"DiskContainer": container("slow.raw")})):
            made = call("post", action, params)["ImportTaskId"]
            self.assertEqual(call("post", "CancelImportTask", {"ImportTaskId": made}), {
                "ImportTaskId": made, "PreviousState": "active", "State": "deleting"})
            task = over(describe, ImportTaskIds=[made])
            self.assertEqual(task.get("SnapshotTaskDetail", task)["Status"], "deleted")

    def CancelExportTask(self):
        made = self.export("slow/")["ExportImageTaskId"]
        call("post", "CancelExportTask", {"ExportTaskId": made})
        self.assertEqual(over(exports, ExportImageTaskIds=[made])["Status"], "deleted")


ONE = {"DiskContainers": [container()]}
TO = {"S3Bucket": BUCKET}
REFUSED = {
    "ImportImage": [
        ({}, "MissingParameter"),
        ({"DiskContainers": [container()] * 22}, "InvalidParameterValue"),
        ({"DiskContainers": [container(), container(DeviceName="/dev/sda1")]}, "InvalidParameterValue"),
        ({**ONE, "KmsKeyId": "alias/aws/ebs"}, "InvalidParameterDependency"),
        ({**ONE, "Encrypted": True, "KmsKeyId": "alias/mine"}, "InvalidParameterValue"),
        ({"DiskContainers": [{"Format": "RAW"}]}, "InvalidParameterCombination"),
        ({"DiskContainers": [container(Url="s3://a-bucket/b")]}, "InvalidParameterCombination"),
        ({"DiskContainers": [container("../disk.raw")]}, "InvalidParameterValue"),
        ({"DiskContainers": [{"Url": "https://example.com/disk.raw"}]}, "InvalidParameterValue"),
        ({"DiskContainers": [container(Format="ISO")]}, "InvalidParameterValue"),
        ({"DiskContainers": [container(DeviceName="sda")]}, "InvalidParameterValue"),
        ({**ONE, "Architecture": "i386"}, "InvalidParameterValue"),
        ({**ONE, "Platform": "Windows"}, "UnsupportedOperation"),
        ({**ONE, "BootMode": "uefi"}, "UnsupportedOperation"),
        ({**ONE, **tagged("image")}, "InvalidParameterValue")],
    "ImportSnapshot": [
        ({}, "MissingParameter"),
        ({"DiskContainer": container(Format="OVA")}, "InvalidParameterValue"),
        ({"DiskContainer": {"UserBucket": {"S3Bucket": BUCKET}}}, "MissingParameter"),
        ({"DiskContainer": {"UserBucket": {"S3Bucket": "No", "S3Key": "k"}}}, "InvalidParameterValue")],
    "ExportImage": [
        ({"ImageId": MISSING["ami"], "DiskImageFormat": "RAW", "S3ExportLocation": TO}, "InvalidAMIID.NotFound"),
        ({"ImageId": "%image", "DiskImageFormat": "QCOW2", "S3ExportLocation": TO}, "InvalidParameterValue"),
        ({"ImageId": "%image", "DiskImageFormat": "RAW", "S3ExportLocation": {**TO, "S3Prefix": "../"}},
         "InvalidParameterValue"),
        ({"ImageId": "%image", "DiskImageFormat": "RAW"}, "MissingParameter")],
    "DescribeImportImageTasks": [
        ({"ImportTaskIds": ["import-ami-1"]}, "InvalidConversionTaskId"),
        ({"ImportTaskIds": ["import-snap-00000000000000001"]}, "InvalidConversionTaskId")],
    "DescribeImportSnapshotTasks": [({"ImportTaskIds": ["import-snap-1"]}, "InvalidConversionTaskId")],
    "DescribeExportImageTasks": [
        ({"ExportImageTaskIds": ["export-ami-00000000000000001"]}, "InvalidExportTaskID.NotFound"),
        ({"ExportImageTaskIds": ["ami-1"]}, "InvalidExportTaskID.Malformed")],
    "CancelImportTask": [
        ({}, "MissingParameter"),
        ({"ImportTaskId": "import-ami-00000000000000001"}, "InvalidConversionTaskId")],
    "CancelExportTask": [({"ExportTaskId": "export-ami-00000000000000001"}, "InvalidExportTaskID.NotFound")],
}
