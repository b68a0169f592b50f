#!/usr/bin/python3 -B
# area: front-door
# timeout: 180
"""croft why, on a network that sends nothing: what it asks, what it prints, what it leaves."""
import json
import os
import subprocess
import unittest

from client import TREE, client, instance, launch, register_image, remove, tap

CROFT = os.path.join(os.environ.get("CROFT_BUILD", os.path.join(TREE, "build")), "cmd/croft/croft")
OUTSIDE = "203.0.113.7"


def setUpModule():
    global ec2, web, other, group
    ec2 = client()
    image = register_image("why")
    web = launch(ec2, image, TagSpecifications=[{"ResourceType": "instance", "Tags": [
        {"Key": "Name", "Value": "why-web"}]}])["InstanceId"]
    other = launch(ec2, image)["InstanceId"]
    unittest.addModuleCleanup(remove, ec2, web, other)
    group = instance(ec2, web)["SecurityGroups"][0]["GroupId"]


def why(*argv):
    done = subprocess.run([CROFT, "why", *argv], capture_output=True, text=True, check=False,
                          timeout=60)
    return done.returncode, done.stdout, done.stderr


class Why(unittest.TestCase):
    def tearDown(self):
        self.assertEqual(ec2.describe_network_insights_analyses()["NetworkInsightsAnalyses"], [])
        self.assertEqual(ec2.describe_network_insights_paths()["NetworkInsightsPaths"], [])

    def test_it_names_the_group_that_stops_it_and_what_would_let_it_pass(self):
        status, out, err = why("why-web", "22", "--from", OUTSIDE)
        self.assertEqual(status, 1, out + err)
        lines = out.splitlines()
        self.assertEqual(lines[0], f"why-web ({web}), tcp 22 from {OUTSIDE}: no")
        self.assertRegex(lines[3], rf"^  \+ {OUTSIDE} +a packet from outside$")
        self.assertRegex(lines[4], r"^  \+ igw-\w+ +198\.18\.\d+\.\d+ stands for 172\.31\.")
        self.assertRegex(lines[5], r"^  \+ acl-\w+ +rule 100 lets tcp 22 into subnet-")
        self.assertRegex(lines[6], rf"^  X {group} +sgr-\w+ lets everything in from {group}, none lets "
                         rf"tcp 22 in from {OUTSIDE}$")
        self.assertIn("aws ec2 authorize-security-group-ingress --group-id "
                      f"{group} --protocol tcp --port 22 --cidr {OUTSIDE}/32\n", out)
        self.assertRegex(lines[-1], "^Computed and not tried: .* the fake one")

    def test_what_it_proposes_lets_it_pass(self):
        _, out, _ = why(web, "80", "--from", OUTSIDE)
        command = next(line for line in out.splitlines() if line.startswith("  aws ec2 ")).split()
        subprocess.run([CROFT, *command[2:]], check=True, capture_output=True)
        self.addCleanup(ec2.revoke_security_group_ingress, GroupId=group, IpProtocol="tcp",
                        FromPort=80, ToPort=80, CidrIp=f"{OUTSIDE}/32")
        status, out, _ = why(web, "80", "--from", OUTSIDE)
        self.assertEqual(status, 0)
        self.assertIn("the packet gets there, and an answer back", out)
        self.assertIn("And back:", out)
        self.assertNotIn("  X ", out)

    def test_between_instances_and_as_json(self):
        status, out, _ = why(web, "5000", "--from", other, "--output", "json")
        self.assertEqual(status, 0)
        analysis = json.loads(out)
        self.assertEqual((analysis["Status"], analysis["NetworkPathFound"], analysis["CroftProof"]),
                         ("succeeded", True, "computed"))
        self.assertEqual(why("--protocol", "icmp", web, "--from", "why-web")[0], 254)
        self.assertEqual(why("--protocol", "icmp", other, "--from", "why-web")[0], 0)
        self.assertEqual(why("--protocol", "udp", web, "53")[0], 1)

    def test_a_stopped_instance_is_said_to_be_stopped(self):
        ec2.stop_instances(InstanceIds=[other])
        ec2.get_waiter("instance_stopped").wait(InstanceIds=[other],
                                                WaiterConfig={"Delay": 1, "MaxAttempts": 60})
        status, out, _ = why(other, "22", "--from", "why-web")
        self.assertEqual(status, 1)
        self.assertIn(f"{other} is stopped", out)
        self.assertIn(f"aws ec2 start-instances --instance-ids {other}", out)
        ec2.start_instances(InstanceIds=[other])
        ec2.get_waiter("instance_running").wait(InstanceIds=[other],
                                                WaiterConfig={"Delay": 1, "MaxAttempts": 60})

    def test_bad_words_are_refused_before_anything_is_asked(self):
        for argv in ((web,), (web, "0"), (web, "65536"), (web, "ssh"), (web, "22", "23"),
                     ("--protocol", "icmp", web, "22")):
            with self.subTest(argv):
                self.assertEqual(why(*argv)[0], 252)
        self.assertEqual(why("nobody", "22")[0], 1)
        self.assertEqual(why(web, "22", "--protocol", "sctp")[0], 254)


def explain(*argv):
    done = subprocess.run([CROFT, "explain", *argv], capture_output=True, text=True, check=False,
                          timeout=60)
    return done.returncode, done.stdout


class Explain(unittest.TestCase):
    """What stands of an object: the lines that the driver would give to nftables."""

    def test_a_group_shows_its_chains_its_members_and_where_rules_come_from(self):
        made = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[{
            "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443,
            "IpRanges": [{"CidrIp": "192.0.2.0/24", "Description": "the office"}]}])
        rule = made["SecurityGroupRules"][0]["SecurityGroupRuleId"]
        self.addCleanup(ec2.revoke_security_group_ingress, GroupId=group, SecurityGroupRuleIds=[rule])
        status, out = explain(group)
        self.assertEqual(status, 0)
        self.assertIn(f'| add rule inet croft {group}-in ip saddr 192.0.2.0/24 tcp dport 443 accept '
                      f'comment "{rule}"', out)
        self.assertIn(f"({rule} is ingress, protocol tcp, ports 443 to 443, from 192.0.2.0/24: the office)",
                      out)
        for name in (web, other):
            nic = instance(ec2, name)["NetworkInterfaces"][0]
            self.assertIn(f"({nic['NetworkInterfaceId']} ({name}), {nic['PrivateIpAddress']}, is a member)",
                          out)
        self.assertNotIn("port_mac", out)

    def test_an_interface_shows_what_it_adds_and_a_vpc_everything(self):
        nic = instance(ec2, web)["NetworkInterfaces"][0]
        status, out = explain(nic["NetworkInterfaceId"])
        self.assertEqual(status, 0)
        self.assertRegex(out, rf"add element bridge croft port_mac {{ \S+ \. {nic['MacAddress']} }}")
        self.assertNotIn(instance(ec2, other)["PrivateIpAddress"], out)
        status, out = explain(nic["VpcId"])
        self.assertEqual(status, 0)
        self.assertIn("add chain inet croft forward", out)
        for name in (web, other):
            self.assertIn(instance(ec2, name)["PrivateIpAddress"], out)

    def test_a_route_table_shows_where_its_routes_lead_and_whom(self):
        nic = instance(ec2, web)["NetworkInterfaces"][0]
        table = ec2.describe_route_tables(Filters=[
            {"Name": "vpc-id", "Values": [nic["VpcId"]]},
            {"Name": "association.main", "Values": ["true"]}])["RouteTables"][0]["RouteTableId"]
        status, out = explain(table)
        self.assertEqual(status, 0)
        self.assertIn("(0.0.0.0/0 leads to the internet gateway)", out)
        self.assertIn("(172.31.0.0/16 is local, ", out)
        self.assertRegex(out, rf"\({nic['SubnetId']} \(br\d+\) is sent by it\)")

    def test_a_nat_gateway_shows_its_namespace(self):
        subnet = instance(ec2, web)["NetworkInterfaces"][0]["SubnetId"]
        made = ec2.create_nat_gateway(SubnetId=subnet, ConnectivityType="private")["NatGateway"]
        nat = made["NatGatewayId"]
        self.addCleanup(ec2.delete_nat_gateway, NatGatewayId=nat)
        address = ec2.describe_nat_gateways(NatGatewayIds=[nat])["NatGateways"][0]["NatGatewayAddresses"][0]["PrivateIp"]
        status, out = explain(nat)
        self.assertEqual(status, 0)
        self.assertIn(f"$ ip -n {nat} addr add {address}/32 dev eth0", out)
        self.assertIn(f'| add rule inet croft postrouting oifname "eth0" snat ip to {address}', out)

    def test_it_is_a_structure_as_json(self):
        status, out = explain(group, "--output", "json")
        self.assertEqual(status, 0)
        step, = json.loads(out)["Steps"]
        self.assertIn(f"add set inet croft {group}", step["Files"][0]["Content"])

    def test_what_is_not_there_or_has_no_rules_is_refused(self):
        self.assertEqual(explain("sg-00000000000000001")[0], 254)
        self.assertEqual(explain(web)[0], 252)
        self.assertEqual(explain()[0], 252)


if __name__ == "__main__":
    tap.main()
