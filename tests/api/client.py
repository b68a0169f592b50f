"""What the tests of the API share: the doors of the daemon in the lab, clients for them, and a strict
reader of replies.

Every reply that a client made here brings is checked against the output shape that botocore carries:
an element it does not know, a list that lacks at the top, a value of another type or an empty number
is an error at once, in whatever test it happens.
"""
import atexit
import base64
import datetime
import hashlib
import hmac
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import xml.etree.ElementTree as ElementTree

import boto3
import botocore.config
import botocore.exceptions
import botocore.model
import botocore.parsers
import botocore.serialize
import botocore.session

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
import tap  # noqa: E402,F401
from strict import (JSON_MODELS, PREFIXES, VERSION, check_reply, local_name, model_of,  # noqa: E402,F401
                    operation, service_of)

if "CROFT_LAB" not in os.environ:
    sys.exit("this test runs in a lab: tests/lab --hypervisor fake -- " + sys.argv[0])

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
HOST = ENDPOINT.partition("//")[2]
SOCKET = os.environ["CROFT_SOCKET"]
LAB = os.environ["CROFT_LAB"]
REAL_GUESTS = os.environ["CROFT_HYPERVISOR"] != "fake"
REGION = os.environ["AWS_DEFAULT_REGION"]
KEY_ID = os.environ["AWS_ACCESS_KEY_ID"]
with open(os.path.join(LAB, "croft.conf"), encoding="utf-8") as conf:  # the lab always says which
    REGIONS = re.search(r"^regions = (.*)$", conf.read(), re.M)[1].replace(",", " ").split()
SECRET = os.environ["AWS_SECRET_ACCESS_KEY"]
TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
XML_TYPE = "text/xml;charset=UTF-8"
FORM_TYPE = "application/x-www-form-urlencoded; charset=utf-8"
JSON_TYPE = "application/x-amz-json-1.1"
WAIT = {"Delay": 1, "MaxAttempts": 40}  # of boto3's waiters; theirs is 15 s


# --- boto3 ------------------------------------------------------------------------------------

seen_lock = threading.Lock()
client_lock = threading.Lock()
SERVER_ERRORS = []  # replies with a status of 500 and above
SEEN = {}  # action: set of "ok" and codes that came back, of all clients of this process


def note(action, code):
    with seen_lock:
        SEEN.setdefault(action, set()).add(code)


def _on_response(response_dict, model, **_):
    if response_dict["status_code"] >= 500:
        SERVER_ERRORS.append(f"{model.name}: {response_dict['body'][:300]}")
    if response_dict["status_code"] >= 300:
        code = re.search(rb"<Code>([^<]*)</Code>", response_dict["body"])
        note(model.name, code[1].decode() if code else str(response_dict["status_code"]))
        return
    note(model.name, "ok")
    if model.service_model.service_name == "ec2":
        check_reply(operation(model.name), response_dict["body"])


def client(service="ec2", region=REGION, key=KEY_ID, secret=SECRET, token=None, **config):
    """A client of boto3's that does not try again and reads strictly."""
    config.setdefault("retries", {"total_max_attempts": 1})
    with client_lock:  # boto3's default session is not for several threads
        found = boto3.client(service, endpoint_url=ENDPOINT, region_name=region,
                             aws_access_key_id=key, aws_secret_access_key=secret,
                             aws_session_token=token,
                             config=botocore.config.Config(read_timeout=60, **config))
    found.meta.events.register(
        f"before-call.{service}",
        lambda model, context, **_: context.__setitem__("operation", model))
    found.meta.events.register(
        f"response-received.{service}",
        lambda response_dict, context, **_: response_dict and _on_response(
            response_dict, context["operation"]))
    return found


def loose_client(**config):
    """One that sends what it is given, right or wrong."""
    return client(parameter_validation=False, **config)


def code_of(error):
    return error.response["Error"]["Code"]


class Refused(Exception):
    """An error reply of any door."""

    def __init__(self, code, message, status):
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status


def refusal(call, *args, **kwargs):
    """The refusal of a call that must be refused: (code, message, status)."""
    try:
        answer = call(*args, **kwargs)
    except botocore.exceptions.ClientError as error:
        return Refused(code_of(error), error.response["Error"]["Message"],
                       error.response["ResponseMetadata"]["HTTPStatusCode"])
    except Refused as error:
        return error
    raise AssertionError(f"this was not refused: {str(answer)[:400]}")


# --- plain requests ---------------------------------------------------------------------------

def _encode(text):
    return urllib.parse.quote(text, safe="-_.~")


def sign(method, path, query, headers, body, key=KEY_ID, secret=SECRET, region=REGION,
         service="ec2", now=None, scope_date=None):
    """Adds a signature of version 4 to `headers`, each of which is signed."""
    now = now or datetime.datetime.now(datetime.timezone.utc)
    headers["X-Amz-Date"] = stamp = now.strftime("%Y%m%dT%H%M%SZ")
    day = scope_date or stamp[:8]
    pairs = sorted((_encode(name), _encode(value)) for name, value in
                   urllib.parse.parse_qsl(query, keep_blank_values=True))
    lower = sorted((name.lower(), " ".join(value.split())) for name, value in headers.items())
    names = ";".join(name for name, _ in lower)
    canonical = "\n".join([method, path or "/", "&".join(f"{n}={v}" for n, v in pairs),
                           "".join(f"{n}:{v}\n" for n, v in lower), names,
                           hashlib.sha256(body).hexdigest()])
    scope = f"{day}/{region}/{service}/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope,
                      hashlib.sha256(canonical.encode()).hexdigest()])
    secret_key = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        secret_key = hmac.new(secret_key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(secret_key, text.encode(), hashlib.sha256).hexdigest()
    headers["Authorization"] = (f"AWS4-HMAC-SHA256 Credential={key}/{scope}, "
                                f"SignedHeaders={names}, Signature={signature}")


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, timeout=60):
        super().__init__("localhost", timeout=timeout)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(SOCKET)


class Answer:
    def __init__(self, reply):
        self.status, self.headers = reply.status, reply.headers
        self.body = reply.read()
        if self.status >= 500:
            SERVER_ERRORS.append(f"{self.status}: {self.body[:300]}")

    @property
    def text(self):
        return self.body.decode()

    @property
    def request_id(self):
        return self.headers["x-amzn-RequestId"]

    def fault(self):
        """(code, message) of an error in the form of whichever door."""
        if self.headers["Content-Type"] in (JSON_TYPE, "application/json"):
            value = json.loads(self.body)
            assert set(value) == {"__type", "message"}, value
            return value["__type"], value["message"]
        assert self.headers["Content-Type"] == XML_TYPE, self.headers["Content-Type"]
        root = ElementTree.fromstring(self.body)
        if root.tag.startswith("{"):  # of any service but EC2
            space = root.tag.partition("}")[0] + "}"
            error = root.find(f"{space}Error")
            return error.find(f"{space}Code").text, error.find(f"{space}Message").text
        assert root.tag == "Response", root.tag
        assert [child.tag for child in root] == ["Errors", "RequestID"], self.body
        assert root[1].text == self.request_id
        assert [child.tag for child in root[0]] == ["Error"]
        assert [child.tag for child in root[0][0]] == ["Code", "Message"], self.body
        return root[0][0][0].text, root[0][0][1].text or ""


def connection(unix=False, timeout=60):
    return UnixConnection(timeout) if unix else http.client.HTTPConnection(HOST, timeout=timeout)


def request(method="POST", path="/", query="", body=b"", headers=None, unix=False, signed=None,
            token=None, authorization=None, **signing):
    """One request on a connection of its own. Over TCP it is signed unless told otherwise; there the
    signature names the region, over the unix socket a header."""
    headers = dict(headers or {})
    if unix and "region" in signing:
        headers["X-Croft-Region"] = signing.pop("region")
    body = body.encode() if isinstance(body, str) else body
    headers["Host"] = "localhost" if unix else HOST
    if token is not None:
        headers["X-Amz-Security-Token"] = token
    if authorization is not None:
        headers["Authorization"] = authorization
    if signed if signed is not None else not unix:
        sign(method, path, query, headers, body, **signing)
    link = connection(unix)
    try:
        link.request(method, path + ("?" + query if query else ""), body or None, headers)
        return Answer(link.getresponse())
    finally:
        link.close()


def form(pairs, **kwargs):
    """A POST of form-encoded pairs: a dict, or a list of (name, value)."""
    pairs = list(pairs.items()) if isinstance(pairs, dict) else list(pairs)
    if not any(name == "Version" for name, _ in pairs):
        pairs.append(("Version", VERSION))
    headers = {"Content-Type": FORM_TYPE}
    headers.update(kwargs.pop("headers", {}))
    return request("POST", body=urllib.parse.urlencode(pairs), headers=headers, **kwargs)


DOORS = ("post", "get", "json", "rest")


def knock(door, action, params, **kwargs):
    """The same call through one of the doors; the reply as it is. `params` are named as in the SDKs."""
    service = service_of(action)
    op = operation(action)
    if service != "ec2":
        kwargs.setdefault("service", service) if not kwargs.get("unix") else None
    if door in ("post", "get"):
        serializer = botocore.serialize.create_serializer(
            op.service_model.metadata["protocol"], include_validation=False)
        pairs = serializer.serialize_to_request(params, op)["body"]
        text = urllib.parse.urlencode(sorted(pairs.items()), quote_via=urllib.parse.quote)
        if door == "get":
            return request("GET", query=text, **kwargs)
        return request("POST", body=text, headers={"Content-Type": FORM_TYPE}, **kwargs)
    plain = JSON_MODELS[service].operation_model(action)
    serializer = botocore.serialize.create_serializer("json", include_validation=False)
    body = serializer.serialize_to_request(params, plain)["body"]
    if door == "rest":
        return request("POST", path="/v1/" + action, body=body,
                       headers={"Content-Type": "application/json"}, **kwargs)
    return request("POST", body=body, headers={
        "Content-Type": JSON_TYPE, "X-Amz-Target": f"{PREFIXES[service]}.{action}"}, **kwargs)


def _whole_seconds(value):
    if isinstance(value, dict):
        return {name: _whole_seconds(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_whole_seconds(item) for item in value]
    return value.replace(microsecond=0) if isinstance(value, datetime.datetime) else value


def understand(door, action, answer):
    """What an SDK makes of the reply, or Refused."""
    if answer.status >= 300:
        code, message = answer.fault()
        note(action, code)
        raise Refused(code, message, answer.status)
    note(action, "ok")
    op = operation(action)
    if door in ("post", "get"):
        assert answer.headers["Content-Type"] == XML_TYPE, answer.headers["Content-Type"]
        if op.service_model.service_name == "ec2":
            check_reply(op, answer.body)
        protocol = op.service_model.metadata["protocol"]
    else:
        wanted = "application/json" if door == "rest" else JSON_TYPE
        assert answer.headers["Content-Type"] == wanted, answer.headers["Content-Type"]
        protocol, op = "json", JSON_MODELS[service_of(action)].operation_model(action)
    parsed = botocore.parsers.create_parser(protocol).parse(
        {"body": answer.body, "headers": dict(answer.headers.items()),
         "status_code": answer.status}, op.output_shape)
    parsed.pop("ResponseMetadata", None)
    return _whole_seconds(parsed)


def call(door, action, params=None, **kwargs):
    return understand(door, action, knock(door, action, params or {}, **kwargs))


# --- things to work with ----------------------------------------------------------------------

def qcow2_head(size_gib=1):
    """The beginning of a disk image: all that the fake storage looks at."""
    head = bytearray(512)
    head[0:4] = b"QFI\xfb"
    head[4:8] = (3).to_bytes(4, "big")
    head[24:32] = (size_gib << 30).to_bytes(8, "big")
    head[100:104] = (104).to_bytes(4, "big")
    return bytes(head)


def upload(data=None):
    answer = request("PUT", "/v1/uploads", body=data or qcow2_head(), unix=True)
    assert answer.status == 200, answer.text
    return json.loads(answer.body)["UploadId"]


def register_image(name, region=REGION, size_gib=1, wait=True, **more):
    """An available image, made as `croft image add` makes one."""
    params = {"Name": name, "ImageLocation": "upload:" + upload(qcow2_head(size_gib)), **more}
    headers = {"X-Croft-Region": region}
    answer = request("POST", "/v1/RegisterImage", body=json.dumps(params), headers=headers,
                     unix=True)
    assert answer.status == 200, answer.text
    image_id = json.loads(answer.body)["ImageId"]

    def state():
        found = request("POST", "/v1/DescribeImages", body=json.dumps({"ImageIds": [image_id]}),
                        headers=headers, unix=True)
        return json.loads(found.body)["Images"][0]["State"] != "pending"
    if wait:
        until(state)
    return image_id


def until(condition, limit=60, what="what was waited for"):
    """Waits for a true value and returns it."""
    end = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come true within {limit} s")
        time.sleep(0.05)


def instance(ec2, instance_id):
    return ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]


def all_instances(ec2):
    pages = ec2.get_paginator("describe_instances").paginate()
    return [each for page in pages for r in page["Reservations"] for each in r["Instances"]]


def wait_state(ec2, instance_id, state, limit=60):
    """Waits until the instance is in the state, and returns it."""
    found = {}

    def there():
        found.update(now=instance(ec2, instance_id))
        return found["now"]["State"]["Name"] == state
    until(there, limit, f"{instance_id} being {state}")
    return found["now"]


def launch(ec2, image_id, state="running", count=1, **more):
    """Instances in that state; one, or a list of `count`."""
    params = {"ImageId": image_id, "MinCount": count, "MaxCount": count,
              "InstanceType": "t3.micro", **more}
    made = ec2.run_instances(**params)["Instances"]
    ready = [wait_state(ec2, each["InstanceId"], state) for each in made]
    return ready[0] if count == 1 else ready


def remove(ec2, *ids):
    if ids:
        ec2.terminate_instances(InstanceIds=list(ids))
        for each in ids:
            wait_state(ec2, each, "terminated")


def encoded(text):
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def log_text():
    with open(os.path.join(LAB, "log", "croftd.log"), encoding="utf-8", errors="replace") as file:
        return file.read()


def daemon(verb, name="croftd"):
    """kill, start, restart, stop, pid of a daemon in the lab."""
    done = subprocess.run([os.path.join(LAB, name), verb], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False, timeout=90)
    if done.returncode != 0:
        raise AssertionError(f"{name} {verb}: {done.stderr.strip()}")
    return done.stdout.strip()


# --- the AWS CLI ------------------------------------------------------------------------------

def script_of(program):
    """The Python script behind a program, and its interpreter; None, None where it is something else."""
    for _ in range(2):
        with open(program, "rb") as file:
            first = file.readline().decode(errors="replace")
        if first.startswith("#!") and "python" in first:
            return program, first[2:].strip()
        if "/shims/" not in program:
            break
        program = subprocess.run(["pyenv", "which", "aws"], stdin=subprocess.DEVNULL, check=True,
                                 capture_output=True, text=True).stdout.strip()
    return None, None


def loaded(program):
    """A program that does as this CLI does, without loading Python's modules for each command."""
    script, interpreter = script_of(os.path.realpath(program))
    if script is None:
        return program
    folder = tempfile.mkdtemp(prefix="croft-cli.")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    server, path = os.path.join(folder, "socket"), os.path.join(folder, "aws")
    tool = os.path.join(os.path.dirname(os.path.realpath(tap.__file__)), "loaded_cli.py")
    # It ends when its input does, which is when this process has gone.
    process = subprocess.Popen([interpreter, "-B", tool, "serve", server, script],
                               stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    until(lambda: os.path.exists(server) or process.poll() is not None, what=f"{script} being loaded")
    if process.poll() is not None:
        raise AssertionError(f"{script} could not be loaded")
    with open(path, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o755)) as file:
        file.write(f"#!/bin/sh\nexec /usr/bin/python3 -ISB {tool} run {server} \"$@\"\n")
    return path


class Cli:
    """One of the two AWS CLIs: the program as it was found, and `path`, which does the same sooner."""

    def __init__(self, program):
        self.program = program
        self.path = loaded(program)

    @staticmethod
    def environment():
        """What leads a CLI elsewhere than to the lab, or to a pager, is turned off."""
        return dict(os.environ, AWS_PAGER="", AWS_CONFIG_FILE="/dev/null", AWS_MAX_ATTEMPTS="1",
                    AWS_SHARED_CREDENTIALS_FILE="/dev/null", AWS_CLI_AUTO_PROMPT="off")

    def run(self, *words, stdin=None):
        argv = [self.path, "--endpoint-url", ENDPOINT] + list(words)
        return subprocess.run(argv, input=stdin, stdin=None if stdin else subprocess.DEVNULL,
                              capture_output=True, text=True, env=self.environment(), check=False,
                              timeout=300)

    def text(self, *words):
        done = self.run(*words)
        if done.returncode != 0:
            raise AssertionError(f"aws {' '.join(words)}: status {done.returncode}: "
                                 f"{done.stderr.strip()}")
        return done.stdout

    def json(self, *words):
        text = self.text(*words, "--output", "json")
        return json.loads(text) if text.strip() else None


def find_clis():
    """{1: Cli or None, 2: Cli or None}, of all programs `aws` in PATH."""
    found = {1: None, 2: None}
    tried = set()
    for folder in os.environ["PATH"].split(":"):
        path = shutil.which("aws", path=folder)
        if path is None or os.path.realpath(path) in tried:
            continue
        tried.add(os.path.realpath(path))
        done = subprocess.run([path, "--version"], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, check=False, timeout=60)
        number = re.match(r"aws-cli/(\d)\.", done.stdout + done.stderr)
        if number and int(number[1]) in found and found[int(number[1])] is None:
            found[int(number[1])] = Cli(path)
    return found
