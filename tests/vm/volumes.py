#!/usr/bin/python3 -B
# area: disks
# timeout: 1500
# config: volume_limits=on
# config: instance_type=lab.scratch 1 1024 x86_64 2x1
"""Volumes of a real guest: attached and detached while it writes, grown under a mounted file system, and
holding what was synced when QEMU is killed. Snapshots of them while it writes: restored, the file system is
clean and has all that was synced before, and layers go while the guest reads them. Its guests have one processor:
docs/reliability.md, "Real guests"."""
import glob
import os
import signal
import time

from guests import (Checks, Key, base_image, describe, describe_volume, ec2_client, log_in, qemu_pid, run, until,
                    wait_state, wait_volume)

ROUNDS = 100
PATTERN = "head -c 8M /dev/urandom >/mnt/pattern && sync /mnt/pattern && sha256sum </mnt/pattern"

VOLUMES = os.path.join(os.environ["CROFT_LAB"], "state", "volumes")
ROOM = "16G"  # of memory that is taken as it is written to

checks = Checks()
ec2 = ec2_client()


class Guest:
    def __init__(self):
        made = ec2.create_key_pair(KeyName="volumes", KeyType="ed25519")
        self.key = Key("volumes", made["KeyMaterial"])
        self.group = ec2.create_security_group(GroupName="volumes", Description="ssh")["GroupId"]
        ec2.authorize_security_group_ingress(GroupId=self.group, IpProtocol="tcp", FromPort=22,
                                             ToPort=22, CidrIp="0.0.0.0/0")
        made = ec2.run_instances(ImageId=base_image(), InstanceType="lab.scratch", KeyName="volumes",
                                 SecurityGroupIds=[self.group], MinCount=1, MaxCount=1)
        self.id = made["Instances"][0]["InstanceId"]
        self.zone = made["Instances"][0]["Placement"]["AvailabilityZone"]

    def run(self, command):
        facts = describe(ec2, self.id)
        return log_in(self.key, facts["PublicIpAddress"], f"sudo sh -ec '{command}'").strip()

    def end(self):
        ec2.terminate_instances(InstanceIds=[self.id])
        wait_state(ec2, self.id, "terminated")
        ec2.delete_key_pair(KeyName="volumes")
        ec2.delete_security_group(GroupId=self.group)
        self.key.remove()


def available(volume):
    wait_volume(ec2, volume, "available")


def attach(guest, volume, device="/dev/sdf"):
    """Returns the disk's name in the guest."""
    ec2.attach_volume(VolumeId=volume, InstanceId=guest.id, Device=device)
    wait_volume(ec2, volume, "attached")


def disk(volume):
    """How the guest finds it: EBS shows the id without its dash as the serial."""
    return f"/dev/disk/by-id/virtio-{volume.replace('-', '')}"


def detach(volume):
    ec2.detach_volume(VolumeId=volume)
    available(volume)


def scratch(number):
    """A disk of its instance store."""
    return f"/dev/disk/by-id/virtio-ephemeral{number}"


def scratched(guest):
    sizes = guest.run(f"blockdev --getsize64 {scratch(0)} {scratch(1)}").split()
    checks.same("an instance has the disks of its type's instance store", sizes, ["1000000000"] * 2)
    guest.run(f"mkfs.ext4 -q {scratch(1)}; mount {scratch(1)} /srv; echo kept >/srv/mark; sync; umount /srv")


def scratch_kept(guest):
    found = guest.run(f"mount {scratch(1)} /srv; cat /srv/mark; umount /srv")
    checks.same("when it was rebooted what is on them is there", found, "kept")


def scratch_lost(guest):
    found = guest.run(f"blockdev --getsize64 {scratch(1)}; blkid -p {scratch(1)} || echo empty").split()
    checks.same("when it was stopped they are empty", found, ["1000000000", "empty"])


def grown_and_kept(guest, volume):
    attach(guest, volume)
    first = guest.run(f"udevadm settle; test -b {disk(volume)}; mkfs.ext4 -q {disk(volume)}; "
                      f"mount {disk(volume)} /mnt; {PATTERN}").split()[0]
    checks.ok("a volume that was attached while the guest ran takes a file system and 8 MiB",
              len(first) == 64, first)
    ec2.modify_volume(VolumeId=volume, Size=3)
    until("the volume is larger", lambda: describe_volume(ec2, volume)["Size"] == 3)
    size = guest.run(f"resize2fs {disk(volume)} 2>/dev/null >&2; blockdev --getsize64 {disk(volume)}; "
                     "df --output=size -BM /mnt | tail -n 1").split()
    checks.same("grown while it is mounted, the guest sees it at once", size[0], str(3 << 30))
    checks.ok("and its file system grows with it", int(size[1].rstrip("M")) > 2800, size)

    os.kill(qemu_pid(guest.id), signal.SIGKILL)
    wait_state(ec2, guest.id, "stopped")
    checks.same("QEMU killed: the volume is still the instance's",
                [each["State"] for each in describe_volume(ec2, volume)["Attachments"]], ["attached"])
    ec2.start_instances(InstanceIds=[guest.id])
    wait_state(ec2, guest.id, "running")
    found = guest.run(f"mount {disk(volume)} /mnt; sha256sum </mnt/pattern").split()[0]
    checks.same("what was synced before is there after", found, first)


# Writes a file, syncs it, and only then its number: whatever number is read was synced before.
WRITER = ("n=0; while test ! -e /mnt/stop; do n=\\$((n + 1)); head -c 64k /dev/urandom >/mnt/w.\\$n; "
          "sha256sum </mnt/w.\\$n >/mnt/w.\\$n.sum; sync /mnt/w.\\$n /mnt/w.\\$n.sum; "
          "echo \\$n >/mnt/last.new; sync /mnt/last.new; mv /mnt/last.new /mnt/last; sync -f /mnt; done")


def quietly(guest, volume):
    """The guest's agent freezes its file systems: what was written and not synced is in the snapshot."""
    guest.run("echo unsynced >/mnt/unsynced")
    snap = snapshot(volume)
    copy = ec2.create_volume(SnapshotId=snap, AvailabilityZone=guest.zone)["VolumeId"]
    available(copy)
    attach(guest, copy, "/dev/sdg")
    found = guest.run(f"udevadm settle; mkdir -p /restored; mount -o ro {disk(copy)} /restored; cat /restored/unsynced; "
                      "umount /restored")
    checks.same("what a guest with an agent had not synced is in its snapshot", found, "unsynced")
    checks.same("and its file systems are thawed", guest.run("echo more >/mnt/more; sync; cat /mnt/more"), "more")
    detach(copy)
    ec2.delete_volume(VolumeId=copy)
    ec2.delete_snapshot(SnapshotId=snap)


def layers(volume):
    return sorted(glob.glob(os.path.join(VOLUMES, f"{volume}*.qcow2")))


def snapshot(volume):
    """Of a volume; returns its id when it is completed."""
    made = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    completed([made])
    return made


def completed(ids):
    until("the snapshots are completed", lambda: {each["State"] for each in ec2.describe_snapshots(
        SnapshotIds=ids)["Snapshots"]} == {"completed"})


def frozen_under_load(guest, volume):
    guest.run(f"nohup sh -c \"{WRITER}\" >/dev/null 2>&1 &")
    until("the guest writes", lambda: guest.run("cat /mnt/last 2>/dev/null || echo 0") not in ("", "0"))
    began = time.monotonic()
    taken = [snapshot(volume) for _ in range(2)]
    last = int(guest.run("cat /mnt/last"))
    taken.append(snapshot(volume))
    print(f"# three snapshots under load: {time.monotonic() - began:.1f} s, one login among them")
    until("what an earlier snapshot kept is merged", lambda: len(layers(volume)) < 5)
    checks.same("three snapshots are three layers below the one that is written", len(layers(volume)), 4)

    ec2.delete_snapshot(SnapshotId=taken[1])
    until("the middle layer is merged", lambda: len(layers(volume)) == 3)
    ec2.delete_snapshot(SnapshotId=taken[0])
    until("the lowest layer is merged", lambda: len(layers(volume)) == 2)
    later = int(guest.run("cat /mnt/last"))
    checks.ok("layers are merged while the guest goes on writing", later > last, (last, later))
    restored(guest, taken[2], last)
    of_all = ec2.create_snapshots(InstanceSpecification={"InstanceId": guest.id})["Snapshots"]
    ids = [each["SnapshotId"] for each in of_all]
    completed(ids)
    checks.same("all volumes of an instance are frozen together", len(ids), 2)
    for each in ids + taken[2:]:
        ec2.delete_snapshot(SnapshotId=each)
    guest.run("touch /mnt/stop; sync")


def restored(guest, snap, last):
    copy = ec2.create_volume(SnapshotId=snap, AvailabilityZone=guest.zone)["VolumeId"]
    available(copy)
    attach(guest, copy, "/dev/sdg")
    found = guest.run(
        f"udevadm settle; mkdir -p /restored; mount {disk(copy)} /restored; cat /restored/last; "
        f"for n in \$(seq {last}); do test \"\$(sha256sum </restored/w.\$n)\" = \"\$(cat /restored/w.\$n.sum)\" "
        f"|| echo bad \$n; done; umount /restored; fsck.ext4 -fn {disk(copy)} >/dev/null 2>&1 && echo clean"
        .replace("\\$", "$"))
    lines = found.split("\n")
    checks.ok("a volume of a snapshot has all that was synced before it", len(lines) == 2 and
              int(lines[0]) >= last, found)
    checks.same("and its file system is clean", lines[-1], "clean")
    detach(copy)
    ec2.delete_volume(VolumeId=copy)


def at_rest(volume):
    """Nobody reads the layers any more: they become one."""
    until("one layer is left", lambda: len(layers(volume)) == 1)
    checks.ok("a volume that was detached is one layer again", layers(volume) != [])


def detached_under_load(guest, volume):
    guest.run("nohup sh -c \"while dd if=/dev/zero of=/mnt/load bs=64k count=64 conv=fsync; "
              "do :; done\" >/dev/null 2>&1 &")
    detach(volume)
    gone = guest.run(f"test -e {disk(volume)} && echo there || echo gone")
    checks.same("detached while it is written to, the disk is gone from the guest", gone, "gone")
    guest.run("umount -l /mnt; pkill dd; true")


# Writes to a disk whenever it is there, beyond its file system, and says how often that went well.
BUSY = ("n=0; while test ! -e /run/enough; do dd if=/dev/urandom of=\\$0 bs=64k seek=8000 count=4 oflag=direct "
        "conv=nocreat 2>/dev/null && n=\\$((n + 1)) || sleep 0.1; echo \\$n >/run/busy.new; mv /run/busy.new /run/busy; done")


def again_and_again(guest, volume):
    """While the guest writes to it whenever it can. It is looked at now and then: a login costs more than a round."""
    guest.run(f"nohup sh -c \"{BUSY}\" {disk(volume)} >/dev/null 2>&1 &")
    began, wrote = time.monotonic(), [0]
    for number in range(ROUNDS):
        attach(guest, volume)
        if number % 33 == 0:
            wrote.append(int(guest.run(f"udevadm settle; test -b {disk(volume)} && sleep 3 && cat /run/busy")))
        detach(volume)
    print(f"# {ROUNDS} rounds in {time.monotonic() - began:.1f} s; writes by then: {wrote[1:]}")
    checks.ok("in each round that is looked at the guest has written since the one before",
              wrote == sorted(set(wrote)), wrote)
    checks.ok(f"attached and detached {ROUNDS} times under writes", describe_volume(ec2, volume)["State"] == "available")
    guest.run("touch /run/enough")


def seconds_of_writes(guest, volume, count):
    """Of so many of 4 KiB, one after the other and past the guest's cache."""
    told = guest.run(f"dd if=/dev/zero of={disk(volume)} bs=4k count={count} oflag=direct 2>&1")
    return float(told.splitlines()[-1].split(", ")[2].split()[0])


def limited(guest):
    """Operations a second are those of the volume's type, and those it is modified to at once."""
    volume = ec2.create_volume(Size=4, VolumeType="io1", Iops=100, AvailabilityZone=guest.zone)["VolumeId"]
    available(volume)
    attach(guest, volume, "/dev/sdg")
    slow = seconds_of_writes(guest, volume, 400)
    ec2.modify_volume(VolumeId=volume, Iops=200)
    until("the volume is modified", lambda: describe_volume(ec2, volume)["Iops"] == 200)
    fast = seconds_of_writes(guest, volume, 400)
    print(f"# 400 writes at 100 a second: {slow:.1f} s, at 200: {fast:.1f} s")
    checks.ok("400 writes of a volume of 100 a second take four seconds", 3.5 < slow < 8, slow)
    checks.ok("and half of that when it is modified to 200", 1.7 < fast < 0.75 * slow, fast)
    detach(volume)
    ec2.delete_volume(VolumeId=volume)


def imaged(guest):
    """Its own image, for which it is shut down: what it had not synced is there, in it and in a launch."""
    guest.run("echo written >/var/tmp/mark")
    before = describe(ec2, guest.id)
    began = time.monotonic()
    image = ec2.create_image(InstanceId=guest.id, Name="of a guest")["ImageId"]
    states = set()
    until("the image is available", lambda: states.add(describe(ec2, guest.id)["State"]["Name"]) or
          ec2.describe_images(ImageIds=[image])["Images"][0]["State"] == "available")
    print(f"# an image with a shutdown: {time.monotonic() - began:.1f} s")
    checks.same("an instance runs on to everybody while it is shut down for its image", states, {"running"})
    checks.same("what it had not synced is there when it runs again", guest.run("cat /var/tmp/mark"), "written")
    checks.same("at the same address", describe(ec2, guest.id)["PublicIpAddress"], before["PublicIpAddress"])
    size = guest.run("df --output=size -BG / | tail -n 1").strip("G ")
    began = time.monotonic()
    copy = Guest.__new__(Guest)
    copy.key = guest.key
    copy.id = ec2.run_instances(
        ImageId=image, InstanceType="t2.micro", KeyName="volumes", SecurityGroupIds=[guest.group], MinCount=1,
        MaxCount=1, BlockDeviceMappings=[{"DeviceName": before["RootDeviceName"], "Ebs": {"VolumeSize": 14}}],
    )["Instances"][0]["InstanceId"]
    wait_state(ec2, copy.id, "running")
    print(f"# launched from it, until its row says running: {time.monotonic() - began:.1f} s")
    found = copy.run("cat /var/tmp/mark; df --output=size -BG / | tail -n 1").split()
    checks.same("a launch from the image finds the file", found[0], "written")
    checks.ok("on a root that has grown to what was asked", int(size) < 12 <= int(found[1].strip("G")),
              (size, found))
    ec2.deregister_image(ImageId=image)
    ec2.terminate_instances(InstanceIds=[copy.id])
    wait_state(ec2, copy.id, "terminated")
    for each in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]:
        if image in each["Description"]:
            ec2.delete_snapshot(SnapshotId=each["SnapshotId"])


def health(guest):
    """What DescribeVolumeStatus says of the instance's root volume."""
    root = describe(ec2, guest.id)["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    status = ec2.describe_volume_status(VolumeIds=[root])["VolumeStatuses"][0]["VolumeStatus"]
    return status["Status"], status["Details"][1]["Status"]


def paused_while_full(guest):
    """The disk fills up: the guest is paused, and writes on when there is room."""
    guest.run("nohup sh -c \"while test ! -e /tmp/stop; do date +%s >>/tmp/beat; sync /tmp/beat; sleep 1; done\" "
              ">/dev/null 2>&1 &")
    checks.same("there is room: its volume is well", health(guest), ("ok", "not-applicable"))
    room = os.statvfs(VOLUMES)
    used_kib = (room.f_blocks - room.f_bfree) * room.f_frsize >> 10
    run("mount", "-o", f"remount,size={used_kib * 102 // 100}k", VOLUMES)
    until("its volume is impaired, and says why", lambda: health(guest) == ("impaired", "stalled"))
    until("the guest is paused", lambda: "paused" in run("virsh", "domstate", guest.id).stdout)
    run("mount", "-o", f"remount,size={ROOM}", VOLUMES)
    until("the guest goes on", lambda: health(guest)[0] == "ok")
    beats = [int(each) for each in guest.run("sleep 3; touch /tmp/stop; sync; cat /tmp/beat").split()]
    checks.ok("it goes on where it was, with all that it wrote", len(beats) > 3 and beats == sorted(beats), beats)


def another_root(guest):
    """Its root as it was at launch, and the one that it had beside it."""
    guest.run("echo lost >/var/tmp/root && sync /var/tmp/root")
    before = describe(ec2, guest.id)
    old = before["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    began = time.monotonic()
    ec2.create_replace_root_volume_task(InstanceId=guest.id)
    until("the root is replaced", lambda: [each["TaskState"] for each in
          ec2.describe_replace_root_volume_tasks()["ReplaceRootVolumeTasks"]] == ["succeeded"])
    print(f"# another root: {time.monotonic() - began:.1f} s")
    # It boots before it gets the old one, whose file system has the same id.
    checks.same("a root volume is replaced by what it was",
                guest.run("test -e /var/tmp/root && echo there || echo gone"), "gone")
    attach(guest, old, "/dev/sdh")
    found = guest.run(f"udevadm settle; mkdir -p /old; mount {disk(old)}-part1 /old; cat /old/var/tmp/root; "
                      "umount /old")
    checks.same("and the old one is there yet", found, "lost")
    checks.same("at the same address", describe(ec2, guest.id)["PublicIpAddress"], before["PublicIpAddress"])
    detach(old)
    ec2.delete_volume(VolumeId=old)


def main():
    # The volumes have a disk of their own, which a test can fill.
    run("mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", VOLUMES)
    guest = Guest()
    volume = ec2.create_volume(Size=1, AvailabilityZone=guest.zone)["VolumeId"]
    available(volume)
    wait_state(ec2, guest.id, "running")
    guest.run("sync")  # of its first boot, too, whose host keys it would lose with its power
    with checks.part("imaged"):
        scratched(guest)
        imaged(guest)
        scratch_kept(guest)
    with checks.part("grown and kept"):
        grown_and_kept(guest, volume)
        scratch_lost(guest)
    with checks.part("quietly"):
        quietly(guest, volume)
    with checks.part("frozen under load"):
        frozen_under_load(guest, volume)
    with checks.part("paused while full"):
        paused_while_full(guest)
    with checks.part("limited"):
        limited(guest)
    with checks.part("detached under load"):
        detached_under_load(guest, volume)
        at_rest(volume)
    with checks.part("another root"):
        another_root(guest)
    with checks.part("again and again"):
        again_and_again(guest, volume)
    with checks.part("the end"):
        guest.end()
        checks.same("a volume that was detached outlives its instance", describe_volume(ec2, volume)["State"],
                    "available")
        ec2.delete_volume(VolumeId=volume)
        until("the volume is gone", lambda: not ec2.describe_volumes(
            Filters=[{"Name": "volume-id", "Values": [volume]}])["Volumes"])
        path = os.path.join(VOLUMES, volume + ".qcow2")
        checks.ok("and its file with it", not os.path.exists(path))
    checks.finish()


main()
