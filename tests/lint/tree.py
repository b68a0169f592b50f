"""For the checks of tests/lint: the files of the tree, C without comments and strings, what the build compiles,
what was found clean before, and TAP."""
import hashlib
import json
import os
import re
import subprocess
import sys

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
TOKEN = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL)


def files(*suffixes, under=("",)):
    """Paths relative to the tree, sorted; build directories and hidden ones are no part of it."""
    found = []
    for top in under:
        for folder, folders, names in os.walk(os.path.join(TREE, top)):
            folders[:] = sorted(name for name in folders
                                if not name.startswith((".", "__pycache__"))
                                and not (folder.rstrip("/") == TREE
                                         and re.match(r"build(-|$)", name)))
            for name in names:
                path = os.path.join(folder, name)
                if (not suffixes or name.endswith(suffixes)) and not os.path.islink(path):
                    found.append(os.path.relpath(path, TREE))
    return sorted(set(found))


def read(path):
    with open(os.path.join(TREE, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def blank(text, strings=True):
    """The C source with its comments, and its strings if so asked, replaced by blanks; lines stay."""
    def hide(match):
        word = match[0]
        if word[0] in "\"'" and not strings:
            return word
        return re.sub(r"[^\n]", " ", word)
    return TOKEN.sub(hide, text)


def line_of(text, at):
    return text.count("\n", 0, at) + 1


BUILD = os.environ.get("CROFT_BUILD", os.path.join(TREE, "build"))


def compiled():
    """{path: row of the compile database}: the C of lib/ and cmd/ that the build compiles."""
    with open(os.path.join(BUILD, "compile_commands.json"), encoding="utf-8") as database:
        rows = json.load(database)
    found = {os.path.relpath(os.path.realpath(os.path.join(row["directory"], row["file"])), TREE): row for row in rows}
    return {path: found[path] for path in sorted(found) if re.match(r"(lib|cmd)/.*\.c$", path)}


def changed():
    """What git says of the last commit and the working tree; None where it cannot tell."""
    done = subprocess.run(["git", "diff", "--name-only", "HEAD~1"], cwd=TREE, check=False, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return set(done.stdout.split()) if done.returncode == 0 else None


def version_of(program):
    return subprocess.run([program, "--version"], check=True, text=True, stdout=subprocess.PIPE).stdout


class Clean:
    """What a checker has found clean, in the build directory: a file is known by itself, all headers of the tree
    and `more`, which names what else decides: the checker's version and options."""

    def __init__(self, checker, *more):
        self.folder = os.path.join(BUILD, checker + "-clean")
        os.makedirs(self.folder, exist_ok=True)
        self.common = hashlib.sha256(repr(more).encode())
        for path in files(".h", ".def", ".model", under=("lib", "cmd")) + ["meson.build"]:
            self.common.update(path.encode() + b"\0" + read(path).encode() + b"\0")

    def _mark(self, path):
        mark = self.common.copy()
        mark.update(path.encode() + b"\0" + read(path).encode())
        return os.path.join(self.folder, mark.hexdigest())

    def knows(self, path):
        return os.path.exists(self._mark(path))

    def keep(self, path):
        with open(self._mark(path), "w", encoding="ascii"):
            pass


class Tap:
    def __init__(self):
        self.count = self.failed = 0

    def check(self, what, problems):
        """One line of TAP; it holds when there are no problems."""
        self.count += 1
        self.failed += bool(problems)
        print(f"{'not ok' if problems else 'ok'} {self.count} - {what}")
        for problem in problems:
            print("#   " + problem)
        sys.stdout.flush()

    def finish(self):
        print(f"1..{self.count}")
        sys.exit(1 if self.failed else 0)
