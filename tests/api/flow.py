#!/usr/bin/python3 -B
# area: launch
# timeout: 600
"""An instance's whole life through every client, and what each step of it promises."""
import concurrent.futures
import os
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

from client import (ENDPOINT, KEY_ID, REGION, SECRET, WAIT, all_instances, client, find_clis,
                    instance, launch, local_name, refusal, register_image, remove, tap, until,
                    wait_state)

CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64,
         "stopped": 80}
flows = concurrent.futures.ThreadPoolExecutor(max_workers=2)
ran = {}


def setUpModule():
    global ec2, image
    ec2 = client()
    image = register_image("flow")
    for version, cli in find_clis().items():
        # They take most of their time to start Python, so they run beside the other tests.
        ran[version] = flows.submit(cli_flow, cli, f"cli{version}") if cli else None


def cli_flow(cli, name):
    """The flow with an AWS CLI; returns what came back, for the test to look at."""
    seen = {}
    folder = tempfile.mkdtemp(prefix="croft-flow.")
    path = os.path.join(folder, name + ".pem")
    text = cli.text("ec2", "create-key-pair", "--key-name", name, "--query", "KeyMaterial",
                    "--output", "text")
    with open(path, "w", encoding="ascii", opener=lambda p, f: os.open(p, f, 0o600)) as file:
        file.write(text)
    seen["public"] = subprocess.run(["ssh-keygen", "-y", "-f", path], capture_output=True,
                                    text=True, check=False, stdin=subprocess.DEVNULL).stdout
    os.unlink(path)
    os.rmdir(folder)
    group = cli.text("ec2", "create-security-group", "--group-name", name, "--description", "a b",
                     "--query", "GroupId", "--output", "text").strip()
    seen["rule"] = cli.json("ec2", "authorize-security-group-ingress", "--group-id", group,
                            "--protocol", "tcp", "--port", "22", "--cidr", "0.0.0.0/0")
    made = cli.json("ec2", "run-instances", "--image-id", image, "--instance-type", "t2.micro",
                    "--key-name", name, "--security-groups", name, "--user-data", "#!/bin/sh\n",
                    "--tag-specifications", "ResourceType=instance,Tags=[{Key=Name,Value=é & <b>}]")
    i = made["Instances"][0]["InstanceId"]
    seen["made"] = made
    seen["group"] = group
    cli.text("ec2", "wait", "instance-running", "--instance-ids", i)
    seen["running"] = cli.json("ec2", "describe-instances", "--instance-ids", i)
    cli.text("ec2", "wait", "instance-status-ok", "--instance-ids", i)
    seen["status"] = cli.json("ec2", "describe-instance-status", "--instance-ids", i)
    seen["stopping"] = cli.json("ec2", "stop-instances", "--instance-ids", i)
    wait_state(ec2, i, "stopped")  # so that the CLI's waiter need not sleep its 15 s
    cli.text("ec2", "wait", "instance-stopped", "--instance-ids", i)
    seen["starting"] = cli.json("ec2", "start-instances", "--instance-ids", i)
    wait_state(ec2, i, "running")
    seen["reboot"] = cli.text("ec2", "reboot-instances", "--instance-ids", i)
    seen["terminating"] = cli.json("ec2", "terminate-instances", "--instance-ids", i)
    wait_state(ec2, i, "terminated")
    cli.text("ec2", "wait", "instance-terminated", "--instance-ids", i)
    cli.text("ec2", "delete-key-pair", "--key-name", name)
    cli.text("ec2", "delete-security-group", "--group-id", group)
    seen["gone"] = cli.run("ec2", "describe-security-groups", "--group-ids", group)
    return seen


def state_change(test, changes, previous, *current):
    """One instance went from `previous` to one of `current`, names and codes."""
    test.assertEqual(len(changes), 1)
    test.assertEqual(changes[0]["PreviousState"],
                     {"Name": previous, "Code": CODES[previous]})
    test.assertIn(changes[0]["CurrentState"]["Name"], current)
    test.assertEqual(changes[0]["CurrentState"]["Code"],
                     CODES[changes[0]["CurrentState"]["Name"]])


class WholeFlow(unittest.TestCase):
    def cli(self, version):
        if ran[version] is None:
            self.skipTest(f"AWS CLI version {version} is not in PATH")
        seen = ran[version].result(timeout=560)
        self.assertTrue(seen["public"].startswith("ssh-rsa "), seen["public"])
        rule = seen["rule"]["SecurityGroupRules"][0]
        self.assertEqual((rule["FromPort"], rule["ToPort"], rule["CidrIpv4"], rule["IpProtocol"]),
                         (22, 22, "0.0.0.0/0", "tcp"))
        i = seen["made"]["Instances"][0]
        self.assertEqual(i["State"], {"Name": "pending", "Code": 0})
        self.assertEqual(i["SecurityGroups"][0]["GroupId"], seen["group"])
        running = seen["running"]["Reservations"][0]["Instances"][0]
        self.assertEqual(running["State"], {"Name": "running", "Code": 16})
        self.assertEqual(running["Tags"], [{"Key": "Name", "Value": "é & <b>"}])
        self.assertEqual(running["InstanceType"], "t2.micro")
        self.assertTrue(running["PublicIpAddress"])
        status = seen["status"]["InstanceStatuses"][0]
        self.assertEqual(status["InstanceStatus"]["Status"], "ok")
        self.assertEqual(status["SystemStatus"]["Status"], "ok")
        state_change(self, seen["stopping"]["StoppingInstances"], "running", "stopping")
        state_change(self, seen["starting"]["StartingInstances"], "stopped", "pending")
        self.assertEqual(seen["reboot"], "")
        state_change(self, seen["terminating"]["TerminatingInstances"], "running", "shutting-down")
        self.assertEqual(seen["gone"].returncode, 254 if version == 2 else seen["gone"].returncode)
        self.assertIn("(InvalidGroup.NotFound)", seen["gone"].stderr)

    def test_z_with_cli_1(self):
        self.cli(1)

    def test_z_with_cli_2(self):
        self.cli(2)

    def test_with_boto3_and_its_waiters(self):
        key = ec2.create_key_pair(KeyName="boto3", KeyType="ed25519")
        self.assertIn("BEGIN OPENSSH PRIVATE KEY", key["KeyMaterial"])
        ec2.get_waiter("key_pair_exists").wait(KeyNames=["boto3"], WaiterConfig=WAIT)
        group = ec2.create_security_group(GroupName="boto3", Description="x")["GroupId"]
        ec2.get_waiter("security_group_exists").wait(GroupIds=[group], WaiterConfig=WAIT)
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22,
             "IpRanges": [{"CidrIp": "192.0.2.0/24", "Description": "office"}]}])
        made = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, InstanceType="t3.nano",
                                 KeyName="boto3", SecurityGroupIds=[group])["Instances"][0]
        ids = {"InstanceIds": [made["InstanceId"]]}
        self.assertEqual(made["State"], {"Name": "pending", "Code": 0})
        self.assertEqual(made["StateReason"]["Code"], "pending")
        ec2.get_waiter("instance_exists").wait(**ids, WaiterConfig=WAIT)
        ec2.get_waiter("instance_running").wait(**ids, WaiterConfig=WAIT)
        ec2.get_waiter("instance_status_ok").wait(**ids, WaiterConfig=WAIT)
        ec2.get_waiter("system_status_ok").wait(**ids, WaiterConfig=WAIT)
        now = instance(ec2, made["InstanceId"])
        self.assertNotIn("StateReason", now)
        self.assertEqual(now["StateTransitionReason"], "")
        self.assertEqual(now["KeyName"], "boto3")
        state_change(self, ec2.stop_instances(**ids)["StoppingInstances"], "running", "stopping")
        ec2.get_waiter("instance_stopped").wait(**ids, WaiterConfig=WAIT)
        state_change(self, ec2.start_instances(**ids)["StartingInstances"], "stopped", "pending")
        ec2.get_waiter("instance_running").wait(**ids, WaiterConfig=WAIT)
        ec2.reboot_instances(**ids)
        self.assertEqual(instance(ec2, made["InstanceId"])["State"]["Name"], "running")
        state_change(self, ec2.terminate_instances(**ids)["TerminatingInstances"], "running",
                     "shutting-down")
        ec2.get_waiter("instance_terminated").wait(**ids, WaiterConfig=WAIT)
        ec2.delete_security_group(GroupId=group)
        ec2.delete_key_pair(KeyName="boto3")

    def curl(self, **params):
        argv = ["curl", "--silent", "--show-error", "--aws-sigv4", f"aws:amz:{REGION}:ec2",
                "--user", f"{KEY_ID}:{SECRET}", ENDPOINT + "/"]
        for name, value in dict(params, Version="2016-11-15").items():
            argv += ["--data-urlencode", f"{name.replace('_', '.')}={value}"]
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=True, timeout=30)
        root = ElementTree.fromstring(done.stdout)
        self.assertNotEqual(root.tag, "Response", done.stdout)
        return root, {local_name(each): each.text for each in root.iter()}

    def test_with_curl(self):
        _, found = self.curl(Action="CreateKeyPair", KeyName="curl")
        self.assertIn("PRIVATE KEY", found["keyMaterial"])
        _, found = self.curl(Action="CreateSecurityGroup", GroupName="curl", GroupDescription="a+b & c")
        group = found["groupId"]
        self.curl(Action="AuthorizeSecurityGroupIngress", GroupId=group, IpProtocol="tcp",
                  FromPort=22, ToPort=22, CidrIp="0.0.0.0/0")
        _, found = self.curl(Action="RunInstances", ImageId=image, MinCount=1, MaxCount=1,
                             KeyName="curl", SecurityGroupId_1=group)
        i = found["instanceId"]
        wait_state(ec2, i, "running")
        root, found = self.curl(Action="DescribeInstances", InstanceId_1=i)
        self.assertEqual(local_name(root), "DescribeInstancesResponse")
        self.assertEqual(found["ipAddress"], instance(ec2, i)["PublicIpAddress"])
        self.curl(Action="StopInstances", InstanceId_1=i)
        wait_state(ec2, i, "stopped")
        self.curl(Action="StartInstances", InstanceId_1=i)
        wait_state(ec2, i, "running")
        _, found = self.curl(Action="RebootInstances", InstanceId_1=i)
        self.assertEqual(found["return"], "true")
        self.curl(Action="TerminateInstances", InstanceId_1=i)
        wait_state(ec2, i, "terminated")
        self.curl(Action="DeleteSecurityGroup", GroupId=group)
        self.curl(Action="DeleteKeyPair", KeyName="curl")


class States(unittest.TestCase):
    def setUp(self):
        self.ids = []

    def tearDown(self):
        remove(ec2, *self.ids)

    def launch(self, **more):
        made = launch(ec2, image, **more)
        self.ids += [each["InstanceId"] for each in (made if isinstance(made, list) else [made])]
        return made

    def test_stop_gives_up_the_public_address_and_keeps_the_private_one(self):
        before = self.launch()
        i = before["InstanceId"]
        self.assertTrue(before["PublicDnsName"])
        ec2.stop_instances(InstanceIds=[i])
        stopped = wait_state(ec2, i, "stopped")
        self.assertNotIn("PublicIpAddress", stopped)
        self.assertEqual(stopped["PublicDnsName"], "")
        self.assertNotIn("Association", stopped["NetworkInterfaces"][0])
        self.assertEqual(stopped["PrivateIpAddress"], before["PrivateIpAddress"])
        self.assertEqual(stopped["BlockDeviceMappings"], before["BlockDeviceMappings"])
        self.assertEqual(stopped["StateReason"]["Code"], "Client.UserInitiatedShutdown")
        self.assertEqual(stopped["StateReason"]["Message"],
                         "Client.UserInitiatedShutdown: User initiated shutdown")
        self.assertRegex(stopped["StateTransitionReason"],
                         r"^User initiated \(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d GMT\)$")
        ec2.start_instances(InstanceIds=[i])
        after = wait_state(ec2, i, "running")
        self.assertTrue(after["PublicIpAddress"])
        self.assertEqual(after["PrivateIpAddress"], before["PrivateIpAddress"])
        self.assertEqual(after["NetworkInterfaces"][0]["MacAddress"],
                         before["NetworkInterfaces"][0]["MacAddress"])
        self.assertNotIn("StateReason", after)
        self.assertEqual(after["StateTransitionReason"], "")
        self.assertGreaterEqual(after["LaunchTime"], before["LaunchTime"])

    def test_reboot_keeps_both_addresses(self):
        before = self.launch()
        i = before["InstanceId"]
        ec2.reboot_instances(InstanceIds=[i])
        after = instance(ec2, i)
        for name in ("PublicIpAddress", "PrivateIpAddress", "LaunchTime"):
            self.assertEqual(after[name], before[name])

    def test_a_terminated_instance_stays_visible_without_what_it_had(self):
        i = self.launch(TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "gone"}]}])["InstanceId"]
        ec2.terminate_instances(InstanceIds=[i])
        gone = wait_state(ec2, i, "terminated")
        self.assertEqual(gone["State"]["Code"], 48)
        self.assertEqual(gone["StateReason"]["Code"], "Client.UserInitiatedShutdown")
        self.assertEqual(gone["BlockDeviceMappings"], [])
        self.assertEqual(gone["NetworkInterfaces"], [])
        self.assertEqual(gone["SecurityGroups"], [])
        for name in ("PublicIpAddress", "PrivateIpAddress", "VpcId", "SubnetId"):
            self.assertNotIn(name, gone)
        self.assertEqual(gone["PrivateDnsName"], "")
        self.assertEqual(gone["Tags"], [{"Key": "Name", "Value": "gone"}])
        found = ec2.describe_instances(Filters=[{"Name": "instance-state-code", "Values": ["48"]}])
        self.assertIn(i, [each["InstanceId"] for r in found["Reservations"]
                          for each in r["Instances"]])

    def test_what_is_done_already_is_done_again_with_success(self):
        i = self.launch()["InstanceId"]
        state_change(self, ec2.start_instances(InstanceIds=[i])["StartingInstances"], "running",
                     "running")
        ec2.stop_instances(InstanceIds=[i])
        wait_state(ec2, i, "stopped")
        state_change(self, ec2.stop_instances(InstanceIds=[i])["StoppingInstances"], "stopped",
                     "stopped")
        ec2.terminate_instances(InstanceIds=[i])
        wait_state(ec2, i, "terminated")
        state_change(self, ec2.terminate_instances(InstanceIds=[i])["TerminatingInstances"],
                     "terminated", "terminated")

    def test_forced_stop(self):
        i = self.launch()["InstanceId"]
        state_change(self, ec2.stop_instances(InstanceIds=[i], Force=True)["StoppingInstances"],
                     "running", "stopping")
        wait_state(ec2, i, "stopped")

    def test_steps_that_the_state_forbids(self):
        stopped = self.launch()["InstanceId"]
        ec2.stop_instances(InstanceIds=[stopped])
        wait_state(ec2, stopped, "stopped")
        fault = refusal(ec2.reboot_instances, InstanceIds=[stopped])
        self.assertEqual(fault.code, "IncorrectInstanceState")
        gone = self.launch()["InstanceId"]
        remove(ec2, gone)
        for step in (ec2.start_instances, ec2.stop_instances, ec2.reboot_instances):
            with self.subTest(step.__name__):
                fault = refusal(step, InstanceIds=[gone])
                self.assertEqual(fault.code, "IncorrectInstanceState")
                self.assertIn(f"'{gone}'", fault.message)

    def test_one_bad_id_of_several_leaves_all_as_they_were(self):
        i = self.launch()["InstanceId"]
        missing = "i-00000000000000001"
        for step in (ec2.stop_instances, ec2.terminate_instances, ec2.reboot_instances):
            fault = refusal(step, InstanceIds=[i, missing])
            self.assertEqual((fault.code, fault.message),
                             ("InvalidInstanceID.NotFound",
                              f"The instance ID '{missing}' does not exist"))
        self.assertEqual(instance(ec2, i)["State"]["Name"], "running")

    def test_status_shows_running_ones_unless_all_are_asked_for(self):
        i = self.launch()["InstanceId"]
        until(lambda: ec2.describe_instance_status(InstanceIds=[i])["InstanceStatuses"][0]
              ["InstanceStatus"]["Status"] == "ok")
        ec2.stop_instances(InstanceIds=[i])
        wait_state(ec2, i, "stopped")
        self.assertEqual(ec2.describe_instance_status(InstanceIds=[i])["InstanceStatuses"], [])
        all_of_them = ec2.describe_instance_status(InstanceIds=[i], IncludeAllInstances=True)
        self.assertEqual(all_of_them["InstanceStatuses"][0]["InstanceState"],
                         {"Name": "stopped", "Code": 80})
        self.assertEqual(all_of_them["InstanceStatuses"][0]["InstanceStatus"]["Status"],
                         "not-applicable")

    def test_termination_and_stop_protection(self):
        i = self.launch(DisableApiTermination=True, DisableApiStop=True)["InstanceId"]
        other = self.launch()["InstanceId"]
        for step in (ec2.terminate_instances, ec2.stop_instances):
            fault = refusal(step, InstanceIds=[other, i])
            self.assertEqual(fault.code, "OperationNotPermitted")
            self.assertIn(f"'{i}'", fault.message)
        self.assertEqual(instance(ec2, other)["State"]["Name"], "running")
        ec2.modify_instance_attribute(InstanceId=i, DisableApiTermination={"Value": False})
        ec2.modify_instance_attribute(InstanceId=i, Attribute="disableApiStop", Value="false")
        ec2.stop_instances(InstanceIds=[i])
        wait_state(ec2, i, "stopped")

    def test_a_dry_run_says_so_and_changes_nothing(self):
        i = self.launch()["InstanceId"]
        before = [each["InstanceId"] for each in all_instances(ec2)]
        for step, params in ((ec2.run_instances, {"ImageId": image, "MinCount": 1, "MaxCount": 1,
                                                  "ClientToken": "dry"}),
                             (ec2.stop_instances, {"InstanceIds": [i]}),
                             (ec2.terminate_instances, {"InstanceIds": [i]}),
                             (ec2.create_key_pair, {"KeyName": "dry"}),
                             (ec2.create_tags, {"Resources": [i], "Tags": [{"Key": "dry"}]}),
                             (ec2.describe_instances, {})):
            with self.subTest(step.__name__):
                fault = refusal(step, DryRun=True, **params)
                self.assertEqual((fault.code, fault.status, fault.message),
                                 ("DryRunOperation", 412, "Request would have succeeded, but "
                                                          "DryRun flag is set."))
        self.assertEqual(refusal(ec2.terminate_instances, DryRun=True,
                                 InstanceIds=["i-00000000000000001"]).code,
                         "InvalidInstanceID.NotFound")
        self.assertEqual([each["InstanceId"] for each in all_instances(ec2)], before)
        self.assertEqual(instance(ec2, i)["State"]["Name"], "running")
        self.assertNotIn("Tags", instance(ec2, i))
        self.assertEqual(refusal(ec2.describe_key_pairs, KeyNames=["dry"]).code,
                         "InvalidKeyPair.NotFound")
        made = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, ClientToken="dry")
        self.ids.append(made["Instances"][0]["InstanceId"])


if __name__ == "__main__":
    tap.main()
