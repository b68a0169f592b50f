#!/usr/bin/env python3
"""Writes cmd/croft/waiters.def: botocore's waiters of ec2 whose action Croft has.

Run this by hand when actions were added; the file is checked in. A condition here is a path, as those of
botocore are but for `length(PATH) > `0``, which becomes SOME.
"""
import json
import os
import re

import botocore.loaders

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
HEAD = """\
/*
 * What `croft wait` knows: made by tests/tools/import_waiters.py from the waiters that botocore carries.
 *
 * WAITER(name, action, seconds)   until one of the rows below it holds, at most for so long
 * ALL(verdict, value, path)       every value at the path is this one, and there is one
 * ANY(verdict, value, path)       one is
 * SOME(verdict, path)             there is a value at all
 * NONE(verdict, path)             there is none
 * REFUSED(verdict, code)          the call is refused with this code
 * ANSWERED(verdict)               the call is answered
 *
 * The first row that holds decides; when none does, a refusal ends the waiting and an answer goes on.
 */
"""
VERDICTS = {"success": "WAIT_DONE", "failure": "WAIT_FAILED", "retry": "WAIT_ON"}
LENGTH = re.compile(r"length\(([\w.\[\]]+)\) (>|==) `0`")


def command(name):
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"-\1", name).lower()


def condition(acceptor):
    verdict, matcher, value = VERDICTS[acceptor["state"]], acceptor["matcher"], acceptor["expected"]
    path = acceptor.get("argument", "")
    if matcher == "error":
        return f'REFUSED({verdict}, "{value}")'
    if matcher == "status":
        assert value == 200, acceptor
        return f"ANSWERED({verdict})"
    if matcher == "path":
        match = LENGTH.fullmatch(path)
        assert match and value is True, acceptor
        return f'{"SOME" if match[2] == ">" else "NONE"}({verdict}, "{match[1].replace("[]", "")}")'
    assert matcher in ("pathAll", "pathAny") and re.fullmatch(r"[\w.\[\]]+", path), acceptor
    return f'{matcher[4:].upper()}({verdict}, "{value}", "{path.replace("[]", "")}")'


def main():
    with open(os.path.join(ROOT, "lib", "api", "actions.def"), encoding="utf-8") as file:
        actions = set(re.findall(r"^ACTION\(ec2, (\w+),", file.read(), re.M))
    waiters = botocore.loaders.Loader().load_service_model("ec2", "waiters-2")["waiters"]
    out = [HEAD]
    for name, waiter in sorted(waiters.items()):
        if waiter["operation"] not in actions:
            continue
        out.append(f'WAITER("{command(name)}", "{waiter["operation"]}", {waiter["delay"] * waiter["maxAttempts"]})\n')
        out += [f"    {condition(acceptor)}\n" for acceptor in waiter["acceptors"]]
    with open(os.path.join(ROOT, "cmd", "croft", "waiters.def"), "w", encoding="utf-8") as file:
        file.write("".join(out))


if __name__ == "__main__":
    main()
