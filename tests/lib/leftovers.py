"""What guests and networks leave on the machine of a lab with real ones: for tests that say that nothing is left.

Everything counts, whoever's it is: ids of interfaces and volumes go with their rows, so a test could not say which
were whose. Reads in the lab's namespaces, and needs root there.
"""
import os
import re
import subprocess

# What the kernel has counted of somebody, in a set: the rates for a minute, connections while there is one.
COUNTED = re.compile(r"limit rate over .* expires |ct count over \d+")
ROOMS = ("volumes", "instances", "uploads")


def output(*argv):
    return subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                          timeout=60).stdout


def rules(text):
    """The lines of a rule set that are rules, and members of sets that somebody has put there."""
    return [line for line in text.splitlines() if not COUNTED.search(line)]


def of_networks():
    """Taps, their rules and names, and routes to guests' public addresses."""
    found = re.findall(r"eni[0-9a-f]{12}", output("ip", "-o", "link"))
    for name in re.findall(r"^vpc-[0-9a-f]+", output("ip", "netns"), re.MULTILINE):
        found += re.findall(r"eni[0-9a-f]{12}|172\.31\.\d+\.\d+ :",
                            output("ip", "netns", "exec", name, "ip", "-o", "link")
                            + "\n".join(rules(output("ip", "netns", "exec", name, "nft", "list", "ruleset"))))
        for folder in ("hosts", "names"):
            found += os.listdir(f"/run/croft/network/{name}/{folder}")
    return found + re.findall(r"198\.18\.\d+\.\d+ via .*", output("ip", "route"))


def of_guests():
    return output("virsh", "list", "--all", "--name").split() + os.listdir("/run/croft/console")


def of_disks(state):
    return [os.path.join(where, name) for room in ROOMS for where, folders, files in os.walk(os.path.join(state, room))
            for name in folders + files]
