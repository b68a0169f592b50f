#!/usr/bin/python3 -B
# area: front-door launch
# config: regions=us-east-1 ap-south-1
# timeout: 600
"""The commands that people learn EC2 with, word for word, with both AWS CLIs.

Only the ids that stand for others are replaced, and the endpoint, keys and region come from
outside. WAITING are those whose subject is not built: what each would need is in front of it.
"""
import concurrent.futures
import contextlib
import json
import os
import re
import shlex
import subprocess
import tempfile
import threading
import unittest

from client import (ENDPOINT, REGION, client, find_clis, instance, operation, register_image,
                    tap, until, wait_state)

ELSEWHERE = "ap-south-1"  # the region that some of the commands name

# Run in this order, each with what its output must show: a regular expression, or None for nothing.
# A name in capitals between @ takes the place of the example's id.
COMMANDS = [
    ("""aws ec2 describe-images --owners amazon --filters "Name=name,Values=amzn2-ami-hvm-*-x86_64-gp2" --region ap-south-1 --query 'Images[*].[ImageId,Name,CreationDate]' --output table""",
     {}, r"DescribeImages.*ami-[0-9a-f]{17}.*amzn2-ami-hvm-2\.0-x86_64-gp2.*20\d\d-"),
    ("""aws ec2 create-key-pair --key-name MyKeyPair --query 'KeyMaterial' --output text > MyKeyPair.pem""",
     {}, None),
    ("""aws ec2 create-security-group --group-name MySG --description "My EC2 security group" --vpc-id vpc-xxxxxxxx --region ap-south-1""",
     {"vpc-xxxxxxxx": "@VPC_ELSEWHERE@"}, r'"GroupId": "sg-[0-9a-f]{17}"'),
    ("""aws ec2 create-security-group --group-name MySG --description "My EC2 security group" --vpc-id vpc-xxxxxxxx""",
     {"vpc-xxxxxxxx": "@VPC@"}, r'"GroupId": "sg-[0-9a-f]{17}"'),
    ("""aws ec2 authorize-security-group-ingress --group-name MySG --protocol tcp --port 22 --cidr 0.0.0.0/0""",
     {}, r'"Return": true.*"SecurityGroupRuleId": "sgr-.*"FromPort": 22'),
    ("""aws ec2 run-instances --image-id ami-0abcdef1234567890 --count 1 --instance-type t2.micro --key-name MyKeyPair --security-groups MySG --tag-specifications 'ResourceType=instance,Tags=[{Key=Name,Value=EC2-DE-Node}]'""",
     {"ami-0abcdef1234567890": "@IMAGE@"}, r'"InstanceId": "(?P<FIRST>i-[0-9a-f]{17})"'),
    ("""aws ec2 describe-instances --query "Reservations[].Instances[].{ID:InstanceId,Name:Tags[?Key=='Name']|[0].Value,State:State.Name,Type:InstanceType,PublicIP:PublicIpAddress}" --output table""",
     {}, r"DescribeInstances.*EC2-DE-Node.*(running|pending).*t2\.micro"),
    ("""aws ec2 describe-volumes --query "Volumes[*].{ID:VolumeId,Size:Size,State:State,AZ:AvailabilityZone}" --output table""",
     {}, r"DescribeVolumes.*(us-east-1|ap-south-1)[abc].*vol-[0-9a-f]{17}.*(in-use|creating)"),
    ("""aws ec2 authorize-security-group-ingress --group-id sg-xxxxxxxx --protocol tcp --port 3000 --cidr 0.0.0.0/0""",
     {"sg-xxxxxxxx": "@MYSG@"}, r'"FromPort": 3000'),
    ("""aws ec2 create-tags --resources i-0abcd1234 --tags Key=Owner,Value=Asad Key=Project,Value=DataPipeline""",
     {"i-0abcd1234": "@FIRST@"}, None),
    ("""aws ec2 create-key-pair --key-name my-key-pair --query 'KeyMaterial' --output text > my-key-pair.pem""",
     {}, None),
    ("""aws ec2 attach-volume --volume-id vol-0abc123 --instance-id i-0abc123 --device /dev/sdf""",
     {"vol-0abc123": "@VOLUME@", "i-0abc123": "@FIRST@"}, r'"Device": "/dev/sdf".*"State": "attaching"'),
    ("""aws ec2 describe-key-pairs""", {}, r'"KeyName": "my-key-pair".*"KeyFingerprint"|'
                                           r'"KeyFingerprint".*"KeyName": "my-key-pair"'),
    ("""aws ec2 create-security-group --group-name my-sg --description "My security group" --vpc-id vpc-xxxxxxxxx""",
     {"vpc-xxxxxxxxx": "@VPC@"}, r'"GroupId": "(?P<SECOND_SG>sg-[0-9a-f]{17})"'),
    ("""aws ec2 run-instances --image-id ami-xxxxxxxxx --instance-type t3.micro --key-name my-key-pair --security-group-ids sg-xxxxxxxxx --subnet-id subnet-xxxxxxxxx --count 1 --tag-specifications 'ResourceType=instance,Tags=[{Key=Name,Value=MyInstance}]'""",
     {"ami-xxxxxxxxx": "@IMAGE@", "subnet-xxxxxxxxx": "@SUBNET@", "sg-xxxxxxxxx": "@SECOND_SG@"},
     r'"InstanceId": "(?P<SECOND>i-[0-9a-f]{17})"'),
    ("""aws ec2 modify-instance-attribute --instance-id i-xxxxxxxxx --groups sg-xxxxxxxxx""",
     {"i-xxxxxxxxx": "@SECOND@", "sg-xxxxxxxxx": "@MYSG@"}, None),
    ("""aws ec2 authorize-security-group-ingress --group-id sg-xxxxxxxxx --protocol tcp --port 22 --cidr 0.0.0.0/0""",
     {"sg-xxxxxxxxx": "@SECOND_SG@"}, r'"FromPort": 22'),
    ("""aws ec2 authorize-security-group-ingress --group-id sg-xxxxxxxxx --protocol tcp --port 80 --cidr 0.0.0.0/0""",
     {"sg-xxxxxxxxx": "@SECOND_SG@"}, r'"FromPort": 80'),
    ("""aws ec2 revoke-security-group-ingress --group-id sg-xxxxxxxxx --protocol tcp --port 22 --cidr 0.0.0.0/0""",
     {"sg-xxxxxxxxx": "@SECOND_SG@"}, r'"Return": true'),
    ("""aws ec2 allocate-address --domain vpc""", {},
     r'(?=.*"PublicIp": "198\.1[89]\.).*"AllocationId": "(?P<ADDRESS>eipalloc-[0-9a-f]{17})"'),
    ("""aws ec2 associate-address --instance-id i-xxxxxxxxx --allocation-id eipalloc-xxxxxxxxx""",
     {"i-xxxxxxxxx": "@SECOND@", "eipalloc-xxxxxxxxx": "@ADDRESS@"},
     r'"AssociationId": "(?P<ASSOCIATION>eipassoc-[0-9a-f]{17})"'),
    ("""aws ec2 disassociate-address --association-id eipassoc-xxxxxxxxx""",
     {"eipassoc-xxxxxxxxx": "@ASSOCIATION@"}, None),
    ("""aws ec2 release-address --allocation-id eipalloc-xxxxxxxxx""",
     {"eipalloc-xxxxxxxxx": "@ADDRESS@"}, None),
    ("""aws ec2 describe-instances""", {}, r'"Reservations".*"InstanceId": "@FIRST@"'),
    ("""aws ec2 describe-instances --instance-ids i-xxxxxxxxx""", {"i-xxxxxxxxx": "@SECOND@"},
     r'"InstanceId": "@SECOND@".*"Value": "MyInstance"|"Value": "MyInstance".*"@SECOND@"'),
    ("""aws ec2 describe-instances --instance-ids i-xxxxxxxxx --query 'Reservations[0].Instances[0].PublicIpAddress' --output text""",
     {"i-xxxxxxxxx": "@SECOND@"}, r"^198\.1[89]\.\d+\.\d+\n$"),
    ("""aws ec2 describe-instances --filters "Name=instance-state-name,Values=running" --query 'Reservations[*].Instances[*].[InstanceId,InstanceType,PublicIpAddress,Tags[?Key==`Name`].Value|[0]]' --output table""",
     {}, r"@FIRST@.*t2\.micro|t2\.micro.*@FIRST@"),
    ("""aws ec2 reboot-instances --instance-ids i-xxxxxxxxx""", {"i-xxxxxxxxx": "@SECOND@"}, None),
    ("""aws ec2 stop-instances --instance-ids i-xxxxxxxxx""", {"i-xxxxxxxxx": "@SECOND@"},
     r'"StoppingInstances".*"Name": "stopping"'),
    ("""aws ec2 wait instance-stopped --instance-ids i-xxxxxxxxx""", {"i-xxxxxxxxx": "@SECOND@"},
     None),
    # As it stands in the list the CLI refuses it before it sends anything; this form works.
    ("""aws ec2 modify-instance-attribute --instance-id i-xxxxxxxxx --instance-type "{\\"Value\\": \\"m5.2xlarge\\"}\"""",
     {"i-xxxxxxxxx": "@SECOND@"}, None),
    ("""aws ec2 start-instances --instance-ids i-xxxxxxxxx""", {"i-xxxxxxxxx": "@SECOND@"},
     r'"StartingInstances".*"Name": "pending"'),
    ("""aws ec2 terminate-instances --instance-ids i-xxxxxxxxx""", {"i-xxxxxxxxx": "@SECOND@"},
     r'"TerminatingInstances".*"Name": "shutting-down"'),
    ("""aws ec2 run-instances --image-id <ami> --instance-type t3.micro --key-name <key>""",
     {"<ami>": "@IMAGE@", "<key>": "MyKeyPair"}, r'"InstanceId": "(?P<THIRD>i-[0-9a-f]{17})"'),
    ("""aws ec2 stop-instances --instance-ids <id>""", {"<id>": "@THIRD@"}, r'"stopping"'),
    ("""aws ec2 start-instances --instance-ids <id>""", {"<id>": "@THIRD@"}, r'"pending"'),
    ("""aws ec2 terminate-instances --instance-ids <id>""", {"<id>": "@THIRD@"},
     r'"shutting-down"'),
    ("""aws ec2 request-spot-instances --spot-price "0.01" --instance-count 1 --type "one-time" --launch-specification file://spot-launch.json""",
     {}, r'"SpotInstanceRequestId": "(?P<SPOT>sir-[0-9a-f]{17})"'),
    ("""aws iam create-role --role-name EC2S3AccessRole --assume-role-policy-document file://trust-policy.json""",
     {}, r'"RoleName": "EC2S3AccessRole".*"Service": "ec2\.amazonaws\.com"'),
    ("""aws iam attach-role-policy --role-name EC2S3AccessRole --policy-arn arn:aws:iam::aws:policy/AmazonS3FullAccess""",
     {}, None),
    ("""aws iam create-instance-profile --instance-profile-name EC2S3AccessProfile""",
     {}, r'"InstanceProfileName": "EC2S3AccessProfile"'),
    ("""aws iam add-role-to-instance-profile --instance-profile-name EC2S3AccessProfile --role-name EC2S3AccessRole""",
     {}, None),
    ("""aws ec2 associate-iam-instance-profile --instance-id i-0abcd1234ef56789 --iam-instance-profile Name=EC2S3AccessProfile""",
     {"i-0abcd1234ef56789": "@FIRST@"}, r'"Arn": "arn:aws:iam::\d{12}:instance-profile/EC2S3AccessProfile".*"associating"'),
]

# Before such a command the instance is waited for, as a person waits who types them.
STATE_BEFORE = {"reboot-instances": "running", "stop-instances": "running", "wait": "stopped",
                "start-instances": "stopped", "create-tags": "running",
                "associate-address": "running"}

REFUSED_BY_THE_CLI = (
    """aws ec2 modify-instance-attribute --instance-id i-xxxxxxxxx --instance-type "{Value: m5.2xlarge}\"""",
)

WAITING = {
    "Systems Manager": [
        """aws ssm start-session --target <instance-id>""",
    ],
}
# The list has no region where the group is made a second time: this test's own, for what follows it.
OWN = (COMMANDS[3][0],)

ran = {}
free = threading.Event()  # the name MySG in ap-south-1
names = threading.Lock()  # of IAM, which has one set of them for all regions


def volume_for(ec2, instance_id):
    """A volume in the instance's zone; the list does not show how it is made."""
    zone = wait_state(ec2, instance_id, "running")["Placement"]["AvailabilityZone"]
    made = ec2.create_volume(Size=1, AvailabilityZone=zone)["VolumeId"]
    ec2.get_waiter("volume_available").wait(VolumeIds=[made], WaiterConfig={"Delay": 0.2,
                                                                            "MaxAttempts": 150})
    return made


def forget_role(home):
    """Leaves the names of IAM to the other CLI."""
    iam = client("iam", region=home)
    role, profile = "EC2S3AccessRole", "EC2S3AccessProfile"
    for undo, of in (
            (iam.remove_role_from_instance_profile, {"InstanceProfileName": profile, "RoleName": role}),
            (iam.delete_instance_profile, {"InstanceProfileName": profile}),
            (iam.detach_role_policy, {"RoleName": role, "PolicyArn": "arn:aws:iam::aws:policy/AmazonS3FullAccess"}),
            (iam.delete_role, {"RoleName": role})):
        try:
            undo(**of)
        except iam.exceptions.NoSuchEntityException:
            pass  # a command before has failed, and its test tells of it


def run_all(version, cli):
    """All commands with one CLI, in a region, a folder and with resources of its own. Returns a list
    of (command, status, stdout, stderr); the last one is the first that went wrong."""
    # A second CLI beside the first would meet its names: each takes one of the two regions.
    home = REGION if version == 1 else ELSEWHERE
    ec2 = client(region=home)
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    ids = {
        "IMAGE": register_image(f"commands-{version}", region=home),
        "VPC": vpc, "VPC_ELSEWHERE": client(region=ELSEWHERE).describe_vpcs()["Vpcs"][0]["VpcId"],
        "SUBNET": ec2.describe_subnets()["Subnets"][0]["SubnetId"],
    }
    done_list = []
    with tempfile.TemporaryDirectory(prefix="croft-commands.") as folder, contextlib.ExitStack() as held:
        # `aws` of the words is this CLI and knows the endpoint, which Debian's does not take from
        # the environment.
        with open(os.path.join(folder, "aws"), "w", encoding="ascii", opener=lambda path, flags:
                  os.open(path, flags, 0o755)) as file:
            file.write(f"#!/bin/sh\nexec {shlex.quote(cli.path)} --endpoint-url {ENDPOINT} \"$@\"\n")
        # The files that commands name; the list does not show them.
        with open(os.path.join(folder, "spot-launch.json"), "w", encoding="ascii") as file:
            json.dump({"ImageId": ids["IMAGE"], "InstanceType": "t3.micro",
                       "KeyName": "MyKeyPair", "SecurityGroups": ["MySG"]}, file)
        with open(os.path.join(folder, "trust-policy.json"), "w", encoding="ascii") as file:
            json.dump({"Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"},
                "Action": "sts:AssumeRole"}]}, file)
        env = dict(os.environ, PATH=f"{folder}:{os.environ['PATH']}", AWS_PAGER="",
                   AWS_CONFIG_FILE="/dev/null", AWS_SHARED_CREDENTIALS_FILE="/dev/null",
                   AWS_MAX_ATTEMPTS="1", AWS_DEFAULT_REGION=home, HOME=os.environ.get("HOME", "/"))
        for command, places, expected in COMMANDS:
            if command in OWN and home == ELSEWHERE:
                continue  # the command before it, which names the region, has made the group
            if "@VOLUME@" in places.values():
                ids["VOLUME"] = volume_for(ec2, ids["FIRST"])
            words = command
            for place, name in places.items():
                words = words.replace(place, re.sub(r"@(\w+)@", lambda m: ids[m[1]], name))
            service, verb = words.split()[1:3]
            if service == "iam" and verb == "create-role":
                held.enter_context(names)
                held.callback(forget_role, home)
            if command == COMMANDS[2][0] and home == ELSEWHERE:
                free.wait(300)
            target = re.search(r"\bi-[0-9a-f]{17}\b", words)
            if verb in STATE_BEFORE and target:
                wait_state(ec2, target[0], STATE_BEFORE[verb])
            done = subprocess.run(["sh", "-c", words], stdin=subprocess.DEVNULL, text=True,
                                  capture_output=True, env=env, cwd=folder, check=False,
                                  timeout=300)
            row = [command, done.returncode, done.stdout, done.stderr, ""]
            done_list.append(row)
            pattern = expected and re.sub(r"@(\w+)@", lambda m: ids[m[1]], expected)
            found = re.search(pattern, done.stdout, re.S) if pattern else None
            if done.returncode != 0 or done.stderr or (pattern and not found) or \
                    (not pattern and done.stdout):
                row[4] = f"its output should match {pattern!r}" if pattern else \
                    "it should succeed and say nothing"
                break
            if found:
                ids.update({name: value for name, value in found.groupdict().items() if value})
            if "--group-name MySG" in words and "create-security-group" in words:
                made = json.loads(done.stdout)["GroupId"]
                if f"--region {home}" in words or "--region" not in words:
                    ids["MYSG"] = made
                else:
                    client(region=ELSEWHERE).delete_security_group(GroupId=made)
                    free.set()
        ids["pem"] = {}
        for name in ("MyKeyPair", "my-key-pair"):
            path = os.path.join(folder, name + ".pem")
            if os.path.exists(path):
                with open(path, encoding="ascii") as file:
                    ids["pem"][name] = file.read()
        refused = [subprocess.run(["sh", "-c", words], stdin=subprocess.DEVNULL, text=True,
                                  capture_output=True, env=env, check=False, timeout=300)
                   for words in REFUSED_BY_THE_CLI]
    if "SPOT" in ids:
        ids["SPOT_INSTANCE"] = until(lambda: ec2.describe_spot_instance_requests(
            SpotInstanceRequestIds=[ids["SPOT"]])["SpotInstanceRequests"][0].get("InstanceId"),
            what="a spot instance")
    seen = {name: instance(ec2, ids[name])
            for name in ("FIRST", "SECOND", "THIRD", "SPOT_INSTANCE") if name in ids}
    return done_list, ids, seen, refused


def setUpModule():
    register_image("amzn2-ami-hvm-2.0-x86_64-gp2", region=ELSEWHERE, OwnerAlias="amazon")
    register_image("another-of-amazon", region=ELSEWHERE, OwnerAlias="amazon")
    register_image("amzn2-ami-hvm-mine-x86_64-gp2", region=ELSEWHERE)
    pool = concurrent.futures.ThreadPoolExecutor(max_workers=2)
    clis = find_clis()
    for version, cli in clis.items():
        ran[version] = pool.submit(run_all, version, cli) if cli else None
    if ran.get(1):
        ran[1].add_done_callback(lambda _: free.set())
    else:
        free.set()
    pool.shutdown(wait=False)


class Commands(unittest.TestCase):
    def with_cli(self, version):
        if ran[version] is None:
            self.skipTest(f"AWS CLI version {version} is not in PATH")
        done, ids, seen, refused = ran[version].result(timeout=560)
        for command, status, out, err, wrong in done:
            self.assertFalse(wrong, f"{command}\nstatus {status}\n{out}\n{err}\n{wrong}")
        self.assertEqual(len(done), len(COMMANDS) - (version == 2))
        self.assertNotIn("amzn2-ami-hvm-mine", done[0][2])
        self.assertNotIn("another-of-amazon", done[0][2])
        for name, text in ids["pem"].items():
            self.assertTrue(text.startswith("-----BEGIN RSA PRIVATE KEY-----\n"), name)
            self.assertIn("-----END RSA PRIVATE KEY-----", text)
        self.assertEqual(len(ids["pem"]), 2)
        first = {tag["Key"]: tag["Value"] for tag in seen["FIRST"]["Tags"]}
        self.assertEqual(first, {"Name": "EC2-DE-Node", "Owner": "Asad",
                                 "Project": "DataPipeline"})
        self.assertEqual(seen["SECOND"]["InstanceType"], "m5.2xlarge")
        spot = seen["SPOT_INSTANCE"]
        self.assertEqual((spot["InstanceLifecycle"], spot["InstanceType"], spot["KeyName"]),
                         ("spot", "t3.micro", "MyKeyPair"))
        for done in refused:
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("Error parsing parameter", done.stderr)  # the CLI's own words

    def test_with_cli_1(self):
        self.with_cli(1)

    def test_with_cli_2(self):
        self.with_cli(2)


class TheList(unittest.TestCase):
    def test_nothing_waits_that_is_built(self):
        """When an action is built, its command moves from WAITING to COMMANDS."""
        tree = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
        with open(os.path.join(tree, "lib", "api", "actions.def"), encoding="utf-8") as file:
            table = file.read()
        for subject, commands in WAITING.items():
            for command in commands:
                words = shlex.split(command)
                action = "".join(word.capitalize() for word in words[2].split("-"))
                with self.subTest(f"{subject}: {action}"):
                    self.assertNotIn(f"({words[1]}, {action},", table)

    def test_what_runs_is_built(self):
        for command, _, _ in COMMANDS:
            verb = shlex.split(command)[2]
            if verb != "wait":
                operation("".join(word.capitalize() for word in verb.split("-")))


if __name__ == "__main__":
    tap.main()
