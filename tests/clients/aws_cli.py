#!/usr/bin/python3 -B
# area: front-door
# timeout: 300
"""What people do with `aws ec2` beside the commands of tests/api/commands.py: pages, waiters, input from
files, dry runs and errors, with version 2 (Debian's) and 1 (where one is in PATH)."""
import json
import os
import subprocess
import tempfile
import unittest

from support import need

from client import (ENDPOINT, client, encoded, find_clis, instance, register_image, remove, tap,
                    wait_state)

PUBLIC_KEY = ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJLuXxAkBHDPjbBbIqYYW4z6sgnXVKHAvcIRTDC6MqRr "
              "x@y\n")
STRANGE = "größe-ключ-🙂 & < > \" ' + %41"


def setUpModule():
    global ec2, image, clis
    ec2 = client()
    image = register_image("for-the-cli")
    clis = find_clis()


class Flow:
    version = 0

    def setUp(self):
        self.cli = clis[self.version]
        if self.version == 2:
            need(self.cli, "awscli")
        elif self.cli is None:
            self.skipTest("there is no AWS CLI of version 1 in PATH")

    def refused(self, pattern, *words):
        done = self.cli.run(*words)
        self.assertEqual(done.returncode, 254 if self.version == 2 else 255, done.stderr)
        self.assertRegex(done.stderr, pattern)

    def test_instance_connect(self):
        made = self.cli.json("ec2", "run-instances", "--image-id", image, "--instance-type", "t3.micro")
        one = made["Instances"][0]["InstanceId"]
        wait_state(ec2, one, "running")
        with tempfile.NamedTemporaryFile("w", suffix=".pub") as file:
            file.write(PUBLIC_KEY)
            file.flush()
            send = ("ec2-instance-connect", "send-ssh-public-key", "--instance-id", one, "--instance-os-user",
                    "ec2-user", "--ssh-public-key", "file://" + file.name)
            self.assertIs(self.cli.json(*send)["Success"], True)
            self.refused("EC2InstanceNotFoundException", *send[:3], "i-00000000000000001", *send[4:])
            self.refused("SerialConsoleAccessDisabledException", "ec2-instance-connect",
                         "send-serial-console-ssh-public-key", "--instance-id", one, "--ssh-public-key",
                         "file://" + file.name)
        self.assertTrue(self.cli.json("ec2", "get-console-screenshot", "--instance-id", one)["ImageData"])
        remove(ec2, one)

    def test_an_instance_made_of_files(self):
        with tempfile.TemporaryDirectory(prefix="croft-aws.") as folder:
            def file(name, text):
                path = os.path.join(folder, name)
                with open(path, "w", encoding="utf-8") as out:
                    out.write(text)
                return path
            key, name = file("key.pub", PUBLIC_KEY), f"cli {self.version}"
            made = self.cli.json("ec2", "import-key-pair", "--key-name", name,
                                 "--public-key-material", "fileb://" + key)
            self.assertEqual(made["KeyName"], name)
            whole = file("run.json", json.dumps({
                "ImageId": image, "InstanceType": "t3.micro", "MinCount": 7, "MaxCount": 7,
                "KeyName": name, "TagSpecifications": [
                    {"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": STRANGE}]}]}))
            made = self.cli.json("ec2", "run-instances", "--cli-input-json", "file://" + whole,
                                 "--user-data", "file://" + file("script", "#!/bin/sh\necho é\n"))
        ids = [each["InstanceId"] for each in made["Instances"]]
        self.assertEqual(len(ids), 7)
        data = ec2.describe_instance_attribute(InstanceId=ids[0], Attribute="userData")
        self.assertEqual(data["UserData"]["Value"], encoded("#!/bin/sh\necho é\n"))
        self.cli.text("ec2", "create-tags", "--resources", ids[0], "--tags", "Key=Empty,Value=",
                      "Key=Two words,Value=x=y")
        # In pages of five, as text, with what a tag may hold
        said = self.cli.text("ec2", "describe-instances", "--filters",
                             "Name=instance-id,Values=" + ",".join(ids), "--page-size", "5",
                             "--output", "text", "--query",
                             "Reservations[].Instances[].[InstanceId,Tags[?Key=='Name']|[0].Value]")
        self.assertEqual(sorted(said.splitlines()), sorted(f"{i}\t{STRANGE}" for i in ids))
        self.assertEqual({tag["Key"]: tag["Value"] for tag in instance(ec2, ids[0])["Tags"]},
                         {"Name": STRANGE, "Empty": "", "Two words": "x=y"})
        for i in ids:
            wait_state(ec2, i, "running")  # the CLI asks each 15 s and cannot be told otherwise
        self.cli.text("ec2", "wait", "instance-running", "--instance-ids", *ids)
        remove(ec2, *ids)
        done = self.cli.run("ec2", "wait", "instance-running", "--instance-ids", *ids)
        self.assertEqual(done.returncode, 255)
        self.assertIn("terminal failure state", done.stderr)

    def test_part_of_a_list_and_the_rest(self):
        words = ("ec2", "describe-instance-types", "--page-size", "20")
        part = self.cli.json(*words, "--max-items", "25")
        rest = self.cli.json(*words, "--starting-token", part["NextToken"])
        self.assertEqual(len(part["InstanceTypes"]), 25)
        every = [each["InstanceType"] for page in
                 ec2.get_paginator("describe_instance_types").paginate()
                 for each in page["InstanceTypes"]]
        self.assertEqual(sorted(each["InstanceType"]
                                for each in part["InstanceTypes"] + rest["InstanceTypes"]),
                         sorted(every))

    def test_a_start_as_a_shell_makes_it(self):
        """The others run in a process that has read the modules: see tests/lib/loaded_cli.py."""
        fresh, loaded = (subprocess.run([path, "--endpoint-url", ENDPOINT, "ec2", "describe-regions"],
                                        stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                        env=self.cli.environment(), check=False, timeout=120)
                         for path in (self.cli.program, self.cli.path))
        self.assertEqual((fresh.returncode, fresh.stdout, fresh.stderr),
                         (0, loaded.stdout, loaded.stderr))
        self.assertEqual(loaded.returncode, 0)

    def test_dry_runs_and_refusals(self):
        self.refused(r"\(DryRunOperation\).*Request would have succeeded, but DryRun flag is set",
                     "ec2", "run-instances", "--image-id", image, "--dry-run")
        self.refused(r"\(InvalidInstanceID.Malformed\).*Invalid id: \"web-1\"", "ec2",
                     "stop-instances", "--instance-ids", "web-1")
        self.refused(r"\(UnsupportedOperation\).*CreateTransitGateway", "ec2",
                     "create-transit-gateway")
        self.refused(r"\(AuthFailure\).*'eu-north-1'; this server serves: us-east-1", "ec2",
                     "describe-vpcs", "--region", "eu-north-1")


class Version1(Flow, unittest.TestCase):
    version = 1


class Version2(Flow, unittest.TestCase):
    version = 2


if __name__ == "__main__":
    tap.main()
