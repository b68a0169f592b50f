#!/usr/bin/python3 -B
# area: network trust
# lab: own
# timeout: 120
"""IPv6 as a guest meets it: the router's word, an address by DHCPv6 as clients ask for it, and what a guest must not
say in the router's, the server's or a neighbour's place.

The client is one of its own, message by message (RFC 8415), for what counts is what it is told; guests are namespaces
that do not listen to advertisements unless a test says so."""
import os
import random
import select
import socket
import struct
import sys
import time
from ipaddress import ip_address

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import world  # noqa: E402
from spoofing import Marks, icmpv6_frame, sniffer  # noqa: E402
from world import Vpc, checksum, link_local, mac_bytes, rule, run  # noqa: E402

SOLICIT, ADVERTISE, REQUEST, RENEW, REPLY, RELEASE = 1, 2, 3, 5, 7, 8
CLIENT_ID, SERVER_ID, IA_NA, IA_ADDRESS, WANTED, STATUS, RAPID, DNS_SERVERS = 1, 2, 3, 5, 6, 13, 14, 23
SERVERS, ALL_NODES = "ff02::1:2", "ff02::1"
ROUTER = "02:43:00:01:00:00"  # of the first subnet of the first VPC
ROUTER_ASKED, ROUTER_SAYS, NEIGHBOUR_ASKED, NEIGHBOUR_SAYS, REDIRECT = 133, 134, 135, 136, 137


def option(kind, data=b""):
    return struct.pack(">HH", kind, len(data)) + data


def options(data):
    """{kind: [data]}"""
    found, at = {}, 0
    while at + 4 <= len(data):
        kind, size = struct.unpack(">HH", data[at:at + 4])
        found.setdefault(kind, []).append(data[at + 4:at + 4 + size])
        at += 4 + size
    return found


class Client:
    """DHCPv6 of one guest. duid: what it calls itself; None: by its MAC."""

    def __init__(self, guest, duid=None):
        self.duid = duid or b"\0\3\0\1" + mac_bytes(guest.port["mac"])
        with world.inside(guest.name):
            self.sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
            self.link = socket.if_nametoindex("eth0")
        self.sock.bind(("::", 546))
        self.server = None

    def ask(self, kind, *more, limit=world.COMES):
        """(kind, options) of the answer; None: there is none. What is lost is said again."""
        number = random.randrange(1 << 24)
        message = bytes([kind]) + number.to_bytes(3, "big") + option(CLIENT_ID, self.duid) \
            + option(8, b"\0\0") + option(WANTED, struct.pack(">H", DNS_SERVERS)) + b"".join(more)
        until, again = time.monotonic() + limit, 0
        while (now := time.monotonic()) < until:
            if now >= again:
                try:
                    self.sock.sendto(message, (SERVERS, 547, 0, self.link))
                    again = now + 1
                except OSError:  # the link's own address is being made
                    again = now + 0.05
            if select.select([self.sock], [], [], min(until, again) - now)[0]:
                data = self.sock.recv(4096)
                if data[1:4] == message[1:4]:
                    return data[0], options(data[4:])
        return None

    def addresses(self, found):
        """What an answer gives: [(address, seconds that it is valid)]."""
        (association,) = found[IA_NA]
        assert association[:4] == b"\0\0\0\7"
        return [(str(ip_address(a[:16])), struct.unpack(">I", a[20:24])[0])
                for a in options(association[12:]).get(IA_ADDRESS, [])]

    @staticmethod
    def association(*addresses):
        return option(IA_NA, b"\0\0\0\7" + bytes(8) + b"".join(
            option(IA_ADDRESS, ip_address(a).packed + bytes(8)) for a in addresses))

    def lease(self):
        """Solicit, advertise, request, reply."""
        kind, found = self.ask(SOLICIT, self.association())
        assert kind == ADVERTISE, kind
        self.server = found[SERVER_ID][0]
        offered = [a for a, _ in self.addresses(found)]
        kind, found = self.ask(REQUEST, option(SERVER_ID, self.server), self.association(*offered))
        assert kind == REPLY, kind
        return self.addresses(found), found

    def close(self):
        self.sock.close()


class Leases(world.Case):
    def world(self):
        vpc = Vpc(subnets=("10.0.0.0/24", "10.0.1.0/24"), cidr6="fd00:1::/56")
        group = vpc.group(rule(cidr6="::/0"), rule(egress=True, cidr6="::/0"))
        guests = self.start(vpc, vpc.port([group]), vpc.port([group], subnet=1))
        for guest in guests:
            guest.speak_ipv6()
        return vpc, group, guests

    def client(self, guest, duid=None):
        client = Client(guest, duid)
        self.addCleanup(client.close)
        return client

    def test_every_guest_gets_its_own_address_whatever_it_calls_itself(self):
        _, _, (a, b) = self.world()
        for guest in (a, b):
            # By its MAC, by a vendor's number as systemd-networkd, by a UUID as cloud images, with a time as dhclient.
            for duid in (None, b"\0\2\0\0\xab\x11" + bytes(8), b"\0\4" + bytes(range(16)),
                         b"\0\1\0\1" + struct.pack(">I", 7) + b"\2\0\0\0\0\x77"):
                client = self.client(guest, duid)
                given, found = client.lease()
                self.assertEqual(given, [(guest.port["ipv6"][0], 3600)], duid)
                self.assertEqual(found[DNS_SERVERS], [ip_address("fd00:ec2::253").packed])
                kind, found = client.ask(RENEW, option(SERVER_ID, client.server),
                                         client.association(guest.port["ipv6"][0]))
                self.assertEqual((kind, client.addresses(found)), (REPLY, given))
                kind, _ = client.ask(RELEASE, option(SERVER_ID, client.server),
                                     client.association(guest.port["ipv6"][0]))
                self.assertEqual(kind, REPLY)
                client.close()

    def test_two_messages_are_enough_for_who_is_in_a_hurry(self):
        _, _, (a, _) = self.world()
        client = self.client(a)
        kind, found = client.ask(SOLICIT, option(RAPID), client.association())
        self.assertEqual(kind, REPLY)
        self.assertEqual(client.addresses(found), [(a.port["ipv6"][0], 3600)])

    def test_nobody_gets_what_is_anothers_or_nobodys(self):
        vpc, group, (a, b) = self.world()
        client = self.client(a)
        client.lease()
        for wanted in (b.port["ipv6"][0], "fd00:1::77", "fd00:2::1"):
            answer = client.ask(REQUEST, option(SERVER_ID, client.server), client.association(wanted), limit=3)
            self.assertNotIn(wanted, [] if answer is None else [x for x, _ in client.addresses(answer[1])])
        port = vpc.port([group])
        port["ipv6"] = []
        (c,) = self.start(vpc, port)
        c.speak_ipv6()
        answer = self.client(c).ask(SOLICIT, client.association(), limit=3)
        self.assertEqual([] if answer is None else client.addresses(answer[1]), [])

    def test_with_the_address_and_the_advertised_router_a_guest_is_reached(self):
        vpc, _, (a, b) = self.world()
        mine, _ = self.client(a).lease()
        its, _ = self.client(b).lease()
        for guest, given in ((a, mine), (b, its)):
            guest.speak_ipv6(given[0][0], advertisements=True)
            self.assertEqual(self.router_of(guest), link_local(self.bridge_mac(vpc, guest)))
        with socket_of(b) as listener, a.socket(family=socket.AF_INET6) as sock:
            listener.bind(("::", 22))
            listener.listen()
            sock.settimeout(world.COMES)
            sock.bind((mine[0][0], 0))
            sock.connect((its[0][0], 22))
        self.assertNotIn("fd00", run("ip", "-6", "-n", a.name, "route", "show", "default"))
        self.assertEqual(run("ip", "-6", "-n", a.name, "addr", "show", "dynamic"), "", "none makes itself")

    def router_of(self, guest):
        until = time.monotonic() + world.COMES
        while time.monotonic() < until:
            words = run("ip", "-6", "-n", guest.name, "route", "show", "default").split()
            if words:
                return words[2]
            time.sleep(0.1)
        return None

    @staticmethod
    def bridge_mac(vpc, guest):
        at = next(i for i, s in enumerate(vpc.subnets) if s["id"] == guest.port["subnet"])
        return ROUTER[:-2] + f"{at:02x}"


def socket_of(guest):
    return guest.socket(family=socket.AF_INET6)


def datagram(mac, to_mac, source, target, payload, ports=(5000, 6000), before=b"", first=17):
    """before: extension headers, the first of which is of kind `first`."""
    source, target = ip_address(source).packed, ip_address(target).packed
    udp = struct.pack(">HHHH", *ports, 8 + len(payload), 0) + payload
    total = checksum(source + target + struct.pack(">IHBB", len(udp), 0, 0, 17) + udp) or 0xffff
    udp = udp[:6] + struct.pack(">H", total) + udp[8:]
    return (mac_bytes(to_mac) + mac_bytes(mac) + b"\x86\xdd"
            + struct.pack(">IHBB", 6 << 28, len(before + udp), first, 64) + source + target + before + udp)


def behind(frame, kind, header):
    """An ICMPv6 frame with an extension header before the message."""
    head, body = frame[:54], frame[54:]
    return head[:18] + struct.pack(">HB", len(header + body), kind) + head[21:] + header + body


class Impostors(world.Case):
    """Each frame goes in front of a good one, as in spoofing.py: what has not been seen then stays away."""

    def setUp(self):
        super().setUp()
        self.vpc = Vpc(1, subnets=("10.0.0.0/24", "10.0.1.0/24"), cidr6="fd00:1::/56")
        group = self.vpc.group(rule(cidr6="::/0"), rule(egress=True, cidr6="::/0"))
        self.a, self.b, self.c = self.start(self.vpc, self.vpc.port([group]), self.vpc.port([group]),
                                            self.vpc.port([group], subnet=1))
        for guest in (self.a, self.b, self.c):
            guest.speak_ipv6(*guest.port["ipv6"])
            guest.batch(f"route add default via {link_local(ROUTER)} dev eth0")
        self.mac, self.own = self.a.port["mac"], self.a.port["ipv6"][0]
        self.local = link_local(self.mac)
        self.marks = Marks(self.a, lambda mark: datagram(self.mac, ROUTER, self.own, self.b.port["ipv6"][0], mark),
                           neighbour=self.b.raw(), bridge=sniffer(self.vpc.id, "br0"),
                           second=sniffer(self.vpc.id, "br1"), edge=sniffer(None, "cv1"), far=self.c.raw())

    def tearDown(self):
        self.marks.close()
        super().tearDown()

    def nowhere(self, make, what):
        self.assertEqual(self.marks.seen(make), set(), what)

    def icmp(self, kind, target, data=b"", source=None, to="33:33:00:00:00:01", hops=255, mac=None):
        return lambda mark: icmpv6_frame(mac or self.mac, to, source or self.local, target,
                                         bytes([kind]) + bytes(3) + data + mark, hops)

    def test_addresses(self):
        its = self.b.port["ipv6"][0]
        for good in (self.own, self.local):
            self.assertIn("bridge", self.marks.seen(
                lambda mark, good=good: datagram(self.mac, ROUTER, good, its, mark)), good)
        for source in (its, self.c.port["ipv6"][0], "fd00:1::77", "fd00:1::1", "fd00:ec2::254", "fd00:ec2::253",
                       "::", "::1", link_local(ROUTER), link_local(self.b.port["mac"]), "fe80::1", "2001:db8::1",
                       "::ffff:10.0.0.10", "64:ff9b::a00:a", "ff02::1"):
            self.nowhere(lambda mark, source=source: datagram(self.mac, ROUTER, source, its, mark), source)

    def test_a_router(self):
        """Advertisements and redirects, plain and behind headers that are to hide them (RFC 7113)."""
        prefix = struct.pack(">BBBBIII16s", 3, 4, 64, 0xc0, 7200, 7200, 0, ip_address("2001:db8:bad::").packed)
        advertises = struct.pack(">BBHII", 64, 0xc0, 1800, 0, 0)[:12] + prefix
        redirects = ip_address(self.local).packed + ip_address(self.b.port["ipv6"][0]).packed
        self.assertIn("bridge", self.marks.seen(self.icmp(ROUTER_ASKED, "ff02::2", to="33:33:00:00:00:02")))
        hidden = {"plain": lambda frame: frame,
                  "hop by hop": lambda frame: behind(frame, 0, b"\x3a\0\1\4\0\0\0\0"),
                  "destination": lambda frame: behind(frame, 60, b"\x3a\0\1\4\0\0\0\0"),
                  "both": lambda frame: behind(frame, 0, b"\x3c\0\1\4\0\0\0\0\x3a\0\1\4\0\0\0\0"),
                  "an atomic fragment": lambda frame: behind(frame, 44, b"\x3a\0\0\0\0\0\0\7")}
        for kind, data in ((ROUTER_SAYS, advertises), (REDIRECT, redirects)):
            for name, hide in hidden.items():
                for to, target in (("33:33:00:00:00:01", ALL_NODES), (ROUTER, self.b.port["ipv6"][0]),
                                   (self.b.port["mac"], link_local(self.b.port["mac"]))):
                    make = self.icmp(kind, target, data, to=to)
                    self.nowhere(lambda mark, make=make, hide=hide: hide(make(mark)), f"{kind}, {name}, to {target}")
                    self.nowhere(self.icmp(kind, target, data, source=link_local(ROUTER), to=to), "as the router")
        # Cut in two, so that the first part does not tell what it is.
        whole = self.icmp(ROUTER_SAYS, ALL_NODES, advertises)(b"<cut>")
        head, body = whole[:54], whole[54:]
        parts = [head[:18] + struct.pack(">HB", 8 + len(part), 44) + head[21:] + header + part for header, part in
                 ((b"\x3c\0\0\1\0\0\0\x09", b"\x3a\0\1\4\0\0\0\0"), (b"\x3c\0\0\x08\0\0\0\x09", body))]
        for part in parts:
            self.assertNotIn("neighbour", self.marks.seen(lambda mark, part=part: part), "a part")
        self.assertNotIn("2001:db8:bad", run("ip", "-6", "-n", self.vpc.id, "route", "show", "table", "all")
                         + run("ip", "-6", "-n", self.vpc.id, "addr"), "the router listens to no router")

    def test_a_neighbour(self):
        """Who is who the router knows by itself, and neighbours hear of nobody but of it."""
        its, mine = self.b.port["ipv6"][0], b"\2\1" + mac_bytes(self.mac)
        known = run("ip", "-6", "-n", self.vpc.id, "neigh", "show", "nud", "permanent")
        for target in (its, self.c.port["ipv6"][0], link_local(self.b.port["mac"]), link_local(ROUTER), "fd00:1::77"):
            claim = ip_address(target).packed + mine
            for flags in (b"\xa0", b"\x20", b"\x60"):
                for to, whom in (("33:33:00:00:00:01", ALL_NODES), (ROUTER, link_local(ROUTER))):
                    def make(mark, flags=flags, claim=claim, to=to, whom=whom):
                        return icmpv6_frame(self.mac, to, self.local, whom,
                                            bytes([NEIGHBOUR_SAYS, 0, 0, 0]) + flags + bytes(3) + claim + mark)
                    self.assertFalse(self.marks.seen(make) - {"bridge"}, target)
            self.nowhere(self.icmp(NEIGHBOUR_SAYS, ALL_NODES, bytes(4) + claim, source=target), "in its name")
            self.nowhere(self.icmp(NEIGHBOUR_SAYS, ALL_NODES, bytes(4) + claim, mac=self.b.port["mac"]), "by its MAC")
        self.assertEqual(run("ip", "-6", "-n", self.vpc.id, "neigh", "show", "nud", "permanent"), known)
        self.assertNotIn("fd00:1::77", run("ip", "-6", "-n", self.vpc.id, "neigh"))
        self.assertIn("far", self.marks.seen(
            lambda mark: datagram(self.mac, ROUTER, self.own, self.c.port["ipv6"][0], mark), want={"far"}))

    def test_a_dhcp_server(self):
        advertise = bytes([ADVERTISE, 0, 0, 1]) + option(SERVER_ID, b"\0\3\0\1" + mac_bytes(self.mac))
        for to, target in (("33:33:00:00:00:01", ALL_NODES), (ROUTER, self.b.port["ipv6"][0]),
                           (self.b.port["mac"], link_local(self.b.port["mac"]))):
            for source in (self.local, self.own, link_local(ROUTER)):
                def make(mark, ports=(547, 546), more=(b"", 17), to=to, target=target, source=source):
                    return datagram(self.mac, to, source, target, advertise + mark, ports, *more)
                self.nowhere(make, target)
                self.nowhere(lambda mark, make=make: make(mark, more=(b"\x11\0\1\4\0\0\0\0", 60)), "behind a header")
        self.assertIn("bridge", self.marks.seen(lambda mark: datagram(
            self.mac, "33:33:00:01:00:02", self.local, SERVERS, b"\1\0\0\1" + mark, (546, 547))), "a client's word")


if __name__ == "__main__":
    world.sandbox()
    import tap  # noqa: E402
    tap.main()
