#!/usr/bin/env python3
"""Writes docs/api.md and docs/errors.md from what the daemon is made of.

    make_docs.py [--check]

Actions and parameters come from lib/api/actions.def and lib/wire/*.model; errors, filters and the rows and
states that a call changes are found by following the calls of each action's function through lib/api and
lib/core. With --check nothing is written, and a difference is an error.
"""
import functools
import glob
import os
import re
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.join(HERE, "..", "..")
sys.path[:0] = [HERE, os.path.join(TREE, "lib", "wire")]
from c_source import Source  # noqa: E402
from gen_model import IDS  # noqa: E402
from model_text import read_model  # noqa: E402

API_HEAD = """\
# Actions and parameters

Made by `tests/tools/make_docs.py` from `lib/api/actions.def`, `lib/wire/*.model` and the code of each action. Names are
those of the query protocol; `N` counts the elements of a list from 1. The JSON doors use the members' names, as
`aws ec2 --cli-input-json` does. Each parameter that EC2 has is one of:

- **yes**: honoured as in EC2.
- **ignored**: taken, and without effect here, because Croft behaves as if it were given or needs no such thing.
- **not supported**: given at all, the call is refused with `UnsupportedOperation`; listed at the end of each action, with the
  values that ask for no more than Croft does anyway and pass.

*Changes* names the rows that a call may write and the states that it may bring about; "then" is what the workers do
afterwards. *Errors* leaves out those that any call may bring, which are in [errors.md](errors.md).
"""
ERRORS_HEAD = """\
# Errors

Made by `tests/tools/make_docs.py` from `lib/core/faults.def` and the sentences in the code. `…` stands for what a sentence quotes.
Codes are EC2's own. A call that is refused has changed nothing. `tests/api` provokes each of them.

The query protocol answers `<Response><Errors><Error><Code/><Message/></Error></Errors><RequestID/></Response>`, the JSON
doors `{"__type": CODE, "message": MESSAGE}`, both with the status below and the request's id in the header `x-amzn-RequestId`.
"""
ROOMS = ("api", "core", "wire", "auth", "http", "jobs")  # that may raise a fault
# Rows that are written along the way and say nothing about what a call is for.
BOOKKEEPING = {"client_token", "job", "setting"}
# Its tables name every kind of resource; what an action looks up is in the action.
LOOKUPS = "lib/api/lookup.c"


def read(*parts):
    with open(os.path.join(TREE, *parts), encoding="utf-8") as file:
        return file.read()


def fault_rows():
    """id: (code, status, when)"""
    rows = re.findall(r'^FAULT\((\w+),\s*"([^"]+)",\s*(\d+),\s*"([^"]+)"\)', read("lib", "core", "faults.def"), re.M)
    return {name: (code, int(status), when) for name, code, status, when in rows}


def spoken():
    """{service: {what it is here: what the service says}}, fault ids all."""
    found = {}
    for service, here, there in re.findall(r"^SPOKEN\((\w+), (\w+), (\w+)\)$", read("lib", "core", "spoken.def"), re.M):
        found.setdefault(service.replace("_", "-"), {})[here] = there
    return found


def resource_rows():
    """By the prefix of ids, and by the kind (RESOURCE_…): (not found, malformed)"""
    rows = re.findall(r'^RESOURCE\((\w+),\s*"([^"]+)",.*?,\s*([A-Z_0-9]+),\s*([A-Z_0-9]+)\)$',
                      read("lib", "core", "resources.def"), re.M)
    return ({prefix: (missing, malformed) for _, prefix, missing, malformed in rows},
            {"RESOURCE_" + name: (missing, malformed) for name, _, missing, malformed in rows})


def action_rows():
    rows = re.findall(r"^ACTION\((\w+), (\w+), (READ|WRITE), ([^)]*)\)$", read("lib", "api", "actions.def"), re.M)
    return {(service.replace("_", "-"), name): (kind, {flag.strip() for flag in flags.split("|")})
            for service, name, kind, flags in rows}


def state_names(core):
    """INSTANCE_PENDING: ("instance", "pending"), from the tables of states."""
    found = {}
    for text in core.files.values():
        tables = dict(re.findall(r'struct state_table \w+ = \{"([\w -]+)", (\w+)', text))
        for what, table in tables.items():
            body = re.search(r"struct state " + table + r"\[\] = \{(.*?)^\};", text, re.M | re.S)
            for name, word in re.findall(r'\[(\w+)\] =\s*\{\s*"([\w-]+)"', body[1] if body else ""):
                found[name] = (what, word)
    return found


# --- following an action ------------------------------------------------------------------------

FAULT = re.compile(r"\bFAULT_([A-Z][A-Z0-9_]*)\b")
# store_delete_volumes() names its table in the plural.
WRITES = re.compile(r"\bstore_(?:insert|update|put|make)_(\w+)\(|\bstore_delete_(\w+)s\(")
ENTERS = re.compile(r"(?<![=!]= )(?<!case )(?<!\[)\b({})\b(?! *[:\]])")
LOOKUP = re.compile(r"^LOOKUP_(?:MANY|ONE)\((\w+), (?:(\w+), )?(RESOURCE_\w+)\)", re.M)


class Follower:
    def __init__(self):
        self.source = Source("api", "core")
        self.faults = fault_rows()
        self.ids, self.kinds = resource_rows()
        self.states = state_names(self.source)
        self.enters = re.compile(ENTERS.pattern.format("|".join(sorted(self.states, key=len, reverse=True))))
        self.lookups = {}
        for text in self.source.files.values():
            for one, many, kind in LOOKUP.findall(text):
                self.lookups["lookup_" + (many or one)] = kind

    def reached(self, service, name):
        return self.source.reached_from(f"act_{service.replace('-', '_')}_{name}")

    def errors(self, service, reached, fields, flags):
        found = set()
        for definition in reached:
            found |= {name for name in FAULT.findall(definition.body) if name in self.faults}
            for word in definition.words:
                kind = self.lookups.get(word, word)
                if kind in self.kinds and definition.path.startswith("lib/api") and definition.path != LOOKUPS:
                    found.add(self.kinds[kind][0])
        # What there is none of does not exist, whatever its id is.
        none = any(definition.name == "describe_none" for definition in reached)
        for field in fields:
            codes = {field.malformed}
            if field.id:
                prefix, malformed = IDS[field.id]
                codes.add(malformed)
                found |= set(self.ids[prefix][:1]) if none else set()
            found |= {name for name, row in self.faults.items() if row[0] in codes}
        if "TOKEN" in flags:
            found.add("IDEMPOTENT_PARAMETER_MISMATCH")
        return {spoken().get(service, {}).get(name, name) for name in found - COMMON}

    def changes(self, reached):
        rows, states = set(), {}
        for definition in reached:
            for written, deleted in WRITES.findall(definition.body):
                table = written or deleted
                if table not in BOOKKEEPING:
                    rows.add(table)
            if definition.path.startswith("lib/api"):
                text = re.sub(r"STATE_BIT\(\w+\)", "", definition.body)
                for name in self.enters.findall(text):
                    what, word = self.states[name]
                    states.setdefault(what, set()).add(word)
        return rows, states

    def jobs(self, reached):
        return {kind for definition in reached
                for kind in re.findall(r'store_enqueue\(c->tx, "([\w-]+)"', definition.body)}

    def filters(self, reached):
        found = set()
        for definition in reached:
            text = self.source.files[definition.path]
            for word in definition.words:
                table = re.search(r"struct filter_path " + re.escape(word) + r"\[\] = \{(.*?)\n\};", text, re.S)
                if table:
                    found |= set(re.findall(r'\{\s*"([^"]+)",', re.sub(r'"\s*\n\s*"', "", table[1])))
        return sorted(found)


# Any call may bring these: they are raised before the action's own function, or by the server itself.
COMMON = {
    "AUTH_FAILURE", "DRY_RUN_OPERATION", "INCOMPLETE_SIGNATURE", "INTERNAL_ERROR", "INVALID_ACTION",
    "INVALID_PARAMETER_VALUE", "MALFORMED_QUERY_STRING", "MISSING_ACTION", "MISSING_AUTHENTICATION_TOKEN",
    "MISSING_PARAMETER", "NO_SUCH_VERSION", "REQUEST_ENTITY_TOO_LARGE", "REQUEST_EXPIRED", "REQUEST_LIMIT_EXCEEDED",
    "RESOURCE_COUNT_EXCEEDED", "UNKNOWN_PARAMETER", "UNSUPPORTED_OPERATION",
}


# --- api.md -------------------------------------------------------------------------------------

def parameters(model, struct, prefix=""):
    """(name, field) of each scalar below a structure; a refused structure is one row."""
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
        return f"id `{IDS[field.id][0]}-…`"
    return names.get(field.element, "structure")


def words(table):
    return table.replace("_", " ")


def changed(follower, reached):
    rows, states = follower.changes(reached)
    said = []
    for row in sorted(rows):
        reaches = sorted(states.get(words(row), ()))
        said.append(words(row) + (f" ({', '.join(reaches)})" if reaches else ""))
    jobs = follower.jobs(reached)
    then = f"; then the workers see to the {', '.join(sorted(jobs))}" if jobs else ""
    return ", ".join(said) + then


def parameter_table(model, given):
    rows = sorted(parameters(model, given), key=lambda row: row[0]) if given else []
    taken = [row for row in rows if not row[1].status.startswith("refuse")]
    refused = [row for row in rows if row[1].status.startswith("refuse")]
    out = []
    if taken:
        out += ["| parameter | type | limits | |", "|---|---|---|---|"]
        for name, field in taken:
            status = ["ignored" if field.status == "ignore" else "yes"]
            status += [word for word, on in (("required", field.required), ("Croft's own", field.ext)) if on]
            out.append(f"| {name} | {kind(model, field)} | {limits(field)} | {', '.join(status)} |")
        out.append("")
    else:
        out.append("No parameters.\n")
    if refused:
        names = []
        for name, field in refused:
            passes = "false" if field.status == "refuse-true" else field.passes
            names.append(name + (f" (but for {passes.replace(',', ', ')})" if passes else ""))
        out.append("Not supported: " + ", ".join(names) + ".\n")
    return out


def describe_action(follower, model, name, given, row):
    kind_of, flags = row
    reached = follower.reached(model.service, name)
    fields = [field for _, field in parameters(model, given)] if given else []
    out = [f"### {name}\n"]
    if kind_of == "WRITE":
        out.append(f"Changes: {changed(follower, reached)}.\n")
    errors = sorted(follower.faults[error][0] for error in follower.errors(model.service, reached, fields, flags))
    if errors:
        out.append("Errors: " + ", ".join(f"`{code}`" for code in errors) + ".\n")
    filters = follower.filters(reached)
    if filters:
        out.append("Filters: " + ", ".join(f"`{each}`" for each in filters) + ".\n")
    return out + parameter_table(model, given)


def api_md(follower):
    rows = action_rows()
    out = [API_HEAD]
    for service in sorted({service for service, _ in rows}):
        model = read_model(os.path.join(TREE, "lib", "wire", service + ".model"))
        actions = sorted(model.actions.items())
        out.append(f"## {service} {model.versions[0]}\n")
        out.append(f"{len(actions)} of {len(model.operations)} operations; the others answer `UnsupportedOperation`.\n")
        out.append(", ".join(f"[{name}](#{name.lower()})" for name, _ in actions) + "\n")
        for name, (given, _) in actions:
            out += describe_action(follower, model, name, given, rows[service, name])
    return "\n".join(out)


# --- errors.md ----------------------------------------------------------------------------------

CALL = re.compile(r"(?<![\w.>])fault\(")
PIECE = re.compile(r'"((?:\\.|[^"\\])*)"|\b([A-Z]\w*)\b')
MACRO = re.compile(r'^#define (\w+)\s+(?:\\\n\s*)?((?:"(?:\\.|[^"\\])*"(?:\s|\\\n)*)+)$', re.M)
CONVERSION = re.compile(r"%[-+ #0]*[\d*]*(?:\.[\d*]+)?(?:hh|h|ll|l|z|j|t)?[a-zA-Z]")


def arguments(text, at):
    """The arguments of the call whose opening parenthesis is before `at`."""
    found, depth, begin, quoted = [], 0, at, False
    while True:
        char = text[at]
        if quoted:
            at += char == "\\"
            quoted = char != '"'
        elif char == '"':
            quoted = True
        elif char in "([{":
            depth += 1
        elif depth == 0 and char in ",)":
            found.append(text[begin:at].strip())
            begin = at + 1
            if char == ")":
                return found
        elif char in ")]}":
            depth -= 1
        at += 1


def sentence(expression, macros):
    """A format as a reader sees it, from texts and macros side by side."""
    whole = "".join("d" if macro.startswith("PRI") else macros.get(macro, "…") if macro else piece
                    for piece, macro in PIECE.findall(expression))
    return re.sub(r"\\(.)", r"\1", CONVERSION.sub("…", whole).replace("%%", "%"))


@functools.lru_cache(maxsize=None)
def header_macros():
    found = {}
    for room in ROOMS:
        for path in sorted(glob.glob(os.path.join(TREE, "lib", room, "*.h"))):
            with open(path, encoding="utf-8") as file:
                found.update(MACRO.findall(file.read()))
    return found


def macro_texts(text):
    return {name: "".join(re.findall(r'"((?:\\.|[^"\\])*)"', value))
            for name, value in {**header_macros(), **dict(MACRO.findall(text))}.items()}


def sentences():
    """fault id: the sentences that it is raised with; under None those that come with whatever code the
    model or resources.def has for a parameter or an id."""
    found = {}
    for _, text in sorted(Source(*ROOMS).files.items()):
        macros = macro_texts(text)
        for match in CALL.finditer(text):
            args = arguments(text, match.end())
            if len(args) < 3 or not re.search(r'"|\b[A-Z][A-Z0-9_]{3,}\b', args[2]):
                continue  # the definition, or a sentence that came from elsewhere
            ids = FAULT.findall(args[1] if args[1].strip() != "quota_kinds[q].fault" else
                                read("lib", "core", "account_quotas.def"))
            if re.sub(r"FAULT_\w+|NULL|quota_kinds\[q\]\.fault", "", args[1]).strip():
                ids.append(None)
            # `? :` has two of them.
            for choice in re.split(r"\s[?:]\s", args[2])[-2:] if " ? " in args[2] else [args[2]]:
                said = sentence(choice, macros)
                if said != "…":
                    for name in ids:
                        found.setdefault(name, []).append(said)
    return found


REFUSES = re.compile(r"\b(?:refuse|http_answer_error)\((?=x, \d)")


def http_refusals():
    """fault id: {status: sentences} of what lib/http refuses by itself, before there is a call."""
    pipeline = read("lib", "api", "pipeline.c")
    codes = {int(status): name for status, name in re.findall(r"\{(\d{3}), FAULT_(\w+)\}", pipeline)}
    otherwise = re.search(r"enum fault_code code = FAULT_(\w+);", pipeline)[1]
    found = {}
    for text in Source("http").files.values():
        for match in REFUSES.finditer(text):
            _, status, said, *_ = arguments(text, match.end())
            found.setdefault(codes.get(int(status), otherwise), {}).setdefault(int(status), []).append(
                sentence(said, macro_texts(text)))
    return found


def users(follower):
    """fault id: the actions that may raise it."""
    found = {}
    models = {}
    for (service, name), (_, flags) in action_rows().items():
        if service not in models:
            models[service] = read_model(os.path.join(TREE, "lib", "wire", service + ".model"))
        given = models[service].actions[name][0]
        fields = [field for _, field in parameters(models[service], given)] if given else []
        for error in follower.errors(service, follower.reached(service, name), fields, flags):
            found.setdefault(error, set()).add(name)
    return found


def id_sentences():
    """fault id: what is said of an id that does not exist, or that is none."""
    found = {}
    for prefix, one, many, missing, malformed in re.findall(
            r'^RESOURCE\(\w+,\s*"([^"]+)",\s*(?:"[^"]*"|NULL),\s*"([^"]+)",\s*"([^"]+)",\s*([A-Z_0-9]+),\s*([A-Z_0-9]+)\)$',
            read("lib", "core", "resources.def"), re.M):
        found.setdefault(missing, []).extend([f"The {one} '…' does not exist", f"The {many} '…' do not exist"])
        if malformed != missing:
            found.setdefault(malformed, []).append(f'Invalid id: "…" (expecting "{prefix}-...")')
    return found


def parameter_faults():
    """fault ids that the model names for a parameter's value."""
    found = {"INVALID_PARAMETER_VALUE"}
    codes = {row[0]: name for name, row in fault_rows().items()}
    for service in {row[0] for row in action_rows()}:
        model = read_model(os.path.join(TREE, "lib", "wire", service + ".model"))
        found |= {codes[field.malformed] for struct in model.structs.values() for field in struct.values()
                  if field.malformed}
    return found


def cell(text):
    return text.replace("|", "\\|").replace("<", "&lt;")


def errors_md(follower):
    said, of_ids, by, of_http = sentences(), id_sentences(), users(follower), http_refusals()
    out = [ERRORS_HEAD, "Of a value that is not right for its parameter: " +
           "; ".join(f"*{cell(each)}*" for each in dict.fromkeys(said.get(None, [])) if "parameter" in each) + ".\n"]
    for title, chosen in (("Any call", COMMON), ("Single actions", set(follower.faults) - COMMON)):
        out += [f"## {title}\n", "| code | status | when | messages |" , "|---|---|---|---|"]
        for name, (code, status, when) in sorted(follower.faults.items(), key=lambda row: row[1][0]):
            if name not in chosen:
                continue
            lines = of_ids.get(name, []) + said.get(name, [])
            for other, texts in sorted(of_http.get(name, {}).items()):
                lines += [text + ("" if other == status else f" (status {other})") for text in texts]
            for service, there in sorted(spoken().items()):
                same = sorted(follower.faults[here][0] for here in there if there[here] == name)
                if same:
                    lines.append(f"of {service}: the sentences of " + ", ".join(same))
            lines = list(dict.fromkeys(lines))
            actions = sorted(by.get(name, ()))
            who = "" if title == "Any call" or not actions or len(actions) > 6 else f" ({', '.join(actions)})"
            out.append(f"| `{code}` | {status} | {cell(when)}{who} | {'<br>'.join(cell(line) for line in lines)} |")
        out.append("")
    return "\n".join(out)


def unused(faults):
    """Rows of faults.def that nothing raises: neither code nor a table that names them."""
    text = "".join(Source(*ROOMS).files.values()) + "".join(
        read("lib", "core", table) for table in ("resources.def", "spoken.def", "account_quotas.def"))
    models = "".join(read("lib", "wire", service + ".model") for service in {row[0] for row in action_rows()})
    return [name for name in faults
            if not re.search(r"\b(?:FAULT_)?" + name + r"\b", text) and f"malformed={faults[name][0]} " not in models]


def main():
    follower = Follower()
    if unused(follower.faults):
        sys.exit("lib/core/faults.def: nothing raises " + ", ".join(unused(follower.faults)))
    wanted = {"api.md": api_md(follower), "errors.md": errors_md(follower)}
    stale = []
    for name, text in wanted.items():
        path = os.path.join(TREE, "docs", name)
        if os.path.exists(path) and read("docs", name) == text:
            continue
        stale.append(name)
        if "--check" not in sys.argv[1:]:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
    if "--check" in sys.argv[1:] and stale:
        sys.exit(f"docs/{', docs/'.join(stale)}: not what tests/tools/make_docs.py makes; run it and commit")


if __name__ == "__main__":
    main()
