"""What C files of the tree define and what each definition mentions, for tools that follow calls.

The tree is formatted by clang-format, so a definition begins in the first column and ends with a brace
there; no parser of C is needed. A table (an initialised array) is a definition, too: what it mentions
may be called through it."""
import glob
import os
import re

TREE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
TOKEN = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL)
FUNCTION = re.compile(r"^(?!typedef|struct \w+\n?\{)((?:[\w*]+[ \n*]+)+?)(\w+)\(([^;{}]*)\)\n\{\n(.*?)^\}", re.M | re.S)
TABLE = re.compile(r"^((?:[\w*]+ +)+\**)(\w+)\[[^\]\n]*\](?:\[[^\]\n]*\])? =\s*\{(.*?)\};$", re.M | re.S)
# A macro of this name has the functions of several actions that differ in a word.
MACRO = re.compile(r"^#define (\w+_ACTIONS)\(([^)]*)\)[ \t]*\\\n((?:[^\n]*\\\n)*[^\n]*)$", re.M)
WORD = re.compile(r"(?<![.>\w])[A-Za-z_]\w*\b")  # members of structures are no names
CALL = re.compile(r"(?<![.>\w])([A-Za-z_]\w*)\(")


class Definition:
    def __init__(self, name, path, is_static, body):
        self.name, self.path, self.is_static, self.body = name, path, is_static, body
        bare = without(body)
        self.words = set(WORD.findall(bare))
        self.calls = set(CALL.findall(bare))

    def __repr__(self):
        return f"{self.path}:{self.name}"


def without(text, strings=True):
    """The text without its comments and, if so asked, without its strings."""
    return TOKEN.sub(lambda m: m[0] if m[0][0] in "\"'" and not strings else " ", text)


def expanded(text):
    """The text with what its macros of actions stand for behind it."""
    for name, params, body in MACRO.findall(text):
        lines = [line.rstrip("\\ ").removeprefix("    ") for line in body.split("\n")]
        for given in re.findall(r"^" + name + r"\(([^;{}]*?)\)$", text, re.M):
            words = dict(zip(re.split(r",\s*", params), re.split(r",\s*", given)))
            text += "\n" + re.sub(r"\w+", lambda m: words.get(m[0], m[0]), "\n".join(lines)).replace("##", "") + "\n"
    return text


class Source:
    """All definitions below the given folders of lib/."""

    def __init__(self, *folders):
        self.files, self.globals, self.of_file = {}, {}, {}
        for folder in folders:
            for path in sorted(glob.glob(os.path.join(TREE, "lib", folder, "*.c"))):
                self._read(os.path.relpath(path, TREE))

    def _read(self, path):
        with open(os.path.join(TREE, path), encoding="utf-8") as file:
            text = expanded(without(file.read(), strings=False))
        self.files[path] = text
        mine = self.of_file.setdefault(path, {})
        found = [(m[1], m[2], m[4]) for m in FUNCTION.finditer(text)]
        found += [(m[1], m[2], m[3]) for m in TABLE.finditer(text)]
        for kind, name, body in found:
            definition = Definition(name, path, "static" in kind.split(), body)
            mine[name] = definition
            if not definition.is_static:
                self.globals[name] = definition

    def reached_from(self, name):
        """The definitions that calls of a global function may come to, itself included."""
        reached, waiting = {}, [self.globals[name]]
        while waiting:
            at = waiting.pop()
            if (at.path, at.name) in reached:
                continue
            reached[at.path, at.name] = at
            # What is only mentioned is a table or a function that is handed over, of the same file.
            for word in at.words:
                target = self.of_file[at.path].get(word)
                if target is None and word in at.calls:
                    target = self.globals.get(word)
                if target is not None:
                    waiting.append(target)
        return list(reached.values())
