#!/usr/bin/python3 -B
# area: front-door
# threads: yes
"""The three doors say the same, and each refuses strangers in its own words."""
import datetime
import json
import os
import re
import socket
import stat
import tempfile
import unittest
import urllib.parse
import xml.etree.ElementTree as ElementTree

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.exceptions
import botocore.session
from client import (DOORS, ENDPOINT, FORM_TYPE, HOST, JSON_MODELS, JSON_TYPE, KEY_ID, LAB, REGION,
                    SECRET, SOCKET, VERSION, XML_TYPE, Answer, call, client, connection, form,
                    knock, launch, model_of, refusal, register_image, remove, request, service_of,
                    sign, tap)

UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")


def setUpModule():
    global ec2, image, running
    ec2 = client()
    image = register_image("doors")
    running = launch(ec2, image, TagSpecifications=[
        {"ResourceType": "instance", "Tags": [{"Key": "x", "Value": "é & <y> \"z\" ' ]]>"}]}])


class SameAnswer(unittest.TestCase):
    maxDiff = None

    def test_reads_are_equal_through_all_doors(self):
        i = running["InstanceId"]
        for action, params in (
                ("DescribeInstances", {"InstanceIds": [i]}),
                ("DescribeInstances", {"Filters": [
                    {"Name": "tag:x", "Values": ["é & <y>*"]},
                    {"Name": "instance-state-code", "Values": ["16", "80"]}]}),
                ("DescribeInstanceAttribute", {"InstanceId": i, "Attribute": "groupSet"}),
                ("DescribeInstanceStatus", {"IncludeAllInstances": True}),
                ("DescribeInstanceTypes", {"InstanceTypes": ["t3.micro", "c6g.large"]}),
                ("DescribeSecurityGroups", {}), ("DescribeSecurityGroupRules", {}),
                ("DescribeVpcs", {}), ("DescribeSubnets", {}), ("DescribeImages", {}),
                ("DescribeRegions", {"AllRegions": True}), ("DescribeAvailabilityZones", {}),
                ("DescribeKeyPairs", {}), ("DescribeTags", {}), ("DescribeAccountAttributes", {}),
                ("GetConsoleOutput", {"InstanceId": i}), ("GetCallerIdentity", {})):
            with self.subTest(f"{action} {params}"):
                expected = call("post", action, params)
                self.assertTrue(expected)
                for door in DOORS:
                    for unix in (False, True):
                        found = call(door, action, params, unix=unix)
                        if "Timestamp" in found:  # of the console: when it was asked
                            found["Timestamp"] = expected["Timestamp"]
                        self.assertEqual(found, expected, f"{door}, unix: {unix}")

    def test_writes_work_through_all_doors(self):
        for door in DOORS:
            for unix in (False, True):
                with self.subTest(f"{door}, unix: {unix}"):
                    name = f"w-{door}-{unix}"
                    group = call(door, "CreateSecurityGroup",
                                 {"GroupName": name, "Description": "x"}, unix=unix)["GroupId"]
                    rules = call(door, "AuthorizeSecurityGroupIngress", {
                        "GroupId": group, "IpPermissions": [
                            {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 65535,
                             "UserIdGroupPairs": [{"GroupId": group}],
                             "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "d"}]}]},
                        unix=unix)["SecurityGroupRules"]
                    self.assertEqual(len(rules), 2)
                    call(door, "CreateTags", {"Resources": [group],
                                              "Tags": [{"Key": "ü&<", "Value": "\U0001f600 >"}]},
                         unix=unix)
                    seen = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
                    self.assertEqual(seen["Tags"], [{"Key": "ü&<", "Value": "\U0001f600 >"}])
                    call(door, "DeleteTags", {"Resources": [group], "Tags": [{"Key": "ü&<"}]},
                         unix=unix)
                    call(door, "DeleteSecurityGroup", {"GroupId": group}, unix=unix)
                    made = call(door, "RunInstances", {"ImageId": image, "MinCount": 1,
                                                       "MaxCount": 1}, unix=unix)
                    remove(ec2, made["Instances"][0]["InstanceId"])

    def test_boto3_itself_speaks_the_json_door(self):
        """With the names of the wire taken out of its model, boto3 sends AWS JSON 1.1."""
        model_of("ec2")
        session = botocore.session.get_session()
        loader = session.get_component("data_loader")
        with tempfile.TemporaryDirectory() as folder:
            home = os.path.join(folder, "ec2json", VERSION)
            os.makedirs(home)
            with open(os.path.join(home, "service-2.json"), "w", encoding="utf-8") as file:
                json.dump(JSON_MODELS["ec2"]._service_description, file)
            rules = loader.load_service_model("ec2", "endpoint-rule-set-1")
            with open(os.path.join(home, "endpoint-rule-set-1.json"), "w",
                      encoding="utf-8") as file:
                json.dump(rules, file)
            loader.search_paths.insert(0, folder)
            speaker = session.create_client("ec2json", region_name=REGION, endpoint_url=ENDPOINT,
                                            aws_access_key_id=KEY_ID,
                                            aws_secret_access_key=SECRET)
        sent = []
        speaker.meta.events.register("before-send",
                                     lambda request, **_: sent.append(request.headers))
        self.assertEqual(speaker.describe_vpcs()["Vpcs"], ec2.describe_vpcs()["Vpcs"])
        self.assertEqual(sent[0]["X-Amz-Target"], b"AmazonEC2.DescribeVpcs")
        self.assertEqual(sent[0]["Content-Type"], JSON_TYPE.encode())
        made = speaker.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]
        self.assertEqual(made["State"], {"Code": 0, "Name": "pending"})
        self.assertEqual(made["LaunchTime"].tzinfo is None, False)
        with self.assertRaises(botocore.exceptions.ClientError) as raised:
            speaker.describe_instances(InstanceIds=["i-00000001"])
        self.assertEqual(raised.exception.response["Error"]["Code"], "InvalidInstanceID.NotFound")
        remove(ec2, made["InstanceId"])


class Refusals(unittest.TestCase):
    def test_errors_are_equal_through_all_doors(self):
        for action, params, code, message in (
                ("DescribeInstances", {"InstanceIds": ["i-0123456789abcdef0"]},
                 "InvalidInstanceID.NotFound",
                 "The instance ID 'i-0123456789abcdef0' does not exist"),
                ("DescribeKeyPairs", {"KeyNames": ["a<b>&c"]}, "InvalidKeyPair.NotFound",
                 "The key pair 'a<b>&c' does not exist"),
                ("DescribeInstances", {"Filters": [{"Name": "no-such", "Values": ["x"]}]},
                 "InvalidParameterValue", "The filter 'no-such' is invalid"),
                ("TerminateInstances", {}, "MissingParameter", None),
                ("DescribeVpcs", {"DryRun": True}, "DryRunOperation", None)):
            for door in DOORS:
                for unix in (False, True):
                    with self.subTest(f"{action} {door} {unix}"):
                        fault = refusal(call, door, action, params, unix=unix)
                        self.assertEqual(fault.code, code)
                        self.assertEqual(fault.status, 412 if code == "DryRunOperation" else 400)
                        if message:
                            self.assertEqual(fault.message, message)

    def test_sts_has_a_form_of_its_own(self):
        answer = form({"Action": "GetCallerIdentity", "Version": "2011-06-15"}, service="sts",
                      secret="wrong")
        self.assertEqual(answer.status // 100, 4)
        self.assertTrue(answer.fault()[0])
        answer = form({"Action": "GetCallerIdentity", "Version": "2011-06-15"}, service="sts")
        root = ElementTree.fromstring(answer.body)
        space = "{https://sts.amazonaws.com/doc/2011-06-15/}"
        self.assertEqual(root.tag, space + "GetCallerIdentityResponse")
        self.assertEqual([child.tag for child in root],
                         [space + "GetCallerIdentityResult", space + "ResponseMetadata"])
        self.assertEqual(root[1][0].text, answer.request_id)

    def test_the_request_id_is_in_the_header_and_in_the_body(self):
        good = knock("post", "DescribeVpcs", {})
        self.assertRegex(good.request_id, UUID)
        self.assertIn(f"<requestId>{good.request_id}</requestId>", good.text)
        bad = form({"Action": "NoSuchAction"})
        self.assertIn(f"<RequestID>{bad.request_id}</RequestID>", bad.text)
        self.assertNotEqual(good.request_id, bad.request_id)
        for door in ("json", "rest"):
            self.assertRegex(knock(door, "DescribeVpcs", {}).request_id, UUID)

    def test_content_types_and_namespaces(self):
        self.assertEqual(knock("post", "DescribeVpcs", {}).headers["Content-Type"], XML_TYPE)
        self.assertEqual(knock("json", "DescribeVpcs", {}).headers["Content-Type"], JSON_TYPE)
        self.assertEqual(knock("rest", "DescribeVpcs", {}).headers["Content-Type"],
                         "application/json")
        # Old clients look elements up in the namespace of the version that they asked for.
        for version in ("2016-11-15", "2014-10-01", "2014-06-15", "2014-05-01"):
            answer = form({"Action": "DescribeVpcs", "Version": version})
            self.assertIn(f'<DescribeVpcsResponse xmlns="http://ec2.amazonaws.com/doc/{version}/">',
                          answer.text)
        answer = form({"Action": "DescribeVpcs", "Version": "1999-01-01"})
        self.assertEqual(answer.fault()[0], "NoSuchVersion")

    def test_health_needs_no_signature(self):
        for unix in (False, True):
            answer = request("GET", "/health", unix=unix, signed=False)
            self.assertEqual((answer.status, answer.text), (200, "ok\n"))
            self.assertEqual(answer.headers["Content-Type"], "text/plain")

    def test_status_is_for_those_who_may(self):
        self.assertEqual(request("GET", "/v1/status", signed=False).status, 403)
        found = json.loads(request("GET", "/v1/status", unix=True).body)
        self.assertEqual(found["hypervisor"], "fake")
        self.assertEqual(json.loads(request("GET", "/v1/status").body)["version"],
                         found["version"])

    def test_paths_and_methods_that_are_none(self):
        for method, path, status in (("GET", "/nowhere", 400), ("POST", "/v1/", 400),
                                     ("POST", "/v1/NoSuchAction", 400),
                                     ("GET", "/v1/DescribeVpcs", 400), ("PUT", "/", 400),
                                     ("DELETE", "/", 400), ("PATCH", "/", 405)):
            with self.subTest(f"{method} {path}"):
                answer = request(method, path, unix=True)
                self.assertEqual(answer.status, status, answer.text)
                self.assertTrue(answer.fault()[1])

    def test_many_requests_on_one_connection(self):
        for unix in (False, True):
            link = connection(unix)
            for number in range(20):
                headers = {"Host": "localhost" if unix else HOST, "Content-Type": FORM_TYPE}
                body = f"Action={'DescribeVpcs' if number % 2 else 'Nope'}&Version={VERSION}".encode()
                if not unix:
                    sign("POST", "/", "", headers, body)
                link.request("POST", "/", body, headers)
                answer = Answer(link.getresponse())
                self.assertEqual(answer.status, 200 if number % 2 else 400)
            link.close()


class Signatures(unittest.TestCase):
    def refused(self, code, status, **kwargs):
        answer = form({"Action": "DescribeVpcs"}, **kwargs)
        self.assertEqual((answer.fault()[0], answer.status), (code, status), answer.text)
        self.assertNotIn(SECRET, answer.text)
        return answer.fault()[1]

    def test_unsigned_requests_over_tcp(self):
        for door in DOORS:
            with self.subTest(door):
                fault = refusal(call, door, "DescribeVpcs", {}, signed=False)
                self.assertEqual((fault.code, fault.status), ("MissingAuthenticationToken", 403))

    def test_a_wrong_secret(self):
        for door in DOORS:
            with self.subTest(door):
                fault = refusal(call, door, "DescribeVpcs", {}, secret="x" * 40)
                self.assertEqual((fault.code, fault.status), ("AuthFailure", 401))

    def test_an_unknown_key(self):
        self.refused("AuthFailure", 401, key="AKIAAAAAAAAAAAAAAAAA")

    def test_every_service_says_it_in_its_own_words(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        wrongs = {"secret": {"secret": "x" * 40}, "key": {"key": "AKIAAAAAAAAAAAAAAAAA"},
                  "region": {"region": "eu-north-1"}, "day": {"scope_date": "20200101"},
                  "late": {"now": now - datetime.timedelta(hours=1)},
                  "early": {"now": now + datetime.timedelta(hours=1)},
                  "unsigned": {"signed": False},
                  "incomplete": {"signed": False, "authorization": "AWS4-HMAC-SHA256 Credential="
                                 f"{KEY_ID}/20240101/{REGION}/%s/aws4_request"},
                  "token": {"token": "nobody's"}}
        of_query = dict.fromkeys(wrongs, ("SignatureDoesNotMatch", 403))
        of_query.update(key=("InvalidClientTokenId", 403), token=("InvalidClientTokenId", 403),
                        unsigned=("MissingAuthenticationToken", 403), incomplete=("IncompleteSignature", 400))
        of_json = dict.fromkeys(wrongs, ("InvalidSignatureException", 403))
        of_json.update(key=("UnrecognizedClientException", 403), token=("UnrecognizedClientException", 403),
                       unsigned=("MissingAuthenticationTokenException", 403),
                       incomplete=("IncompleteSignatureException", 403))
        of_connect = dict.fromkeys(wrongs, ("AuthException", 400))
        of_connect.update(key=("UnrecognizedClientException", 403), token=("UnrecognizedClientException", 403))
        of_ec2 = dict.fromkeys(wrongs, ("AuthFailure", 401))
        of_ec2.update(late=("RequestExpired", 400), early=("RequestExpired", 400),
                      unsigned=("MissingAuthenticationToken", 403), incomplete=("IncompleteSignature", 400))
        services = (("post", "DescribeVpcs", of_ec2), ("get", "DescribeVpcs", of_ec2),
                    ("post", "GetCallerIdentity", of_query), ("get", "GetCallerIdentity", of_query),
                    ("post", "GetUser", of_query), ("json", "DescribeOrganization", of_json),
                    ("json", "ListServices", of_json), ("json", "SendSSHPublicKey", of_connect))
        for door, action, words in services:
            for wrong, how in wrongs.items():
                with self.subTest(service=service_of(action), door=door, wrong=wrong):
                    answer = knock(door, action, {}, **{**how, **(
                        {"authorization": how["authorization"] % service_of(action)}
                        if "authorization" in how else {})})
                    if wrong == "unsigned" and door != "json":  # nothing says whose request it is
                        self.assertEqual(answer.fault()[0], "MissingAuthenticationToken")
                        continue
                    self.assertEqual((answer.fault()[0], answer.status), words[wrong], answer.text)
                    self.assertNotIn(SECRET, answer.text)
        # EC2 tells nobody which keys there are.
        told = {form({"Action": "DescribeVpcs"}, **wrongs[wrong]).fault()[1] for wrong in ("secret", "key", "token")}
        self.assertEqual(len(told), 1, told)

    def test_version_2_is_off_and_says_what_switches_it_on(self):
        """With it on: tests/clients has the clients that know nothing else."""
        pairs = {"Action": "DescribeVpcs", "Version": "2014-10-01", "AWSAccessKeyId": KEY_ID,
                 "SignatureVersion": "2", "SignatureMethod": "HmacSHA256",
                 "Timestamp": "2026-01-02T03:04:05Z", "Signature": "x" * 43 + "="}
        text = urllib.parse.urlencode(pairs)
        for answer in (request("GET", query=text, signed=False), form(pairs, signed=False)):
            self.assertEqual((answer.fault()[0], answer.status), ("AuthFailure", 401))
            self.assertIn("signature_v2 = yes", answer.fault()[1])

    def test_a_region_that_is_not_served(self):
        message = self.refused("AuthFailure", 401, region="eu-north-1")
        self.assertIn("eu-north-1", message)

    def test_a_service_that_is_none(self):
        answer = form({"Action": "DescribeVpcs"}, service="s3")
        self.assertEqual(answer.status // 100, 4)
        self.assertIn(answer.fault()[0], ("AuthFailure", "IncompleteSignature"))

    def test_the_clock_may_be_fifteen_minutes_off(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        for minutes in (-14, 14):
            answer = form({"Action": "DescribeVpcs"}, now=now + datetime.timedelta(minutes=minutes))
            self.assertEqual(answer.status, 200)
        for minutes in (-16, 16, -60 * 24 * 400):
            self.refused("RequestExpired", 400, now=now + datetime.timedelta(minutes=minutes))

    def test_a_scope_of_another_day(self):
        answer = form({"Action": "DescribeVpcs"}, scope_date="20200101")
        self.assertEqual(answer.status // 100, 4)
        self.assertNotEqual(answer.status, 404)

    def test_a_header_that_is_not_one(self):
        good = f"Credential={KEY_ID}/20240101/{REGION}/ec2/aws4_request"
        for value in ("", "AWS4-HMAC-SHA256", "Bearer abc", "AWS4-HMAC-SHA256 Credential=x",
                      "AWS4-HMAC-SHA256 " + good, "AWS4-HMAC-SHA256 " + good + ", Signature=00",
                      "AWS4-HMAC-SHA256 " + good + ", SignedHeaders=host, Signature=zz",
                      "AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host;x-amz-date, "
                      "Signature=" + "0" * 64, "AWS4-HMAC-SHA256 " + ", " * 3000):
            with self.subTest(value[:60]):
                answer = request("POST", body=f"Action=DescribeVpcs&Version={VERSION}",
                                 headers={"Content-Type": FORM_TYPE, "Authorization": value},
                                 signed=False)
                self.assertIn(answer.status, (400, 401, 403))
                self.assertIn(answer.fault()[0], ("IncompleteSignature", "AuthFailure",
                                                  "MissingAuthenticationToken"))

    def test_what_was_signed_is_what_counts(self):
        headers = {"Host": HOST, "Content-Type": FORM_TYPE}
        body = f"Action=DescribeVpcs&Version={VERSION}".encode()
        sign("POST", "/", "", headers, body)
        for change in ("body", "query", "path", "host", "type"):
            with self.subTest(change):
                sent = dict(headers)
                if change == "host":
                    sent["Host"] = "elsewhere:1"
                if change == "type":
                    sent["Content-Type"] = FORM_TYPE + " ;x=y"
                link = connection()
                link.request("POST", "/x" if change == "path" else
                             "/?Action=StopInstances" if change == "query" else "/",
                             body + (b"&DryRun=true" if change == "body" else b""), sent)
                answer = Answer(link.getresponse())
                link.close()
                self.assertEqual(answer.fault()[0], "AuthFailure", answer.text)

    def test_a_presigned_url(self):
        params = urllib.parse.urlencode({"Action": "DescribeVpcs", "Version": VERSION})
        for seconds, secret, status in ((60, SECRET, 200), (60, "x" * 40, 401)):
            signer = botocore.auth.SigV4QueryAuth(
                botocore.credentials.Credentials(KEY_ID, secret), "ec2", REGION, expires=seconds)
            wanted = botocore.awsrequest.AWSRequest("GET", f"{ENDPOINT}/?{params}")
            signer.add_auth(wanted)
            query = wanted.url.partition("?")[2]
            answer = request("GET", query=query, signed=False)
            self.assertEqual(answer.status, status, answer.text)
            if status == 200:
                # The signature covers the query: another action is another query.
                other = query.replace("DescribeVpcs", "DescribeSubnets")
                self.assertEqual(request("GET", query=other, signed=False).fault()[0],
                                 "AuthFailure")

    def test_utf_8_and_odd_characters_are_signed_alike_by_botocore(self):
        group = ec2.create_security_group(GroupName="odd", Description="x")["GroupId"]
        value = "a+b c*d~e%20f/g=h&i;ü€\U0001f600'\"<>"
        ec2.create_tags(Resources=[group], Tags=[{"Key": value[:20], "Value": value}])
        found = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [group]}])["Tags"]
        self.assertEqual([(tag["Key"], tag["Value"]) for tag in found], [(value[:20], value)])
        found = call("get", "DescribeTags", {"Filters": [{"Name": "resource-id",
                                                          "Values": [group]}]})["Tags"]
        self.assertEqual(found[0]["Value"], value)
        ec2.delete_security_group(GroupId=group)


class UnixSocket(unittest.TestCase):
    def test_it_is_for_its_group_alone(self):
        mode = stat.S_IMODE(os.stat(os.environ.get("CROFT_SOCKET_ITSELF", SOCKET)).st_mode)
        self.assertEqual(mode & 0o007, 0)
        for name in ("credentials", "croft.db"):
            mode = stat.S_IMODE(os.stat(os.path.join(LAB, "state", name)).st_mode)
            self.assertEqual(mode, 0o600, name)

    def test_the_caller_is_who_the_kernel_says(self):
        who = call("post", "GetCallerIdentity", {}, unix=True)
        self.assertEqual(who["Account"], client("sts").get_caller_identity()["Account"])
        self.assertTrue(who["Arn"].startswith(f"arn:aws:iam::{who['Account']}:"))

    def test_a_region_is_named_by_a_header(self):
        answer = request("POST", "/v1/DescribeVpcs", body="{}", unix=True,
                         headers={"X-Croft-Region": "ap-south-1"})
        self.assertEqual(json.loads(answer.body)["Vpcs"],
                         call("post", "DescribeVpcs", {}, region="ap-south-1")["Vpcs"])

    def test_half_a_request_and_gone(self):
        for piece in (b"", b"POST", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nAct"):
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(SOCKET)
                sock.sendall(piece)
        self.assertEqual(request("GET", "/health", unix=True).status, 200)


if __name__ == "__main__":
    tap.main()
