#!/usr/bin/python3 -B
# area: disks
# lab: libvirt
# timeout: 1800
"""What a guest gets of the disk, and how long a disk takes to come, to be frozen and to be cloned.

In one guest, in turns: a volume of Croft's, and a raw file of the same size in the same directory that
`virsh attach-disk` gives to it with QEMU's own defaults. Both are written once before, so that neither has
to find room while it is measured. fio and its libraries come on a disk of their own.
"""
import json
import os
import shutil
import socket
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "vm"))
from clients import Boto3  # noqa: E402
from guests import Key, base_image, describe, ec2_client, log_in, output, until, wait_state  # noqa: E402

ROUNDS = int(os.environ.get("ROUNDS", "9"))
SECONDS = int(os.environ.get("FIO_SECONDS", "3"))
LAB = os.environ["CROFT_LAB"]
HAND = os.path.join(LAB, "by-hand")
GIB = 1 << 30
# name: (fio's rw, block size, depth, what counts of its figures, unit)
LOADS = {
    "random read 4k": ("randread", "4k", 16, "iops", "/s"),
    "random write 4k": ("randwrite", "4k", 16, "iops", "/s"),
    "sequential read 1M": ("read", "1m", 4, "bw", "KiB/s"),
    "sequential write 1M": ("write", "1m", 4, "bw", "KiB/s"),
}
ec2 = ec2_client()


def timed(work):
    began = time.monotonic()
    found = work()
    return time.monotonic() - began, found


def median_ms(seconds):
    return statistics.median(seconds) * 1000


class Guest:
    def __init__(self, client):
        self.key = Key("bench-disk", client.key("bench-disk"))
        self.group = client.group("bench-disk")
        self.image = base_image()
        self.id = ec2.run_instances(ImageId=self.image, InstanceType="t3.small", MinCount=1, MaxCount=1,
                                    KeyName=self.key.name, SecurityGroupIds=[self.group],
                                    )["Instances"][0]["InstanceId"]
        wait_state(ec2, self.id, "running")
        self.run("true")

    def run(self, command):
        address = describe(ec2, self.id)["PublicIpAddress"]
        return log_in(self.key, address, f"sudo sh -ec '{command}'").strip()

    def by_hand(self, path, target, serial):
        os.chmod(path, 0o666)
        output("virsh", "attach-disk", self.id, path, target, "--targetbus", "virtio", "--driver", "qemu",
               "--subdriver", "raw", "--serial", serial, "--live")

    def fio(self, serial, load):
        """The figure of one load, on the disk that the guest knows by its serial."""
        kind, block, depth, figure, _ = LOADS[load]
        told = json.loads(self.run(
            "LD_LIBRARY_PATH=/opt/lib /opt/fio --name=bench --output-format=json --direct=1 --ioengine=libaio "
            f"--filename=/dev/disk/by-id/virtio-{serial} --size=512m --rw={kind} --bs={block} --iodepth={depth} "
            f"--time_based --runtime={SECONDS}"))
        return told["jobs"][0]["read" if "read" in kind else "write"][figure]


def tools(path):
    """A file system with fio and what it is linked with."""
    folder = os.path.join(HAND, "tools")
    os.makedirs(os.path.join(folder, "lib"))
    shutil.copy(shutil.which("fio"), os.path.join(folder, "fio"))
    for line in output("ldd", os.path.join(folder, "fio")).splitlines():
        words = line.split()
        if len(words) > 2 and words[2].startswith("/"):
            shutil.copy(words[2], os.path.join(folder, "lib", words[0]))
    output("mke2fs", "-q", "-t", "ext4", "-d", folder, path, "192M")


def available(volume):
    until(f"{volume} is available", lambda: ec2.describe_volumes(
        VolumeIds=[volume])["Volumes"][0]["State"] == "available", every=0.01)
    return volume


def volume_of(guest, **more):
    zone = describe(ec2, guest.id)["Placement"]["AvailabilityZone"]
    return available(ec2.create_volume(AvailabilityZone=zone, **more)["VolumeId"])


def attach(guest, volume, device):
    ec2.attach_volume(VolumeId=volume, InstanceId=guest.id, Device=device)
    until(f"{volume} is attached", lambda: [each["State"] for each in ec2.describe_volumes(
        VolumeIds=[volume])["Volumes"][0]["Attachments"]] == ["attached"], every=0.01)


def remove(volume):
    if ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["Attachments"]:
        ec2.detach_volume(VolumeId=volume)
        available(volume)
    ec2.delete_volume(VolumeId=volume)


def large_disk():
    """Croft promises no volume that is larger than what is free, and 100 GiB are not free everywhere: volumes, and
    the files beside them, get a disk of 200 GiB that takes the room of what is written to it."""
    path, disk = os.path.join(LAB, "large.img"), os.path.join(LAB, "large")
    with open(path, "wb") as file:
        file.truncate(200 * GIB)
    output("mkfs.ext4", "-q", "-m", "0", "-E", "lazy_itable_init=1,lazy_journal_init=1,nodiscard", path)
    os.makedirs(disk, mode=0o755)
    output("mount", "-o", "loop,discard", path, disk)
    for place in (os.path.join(LAB, "state", "volumes"), HAND):
        os.makedirs(place, mode=0o755, exist_ok=True)
        inside = os.path.join(disk, os.path.basename(place))
        os.makedirs(inside)
        shutil.copystat(place, inside)
        shutil.chown(inside, os.stat(place).st_uid, os.stat(place).st_gid)
        output("mount", "--bind", inside, place)


def throughput(guest):
    volume, raw = volume_of(guest, Size=1), os.path.join(HAND, "raw.img")
    attach(guest, volume, "/dev/sdf")
    with open(raw, "wb") as file:
        file.truncate(GIB)
    guest.by_hand(raw, "vdx", "byhand")
    disks = {"croft": volume.replace("-", ""), "raw": "byhand"}
    guest.run("udevadm settle")
    for serial in disks.values():
        guest.run(f"dd if=/dev/urandom of=/dev/disk/by-id/virtio-{serial} bs=1M count=512 conv=fsync 2>&1")
    for load in LOADS:
        found = {name: [] for name in disks}
        for number in range(ROUNDS):
            for name in sorted(disks, reverse=number % 2 == 1):
                found[name].append(guest.fio(disks[name], load))
        mine, other = statistics.median(found["croft"]), statistics.median(found["raw"])
        print(f"{load:20} Croft {mine:10.0f} {LOADS[load][4]:6} raw file {other:10.0f} {LOADS[load][4]:6} "
              f"ratio {mine / other:.2f}  target at least 0.90", flush=True)
    output("virsh", "detach-disk", guest.id, "vdx", "--live")
    remove(volume)


def attaching(guest):
    raw, volume = os.path.join(HAND, "attached.img"), volume_of(guest, Size=1)
    with open(raw, "wb") as file:
        file.truncate(GIB)
    croft, hand = [], []
    for _ in range(ROUNDS):
        croft.append(timed(lambda: attach(guest, volume, "/dev/sdf"))[0])
        hand.append(timed(lambda: guest.by_hand(raw, "vdx", "attached"))[0])
        ec2.detach_volume(VolumeId=volume)
        output("virsh", "detach-disk", guest.id, "vdx", "--live")
        available(volume)
        until("the file's disk is gone", lambda: "attached.img" not in output("virsh", "domblklist", guest.id))
    ratio = statistics.median(croft) / statistics.median(hand)
    print(f"attach, until the API says so: {median_ms(croft):.0f} ms, virsh attach-disk {median_ms(hand):.0f} ms, "
          f"ratio {ratio:.2f}  target at most 1.20", flush=True)
    remove(volume)


def freezing(guest):
    """While the guest has the volume, with 64 MiB written since the last time."""
    for size in (1, 10, 100):
        volume = volume_of(guest, Size=size)
        attach(guest, volume, "/dev/sdf")
        frozen, cloned, made = [], [], []
        for _ in range(ROUNDS):
            guest.run(f"udevadm settle; dd if=/dev/urandom of=/dev/disk/by-id/virtio-{volume.replace('-', '')} "
                      "bs=1M count=64 conv=fsync 2>&1")
            took, snapshot = timed(lambda of=volume: completed(ec2.create_snapshot(VolumeId=of)["SnapshotId"]))
            frozen.append(took)
            took, clone = timed(lambda of=snapshot: volume_of(guest, SnapshotId=of))
            cloned.append(took)
            made += [clone, snapshot]
        print(f"{size:4} GiB: a snapshot of the running guest's volume {median_ms(frozen):.0f} ms, "
              f"a volume from it {median_ms(cloned):.0f} ms  target: flat", flush=True)
        for each in made:
            if each.startswith("vol"):
                remove(each)
            else:
                ec2.delete_snapshot(SnapshotId=each)
        remove(volume)


def completed(snapshot):
    until(f"{snapshot} is completed", lambda: ec2.describe_snapshots(
        SnapshotIds=[snapshot])["Snapshots"][0]["State"] == "completed", every=0.01)
    return snapshot


def imaging(guest):
    def image_is_there():
        made = ec2.create_image(InstanceId=guest.id, Name="bench", NoReboot=True)["ImageId"]
        until("the image", lambda: ec2.describe_images(ImageIds=[made])["Images"][0]["State"] == "available",
              every=0.01)
        return made

    def runs(image):
        made = ec2.run_instances(ImageId=image, InstanceType="t3.small", MinCount=1, MaxCount=1)["Instances"][0]
        until("it runs", lambda: describe(ec2, made["InstanceId"])["State"]["Name"] == "running", every=0.01)
        return made["InstanceId"]

    took, image = timed(image_is_there)
    mine, one = timed(lambda: runs(image))
    base, two = timed(lambda: runs(guest.image))
    print(f"CreateImage without a reboot: {took * 1000:.0f} ms; a launch from it until it runs {mine * 1000:.0f} ms, "
          f"from the base image {base * 1000:.0f} ms, ratio {mine / base:.2f}", flush=True)
    ec2.terminate_instances(InstanceIds=[one, two])
    for each in (one, two):
        wait_state(ec2, each, "terminated")


def main():
    socket.setdefaulttimeout(60)
    print(f"{os.cpu_count()} processors; load average before: {os.getloadavg()[0]:.1f}; {ROUNDS} rounds in turns "
          f"of {SECONDS} s", flush=True)
    large_disk()
    guest = Guest(Boto3())
    try:
        path = os.path.join(HAND, "tools.img")
        tools(path)
        guest.by_hand(path, "vdz", "tools")
        guest.run("udevadm settle; mount -o ro /dev/disk/by-id/virtio-tools /opt")
        throughput(guest)
        attaching(guest)
        freezing(guest)
        imaging(guest)
    finally:
        guest.key.remove()


main()
