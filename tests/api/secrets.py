#!/usr/bin/python3 -B
# area: identity
"""What the server keeps to itself: secrets in its files, its key, its memory."""
import os
import resource
import signal
import sqlite3
import subprocess
import tempfile
import unittest

from client import LAB, client, daemon, tap, until

STATE = os.path.join(LAB, "state")
KEY_FILE = os.path.join(STATE, "server.key")
CROFTD = os.path.join(os.environ["CROFT_BUILD"], "cmd/croftd/croftd")


def read(path):
    with open(path, "rb") as file:
        return file.read()


def root_secret():
    lines = read(os.path.join(STATE, "credentials")).decode().splitlines()
    return next(line.split("= ")[1] for line in lines if line.startswith("aws_secret_access_key"))


def files():
    return [os.path.join(room, name) for room, _, names in os.walk(LAB) for name in names
            if os.path.isfile(os.path.join(room, name))]


class AtRest(unittest.TestCase):
    def test_a_secret_is_in_the_clear_in_one_file_that_is_its_owners(self):
        secret = root_secret().encode()
        self.assertEqual(len(secret), 40)
        self.assertEqual([path for path in files() if secret in read(path)],
                         [os.path.join(STATE, "credentials")])
        self.assertEqual(os.stat(os.path.join(STATE, "credentials")).st_mode & 0o777, 0o600)

    def test_the_servers_key_is_in_its_own_file_alone(self):
        key = read(KEY_FILE)
        self.assertEqual((len(key), os.stat(KEY_FILE).st_mode & 0o777), (32, 0o600))
        self.assertEqual([path for path in files() if key in read(path)], [KEY_FILE])

    def test_keys_of_an_older_server_are_sealed_when_it_starts(self):
        daemon("kill")
        rows = sqlite3.connect(os.path.join(STATE, "croft.db"))
        rows.execute("UPDATE access_key SET secret = ?", [root_secret()])
        rows.commit()
        daemon("start")
        self.assertTrue(client("sts").get_caller_identity()["Arn"].endswith(":root"))
        found = [secret for secret, in rows.execute("SELECT secret FROM access_key")]
        self.assertTrue(found and all(secret.startswith("v1:") for secret in found), found)
        rows.close()


class Alone(unittest.TestCase):
    """A croftd that the lab does not watch."""

    def setUp(self):
        self.room = self.enterContext(tempfile.TemporaryDirectory())
        self.socket = os.path.join(self.room, "run", "croft.sock")
        self.key = os.path.join(self.room, "state", "server.key")
        with open(os.path.join(self.room, "croft.conf"), "w", encoding="utf-8") as file:
            file.write(f"hypervisor = fake\nstorage = fake\nstate_dir = {self.room}/state\n"
                       f"runtime_dir = {self.room}/run\nlisten = none\nsocket = {self.socket}\n")
        self.argv = [CROFTD, "--config", file.name]

    def run_until(self, argv, up, end):
        """Whether its memory was left in a file; and it ends by the signal."""
        def unbounded():
            resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        # pylint: disable=subprocess-popen-preexec-fn,consider-using-with
        ran = subprocess.Popen(argv, cwd=self.room, preexec_fn=unbounded, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(up, what=f"that {argv[0]} is up")
        os.kill(ran.pid, end)
        _, status = os.waitpid(ran.pid, 0)
        ran.returncode = 0
        return os.WCOREDUMP(status)

    def serves(self):
        return os.path.exists(self.socket)

    def refused(self, words):
        ran = subprocess.run(self.argv, capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(ran.returncode, 1)
        self.assertIn(words, ran.stderr.splitlines()[-1])

    def test_a_server_without_its_key_does_not_start_and_makes_no_other(self):
        self.run_until(self.argv, self.serves, signal.SIGTERM)
        key = read(self.key)
        os.unlink(self.key)
        self.refused("bring it back from a backup")
        self.assertFalse(os.path.exists(self.key))
        for bits, content, words in ((0o600, key[::-1], "not the key that the secrets in the database"),
                                     (0o644, key, "its owner alone may read"), (0o600, b"short", "does not hold a key")):
            with open(self.key, "wb") as file:
                file.write(content)
            os.chmod(self.key, bits)
            self.refused(words)

    def test_a_core_file_has_no_secret(self):
        self.assertTrue(self.run_until(["sleep", "60"], lambda: True, signal.SIGABRT),
                        "this machine writes no core files")
        self.assertFalse(self.run_until(self.argv, self.serves, signal.SIGABRT))


if __name__ == "__main__":
    tap.main()
