#!/usr/bin/env python3
"""Writes tests/unit/documented_filters.txt: the filters that AWS documents for each action of
lib/api/actions.def, from the documentation that botocore carries. Run it when an action with filters is new.
"""
import html
import os
import re

from import_model import ROOT, actions_of, botocore_model

NAME = re.compile(r"<li>\s*<p>\s*<code>([^<]+)</code>")


def main():
    model = botocore_model("ec2")
    lines = []
    for action in sorted(actions_of("ec2")):
        shape = model["operations"][action].get("input", {}).get("shape")
        members = model["shapes"][shape]["members"] if shape else {}
        text = members.get("Filters", members.get("Filter", {})).get("documentation", "")
        lines += [f"{action} {html.unescape(name)}" for name in NAME.findall(text)]
    path = os.path.join(ROOT, "tests", "unit", "documented_filters.txt")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    print(f"{len(lines)} filters of {len({line.split()[0] for line in lines})} actions")


if __name__ == "__main__":
    main()
