#!/usr/bin/python3 -B
# area: launch
# lab: own
# timeout: 1200
"""What guests and rows come to when croftd, libvirtd or QEMU are killed; and, since one of the guests may as
well have them, several interfaces at a boot and a further one later.

In a lab of its own: it kills the lab's libvirtd, which tests/lab rightly takes for a failure.
"""
import os
import signal
import socket
import struct
import subprocess
import threading
import time
from ipaddress import ip_network

from clients import Boto3
from guests import (Checks, Key, Traces, base_image, croft_ssh, describe, ec2_client, enter_own_lab,
                    log_in, output, qemu_pid, reaches, run, ssh_argv, until, wait_state, wait_volume)

enter_own_lab("--config", "instance_type=lab.tiny 1 128")

BOOT_ID = "cat /proc/sys/kernel/random/boot_id"
TEN = 10
checks = Checks()
ec2 = ec2_client()


def daemon(verb):
    return output(os.path.join(os.environ["CROFT_LAB"], "croftd"), verb).strip()


class Session:
    """An ssh session that stays open. It goes by the guest's public address, not through croftd."""

    def __init__(self, key, address):
        self.process = subprocess.Popen([*ssh_argv(key, address), "exec cat"],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def answers(self, word):
        """An echo by the guest, within 20 s."""
        timer = threading.Timer(20, self.process.kill)
        timer.start()
        try:
            self.process.stdin.write(word + "\n")
            self.process.stdin.flush()
            return self.process.stdout.readline().strip() == word
        except BrokenPipeError:
            return False
        finally:
            timer.cancel()

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class Echoes:
    """An echo request to each address twenty times a second, by hand: the lab has no ping."""

    def __init__(self, *addresses):
        self.addresses, self.sent, self.came = addresses, 0, {address: set() for address in addresses}
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        self.socket.settimeout(0.05)
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def request(self, number):
        words = (0x0800, 0, 0x4352, number & 0xffff)
        total = sum(words)
        total = (total & 0xffff) + (total >> 16)
        return struct.pack("!4H", words[0], ~total & 0xffff, *words[2:])

    def hear(self, until_time):
        while time.monotonic() < until_time:
            try:
                packet, (address, _) = self.socket.recvfrom(2048)
            except TimeoutError:
                continue
            header = (packet[0] & 15) * 4
            kind, _, _, who, number = struct.unpack("!BBHHH", packet[header:header + 8])
            if kind == 0 and who == 0x4352 and address in self.came:
                self.came[address].add(number)

    def run(self):
        while not self.ended.is_set():
            for address in self.addresses:
                self.socket.sendto(self.request(self.sent), (address, 0))
            self.sent += 1
            self.hear(time.monotonic() + 0.05)
        self.hear(time.monotonic() + 10)  # what is late is not lost

    def end(self):
        """(How many were sent to each address, how many of these nobody answered)."""
        self.ended.set()
        self.thread.join()
        self.socket.close()
        return self.sent, [self.sent - len(came) for came in self.came.values()]


class Guest:
    """`further`: the subnet of a second interface. Such a guest has an elastic address, as EC2 gives no other to
    one with several interfaces."""

    def __init__(self, image, key, group, further=None):
        self.key = key
        self.address = None
        where = {"SecurityGroupIds": [group]}
        if further:
            zone = {"Name": "availability-zone", "Values": [further["AvailabilityZone"]]}
            first = ec2.describe_subnets(Filters=[zone, {"Name": "default-for-az", "Values": ["true"]}])["Subnets"][0]
            where = {"NetworkInterfaces": [{"DeviceIndex": number, "SubnetId": subnet["SubnetId"], "Groups": [group]}
                                           for number, subnet in enumerate((first, further))]}
        kind = "t2.small" if further else "t2.nano"  # which takes three interfaces
        self.id = ec2.run_instances(ImageId=image, InstanceType=kind, MinCount=1, MaxCount=1, KeyName=key.name,
                                    **where)["Instances"][0]["InstanceId"]
        if further:
            self.address = ec2.allocate_address()["AllocationId"]
        self.boot = self.before = None

    def boots(self):
        self.before = wait_state(ec2, self.id, "running")
        if self.address:
            first = next(nic for nic in self.before["NetworkInterfaces"] if nic["Attachment"]["DeviceIndex"] == 0)
            ec2.associate_address(AllocationId=self.address, NetworkInterfaceId=first["NetworkInterfaceId"])
            self.before = describe(ec2, self.id)
        self.boot = log_in(self.key, self.before["PublicIpAddress"], BOOT_ID).strip()
        checks.note(f"{self.id}: first login")

    def is_as_before(self, what):
        now = describe(ec2, self.id)
        checks.same(f"{what}: {self.id[:6]}… is running, with the same addresses",
                    [now["State"]["Name"], now["PrivateIpAddress"], now.get("PublicIpAddress")],
                    ["running", self.before["PrivateIpAddress"], self.before["PublicIpAddress"]])
        found = log_in(self.key, self.before["PublicIpAddress"], BOOT_ID, limit=90).strip()
        checks.same(f"{what}: it has not been rebooted", found, self.boot)


class Pattern:
    """Files on a volume of a guest's, each of them synced when its sum is known here: whatever is killed then,
    they are there."""

    def __init__(self, guest):
        self.guest, self.sums = guest, []
        self.volume = ec2.create_volume(Size=1, AvailabilityZone=guest.before["Placement"]["AvailabilityZone"])["VolumeId"]
        self.disk = f"/dev/disk/by-id/virtio-{self.volume.replace('-', '')}"
        wait_volume(ec2, self.volume, "available", 60)
        ec2.attach_volume(VolumeId=self.volume, InstanceId=guest.id, Device="/dev/sdf")
        wait_volume(ec2, self.volume, "attached", 60)
        self.run(f"udevadm settle; mkfs.ext4 -q {self.disk}; mount {self.disk} /mnt")
        self.add()

    def run(self, command):
        return log_in(self.guest.key, describe(ec2, self.guest.id)["PublicIpAddress"], f"sudo sh -ec '{command}'")

    def add(self):
        name = f"/mnt/{len(self.sums)}"
        self.sums.append(self.run(f"head -c 4M /dev/urandom >{name}; sync {name}; sync -f /mnt; sha256sum <{name}").split()[0])

    def holds(self, what):
        """And one more is written, which the next kill is not to take."""
        names = " ".join(f"/mnt/{number}" for number in range(len(self.sums)))
        found = self.run(f"mountpoint -q /mnt || mount {self.disk} /mnt; sha256sum {names}").split()[::2]
        checks.same(f"{what}: what was synced before is there", found, self.sums)
        self.add()

    def end(self):
        wait_volume(ec2, self.volume, "available", 60)
        ec2.delete_volume(VolumeId=self.volume)
        until("the volume is gone", lambda: not ec2.describe_volumes(
            Filters=[{"Name": "volume-id", "Values": [self.volume]}])["Volumes"], 60)


ANSWERS = """
import socket, sys
with socket.create_connection((sys.argv[1], 22), float(sys.argv[3]), (sys.argv[2], 0)) as s:
    print(s.recv(4).decode())
"""


def answers_at(nic, router, limit=20):
    """Whether the guest answers at the interface's address, asked by this address of the VPC's router."""
    done = run("ip", "netns", "exec", nic["VpcId"], "/usr/bin/python3", "-c", ANSWERS,
               nic["PrivateIpAddress"], router, str(limit), limit=2 * limit)
    return done.stdout.strip() == "SSH-"


def addresses_inside(guest):
    """{MAC: [address]} of the interfaces that the guest has."""
    told = log_in(guest.key, guest.before["PublicIpAddress"],
                  "for i in /sys/class/net/e*; do echo $(cat $i/address) "
                  "$(ip -4 -o addr show dev ${i##*/} | grep -o 'inet [0-9.]*' | cut -c6-); done", limit=90)
    return {words[0]: words[1:] for words in map(str.split, told.splitlines())}


def several_interfaces(guest, routers, third, group):
    """One guest has booted with two interfaces; a third comes while it runs, and goes."""
    nics = sorted(guest.before["NetworkInterfaces"], key=lambda nic: nic["Attachment"]["DeviceIndex"])
    checks.same("two interfaces: the guest has both addresses", addresses_inside(guest),
                {nic["MacAddress"]: [nic["PrivateIpAddress"]] for nic in nics})
    # In their own subnets: from elsewhere a guest answers by its first interface, whose port lets no other's
    # address out. That is so in EC2, too.
    for nic in nics:
        checks.ok(f"two interfaces: it answers at {nic['PrivateIpAddress']}",
                  answers_at(nic, routers[nic["SubnetId"]]))
    checks.ok("and in no other", not answers_at(nics[1], routers[nics[0]["SubnetId"]], 5))
    # docs/network.md: with these two it answers others as well.
    log_in(guest.key, guest.before["PublicIpAddress"],
           f"sudo ip route add default via {routers[nics[1]['SubnetId']]} dev eth1 table 1001 && "
           f"sudo ip rule add from {nics[1]['PrivateIpAddress']} lookup 1001", limit=90)
    checks.ok("with a route of its own the second interface answers other subnets",
              answers_at(nics[1], routers[nics[0]["SubnetId"]]))
    made = ec2.create_network_interface(SubnetId=third["SubnetId"], Groups=[group])["NetworkInterface"]
    attachment = ec2.attach_network_interface(NetworkInterfaceId=made["NetworkInterfaceId"], InstanceId=guest.id,
                                              DeviceIndex=2)["AttachmentId"]
    until("the third is attached", lambda: status_of(made) == "attached", 60)
    until("the guest sees it", lambda: made["MacAddress"] in addresses_inside(guest), 60)
    # As in EC2, what comes to a guest that runs is the guest's to set up.
    log_in(guest.key, guest.before["PublicIpAddress"],
           f"cd /sys/class/net; i=$(grep -l {made['MacAddress']} */address); i=${{i%/address}}; "
           f"sudo ip addr add {made['PrivateIpAddress']}/24 dev $i && sudo ip link set $i up", limit=90)
    checks.ok("a third comes: the guest answers at its address", answers_at(made, routers[third["SubnetId"]]))
    ec2.detach_network_interface(AttachmentId=attachment)
    until("the guest has let go of it", lambda: status_of(made) == "available", 90)
    checks.same("it goes: the guest has the two that it had", set(addresses_inside(guest)),
                {nic["MacAddress"] for nic in nics})
    ec2.delete_network_interface(NetworkInterfaceId=made["NetworkInterfaceId"])


def status_of(nic):
    found = ec2.describe_network_interfaces(NetworkInterfaceIds=[nic["NetworkInterfaceId"]])["NetworkInterfaces"][0]
    return found.get("Attachment", {}).get("Status", "available")


def restart_daemon(guests):
    """In good order; then kill_daemon() does it by SIGKILL."""
    echoes = Echoes(*(guest.before["PublicIpAddress"] for guest in guests))
    daemon("restart")
    for guest in guests:
        guest.is_as_before("croftd restarted")
    sent, lost = echoes.end()
    checks.note(f"{sent} echoes meanwhile")
    checks.same("croftd restarted: no packet is lost", (sent > 40, lost), (True, [0, 0]))


def kill_daemon(guests, group):
    """SIGKILL while two guests run, a session is open and packets go to and fro."""
    session = Session(guests[0].key, guests[0].before["PublicIpAddress"])
    checks.ok("a session is open", session.answers("before"))
    echoes = Echoes(*(guest.before["PublicIpAddress"] for guest in guests))
    daemon("kill")
    checks.ok("croftd killed: the session answers", session.answers("while it is dead"))
    checks.ok("croftd killed: new logins work, rules hold",
              reaches(guests[1].before["PublicIpAddress"], 22)
              and not reaches(guests[1].before["PublicIpAddress"], 8000))
    began = time.monotonic()
    daemon("start")
    checks.note(f"croftd serves again after {time.monotonic() - began:.1f} s")
    for guest in guests:
        guest.is_as_before("croftd killed and started")
    checks.ok("croftd started: the session still answers", session.answers("after"))
    session.close()
    checks.same("croftd started: its own tunnel leads into the guest again",
                croft_ssh(guests[0].key, guests[0].id, BOOT_ID).strip(), guests[0].boot)
    # Rules: as they were, and still changeable.
    address = guests[0].before["PublicIpAddress"]
    ec2.revoke_security_group_ingress(GroupId=group, IpProtocol="tcp", FromPort=22, ToPort=22,
                                      CidrIp="0.0.0.0/0")
    until("port 22 closes", lambda: not reaches(address, 22), 15)
    ec2.authorize_security_group_ingress(GroupId=group, IpProtocol="tcp", FromPort=22, ToPort=22,
                                         CidrIp="0.0.0.0/0")
    until("port 22 opens", lambda: reaches(address, 22), 15)
    checks.ok("croftd started: rules still follow changes", True)
    sent, lost = echoes.end()
    checks.note(f"{sent} echoes while it was away, and since")
    checks.same("croftd killed and started: no packet is lost", (sent > 40, lost), (True, [0, 0]))


def pid_of_libvirtd():
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/comm", encoding="ascii") as file:
                    if file.read().strip() == "libvirtd":
                        return int(entry)
            except OSError:
                pass
    return None


def kill_libvirtd(guests):
    """Its guests outlive it, too; croftd sees it go and come back."""
    os.kill(pid_of_libvirtd(), signal.SIGKILL)
    until("libvirtd has gone", lambda: pid_of_libvirtd() is None, 10)
    answer = describe(ec2, guests[0].id)["State"]["Name"]
    checks.same("libvirtd killed: croftd answers, the instance is running", answer, "running")
    checks.ok("libvirtd killed: the guest answers",
              reaches(guests[0].before["PublicIpAddress"], 22))
    with open(os.path.join(os.environ["CROFT_LAB"], "log", "libvirtd.log"), "ab") as log:
        subprocess.Popen(["libvirtd"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                         start_new_session=True)
    until("libvirtd answers", lambda: run("virsh", "list").returncode == 0, 60)
    for guest in guests:
        guest.is_as_before("libvirtd killed and started")
    # That croftd drives it again, too: a forced stop of one guest, at the end of kill_qemu().


def kill_qemu(guests):
    first, second = guests
    os.kill(qemu_pid(first.id), signal.SIGKILL)
    began = time.monotonic()
    found = wait_state(ec2, first.id, "stopped", limit=60)
    checks.note(f"stopped {time.monotonic() - began:.1f} s after QEMU was killed")
    reason = found.get("StateReason", {})
    checks.ok("QEMU killed: stopped, with a state reason",
              reason.get("Code", "").startswith("Server.") and reason.get("Message"), reason)
    checks.same("QEMU killed: the other guest runs", describe(ec2, second.id)["State"]["Name"],
                "running")
    ec2.start_instances(InstanceIds=[first.id])
    found = wait_state(ec2, first.id, "running")
    checks.same("QEMU killed: it can be started again, with its private address",
                found["PrivateIpAddress"], first.before["PrivateIpAddress"])
    ec2.stop_instances(InstanceIds=[second.id], Force=True)
    found = wait_state(ec2, second.id, "stopped", limit=60)
    checks.same("libvirtd killed and started: a forced stop ends the process, and an elastic address stays",
                (qemu_pid(second.id), found.get("PublicIpAddress")), (None, second.before["PublicIpAddress"]))


def kill_in_the_middle(image):
    """Ten launches, and croftd dies when some of them are on their way."""
    ids = [each["InstanceId"] for each in
           ec2.run_instances(ImageId=image, InstanceType="lab.tiny", MinCount=TEN, MaxCount=TEN
                             )["Instances"]]
    until("the first of ten is running", lambda: states(ids).count("running") >= 1, every=0.05)
    daemon("kill")
    log = os.path.join(os.environ["CROFT_LAB"], "state", "volumes")
    checks.note(f"killed with {len(os.listdir(log))} files in volumes/, "
                f"{len(output('virsh', 'list', '--all', '--name').split())} domains")
    daemon("start")
    caught = states(ids)
    checks.note(f"states when it serves again: {sorted(caught)}")
    checks.ok("ten launches: it died in the middle", "pending" in caught, caught)
    until("no launch is on its way any more",
          lambda: not {"pending", "shutting-down"} & set(states(ids)), 240)
    found = states(ids)
    checks.ok("ten launches: each is running or terminated",
              set(found) <= {"running", "terminated"} and len(found) == TEN, found)
    alive = [each for each, state in zip(ids, found) if state == "running"]
    checks.note(f"{len(alive)} of {TEN} run")
    wanted = sorted(alive)
    present = sorted(each for each in output("virsh", "list", "--name").split() if each in ids)
    checks.same("ten launches: what runs has a process, what does not has none", present, wanted)
    awake = {each for each in alive
             if "paused" not in output("virsh", "domstate", each)}
    checks.same("ten launches: none is left paused", awake, set(alive))
    traces = []
    for each in alive:
        traces.append(Traces(describe(ec2, each)))
    if traces:
        traces[0].check_there(checks, "ten launches")
    ec2.terminate_instances(InstanceIds=ids)
    until("all ten are terminated", lambda: set(states(ids)) == {"terminated"}, 120)
    for each in traces:
        each.check_gone(checks, f"ten launches: {each.instance_id[:6]}…")


def states(ids):
    found = {}
    for reservation in ec2.describe_instances(InstanceIds=ids)["Reservations"]:
        for instance in reservation["Instances"]:
            found[instance["InstanceId"]] = instance["State"]["Name"]
    return [found[each] for each in ids]


def state_files():
    folder = os.path.join(os.environ["CROFT_LAB"], "state")
    return sorted(os.path.join(name, each) for name in ("volumes", "instances", "uploads")
                  for each in os.listdir(os.path.join(folder, name)))


def main():
    image = base_image()
    client = Boto3()
    key = Key("vm-crash", client.key("vm-crash"))
    group = client.group("vm-crash")
    ec2.authorize_security_group_ingress(GroupId=group, IpProtocol="icmp", FromPort=8, ToPort=-1, CidrIp="0.0.0.0/0")
    default = ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"]
    subnets = [ec2.create_subnet(VpcId=default[0]["VpcId"], CidrBlock=block,
                                 AvailabilityZone=default[0]["AvailabilityZone"])["Subnet"]
               for block in ("172.31.200.0/24", "172.31.201.0/24")]
    routers = {subnet["SubnetId"]: str(ip_network(subnet["CidrBlock"])[1]) for subnet in default + subnets}
    guests = [Guest(image, key, group), Guest(image, key, group, further=subnets[0])]
    threads = [threading.Thread(target=guest.boots) for guest in guests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if any(guest.boot is None for guest in guests):
        checks.ok("both guests boot", False)
        return
    with checks.part("several interfaces"):
        several_interfaces(guests[1], routers, subnets[1], group)
    with checks.part("croftd restarted"):
        restart_daemon(guests)
    pattern = Pattern(guests[0])
    with checks.part("croftd killed"):
        kill_daemon(guests, group)
        pattern.holds("croftd killed")
    with checks.part("libvirtd killed"):
        kill_libvirtd(guests)
        pattern.holds("libvirtd killed")
    with checks.part("QEMU killed"):
        kill_qemu(guests)
        pattern.holds("QEMU killed and started again")
    with checks.part("terminate"):
        # One of them stopped, one just started: both are terminated from there.
        ids = [guest.id for guest in guests]
        ec2.terminate_instances(InstanceIds=ids)
        until("both are terminated", lambda: set(states(ids)) == {"terminated"}, 90)
        pattern.end()
    with checks.part("ten launches"):
        kill_in_the_middle(image)
    with checks.part("afterwards"):
        checks.same("no domain is left", output("virsh", "list", "--all", "--name").split(), [])
        checks.same("no file is left", state_files(), [])
        ec2.release_address(AllocationId=guests[1].address)
        for subnet in subnets:
            ec2.delete_subnet(SubnetId=subnet["SubnetId"])
        client.remove("vm-crash", group)
    key.remove()


main()
checks.finish()
