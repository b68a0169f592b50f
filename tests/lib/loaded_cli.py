"""An AWS CLI that is loaded once and run many times.

Nine tenths of what a command of either AWS CLI costs is Python reading its modules, anew for each
command. Here a process reads them once; for each command it forks, takes over the caller's arguments,
environment, directory and files, and runs the CLI's own script from its first line. Nothing of the
client is changed or left out; of the files that it reads for EC2, the models of botocore are read once, too.

    loaded_cli.py serve SOCKET SCRIPT       with the interpreter of SCRIPT; lives as long as its stdin
    loaded_cli.py run SOCKET [WORD]...      what `SCRIPT WORD...` would do, and its status
"""
import os
import socket
import struct
import sys
import traceback

LENGTH = struct.Struct("!I")
STATUS = struct.Struct("!B")


def receive(connection, size):
    text = b""
    while len(text) < size:
        part = connection.recv(size - len(text))
        if not part:
            sys.exit("loaded_cli.py: the other side has gone")
        text += part
    return text


def run(path, words):
    there = f"{len(words)}\0{os.getcwd()}\0" + "".join(word + "\0" for word in words)
    there += "".join(f"{name}={value}\0" for name, value in os.environ.items())
    text = os.fsencode(there)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect(path)
    socket.send_fds(connection, [LENGTH.pack(len(text))], [0, 1, 2])
    connection.sendall(text)
    return STATUS.unpack(receive(connection, STATUS.size))[0]


def become(script, text, files):
    """In a process of its own: the CLI, for this caller. Returns its status."""
    import runpy  # pylint: disable=import-outside-toplevel
    number, folder, *rest = os.fsdecode(text).split("\0")[:-1]
    words, pairs = rest[:int(number)], rest[int(number):]
    for target, fd in enumerate(files):
        os.dup2(fd, target)
        os.close(fd)
    os.chdir(folder)
    kept = os.environ.get("AWS_DATA_PATH")  # the modules set it when they are read
    os.environ.clear()
    os.environ.update(pair.split("=", 1) for pair in pairs)
    if kept is not None:
        os.environ["AWS_DATA_PATH"] = kept
    sys.argv = [script] + words
    status = 0
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as end:
        status = end.code
        if isinstance(status, str):
            print(status, file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    return 0 if status is None else status if isinstance(status, int) else 1


def attend(connection, script):
    """One command: a child that is the CLI, and this process to tell how it ended."""
    size, files, _, _ = socket.recv_fds(connection, LENGTH.size, 3)
    text = receive(connection, LENGTH.unpack(size)[0])
    child = os.fork()
    if child == 0:
        status = 1
        try:
            connection.close()
            status = become(script, text, files)
        except BaseException:  # as the interpreter would have told it
            traceback.print_exc()
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    connection.sendall(STATUS.pack(code if code >= 0 else 128 - code))


# What each command for EC2 reads of botocore's data.
MODELS = ("endpoints", "partitions", "sdk-default-configuration", "_retry")
MODELS_OF_EC2 = ("service-2", "paginators-1", "waiters-2", "endpoint-rule-set-1")


def read_ahead():
    """What each command would find out anew, and each would find the same."""
    if "distro" in sys.modules:
        sys.modules["distro"].version()  # asks lsb_release, and keeps the answer
    for name in [name for name in sys.modules if name.endswith("botocore.loaders")]:
        loaders = sys.modules[name]
        found = {}
        read = loaders.JSONFileLoader.load_file

        def keep(loader, path, found=found, read=read):
            found[path] = read(loader, path)
            return found[path]

        def hand_out(loader, path, found=found, read=read):
            """Once: what the CLI does to it is then its own, and a second time it is read."""
            return found.pop(path) if path in found else read(loader, path)
        loaders.JSONFileLoader.load_file = keep
        loader = loaders.create_loader(os.environ.get("AWS_DATA_PATH"))
        for load, names in ((loader.load_data, MODELS),
                            (lambda model, on=loader: on.load_service_model("ec2", model), MODELS_OF_EC2)):
            for each in names:
                try:
                    load(each)
                except loaders.DataNotFoundError:
                    pass  # a version that has no such file
        loaders.JSONFileLoader.load_file = hand_out


def serve(path, script):
    import gc  # pylint: disable=import-outside-toplevel
    import select  # pylint: disable=import-outside-toplevel
    import signal  # pylint: disable=import-outside-toplevel

    import awscli.clidriver  # noqa: F401  pylint: disable=import-outside-toplevel,unused-import
    import awscli.handlers  # noqa: F401  pylint: disable=import-outside-toplevel,unused-import
    read_ahead()
    gc.freeze()  # the pages stay shared
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path + ".new")
    listener.listen(64)
    os.rename(path + ".new", path)  # who sees it can connect
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        ready, _, _ = select.select([listener, 0], [], [])
        if 0 in ready:
            return
        connection, _ = listener.accept()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            listener.close()
            try:
                attend(connection, script)
            finally:
                os._exit(0)
        connection.close()


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2], sys.argv[3])
    else:
        sys.exit(run(sys.argv[2], sys.argv[3:]))
