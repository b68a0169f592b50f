#!/usr/bin/python3 -B
# area: launch
# config: max_instances=60
# timeout: 600
"""Launch templates as people use them: versions, what a launch takes from them, and both AWS CLIs."""
import json
import unittest

from client import (DOORS, call, client, encoded, find_clis, instance, refusal, register_image,
                    remove, tap, wait_state)

ID_TAG, VERSION_TAG = "aws:ec2launchtemplate:id", "aws:ec2launchtemplate:version"


def setUpModule():
    global ec2, image, subnet, group
    ec2 = client()
    image = register_image("templates")
    subnet = ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])
    subnet = subnet["Subnets"][-1]
    group = ec2.create_security_group(GroupName="templates", Description="d")["GroupId"]


def make(name, **data):
    made = ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
    return made["LaunchTemplate"]["LaunchTemplateId"]


def add(template, source=None, **data):
    more = {} if source is None else {"SourceVersion": source}
    made = ec2.create_launch_template_version(LaunchTemplateId=template, LaunchTemplateData=data,
                                              **more)
    return made["LaunchTemplateVersion"]["VersionNumber"]


def data_of(template, version):
    found = ec2.describe_launch_template_versions(LaunchTemplateId=template, Versions=[version])
    return found["LaunchTemplateVersions"][0]["LaunchTemplateData"]


def tags_of(made):
    return {tag["Key"]: tag["Value"] for tag in made.get("Tags", [])}


class Launch(unittest.TestCase):
    def run(self, result=None):
        self.ids = []
        return super().run(result)

    def tearDown(self):
        if self.ids:
            remove(ec2, *self.ids)

    def launch(self, count=1, **more):
        made = ec2.run_instances(MinCount=count, MaxCount=count, **more)["Instances"]
        self.ids += [each["InstanceId"] for each in made]
        return made[0]

    def test_versions_by_number_word_and_default(self):
        template = make("numbers", ImageId=image, InstanceType="t3.nano")
        add(template, "1", InstanceType="t3.micro")
        add(template, "$Latest", InstanceType="t3.small")
        ec2.modify_launch_template(LaunchTemplateId=template, DefaultVersion="2")
        for version, kind, number in (({"Version": "$Latest"}, "t3.small", "3"),
                                      ({"Version": "$Default"}, "t3.micro", "2"),
                                      ({}, "t3.micro", "2"), ({"Version": "1"}, "t3.nano", "1")):
            with self.subTest(version):
                for name in ({"LaunchTemplateId": template}, {"LaunchTemplateName": "numbers"}):
                    made = self.launch(LaunchTemplate={**name, **version})
                    self.assertEqual((made["InstanceType"], made["ImageId"]), (kind, image))
                    self.assertEqual(tags_of(made), {ID_TAG: template, VERSION_TAG: number})
        for version, code in (("4", "InvalidLaunchTemplateId.VersionNotFound"),
                              ("latest", "InvalidParameterValue"), ("0", "InvalidParameterValue")):
            fault = refusal(self.launch, LaunchTemplate={"LaunchTemplateId": template,
                                                         "Version": version})
            self.assertEqual(fault.code, code)
        fault = refusal(self.launch, LaunchTemplate={"LaunchTemplateName": "nobody"})
        self.assertEqual(fault.code, "InvalidLaunchTemplateName.NotFoundException")
        fault = refusal(self.launch, LaunchTemplate={"LaunchTemplateId": template,
                                                     "LaunchTemplateName": "numbers"})
        self.assertEqual(fault.code, "InvalidParameterCombination")
        fault = refusal(self.launch, LaunchTemplate={"LaunchTemplateId": "lt-1"})
        self.assertEqual(fault.code, "InvalidLaunchTemplateId.Malformed")

    def test_what_the_launch_says_goes_before_the_template(self):
        ec2.create_key_pair(KeyName="template-key", KeyType="ed25519")
        template = make(
            "whole", ImageId=image, InstanceType="t3.nano", KeyName="template-key",
            UserData=encoded("#!/bin/sh"), DisableApiTermination=False, Monitoring={"Enabled": True},
            InstanceInitiatedShutdownBehavior="terminate",
            MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 2},
            Placement={"AvailabilityZone": subnet["AvailabilityZone"]},
            BlockDeviceMappings=[
                {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 3, "VolumeType": "gp2"}},
                {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 1}},
                {"DeviceName": "/dev/sdg", "Ebs": {"VolumeSize": 2}}],
            SecurityGroupIds=[group],
            TagSpecifications=[{"ResourceType": "instance", "Tags": [
                {"Key": "Name", "Value": "t"}, {"Key": "team", "Value": "t"}]}])
        made = self.launch(
            LaunchTemplate={"LaunchTemplateId": template}, InstanceType="t3.micro",
            MetadataOptions={"HttpPutResponseHopLimit": 3},
            BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 5}},
                                 {"DeviceName": "/dev/sdg", "NoDevice": ""},
                                 {"DeviceName": "/dev/sdh", "Ebs": {"VolumeSize": 4}}],
            TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "r"}]}])
        found = wait_state(ec2, made["InstanceId"], "running")
        self.assertEqual((found["InstanceType"], found["KeyName"], found["Monitoring"]["State"],
                          found["Placement"]["AvailabilityZone"]),
                         ("t3.micro", "template-key", "enabled", subnet["AvailabilityZone"]))
        self.assertEqual((found["MetadataOptions"]["HttpTokens"],
                          found["MetadataOptions"]["HttpPutResponseHopLimit"]), ("required", 3))
        self.assertEqual([g["GroupId"] for g in found["SecurityGroups"]], [group])
        self.assertEqual(sorted(m["DeviceName"] for m in found["BlockDeviceMappings"]),
                         ["/dev/sdf", "/dev/sdh", "/dev/xvda"])
        self.assertEqual(tags_of(found), {"Name": "r", "team": "t", ID_TAG: template,
                                          VERSION_TAG: "1"})
        for name, value in (("userData", encoded("#!/bin/sh")),
                            ("instanceInitiatedShutdownBehavior", "terminate")):
            attribute = ec2.describe_instance_attribute(InstanceId=made["InstanceId"],
                                                        Attribute=name)
            self.assertEqual(attribute[name[0].upper() + name[1:]], {"Value": value})

    def test_interfaces_are_merged_by_device_index(self):
        template = make("interfaces", ImageId=image, NetworkInterfaces=[
            {"DeviceIndex": 0, "Groups": [group], "AssociatePublicIpAddress": False}])
        made = self.launch(LaunchTemplate={"LaunchTemplateId": template}, NetworkInterfaces=[
            {"DeviceIndex": 0, "SubnetId": subnet["SubnetId"]}])
        self.assertEqual(made["SubnetId"], subnet["SubnetId"])
        self.assertEqual([g["GroupId"] for g in made["SecurityGroups"]], [group])
        self.assertNotIn("PublicIpAddress", made)
        fault = refusal(self.launch, LaunchTemplate={"LaunchTemplateId": template},
                        SubnetId=subnet["SubnetId"])
        self.assertEqual(fault.code, "InvalidParameterCombination")

    def test_a_launch_needs_what_neither_gives(self):
        template = make("no-image", InstanceType="t3.nano")
        source = {"LaunchTemplateId": template}
        self.assertEqual(refusal(self.launch, LaunchTemplate=source).code, "MissingParameter")
        self.assertEqual(self.launch(LaunchTemplate=source, ImageId=image)["InstanceType"], "t3.nano")
        template = make("no-such-image", ImageId="ami-00000000000000001")
        fault = refusal(self.launch, LaunchTemplate={"LaunchTemplateId": template})
        self.assertEqual(fault.code, "InvalidAMIID.NotFound")

    def test_the_marks_of_a_launch_are_the_services_own(self):
        template = make("marks", ImageId=image, TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": str(i), "Value": ""} for i in range(49)]}])
        made = self.launch(LaunchTemplate={"LaunchTemplateId": template})["InstanceId"]
        found = ec2.describe_tags(Filters=[{"Name": "key", "Values": ["aws:ec2launchtemplate:*"]},
                                           {"Name": "resource-id", "Values": [made]}])["Tags"]
        self.assertEqual({tag["Key"]: tag["Value"] for tag in found},
                         {ID_TAG: template, VERSION_TAG: "1"})
        found = ec2.describe_instances(Filters=[{"Name": f"tag:{ID_TAG}", "Values": [template]}])
        self.assertEqual(found["Reservations"][0]["Instances"][0]["InstanceId"], made)
        # They do not count, and do not go.
        ec2.create_tags(Resources=[made], Tags=[{"Key": "last", "Value": ""}])
        self.assertEqual(refusal(ec2.create_tags, Resources=[made], Tags=[{"Key": "more"}]).code,
                         "TagLimitExceeded")
        self.assertEqual(refusal(ec2.delete_tags, Resources=[made], Tags=[{"Key": ID_TAG}]).code,
                         "InvalidParameterValue")
        ec2.delete_tags(Resources=[made])
        self.assertEqual(set(tags_of(instance(ec2, made))), {ID_TAG, VERSION_TAG})

    def test_tokens_and_dry_runs(self):
        template = make("tokens", ImageId=image)
        source = {"LaunchTemplateId": template}
        fault = refusal(self.launch, LaunchTemplate=source, DryRun=True)
        self.assertEqual(fault.code, "DryRunOperation")
        first = self.launch(LaunchTemplate=source, ClientToken="from-a-template")
        # The same request, whatever has become of the template.
        add(template, "1", InstanceType="t3.nano")
        ec2.modify_launch_template(LaunchTemplateId=template, DefaultVersion="2")
        again = self.launch(LaunchTemplate=source, ClientToken="from-a-template")
        self.assertEqual(again["InstanceId"], first["InstanceId"])
        fault = refusal(self.launch, LaunchTemplate={**source, "Version": "2"},
                        ClientToken="from-a-template")
        self.assertEqual(fault.code, "IdempotentParameterMismatch")

    def test_an_instance_gives_the_data_for_more_of_its_kind(self):
        first = self.launch(ImageId=image, InstanceType="t3.nano", UserData="hello",
                            SubnetId=subnet["SubnetId"], SecurityGroupIds=[group],
                            BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "Ebs": {
                                "VolumeSize": 2, "DeleteOnTermination": False}}],
                            TagSpecifications=[{"ResourceType": "instance", "Tags": [
                                {"Key": "Name", "Value": "first"}]}])
        data = ec2.get_launch_template_data(InstanceId=first["InstanceId"])["LaunchTemplateData"]
        self.assertEqual(data["NetworkInterfaces"], [
            {"AssociatePublicIpAddress": True, "DeleteOnTermination": True, "DeviceIndex": 0,
             "Groups": [group], "SubnetId": subnet["SubnetId"]}])
        self.assertEqual([(m["DeviceName"], m["Ebs"]["DeleteOnTermination"])
                          for m in data["BlockDeviceMappings"]],
                         [("/dev/sdf", False), ("/dev/xvda", True)])
        self.assertEqual(data["UserData"], encoded("hello"))
        made = ec2.create_launch_template(LaunchTemplateName="copy", LaunchTemplateData=data)
        self.assertNotIn("Warning", made)
        template = made["LaunchTemplate"]["LaunchTemplateId"]
        self.assertEqual(data_of(template, "1"), data)
        second = self.launch(LaunchTemplate={"LaunchTemplateId": template})
        self.assertEqual((second["SubnetId"], tags_of(second)["Name"]),
                         (subnet["SubnetId"], "first"))
        again = ec2.get_launch_template_data(InstanceId=second["InstanceId"])["LaunchTemplateData"]
        self.assertEqual(again, data)


class Versions(unittest.TestCase):
    def test_pages(self):
        template = make("pages", InstanceType="t3.nano")
        for number in range(2, 8):
            self.assertEqual(add(template, "1", KeyName=str(number)), number)
        pages = ec2.get_paginator("describe_launch_template_versions").paginate(
            LaunchTemplateId=template, PaginationConfig={"PageSize": 3})
        found = [[v["VersionNumber"] for v in page["LaunchTemplateVersions"]] for page in pages]
        self.assertEqual(found, [[7, 6, 5], [4, 3, 2], [1]])
        for number in range(5):
            make(f"page-{number}", InstanceType="t3.nano")
        pages = ec2.get_paginator("describe_launch_templates").paginate(
            Filters=[{"Name": "launch-template-name", "Values": ["page-*"]}],
            PaginationConfig={"PageSize": 2})
        found = [len(page["LaunchTemplates"]) for page in pages]
        self.assertEqual(found, [2, 2, 1])

    def test_a_token_makes_one(self):
        names = []
        for _ in range(2):
            made = ec2.create_launch_template(LaunchTemplateName="once", ClientToken="once",
                                              LaunchTemplateData={"KeyName": "x"})
            names.append(made["LaunchTemplate"]["LaunchTemplateId"])
        self.assertEqual(names[0], names[1])
        fault = refusal(ec2.create_launch_template, LaunchTemplateName="once",
                        LaunchTemplateData={"KeyName": "x"})
        self.assertEqual(fault.code, "InvalidLaunchTemplateName.AlreadyExistsException")
        for _ in range(2):
            made = ec2.create_launch_template_version(
                LaunchTemplateId=names[0], ClientToken="twice", LaunchTemplateData={"KeyName": "y"})
            self.assertEqual(made["LaunchTemplateVersion"]["VersionNumber"], 2)
        for _ in range(2):
            made = ec2.modify_launch_template(LaunchTemplateId=names[0], ClientToken="thrice",
                                              DefaultVersion="2")
            self.assertEqual(made["LaunchTemplate"]["DefaultVersionNumber"], 2)

    def test_what_a_launch_refuses_a_template_refuses(self):
        for data in ({"KernelId": "aki-1"}, {"EnclaveOptions": {"Enabled": True}},
                     {"Placement": {"Tenancy": "dedicated"}}, {"RamDiskId": "ari-1"},
                     {"InstanceRequirements": {"VCpuCount": {"Min": 1}, "MemoryMiB": {"Min": 1}}},
                     {"HibernationOptions": {"Configured": True}},
                     {"NetworkInterfaces": [{"DeviceIndex": 0, "Ipv6PrefixCount": 1}]}):
            with self.subTest(data):
                fault = refusal(make, "refused", **data)
                self.assertEqual(fault.code, "UnsupportedOperation")
        # What asks for no more than there is passes.
        make("passes", Placement={"Tenancy": "default"}, HibernationOptions={"Configured": False},
             NetworkInterfaces=[{"DeviceIndex": 0, "NetworkCardIndex": 0}], EbsOptimized=True,
             BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "Ebs": {"Encrypted": False}}])

    def test_tags_of_a_template(self):
        template = make("tags", KeyName="x")
        ec2.create_tags(Resources=[template], Tags=[{"Key": "a", "Value": "b"}])
        found = ec2.describe_launch_templates(Filters=[{"Name": "tag:a", "Values": ["b"]}])
        self.assertEqual([t["LaunchTemplateId"] for t in found["LaunchTemplates"]], [template])
        found = ec2.describe_tags(Filters=[{"Name": "resource-type", "Values": ["launch-template"]}])
        self.assertEqual([tag["ResourceId"] for tag in found["Tags"]], [template])
        ec2.delete_launch_template(LaunchTemplateId=template)
        self.assertEqual(refusal(ec2.create_tags, Resources=[template],
                                 Tags=[{"Key": "a"}]).code, "InvalidLaunchTemplateId.NotFound")

    def test_every_door_keeps_and_shows_the_same(self):
        for door in DOORS:
            with self.subTest(door):
                call(door, "CreateLaunchTemplate", {
                    "LaunchTemplateName": f"door-{door}", "LaunchTemplateData": {
                        "ImageId": image, "UserData": encoded("é"), "EbsOptimized": False,
                        "BlockDeviceMappings": [{"DeviceName": "/dev/sdf", "NoDevice": ""}],
                        "TagSpecifications": [{"ResourceType": "volume", "Tags": [
                            {"Key": "<&>", "Value": ""}]}]}})
                found = [call(each, "DescribeLaunchTemplateVersions",
                              {"LaunchTemplateName": f"door-{door}"})["LaunchTemplateVersions"][0]
                         ["LaunchTemplateData"] for each in DOORS]
                self.assertEqual(found, [found[0]] * len(DOORS))
                self.assertEqual(found[0]["BlockDeviceMappings"],
                                 [{"DeviceName": "/dev/sdf", "NoDevice": ""}])
                self.assertEqual(found[0]["EbsOptimized"], False)


class CommandLine(unittest.TestCase):
    def test_a_template_from_the_command_line(self):
        clis = {number: cli for number, cli in find_clis().items() if cli}
        self.assertTrue(clis, "there is no aws in PATH")
        for number, cli in clis.items():
            with self.subTest(f"aws-cli/{number}"):
                self.use(cli, f"cli-{number}")

    def use(self, cli, name):
        template = ("--launch-template-name", name)
        made = cli.json("ec2", "create-launch-template", *template, "--version-description",
                        "first", "--tag-specifications",
                        "ResourceType=launch-template,Tags=[{Key=purpose,Value=test}]",
                        "--launch-template-data",
                        json.dumps({"ImageId": image, "InstanceType": "t3.nano",
                                    "UserData": encoded("#!/bin/sh\n")}))
        self.assertEqual(made["LaunchTemplate"]["Tags"], [{"Key": "purpose", "Value": "test"}])
        made = cli.json("ec2", "create-launch-template-version", *template, "--source-version", "1",
                        "--launch-template-data", "InstanceType=t3.micro")
        self.assertEqual(made["LaunchTemplateVersion"]["VersionNumber"], 2)
        cli.json("ec2", "modify-launch-template", *template, "--default-version", "2")
        found = cli.json("ec2", "describe-launch-template-versions", *template, "--versions",
                         "$Latest")["LaunchTemplateVersions"]
        self.assertEqual(found[0]["LaunchTemplateData"]["UserData"], encoded("#!/bin/sh\n"))
        ids = []
        for version, kind in (("$Latest", "t3.micro"), ("$Default", "t3.micro"), ("1", "t3.nano")):
            run = cli.json("ec2", "run-instances", "--launch-template",
                           f"LaunchTemplateName={name},Version={version}")["Instances"][0]
            self.assertEqual(run["InstanceType"], kind)
            ids.append(run["InstanceId"])
        missing = cli.run("ec2", "run-instances", "--launch-template",
                          f"LaunchTemplateName={name},Version=3")
        self.assertNotEqual(missing.returncode, 0)
        self.assertIn("(InvalidLaunchTemplateId.VersionNotFound)", missing.stderr)
        remove(ec2, *ids)
        gone = cli.json("ec2", "delete-launch-template-versions", *template, "--versions", "1", "2")
        self.assertEqual([v["VersionNumber"]
                          for v in gone["SuccessfullyDeletedLaunchTemplateVersions"]], [1])
        cli.json("ec2", "delete-launch-template", *template)
        left = cli.json("ec2", "describe-launch-templates", "--filters",
                        f"Name=launch-template-name,Values={name}")
        self.assertEqual(left["LaunchTemplates"], [])


if __name__ == "__main__":
    tap.main()
