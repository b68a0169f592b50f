#!/usr/bin/env python3
"""wire_replies.py RENDER: fills the reply of every action at random, has RENDER make XML and JSON
of it, parses the XML with botocore's own parsers and compares. Exit 77 (skipped) without botocore.

Each reply is rendered twice: with every member, and with about half of them. Members that the
installed botocore does not know yet are left out of the comparison, and nothing else is.
"""
import base64
import datetime
import io
import json
import os
import random
import subprocess
import sys

sys.dont_write_bytecode = True
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "lib", "wire"))
from model_text import BOTOCORE_NAMES, as_query, read_model, services  # noqa: E402

try:
    import botocore.loaders
    import botocore.model
    import botocore.parsers
except ImportError:
    print("botocore (python3-boto3) is not installed")
    sys.exit(77)

TEXTS = ["x", "Grüße & <Bögen>", "日本 \"quoted\"", "😀", " blank ", "a\tb", "]]>", "line\nend"]
UTC = datetime.timezone.utc


class Filler:
    def __init__(self, model, seed, chance):
        self.model, self.random, self.chance = model, random.Random(seed), chance

    def value(self, field):
        pick, kind = self.random, field.element
        if kind == "str" or kind.startswith("enum:"):
            return pick.choice(TEXTS)
        if kind == "int":
            return pick.randint(-2**31, 2**31 - 1)
        if kind == "long":
            return pick.randint(-2**63, 2**63 - 1)
        if kind == "double":
            return pick.randint(-1000, 1000) / 8
        if kind == "bool":
            return pick.random() < 0.5
        if kind == "time":
            return pick.randint(0, 4 * 10**9)
        if kind == "blob":
            return base64.b64encode(bytes(pick.choices(range(256), k=20))).decode()
        return self.struct(kind)

    def struct(self, name):
        out = {}
        least = 1 if self.chance == 1 else 0
        for field in self.model.structs[name].values():
            if field.ext or self.random.random() > self.chance:
                continue
            if field.map:
                out[field.name] = [{**Filler(self.model, f"{name} {i}", 1).struct(field.element), "Key": f"k{i}"}
                                   for i in range(self.random.randint(least, 3))]
            elif field.is_list:
                out[field.name] = [self.value(field) for _ in range(self.random.randint(least, 3))]
            else:
                out[field.name] = self.value(field)
        return out


def in_json(model, struct, value):
    """The same with its maps, which are lists of entries in C and in XML, as objects."""
    out = dict(value)
    for name, field in model.structs[struct].items():
        if name not in out or field.element not in model.structs:
            continue
        if field.is_list:
            out[name] = [in_json(model, field.element, each) for each in out[name]]
        else:
            out[name] = in_json(model, field.element, out[name])
        if field.map:
            out[name] = {each["Key"]: each["Value"] for each in out[name]}
    return out


def expected(value, shape, top=False):
    """What botocore's parser makes of `value`: known members, times as datetime, top lists there."""
    if shape.type_name == "structure":
        out = {name: expected(value[name], member) for name, member in shape.members.items() if name in value}
        for name, member in shape.members.items():
            if top and member.type_name == "list":
                out.setdefault(name, [])
            if top and member.type_name == "map":
                out.setdefault(name, {})
            if top and name == "Return":
                out.setdefault(name, True)
        return out
    if shape.type_name == "map":
        return {each["Key"]: expected(each["Value"], shape.value) for each in value}
    if shape.type_name == "list":
        return [expected(element, shape.member) for element in value]
    if shape.type_name == "timestamp":
        return datetime.datetime.fromtimestamp(value, UTC)
    if shape.type_name == "blob":
        return base64.b64decode(value)
    return value


def read_block(stream):
    return stream.read(int(stream.readline()))


def main():
    render = sys.argv[1]
    cases, lines = [], []
    for service in services():
        model = read_model(os.path.join(ROOT, "lib", "wire", service + ".model"))
        description = botocore.model.ServiceModel(
            as_query(botocore.loaders.Loader().load_service_model(BOTOCORE_NAMES.get(service, service), "service-2")),
            service)
        for action, (_, answer) in sorted(model.actions.items()):
            for chance in (1.0, 0.5):
                reply = Filler(model, f"{action} {chance}", chance).struct(answer) if answer else {}
                plain = in_json(model, answer, reply) if answer else {}
                cases.append((service, action, reply, plain, description.operation_model(action).output_shape))
                lines.append(f"{service} {action} {json.dumps(reply)}\n")
    process = subprocess.run([render], input="".join(lines).encode(), stdout=subprocess.PIPE, check=True)
    stream = io.BytesIO(process.stdout)
    parsers = {service: botocore.parsers.EC2QueryParser() if service == "ec2" else botocore.parsers.QueryParser()
               for service in services()}
    failed = 0
    for service, action, reply, plain, shape in cases:
        xml, back = read_block(stream), json.loads(read_block(stream))
        parsed = parsers[service].parse({"body": xml, "headers": {}, "status_code": 200}, shape)
        metadata = parsed.pop("ResponseMetadata")
        want = expected(reply, shape, True) if shape else {}
        # Empty lists and Return come by themselves.
        ours = {name: value for name, value in back.items() if name in reply or value not in ([], {}, True)}
        if metadata["RequestId"] != "req-1" or parsed != want or ours != plain:
            failed += 1
            print(f"{service} {action}\n  given  {reply}\n  want   {want}\n  parsed {parsed}\n  json   {back}\n  {xml}")
    print(f"{len(cases)} replies, {failed} differ (botocore {botocore.__version__})")
    return 1 if failed or len(cases) < 70 else 0


if __name__ == "__main__":
    sys.exit(main())
