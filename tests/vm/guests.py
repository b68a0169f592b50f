"""What tests with real guests share: checks, waiting, logging in, the traces of an instance."""
import base64
import contextlib
import glob
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

import boto3
import botocore.config

HERE = os.path.dirname(os.path.realpath(__file__))
TESTS = os.path.dirname(HERE)
TREE = os.path.dirname(TESTS)
sys.path.insert(0, os.path.join(TESTS, "lib"))
import leftovers  # noqa: E402

USER = "ec2-user"
# Of one boot to a login, with four guests emulated at once beside a compiler on two cores. A boot
# alone on an idle machine takes a tenth of it.
BOOT_LIMIT = 420
# Of anything else that a daemon or a guest does.
LIMIT = 150


def enter_own_lab(*options):
    """For a test that breaks its lab: runs itself in one of its own, and ends with its status."""
    if "CROFT_LAB" not in os.environ:
        lab = os.path.join(TESTS, "lab")
        os.execv(lab, [lab, *options, "--", os.path.realpath(sys.argv[0]), *sys.argv[1:]])


class Checks:
    """Prints the checks of several threads as TAP. One that fails does not end the test."""

    def __init__(self):
        self.lock, self.count, self.failed = threading.Lock(), 0, 0
        self.began = time.monotonic()

    def ok(self, what, good, why=""):
        with self.lock:
            self.count += 1
            self.failed += not good
            print(f"{'ok' if good else 'not ok'} {self.count} - {what}")
            for line in str(why).splitlines() if not good else ():
                print("#   " + line)
            sys.stdout.flush()
        return good

    def same(self, what, found, expected):
        return self.ok(what, found == expected, f"found    {found!r}\nexpected {expected!r}")

    def skip(self, what, why):
        with self.lock:
            self.count += 1
            print(f"ok {self.count} - {what} # SKIP {why}", flush=True)

    def note(self, text):
        with self.lock:
            print(f"# {time.monotonic() - self.began:6.1f} s  {text}", flush=True)

    @contextlib.contextmanager
    def part(self, name):
        """What is raised in here is a failed check, and what follows goes on."""
        try:
            yield
        except Exception:
            self.ok(f"{name}: goes to its end", False, traceback.format_exc())

    def finish(self):
        print(f"1..{self.count}", flush=True)
        sys.exit(1 if self.failed or not self.count else 0)


def run(*argv, limit=LIMIT, text=None):
    return subprocess.run(argv, input=text or "", capture_output=True, text=True, timeout=limit,
                          check=False)


def output(*argv, limit=LIMIT, text=None):
    done = run(*argv, limit=limit, text=text)
    if done.returncode != 0:
        raise RuntimeError(f"`{' '.join(argv)}` ended with status {done.returncode}: "
                           f"{done.stdout[-500:]}{done.stderr[-1500:]}")
    return done.stdout


def until(what, look, limit=LIMIT, every=0.3):
    """What `look` returns once that is true. A test waits for nothing without a limit."""
    end = time.monotonic() + limit
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {limit} s")
        time.sleep(every)


def ec2_client():
    return boto3.client("ec2", endpoint_url=os.environ["AWS_ENDPOINT_URL"],
                        config=botocore.config.Config(retries={"total_max_attempts": 3},
                                                      read_timeout=60))


def describe(ec2, instance_id):
    return ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]


def wait_state(ec2, instance_id, *states, limit=LIMIT):
    def look():
        found = describe(ec2, instance_id)
        state = found["State"]["Name"]
        if state == "terminated" and state not in states:
            raise RuntimeError(f"{instance_id} is terminated: {found.get('StateTransitionReason')} "
                               f"{found.get('StateReason', {}).get('Message')}")
        return found if state in states else None
    return until(f"{instance_id} is {' or '.join(states)}", look, limit)


def describe_volume(ec2, volume_id):
    return ec2.describe_volumes(VolumeIds=[volume_id])["Volumes"][0]


def wait_volume(ec2, volume_id, wanted, limit=LIMIT, every=0.3):
    """`available`, or what an attachment says: `attached`. An attachment that failed is not waited for."""
    def look():
        found = describe_volume(ec2, volume_id)
        states = [each["State"] for each in found["Attachments"]] or [found["State"]]
        if wanted == "attached" and states == ["available"]:
            raise RuntimeError(f"{volume_id} was not attached")
        seen[:] = states
        return states == [wanted]

    seen = []
    try:
        until(f"{volume_id} is {wanted}", look, limit, every)
    except TimeoutError as error:
        raise TimeoutError(f"{error}: it is {seen[0]}") from None


def base_image():
    """The ImageId of the base image. tests/run has registered it in the lab that tests share; a lab
    of one's own gets it here, from the file $CROFT_BASE_IMAGE or where images/build leaves it."""
    found = os.environ.get("CROFT_BASE_IMAGE", "")
    if found.startswith("ami-") and \
            run("croft", "describe-images", "--image-ids", found).returncode == 0:
        return found
    argv = [os.path.join(TESTS, "lab.d", "add-base-image")]
    if os.path.isfile(found):
        argv.append(found)
    return output(*argv, limit=600).strip().splitlines()[-1]


class Key:
    """An ed25519 key pair made by EC2's CreateKeyPair, kept in a file for ssh."""

    def __init__(self, name, material):
        self.name, self.folder = name, tempfile.mkdtemp(
            prefix="key.", dir=os.environ["CROFT_LAB"])  # goes with the lab, if not before
        self.path = os.path.join(self.folder, "key")
        with open(self.path, "w", encoding="ascii",
                  opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(material.rstrip("\n") + "\n")

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


# --- logging in -----------------------------------------------------------------------------

SSH = ["ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no",
       "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "IdentitiesOnly=yes",
       "-o", "ServerAliveInterval=10", "-o", "ServerAliveCountMax=6"]


def ssh_argv(key, host, *options):
    return [*SSH, "-o", "ConnectTimeout=10", "-i", key.path, *options, f"{USER}@{host}"]


def log_in(key, address, command, limit=BOOT_LIMIT, patience=LIMIT):
    """What `command` prints in the guest, over plain ssh to its public address, as soon as the
    guest lets one in; one attempt takes at most `patience`. A command that fails there is an error
    at once."""
    done = None

    def look():
        nonlocal done
        try:
            with socket.create_connection((address, 22), timeout=2):
                pass
            done = run(*ssh_argv(key, address), command, limit=patience)
        except (OSError, subprocess.TimeoutExpired):
            return False
        return done.returncode != 255
    try:
        until(f"ssh {USER}@{address}", look, limit, every=0.7)
    except TimeoutError as error:
        raise TimeoutError(f"{error}: {done.stderr if done else 'no connection'}") from error
    if done.returncode != 0:
        raise RuntimeError(f"`{command}` in the guest: {done.returncode}: {done.stdout}"
                           f"{done.stderr}")
    return done.stdout


def croft_ssh(key, instance_id, command, limit=LIMIT):
    """The same through the daemon: croft ssh, its tunnel and libssh. With a home of its own, so
    that the host key it learns is nobody's."""
    done = subprocess.run(["croft", "ssh", "-i", key.path, "-l", USER, "--timeout", str(limit),
                           instance_id, "--", command], stdin=subprocess.DEVNULL,
                          timeout=limit + 20, capture_output=True, text=True, check=False,
                          env=dict(os.environ, HOME=key.folder, XDG_CONFIG_HOME="",
                                   XDG_DATA_HOME="", XDG_STATE_HOME=""))
    if done.returncode != 0:
        raise RuntimeError(f"croft ssh {instance_id}: {done.returncode}: {done.stderr}")
    return done.stdout


def reaches(address, port, limit=2.0):
    """Whether a new TCP connection from the lab's own namespace comes about."""
    try:
        with socket.create_connection((address, port), timeout=limit):
            return True
    except OSError:
        return False


# --- what there is of an instance -----------------------------------------------------------

DNS_PROBE = """
import socket, struct, sys
name = b"".join(bytes([len(p)]) + p.encode() for p in sys.argv[1].split(".")) + b"\\0"
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(3)
s.connect((sys.argv[2], 53))
s.send(struct.pack(">6H", 7, 256, 1, 0, 0, 0) + name + struct.pack(">2H", 1, 1))
print(struct.unpack(">6H", s.recv(512)[:12])[3])
"""


def qemu_pid(instance_id):
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as file:
                words = file.read().split(b"\0")
        except OSError:
            continue
        if b"qemu-system" in words[0] and any(instance_id.encode() in word for word in words):
            return int(path.split("/")[2])
    return None


class Traces:
    """Everything on this machine that belongs to one instance. Made while it runs; found() says
    which kinds of it are still there."""

    ALL = {"domain", "process", "console", "file", "tap", "route", "rule", "lease", "name"}

    def __init__(self, facts):
        nic = facts["NetworkInterfaces"][0]
        self.instance_id, self.vpc_id = facts["InstanceId"], facts["VpcId"]
        self.ids = [self.instance_id] + [mapping["Ebs"]["VolumeId"]
                                         for mapping in facts["BlockDeviceMappings"]]
        self.private, self.public = facts["PrivateIpAddress"], facts["PublicIpAddress"]
        self.name, self.mac, self.eni = facts["PrivateDnsName"], nic["MacAddress"], \
            nic["NetworkInterfaceId"]
        self.tap = ""
        for line in output("virsh", "domiflist", self.instance_id).splitlines():
            if self.mac in line:
                self.tap = line.split()[0]
        if not self.tap:
            raise RuntimeError(f"virsh knows no tap of {self.instance_id}")

    def in_vpc(self, *argv):
        return output("ip", "netns", "exec", self.vpc_id, *argv)

    def look(self):
        """Pairs of a kind and what was found of it."""
        if self.instance_id in output("virsh", "list", "--all", "--name").split():
            yield "domain", self.instance_id
        if qemu_pid(self.instance_id):
            yield "process", str(qemu_pid(self.instance_id))
        for folder, kind in ((os.path.join(os.environ["CROFT_LAB"], "state"), "file"),
                             ("/run/croft/console", "console")):
            for where, folders, files in os.walk(folder):
                for name in folders + files:
                    if any(each in name for each in self.ids):
                        yield kind, os.path.join(where, name)
        for links in (output("ip", "-o", "link"), self.in_vpc("ip", "-o", "link")):
            if self.tap in links:
                yield "tap", self.tap
        if self.public in output("ip", "route"):
            yield "route", self.public
        for text in (output("nft", "list", "ruleset"), self.in_vpc("nft", "list", "ruleset")):
            for word in (self.private, self.public, self.tap, self.mac):
                for line in leftovers.rules(text):
                    if word in line.replace(",", " ").replace('"', " ").split():
                        yield "rule", line.strip()
        # dnsmasq keeps leases in memory only, but a lease whose file is gone would still keep the
        # name answering.
        for path in glob.glob(f"/run/croft/network/{self.vpc_id}/*/*"):
            with open(path, encoding="ascii") as file:
                words = file.read().replace(",", " ").split()
            if self.mac in words or self.private in words:
                yield "lease", path
        if self.in_vpc("/usr/bin/python3", "-c", DNS_PROBE, self.name, "172.31.0.2").strip() != "0":
            yield "name", self.name

    def found(self):
        return {kind for kind, _ in self.look()}

    def check_gone(self, checks, what):
        left = sorted(f"{kind}: {thing}" for kind, thing in self.look())
        checks.same(f"{what}: terminated leaves no domain, process, file, tap, rule, route, lease, "
                    "name", left, [])

    def check_there(self, checks, what):
        """That the search finds what is there, or finding nothing later would prove nothing."""
        checks.same(f"{what}: all traces of the running instance are found", self.found(), self.ALL)


def encoded(text):
    return base64.b64encode(text.encode()).decode()
