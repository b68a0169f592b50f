#!/usr/bin/python3 -B
# area: launch
# lab: own
# timeout: 600
"""Launches that cannot succeed, and files that are images and files that are none.

In a lab of its own, over whose disks and emulator it mounts other things. Nothing here waits for a
guest to boot: the images are small ones that have no system on them.
"""
import contextlib
import os
import re
import subprocess
import tempfile

from botocore.exceptions import ClientError

from guests import (Checks, ec2_client, enter_own_lab, output, qemu_pid, run, until, wait_state)
import leftovers

enter_own_lab("--config", "instance_type=lab.tiny 1 128")

STATE = os.path.join(os.environ["CROFT_LAB"], "state")
EMULATOR = "/usr/bin/qemu-system-x86_64"
checks = Checks()
ec2 = ec2_client()


def left_of(instance_id):
    """What is still on the machine of an instance that is said to be terminated."""
    pid = qemu_pid(instance_id)
    return leftovers.of_disks(STATE) + leftovers.of_guests() + leftovers.of_networks() + ([str(pid)] if pid else [])


def launch(image):
    return ec2.run_instances(ImageId=image, InstanceType="lab.tiny", MinCount=1, MaxCount=1)[
        "Instances"][0]["InstanceId"]


def cannot_start(image, what, cause):
    """A launch that ends terminated, with a reason that matches `cause`, and leaves nothing."""
    instance_id = launch(image)
    found = wait_state(ec2, instance_id, "terminated", "running", limit=90)
    reason = found.get("StateReason", {})
    checks.same(f"{what}: the instance becomes terminated", found["State"]["Name"], "terminated")
    checks.ok(f"{what}: its state reason names the cause",
              reason.get("Code", "").startswith("Server.")
              and re.search(cause, reason.get("Message", "")), reason)
    checks.note(reason.get("Message", "no state reason"))
    checks.same(f"{what}: nothing is left", left_of(instance_id), [])


def is_refused(image, code):
    try:
        checks.ok(f"a launch without room is refused: {code}", False, launch(image))
    except ClientError as error:
        checks.same("a launch without room is refused", error.response["Error"]["Code"], code)


@contextlib.contextmanager
def mounted(*argv):
    """Over a path of the lab, whose mount namespace croftd and libvirtd share with this test."""
    output("mount", *argv)
    try:
        yield
    finally:
        output("umount", argv[-1])


def disk(room, name):
    """One with so much room over a directory of the state, whose owner's it is as that was."""
    place = os.path.join(STATE, name)
    was = os.stat(place)
    return mounted("-t", "tmpfs", "-o", f"{room},mode={was.st_mode & 0o7777:o},uid={was.st_uid},gid={was.st_gid}",
                   "tmpfs", place)


def launches_that_fail(image):
    with checks.part("disk too small"), disk("size=128k", "volumes"):
        is_refused(image, "InsufficientVolumeCapacity")
    # Room as far as one can see, and none for a file.
    with checks.part("disk full"), disk("size=16g,nr_inodes=1", "volumes"):
        cannot_start(image, "no room for the volume", "No space left|room|disk is full")
    with checks.part("disk full at the seed"), disk("size=8k", "instances"):
        cannot_start(image, "no room for the seed", "No space left|room|disk is full")
    with checks.part("QEMU missing"):
        with mounted("--bind", "/dev/null", EMULATOR):
            cannot_start(image, "QEMU missing", "(?i)emulator|qemu")
    with checks.part("a good launch"):
        # The same launch once the causes are gone; this also shows what left_of() finds.
        instance_id = launch(image)
        found = wait_state(ec2, instance_id, "running", "terminated", limit=90)
        checks.same("with room and with QEMU: the same launch runs", found["State"]["Name"],
                    "running")
        left = left_of(instance_id)
        checks.ok("and what it is made of is found", len(left) >= 8, left)
        ec2.terminate_instances(InstanceIds=[instance_id])
        wait_state(ec2, instance_id, "terminated")
        checks.same("terminated: nothing is left", left_of(instance_id), [])


# --- images -----------------------------------------------------------------------------------

def add(path, name):
    return run("croft", "image", "add", path, "--name", name)


def make_images(folder):
    """The same small disk in all formats: 8 MiB with a boot sector's signature."""
    raw = os.path.join(folder, "disk.raw")
    with open(raw, "wb") as file:
        file.write(bytes(510) + b"\x55\xaa" + os.urandom(1 << 20))
        file.truncate(8 << 20)
    paths = {"raw": raw}
    for name in ("qcow2", "vmdk"):
        paths[name] = os.path.join(folder, "disk." + name)
        output("qemu-img", "convert", "-O", name, raw, paths[name])
    for name, tool in (("qcow2.xz", "xz"), ("raw.gz", "gzip")):
        paths[name] = os.path.join(folder, "disk." + name)
        with open(paths[name], "wb") as file:
            subprocess.run([tool, "-1", "-c", paths[name.partition(".")[0]]], stdout=file,
                           check=True, stdin=subprocess.DEVNULL, timeout=60)
    return paths


def images_that_are(folder):
    for kind, path in make_images(folder).items():
        with checks.part(kind):
            done = add(path, "of-" + kind)
            image = (re.findall(r"ami-[0-9a-f]{17}", done.stdout) or [""])[0]
            if not checks.ok(f"image add takes {kind}", done.returncode == 0 and image,
                             done.stdout + done.stderr):
                continue
            found = ec2.describe_images(ImageIds=[image])["Images"][0]
            layer = os.path.join(STATE, "images", image + ".qcow2")
            same = run("qemu-img", "compare", "-f", "qcow2", "-F", "raw", layer,
                       os.path.join(folder, "disk.raw"))
            checks.ok(f"{kind}: it is available and holds the same disk",
                      found["State"] == "available" and same.returncode == 0,
                      f"{found['State']} {same.stdout}{same.stderr}")
            made.setdefault("image", image)


made = {}


def images_that_are_not(folder):
    """Refused with a sentence; nothing of them stays but, at most, the row that says why."""
    wrong = {"text": b"This is no disk.\n" * 100, "empty": b"",
             "a header alone": b"QFI\xfb\x00\x00\x00\x03",
             "a damaged .xz": b"\xfd7zXZ\x00" + os.urandom(4096),
             "text in .gz": None}
    for kind, content in wrong.items():
        path = os.path.join(folder, "wrong")
        if content is None:
            content = subprocess.run(["gzip", "-c"], input=b"no disk either\n" * 50, check=True,
                                     stdout=subprocess.PIPE, timeout=60).stdout
        with open(path, "wb") as file:
            file.write(content)
        refuse(path, kind)
    backed = os.path.join(folder, "backed.qcow2")
    output("qemu-img", "create", "-q", "-f", "qcow2", "-b", "/etc/passwd", "-F", "raw", "-u",
           backed, "8M")
    refuse(backed, "a qcow2 that points to another file")


def refuse(path, kind):
    with checks.part(kind):
        before = sorted(os.listdir(os.path.join(STATE, "images")))
        done = add(path, "wrong-" + re.sub("[^a-z0-9]", "-", kind))
        checks.ok(f"image add refuses {kind}, in a sentence",
                  done.returncode not in (0, -11, -6) and len(done.stderr.split()) >= 4,
                  f"{done.returncode} {done.stdout}{done.stderr}")
        until("the upload is gone", lambda: not os.listdir(os.path.join(STATE, "uploads")), 20)
        checks.same(f"{kind}: no layer and no upload stays",
                    sorted(os.listdir(os.path.join(STATE, "images"))), before)


def main():
    with tempfile.TemporaryDirectory(prefix="images.", dir=os.environ["CROFT_LAB"]) as folder:
        images_that_are(folder)
        images_that_are_not(folder)
    with checks.part("launches"):
        launches_that_fail(made["image"])


main()
checks.finish()
