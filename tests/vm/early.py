#!/usr/bin/python3 -B
# area: disks
# timeout: 900
# config: volume_limits=on
"""Volumes that come to a guest and go from it while it starts: in the firmware, before its kernel listens, and in
its first services. Its QEMU lives on, what it was given it has, and what is asked back it gives when it can."""
import concurrent.futures
import glob
import sys
import time

from guests import (Checks, Key, base_image, describe, ec2_client, log_in, qemu_pid, until, wait_state, wait_volume)

SECONDS = 10  # after the start, in which a volume comes or goes
GIVES_BACK = 240  # a kernel that starts on a busy machine

checks = Checks()
ec2 = ec2_client()


class Guest:
    def __init__(self):
        made = ec2.create_key_pair(KeyName="early", KeyType="ed25519")
        self.key = Key("early", made["KeyMaterial"])
        self.group = ec2.create_security_group(GroupName="early", Description="ssh")["GroupId"]
        ec2.authorize_security_group_ingress(GroupId=self.group, IpProtocol="tcp", FromPort=22,
                                             ToPort=22, CidrIp="0.0.0.0/0")
        self.zone = ec2.describe_availability_zones()["AvailabilityZones"][0]["ZoneName"]
        self.volumes = [self.volume(Encrypted=number % 2 == 0, VolumeType="gp2", Size=4) for number in range(4)]
        root = ec2.describe_images(ImageIds=[base_image()])["Images"][0]["RootDeviceName"]
        made = ec2.run_instances(ImageId=base_image(), InstanceType="t2.micro", KeyName="early",
                                 SecurityGroupIds=[self.group], MinCount=1, MaxCount=1,
                                 BlockDeviceMappings=[{"DeviceName": root, "Ebs": {"Encrypted": True}}])
        self.id = made["Instances"][0]["InstanceId"]

    def volume(self, **more):
        made = ec2.create_volume(AvailabilityZone=self.zone, **more)["VolumeId"]
        wait_volume(ec2, made, "available")
        return made

    def attach(self, k):
        volume = self.volumes[k]
        ec2.attach_volume(VolumeId=volume, InstanceId=self.id, Device=f"/dev/sd{'fghijk'[k]}")
        wait_volume(ec2, volume, "attached", every=0.1)

    def run(self, command):
        facts = describe(ec2, self.id)
        return log_in(self.key, facts["PublicIpAddress"], f"sudo sh -ec '{command}'").strip()

    def end(self):
        ec2.terminate_instances(InstanceIds=[self.id])
        wait_state(ec2, self.id, "terminated")
        for each in self.volumes:
            wait_volume(ec2, each, "available")
            ec2.delete_volume(VolumeId=each)
        ec2.delete_key_pair(KeyName="early")
        ec2.delete_security_group(GroupId=self.group)
        self.key.remove()


def disk(volume):
    return f"/dev/disk/by-id/virtio-{volume.replace('-', '')}"


def comes_and_goes(guest, k, began, moves):
    """Attached k seconds after the start, detached a second later, again as soon as it is free, and so on."""
    volume = guest.volumes[k]
    time.sleep(max(0, began + k - time.monotonic()))
    while time.monotonic() < began + SECONDS:
        guest.attach(k)
        moves.append(("attached", time.monotonic() - began))
        time.sleep(1)
        ec2.detach_volume(VolumeId=volume)
        wait_volume(ec2, volume, "available", limit=GIVES_BACK, every=0.1)
        moves.append(("gone", time.monotonic() - began))


def early(guest):
    """Returns the pid of its QEMU."""
    wait_state(ec2, guest.id, "running")
    began, pid = time.monotonic(), qemu_pid(guest.id)
    moves = [[] for _ in guest.volumes]
    with concurrent.futures.ThreadPoolExecutor(len(moves)) as pool:
        for turn in [pool.submit(comes_and_goes, guest, k, began, moved) for k, moved in enumerate(moves)]:
            turn.result()
    for volume, moved in zip(guest.volumes, moves):
        checks.note(f"{volume}: " + ", ".join(f"{what} at {at:.1f} s" for what, at in moved))
    checks.same("a guest that starts lives on while volumes come and go",
                (qemu_pid(guest.id), describe(ec2, guest.id)["State"]["Name"]), (pid, "running"))
    checks.ok("each of them came, and was given back", all(moved and moved[-1][0] == "gone" for moved in moves), moves)
    return pid


def afterwards(guest, pid):
    """It has all that it is given, when it is up."""
    for k in range(len(guest.volumes)):
        guest.attach(k)
    names = " ".join(disk(volume) for volume in guest.volumes)
    found = guest.run(f"udevadm settle; for d in {names}; do echo $d | dd of=$d conv=fsync status=none; "
                      "blockdev --getsize64 $d; done").split()
    checks.same("and has them when it is up", found, [str(4 << 30)] * len(guest.volumes))
    checks.same("by the same QEMU", qemu_pid(guest.id), pid)
    said = "".join(open(path, encoding="utf-8", errors="replace").read()
                   for path in glob.glob(f"/var/log/libvirt/qemu/{guest.id}*"))
    checks.ok("whose log has no end in it", said and "shutting down" not in said, said[-2000:])


def main():
    for number in range(int(sys.argv[1]) if len(sys.argv) > 1 else 1):
        guest = Guest()
        with checks.part(f"early {number}"):
            pid = early(guest)
            if len(sys.argv) <= 2:
                afterwards(guest, pid)
        with checks.part("the end"):
            guest.end()
    checks.finish()


main()
