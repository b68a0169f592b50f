#!/usr/bin/python3 -B
"""Asks lib/auth (through the program of decide.c) and evaluator.py the same, and compares.

compare.py DECIDE cases FILE        what FILE says, which both have to say (its head explains it)
compare.py DECIDE random N [SEED]   N random policies and requests
"""
import collections
import json
import os
import random
import shlex
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import evaluator  # noqa: E402

ACCOUNT = "111122223333"
LAYERS = ("identity", "boundary", "session", "resource")
BATCH = 5000
MINIMUM = 5  # of each verdict and layer, in per mille: random cases that all say the same prove little


def ask(program, questions):
    lines = "".join(json.dumps(question) + "\n" for question in questions)
    done = subprocess.run([program], input=lines.encode(), stdout=subprocess.PIPE, check=True)
    answers = done.stdout.decode().splitlines()
    if len(answers) != len(questions):
        sys.exit(f"{len(questions)} questions and {len(answers)} answers")
    return answers


def expected(question):
    return " ".join("-" if part is None else str(part) for part in evaluator.decide(question))


# --- the table ------------------------------------------------------------------------------

def caller(words):
    """`user/alice`, `root`, `role/web/session`, `service/ec2.amazonaws.com`; ACCOUNT: before it."""
    account = ACCOUNT
    if words[:12].isdigit():
        account, words = words.split(":", 1)
    kind, _, name = words.partition("/")
    found = {"account_id": account}
    if kind == "root":
        found.update(arn=f"arn:aws:iam::{account}:root", user_id=account, is_root=True)
    elif kind == "user":
        found.update(arn=f"arn:aws:iam::{account}:user/{name}", user_id="AIDA" + name.upper())
    elif kind == "role":
        role, _, session = name.partition("/")
        found.update(arn=f"arn:aws:sts::{account}:assumed-role/{role}/{session}", user_id="AROA" + role.upper(),
                     role_arn=f"arn:aws:iam::{account}:role/{role}")
    else:
        found = {"service": name}
    return found


def values_of(text):
    return [] if text == "[]" else text[1:-1].split("|") if text[:1] == "[" else [text]


def read_cases(path):
    """(place, question, what it says): "allowed", or "allowed resource" with the layer."""
    sources, who, version, one = [], caller("user/alice"), "2012-10-17", None
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            word, _, rest = line.strip().partition(" ")
            where = f"{os.path.basename(path)}:{number}"
            if not word or word.startswith("#"):
                continue
            if word == "=":
                sources, who, version, one, title = [], caller("user/alice"), "2012-10-17", None, rest
            elif word == "version":
                version = rest
            elif word in LAYERS:
                if rest == "gone":
                    sources.append({"layer": word, "policy": None})
                    continue
                statement = json.loads(rest)
                sources.append({"layer": word, "policy": {"Version": version, "Statement": statement}})
            elif word == "caller":
                who = caller(rest)
            elif word == "when":
                operator, key, *values = shlex.split(rest)
                one = key
                sources = [{"layer": "identity", "policy": {"Version": version, "Statement": [
                    {"Effect": "Allow", "Action": "*", "Resource": "*",
                     "Condition": {operator: {key: values}}}]}}]
            elif word in ("yes", "no"):
                for given in shlex.split(rest):
                    keys = {} if given == "-" else {one.swapcase(): values_of(given)}
                    keys.setdefault("aws:username", ["alice"])
                    keys.setdefault("aws:PrincipalTag/team", ["red*"])
                    yield (f"{where} {given}", {"sources": sources, "action": "ec2:RunInstances", "resource": "*",
                                                "caller": who, "keys": keys},
                           "allowed" if word == "yes" else "not-allowed")
            elif word in ("allowed", "denied", "not-allowed"):
                first, *words = shlex.split(rest)
                layer = " " + first if first in LAYERS else ""
                action, resource, *pairs = words if layer else [first, *words]
                keys = dict(pair.split("=", 1) for pair in pairs)
                question = {"sources": list(sources), "action": action, "resource": resource, "caller": who,
                            "resource_account": keys.pop("account", None),
                            "keys": {name: values_of(value) for name, value in keys.items()}}
                yield f"{where} ({title})", question, word + layer
            else:
                sys.exit(f"{where}: what is '{word}'?")


def check_table(program, path):
    cases = list(read_cases(path))
    failed = 0
    for (place, question, want), answer in zip(cases, ask(program, [case[1] for case in cases])):
        second = expected(question)
        if not answer.startswith(want + " ") or answer != second:
            failed += 1
            print(f"not as {place} says: {want}\n  lib/auth     {answer}\n  evaluator.py {second}\n"
                  f"  {json.dumps(question)}")
    print(f"{len(cases)} cases of the table, {failed} differ")
    return 1 if failed or len(cases) < 300 else 0


# --- random policies and requests -----------------------------------------------------------

class Dice:
    """Policies and requests from few words, so that they often meet."""
    ACTIONS = ["ec2:RunInstances", "ec2:StartInstances", "ec2:DescribeInstances", "s3:GetObject", "iam:PassRole"]
    RESOURCES = ["*", "arn:aws:ec2:us-east-1:111122223333:instance/i-1",
                 "arn:aws:ec2:us-east-1:111122223333:instance/alice", "arn:aws:ec2:eu-west-1::image/ami-1",
                 "arn:aws:s3:::bucket/alice/a:b", "arn:aws:iam::111122223333:role/web",
                 "arn:aws:iam::111122223333:role/team/red*/web"]
    KEYS = {
        "String": (["aws:username", "ec2:InstanceType", "aws:RequestTag/team", "aws:PrincipalTag/team", "aws:TagKeys"],
                   ["alice", "Alice", "bob", "t3.micro", "t3.nano", "red*", "team", "", "a\\b", "é"]),
        "Numeric": (["ec2:VolumeSize"], ["8", "8.0", "10", "-1", "1e1", "x", ""]),
        "Date": (["aws:CurrentTime"], ["2026-01-02", "2026-01-02T00:00:00Z", "2026-01-02T01:00:00+01:00", "1767312000",
                                       "2026-01-02T00:00:00.5Z", "2025-06-30T23:59Z", "yesterday"]),
        "Bool": (["aws:SecureTransport"], ["true", "false", "True", "yes"]),
        "Binary": (["x:blob"], ["YQ==", "Yg==", "YWI="]),
        "Ip": (["aws:SourceIp"], ["203.0.113.7", "203.0.113.0/24", "10.0.0.0/8", "10.1.2.3", "2001:db8::1",
                                  "2001:db8::/32", "0.0.0.0/0", "x"]),
        "Arn": (["aws:PrincipalArn"], [r for r in RESOURCES if r != "*"] + ["alice"]),
        "Null": (["aws:username", "aws:TagKeys", "ec2:VolumeSize"], ["true", "false"]),
    }
    OPERATORS = {
        "String": ["Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike"],
        "Numeric": ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"],
        "Date": ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"],
        "Arn": ["Equals", "NotEquals", "Like", "NotLike"],
    }
    VARIABLES = ["${aws:username}", "${aws:PrincipalTag/team}", "${AWS:userName}", "${aws:TagKeys}", "${nothing}",
                 "${aws:PrincipalTag/none, 'alice'}", "${aws:username, 'x'}", "${*}", "${?}", "${$}", "${}", "$"]
    CALLERS = ["user/alice", "user/bob", "role/web/s1", "root", "service/ec2.amazonaws.com", "444455556666:user/alice"]

    def __init__(self, seed):
        self.random = random.Random(seed)

    def chance(self, probability):
        return self.random.random() < probability

    def pick(self, values):
        return self.random.choice(values)

    def some(self, make, most=3):
        made = [make() for _ in range(self.random.randint(1, most))]
        return made[0] if len(made) == 1 and self.chance(0.7) else made

    def blur(self, text, keep=""):
        """Puts wildcards in the place of parts, and leaves the characters of `keep` alone."""
        for _ in range(self.pick([0, 1, 1, 2, 3])):
            at = self.random.randrange(len(text) + 1)
            end = min(len(text), at + self.pick([0, 1, 1, 2, 5]))
            if any(c in keep for c in text[at:end]):
                continue
            text = text[:at] + self.pick(["*", "?", "*", "**", "*?", "?*", "*??*"]) + text[end:]
        return text

    def vary(self, text):
        """Puts a variable into it."""
        if self.chance(0.3):
            at = self.random.randrange(len(text) + 1)
            text = text[:at] + self.pick(self.VARIABLES) + text[at + self.pick([0, 0, 1, 5]):]
        return text.replace("alice", self.pick(self.VARIABLES)) if self.chance(0.2) else text

    def action(self):
        if self.chance(0.15):
            return "*"
        text = self.blur(self.pick(self.ACTIONS), ":")
        return text.swapcase() if self.chance(0.2) else text

    def resource(self):
        if self.chance(0.3):
            return "*"
        text = self.pick(self.RESOURCES[1:])
        head, tail = text[:4], text[4:]
        return head + self.blur(self.vary(tail) if self.chance(0.5) else tail, ":${}")

    def value(self, kind, name, of_request):
        value = self.pick(self.KEYS[kind][1])
        if of_request:
            return value
        while kind not in ("String",) and value in ("x", "", "yesterday", "yes", "alice"):
            value = self.pick(self.KEYS[kind][1])
        if kind == "String":
            value = self.vary(value)
            return self.blur(value, "${}") if "Like" in name or self.chance(0.1) else value
        return "arn:" + self.blur(self.vary(value[4:]), ":${}") if kind == "Arn" else value

    def condition(self):
        found = {}
        for _ in range(self.pick([1, 1, 2])):
            kind = self.pick(list(self.KEYS))
            name = {"Ip": self.pick(["IpAddress", "NotIpAddress"]), "Bool": "Bool", "Null": "Null",
                    "Binary": "BinaryEquals"}.get(kind) or kind + self.pick(self.OPERATORS[kind])
            if kind != "Null" and self.chance(0.2):
                name += "IfExists"
            if self.chance(0.25):
                name = self.pick(["ForAllValues:", "ForAnyValue:"]) + name
            key = self.pick(self.KEYS[kind][0])
            found.setdefault(name, {})[key] = self.some(lambda k=kind, n=name: self.value(k, n, False))
        return found

    def principal(self):
        if self.chance(0.2):
            return "*"
        aws = ["*", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", f"arn:aws:iam::{ACCOUNT}:user/alice", "AIDAALICE",
               f"arn:aws:iam::{ACCOUNT}:role/web", f"arn:aws:sts::{ACCOUNT}:assumed-role/web/s1", "AROAWEB",
               "444455556666", "arn:aws:iam::444455556666:user/alice"]
        found = {}
        if self.chance(0.8):
            found["AWS"] = self.some(lambda: self.pick(aws))
        if not found or self.chance(0.3):
            found["Service"] = self.pick(["ec2.amazonaws.com", "lambda.amazonaws.com"])
        return found

    def statement(self, layer, deny):
        found = {"Effect": "Deny" if self.chance(deny) else "Allow"}
        if layer == "resource":
            found["NotPrincipal" if self.chance(0.15) else "Principal"] = self.principal()
        found["NotAction" if self.chance(0.15) else "Action"] = self.some(self.action)
        found["NotResource" if self.chance(0.15) else "Resource"] = self.some(self.resource)
        if self.chance(0.55):
            found["Condition"] = self.condition()
        return found

    def source(self, layer):
        if layer in ("boundary", "session") and self.chance(0.03):
            return {"layer": layer, "policy": None}
        deny = self.pick([0, 0, 0.2, 0.4])
        statements = [self.statement(layer, deny) for _ in range(self.pick([1, 1, 2, 3, 4]))]
        policy = {"Version": self.pick(["2012-10-17"] * 4 + ["2008-10-17"]), "Statement": statements}
        return {"layer": layer, "policy": policy}

    def request_keys(self):
        found = {}
        for kind, (names, _) in self.KEYS.items():
            for name in names:
                if kind == "Null" or self.chance(0.35):
                    continue
                count = self.pick([0, 1, 2, 3]) if name == "aws:TagKeys" else self.pick([1] * 12 + [0, 2])
                found[name if self.chance(0.8) else name.upper()] = [
                    self.value(kind, name, True) for _ in range(count)]
        return found

    def question(self):
        layers = ["identity"] * self.pick([0, 1, 1, 2, 3])
        layers += ["boundary"] * self.chance(0.25) + ["session"] * self.chance(0.25) + ["resource"] * self.chance(0.3)
        self.random.shuffle(layers)
        question = {"sources": [self.source(layer) for layer in layers], "action": self.pick(self.ACTIONS),
                    "resource": self.pick(self.RESOURCES), "caller": caller(self.pick(self.CALLERS)),
                    "keys": self.request_keys()}
        if self.chance(0.2):
            question["resource_account"] = self.pick([ACCOUNT, "444455556666"])
        return question


def check_random(program, count, seed):
    dice, outcomes, differ, refused, done = Dice(seed), collections.Counter(), 0, 0, 0
    began = time.monotonic()
    while done < count:
        questions = [dice.question() for _ in range(BATCH)]
        for question, answer in zip(questions, ask(program, questions)):
            if answer.startswith("refused "):
                refused += 1  # a variable that does not end, an ARN without its colons: no policies
                continue
            if done == count:
                break
            done += 1
            outcomes[" ".join(answer.split()[:2])] += 1
            want = expected(question)
            if answer != want:
                differ += 1
                if differ <= 3:
                    print(f"lib/auth {answer}, evaluator.py {want}: {json.dumps(question)}")
        if refused > 4 * BATCH + done:
            sys.exit("most of what is made are no policies")
    print(f"seed {seed}: {done} random cases, {differ} differ; {refused} made no policy "
          f"({time.monotonic() - began:.1f} s)")
    for outcome, number in sorted(outcomes.items()):
        print(f"  {outcome:22} {number:7}")
    rare = len(outcomes) < 10 or min(outcomes.values()) * 1000 < MINIMUM * count
    if rare:
        print("some outcomes are too rare to prove anything")
    return 1 if differ or rare else 0


def main():
    program, what, argument, *rest = sys.argv[1:]
    if what == "cases":
        return check_table(program, argument)
    return check_random(program, int(argument), int(rest[0]) if rest else 1)


if __name__ == "__main__":
    sys.exit(main())
