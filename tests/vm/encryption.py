#!/usr/bin/python3 -B
# area: disks
# timeout: 900
"""Encrypted volumes of a real guest: what it writes is on the server's disk in no file in clear, in volumes,
snapshots, copies and merged layers; it reads all of it; and the keys are in no log and on no command line."""
import base64
import glob
import os
import sqlite3
import threading

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from guests import (Checks, Key, base_image, describe, describe_volume, ec2_client, log_in, output, run, until,
                    wait_state, wait_volume)

LAB = os.environ["CROFT_LAB"]
STATE = os.path.join(LAB, "state")
VOLUMES = os.path.join(STATE, "volumes")
# Written by the guest, 64 KiB of it. It is put together here, so that no file of the test's has it.
WORD = "-".join(("seven", "grey", "herons"))

checks = Checks()
ec2 = ec2_client()


class Guest:
    def __init__(self):
        made = ec2.create_key_pair(KeyName="encryption", KeyType="ed25519")
        self.key = Key("encryption", made["KeyMaterial"])
        self.group = ec2.create_security_group(GroupName="encryption", Description="ssh")["GroupId"]
        ec2.authorize_security_group_ingress(GroupId=self.group, IpProtocol="tcp", FromPort=22,
                                             ToPort=22, CidrIp="0.0.0.0/0")
        root = ec2.describe_images(ImageIds=[base_image()])["Images"][0]["RootDeviceName"]
        made = ec2.run_instances(ImageId=base_image(), InstanceType="t2.micro", KeyName="encryption",
                                 SecurityGroupIds=[self.group], MinCount=1, MaxCount=1,
                                 BlockDeviceMappings=[{"DeviceName": root, "Ebs": {"Encrypted": True}}])
        self.id = made["Instances"][0]["InstanceId"]
        self.zone = made["Instances"][0]["Placement"]["AvailabilityZone"]

    def run(self, command):
        facts = describe(ec2, self.id)
        return log_in(self.key, facts["PublicIpAddress"], f"sudo sh -ec '{command}'").strip()

    def end(self):
        ec2.terminate_instances(InstanceIds=[self.id])
        wait_state(ec2, self.id, "terminated")
        ec2.delete_key_pair(KeyName="encryption")
        ec2.delete_security_group(GroupId=self.group)
        self.key.remove()


class CommandLines(threading.Thread):
    """All that are seen while the test runs: those of qemu-img are there for moments only."""

    def __init__(self):
        super().__init__(daemon=True)
        self.seen = set()
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(0.005):
            for path in glob.glob("/proc/[0-9]*/cmdline"):
                try:
                    with open(path, "rb") as file:
                        self.seen.add(file.read())
                except OSError:
                    pass  # it has ended


def create(guest, **more):
    volume = ec2.create_volume(AvailabilityZone=guest.zone, **more)["VolumeId"]
    wait_volume(ec2, volume, "available")
    return volume


def disk(volume):
    return f"/dev/disk/by-id/virtio-{volume.replace('-', '')}"


def attach(guest, volume, device):
    ec2.attach_volume(VolumeId=volume, InstanceId=guest.id, Device=device)
    wait_volume(ec2, volume, "attached")
    guest.run(f"udevadm settle; test -b {disk(volume)}")


def detach(volume):
    ec2.detach_volume(VolumeId=volume)
    wait_volume(ec2, volume, "available")


def snapshot(volume):
    made = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    return completed(made)


def completed(made):
    until("the snapshot is completed", lambda: ec2.describe_snapshots(
        SnapshotIds=[made])["Snapshots"][0]["State"] == "completed")
    return made


def write(guest, volume, word, mib):
    """64 KiB of the word at an offset, synced."""
    guest.run(f"yes {word} | head -c 65536 >/tmp/words; dd if=/tmp/words of={disk(volume)} bs=64k "
              f"seek={mib * 16} conv=fsync 2>/dev/null; rm /tmp/words")


def holds(guest, volume, word, mib):
    """Past the guest's own cache."""
    return guest.run(f"dd if={disk(volume)} bs=64k skip={mib * 16} count=1 iflag=direct 2>/dev/null | "
                     f"grep -c {word} || true")


def in_clear(word):
    """The files below the state directory that have the word in them."""
    found = run("grep", "-rlaF", word, STATE).stdout
    return sorted(os.path.relpath(path, STATE) for path in found.split("\n") if path)


def layers(volume):
    return sorted(glob.glob(os.path.join(VOLUMES, f"{volume}*.qcow2")))


def never_in_clear(guest):
    plain = create(guest, Size=1)
    secret = create(guest, Size=1, Encrypted=True)
    checks.same("a volume says that it is encrypted",
                [describe_volume(ec2, each)["Encrypted"] for each in (secret, plain)],
                [True, False])
    attach(guest, plain, "/dev/sdf")
    attach(guest, secret, "/dev/sdg")
    write(guest, plain, f"{WORD}-plain", 1)
    write(guest, secret, f"{WORD}-secret", 1)
    checks.same("what is written to a plain volume lies in its file in clear", in_clear(f"{WORD}-plain"),
                [f"volumes/{plain}.qcow2"])
    taken = snapshot(secret)
    write(guest, secret, f"{WORD}-secret", 2)
    copy = create(guest, SnapshotId=taken)
    attach(guest, copy, "/dev/sdh")
    lines = [holds(guest, copy, f"{WORD}-secret", 1) != "0", holds(guest, copy, f"{WORD}-secret", 2) != "0",
             describe_volume(ec2, copy)["Encrypted"]]
    checks.same("a volume of a snapshot under the guest holds what was written before it, and is encrypted",
                lines, [True, False, True])
    write(guest, copy, f"{WORD}-secret", 3)
    checks.same("what is written to encrypted volumes is in clear nowhere", in_clear(f"{WORD}-secret"), [])
    return plain, secret, copy, taken


def goes_on(guest, secret, copy, taken):
    """Layers of running guests, merged and grown."""
    second = snapshot(secret)
    write(guest, secret, f"{WORD}-secret", 4)
    third = snapshot(secret)
    checks.same("two more snapshots, and four layers", len(layers(secret)), 4)
    ec2.delete_snapshot(SnapshotId=second)
    ec2.delete_snapshot(SnapshotId=third)
    until("layers are merged under the guest", lambda: len(layers(secret)) == 3)
    ec2.modify_volume(VolumeId=secret, Size=2)
    until("it is larger", lambda: describe_volume(ec2, secret)["Size"] == 2)
    checks.same("it grows, and holds what was written before and after its snapshots",
                [guest.run(f"blockdev --getsize64 {disk(secret)}")] +
                [holds(guest, secret, f"{WORD}-secret", mib) != "0" for mib in (1, 2, 4)],
                [str(2 << 30), True, True, True])
    detach(copy)
    detach(secret)
    ec2.delete_snapshot(SnapshotId=taken)
    until("at rest its layers are as few as can be", lambda: len(layers(secret)) + len(layers(copy)) == 3)
    ec2.modify_volume(VolumeId=copy, Size=2)
    until("one that nobody has grows too", lambda: describe_volume(ec2, copy)["Size"] == 2)
    attach(guest, secret, "/dev/sdg")
    attach(guest, copy, "/dev/sdh")
    checks.same("merged at rest, both hold what is theirs",
                [holds(guest, secret, f"{WORD}-secret", mib) != "0" for mib in (1, 2, 3, 4)] +
                [holds(guest, copy, f"{WORD}-secret", mib) != "0" for mib in (1, 2, 3, 4)],
                [True, True, False, True, True, False, True, False])


def becomes_encrypted(guest, plain):
    """An unencrypted snapshot, copied: when nothing in clear keeps the data any more, none is in clear."""
    origin = snapshot(plain)
    made = completed(ec2.copy_snapshot(SourceRegion=ec2.meta.region_name, SourceSnapshotId=origin,
                                       Encrypted=True)["SnapshotId"])
    found = ec2.describe_snapshots(SnapshotIds=[made])["Snapshots"][0]
    checks.ok("a snapshot in clear has a copy that is encrypted", found["Encrypted"] and "KmsKeyId" in found, found)
    detach(plain)
    ec2.delete_snapshot(SnapshotId=origin)
    ec2.delete_volume(VolumeId=plain)
    until("nothing of it is left in clear", lambda: not in_clear(f"{WORD}-plain"))
    volume = create(guest, SnapshotId=made)
    attach(guest, volume, "/dev/sdf")
    checks.ok("and what is made of the copy holds all of it", holds(guest, volume, f"{WORD}-plain", 1) != "0")
    detach(volume)


def root_stays_encrypted(guest):
    root = describe(ec2, guest.id)["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    checks.ok("the guest runs from an encrypted root volume", describe_volume(ec2, root)["Encrypted"])
    guest.run(f"echo {WORD}-root >/root/word; sync")
    ec2.stop_instances(InstanceIds=[guest.id])
    wait_state(ec2, guest.id, "stopped")
    checks.same("what it wrote there is in clear nowhere", in_clear(f"{WORD}-root"), [])
    ec2.start_instances(InstanceIds=[guest.id])
    wait_state(ec2, guest.id, "running")
    until("it is there again", lambda: guest.run("cat /root/word") == f"{WORD}-root")


def opened(server):
    """The keys of all disks, as the database and the server's key have them."""
    rows = sqlite3.connect(f"file:{STATE}/croft.db?mode=ro", uri=True).execute("SELECT id, wrapped FROM disk_key")
    key = HKDF(hashes.SHA256(), 32, None, b"croft disk key").derive(server)
    wrapped = [(name, base64.b64decode(text.removeprefix("v1:"))) for name, text in rows]
    return [AESGCM(key).decrypt(text[:12], text[12:], name.encode()) for name, text in wrapped]


def keys_are_nowhere(lines):
    """Of a secret that QEMU gets, and libvirt keeps none."""
    with open(os.path.join(STATE, "server.key"), "rb") as file:
        server = file.read()
        checks.same("the server's key is its owner's alone", os.fstat(file.fileno()).st_mode & 0o777, 0o600)
    checks.same("libvirt has no secret left", output("virsh", "-q", "secret-list").strip(), "")
    lines.over.set()
    lines.join()
    keyed = [line for line in lines.seen if b"secret,id=key,file=/dev/stdin" in line]
    checks.ok("qemu-img was seen with a key that comes by a pipe", len(keyed) > 0)
    keys = opened(server)
    checks.ok("the server's key opens those of disks", len(keys) >= 3, len(keys))
    told = [line for line in lines.seen for key in keys + [server.hex().encode()]
            if key in line or base64.b64encode(key) in line]
    checks.same("no command line has had a key", told, [])
    found = set()
    read = 0
    for where in (LAB, "/var/log", "/etc/libvirt"):
        for path in glob.glob(os.path.join(where, "**"), recursive=True):
            if os.path.isfile(path) and not path.endswith((".qcow2", ".img", "server.key")):
                with open(path, "rb") as file:
                    text = file.read()
                read += 1
                found |= {path for key in keys + [server] + [server.hex().encode()]
                          if key in text or base64.b64encode(key) in text}
    checks.ok("no log and no other file has one", read > 3 and not found, found)


def main():
    lines = CommandLines()
    lines.start()
    guest = Guest()
    wait_state(ec2, guest.id, "running")
    guest.run("sync")  # of its first boot, too
    with checks.part("written and copied"):
        plain, secret, copy, taken = never_in_clear(guest)
    with checks.part("merged and grown"):
        goes_on(guest, secret, copy, taken)
    with checks.part("a copy of what was in clear"):
        becomes_encrypted(guest, plain)
    with checks.part("the root"):
        root_stays_encrypted(guest)
    with checks.part("keys"):
        keys_are_nowhere(lines)
    with checks.part("the end"):
        guest.end()
    checks.finish()


main()
