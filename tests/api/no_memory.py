#!/usr/bin/python3 -B
# area: trust
# quick: no
# timeout: 300
"""No memory at each allocation of a request in turn: it is answered as ever, or refused as the server's failure, or its
connection is cut, or the daemon ends at once with a line that says why. Nothing that was answered is lost by it.

    tests/lab --hypervisor fake -- tests/api/no_memory.py [--all] [--request NAME]... [--cold] [--from-then-on]
                                                          [--sample N] [--offset N] [--jobs N]

A croftd of its own, with tests/faults preloaded. A request is asked for as it is answered with memory, and how many
allocations its worker makes for it is counted, from the connection on. Then it is asked again and again, and the Nth of
them fails, or all from the Nth on with --from-then-on: each N with --all, else some that change with the day. Then
  - an answer is the one with memory, or a failure of the server (5xx) in the form of the door; no other,
  - a daemon that has ended did so by SIGABRT, and its log has one line about memory; it never hangs, nor crashes but in
    the one library of which that is known,
  - the same request is answered as with memory afterwards, and one that changes something has happened once:
    what was answered is there, by the same id, after the next start, too.
Statements, digests and the like are made once in a daemon's life: with --cold each request is the first after a start.
"""
import argparse
import collections
import datetime
import errno
import http.client
import json
import os
import random
import re
import signal
import socket
import sys
import threading
import time
import urllib.parse

from client import FORM_TYPE, JSON_TYPE, VERSION, qcow2_head, sign, tap  # noqa: F401

from faults import FOR_EVER, KINDS, Trouble, environment, make_file
from own_croftd import Daemon, free_port, tls_connection

HANG = 20  # seconds
WORKERS = "MHD-"  # what the names of the HTTP server's threads begin with; their children inherit it
# One of these is in the log of a daemon that has ended: its own, and GMP's, which GnuTLS computes with.
NO_MEMORY = re.compile(r" error +out of memory: |GNU MP: Cannot allocate memory")
# libtasn1 4.19, by which GnuTLS writes down its signature in a handshake, takes no memory for a place to write at.
KNOWN_CRASH = "libtasn1.so"
# What differs from one answer to the next: ids, times, addresses that are given out, keys.
VARIES = [(re.compile(text), word) for text, word in (
    (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "UUID"), (r"\b([a-z]+)-[0-9a-f]{17}\b", r"\1-ID"),
    (r"\d{4}-\d\d-\d\dT[0-9:.]+Z", "TIME"), (r"\b1\d{9}(\.\d+)?\b", "TIME"), (r"\bip-\d+-\d+-\d+-\d+\b", "HOST"),
    (r"\b(172\.31|198\.1[89])\.\d+\.\d+\b", "ADDRESS"),
    (r"\bec2(-\d+){4}\b", "HOST"), (r"\"(uptime_s|disk_[a-z_]+)\":\d+", r"\1"), (r"\b\d+ (MiB of|of \d+ are free)", "SIZE"), (r"\b([0-9a-f]{2}:){5,}[0-9a-f]{2}\b", "BYTES"), (r"(?s)-----BEGIN.*?END[^\"<]*", "KEY"),
    (r"[\w+/]{43}=", "FINGERPRINT"),
    (r"\b(a|k|t|p)-\d+-\d+\b", r"\1-NUMBER"), (r"\b(AKIA|AIDA|AROA|ASIA)[A-Z2-7]{16}\b", r"\1ID"),
    (r"<(SecretAccessKey|SessionToken)>[^<]*", r"<\1>SECRET"))]


class Wrong(Exception):
    """What must not be."""


class Gone(Wrong):
    """The daemon may be ending."""


class Answer:
    def __init__(self, reply):
        self.status, self.type, self.body = reply.status, reply.headers["Content-Type"] or "", reply.read()

    def plain(self):
        text = self.body.decode()
        for pattern, word in VARIES:
            text = pattern.sub(word, text)
        return self.status, self.type, text

    def is_failure(self):
        """Of the server, in the form of a door."""
        if self.status < 500:
            return False
        text = self.body.decode()
        if "json" in self.type:
            value = json.loads(text)
            return set(value) == {"__type", "message"} and bool(value["__type"])
        return self.type.startswith("text/xml") and bool(re.search(r"<Error>.*<Code>\w+</Code>.*</Error>", text, re.S))

    def json(self):
        return json.loads(self.body)


class Bench:
    """A croftd, what its allocations do, and what it has been asked."""

    def __init__(self, tls):
        self.port, self.tls = free_port(), tls
        more = {"tls": "auto"} if tls else {}
        self.daemon = Daemon(listen=f"127.0.0.1:{self.port}", storage="files", **more)
        path = os.path.join(self.daemon.home, "faults")
        make_file(path)
        self.environment = environment(path, CROFT_FAULTS_OF=WORKERS)
        self.trouble = Trouble(path)
        self.ends, self.serial, self.log_at = 0, 0, 0
        self.kept = collections.deque(maxlen=8)  # ids of volumes that were answered and not deleted
        self.start()
        with open(os.path.join(self.daemon.state, "credentials"), encoding="utf-8") as file:
            self.key, self.secret = re.findall(r"= (\S+)", file.read())[:2]
        self.image = self.set_up()

    def start(self):
        self.daemon.start(**self.environment)
        self.log_at = os.path.getsize(self.daemon.log)

    def set_up(self):
        upload = self.unix("PUT", "/v1/uploads", qcow2_file()).json()["UploadId"]
        image = self.call("RegisterImage", Name="no-memory", ImageLocation="upload:" + upload)["ImageId"]
        self.until(lambda: self.call("DescribeImages", ImageIds=[image])["Images"][0]["State"] == "available")
        for i in range(3):
            self.call("CreateVolume", AvailabilityZone="us-east-1a", Size=1, ClientToken=f"v-{i}", TagSpecifications=[
                {"ResourceType": "volume", "Tags": [{"Key": "which", "Value": f"kept {i}"}, {"Key": "é", "Value": "<&>"}]}])
        self.until(lambda: all(v["State"] == "available" for v in self.call("DescribeVolumes")["Volumes"]))
        return image

    def until(self, condition):
        end = time.monotonic() + HANG
        while not condition():
            if time.monotonic() > end:
                raise Wrong("what was waited for did not come true")
            time.sleep(0.05)

    def remove_volume(self, volume):
        """Once it has come to rest."""
        self.until(lambda: self.call("DescribeVolumes", VolumeIds=[volume])["Volumes"][0]["State"] == "available")
        self.call("DeleteVolume", VolumeId=volume)

    # --- asking

    def ask(self, link, method, path, body, headers):
        """None: the connection was cut."""
        try:
            link.request(method, path, body, headers)
            return Answer(link.getresponse())
        except TimeoutError:
            raise Wrong(f"no answer within {HANG} s") from None
        except (OSError, EOFError, http.client.HTTPException):
            return None
        finally:
            link.close()

    def unix(self, method, path, body=None, headers=None):
        link = http.client.HTTPConnection("localhost", timeout=HANG)
        try:
            link.sock = socket.socket(socket.AF_UNIX)
            link.sock.settimeout(HANG)
            link.sock.connect(self.daemon.socket)
        except OSError:
            link.close()
            return None
        return self.ask(link, method, path, body, headers or {"Content-Type": "application/json"})

    def signed(self, body, content_type=FORM_TYPE, service="ec2", secret=None, method="POST", query="", **headers):
        headers = {"Host": f"127.0.0.1:{self.port}", "Content-Type": content_type, **headers}
        sign(method, "/", query, headers, body, key=self.key, secret=secret or self.secret, region="us-east-1", service=service)
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=HANG)
        if self.tls:
            try:
                link.sock = tls_connection(self.port, os.path.join(self.daemon.state, "tls/server.pem"), "127.0.0.1")
            except OSError:
                return None
        return self.ask(link, method, "/?" + query if query else "/", body or None, headers)

    def form(self, pairs, **more):
        return self.signed(urllib.parse.urlencode({"Version": VERSION, **pairs}).encode(), **more)

    def json(self, action, params):
        return self.unix("POST", "/v1/" + action, json.dumps(params))

    def call(self, action, **params):
        answer = self.json(action, params)
        if answer is None:
            raise Gone(f"{action} {params} is not answered")
        if answer.status != 200:
            raise Wrong(f"{action} {params}: {(answer.status, answer.body)}")
        return answer.json()

    # --- dying

    def has_ended(self, answer):
        """After a connection that was cut one has to look."""
        if answer is not None:
            return self.daemon.process.poll() is not None
        end = time.monotonic() + HANG
        while self.daemon.process.poll() is None and time.monotonic() < end:
            alive = self.unix("GET", "/health")
            if alive is not None and alive.status in (200, 503):
                return False
        if self.daemon.process.poll() is None:
            raise Wrong("it neither answers nor ends")
        return True

    def look_at_end(self):
        with open(self.daemon.log, encoding="utf-8", errors="replace") as file:
            file.seek(self.log_at)
            said = file.read()
        code = self.daemon.process.returncode
        found = [line for line in said.splitlines() if NO_MEMORY.search(line)]
        by = self.trouble.library()
        if (code == -signal.SIGSEGV or "AddressSanitizer: SEGV" in said) and by.startswith(KNOWN_CRASH) and not found:
            self.ends += 1
            return "crashed"
        if "AddressSanitizer: CHECK failed: sanitizer_" in said and by.startswith("libc.so"):
            self.ends += 1
            return "ended"  # the sanitizer itself had none, for a thread that begins
        if code != -signal.SIGABRT or len(found) != 1:
            raise Wrong(f"it ended with {code} ({by} had no memory), and its log has: {said[-6000:]}")
        self.ends += 1
        return "ended"

    def revive(self):
        """What was answered before is there."""
        self.start()
        if self.kept:
            there = {v["VolumeId"] for v in self.call("DescribeVolumes")["Volumes"]}
            if not set(self.kept) <= there:
                raise Wrong(f"{set(self.kept) - there} were made, and are gone")


def qcow2_file():
    """A disk of 1 GiB without data, with the tables that qemu-img looks for."""
    cluster = 1 << 16
    head = bytearray(qcow2_head(1).ljust(cluster, b"\0"))
    for at, value, size in ((20, 16, 4), (36, 2, 4), (40, 3 * cluster, 8), (48, cluster, 8), (56, 1, 4), (96, 4, 4)):
        head[at:at + size] = value.to_bytes(size, "big")
    table = (2 * cluster).to_bytes(8, "big").ljust(cluster, b"\0")
    counts = (b"\0\1" * 4).ljust(cluster, b"\0")
    return bytes(head) + table + counts + bytes(cluster)


# --- requests: what is asked, and what is looked at after it has been asked in trouble

class Read:
    """Changes nothing."""

    def __init__(self, name, ask, tls=False, says=None):
        self.name, self.ask, self.tls, self.says = name, ask, tls, says

    def send(self, bench):
        return self.ask(bench)

    def prepare(self, bench):
        pass

    def look(self, bench, answer):
        """What was answered is there, and what was not has happened once or not at all."""

    def again(self, bench, reference):
        """Said again it is answered as ever."""
        answer = self.send(bench)
        if answer is None:
            raise Gone("afterwards it is not answered")
        if answer.plain() != reference:
            raise Wrong(f"afterwards it is answered {answer.plain()}, not {reference}")


class Once(Read):
    """With a client token: said again it says the same."""

    def __init__(self, name, action, key, params, made, read, remove):
        super().__init__(name, None)
        self.action, self.key, self.params, self.made, self.read, self.remove = action, key, params, made, read, remove
        self.token = ""

    def prepare(self, bench):
        bench.serial += 1
        self.token = f"t-{os.getpid()}-{bench.serial}"

    def send(self, bench):
        return bench.json(self.action, {"ClientToken": self.token, **self.params(bench, self.token)})

    def look(self, bench, answer):
        again = self.send(bench)
        if again is None:
            raise Gone("said again it is not answered")
        if again.status != 200:
            raise Wrong(f"said again: {(again.status, again.body)}")
        made = self.made(again.json())
        if answer is not None and answer.status == 200 and self.made(answer.json()) != made:
            raise Wrong(f"{self.made(answer.json())} was answered, and said again it is {made}")
        there = self.read(bench, self.token)
        if there != [made]:
            raise Wrong(f"{made} was answered, and {there} is there")
        self.remove(bench, made)

    def again(self, bench, reference):
        pass  # look() has done so


def instances_by_token(bench, token):
    found = bench.call("DescribeInstances", Filters=[{"Name": "client-token", "Values": [token]}])["Reservations"]
    return [i["InstanceId"] for r in found for i in r["Instances"]]


def volumes_by_tag(bench, token):
    return [v["VolumeId"] for v in bench.call("DescribeVolumes", Filters=[{"Name": "tag:token", "Values": [token]}])["Volumes"]]


def keep_some(bench, volume):
    """Those that are let go are looked for no more."""
    if len(bench.kept) == bench.kept.maxlen:
        bench.remove_volume(bench.kept.popleft())
    bench.kept.append(volume)


class Named(Read):
    """Without a token: made under a name, and looked for by it."""

    def prepare(self, bench):
        bench.serial += 1
        self.key = f"k-{os.getpid()}-{bench.serial}"

    def __init__(self):
        super().__init__("make-key", None)
        self.key = ""

    def send(self, bench):
        return bench.form({"Action": "CreateKeyPair", "KeyName": self.key, "KeyType": "ed25519"})

    def look(self, bench, answer):
        found = bench.call("DescribeKeyPairs", Filters=[{"Name": "key-name", "Values": [self.key]}])["KeyPairs"]
        if answer is not None and answer.status == 200 and len(found) != 1:
            raise Wrong(f"{self.key} was made, and {found} is there")
        bench.call("DeleteKeyPair", KeyName=self.key)

    def again(self, bench, reference):
        super().again(bench, reference)
        bench.call("DeleteKeyPair", KeyName=self.key)


class Upload(Read):
    def __init__(self):
        super().__init__("upload", lambda bench: bench.unix("PUT", "/v1/uploads", qcow2_file()))

    def prepare(self, bench):
        folder = os.path.join(bench.daemon.state, "uploads")
        for name in os.listdir(folder):
            os.unlink(os.path.join(folder, name))

    def look(self, bench, answer):
        folder = os.path.join(bench.daemon.state, "uploads")
        if answer is not None and answer.status == 200:
            path = os.path.join(folder, answer.json()["UploadId"])
            if not os.path.exists(path):
                raise Wrong(f"an upload was answered, and is not in {os.listdir(folder)}")


class Tagged(Read):
    """Said again it changes nothing more; what was answered is there."""

    def __init__(self):
        super().__init__("tag", None)
        self.value = ""

    def prepare(self, bench):
        bench.serial += 1
        self.value = f"p-{os.getpid()}-{bench.serial}"

    def send(self, bench):
        return bench.form({"Action": "CreateTags", "ResourceId.1": bench.image, "Tag.1.Key": "t", "Tag.1.Value": self.value})

    def look(self, bench, answer):
        tags = bench.call("DescribeTags", Filters=[{"Name": "key", "Values": ["t"]}])["Tags"]
        if answer is not None and answer.status == 200 and [tag["Value"] for tag in tags] != [self.value]:
            raise Wrong(f"{self.value} was answered, and {tags} is there")


def launch_params(bench, token, **more):
    return {"ImageId": bench.image, "MinCount": 1, "MaxCount": 1, "InstanceType": "t3.nano", "TagSpecifications": [
        {"ResourceType": "instance", "Tags": [{"Key": "token", "Value": token}]}], "UserData": "IyEvYmluL3NoCg==", **more}


POLICY = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["ec2:Describe*", "ec2:RunInstances"], "Resource": "*",
     "Condition": {"StringLike": {"ec2:InstanceType": ["t3.*"]}, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}]})
FILTERS = [{"Name": "tag:which", "Values": ["kept *"]}, {"Name": "status", "Values": ["available"]}]
REQUESTS = [
    Read("read", lambda b: b.json("DescribeVolumes", {"Filters": FILTERS})),
    Read("read-signed", lambda b: b.form({
        "Action": "DescribeVolumes", "Filter.1.Name": "tag:which", "Filter.1.Value.1": "kept *", "Filter.2.Name": "size",
        "Filter.2.Value.1": "1", "MaxResults": "5"})),
    Read("read-target", lambda b: b.signed(
        json.dumps({"Filters": [{"Name": "default-for-az", "Values": ["true"]}]}).encode(), JSON_TYPE,
        **{"X-Amz-Target": "AmazonEC2.DescribeSubnets"})),
    Read("read-get", lambda b: b.signed(b"", method="GET", query="Action=DescribeInstanceTypes&MaxResults=5&Version=" + VERSION)),
    Read("malformed", lambda b: b.unix("POST", "/v1/DescribeVpcs", '{"VpcIds": [{"a":')),
    Read("malformed-query", lambda b: b.form({"Action": "DescribeVpcs", "Nothing.1": "x"})),
    Read("stranger", lambda b: b.form({"Action": "DescribeVpcs"}, secret="x" * 40)),
    Read("absent", lambda b: b.form({"Action": "DescribeInstances", "InstanceId.1": "i-0123456789abcdef0"})),
    Read("large", lambda b: b.json("ImportKeyPair", {"KeyName": "k" * 100000, "PublicKeyMaterial": "a" * 200000})),
    Read("dry-run", lambda b: b.json("RunInstances", launch_params(b, "dry", DryRun=True))),
    Read("policy", lambda b: b.form({"Action": "PutUserPolicy", "UserName": "nobody-is-there", "PolicyName": "p",
                                     "PolicyDocument": POLICY, "Version": "2010-05-08"}, service="iam")),
    Read("session", lambda b: b.form({"Action": "GetFederationToken", "Name": "guest", "Policy": POLICY,
                                      "Version": "2011-06-15"}, service="sts")),
    Read("status", lambda b: b.unix("GET", "/v1/status"), says=b'"database":{"ok":false,"detail":"database: out of memory"}'),
    Read("tls", lambda b: b.form({"Action": "DescribeVpcs"}), tls=True),
    Once("launch", "RunInstances", "Instances", launch_params, lambda said: said["Instances"][0]["InstanceId"], instances_by_token,
         lambda bench, i: bench.call("TerminateInstances", InstanceIds=[i])),
    Once("volume", "CreateVolume", "VolumeId", lambda _, token: {"AvailabilityZone": "us-east-1b", "Size": 1, "TagSpecifications": [
        {"ResourceType": "volume", "Tags": [{"Key": "token", "Value": token}]}]},
         lambda said: said["VolumeId"], volumes_by_tag, keep_some),
    Tagged(), Named(), Upload()]


# --- one after the other

class Course:
    """One kind of request, with its allocations failing one after the other."""

    def __init__(self, bench, request, options):
        self.bench, self.request = bench, request
        self.count, self.cold = FOR_EVER if options.from_then_on else 1, options.cold
        self.outcomes, self.faults, self.tried = collections.Counter(), [], 0
        self.reference = None

    def warm(self):
        """Answered with memory, by each worker, so that the same is made for each of the requests to come."""
        for _ in range(12):
            self.request.prepare(self.bench)
            answer = self.request.send(self.bench)
            self.request.look(self.bench, answer)
            if answer is None or (self.reference is not None and answer.plain() != self.reference):
                raise Wrong(f"with memory it is answered {answer and answer.plain()}, not {self.reference}")
            self.reference = answer.plain()

    def total(self):
        """How many allocations one takes; the fewest, because what is made once in the daemon's life may come in between."""
        counts = []
        for _ in range(4):
            self.be_cold()
            self.request.prepare(self.bench)
            self.bench.trouble.begin(KINDS["memory"], errno.ENOMEM, FOR_EVER, 0)
            answer = self.request.send(self.bench)
            self.bench.trouble.end()
            counts.append(self.bench.trouble.seen())
            self.request.look(self.bench, answer)
        return min(counts)

    def be_cold(self):
        if self.cold:
            self.bench.daemon.stop(signal.SIGKILL)
            self.bench.start()

    def one(self, number):
        """False: it took fewer allocations than that."""
        bench, request = self.bench, self.request
        self.be_cold()
        request.prepare(bench)
        bench.trouble.begin(KINDS["memory"], errno.ENOMEM, number, self.count)
        try:
            answer = request.send(bench)
            ended = bench.has_ended(answer)
        finally:
            failed = bench.trouble.end()
        self.tried += 1
        if ended:
            outcome = bench.look_at_end()
            bench.revive()
        elif answer is None:
            outcome = "cut"
        elif answer.plain() == self.reference:
            outcome = "answered"
        elif answer.is_failure() or (request.says is not None and request.says in answer.body):
            outcome = "refused"
        else:
            raise Wrong(f"it was answered {answer.plain()}, not {self.reference}")
        if not failed and outcome != "answered":
            raise Wrong(f"no allocation failed, and it was {outcome}")
        try:
            self.look(answer)
        except Gone:
            if not failed or ended or not bench.has_ended(None):
                raise
            ended, outcome = True, bench.look_at_end()  # after its answer
            bench.revive()
            self.look(answer)
        self.outcomes[outcome] += failed > 0
        if ended and not self.cold:
            self.warm()
        return failed > 0

    def look(self, answer):
        self.request.look(self.bench, answer)
        self.request.again(self.bench, self.reference)

    def run(self, numbers):
        for number in numbers:
            try:
                if not self.one(number) and not self.cold:
                    break
            except Wrong as wrong:
                self.faults.append(f"{self.request.name}, allocation {number}: {wrong}")
                self.recover()

    def recover(self):
        """Others are tried after a fault, too: on a daemon that has forgotten it."""
        self.bench.trouble.end()
        if self.bench.daemon.process.poll() is None:
            self.bench.daemon.stop(signal.SIGKILL)
        self.bench.start()
        if not self.cold:
            self.warm()


def course(bench, request, options, offset):
    it = Course(bench, request, options)
    it.warm()
    total = it.total()
    if options.all:
        numbers = range(options.first, FOR_EVER)
    else:
        step = max(1, total // options.sample)
        numbers = range(offset % step, total, step)
    it.run(numbers)
    return it, total


def lane(requests, options, offset, report, lock):
    benches = {}
    try:
        while True:
            with lock:
                if not requests:
                    return
                request = requests.pop(0)
            if request.tls not in benches:
                benches[request.tls] = Bench(request.tls)
            began = time.monotonic()
            try:
                done, total = course(benches[request.tls], request, options, offset)
                faults, outcomes, tried = done.faults, done.outcomes, done.tried
            except Exception as error:  # the others are tried, and this is a fault
                faults, outcomes, total, tried = [f"{request.name}: {error!r}"], collections.Counter(), 0, 0
                benches.pop(request.tls).daemon.end()
            with lock:
                report(request, total, tried, outcomes, faults, time.monotonic() - began)
    finally:
        for bench in benches.values():
            bench.daemon.end()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--request", action="append", choices=[each.name for each in REQUESTS])
    parser.add_argument("--cold", action="store_true")
    parser.add_argument("--from-then-on", action="store_true")
    parser.add_argument("--sample", type=int, default=20)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--offset", type=int, default=datetime.date.today().toordinal() * 7919)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    print(f"# offset {options.offset}", flush=True)
    chosen = [each for each in REQUESTS if not options.request or each.name in options.request]
    failures, number, sum_of = 0, 0, collections.Counter()

    def report(request, total, tried, outcomes, faults, seconds):
        nonlocal failures, number
        number += 1
        sum_of.update(outcomes)
        for fault in faults:
            print(f"# {fault}")
        told = ", ".join(f"{n} {name}" for name, n in sorted(outcomes.items()) if n)
        print(f"# {request.name}: {total} allocations, {tried} tried in {seconds:.1f} s: {told}; {len(faults)} wrong")
        # Some may come behind the last allocation: how many there are differs, most in a daemon that has just been started.
        good = not faults and sum(outcomes.values()) >= max(1, min(tried, options.sample) // 2)
        failures += not good
        print(f"{'ok' if good else 'not ok'} {number} - {request.name}", flush=True)

    random.Random(options.offset).shuffle(chosen)
    chosen.sort(key=lambda each: not each.tls)  # it takes longest
    planned, lock = len(chosen), threading.Lock()
    threads = [threading.Thread(target=lane, args=(chosen, options, options.offset, report, lock)) for _ in range(options.jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"# {sum_of.total()} allocations failed: {dict(sum_of)}\n1..{planned}")
    return 0 if failures == 0 and number == planned else 1


if __name__ == "__main__":
    sys.exit(main())
