#!/usr/bin/python3 -B
# area: trust
# quick: no
# timeout: 420
"""Killed at each point where something has just been done or is about to be: nothing that was answered is lost,
nothing happens twice, nothing is left over.

    CROFT_BUILD=... tests/lab --hypervisor fake -- tests/api/crash_points.py [--all] [--section NAME] [--point REGEX] [--offset N]

The build has -Dcrash_points=true. Each section makes objects, changes them and removes them, at rest after each call.
A first run of it counts how often each point (before and after each commit, each call of a driver that changes
something, each job, each child process, each file put in place or removed) is passed, by what action or kind of job.
Then it runs again and again, and croftd dies at one passing in each run and is started again: the call whose answer
was lost happens once (with its token, or because what is new is looked for), all comes to rest, and at the end there
are as many rows in each table as after the run without a crash, and the files from before it.

With --all that is each passing. Else it is one of each point, by an action or job that changes with the day; the
offset that chose them is printed. Points that the source has and no section passes are a failure.
"""
import argparse
import collections
import json
import os
import re
import subprocess
import sys
import tempfile
import time

from client import TREE

from crashing import Crashing, Fault, Makes

VOLUMES = Makes("DescribeVolumes", "Volumes", "VolumeId")
SNAPSHOTS = Makes("DescribeSnapshots", "Snapshots", "SnapshotId", {"OwnerIds": ["self"]})
IMAGES = Makes("DescribeImages", "Images", "ImageId", {"Owners": ["self"]})
GROUPS = Makes("DescribeSecurityGroups", "SecurityGroups", "GroupId")
KEYS = Makes("DescribeKeyPairs", "KeyPairs", "KeyPairId")
ADDRESSES = Makes("DescribeAddresses", "Addresses", "AllocationId")
VPCS = Makes("DescribeVpcs", "Vpcs", "VpcId")
SUBNETS = Makes("DescribeSubnets", "Subnets", "SubnetId")
GATEWAYS = Makes("DescribeInternetGateways", "InternetGateways", "InternetGatewayId")
TABLES = Makes("DescribeRouteTables", "RouteTables", "RouteTableId")
ACLS = Makes("DescribeNetworkAcls", "NetworkAcls", "NetworkAclId")
REQUESTS = Makes("DescribeSpotInstanceRequests", "SpotInstanceRequests", "SpotInstanceRequestId")
PEERINGS = Makes("DescribeVpcPeeringConnections", "VpcPeeringConnections", "VpcPeeringConnectionId")
ZONE = "us-east-1a"
# Points that no run on the fake drivers and plain files can pass.
BEYOND = {
    "hypervisor.reset": "nothing of croftd asks for it",
    "hypervisor.suspend": "a guest whose disk is full",
    "network.unplug": "a guest that does not let go of an interface, after minutes",
}
# Calls of drivers that have no points: they change nothing that outlives croftd.
LOOKS = {
    "hypervisor": {"console", "free", "host_info", "list", "screenshot", "state"},
    "network": {"accept", "answers_on", "connect", "differing", "follow", "free", "list", "listen", "nat_connections", "probe", "taps"},
    "storage": {"console_tail", "free", "has_io_uring", "image_path", "instance_path", "layer_exists", "layer_in_use", "layer_path",
                "list_images", "list_instances", "list_layers", "room", "upload_abort", "upload_write"},
}


def launch(c, **more):
    i = c.token("RunInstances", ("Instances", 0, "InstanceId"), **{
        "ImageId": c.image, "MinCount": 1, "MaxCount": 1, "InstanceType": "t3.nano", "Placement": {"AvailabilityZone": ZONE}, **more})
    c.settle()
    return i


def terminate(c, i):
    c.tell("TerminateInstances", InstanceIds=[i])
    c.settle()


def volume(c, **more):
    made = c.token("CreateVolume", ("VolumeId",), **{"AvailabilityZone": ZONE, "Size": 1, **more})
    c.settle()
    return made


def remove_volume(c, v):
    c.tell("DeleteVolume", done=("InvalidVolume.NotFound",), VolumeId=v)
    c.settle()
    expect(v not in c.listed(VOLUMES), f"{v} was deleted, and is there")


def snapshot(c, v):
    made = c.make(SNAPSHOTS, "CreateSnapshot", VolumeId=v)
    c.settle()
    return made


def remove_snapshot(c, s):
    c.tell("DeleteSnapshot", done=("InvalidSnapshot.NotFound",), SnapshotId=s)
    c.settle()


def expect(truth, what):
    if not truth:
        raise Fault(what)


def state_of(c, i):
    return c.tell("DescribeInstances", InstanceIds=[i])["Reservations"][0]["Instances"][0]["State"]["Name"]


def run_it(c, i):
    """The guests of the fake hypervisor end with croftd."""
    c.settle()
    if state_of(c, i) == "stopped":
        c.tell("StartInstances", InstanceIds=[i])
        c.settle()


def instances(c):
    i = launch(c)
    run_it(c, i)
    c.tell("RebootInstances", done=("IncorrectInstanceState", "IncorrectState"), InstanceIds=[i])
    c.settle()
    c.tell("StopInstances", InstanceIds=[i])
    c.settle()
    expect(state_of(c, i) == "stopped", f"{i} is {state_of(c, i)}, not stopped")
    c.tell("StartInstances", InstanceIds=[i])
    c.settle()
    expect(state_of(c, i) in ("running", "stopped"), f"{i} is {state_of(c, i)} at rest")
    terminate(c, i)
    expect(state_of(c, i) == "terminated", f"{i} is {state_of(c, i)}, not terminated")


def instance_stores(c):
    i = launch(c, InstanceType="m5d.large")
    c.tell("StopInstances", InstanceIds=[i])
    c.settle()
    terminate(c, i)


def volumes(c):
    i = launch(c)
    v = volume(c)
    c.tell("AttachVolume", done=("VolumeInUse",), InstanceId=i, VolumeId=v, Device="/dev/sdf")
    c.settle()
    c.tell("ModifyVolume", done=("IncorrectModificationState", "VolumeModificationRateExceeded"), VolumeId=v, Size=2, VolumeType="gp3")
    c.settle()
    row = c.listed(VOLUMES)[v]
    expect(row["Size"] == 2 and [each["InstanceId"] for each in row["Attachments"]] == [i], f"attached and grown: {row}")
    first, s = snapshot(c, v), snapshot(c, v)
    remove_snapshot(c, first)  # while its guest runs, when it does
    c.tell("DetachVolume", done=("IncorrectState",), VolumeId=v)
    c.settle()
    c.tell("ModifyVolume", done=("IncorrectModificationState", "VolumeModificationRateExceeded"), VolumeId=v, Size=3)
    c.settle()
    row = c.listed(VOLUMES)[v]
    expect(row["Size"] == 3 and not row["Attachments"], f"detached and grown: {row}")
    remove_snapshot(c, s)
    remove_volume(c, v)
    terminate(c, i)


def snapshots(c):
    v = volume(c)
    first, second = snapshot(c, v), snapshot(c, v)
    copy = c.make(SNAPSHOTS, "CopySnapshot", SourceSnapshotId=first, SourceRegion="us-east-1")
    c.settle()
    other = volume(c, SnapshotId=first)
    remove_snapshot(c, first)
    remove_volume(c, other)
    expect(second in c.listed(SNAPSHOTS) and copy in c.listed(SNAPSHOTS), "snapshots that nobody deleted are there")
    remove_snapshot(c, copy)
    remove_volume(c, v)
    remove_snapshot(c, second)


def encrypted(c):
    v = volume(c, Encrypted=True)
    s = snapshot(c, v)
    other = volume(c, SnapshotId=s)
    remove_snapshot(c, s)
    remove_volume(c, v)
    remove_volume(c, other)
    for live in (False, True):  # what has a key and stands alone on what has none is copied out of it
        v = volume(c)
        s = snapshot(c, v)
        other = volume(c, SnapshotId=s, Encrypted=True)
        remove_volume(c, v)
        if live:
            i = launch(c)
            c.tell("AttachVolume", done=("VolumeInUse",), InstanceId=i, VolumeId=other, Device="/dev/sdf")
            c.settle()
        remove_snapshot(c, s)
        if live:
            terminate(c, i)
        remove_volume(c, other)


def images(c):
    i = launch(c)
    made = c.make(IMAGES, "CreateImage", InstanceId=i, Name="made")
    c.settle()
    refused = c.make(IMAGES, "RegisterImage", Name="refused", ImageLocation="upload:" + c.upload(b"no disk" * 100))
    c.settle()
    expect(c.listed(IMAGES)[refused]["State"] == "failed", "what is no disk is no image")
    c.tell("DeregisterImage", done=("InvalidAMIID.NotFound", "InvalidAMIID.Unavailable"), ImageId=refused)
    terminate(c, i)
    i = launch(c, ImageId=made)
    terminate(c, i)
    copy = c.token("CopyImage", ("ImageId",), SourceImageId=made, SourceRegion="us-east-1", Name="copied")
    c.settle()
    uploaded = c.make(IMAGES, "RegisterImage", Name="uploaded", ImageLocation="upload:" + c.upload(c.disk))
    c.settle()
    for image in (made, copy, uploaded):
        held = [each["Ebs"]["SnapshotId"] for each in c.listed(IMAGES)[image]["BlockDeviceMappings"]]
        c.tell("DeregisterImage", done=("InvalidAMIID.NotFound", "InvalidAMIID.Unavailable"), ImageId=image)
        c.settle()
        for s in held:
            remove_snapshot(c, s)


def root_volumes(c):
    i = launch(c)
    run_it(c, i)
    c.token("CreateReplaceRootVolumeTask", ("ReplaceRootVolumeTask", "ReplaceRootVolumeTaskId"), InstanceId=i,
            DeleteReplacedRootVolume=True, again=lambda: run_it(c, i))
    c.settle()
    terminate(c, i)


def networks(c):
    vpc = c.make(VPCS, "CreateVpc", CidrBlock="10.7.0.0/16")
    c.settle()
    subnet = c.make(SUBNETS, "CreateSubnet", VpcId=vpc, CidrBlock="10.7.1.0/24", AvailabilityZone=ZONE)
    gateway = c.make(GATEWAYS, "CreateInternetGateway")
    c.tell("AttachInternetGateway", done=("Resource.AlreadyAssociated",), InternetGatewayId=gateway, VpcId=vpc)
    table = c.make(TABLES, "CreateRouteTable", VpcId=vpc)
    c.tell("CreateRoute", done=("RouteAlreadyExists",), RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    address = c.make(ADDRESSES, "AllocateAddress", Domain="vpc")
    nat = c.token("CreateNatGateway", ("NatGateway", "NatGatewayId"), SubnetId=subnet, AllocationId=address)
    c.settle()
    acl = c.make(ACLS, "CreateNetworkAcl", VpcId=vpc)
    group = c.make(GROUPS, "CreateSecurityGroup", GroupName="g", Description="d", VpcId=vpc)
    c.tell("AuthorizeSecurityGroupIngress", done=("InvalidPermission.Duplicate",), GroupId=group, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "192.0.2.0/24"}]}])
    c.settle()
    i = launch(c, SubnetId=subnet, SecurityGroupIds=[group], Placement={})
    terminate(c, i)
    c.tell("DeleteNatGateway", done=("NatGatewayNotFound",), NatGatewayId=nat)
    c.settle()
    c.tell("ReleaseAddress", done=("InvalidAllocationID.NotFound",), AllocationId=address)
    c.tell("DeleteRouteTable", done=("InvalidRouteTableID.NotFound",), RouteTableId=table)
    c.tell("DetachInternetGateway", done=("Gateway.NotAttached",), InternetGatewayId=gateway, VpcId=vpc)
    c.tell("DeleteInternetGateway", done=("InvalidInternetGatewayID.NotFound",), InternetGatewayId=gateway)
    c.tell("DeleteNetworkAcl", done=("InvalidNetworkAclID.NotFound",), NetworkAclId=acl)
    c.tell("DeleteSecurityGroup", done=("InvalidGroup.NotFound",), GroupId=group)
    c.tell("DeleteSubnet", done=("InvalidSubnetID.NotFound",), SubnetId=subnet)
    c.tell("DeleteVpc", done=("InvalidVpcID.NotFound",), VpcId=vpc)
    c.settle()
    expect(vpc not in c.listed(VPCS), f"{vpc} was deleted, and is there")


def interfaces(c):
    i = launch(c)
    subnet = c.tell("DescribeInstances", InstanceIds=[i])["Reservations"][0]["Instances"][0]["SubnetId"]
    eni = c.token("CreateNetworkInterface", ("NetworkInterface", "NetworkInterfaceId"), SubnetId=subnet)
    c.tell("AttachNetworkInterface", done=("InvalidNetworkInterface.InUse",), InstanceId=i, NetworkInterfaceId=eni, DeviceIndex=1)
    c.settle()
    address = c.make(ADDRESSES, "AllocateAddress", Domain="vpc")
    c.tell("AssociateAddress", AllocationId=address, NetworkInterfaceId=eni)
    c.settle()
    expect(c.listed(ADDRESSES)[address].get("NetworkInterfaceId") == eni, "the address is on the interface")
    c.tell("DisassociateAddress", done=("InvalidAssociationID.NotFound",), AssociationId=c.listed(ADDRESSES)[address]["AssociationId"])
    c.tell("ReleaseAddress", done=("InvalidAllocationID.NotFound",), AllocationId=address)
    row = c.tell("DescribeNetworkInterfaces", NetworkInterfaceIds=[eni])["NetworkInterfaces"][0]
    c.tell("DetachNetworkInterface", done=("InvalidAttachmentID.NotFound", "IncorrectState"), AttachmentId=row["Attachment"]["AttachmentId"])
    c.settle()
    c.tell("DeleteNetworkInterface", done=("InvalidNetworkInterfaceID.NotFound",), NetworkInterfaceId=eni)
    c.settle()
    terminate(c, i)


def peerings(c):
    one = c.make(VPCS, "CreateVpc", CidrBlock="10.8.0.0/16")
    other = c.make(VPCS, "CreateVpc", CidrBlock="10.9.0.0/16")
    c.settle()
    peering = c.make(PEERINGS, "CreateVpcPeeringConnection", VpcId=one, PeerVpcId=other)
    c.tell("AcceptVpcPeeringConnection", done=("InvalidStateTransition",), VpcPeeringConnectionId=peering)
    c.settle()
    expect(c.listed(PEERINGS)[peering]["Status"]["Code"] == "active", "the peering is active")
    c.tell("DeleteVpcPeeringConnection", VpcPeeringConnectionId=peering, done=("InvalidVpcPeeringConnectionID.NotFound", "InvalidStateTransition"))
    for vpc in (one, other):
        c.tell("DeleteVpc", done=("InvalidVpcID.NotFound",), VpcId=vpc)
    c.settle()


def markets(c):
    before = set(c.listed(REQUESTS))
    c.token("RequestSpotInstances", ("SpotInstanceRequests", 0, "SpotInstanceRequestId"), InstanceCount=1, LaunchSpecification={
        "ImageId": c.image, "InstanceType": "t3.nano", "Placement": {"AvailabilityZone": ZONE}})
    c.settle()
    mine = [row for key, row in c.listed(REQUESTS).items() if key not in before]  # closed, where its guest has ended
    expect(len(mine) == 1, f"one request was made: {mine}")
    c.tell("CancelSpotInstanceRequests", SpotInstanceRequestIds=[mine[0]["SpotInstanceRequestId"]])
    if "InstanceId" in mine[0]:
        terminate(c, mine[0]["InstanceId"])
    reservation = c.token("CreateCapacityReservation", ("CapacityReservation", "CapacityReservationId"), InstanceType="t3.nano",
                          InstancePlatform="Linux/UNIX", AvailabilityZone=ZONE, InstanceCount=1)
    c.settle()
    c.tell("CancelCapacityReservation", done=("IncorrectState", "InvalidCapacityReservationState"), CapacityReservationId=reservation)
    c.settle()


def small_things(c):
    key = c.make(KEYS, "CreateKeyPair", KeyName="k", KeyType="ed25519")
    c.tell("DeleteKeyPair", KeyPairId=key)
    template = c.token("CreateLaunchTemplate", ("LaunchTemplate", "LaunchTemplateId"), LaunchTemplateName="template",
                       LaunchTemplateData={"InstanceType": "t3.nano", "ImageId": c.image})
    c.token("CreateLaunchTemplateVersion", ("LaunchTemplateVersion", "VersionNumber"), LaunchTemplateId=template,
            LaunchTemplateData={"InstanceType": "t3.micro"})
    i = launch(c, LaunchTemplate={"LaunchTemplateId": template})
    c.tell("CreateTags", Resources=[i], Tags=[{"Key": "Name", "Value": "named"}])
    terminate(c, i)
    c.tell("DeleteLaunchTemplate", done=("NotFound", "NotFoundException"), LaunchTemplateId=template)
    c.tell("CreatePlacementGroup", done=("InvalidPlacementGroup.Duplicate",), GroupName="p", Strategy="spread")
    c.tell("DeletePlacementGroup", done=("InvalidPlacementGroup.Unknown",), GroupName="p")
    lists = c.token("CreateManagedPrefixList", ("PrefixList", "PrefixListId"), PrefixListName="l", MaxEntries=2,
                    AddressFamily="IPv4", Entries=[{"Cidr": "192.0.2.0/24"}])
    c.settle()
    c.tell("DeleteManagedPrefixList", done=("InvalidPrefixListID.NotFound", "IncorrectState"), PrefixListId=lists)
    c.settle()


def modifications(c):
    """What is set and taken back: said twice, it is as it was said once."""
    i, v = launch(c), volume(c)
    s = snapshot(c, v)
    row = c.tell("DescribeInstances", InstanceIds=[i])["Reservations"][0]["Instances"][0]
    eni, vpc, subnet = row["NetworkInterfaces"][0]["NetworkInterfaceId"], row["VpcId"], row["SubnetId"]
    groups = [each["GroupId"] for each in row["SecurityGroups"]]
    own = c.make(GROUPS, "CreateSecurityGroup", GroupName="of-one", Description="d", VpcId=vpc)
    everybody = {"Add": [{"Group": "all"}]}, {"Remove": [{"Group": "all"}]}
    for there in (True, False):
        c.tell("ModifyInstanceAttribute", InstanceId=i, DisableApiTermination={"Value": there})
        c.settle()  # a guest may have ended
        c.tell("ModifyInstanceMetadataOptions", InstanceId=i, HttpTokens="required" if there else "optional")
        c.tell("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=eni, Groups=[own] if there else groups)
        c.tell("ModifySubnetAttribute", SubnetId=subnet, MapPublicIpOnLaunch={"Value": not there})
        c.tell("ModifyVpcAttribute", VpcId=vpc, EnableDnsHostnames={"Value": not there})
        c.tell("ModifySnapshotAttribute", SnapshotId=s, CreateVolumePermission=everybody[not there])
        c.tell("ModifyImageAttribute", ImageId=c.image, LaunchPermission=everybody[not there])
        c.settle()
        rows = c.tell("DescribeNetworkInterfaces", NetworkInterfaceIds=[eni])["NetworkInterfaces"][0]["Groups"]
        expect([each["GroupId"] for each in rows] == ([own] if there else groups), f"{eni} is in {rows}")
        public = c.listed(IMAGES)[c.image]["Public"]
        expect(public == there, f"the image is public: {public}")
    c.tell("DeleteSecurityGroup", done=("InvalidGroup.NotFound",), GroupId=own)
    remove_snapshot(c, s)
    remove_volume(c, v)
    terminate(c, i)


def analyses(c):
    i = launch(c)
    run_it(c, i)
    row = c.tell("DescribeInstances", InstanceIds=[i])["Reservations"][0]["Instances"][0]
    path = c.token("CreateNetworkInsightsPath", ("NetworkInsightsPath", "NetworkInsightsPathId"), Destination=i, Protocol="tcp",
                   DestinationPort=22, Source=row["NetworkInterfaces"][0]["NetworkInterfaceId"])
    analysis = c.token("StartNetworkInsightsAnalysis", ("NetworkInsightsAnalysis", "NetworkInsightsAnalysisId"),
                       NetworkInsightsPathId=path)
    c.settle()
    status = c.tell("DescribeNetworkInsightsAnalyses", NetworkInsightsAnalysisIds=[analysis])["NetworkInsightsAnalyses"][0]["Status"]
    expect(status == "succeeded", f"the analysis is {status}")
    c.tell("DeleteNetworkInsightsAnalysis", done=("InvalidNetworkInsightsAnalysisId.NotFound",), NetworkInsightsAnalysisId=analysis)
    c.tell("DeleteNetworkInsightsPath", done=("InvalidNetworkInsightsPathId.NotFound",), NetworkInsightsPathId=path)
    logs = c.token("CreateFlowLogs", ("FlowLogIds", 0), ResourceType="VPC", ResourceIds=[row["VpcId"]], TrafficType="ALL",
                   LogGroupName="flows", DeliverLogsPermissionArn="arn:aws:iam::123456789012:role/flows")
    c.tell("DeleteFlowLogs", done=("InvalidFlowLogId.NotFound",), FlowLogIds=[logs])
    terminate(c, i)


def identities(c):
    """Users, roles and what they may: these actions have no tokens, so said again they say that it is there."""
    there, gone = ("EntityAlreadyExists",), ("NoSuchEntity",)
    document = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}]})
    trust = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}]})
    c.tell("CreateUser", done=there, UserName="u")
    key = c.make(Makes("ListAccessKeys", "AccessKeyMetadata", "AccessKeyId", {"UserName": "u"}), "CreateAccessKey", UserName="u")
    c.tell("CreateGroup", done=there, GroupName="g")
    c.tell("AddUserToGroup", UserName="u", GroupName="g")
    policy = c.make(Makes("ListPolicies", "Policies", "Arn", {"Scope": "Local"}), "CreatePolicy", PolicyName="p", PolicyDocument=document)
    c.tell("AttachGroupPolicy", GroupName="g", PolicyArn=policy)
    c.tell("PutUserPolicy", UserName="u", PolicyName="inline", PolicyDocument=document)
    c.tell("CreateRole", done=there, RoleName="r", AssumeRolePolicyDocument=trust)
    c.tell("CreateInstanceProfile", done=there, InstanceProfileName="r")
    c.tell("AddRoleToInstanceProfile", done=("LimitExceeded",), InstanceProfileName="r", RoleName="r")
    i = launch(c, IamInstanceProfile={"Name": "r"})
    terminate(c, i)
    c.tell("RemoveRoleFromInstanceProfile", done=gone, InstanceProfileName="r", RoleName="r")
    c.tell("DeleteInstanceProfile", done=gone, InstanceProfileName="r")
    c.tell("DeleteRole", done=gone, RoleName="r")
    c.tell("DeleteUserPolicy", done=gone, UserName="u", PolicyName="inline")
    c.tell("DetachGroupPolicy", done=gone, GroupName="g", PolicyArn=policy)
    c.tell("DeletePolicy", done=gone, PolicyArn=policy)
    c.tell("RemoveUserFromGroup", done=gone, UserName="u", GroupName="g")
    c.tell("DeleteGroup", done=gone, GroupName="g")
    c.tell("DeleteAccessKey", done=gone, UserName="u", AccessKeyId=key)
    c.tell("DeleteUser", done=gone, UserName="u")


def transfers(c):
    before = set(c.listed(SNAPSHOTS))
    i = launch(c)
    image = c.make(IMAGES, "CreateImage", InstanceId=i, Name="to-export")
    c.settle()
    terminate(c, i)
    c.token("ExportImage", ("ExportImageTaskId",), ImageId=image, DiskImageFormat="RAW", S3ExportLocation={"S3Bucket": "bucket-out"})
    c.settle()
    c.token("ImportSnapshot", ("ImportTaskId",), DiskContainer={
        "Format": "RAW", "UserBucket": {"S3Bucket": "bucket-in", "S3Key": "disk.raw"}})
    c.settle()
    tasks = c.tell("DescribeImportSnapshotTasks")["ImportSnapshotTasks"]
    expect(tasks[-1]["SnapshotTaskDetail"]["Status"] == "completed", f"the import is through: {tasks[-1]}")
    held = sorted(set(c.listed(SNAPSHOTS)) - before)
    c.tell("DeregisterImage", done=("InvalidAMIID.NotFound", "InvalidAMIID.Unavailable"), ImageId=image)
    c.settle()
    for s in held:
        remove_snapshot(c, s)


def restarts(c):
    i = launch(c)
    v = volume(c)
    c.tell("AttachVolume", done=("VolumeInUse",), InstanceId=i, VolumeId=v, Device="/dev/sdf")
    c.settle()
    c.kill()
    c.settle()
    expect([each["InstanceId"] for each in c.listed(VOLUMES)[v]["Attachments"]] == [i], "a volume stays where it is")
    terminate(c, i)
    remove_volume(c, v)


SECTIONS = [instances, instance_stores, volumes, snapshots, encrypted, images, root_volumes, networks, interfaces,
            peerings, markets, small_things, modifications, analyses, identities, transfers, restarts]


def points_of_source():
    """{name} of all that the source has."""
    found = set()
    for room in ("lib", "cmd"):
        for where, _, names in os.walk(os.path.join(TREE, room)):
            for name in names:
                if name.endswith(".c"):
                    with open(os.path.join(where, name), encoding="utf-8") as file:
                        text = file.read()
                    found |= set(re.findall(r'crash_point\("([a-z_.:]+)"\)', text))
                    for room_name, op in re.findall(r"\bOP\(([a-z]+), ([a-z_]+),", text):
                        if room_name != "room":
                            found |= {f"{when}:{room_name}.{op}" for when in ("before", "after")}
    return found


def calls_without_points(points):
    """Of the drivers' tables, beside those that only look."""
    for room, looks in LOOKS.items():
        with open(os.path.join(TREE, "lib", room, room + ".h"), encoding="utf-8") as file:
            table = re.search(rf"^struct {room}_ops \{{$(.*?)^\}};", file.read(), re.DOTALL | re.MULTILINE)[1]
        for op in re.findall(r"\(\*([a-z_]+)\)\(", table):
            if (f"before:{room}.{op}" in points) == (op in looks):
                yield f"{room}.{op}"


def run_section(c, section):
    """What it has added to the rows of each table; files that it leaves are a fault."""
    c.settle()
    rows, files = c.rows(), c.files()
    section(c)
    c.settle()
    until = time.monotonic() + 10
    while c.files() != files:
        if time.monotonic() > until:
            raise Fault(f"files differ: {sorted(set(c.files()) ^ set(files))}")
        time.sleep(0.05)
    after = c.rows()
    return {name: after[name] - rows[name] for name in after if after[name] != rows[name]}


def prepare():
    c = Crashing(storage="files", volume_limits="on", regions="us-east-1")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "disk.qcow2")
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, "1G"], check=True)
        with open(path, "rb") as file:
            c.disk = file.read()
    buckets = os.path.join(c.daemon.state, "buckets")
    for name in ("bucket-in", "bucket-out"):
        os.makedirs(os.path.join(buckets, name), exist_ok=True)
    with open(os.path.join(buckets, "bucket-in", "disk.raw"), "wb") as file:
        file.truncate(1 << 20)
    c.image = c.make(IMAGES, "RegisterImage", Name="base", ImageLocation="upload:" + c.upload(c.disk))
    c.settle()
    if not os.path.exists(c.passed_file):
        sys.exit("crash_points.py: this croftd has no crash points: build with -Dcrash_points=true")
    return c


def choose(passed, every, offset, done):
    """(point/work, number) to die at."""
    if every:
        return [(name, number) for name in sorted(passed) for number in range(1, passed[name] + 1)]
    works = collections.defaultdict(list)
    for name in sorted(passed):
        works[name.partition("/")[0]].append(name)
    chosen = []
    for point, names in works.items():
        if point not in done:
            name = names[offset % len(names)]
            chosen.append((name, offset % passed[name] + 1))
            done.add(point)
    return chosen


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--point", default="", help="only those whose POINT/WORK this expression finds, each passing")
    parser.add_argument("--section", action="append", default=[])
    parser.add_argument("--offset", type=int, default=int(time.time() // 86400))
    parser.add_argument("--seconds", type=int, default=0, help="begin no crash after so many")
    options = parser.parse_args()
    began, seen, done, faults = time.monotonic(), set(), set(), []
    total = runs = missed = cut = 0
    print(f"# offset {options.offset}", flush=True)
    c = prepare()
    try:
        for section in SECTIONS:
            if options.section and section.__name__ not in options.section:
                continue
            point = "no point"
            try:
                c.forget_passed()
                usual = run_section(c, section)
                passed = c.passed()
                seen |= {name.partition("/")[0] for name in passed}
                total += sum(passed.values())
                print(f"# {section.__name__}: {sum(passed.values())} passings of {len(passed)} points", flush=True)
                for name, number in choose(passed, options.all or options.point, options.offset, done):
                    if not re.search(options.point, name):
                        continue
                    if options.seconds and time.monotonic() - began > options.seconds:
                        cut += 1
                        continue
                    point, before = f"{name} {number}", c.crashes
                    c.arm(name, number)
                    left = run_section(c, section)
                    runs += 1
                    if c.crashes == before:
                        missed += 1
                        print(f"# {section.__name__} did not pass {point} this time", flush=True)
                    c.disarm()
                    if left != usual:
                        raise Fault(f"rows are left: {left}, without a crash {usual}")
            except Fault as fault:
                faults.append(f"{section.__name__}, {point}: {fault}")
                print(f"# FAULT {faults[-1]}"[:6000], flush=True)
                print("# the log ends: " + c.daemon.log_text()[-1500:].replace("\n", "\n# "), flush=True)
                c.end()  # what comes after would follow from it
                crashes = c.crashes
                c = prepare()
                c.crashes += crashes
        print(f"# {total} passings of {len(seen)} points, {runs} runs with an order, {c.crashes} crashes, {missed} orders not "
              f"reached, {cut} not begun for want of time, {time.monotonic() - began:.0f} s; a start took {c.longest_start:.2f} s, "
              f"rest came after {c.longest_rest:.2f} s at most; {len(faults)} faults")
    finally:
        c.end()
    source = points_of_source()
    unseen = [] if options.section else sorted(each for each in source - seen if each.partition(":")[2] not in BEYOND)
    reached = [] if options.section else sorted(each for each in seen if each.partition(":")[2] in BEYOND)
    bare = list(calls_without_points(source))
    for each in bare:
        print(f"# {each} has no point and is not said to look alone, or both")
    for each in unseen:
        print(f"# no section passes {each}")
    for each in reached:
        print(f"# {each} was said to be beyond reach, and is passed")
    results = [(not faults, "nothing is lost, twice or left over"), (c.crashes > 0 and missed <= max(1, runs // 10), "it died where it was told to")]
    results.append((not bare, "each call of a driver that changes something has its points"))
    if not options.section:
        results.append((not unseen and not reached and source >= seen,
                        f"each of the {len(source)} points of the source is passed, but for {len(BEYOND)} that no run here can reach"))
    for number, (good, what) in enumerate(results, 1):
        print(f"{'ok' if good else 'not ok'} {number} - {what}")
    print(f"1..{len(results)}")
    return 0 if all(good for good, _ in results) else 1


if __name__ == "__main__":
    sys.exit(main())
