#!/usr/bin/python3 -B
# area: front-door
# timeout: 600
"""Ansible's amazon.aws modules: what they make they find again as they made it, and remove."""
import json
import os
import tempfile
import unittest

from support import HERE, need, need_program, run

from client import ENDPOINT, REGION, client, code_of, instance, register_image, tap
import botocore.exceptions

PUBLIC_KEY = ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJLuXxAkBHDPjbBbIqYYW4z6sgnXVKHAvcIRTDC6MqRr "
              "ansible@here")
COLLECTION = "/usr/lib/python3/dist-packages/ansible_collections/amazon/aws"


class Playbooks(unittest.TestCase):
    maxDiff = None

    def play(self, name, **variables):
        """{name of the task: its result} and how many changed something."""
        variables.update(region=REGION, endpoint=ENDPOINT, public_key=PUBLIC_KEY)
        env = dict(os.environ, ANSIBLE_STDOUT_CALLBACK="json", ANSIBLE_HOME=self.home,
                   ANSIBLE_LOCAL_TEMP=self.home, ANSIBLE_REMOTE_TEMP=self.home,
                   ANSIBLE_PYTHON_INTERPRETER="/usr/bin/python3", ANSIBLE_LOCALHOST_WARNING="0",
                   ANSIBLE_PIPELINING="1",
                   ANSIBLE_INVENTORY_UNPARSED_WARNING="0", ANSIBLE_DEPRECATION_WARNINGS="0",
                   LC_ALL="C.UTF-8")
        out = run(["ansible-playbook", "-e", json.dumps(variables),
                   os.path.join(HERE, "ansible", name)], env=env, cwd=self.home)
        found = json.loads(out[out.index("{"):])
        stats = found["stats"]["localhost"]
        self.assertEqual((stats["failures"], stats["unreachable"], stats["skipped"]), (0, 0, 0))
        return ({task["task"]["name"]: task["hosts"]["localhost"]
                 for play in found["plays"] for task in play["tasks"]}, stats["changed"])

    def test_what_is_made_is_found_and_removed(self):
        need_program("ansible-playbook")
        need(os.path.isdir(COLLECTION), "amazon.aws of ansible")
        ec2 = client()
        image = register_image("for-ansible")
        with tempfile.TemporaryDirectory(prefix="croft-ansible.") as self.home:
            first, changed = self.play("site.yml")
            self.assertEqual(changed, 4)
            second, changed = self.play("site.yml")
            self.assertEqual(changed, 0, {name: result for name, result in second.items()
                                          if result["changed"]})
            made = first["an instance"]["instance_ids"]
            self.assertEqual(second["an instance"]["instance_ids"], made)
            self.assertEqual(first["the image"]["images"][0]["image_id"], image)
            self.assertEqual(len(first["its subnets"]["subnets"]), 3)
            seen = second["what there is"]["instances"][0]
            self.assertEqual(seen["tags"], {"Name": "ansible's ä & <b>", "Team": "x=y", "Empty": "",
                                            "More": "%41 + 1"})
            group = second["the group again"]["security_groups"][0]
            self.assertEqual(group["tags"], {"Name": "group ü"})
            self.assertEqual(len(group["ip_permissions"]), 3)
            self.assertEqual(instance(ec2, made[0])["State"]["Name"], "running")
            _, changed = self.play("end.yml", instance_id=made[0])
            self.assertEqual(changed, 6)
        self.assertEqual(instance(ec2, made[0])["State"]["Name"], "terminated")
        for read, arguments, code in (
                (ec2.describe_key_pairs, {"KeyNames": ["ansible"]}, "InvalidKeyPair.NotFound"),
                (ec2.describe_security_groups, {"GroupNames": ["ansible"]},
                 "InvalidGroup.NotFound")):
            with self.assertRaises(botocore.exceptions.ClientError) as raised:
                read(**arguments)
            self.assertEqual(code_of(raised.exception), code)


if __name__ == "__main__":
    tap.main()
