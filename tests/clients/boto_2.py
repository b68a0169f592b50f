#!/usr/bin/python3 -B
# area: front-door
# config: signature_v2=yes
"""boto 2, which much old Python still uses: API version 2014-10-01, both versions of the signature."""
import base64
import unittest
import urllib.parse

from support import need

try:
    import boto.exception
    from boto.ec2.connection import EC2Connection
    from boto.regioninfo import RegionInfo
except ImportError:
    EC2Connection = None
from client import (ENDPOINT, KEY_ID, REGION, REGIONS, SECRET, instance, client, register_image,
                    tap, until)


def setUpModule():
    global image, ec2
    need(EC2Connection, "python3-boto")
    ec2 = client()
    image = register_image("for-boto-2")


def connect(secret=SECRET, version=4):
    url = urllib.parse.urlsplit(ENDPOINT)

    class Connection(EC2Connection):
        def _required_auth_capability(self):
            return ["hmac-v4"] if version == 4 else ["ec2"]
    made = Connection(KEY_ID, secret, is_secure=False, host=url.hostname, port=url.port,
                      region=RegionInfo(name=REGION, endpoint=url.hostname))
    if version == 4:  # it reads them off the host's name otherwise
        made.auth_region_name, made.auth_service_name = REGION, "ec2"
    made.num_retries = 0
    return made


class Flow:
    version = 0

    def setUp(self):
        self.boto = connect(version=self.version)

    def test_places(self):
        self.assertEqual([zone.name for zone in self.boto.get_all_zones()],
                         [REGION + letter for letter in "abc"])
        self.assertEqual([region.name for region in self.boto.get_all_regions()],
                         sorted(REGIONS))
        found = self.boto.get_all_images(filters={"name": "for-boto-*"})
        self.assertEqual([(each.id, each.state) for each in found], [(image, "available")])

    def test_keys_and_groups(self):
        name = f"boto {self.version}"
        key = self.boto.create_key_pair(name)
        self.assertIn("RSA PRIVATE KEY", key.material)
        self.assertEqual(self.boto.get_key_pair(name).fingerprint, key.fingerprint)
        self.assertTrue(self.boto.delete_key_pair(name))
        group = self.boto.create_security_group(name, "of boto + 2")
        self.assertTrue(group.authorize("tcp", 22, 22, "192.0.2.0/24"))
        again = self.boto.get_all_security_groups(group_ids=[group.id])[0]
        self.assertEqual([(rule.from_port, rule.grants[0].cidr_ip) for rule in again.rules],
                         [("22", "192.0.2.0/24")])
        with self.assertRaises(boto.exception.EC2ResponseError) as raised:
            self.boto.create_security_group(name, "again")
        self.assertEqual(raised.exception.error_code, "InvalidGroup.Duplicate")
        self.assertEqual(raised.exception.status, 400)
        self.assertTrue(group.delete())

    def test_an_instance(self):
        reservation = self.boto.run_instances(image, instance_type="t2.micro",
                                              user_data="#!/bin/sh\necho é\n")
        made = reservation.instances[0]
        until(lambda: made.update() == "running")
        made.add_tag("Name", "ä & <b> 'c'")
        seen = self.boto.get_only_instances(filters={"tag:Name": "ä*"})
        self.assertEqual([(each.id, each.tags["Name"]) for each in seen],
                         [(made.id, "ä & <b> 'c'")])
        data = made.get_attribute("userData")["userData"]
        self.assertEqual(base64.b64decode(data).decode(), "#!/bin/sh\necho é\n")
        self.assertEqual(seen[0].private_ip_address, instance(ec2, made.id)["PrivateIpAddress"])
        made.remove_tag("Name")
        made.stop()
        until(lambda: made.update() == "stopped")
        self.assertTrue(made.modify_attribute("instanceType", "t3.small"))
        made.start()
        until(lambda: made.update() == "running")
        self.assertEqual(made.instance_type, "t3.small")
        made.terminate()
        until(lambda: made.update() == "terminated")

    def test_refusals(self):
        with self.assertRaises(boto.exception.EC2ResponseError) as raised:
            connect(secret="x" * 40, version=self.version).get_all_zones()
        self.assertEqual((raised.exception.error_code, raised.exception.status),
                         ("AuthFailure", 401))
        with self.assertRaises(boto.exception.EC2ResponseError) as raised:
            self.boto.get_all_key_pairs(dry_run=True)
        self.assertEqual((raised.exception.error_code, raised.exception.status),
                         ("DryRunOperation", 412))


class Version2(Flow, unittest.TestCase):
    version = 2


class Version4(Flow, unittest.TestCase):
    version = 4


if __name__ == "__main__":
    tap.main()
