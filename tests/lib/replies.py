#!/usr/bin/python3 -B
"""Checks recorded traffic (record.py): replies.py [--complete] FILE...

Every reply to a client of whatever language is read strictly: a success against the output shape that
botocore has of its action, an error against docs/errors.md: its code is a row of lib/core/faults.def,
with that row's status and one of the sentences of the code.

--complete: the files are those of the whole suite. Then every row of lib/api/actions.def must have been
reached with success and with an error, and every row of faults.def must have been provoked.
"""
import collections
import json
import multiprocessing
import os
import re
import sys
import urllib.parse
import xml.etree.ElementTree as ElementTree

HERE = os.path.dirname(os.path.realpath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(TREE, "tests", "tools"), os.path.join(TREE, "lib", "wire")]
sys.dont_write_bytecode = True
import make_docs  # noqa: E402
import strict  # noqa: E402
from record import RECORD, TO_CLIENT, TO_SERVER  # noqa: E402

SHOWN_MAX = 20
# A data feed would be written to S3: there can be none, and EC2 says so with an error.
# Nobody has a password, so there is no policy for them.
NEVER_SUCCEEDS = {"DescribeSpotDatafeedSubscription", "GetAccountPasswordPolicy", "GetLoginProfile",
                  "DeleteLoginProfile"}
# libmicrohttpd's own words about what is no HTTP, or more of a header than it can hold
NO_HTTP = b"<html><head><title>"


# --- HTTP -------------------------------------------------------------------------------------

class Message:
    def __init__(self, first, headers, body):
        self.first, self.headers, self.body = first, headers, body


def connections(path):
    """(bytes to the server, bytes to the client) of each connection of a file."""
    found = {}
    with open(path, "rb") as file:
        while head := file.read(RECORD.size):
            number, direction, length = RECORD.unpack(head)
            found.setdefault(number, (bytearray(), bytearray()))[direction].extend(file.read(length))
    return [(bytes(each[TO_SERVER]), bytes(each[TO_CLIENT])) for each in found.values()]


def unchunk(data):
    body, at = b"", 0
    while True:
        end = data.find(b"\r\n", at)
        size = int(data[at:end].split(b";")[0] or b"0", 16) if end >= 0 else 0
        if size == 0:
            return body, (data.find(b"\r\n", end + 2) + 2) if end >= 0 else len(data)
        body += data[end + 2:end + 2 + size]
        at = end + 2 + size + 2


def messages(data, asked=()):
    """The messages of one direction, as far as they are whole; what is no HTTP ends it. `asked` are the
    requests to replies: one to HEAD has no body."""
    at = count = 0
    while (end := data.find(b"\r\n\r\n", at)) >= 0:
        first, *lines = data[at:end].decode("latin-1").split("\r\n")
        headers = {name.strip().lower(): value.strip()
                   for name, _, value in (line.partition(":") for line in lines)}
        at = end + 4
        if "chunked" in headers.get("transfer-encoding", ""):
            try:
                body, used = unchunk(data[at:])
            except ValueError:
                return
        else:
            length = headers.get("content-length", "0")
            if not length.isdigit():
                return
            used = int(length)
            if count < len(asked) and asked[count].first.startswith("HEAD "):
                used = 0
            body = data[at:at + used]
            if len(body) < used:
                return
        at += used
        if first.startswith("HTTP/1.1 100"):
            continue
        count += 1
        yield Message(first, headers, body)


def exchanges(path):
    """(request, reply) in the order of each connection. A request that was refused while it still came
    has a reply and is not whole: the reply is then looked at alone."""
    for sent, received in connections(path):
        requests = list(messages(sent))
        for number, reply in enumerate(messages(received, requests)):
            yield requests[number] if number < len(requests) else None, reply


# --- what a request was for -----------------------------------------------------------------

def action_of(request):
    """(action, version) of a request to the API, ("", "") of another one."""
    method, _, rest = request.first.partition(" ")
    url = urllib.parse.urlsplit(rest.rpartition(" ")[0])
    target = request.headers.get("x-amz-target")
    if target:
        return target.rpartition(".")[2], ""
    if url.path.startswith("/v1/"):
        name = url.path[4:]
        return (name, "") if method == "POST" and re.fullmatch(r"[A-Z]\w+", name) else ("", "")
    query = urllib.parse.parse_qs(url.query, keep_blank_values=True)
    if method == "POST":
        query.update(urllib.parse.parse_qs(request.body.decode("latin-1"), keep_blank_values=True))
    return query.get("Action", [""])[0], query.get("Version", [""])[0]


# --- judging --------------------------------------------------------------------------------

class Verdict:
    def __init__(self):
        self.replies, self.problems = 0, collections.Counter()
        self.successes, self.refusals, self.codes = set(), set(), set()


class Judge:
    def __init__(self):
        of_http = make_docs.http_refusals()
        self.faults = {code: (name, {status} | set(of_http.get(name, ())))
                       for name, (code, status, _) in make_docs.fault_rows().items()}
        self.sentences = {}
        said, of_ids = make_docs.sentences(), make_docs.id_sentences()
        of_parameters = make_docs.parameter_faults()
        names = {name: [name] for name, _ in self.faults.values()}
        for there in make_docs.spoken().values():
            for here, word in there.items():
                names[word].append(here)
        for code, (name, _) in self.faults.items():
            self.sentences[code] = []
            for each in names[name]:
                self.sentences[code] += self.patterns(each, said, of_ids, of_http, of_parameters)
        self.actions = {name for _, name in make_docs.action_rows()}
        self.found = Verdict()

    @staticmethod
    def patterns(name, said, of_ids, of_http, of_parameters):
        """The sentences that a fault of this name is raised with."""
        texts = said.get(name, []) + of_ids.get(name, [])
        texts = texts + [text for each in of_http.get(name, {}).values() for text in each]
        if name in of_parameters:
            texts = texts + said.get(None, [])
        return [re.compile(re.sub(r"(\\?…)+", "(.|\\\\n)*", re.escape(text))) for text in texts]

    def verdict(self):
        """What was found since the last one."""
        found, self.found = self.found, Verdict()
        return found

    def complain(self, what):
        self.found.problems[what] += 1

    def exchange(self, request, reply):
        kind = reply.headers.get("content-type", "")
        status = int(reply.first.split(" ")[1])
        if status in (101, 204) or "text/plain" in kind:
            return
        if status >= 400 and not kind.startswith(("text/xml", "application/")) and NO_HTTP in reply.body:
            return
        action, version = action_of(request) if request else ("", "")
        body = reply.body
        if request and request.headers.get("x-croft-explain") == "1":
            body = strict.without_explanation(kind, body)
        self.found.replies += 1
        if status >= 300:
            self.refusal(action, status, kind, body)
        elif action in self.actions:
            self.success(action, version, kind, body)

    def success(self, action, version, kind, body):
        self.found.successes.add(action)
        operation = strict.operation(action)
        if "json" in kind:
            found = strict.problems_of_json(operation, body)
        elif strict.service_of(action) == "ec2":
            found = strict.problems_of_reply(operation, body, version or strict.VERSION)
        else:
            found = problems_of_query_reply(operation, body)
        for problem in found:
            self.complain(problem)

    def refusal(self, action, status, kind, body):
        try:
            code, message = json_error(body) if "json" in kind else xml_error(body)
        except (ValueError, AssertionError, ElementTree.ParseError) as error:
            self.complain(f"an error of {action or 'no action'} is not in its form: {error}: {body[:200]}")
            return
        if action in self.actions:
            self.found.refusals.add(action)
        self.found.codes.add(code)
        row = self.faults.get(code)
        if row is None:
            self.complain(f"{code} is no row of faults.def")
        elif status not in row[1]:
            self.complain(f"{code} came with the status {status}, and has {sorted(row[1])}")
        elif self.sentences[code] and not any(each.fullmatch(message) for each in self.sentences[code]):
            self.complain(f"{code}: docs/errors.md has no such sentence: {message[:160]}")


def unit_tested(faults):
    """Codes that a unit test expects: what no client can bring about at will."""
    folder = os.path.join(TREE, "tests", "unit")
    text = ""
    for name in sorted(os.listdir(folder)):
        if name.endswith(".c"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                text += file.read()
    names = set(re.findall(r"\bFAULT_([A-Z]\w+)", text))
    names |= set(re.findall(r"(?:REFUSED|ck_assert_fault)\(\s*k,\s*([A-Z]\w+)", text))
    # What a service has for InternalError is the same fault in its own word.
    names |= {there["INTERNAL_ERROR"] for there in make_docs.spoken().values() if "INTERNAL_ERROR" in there}
    return {code for code, (name, _) in faults.items() if name in names}


def problems_of_query_reply(operation, body):
    """The form of STS and IAM: ActionResponse, ActionResult, ResponseMetadata."""
    root = ElementTree.fromstring(body)
    names = [strict.local_name(child) for child in root]
    if strict.local_name(root) != operation.name + "Response":
        return [f"the root is {root.tag}"]
    if names != [operation.name + "Result"] * (operation.output_shape is not None) + ["ResponseMetadata"]:
        return [f"{operation.name}Response has {names}"]
    return []


def json_error(body):
    value = json.loads(body)
    assert isinstance(value, dict) and set(value) == {"__type", "message"}, "not __type and message"
    return value["__type"], value["message"]


def xml_error(body):
    root = ElementTree.fromstring(body)
    space = root.tag.partition("}")[0] + "}" if root.tag.startswith("{") else ""
    if not space:
        assert [child.tag for child in root] == ["Errors", "RequestID"], "not Errors and RequestID"
        root = root[0]
    error = root.find(space + "Error")
    assert error is not None, "no Error"
    wanted = ["Code", "Message"] if not space else ["Type", "Code", "Message"]
    assert [strict.local_name(child) for child in error] == wanted, f"not {wanted}"
    return error.find(space + "Code").text, error.find(space + "Message").text or ""


# --- all of it ------------------------------------------------------------------------------

def report(name, problems):
    report.count += 1
    print(f"{'not ok' if problems else 'ok'} {report.count} - {name}")
    for problem in problems[:SHOWN_MAX]:
        print("#   " + problem)
    if len(problems) > SHOWN_MAX:
        print(f"#   and {len(problems) - SHOWN_MAX} more")
    return bool(problems)


report.count = 0


def judge_file(path):
    """In a process of its own: all that was said in one file."""
    for request, reply in exchanges(path):
        JUDGE.exchange(request, reply)
    return JUDGE.verdict()


def main():
    complete = sys.argv[1:2] == ["--complete"]
    files = sys.argv[2 if complete else 1:]
    successes, refusals, codes, replies, bad = set(), set(), set(), 0, False
    with multiprocessing.get_context("fork").Pool() as pool:
        for path, found in zip(files, pool.imap(judge_file, files)):
            name = os.path.splitext(os.path.basename(path))[0]
            bad |= report(f"{name}: {found.replies} replies are as the model and docs/errors.md say",
                          [f"{what} ({n} times)" for what, n in sorted(found.problems.items())])
            replies += found.replies
            successes |= found.successes
            refusals |= found.refusals
            codes |= found.codes
    bad |= report(f"there was traffic: {replies} replies", [] if replies else ["none"])
    if complete:
        bad |= report(f"each of {len(JUDGE.actions)} actions was reached with success",
                      sorted(JUDGE.actions - successes - NEVER_SUCCEEDS))
        bad |= report(f"each of {len(JUDGE.actions)} actions was reached with an error",
                      sorted(JUDGE.actions - refusals))
        bad |= report(f"each of {len(JUDGE.faults)} errors was provoked by a client or a unit test",
                      sorted(set(JUDGE.faults) - codes - unit_tested(JUDGE.faults)))
    print(f"1..{report.count}")
    return 1 if bad else 0


if __name__ == "__main__":
    JUDGE = Judge()  # before the processes are, so that each has it
    sys.exit(main())
