"""Gateway endpoints."""
import json
import unittest

from client import REGION, call, refusal

from .route_table import route_table, route_table_now
from .world import MISSING, Scenarios, ec2, missing, the

S3 = f"com.amazonaws.{REGION}.s3"


def endpoint():
    """The id of a new gateway endpoint, deleted with the test's module."""
    made = call("post", "CreateVpcEndpoint", {"VpcId": the.vpc, "ServiceName": S3})["VpcEndpoint"]
    unittest.addModuleCleanup(ec2.delete_vpc_endpoints, VpcEndpointIds=[made["VpcEndpointId"]])
    return made["VpcEndpointId"]


class VpcEndpoints(Scenarios):
    def CreateVpcEndpoint(self):
        table = route_table()
        asked = {"VpcId": the.vpc, "ServiceName": S3, "RouteTableIds": [table], "ClientToken": "s3",
                 "TagSpecifications": [{"ResourceType": "vpc-endpoint",
                                        "Tags": [{"Key": "k", "Value": "v"}]}]}
        made = call("post", "CreateVpcEndpoint", asked)["VpcEndpoint"]
        self.assertEqual((made["VpcEndpointType"], made["State"], made["RouteTableIds"], made["Tags"]),
                         ("Gateway", "available", [table], [{"Key": "k", "Value": "v"}]))
        self.assertEqual(json.loads(made["PolicyDocument"])["Statement"][0]["Effect"], "Allow")
        self.assertEqual(call("post", "CreateVpcEndpoint", asked)["VpcEndpoint"]["VpcEndpointId"],
                         made["VpcEndpointId"])
        route = [each for each in route_table_now(table)["Routes"] if "DestinationPrefixListId" in each]
        self.assertEqual((route[0]["GatewayId"], route[0]["State"]), (made["VpcEndpointId"], "active"))
        for params, code in (({"RouteTableIds": [table]}, "RouteAlreadyExists"),
                             ({"PolicyDocument": "{}"}, "InvalidPolicyDocument")):
            self.assertEqual(refusal(call, "post", "CreateVpcEndpoint", {
                "VpcId": the.vpc, "ServiceName": S3, **params}).code, code)
        self.assertEqual(call("post", "DeleteVpcEndpoints", {"VpcEndpointIds": [made["VpcEndpointId"]]}),
                         {"Unsuccessful": []})
        call("post", "DeleteRouteTable", {"RouteTableId": table})

    def DescribeVpcEndpoints(self):
        made = endpoint()
        found = call("post", "DescribeVpcEndpoints", {"Filters": [
            {"Name": "service-name", "Values": [S3]}, {"Name": "vpc-id", "Values": [the.vpc]}]})
        self.assertIn(made, [each["VpcEndpointId"] for each in found["VpcEndpoints"]])

    def ModifyVpcEndpoint(self):
        made, table = endpoint(), route_table()
        policy = json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}]})
        self.assertTrue(call("post", "ModifyVpcEndpoint", {
            "VpcEndpointId": made, "PolicyDocument": policy, "AddRouteTableIds": [table]})["Return"])
        now = ec2.describe_vpc_endpoints(VpcEndpointIds=[made])["VpcEndpoints"][0]
        self.assertEqual((now["PolicyDocument"], now["RouteTableIds"]), (policy, [table]))
        call("post", "ModifyVpcEndpoint", {"VpcEndpointId": made, "ResetPolicy": True,
                                           "RemoveRouteTableIds": [table]})
        now = ec2.describe_vpc_endpoints(VpcEndpointIds=[made])["VpcEndpoints"][0]
        self.assertEqual(now["RouteTableIds"], [])
        self.assertNotEqual(now["PolicyDocument"], policy)
        self.assertEqual(len(route_table_now(table)["Routes"]), 1)
        call("post", "DeleteRouteTable", {"RouteTableId": table})

    def DeleteVpcEndpoints(self):
        made = endpoint()
        found = call("post", "DeleteVpcEndpoints", {"VpcEndpointIds": [made, MISSING["vpce"]]})
        self.assertEqual([(each["ResourceId"], each["Error"]["Code"])
                          for each in found["Unsuccessful"]],
                         [(MISSING["vpce"], "InvalidVpcEndpointId.NotFound")])
        self.assertEqual(refusal(call, "post", "DescribeVpcEndpoints", {
            "VpcEndpointIds": [made]}).code, "InvalidVpcEndpointId.NotFound")

    def DescribeVpcEndpointServices(self):
        found = call("post", "DescribeVpcEndpointServices", {"Filters": [
            {"Name": "service-type", "Values": ["Gateway"]}]})
        self.assertIn(S3, found["ServiceNames"])
        self.assertEqual([each["ServiceName"] for each in found["ServiceDetails"]],
                         found["ServiceNames"])
        self.assertEqual(call("post", "DescribeVpcEndpointServices", {
            "ServiceNames": [S3]})["ServiceNames"], [S3])


REFUSED = {
    "CreateVpcEndpoint": [
        ({"VpcId": "%vpc", "ServiceName": "com.amazonaws.mars.s3"}, "InvalidServiceName"),
        ({"VpcId": "%vpc"}, "MissingParameter"),
        ({"VpcId": MISSING["vpc"], "ServiceName": S3}, "InvalidVpcID.NotFound"),
        ({"VpcId": "%vpc", "ServiceName": S3, "VpcEndpointType": "Interface"}, "UnsupportedOperation"),
        ({"VpcId": "%vpc", "ServiceName": S3, "RouteTableIds": ["rtb-00000000000000001"]},
         "InvalidRouteTableID.NotFound"),
        ({"VpcId": "%vpc", "ServiceName": S3, "PolicyDocument": "no JSON"}, "InvalidPolicyDocument")],
    "DeleteVpcEndpoints": [({}, "MissingParameter"),
                           ({"VpcEndpointIds": ["vpce-?"]}, "InvalidVpcEndpointId.Malformed")],
    "DescribeVpcEndpointServices": [
        ({"ServiceNames": ["com.amazonaws.mars.s3"]}, "InvalidServiceName"),
        ({"Filters": [{"Name": "colour", "Values": ["x"]}]}, "InvalidParameterValue")],
    "ModifyVpcEndpoint": [
        ({"VpcEndpointId": MISSING["vpce"], "ResetPolicy": True}, "InvalidVpcEndpointId.NotFound"),
        ({"VpcEndpointId": "vpce-?"}, "InvalidVpcEndpointId.Malformed")],
    "DescribeVpcEndpoints": missing(
        "VpcEndpointIds", "vpce",
        "InvalidVpcEndpointId.NotFound", "InvalidVpcEndpointId.Malformed"),
}
