#!/usr/bin/python3 -B
# area: network
# lab: own
# timeout: 240
"""The wide matrix: random VPCs, and for each of thousands of flows, IPv4 and IPv6, a real packet beside what a
model says.

    tests/net/flows.py [--seed N] [--flow K] [--rounds R] [--each F]

Guests are plain namespaces. Between rounds the intents change, a little each time, and the driver applies the
difference; then the kernel must have what a second driver, in a sandbox of its own, makes of the same intents from
nothing. A flow that fares otherwise than the model says, in either direction, is a failure; --seed and --flow send
just that one again. The computed answers of network/reach.h are the third opinion.

On a machine at its limits an answer may be late, so what should have come and did not is asked for again, as a flow of
its own that the model judges alike. That is counted: more than a few in a hundred are a failure, too. What came
and should not have has no second chance.
"""
import argparse
import copy
import json
import os
import random
import subprocess
import sys
from collections import Counter
from ipaddress import ip_network

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import world  # noqa: E402
from model import INTERNET, SERVER, Flow, Unknown, World, addresses, judge, publics  # noqa: E402
from world import Driver, Guest, Vpc, differing, entry, peer, refer, route, rule, run  # noqa: E402

PORTS = (22, 80, 443, 5000, 8080)
OWNED = "100.64.1.1"  # by the guest that forwards
OWNED_BLOCK = "100.64.1.0/24"
OWNED6, OWNED6_BLOCK = "2001:db8:77::1", "2001:db8:77::/64"
PREFIX6 = "2001:db8::/45"  # the owner's: what is routed to the server
# The server's way out, who answers for names there, and what of IPv6 goes that way
OUTSIDE = ("up0", "192.0.2.53", PREFIX6)
QUIET, LIMIT = 250, 6000  # ms
PATIENCE = (1500, 4000)  # ms, for what was late
LATE_MAX = 0.03  # of all that should have come
SPARE_PORTS = 4000


class Prober:
    def __init__(self):
        path = os.path.join(os.environ["CROFT_BUILD"], "tests/net/net_prober")
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self.spaces, self.names = {}, []

    def say(self, *lines):
        self.process.stdin.write("\n".join(lines) + "\n")
        self.process.stdin.flush()

    def hear(self):
        line = self.process.stdout.readline()
        assert line, "the prober has ended"
        return line.split()

    def space(self, key, name):
        self.say(f"space {name}")
        self.spaces[key] = self.hear()[0]
        self.names.append(key)
        self.say(f"listen {self.spaces[key]} " + " ".join(map(str, PORTS)))
        assert self.hear() == ["ok"]

    def go(self, flows, quiet=QUIET):
        """[(where it arrived, the source seen, whether the answer came)]"""
        lines = [f"probe {self.spaces[f.origin]} {f.protocol} {f.source} {f.source_port} {f.target} "
                 f"{f.port}" for f in flows]
        self.say(*lines, f"go {LIMIT + quiet} {quiet}")
        found = []
        for _ in flows:
            at, seen, back = self.hear()
            found.append((None if at == "-1" else self.names[int(at)], None if seen == "-" else seen,
                          back == "1"))
        return found

    def end(self):
        self.process.stdin.close()
        assert self.process.wait(20) == 0, "the prober did not end well"
        self.process.stdout.close()


class Twin(Driver):
    """A driver that has seen nothing, in namespaces of its own: what it made ends with it."""

    WITHIN = ("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c",
              "mount -t tmpfs -o mode=755 tmpfs /run; ip link set lo up; exec \"$@\"", "-")

    def inner(self):
        """Its process, seen from here."""
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as file:
            return file.read().split()[0]

    def root(self):
        """Where its files are, seen from here."""
        return f"/proc/{self.inner()}/root"


def documents(text):
    """JSON documents, one after another."""
    decoder, at = json.JSONDecoder(), 0
    while (at := len(text) - len(text[at:].lstrip())) < len(text):
        document, at = decoder.raw_decode(text, at)
        yield document


def listing(name, root):
    """What the kernel has in a namespace, but for what it adds by itself, which hangs on who is plugged in."""
    found = {"rules": world.ruleset(name, root)}
    for family in ("-4", "-6"):
        with world.inside(name, root):
            told = run("ip", family, "-j", "-batch", "-", stdin="address show\nrule show\n"
                       "route show table all\nneighbour show nud permanent\n")
        rows = [row for document in documents(told) for row in document if row]
        found["addresses" + family] = sorted(
            (row["ifname"], a["local"], a["prefixlen"]) for row in rows if "ifname" in row
            for a in row["addr_info"] if a and (a["scope"] != "link" or a["family"] == "inet"))
        found["rule" + family] = sorted(str(row) for row in rows if "priority" in row)
        found["neighbour" + family] = sorted(str(row) for row in rows if "lladdr" in row)
        found["route" + family] = sorted(
            str({key: value for key, value in row.items() if key != "flags"}) for row in rows
            if "dst" in row and "lladdr" not in row and row.get("protocol") != "kernel"
            and row.get("table") != "local")
    return found


def kernel(root=""):
    """All that a driver has made: {(namespace, what): …}."""
    names = [name for name in os.listdir(root + "/run/netns") if name[:4] in ("vpc-", "nat-")]
    return {(name, what): rows for name in names for what, rows in listing(name, root).items()}


def files(root=""):
    """What dnsmasq reads of interfaces."""
    found = {}
    for where, _, names in os.walk(f"{root}{world.RUNTIME}/network"):
        for name in names:
            if os.path.basename(where) in ("hosts", "names") and name[0] != ".":
                with open(os.path.join(where, name), encoding="ascii") as file:
                    found[os.path.join(where[len(root):], name)] = file.read()
    return found


def everything(twin=None):
    """kernel(), with the routes of public addresses and dnsmasq's files: here, or where the twin is."""
    there, root = (("nsenter", "-t", twin.inner(), "-n"), twin.root()) if twin else ((), "")
    routes = run(*there, "ip", "route", "show").splitlines()
    return {**kernel(root), "files": files(root),
            "server": sorted(line for line in routes if " dev cv" in line and " via " in line)}


class Matrix:
    def __init__(self, seed):
        self.dice = random.Random(seed)
        self.source_ports = list(range(32768, 60999))
        self.dice.shuffle(self.source_ports)
        # Beside those of the plan, so that a replay has the same plan.
        self.spare_ports = [self.source_ports.pop() for _ in range(SPARE_PORTS)]
        dice = self.dice
        one = Vpc(1, "10.0.0.0/16", ("10.0.0.0/24", "10.0.1.0/24", "10.8.0.0/24"), more=["10.8.0.0/16"],
                  cidr6="2001:db8:1::/56")
        two = Vpc(2, "10.0.0.0/16", ("10.0.0.0/24", "10.0.1.0/24"))
        three = Vpc(3, "10.1.0.0/16", ("10.1.0.0/24", "10.1.1.0/24"), cidr6="2001:db8:3::/56")
        four = Vpc(4, "10.2.0.0/16", ("10.2.0.0/24",), cidr6="2001:db8:4::/56")
        two.subnet("10.0.2.0/24")
        one.subnet("10.0.3.0/24")  # without IPv6, as an old one may be
        self.vpcs = [one, two, three, four]
        self.world = World(self.vpcs)
        self.pairs = {0: (one, three), 1: (three, four)}
        for number, (a, b) in self.pairs.items():
            peer(a, b, number)
        self.publics = [f"198.51.100.{n}" for n in range(1, 60)]
        dice.shuffle(self.publics)
        for vpc, count in zip(self.vpcs, (6, 3, 4, 2)):
            for _ in range(4):
                vpc.group()
            vpc.prefix_list(*self.blocks(dice.randint(1, 4)))
            vpc.prefix_list(*self.blocks(dice.randint(1, 4), self.block6), is_ipv6=True)
            for n in range(count):
                port = vpc.port(self.some_groups(vpc), subnet=n % len(vpc.subnets),
                                public=self.publics.pop() if dice.random() < 0.6 else None,
                                hosts=[100 + n] if n % 2 == 0 else [])
                if port["ipv6"] and n % 2 == 1:
                    port["ipv6"].append(str(ip_network(vpc.subnets[n % len(vpc.subnets)]["cidr6"])[256 + n]))
            second = next(iter(vpc.ports.values()))["more"][0]
            second["public"] = self.publics.pop() if dice.random() < 0.7 else None
        forwarder = list(one.ports.values())[1]
        forwarder.update(source_dest_check=False, owns=[OWNED, OWNED6])
        self.forwarder = forwarder
        self.nat = {vpc.id: vpc.nat(0, public=self.publics.pop()) for vpc in (one, three)}
        for vpc in self.vpcs:
            for group in vpc.groups.values():
                self.fill(vpc, group)
            for _ in range(2):
                vpc.acls[vpc.acl()]["entries"] = self.entries()
            vpc.table()
            for table in vpc.tables.values():
                table["routes"] = self.routes(vpc)
            for subnet in vpc.subnets:
                self.place(vpc, subnet)
        self.refer()

    def guests(self):
        return [(v, p) for v in self.vpcs for p in v.ports.values() if not p.get("nat")]

    def near(self, vpc):
        return [b if a is vpc else a for a, b in self.pairs.values() if vpc in (a, b)]

    def refer(self):
        for vpc in self.vpcs:
            vpc.peer_groups.clear()
            for p in vpc.peerings.values():
                other = self.world.vpc(p["vpc"])
                refer(vpc, other, *other.groups)

    # --- parts by chance

    def some_groups(self, vpc):
        return self.dice.sample(list(vpc.groups), self.dice.randint(1, 3))

    def blocks(self, count, one=None):
        return [(one or self.block)() for _ in range(count)]

    def block(self):
        return self.dice.choice((
            "10.0.0.0/8", "10.0.0.0/24", "10.0.1.0/24", "10.0.1.0/25", "10.8.0.0/16", "10.1.0.0/16",
            "10.1.1.0/24", "10.2.0.0/16", "10.0.0.11/32", "10.0.0.8/29", "198.51.100.0/24",
            "198.51.100.0/27", "192.0.2.0/24", "0.0.0.0/0", "100.64.0.0/10", "169.254.64.0/18"))

    def block6(self):
        return self.dice.choice((
            "::/0", PREFIX6, "2001:db8:1::/56", "2001:db8:1::/64", "2001:db8:1:1::/64", "2001:db8:1:1::/96",
            "2001:db8:3::/56", "2001:db8:3:1::/64", "2001:db8:4::/56", "2001:db8:1::a/128", "2001:db8:1::8/125",
            "2001:db8:53::/64", "2001:db8::/32", OWNED6_BLOCK))

    def service(self):
        low = self.dice.choice((0, *PORTS))
        high = self.dice.choice([p for p in (*PORTS, 65535) if p >= low])
        return low, high

    def rule(self, vpc, egress):
        dice = self.dice
        far = [g for other in self.near(vpc) for g in other.groups]
        lists = list(vpc.prefix_lists)
        whom = dice.choice(({"cidr": "0.0.0.0/0"}, {"cidr": self.block()}, {"cidr6": "::/0"},
                            {"cidr6": self.block6()}, {"group": dice.choice(list(vpc.groups))},
                            {"group": dice.choice(far or list(vpc.groups))},
                            {"prefix_list": dice.choice(lists)}))
        what = dice.choice((("-1",), ("tcp", *self.service()), ("udp", *self.service()), ("6", 0, 65535),
                            ("icmp", -1, -1), ("icmp", 8, dice.choice((-1, 0))), ("icmp", 0, -1),
                            ("icmpv6", -1, -1), ("icmpv6", 128, dice.choice((-1, 0))), ("58", 129, -1)))
        return rule(*what, egress=egress, **whom)

    def fill(self, vpc, group):
        dice = self.dice
        group["rules"] = [self.rule(vpc, False) for _ in range(dice.randint(1, 4))]
        for everybody in ({"cidr": "0.0.0.0/0"}, {"cidr6": "::/0"}):
            if dice.random() < 0.3:
                group["rules"].append(rule(**everybody))
        if dice.random() < 0.6:
            group["rules"] += [rule(egress=True), rule(egress=True, cidr6="::/0")]
        else:
            group["rules"] += [self.rule(vpc, True) for _ in range(dice.randint(1, 3))]

    def entry(self, number, egress):
        dice = self.dice
        six = dice.random() < 0.4
        protocol = dice.choice((-1, 6, 17, 58 if six else 1))
        more = {"cidr6": self.block6()} if six else {}
        low, high = -1, None
        if protocol in (6, 17):
            # What answers come to is an ephemeral port.
            low, high = dice.choice((self.service(), (1024, 65535), (32768, 45000), (50000, 65535)))
        elif protocol in (1, 58):
            more.update(type=dice.choice((-1, 129, 128) if six else (-1, 0, 8)), code=dice.choice((-1, 0)))
        return entry(number, self.block(), dice.random() < 0.5, egress, protocol, low, high, **more)

    def entries(self):
        found = []
        for egress in (False, True):
            numbers = self.dice.sample(range(1, 200), self.dice.randint(1, 4))
            found += [self.entry(number, egress) for number in numbers]
            for everybody in ({}, {"cidr6": "::/0"}):
                if self.dice.random() < 0.8:
                    numbers = [n for n in range(200, 240) if n not in [e["number"] for e in found]]
                    found.append(entry(self.dice.choice(numbers), egress=egress, **everybody))
        self.dice.shuffle(found)
        return found

    def routes(self, vpc):
        """What a careful owner sets, with holes."""
        dice = self.dice
        nat = self.nat.get(vpc.id)
        outs = [("internet", None)] * 3 + ([("port", nat)] * 2 if nat else [])
        outs6 = [("internet", None)] * 3 + [("egress-only", None)]
        wanted = [("0.0.0.0/0", *dice.choice(outs))] if dice.random() < 0.9 else []
        if dice.random() < 0.2:
            wanted.append(("198.51.100.0/26", *dice.choice(outs + [("blackhole", None)])))
        if dice.random() < 0.2:
            wanted.append(("192.0.2.0/24", *dice.choice(outs + [("blackhole", None)])))
        if vpc.cidrs6 and dice.random() < 0.9:
            wanted.append(("::/0", *dice.choice(outs6)))
        if vpc.cidrs6 and dice.random() < 0.2:
            wanted.append(("2001:db8:53::/64", *dice.choice(outs6 + [("blackhole", None)])))
        for number, (a, b) in self.pairs.items():
            if vpc in (a, b):
                self.add_peer_routes(wanted, vpc, b if vpc is a else a, f"pcx-{number:017x}")
        for other in self.vpcs:  # beyond the peer: there is no transit
            if other not in self.near(vpc) and other is not vpc and vpc.peerings and \
                    other.cidrs[0] not in vpc.cidrs and dice.random() < 0.5:
                wanted.append((other.cidrs[0], "peering", next(iter(vpc.peerings))))
        if vpc is self.vpcs[0]:
            wanted += [(block, "port", self.forwarder) for block in (OWNED_BLOCK, OWNED6_BLOCK)
                       if dice.random() < 0.8]
        # One route to each block: EC2 takes no second one.
        return [route(*w) for w in {w[0]: w for w in reversed(wanted)}.values()]

    def add_peer_routes(self, wanted, vpc, other, peering):
        dice = self.dice
        if dice.random() < 0.8:
            wanted.append((other.cidrs[0], "peering", peering))
            if dice.random() < 0.2:
                wanted.append((str(other.subnets[0]["cidr"]), "blackhole", None))
        if vpc.cidrs6 and other.cidrs6 and dice.random() < 0.8:
            wanted.append((other.cidrs6[0], "peering", peering))
            if dice.random() < 0.2:
                wanted.append((other.subnets[0]["cidr6"], "blackhole", None))

    def place(self, vpc, subnet):
        subnet["table"] = self.dice.choice(list(vpc.tables))
        subnet["acl"] = self.dice.choice([None, *vpc.acls])

    # --- changes

    def change(self):
        """A few things change, as people change them."""
        dice = self.dice
        for _ in range(dice.randint(3, 7)):
            vpc = dice.choice(self.vpcs)
            what = dice.choice((self.change_group, self.change_members, self.change_acl, self.change_route,
                                self.change_public, self.change_list, self.change_place,
                                self.change_peering, self.change_check, self.change_gateway,
                                self.change_ipv6))
            what(vpc)
        self.refer()

    def change_group(self, vpc):
        group = vpc.groups[self.dice.choice(list(vpc.groups))]
        if self.dice.random() < 0.4 and group["rules"]:
            group["rules"].pop(self.dice.randrange(len(group["rules"])))
        elif self.dice.random() < 0.8:
            group["rules"].append(self.rule(vpc, self.dice.random() < 0.4))
        else:
            self.fill(vpc, group)

    def change_members(self, vpc):
        port = self.dice.choice([p for p in vpc.ports.values() if not p.get("nat")])
        port["groups"] = self.some_groups(vpc)

    def change_acl(self, vpc):
        acl = vpc.acls[self.dice.choice(list(vpc.acls))]
        if self.dice.random() < 0.5 and acl["entries"]:
            at = self.dice.randrange(len(acl["entries"]))
            old = acl["entries"][at]
            acl["entries"][at] = self.entry(old["number"], old["egress"])
        else:
            acl["entries"] = self.entries()

    def change_route(self, vpc):
        vpc.tables[self.dice.choice(list(vpc.tables))]["routes"] = self.routes(vpc)

    def change_public(self, vpc):
        port = self.dice.choice([p for p in vpc.ports.values() if not p.get("nat")])
        which = self.dice.choice([port, *port["more"]])
        if which["public"]:
            self.publics.insert(0, which["public"])
            which["public"] = None
        if self.dice.random() < 0.7:
            which["public"] = self.publics.pop()

    def change_list(self, vpc):
        changed = vpc.prefix_lists[self.dice.choice(list(vpc.prefix_lists))]
        changed["blocks"] = self.blocks(self.dice.randint(0, 4), self.block6 if changed["is_ipv6"] else None)

    def change_place(self, vpc):
        self.place(vpc, self.dice.choice(vpc.subnets))

    def change_peering(self, _):
        number = self.dice.choice(list(self.pairs))
        one, two = self.pairs[number]
        peering_id = f"pcx-{number:017x}"
        if one.peerings.pop(peering_id, None):
            two.peerings.pop(peering_id)
            if self.dice.random() < 0.4:
                return
        peer(one, two, number)

    def change_check(self, _):
        self.forwarder["source_dest_check"] = self.dice.random() < 0.3

    def change_gateway(self, vpc):
        vpc.internet_gateway = not vpc.internet_gateway or self.dice.random() < 0.5

    def change_ipv6(self, vpc):
        """An interface loses its second address, or gets it back; the guest keeps what it has."""
        for port in vpc.ports.values():
            if len(port["ipv6"]) > 1:
                port["kept"] = port["ipv6"].pop()
            elif "kept" in port:
                port["ipv6"].append(port.pop("kept"))

    # --- flows

    def flow(self):
        dice = self.dice
        six = dice.random() < 0.4
        vpc, port = dice.choice([(v, p) for v, p in self.guests() if p["ipv6"] or not six])
        internet, uplink, owned = (self.world.internet6, self.world.uplink6, OWNED6) if six else \
            (self.world.internet, self.world.uplink, OWNED)
        public = [p for _, other in self.guests() for p in publics(other).values()]
        public += [n["public"] for n in self.nat.values()]
        if six:
            public = [p for _, other in self.guests() for p in other["ipv6"]]
        own = port["ipv6"] + ([port["kept"]] if "kept" in port else []) if six else \
            [a for a in addresses(port) if ":" not in a]
        origin, source = port["id"], dice.choice(own)
        what = dice.random()
        if what < 0.35:
            target = self.an_address(vpc, six)
        elif what < 0.55:
            target = self.an_address(dice.choice(self.near(vpc) * 3 + self.vpcs), six)
        elif what < 0.70:
            target = dice.choice(public + ["2001:db8:2::a" if six else self.publics[0]])
        elif what < 0.80:
            target = internet if dice.random() < 0.9 else uplink
        elif what < 0.87:
            target = owned
        elif what < 0.91:
            block = dice.choice([b for b in (s["cidr6" if six else "cidr"] for s in vpc.subnets) if b])
            target = str(ip_network(block)[dice.randint(200, 254)])
        else:
            origin = SERVER if dice.random() < 0.8 else INTERNET
            source = internet if origin == INTERNET else uplink if six else "0.0.0.0"
            target = dice.choice(public)
        if origin == self.forwarder["id"] and dice.random() < 0.4:
            source = owned
        protocol = dice.choice(("tcp", "tcp", "udp", "udp", "icmp"))
        return Flow(origin, source, 0, protocol, target, 0 if protocol == "icmp" else dice.choice(PORTS))

    def an_address(self, vpc, six):
        """Somebody's of the VPC; without IPv6 there it is nobody's."""
        found = [a for p in vpc.ports.values() for a in addresses(p) if (":" in a) == six]
        return self.dice.choice(found or ["2001:db8:2::b"])

    def flows(self, count):
        """As many that pass as that do not, and of these as many by each reason as there are."""
        by_reason = {}
        for _ in range(count * 6):
            flow = self.flow()
            if origin_has(self, flow):
                continue  # it would not leave the guest
            flow = flow._replace(source_port=0 if flow.protocol == "icmp" else
                                 self.source_ports[0])
            try:
                verdict = judge(self.world, flow)
            except Unknown:
                continue
            if flow.protocol != "icmp":
                self.source_ports.append(self.source_ports.pop(0))
            by_reason.setdefault(verdict.why, []).append((flow, verdict))
        chosen = by_reason.pop("passes", [])[:count // 2]
        for pile in by_reason.values():
            pile.reverse()
        while len(chosen) < count and by_reason:
            for why in sorted(by_reason):
                chosen.append(by_reason[why].pop())
                if not by_reason[why]:
                    del by_reason[why]
        return chosen[:count]


def origin_has(matrix, flow):
    port = next((p for _, p in matrix.guests() if p["id"] == flow.origin), None)
    return port is not None and flow.target in has(port)


def has(port):
    """What the guest has, whether or not it is its interface's."""
    return [*addresses(port), *port.get("owns", ()), *([port["kept"]] if "kept" in port else [])]


def show(flow, verdict, found):
    target = flow.target + (f":{flow.port}" if flow.port else "")
    return (f"{flow.protocol} {flow.origin} {flow.source}:{flow.source_port} -> {target}: the model says "
            f"'{verdict.why}' {(verdict.arrives, verdict.seen, verdict.back)}, the packet says {found}")


def agrees(flow, verdict, found):
    if flow.protocol == "tcp":  # one way alone is not seen
        return found == (verdict[:3] if verdict.back else (None, None, False))
    return found == verdict[:3]


def reach_end(matrix, flow, verdict):
    """What network/reach.h is asked, or None: it knows two VPCs and no address that a guest has by itself."""
    vpcs = matrix.vpcs
    if {OWNED, OWNED6} & {flow.source, flow.target}:
        return None
    place = next(((i, p["id"]) for i, v in enumerate(vpcs) for p in v.ports.values()
                  if flow.target in [*publics(p).values(), *p["ipv6"]]), None)
    source = {"vpc": -1, "address": flow.source}
    if flow.origin not in (SERVER, INTERNET):
        at = vpcs.index(matrix.world.home(flow.origin))
        source = {"vpc": at, "id": flow.origin, "address": flow.source}
        near = [at] + [vpcs.index(o) for o in matrix.near(vpcs[at])]
        place = place or next(((i, p["id"]) for i in near for p in vpcs[i].ports.values()
                               if flow.target in addresses(p)), None)
    elif flow.origin == INTERNET:
        return None
    elif place and ":" not in flow.target:
        source["address"] = str(world.ip_address("169.254.64.0") + 2 * vpcs[place[0]].index)
    if place is None and flow.target not in (matrix.world.internet, matrix.world.internet6):
        return None
    target = {"vpc": place[0], "id": place[1], "address": flow.target} if place else \
        {"vpc": -1, "address": flow.target}
    return {"from": source, "to": target, "protocol": flow.protocol, "port": flow.port,
            "source_port": flow.source_port}


class Run:
    def __init__(self, options):
        self.options = options
        self.failures, self.miswalked, self.reasons, self.late = [], [], Counter(), 0
        self.sent = self.sent6 = self.walked = self.parts = 0
        self.before = {}
        self.outside()
        self.driver = Driver(*OUTSIDE)
        self.matrix = Matrix(options.seed)
        self.prober = Prober()
        for vpc in self.matrix.vpcs:
            self.driver.apply(vpc)
        for vpc in self.matrix.vpcs:  # a link between two needs both
            self.driver.apply(vpc)
        self.note()
        self.guests = []
        for vpc, port in self.matrix.guests():
            guest = Guest(self.driver, vpc, port)
            self.guests.append(guest)
            more = [f"addr add {a['ip']}/32 dev eth0" for a in port["more"]]
            if port["ipv6"]:
                guest.speak_ipv6(*port["ipv6"])
                more.append(f"route add default via {self.router6(vpc, port)} dev eth0")
            more += [f"addr add {a} dev lo" for a in port.get("owns", ())]
            if more:
                guest.batch(*more)
            self.prober.space(port["id"], guest.name)
        self.prober.space(SERVER, "-")
        self.prober.space(INTERNET, "internet")

    @staticmethod
    def outside():
        """A server that forwards IPv6, which its owner decides, and somebody beyond it who knows the way back."""
        world.sysctl("net/ipv6/conf/all/forwarding", "1")
        run("ip", "netns", "add", "internet")
        run("ip", "-batch", "-", stdin="link add up0 type veth peer name eth0 netns internet\n"
            "addr add 192.0.2.1/24 dev up0\naddr add 2001:db8:53::1/64 dev up0 nodad\nlink set up0 up\n")
        run("ip", "-n", "internet", "-batch", "-", stdin="link set lo up\nlink set eth0 up\n"
            "addr add 192.0.2.53/24 dev eth0\naddr add 2001:db8:53::53/64 dev eth0 nodad\n"
            f"route add 198.51.100.0/24 via 192.0.2.1\nroute add {PREFIX6} via 2001:db8:53::1\n")

    @staticmethod
    def router6(vpc, port):
        """What its advertisements say, which a guest here does not wait for."""
        bridge = next(s["bridge"] for s in vpc.subnets if s["id"] == port["subnet"])
        (link,) = json.loads(run("ip", "-n", vpc.id, "-j", "link", "show", bridge))
        return world.link_local(link["address"])

    def apply(self):
        """What has changed, as far as the driver knows what had been; else everything."""
        for vpc in self.matrix.vpcs:
            if self.driver.apply_part(vpc, differing(self.before[vpc.id], vpc)) is None:
                self.driver.apply(vpc)
            else:
                self.parts += 1
        self.note()

    def note(self):
        self.before = {vpc.id: copy.deepcopy(vpc.intent()) for vpc in self.matrix.vpcs}

    def compare(self, number):
        twin = Twin(*OUTSIDE)
        for vpc in self.matrix.vpcs:
            twin.apply(vpc)
        for vpc in self.matrix.vpcs:  # a link between two needs both
            if vpc.peerings:
                twin.apply(vpc)
        mine, its = kernel(), kernel(twin.root())
        twin.kill()
        wrong = [key for key in sorted({*mine, *its}) if mine.get(key) != its.get(key)]
        for key in wrong[:5]:
            print(f"# round {number}: {key} differs from a fresh build:")
            print(f"#   has   {mine.get(key)}\n#   fresh {its.get(key)}"[:4000])
        return wrong

    def round(self, number):
        first = number * self.options.each
        chosen = self.matrix.flows(self.options.each)
        if self.options.flow is not None:
            at = self.options.flow - first
            if not 0 <= at < len(chosen):
                return
            first, chosen = self.options.flow, chosen[at:at + 1]
        found = self.prober.go([flow for flow, _ in chosen])
        for patience in PATIENCE:
            self.ask_again(chosen, found, patience)
        self.sent += len(chosen)
        for i, (flow, verdict) in enumerate(chosen):
            self.reasons[verdict.why] += 1
            self.sent6 += ":" in flow.target
            if not agrees(flow, verdict, found[i]):
                self.failures.append((first + i, show(flow, verdict, found[i])))
            elif self.options.flow is not None:
                print("# " + show(flow, verdict, found[i]))
        self.walk(first, chosen)

    def ask_again(self, chosen, found, patience):
        """For what should have come and did not."""
        late = [i for i, (flow, verdict) in enumerate(chosen) if not agrees(flow, verdict, found[i])
                and (found[i][0] is None or found[i] == (*verdict[:2], False))]
        again = [(i, flow) for i, flow in ((i, self.like(*chosen[i])) for i in late) if flow]
        if again:
            self.late += len(again)
            for (i, _), result in zip(again, self.prober.go([flow for _, flow in again], patience)):
                found[i] = result

    def like(self, flow, verdict):
        """A flow that no connection is tracked for yet, and that fares alike; an echo is a new one by itself."""
        if flow.protocol == "icmp":
            return flow
        spare = self.matrix.spare_ports
        while spare:
            other = flow._replace(source_port=spare.pop())
            if judge(self.matrix.world, other) == verdict:
                return other
        return None

    def walk(self, first, chosen):
        asked = [(first + i, flow, verdict, reach_end(self.matrix, flow, verdict))
                 for i, (flow, verdict) in enumerate(chosen)]
        asked = [a for a in asked if a[3]]
        answers = self.driver.ask("reach-all", vpcs=[v.intent() for v in self.matrix.vpcs],
                                  questions=[a[3] for a in asked])["answers"]
        self.walked += len(asked)
        for (index, flow, verdict, _), answer in zip(asked, answers):
            if answer["reachable"] != verdict.back:
                self.miswalked.append((index, f"{show(flow, verdict, 'as the model')}; but reach says "
                                              f"{answer['reachable']} {answer.get('code')} {answer.get('text')}"))

    def made_anew(self):
        """The VPCs whose rules are made anew though nothing has changed: the driver took what it had left for changed."""
        for vpc in self.matrix.vpcs:  # what they have of each other may have changed behind the first
            self.driver.apply(vpc)
        before = {vpc.id: world.handles(vpc.id) for vpc in self.matrix.vpcs}
        for vpc in self.matrix.vpcs:
            self.driver.apply(vpc)
        return [vpc.id for vpc in self.matrix.vpcs if world.handles(vpc.id) != before[vpc.id]]

    def end(self):
        self.prober.end()
        for guest in self.guests:
            guest.end()
        for vpc in self.matrix.vpcs:
            self.driver.remove(vpc)
        self.driver.end()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", random.randrange(1 << 32))))
    parser.add_argument("--flow", type=int)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--each", type=int, default=400)
    options = parser.parse_args()
    world.sandbox()
    print(f"# seed {options.seed}", flush=True)
    it = Run(options)
    differing = []
    for number in range(options.rounds):
        if number > 0:
            it.matrix.change()
            if number == options.rounds // 2:
                it.driver.kill()
                it.driver = Driver(*OUTSIDE)
            it.apply()
        if options.flow is None:
            differing += [(number, key) for key in it.compare(number)]
        it.round(number)
        if options.flow is not None and options.flow < (number + 1) * options.each:
            break
    made_anew = it.made_anew()
    it.end()
    for index, text in it.failures[:30] + it.miswalked[:30]:
        print(f"# flow {index}: {text}\n#   tests/net/flows.py --seed {options.seed} --flow {index}")
    passed = it.reasons["passes"]
    print(f"# {it.sent} flows, {it.sent6} of IPv6, {passed} pass, {it.late} of them late; {it.walked} walked by reach; "
          f"what stops the others: {dict(it.reasons.most_common())}")
    dull = False
    if options.flow is None:
        dull = not it.sent * 0.1 < passed < it.sent * 0.9 or it.sent6 < it.sent * 0.1
        dull = dull or it.sent < min(2000, options.rounds * options.each)
        dull = dull or (options.rounds > 3 and it.parts == 0)
    checks = [("packets fare as the model says", not it.failures),
              ("few of them are late", it.late <= max(3, passed * LATE_MAX)),
              ("what reach computes is what the model says", not it.miswalked),
              ("the kernel has what a fresh build has after each round", not differing),
              (f"nothing is made anew that stands {made_anew or ''}", not made_anew),
              ("the world is not dull", not dull)]
    for number, (text, good) in enumerate(checks, 1):
        print(f"{'ok' if good else 'not ok'} {number} - {text}")
    print(f"1..{len(checks)}")
    return 0 if all(good for _, good in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
