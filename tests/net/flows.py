#!/usr/bin/python3 -B
# area: network
# lab: own
# timeout: 400
"""The wide matrix: random VPCs, and for each of thousands of flows a real packet beside what a model says.

    tests/net/flows.py [--seed N] [--flow K] [--rounds R] [--each F]

Guests are plain namespaces. Between rounds the intents change, a little each time, and the driver applies the
difference; then the kernel must have what a second driver, in a sandbox of its own, makes of the same intents from
nothing. A flow that fares otherwise than the model says, in either direction, is a failure; --seed and --flow send
just that one again. The computed answers of network/reach.h are the third opinion.
"""
import argparse
import json
import os
import random
import subprocess
import sys
from collections import Counter

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import world  # noqa: E402
from model import INTERNET, SERVER, Flow, Unknown, World, addresses, judge, publics  # noqa: E402
from world import Driver, Guest, Vpc, entry, peer, refer, route, rule, run  # noqa: E402

PORTS = (22, 80, 443, 5000, 8080)
OWNED = "100.64.1.1"  # by the guest that forwards
OWNED_BLOCK = "100.64.1.0/24"
OUTSIDE = ("up0", "192.0.2.53")  # the server's way out, and who answers for names there
QUIET, LIMIT = 250, 6000  # ms


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
        self.say(*lines, f"go {LIMIT} {quiet}")
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
    """A driver that has seen nothing, in mount and network namespaces of its own."""

    WITHIN = ("unshare", "--mount", "--net", "sh", "-c",
              "mount -t tmpfs -o mode=755 tmpfs /run; ip link set lo up; exec \"$@\"", "-")

    def inside(self):
        return ("nsenter", "-t", str(self.process.pid), "-m", "-n")


def kernel(by=()):
    """All that the driver has made, per namespace."""
    listed = run(*by, "ip", "netns", "list").split("\n")
    names = sorted(line.split()[0] for line in listed if line[:4] in ("vpc-", "nat-"))
    found = {}
    for name in names:
        links = json.loads(run(*by, "ip", "-n", name, "-j", "addr"))
        found[name, "rules"] = world.ruleset(name, by)
        found[name, "addresses"] = sorted(
            (link["ifname"], a["local"], a["prefixlen"]) for link in links
            for a in link["addr_info"] if a["scope"] != "link" or a["family"] == "inet")
        for family in ("-4", "-6"):
            rows = json.loads(run(*by, "ip", "-n", name, family, "-j", "rule"))
            found[name, "rule" + family] = sorted(map(str, rows))
            rows = json.loads(run(*by, "ip", "-n", name, family, "-j", "route", "show", "table", "all")
                              or "[]")
            for row in rows:
                row.pop("flags", None)
            # What the kernel adds by itself hangs on who is plugged in.
            found[name, "route" + family] = sorted(
                str(row) for row in rows
                if row.get("protocol") != "kernel" and row.get("table") != "local")
    return found


class Matrix:
    def __init__(self, seed):
        self.dice = random.Random(seed)
        self.source_ports = list(range(32768, 60999))
        self.dice.shuffle(self.source_ports)
        dice = self.dice
        one = Vpc(1, "10.0.0.0/16", ("10.0.0.0/24", "10.0.1.0/24", "10.8.0.0/24"), more=["10.8.0.0/16"])
        two = Vpc(2, "10.0.0.0/16", ("10.0.0.0/24", "10.0.1.0/24"))
        three = Vpc(3, "10.1.0.0/16", ("10.1.0.0/24", "10.1.1.0/24"))
        four = Vpc(4, "10.2.0.0/16", ("10.2.0.0/24",))
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
            for n in range(count):
                vpc.port(self.some_groups(vpc), subnet=n % len(vpc.subnets),
                         public=self.publics.pop() if dice.random() < 0.6 else None,
                         hosts=[100 + n] if n % 2 == 0 else [])
            second = next(iter(vpc.ports.values()))["more"][0]
            second["public"] = self.publics.pop() if dice.random() < 0.7 else None
        forwarder = list(one.ports.values())[1]
        forwarder.update(source_dest_check=False, owns=[OWNED])
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

    def blocks(self, count):
        return [self.block() for _ in range(count)]

    def block(self):
        return self.dice.choice((
            "10.0.0.0/8", "10.0.0.0/24", "10.0.1.0/24", "10.0.1.0/25", "10.8.0.0/16", "10.1.0.0/16",
            "10.1.1.0/24", "10.2.0.0/16", "10.0.0.11/32", "10.0.0.8/29", "198.51.100.0/24",
            "198.51.100.0/27", "192.0.2.0/24", "0.0.0.0/0", "100.64.0.0/10", "169.254.64.0/18"))

    def service(self):
        low = self.dice.choice((0, *PORTS))
        high = self.dice.choice([p for p in (*PORTS, 65535) if p >= low])
        return low, high

    def rule(self, vpc, egress):
        dice = self.dice
        far = [g for other in self.near(vpc) for g in other.groups]
        whom = dice.choice(({"cidr": "0.0.0.0/0"}, {"cidr": self.block()},
                            {"group": dice.choice(list(vpc.groups))},
                            {"group": dice.choice(far or list(vpc.groups))},
                            {"prefix_list": next(iter(vpc.prefix_lists))}))
        what = dice.choice((("-1",), ("tcp", *self.service()), ("udp", *self.service()), ("6", 0, 65535),
                            ("icmp", -1, -1), ("icmp", 8, dice.choice((-1, 0))), ("icmp", 0, -1)))
        return rule(*what, egress=egress, **whom)

    def fill(self, vpc, group):
        dice = self.dice
        group["rules"] = [self.rule(vpc, False) for _ in range(dice.randint(1, 4))]
        if dice.random() < 0.3:
            group["rules"].append(rule())
        if dice.random() < 0.6:
            group["rules"].append(rule(egress=True))
        else:
            group["rules"] += [self.rule(vpc, True) for _ in range(dice.randint(1, 3))]

    def entry(self, number, egress):
        dice = self.dice
        protocol = dice.choice((-1, 6, 17, 1))
        more = {}
        low, high = -1, None
        if protocol in (6, 17):
            # What answers come to is an ephemeral port.
            low, high = dice.choice((self.service(), (1024, 65535), (32768, 45000), (50000, 65535)))
        elif protocol == 1:
            more = {"type": dice.choice((-1, 0, 8)), "code": dice.choice((-1, 0))}
        return entry(number, self.block(), dice.random() < 0.5, egress, protocol, low, high, **more)

    def entries(self):
        found = []
        for egress in (False, True):
            numbers = self.dice.sample(range(1, 200), self.dice.randint(1, 4))
            found += [self.entry(number, egress) for number in numbers]
            if self.dice.random() < 0.8:
                found.append(entry(self.dice.randrange(200, 32766), egress=egress))
        self.dice.shuffle(found)
        return found

    def routes(self, vpc):
        """What a careful owner sets, with holes."""
        dice = self.dice
        nat = self.nat.get(vpc.id)
        outs = [("internet", None)] * 3 + ([("port", nat)] * 2 if nat else [])
        wanted = [("0.0.0.0/0", *dice.choice(outs))] if dice.random() < 0.9 else []
        if dice.random() < 0.2:
            wanted.append(("198.51.100.0/26", *dice.choice(outs + [("blackhole", None)])))
        if dice.random() < 0.2:
            wanted.append(("192.0.2.0/24", *dice.choice(outs + [("blackhole", None)])))
        for number, (a, b) in self.pairs.items():
            if vpc in (a, b) and dice.random() < 0.8:
                other = b if vpc is a else a
                target = f"pcx-{number:017x}"
                wanted.append((other.cidrs[0], "peering", target))
                if dice.random() < 0.2:
                    wanted.append((str(other.subnets[0]["cidr"]), "blackhole", None))
        for other in self.vpcs:  # beyond the peer: there is no transit
            if other not in self.near(vpc) and other is not vpc and vpc.peerings and \
                    other.cidrs[0] not in vpc.cidrs and dice.random() < 0.5:
                wanted.append((other.cidrs[0], "peering", next(iter(vpc.peerings))))
        if vpc is self.vpcs[0] and dice.random() < 0.8:
            wanted.append((OWNED_BLOCK, "port", self.forwarder))
        return [route(*w) for w in wanted]

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
                                self.change_peering, self.change_check))
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
        next(iter(vpc.prefix_lists.values()))["blocks"] = self.blocks(self.dice.randint(0, 4))

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

    # --- flows

    def flow(self):
        dice = self.dice
        vpc, port = dice.choice(self.guests())
        public = [p for _, other in self.guests() for p in publics(other).values()]
        public += [n["public"] for n in self.nat.values()]
        origin, source = port["id"], dice.choice(addresses(port))
        what = dice.random()
        if what < 0.35:
            target = dice.choice(addresses(dice.choice(list(vpc.ports.values()))))
        elif what < 0.55:
            other = dice.choice(self.near(vpc) * 3 + self.vpcs)
            target = dice.choice(addresses(dice.choice(list(other.ports.values()))))
        elif what < 0.70:
            target = dice.choice(public + [self.publics[0]])
        elif what < 0.80:
            target = self.world.internet if dice.random() < 0.9 else self.world.uplink
        elif what < 0.87:
            target = OWNED
        elif what < 0.91:
            target = str(world.ip_network(dice.choice(vpc.subnets)["cidr"])[dice.randint(200, 254)])
        else:
            origin = SERVER if dice.random() < 0.8 else INTERNET
            source = "0.0.0.0" if origin == SERVER else self.world.internet
            target = dice.choice(public)
        if origin == self.forwarder["id"] and dice.random() < 0.4:
            source = OWNED
        protocol = dice.choice(("tcp", "tcp", "udp", "udp", "icmp"))
        return Flow(origin, source, 0, protocol, target, 0 if protocol == "icmp" else dice.choice(PORTS))

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
    return port is not None and flow.target in [*addresses(port), *port.get("owns", ())]


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
    if OWNED in (flow.source, flow.target):
        return None
    place = next(((i, p["id"]) for i, v in enumerate(vpcs) for p in v.ports.values()
                  if flow.target in publics(p).values()), None)
    source = {"vpc": -1, "address": flow.source}
    if flow.origin not in (SERVER, INTERNET):
        at = vpcs.index(matrix.world.home(flow.origin))
        source = {"vpc": at, "id": flow.origin, "address": flow.source}
        near = [at] + [vpcs.index(o) for o in matrix.near(vpcs[at])]
        place = place or next(((i, p["id"]) for i in near for p in vpcs[i].ports.values()
                               if flow.target in addresses(p)), None)
    elif flow.origin == INTERNET:
        return None
    elif place:
        source["address"] = str(world.ip_address("169.254.64.0") + 2 * vpcs[place[0]].index)
    if place is None and flow.target != matrix.world.internet:
        return None
    target = {"vpc": place[0], "id": place[1], "address": flow.target} if place else \
        {"vpc": -1, "address": flow.target}
    return {"from": source, "to": target, "protocol": flow.protocol, "port": flow.port,
            "source_port": flow.source_port}


class Run:
    def __init__(self, options):
        self.options = options
        self.failures, self.miswalked, self.reasons, self.sent, self.walked = [], [], Counter(), 0, 0
        self.outside()
        self.driver = Driver(*OUTSIDE)
        self.matrix = Matrix(options.seed)
        self.prober = Prober()
        for vpc in self.matrix.vpcs:
            self.driver.apply(vpc)
        for vpc in self.matrix.vpcs:  # a link between two needs both
            self.driver.apply(vpc)
        self.guests = []
        for vpc, port in self.matrix.guests():
            guest = Guest(self.driver, vpc, port)
            self.guests.append(guest)
            more = [f"addr add {a['ip']}/32 dev eth0" for a in port["more"]]
            more += [f"addr add {a}/32 dev lo" for a in port.get("owns", ())]
            if more:
                guest.batch(*more)
            self.prober.space(port["id"], guest.name)
        self.prober.space(SERVER, "-")
        self.prober.space(INTERNET, "internet")

    @staticmethod
    def outside():
        run("ip", "netns", "add", "internet")
        run("ip", "link", "add", "up0", "type", "veth", "peer", "name", "eth0", "netns", "internet")
        run("ip", "addr", "add", "192.0.2.1/24", "dev", "up0")
        run("ip", "link", "set", "up0", "up")
        run("ip", "-n", "internet", "-batch", "-", stdin="link set lo up\nlink set eth0 up\n"
            "addr add 192.0.2.53/24 dev eth0\nroute add 198.51.100.0/24 via 192.0.2.1\n")

    def apply(self):
        for vpc in self.matrix.vpcs:
            self.driver.apply(vpc)

    def compare(self, number):
        twin = Twin(*OUTSIDE)
        for _ in range(2):
            for vpc in self.matrix.vpcs:
                twin.apply(vpc)
        mine, its = kernel(), kernel(twin.inside())
        wrong = [key for key in sorted({*mine, *its}) if mine.get(key) != its.get(key)]
        for key in wrong[:5]:
            print(f"# round {number}: {key} differs from a fresh build:")
            print(f"#   has   {mine.get(key)}\n#   fresh {its.get(key)}"[:4000])
        for vpc in self.matrix.vpcs:
            twin.remove(vpc)
        twin.end()
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
        doubtful = [i for i, (flow, verdict) in enumerate(chosen) if not agrees(flow, verdict, found[i])]
        # A machine at its limits: what should have come is given time. What must not come has no second chance.
        again = [i for i in doubtful if found[i][0] is None or (found[i][:2] == chosen[i][1][:2]
                                                                and not found[i][2])]
        if again:
            retried = [chosen[i][0]._replace(source_port=chosen[i][0].source_port and
                                             self.fresh_port()) for i in again]
            for i, flow, result in zip(again, retried, self.prober.go(retried, 1500)):
                if judge(self.matrix.world, flow) == chosen[i][1]:
                    found[i] = result
        self.sent += len(chosen)
        for i, (flow, verdict) in enumerate(chosen):
            self.reasons[verdict.why] += 1
            if not agrees(flow, verdict, found[i]):
                self.failures.append((first + i, show(flow, verdict, found[i])))
            elif self.options.flow is not None:
                print("# " + show(flow, verdict, found[i]))
        self.walk(first, chosen)

    def fresh_port(self):
        """Beside those of the plan, so that a replay has the same plan."""
        self.spare = getattr(self, "spare", 20000) + 1
        return self.spare

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
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--each", type=int, default=300)
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
    it.end()
    for index, text in it.failures[:30] + it.miswalked[:30]:
        print(f"# flow {index}: {text}\n#   tests/net/flows.py --seed {options.seed} --flow {index}")
    passed = it.reasons["passes"]
    print(f"# {it.sent} flows, {passed} pass, {it.walked} of them walked by reach; "
          f"what stops the others: {dict(it.reasons.most_common())}")
    dull = options.flow is None and not (it.sent >= 2000 or options.rounds * options.each < 2000)
    dull = dull or (options.flow is None and not it.sent * 0.1 < passed < it.sent * 0.9)
    checks = [("packets fare as the model says", not it.failures),
              ("what reach computes is what the model says", not it.miswalked),
              ("the kernel has what a fresh build has after each round", not differing),
              ("the world is not dull", not dull)]
    for number, (text, good) in enumerate(checks, 1):
        print(f"{'ok' if good else 'not ok'} {number} - {text}")
    print(f"1..{len(checks)}")
    return 0 if all(good for _, good in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
