"""Instances and their types: launched, described, stopped, ended."""
from client import REGION, call, instance, launch, remove, wait_state

from .world import MISSING, Scenarios, ec2, the


class Instances(Scenarios):
    def DescribeInstanceStatus(self):
        found = call("post", "DescribeInstanceStatus", {"InstanceIds": [the.one]})["InstanceStatuses"]
        self.assertEqual(found[0]["InstanceState"], {"Code": 16, "Name": "running"})
        self.assertEqual(found[0]["SystemStatus"]["Status"], "ok")

    def DescribeInstanceTypeOfferings(self):
        found = call("post", "DescribeInstanceTypeOfferings", {
            "LocationType": "availability-zone",
            "Filters": [{"Name": "instance-type", "Values": ["t3.micro"]}]})
        self.assertIn({"InstanceType": "t3.micro", "LocationType": "availability-zone",
                       "Location": f"{REGION}a"}, found["InstanceTypeOfferings"])

    def DescribeInstanceTypes(self):
        found = call("post", "DescribeInstanceTypes", {"InstanceTypes": ["t3.micro"]})
        kind = found["InstanceTypes"][0]
        self.assertEqual((kind["VCpuInfo"]["DefaultVCpus"], kind["MemoryInfo"]["SizeInMiB"]),
                         (2, 1024))
        # Every family that was asked for, all pages of it.
        pages = ec2.get_paginator("describe_instance_types").paginate(
            PaginationConfig={"PageSize": 20})
        names = [kind["InstanceType"] for page in pages for kind in page["InstanceTypes"]]
        self.assertEqual(len(names), len(set(names)))
        families = {name.partition(".")[0] for name in names}
        wanted = set("t2 t3 t3a t4g m5 m6i m6g c5 c6i c6g r5 r6g x1 i3 d2".split())
        self.assertEqual(wanted - families, set())
        self.assertTrue(any(family.startswith("x2") for family in families))

    def DescribeInstances(self):
        found = call("post", "DescribeInstances", {"InstanceIds": [the.one]})["Reservations"][0]
        self.assertEqual(found["Instances"][0]["InstanceId"], the.one)
        self.assertRegex(found["ReservationId"], r"^r-[0-9a-f]{17}$")
        self.assertEqual(found["Groups"], [])

    def DescribeInstanceImageMetadata(self):
        found = call("post", "DescribeInstanceImageMetadata", {
            "Filters": [{"Name": "instance-id", "Values": [the.one]},
                        {"Name": "image-allowed", "Values": ["true"]}]})
        item, of = found["InstanceImageMetadata"][0], instance(ec2, the.one)
        self.assertEqual((item["InstanceId"], item["State"], item["LaunchTime"]),
                         (the.one, of["State"], of["LaunchTime"]))
        self.assertEqual(item["ImageMetadata"]["ImageId"], the.image)
        self.assertEqual(item["ImageMetadata"]["State"], "available")

    def MonitorInstances(self):
        made = call("post", "MonitorInstances", {"InstanceIds": [the.one]})["InstanceMonitorings"]
        self.assertEqual(made, [{"InstanceId": the.one, "Monitoring": {"State": "pending"}}])
        self.assertEqual(instance(ec2, the.one)["Monitoring"], {"State": "enabled"})

    def RebootInstances(self):
        call("post", "RebootInstances", {"InstanceIds": [the.one]})

    def RunInstances(self):
        made = call("post", "RunInstances", {"ImageId": the.image, "MinCount": 1, "MaxCount": 2})
        self.assertEqual(len(made["Instances"]), 2)
        self.assertEqual(made["Groups"], [])
        remove(ec2, *[i["InstanceId"] for i in made["Instances"]])

    def StartInstances(self):
        made = call("post", "StartInstances", {"InstanceIds": [the.one]})["StartingInstances"]
        self.assertEqual(made[0]["InstanceId"], the.one)

    def StopInstances(self):
        i = launch(ec2, the.image)["InstanceId"]
        done = call("post", "StopInstances", {"InstanceIds": [i]})["StoppingInstances"]
        self.assertEqual((done[0]["PreviousState"]["Name"], done[0]["CurrentState"]["Name"]),
                         ("running", "stopping"))
        wait_state(ec2, i, "stopped")
        remove(ec2, i)

    def TerminateInstances(self):
        i = launch(ec2, the.image)["InstanceId"]
        done = call("post", "TerminateInstances", {"InstanceIds": [i]})["TerminatingInstances"]
        self.assertEqual(done[0]["CurrentState"], {"Code": 32, "Name": "shutting-down"})
        wait_state(ec2, i, "terminated")

    def UnmonitorInstances(self):
        call("post", "MonitorInstances", {"InstanceIds": [the.one]})
        made = call("post", "UnmonitorInstances", {"InstanceIds": [the.one]})["InstanceMonitorings"]
        self.assertEqual(made, [{"InstanceId": the.one, "Monitoring": {"State": "disabling"}}])
        self.assertEqual(instance(ec2, the.one)["Monitoring"], {"State": "disabled"})


REFUSED = {
    "DescribeInstanceStatus": [({"InstanceIds": ["i-x"]}, "InvalidInstanceID.Malformed"),
                               ({"MaxResults": 5, "NextToken": "x"}, "InvalidPaginationToken")],
    "DescribeInstanceTypeOfferings": [({"LocationType": "planet"}, "InvalidParameterValue")],
    "DescribeInstanceTypes": [({"InstanceTypes": ["t9.huge"]}, "InvalidInstanceType"),
                              ({"MaxResults": 101}, "InvalidParameterValue")],
    "DescribeInstances": [({"InstanceIds": [MISSING["i"]]}, "InvalidInstanceID.NotFound"),
                          ({"InstanceIds": ["%one"], "MaxResults": 5},
                           "InvalidParameterCombination"),
                          ({"MaxResults": 1001}, "InvalidParameterValue")],
    "DescribeInstanceImageMetadata": [
        ({"InstanceIds": [MISSING["i"]]}, "InvalidInstanceID.NotFound"),
        ({"Filters": [{"Name": "image-colour", "Values": ["x"]}]}, "InvalidParameterValue")],
    "MonitorInstances": [({"InstanceIds": [MISSING["i"]]}, "InvalidInstanceID.NotFound"),
                         ({}, "MissingParameter")],
    "RebootInstances": [({"InstanceIds": [MISSING["i"]]}, "InvalidInstanceID.NotFound")],
    "RunInstances": [
        ({"ImageId": "%image", "MinCount": 1, "MaxCount": 1, "IamInstanceProfile": {"Name": "none"}},
         "InvalidParameterValue"),
        ({"ImageId": MISSING["ami"], "MinCount": 1, "MaxCount": 1}, "InvalidAMIID.NotFound"),
        ({"ImageId": "%image", "MinCount": 0, "MaxCount": 1}, "InvalidParameterValue"),
        ({"ImageId": "%image", "MinCount": 1}, "MissingParameter"),
        ({"ImageId": "%image", "MinCount": 1, "MaxCount": 1, "SubnetId": MISSING["subnet"]},
         "InvalidSubnetID.NotFound"),
        ({"ImageId": "%image", "MinCount": 1, "MaxCount": 1, "KernelId": "aki-12345678"},
         "UnsupportedOperation")],
    "StartInstances": [({"InstanceIds": [MISSING["i"]]}, "InvalidInstanceID.NotFound")],
    "StopInstances": [({}, "MissingParameter")],
    "TerminateInstances": [({"InstanceIds": ["i-zz"]}, "InvalidInstanceID.Malformed")],
    "UnmonitorInstances": [({"InstanceIds": ["i-zz"]}, "InvalidInstanceID.Malformed")],
}
