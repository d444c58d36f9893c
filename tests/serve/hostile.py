"""Requests that somebody could send to break a server, to read what it does not offer, or to write elsewhere."""

from __future__ import annotations

import json
import random
import socket
from collections.abc import Iterator

import msgspec

NAMES = (
    "../secret.yaml", "out/secret.yaml", "link.yaml", "..%2fsecret.yaml", "%2e%2e/secret.yaml", "%2e%2e%2fsecret.yaml",
    "..\\secret.yaml", "%5c..%5csecret.yaml", "/etc/passwd", "//etc/passwd", "....//secret.yaml", "team/../../secret.yaml",
    ".hidden.yaml", "team/../.hidden.yaml", "shop.yaml%00.txt", "shop.yaml\0", "C:\\x.yaml", "\\\\host\\x.yaml", "nul.yaml", "\u202e.yaml",
    "file:///etc/passwd", "a/" * 600 + "x.yaml", "x" * 4_000 + ".yaml", "\ud800.yaml", "~root/x.yaml", "..;/secret.yaml", "shop.yaml/..",
    "%c0%ae%c0%ae/secret.yaml", "shop.yaml", "team/parts.yaml", "",
)  # fmt: skip
TEXTS = (
    "archlint: 1\nsystem: x\ninclude: [../secret.yaml]\n", "archlint: 1\nsystem: x\ninclude: [link.yaml, out/secret.yaml]\n",
    "archlint: 1\ninclude: /etc/passwd\n", "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(f"{k}: &{k} [{', '.join(['*' + chr(ord(k) - 1)] * 9)}]\n" for k in "bcdefghi"),
    "[" * 5_000, "{a: " * 3_000, "!!python/object/apply:os.system ['id']\n", "archlint: 1\n<<: *x\n", "\ufeffarchlint: 1\n", "\0",
    "archlint: 1\ncomponents: {'<img src=x onerror=alert(1)>': {kind: client, calls: ['</script><script>alert(1)</script>']}}\n",
    "archlint: 1\ncomponents: {a: {kind: service, replicas: 1e999, service_time: -1ms, calls: [a, a, a]}}\n",
    "archlint: 1\nworkloads: {w: {from: a, rate: 99999999999999999999999999999999/s}}\ncomponents: {a: {kind: client, calls: [b]}, b: {kind: service, replicas: 9999999999999}}\n",
    "archlint: 1\ncomponents: {a: {kind: service, calls: [b]}, b: {kind: service, calls: [a]}}\n", "archlint: 2\n", "- 1\n", "", "\ud800", "%",
    "archlint: 1\nsystem: " + "x" * 100_000 + "\n", "archlint: 1\n---\narchlint: 1\n---\n" * 50, "archlint: 1\naccept: [{rule: SRV001, at: x, reason: y, until: 0000-00-00}]\n",
)  # fmt: skip
WORDS = (
    "", "0", "-1", "x", "components.api.replicas", "components.'x", "a.b[99999999999999]", "__proto__", "{{7*7}}", "${jndi:ldap://x}", "'; drop table runs;--", "\r\nX-Evil: 1",
    "\u0000", "9" * 400, "null", "[[[[[[", "&a *a", "\ud800", "components.page.calls[0].timeout",
)  # fmt: skip
PATHS = ("/check", "/render", "/analyze", "/diff", "/import", "/whatif", "/facts", "/files", "/openapi.json", "/", "/login", "/events", "/static/page.css")


class Hostile(msgspec.Struct, frozen=True):
    """The bytes of one request; if it `ends`, the client closes its side after it, and may get no answer."""

    data: bytes
    ends: bool = True


def hostile_requests(seed: int) -> Iterator[Hostile]:
    """Yield requests without end; the seed decides which."""
    chance = random.Random(seed)
    while True:
        made = chance.choice((_known, _known, _file, _raw, _headers, _bodies))(chance)
        yield made


def _request(
    method: str, path: str, body: bytes = b"", headers: tuple[tuple[str, str], ...] = (), host: str = "127.0.0.1"
) -> Hostile:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close", f"Content-Length: {len(body)}"]
    lines += ["Content-Type: application/json", *(f"{name}: {value}" for name, value in headers)]
    return Hostile("\r\n".join(lines).encode("utf-8", "surrogatepass") + b"\r\n\r\n" + body, ends=False)


def _value(chance: random.Random, depth: int = 0) -> object:
    kinds = [None, True, -1, 10**30, 1.5, chance.choice(WORDS), chance.choice(TEXTS), chance.choice(NAMES)]
    if depth < 3 and chance.random() < 0.2:
        return [_value(chance, depth + 1) for _ in range(3)]
    if depth < 3 and chance.random() < 0.2:
        return {chance.choice(WORDS): _value(chance, depth + 1)}
    return chance.choice(kinds)


def _known(chance: random.Random) -> Hostile:
    """A request of the right form with hostile values."""
    path = chance.choice(PATHS[:7])
    given: dict[str, object] = {}
    if chance.random() < 0.6:
        given["text"] = chance.choice(TEXTS)
    if chance.random() < 0.7 or not given:
        given["file"] = chance.choice(NAMES)
    if chance.random() < 0.2:
        given["system"] = chance.choice(WORDS)
    settings = [{"path": chance.choice(WORDS), "value": chance.choice(WORDS)} for _ in range(chance.randrange(1, 4))]
    body = dict(given)
    texts: dict[str, object] = {"texts": {chance.choice(NAMES): chance.choice(TEXTS)}}
    if path == "/diff":
        body = {"before": given, "after": {"text": chance.choice(TEXTS)}}
    elif path == "/import":
        body = texts if chance.random() < 0.5 else {"path": chance.choice(NAMES)}
    elif path == "/whatif" or (path == "/analyze" and chance.random() < 0.5):
        body["settings"] = settings
    elif path == "/render":
        body |= {"format": chance.choice(("svg", "mmd", "dot", "graph.json", "exe")), "focus": chance.choice(WORDS), "hops": chance.choice((0, 1, 50, 51))}
    if chance.random() < 0.2:
        body[chance.choice(WORDS)] = _value(chance)
    return _request("POST", path, json.dumps(body).encode())


def _file(chance: random.Random) -> Hostile:
    """A request for a file by a hostile name."""
    name = chance.choice(NAMES).replace(" ", "%20").replace("\r", "").replace("\n", "")
    headers = chance.choice(((), (("If-Match", '"x"'),), (("If-None-Match", "*"),), (("If-Match", "\x7f" * 50),)))
    body = json.dumps({"text": chance.choice(TEXTS)}).encode()
    target = chance.choice((f"/files/{name}", f"/static/{name}", f"/{name}", f"/files/team/{name}", f"/files/?{name}"))
    method = chance.choice(("GET", "PUT", "PUT", "DELETE", "HEAD"))
    if name in {"shop.yaml", "team/parts.yaml"}:
        method = "GET"
    return _request(method, target, body, headers)


def _raw(chance: random.Random) -> Hostile:
    """Bytes that are hardly HTTP."""
    length = chance.choice(("-1", "99999999999999999999", "1e3", "5, 6", "\u0661"))
    data = chance.choice((
        bytes(chance.randrange(256) for _ in range(chance.randrange(1, 300))), b"GET / HTTP/9.9\r\n\r\n", b"GET /check\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"POST /check HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        f"POST /check HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{{}}".encode(),
        b"POST /check HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n{}", b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n",
        b"CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", b"\r\n" * 500,
    ))  # fmt: skip
    return Hostile(data)


def _headers(chance: random.Random) -> Hostile:
    """Hosts, origins and cookies of others."""
    host = chance.choice(("evil.example", "", "localhost:99999999", "[::1", "127.0.0.1@evil.example", "127.0.0.1", "localhost, evil.example", "\u24db"))
    some = (
        ("Origin", chance.choice(("http://evil.example", "null", "http://[", "file://", "http://127.0.0.1"))),
        ("Cookie", chance.choice(("archlint_token=x", "=;=;=", "a" * 5_000, "archlint_token=\"\\"))),
        ("Authorization", chance.choice(("Bearer", "Bearer \u24db", "Basic eDp5"))), ("Sec-Fetch-Site", chance.choice(("cross-site", "x"))),
        ("X-Forwarded-For", "10.0.0.1"), ("X-Forwarded-Host", "evil.example"), ("Range", "bytes=0-99999999999"), ("Host", "evil.example"),
        ("Content-Type", chance.choice(("text/plain", "multipart/form-data", "application/x-www-form-urlencoded", "application/json; charset=utf-7"))),
        ("Content-Encoding", "gzip"), ("Expect", "100-continue"), ("X" * 3_000, "y" * 3_000),
    )  # fmt: skip
    headers = tuple(chance.sample(some, chance.randrange(1, 5)))
    return _request(chance.choice(("GET", "POST", "PUT", "OPTIONS", "TRACE", "PATCH")), chance.choice(PATHS[:11]), b"{}", headers, host)


def _bodies(chance: random.Random) -> Hostile:
    """Bodies that are no JSON, or JSON of another form."""
    made = chance.choice((
        b"", b"null", b"[]", b"{", b'"' * 1_000, b"[" * 100_000, b'{"text": NaN}', b'{"text":' + b"9" * 10_000 + b"}", b'{"text": "\\ud800"}', b"\xff\xfe{}",
        b'{"text": "a", "text": "b"}', json.dumps(_value(chance)).encode(), b"x" * 2_200_000, bytes(chance.randrange(256) for _ in range(400)),
        b"token=" + b"x" * 1_000, b"token=x&" * 100,
    ))  # fmt: skip
    return _request("POST", chance.choice((*PATHS[:7], "/login")), made)


def answer_to(port: int, request: Hostile, patience_s: float = 60.0) -> bytes:
    """Send the bytes of a request, and return all bytes that come back; of a stream, the first ones."""
    with socket.create_connection(("127.0.0.1", port), timeout=patience_s) as connection:
        got = b""
        try:
            connection.sendall(request.data)
            if request.ends:
                connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65_536):
                got += part
                if b"text/event-stream" in got[:2_000]:
                    return got
        except (ConnectionError, BrokenPipeError):
            return got
        return got


def complaint(answer: bytes, secret: bytes) -> str:
    """Return what is wrong with an answer; empty if nothing is."""
    status = answer.split(b" ", 2)[1:2]
    if status and status[0][:1] == b"5":
        return f"status {status[0].decode()}"
    if b"Traceback" in answer or b'File "' in answer:
        return "a traceback"
    if secret in answer:
        return "a text from outside of the folders"
    if b"root:x:0" in answer or b"\r\nx-evil" in answer.lower().partition(b"\r\n\r\n")[0]:
        return "a file of the machine, or a header of the client"
    return ""
