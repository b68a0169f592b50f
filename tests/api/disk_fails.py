#!/usr/bin/python3 -B
# area: trust
# lab: own
# quick: no
# timeout: 400
"""A disk that is full for a while, or fails: nothing that was answered is lost, and what was refused has not happened.

    tests/api/disk_fails.py [--cycles N] [--seed S]

In each cycle hands of cycles.py work at once while calls on the daemon's files fail (tests/faults): a few of them or all
for a moment, writes, syncs, growing or new files, with ENOSPC or EIO; those of qemu-img, too. Then the disk is well
again. Now and then the daemon is killed before that, so what it could not write is what a start finds. Then
  - all that was answered is as it was answered; what was refused, and be it by an InternalError, has changed nothing,
  - the daemon has neither ended nor hung, and every job comes to an end; a volume or a snapshot may be in the state
    error, and an instance terminated with a reason of the server's, because that is what happened to them,
  - in the end everything can be removed, and nothing is left.
"""
import argparse
import errno
import os
import random
import sys
import tempfile
import threading
import time

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
sys.path.insert(0, os.path.join(TREE, "tests", "lib"))
from faults import ALL_OF_FILES, FOR_EVER, KINDS as KINDS_OF_FAULTS, Trouble, environment, make_file  # noqa: E402
ERRORS = {"ENOSPC": errno.ENOSPC, "EIO": errno.EIO}
KINDS_OF_CALLS = {**{name: kind for name, kind in KINDS_OF_FAULTS.items() if kind & ALL_OF_FILES}, "all": ALL_OF_FILES}
CLEAN_EVERY = 10
MOMENT = 0.5  # seconds of work in a cycle
CROSSING = 0.25  # seconds in which answers may overtake each other: which commit was the last is not known


def enter_own_lab():
    """The lab's daemon gets the library by its environment, so that is there before the lab."""
    with tempfile.TemporaryDirectory(prefix="croft-faults.") as folder:
        path = os.path.join(folder, "faults")
        make_file(path)
        env = dict(os.environ, **environment(path, CROFT_FAULTS_IN="/state/"))
        return os.spawnve(os.P_WAIT, os.path.join(TREE, "tests", "lab"), [
            "lab", "--hypervisor", "fake", "--strict", "--config", "storage=files", "--", os.path.realpath(__file__),
            *sys.argv[1:]], env)


if "CROFT_FAULTS" not in os.environ:
    sys.exit(enter_own_lab())
os.environ.pop("LD_PRELOAD")
from client import Refused, daemon, log_text  # noqa: E402
from cycles import KINDS, Hand, Lost, adopt, ask, check, clean, forgive, set_up, settle, start  # noqa: E402


class Sufferer(Hand):
    """A hand to which a failure of the server is a refusal like another: nothing has changed. But when the daemon is
    killed afterwards one such call may come back: a commit whose sync failed, or whose last write, is in the file until
    another one is written over it, and that one may fail at its first write."""

    done = 0  # when any hand's change was answered last: then no failure from before is in the file

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.failures, self.doubts = 0, []  # of calls that failed: when, the kind that was to be made, what was changed

    def tell(self, action, **params):
        self.calls[action] += 1
        try:
            return ask(action, **params)
        except Refused as refused:
            self.refusals += 1
            self.failures += refused.status >= 500
            return None

    def note(self, reply, failures, kind, of):
        if self.failures > failures:
            self.doubts.append((time.monotonic(), kind, of))
        elif reply is not None:
            Sufferer.done = time.monotonic()
        return reply

    def make(self, name, action, **params):
        failures = self.failures
        return self.note(super().make(name, action, **params), failures, name, None)

    def change(self, name, action, of, **params):
        failures = self.failures
        return self.note(super().change(name, action, of, **params), failures, None, of)


def cycle(dice, disk, hands, stock):
    """What was wrong; what was done, and how many calls on files failed."""
    calls, error = dice.choice(sorted(KINDS_OF_CALLS)), dice.choice(sorted(ERRORS))
    skip, count = dice.randrange(60), dice.choice((1, 2, 10, FOR_EVER))
    killed = dice.random() < 0.3
    over = threading.Event()
    threads = [threading.Thread(target=hand.work, args=(over,)) for hand in hands]
    disk.begin(KINDS_OF_CALLS[calls], ERRORS[error], skip, count)
    for thread in threads:
        thread.start()
    time.sleep(MOMENT)
    if killed:
        daemon("kill")
    over.set()
    for thread in threads:
        thread.join()
    failed = disk.end()
    doubts = []
    if killed:
        start()
        for hand in hands:
            hand.doubts = [each for each in hand.doubts if each[0] > Sufferer.done - CROSSING]
            hand.maybe.update(of for _, _, of in hand.doubts if of)
            doubts += [kind for _, kind, _ in hand.doubts if kind]
    wrong = [each for hand in hands for each in hand.wrong]
    seen, _ = settle()
    forgive(hands, seen)
    more, claimed = check(hands, seen)
    wrong += more + list(adopt(hands, seen, claimed, stock, doubts))
    for hand in hands:
        hand.pending, hand.wrong, hand.doubts = None, [], []
        hand.maybe.clear()
    told = f"{count if count < FOR_EVER else 'all'} of {calls} after {skip}: {error}{', killed' if killed else ''}"
    return wrong, told, failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cycles", type=int, default=40)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    options = parser.parse_args()
    print(f"# seed {options.seed}", flush=True)
    dice, disk = random.Random(options.seed), Trouble(os.environ["CROFT_FAULTS"])
    image, stock, stock_files = set_up("disk-fails")
    hands = [Sufferer(number, random.Random(dice.random()), image) for number in range(3)]
    pid, faults, failures, done = daemon("pid"), [], 0, 0
    for number in range(options.cycles):
        try:
            wrong, told, failed = cycle(dice, disk, hands, stock)
            if number % CLEAN_EVERY == CLEAN_EVERY - 1 or number == options.cycles - 1:
                clean(hands, stock, stock_files)
        except AssertionError as error:
            wrong, told, failed = [str(error)], "its end", disk.end()
        failures, done = failures + failed, done + 1
        if "killed" not in told and daemon("pid") != pid:
            wrong.append("the daemon has ended by itself")
        pid = daemon("pid")
        faults += [f"cycle {number} ({told}, {failed} failed): {each}" for each in wrong]
        if faults:
            break  # what comes after follows from it
    for fault in faults:
        print(f"# {fault}")
    log = log_text().splitlines()
    errors = sum(" error " in line for line in log)
    again = sum(" job-not-recorded " in line for line in log)
    if again > 100 * options.cycles:
        faults.append(f"jobs that could not be recorded ran again {again} times")
        print(f"# {faults[-1]}")
    print(f"# {done} cycles, {sum(hand.calls.total() for hand in hands)} calls, {failures} failures of the disk, "
          f"{sum(hand.failures for hand in hands)} calls ended by one; {errors} errors in the log")
    print(f"{'not ok' if faults else 'ok'} 1 - nothing is lost over {options.cycles} troubles of the disk")
    hurt = failures > options.cycles and errors
    print(f"{'ok' if hurt else 'not ok'} 2 - the disk failed, and the log says so\n1..2")
    return 0 if hurt and not faults else 1


if __name__ == "__main__":
    sys.exit(main())
