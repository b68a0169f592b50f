#!/usr/bin/python3 -B
# area: network
# timeout: 180
"""Flow logs of the daemon itself: two interfaces of EC2, real packets between them, and what its recorder writes.

Namespaces stand in place of guests, behind the taps of interfaces that are attached to nobody: nothing boots."""
import glob
import json
import os
import socket
import sys
import time

from guests import Checks, ec2_client, until

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "net"))
import world  # noqa: E402
from world import run  # noqa: E402

FOLDER = os.path.join(os.environ["CROFT_LAB"], "state", "flow-logs", "vm-flow-log")
SIZES = (1, 100, 1300)

checks = Checks()
ec2 = ec2_client()


class Subnets:
    """Of a VPC that the daemon has made, as world.Guest asks for them; and it plugs as the daemon does."""

    def __init__(self, subnet):
        self.id = subnet["VpcId"]
        self.subnets = [{"id": subnet["SubnetId"], "cidr": subnet["CidrBlock"]}]

    def bridge(self):
        router = str(world.ip_network(self.subnets[0]["cidr"])[1])
        links = json.loads(run("ip", "-n", self.id, "-j", "-4", "addr"))
        return next(link["ifname"] for link in links for a in link["addr_info"] if a.get("local") == router)

    def plug(self, _, port):
        run("ip", "link", "set", port["tap"], "netns", self.id)
        run("ip", "-n", self.id, "link", "set", port["tap"], "up", "master", self.bridge())
        run("bridge", "-n", self.id, "link", "set", "dev", port["tap"], "isolated", "on")


def interface(subnet, group):
    made = ec2.create_network_interface(SubnetId=subnet["SubnetId"], Groups=[group])["NetworkInterface"]
    port = {"id": made["NetworkInterfaceId"], "tap": "eni" + made["NetworkInterfaceId"][4:16],
            "mac": made["MacAddress"], "ip": made["PrivateIpAddress"], "subnet": subnet["SubnetId"]}
    until("the rules know the interface", lambda: port["mac"] in run(
        "ip", "netns", "exec", subnet["VpcId"], "nft", "list", "set", "bridge", "croft", "port_mac", check=False), 60)
    return port


def records(port):
    """(source, destination, ports, protocol, packets, bytes, action) of each line."""
    found = []
    for path in glob.glob(os.path.join(FOLDER, port["id"] + "-all")):
        with open(path, encoding="ascii") as file:
            for line in file:
                word = line.split()
                if word[13] == "OK":
                    found.append((word[3], word[4], word[5], word[6], word[7], int(word[8]), int(word[9]), word[12]))
    return found


def talk(a, b):
    with b.socket(socket.SOCK_DGRAM) as there, a.socket(socket.SOCK_DGRAM) as here:
        there.bind((b.ip, 5000))
        there.settimeout(20)
        here.bind((a.ip, 40000))
        for size in SIZES:
            here.sendto(b"x" * size, (b.ip, 5000))
            checks.same(f"{size} bytes pass", len(there.recv(2000)), size)
        for _ in range(4):
            here.sendto(b"y" * 10, (b.ip, 6000))


def main():
    vpc = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    subnet = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"][0]
    group = ec2.create_security_group(GroupName="vm-flow-log", Description="flow log", VpcId=vpc)["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
        {"IpProtocol": "udp", "FromPort": 5000, "ToPort": 5000, "IpRanges": [{"CidrIp": subnet["CidrBlock"]}]}])
    ports = [interface(subnet, group) for _ in range(2)]
    places = Subnets(subnet)
    a, b = (world.Guest(places, places, port) for port in ports)
    made = ec2.create_flow_logs(
        ResourceIds=[b.port["id"]], ResourceType="NetworkInterface", TrafficType="ALL", LogGroupName="vm-flow-log",
        DeliverLogsPermissionArn="arn:aws:iam::123456789012:role/flow", MaxAggregationInterval=60)["FlowLogIds"]
    until("the recorder listens", lambda: "croft_flow" in run(
        "ip", "netns", "exec", vpc, "nft", "list", "tables"), 30)
    talk(a, b)
    time.sleep(5)  # what is not seen behind the rules within a second was stopped, and a busy machine is late
    ec2.delete_flow_logs(FlowLogIds=made)
    end = time.monotonic() + 30
    while len(found := records(b.port)) < 2 and time.monotonic() < end:  # of its last window, line by line
        time.sleep(0.3)
    checks.ok("what passed is a record, packet by packet and byte by byte", found.count(
        (a.ip, b.ip, "40000", "5000", "17", len(SIZES), sum(SIZES) + 28 * len(SIZES), "ACCEPT")) == 1, found)
    checks.ok("what was stopped is one, too", found.count(
        (a.ip, b.ip, "40000", "6000", "17", 4, 4 * 38, "REJECT")) == 1, found)
    checks.same("and nothing is recorded of the other interface", glob.glob(f"{FOLDER}/{a.port['id']}*"), [])
    for guest in (a, b):
        guest.end()
        ec2.delete_network_interface(NetworkInterfaceId=guest.port["id"])
    ec2.delete_security_group(GroupId=group)


with checks.part("flow log"):
    main()
checks.finish()
