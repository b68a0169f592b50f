#!/usr/bin/python3 -B
# area: front-door
# quick: no
# traffic: no
# config: api_rate=1
# timeout: 600
"""Two hundred clients at once: every request is answered once, and what was acknowledged is there. Then one that asks
without end beside one that asks now and then: how long the small one waits, in milliseconds."""
import base64
import collections
import concurrent.futures
import hashlib
import http.client
import multiprocessing
import select
import socket
import threading
import time
import unittest
import urllib.parse

from client import FORM_TYPE, HOST, KEY_ID, SECRET, VERSION, Answer, client, sign, tap
from throttle import account, setUpModule  # noqa: F401

CLIENTS = 200
EACH = 10
GREEDY = 100  # connections
SMALL = 40  # requests
PUBLIC = b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + hashlib.sha256(b"load").digest()
MATERIAL = base64.b64encode(b"ssh-ed25519 " + base64.b64encode(PUBLIC)).decode()
OWNER = {"key": KEY_ID, "secret": SECRET}


def message(pairs, key, secret, token=None):
    """A signed request, as (body, headers)."""
    body = urllib.parse.urlencode({"Version": VERSION, **pairs}).encode()
    headers = {"Content-Type": FORM_TYPE, "Host": HOST}
    if token:
        headers["X-Amz-Security-Token"] = token
    sign("POST", "/", "", headers, body, key=key, secret=secret)
    return body, headers


class Client:
    """A connection that stays."""

    def __init__(self):
        self.link = http.client.HTTPConnection(HOST, timeout=120)
        self.link.connect()

    def ask(self, body, headers):
        self.link.request("POST", "/", body, headers)
        return Answer(self.link.getresponse())

    def end(self):
        """The bytes that came unasked."""
        self.link.sock.shutdown(socket.SHUT_WR)
        self.link.sock.settimeout(10)
        rest = self.link.sock.recv(1)
        self.link.close()
        return rest


def at_once(count, step):
    gate = threading.Barrier(count)

    def run(number):
        one = Client()
        gate.wait()
        made = step(number, one)
        return made, one.end()
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        began = time.monotonic()
        results = list(pool.map(run, range(count)))
        return results, time.monotonic() - began


class Crowd(unittest.TestCase):
    def test_no_request_is_lost_and_none_is_answered_twice(self):
        def step(number, one):
            answers = []
            for k in range(EACH):
                name = f"load-{number}-{k}"
                pairs = {"Action": "ImportKeyPair", "KeyName": name, "PublicKeyMaterial": MATERIAL}
                answers.append((name, one.ask(*message(pairs, **OWNER))))
                answers.append((None, one.ask(*message({"Action": "DescribeRegions"}, **OWNER))))
            return answers
        results, took = at_once(CLIENTS, step)
        print(f"# {CLIENTS} clients, {2 * CLIENTS * EACH} requests, half of them changes: {took:.1f} s, "
              f"{2 * CLIENTS * EACH / took:.0f} a second")
        answers = [each for (made, _) in results for each in made]
        self.assertEqual({answer.status for _, answer in answers}, {200})
        self.assertEqual({rest for _, rest in results}, {b""}, "nothing comes that was not asked for")
        self.assertEqual(len({answer.request_id for _, answer in answers}), 2 * CLIENTS * EACH)
        for name, answer in answers:
            self.assertIn(f"<keyName>{name}</keyName>" if name else "<regionName>", answer.text)
        there = client().describe_key_pairs(Filters=[{"Name": "key-name", "Values": ["load-*"]}])["KeyPairs"]
        self.assertEqual(sorted(pair["KeyName"] for pair in there), sorted(name for name, _ in answers if name))

    def test_an_account_has_its_tokens_however_many_clients_ask(self):
        _, credentials = account("crowd")
        asked = message({"Action": "DescribeRegions"}, **credentials)
        results, took = at_once(CLIENTS, lambda _, one: [one.ask(*asked) for _ in range(EACH)])
        answers = [answer for (made, _) in results for answer in made]
        counts = collections.Counter((answer.status, answer.status != 200 and answer.fault()[0]) for answer in answers)
        print(f"# {len(answers)} requests of an account in {took:.1f} s: {dict(counts)}")
        self.assertEqual(set(counts), {(200, False), (503, "RequestLimitExceeded")})
        self.assertEqual(sum(counts.values()), CLIENTS * EACH)
        self.assertGreaterEqual(counts[200, False], 100)
        self.assertLessEqual(counts[200, False], 100 + 20 * took + 1)


# --- one beside another -----------------------------------------------------------------------

def be_greedy(asked, stop, counts):
    """Asks over all of its connections, each again as soon as it is answered."""
    body, headers = asked
    text = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    sent = f"POST / HTTP/1.1\r\n{text}Content-Length: {len(body)}\r\n\r\n".encode() + body
    host, _, port = HOST.partition(":")
    links, poll = {}, select.epoll()
    for _ in range(GREEDY):
        link = socket.create_connection((host, int(port)))
        links[link.fileno()] = [link, b""]
        poll.register(link.fileno(), select.EPOLLIN)
        link.sendall(sent)
    passed = refused = 0
    while not stop.is_set():
        for fd, _ in poll.poll(0.2):
            one = links[fd]
            one[1] += one[0].recv(1 << 18)
            head, found, rest = one[1].partition(b"\r\n\r\n")
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            if not found or len(rest) < int(length):
                continue
            if head.startswith(b"HTTP/1.1 200"):
                passed += 1
            else:
                refused += 1
            one[1] = rest[int(length):]
            one[0].sendall(sent)
    counts.put((passed, refused))


def small_waits(credentials):
    """How long it waits for each answer, sorted, in milliseconds."""
    one, asked = Client(), message({"Action": "DescribeVpcs"}, **credentials)
    waits = []
    for _ in range(SMALL):
        began = time.monotonic()
        answer = one.ask(*asked)
        waits.append(1000 * (time.monotonic() - began))
        assert answer.status == 200, answer.text
        time.sleep(0.01)
    one.end()
    return sorted(waits)


class Beside(unittest.TestCase):
    """The small client is of the owner's account, which has no limit, so that what it waits for is the server. The greedy
    one reads what is long, in an account that has limits, and then in one that has none."""

    def beside(self, what, credentials):
        stop, counts = multiprocessing.Event(), multiprocessing.Queue()
        asked = message({"Action": "DescribeInstanceTypes"}, **credentials)
        greedy = multiprocessing.Process(target=be_greedy, args=(asked, stop, counts))
        greedy.start()
        time.sleep(0.5)
        began = time.monotonic()
        try:
            waits = small_waits(OWNER)
        finally:
            took = time.monotonic() - began + 0.5
            stop.set()
            passed, refused = counts.get(timeout=30)
            greedy.join(30)
        print(f"# beside a greedy one {what}: {self.figures(waits)}; the greedy one: {passed / took:.0f} a second "
              f"let through, {refused / took:.0f} refused")
        return waits, passed, refused, took

    @staticmethod
    def figures(waits):
        return (f"{waits[len(waits) // 2]:.1f} ms in the middle, {waits[len(waits) * 95 // 100]:.1f} for 95 %, "
                f"{waits[-1]:.1f} at most")

    def test_a_small_client_is_served_beside_a_greedy_one(self):
        alone = small_waits(OWNER)
        print(f"# alone: {self.figures(alone)}")
        free, passed, refused, _ = self.beside("that has no limit", OWNER)
        self.assertEqual(refused, 0)
        self.assertGreater(passed, 0)
        bound, passed, refused, took = self.beside("that has EC2's limits", account("greedy")[1])
        self.assertLessEqual(passed, 100 + 20 * (took + 1) + GREEDY)
        self.assertGreater(refused, 0)
        most = SMALL * 95 // 100
        self.assertLess(bound[most], free[most], "limits make room for others")


if __name__ == "__main__":
    tap.main()
