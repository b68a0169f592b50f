#!/usr/bin/python3 -B
# area: front-door
"""boto3 as people use it: resources, every waiter and every paginator of what Croft has."""
import concurrent.futures
import time
import unittest

import boto3
import botocore
import botocore.exceptions
import botocore.session
from support import provided

from client import (ENDPOINT, KEY_ID, REGION, SECRET, client, launch, refusal, register_image, remove,
                    tap, upload, wait_state)

QUICK = {"Delay": 0.2, "MaxAttempts": 150}  # what is waited for comes within half a minute
ONCE = {"Delay": 0.2, "MaxAttempts": 3}
MISSING = {"instance": "i-0123456789abcdef0", "image": "ami-0123456789abcdef0",
           "vpc": "vpc-0123456789abcdef0", "volume": "vol-0123456789abcdef0"}


def waiters():
    """{name of a waiter: the action that it calls}, of all that botocore has."""
    model = botocore.session.get_session().get_waiter_model("ec2")
    return {botocore.xform_name(name): model.get_waiter(name).operation
            for name in model.waiter_names}


WAITERS = waiters()


def setUpModule():
    global ec2, image
    ec2 = client()
    image = register_image("for-boto3")


class Waiters(unittest.TestCase):
    """Each ends as botocore's model says, in success and in failure."""
    tried = set()

    def waiter(self, name):
        self.tried.add(name)
        return ec2.get_waiter(name)

    def done(self, name, **params):
        self.waiter(name).wait(WaiterConfig=QUICK, **params)

    def fails(self, name, reason="terminal failure state", **params):
        config = ONCE if "Max attempts" in reason else QUICK
        with self.assertRaises(botocore.exceptions.WaiterError) as raised:
            self.waiter(name).wait(WaiterConfig=config, **params)
        self.assertIn(reason, str(raised.exception))
        return raised.exception

    def test_1_an_instance_through_its_states(self):
        ids = [ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1,
                                 InstanceType="t3.micro")["Instances"][0]["InstanceId"]]
        for name in ("instance_exists", "instance_running", "instance_status_ok",
                     "system_status_ok"):
            self.done(name, InstanceIds=ids)
        self.fails("instance_terminated", "Max attempts exceeded", InstanceIds=ids)
        ec2.stop_instances(InstanceIds=ids)
        self.done("instance_stopped", InstanceIds=ids)
        self.fails("instance_running", "Max attempts exceeded", InstanceIds=ids)
        ec2.start_instances(InstanceIds=ids)
        self.done("instance_running", InstanceIds=ids)
        ec2.terminate_instances(InstanceIds=ids)
        self.done("instance_terminated", InstanceIds=ids)
        self.fails("instance_running", InstanceIds=ids)
        self.fails("instance_stopped", InstanceIds=ids)

    def test_1_several_at_once_and_one_that_goes_another_way(self):
        ids = [each["InstanceId"] for each in launch(ec2, image, count=3)]
        ec2.stop_instances(InstanceIds=ids)
        self.done("instance_stopped", InstanceIds=ids)
        ec2.terminate_instances(InstanceIds=ids[1:2])
        self.fails("instance_stopped", InstanceIds=ids)
        remove(ec2, *ids)

    def test_1_waiting_for_a_stop_fails_while_it_is_pending(self):
        """Whoever waits for `stopped` right after the launch is told that this is not to come."""
        for _ in range(20):
            ids = [each["InstanceId"] for each in ec2.run_instances(
                ImageId=image, MinCount=12, MaxCount=12, InstanceType="t3.nano")["Instances"]]
            try:
                self.waiter("instance_stopped").wait(WaiterConfig=ONCE, InstanceIds=ids)
                reason = "no error"
            except botocore.exceptions.WaiterError as error:
                reason = str(error)
            ec2.terminate_instances(InstanceIds=ids)
            if "terminal failure state" in reason:
                self.assertIn('"pending"', reason)
                return
            self.assertIn("Max attempts exceeded", reason)  # all 12 were running already
        self.fail("12 instances were never seen pending")

    def test_1_what_does_not_exist_is_waited_for(self):
        for name, params in (
                ("instance_exists", {"InstanceIds": [MISSING["instance"]]}),
                ("instance_running", {"InstanceIds": [MISSING["instance"]]}),
                ("instance_status_ok", {"InstanceIds": [MISSING["instance"]]}),
                ("image_exists", {"ImageIds": [MISSING["image"]]}),
                ("vpc_exists", {"VpcIds": [MISSING["vpc"]]}),
                ("key_pair_exists", {"KeyNames": ["nobody's"]}),
                ("security_group_exists", {"GroupNames": ["nobody's"]})):
            with self.subTest(name):
                self.fails(name, "Max attempts exceeded", **params)
        # These do not forgive it: the call's own error ends them.
        error = self.fails("instance_stopped", "InvalidInstanceID.NotFound",
                           InstanceIds=[MISSING["instance"]])
        self.assertEqual(error.last_response["Error"]["Code"], "InvalidInstanceID.NotFound")

    def test_1_they_see_what_comes_while_they_wait(self):
        with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
            key = pool.submit(self.done, "key_pair_exists", KeyNames=["waited-for"])
            group = pool.submit(self.done, "security_group_exists", GroupNames=["waited-for"])
            time.sleep(0.5)
            self.assertFalse(key.done() or group.done())
            ec2.create_key_pair(KeyName="waited-for")
            made = ec2.create_security_group(GroupName="waited-for", Description="x")["GroupId"]
            key.result(timeout=60)
            group.result(timeout=60)
        self.done("security_group_exists", GroupIds=[made])
        ec2.delete_key_pair(KeyName="waited-for")
        ec2.delete_security_group(GroupId=made)

    def test_1_images(self):
        self.done("image_exists", ImageIds=[image])
        self.done("image_available", ImageIds=[image])
        bad = ec2.register_image(Name="not-an-image",
                                 ImageLocation="upload:" + upload(b"this is no disk" * 100))
        self.fails("image_available", ImageIds=[bad["ImageId"]])

    def test_1_vpcs_and_subnets(self):
        vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        self.done("vpc_exists", VpcIds=[vpc])
        self.done("vpc_available", VpcIds=[vpc])
        self.done("subnet_available", SubnetIds=[
            each["SubnetId"] for each in ec2.describe_subnets()["Subnets"]])

    def test_1_volumes(self):
        if "DescribeVolumes" not in provided():
            return
        made = launch(ec2, image)
        volumes = [each["Ebs"]["VolumeId"] for each in made["BlockDeviceMappings"]]
        self.done("volume_in_use", VolumeIds=volumes)
        self.fails("volume_available", "Max attempts exceeded", VolumeIds=volumes)
        remove(ec2, made["InstanceId"])
        self.done("volume_deleted", VolumeIds=volumes)
        self.done("volume_deleted", VolumeIds=[MISSING["volume"]])
        kept = launch(ec2, image, BlockDeviceMappings=[
            {"DeviceName": "/dev/xvda", "Ebs": {"DeleteOnTermination": False}}])
        volumes = [each["Ebs"]["VolumeId"] for each in kept["BlockDeviceMappings"]]
        remove(ec2, kept["InstanceId"])
        self.done("volume_available", VolumeIds=volumes)

    def test_1_network_interfaces(self):
        if "DescribeNetworkInterfaces" not in provided():
            return
        made = launch(ec2, image)
        ids = [each["NetworkInterfaceId"] for each in made["NetworkInterfaces"]]
        self.fails("network_interface_available", "Max attempts exceeded", NetworkInterfaceIds=ids)
        remove(ec2, made["InstanceId"])
        # The instance's own goes with it, and the model takes that for a failure.
        self.fails("network_interface_available", NetworkInterfaceIds=ids)

    def test_1_gateways_and_peerings(self):
        vpcs = [ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")["Vpc"]["VpcId"] for number in (91, 92)]
        self.done("vpc_available", VpcIds=vpcs)
        subnet = ec2.create_subnet(VpcId=vpcs[0], CidrBlock="10.91.1.0/24")["Subnet"]["SubnetId"]
        self.done("subnet_available", SubnetIds=[subnet])
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.done("internet_gateway_exists", InternetGatewayIds=[gateway])
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpcs[0])
        address = ec2.allocate_address(Domain="vpc")["AllocationId"]
        nat = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]
        self.done("nat_gateway_available", NatGatewayIds=[nat])
        loose = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
        self.done("network_interface_available", NetworkInterfaceIds=[loose])
        peering = ec2.create_vpc_peering_connection(VpcId=vpcs[0], PeerVpcId=vpcs[1])[
            "VpcPeeringConnection"]["VpcPeeringConnectionId"]
        self.done("vpc_peering_connection_exists", VpcPeeringConnectionIds=[peering])
        ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=peering)

        ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=peering)
        self.done("vpc_peering_connection_deleted", VpcPeeringConnectionIds=[peering])
        ec2.delete_network_interface(NetworkInterfaceId=loose)
        ec2.delete_nat_gateway(NatGatewayId=nat)
        self.done("nat_gateway_deleted", NatGatewayIds=[nat])
        self.fails("nat_gateway_available", NatGatewayIds=[nat])
        ec2.release_address(AllocationId=address)
        ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpcs[0])
        ec2.delete_internet_gateway(InternetGatewayId=gateway)
        ec2.delete_subnet(SubnetId=subnet)
        for vpc in vpcs:
            ec2.delete_vpc(VpcId=vpc)

    def test_1_password_data(self):
        if "GetPasswordData" not in provided():
            return
        made = launch(ec2, image)
        self.fails("password_data_available", "Max attempts exceeded",
                   InstanceId=made["InstanceId"])
        remove(ec2, made["InstanceId"])

    def test_1_spot_requests(self):
        if "DescribeSpotInstanceRequests" not in provided():
            return
        asked = {"LaunchSpecification": {"ImageId": image, "InstanceType": "t3.micro"}}
        [made] = ec2.request_spot_instances(InstanceCount=1, **asked)["SpotInstanceRequests"]
        ids = [made["SpotInstanceRequestId"]]
        self.done("spot_instance_request_fulfilled", SpotInstanceRequestIds=ids)
        [seen] = ec2.describe_spot_instance_requests(SpotInstanceRequestIds=ids)[
            "SpotInstanceRequests"]
        self.assertEqual((seen["State"], seen["Status"]["Code"]), ("active", "fulfilled"))
        ec2.cancel_spot_instance_requests(SpotInstanceRequestIds=ids)
        remove(ec2, seen["InstanceId"])

    def test_1_what_croft_has_none_of(self):
        """Reads that find nothing: their waiters end, too, as the model has it for an absent thing."""
        unused = "0123456789abcdef0"
        for name, param, prefix, outcome in (
                ("bundle_task_complete", "BundleIds", "bun-", "InvalidBundleID.NotFound"),
                ("conversion_task_cancelled", "ConversionTaskIds", "import-i-",
                 "InvalidConversionTaskId"),
                ("conversion_task_completed", "ConversionTaskIds", "import-i-",
                 "InvalidConversionTaskId"),
                ("conversion_task_deleted", "ConversionTaskIds", "import-i-",
                 "InvalidConversionTaskId"),
                ("customer_gateway_available", "CustomerGatewayIds", "cgw-",
                 "InvalidCustomerGatewayID.NotFound"),
                ("export_task_cancelled", "ExportTaskIds", "export-i-",
                 "InvalidExportTaskID.NotFound"),
                ("export_task_completed", "ExportTaskIds", "export-i-",
                 "InvalidExportTaskID.NotFound"),
                # The model waits for another code than EC2 has (AWS: "Error codes for the Amazon EC2 API").
                ("internet_gateway_exists", "InternetGatewayIds", "igw-",
                 "InvalidInternetGatewayID.NotFound"),
                ("nat_gateway_available", "NatGatewayIds", "nat-", "Max attempts"),
                ("nat_gateway_deleted", "NatGatewayIds", "nat-", None),
                ("snapshot_completed", "SnapshotIds", "snap-", "InvalidSnapshot.NotFound"),
                ("vpc_peering_connection_deleted", "VpcPeeringConnectionIds", "pcx-", None),
                ("vpc_peering_connection_exists", "VpcPeeringConnectionIds", "pcx-",
                 "Max attempts"),
                ("vpn_connection_available", "VpnConnectionIds", "vpn-",
                 "InvalidVpnConnectionID.NotFound"),
                ("vpn_connection_deleted", "VpnConnectionIds", "vpn-",
                 "InvalidVpnConnectionID.NotFound")):
            if WAITERS[name] not in provided():
                continue
            with self.subTest(name):
                params = {param: [prefix + unused]}
                if outcome is None:
                    self.done(name, **params)
                else:
                    self.fails(name, outcome, **params)

    def test_2_no_waiter_is_left_out(self):
        """Every waiter of botocore whose action Croft has is tried above."""
        actions = provided()
        wanted = {name for name, action in WAITERS.items() if action in actions}
        self.assertEqual(wanted - self.tried, set())


class Paginators(unittest.TestCase):
    """Each, in small pages, brings what the call brings at once."""
    PARAMS = {"DescribeInstanceStatus": {"IncludeAllInstances": True},
              "DescribeLaunchTemplateVersions": {"Versions": ["$Latest", "$Default"]},
              "DescribeSpotPriceHistory": {"InstanceTypes": ["t3.micro"]}}
    SIZES = {"DescribeInstanceTypes": 50, "DescribeInstanceTypeOfferings": 50}

    @classmethod
    def setUpClass(cls):
        cls.instances = [each["InstanceId"] for each in launch(ec2, image, count=7)]
        cls.groups = [ec2.create_security_group(GroupName=f"page-{number}", Description="x")[
            "GroupId"] for number in range(7)]
        ec2.create_tags(Resources=cls.groups, Tags=[{"Key": "Paged", "Value": "yes"}])
        cls.prefixes = ec2.create_managed_prefix_list(
            PrefixListName="paged", AddressFamily="IPv4", MaxEntries=7,
            Entries=[{"Cidr": f"192.0.2.{number}/32"} for number in range(7)])["PrefixList"]["PrefixListId"]

    @classmethod
    def tearDownClass(cls):
        remove(ec2, *cls.instances)
        for group in cls.groups:
            ec2.delete_security_group(GroupId=group)
        ec2.delete_managed_prefix_list(PrefixListId=cls.prefixes)

    def test_every_one_of_them(self):
        data = botocore.session.get_session().get_component("data_loader").load_service_model(
            "ec2", "paginators-1")["pagination"]
        several = set()
        actions = sorted(set(data) & provided())
        self.assertGreater(len(actions), 8)
        for action in actions:
            with self.subTest(action):
                name = botocore.xform_name(action)
                params = self.PARAMS.get(action, {})
                if action == "DescribeStaleSecurityGroups":
                    params = {"VpcId": ec2.describe_vpcs()["Vpcs"][0]["VpcId"]}
                if action.startswith("GetManagedPrefixList"):
                    params = {"PrefixListId": self.prefixes}
                keys = data[action]["result_key"]
                keys = [keys] if isinstance(keys, str) else keys
                paginator = ec2.get_paginator(name)
                pages = list(paginator.paginate(
                    PaginationConfig={"PageSize": self.SIZES.get(action, 5)}, **params))
                whole = getattr(ec2, name)(**params)
                for key in keys:
                    found = [item for page in pages for item in page[key]]
                    wanted = whole[key]
                    if key == "Reservations":  # one may go over several pages
                        found, wanted = ([item for each in them for item in each["Instances"]]
                                         for them in (found, wanted))
                    self.assertEqual(sorted(map(repr, found)), sorted(map(repr, wanted)))
                if len(pages) > 1:
                    several.add(action)
                    self.assertTrue(all(page.get("NextToken") for page in pages[:-1]))
        self.assertLessEqual({"DescribeInstances", "DescribeInstanceStatus", "DescribeTags",
                              "DescribeSecurityGroups", "DescribeInstanceTypes"}, several)


class Resources(unittest.TestCase):
    """boto3.resource: objects that call by themselves."""

    @classmethod
    def setUpClass(cls):
        cls.ec2 = boto3.resource("ec2", endpoint_url=ENDPOINT, region_name=REGION,
                                 aws_access_key_id=KEY_ID, aws_secret_access_key=SECRET)

    def test_an_instance(self):
        key = self.ec2.create_key_pair(KeyName="resource")
        self.assertIn("PRIVATE KEY", key.key_material)
        [vpc] = self.ec2.vpcs.filter(Filters=[{"Name": "is-default", "Values": ["true"]}])
        self.assertEqual(vpc.cidr_block, "172.31.0.0/16")
        group = self.ec2.create_security_group(GroupName="resource", Description="x",
                                               VpcId=vpc.id)
        group.authorize_ingress(IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="192.0.2.0/24")
        group.reload()
        self.assertEqual(group.ip_permissions[0]["FromPort"], 22)
        subnet = list(vpc.subnets.all())[0]
        [made] = subnet.create_instances(ImageId=image, MinCount=1, MaxCount=1,
                                         InstanceType="t3.micro", KeyName="resource",
                                         SecurityGroupIds=[group.id])
        made.wait_until_exists()
        wait_state(ec2, made.id, "running")
        made.wait_until_running()
        made.reload()
        self.assertEqual((made.state["Name"], made.instance_type), ("running", "t3.micro"))
        self.assertEqual((made.vpc.id, made.subnet.id, made.image.name, made.key_pair.name),
                         (vpc.id, subnet.id, "for-boto3", "resource"))
        self.assertEqual(made.security_groups, [{"GroupId": group.id, "GroupName": "resource"}])
        self.assertEqual(made.placement["AvailabilityZone"], subnet.availability_zone)
        made.create_tags(Tags=[{"Key": "Name", "Value": "a <b> & ü"}])
        self.assertEqual([each.id for each in self.ec2.instances.filter(
            Filters=[{"Name": "tag:Name", "Values": ["a <b> & ?"]}])], [made.id])
        self.assertIn(made.id, [each.id for each in vpc.instances.all()])
        self.assertEqual(made.describe_attribute(Attribute="disableApiTermination")[
            "DisableApiTermination"], {"Value": False})
        made.stop()
        wait_state(ec2, made.id, "stopped")
        made.modify_attribute(InstanceType={"Value": "t3.small"})
        made.start()
        wait_state(ec2, made.id, "running")
        made.reload()
        self.assertEqual(made.instance_type, "t3.small")
        self.assertEqual(made.console_output()["InstanceId"], made.id)
        self.ec2.instances.filter(InstanceIds=[made.id]).terminate()
        wait_state(ec2, made.id, "terminated")
        made.wait_until_terminated()
        group.delete()
        key.delete()
        self.assertEqual(refusal(ec2.describe_key_pairs, KeyNames=["resource"]).code,
                         "InvalidKeyPair.NotFound")

    def test_images_and_their_attributes(self):
        found = self.ec2.Image(image)
        self.assertEqual((found.state, found.architecture, found.root_device_name),
                         ("available", "x86_64", "/dev/xvda"))
        self.assertIn(image, [each.id for each in self.ec2.images.filter(Owners=["self"])])
        self.assertEqual([each.id for each in self.ec2.images.filter(
            Filters=[{"Name": "name", "Values": ["for-boto?"]}]).limit(1)], [image])

    def test_collections_in_pages(self):
        ids = {each["InstanceId"] for each in launch(ec2, image, count=6)}
        there = self.ec2.instances.filter(
            Filters=[{"Name": "instance-state-name", "Values": ["running"]}])
        self.assertLessEqual(ids, {each.id for each in there.page_size(5)})
        remove(ec2, *ids)


if __name__ == "__main__":
    tap.main()
