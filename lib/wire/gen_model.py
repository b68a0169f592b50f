#!/usr/bin/env python3
"""Makes C of a wire model: gen_model.py SERVICE.model OUT.c OUT.h

The header has one structure per shape, the source the tables that lib/wire/model.h describes.
"""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from model_text import read_model  # noqa: E402

CORE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "core")


def rows_of(name, pattern):
    with open(os.path.join(CORE, name), encoding="utf-8") as file:
        return re.findall(pattern, file.read(), re.M)


FAULTS = {code: row for row, code in rows_of("faults.def", r'^FAULT\((\w+), "([^"]+)"')}


def resources():
    """What id= of a model names, by its name and by its prefix: (prefix, the code for anything that has not
    its form)."""
    codes = {row: code for code, row in FAULTS.items()}
    kinds = {}
    for name, prefix, malformed in rows_of("resources.def", r'^RESOURCE\((\w+), "([^"]+)", .*, (\w+)\)$'):
        kinds[name.lower().replace("_", "-")] = kinds[prefix] = (prefix, codes[malformed])
    kinds["group"], kinds["group-rule"] = kinds["sg"], kinds["sgr"]
    return kinds


IDS = resources()
KINDS = {"str": "STR", "int": "INT", "long": "LONG", "double": "DOUBLE", "bool": "BOOL", "time": "TIME",
         "blob": "BLOB"}
SCALAR = {"str": "const char *", "int": "struct opt_int ", "long": "struct opt_int ",
          "double": "struct opt_double ", "bool": "struct opt_bool ", "time": "struct opt_time ",
          "blob": "struct wire_blob "}
LISTS = {"str": "struct wire_strings ", "int": "struct wire_ints ", "long": "struct wire_ints ",
         "double": "struct wire_doubles "}
STATUS = {None: "OUT", "yes": "YES", "ignore": "IGNORE", "refuse": "REFUSE", "refuse-true": "REFUSE_TRUE"}
KEYWORDS = set("""auto break case char const continue default do double else enum extern float for goto if inline int
    long register restrict return short signed sizeof static struct switch typedef union unsigned void volatile
    while bool true false""".split())


def snake(name):
    """InstanceIds: instance_ids, SizeInMiB: size_in_mib, DefaultVCpus: default_vcpus"""
    name = re.sub(r"(MiB|GiB|MBps|VCpu|IPv6|IPv4)", lambda match: match[0].capitalize(), name)
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()
    return name + "_" if name in KEYWORDS else name


def quoted(text):
    return "NULL" if text is None else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def fault_constant(code):
    """FAULT_INVALID_AMI_ID_MALFORMED of InvalidAMIID.Malformed: as core/faults.def names its rows."""
    if code not in FAULTS:
        sys.exit(f"gen_model.py: {code} is not in core/faults.def")
    return "FAULT_" + FAULTS[code]


class Generator:
    def __init__(self, model):
        self.model = model
        self.prefix = model.service.replace("-", "_") + "_"
        for name in model.structs:
            if name.endswith("List") and name[:-4] in model.structs:
                sys.exit(f"gen_model.py: the structure {name} is called as a list would be")

    def c_type(self, field):
        element = "str" if field.element.startswith("enum:") else field.element
        if field.is_list:
            if element in SCALAR:
                return LISTS[element]
            return f"struct {self.prefix}{element}List "
        return SCALAR.get(element) or f"struct {self.prefix}{element} *"

    def header(self, source):
        model, prefix = self.model, self.prefix
        out = [f"/* Made from {source} by gen_model.py. */", "#pragma once", '#include "wire/model.h"', ""]
        out.append(f"extern const struct wire_service {prefix}service;")
        listed = sorted({field.element for fields in model.structs.values() for field in fields.values()
                         if field.is_list and field.element in model.structs})
        for name in sorted(model.structs):
            out += ["", f"struct {prefix}{name};"]
            if name in listed:
                out.append(f"struct {prefix}{name}List {{\n    struct {prefix}{name} *v;\n    size_t n;\n}};")
        for name, fields in sorted(model.structs.items()):
            out += ["", f"extern const struct wire_struct {prefix}{name}_struct;", f"struct {prefix}{name} {{"]
            names = {}
            for field in fields.values():
                member = snake(field.name)
                if member in names:
                    sys.exit(f"gen_model.py: {name}.{field.name} and {names[member]} are one in C")
                names[member] = field.name
                note = f" /* {field.status} */" if field.status in ("ignore", "refuse", "refuse-true") else ""
                out.append(f"    {self.c_type(field)}{member};{note}")
            if not fields:
                out.append("    char nothing; /* C has no empty structures */")
            out.append("};")
        out += ["", "/* What the handler of an action takes and fills in. */"]
        for name, ends in sorted(model.actions.items()):
            for end, role in zip(ends, ("in", "out")):
                shape = f"struct {prefix}{end}" if end else "struct wire_nothing"
                out.append(f"typedef {shape} {prefix}{name}_{role};")
        return "\n".join(out) + "\n"

    def field(self, struct, field):
        is_input, is_output = self.model.directions[struct]
        if field.ext:  # of requests when it has a status, else of replies
            is_input, is_output = field.status is not None, is_output and field.status is None
        kind = "STR" if field.element.startswith("enum:") else KINDS.get(field.element, "STRUCT")
        if field.is_list and kind not in ("STR", "INT", "LONG", "DOUBLE", "STRUCT"):
            sys.exit(f"gen_model.py: {struct}.{field.name} is a list of a kind that has no C type")
        malformed = field.malformed or "InvalidParameterValue"
        parts = [f".member = {quoted(field.name)}"]
        if is_input:
            parts.append(f".in = {quoted(field.wire_in)}")
        if is_output:
            parts.append(f".out = {quoted(field.wire_out)}")
            if field.is_list:
                parts.append(f".item = {quoted(field.item)}")
        parts.append(f".kind = WIRE_{kind}")
        for flag, value in (("list", field.is_list), ("required", field.required), ("sensitive", field.sensitive),
                            ("keep_empty", field.keep_empty), ("map", field.map)):
            if value:
                parts.append(f".{flag} = true")
        low, high = field.min, field.max
        if field.limit:
            low, high = (int(x) if x else None for x in field.limit.split(".."))
        for name, value in (("min", low), ("max", high)):
            if value is not None:
                parts.append(f".has_{name} = true, .{name} = {value}")
        parts.append(f".status = WIRE_{STATUS[field.status]}")
        if field.id:
            prefix, malformed = IDS[field.id]
            parts.append(f".id_prefix = {quoted(prefix)}")
        parts.append(f".malformed = {fault_constant(malformed)}")
        parts.append(f".offset = offsetof(struct {self.prefix}{struct}, {snake(field.name)})")
        if kind == "STRUCT":
            parts.append(f".sub = &{self.prefix}{field.element}_struct")
        if field.element.startswith("enum:"):
            parts.append(f".values = enum_{field.element[5:]}")
        if field.passes:
            values = ", ".join(quoted(value) for value in field.passes.split(",") + [None])
            parts.append(f".passes = (const char *const[]){{{values}}}")
        return "    {" + ", ".join(parts) + "},"

    def table(self, struct, suffix, fields, order):
        names = list(fields)
        chosen = sorted((name for name in names if order(fields[name]) is not None),
                        key=lambda name: order(fields[name]).encode())
        wires = [order(fields[name]) for name in chosen]
        if len(set(wires)) != len(wires):
            sys.exit(f"gen_model.py: {struct} has two members of one name on the wire")
        if chosen:
            pointers = ", ".join(f"&fields_{struct}[{names.index(name)}]" for name in chosen)
            return len(chosen), f"static const struct wire_field *const {suffix}_{struct}[] = {{{pointers}}};"
        return 0, None

    def source(self, source):
        model, prefix = self.model, self.prefix
        out = [f"/* Made from {source} by gen_model.py. */", f'#include "wire/{prefix}model.h"', ""]
        used = {field.element[5:] for fields in model.structs.values() for field in fields.values()
                if field.element.startswith("enum:")}
        for name in sorted(used):
            values = ", ".join(quoted(value) for value in model.enums[name])
            out.append(f"static const char *const enum_{name}[] = {{{values}, NULL}};")
        for name, fields in sorted(model.structs.items()):
            rows, is_input = "NULL", model.directions[name][0]
            tables = {"in": (0, None), "member": (0, None)}
            out.append("")
            if fields:
                out.append(f"static const struct wire_field fields_{name}[] = {{")
                out += [self.field(name, field) for field in fields.values()] + ["};"]
                rows = f"fields_{name}"
                tables["in"] = self.table(name, "in", fields, lambda field: field.wire_in if is_input else None)
                tables["member"] = self.table(name, "member", fields, lambda field: field.name)
                out += [text for _, text in tables.values() if text]
            pointers = {key: f"{key}_{name}" if text else "NULL" for key, (_, text) in tables.items()}
            out.append(f"const struct wire_struct {prefix}{name}_struct = {{{quoted(name)}, "
                       f"sizeof(struct {prefix}{name}), {len(fields)}, {rows}, {pointers['in']}, "
                       f"{tables['in'][0]}, {pointers['member']}}};")
        out += ["", "static const struct wire_action actions[] = {"]
        for name, ends in sorted(model.actions.items()):
            given, answer = (f"&{prefix}{end}_struct" if end else "NULL" for end in ends)
            out.append(f"    {{{quoted(name)}, &{prefix}service, {given}, {answer}}},")
        out += ["};", "static const char *const versions[] = {" +
                ", ".join(quoted(version) for version in model.versions) + ", NULL};"]
        out += ["static const char *const operations[] = {"]
        out += [f"    {quoted(name)}," for name in sorted(model.operations)] + ["};"]
        out.append("static const struct wire_struct *const structs[] = {")
        out += [f"    &{prefix}{name}_struct," for name in sorted(model.structs)] + ["};"]
        protocol = {"ec2": "WIRE_EC2", "query": "WIRE_QUERY", "json": "WIRE_JSON"}[model.protocol]
        out.append(f"const struct wire_service {prefix}service = {{{quoted(model.service)}, {protocol}, "
                   f"{quoted(model.target)}, {quoted(model.region)}, {quoted(model.xmlns)}, versions, actions, {len(model.actions)}, operations, "
                   f"{len(model.operations)}, structs, {len(model.structs)}}};")
        return "\n".join(out) + "\n"


def main():
    source, code, header = sys.argv[1:]
    generator = Generator(read_model(source))
    for path, text in ((code, generator.source(os.path.basename(source))),
                       (header, generator.header(os.path.basename(source)))):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    main()
