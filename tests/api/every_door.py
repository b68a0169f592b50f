#!/usr/bin/python3 -B
# area: front-door
# timeout: 400
"""Every call of the scenarios of tests/api/actions.py, through every door: one answer.

They are run again, and each call is made beforehand through all four doors:
as it is when it reads, as a dry run when it writes. What they say is compared, with each other and
with what the call itself then comes to. So a new action is covered as soon as it has its scenario
there.
"""
import os
import time
import unittest

import actions
from actions import IsRefused, Succeeds  # noqa: F401: they are run from here
import scenarios
from client import DOORS, SERVER_ERRORS, Refused, call, tap

HERE = os.path.dirname(os.path.realpath(__file__))
DRY = "DryRunOperation"
# They write, EC2 gives them no dry run, and what is said twice has the effect and the answer of once.
REPEATABLE = {"ModifyInstancePlacement"}
# They read, and what they bring is new each time: what is refused is compared.
NEW_EACH_TIME = {"AssumeRole", "GetFederationToken", "GetSessionToken"}
# They succeed in a region that has not got what they make, by a client of its own.
ELSEWHERE = {"CreateDefaultSubnet", "CreateDefaultVpc"}
compared = {}  # action: how often all doors agreed
succeeded = set()  # what a scenario did after all doors had agreed on it
rows = actions.rows()


def answers(action, params, **more):
    """{door: reply, or (code, message, status)}"""
    found = {}
    for door in DOORS:
        try:
            found[door] = call(door, action, params, **more)
            found[door].pop("Timestamp", None)  # when it was asked
        except Refused as refused:
            found[door] = (refused.code, refused.message, refused.status)
    return found


def is_one(found):
    """Do the doors agree? A sentence may name a parameter, which each has its own name for."""
    seen = {door: (value[0], value[2]) if isinstance(value, tuple) else value
            for door, value in found.items()}
    return all(value == seen["post"] for value in seen.values()) \
        and found["post"] == found["get"] and found["json"] == found["rest"]


def agreed(action, params, **more):
    """What all doors say. What is on its way may change between two of them: then once more."""
    for _ in range(10):
        found = answers(action, params, **more)
        if is_one(found):
            compared[action] = compared.get(action, 0) + 1
            return found["post"]
        time.sleep(0.2)
    raise AssertionError(f"{action} {params}: {found}")


def rehearsed(door, action, params=None, **more):
    """A call of a scenario."""
    answer = agreed_before(door, action, params or {}, **more)
    succeeded.add(action)
    return answer


def agreed_before(door, action, params, **more):
    _, kind, flags = rows[action]
    if action not in NEW_EACH_TIME and (
            kind == "READ" or "DryRun" in params or "secret" in more or action in REPEATABLE):
        agreed(action, params, **more)
        return call(door, action, params, **more)
    if "DRYRUN" not in flags:  # nothing rehearses it, but what is refused can be asked for at all doors
        try:
            return call(door, action, params, **more)
        except Refused:
            agreed(action, params, **more)
            raise
    said = agreed(action, {**params, "DryRun": True}, **more)
    try:
        answer = call(door, action, params, **more)
    except Refused as refused:
        if said[0] != refused.code:
            raise AssertionError(f"{action}: {refused.code}, and {said[0]} in a dry run") from refused
        raise
    if said[0] != DRY:
        raise AssertionError(f"{action} {params} succeeds, and in a dry run: {said}")
    return answer


for module in (actions, scenarios.world, *scenarios.MODULES):
    module.call = rehearsed


class ZLast(unittest.TestCase):
    def test_every_action_came_through_every_door(self):
        self.assertGreater(len(rows), 30)
        self.assertEqual(set(rows) - set(compared), set())
        self.assertEqual(set(rows) - succeeded, {*ELSEWHERE, *actions.ALWAYS_REFUSED})

    def test_the_lab_is_that_of_the_scenarios(self):
        mine = tap.headers(os.path.join(HERE, "every_door.py"))
        theirs = tap.headers(os.path.join(HERE, "actions.py"))
        for name in ("config", "lab"):
            self.assertEqual(mine.get(name), theirs.get(name))

    def test_no_server_error_was_answered(self):
        self.assertEqual(SERVER_ERRORS, [])


if __name__ == "__main__":
    tap.main()
