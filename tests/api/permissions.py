#!/usr/bin/python3 -B
# area: identity
# config: regions=us-east-1,eu-west-1
"""Users with policies of all kinds, against the daemon: what they may, what they may not, and what they are told."""
import hashlib
import json
import unittest

from client import REGION, client, launch, refusal, register_image, remove, request, tap

iam, root = client("iam"), client()
ACCOUNT = client("sts").get_caller_identity()["Account"]
EC2 = f"arn:aws:ec2:{REGION}:{ACCOUNT}:"


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def statement(effect, action, resource="*", **condition):
    made = {"Effect": effect, "Action": action, "Resource": resource}
    return {**made, "Condition": condition} if condition else made


def allow(action, resource="*", **condition):
    return statement("Allow", action, resource, **condition)


def deny(action, resource="*", **condition):
    return statement("Deny", action, resource, **condition)


class Permissions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.image = register_image("permissions")

    def user(self, *statements, **more):
        """The name of a new user with these statements as its policy, and its key."""
        name = self._testMethodName.removeprefix("test_")[:40]
        iam.create_user(UserName=name, **more)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        if statements:
            self.give(name, *statements)
        return name, {"key": key["AccessKeyId"], "secret": key["SecretAccessKey"]}

    @staticmethod
    def give(name, *statements):
        iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document(*statements))

    def denied(self, call, *parts, code="UnauthorizedOperation", **params):
        error = refusal(call, **params)
        self.assertEqual((error.code, error.status), (code, 403), error.message)
        for part in parts:
            self.assertIn(part, error.message)
        return error.message

    def test_nothing_without_a_policy(self):
        name, key = self.user()
        ec2 = client(**key)
        self.denied(ec2.describe_instances, f"User: arn:aws:iam::{ACCOUNT}:user/{name} is not authorized to perform: "
                    "ec2:DescribeInstances because no identity-based policy allows the ec2:DescribeInstances action",
                    "Encoded authorization failure message: ")
        self.denied(client("iam", **key).list_users, "is not authorized to perform: iam:ListUsers", code="AccessDenied")
        self.assertTrue(client("sts", **key).get_caller_identity()["Arn"].endswith("/" + name))

    def test_a_policy_is_in_force_with_the_answer(self):
        name, key = self.user()
        ec2 = client(**key)
        self.denied(ec2.describe_vpcs)
        for _ in range(5):
            self.give(name, allow("ec2:Describe*"))
            ec2.describe_vpcs()
            self.give(name, allow("ec2:DescribeSubnets"))
            self.denied(ec2.describe_vpcs)
        iam.create_group(GroupName="readers")
        iam.attach_group_policy(GroupName="readers", PolicyArn="arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess")
        iam.add_user_to_group(GroupName="readers", UserName=name)
        ec2.describe_vpcs()
        iam.remove_user_from_group(GroupName="readers", UserName=name)
        self.denied(ec2.describe_vpcs)

    def test_administrators_may_do_everything(self):
        name, key = self.user()
        iam.attach_user_policy(UserName=name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
        ec2 = client(**key)
        one = launch(ec2, self.image)["InstanceId"]
        remove(ec2, one)
        client("iam", **key).create_user(UserName="made-by-an-administrator")

    def test_a_dry_run_tells_the_truth(self):
        _, key = self.user(allow("ec2:RunInstances"), deny("ec2:RunInstances", EC2 + "instance/*",
                                                           StringNotEquals={"ec2:InstanceType": "t3.micro"}))
        ec2 = client(**key)
        params = {"ImageId": self.image, "MinCount": 1, "MaxCount": 1, "DryRun": True}
        self.assertEqual(refusal(ec2.run_instances, InstanceType="t3.micro", **params).code, "DryRunOperation")
        self.denied(ec2.run_instances, EC2 + "instance/* with an explicit deny in an identity-based policy",
                    InstanceType="t3.small", **params)
        self.assertEqual(refusal(root.run_instances, InstanceType="t3.small", **params).code, "DryRunOperation")

    def test_instances_with_ones_own_tag(self):
        one, other = (each["InstanceId"] for each in launch(root, self.image, count=2))
        name, key = self.user(allow(["ec2:StopInstances", "ec2:StartInstances"], EC2 + "instance/*",
                                    StringEquals={"aws:ResourceTag/owner": "${aws:username}"}))
        root.create_tags(Resources=[one], Tags=[{"Key": "owner", "Value": name}])
        ec2 = client(**key)
        ec2.stop_instances(InstanceIds=[one])
        self.denied(ec2.stop_instances, EC2 + "instance/" + other, InstanceIds=[other])
        self.denied(ec2.stop_instances, EC2 + "instance/" + other, InstanceIds=[one, other])
        self.denied(ec2.terminate_instances, InstanceIds=[one])
        self.denied(ec2.create_tags, Resources=[other], Tags=[{"Key": "owner", "Value": name}])
        remove(root, one, other)

    def test_tags_that_what_is_made_must_have(self):
        _, key = self.user(
            allow("ec2:CreateVolume", EC2 + "volume/*", StringEquals={"aws:RequestTag/team": "red"},
                  **{"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}),
            allow("ec2:CreateTags", EC2 + "volume/*", StringEquals={"ec2:CreateAction": "CreateVolume"}))
        ec2 = client(**key)
        zone = REGION + "a"

        def tagged(**tags):
            return [{"ResourceType": "volume", "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}]

        self.denied(ec2.create_volume, AvailabilityZone=zone, Size=1)
        self.denied(ec2.create_volume, AvailabilityZone=zone, Size=1, TagSpecifications=tagged(team="blue"))
        self.denied(ec2.create_volume, AvailabilityZone=zone, Size=1, TagSpecifications=tagged(team="red", x="y"))
        made = ec2.create_volume(AvailabilityZone=zone, Size=1, TagSpecifications=tagged(team="red"))["VolumeId"]
        self.denied(ec2.create_tags, EC2 + "volume/" + made, Resources=[made], Tags=[{"Key": "a", "Value": "b"}])
        root.delete_volume(VolumeId=made)

    def test_a_launch_within_a_frame(self):
        subnet = root.describe_subnets()["Subnets"][0]["SubnetId"]
        _, key = self.user(
            allow("ec2:RunInstances", [f"arn:aws:ec2:{REGION}::image/{self.image}", EC2 + "subnet/" + subnet,
                                       EC2 + "security-group/*", EC2 + "network-interface/*", EC2 + "volume/*"]),
            allow("ec2:RunInstances", EC2 + "instance/*", StringLike={"ec2:InstanceType": "t3.*"},
                  NumericLessThanEquals={"ec2:MetadataHttpPutResponseHopLimit": "1"}))
        ec2 = client(**key)
        params = {"ImageId": self.image, "MinCount": 1, "MaxCount": 1, "SubnetId": subnet}
        one = ec2.run_instances(InstanceType="t3.nano", **params)["Instances"][0]["InstanceId"]
        self.denied(ec2.run_instances, EC2 + "instance/*", InstanceType="m5.large", **params)
        self.denied(ec2.run_instances, EC2 + "instance/*", InstanceType="t3.nano",
                    MetadataOptions={"HttpPutResponseHopLimit": 2}, **params)
        self.denied(ec2.run_instances, "subnet/", InstanceType="t3.nano",
                    **{**params, "SubnetId": root.describe_subnets()["Subnets"][1]["SubnetId"]})
        remove(root, one)

    def test_only_a_region_and_only_an_address(self):
        name, key = self.user(allow("ec2:Describe*", StringEquals={"aws:RequestedRegion": "eu-west-1"},
                                 IpAddress={"aws:SourceIp": "127.0.0.0/8"}))
        client(region="eu-west-1", **key).describe_vpcs()
        self.denied(client(**key).describe_vpcs)
        self.give(name, allow("ec2:Describe*", NotIpAddress={"aws:SourceIp": "127.0.0.0/8"}))
        self.denied(client(region="eu-west-1", **key).describe_vpcs)

    def test_ones_own_keys_and_nobody_elses(self):
        name, key = self.user(allow("iam:*AccessKey*", f"arn:aws:iam::{ACCOUNT}:user/${{aws:username}}"))
        own = client("iam", **key)
        self.assertEqual(len(own.list_access_keys()["AccessKeyMetadata"]), 1)
        made = own.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
        own.delete_access_key(AccessKeyId=made)
        iam.create_user(UserName="somebody-else")
        self.denied(own.create_access_key, "user/somebody-else", code="AccessDenied", UserName="somebody-else")
        self.denied(own.create_user, code="AccessDenied", UserName="another")

    def test_a_boundary_limits_what_is_granted(self):
        arn = iam.create_policy(PolicyName="boundary", PolicyDocument=document(allow("ec2:*")))["Policy"]["Arn"]
        _, key = self.user(allow("*"), PermissionsBoundary=arn)
        client(**key).describe_vpcs()
        self.denied(client("iam", **key).list_users,
                    "because no permissions boundary allows the iam:ListUsers action", code="AccessDenied")
        version = iam.create_policy_version(PolicyArn=arn, PolicyDocument=document(allow("iam:*")),
                                            SetAsDefault=True)["PolicyVersion"]["VersionId"]
        self.assertEqual(version, "v2")
        self.denied(client(**key).describe_vpcs, "because no permissions boundary allows")
        client("iam", **key).list_users()

    def test_a_key_that_is_off_and_a_user_that_has_gone(self):
        name, key = self.user(allow("*"))
        ec2 = client(**key)
        ec2.describe_vpcs()
        iam.update_access_key(UserName=name, AccessKeyId=key["key"], Status="Inactive")
        self.assertEqual(refusal(ec2.describe_vpcs).code, "AuthFailure")
        iam.update_access_key(UserName=name, AccessKeyId=key["key"], Status="Active")
        ec2.describe_vpcs()
        iam.delete_access_key(UserName=name, AccessKeyId=key["key"])
        self.assertEqual(refusal(ec2.describe_vpcs).code, "AuthFailure")

    def test_what_is_no_action(self):
        one = launch(root, self.image)["InstanceId"]
        name, signed = self.user()
        self.assertEqual(request("GET", "/v1/status", **signed).status, 403)
        self.give(name, allow("ec2:DescribeAccountAttributes"))
        self.assertEqual(request("GET", "/v1/status", **signed).status, 200)
        upgrade = {"Connection": "Upgrade", "Upgrade": "croft-tunnel"}
        for path, action in ((f"/v1/tunnel/{one}/22", "ec2-instance-connect:OpenTunnel"),
                             (f"/v1/console/{one}", "ec2-instance-connect:SendSerialConsoleSSHPublicKey")):
            answer = request("GET", path, headers=upgrade, **signed)
            code, message = answer.fault()
            self.assertEqual((code, answer.status), ("UnauthorizedOperation", 403))
            self.assertIn(f"{action} on resource: {EC2}instance/{one}", message)
        answer = request("PUT", "/v1/uploads", body=b"x", headers={
            "X-Amz-Content-Sha256": hashlib.sha256(b"x").hexdigest()}, **signed)
        self.assertEqual((answer.fault()[0], answer.status), ("UnauthorizedOperation", 403))
        remove(root, one)


tap.main()
