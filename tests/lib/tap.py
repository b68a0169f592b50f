"""The one protocol of Croft's tests, both ends of it.

A test is an executable file in tests/api, tests/clients, tests/vm or tests/lint. It prints the Test
Anything Protocol on stdout: a line `ok 1 - what holds` or `not ok 2 - what does not` per check,
`# SKIP why` at the end of one that could not be made here, and the plan `1..N` first or last.
Anything else it prints is shown when it fails, the checks that passed left out. It ends with status 0, or
77 to be skipped as a whole. A test that prints no check, another number than its plan says, or ends with
another status has failed.

Comments among its first 30 lines say where it belongs:
    # area: launch            (several may stand in a line)
    # lab: own                it makes its own labs, or needs none
    # config: key=value       for croftd in its lab; repeatable; tests/vm have one lab
    # timeout: 600            seconds; 120 in tests/api, 180 in tests/clients, 900 in tests/vm
    # quick: no               it takes long: a full run alone has it
    # threads: yes            a full run has it with ThreadSanitizer, too
    # traffic: no             what it is answered is not kept to be read by replies.py

A test in Python may be an ordinary unittest file that ends with
    sys.path.insert(0, ".../tests/lib"); import tap; tap.main()
A test in shell sources tests/lib/tap.sh.
"""
import os
import re
import signal
import subprocess
import sys
import threading
import time
import unittest

RESULT = re.compile(r"^(not )?ok\b(?:\s+\d+)?\s*(?:-\s*)?(.*)$")
PASSED = re.compile(r"^ok\b")
PLAN = re.compile(r"^1\.\.(\d+)\s*(#\s*skip.*)?$", re.IGNORECASE)
SKIP = re.compile(r"(?<!\\)#\s*skip\b", re.IGNORECASE)
OUTPUT_LIMIT = 4 << 20  # bytes of one test that are kept
FAILURES_MAX, FAILURE_MAX = 8, 300  # of a file, characters of a line, that are said once more at the end


class Verdict:
    """What came out of one file."""

    def __init__(self, name):
        self.name = name
        self.passed = self.failed = self.skipped = 0
        self.reasons = []  # of failures that are not a `not ok` line
        self.output = ""
        self.seconds = 0.0

    def as_dict(self):
        return dict(self.__dict__)

    @staticmethod
    def of(values):
        verdict = Verdict(values["name"])
        verdict.__dict__.update(values)
        return verdict

    def fail(self, reason):
        self.failed += 1
        self.reasons.append(reason)

    def failures(self):
        """A line or two of each: the check, and the last that it said, which is the error of a traceback."""
        found, last = [], None
        for line in self.output.splitlines():
            result = RESULT.match(line)
            if result:
                last = [line] if result[1] else None
                found += [last] if last else []
            elif last and line.startswith("#   "):
                last[1:] = [line]
        return [line[:FAILURE_MAX] for each in found[:FAILURES_MAX] for line in each] + self.reasons


def judge(name, code, output, seconds):
    verdict = Verdict(name)
    verdict.output, verdict.seconds = output, seconds
    plan = None
    for line in output.splitlines():
        result = RESULT.match(line)
        if result:
            if result[1]:
                verdict.failed += 1
            elif SKIP.search(result[2]):
                verdict.skipped += 1
            else:
                verdict.passed += 1
            continue
        found = PLAN.match(line)
        if found:
            plan = int(found[1])
    seen = verdict.passed + verdict.failed + verdict.skipped
    if code == 77 and not verdict.failed:
        verdict.skipped += 1
    elif plan == 0 and seen == 0 and code == 0:
        verdict.skipped += 1
    elif code != 0 and not verdict.failed:
        verdict.fail(f"it ended with status {code}" if code >= 0 else
                     f"it was ended by {signal.Signals(-code).name}")
    elif seen == 0:
        verdict.fail("it printed no check")
    elif plan is None and not verdict.failed:
        verdict.fail("it printed no plan: it may have stopped half-way")
    elif plan is not None and plan != seen:
        verdict.fail(f"it planned {plan} checks and made {seen}")
    return verdict


def headers(path):
    found = {}
    with open(path, encoding="utf-8", errors="replace") as file:
        for _, line in zip(range(30), file):
            match = re.match(r"^\s*#\s*(area|lab|config|timeout|threads|traffic|quick):\s*(.+?)\s*$", line)
            if match:
                found.setdefault(match[1], []).append(match[2])
    return found


def run_bounded(argv, limit, env=None, live=False):
    """Runs argv in a session of its own for at most `limit` seconds. Returns its status (negative:
    the signal) and its stdout and stderr. When time is up it gets SIGTERM, for a lab to end
    itself, and some seconds later SIGKILL."""
    sink = None if live else subprocess.PIPE
    if ending.is_set():
        return 1, ""
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=sink,
                               stderr=None if live else subprocess.STDOUT, env=env,
                               start_new_session=True)
    running.add(process)
    if ending.is_set():  # since then
        os.killpg(process.pid, signal.SIGTERM)
    try:
        try:
            out, _ = process.communicate(timeout=limit)
            note = ""
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                out, _ = process.communicate(timeout=30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                out, _ = process.communicate()
            note = f"\nnot ok - it was stopped: it took more than {limit:.0f} s\n"
    finally:
        running.discard(process)
    text = (out or b"")[-OUTPUT_LIMIT:].decode(errors="replace") + note
    return (process.returncode or 1) if note else process.returncode, text


running = set()
ending = threading.Event()


def end_running():
    """And nothing is begun any more: a lab would outlive the run."""
    ending.set()
    for process in list(running):
        try:
            os.killpg(process.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
    for process in list(running):
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


# --- the other end: unittest files that print TAP ---------------------------------------------

class _TapResult(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.count = 0

    def _line(self, good, test, note=""):
        self.count += 1
        name = test.id().replace("__main__.", "").replace("#", "\\#")
        print(f"{'ok' if good else 'not ok'} {self.count} - {name}{note}", flush=True)

    def addSuccess(self, test):
        super().addSuccess(test)
        self._line(True, test)

    def _bad(self, test, error):
        self._line(False, test)
        for line in self._exc_info_to_string(error, test).splitlines():
            print("#   " + line, flush=True)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._bad(test, err)

    def addError(self, test, err):
        super().addError(test, err)
        self._bad(test, err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._bad(subtest, err)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._line(True, test, f" # SKIP {reason}")


def main():
    """Runs the unittest cases of the file that calls it."""
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    if len(sys.argv) > 1:
        suite = unittest.defaultTestLoader.loadTestsFromNames(sys.argv[1:],
                                                              sys.modules["__main__"])
    result = _TapResult()
    suite.run(result)
    print(f"1..{result.count}", flush=True)
    sys.exit(0 if result.wasSuccessful() else 1)


def timed(argv, name, limit, env=None):
    began = time.monotonic()
    code, output = run_bounded(argv, limit, env)
    return judge(name, code, output, time.monotonic() - began)
