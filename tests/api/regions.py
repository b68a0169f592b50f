#!/usr/bin/python3 -B
# area: front-door
"""Regions: each a namespace of its own, and a sentence that says which there are."""
import json
import os
import subprocess
import unittest

from client import (DOORS, REGION, REGIONS, TREE, call, client, connection, form, instance, knock,
                    launch, refusal, register_image, remove, request, tap)

SERVED = ("us-east-1", "us-east-2", "us-west-1", "us-west-2", "eu-west-1", "eu-central-1",
          "ap-northeast-1", "ap-south-1")
HERE, THERE, ABSENT = "us-east-1", "ap-south-1", "eu-north-1"
CROFT = os.path.join(os.environ.get("CROFT_BUILD", os.path.join(TREE, "build")), "cmd/croft/croft")


def setUpModule():
    global here, there
    here, there = client(region=HERE), client(region=THERE)


class Served(unittest.TestCase):
    maxDiff = None

    def test_the_lab_serves_eight_and_the_first_is_the_default(self):
        self.assertEqual(tuple(REGIONS), SERVED)
        self.assertEqual(REGION, HERE)
        default = call("rest", "DescribeAvailabilityZones", {}, unix=True)["AvailabilityZones"]
        self.assertEqual({zone["RegionName"] for zone in default}, {HERE})

    def test_each_has_a_default_vpc_and_zones_a_b_c(self):
        vpcs = set()
        for region in SERVED:
            with self.subTest(region):
                ec2 = client(region=region)
                zones = ec2.describe_availability_zones()["AvailabilityZones"]
                self.assertEqual([zone["ZoneName"] for zone in zones],
                                 [region + letter for letter in "abc"])
                self.assertEqual({zone["State"] for zone in zones}, {"available"})
                self.assertEqual(len({zone["ZoneId"] for zone in zones}), 3)
                [vpc] = ec2.describe_vpcs()["Vpcs"]
                self.assertTrue(vpc["IsDefault"])
                vpcs.add(vpc["VpcId"])
                subnets = ec2.describe_subnets()["Subnets"]
                self.assertEqual(sorted(subnet["AvailabilityZone"] for subnet in subnets),
                                 [region + letter for letter in "abc"])
                self.assertEqual({subnet["VpcId"] for subnet in subnets}, {vpc["VpcId"]})
                [group] = ec2.describe_security_groups(GroupNames=["default"])["SecurityGroups"]
                self.assertEqual((group["GroupName"], group["VpcId"]), ("default", vpc["VpcId"]))
        self.assertEqual(len(vpcs), len(SERVED))

    def test_describe_regions_says_which(self):
        for door in DOORS:
            for region in (HERE, THERE):
                found = call(door, "DescribeRegions", {}, region=region)["Regions"]
                self.assertEqual([each["RegionName"] for each in found], sorted(SERVED))
                self.assertEqual({each["OptInStatus"] for each in found}, {"opt-in-not-required"})
        every = {each["RegionName"]: each["OptInStatus"]
                 for each in here.describe_regions(AllRegions=True)["Regions"]}
        self.assertEqual({name for name, status in every.items() if status != "not-opted-in"},
                         set(SERVED))
        [asked] = here.describe_regions(RegionNames=[ABSENT])["Regions"]
        self.assertEqual((asked["RegionName"], asked["OptInStatus"]), (ABSENT, "not-opted-in"))
        fault = refusal(here.describe_regions, RegionNames=[HERE, "us-east-9"])
        self.assertEqual((fault.code, fault.message),
                         ("InvalidParameterValue", "Invalid region names: [us-east-9]"))

    def test_another_is_refused_with_those_that_are_served(self):
        served = "this server serves: " + ", ".join(SERVED)
        for door in DOORS:
            for region in (ABSENT, "nowhere"):
                with self.subTest(f"{door} {region}"):
                    fault = refusal(call, door, "DescribeVpcs", {}, region=region)
                    self.assertEqual((fault.code, fault.status), ("AuthFailure", 401))
                    self.assertEqual(fault.message, "The request is signed for region "
                                                    f"'{region}'; {served}")
                    fault = refusal(call, door, "DescribeVpcs", {}, region=region, unix=True)
                    self.assertEqual((fault.code, fault.status), ("InvalidParameterValue", 400))
                    self.assertEqual(fault.message, f"The request is for region '{region}'; {served}")
        said = subprocess.run([CROFT, "--region", ABSENT, "describe-vpcs"], check=False,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        self.assertEqual(said.returncode, 254, said.stderr)
        self.assertIn(served, said.stderr)
        for region in (HERE, THERE):
            said = subprocess.run([CROFT, "--region", region, "describe-vpcs", "--output", "json"],
                                  check=False, stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True, timeout=60)
            self.assertEqual([vpc["VpcId"] for vpc in json.loads(said.stdout)["Vpcs"]],
                             [vpc["VpcId"] for vpc in client(region=region).describe_vpcs()["Vpcs"]])

    def test_a_name_of_a_region_that_is_no_text(self):
        for name in (b"\xff\xfe", b"a<b&c", b"x" * 1000):
            link = connection(unix=True)
            link.putrequest("POST", "/?Action=DescribeVpcs&Version=2016-11-15")
            link.putheader("X-Croft-Region", name)
            link.putheader("Content-Length", "0")
            link.endheaders()
            reply = link.getresponse()
            self.assertEqual(reply.status, 400)
            self.assertIn(b"this server serves: us-east-1", reply.read())
            link.close()


class Apart(unittest.TestCase):
    """What is made in one region cannot be seen, used or changed from another."""

    @classmethod
    def setUpClass(cls):
        cls.image = register_image("same-name", region=HERE)
        cls.other_image = register_image("same-name", region=THERE)
        cls.group = here.create_security_group(GroupName="same", Description="x")["GroupId"]
        here.create_key_pair(KeyName="same")
        here.create_key_pair(KeyName="only-here")
        cls.instance = launch(here, cls.image, KeyName="same", SecurityGroupIds=[cls.group])
        cls.vpc = here.describe_vpcs()["Vpcs"][0]["VpcId"]
        cls.subnet = here.describe_subnets()["Subnets"][0]["SubnetId"]

    def refused(self, code, function, **params):
        fault = refusal(function, **params)
        self.assertEqual(fault.code, code, fault)

    def test_the_same_names_may_be_taken_elsewhere(self):
        group = there.create_security_group(GroupName="same", Description="y")["GroupId"]
        self.assertNotEqual(group, self.group)
        there.create_key_pair(KeyName="same")
        self.assertNotEqual(self.image, self.other_image)
        made = launch(there, self.other_image, KeyName="same", SecurityGroups=["same"])
        self.assertEqual(made["SecurityGroups"], [{"GroupName": "same", "GroupId": group}])
        self.assertEqual(made["Placement"]["AvailabilityZone"][:-1], THERE)
        self.assertTrue(made["PrivateDnsName"].endswith(f".{THERE}.compute.internal"))
        self.assertTrue(instance(here, self.instance["InstanceId"])["PrivateDnsName"]
                        .endswith(".ec2.internal"))
        remove(there, made["InstanceId"])

    def test_nothing_is_seen_through_any_door(self):
        i = self.instance["InstanceId"]
        for door in DOORS:
            for unix in (False, True):
                with self.subTest(f"{door}, unix: {unix}"):
                    for action, params, key, mine in (
                            ("DescribeInstances", {}, "Reservations", i),
                            ("DescribeKeyPairs", {}, "KeyPairs", "only-here"),
                            ("DescribeSecurityGroups", {}, "SecurityGroups", self.group),
                            ("DescribeSecurityGroupRules", {}, "SecurityGroupRules", self.group),
                            ("DescribeImages", {}, "Images", self.image),
                            ("DescribeInstanceStatus", {"IncludeAllInstances": True},
                             "InstanceStatuses", i),
                            ("DescribeVpcs", {}, "Vpcs", self.vpc),
                            ("DescribeSubnets", {}, "Subnets", self.subnet)):
                        self.assertIn(mine, str(call(door, action, params, region=HERE,
                                                     unix=unix)[key]))
                        self.assertNotIn(mine, str(call(door, action, params, region=THERE,
                                                        unix=unix)[key]))
                    fault = refusal(call, door, "DescribeInstances", {"InstanceIds": [i]},
                                    region=THERE, unix=unix)
                    self.assertEqual(fault.code, "InvalidInstanceID.NotFound")

    def test_ids_of_another_region_do_not_exist(self):
        i = self.instance["InstanceId"]
        for function in (there.describe_instances, there.start_instances, there.stop_instances,
                         there.reboot_instances, there.terminate_instances):
            self.refused("InvalidInstanceID.NotFound", function, InstanceIds=[i])
        self.refused("InvalidInstanceID.NotFound", there.get_console_output, InstanceId=i)
        self.refused("InvalidInstanceID.NotFound", there.describe_instance_attribute, InstanceId=i,
                     Attribute="userData")
        self.refused("InvalidInstanceID.NotFound", there.modify_instance_attribute, InstanceId=i,
                     DisableApiTermination={"Value": True})
        self.refused("InvalidInstanceID.NotFound", there.create_tags, Resources=[i],
                     Tags=[{"Key": "a", "Value": "b"}])
        self.refused("InvalidGroup.NotFound", there.describe_security_groups,
                     GroupIds=[self.group])
        self.refused("InvalidGroup.NotFound", there.delete_security_group, GroupId=self.group)
        self.refused("InvalidGroup.NotFound", there.authorize_security_group_ingress,
                     GroupId=self.group, IpProtocol="tcp", FromPort=1, ToPort=1, CidrIp="0.0.0.0/0")
        self.refused("InvalidVpcID.NotFound", there.create_security_group, GroupName="v",
                     Description="x", VpcId=self.vpc)
        self.refused("InvalidVpcID.NotFound", there.describe_vpcs, VpcIds=[self.vpc])
        self.refused("InvalidSubnetID.NotFound", there.describe_subnets, SubnetIds=[self.subnet])
        self.refused("InvalidKeyPair.NotFound", there.describe_key_pairs, KeyNames=["only-here"])
        self.refused("InvalidAMIID.NotFound", there.describe_images, ImageIds=[self.image])
        self.refused("InvalidAMIID.NotFound", there.deregister_image, ImageId=self.image)
        there.delete_key_pair(KeyName="only-here")  # succeeds, as for any name that is none
        self.assertEqual(len(here.describe_key_pairs(KeyNames=["only-here"])["KeyPairs"]), 1)
        self.assertEqual(instance(here, i)["State"]["Name"], "running")

    def test_a_launch_takes_nothing_of_another_region(self):
        run = {"ImageId": self.other_image, "MinCount": 1, "MaxCount": 1,
               "InstanceType": "t3.micro"}
        for code, more in (
                ("InvalidAMIID.NotFound", {"ImageId": self.image}),
                ("InvalidKeyPair.NotFound", {"KeyName": "only-here"}),
                ("InvalidGroup.NotFound", {"SecurityGroupIds": [self.group]}),
                ("InvalidSubnetID.NotFound", {"SubnetId": self.subnet}),
                ("InvalidParameterValue", {"Placement": {"AvailabilityZone": HERE + "a"}})):
            with self.subTest(str(more)):
                self.refused(code, there.run_instances, **{**run, **more})

    def test_tags_pages_and_tokens_stay_in_their_region(self):
        i = self.instance["InstanceId"]
        here.create_tags(Resources=[i], Tags=[{"Key": "only-here", "Value": "1"}])
        self.assertNotIn("only-here", str(there.describe_tags()["Tags"]))
        here.run_instances(ImageId=self.image, MinCount=6, MaxCount=6, InstanceType="t3.micro",
                           ClientToken="one-token")
        page = here.describe_tags(MaxResults=5) if len(here.describe_tags()["Tags"]) > 5 else \
            here.describe_instance_status(IncludeAllInstances=True, MaxResults=5)
        self.refused("InvalidPaginationToken", there.describe_instance_status,
                     IncludeAllInstances=True, MaxResults=5, NextToken=page["NextToken"])
        made = there.run_instances(ImageId=self.other_image, MinCount=1, MaxCount=1,
                                   InstanceType="t3.micro", ClientToken="one-token")["Instances"]
        self.assertEqual(len(made), 1)
        remove(there, made[0]["InstanceId"])

    def test_the_server_is_one(self):
        """Capacity and status are the server's, whatever the region."""
        found = json.loads(request("GET", "/v1/status", unix=True).body)
        self.assertEqual(tuple(found["regions"]), SERVED)
        answer = form({"Action": "DescribeVpcs"}, region=THERE)
        self.assertEqual(answer.status, 200)
        self.assertEqual(knock("rest", "DescribeVpcs", {}, region=THERE).status, 200)


if __name__ == "__main__":
    tap.main()
