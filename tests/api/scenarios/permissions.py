"""What policies would say, the keys that they look at, and what a refusal was about."""
import json

from client import call, client, refusal

from .iam_policy import TEXT
from .iam_user import iam, user
from .world import Scenarios

POLICY = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"},
    {"Effect": "Deny", "Action": "ec2:TerminateInstances", "Resource": "*"},
    {"Effect": "Allow", "Action": "iam:GetUser", "Resource": "arn:aws:iam::*:user/${aws:username}",
     "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}]})
ASKED = {"PolicyInputList": [POLICY], "ActionNames": ["ec2:StopInstances", "ec2:TerminateInstances", "s3:GetObject"]}


def decisions(answer):
    return [(each["EvalActionName"], each["EvalDecision"]) for each in answer["EvaluationResults"]]


class Permissions(Scenarios):
    def SimulateCustomPolicy(self):
        answer = call("post", "SimulateCustomPolicy", ASKED)
        self.assertEqual(decisions(answer), [("ec2:StopInstances", "allowed"), (
            "ec2:TerminateInstances", "explicitDeny"), ("s3:GetObject", "implicitDeny")])
        first, second, third = answer["EvaluationResults"]
        self.assertEqual(first["EvalResourceName"], "*")
        self.assertEqual(first["MatchedStatements"], [{"SourcePolicyId": "PolicyInputList.1", "SourcePolicyType": "none"}])
        self.assertEqual((len(second["MatchedStatements"]), third["MatchedStatements"]), (1, []))
        arns = ["arn:aws:iam::111122223333:user/alice", "arn:aws:iam::111122223333:user/bob"]
        asked = {"PolicyInputList": [POLICY], "ActionNames": ["iam:GetUser"], "ResourceArns": arns}
        without = call("post", "SimulateCustomPolicy", asked)["EvaluationResults"]
        self.assertEqual([each["EvalDecision"] for each in without], ["implicitDeny"] * 2)
        self.assertEqual(without[0]["MissingContextValues"], ["aws:username"])
        asked["ContextEntries"] = [
            {"ContextKeyName": "aws:username", "ContextKeyType": "string", "ContextKeyValues": ["alice"]},
            {"ContextKeyName": "AWS:SourceIP", "ContextKeyType": "ip", "ContextKeyValues": ["192.0.2.7"]}]
        told = call("post", "SimulateCustomPolicy", asked)["EvaluationResults"]
        self.assertEqual([each["EvalDecision"] for each in told], ["allowed", "implicitDeny"])
        limited = call("post", "SimulateCustomPolicy", {**ASKED, "PermissionsBoundaryPolicyInputList": [TEXT]})
        self.assertEqual([each["EvalDecision"] for each in limited["EvaluationResults"]],
                         ["implicitDeny", "explicitDeny", "implicitDeny"])
        self.assertEqual(limited["EvaluationResults"][0]["PermissionsBoundaryDecisionDetail"],
                         {"AllowedByPermissionsBoundary": False})
        page = iam.simulate_custom_policy(**ASKED, MaxItems=2)
        self.assertIs(page["IsTruncated"], True)
        rest = iam.simulate_custom_policy(**ASKED, MaxItems=2, Marker=page["Marker"])
        self.assertEqual(decisions(page) + decisions(rest), decisions(answer))

    def SimulatePrincipalPolicy(self):
        arn = user("simulated")["Arn"]
        asked = {"PolicySourceArn": arn, "ActionNames": ["ec2:DescribeVpcs", "ec2:CreateVpc"]}
        self.assertEqual([each for _, each in decisions(call("post", "SimulatePrincipalPolicy", asked))],
                         ["implicitDeny"] * 2)
        reads = "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess"
        iam.attach_user_policy(UserName="simulated", PolicyArn=reads)
        answer = call("post", "SimulatePrincipalPolicy", asked)
        self.assertEqual([each for _, each in decisions(answer)], ["allowed", "implicitDeny"])
        self.assertEqual(answer["EvaluationResults"][0]["MatchedStatements"][0],
                         {"SourcePolicyId": "AmazonEC2ReadOnlyAccess", "SourcePolicyType": "aws-managed"})
        iam.detach_user_policy(UserName="simulated", PolicyArn=reads)

    def GetContextKeysForCustomPolicy(self):
        self.assertEqual(call("post", "GetContextKeysForCustomPolicy", {"PolicyInputList": [POLICY]}),
                         {"ContextKeyNames": ["aws:username", "aws:SourceIp"]})

    def GetContextKeysForPrincipalPolicy(self):
        arn = user("looking")["Arn"]
        iam.put_user_policy(UserName="looking", PolicyName="p", PolicyDocument=POLICY)
        self.assertEqual(call("post", "GetContextKeysForPrincipalPolicy", {"PolicySourceArn": arn}),
                         {"ContextKeyNames": ["aws:username", "aws:SourceIp"]})
        iam.delete_user_policy(UserName="looking", PolicyName="p")

    def DecodeAuthorizationMessage(self):
        user("refused")
        key = iam.create_access_key(UserName="refused")["AccessKey"]
        own = client("ec2", key=key["AccessKeyId"], secret=key["SecretAccessKey"])
        message = refusal(own.describe_vpcs).message.partition("failure message: ")[2]
        told = json.loads(call("post", "DecodeAuthorizationMessage", {"EncodedMessage": message})["DecodedMessage"])
        self.assertEqual((told["allowed"], told["explicitDeny"]), (False, False))
        self.assertEqual(told["context"]["action"], "ec2:DescribeVpcs")
        self.assertTrue(told["context"]["principal"]["arn"].endswith(":user/refused"))
        keys = {each["key"]: each["values"]["items"][0]["value"] for each in told["context"]["conditions"]["items"]}
        self.assertEqual((keys["aws:username"], keys["ec2:Region"]), ("refused", "us-east-1"))


ARN = "arn:aws:iam::111122223333:user/nobody"
REFUSED = {
    "SimulateCustomPolicy": [
        ({"PolicyInputList": ["{}"], "ActionNames": ["ec2:RunInstances"]}, "InvalidInput"),
        ({"PolicyInputList": [POLICY], "ActionNames": ["RunInstances"]}, "InvalidInput"),
        ({"PolicyInputList": [POLICY], "ActionNames": ["ec2:*"]}, "InvalidInput"),
        ({"PolicyInputList": [POLICY], "ActionNames": ["ec2:RunInstances"], "ResourceArns": ["i-1"]}, "InvalidInput"),
        ({"PolicyInputList": [POLICY], "ActionNames": ["ec2:RunInstances"], "ResourcePolicy": POLICY}, "InvalidInput"),
        ({"PolicyInputList": [POLICY], "ActionNames": ["ec2:RunInstances"], "CallerArn": "alice"}, "InvalidInput"),
        ({"PolicyInputList": [POLICY]}, "ValidationError")],
    "SimulatePrincipalPolicy": [
        ({"PolicySourceArn": ARN, "ActionNames": ["ec2:RunInstances"]}, "InvalidInput"),
        ({"PolicySourceArn": "arn:aws:iam::aws:policy/AdministratorAccess", "ActionNames": ["ec2:RunInstances"]},
         "InvalidInput")],
    "GetContextKeysForCustomPolicy": [({"PolicyInputList": ["[]"]}, "InvalidInput")],
    "GetContextKeysForPrincipalPolicy": [({"PolicySourceArn": ARN}, "InvalidInput")],
    "DecodeAuthorizationMessage": [
        ({"EncodedMessage": "v1:AAAA"}, "InvalidAuthorizationMessageException"),
        ({"EncodedMessage": "x" * 200}, "InvalidAuthorizationMessageException"), ({}, "ValidationError MissingParameter")],
}
