#!/usr/bin/python3 -B
# area: front-door
"""Packer's amazon-ebs builder: it finds the source image by filters, makes a temporary key pair and group,
launches, waits, stops, has the image made, tags it, and removes all else that it has made.
"""
import os
import subprocess
import tempfile
import unittest

from support import HERE, need_program, run

from client import ENDPOINT, REGION, all_instances, client, register_image, tap

TEMPLATE = os.path.join(HERE, "packer", "image.json")
STEPS = (
    "Prevalidating AMI Name", "Found Image ID: ", "Creating temporary keypair",
    "Creating temporary security group", "Authorizing access to port", "Launching a source AWS",
    "Instance ID: ", "Waiting for instance", "Stopping the source instance",
    "Waiting for the instance to stop", "Creating AMI packed", "AMI: ami-",
    "Waiting for AMI to become ready", "Adding tags to AMI", "Tagging snapshot: snap-", "Creating AMI tags",
    "Creating snapshot tags", "Terminating the source AWS instance", "Cleaning up any extra volumes",
    "No volumes to clean up, skipping", "Deleting temporary security group", "Deleting temporary keypair",
    "AMIs were created:",
)


class AmazonEbs(unittest.TestCase):
    maxDiff = None

    def test_a_build_makes_an_image_and_leaves_nothing_else(self):
        packer = need_program("packer")
        ec2 = client()
        register_image("not-for-packer")
        image = register_image("for-packer-1")
        before = {each["GroupId"] for each in ec2.describe_security_groups()["SecurityGroups"]}
        variables = ["-var", "endpoint=" + ENDPOINT, "-var", "region=" + REGION]
        with tempfile.TemporaryDirectory(prefix="croft-packer.") as folder:
            # A waiter that asks each second instead of every 15: Packer's own switch.
            env = dict(os.environ, CHECKPOINT_DISABLE="1", PACKER_CONFIG_DIR=folder,
                       PACKER_CACHE_DIR=folder, TMPDIR=folder, AWS_POLL_DELAY_SECONDS="1",
                       AWS_MAX_ATTEMPTS="60", HOME=folder)
            run([packer, "validate", *variables, TEMPLATE], env=env)
            built = subprocess.run([packer, "build", "-color=false", *variables, TEMPLATE], env=env,
                                   stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                   check=False, timeout=150)
        said = built.stdout + built.stderr
        self.assertEqual(built.returncode, 0, said)
        at = 0
        for step in STEPS:
            self.assertIn(step, said[at:], said)
            at = said.index(step, at) + len(step)
        self.assertIn("Found Image ID: " + image, said)
        made = all_instances(ec2)
        self.assertEqual([each["State"]["Name"] for each in made], ["terminated"])
        self.assertEqual([tag["Value"] for tag in made[0]["Tags"]], ["Packer's é & <b>"])
        self.assertEqual(ec2.describe_key_pairs()["KeyPairs"], [])
        self.assertEqual({each["GroupId"] for each in
                          ec2.describe_security_groups()["SecurityGroups"]}, before)
        packed = ec2.describe_images(Owners=["self"], Filters=[
            {"Name": "name", "Values": ["packed *"]}])["Images"]
        self.assertEqual([each["State"] for each in packed], ["available"])
        snapshot = packed[0]["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
        found = ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"][0]
        for tagged in (packed[0], found):
            self.assertEqual(tagged["Tags"], [{"Key": "Name", "Value": "of Packer"}])


if __name__ == "__main__":
    tap.main()
