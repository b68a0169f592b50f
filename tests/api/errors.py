#!/usr/bin/python3 -B
# area: front-door
# config: public_addresses=198.18.0.0/29
"""Errors that the other tests of the API do not meet on their way.

Every row of lib/core/faults.def is provoked somewhere: tests/lib/replies.py --complete looks at what
all tests were answered, and at what the unit tests expect.
"""
import json
import unittest

from client import client, connection, launch, refusal, register_image, remove, request, tap, until


class Errors(unittest.TestCase):
    def test_the_pool_of_public_addresses_is_used_up(self):
        image = register_image("errors")
        ec2 = client()
        made = launch(ec2, image, count=6)  # 198.18.0.1 to .6
        ids = [each["InstanceId"] for each in made]
        self.assertEqual(len({each["PublicIpAddress"] for each in made}), 6)
        error = refusal(ec2.run_instances, ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1)
        self.assertEqual((error.code, error.status), ("InsufficientAddressCapacity", 400))
        self.assertIn("has 0 left", error.message)
        made = ec2.run_instances(
            ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1, NetworkInterfaces=[
                {"DeviceIndex": 0, "AssociatePublicIpAddress": False}])["Instances"]
        self.assertNotIn("PublicIpAddress", made[0])
        remove(ec2, made[0]["InstanceId"], *ids)

    def test_an_interface_takes_five_groups(self):
        ec2 = client()
        image = register_image("errors-groups")
        groups = [ec2.create_security_group(GroupName=f"errors-{n}", Description="d")["GroupId"] for n in range(6)]
        error = refusal(ec2.run_instances, ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1,
                        SecurityGroupIds=groups)
        self.assertEqual((error.code, error.status), ("SecurityGroupsPerInterfaceLimitExceeded", 400))
        for group in groups:
            ec2.delete_security_group(GroupId=group)

    def test_a_tunnel_to_a_port_that_does_not_answer(self):
        ec2 = client()
        one = launch(ec2, register_image("errors-tunnel"))["InstanceId"]
        answer = request("GET", f"/v1/tunnel/{one}/22",
                         headers={"Connection": "Upgrade", "Upgrade": "croft-tunnel"})
        code, message = answer.fault()
        self.assertEqual((code, answer.status), ("IncorrectState", 400))
        self.assertIn(f"Port 22 of {one} does not answer", message)
        remove(ec2, one)

    def test_more_uploads_than_the_server_takes_at_once(self):
        open_ones = []
        try:
            for _ in range(8):
                link = connection(unix=True)
                open_ones.append(link)
                link.putrequest("PUT", "/v1/uploads")
                link.putheader("Content-Length", "1000")
                link.endheaders(b"x" * 10)
            refused = None
            for _ in range(20):  # the server may not have looked at all eight yet
                link = connection(unix=True)
                open_ones.append(link)
                link.putrequest("PUT", "/v1/uploads")
                link.putheader("Content-Length", "1000")
                link.putheader("Expect", "100-continue")
                link.endheaders()
                link.sock.settimeout(0.5)
                try:
                    refused = link.getresponse()
                    break
                except TimeoutError:
                    continue
            self.assertIsNotNone(refused)
            self.assertEqual(refused.status, 503)
            self.assertEqual(json.loads(refused.read())["__type"], "RequestLimitExceeded")
        finally:
            for link in open_ones:
                link.close()
        # Whoever goes away leaves room, as soon as the server has heard of it.
        until(lambda: request("PUT", "/v1/uploads", body=b"x", unix=True).status != 503, 10,
              "room for an upload")


if __name__ == "__main__":
    tap.main()
