"""Room for instances: reservations, placement groups, hosts, spot."""
import unittest

from client import REGION, call, refusal, remove, until

from .world import MISSING, Scenarios, ec2, the

RESERVE = {"InstanceType": "t3.nano", "InstancePlatform": "Linux/UNIX", "InstanceCount": 2,
           "AvailabilityZone": f"{REGION}a", "InstanceMatchCriteria": "targeted"}


def reservation(**more):
    """A new reservation, which is cancelled with the tests."""
    made = call("post", "CreateCapacityReservation", {**RESERVE, **more})["CapacityReservation"]
    unittest.addModuleCleanup(give_up, made["CapacityReservationId"])
    return made


def give_up(reservation_id):
    found = ec2.describe_capacity_reservations(CapacityReservationIds=[reservation_id])
    if found["CapacityReservations"][0]["State"] == "active":
        ec2.cancel_capacity_reservation(CapacityReservationId=reservation_id)


class Capacity(Scenarios):
    def CancelCapacityReservation(self):
        made = reservation()["CapacityReservationId"]
        self.assertTrue(call("post", "CancelCapacityReservation",
                             {"CapacityReservationId": made})["Return"])
        found = ec2.describe_capacity_reservations(CapacityReservationIds=[made])
        found = found["CapacityReservations"][0]
        self.assertEqual((found["State"], found["AvailableInstanceCount"]), ("cancelled", 0))

    def CreateCapacityReservation(self):
        wanted = {"ClientToken": "actions", "EbsOptimized": True, "TagSpecifications": [
            {"ResourceType": "capacity-reservation", "Tags": [{"Key": "k", "Value": "v"}]}]}
        made = reservation(**wanted)
        self.assertRegex(made["CapacityReservationId"], r"^cr-[0-9a-f]{17}$")
        self.assertEqual((made["State"], made["TotalInstanceCount"], made["AvailableInstanceCount"],
                          made["InstanceMatchCriteria"], made["EndDateType"], made["EbsOptimized"]),
                         ("active", 2, 2, "targeted", "unlimited", True))
        self.assertEqual(made["Tags"], [{"Key": "k", "Value": "v"}])
        self.assertEqual(call("post", "CreateCapacityReservation", {**RESERVE, **wanted}),
                         {"CapacityReservation": made})

    def CancelSpotInstanceRequests(self):
        made = call("post", "RequestSpotInstances", {
            "SpotPrice": "0.0001", "LaunchSpecification": {"ImageId": the.image}})
        one = made["SpotInstanceRequests"][0]["SpotInstanceRequestId"]
        gone = call("post", "CancelSpotInstanceRequests", {"SpotInstanceRequestIds": [one]})
        self.assertEqual(gone["CancelledSpotInstanceRequests"],
                         [{"SpotInstanceRequestId": one, "State": "cancelled"}])

    def CreatePlacementGroup(self):
        for name, more, shown in (
                ("near", {"Strategy": "cluster"}, (None, None)),
                ("apart", {"Strategy": "spread"}, ("rack", None)),
                ("parted", {"Strategy": "partition", "PartitionCount": 3}, (None, 3))):
            made = call("post", "CreatePlacementGroup", {"GroupName": name, **more})
            made = made["PlacementGroup"]
            self.assertRegex(made["GroupId"], r"^pg-[0-9a-f]{17}$")
            self.assertTrue(made["GroupArn"].endswith(f":placement-group/{name}"))
            self.assertEqual((made["State"], made["Strategy"]), ("available", more["Strategy"]))
            self.assertEqual((made.get("SpreadLevel"), made.get("PartitionCount")), shown)

    def DeletePlacementGroup(self):
        call("post", "CreatePlacementGroup", {"GroupName": "gone", "Strategy": "spread"})
        call("post", "DeletePlacementGroup", {"GroupName": "gone"})
        self.assertEqual(refusal(ec2.describe_placement_groups, GroupNames=["gone"]).code,
                         "InvalidPlacementGroup.Unknown")

    def DescribeCapacityReservationFleets(self):
        self.assertEqual(call("post", "DescribeCapacityReservationFleets", {}),
                         {"CapacityReservationFleets": []})

    def DescribeCapacityReservations(self):
        made = reservation()
        found = call("post", "DescribeCapacityReservations",
                     {"CapacityReservationIds": [made["CapacityReservationId"]]})
        self.assertEqual(found["CapacityReservations"], [made])

    def DescribeHosts(self):
        self.assertEqual(call("post", "DescribeHosts", {"Filter": [
            {"Name": "state", "Values": ["available"]}]}), {"Hosts": []})

    def DescribePlacementGroups(self):
        made = call("post", "CreatePlacementGroup", {"GroupName": "d", "TagSpecifications": [
            {"ResourceType": "placement-group", "Tags": [{"Key": "k", "Value": "v"}]}]})
        for params in ({"GroupNames": ["d"]}, {"GroupIds": [made["PlacementGroup"]["GroupId"]]},
                       {"Filters": [{"Name": "tag:k", "Values": ["v"]}]}):
            found = call("post", "DescribePlacementGroups", params)["PlacementGroups"]
            self.assertEqual(found, [made["PlacementGroup"]])

    def DescribeReservedInstances(self):
        self.assertEqual(call("post", "DescribeReservedInstances", {}), {"ReservedInstances": []})

    def DescribeReservedInstancesOfferings(self):
        self.assertEqual(call("post", "DescribeReservedInstancesOfferings", {
            "InstanceType": "t3.micro", "OfferingType": "No Upfront"}),
            {"ReservedInstancesOfferings": []})

    def DescribeSpotInstanceRequests(self):
        made = call("post", "RequestSpotInstances", {
            "SpotPrice": "0.0002", "LaunchSpecification": {"ImageId": the.image}})
        one = made["SpotInstanceRequests"][0]["SpotInstanceRequestId"]
        found = call("post", "DescribeSpotInstanceRequests", {"SpotInstanceRequestIds": [one]})
        self.assertEqual((found["SpotInstanceRequests"][0]["State"],
                          found["SpotInstanceRequests"][0]["SpotPrice"]), ("open", "0.000200"))
        call("post", "CancelSpotInstanceRequests", {"SpotInstanceRequestIds": [one]})

    def DescribeSpotPriceHistory(self):
        def price():
            return call("post", "DescribeSpotPriceHistory", {
                "InstanceTypes": ["t3.micro"], "AvailabilityZone": f"{REGION}a",
                "MaxResults": 1})["SpotPriceHistory"]
        found = until(price, what="a price")[0]
        self.assertEqual((found["InstanceType"], found["ProductDescription"]),
                         ("t3.micro", "Linux/UNIX"))
        self.assertTrue(0 < float(found["SpotPrice"]) <= 0.0104, found["SpotPrice"])

    def GetCapacityReservationUsage(self):
        made = reservation()["CapacityReservationId"]
        found = call("post", "GetCapacityReservationUsage", {"CapacityReservationId": made})
        self.assertEqual((found["State"], found["AvailableInstanceCount"], found["InstanceUsages"]),
                         ("active", 2, []))

    def ModifyCapacityReservation(self):
        made = reservation()["CapacityReservationId"]
        call("post", "ModifyCapacityReservation", {"CapacityReservationId": made,
                                                   "InstanceCount": 1})
        found = ec2.describe_capacity_reservations(CapacityReservationIds=[made])
        self.assertEqual(found["CapacityReservations"][0]["TotalInstanceCount"], 1)

    def RequestSpotInstances(self):
        made = call("post", "RequestSpotInstances", {
            "InstanceCount": 2, "LaunchSpecification": {"ImageId": the.image,
                                                        "InstanceType": "t3.nano"}})
        ids = [each["SpotInstanceRequestId"] for each in made["SpotInstanceRequests"]]
        self.assertEqual(len(set(ids)), 2)

        def instances():
            found = ec2.describe_spot_instance_requests(SpotInstanceRequestIds=ids)
            return [each.get("InstanceId") for each in found["SpotInstanceRequests"]]
        until(lambda: all(instances()), what="two spot instances")
        remove(ec2, *instances())


REFUSED = {
    "CancelCapacityReservation": [
        ({"CapacityReservationId": MISSING["cr"]}, "InvalidCapacityReservationId.NotFound"),
        ({"CapacityReservationId": "cr-x"}, "InvalidCapacityReservationId.Malformed")],
    "CreateCapacityReservation": [
        ({**RESERVE, "InstanceType": "t9.huge"}, "InvalidParameterValue"),
        ({**RESERVE, "InstancePlatform": "Windows"}, "Unsupported"),
        ({**RESERVE, "AvailabilityZone": "mars-1a"}, "InvalidParameterValue"),
        ({**RESERVE, "InstanceCount": 1001}, "InvalidParameterValue"),
        ({**RESERVE, "EndDateType": "limited"}, "MissingParameter"),
        ({**RESERVE, "EndDate": "2020-01-01T00:00:00Z"}, "InvalidParameterValue"),
        ({**RESERVE, "EndDate": "2099-01-01T00:00:00Z", "EndDateType": "unlimited"},
         "InvalidParameterCombination"),
        ({**RESERVE, "Tenancy": "dedicated"}, "UnsupportedOperation")],
    "CancelSpotInstanceRequests": [
        ({}, "MissingParameter"),
        ({"SpotInstanceRequestIds": [MISSING["sir"]]}, "InvalidSpotInstanceRequestID.NotFound")],
    "CreatePlacementGroup": [
        ({}, "MissingParameter"),
        ({"GroupName": "x", "Strategy": "scatter"}, "InvalidParameterValue"),
        ({"GroupName": "x", "Strategy": "spread", "SpreadLevel": "host"}, "InvalidParameterValue"),
        ({"GroupName": "x", "SpreadLevel": "rack"}, "InvalidParameterCombination"),
        ({"GroupName": "x", "Strategy": "spread", "PartitionCount": 2},
         "InvalidParameterCombination"),
        ({"GroupName": "x", "Strategy": "partition", "PartitionCount": 8},
         "InvalidParameterValue")],
    "DeletePlacementGroup": [({"GroupName": "nobody"}, "InvalidPlacementGroup.Unknown")],
    "DescribeCapacityReservationFleets": [
        ({"CapacityReservationFleetIds": ["crf-00000000000000001"]},
         "InvalidCapacityReservationFleetId.NotFound")],
    "DescribeCapacityReservations": [
        ({"CapacityReservationIds": [MISSING["cr"]]}, "InvalidCapacityReservationId.NotFound"),
        ({"Filters": [{"Name": "colour", "Values": ["x"]}]}, "InvalidParameterValue")],
    "DescribeHosts": [({"HostIds": ["h-00000000000000001"]}, "InvalidHostID.NotFound"),
                      ({"MaxResults": 4}, "InvalidParameterValue")],
    "DescribePlacementGroups": [
        ({"GroupNames": ["nobody"]}, "InvalidPlacementGroup.Unknown"),
        ({"GroupIds": [MISSING["pg"]]}, "InvalidPlacementGroup.Unknown"),
        ({"GroupIds": ["pg"]}, "InvalidPlacementGroupId.Malformed")],
    "DescribeReservedInstances": [
        ({"ReservedInstancesIds": ["00000000-0000-4000-8000-000000000000"]},
         "InvalidReservedInstancesId")],
    "DescribeReservedInstancesOfferings": [
        ({"ReservedInstancesOfferingIds": ["00000000-0000-4000-8000-000000000000"]},
         "InvalidReservedInstancesOfferingId"),
        ({"MaxResults": 101}, "InvalidParameterValue")],
    "DescribeSpotDatafeedSubscription": [({}, "InvalidSpotDatafeed.NotFound")],
    "DescribeSpotInstanceRequests": [
        ({"SpotInstanceRequestIds": ["sir-x"]}, "InvalidSpotInstanceRequestID.Malformed"),
        ({"Filters": [{"Name": "x", "Values": ["y"]}]}, "InvalidParameterValue")],
    "DescribeSpotPriceHistory": [
        ({"InstanceTypes": ["no.such"]}, "InvalidParameterValue"),
        ({"AvailabilityZone": "nowhere"}, "InvalidParameterValue")],
    "GetCapacityReservationUsage": [
        ({"CapacityReservationId": MISSING["cr"]}, "InvalidCapacityReservationId.NotFound")],
    "ModifyCapacityReservation": [
        ({"CapacityReservationId": MISSING["cr"]}, "MissingParameter"),
        ({"CapacityReservationId": MISSING["cr"], "InstanceCount": 1},
         "InvalidCapacityReservationId.NotFound")],
    "RequestSpotInstances": [
        ({}, "MissingParameter"),
        ({"LaunchSpecification": {"ImageId": MISSING["ami"]}}, "InvalidAMIID.NotFound"),
        ({"LaunchSpecification": {"ImageId": "%image"}, "InstanceInterruptionBehavior": "stop"},
         "InvalidParameterCombination")],
}
