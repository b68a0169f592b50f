#!/usr/bin/python3 -B
# area: network
"""Routes: to every kind of target, to nowhere, and what becomes of them when their target goes."""
import unittest

from client import client, launch, refusal, register_image, remove, tap, until

HOME, PEER = "10.50.0.0/16", "10.51.0.0/16"


def setUpModule():
    global ec2, vpc, subnet, other, table, gateway
    ec2 = client()
    vpc, other = (ec2.create_vpc(CidrBlock=block)["Vpc"]["VpcId"] for block in (HOME, PEER))
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.50.1.0/24")["Subnet"]["SubnetId"]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)


def routes():
    """{destination: (state, what it leads to)}, without the local ones."""
    found = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
    targets = ("GatewayId", "NatGatewayId", "NetworkInterfaceId", "VpcPeeringConnectionId",
               "EgressOnlyInternetGatewayId")
    return {route.get("DestinationCidrBlock") or route.get("DestinationIpv6CidrBlock"):
            (route["State"], next(route[name] for name in targets if name in route))
            for route in found if route.get("GatewayId") != "local"}


class Case(unittest.TestCase):
    def setUp(self):
        self.addCleanup(self.clear)

    def clear(self):
        for block in routes():
            ec2.delete_route(RouteTableId=table, DestinationCidrBlock=block)

    def lead(self, block, **target):
        self.assertTrue(ec2.create_route(RouteTableId=table, DestinationCidrBlock=block,
                                         **target)["Return"])

    def refused(self, code, block="192.0.2.0/24", action=None, **target):
        """It is refused, with a sentence that names what is wrong; the table is as it was."""
        before = routes()
        fault = refusal(action or ec2.create_route, RouteTableId=table, DestinationCidrBlock=block,
                        **target)
        self.assertEqual((fault.code, fault.status), (code, 400), fault.message)
        self.assertEqual(routes(), before)
        return fault.message

    def interface(self):
        made = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
        self.addCleanup(self.drop, made)
        return made

    def drop(self, interface):
        if ec2.describe_network_interfaces(Filters=[
                {"Name": "network-interface-id", "Values": [interface]}])["NetworkInterfaces"]:
            ec2.delete_network_interface(NetworkInterfaceId=interface)

    def peering(self):
        made = ec2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=other)[
            "VpcPeeringConnection"]["VpcPeeringConnectionId"]
        return made


class BadRoutes(Case):
    def test_to_what_is_not_there(self):
        missing = "0" * 16 + "1"
        for target, code in (
                ({"GatewayId": f"igw-{missing}"}, "InvalidInternetGatewayID.NotFound"),
                ({"GatewayId": "igw-x"}, "InvalidGatewayID.NotFound"),
                ({"GatewayId": "nowhere"}, "InvalidGatewayID.NotFound"),
                ({"NatGatewayId": f"nat-{missing}"}, "NatGatewayNotFound"),
                ({"InstanceId": f"i-{missing}"}, "InvalidInstanceID.NotFound"),
                ({"NetworkInterfaceId": f"eni-{missing}"}, "InvalidNetworkInterfaceID.NotFound"),
                ({"VpcPeeringConnectionId": f"pcx-{missing}"},
                 "InvalidVpcPeeringConnectionID.NotFound"),
                ({"GatewayId": "local"}, "InvalidParameterValue"),
                ({}, "MissingParameter"),
                ({"GatewayId": gateway, "NatGatewayId": f"nat-{missing}"},
                 "InvalidParameterCombination")):
            with self.subTest(str(target)):
                self.refused(code, **target)

    def test_to_what_is_of_another_vpc(self):
        away = ec2.create_subnet(VpcId=other, CidrBlock="10.51.1.0/24")["Subnet"]["SubnetId"]
        far = ec2.create_network_interface(SubnetId=away)["NetworkInterface"]["NetworkInterfaceId"]
        loose = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        for target, named in (({"NetworkInterfaceId": far}, far), ({"GatewayId": loose}, loose)):
            self.assertIn(named, self.refused("InvalidParameterValue", **target))
        ec2.delete_internet_gateway(InternetGatewayId=loose)
        ec2.delete_network_interface(NetworkInterfaceId=far)
        ec2.delete_subnet(SubnetId=away)

    def test_destinations_that_are_none(self):
        for block in ("192.0.2.0/33", "192.0.2.0", "192.0.2/24", "2001:db8::/32", "here",
                      "192.0.2.0/-1", "0192.0.2.0/24", "169.254.169.254/32"):
            with self.subTest(block):
                self.refused("InvalidParameterValue", block, GatewayId=gateway)

    def test_within_the_vpc(self):
        """The local route stays; a more specific one leads a whole subnet by an interface."""
        self.refused("RouteAlreadyExists", HOME, GatewayId=gateway)
        for block in ("10.50.0.0/17", "10.50.1.0/24", "10.50.9.9/32"):
            self.refused("InvalidParameterValue", block, GatewayId=gateway)
        interface = self.interface()
        self.refused("InvalidParameterValue", "10.50.1.0/25", NetworkInterfaceId=interface)
        self.lead("10.50.1.0/24", NetworkInterfaceId=interface)
        for action in (ec2.delete_route, lambda **where: ec2.replace_route(GatewayId=gateway, **where)):
            self.assertIn("local route", self.refused("InvalidParameterValue", HOME, action))

    def test_host_bits_are_cleared(self):
        """As EC2 does: 100.68.0.18/18 is 100.68.0.0/18, and is there once."""
        self.lead("100.68.0.18/18", GatewayId=gateway)
        self.assertEqual(routes(), {"100.68.0.0/18": ("active", gateway)})
        for block in ("100.68.0.0/18", "100.68.63.255/18"):
            self.refused("RouteAlreadyExists", block, GatewayId=gateway)
        ec2.delete_route(RouteTableId=table, DestinationCidrBlock="100.68.1.1/18")
        self.assertEqual(routes(), {})

    def test_what_is_not_there_is_neither_replaced_nor_deleted(self):
        self.refused("InvalidParameterValue", action=ec2.replace_route, GatewayId=gateway)
        self.refused("InvalidRoute.NotFound", action=ec2.delete_route)

    def test_fifty_and_no_more(self):
        blocks = [f"192.0.2.{n}/32" for n in range(50)]
        for block in blocks:
            self.lead(block, GatewayId=gateway)
        self.refused("RouteLimitExceeded", "198.51.100.0/24", GatewayId=gateway)
        ec2.replace_route(RouteTableId=table, DestinationCidrBlock=blocks[0],
                          NetworkInterfaceId=self.interface())
        self.assertEqual(sorted(routes()), sorted(blocks))

    def test_a_table_in_use_stays(self):
        association = ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)["AssociationId"]
        self.assertEqual(refusal(ec2.delete_route_table, RouteTableId=table).code,
                         "DependencyViolation")
        again = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        self.assertEqual(refusal(ec2.associate_route_table, RouteTableId=again,
                                 SubnetId=subnet).code, "Resource.AlreadyAssociated")
        ec2.delete_route_table(RouteTableId=again)
        ec2.disassociate_route_table(AssociationId=association)


class Targets(Case):
    def test_overlapping_ones_stand_beside_each_other(self):
        """The longest prefix wins; tests/net/ways.py sends the packets."""
        interface = self.interface()
        self.lead("0.0.0.0/0", GatewayId=gateway)
        self.lead("192.0.2.0/24", NetworkInterfaceId=interface)
        self.lead("192.0.2.128/25", GatewayId=gateway)
        self.assertEqual(routes(), {"0.0.0.0/0": ("active", gateway),
                                    "192.0.2.0/24": ("blackhole", interface),
                                    "192.0.2.128/25": ("active", gateway)})
        ec2.replace_route(RouteTableId=table, DestinationCidrBlock="192.0.2.0/24", GatewayId=gateway)
        self.assertEqual(routes()["192.0.2.0/24"], ("active", gateway))

    def test_a_detached_gateway_leaves_a_black_hole(self):
        self.lead("0.0.0.0/0", GatewayId=gateway)
        ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        self.assertEqual(routes(), {"0.0.0.0/0": ("blackhole", gateway)})
        self.refused("InvalidParameterValue", GatewayId=gateway)
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        self.assertEqual(routes(), {"0.0.0.0/0": ("active", gateway)})

    def test_a_deleted_interface_leaves_a_black_hole(self):
        interface = self.interface()
        self.lead("192.0.2.0/24", NetworkInterfaceId=interface)
        self.assertEqual(routes()["192.0.2.0/24"], ("blackhole", interface))  # nobody has it
        self.drop(interface)
        self.assertEqual(routes()["192.0.2.0/24"], ("blackhole", interface))
        ec2.replace_route(RouteTableId=table, DestinationCidrBlock="192.0.2.0/24", GatewayId=gateway)
        self.assertEqual(routes()["192.0.2.0/24"], ("active", gateway))

    def test_an_ended_instance_leaves_a_black_hole(self):
        one = launch(ec2, register_image("routes"), SubnetId=subnet)
        interface = one["NetworkInterfaces"][0]["NetworkInterfaceId"]
        self.lead("192.0.2.0/24", InstanceId=one["InstanceId"])
        self.assertEqual(routes()["192.0.2.0/24"], ("active", interface))
        remove(ec2, one["InstanceId"])
        self.assertEqual(routes()["192.0.2.0/24"], ("blackhole", interface))
        self.refused("InvalidInstanceID", InstanceId=one["InstanceId"], block="198.51.100.0/24")

    def test_a_nat_gateway_on_its_way_and_gone(self):
        nat = ec2.create_nat_gateway(SubnetId=subnet, ConnectivityType="private")["NatGateway"][
            "NatGatewayId"]
        self.lead("192.0.2.0/24", NatGatewayId=nat)
        until(lambda: routes()["192.0.2.0/24"] == ("active", nat), what="a route by a NAT gateway")
        ec2.delete_nat_gateway(NatGatewayId=nat)
        self.assertEqual(routes()["192.0.2.0/24"], ("blackhole", nat))
        until(lambda: ec2.describe_nat_gateways(NatGatewayIds=[nat])["NatGateways"][0]["State"]
              == "deleted", what="its end")
        self.assertEqual(routes()["192.0.2.0/24"], ("blackhole", nat))
        self.refused("NatGatewayNotFound", "198.51.100.0/24", NatGatewayId=nat)

    def test_a_peering_that_waits_is_active_and_ends(self):
        asked = self.peering()
        self.lead(PEER, VpcPeeringConnectionId=asked)
        self.assertEqual(routes()[PEER], ("blackhole", asked))
        ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=asked)
        self.assertEqual(routes()[PEER], ("active", asked))
        ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=asked)
        self.assertEqual(routes()[PEER], ("blackhole", asked))
        self.refused("InvalidVpcPeeringConnectionID.NotFound", VpcPeeringConnectionId=asked)


if __name__ == "__main__":
    tap.main()
