#!/usr/bin/env python3
"""Every filter that AWS documents for an action of ours is taken, or there is a reason why not.

documented_filters.txt is made by tests/tools/documented_filters.py. A filter without a meaning here stands in
its action's table all the same, with a path of NULL, so that it matches nothing instead of being refused.
"""
import os
import re
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "..", "tools"))
from c_source import Source  # noqa: E402

ROW = re.compile(r'\{\s*"([^"]+)",\s*(?:"[^"]+"|NULL)\s*\}')
JOINT = re.compile(r'"\s*\n\s*"')  # of a text that is too long for a line
TAGS = re.compile(r"tag|tag-key|tag:.*")  # of any shape with tags: filter.c itself
REASONS = {
    ("DescribeInstances", "network-interface.tag-key"):
        "filters see what an instance shows, and it does not show its interfaces' tags",
    ("DescribeInstances", "network-interface.tag-value"):
        "filters see what an instance shows, and it does not show its interfaces' tags",
}


def filters_of(source, action):
    names = set()
    for definition in source.reached_from("act_ec2_" + action):
        if definition.name.endswith("_filters"):
            names.update(ROW.findall(JOINT.sub("", definition.body)))
    return names


def main():
    source = Source("api")
    documented = {}
    with open(os.path.join(HERE, "documented_filters.txt"), encoding="utf-8") as file:
        for line in file:
            action, name = line.split(None, 1)
            documented.setdefault(action, []).append(name.strip())
    failures, unused = [], set(REASONS)
    for action, names in documented.items():
        ours = filters_of(source, action)
        for name in names:
            unused.discard((action, name))
            if name not in ours and not TAGS.fullmatch(name) and (action, name) not in REASONS:
                failures.append(f"{action} has no filter {name}")
            if name in ours and (action, name) in REASONS:
                failures.append(f"{action} has the filter {name}, and a reason why not")
    failures += [f"a reason is for no filter: {action} {name}" for action, name in unused]
    if sum(map(len, documented.values())) < 250:
        failures.append("documented_filters.txt is not all there")
    print("\n".join(failures))
    sys.exit(bool(failures))


main()
