#!/usr/bin/python3 -B
# area: launch
# threads: yes
# config: regions=us-east-1 eu-west-1
# timeout: 400
"""Many callers at once, many instances, several pages, two regions."""
import concurrent.futures
import threading
import unittest

from client import (REGION, Refused, SERVER_ERRORS, call, client, form, instance, knock, launch, refusal,
                    register_image, remove, tap, until)

OTHER = "eu-west-1"
CODES = {"running": 16, "stopped": 80, "terminated": 48}


def setUpModule():
    global ec2, image
    ec2 = client()
    image = register_image("crowd")


def together(count, step):
    """Runs step(n) in `count` threads that begin at the same time; results or refusals."""
    gate = threading.Barrier(count)

    def run(number):
        gate.wait()
        try:
            return step(number)
        except Refused as refused:
            return refused
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def make(**more):
    params = {"ImageId": image, "MinCount": 1, "MaxCount": 1, "InstanceType": "t3.nano", **more}
    return call("post", "RunInstances", params, unix=True)


def ids_of(reply):
    return [i["InstanceId"] for i in reply["Instances"]]


def all_reach(ids, state):
    """Waits until all of them are in the state. The replies are long: they are counted, not read."""
    wanted = f"<instanceState><code>{CODES[state]}</code>".encode()

    def there():
        answer = knock("post", "DescribeInstances", {"InstanceIds": ids}, unix=True)
        assert answer.status == 200, answer.text[:300]
        return answer.body.count(wanted) == len(ids)
    until(there, 120, f"{len(ids)} instances being {state}")


class Together(unittest.TestCase):
    def test_one_client_token_makes_one_instance(self):
        replies = together(12, lambda _: make(ClientToken="one-of-many"))
        made = {tuple(ids_of(reply)) for reply in replies}
        self.assertEqual(len(made), 1, made)
        remove(ec2, *made.pop())

    def test_addresses_and_ids_are_given_once(self):
        replies = together(12, lambda _: make(MinCount=10, MaxCount=10))
        made = [i for reply in replies for i in reply["Instances"]]
        for name in ("InstanceId", "PrivateIpAddress", "PublicIpAddress"):
            self.assertEqual(len({i[name] for i in made}), 120, name)
        macs = {i["NetworkInterfaces"][0]["MacAddress"] for i in made}
        volumes = [i["InstanceId"] for i in made]
        self.assertEqual(len(macs), 120)
        all_reach(volumes, "running")
        ec2.terminate_instances(InstanceIds=volumes)
        all_reach(volumes, "terminated")
        self.assertEqual({subnet["AvailableIpAddressCount"]
                          for subnet in ec2.describe_subnets()["Subnets"]}, {4091})

    def test_a_name_is_given_once(self):
        for action, params, code in (
                ("CreateSecurityGroup", {"GroupName": "once", "Description": "d"},
                 "InvalidGroup.Duplicate"),
                ("CreateKeyPair", {"KeyName": "once", "KeyType": "ed25519"},
                 "InvalidKeyPair.Duplicate")):
            replies = together(12, lambda _, a=action, p=params: call("post", a, p, unix=True))
            bad = [reply.code for reply in replies if isinstance(reply, Refused)]
            self.assertEqual(bad, [code] * 11)

    def test_stop_start_and_terminate_at_once_end_in_one_way(self):
        made = ids_of(make(MinCount=10, MaxCount=10))
        all_reach(made, "running")
        steps = ("StopInstances", "StartInstances", "RebootInstances", "StopInstances")
        replies = together(12, lambda n: call("post", steps[n % 4], {"InstanceIds": made},
                                              unix=True))
        for reply in replies:
            if isinstance(reply, Refused):
                self.assertEqual(reply.code, "IncorrectInstanceState")
        replies = together(4, lambda _: call("post", "TerminateInstances", {"InstanceIds": made},
                                             unix=True))
        self.assertFalse([reply for reply in replies if isinstance(reply, Refused)])
        all_reach(made, "terminated")

    def test_the_same_id_twice_is_one(self):
        i = launch(ec2, image)["InstanceId"]
        found = ec2.describe_instances(InstanceIds=[i, i])["Reservations"]
        self.assertEqual(len(found), 1)
        self.assertEqual(len(found[0]["Instances"]), 1)
        done = ec2.terminate_instances(InstanceIds=[i, i])["TerminatingInstances"]
        self.assertEqual([each["InstanceId"] for each in done], [i])


class Pages(unittest.TestCase):
    def test_each_instance_comes_once_while_others_come_and_go(self):
        made = ids_of(make(MinCount=60, MaxCount=60))
        seen, token = [], None
        while True:
            params = {"MaxResults": 7, **({"NextToken": token} if token else {})}
            page = call("post", "DescribeInstances", params, unix=True)
            found = [i for r in page["Reservations"] for i in ids_of(r)]
            self.assertLessEqual(len(found), 7)
            seen += found
            token = page.get("NextToken")
            if not token:
                break
            ec2.terminate_instances(InstanceIds=[make()["Instances"][0]["InstanceId"]])
        self.assertEqual(len(seen), len(set(seen)))
        self.assertEqual(set(made) - set(seen), set())
        ec2.terminate_instances(InstanceIds=made)
        all_reach(made, "terminated")

    def test_pages_of_everything_that_has_pages(self):
        for action, member, key in (
                ("DescribeInstanceTypes", "InstanceTypes", "InstanceType"),
                ("DescribeSecurityGroupRules", "SecurityGroupRules", "SecurityGroupRuleId")):
            whole = call("post", action, {}, unix=True)[member]
            parts, token = [], None
            while True:
                params = {"MaxResults": 5, **({"NextToken": token} if token else {})}
                page = call("json", action, params, unix=True)
                parts += page[member]
                token = page.get("NextToken")
                if not token:
                    break
            self.assertEqual([each[key] for each in parts], [each[key] for each in whole])

    def test_hundreds_of_instances_in_one_reply(self):
        made = ids_of(make(MinCount=400, MaxCount=400, TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": "many", "Value": "1"}]}]))
        self.assertEqual(len(set(made)), 400)
        all_reach(made, "running")
        found = call("post", "DescribeInstances", {"Filters": [
            {"Name": "tag:many", "Values": ["1"]}], "MaxResults": 1000}, unix=True)
        self.assertEqual(len(found["Reservations"]), 1)
        self.assertEqual(len(found["Reservations"][0]["Instances"]), 400)
        self.assertEqual(refusal(make, MinCount=1001, MaxCount=1001).code, "InvalidParameterValue")
        ec2.terminate_instances(InstanceIds=made)
        all_reach(made, "terminated")


class Regions(unittest.TestCase):
    def test_what_is_in_one_region_is_not_in_the_other(self):
        other = client(region=OTHER)
        mine = launch(ec2, image)["InstanceId"]
        group = ec2.create_security_group(GroupName="here", Description="d")["GroupId"]
        ec2.create_key_pair(KeyName="here", KeyType="ed25519")
        ec2.create_tags(Resources=[mine], Tags=[{"Key": "here", "Value": ""}])
        for step, params, code in (
                (other.describe_instances, {"InstanceIds": [mine]}, "InvalidInstanceID.NotFound"),
                (other.terminate_instances, {"InstanceIds": [mine]}, "InvalidInstanceID.NotFound"),
                (other.describe_security_groups, {"GroupIds": [group]}, "InvalidGroup.NotFound"),
                (other.delete_security_group, {"GroupId": group}, "InvalidGroup.NotFound"),
                (other.describe_key_pairs, {"KeyNames": ["here"]}, "InvalidKeyPair.NotFound"),
                (other.describe_images, {"ImageIds": [image]}, "InvalidAMIID.NotFound"),
                (other.create_tags, {"Resources": [mine], "Tags": [{"Key": "x", "Value": ""}]},
                 "InvalidInstanceID.NotFound"),
                (other.delete_tags, {"Resources": [mine]}, "InvalidInstanceID.NotFound"),
                (other.run_instances, {"ImageId": image, "MinCount": 1, "MaxCount": 1},
                 "InvalidAMIID.NotFound"),
                (other.get_console_output, {"InstanceId": mine}, "InvalidInstanceID.NotFound")):
            with self.subTest(step.__name__):
                self.assertEqual(refusal(step, **params).code, code)
        self.assertEqual(other.describe_tags()["Tags"], [])
        self.assertEqual(other.describe_instances()["Reservations"], [])
        self.assertEqual(instance(ec2, mine)["Tags"], [{"Key": "here", "Value": ""}])
        there = register_image("crowd", region=OTHER)
        made = launch(other, there)
        self.assertEqual(made["Placement"]["AvailabilityZone"], OTHER + "a")
        self.assertNotEqual(other.describe_vpcs()["Vpcs"][0]["VpcId"],
                            ec2.describe_vpcs()["Vpcs"][0]["VpcId"])
        self.assertEqual({r["RegionName"] for r in ec2.describe_regions()["Regions"]},
                         {REGION, OTHER})
        # The signature's region counts, not what else is said.
        answer = form({"Action": "DescribeInstances", "InstanceId.1": made["InstanceId"]},
                      headers={"X-Croft-Region": OTHER})
        self.assertEqual(answer.fault()[0], "InvalidInstanceID.NotFound")
        remove(other, made["InstanceId"])
        remove(ec2, mine)


class ZLast(unittest.TestCase):
    def test_no_server_error_was_answered(self):
        self.assertEqual(SERVER_ERRORS, [])


if __name__ == "__main__":
    tap.main()
