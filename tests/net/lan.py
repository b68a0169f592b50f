#!/usr/bin/python3 -B
# area: network
# lab: own
# timeout: 120
"""Public addresses of the LAN of the uplink: who answers for them there, who gets in, and as whom."""
import copy
import json
import os
import socket
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import world  # noqa: E402
from world import Driver, Vpc, everything_out, reaches, rule, run, who_reaches  # noqa: E402

RANGE = "192.168.1.200-192.168.1.203"
HOST_ONLY = "198.51.100.0/24"
CLIENT, ROUTER, BEYOND = "192.168.1.50", "192.168.1.1", "203.0.113.9"


class On:
    """Somebody at an address of the LAN, with what world's functions ask of a guest."""

    def __init__(self, address):
        self.address = address

    def socket(self):
        with world.inside("lan"):
            sock = socket.socket()
        sock.bind((self.address, 0))
        return sock

    def listen(self, port):
        with world.inside("lan"):
            return socket.create_server((self.address, port))


def asked(address):
    """The LAN forgets whom it knows and asks anew: the MAC that answers, or None."""
    run("ip", "-n", "lan", "neigh", "flush", "dev", "eth0")
    reaches(On(CLIENT), address, 1)
    for known in json.loads(run("ip", "-n", "lan", "-json", "neigh", "show", address)):
        if known["state"] != ["FAILED"] and known["state"] != ["INCOMPLETE"]:
            return known.get("lladdr")
    return None


def answers():
    """Whom the uplink answers for."""
    return sorted(p["dst"] for p in json.loads(run("ip", "-json", "neigh", "show", "proxy", "dev", "up0")))


def own_mac():
    return json.loads(run("ip", "-json", "link", "show", "up0"))[0]["address"]


def make_uplink(address="192.168.1.10/24"):
    run("ip", "link", "add", "up0", "type", "veth", "peer", "name", "eth0", "netns", "lan")
    run("ip", "link", "set", "up0", "up")
    run("ip", "-n", "lan", "-batch", "-", stdin=f"link set eth0 up\naddr add {CLIENT}/24 dev eth0\n"
        f"addr add {ROUTER}/24 dev eth0\n")
    if address:
        give_address(address)


def give_address(address="192.168.1.10/24"):
    run("ip", "addr", "add", address, "dev", "up0")
    run("ip", "route", "replace", "default", "via", ROUTER)


def refused(*ranges):
    """Why the daemon's network does not start with them."""
    driver = os.environ.get("CROFT_NET_DRIVER") or os.path.join(os.environ["CROFT_BUILD"], "tests/net/net_driver")
    done = subprocess.run([driver, world.RUNTIME, ",".join(ranges), "up0", "192.168.1.53"], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == (1 if done.stderr else 0), done
    return done.stderr.strip()


class Lan(world.Case):
    def setUp(self):
        run("ip", "netns", "add", "lan")
        run("ip", "-n", "lan", "-batch", "-", stdin=f"link set lo up\naddr add {BEYOND}/32 dev lo\n")
        make_uplink()
        super().setUp()
        self.again()

    def tearDown(self):
        super().tearDown()
        run("nft", "delete", "table", "inet", "croft")
        run("ip", "link", "delete", "up0")
        run("ip", "netns", "delete", "lan")

    def again(self, pool=f"{RANGE}, {HOST_ONLY}"):
        """The daemon ends, and comes back with these ranges."""
        self.driver.end()
        self.driver = Driver("up0", pool=pool)
        self.driver.names("list")  # it has begun

    def vpc(self, *publics, ports=(22,)):
        vpc = Vpc()
        group = vpc.group(*(rule("tcp", port) for port in ports), everything_out())
        return (vpc, *self.start(vpc, *(vpc.port([group], public=public) for public in publics)))

    def test_the_lan_asks_for_the_address_gets_in_and_is_seen_as_itself(self):
        _, a = self.vpc("192.168.1.200")
        client = On(CLIENT)
        with a.listen(22) as listener, a.listen(80):
            began = world.time.monotonic()
            self.assertEqual(who_reaches(listener, client, "192.168.1.200", 22, 3), CLIENT)
            self.assertLess(world.time.monotonic() - began, 0.5, "the answer to ARP does not wait")
            self.assertFalse(reaches(client, "192.168.1.200", 80), "its group obeys")
            self.assertEqual(asked("192.168.1.200"), own_mac())
            self.assertEqual(who_reaches(listener, On(BEYOND), "192.168.1.200", 22, 3), BEYOND)
            self.assertTrue(reaches(None, "192.168.1.200", 22), "the server, too")
        self.assertEqual(answers(), ["192.168.1.200"])
        self.assertIsNone(asked("192.168.1.201"), "nobody's")
        self.assertIsNone(asked("192.168.1.77"), "of no range")

    def test_guests_leave_with_their_own_address_and_without_one_not_at_all(self):
        _, a, b, c = self.vpc("192.168.1.201", "198.51.100.7", None)
        for at in (On(CLIENT), On(BEYOND)):
            with at.listen(80) as listener:
                self.assertEqual(who_reaches(listener, a, at.address, 80, 3), "192.168.1.201")
                self.assertEqual(who_reaches(listener, b, at.address, 80, 3), "192.168.1.10",
                                 "one of a host-only range is masqueraded")
                self.assertFalse(reaches(c, at.address, 80))
        self.assertFalse(reaches(a, "192.168.1.202", 22), "nobody's: it does not get to the LAN")

    def test_host_only_addresses_stay_out_of_the_lans_reach(self):
        _, a, b = self.vpc("192.168.1.200", "198.51.100.7")
        run("ip", "-n", "lan", "route", "add", "198.51.100.0/24", "via", "192.168.1.10")
        run("ip", "-n", "lan", "route", "add", "10.0.0.0/16", "via", "192.168.1.10")
        with a.listen(22), b.listen(22) as listener:
            self.assertFalse(reaches(On(CLIENT), "198.51.100.7", 22))
            self.assertFalse(reaches(On(CLIENT), b.ip, 22))
            self.assertEqual(who_reaches(listener, None, "198.51.100.7", 22), "169.254.64.2")
            self.assertEqual(who_reaches(listener, a, "198.51.100.7", 22), "192.168.1.200", "from guest to guest")

    def test_an_address_that_moves_or_goes_is_answered_for_no_longer(self):
        vpc, a, b = self.vpc("192.168.1.200", None)
        with a.listen(22), b.listen(22) as listener:
            self.assertTrue(reaches(On(CLIENT), "192.168.1.200", 22, 3))
            a.port["public"], b.port["public"] = None, "192.168.1.200"
            self.driver.apply(vpc)
            self.assertEqual(who_reaches(listener, On(CLIENT), "192.168.1.200", 22, 3), CLIENT, "an elastic address")
            b.port["public"] = "192.168.1.203"
            self.driver.apply(vpc)
            self.assertEqual(answers(), ["192.168.1.203"])
            self.assertIsNone(asked("192.168.1.200"))
            self.assertTrue(reaches(On(CLIENT), "192.168.1.203", 22, 3))
            vpc.internet_gateway = False
            self.driver.apply(vpc)
            self.assertEqual(answers(), [])
        vpc.internet_gateway = True
        self.driver.apply(vpc)
        self.assertEqual(answers(), ["192.168.1.203"])
        self.guests.remove(a)
        self.guests.remove(b)
        a.end()
        b.end()
        self.vpcs.remove(vpc)
        self.driver.remove(vpc)
        self.assertEqual(answers(), [], "they go with the VPC")

    def test_what_others_take_away_or_leave_behind_is_put_right(self):
        vpc, a = self.vpc("192.168.1.200")
        with a.listen(22):
            self.driver.kill()
            self.assertTrue(reaches(On(CLIENT), "192.168.1.200", 22, 3), "without the daemon")
            run("ip", "neigh", "add", "proxy", "192.168.1.202", "dev", "up0")  # as a crash may leave it
            run("ip", "neigh", "add", "proxy", "192.168.1.99", "dev", "up0")  # the owner's own
            self.driver = Driver("up0", pool=f"{RANGE}, {HOST_ONLY}")
            self.driver.apply(vpc)
            self.assertEqual(answers(), ["192.168.1.200", "192.168.1.99"])
            run("ip", "neigh", "del", "proxy", "192.168.1.200", "dev", "up0")
            self.driver.apply(vpc)  # as the reconciler does
            self.assertEqual(answers(), ["192.168.1.200", "192.168.1.99"])
            run("ip", "link", "delete", "up0")
            make_uplink()
            self.driver.apply(vpc)
            self.assertTrue(reaches(On(CLIENT), "192.168.1.200", 22, 3), "the uplink was away")
            run("nft", "flush", "ruleset")
            self.driver.apply(vpc)
            self.assertTrue(reaches(On(CLIENT), "192.168.1.200", 22, 3))

    def test_an_uplink_that_gets_its_address_later(self):
        run("ip", "addr", "flush", "dev", "up0")
        self.again()
        vpc, a = self.vpc("192.168.1.200")
        self.assertEqual(answers(), [], "of no LAN that is known")
        give_address()
        self.driver.apply(vpc)
        with a.listen(22) as listener:
            self.assertEqual(who_reaches(listener, On(CLIENT), "192.168.1.200", 22, 3), CLIENT)
        run("ip", "addr", "flush", "dev", "up0")
        run("ip", "addr", "add", "192.168.1.202/24", "dev", "up0")
        with self.assertRaises(world.Failed) as taken:
            self.driver.apply(vpc)
        self.assertIn("192.168.1.202, an address of this server: up0", str(taken.exception))
        run("ip", "addr", "flush", "dev", "up0")
        give_address()
        self.driver.apply(vpc)

    def test_ranges_that_are_somebody_elses_are_refused_at_the_start(self):
        run("ip", "link", "add", "other0", "type", "veth", "peer", "name", "other1")
        run("ip", "addr", "add", "10.9.0.1/24", "dev", "other0")
        for ranges, why in (
                ("192.168.1.8-192.168.1.12", "192.168.1.10, an address of this server: up0"),
                ("192.168.1.0-192.168.1.0", "192.168.1.0, the address of the network of up0"),
                ("192.168.1.250-192.168.1.255", "192.168.1.255, the broadcast address of up0"),
                ("192.168.1.1", "192.168.1.1, the next hop of up0"),
                ("192.168.1.53", "192.168.1.53, the name server"),
                ("192.168.1.250-192.168.2.9", "is of 192.168.1.0/24, the network of up0, in part only"),
                ("10.9.0.5-10.9.0.9", "is of 10.9.0.0/24, the network of other0"),
                ("192.168.1.200-x", "is no range of addresses")):
            self.assertIn(why, refused(ranges), ranges)
        self.assertEqual(refused("192.168.1.192/26"), "", "a block's own ends are nobody's")
        run("ip", "addr", "add", "172.20.0.1/16", "dev", "up0")
        self.assertIn("is more than 4096 addresses of a LAN", refused("172.20.16.0-172.20.32.0"))
        run("ip", "link", "delete", "other0")

    def test_what_is_told_of_an_address_is_what_is_done(self):
        vpc, a = self.vpc(None)
        without = copy.deepcopy(vpc.intent())
        a.port["public"] = "192.168.1.200"
        coming = self.driver.ask("explain", intent=vpc.intent(), **{"from": without})
        going = self.driver.ask("explain", intent=without, **{"from": vpc.intent()})
        self.assertIn("ip neigh replace proxy 192.168.1.200 dev up0", coming["routes"])
        for told in (going, coming):  # typed, from what the driver has done and back to it
            self.driver.apply(vpc)
            if told is coming:
                a.port["public"] = None
                self.driver.apply(vpc)
                a.port["public"] = "192.168.1.200"
            run("ip", "netns", "exec", vpc.id, "nft", "-f", "-", stdin=told["rules"])
            for command in told["routes"]:
                run("sh", "-c", command)
            self.assertEqual(answers(), ["192.168.1.200"] if told is coming else [])
            with a.listen(22):
                # The client may be asking already, and ask again after a second.
                limit = world.COMES if told is coming else world.DROPPED
                self.assertEqual(reaches(On(CLIENT), "192.168.1.200", 22, limit), told is coming)
            self.again()

    def test_what_is_of_no_range_any_more_is_free(self):
        run("ip", "-n", "lan", "addr", "add", "192.168.1.202/24", "dev", "eth0")
        self.assertFalse(reaches_lan("192.168.1.202"), "the range is the daemon's")
        self.again("192.168.1.200, 198.51.100.0/24")
        self.assertTrue(reaches_lan("192.168.1.202"))


def reaches_lan(address):
    with On(address).listen(80):
        return reaches(None, address, 80)


if __name__ == "__main__":
    world.sandbox()
    import tap  # noqa: E402
    tap.main()
