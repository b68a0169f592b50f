#!/usr/bin/python3 -B
# area: trust
# lab: own
# quick: no
# timeout: 1800
"""What an install puts where: by hand into a directory (meson install), and as a Debian package."""
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
sys.path.insert(0, os.path.join(TREE, "tests/lib"))
import tap  # noqa: E402

BUILD = os.path.realpath(os.environ.get("CROFT_BUILD", os.path.join(TREE, "build")))
PROGRAMS = ("usr/bin/croft", "usr/sbin/croftd")
# Below the prefix, without what the releases of Debian put elsewhere.
FILES = {"sbin/croftd": 0o755, "sbin/croft-netd": 0o755, "share/man/man8/croft-netd.8": 0o644,
         "sbin/croft-metadata": 0o755, "share/man/man8/croft-metadata.8": 0o644, "bin/croft": 0o755, "lib/sysusers.d/croft.conf": 0o644,
         "lib/tmpfiles.d/croft.conf": 0o644, "share/man/man8/croftd.8": 0o644, "share/man/man1/croft.1": 0o644,
         "share/bash-completion/completions/croft.bash": 0o644, "share/zsh/site-functions/_croft": 0o644}
UNITS = {"croftd.service", "croftd.socket", "croft-netd.service", "croft-netd.socket", "croft-metadata.service",
         "croft-metadata.socket"}


def run(*argv, **kwargs):
    done = subprocess.run(argv, capture_output=True, text=True, check=False, **kwargs)
    assert done.returncode == 0, f"{argv}: {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


class Directory(unittest.TestCase):
    """A temporary directory for each class."""

    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.mkdtemp(prefix="croft-package.")
        cls.addClassCleanup(shutil.rmtree, cls.place)


def files_below(root):
    return {os.path.relpath(os.path.join(where, name), root): os.lstat(os.path.join(where, name)).st_mode & 0o7777
            for where, _, names in os.walk(root) for name in names}


def verify_units(test, directory, sbin, real_sbin):
    """systemd's own check of the units; programs are looked for where they really are."""
    with tempfile.TemporaryDirectory() as copies:
        for name in UNITS:
            with open(os.path.join(directory, name), encoding="utf-8") as file:
                text = file.read()
            test.assertIsNone(re.search(r"@\w+@", text), "a path was not filled in")
            with open(os.path.join(copies, name), "w", encoding="utf-8") as file:
                file.write(text.replace(f"={sbin}/", f"={real_sbin}/"))
        done = subprocess.run(["systemd-analyze", "verify", "--man=no"]
                              + [os.path.join(copies, name) for name in UNITS], capture_output=True, text=True,
                              check=False)
        test.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))


def check_configuration(test, root, program, config):
    """The configuration that is installed is right, and so is a reload with it."""
    done = subprocess.run([os.path.join(root, program), "--check-config", "--config", os.path.join(root, config)],
                          capture_output=True, text=True, check=False)
    test.assertEqual((done.returncode, done.stderr), (0, ""))


class ByHand(Directory):
    def test_meson_install_into_a_directory(self):
        run("meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", self.place)
        prefix = next(option["value"] for option in
                      __import__("json").loads(run("meson", "introspect", BUILD, "--buildoptions"))
                      if option["name"] == "prefix").lstrip("/")
        found = files_below(self.place)
        etc = "etc/croft/croft.conf" if prefix == "usr" else f"{prefix}/etc/croft/croft.conf"
        expected = {f"{prefix}/{name}": mode for name, mode in FILES.items()}
        expected.update({f"{prefix}/lib/systemd/system/{name}": 0o644 for name in UNITS}, **{etc: 0o644})
        self.assertEqual({name: found.get(name) for name in expected}, expected)
        self.assertEqual(set(found) - set(expected), set(), "a file that this test does not know")
        verify_units(self, os.path.join(self.place, prefix, "lib/systemd/system"), f"/{prefix}/sbin",
                     os.path.join(self.place, prefix, "sbin"))
        check_configuration(self, self.place, f"{prefix}/sbin/croftd", etc)


class Package(Directory):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        built = os.environ.get("CROFT_DEB")  # to look at one that is there, while working on this
        if built is None:
            run(os.path.join(TREE, "packaging/build-deb"), cls.place)
            built, = [os.path.join(cls.place, name) for name in os.listdir(cls.place)]
        cls.deb = os.path.realpath(built)
        cls.root = os.path.join(cls.place, "extracted")
        run("dpkg-deb", "--extract", cls.deb, cls.root)
        run("dpkg-deb", "--control", cls.deb, os.path.join(cls.place, "control"))

    def control(self, name):
        with open(os.path.join(self.place, "control", name), encoding="utf-8") as file:
            return file.read()

    def test_what_is_in_it(self):
        found = files_below(self.root)
        for name, mode in FILES.items():
            name = f"usr/{name}" + (".gz" if "/man/" in name else "")
            self.assertEqual(found.get(name), mode, name)
        self.assertEqual(found.get("etc/croft/croft.conf"), 0o644)
        units = {os.path.basename(name) for name in found if "/systemd/system/" in "/" + name}
        self.assertLessEqual(UNITS, units)
        with tarfile.open(fileobj=subprocess.Popen(["dpkg-deb", "--fsys-tarfile", self.deb],
                                                   stdout=subprocess.PIPE).stdout, mode="r|") as archive:
            for member in archive:
                self.assertEqual((member.uid, member.gid), (0, 0), member.name)
                self.assertEqual(member.mode & 0o7022, 0, f"{member.name} is writable by others, or setuid")
        directory = os.path.dirname(next(name for name in found if name.endswith("croftd.service")))
        verify_units(self, os.path.join(self.root, directory), "/usr/sbin", os.path.join(self.root, "usr/sbin"))
        check_configuration(self, self.root, "usr/sbin/croftd", "etc/croft/croft.conf")
        for program in PROGRAMS:
            run(os.path.join(self.root, program), "--version")

    def test_what_it_says_of_itself(self):
        with open(os.path.join(TREE, "meson.build"), encoding="utf-8") as file:
            version = re.search(r"version: '([^']+)'", file.read())[1]
        fields = dict(re.findall(r"^([A-Z][A-Za-z-]+): ((?:.|\n )*)", self.control("control"), re.M))
        self.assertEqual((fields["Package"], fields["Version"]), ("croft", version))
        depends = {name.split()[0].partition(":")[0] for name in fields["Depends"].split(",")}
        wanted = set(run(os.path.join(TREE, "packaging/packages.sh"), "list", "run").split())
        self.assertEqual(wanted - depends, {"util-linux"})  # which is essential
        self.assertLessEqual({"libvirt0", "libc6", "libgnutls30"}, {re.sub("t64$", "", name) for name in depends})
        self.assertEqual(self.control("conffiles").split(), ["/etc/croft/croft.conf"])

    def test_it_installs_and_goes(self):
        """Into a directory, with its scripts run for that (dpkg --force-script-chrootless)."""
        root = os.path.join(self.place, "root")
        for name in ("var/lib/dpkg/info", "var/lib/dpkg/updates", "etc", "run", "var/log", "usr/lib/tmpfiles.d"):
            os.makedirs(os.path.join(root, name))
        for name in ("var/lib/dpkg/status", "var/lib/dpkg/available"):
            open(os.path.join(root, name), "w", encoding="utf-8").close()
        for name in ("passwd", "group"):
            with open(os.path.join(root, "etc", name), "w", encoding="utf-8") as file:
                file.write("root:x:0:0::/root:/bin/sh\n" if name == "passwd" else "root:x:0:\n")
        dpkg = ("dpkg", "--root=" + root, "--force-depends", "--force-script-chrootless", "--force-not-root",
                "--force-confdef")
        run(*dpkg, "--install", self.deb)
        with open(os.path.join(root, "etc/group"), encoding="utf-8") as file:
            self.assertIn("\ncroft:", "\n" + file.read())
        self.assertEqual(os.stat(os.path.join(root, "var/lib/croft")).st_mode & 0o7777, 0o711)
        wants = os.path.join(root, "etc/systemd/system")
        self.assertTrue(os.path.islink(os.path.join(wants, "multi-user.target.wants/croftd.service")))
        self.assertTrue(os.path.islink(os.path.join(wants, "sockets.target.wants/croftd.socket")))
        state = os.path.join(root, "var/lib/croft/croft.db")
        with open(state, "w", encoding="utf-8") as file:
            file.write("somebody's\n")
        config = os.path.join(root, "etc/croft/croft.conf")
        with open(config, "a", encoding="utf-8") as file:
            file.write("disk_full = 90\n")
        run(*dpkg, "--install", self.deb)  # the same again, as an upgrade
        with open(config, encoding="utf-8") as file:
            self.assertIn("disk_full = 90\n", file.read(), "an upgrade has lost the owner's configuration")
        run(*dpkg, "--purge", "croft")
        self.assertFalse(os.path.exists(config))
        self.assertTrue(os.path.exists(state), "a purge has removed the state")
        self.assertFalse(os.path.exists(os.path.join(root, "usr/sbin/croftd")))

    def test_lintian_finds_no_error(self):
        print(run("lintian", "--fail-on", "error", "--suppress-tags",
                  "bogus-mail-host,bogus-mail-host-in-debian-changelog", self.deb))


tap.main()
