"""How one sees what the network does: flow logs, and analyses of a path."""
import os
import unittest

from client import call, refusal, until

from .world import MISSING, Scenarios, ec2, filled_in, missing, ports, the

FLOW_LOG = {"ResourceType": "VPC", "TrafficType": "ALL",
            "DeliverLogsPermissionArn": "arn:aws:iam::123456789012:role/logs"}


def insights_path(**more):
    """A new path to the instance, from an interface or (%gateway) from outside; it ends with the tests."""
    asked = {"Destination": the.one, "Protocol": "tcp", "DestinationPort": 22,
             "ClientToken": os.urandom(8).hex(), **more}
    if asked["Source"] == "%gateway":
        asked["Source"] = next(
            route["GatewayId"] for table in ec2.describe_route_tables(
                Filters=[{"Name": "vpc-id", "Values": [the.vpc]}])["RouteTables"]
            for route in table["Routes"] if route.get("GatewayId", "").startswith("igw-"))
    made = call("post", "CreateNetworkInsightsPath", filled_in(asked))["NetworkInsightsPath"]
    unittest.addModuleCleanup(forget_path, made["NetworkInsightsPathId"])
    return made


def forget_path(path_id):
    for done in ec2.describe_network_insights_analyses()["NetworkInsightsAnalyses"]:
        if done["NetworkInsightsPathId"] == path_id:
            forget_analysis(done["NetworkInsightsAnalysisId"])
    for path in ec2.describe_network_insights_paths()["NetworkInsightsPaths"]:
        if path["NetworkInsightsPathId"] == path_id:
            ec2.delete_network_insights_path(NetworkInsightsPathId=path_id)


def forget_analysis(analysis_id):
    ec2.delete_network_insights_analysis(NetworkInsightsAnalysisId=analysis_id)


def analysis_over(analysis_id):
    found = ec2.describe_network_insights_analyses(NetworkInsightsAnalysisIds=[analysis_id])
    return next((done for done in found["NetworkInsightsAnalyses"] if done["Status"] != "running"), None)


def analysed(path):
    made = call("post", "StartNetworkInsightsAnalysis", {
        "NetworkInsightsPathId": path["NetworkInsightsPathId"], "ClientToken": os.urandom(8).hex()})
    return until(lambda: analysis_over(made["NetworkInsightsAnalysis"]["NetworkInsightsAnalysisId"]))


class Insights(Scenarios):
    def CreateNetworkInsightsPath(self):
        made = insights_path(Source="%interface", SourceIp="172.31.0.9", TagSpecifications=[
            {"ResourceType": "network-insights-path", "Tags": [{"Key": "k", "Value": "v"}]}])
        self.assertRegex(made["NetworkInsightsPathId"], r"^nip-[0-9a-f]{17}$")
        self.assertTrue(made["SourceArn"].endswith(f":network-interface/{made['Source']}"))
        self.assertEqual((made["Destination"], made["Protocol"], made["DestinationPort"], made["Tags"]),
                         (the.one, "tcp", 22, [{"Key": "k", "Value": "v"}]))
        again = {"Source": made["SourceArn"], "Destination": the.one, "Protocol": "icmp",
                 "ClientToken": "insights-path"}
        both = [call("post", "CreateNetworkInsightsPath", again)["NetworkInsightsPath"] for _ in "12"]
        self.assertEqual(both[0], both[1])
        self.assertEqual(both[0]["Source"], made["Source"])
        ec2.delete_network_insights_path(NetworkInsightsPathId=both[0]["NetworkInsightsPathId"])

    def DeleteNetworkInsightsAnalysis(self):
        done = analysed(insights_path(Source="%interface"))
        gone = {"NetworkInsightsAnalysisId": done["NetworkInsightsAnalysisId"]}
        self.assertEqual(call("post", "DeleteNetworkInsightsAnalysis", gone), gone)
        self.assertEqual(refusal(call, "post", "DeleteNetworkInsightsAnalysis", gone).code,
                         "InvalidNetworkInsightsAnalysisId.NotFound")

    def DeleteNetworkInsightsPath(self):
        made = insights_path(Source="%interface")
        done = analysed(made)
        gone = {"NetworkInsightsPathId": made["NetworkInsightsPathId"]}
        self.assertEqual(refusal(call, "post", "DeleteNetworkInsightsPath", gone).code,
                         "AnalysisExistsForNetworkInsightsPath")
        ec2.delete_network_insights_analysis(
            NetworkInsightsAnalysisId=done["NetworkInsightsAnalysisId"])
        self.assertEqual(call("post", "DeleteNetworkInsightsPath", gone), gone)

    def DescribeNetworkInsightsAnalyses(self):
        path = insights_path(Source="%gateway", SourceIp="203.0.113.7")
        done = analysed(path)
        self.assertEqual((done["Status"], done["NetworkPathFound"]), ("succeeded", False))
        why = done["Explanations"][0]
        self.assertEqual((why["ExplanationCode"], why["Direction"], why["Port"], why["Protocols"]),
                         ("ENI_SG_RULES_MISMATCH", "ingress", 22, ["tcp"]))
        self.assertTrue(why["SecurityGroup"]["Id"].startswith("sg-"))
        self.assertNotIn("ForwardPathComponents", done)
        ec2.authorize_security_group_ingress(GroupId=why["SecurityGroup"]["Id"], IpPermissions=ports(22))
        self.addCleanup(ec2.revoke_security_group_ingress, GroupId=why["SecurityGroup"]["Id"],
                        IpPermissions=ports(22))
        now = analysed(path)
        self.assertTrue(now["NetworkPathFound"])
        way = [part["Component"]["Id"].split("-")[0] for part in now["ForwardPathComponents"]]
        self.assertEqual(way, ["203.0.113.7", "igw", "acl", "sg", "eni"])
        way = [part["Component"]["Id"].split("-")[0] for part in now["ReturnPathComponents"]]
        self.assertEqual(way, ["rtb", "acl", "igw", "203.0.113.7"])
        rule = next(part["SecurityGroupRule"] for part in now["ForwardPathComponents"]
                    if "SecurityGroupRule" in part)
        self.assertEqual((rule["Cidr"], rule["PortRange"], rule["Protocol"]),
                         ("0.0.0.0/0", {"From": 22, "To": 22}, "tcp"))
        ids = {done["NetworkInsightsAnalysisId"], now["NetworkInsightsAnalysisId"]}
        for asked in ({"NetworkInsightsPathId": path["NetworkInsightsPathId"]},
                      {"NetworkInsightsAnalysisIds": sorted(ids)}):
            found = call("post", "DescribeNetworkInsightsAnalyses", asked)["NetworkInsightsAnalyses"]
            self.assertEqual({each["NetworkInsightsAnalysisId"] for each in found}, ids)
        found = call("post", "DescribeNetworkInsightsAnalyses", {
            "NetworkInsightsPathId": path["NetworkInsightsPathId"],
            "Filters": [{"Name": "path-found", "Values": ["true"]},
                        {"Name": "status", "Values": ["succeeded"]}]})["NetworkInsightsAnalyses"]
        self.assertEqual([each["NetworkInsightsAnalysisId"] for each in found],
                         [now["NetworkInsightsAnalysisId"]])

    def DescribeNetworkInsightsPaths(self):
        made = insights_path(Source="%interface")
        found = call("post", "DescribeNetworkInsightsPaths", {
            "NetworkInsightsPathIds": [made["NetworkInsightsPathId"]]})["NetworkInsightsPaths"]
        self.assertEqual(found, [made])
        found = call("post", "DescribeNetworkInsightsPaths", {"Filters": [
            {"Name": "destination", "Values": [the.one]}, {"Name": "protocol", "Values": ["udp"]}]})
        self.assertEqual(found["NetworkInsightsPaths"], [])

    def CreateFlowLogs(self):
        made = call("post", "CreateFlowLogs", {
            **FLOW_LOG, "ResourceIds": [the.vpc], "LogGroupName": "made", "MaxAggregationInterval": 60,
            "LogFormat": "${srcaddr} ${dstaddr} ${flow-direction}", "TagSpecifications": [
                {"ResourceType": "vpc-flow-log", "Tags": [{"Key": "team", "Value": "blue"}]}]})
        self.assertEqual((len(made["FlowLogIds"]), made["Unsuccessful"]), (1, []))
        seen = ec2.describe_flow_logs(FlowLogIds=made["FlowLogIds"])["FlowLogs"][0]
        self.assertEqual([seen[name] for name in ("ResourceId", "TrafficType", "LogGroupName", "LogFormat",
                                                  "MaxAggregationInterval", "FlowLogStatus", "DeliverLogsStatus")],
                         [the.vpc, "ALL", "made", "${srcaddr} ${dstaddr} ${flow-direction}", 60, "ACTIVE", "SUCCESS"])
        self.assertEqual(seen["Tags"], [{"Key": "team", "Value": "blue"}])
        again = {**FLOW_LOG, "ResourceIds": [the.vpc], "LogGroupName": "made"}
        self.assertEqual(refusal(ec2.create_flow_logs, **again).code, "FlowLogAlreadyExists")
        ec2.delete_flow_logs(FlowLogIds=made["FlowLogIds"])
        token = {**FLOW_LOG, "ResourceIds": [the.vpc], "LogGroupName": "once", "ClientToken": "fl-1"}
        ids = {call("post", "CreateFlowLogs", token)["FlowLogIds"][0] for _ in range(2)}
        self.assertEqual(len(ids), 1)
        ec2.delete_flow_logs(FlowLogIds=list(ids))

    def DeleteFlowLogs(self):
        made = call("post", "CreateFlowLogs", {**FLOW_LOG, "ResourceIds": [the.vpc], "LogGroupName": "gone"})["FlowLogIds"]
        self.assertEqual(call("post", "DeleteFlowLogs", {"FlowLogIds": made}), {"Unsuccessful": []})
        self.assertEqual(refusal(ec2.describe_flow_logs, FlowLogIds=made).code, "InvalidFlowLogId.NotFound")

    def DescribeFlowLogs(self):
        self.assertEqual(call("post", "DescribeFlowLogs", {"Filter": [
            {"Name": "resource-id", "Values": [the.vpc]}]}), {"FlowLogs": []})

    def StartNetworkInsightsAnalysis(self):
        path = insights_path(Source="%interface")
        asked = {"NetworkInsightsPathId": path["NetworkInsightsPathId"], "ClientToken": "insights",
                 "TagSpecifications": [{"ResourceType": "network-insights-analysis",
                                        "Tags": [{"Key": "k", "Value": "v"}]}]}
        made = call("post", "StartNetworkInsightsAnalysis", asked)["NetworkInsightsAnalysis"]
        self.assertEqual((made["Status"], made["Tags"]), ("running", [{"Key": "k", "Value": "v"}]))
        again = call("post", "StartNetworkInsightsAnalysis", asked)["NetworkInsightsAnalysis"]
        self.assertEqual(again["NetworkInsightsAnalysisId"], made["NetworkInsightsAnalysisId"])
        done = until(lambda: analysis_over(made["NetworkInsightsAnalysisId"]))
        self.assertEqual(done["Status"], "succeeded")
        forget_analysis(made["NetworkInsightsAnalysisId"])


REFUSED = {
    "CreateFlowLogs": [
        ({"ResourceType": "VPC", "ResourceIds": [MISSING["vpc"]], "TrafficType": "ALL", "LogDestinationType": "s3",
          "LogDestination": "arn:aws:s3:::b"}, "InvalidVpcID.NotFound"),
        ({"ResourceType": "VPC", "ResourceIds": ["%vpc"], "TrafficType": "ALL"}, "InvalidParameter"),
        ({"ResourceType": "Subnet", "ResourceIds": ["%vpc"], "TrafficType": "ALL", "LogDestinationType": "s3",
          "LogDestination": "arn:aws:s3:::b"}, "InvalidParameterValue"),
        ({"ResourceType": "VPC", "ResourceIds": ["%vpc"], "TrafficType": "ALL", "LogDestinationType": "s3",
          "LogDestination": "arn:aws:s3:::b", "LogFormat": "${colour}"}, "InvalidParameter"),
        ({"ResourceType": "VPC", "ResourceIds": ["%vpc"], "TrafficType": "ALL", "LogDestinationType": "s3",
          "LogDestination": "arn:aws:s3:::b", "MaxAggregationInterval": 61}, "InvalidParameter")],
    "DeleteFlowLogs": [({"FlowLogIds": ["fl-00000000000000001"]}, "InvalidFlowLogId.NotFound"),
                       ({}, "MissingParameter")],
    "DescribeFlowLogs": missing(
        "FlowLogIds", "fl", "InvalidFlowLogId.NotFound", "InvalidParameterValue"),
    "CreateNetworkInsightsPath": [
        ({"Source": MISSING["i"], "Destination": "%one", "Protocol": "tcp", "DestinationPort": 22,
          "ClientToken": "t"}, "InvalidInstanceID.NotFound"),
        ({"Source": "%interface", "Destination": MISSING["eni"], "Protocol": "tcp",
          "DestinationPort": 22, "ClientToken": "t"}, "InvalidNetworkInterfaceID.NotFound"),
        ({"Source": "%group", "Destination": "%one", "Protocol": "tcp", "DestinationPort": 22,
          "ClientToken": "t"}, "InvalidParameterValue"),
        ({"Source": "%interface", "Destination": "%one", "Protocol": "sctp", "DestinationPort": 22,
          "ClientToken": "t"}, "InvalidParameterValue"),
        ({"Source": "%interface", "Destination": "%one", "Protocol": "tcp", "ClientToken": "t"},
         "InvalidParameterValue"),
        ({"Source": "%interface", "Destination": "%one", "Protocol": "icmp", "DestinationPort": 22,
          "ClientToken": "t"}, "InvalidParameterCombination"),
        ({"Source": "%interface", "Protocol": "tcp", "DestinationPort": 22, "ClientToken": "t"},
         "MissingParameter"),
        ({"Source": "%one", "Destination": "%one", "Protocol": "tcp", "DestinationPort": 22,
          "ClientToken": "t"}, "InvalidParameterCombination"),
        ({"Source": "%one", "DestinationIp": "300.1.1.1", "Protocol": "tcp", "DestinationPort": 22,
          "ClientToken": "t"}, "InvalidParameterValue")],
    "DeleteNetworkInsightsAnalysis": [
        ({"NetworkInsightsAnalysisId": MISSING["nia"]}, "InvalidNetworkInsightsAnalysisId.NotFound"),
        ({"NetworkInsightsAnalysisId": "nia-x"}, "InvalidParameterValue"),
        ({}, "MissingParameter")],
    "DeleteNetworkInsightsPath": [
        ({"NetworkInsightsPathId": MISSING["nip"]}, "InvalidNetworkInsightsPathId.NotFound"),
        ({}, "MissingParameter")],
    "DescribeNetworkInsightsAnalyses": [
        ({"NetworkInsightsAnalysisIds": [MISSING["nia"]]}, "InvalidNetworkInsightsAnalysisId.NotFound"),
        ({"NetworkInsightsPathId": MISSING["nip"]}, "InvalidNetworkInsightsPathId.NotFound"),
        ({"Filters": [{"Name": "colour", "Values": ["x"]}]}, "InvalidParameterValue")],
    "DescribeNetworkInsightsPaths": [
        ({"NetworkInsightsPathIds": [MISSING["nip"]]}, "InvalidNetworkInsightsPathId.NotFound"),
        ({"Filters": [{"Name": "colour", "Values": ["x"]}]}, "InvalidParameterValue")],
    "StartNetworkInsightsAnalysis": [
        ({"NetworkInsightsPathId": MISSING["nip"], "ClientToken": "t"},
         "InvalidNetworkInsightsPathId.NotFound"),
        ({"ClientToken": "t"}, "MissingParameter")],
}
