#!/usr/bin/env python3
"""Writes the table of what Croft takes of each action: gen_docs.py OUT.md SERVICE.model..."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from model_text import read_model  # noqa: E402

HEAD = """\
# Actions and parameters

Made from `lib/wire/*.model` by `lib/wire/gen_docs.py`. Names are those of the query protocol; `N` counts
the elements of a list from 1. The JSON doors use the members' names, as `aws ec2 --cli-input-json` does.

- **yes**: honoured as in EC2.
- **ignored**: taken, and without effect here, because Croft behaves as if it were given or needs no such thing.
- Everything else that EC2 has answers `UnsupportedOperation` and is listed at the end of each action, with
  the values that ask for no more than Croft does anyway and pass.
"""


def parameters(model, struct, prefix=""):
    """(name, type, field) of each scalar below a structure; a refused structure is one row."""
    for field in model.structs[struct].values():
        if field.status is None:
            continue
        name = prefix + field.wire_in + (".N" if field.is_list else "")
        if field.element in model.structs and field.status != "refuse":
            yield from parameters(model, field.element, name + ".")
        else:
            yield name, field


def limits(field):
    if field.limit:
        return field.limit
    if field.min is None and field.max is None:
        return ""
    return "..".join("" if value is None else str(value) for value in (field.min, field.max))


def kind(model, field):
    names = {"str": "string", "int": "integer", "long": "integer", "bool": "boolean", "time": "timestamp",
             "blob": "base64", "double": "number"}
    if field.element.startswith("enum:"):
        values = model.enums[field.element[5:]]
        return ", ".join(f"`{value}`" for value in values) if len(values) <= 8 else "an enumeration of EC2"
    if field.id:
        return f"id of a {field.id.replace('-', ' ')}".replace(" a i", " an i")
    return names.get(field.element, "structure")


def main():
    out = [HEAD]
    for path in sys.argv[2:]:
        model = read_model(path)
        out.append(f"## {model.service} {model.versions[0]}\n")
        for action, (given, _) in sorted(model.actions.items()):
            out.append(f"### {action}\n")
            rows = sorted(parameters(model, given), key=lambda row: row[0]) if given else []
            taken = [row for row in rows if not row[1].status.startswith("refuse")]
            refused = [row for row in rows if row[1].status.startswith("refuse")]
            if taken:
                out += ["| parameter | type | limits | |", "|---|---|---|---|"]
                for name, field in taken:
                    words = ["ignored" if field.status == "ignore" else "yes"]
                    words += [word for word, on in (("required", field.required), ("Croft's own", field.ext)) if on]
                    out.append(f"| {name} | {kind(model, field)} | {limits(field)} | {', '.join(words)} |")
                out.append("")
            else:
                out.append("No parameters.\n")
            if refused:
                names = []
                for name, field in refused:
                    passes = "false" if field.status == "refuse-true" else field.passes
                    names.append(name + (f" (but for {passes.replace(',', ', ')})" if passes else ""))
                out.append("Not supported: " + ", ".join(names) + ".\n")
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        file.write("\n".join(out))


if __name__ == "__main__":
    main()
