#!/usr/bin/python3 -B
# area: front-door
# lab: own
# timeout: 240
"""Whatever comes in: EC2's own code and a sentence, nothing changed, nothing secret in the log.

The lab is this file's own, because the log is to be looked at with all that croftd can say.
"""
import os
import re
import sys

if "CROFT_LAB" not in os.environ:
    LAB_PROGRAM = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "lab")
    os.execv(LAB_PROGRAM, [LAB_PROGRAM, "--hypervisor", "fake", "--strict", "--log-level", "debug",
                           "--", os.path.realpath(__file__)] + sys.argv[1:])

import json
import resource
import select
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse

from client import (FORM_TYPE, HOST, JSON_TYPE, SECRET, SERVER_ERRORS, SOCKET, VERSION, call,
                    client, connection, daemon, encoded, form, launch, log_text, refusal, register_image, request, tap)

MARK = "croft-user-data-that-nobody-may-log"
secrets = []  # what must not be in the log


def setUpModule():
    global ec2, image, one, group, before, slow
    ec2 = client()
    image = register_image("bad-input")
    one = launch(ec2, image, UserData=MARK)["InstanceId"]
    group = ec2.create_security_group(GroupName="bad", Description="d")["GroupId"]
    for kind, format_ in (("rsa", "pem"), ("ed25519", "pem"), ("ed25519", "ppk")):
        made = ec2.create_key_pair(KeyName=f"{kind}-{format_}", KeyType=kind, KeyFormat=format_)
        lines = [line for line in made["KeyMaterial"].splitlines() if len(line) > 40]
        secrets.extend(lines[1:] if kind == "ed25519" else lines)
    secrets.extend([SECRET, MARK, encoded(MARK)[:40]])
    before = everything()
    slow = SlowClients()


def tearDownModule():
    slow.end()


def everything():
    """All rows that can be asked for."""
    return {action: call("post", action, {}, unix=True) for action in (
        "DescribeInstances", "DescribeImages", "DescribeKeyPairs", "DescribeSecurityGroups",
        "DescribeTags", "DescribeSubnets", "DescribeSecurityGroupRules")}


def memory():
    """Bytes of the daemon that are in memory."""
    with open(f"/proc/{daemon('pid')}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def allowance(size):
    """AddressSanitizer keeps what was freed for a while: 256 MiB of it."""
    with open(f"/proc/{daemon('pid')}/maps", encoding="utf-8") as file:
        return size + ((300 << 20) if "libasan" in file.read() else 0)


class SlowClients:
    """Some that send a byte a second, and one that sends nothing, while the other tests run."""

    def __init__(self):
        self.began = time.monotonic()
        self.socks = []
        self.slow = []
        # Nothing at all, a header that does not end, a body that does not.
        for beginning in (b"", b"POST / HTTP/1.1\r\nX-Long: ",
                          b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n") * 2:
            sock = socket.create_connection(HOST.split(":"))
            sock.sendall(beginning)
            sock.setblocking(False)
            self.socks.append(sock)
            self.slow.append(beginning != b"")
        self.cut_after = {}
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.dribble)
        self.thread.start()

    def dribble(self):
        while len(self.cut_after) < len(self.socks) and not self.stop.wait(1):
            for number, sock in enumerate(self.socks):
                if number in self.cut_after:
                    continue
                try:
                    if self.slow[number]:
                        sock.send(b"a")
                    if select.select([sock], [], [], 0)[0] and not sock.recv(4096):
                        self.cut_after[number] = time.monotonic() - self.began
                except OSError:
                    self.cut_after[number] = time.monotonic() - self.began

    def end(self):
        self.stop.set()
        self.thread.join()
        for sock in self.socks:
            sock.close()


class Case(unittest.TestCase):
    def refused(self, answer, *codes, status=400):
        """Looks at an error reply and returns its sentence."""
        code, message = answer.fault()
        self.assertIn(code, codes, message)
        self.assertEqual(answer.status, status, message)
        self.assertGreater(len(message), 10)
        self.assertLess(len(message), 2000)
        return message

    def query(self, pairs, *codes, status=400):
        return self.refused(form(pairs, unix=True), *codes, status=status)

    def rest(self, action, body, *codes, status=400):
        text = body if isinstance(body, (str, bytes)) else json.dumps(body)
        return self.refused(request("POST", "/v1/" + action, body=text, unix=True), *codes,
                            status=status)


class Parameters(Case):
    def test_unknown_actions(self):
        for name in ("NoSuchAction", "describeInstances", "x" * 5000, "a\nb", "é", "../x", "%00"):
            with self.subTest(name[:30]):
                self.query({"Action": name}, "InvalidAction")
        self.query({"Action": ""}, "MissingAction")
        self.query({}, "MissingAction")

    def test_an_action_of_ec2_that_is_not_here(self):
        message = self.query({"Action": "CreateFpgaImage"}, "UnsupportedOperation", "InvalidAction")
        self.assertIn("CreateFpgaImage", message)

    def test_unknown_parameters(self):
        for name in ("Colour", "Filter.1.Colour", "InstanceId.1.x", "InstanceId.x", "instanceid.1",
                     "InstanceIds.1", ".", "..", "Filter..Name", "x" * 3000, "é", "Filter.1.Name.1"):
            with self.subTest(name[:30]):
                self.query({"Action": "DescribeInstances", name: "x"}, "UnknownParameter")
        # The graver fault comes first.
        self.query({"Action": "DescribeInstances", "MaxResults": "x", "Colour": "red"},
                   "UnknownParameter")

    def test_numbers_of_lists(self):
        good = {"Action": "DescribeInstances"}
        for name in ("InstanceId.1", "InstanceId.0", "InstanceId", "InstanceId.1000"):
            with self.subTest(name):
                self.assertEqual(form({**good, name: one}, unix=True).status, 200)
        self.assertEqual(form({**good, "Filter.3.Name": "instance-id", "Filter.3.Value": one},
                              unix=True).status, 200)
        for name in ("InstanceId.1001", "InstanceId.4000000000", "InstanceId.18446744073709551617",
                     "InstanceId.00000000000000000000000000001", "Filter.4000000000.Name"):
            with self.subTest(name):
                self.query({**good, name: one}, "InvalidParameterValue")
        self.query({**good, "InstanceId.-1": one}, "UnknownParameter", "InvalidParameterValue")

    def test_the_same_parameter_twice(self):
        for pairs in ([("InstanceId.1", one), ("InstanceId.1", one)],
                      [("InstanceId", one), ("InstanceId.1", one)],
                      [("MaxResults", "5"), ("MaxResults", "6")],
                      [("Filter.1.Name", "vpc-id"), ("Filter.1.Name", "vpc-id"),
                       ("Filter.1.Value", "x")],
                      [("Action", "DescribeVpcs")], [("Version", VERSION), ("Version", VERSION)]):
            with self.subTest(str(pairs)):
                self.query([("Action", "DescribeInstances")] + pairs, "InvalidParameterValue")

    def test_wrong_types(self):
        launch_ = {"Action": "RunInstances", "ImageId": image, "MaxCount": "1"}
        for value in ("x", "1.0", " 1", "+1", "0x1", "1e3", "1 ", "9" * 30, "-1", "0", "1001",
                      "true", "１"):
            with self.subTest(value):
                self.query({**launch_, "MinCount": value}, "InvalidParameterValue")
        self.query({**launch_, "MinCount": ""}, "MissingParameter")
        for value in ("True", "1", "yes", "TRUE", "tru", "false "):
            with self.subTest(value):
                self.query({**launch_, "MinCount": "1", "DryRun": value}, "InvalidParameterValue")
        self.query({**launch_, "MinCount": "1", "InstanceInitiatedShutdownBehavior": "explode"},
                   "InvalidParameterValue")

    def test_empty_parameters_are_absent_ones(self):
        # As packer sends them.
        answer = form({"Action": "RunInstances", "ImageId": image, "MinCount": "1", "MaxCount": "1",
                       "SubnetId": "", "UserData": "", "IamInstanceProfile.Name": "",
                       "Placement.AvailabilityZone": "", "KeyName": "", "DryRun": "true"},
                      unix=True)
        self.refused(answer, "DryRunOperation", status=412)

    def test_what_is_not_provided_is_said_so(self):
        run = {"Action": "RunInstances", "ImageId": image, "MinCount": "1", "MaxCount": "1"}
        for name, value in (("KernelId", "aki-12345678"), ("LicenseSpecification.1.LicenseConfigurationArn", "x"),
                            ("ElasticGpuSpecification.1.Type", "x"),
                            ("BlockDeviceMapping.1.Ebs.OutpostArn", "x")):
            with self.subTest(name):
                message = self.query({**run, "BlockDeviceMapping.1.DeviceName": "/dev/xvda",
                                      name: value}, "UnsupportedOperation")
                self.assertIn(name.split(".")[0], message)

    def test_a_hundred_thousand_parameters(self):
        body = "Action=DescribeInstances&" + "&".join(f"a{n}=" for n in range(100000))
        answer = request("POST", body=body, headers={"Content-Type": FORM_TYPE}, unix=True)
        self.refused(answer, "ResourceCountExceeded", "InvalidParameterValue")
        ids = [(f"InstanceId.{n}", "i-00000001") for n in range(1, 10001)]
        self.query([("Action", "DescribeInstances")] + ids, "InvalidParameterValue")

    def test_ids(self):
        for value, code in (("i-00000000", "NotFound"), ("i-0123456789abcdef0", "NotFound"),
                            ("i-0123456789ABCDEF0", "Malformed"), ("i-0123456789abcde", "Malformed"),
                            ("i-", "Malformed"), ("i", "Malformed"), ("I-00000000", "Malformed"),
                            ("sg-00000000", "Malformed"), ("i-0000000g", "Malformed"),
                            (" i-00000000", "Malformed"), ("i-00000000 ", "Malformed"),
                            ("i-00000000'; drop table instance;--", "Malformed"),
                            ("i-" + "0" * 5000, "Malformed"), ("<i>&amp;", "Malformed")):
            with self.subTest(value[:40]):
                message = self.query({"Action": "DescribeInstances", "InstanceId.1": value},
                                     f"InvalidInstanceID.{code}")
                if code == "Malformed" and len(value) < 60:
                    self.assertIn(f'Invalid id: "{value}"', message)
        message = self.query({"Action": "DescribeInstances", "InstanceId.1": "i-00000001",
                              "InstanceId.2": "i-00000002"}, "InvalidInstanceID.NotFound")
        self.assertEqual(message, "The instance IDs 'i-00000001, i-00000002' do not exist")

    def test_nothing_is_sql(self):
        for value in ("x' or '1'='1", "\"; delete from tag; --", "%' or 1=1 --", "\\'"):
            found = call("post", "DescribeInstances", {"Filters": [
                {"Name": "tag:a", "Values": [value]}]}, unix=True)
            self.assertEqual(found["Reservations"], [])


class Texts(Case):
    def tags(self, body):
        return request("POST", body=f"Action=CreateTags&ResourceId.1={group}&" + body,
                       headers={"Content-Type": FORM_TYPE}, unix=True)

    def test_what_xml_forbids(self):
        for piece in ("%00", "a%00b", "%01", "%0b", "%1f", "%EF%BF%BE", "%EF%BF%BF", "%ED%A0%80",
                      "%C0%80", "%FF", "%F5%80%80%80", "%E2%82", "a%80"):
            with self.subTest(piece):
                for body in (f"Tag.1.Key=k&Tag.1.Value={piece}", f"Tag.1.Key={piece}"):
                    self.refused(self.tags(body), "InvalidParameterValue")
        self.refused(self.tags("Tag.1.%00Key=k"), "MalformedQueryString")
        for piece in ('"\\u0000"', '"a\\u0001"', '"\\ud800"', b'"\xff"'):
            text = f'{{"Resources": ["{group}"], "Tags": [{{"Key": "k", "Value": '.encode()
            text += (piece if isinstance(piece, bytes) else piece.encode()) + b"}]}"
            with self.subTest(piece):
                self.rest("CreateTags", text, "InvalidParameterValue", "MalformedQueryString")

    def test_malformed_forms(self):
        for body in ("%", "%4", "%zz=1", "Tag.1.Key=%", "Tag.1.Key=%e", "Tag.1.Key=%gg"):
            with self.subTest(body):
                self.refused(self.tags(body), "MalformedQueryString")

    def test_what_is_allowed_comes_back_as_it_went(self):
        values = ["", " ", "a & b < c > d \" e ' f", "]]>", "<!--", "&amp;", "\t\r\n x", "é ü ß",
                  "日本語", "\U0001f600", "e\u0301", "\u202eabc", "%41", "+", "a" * 256,
                  "\U0001f600" * 256, "'; drop table tag; --", "../../etc/passwd", "${HOME}"]
        for value in values:
            with self.subTest(value[:20]):
                call("post", "CreateTags", {"Resources": [group],
                                            "Tags": [{"Key": "k", "Value": value}]}, unix=True)
                for door in ("post", "json"):
                    found = call(door, "DescribeTags", {"Filters": [
                        {"Name": "resource-id", "Values": [group]}]}, unix=True)
                    self.assertEqual(found["Tags"][0]["Value"], value)
        call("post", "DeleteTags", {"Resources": [group]}, unix=True)

    def test_tags(self):
        def make(tags):
            return refusal(call, "post", "CreateTags", {"Resources": [group], "Tags": tags},
                           unix=True).code
        self.assertEqual(make([{"Key": "aws:x", "Value": "1"}]), "InvalidParameterValue")
        self.assertEqual(make([{"Key": "AWS:x", "Value": "1"}]), "InvalidParameterValue")
        self.assertEqual(make([{"Key": "x" * 129, "Value": "1"}]), "InvalidParameterValue")
        self.assertEqual(make([{"Key": "x", "Value": "é" * 257}]), "InvalidParameterValue")
        self.assertIn(make([{"Key": "", "Value": "1"}]), ("InvalidParameterValue",
                                                         "MissingParameter"))
        self.assertEqual(make([{"Key": "x", "Value": "1"}, {"Key": "x", "Value": "2"}]),
                         "InvalidParameterValue")
        many = [{"Key": f"k{n}", "Value": "v"} for n in range(51)]
        self.assertEqual(make(many), "TagLimitExceeded")
        call("post", "CreateTags", {"Resources": [group], "Tags": many[:50]}, unix=True)
        self.assertEqual(make(many[50:]), "TagLimitExceeded")
        call("post", "CreateTags", {"Resources": [group], "Tags": [{"Key": "k1", "Value": "w"}]},
             unix=True)
        call("post", "DeleteTags", {"Resources": [group]}, unix=True)
        self.assertIn(make([{"Key": f"k{n}", "Value": "v"} for n in range(10000)]),
                      ("TagLimitExceeded", "ResourceCountExceeded", "InvalidParameterValue"))

    def test_json_bodies(self):
        for body in ("{", "", "[]", "1", '"x"', "null", '{"a":1}}', "{'a': 1}", "\x00", "{}x",
                     '{"InstanceIds": ["i-00000001"], "InstanceIds": []}', "[" * 100000,
                     '{"Filters": ' + '{"a":' * 50000, '{"InstanceIds": ' + "[" * 3000 + "]" * 3000
                     + "}", "\ufeff{}"):
            with self.subTest(body[:40]):
                if body == "":  # nothing asks for nothing
                    self.assertEqual(request("POST", "/v1/DescribeInstances", unix=True).status,
                                     200)
                else:
                    self.rest("DescribeInstances", body, "MalformedQueryString",
                              "InvalidParameterValue")
        for body in ({"InstanceIds": "i-1"}, {"InstanceIds": {"a": 1}}, {"InstanceIds": [1]},
                     {"InstanceIds": [None]}, {"MaxResults": "5"}, {"MaxResults": 5.5},
                     {"MaxResults": 10 ** 18}, {"MaxResults": True}, {"DryRun": "true"},
                     {"DryRun": 1}, {"Filters": [["x"]]}, {"Filters": [{"Name": 1}]},
                     {"NextToken": {}}):
            with self.subTest(str(body)):
                self.rest("DescribeInstances", body, "InvalidParameterValue")
        self.rest("DescribeInstances", '{"MaxResults": 1' + "0" * 400 + "}",
                  "InvalidParameterValue", "MalformedQueryString")
        for body in ({"Colour": 1}, {"instanceIds": []}, {"Filters": [{"name": "x"}]},
                     {"x" * 100000: 1}, {"": 1}):
            with self.subTest(str(body)[:40]):
                self.rest("DescribeInstances", body, "UnknownParameter")

    def test_other_content_types(self):
        answer = request("POST", body="<x/>", headers={"Content-Type": "text/xml"}, unix=True)
        self.refused(answer, "MalformedQueryString", "InvalidParameterValue")
        answer = request("POST", body="{}", unix=True,
                         headers={"Content-Type": JSON_TYPE, "X-Amz-Target": "Nobody.DescribeVpcs"})
        self.refused(answer, "InvalidAction")


class Values(Case):
    def user_data(self, text, door="post"):
        return refusal(call, door, "RunInstances", {"ImageId": image, "MinCount": 1, "MaxCount": 1,
                                                    "UserData": text}, unix=True)

    def test_user_data(self):
        for door in ("post", "json", "rest"):
            with self.subTest(door):
                self.assertEqual(self.user_data("not base64!", door).code,
                                 "InvalidUserData.Malformed")
                for text in ("a", "====", "ab=c", "é", "ab\\", "YWJj*"):
                    self.assertEqual(self.user_data(text, door).code, "InvalidUserData.Malformed")
                fault = self.user_data(encoded(MARK + "x" * 17 * 1024), door)
                self.assertEqual(fault.code, "InvalidParameterValue")
                self.assertIn("16384", fault.message)
                self.assertNotIn(encoded(MARK)[:20], fault.message)
                fault = self.user_data(encoded("x" * (5 << 20)), door)
                self.assertEqual((fault.code, fault.status), ("RequestEntityTooLarge", 413))
        fault = refusal(call, "post", "RunInstances", {
            "ImageId": image, "MinCount": 1, "MaxCount": 1, "DryRun": True,
            "UserData": encoded("x" * 16384)}, unix=True)
        self.assertEqual(fault.code, "DryRunOperation")

    def test_rules_of_groups(self):
        def make(protocol="tcp", low=1, high=1, cidr="10.0.0.0/8", **more):
            permission = {"IpProtocol": protocol, "FromPort": low, "ToPort": high,
                          "IpRanges": [{"CidrIp": cidr, **more}]}
            return refusal(call, "post", "AuthorizeSecurityGroupIngress",
                           {"GroupId": group, "IpPermissions": [permission]}, unix=True).code
        for params in ({"low": 70000, "high": 70000}, {"low": -5}, {"low": 2, "high": 1},
                       {"high": 65536}, {"protocol": "xyz"}, {"protocol": "256"},
                       {"protocol": "icmp", "low": 300, "high": 0}, {"cidr": "10.0.0.0"},
                       {"cidr": "10.0.0.0/33"}, {"cidr": "10.0.0/8"}, {"cidr": "::/0"},
                       {"cidr": "x"}, {"cidr": "010.0.0.1/8"}, {"cidr": "10.0.0.0/-1"},
                       {"Description": "x" * 256}, {"Description": "<é>"}):
            with self.subTest(str(params)[:50]):
                self.assertIn(make(**params), ("InvalidParameterValue",
                                               "InvalidPermission.Malformed"))
        permission = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1,
                      "IpRanges": [{"CidrIp": f"10.0.{n}.0/24"} for n in range(61)]}
        fault = refusal(call, "post", "AuthorizeSecurityGroupIngress",
                        {"GroupId": group, "IpPermissions": [permission]}, unix=True)
        self.assertEqual(fault.code, "RulesPerSecurityGroupLimitExceeded")

    def imported(self, material):
        return refusal(call, "post", "ImportKeyPair", {"KeyName": "imp",
                                                       "PublicKeyMaterial": material}, unix=True)

    def test_keys_that_are_none(self):
        with tempfile.TemporaryDirectory() as folder:
            for kind, bits in (("rsa", "2048"), ("ed25519", "256"), ("ecdsa", "256")):
                path = os.path.join(folder, kind)
                subprocess.run(["ssh-keygen", "-q", "-t", kind, "-b", bits, "-N", "", "-f", path,
                                "-C", ""], check=True, stdin=subprocess.DEVNULL)
                with open(path, "rb") as file:
                    private = file.read()
                secrets.extend(private.decode().splitlines()[2:-1])
                with self.subTest(kind):
                    fault = self.imported(private)
                    self.assertEqual(fault.code, "InvalidKey.Format")
                    self.assertNotIn(private.decode().splitlines()[2][:20], fault.message)
                if kind == "ecdsa":  # EC2 takes RSA and ED25519
                    with open(path + ".pub", "rb") as file:
                        self.assertIn(self.imported(file.read()).code,
                                      ("InvalidKey.Format", "InvalidKeyPair.Format"))
        for material in (b"", b"ssh-rsa", b"ssh-rsa AAAA", b"ssh-rsa !!!!", b"\x00\x01\x02",
                         b"ssh-ed25519 " + b"A" * 68, b"ssh-rsa " + b"A" * 200000,
                         b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
                         b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoq\nrm -rf /\n"):
            with self.subTest(material[:30]):
                self.assertIn(self.imported(material).code,
                              ("InvalidKey.Format", "InvalidKeyPair.Format", "MissingParameter"))
        self.query({"Action": "ImportKeyPair", "KeyName": "imp", "PublicKeyMaterial": "@@@"},
                   "InvalidKey.Format", "InvalidParameterValue")
        for name in ("x" * 256, " x", "x ", "é"):
            self.query({"Action": "CreateKeyPair", "KeyName": name}, "InvalidParameterValue")

    def test_filters(self):
        def found(name, *values, action="DescribeInstances"):
            return call("post", action, {"Filters": [{"Name": name, "Values": list(values)}]},
                        unix=True)

        def ids(name, *values):
            return [r["Instances"][0]["InstanceId"] for r in found(name, *values)["Reservations"]]
        for name in ("no-such", "Instance-Id", "instance_id", "tag:", "*", "é", "x" * 5000):
            with self.subTest(name[:20]):
                fault = refusal(found, name, "x")
                self.assertEqual(fault.code, "InvalidParameterValue")
                if len(name) < 100:
                    self.assertEqual(fault.message, f"The filter '{name}' is invalid")
        self.query({"Action": "DescribeInstances", "Filter.1.Name": "vpc-id"},
                   "InvalidParameterValue")
        self.query({"Action": "DescribeInstances", "Filter.1.Value.1": "x"},
                   "InvalidParameterValue", "MissingParameter")
        call("post", "CreateTags", {"Resources": [one], "Tags": [
            {"Key": "w", "Value": "a*b?c\\d"}, {"Key": "empty", "Value": ""}]}, unix=True)
        for pattern, there in (("a*", True), ("*", True), ("*d", True), ("a\\*b\\?c\\\\d", True),
                               ("a\\*c", False), ("A*", False), ("b", False), ("*b*c*", True),
                               ("a?b?c?d", True), ("*" * 200 + "z", False), ("a*b?c\\d", False)):
            with self.subTest(pattern[:20]):
                self.assertEqual(ids("tag:w", pattern), [one] if there else [])
        self.assertEqual(ids("tag:empty", ""), [one])
        self.assertEqual(ids("tag-key", "w"), [one])
        self.assertEqual(ids("instance-id", "nothing", one), [one])
        self.assertEqual(ids("instance-id", "nothing"), [])
        call("post", "DeleteTags", {"Resources": [one]}, unix=True)
        fault = refusal(call, "post", "DescribeInstances", {"Filters": [
            {"Name": "vpc-id", "Values": [str(n) for n in range(201)]}]}, unix=True)
        self.assertEqual(fault.code, "FilterLimitExceeded")

    def test_a_pattern_that_takes_long_takes_no_longer(self):
        call("post", "CreateTags", {"Resources": [one], "Tags": [{"Key": "w", "Value": "a" * 256}]},
             unix=True)
        began = time.monotonic()
        call("post", "DescribeInstances", {"Filters": [
            {"Name": "tag:w", "Values": ["a*" * 2000 + "b"] * 20}]}, unix=True)
        self.assertLess(time.monotonic() - began, 5)
        call("post", "DeleteTags", {"Resources": [one]}, unix=True)

    def test_page_tokens(self):
        first = call("post", "DescribeInstanceTypes", {"MaxResults": 5}, unix=True)
        token = first["NextToken"]
        second = call("post", "DescribeInstanceTypes", {"MaxResults": 7, "NextToken": token},
                      unix=True)
        self.assertEqual(len(second["InstanceTypes"]), 7)
        self.assertFalse({t["InstanceType"] for t in first["InstanceTypes"]}
                         & {t["InstanceType"] for t in second["InstanceTypes"]})
        # Of another query, of another action, of nobody.
        wrong = [("DescribeInstanceTypes", {"Filters": [
                    {"Name": "bare-metal", "Values": ["false"]}]}, token),
                 ("DescribeInstanceTypeOfferings", {}, token)]
        wrong += [("DescribeInstanceTypes", {}, text) for text in (
            "x", "AAAA", token[:-1], token + "A", token[:-1] + ("A" if token[-1] != "A" else "B"),
            " " + token, "é", "A" * 20000)]
        for action, params, text in wrong:
            with self.subTest(f"{action} {text[:12]}"):
                fault = refusal(call, "post", action, {**params, "NextToken": text}, unix=True)
                self.assertIn(fault.code, ("InvalidPaginationToken", "InvalidParameterValue"))
        for value in (0, -1, 4, 101, 10 ** 9):
            fault = refusal(call, "post", "DescribeInstanceTypes", {"MaxResults": value},
                            unix=True)
            self.assertEqual(fault.code, "InvalidParameterValue")
        last = call("post", "DescribeVpcs", {"MaxResults": 5}, unix=True)
        self.assertNotIn("NextToken", last)


class Http(Case):
    def raw(self, data, limit=1 << 20):
        """What comes back for these bytes, until the connection ends or is silent. It goes past the
        recorder of the traffic: what still arrives of a connection that is cut is the kernel's affair."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(10)
            sock.connect(os.environ.get("CROFT_SOCKET_ITSELF", SOCKET))
            try:
                sock.sendall(data)
            except OSError:
                pass  # cut, which is an answer, too
            out = b""
            try:
                while len(out) < limit:
                    part = sock.recv(65536)
                    if not part:
                        break
                    out += part
                    if b"</Response>" in out or b"</html>" in out or b'"message"' in out:
                        break
            except OSError:
                pass
            return out.decode(errors="replace")

    def test_bodies_above_a_megabyte(self):
        for path, type_ in (("/", FORM_TYPE), ("/v1/DescribeVpcs", "application/json")):
            for size in ((1 << 20) + 1, 3 << 20):
                answer = request("POST", path, body=b"a" * size, unix=True,
                                 headers={"Content-Type": type_})
                self.refused(answer, "RequestEntityTooLarge", status=413)
            answer = request("POST", path, body=b"a" * (1 << 20), unix=True,
                             headers={"Content-Type": type_})
            self.assertEqual(answer.status, 400)
        # One that announces more than anybody reads away.
        text = self.raw(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n")
        self.assertIn(" 413 ", text.splitlines()[0])

    def test_long_headers(self):
        answer = request("GET", "/health", headers={"X-Long": "a" * 30000}, unix=True)
        self.assertEqual(answer.status, 200)
        for size in (64 << 10, 80 << 10, 300 << 10):
            with self.subTest(size):
                text = self.raw(b"GET /health HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * size
                                + b"\r\n\r\n")
                self.assertTrue(not text or " 431 " in text.splitlines()[0]
                                or " 413 " in text.splitlines()[0], text[:200])
        text = self.raw(b"GET /" + b"a" * (200 << 10) + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertTrue(not text or text.split()[1][0] == "4", text[:100])

    def post(self, line="POST / HTTP/1.1", extra=b"", body=None, framed=True):
        """The bytes of a request by hand."""
        body = f"Action=DescribeVpcs&Version={VERSION}".encode() if body is None else body
        head = f"{line}\r\nHost: x\r\nContent-Type: {FORM_TYPE}\r\n".encode() + extra
        if framed:
            head += f"Content-Length: {len(body)}\r\n".encode()
        return head + b"\r\n" + body

    def answers(self, data, count=1, wait=10):
        """What comes back, until so many replies are whole."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(wait)
            sock.connect(SOCKET)
            try:
                sock.sendall(data)
            except OSError:
                pass
            out = b""
            while out.count(b"</DescribeVpcsResponse>") < count:
                part = sock.recv(65536)
                if not part:
                    break
                out += part
            return out.decode()

    def test_http_1_0(self):
        text = self.answers(self.post("POST / HTTP/1.0"))
        self.assertRegex(text, r"^HTTP/1\.[01] 200 ")
        self.assertIn("Connection: close\r\n", text)

    def test_pipelined_requests(self):
        text = self.answers(self.post() * 7, 7)
        self.assertEqual(text.count("HTTP/1.1 200 OK"), 7)
        self.assertEqual(len(set(re.findall("x-amzn-RequestId: (.*)\r", text))), 7)

    def test_a_target_in_absolute_form(self):
        for target in ("http://127.0.0.1:8773/", "HTTP://x", "https://[::1]:1/", "http://x?"):
            with self.subTest(target):
                text = self.answers(self.post(f"POST {target} HTTP/1.1"))
                self.assertTrue(text.startswith("HTTP/1.1 200 "), text[:300])
        text = self.raw(b"GET http://x/nowhere HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertIn("InvalidAction", text)

    def test_chunked_bodies(self):
        body = f"Action=DescribeVpcs&Version={VERSION}".encode()
        for size in (1, 7, 1000):
            pieces = [body[i:i + size] for i in range(0, len(body), size)]
            chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
            text = self.answers(self.post(extra=b"Transfer-Encoding: chunked\r\n", framed=False,
                                          body=chunks + b"0\r\n\r\n"))
            self.assertTrue(text.startswith("HTTP/1.1 200 "), text[:300])
        # More than a megabyte in pieces is as much too large as when it is announced.
        chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
        text = self.raw(self.post(extra=b"Transfer-Encoding: chunked\r\n", framed=False,
                                  body=chunk * 20 + b"0\r\n\r\n"))
        self.assertIn(" 413 ", text.splitlines()[0])

    def test_expect_100_continue(self):
        whole = self.post(extra=b"Expect: 100-continue\r\n")
        head, _, body = whole.partition(b"\r\n\r\n")
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(10)
            sock.connect(SOCKET)
            sock.sendall(head + b"\r\n\r\n")
            self.assertEqual(sock.recv(65536), b"HTTP/1.1 100 Continue\r\n\r\n")
            sock.sendall(body)
            self.assertTrue(sock.recv(65536).startswith(b"HTTP/1.1 200 "))
        # Whoever asks first is told before sending.
        text = self.raw(b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                        b"Content-Length: 3000000\r\n\r\n")
        self.assertIn(" 413 ", text.splitlines()[0])

    def test_twenty_megabytes_of_json(self):
        body = b'{"a": "' + b"x" * (20 << 20) + b'"}'
        for path in ("/v1/DescribeVpcs", "/"):
            text = self.raw(b"POST " + path.encode() + b" HTTP/1.1\r\nHost: x\r\n"
                            b"X-Amz-Target: AmazonEC2.DescribeVpcs\r\nContent-Type: "
                            + JSON_TYPE.encode() + f"\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                            + body)
            self.assertIn(" 413 ", text.splitlines()[0])
            self.assertIn("RequestEntityTooLarge", text)

    def test_two_hosts(self):
        text = self.raw(self.post(extra=b"Host: y\r\n"))
        self.assertIn(" 400 ", text.splitlines()[0])

    def test_nothing_of_a_request_gets_into_the_header_of_its_answer(self):
        for data in (b"GET /v1/%0d%0aX-Evil:%201 HTTP/1.1\r\nHost: x\r\n",
                     b"POST /?Action=%0d%0aX-Evil:%201 HTTP/1.1\r\nHost: x\r\n",
                     b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: a\r\n\tX-Evil: 1\r\n",
                     b"GET /health HTTP/1.1\r\nHost: x\r\nx-amzn-RequestId: mine\r\n",
                     b"GET /health HTTP/1.1\r\nHost: x\r\nX-Request-Id: a%0d%0aX-Evil: 1\r\n"):
            with self.subTest(data[:40]):
                with socket.socket(socket.AF_UNIX) as sock:
                    sock.settimeout(10)
                    sock.connect(SOCKET)
                    sock.sendall(data + b"Connection: close\r\n\r\n")
                    text = b"".join(iter(lambda: sock.recv(65536), b"")).decode()
                head = text.partition("\r\n\r\n")[0]
                self.assertNotIn("evil", head.lower())
                self.assertNotIn("mine", head)
                self.assertEqual(len(re.findall(r"^x-amzn-RequestId: [0-9a-f-]{36}\r?$", head, re.M)), 1)

    def test_what_is_no_http(self):
        for data in (b"\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"\x00" * 1000,
                     b"GET / HTTP/9.9\r\n\r\n", b"A" * 200000 + b"\r\n\r\n",
                     b"GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n",
                     b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
                     b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
                     b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
                     b"Content-Length: 5\r\n\r\nabcde",
                     b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
                     b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                     b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"):
            with self.subTest(data[:50]):
                with socket.socket(socket.AF_UNIX) as sock:
                    sock.settimeout(1)
                    sock.connect(SOCKET)
                    try:
                        sock.sendall(data)
                        sock.shutdown(socket.SHUT_WR)
                        text = sock.recv(65536).decode(errors="replace")
                    except OSError:
                        text = ""
                # 505 is the code for a version of HTTP that there is not.
                self.assertTrue(not text or text.split()[1][0] == "4"
                                or text.startswith("HTTP/1.1 505 "), text[:200])
        self.assertEqual(request("GET", "/health", unix=True).status, 200)

    def test_large_requests_leave_no_memory_behind(self):
        def crowd():
            bodies = ["Action=DescribeInstances&" + "&".join(f"a{n}=" for n in range(100000)),
                      "Action=DescribeInstances&" + "&".join(f"InstanceId.{n}=" for n in range(20000)),
                      "Action=DescribeInstances&Filter.1.Name=" + "x" * 1000000]
            objects = '{"BlockDeviceMappings": [' + ",".join(["{}"] * 300000) + "]}"
            nested = '{"NetworkInterfaces": [' + ",".join(
                ['{"PrivateIpAddresses": [' + ",".join(["{}"] * 900) + "]}"] * 300) + "]}"
            for body in bodies:
                answer = request("POST", body=body, headers={"Content-Type": FORM_TYPE}, unix=True)
                self.assertEqual(answer.status, 400)
            for body in (objects, nested, "[" * (1 << 20), '{"a":' * 200000):
                self.assertEqual(request("POST", "/v1/RunInstances", body=body, unix=True).status, 400)
        crowd()
        once = memory()
        for _ in range(5):
            crowd()
        self.assertLess(memory() - once, allowance(100 << 20))

    def test_a_client_that_leaves(self):
        body = urllib.parse.urlencode({"Action": "DescribeInstanceTypes", "Version": VERSION})
        head = (f"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM_TYPE}\r\n"
                f"Content-Length: {len(body)}\r\n\r\n{body}").encode()
        for _ in range(50):
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(SOCKET)
                sock.sendall(head)
        self.assertEqual(request("GET", "/health", unix=True).status, 200)


class ZLast(Case):
    """What must hold after all of the above."""

    def test_1_slow_clients_are_cut_off(self):
        slow.thread.join(timeout=max(0, 75 - (time.monotonic() - slow.began)))
        self.assertEqual(len(slow.cut_after), len(slow.socks),
                         f"cut off by now: {slow.cut_after}")
        self.assertGreater(min(slow.cut_after.values()), 20)

    def test_2_nothing_changed(self):
        now = everything()
        for action, reply in before.items():
            with self.subTest(action):
                self.assertEqual(now[action], reply)

    def test_3_no_server_error_was_answered(self):
        self.assertEqual(SERVER_ERRORS, [])

    def test_4_no_secret_is_in_the_log(self):
        text = log_text()
        self.assertIn("debug", text)
        self.assertGreater(text.count("call action="), 200)
        self.assertGreater(len(secrets), 10)
        for secret in secrets:
            self.assertGreater(len(secret), 20, secret)
            self.assertNotIn(secret, text)
        self.assertNotIn("PRIVATE KEY", text)

    def test_5_every_line_of_the_log_is_one(self):
        for line in log_text().splitlines():
            self.assertRegex(line, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z "
                                   r"(debug  |info   |warning|error  ) \S")


class ZLater(Case):
    """When the slow ones of above have gone: these would make them go earlier."""

    def test_two_thousand_idle_connections(self):
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (4096, hard))
        before_, socks, took = memory(), [], []

        def served():
            """Somebody new and somebody who knocked before, with the crowd around them."""
            began = time.monotonic()
            self.assertEqual(form({"Action": "DescribeVpcs"}).status, 200)
            self.assertEqual(form({"Action": "DescribeVpcs"}, unix=True).status, 200)
            took.append(time.monotonic() - began)
        try:
            for number in range(2000):
                socks.append(socket.create_connection(HOST.split(":"), timeout=10))
                if number % 3 == 0:  # some have begun to ask
                    socks[-1].sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")
                if number % 100 == 99:
                    served()
            for _ in range(20):
                served()
            grown = memory() - before_
        finally:
            for sock in socks:
                sock.close()
        self.assertLess(max(took), 10)
        self.assertLess(grown, allowance(150 << 20))

    def test_a_busy_client_is_not_cut_for_the_idle_ones(self):
        """The one that waits for longest makes room: not one that keeps asking."""
        link = connection()
        socks = []
        try:
            for number in range(1000):
                socks.append(socket.create_connection(HOST.split(":"), timeout=10))
                if number % 50 == 0:
                    link.request("GET", "/health")
                    self.assertEqual(link.getresponse().read(), b"ok\n")
        finally:
            link.close()
            for sock in socks:
                sock.close()


if __name__ == "__main__":
    tap.main()
