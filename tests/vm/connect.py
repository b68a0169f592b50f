#!/usr/bin/python3 -B
# area: identity launch
# timeout: 1500
"""Ways into real guests, and where they find their data.

One guest without any key pair is entered by EC2 Instance Connect alone; its user data is gzip of a MIME
multi-part of a cloud-config, a script, a gzipped script and an #include. Another, of an image whose tag says
so, has no seed: cloud-init's data source Ec2 sets it up from the metadata service."""
import base64
import email.mime.application
import email.mime.multipart
import email.mime.text
import gzip
import os
import struct
import subprocess
import tempfile
import threading
import time

import boto3

from guests import (BOOT_LIMIT, LIMIT, Checks, Key, base_image, describe, ec2_client, log_in, output, qemu_pid, run,
                    ssh_argv, until, wait_state)

SECONDS = 60  # that a key is good for
FOLDER = "/var/lib/connect"

checks = Checks()
ec2 = ec2_client()
connect = boto3.client("ec2-instance-connect", endpoint_url=os.environ["AWS_ENDPOINT_URL"])


def multipart():
    whole = email.mime.multipart.MIMEMultipart()
    whole.attach(email.mime.text.MIMEText(
        f"#cloud-config\nbootcmd: [[mkdir, -p, {FOLDER}]]\n"
        f"write_files:\n- path: {FOLDER}/config\n  content: |\n    from a cloud-config\n", "cloud-config"))
    whole.attach(email.mime.text.MIMEText(f"#!/bin/sh\necho from a script >{FOLDER}/script\n", "x-shellscript"))
    whole.attach(email.mime.application.MIMEApplication(
        gzip.compress(f"#!/bin/sh\necho from gzip >{FOLDER}/gzip\n".encode()), "gzip"))
    whole.attach(email.mime.text.MIMEText(
        "#include\nhttp://169.254.169.254/latest/meta-data/tags/instance/included\n", "x-include-url"))
    return gzip.compress(whole.as_bytes())


def make_key():
    key = Key("connect", "none")
    os.unlink(key.path)
    output("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key.path)
    return key


def send(one, key, user="ec2-user"):
    with open(key.path + ".pub", encoding="ascii") as file:
        connect.send_ssh_public_key(InstanceId=one, InstanceOSUser=user, SSHPublicKey=file.read())


def enter(one, key, command, limit=LIMIT):
    """What the command prints, with a key that is sent for each try. It may wait for cloud-init, and longer
    than the key is good for."""
    address = describe(ec2, one)["PublicIpAddress"]

    def look():
        send(one, key)
        done = run(*ssh_argv(key, address), command, limit=limit)
        return done if done.returncode != 255 else None
    return until(f"{one} lets a key in that was sent", look, limit, every=3).stdout


def by_instance_connect(one):
    key = make_key()
    with checks.part("Instance Connect"):
        said = enter(one, key, f"cloud-init status --wait >/dev/null; cat {FOLDER}/config {FOLDER}/script {FOLDER}/gzip; "
                     f"ls {FOLDER}; sudo cat /root/.ssh/authorized_keys ~/.ssh/authorized_keys 2>/dev/null | wc -l",
                     BOOT_LIMIT)
        checks.same("a multi-part of every kind was carried out", said.split("\n")[:-1],
                    ["from a cloud-config", "from a script", "from gzip", "config", "gzip", "included", "script", "0"])
        sent = time.monotonic()
        address = describe(ec2, one)["PublicIpAddress"]
        checks.same("a key for somebody else is none",
                    run(*ssh_argv(key, address, "-l", "nobody"), "true").returncode, 255)
        checks.same("the helper prints nothing of what is no user", enter(
            one, key, "for u in '' ../x 'a b' root; do /usr/lib/croft/instance-connect-keys \"$u\"; done; echo over"), "over\n")
        sent = time.monotonic()
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="connect.") as home:
            done = subprocess.run(
                ["croft", "ssh", "--timeout", "60", one, "--", "id -un"], stdin=subprocess.DEVNULL,
                capture_output=True, text=True, timeout=120, check=False,
                env=dict(os.environ, HOME=home, XDG_DATA_HOME="", SSH_AUTH_SOCK=""))
        checks.same("croft ssh makes a key of its own", (done.returncode, done.stdout), (0, "ec2-user\n"))
        checks.note(f"croft ssh by Instance Connect took {time.monotonic() - began:.1f} s")
        time.sleep(max(0, sent + SECONDS + 2 - time.monotonic()))
        done = run(*ssh_argv(key, address), "true")
        checks.same("after a minute the key is refused", done.returncode, 255)
    return key


class Watcher:
    """croft console, with a pipe to type into."""

    def __init__(self, one):
        self.process = subprocess.Popen(["croft", "console", "--interactive", one], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.said = b""
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        while data := os.read(self.process.stdout.fileno(), 65536):
            self.said += data

    def type(self, text):
        self.process.stdin.write(text)
        self.process.stdin.flush()

    def end(self):
        self.process.stdin.close()
        self.process.wait(timeout=20)


def console(one):
    with checks.part("console"):
        first, second = Watcher(one), Watcher(one)
        until("the history is there", lambda: b"login:" in first.said and b"login:" in second.said)
        before = len(second.said)
        first.type(b"\n")
        until("both see what one has typed", lambda: b"login:" in second.said[before:])
        checks.ok("two look on at once, and what one types both see", True)
        first.end()
        before = len(second.said)
        second.type(b"\n")
        checks.ok("one goes, and the other stays", until(
            "the other is still there", lambda: b"login:" in second.said[before:]))
        second.end()


def picture(one, **more):
    return base64.b64decode(ec2.get_console_screenshot(InstanceId=one, **more)["ImageData"])


def screen(one, key):
    with checks.part("screen"):
        before = picture(one)
        frame = before.index(b"\xff\xc0\x00\x11\x08") + 5
        height, width = struct.unpack(">2H", before[frame:frame + 4])
        checks.ok(f"the screen is a JPEG of {width} x {height}", before[:3] == b"\xff\xd8\xff" and width >= 640)
        enter(one, key, "yes 'seven grey herons' | head -n 60 | sudo tee /dev/tty1 >/dev/null")
        after = picture(one, WakeUp=True)
        checks.ok("what is written to it is seen", after != before and len(after) > len(before),
                  f"{len(before)} and {len(after)} bytes")


def without_seed(one, key):
    with checks.part("Ec2"):
        address = wait_state(ec2, one, "running")["PublicIpAddress"]
        said = log_in(key, address, "cloud-init status --wait >/dev/null; sudo cat /run/cloud-init/result.json; "
                      "cloud-init query ds.meta_data.instance-id; cat /run/of-user-data; "
                      "ls /dev/disk/by-label/; hostname")
        checks.ok("cloud-init's data source is Ec2", '"datasource": "DataSourceEc2' in said, said)
        checks.ok("it knows the instance, and has carried out the user data",
                  one in said and "found by Ec2" in said, said)
        checks.ok("there is no seed", "cidata" not in said, said)
        checks.ok("nothing went wrong", '"errors": []' in said, said)


def main():
    image = ec2.describe_images(ImageIds=[base_image()])["Images"][0]
    group = ec2.create_security_group(GroupName="connect", Description="ssh")["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="0.0.0.0/0")
    pair = Key("connect", ec2.create_key_pair(KeyName="connect", KeyType="ed25519")["KeyMaterial"])
    only_ec2 = ec2.register_image(
        Name="connect", Architecture=image["Architecture"], RootDeviceName=image["RootDeviceName"],
        VirtualizationType="hvm", BlockDeviceMappings=[
            {"DeviceName": image["RootDeviceName"],
             "Ebs": {"SnapshotId": image["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]}}])["ImageId"]
    ec2.create_tags(Resources=[only_ec2], Tags=[{"Key": "croft:seed", "Value": "never"}])

    def launch(image_id, **more):
        return ec2.run_instances(ImageId=image_id, InstanceType="t3.micro", MinCount=1, MaxCount=1,
                                 SecurityGroupIds=[group], **more)["Instances"][0]["InstanceId"]
    one = launch(image["ImageId"], UserData=multipart(),
                 MetadataOptions={"InstanceMetadataTags": "enabled", "HttpTokens": "optional"},
                 TagSpecifications=[{"ResourceType": "instance", "Tags": [
                     {"Key": "included", "Value": f"#!/usr/bin/touch {FOLDER}/included"}]}])
    other = launch(only_ec2, KeyName="connect", UserData="#!/bin/sh\necho found by Ec2 >/run/of-user-data\n")
    began = time.monotonic()
    wait_state(ec2, one, "running")
    key = by_instance_connect(one)
    console(one)
    screen(one, key)
    with open(f"/proc/{qemu_pid(one)}/status", encoding="ascii") as file:
        checks.note("QEMU: " + " ".join(line.strip() for line in file if line.startswith(("VmRSS", "RssAnon"))))
    without_seed(other, pair)
    checks.note(f"all of it took {time.monotonic() - began:.0f} s")
    ec2.terminate_instances(InstanceIds=[one, other])
    for each in (one, other):
        wait_state(ec2, each, "terminated")
    ec2.deregister_image(ImageId=only_ec2)
    ec2.delete_key_pair(KeyName="connect")
    ec2.delete_security_group(GroupId=group)
    key.remove()
    pair.remove()


main()
checks.finish()
