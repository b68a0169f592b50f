#!/usr/bin/python3 -B
# area: network identity
# lab: own
# timeout: 120
"""Metadata through the real network: who is answered, from where, and how far a token gets."""
import http.client
import os
import socket
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import world  # noqa: E402
from world import Driver, Vpc, inside, reaches, run  # noqa: E402

IMDS = "169.254.169.254"
TTL = "X-aws-ec2-metadata-token-ttl-seconds"
TOKEN = "X-aws-ec2-metadata-token"
ID = "/latest/meta-data/instance-id"


class Link(http.client.HTTPConnection):
    """From a namespace, and from a source address where one is given."""

    def __init__(self, name, source=None, limit=2.0):
        super().__init__(IMDS, timeout=limit)
        self.name, self.source = name, source

    def connect(self):
        with inside(self.name):
            self.sock = socket.socket()
        self.sock.settimeout(self.timeout)
        if self.source:
            self.sock.bind((self.source, 0))
        self.sock.connect((IMDS, 80))


def ask(name, path=ID, method="GET", headers=None, **more):
    """(status, body); None: no answer."""
    link = Link(name, **more)
    try:
        link.request(method, path, headers=headers or {})
        reply = link.getresponse()
        return reply.status, reply.read().decode()
    except OSError:
        return None
    finally:
        link.close()


def token(name, **more):
    return ask(name, "/latest/api/token", "PUT", {TTL: "60"}, **more)


def instance_id(guest):
    return "i-" + guest.port["id"][4:]


class Metadata(world.Case):
    def know(self, vpc, tokens="optional", hops=1):
        self.driver.ask("metadata", intent=vpc.intent(), tokens=tokens, hops=hops)

    def world(self, index=1, count=2, **more):
        """A VPC whose groups let nothing in or out: metadata is none of theirs."""
        vpc = Vpc(index)
        group = vpc.group()
        guests = self.start(vpc, *[vpc.port([group]) for _ in range(count)])
        self.know(vpc, **more)
        return vpc, guests

    def test_each_guest_reads_its_own(self):
        _, (a, b) = self.world(1)
        _, (c, d) = self.world(2)
        self.assertEqual((a.ip, b.ip), (c.ip, d.ip), "two VPCs with the same block")
        for guest in (a, b, c, d):
            self.assertEqual(ask(guest.name), (200, instance_id(guest)))

    def test_tokens_are_of_their_guest_alone(self):
        _, (a, b) = self.world(1, tokens="required")
        _, (c,) = self.world(2, count=1, tokens="required")
        self.assertEqual(ask(a.name)[0], 401)
        status, mine = token(a.name)
        self.assertEqual(status, 200)
        self.assertEqual(ask(a.name, headers={TOKEN: mine}), (200, instance_id(a)))
        self.assertEqual(ask(b.name, headers={TOKEN: mine})[0], 401)
        self.assertEqual(ask(c.name, headers={TOKEN: mine})[0], 401, "the same address elsewhere")

    def test_a_forged_source_gets_nothing(self):
        vpc, (a, b) = self.world()
        a.batch(f"addr add {b.ip}/32 dev eth0", "addr add 10.0.0.99/32 dev eth0")
        for checked in (True, False):
            a.port["source_dest_check"] = checked
            self.driver.apply(vpc)
            self.assertEqual(ask(a.name), (200, instance_id(a)))
            self.assertIsNone(ask(a.name, source=b.ip, limit=world.DROPPED))
        # Without the check it may send from an address that is nobody's: of that one nothing is known.
        self.assertEqual(ask(a.name, source="10.0.0.99")[0], 404)
        self.assertEqual(ask(b.name), (200, instance_id(b)))

    def test_a_hop_limit_of_one_ends_in_the_guest(self):
        """A container with a network of its own behind the guest: it is routed and masqueraded."""
        vpc, (a,) = self.world(count=1)
        run("ip", "netns", "add", "inner")
        self.addCleanup(run, "ip", "netns", "delete", "inner")
        run("ip", "link", "add", "c0", "netns", a.name, "type", "veth", "peer", "name", "eth0",
            "netns", "inner")
        a.batch("addr add 192.168.9.1/24 dev c0", "link set c0 up")
        run("ip", "-n", "inner", "-batch", "-", stdin="addr add 192.168.9.2/24 dev eth0\n"
            "link set eth0 up\nroute add default via 192.168.9.1\n")
        with inside(a.name):
            with open("/proc/sys/net/ipv4/ip_forward", "w", encoding="ascii") as file:
                file.write("1")
        run("ip", "netns", "exec", a.name, "nft", "-f", "-", stdin="table ip t { chain out { "
            "type nat hook postrouting priority 100; oifname eth0 masquerade; }; }")
        self.assertEqual(ask("inner"), (200, instance_id(a)), "without a token it gets there")
        self.assertEqual(token(a.name)[0], 200)
        self.assertIsNone(token("inner", limit=1.0))
        self.assertIsNone(self.token_and_then_a_read("inner"), "and nothing follows it")
        self.know(vpc, hops=2)
        status, given = token("inner")
        self.assertEqual(status, 200)
        self.assertEqual(ask("inner", headers={TOKEN: given}), (200, instance_id(a)))
        self.assertTrue(self.token_and_then_a_read("inner"))
        self.know(vpc, hops=1)
        self.assertIsNone(token("inner", limit=1.0))

    @staticmethod
    def token_and_then_a_read(name):
        """Both on one connection, at once: the second answer has the TTL of the first."""
        with inside(name):
            sock = socket.socket()
        with sock:
            sock.settimeout(1.5)
            sock.connect((IMDS, 80))
            sock.sendall(f"PUT /latest/api/token HTTP/1.1\r\nHost: h\r\n{TTL}: 60\r\n"
                         "Content-Length: 0\r\n\r\n"
                         f"GET {ID} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
            try:
                return sock.recv(4096) or None
            except OSError:
                return None

    def test_nothing_else_is_reached_there(self):
        vpc, (a, _) = self.world()
        for port in (22, 53, 8773, 8080):
            self.assertFalse(reaches(a, IMDS, port), port)
        self.assertFalse(reaches(a, a.router, 80), "the router's other addresses")
        with inside(vpc.id):
            with open("/proc/net/tcp", encoding="ascii") as file:
                ours = [line.split()[1] for line in file.readlines()[1:] if line.split()[3] == "0A"]
        mine = socket.inet_aton(IMDS)[::-1].hex().upper() + ":0050"
        self.assertEqual(ours.count(mine), 1)

    def test_a_new_daemon_listens_again_and_knows_the_tokens(self):
        vpc, (a, _) = self.world(tokens="required")
        given = token(a.name)[1]
        self.driver.kill()
        self.assertIsNone(ask(a.name, limit=world.DROPPED))
        self.driver = Driver()
        self.driver.apply(vpc)
        self.know(vpc, tokens="required")
        self.assertEqual(ask(a.name, headers={TOKEN: given}), (200, instance_id(a)))

    def test_a_namespace_that_is_made_anew_has_a_listener_of_its_own(self):
        vpc, guests = self.world()
        keep = Link(guests[0].name)
        keep.request("GET", ID)
        keep.getresponse().read()
        for guest in guests:
            guest.end()
        self.guests.clear()
        run("ip", "netns", "delete", vpc.id)
        ports = list(vpc.ports.values())
        again = self.start(vpc, *ports)
        self.know(vpc)
        for guest in again:
            self.assertEqual(ask(guest.name), (200, instance_id(guest)))
        keep.close()

    def test_a_removed_vpc_leaves_nothing_behind(self):
        vpc, guests = self.world()
        inode = os.stat(f"/run/netns/{vpc.id}").st_ino
        for guest in guests:
            guest.end()
        self.guests.clear()
        self.vpcs.remove(vpc)
        self.driver.remove(vpc)
        fds = f"/proc/{self.driver.process.pid}/fd"
        left = [os.readlink(f"{fds}/{fd}") for fd in os.listdir(fds)]
        self.assertNotIn(f"net:[{inode}]", left)
        # A listening socket would keep the namespace, and its count of sockets would say so. Those that are there are
        # the unix ones between croftd's part and croft-metadata's.
        with open(f"/proc/{self.driver.process.pid}/net/unix", encoding="ascii") as file:
            between = {f"socket:[{line.split()[6]}]" for line in file.readlines()[1:]}
        self.assertEqual([link for link in left if link.startswith("socket:") and link not in between], [])


if __name__ == "__main__":
    world.sandbox()
    import tap  # noqa: E402
    tap.main()
