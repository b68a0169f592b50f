"""What tests/faults is told: a file with one `struct faults`, which the library maps as this does."""
import ctypes
import mmap
import os

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
LIBRARY = os.path.join(os.path.realpath(os.environ.get("CROFT_BUILD", os.path.join(TREE, "build"))), "tests/faults/libfaults.so")
KINDS = {"write": 1, "sync": 2, "grow": 4, "make": 8, "rename": 16, "memory": 32}
ALL_OF_FILES = 31
FOR_EVER = 1 << 40


class Faults(ctypes.Structure):
    """As in tests/faults/faults.c."""
    _fields_ = [("kinds", ctypes.c_uint32), ("error", ctypes.c_int32), ("skip", ctypes.c_uint64),
                ("count", ctypes.c_uint64), ("seen", ctypes.c_uint64), ("failed", ctypes.c_uint64),
                ("by", ctypes.c_char * 64)]


def make_file(path):
    with open(path, "wb") as file:
        file.write(bytes(ctypes.sizeof(Faults)))


def environment(path, **more):
    """What a program has in its environment to be under the faults of that file."""
    return {"CROFT_FAULTS": path, "LD_PRELOAD": LIBRARY, **more,
            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}


class Trouble:
    """What the library does to the processes that have the file."""

    def __init__(self, path):
        self.file = open(path, "r+b")  # for as long as the process
        self.faults = Faults.from_buffer(mmap.mmap(self.file.fileno(), ctypes.sizeof(Faults)))

    def begin(self, kinds, error, skip, count):
        """From now on: `skip` calls go on, the next `count` fail with the error."""
        self.faults.skip, self.faults.count, self.faults.seen, self.faults.failed = skip, count, 0, 0
        self.faults.error = error
        self.faults.kinds = kinds

    def end(self):
        """How many calls have failed."""
        self.faults.kinds = 0
        return self.faults.failed

    def library(self):
        """Whose allocation failed last."""
        return self.faults.by.decode()

    def seen(self):
        return self.faults.seen
