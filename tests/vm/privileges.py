#!/usr/bin/python3 -B
# area: trust
# timeout: 900
"""What croftd, croft-netd and croft-metadata may do, seen in the running daemons; and a guest's life with a croftd that is nobody:
console, volume, snapshot, a stop, and both daemons ended and started under it."""
import os
import socket

from guests import (Checks, Key, base_image, describe, ec2_client, log_in, output, qemu_pid, until, wait_state,
                    wait_volume)

LAB = os.environ["CROFT_LAB"]
DOOR = "/run/croft/netd.sock"
METADATA_DOOR = "/run/croft/metadata.sock"
# CAP_… numbers (linux/capability.h).
NETD_MAY = {"CHOWN": 0, "KILL": 5, "SETGID": 6, "SETUID": 7, "SETPCAP": 8, "NET_BIND_SERVICE": 10, "NET_ADMIN": 12,
            "NET_RAW": 13, "SYS_PTRACE": 19, "SYS_ADMIN": 21}

checks = Checks()
ec2 = ec2_client()


def status(name):
    """What /proc says of the daemon."""
    pid = output(os.path.join(LAB, name), "pid").strip()
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return {key: value.split() for key, value in (line.split(":", 1) for line in file)}


def daemons():
    croftd, netd, metadata = status("croftd"), status("croft-netd"), status("croft-metadata")
    checks.ok("croftd is not root, and neither are its groups", "0" not in croftd["Uid"] + croftd["Gid"] + croftd["Groups"],
              croftd["Uid"])
    for kind in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
        checks.same(f"croftd has no capability ({kind})", int(croftd[kind][0], 16), 0)
    allowed = sum(1 << number for number in NETD_MAY.values())
    for kind in ("CapEff", "CapPrm", "CapBnd"):
        checks.same(f"croft-netd has those of the table alone ({kind})", int(netd[kind][0], 16), allowed)
    checks.ok("croft-metadata is a third user, in no group of Croft's",
              len({one["Uid"][0] for one in (croftd, netd, metadata)}) == 3
              and not set(croftd["Gid"] + croftd["Groups"] + ["0"]) & set(metadata["Gid"] + metadata["Groups"]),
              metadata["Uid"] + metadata["Groups"])
    for kind in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
        checks.same(f"croft-metadata has no capability ({kind})", int(metadata[kind][0], 16), 0)
    for name, found in (("croftd", croftd), ("croft-netd", netd), ("croft-metadata", metadata)):
        checks.same(f"{name} gets no new privileges", found["NoNewPrivs"], ["1"])
        checks.same(f"{name} has a filter of system calls", found["Seccomp"], ["2"])


def as_user(uid, gid, what):
    """Does it in a child that is this user; True when it was refused."""
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(gid)
            os.setuid(uid)
            what()
            os._exit(0)
        except PermissionError:
            os._exit(1)
        finally:
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1


def knock(path=DOOR):
    with socket.socket(socket.AF_UNIX) as door:
        door.connect(path)


def speaker():
    """croft-metadata's user has no way to what croftd has."""
    found = status("croft-metadata")
    uid, gid = int(found["Uid"][0]), int(found["Gid"][0])
    state = os.path.join(LAB, "state")
    for name in ("croft.db", "server.key", "credentials", "instances", "volumes"):
        path = os.path.join(state, name)
        checks.ok(f"croft-metadata's user cannot read {name}", os.path.exists(path) and as_user(
            uid, gid, lambda of=path: os.close(os.open(of, os.O_RDONLY))))
    checks.ok("nor make a file beside it",
              as_user(uid, gid, lambda: os.close(os.open(os.path.join(state, "new"), os.O_CREAT | os.O_WRONLY))))
    for path in ("/run/croft/croft.sock", DOOR, METADATA_DOOR, "/run/libvirt/libvirt-sock"):
        checks.ok(f"nor connect to {path}", os.path.exists(path) and as_user(uid, gid, lambda of=path: knock(of)))


def door():
    croft = status("croftd")
    uid, gid = int(croft["Uid"][0]), int(croft["Gid"][0])
    checks.ok("another user is not let in at croft-netd's door", as_user(65534, 65534, knock))
    checks.ok("a member of the group croft is not, either", as_user(65534, gid, knock))
    os.chmod(DOOR, 0o666)  # were the door open, who knocks is still looked at
    with socket.socket(socket.AF_UNIX) as one:
        child = os.fork()
        if child == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            one.connect(DOOR)
            one.settimeout(10)
            os._exit(0 if one.recv(1) == b"" else 3)
        checks.same("and gets no answer there", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)
    os.chmod(DOOR, 0o600)
    checks.ok("croftd cannot take the place of croft-netd's files",
              as_user(uid, gid, lambda: os.rename("/run/croft/network", "/run/croft/elsewhere")))
    with socket.socket(socket.AF_UNIX) as one:  # not a request of this build
        one.connect(DOOR)
        one.sendall(b"\xff" * 4096)
        one.settimeout(10)
        try:
            said = one.recv(1)
        except ConnectionResetError:
            said = b""
        checks.same("what is no request is not answered", said, b"")


def guest():
    made = ec2.create_key_pair(KeyName="privileges", KeyType="ed25519")
    key = Key("privileges", made["KeyMaterial"])
    group = ec2.create_security_group(GroupName="privileges", Description="ssh")["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="0.0.0.0/0")
    one = ec2.run_instances(ImageId=base_image(), InstanceType="t2.micro", KeyName="privileges",
                            SecurityGroupIds=[group], MinCount=1, MaxCount=1)["Instances"][0]
    try:
        life(key, one["InstanceId"], one["Placement"]["AvailabilityZone"])
    finally:
        ec2.terminate_instances(InstanceIds=[one["InstanceId"]])
        wait_state(ec2, one["InstanceId"], "terminated")
        ec2.delete_security_group(GroupId=group)
        ec2.delete_key_pair(KeyName="privileges")
        key.remove()


def life(key, instance, zone):
    def run(command):
        return log_in(key, describe(ec2, instance)["PublicIpAddress"], f"sudo sh -ec '{command}'").strip()

    wait_state(ec2, instance, "running")
    checks.same("a guest boots and lets its owner in", run("id -u"), "0")
    user = open(f"/proc/{qemu_pid(instance)}/status", encoding="ascii").read()
    checks.ok("its QEMU is a third user", "\nUid:\t0\t" not in user)
    checks.ok("its console log is read, which root alone may open",
              until("its login prompt", lambda: "login:" in ec2.get_console_output(
                  InstanceId=instance, Latest=True).get("Output", "")))

    output(os.path.join(LAB, "croft-netd"), "kill")
    checks.same("croft-netd killed, the guest notices nothing", run("echo there"), "there")
    output(os.path.join(LAB, "croft-netd"), "start")
    output(os.path.join(LAB, "croftd"), "restart")
    checks.same("nor when both have been started again", run("echo there"), "there")
    curl = "curl -sf --retry 20 --retry-delay 1 --retry-all-errors"  # croftd's sockets are gone while it is
    asked = (f"{curl} -H \"X-aws-ec2-metadata-token: $({curl} -X PUT -H \"X-aws-ec2-metadata-token-ttl-seconds: 60\" "
             "http://169.254.169.254/latest/api/token)\" http://169.254.169.254/latest/meta-data/instance-id")
    checks.same("the metadata service answers in its namespace", run(asked), instance)
    before = output(os.path.join(LAB, "croft-metadata"), "pid")
    output(os.path.join(LAB, "croft-metadata"), "kill")
    checks.same("croft-metadata killed, the guest notices nothing", run("echo there"), "there")
    output(os.path.join(LAB, "croft-metadata"), "start")
    checks.ok("another one is there", output(os.path.join(LAB, "croft-metadata"), "pid") != before)
    checks.same("and serves the guest", run(asked), instance)
    output(os.path.join(LAB, "croft-metadata"), "restart")
    checks.same("restarted, it does again", run(asked), instance)
    output(os.path.join(LAB, "croftd"), "kill")
    output(os.path.join(LAB, "croftd"), "start")
    checks.same("and it finds a croftd that was killed and started", run(asked), instance)

    volume = ec2.create_volume(Size=1, AvailabilityZone=zone, VolumeType="gp2")["VolumeId"]
    wait_volume(ec2, volume, "available")
    ec2.attach_volume(VolumeId=volume, InstanceId=instance, Device="/dev/sdf")
    wait_volume(ec2, volume, "attached")
    disk = f"/dev/disk/by-id/virtio-{volume.replace('-', '')}"
    run(f"udevadm settle; test -b {disk}; mkfs.ext4 -q {disk}; mount {disk} /mnt; echo kept >/mnt/mark; sync")
    for turn in ("one snapshot", "and another"):
        snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
        until(turn, lambda of=snapshot: ec2.describe_snapshots(SnapshotIds=[of])["Snapshots"][0]["State"] in (
            "completed", "error"), 60)
        checks.same(f"{turn} is made of a disk that is written to",
                    ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"][0]["State"], "completed")
        ec2.delete_snapshot(SnapshotId=snapshot)
    run("umount /mnt; echo umounted")
    ec2.stop_instances(InstanceIds=[instance])
    wait_state(ec2, instance, "stopped")
    ec2.start_instances(InstanceIds=[instance])
    wait_state(ec2, instance, "running")
    checks.same("stopped and started, what it wrote is there", run(f"mount {disk} /mnt; cat /mnt/mark"), "kept")
    owners = output("find", os.path.join(LAB, "state", "volumes"), "-type", "f", "!", "-user", "croft")
    checks.same("all disks are croftd's own, for the next change", owners, "")


with checks.part("daemons"):
    daemons()
with checks.part("door"):
    door()
with checks.part("speaker"):
    speaker()
with checks.part("guest"):
    guest()
checks.finish()
