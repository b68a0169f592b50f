#!/usr/bin/python3 -B
# area: identity launch
# config: spot_interruption_notice=3
# config: instance_type=big.spot 1 100000
# timeout: 300
"""What guests read at 169.254.169.254.

The fake network has no namespaces: a VPC's metadata is at a unix socket, and a client is taken for the
guest whose address its own socket is bound to (lib/network/fake.h). That is what a source address is in
a real VPC, and all else is the same."""
import base64
import http.client
import itertools
import json
import os
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import botocore.utils

from client import (LAB, REGION, SOCKET, client, daemon, instance, launch, refusal, register_image,
                    remove, tap, until, wait_state)

NOTICE = 3
META = "/latest/meta-data/"
TTL = "X-aws-ec2-metadata-token-ttl-seconds"
TOKEN = "X-aws-ec2-metadata-token"
ports = itertools.count(1)


def setUpModule():
    global ec2, image
    ec2 = client()
    image = register_image("metadata")


def socket_of(vpc_id):
    return os.path.join(os.path.dirname(SOCKET), "metadata", vpc_id)


class FromGuest(http.client.HTTPConnection):
    """A connection from an address of a VPC."""

    def __init__(self, vpc_id, address):
        super().__init__("169.254.169.254", timeout=30)
        self.vpc_id, self.address = vpc_id, address

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        if self.address is not None:
            self.sock.bind(f"\0{self.address}/{os.getpid()}-{next(ports)}")
        self.sock.connect(socket_of(self.vpc_id))


class Guest:
    def __init__(self, row):
        self.row, self.id = row, row["InstanceId"]
        self.vpc, self.address = row["VpcId"], row["PrivateIpAddress"]

    def ask(self, path, method="GET", **headers):
        link = FromGuest(self.vpc, self.address)
        try:
            link.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})
            reply = link.getresponse()
            return reply.status, dict(reply.getheaders()), reply.read()
        finally:
            link.close()

    def status(self, path, method="GET", **headers):
        return self.ask(path, method, **headers)[0]

    def read(self, path, **headers):
        status, _, body = self.ask(path, **headers)
        if status != 200:
            raise AssertionError(f"{path}: {status}")
        return body.decode()

    def meta(self, path, **headers):
        return self.read(META + path, **headers)

    def token(self, ttl=60):
        status, headers, body = self.ask("/latest/api/token", "PUT", **{TTL: str(ttl)})
        assert status == 200, status
        assert headers[TTL] == str(ttl), headers
        return {TOKEN: body.decode()}

    def crawl(self, path):
        """Every path below it with what is there, as cloud-init goes through it."""
        found = {}
        for line in self.read(path).split("\n"):
            if line.endswith("/"):
                found.update(self.crawl(path + line))
            elif "=" in line:
                found.update(self.crawl(f"{path}{line.partition('=')[0]}/"))
            else:
                found[path + line] = self.ask(path + line)[2]
        return found


def guest(**more):
    return Guest(launch(ec2, image, **more))


class InstanceConnect(unittest.TestCase):
    def test_a_key_that_was_sent_is_the_guest_s_to_read_for_a_minute(self):
        one, other = guest(), guest()
        owner = client("sts").get_caller_identity()["Account"]
        connect = client("ec2-instance-connect")
        folder = META + "managed-ssh-keys/"
        self.assertEqual(one.status(folder), 404)
        key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl me@here"
        before = int(time.time())
        sent = connect.send_ssh_public_key(InstanceId=one.id, InstanceOSUser="ec2-user", SSHPublicKey=key)
        self.assertTrue(sent["Success"])
        self.assertEqual(one.read(folder + "active-keys/"), "ec2-user")
        lines = one.read(folder + "active-keys/ec2-user/", **one.token()).splitlines()
        self.assertEqual(lines[1:], [f"#Instance={one.id}", f"#Caller=arn:aws:iam::{owner}:root",
                                     f"#Request={sent['RequestId']}", " ".join(key.split()[:2]) +
                                     " ec2-instance-connect"])
        ends = int(lines[0].removeprefix("#Timestamp="))
        self.assertTrue(before + 60 <= ends <= int(time.time()) + 60, lines[0])
        self.assertEqual(one.status(folder + "active-keys/root"), 404)
        self.assertEqual(other.status(folder), 404)
        ec2.stop_instances(InstanceIds=[one.id])
        wait_state(ec2, one.id, "stopped")
        error = refusal(connect.send_ssh_public_key, InstanceId=one.id, InstanceOSUser="ec2-user", SSHPublicKey=key)
        self.assertEqual((error.code, error.status), ("EC2InstanceStateInvalidException", 400))
        error = refusal(client("ec2-instance-connect", secret="x" * 40).send_ssh_public_key, InstanceId=one.id,
                        InstanceOSUser="ec2-user", SSHPublicKey=key)
        self.assertEqual((error.code, error.status), ("AuthException", 400))
        remove(ec2, one.id, other.id)


def resident():
    """Bytes of memory that the daemon has."""
    with open(f"/proc/{daemon('pid')}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Relay:
    """A port on loopback for clients that speak TCP only; what comes there comes from the guest."""

    def __init__(self, one):
        self.guest = one
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d/" % self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = FromGuest(self.guest.vpc, self.guest.address)
            far.connect()
            for a, b in ((near, far.sock), (far.sock, near)):
                threading.Thread(target=self.copy, args=(a, b), daemon=True).start()

    @staticmethod
    def copy(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self.listener.close()


class Metadata(unittest.TestCase):
    def guest(self, **more):
        one = guest(**more)
        self.addCleanup(remove, ec2, one.id)
        return one

    def test_the_tree_says_what_describe_instances_says(self):
        ec2.import_key_pair(KeyName="me here", PublicKeyMaterial=b"ssh-ed25519 " + base64.b64encode(
            b"\0\0\0\x0bssh-ed25519\0\0\0 " + bytes(range(32))))
        self.addCleanup(ec2.delete_key_pair, KeyName="me here")
        one = self.guest(KeyName="me here", Monitoring={"Enabled": True}, BlockDeviceMappings=[
            {"DeviceName": "/dev/sdg", "Ebs": {"VolumeSize": 1}},
            {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 1}}])
        row = one.row
        mac = row["NetworkInterfaces"][0]["MacAddress"]
        its = f"{META}network/interfaces/macs/{mac}/"
        groups = row["SecurityGroups"]
        subnet = ec2.describe_subnets(SubnetIds=[row["SubnetId"]])["Subnets"][0]
        vpc = ec2.describe_vpcs(VpcIds=[row["VpcId"]])["Vpcs"][0]
        reservation = ec2.describe_instances(InstanceIds=[one.id])["Reservations"][0]
        tree = {path: body.decode() for path, body in one.crawl(META).items()}
        wanted = {
            "ami-id": image, "ami-launch-index": "0", "ami-manifest-path": "(unknown)",
            "block-device-mapping/ami": row["RootDeviceName"],
            "block-device-mapping/root": row["RootDeviceName"],
            "block-device-mapping/ebs1": "sdf", "block-device-mapping/ebs2": "sdg",
            "events/maintenance/history": "[]", "events/maintenance/scheduled": "[]",
            "hostname": row["PrivateDnsName"], "local-hostname": row["PrivateDnsName"],
            "instance-action": "none", "instance-id": one.id, "instance-life-cycle": "on-demand",
            "instance-type": row["InstanceType"], "local-ipv4": row["PrivateIpAddress"],
            "mac": mac, "placement/availability-zone": row["Placement"]["AvailabilityZone"],
            "placement/availability-zone-id": subnet["AvailabilityZoneId"],
            "placement/region": REGION, "profile": "default-hvm",
            "public-hostname": row["PublicDnsName"], "public-ipv4": row["PublicIpAddress"],
            "reservation-id": reservation["ReservationId"],
            "security-groups": groups[0]["GroupName"], "services/domain": "amazonaws.com",
            "services/partition": "aws", "system": "nitro"}
        wanted = {META + name: value for name, value in wanted.items()}
        wanted.update({its + name: value for name, value in {
            "device-number": "0", "interface-id": row["NetworkInterfaces"][0]["NetworkInterfaceId"],
            f"ipv4-associations/{row['PublicIpAddress']}": row["PrivateIpAddress"],
            "local-hostname": row["PrivateDnsName"], "local-ipv4s": row["PrivateIpAddress"],
            "mac": mac, "network-card": "0", "network-card-index": "0", "owner-id": row["NetworkInterfaces"][0]["OwnerId"],
            "public-hostname": row["PublicDnsName"], "public-ipv4s": row["PublicIpAddress"],
            "security-group-ids": groups[0]["GroupId"], "security-groups": groups[0]["GroupName"],
            "subnet-id": row["SubnetId"], "subnet-ipv4-cidr-block": subnet["CidrBlock"],
            "vpc-id": row["VpcId"], "vpc-ipv4-cidr-block": vpc["CidrBlock"],
            "vpc-ipv4-cidr-blocks": vpc["CidrBlock"]}.items()})
        key = tree.pop(META + "public-keys/0/openssh-key")
        self.assertRegex(key, "^ssh-ed25519 AAAA.*\n$")
        self.assertEqual(one.meta("public-keys/"), "0=me here")
        self.assertEqual(tree, wanted)
        self.assertEqual(one.read("/latest/dynamic/fws/instance-monitoring"), "enabled")
        for version in one.read("/").split("\n"):
            self.assertEqual(one.read(f"/{version}/meta-data/instance-id"), one.id)

    def test_what_mocks_and_cloud_init_ask_for(self):
        """The paths of amazon-ec2-metadata-mock and of cloud-init's Ec2 data source: there, or 404 as on an instance
        that has no such thing."""
        ec2.create_key_pair(KeyName="paths")
        self.addCleanup(ec2.delete_key_pair, KeyName="paths")
        one = self.guest(KeyName="paths", BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 1}}])
        mac = f"network/interfaces/macs/{one.row['NetworkInterfaces'][0]['MacAddress']}/"
        public = one.meta("public-ipv4")
        there = ["ami-id", "ami-launch-index", "ami-manifest-path", "block-device-mapping/ami",
                 "block-device-mapping/ebs1", "block-device-mapping/root", "events/maintenance/history",
                 "events/maintenance/scheduled", "hostname", "instance-action", "instance-id", "instance-life-cycle",
                 "instance-type", "local-hostname", "local-ipv4", "mac", "placement/availability-zone",
                 "placement/availability-zone-id", "placement/region", "public-hostname", "public-ipv4",
                 "public-keys/0/openssh-key", "reservation-id", "security-groups", "services/domain",
                 "services/partition"]
        there += [mac + name for name in (
            "device-number", f"ipv4-associations/{public}", "interface-id", "local-hostname", "local-ipv4s", "mac",
            "network-card-index", "owner-id", "public-hostname", "public-ipv4s", "security-group-ids",
            "security-groups", "subnet-id", "subnet-ipv4-cidr-block", "vpc-id", "vpc-ipv4-cidr-block",
            "vpc-ipv4-cidr-blocks")]
        without = ["autoscaling/target-lifecycle-state", "block-device-mapping/ephemeral0", "block-device-mapping/swap",
                   "elastic-inference/associations", "events/recommendations/rebalance", "iam/info",
                   "iam/security-credentials", "kernel-id", "placement/group-name", "placement/host-id",
                   "placement/partition-number", "product-codes", "ramdisk-id", "spot/instance-action",
                   "spot/termination-time", "tags/instance/Name", mac + "ipv6s", mac + "subnet-ipv6-cidr-blocks",
                   mac + "vpc-ipv6-cidr-blocks"]
        self.assertEqual({path: 200 for path in there} | {path: 404 for path in without},
                         {path: one.status(META + path) for path in there + without})
        for name in ("dynamic/instance-identity/document", "dynamic/instance-identity/pkcs7",
                     "dynamic/instance-identity/signature", "dynamic/fws/instance-monitoring"):
            self.assertEqual(one.status("/latest/" + name), 200, name)
        for version in ("2021-03-23", "2018-09-24", "2016-09-02", "2009-04-04"):  # cloud-init tries them in this order
            self.assertEqual(one.read(f"/{version}/meta-data/instance-id"), one.id)

    def test_user_data_comes_byte_by_byte(self):
        data = bytes(range(256)) * 60
        one = self.guest(UserData=data)
        status, headers, body = one.ask("/latest/user-data")
        self.assertEqual((status, body), (200, data))
        self.assertEqual(headers["Content-Type"], "application/octet-stream")
        self.assertIn("user-data", one.read("/latest").split("\n"))
        other = self.guest()
        self.assertEqual(other.status("/latest/user-data"), 404)
        ec2.stop_instances(InstanceIds=[one.id])
        wait_state(ec2, one.id, "stopped")
        self.assertEqual(one.status("/latest/user-data"), 404, "it does not run: it is nobody")
        ec2.modify_instance_attribute(InstanceId=one.id, UserData={"Value": b"another"})
        ec2.start_instances(InstanceIds=[one.id])
        wait_state(ec2, one.id, "running")
        self.assertEqual(one.read("/latest/user-data"), "another")

    def test_tokens(self):
        one = self.guest(MetadataOptions={"HttpTokens": "required"})
        other = self.guest(MetadataOptions={"HttpTokens": "required"})
        self.assertEqual(one.status(META), 401)
        self.assertEqual(one.meta("instance-id", **one.token()), one.id)
        mine = one.token()
        for wrong in (other.token(), {TOKEN: "x"}, {TOKEN: mine[TOKEN][:-1] + "~"}):
            self.assertEqual(one.status(META, **wrong), 401)
        self.assertEqual(other.status(META, **mine), 401)
        for bad in ("0", "21601", "-1", "x", ""):
            self.assertEqual(one.status("/latest/api/token", "PUT", **{TTL: bad}), 400, bad)
        self.assertEqual(one.status("/latest/api/token", "PUT"), 400)
        self.assertEqual(one.status("/latest/api/token", "PUT", X_Forwarded_For="203.0.113.7",
                                    **{TTL: "60"}), 403)
        self.assertEqual(one.status("/latest/api/token", **{TTL: "60"}), 405)
        short = one.token(1)
        self.assertEqual(one.status(META, **short), 200)
        time.sleep(1.1)
        self.assertEqual(one.status(META, **short), 401)
        self.assertNotIn(mine[TOKEN], open(os.path.join(LAB, "log", "croftd.log"),
                                           encoding="utf-8").read())

    def test_options_are_in_force_with_the_call_that_changes_them(self):
        one = self.guest()

        def change(**options):
            made = ec2.modify_instance_metadata_options(InstanceId=one.id, **options)
            self.assertEqual(made["InstanceMetadataOptions"]["State"], "pending")
            self.assertEqual(instance(ec2, one.id)["MetadataOptions"]["State"], "applied")
        self.assertEqual(one.status(META), 200)
        change(HttpTokens="required")
        self.assertEqual(one.status(META), 401)
        self.assertEqual(one.status(META, **one.token()), 200)
        mine = one.token()
        change(HttpEndpoint="disabled")
        self.assertEqual(one.status(META, **mine), 403)
        self.assertEqual(one.status("/latest/api/token", "PUT", **{TTL: "60"}), 403)
        change(HttpEndpoint="enabled", HttpTokens="optional")
        self.assertEqual(one.status(META), 200)
        self.assertEqual(one.status(META, **mine), 200)
        ec2.create_tags(Resources=[one.id], Tags=[{"Key": "Name", "Value": "web & more"},
                                                  {"Key": "team:a", "Value": ""}])
        self.assertEqual(one.status(META + "tags/instance/"), 404)
        change(InstanceMetadataTags="enabled")
        self.assertEqual(one.meta("tags/instance/"), "Name\nteam:a")
        self.assertEqual(one.meta("tags/instance/Name"), "web & more")
        self.assertEqual(one.meta("tags/instance/team%3Aa"), "")
        self.assertEqual(refusal(ec2.create_tags, Resources=[one.id], Tags=[
            {"Key": "not a path", "Value": ""}]).code, "InvalidParameterValue")
        change(HttpProtocolIpv6="enabled")
        self.assertEqual(instance(ec2, one.id)["MetadataOptions"]["HttpProtocolIpv6"], "enabled")
        ec2.create_tags(Resources=[one.id], Tags=[{"Key": "Name", "Value": "db"}])
        self.assertEqual(one.meta("tags/instance/Name"), "db")
        ec2.delete_tags(Resources=[one.id], Tags=[{"Key": "Name"}])
        self.assertEqual(one.status(META + "tags/instance/Name"), 404)

    def test_nobody_else_is_answered(self):
        one = self.guest()
        ghost = Guest(one.row)
        for address in ("172.31.255.254", "::1"):
            ghost.address = address
            self.assertEqual(ghost.status(META), 404, address)
        for address in (None, "not an address", "172.31.0"):
            ghost.address = address
            with self.assertRaises((OSError, http.client.HTTPException)):
                ghost.ask(META)
        self.assertEqual(one.meta("instance-id", Host="evil.example", X_Forwarded_For="10.0.0.1"),
                         one.id)

    def test_methods_and_paths_that_are_none(self):
        one = self.guest()
        for method in ("POST", "DELETE", "OPTIONS", "PUT"):
            self.assertEqual(one.status(META + "ami-id", method), 405, method)
        status, headers, body = one.ask(META + "ami-id", "HEAD")
        self.assertEqual((status, body, headers["Content-Length"]), (200, b"", str(len(image))))
        for path in ("/latest/meta-data/nothing", "/nothing", "/latest/meta-data/iam/",
                     "/latest/meta-data/iam/security-credentials/", META + "spot/instance-action",
                     META + "managed-ssh-keys/", META + "events/recommendations/rebalance",
                     META + "../../etc/passwd", META + "%2e%2e/", META + "%00"):
            self.assertEqual(one.status(path), 404, path)
        self.assertEqual(one.status(META, X_Long="x" * 40000), 431)

    def test_a_silent_crowd_of_one_guest_does_not_lock_out_another(self):
        loud, quiet = self.guest(), self.guest()
        crowd = []
        for _ in range(200):
            link = FromGuest(loud.vpc, loud.address)
            link.connect()
            crowd.append(link)
        self.assertEqual(quiet.meta("instance-id"), quiet.id)
        for link in crowd:
            link.close()
        until(lambda: self.answers(loud), what="an answer after the crowd")

    @staticmethod
    def answers(one):
        try:
            return one.status(META) == 200
        except (OSError, http.client.HTTPException):
            return False

    def test_a_flood_of_tokens_is_kept_nowhere(self):
        """Each is good, and the daemon is no larger for it."""
        one = self.guest()
        first = one.token()
        link = FromGuest(one.vpc, one.address)

        def flood(n):
            for _ in range(n):
                link.request("PUT", "/latest/api/token", headers={TTL: "21600"})
                last = link.getresponse().read()
            return last.decode()

        flood(500)
        before = resident()
        last = flood(3000)
        link.close()
        self.assertLess(resident() - before, 16 << 20)  # which a sanitizer keeps of what was freed: suite.py
        for token in (first, {TOKEN: last}):
            self.assertEqual(one.meta("instance-id", **token), one.id)

    def test_identity_documents_are_signed(self):
        one = self.guest()
        text = one.read("/latest/dynamic/instance-identity/document")
        document = json.loads(text)
        self.assertEqual(
            {name: document[name] for name in ("instanceId", "imageId", "region", "privateIp",
                                               "availabilityZone", "instanceType", "version",
                                               "architecture")},
            {"instanceId": one.id, "imageId": image, "region": REGION, "privateIp": one.address,
             "availabilityZone": one.row["Placement"]["AvailabilityZone"],
             "instanceType": "t3.micro", "version": "2017-09-30", "architecture": "x86_64"})
        self.assertRegex(document["pendingTime"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        certificate = os.path.join(LAB, "state", "instance-identity.pem")
        with tempfile.TemporaryDirectory() as place:
            def put(name, data):
                path = os.path.join(place, name)
                with open(path, "wb") as file:
                    file.write(data)
                return path

            def openssl(*words):
                done = subprocess.run(("openssl",) + words, capture_output=True, check=False)
                self.assertEqual(done.returncode, 0, done.stderr)
                return done.stdout
            for name in ("pkcs7", "rsa2048"):
                body = one.ask(f"/latest/dynamic/instance-identity/{name}")[2]
                path = put(name, b"-----BEGIN PKCS7-----\n" + body + b"\n-----END PKCS7-----\n")
                said = openssl("smime", "-verify", "-in", path, "-inform", "PEM", "-certfile",
                               certificate, "-noverify", "-nointern")
                self.assertEqual(said.decode(), text, name)
            body = one.ask("/latest/dynamic/instance-identity/signature")[2]
            key = put("key", openssl("x509", "-in", certificate, "-noout", "-pubkey"))
            openssl("dgst", "-sha256", "-verify", key, "-signature",
                    put("signature", base64.b64decode(body)), put("document", text.encode()))
        with open(os.path.join(LAB, "log", "croftd.log"), encoding="utf-8") as log:
            self.assertNotIn("PRIVATE KEY", log.read())

    def test_the_sdk_finds_its_region(self):
        one = self.guest(MetadataOptions={"HttpTokens": "required"})
        relay = Relay(one)
        self.addCleanup(relay.close)
        fetcher = botocore.utils.InstanceMetadataRegionFetcher(
            base_url=relay.url, env={"AWS_EC2_METADATA_DISABLED": "false"}, num_attempts=1)
        self.assertEqual(fetcher.retrieve_region(), REGION)

    def test_a_spot_instance_reads_its_notice(self):
        spot = launch(ec2, image, InstanceType="big.spot", count=9, InstanceMarketOptions={
            "MarketType": "spot"})
        guests = [Guest(row) for row in spot]
        self.addCleanup(remove, ec2, *[one.id for one in guests])
        for one in guests:
            self.assertEqual(one.meta("instance-life-cycle"), "spot")
            self.assertEqual(one.status(META + "spot/instance-action"), 404)
            self.assertEqual(one.status(META + "spot/termination-time"), 404)
        before = time.time()
        new = ec2.run_instances(ImageId=image, InstanceType="big.spot", MinCount=1,
                                MaxCount=1)["Instances"][0]["InstanceId"]
        self.addCleanup(remove, ec2, new)
        told = [one for one in guests if one.status(META + "spot/instance-action") == 200]
        self.assertEqual(len(told), 1, "with the answer to the launch")
        notice = json.loads(told[0].meta("spot/instance-action"))
        self.assertEqual(notice["action"], "terminate")
        at = told[0].meta("spot/termination-time")
        self.assertEqual(notice["time"], at)
        self.assertRegex(at, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertAlmostEqual(time.mktime(time.strptime(at, "%Y-%m-%dT%H:%M:%SZ")) - time.timezone,
                               before + NOTICE, delta=2)
        self.assertEqual(told[0].meta("spot/"), "instance-action\ntermination-time")
        rebalance = json.loads(told[0].meta("events/recommendations/rebalance"))["noticeTime"]
        self.assertAlmostEqual(time.mktime(time.strptime(rebalance, "%Y-%m-%dT%H:%M:%SZ")) - time.timezone,
                               before, delta=2)
        wait_state(ec2, told[0].id, "terminated")
        self.assertGreater(time.time(), before + NOTICE - 1)
        self.assertEqual(told[0].status(META), 404)
        wait_state(ec2, new, "running")

    def test_z_a_restart_listens_again(self):
        one = guest()
        certificate = os.path.join(LAB, "state", "instance-identity.pem")
        with open(certificate, encoding="ascii") as file:
            before = file.read()
        link = FromGuest(one.vpc, one.address)
        link.request("GET", META)
        self.assertEqual(link.getresponse().status, 200)
        daemon("kill")
        daemon("start")
        global image
        image = register_image("metadata-again")  # the fake's images and guests went with it
        again = guest()
        self.assertEqual(again.vpc, one.vpc)
        self.assertEqual(again.meta("instance-id"), again.id)
        with open(certificate, encoding="ascii") as file:
            self.assertEqual(file.read(), before)
        remove(ec2, again.id)


if __name__ == "__main__":
    tap.main()
