"""What tests/run does once the packages are there.

First the build that guests run on (gcc), with both cores. Then two lanes side by side, for a machine with
two cores:
    guests   base image, then tests/vm in one lab, where the tests share what they started
    cheap    ASan+UBSan build, its unit and golden tests, tests/api and tests/clients (each file in a fake
             lab of its own, with the sanitized daemon), tests/net (real packets in plain namespaces,
             with the sanitized driver); clang build and gcc build, unit and golden; TSan build (see `threads:`
             of tap.py); tests/lint
Without guests (--quick) there is the sanitized build alone. A lane that is through helps the other with its
tests. At the end the replies that all clients were given are read (replies.py).
A file that fails is shown in full, one that passes with -v only.
"""
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import tap  # noqa: E402
from daemon_log import DaemonLog  # noqa: E402

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
TESTS = os.path.join(TREE, "tests")
LAB = os.path.join(TESTS, "lab")
AREAS = ("launch", "front-door", "network", "disks", "identity", "trust", "lint", "unit")
BUILDS = {  # directory: (CC, options of meson setup)
    "build": ("gcc", []),
    "build-clang": ("clang", ["-Dwerror=true"]),
    # -O0: the tests take as long as with -O1, for the checks cost more than it saves, and it builds much faster.
    # -g1 has the lines that a report names. It counts the lines that are run, for tests/coverage.
    "build-asan": ("gcc", ["-Dwerror=true", "-Doptimization=0", "-Ddebug=false", "-Dc_args=-g1",
                           "-Db_sanitize=address,undefined", "-Db_lundef=false", "-Db_coverage=true", "-Dcrash_points=true"]),
    "build-tsan": ("gcc", ["-Dwerror=true", "-Doptimization=1", "-Ddebug=false", "-Dc_args=-g1", "-Db_sanitize=thread",
                           "-Db_lundef=false"]),
}
LIMITS = {"api": 120, "clients": 180, "net": 180, "vm": 900, "lint": 300}
QUICK, QUICKLY = False, {}  # --quick, and what tests see of it: fewer steps by chance, fewer clients
# Where stores and labs lie that lose nothing when the power goes: a commit waits for a disk's 10 ms else.
IN_MEMORY = {"TMPDIR": "/dev/shm"} if os.access("/dev/shm", os.W_OK) else {}
# What was freed is kept for a while, to find later uses; more of it costs pages, and time.
SANITIZERS = {"ASAN_OPTIONS": "abort_on_error=0:exitcode=99:detect_leaks=1:quarantine_size_mb=16",
              "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
              # The first race ends the process: one that SIGKILL ends later has no status to tell of it.
              "TSAN_OPTIONS": f"halt_on_error=1:exitcode=66:suppressions={os.path.join(TESTS, 'tsan.supp')}"}


def fail(sentence):
    print(f"{os.path.relpath(sys.argv[0], TREE).replace('lib/suite.py', 'run')}: {sentence}",
          file=sys.stderr)
    sys.exit(1)


def need_root(what):
    if os.geteuid() != 0:
        fail(f"{what} needs root: use sudo, or --quick to leave the real guests out.")


# --- choosing -------------------------------------------------------------------------------

def executables(folder):
    if not os.path.isdir(folder):
        return []
    paths = (os.path.join(folder, name) for name in sorted(os.listdir(folder)))
    return [path for path in paths if os.path.isfile(path) and os.access(path, os.X_OK)
            and not path.endswith("~")]


def areas_of(path):
    return {word for line in tap.headers(path).get("area", []) for word in line.split()}


def choose(folder, words):
    """The executables of a folder that the words of the command line mean: all when there is no
    word, else those of the areas, and the files named."""
    named = {os.path.realpath(word) for word in words if os.path.isfile(word)}
    wanted = {word for word in words if not os.path.isfile(word)}
    for word in wanted:
        if word not in AREAS:
            fail(f"'{word}' is neither a file nor an area; the areas are {', '.join(AREAS)}.")
    return [path for path in executables(folder)
            if path in named or not is_left_out(path) and (not words or areas_of(path) & wanted)]


def is_left_out(path):
    """`# quick: no` in a file of tests/api, clients or net: it takes long, and a full run has it."""
    return QUICK and tap.headers(path).get("quick", [""])[0] == "no"


# --- telling --------------------------------------------------------------------------------

class Report:
    def __init__(self, verbose):
        self.verbose, self.lock = verbose, threading.Lock()
        self.passed = self.failed = self.skipped = 0
        self.bad = []

    def say(self, text):
        with self.lock:
            print(text, flush=True)

    def add(self, verdict):
        with self.lock:
            self.passed += verdict.passed
            self.failed += verdict.failed
            self.skipped += verdict.skipped
            if verdict.failed:
                self.bad.append(verdict)
            show(verdict, self.verbose)


def show(verdict, verbose):
    counts = f"{verdict.passed} passed"
    if verdict.failed:
        counts += f", {verdict.failed} FAILED"
    if verdict.skipped:
        counts += f", {verdict.skipped} skipped"
    word = "FAIL" if verdict.failed else ("ok" if verdict.passed else "skip")
    print(f"{word:5} {verdict.name:44} {counts} ({verdict.seconds:.1f} s)")
    if verdict.failed or verbose:
        for line in verdict.output.rstrip("\n").splitlines():
            if verbose or not tap.PASSED.match(line):  # what went well would hide what did not
                print("      | " + line)
        for reason in verdict.reasons:
            print("      | => " + reason)
    elif verdict.skipped:
        for line in verdict.output.splitlines():
            if tap.SKIP.search(line):
                print("      | " + line)
    sys.stdout.flush()


# --- building -------------------------------------------------------------------------------

def as_owner(argv):
    """Builds belong to whoever the tree belongs to, so that a later build without sudo works."""
    owner = os.stat(TREE).st_uid
    if os.geteuid() == 0 and owner != 0:
        return ["setpriv", f"--reuid={owner}", f"--regid={os.stat(TREE).st_gid}",
                "--init-groups", "--"] + argv
    return argv


def build(name, extra, out=None):
    """Raises CalledProcessError with the output when it does not build."""
    compiler, options = BUILDS[name]
    where = os.path.join(TREE, name)
    env = dict(os.environ, CC=compiler)
    for argv in ([] if os.path.exists(os.path.join(where, "build.ninja")) else
                 [["meson", "setup", where, TREE] + options + extra]) + [["ninja", "-C", where]]:
        done = subprocess.run(as_owner(argv), env=env, stdin=subprocess.DEVNULL, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            if out:
                print(done.stdout, file=out)
            done.check_returncode()
            raise AssertionError
    return where


def build_step(report, name):
    """A build that succeeds is no test and counts as none; one that does not is a failure."""
    began = time.monotonic()
    try:
        build(name, [])
    except subprocess.CalledProcessError as error:
        verdict = tap.Verdict(f"build of {name}/")
        verdict.output, verdict.seconds = error.stdout or "", time.monotonic() - began
        verdict.fail(f"`{' '.join(error.cmd)}` failed")
        report.add(verdict)
        return False
    report.say(f"built {name + '/':44} ({time.monotonic() - began:.1f} s)")
    return True


# --- kinds of tests -------------------------------------------------------------------------

def unit_tests(report, name, suite=None):
    """`meson test`; each check of a suite of `check` counts, not just its program."""
    where = os.path.join(TREE, name)
    log = os.path.join(where, "meson-logs", "testlog.json")
    if os.path.exists(log):
        os.unlink(log)
    env = dict(os.environ, **SANITIZERS, **IN_MEMORY, **QUICKLY)
    code, output = tap.run_bounded(as_owner(
        ["meson", "test", "-C", where, "--no-rebuild", "--print-errorlogs",
         "--timeout-multiplier", "4"] + (["--suite", suite] if suite else [])), 1200, env)
    count = 0
    if os.path.exists(log):
        with open(log, encoding="utf-8") as file:
            for line in file:
                count += 1
                report.add(unit_verdict(name, json.loads(line)))
    if count == 0:
        verdict = tap.Verdict(f"{name}: unit and golden tests")
        verdict.output = output
        verdict.fail(f"meson test ran none and ended with status {code}")
        report.add(verdict)


def unit_verdict(build_name, entry):
    verdict = tap.Verdict(f"{build_name}: {entry['name']}")
    verdict.seconds = entry.get("duration", 0.0)
    verdict.output = (entry.get("stdout") or "") + (entry.get("stderr") or "")
    found = re.findall(r"Checks: (\d+), Failures: (\d+), Errors: (\d+)", verdict.output)
    checks = sum(int(row[0]) for row in found)
    bad = sum(int(row[1]) + int(row[2]) for row in found)
    taps = tap.judge("", 0, verdict.output, 0) if not found else None
    if taps and taps.passed + taps.failed + taps.skipped > len(taps.reasons):
        checks = taps.passed + taps.failed - len(taps.reasons)
        bad, verdict.skipped = taps.failed - len(taps.reasons), taps.skipped
    result = entry["result"]
    if result == "SKIP":
        verdict.skipped += 1
    elif result in ("OK", "EXPECTEDFAIL"):
        verdict.passed = max(checks, 1) - bad
        verdict.failed = bad
    else:
        verdict.passed = max(checks - bad, 0)
        verdict.failed = bad
        if not bad:
            verdict.fail(f"meson says {result}")
    return verdict


def limit_of(path, kind):
    return float(tap.headers(path).get("timeout", [LIMITS[kind]])[0])


def has_own_lab(path):
    return tap.headers(path).get("lab", [""])[0] in ("own", "none")


def logs_of(name, build_name="build-asan"):
    return os.path.join(TREE, build_name, "test-logs", name.replace("/", "-"))


def traffic_of(name):
    return os.path.join(TREE, "build-asan", "traffic", name.replace("/", "-") + ".bin")


def api_test(report, path, build_name="build-asan"):
    """In a fake lab of its own, with what it says to the daemon recorded for replies_test(), unless it
    says `# traffic: no`."""
    kind = os.path.basename(os.path.dirname(path))
    name = f"{kind}/{os.path.basename(path)}"
    where = os.path.join(TREE, build_name)
    env = dict(os.environ, CROFT_BUILD=where, CROFT_LAB_LOGS=logs_of(name, build_name), **SANITIZERS,
               **IN_MEMORY)
    env.update(QUICKLY)
    if build_name != "build-asan":
        name = f"{build_name}: {name}"
    elif tap.headers(path).get("traffic", [""])[0] != "no":
        os.makedirs(os.path.dirname(traffic_of(name)), exist_ok=True)
        env["CROFT_TRAFFIC"] = traffic_of(name)
    argv = [path]
    if not has_own_lab(path):
        argv = [LAB, "--hypervisor", "fake", "--strict"]
        for pair in tap.headers(path).get("config", []):
            argv += ["--config", pair]
        argv += ["--", path]
    report.add(tap.timed(argv, name, limit_of(path, kind), env))


def replies_test(report, complete):
    """What all of them were answered, read strictly."""
    folder = os.path.dirname(traffic_of(""))
    files = sorted(os.path.join(folder, name) for name in os.listdir(folder))
    argv = [os.path.join(TESTS, "lib", "replies.py")] + (["--complete"] if complete else []) + files
    report.add(tap.timed(argv, "replies of all clients", LIMITS["api"]))


def coverage_test(report):
    """What of lib/ all of them together have been through."""
    verdict = tap.timed([os.path.join(TESTS, "coverage")], "coverage", LIMITS["lint"])
    report.add(verdict)
    for room in re.findall(r"^ok \d+ - (.* lines, .*)", verdict.output, re.M):
        report.say("      | " + room)


def net_test(report, path):
    env = dict(os.environ, CROFT_BUILD=os.path.join(TREE, "build-asan"), **SANITIZERS, **QUICKLY)
    report.add(tap.timed([path], "net/" + os.path.basename(path), limit_of(path, "net"), env))


def lint_test(report, path):
    env = dict(os.environ, CROFT_BUILD=os.path.join(TREE, "build-asan" if QUICK else "build"), **QUICKLY)
    report.add(tap.timed([path], "lint/" + os.path.basename(path), limit_of(path, "lint"), env))


def vm_tests(report, files):
    """One lab for all that do not make their own; the runner inside it is this file again."""
    began = time.monotonic()
    code, output = tap.run_bounded([os.path.join(TREE, "images", "build")], 1500)
    if code != 0:
        lost = tap.Verdict("base image")
        lost.output, lost.seconds = output, time.monotonic() - began
        lost.fail(f"images/build ended with status {code}")
        report.add(lost)
        return
    report.say(f"built {'base image':44} ({time.monotonic() - began:.1f} s)")
    env = dict(os.environ, CROFT_BUILD=os.path.join(TREE, "build"))
    shared = [path for path in files if not has_own_lab(path)]
    if shared:
        report.say(f"      tests/vm: {len(shared)} files in one lab")
        results = os.path.join(TREE, "build", "vm-results.jsonl")
        with open(results, "w", encoding="utf-8"):
            pass
        limit = 300 + sum(limit_of(path, "vm") for path in shared)
        argv = [LAB, "--strict"]
        # Files may ask for the same; two values of one key croftd refuses itself.
        for pair in dict.fromkeys(pair for path in shared for pair in tap.headers(path).get("config", [])):
            argv += ["--config", pair]
        argv += ["--", sys.executable, "-B", os.path.realpath(__file__), "--in-lab", results] + shared
        verdicts, over = [], threading.Event()
        teller = threading.Thread(target=tell, args=(report, results, verdicts, over))
        teller.start()
        code, output = tap.run_bounded(argv, limit, dict(env, CROFT_LAB_LOGS=logs_of("vm")))
        over.set()
        teller.join()
        if code != 0 and not any(verdict.failed for verdict in verdicts) \
                or len(verdicts) < len(shared):
            lost = tap.Verdict("vm: the lab itself")
            lost.output, lost.seconds = output, time.monotonic() - began
            lost.fail(f"it ended with status {code} after {len(verdicts)} of {len(shared)} files")
            report.add(lost)
    for path in files:
        if has_own_lab(path):
            name = "vm/" + os.path.basename(path)
            report.add(tap.timed([path], name, limit_of(path, "vm"),
                                 dict(env, CROFT_LAB_LOGS=logs_of(name))))


def whole_lines(file):
    while True:
        where, line = file.tell(), file.readline()
        if not line.endswith("\n"):
            file.seek(where)  # nothing, or the beginning of a line that is being written
            return
        yield line


def tell(report, results, verdicts, over):
    """Shows what the runner in the lab has finished, as it comes."""
    with open(results, encoding="utf-8") as file:
        while True:
            last = over.wait(0.5)
            for line in whole_lines(file):
                verdicts.append(tap.Verdict.of(json.loads(line)))
                report.add(verdicts[-1])
            if last:
                return


def in_lab(results, files):
    """Runs in the lab: registers the base image once, then the files, one after another."""
    image = subprocess.run([os.path.join(TESTS, "lab.d", "add-base-image")], check=False,
                           stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if image.returncode != 0:
        print(image.stdout + image.stderr + "\nThe base image could not be registered.")
        return 1
    env = dict(os.environ, CROFT_BASE_IMAGE=image.stdout.strip())
    bad = 0
    for path in files:
        name = "vm/" + os.path.basename(path)
        log = DaemonLog(os.path.join(os.environ["CROFT_LAB"], "log"))
        verdict = tap.timed([path], name, limit_of(path, "vm"), env)
        if verdict.failed:
            verdict.output += log.warnings()
        daemon = os.path.join(os.environ["CROFT_LAB"], "croftd")
        if not subprocess.run([daemon, "pid"], check=False, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE).stdout.strip():
            verdict.fail("it left the lab without a croftd")
            subprocess.run([daemon, "start"], check=False, stdin=subprocess.DEVNULL)
        bad += verdict.failed
        line = (json.dumps(verdict.as_dict()) + "\n").encode()
        fd = os.open(results, os.O_WRONLY | os.O_APPEND)
        while line:  # whole lines only are read: the newline goes last
            line = line[os.write(fd, line):]
        os.close(fd)
    return 1 if bad else 0


# --- all of it ------------------------------------------------------------------------------

def lane(report, steps):
    for function, *arguments in steps:
        try:
            function(report, *arguments)
        except Exception as error:  # the other lane goes on, and this is a failure, not a crash
            verdict = tap.Verdict(f"{function.__name__} {arguments}")
            verdict.fail(repr(error))
            report.add(verdict)


class Sanitized:
    """What runs on the build with sanitizers: one thread builds it, and whoever has nothing else to do
    takes the next test. The longest come first, so that nobody waits for one at the end."""

    def __init__(self, api, net, unit, lint):
        tests = [(api_test, path, os.path.basename(os.path.dirname(path))) for path in api]
        tests += [(net_test, path, "net") for path in net] + [(lint_test, path, "lint") for path in lint]
        tests.sort(key=lambda test: -limit_of(test[1], test[2]))
        self.steps = [(unit_tests, "build-asan")] if unit else []
        self.steps += [(run, path) for run, path, _ in tests]
        self.built, self.good, self.lock = threading.Event(), False, threading.Lock()

    def build(self, report):
        shutil.rmtree(os.path.dirname(traffic_of("")), ignore_errors=True)
        for path in glob.glob(os.path.join(TREE, "build-asan", "**", "*.gcda"), recursive=True):
            os.unlink(path)
        try:
            self.good = not self.steps or build_step(report, "build-asan")
        finally:
            self.built.set()

    def take(self, report):
        self.built.wait()
        while self.good:
            with self.lock:
                step = self.steps.pop(0) if self.steps else None
            if step is None:
                return
            lane(report, [step])


def is_threaded(path):
    """`# threads: yes`: it asks much at once, and runs with ThreadSanitizer, too."""
    return tap.headers(path).get("threads", [""])[0] == "yes"


def with_tsan(report, api, unit):
    if (api or unit) and build_step(report, "build-tsan"):
        lane(report, ([(unit_tests, "build-tsan", "threads")] if unit else [])
             + [(api_test, path, "build-tsan") for path in api])


def with_clang(report):
    if build_step(report, "build-clang"):
        unit_tests(report, "build-clang")


def lanes_of(report, vm, api, sanitized, unit, lint):
    """What the threads do; each takes tests of the sanitized build when it is through with its own."""
    first = [(sanitized.build,), (sanitized.take,)]
    if QUICK:  # clients wait more than they compute: three times as many as there are cores are under way
        return [first] + [[(sanitized.take,)]] * 5
    plain = ([(unit_tests, "build"), (with_clang,)] if unit else []) \
        + [(with_tsan, [path for path in api if is_threaded(path)], unit)] + [(lint_test, path) for path in lint]
    if vm:
        return [[(vm_tests, vm), (sanitized.take,)], first + plain]
    return [plain + [(sanitized.take,)], first, [(sanitized.take,)]]


def main():
    argv = sys.argv[1:]
    if argv[:1] == ["--in-lab"]:
        return in_lab(argv[1], argv[2:])
    global QUICK
    QUICK, verbose = "--quick" in argv, "-v" in argv
    if QUICK:
        QUICKLY["CROFT_QUICK"] = "yes"
    words = [word for word in argv if word not in ("--quick", "-v")]
    for word in words:
        if word.startswith("-"):
            fail(f"unknown option '{word}' (see --help).")
    api = choose(os.path.join(TESTS, "api"), words) + choose(os.path.join(TESTS, "clients"), words)
    net = choose(os.path.join(TESTS, "net"), words)
    vm = [] if QUICK else choose(os.path.join(TESTS, "vm"), words)
    lint = executables(os.path.join(TESTS, "lint")) if not words or "lint" in words else \
        choose(os.path.join(TESTS, "lint"), words)
    unit = not words or "unit" in words
    if not (api or net or vm or lint or unit):
        fail(f"there is no test of {' '.join(words)}" + (" without real guests." if QUICK else "."))
    if vm:
        need_root("a test with real guests")
    began = time.monotonic()
    report = Report(verbose)

    def stop(number, _frame):
        tap.end_running()
        os._exit(128 + number)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)

    needed = not QUICK and (vm or unit or lint)
    if not needed or build_step(report, "build"):
        sanitized = Sanitized(api, net, unit, lint if QUICK else [])
        threads = [threading.Thread(target=lane, args=(report, each))
                   for each in lanes_of(report, vm, api, sanitized, unit, lint)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if api:
            if not words or os.path.isdir(os.path.dirname(traffic_of(""))):  # else none of them was recorded
                lane(report, [(replies_test, not words)])
        if not words and not QUICK:
            lane(report, [(coverage_test,)])
    for verdict in report.bad:
        print(f"\nFAIL  {verdict.name}")
        for line in verdict.failures():
            print("      | " + line)
    print(f"\n{time.monotonic() - began:.0f} s"
          + (f"; failed: {', '.join(each.name for each in report.bad)}" if report.bad else ""))
    print(f"{report.passed} passed, {report.failed} failed, {report.skipped} skipped", flush=True)
    return 0 if report.failed == 0 and report.passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
