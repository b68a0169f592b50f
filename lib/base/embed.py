#!/usr/bin/env python3
"""Turns text files into C string constants, so that the daemon needs no data files beside it.

usage: embed.py OUT.c NAME=FILE [NAME=FILE ...]
"""
import sys


def literal(text):
    lines = []
    for line in text.splitlines(keepends=True):
        escaped = line.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        lines.append(f'    "{escaped}"')
    return "\n".join(lines) or '    ""'


def main():
    out = ["/* Made by embed.py; the source is the file named above each constant. */"]
    for pair in sys.argv[2:]:
        name, path = pair.split("=", 1)
        with open(path, encoding="utf-8") as source:
            text = source.read()
        out.append(f"extern const char {name}[];")
        out.append(f"const char {name}[] =\n{literal(text)};")
    with open(sys.argv[1], "w", encoding="utf-8") as target:
        target.write("\n".join(out) + "\n")


main()
