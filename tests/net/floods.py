#!/usr/bin/python3 -B
# area: network
# lab: own
# timeout: 240
"""A guest that sends all it can, of everything, right and wrong; another of the same VPC meanwhile, and the server.

Each flood goes on for some seconds at full speed. The victim asks for its lease, a name, its metadata and a TCP
connection to a third guest, again and again; what it loses, and how long it waits, is printed beside what it was before.
"""
import contextlib
import json
import os
import random
import socket
import statistics
import struct
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import world  # noqa: E402
from world import (Vpc, checksum, dhcp, dns, everything_out, inside, mac_bytes, rule, run,  # noqa: E402
                   udp_frame)
from ipaddress import ip_address  # noqa: E402

EVERYBODY = "ff:ff:ff:ff:ff:ff"
IMDS, RESOLVER = "169.254.169.254", "10.0.0.2"
SECONDS = 3.0
LIMIT = 2.0  # that the victim waits for one answer
LOST_MOST = 0.1  # of the victim's questions, while two cores are shared with the flood
CONNECTIONS_MAX = 256 * 160  # shares, and what each may have: lib/network/rules_limits.c
SAMPLES = 4096  # different frames of a flood, made before it begins


def stat_of(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        words = file.read().rpartition(")")[2].split()
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        pages = int(file.read().split()[1])
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK"), pages * 4096 >> 20


def dnsmasq_pid(vpc):
    with open(f"{world.RUNTIME}/network/{vpc.id}/dnsmasq.pid", encoding="ascii") as file:
        return int(file.read())


def is_dnsmasq(pid):
    try:
        with open(f"/proc/{pid}/comm", encoding="ascii") as file:
            return file.read().strip() == "dnsmasq"
    except OSError:
        return False


def tracked(vpc):
    with inside(vpc.id), open("/proc/thread-self/net/stat/nf_conntrack", encoding="ascii") as file:
        return int(file.readlines()[1].split()[0], 16)


def neighbours(vpc):
    return len(run("ip", "-n", vpc.id, "neigh").splitlines())


class Flood:
    """Sends these frames from the guest's wire over and over, in a process of its own."""

    def __init__(self, guest, frames):
        self.count, out = os.pipe()
        wire = guest.raw()
        self.pid = os.fork()
        if self.pid == 0:
            sent = 0
            until = time.monotonic() + 60
            with contextlib.suppress(BaseException):
                while time.monotonic() < until:
                    for number, frame in enumerate(frames):
                        try:
                            wire.send(frame)
                        except OSError as error:
                            if error.errno not in (90, 105):  # EMSGSIZE: longer than its own wire; ENOBUFS
                                raise
                        sent += 1
                        if number % 256 == 0:
                            os.write(out, struct.pack("=Q", sent))
            os._exit(0)
        wire.close()
        os.close(out)

    def end(self):
        """How many were sent."""
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)
        with os.fdopen(self.count, "rb") as file:
            sent = file.read()
        return struct.unpack("=Q", sent[-8:])[0] if sent else 0


# --- what the victim asks ---------------------------------------------------------------------

def asks_metadata(guest):
    with guest.socket() as sock:
        sock.settimeout(LIMIT)
        sock.connect((IMDS, 80))
        sock.sendall(b"GET /latest/meta-data/instance-id HTTP/1.0\r\nHost: h\r\n\r\n")
        return b" 200 " in sock.recv(4096)


def asks_stream(guest, name):
    """A name, over TCP."""
    question = struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + b"".join(
        bytes([len(p)]) + p.encode() for p in name.split(".")) + b"\0\0\1\0\1"
    with guest.socket() as sock:
        sock.settimeout(LIMIT)
        sock.connect((RESOLVER, 53))
        sock.sendall(struct.pack(">H", len(question)) + question)
        return len(sock.recv(4096)) > 2


class Victim:
    def __init__(self, guest, neighbour, listener):
        name = neighbour.port["hostname"] + ".ec2.internal"
        self.questions = {
            "DHCP": lambda: dhcp(guest, LIMIT) is not None,
            "DNS": lambda: dns(guest, RESOLVER, name, limit=LIMIT) == (0, [neighbour.ip]),
            "DNS, TCP": lambda: asks_stream(guest, name),
            "metadata": lambda: asks_metadata(guest),
            "TCP": lambda: self.connects(guest, neighbour.ip, listener)}

    @staticmethod
    def connects(guest, address, listener):
        with guest.socket() as sock:
            sock.settimeout(LIMIT)
            sock.connect((address, 8000))
            listener.settimeout(LIMIT)
            listener.accept()[0].close()
        return True

    def asks(self, seconds):
        """{question: [seconds, or None where none came]}"""
        until, found = time.monotonic() + seconds, {name: [] for name in self.questions}
        while time.monotonic() < until:
            for name, ask in self.questions.items():
                began = time.monotonic()
                try:
                    came = ask()
                except OSError:
                    came = False
                found[name].append(time.monotonic() - began if came else None)
            time.sleep(0.01)
        return found


def told(found):
    words = []
    for name, waits in found.items():
        good = [each for each in waits if each is not None]
        words.append(f"{name} {len(waits) - len(good)}/{len(waits)}"
                     + (f" {statistics.median(good) * 1000:.1f}/{max(good) * 1000:.0f} ms" if good else ""))
    return ", ".join(words)


# --- frames -----------------------------------------------------------------------------------

def arp(mac, sender, target):
    return (b"\xff" * 6 + mac_bytes(mac) + b"\x08\x06" + struct.pack(">HHBBH", 1, 0x800, 6, 4, 1) + mac_bytes(mac)
            + ip_address(sender).packed + bytes(6) + ip_address(target).packed)


def question(name, kind=1):
    return struct.pack(">6H", random.randrange(65536), 0x100, 1, 0, 0, 0) + b"".join(
        bytes([len(p)]) + p.encode() for p in name.split(".")) + b"\0" + struct.pack(">HH", kind, 1)


def discover(mac, name=b""):
    head = struct.pack(">BBBBIHH16s", 1, 1, 6, 0, random.randrange(1 << 32), 0, 0x8000, b"")
    return (head + mac_bytes(mac) + bytes(202) + b"\x63\x82\x53\x63\x35\x01\x01"
            + (bytes([12, len(name)]) + name if name else b"") + b"\xff").ljust(300, b"\0")


def ip_frame(mac, to, source, target, protocol, payload, fragment=0, number=None, options=b""):
    head = struct.pack(">BBHHHBBH4s4s", 0x45 + len(options) // 4, 0, 20 + len(options) + len(payload),
                       random.randrange(65536) if number is None else number, fragment, 64, protocol, 0,
                       ip_address(source).packed, ip_address(target).packed) + options
    head = head[:10] + struct.pack(">H", checksum(head)) + head[12:]
    return mac_bytes(to) + mac_bytes(mac) + b"\x08\0" + head + payload


def syn(mac, router, source, target, port):
    tcp = struct.pack(">HHIIBBHHH", random.randrange(1024, 65536), port, random.randrange(1 << 32), 0, 0x50, 2, 1024,
                      0, 0)
    total = checksum(ip_address(source).packed + ip_address(target).packed + struct.pack(">HH", 6, len(tcp)) + tcp)
    return ip_frame(mac, router, source, target, 6, tcp[:16] + struct.pack(">H", total) + tcp[18:])


def malformed(mac, router, source, target):
    """Cut, lengthened, mislabelled: of each protocol that something here reads."""
    good = [arp(mac, source, "10.0.0.1"),
            udp_frame(mac, EVERYBODY, "0.0.0.0", "255.255.255.255", 68, 67, discover(mac)),
            udp_frame(mac, router, source, RESOLVER, 5353, 53, question("ip-10-0-0-10.ec2.internal")),
            syn(mac, router, source, target, 8000)]
    frames = []
    for frame in good:
        frames += [frame[:n] for n in range(14, len(frame), 3)]
        for _ in range(200):
            broken = bytearray(frame)
            for _ in range(random.randrange(1, 6)):
                broken[random.randrange(14, len(broken))] = random.randrange(256)
            frames.append(bytes(broken))
    for size in (0, 1, 3, 11, 239, 240, 241, 1400):  # options and names that run over the end, pointers in a circle
        dhcp_bytes = discover(mac)[:240] + b"\x35\x01\x01" + bytes([random.choice((12, 43, 61, 81, 82, 255)), 255])
        frames.append(udp_frame(mac, EVERYBODY, "0.0.0.0", "255.255.255.255", 68, 67, (dhcp_bytes + os.urandom(size))))
        head = struct.pack(">6H", 7, 0x100, 0xffff, 0xffff, 0xffff, 0xffff)
        frames.append(udp_frame(mac, router, source, RESOLVER, 5353, 53, head + b"\xc0\x0c" + os.urandom(size)))
        frames.append(udp_frame(mac, router, source, RESOLVER, 5353, 53, head + b"\x3f" + os.urandom(size)))
    for tag in (b"\x81\0\0\x01", b"\x81\0\x0f\xff", b"\x88\xa8\0\x02\x81\0\0\x01", b"\x81\0" * 40):
        frames += [frame[:12] + tag + frame[12:] for frame in good]
    for offset in (0x2000, 0x1fff, 0x3fff, 0x8000, 0x4000):  # more to come, at the end of 64 KiB, both; reserved; none
        frames.append(ip_frame(mac, router, source, target, 17, os.urandom(1400), offset, 7))
        frames.append(ip_frame(mac, router, source, RESOLVER, 17, os.urandom(8), offset, 7))
    for options in (b"\x07\xff\xff\xff", b"\x83\x03\x04\0", b"\x44\x04\xff\xff", b"\x94\x04\0\0", b"\x01" * 40):
        frames.append(ip_frame(mac, router, source, target, 17, os.urandom(20), options=options))
    for protocol in (0, 1, 2, 4, 6, 17, 41, 47, 50, 51, 58, 89, 132, 255):
        frames += [ip_frame(mac, router, source, target, protocol, os.urandom(n)) for n in (0, 1, 7, 64, 1400)]
        frames += [ip_frame(mac, router, source, RESOLVER, protocol, os.urandom(n)) for n in (0, 7, 64)]
    six = mac_bytes("33:33:00:00:00:01") + mac_bytes(mac) + b"\x86\xdd"
    local = ip_address(world.link_local(mac)).packed
    for header in (0, 43, 44, 60, 51, 135, 58, 59):  # extension headers, one leading to another and to no end
        chain = b"".join(bytes([header, random.choice((0, 255))]) + os.urandom(6) for _ in range(20))
        frames.append(six + struct.pack(">IHBB", 6 << 28, len(chain), header, 255) + local
                      + ip_address("ff02::1").packed + chain)
        frames.append(six + struct.pack(">IHBB", 6 << 28, 65535, header, 1) + local + bytes(16) + chain[:9])
    for frame in good:
        frames.append(frame + os.urandom(1514 - len(frame)))
        frames.append(frame + os.urandom(8000))
    frames += [mac_bytes(router) + mac_bytes(mac) + os.urandom(random.randrange(2, 200)) for _ in range(200)]
    random.shuffle(frames)
    return frames


class Floods(world.Case):
    def setUp(self):
        super().setUp()
        self.vpc = Vpc()
        group = self.vpc.group(rule(), everything_out())
        self.attacker, guest, self.third = self.start(
            self.vpc, self.vpc.port([group], source_dest_check=False), self.vpc.port([group]), self.vpc.port([group]))
        self.driver.ask("metadata", intent=self.vpc.intent(), tokens="optional", hops=1)
        self.mac, self.ip = self.attacker.port["mac"], self.attacker.ip
        self.router = json.loads(run("ip", "-n", self.vpc.id, "-j", "link", "show", "br0"))[0]["address"]
        self.listener = self.third.listen(8000)
        self.addCleanup(self.listener.close)
        self.victim = Victim(guest, self.third, self.listener)
        self.dnsmasq = dnsmasq_pid(self.vpc)
        self.before = self.victim.asks(0.7)
        print(f"# at rest:            {told(self.before)}")

    def tearDown(self):
        self.assertTrue(is_dnsmasq(self.dnsmasq), "dnsmasq has ended")
        self.assertEqual(dnsmasq_pid(self.vpc), self.dnsmasq)
        super().tearDown()

    def flood(self, name, frames, lead=0.3):
        """What the victim is answered meanwhile."""
        began, (cpu, _) = time.monotonic(), stat_of(self.dnsmasq)
        flood = Flood(self.attacker, frames)
        time.sleep(lead)
        found = self.victim.asks(SECONDS)
        count = tracked(self.vpc)
        sent, took = flood.end(), time.monotonic() - began
        used, memory = stat_of(self.dnsmasq)
        print(f"# {name + ':':<19} {told(found)}")
        print(f"#   {sent / took / 1000:.0f} thousand frames a second; dnsmasq {(used - cpu) / took * 100:.0f}% of a "
              f"core, {memory} MiB; {count} connections tracked")
        for each, waits in found.items():
            lost = waits.count(None)
            self.assertLessEqual(lost, max(1, LOST_MOST * len(waits)), f"{name}: {each} of the victim: {told(found)}")
        self.assertGreater(sent, 1000 * took, "it was a flood")
        return {"cpu": (used - cpu) / took, "tracked": count, "sent": sent / took}

    def test_arp(self):
        self.flood("ARP", [arp(self.mac, self.ip, f"10.0.{random.randrange(16)}.{random.randrange(1, 255)}")
                           for _ in range(SAMPLES)])

    def test_arp_from_everybody(self):
        """A forwarder has any address that is nobody's: each would be one more neighbour of the server."""
        self.flood("ARP, forwarder", [arp(self.mac, f"10.0.{n >> 8}.{n & 255}", "10.0.0.1")
                                      for n in range(64, 4000)])
        known = neighbours(self.vpc)
        print(f"#   {known} neighbours known")
        self.assertLess(known, 900, "the server's table, which all VPCs share, has room for 1024")

    def test_dhcp(self):
        found = self.flood("DHCP", [udp_frame(self.mac, EVERYBODY, "0.0.0.0", "255.255.255.255", 68, 67,
                                              discover(self.mac, b"x%d" % n)) for n in range(SAMPLES)])
        self.assertLess(found["cpu"], 0.3)

    def test_dns(self):
        found = self.flood("DNS", [udp_frame(self.mac, self.router, self.ip, RESOLVER, 1024 + n, 53,
                                             question(f"n{n}.ec2.internal")) for n in range(SAMPLES)])
        self.assertLess(found["cpu"], 0.4)

    def test_dns_streams(self):
        """dnsmasq serves so many at a time and no more."""
        held = []
        for _ in range(60):
            sock = self.attacker.socket()
            sock.setblocking(False)
            sock.connect_ex((RESOLVER, 53))
            held.append(sock)
        time.sleep(0.3)
        found = self.victim.asks(SECONDS)
        print(f"# {'streams of DNS:':<19} {told(found)}")
        for sock in held:
            sock.close()
        self.assertEqual(found["DNS, TCP"].count(None), 0)

    def test_metadata(self):
        """Thousands of connections that say nothing, and SYNs at full speed."""
        held = []
        for _ in range(900):
            sock = self.attacker.socket()
            sock.setblocking(False)
            sock.connect_ex((IMDS, 80))
            held.append(sock)
        self.flood("metadata", [syn(self.mac, self.router, self.ip, IMDS, 80) for _ in range(SAMPLES)])
        for sock in held:
            sock.close()

    def test_connections(self):
        """The table of connections is the whole VPC's."""
        frames = [udp_frame(self.mac, self.router, self.ip, self.third.ip, port, 9000 + block, b"")
                  for block in range(8) for port in range(1024, 65536, 1)]
        random.shuffle(frames)
        found = self.flood("connections", frames, lead=4.0)
        self.assertGreater(found["tracked"], CONNECTIONS_MAX / 4, "it would fill the table")
        self.assertLess(found["tracked"], CONNECTIONS_MAX + 4096)

    def test_datagrams_in_pieces(self):
        """First pieces of datagrams whose rest never comes."""
        frames = [ip_frame(self.mac, self.router, self.ip, self.third.ip, 17, bytes(1400), 0x2000, n)
                  for n in range(SAMPLES * 4)]
        self.victim.questions["datagram of 4000"] = self.datagram
        self.flood("pieces", frames)

    def datagram(self):
        with self.third.socket(socket.SOCK_DGRAM) as there, self.guests[1].socket(socket.SOCK_DGRAM) as here:
            there.bind(("", 7000))
            there.settimeout(LIMIT)
            here.sendto(bytes(4000), (self.third.ip, 7000))
            return len(there.recv(8000)) == 4000

    def test_malformed(self):
        for _ in range(2):
            self.flood("malformed", malformed(self.mac, self.router, self.ip, self.third.ip))


if __name__ == "__main__":
    world.sandbox()
    import tap  # noqa: E402
    tap.main()
