"""EC2's clients: each has the steps of the flow in its own words, and gives the same facts."""
import json
import os
import shutil
import xml.etree.ElementTree as ElementTree

from guests import ec2_client, encoded, output, run

WAITERS = {"running": "instance_running", "stopped": "instance_stopped",
           "terminated": "instance_terminated"}


class Boto3:
    name = "boto3"

    def __init__(self):
        self.ec2 = ec2_client()

    def key(self, name):
        return self.ec2.create_key_pair(KeyName=name, KeyType="ed25519")["KeyMaterial"]

    def group(self, name):
        group = self.ec2.create_security_group(GroupName=name, Description="of a test")["GroupId"]
        self.ec2.authorize_security_group_ingress(GroupId=group, IpProtocol="tcp", FromPort=22,
                                                  ToPort=22, CidrIp="0.0.0.0/0")
        return group

    def run(self, image, kind, key, group, user_data):
        return self.ec2.run_instances(
            ImageId=image, InstanceType=kind, MinCount=1, MaxCount=1, KeyName=key,
            SecurityGroupIds=[group], UserData=user_data,
            BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 5}},
                                 {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 1}}],
            TagSpecifications=[{"ResourceType": "instance",
                                "Tags": [{"Key": "Name", "Value": key}]}],
        )["Instances"][0]["InstanceId"]

    def wait(self, instance, state):
        self.ec2.get_waiter(WAITERS[state]).wait(InstanceIds=[instance])

    def describe(self, instance):
        found = self.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]
        return facts_of_json(found["Instances"][0])

    def stop(self, instance):
        return self.ec2.stop_instances(InstanceIds=[instance])["StoppingInstances"][0][
            "CurrentState"]["Name"]

    def start(self, instance):
        return self.ec2.start_instances(InstanceIds=[instance])["StartingInstances"][0][
            "CurrentState"]["Name"]

    def reboot(self, instance):
        self.ec2.reboot_instances(InstanceIds=[instance])

    def terminate(self, instance):
        return self.ec2.terminate_instances(InstanceIds=[instance])["TerminatingInstances"][0][
            "CurrentState"]["Name"]

    def remove(self, key, group):
        self.ec2.delete_key_pair(KeyName=key)
        self.ec2.delete_security_group(GroupId=group)


def facts_of_json(found):
    return {"state": found["State"]["Name"], "private": found.get("PrivateIpAddress"),
            "public": found.get("PublicIpAddress"), "key": found.get("KeyName"),
            "tags": {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}}


class Cli:
    """Either AWS CLI. Debian's 2.9 does not look at AWS_ENDPOINT_URL: the endpoint is an option."""

    def __init__(self, path, version):
        self.path, self.name = path, f"aws cli v{version}"

    def text(self, *words):
        return output(self.path, "--endpoint-url", os.environ["AWS_ENDPOINT_URL"], "ec2", *words)

    def json(self, *words):
        return json.loads(self.text(*words, "--output", "json"))

    def key(self, name):
        return self.text("create-key-pair", "--key-name", name, "--key-type", "ed25519",
                         "--query", "KeyMaterial", "--output", "text")

    def group(self, name):
        group = self.text("create-security-group", "--group-name", name, "--description",
                          "of a test", "--query", "GroupId", "--output", "text").strip()
        self.json("authorize-security-group-ingress", "--group-id", group, "--protocol", "tcp",
                  "--port", "22", "--cidr", "0.0.0.0/0")
        return group

    def run(self, image, kind, key, group, user_data):
        return self.json(
            "run-instances", "--image-id", image, "--instance-type", kind, "--key-name", key,
            "--security-group-ids", group, "--user-data", user_data, "--block-device-mappings",
            "DeviceName=/dev/xvda,Ebs={VolumeSize=5}", "DeviceName=/dev/sdf,Ebs={VolumeSize=1}",
            "--tag-specifications",
            f"ResourceType=instance,Tags=[{{Key=Name,Value={key}}}]")["Instances"][0]["InstanceId"]

    def wait(self, instance, state):
        self.text("wait", WAITERS[state].replace("_", "-"), "--instance-ids", instance)

    def describe(self, instance):
        found = self.json("describe-instances", "--instance-ids", instance)
        return facts_of_json(found["Reservations"][0]["Instances"][0])

    def stop(self, instance):
        return self.json("stop-instances", "--instance-ids", instance)["StoppingInstances"][0][
            "CurrentState"]["Name"]

    def start(self, instance):
        return self.json("start-instances", "--instance-ids", instance)["StartingInstances"][0][
            "CurrentState"]["Name"]

    def reboot(self, instance):
        self.text("reboot-instances", "--instance-ids", instance)

    def terminate(self, instance):
        return self.json("terminate-instances", "--instance-ids", instance)[
            "TerminatingInstances"][0]["CurrentState"]["Name"]

    def remove(self, key, group):
        self.text("delete-key-pair", "--key-name", key)
        self.text("delete-security-group", "--group-id", group)


class Curl:
    """curl --aws-sigv4 and the query protocol. The secret goes to curl through its stdin."""
    name = "curl"

    def call(self, action, **parameters):
        argv = ["curl", "--silent", "--show-error", "--max-time", "60", "--config", "-",
                "--aws-sigv4", f"aws:amz:{os.environ['AWS_DEFAULT_REGION']}:ec2",
                "--write-out", "\n%{http_code}", os.environ["AWS_ENDPOINT_URL"]]
        for name, value in {"Action": action, "Version": "2016-11-15", **parameters}.items():
            argv += ["--data-urlencode", f"{name.replace('_', '.')}={value}"]
        who = f'user = "{os.environ["AWS_ACCESS_KEY_ID"]}:{os.environ["AWS_SECRET_ACCESS_KEY"]}"\n'
        body, _, status = output(*argv, text=who).rpartition("\n")
        if status != "200":
            raise RuntimeError(f"{action} by curl: {status}: {body}")
        root = ElementTree.fromstring(body)
        for element in root.iter():
            element.tag = element.tag.rpartition("}")[2]
        return root

    def key(self, name):
        return self.call("CreateKeyPair", KeyName=name, KeyType="ed25519").findtext("keyMaterial")

    def group(self, name):
        group = self.call("CreateSecurityGroup", GroupName=name,
                          GroupDescription="of a test").findtext("groupId")
        self.call("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions_1_IpProtocol="tcp",
                  IpPermissions_1_FromPort=22, IpPermissions_1_ToPort=22,
                  IpPermissions_1_IpRanges_1_CidrIp="0.0.0.0/0")
        return group

    def run(self, image, kind, key, group, user_data):
        return self.call(
            "RunInstances", ImageId=image, InstanceType=kind, MinCount=1, MaxCount=1, KeyName=key,
            SecurityGroupId_1=group, UserData=encoded(user_data),
            BlockDeviceMapping_1_DeviceName="/dev/xvda", BlockDeviceMapping_1_Ebs_VolumeSize=5,
            BlockDeviceMapping_2_DeviceName="/dev/sdf", BlockDeviceMapping_2_Ebs_VolumeSize=1,
            TagSpecification_1_ResourceType="instance", TagSpecification_1_Tag_1_Key="Name",
            TagSpecification_1_Tag_1_Value=key).findtext("instancesSet/item/instanceId")

    def wait(self, instance, state):
        """curl has no waiter: the caller has polled."""
        found = self.describe(instance)["state"]
        if found != state:
            raise RuntimeError(f"{instance} is {found}, not {state}")

    def describe(self, instance):
        found = self.call("DescribeInstances", InstanceId_1=instance).find(
            "reservationSet/item/instancesSet/item")
        return {"state": found.findtext("instanceState/name"),
                "private": found.findtext("privateIpAddress"),
                "public": found.findtext("ipAddress"), "key": found.findtext("keyName"),
                "tags": {tag.findtext("key"): tag.findtext("value")
                         for tag in found.findall("tagSet/item")}}

    def change(self, action, instance):
        return self.call(action, InstanceId_1=instance).findtext(
            "instancesSet/item/currentState/name")

    def stop(self, instance):
        return self.change("StopInstances", instance)

    def start(self, instance):
        return self.change("StartInstances", instance)

    def reboot(self, instance):
        self.call("RebootInstances", InstanceId_1=instance)

    def terminate(self, instance):
        return self.change("TerminateInstances", instance)

    def remove(self, key, group):
        self.call("DeleteKeyPair", KeyName=key)
        self.call("DeleteSecurityGroup", GroupId=group)


def clis():
    """{1: Cli or None, 2: Cli or None}: version 2 is Debian's, 1 is pip's, in any order in PATH."""
    found = {1: None, 2: None}
    for folder in os.environ["PATH"].split(":") + ["/usr/bin"]:
        path = shutil.which("aws", path=folder)
        if path and None in found.values():
            words = run(path, "--version")
            version = (words.stdout + words.stderr).strip()
            for number in found:
                if version.startswith(f"aws-cli/{number}.") and found[number] is None:
                    found[number] = Cli(path, number)
    return found
