#!/usr/bin/python3 -B
# area: network trust
# lab: own
# timeout: 180
"""What a guest must not put on its wire, frame by frame: none of it gets anywhere.

Each frame carries a mark of its own that is looked for on a neighbour's wire, on the bridges of its VPC and of
another, and where the VPC leaves to the server. A check shows first that the same frame with the right values gets
there."""
import contextlib
import os
import select
import socket
import struct
import sys
import time
from ipaddress import ip_address

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import world  # noqa: E402
from world import Vpc, checksum, mac_bytes, reaches, rule, run, udp_frame  # noqa: E402

GRACE = 0.02  # seconds after a good frame that went behind it
ROUTER = "02:43:00:01:00:00"
EVERYBODY = "ff:ff:ff:ff:ff:ff"


def sniffer(namespace, link):
    with world.inside(namespace) if namespace else contextlib.nullcontext():
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        sock.bind((link, 0))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    return sock


def arp(operation, ether, sender_mac, sender, target, target_mac="00:00:00:00:00:00", to=EVERYBODY):
    return (mac_bytes(to) + mac_bytes(ether) + b"\x08\x06"
            + struct.pack(">HHBBH", 1, 0x800, 6, 4, operation) + mac_bytes(sender_mac)
            + ip_address(sender).packed + mac_bytes(target_mac) + ip_address(target).packed)


def icmpv6_frame(mac, to_mac, source, target, body, hops=255):
    source, target = ip_address(source).packed, ip_address(target).packed
    total = checksum(source + target + struct.pack(">IHBB", len(body), 0, 0, 58) + body)
    body = body[:2] + struct.pack(">H", total) + body[4:]
    return (mac_bytes(to_mac) + mac_bytes(mac) + b"\x86\xdd"
            + struct.pack(">IHBB", 6 << 28, len(body), 58, hops) + source + target + body)


class Marks:
    """Sends frames of one guest and says where they were seen."""

    def __init__(self, sender, good, **wires):
        """good(mark): a frame that gets to the wire `neighbour`. It goes behind each other one: what has not been seen
        when it has arrived stays away."""
        self.wire, self.good, self.wires, self.count = sender.raw(), good, wires, 0

    def mark(self):
        self.count += 1
        return b"<mark %08d>" % self.count

    def seen(self, make, want=()):
        """make(mark) -> a frame that carries it. Returns the names of the wires that have seen it; those of `want` are
        waited for."""
        mark, behind, found = self.mark(), self.mark(), set()
        self.wire.send(make(mark))
        self.wire.send(self.good(behind))
        until, passed = time.monotonic() + world.COMES, False
        names = {sock: name for name, sock in self.wires.items()}
        while (left := until - time.monotonic()) > 0:
            for sock in select.select(list(names), [], [], left)[0]:
                frame = sock.recv(65536)
                if mark in frame:
                    found.add(names[sock])
                if behind in frame and names[sock] == "neighbour" and not passed:
                    passed, until = True, until if want else time.monotonic() + GRACE
            if passed and want and found >= set(want):
                want, until = (), time.monotonic() + GRACE
        assert passed, "the good frame is lost"
        return found

    def close(self):
        for sock in (self.wire, *self.wires.values()):
            sock.close()


class Spoofing(world.Case):
    def setUp(self):
        super().setUp()
        self.vpc, self.other = Vpc(1, subnets=("10.0.0.0/24", "10.0.1.0/24")), \
            Vpc(2, "10.9.0.0/16", ("10.9.0.0/24",))
        group, far = self.vpc.group(rule(), rule(egress=True)), self.other.group(rule(), rule(egress=True))
        self.a, self.b, self.c = self.start(
            self.vpc, self.vpc.port([group], public="198.51.100.1"), self.vpc.port([group]),
            self.vpc.port([group], subnet=1))
        (self.d,) = self.start(self.other, self.other.port([far], public="198.51.100.2"))
        self.mac = self.a.port["mac"]
        self.marks = Marks(self.a, lambda mark: udp_frame(self.mac, ROUTER, self.a.ip, self.b.ip, 4999, 6000, mark),
                           neighbour=self.b.raw(), bridge=sniffer(self.vpc.id, "br0"),
                           second=sniffer(self.vpc.id, "br1"), edge=sniffer(None, "cv1"),
                           other=sniffer(self.other.id, "br0"), far=self.d.raw())

    def tearDown(self):
        self.marks.close()
        super().tearDown()

    def udp(self, payload=lambda mark: mark, mac=None, to=ROUTER, source=None, target=None,
            ports=(5000, 6000), want=()):
        return self.marks.seen(lambda mark: udp_frame(mac or self.mac, to, source or self.a.ip,
                                                      target or self.b.ip, *ports, payload(mark)), want)

    def arrives(self, wire, note=None, **more):
        self.assertIn(wire, self.udp(want={wire}, **more), note)

    def nowhere(self, found, what):
        self.assertEqual(found, set(), what)

    def test_mac(self):
        self.arrives("neighbour")
        for mac in (self.b.port["mac"], ROUTER, "02:00:00:01:00:99", "00:00:00:00:00:00", EVERYBODY,
                    "01:00:5e:00:00:01"):
            self.nowhere(self.udp(mac=mac), mac)
        self.arrives("neighbour")

    def test_address(self):
        self.arrives("neighbour")
        for source in (self.b.ip, self.c.ip, self.d.ip, "10.0.0.1", "10.0.0.2", "10.0.0.200", "0.0.0.0",
                       "127.0.0.1", "169.254.64.2", "169.254.169.254", "198.51.100.1", "192.0.2.1",
                       "224.0.0.1", "255.255.255.255", "10.0.0.255"):
            self.nowhere(self.udp(source=source), source)

    def test_past_the_router(self):
        """Straight to a neighbour no frame goes: its groups would not be asked."""
        self.arrives("neighbour")
        for to in (self.b.port["mac"], EVERYBODY, "01:00:5e:00:00:fb"):
            self.assertNotIn("neighbour", self.udp(to=to), to)
            self.assertNotIn("neighbour", self.udp(to=to, target="255.255.255.255"), to)

    def test_arp(self):
        def said(*words, want=(), **more):
            return self.marks.seen(lambda mark: arp(*words, **more) + mark, want)

        self.assertIn("bridge", said(1, self.mac, self.mac, self.a.ip, "10.0.0.1"))
        self.assertIn("bridge", said(1, self.mac, self.mac, self.a.ip, self.a.ip), "its own, unasked")
        self.assertIn("bridge", said(2, self.mac, self.mac, self.a.ip, self.a.ip))
        for address in (self.b.ip, self.c.ip, "10.0.0.1", "10.0.0.2", "10.0.0.200",
                        "198.51.100.1", "169.254.169.254"):
            for operation in (1, 2):
                self.nowhere(said(operation, self.mac, self.mac, address, address), address)
                self.nowhere(said(operation, self.mac, self.mac, address, "10.0.0.1", to=ROUTER), address)
        self.nowhere(said(2, self.mac, self.b.port["mac"], self.a.ip, self.a.ip), "another MAC inside")
        self.nowhere(said(2, self.b.port["mac"], self.mac, self.a.ip, self.a.ip), "another MAC outside")
        self.nowhere(said(2, self.b.port["mac"], self.b.port["mac"], self.b.ip, self.b.ip), "all of another")
        near = run("ip", "-n", self.vpc.id, "neigh", "show", self.b.ip)
        self.assertIn(self.b.port["mac"], near, "the router still knows who is who")

    def test_dhcp_servers(self):
        offer = b"\x02\x01\x06\x00".ljust(236, b"\0") + b"\x63\x82\x53\x63\x35\x01\x02\xff"
        for target in ("255.255.255.255", self.b.ip):
            to = EVERYBODY if target[0] == "2" else ROUTER

            def said(source_port, source, target=target, to=to):
                return self.udp(lambda mark: offer + mark, to=to, source=source, target=target,
                                ports=(source_port, 68))
            self.assertTrue(said(6768, self.a.ip), "a word, and not from a server's port")
            self.nowhere(said(67, self.a.ip), target)
            self.nowhere(said(67, "10.0.0.1"), target)
            self.nowhere(said(67, "0.0.0.0"), target)

    def test_ipv6_without_a_block(self):
        """A VPC without IPv6 has none of it, right or wrong."""
        self.arrives("bridge", to=EVERYBODY, target="10.0.0.255")
        link_local = "fe80::" + self.mac[0:2] + "00"
        for kind in (128, 133, 134, 135, 136, 137):
            self.nowhere(self.marks.seen(lambda mark, kind=kind: icmpv6_frame(
                self.mac, "33:33:00:00:00:01", link_local, "ff02::1", bytes([kind]) + bytes(7) + mark)),
                kind)

    def test_tags_and_odd_frames(self):
        good = udp_frame(self.mac, ROUTER, self.a.ip, self.b.ip, 5000, 6000, b"")
        head, packet = good[:12], good[12:]
        self.assertIn("bridge", self.marks.seen(lambda mark: good + mark))
        for name, tag in (("VLAN 1", b"\x81\0\0\x01"), ("VLAN 0", b"\x81\0\0\0"), ("VLAN 4095", b"\x81\0\x0f\xff"),
                          ("QinQ", b"\x88\xa8\0\x02\x81\0\0\x01"), ("old QinQ", b"\x91\0\0\x02")):
            self.nowhere(self.marks.seen(lambda mark, tag=tag: head + tag + packet + mark), name)
            wide = mac_bytes(EVERYBODY) + head[6:]
            self.nowhere(self.marks.seen(lambda mark, tag=tag, wide=wide: wide + tag + packet + mark), name)
        for kind in (0x0027, 0x0806 + 1, 0x8035, 0x809b, 0x8137, 0x8847, 0x8863, 0x8864, 0x888e, 0x88a2,
                     0x88b5, 0x88cc, 0x88e5, 0x8906, 0xffff):
            for to in (EVERYBODY, ROUTER, self.b.port["mac"], "01:80:c2:00:00:00", "01:80:c2:00:00:0e",
                       "01:80:c2:00:00:03"):
                self.nowhere(self.marks.seen(
                    lambda mark, kind=kind, to=to: mac_bytes(to) + mac_bytes(self.mac)
                    + struct.pack(">H", kind) + mark.ljust(46, b"\0")), hex(kind))

    def test_other_vpcs(self):
        self.arrives("far", "by its public address", target="198.51.100.2")
        self.arrives("edge", target="198.51.100.2")
        for source in (self.a.ip, self.d.ip, "198.51.100.2"):
            for target in (self.d.ip, "10.9.0.1", "10.9.0.2"):
                self.assertFalse(self.udp(source=source, target=target) & {"other", "far"}, target)
        for target in (self.d.ip, "169.254.64.5", "169.254.64.4"):
            self.nowhere(self.udp(to=self.d.port["mac"], target=target) & {"other", "far"}, target)

    def test_link_local_addresses(self):
        self.arrives("edge", target="198.51.100.2")
        for target in ("169.254.0.1", "169.254.1.1", "169.254.64.2", "169.254.64.4", "169.254.64.5",
                       "169.254.192.1", "169.254.255.255", "127.0.0.1", "0.0.0.0", "255.255.255.255",
                       "224.0.0.251"):
            self.assertFalse(self.udp(target=target) - {"bridge"}, target)

    def test_the_server_and_the_router_answer_nothing_but_names(self):
        """Every port of the addresses on the way, asked for with a SYN and with a datagram."""
        run("ip", "address", "add", "192.0.2.1/32", "dev", "lo")
        with socket.create_server(("", 8773)), self.c.listen(8773):
            self.assertTrue(reaches(None, "192.0.2.1", 8773, limit=world.COMES), "it is there")
            self.assertTrue(reaches(self.a, self.c.ip, 8773, limit=world.COMES), "and a guest's would be reached")
            everything = range(1, 65536)
            some = (*range(1, 1025), 3306, 5432, 6443, 8080, 8773, 16509, 65535)
            asked = {"10.0.0.1": everything, "169.254.64.2": everything, "10.0.0.2": some,
                     "169.254.64.3": some, "192.0.2.1": some, "169.254.169.253": some, "10.0.1.1": some}
            answered = {target: self.scan(target, ports) for target, ports in asked.items()}
        run("ip", "address", "del", "192.0.2.1/32", "dev", "lo")
        names = {"tcp": {53}, "udp": {53}}
        nothing = {"tcp": set(), "udp": set()}
        self.assertEqual(answered, {target: names if target in ("10.0.0.2", "169.254.169.253") else nothing
                                    for target in asked})

    def scan(self, target, ports):
        """The ports that say anything, be it no."""
        question = b"\0\x07\x01\0\0\x01\0\0\0\0\0\0\x09localhost\0\0\x01\0\x01"
        found = {"tcp": set(), "udp": set()}
        addresses = ip_address(self.a.ip).packed + ip_address(target).packed
        with self.a.raw() as wire:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
            wire.setblocking(False)

            def listen(limit):
                while select.select([wire], [], [], limit)[0]:
                    frame = wire.recv(4096)
                    if frame[:6] != mac_bytes(self.mac) or frame[12:14] != b"\x08\0":
                        continue
                    at = 14 + 4 * (frame[14] & 15)
                    if frame[23] in (6, 17) and frame[26:30] == addresses[4:]:
                        found["tcp" if frame[23] == 6 else "udp"].add(
                            struct.unpack(">H", frame[at:at + 2])[0])
                    elif frame[23] == 1:
                        found["tcp"].add("icmp %d" % frame[at])
            tail = struct.pack(">IIBBHHH", 1, 0, 0x50, 2, 1024, 0, 0)
            head = checksum(struct.pack(">HHIIBBHHH", 0, 0, 1, 0, 0x50, 2, 1024, 0, 0) + addresses
                            + struct.pack(">HH", 6, 20)) ^ 0xffff
            for n, port in enumerate(ports):
                total = head + 40000 + port
                total = (total & 0xffff) + (total >> 16)
                total = ~((total & 0xffff) + (total >> 16)) & 0xffff
                tcp = struct.pack(">HH", 40000, port) + tail[:12] + struct.pack(">HH", total, 0)
                top = struct.pack(">BBHHHBBH", 0x45, 0, 40, 1, 0, 64, 6, 0) + addresses
                top = top[:10] + struct.pack(">H", checksum(top)) + top[12:]
                wire.send(mac_bytes(ROUTER) + mac_bytes(self.mac) + b"\x08\0" + top + tcp)
                wire.send(udp_frame(self.mac, ROUTER, self.a.ip, target, 40000, port, question))
                if n % 64 == 0:
                    listen(0)
            listen(0.4)
        return found


if __name__ == "__main__":
    world.sandbox()
    import tap  # noqa: E402
    tap.main()
