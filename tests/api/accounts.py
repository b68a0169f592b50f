#!/usr/bin/python3 -B
# area: identity
# config: account_quotas=instances=2 vcpus=5 memory=40000 disk=20 addresses=1
"""Several accounts on one server: each sees its own alone, and has what it may have."""
import os
import re
import sqlite3
import unittest

from client import LAB, TREE, client, daemon, launch, refusal, register_image, remove, tap, wait_state

VCPUS = {"ServiceCode": "ec2", "QuotaCode": "L-1216C47A"}


def setUpModule():
    global owner, ec2, iam, manager
    owner, ec2 = client("organizations"), client()
    iam = client("iam")
    iam.create_user(UserName="manager")
    iam.attach_user_policy(UserName="manager", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    key = iam.create_access_key(UserName="manager")["AccessKey"]
    manager = {"key": key["AccessKeyId"], "secret": key["SecretAccessKey"]}


def new_account(name):
    status = owner.create_account(Email=f"{name}@example.com", AccountName=name)["CreateAccountStatus"]
    return status["AccountId"]


def inside(account):
    """What the owner's manager may use in an account: its role's credentials."""
    role = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
    given = client("sts", **manager).assume_role(RoleArn=role, RoleSessionName="manager")["Credentials"]
    return {"key": given["AccessKeyId"], "secret": given["SecretAccessKey"], "token": given["SessionToken"]}


def shared_image(name):
    """One of the owner's that everybody may launch."""
    image = register_image(name)
    ec2.modify_image_attribute(ImageId=image, LaunchPermission={"Add": [{"Group": "all"}]})
    return image


class Apart(unittest.TestCase):
    def test_an_account_has_what_everybody_has_on_the_first_day_and_sees_nothing_else(self):
        account = new_account("ada")
        ada = client(**inside(account))
        self.assertEqual(client("sts", **inside(account)).get_caller_identity()["Account"], account)
        vpcs = ada.describe_vpcs()["Vpcs"]
        self.assertEqual([(vpc["IsDefault"], vpc["OwnerId"]) for vpc in vpcs], [(True, account)])
        self.assertEqual(len(ada.describe_subnets()["Subnets"]), 3)
        mine = launch(ec2, register_image("mine"))
        self.addCleanup(remove, ec2, mine["InstanceId"])
        ec2.create_key_pair(KeyName="mine")
        self.addCleanup(ec2.delete_key_pair, KeyName="mine")
        self.assertEqual(ada.describe_instances()["Reservations"], [])
        self.assertEqual(ada.describe_key_pairs()["KeyPairs"], [])
        self.assertEqual(ada.describe_volumes()["Volumes"], [])
        for call, params in ((ada.terminate_instances, {"InstanceIds": [mine["InstanceId"]]}),
                             (ada.describe_instances, {"InstanceIds": [mine["InstanceId"]]}),
                             (ada.get_console_output, {"InstanceId": mine["InstanceId"]})):
            self.assertEqual(refusal(call, **params).code, "InvalidInstanceID.NotFound")
        self.assertEqual(refusal(ada.run_instances, ImageId=mine["ImageId"], MinCount=1, MaxCount=1).code,
                         "InvalidAMIID.NotFound")
        twin = ada.create_security_group(GroupName="same", Description="d")["GroupId"]
        ec2.delete_security_group(GroupId=ec2.create_security_group(GroupName="same", Description="d")["GroupId"])
        self.assertEqual(refusal(ec2.delete_security_group, GroupId=twin).code, "InvalidGroup.NotFound")

    def test_users_are_of_their_account_alone(self):
        account = new_account("grace")
        hers = client("iam", **inside(account))
        hers.create_user(UserName="manager")  # another of this name
        self.assertEqual([user["UserName"] for user in hers.list_users()["Users"]], ["manager"])
        key = hers.create_access_key(UserName="manager")["AccessKey"]
        as_user = client(key=key["AccessKeyId"], secret=key["SecretAccessKey"])
        self.assertEqual(refusal(as_user.describe_instances).code, "UnauthorizedOperation")
        hers.attach_user_policy(UserName="manager", PolicyArn="arn:aws:iam::aws:policy/AmazonEC2FullAccess")
        self.assertEqual(as_user.describe_instances()["Reservations"], [])

    def test_the_owner_alone_makes_accounts(self):
        account = new_account("edsger")
        hers = client("organizations", **inside(account))
        for call, params in ((hers.list_accounts, {}), (hers.describe_account, {"AccountId": account}),
                             (hers.create_account, {"Email": "x@example.com", "AccountName": "x"}),
                             (hers.close_account, {"AccountId": account})):
            self.assertEqual(refusal(call, **params).code, "AccessDeniedException")
        self.assertEqual(hers.describe_organization()["Organization"]["MasterAccountId"],
                         client("sts").get_caller_identity()["Account"])

    def test_a_closed_account_lets_nobody_in_and_runs_nothing(self):
        account = new_account("closed")
        credentials = inside(account)
        theirs = client(**credentials)
        image = shared_image("theirs")
        instance = launch(theirs, image)["InstanceId"]
        wait_state(theirs, instance, "running")
        owner.close_account(AccountId=account)
        self.assertEqual(refusal(theirs.describe_instances).code, "AuthFailure")
        self.assertEqual(refusal(inside, account).code, "AccessDenied")
        self.assertEqual(owner.describe_account(AccountId=account)["Account"]["Status"], "SUSPENDED")
        # docs/accounts.md: how the server's owner opens it again.
        with open(os.path.join(TREE, "docs", "accounts.md"), encoding="utf-8") as page:
            change = re.search(r'croft\.db "(UPDATE account .*?)"`', page.read())[1].replace("ACCOUNT'", account + "'")
        daemon("stop")
        rows = sqlite3.connect(os.path.join(LAB, "state", "croft.db"))
        with rows:
            self.assertEqual(rows.execute(change).rowcount, 1)
        rows.close()
        daemon("start")
        self.assertEqual(owner.describe_account(AccountId=account)["Account"]["Status"], "ACTIVE")
        wait_state(theirs, instance, "stopped")
        theirs.start_instances(InstanceIds=[instance])
        wait_state(theirs, instance, "running")


class Quotas(unittest.TestCase):
    def test_what_an_account_may_have_is_kept(self):
        account = new_account("blaise")
        theirs = client(**inside(account))
        image = shared_image("quotas")
        run = {"ImageId": image, "InstanceType": "t3.micro"}  # two vCPUs, 1,024 MiB
        for more, code in (({"MinCount": 3, "MaxCount": 3}, "InstanceLimitExceeded"),
                           ({"MinCount": 1, "MaxCount": 1, "InstanceType": "m5.4xlarge"}, "InstanceLimitExceeded"),
                           ({"MinCount": 1, "MaxCount": 1, "InstanceType": "m5.2xlarge"}, "VcpuLimitExceeded"),
                           ({"MinCount": 1, "MaxCount": 1, "BlockDeviceMappings": [
                               {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 20}}]}, "VolumeLimitExceeded")):
            fault = refusal(theirs.run_instances, **{**run, **more})
            self.assertEqual(fault.code, code, fault.message)
            self.assertRegex(fault.message, r"limit of \d+ \(quota L-")
        made = theirs.run_instances(**run, MinCount=1, MaxCount=5)["Instances"]
        self.assertEqual(len(made), 2)
        for each in made:
            wait_state(theirs, each["InstanceId"], "running")
        self.assertEqual(refusal(theirs.run_instances, **run, MinCount=1, MaxCount=1).code, "InstanceLimitExceeded")
        theirs.stop_instances(InstanceIds=[made[0]["InstanceId"]])
        wait_state(theirs, made[0]["InstanceId"], "stopped")
        other = theirs.run_instances(**run, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
        self.assertEqual(refusal(theirs.start_instances, InstanceIds=[made[0]["InstanceId"]]).code,
                         "InstanceLimitExceeded")
        self.assertEqual(refusal(theirs.create_volume, AvailabilityZone="us-east-1a", Size=20).code,
                         "VolumeLimitExceeded")
        theirs.allocate_address()
        self.assertEqual(refusal(theirs.allocate_address).code, "AddressLimitExceeded")
        found = theirs.describe_account_attributes(AttributeNames=["max-instances"])["AccountAttributes"][0]
        self.assertEqual(found["AttributeValues"], [{"AttributeValue": "2"}])
        wait_state(theirs, other, "running")
        for each in (other, made[0]["InstanceId"], made[1]["InstanceId"]):
            remove(theirs, each)

    def test_a_request_for_more_waits_for_the_owner(self):
        account = new_account("alan")
        hers, mine = client("service-quotas", **inside(account)), client("service-quotas")
        self.assertEqual(hers.get_service_quota(**VCPUS)["Quota"]["Value"], 5)
        self.assertEqual(mine.get_service_quota(**VCPUS)["Quota"]["Value"], 1000000000)
        self.assertEqual(refusal(hers.request_service_quota_increase, **VCPUS, DesiredValue=4).code,
                         "IllegalArgumentException")
        asked = hers.request_service_quota_increase(**VCPUS, DesiredValue=8)["RequestedQuota"]
        self.assertEqual(asked["Status"], "PENDING")
        self.assertEqual(refusal(hers.request_service_quota_increase, **VCPUS, DesiredValue=9).code,
                         "ResourceAlreadyExistsException")
        self.assertEqual(hers.get_service_quota(**VCPUS)["Quota"]["Value"], 5)


if __name__ == "__main__":
    tap.main()
