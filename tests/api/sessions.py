#!/usr/bin/python3 -B
# area: identity
# config: role_credentials=6
# timeout: 120
"""Temporary credentials: what STS gives, and how long and for whom it is good."""
import email.utils
import json
import unittest

import boto3
import botocore.config
import botocore.exceptions
import botocore.utils

from client import (KEY_ID, client, daemon, instance, launch, refusal, register_image, remove, tap,
                    until)
from metadata import FromGuest, Guest, Relay


def setUpModule():
    global ec2, iam, sts
    ec2, iam, sts = client(), client("iam"), client("sts")


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


def trust(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action, resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def lets_in(**principal):
    return {"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
            "Principal": principal}


class Identities(unittest.TestCase):
    """A user, alice, who may do little by herself, and roles."""

    def setUp(self):
        self.user = iam.create_user(UserName="alice")["User"]
        key = iam.create_access_key(UserName="alice")["AccessKey"]
        self.addCleanup(iam.delete_user, UserName="alice")
        self.addCleanup(iam.delete_access_key, UserName="alice", AccessKeyId=key["AccessKeyId"])
        self.alice = having({**key, "SessionToken": None}, "sts")
        self.key = key
        self.account = sts.get_caller_identity()["Account"]

    def role(self, name, *statements, who=None, **more):
        """Whoever of `who` (alice) may have it, and it may do what the statements say."""
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(
            who or lets_in(AWS=self.user["Arn"])), **more)["Role"]
        self.addCleanup(iam.delete_role, RoleName=name)
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=trust(*statements))
            self.addCleanup(iam.delete_role_policy, RoleName=name, PolicyName="own")
        return made

    def assume(self, role, by=None, **more):
        return (by or self.alice).assume_role(**{"RoleArn": role["Arn"], "RoleSessionName": "me", **more})

    def refused(self, role, by=None, **more):
        return refusal((by or self.alice).assume_role,
                       **{"RoleArn": role["Arn"], "RoleSessionName": "me", **more}).code


class Roles(Identities):
    def test_a_session_may_what_its_role_may(self):
        role = self.role("reader", allow("ec2:DescribeRegions"))
        given = self.assume(role, RoleSessionName="me@home", DurationSeconds=900)
        arn = f"arn:aws:sts::{self.account}:assumed-role/reader/me@home"
        self.assertEqual(given["AssumedRoleUser"], {
            "Arn": arn, "AssumedRoleId": role["RoleId"] + ":me@home"})
        self.assertNotIn("PackedPolicySize", given)
        who = having(given["Credentials"], "sts").get_caller_identity()
        self.assertEqual((who["Arn"], who["UserId"], who["Account"]),
                         (arn, role["RoleId"] + ":me@home", self.account))
        session = having(given["Credentials"])
        self.assertTrue(session.describe_regions()["Regions"])
        fault = refusal(session.describe_instances)
        self.assertEqual((fault.code, fault.status), ("UnauthorizedOperation", 403))

    def test_who_is_not_trusted_gets_none(self):
        role = self.role("ours", who=lets_in(Service="ec2.amazonaws.com"))
        self.assertEqual(self.refused(role), "AccessDenied")
        self.assertEqual(self.refused({"Arn": role["Arn"] + "x"}), "AccessDenied")
        self.assertEqual(self.refused({"Arn": "no ARN, but it is long enough"}), "ValidationError")
        self.assertEqual(self.refused(self.role("mine"), by=sts), "AccessDenied", "the account itself")

    def test_the_external_id_has_to_be_the_one(self):
        role = self.role("outside", who={**lets_in(AWS=self.user["Arn"]), "Condition": {
            "StringEquals": {"sts:ExternalId": "42"}}})
        self.assertEqual(self.refused(role), "AccessDenied")
        self.assertEqual(self.refused(role, ExternalId="43"), "AccessDenied")
        self.assertTrue(self.assume(role, ExternalId="42")["Credentials"])

    def test_session_policies_narrow(self):
        role = self.role("wide", allow("ec2:*"))
        narrow = trust(allow("ec2:DescribeRegions"))
        given = self.assume(role, Policy=narrow)
        self.assertGreater(given["PackedPolicySize"], 0)
        session = having(given["Credentials"])
        self.assertTrue(session.describe_regions()["Regions"])
        self.assertEqual(refusal(session.describe_vpcs).code, "UnauthorizedOperation")
        read_only = "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess"
        session = having(self.assume(role, PolicyArns=[{"arn": read_only}])["Credentials"])
        self.assertTrue(session.describe_vpcs()["Vpcs"])
        self.assertEqual(refusal(session.create_key_pair, KeyName="no").code, "UnauthorizedOperation")
        # What the role may not, no policy of a session brings.
        role = self.role("thin", allow("ec2:DescribeRegions"))
        session = having(self.assume(role, Policy=trust(allow("*")))["Credentials"])
        self.assertEqual(refusal(session.describe_vpcs).code, "UnauthorizedOperation")

    def test_policies_that_are_none(self):
        role = self.role("any")
        self.assertEqual(self.refused(role, Policy="{}"), "MalformedPolicyDocument")
        self.assertEqual(self.refused(role, Policy="x" * 2049), "ValidationError")
        self.assertEqual(self.refused(role, PolicyArns=[{
            "arn": f"arn:aws:iam::{self.account}:policy/none"}]), "ValidationError")
        tags = [{"Key": f"k{n}" * 30, "Value": "v" * 256} for n in range(50)]
        self.assertEqual(self.refused(role, Tags=tags), "PackedPolicyTooLarge")

    def test_how_long(self):
        role = self.role("short", MaxSessionDuration=7200)
        self.assertTrue(self.assume(role, DurationSeconds=7200))
        self.assertEqual(self.refused(role, DurationSeconds=7201), "ValidationError")
        loose = having({**self.key, "SessionToken": None}, "sts", parameter_validation=False)
        self.assertEqual(self.refused(role, by=loose, DurationSeconds=899), "ValidationError")

    def test_a_chain_is_an_hour_long_and_hands_tags_on(self):
        first = self.role("first", allow("sts:*"))
        second = self.role("second", who=lets_in(AWS=first["Arn"]), MaxSessionDuration=43200)
        given = self.assume(first, Tags=[{"Key": "team", "Value": "red"}, {"Key": "own", "Value": "1"}],
                            TransitiveTagKeys=["team"], SourceIdentity="alice")
        link = having(given["Credentials"], "sts")
        self.assertEqual(self.refused(second, by=link, DurationSeconds=3601), "ValidationError")
        self.assertEqual(self.refused(second, by=link, Tags=[{"Key": "Team", "Value": "blue"}]),
                         "InvalidParameterValue")
        self.assertEqual(self.refused(second, by=link, SourceIdentity="bob"), "AccessDenied")
        again = self.assume(second, by=link, DurationSeconds=3600)
        self.assertEqual(again["SourceIdentity"], "alice")
        self.assertIn("assumed-role/second/me",
                      having(again["Credentials"], "sts").get_caller_identity()["Arn"])

    def test_tags_that_cannot_be(self):
        role = self.role("tagged")
        for tags, keys in (([("aws:x", "1")], []), ([("a", "1"), ("A", "2")], []), ([("a", "1")], ["b"])):
            self.assertIn(self.refused(role, Tags=[{"Key": k, "Value": v} for k, v in tags],
                                       TransitiveTagKeys=keys),
                          ("ValidationError", "InvalidParameterValue"), tags)
        for name in ("a b", "a/b", "é" * 3):
            self.assertEqual(self.refused(role, RoleSessionName=name), "ValidationError", name)

    def test_it_ends_with_its_role_or_user(self):
        made = iam.create_role(RoleName="gone", AssumeRolePolicyDocument=trust(
            lets_in(AWS=self.user["Arn"])))["Role"]
        given = self.assume(made)["Credentials"]
        self.assertTrue(having(given, "sts").get_caller_identity())
        iam.delete_role(RoleName="gone")
        self.assertEqual(refusal(having(given, "sts").get_caller_identity).code, "InvalidClientTokenId")
        self.assertEqual(refusal(having(given).describe_regions).code, "AuthFailure")

    def test_a_users_session_is_the_user(self):
        given = self.alice.get_session_token()["Credentials"]
        self.assertEqual(having(given, "sts").get_caller_identity()["Arn"], self.user["Arn"])
        self.assertEqual(refusal(having(given).describe_regions).code, "UnauthorizedOperation")


class Federated(unittest.TestCase):
    """Users whom a user lets in under another name."""

    def setUp(self):
        self.user = iam.create_user(UserName="broker")["User"]
        self.addCleanup(iam.delete_user, UserName="broker")
        self.key = iam.create_access_key(UserName="broker")["AccessKey"]
        self.addCleanup(iam.delete_access_key, UserName="broker", AccessKeyId=self.key["AccessKeyId"])
        iam.put_user_policy(UserName="broker", PolicyName="own", PolicyDocument=trust(
            allow("sts:*"), allow(["ec2:DescribeVpcs", "ec2:DescribeSubnets"]), allow("iam:ListUsers")))
        self.addCleanup(iam.delete_user_policy, UserName="broker", PolicyName="own")
        self.broker = client("sts", key=self.key["AccessKeyId"], secret=self.key["SecretAccessKey"])

    def federate(self, *statements, of=None, **more):
        more.setdefault("Name", "bob")
        if statements:
            more["Policy"] = trust(*statements)
        return (of or self.broker).get_federation_token(**more)

    def test_it_may_what_both_allow(self):
        given = self.federate(allow(["ec2:DescribeVpcs", "ec2:DescribeRegions"]))
        bob = having(given["Credentials"])
        self.assertTrue(bob.describe_vpcs()["Vpcs"])
        self.assertEqual(refusal(bob.describe_subnets).code, "UnauthorizedOperation", "the user may, the session not")
        self.assertEqual(refusal(bob.describe_regions).code, "UnauthorizedOperation", "the session may, the user not")
        account = self.user["Arn"].split(":")[4]
        who = having(given["Credentials"], "sts").get_caller_identity()
        self.assertEqual((who["Arn"], who["UserId"], who["Account"]),
                         (f"arn:aws:sts::{account}:federated-user/bob", account + ":bob", account))
        self.assertEqual(given["FederatedUser"], {"FederatedUserId": account + ":bob", "Arn": who["Arn"]})
        self.assertGreater(given["PackedPolicySize"], 0)
        # Another policy of the user counts at once.
        iam.put_user_policy(UserName="broker", PolicyName="own", PolicyDocument=trust(allow("ec2:DescribeRegions")))
        self.assertTrue(bob.describe_regions()["Regions"])
        self.assertEqual(refusal(bob.describe_vpcs).code, "UnauthorizedOperation")

    def test_without_a_policy_it_may_nothing(self):
        bob = having(self.federate()["Credentials"])
        self.assertEqual(refusal(bob.describe_vpcs).code, "UnauthorizedOperation")
        named = self.federate(PolicyArns=[{"arn": "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess"}])
        self.assertTrue(having(named["Credentials"]).describe_vpcs()["Vpcs"])
        self.assertEqual(refusal(having(named["Credentials"]).describe_regions).code, "UnauthorizedOperation")

    def test_of_the_account_it_may_what_the_policy_says(self):
        given = self.federate(allow("ec2:DescribeRegions"), of=sts)
        self.assertTrue(having(given["Credentials"]).describe_regions()["Regions"])
        self.assertEqual(refusal(having(given["Credentials"]).describe_vpcs).code, "UnauthorizedOperation")
        self.assertEqual(refusal(having(self.federate(of=sts)["Credentials"]).describe_vpcs).code, "UnauthorizedOperation")

    def test_conditions_know_it_by_its_name(self):
        keys = {"StringEquals": {"aws:userid": self.user["Arn"].split(":")[4] + ":bob",
                                 "aws:PrincipalType": "FederatedUser", "aws:PrincipalTag/team": "red"},
                "ArnLike": {"aws:PrincipalArn": "arn:aws:sts::*:federated-user/bob"},
                "Null": {"aws:username": "true"}}
        statement = {**allow("ec2:DescribeVpcs"), "Condition": keys}
        tags = [{"Key": "team", "Value": "red"}]
        self.assertTrue(having(self.federate(statement, Tags=tags)["Credentials"]).describe_vpcs()["Vpcs"])
        for more in ({}, {"Tags": tags, "Name": "rob"}):
            other = having(self.federate(statement, **more)["Credentials"])
            self.assertEqual(refusal(other.describe_vpcs).code, "UnauthorizedOperation", more)

    def test_it_calls_neither_iam_nor_sts(self):
        given = self.federate(allow("*"))["Credentials"]
        of_sts, of_iam = having(given, "sts"), having(given, "iam")
        for call, params in ((of_iam.list_users, {}), (of_sts.get_session_token, {}),
                             (of_sts.get_federation_token, {"Name": "again"}),
                             (of_sts.assume_role, {"RoleArn": "arn:aws:iam::000000000000:role/any", "RoleSessionName": "me"})):
            fault = refusal(call, **params)
            self.assertEqual((fault.code, fault.status), ("AccessDenied", 403), fault.message)

    def test_who_may_make_one(self):
        iam.put_user_policy(UserName="broker", PolicyName="own", PolicyDocument=trust(
            allow("sts:GetFederationToken", "arn:aws:sts::*:federated-user/bob")))
        self.federate()
        self.assertEqual(refusal(self.federate, Name="rob").code, "AccessDenied")
        self.assertEqual(refusal(self.federate, Tags=[{"Key": "a", "Value": "b"}]).code, "AccessDenied", "TagSession")
        session = having(self.broker.get_session_token()["Credentials"], "sts")
        self.assertEqual(refusal(self.federate, of=session).message,
                         "Cannot call GetFederationToken with session credentials")
        loose = client("sts", parameter_validation=False)
        for wrong in ({"Name": "a b"}, {"Name": "x"}, {"Name": "x" * 33}, {"DurationSeconds": 899},
                      {"DurationSeconds": 129601}, {"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/none"}]}):
            self.assertEqual(refusal(self.federate, of=loose, **wrong).code, "ValidationError", wrong)
        self.assertEqual(refusal(self.federate, of=sts, Policy="{}").code, "MalformedPolicyDocument")

    def test_it_goes_with_its_user(self):
        iam.create_user(UserName="leaves")
        iam.attach_user_policy(UserName="leaves", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
        key = iam.create_access_key(UserName="leaves")["AccessKey"]
        leaves = client("sts", key=key["AccessKeyId"], secret=key["SecretAccessKey"])
        bob = having(self.federate(allow("*"), of=leaves)["Credentials"])
        bob.describe_vpcs()
        iam.delete_access_key(UserName="leaves", AccessKeyId=key["AccessKeyId"])
        bob.describe_vpcs()
        iam.detach_user_policy(UserName="leaves", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
        iam.delete_user(UserName="leaves")
        self.assertEqual(refusal(bob.describe_vpcs).code, "AuthFailure")


class SecondFactors(unittest.TestCase):
    def test_nobody_has_one(self):
        device = {"SerialNumber": "arn:aws:iam::000000000000:mfa/any", "TokenCode": "123456"}
        for call, params in ((sts.get_session_token, {}), (sts.get_session_token, {"TokenCode": None}),
                             (sts.assume_role, {"RoleArn": "arn:aws:iam::000000000000:role/any", "RoleSessionName": "me"})):
            given = {**device, **params}
            fault = refusal(call, **{name: value for name, value in given.items() if value is not None})
            self.assertEqual((fault.code, fault.status), ("AccessDenied", 403))
            self.assertIn("MultiFactorAuthentication failed", fault.message)


class OfInstances(Identities):
    """The role of an instance, which its metadata gives credentials of."""

    @classmethod
    def setUpClass(cls):
        cls.reader = iam.create_role(RoleName="machine", AssumeRolePolicyDocument=trust(
            lets_in(Service="ec2.amazonaws.com")))["Role"]
        cls.addClassCleanup(iam.delete_role, RoleName="machine")
        iam.put_role_policy(RoleName="machine", PolicyName="own", PolicyDocument=trust(
            allow("ec2:DescribeRegions")))
        cls.addClassCleanup(iam.delete_role_policy, RoleName="machine", PolicyName="own")
        cls.addClassCleanup(cls.profile("machine"))
        cls.guest = cls.launched()
        cls.addClassCleanup(remove, ec2, cls.guest.id)
        cls.relay = Relay(cls.guest)
        cls.addClassCleanup(cls.relay.close)

    @staticmethod
    def launched(name="profiles"):
        return Guest(launch(ec2, register_image(name), IamInstanceProfile={"Name": "machine"}))

    @classmethod
    def profile(cls, name):
        """Of the role of its name; what is returned removes it."""
        iam.create_instance_profile(InstanceProfileName=name)
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)

        def gone():
            iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=name)
            iam.delete_instance_profile(InstanceProfileName=name)
        return gone

    def setUp(self):
        super().setUp()
        if self.association() is None:  # a test has taken it
            ec2.associate_iam_instance_profile(InstanceId=self.guest.id, IamInstanceProfile={"Name": "machine"})

    def association(self):
        found = ec2.describe_iam_instance_profile_associations(Filters=[
            {"Name": "instance-id", "Values": [self.guest.id]}])["IamInstanceProfileAssociations"]
        return found[0] if found else None

    def given(self):
        return json.loads(self.guest.meta("iam/security-credentials/machine"))

    def of(self, given, service="ec2"):
        """A client in the guest."""
        return boto3.client(service, endpoint_url=self.relay.url, aws_access_key_id=given["AccessKeyId"],
                            aws_secret_access_key=given["SecretAccessKey"], aws_session_token=given["Token"],
                            config=botocore.config.Config(retries={"total_max_attempts": 1}))

    def test_a_program_finds_credentials_and_is_refused_what_the_role_lacks(self):
        """As boto3 does it: from IMDS, and from nowhere else."""
        found = botocore.utils.InstanceMetadataFetcher(
            base_url=self.relay.url, env={}).retrieve_iam_role_credentials()
        given = {"AccessKeyId": found["access_key"], "SecretAccessKey": found["secret_key"],
                 "Token": found["token"]}
        self.assertEqual(found["role_name"], "machine")
        self.assertTrue(self.of(given).describe_regions()["Regions"])
        self.assertEqual(refusal(self.of(given).describe_instances).code, "UnauthorizedOperation")
        who = self.of(given, "sts").get_caller_identity()
        self.assertEqual(who["Arn"],
                         f"arn:aws:sts::{self.account}:assumed-role/machine/{self.guest.id}")
        self.assertEqual(who["UserId"], f"{self.reader['RoleId']}:{self.guest.id}")

    def test_what_metadata_says(self):
        shown = instance(ec2, self.guest.id)["IamInstanceProfile"]
        info = json.loads(self.guest.meta("iam/info"))
        self.assertEqual((info["Code"], info["InstanceProfileArn"], info["InstanceProfileId"]),
                         ("Success", shown["Arn"], shown["Id"]))
        self.assertEqual(self.guest.meta("iam/security-credentials/"), "machine")
        given = self.given()
        self.assertEqual((given["Code"], given["Type"]), ("Success", "AWS-HMAC"))
        self.assertEqual(set(given), {"Code", "LastUpdated", "Type", "AccessKeyId", "SecretAccessKey", "Token",
                                      "Expiration"})

    def test_they_rotate_and_end(self):
        first = self.given()
        until(lambda: self.given()["AccessKeyId"] != first["AccessKeyId"], limit=5)
        second = self.given()
        for given in (first, second):
            self.assertTrue(self.of(given).describe_regions()["Regions"])
        until(lambda: self.ended(first), limit=10)
        fault = refusal(self.of(first).describe_regions)
        self.assertEqual((fault.code, fault.status), ("RequestExpired", 400))
        fault = refusal(self.of(first, "sts").get_caller_identity)
        self.assertEqual((fault.code, fault.status), ("ExpiredToken", 403))
        outside = client("sts", key=first["AccessKeyId"], secret=first["SecretAccessKey"], token=first["Token"])
        self.assertEqual(refusal(outside.get_caller_identity).code, "ExpiredToken")
        outside = client("organizations", key=first["AccessKeyId"], secret=first["SecretAccessKey"],
                         token=first["Token"])
        fault = refusal(outside.describe_organization)
        self.assertEqual((fault.code, fault.status), ("ExpiredTokenException", 403))
        self.assertTrue(self.of(self.given()).describe_regions()["Regions"])

    def ended(self, given):
        try:
            self.of(given).describe_regions()
            return False
        except botocore.exceptions.ClientError:
            return True

    def gone(self, given):
        self.assertEqual(self.guest.status("/latest/meta-data/iam/security-credentials/machine"), 404)
        self.assertEqual(refusal(self.of(given).describe_regions).code, "AuthFailure")
        self.assertEqual(refusal(self.of(given, "sts").get_caller_identity).code, "InvalidClientTokenId")

    def test_they_go_with_the_association(self):
        given, association = self.given(), self.association()
        self.assertEqual(association["State"], "associated")
        ended = ec2.disassociate_iam_instance_profile(AssociationId=association["AssociationId"])
        self.assertEqual(ended["IamInstanceProfileAssociation"]["State"], "disassociating")
        self.gone(given)
        self.assertIsNone(self.association())
        self.assertNotIn("IamInstanceProfile", instance(ec2, self.guest.id))
        self.assertEqual(self.guest.status("/latest/meta-data/iam/"), 404)
        again = ec2.associate_iam_instance_profile(
            InstanceId=self.guest.id, IamInstanceProfile={"Name": "machine"})["IamInstanceProfileAssociation"]
        self.assertEqual(again["State"], "associating")
        self.assertTrue(self.of(self.given()).describe_regions()["Regions"])
        self.assertEqual(refusal(self.of(given).describe_regions).code, "AuthFailure", "the old ones stay ended")

    def test_they_go_with_the_role_of_the_profile(self):
        given = self.given()
        iam.remove_role_from_instance_profile(InstanceProfileName="machine", RoleName="machine")
        self.addCleanup(iam.add_role_to_instance_profile, InstanceProfileName="machine", RoleName="machine")
        self.gone(given)
        self.assertEqual(json.loads(self.guest.meta("iam/info"))["Code"], "Success")

    def test_another_profile_takes_its_place(self):
        given, association = self.given(), self.association()
        self.role("other", allow("ec2:DescribeVpcs"), who=lets_in(Service="ec2.amazonaws.com"))
        self.addCleanup(self.profile("other"))
        self.addCleanup(lambda: ec2.disassociate_iam_instance_profile(
            AssociationId=self.association()["AssociationId"]))
        made = ec2.replace_iam_instance_profile_association(
            AssociationId=association["AssociationId"], IamInstanceProfile={"Arn": iam.get_instance_profile(
                InstanceProfileName="other")["InstanceProfile"]["Arn"]})["IamInstanceProfileAssociation"]
        self.assertNotEqual(made["AssociationId"], association["AssociationId"])
        self.gone(given)
        given = json.loads(self.guest.meta("iam/security-credentials/other"))
        self.assertTrue(self.of(given).describe_vpcs()["Vpcs"])
        self.assertEqual(refusal(self.of(given).describe_regions).code, "UnauthorizedOperation")

    def test_what_cannot_be_associated(self):
        associate = ec2.associate_iam_instance_profile
        fault = refusal(associate, InstanceId=self.guest.id, IamInstanceProfile={"Name": "none"})
        self.assertEqual((fault.code, fault.message), (
            "InvalidParameterValue", "Value (none) for parameter iamInstanceProfile.name is invalid. "
            "Invalid IAM Instance Profile name"))
        self.assertEqual(refusal(associate, InstanceId=self.guest.id,
                                 IamInstanceProfile={"Name": "machine"}).code, "IncorrectState")
        ended = self.launched("ended").id
        remove(ec2, ended)
        found = ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]
        self.assertEqual([each["InstanceId"] for each in found], [self.guest.id])
        self.assertEqual(refusal(associate, InstanceId=ended,
                                 IamInstanceProfile={"Name": "machine"}).code, "IncorrectInstanceState")

    def test_who_gives_a_role_must_be_let(self):
        iam.put_user_policy(UserName="alice", PolicyName="run", PolicyDocument=trust(allow("ec2:*")))
        self.addCleanup(iam.delete_user_policy, UserName="alice", PolicyName="run")
        alice = having({**self.key, "SessionToken": None})
        run = {"ImageId": register_image("pass"), "MinCount": 1, "MaxCount": 1,
               "IamInstanceProfile": {"Name": "machine"}}
        fault = refusal(alice.run_instances, **run)
        self.assertEqual(fault.code, "UnauthorizedOperation")
        self.assertIn("iam:PassRole", fault.message)
        self.assertEqual(refusal(alice.run_instances, DryRun=True, **run).code, "UnauthorizedOperation")
        iam.put_user_policy(UserName="alice", PolicyName="run", PolicyDocument=trust(
            allow("ec2:*"), allow("iam:PassRole", self.reader["Arn"], Condition={
                "StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}})))
        self.assertEqual(refusal(alice.run_instances, DryRun=True, **run).code, "DryRunOperation")

    def test_templates_and_spot_requests_have_profiles(self):
        image = register_image("templates")
        ec2.create_launch_template(LaunchTemplateName="profile", LaunchTemplateData={
            "ImageId": image, "InstanceType": "t3.micro", "IamInstanceProfile": {"Name": "machine"}})
        self.addCleanup(ec2.delete_launch_template, LaunchTemplateName="profile")
        arn = instance(ec2, self.guest.id)["IamInstanceProfile"]["Arn"]
        for more in ({}, {"IamInstanceProfile": {"Arn": arn}}):
            one = ec2.run_instances(MinCount=1, MaxCount=1, LaunchTemplate={"LaunchTemplateName": "profile"},
                                    **more)["Instances"][0]
            self.addCleanup(remove, ec2, one["InstanceId"])
            self.assertEqual(one["IamInstanceProfile"]["Arn"], arn)
        data = ec2.get_launch_template_data(InstanceId=one["InstanceId"])["LaunchTemplateData"]
        self.assertEqual(data["IamInstanceProfile"], {"Arn": arn})
        asked = ec2.request_spot_instances(LaunchSpecification={
            "ImageId": image, "InstanceType": "t3.micro", "IamInstanceProfile": {"Name": "machine"}})[
                "SpotInstanceRequests"][0]
        self.assertEqual(asked["LaunchSpecification"]["IamInstanceProfile"], {"Name": "machine"})
        found = until(lambda: ec2.describe_spot_instance_requests(
            SpotInstanceRequestIds=[asked["SpotInstanceRequestId"]])["SpotInstanceRequests"][0].get("InstanceId"))
        self.addCleanup(remove, ec2, found)
        self.assertEqual(instance(ec2, found)["IamInstanceProfile"]["Arn"], arn)


if __name__ == "__main__":
    tap.main()
