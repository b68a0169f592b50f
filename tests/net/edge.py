#!/usr/bin/python3 -B
# area: network
# lab: own
# timeout: 120
"""Public addresses, what is out of reach, and what a guest may put on its wire."""
import os
import socket
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import world  # noqa: E402
from world import (Driver, Vpc, everything_out, mac_bytes, ping, reaches, rule,  # noqa: E402
                   run, udp_frame, who_reaches)
from ipaddress import ip_address  # noqa: E402


def heard(sock, limit=world.DROPPED):
    sock.settimeout(limit)
    try:
        return sock.recvfrom(2048)[0]
    except OSError:
        return None


class Edge(world.Case):
    def test_public_addresses_answer_from_the_server(self):
        vpc = Vpc()
        group = vpc.group(rule("tcp", 22), everything_out())
        (a,) = self.start(vpc, vpc.port([group], public="198.51.100.7"))
        with a.listen(22) as listener, a.listen(80):
            self.assertEqual(who_reaches(listener, None, "198.51.100.7", 22), "169.254.64.2")
            self.assertFalse(reaches(None, "198.51.100.7", 80), "its groups count")
            self.assertFalse(reaches(None, "198.51.100.8", 22), "nobody's address")
            self.assertFalse(reaches(None, a.ip, 22), "the private one is not routed")
            a.port["public"] = "198.51.100.8"
            self.driver.apply(vpc)
            self.assertFalse(reaches(None, "198.51.100.7", 22))
            self.assertTrue(reaches(None, "198.51.100.8", 22, limit=world.COMES))
            a.port["public"] = None
            self.driver.apply(vpc)
            self.assertFalse(reaches(None, "198.51.100.8", 22))
        self.assertNotIn("dev cv1 proto static", run("ip", "route"))

    def test_losing_the_public_address_cuts_at_once(self):
        vpc = Vpc()
        group = vpc.group(rule(), everything_out())
        (a,) = self.start(vpc, vpc.port([group], public="198.51.100.7"))
        with a.listen(22) as listener, socket.socket() as sock:
            sock.connect(("198.51.100.7", 22))
            connection, _ = listener.accept()
            a.port["public"] = None
            self.driver.apply(vpc)
            connection.sendall(b"?")
            self.assertIsNone(heard(sock))
            connection.close()

    def test_vpcs_of_the_same_block_meet_by_public_addresses_alone(self):
        one, two = Vpc(1), Vpc(2)
        groups = [vpc.group(rule(), everything_out()) for vpc in (one, two)]
        (a,) = self.start(one, one.port([groups[0]], public="198.51.100.1"))
        b, c = self.start(two, two.port([groups[1]], public="198.51.100.2"),
                          two.port([groups[1]], public="198.51.100.3"))
        self.assertEqual(a.ip, b.ip)
        with a.listen(22), b.listen(22) as listener:
            self.assertEqual(who_reaches(listener, a, "198.51.100.2", 22), "198.51.100.1")
            self.assertEqual(who_reaches(listener, c, b.ip, 22), c.ip)
            self.assertEqual(who_reaches(listener, c, "198.51.100.2", 22), "198.51.100.3",
                             "through the edge and back")

    def test_without_a_public_address_nothing_leaves(self):
        vpc = Vpc()
        group = vpc.group(rule(), everything_out())
        a, b = self.start(vpc, vpc.port([group]), vpc.port([group], public="198.51.100.7"))
        with b.listen(22):
            self.assertTrue(reaches(a, b.ip, 22, limit=world.COMES))
            self.assertFalse(reaches(a, "198.51.100.7", 22))

    def test_the_server_and_the_router_are_out_of_reach(self):
        vpc = Vpc()
        group = vpc.group(rule(), everything_out())
        (a,) = self.start(vpc, vpc.port([group], public="198.51.100.7"))
        run("ip", "address", "add", "192.0.2.1/32", "dev", "lo")
        with socket.create_server(("", 8773)), a.listen(22):
            for address in ("169.254.64.2", "192.0.2.1", "169.254.64.3", "10.0.0.1", "10.0.0.2"):
                self.assertFalse(reaches(a, address, 8773), address)
                self.assertFalse(a.ping(address), address)
            self.assertTrue(reaches(None, "198.51.100.7", 22, limit=world.COMES), "the server reaches it")
            self.assertTrue(ping(None, "198.51.100.7"))
            # Reloading a firewall's configuration takes every table away.
            for broken in (("flush", "ruleset"), ("flush", "chain", "inet", "croft", "input"),
                           ("insert", "rule", "inet", "croft", "input", "accept")):
                run("nft", *broken)
                self.assertTrue(reaches(a, "192.0.2.1", 8773, limit=world.COMES), "that has taken effect")
                self.driver.apply(vpc)
                self.assertFalse(reaches(a, "192.0.2.1", 8773), broken)
            handles = run("nft", "-a", "list", "table", "inet", "croft")
            run("nft", "add", "table", "inet", "others")
            self.driver.apply(vpc)
            self.assertEqual(run("nft", "-a", "list", "table", "inet", "croft"), handles,
                             "others may change what is theirs")
            run("nft", "delete", "table", "inet", "others")
        run("ip", "address", "del", "192.0.2.1/32", "dev", "lo")

    def test_the_daemon_connects_past_the_groups_and_says_why_not(self):
        vpc = Vpc()
        group = vpc.group(everything_out())
        (a,) = self.start(vpc, vpc.port([group]))

        def connect(**more):
            return self.driver.ask("connect", vpc=vpc.id, **more)
        with a.listen(22) as listener:
            connect(ip=a.ip, port=22)
            self.assertEqual(listener.accept()[1][0], "10.0.0.1")
        with self.assertRaises(world.Failed) as refused:
            connect(ip=a.ip, port=23)
        self.assertEqual(refused.exception.code, 111)
        with self.assertRaises(world.Failed) as nobody:
            connect(ip="10.0.0.77", port=22, timeout=200)
        self.assertEqual(nobody.exception.code, 110)
        self.assertGreater(self.driver.us, 150000)
        with self.assertRaises(world.Failed) as outside:
            connect(ip="198.51.100.9", port=22, timeout=200)
        self.assertIn(outside.exception.code, (1, 110, 113))

    def test_an_uplink_lets_out_who_has_a_public_address_and_nobody_in(self):
        run("ip", "netns", "add", "internet")
        run("ip", "link", "add", "up0", "type", "veth", "peer", "name", "eth0", "netns", "internet")
        run("ip", "addr", "add", "192.0.2.1/24", "dev", "up0")
        run("ip", "link", "set", "up0", "up")
        run("ip", "-n", "internet", "-batch", "-", stdin="link set lo up\nlink set eth0 up\n"
            "addr add 192.0.2.53/24 dev eth0\nroute add 198.51.100.0/24 via 192.0.2.1\n")
        self.driver.end()
        self.driver = Driver("up0", "192.0.2.53")
        vpc = Vpc()
        group = vpc.group(rule(), everything_out())
        a, b = self.start(vpc, vpc.port([group], public="198.51.100.7"), vpc.port([group]))
        with world.inside("internet"):
            listener = socket.create_server(("", 80))
            names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            names.bind(("", 53))
            outsider = socket.socket()
        outsider.settimeout(world.DROPPED)
        with listener, names, outsider, a.listen(22):
            self.assertEqual(who_reaches(listener, a, "192.0.2.53", 80), "192.0.2.1")
            self.assertFalse(reaches(b, "192.0.2.53", 80), "no public address")
            self.assertNotEqual(outsider.connect_ex(("198.51.100.7", 22)), 0)
            self.assertTrue(reaches(None, "198.51.100.7", 22, limit=world.COMES))
            # The resolver asks for a guest that cannot leave, but never for names of the VPC.
            for name, asked in (("www.example.com", True), ("x.ec2.internal", False),
                                ("1.0.0.10.in-addr.arpa", False)):
                world.dns(b, "10.0.0.2", name, limit=0.2)
                self.assertEqual(heard(names) is not None, asked, name)
        run("nft", "delete", "table", "inet", "croft")
        run("ip", "link", "delete", "up0")
        run("ip", "netns", "delete", "internet")

    def test_only_its_own_mac_and_address_leave_a_port(self):
        vpc = Vpc()
        group = vpc.group(rule(), everything_out())
        a, b, c = self.start(vpc, vpc.port([group]), vpc.port([group]), vpc.port([group]))
        bridge = "02:43:00:01:00:00"
        with a.raw() as wire, b.socket(socket.SOCK_DGRAM) as sink:
            sink.bind(("", 9))

            def arrives(mac, address):
                wire.send(udp_frame(mac, bridge, address, b.ip, 5, 9, b"x"))
                return heard(sink) is not None
            self.assertTrue(arrives(a.port["mac"], a.ip))
            self.assertFalse(arrives(a.port["mac"], c.ip), "another guest's address")
            self.assertFalse(arrives(a.port["mac"], "10.0.9.9"), "nobody's address")
            self.assertFalse(arrives(c.port["mac"], a.ip), "another guest's MAC")
            a.port["source_dest_check"] = False
            self.driver.apply(vpc)
            self.assertTrue(arrives(a.port["mac"], "10.0.9.9"), "a forwarder")
            self.assertFalse(arrives(a.port["mac"], c.ip), "a forwarder as another guest")

    def test_no_foreign_arp_dhcp_server_or_router_advertisement(self):
        vpc = Vpc()
        group = vpc.group(rule(), everything_out())
        a, b, c = self.start(vpc, vpc.port([group]), vpc.port([group]), vpc.port([group]))

        def arp(sender_mac, sender, target):
            return (b"\xff" * 6 + mac_bytes(a.port["mac"]) + b"\x08\x06"
                    + struct.pack(">HHBBH", 1, 0x800, 6, 4, 1) + mac_bytes(sender_mac)
                    + ip_address(sender).packed + bytes(6) + ip_address(target).packed)

        def answered(frame):
            with a.raw() as wire:
                wire.send(frame)
                until = world.time.monotonic() + world.DROPPED
                while (left := until - world.time.monotonic()) > 0:
                    data = heard(wire, left)
                    if data and data[12:14] == b"\x08\x06" and data[20:22] == b"\0\x02":
                        return data[22:28].hex(":")
            return None
        self.assertEqual(answered(arp(a.port["mac"], a.ip, "10.0.0.1")), "02:43:00:01:00:00")
        self.assertEqual(answered(arp(a.port["mac"], a.ip, b.ip)), "02:43:00:01:00:00",
                         "the router answers for the neighbours")
        self.assertIsNone(answered(arp(a.port["mac"], c.ip, "10.0.0.1")))
        self.assertIsNone(answered(arp(c.port["mac"], a.ip, "10.0.0.1")))
        self.assertIsNone(answered(arp(a.port["mac"], "0.0.0.0", a.ip)), "its own probe")

        # What a port lets through is seen on the tap; the bridge has it only after the port's rules.
        with a.raw() as wire, world.inside(vpc.id):
            with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as bridge:
                bridge.bind(("br0", 0))

                def passes(frame):
                    wire.send(frame)
                    until = world.time.monotonic() + world.DROPPED
                    while (left := until - world.time.monotonic()) > 0:
                        if heard(bridge, left) == frame:
                            return True
                    return False
                mac = a.port["mac"]
                self.assertTrue(passes(udp_frame(mac, "ff:ff:ff:ff:ff:ff", a.ip, "10.0.15.255", 5,
                                                 6, b"x" * 40)))
                self.assertFalse(passes(udp_frame(mac, "ff:ff:ff:ff:ff:ff", a.ip, "255.255.255.255",
                                                  67, 68, b"offer" * 9)))
                advertisement = (mac_bytes("33:33:00:00:00:01") + mac_bytes(mac) + b"\x86\xdd"
                                 + bytes([0x60, 0, 0, 0, 0, 16, 58, 255]) + b"\xfe\x80" + bytes(13)
                                 + b"\x01" + b"\xff\x02" + bytes(13) + b"\x01" + bytes([134])
                                 + bytes(15))
                self.assertFalse(passes(advertisement))
                self.assertFalse(passes(b"\xff" * 6 + mac_bytes(mac) + b"\x88\xb5" + bytes(46)))


if __name__ == "__main__":
    world.sandbox()
    import tap  # noqa: E402
    tap.main()
