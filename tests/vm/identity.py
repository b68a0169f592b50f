#!/usr/bin/python3 -B
# area: identity
# lab: own
# timeout: 900
"""A program in a real guest: boto3 finds the credentials of the instance's role in metadata, calls the API with
them from there, is refused what the role lacks, and has others by and by. A namespace in the guest gets no token.
A second guest reads nothing of the first one's, whatever addresses it says that it has, and the other way round.

In a lab of its own, whose credentials rotate every ten seconds.
"""
import io
import json
import os
import subprocess
import tarfile
import time

import boto3
import botocore.config

from guests import (BOOT_LIMIT, Checks, Key, base_image, describe, ec2_client, enter_own_lab, log_in, ssh_argv,
                    wait_state)

LIFE = 60
enter_own_lab("--config", f"role_credentials={LIFE}")

IMDS = "http://169.254.169.254"
CURL = "curl -s -m 4 -w '\\n%{http_code}'"
ID = "/latest/meta-data/instance-id"
ASK_TOKEN = ("-X", "PUT", "-H", "'X-aws-ec2-metadata-token-ttl-seconds: 60'")
checks = Checks()
ec2 = ec2_client()
iam = boto3.client("iam", endpoint_url=os.environ["AWS_ENDPOINT_URL"],
                   config=botocore.config.Config(retries={"total_max_attempts": 3}))

# What boto3 is made of, and what it knows of the two services. The guest has no network to get it from.
LIBRARIES = "/usr/lib/python3/dist-packages"
PARTS = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six.py", "certifi")
KNOWN = ("ec2", "sts", "_retry.json", "endpoints.json", "partitions.json", "sdk-default-configuration.json")

PROGRAM = r"""
import json, sys, time
sys.path.insert(0, "/home/ec2-user/lib")
import boto3, botocore.config, botocore.exceptions
def client(service):
    return boto3.session.Session().client(service, region_name="us-east-1", endpoint_url="http://169.254.169.254",
                                          config=botocore.config.Config(retries={"total_max_attempts": 1}))
def refused(call, **words):
    try:
        call(**words)
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
def id_of(client):
    return client._request_signer._credentials.get_frozen_credentials().access_key
ec2 = client("ec2")
said = {"who": client("sts").get_caller_identity()["Arn"],
        "may": len(ec2.describe_instances()["Reservations"]),
        "may not": refused(ec2.run_instances, ImageId="ami-00000000000000001", MinCount=1, MaxCount=1),
        "nor": refused(ec2.describe_vpcs), "first": id_of(ec2)}
time.sleep(float(sys.argv[1]))
again = client("ec2")
said.update(later=id_of(again), **{"later may": len(again.describe_instances()["Reservations"]),
                                   "old may": len(ec2.describe_instances()["Reservations"])})
print(json.dumps(said))
"""

# A namespace as a container has one, with an address of the interface's own: so nothing translates, and what
# stands between it and the token is the hop limit alone.
INNER = r"""
sudo sh -ec '
ip netns add inner
ip link add v0 type veth peer name v1 netns inner
ip address add 169.254.77.1/32 dev v0; ip link set v0 up
ip -n inner address add %(second)s/32 dev v1; ip -n inner link set v1 up
ip -n inner route add 169.254.77.1 dev v1; ip -n inner route add default via 169.254.77.1
ip route add %(second)s dev v0
for each in all eth0 v0; do echo 1 >/proc/sys/net/ipv4/conf/$each/forwarding; done
echo 1 >/proc/sys/net/ipv4/conf/eth0/proxy_arp
'
"""


def bundle():
    """A tar of boto3."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz", compresslevel=1) as tar:
        for part in PARTS:
            path = os.path.join(LIBRARIES, part)
            if os.path.exists(path):
                tar.add(path, "lib/" + part, filter=wanted)
    return data.getvalue()


def wanted(member):
    data = "lib/botocore/data/"
    if "__pycache__" in member.name or "/boto3/data/" in member.name or "/boto3/examples" in member.name:
        return None
    if member.name.startswith(data) and member.name[len(data):].split("/")[0] not in KNOWN:
        return None
    return member


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


class Guest:
    def __init__(self, key, group, **more):
        self.key = key
        made = ec2.run_instances(ImageId=base_image(), InstanceType="t3.micro", KeyName=key.name, MinCount=1,
                                 MaxCount=1, SecurityGroupIds=[group],
                                 MetadataOptions={"HttpPutResponseHopLimit": 1}, **more)
        self.id = made["Instances"][0]["InstanceId"]

    def settle(self):
        wait_state(ec2, self.id, "running")
        self.facts = describe(ec2, self.id)
        self.ip = self.facts["PrivateIpAddress"]
        self.mac = self.facts["NetworkInterfaces"][0]["MacAddress"]

    def run(self, command, **more):
        return log_in(self.key, self.facts["PublicIpAddress"], command, **more).strip()

    def feed(self, data, command):
        subprocess.run([*ssh_argv(self.key, self.facts["PublicIpAddress"]), command], input=data, check=True,
                       timeout=BOOT_LIMIT, capture_output=True)

    def ask(self, path, *options, inner=False):
        """(status, body); 000: no answer."""
        where = "sudo ip netns exec inner " if inner else ""
        return self.answer(f"{where}{CURL} {' '.join(options)} {IMDS}{path} || true")

    def answer(self, command):
        body, _, status = self.run(command).rpartition("\n")
        return status, body

    def ask_as(self, other, path, *options):
        """With the other's address of the link, too; for as long as that takes, nothing else gets here."""
        curl = f"{CURL} --interface {other.ip} {' '.join(options)} {IMDS}{path}"
        return self.answer(f"sudo ip link set eth0 address {other.mac}; {curl}; "
                           f"sudo ip link set eth0 address {self.mac}")


def make_role():
    iam.create_role(RoleName="machine", AssumeRolePolicyDocument=policy(
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}))
    iam.put_role_policy(RoleName="machine", PolicyName="own", PolicyDocument=policy(
        {"Effect": "Allow", "Action": "ec2:DescribeInstances", "Resource": "*"}))
    iam.create_instance_profile(InstanceProfileName="machine")
    iam.add_role_to_instance_profile(InstanceProfileName="machine", RoleName="machine")


def check_program(guest):
    guest.feed(bundle(), "tar -xzf -")
    guest.feed(PROGRAM.encode(), "cat >program.py")
    said = json.loads(guest.run(f"python3 program.py {LIFE / 6 + 2}"))
    account = guest.facts["NetworkInterfaces"][0]["OwnerId"]
    checks.same("boto3 in the guest is the instance in its role", said["who"],
                f"arn:aws:sts::{account}:assumed-role/machine/{guest.id}")
    checks.same("it may what the role may", said["may"], 2)
    checks.same("it is refused what the role lacks", (said["may not"], said["nor"]),
                ("UnauthorizedOperation", "UnauthorizedOperation"))
    checks.ok("credentials rotate", said["first"] != said["later"], said)
    checks.same("the new ones are good, and so are the old", (said["later may"], said["old may"]), (2, 2))


def check_hops(guest):
    interface = guest.facts["NetworkInterfaces"][0]["NetworkInterfaceId"]
    ec2.assign_private_ip_addresses(NetworkInterfaceId=interface, SecondaryPrivateIpAddressCount=1)
    second = [a["PrivateIpAddress"] for a in describe(ec2, guest.id)["NetworkInterfaces"][0]["PrivateIpAddresses"]
              if not a["Primary"]][0]
    guest.run(INNER % {"second": second})
    end = time.monotonic() + 30
    while guest.ask(ID, inner=True)[0] != "200" and time.monotonic() < end:
        time.sleep(1)
    checks.same("a namespace in the guest reads without a token", guest.ask(ID, inner=True),
                ("200", guest.id))
    checks.same("a hop limit of one keeps the token from it",
                guest.ask("/latest/api/token", *ASK_TOKEN, inner=True)[0], "000")
    checks.same("and the guest itself has one", guest.ask("/latest/api/token", *ASK_TOKEN)[0], "200")
    ec2.modify_instance_metadata_options(InstanceId=guest.id, HttpPutResponseHopLimit=2)
    checks.same("with two hops it has one, too",
                guest.ask("/latest/api/token", *ASK_TOKEN, inner=True)[0], "200")


def wait_until(ask, wanted, limit=30):
    end = time.monotonic() + limit
    found = ask()
    while found != wanted and time.monotonic() < end:
        time.sleep(1)
        found = ask()
    return found


def check_forged(guest, other):
    """Each says that it is the other one."""
    nobody = guest.ip.rpartition(".")[0] + ".249"
    for liar, meant in ((guest, other), (other, guest)):
        liar.run(f"sudo ip address add {meant.ip}/32 dev eth0; sudo ip address add {nobody}/32 dev eth0")
        checks.same("from the other's address nothing comes back", liar.ask(ID, "--interface", meant.ip)[0], "000")
        checks.same("nor does a token", liar.ask("/latest/api/token", *ASK_TOKEN, "--interface", meant.ip)[0], "000")
        checks.same("nor with its address of the link", liar.ask_as(meant, ID)[0], "000")
        ec2.modify_instance_attribute(InstanceId=liar.id, SourceDestCheck={"Value": False})
        # Once it may send from addresses that are not its own, those that are nobody's get an answer.
        checks.same("nobody's address is nobody",
                    wait_until(lambda one=liar: one.ask(ID, "--interface", nobody)[0], "404"), "404")
        checks.same("unchecked, too, nothing comes back", liar.ask(ID, "--interface", meant.ip)[0], "000")
        checks.same("nor with its address of the link, unchecked", liar.ask_as(meant, ID)[0], "000")
        status, token = meant.ask("/latest/api/token", *ASK_TOKEN)
        with_token = ("-H", f"'X-aws-ec2-metadata-token: {token}'")
        checks.same("a token is of one guest alone", (status, meant.ask(ID, *with_token), liar.ask(ID, *with_token)[0]),
                    ("200", ("200", meant.id), "401"))
        checks.same("each goes on to read its own", (liar.ask(ID)[1], meant.ask(ID)[1]), (liar.id, meant.id))
        liar.run(f"sudo ip address del {meant.ip}/32 dev eth0; sudo ip address del {nobody}/32 dev eth0")
        ec2.modify_instance_attribute(InstanceId=liar.id, SourceDestCheck={"Value": True})


def check_end(guest):
    given = guest.ask("/latest/meta-data/iam/security-credentials/machine")
    found = ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]
    ec2.disassociate_iam_instance_profile(AssociationId=found[0]["AssociationId"])
    checks.same("with the profile the credentials go",
                (given[0], guest.ask("/latest/meta-data/iam/security-credentials/machine")[0]), ("200", "404"))
    given = json.loads(given[1])
    late = boto3.client("ec2", endpoint_url=os.environ["AWS_ENDPOINT_URL"],
                        aws_access_key_id=given["AccessKeyId"], aws_secret_access_key=given["SecretAccessKey"],
                        aws_session_token=given["Token"])
    try:
        late.describe_instances()
        checks.ok("and those that were taken along are no good", False)
    except late.exceptions.ClientError as error:
        checks.same("and those that were taken along are no good", error.response["Error"]["Code"], "AuthFailure")


def main():
    make_role()
    made = ec2.create_key_pair(KeyName="identity", KeyType="ed25519")
    key = Key("identity", made["KeyMaterial"])
    group = ec2.create_security_group(GroupName="identity", Description="ssh")["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="0.0.0.0/0")
    guest = Guest(key, group, IamInstanceProfile={"Name": "machine"})
    other = Guest(key, group)
    for each in (guest, other):
        each.settle()
        checks.note(each.run("uptime -p"))
    for check, whom in ((check_program, (guest,)), (check_hops, (guest,)), (check_forged, (guest, other)),
                        (check_end, (guest,))):
        with checks.part(check.__name__):
            check(*whom)
            checks.note(check.__name__)
    ec2.terminate_instances(InstanceIds=[guest.id, other.id])
    for each in (guest, other):
        wait_state(ec2, each.id, "terminated")
    checks.finish()


main()
