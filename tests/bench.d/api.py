#!/usr/bin/python3 -B
# area: front-door
# lab: fake
# timeout: 900
# config: instance_type=lab.tiny 1 32
"""Answer times, requests per second and memory of croftd, with drivers that start nothing.

Times are of one connection that stays open, signed anew for each request as an SDK would. Requests
per second come from wrk, which sends one signed request again and again (its signature holds for
fifteen minutes), so that the load generator does little beside sending. It still shares the
machine's processors with the daemon.
"""
import http.client
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.credentials

ENDPOINT, REGION = os.environ["AWS_ENDPOINT_URL"], os.environ["AWS_DEFAULT_REGION"]
HOST = ENDPOINT.partition("//")[2]
CREDENTIALS = botocore.credentials.Credentials(os.environ["AWS_ACCESS_KEY_ID"],
                                               os.environ["AWS_SECRET_ACCESS_KEY"])
SECONDS = 8  # of each run of wrk
SETTLE = 12  # seconds after which croftd has given back what a burst took
# Requests a second (more is better), milliseconds, MB, KB.
TARGETS = {"rate": 5000, "p99": 5, "thousand": 30, "idle": 20, "each": 5}
missed = []

ec2 = boto3.client("ec2", endpoint_url=ENDPOINT)
connection = http.client.HTTPConnection(HOST, timeout=60)


def signed(action, **parameters):
    body = urllib.parse.urlencode({"Action": action, "Version": "2016-11-15",
                                   **{name.replace("_", "."): value
                                      for name, value in parameters.items()}})
    request = botocore.awsrequest.AWSRequest(
        "POST", ENDPOINT + "/", data=body.encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"})
    botocore.auth.SigV4Auth(CREDENTIALS, "ec2", REGION).add_auth(request)
    return body, dict(request.headers.items())


def timed(action, **parameters):
    """Milliseconds from the request's first byte to the reply's last, and the reply."""
    body, headers = signed(action, **parameters)
    began = time.perf_counter()
    connection.request("POST", "/", body, headers)
    reply = connection.getresponse()
    text = reply.read()
    took = (time.perf_counter() - began) * 1000
    if reply.status != 200:
        sys.exit(f"{action}: {reply.status} {text.decode()[:500]}")
    return took, text


def median(action, times, **parameters):
    """With the 95th percentile: a median alone hides a slow tail."""
    took = sorted(timed(action, **parameters)[0] for _ in range(times))
    return statistics.median(took), took[int(len(took) * 0.95)]


def line(what, value, note=""):
    print(f"{what:52} {value:>18}  {note}".rstrip(), flush=True)


def verdict(name, value, unit):
    """What the target is and whether it is met; the end of the bench tells those that are not."""
    target = TARGETS[name]
    met = value >= target if name == "rate" else value < target
    if not met:
        missed.append(name)
    return (f"target {'at least' if name == 'rate' else 'below'} {target:,} {unit}: "
            f"{'met' if met else 'MISSED'}")


def milliseconds(what, found, note=""):
    line(what, f"{found[0]:.2f} ms", f"(95 %: {found[1]:.2f} ms) {note}")


def memory():
    """RSS and PSS of croftd in MB: of 10^6 bytes, as the targets are."""
    pid = subprocess.run([os.path.join(os.environ["CROFT_LAB"], "croftd"), "pid"], check=True,
                         stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout.strip()
    found = {}
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        for words in map(str.split, file):
            if words[0] in ("Rss:", "Pss:", "Anonymous:"):
                found[words[0][:-1]] = int(words[1]) * 1024 / 1e6
    return found


def tell_memory(what, found, note=""):
    line(what, f"{found['Rss']:.1f} MB", f"(PSS {found['Pss']:.1f} MB, of which "
         f"{found['Anonymous']:.1f} MB are its own) {note}")


def requests_per_second(clients, body, headers):
    with tempfile.NamedTemporaryFile("w", suffix=".lua", encoding="ascii") as script:
        script.write('wrk.method = "POST"\n' f"wrk.body = {json.dumps(body)}\n")
        for name, value in headers.items():
            script.write(f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}\n")
        # Anything but a success would be a fast answer to another question.
        script.write('done = function(summary, latency, requests)\n'
                     '  io.write(string.format("FIGURES %d %d %d %d %d\\n", summary.requests,\n'
                     '    summary.duration, summary.errors.status + summary.errors.read\n'
                     '    + summary.errors.write + summary.errors.timeout\n'
                     '    + summary.errors.connect, latency:percentile(50),\n'
                     '    latency:percentile(99)))\nend\n')
        script.flush()
        done = subprocess.run(["wrk", "-t1", f"-c{clients}", f"-d{SECONDS}s", "-s", script.name,
                               ENDPOINT + "/"], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=SECONDS + 60, check=False)
    figures = [row.split() for row in done.stdout.splitlines() if row.startswith("FIGURES ")]
    if not figures:
        sys.exit(f"wrk: {done.stdout}{done.stderr}")
    count, duration, errors, half, slowest = map(int, figures[0][1:])
    if errors:
        sys.exit(f"wrk: {errors} of {count} requests failed")
    return count / (duration / 1e6), half / 1000, slowest / 1000


def tell_rate(what, clients, body, headers):
    rate, half, slowest = requests_per_second(clients, body, headers)
    note = f"(50 %: {half:.2f} ms, 99 %: {slowest:.2f} ms)"
    if clients == 8:
        note += f" {verdict('rate', rate, '/s')}; 99 % {verdict('p99', slowest, 'ms')}"
    line(what, f"{rate:,.0f} /s", note)


def pages(size):
    """Milliseconds to read all instances in pages of that size, and how many pages there were."""
    took, count, token = 0, 0, None
    while count == 0 or token:
        more = {"NextToken": token} if token else {}
        each, text = timed("DescribeInstances", MaxResults=size, **more)
        took, count = took + each, count + 1
        found = re.search(rb"<nextToken>([^<]+)</nextToken>", text)
        token = found[1].decode() if found else None
    return took, count


def run_instances(image, count):
    made = []
    while len(made) < count:
        step = min(count - len(made), 100)
        made += [each["InstanceId"] for each in
                 ec2.run_instances(ImageId=image, InstanceType="lab.tiny", MinCount=step,
                                   MaxCount=step)["Instances"]]
    return made


def settle():
    """Until no launch is on its way any more: the workers are not to be measured with the API."""
    for _ in range(600):
        pending = ec2.describe_instances(
            Filters=[{"Name": "instance-state-name", "Values": ["pending"]}])["Reservations"]
        if not pending:
            return
        time.sleep(0.2)
    sys.exit("instances are still pending after two minutes")


def register_image():
    """An upload with a boot sector's signature: the fake storage looks no further."""
    with tempfile.NamedTemporaryFile(suffix=".raw") as file:
        file.write(bytes(510) + b"\x55\xaa" + bytes(1 << 20))
        file.flush()
        done = subprocess.run(["croft", "image", "add", file.name, "--name", "bench"], check=True,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return next(word for word in done.stdout.split() if word.startswith("ami-"))


def main():
    if shutil.which("wrk") is None:
        sys.exit("wrk is not installed (Debian package wrk).")
    print(f"{os.cpu_count()} processors; load average before: {os.getloadavg()[0]:.1f}")
    idle = memory()
    tell_memory("croftd idle, RSS", idle, verdict("idle", idle["Rss"], "MB"))
    image = register_image()

    one = run_instances(image, 1)[0]
    settle()
    milliseconds("DescribeInstances, 1 instance by id, median of 300",
                 median("DescribeInstances", 300, InstanceId_1=one))
    milliseconds("DescribeInstances, 1 instance, median of 300", median("DescribeInstances", 300))
    launches = {"ImageId": image, "InstanceType": "lab.tiny", "MinCount": 1, "MaxCount": 1}
    took = median("RunInstances", 99, **launches)
    settle()
    milliseconds("RunInstances of one, median of 99", took)
    milliseconds("DescribeInstances, 100 instances, median of 100",
                 median("DescribeInstances", 100))

    body, headers = signed("DescribeInstances", InstanceId_1=one)
    for clients in (1, 8):
        tell_rate(f"signed describe by id, {clients} client{'s' * (clients > 1)}", clients, body,
                  headers)
    time.sleep(SETTLE)
    before = memory()
    tell_memory("croftd with 100 instances, after the load, RSS", before)

    run_instances(image, 900)
    settle()
    took = median("DescribeInstances", 30)
    milliseconds("DescribeInstances, 1,000 instances, median of 30", took,
                 verdict("thousand", took[0], "ms"))
    milliseconds("the same, with a filter that all pass", median(
        "DescribeInstances", 30, Filter_1_Name="instance-state-name", Filter_1_Value_1="run*"))
    milliseconds("the same, with a filter that one passes", median(
        "DescribeInstances", 30, Filter_1_Name="instance-id", Filter_1_Value_1=one))
    took, count = pages(100)
    line("the same, in pages of 100", f"{took:.0f} ms", f"({count} pages, {took / count:.2f} ms each)")
    body, headers = signed("DescribeInstances", InstanceId_1=one)
    tell_rate("signed describe by id, 8 clients, 1,000 instances", 8, body, headers)
    time.sleep(SETTLE)
    full = memory()
    tell_memory("croftd with 1,000 instances, RSS", full)
    each = (full["Rss"] - idle["Rss"]) * 1000 / 1000
    line("that is for each instance, over idle", f"{each:.1f} KB",
         f"(over 100 instances: {(full['Rss'] - before['Rss']) * 1000 / 900:.1f} KB) "
         f"{verdict('each', each, 'KB')}")
    print("all targets are met" if not missed else f"missed: {', '.join(missed)}")


main()
