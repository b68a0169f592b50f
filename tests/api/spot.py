#!/usr/bin/python3 -B
# area: launch spot
# config: spot_interruption_notice=3
# config: instance_type=big.spot 1 100000
# config: instance_type=small.spot 1 10000
# config: instance_type=own.half 1 500000
# timeout: 300
"""Spot instances: they live on room that nobody else needs, and are reclaimed when somebody does.

The fake server has 1,000,000 MiB; nine of big.spot (100,000 MiB) fill it so that a tenth does not fit
beside them. Notice is three seconds instead of two minutes.
"""
import datetime
import time
import unittest

import botocore.exceptions

from client import (WAIT, all_instances, client, daemon, instance, refusal, register_image, remove,
                    tap, until, wait_state)

NOTICE = 3
BIG = "big.spot"


def setUpModule():
    global ec2, image
    ec2 = client()
    image = register_image("spot")


def requests(*ids, **more):
    if ids:
        more["SpotInstanceRequestIds"] = list(ids)
    return ec2.describe_spot_instance_requests(**more)["SpotInstanceRequests"]


def request(one):
    return requests(one)[0]


def code(one):
    return request(one)["Status"]["Code"]


def ask(count=1, kind=BIG, spec=None, **more):
    made = ec2.request_spot_instances(InstanceCount=count, LaunchSpecification={
        "ImageId": image, "InstanceType": kind, **(spec or {})}, **more)
    return [each["SpotInstanceRequestId"] for each in made["SpotInstanceRequests"]]


def until_code(one, wanted):
    def found():
        now = request(one)
        return now if now["Status"]["Code"] == wanted else None
    return until(found, what=f"{one} to be {wanted}")


def fulfilled(one):
    return until_code(one, "fulfilled")["InstanceId"]


def run(kind=BIG, count=1, **more):
    made = ec2.run_instances(ImageId=image, InstanceType=kind, MinCount=count, MaxCount=count, **more)
    return [each["InstanceId"] for each in made["Instances"]]


def run_spot(kind=BIG, count=1, **options):
    return run(kind, count, InstanceMarketOptions={"MarketType": "spot", "SpotOptions": options})


def fill(count=9):
    """So many spot instances, one after the other, oldest first."""
    ids = []
    for _ in range(count):
        ids += run_spot()
        time.sleep(0.01)  # each is younger than the one before
    for each in ids:
        wait_state(ec2, each, "running")
    return ids


def request_of(instance_id):
    return instance(ec2, instance_id)["SpotInstanceRequestId"]


def marked(ids):
    return [i for i in ids if code(request_of(i)).startswith("marked-for-")]


class Spot(unittest.TestCase):
    def tearDown(self):
        live = [each["SpotInstanceRequestId"] for each in requests()
                if each["State"] in ("open", "active", "disabled")]
        if live:
            ec2.cancel_spot_instance_requests(SpotInstanceRequestIds=live)
        left = [each["InstanceId"] for each in all_instances(ec2)
                if each["State"]["Name"] != "terminated"]
        if left:
            remove(ec2, *left)

    # --- requests ---

    def test_a_request_is_fulfilled_and_says_what_it_has(self):
        group = ec2.describe_security_groups()["SecurityGroups"][0]
        one, = ask(spec={"SecurityGroupIds": [group["GroupId"]], "UserData": "IyEvYmluL3No",
                         "BlockDeviceMappings": [{"DeviceName": "/dev/sdf",
                                                  "Ebs": {"VolumeSize": 3}}]},
                   TagSpecifications=[{"ResourceType": "spot-instances-request",
                                       "Tags": [{"Key": "k", "Value": "v"}]}])
        ec2.get_waiter("spot_instance_request_fulfilled").wait(SpotInstanceRequestIds=[one],
                                                               WaiterConfig=WAIT)
        now = request(one)
        self.assertEqual((now["State"], now["Type"], now["ProductDescription"],
                          now["InstanceInterruptionBehavior"], now["Tags"]),
                         ("active", "one-time", "Linux/UNIX", "terminate",
                          [{"Key": "k", "Value": "v"}]))
        self.assertEqual(now["Status"]["Message"], "Your Spot request is fulfilled.")
        self.assertRegex(now["SpotPrice"], r"^\d+\.\d{6}$")
        self.assertEqual(now["ValidUntil"] - now["CreateTime"], datetime.timedelta(days=7))
        spec = now["LaunchSpecification"]
        self.assertEqual((spec["ImageId"], spec["InstanceType"], spec["Monitoring"]),
                         (image, BIG, {"Enabled": False}))
        self.assertEqual(spec["SecurityGroups"], [{"GroupId": group["GroupId"],
                                                   "GroupName": group["GroupName"]}])
        self.assertEqual(spec["BlockDeviceMappings"][0]["Ebs"]["VolumeSize"], 3)
        made = wait_state(ec2, now["InstanceId"], "running")
        self.assertEqual((made["InstanceLifecycle"], made["SpotInstanceRequestId"]), ("spot", one))
        self.assertEqual(made["Placement"]["AvailabilityZone"], now["LaunchedAvailabilityZone"])
        self.assertEqual(len(made["BlockDeviceMappings"]), 2)
        for name, value in (("instance-lifecycle", "spot"), ("spot-instance-request-id", one)):
            found = ec2.describe_instances(Filters=[{"Name": name, "Values": [value]}])
            self.assertIn(now["InstanceId"], [i["InstanceId"] for r in found["Reservations"]
                                              for i in r["Instances"]])
        for name, value in (("state", "active"), ("status-code", "fulfilled"), ("tag:k", "v"),
                            ("launch.image-id", image), ("instance-id", now["InstanceId"]),
                            ("launch.group-id", group["GroupId"]), ("type", "one-time"),
                            ("launch.block-device-mapping.volume-size", "3")):
            found = requests(Filters=[{"Name": name, "Values": [value]}])
            self.assertIn(one, [each["SpotInstanceRequestId"] for each in found], name)
        self.assertEqual(requests(Filters=[{"Name": "status-code", "Values": ["bad-*"]}]), [])

    def test_the_same_token_brings_the_same_requests(self):
        first = ask(3, ClientToken="spot-token")
        self.assertEqual(sorted(ask(3, ClientToken="spot-token")), sorted(first))
        self.assertEqual(refusal(ask, 2, ClientToken="spot-token").code,
                         "IdempotentParameterMismatch")

    def test_requests_come_in_pages(self):
        made = ask(7, SpotPrice="0.000001")
        pages = list(ec2.get_paginator("describe_spot_instance_requests").paginate(
            Filters=[{"Name": "spot-price", "Values": ["0.000001"]}],
            PaginationConfig={"PageSize": 5}))
        self.assertEqual([len(page["SpotInstanceRequests"]) for page in pages], [5, 2])
        self.assertEqual({each["SpotInstanceRequestId"] for page in pages
                          for each in page["SpotInstanceRequests"]}, set(made))

    def test_too_low_a_price_waits_and_a_cancelled_request_is_no_more(self):
        one, = ask(SpotPrice="0.0001")
        now = until_code(one, "price-too-low")
        self.assertEqual(now["State"], "open")
        self.assertRegex(now["Status"]["Message"], r"^Your Spot request price of 0\.000100 is lower "
                         r"than the minimum required Spot request fulfillment price of 0\.\d{6}\.$")
        gone = ec2.cancel_spot_instance_requests(SpotInstanceRequestIds=[one])
        self.assertEqual(gone["CancelledSpotInstanceRequests"],
                         [{"SpotInstanceRequestId": one, "State": "cancelled"}])
        self.assertEqual((request(one)["State"], code(one)),
                         ("cancelled", "canceled-before-fulfillment"))
        with self.assertRaises(botocore.exceptions.WaiterError) as failed:
            ec2.get_waiter("spot_instance_request_fulfilled").wait(
                SpotInstanceRequestIds=[one], WaiterConfig=WAIT)
        self.assertIn("terminal failure", str(failed.exception))

    def test_a_cancelled_request_leaves_its_instance(self):
        one, = ask()
        has = fulfilled(one)
        ec2.cancel_spot_instance_requests(SpotInstanceRequestIds=[one])
        self.assertEqual((request(one)["State"], code(one)),
                         ("cancelled", "request-canceled-and-instance-running"))
        ec2.get_waiter("spot_instance_request_fulfilled").wait(SpotInstanceRequestIds=[one],
                                                               WaiterConfig=WAIT)
        wait_state(ec2, has, "running")
        remove(ec2, has)
        self.assertEqual(until_code(one, "instance-terminated-by-user")["State"], "cancelled")

    def test_a_one_time_request_ends_with_its_instance(self):
        one, = ask()
        remove(ec2, fulfilled(one))
        self.assertEqual(until_code(one, "instance-terminated-by-user")["State"], "closed")

    def test_a_persistent_request_gets_another_instance(self):
        one, = ask(Type="persistent")
        self.assertNotIn("ValidUntil", request(one))
        first = fulfilled(one)
        remove(ec2, first)
        second = until(lambda: request(one).get("InstanceId") not in (None, first) and
                       request(one)["InstanceId"], what="another instance")
        wait_state(ec2, second, "running")

    def test_schedules(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        later, = ask(ValidFrom=now + datetime.timedelta(seconds=4))
        self.assertEqual(until_code(later, "not-scheduled-yet")["State"], "open")
        short, = ask(SpotPrice="0.0001", ValidUntil=now + datetime.timedelta(seconds=4))
        self.assertEqual(until_code(short, "schedule-expired")["State"], "cancelled")
        fulfilled(later)

    def test_what_cannot_be_is_refused_before_anything_is_made(self):
        before = len(requests())
        past = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
        for expected, more in (
                ("InvalidParameterCombination", {"InstanceInterruptionBehavior": "stop"}),
                ("UnsupportedOperation", {"InstanceInterruptionBehavior": "hibernate"}),
                ("UnsupportedOperation", {"BlockDurationMinutes": 60}),
                ("UnsupportedOperation", {"LaunchGroup": "g"}),
                ("UnsupportedOperation", {"AvailabilityZoneGroup": "g"}),
                ("UnsupportedOperation", {"spec": {"AddressingType": "public"}}),
                ("InvalidParameterValue", {"SpotPrice": "much"}),
                ("InvalidParameterValue", {"SpotPrice": "-1"}),
                ("InvalidParameterValue", {"SpotPrice": "0"}),
                ("InvalidParameterValue", {"ValidUntil": past}),
                ("InvalidParameterValue", {"ValidFrom": past}),
                ("InvalidParameterValue", {"count": 0}),
                ("InvalidParameterValue", {"kind": "no.such"}),
                ("InvalidKeyPair.NotFound", {"spec": {"KeyName": "nobody"}}),
                ("InvalidAMIID.NotFound", {"spec": {"ImageId": "ami-00000000000000001"}}),
                ("InvalidGroup.NotFound", {"spec": {"SecurityGroups": ["nobody"]}}),
                ("InvalidParameterValue", {"TagSpecifications": [
                    {"ResourceType": "instance", "Tags": [{"Key": "k", "Value": "v"}]}]})):
            with self.subTest(str(more)):
                self.assertEqual(refusal(ask, **more).code, expected)
        self.assertEqual(refusal(ec2.request_spot_instances).code, "MissingParameter")
        self.assertEqual(refusal(ec2.cancel_spot_instance_requests, SpotInstanceRequestIds=[
            "sir-00000000000000001"]).code, "InvalidSpotInstanceRequestID.NotFound")
        self.assertEqual(refusal(requests, "sir-zz").code, "InvalidSpotInstanceRequestID.Malformed")
        self.assertEqual(refusal(ec2.describe_spot_datafeed_subscription).code,
                         "InvalidSpotDatafeed.NotFound")
        self.assertEqual(len(requests()), before)

    def test_a_request_that_has_become_impossible_fails(self):
        ec2.create_key_pair(KeyName="spot-gone", KeyType="ed25519")
        at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2)
        one, = ask(ValidFrom=at, spec={"KeyName": "spot-gone"})
        ec2.delete_key_pair(KeyName="spot-gone")
        now = until_code(one, "bad-parameters")
        self.assertEqual((now["State"], now["Fault"]["Code"]), ("failed", "InvalidKeyPair.NotFound"))
        with self.assertRaises(botocore.exceptions.WaiterError):
            ec2.get_waiter("spot_instance_request_fulfilled").wait(SpotInstanceRequestIds=[one],
                                                                   WaiterConfig=WAIT)

    # --- RunInstances ---

    def test_run_instances_makes_a_request_for_each(self):
        ids = run_spot("small.spot", 2, MaxPrice="1.5")
        rows = [instance(ec2, i) for i in ids]
        mine = [row["SpotInstanceRequestId"] for row in rows]
        self.assertEqual(len(set(mine)), 2)
        self.assertEqual({row["InstanceLifecycle"] for row in rows}, {"spot"})
        for one, i in zip(mine, ids):
            now = request(one)
            self.assertEqual((now["State"], now["Status"]["Code"], now["InstanceId"],
                              now["SpotPrice"]), ("active", "fulfilled", i, "1.500000"))
        fault = refusal(run_spot, MaxPrice="0.0001")
        self.assertEqual(fault.code, "SpotMaxPriceTooLow")
        self.assertIn("lower than the minimum required Spot request fulfillment price",
                      fault.message)
        for expected, options in (
                ("UnsupportedOperation", {"BlockDurationMinutes": 60}),
                ("InvalidParameterCombination", {"SpotInstanceType": "persistent"}),
                ("InvalidParameterCombination", {"ValidUntil": datetime.datetime(2100, 1, 1)})):
            self.assertEqual(refusal(run_spot, **options).code, expected)
        self.assertEqual(refusal(run, InstanceMarketOptions={"MarketType": "capacity-block"}).code,
                         "UnsupportedOperation")

    def test_a_launch_template_can_ask_for_spot(self):
        made = ec2.create_launch_template(LaunchTemplateName="spot", LaunchTemplateData={
            "ImageId": image, "InstanceType": "small.spot", "InstanceMarketOptions": {
                "MarketType": "spot", "SpotOptions": {"MaxPrice": "2"}}})
        template = {"LaunchTemplateId": made["LaunchTemplate"]["LaunchTemplateId"]}
        one = ec2.run_instances(LaunchTemplate=template, MinCount=1, MaxCount=1)["Instances"][0]
        self.assertEqual(one["InstanceLifecycle"], "spot")
        self.assertEqual(request(one["SpotInstanceRequestId"])["SpotPrice"], "2.000000")
        ec2.delete_launch_template(**template)

    def test_types_are_offered_as_spot(self):
        found = ec2.describe_instance_types(Filters=[
            {"Name": "supported-usage-class", "Values": ["spot"]},
            {"Name": "instance-type", "Values": ["t3.micro"]}])["InstanceTypes"]
        self.assertEqual(found[0]["SupportedUsageClasses"], ["on-demand", "spot"])

    def test_spot_takes_no_room_but_what_is_free(self):
        ids = fill(9)
        fault = refusal(run_spot)
        self.assertEqual((fault.code, fault.status), ("InsufficientInstanceCapacity", 500))
        one, = ask()
        self.assertEqual(until_code(one, "capacity-not-available")["State"], "open")
        run_spot("small.spot")
        remove(ec2, ids[4])
        fulfilled(one)  # as soon as there is room

    def test_stops_and_starts_are_for_persistent_requests(self):
        once, = run_spot()
        wait_state(ec2, once, "running")
        fault = refusal(ec2.stop_instances, InstanceIds=[once])
        self.assertEqual(fault.code, "UnsupportedOperation")
        self.assertEqual(fault.message, (
            f"You can't stop the Spot Instance '{once}' because it is associated with a one-time "
            "Spot Instance request. You can only stop Spot Instances associated with persistent "
            "Spot Instance requests."))
        often, = run_spot(SpotInstanceType="persistent", InstanceInterruptionBehavior="stop")
        one = request_of(often)
        wait_state(ec2, often, "running")
        ec2.stop_instances(InstanceIds=[often])
        wait_state(ec2, often, "stopped")
        self.assertEqual(until_code(one, "instance-stopped-by-user")["State"], "disabled")
        ec2.start_instances(InstanceIds=[often])
        self.assertEqual((request(one)["State"], code(one)), ("active", "fulfilled"))
        wait_state(ec2, often, "running")
        ec2.cancel_spot_instance_requests(SpotInstanceRequestIds=[one])
        self.assertEqual(refusal(ec2.stop_instances, InstanceIds=[often]).code,
                         "UnsupportedOperation")

    # --- reclaiming ---

    def test_an_on_demand_launch_reclaims_the_youngest_after_notice(self):
        ids = fill(9)
        began = time.monotonic()
        new, = run("own.half")
        row = instance(ec2, new)
        self.assertEqual(row["State"]["Name"], "pending")
        self.assertEqual(row["StateReason"]["Code"], "pending")
        self.assertIn("waiting for room", row["StateReason"]["Message"])
        victims = ids[-5:]  # 98,336 MiB were free, 500,128 are needed, each has 100,128
        self.assertEqual(marked(ids), victims)
        for i in victims:
            now = request(request_of(i))
            self.assertEqual((now["State"], now["Status"]["Code"]),
                             ("active", "marked-for-termination"))
            self.assertEqual(instance(ec2, i)["State"]["Name"], "running")
        self.assertEqual(instance(ec2, new)["State"]["Name"], "pending")
        for i in victims:
            gone = wait_state(ec2, i, "terminated")
            self.assertEqual(gone["StateReason"], {
                "Code": "Server.SpotInstanceTermination",
                "Message": "Server.SpotInstanceTermination: Spot instance termination"})
            self.assertEqual(code(gone["SpotInstanceRequestId"]), "instance-terminated-no-capacity")
            self.assertEqual(request(gone["SpotInstanceRequestId"])["State"], "closed")
        self.assertGreaterEqual(time.monotonic() - began, NOTICE)
        wait_state(ec2, new, "running")
        self.assertLess(time.monotonic() - began, NOTICE + 10)
        for i in ids[:-len(victims)]:
            self.assertEqual(instance(ec2, i)["State"]["Name"], "running")
            self.assertEqual(code(request_of(i)), "fulfilled")

    def test_nobody_goes_for_a_launch_that_fits(self):
        ids = fill(8)
        new, = run()
        wait_state(ec2, new, "running")
        self.assertEqual(marked(ids), [])

    def test_stop_is_an_end_from_which_the_market_starts_again(self):
        often, = run_spot(SpotInstanceType="persistent", InstanceInterruptionBehavior="stop")
        ids = [often] + run(count=8)
        for i in ids:
            wait_state(ec2, i, "running")
        one = request_of(often)
        new, = run()
        self.assertEqual(code(one), "marked-for-stop")
        stopped = wait_state(ec2, often, "stopped")
        self.assertEqual(stopped["StateReason"], {
            "Code": "Server.SpotInstanceShutdown",
            "Message": "Server.SpotInstanceShutdown: Spot instance shutdown"})
        self.assertEqual(until_code(one, "instance-stopped-no-capacity")["State"], "disabled")
        wait_state(ec2, new, "running")
        self.assertEqual(refusal(ec2.start_instances, InstanceIds=[often]).code,
                         "IncorrectSpotRequestState")
        remove(ec2, new)
        wait_state(ec2, often, "running")  # by itself
        self.assertEqual((request(one)["State"], code(one)), ("active", "fulfilled"))

    def test_cancelling_ends_an_instance_that_the_market_stopped(self):
        often, = run_spot(SpotInstanceType="persistent", InstanceInterruptionBehavior="stop")
        others = run(count=8)
        for i in [often] + others:
            wait_state(ec2, i, "running")
        run()
        wait_state(ec2, often, "stopped")
        one = request_of(often)
        ec2.cancel_spot_instance_requests(SpotInstanceRequestIds=[one])
        wait_state(ec2, often, "terminated")
        self.assertEqual(until_code(one, "instance-terminated-by-service")["State"], "cancelled")

    def test_a_persistent_request_comes_back_when_there_is_room(self):
        one, = ask(Type="persistent")
        first = fulfilled(one)
        others = run(count=8)
        for i in [first] + others:
            wait_state(ec2, i, "running")
        new, = run()
        wait_state(ec2, first, "terminated")
        self.assertEqual(until_code(one, "capacity-not-available")["State"], "open")
        wait_state(ec2, new, "running")
        remove(ec2, new)
        second = fulfilled(one)
        self.assertNotEqual(second, first)
        wait_state(ec2, second, "running")

    def test_room_that_comes_by_itself_lets_the_marked_off(self):
        ids = fill(9)
        new, = run()
        victim, = marked(ids)
        remove(ec2, ids[0])  # somebody else goes, at once
        wait_state(ec2, new, "running")
        self.assertEqual(code(request_of(victim)), "fulfilled")
        time.sleep(NOTICE + 1)
        self.assertEqual(instance(ec2, victim)["State"]["Name"], "running")

    def test_a_launch_that_is_taken_back_needs_no_room(self):
        ids = fill(9)
        new, = run()
        victim, = marked(ids)
        remove(ec2, new)
        until_code(request_of(victim), "fulfilled")

    def test_a_start_reclaims_too(self):
        mine, = run()
        wait_state(ec2, mine, "running")
        ec2.stop_instances(InstanceIds=[mine])
        wait_state(ec2, mine, "stopped")
        ids = fill(9)
        ec2.start_instances(InstanceIds=[mine])
        row = instance(ec2, mine)
        self.assertEqual(row["State"]["Name"], "pending")
        self.assertIn("waiting for room", row["StateReason"]["Message"])
        self.assertEqual(marked(ids), ids[-1:])
        wait_state(ec2, mine, "running")
        self.assertEqual(instance(ec2, ids[-1])["State"]["Name"], "terminated")

    def test_more_than_all_spot_instances_have_is_refused(self):
        fill(3)
        self.assertEqual(refusal(run, count=10).code, "InsufficientInstanceCapacity")
        for each in requests(Filters=[{"Name": "state", "Values": ["active"]}]):
            self.assertEqual(each["Status"]["Code"], "fulfilled")

    def test_a_rising_price_interrupts_those_who_pay_less(self):
        low, = run_spot("small.spot", MaxPrice="0.04")
        wait_state(ec2, low, "running")
        one = request_of(low)
        ids = run(count=9)
        until_code(one, "marked-for-termination")
        wait_state(ec2, low, "terminated")
        self.assertEqual(until_code(one, "instance-terminated-by-price")["State"], "closed")
        for i in ids:
            wait_state(ec2, i, "running")

    # --- prices ---

    def test_the_price_follows_the_load_and_its_history_stays(self):
        def price():
            found = ec2.describe_spot_price_history(
                InstanceTypes=["m5.large"], AvailabilityZone="us-east-1a", MaxResults=1)
            return float(found["SpotPriceHistory"][0]["SpotPrice"])
        until(lambda: price() < 0.03, what="the price of an empty server")
        idle = price()
        self.assertAlmostEqual(idle, 0.096 * 0.3, places=3)
        began = datetime.datetime.now(datetime.timezone.utc)
        ids = run(count=5)
        until(lambda: price() > idle + 0.02, what="a higher price")
        full = price()
        remove(ec2, *ids)
        until(lambda: price() < full, what="a lower price")
        history = ec2.describe_spot_price_history(
            InstanceTypes=["m5.large"], ProductDescriptions=["Linux/UNIX"],
            AvailabilityZone="us-east-1a", StartTime=began)["SpotPriceHistory"]
        prices = [float(each["SpotPrice"]) for each in history]
        self.assertIn(full, prices)
        times = [each["Timestamp"] for each in history]
        self.assertEqual(times, sorted(times, reverse=True))
        self.assertEqual(prices[-1], idle)  # what it was at the start
        self.assertLessEqual(times[-1], began)
        self.assertEqual({(each["InstanceType"], each["AvailabilityZone"],
                           each["ProductDescription"]) for each in history},
                         {("m5.large", "us-east-1a", "Linux/UNIX")})
        old = ec2.describe_spot_price_history(InstanceTypes=["m5.large"], EndTime=times[-1])
        self.assertTrue(all(each["Timestamp"] <= times[-1] for each in old["SpotPriceHistory"]))
        kinds = {"InstanceTypes": ["m5.large", "t3.micro"]}
        whole = ec2.describe_spot_price_history(**kinds, EndTime=times[0])["SpotPriceHistory"]
        pages = ec2.get_paginator("describe_spot_price_history").paginate(
            **kinds, EndTime=times[0], PaginationConfig={"PageSize": 7})
        self.assertEqual([each for page in pages for each in page["SpotPriceHistory"]], whole)
        self.assertEqual({each["AvailabilityZone"] for each in whole},
                         {"us-east-1a", "us-east-1b", "us-east-1c"})
        named = ec2.describe_spot_price_history(Filters=[
            {"Name": "instance-type", "Values": ["m5.l*"]},
            {"Name": "product-description", "Values": ["Linux/UNIX (Amazon VPC)"]}])
        self.assertEqual({(each["InstanceType"], each["ProductDescription"])
                          for each in named["SpotPriceHistory"]},
                         {("m5.large", "Linux/UNIX (Amazon VPC)")})
        self.assertEqual(ec2.describe_spot_price_history(
            ProductDescriptions=["Windows"])["SpotPriceHistory"], [])
        for expected, more in (
                ("InvalidParameterValue", {"InstanceTypes": ["no.such"]}),
                ("InvalidParameterValue", {"AvailabilityZone": "eu-west-1a"}),
                ("InvalidParameterValue", {"StartTime": times[0], "EndTime": began -
                                           datetime.timedelta(days=1)})):
            self.assertEqual(refusal(ec2.describe_spot_price_history, **more).code, expected)

    # --- crashes ---

    def test_z_a_restart_in_the_middle_loses_nothing(self):
        """The fake guests end with the daemon: spot ones of one-time requests are gone for good, the
        launch that waited for them runs."""
        ids = fill(9)
        waits, = ask(SpotPrice="0.0001")
        new, = run()
        self.assertEqual(len(marked(ids)), 1)
        daemon("kill")
        daemon("start")
        global image
        for i in ids:
            gone = wait_state(ec2, i, "terminated")
            self.assertIn(code(gone["SpotInstanceRequestId"]),
                          ("instance-terminated-by-service", "instance-terminated-no-capacity"))
            self.assertEqual(request(gone["SpotInstanceRequestId"])["State"], "closed")
        # Its image went with the fake storage: it was tried, which it is only when it has room.
        self.assertEqual(wait_state(ec2, new, "terminated")["StateReason"]["Code"],
                         "Server.InternalError")
        self.assertEqual(until_code(waits, "price-too-low")["State"], "open")
        image = register_image("spot-again")
        fulfilled(ask()[0])


if __name__ == "__main__":
    tap.main()
