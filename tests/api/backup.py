#!/usr/bin/python3 -B
# area: trust
# quick: no
"""The state of a server is copied while it runs, and brought back."""
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
import threading
import unittest

from client import tap

from own_croftd import Daemon


def run(d, verb, *arguments):
    """croft backup or croft restore on that server's state: its status, and what it says."""
    done = subprocess.run(d.argv(f"--{verb}", *arguments), capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


def keys(d):
    status, said = d.call("DescribeKeyPairs")
    assert status == 200, said
    return {key["KeyName"] for key in said["KeyPairs"]}


def make_key(d, name):
    status, said = d.call("CreateKeyPair", KeyName=name)
    assert status == 200, said


class Backup(unittest.TestCase):
    def setUp(self):
        self.daemon = Daemon()
        self.addCleanup(self.daemon.end)
        self.file = os.path.join(self.daemon.home, "backup.tar")

    def names(self):
        with tarfile.open(self.file) as archive:
            return {os.path.normpath(member.name) for member in archive if member.isfile()}

    def test_there_and_back(self):
        d = self.daemon.start()
        make_key(d, "before")
        self.assertEqual(run(d, "backup", self.file)[0], 0)
        self.assertEqual(os.stat(self.file).st_mode & 0o777, 0o600)
        self.assertEqual(self.names(), {"croft.db", "croft.conf", "manifest.json"})
        self.assertEqual(os.listdir(d.state), [name for name in os.listdir(d.state) if "tmp" not in name])
        make_key(d, "after")

        status, said = run(d, "restore", self.file)
        self.assertEqual((status, said), (1, f"croftd: another croftd uses {d.state}: stop it first\n"))
        self.assertEqual(keys(d), {"before", "after"})
        d.stop()
        account = d.log_text().rpartition("account=")[2].split()[0]
        status, said = run(d, "restore", self.file)
        self.assertEqual(status, 0, said)
        d.start()
        self.assertEqual(keys(d), {"before"})
        self.assertEqual(d.log_text().rpartition("account=")[2].split()[0], account)
        kept = [name for name in os.listdir(os.path.join(d.state, "backups")) if name.endswith(".db")]
        self.assertEqual(len(kept), 1)
        with sqlite3.connect(os.path.join(d.state, "backups", kept[0])) as db:
            self.assertEqual({row[0] for row in db.execute("SELECT name FROM key_pair")}, {"before", "after"})
        self.assertTrue(os.path.exists(os.path.join(d.state, "keep-strays")))

    def test_one_that_is_made_while_others_write_is_whole(self):
        d = self.daemon.start()
        over = threading.Event()

        def write():
            n = 0
            while not over.is_set():
                make_key(d, f"{threading.get_ident()}-{n}")
                d.call("DeleteKeyPair", KeyName=f"{threading.get_ident()}-{n}")
                n += 1
        threads = [threading.Thread(target=write) for _ in range(3)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(5):
                self.assertEqual(run(d, "backup", self.file)[0], 0)
                with tarfile.open(self.file) as archive:
                    archive.extract("./croft.db", d.home)
                with sqlite3.connect(os.path.join(d.home, "croft.db")) as db:
                    self.assertEqual(db.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
                    self.assertLessEqual(db.execute("SELECT count(*) FROM key_pair").fetchone()[0], 3)
        finally:
            over.set()
            for thread in threads:
                thread.join()

    def test_the_key_is_needed_and_may_be_in_it(self):
        d = self.daemon.start()
        self.assertEqual(run(d, "backup", self.file)[0], 0)
        with_key = os.path.join(d.home, "with-key.tar")
        self.assertEqual(run(d, "backup", with_key, "--with-key")[0], 0)
        with open(os.path.join(d.state, "server.key"), "rb") as file:
            secret = file.read()
        with open(self.file, "rb") as file:
            self.assertNotIn(secret, file.read())
        d.stop()
        os.rename(os.path.join(d.state, "server.key"), os.path.join(d.home, "kept.key"))
        status, said = run(d, "restore", self.file)
        self.assertEqual(status, 1)
        self.assertIn(f"put it at {d.state}/server.key", said)
        self.assertEqual(run(d, "restore", with_key)[0], 0)
        with open(os.path.join(d.state, "server.key"), "rb") as file:
            self.assertEqual(file.read(), secret)
        d.start()

    def test_onto_a_server_that_has_nothing(self):
        d = self.daemon.start()
        make_key(d, "old-server")
        self.assertEqual(run(d, "backup", self.file, "--with-key")[0], 0)
        d.stop()
        with Daemon() as other:
            self.assertEqual(run(other, "restore", self.file)[0], 0)
            other.start()
            self.assertEqual(keys(other), {"old-server"})

    def altered(self, change, manifest=None):
        """The backup with another database, and another manifest."""
        d = self.daemon
        # A new place for each: tarfile writes through a link that an earlier one has left.
        parts = tempfile.mkdtemp(prefix="parts.", dir=d.home)
        with tarfile.open(self.file) as archive:
            archive.extractall(parts)
        change(os.path.join(parts, "croft.db"))
        if manifest is not None:
            with open(os.path.join(parts, "manifest.json"), "w", encoding="utf-8") as file:
                json.dump(manifest, file)
        altered = os.path.join(d.home, "altered.tar")
        with tarfile.open(altered, "w") as archive:
            archive.add(parts, arcname=".")
        return altered

    def test_what_is_refused_changes_nothing(self):
        d = self.daemon.start()
        make_key(d, "mine")
        self.assertEqual(run(d, "backup", self.file)[0], 0)
        d.stop()

        def newer(path):
            with sqlite3.connect(path) as db:
                db.execute("PRAGMA user_version = 99")

        def damaged(path):
            with open(path, "r+b") as file:
                file.seek(5000)
                file.write(b"x" * 20000)

        outside = os.path.join(d.home, "outside")
        shutil.copyfile("/etc/hostname", outside)

        def linked(path):
            os.unlink(path)
            os.symlink(outside, path)
        for file, reason in ((self.altered(newer, {"format": 1, "schema": 99}), "made by a newer Croft (schema 99"),
                             (outside, "no backup of Croft's"), ("/nowhere", "cannot read /nowhere")):
            status, said = run(d, "restore", file)
            self.assertEqual(status, 1, said)
            self.assertIn(reason, said)
        for change, form in ((damaged, None), (linked, None), (lambda _: None, {"format": 2, "schema": 1})):
            self.assertEqual(run(d, "restore", self.altered(change, form))[0], 1)
        self.assertEqual(run(d, "backup", "/nowhere/backup.tar")[0], 1)
        d.start()
        self.assertEqual(keys(d), {"mine"})
        self.assertFalse(os.path.exists(os.path.join(d.state, "keep-strays")))

    def test_by_croft(self):
        d = self.daemon
        d.configure(listen="none", state_dir=d.state, runtime_dir=d.run, socket=d.socket, hypervisor="fake")
        d.start()
        done = subprocess.run(["croft", "backup", self.file, "--config", d.conf], capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("server.key is not in it", done.stdout)
        self.assertEqual(self.names(), {"croft.db", "croft.conf", "manifest.json"})
        done = subprocess.run(["croft", "restore", self.file, "--config", d.conf], capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("stop it first", done.stderr)
        self.assertEqual(subprocess.run(["croft", "backup"], capture_output=True, check=False).returncode, 252)


class Strays(unittest.TestCase):
    def test_they_are_kept_until_somebody_has_looked(self):
        with Daemon(storage="files") as d:
            d.start()
            d.stop()
            stray = os.path.join(d.state, "volumes", "vol-0123456789abcdef0.qcow2")
            keep = os.path.join(d.state, "keep-strays")
            for path in (stray, keep):
                with open(path, "w", encoding="utf-8") as file:
                    file.write("somebody's\n")
            d.start()
            self.assertTrue(os.path.exists(stray))
            self.assertIn("stray-file-kept id=vol-0123456789abcdef0", d.log_text())
            d.stop()
            os.unlink(keep)
            d.start()
            self.assertFalse(os.path.exists(stray))


tap.main()
