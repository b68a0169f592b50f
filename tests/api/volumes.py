#!/usr/bin/python3 -B
# area: disks
"""Volumes through their lives: attached to what runs and what is stopped, grown, kept and let go."""
import unittest

from client import client, instance, launch, refusal, register_image, remove, tap, until, wait_state

READY = {"Delay": 0.2, "MaxAttempts": 150}


def setUpModule():
    global ec2, image
    ec2 = client()
    image = register_image("for-volumes")


def refused(call, **params):
    return refusal(call, **params).code


class Lives(unittest.TestCase):
    def setUp(self):
        made = launch(ec2, image)
        self.instance, self.zone = made["InstanceId"], made["Placement"]["AvailabilityZone"]
        self.root = made["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
        self.addCleanup(remove, ec2, self.instance)

    def volume(self, size=2, **more):
        made = ec2.create_volume(Size=size, AvailabilityZone=self.zone, **more)["VolumeId"]
        ec2.get_waiter("volume_available").wait(VolumeIds=[made], WaiterConfig=READY)
        self.addCleanup(self.forget, made)
        return made

    def forget(self, volume):
        for found in ec2.describe_volumes(Filters=[{"Name": "volume-id", "Values": [volume]}])["Volumes"]:
            if found["Attachments"]:
                remove(ec2, self.instance)
            ec2.delete_volume(VolumeId=volume)
            ec2.get_waiter("volume_deleted").wait(VolumeIds=[volume], WaiterConfig=READY)

    def seen(self, volume):
        return ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]

    def attached(self, volume):
        until(lambda: [each["State"] for each in self.seen(volume)["Attachments"]] == ["attached"],
              what="an attached volume")

    def free(self, volume):
        until(lambda: self.seen(volume)["State"] == "available", what="a volume that is free")

    def attach(self, volume, device):
        ec2.attach_volume(VolumeId=volume, InstanceId=self.instance, Device=device)
        self.attached(volume)

    def mapped(self):
        return {each["DeviceName"]: each["Ebs"]["VolumeId"]
                for each in instance(ec2, self.instance)["BlockDeviceMappings"]}

    def test_what_is_attached_stays_over_stop_and_start_and_is_let_go_at_the_end(self):
        kept, goes = self.volume(), self.volume()
        self.attach(kept, "/dev/sdf")
        self.attach(goes, "/dev/sdg")
        ec2.modify_instance_attribute(InstanceId=self.instance, BlockDeviceMappings=[
            {"DeviceName": "/dev/sdg", "Ebs": {"DeleteOnTermination": True}}])
        ec2.stop_instances(InstanceIds=[self.instance])
        wait_state(ec2, self.instance, "stopped")
        self.assertEqual(self.mapped(), {"/dev/xvda": self.root, "/dev/sdf": kept, "/dev/sdg": goes})
        ec2.start_instances(InstanceIds=[self.instance])
        wait_state(ec2, self.instance, "running")
        self.attached(kept)
        remove(ec2, self.instance)
        self.free(kept)
        self.assertEqual(self.seen(kept)["Attachments"], [])
        ec2.get_waiter("volume_deleted").wait(VolumeIds=[goes, self.root], WaiterConfig=READY)

    def test_a_stopped_instance_changes_disks_and_boots_from_another(self):
        ec2.stop_instances(InstanceIds=[self.instance])
        wait_state(ec2, self.instance, "stopped")
        ec2.detach_volume(VolumeId=self.root)
        self.free(self.root)
        self.addCleanup(self.forget, self.root)
        with self.assertRaisesRegex(Exception, "does not have a volume attached at root"):
            ec2.start_instances(InstanceIds=[self.instance])
        snapshot = ec2.describe_images(ImageIds=[image])["Images"][0]["BlockDeviceMappings"][0]["Ebs"]
        other = self.volume(size=20, SnapshotId=snapshot["SnapshotId"])
        self.attach(other, "/dev/xvda")
        ec2.start_instances(InstanceIds=[self.instance])
        wait_state(ec2, self.instance, "running")
        self.assertEqual(self.mapped(), {"/dev/xvda": other})
        self.assertEqual(refused(ec2.detach_volume, VolumeId=other), "OperationNotPermitted")

    def test_a_volume_grows_where_it_is(self):
        loose, used = self.volume(), self.volume()
        self.attach(used, "/dev/sdf")
        for volume in loose, used:
            ec2.modify_volume(VolumeId=volume, Size=7)
            until(lambda: self.seen(volume)["Size"] == 7, what="a larger volume")
            change = ec2.describe_volumes_modifications(VolumeIds=[volume])["VolumesModifications"][0]
            self.assertEqual((change["ModificationState"], change["Progress"], change["OriginalSize"],
                              change["TargetSize"]), ("completed", 100, 2, 7))
            self.assertLessEqual(change["StartTime"], change["EndTime"])
        # gp2's operations follow from its size, a type of its own brings its own.
        ec2.modify_volume(VolumeId=loose, Size=100)
        until(lambda: self.seen(loose)["Iops"] == 300, what="three operations for each GiB")
        ec2.modify_volume(VolumeId=loose, VolumeType="io2", Iops=1000)
        until(lambda: self.seen(loose)["VolumeType"] == "io2", what="another type")
        self.assertNotIn("Throughput", self.seen(loose))

    def test_another_zone_and_what_does_not_run(self):
        zones = [each["ZoneName"] for each in ec2.describe_availability_zones()["AvailabilityZones"]]
        far = ec2.create_volume(Size=1, AvailabilityZone=[z for z in zones if z != self.zone][0])["VolumeId"]
        ec2.get_waiter("volume_available").wait(VolumeIds=[far], WaiterConfig=READY)
        self.addCleanup(self.forget, far)
        near = self.volume()
        attach = {"InstanceId": self.instance, "Device": "/dev/sdf"}
        self.assertEqual(refused(ec2.attach_volume, VolumeId=far, **attach), "InvalidVolume.ZoneMismatch")
        for device in "sdf", "/dev/vdb", "/dev/sd", "/dev/sdf/../x":
            self.assertEqual(refused(ec2.attach_volume, VolumeId=near, InstanceId=self.instance,
                                     Device=device), "InvalidParameterValue")
        self.assertEqual(refused(ec2.detach_volume, VolumeId=near), "IncorrectState")
        remove(ec2, self.instance)
        self.assertEqual(refused(ec2.attach_volume, VolumeId=near, **attach), "IncorrectState")
        self.assertEqual(self.seen(near)["State"], "available")

    def test_more_than_the_server_could_ever_hold(self):
        self.assertEqual(refused(ec2.create_volume, Size=60000, VolumeType="gp3",
                                 AvailabilityZone=self.zone), "InsufficientVolumeCapacity")
        self.assertEqual(ec2.describe_volumes(Filters=[{"Name": "size", "Values": ["60000"]}])["Volumes"],
                         [])

    def test_no_more_than_fit(self):
        volumes = [ec2.create_volume(Size=1, AvailabilityZone=self.zone)["VolumeId"] for _ in range(26)]
        for volume in volumes:
            self.addCleanup(self.forget, volume)
        ec2.get_waiter("volume_available").wait(VolumeIds=volumes, WaiterConfig=READY)
        for volume, letter in zip(volumes, "bcdefghijklmnopqrstuvwxyz"):
            ec2.attach_volume(VolumeId=volume, InstanceId=self.instance, Device=f"/dev/sd{letter}")
        self.assertEqual(refused(ec2.attach_volume, VolumeId=volumes[25], InstanceId=self.instance,
                                 Device="/dev/sdaa"), "AttachmentLimitExceeded")
        for volume in volumes[:25]:
            self.attached(volume)


if __name__ == "__main__":
    tap.main()
