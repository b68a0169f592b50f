#!/usr/bin/python3 -B
# area: launch
"""What a daemon that was killed by SIGKILL finds when it is started again.

With the fake hypervisor the guests end with the daemon, which is like a server that lost its power:
what was answered is there, a running instance is stopped with a reason, and nothing hangs.
"""
import os
import random
import re
import threading
import time
import unittest

from client import (KEY_ID, LAB, SECRET, call, client, daemon, launch, log_text, refusal, register_image,
                    remove, request, tap, until, wait_state)


def setUpModule():
    global ec2
    ec2 = client(connect_timeout=5)


def restart():
    daemon("kill")
    daemon("start")


def states(ids):
    found = ec2.describe_instances(InstanceIds=ids)["Reservations"]
    return {i["InstanceId"]: i for r in found for i in r["Instances"]}


class Restart(unittest.TestCase):
    def test_rows_are_there_and_guests_are_stopped_with_a_reason(self):
        image = register_image("restart")
        group = ec2.create_security_group(GroupName="restart", Description="d")["GroupId"]
        ec2.authorize_security_group_ingress(GroupId=group, IpProtocol="tcp", FromPort=22,
                                             ToPort=22, CidrIp="10.0.0.0/8")
        ec2.create_key_pair(KeyName="restart", KeyType="ed25519")
        run = {"ImageId": image, "MinCount": 2, "MaxCount": 2, "InstanceType": "t3.micro",
               "KeyName": "restart", "SecurityGroupIds": [group], "ClientToken": "restart",
               "TagSpecifications": [{"ResourceType": "instance", "Tags": [
                   {"Key": "Name", "Value": "é"}]}]}
        made = ec2.run_instances(**run)
        ids = [i["InstanceId"] for i in made["Instances"]]
        for i in ids:
            wait_state(ec2, i, "running")
        stopped = launch(ec2, image)["InstanceId"]
        ec2.stop_instances(InstanceIds=[stopped])
        wait_state(ec2, stopped, "stopped")
        gone = launch(ec2, image)["InstanceId"]
        remove(ec2, gone)
        before = states(ids + [stopped, gone])
        reads = ("DescribeKeyPairs", "DescribeSecurityGroups", "DescribeVpcs", "DescribeSubnets",
                 "DescribeTags", "GetCallerIdentity", "DescribeImages")
        rows = {action: call("post", action, {}, unix=True) for action in reads}
        page = call("post", "DescribeInstanceTypes", {"MaxResults": 5}, unix=True)["NextToken"]
        restart()
        for action in reads:
            with self.subTest(action):
                self.assertEqual(call("post", action, {}, unix=True), rows[action])
        for i in ids:
            wait_state(ec2, i, "stopped")
        after = states(ids + [stopped, gone])
        for i in ids:
            with self.subTest(i):
                self.assertEqual(after[i]["StateReason"]["Code"], "Server.InternalError")
                self.assertIn("ended unexpectedly", after[i]["StateReason"]["Message"])
                self.assertEqual(after[i]["StateTransitionReason"], "Server.InternalError")
                self.assertNotIn("PublicIpAddress", after[i])
                for name in ("PrivateIpAddress", "BlockDeviceMappings", "LaunchTime", "KeyName",
                             "Tags", "SecurityGroups", "ClientToken", "SubnetId"):
                    self.assertEqual(after[i][name], before[i][name], name)
        for i in (stopped, gone):
            self.assertEqual(after[i], before[i])
        # The signature's key, a page's token and a client token hold over the restart.
        again = ec2.run_instances(**run)
        self.assertEqual([i["InstanceId"] for i in again["Instances"]], ids)
        self.assertEqual(refusal(ec2.run_instances, **{**run, "InstanceType": "t3.nano"}).code,
                         "IdempotentParameterMismatch")
        self.assertTrue(call("post", "DescribeInstanceTypes", {
            "MaxResults": 5, "NextToken": page}, unix=True)["InstanceTypes"])
        ec2.start_instances(InstanceIds=[ids[0]])
        running = wait_state(ec2, ids[0], "running")
        self.assertEqual(running["PrivateIpAddress"], before[ids[0]]["PrivateIpAddress"])
        self.assertNotIn("StateReason", running)
        remove(ec2, *ids, stopped)
        ec2.delete_security_group(GroupId=group)

    def test_the_first_key_is_written_once(self):
        path = os.path.join(LAB, "state", "credentials")
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        with open(path, encoding="ascii") as file:
            self.assertIn(KEY_ID, file.read())
        self.assertNotIn(SECRET, log_text())
        os.rename(path, path + ".taken")
        try:
            restart()
            self.assertTrue(ec2.describe_regions()["Regions"])  # the key itself is as good as before
            self.assertFalse(os.path.exists(path))
        finally:
            os.rename(path + ".taken", path)

    def test_a_launch_that_cannot_succeed_is_terminated_with_the_cause(self):
        """The fake storage forgets its images with the daemon, so no disk can be made of one."""
        image = register_image("forgotten")
        restart()
        i = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
        gone = wait_state(ec2, i, "terminated")
        self.assertEqual(gone["StateReason"]["Code"], "Server.InternalError")
        self.assertIn(image, gone["StateReason"]["Message"])
        self.assertEqual(gone["StateTransitionReason"], "Server.InternalError")
        self.assertEqual((gone["BlockDeviceMappings"], gone["NetworkInterfaces"]), ([], []))

    def test_jobs_go_on(self):
        """Killed in the middle of launches, stops and terminations: each of them ends."""
        for round_ in range(3):
            image = register_image(f"jobs-{round_}")
            ready = [i["InstanceId"] for i in launch(ec2, image, count=10)]
            made = ec2.run_instances(ImageId=image, MinCount=30, MaxCount=30)
            new = [i["InstanceId"] for i in made["Instances"]]
            ec2.stop_instances(InstanceIds=ready[:5])
            ec2.terminate_instances(InstanceIds=ready[5:])
            time.sleep(random.random() * 0.03)
            restart()

            def settled():
                now = {i: each["State"]["Name"] for i, each in states(ready + new).items()}
                return now if set(now.values()) <= {"stopped", "terminated"} else None
            now = until(settled, what="an end of every job")
            self.assertEqual(len(now), 40)
            for i in ready[:5]:
                self.assertEqual(now[i], "stopped")
            for i in ready[5:]:
                self.assertEqual(now[i], "terminated")
            left = [i for i, state in now.items() if state == "stopped"]
            remove(ec2, *left)
        subnets = ec2.describe_subnets()["Subnets"]
        self.assertEqual({each["AvailableIpAddressCount"] for each in subnets}, {4091})

    def test_what_was_answered_is_there_after_a_kill(self):
        """Key pairs are made while the daemon is killed at random: each one that was answered is
        there, with its fingerprint, and none that was refused."""
        answered = {}
        for number in range(20):
            killer = threading.Timer(random.random() * 0.02, daemon, ["kill"])
            killer.start()
            for attempt in range(100):
                name = f"kill-{number}-{attempt}"
                try:
                    made = call("rest", "CreateKeyPair", {"KeyName": name, "KeyType": "ed25519"},
                                unix=True)
                except (OSError, EOFError):
                    break
                except Exception as error:  # http.client's, of a connection that was cut
                    if type(error).__module__ != "http.client":
                        raise
                    break
                answered[name] = made["KeyFingerprint"]
            killer.join()
            daemon("start")
            found = {pair["KeyName"]: pair["KeyFingerprint"] for pair in
                     call("post", "DescribeKeyPairs", {}, unix=True)["KeyPairs"]
                     if pair["KeyName"].startswith("kill-")}
            for name, fingerprint in answered.items():
                self.assertEqual(found.get(name), fingerprint, f"{name} was answered and is lost")
            # One may have been kept whose answer did not get out any more, for each kill.
            self.assertLessEqual(len(found) - len(answered), number + 1)
        self.assertGreater(len(answered), 5)

    def test_an_orderly_end_waits_for_nobody_and_loses_nothing(self):
        ec2.create_key_pair(KeyName="orderly", KeyType="ed25519")
        began = time.monotonic()
        daemon("restart")
        self.assertLess(time.monotonic() - began, 10)
        self.assertEqual(len(ec2.describe_key_pairs(KeyNames=["orderly"])["KeyPairs"]), 1)
        self.assertEqual(request("GET", "/health").status, 200)

    def test_z_the_log_has_no_error_but_those_that_were_made(self):
        errors = [line for line in log_text().splitlines() if re.search(r"Z error\s", line)]
        for line in errors:
            self.assertRegex(line, "instance-start-failed|(volume|snapshot)-file-gone")  # the fake storage forgets its disks


if __name__ == "__main__":
    tap.main()
