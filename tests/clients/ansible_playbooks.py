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


def changed(play):
    return {name for name, result in play.items() if result["changed"]}


class Playbooks(unittest.TestCase):
    maxDiff = None

    def play(self, *names, **variables):
        """For each of the playbooks, in one run: {name of the task: its result}."""
        variables.update(region=REGION, endpoint=ENDPOINT, public_key=PUBLIC_KEY)
        with tempfile.TemporaryDirectory(prefix="croft-ansible.") as home:
            env = dict(os.environ, ANSIBLE_STDOUT_CALLBACK="json", ANSIBLE_HOME=home,
                       ANSIBLE_LOCAL_TEMP=home, ANSIBLE_REMOTE_TEMP=home,
                       ANSIBLE_PYTHON_INTERPRETER="/usr/bin/python3",
                       ANSIBLE_LOCALHOST_WARNING="0", ANSIBLE_PIPELINING="1",
                       ANSIBLE_INVENTORY_UNPARSED_WARNING="0", ANSIBLE_DEPRECATION_WARNINGS="0",
                       LC_ALL="C.UTF-8")
            out = run(["ansible-playbook", "-e", json.dumps(variables)]
                      + [os.path.join(HERE, "ansible", name) for name in names], limit=500, env=env, cwd=home)
        # After each playbook it tells of all so far: the last is the whole.
        found, _ = json.JSONDecoder().raw_decode(out[out.rindex("\n{\n") + 1:])
        stats = found["stats"]["localhost"]
        self.assertEqual((stats["failures"], stats["unreachable"], stats["skipped"]), (0, 0, 0))
        self.assertEqual(len(found["plays"]), len(names))
        return [{task["task"]["name"]: task["hosts"]["localhost"] for task in play["tasks"]}
                for play in found["plays"]]

    def test_what_is_made_is_found_and_removed(self):
        need_program("ansible-playbook")
        need(os.path.isdir(COLLECTION), "amazon.aws of ansible")
        ec2 = client()
        image = register_image("for-ansible")
        first, second, end = self.play("site.yml", "site.yml", "end.yml")
        self.assertEqual(changed(first), {"a key", "a group", "an instance", "its tags"})
        self.assertEqual(changed(second), set(), second)
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
        self.assertEqual(end["stopped"]["stop_success"], made)
        self.assertEqual(end["running again"]["start_success"], made)
        self.assertEqual(changed(end), set(end))
        self.assertEqual(len(end), 6)
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
