#!/usr/bin/python3 -B
# area: network
# lab: own
# timeout: 180
"""Flow logs: what is sent between guests and to them stands in the records, packet by packet and byte by byte."""
import json
import os
import shutil
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import world  # noqa: E402
from world import Vpc, everything_out, reaches, rule  # noqa: E402

FIELDS = ("version", "account", "interface", "src", "dst", "sport", "dport", "protocol", "packets", "bytes",
          "start", "end", "action", "status")
FOLDER, PLAN = "/run/flow-logs", "/run/flow-plan"
INTERVAL = 3


class Recorder:
    def __init__(self, *targets):
        build = os.environ["CROFT_BUILD"]
        program = os.environ.get("CROFT_FLOW_DRIVER") or os.path.join(build, "tests/net/flow_driver")
        self.plan(*targets)
        self.process = subprocess.Popen([program, FOLDER, PLAN], stdin=subprocess.PIPE)

    def plan(self, *targets):
        with open(PLAN + ".new", "w", encoding="ascii") as file:
            json.dump(targets, file)
        os.rename(PLAN + ".new", PLAN)

    def end(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            assert self.process.wait(20) == 0, "the recorder did not end well"


def target(vpc, guest, traffic="ALL", **more):
    return dict({"vpc": vpc.id, "interface": guest.port["id"], "addresses": [guest.ip], "routers": [guest.router],
                 "traffic": traffic, "interval": INTERVAL, "file": f"test/{guest.port['id']}-{traffic.lower()}"}, **more)


def records(guest, traffic="ALL"):
    try:
        with open(f"{FOLDER}/test/{guest.port['id']}-{traffic.lower()}", encoding="ascii") as file:
            return [dict(zip(FIELDS, line.split(" "))) for line in file.read().splitlines()]
    except FileNotFoundError:
        return []


def added_up(found, **wanted):
    """(packets, bytes) of the records that are like this."""
    like = [r for r in found if all(r[name] == str(value) for name, value in wanted.items())]
    return sum(int(r["packets"]) for r in like), sum(int(r["bytes"]) for r in like)


class FlowLogs(world.Case):
    def setUp(self):
        super().setUp()
        shutil.rmtree(FOLDER, ignore_errors=True)

    def record(self, *targets):
        recorder = Recorder(*targets)
        self.addCleanup(recorder.end)
        vpcs = {t["vpc"] for t in targets}
        until = time.monotonic() + 10
        while time.monotonic() < until and not all(
                "croft_flow" in world.run("ip", "netns", "exec", vpc, "nft", "list", "tables")
                for vpc in vpcs):
            time.sleep(0.05)
        return recorder

    def two(self):
        vpc = Vpc()
        group = vpc.group(rule("udp", 5000), rule("tcp", 5000), rule("icmp", 8, -1), everything_out())
        a, b = self.start(vpc, vpc.port([group]), vpc.port([group]))
        return vpc, a, b

    def test_every_packet_and_byte_that_passes_is_in_the_records_of_both(self):
        vpc, a, b = self.two()
        recorder = self.record(target(vpc, a), target(vpc, b))
        sizes = [1, 100, 700, 1300]
        with b.socket(socket.SOCK_DGRAM) as there, a.socket(socket.SOCK_DGRAM) as here:
            there.bind((b.ip, 5000))
            here.bind((a.ip, 40000))
            for size in sizes:
                here.sendto(b"x" * size, (b.ip, 5000))
                self.assertEqual(len(there.recv(2000)), size)
            there.sendto(b"y" * 33, (a.ip, 40000))
            self.assertEqual(len(here.recv(2000)), 33)
        recorder.end()
        for guest in (a, b):
            found = records(guest)
            self.assertEqual(added_up(found, src=a.ip, dst=b.ip, sport=40000, dport=5000, protocol=17, action="ACCEPT"),
                             (len(sizes), sum(sizes) + 28 * len(sizes)))
            self.assertEqual(added_up(found, src=b.ip, dst=a.ip, sport=5000, dport=40000, protocol=17, action="ACCEPT"),
                             (1, 33 + 28))
            for record in found:
                if record["status"] == "OK":
                    self.assertEqual((record["version"], record["account"], record["interface"]),
                                     ("2", "123456789012", guest.port["id"]))
                    self.assertLessEqual(int(record["start"]), int(record["end"]))
                    self.assertLess(abs(int(record["end"]) - time.time()), 60)

    def test_a_connection_that_goes_on_is_told_window_by_window(self):
        vpc, a, b = self.two()
        recorder = self.record(target(vpc, a))
        sent = 0
        with b.socket(socket.SOCK_DGRAM) as there, a.socket(socket.SOCK_DGRAM) as here:
            there.bind((b.ip, 5000))
            until = time.monotonic() + 2 * INTERVAL + 1
            while time.monotonic() < until:
                here.sendto(b"x" * 100, (b.ip, 5000))
                self.assertEqual(len(there.recv(2000)), 100)
                sent += 1
                time.sleep(0.1)
        windows = [r for r in records(a) if r["dst"] == b.ip]
        self.assertGreaterEqual(len(windows), 2)
        recorder.end()
        self.assertEqual(added_up(records(a), dst=b.ip, action="ACCEPT"), (sent, sent * 128))

    def test_what_is_stopped_is_a_reject_and_what_is_asked_for_alone_is_told(self):
        vpc, a, b = self.two()
        recorder = self.record(target(vpc, b), target(vpc, b, "REJECT"), target(vpc, b, "ACCEPT"))
        with a.socket(socket.SOCK_DGRAM) as here:
            here.bind((a.ip, 40001))
            for _ in range(5):
                here.sendto(b"z" * 10, (b.ip, 6000))
        with b.listen(5000):
            self.assertTrue(reaches(a, b.ip, 5000, limit=world.COMES))
        time.sleep(3.5)  # what is not seen behind the rules within a second was stopped
        recorder.end()
        stopped = {"src": a.ip, "dst": b.ip, "sport": 40001, "dport": 6000, "protocol": 17}
        for traffic, rejected, accepted in (("ALL", True, True), ("REJECT", True, False), ("ACCEPT", False, True)):
            found = records(b, traffic)
            self.assertEqual(added_up(found, action="REJECT", **stopped), (5, 5 * 38) if rejected else (0, 0))
            self.assertEqual(added_up(found, action="ACCEPT", **stopped), (0, 0))
            self.assertEqual(added_up(found, action="ACCEPT", dport=5000)[0] > 0, accepted)
            self.assertEqual(added_up(found, action="REJECT", dport=5000), (0, 0))

    def test_silence_is_a_record_too_and_a_plan_may_change(self):
        vpc, a, b = self.two()
        recorder = self.record(target(vpc, a))
        until = time.monotonic() + 3 * INTERVAL
        while time.monotonic() < until and not records(a):
            time.sleep(0.1)
        first = records(a)[0]
        self.assertEqual([first[name] for name in ("src", "packets", "action", "status")], ["-", "-", "-", "NODATA"])
        recorder.plan(target(vpc, b, format="${interface-id} ${flow-direction} ${packets} ${tcp-flags} ${type}"))
        time.sleep(2)
        self.assertTrue(a.ping(b.ip, limit=world.COMES))
        recorder.end()
        with open(f"{FOLDER}/test/{b.port['id']}-all", encoding="ascii") as file:
            lines = file.read().splitlines()
        self.assertIn(f"{b.port['id']} ingress 1 - IPv4", lines)
        self.assertIn(f"{b.port['id']} egress 1 - IPv4", lines)
        self.assertNotIn("croft_flow", world.run("ip", "netns", "exec", vpc.id, "nft", "list", "tables"))

    def test_a_vpc_without_flow_logs_pays_nothing(self):
        vpc, a, _ = self.two()
        other = Vpc(2)
        group = other.group(everything_out())
        self.start(other, other.port([group]))
        self.record(target(vpc, a))
        for one, on in ((vpc, "1"), (other, "0")):
            self.assertEqual(world.run("ip", "netns", "exec", one.id, "cat",
                                       "/proc/sys/net/netfilter/nf_conntrack_acct").strip(), on)
        self.assertNotIn("croft_flow", world.run("ip", "netns", "exec", other.id, "nft", "list", "tables"))


if __name__ == "__main__":
    world.sandbox()
    import tap  # noqa: E402
    tap.main()
