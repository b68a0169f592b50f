"""Route tables, their routes and what is associated with them."""
from client import call, refusal

from .world import ANY, MISSING, Scenarios, ec2, first_subnet, gateway, missing, of_one, the


def route_table():
    """The id of a new route table."""
    return call("post", "CreateRouteTable", {"VpcId": the.vpc})["RouteTable"]["RouteTableId"]


def route_table_now(table):
    return ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]


class RouteTables(Scenarios):
    def AssociateRouteTable(self):
        table = route_table()
        made = call("post", "AssociateRouteTable", {"RouteTableId": table, "SubnetId": first_subnet()})
        self.assertEqual(made["AssociationState"], {"State": "associated"})
        self.assertRegex(made["AssociationId"], r"^rtbassoc-[0-9a-f]{17}$")
        shown = route_table_now(table)["Associations"]
        self.assertEqual([(one["SubnetId"], one["Main"]) for one in shown], [(first_subnet(), False)])
        ec2.disassociate_route_table(AssociationId=made["AssociationId"])
        ec2.delete_route_table(RouteTableId=table)

    def CreateRoute(self):
        table = route_table()
        self.assertTrue(call("post", "CreateRoute", {
            "RouteTableId": table, "DestinationCidrBlock": "10.1.2.3/8", "InstanceId": the.one})["Return"])
        routes = route_table_now(table)["Routes"]
        self.assertEqual([(r["DestinationCidrBlock"], r.get("InstanceId"), r["Origin"], r["State"])
                          for r in routes],
                         [("172.31.0.0/16", None, "CreateRouteTable", "active"),
                          ("10.0.0.0/8", the.one, "CreateRoute", "active")])
        self.assertEqual(routes[1]["NetworkInterfaceId"], of_one("interface"))
        ec2.delete_route_table(RouteTableId=table)

    def CreateRouteTable(self):
        made = call("post", "CreateRouteTable", {"VpcId": the.vpc, "TagSpecifications": [
            {"ResourceType": "route-table", "Tags": [{"Key": "k", "Value": "v"}]}]})["RouteTable"]
        self.assertEqual((made["VpcId"], made["Associations"], made["PropagatingVgws"], made["Tags"]),
                         (the.vpc, [], [], [{"Key": "k", "Value": "v"}]))
        self.assertEqual([(r["DestinationCidrBlock"], r["GatewayId"]) for r in made["Routes"]],
                         [("172.31.0.0/16", "local")])
        ec2.delete_route_table(RouteTableId=made["RouteTableId"])

    def DeleteRoute(self):
        table = route_table()
        ec2.create_route(RouteTableId=table, DestinationIpv6CidrBlock="::/0", GatewayId=gateway())
        call("post", "DeleteRoute", {"RouteTableId": table, "DestinationIpv6CidrBlock": "::/0"})
        self.assertEqual(len(route_table_now(table)["Routes"]), 1)
        ec2.delete_route_table(RouteTableId=table)

    def DeleteRouteTable(self):
        table = route_table()
        call("post", "DeleteRouteTable", {"RouteTableId": table})
        fault = refusal(ec2.describe_route_tables, RouteTableIds=[table])
        self.assertEqual(fault.code, "InvalidRouteTableID.NotFound")

    def DescribeRouteTables(self):
        found = call("post", "DescribeRouteTables", {"Filters": [
            {"Name": "association.main", "Values": ["true"]}, {"Name": "vpc-id", "Values": [the.vpc]}]})
        table = found["RouteTables"][0]
        self.assertEqual([(r["DestinationCidrBlock"], r["State"]) for r in table["Routes"]],
                         [("172.31.0.0/16", "active"), ("0.0.0.0/0", "active")])
        self.assertTrue(table["Associations"][0]["Main"])

    def DisassociateRouteTable(self):
        table = route_table()
        made = ec2.associate_route_table(RouteTableId=table, GatewayId=gateway())
        call("post", "DisassociateRouteTable", {"AssociationId": made["AssociationId"]})
        self.assertEqual(route_table_now(table)["Associations"], [])
        ec2.delete_route_table(RouteTableId=table)

    def ReplaceRoute(self):
        table = route_table()
        ec2.create_route(RouteTableId=table, DestinationCidrBlock=ANY, GatewayId=gateway())
        call("post", "ReplaceRoute", {"RouteTableId": table, "DestinationCidrBlock": ANY,
                                      "NetworkInterfaceId": of_one("interface")})
        route = route_table_now(table)["Routes"][1]
        self.assertEqual((route["NetworkInterfaceId"], route.get("GatewayId")),
                         (of_one("interface"), None))
        ec2.delete_route_table(RouteTableId=table)

    def ReplaceRouteTableAssociation(self):
        table = route_table()
        main = ec2.describe_route_tables(Filters=[
            {"Name": "vpc-id", "Values": [the.vpc]},
            {"Name": "association.main", "Values": ["true"]}])["RouteTables"][0]
        made = call("post", "ReplaceRouteTableAssociation", {
            "AssociationId": main["Associations"][0]["RouteTableAssociationId"], "RouteTableId": table})
        shown = route_table_now(table)["Associations"]
        self.assertEqual([(a["RouteTableAssociationId"], a["Main"]) for a in shown],
                         [(made["NewAssociationId"], True)])
        ec2.replace_route_table_association(AssociationId=made["NewAssociationId"],
                                            RouteTableId=main["RouteTableId"])
        ec2.delete_route_table(RouteTableId=table)


REFUSED = {
    "AssociateRouteTable": [
        ({"RouteTableId": MISSING["rtb"]}, "MissingParameter"),
        ({"RouteTableId": MISSING["rtb"], "SubnetId": "%subnet"}, "InvalidRouteTableID.NotFound"),
        ({"RouteTableId": "rtb-1", "SubnetId": "%subnet"}, "InvalidRouteTableId.Malformed")],
    "CreateRoute": [
        ({"RouteTableId": MISSING["rtb"], "DestinationCidrBlock": "10.0.0.0/8"},
         "InvalidRouteTableID.NotFound"),
        ({"RouteTableId": "%table", "DestinationCidrBlock": "10.0.0.0/8"}, "MissingParameter"),
        ({"RouteTableId": "%table", "DestinationCidrBlock": ANY, "InstanceId": "%one"},
         "RouteAlreadyExists"),
        ({"RouteTableId": "%table", "DestinationCidrBlock": "10.0.0.0/8", "GatewayId": "igw-1"},
         "InvalidGatewayID.NotFound"),
        ({"RouteTableId": "%table", "DestinationCidrBlock": "10.0.0.0/8",
          "TransitGatewayId": "tgw-12345678"}, "UnsupportedOperation")],
    "CreateRouteTable": [({"VpcId": MISSING["vpc"]}, "InvalidVpcID.NotFound")],
    "DeleteRoute": [
        ({"RouteTableId": "%table", "DestinationCidrBlock": "10.0.0.0/8"}, "InvalidRoute.NotFound"),
        ({"RouteTableId": "%table", "DestinationCidrBlock": "172.31.0.0/16"}, "InvalidParameterValue")],
    "DeleteRouteTable": [({"RouteTableId": "%table"}, "DependencyViolation")],
    "DescribeRouteTables": missing("RouteTableIds", "rtb", "InvalidRouteTableID.NotFound",
                                   "InvalidRouteTableId.Malformed"),
    "DisassociateRouteTable": [
        ({"AssociationId": MISSING["rtbassoc"]}, "InvalidAssociationID.NotFound"),
        ({"AssociationId": "rtbassoc-1"}, "InvalidParameterValue")],
    "ReplaceRoute": [
        ({"RouteTableId": "%table", "DestinationCidrBlock": "10.0.0.0/8", "InstanceId": "%one"},
         "InvalidParameterValue")],
    "ReplaceRouteTableAssociation": [
        ({"AssociationId": MISSING["rtbassoc"], "RouteTableId": "%table"},
         "InvalidAssociationID.NotFound")],
}
