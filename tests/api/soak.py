#!/usr/bin/python3 -B
# area: trust
# config: storage=files
# quick: no
# timeout: 400
"""Worked with for a while: what the daemons hold in the end is what they held in the beginning.

    tests/soak [--minutes N]                       in a lab without guests and in one with some, at once
    tests/lab ... -- tests/api/soak.py [--minutes N]

The hands of cycles.py work at once in rounds, and nobody is killed. After each round all that was answered is there;
then everything is removed, and it is counted what the daemons hold: memory of their own, descriptors, threads, files.
The first round fills caches and pools, so it is the second that the last is compared with.
"""
import argparse
import collections
import os
import random
import sys
import threading
import time

from client import LAB, REAL_GUESTS, daemon, log_text
from cycles import KINDS, Hand, adopt, check, clean, set_up, settle

HANDS = 3 if REAL_GUESTS else 6
ROUNDS_LEAST = 4
GIVEN_BACK_S = 12  # what is free goes back to the system now and then
MIB = 1 << 20
# What memory may vary by, of a process that has done the same again: the allocator's own grain. With AddressSanitizer
# what was freed is kept for a while, which varies by more; leaks are what its LeakSanitizer tells at the end.
GRAIN, SHARE = 3 * MIB, 0.1
GRAIN_SANITIZED = 96 * MIB
# libvirtd has up to 20 workers, begins another when all are busy, and each has free memory of its own in the C library.
GRAIN_LIBVIRTD, WORKERS = 8 * MIB, 20
GRAIN_DNSMASQ = 8 * MIB  # it keeps something of each host that has gone, until it is started anew (lib/network/hosts.c)


def processes():
    """{name: pid} of the daemons, and with real guests of those that work for them."""
    found = {"croftd": int(daemon("pid"))}
    if REAL_GUESTS:  # the lab has a PID namespace of its own
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
                name = file.read().strip()
            if name in ("croft-netd", "libvirtd", "virtlogd", "dnsmasq"):  # of the one VPC
                found[name] = int(pid)
    return found


def links(pid):
    for number in os.listdir(f"/proc/{pid}/fd"):
        try:
            yield os.readlink(f"/proc/{pid}/fd/{number}")
        except FileNotFoundError:
            pass  # closed meanwhile


def is_database(link):
    """The store's readers have one connection each, made when more are at work than ever before: 16 at most
    (lib/store/store.c)."""
    return "/croft.db" in link


def held():
    """{what: how much} of each process, and of the disk."""
    found = {}
    for name, pid in processes().items():
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            status = dict(line.split(":", 1) for line in file)
        found[f"{name}: memory"] = int(status["RssAnon"].split()[0]) << 10
        found[f"{name}: descriptors"] = sum(not is_database(link) for link in links(pid))
        found[f"{name}: threads"] = int(status["Threads"])
    found["files of the state"] = sum(len(names) for _, _, names in os.walk(os.path.join(LAB, "state")))
    if REAL_GUESTS:
        found["files of the run directory"] = sum(len(names) for _, _, names in os.walk("/run/croft"))
    return found


def is_sanitized():
    with open(f"/proc/{daemon('pid')}/maps", encoding="utf-8") as file:
        return "libasan" in file.read()


def bound(what, began, sanitized):
    if what.endswith(": memory"):
        grain = {"dnsmasq": GRAIN_DNSMASQ, "libvirtd": GRAIN_LIBVIRTD}.get(
            what.partition(":")[0], GRAIN_SANITIZED if sanitized else GRAIN)
        return began + max(grain, int(began * SHARE))
    return began + WORKERS if what == "libvirtd: threads" else began


def work(hands, seconds):
    over = threading.Event()
    threads = [threading.Thread(target=hand.work, args=(over,)) for hand in hands]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    over.set()
    for thread in threads:
        thread.join()


def one_round(hands, stock, stock_files, seconds):
    """What was seen to be wrong, and what is held when all has been removed."""
    work(hands, seconds)
    seen, _ = settle()
    wrong, claimed = check(hands, seen)
    wrong += [each for hand in hands for each in hand.wrong] + list(adopt(hands, seen, claimed, stock))
    clean(hands, stock, stock_files)
    time.sleep(GIVEN_BACK_S)
    return wrong, held()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=float(os.environ.get("SOAK_MINUTES", "1.5")))
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    options = parser.parse_args()
    print(f"# seed {options.seed}; {HANDS} hands", flush=True)
    dice = random.Random(options.seed)
    image, stock, stock_files = set_up("soak")
    hands = [Hand(number, random.Random(dice.random()), image) for number in range(HANDS)]
    began, rounds, faults = time.monotonic(), [], []
    seconds = min(30.0, options.minutes * 60 / ROUNDS_LEAST - GIVEN_BACK_S)
    while not faults and (len(rounds) < ROUNDS_LEAST or time.monotonic() - began < options.minutes * 60):
        try:
            faults, counted = one_round(hands, stock, stock_files, seconds)
        except AssertionError as error:
            faults = [str(error)]
            break
        rounds.append(counted)
        print(f"# {time.monotonic() - began:4.0f} s: " + ", ".join(
            f"{what} {value / MIB:.1f} MiB" if what.endswith("memory") else f"{what} {value}"
            for what, value in counted.items()), flush=True)
    sanitized = is_sanitized()
    grown = [f"{what}: {rounds[1][what]} after the second round, {value} after the last"
             for what, value in rounds[-1].items() if what in rounds[1] and value > bound(what, rounds[1][what], sanitized)]
    new = sorted(set(rounds[-1]) - set(rounds[1]))
    calls = sum((hand.calls for hand in hands), collections.Counter())
    errors = [line for line in log_text().splitlines() if " error " in line]
    told = ", ".join(f"{count} {action}" for action, count in calls.most_common(14))
    print(f"# {calls.total()} calls, {sum(hand.refusals for hand in hands)} refused: {told}")
    for number, (what, bad) in enumerate((("nothing that was answered is lost, nothing is there twice", faults),
                                          ("memory, descriptors, threads and files are as they were", grown + new),
                                          ("nothing in the log is an error", errors[:5])), 1):
        for each in bad:
            print(f"# {each}")
        print(f"{'not ok' if bad else 'ok'} {number} - {what}")
    launched = calls["RunInstances"] > 10 * options.minutes
    print(f"{'ok' if launched else 'not ok'} 4 - there was work: {calls['RunInstances']} launches\n1..4")
    return 0 if launched and not (faults or grown or new or errors) else 1


if __name__ == "__main__":
    sys.exit(main())
