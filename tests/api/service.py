#!/usr/bin/python3 -B
# area: trust
# threads: yes
# quick: no
"""croftd as a service: its configuration is checked, it says what it does to systemd, and it takes up another
configuration and another certificate without dropping a request."""
import hashlib
import os
import re
import signal
import ssl
import subprocess
import threading
import time
import unittest

from client import TREE, tap

from own_croftd import Daemon, free_port, program, tls_connection


def check(text, *options):
    """(status, complaints) of --check-config on such a file; where FILE stands for its name."""
    with Daemon() as d:
        with open(d.conf, "w", encoding="utf-8") as file:
            file.write(text)
        done = subprocess.run(d.argv("--check-config", *options), capture_output=True, text=True, timeout=30,
                              check=False)
        assert not os.path.exists(d.state), "a check has made the state directory"
        lines = [re.sub(r"^croftd: ", "", line).replace(d.conf, "FILE") for line in done.stderr.splitlines()]
        assert bool(lines) == (done.returncode == 2), done
        return done.returncode, lines


def help_text():
    return subprocess.run([program(), "--help"], capture_output=True, text=True, check=True).stdout


def keys_of_help():
    names = re.findall(r"^  (?:--)?([a-z][a-z0-9_-]+) ", help_text(), re.M)
    return {name.replace("-", "_") for name in names} - {"config", "check_config", "backup", "restore"}


class Configuration(unittest.TestCase):
    def test_one_that_is_right(self):
        self.assertEqual(check("# nothing\n\n  disk_full = 90 # percent\nmonitoring=no\n"), (0, []))
        self.assertEqual(check(""), (0, []))

    def test_all_that_is_wrong_is_told_at_once_with_its_line(self):
        status, lines = check("reserve_memry = 12\nreserve_memory = lots\n\nlisten 127.0.0.1:1\n"
                              "seed = never\nseed = never\nregions = mars\nlisten = 0.0.0.0:80\n")
        self.assertEqual(status, 2)
        self.assertEqual(sorted(lines), sorted([
            "FILE, line 1: there is no key 'reserve_memry'; did you mean 'reserve_memory'?",
            "FILE, line 2: reserve_memory must be a number from 0 to 67108864, not 'lots'",
            "FILE, line 4: a line is `key = value`, and 'listen 127.0.0.1:1' has no '='",
            "FILE, line 6: seed is given twice: also at FILE, line 5",
            "FILE, line 7: regions: there is no region 'mars' in EC2",
            "FILE, line 8: an address that is not on loopback needs TLS: write tls = auto, or give tls_cert and "
            "tls_key, or listen on 127.0.0.1"]))

    def test_every_key_refuses_what_it_cannot_be(self):
        wrong = {
            "listen": "localhost", "log_level": "loud", "libvirt_uri": "", "tls": "yes",
            "tls_cert": "cert.pem", "tls_key": "/nowhere.pem", "group": "nobody-is-in-it", "seed": "no",
            "seed_templates": "/nowhere", "public_addresses": "300.0.0.0/8", "ipv6_prefix": "10.0.0.0/8",
            "uplink": "a name that is too long", "resolver": "dns.example", "regions": "", "reserve_memory": "-1",
            "max_instances": "1.5", "api_rate": "0", "api_rate_owner": "fast", "account_quotas": "guests=1",
            "bucket_directory": "buckets",
            "storage": "tape", "disk_io": "fast", "disk_full": "49", "volume_limits": "0.0001",
            "snapshot_freeze": "maybe", "signature_v2": "1", "spot_interruption_notice": "86401",
            "role_credentials": "5", "monitoring": "all", "guest_api": "true", "instance_type": "tiny 1 256",
            "state_dir": "state", "runtime_dir": "run", "socket": "croft.sock", "hypervisor": "xen"}
        self.assertEqual(set(wrong), keys_of_help(), "a key without a wrong value here")
        of_options = {"state_dir", "runtime_dir", "socket", "hypervisor"}
        status, lines = check("".join(f"{key} = {value}\n" for key, value in wrong.items()
                                      if key not in of_options))
        self.assertEqual(status, 2)
        for number, key in enumerate((key for key in wrong if key not in of_options), 1):
            if key in ("tls_cert", "tls_key"):
                continue
            told = [line for line in lines if line.startswith(f"FILE, line {number}: ")]
            self.assertEqual(len(told), 1, (key, lines))
            self.assertIn(key, told[0])
        for key in of_options:
            option = "--" + key.replace("_", "-")
            status, lines = check("", option, wrong[key])
            self.assertEqual((status, len(lines)), (2, 1), lines)
            self.assertTrue(lines[0].startswith(f"option {option}: {key} must be "), lines)

    def test_a_certificate_is_looked_at(self):
        _, lines = check("tls_cert = /etc/passwd\ntls_key = /etc/passwd\n")
        self.assertRegex(lines[0], "^FILE, line 1: /etc/passwd and /etc/passwd are no PEM certificate and its key")
        _, lines = check("tls_cert = /etc/passwd\n")
        self.assertEqual(lines, ["FILE, line 1: tls_cert and tls_key go together: give both, or neither"])
        _, lines = check("tls = auto\ntls_cert = /etc/passwd\ntls_key = /etc/passwd\n")
        self.assertRegex(lines[0], "^FILE, line 1: with tls = auto the certificate is made here")

    def test_a_start_is_refused_as_a_check(self):
        with Daemon(disk_full=7) as d:
            done = subprocess.run(d.argv(), capture_output=True, text=True, timeout=30, check=False)
            self.assertEqual(done.returncode, 2)
            self.assertEqual(done.stderr,
                             f"croftd: {d.conf}, line 2: disk_full must be a number from 50 to 100, not '7'\n")

    def test_every_key_is_explained(self):
        live = set(re.search(r"^SIGHUP takes up: (.*)$", help_text(), re.M)[1].split())
        with open(os.path.join(TREE, "packaging/croft.conf"), encoding="utf-8") as file:
            example = set(re.findall(r"^#(\w+) = ", file.read(), re.M))
        with open(os.path.join(TREE, "docs/man/croftd.8"), encoding="utf-8") as file:
            page = file.read()
        manual = set(re.findall(r"\w+", " ".join(re.findall(r"^\.It (?:Cm|Fl) (.*)$", page, re.M)).replace(
            "-", "_")))
        not_there = {"state_dir", "runtime_dir", "socket", "hypervisor", "libvirt_uri", "storage"}
        self.assertEqual(keys_of_help() - not_there, example)
        self.assertEqual(keys_of_help() - {name.lstrip("_") for name in manual}, set())
        reloaded = re.search(r"^\.Dv SIGHUP\n.*?\n\.Bl -column -compact\n(.*?)\.El", page, re.M | re.S)
        self.assertEqual(set(re.findall(r"^\.It Cm (\w+)$", reloaded[1], re.M)), live)


class Told(unittest.TestCase):
    """What systemd is told (sd_notify(3))."""

    def test_ready_watchdog_and_stopping(self):
        with Daemon() as d:
            d.start(WATCHDOG_USEC="3000000")
            began = time.monotonic()
            for _ in range(2):
                d.said.clear()
                d.wait_said("WATCHDOG=1")
            self.assertLess(time.monotonic() - began, 3, "slower than the watchdog allows")
            d.process.send_signal(signal.SIGTERM)
            d.wait_said("STOPPING=1")
            self.assertEqual(d.process.wait(30), 0)

    def test_what_is_refused_is_in_the_log_and_no_secret(self):
        with Daemon() as d:
            d.start()
            status, _ = d.call("TerminateInstances", InstanceIds=["i-0123456789abcdef0"])
            self.assertEqual(status, 400)
            line = re.search(r".* call action=TerminateInstances .*", d.log_text())
            self.assertIsNotNone(line, d.log_text())
            self.assertRegex(line[0], r"request=[0-9a-f-]{36} .*code=InvalidInstanceID.NotFound .*who=arn:aws:iam::")
            with open(os.path.join(d.state, "credentials"), encoding="utf-8") as file:
                secret = re.search(r"aws_secret_access_key = (.*)", file.read())[1]
            self.assertNotIn(secret, d.log_text())


class Reload(unittest.TestCase):
    def setUp(self):
        self.daemon = Daemon()
        self.addCleanup(self.daemon.end)

    def test_what_may_change_does_and_the_rest_is_told(self):
        d = self.daemon.start()
        self.assertEqual(d.ask("GET", "/metrics")[0], 200)
        d.configure(listen="none", monitoring="no", regions="eu-west-1", disk_full=80)
        d.reload()
        self.assertEqual(d.ask("GET", "/metrics")[0], 403)
        status, said = d.ask("GET", "/v1/status")
        self.assertEqual((status, said["regions"], said["disk_full_percent"]), (200, ["us-east-1"], 80))
        log = d.log_text()
        self.assertIn("config-changed key=monitoring", log)
        self.assertIn("config-needs-restart key=regions", log)
        self.assertIn("config-reloaded changes=3", log)
        d.configure(listen="none", monitoring="loopback", regions="eu-west-1")
        d.reload()
        self.assertEqual(d.ask("GET", "/metrics")[0], 200)
        self.assertEqual(d.ask("GET", "/v1/status")[1]["disk_full_percent"], 95)
        d.stop()
        d.start()
        self.assertEqual(d.ask("GET", "/v1/status")[1]["regions"], ["eu-west-1"])

    def test_with_an_error_all_is_as_before(self):
        d = self.daemon.start()
        d.configure(listen="none", monitoring="no", disk_full=1)
        d.reload()
        self.assertEqual(d.ask("GET", "/metrics")[0], 200)
        self.assertRegex(d.log_text(), r'config-refused where="[^"]*line 3" reason="disk_full must be')
        self.assertIn("config-kept", d.log_text())

    def test_no_request_is_dropped(self):
        d = self.daemon.start()
        over, answered, problems = threading.Event(), [0] * 4, []

        def ask(who):
            link = d.connection()
            try:
                while not over.is_set():
                    link.request("POST", "/v1/DescribeVpcs", "{}", {"Content-Type": "application/json"})
                    reply = link.getresponse()
                    reply.read()
                    assert reply.status == 200, reply.status
                    answered[who] += 1
            except Exception as error:  # pylint: disable=broad-except
                problems.append(repr(error))
            finally:
                link.close()
        threads = [threading.Thread(target=ask, args=(who,)) for who in range(4)]
        for thread in threads:
            thread.start()
        for n in range(200):  # ten are enough, unless the machine is too busy to ask meanwhile
            d.configure(listen="none", reserve_memory=512 + n, disk_full=60 + n % 10, log_level="warning")
            d.reload()
            if n >= 9 and min(answered) > 10:
                break
        over.set()
        for thread in threads:
            thread.join()
        self.assertEqual(problems, [])
        self.assertGreater(min(answered), 10)


def fingerprint_of(link):
    digest = hashlib.sha256(link.getpeercert(binary_form=True)).hexdigest().upper()
    return ":".join(digest[i:i + 2] for i in range(0, 64, 2))


def say(link, path="/health"):
    link.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    text = b""
    while not text.endswith(b"ok\n"):
        piece = link.recv(4096)
        assert piece, text
        text += piece
    return text


class Tls(unittest.TestCase):
    def test_a_certificate_of_its_own(self):
        port = free_port()
        with Daemon(listen=f"127.0.0.1:{port}", tls="auto") as d:
            d.start()
            pem, key = os.path.join(d.state, "tls/server.pem"), os.path.join(d.state, "tls/server.key")
            self.assertEqual(os.stat(key).st_mode & 0o777, 0o600)
            with tls_connection(port, pem) as link:
                first = fingerprint_of(link)
                self.assertIn(b" 200 ", say(link))
            with tls_connection(port, pem, name="127.0.0.1") as link:
                self.assertIn(b" 200 ", say(link))
            with self.assertRaises(ssl.SSLCertVerificationError):
                tls_connection(port, pem, name="elsewhere.example")
            self.assertEqual(d.ask("GET", "/v1/status")[1]["certificate"]["sha256"], first)
            shown = subprocess.run(["croft", "status"], capture_output=True, text=True, check=True,
                                   env={**os.environ, "CROFT_SOCKET": d.socket}).stdout
            self.assertIn(f"SHA-256 {first}", shown)
            d.stop()
            d.start()
            with tls_connection(port, pem) as link:
                self.assertEqual(fingerprint_of(link), first, "a restart has made another")
            # One that ends soon is made anew, and shown from then on.
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                            "-nodes", "-subj", "/CN=old", "-days", "20", "-keyout", key, "-out", pem],
                           check=True, capture_output=True)
            d.reload()
            with tls_connection(port, pem) as link:
                self.assertNotEqual(fingerprint_of(link), first)
                self.assertEqual(d.ask("GET", "/v1/status")[1]["certificate"]["sha256"], fingerprint_of(link))
            self.assertNotIn("PRIVATE KEY", d.log_text())

    def test_one_that_is_given_is_read_again(self):
        port = free_port()
        with Daemon() as d:
            names = [os.path.join(d.home, name) for name in ("server.pem", "server.key")]

            def give(days):
                subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                                "-nodes", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                                "-days", days, "-keyout", names[1], "-out", names[0]],
                               check=True, capture_output=True)
            give("10")
            d.configure(listen=f"127.0.0.1:{port}", tls_cert=names[0], tls_key=names[1])
            d.start()
            with tls_connection(port, names[0]) as old:
                first = fingerprint_of(old)
                self.assertIn(b" 200 ", say(old))
                give("11")
                d.reload()
                with tls_connection(port, names[0]) as link:
                    second = fingerprint_of(link)
                    self.assertNotEqual(second, first)
                self.assertIn(b" 200 ", say(old), "a connection that was there has ended")
            with open(names[1], "w", encoding="utf-8") as file:
                file.write("nonsense\n")
            d.reload()
            self.assertIn("config-kept", d.log_text())
            with tls_connection(port, names[0]) as link:
                self.assertEqual(fingerprint_of(link), second)


tap.main()
