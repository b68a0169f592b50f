#!/usr/bin/env python3
"""Every path in the filter tables of lib/api leads to a scalar of the item's shape: filter_paths.py LIB

A wrong one ends the daemon at the first use of its filter, so none may get that far.
"""
import glob
import os
import re
import sys

LIB = sys.argv[1]
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(LIB, "wire"))
from model_text import read_model  # noqa: E402

TABLE = re.compile(r"struct filter_path (\w+)\[\] = \{(.*?)\n\};", re.S)
ROW = re.compile(r'\{\s*"([^"]+)",\s*"([^"]+)"\s*\}')
JOINT = re.compile(r'"\s*\n\s*"')  # of a text that is too long for a line
SHAPES = (re.compile(r"FILTERS\(\w+,\s*(\w+),\s*(\w+)\)"),
          re.compile(r"(\w+),\s*ARRAY_SIZE\(\1\),\s*&ec2_(\w+)_struct"))
ENCLOSING = {"Instance": "Reservation"}


def leads_to_scalar(structs, shape, path):
    if path.startswith("="):
        return True
    if path.startswith("^"):
        shape, path = ENCLOSING.get(shape), path[1:]
    *steps, last = path.split(".")
    for step in steps:
        field = structs.get(shape, {}).get(step)
        if field is None:
            return False
        shape = field.element
    field = structs.get(shape, {}).get(last)
    return field is not None and field.element not in structs and field.element != "blob"


def main():
    structs = read_model(os.path.join(LIB, "wire", "ec2.model")).structs
    failures = rows = 0
    for name in sorted(glob.glob(os.path.join(LIB, "api", "*.c"))):
        with open(name, encoding="utf-8") as file:
            text = file.read()
        shapes = {table: shape for pattern in SHAPES for table, shape in pattern.findall(text)}
        for table, body in TABLE.findall(text):
            if table not in shapes:
                print(f"{name}: {table} is used with no shape")
                failures += 1
                continue
            for filter_name, path in ROW.findall(JOINT.sub("", body)):
                rows += 1
                if not leads_to_scalar(structs, shapes[table], path):
                    print(f"{name}: filter {filter_name}: no {path} in {shapes[table]}")
                    failures += 1
    if rows < 100:
        print(f"only {rows} filters found: the tables are written in another way")
        failures += 1
    sys.exit(failures > 0)


main()
