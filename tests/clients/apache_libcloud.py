#!/usr/bin/python3 -B
# area: front-door
# config: signature_v2=yes
"""Apache libcloud: its EC2 driver signs GETs with version 2 by default, and with version 4 when told."""
import unittest
import urllib.parse

from support import need

try:
    from libcloud.common.exceptions import BaseHTTPError
    from libcloud.common.types import InvalidCredsError
    from libcloud.compute.providers import get_driver
    from libcloud.compute.types import KeyPairDoesNotExistError, NodeState, Provider
except ImportError:
    get_driver = None
from client import (ENDPOINT, KEY_ID, REGION, SECRET, client, instance, register_image, tap,
                    until, wait_state)


def setUpModule():
    global ec2, image
    need(get_driver, "python3-libcloud")
    ec2 = client()
    image = register_image("for-libcloud")


def driver(secret=SECRET, **options):
    url = urllib.parse.urlsplit(ENDPOINT)
    return get_driver(Provider.EC2)(KEY_ID, secret, secure=False, host=url.hostname, port=url.port,
                                    region=REGION, **options)


class Flow:
    """The same with both versions of the signature."""
    options = {}
    name = ""

    def setUp(self):
        self.driver = driver(**self.options)

    def test_places_and_images(self):
        zones = [each.name for each in self.driver.list_locations()]
        self.assertEqual(zones, [REGION + letter for letter in "abc"])
        self.assertIn(image, [each.id for each in self.driver.list_images(ex_owner="self")])
        self.assertEqual(self.driver.get_image(image).name, "for-libcloud")
        vpcs = self.driver.ex_list_networks()
        self.assertEqual([each.cidr_block for each in vpcs], ["172.31.0.0/16"])
        subnets = self.driver.ex_list_subnets()
        self.assertEqual({each.extra["zone"] for each in subnets}, set(zones))

    def test_key_pairs(self):
        name = "libcloud " + self.name
        made = self.driver.create_key_pair(name)
        self.assertTrue(made.private_key.startswith("-----BEGIN RSA PRIVATE KEY-----"))
        self.assertEqual(self.driver.get_key_pair(name).fingerprint, made.fingerprint)
        self.assertIn(name, [each.name for each in self.driver.list_key_pairs()])
        self.assertTrue(self.driver.delete_key_pair(made))
        with self.assertRaises(KeyPairDoesNotExistError):  # read out of the message's quotes
            self.driver.get_key_pair(name)
        public = ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJLuXxAkBHDPjbBbIqYYW4z6sgnXVKHAvcIRTDC6MqRr "
                  "x@y")
        imported = self.driver.import_key_pair_from_string(name, public)
        self.assertEqual(imported.name, name)
        self.assertTrue(self.driver.delete_key_pair(imported))

    def test_security_groups(self):
        name = "group of " + self.name
        made = self.driver.ex_create_security_group(name, "for libcloud & [others]")["group_id"]
        self.assertIn(name, self.driver.ex_list_security_groups())
        self.assertTrue(self.driver.ex_authorize_security_group_ingress(
            made, 22, 22, cidr_ips=["10.0.0.0/8", "192.0.2.1/32"]))
        self.assertTrue(self.driver.ex_authorize_security_group_ingress(
            made, 0, 65535, group_pairs=[{"group_id": made}]))
        group = self.driver.ex_get_security_groups(group_ids=[made])[0]
        self.assertEqual(group.extra["description"], "for libcloud & [others]")
        self.assertEqual([(rule["from_port"], sorted(rule["cidr_ips"]))
                          for rule in group.ingress_rules if rule["cidr_ips"]],
                         [("22", ["10.0.0.0/8", "192.0.2.1/32"])])
        self.assertEqual([rule["group_pairs"][0]["group_id"] for rule in group.ingress_rules
                          if rule["group_pairs"]], [made])
        self.assertTrue(self.driver.ex_revoke_security_group_ingress(
            made, 22, 22, cidr_ips=["10.0.0.0/8"]))
        with self.assertRaises(BaseHTTPError) as raised:
            self.driver.ex_authorize_security_group_ingress(made, 22, 22, cidr_ips=["192.0.2.1/32"])
        self.assertIn("InvalidPermission.Duplicate", str(raised.exception))
        self.assertTrue(self.driver.ex_delete_security_group_by_id(made))
        self.assertNotIn(name, self.driver.ex_list_security_groups())

    def test_an_instance_from_create_to_destroy(self):
        size = [each for each in self.driver.list_sizes() if each.id == "t2.micro"][0]
        self.driver.create_key_pair("of-node-" + self.name)
        node = self.driver.create_node(
            name="node é & <" + self.name + ">", size=size, image=self.driver.get_image(image),
            location=self.driver.list_locations()[1], ex_keyname="of-node-" + self.name,
            ex_userdata="#!/bin/sh\necho hello\n", ex_metadata={"Team": "a=b&c"},
            ex_security_groups=["default"])
        self.assertEqual(node.state, NodeState.PENDING)
        [(running, addresses)] = self.driver.wait_until_running([node], wait_period=0.1)
        self.assertEqual(addresses, running.public_ips)
        seen = [each for each in self.driver.list_nodes() if each.id == node.id][0]
        self.assertEqual(seen.name, f"node é & <{self.name}>")
        self.assertEqual(seen.extra["tags"], {"Name": seen.name, "Team": "a=b&c"})
        self.assertEqual(seen.extra["availability"], REGION + "b")
        self.assertEqual(seen.extra["key_name"], "of-node-" + self.name)
        self.assertEqual(seen.extra["instance_type"], "t2.micro")
        self.assertEqual(seen.private_ips, [instance(ec2, node.id)["PrivateIpAddress"]])
        self.assertEqual(self.driver.ex_describe_tags(seen), seen.extra["tags"])
        self.assertTrue(self.driver.ex_create_tags(seen, {"Zero": "from 0", "One": ""}))
        self.assertTrue(self.driver.ex_delete_tags(seen, {"Team": "a=b&c"}))
        self.assertEqual(self.driver.ex_describe_tags(seen),
                         {"Name": seen.name, "Zero": "from 0", "One": ""})
        self.assertEqual([each.id for each in self.driver.list_nodes(
            ex_filters={"tag:Zero": "from *", "instance-state-name": "running"})], [node.id])
        self.assertTrue(self.driver.reboot_node(seen))
        self.assertTrue(self.driver.stop_node(seen))
        wait_state(ec2, node.id, "stopped")
        self.assertEqual(self.driver.list_nodes(ex_node_ids=[node.id])[0].state, NodeState.STOPPED)
        self.assertTrue(self.driver.ex_change_node_size(seen, [
            each for each in self.driver.list_sizes() if each.id == "t3.small"][0]))
        self.assertTrue(self.driver.start_node(seen))
        wait_state(ec2, node.id, "running")
        self.assertEqual(instance(ec2, node.id)["InstanceType"], "t3.small")
        self.assertTrue(self.driver.destroy_node(seen))
        until(lambda: self.driver.list_nodes(ex_node_ids=[node.id])[0].state
              == NodeState.TERMINATED)
        self.driver.delete_key_pair(self.driver.get_key_pair("of-node-" + self.name))

    def test_refusals_reach_the_caller(self):
        with self.assertRaises(InvalidCredsError):
            driver(secret="x" * 40, **self.options).list_nodes()
        with self.assertRaises(BaseHTTPError) as raised:
            self.driver.list_nodes(ex_node_ids=["i-0123456789abcdef0"])
        self.assertIn("InvalidInstanceID.NotFound", str(raised.exception))


class Version2(Flow, unittest.TestCase):
    name = "two"

    def test_it_is_what_libcloud_does_by_itself(self):
        self.assertEqual(type(self.driver.connection.signer).__name__,
                         "AWSRequestSignerAlgorithmV2")


class Version4(Flow, unittest.TestCase):
    options = {"signature_version": "4"}
    name = "four"


if __name__ == "__main__":
    tap.main()
