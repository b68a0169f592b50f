"""Root volumes that are replaced: by what they were at launch, a snapshot, an image."""
from client import call, instance, launch, refusal, remove, until

from .snapshot import snapshot
from .world import MISSING, Scenarios, ec2, the


def root_of(instance_id):
    return instance(ec2, instance_id)["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]


def replaced(instance_id, **more):
    """The task when it has succeeded, the volume before and the one after."""
    before = root_of(instance_id)
    made = call("post", "CreateReplaceRootVolumeTask", {"InstanceId": instance_id, **more})
    id = made["ReplaceRootVolumeTask"]["ReplaceRootVolumeTaskId"]
    task = until(lambda: [each for each in call("post", "DescribeReplaceRootVolumeTasks", {
        "ReplaceRootVolumeTaskIds": [id]})["ReplaceRootVolumeTasks"] if each["TaskState"] == "succeeded"])[0]
    return task, before, root_of(instance_id)


class RootVolumes(Scenarios):
    def CreateReplaceRootVolumeTask(self):
        one = launch(ec2, the.image)["InstanceId"]
        self.addCleanup(remove, ec2, one)
        seen = instance(ec2, one)
        ask = {"ClientToken": "again", "TagSpecifications": [
            {"ResourceType": "replace-root-volume-task", "Tags": [{"Key": "k", "Value": "v"}]}]}
        task, first, second = replaced(one, **ask)
        self.addCleanup(ec2.delete_volume, VolumeId=first)
        self.assertEqual((task["Tags"], task["DeleteReplacedRootVolume"], first == second),
                         ([{"Key": "k", "Value": "v"}], False, False))
        self.assertEqual(replaced(one, **ask)[0]["ReplaceRootVolumeTaskId"], task["ReplaceRootVolumeTaskId"])
        self.assertEqual(ec2.describe_volumes(VolumeIds=[first])["Volumes"][0]["State"], "available")
        for name in "State", "PublicIpAddress", "LaunchTime":
            self.assertEqual(instance(ec2, one)[name], seen[name])
        self.assertEqual(refusal(call, "post", "CreateReplaceRootVolumeTask", {
            "InstanceId": one, "SnapshotId": task["SnapshotId"]}).code, "InvalidParameterValue")
        for more in {"SnapshotId": snapshot(first)}, {"ImageId": the.image}:
            task, before, after = replaced(one, DeleteReplacedRootVolume=True, **more)
            self.assertEqual({name: task.get(name) for name in more}, more)
            self.assertNotEqual(before, after)
            until(lambda: not ec2.describe_volumes(Filters=[
                {"Name": "volume-id", "Values": [before]}])["Volumes"], what="a volume that is gone")

    def DescribeReplaceRootVolumeTasks(self):
        found = call("post", "DescribeReplaceRootVolumeTasks", {"Filters": [
            {"Name": "instance-id", "Values": [the.one]}]})
        self.assertEqual(found, {"ReplaceRootVolumeTasks": []})


REFUSED = {
    "CreateReplaceRootVolumeTask": [
        ({"InstanceId": MISSING["i"]}, "InvalidInstanceID.NotFound"),
        ({"InstanceId": "%one", "SnapshotId": MISSING["snap"]}, "InvalidSnapshot.NotFound"),
        ({"InstanceId": "%one", "ImageId": MISSING["ami"]}, "InvalidAMIID.NotFound"),
        ({"InstanceId": "%one", "ImageId": "%image", "SnapshotId": "%snapshot"},
         "InvalidParameterCombination")],
    "DescribeReplaceRootVolumeTasks": [
        ({"ReplaceRootVolumeTaskIds": ["replacevol-00000000000000001"]},
         "InvalidReplaceRootVolumeTaskId.NotFound"),
        ({"ReplaceRootVolumeTaskIds": ["vol-1"]}, "InvalidReplaceRootVolumeTaskId.Malformed")],
}
