#!/usr/bin/python3 -B
# area: trust
# config: storage=files
# quick: no
# timeout: 600
"""Killed at a random moment, again and again: nothing that was answered is lost, nothing is there twice.

    tests/lab --hypervisor fake --config storage=files -- tests/api/cycles.py [--cycles N] [--seed S]
    tests/lab --config regions=us-east-1 -- tests/api/cycles.py ...

In each cycle some hands work at once, each on objects of its own: volumes, snapshots, images, instances, groups, keys,
addresses, interfaces, tags. SIGKILL ends the daemon in the middle. After its start
  - all that was answered is as it was answered, and what was refused has changed nothing,
  - the call whose answer got lost has either happened or not; said again with its client token it has happened once,
  - every job comes to an end within REST seconds, and nothing is left in a state on its way to another.
Now and then, and at the end, the hands remove all they have: then no file, no address and no row is left.
The disks are real ones. The guests of the first are those of the fake hypervisor, which end with the daemon; those of the
second are QEMU's, with a port in a real network each, and stay. They have no system: they are stopped by force, frozen
as they are, and let go of no disk while they run. There croft-netd is killed, too, now and then.
"""
import argparse
import collections
import http.client
import os
import random
import subprocess
import sys
import tempfile
import threading
import time

from client import LAB, REAL_GUESTS, Refused, SERVER_ERRORS, call, daemon, log_text, request, until, upload
import leftovers  # of tests/lib; client has put that on the path

STATE = os.path.join(LAB, "state")
HANDS = 4
REST = 20  # seconds until all is at rest
CLEAN_EVERY = 25
MOMENT = 0.35  # seconds, in which the daemon is killed
FEW = 5  # objects of a kind that a hand has at most
ON_ITS_WAY = {"pending", "creating", "deleting", "stopping", "shutting-down", "attaching", "detaching", "modifying",
              "optimizing"}


class Lost(Exception):
    """The daemon has gone before it answered."""


def ask(action, **params):
    try:
        return call("rest", action, params, unix=True)
    except (OSError, EOFError, http.client.HTTPException) as error:
        raise Lost(action) from error


class Kind:
    """One kind of object: how it is made, removed, read, and what at rest is one that is there."""

    def __init__(self, name, key, read, gone=(), token=None, scope=None):
        self.name, self.key, self.read, self.gone, self.token, self.scope = name, key, read, gone, token, scope


KINDS = {kind.name: kind for kind in (
    Kind("volume", "VolumeId", ("DescribeVolumes", "Volumes", "State"), token="CreateVolume"),
    Kind("snapshot", "SnapshotId", ("DescribeSnapshots", "Snapshots", "State"), scope={"OwnerIds": ["self"]}),
    Kind("image", "ImageId", ("DescribeImages", "Images", "State"), scope={"Owners": ["self"]}),
    Kind("group", "GroupId", ("DescribeSecurityGroups", "SecurityGroups", None)),
    Kind("key", "KeyPairId", ("DescribeKeyPairs", "KeyPairs", None)),
    Kind("address", "AllocationId", ("DescribeAddresses", "Addresses", None)),
    Kind("interface", "NetworkInterfaceId", ("DescribeNetworkInterfaces", "NetworkInterfaces", "Status"),
         token="CreateNetworkInterface"),
    Kind("instance", "InstanceId", ("DescribeInstances", "Reservations", "State"), gone=("terminated",),
         token="RunInstances"),
)}


def read_all(kind):
    """{id: the object as it is described}"""
    action, list_name, _ = kind.read
    listed, token = [], {}
    while token is not None:
        reply = ask(action, **(kind.scope or {}), **token)
        listed += reply[list_name]
        token = {"NextToken": reply["NextToken"]} if reply.get("NextToken") else None
    rows = [row for reservation in listed for row in reservation["Instances"]] if kind.name == "instance" else listed
    return {row[kind.key]: row for row in rows}


def state_of(kind, row):
    state = row.get(kind.read[2]) if kind.read[2] else None
    return state["Name"] if isinstance(state, dict) else state


class Hand:
    """One client. `has` is what must be there, `maybe` what may be: a call about it was cut off."""

    def __init__(self, number, dice, image):
        self.number, self.dice, self.image = number, dice, image
        self.has = {name: {} for name in KINDS}  # id: what is known of it
        self.maybe = set()
        self.broken = set()  # there, but in an error
        self.pending = None  # the call that was cut off: (kind, action, params)
        self.calls, self.refusals = collections.Counter(), 0
        self.wrong = []
        self.serial = 0

    def work(self, until_killed):
        try:
            while not until_killed.is_set():
                self.step()
        except Lost:
            pass
        except AssertionError as error:
            self.wrong.append(str(error))

    def tell(self, action, **params):
        """None: it was refused, as it may be when the object is not in the state for it."""
        self.calls[action] += 1
        try:
            return ask(action, **params)
        except Refused as refused:
            assert refused.status < 500 or refused.code not in SERVER_ERRORS, f"{action} {params}: {refused}"
            self.refusals += 1
            return None

    def any(self, name):
        mine = [each for each in self.has[name] if each not in self.maybe]
        return self.dice.choice(sorted(mine)) if mine else None

    def make(self, name, action, **params):
        kind = KINDS[name]
        if len(self.has[name]) >= FEW:
            return None
        if kind.token == action:
            self.serial += 1
            params["ClientToken"] = f"hand-{self.number}-{self.serial}"
        self.pending = (kind, action, params)
        reply = self.tell(action, **params)
        self.pending = None
        if reply is None:
            return None
        made = reply["Instances"][0] if name == "instance" else reply.get("NetworkInterface", reply)
        self.has[name][made[kind.key]] = {}
        return made[kind.key]

    def change(self, name, action, of, **params):
        """Whatever becomes of it: an object that a cut call was about may be in either state."""
        self.maybe.add(of)
        reply = self.tell(action, **params)
        self.maybe.discard(of)
        return reply

    def end(self, name, action, of=None, **params):
        of = of or self.any(name)
        if of is None:
            return
        params = params or {KINDS[name].key: of}
        if self.change(name, action, of, **params) is not None:
            del self.has[name][of]

    def step(self):
        self.dice.choice((
            self.new_volume, self.new_volume, self.new_snapshot, self.new_snapshot, self.volume_of_snapshot, self.grow,
            self.launch, self.launch, self.stop, self.start, self.attach, self.attach, self.detach, self.new_image,
            self.new_group, self.open_port, self.join_group, self.reboot, self.new_key, self.new_address, self.give_address, self.take_address,
            self.new_interface, self.name_it,
            self.no_volume, self.no_snapshot, self.no_instance, self.no_image, self.no_group, self.no_key,
            self.no_address, self.no_interface))()

    # --- what it does

    def new_volume(self):
        self.make("volume", "CreateVolume", AvailabilityZone="us-east-1a", Size=1,
                  Encrypted=self.dice.random() < 0.2)

    def volume_of_snapshot(self):
        snapshot = self.any("snapshot")
        if snapshot:
            self.make("volume", "CreateVolume", AvailabilityZone="us-east-1a", SnapshotId=snapshot)

    def new_snapshot(self):
        volume = self.any("volume")
        if volume:
            self.make("snapshot", "CreateSnapshot", VolumeId=volume)

    def grow(self):
        volume = self.any("volume")
        if volume is None:
            return
        size = self.has["volume"][volume].get("Size", 1) + 1
        if self.change("volume", "ModifyVolume", volume, VolumeId=volume, Size=size) is not None:
            self.has["volume"][volume]["Size"] = size

    def launch(self):
        self.make("instance", "RunInstances", ImageId=self.image, MinCount=1, MaxCount=1, InstanceType="t3.nano",
                  Placement={"AvailabilityZone": "us-east-1a"})

    def stop(self):
        i = self.any("instance")
        if i:
            self.change("instance", "StopInstances", i, InstanceIds=[i], Force=REAL_GUESTS)

    def start(self):
        i = self.any("instance")
        if i:
            self.change("instance", "StartInstances", i, InstanceIds=[i])

    def attach(self):
        i, volume = self.any("instance"), self.any("volume")
        if i and volume and "at" not in self.has["volume"][volume] and self.change(
                "volume", "AttachVolume", volume, InstanceId=i, VolumeId=volume,
                Device=f"/dev/sd{self.dice.choice('fghijk')}") is not None:
            self.has["volume"][volume]["at"] = i

    def lets_go(self, i):
        return not REAL_GUESTS or state_of(KINDS["instance"], read_all(KINDS["instance"])[i]) == "stopped"

    def detach(self):
        volume = self.any("volume")
        if volume and "at" in self.has["volume"][volume] and self.lets_go(self.has["volume"][volume]["at"]) and \
                self.change("volume", "DetachVolume", volume, VolumeId=volume) is not None:
            del self.has["volume"][volume]["at"]

    def new_image(self):
        i = self.any("instance")
        if i:
            self.serial += 1
            self.make("image", "CreateImage", InstanceId=i, NoReboot=REAL_GUESTS,
                      Name=f"image-{self.number}-{self.serial}")

    def new_group(self):
        self.serial += 1
        self.make("group", "CreateSecurityGroup", GroupName=f"group-{self.number}-{self.serial}", Description="d")

    def open_port(self):
        group = self.any("group")
        if group is None:
            return
        port = self.dice.randrange(1, 1000)
        if self.change("group", "AuthorizeSecurityGroupIngress", group, GroupId=group, IpPermissions=[{
                "IpProtocol": "tcp", "FromPort": port, "ToPort": port,
                "IpRanges": [{"CidrIp": "192.0.2.0/24"}]}]) is not None:
            self.has["group"][group].setdefault("ports", set()).add(port)

    def join_group(self):
        i, group = self.any("instance"), self.any("group")
        if i and group and self.change("instance", "ModifyInstanceAttribute", i, InstanceId=i,
                                       Groups=[group]) is not None:
            self.has["instance"][i]["group"] = group

    def reboot(self):
        i = self.any("instance")
        if i:
            self.change("instance", "RebootInstances", i, InstanceIds=[i])

    def new_key(self):
        self.serial += 1
        self.make("key", "CreateKeyPair", KeyName=f"key-{self.number}-{self.serial}", KeyType="ed25519")

    def new_address(self):
        self.make("address", "AllocateAddress", Domain="vpc")

    def give_address(self):
        i, address = self.any("instance"), self.any("address")
        if i and address and "on" not in self.has["address"][address] and not self.held_by("address", "on", i) and \
                self.change("address", "AssociateAddress", address, InstanceId=i, AllocationId=address) is not None:
            self.has["address"][address]["on"] = i

    def take_address(self):
        address = self.any("address")
        if address is None or "on" not in self.has["address"][address]:
            return
        association = read_all(KINDS["address"])[address]["AssociationId"]
        if self.change("address", "DisassociateAddress", address, AssociationId=association) is not None:
            del self.has["address"][address]["on"]

    def held_by(self, name, how, i):
        """The volumes that are attached to an instance ("at"), the addresses that are on it."""
        return [key for key, known in self.has[name].items() if known.get(how) == i]

    def new_interface(self):
        self.make("interface", "CreateNetworkInterface", SubnetId=SUBNET)

    def name_it(self):
        name = self.dice.choice(sorted(KINDS))
        of = self.any(name)
        if of is None:
            return
        value = str(self.dice.randrange(1000))
        if self.change(name, "CreateTags", of, Resources=[of], Tags=[{"Key": "Name", "Value": value}]) is not None:
            self.has[name][of]["Name"] = value

    def no_volume(self):
        volume = self.any("volume")
        if volume and "at" not in self.has["volume"][volume]:
            self.end("volume", "DeleteVolume", volume)

    def no_snapshot(self):
        self.end("snapshot", "DeleteSnapshot")

    def no_image(self):
        self.end("image", "DeregisterImage")

    def no_group(self):
        self.end("group", "DeleteSecurityGroup")

    def no_key(self):
        self.end("key", "DeleteKeyPair")

    def no_address(self):
        address = self.any("address")
        if address and "on" not in self.has["address"][address]:
            self.end("address", "ReleaseAddress", address)

    def no_interface(self):
        self.end("interface", "DeleteNetworkInterface")

    def no_instance(self):
        i = self.any("instance")
        if i is None:
            return
        held = [(self.has[name], key, how) for name, how in (("volume", "at"), ("address", "on"))
                for key in self.held_by(name, how, i)]
        self.maybe.update(key for _, key, _ in held)  # they are free in a moment, not at once
        self.end("instance", "TerminateInstances", i, InstanceIds=[i])
        if i not in self.has["instance"]:
            for mine, key, how in held:
                mine[key].pop(how, None)
                self.maybe.discard(key)


def look():
    """All that is there, and what of it is on its way to another state."""
    seen = {name: read_all(kind) for name, kind in KINDS.items()}
    states = [(key, state_of(KINDS[name], row)) for name, rows in seen.items() for key, row in rows.items()]
    states += [(key, attachment["State"]) for key, row in seen["volume"].items() for attachment in row["Attachments"]]
    states += [(each["VolumeId"], each["ModificationState"])
               for each in ask("DescribeVolumesModifications")["VolumesModifications"]]
    return seen, [each for each in states if each[1] in ON_ITS_WAY]


def settle():
    """Waits until nothing is on its way; returns all that is there, and how long that took."""
    began = time.monotonic()
    moving = [None]

    def at_rest():
        moving[:] = look()[1]
        return not moving
    try:
        until(at_rest, limit=REST, what="rest")
    except AssertionError as error:
        raise AssertionError(f"{error}: {moving}") from error
    took = time.monotonic() - began
    return look()[0], took  # the first look went on while things moved


def tag_of(row):
    return next((tag["Value"] for tag in row.get("Tags", row.get("TagSet", [])) if tag["Key"] == "Name"), None)


def is_honest(name, row):
    """A failure of the server's that the object tells."""
    return row is not None and (state_of(KINDS[name], row) in ("error", "failed") or (
        name == "instance" and state_of(KINDS[name], row) == "terminated"
        and row.get("StateReason", {}).get("Code", "").startswith("Server.")))


def forgive(hands, seen):
    """What could not be done, and says so, is as it says."""
    for hand in hands:
        for name, mine in hand.has.items():
            for key in [key for key in mine if is_honest(name, seen[name].get(key))]:
                del mine[key]
                for others, how in (("volume", "at"), ("address", "on")):
                    hand.maybe.update(hand.held_by(others, how, key))
                if state_of(KINDS[name], seen[name][key]) not in KINDS[name].gone:
                    hand.broken.add(key)


def check(hands, seen):
    """What must be there is, as it must be; what is there is somebody's."""
    wrong, claimed = [], set().union(*(hand.broken for hand in hands))
    for hand in hands:
        for name, mine in hand.has.items():
            kind = KINDS[name]
            for key, known in list(mine.items()):
                claimed.add(key)
                row = seen[name].get(key)
                there = row is not None and state_of(kind, row) not in kind.gone
                if not there:
                    if key not in hand.maybe:
                        wrong.append(f"{key} was made, and is not there: {row}")
                    del mine[key]
                    continue
                if state_of(kind, row) in ("error", "failed"):
                    wrong.append(f"{key} is {state_of(kind, row)}: {row}")
                if key in hand.maybe:
                    learn(hand, name, key, row)
                    continue
                if known.get("Name") != tag_of(row):
                    wrong.append(f"{key} is named {tag_of(row)}, not {known.get('Name')}")
                if "Size" in known and known["Size"] != row["Size"]:
                    wrong.append(f"{key} has {row['Size']} GiB, not {known['Size']}: "
                                 f"{ask('DescribeVolumesModifications', VolumeIds=[key])['VolumesModifications']}")
                if name == "volume" and known.get("at") != next(
                        (each["InstanceId"] for each in row["Attachments"]), None):
                    wrong.append(f"{key} is attached to {row['Attachments']}, not to {known.get('at')}")
                if "group" in known and [known["group"]] != [each["GroupId"] for each in row["SecurityGroups"]]:
                    wrong.append(f"{key} is in {row['SecurityGroups']}, not in {known['group']}")
                if name == "address" and known.get("on") != row.get("InstanceId"):
                    wrong.append(f"{key} is on {row.get('InstanceId')}, not on {known.get('on')}")
                if "ports" in known and known["ports"] != {each["FromPort"] for each in row["IpPermissions"]}:
                    wrong.append(f"{key} has the ports {row['IpPermissions']}, not {known['ports']}")
    return wrong, claimed


def learn(hand, name, key, row):
    """What became of an object that a cut call was about."""
    known = hand.has[name][key]
    known.clear()
    hand.maybe.discard(key)
    if tag_of(row) is not None:
        known["Name"] = tag_of(row)
    if name == "volume":
        known["Size"] = row["Size"]
        if row["Attachments"]:
            known["at"] = row["Attachments"][0]["InstanceId"]
    if name == "instance":
        known["group"] = row["SecurityGroups"][0]["GroupId"]
    if name == "address" and "InstanceId" in row:
        known["on"] = row["InstanceId"]
    if name == "group":
        known["ports"] = {each["FromPort"] for each in row["IpPermissions"]}


def again(hand):
    """The cut call with its client token: what it made, once."""
    kind, action, params = hand.pending
    hand.pending = None
    if kind.token == action:
        made = hand.tell(action, **params)
        if made is not None:
            made = made["Instances"][0] if kind.name == "instance" else made.get("NetworkInterface", made)
            hand.has[kind.name][made[kind.key]] = {}
            hand.maybe.add(made[kind.key])


def adopt(hands, seen, claimed, stock, doubts=()):
    """What nobody has was made by a call whose answer was cut off: one for each hand at most, and for a launch or an
    image what comes with it. Or by one call more, of the kinds in `doubts`, that failed."""
    doubts = list(doubts)
    for name, rows in seen.items():
        kind = KINDS[name]
        for key, row in rows.items():
            if key in claimed or key in stock[name] or state_of(kind, row) in kind.gone:
                continue
            if name == "volume" and row["Attachments"] or name == "interface" and "Attachment" in row:
                continue  # an instance's own
            if name == "snapshot" and any(key == each.get("Ebs", {}).get("SnapshotId") for image in
                                          seen["image"].values() for each in image["BlockDeviceMappings"]):
                continue
            if name == "snapshot" and row["Description"].startswith("Created by CreateImage"):
                hands[0].has[name][key] = {}  # its image has gone
                continue
            hand = next((each for each in hands if each.pending and each.pending[0].name == name), None)
            if hand is not None:
                hand.pending = None
            elif name in doubts:
                doubts.clear()
                hand = hands[0]
            else:
                yield f"{key} is there, and nobody has made it: {row}"
                continue
            hand.has[name][key] = {}
            learn(hand, name, key, row)


def files():
    return {os.path.join(room, name) for room in ("volumes", "instances", "images", "uploads")
            for name in os.listdir(os.path.join(STATE, room))}


def remove_one(action, parameter, key):
    try:
        ask(action, **{parameter: key})
    except Refused as refused:  # a root volume goes with its instance
        if not refused.code.endswith(".NotFound"):
            raise AssertionError(f"{action} {key}: {refused}; there is {look()}") from refused


def clean(hands, stock, stock_files):
    """All is removed; then nothing is left."""
    seen, _ = settle()
    running = [key for key, row in seen["instance"].items() if state_of(KINDS["instance"], row) != "terminated"]
    if running:
        ask("TerminateInstances", InstanceIds=running)
    seen, _ = settle()
    for name, action in (("image", "DeregisterImage"), ("volume", "DeleteVolume"), ("snapshot", "DeleteSnapshot"),
                         ("address", "ReleaseAddress"), ("interface", "DeleteNetworkInterface"),
                         ("group", "DeleteSecurityGroup"), ("key", "DeleteKeyPair")):
        for key in seen[name]:
            if key not in stock[name]:
                remove_one(action, KINDS[name].key, key)
    for hand in hands:
        hand.has = {name: {} for name in KINDS}
        hand.maybe, hand.broken, hand.pending = set(), set(), None
    seen, _ = settle()
    left = {name: sorted(set(rows) - set(stock[name])) for name, rows in seen.items() if name != "instance"}
    assert not any(left.values()), f"rows are left: {left}"
    until(lambda: files() <= stock_files, limit=REST, what=f"no file but {sorted(stock_files)} is left; there are "
          f"{sorted(files() - stock_files)}")
    if REAL_GUESTS:
        left = leftovers.of_guests() + leftovers.of_networks()
        assert not left, f"guests and networks leave {left}"
    subnet = ask("DescribeSubnets", SubnetIds=[SUBNET])["Subnets"][0]
    assert subnet["AvailableIpAddressCount"] == 4091, subnet


def set_up(name):
    """An image for the hands, what is there beside what they make, and the files of that."""
    global SUBNET
    SUBNET = ask("DescribeSubnets", Filters=[
        {"Name": "availability-zone", "Values": ["us-east-1a"]}])["Subnets"][0]["SubnetId"]
    return small_image(name), {name: read_all(kind) for name, kind in KINDS.items()}, files()


def small_image(name):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "disk.qcow2")
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, "1G"], check=True)
        with open(path, "rb") as file:
            image = ask("RegisterImage", Name=name, ImageLocation="upload:" + upload(file.read()))["ImageId"]
    until(lambda: ask("DescribeImages", ImageIds=[image])["Images"][0]["State"] == "available")
    return image


def start():
    """Seconds until the daemon serves again."""
    began = time.monotonic()
    daemon("start")
    answer = request("GET", "/health", unix=True)
    assert answer.status == 200, answer.text
    return time.monotonic() - began


def cycle(hands, stock):
    """The faults that were seen."""
    killed = threading.Event()
    threads = [threading.Thread(target=hand.work, args=(killed,)) for hand in hands]
    for thread in threads:
        thread.start()
    time.sleep(hands[0].dice.random() * MOMENT)
    if REAL_GUESTS and hands[0].dice.random() < 0.25:  # both, and in between croftd goes on without it
        daemon("kill", "croft-netd")
        time.sleep(hands[0].dice.random() * MOMENT)
        daemon("kill")
        daemon("start", "croft-netd")
    else:
        daemon("kill")
    killed.set()
    for thread in threads:
        thread.join()
    started = start()
    wrong = [each for hand in hands for each in hand.wrong]
    for hand in hands:
        hand.wrong = []
        if hand.pending:
            if hand.pending[0].token == hand.pending[1]:
                again(hand)
    seen, rest = settle()
    more, claimed = check(hands, seen)
    wrong += more + list(adopt(hands, seen, claimed, stock))
    for hand in hands:
        hand.pending = None
        hand.maybe.clear()
    return wrong, started, rest


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cycles", type=int, default=int(os.environ.get("CYCLES", "50")))
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", random.randrange(1 << 31))))
    options = parser.parse_args()
    print(f"# seed {options.seed}", flush=True)
    dice = random.Random(options.seed)
    image, stock, stock_files = set_up("cycles")
    hands = [Hand(number, random.Random(dice.random()), image) for number in range(HANDS)]
    faults, starts, rests = [], [], []
    for number in range(options.cycles):
        try:
            wrong, started, rest = cycle(hands, stock)
            starts.append(started)
            rests.append(rest)
            if number % CLEAN_EVERY == CLEAN_EVERY - 1 or number == options.cycles - 1:
                clean(hands, stock, stock_files)
        except AssertionError as error:
            wrong = [str(error)]
        faults += [f"cycle {number}: {each}" for each in wrong]
        if faults:
            break  # what comes after follows from it
    errors = collections.Counter(line.split()[2] for line in log_text().splitlines()
                                 if len(line.split()) > 2 and line.split()[1] == "error")
    missed = errors["volume-file-gone"]
    calls, refusals = sum(h.calls.total() for h in hands), sum(h.refusals for h in hands)
    for fault in faults:
        print(f"# {fault}")
    print(f"# {len(starts)} cycles, {calls} calls, {refusals} of them refused; a start took "
          f"{sum(starts) / max(len(starts), 1):.2f} s ({max(starts, default=0):.2f} at most), rest came after "
          f"{sum(rests) / max(len(rests), 1):.2f} s ({max(rests, default=0):.2f} at most); errors in the log: {dict(errors)}")
    print(f"{'not ok' if faults else 'ok'} 1 - nothing that was answered is lost over {options.cycles} kills")
    print(f"{'ok' if calls > options.cycles * HANDS else 'not ok'} 2 - the hands had work: {calls} calls")
    print(f"{'ok' if not missed else 'not ok'} 3 - no file of a disk was missed that nobody has taken away")
    print("1..3")
    return 1 if faults or missed or calls <= options.cycles * HANDS else 0


if __name__ == "__main__":
    sys.exit(main())
