#!/usr/bin/env python3
"""Writes tests/lib/newer.json: operations of lib/api/actions.def that Debian's botocore does not have.

The tests of the API run with Debian's botocore, so that they need nothing from outside; what EC2 has got
since then is taken from the newer one that import_model.py reads, shapes and all; and so are shapes that
have grown by what tests send and look at.
"""
import gzip
import json
import os

from import_model import ROOT, actions_of, botocore_model

DEBIAN = "/usr/lib/python3/dist-packages/botocore/data/ec2/2016-11-15/service-2.json"


GROWN = ("CopyImageRequest", "CreateImageRequest", "CreateNatGatewayRequest",
         "CreateReplaceRootVolumeTaskRequest", "DeregisterImageRequest", "Image", "NatGatewayAddress")


def debian_model():
    if os.path.exists(DEBIAN):
        with open(DEBIAN, encoding="utf-8") as file:
            return json.load(file)
    with gzip.open(DEBIAN + ".gz", "rt", encoding="utf-8") as file:
        return json.load(file)


def without_words(value):
    if isinstance(value, dict):
        return {name: without_words(item) for name, item in value.items()
                if not (name in ("documentation", "documentationUrl") and isinstance(item, str))}
    return [without_words(item) for item in value] if isinstance(value, list) else value


def add(name, shapes, known, found):
    if name in known or name in found:
        return
    found[name] = shape = without_words(shapes[name])
    inner = list(shape.get("members", {}).values()) + [shape[key] for key in ("member",) if key in shape]
    for member in inner:
        add(member["shape"], shapes, known, found)


def main():
    newer, debian = botocore_model("ec2"), debian_model()
    operations, shapes, grown = {}, {}, {}
    for name in GROWN:
        add(name, newer["shapes"], {}, grown)
    grown = {name: shape for name, shape in grown.items()
             if name in GROWN or name not in debian["shapes"]}
    for name in sorted(set(actions_of("ec2")) - set(debian["operations"])):
        operations[name] = without_words(newer["operations"][name])
        for end in ("input", "output"):
            if end in newer["operations"][name]:
                add(newer["operations"][name][end]["shape"], newer["shapes"], debian["shapes"], shapes)
    path = os.path.join(ROOT, "tests", "lib", "newer.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"operations": operations, "shapes": shapes, "grown": grown}, file, indent=1, sort_keys=True)
        file.write("\n")
    print(f"{len(operations)} operations, {len(shapes)} shapes: {', '.join(operations)}")


if __name__ == "__main__":
    main()
