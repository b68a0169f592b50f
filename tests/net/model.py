"""Which packets get through, by AWS's documents: the network's second opinion.

It knows the intents (world.Vpc) and nothing of how the driver makes them true. judge() follows one new
connection hop by hop, there and back:

    interface   sends from its own addresses alone while it checks sources, and takes what is for them alone
                (AWS: "Source/destination checking")
    groups      the rules of all of an interface's groups together; answers pass by themselves
    ACLs        where a packet leaves one subnet and enters another: entries by number, the first that matches
                decides, and answers are asked, too (AWS: "Control subnet traffic with network access control lists")
    routes      of the subnet's table, the longest prefix first, the VPC's own blocks before all of their length
    gateways    an internet gateway translates one to one and takes nobody without a public address, IPv6 as it is;
                an egress-only one carries no answers out; a NAT gateway sends on as itself; a peering connection
                leads to addresses of the peer VPC alone, and no further
"""
from collections import namedtuple
from functools import lru_cache
from ipaddress import ip_address, ip_network

Flow = namedtuple("Flow", "origin source source_port protocol target port")
# arrives: the id of a port, SERVER, INTERNET or None; seen: the source that it sees; back: the answer came.
Verdict = namedtuple("Verdict", "arrives seen back why")
Packet = namedtuple("Packet", "protocol source source_port target port kind")

SERVER, INTERNET = "server", "internet"
NUMBERS = {"tcp": 6, "udp": 17, "icmp": 1}
LOCAL = ("local", None)


class Stopped(Exception):
    """By what; where it is left out, both may be right."""


class Unknown(Exception):
    """AWS does not say, or Croft says otherwise on purpose."""


@lru_cache(None)
def covers(block, address):
    return ip_address(address) in ip_network(block)


@lru_cache(None)
def length(block):
    return ip_network(block).prefixlen


def number_of(packet):
    return 58 if packet.protocol == "icmp" and ":" in packet.source else NUMBERS[packet.protocol]


def answer_to(packet):
    kind = {8: 0, 128: 129}.get(packet.kind, packet.kind)
    return Packet(packet.protocol, packet.target, packet.port, packet.source, packet.source_port, kind)


def addresses(port):
    return [port["ip"], *(a["ip"] for a in port["more"]), *port["ipv6"]]


def publics(port):
    return {a["ip"]: a["public"] for a in [port, *port["more"]] if a["public"]}


class World:
    """VPCs, and somebody beyond the server's uplink: the addresses of both, IPv4 and IPv6."""

    internet, uplink = "192.0.2.53", "192.0.2.1"
    internet6, uplink6 = "2001:db8:53::53", "2001:db8:53::1"

    def __init__(self, vpcs):
        self.vpcs = vpcs

    def home(self, port_id):
        return next(v for v in self.vpcs if port_id in v.ports)

    def vpc(self, vpc_id):
        return next(v for v in self.vpcs if v.id == vpc_id)

    def owner(self, public):
        for vpc in self.vpcs:
            for port in vpc.ports.values():
                for private, its in publics(port).items():
                    if its == public:
                        return vpc, port, private
        return None


def subnet_of(vpc, port):
    return next(s for s in vpc.subnets if s["id"] == port["subnet"])


def judge(world, flow):
    packet = Packet(flow.protocol, flow.source, flow.source_port, flow.target, flow.port,
                    (128 if ":" in flow.target else 8) if flow.protocol == "icmp" else None)
    walk = Walk(world)
    try:
        if flow.origin in (SERVER, INTERNET):
            arrives, seen = walk.come_in(packet, flow.origin)
        else:
            vpc = world.home(flow.origin)
            arrives, seen = walk.leave_port(vpc, vpc.ports[flow.origin], packet)
    except Stopped as by:
        return Verdict(None, None, False, str(by))
    try:
        for step in walk.answers:
            step()
    except Stopped as by:
        return Verdict(arrives, seen, False, f"answer: {by}")
    return Verdict(arrives, seen, True, "passes")


class Walk:
    def __init__(self, world):
        self.world, self.answers, self.nats = world, [], 0

    # --- what decides

    def ask_groups(self, vpc, port, egress, packet):
        peer = packet.target if egress else packet.source
        for group in port["groups"]:
            for rule in vpc.groups[group]["rules"]:
                if rule["egress"] == egress and rule_is_for(rule, packet) and \
                        self.names(vpc, rule, peer):
                    return
        raise Stopped("group out" if egress else "group in")

    def names(self, vpc, rule, peer):
        if rule["cidr"]:
            return covers(rule["cidr"], peer)
        if rule.get("cidr6"):
            return covers(rule["cidr6"], peer)
        if rule.get("prefix_list"):
            return any(covers(b, peer) for b in vpc.prefix_lists[rule["prefix_list"]]["blocks"])
        near = [vpc] + [self.world.vpc(p["vpc"]) for p in vpc.peerings.values()]
        return any(rule["group"] in port["groups"] and peer in addresses(port)
                   for v in near for port in v.ports.values())

    def cross(self, vpc, subnet, egress, packet):
        """An edge of a subnet, and the same edge for the answer."""
        ask_acl(vpc, subnet, egress, packet)
        self.answers.append(lambda: ask_acl(vpc, subnet, not egress, answer_to(packet)))

    # --- the way

    def leave_port(self, vpc, port, packet):
        if packet.source not in addresses(port) and port.get("source_dest_check", True):
            raise Stopped("source check")
        if packet.source not in addresses(port) and \
                any(covers(block, packet.source) for block in vpc.cidrs + vpc.cidrs6):
            raise Unknown  # a part of the VPC that is nobody's: who gets the answer?
        back = LOCAL if packet.source in addresses(port) else ("port", port["id"])
        self.ask_groups(vpc, port, True, packet)
        return self.leave_subnet(vpc, subnet_of(vpc, port), packet, back)

    def leave_subnet(self, vpc, subnet, packet, back):
        kind, target = look_up(vpc, subnet, packet.target)
        if kind == "local":
            return self.deliver(vpc, subnet, packet, back)
        if back != LOCAL:
            raise Unknown
        if kind == "port":
            return self.hand_to(vpc, subnet, vpc.ports.get(target), packet)
        if kind == "blackhole":
            raise Stopped("blackhole")
        if kind == "peering" and target not in vpc.peerings:
            raise Stopped("blackhole")
        self.cross(vpc, subnet, True, packet)
        if kind == "peering":
            other = self.world.vpc(vpc.peerings[target]["vpc"])
            if not any(covers(block, packet.target) for block in other.cidrs + other.cidrs6):
                raise Stopped("not the peer's")
            return self.deliver(other, None, packet, ("peering", target))
        if kind == "internet" and not vpc.internet_gateway:
            raise Stopped("no internet gateway")
        if ":" in packet.target:
            return self.come_in(packet, vpc.id)
        for port in vpc.ports.values():
            if packet.source in publics(port):
                return self.come_in(packet._replace(source=publics(port)[packet.source]), vpc.id)
        raise Stopped("no public address")

    def hand_to(self, vpc, subnet, port, packet):
        """To the interface that a route names, whoever the packet is for."""
        if port is None:
            raise Stopped("blackhole")
        its = subnet_of(vpc, port)
        if its is not subnet:
            self.cross(vpc, subnet, True, packet)
            self.cross(vpc, its, False, packet)
        source = packet.source
        self.answers.append(lambda: need_route(self.world, vpc, its, source, LOCAL))
        if port.get("nat"):
            self.nats += 1
            if self.nats > 1:
                raise Stopped("a loop of NAT gateways")
            return self.leave_subnet(vpc, its, packet._replace(source=port["ip"]), LOCAL)
        if port.get("source_dest_check", True):
            raise Stopped("destination check")
        self.ask_groups(vpc, port, False, packet)
        if packet.target not in port.get("owns", ()):
            raise Unknown
        return port["id"], packet.source

    def deliver(self, vpc, subnet, packet, back):
        """To whom the address is, from a subnet of the VPC or (None) from a gateway."""
        port = next((p for p in vpc.ports.values() if packet.target in addresses(p)), None)
        if port is None:
            raise Stopped("nobody's address")
        its = subnet_of(vpc, port)
        if subnet is not its:
            if subnet is not None:
                self.cross(vpc, subnet, True, packet)
            self.cross(vpc, its, False, packet)
        if port.get("nat"):
            raise Stopped("a NAT gateway listens to nobody")
        self.ask_groups(vpc, port, False, packet)
        self.answers.append(lambda: need_route(self.world, vpc, its, packet.source, back))
        return port["id"], packet.source

    def come_in(self, packet, origin):
        """From the world outside, where the internet gateways lead."""
        if packet.target == self.world.internet:
            return INTERNET, self.world.uplink
        if packet.target == self.world.internet6:
            return INTERNET, packet.source
        if packet.target in (self.world.uplink, self.world.uplink6):
            raise Stopped("the server")
        if ":" in packet.target:
            vpc, private = next(((v, packet.target) for v in self.world.vpcs
                                 if any(covers(b, packet.target) for b in v.cidrs6)), (None, None))
        else:
            vpc, _, private = self.world.owner(packet.target) or (None, None, None)
        if vpc is None:
            raise Stopped("nobody's public address")
        if origin == INTERNET and ":" not in packet.target:
            raise Stopped("a pool that the server alone knows")
        if not vpc.internet_gateway:
            raise Stopped("no internet gateway")
        source = packet.source
        if origin == SERVER and ":" not in packet.target:  # by the link between it and the VPC
            source = str(ip_address("169.254.64.0") + 2 * vpc.index)
        return self.deliver(vpc, None, packet._replace(source=source, target=private),
                            ("internet", None))


def rule_is_for(rule, packet):
    protocol = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}.get(rule["protocol"],
                                                                       rule["protocol"])
    if protocol == "-1":
        return True
    its = "icmpv6" if number_of(packet) == 58 else packet.protocol
    if protocol != its:
        return False
    if packet.protocol == "icmp":  # type and code
        return rule["from"] < 0 or (rule["from"] == packet.kind and rule["to"] in (-1, 0))
    return rule["from"] < 0 or rule["from"] <= packet.port <= rule["to"]


def ask_acl(vpc, subnet, egress, packet):
    if subnet["acl"] is None:
        return
    where = "ACL out" if egress else "ACL in"
    peer = packet.target if egress else packet.source
    for entry in sorted(vpc.acls[subnet["acl"]]["entries"], key=lambda e: e["number"]):
        if entry["egress"] != egress or not covers(entry["cidr"] or entry["cidr6"], peer):
            continue
        if entry["protocol"] not in (-1, number_of(packet)):
            continue
        if packet.protocol == "icmp" and entry["protocol"] != -1:
            if entry.get("type", -1) not in (-1, packet.kind) or entry.get("code", -1) not in (-1, 0):
                continue
        elif entry["protocol"] != -1 and not (entry["from"] < 0 or
                                              entry["from"] <= packet.port <= entry["to"]):
            continue
        if entry["allow"]:
            return
        break
    raise Stopped(where)


def look_up(vpc, subnet, address):
    found = [(length(block), 1, LOCAL) for block in vpc.cidrs + vpc.cidrs6 if covers(block, address)]
    found += [(length(r["to"]), 0, (r["kind"], r["target"]))
              for r in vpc.tables[subnet["table"]]["routes"] if covers(r["to"], address)]
    if not found:
        raise Stopped("no route")
    return max(found, key=lambda f: f[:2])[2]


def need_route(world, vpc, subnet, address, wanted):
    """An answer that takes another way than the question came is lost: who translates, or tracks, is not asked. With
    IPv6 nobody translates, and it may come by another gateway that leads to the same VPC."""
    found = look_up(vpc, subnet, address)
    if found[0] == "peering" and found[1] not in vpc.peerings:
        raise Stopped("blackhole")
    if found == wanted:
        return
    if ":" not in address or found[0] not in ("internet", "peering") or \
            wanted[0] not in ("internet", "peering"):
        raise Stopped("route")
    home = next((v for v in world.vpcs if any(covers(b, address) for b in v.cidrs6)), None)
    if found[0] == "internet" and not vpc.internet_gateway:
        raise Stopped("no internet gateway")
    if found[0] == "peering" and (home is None or vpc.peerings[found[1]]["vpc"] != home.id):
        raise Stopped("not the peer's")
    if found[0] == "internet" and not home.internet_gateway:
        raise Unknown
