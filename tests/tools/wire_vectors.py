#!/usr/bin/env python3
"""Writes tests/golden/wire/requests.txt: what botocore puts on the wire for the requests of
every action, filled in at random (with a fixed seed) as far as lib/wire/SERVICE.model supports them.

One vector is three lines, SERVICE ACTION, the form and the same as JSON with sorted keys, and an
empty line. tests/unit/wire_vectors.c decodes both and wants equal structures. Run this by hand
after a change of the model; the file is checked in, so that the test needs no botocore.
"""
import base64
import datetime
import json
import os
import random
import sys
import urllib.parse

import botocore.loaders
import botocore.model
import botocore.serialize

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "lib", "wire"))
from gen_model import IDS  # noqa: E402
from model_text import as_query, read_model, services  # noqa: E402

TEXTS = ["web", "a b", "a+b", "100%", "k=v&x", "Grüße", "日本", "😀", "<&>\"'", "tab\there", "line\nend", "*?\\"]


class Filler:
    def __init__(self, model, seed):
        self.model = model
        self.random = random.Random(seed)

    def limits(self, field):
        if field.limit:
            return tuple(int(x) if x else None for x in field.limit.split(".."))
        return field.min, field.max

    def element(self, field):
        """(what botocore is given, what our JSON says)"""
        pick, kind = self.random, field.element
        low, high = (None, None) if field.is_list else self.limits(field)
        if field.status in ("refuse", "refuse-true"):
            value = field.passes.split(",")[0] if field.passes else "false"
            plain = {"bool": False, "int": None}.get(kind, value)
            plain = int(value) if kind == "int" else plain
            return plain, plain
        if kind.startswith("enum:"):
            value = pick.choice(self.model.enums[kind[5:]])
        elif field.id:
            value = IDS[field.id][0] + "-" + "".join(pick.choices("0123456789abcdef", k=pick.choice((8, 17))))
        elif kind == "str":
            value = pick.choice(TEXTS) * (low or 1)
            value = value[:high] if high else value
            if field.keep_empty and pick.random() < 0.3:
                value = ""
        elif kind in ("int", "long"):
            value = pick.randint(low if low is not None else -2**31, high if high is not None else 2**31 - 1)
        elif kind == "double":
            value = pick.randint(-1000, 1000) / 8
        elif kind == "bool":
            value = pick.random() < 0.5
        elif kind == "time":
            seconds = pick.randint(0, 4 * 10**9)
            return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc), seconds
        elif kind == "blob":
            data = bytes(pick.choices(range(256), k=pick.randint(1, 50)))
            return data, base64.b64encode(data).decode()
        else:
            return self.struct(kind)
        return value, value

    def struct(self, name, chance=0.7):
        given, plain = {}, {}
        for field in self.model.structs[name].values():
            # Fields whose only legal value is a refusal, and those botocore does not know.
            if field.ext or field.status is None:
                continue
            if field.status == "refuse" and not field.passes:
                continue
            if not field.required and self.random.random() > chance:
                continue
            if field.is_list:
                values = [self.element(field) for _ in range(self.random.randint(1, 3))]
                values = [value for value in values if value[1] not in ({}, [])]
                if not values:
                    continue
                given[field.name], plain[field.name] = ([value[i] for value in values] for i in (0, 1))
                continue
            value = self.element(field)
            if value[1] == {}:
                continue
            given[field.name], plain[field.name] = value
        return given, plain


def main():
    out = []
    for service in services():
        model = read_model(os.path.join(ROOT, "lib", "wire", service + ".model"))
        description = as_query(botocore.loaders.Loader().load_service_model(service, "service-2"))
        client = botocore.model.ServiceModel(description, service)
        serializer = botocore.serialize.create_serializer(client.metadata["protocol"], include_validation=False)
        for action, (given_struct, _) in sorted(model.actions.items()):
            for number in range(4 if given_struct else 0):
                filler = Filler(model, f"{action} {number}")
                given, plain = filler.struct(given_struct, (0.3, 0.7, 1.0, 0.0)[number])
                request = serializer.serialize_to_request(given, client.operation_model(action))
                form = urllib.parse.urlencode(request["body"])
                out += [f"{service} {action}", form, json.dumps(plain, sort_keys=True, separators=(",", ":"),
                                                                 ensure_ascii=False), ""]
    with open(os.path.join(ROOT, "tests", "golden", "wire", "requests.txt"), "w", encoding="utf-8") as file:
        file.write("\n".join(out))


if __name__ == "__main__":
    main()
