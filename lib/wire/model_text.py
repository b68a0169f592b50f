"""The text form of a wire model (SERVICE.model): read and written here, for the importer and the
generators alike. The form is described at the head of each model file."""
import copy
import os
import re
import sys
import textwrap


class Field:
    def __init__(self, name, kind):
        self.name = name
        self.type = kind
        self.required = False
        self.status = None  # None: output alone
        self.wire_in = name
        self.wire_out = small(name)
        self.item = "item"
        self.min = self.max = None
        self.limit = None
        self.id = None
        self.passes = None
        self.malformed = None
        self.sensitive = self.keep_empty = self.ext = self.map = False

    @property
    def is_list(self):
        return self.type.startswith("[")

    @property
    def element(self):
        return self.type.strip("[]")

    def words(self):
        yield self.name
        yield self.type
        yield "!" if self.required else ""
        yield self.status or ""
        rest = []
        if self.wire_in != self.name:
            rest.append("in=" + self.wire_in)
        if self.wire_out != small(self.name):
            rest.append("out=" + self.wire_out)
        if self.item != "item":
            rest.append("item=" + self.item)
        for attribute in ("min", "max", "limit", "id", "passes", "malformed"):
            value = getattr(self, attribute)
            if value is not None:
                rest.append(f"{attribute}={value}")
        for attribute in ("sensitive", "keep_empty", "ext", "map"):
            if getattr(self, attribute):
                rest.append(attribute.replace("_", "-"))
        yield " ".join(rest)


# Services are named as they sign and as policies say; botocore calls some otherwise.
BOTOCORE_NAMES = {"servicequotas": "service-quotas"}


class Model:
    def __init__(self, service):
        self.service = service
        self.protocol = self.target = self.xmlns = None
        self.region = None    # of a global service: the one that clients sign for
        self.versions = []
        self.operations = []
        self.actions = {}     # name: (input or None, output or None)
        self.enums = {}       # name: values
        self.structs = {}     # name: {member: Field}
        self.directions = {}  # name: (is input, is output)

    def text(self):
        out = [f"service {self.service} protocol={self.protocol} target={self.target} xmlns={self.xmlns}" +
               (f" region={self.region}" if self.region else "")]
        out += wrapped("versions", self.versions)
        out += wrapped("operations", self.operations) + [""]
        for name, (given, answer) in sorted(self.actions.items()):
            out.append(f"action {name}" + (f" in={given}" if given else "") + (f" out={answer}" if answer else ""))
        out.append("")
        for name, values in sorted(self.enums.items()):
            out += wrapped(f"enum {name}", values)
        for name in sorted(self.structs):
            is_input, is_output = self.directions[name]
            out += ["", f"struct {name}" + (" in" if is_input else "") + (" out" if is_output else "")]
            rows = [list(field.words()) for field in self.structs[name].values()]
            widths = [max([len(row[i]) for row in rows] + [0]) for i in range(4)]
            for row in rows:
                cells = [row[i].ljust(widths[i]) for i in range(4) if widths[i]] + [row[4]]
                out.append(("  " + "  ".join(cells)).rstrip())
        return "\n".join(out) + "\n"


def services():
    """The names of all services."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "meson.build")
    with open(path, encoding="utf-8") as file:
        return re.findall(r"'([\w-]+)'", re.search(r"^services = \[(.*?)\]", file.read(), re.M | re.S)[1])


def as_query(description):
    """A description of botocore's as Croft's door of queries has the service: AWS has no such door to a
    service of JSON."""
    if description["metadata"]["protocol"] != "json":
        return description
    description = copy.deepcopy(description)
    description["metadata"]["protocol"] = "query"
    description["metadata"].pop("protocols", None)
    for name, operation in description["operations"].items():
        if "output" in operation:
            operation["output"]["resultWrapper"] = name + "Result"
    return description


def small(name):
    return name[:1].lower() + name[1:]


def wrapped(head, words):
    return textwrap.wrap(" ".join([head] + words), 100, subsequent_indent="    ", break_long_words=False,
                         break_on_hyphens=False)


def read_model(path):
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    model = None
    # A line that is indented by four belongs to the one before it.
    joined = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("    ") and joined:
            joined[-1][1] += " " + line.strip()
        else:
            joined.append([number, line])
    struct = None
    for number, line in joined:
        words = line.split()
        try:
            if line.startswith("  "):
                field = read_field(words)
                if field.name in model.structs[struct]:
                    raise ValueError("twice in this structure")
                model.structs[struct][field.name] = field
            elif words[0] == "service":
                model = Model(words[1])
                for word in words[2:]:
                    key, value = word.split("=", 1)
                    setattr(model, key, value)
            elif words[0] in ("versions", "operations"):
                setattr(model, words[0], words[1:])
            elif words[0] == "action":
                ends = dict(word.split("=", 1) for word in words[2:])
                model.actions[words[1]] = (ends.get("in"), ends.get("out"))
            elif words[0] == "enum":
                model.enums[words[1]] = words[2:]
            elif words[0] == "struct":
                struct = words[1]
                model.structs[struct] = {}
                model.directions[struct] = ("in" in words[2:], "out" in words[2:])
            else:
                raise ValueError("no such kind of line")
        except (ValueError, IndexError, KeyError, AttributeError) as error:
            sys.exit(f"{path}:{number}: {error}: {line.strip()}")
    return model


def read_field(words):
    field = Field(words[0], words[1])
    if not re.fullmatch(r"\[?(enum:)?\w+\]?", field.type):
        raise ValueError("not a type")
    for word in words[2:]:
        key, equals, value = word.partition("=")
        if word == "!":
            field.required = True
        elif word in ("yes", "ignore", "refuse", "refuse-true"):
            field.status = word
        elif word in ("sensitive", "keep-empty", "ext", "map"):
            setattr(field, word.replace("-", "_"), True)
        elif not equals:
            raise ValueError(f"no such word: {word}")
        elif key in ("min", "max"):
            setattr(field, key, int(value))
        elif key == "in":
            field.wire_in = value
        elif key == "out":
            field.wire_out = value
        elif key in ("item", "limit", "id", "passes", "malformed"):
            setattr(field, key, value)
        else:
            raise ValueError(f"no such attribute: {key}")
    if field.passes and field.status != "refuse":
        raise ValueError("passes= is for refuse")
    if field.status == "refuse-true" and field.type != "bool":
        raise ValueError("refuse-true is for a bool")
    return field
