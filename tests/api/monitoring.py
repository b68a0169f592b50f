#!/usr/bin/python3 -B
# area: trust
# config: volume_limits=on
"""What a monitor reads: GET /metrics, in Prometheus' text format, and GET /healthz."""
import json
import os
import re
import threading
import unittest

from client import (HOST, LAB, TREE, call, client, connection, knock, launch, refusal, register_image,
                    remove, request, tap)

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*\Z")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|\Z)')
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?\Z")
ID = re.compile(r"\b(i|vpc|vol|ami|AKIA|AIDA)-?[0-9a-f]{8,}|\b[0-9]{12}\b")
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("",), "gauge": ("",)}


class Metrics:
    """A page of metrics, read as strictly as the format is written down (exposition format 0.0.4)."""

    def __init__(self, text):
        assert text.endswith("\n"), "the last line has no end"
        self.types, self.help, self.values = {}, {}, {}
        self.family = None
        for line in text[:-1].split("\n"):
            if line.startswith("# HELP "):
                name, _, said = line[7:].partition(" ")
                assert NAME.match(name) and said and name not in self.help, line
                self.help[name] = said
            elif line.startswith("# TYPE "):
                name, kind = line[7:].split(" ")
                assert name in self.help and name not in self.types, line
                assert kind in SUFFIXES, line
                self.types[name], self.family = kind, name
            else:
                self.sample(line)
        for name, kind in self.types.items():
            assert kind != "counter" or name.endswith("_total"), name
            if kind == "histogram":
                self.check_histogram(name)

    def sample(self, line):
        found = re.match(r"([^{ ]+)(?:\{(.*)\})? ([^ ]+)\Z", line)
        assert found, line
        name, inside, value = found.groups()
        kind = self.types[self.family]
        assert name in [self.family + suffix for suffix in SUFFIXES[kind]], f"{line} below {self.family}"
        assert NUMBER.match(value) or value == "+Inf", line
        labels, rest = {}, inside or ""
        assert inside is None or inside, line
        while rest:
            pair = LABEL.match(rest)
            assert pair and pair[1] not in labels, line
            labels[pair[1]] = re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], pair[2])
            rest = rest[pair.end():]
            assert bool(rest) == (pair[3] == ","), line
        key = (name, tuple(sorted(labels.items())))
        assert key not in self.values, f"twice: {line}"
        self.values[key] = float(value)
        assert kind == "gauge" or self.values[key] >= 0, line

    def check_histogram(self, name):
        rows = {}
        for (sample, labels), value in self.values.items():
            if sample == name + "_bucket":
                labels = dict(labels)
                bound = float(labels.pop("le"))
                rows.setdefault(tuple(sorted(labels.items())), []).append((bound, value))
        for labels, row in rows.items():
            assert row == sorted(row) and row[-1][0] == float("inf"), (name, labels, row)
            assert [n for _, n in row] == sorted(n for _, n in row), (name, labels, row)
            assert row[-1][1] == self.values[(name + "_count", labels)], (name, labels)
            assert (name + "_sum", labels) in self.values, (name, labels)

    def get(self, metric, **labels):
        return self.values.get((metric, tuple(sorted(labels.items()))), 0)

    def sum(self, metric):
        return sum(value for (name, _), value in self.values.items() if name == metric)


def plain(path, unix=False, method="GET"):
    return request(method, path, unix=unix, signed=False)


def metrics():
    answer = plain("/metrics")
    assert answer.status == 200, answer.text
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return Metrics(answer.text)


class Reader(unittest.TestCase):
    """That the reader above refuses what the format does not allow."""

    def test_it_is_strict(self):
        head = "# HELP a_total h\n# TYPE a_total counter\n"
        Metrics(head + 'a_total{x="\\"",y="b"} 1\n')
        for wrong in ("a_total 1", "a_total 1\n", head + "b 1\n", head + "a_total one\n", head + "a_total -1\n",
                      head + 'a_total{x="1",} 1\n', head + 'a_total{x="1"y="2"} 1\n', head + "a_total{} 1\n",
                      head + 'a_total{x="1"} 1\na_total{x="1"} 2\n', head + head, head + 'a_total{x="""} 1\n',
                      "# HELP a h\n# TYPE a histogram\n" 'a_bucket{le="1"} 1\na_sum 1\na_count 1\n',
                      "# HELP a h\n# TYPE a counter\na 1\n"):
            with self.assertRaises((AssertionError, KeyError), msg=wrong):
                Metrics(wrong)


class WhatIsCounted(unittest.TestCase):
    def test_every_metric_is_there_and_explained(self):
        page = metrics()
        with open(os.path.join(TREE, "lib/base/metrics.def"), encoding="utf-8") as table:
            rows = re.findall(r'^METRIC\((\w+), (\w+), "(\w+)"', table.read(), re.M)
        self.assertEqual({name: kind.lower() for _, kind, name in rows}, page.types)
        with open(os.path.join(TREE, "docs/operations.md"), encoding="utf-8") as page:
            explained = set(re.findall(r"^\| `((?:croft|process)_\w+)", page.read(), re.M))
        self.assertEqual({name for _, _, name in rows}, explained)

    def test_requests_by_action_and_code(self):
        before = metrics()
        for _ in range(3):
            call("post", "DescribeRegions")
        refused = refusal(call, "json", "DescribeInstances", {"InstanceIds": ["i-0123456789abcdef0"]})
        knock("post", "DescribeVpcs", {}, secret="wrong")
        plain("/%zz")
        after = metrics()
        for action, code, more in (("ec2:DescribeRegions", "OK", 3), ("ec2:DescribeInstances", refused.code, 1),
                                   ("none", "AuthFailure", 1)):
            self.assertGreaterEqual(after.get("croft_requests_total", action=action, code=code)
                                    - before.get("croft_requests_total", action=action, code=code), more, action)
        count = "croft_request_duration_seconds_count"
        self.assertEqual(after.get(count, action="ec2:DescribeRegions")
                         - before.get(count, action="ec2:DescribeRegions"), 3)
        self.assertLess(after.get("croft_request_duration_seconds_sum", action="ec2:DescribeRegions"), 30)

    def test_none_is_lost_when_many_ask_at_once(self):
        def ask():
            for _ in range(50):
                call("post", "DescribeKeyPairs", unix=True)
        before = metrics()
        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(metrics().get("croft_requests_total", action="ec2:DescribeKeyPairs", code="OK")
                         - before.get("croft_requests_total", action="ec2:DescribeKeyPairs", code="OK"), 200)

    def test_guests_jobs_and_room(self):
        ec2 = client()
        before = metrics()
        one = launch(ec2, register_image("monitoring"))
        page = metrics()
        self.assertEqual(page.get("croft_instances", state="running"),
                         before.get("croft_instances", state="running") + 1)
        self.assertEqual(page.sum("croft_instances"), before.sum("croft_instances") + 1)
        self.assertGreater(page.get("croft_memory_bytes", part="promised"),
                           before.get("croft_memory_bytes", part="promised"))
        self.assertGreaterEqual(page.get("croft_memory_bytes", part="size"),
                                page.get("croft_memory_bytes", part="free"))
        self.assertGreater(page.get("croft_disk_bytes", part="promised"),
                           before.get("croft_disk_bytes", part="promised"))
        for metric, more in (("croft_volumes", 1), ("croft_volume_operations_limit", 3000),
                             ("croft_volume_bytes_limit", 125 << 20)):
            self.assertEqual(page.get(metric, type="gp3"), before.get(metric, type="gp3") + more, metric)
            self.assertEqual(page.get(metric, type="io2"), before.get(metric, type="io2"), metric)
        self.assertGreater(page.get("croft_jobs_ended_total", kind="instance", result="done"), 0)
        self.assertEqual(page.get("croft_job_duration_seconds_count", kind="instance"),
                         sum(page.get("croft_jobs_ended_total", kind="instance", result=result)
                             for result in ("done", "again", "failed")))
        remove(ec2, one["InstanceId"])
        gone = metrics()
        self.assertEqual(gone.get("croft_instances", state="running"), before.get("croft_instances", state="running"))
        self.assertEqual(gone.get("croft_vcpus_used"), before.get("croft_vcpus_used"))

    def test_the_process_and_its_connections(self):
        before = metrics()
        links = [connection(unix) for unix in (False, False, True)]
        try:
            for link in links:
                link.request("GET", "/health")
                link.getresponse().read()
            page = metrics()
            self.assertEqual(page.get("croft_connections", listener="unix"), 1)
            self.assertEqual(page.get("croft_connections", listener="tcp"), 3)  # and the monitor's own
            self.assertGreaterEqual(page.get("process_open_fds"), before.get("process_open_fds") + 3)
        finally:
            for link in links:
                link.close()
        with open(os.path.join(LAB, "croftd.pid"), encoding="utf-8") as file:
            pid = int(file.read())
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            status = dict(line.split(":", 1) for line in file)
        self.assertEqual(page.get("process_threads"), int(status["Threads"]))
        self.assertAlmostEqual(page.get("process_resident_memory_bytes") / 1024 / int(status["VmRSS"].split()[0]),
                               1, delta=0.2)
        self.assertGreater(page.get("process_cpu_seconds_total"), 0)
        self.assertGreater(page.get("croft_reconciled_timestamp_seconds"), page.get("process_start_time_seconds") - 60)

    def test_nothing_of_an_account_is_said(self):
        text = plain("/metrics").text + plain("/healthz").text
        self.assertIsNone(ID.search(text), ID.search(text))


class Health(unittest.TestCase):
    CHECKS = {"database", "hypervisor", "network", "disk", "reconciler"}

    def test_a_server_that_is_well(self):
        answer = plain("/healthz")
        self.assertEqual(answer.status, 200, answer.text)
        said = json.loads(answer.body)
        self.assertEqual(said["status"], "ok")
        self.assertEqual(set(said["checks"]), self.CHECKS)
        for check in said["checks"].values():
            self.assertIs(check["ok"], True)
            self.assertTrue(check["detail"])
        self.assertEqual(metrics().sum("croft_check_ok"), len(self.CHECKS))
        self.assertEqual(json.loads(request("GET", "/v1/status").body)["checks"].keys(), self.CHECKS)

    def test_other_methods(self):
        answer = plain("/healthz", method="HEAD")
        self.assertEqual((answer.status, answer.body), (200, b""))
        self.assertGreaterEqual(plain("/metrics", method="POST").status, 400)

    def test_the_socket_too(self):
        self.assertEqual(plain("/healthz", unix=True).status, 200)
        Metrics(plain("/metrics", unix=True).text)


tap.main()
