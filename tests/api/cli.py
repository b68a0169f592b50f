#!/usr/bin/python3 -B
# area: launch
# timeout: 180
"""The command line against the daemon: every human verb, actions with the flags of aws, exit statuses."""
import json
import os
import pty
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
import tap  # noqa: E402

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
CROFT = os.path.join(os.environ.get("CROFT_BUILD", os.path.join(TREE, "build")), "cmd/croft/croft")
home = tempfile.mkdtemp(prefix="croft-cli.")
unittest.addModuleCleanup(shutil.rmtree, home)


def croft(*words, **options):
    env = dict(os.environ, HOME=home, LC_ALL="C.UTF-8")
    for name in ("XDG_DATA_HOME", "SUDO_UID", "SUDO_GID", "SSH_AUTH_SOCK", "COLUMNS"):
        env.pop(name, None)
    env.update(options.pop("env", {}))
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run([CROFT, *words], capture_output=True, text=True, timeout=60, check=False,
                          env=env, **options)


class Case(unittest.TestCase):
    maxDiff = None

    def good(self, *words, **options):
        ran = croft(*words, **options)
        self.assertEqual(ran.returncode, 0, (words, ran.stdout, ran.stderr))
        return ran.stdout

    def json(self, *words):
        return json.loads(self.good(*words, "--output", "json"))

    def bad(self, status, *words, **options):
        ran = croft(*words, **options)
        self.assertEqual(ran.returncode, status, (words, ran.stdout, ran.stderr))
        self.assertEqual(ran.stdout, "")
        return ran.stderr


def setUpModule():
    global image
    path = os.path.join(home, "disk.qcow2")
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, "1G"], check=True)
    ran = croft("image", "add", path, "--name", "cli", "--description", "of a test")
    assert ran.returncode == 0, ran.stderr
    image = ran.stdout.strip()


class Images(Case):
    def test_add_prints_the_id_of_an_available_image(self):
        self.assertRegex(image, r"\Aami-[0-9a-f]{17}\Z")
        described = self.json("describe-images", "--image-ids", image)["Images"][0]
        self.assertEqual(described["State"], "available")
        self.assertEqual(described["Name"], "cli")
        self.assertEqual(described["RootDeviceName"], "/dev/xvda")
        self.assertIn(image, self.good("image", "ls"))

    def test_a_file_that_is_no_image_leaves_none_behind(self):
        path = os.path.join(home, "text")
        with open(path, "w", encoding="ascii") as file:
            file.write("this is a text and no disk\n" * 500)
        before = len(self.json("image", "ls"))
        ran = croft("image", "add", path, "--name", "no-image", "--owner-alias", "self")
        self.assertNotEqual(ran.returncode, 0)
        self.assertEqual(len(self.json("image", "ls")), before)
        self.bad(255, "image", "add", "/nonexistent", "--name", "x")


class Keys(Case):
    def test_a_private_key_is_kept_for_its_owner_alone(self):
        path = self.good("key", "create", "cli-made").strip()
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        self.assertTrue(path.startswith(home))
        public = subprocess.run(["ssh-keygen", "-y", "-f", path], capture_output=True, text=True,
                                check=True).stdout
        self.assertTrue(public.startswith("ssh-ed25519 "))
        self.assertIn("not written over", self.bad(1, "key", "create", "cli-made"))
        self.good("key", "rm", "cli-made")
        self.assertTrue(os.path.exists(path))
        self.bad(1, "key", "rm", "cli-made")

        # The public half comes in again; the private one is refused before it is sent.
        with open(path + ".pub", "w", encoding="ascii") as file:
            file.write(public)
        self.good("key", "add", "cli-added", path + ".pub")
        self.assertIn("private key", self.bad(252, "key", "add", "cli-private", path))
        names = [pair["KeyName"] for pair in self.json("key", "ls")]
        self.assertIn("cli-added", names)
        self.assertNotIn("cli-private", names)


class Life(Case):
    def test_an_instance_from_launch_to_rm(self):
        said = self.good("launch", "cli-web", "--image", image, "--size", "3")
        self.assertIn("croft ssh cli-web", said)
        self.assertTrue(os.path.exists(home + "/.local/share/croft/keys/croft.pem"))
        (row,) = [row for row in self.json("ls") if row["Name"] == "cli-web"]
        self.assertEqual(row["State"], "running")
        self.assertEqual(row["KeyName"], "croft")
        self.assertIn("cli-web", self.good("ls"))
        groups = self.json("describe-security-groups", "--group-names", "croft-ssh")
        self.assertEqual(groups["SecurityGroups"][0]["IpPermissions"][0]["FromPort"], 22)

        for verb, state in (("stop", "stopped"), ("start", "running"), ("reboot", "running")):
            self.good(verb, "cli-web")
            (now,) = self.json("describe-instances", "--instance-ids",
                               row["InstanceId"])["Reservations"][0]["Instances"]
            self.assertEqual(now["State"]["Name"], state, verb)

        self.good("console", "cli-web")
        config = self.good("ssh-config", "cli-web")
        self.assertIn(f"Host cli-web {row['InstanceId']}\n", config)
        self.assertIn("croft.pem", config)

        (found,) = self.json("resolve", now["PublicIpAddress"])
        self.assertEqual(found["InstanceId"], row["InstanceId"])
        private, public = now["PrivateDnsName"], now["PublicDnsName"]
        for word, name, address in (
                (private, private, now["PrivateIpAddress"]), (private.upper() + ".", private, now["PrivateIpAddress"]),
                (private.split(".")[0], private, now["PrivateIpAddress"]), (public, public, now["PublicIpAddress"])):
            self.assertEqual([(f["Name"], f["Address"], f["VpcId"]) for f in self.json("resolve", word)],
                             [(name, address, now["VpcId"])], word)
        self.assertEqual({f["Address"] for f in self.json("resolve", row["InstanceId"])},
                         {now["PrivateIpAddress"], now["PublicIpAddress"]})
        self.assertIn(private, self.good("resolve", now["PrivateIpAddress"]))
        for word in ("ip-10-9-9-9", private[:-1], private.split(".")[0][:-1], "198.18.255.255", "."):
            self.assertIn(f"nobody in this region has '{word}'", self.bad(1, "resolve", word))
        self.bad(252, "resolve")
        self.bad(252, "resolve", "a", "b")

        # A second of the same name: the name alone says no longer which.
        self.good("launch", "cli-web", "--image", image, "--no-wait")
        self.assertIn("say which", self.bad(1, "stop", "cli-web"))
        ids = [r["InstanceId"] for r in self.json("ls") if r["Name"] == "cli-web"]
        self.assertEqual(len(ids), 2)
        self.good("rm", "-y", *ids)
        self.assertNotIn("cli-web", self.good("ls"))
        self.assertEqual({r["State"] for r in self.json("ls", "-a") if r["Name"] == "cli-web"},
                         {"terminated"})
        self.bad(1, "rm", "-y", "cli-web")

    def test_several_are_numbered(self):
        self.good("launch", "cli-many", "--image", image, "--count", "3")
        names = ["cli-many-1", "cli-many-2", "cli-many-3"]
        self.assertEqual(sorted(r["Name"] for r in self.json("ls")
                                if r["Name"].startswith("cli-many")), names)
        self.good("rm", "-y", *names)

    def test_rm_asks_on_a_terminal(self):
        self.good("launch", "cli-asked", "--image", image)
        ours, theirs = pty.openpty()
        os.write(ours, b"n\n")
        self.assertIn("nothing was removed", self.bad(1, "rm", "cli-asked", stdin=theirs))
        os.write(ours, b"y\n")
        self.good("rm", "cli-asked", stdin=theirs)
        os.close(ours)
        os.close(theirs)

    def test_a_console_at_a_terminal_is_attached_to_after_its_history(self):
        self.good("launch", "cli-typed", "--image", image)
        (id,) = [row["InstanceId"] for row in self.json("ls") if row["Name"] == "cli-typed"]
        def at_a_terminal(*words):
            pid, terminal = pty.fork()
            if pid == 0:
                os.execve(CROFT, [CROFT, "console", "cli-typed", *words],
                          {**os.environ, "HOME": home, "TERM": "dumb", "LC_ALL": "C.UTF-8"})
            said = b""
            try:
                while data := os.read(terminal, 4096):
                    said += data
            except OSError:
                pass  # its other end has gone
            os.close(terminal)
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), said.decode()
        # The fake's console says who it is and hangs up.
        status, text = at_a_terminal()
        self.assertEqual(status, 0, text)
        self.assertRegex(text, rf"(?s){id} login:.*Leave with \^\].*console of {id}")
        self.assertNotIn("console of", self.good("console", "cli-typed"))
        # Over the network it is switched off at first: then there is the log, unless more was asked for.
        far = ("--endpoint", os.environ["AWS_ENDPOINT_URL"])
        status, text = at_a_terminal(*far)
        self.assertEqual(status, 0, text)
        self.assertRegex(text, rf"(?s){id} login:.*This is its log alone: .*EnableSerialConsoleAccess")
        self.assertEqual(at_a_terminal("--interactive", *far)[0], 254)
        self.bad(252, "console", "--log", "-f", "cli-typed")
        self.good("rm", "-y", "cli-typed")

    def test_ssh_says_what_is_wrong(self):
        self.good("launch", "cli-off", "--image", image)
        self.good("stop", "cli-off")
        self.assertIn("croft start", self.bad(1, "ssh", "cli-off", "true"))
        self.good("rm", "-y", "cli-off")
        self.assertIn("no instance", self.bad(1, "ssh", "cli-off", "true"))


class Actions(Case):
    def test_flags_of_aws(self):
        group = self.json("create-security-group", "--group-name", "cli-flags", "--description",
                          "a b")["GroupId"]
        self.good("authorize-security-group-ingress", "--group-id", group, "--protocol", "tcp",
                  "--port", "8000-8080", "--cidr", "10.0.0.0/8")
        self.good("authorize-security-group-ingress", "--group-id", group, "--ip-permissions",
                  "IpProtocol=udp,FromPort=53,ToPort=53,IpRanges=[{CidrIp=10.0.0.0/8,Description='a, b'}]")
        rules = self.json("describe-security-group-rules", "--filters",
                          f"Name=group-id,Values={group}")["SecurityGroupRules"]
        self.assertIn((8000, 8080, "10.0.0.0/8"),
                      [(r.get("FromPort"), r.get("ToPort"), r.get("CidrIpv4")) for r in rules])
        self.assertIn("a, b", [r.get("Description") for r in rules])
        self.assertEqual(self.good("create-tags", "--resources", group, "--tags",
                                   "Key=Name,Value=x y"), "")
        text = self.good("describe-tags", "--filters", f"Name=resource-id,Values={group}",
                         "--output", "text")
        self.assertEqual(text, f"TAGS\tName\t{group}\tsecurity-group\tx y\n")
        self.good("delete-security-group", "--group-id", group)

    def test_pages_are_put_together(self):
        made = self.json("run-instances", "--image-id", image, "--count", "7", "--instance-type",
                         "t3.nano")["Instances"]
        ids = sorted(i["InstanceId"] for i in made)
        only = f"Name=instance-id,Values={','.join(ids)}"

        def found(answer):
            return sorted(i["InstanceId"] for r in answer["Reservations"] for i in r["Instances"])
        whole = self.json("describe-instances", "--filters", only, "--page-size", "5")
        self.assertEqual(found(whole), ids)
        self.assertNotIn("NextToken", whole)
        first = self.json("describe-instances", "--filters", only, "--max-results", "5")
        self.assertIn("NextToken", first)
        for i in ids:
            self.good("terminate-instances", "--instance-ids", i)

    def test_max_items_can_be_gone_on_from(self):
        seen, token = [], None
        for _ in range(100):
            more = ("--starting-token", token) if token else ()
            page = self.json("describe-instance-types", "--page-size", "20", "--max-items", "13", *more)
            seen += [t["InstanceType"] for t in page["InstanceTypes"]]
            token = page.get("NextToken")
            if not token:
                break
        whole = [t["InstanceType"] for t in self.json("describe-instance-types")["InstanceTypes"]]
        self.assertEqual(seen, whole)
        self.assertGreater(len(whole), 13)

    def test_sts(self):
        self.assertIn("Arn", self.json("get-caller-identity"))

    def test_times_are_iso_8601(self):
        made = self.json("run-instances", "--image-id", image)["Instances"][0]
        self.assertRegex(made["LaunchTime"], r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?\+00:00\Z")
        self.good("rm", "-y", made["InstanceId"])

    def test_tables_for_people(self):
        self.assertIn("RegionName", self.good("describe-regions", "--output", "table"))


class Configure(Case):
    def setUp(self):
        self.folder = tempfile.mkdtemp(dir=home)
        self.env = {"HOME": self.folder, "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_PROFILE": "",
                    "AWS_CONFIG_FILE": "", "AWS_SHARED_CREDENTIALS_FILE": ""}

    def file(self, name):
        with open(os.path.join(self.folder, ".aws", name), encoding="utf-8") as file:
            return file.read()

    def test_a_profile_is_written_beside_the_others(self):
        os.mkdir(os.path.join(self.folder, ".aws"))
        with open(os.path.join(self.folder, ".aws", "config"), "w", encoding="utf-8") as file:
            file.write("# mine\n[default]\nregion = eu-west-1\n")
        key = os.path.join(self.folder, "key")
        with open(key, "w", encoding="utf-8") as file:
            file.write("[default]\naws_access_key_id = AKIAFILE\naws_secret_access_key = of/a+file\n")
        said = self.good("configure", "--credentials", key, "--endpoint", "http://127.0.0.1:9", env=self.env)
        self.assertIn("Profile croft: http://127.0.0.1:9 in region us-east-1, key AKIAFILE", said)
        self.assertNotIn("of/a+file", said)
        self.assertEqual(self.file("config"), "# mine\n[default]\nregion = eu-west-1\n\n[profile croft]\n"
                         "region = us-east-1\nendpoint_url = http://127.0.0.1:9\n")
        self.assertEqual(self.file("credentials"),
                         "[croft]\naws_access_key_id = AKIAFILE\naws_secret_access_key = of/a+file\n")
        for name in ("config", "credentials"):
            self.assertEqual(os.stat(os.path.join(self.folder, ".aws", name)).st_mode & 0o777, 0o600)
        # Again, with the key of the environment and another profile
        self.good("configure", "--profile", "default", "--region", "eu-central-1",
                  env={**self.env, "AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "s"})
        self.assertIn("[default]\nregion = eu-central-1\nendpoint_url = http://127.0.0.1:8773\n", self.file("config"))
        self.assertIn("\n[default]\naws_access_key_id = AKIAENV\n", self.file("credentials"))

    def test_what_it_wrote_is_what_croft_and_sdks_use(self):
        env = {**self.env, "AWS_ACCESS_KEY_ID": os.environ["AWS_ACCESS_KEY_ID"],
               "AWS_SECRET_ACCESS_KEY": os.environ["AWS_SECRET_ACCESS_KEY"]}
        endpoint = os.environ["AWS_ENDPOINT_URL"]
        self.good("configure", "--endpoint", endpoint, env=env)
        said = self.good("get-caller-identity", "--profile", "croft", "--endpoint", endpoint, env=self.env)
        self.assertIn(":root", said)

    def test_what_cannot_be_a_profile(self):
        self.bad(252, "configure", "--profile", "a]b", env=self.env)
        self.bad(252, "configure", "more", env=self.env)
        self.bad(255, "configure", "--credentials", self.folder + "/none", env=self.env)
        self.assertIn("no access key", self.bad(1, "configure", "--credentials", "/dev/null", env=self.env))
        self.assertFalse(os.path.exists(os.path.join(self.folder, ".aws")))


class Statuses(Case):
    def test_refused_by_the_server_is_254_with_code_and_request_id(self):
        said = self.bad(254, "describe-instances", "--instance-ids", "i-00000000000000000")
        self.assertRegex(said, r"\Acroft: InvalidInstanceID\.NotFound: ")
        self.assertRegex(said, r"\(request id [0-9a-f-]{36}\)")
        self.assertIn("DryRunOperation", self.bad(254, "run-instances", "--image-id", image, "--dry-run"))

    def test_a_wrong_command_line_is_252_and_sends_nothing(self):
        self.assertIn("is it 'run-instances'", self.bad(252, "rnu-instances"))
        self.assertIn("is it --image-id", self.bad(252, "run-instances", "--imgae-id", "x"))
        self.assertIn("--max-results takes a whole number",
                      self.bad(252, "describe-instances", "--max-results", "five"))
        self.assertIn("missing: --instance-ids", self.bad(252, "stop-instances"))
        self.bad(252, "ls", "--nonsense")
        self.bad(252, "describe-instances", "--output", "yaml")

    def test_no_server_is_255(self):
        said = self.bad(255, "ls", env={"CROFT_SOCKET": "/nonexistent/croft.sock"})
        self.assertIn("/nonexistent/croft.sock", said)
        self.bad(255, "status", "--endpoint", "/nonexistent/croft.sock")

    def test_over_tcp_it_signs(self):
        endpoint = os.environ["AWS_ENDPOINT_URL"]
        self.good("describe-regions", "--endpoint", endpoint)
        self.good("get-caller-identity", "--endpoint", endpoint)
        self.bad(254, "describe-regions", "--endpoint", endpoint,
                 env={"AWS_SECRET_ACCESS_KEY": "wrong"})
        nobody = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "",
                  "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent"}
        self.bad(253, "describe-regions", "--endpoint", endpoint, env=nobody)

    def test_status_of_the_daemon(self):
        status = self.json("status")
        for member in ("version", "hypervisor", "emulated", "cpus", "memory_mib", "memory_free_mib",
                       "vcpus_used", "instances", "regions", "uptime_s"):
            self.assertIn(member, status)
        self.assertIn("croftd", self.good("status"))

    def test_help(self):
        self.assertIn("run-instances", self.good("help"))
        self.assertIn("--tag-specifications", self.good("help", "run-instances"))
        self.assertIn("--tag-specifications", self.good("run-instances", "--help"))
        self.assertIn("Usage: croft ssh", self.good("help", "ssh"))
        self.assertIn("Usage: croft image add", self.good("help", "image", "add"))
        self.bad(252, "help", "nonsense")

    def test_a_closed_pipe_is_no_error(self):
        ran = subprocess.run(["sh", "-c", f"{CROFT} describe-instance-types | head -c 1"],
                             capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))

    def test_no_colours_in_a_pipe(self):
        self.assertNotIn("\033", self.good("ls", "-a"))


class Waiting(Case):
    def test_until_it_is_so(self):
        self.good("launch", "waited")
        i = self.json("ls", "waited")[0]["InstanceId"]
        self.assertEqual(self.good("wait", "instance-running", "--instance-ids", i), "")
        self.good("terminate-instances", "--instance-ids", i)
        self.good("wait", "instance-terminated", "--filters", f"Name=instance-id,Values={i}")
        said = self.bad(255, "wait", "instance-running", "--instance-ids", i)
        self.assertIn("instance-running: it is terminated", said)

    def test_what_is_refused_otherwise_ends_it(self):
        said = self.bad(255, "wait", "instance-stopped", "--instance-ids", "i-00000000000000001")
        self.assertIn("InvalidInstanceID.NotFound", said)

    def test_it_takes_what_can_be_waited_for(self):
        self.assertIn("is it 'instance-running'?", self.bad(252, "wait", "instance-runing"))
        self.assertIn("--nonsense", self.bad(252, "wait", "instance-running", "--nonsense", "x"))
        self.assertIn("instance-status-ok", croft("wait").stdout)

    def test_it_gives_up(self):
        said = self.bad(255, "wait", "vpc-exists", "--vpc-ids", "vpc-00000000000000001")
        self.assertIn("not within 5 seconds", said)


class Completion(Case):
    def words(self, *words):
        lines = self.good("completion", "words", *words).splitlines()
        return {word: text for word, _, text in (line.partition("\t") for line in lines)}

    def test_verbs_and_actions(self):
        self.assertLessEqual({"launch", "ls", "wait", "key", "run-instances"}, set(self.words("")))
        self.assertEqual(set(self.words("describe-v")) & {"describe-vpcs", "describe-images"},
                         {"describe-vpcs"})
        self.assertEqual(set(self.words("key", "c")), {"create"})

    def test_flags_and_their_values(self):
        found = self.words("run-instances", "--instance-i")
        self.assertEqual(set(found), {"--instance-initiated-shutdown-behavior"})
        self.assertEqual(set(self.words("run-instances", *found, "")), {"stop", "terminate"})
        self.assertIn("t3.micro", self.words("run-instances", "--instance-type", "t3."))
        self.assertEqual(set(self.words("ls", "--output", "")), {"json", "table", "text"})
        self.assertIn("--size", self.words("launch", "--s"))
        self.assertIn("instance-running", self.words("wait", "instance-r"))
        self.assertIn("--instance-ids", self.words("wait", "instance-running", "--ins"))

    def test_names_of_instances(self):
        self.good("launch", "completed")
        self.assertEqual(self.words("ssh", "comp"), {"completed": "running"})
        ids = self.words("stop-instances", "--instance-ids", "i-")
        self.assertEqual([name for name in ids.values() if name == "completed"], ["completed"])
        self.good("rm", "-y", "completed")
        self.assertEqual(self.words("ssh", "comp"), {})

    def test_the_scripts_of_the_shells(self):
        env = dict(os.environ, PATH=os.path.dirname(CROFT) + ":" + os.environ["PATH"])
        for words in (
                ("bash", "--norc", "-c", 'COMP_WORDS=(croft "describe-inst"); COMP_CWORD=1; '
                 'eval "$(croft completion bash)"; _croft; printf "%s\\n" "${COMPREPLY[@]}"'),
                ("zsh", "-f", "-c", "words=(croft describe-inst); CURRENT=2; "
                 "_describe() { print -l -- ${(P)2}; }; _files() { print no; }; "
                 'eval "$(croft completion zsh)"')):
            ran = subprocess.run(words, env=env, capture_output=True, text=True, check=False,
                                 timeout=30)
            self.assertEqual(ran.returncode, 0, ran.stderr)
            found = [line.partition(":")[0] for line in ran.stdout.split()]
            self.assertIn("describe-instances", found, words[0])
            self.assertNotIn("describe-images", found, words[0])


tap.main()
