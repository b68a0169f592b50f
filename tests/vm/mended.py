#!/usr/bin/python3 -B
# area: launch network
# lab: own
# timeout: 600
"""What somebody else takes away behind Croft's back: rules, dnsmasq, a namespace, libvirtd, a domain, a file. It is
noticed, mended or told as it is, each within a bound; the seconds are printed. (What is killed by signals: crash.py.)

In a lab of its own: it ends the lab's libvirtd, which tests/lab rightly takes for a failure.
"""
import contextlib
import os
import re
import signal
import subprocess
import time

from botocore.exceptions import ClientError

from clients import Boto3
from guests import (DNS_PROBE, Checks, Key, base_image, describe, describe_volume, ec2_client, enter_own_lab, log_in,
                    output, qemu_pid, reaches, run, until, wait_state, wait_volume)

enter_own_lab("--config", "instance_type=lab.tiny 1 128")

STATE = os.path.join(os.environ["CROFT_LAB"], "state")
NOTICED = 20  # seconds: networks are looked at every ten
AWAY = 30  # that libvirtd is away
checks = Checks()
ec2 = ec2_client()


def timed(what, look, limit):
    """Whether it came about within the limit; prints how long it took."""
    began = time.monotonic()
    try:
        until(what, look, limit, every=0.2)
    except TimeoutError:
        return checks.ok(f"{what} within {limit} s", False)
    checks.note(f"{what}: after {time.monotonic() - began:.1f} s")
    return checks.ok(f"{what} within {limit} s", True)


def in_vpc(facts, *argv):
    return run("ip", "netns", "exec", facts["VpcId"], *argv)


def name_answers(facts):
    return in_vpc(facts, "/usr/bin/python3", "-c", DNS_PROBE, facts["PrivateDnsName"], "172.31.0.2").stdout.strip() == "1"


def pid_of(name):
    for entry in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{entry}/comm", encoding="ascii") as file:
            if file.read().strip() == name:
                return int(entry)
    return None


# --- the network ------------------------------------------------------------------------------

def dnsmasq_ends(facts):
    with open(f"/run/croft/network/{facts['VpcId']}/dnsmasq.pid", encoding="ascii") as file:
        pid = int(file.read())
    checks.ok("dnsmasq answers", name_answers(facts))
    os.kill(pid, signal.SIGKILL)
    timed("dnsmasq killed: names are answered again", lambda: name_answers(facts), NOTICED)
    found = log_in(key, facts["PublicIpAddress"], "sudo networkctl renew $(ls /sys/class/net | grep ^e | head -1) 2>&1; "
                   f"ip -4 -o addr | grep -c {facts['PrivateIpAddress']}/")
    checks.same("dnsmasq killed: the guest has the address that it had", found.strip()[-1:], "1")


def rules_of(facts):
    return [line for line in in_vpc(facts, "nft", "-s", "list", "chains").stdout.splitlines() if line.strip()]


def rules_are_flushed(facts):
    before = rules_of(facts)
    address = facts["PublicIpAddress"]
    in_vpc(facts, "nft", "flush", "ruleset")
    checks.same("the rules are gone", rules_of(facts), [])
    timed("rules flushed: they are back", lambda: rules_of(facts) == before, NOTICED)
    checks.ok("rules flushed: port 22 is open, 8000 is not",
              reaches(address, 22, 10) and not reaches(address, 8000))


def ways_are_changed(facts):
    """On the server, and in the namespace."""
    address = facts["PublicIpAddress"]
    bridge = re.search(r" master (br\d+)", in_vpc(facts, "ip", "-o", "link").stdout)[1]
    output("ip", "route", "delete", address)
    checks.same("the server's route to the guest deleted: it is gone", output("ip", "route", "show", address), "")
    timed("the server's route to the guest deleted: it is reached", lambda: reaches(address, 22), NOTICED)
    in_vpc(facts, "ip", "link", "set", bridge, "down")
    flags = re.search(r"<(.*)>", in_vpc(facts, "ip", "-o", "link", "show", bridge).stdout)[1]
    checks.ok("the bridge set down: it is down", "UP" not in flags.split(","), flags)
    timed("the bridge set down: the guest is reached", lambda: reaches(address, 22), NOTICED)


def namespace_is_deleted(facts, boot):
    output("ip", "netns", "delete", facts["VpcId"])
    timed("namespace deleted: there is one again, with the guest's tap in it",
          lambda: " master br" in in_vpc(facts, "ip", "-o", "link").stdout, NOTICED)
    timed("namespace deleted: the guest is reached", lambda: reaches(facts["PublicIpAddress"], 22), NOTICED)
    checks.same("namespace deleted: it is the same guest, not rebooted",
                log_in(key, facts["PublicIpAddress"], "cat /proc/sys/kernel/random/boot_id", limit=60).strip(), boot)
    timed("namespace deleted: names are answered", lambda: name_answers(facts), NOTICED)
    token = "curl -sf -m 5 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token"
    timed("namespace deleted: metadata is answered",
          lambda: len(log_in(key, facts["PublicIpAddress"], f"{token} || true", limit=60).strip()) > 20, NOTICED)


# --- libvirtd ---------------------------------------------------------------------------------

def libvirtd_is_away(image, facts):
    """Calls while it is away are answered at once, and what they ask for is done when it is back."""
    os.kill(pid_of("libvirtd"), signal.SIGTERM)
    until("libvirtd has gone", lambda: pid_of("libvirtd") is None, 20)
    ended = time.monotonic()
    slow = 0.0

    def call(name, **arguments):
        nonlocal slow
        began = time.monotonic()
        try:
            return getattr(ec2, name)(**arguments)
        except ClientError as error:
            checks.note(f"libvirtd away: {name}: {error.response['Error']['Code']}: {error.response['Error']['Message']}")
            return None
        finally:
            slow = max(slow, time.monotonic() - began)

    found = call("describe_instances", InstanceIds=[facts["InstanceId"]])
    checks.same("libvirtd away: the instance is running", found and found["Reservations"][0]["Instances"][0]["State"]["Name"],
                "running")
    launched = call("run_instances", ImageId=image, InstanceType="lab.tiny", MinCount=1, MaxCount=1)
    launched = launched and launched["Instances"][0]["InstanceId"]
    volume = call("create_volume", Size=1, AvailabilityZone=facts["Placement"]["AvailabilityZone"])
    call("get_console_output", InstanceId=facts["InstanceId"])
    while time.monotonic() < ended + AWAY:
        call("describe_instances")
        time.sleep(1)
    checks.ok("libvirtd away: each call is answered within 15 s", slow < 15, f"{slow:.1f} s")
    checks.note(f"libvirtd away: the slowest call took {slow:.2f} s")
    checks.ok("libvirtd away: the guest answers", reaches(facts["PublicIpAddress"], 22))
    with open(os.path.join(os.environ["CROFT_LAB"], "log", "libvirtd.log"), "ab") as log:
        subprocess.Popen(["libvirtd"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    until("libvirtd answers", lambda: run("virsh", "list").returncode == 0, 60)
    if launched:
        timed("libvirtd back: what was launched meanwhile runs",
              lambda: describe(ec2, launched)["State"]["Name"] in ("running", "terminated"), 60)
        checks.same("libvirtd back: it runs", describe(ec2, launched)["State"]["Name"], "running")
        ec2.terminate_instances(InstanceIds=[launched])
        timed("libvirtd back: it ends", lambda: describe(ec2, launched)["State"]["Name"] == "terminated", 60)
    if volume:
        wait_volume(ec2, volume["VolumeId"], "available", 30)
        ec2.delete_volume(VolumeId=volume["VolumeId"])


# --- domains and files ------------------------------------------------------------------------

def domain_is_destroyed(instance_id):
    """By hand, at virsh. Domains are transient: none that is defined is there to be undefined."""
    checks.same("a domain that runs is not defined", output("virsh", "list", "--all", "--persistent", "--name").split(), [])
    output("virsh", "destroy", instance_id)
    timed("domain destroyed by hand: the instance is stopped", lambda: describe(ec2, instance_id)["State"]["Name"] == "stopped",
          NOTICED)
    reason = describe(ec2, instance_id).get("StateReason", {})
    checks.ok("domain destroyed by hand: it says that it was not asked to", reason.get("Code", "").startswith("Server."), reason)
    checks.note(reason.get("Message"))


def file_of(volume):
    return next(os.path.join(where, name) for where, _, names in os.walk(os.path.join(STATE, "volumes"))
                for name in names if volume in name)


def status_of(volume):
    return ec2.describe_volume_status(VolumeIds=[volume])["VolumeStatuses"][0]


def told_of(volume, what):
    status = status_of(volume)
    checks.same(f"{what}: the volume is impaired", status["VolumeStatus"]["Status"], "impaired")
    checks.same(f"{what}: and says why", [event["EventType"] for event in status["Events"]], ["potential-data-inconsistency"])


def root_file_is_removed(instance_id):
    """And put back: what an administrator moved away is not lost."""
    volume = describe(ec2, instance_id)["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    path = file_of(volume)
    os.rename(path, path + ".away")
    with contextlib.suppress(ClientError):
        ec2.start_instances(InstanceIds=[instance_id])
    timed("root's file gone: the start ends", lambda: describe(ec2, instance_id)["State"]["Name"] == "stopped"
          and describe(ec2, instance_id).get("StateReason", {}).get("Code", "").startswith("Server."), 60)
    found = describe(ec2, instance_id)
    reason = found.get("StateReason", {}).get("Message", "")
    checks.note(f"root's file gone: {reason}")
    checks.ok("root's file gone: the reason names the volume, and no path of the server",
              volume in reason and STATE not in reason, reason)
    told_of(volume, "root's file gone")
    checks.same("root's file gone: no domain is left", output("virsh", "list", "--all", "--name").split(), [])
    os.rename(path + ".away", path)
    ec2.start_instances(InstanceIds=[instance_id])
    found = wait_state(ec2, instance_id, "running", "stopped", limit=60)
    checks.same("root's file put back: it starts", found["State"]["Name"], "running")
    checks.same("root's file put back: the volume is well", status_of(volume)["VolumeStatus"]["Status"], "ok")


def volume_file_is_removed(facts):
    volume = ec2.create_volume(Size=1, AvailabilityZone=facts["Placement"]["AvailabilityZone"])["VolumeId"]
    wait_volume(ec2, volume, "available", 30)
    os.unlink(file_of(volume))
    try:
        ec2.attach_volume(VolumeId=volume, InstanceId=facts["InstanceId"], Device="/dev/sdf")
    except ClientError as error:
        checks.note(f"file gone: attach: {error}")
    timed("volume's file gone: the volume is available again", lambda: describe_volume(ec2, volume)["State"] == "available", 90)
    shown = ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]
    told_of(volume, "volume's file gone")
    checks.same("volume's file gone: it is attached to nothing", shown["Attachments"], [])
    checks.same("volume's file gone: the instance runs on", describe(ec2, facts["InstanceId"])["State"]["Name"], "running")
    with contextlib.suppress(ClientError):
        ec2.delete_volume(VolumeId=volume)
    timed("volume's file gone: it can be deleted", lambda: not ec2.describe_volumes(
        Filters=[{"Name": "volume-id", "Values": [volume]}])["Volumes"], 30)


class Snapshot:
    """One whose file is moved away and put back. Nobody uses it, so it is looked for every two minutes: begun
    before all else, and looked at when that has been done."""

    def __init__(self):
        zone = ec2.describe_availability_zones()["AvailabilityZones"][0]["ZoneName"]
        volume = ec2.create_volume(Size=1, AvailabilityZone=zone)["VolumeId"]
        wait_volume(ec2, volume, "available", 30)
        self.id = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
        until("the snapshot is completed", lambda: self.seen()["State"] == "completed", 30)
        ec2.delete_volume(VolumeId=volume)
        until("the volume is gone", lambda: not ec2.describe_volumes(
            Filters=[{"Name": "volume-id", "Values": [volume]}])["Volumes"], 30)
        self.zone, self.path = zone, file_of(volume)
        os.rename(self.path, self.path + ".away")

    def seen(self):
        return ec2.describe_snapshots(SnapshotIds=[self.id])["Snapshots"][0]

    def is_noticed(self):
        timed("snapshot's file gone: it is an error", lambda: self.seen()["State"] == "error", 130)
        reason = self.seen().get("StateMessage", "")
        checks.ok("snapshot's file gone: it says so, and no path of the server", "file" in reason and STATE not in reason,
                  reason)
        try:
            ec2.create_volume(SnapshotId=self.id, AvailabilityZone=self.zone)
            refusal = None
        except ClientError as error:
            refusal = error.response["Error"]["Code"]
        checks.same("snapshot's file gone: nothing is made from it", refusal, "IncorrectState")
        os.rename(self.path + ".away", self.path)

    def is_mended(self):
        timed("snapshot's file put back: it is completed", lambda: self.seen()["State"] == "completed", 130)
        ec2.delete_snapshot(SnapshotId=self.id)


def main():
    global key  # pylint: disable=global-statement
    image = base_image()
    client = Boto3()
    key = Key("mended", client.key("mended"))
    group = client.group("mended")
    instance_id = ec2.run_instances(ImageId=image, InstanceType="t2.nano", MinCount=1, MaxCount=1, KeyName="mended",
                                    SecurityGroupIds=[group])["Instances"][0]["InstanceId"]
    facts = wait_state(ec2, instance_id, "running")
    boot = log_in(key, facts["PublicIpAddress"], "cat /proc/sys/kernel/random/boot_id").strip()
    checks.note("first login")
    snapshot = Snapshot()
    with checks.part("dnsmasq"):
        dnsmasq_ends(facts)
    with checks.part("rules"):
        rules_are_flushed(facts)
    with checks.part("ways"):
        ways_are_changed(facts)
    with checks.part("namespace"):
        namespace_is_deleted(facts, boot)
    with checks.part("volume's file"):
        volume_file_is_removed(facts)
    with checks.part("snapshot's file"):
        snapshot.is_noticed()
    with checks.part("libvirtd"):
        libvirtd_is_away(image, facts)
    with checks.part("domain"):
        domain_is_destroyed(instance_id)
    with checks.part("root's file"):
        root_file_is_removed(instance_id)
    with checks.part("snapshot's file is back"):
        snapshot.is_mended()
    ec2.terminate_instances(InstanceIds=[instance_id])
    wait_state(ec2, instance_id, "terminated")
    checks.same("QEMU has ended", qemu_pid(instance_id), None)
    client.remove("mended", group)
    key.remove()


key = None
main()
checks.finish()
