#!/usr/bin/python3 -B
# area: disks
# config: storage=files
# timeout: 300
"""Images in and out of buckets: imported from all formats, exported, read back byte for byte; and what is hostile."""
import gzip
import io
import os
import random
import struct
import subprocess
import tarfile
import time
import unittest

from client import call, client, daemon, refusal, tap, until

CROFT = os.path.join(os.environ["CROFT_BUILD"], "cmd/croft/croft")
STATE = os.path.join(os.environ["CROFT_LAB"], "state")
BUCKETS = os.path.join(STATE, "buckets")
BUCKET = "a-bucket"
SIZE = 3 << 20
READY = {"Delay": 1, "MaxAttempts": 60}


def qemu_img(*args):
    return subprocess.run(["qemu-img", *args], check=True, capture_output=True, text=True).stdout


def place(name):
    return os.path.join(BUCKETS, BUCKET, name)


def disk(seed, size=SIZE, boots=True):
    """Bytes of a disk: some that are there, some that are holes."""
    data = bytearray(size)
    data[size // 3:size // 3 + 70000] = random.Random(seed).randbytes(70000)
    data[-5000:] = random.Random(seed + 1).randbytes(5000)
    if boots:
        data[510:512] = b"\x55\xaa"
    return bytes(data)


def setUpModule():
    global ec2
    ec2 = client()
    os.makedirs(os.path.join(BUCKETS, BUCKET))


def made_files():
    """Everything that imports and exports may leave behind."""
    return {os.path.join(room, name) for room in ("images", "uploads", "volumes")
            for name in os.listdir(os.path.join(STATE, room))}


def gone(before):
    until(lambda: made_files() <= before, what=f"that nothing is left but {before}")


def write(name, data):
    with open(place(name), "wb") as file:
        file.write(data)
    return name


def source(name, kind=None):
    return {"UserBucket": {"S3Bucket": BUCKET, "S3Key": name}, **({"Format": kind} if kind else {})}


def image_task(id):
    return ec2.describe_import_image_tasks(ImportTaskIds=[id])["ImportImageTasks"][0]


def snapshot_task(id):
    return ec2.describe_import_snapshot_tasks(ImportTaskIds=[id])["ImportSnapshotTasks"][0]["SnapshotTaskDetail"]


def export_task(id):
    return ec2.describe_export_image_tasks(ExportImageTaskIds=[id])["ExportImageTasks"][0]


def over(task, id):
    return until(lambda: (lambda t: t if t["Status"] not in ("active", "deleting") else None)(task(id)),
                 what=f"the end of {id}")


def import_image(name, kind=None, **more):
    """The task at its end."""
    made = ec2.import_image(DiskContainers=[source(name, kind)], **more)
    return over(image_task, made["ImportTaskId"])


def import_snapshot(name, kind=None, **more):
    made = ec2.import_snapshot(DiskContainer=source(name, kind), **more)
    return over(snapshot_task, made["ImportTaskId"])


def export(image, kind, prefix="out/"):
    """The path of the exported file, and the task."""
    made = ec2.export_image(ImageId=image, DiskImageFormat=kind,
                            S3ExportLocation={"S3Bucket": BUCKET, "S3Prefix": prefix})
    task = over(export_task, made["ExportImageTaskId"])
    return place(f"{prefix}{task['ExportImageTaskId']}.{kind.lower()}"), task


def raw_of(path, kind):
    """The bytes of the disk that a file of a format is."""
    qemu_img("convert", "-f", kind, "-O", "raw", path, path + ".raw")
    with open(path + ".raw", "rb") as file:
        data = file.read()
    os.remove(path + ".raw")
    return data


def drop(image):
    devices = ec2.describe_images(ImageIds=[image])["Images"][0]["BlockDeviceMappings"]
    ec2.deregister_image(ImageId=image)
    for device in devices:
        ec2.delete_snapshot(SnapshotId=device["Ebs"]["SnapshotId"])


def ova(path, members):
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as out:
        for name, data in members:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            out.addfile(member, io.BytesIO(data))


class Whole(unittest.TestCase):
    maxDiff = None

    def test_every_format_comes_in_and_the_same_bytes_go_out(self):
        before = made_files()
        for number, (kind, asked) in enumerate([("raw", "RAW"), ("qcow2", "QCOW2"), ("vmdk", "VMDK"),
                                                ("vpc", "VHD"), ("vhdx", "vhdx"), ("ova", "OVA"), ("raw", None)]):
            with self.subTest(kind=kind, asked=asked):
                data = disk(number)
                write("disk.raw", data)
                name = f"disk-{number}.{kind}"
                if kind == "ova":
                    qemu_img("convert", "-f", "raw", "-O", "vmdk", "-o", "subformat=streamOptimized",
                             place("disk.raw"), place("disk.vmdk"))
                    with open(place("disk.vmdk"), "rb") as file:
                        ova(place(name), [("it.ovf", b"<Envelope/>"), ("it.vmdk", file.read())])
                else:
                    qemu_img("convert", "-f", "raw", "-O", kind, *(["-o", "force_size=on"] if kind == "vpc" else []),
                             place("disk.raw"), place(name))
                task = import_image(name, asked, Description="of a test", Architecture="x86_64")
                self.assertEqual((task["Status"], task.get("StatusMessage")), ("completed", None), task)
                image = ec2.describe_images(ImageIds=[task["ImageId"]])["Images"][0]
                self.assertEqual(
                    (image["Name"], image["State"], image["Description"], image["RootDeviceName"]),
                    (task["ImportTaskId"], "available", "of a test", "/dev/sda1"))
                ebs = image["BlockDeviceMappings"][0]["Ebs"]
                self.assertEqual((ebs["VolumeSize"], ebs["SnapshotId"]),
                                 (1, task["SnapshotDetails"][0]["SnapshotId"]))
                for out, format in ("RAW", "raw"), ("VMDK", "vmdk"), ("VHD", "vpc"):
                    path, done = export(task["ImageId"], out)
                    self.assertEqual(done["Status"], "completed", done)
                    self.assertEqual(raw_of(path, format)[:len(data)], data)
                    self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
                    os.remove(path)
                drop(task["ImageId"])
        gone(before)

    def test_an_imported_snapshot_becomes_a_volume_and_an_image(self):
        before = made_files()
        write("data.raw", data := disk(50, boots=False))  # not even a partition table
        made = ec2.import_snapshot(DiskContainer=source("data.raw", "RAW"), Description="mine", TagSpecifications=[
            {"ResourceType": "import-snapshot-task", "Tags": [{"Key": "k", "Value": "v"}]}])
        self.waits(made["ImportTaskId"], 0)
        task = ec2.describe_import_snapshot_tasks(Filters=[{"Name": "task-state", "Values": ["completed"]}])[
            "ImportSnapshotTasks"]
        found = next(each for each in task if each["ImportTaskId"] == made["ImportTaskId"])
        detail = found["SnapshotTaskDetail"]
        self.assertEqual((found["Description"], found["Tags"], detail["DiskImageSize"], detail["Progress"]),
                         ("mine", [{"Key": "k", "Value": "v"}], float(SIZE), "100"))
        snapshot = ec2.describe_snapshots(SnapshotIds=[detail["SnapshotId"]], OwnerIds=["self"])["Snapshots"][0]
        self.assertEqual((snapshot["State"], snapshot["VolumeSize"], snapshot["Description"]), (
            "completed", 1, f"Created by AWS-VMImport service for {made['ImportTaskId']}"))
        volume = ec2.create_volume(SnapshotId=snapshot["SnapshotId"], AvailabilityZone="us-east-1a")["VolumeId"]
        ec2.get_waiter("volume_available").wait(VolumeIds=[volume], WaiterConfig=READY)
        whole = os.path.join(BUCKETS, "whole.raw")
        qemu_img("convert", "-U", "-f", "qcow2", "-O", "raw", os.path.join(STATE, "volumes", volume + ".qcow2"), whole)
        with open(whole, "rb") as file:
            self.assertEqual(file.read(len(data)), data)
        os.remove(whole)
        image = ec2.register_image(Name="of-an-import", RootDeviceName="/dev/xvda", BlockDeviceMappings=[
            {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot["SnapshotId"]}}])["ImageId"]
        path, done = export(image, "RAW", prefix="")
        self.assertEqual(done["Status"], "completed")
        with open(path, "rb") as file:
            self.assertEqual(file.read(len(data)), data)
        os.remove(path)
        drop(image)
        ec2.delete_volume(VolumeId=volume)
        # The images that nobody sees, which own the files of snapshots, are seen by nobody.
        self.assertFalse([each["ImageId"] for each in ec2.describe_images(Owners=["self"])["Images"]
                          if "import-snap" in each["Name"]])
        gone(before)

    def test_an_encrypted_image_of_two_disks(self):
        """The daemon is killed meanwhile; and what is in the disks is in no file of the server but the bucket's."""
        before = made_files()
        disks = [disk(110), disk(111, boots=False)]
        for number, data in enumerate(disks):
            write(f"secret-{number}.raw", data)
        made = ec2.import_image(Encrypted=True, DiskContainers=[source("secret-0.raw", "RAW"),
                                                                source("secret-1.raw", "RAW")])["ImportTaskId"]
        daemon("kill")
        daemon("start")
        task = over(image_task, made)
        self.assertEqual((task["Status"], task["Encrypted"]), ("completed", True), task)
        image = ec2.describe_images(ImageIds=[task["ImageId"]])["Images"][0]
        self.assertEqual([(each["DeviceName"], each["Ebs"]["Encrypted"]) for each in image["BlockDeviceMappings"]],
                         [("/dev/sda1", True), ("/dev/sdf", True)])
        files = made_files() - before
        self.assertEqual([os.path.dirname(each) for each in sorted(files)], ["volumes"] * 2)
        for each in files:
            with open(os.path.join(STATE, each), "rb") as file:
                found = file.read()
            for data in disks:
                self.assertNotIn(data[SIZE // 3:SIZE // 3 + 512], found)
        drop(task["ImageId"])
        gone(before)

    def test_the_url_of_a_bucket(self):
        write("url.raw", disk(60))
        made = ec2.import_image(DiskContainers=[{"Url": f"s3://{BUCKET}/url.raw"}])
        task = over(image_task, made["ImportTaskId"])
        self.assertEqual(task["Status"], "completed", task)
        self.assertEqual(task["SnapshotDetails"][0]["Url"], f"s3://{BUCKET}/url.raw")
        drop(task["ImageId"])


    def waits(self, id, status):
        """As botocore's waiter snapshot_imported does, which older clients have not."""
        ran = subprocess.run([CROFT, "wait", "snapshot-imported", "--import-task-ids", id], timeout=60,
                             capture_output=True, text=True, check=False)
        self.assertEqual(ran.returncode, status, ran.stderr)

    def test_a_waiter_ends_when_an_import_fails(self):
        made = ec2.import_snapshot(DiskContainer=source("no-such-file", "RAW"))["ImportTaskId"]
        over(snapshot_task, made)
        self.waits(made, 255)


class Hostile(unittest.TestCase):
    """Each is refused with the word EC2 has for it, and leaves nothing."""

    def refused(self, name, kind, words, call=import_image):
        before = made_files()
        task = call(name, kind)
        self.assertEqual(task["Status"], "deleted" if call is import_image else "error", task)
        self.assertRegex(task["StatusMessage"], words)
        self.assertNotIn("root:", task["StatusMessage"])
        self.assertNotIn("ImageId", task)
        self.assertLessEqual(made_files(), before)  # what others dropped may go meanwhile

    def test_files_that_point_elsewhere(self):
        path = place("backing.qcow2")
        qemu_img("create", "-q", "-u", "-f", "qcow2", "-b", "/etc/passwd", "-F", "raw", path, "1M")
        self.refused("backing.qcow2", "QCOW2", r"ClientError: Disk validation failed \[.*backing file")
        qemu_img("create", "-q", "-f", "qcow2", "-o", f"data_file={place('elsewhere.raw')},data_file_raw=on",
                 place("data.qcow2"), "1M")
        self.refused("data.qcow2", "QCOW2", r"ClientError: .*data in another file")
        write("flat.vmdk", b'# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\n'
                           b'createType="monolithicFlat"\nRW 8 FLAT "/etc/passwd" 0\nddb.adapterType = "ide"\n')
        self.refused("flat.vmdk", "VMDK", r"ClientError: .*description of a VMDK")
        with open(place("flat.vmdk"), "rb") as file:
            ova(place("flat.ova"), [("x.ovf", b"<Envelope/>"), ("x.vmdk", file.read())])
        self.refused("flat.ova", "OVA", r"ClientError: .*description of a VMDK")
        # A sparse extent whose own description names another file: that is never read.
        qemu_img("create", "-q", "-f", "vmdk", place("sparse.vmdk"), "1M")
        with open(place("sparse.vmdk"), "r+b") as file:
            data = file.read()
            file.seek(data.index(b"RW "))
            file.write(b'RW 8 FLAT "/etc/passwd" 0\n')
            task = import_image("sparse.vmdk", "VMDK")
            self.assertEqual(task["Status"], "completed", task)
            path, _ = export(task["ImageId"], "RAW")
            with open(path, "rb") as made:
                self.assertEqual(made.read(), bytes(1 << 20))
            os.remove(path)
            drop(task["ImageId"])
            file.seek(12)
            file.write(bytes(8))  # one that says that it is but a part
            file.flush()
            self.refused("sparse.vmdk", "VMDK", r"ClientError: .*made of, several files")

    def test_paths_that_leave_the_bucket_and_files_that_are_none(self):
        outside = os.path.join(BUCKETS, "..", "outside.raw")
        with open(outside, "wb") as file:
            file.write(disk(70))
        self.addCleanup(os.remove, outside)
        os.symlink("/etc/passwd", place("link.raw"))
        os.symlink(os.path.abspath(outside), place("disk-link.raw"))
        os.symlink("/etc", place("folder"))
        os.mkfifo(place("fifo.raw"))
        os.mknod(place("device.raw"), 0o600 | 0o020000, os.makedev(1, 5))
        for name in "link.raw", "disk-link.raw", "folder/passwd":
            self.refused(name, "RAW", r"ClientError: .*leads through a link or out of its bucket")
            self.refused(name, "RAW", r"ClientError: .*leads through a link", call=import_snapshot)
        for name in "fifo.raw", "device.raw":
            self.refused(name, "RAW", r"ClientError: .*is no plain file", call=import_snapshot)
        self.refused("missing.raw", "RAW", r"ClientError: .*there is no a-bucket/missing.raw")
        for key in "../outside.raw", "/etc/passwd", "a//b", "./a", "a/..":
            self.assertEqual(refusal(ec2.import_image, DiskContainers=[source(key, "RAW")]).code,
                             "InvalidParameterValue")
        for url in "file:///etc/passwd", "https://127.0.0.1/x", "s3://UPPER/x", "s3://bucket":
            self.assertEqual(refusal(ec2.import_image, DiskContainers=[{"Url": url}]).code, "InvalidParameterValue")

    def test_sizes_and_damage(self):
        qemu_img("create", "-q", "-f", "qcow2", place("huge.qcow2"), "1M")
        with open(place("huge.qcow2"), "r+b") as file:
            file.seek(24)
            file.write(struct.pack(">Q", 1 << 62))
        self.refused("huge.qcow2", "QCOW2", r"ClientError: .*larger than 64 TiB")
        write("cut.vhdx", b"vhdxfile" + bytes(4000))
        self.refused("cut.vhdx", "VHDX", r"ClientError: .*cannot be read as vhdx")
        write("r.raw", disk(80))
        qemu_img("convert", "-f", "raw", "-O", "vmdk", "-o", "subformat=streamOptimized", place("r.raw"),
                 place("c.vmdk"))
        with open(place("c.vmdk"), "r+b") as file:
            file.truncate(os.path.getsize(place("c.vmdk")) // 2)
        self.refused("c.vmdk", "VMDK", r"ClientError: .*(damaged or cut short|cannot be read as vmdk)")
        write("empty.raw", b"")
        self.refused("empty.raw", "RAW", r"ClientError: .*is empty", call=import_snapshot)
        write("text.raw", b"root:x:0:0\n" * 1000)
        self.refused("text.raw", "RAW", r"ClientError: .*no disk image")  # an image has to start
        with gzip.open(place("once.gz"), "wb") as file:
            file.write(disk(82))
        with open(place("once.gz"), "rb") as one, gzip.open(place("twice.gz"), "wb") as two:
            two.write(one.read())
        self.refused("twice.gz", "RAW", r"ClientError: .*packed more than once")

    def test_a_sparse_giant_takes_no_room(self):
        with open(place("giant.raw"), "wb") as file:
            file.write(disk(83, 1 << 20))
            file.truncate(8 << 40)
        task = import_snapshot("giant.raw", "RAW")
        self.assertEqual((task["Status"], task["DiskImageSize"]), ("completed", float(8 << 40)), task)
        used = sum(os.stat(os.path.join(STATE, "images", name)).st_blocks for name in os.listdir(STATE + "/images"))
        self.assertLess(used * 512, 64 << 20)
        snapshot = task["SnapshotId"]
        self.assertEqual(refusal(ec2.create_volume, SnapshotId=snapshot, AvailabilityZone="us-east-1a").code,
                         "InsufficientVolumeCapacity")
        ec2.delete_snapshot(SnapshotId=snapshot)
        os.remove(place("giant.raw"))

    def test_a_format_that_is_said_wrongly(self):
        write("really.raw", disk(81))
        self.refused("really.raw", "VMDK", r"ClientError: .*of the format raw, and not vmdk")
        self.refused("really.raw", "OVA", r"ClientError: .*no OVA")
        qemu_img("create", "-q", "-f", "qcow2", place("really.qcow2"), "1M")
        # It is never read as raw: the guest would own a qcow2 header, which names files.
        self.refused("really.qcow2", "RAW", r"ClientError: .*of the format qcow2, and not raw")
        self.refused("really.qcow2", "RAW", r"of the format qcow2, and not raw", call=import_snapshot)

    def test_tars_that_are_traps(self):
        with open(place("really.vmdk"), "wb"):
            pass
        qemu_img("create", "-q", "-f", "vmdk", "-o", "subformat=streamOptimized", place("really.vmdk"), "1M")
        with open(place("really.vmdk"), "rb") as file:
            vmdk = file.read()
        traps = {
            "none.ova": [("x.ovf", b"<Envelope/>")],
            "two.ova": [("x.ovf", b"<Envelope/>"), ("1.vmdk", vmdk), ("2.vmdk", vmdk)],
            "undescribed.ova": [("x.vmdk", vmdk)],
        }
        for name, members in traps.items():
            ova(place(name), members)
            self.refused(name, "OVA", r"ClientError: .*(must have one|no OVF)")
        with tarfile.open(place("link.ova"), "w", format=tarfile.USTAR_FORMAT) as out:
            for name, kind in ("x.ovf", tarfile.REGTYPE), ("x.vmdk", tarfile.SYMTYPE), ("../y", tarfile.LNKTYPE):
                member = tarfile.TarInfo(name)
                member.type, member.linkname = kind, "/etc/passwd"
                out.addfile(member)
        self.refused("link.ova", "OVA", r"ClientError: .*must have one")
        ova(place("cut.ova"), [("x.ovf", b"<Envelope/>"), ("x.vmdk", vmdk)])
        with open(place("cut.ova"), "r+b") as file:
            file.truncate(4096)
        self.refused("cut.ova", "OVA", r"ClientError: .*damaged or cut short")

    def test_an_export_stays_in_its_bucket_and_overwrites_nothing(self):
        write("for-export.raw", disk(90))
        image = import_image("for-export.raw")["ImageId"]
        self.addCleanup(drop, image)
        before = made_files()
        os.symlink("/tmp", place("away"))
        for prefix, words in ("away/", "ClientError"), ("for-export.raw/", "ClientError"):
            _, task = export(image, "RAW", prefix)
            self.assertEqual(task["Status"], "deleted", task)
            self.assertRegex(task["StatusMessage"], words)
        self.assertFalse([name for name in os.listdir("/tmp") if name.startswith("export-ami-")])
        for where in {"S3Bucket": "no-such-bucket"}, {"S3Bucket": BUCKET, "S3Prefix": "../"}:
            made = refusal(ec2.export_image, ImageId=image, DiskImageFormat="RAW", S3ExportLocation=where) \
                if "S3Prefix" in where else ec2.export_image(ImageId=image, DiskImageFormat="RAW",
                                                             S3ExportLocation=where)
            if "S3Prefix" in where:
                self.assertEqual(made.code, "InvalidParameterValue")
            else:
                task = over(export_task, made["ExportImageTaskId"])
                self.assertRegex(task["StatusMessage"], "ClientError: there is no such bucket")
        self.assertEqual(made_files(), before)


class Interrupted(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """A disk that takes a while: its data is random, and its format is packed."""
        cls.size = 192 << 20
        with open(place("large.raw"), "wb") as file:
            chooser = random.Random(7)
            file.write(disk(7, 1 << 20))
            for _ in range(cls.size // (1 << 20) - 1):
                file.write(chooser.randbytes(1 << 16) + bytes((1 << 20) - (1 << 16)))
        qemu_img("convert", "-f", "raw", "-O", "vmdk", "-o", "subformat=streamOptimized", place("large.raw"),
                 place("large.vmdk"))

    def begun(self):
        made = ec2.import_image(DiskContainers=[source("large.vmdk", "VMDK")])["ImportTaskId"]
        seen = []

        def moves():
            task = image_task(made)
            self.assertIn(task["Status"], ("active", "completed"), task)
            seen.append(int(task["Progress"]))
            return task["Status"] == "completed" or task.get("StatusMessage") in ("validating", "converting")
        until(moves, what="an import that has begun")
        return made

    def test_progress_moves_and_never_back(self):
        made = ec2.import_image(DiskContainers=[source("large.vmdk", "VMDK")])
        self.assertEqual((made["Status"], made["StatusMessage"], made["Progress"]), ("active", "pending", "0"))
        seen = []
        end = time.monotonic() + 120
        while time.monotonic() < end:
            task = image_task(made["ImportTaskId"])
            seen.append((int(task["Progress"]), task.get("StatusMessage")))
            if task["Status"] != "active":
                break
            time.sleep(0.02)
        self.assertEqual(task["Status"], "completed", task)
        percents = [percent for percent, _ in seen]
        self.assertEqual(percents, sorted(percents))
        self.assertGreater(len(set(percents)), 2, seen)
        drop(task["ImageId"])

    def test_a_killed_daemon_begins_again_and_leaves_nothing_half_made(self):
        before = made_files()
        made = self.begun()
        daemon("kill")
        daemon("start")
        task = over(image_task, made)
        self.assertEqual(task["Status"], "completed", task)
        path, done = export(task["ImageId"], "RAW")
        self.assertEqual(done["Status"], "completed", done)
        with open(path, "rb") as one, open(place("large.raw"), "rb") as other:
            self.assertEqual(one.read(), other.read())
        os.remove(path)
        drop(task["ImageId"])
        gone(before)

    def test_a_killed_daemon_exports_again(self):
        write("small.raw", disk(91))
        image = import_image("small.raw")["ImageId"]
        self.addCleanup(drop, image)
        made = ec2.export_image(ImageId=image, DiskImageFormat="VMDK", S3ExportLocation={"S3Bucket": BUCKET})
        daemon("kill")
        daemon("start")
        task = over(export_task, made["ExportImageTaskId"])
        self.assertEqual(task["Status"], "completed", task)
        path = place(made["ExportImageTaskId"] + ".vmdk")
        self.assertEqual(raw_of(path, "vmdk"), disk(91))
        os.remove(path)
        self.assertFalse([name for name in os.listdir(os.path.join(STATE, "uploads")) if name.endswith(".tmp")])

    def test_a_daemon_that_is_stopped_does_not_wait_for_an_import(self):
        made = self.begun()
        began = time.monotonic()
        daemon("stop")
        self.assertLess(time.monotonic() - began, 20)
        daemon("start")
        task = over(image_task, made)
        self.assertEqual(task["Status"], "completed", task)
        drop(task["ImageId"])

    def test_a_cancelled_import_ends_and_leaves_nothing(self):
        before = made_files()
        made = ec2.import_image(DiskContainers=[source("large.vmdk", "VMDK")])["ImportTaskId"]
        cancelled = ec2.cancel_import_task(ImportTaskId=made)
        self.assertEqual((cancelled["ImportTaskId"], cancelled["PreviousState"], cancelled["State"]),
                         (made, "active", "deleting"))
        task = over(image_task, made)
        self.assertEqual(task["Status"], "deleted", task)
        self.assertEqual(made_files(), before)
        self.assertEqual(refusal(ec2.cancel_import_task, ImportTaskId=made).code, "IncorrectState")


if __name__ == "__main__":
    tap.main()
