#!/usr/bin/python3 -B
# area: trust
# lab: own
# quick: no
# timeout: 180
"""What croftd has only so much of: at the bound it says so, nothing that was answered is lost, and with room again it
goes on. The table of all bounds is in docs/reliability.md; here are those that no other test drives.

The state lies on a small tmpfs of its own, which is filled to the last byte."""
import errno
import http.client
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
BUILD = os.path.realpath(os.environ.get("CROFT_BUILD", os.path.join(TREE, "build")))
sys.path.insert(0, os.path.join(TREE, "tests", "lib"))
import tap  # noqa: E402

if "CROFT_OWN_MOUNTS" not in os.environ:  # a mount namespace of our own, also for who is not root
    us = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    os.environ["CROFT_OWN_MOUNTS"] = "yes"
    os.environ["PATH"] = f"{BUILD}/cmd/croftd:{os.environ['PATH']}"
    os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", *us, sys.executable, "-B", os.path.realpath(__file__),
                          *sys.argv[1:]])
from own_croftd import Daemon  # noqa: E402

LIMIT = 30
MIB = 1 << 20
ZONE = "us-east-1a"


def until(condition, what):
    end = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come true within {LIMIT} s")
        time.sleep(0.05)


class Small(Daemon):
    """Its state is on a file system of that size."""

    def __init__(self, mib, **config):
        super().__init__(storage="files", **config)
        os.mkdir(self.state)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mib}m,mode=0711", "tmpfs", self.state], check=True)
        self.filler = os.path.join(self.state, "filler")

    def end(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait(LIMIT)
            self.process = None
        subprocess.run(["umount", self.state], check=True)
        super().end()

    def fill(self):
        """To the last byte."""
        fd = os.open(self.filler, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for size in (MIB, 4096, 1):
            try:
                while True:
                    os.write(fd, bytes(size))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
        os.close(fd)

    def make_room(self):
        os.unlink(self.filler)


def volumes(d):
    return {v["VolumeId"]: v["State"] for v in d.call("DescribeVolumes")[1]["Volumes"]}


def volume(d, token):
    return d.call("CreateVolume", AvailabilityZone=ZONE, Size=1, ClientToken=token)


class FullDisk(unittest.TestCase):
    def setUp(self):
        self.daemon = Small(24)
        self.addCleanup(self.daemon.end)
        self.daemon.start()
        self.kept, self.refused = set(), set()

    def make_keys(self, word, count):
        """The codes of refusals."""
        codes = set()
        for i in range(count):
            name = f"{word}-{i}"
            status, said = self.daemon.call("CreateKeyPair", KeyName=name, KeyType="ed25519")
            (self.kept if status == 200 else self.refused).add(name)
            if status != 200:
                codes.add((status, said["__type"], said["message"]))
        return codes

    def check(self):
        keys = {key["KeyName"] for key in self.daemon.call("DescribeKeyPairs")[1]["KeyPairs"]}
        self.assertEqual(keys, self.kept, "what was answered, and nothing that was refused")

    def wait_for_certificate(self):
        """Its path. The first start makes it, beside what it serves: a prime number takes its time."""
        path = os.path.join(self.daemon.state, "instance-identity.pem")
        until = time.monotonic() + 30
        while not os.path.isfile(path):
            self.assertLess(time.monotonic(), until)
            time.sleep(0.1)
        return path

    def test_nothing_is_lost_and_it_goes_on(self):
        d = self.daemon
        self.assertEqual(self.make_keys("before", 5), set())
        d.fill()
        refusals = self.make_keys("full", 200)
        self.assertEqual({code[:2] for code in refusals}, {(500, "InternalError")}, refusals)
        self.assertGreater(len(self.refused), 100)
        self.check()
        self.assertTrue(all("nothing was done" in message for _, _, message in refusals), refusals)
        status, said = volume(d, "one")
        self.assertEqual((status, said["__type"]), (500, "InsufficientVolumeCapacity"), said)
        status, said = d.ask("GET", "/healthz")
        self.assertEqual(status, 503, said)
        self.assertIn("database or disk is full", d.log_text())

        d.make_room()
        self.assertEqual(self.make_keys("after", 5), set())
        self.check()

    def test_a_start_on_a_full_disk(self):
        """Killed in the middle of it: what was answered is there, and it serves reads."""
        d = self.daemon
        self.wait_for_certificate()
        self.make_keys("before", 5)
        d.fill()
        self.make_keys("full", 100)
        d.stop(signal.SIGKILL)
        d.start()
        self.check()
        self.assertEqual({code[:2] for code in self.make_keys("again", 100)}, {(500, "InternalError")})
        keyless = [line for line in d.log_text().splitlines() if "no-metadata" in line and " error " in line]
        self.assertEqual(keyless, [], "the keys of the metadata service are there")
        d.make_room()
        self.assertEqual(self.make_keys("after", 5), set())
        self.check()

    def test_a_certificate_that_cannot_be_written_is_tried_again(self):
        """The one of identity documents, which the metadata service shows before it serves."""
        d = self.daemon
        path = self.wait_for_certificate()
        until = time.monotonic() + 30
        d.stop()
        os.unlink(path)
        os.makedirs(os.path.join(path, "in-the-way"))
        d.start()
        while "no-metadata" not in d.log_text():
            self.assertLess(time.monotonic(), until)
            time.sleep(0.1)
        shutil.rmtree(path)
        self.wait_for_certificate()

    def test_an_upload_is_refused_and_leaves_nothing(self):
        d = self.daemon
        status, said = self.put(bytes(MIB))
        self.assertEqual((status, said["__type"]), (400, "ResourceCountExceeded"), said)
        self.assertIn("There is no room left on the server's disk", said["message"])
        self.assertEqual(os.listdir(os.path.join(d.state, "uploads")), [])
        self.assertEqual(self.make_keys("after", 5), set())

    def put(self, data):
        link = self.daemon.connection()
        link.request("PUT", "/v1/uploads", data)
        reply = link.getresponse()
        said = json.loads(reply.read())
        link.close()
        return reply.status, said


class Descriptors(unittest.TestCase):
    def setUp(self):
        self.daemon = Daemon(storage="files")
        self.addCleanup(self.daemon.end)
        self.daemon.start()
        self.pid = self.daemon.process.pid

    def open(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def limit(self, more):
        """So many more than it has now, in the meaning of the kernel: its highest number."""
        highest = max(int(name) for name in os.listdir(f"/proc/{self.pid}/fd"))
        _, hard = resource.prlimit(self.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(self.pid, resource.RLIMIT_NOFILE, (highest + 1 + more, hard))

    def cpu(self):
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def test_who_comes_too_late_waits_and_is_served(self):
        d = self.daemon
        before, _ = resource.prlimit(self.pid, resource.RLIMIT_NOFILE)
        d.call("CreateKeyPair", KeyName="kept", KeyType="ed25519")
        self.limit(12)
        links = []
        for _ in range(60):
            link = d.connection()
            link.sock.settimeout(LIMIT)
            link.request("POST", "/v1/DescribeKeyPairs", "{}", {"Content-Type": "application/json"})
            links.append(link)
        answers, lock = [], threading.Lock()

        def read(link):
            try:
                reply = link.getresponse()
                with lock:
                    answers.append((reply.status, reply.read()))
            except (OSError, http.client.HTTPException) as error:
                with lock:
                    answers.append((0, repr(error)))
        threads = [threading.Thread(target=read, args=(link,)) for link in links]
        for thread in threads:
            thread.start()
        time.sleep(1)
        with lock:
            in_time = len(answers)
        self.assertLess(in_time, 60, "the limit was none")
        used = self.cpu()
        time.sleep(1)
        self.assertLess(self.cpu() - used, 0.5, "it spins while it waits for descriptors")
        resource.prlimit(self.pid, resource.RLIMIT_NOFILE, (before, before))
        for link in links[:in_time]:
            link.close()  # libmicrohttpd takes new ones once an old one ends
        for thread in threads:
            thread.join(LIMIT)
        self.assertEqual({status for status, _ in answers}, {200}, answers[:3])
        self.assertEqual(len(answers), 60)
        for link in links:
            link.close()
        self.assertIsNone(d.process.poll())
        self.assertEqual(d.log_text().count(" no-descriptors: "), 1)
        self.assertEqual(d.call("DescribeKeyPairs")[1]["KeyPairs"][0]["KeyName"], "kept")

    def test_a_job_without_descriptors_is_done_later(self):
        """qemu-img needs pipes; the volume is tried again and comes to be."""
        d = self.daemon
        before, _ = resource.prlimit(self.pid, resource.RLIMIT_NOFILE)
        d.call("DescribeVolumes")
        self.limit(3)
        status, said = volume(d, "while-without")
        resource.prlimit(self.pid, resource.RLIMIT_NOFILE, (before, before))
        self.assertIn(status, (200, 500), said)
        again = volume(d, "while-without")
        self.assertEqual(again[0], 200, again)
        until(lambda: set(volumes(d).values()) == {"available"}, "the volume")
        self.assertEqual(list(volumes(d)), [again[1]["VolumeId"]])


class Counts(unittest.TestCase):
    def test_uploads_at_once(self):
        """Eight; the ninth is told to try again, and can once one has ended."""
        with Daemon(storage="files") as d:
            d.start()
            links = []
            for _ in range(8):
                link = d.connection()
                link.putrequest("PUT", "/v1/uploads")
                link.putheader("Content-Length", "1000")
                link.endheaders(bytes(500))
                links.append(link)
            uploads = os.path.join(d.state, "uploads")
            until(lambda: os.path.isdir(uploads) and len(os.listdir(uploads)) == 8, "eight uploads")
            link = d.connection()
            link.request("PUT", "/v1/uploads", bytes(1000))
            reply = link.getresponse()
            said = json.loads(reply.read())
            self.assertEqual((reply.status, said["__type"]), (503, "RequestLimitExceeded"), said)
            links.pop().close()
            until(lambda: len(os.listdir(uploads)) == 7, "one upload less")

            def one_more():
                link.request("PUT", "/v1/uploads", bytes(1000))
                reply = link.getresponse()
                reply.read()
                return reply.status != 503
            until(one_more, "a place for another")
            for each in links + [link]:
                each.close()

    def test_the_launch_beyond_the_most_instances(self):
        with Daemon(storage="fake", max_instances="2") as d:
            d.start()
            head = bytearray(512)
            head[0:4], head[4:8], head[24:32], head[100:104] = b"QFI\xfb", b"\0\0\0\3", (1 << 30).to_bytes(8, "big"), b"\0\0\0\x68"
            link = d.connection()
            link.request("PUT", "/v1/uploads", bytes(head))
            upload = json.loads(link.getresponse().read())["UploadId"]
            link.close()
            status, said = d.call("RegisterImage", Name="small", ImageLocation="upload:" + upload)
            self.assertEqual(status, 200, said)
            image = said["ImageId"]
            until(lambda: d.call("DescribeImages", ImageIds=[image])[1]["Images"][0]["State"] == "available", "an image")

            def launch(n):
                return d.call("RunInstances", ImageId=image, MinCount=n, MaxCount=n, InstanceType="t3.nano")
            self.assertEqual(launch(2)[0], 200)
            status, said = launch(1)
            self.assertEqual((status, said["__type"]), (400, "InstanceLimitExceeded"), said)
            del status
            ids = [i["InstanceId"] for r in d.call("DescribeInstances")[1]["Reservations"] for i in r["Instances"]]
            self.assertEqual(len(ids), 2, "nothing of the refused one")
            d.call("TerminateInstances", InstanceIds=ids[:1])
            until(lambda: launch(1)[0] == 200, "room for another")


class Units(unittest.TestCase):
    def test_the_services_have_bounds(self):
        for name in ("croftd", "croft-netd"):
            with open(os.path.join(TREE, "packaging", f"{name}.service"), encoding="utf-8") as file:
                text = file.read()
            for key in ("LimitNOFILE", "TasksMax", "MemoryMax", "LimitCORE"):
                self.assertRegex(text, re.compile(rf"^{key}=\d+", re.M), name)


if __name__ == "__main__":
    tap.main()
