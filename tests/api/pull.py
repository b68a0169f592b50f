#!/usr/bin/python3 -B
# area: disks
# timeout: 180
"""croft image pull, from a publisher on loopback that behaves well, badly, or as mirrors do."""
import hashlib
import http.server
import json
import os
import shutil
import subprocess
import tempfile
import threading
import unittest

from client import client, tap

CROFT = os.path.join(os.environ["CROFT_BUILD"], "cmd/croft/croft")
DISK = 3 << 20  # bytes of the file that is published


class Publisher(http.server.BaseHTTPRequestHandler):
    """GET and HEAD of `files`; `ranges`, `cut` and `moved` are how it behaves."""
    files, asked = {}, []
    ranges, cut, moved = True, None, {}

    def answer(self, body):
        type(self).asked.append((self.command, self.path, self.headers.get("Range")))
        path = self.path.removeprefix("http://publisher.invalid")  # when it is somebody's proxy
        if path in self.moved:
            self.send_response(302)
            self.send_header("Location", self.moved[path])
            self.end_headers()
            return
        if path not in self.files:
            self.send_error(404)
            return
        data, status = self.files[path], 200
        wanted = self.headers.get("Range", "")
        if self.ranges and wanted.startswith("bytes="):
            at = int(wanted[6:].rstrip("-"))
            if at >= len(data):
                self.send_error(416)
                return
            status, data = 206, data[at:]
        self.send_response(status)
        if status == 206:
            self.send_header("Content-Range", f"bytes {at}-{at + len(data) - 1}/{at + len(data)}")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Last-Modified", "Sat, 14 Nov 2026 10:00:00 GMT")
        self.end_headers()
        try:
            if body:
                self.wfile.write(data[:self.cut] if self.cut and path.endswith(".qcow2") else data)
        except ConnectionError:
            pass  # it does not want a whole file where it asked for a part

    def do_GET(self):
        self.answer(True)

    def do_HEAD(self):
        self.answer(False)

    def log_message(self, *_):
        pass


def setUpModule():
    global home, server, url, disk, ec2
    home = tempfile.mkdtemp(prefix="croft-pull.")
    unittest.addModuleCleanup(shutil.rmtree, home)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Publisher)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    unittest.addModuleCleanup(server.shutdown)
    url = f"http://127.0.0.1:{server.server_port}"
    path = os.path.join(home, "disk.qcow2")
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, "1G"], check=True)
    with open(path, "rb") as file:
        disk = file.read()
    disk += bytes(DISK - len(disk))
    ec2 = client()


class Pull(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        Publisher.files, Publisher.asked, Publisher.moved = {}, [], {}
        Publisher.ranges, Publisher.cut = True, None
        shutil.rmtree(self.downloads(), ignore_errors=True)

    @staticmethod
    def downloads():
        return os.path.join(home, ".local/share/croft/downloads")

    def kept(self):
        return sorted(os.listdir(self.downloads())) if os.path.isdir(self.downloads()) else []

    def catalog(self, **more):
        """A catalogue of one image, and its checksums and file on the publisher."""
        rows = {"name": "small", "image-name": "small-*", "architecture": "x86_64",
                "directory": url + "/os/", "checksums": "SHA256SUMS", "file": "small-*.qcow2",
                "root-device": "/dev/sda1", "user": "me", "description": "of a test", **more}
        path = os.path.join(home, "catalog")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(f"{key}  {value}\n" for key, value in rows.items())
        return path

    def publish(self, file, folder="/os/", digest=None):
        digest = digest or hashlib.sha256(disk).hexdigest()
        Publisher.files[folder + "SHA256SUMS"] = f"{digest}  {file}\n".encode()
        Publisher.files[folder + file] = disk

    def pull(self, catalog, *more, status=0, env=()):
        """What it printed; with another status what it complained of."""
        asked = {"HOME": home, "LC_ALL": "C.UTF-8", **dict(env)}
        known = {name: value for name, value in os.environ.items()
                 if name not in ("XDG_DATA_HOME", "SUDO_UID", "SUDO_GID") and "proxy" not in name.lower()}
        ran = subprocess.run([CROFT, "image", "pull", "--catalog", catalog, *more], capture_output=True,
                             stdin=subprocess.DEVNULL, text=True, timeout=60, check=False, env={**known, **asked})
        self.assertEqual(ran.returncode, status, (ran.stdout, ran.stderr))
        if status != 0:
            self.assertEqual(ran.stdout, "")
        return ran.stderr if status != 0 else ran.stdout.strip()

    def described(self, image):
        return ec2.describe_images(ImageIds=[image])["Images"][0]

    def names(self):
        return {each["Name"] for each in ec2.describe_images(Owners=["self"])["Images"]}

    def test_an_image_with_its_version_in_its_name(self):
        self.publish("small-1.2.3.qcow2")
        image = self.pull(self.catalog(), "small")
        found = self.described(image)
        self.assertEqual((found["State"], found["Name"], found["RootDeviceName"], found["Description"]),
                         ("available", "small-1.2.3", "/dev/sda1", "of a test"))
        self.assertEqual(self.kept(), [])
        Publisher.asked = []
        self.assertEqual(self.pull(self.catalog(), "small"), image)  # there already
        self.assertNotIn(("GET", "/os/small-1.2.3.qcow2", None), Publisher.asked)
        again = self.pull(self.catalog(), "small", "--name", "mine")
        self.assertEqual(self.described(again)["Name"], "mine")

    def test_an_image_of_amazon_is_found_as_in_the_guides(self):
        self.publish("amzn2-kvm-2.0.20260101.0-x86_64.xfs.gpt.qcow2", folder="/v/2.0.20260101.0/")
        # "latest" leads elsewhere, and the file is beside the checksums there.
        Publisher.moved["/os/SHA256SUMS"] = url + "/v/2.0.20260101.0/SHA256SUMS"
        catalog = self.catalog(**{"image-name": "amzn2-ami-hvm-*-x86_64-gp2", "owner-alias": "amazon",
                                  "file": "amzn2-kvm-*-x86_64.xfs.gpt.qcow2"})
        image = self.pull(catalog, "small")
        found = ec2.describe_images(Owners=["amazon"], Filters=[
            {"Name": "name", "Values": ["amzn2-ami-hvm-*-x86_64-gp2"]}])["Images"]
        self.assertEqual([(each["ImageId"], each["Name"]) for each in found],
                         [(image, "amzn2-ami-hvm-2.0.20260101.0-x86_64-gp2")])

    def test_a_file_without_a_version_is_called_after_its_day(self):
        self.publish("latest.qcow2")
        image = self.pull(self.catalog(file="latest.qcow2", **{"image-name": "daily-*"}), "small")
        self.assertEqual(self.described(image)["Name"], "daily-20261114")

    def test_what_has_another_digest_is_never_registered(self):
        before = self.names()
        self.publish("small-2.qcow2", digest="0" * 64)
        told = self.pull(self.catalog(), "small", status=1)
        self.assertIn("is not what its publisher says it is", told)
        self.assertEqual((self.kept(), self.names()), ([], before))

    def test_what_was_cut_off_goes_on_where_it_ended(self):
        self.publish("small-3.qcow2")
        Publisher.cut = 1 << 20
        self.pull(self.catalog(), "small", status=1)
        self.assertEqual(len(self.kept()), 1)
        self.assertEqual(os.path.getsize(os.path.join(self.downloads(), self.kept()[0])), 1 << 20)
        self.assertNotIn("small-3", self.names())
        Publisher.cut, Publisher.asked = None, []
        image = self.pull(self.catalog(), "small")
        self.assertIn(("GET", "/os/small-3.qcow2", f"bytes={1 << 20}-"), Publisher.asked)
        self.assertEqual(self.described(image)["State"], "available")
        self.assertEqual(self.kept(), [])

    def test_of_a_server_without_parts_it_begins_anew(self):
        self.publish("small-4.qcow2")
        Publisher.cut, Publisher.ranges = 1 << 20, False
        self.pull(self.catalog(), "small", status=1)
        Publisher.cut = None
        self.assertEqual(self.described(self.pull(self.catalog(), "small"))["State"], "available")

    def test_what_is_all_there_is_not_asked_for_again(self):
        self.publish("small-5.qcow2")
        os.makedirs(self.downloads())
        name = hashlib.sha256(disk).hexdigest()[:16] + "-small-5.qcow2"
        with open(os.path.join(self.downloads(), name), "wb") as file:
            file.write(disk)
        self.assertEqual(self.described(self.pull(self.catalog(), "small"))["State"], "available")

    def test_a_file_that_is_no_image_is_removed_again(self):
        global disk
        good, disk = disk, b"no image " * 1000
        try:
            self.publish("small-6.qcow2")
            self.assertIn("the image is failed", self.pull(self.catalog(), "small", status=1))
        finally:
            disk = good
        self.assertNotIn("small-6", self.names())

    def test_what_is_not_there_is_told(self):
        self.assertIn("/os/SHA256SUMS: the server answered 404", self.pull(self.catalog(), "small", status=1))
        self.publish("other.qcow2")
        self.assertIn("checksums name no small-*.qcow2", self.pull(self.catalog(), "small", status=1))
        self.publish("small-7.qcow2")
        del Publisher.files["/os/small-7.qcow2"]
        self.assertIn("/os/small-7.qcow2: the server answered 404",
                      self.pull(self.catalog(), "small", status=1))
        self.assertIn("the catalogue has no 'large'", self.pull(self.catalog(), "large", status=1))
        self.assertIn("the directory of small is no URL", self.pull(
            self.catalog(directory="nowhere"), "small", status=1))

    def test_the_proxy_of_the_environment_is_asked(self):
        self.publish("small-8.qcow2")
        self.pull(self.catalog(directory="http://publisher.invalid/os/"), "small",
                  env={"http_proxy": url}.items())
        self.assertIn(("GET", "http://publisher.invalid/os/small-8.qcow2", None), Publisher.asked)

    def test_the_catalogue_is_shown(self):
        ran = subprocess.run([CROFT, "image", "pull", "--output", "json"], capture_output=True, text=True,
                             timeout=60, check=True, stdin=subprocess.DEVNULL)
        names = [each["Name"] for each in json.loads(ran.stdout)]
        for family in ("debian", "ubuntu", "fedora", "rocky", "alma", "alpine", "amazon-linux-2"):
            self.assertTrue(any(name.startswith(family) for name in names), family)


if __name__ == "__main__":
    tap.main()
