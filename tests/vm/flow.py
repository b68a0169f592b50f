#!/usr/bin/python3 -B
# area: launch
# timeout: 1500
"""The life of real guests, led by both AWS CLIs, boto3 and curl, with a login after each step.

Each client leads one guest from key pair to terminated. The four guests live side by side, and two
of them boot at a time. Between the reboot and the end they meet the security groups, and
one of them powers itself off.
"""
import os
import re
import socket
import threading
import time

from clients import Boto3, Curl, clis
from guests import (BOOT_LIMIT, Checks, Key, Traces, base_image, croft_ssh, describe, ec2_client,
                    log_in, output, qemu_pid, reaches, run, ssh_argv, until, wait_state)

KIND = "t2.micro"
USER_DATA = """#!/bin/sh
echo "user data ran as $(id -un)" >/var/lib/user-data-ran
"""
# One login tells all: each further one costs a second of an emulated processor.
QUESTIONS = r"""
cloud-init status --wait >/dev/null
say() { echo "$1=$2"; }
say cloud-init "$(cloud-init status)"
say user "$(id -un)"
say sudo "$(sudo -n id -u)"
say hostname "$(hostname)"
say user-data "$(cat /var/lib/user-data-ran)"
say uuid "$(sudo -n cat /sys/class/dmi/id/product_uuid)"
say vendor "$(cat /sys/class/dmi/id/sys_vendor)"
say root "$(df --output=size -B1M / | tail -n 1)"
say disks "$(lsblk -bdno NAME,SIZE,SERIAL | grep vol | sort | tr -s ' \n' ' ,')"
say address "$(ip -4 -o address show dev eth0 | grep -o 'inet [0-9.]*')"
say resolves "$(getent ahostsv4 "$(hostname).ec2.internal" | head -n 1 | cut -d' ' -f1)"
say boot "$(cat /proc/sys/kernel/random/boot_id)"
date >first-boot
sync
"""
BOOT_ID = "cat /proc/sys/kernel/random/boot_id"

checks = Checks()
ec2 = ec2_client()
# From here to a login a guest wants a processor of its own; more at a time than there are slow each
# other down by more than their number.
booting = threading.Semaphore(max(2, os.cpu_count()))


def answers(text):
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


class Life:
    """One guest and the client that leads it."""

    def __init__(self, client, number):
        self.client, self.name = client, client.name
        self.label = f"vm-flow-{number}"
        self.id = self.key = self.group = self.traces = None
        self.private = self.public = self.boot = None
        self.rebooted, self.may_end = threading.Event(), threading.Event()

    def check(self, what, found, expected):
        return checks.same(f"{self.name}: {what}", found, expected)

    def settled(self, state):
        """Waits for the state by polling, then asks the client's own waiter, which would sleep 15 s
        between two looks."""
        wait_state(ec2, self.id, state)
        self.client.wait(self.id, state)
        return self.client.describe(self.id)

    def begin(self, image):
        self.key = Key(self.label, self.client.key(self.label))
        self.group = self.client.group(self.label)
        with booting:
            self.id = self.client.run(image, KIND, self.label, self.group, USER_DATA)
            facts = self.settled("running")
            self.private, self.public = facts["private"], facts["public"]
            self.check("describe knows the running instance",
                       (facts["state"], facts["key"], facts["tags"]),
                       ("running", self.label, {"Name": self.label}))
            checks.note(f"{self.name}: {self.id} at {self.public}")
            told = answers(log_in(self.key, self.public, QUESTIONS))
            checks.note(f"{self.name}: first login")
        self.boot = told["boot"]
        self.look_inside(told)
        self.log_in_by_tunnel()

    def look_inside(self, told):
        name = "ip-" + self.private.replace(".", "-")
        self.check("ec2-user with sudo", (told["user"], told["sudo"]), ("ec2-user", "0"))
        self.check("cloud-init is done", told["cloud-init"], "status: done")
        self.check("user data ran", told["user-data"], "user data ran as root")
        self.check("host name, and the name server knows it", (told["hostname"], told["resolves"]),
                   (name, self.private))
        self.check("its own address is the private one", told["address"], "inet " + self.private)
        self.check("it believes to be in EC2", (told["uuid"][:3].lower(), told["vendor"]),
                   ("ec2", "Amazon EC2"))
        checks.ok(f"{self.name}: the root file system has grown to the disk's 5 GiB",
                  4500 < int(told["root"]) <= 5120, told["root"] + " MiB")
        volumes = {mapping["DeviceName"]: mapping["Ebs"]["VolumeId"].replace("-", "")
                   for mapping in describe(ec2, self.id)["BlockDeviceMappings"]}
        self.check("both disks, with the volumes' ids as serials", told["disks"],
                   f"vda {5 << 30} {volumes['/dev/xvda']},vdb {1 << 30} {volumes['/dev/sdf']},")

    def log_in_by_tunnel(self):
        self.check("croft ssh gets into the same boot",
                   croft_ssh(self.key, self.id, BOOT_ID).strip(), self.boot)

    def stop_and_start(self):
        self.check("stop answers stopping", self.client.stop(self.id), "stopping")
        facts = self.settled("stopped")
        self.check("stopped: private address kept, public one given up",
                   (facts["private"], facts["public"]), (self.private, None))
        self.check("stopped: no process", qemu_pid(self.id), None)
        with booting:
            self.check("start answers pending", self.client.start(self.id), "pending")
            facts = self.settled("running")
            self.check("started: private address kept", facts["private"], self.private)
            checks.ok(f"{self.name}: started: another public address",
                      facts["public"] and facts["public"] != self.public, facts["public"])
            self.public, before = facts["public"], self.boot
            self.boot = log_in(self.key, self.public, BOOT_ID + "; test -s first-boot").strip()
            checks.note(f"{self.name}: login after start")
        checks.ok(f"{self.name}: started: a new boot of the same disk", self.boot != before)
        self.log_in_by_tunnel()

    def reboot(self):
        process, before = qemu_pid(self.id), self.boot

        def look():
            try:
                # A session that the reset caught would hear nothing more: hence the short patience.
                self.boot = log_in(self.key, self.public, BOOT_ID + "; test -s first-boot",
                                   limit=60, patience=25).strip()
            except (TimeoutError, RuntimeError):
                pass
            return self.boot != before
        with booting:
            self.client.reboot(self.id)
            until(f"{self.id} reboots", look, BOOT_LIMIT, every=2)
        checks.note(f"{self.name}: login after reboot")
        facts = self.client.describe(self.id)
        self.check("rebooted: running, both addresses kept",
                   (facts["state"], facts["private"], facts["public"]),
                   ("running", self.private, self.public))
        self.check("rebooted: the same QEMU", qemu_pid(self.id), process)
        self.log_in_by_tunnel()

    def end(self):
        self.check("terminate answers shutting-down",
                   self.client.terminate(self.id) in ("shutting-down", "terminated"), True)
        facts = self.settled("terminated")
        self.check("a terminated instance has no address", (facts["private"], facts["public"]),
                   (None, None))
        if self.traces:  # none: it did not get so far, which has been told
            self.traces.check_gone(checks, self.name)
        again = self.client.terminate(self.id)
        self.check("terminated once more is still terminated", again, "terminated")
        self.client.remove(self.label, self.group)

    def live(self, image):
        with checks.part(self.name):
            self.begin(image)
            self.stop_and_start()
            self.reboot()
            self.traces = Traces(describe(ec2, self.id))
            self.traces.check_there(checks, self.name)
        self.rebooted.set()
        self.may_end.wait()
        if self.id:
            with checks.part(self.name):
                self.end()


def guest_reaches(life, address, port):
    """Whether one guest gets a TCP connection to an address."""
    words = f"timeout 4 bash -c 'exec 3<>/dev/tcp/{address}/{port}' 2>&- && echo yes || echo no"
    return log_in(life.key, life.public, words, limit=60).strip() == "yes"


def permission(port, **source):
    return [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **source}]


def ask(connection):
    connection.sendall(b"HEAD / HTTP/1.1\r\nHost: guest\r\n\r\n")
    return connection.recv(4096)[:9]


def live_rules(server, friend, stranger):
    """Rules that change while guests run. `server` listens on port 8000."""
    log_in(server.key, server.public, "mkdir -p served; cd served; "
           "setsid -f python3 -m http.server --protocol HTTP/1.1 8000 "
           ">/dev/null 2>&1 </dev/null; "
           "for i in $(seq 100); do exec 3<>/dev/tcp/127.0.0.1/8000 && exit 0; sleep 0.3; done "
           "2>/dev/null; exit 1", limit=90)
    checks.ok("a port without a rule is closed, port 22 open",
              reaches(server.public, 22) and not reaches(server.public, 8000))
    everybody = permission(8000, IpRanges=[{"CidrIp": "0.0.0.0/0"}])
    ec2.authorize_security_group_ingress(GroupId=server.group, IpPermissions=everybody)
    until("port 8000 opens", lambda: reaches(server.public, 8000), 10)
    checks.ok("authorize opens the port of the running guest", True)
    with socket.create_connection((server.public, 8000), timeout=20) as old:
        checks.same("and what listens there answers", ask(old), b"HTTP/1.1 ")
        ec2.revoke_security_group_ingress(GroupId=server.group, IpPermissions=everybody)
        until("port 8000 closes", lambda: not reaches(server.public, 8000), 10)
        checks.ok("revoke closes it for new connections", True)
        checks.same("an old connection goes on (security groups are stateful)", ask(old),
                    b"HTTP/1.1 ")
    checks.same("guest to guest: closed without a rule",
                guest_reaches(friend, server.private, 8000), False)
    members = permission(8000, UserIdGroupPairs=[{"GroupId": friend.group}])
    ec2.authorize_security_group_ingress(GroupId=server.group, IpPermissions=members)
    until("the rule by group counts", lambda: guest_reaches(friend, server.private, 8000), 30)
    checks.ok("guest to guest: open to members of the group that a rule names", True)
    checks.same("guest to guest: closed to others",
                (guest_reaches(stranger, server.private, 8000), reaches(server.public, 8000)),
                (False, False))
    ec2.revoke_security_group_ingress(GroupId=server.group, IpPermissions=members)


def console_and_status(life):
    def booted():
        text = ec2.get_console_output(InstanceId=life.id, Latest=True).get("Output", "")
        return text if re.search(r"login:", text) else ""
    text = until("the console shows the login prompt", booted)
    checks.ok("GetConsoleOutput shows the boot", "Linux version" in text, text[-2000:])

    def status_ok():
        found = ec2.describe_instance_status(InstanceIds=[life.id])["InstanceStatuses"]
        return found and found[0]["InstanceStatus"]["Status"] == "ok"
    until("the status check passes", status_ok, 60)
    checks.ok("the instance status is ok", True)


def power_off_inside(life):
    """Measured from the end of QEMU, which is the end of the guest, not of its shutting down."""
    process = qemu_pid(life.id)
    run(*ssh_argv(life.key, life.public), "sudo systemctl poweroff")
    until("the guest is off", lambda: qemu_pid(life.id) is None, LIMIT_OFF, every=0.1)
    began = time.monotonic()
    found = wait_state(ec2, life.id, "stopping", "stopped", limit=30)
    took = time.monotonic() - began
    checks.ok("a guest that powers itself off is noticed within 5 s", process and took < 5,
              f"{took:.1f} s")
    found = wait_state(ec2, life.id, "stopped", limit=30)
    checks.same("and the state reason says so", found.get("StateReason", {}).get("Code"),
                "Client.InstanceInitiatedShutdown")


def interface_status(interface_id):
    found = ec2.describe_network_interfaces(NetworkInterfaceIds=[interface_id])
    return found["NetworkInterfaces"][0].get("Attachment", {}).get("Status", "available")


def links(life):
    """The MAC addresses that the guest sees."""
    return run(*ssh_argv(life.key, life.public), "cat /sys/class/net/*/address").stdout.split()


def interface_comes_and_goes(life):
    subnet = describe(ec2, life.id)["SubnetId"]
    made = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]
    extra, mac = made["NetworkInterfaceId"], made["MacAddress"]
    attachment = ec2.attach_network_interface(
        NetworkInterfaceId=extra, InstanceId=life.id, DeviceIndex=1)["AttachmentId"]
    until("the interface is attached", lambda: interface_status(extra) == "attached", 60)
    until("the guest sees it", lambda: mac in links(life), 60)
    taps = output("ip", "netns", "exec", made["VpcId"], "ip", "-o", "link")
    checks.ok("its tap is in the VPC, and up", re.search(
        rf"{'eni' + extra[4:16]}: <[^>]*LOWER_UP", taps), taps)
    ec2.detach_network_interface(AttachmentId=attachment)
    until("the guest has let go of it", lambda: interface_status(extra) == "available", 90)
    checks.ok("and sees it no more", mac not in links(life))
    ec2.delete_network_interface(NetworkInterfaceId=extra)


def elastic_address_stays(life):
    """Before the guest powers itself off, and after it has been started again."""
    made = ec2.allocate_address()
    ec2.associate_address(AllocationId=made["AllocationId"], InstanceId=life.id)
    life.public = made["PublicIp"]
    until("the elastic address is in force", lambda: reaches(life.public, 22), 30)
    power_off_inside(life)
    checks.same("a stopped instance keeps it", describe(ec2, life.id).get("PublicIpAddress"),
                life.public)
    ec2.start_instances(InstanceIds=[life.id])
    wait_state(ec2, life.id, "running")
    boot = log_in(life.key, life.public, BOOT_ID).strip()
    checks.ok("and is reached at it after its start", boot != life.boot)
    ec2.disassociate_address(PublicIp=life.public)
    ec2.release_address(AllocationId=made["AllocationId"])


LIMIT_OFF = 240


def main():
    image = base_image()
    clients = [Boto3(), Curl()]
    for version, cli in clis().items():
        if cli:
            clients.append(cli)
        else:
            checks.skip(f"aws cli v{version}: the flow", "this version of it is not in PATH")
    lives = [Life(client, number) for number, client in enumerate(clients, 1)]
    threads = [threading.Thread(target=life.live, args=(image,)) for life in lives]
    for thread in threads:
        thread.start()
    for life in lives:
        life.rebooted.wait()
    checks.note("all have rebooted")
    with checks.part("console"):
        console_and_status(lives[0])
    with checks.part("rules"):
        live_rules(lives[0], lives[1], lives[-1])
    with checks.part("interfaces"):
        interface_comes_and_goes(lives[0])
    with checks.part("power off"):
        elastic_address_stays(lives[-1])
    for life in lives:
        life.may_end.set()
    for thread in threads:
        thread.join()
        checks.note("ended")
    with checks.part("afterwards"):
        checks.same("no domain is left", output("virsh", "list", "--all", "--name").split(), [])
        for life in lives:
            if life.key:
                life.key.remove()


main()
checks.finish()
