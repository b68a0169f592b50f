#!/usr/bin/python3 -B
# area: network
# lab: own
# timeout: 120
"""IPv6 past the server: a prefix that the owner's router leads here goes out and in, a unique local one stays."""
import errno
import os
import socket
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import world  # noqa: E402
from world import Driver, Vpc, everything_out, route, rule, run  # noqa: E402

PREFIX, BLOCK, ULA = "2001:db8:1000::/48", "2001:db8:1000:100::/56", "fd00:1::/56"
CLIENT, BEYOND = "2001:db8:ffff::50", "2001:db8:beef::9"


def sysctl(name, value=None):
    with open(f"/proc/sys/net/ipv6/conf/{name}", "w" if value else "r", encoding="ascii") as file:
        return file.write(value) if value else file.read().strip()


class On:
    """Somebody at an address of the LAN or beyond its router."""

    def __init__(self, address):
        self.address = address

    def socket(self, family=socket.AF_INET6):
        with world.inside("lan"):
            sock = socket.socket(family)
        sock.bind((self.address, 0))
        return sock

    def listen(self, port):
        with world.inside("lan"):
            return socket.create_server((self.address, port), family=socket.AF_INET6)


def listen(guest, port):
    with world.inside(guest.name):
        return socket.create_server(("::", port), family=socket.AF_INET6)


def meets(listener, source, address, port, limit=world.COMES):
    """Connects, and says whom the listener saw; or the error."""
    with source.socket(family=socket.AF_INET6) as sock:
        sock.settimeout(limit)
        try:
            sock.connect((address, port))
        except socket.timeout:
            return None
        except OSError as error:
            return error.errno
        listener.settimeout(world.COMES)
        connection, peer = listener.accept()
        connection.close()
        return peer[0]


class Ipv6(world.Case):
    def setUp(self):
        run("ip", "netns", "add", "lan")
        run("ip", "link", "add", "up0", "type", "veth", "peer", "name", "eth0", "netns", "lan")
        for name in ("accept_dad", "disable_ipv6"):
            sysctl(f"up0/{name}", "0")
            with world.inside("lan"):
                sysctl(f"eth0/{name}", "0")
        sysctl("up0/accept_ra", "1")
        sysctl("all/forwarding", "0")
        run("ip", "link", "set", "up0", "up")
        run("ip", "-n", "lan", "-batch", "-", stdin="link set lo up\nlink set eth0 up\n"
            f"addr add 2001:db8:ffff::1/64 dev eth0 nodad\naddr add {CLIENT}/64 dev eth0 nodad\n"
            f"addr add {BEYOND}/128 dev lo nodad\nroute add {PREFIX} via 2001:db8:ffff::10\n"
            "route add fd00:1::/56 via 2001:db8:ffff::10\n")
        run("ip", "addr", "add", "2001:db8:ffff::10/64", "dev", "up0", "nodad")
        run("ip", "-6", "route", "add", "default", "via", "2001:db8:ffff::1")
        super().setUp()

    def tearDown(self):
        super().tearDown()
        run("nft", "delete", "table", "inet", "croft")
        run("ip", "link", "delete", "up0")
        run("ip", "netns", "delete", "lan")
        sysctl("all/forwarding", "0")

    def guest(self, prefix, block):
        self.driver.end()
        self.driver = Driver("up0", "", *([prefix] if prefix else []))
        vpc = Vpc(cidr6=block)
        group = vpc.group(rule("tcp", 22, cidr6="::/0"), rule(egress=True, cidr6="::/0"), everything_out())
        (a,) = self.start(vpc, vpc.port([group]))
        a.speak_ipv6(a.port["ipv6"][0], advertisements=True)
        until = world.time.monotonic() + world.COMES
        while "default via fe80" not in run("ip", "-6", "-n", a.name, "route"):
            self.assertLess(world.time.monotonic(), until, "no router advertisement")
            world.time.sleep(0.1)
        return vpc, a, a.port["ipv6"][0]

    def test_a_prefix_of_the_owners_goes_out_and_in_with_its_own_addresses(self):
        _, a, mine = self.guest(PREFIX, BLOCK)
        with listen(a, 22) as inside, listen(a, 23) as closed:
            for there in (On(CLIENT), On(BEYOND)):
                with there.listen(80) as listener:
                    self.assertEqual(meets(listener, a, there.address, 80), mine, "nothing is translated")
                self.assertEqual(meets(inside, there, mine, 22), there.address)
                self.assertIsNone(meets(closed, there, mine, 23, world.DROPPED), "its group obeys")
        self.assertEqual((sysctl("all/forwarding"), sysctl("up0/accept_ra")), ("1", "2"),
                         "the server still hears its router")

    def test_an_egress_only_gateway_lets_out_and_not_in(self):
        vpc, a, mine = self.guest(PREFIX, BLOCK)
        vpc.tables[0]["routes"][1] = route("::/0", "egress-only")
        self.driver.apply(vpc)
        with listen(a, 22) as inside, On(BEYOND).listen(80) as listener:
            self.assertEqual(meets(listener, a, BEYOND, 80), mine)
            self.assertIsNone(meets(inside, On(BEYOND), mine, 22, world.DROPPED))
            self.assertIsNone(meets(inside, On(CLIENT), mine, 22, world.DROPPED))
            vpc.tables[0]["routes"].pop()
            self.driver.apply(vpc)
            self.assertNotEqual(meets(listener, a, BEYOND, 80, world.DROPPED), mine, "no gateway, no way")

    def test_what_no_vpc_has_of_the_prefix_does_not_go_round(self):
        _, a, _ = self.guest(PREFIX, BLOCK)
        with On(CLIENT).listen(80) as listener:
            self.assertIn(meets(listener, On(CLIENT), "2001:db8:1000:200::1", 80),
                          (errno.ENETUNREACH, errno.EHOSTUNREACH), "the server says that nobody is there")
            self.assertIn(meets(listener, a, "2001:db8:1000:200::1", 80),
                          (errno.ENETUNREACH, errno.EHOSTUNREACH))

    def test_a_unique_local_block_stays_and_its_guest_is_told_at_once(self):
        for prefix in (None, PREFIX):  # also one that is left from before the owner had a prefix
            _, a, mine = self.guest(prefix, ULA)
            with listen(a, 22) as inside, On(BEYOND).listen(80) as listener:
                began = world.time.monotonic()
                self.assertIn(meets(listener, a, BEYOND, 80), (errno.ENETUNREACH, errno.EHOSTUNREACH))
                self.assertLess(world.time.monotonic() - began, 3)
                self.assertIsNone(meets(inside, On(CLIENT), mine, 22, world.DROPPED))
            self.assertEqual(sysctl("all/forwarding"), "1" if prefix else "0")
            self.tearDown()
            self.setUp()


if __name__ == "__main__":
    world.sandbox()
    import tap  # noqa: E402
    tap.main()
