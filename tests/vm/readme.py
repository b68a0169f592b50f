#!/usr/bin/python3 -B
# area: launch
# lab: none
# timeout: 900
"""The first hour of somebody who meets Croft: quickstart, then README.md's first session word for word, and the end.

It has the lab called quickstart to itself, on the port that README.md names: where somebody uses that lab already,
this is a failed check and nothing of it is touched."""
import os
import re
import signal
import subprocess
import sys
import tempfile

from guests import TREE, Checks

LAB = "/var/lib/croft-lab/quickstart"
checks = Checks()


def run(words, limit, **more):
    """What it printed on both, and its status. A command that waits for a person finds nobody."""
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=limit, check=False, **more)
    return done.stdout, done.returncode


def session():
    """The commands of the two blocks below "A first session", comments left out, one a line."""
    with open(os.path.join(TREE, "README.md"), encoding="utf-8") as file:
        text = file.read().split("## A first session")[1].split("\n## ")[0]
    lines = re.findall(r"^\$ (.*?)(?:\s+#.*)?$", text, re.MULTILINE)
    return [command.strip() for line in lines for command in line.split(";")]


def follow(folder, said):
    """Each command in turn, in a folder of its own: README.md's ids take those that are here."""
    env = dict(os.environ, HOME=folder, PATH=os.environ["PATH"], AWS_PAGER="")
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "SUDO_UID",
                 "SUDO_GID", "XDG_DATA_HOME", "CROFT_SOCKET", "CROFT_LAB"):
        env.pop(name, None)
    env.update(re.findall(r"^ +export (AWS_\w+)=(\S+)$", said, re.MULTILINE))
    os.symlink(os.path.join(TREE, "croft"), os.path.join(folder, "croft"))
    image = None
    for command in session():
        words = command
        if words.startswith("aws "):  # as README.md says of CLIs before 2.13
            words = words.replace("aws ", f"aws --endpoint-url {env['AWS_ENDPOINT_URL']} ", 1)
        if image:
            words = re.sub(r"ami-[0-9a-f]{17}", image, words)
        out, status = run(["sh", "-c", words], 420, env=env, cwd=folder)
        checks.ok(f"README.md: {command}", status == 0, f"status {status}\n{out}")
        if command == "./croft ls":
            found = re.search(r"\bweb +i-[0-9a-f]{17} +running .*(ami-[0-9a-f]{17})", out)
            checks.ok("it shows the guest that was launched", found, out)
            image = found and found[1]
        if command.endswith("--explain"):
            checks.ok("--explain tells rows, rules and commands",
                      all(part in out for part in ("state", "virsh shutdown", "nft")), out)
    out, status = run(["sh", "-c", "./croft ls"], 60, env=env, cwd=folder)
    checks.ok("what the session removed is gone, and quickstart's guest is there",
              status == 0 and re.search(r"^quickstart ", out, re.MULTILINE) and
              not re.search(r"^web ", out, re.MULTILINE), out)


def main():
    if os.path.exists(LAB):
        checks.ok("there is no lab called quickstart before", False, f"{LAB} is there: sudo ./quickstart --down --purge")
        checks.finish()
    quickstart = os.path.join(TREE, "quickstart")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the lab is ended then, too
    try:
        said, status = run([quickstart], 600)
        checks.ok("quickstart logs in to a first guest", status == 0 and "Linux ip-172-31-" in said, said)
        if status == 0:
            with tempfile.TemporaryDirectory(prefix="croft-readme.") as folder:
                follow(folder, said)
            again, status = run([quickstart], 300)
            checks.ok("a second run uses what is there", status == 0 and
                      re.search(r"quickstart \((i-\w+)\)", again)[1] in said, again)
    finally:
        out, status = run([quickstart, "--down", "--purge"], 180)
        checks.ok("quickstart --down --purge ends it", status == 0, out)
    checks.ok("and leaves nothing of it", not os.path.exists(LAB) and
              "quickstart" not in run([os.path.join(TREE, "tests", "lab"), "--list"], 60)[0])
    checks.finish()


main()
