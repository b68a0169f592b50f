"""A croftd of a test's own, beside the one of its lab: in a directory of its own, with the configuration that
the test writes, told as systemd would tell it."""
import contextlib
import http.client
import json
import os
import random
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time

LIMIT = 30  # seconds for it to start and to end


def program():
    found = shutil.which("croftd")
    assert found, "croftd is not in the PATH"
    return found


def free_port():
    """Below those that the kernel gives to connections, so that a daemon finds it free when it is started again."""
    for port in random.sample(range(20000, 32000), 100):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("no port is free")


class Daemon:
    def __init__(self, **config):
        self.home = tempfile.mkdtemp(prefix="croftd.")
        self.state, self.run = os.path.join(self.home, "state"), os.path.join(self.home, "run")
        self.socket, self.log = os.path.join(self.home, "croft.sock"), os.path.join(self.home, "log")
        self.conf = os.path.join(self.home, "croft.conf")
        self.process = None
        self.said = []  # what it has told the notify socket
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(os.path.join(self.home, "notify"))
        self.configure(**{"listen": "none", **config})

    def configure(self, **config):
        with open(self.conf, "w", encoding="utf-8") as file:
            file.writelines(f"{key} = {value}\n" for key, value in config.items())

    def argv(self, *more):
        return [program(), "--state-dir", self.state, "--runtime-dir", self.run, "--socket", self.socket,
                "--hypervisor", "fake", "--config", self.conf, *more]

    def start(self, **environment):
        env = {name: value for name, value in os.environ.items() if name not in ("LISTEN_FDS", "LISTEN_PID")}
        env.update(NOTIFY_SOCKET=os.path.join(self.home, "notify"), **environment)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.argv(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env)
        self.wait_said("READY=1")
        return self

    def wait_said(self, what, limit=LIMIT):
        """Returns when it has said the line once more; what it said until then is in `said`."""
        until = time.monotonic() + limit
        while True:
            self.notify.settimeout(0.05)
            try:
                lines = self.notify.recv(4096).decode().split("\n")
                self.said += lines
                if what in lines:
                    return
            except TimeoutError:
                pass
            if self.process.poll() is not None:
                raise AssertionError(f"croftd ended, status {self.process.returncode}: {self.log_text()[-2000:]}")
            assert time.monotonic() < until, f"croftd did not say {what}: {self.said}"

    def reload(self):
        self.process.send_signal(signal.SIGHUP)
        self.wait_said("RELOADING=1")
        self.wait_said("READY=1")

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        code = self.process.wait(LIMIT)
        self.process = None
        if number == signal.SIGTERM:
            assert code == 0, f"croftd ended with {code}: {self.log_text()[-2000:]}"

    def end(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait(LIMIT)
        self.notify.close()
        shutil.rmtree(self.home)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def log_text(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def connection(self):
        link = http.client.HTTPConnection("localhost", timeout=30)
        link.sock = socket.socket(socket.AF_UNIX)
        link.sock.settimeout(30)
        link.sock.connect(self.socket)
        return link

    def ask(self, method, path, body=None):
        """(status, JSON or text) of a request over the unix socket."""
        link = self.connection()
        try:
            link.request(method, path, None if body is None else json.dumps(body),
                         {"Content-Type": "application/json"})
            reply = link.getresponse()
            text = reply.read().decode()
        finally:
            link.close()
        is_json = (reply.headers["Content-Type"] or "").startswith("application/json")
        return reply.status, json.loads(text) if is_json else text

    def call(self, action, **params):
        return self.ask("POST", "/v1/" + action, params)


def tls_connection(port, ca_file, name="localhost"):
    context = ssl.create_default_context(cafile=ca_file)
    raw = socket.create_connection(("127.0.0.1", port), timeout=30)
    return context.wrap_socket(raw, server_hostname=name)
