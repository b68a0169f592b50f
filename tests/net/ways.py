#!/usr/bin/python3 -B
# area: network
# lab: own
# timeout: 180
"""Where packets go: route tables, network ACLs, NAT gateways, peerings, several addresses, prefix lists, IPv6."""
import os
import socket
import sys
import time
from ipaddress import ip_address

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import world  # noqa: E402
from world import (Driver, Vpc, entry, everything_out, peer, reaches, refer, route, rule,  # noqa: E402
                   run, who_reaches)


def talk(sock, connection):
    sock.sendall(b"?")
    connection.settimeout(world.DROPPED)
    try:
        return connection.recv(1) == b"?"
    except OSError:
        return False


def internet():
    """A place behind up0: 192.0.2.53."""
    run("ip", "netns", "add", "internet")
    run("ip", "link", "add", "up0", "type", "veth", "peer", "name", "eth0", "netns", "internet")
    run("ip", "addr", "add", "192.0.2.1/24", "dev", "up0")
    run("ip", "link", "set", "up0", "up")
    run("ip", "-n", "internet", "-batch", "-", stdin="link set lo up\nlink set eth0 up\n"
        "addr add 192.0.2.53/24 dev eth0\nroute add 198.51.100.0/24 via 192.0.2.1\n")
    with world.inside("internet"):
        return socket.create_server(("", 80))


def no_internet(listener):
    listener.close()
    run("nft", "delete", "table", "inet", "croft")
    run("ip", "link", "delete", "up0")
    run("ip", "netns", "delete", "internet")


class Routes(world.Case):
    def test_out_goes_what_has_an_address_a_gateway_and_a_route(self):
        vpc = Vpc(subnets=("10.0.0.0/24", "10.0.1.0/24"))
        group = vpc.group(rule(), everything_out())
        a, b = self.start(vpc, vpc.port([group], public="198.51.100.7"),
                          vpc.port([group], subnet=1, public="198.51.100.8"))
        with a.listen(22), b.listen(22):
            self.assertTrue(reaches(a, "198.51.100.8", 22, limit=world.COMES))
            vpc.subnets[1]["table"] = vpc.table()
            self.driver.apply(vpc)
            self.assertFalse(reaches(b, "198.51.100.7", 22), "no route")
            self.assertFalse(reaches(None, "198.51.100.8", 22), "no route for the answer")
            self.assertTrue(reaches(b, a.ip, 22, limit=world.COMES), "the local route stays")
            vpc.tables[1]["routes"] = [route("198.51.0.0/16", "internet"),
                                       route("198.51.100.7/32", "blackhole")]
            self.driver.apply(vpc)
            self.assertFalse(reaches(b, "198.51.100.7", 22), "the longest prefix wins")
            vpc.tables[1]["routes"].pop()
            self.driver.apply(vpc)
            self.assertTrue(reaches(b, "198.51.100.7", 22, limit=world.COMES))
            vpc.internet_gateway = False
            self.driver.apply(vpc)
            self.assertFalse(reaches(b, "198.51.100.7", 22), "no gateway")
            self.assertFalse(reaches(None, "198.51.100.7", 22))
            self.assertTrue(reaches(b, a.ip, 22, limit=world.COMES))

    def test_a_route_to_an_interface_goes_by_it_if_it_does_not_check(self):
        vpc = Vpc(subnets=("10.0.0.0/24", "10.0.1.0/24"))
        group = vpc.group(rule(), everything_out())
        box = vpc.port([group], subnet=1, source_dest_check=False)
        vpc.subnets[0]["table"] = vpc.table(route("203.0.113.0/24", "port", box))
        a, b = self.start(vpc, vpc.port([group]), box)
        run("ip", "-n", b.name, "addr", "add", "203.0.113.9/32", "dev", "lo")
        with b.listen(22):
            self.assertTrue(reaches(a, "203.0.113.9", 22, limit=world.COMES))
            b.port["source_dest_check"] = True
            self.driver.apply(vpc)
            self.assertFalse(reaches(a, "203.0.113.9", 22))
            b.port["source_dest_check"] = False
            b.port["groups"] = [vpc.group(everything_out())]
            self.driver.apply(vpc)
            self.assertFalse(reaches(a, "203.0.113.9", 22), "its groups count")

    def test_a_box_in_the_middle_stands_before_a_subnet(self):
        vpc = Vpc(subnets=("10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"))
        group = vpc.group(rule(), everything_out())
        box = vpc.port([group], subnet=2, source_dest_check=False)
        vpc.subnets[0]["table"] = vpc.table(route("10.0.1.0/24", "port", box))
        a, b, c = self.start(vpc, vpc.port([group]), vpc.port([group], subnet=1), box)
        with b.listen(22), c.raw() as wire:
            self.assertFalse(reaches(a, b.ip, 22))
            wire.setblocking(False)
            seen = []
            try:
                while True:
                    seen.append(wire.recv(2048)[26:34])
            except BlockingIOError:
                pass
            self.assertIn(ip_address(a.ip).packed + ip_address(b.ip).packed, seen, "it came here")
            self.assertTrue(reaches(c, b.ip, 22, limit=world.COMES), "the box itself goes straight")

    def test_what_is_of_the_vpc_and_of_no_subnet_stays_inside(self):
        vpc = Vpc(more=("10.9.0.0/16",), subnets=("10.0.0.0/24", "10.9.0.0/24"))
        group = vpc.group(rule(), everything_out())
        a, b = self.start(vpc, vpc.port([group], public="198.51.100.7"), vpc.port([group], subnet=1))
        run("ip", "addr", "add", "10.0.77.1/32", "dev", "lo")
        with socket.create_server(("", 8000)), b.listen(22):
            self.assertFalse(reaches(a, "10.0.77.1", 8000))
            self.assertTrue(reaches(a, b.ip, 22, limit=world.COMES), "a second block")
        run("ip", "addr", "del", "10.0.77.1/32", "dev", "lo")


class Changed(world.Case):
    def test_what_somebody_has_changed_of_links_addresses_and_routes_is_put_back(self):
        """By the next apply of an intent that has not changed; and nothing is made anew that stands."""
        world.sysctl("net/ipv6/conf/all/forwarding", "1")
        vpc, other = Vpc(1, cidr6="2001:db8:1::/56"), Vpc(2, "10.1.0.0/16", ("10.1.0.0/20",))
        groups = [v.group(rule(), everything_out()) for v in (vpc, other)]
        pcx = peer(vpc, other)
        vpc.tables[0]["routes"].append(route("10.1.0.0/16", "peering", pcx))
        other.tables[0]["routes"].append(route("10.0.0.0/16", "peering", pcx))
        a, b = self.start(vpc, vpc.port([groups[0]], public="198.51.100.7"), vpc.port([groups[0]]))
        (c,) = self.start(other, other.port([groups[1]]))
        self.driver.apply(vpc)
        bridge, link, there = vpc.subnets[0]["bridge"], f"cv{vpc.index}", ("-n", vpc.id)
        before = world.ways(vpc.id), world.ways(None, link)
        listed = "\n".join(before[0])
        for each in ("10.0.0.1/20", "169.254.169.254/32", f"iif {bridge}", "table 100", b.port["ipv6"][0], "pc0"):
            self.assertIn(each, listed, "the test looks at it")
        self.assertIn("198.51.100.7 via", "\n".join(before[1]))
        rules = world.handles(vpc.id)
        with a.listen(22), c.listen(22):
            for broken in ((*there, "link", "set", bridge, "down"), (*there, "link", "set", "edge0", "down"),
                           (*there, "link", "set", "lo", "down"), (*there, "link", "set", "pc0", "down"),
                           ("link", "set", link, "down"), ("addr", "flush", "dev", link),
                           ("route", "delete", "198.51.100.7"), ("-6", "route", "delete", vpc.cidrs6[0]),
                           (*there, "addr", "delete", "10.0.0.1/20", "dev", bridge),
                           (*there, "addr", "add", "10.0.0.99/20", "dev", bridge),
                           (*there, "addr", "delete", "169.254.169.254/32", "dev", "lo"),
                           (*there, "route", "flush", "table", "100"), (*there, "-6", "route", "flush", "table", "100"),
                           (*there, "route", "replace", "blackhole", "default", "table", "100"),
                           (*there, "route", "delete", "default"), (*there, "rule", "delete", "iif", bridge)):
                run("ip", *broken)
                was = [run("ip", *where, "link", "show", name) for where, name in
                       ((there, bridge), (there, "edge0"), (there, "lo"), (there, "pc0"), ((), link))]
                self.assertTrue((world.ways(vpc.id), world.ways(None, link)) != before
                                or any("UP" not in text.split(">")[0].split(",") for text in was), f"{broken} has taken effect")
                self.driver.apply(vpc)
                self.assertEqual((world.ways(vpc.id), world.ways(None, link)), before, broken)
                self.assertTrue(reaches(None, "198.51.100.7", 22, limit=world.COMES), broken)
                self.assertTrue(reaches(a, c.ip, 22, limit=world.COMES), broken)
                self.assertNotEqual(world.handles(vpc.id), rules, broken)
                rules = world.handles(vpc.id)
                self.driver.apply(vpc)
                self.assertEqual(world.handles(vpc.id), rules, f"{broken}: nothing is made anew that stands")
        run("ip", "-n", vpc.id, "addr", "flush", "dev", "pc0")
        self.driver.apply(other)
        self.driver.apply(vpc)
        self.assertEqual(world.ways(vpc.id), before[0])


class Acls(world.Case):
    def setUp(self):
        super().setUp()
        self.vpc = Vpc(subnets=("10.0.0.0/24", "10.0.1.0/24"))
        self.group = self.vpc.group(rule(), everything_out())
        self.ports = [self.vpc.port([self.group]), self.vpc.port([self.group]),
                      self.vpc.port([self.group], subnet=1)]

    def test_entries_go_by_number_and_the_rest_is_denied(self):
        acl = self.vpc.acl(entry(100, "10.0.1.0/24", protocol=6, low=22), entry(90, allow=False,
                           protocol=6, low=23), entry(95, "10.0.1.0/24", protocol=6, low=23),
                           entry(100, egress=True))
        self.vpc.subnets[0]["acl"] = acl
        a, b, c = self.start(self.vpc, *self.ports)
        with a.listen(22), a.listen(23), a.listen(24):
            self.attempt([(c, a.ip, n) for n in (22, 23, 24)], [True, False, False])
            self.attempt([(b, a.ip, n) for n in (22, 23, 24)], [True, True, True],
                         "neighbours in the subnet do not meet it")
        self.assertFalse(reaches(a, c.ip, 22), "stateless: no answer comes in")

    def test_an_acl_cuts_at_once(self):
        a, _, c = self.start(self.vpc, *self.ports)
        with a.listen(22) as listener, c.socket() as sock:
            sock.connect((a.ip, 22))
            connection, _ = listener.accept()
            self.assertTrue(talk(sock, connection))
            acl = self.vpc.acl(entry(100, "10.0.1.0/24", allow=False), entry(200),
                               entry(100, egress=True))
            self.vpc.subnets[0]["acl"] = acl
            self.driver.apply(self.vpc)
            self.assertFalse(talk(sock, connection))
            self.vpc.acls[acl]["entries"].pop(0)
            self.driver.apply(self.vpc)
            connection.settimeout(3)
            self.assertEqual(connection.recv(1), b"?", "what was sent again")
            connection.close()

    def test_names_leases_and_the_daemon_do_not_meet_it(self):
        self.vpc.subnets[0]["acl"] = self.vpc.acl()
        a, _, _ = self.start(self.vpc, *self.ports)
        self.assertEqual(world.dhcp(a)[0], a.ip)
        self.assertEqual(world.dns(a, "10.0.0.2", a.port["hostname"] + ".ec2.internal"), (0, [a.ip]))

    def test_an_open_acl_costs_no_rule(self):
        self.vpc.subnets[0]["acl"] = self.vpc.acl(entry(100), entry(100, egress=True))
        self.start(self.vpc)
        self.assertNotIn("acl", run("ip", "netns", "exec", self.vpc.id, "nft", "list", "ruleset"))


class Nats(world.Case):
    def test_guests_leave_by_a_nat_gateway_and_nobody_comes_in(self):
        listener = internet()
        self.driver.end()
        self.driver = Driver("up0")
        vpc = Vpc(subnets=("10.0.0.0/24", "10.0.1.0/24"))
        group = vpc.group(rule(), everything_out())
        nat = vpc.nat(public="198.51.100.7")
        vpc.subnets[1]["table"] = vpc.table(route("0.0.0.0/0", "port", nat))
        (b,) = self.start(vpc, vpc.port([group], subnet=1))
        with b.listen(80), b.socket() as sock:
            self.assertEqual(who_reaches(listener, b, "192.0.2.53", 80), "192.0.2.1")
            sock.settimeout(3)
            sock.connect(("192.0.2.53", 80))
            connection, _ = listener.accept()
            self.driver.kill()
            self.driver = Driver("up0")
            self.driver.apply(vpc)
            self.assertTrue(talk(sock, connection), "it lives through the death of the daemon")
            connection.close()
            self.assertFalse(reaches(None, "198.51.100.7", 80))
            self.assertFalse(b.ping(nat["ip"]))
            self.assertIn(nat["nat"], self.driver.names("list"))
            vpc.groups[group]["rules"] = [rule()]
            self.driver.apply(vpc)
            self.assertFalse(reaches(b, "192.0.2.53", 80), "the guest's groups count")
            vpc.groups[group]["rules"] = [everything_out()]
            vpc.subnets[0]["acl"] = vpc.acl(entry(100, egress=True))
            self.driver.apply(vpc)
            self.assertFalse(reaches(b, "192.0.2.53", 80), "the ACL of its subnet counts")
            vpc.subnets[0]["acl"] = None
            inside = ("ip", "netns", "exec", nat["nat"], "nft")
            for broken in (("ip", "netns", "delete", nat["nat"]), ("ip", "-n", nat["nat"], "link", "delete", "eth0"),
                           (*inside, "flush", "ruleset"), (*inside, "flush", "chain", "inet", "croft", "postrouting"),
                           (*inside, "insert", "rule", "inet", "croft", "forward", "drop"),
                           ("ip", "-n", nat["nat"], "link", "set", "eth0", "down"),
                           ("ip", "-n", nat["nat"], "addr", "flush", "dev", "eth0"),
                           ("ip", "-n", nat["nat"], "route", "delete", "default")):
                run(*broken)
                self.assertFalse(reaches(b, "192.0.2.53", 80), "that has taken effect")
                self.driver.apply(vpc)
                self.assertTrue(reaches(b, "192.0.2.53", 80, limit=world.COMES), f"{broken}: made again")
            handles = world.handles(nat["nat"])
            self.driver.apply(vpc)
            self.assertEqual(world.handles(nat["nat"]), handles, "nothing is made anew that stands")
            del vpc.ports[nat["id"]]
            vpc.tables[1]["routes"] = [route("0.0.0.0/0", "blackhole")]
            self.driver.apply(vpc)
            self.assertFalse(reaches(b, "192.0.2.53", 80))
        self.assertEqual(self.driver.names("list"), [vpc.id])
        no_internet(listener)


    def test_a_nat_gateway_translates_to_its_addresses_in_turn(self):
        one, two = Vpc(1, subnets=("10.0.0.0/24", "10.0.1.0/24")), Vpc(2, "10.1.0.0/16", ("10.1.0.0/24",))
        groups = [one.group(everything_out()), two.group(rule("tcp", 22), everything_out())]
        nat = one.nat(hosts=(101, 102))
        pcx = peer(one, two)
        one.tables[0]["routes"].append(route("10.1.0.0/16", "peering", pcx))
        one.subnets[1]["table"] = one.table(route("10.1.0.0/16", "port", nat))
        two.tables[0]["routes"].append(route("10.0.0.0/16", "peering", pcx))
        (a,) = self.start(one, one.port([groups[0]], subnet=1))
        (b,) = self.start(two, two.port([groups[1]]))
        self.driver.apply(one)
        self.driver.apply(two)
        open_ones = []
        self.addCleanup(lambda: [s.close() for pair in open_ones for s in pair])

        def sources(listener, count=9):
            """Where so many connections come from, which stay."""
            found = set()
            for _ in range(count):
                sock = a.socket()
                sock.settimeout(5)
                sock.connect((b.ip, 22))
                connection, source = listener.accept()
                open_ones.append((sock, connection))
                found.add(source[0])
            return found

        with b.listen(22) as listener:
            listener.settimeout(5)
            self.assertEqual(sources(listener), {nat["ip"], "10.0.0.101", "10.0.0.102"})
            drained = next(pair for pair in open_ones if pair[1].getpeername()[0] == "10.0.0.102")
            nat["more"][1]["drains"] = True
            self.driver.apply(one)
            self.assertEqual(sources(listener), {nat["ip"], "10.0.0.101"})

            def connections(address):
                return self.driver.ask("nat-connections", nat=nat["nat"], address=address)["count"]
            its = [pair for pair in open_ones if pair[1].getpeername()[0] == "10.0.0.102"]
            self.assertEqual(connections("10.0.0.102"), len(its))
            self.assertEqual(connections("10.0.0.103"), 0)
            for pair in its:
                if pair is not drained:
                    for sock in pair:
                        sock.close()
            end = time.monotonic() + world.COMES
            while connections("10.0.0.102") > 1 and time.monotonic() < end:
                time.sleep(0.05)
            self.assertEqual(connections("10.0.0.102"), 1, "closed ones do not count")
            self.assertTrue(talk(*drained), "a connection that was there keeps its address")
            self.driver.kill()
            self.driver = Driver()
            self.driver.apply(one)
            self.driver.apply(two)
            self.assertTrue(talk(*drained), "also through the death of the daemon")
            nat["more"] = nat["more"][:1]
            self.driver.apply(one)
            self.assertNotIn("10.0.0.102", run("ip", "-n", nat["nat"], "addr"))
            self.assertEqual(sources(listener), {nat["ip"], "10.0.0.101"})
            nat["more"] = []
            self.driver.apply(one)
            self.assertEqual(sources(listener), {nat["ip"]})


class Peerings(world.Case):
    def test_peers_meet_where_routes_say_so_and_groups_let_them(self):
        one, two = Vpc(1), Vpc(2, "10.1.0.0/16", ("10.1.0.0/24", "10.1.1.0/24"))
        groups = [one.group(everything_out()), two.group(everything_out())]
        two.groups[groups[1]]["rules"].append(rule("tcp", 22, group=groups[0]))
        (a,) = self.start(one, one.port([groups[0]]))
        (b,) = self.start(two, two.port([groups[1]]))
        with b.listen(22) as listener, b.listen(23), a.listen(22):
            self.assertFalse(reaches(a, b.ip, 22))
            pcx = peer(one, two)
            one.tables[0]["routes"].append(route("10.1.0.0/16", "peering", pcx))
            self.driver.apply(one)
            self.driver.apply(two)
            self.assertFalse(reaches(a, b.ip, 22), "no way back")
            two.tables[0]["routes"].append(route("10.0.0.0/16", "peering", pcx))
            self.driver.apply(two)
            self.assertFalse(reaches(a, b.ip, 22), "the group is not known")
            refer(two, one, groups[0])
            self.driver.apply(two)
            self.assertEqual(who_reaches(listener, a, b.ip, 22), a.ip)
            self.assertFalse(reaches(a, b.ip, 23))
            self.assertFalse(reaches(b, a.ip, 22))
            self.driver.kill()
            self.driver = Driver()
            self.driver.apply(two)
            self.driver.apply(one)
            self.assertTrue(reaches(a, b.ip, 22, limit=world.COMES))
            one.peerings.clear()
            one.tables[0]["routes"].pop()
            self.driver.apply(one)
            self.assertFalse(reaches(a, b.ip, 22))
            two.peerings.clear()
            two.tables[0]["routes"].pop()
            self.driver.apply(two)
        self.assertNotIn("pc0", run("ip", "-n", two.id, "link"))

    def test_a_forwarder_does_not_speak_as_a_guest_of_the_peer(self):
        one, two = Vpc(1), Vpc(2, "10.1.0.0/16", ("10.1.0.0/24",))
        groups = [one.group(everything_out()), two.group(rule(cidr="10.1.0.0/16"))]
        pcx = peer(one, two)
        one.tables[0]["routes"].append(route("10.1.0.0/16", "peering", pcx))
        (a,) = self.start(one, one.port([groups[0]], source_dest_check=False))
        (b,) = self.start(two, two.port([groups[1]]))
        with a.raw() as wire, b.socket(socket.SOCK_DGRAM) as sink:
            sink.bind(("", 9))
            sink.settimeout(world.DROPPED)
            wire.send(world.udp_frame(a.port["mac"], "02:43:00:01:00:00", "10.1.0.77", b.ip, 5, 9, b"x"))
            with self.assertRaises(OSError):
                sink.recv(9)


class Addresses(world.Case):
    def test_each_address_has_its_own_public_one(self):
        vpc = Vpc()
        group = vpc.group(rule(), everything_out())
        port = vpc.port([group], public="198.51.100.7", hosts=(50, 51))
        port["more"][0]["public"] = "198.51.100.8"
        a, b = self.start(vpc, port, vpc.port([group], public="198.51.100.9"))
        a.batch("addr add 10.0.0.50/20 dev eth0", "addr add 10.0.0.52/20 dev eth0")
        with a.listen(22), b.listen(22) as listener:
            for address in ("198.51.100.7", "198.51.100.8", "10.0.0.50"):
                self.assertTrue(reaches(b, address, 22, limit=world.COMES), address)
            self.assertFalse(reaches(b, "10.0.0.52", 22), "not its own")
            with a.socket() as sock:
                sock.bind(("10.0.0.50", 0))
                sock.settimeout(world.DROPPED)
                sock.connect(("198.51.100.9", 22))
                self.assertEqual(listener.accept()[1][0], "198.51.100.8")
            port["more"].pop(0)
            self.driver.apply(vpc)
            self.assertFalse(reaches(b, "198.51.100.8", 22))
            self.assertFalse(reaches(b, "10.0.0.50", 22))
            self.assertTrue(reaches(b, "198.51.100.7", 22, limit=world.COMES))

    def test_a_prefix_list_is_one_set_for_all_rules(self):
        vpc = Vpc(subnets=("10.0.0.0/24", "10.0.1.0/24"))
        blocks = vpc.prefix_list("10.0.0.0/25", "10.0.0.128/25", "10.0.0.0/24", "192.0.2.0/24")
        group = vpc.group(rule("tcp", 22, prefix_list=blocks), everything_out())
        a, b, c = self.start(vpc, vpc.port([group]), vpc.port([group], subnet=1),
                             vpc.port([group], subnet=1))
        with b.listen(22):
            self.attempt([(a, b.ip, 22), (c, b.ip, 22)], [True, False])
            for listed, want in ((["10.0.1.0/24"], [False, True]), ([f"{c.ip}/32"], [False, True]),
                                 (["10.0.0.0/16"], [True, True]), ([], [False, False]),
                                 (["10.0.0.0/24", "10.0.2.0/24"], [True, False])):
                vpc.prefix_lists[blocks]["blocks"] = listed
                self.driver.apply(vpc)
                self.attempt([(a, b.ip, 22), (c, b.ip, 22)], want, str(listed))


def listen6(guest, port):
    sock = guest.socket(family=socket.AF_INET6)
    sock.bind(("::", port))
    sock.listen(8)
    return sock


def reaches6(guest, address, port, source=None, limit=world.DROPPED):
    with guest.socket(family=socket.AF_INET6) as sock:
        sock.settimeout(limit)
        try:
            if source:
                sock.bind((source, 0))
            sock.connect((address, port))
            return True
        except OSError:
            return False


class Ipv6(world.Case):
    def routed(self, guest):
        until = world.time.monotonic() + 10
        while world.time.monotonic() < until:
            if "default via fe80" in run("ip", "-6", "-n", guest.name, "route"):
                return
            world.time.sleep(0.1)
        self.fail("no router advertisement")

    def sixth(self, guest, address, port, source, want):
        self.assertEqual(reaches6(guest, address, port, source, world.COMES if want else world.DROPPED), want, port)

    def test_groups_and_acls_count_and_no_address_makes_itself(self):
        vpc = Vpc(subnets=("10.0.0.0/24", "10.0.1.0/24"), cidr6="fd00:1::/56")
        open_ = vpc.group(rule(egress=True, cidr6="::/0"))
        group = vpc.group(rule("tcp", 22, group=open_), rule("tcp", 23, cidr6="fd00:1::/64"),
                          rule("tcp", 24, cidr6="fd00:2::/64"), rule(egress=True, cidr6="::/0"))
        a, b = self.start(vpc, vpc.port([open_]), vpc.port([group], subnet=1))
        a.speak_ipv6(advertisements=True)
        self.routed(a)
        self.assertNotIn("fd00", run("ip", "-6", "-n", a.name, "addr"), "SLAAC gives none")
        self.assertNotIn("fd00", run("ip", "-6", "-n", a.name, "route"), "nothing is on the link")
        mine, its = a.port["ipv6"][0], b.port["ipv6"][0]
        a.batch(*(f"addr add {address}/128 dev eth0 nodad" for address in (mine, "fd00:1::77")))
        b.speak_ipv6(its, advertisements=True)
        self.routed(b)
        with listen6(b, 22), listen6(b, 23), listen6(b, 24):
            for port, want in ((22, True), (23, True), (24, False)):
                self.sixth(a, its, port, mine, want)
            self.assertFalse(reaches6(a, its, 23, "fd00:1::77"), "not its own address")
            vpc.subnets[1]["acl"] = vpc.acl(
                entry(100), entry(101, cidr6="fd00:1::/64", allow=False, protocol=6, low=23),
                entry(102, cidr6="::/0"), entry(100, egress=True),
                entry(101, cidr6="::/0", egress=True))
            self.driver.apply(vpc)
            self.sixth(a, its, 22, mine, True)
            self.sixth(a, its, 23, mine, False)

    def test_out_by_an_internet_gateway_both_ways_by_an_egress_only_one_from_inside(self):
        vpc = Vpc(cidr6="fd00:1::/56")
        group = vpc.group(rule(cidr6="::/0"), rule(egress=True, cidr6="::/0"))
        (a,) = self.start(vpc, vpc.port([group]))
        mine = a.port["ipv6"][0]
        a.speak_ipv6(mine, advertisements=True)
        self.routed(a)
        run("ip", "-6", "addr", "add", "2001:db8::1/128", "dev", "lo")

        def from_server(limit=world.DROPPED):
            """Within the limit: that nobody knows the neighbour yet is an error that comes sooner."""
            end = time.monotonic() + limit
            while time.monotonic() < end:
                with socket.socket(socket.AF_INET6) as sock:
                    sock.settimeout(max(0.1, end - time.monotonic()))
                    try:
                        sock.connect((mine, 22))
                        return True
                    except OSError:
                        time.sleep(0.05)
            return False
        with listen6(a, 22):
            self.assertTrue(from_server(limit=world.COMES))
            vpc.tables[0]["routes"][1] = route("::/0", "egress-only")
            self.driver.apply(vpc)
            self.assertFalse(from_server())
            vpc.tables[0]["routes"].pop()
            self.driver.apply(vpc)
            self.assertFalse(from_server())
        run("ip", "-6", "addr", "del", "2001:db8::1/128", "dev", "lo")


if __name__ == "__main__":
    world.sandbox()
    import tap  # noqa: E402
    tap.main()
