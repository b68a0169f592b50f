"""What a hostile guest does, run in it as root: `python3 - WORD ARGUMENT...` with this file as the input.

Each prints one line of JSON about what it has done."""
import contextlib
import fcntl
import json
import mmap
import os
import random
import signal
import socket
import struct
import sys
import threading
import time

CONSOLE = "/dev/ttyS0"
IMDS = ("169.254.169.254", 80)
# What drives a terminal, in 7 bits and in 8; what ends a line or a name; what is no text.
NASTY = (b"\x1b[31m\x1b[2J\x1b]0;title\x07\x1b]52;c;Y2FsYw==\x07\x1bP$qm\x1b\\\x1b_apc\x1b\\\x1b[c\x1b[5n\x1b[21t\x1bc\x05\x9b31m"
         b"\xc2\x9b31m\xc2\x9d0;t\xc2\x9c\xff\xfe\x80\xc0\xaf\xed\xa0\x80\x7f\x08\x00%s%n%x%d${HOME}`id`\r")
FORGED = b"\n2026-01-01T00:00:00.000Z error   forged-line marker=forged\n<3>forged-line marker=forged\n"


def interface():
    name = next(each for each in os.listdir("/sys/class/net") if each != "lo")
    with open(f"/sys/class/net/{name}/address", encoding="ascii") as file:
        return name, bytes.fromhex(file.read().strip().replace(":", ""))


def console(mark):
    """Each is a line of its own in what is read back, but for those that end it themselves."""
    with open(CONSOLE, "wb", buffering=0) as file:
        for each in (NASTY, FORGED, b"x" * 9000, b"../../etc/passwd", mark.encode()):
            file.write(b"\r\n" + each)
        file.write(b"\r\n")
    return {"bytes": len(NASTY) + len(FORGED)}


def serial(seconds, least, mark):
    """As fast as it goes."""
    block = b"".join(b"flood %08d %s\n" % (n, b"x" * 47) for n in range(64))
    began, total = time.monotonic(), 0
    fd = os.open(CONSOLE, os.O_WRONLY | os.O_NOCTTY)
    while time.monotonic() < began + float(seconds) or (total < int(least) and time.monotonic() < began + 60):
        total += os.write(fd, block)
    os.write(fd, f"\r\n{mark}\r\n".encode())
    return {"bytes": total, "seconds": time.monotonic() - began}


def agent(seconds):
    """On the channel of the guest agent, where libvirtd listens."""
    os.system("systemctl stop qemu-guest-agent 2>/dev/null")
    fd = os.open("/dev/virtio-ports/org.qemu.guest_agent.0", os.O_WRONLY | os.O_NONBLOCK)
    ends, total = time.monotonic() + float(seconds), 0
    blocks = [b"{" * 65536, b'{"return": "' + b"A" * 60000, NASTY * 400, b'{"event": "x"}\n' * 4000]
    while time.monotonic() < ends:
        try:
            total += os.write(fd, blocks[total % len(blocks)])
        except BlockingIOError:
            time.sleep(0.01)
    return {"bytes": total}


# --- frames ---------------------------------------------------------------------------------

def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ip(source, target, protocol, payload, options=b"", fragment=0, number=7, length=None, words=None, sum_=None):
    head = struct.pack(">BBHHHBBH4s4s", 0x40 | (5 + len(options) // 4 if words is None else words), 0,
                       20 + len(options) + len(payload) if length is None else length, number, fragment, 64, protocol,
                       0, socket.inet_aton(source), socket.inet_aton(target)) + options
    return head[:10] + struct.pack(">H", checksum(head) if sum_ is None else sum_) + head[12:] + payload


def udp(payload, port=9, length=None, source=999):
    return struct.pack(">HHHH", source, port, 8 + len(payload) if length is None else length, 0) + payload


def wire():
    name, mac = interface()
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    raw.bind((name, 0))
    return raw, mac


def dhcp():
    """Names and identifiers that nobody should take for either."""
    raw, mac = wire()
    names = [NASTY[:200], FORGED, b"../../../etc/passwd", b"..", b"/", b"a" * 255, b"-rf", b"a.b.c.evil.example", b"\0", b"",
             b"localhost", b"x\n1.2.3.4 y"]
    for name in names:
        for kind in (1, 3, 4, 8):  # discover, request, decline, inform
            options = b"\x63\x82\x53\x63\x35\x01" + bytes([kind])
            for code in (12, 61, 60, 77, 81, 56) if len(name) < 150 else (12, 61):
                options += bytes([code, len(name)]) + name
            body = (struct.pack(">BBBBIHH16s", 1, 1, 6, 0, random.randrange(1 << 32), 0, 0x8000, b"") + mac + bytes(10)
                    + name[:64].ljust(64, b"\xff") + name[:128].ljust(128, b"\x1b") + options + b"\xff")
            raw.send(b"\xff" * 6 + mac + b"\x08\0" + ip("0.0.0.0", "255.255.255.255", 17, udp(body, 67, source=68)))
            time.sleep(0.06)  # below the bound at its port: dnsmasq is to see them
    return {"packets": len(names) * 4}


def dns(resolver):
    """Names in questions."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for label in (NASTY[:60], FORGED[:60], b"..", b"/etc/passwd", b"a\0b", b"\xff" * 63):
        for kind in (1, 12, 16, 255):
            sock.sendto(struct.pack(">6H", 7, 256, 1, 0, 0, 0) + bytes([len(label)]) + label + b"\x03ec2\x08internal\0"
                        + struct.pack(">HH", kind, 1), (resolver, 53))
    return {"packets": 24}


def ask(data, limit=3.0):
    with contextlib.closing(socket.socket()) as sock:
        sock.settimeout(limit)
        sock.connect(IMDS)
        sock.sendall(data)
        return sock.recv(4096)


def imds_words():
    """What a server may be tempted to write down."""
    line = NASTY.replace(b"\r", b"").replace(b"\0", b"")
    answered = 0
    for data in (b"GET /latest/" + line + b" HTTP/1.1\r\nHost: h\r\n\r\n",
                 b"GET /latest/meta-data/../../../../etc/passwd HTTP/1.1\r\nHost: h\r\n\r\n",
                 b"GET /latest/%1b%5d0;t%07%0aforged-line HTTP/1.1\r\nHost: h\r\n\r\n",
                 b"GET /latest/meta-data/ HTTP/1.1\r\nHost: " + line + b"\r\nUser-Agent: " + line + b"\r\n\r\n",
                 b"GET /latest/meta-data/ HTTP/1.1\r\nHost: h\r\nX-aws-ec2-metadata-token: " + line + b"\r\n\r\n",
                 b"PUT /latest/api/token HTTP/1.1\r\nHost: h\r\nX-aws-ec2-metadata-token-ttl-seconds: " + line + b"\r\n\r\n",
                 line + b" / HTTP/1.1\r\n\r\n", FORGED, b"GET /" + b"%s%n" * 500 + b" HTTP/1.1\r\nHost: h\r\n\r\n"):
        with contextlib.suppress(OSError):
            answered += ask(data) != b""
    return {"answered": answered}


def imds_asks(seconds):
    """A neighbour's ordinary questions, each on a connection of its own."""
    ends, waits, lost = time.monotonic() + float(seconds), [], 0
    while time.monotonic() < ends:
        began = time.monotonic()
        try:
            token = ask(b"PUT /latest/api/token HTTP/1.0\r\nHost: h\r\nX-aws-ec2-metadata-token-ttl-seconds: 60\r\n\r\n", 10)
            answer = ask(b"GET /latest/meta-data/instance-id HTTP/1.0\r\nHost: h\r\nX-aws-ec2-metadata-token: "
                         + token.rpartition(b"\r\n\r\n")[2] + b"\r\n\r\n", 10)
            lost += b"\r\n\r\ni-" not in answer
        except OSError:
            lost += 1
        waits.append(time.monotonic() - began)
        time.sleep(0.05)
    waits.sort()
    return {"asked": len(waits), "lost": lost, "median": waits[len(waits) // 2], "most": waits[-1]}


def imds_flood(seconds):
    """Connections that send slowly, without end, too much at once, or nothing."""
    ends, made, failed = time.monotonic() + float(seconds), [0], [0]
    starts = [b"", b"G", b"GET / HTTP/1.1\r\nHost: h\r\nX-A: ", b"PUT /latest/api/token HTTP/1.1\r\nContent-Length: 999999999\r\n\r\n",
              b"GET /latest/meta-data/ HTTP/1.1\r\nHost: h\r\n\r\n" * 200, b"GET /" + b"a" * 60000]
    goes_on = [b"", b"E", b"a" * 4000 + b"\r\nX-B: ", b"x" * 16000, b"GET /latest/dynamic/ HTTP/1.1\r\nHost: h\r\n\r\n" * 200, b"a"]

    def one(kind):
        while time.monotonic() < ends:
            with contextlib.suppress(OSError), contextlib.closing(socket.socket()) as sock:
                sock.settimeout(2)
                sock.connect(IMDS)
                made[0] += 1
                sock.sendall(starts[kind])
                while time.monotonic() < ends:
                    if not goes_on[kind]:
                        time.sleep(0.5)
                    elif len(goes_on[kind]) == 1:
                        time.sleep(0.2)
                    sock.sendall(goes_on[kind] or b"")
                    if kind == 0 and sock.recv(1) == b"":
                        break
                continue
            failed[0] += 1
            time.sleep(0.01)
    threads = [threading.Thread(target=one, args=(n % len(starts),), daemon=True) for n in range(240)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(max(0.1, ends + 5 - time.monotonic()))
    return {"connections": made[0], "ended": failed[0]}


# --- work -----------------------------------------------------------------------------------

def works(until):
    count = 0
    while time.monotonic() < until:
        for _ in range(1000):
            count += 1
    return count


def spin(seconds, each):
    """So many processes on every processor; the work that all have done."""
    ends = time.monotonic() + float(seconds)
    read, write = os.pipe()
    n = os.cpu_count() * int(each)
    for number in range(n):
        if os.fork() == 0:
            if int(each) > 1 and number % 3 == 0:  # and a timer that goes off as often as it can
                signal.signal(signal.SIGALRM, lambda *_: None)
                signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
            os.write(write, struct.pack("=Q", works(ends)))
            os._exit(0)
    return {"work": sum(struct.unpack("=Q", os.read(read, 8))[0] for _ in range(n)), "processes": n}


def rewrites(seconds):
    """The same blocks again and again, past the guest's own cache: work for QEMU's other threads."""
    ends, block, count = time.monotonic() + float(seconds), mmap.mmap(-1, 1 << 16), 0
    file = os.open("/rewritten", os.O_RDWR | os.O_CREAT | os.O_DIRECT, 0o600)
    while time.monotonic() < ends:
        count += os.pwrite(file, block, (count & 63) << 16) > 0
    os.unlink("/rewritten")
    return {"writes": count}


def writes(path, mib):
    """Written and synced; how long that took."""
    began = time.monotonic()
    with open(path, "wb") as file:
        for _ in range(int(mib)):
            file.write(os.urandom(1 << 20))
        file.flush()
        os.fsync(file.fileno())
    os.unlink(path)
    return {"seconds": time.monotonic() - began}


def fill(seconds):
    """The file system, to its last block, and then over and over."""
    block = os.urandom(1 << 20)
    total, full, rounds = 0, None, 0
    began = time.monotonic()
    ends = began + float(seconds)
    file = os.open("/fill", os.O_WRONLY | os.O_CREAT, 0o600)
    while full is None or time.monotonic() < max(ends, full + 5):
        try:
            total += os.write(file, block)
            if time.monotonic() > began + 120:
                break
        except OSError:
            os.fsync(file)
            full = full or time.monotonic()
            rounds += 1
            if rounds % 4 == 3:  # as new: other blocks, and those that were are given back
                os.close(file)
                os.unlink("/fill")
                with contextlib.suppress(OSError):
                    fcntl.ioctl(os.open("/", os.O_RDONLY), 0xc0185879, bytearray(struct.pack("=QQQ", 0, 1 << 62, 0)))
                file = os.open("/fill", os.O_WRONLY | os.O_CREAT, 0o600)
            os.lseek(file, 0, 0)
    os.close(file)
    left = os.statvfs("/")
    os.unlink("/fill")
    return {"bytes": total, "rounds": rounds, "left": left.f_bfree * left.f_frsize}


# --- packets --------------------------------------------------------------------------------

def packets(source, target, router_mac, good, bad, seconds):
    """Without form, or another's. `good` is in one that is right, `bad` in all others."""
    raw, mac = wire()
    router, good, bad = bytes.fromhex(router_mac.replace(":", "")), good.encode(), bad.encode()
    to_router, other = router + mac + b"\x08\0", bytes.fromhex("0a0000000001")
    data = udp(bad * 4)
    frames = [to_router + ip(source, target, 17, data, **each) for each in (
        {"length": 0}, {"length": 19}, {"length": 65535}, {"length": 21}, {"words": 0}, {"words": 4}, {"words": 15},
        {"sum_": 0x1234}, {"options": b"\x44\x28" + b"\xff" * 38}, {"options": b"\x83\x27\x04" + b"\x0a" * 37},
        {"options": b"\x07\xff\x04\x00" * 10}, {"options": b"\x82\x00" * 20})]
    frames += [to_router + ip(source, target, 17, udp(bad * 4, length=n)) for n in (0, 7, 100, 65535)]
    frames += [to_router + ip(source, target, 17, bad * 8, fragment=offset, number=number)
               for number in range(5) for offset in (0x2000, 0x2001, 0x2000, 0x3fff, 0x1fff, 0x8000)]
    frames += [router + other + b"\x08\0" + ip(source, target, 17, data),  # from another's hardware address
               bytes(6) + mac + b"\x08\0" + ip(source, target, 17, data),
               mac + router + b"\x08\0" + ip(source, target, 17, data)]
    frames += [to_router + ip(from_, target, 17, data) for from_ in
               (target, "127.0.0.1", "0.0.0.0", "255.255.255.255", "224.0.0.1", "169.254.169.254", "198.51.100.9")]
    frames += [router + mac + tag + b"\x08\0" + ip(source, target, 17, data) for tag in
               (b"\x81\0\0\x01", b"\x81\0\x0f\xff", b"\x88\xa8\0\x02\x81\0\0\x01", b"\x81\0\0\x01" * 20)]
    frames += [router + mac + kind + bad * 8 for kind in (b"\x88\xcc", b"\x88\x47", b"\x08\x06", b"\x86\xdd", b"\0\x10", b"\xff\xff",
                                                          b"\x88\x63", b"\x88\x8e", b"\x08\x08")]
    frames += [bytes.fromhex("0180c200000" + end) + mac + b"\0\x26" + bad * 8 for end in ("0", "2", "3", "e")]
    frames += [router + mac + b"\x86\xdd" + struct.pack(">IHBB", 6 << 28, length, kind, 64) + bytes(15) + b"\1" + bytes(15)
               + b"\2" + bad * 8 for length in (0, 65535, 64) for kind in (0, 43, 44, 60, 255, 58)]
    for size in (14, 15, 20, 33, 34, 40):
        frames.append((to_router + ip(source, target, 17, data))[:size])
    sent, refused, ends = 0, 0, time.monotonic() + float(seconds)
    right = to_router + ip(source, target, 17, udp(good * 4, port=7))
    while time.monotonic() < ends:
        raw.send(right)
        for frame in frames:
            try:
                raw.send(frame)
                sent += 1
            except OSError:
                refused += 1
    return {"kinds": len(frames), "sent": sent, "refused": refused}


print(json.dumps(globals()[sys.argv[1]](*sys.argv[2:])))
