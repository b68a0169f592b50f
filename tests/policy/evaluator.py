"""A second evaluator of policies, written from AWS's pages and not from lib/auth: what the two of them say of
the same question is compared (compare.py). It is slow and as literal as it can be.

Pages: "Policy evaluation logic", "IAM JSON policy elements: Condition operators", "Multivalued context keys",
"IAM policy elements: Variables and tags", "AWS JSON policy elements: Principal", "NotPrincipal", "Resource".
"""
import calendar
import functools
import ipaddress
import re

STAR, ANY = object(), object()  # wildcards, apart from the characters that look like them


class Unknown(Exception):
    """A value has a variable that stands for nothing."""


def as_list(value):
    return value if isinstance(value, list) else [value]


def as_text(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def keys_of(question):
    if "lowered" not in question:
        question["lowered"] = {name.lower(): values for name, values in question["keys"].items()}
    return question["lowered"]


# --- patterns and variables -----------------------------------------------------------------

def tokens(text, question, version, wildcards):
    """Characters and wildcards that the text of a document means in this request."""
    if "${" not in text:
        return [{"*": STAR, "?": ANY}.get(c, c) for c in text] if wildcards else list(text)
    found = []
    while text:
        if version == "2012-10-17" and text.startswith("${"):
            match = re.match(r"\$\{([^},]*)(?:,\s*'([^']*)'\s*)?\}", text)
            if match is None:
                raise Unknown
            name, default = match.groups()
            text = text[match.end():]
            if name in ("*", "?", "$"):
                found += [name]
                continue
            values = keys_of(question).get(name.lower()) if name else None
            if values is not None and len(values) == 1:
                found += list(values[0])
            elif default is not None and name:
                found += list(default)
            else:
                raise Unknown
            continue
        special = {"*": STAR, "?": ANY}.get(text[0]) if wildcards else None
        found.append(special or text[0])
        text = text[1:]
    return found


def glob(pattern, text):
    """All the places up to which the text may be used up, token by token."""
    if STAR not in pattern and ANY not in pattern:
        return len(pattern) == len(text) and all(a == b for a, b in zip(pattern, text))
    places = {0}
    for token in pattern:
        if token is STAR:
            places = set(range(min(places), len(text) + 1))
        else:
            places = {at + 1 for at in places if at < len(text) and (token is ANY or token == text[at])}
        if not places:
            return False
    return len(text) in places


def split_arn(found):
    """Six parts; the colons of the sixth are its own. Of tokens or of a text."""
    parts = [[]]
    for token in found:
        if token == ":" and len(parts) < 6:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


@functools.lru_cache(maxsize=4096)
def split_arn_text(text):
    """The parts of an ARN as a document writes it, the colons within variables left alone."""
    pieces = re.findall(r"\$\{[^},]*(?:,\s*'[^']*'\s*)?\}|.", text, re.DOTALL)
    return ["".join(part) for part in split_arn(pieces)]


def arn_like(pattern, arn, question, version):
    if pattern == "*":
        return True
    ours = split_arn_text(pattern) if version == "2012-10-17" else ["".join(p) for p in split_arn(pattern)]
    theirs = ["".join(part) for part in split_arn(arn)]
    if len(ours) != 6 or len(theirs) != 6:
        return False
    try:
        return all(glob(tokens(p, question, version, True), t) for p, t in zip(ours, theirs))
    except Unknown:
        return False


# --- conditions -----------------------------------------------------------------------------

def number(text):
    if not re.fullmatch(r"[0-9+\-.eE]+", text):
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if value - value == 0 else None


def date(text):
    """Milliseconds since 1970."""
    if re.fullmatch(r"[+-]?\d+", text):
        return int(text) * 1000 if abs(int(text)) <= 9223372036854775 else None
    match = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d))?", text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(group or 0) for group in match.groups()[:6])
    fraction, zone = match[7] or "", match[8] or "Z"
    if not (1 <= month <= 12 and 1 <= day <= 31 and hour <= 24 and minute <= 59 and second <= 60):
        return None
    days = sum(366 if calendar.isleap(y) else 365 for y in range(1970, year)) if year >= 1970 else \
        -sum(366 if calendar.isleap(y) else 365 for y in range(year, 1970))
    days += sum(calendar.monthrange(year if year else 4, m)[1] for m in range(1, month)) + day - 1
    seconds = days * 86400 + hour * 3600 + minute * 60 + second
    if zone != "Z":
        hours, minutes = int(zone[1:3]), int(zone[4:6])
        if hours > 23 or minutes > 59:
            return None
        seconds -= (1 if zone[0] == "+" else -1) * (hours * 3600 + minutes * 60)
    return seconds * 1000 + int((fraction + "000")[:3])


def network(text):
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def truth(text):
    return {"true": True, "false": False}.get(text.lower()) if text.isascii() else None


def lowered(text):
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in text)


def compare_text(op, given, value, question, version):
    try:
        found = tokens(value, question, version, op == "Like")
    except Unknown:
        return False
    if op == "Like":
        return glob(found, given)
    if op == "EqualsIgnoreCase":
        return lowered("".join(found)) == lowered(given)
    return "".join(found) == given


ORDER = {"Equals": lambda a, b: a == b, "LessThan": lambda a, b: a < b, "LessThanEquals": lambda a, b: a <= b,
         "GreaterThan": lambda a, b: a > b, "GreaterThanEquals": lambda a, b: a >= b}


@functools.lru_cache(maxsize=None)
def parse_operator(name):
    """(quantifier, type, comparison, negated, if_exists)"""
    quantifier = None
    if ":" in name:
        quantifier, name = name.split(":")
    if_exists = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    special = {"IpAddress": ("Ip", "Equals", False), "NotIpAddress": ("Ip", "Equals", True),
               "Bool": ("Bool", "Equals", False), "Null": ("Null", "Equals", False)}
    if name in special:
        return (quantifier, *special[name], if_exists)
    kind = next(k for k in ("String", "Numeric", "Date", "Arn", "Binary") if name.startswith(k))
    rest = name.removeprefix(kind)
    negated = rest.startswith("Not")
    return quantifier, kind, rest.removeprefix("Not"), negated, if_exists


def one_compares(kind, op, given, value, question, version):
    if kind == "String":
        return compare_text(op, given, value, question, version)
    if kind == "Arn":
        return arn_like(value, given, question, version)
    if kind == "Binary":
        return given == value
    if kind == "Bool":
        return truth(given) is not None and truth(given) == truth(value)
    if kind == "Ip":
        ours, theirs = network(value), network(given)
        return ours is not None and theirs is not None and ours.version == theirs.version and \
            theirs.subnet_of(ours)
    read = number if kind == "Numeric" else date
    a, b = read(given), read(value)
    return a is not None and b is not None and ORDER[op](a, b)


def condition(name, key, values, question, version):
    quantifier, kind, op, negated, if_exists = parse_operator(name)
    values = [as_text(value) for value in as_list(values)]
    given = keys_of(question).get(key.lower()) or []
    if kind == "Null":
        return any(truth(value) is (not given) for value in values)
    if not given:
        if if_exists or quantifier == "ForAllValues":
            return True
        return negated and quantifier is None

    def holds(one):
        return any(one_compares(kind, op, one, value, question, version) for value in values) != negated

    if quantifier == "ForAllValues" or (quantifier is None and negated):
        return all(holds(one) for one in given)
    return any(holds(one) for one in given)


# --- statements -----------------------------------------------------------------------------

def action_is(pattern, action):
    found = [{"*": STAR, "?": ANY}.get(c, c) for c in pattern.lower()]
    return glob(found, action.lower())


def naming(statement, caller):
    """How a statement means the caller: None, "account", "role" or "itself"; "itself" without principals."""
    negated = "NotPrincipal" in statement
    principals = statement.get("NotPrincipal" if negated else "Principal")
    if principals is None:
        return "itself"
    ways = set()
    if principals == "*":
        ways.add("itself")
    else:
        service = caller.get("service")
        for each in as_list(principals.get("Service", [])):
            if service is not None and each == service:
                ways.add("itself")
        for each in as_list(principals.get("AWS", [])) if service is None else []:
            account = caller.get("account_id")
            if each in ("*", caller.get("arn")):
                ways.add("itself")
            elif each == caller.get("user_id"):
                ways.add("role" if caller.get("role_arn") else "itself")
            elif each == caller.get("role_arn"):
                ways.add("role")
            elif account is not None and each in (account, f"arn:aws:iam::{account}:root"):
                ways.add("account")
    if negated:
        return None if ways else "itself"
    return next((way for way in ("itself", "role", "account") if way in ways), None)


def applies(statement, question, version):
    negated = "NotAction" in statement
    listed = as_list(statement["NotAction" if negated else "Action"])
    if any(action_is(each, question["action"]) for each in listed) == negated:
        return False
    negated = "NotResource" in statement
    listed = as_list(statement["NotResource" if negated else "Resource"])
    if any(arn_like(each, question["resource"], question, version) for each in listed) == negated:
        return False
    if naming(statement, question["caller"]) is None:
        return False
    return all(condition(op, key, values, question, version)
               for op, keys in statement.get("Condition", {}).items() for key, values in keys.items())


RANK = {"account": 1, "role": 2, "itself": 3}


def decide(question):
    """(verdict, layer, source, statement); the last two None when no statement decides."""
    said = []  # of all statements that apply: (is it an Allow, layer, source, statement, naming)
    for number_, source in enumerate(question["sources"]):
        policy = source["policy"]
        if policy is None:
            continue
        version = policy.get("Version", "2008-10-17")
        for index, statement in enumerate(as_list(policy["Statement"])):
            if applies(statement, question, version):
                said.append((statement["Effect"] == "Allow", source["layer"], number_, index,
                             naming(statement, question["caller"])))
    for allow, layer, source, index, _ in said:
        if not allow:
            return "denied", layer, source, index
    allows = {}
    for _, layer, source, index, way in said:
        best = allows.get(layer)
        if best is None or (layer == "resource" and RANK[way] > RANK[best[2]]):
            allows[layer] = (source, index, way)
    layers = {source["layer"] for source in question["sources"]}
    caller = question["caller"]
    own = question.get("resource_account") in (None, caller.get("account_id"))
    way = allows["resource"][2] if own and "resource" in allows else None
    if "resource" in layers and "resource" not in allows:
        return "not-allowed", "resource", None, None
    if way == "itself":
        return ("allowed", "resource", *allows["resource"][:2])
    for layer in ("session", "boundary"):
        if layer in layers and layer not in allows:
            return "not-allowed", layer, None, None
    if "identity" in allows:
        return ("allowed", "identity", *allows["identity"][:2])
    if way == "role":
        return ("allowed", "resource", *allows["resource"][:2])
    if caller.get("is_root"):
        return "allowed", "identity", None, None
    return "not-allowed", "identity", None, None
