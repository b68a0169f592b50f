#!/usr/bin/python3 -B
# area: front-door
# config: regions=eu-central-1 us-east-1
"""IAM with the clients that people have: boto3 with its waiters and pages, and the AWS CLI."""
import concurrent.futures
import json
import os
import subprocess
import unittest

from client import ENDPOINT, LAB, call, client, find_clis, form, refusal, tap

TRUST = json.dumps({"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
READS = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}]})
SOON = {"Delay": 1, "MaxAttempts": 2}
iam = client("iam")


class Boto3(unittest.TestCase):
    def test_its_waiters_find_what_was_made(self):
        iam.create_user(UserName="waited")
        iam.create_role(RoleName="waited", AssumeRolePolicyDocument=TRUST)
        arn = iam.create_policy(PolicyName="waited", PolicyDocument=READS)["Policy"]["Arn"]
        iam.create_instance_profile(InstanceProfileName="waited")
        iam.get_waiter("user_exists").wait(UserName="waited", WaiterConfig=SOON)
        iam.get_waiter("role_exists").wait(RoleName="waited", WaiterConfig=SOON)
        iam.get_waiter("policy_exists").wait(PolicyArn=arn, WaiterConfig=SOON)
        iam.get_waiter("instance_profile_exists").wait(InstanceProfileName="waited", WaiterConfig=SOON)

    def test_its_pages_have_everybody_once(self):
        names = [f"p-{number:03}" for number in range(23)]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda name: iam.create_user(UserName=name, Path="/paged/"), names))
        pages = iam.get_paginator("list_users").paginate(PathPrefix="/paged/", PaginationConfig={"PageSize": 5})
        self.assertEqual([user["UserName"] for page in pages for user in page["Users"]], names)

    def test_two_at_once_make_one(self):
        def make(_):
            try:
                return iam.create_user(UserName="once")["User"]["UserId"]
            except iam.exceptions.EntityAlreadyExistsException:
                return None
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            made = [each for each in pool.map(make, range(4)) if each]
        self.assertEqual(len(made), 1)

    def test_its_exceptions_have_their_names(self):
        with self.assertRaises(iam.exceptions.NoSuchEntityException):
            iam.get_user(UserName="nobody")
        with self.assertRaises(iam.exceptions.MalformedPolicyDocumentException):
            iam.create_policy(PolicyName="bad", PolicyDocument='{"Version": "2012-10-17"}')

    def test_what_is_not_here_says_so(self):
        for ask in (iam.list_saml_providers, iam.list_open_id_connect_providers):
            self.assertEqual(refusal(ask).code, "UnsupportedOperation")


class OnTheWire(unittest.TestCase):
    def test_it_is_signed_for_us_east_1_or_a_region_that_is_served(self):
        for region in ("us-east-1", "eu-central-1"):
            answer = form({"Action": "GetUser", "Version": "2010-05-08"}, service="iam", region=region)
            self.assertEqual(answer.status, 200, answer.text)
        answer = form({"Action": "GetUser", "Version": "2010-05-08"}, service="iam", region="ap-south-1")
        self.assertEqual(answer.fault()[0], "SignatureDoesNotMatch")

    def test_replies_and_errors_have_the_form_of_the_query_protocol(self):
        answer = form({"Action": "ListAccountAliases", "Version": "2010-05-08"}, service="iam")
        self.assertIn('<ListAccountAliasesResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">'
                      "<ListAccountAliasesResult><AccountAliases></AccountAliases><IsTruncated>false</IsTruncated>",
                      answer.text)
        answer = form({"Action": "DeleteUser", "Version": "2010-05-08", "UserName": "nobody"}, service="iam")
        self.assertEqual(answer.status, 404)
        self.assertIn("<Error><Type>Sender</Type><Code>NoSuchEntity</Code>", answer.text)
        answer = form({"Action": "ListUsers", "Version": "2010-05-08", "Coffee": "1"}, service="iam")
        self.assertEqual(answer.fault()[0], "UnknownParameter")

    def test_all_doors_say_the_same(self):
        iam.create_role(RoleName="doors", AssumeRolePolicyDocument=TRUST, Tags=[{"Key": "a", "Value": "é"}])
        for action, params in (("GetRole", {"RoleName": "doors"}), ("ListPolicies", {"Scope": "AWS"}),
                               ("GetAccountSummary", {})):
            found = [call(door, action, params) for door in ("post", "get", "json", "rest")]
            for each in found[1:]:
                self.assertEqual(each, found[0], action)
        for door in ("post", "get", "json", "rest"):
            self.assertEqual(refusal(call, door, "GetRole", {"RoleName": "none"}).code, "NoSuchEntity")

    def test_tags_are_numbered_members(self):
        answer = form({"Action": "CreateUser", "Version": "2010-05-08", "UserName": "numbered",
                       "Tags.member.1.Key": "a", "Tags.member.1.Value": "b"}, service="iam")
        self.assertIn("<Tags><member><Key>a</Key><Value>b</Value></member></Tags>", answer.text)

    def test_no_secret_is_in_the_log(self):
        iam.create_user(UserName="logged")
        made = iam.create_access_key(UserName="logged")["AccessKey"]
        with open(os.path.join(LAB, "log", "croftd.log"), encoding="utf-8", errors="replace") as file:
            log = file.read()
        self.assertIn("action=CreateAccessKey", log)
        self.assertNotIn(made["SecretAccessKey"], log)


class TheCli(unittest.TestCase):
    def test_a_user_from_nothing_to_a_key_and_back(self):
        for version, cli in find_clis().items():
            if cli is None:
                continue
            name = f"cli-{version}"
            with self.subTest(name):
                self.run_with(cli.path, name)

    def run_with(self, aws, name):
        env = dict(os.environ, AWS_PAGER="", AWS_MAX_ATTEMPTS="1", AWS_CONFIG_FILE="/dev/null",
                   AWS_SHARED_CREDENTIALS_FILE="/dev/null", AWS_DEFAULT_REGION="eu-central-1")

        def run(*words, wrong=False):
            done = subprocess.run([aws, "--endpoint-url", ENDPOINT, "--output", "json", "iam", *words], env=env,
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60)
            self.assertEqual(done.returncode != 0, wrong, done.stderr)
            return done.stderr if wrong else json.loads(done.stdout or "{}")
        run("create-user", "--user-name", name, "--tags", "Key=team,Value=red")
        run("put-user-policy", "--user-name", name, "--policy-name", "p", "--policy-document", READS)
        found = run("get-user-policy", "--user-name", name, "--policy-name", "p")
        self.assertEqual(found["PolicyDocument"], json.loads(READS))
        key = run("create-access-key", "--user-name", name)["AccessKey"]
        self.assertEqual(len(key["SecretAccessKey"]), 40)
        self.assertIn("(DeleteConflict)", run("delete-user", "--user-name", name, wrong=True))
        run("delete-access-key", "--user-name", name, "--access-key-id", key["AccessKeyId"])
        run("delete-user-policy", "--user-name", name, "--policy-name", "p")
        run("delete-user", "--user-name", name)
        self.assertIn("(NoSuchEntity)", run("get-user", "--user-name", name, wrong=True))


if __name__ == "__main__":
    tap.main()
