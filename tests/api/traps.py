#!/usr/bin/python3 -B
# area: front-door
# config: instance_type=lab.own 1 64 x86_64 2x3
# timeout: 240
"""The traps of EC2's protocol, and what real clients do on the wire: each has a test, and these are
the tables that say which. The tests that are here stand in no other file."""
import ast
import os
import re
import unittest
import xml.etree.ElementTree as ElementTree

import botocore.exceptions
from client import (FORM_TYPE, REGION, SERVER_ERRORS, TREE, call, client, encoded, form, instance,
                    knock, launch, model_of, refusal, register_image, remove, request, tap,
                    wait_state)

BAD, DOOR, EVERY, UNIT = "api/bad_input.py", "api/doors.py", "api/every_door.py", "unit/"
HERE = "api/traps.py"
# A trap, and the tests that step on it: file and name.
TRAPS = {
    "list index as size": [(BAD, "test_numbers_of_lists"),
                           (UNIT + "wire_query.c",
                            "bad_requests_get_the_right_code_and_the_key_that_was_sent")],
    "duplicate key, mixed A.1 and A": [(BAD, "test_the_same_parameter_twice")],
    "modelled but unsupported parameter": [(BAD, "test_what_is_not_provided_is_said_so"),
                                           (BAD, "test_unknown_parameters")],
    "DryRun": [(HERE, "test_dry_run"), (EVERY, "test_every_action_came_through_every_door")],
    "ClientToken": [(HERE, "test_client_token"),
                    ("api/crowd.py", "test_one_client_token_makes_one_instance")],
    "MaxResults": [(HERE, "test_max_results")],
    "NextToken": [(BAD, "test_page_tokens"), (UNIT + "page.c",
                                              "a_token_is_bound_to_its_query_and_caller")],
    "Filters": [(BAD, "test_filters"), (UNIT + "filter.c", "values_compare_as_replies_render_them")],
    "filter names": [(HERE, "test_filter_names")],
    "not-found vs empty": [(HERE, "test_not_found_and_empty")],
    "state answers": [(HERE, "test_state_answers")],
    "mutually exclusive forms": [(HERE, "test_mutually_exclusive_forms")],
    "MinCount/MaxCount": [(HERE, "test_min_count_and_max_count")],
    "TagSpecification.ResourceType": [(HERE, "test_resource_type_of_tag_specifications"),
                                      (BAD, "test_tags")],
    "repeated deletes": [(HERE, "test_repeated_deletes")],
    "key fingerprints": [(UNIT + "key_material.c",
                          "a_made_rsa_key_has_the_sha1_of_its_private_half")],
    "ids": [(BAD, "test_ids")],
    "Version parameter": [(DOOR, "test_content_types_and_namespaces")],
    "InstanceType enum": [(HERE, "test_instance_types_are_the_owners")],
    "UserData": [(BAD, "test_user_data"), (HERE, "test_user_data_with_line_ends")],
    "secrets in logs": [(BAD, "test_4_no_secret_is_in_the_log")],
}
CLIENTS = {
    "the root has the namespace with its slash and the version that was asked for": [
        (DOOR, "test_content_types_and_namespaces")],
    "requestId in successes, RequestID in errors": [
        (DOOR, "test_the_request_id_is_in_the_header_and_in_the_body")],
    "an error has no namespace, one Code and one Message": [(HERE, "test_form_of_errors")],
    "400, 401, 403, 412": [(HERE, "test_statuses")],
    "messages quote the name in single quotes": [(HERE, "test_messages_quote_names")],
    "nothing to say is <return>true</return>": [(HERE, "test_nothing_to_say_is_true")],
    "STS has a form of its own": [(DOOR, "test_sts_has_a_form_of_its_own")],
    "POST with a form and GET with a query": [(EVERY, "test_every_action_came_through_every_door")],
    "connections are kept": [(DOOR, "test_many_requests_on_one_connection")],
    "lists from 1, from 0, and without a number": [(HERE, "test_lists_from_0_and_without_a_number")],
    "an empty parameter is an absent one": [(BAD, "test_empty_parameters_are_absent_ones")],
    "presence is not emptiness (DeleteTags)": [("api/scenarios/account.py", "DeleteTags")],
    "user data in base64 with line ends": [(HERE, "test_user_data_with_line_ends")],
    "boto3 encodes UserData.Value": [(HERE, "test_user_data_reads_back")],
    "signatures of version 2": [(UNIT + "sigv2.c", "every_vector_verifies"),
                                (DOOR, "test_version_2_is_off_and_says_what_switches_it_on")],
    "the signed Host has its port": [(DOOR, "test_what_was_signed_is_what_counts")],
    "UTF-8 and & < > come back as sent": [(BAD, "test_what_is_allowed_comes_back_as_it_went")],
    "+ and %XX": [(HERE, "test_plus_and_percent")],
    "waiters end, and at once when they must fail": [(HERE, "test_waiters_that_fail_do_so_at_once"),
                                                     ("api/flow.py", 'get_waiter("instance_stopped")')],
    "packer: its region is listed": [(HERE, "test_packer_finds_its_region")],
    "ansible: what was asked reads back identical": [(HERE, "test_what_was_asked_reads_back"),
                                                     (HERE, "test_user_data_reads_back")],
    "prometheus and Net::Amazon::EC2: fields they cannot do without": [
        (HERE, "test_fields_that_clients_cannot_do_without")],
}


def setUpModule():
    global ec2, image, one
    ec2 = client()
    image = register_image("traps")
    one = launch(ec2, image)["InstanceId"]


def run(**more):
    return call("post", "RunInstances", {"ImageId": image, "MinCount": 1, "MaxCount": 1, **more})


def describes():
    """The actions that take filters, with a client's shapes of them."""
    with open(os.path.join(TREE, "lib", "api", "actions.def"), encoding="utf-8") as file:
        names = re.findall(r"^ACTION\(ec2, (Describe\w+), READ", file.read(), re.M)
    for name in names:
        members = model_of("ec2").operation_model(name).input_shape.members
        yield name, members


class Case(unittest.TestCase):
    def code(self, *args, **kwargs):
        return refusal(call, *args, **kwargs).code


class Traps(Case):
    def test_dry_run(self):
        known = {r["ReservationId"] for r in ec2.describe_instances()["Reservations"]}
        fault = refusal(run, DryRun=True, ClientToken="dry")
        self.assertEqual((fault.code, fault.status, fault.message), (
            "DryRunOperation", 412, "Request would have succeeded, but DryRun flag is set."))
        # After authentication, decoding and every check of the action.
        self.assertEqual(refusal(run, DryRun=True, SubnetId="subnet-00000001").code,
                         "InvalidSubnetID.NotFound")
        self.assertEqual(form({"Action": "RunInstances", "DryRun": "true"}, secret="x").fault()[0],
                         "AuthFailure")
        self.assertEqual(form({"Action": "DescribeVpcs", "DryRun": "true", "Colour": "red"})
                         .fault()[0], "UnknownParameter")
        self.assertEqual({r["ReservationId"] for r in ec2.describe_instances()["Reservations"]},
                         known)
        # Its token is still free.
        made = run(ClientToken="dry")["Instances"][0]["InstanceId"]
        remove(ec2, made)

    def test_client_token(self):
        token = "t" * 64
        made = run(ClientToken=token)
        i = made["Instances"][0]["InstanceId"]
        wait_state(ec2, i, "running")
        again = run(ClientToken=token)
        self.assertEqual(again["ReservationId"], made["ReservationId"])
        self.assertEqual([(e["InstanceId"], e["State"]["Name"]) for e in again["Instances"]],
                         [(i, "running")])
        fault = refusal(run, ClientToken=token, InstanceType="t3.nano")
        self.assertEqual(fault.code, "IdempotentParameterMismatch")
        self.assertEqual(refusal(run, ClientToken="t" * 65).code, "InvalidParameterValue")
        remove(ec2, i)
        self.assertEqual(run(ClientToken=token)["Instances"][0]["InstanceId"], i)
        # A token is one action's: to another it says nothing.
        other = call("post", "CreateLaunchTemplate", {
            "LaunchTemplateName": "token", "ClientToken": token,
            "LaunchTemplateData": {"InstanceType": "t3.nano"}})
        self.assertTrue(other["LaunchTemplate"]["LaunchTemplateId"])

    def test_max_results(self):
        for action, low, high in (("DescribeInstances", 5, 1000), ("DescribeInstanceTypes", 5, 100),
                                  ("DescribeSecurityGroups", 5, 1000), ("DescribeVpcs", 5, 1000),
                                  ("DescribeSubnets", 5, 1000)):
            for value in (low, high):
                call("post", action, {"MaxResults": value})
            for value in (low - 1, high + 1, 0, -1):
                self.assertEqual(self.code("post", action, {"MaxResults": value}),
                                 "InvalidParameterValue", f"{action} {value}")
        self.assertEqual(self.code("post", "DescribeInstances",
                                   {"InstanceIds": [one], "MaxResults": 5}),
                         "InvalidParameterCombination")

    def test_filter_names(self):
        seen = 0
        for action, members in describes():
            if "Filters" not in members:
                continue
            seen += 1
            for name in ("no-such", "No-Such", "tag:", "*"):
                with self.subTest(f"{action} {name}"):
                    fault = refusal(call, "post", action,
                                    {"Filters": [{"Name": name, "Values": ["x"]}]})
                    self.assertEqual((fault.code, fault.message),
                                     ("InvalidParameterValue", f"The filter '{name}' is invalid"))
        self.assertGreater(seen, 10)
        for action in ("DescribeInstances", "DescribeImages", "DescribeVpcs", "DescribeSubnets",
                       "DescribeSecurityGroups", "DescribeKeyPairs", "DescribeSecurityGroupRules"):
            for name in ("tag:a b", "tag-key"):
                call("post", action, {"Filters": [{"Name": name, "Values": ["x"]}]})

    def test_not_found_and_empty(self):
        vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
        group = ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]
        for action, member, there, missing, out, code, name in (
                ("DescribeInstances", "InstanceIds", one, "i-00000001", "Reservations",
                 "InvalidInstanceID", "instance-id"),
                ("DescribeImages", "ImageIds", image, "ami-00000001", "Images", "InvalidAMIID",
                 "image-id"),
                ("DescribeVpcs", "VpcIds", vpc, "vpc-00000001", "Vpcs", "InvalidVpcID", "vpc-id"),
                ("DescribeSubnets", "SubnetIds", subnet, "subnet-00000001", "Subnets",
                 "InvalidSubnetID", "subnet-id"),
                ("DescribeSecurityGroups", "GroupIds", group, "sg-00000001", "SecurityGroups",
                 "InvalidGroup", "group-id")):
            with self.subTest(action):
                self.assertEqual(len(call("post", action, {member: [there]})[out]), 1)
                # One that is not there, and the call brings nothing.
                self.assertEqual(self.code("post", action, {member: [there, missing]}),
                                 code + ".NotFound")
                found = call("post", action, {"Filters": [{"Name": name, "Values": [missing]}]})
                self.assertEqual(found[out], [])

    def test_state_answers(self):
        i = launch(ec2, image)["InstanceId"]
        states = {"running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64,
                  "stopped": 80, "pending": 0}

        def changed(action, member, before, after):
            found = call("post", action, {"InstanceIds": [i]})[member]
            self.assertEqual(found, [{
                "InstanceId": i, "PreviousState": {"Code": states[before], "Name": before},
                "CurrentState": {"Code": states[after], "Name": after}}])
        changed("StartInstances", "StartingInstances", "running", "running")
        changed("StopInstances", "StoppingInstances", "running", "stopping")
        wait_state(ec2, i, "stopped")
        changed("StopInstances", "StoppingInstances", "stopped", "stopped")
        changed("StartInstances", "StartingInstances", "stopped", "pending")
        wait_state(ec2, i, "running")
        changed("TerminateInstances", "TerminatingInstances", "running", "shutting-down")
        wait_state(ec2, i, "terminated")
        changed("TerminateInstances", "TerminatingInstances", "terminated", "terminated")
        self.assertEqual(self.code("post", "StartInstances", {"InstanceIds": [i]}),
                         "IncorrectInstanceState")
        self.assertEqual(instance(ec2, i)["State"], {"Code": 48, "Name": "terminated"})

    def test_mutually_exclusive_forms(self):
        subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
        group = ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]
        interface = {"DeviceIndex": 0, "SubnetId": subnet}
        for more in ({"SubnetId": subnet}, {"SecurityGroupIds": [group]},
                     {"SecurityGroups": ["default"]}):
            with self.subTest(str(more)):
                self.assertEqual(refusal(run, NetworkInterfaces=[interface], **more).code,
                                 "InvalidParameterCombination")
        rule = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1}
        self.assertEqual(self.code("post", "AuthorizeSecurityGroupIngress", {
            "GroupId": group, "CidrIp": "10.0.0.0/8", **rule,
            "IpPermissions": [{**rule, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]}),
            "InvalidParameterCombination")
        self.assertEqual(self.code("post", "ModifyInstanceAttribute", {
            "InstanceId": one, "Attribute": "disableApiTermination", "Value": "true",
            "DisableApiTermination": {"Value": True}}), "InvalidParameterCombination")

    def test_min_count_and_max_count(self):
        made = run(MinCount=2, MaxCount=3)
        self.assertEqual([i["AmiLaunchIndex"] for i in made["Instances"]], [0, 1, 2])
        found = ec2.describe_instances(InstanceIds=[i["InstanceId"] for i in made["Instances"]])
        self.assertEqual([r["ReservationId"] for r in found["Reservations"]],
                         [made["ReservationId"]])
        remove(ec2, *[i["InstanceId"] for i in made["Instances"]])
        self.assertEqual(refusal(run, MinCount=2, MaxCount=1).code, "InvalidParameterValue")
        # All that is asked for at least, or nothing.
        known = len(ec2.describe_instances()["Reservations"])
        fault = refusal(run, MinCount=1000, MaxCount=1000, InstanceType="m5.24xlarge")
        self.assertIn(fault.code, ("InsufficientInstanceCapacity", "InstanceLimitExceeded"))
        self.assertEqual(len(ec2.describe_instances()["Reservations"]), known)

    def test_resource_type_of_tag_specifications(self):
        tags = [{"Key": "a", "Value": "b"}]
        for kind in ("vpc", "security-group", "image", "planet", ""):
            with self.subTest(kind):
                self.assertIn(refusal(run, TagSpecifications=[{"ResourceType": kind, "Tags": tags}])
                              .code, ("InvalidParameterValue", "MissingParameter",
                                      "InvalidTagSpecification"))
        self.assertEqual(self.code("post", "CreateSecurityGroup", {
            "GroupName": "x", "Description": "x",
            "TagSpecifications": [{"ResourceType": "instance", "Tags": tags}]}),
            "InvalidParameterValue")

    def test_repeated_deletes(self):
        call("post", "DeleteKeyPair", {"KeyName": "never-there"})
        group = ec2.create_security_group(GroupName="twice", Description="d")["GroupId"]
        ec2.create_tags(Resources=[group], Tags=[{"Key": "a", "Value": "b"}])
        for _ in range(2):
            call("post", "DeleteTags", {"Resources": [group], "Tags": [{"Key": "a"}]})
        call("post", "DeleteSecurityGroup", {"GroupId": group})
        self.assertEqual(self.code("post", "DeleteSecurityGroup", {"GroupId": group}),
                         "InvalidGroup.NotFound")
        ami = register_image("twice")
        call("post", "DeregisterImage", {"ImageId": ami})
        self.assertIn(self.code("post", "DeregisterImage", {"ImageId": ami}),
                      ("InvalidAMIID.NotFound", "InvalidAMIID.Unavailable"))

    def test_instance_types_are_the_owners(self):
        found = call("post", "DescribeInstanceTypes", {"InstanceTypes": ["lab.own"]})
        self.assertEqual(found["InstanceTypes"][0]["MemoryInfo"]["SizeInMiB"], 64)
        self.assertEqual(found["InstanceTypes"][0]["InstanceStorageInfo"]["TotalSizeInGB"], 6)
        made = run(InstanceType="lab.own")["Instances"][0]
        self.assertEqual(made["InstanceType"], "lab.own")
        remove(ec2, made["InstanceId"])
        # AWS has it, and no table here.
        self.assertEqual(refusal(run, InstanceType="u-24tb1.112xlarge").code, "InvalidParameterValue")


class Clients(Case):
    def test_form_of_errors(self):
        answer = form({"Action": "DescribeInstances", "InstanceId.1": "i-00000001"})
        root = ElementTree.fromstring(answer.body)
        self.assertEqual([each.tag for each in root.iter()],
                         ["Response", "Errors", "Error", "Code", "Message", "RequestID"])
        self.assertNotIn("xmlns", answer.text)

    def test_statuses(self):
        self.assertEqual(form({"Action": "DescribeVpcs", "Colour": "red"}).status, 400)
        self.assertEqual(form({"Action": "DescribeVpcs"}, secret="x").status, 401)
        self.assertEqual(form({"Action": "DescribeVpcs"}, signed=False).status, 403)
        self.assertEqual(form({"Action": "DescribeVpcs", "DryRun": "true"}).status, 412)

    def test_messages_quote_names(self):
        for action, params, message in (
                ("DescribeKeyPairs", {"KeyNames": ["x y"]}, "The key pair 'x y' does not exist"),
                ("DescribeInstances", {"InstanceIds": ["i-00000001"]},
                 "The instance ID 'i-00000001' does not exist"),
                ("DescribeVpcs", {"VpcIds": ["vpc-00000001"]},
                 "The vpc ID 'vpc-00000001' does not exist")):
            self.assertEqual(refusal(call, "post", action, params).message, message)

    def test_nothing_to_say_is_true(self):
        for action, params in (("RebootInstances", {"InstanceIds": [one]}),
                               ("CreateTags", {"Resources": [one], "Tags": [{"Key": "r", "Value": ""}]}),
                               ("DeleteTags", {"Resources": [one], "Tags": [{"Key": "r"}]})):
            self.assertIn("</requestId><return>true</return></", knock("post", action, params).text)

    def test_lists_from_0_and_without_a_number(self):
        for names in (("InstanceId.1",), ("InstanceId.0",), ("InstanceId",),
                      ("InstanceId.0", "InstanceId.1"), ("InstanceId.3", "InstanceId.7")):
            with self.subTest(names):
                answer = form({"Action": "DescribeInstances", **{name: one for name in names}})
                self.assertEqual(answer.text.count(f"<instanceId>{one}</instanceId>"), 1)
        for tag in ("Tag.0", "Tag.1"):
            answer = form({"Action": "CreateTags", "ResourceId.0": one, f"{tag}.Key": "k",
                           f"{tag}.Value": tag})
            self.assertEqual(answer.status, 200)
            answer = form({"Action": "DescribeInstances", "Filter.1.Name": "tag:k",
                           "Filter.1.Value": tag})
            self.assertIn(one, answer.text)
        call("post", "DeleteTags", {"Resources": [one], "Tags": [{"Key": "k"}]})

    def test_user_data_with_line_ends(self):
        text = encoded("#!/bin/sh\n" + "echo " + "x" * 200)
        for end in ("\n", "\r\n", " ", "\n\n"):
            lines = end.join(text[i:i + 60] for i in range(0, len(text), 60)) + end
            i = run(UserData=lines)["Instances"][0]["InstanceId"]
            found = ec2.describe_instance_attribute(InstanceId=i, Attribute="userData")
            self.assertEqual("".join(found["UserData"]["Value"].split()), text)
            remove(ec2, i)

    def test_user_data_reads_back(self):
        i = launch(ec2, image, UserData="first")["InstanceId"]

        def now():
            found = ec2.describe_instance_attribute(InstanceId=i, Attribute="userData")
            return found["UserData"].get("Value")
        self.assertEqual(now(), encoded("first"))
        ec2.stop_instances(InstanceIds=[i])
        wait_state(ec2, i, "stopped")
        ec2.modify_instance_attribute(InstanceId=i, UserData={"Value": b"second \xff"})
        self.assertEqual(now(), encoded(b"second \xff"))
        remove(ec2, i)

    def test_plus_and_percent(self):
        for text, value in (("a+b", "a b"), ("a%20b", "a b"), ("a%2Bb", "a+b"), ("%25+%26", "% &"),
                            ("%c3%A9", "é"), ("a=b", "a=b"), ("%3D", "=")):
            with self.subTest(text):
                body = f"Action=CreateTags&ResourceId.1={one}&Tag.1.Key=p&Tag.1.Value={text}"
                sent = request("POST", body=body, headers={"Content-Type": FORM_TYPE}, unix=True)
                self.assertEqual(sent.status, 200, sent.text)
                self.assertEqual([t["Value"] for t in instance(ec2, one)["Tags"] if t["Key"] == "p"],
                                 [value])
        call("post", "DeleteTags", {"Resources": [one], "Tags": [{"Key": "p"}]})

    def test_waiters_that_fail_do_so_at_once(self):
        i = launch(ec2, image)["InstanceId"]
        remove(ec2, i)
        patient = {"Delay": 15, "MaxAttempts": 40}
        for name in ("instance_running", "instance_stopped"):
            with self.subTest(name), self.assertRaises(botocore.exceptions.WaiterError) as raised:
                ec2.get_waiter(name).wait(InstanceIds=[i], WaiterConfig=patient)
            self.assertIn("terminal failure", str(raised.exception))
        with self.assertRaises(botocore.exceptions.WaiterError) as raised:
            ec2.get_waiter("instance_running").wait(InstanceIds=["i-00000001"],
                                                    WaiterConfig={"Delay": 0, "MaxAttempts": 2})
        self.assertIn("Max attempts exceeded", str(raised.exception))  # NotFound is tried again
        ec2.get_waiter("instance_terminated").wait(InstanceIds=[i], WaiterConfig=patient)
        ec2.get_waiter("image_available").wait(ImageIds=[image], WaiterConfig=patient)
        ec2.get_waiter("vpc_available").wait(WaiterConfig=patient)
        ec2.get_waiter("subnet_available").wait(WaiterConfig=patient)

    def test_packer_finds_its_region(self):
        found = ec2.describe_regions()["Regions"]
        self.assertIn(REGION, [region["RegionName"] for region in found])

    def test_what_was_asked_reads_back(self):
        tags = [{"Key": "Name", "Value": "web & <db>"}, {"Key": "empty", "Value": ""}]
        i = launch(ec2, image, TagSpecifications=[{"ResourceType": "instance", "Tags": tags}])
        found = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [i["InstanceId"]]}])
        self.assertEqual([{"Key": t["Key"], "Value": t["Value"]} for t in found["Tags"]], tags)
        status = ec2.describe_instance_status(InstanceIds=[i["InstanceId"]], IncludeAllInstances=True)
        self.assertEqual(status["InstanceStatuses"][0]["InstanceState"]["Name"], "running")
        group = ec2.create_security_group(GroupName="back", Description="d")["GroupId"]
        rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "UserIdGroupPairs": [],
                "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "a [b] & {c}"}], "Ipv6Ranges": [],
                "PrefixListIds": []}
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
        now = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
        self.assertEqual(now["IpPermissions"], [rule])
        ec2.delete_security_group(GroupId=group)
        remove(ec2, i["InstanceId"])

    def test_fields_that_clients_cannot_do_without(self):
        found = instance(ec2, one)
        owner = ec2.describe_instances(InstanceIds=[one])["Reservations"][0]["OwnerId"]
        zones = {zone["ZoneName"]: zone["ZoneId"]
                 for zone in ec2.describe_availability_zones()["AvailabilityZones"]}
        self.assertEqual(found["Architecture"], "x86_64")
        self.assertTrue(found["PrivateDnsName"])
        self.assertRegex(owner, r"^\d{12}$")
        self.assertRegex(zones[found["Placement"]["AvailabilityZone"]], r"^[a-z0-9]+-az\d$")
        self.assertTrue(ec2.describe_images(ImageIds=[image])["Images"][0]["ImageLocation"])


class ZTables(Case):
    def test_every_trap_and_every_habit_has_its_test(self):
        self.assertEqual((len(TRAPS), len(CLIENTS) > 20), (21, True))
        texts = {}
        for table in (TRAPS, CLIENTS):
            for trap, tests in table.items():
                self.assertTrue(tests, trap)
                for path, name in tests:
                    with open(os.path.join(TREE, "tests", path), encoding="utf-8") as file:
                        text = texts.setdefault(path, file.read())
                    with self.subTest(f"{trap}: {name}"):
                        if path.endswith(".c"):
                            self.assertIn(f"START_TEST({name})", text)
                        elif "(" in name:
                            self.assertIn(name, text)
                        else:
                            names = [node.name for node in ast.walk(ast.parse(text))
                                     if isinstance(node, ast.FunctionDef)]
                            self.assertIn(name, names)

    def test_no_server_error_was_answered(self):
        self.assertEqual([each for each in SERVER_ERRORS if "Capacity" not in each], [])


if __name__ == "__main__":
    tap.main()
