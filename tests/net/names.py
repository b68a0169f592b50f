#!/usr/bin/python3 -B
# area: network
# lab: own
# timeout: 120
"""Leases, names, and the life of a VPC's network: again, repaired, removed."""
import os
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import world  # noqa: E402
from world import Driver, Vpc, dhcp, dns, everything_out, reaches, rule, run  # noqa: E402


def eventually(what, limit=5.0):
    until = time.monotonic() + limit
    while not (found := what()) and time.monotonic() < until:
        time.sleep(0.05)
    return found


def dnsmasq_pid(vpc):
    with open(f"{world.RUNTIME}/network/{vpc.id}/dnsmasq.pid", encoding="ascii") as file:
        return int(file.read())


def is_alive(pid):
    """Nobody here collects orphans: one that has ended has no command line any more."""
    try:
        with open(f"/proc/{pid}/cmdline", encoding="ascii") as file:
            return file.read() != ""
    except OSError:
        return False


class Names(world.Case):
    def test_a_guest_gets_its_own_address_at_once(self):
        vpc = Vpc(cidr="172.31.0.0/16", subnets=("172.31.0.0/20", "172.31.16.0/20"))
        group = vpc.group()
        a, b = self.start(vpc, vpc.port([group]), vpc.port([group], subnet=1), configured=False)
        for guest, router in ((a, "172.31.0.1"), (b, "172.31.16.1")):
            address, options, seconds = dhcp(guest)
            self.assertEqual(address, guest.ip)
            self.assertEqual(options[3], world.ip_address(router).packed)
            self.assertEqual(options[6], world.ip_address("172.31.0.2").packed)
            self.assertEqual(options[1], bytes((255, 255, 240, 0)))
            self.assertEqual(options[15], b"ec2.internal")
            self.assertEqual(options[12], guest.port["hostname"].encode())
            self.assertEqual(options[51], (3600).to_bytes(4, "big"))
            self.assertLess(seconds, 1.0, "no waiting for a probe of the address")
        self.assertEqual(dhcp(a)[0], a.ip, "again")

    def test_netbios_goes_with_the_lease_when_it_is_set(self):
        vpc = Vpc()
        (a,) = self.start(vpc, vpc.port([vpc.group()]), configured=False)
        self.assertFalse({44, 46} & set(eventually(lambda: dhcp(a))[1]))
        vpc.dhcp.update(netbios_name_servers=["10.0.0.5", "192.0.2.7"], netbios_node_type="2")
        self.driver.apply(vpc)
        options = eventually(lambda: dhcp(a))[1]
        self.assertEqual(options[44], world.ip_address("10.0.0.5").packed + world.ip_address("192.0.2.7").packed)
        self.assertEqual(options[46], b"\x02")

    def test_a_port_added_later_gets_its_lease_without_a_restart(self):
        vpc = Vpc()
        group = vpc.group()
        self.start(vpc)
        pid = dnsmasq_pid(vpc)
        (a,) = self.start(vpc, vpc.port([group]), configured=False)
        self.assertEqual(eventually(lambda: dhcp(a))[0], a.ip)
        self.assertEqual(dnsmasq_pid(vpc), pid)

    def test_an_address_goes_to_another_mac_when_its_port_has_gone(self):
        vpc = Vpc()
        group = vpc.group()
        (a,) = self.start(vpc, vpc.port([group]), configured=False)
        self.assertEqual(dhcp(a)[0], a.ip)
        pid = dnsmasq_pid(vpc)
        del vpc.ports[a.port["id"]]
        self.driver.apply(vpc)
        # Stopping the ruleset from doing it: the question must reach dnsmasq.
        run("ip", "netns", "exec", vpc.id, "nft", "add", "element", "bridge", "croft", "port_mac",
            f'{{ "{a.port["tap"]}" . {a.port["mac"]} }}')
        self.assertIsNone(eventually(lambda: not dhcp(a, 0.3)) and dhcp(a, 0.5), "unknown MAC")
        run("ip", "netns", "exec", vpc.id, "nft", "delete", "element", "bridge", "croft",
            "port_mac", f'{{ "{a.port["tap"]}" . {a.port["mac"]} }}')
        self.assertEqual(dns(a, "10.0.0.2", a.port["hostname"] + ".ec2.internal", limit=0.3), None)
        b_port = vpc.port([group], host=10, number=7)
        (b,) = self.start(vpc, b_port, configured=False)
        self.assertEqual(b.ip, a.ip)
        self.assertEqual(eventually(lambda: dhcp(b, 0.5))[0], b.ip)
        self.assertEqual(dnsmasq_pid(vpc), pid, "the same dnsmasq")

    def test_a_dnsmasq_that_has_seen_many_hosts_go_is_started_anew(self):
        vpc = Vpc(cidr="172.31.0.0/16", subnets=("172.31.0.0/20",))
        group = vpc.group()
        a, b = self.start(vpc, vpc.port([group]), vpc.port([group]), configured=False)
        pid = dnsmasq_pid(vpc)
        for turn in range(4):
            self.assertEqual(dnsmasq_pid(vpc), pid, f"{turn * 250} have gone")
            made = [vpc.port([group], number=10 + number)["id"] for number in range(250)]
            self.driver.apply(vpc)
            for port in made:
                del vpc.ports[port]
            self.driver.apply(vpc)
        self.assertNotEqual(dnsmasq_pid(vpc), pid)
        self.assertEqual(eventually(lambda: dhcp(a))[0], a.ip)
        self.assertEqual(eventually(lambda: dhcp(b))[0], b.ip)

    def test_rules_that_somebody_has_flushed_are_put_back(self):
        """By the next apply of an intent that has not changed: whoever changed what, and no more often than that."""
        vpc = Vpc()
        group = vpc.group(rule("tcp", 22), everything_out())
        a, b = self.start(vpc, vpc.port([group]), vpc.port([group]))
        before = world.ruleset(vpc.id)
        with b.listen(22), b.listen(23):
            for broken in (("flush", "ruleset"), ("flush", "chain", "inet", "croft", "forward"),
                           ("delete", "table", "bridge", "croft"),
                           ("add", "rule", "inet", "croft", "deliver", "accept"),
                           ("insert", "rule", "inet", "croft", "forward", "drop")):
                run("ip", "netns", "exec", vpc.id, "nft", *broken)
                self.assertNotEqual(world.ruleset(vpc.id), before, "that has taken effect")
                self.driver.apply(vpc)
                self.assertEqual(world.ruleset(vpc.id), before, broken)
                self.assertTrue(reaches(a, b.ip, 22, limit=world.COMES))
                self.assertFalse(reaches(a, b.ip, 23))
        handles = world.handles(vpc.id)
        self.driver.apply(vpc)
        self.assertEqual(world.handles(vpc.id), handles, "nothing is made anew that stands")

    def test_guests_of_a_namespace_whose_name_is_deleted_come_along(self):
        vpc = Vpc()
        group = vpc.group(rule("tcp", 22), everything_out())
        a, b = self.start(vpc, vpc.port([group]), vpc.port([group]))
        with b.listen(22):
            self.assertTrue(reaches(a, b.ip, 22, limit=world.COMES))
            run("ip", "netns", "delete", vpc.id)
            self.driver.apply(vpc)
            self.assertTrue(eventually(lambda: reaches(a, b.ip, 22), 10))
        self.assertTrue(eventually(lambda: dns(a, "10.0.0.2", b.port["hostname"] + ".ec2.internal") == (0, [b.ip])))

    def test_links_that_somebody_has_deleted_are_made_again(self):
        vpc = Vpc()
        group = vpc.group(rule("tcp", 22), everything_out())
        a, b = self.start(vpc, vpc.port([group], public="198.51.100.7"), vpc.port([group]))
        with a.listen(22):
            for link in (("link", "delete", f"cv{vpc.index}"), ("-n", vpc.id, "link", "delete", "edge0"),
                         ("-n", vpc.id, "link", "delete", vpc.subnets[0]["bridge"])):
                self.assertTrue(reaches(None, "198.51.100.7", 22, limit=world.COMES))
                run("ip", *link)
                self.assertFalse(reaches(None, "198.51.100.7", 22), "that has taken effect")
                self.driver.apply(vpc)
            self.assertTrue(reaches(None, "198.51.100.7", 22, limit=world.COMES))
        self.assertTrue(eventually(lambda: dns(a, "10.0.0.2", b.port["hostname"] + ".ec2.internal") == (0, [b.ip])))
        self.assertEqual(dhcp(b)[0], b.ip)

    def test_what_a_guest_calls_itself_is_no_name_of_the_vpc(self):
        """Neither a name of nobody's nor another's, nor what would lead out of a directory or into a log."""
        vpc = Vpc()
        group = vpc.group()
        resource = "i-0123456789abcdef0"
        a, b = self.start(vpc, vpc.port([group], hostname=resource), vpc.port([group]), configured=False)
        b.batch(f"addr add {b.ip}/20 dev eth0", f"route add default via {b.router}")
        name = b.port["hostname"]
        before = sorted(os.listdir(f"{world.RUNTIME}/network/{vpc.id}/hosts"))
        for said in (b"wpad", name.encode(), b"..", b"../../x", b"a/b", b"x\x1b[31m\ry", b"\xff" * 63, b"a\0b", b"*"):
            for option in (b"\x0c" + bytes([len(said)]) + said,
                           b"\x51" + bytes([len(said) + 3]) + b"\1\0\0" + said):
                self.assertEqual(dhcp(a, 4, more=option)[0], a.ip, said)
                for each in ("wpad", "wpad.ec2.internal", "a", "x", "b"):
                    self.assertEqual(dns(b, "10.0.0.2", each, limit=4), (3, []), f"{each}, called {said}")
                self.assertEqual(dns(b, "10.0.0.2", name + ".ec2.internal", limit=4), (0, [b.ip]), "another's name")
        self.assertEqual(sorted(os.listdir(f"{world.RUNTIME}/network/{vpc.id}/hosts")), before)

    def test_names_forward_and_back_and_no_others(self):
        vpc = Vpc(cidr="172.31.0.0/16", subnets=("172.31.0.0/20", "172.31.16.0/20"))
        group = vpc.group()
        a, b = self.start(vpc, vpc.port([group]), vpc.port([group], subnet=1))
        name = b.port["hostname"] + ".ec2.internal"
        for server in ("172.31.0.2", "169.254.169.253"):
            for guest in (a, b):
                self.assertEqual(dns(guest, server, name), (0, [b.ip]))
        reverse = ".".join(reversed(b.ip.split("."))) + ".in-addr.arpa"
        self.assertEqual(dns(a, "172.31.0.2", reverse, 12), (0, [name]))
        for other in ("no-such.ec2.internal", "www.example.com", "9.9.31.172.in-addr.arpa"):
            self.assertEqual(dns(a, "172.31.0.2", other), (3, []), other)
        del vpc.ports[b.port["id"]]
        self.driver.apply(vpc)
        self.assertTrue(eventually(lambda: dns(a, "172.31.0.2", name) == (3, [])))

    def test_an_elastic_address_has_its_name_in_reverse(self):
        vpc = Vpc()
        group = vpc.group()
        (a,) = self.start(vpc, vpc.port([group]))
        reverse = "7.100.51.198.in-addr.arpa"
        self.assertEqual(dns(a, "10.0.0.2", reverse, 12), (3, []))
        vpc.reverse_names = [{"ip": "198.51.100.7", "name": "mail.example.com"}]
        self.driver.apply(vpc)
        self.assertTrue(eventually(lambda: dns(a, "10.0.0.2", reverse, 12) == (0, ["mail.example.com"])))
        self.assertEqual(dhcp(a)[0], a.ip)
        vpc.reverse_names = []
        self.driver.apply(vpc)
        self.assertTrue(eventually(lambda: dns(a, "10.0.0.2", reverse, 12) == (3, [])))
        vpc.reverse_names = [{"ip": "198.51.100.7", "name": "a,b"}]
        with self.assertRaises(world.Failed):
            self.driver.apply(vpc)

    def test_names_of_resources_where_they_are_wanted(self):
        vpc = Vpc(subnets=("10.0.0.0/24",), cidr6="fd00:1:2::/56")
        group = vpc.group()
        resource, domain = "i-0123456789abcdef0", ".ec2.internal"
        a, b = self.start(vpc, vpc.port([group]), vpc.port([group]))
        six, by_address = b.port["ipv6"][0], b.port["hostname"]
        reverse = ".".join(reversed(b.ip.split("."))) + ".in-addr.arpa"

        def answers():
            return [dns(a, "10.0.0.2", resource + domain), dns(a, "10.0.0.2", resource + domain, 28),
                    dns(a, "10.0.0.2", reverse, 12), dns(a, "10.0.0.2", by_address + domain)]

        for hostname, first, sixth, expected in (
                (by_address, None, None, [(3, []), (3, []), by_address]),
                (by_address, resource, None, [(0, [b.ip]), (0, []), by_address]),
                (resource, resource, None, [(0, [b.ip]), (0, []), resource]),
                (resource, resource, resource, [(0, [b.ip]), (0, [six]), resource]),
                (resource, None, resource, [(0, []), (0, [six]), by_address]),
                (resource, None, None, [(3, []), (3, []), by_address])):
            b.port.update(hostname=hostname, resource_a=first, resource_aaaa=sixth)
            self.driver.apply(vpc)
            expected = [*expected[:2], (0, [expected[2] + domain]), (0, [b.ip])]
            self.assertTrue(eventually(lambda: answers() == expected),
                            f"{hostname} {first} {sixth}: {answers()}, not {expected}")
            # A lease makes nothing known that is not to be.
            self.assertEqual(eventually(lambda: dhcp(b))[0], b.ip)
            self.assertEqual(answers(), expected)
            self.driver.kill()
            self.driver = Driver()
            self.driver.apply(vpc)
            self.assertEqual(answers(), expected, "and the next daemon leaves it so")

    def test_dnsmasq_outlives_the_daemon_and_is_replaced_when_it_dies(self):
        vpc = Vpc()
        group = vpc.group()
        (a,) = self.start(vpc, vpc.port([group]))
        pid = dnsmasq_pid(vpc)
        self.driver.kill()
        self.assertTrue(dns(a, "10.0.0.2", a.port["hostname"] + ".ec2.internal"))
        self.driver = Driver()
        self.driver.apply(vpc)
        self.assertEqual(dnsmasq_pid(vpc), pid, "adopted")
        os.kill(pid, signal.SIGKILL)
        self.assertTrue(eventually(lambda: not dns(a, "10.0.0.2", "x.ec2.internal", limit=0.2)))
        self.driver.apply(vpc)
        self.assertNotEqual(dnsmasq_pid(vpc), pid)
        self.assertEqual(dhcp(a)[0], a.ip)

    def test_what_went_while_the_daemon_was_dead_is_forgotten(self):
        vpc = Vpc()
        group = vpc.group()
        a, b = self.start(vpc, vpc.port([group]), vpc.port([group], public="198.51.100.7"))
        self.driver.kill()
        del vpc.ports[b.port["id"]]
        self.driver = Driver()
        self.driver.apply(vpc)
        name = b.port["hostname"] + ".ec2.internal"
        self.assertTrue(eventually(lambda: dns(a, "10.0.0.2", name) == (3, [])))
        self.assertNotIn("198.51.100.7", run("ip", "route"))
        self.assertNotIn(b.ip, run("ip", "netns", "exec", vpc.id, "nft", "list", "ruleset"))

    def test_a_second_subnet_comes_and_goes(self):
        vpc = Vpc()
        group = vpc.group(rule(), everything_out())
        (a,) = self.start(vpc, vpc.port([group]))
        vpc.subnet("10.0.64.0/24")
        (b,) = self.start(vpc, vpc.port([group], subnet=1))
        with b.listen(22):
            self.assertTrue(reaches(a, b.ip, 22, limit=world.COMES))
        self.assertEqual(dhcp(b)[0], b.ip)
        del vpc.ports[b.port["id"]]
        vpc.subnets.pop()
        self.driver.apply(vpc)
        self.assertNotIn("br7", run("ip", "-n", vpc.id, "link"))
        self.assertEqual(dhcp(a)[0], a.ip)

    def test_again_changes_nothing_and_half_is_made_whole(self):
        vpc = Vpc()
        group = vpc.group(rule(), everything_out())
        a, b = self.start(vpc, vpc.port([group], public="198.51.100.7"), vpc.port([group]))
        before = (world.ruleset(vpc.id), run("ip", "-n", vpc.id, "addr"), run("ip", "route"))
        self.driver.apply(vpc)
        self.driver.plug(vpc, a.port)
        self.driver.kill()
        self.driver = Driver()
        self.driver.apply(vpc)
        self.assertEqual(before, (world.ruleset(vpc.id), run("ip", "-n", vpc.id, "addr"),
                                  run("ip", "route")))
        # As after a crash in the middle: no rules, a port out of its bridge, no link to the edge.
        self.driver.kill()
        run("ip", "netns", "exec", vpc.id, "nft", "flush", "ruleset")
        run("ip", "-n", vpc.id, "link", "set", b.port["tap"], "nomaster")
        run("ip", "link", "delete", "cv1")
        self.driver = Driver()
        self.driver.apply(vpc)
        self.assertEqual(before[0], world.ruleset(vpc.id))
        with b.listen(22):
            self.assertTrue(eventually(lambda: reaches(a, b.ip, 22)))
        with a.listen(22):
            self.assertTrue(reaches(None, "198.51.100.7", 22, limit=world.COMES))

    def test_a_name_without_a_namespace_is_repaired(self):
        vpc = Vpc()
        os.makedirs("/run/netns", exist_ok=True)
        with open(f"/run/netns/{vpc.id}", "w", encoding="ascii"):
            pass
        self.start(vpc)
        run("ip", "netns", "exec", vpc.id, "true")

    def test_a_namespace_that_somebody_deleted_is_made_again(self):
        vpc = Vpc()
        group = vpc.group(rule(), everything_out())
        (a,) = self.start(vpc, vpc.port([group]))
        a.end()
        self.guests.clear()
        run("ip", "netns", "delete", vpc.id)
        (a,) = self.start(vpc, a.port)
        self.assertEqual(dhcp(a)[0], a.ip)

    def test_list_and_taps(self):
        one, two = Vpc(1), Vpc(2)
        groups = [vpc.group() for vpc in (one, two)]
        a, b = self.start(one, one.port([groups[0]]), one.port([groups[0]]))
        self.start(two)
        self.assertEqual(self.driver.names("list"), [one.id, two.id])
        self.assertEqual(self.driver.names("taps", vpc=one.id), [a.port["tap"], b.port["tap"]])
        self.assertEqual(self.driver.names("taps", vpc=two.id), [])
        self.assertEqual(self.driver.names("taps", vpc="vpc-00000000"), [])

    def test_nothing_is_left_after_remove(self):
        vpc = Vpc()
        group = vpc.group()
        (a,) = self.start(vpc, vpc.port([group], public="198.51.100.7"))
        pid = dnsmasq_pid(vpc)
        a.end()
        self.guests.clear()
        self.driver.remove(vpc)
        self.assertEqual(self.driver.names("list"), [])
        self.assertEqual(os.listdir(f"{world.RUNTIME}/network"), [])
        self.assertEqual(run("ip", "-br", "link").split()[0::4][:1], ["lo"])
        self.assertNotIn("cv1", run("ip", "link"))
        self.assertNotIn("198.51.100.7", run("ip", "route"))
        self.assertTrue(eventually(lambda: not is_alive(pid)))
        self.driver.remove(vpc)

    def test_what_is_not_well_formed_is_refused(self):
        for change in ({"id": "../../etc"}, {"id": "vpc-1"}, {"index": 9000}, {"cidrs": ["10.0/8"]}):
            intent = dict(Vpc().intent(), **change)
            with self.assertRaises(world.Failed, msg=str(change)):
                self.driver.ask("apply", intent=intent)
        for change in ({"tap": 'x" drop'}, {"tap": "t" * 16}, {"mac": "02:00"}, {"ip": "10.0.0.300"},
                       {"public": "192.0.2.1"}, {"hostname": "a,b"}, {"hostname": "a\nb"},
                       {"groups": ["sg-0"]}, {"subnet": "subnet-0"}, {"id": "../eni"}):
            vpc = Vpc()
            vpc.port([vpc.group()]).update(change)
            with self.assertRaises(world.Failed, msg=str(change)):
                self.driver.apply(vpc)
        for vpc_id in self.driver.names("list"):
            self.driver.ask("remove", vpc=vpc_id, index=1)


if __name__ == "__main__":
    world.sandbox()
    import tap  # noqa: E402
    tap.main()
