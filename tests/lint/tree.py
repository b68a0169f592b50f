"""For the checks of tests/lint: the files of the tree, C without comments and strings, and TAP."""
import os
import re
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
