#!/usr/bin/env python3
"""Brings the public description of AWS's services into lib/wire/SERVICE.model.

    import_model.py [--check] [SERVICE...]

Reads the actions that Croft has from lib/api/actions.def and the shapes they need from botocore's
service-2.json, and rewrites the model files. What people decided by hand stays: statuses, id=, limit=,
passes=, malformed=, keep-empty, sensitive, the members marked `ext` and the `versions` line. An input member
that is new gets the status `refuse`. Launch templates take over what is decided of RunInstances. With --check nothing is written and a difference is an error.

The form of the files is described at the head of each; lib/wire/gen_model.py makes C of them.
"""
import argparse
import gzip
import importlib.util
import json
import os
import re
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "lib", "wire"))
from model_text import BOTOCORE_NAMES, Field, Model, read_model, services  # noqa: E402

HEAD = """\
# What Croft knows of the {title}: made by
# tests/tools/import_model.py from the public description that botocore carries. Statuses and the
# attributes named as such below are decided by hand, and kept.
#
# service NAME protocol=PROTOCOL target=PREFIX xmlns=BASE [region=REGION]; the prefix is that of X-Amz-Target,
#                           the region the one that clients sign for where the service is in none
# versions VERSION...       the API versions served, the current one first
# operations NAME...        every operation of the service: a known one without an `action` line
#                           answers UnsupportedOperation, an unknown one InvalidAction
# action NAME [in=STRUCT] [out=STRUCT]
# enum NAME VALUE...        checked on input alone
# struct NAME [in] [out]    then one line per member:
#   MEMBER TYPE [!] [STATUS] [ATTRIBUTE...]
#   TYPE    str int long double bool time blob enum:NAME STRUCT, or a list of one of these: [TYPE]
#   !       required
#   STATUS  of members of input: yes (honoured), ignore (accepted, without effect), refuse (given at
#           all: UnsupportedOperation), refuse-true (the same, but `false` asks for nothing and passes)
#   in=     name of the query parameter, where it is not the member's name
#   out=    name of the XML element, where it is not the member's name with a small first letter
#   item=   name of a list's XML elements, where it is not `item`
#   map     a list of keys and values, which JSON has as one object; of output alone
#   min= max=   AWS's limits: of a number, of a text's characters, of a list's elements
#   sensitive   never logged nor quoted
#   By hand: limit=MIN..MAX (Croft's own, instead of min and max), id=KIND (shape of an identifier),
#   malformed=CODE (the fault for a value that is not well-formed, or a list that is too long),
#   passes=VALUE,... (of a refused member: what asks for no more than Croft does anyway, and passes),
#   keep-empty (an empty query parameter is an empty text and not an absent one), ext (a member of
#   Croft's own that AWS does not have)
"""
# What is put into the first is launched as the second: statuses and what else is decided by hand are the
# second's, member by member. A member that the second does not have is refused.
LIKE = {"RequestLaunchTemplateData": "RunInstancesRequest"}
HAND = ("status", "limit", "id", "passes", "malformed", "keep_empty")
SCALARS = {
    "string": "str", "integer": "int", "long": "long", "double": "double", "float": "double",
    "boolean": "bool", "timestamp": "time", "blob": "blob", "character": "str",
}
# InstanceType: 1,212 values of which a server has a few; core's table of types is the judge.
# AccountAttributeName: the description lists two of the six that the service knows.
# Protocol, of network insights: Croft takes icmp, too.
# The other three have values of several words; the actions that take them judge them.
OPEN_ENUMS = {"InstanceType", "AccountAttributeName", "Protocol", "CapacityReservationInstancePlatform",
              "OfferingTypeValues", "RIProductDescription"}
ID_SHAPES = {
    "InstanceId": "instance", "ImageId": "image", "VolumeId": "volume", "SnapshotId": "snapshot",
    "SecurityGroupId": "group", "SubnetId": "subnet", "VpcId": "vpc",
    "NetworkInterfaceId": "network-interface", "LaunchTemplateId": "launch-template",
}


def botocore_model(service):
    """The newest service-2.json of botocore's data directory, without importing botocore."""
    spec = importlib.util.find_spec("botocore")
    if spec is None:
        sys.exit("import_model.py: botocore is not installed")
    folder = os.path.join(os.path.dirname(spec.origin), "data", BOTOCORE_NAMES.get(service, service))
    newest = os.path.join(folder, max(os.listdir(folder)), "service-2.json")
    if os.path.exists(newest):
        with open(newest, encoding="utf-8") as file:
            return json.load(file)
    with gzip.open(newest + ".gz", "rt", encoding="utf-8") as file:
        return json.load(file)


def with_entries(shapes):
    """Maps as what they are in XML: lists of entries, each of a key and a value."""
    for name, shape in [(name, shape) for name, shape in shapes.items() if shape["type"] == "map"]:
        entry = name[0].upper() + name[1:] + "Entry"
        shapes[entry] = {"type": "structure", "members": {
            end.capitalize(): dict(shape[end], locationName=shape[end].get("locationName", end))
            for end in ("key", "value")}}
        shapes[name] = {"type": "list", "map": True, "member": {"shape": entry, "locationName": "entry"}}
    return shapes


def actions_of(service):
    with open(os.path.join(ROOT, "lib", "api", "actions.def"), encoding="utf-8") as file:
        return sorted(re.findall(r"^ACTION\(%s, (\w+)," % service.replace("-", "_"), file.read(), re.M))


def closure(shapes, roots):
    seen = set()
    stack = [root for root in roots if root]
    while stack:
        name = stack.pop()
        if name in seen:
            continue
        seen.add(name)
        shape = shapes[name]
        if shape["type"] == "structure":
            stack.extend(member["shape"] for member in shape["members"].values())
        elif shape["type"] == "list":
            stack.append(shape["member"]["shape"])
    return {name for name in seen if shapes[name]["type"] == "structure"}


class Importer:
    def __init__(self, service, old):
        self.source = botocore_model(service)
        self.shapes = with_entries(self.source["shapes"])
        self.protocol = self.source["metadata"]["protocol"]
        self.old = old
        self.model = Model(service)
        self.notes = []

    def type_of(self, name, is_input, in_list=False):
        """(type, element of the list, whose shape has the constraints)"""
        shape = self.shapes[name]
        kind = shape["type"]
        if kind == "structure":
            return name
        if kind == "list":
            if in_list:
                sys.exit(f"import_model.py: {name} is a list of lists, which the generator does not know")
            return "[" + self.type_of(shape["member"]["shape"], is_input, True) + "]"
        if is_input and shape.get("map"):
            sys.exit(f"import_model.py: {name} is a map of input, which the decoders do not know")
        if kind == "string" and "enum" in shape and is_input and name not in OPEN_ENUMS:
            self.model.enums[name] = list(shape["enum"])
            return "enum:" + name
        return SCALARS[kind]

    def field(self, struct, name, member, required, is_input, is_output):
        shape = self.shapes[member["shape"]]
        field = Field(name, self.type_of(member["shape"], is_input))
        location = member.get("locationName")
        if is_input:
            field.required = required
            field.status = "refuse"
            wire = location or name
            if self.protocol == "ec2":
                wire = member.get("queryName") or wire[0].upper() + wire[1:]
            field.wire_in = wire
            field.min, field.max = shape.get("min"), shape.get("max")
            element = shape["member"]["shape"] if shape["type"] == "list" else member["shape"]
            field.id = ID_SHAPES.get(element)
        if is_output:
            field.wire_out = location or name
            if shape["type"] == "list":
                field.item = shape["member"].get(
                    "locationName", "item" if self.protocol == "ec2" else "member")
                field.map = shape.get("map", False)
                if shape.get("flattened"):
                    sys.exit(f"import_model.py: {struct}.{name} is flattened, which the encoder does not know")
        element = self.shapes[shape["member"]["shape"]] if shape["type"] == "list" else shape
        field.sensitive = bool(shape.get("sensitive") or element.get("sensitive"))
        before = self.old.structs.get(struct, {}).get(name) if self.old else None
        if before is not None:
            for attribute in HAND:
                if is_input or attribute != "status":
                    setattr(field, attribute, getattr(before, attribute))
            field.sensitive = field.sensitive or before.sensitive
            if is_input and field.status is None:
                field.status = "refuse"
        elif is_input and self.old:
            self.notes.append(f"new input member {struct}.{name}: refuse")
        return field

    def make_like(self, struct, other):
        """Copies what is decided by hand from the members of `other`, and of the structures in them."""
        structs = self.model.structs
        for name, field in structs[struct].items():
            like = structs[other].get(name)
            if like is None:
                field.status = "refuse"
                continue
            for attribute in HAND:
                value = getattr(like, attribute)
                # An id's shape may be known of one of them alone.
                if attribute != "id" or value is not None:
                    setattr(field, attribute, value)
            field.sensitive = field.sensitive or like.sensitive
            if field.element in structs and field.element != like.element:
                self.make_like(field.element, like.element)

    def run(self):
        metadata = self.source["metadata"]
        model = self.model
        model.protocol = self.protocol
        # A service that AWS serves as queries alone has no target, and one of JSON no namespace: here all
        # services answer at all doors.
        model.target = metadata.get("targetPrefix") or (
            self.old.target if self.old else f"AWS{metadata['serviceId'].replace(' ', '')}")
        model.region = self.old.region if self.old else None
        xmlns = metadata.get("xmlNamespace", f"https://{model.service}.amazonaws.com/doc/-/").rstrip("/")
        model.xmlns = xmlns[: xmlns.rindex("/") + 1]
        model.versions = [metadata["apiVersion"]]
        if self.old:
            model.versions += [v for v in self.old.versions if v not in model.versions]
        model.operations = sorted(self.source["operations"])
        roots = {"in": [], "out": []}
        for name in actions_of(model.service):
            operation = self.source["operations"][name]
            ends = [operation.get(end, {}).get("shape") for end in ("input", "output")]
            model.actions[name] = tuple(ends)
            roots["in"].append(ends[0])
            roots["out"].append(ends[1])
        inputs, outputs = closure(self.shapes, roots["in"]), closure(self.shapes, roots["out"])
        for struct in sorted(inputs | outputs):
            shape = self.shapes[struct]
            is_input, is_output = struct in inputs, struct in outputs
            model.directions[struct] = (is_input, is_output)
            required = shape.get("required", [])
            fields = {
                name: self.field(struct, name, member, name in required, is_input, is_output)
                for name, member in shape["members"].items()
                # Croft says nothing in maps, which the generator does not know; it refuses them in type_of().
                if is_input or self.shapes[member["shape"]]["type"] != "map"
            }
            for name, field in (self.old.structs.get(struct, {}) if self.old else {}).items():
                if field.ext:
                    fields[name] = field
                elif name not in fields:
                    self.notes.append(f"{struct}.{name} is gone")
            model.structs[struct] = fields
        for struct, other in LIKE.items():
            if struct in model.structs:
                self.make_like(struct, other)
        return model


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail on a difference")
    parser.add_argument("services", nargs="*", default=services())
    options = parser.parse_args()
    drift = False
    for service in options.services:
        path = os.path.join(ROOT, "lib", "wire", service + ".model")
        old = read_model(path) if os.path.exists(path) else None
        importer = Importer(service, old)
        model = importer.run()
        text = HEAD.format(title=importer.source["metadata"]["serviceFullName"]) + model.text()
        current = open(path, encoding="utf-8").read() if old else ""
        for note in importer.notes:
            print(f"{service}: {note}")
        if text == current:
            continue
        drift = True
        if not options.check:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            print(f"{service}: {os.path.relpath(path)} written, {len(text.splitlines())} lines")
    if options.check and drift:
        sys.exit("the model differs from what the description and actions.def give: run import_model.py")


if __name__ == "__main__":
    main()
