#!/usr/bin/python3 -B
# area: front-door
# timeout: 180
"""X-Croft-Explain and `croft --explain`: beside the reply, what the call did or would do."""
import contextlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
import unittest.mock
import xml.etree.ElementTree as ElementTree

import client as doors
import strict
from client import (DOORS, SECRET, TREE, call, client, encoded, instance, knock, launch,
                    register_image, remove, tap, wait_state)

CROFT = os.path.join(os.environ.get("CROFT_BUILD", os.path.join(TREE, "build")), "cmd/croft/croft")
SPACE = "{http://ec2.amazonaws.com/doc/2016-11-15/}"
OWN_DATA = "#!/bin/sh\necho the secret of this guest"
IDS = re.compile(r"\b(?:i|vol|eni|eni-attach|r|sg|sgr|key)-[0-9a-f]{17}\b|\b02(:[0-9a-f]{2}){5}\b"
                 r"|\b172[.-]31[.-]\d+[.-]\d+\b|\b198[.-]18[.-]\d+[.-]\d+\b|\beni[0-9a-f]{12}\b|vol[0-9a-f]{17}"
                 r"|\bec2[0-9a-f]{5}-[0-9a-f-]{27}\b|\d{4}-\d\d-\d\dT[0-9:.]+Z")


def setUpModule():
    global ec2, image, group, home
    ec2 = client()
    image = register_image("explain")
    group = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["default"]}])[
        "SecurityGroups"][0]["GroupId"]
    ec2.create_key_pair(KeyName="explain")
    home = tempfile.mkdtemp(prefix="croft-explain.")
    unittest.addModuleCleanup(shutil.rmtree, home)


@contextlib.contextmanager
def header(value="1"):
    plain = doors.request

    def request(*args, **kwargs):
        kwargs["headers"] = dict(kwargs.get("headers") or {}, **{"X-Croft-Explain": value})
        return plain(*args, **kwargs)

    with unittest.mock.patch.object(doors, "request", request):
        yield


def of_xml(element):
    """The structure of XML as JSON has it: lists are those whose children are items."""
    if len(element) == 0:
        return element.text or ""
    if all(child.tag.endswith("item") for child in element):
        return [of_xml(child) for child in element]
    return {(name := child.tag.rpartition("}")[2])[0].upper() + name[1:]: of_xml(child)
            for child in element}


def ask(door, action, params, value="1"):
    """(status, explanation or None) of a call through this door."""
    with header(value):
        answer = knock(door, action, params)
    if door in ("json", "rest"):
        found = json.loads(answer.body).get("CroftExplanation")
        if found:
            found["DryRun"] = str(found["DryRun"]).lower()
        return answer.status, found
    root = ElementTree.fromstring(answer.body)
    element = root.find(f"{SPACE}croftExplanation" if answer.status < 300 else "croftExplanation")
    if element is not None:
        assert root[-1] is element, "it is the last of the reply"
    return answer.status, None if element is None else of_xml(element)


def run_params(**more):
    return {"ImageId": image, "MinCount": 1, "MaxCount": 1, "KeyName": "explain",
            "UserData": encoded(OWN_DATA), **more}


def rows():
    """Everything that describe calls tell, without what differs from launch to launch."""
    found = [ec2.describe_instances()["Reservations"], ec2.describe_security_groups()["SecurityGroups"],
             ec2.describe_tags()["Tags"], ec2.describe_key_pairs()["KeyPairs"]]
    return json.dumps(found, default=str, sort_keys=True)


class Door(unittest.TestCase):
    maxDiff = None

    def test_nobody_is_told_who_did_not_ask(self):
        for door in DOORS:
            for value in ("0", "", "yes"):
                self.assertEqual(ask(door, "DescribeVpcs", {}, value), (200, None), door)
            self.assertNotIn(b"xplanation", knock(door, "DescribeVpcs", {}).body)
            self.assertNotIn(b"xplanation", knock(door, "CreateTags", {
                "Resources": [group], "Tags": [{"Key": "a", "Value": "b"}], "DryRun": True}).body)

    def test_all_doors_tell_the_same(self):
        params = {"Resources": [group], "Tags": [{"Key": "k", "Value": "<é> & 'x'"}], "DryRun": True}
        told = [ask(door, "CreateTags", params) for door in DOORS]
        self.assertEqual(told[0][0], 412)
        for other in told[1:]:
            self.assertEqual(other, told[0])
        one = told[0][1]
        self.assertEqual(one["Objects"], [{
            "Kind": "tag", "Id": f"{group} k", "Change": "insert", "Members": [
                {"Name": "resource_type", "After": "security-group"},
                {"Name": "value", "After": "<é> & 'x'"}]}])
        self.assertEqual(one["Text"].splitlines()[0],
                         "CreateTags would insert 1 row (a dry run: nothing is changed).")

    def test_a_refused_call_has_nothing_to_tell(self):
        for door in DOORS:
            self.assertEqual(ask(door, "DeleteSecurityGroup", {"GroupId": group}), (400, None))
            self.assertEqual(ask(door, "RunInstances", {"ImageId": image}), (400, None))

    def test_clients_read_the_answer_as_ever(self):
        with header():
            answers = [doors.understand(door, "DescribeSecurityGroups", loose(knock(
                door, "DescribeSecurityGroups", {"GroupIds": [group]}))) for door in DOORS]
        for answer in answers:
            answer.pop("CroftExplanation", None)
            self.assertEqual(answer, call("post", "DescribeSecurityGroups", {"GroupIds": [group]}))

    def test_a_rehearsal_changes_nothing(self):
        before = rows()
        status, told = ask("rest", "RunInstances", run_params(DryRun=True))
        self.assertEqual(status, 412)
        self.assertEqual(rows(), before)
        self.assertEqual([each["Kind"] for each in told["Objects"] if each["Change"] == "insert"],
                         ["instance", "layer", "volume", "network_interface", "interface_group"])
        self.assertIn("virsh create --paused", told["Text"])

    def test_the_tag_of_an_image_says_whether_there_is_a_seed(self):
        own = register_image("explain-no-seed")
        for value, seeds in (("always", 1), ("never", 0), ("perhaps", 1)):
            ec2.create_tags(Resources=[own], Tags=[{"Key": "croft:seed", "Value": value}])
            _, told = ask("rest", "RunInstances", run_params(ImageId=own, DryRun=True))
            self.assertEqual(told["Text"].count("Write the seed of"), seeds, value)
            self.assertEqual(told["Text"].count("seed.img") > 0, seeds > 0, value)
        ec2.deregister_image(ImageId=own)

    def test_an_explained_call_does_what_it_does_without(self):
        told = {}
        with header():
            answer = json.loads(knock("rest", "RunInstances", run_params()).body)
            told["run"] = answer.pop("CroftExplanation")
        plain = json.loads(knock("rest", "RunInstances", run_params()).body)
        ids = [each["Instances"][0]["InstanceId"] for each in (answer, plain)]
        for i in ids:
            wait_state(ec2, i, "running")
        explained, other = (comparable(instance(ec2, i)) for i in ids)
        self.assertEqual(explained, other)
        for action, state in (("StopInstances", "stopped"), ("StartInstances", "running"),
                              ("TerminateInstances", "terminated")):
            status, told[action] = ask("json", action, {"InstanceIds": ids[:1]})
            self.assertEqual(status, 200)
            call("json", action, {"InstanceIds": ids[1:]})
            for i in ids:
                wait_state(ec2, i, state)
            explained, other = (comparable(instance(ec2, i)) for i in ids)
            self.assertEqual(explained, other, action)
        self.assertIn(f"virsh shutdown --mode acpi {ids[0]}", told["StopInstances"]["Text"])
        self.assertIn(f"virsh resume {ids[0]}", told["StartInstances"]["Text"])
        self.assertIn(f"virsh destroy {ids[0]}", told["TerminateInstances"]["Text"])
        self.assertNotIn("qemu-img create", told["StartInstances"]["Text"])
        self.assertIn("qemu-img create", told["run"]["Text"])

    def test_the_addresses_that_are_told_are_those_that_it_gets(self):
        with header():
            answer = json.loads(knock("rest", "RunInstances", run_params()).body)
        i, told = answer["Instances"][0]["InstanceId"], answer["CroftExplanation"]
        wait_state(ec2, i, "running")
        seen = instance(ec2, i)
        rules = next(file["Content"] for step in told["Steps"] for file in step.get("Files", [])
                     if file["Path"].endswith(".nft"))
        self.assertIn(f"add element inet croft public_to_private {{ {seen['PublicIpAddress']} : "
                      f"{seen['PrivateIpAddress']} }}\n", rules)
        commands = [line for step in told["Steps"] for line in step.get("Commands", [])]
        self.assertTrue(any(line.startswith(f"ip route replace {seen['PublicIpAddress']} via ")
                            for line in commands), commands)
        self.assertTrue(any(line.startswith("ip link set eni") for line in commands))
        remove(ec2, i)

    def test_the_same_token_does_nothing_twice(self):
        params = run_params(ClientToken="explain-twice")
        _, first = ask("rest", "RunInstances", params)
        status, again = ask("rest", "RunInstances", params)
        self.assertEqual(status, 200)
        self.assertGreater(len(first["Steps"]), 3)
        self.assertEqual(again["Summary"], "RunInstances changes nothing")
        remove(ec2, next(each["Id"] for each in first["Objects"] if each["Kind"] == "instance"))

    def test_nothing_secret_is_told(self):
        i = launch(ec2, image, KeyName="explain", UserData=OWN_DATA)["InstanceId"]
        with header():
            made = json.loads(knock("rest", "CreateKeyPair", {"KeyName": "explain-2"}).body)
        told = [json.dumps(made.pop("CroftExplanation"))]
        self.assertIn("PRIVATE KEY", made["KeyMaterial"])
        imported = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMoa5VQRHZ1lI6JsCGcx0pKqJpQkNpIYS9Ql5cYxTfrs me"
        for action, params in (
                ("RunInstances", run_params(DryRun=True)),
                ("ImportKeyPair", {"KeyName": "explain-3", "PublicKeyMaterial": imported.encode()}),
                ("DescribeKeyPairs", {"KeyNames": ["explain"], "IncludePublicKey": True}),
                ("DescribeInstanceAttribute", {"InstanceId": i, "Attribute": "userData"}),
                ("DeleteKeyPair", {"KeyName": "explain-3"}),
                ("StopInstances", {"InstanceIds": [i]})):
            status, one = ask("json", action, params)
            self.assertIn(status, (200, 412), action)
            told.append(json.dumps(one))
        wait_state(ec2, i, "stopped")
        for action, params in (
                ("ModifyInstanceAttribute", {"InstanceId": i, "UserData": {
                    "Value": b"another secret"}}),
                ("StartInstances", {"InstanceIds": [i]})):
            status, one = ask("json", action, params)
            self.assertEqual(status, 200, action)
            told.append(json.dumps(one))
        self.assertIn('"Name": "user_data", "Quiet": true', told[-2])
        wait_state(ec2, i, "running")
        told.append(json.dumps(ask("json", "TerminateInstances", {"InstanceIds": [i]})[1]))
        public = ec2.describe_key_pairs(KeyNames=["explain"], IncludePublicKey=True)[
            "KeyPairs"][0]["PublicKey"].split()[1]
        for text in told:
            for secret in (SECRET, OWN_DATA, "the secret of this guest", encoded(OWN_DATA), public,
                           made["KeyMaterial"][40:80], imported.split()[1], "another secret",
                           encoded("another secret")):
                self.assertNotIn(secret, text)
        remove(ec2, i)
        ec2.delete_key_pair(KeyName="explain-2")

    def test_many_instances_are_told_within_bounds(self):
        params = run_params(MinCount=15, MaxCount=15, DryRun=True)
        status, told = ask("rest", "RunInstances", params)
        self.assertEqual(status, 412)
        self.assertLess(len(json.dumps(told)), 1 << 20)
        self.assertTrue(any(note.startswith("The same is done for 7 more: i-")
                            for note in told["Notes"]), told["Notes"])


def loose(answer):
    """Without what is none of AWS's, so that the rest can be held against its shape."""
    answer.body = strict.without_explanation(answer.headers["Content-Type"], answer.body)
    return answer


def comparable(one):
    """An instance without its ids, addresses and times."""
    text = json.dumps(one, sort_keys=True, default=lambda value: "a time")
    text = re.sub(r"\(\d{4}-[^)]*\)", "(a time)", text)
    return IDS.sub("X", text)


def croft(*words):
    env = dict(os.environ, HOME=home, LC_ALL="C.UTF-8")
    for name in ("XDG_DATA_HOME", "SUDO_UID", "SUDO_GID", "SSH_AUTH_SOCK", "COLUMNS"):
        env.pop(name, None)
    return subprocess.run([CROFT, *words], capture_output=True, text=True, timeout=60, check=False,
                          env=env, stdin=subprocess.DEVNULL)


class CommandLine(unittest.TestCase):
    maxDiff = None

    def test_the_answer_is_alone_on_standard_output(self):
        words = ("describe-security-groups", "--group-ids", group)
        plain, told = croft(*words), croft("--explain", *words)
        self.assertEqual((told.returncode, told.stdout), (0, plain.stdout))
        self.assertEqual(plain.stderr, "")
        self.assertIn("\nDescribeSecurityGroups changes nothing.\n\nIn force:\n\n 1. What stands of "
                      f"{group} in vpc-", told.stderr)
        self.assertIn("\nRows read: 1 security_group, ", told.stderr)

    def test_json_has_the_structure(self):
        told = croft("create-tags", "--resources", group, "--tags", "Key=cli,Value=1", "--explain",
                     "--output", "json")
        self.assertEqual((told.returncode, told.stderr), (0, ""))
        one = json.loads(told.stdout)
        self.assertEqual(list(one), ["CroftExplanation"])
        self.assertEqual(one["CroftExplanation"]["Objects"][0]["Id"], f"{group} cli")
        self.assertNotIn("Text", one["CroftExplanation"])
        told = croft("--output", "json", "--explain", "describe-tags", "--filters",
                     "Name=key,Values=cli")
        one = json.loads(told.stdout)
        self.assertEqual([each["Key"] for each in one["Tags"]], ["cli"])
        self.assertEqual(one["CroftExplanation"]["Summary"], "DescribeTags changes nothing")

    def test_a_rehearsal(self):
        for words in (("--explain", "--dry-run", "run-instances"),
                      ("run-instances", "--dry-run", "--explain")):
            told = croft(*words, "--image-id", image, "--count", "1")
            self.assertEqual((told.returncode, told.stdout), (254, ""))
            self.assertIn("croft: DryRunOperation: ", told.stderr)
            self.assertIn("\nRunInstances would insert 5 rows, ", told.stderr)
            self.assertIn(" | <domain type=\"kvm\">\n", told.stderr)
        told = croft("--explain", "--dry-run", "--output", "json", "delete-key-pair", "--key-name", "x")
        self.assertEqual(told.returncode, 254)
        self.assertEqual(json.loads(told.stdout)["CroftExplanation"]["DryRun"], True)
        self.assertEqual(croft("--dry-run", "ls").returncode, 252)
        self.assertEqual(croft("--dry-run", "get-caller-identity").returncode, 252)

    def test_verbs_for_people(self):
        told = croft("launch", "told", "--explain", "--image", image)
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertIn("\nRunInstances inserts ", told.stderr)
        self.assertNotIn("DescribeInstances", told.stderr)
        self.assertNotIn("$ virsh", told.stdout)
        told = croft("stop", "told", "--explain")
        self.assertIn("$ virsh shutdown --mode acpi i-", told.stderr)
        told = croft("--explain", "rm", "told")
        self.assertIn("$ rm -f /nonexistent/volumes/vol-", told.stderr)
        quiet = croft("ls", "--explain")
        self.assertEqual((quiet.returncode, quiet.stderr), (0, ""))


if __name__ == "__main__":
    tap.main()
