#!/usr/bin/env python3
"""Writes tests/unit/documented_filters.txt: the filters that AWS documents for each action of
lib/api/actions.def, from the documentation that botocore carries. Run it when an action with filters is new.
"""
import html
import os
import re

from import_model import ROOT, actions_of, botocore_model

# The names are those of the outer list; a list within it has the values of one.
PIECE = re.compile(r"<(/?)ul>|<li>\s*<p>\s*<code>([^<]+)</code>")


def names_of(text):
    depth = 0
    for match in PIECE.finditer(text):
        if match[2] is None:
            depth += -1 if match[1] else 1
        elif depth == 1:
            yield html.unescape(match[2])


def main():
    model = botocore_model("ec2")
    lines = []
    for action in sorted(actions_of("ec2")):
        shape = model["operations"][action].get("input", {}).get("shape")
        members = model["shapes"][shape]["members"] if shape else {}
        text = members.get("Filters", members.get("Filter", {})).get("documentation", "")
        lines += [f"{action} {name}" for name in names_of(text)]
    path = os.path.join(ROOT, "tests", "unit", "documented_filters.txt")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    print(f"{len(lines)} filters of {len({line.split()[0] for line in lines})} actions")


if __name__ == "__main__":
    main()
