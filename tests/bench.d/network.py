#!/usr/bin/python3 -B
# area: network
# lab: none
# timeout: 600
"""What a change of security groups costs by the number of members, and what the rules cost a stream: what is read of
the rows, what is applied, and both together, which may not grow with the members. Of changes the quickest counts, for
what else the machine does makes them slower and never quicker; of streams the median.

Plain namespaces stand in place of guests. The path without rules is the same one, with every table of the VPC and
of the server flushed, in turns with the one under rules."""
import copy
import os
import statistics
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "net"))
import world  # noqa: E402
from world import Driver, Guest, Vpc, entry, everything_out, rule, run  # noqa: E402

REPEATS = int(os.environ.get("REPEATS", "60"))
ROUNDS = int(os.environ.get("ROUNDS", "5"))
MS = int(os.environ.get("MS", "1500"))
MEMBERS = (10, 100, 1000)


def told(driver, vpc, change):
    """The bytes that nftables is told for a change, which is not applied."""
    before = copy.deepcopy(vpc.intent())
    change()
    return len(driver.ask("explain", intent=vpc.intent(), **{"from": before})["rules"] or "")


def plan(count):
    """Microseconds of processor time in which the rows of a VPC with so many members are read: when one has come, when
    a rule has changed, all of them; and those of a peer that has a rule for their group."""
    program = os.path.join(os.environ["CROFT_BUILD"], "tests/net/net_plan_cost")
    return map(float, run(program, str(count)).split())


def costs(count):
    """{what: (microseconds, bytes)}. Between two changes that are timed nobody looks at all members: who did would have
    them in the processor's cache, and the change would pay for that."""
    driver, vpc = Driver(), Vpc(subnets=("10.0.0.0/20",))
    group = vpc.group(rule("tcp", 22), everything_out())
    vpc.groups[group]["rules"].append(rule("tcp", 5432, group=group))
    for _ in range(count):
        vpc.port([group])
    driver.apply(vpc)
    figures = {"instance": [], "rule": [], "nothing": [], "whole": []}

    def come():
        return vpc.port([group])["id"]

    def swap():
        vpc.groups[group]["rules"][0] = rule("tcp", 22)

    for _ in range(REPEATS):
        here = come()
        figures["instance"].append(driver.apply_part(vpc, [here]))
        del vpc.ports[here]
        driver.apply_part(vpc, [here])
    for _ in range(REPEATS):
        swap()
        figures["rule"].append(driver.apply_part(vpc, []))
        figures["nothing"].append(driver.apply_part(vpc, []))
    for _ in range(REPEATS):
        figures["whole"].append(driver.apply(vpc))
    figures = {what: min(took) for what, took in figures.items()}
    figures.update(zip(("rows instance", "rows rule", "rows", "peer"), plan(count)))
    for what in ("instance", "rule"):
        figures["sum " + what] = figures[what] + figures["rows " + what]
    bytes_of = {"instance": told(driver, vpc, come), "rule": told(driver, vpc, swap)}
    driver.remove(vpc)
    driver.end()
    return {what: (took, bytes_of.get(what, 0)) for what, took in figures.items()}


def show_costs():
    found = {count: costs(count) for count in MEMBERS}
    least, most = found[MEMBERS[0]], found[MEMBERS[-1]]
    for what, words in (("rows instance", "an instance comes to a group: what is read"), ("instance", "and applied"),
                        ("sum instance", "and both together"),
                        ("rows rule", "a rule of a group changes: what is read"), ("rule", "and applied"),
                        ("sum rule", "and both together"), ("nothing", "nothing changes: applied"),
                        ("rows", "all is looked at, by the reconciler: what is read"), ("whole", "and applied"),
                        ("peer", "the rows of a peer are read, whose rules name the group")):
        line = "   ".join(f"{count} members {row[what][0] / 1000:.2f} ms"
                          + (f", {row[what][1]:.0f} bytes" if row[what][1] else "")
                          for count, row in found.items())
        print(f"{words}: {line}   ratio {most[what][0] / least[what][0]:.2f}", flush=True)


def stream(listener, connector, address, way):
    program = os.path.join(os.environ["CROFT_BUILD"], "tests/net/net_stream")
    return int(run(program, listener, connector, address, "5001", str(MS), way)) / 1e9


def streams():
    vpc = Vpc(subnets=("10.0.0.0/24", "10.0.1.0/24"))
    group = vpc.group(rule("tcp", 5001), rule("tcp", 22), everything_out())
    acl = vpc.acl(entry(50, "203.0.113.0/24", allow=False), entry(60, protocol=17, low=1, high=1023, allow=False),
                  entry(100), entry(50, "203.0.113.0/24", allow=False, egress=True), entry(100, egress=True))
    driver = Driver()
    ports = [vpc.port([group], subnet=n, public=public)
             for n, public in ((0, "198.51.100.1"), (0, None), (1, None))]
    driver.apply(vpc)
    a, b, c = (Guest(driver, vpc, port) for port in ports)
    # (who listens, who connects, the address, and without rules, which way the data goes)
    ways = {"guest to guest": (b.name, a.name, b.ip, b.ip, "up"),
            "guest to guest of another subnet": (c.name, a.name, c.ip, c.ip, "up"),
            "guest to server": (a.name, "-", "198.51.100.1", a.ip, "down"),
            "server to guest": (a.name, "-", "198.51.100.1", a.ip, "up")}
    figures = {name: ([], []) for name in [*ways, "the same, with an ACL"]}

    def measure(under):
        for name, (listener, connector, address, private, way) in ways.items():
            figures[name][0 if under else 1].append(
                stream(listener, connector, address if under else private, way))

    for _ in range(ROUNDS):
        measure(True)
        vpc.subnets[1]["acl"] = acl
        driver.apply(vpc)
        figures["the same, with an ACL"][0].append(stream(c.name, a.name, c.ip, "up"))
        vpc.subnets[1]["acl"] = None
        driver.end()
        for inside in ((), ("ip", "netns", "exec", vpc.id)):
            run(*inside, "nft", "flush", "ruleset")
        run("ip", "route", "add", a.ip, "via", "169.254.64.3", "dev", "cv1")
        measure(False)
        run("ip", "route", "del", a.ip)
        driver = Driver()
        driver.apply(vpc)
    figures["the same, with an ACL"] = (figures["the same, with an ACL"][0],
                                        figures["guest to guest of another subnet"][1])
    for name in ("guest to guest", "guest to guest of another subnet", "the same, with an ACL", "guest to server",
                 "server to guest"):
        under, free = map(statistics.median, figures[name])
        print(f"TCP, {name}: {under:.2f} Gbit/s under rules, {free:.2f} without, ratio {under / free:.2f}",
              flush=True)
    for guest in (a, b, c):
        guest.end()
    driver.remove(vpc)
    driver.end()


if __name__ == "__main__":
    world.sandbox()
    print(f"{os.cpu_count()} processors; load average before: {os.getloadavg()[0]:.1f}; best of {REPEATS} changes, "
          f"median of {ROUNDS} streams of {MS} ms each", flush=True)
    show_costs()
    streams()
