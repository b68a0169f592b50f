"""What the outer half of a lab (tests/lab), its first process (init) and croftd-control share."""
import configparser
import json
import os
import pwd
import signal
import socket
import subprocess
import time

KEPT = "/var/lib/croft-lab"  # kept labs, one directory each

# sudo and ssh may leave the administrators' directories out.
os.environ["PATH"] = (os.environ.get("PATH", "/usr/local/bin:/usr/bin:/bin")
                      + ":/usr/local/sbin:/usr/sbin:/sbin")


class Refused(Exception):
    """One plain sentence for the person at the terminal."""


def read_json(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return None


def write_json(path, value):
    fd = os.open(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1)
    os.rename(path + ".new", path)


def cpu_cgroups():
    """(where the tree of cgroups is mounted that shares out processor time, its type, its options), or None."""
    found = []
    with open("/proc/self/mounts", encoding="utf-8") as file:
        for line in file:
            _, where, kind, options = line.split()[:4]
            if kind == "cgroup" and "cpu" in options.split(","):
                return where, kind, ",".join(each for each in options.split(",") if each in ("cpu", "cpuacct"))
            if kind == "cgroup2" and "cpu" in read_words(os.path.join(where, "cgroup.subtree_control")):
                found = [where, kind, ""]
    return tuple(found) or None


def read_words(path):
    try:
        with open(path, encoding="ascii") as file:
            return file.read().split()
    except OSError:
        return []


def cgroup_of(lab, where):
    """The lab's own group there, under which its guests have theirs."""
    return os.path.join(where, "croft-lab." + os.path.basename(lab).removeprefix("croft-lab."))


def remove_cgroups(lab):
    """When the lab's processes have ended, which the kernel may be about."""
    tree = cpu_cgroups()
    until = time.monotonic() + 5
    while tree and os.path.isdir(cgroup_of(lab, tree[0])):
        for folder, _, _ in os.walk(cgroup_of(lab, tree[0]), topdown=False):
            try:
                os.rmdir(folder)
            except OSError:
                pass  # EBUSY: a process is left
        if time.monotonic() > until:
            return
        time.sleep(0.02)


def _stat_fields(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        return file.read().rpartition(")")[2].split()


def start_time(pid):
    """With the pid this names a process for good: pids are used again, start times are not."""
    return int(_stat_fields(pid)[19])


def is_same_process(pid, started):
    try:
        fields = _stat_fields(pid)
    except (FileNotFoundError, ProcessLookupError):
        return False
    return fields[0] not in "ZX" and int(fields[19]) == started


def end_group(process):
    """Ends a child of ours (a Popen) for certain. In a real lab it is `unshare --kill-child`, so
    the lab's init and with it everything inside dies, too."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=3)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def control(lab, words, limit=60):
    """One request to the lab's init, answered by `ok ...` or `error ...`. Returns the words after
    ok. The socket is named by a path relative to /proc/self/fd: its own may be too long."""
    here = os.open(lab, os.O_PATH | os.O_DIRECTORY)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(limit)
            sock.connect(f"/proc/self/fd/{here}/control")
            sock.sendall(words.encode() + b"\n")
            answer = b""
            while not answer.endswith(b"\n"):
                part = sock.recv(4096)
                if not part:
                    break
                answer += part
    finally:
        os.close(here)
    verdict, _, rest = answer.decode(errors="replace").strip().partition(" ")
    if verdict != "ok":
        raise Refused(rest or "the lab's first process gave no answer.")
    return rest


def credentials(spec):
    parser = configparser.ConfigParser(interpolation=None)
    path = os.path.join(spec["lab"], "state", "credentials")
    with open(path, encoding="utf-8") as file:
        parser.read_string(file.read())
    return parser["default"]["aws_access_key_id"], parser["default"]["aws_secret_access_key"]


def command_environment(spec):
    env = dict(os.environ)
    # What would lead the AWS tools, or curl on its way to loopback, somewhere else.
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN",
                 "AWS_REGION", "AWS_CA_BUNDLE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE",
                 "http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY",
                 "ALL_PROXY"):
        env.pop(name, None)
    key_id, secret = credentials(spec)
    build = spec["build"]
    env.update({
        "AWS_ENDPOINT_URL": spec["endpoint"],
        "AWS_ACCESS_KEY_ID": key_id,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_DEFAULT_REGION": spec["region"],
        "AWS_EC2_METADATA_DISABLED": "true",
        "CROFT_SOCKET": spec["socket"],
        "CROFT_LAB": spec["lab"],
        "CROFT_BUILD": build,
        "CROFT_HYPERVISOR": spec["hypervisor"],
        "PATH": f"{build}/cmd/croft:{build}/cmd/croftd:{env['PATH']}",
    })
    return env


def restore_signals():
    """In a child before exec: nothing of the parent's signal handling goes on."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def become(user):
    """The user with its groups, for good."""
    entry = pwd.getpwnam(user)
    os.initgroups(user, entry.pw_gid)
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)


def spawn(argv, log, sockets=(), env=None, user=None):
    """Starts a service with its output in the file `log` and returns its pid. `sockets` is a list
    of (name, fd): listening sockets that it gets as systemd's socket activation gives them, from
    descriptor 3 on. With `user` it is that one's; its program may lie where that one cannot pass."""
    pid = os.fork()
    if pid:
        return pid
    try:
        restore_signals()
        os.setsid()
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        null = os.open("/dev/null", os.O_RDONLY)
        # First out of the way of 0..n, then to their places: none may overwrite another.
        moved = [os.dup(fd) for fd in [null, out, out] + [fd for _, fd in sockets]]
        high = max(moved + [20])
        moved = [os.dup2(fd, high + 1 + at) for at, fd in enumerate(moved)]
        for at, fd in enumerate(moved):
            os.dup2(fd, at, inheritable=True)
        os.closerange(len(moved), 4096)
        env = dict(os.environ if env is None else env)
        for name in ("LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"):
            env.pop(name, None)
        if sockets:
            env["LISTEN_FDS"] = str(len(sockets))
            env["LISTEN_PID"] = str(os.getpid())
            env["LISTEN_FDNAMES"] = ":".join(name for name, _ in sockets)
        if user is None:
            os.execvpe(argv[0], argv, env)
        program = os.open(argv[0], os.O_RDONLY | os.O_CLOEXEC)
        env.update({"HOME": "/nonexistent", "USER": user, "LOGNAME": user})
        become(user)
        os.execve(program, argv, env)
    except (OSError, KeyError) as error:
        os.write(2, f"{argv[0]}: {error}\n".encode())
    finally:
        os._exit(127)
