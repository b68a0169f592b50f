#!/usr/bin/python3 -B
# area: network
# lab: own
# quick: no
# timeout: 480
"""A change that is told as a part: some interfaces, and all else of a VPC.

    tests/net/parts.py [--seed N] [--steps S]

The random VPCs of flows.py change a little in each step, more than there: interfaces come and go, change places,
addresses and groups, groups come and go, rules and routes change, routes lead to interfaces that stay. The driver is
told what differs. Then the kernel, the server's routes and dnsmasq's files must be what a second driver makes of the
whole intents from nothing. The seed is printed.
"""
import argparse
import copy
import os
import random
import sys
from collections import Counter

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import world  # noqa: E402
from flows import OUTSIDE, Matrix, Run, Twin, everything  # noqa: E402
from world import Driver, differing, route  # noqa: E402


class Changes:
    """One small change at a time."""

    def __init__(self, matrix):
        self.matrix, self.dice, self.next_port, self.next_group = matrix, matrix.dice, 100, 100
        self.kinds = (self.come, self.come, self.go, self.regroup, self.move_public, self.new_group, self.lose_group,
                      self.lead, self.forward, self.rename, matrix.change_group, matrix.change_route,
                      matrix.change_acl, matrix.change_list, matrix.change_ipv6, matrix.change_peering,
                      matrix.change_gateway, matrix.change_public)

    def guests(self, vpc):
        return [p for p in vpc.ports.values() if not p.get("nat") and p is not self.matrix.forwarder]

    def groups_for(self, vpc):
        """Often just those of another: then the two share chains."""
        return self.dice.choice((list(self.dice.choice(self.guests(vpc))["groups"]), self.matrix.some_groups(vpc), []))

    def come(self, vpc):
        self.next_port += 1
        subnet = self.dice.randrange(len(vpc.subnets))
        vpc.port(self.groups_for(vpc), subnet=subnet,
                 number=self.next_port, public=self.matrix.publics.pop() if self.dice.random() < 0.3 else None,
                 hosts=[self.next_port % 100 + 140] if self.dice.random() < 0.3 else [],
                 source_dest_check=self.dice.random() < 0.8)

    def go(self, vpc):
        ports = self.guests(vpc)
        if len(ports) < 2:
            return
        port = vpc.ports.pop(self.dice.choice(ports)["id"])
        self.matrix.publics[:0] = [a["public"] for a in [port, *port["more"]] if a["public"]]

    def regroup(self, vpc):
        self.dice.choice(self.guests(vpc))["groups"] = self.groups_for(vpc)

    def move_public(self, vpc):
        """An elastic address goes from one to another."""
        have = [p for p in self.guests(vpc) if p["public"]]
        want = [p for p in self.guests(vpc) if not p["public"]]
        if have and want:
            one, other = self.dice.choice(have), self.dice.choice(want)
            one["public"], other["public"] = None, one["public"]

    def new_group(self, vpc):
        self.next_group += 1
        group = vpc.group(name=f"sg-{vpc.index:04x}{self.next_group:013x}")
        self.matrix.fill(vpc, vpc.groups[group])
        self.dice.choice(self.guests(vpc))["groups"].append(group)

    def lose_group(self, vpc):
        """Its members leave it first, in the same change."""
        if len(vpc.groups) > 3:
            group = self.dice.choice(list(vpc.groups))
            del vpc.groups[group]
            for port in vpc.ports.values():
                port["groups"] = [g for g in port["groups"] if g != group]

    def lead(self, vpc):
        """A route to an interface that stays as it is, and none of the one before."""
        table = vpc.tables[self.dice.choice(list(vpc.tables))]
        table["routes"] = [r for r in table["routes"] if r["to"] != "203.0.113.0/24"]
        if self.dice.random() < 0.8:
            table["routes"].append(route("203.0.113.0/24", "port", self.dice.choice(self.guests(vpc))))

    def forward(self, vpc):
        port = self.dice.choice(self.guests(vpc))
        port["source_dest_check"] = not port.get("source_dest_check", True)

    def rename(self, vpc):
        port = self.dice.choice(self.guests(vpc))
        named = f"i-{self.dice.randrange(1 << 60):017x}"
        port["resource_a"] = None if port.get("resource_a") else named

    def step(self):
        done = []
        for _ in range(self.dice.randint(1, 2)):
            kind = self.dice.choice(self.kinds)
            kind(self.dice.choice(self.matrix.vpcs))
            done.append(kind.__name__)
        self.matrix.refer()
        return done


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", random.randrange(1 << 32))))
    parser.add_argument("--steps", type=int, default=40)
    options = parser.parse_args()
    world.sandbox()
    print(f"# seed {options.seed}", flush=True)
    Run.outside()
    matrix, driver = Matrix(options.seed), Driver(*OUTSIDE)
    changes, how, wrong = Changes(matrix), Counter(), []
    for _ in range(2):  # a link between two needs both
        for vpc in matrix.vpcs:
            driver.apply(vpc)
    for number in range(options.steps):
        before = {vpc.id: copy.deepcopy(vpc.intent()) for vpc in matrix.vpcs}
        done = changes.step()
        for vpc in matrix.vpcs:
            enough = driver.apply_part(vpc, differing(before[vpc.id], vpc)) is not None
            how["a part" if enough else "whole"] += vpc.intent() != before[vpc.id]
            if not enough:
                driver.apply(vpc)
        twin = Twin(*OUTSIDE)
        for _ in range(2):
            for vpc in matrix.vpcs:
                twin.apply(vpc)
        mine, its = everything(), everything(twin)
        twin.kill()
        for key in sorted({*mine, *its}, key=str):
            if mine.get(key) != its.get(key):
                wrong.append(key)
                print(f"# step {number}, {' and '.join(done)}: {key}\n#   has   {mine.get(key)}\n"
                      f"#   fresh {its.get(key)}"[:4000])
        if wrong:
            break
    for vpc in matrix.vpcs:
        driver.remove(vpc)
    driver.end()
    print(f"# {options.steps} steps; VPCs changed by {dict(how)}")
    checks = ((not wrong, "the kernel has what a fresh build has after each step"),
              (how["a part"] > options.steps / 2, "a part was enough for most changes"))
    for number, (good, name) in enumerate(checks, 1):
        print(f"{'ok' if good else 'not ok'} {number} - {name}")
    if not all(good for good, _ in checks):
        print(f"# tests/net/parts.py --seed {options.seed}")
    print(f"1..{len(checks)}")
    return 0 if all(good for good, _ in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
