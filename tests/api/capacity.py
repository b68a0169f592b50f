#!/usr/bin/python3 -B
# area: front-door
# config: reserve_memory=900000
"""Capacity reservations hold memory of the server, and placement groups keep EC2's rules.

The fake server has 1,000,000 MiB, of which 100,000 are for guests: room for one m5.4xlarge (64 GiB).
"""
import datetime
import unittest

from client import (REGION, call, client, daemon, form, instance, launch, refusal, register_image, remove,
                    tap, until, wait_state)

BIG = "m5.4xlarge"
ZONE = f"{REGION}a"
NONE = {"CapacityReservationPreference": "none"}
ONLY = {"CapacityReservationPreference": "capacity-reservations-only"}


def setUpModule():
    global ec2, image
    ec2 = client(connect_timeout=5)
    image = register_image("capacity")


def reserve(count=1, **more):
    made = ec2.create_capacity_reservation(
        InstanceType=BIG, InstancePlatform="Linux/UNIX", AvailabilityZone=ZONE,
        InstanceCount=count, **more)
    return made["CapacityReservation"]["CapacityReservationId"]


def described(reservation):
    found = ec2.describe_capacity_reservations(CapacityReservationIds=[reservation])
    return found["CapacityReservations"][0]


def counts(reservation):
    now = described(reservation)
    return now["State"], now["TotalInstanceCount"], now["AvailableInstanceCount"]


def run(wish=None, kind=BIG, count=1, **more):
    """Ids of new instances that run."""
    if wish:
        more["CapacityReservationSpecification"] = wish
    more.setdefault("Placement", {"AvailabilityZone": ZONE})
    made = ec2.run_instances(ImageId=image, InstanceType=kind, MinCount=count, MaxCount=count, **more)
    ids = [each["InstanceId"] for each in made["Instances"]]
    for each in ids:
        wait_state(ec2, each, "running")
    return ids


def refused(wish=None, **more):
    return refusal(run, wish, **more).code


def stop(i):
    ec2.stop_instances(InstanceIds=[i])
    wait_state(ec2, i, "stopped")


class Reservations(unittest.TestCase):
    def setUp(self):
        self.addCleanup(self.clear)

    def clear(self):
        found = ec2.describe_capacity_reservations(
            Filters=[{"Name": "state", "Values": ["active"]}])["CapacityReservations"]
        for each in found:
            ec2.cancel_capacity_reservation(CapacityReservationId=each["CapacityReservationId"])
        pages = ec2.describe_instances()["Reservations"]
        remove(ec2, *[i["InstanceId"] for r in pages for i in r["Instances"]
                      if i["State"]["Name"] != "terminated"])

    def test_an_open_one_is_taken_by_what_matches_and_by_nothing_else(self):
        reservation = reserve()
        self.assertEqual(counts(reservation), ("active", 1, 1))
        self.assertEqual(refused(NONE), "InsufficientInstanceCapacity")
        self.assertEqual(refused(Placement={"AvailabilityZone": f"{REGION}b"}),
                         "InsufficientInstanceCapacity")
        self.assertEqual(refusal(reserve).code, "InsufficientInstanceCapacity")
        # What is beside it is free for anybody.
        remove(ec2, *run(kind="t3.micro"))
        [i] = run()
        self.assertEqual(counts(reservation), ("active", 1, 0))
        now = instance(ec2, i)
        self.assertEqual(now["CapacityReservationId"], reservation)
        self.assertEqual(now["CapacityReservationSpecification"],
                         {"CapacityReservationPreference": "open"})
        usage = call("post", "GetCapacityReservationUsage", {"CapacityReservationId": reservation})
        self.assertEqual(usage["InstanceUsages"][0]["UsedInstanceCount"], 1)
        found = ec2.describe_instances(Filters=[{"Name": "capacity-reservation-id",
                                                 "Values": [reservation]}])
        self.assertEqual(found["Reservations"][0]["Instances"][0]["InstanceId"], i)
        self.assertEqual(refused(ONLY), "ReservationCapacityExceeded")

    def test_a_slot_is_given_back_and_kept_for_the_next(self):
        reservation = reserve()
        [i] = run()
        stop(i)
        self.assertEqual(counts(reservation), ("active", 1, 1))
        self.assertNotIn("CapacityReservationId", instance(ec2, i))
        self.assertEqual(refused(NONE), "InsufficientInstanceCapacity")
        ec2.start_instances(InstanceIds=[i])
        wait_state(ec2, i, "running")
        self.assertEqual(counts(reservation), ("active", 1, 0))
        remove(ec2, i)
        self.assertEqual(counts(reservation), ("active", 1, 1))

    def test_a_targeted_one_is_for_those_who_name_it(self):
        reservation = reserve(InstanceMatchCriteria="targeted")
        target = {"CapacityReservationTarget": {"CapacityReservationId": reservation}}
        self.assertEqual(refused(), "InsufficientInstanceCapacity")
        self.assertEqual(refused(ONLY), "ReservationCapacityExceeded")
        self.assertEqual(refused(target, kind="t3.micro"), "InvalidParameterValue")
        self.assertEqual(refused({**NONE, **target}), "InvalidParameterCombination")
        [i] = run(target)
        now = instance(ec2, i)
        self.assertEqual((now["CapacityReservationId"], now["CapacityReservationSpecification"]),
                         (reservation, target))
        self.assertEqual(refused(target), "ReservationCapacityExceeded")
        # A stopped one may be told to look elsewhere.
        stop(i)
        ec2.modify_instance_capacity_reservation_attributes(
            InstanceId=i, CapacityReservationSpecification=NONE)
        self.assertEqual(refusal(ec2.start_instances, InstanceIds=[i]).code,
                         "InsufficientInstanceCapacity")

    def test_cancelled_it_gives_its_room_to_anybody_and_its_instances_go_on(self):
        reservation = reserve()
        [i] = run()
        ec2.cancel_capacity_reservation(CapacityReservationId=reservation)
        self.assertEqual(counts(reservation), ("cancelled", 1, 0))
        self.assertEqual(instance(ec2, i)["State"]["Name"], "running")
        self.assertNotIn("CapacityReservationId", instance(ec2, i))
        self.assertEqual(refused(NONE), "InsufficientInstanceCapacity")
        remove(ec2, i)
        run(NONE)
        self.assertEqual(refusal(ec2.cancel_capacity_reservation,
                                 CapacityReservationId=reservation).code,
                         "InvalidCapacityReservationState")
        target = {"CapacityReservationTarget": {"CapacityReservationId": reservation}}
        self.assertEqual(refused(target), "InvalidCapacityReservationState")

    def test_it_ends_at_its_end_date(self):
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=3)
        reservation = reserve(EndDate=end, EndDateType="limited")
        self.assertEqual(described(reservation)["EndDateType"], "limited")
        self.assertEqual(refused(NONE), "InsufficientInstanceCapacity")
        until(lambda: counts(reservation)[0] == "expired", 20)
        self.assertGreaterEqual(datetime.datetime.now(datetime.timezone.utc), end)
        run(NONE)

    def test_it_grows_and_shrinks(self):
        reservation = reserve()
        self.assertEqual(refusal(ec2.modify_capacity_reservation, InstanceCount=2,
                                 CapacityReservationId=reservation).code,
                         "InsufficientInstanceCapacity")
        soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
        ec2.modify_capacity_reservation(CapacityReservationId=reservation, EndDate=soon,
                                        EndDateType="limited")
        self.assertEqual(described(reservation)["EndDate"], soon.replace(microsecond=0))
        # Debian's boto3 does not know yet that the criteria can be changed.
        answer = form({"Action": "ModifyCapacityReservation", "EndDateType": "unlimited",
                       "CapacityReservationId": reservation, "InstanceMatchCriteria": "targeted"})
        self.assertEqual(answer.status, 200, answer.text)
        now = described(reservation)
        self.assertEqual((now["EndDateType"], now["InstanceMatchCriteria"]),
                         ("unlimited", "targeted"))
        self.assertNotIn("EndDate", now)
        small = reserve_small(2)
        remains = run(kind="t3.micro", count=2)
        self.assertEqual(refusal(ec2.modify_capacity_reservation, CapacityReservationId=small,
                                 InstanceCount=1).code, "InvalidParameterValue")
        ec2.modify_capacity_reservation(CapacityReservationId=small, InstanceCount=5)
        self.assertEqual(counts(small), ("active", 5, 3))
        remove(ec2, remains[0])
        ec2.modify_capacity_reservation(CapacityReservationId=small, InstanceCount=1)
        self.assertEqual(counts(small), ("active", 1, 0))

    def test_it_holds_over_a_kill_of_the_daemon(self):
        kept = reserve()
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2)
        small = ec2.create_capacity_reservation(
            InstanceType="m5.large", InstancePlatform="Linux/UNIX", AvailabilityZone=ZONE,
            InstanceCount=1, EndDate=end)["CapacityReservation"]["CapacityReservationId"]
        before = described(kept)
        daemon("kill")
        daemon("start")
        self.assertEqual(described(kept), before)
        self.assertEqual(refused(NONE), "InsufficientInstanceCapacity")
        until(lambda: counts(small)[0] == "expired", 20)
        # The fake storage forgets its images with the daemon.
        global image
        image = register_image("capacity again")
        run()
        self.assertEqual(counts(kept), ("active", 1, 0))

    def test_pages_and_filters(self):
        made = sorted(reserve_small(number) for number in (1, 2, 3))
        pages = ec2.get_paginator("describe_capacity_reservations").paginate(
            Filters=[{"Name": "state", "Values": ["active"]},
                     {"Name": "instance-type", "Values": ["t3.*"]}],
            PaginationConfig={"PageSize": 1})
        found = [r["CapacityReservationId"] for page in pages for r in page["CapacityReservations"]]
        self.assertEqual(found, made)
        found = ec2.describe_capacity_reservations(
            Filters=[{"Name": "tag:number", "Values": ["2"]},
                     {"Name": "state", "Values": ["active"]}])["CapacityReservations"]
        self.assertEqual(len(found), 1)


def reserve_small(number):
    made = ec2.create_capacity_reservation(
        InstanceType="t3.micro", InstancePlatform="Linux/UNIX", AvailabilityZone=ZONE,
        InstanceCount=number, TagSpecifications=[
            {"ResourceType": "capacity-reservation",
             "Tags": [{"Key": "number", "Value": str(number)}]}])
    return made["CapacityReservation"]["CapacityReservationId"]


class Groups(unittest.TestCase):
    def group(self, name, strategy, **more):
        made = ec2.create_placement_group(GroupName=name, Strategy=strategy, **more)
        self.addCleanup(ec2.delete_placement_group, GroupName=name)
        return made["PlacementGroup"]

    def run_in(self, name, kind="t3.nano", zone=ZONE, least=1, most=1, **more):
        made = ec2.run_instances(ImageId=image, InstanceType=kind, MinCount=least, MaxCount=most,
                                 Placement={"GroupName": name, "AvailabilityZone": zone, **more})
        ids = [each["InstanceId"] for each in made["Instances"]]
        self.addCleanup(remove, ec2, *ids)
        for each in ids:
            wait_state(ec2, each, "running")
        return ids

    def test_a_group_with_instances_stays(self):
        group = self.group("busy", "cluster")
        self.assertEqual(refusal(self.group, "busy", "spread").code, "InvalidPlacementGroup.Duplicate")
        [i] = self.run_in("busy", "m5.large")
        placement = instance(ec2, i)["Placement"]
        self.assertEqual((placement["GroupName"], placement["GroupId"]), ("busy", group["GroupId"]))
        found = ec2.describe_instances(Filters=[{"Name": "placement-group-name", "Values": ["busy"]}])
        self.assertEqual(found["Reservations"][0]["Instances"][0]["InstanceId"], i)
        self.assertEqual(refusal(ec2.delete_placement_group, GroupName="busy").code,
                         "InvalidPlacementGroup.InUse")
        # A cluster is in one zone, and has no burstable types.
        self.assertEqual(refusal(self.run_in, "busy", "m5.large", f"{REGION}b").code,
                         "InvalidPlacementGroup.InUse")
        self.assertEqual(refusal(self.run_in, "busy").code, "InvalidParameterCombination")

    def test_a_spread_group_has_seven_running_instances_in_a_zone(self):
        self.group("apart", "spread")
        ids = self.run_in("apart", least=2, most=9)
        self.assertEqual(len(ids), 7)
        self.assertEqual(refusal(self.run_in, "apart").code, "InstanceLimitExceeded")
        self.assertEqual(len(self.run_in("apart", zone=f"{REGION}b")), 1)
        stop(ids[0])
        self.run_in("apart")
        self.assertEqual(refusal(ec2.start_instances, InstanceIds=ids[:1]).code,
                         "InstanceLimitExceeded")

    def test_the_least_filled_partition_is_taken(self):
        self.group("parted", "partition", PartitionCount=3)
        self.run_in("parted", PartitionNumber=2)
        ids = self.run_in("parted", least=5, most=5)
        numbers = sorted(instance(ec2, i)["Placement"]["PartitionNumber"] for i in ids)
        self.assertEqual(numbers, [1, 1, 2, 3, 3])
        found = ec2.describe_instances(Filters=[
            {"Name": "placement-group-name", "Values": ["parted"]},
            {"Name": "placement-partition-number", "Values": ["2"]},
            {"Name": "instance-state-name", "Values": ["running"]}])["Reservations"]
        self.assertEqual(sum(len(r["Instances"]) for r in found), 2)
        self.assertEqual(refusal(self.run_in, "parted", PartitionNumber=4).code,
                         "InvalidParameterValue")
        self.assertEqual(refusal(self.run_in, "nobody").code, "InvalidPlacementGroup.Unknown")

    def test_a_reservation_in_a_cluster_is_for_its_instances(self):
        group = self.group("reserved", "cluster")
        reservation = reserve(PlacementGroupArn=group["GroupArn"])
        self.addCleanup(give_up, reservation)
        self.assertEqual(described(reservation)["PlacementGroupArn"], group["GroupArn"])
        self.assertEqual(refused(), "InsufficientInstanceCapacity")
        self.run_in("reserved", BIG)
        self.assertEqual(counts(reservation), ("active", 1, 0))


def give_up(reservation):
    ec2.cancel_capacity_reservation(CapacityReservationId=reservation)


if __name__ == "__main__":
    tap.main()
