#!/usr/bin/python3 -B
# area: identity
# threads: yes
# config: api_rate=1
"""How often an account may ask: EC2's buckets of tokens, and what each service says when one is empty."""
import http.client
import time
import unittest
import urllib.parse

from client import (DOORS, FORM_TYPE, HOST, JSON_TYPE, PREFIXES, VERSION, Answer, client, knock, register_image,
                    service_of, sign, tap)

EC2 = ("RequestLimitExceeded", 503)


def setUpModule():
    global owner, manager
    owner = client("organizations")
    iam = client("iam")
    iam.create_user(UserName="manager")
    iam.attach_user_policy(UserName="manager", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    key = iam.create_access_key(UserName="manager")["AccessKey"]
    manager = {"key": key["AccessKeyId"], "secret": key["SecretAccessKey"]}


def account(name):
    """(id, credentials) of a new one, which has asked for nothing yet."""
    made = owner.create_account(Email=f"{name}@example.com", AccountName=name)["CreateAccountStatus"]["AccountId"]
    given = client("sts", **manager).assume_role(
        RoleArn=f"arn:aws:iam::{made}:role/OrganizationAccountAccessRole", RoleSessionName="student")["Credentials"]
    return made, {"key": given["AccessKeyId"], "secret": given["SecretAccessKey"], "token": given["SessionToken"]}


def ask(n, pairs, key, secret, token=None, target=None, **signing):
    """The same request n times over one connection, signed once; the answers, and the seconds that it took."""
    body = b"{}" if target else urllib.parse.urlencode({"Version": VERSION, **pairs}).encode()
    headers = {"Content-Type": JSON_TYPE if target else FORM_TYPE, "Host": HOST}
    headers.update({"X-Amz-Target": target} if target else {}, **{"X-Amz-Security-Token": token} if token else {})
    sign("POST", "/", "", headers, body, key=key, secret=secret, **signing)
    link = http.client.HTTPConnection(HOST, timeout=60)
    answers = []
    began = time.monotonic()
    for _ in range(n):
        link.request("POST", "/", body, headers)
        answers.append(Answer(link.getresponse()))
    took = time.monotonic() - began
    link.close()
    return answers, took


def passed(answers):
    return sum(answer.status == 200 for answer in answers)


class Throttled(unittest.TestCase):
    def full(self, name, size, refill, pairs, credentials, **signing):
        """The bucket lets its size through at once, what came in meanwhile, and no more."""
        answers, took = ask(size + 40, pairs, **credentials, **signing)
        self.assertEqual({answer.status for answer in answers[:size]}, {200}, name)
        self.assertLess(passed(answers), size + 40, name)
        self.assertLessEqual(passed(answers), size + took * refill + 1, name)
        refused = [answer for answer in answers if answer.status != 200]
        self.assertEqual({(answer.fault()[0], answer.status) for answer in refused}, {EC2}, name)
        return refused[0].fault()[1]

    def test_reads_and_changes_have_buckets_of_an_account_in_a_region(self):
        of, credentials = account("reader")
        said = self.full("reads", 100, 20, {"Action": "DescribeVpcs"}, credentials)
        self.assertEqual(said, f"Request limit exceeded. Account {of} has been throttled on ec2:DescribeVpcs because "
                               "it exceeded its request rate limit.")
        # Of all reads together, and of them alone.
        self.assertLess(passed(ask(20, {"Action": "DescribeSubnets"}, **credentials)[0]), 20)
        self.full("changes", 50, 5, {"Action": "ModifyVpcAttribute", "VpcId": self.vpc(credentials),
                                     "EnableDnsSupport.Value": "true"}, credentials)
        # Actions with a bucket of their own are not among them; other regions and accounts have their own.
        tagged = ask(5, {"Action": "CreateTags", "ResourceId.1": self.vpc(credentials), "Tag.1.Key": "k",
                         "Tag.1.Value": "v"}, **credentials)[0]
        self.assertEqual(passed(tagged), 5)
        self.assertEqual(passed(ask(20, {"Action": "DescribeVpcs"}, **account("other")[1])[0]), 20)
        # What comes in is good again.
        time.sleep(1)
        again = passed(ask(60, {"Action": "DescribeVpcs"}, **credentials)[0])
        self.assertGreaterEqual(again, 15)
        self.assertLess(again, 60)

    def vpc(self, credentials):
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            answer = knock("post", "DescribeVpcs", {}, **credentials)
            if answer.status == 200:
                return answer.text.partition("<vpcId>")[2].partition("<")[0]
            time.sleep(0.1)
        raise AssertionError("no token came in")

    def test_launches_have_tokens_for_each_instance(self):
        image = register_image("throttled")
        client().modify_image_attribute(ImageId=image, LaunchPermission={"Add": [{"Group": "all"}]})
        of, credentials = account("launcher")
        run = {"Action": "RunInstances", "ImageId": image, "MinCount": "1", "InstanceType": "t3.nano", "DryRun": "true"}
        answers, took = ask(12, {**run, "MaxCount": "150"}, **credentials)
        codes = [answer.fault()[0] for answer in answers]
        self.assertEqual(set(codes[:5]), {"DryRunOperation"}, "five requests at once")
        self.assertLessEqual(codes.count("DryRunOperation"), 6 + 2 * took)
        self.assertEqual(codes[-1], "RequestLimitExceeded")
        # 1,000 instances at once, of which 750 are launched: two requests more come in, and one is too large.
        time.sleep(1.1)
        answer = ask(1, {**run, "MaxCount": "300"}, **credentials)[0][0]
        self.assertEqual((answer.fault()[0], answer.status), EC2)
        self.assertIn("has been throttled on ec2:RunInstances because it exceeded its resource rate limit",
                      answer.fault()[1])
        self.assertEqual(ask(1, {**run, "MaxCount": "100"}, **credentials)[0][0].fault()[0], "DryRunOperation")

    def test_every_service_and_door_says_it_in_its_own_words(self):
        _, credentials = account("talker")
        for action, wanted in (("DescribeOrganization", ("TooManyRequestsException", 400)),
                               ("ListServices", ("TooManyRequestsException", 400)),
                               ("GetCallerIdentity", ("Throttling", 400)), ("GetAccountSummary", ("Throttling", 400)),
                               ("SendSSHPublicKey", ("ThrottlingException", 400)), ("DescribeRegions", EC2)):
            with self.subTest(action):
                service = service_of(action)
                target = f"{PREFIXES[service]}.{action}" if wanted[0].endswith("Exception") else None
                version = {"iam": "2010-05-08", "sts": "2011-06-15"}.get(service, VERSION)
                answers, _ = ask(140, {"Action": action, "Version": version}, **credentials, service=service,
                                 target=target)
                said = {(answer.fault()[0], answer.status) for answer in answers if answer.status != 200}
                self.assertIn(wanted, said)
                self.assertEqual({code for code, _ in said if "Limit" in code or "Thrott" in code or "Many" in code},
                                 {wanted[0]})
        for door in DOORS:
            for _ in range(10):  # as fast as a slow machine's tokens come in
                ask(30, {"Action": "DescribeRegions"}, **credentials)
                answer = knock(door, "DescribeRegions", {}, **credentials)
                if answer.status != 200:
                    break
            self.assertEqual((answer.fault()[0], answer.status), EC2, door)

    def test_the_owner_asks_as_often_as_it_likes(self):
        answers, _ = ask(250, {"Action": "DescribeVpcs"}, **manager)
        self.assertEqual(passed(answers), 250)


if __name__ == "__main__":
    tap.main()
