#!/usr/bin/python3 -B
"""Runs a command with what it says to the daemon recorded: record.py FILE -- COMMAND...

A small proxy stands in front of the endpoint and of the unix socket: COMMAND finds the proxy's places
in AWS_ENDPOINT_URL and CROFT_SOCKET. It passes bytes on as they come, and writes them to FILE as
records (connection, direction, length, bytes); replies.py reads them. The status is COMMAND's.
For a test of who may use the socket, its own path is in CROFT_SOCKET_ITSELF.
"""
import asyncio
import contextlib
import os
import signal
import struct
import sys
import urllib.parse

RECORD = struct.Struct("<IBI")
TO_SERVER, TO_CLIENT = 0, 1
CHUNK = 65536
FILE_MAX = 512 << 20  # then the test fails: what is not recorded cannot be checked


class Recorder:
    def __init__(self, path):
        self.file = open(path, "wb")  # pylint: disable=consult-using-with
        self.count, self.written, self.full, self.tasks = 0, 0, False, set()

    def write(self, number, direction, data):
        self.written += RECORD.size + len(data)
        if self.written > FILE_MAX:
            self.full = True
            return
        self.file.write(RECORD.pack(number, direction, len(data)) + data)

    async def pump(self, number, direction, reader, writer):
        """One direction until its end, which is passed on like the bytes. What the other side no longer
        takes is read away, so that what it said before it went still arrives."""
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                self.write(number, direction, data)
                writer.write(data)
                await writer.drain()
        with contextlib.suppress(OSError, RuntimeError):
            writer.write_eof()
        with contextlib.suppress(OSError):
            while await reader.read(CHUNK):
                pass

    async def serve(self, connect, reader, writer):
        self.count += 1
        number = self.count
        self.tasks.add(asyncio.current_task())  # the loop itself would let it be collected
        try:
            far_reader, far_writer = await connect()
        except OSError:
            writer.transport.abort()  # nobody listens: the nearest to a refusal
            return
        try:
            await asyncio.gather(self.pump(number, TO_SERVER, reader, far_writer),
                                 self.pump(number, TO_CLIENT, far_reader, writer))
        finally:
            far_writer.close()
            writer.close()
            self.tasks.discard(asyncio.current_task())


async def run(path, argv):
    end = urllib.parse.urlsplit(os.environ["AWS_ENDPOINT_URL"])
    itself = os.environ["CROFT_SOCKET"]
    beside = os.path.join(os.path.dirname(itself), "recorded.sock")
    recorder = Recorder(path)

    def to_port(reader, writer):
        return recorder.serve(lambda: asyncio.open_connection(end.hostname, end.port), reader, writer)

    def to_socket(reader, writer):
        return recorder.serve(lambda: asyncio.open_unix_connection(itself), reader, writer)
    server = await asyncio.start_server(to_port, "127.0.0.1", 0, backlog=1024)
    await asyncio.start_unix_server(to_socket, beside, backlog=1024)
    port = server.sockets[0].getsockname()[1]
    env = dict(os.environ, AWS_ENDPOINT_URL=f"{end.scheme}://127.0.0.1:{port}", CROFT_SOCKET=beside,
               CROFT_SOCKET_ITSELF=itself)
    child = await asyncio.create_subprocess_exec(*argv, env=env)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, child.send_signal, number)
    code = await child.wait()
    server.close()
    recorder.file.close()
    if recorder.full:
        print(f"record.py: the traffic is larger than {FILE_MAX >> 20} MiB", file=sys.stderr)
        return code or 1
    return code if code >= 0 else 128 - code


def main():
    path, dashes, *argv = sys.argv[1:]
    if dashes != "--" or not argv:
        sys.exit(__doc__)
    code = asyncio.run(run(path, argv))
    sys.stdout.flush()
    os._exit(code)  # without waiting for connections that clients have forgotten


if __name__ == "__main__":
    main()
