"""A croftd that dies at a point that the test orders (base/crash_point.h), and a client that outlives it: what was
answered must be there afterwards, and the call whose answer was lost happens once."""
import collections
import http.client
import json
import os
import signal
import sqlite3
import time

import own_croftd

REST = 30  # seconds until all is at rest, at most
# Tables that may differ from run to run: tokens of calls, what is waited for, notes of what was asked last.
NOT_COUNTED = {"client_token", "job", "setting", "spot_load", "sqlite_sequence", "sqlite_stat1"}


class Fault(Exception):
    """Something was lost, is there twice, or is left over."""


class Lost(Exception):
    """The daemon has gone before it answered."""


class Makes:
    """How what an action makes is listed: it has no client token, so what is new is looked for."""

    def __init__(self, read, listed, key, scope=None):
        self.read, self.listed, self.key, self.scope = read, listed, key, scope or {}


class Crashing:
    def __init__(self, **config):
        self.daemon = own_croftd.Daemon(**config)
        self.folder = os.path.join(self.daemon.home, "crash")
        os.mkdir(self.folder)
        self.order = os.path.join(self.folder, "at")
        self.passed_file = os.path.join(self.folder, "passed")
        self.crashes = 0
        self.lost_uploads = set()
        self.longest_start = self.longest_rest = 0.0
        self.serial = 0
        self.start()

    # --- dying

    def start(self):
        began = time.monotonic()
        try:
            self.daemon.start(CROFT_CRASH=self.folder)
        except AssertionError:
            if self.daemon.process.poll() != -signal.SIGKILL or not os.path.exists(self.order):
                raise
            self.crashes += 1
            self.disarm()
            self.daemon.start(CROFT_CRASH=self.folder)
        self.longest_start = max(self.longest_start, time.monotonic() - began)

    def arm(self, point, number):
        with open(self.order + ".new", "w", encoding="ascii") as file:
            file.write(f"{point} {number}")
        os.rename(self.order + ".new", self.order)

    def disarm(self):
        if os.path.exists(self.order):
            os.unlink(self.order)

    def revive(self):
        """After it has died as it was told to."""
        code = self.daemon.process.wait(10)
        if code != -signal.SIGKILL or not os.path.exists(self.order):
            raise Fault(f"croftd ended by itself, status {code}: {self.daemon.log_text()[-3000:]}")
        self.crashes += 1
        self.disarm()
        self.start()

    def kill(self):
        self.daemon.process.kill()
        self.daemon.process.wait(10)
        self.start()

    def forget_passed(self):
        with open(self.passed_file, "w", encoding="ascii"):
            pass

    def passed(self):
        with open(self.passed_file, encoding="ascii") as file:
            return collections.Counter(file.read().split())

    # --- asking

    def once(self, action, **params):
        try:
            return self.daemon.call(action, **params)
        except (OSError, EOFError, http.client.HTTPException) as error:
            raise Lost(action) from error

    def tell(self, action, done=(), again=None, **params):
        """The answer. After a crash it is said again; `done`: codes of a refusal that say it has happened; `again`: what
        has to be done before, because guests of the fake hypervisor end with croftd."""
        lost, until = False, time.monotonic() + REST
        while True:
            try:
                status, body = self.once(action, **params)
            except Lost:
                self.revive()
                lost = True
                if again:
                    again()
                continue
            if status == 200:
                return body
            code = body["Error"]["Code"] if "Error" in body else body.get("Code", body.get("__type", str(body)))
            if lost and any(code.endswith(each) for each in done):
                return None
            # What a call needs may be on its way for a moment after a crash.
            if not lost or time.monotonic() > until:
                raise Fault(f"{action} {params}: {status} {body}{' after a crash' if lost else ''}")
            time.sleep(0.1)

    def listed(self, makes):
        rows = self.tell(makes.read, **makes.scope)[makes.listed]
        return {row[makes.key]: row for row in rows}

    def make(self, makes, action, **params):
        """The id of what it makes: once, whether its answer was lost or not."""
        before = set(self.listed(makes))
        while True:
            try:
                status, body = self.once(action, **params)
            except Lost:
                self.revive()
                new = set(self.listed(makes)) - before
                if len(new) > 1:
                    raise Fault(f"{action} was said once and has made {sorted(new)}") from None
                if new:
                    return new.pop()
                continue
            if status != 200:
                raise Fault(f"{action} {params}: {status} {body}")
            new = set(self.listed(makes)) - before
            if len(new) != 1:
                raise Fault(f"{action} was answered, and there is {sorted(new)} anew")
            return new.pop()

    def token(self, action, path, **params):
        """As make(), of an action with a client token: said again with it, it has happened once."""
        self.serial += 1
        body = self.tell(action, ClientToken=f"token-{self.serial}", **params)
        for part in path:
            body = body[part]
        return body

    def upload(self, data):
        """Its id. One that was received and whose answer was lost stays for a day, as one that nobody uses."""
        before = set(os.listdir(os.path.join(self.daemon.state, "uploads")))
        while True:
            link = self.daemon.connection()
            try:
                link.request("PUT", "/v1/uploads", data)
                reply = link.getresponse()
                text = reply.read()
                return json.loads(text)["UploadId"]
            except (OSError, EOFError, http.client.HTTPException):
                self.revive()
                lost = set(os.listdir(os.path.join(self.daemon.state, "uploads"))) - before
                if len(lost) > 1:
                    raise Fault(f"one upload has left {sorted(lost)}") from None
                self.lost_uploads |= lost
            finally:
                link.close()

    # --- looking

    def database(self):
        path = os.path.join(self.daemon.state, "croft.db")
        return sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)

    def moving(self):
        with self.database() as db:
            soon = int(time.time() * 1000) + 5000
            found = db.execute("SELECT kind, object_id, attempts, last_error FROM job "
                               "WHERE not_before < ? OR attempts > 0", (soon,)).fetchall()
        db.close()
        return found

    def settle(self):
        """Until no job is left that is due."""
        began = time.monotonic()
        while True:
            if self.daemon.process.poll() is not None:
                self.revive()
                began = time.monotonic()
            moving = self.moving()
            took = time.monotonic() - began
            if not moving:
                self.longest_rest = max(self.longest_rest, took)
                return
            if took > REST:
                raise Fault(f"not at rest after {REST} s: {moving}; {self.daemon.log_text()[-1500:]}")
            time.sleep(0.02)

    def rows(self):
        db = self.database()
        names = [name for name, in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = collections.Counter({name: db.execute(f"SELECT count(*) FROM \"{name}\"").fetchone()[0]
                                     for name in names if name not in NOT_COUNTED})
        db.close()
        return found

    def files(self):
        return sorted(os.path.relpath(os.path.join(where, name), self.daemon.state)
                      for room in ("volumes", "instances", "images", "uploads")
                      for where, folders, names in os.walk(os.path.join(self.daemon.state, room))
                      for name in folders + names if name not in self.lost_uploads)

    def end(self):
        self.daemon.end()
