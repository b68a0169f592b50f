#!/usr/bin/python3 -B
# area: network
# lab: own
# timeout: 300
"""What stops a packet: the answer that is computed names it, and a packet that is sent agrees."""
import os
import socket
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import world  # noqa: E402
from world import Vpc, entry, everything_out, peer, route, rule, run  # noqa: E402

TCP, UDP, ICMP = socket.IPPROTO_TCP, socket.IPPROTO_UDP, socket.IPPROTO_ICMP
OUTSIDE = "203.0.113.7"


def end(vpc, guest):
    return {"address": guest} if isinstance(guest, str) else {"vpc": vpc.intent(),
                                                              "port": guest.port["id"]}


class Why(world.Case):
    def reach(self, vpc, source, target, number, protocol=TCP, other=None):
        return self.driver.ask("reach", source=end(vpc, source), destination=end(other or vpc, target),
                               number=number, protocol=protocol)

    def probe(self, vpc, source, target, number, protocol=TCP, **more):
        """From a guest, or (an address) from outside to the public address."""
        asked = {"vpc": vpc.id, "index": vpc.index, "number": number, "protocol": protocol, **more}
        if isinstance(source, str):
            asked.update(source=source, destination=target.port["public"])
        else:
            bridge = next(s["bridge"] for s in vpc.subnets if s["id"] == source.port["subnet"])
            asked.update(source=source.ip, destination=target.ip, tap=source.port["tap"],
                         mac=source.port["mac"], bridge=bridge)
        return self.driver.ask("probe", **asked)

    def probe_out(self, vpc, source, number=22):
        bridge = next(s["bridge"] for s in vpc.subnets if s["id"] == source.port["subnet"])
        return self.driver.ask("probe", vpc=vpc.id, index=vpc.index, number=number, source=source.ip,
                               destination=OUTSIDE, tap=source.port["tap"], mac=source.port["mac"],
                               bridge=bridge)

    def stops(self, vpc, source, target, number, code, hop, chain, **more):
        """Both say that it does not get there, and name the same."""
        computed = self.reach(vpc, source, target, number, **more)
        self.assertEqual((computed["reachable"], computed.get("code")), (False, code))
        self.assertEqual(computed["hops"][-1]["id"], hop)
        found = self.probe(vpc, source, target, number, **more)
        self.assertEqual(found["outcome"], "dropped", found)
        self.assertEqual((found["in"], found["chain"]), (vpc.id, chain), found["trace"])
        return computed

    def passes(self, vpc, source, target, number, outcome, **more):
        computed = self.reach(vpc, source, target, number, **more)
        self.assertTrue(computed["reachable"], computed)
        found = self.probe(vpc, source, target, number, **more)
        self.assertEqual(found["outcome"], outcome, found)
        return found

    def left_nothing(self, *vpcs):
        for vpc in vpcs:
            tables = run("ip", "netns", "exec", vpc.id, "nft", "list", "tables")
            links = run("ip", "-n", vpc.id, "-o", "link", "show")
            self.assertNotIn("probe", tables + links)

    def test_open_refused_and_silent_guests_are_told_apart(self):
        vpc = Vpc(subnets=("10.0.0.0/24", "10.0.1.0/24"))
        group = vpc.group(rule(), everything_out())
        a, b = self.start(vpc, vpc.port([group]), vpc.port([group], subnet=1, public="198.51.100.9"))
        with b.listen(22):
            found = self.passes(vpc, a, b, 22, "answered")
            self.assertIn(f"{group}-in", " ".join(found["trace"]))
            self.passes(vpc, OUTSIDE, b, 22, "answered")
        self.passes(vpc, a, b, 22, "refused")
        self.passes(vpc, OUTSIDE, b, 22, "refused")
        self.passes(vpc, a, b, 53, "refused", protocol=UDP)
        self.passes(vpc, a, b, 0, "answered", protocol=ICMP)
        b.batch("link set eth0 down")
        self.passes(vpc, a, b, 22, "silent")
        self.left_nothing(vpc)

    def test_groups_that_do_not_let_in_or_out_are_named(self):
        vpc = Vpc()
        ssh = vpc.group(rule("tcp", 22), everything_out())
        mute = vpc.group(rule(), rule("tcp", 443, egress=True))
        a, b, c = self.start(vpc, vpc.port([ssh]), vpc.port([mute], public="198.51.100.9"),
                             vpc.port([ssh]))
        computed = self.stops(vpc, b, a, 22, "ENI_SG_RULES_MISMATCH", mute, f"{mute}-out")
        self.assertRegex(computed["hops"][-1]["text"], "^sgr-.* lets tcp 443 out to 0.0.0.0/0, none")
        computed = self.stops(vpc, c, a, 80, "ENI_SG_RULES_MISMATCH", ssh, f"{ssh}-in")
        self.assertEqual(computed["remedy"], "aws ec2 authorize-security-group-ingress --group-id "
                         f"{ssh} --protocol tcp --port 80 --cidr {c.ip}/32")
        vpc.groups[mute]["rules"] = [rule("tcp", 22, cidr="203.0.113.0/24")]
        self.driver.apply(vpc)
        self.passes(vpc, OUTSIDE, b, 22, "refused")
        self.stops(vpc, "192.0.2.1", b, 22, "ENI_SG_RULES_MISMATCH", mute, f"{mute}-in")
        self.left_nothing(vpc)

    def test_neither_the_source_nor_a_real_connection_is_disturbed(self):
        vpc = Vpc()
        group = vpc.group(rule(), everything_out())
        a, b = self.start(vpc, vpc.port([group]), vpc.port([group]))
        with b.listen(22) as listener, a.socket() as sock, a.raw() as wire:
            sock.connect((b.ip, 22))
            connection, _ = listener.accept()
            wire.settimeout(0.3)
            seen = []

            def watch():
                try:
                    while True:
                        seen.append(wire.recv(2048))
                except OSError:
                    pass
            while True:  # what the connection has still to say
                try:
                    wire.recv(2048)
                except OSError:
                    break
            thread = threading.Thread(target=watch)
            thread.start()
            self.passes(vpc, a, b, 22, "answered")
            thread.join()
            self.assertEqual([frame for frame in seen if frame[12:14] == b"\x08\0"], [])
            sock.sendall(b"?")
            self.assertEqual(connection.recv(1), b"?")
            connection.close()

    def test_a_source_that_is_not_plugged_in_cannot_be_probed_from(self):
        vpc = Vpc()
        group = vpc.group(rule(), everything_out())
        (a,) = self.start(vpc, vpc.port([group]))
        missing = vpc.port([group])
        self.driver.apply(vpc)
        with self.assertRaisesRegex(world.Failed, "is not there"):
            self.driver.ask("probe", vpc=vpc.id, index=vpc.index, tap=missing["tap"],
                            mac=missing["mac"], bridge="br0", source=missing["ip"],
                            destination=a.ip, number=22)
        self.left_nothing(vpc)

    def test_acls_stop_on_the_way_there_and_on_the_way_back(self):
        vpc = Vpc(subnets=("10.0.0.0/24",))
        acl = vpc.acl(entry(100), entry(100, egress=True))
        vpc.subnet("10.0.1.0/24", acl=acl)
        group = vpc.group(rule(), everything_out())
        a, b = self.start(vpc, vpc.port([group]), vpc.port([group], subnet=1))
        self.passes(vpc, a, b, 22, "refused")
        vpc.acls[acl]["entries"] = [entry(90, allow=False, protocol=TCP, low=22), entry(100),
                                    entry(100, egress=True)]
        self.driver.apply(vpc)
        computed = self.stops(vpc, a, b, 22, "SUBNET_ACL_RESTRICTION", acl, f"{acl}-in")
        self.assertIn("rule 90 denies tcp 22 into", computed["hops"][-1]["text"])
        self.passes(vpc, a, b, 23, "refused")
        vpc.acls[acl]["entries"] = [entry(100), entry(100, egress=True, protocol=TCP, low=22)]
        self.driver.apply(vpc)
        computed = self.reach(vpc, a, b, 22)
        self.assertEqual((computed["reachable"], computed["code"], computed["hops"][-1]["id"],
                          computed["hops"][-1]["reply"]), (False, "SUBNET_ACL_RESTRICTION", acl, True))
        found = self.probe(vpc, a, b, 22)
        self.assertEqual((found["outcome"], found["chain"]), ("answer dropped", f"{acl}-out"), found)

    def test_routes_that_are_missing_or_black_holes_end_the_way(self):
        vpc = Vpc(subnets=("10.0.0.0/24",))
        group = vpc.group(rule(), everything_out())
        (a,) = self.start(vpc, vpc.port([group], public="198.51.100.9"))
        run("ip", "address", "add", f"{OUTSIDE}/32", "dev", "lo")
        self.addCleanup(run, "ip", "address", "del", f"{OUTSIDE}/32", "dev", "lo")
        self.assertTrue(self.reach(vpc, a, OUTSIDE, 22)["reachable"])
        # The server lets it out, and answers nobody of a VPC itself.
        self.assertEqual(self.probe_out(vpc, a)["outcome"], "silent")
        for routes, code in (([route("203.0.113.0/24", "blackhole"), route("0.0.0.0/0", "internet")],
                              "BAD_STATE_ROUTE"), ([], "NO_ROUTE_TO_DESTINATION")):
            vpc.tables[0]["routes"] = routes
            self.driver.apply(vpc)
            computed = self.reach(vpc, a, OUTSIDE, 22)
            self.assertEqual((computed["reachable"], computed["code"]), (False, code))
            self.assertEqual(self.probe_out(vpc, a)["outcome"], "lost")

    def test_without_a_gateway_or_an_address_nothing_comes_in(self):
        vpc = Vpc(subnets=("10.0.0.0/24",))
        group = vpc.group(rule(), everything_out())
        (a,) = self.start(vpc, vpc.port([group], public="198.51.100.9"))
        self.passes(vpc, OUTSIDE, a, 22, "refused")
        vpc.internet_gateway = False
        self.driver.apply(vpc)
        computed = self.reach(vpc, OUTSIDE, a, 22)
        self.assertEqual((computed["reachable"], computed["code"]), (False, "IGW_NOT_ATTACHED_TO_VPC"))
        self.assertIn(self.probe(vpc, OUTSIDE, a, 22)["outcome"], ("dropped", "lost"))

    def test_peers_are_reached_and_what_stops_there_is_named_there(self):
        one, two = Vpc(1, "10.1.0.0/16", ("10.1.0.0/24",)), Vpc(2, "10.2.0.0/16", ("10.2.0.0/24",))
        pcx = peer(one, two)
        one.tables[0]["routes"].append(route("10.2.0.0/16", "peering", pcx))
        two.tables[0]["routes"].append(route("10.1.0.0/16", "peering", pcx))
        open_, ssh = one.group(rule(), everything_out()), two.group(rule("tcp", 22))
        self.vpcs.append(two)
        self.driver.apply(two)
        (a,) = self.start(one, one.port([open_]))
        (b,) = self.start(two, two.port([ssh]))
        self.driver.apply(one)
        self.assertTrue(self.reach(one, a, b, 22, other=two)["reachable"])
        self.assertEqual(self.probe(one, a, b, 22, peer=two.id)["outcome"], "refused")
        computed = self.reach(one, a, b, 80, other=two)
        self.assertEqual((computed["code"], computed["hops"][-1]["id"]), ("ENI_SG_RULES_MISMATCH", ssh))
        found = self.probe(one, a, b, 80, peer=two.id)
        self.assertEqual((found["outcome"], found["in"], found["chain"]), ("dropped", two.id, f"{ssh}-in"))
        two.tables[0]["routes"] = []
        self.driver.apply(two)
        computed = self.reach(one, a, b, 22, other=two)
        self.assertEqual((computed["code"], computed["hops"][-1]["reply"]),
                         ("NO_ROUTE_TO_DESTINATION", True))
        found = self.probe(one, a, b, 22, peer=two.id)
        self.assertEqual((found["outcome"], found.get("chain")), ("answer dropped", None))
        self.left_nothing(one, two)

    def test_a_nat_gateway_is_followed_out_and_back(self):
        vpc = Vpc(subnets=("10.0.0.0/24",))
        group = vpc.group(rule(), everything_out())
        nat = vpc.nat(public="198.51.100.20")
        private = vpc.table(route("0.0.0.0/0", "port", nat))
        vpc.subnet("10.0.1.0/24", table=private)
        (a,) = self.start(vpc, vpc.port([group], subnet=1))
        run("ip", "address", "add", f"{OUTSIDE}/32", "dev", "lo")
        self.addCleanup(run, "ip", "address", "del", f"{OUTSIDE}/32", "dev", "lo")
        self.assertTrue(self.reach(vpc, a, OUTSIDE, 22)["reachable"])
        # The server lets it out, and answers nobody of a VPC itself.
        self.assertEqual(self.probe_out(vpc, a)["outcome"], "silent")


if __name__ == "__main__":
    world.sandbox()
    import tap  # noqa: E402
    tap.main()
