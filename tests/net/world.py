"""A small world for the tests of the network: plain namespaces with a veth end in place of guests.

sandbox() starts the test anew in mount, network and PID namespaces of its own, with its own /run:
what a test leaves behind ends with it, and nothing reaches the machine's own network.
"""
import contextlib
import ctypes
import errno
import json
import os
import random
import re
import select
import socket
import struct
import subprocess
import sys
import time
import unittest
from ipaddress import ip_address, ip_network

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))

POOL = "198.51.100.0/24"
RUNTIME = "/run/croft"
METER = 1 << 20  # the size that sets have which packets fill
DROPPED = 0.6  # seconds without an answer that count as none, where none is wanted
COMES = 8  # and where one is: a machine at its limits is given time


def sandbox():
    if os.environ.get("CROFT_NET_SANDBOX") != str(os.getppid()) and os.getpid() != 1:
        if os.geteuid() != 0:
            print("1..0 # SKIP it needs root")
            sys.exit(77)
        os.environ.setdefault("CROFT_BUILD", os.path.join(HERE, "..", "..", "build"))
        os.execvp("unshare", ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child",
                              "--mount-proc", sys.executable, "-B"] + sys.argv)
    run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    run("ip", "link", "set", "lo", "up")


def run(*argv, stdin=None, check=True):
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(argv)}: {done.stderr.strip()}")
    return done.stdout


def sysctl(name, value):
    with open(f"/proc/sys/{name}", "w", encoding="ascii") as file:
        file.write(value)


# --- namespaces -----------------------------------------------------------------------------

libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000


@contextlib.contextmanager
def inside(name, root=""):
    """Sockets that are made here belong to the namespace for good; programs run there. root: where its /run is."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    there = os.open(f"{root}/run/netns/{name}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        assert libc.setns(there, CLONE_NEWNET) == 0
        yield
    finally:
        assert libc.setns(home, CLONE_NEWNET) == 0
        os.close(home)
        os.close(there)


# --- intents --------------------------------------------------------------------------------

class Vpc:
    """The intent of one VPC, to be changed at will and applied. Everything in it is a plain dict or list with
    the names that tests/net/driver.c reads; a model can go over them:

        subnets       {"id", "cidr", "cidr6", "bridge", "table": number of its route table, "acl": id or None}
        ports         by id: {"id", "subnet", "ip", "public", "more": [{"ip", "public"}], "ipv6": [address],
                      "groups": [id], "source_dest_check", "nat": id of a NAT gateway or None}
        groups        by id: {"id", "rules": [rule(…)]}
        tables        by number: {"id", "number", "routes": [route(…)]}; 0 is the main one
        acls          by id: {"id", "entries": [entry(…)]}
        peerings      by id, see peer(); peer_groups by id: {"id", "addresses"} (peer() fills them when it is told)
        prefix_lists  by id: {"id", "is_ipv6", "blocks"}
    """

    def __init__(self, index=1, cidr="10.0.0.0/16", subnets=("10.0.0.0/20",), more=(), cidr6=None):
        self.id = f"vpc-{index:017x}"
        self.index, self.cidrs = index, [cidr, *more]
        self.cidrs6 = [cidr6] if cidr6 else []
        self.subnets, self.next_subnet = [], 0
        self.ports, self.groups, self.peer_groups, self.prefix_lists = {}, {}, {}, {}
        self.acls, self.peerings = {}, {}
        self.internet_gateway, self.edge_table, self.dns_support = True, -1, True
        self.reverse_names = []
        self.dhcp = {"domain_name": "ec2.internal", "name_servers": ["AmazonProvidedDNS"]}
        self.tables = {}
        self.table(route("0.0.0.0/0", "internet"), *([route("::/0", "internet")] if cidr6 else []))
        for block in subnets:
            self.subnet(block, bool(cidr6))

    def subnet(self, block, ipv6=False, table=0, acl=None):
        at = self.next_subnet
        self.next_subnet += 1
        self.subnets.append({
            "id": f"subnet-{self.index:04x}{at:013x}", "cidr": block, "bridge": f"br{at}",
            "table": table, "acl": acl,
            "cidr6": str(list(ip_network(self.cidrs6[0]).subnets(new_prefix=64))[at])
            if ipv6 else None})
        return self.subnets[-1]

    def table(self, *routes):
        number = max(self.tables, default=-1) + 1
        self.tables[number] = {"id": f"rtb-{self.index:04x}{number:013x}", "number": number,
                               "routes": list(routes)}
        return number

    def acl(self, *entries):
        acl_id = f"acl-{self.index:04x}{len(self.acls) + 1:013x}"
        self.acls[acl_id] = {"id": acl_id, "entries": list(entries)}
        return acl_id

    def group(self, *rules, name=None):
        group_id = name or f"sg-{self.index:04x}{len(self.groups) + 1:013x}"
        self.groups[group_id] = {"id": group_id, "rules": list(rules)}
        return group_id

    def prefix_list(self, *blocks, is_ipv6=False):
        list_id = f"pl-{self.index:04x}{len(self.prefix_lists) + 1:013x}"
        self.prefix_lists[list_id] = {"id": list_id, "is_ipv6": is_ipv6, "blocks": list(blocks)}
        return list_id

    def port(self, groups, subnet=0, host=None, public=None, number=None, hosts=(), **more):
        """hosts: further addresses of the subnet. In a subnet with IPv6 it has an address of that, too."""
        number = number or len(self.ports) + 1
        network = ip_network(self.subnets[subnet]["cidr"])
        address = str(network[host or number + 9])
        port_id = f"eni-{self.index:04x}{number:013x}"
        block6 = self.subnets[subnet]["cidr6"]
        self.ports[port_id] = dict({
            "id": port_id, "tap": f"t{self.index}-{number}", "subnet": self.subnets[subnet]["id"],
            "mac": f"02:00:00:{self.index:02x}:{number >> 8:02x}:{number & 255:02x}",
            "ip": address, "public": public, "groups": list(groups),
            "more": [{"ip": str(network[h]), "public": None} for h in hosts],
            "ipv6": [str(ip_network(block6)[host or number + 9])] if block6 else [],
            "hostname": "ip-" + address.replace(".", "-")}, **more)
        return self.ports[port_id]

    def nat(self, subnet=0, public=None, **more):
        """A NAT gateway; its port is the target of routes."""
        nat_id = f"nat-{self.index:04x}{len(self.ports) + 1:013x}"
        return self.port([], subnet, public=public, nat=nat_id, source_dest_check=False, **more)

    def intent(self):
        return {"id": self.id, "index": self.index, "cidrs": self.cidrs, "cidrs6": self.cidrs6,
                "subnets": self.subnets, "internet_gateway": self.internet_gateway,
                "edge_table": self.edge_table, "dns_support": self.dns_support, "dhcp": self.dhcp,
                "reverse_names": self.reverse_names,
                **{name: list(getattr(self, name).values())
                   for name in ("ports", "groups", "peer_groups", "prefix_lists", "tables", "acls",
                                "peerings")}}


def peer(one, two, number=0):
    """A peering connection, asked for by the first. Routes are not made."""
    peering_id = f"pcx-{number:017x}"
    for side, other, requester in ((one, two, True), (two, one, False)):
        side.peerings[peering_id] = {"id": peering_id, "number": number, "requester": requester,
                                     "vpc": other.id, "blocks": other.cidrs + other.cidrs6}
    return peering_id


def refer(vpc, other, *groups):
    """Lets rules of `vpc` name groups of its peer `other`, with their members of now."""
    for group in groups:
        members = [p for p in other.ports.values() if group in p["groups"]]
        vpc.peer_groups[group] = {"id": group, "addresses": [
            a for p in members for a in [p["ip"], *(m["ip"] for m in p["more"]), *p["ipv6"]]]}


def route(to, kind, target=None):
    """kind: internet, egress-only, port (target: a port), peering (target: its id), blackhole."""
    return {"to": to, "kind": kind, "target": target["id"] if isinstance(target, dict) else target}


def entry(number, cidr="0.0.0.0/0", allow=True, egress=False, protocol=-1, low=-1, high=None, **more):
    """Of an ACL. protocol is a number; more: cidr6, type, code."""
    return dict({"number": number, "cidr": None if "cidr6" in more else cidr, "allow": allow,
                 "egress": egress, "protocol": protocol, "from": low,
                 "to": low if high is None else high}, **more)


rule_count = 0


def rule(protocol="-1", low=-1, high=None, cidr=None, group=None, egress=False, **more):
    global rule_count  # pylint: disable=global-statement
    rule_count += 1
    if cidr is None and group is None and not more.keys() & {"cidr6", "prefix_list"}:
        cidr = "0.0.0.0/0"
    return dict({"id": f"sgr-{rule_count:017x}", "protocol": protocol, "from": low,
                 "to": low if high is None else high, "cidr": cidr, "group": group,
                 "egress": egress}, **more)


def everything_out():
    return rule(egress=True)


def differing(before, vpc):
    """The ids of the interfaces that are not as they were in the intent `before`."""
    old = {port["id"]: port for port in before["ports"]}
    return [name for name in old.keys() | vpc.ports.keys() if old.get(name) != vpc.ports.get(name)]


# --- the driver -----------------------------------------------------------------------------

class Failed(Exception):
    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


class Driver:
    """One daemon's view of the network; end() is the daemon's death."""

    WITHIN = ()  # a command that starts it in another place

    def __init__(self, *more, pool=POOL):
        build = os.environ["CROFT_BUILD"]
        driver = os.environ.get("CROFT_NET_DRIVER") or os.path.join(build, "tests/net/net_driver")
        self.process = subprocess.Popen([*self.WITHIN, driver, RUNTIME, pool, *more], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.us = 0

    def ask(self, op, **more):
        self.process.stdin.write(json.dumps(dict(more, op=op)) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the driver has ended"
        answer = json.loads(line)
        self.us = answer["us"]
        if "error" in answer:
            raise Failed(answer["code"], answer["error"])
        return answer

    def apply(self, vpc):
        self.ask("apply", intent=vpc.intent())
        return self.us

    def apply_part(self, vpc, part):
        """Tells of the interfaces of these ids alone, some of which may be gone. Microseconds; None: a part is not enough,
        and nothing has been applied."""
        part = sorted(part)
        ports = [vpc.ports[name] for name in part if name in vpc.ports]
        try:
            self.ask("apply", part=part, intent=dict(vpc.intent(), ports=ports))
        except Failed as failed:
            if failed.code != errno.ESTALE:
                raise
            return None
        return self.us

    def plug(self, vpc, port):
        self.ask("plug", intent=vpc.intent(), port=port["id"])
        return self.us

    def remove(self, vpc):
        self.ask("remove", vpc=vpc.id, index=vpc.index)

    def names(self, op, **more):
        return sorted(self.ask(op, **more)["names"])

    def end(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            assert self.process.wait(20) == 0, "the driver did not end well"
            self.process.stdout.close()

    def kill(self):
        self.process.kill()
        self.process.wait()


# --- guests ---------------------------------------------------------------------------------

class Guest:
    """A namespace behind a port. Its address is set by hand unless it asks for a lease."""

    def __init__(self, driver, vpc, port, configured=True):
        self.port, self.name, self.ip = port, "g-" + port["tap"], port["ip"]
        self.router = str(ip_network(next(s["cidr"] for s in vpc.subnets
                                          if s["id"] == port["subnet"]))[1])
        length = ip_network(next(s["cidr"] for s in vpc.subnets
                                 if s["id"] == port["subnet"])).prefixlen
        run("ip", "netns", "add", self.name)
        run("ip", "link", "add", port["tap"], "type", "veth", "peer", "name", "eth0", "address",
            port["mac"], "netns", self.name)
        with inside(self.name):
            for name in ("all", "default"):
                sysctl(f"net/ipv6/conf/{name}/disable_ipv6", "1")
        self.batch("link set lo up", "link set eth0 up")
        if configured:
            self.batch(f"addr add {self.ip}/{length} dev eth0", f"route add default via {self.router}")
        driver.plug(vpc, port)
        self.wait()

    def wait(self):
        """A bridge learns of a port's carrier in its own time; a guest that boots never notices."""
        until = time.monotonic() + 5
        request = (b"\xff" * 6 + mac_bytes(self.port["mac"]) + b"\x08\x06"
                   + struct.pack(">HHBBH", 1, 0x800, 6, 4, 1) + mac_bytes(self.port["mac"])
                   + ip_address(self.ip).packed + bytes(6) + ip_address(self.router).packed)
        with self.raw() as wire:
            while time.monotonic() < until:
                wire.send(request)
                while select.select([wire], [], [], 0.05)[0]:
                    if wire.recv(2048)[20:22] == b"\0\x02":
                        return
        raise AssertionError(f"the router does not answer {self.name}")

    def batch(self, *lines):
        run("ip", "-n", self.name, "-batch", "-", stdin="\n".join(lines) + "\n")

    def speak_ipv6(self, *addresses, advertisements=False):
        """From here on, anew, with these addresses at once: nobody else can have them."""
        with inside(self.name):
            for name in ("default", "lo", "eth0"):
                sysctl(f"net/ipv6/conf/{name}/disable_ipv6", "1")  # whose end is when routers are asked for
                sysctl(f"net/ipv6/conf/{name}/accept_dad", "0")
                sysctl(f"net/ipv6/conf/{name}/accept_ra", "1" if advertisements else "0")
                sysctl(f"net/ipv6/conf/{name}/disable_ipv6", "0")
        if addresses:
            self.batch(*(f"addr add {a}/128 dev eth0 nodad" for a in addresses))

    def socket(self, kind=socket.SOCK_STREAM, family=socket.AF_INET, protocol=0):
        with inside(self.name):
            return socket.socket(family, kind, protocol)

    def listen(self, port):
        sock = self.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("", port))
        sock.listen(64)
        return sock

    def raw(self):
        """Frames as they are on the guest's wire."""
        with inside(self.name):
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            sock.bind(("eth0", 0))
        return sock

    def ping(self, address, limit=DROPPED):
        return ping(self.name, address, limit)

    def end(self):
        run("ip", "netns", "delete", self.name)


def ping(name, address, limit=DROPPED):
    with inside(name) if name else contextlib.nullcontext():
        sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    with sock:
        me = random.randrange(65536)
        packet = struct.pack(">BBHHH", 8, 0, 0, me, 1)
        total = sum(struct.unpack(">4H", packet))
        packet = struct.pack(">BBHHH", 8, 0, ~((total >> 16) + (total & 65535)) & 65535, me, 1)
        try:
            sock.sendto(packet, (address, 0))
        except OSError:
            return False
        until = time.monotonic() + limit
        while (left := until - time.monotonic()) > 0:
            if not select.select([sock], [], [], left)[0]:
                return False
            data = sock.recv(2048)
            if data[20] == 0 and struct.unpack(">H", data[24:26])[0] == me:
                return True
        return False


def reaches(source, address, port, limit=DROPPED):
    """Does a TCP connection from the guest (None: the server) come about?"""
    with (source.socket() if source else socket.socket()) as sock:
        sock.settimeout(limit)
        try:
            sock.connect((address, port))
            return True
        except OSError:
            return False


def who_reaches(listener, source, address, port, limit=COMES):
    """Connects, and says which address the listener saw; None: no connection."""
    with (source.socket() if source else socket.socket()) as sock:
        sock.settimeout(limit)
        try:
            sock.connect((address, port))
        except OSError:
            return None
        listener.settimeout(COMES)
        connection, peer = listener.accept()
        connection.close()
        return peer[0]


def attempts(flows, want):
    """Many at once: [(guest, address, port)] -> [came about]. What is wanted is waited for."""
    socks = []
    for guest, address, port in flows:
        sock = guest.socket()
        sock.setblocking(False)
        sock.connect_ex((address, port))
        socks.append(sock)
    began = time.monotonic()
    open_ = {s.fileno(): (s, wanted) for s, wanted in zip(socks, want, strict=True)}
    good = set()
    poller = select.poll()
    for fd in open_:
        poller.register(fd, select.POLLOUT)
    while open_:
        limit = COMES if any(wanted for _, wanted in open_.values()) else DROPPED
        if (left := began + limit - time.monotonic()) <= 0:
            break
        for fd, _ in poller.poll(left * 1000):
            if open_[fd][0].getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                good.add(fd)
            poller.unregister(fd)
            del open_[fd]
    result = [s.fileno() in good for s in socks]
    for sock in socks:
        sock.close()
    return result


# --- DHCP and DNS ---------------------------------------------------------------------------

def mac_bytes(mac):
    return bytes.fromhex(mac.replace(":", ""))


def link_local(mac):
    """What RFC 4291 makes of a MAC."""
    byte = mac_bytes(mac)
    return str(ip_address(b"\xfe\x80" + bytes(6) + bytes([byte[0] ^ 2]) + byte[1:3] + b"\xff\xfe" + byte[3:]))


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    total = (total >> 16) + (total & 65535)
    return ~(total + (total >> 16)) & 65535


def udp_frame(source_mac, target_mac, source, target, source_port, target_port, payload):
    udp = struct.pack(">HHHH", source_port, target_port, 8 + len(payload), 0) + payload
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0,
                       ip_address(source).packed, ip_address(target).packed)
    head = head[:10] + struct.pack(">H", checksum(head)) + head[12:]
    return mac_bytes(target_mac) + mac_bytes(source_mac) + b"\x08\0" + head + udp


def dhcp_options(data):
    options, at = {}, 240
    while at < len(data) and data[at] != 255:
        if data[at] == 0:
            at += 1
            continue
        options[data[at]] = data[at + 2:at + 2 + data[at + 1]]
        at += 2 + data[at + 1]
    return options


def dhcp(guest, limit=1.0, mac=None, more=b""):
    """Discover, offer, request, acknowledge: (address, options, seconds), or None. more: options that it says, too."""
    mac = mac or guest.port["mac"]
    number = random.randrange(1 << 32)

    def packet(*options):
        head = struct.pack(">BBBBIHH16s", 1, 1, 6, 0, number, 0, 0x8000, b"")
        return (head + mac_bytes(mac) + bytes(10 + 64 + 128) + b"\x63\x82\x53\x63"
                + b"".join(options) + b"\x3d\x07\x01" + mac_bytes(mac) + b"\x37\x07\x01\x03\x06\x0c\x0f\x2c\x2e"
                + more + b"\xff").ljust(300, b"\0")

    def answer(sock, until, kinds):
        while (left := until - time.monotonic()) > 0:
            if not select.select([sock], [], [], left)[0]:
                return None
            frame = sock.recv(4096)
            data = frame[42:]
            if frame[12:14] == b"\x08\0" and frame[23] == 17 and frame[36:38] == b"\0\x44" and \
                    data[4:8] == struct.pack(">I", number):
                options = dhcp_options(data)
                if options.get(53, b"\0")[0] in kinds:
                    return str(ip_address(data[16:20])), options
        return None

    began = time.monotonic()
    with guest.raw() as sock:
        def send(*options):
            sock.send(udp_frame(mac, "ff:ff:ff:ff:ff:ff", "0.0.0.0", "255.255.255.255", 68, 67,
                                packet(*options)))
        send(b"\x35\x01\x01")
        offer = answer(sock, began + limit, (2,))
        if offer is None:
            return None
        send(b"\x35\x01\x03", b"\x32\x04" + ip_address(offer[0]).packed,
             b"\x36\x04" + offer[1][54])
        given = answer(sock, began + limit, (5, 6))
        if given is None or given[1][53][0] != 5:
            return None
        return given[0], given[1], time.monotonic() - began


def dns(guest, server, name, kind=1, limit=1.0):
    """(code, [answers as text]); None: no answer."""
    question = b"".join(bytes([len(p)]) + p.encode() for p in name.split(".")) + b"\0"
    with guest.socket(socket.SOCK_DGRAM) as sock:
        sock.settimeout(limit)
        try:
            sock.sendto(struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + question
                        + struct.pack(">HH", kind, 1), (server, 53))
            data = sock.recv(4096)
        except OSError:
            return None
    count, at, answers = struct.unpack(">H", data[6:8])[0], 12 + len(question) + 4, []
    for _ in range(count):
        at += 2  # a pointer to the question's name
        what, _, _, size = struct.unpack(">HHIH", data[at:at + 10])
        value = data[at + 10:at + 10 + size]
        at += 10 + size
        if what in (1, 28):
            answers.append(str(ip_address(value)))
        elif what == 12:
            words, where = [], 0
            while where < len(value) and value[where] and value[where] < 192:
                words.append(value[where + 1:where + 1 + value[where]].decode())
                where += 1 + value[where]
            answers.append(".".join(words))
    return data[3] & 15, answers


# --- what the kernel has --------------------------------------------------------------------

def handles(name):
    """Of the rules of a namespace; new ones when they are made anew."""
    return re.findall(r"# handle \d+$", run("ip", "netns", "exec", name, "nft", "-a", "list", "ruleset"), re.MULTILINE)


def ways(name, link=None):
    """The addresses, routes and rules of a namespace, and what neighbours it is told of; None: ours, of one link. But for
    what the kernel makes by itself."""
    where = ("-n", name) if name else ()
    dev = ("dev", link) if link else ()
    lines = []
    for family in ("-4", "-6"):
        lines += run("ip", *where, family, "-o", "addr", "show", *dev).splitlines()
        lines += run("ip", *where, family, "route", "show", *(dev or ("table", "all")), "proto", "static").splitlines()
        lines += [] if link else run("ip", *where, family, "rule").splitlines()
        lines += run("ip", *where, family, "neigh", "show", *dev, "nud", "permanent").splitlines()
    lines = (" ".join(line.replace(" linkdown", "").split()) for line in lines)
    return sorted(line for line in lines if " fe80:" not in line or " via fe80:" in line)


def ruleset(name, root=""):
    """The rules of a namespace, without handles, in one order: comparable."""
    with inside(name, root):
        listed = json.loads(run("nft", "-j", "list", "ruleset"))
    objects = []
    for item in listed["nftables"]:
        for kind, value in item.items():
            if kind == "metainfo":
                continue
            value.pop("handle", None)
            if value.get("size") == METER:
                value.pop("elem", None)  # which packets make, not the driver
            if "elem" in value:
                value["elem"] = sorted(value["elem"], key=json.dumps)
            objects.append((kind, value))
    # Rules keep their order within a chain; everything else is sorted.
    others = sorted(json.dumps(o) for o in objects if o[0] != "rule")
    chains = {}
    for kind, value in objects:
        if kind == "rule":
            chains.setdefault((value["family"], value["chain"]), []).append(value)
    return others, chains


# --- a test ---------------------------------------------------------------------------------

class Case(unittest.TestCase):
    """A driver of its own for each test; guests and VPCs that it started end with it."""

    def attempt(self, flows, want, note=None):
        self.assertEqual(attempts(flows, want), want, note)

    def setUp(self):
        self.driver, self.guests, self.vpcs = Driver(), [], []

    def tearDown(self):
        for guest in self.guests:
            guest.end()
        for vpc in self.vpcs:
            self.driver.remove(vpc)
        self.driver.end()

    def start(self, vpc, *ports, configured=True):
        if vpc not in self.vpcs:
            self.vpcs.append(vpc)
        self.driver.apply(vpc)
        guests = [Guest(self.driver, vpc, port, configured) for port in ports]
        self.guests += guests
        return guests
