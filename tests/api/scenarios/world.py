"""What there is when the scenarios begin, and what several of them use."""
import types
import unittest

from client import call, client, instance, launch, register_image

MISSING = {"i": "i-00000000000000001", "lt": "lt-00000000000000001", "sg": "sg-00000000000000001",
           "ami": "ami-00000000000000001", "sgr": "sgr-00000000000000001",
           "vpc": "vpc-00000000000000001", "subnet": "subnet-00000000000000001",
           "vol": "vol-00000000000000001", "snap": "snap-00000000000000001",
           "eni": "eni-00000000000000001", "pg": "pg-00000000000000001", "cr": "cr-00000000000000001",
           "nip": "nip-00000000000000001", "nia": "nia-00000000000000001",
           "sir": "sir-00000000000000001", "rtb": "rtb-00000000000000001",
           "rtbassoc": "rtbassoc-00000000000000001", "acl": "acl-00000000000000001",
           "aclassoc": "aclassoc-00000000000000001", "pcx": "pcx-00000000000000001",
           "eipalloc": "eipalloc-00000000000000001", "eipassoc": "eipassoc-00000000000000001",
           "nat": "nat-00000000000000001", "vpce": "vpce-00000000000000001",
           "pl": "pl-00000000000000001"}
ANY = "0.0.0.0/0"
ec2 = client()
# The image, an instance of it that runs, a group and the VPC it is in: the default one.
the = types.SimpleNamespace(image=None, one=None, group=None, vpc=None)


def begin():
    the.image = register_image("actions")
    the.one = launch(ec2, the.image)["InstanceId"]
    the.vpc = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])[
        "Vpcs"][0]["VpcId"]
    the.group = ec2.create_security_group(GroupName="actions", Description="d")["GroupId"]


class Scenarios(unittest.TestCase):
    """What the classes of scenarios are."""

    def none(self, member, filters=None, **params):
        """Nothing of the kind: the list is there, and empty."""
        action = self._testMethodName.removeprefix("test_")
        if filters:
            params["Filters"] = [{"Name": filters, "Values": ["*"]}]
        self.assertEqual(call("post", action, params), {member: []})


def ports(number, **more):
    return [{"IpProtocol": "tcp", "FromPort": number, "ToPort": number,
             "IpRanges": [{"CidrIp": ANY, **more}]}]


def of_one(kind):
    """The volume, the interface of the instance that is there, or the snapshot of its image."""
    if kind == "volume":
        return instance(ec2, the.one)["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    if kind == "interface":
        return instance(ec2, the.one)["NetworkInterfaces"][0]["NetworkInterfaceId"]
    if kind == "home":
        return instance(ec2, the.one)["SubnetId"]
    if kind == "options":
        return ec2.describe_vpcs(VpcIds=[the.vpc])["Vpcs"][0]["DhcpOptionsId"]
    found = ec2.describe_images(ImageIds=[the.image])["Images"][0]
    return found["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]


def of_network(kind):
    """The main route table, the default network ACL or a subnet of the default VPC."""
    of_vpc = {"Name": "vpc-id", "Values": [the.vpc]}
    if kind == "table":
        main = {"Name": "association.main", "Values": ["true"]}
        return ec2.describe_route_tables(Filters=[of_vpc, main])["RouteTables"][0]["RouteTableId"]
    if kind == "acl":
        default = {"Name": "default", "Values": ["true"]}
        return ec2.describe_network_acls(Filters=[of_vpc, default])["NetworkAcls"][0]["NetworkAclId"]
    if kind == "gateway":
        return gateway()
    return first_subnet() if kind == "subnet" else None


def gateway():
    found = ec2.describe_route_tables(Filters=[
        {"Name": "vpc-id", "Values": [the.vpc]}, {"Name": "association.main", "Values": ["true"]}])
    return next(route["GatewayId"] for route in found["RouteTables"][0]["Routes"]
                if route["GatewayId"].startswith("igw-"))


def first_subnet():
    of_vpc = {"Name": "vpc-id", "Values": [the.vpc]}
    return ec2.describe_subnets(Filters=[of_vpc])["Subnets"][0]["SubnetId"]


def zone_of_one():
    return instance(ec2, the.one)["Placement"]["AvailabilityZone"]


def interface_now(interface_id):
    found = ec2.describe_network_interfaces(Filters=[
        {"Name": "network-interface-id", "Values": [interface_id]}])["NetworkInterfaces"]
    return found[0] if found else None


def no_more(remove, **ids):
    """Removes with the tests what one of them made, if it is still there."""
    def gone():
        try:
            remove(**ids)
        except ec2.exceptions.ClientError as error:
            if not error.response["Error"]["Code"].endswith("NotFound"):
                raise
    unittest.addModuleCleanup(gone)


def missing(member, prefix, not_found, malformed, one=False):
    """Ids that do not exist, and what is no id; `one` where the member is no list."""
    return [({member: id if one else [id]}, code)
            for id, code in ((f"{prefix}-00000000000000001", not_found), ("rock-1", malformed))]


def filled_in(value):
    """The same with ids in place of %image, %one, %group, %vpc and what of_network() and of_one() know."""
    if isinstance(value, dict):
        return {name: filled_in(item) for name, item in value.items()}
    if isinstance(value, list):
        return [filled_in(item) for item in value]
    if isinstance(value, str) and value.startswith("%"):
        kind = value[1:]
        return vars(the).get(kind) or of_network(kind) or of_one(kind)
    return value
