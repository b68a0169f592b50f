#!/usr/bin/python3 -B
# area: launch
# lab: libvirt
# timeout: 2400
"""From RunInstances to a login, beside the same guest started by hand.

In turns: Croft launches an instance; then the same overlay, seed and domain XML, with a tap in the
same namespace, are started with qemu-img, `virsh create` and ip. Both are over when `ssh … true`
succeeds by the same way, from the VPC's namespace to the private address. The guest by hand has the
stopped instance's address, so that leases and rules are the same ones.
"""
import os
import re
import shutil
import socket
import statistics
import sys
import time
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "vm"))
from clients import Boto3  # noqa: E402
from guests import BOOT_LIMIT, SSH, Key, base_image, describe, ec2_client, output, run, until, \
    wait_state  # noqa: E402

ROUNDS = int(os.environ.get("ROUNDS", "3"))
KIND = "t2.micro"
STATE = os.path.join(os.environ["CROFT_LAB"], "state")
HAND = os.path.join(os.environ["CROFT_LAB"], "by-hand")
# Waits in the VPC's namespace until sshd says its first word: starting an ssh to find out costs a
# processor that the guest needs.
LISTEN = """
import socket, sys, time
while True:
    try:
        with socket.create_connection((sys.argv[1], 22), timeout=1) as s:
            if s.recv(4) == b"SSH-":
                break
    except OSError:
        pass
    time.sleep(0.1)
"""
ec2 = ec2_client()


def log_in(vpc_id, key, address):
    inside = ["ip", "netns", "exec", vpc_id]
    until("the namespace", lambda: run(*inside, "true").returncode == 0, 30, every=0.05)
    output(*inside, "/usr/bin/python3", "-c", LISTEN, address, limit=BOOT_LIMIT)
    until("a login", lambda: run(*inside, *SSH, "-o", "ConnectTimeout=5", "-i", key.path,
                                 f"ec2-user@{address}", "true").returncode == 0,
          BOOT_LIMIT, every=0.1)


def by_croft(image, key, group):
    began = time.monotonic()
    made = ec2.run_instances(ImageId=image, InstanceType=KIND, MinCount=1, MaxCount=1,
                             KeyName=key.name, SecurityGroupIds=[group])["Instances"][0]
    log_in(made["VpcId"], key, made["PrivateIpAddress"])
    return time.monotonic() - began, describe(ec2, made["InstanceId"])


def xml_by_hand(xml, name):
    """The instance's own XML with another name, other files, and nothing that says Croft."""
    old = re.search(r"<uuid>(.*?)</uuid>", xml)[1]
    xml = re.sub(r"(?s)<metadata>.*?</metadata>", "", xml).replace(old, str(uuid.uuid4()))
    xml = re.sub(r"<name>.*?</name>", f"<name>{name}</name>", xml, count=1)
    xml = re.sub(rf"{STATE}/volumes/[^']*", f"{HAND}/root.qcow2", xml)
    xml = re.sub(rf"{STATE}/instances/[^']*/seed.img", f"{HAND}/seed.img", xml)
    xml = re.sub(rf"{STATE}/instances/[^']*/console.log", f"{HAND}/console.log", xml)
    return re.sub(r"/run/croft/console/[^']*", f"{HAND}/console", xml)


def by_hand(found, key, xml, tap, bridge):
    os.makedirs(HAND, mode=0o711)
    os.chmod(HAND, 0o711)
    path, seed = os.path.join(HAND, "domain.xml"), os.path.join(HAND, "original-seed.img")
    with open(path, "w", encoding="utf-8") as file:
        file.write(xml_by_hand(xml, "by-hand"))
    shutil.copy(os.path.join(STATE, "instances", found["InstanceId"], "seed.img"), seed)
    layer = os.path.join(STATE, "images", found["ImageId"] + ".qcow2")
    size = ec2.describe_images(ImageIds=[found["ImageId"]])["Images"][0]["BlockDeviceMappings"][0][
        "Ebs"]["VolumeSize"]
    vpc_id = found["VpcId"]

    began = time.monotonic()
    output("qemu-img", "create", "-q", "-f", "qcow2", "-o",
           "cluster_size=128k,extended_l2=on", "-b", layer, "-F",
           "qcow2", os.path.join(HAND, "root.qcow2"), f"{size}G")
    shutil.copy(seed, os.path.join(HAND, "seed.img"))
    output("virsh", "create", "--paused", path)
    output("ip", "link", "set", tap, "netns", vpc_id)
    output("ip", "-n", vpc_id, "link", "set", tap, "master", bridge)
    output("ip", "netns", "exec", vpc_id, "bridge", "link", "set", "dev", tap, "isolated", "on")
    output("ip", "-n", vpc_id, "link", "set", tap, "up")
    output("virsh", "resume", "by-hand")
    log_in(vpc_id, key, found["PrivateIpAddress"])
    took = time.monotonic() - began

    output("virsh", "destroy", "by-hand")
    shutil.rmtree(HAND)
    return took


def main():
    socket.setdefaulttimeout(60)
    print(f"{os.cpu_count()} processors; load average before: {os.getloadavg()[0]:.1f}; {KIND}; "
          f"{ROUNDS} rounds in turns", flush=True)
    image, client = base_image(), Boto3()
    key = Key("bench-launch", client.key("bench-launch"))
    group = client.group("bench-launch")
    croft, hand = [], []
    try:
        for number in range(1, ROUNDS + 1):
            took, found = by_croft(image, key, group)
            croft.append(took)
            xml = output("virsh", "dumpxml", "--inactive", found["InstanceId"])
            tap = re.search(r"<target dev='(eni[^']*)'", xml)[1]
            bridge = re.search(r" master (\S+)", output("ip", "-n", found["VpcId"], "-o", "link",
                                                        "show", "dev", tap))[1]
            ec2.stop_instances(InstanceIds=[found["InstanceId"]], Force=True)
            wait_state(ec2, found["InstanceId"], "stopped")
            hand.append(by_hand(found, key, xml, tap, bridge))
            ec2.terminate_instances(InstanceIds=[found["InstanceId"]])
            wait_state(ec2, found["InstanceId"], "terminated")
            print(f"round {number}: Croft {croft[-1]:6.1f} s   by hand {hand[-1]:6.1f} s",
                  flush=True)
    finally:
        key.remove()
    ratio = statistics.median(croft) / statistics.median(hand)
    print(f"launch to login, median: Croft {statistics.median(croft):.1f} s, by hand "
          f"{statistics.median(hand):.1f} s, ratio {ratio:.2f}  target at most 1.10")


main()
