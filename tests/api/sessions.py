#!/usr/bin/python3 -B
# area: identity
# config: role_credentials=6
# timeout: 120
"""Temporary credentials: what STS gives, and how long and for whom it is good."""
import email.utils
import unittest

import boto3
import botocore.config

from client import KEY_ID, client, daemon, launch, refusal, register_image, remove, tap
from metadata import FromGuest, Guest, Relay


def setUpModule():
    global ec2, sts
    ec2, sts = client(), client("sts")


def having(credentials, service="ec2", **more):
    """A client with temporary credentials."""
    given = {"key": credentials["AccessKeyId"], "secret": credentials["SecretAccessKey"],
             "token": credentials["SessionToken"], **more}
    return client(service, **given)


class Tokens(unittest.TestCase):
    def test_a_session_is_its_user_until_it_ends(self):
        given = sts.get_session_token()["Credentials"]
        self.assertRegex(given["AccessKeyId"], r"^ASIA[A-Z2-7]{16}$")
        self.assertEqual(len(given["SecretAccessKey"]), 40)
        who = having(given, "sts").get_caller_identity()
        self.assertEqual(who["Arn"], sts.get_caller_identity()["Arn"])
        self.assertTrue(having(given).describe_regions()["Regions"])
        self.assertEqual(sts.get_access_key_info(AccessKeyId=given["AccessKeyId"])["Account"],
                         who["Account"])
        self.assertEqual(sts.get_access_key_info(AccessKeyId=KEY_ID)["Account"], who["Account"])

    def test_a_session_of_the_account_ends_in_an_hour(self):
        for asked, seconds in ((None, 3600), (900, 900), (129600, 3600)):
            more = {} if asked is None else {"DurationSeconds": asked}
            answer = sts.get_session_token(**more)
            date = answer["ResponseMetadata"]["HTTPHeaders"]["date"]
            ends = answer["Credentials"]["Expiration"]
            now = email.utils.parsedate_to_datetime(date)
            self.assertLess(abs((ends - now).total_seconds() - seconds), 10, asked)
        loose = client("sts", parameter_validation=False)
        for wrong in (899, 129601, -1):
            self.assertEqual(refusal(loose.get_session_token, DurationSeconds=wrong).code,
                             "ValidationError")

    def test_no_session_makes_another_of_itself(self):
        given = sts.get_session_token()["Credentials"]
        fault = refusal(having(given, "sts").get_session_token)
        self.assertEqual((fault.code, fault.status), ("AccessDenied", 403))

    def test_credentials_outlive_the_daemon(self):
        given = sts.get_session_token()["Credentials"]
        daemon("restart")
        self.assertTrue(having(given, connect_timeout=5).describe_regions()["Regions"])

    def test_a_token_is_of_its_key_and_unchanged(self):
        one, other = (sts.get_session_token()["Credentials"] for _ in range(2))
        token = one["SessionToken"]
        wrong = {"another's": other["SessionToken"], "changed": token[:30] + "x" + token[31:],
                 "cut": token[:-8], "nothing": "", "long": "v1:" + "A" * 30000}
        for what, text in wrong.items():
            with self.subTest(what):
                fault = refusal(having({**one, "SessionToken": text}).describe_regions)
                self.assertEqual((fault.code, fault.status), ("AuthFailure", 401))
                fault = refusal(having({**one, "SessionToken": text}, "sts").get_caller_identity)
                self.assertEqual((fault.code, fault.status), ("InvalidClientTokenId", 403))
        self.assertEqual(refusal(having({**one, "SessionToken": None}).describe_regions).code,
                         "AuthFailure")
        # What nobody was given signs nothing, whatever token comes with it.
        made_up = {**one, "AccessKeyId": "ASIA" + "A" * 16}
        self.assertEqual(refusal(having(made_up).describe_regions).code, "AuthFailure")
        secret = {**one, "SecretAccessKey": other["SecretAccessKey"]}
        self.assertEqual(refusal(having(secret).describe_regions).code, "AuthFailure")

    def test_a_key_of_its_own_has_no_token(self):
        given = sts.get_session_token()["Credentials"]
        with_token = client(token=given["SessionToken"])
        self.assertEqual(refusal(with_token.describe_regions).code, "AuthFailure")

    def test_a_flood_of_tokens_costs_nobody_anything(self):
        given = [sts.get_session_token()["Credentials"] for _ in range(60)]
        self.assertEqual(len({each["AccessKeyId"] for each in given}), 60)
        for each in (given[0], given[-1]):
            self.assertTrue(having(each).describe_regions()["Regions"])

    def test_the_account_is_in_the_id(self):
        for wrong in ("ASIA7777777777777777", "AKIA" + "Z" * 16, "x" * 16):
            self.assertEqual(refusal(sts.get_access_key_info, AccessKeyId=wrong).code,
                             "ValidationError", wrong)


class FromAGuest(unittest.TestCase):
    """The API at the address of the metadata service."""

    def setUp(self):
        self.guest = Guest(launch(ec2, register_image(self.id())))
        self.addCleanup(remove, ec2, self.guest.id)
        self.relay = Relay(self.guest)
        self.addCleanup(self.relay.close)

    def client(self, service="ec2", **more):
        return boto3.client(service, endpoint_url=self.relay.url, config=botocore.config.Config(
            retries={"total_max_attempts": 1}), **more)

    def test_it_is_called_as_from_everywhere(self):
        self.assertIn(self.guest.id, [i["InstanceId"] for r in self.client().describe_instances()[
            "Reservations"] for i in r["Instances"]])
        self.assertEqual(self.client("sts").get_caller_identity()["Arn"],
                         sts.get_caller_identity()["Arn"])

    def test_nobody_is_anybody_without_a_signature(self):
        for method, path, body, more in (
                ("POST", "/", b"Action=DescribeInstances&Version=2016-11-15", {}),
                ("GET", "/?Action=DescribeInstances&Version=2016-11-15", None, {}),
                ("POST", "/v1/DescribeInstances", b"{}", {}),
                ("POST", "/", b"{}", {"X-Amz-Target": "AmazonEC2.DescribeInstances"})):
            link = FromGuest(self.guest.vpc, self.guest.address)
            link.request(method, path, body=body, headers=more)
            reply = link.getresponse()
            self.assertEqual(reply.status, 403, path)
            self.assertIn(b"MissingAuthenticationToken", reply.read())
            link.close()

    def test_other_paths_are_metadata(self):
        self.assertEqual(self.guest.status("/latest/meta-data/ami-id", "POST"), 405)
        self.assertEqual(self.guest.status("/v1/uploads"), 404)
        self.assertEqual(self.guest.status("/v1/uploads", "PUT"), 405)
        self.assertTrue(self.guest.read("/").startswith("1.0\n"))

    def test_what_is_too_long_is_refused_as_the_api_refuses(self):
        link = FromGuest(self.guest.vpc, self.guest.address)
        link.request("POST", "/", body=b"x" * (65 << 10))
        reply = link.getresponse()
        self.assertEqual(reply.status, 413)
        self.assertIn(b"<Code>RequestEntityTooLarge</Code>", reply.read())
        link.close()

    def test_metadata_options_are_not_the_apis(self):
        ec2.modify_instance_metadata_options(InstanceId=self.guest.id, HttpEndpoint="disabled")
        self.assertEqual(self.guest.status("/latest/meta-data/"), 403)
        self.assertTrue(self.client().describe_regions()["Regions"])


if __name__ == "__main__":
    tap.main()
