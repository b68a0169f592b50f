#!/usr/bin/python3 -B
# area: network
# lab: own
# quick: no
# timeout: 240
"""From rows to the kernel, in parts.

    tests/net/rows.py [--seed N] [--steps S]

Rows that ports are planned from change by chance, one at a time (tests/unit/support/rows.c), and the job of the VPC
brings each change to the kernel, planned in part, as the store has noted it. Then the kernel must be as it is where
the same rows came to be without it, and were planned whole and applied once. The seed is printed.
"""
import argparse
import os
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import world  # noqa: E402
from flows import Twin, everything  # noqa: E402


class Rows(Twin):
    """net_row_driver; `within` as Driver's."""

    def __init__(self, within, *words):  # pylint: disable=super-init-not-called
        program = os.path.join(os.environ["CROFT_BUILD"], "tests/net/net_row_driver")
        self.process = subprocess.Popen([*within, program, *map(str, words), world.RUNTIME, world.POOL],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def hear(self):
        line = self.process.stdout.readline()
        assert line, "the driver has ended"
        return line.split()

    def go_on(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()


def compare():
    """The status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", random.randrange(1 << 31))))
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--every", type=int, default=3, help="compare after so many steps")
    options = parser.parse_args()
    print(f"# seed {options.seed}", flush=True)
    rows, wrong = Rows((), options.seed, options.steps, "each"), []
    for step in range(options.steps):
        rows.hear()
        if not wrong and (step + 1) % options.every == 0:
            twin = Rows(Twin.WITHIN, options.seed, step + 1, "last")
            twin.hear()
            mine, its = everything(), everything(twin)
            twin.kill()
            for key in sorted({*mine, *its}, key=str):
                if mine.get(key) != its.get(key):
                    wrong.append(key)
                    print(f"# step {step}: {key}\n#   has   {mine.get(key)}\n#   fresh {its.get(key)}"[:4000])
        rows.go_on()
    stale = rows.hear()
    rows.end()
    checks = ((not wrong, "the kernel has what whole plans of the same rows come to"),
              (stale == ["stale", "0"], "and the audit finds nothing that was missed"))
    for number, (good, name) in enumerate(checks, 1):
        print(f"{'ok' if good else 'not ok'} {number} - {name}")
    if not all(good for good, _ in checks):
        print(f"# tests/net/rows.py --seed {options.seed}")
    print(f"1..{len(checks)}")
    return 0 if all(good for good, _ in checks) else 1


def main():
    world.sandbox()
    with tempfile.TemporaryDirectory(prefix="croft-rows.") as place:
        os.environ["TMPDIR"] = place  # of the drivers, which are killed
        return compare()


if __name__ == "__main__":
    sys.exit(main())
