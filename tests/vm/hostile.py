#!/usr/bin/python3 -B
# area: trust
# lab: own
# timeout: 600
"""A hostile guest beside another one that works: what it says on its console, by DHCP and to the metadata service
reaches no terminal, log or file name raw; and however much it says, writes, asks, sends or computes, the other and the
server stay well. Two boots for all of it. What floods on the network do in detail is in tests/net/floods.py."""
import base64
import contextlib
import glob
import json
import os
import pty
import re
import select
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time

from guests import (BOOT_LIMIT, HERE, Checks, Key, base_image, describe, ec2_client, enter_own_lab, log_in, output,
                    qemu_pid, run, ssh_argv, until, wait_state)

sys.path.insert(0, os.path.join(os.path.dirname(HERE), "net"))
from world import inside  # noqa: E402

TYPES = {"lab.hostile": 2, "lab.neighbour": 4}  # and their processors
enter_own_lab("--strict", "--cgroups", "--log-level", "debug", *(
    word for name, cpus in TYPES.items() for word in ("--config", f"instance_type={name} {cpus} 1024")))

LAB = os.environ["CROFT_LAB"]
STATE = os.path.join(LAB, "state")
SECONDS = 8.0  # that each of the floods goes on
CONSOLE_MAX = 65536  # bytes of GetConsoleOutput
# Of a console, by virtlogd: max_backups + 1, max_size. It is 2 MiB elsewhere, which takes an emulated guest a minute.
LOG_FILES, LOG_SIZE = 4, 128 << 10
SLACK = 64 << 10  # a write that began below the size
GROWTH = 64 << 20  # of a daemon's memory; a flood says many times as much

checks = Checks()
ec2 = ec2_client()


class Guest:
    def __init__(self, kind, key, group):
        self.key, self.kind = key, kind
        made = ec2.run_instances(ImageId=base_image(), InstanceType=kind, KeyName=key.name, MinCount=1, MaxCount=1,
                                 SecurityGroupIds=[group])["Instances"][0]
        self.id, self.vpc = made["InstanceId"], made["VpcId"]
        self.nic, self.address, self.private = made["NetworkInterfaces"][0], None, made["PrivateIpAddress"]

    def boot(self):
        """Returns how long it took."""
        began = time.monotonic()
        self.address = wait_state(ec2, self.id, "running")["PublicIpAddress"]
        log_in(self.key, self.address, "cloud-init status --wait >/dev/null; true", BOOT_LIMIT, BOOT_LIMIT)
        self.pid = qemu_pid(self.id)
        return time.monotonic() - began

    def does(self, *words, limit=90):
        """One of the functions of hostile_guest.py; what it tells."""
        with open(os.path.join(HERE, "hostile_guest.py"), encoding="ascii") as file:
            done = run(*ssh_argv(self.key, self.address), "sudo python3 - " + " ".join(str(word) for word in words), text=file.read(),
                       limit=limit)
        if done.returncode != 0:
            raise RuntimeError(f"{words} in {self.kind}: {done.returncode}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def tap(self):
        return "eni" + self.nic["NetworkInterfaceId"][4:16]

    def bridge(self):
        return os.path.basename(output("ip", "netns", "exec", self.vpc, "readlink",
                                       f"/sys/class/net/{self.tap()}/master").strip())

    def files(self):
        return sorted(glob.glob(os.path.join(STATE, "instances", self.id, "console.log*")))


class Does(threading.Thread):
    """A guest does something while we look at others."""

    def __init__(self, guest, *words):
        super().__init__(daemon=True)
        self.guest, self.words, self.told, self.error = guest, words, None, None
        self.start()

    def run(self):
        try:
            self.told = self.guest.does(*self.words)
        except Exception as error:
            self.error = error

    def end(self):
        self.join(120)
        if self.error or self.told is None:
            raise self.error or TimeoutError(f"{self.words} does not end")
        return self.told


def daemons():
    """{name: pid}"""
    found = {name: int(output(os.path.join(LAB, name), "pid")) for name in ("croftd", "croft-netd")}
    for path in glob.glob("/proc/[0-9]*/comm"):
        with contextlib.suppress(OSError), open(path, encoding="ascii") as file:
            name = file.read().strip()
            if name in ("libvirtd", "virtlogd", "croft-metadata"):
                found[name] = int(path.split("/")[2])
    return found


def memory(pid):
    """Bytes that it alone holds."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"RssAnon:\s*(\d+) kB", file.read())[1]) << 10


def processor(pid):
    """Seconds that it has had."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        words = file.read().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


class Looks:
    """Asks the API while something goes on: how long answers take, and what `also` finds each time."""

    def __init__(self, also=lambda: 0):
        self.also, self.waits, self.found, self.failed, self.over = also, [], [], [], threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        while not self.over.is_set():
            began = time.monotonic()
            try:
                ec2.describe_instances()
                self.found.append(self.also())
            except Exception as error:
                self.failed.append(repr(error))
            self.waits.append(time.monotonic() - began)
            self.over.wait(0.1)

    def __enter__(self):
        self.before = {name: memory(pid) for name, pid in daemons().items()}
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join(60)
        self.after = {name: memory(pid) for name, pid in daemons().items()}

    def check(self, what):
        checks.note(f"{what}: the API answers {len(self.waits)} times in {statistics.median(self.waits) * 1000:.0f} ms, "
                    f"at most {max(self.waits) * 1000:.0f} ms; memory MiB " + ", ".join(
                        f"{name} {self.before.get(name, 0) >> 20} -> {size >> 20}" for name, size in self.after.items()))
        checks.ok(f"{what}: the API answers, within 10 s and mostly within 2 s",
                  not self.failed and statistics.median(self.waits) < 2 and max(self.waits) < 10,
                  f"{self.failed} {self.waits}")
        grown = {name: size - self.before.get(name, size) for name, size in self.after.items()}
        checks.ok(f"{what}: no daemon takes memory for it", max(grown.values()) < GROWTH, grown)


# --- what a terminal, a log and a file name get -----------------------------------------------

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f\ufffd]")


def on_terminal(*argv, limit=60, until_seen=None, typed=b""):
    """What the command writes to a terminal; when it has written `until_seen` (a pattern) `typed` is typed."""
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", COLUMNS="200")
        os.execvp(argv[0], argv)
    said, end = b"", time.monotonic() + limit
    while time.monotonic() < end:
        if not select.select([fd], [], [], 1)[0]:
            continue
        try:
            part = os.read(fd, 65536)
        except OSError:  # EIO: nobody has it open any more
            part = b""
        if not part:
            break
        said += part
        if typed and re.search(until_seen, said):
            os.write(fd, typed)
            typed = b""
    else:
        os.kill(pid, 9)
    os.close(fd)
    os.waitpid(pid, 0)
    return said


def raw_in(said):
    """What is neither text nor a line's end."""
    return sorted(set(CONTROL.findall(said.decode("utf-8", "replace"))))


def terminals(guest):
    mark = "mark-of-the-console"
    guest.does("console", mark)
    saved = until("the mark is in the log", lambda: (
        lambda text: text if mark.encode() in text else None)(console_output(guest)))
    checks.ok("the API gives what a guest says as it said it", all(
        each in saved for each in (b"\x1b]52;c;", b"\xc2\x9b31m", b"\x9b31m", b"\xff\xfe")), saved[-2000:])
    ways = {"croft console --log": ("croft", "console", "--log", guest.id),
            "croft ls": ("croft", "ls"), "croft status": ("croft", "status")}
    for form in ("text", "json", "table"):
        ways[f"get-console-output --output {form}"] = (
            "croft", "get-console-output", "--instance-id", guest.id, "--latest", "--output", form)
        ways[f"describe-instances --output {form}"] = ("croft", "describe-instances", "--output", form)
    for name, argv in ways.items():
        said = on_terminal(*argv)
        if name in ("croft ls", "croft status"):
            said = re.sub(rb"\x1b\[\d*m", b"", said)  # its own colours
        elif "console" in name:
            checks.ok(f"{name}: shows what the guest said", mark.encode() in said, said[-1000:])
        checks.same(f"{name}: nothing of it is for a terminal", raw_in(said), [])
    session(guest, mark)


def session(guest, mark):
    """The console that one types on draws, and does no more."""
    threading.Timer(3, lambda: guest.does("console", "again-" + mark)).start()
    said = on_terminal("croft", "console", "--interactive", guest.id, limit=90,
                       until_seen=b"again-" + mark.encode(), typed=b"\x1d")
    live = said.partition(b"Leave with")[2]
    checks.ok("croft console at a terminal shows it as it comes", b"again-" + mark.encode() in live, said[-2000:])
    own = b"\x1b[?47l\x1b[?2004l\x1b[!p\x1b[0m\x1b[?25h\x0f"
    checks.ok("and puts the terminal right at the end", live.rstrip().endswith(own), live[-200:])
    found = live.replace(own, b"")
    bad = [each for each in (rb"\x1b[\]PX^_]", rb"\x1b\[[^a-zA-Z@`~]*[cnt]", rb"\x05", rb"\x00", rb"\xc2[\x80-\x9f]", rb"\xff",
                             rb"(?<![\xc2-\xf4])\x9b") if re.search(each, found)]
    checks.ok("colours pass", b"\x1b[31m" in found, found[-2000:])
    checks.same("titles, the clipboard, questions to the terminal and C1 do not", bad, [])


def console_output(guest):
    """boto3 makes text of it, so a client is asked that does not."""
    done = subprocess.run(["croft", "console", "--log", guest.id], stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=60, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return done.stdout


def written():
    """Every place of the server where a word of a guest may have ended up: (path, bytes)."""
    for folder in (os.path.join(LAB, "log"), os.path.join(LAB, "libvirt", "log"), "/run/croft/network"):
        for path in glob.glob(os.path.join(folder, "**"), recursive=True):
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    yield path, file.read()


def logs():
    bad, forged = [], []
    for path, text in written():
        for line in text.split(b"\n"):
            if raw_in(line):
                bad.append((os.path.relpath(path, LAB), line[:200]))
            if line.startswith((b"2026-01-01T00:00", b"<3>forged", b"forged-line")):
                forged.append((os.path.relpath(path, LAB), line[:200]))
    checks.same("no log and no file of the network has a control byte, or one that is no text", bad[:5], [])
    checks.same("nor a line that a guest has made up", forged[:5], [])
    names = []
    for folder in (STATE, "/run/croft", "/run/netns"):
        for _, folders, files in os.walk(folder):
            names += [name for name in folders + files if not re.fullmatch(r"[A-Za-z0-9._+:@-]+", name)]
    checks.same("and no file has a name of a guest's making", names, [])


def says(guest):
    with checks.part("what it says"):
        told = guest.does("dhcp")
        checks.note(f"DHCP: {told['packets']} packets with names of {guest.kind}'s making")
        guest.does("dns", "172.31.0.2")
        told = guest.does("imds_words")
        checks.note(f"metadata: {told['answered']} answers to words that are none")
        terminals(guest)
        logs()


# --- how much it says -------------------------------------------------------------------------

def serial(guest):
    with checks.part("serial"):
        def size():
            return sum(os.stat(path).st_size for path in guest.files())
        with Looks(lambda: (size(), len(console_output(guest)))) as looks:
            told = guest.does("serial", SECONDS, 2 * LOG_FILES * LOG_SIZE, "end-of-the-flood")
            said = until("the end is in the log", lambda: (
                lambda text: text if b"end-of-the-flood" in text else None)(console_output(guest)))
        most = max(each[0] for each in looks.found)
        checks.note(f"serial: {told['bytes'] / 2**20:.1f} MiB in {told['seconds']:.0f} s, files {most / 2**20:.2f} MiB at most, "
                    f"{len(guest.files())} of them")
        checks.ok("a guest says more than is kept", told["bytes"] > LOG_FILES * LOG_SIZE, told)
        checks.ok("a console's files stay within what virtlogd keeps", most <= LOG_FILES * LOG_SIZE + SLACK
                  and len(guest.files()) <= LOG_FILES, most)
        checks.same("the last 64 KiB are told", len(said), CONSOLE_MAX)
        shortest = min(each[1] for each in looks.found)
        checks.same("at any moment of it", shortest, CONSOLE_MAX)
        looks.check("serial")


# --- how much it computes ---------------------------------------------------------------------

def share_of(guest):
    """As libvirt has it; None: this machine shares out no processor time."""
    done = run("virsh", "schedinfo", guest.id)
    found = re.search(r"cpu_shares\s*:\s*(\d+)", done.stdout)
    return int(found[1]) if found else None


@contextlib.contextmanager
def on_one_processor(guests):
    """What threads get there is the kernel's sum, and does not hang on who else is on which."""
    where = os.sched_getaffinity(0)

    def place(processors):
        for guest in guests:
            for thread in os.listdir(f"/proc/{guest.pid}/task"):
                with contextlib.suppress(ProcessLookupError):
                    os.sched_setaffinity(int(thread), processors)
    place({max(where)})
    try:
        yield
    finally:
        place(where)


def spin(hostile, neighbour):
    """Both on all their processors, the hostile one with more processes, timers and a disk beside it."""
    with checks.part("spin"):
        guests = (hostile, neighbour)

        def had(seconds):
            before = [processor(each.pid) for each in guests]
            time.sleep(seconds)
            return [(processor(each.pid) - was) / seconds for each, was in zip(guests, before)]
        with on_one_processor(guests):
            alone = neighbour.does("spin", 3, 1)["work"] / 3
        with Looks() as looks:
            spins = Does(hostile, "spin", SECONDS * 2, 6), Does(hostile, "rewrites", SECONDS * 2)
            until("the hostile guest spins", lambda: had(1)[0] > 0.6, 30)
            time.sleep(2)  # for the API to be asked beside guests on every processor
            works = Does(neighbour, "spin", SECONDS + 1, 1)
            with on_one_processor(guests):
                until("the neighbour works", lambda: had(0.5)[1] > 0.3, 10, 0)
                hostile_had, neighbour_had = had(SECONDS / 2)
                beside = works.end()["work"] / (SECONDS + 1)
            for each in spins:
                each.end()
        cpus = [TYPES[each.kind] for each in (hostile, neighbour)]
        checks.note(f"spin: of one processor the hostile guest of {cpus[0]} has {hostile_had:.2f}, the "
                    f"neighbour of {cpus[1]} has {neighbour_had:.2f}; its work is {beside / alone:.2f} of that alone")
        looks.check("spin")
        shares = [share_of(each) for each in (hostile, neighbour)]
        if shares == [None, None]:
            checks.skip("processor time is shared by size", "libvirt finds no cgroup of processor time here")
            return
        checks.same("each guest has a share by its processors", shares, [100 * each for each in cpus])
        checks.ok("a neighbour of twice the size has about twice its time", neighbour_had >= 1.5 * hostile_had,
                  f"{neighbour_had} and {hostile_had} of a processor")
        rest = processes_of_guests_beside_croftd()
        checks.same("and both are below a group that is not croftd's", rest, [])


def processes_of_guests_beside_croftd():
    """The groups of processor time of the guests that are not below one for all guests."""
    groups = {}
    for guest in glob.glob("/proc/[0-9]*/cgroup"):
        pid = int(guest.split("/")[2])
        with contextlib.suppress(OSError), open(guest, encoding="ascii") as file:
            for line in file:
                _, names, path = line.strip().split(":", 2)
                if "cpu" in names.split(",") or names == "":
                    groups.setdefault(pid, []).append(path)
    guests = [pid for pid in groups if is_qemu(pid)]
    return [groups[pid] for pid in guests if not any("/machine" in path for path in groups[pid])]


def is_qemu(pid):
    try:
        return os.path.basename(os.readlink(f"/proc/{pid}/exe")).startswith("qemu-system")
    except OSError:
        return False


# --- how much it asks, sends and writes -------------------------------------------------------

def agent(hostile):
    """What libvirtd reads by itself."""
    with checks.part("agent"), Looks() as looks:
        told = hostile.does("agent", SECONDS / 2)
    checks.note(f"agent: {told['bytes'] / 2**20:.1f} MiB into the channel of the guest agent")
    looks.check("agent")


def told_of(asked):
    return f"{asked['lost']}/{asked['asked']} lost, {asked['median'] * 1000:.0f}/{asked['most'] * 1000:.0f} ms"


def imds(hostile, neighbour):
    with checks.part("metadata"):
        before = neighbour.does("imds_asks", SECONDS / 2)
        with Looks() as looks:
            flood = Does(hostile, "imds_flood", SECONDS * 1.5)
            time.sleep(4)
            beside = neighbour.does("imds_asks", SECONDS / 2)
            told = flood.end()
        checks.note(f"metadata: {told['connections']} connections of the hostile guest, {told['ended']} of them ended on it; "
                    f"the neighbour {told_of(before)}, beside it {told_of(beside)}")
        checks.ok("the flood is one", told["connections"] > 100, told)
        checks.ok("a neighbour's metadata answer beside a flood, each within 5 s",
                  beside["asked"] > 3 and beside["lost"] == 0 and beside["most"] < 5, beside)
        after = hostile.does("imds_asks", 1)
        checks.same("and afterwards the hostile guest's own do", after["lost"], 0)
        looks.check("metadata")


GOOD, BAD = "well-formed-one", "malformed-other"


class Sees(threading.Thread):
    """What goes through the interfaces of the VPC and of the server, but for the one at the hostile guest's port; and
    of what the router hears, that with another's address: the rest it is to hear, to drop, and may complain of to it."""

    def __init__(self, guest):
        super().__init__(daemon=True)
        self.seen, self.over = {GOOD: [], BAD: []}, threading.Event()
        self.port, self.router, self.own = guest.tap(), guest.bridge(), socket.inet_aton(guest.private)
        self.mac = bytes.fromhex(guest.nic["MacAddress"].replace(":", ""))
        with inside(guest.vpc):
            self.wires = [self.wire()]
        self.wires.append(self.wire())
        self.start()

    @staticmethod
    def wire():
        wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 20)
        return wire

    def run(self):
        while not self.over.is_set():
            for wire in select.select(self.wires, [], [], 0.2)[0]:
                data, (name, *_) = wire.recvfrom(65536)
                for word, where in self.seen.items():
                    its_own = data[:6] == self.mac or (
                        data[6:12] == self.mac and (data[12:14] != b"\x08\0" or data[26:30] == self.own))
                    if word.encode() in data and name != self.port and not (name == self.router and its_own):
                        where.append((name, data[:64]))

    def end(self):
        self.over.set()
        self.join()
        for wire in self.wires:
            wire.close()
        return self.seen


def malformed(hostile, neighbour):
    with checks.part("malformed"):
        router = output("ip", "netns", "exec", hostile.vpc, "cat", f"/sys/class/net/{hostile.bridge()}/address").strip()
        sees = Sees(hostile)
        with Looks() as looks:
            sends = Does(hostile, "packets", hostile.private, neighbour.private, router, GOOD, BAD, SECONDS / 2)
            work = neighbour.does("imds_asks", SECONDS / 2)
            told = sends.end()
        seen = sees.end()
        checks.note(f"malformed: {told['sent']} frames of {told['kinds']} kinds, {told['refused']} the guest's own kernel "
                    f"refused; {len(seen[GOOD])} right ones were seen beyond its port and {len(seen[BAD])} others")
        checks.ok("what is right leaves the port of the guest", seen[GOOD])
        checks.same("nothing malformed, and nothing in another's name does", seen[BAD][:3], [])
        checks.same("a neighbour meanwhile has its metadata", work["lost"], 0)
        looks.check("malformed")
        logs()


def disk_of(guest):
    volume = describe(ec2, guest.id)["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    size = ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["Size"] << 30
    return glob.glob(os.path.join(STATE, "volumes", volume + "*")), size


def fill(hostile, neighbour):
    with checks.part("fill"):
        files, size = disk_of(hostile)

        def takes():
            return sum(os.stat(path).st_blocks * 512 for path in files)
        before = takes()
        with Looks(takes) as looks:
            fills = Does(hostile, "fill", SECONDS)
            writes = neighbour.does("writes", "/beside", 8)
            told = fills.end()
        checks.note(f"fill: {told['bytes'] / 2**20:.0f} MiB written to a volume of {size >> 20} MiB, full {told['rounds']} times; "
                    f"its files {before >> 20} -> {max(looks.found) / 2**20:.1f} MiB; the neighbour wrote 8 MiB "
                    f"in {writes['seconds']:.1f} s")
        checks.ok("the guest has filled it, and written on", told["rounds"] > 0 and told["left"] <= 32 << 20, told)
        # Tables of a qcow2: 8 bytes a cluster of 64 KiB, 2 for how often it is used, and some to begin with.
        most = size + size // 4096 + (2 << 20)
        checks.ok("its files take no more than the volume and its tables", max(looks.found) <= most, f"{looks.found}, {most}")
        looks.check("fill")
        told = json.loads(output("croft", "status", "--output", "json"))
        room = os.statvfs(STATE)
        checks.ok("croft status tells the room that there is", abs(
            told["disk_free_mib"] - (room.f_bavail * room.f_frsize >> 20)) < 512, f"{told} {room}")
        checks.same("both guests run on", [describe(ec2, each.id)["State"]["Name"] for each in (hostile, neighbour)],
                    ["running"] * 2)


def short_logs():
    """virtlogd reads its configuration when it starts, or starts itself anew."""
    with open("/etc/libvirt/virtlogd.conf", "a", encoding="ascii") as file:
        file.write(f"\nmax_size = {LOG_SIZE}\n")
    os.kill(daemons()["virtlogd"], signal.SIGUSR1)


def main():
    short_logs()
    key = Key("hostile", ec2.create_key_pair(KeyName="hostile", KeyType="ed25519")["KeyMaterial"])
    group = ec2.create_security_group(GroupName="hostile", Description="ssh")["GroupId"]
    for protocol, first, last in (("tcp", 22, 22), ("udp", 0, 65535)):
        ec2.authorize_security_group_ingress(GroupId=group, IpProtocol=protocol, FromPort=first, ToPort=last,
                                             CidrIp="0.0.0.0/0")
    hostile, neighbour = (Guest(kind, key, group) for kind in TYPES)
    checks.note(f"boots: {hostile.boot():.0f} and {neighbour.boot():.0f} s more")
    for each in sys.argv[1:] or PARTS:
        began = time.monotonic()
        PARTS[each](hostile, neighbour)
        checks.note(f"{each} took {time.monotonic() - began:.1f} s")


PARTS = {"says": lambda hostile, _: says(hostile), "serial": lambda hostile, _: serial(hostile), "spin": spin,
         "agent": lambda hostile, _: agent(hostile), "imds": imds, "malformed": malformed, "fill": fill}
if __name__ == "__main__":
    main()
    checks.finish()
