#!/usr/bin/python3 -B
# area: front-door
"""Every row of lib/api/actions.def succeeds once and is refused once, with replies read strictly.

A new row without a scenario fails; they are in scenarios/, by noun. What each brings back is looked at,
not only that it came.
"""
import os
import re
import unittest

from client import SEEN, TREE, call, operation, refusal, tap
from scenarios import gathered, world
from scenarios.world import filled_in

CLASSES, REFUSED = gathered()


def rows():
    path = os.path.join(TREE, "lib", "api", "actions.def")
    with open(path, encoding="utf-8") as file:
        found = re.findall(r"^ACTION\((\w+), (\w+), (READ|WRITE), ([^)]*)\)$", file.read(), re.M)
        return {name: (service, kind, flags) for service, name, kind, flags in found}


def setUpModule():
    world.begin()


class Succeeds(*CLASSES):
    """A test for each action: add_tests() names them."""


class IsRefused(unittest.TestCase):
    def refused(self, action):
        for params, code in REFUSED[action]:
            with self.subTest(f"{action} {params}"):
                # STS knows no parameter that could be wrong, but the signature may be.
                fault = refusal(call, "post", action, {}, **params) if "secret" in params else \
                    refusal(call, "post", action, filled_in(params))
                self.assertIn(fault.code, code.split())
                self.assertGreater(len(fault.message), 10)
                self.assertLess(fault.status, 500)


# What a Describe must say at least, where nothing is not enough.
NEEDS = {"DescribeLaunchTemplateVersions": {"Versions": ["$Latest"]},
         "DescribeSecurityGroupReferences": {"GroupId": ["%group"]},
         "DescribeStaleSecurityGroups": {"VpcId": "%vpc"}}
# What there can be none of: a data feed is written to S3, and nobody has a password.
ALWAYS_REFUSED = {"DescribeSpotDatafeedSubscription": "InvalidSpotDatafeed.NotFound",
                  "DeleteLoginProfile": "NoSuchEntity", "GetAccountPasswordPolicy": "NoSuchEntity",
                  "GetLoginProfile": "NoSuchEntity"}


class TheTable(unittest.TestCase):
    def test_every_row_has_succeeded_and_was_refused(self):
        self.assertGreater(len(rows()), 30)
        for action in rows():
            with self.subTest(action):
                seen = SEEN.get(action, set())
                if action in ALWAYS_REFUSED:
                    self.assertEqual(seen, {ALWAYS_REFUSED[action]})
                    continue
                self.assertIn("ok", seen, "there is no test in which it succeeds")
                self.assertTrue(seen - {"ok"}, "there is no test in which it is refused")

    def test_every_flag_is_true(self):
        for action, (service, _, flags) in rows().items():
            if service != "ec2":
                continue
            members = operation(action).input_shape.members
            with self.subTest(action):
                self.assertEqual("DRYRUN" in flags, "DryRun" in members)
                if action != "DescribeImages":  # it got its pages after botocore 1.29
                    self.assertEqual("PAGED" in flags, "NextToken" in members)
                if action not in ("CreateNetworkAcl", "CreateRouteTable"):  # likewise
                    self.assertEqual("TOKEN" in flags, "ClientToken" in members)

    def test_a_dry_run_of_each_says_so(self):
        for action, (service, _, flags) in rows().items():
            if "DRYRUN" in flags and action.startswith("Describe") and "Attribute" not in action \
                    and action not in ALWAYS_REFUSED:
                with self.subTest(action):
                    fault = refusal(call, "post", action, {
                        "DryRun": True, **filled_in(NEEDS.get(action, {}))})
                    self.assertEqual((fault.code, fault.status), ("DryRunOperation", 412))


def add_tests():
    for action in rows():
        scenario = getattr(Succeeds, action, None)
        if scenario:
            setattr(Succeeds, f"test_{action}", scenario)
        if action in REFUSED:
            setattr(IsRefused, f"test_{action}",
                    lambda self, action=action: self.refused(action))
    # unittest takes classes by name: the table is to be looked at last.
    globals()["ZTheTable"] = TheTable


add_tests()
del TheTable


if __name__ == "__main__":
    tap.main()
