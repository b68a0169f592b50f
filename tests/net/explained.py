#!/usr/bin/python3 -B
# area: network
# lab: own
# timeout: 120
"""What is told of a network is what is done to it: the explained rules, files and commands, typed by
hand, leave a VPC as the driver leaves it."""
import copy
import glob
import os
import re
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import world  # noqa: E402
from world import Vpc, everything_out, rule, run  # noqa: E402


def rules(vpc):
    return run("ip", "netns", "exec", vpc.id, "nft", "list", "ruleset")


def files(vpc):
    found = {}
    for path in glob.glob(f"{world.RUNTIME}/network/{vpc.id}/*s/*"):
        with open(path, encoding="utf-8") as file:
            found[path] = file.read()
    return found


def routes(vpc):
    """All but who set them."""
    lines = run("ip", "route", "show", "dev", f"cv{vpc.index}").splitlines()
    return sorted(line.split(" proto")[0].strip() for line in lines)


def gateways(vpc):
    """What is in the namespaces of the NAT gateways that the VPC has or has had, and how each is plugged."""
    taps = vars(vpc).setdefault("taps", {})
    taps.update((port["nat"], port["tap"]) for port in vpc.ports.values() if port.get("nat"))
    found = {}
    for nat, tap in taps.items():
        if os.path.exists("/run/netns/" + nat):
            inside = ("ip", "netns", "exec", nat)
            link = run("ip", "-n", vpc.id, "-d", "link", "show", tap)
            found[nat] = (
                run(*inside, "nft", "list", "ruleset"),
                sorted(re.findall(r"inet \S+", run(*inside, "ip", "addr", "show", "dev", "eth0"))),
                run(*inside, "ip", "route").replace(" proto static", ""),
                re.findall(r"mtu \d+|link/ether \S+", run(*inside, "ip", "link", "show", "dev", "eth0")),
                run(*inside, "sysctl", "net.ipv4.ip_forward", "net.ipv4.conf.all.send_redirects",
                    "net.ipv4.conf.eth0.send_redirects"),
                re.findall(r"master \S+|isolated \S+|mtu \d+|state UP", link))
    return found


def state(vpc):
    return {"rules": rules(vpc), "files": files(vpc), "routes": routes(vpc), "gateways": gateways(vpc)}


def type_in(vpc, told):
    if told.get("rules"):
        run("ip", "netns", "exec", vpc.id, "nft", "-f", "-", stdin=told["rules"])
    for path, content in told["files"]:
        if content is None:
            os.unlink(path)
        else:
            with open(path, "w", encoding="utf-8") as file:
                file.write(content)
    for command in told["reload"]:
        run("sh", "-c", command)
    with tempfile.TemporaryDirectory() as folder:
        for gateway in told["gateways"]:
            if gateway["rules"]:
                with open(f"{folder}/{gateway['id']}.nft", "w", encoding="utf-8") as file:
                    file.write(gateway["rules"])
            for command in gateway["commands"]:
                run("sh", "-c", f"cd {folder} && {command}")
    for command in told["routes"]:
        run("sh", "-c", command)


def small():
    vpc = Vpc(index=3, cidr="172.31.0.0/16", subnets=("172.31.0.0/20", "172.31.16.0/20"))
    web = vpc.group(everything_out(), rule("tcp", 22), name="sg-00000000000000001")
    vpc.port([web], number=1, public="198.51.100.7")
    vpc.port([web], number=2)
    return vpc, web


class Explained(world.Case):
    def check(self, vpc, change):
        """Told on the way, done by the driver; then back, and typed."""
        if vpc in self.vpcs:  # what was typed last the driver does not know
            self.driver.kill()
            self.driver = world.Driver()
        else:
            self.vpcs.append(vpc)
        before = copy.deepcopy((vpc.ports, vpc.groups))
        intent = copy.deepcopy(vpc.intent())
        self.driver.apply(vpc)
        change()
        told = self.driver.ask("explain", intent=vpc.intent(), **{"from": intent})
        self.driver.apply(vpc)
        done, after = state(vpc), (vpc.ports, vpc.groups)
        vpc.ports, vpc.groups = before
        self.driver.apply(vpc)
        self.assertNotEqual(state(vpc), done)
        type_in(vpc, told)
        self.assertEqual(state(vpc), done)
        vpc.ports, vpc.groups = after
        return told

    def test_a_rule_that_comes(self):
        vpc, web = small()
        more = [rule("tcp", 8000, 8080, cidr="203.0.113.0/24"), rule("udp", 53, group=web),
                rule("icmp", 8, -1), rule("47"), rule("tcp", 80, cidr="203.0.113.9/32"),
                rule("icmp", 3, 4), rule("icmpv6", cidr6="::/0"), rule("tcp", 1, cidr6="2001:db8::/32")]
        told = self.check(vpc, lambda: vpc.groups[web]["rules"].extend(more))
        self.assertEqual(told["rules"].count("# new"), len(more))
        self.assertEqual((told["files"], told["routes"]), ([], []))

    def test_a_rule_that_goes(self):
        vpc, web = small()
        told = self.check(vpc, lambda: vpc.groups[web]["rules"].pop())
        self.assertIn("# gone: meta nfproto ipv4 tcp dport 22 accept", told["rules"])

    def test_ports_and_groups_that_come(self):
        vpc, web = small()

        def change():
            data = vpc.group(everything_out(), rule("tcp", 5432, group=web), name="sg-00000000000000002")
            vpc.port([data], number=3, subnet=1, public="198.51.100.9")
            vpc.port([web, data], number=4, source_dest_check=False)

        told = self.check(vpc, change)
        self.assertEqual(len(told["files"]), 4)
        self.assertEqual(told["reload"], [])

    def test_ports_that_go_and_addresses_that_move(self):
        vpc, _ = small()

        def change():
            first, second = vpc.ports.values()
            vpc.ports = {second["id"]: dict(second, public="198.51.100.8")}
            self.assertEqual(first["public"], "198.51.100.7")

        told = self.check(vpc, change)
        self.assertEqual([content for _, content in told["files"]], [None, None])
        self.assertEqual(len(told["reload"]), 1)
        self.assertEqual(len(told["routes"]), 2)

    def test_a_nat_gateway_that_comes_changes_and_goes(self):
        vpc, _ = small()
        told = self.check(vpc, lambda: vpc.nat(number=7, hosts=(101, 102)))
        (port,) = [each for each in vpc.ports.values() if each.get("nat")]
        (gateway,) = told["gateways"]
        self.assertEqual(gateway["id"], port["nat"])
        self.assertIn(f"ip netns add {port['nat']}", gateway["commands"])
        standing = self.driver.ask("explain", intent=vpc.intent(), stands=port["nat"])["gateways"]
        self.assertEqual(standing, told["gateways"])

        def change():
            port["more"] = [dict(port["more"][0], drains=True)]

        (changed,) = self.check(vpc, change)["gateways"]
        self.assertEqual([command.split()[3:5] for command in changed["commands"]],
                         [[port["nat"], "nft"], ["addr", "del"]])
        (gone,) = self.check(vpc, lambda: vpc.ports.pop(port["id"]))["gateways"]
        self.assertEqual((gone["rules"], gone["commands"]), (None, [f"ip netns delete {port['nat']}"]))

    def test_a_whole_rule_set(self):
        vpc, web = small()
        vpc.port([web], number=5, source_dest_check=False)
        self.vpcs.append(vpc)
        self.driver.apply(vpc)
        told, done = self.driver.ask("explain", intent=vpc.intent()), rules(vpc)
        run("ip", "netns", "exec", vpc.id, "nft", "flush", "ruleset")
        run("ip", "netns", "exec", vpc.id, "nft", "-f", "-", stdin=told["rules"])
        self.assertEqual(rules(vpc), done)

    def test_a_route_table_in_words_to_type(self):
        vpc, web = small()
        gateway = vpc.nat(subnet=0, number=7)
        port = vpc.port([web], number=8, subnet=1)
        table = vpc.table(world.route("0.0.0.0/0", "port", gateway), world.route("203.0.113.0/24", "blackhole"),
                          world.route("198.51.100.64/26", "internet"), world.route("172.16.0.0/12", "port", port))
        vpc.subnets[1]["table"] = table
        self.vpcs.append(vpc)
        self.driver.apply(vpc)
        told = self.driver.ask("explain", intent=vpc.intent(), stands=vpc.tables[table]["id"])

        def kernel():
            return (sorted(run("ip", "-n", vpc.id, "route", "show", "table", str(100 + table)).splitlines()),
                    run("ip", "-n", vpc.id, "rule"))

        done = kernel()
        self.assertEqual(len(done[0]), 8, done)
        self.assertIn("172.31.0.16 dev br0", " ".join(done[0]))
        run("ip", "-n", vpc.id, "route", "flush", "table", str(100 + table))
        run("ip", "-n", vpc.id, "rule", "del", "iif", "br1")
        for command in told["routes"]:
            self.assertTrue(command.startswith(f"ip -n {vpc.id} r"), command)
            run("sh", "-c", command)
        typed = kernel()
        self.assertEqual([line.replace(" proto static", "") for line in done[0]], typed[0])
        self.assertEqual(sorted(done[1].splitlines()), sorted(typed[1].splitlines()))
        with self.assertRaises(world.Failed) as nothing:
            self.driver.ask("explain", intent=vpc.intent(), stands="rtb-00000000000000001")
        self.assertIn("has no rtb-", str(nothing.exception))

    def test_a_tap_is_plugged(self):
        vpc, _ = small()
        self.vpcs.append(vpc)
        self.driver.apply(vpc)
        ports, shown = list(vpc.ports.values()), []
        for port in ports:
            run("ip", "link", "add", port["tap"], "type", "veth", "peer", "name", "p" + port["tap"])
        self.driver.plug(vpc, ports[0])
        told = self.driver.ask("explain", intent=vpc.intent(), port=ports[1]["id"])
        for command in told["plug"]:
            run("sh", "-c", command)
        for port in ports:
            link = run("ip", "-n", vpc.id, "-d", "link", "show", port["tap"])
            self.assertIn("isolated on", link)
            self.assertIn("master br0", link)
            words = link.replace(port["tap"], "TAP").split()
            shown.append([word for word in words if ":" not in word and not word.isdigit()
                          and "@" not in word and "." not in word and not word.startswith("0x")])
        self.assertEqual(shown[0], shown[1])
        for port in ports:
            run("ip", "-n", vpc.id, "link", "delete", port["tap"])


if __name__ == "__main__":
    world.sandbox()
    import tap  # noqa: E402
    tap.main()
