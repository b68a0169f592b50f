#!/usr/bin/python3 -B
# area: identity
# lab: none
# timeout: 300
"""What it costs to find out who calls and whether they may: processor time of one call, the best of several rounds.
The signature is checked with the key's row read from the database; policies are kept parsed (lib/api/permissions.h).

Then one decision with patterns that are made to be slow, of 1,000 characters and up, against as long a value: time may
grow with the length; what stands between two stars and has question marks may take one time more for each 64
characters of it."""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
BUILD = os.environ.get("CROFT_BUILD", os.path.join(HERE, "..", "..", "build"))
PROGRAM = os.path.join(BUILD, "tests/policy/policy_check_cost")
TARGET = 50  # microseconds of signature and permissions together
LENGTHS = (1000, 2000, 4000, 8000)
GROWTH = 2.6  # times as long for twice as much; linear is 2
WORD = 64  # characters of a piece that are looked for at once (lib/base/wildcard.c)


def measured(*arguments):
    lines = subprocess.run([PROGRAM, *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return {name: float(value) for name, value in (line.split() for line in lines)}


def main():
    missed = []
    costs = measured("check")
    signature = costs.pop("signature")
    print(f"{'signature and key':36} {signature:8.1f} us")
    for name, cost in costs.items():
        whole = signature + cost
        print(f"{'permissions: ' + name:36} {cost:8.1f} us   whole check {whole:6.1f} us, "
              f"{whole / TARGET:4.2f} of the {TARGET} us it may take")
        if whole > TARGET:
            missed.append(name)
    results = [measured("match", str(length)) for length in LENGTHS]
    for name in results[0]:
        times = [result[name] for result in results]
        growth = (times[-1] / times[0]) ** (1 / (len(times) - 1))
        print(f"{'pattern: ' + name:36} " + ", ".join(f"{value:.0f}" for value in times)
              + f" us for {', '.join(map(str, LENGTHS))} characters: x{growth:.2f} for twice as much")
        if name == "questions":
            slower = times[-1] / results[-1]["stars"]
            print(f"{'':36} {slower:.0f} times as long as stars, of {LENGTHS[-1] // WORD} that it may take")
        if slower > LENGTHS[-1] // WORD if name == "questions" else growth > GROWTH:
            missed.append(name)
    if missed:
        print("missed: " + ", ".join(missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
