#!/usr/bin/python3 -B
# area: network
# lab: own
# timeout: 180
"""Security groups: what they let through, how they change, and that the kernel has just that."""
import os
import random
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import world  # noqa: E402
from world import Driver, Vpc, everything_out, reaches, rule, run  # noqa: E402

SEED = int(os.environ.get("SEED", random.randrange(1 << 32)))
PORTS = (22, 80, 443, 5000, 65000)


def talk(sock, connection):
    sock.sendall(b"?")
    connection.settimeout(1)
    try:
        return connection.recv(1) == b"?"
    except OSError:
        return False


class Groups(world.Case):
    def test_ingress_is_denied_unless_a_rule_lets_it_in(self):
        vpc = Vpc()
        group = vpc.group(rule("tcp", 22), rule("tcp", 5000, 5010), everything_out())
        a, b = self.start(vpc, vpc.port([group]), vpc.port([group]))
        listeners = [b.listen(port) for port in (22, 80, 4999, 5000, 5010, 5011)]
        self.attempt([(a, b.ip, port) for port in (22, 80, 4999, 5000, 5010, 5011)],
                     [True, False, False, True, True, False])
        self.assertFalse(a.ping(b.ip))
        for sock in listeners:
            sock.close()

    def test_egress_is_denied_unless_a_rule_lets_it_out(self):
        vpc = Vpc(subnets=("10.0.0.0/20", "10.0.16.0/20"))
        silent = vpc.group(rule("tcp", 443, egress=True))
        open_ = vpc.group(rule())
        a, b = self.start(vpc, vpc.port([silent]), vpc.port([open_], subnet=1))
        with b.listen(22), b.listen(443):
            self.attempt([(a, b.ip, 22), (a, b.ip, 443)], [False, True])
        self.assertFalse(a.ping(b.ip))
        with a.listen(22):
            self.assertFalse(reaches(b, a.ip, 22))

    def test_icmp_rules_look_at_the_type(self):
        vpc = Vpc()
        echo = vpc.group(rule("icmp", 8, -1), everything_out())
        timestamp = vpc.group(rule("icmp", 13, 0), everything_out())
        any_ = vpc.group(rule("icmp", -1, -1), everything_out())
        a, b, c = self.start(vpc, vpc.port([echo]), vpc.port([timestamp]), vpc.port([any_]))
        self.assertTrue(b.ping(a.ip, limit=world.COMES))
        self.assertFalse(a.ping(b.ip))
        self.assertTrue(a.ping(c.ip, limit=world.COMES))

    def test_a_group_as_source_means_its_members_of_now(self):
        vpc = Vpc()
        web = vpc.group(everything_out())
        data = vpc.group(rule("tcp", 5000, group=web), everything_out())
        other = vpc.group(everything_out())
        a, b, c = self.start(vpc, vpc.port([web]), vpc.port([data]), vpc.port([other]))
        with b.listen(5000):
            self.attempt([(a, b.ip, 5000), (c, b.ip, 5000)], [True, False])
            c.port["groups"] = [other, web]
            a.port["groups"] = [other]
            self.driver.apply(vpc)
            self.attempt([(a, b.ip, 5000), (c, b.ip, 5000)], [False, True])

    def test_several_groups_add_up(self):
        vpc = Vpc()
        ssh = vpc.group(rule("tcp", 22), everything_out())
        web = vpc.group(rule("tcp", 80))
        a, b = self.start(vpc, vpc.port([ssh]), vpc.port([web, ssh]))
        with b.listen(22), b.listen(80), b.listen(443):
            self.attempt([(a, b.ip, port) for port in (22, 80, 443)], [True, True, False])

    def test_a_group_in_two_vpcs_means_the_members_of_each(self):
        """What AssociateSecurityGroupVpc brings about: the two even have the same addresses."""
        home, other = Vpc(), Vpc(index=2)
        web = home.group(everything_out())
        home.groups[web]["rules"].insert(0, rule("tcp", 22, group=web))
        stranger = other.group(everything_out())
        a, b = self.start(home, home.port([web]), home.port([web]))
        c, d, e = self.start(other, other.port([stranger]), other.port([stranger]), other.port([stranger]))
        self.assertEqual((a.ip, b.ip), (c.ip, d.ip))
        with b.listen(22), d.listen(22):
            self.attempt([(a, b.ip, 22), (c, d.ip, 22)], [True, False])
            other.groups[web] = home.groups[web]
            for guest in (c, d):
                guest.port["groups"] = [web]
            self.driver.apply(other)
            self.attempt([(c, d.ip, 22), (e, d.ip, 22)], [True, False])
            # A change of its rules counts in both.
            home.groups[web]["rules"].pop(0)
            for vpc in (home, other):
                self.driver.apply(vpc)
            self.attempt([(a, b.ip, 22), (c, d.ip, 22)], [False, False])
            home.groups[web]["rules"].append(rule("tcp", 22))
            for vpc in (home, other):
                self.driver.apply(vpc)
            self.attempt([(a, b.ip, 22), (c, d.ip, 22), (e, d.ip, 22)], [True, True, True])
            # And without it there nothing of it is left there.
            for guest in (c, d):
                guest.port["groups"] = [stranger]
            del other.groups[web]
            self.driver.apply(other)
            self.attempt([(a, b.ip, 22), (c, d.ip, 22)], [True, False])
            self.assertNotIn(web, run("ip", "netns", "exec", other.id, "nft", "list", "ruleset"))

    def test_a_change_counts_for_new_connections_and_spares_tracked_ones(self):
        vpc = Vpc()
        group = vpc.group(rule("tcp", 22), everything_out())
        a, b = self.start(vpc, vpc.port([group]), vpc.port([group]))
        with b.listen(22) as listener, a.socket() as sock:
            sock.connect((b.ip, 22))
            connection, _ = listener.accept()
            vpc.groups[group]["rules"] = [everything_out()]
            self.driver.apply(vpc)
            self.assertFalse(reaches(a, b.ip, 22), "a new connection")
            self.assertTrue(talk(sock, connection), "the tracked connection")
            vpc.groups[group]["rules"].append(rule("tcp", 22))
            self.driver.apply(vpc)
            self.assertTrue(reaches(a, b.ip, 22, limit=world.COMES))
            connection.close()

    def test_connections_live_through_the_death_of_the_daemon(self):
        vpc = Vpc()
        group = vpc.group(rule("tcp", 22), everything_out())
        a, b = self.start(vpc, vpc.port([group]), vpc.port([group], public="198.51.100.9"))
        with b.listen(22) as listener, a.socket() as sock, world.socket.socket() as outer:
            sock.connect((b.ip, 22))
            connection, _ = listener.accept()
            outer.connect(("198.51.100.9", 22))
            from_server, _ = listener.accept()
            for _ in range(3):
                self.driver.kill()
                self.driver = Driver()
                self.assertTrue(talk(sock, connection))
                self.driver.apply(vpc)
                self.assertTrue(talk(sock, connection))
                self.assertTrue(talk(outer, from_server))
            connection.close()
            from_server.close()

    def test_the_kernel_has_what_a_fresh_build_has_after_any_changes(self):
        print(f"# SEED={SEED}")
        dice = random.Random(SEED)
        vpc = Vpc(subnets=("10.0.0.0/24", "10.0.1.0/24"))
        self.vpcs.append(vpc)
        run("ip", "netns", "add", "fresh")
        count = 0
        for step in range(120):
            count = change(dice, vpc, count)
            if dice.random() < 0.05:
                self.driver.kill()
                self.driver = Driver()
            self.driver.apply(vpc)
            if step % 4 == 3:
                text = self.driver.ask("rules", intent=vpc.intent())["rules"]
                with world.inside("fresh"):
                    run("nft", "-j", "-f", "-", stdin=text)
                self.assertEqual(world.ruleset(vpc.id), world.ruleset("fresh"),
                                 f"SEED={SEED}, step {step}")
        run("ip", "netns", "delete", "fresh")

    def test_a_refused_change_is_made_whole_by_the_next(self):
        vpc = Vpc()
        group = vpc.group(everything_out())
        a, b = self.start(vpc, vpc.port([group]), vpc.port([group]))
        vpc.groups[group]["rules"].append(rule("no-such-protocol"))
        with self.assertRaises(world.Failed):
            self.driver.apply(vpc)
        vpc.groups[group]["rules"][-1] = rule("tcp", 22)
        self.driver.apply(vpc)
        with b.listen(22):
            self.assertTrue(reaches(a, b.ip, 22, limit=world.COMES))


def random_rule(dice, names):
    low = dice.choice(PORTS + (1,))
    egress = dice.random() < 0.5
    peer = dice.choice(({"cidr": "0.0.0.0/0"}, {"cidr": "10.0.0.0/24"}, {"cidr": "10.0.1.0/25"},
                        {"cidr": "10.0.0.12/32"}, {"group": dice.choice(names)},
                        {"group": dice.choice(names)}, {"cidr6": "fd00::/8"}))
    what = dice.choice((("tcp", low, max(low, dice.choice(PORTS))), ("tcp", 0, 65535), ("-1",),
                        ("6", low), ("udp", low), ("icmp", -1, -1)))
    return rule(*what, egress=egress, **peer)


def change(dice, vpc, count):
    """One random change of the intent. Returns the number of the next port."""
    names, ports = list(vpc.groups), list(vpc.ports)
    what = dice.random()
    if what < 0.15 or not names:
        vpc.group(name=f"sg-{dice.randrange(1 << 64):017x}")
    elif what < 0.25 and len(names) > 1:
        gone = dice.choice(names)
        if not any(gone in p["groups"] for p in vpc.ports.values()):
            del vpc.groups[gone]
    elif what < 0.5:
        vpc.groups[dice.choice(names)]["rules"] = [random_rule(dice, names)
                                                   for _ in range(dice.randint(0, 4))]
    elif what < 0.75 or not ports:
        count += 1
        vpc.port(dice.sample(names, min(len(names), dice.randint(1, 3))), number=count,
                 subnet=count % 2, source_dest_check=dice.random() < 0.9,
                 public=f"198.51.100.{count}" if count < 200 and dice.random() < 0.5 else None)
    elif what < 0.85:
        del vpc.ports[dice.choice(ports)]
    elif what < 0.95:
        vpc.ports[dice.choice(ports)]["groups"] = dice.sample(names, min(len(names), 2))
    else:
        port = vpc.ports[dice.choice(ports)]
        port["public"] = None if port["public"] else f"198.51.100.{200 + dice.randrange(50)}"
        others = [p for p in vpc.ports.values() if p is not port and p["public"] == port["public"]]
        for other in others:
            other["public"] = None
    return count


if __name__ == "__main__":
    world.sandbox()
    import tap  # noqa: E402
    tap.main()
