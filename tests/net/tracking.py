#!/usr/bin/python3 -B
# area: network
# lab: own
# timeout: 180
"""Connections that are tracked: what spares them, what cuts them, and that not one packet of theirs is lost
while the driver changes rules, dies and comes back."""
import os
import socket
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import world  # noqa: E402
from world import Driver, Vpc, entry, everything_out, reaches, route, rule  # noqa: E402

TCP_INFO_RETRANSMITS = 100  # offset of tcpi_total_retrans in struct tcp_info


def retransmits(sock):
    info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    return struct.unpack("I", info[TCP_INFO_RETRANSMITS:TCP_INFO_RETRANSMITS + 4])[0]


class Stream:
    """A connection over which numbered words go to and fro all the time."""

    def __init__(self, source, target, port=22, address=None):
        with target.listen(port) as listener:
            self.near = source.socket() if source else socket.socket()
            self.near.settimeout(5)
            self.near.connect((address or target.ip, port))
            self.far, _ = listener.accept()
        for sock in (self.near, self.far):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.far.settimeout(10)
        self.words, self.running, self.broken = 0, False, None
        self.thread = None

    def says(self, limit=world.DROPPED):
        """Does a word get there and back?"""
        self.words += 1
        word = struct.pack(">Q", self.words)
        self.near.settimeout(limit)
        self.far.settimeout(limit)
        try:
            for one, other in ((self.near, self.far), (self.far, self.near)):
                one.sendall(word)
                while other.recv(8, socket.MSG_WAITALL) != word:
                    pass
        except OSError:
            return False
        return True

    def begin(self):
        def run():
            while self.running:
                if not self.says(10):
                    self.broken = f"word {self.words} is lost"
                    return
        self.running, self.thread = True, threading.Thread(target=run)
        self.thread.start()

    def end(self):
        if self.thread:
            self.running = False
            self.thread.join()
        lost = retransmits(self.near) + retransmits(self.far)
        self.near.close()
        self.far.close()
        return lost


class Tracking(world.Case):
    def test_a_rule_that_goes_spares_what_is_tracked(self):
        vpc = Vpc()
        group, out = vpc.group(rule("tcp", 22), rule("udp", 22)), vpc.group(everything_out())
        a, b = self.start(vpc, vpc.port([out], public="198.51.100.1"),
                          vpc.port([group, out], public="198.51.100.2"))
        streams = [Stream(a, b), Stream(a, b, address="198.51.100.2"), Stream(None, b, address="198.51.100.2")]
        rules = vpc.groups[group]["rules"]
        for change in (rules.clear, lambda: b.port.update(groups=[out]),
                       lambda: a.port.update(groups=[group]),  # which lets nothing out
                       lambda: vpc.groups[out]["rules"].clear()):
            change()
            self.driver.apply(vpc)
            with b.listen(22):
                self.assertFalse(reaches(a, b.ip, 22), "a new one obeys at once")
                self.assertFalse(reaches(None, "198.51.100.2", 22))
            for stream in streams:
                self.assertTrue(stream.says(limit=world.COMES))
        self.assertEqual([stream.end() for stream in streams], [0, 0, 0])

    def test_an_acl_cuts_at_once_and_both_ways(self):
        vpc = Vpc(subnets=("10.0.0.0/24", "10.0.1.0/24"))
        group = vpc.group(rule(), everything_out())
        a, b, c = self.start(vpc, vpc.port([group]), vpc.port([group], subnet=1), vpc.port([group], subnet=1))
        crossing, within = Stream(a, b), Stream(c, b)
        open_ = [entry(100), entry(100, egress=True)]
        acl = vpc.acl(*open_)
        vpc.subnets[1]["acl"] = acl
        self.driver.apply(vpc)
        self.assertTrue(crossing.says(limit=world.COMES))
        for closed in ([entry(90, allow=False, protocol=6, low=22)],
                       [entry(90, allow=False, egress=True, protocol=6, low=1024, high=65535)],
                       [entry(90, "10.0.0.0/24", allow=False)]):
            vpc.acls[acl]["entries"] = closed + open_
            self.driver.apply(vpc)
            self.assertFalse(crossing.says(), closed)
            self.assertTrue(within.says(limit=world.COMES), "no ACL stands between neighbours")
            crossing.end()
            vpc.acls[acl]["entries"] = list(open_)
            self.driver.apply(vpc)
            crossing = Stream(a, b)
            self.assertTrue(crossing.says(limit=world.COMES))
        # With the ACL open again the same connection goes on: TCP sends again what was lost.
        vpc.acls[acl]["entries"] = []
        self.driver.apply(vpc)
        self.assertFalse(crossing.says())
        vpc.acls[acl]["entries"] = open_
        self.driver.apply(vpc)
        self.assertTrue(crossing.says(10))
        crossing.end()
        within.end()

    def test_a_blackhole_stops_what_is_tracked(self):
        one, two = Vpc(1, "10.0.0.0/16", ("10.0.0.0/24",)), Vpc(2, "10.1.0.0/16", ("10.1.0.0/24",))
        link = world.peer(one, two)
        for vpc, other in ((one, two), (two, one)):
            vpc.tables[0]["routes"].append(route(other.cidrs[0], "peering", link))
        groups = [vpc.group(rule(), everything_out()) for vpc in (one, two)]
        self.start(one)
        (b,) = self.start(two, two.port([groups[1]]))
        (a,) = self.start(one, one.port([groups[0]]))
        stream = Stream(a, b)
        self.assertTrue(stream.says(limit=world.COMES))
        one.tables[0]["routes"][-1] = route("10.1.0.0/16", "blackhole")
        self.driver.apply(one)
        self.assertFalse(stream.says())
        one.tables[0]["routes"][-1] = route("10.1.0.0/16", "peering", link)
        self.driver.apply(one)
        self.assertTrue(stream.says(10))
        stream.end()

    def test_no_packet_is_lost_while_rules_change_and_the_driver_dies(self):
        vpc = Vpc(subnets=("10.0.0.0/24", "10.0.1.0/24"))
        group = vpc.group(rule(), everything_out())
        acl = vpc.acl(entry(100), entry(100, egress=True), entry(50, "10.77.0.0/16", allow=False))
        for subnet in vpc.subnets:
            subnet["acl"] = acl
        a, b = self.start(vpc, vpc.port([group], public="198.51.100.1"),
                          vpc.port([group], subnet=1, public="198.51.100.2"))
        streams = [Stream(a, b), Stream(a, b, 23, "198.51.100.2"), Stream(None, b, 24, "198.51.100.2")]
        for stream in streams:
            stream.begin()
        until, rounds = time.monotonic() + 8, 0
        while time.monotonic() < until:
            rounds += 1
            vpc.groups[group]["rules"][:1] = [rule("tcp", 20 + rounds % 3), rule()][:1 + rounds % 2]
            vpc.acls[acl]["entries"][2]["cidr"] = f"10.{77 + rounds % 9}.0.0/16"
            if rounds % 3 == 0:
                vpc.port([group], number=100 + rounds % 120)
            self.driver.apply(vpc)
            if rounds % 4 == 0:
                self.driver.kill()
                self.driver = Driver()
                self.driver.apply(vpc)  # from nothing: the whole rule set in one transaction
        self.assertGreater(rounds, 8)
        words = [stream.words for stream in streams]
        self.assertEqual([stream.end() for stream in streams], [0, 0, 0], "sent again")
        self.assertEqual([stream.broken for stream in streams], [None] * 3)
        self.assertGreater(min(words), 200)
        print(f"# {rounds} changes and {rounds // 4} deaths under {words} words to and fro")


if __name__ == "__main__":
    world.sandbox()
    import tap  # noqa: E402
    tap.main()
