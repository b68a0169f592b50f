"""What the tests of real clients share, on top of the tests of the API (tests/api/client.py).

Each client is installed from Debian (packaging/packages.sh, purpose `test`) or by npm, and is told the
endpoint, the region and keys: nothing else about it is changed.
"""
import os
import re
import shutil
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "api"))
from client import TREE  # noqa: E402


def provided():
    """The names of EC2's actions that Croft has."""
    with open(os.path.join(TREE, "lib", "api", "actions.def"), encoding="utf-8") as file:
        return set(re.findall(r"^\w+\(ec2, (\w+),", file.read(), re.M))


def release():
    with open("/etc/os-release", encoding="utf-8") as file:
        found = dict(line.rstrip("\n").split("=", 1) for line in file if "=" in line)
    return found.get("ID", "").strip('"') + ":" + found.get("VERSION_ID", "").strip('"')


def need(there, what):
    """Debian 12 has every client that is tested; later releases have dropped some of them."""
    if there:
        return
    if release() == "debian:12":
        raise AssertionError(f"{what} is not installed: packaging/packages.sh install test")
    raise unittest.SkipTest(f"{release()} has no {what}")


def need_program(name):
    need(shutil.which(name), name)
    return shutil.which(name)


def run(argv, limit=170, **options):
    """The output of a client that must succeed."""
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False, timeout=limit, **options)
    if done.returncode != 0:
        raise AssertionError(f"{os.path.basename(argv[0])} ended with status {done.returncode}:\n"
                             f"{done.stdout[-6000:]}\n{done.stderr[-6000:]}")
    return done.stdout
