"""What a lab's daemons warned of: when a test fails, that is half of why."""
import os
import re

DAEMONS = ("croftd", "croft-netd", "croft-metadata")
WORTH = re.compile(r"^(\S+) +(warning|error) +(?!call )")  # a refused call is its caller's to tell
LINES_MAX = 40  # the last ones
LINE_MAX = 400


def _sizes(folder):
    return {name: os.path.getsize(path) for name in DAEMONS
            if os.path.exists(path := os.path.join(folder, name + ".log"))}


class DaemonLog:
    """From now on; `everything`: from its beginning."""

    def __init__(self, folder, everything=False):
        self.folder = folder
        self.began = {} if everything else _sizes(folder)

    def warnings(self):
        """One text, in the order of time, each line a comment of TAP; empty: there was none."""
        found = []
        for name in _sizes(self.folder):
            with open(os.path.join(self.folder, name + ".log"), "rb") as file:
                file.seek(self.began.get(name, 0))
                lines = file.read().decode(errors="replace").splitlines()
            found += [(when[1], f"# {name}: {line[:LINE_MAX]}") for line in lines if (when := WORTH.match(line))]
        found = [line for _, line in sorted(found)]
        left = len(found) - LINES_MAX
        if left > 0:
            found = [f"# of the daemons' warnings {left} earlier ones are left out"] + found[left:]
        return "".join(line + "\n" for line in found)
