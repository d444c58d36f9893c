"""The first thing that sees a request: it refuses foreign pages, wrong hosts, missing tokens and large bodies.

It also sets the headers that protect the page. A browser on the same machine can be made to send requests to a loopback
address by any page that it shows: the checks of `Host` and `Origin` stop these.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import json
import secrets
import time
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import urlsplit

import msgspec
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE: Final = "archlint_token"
OPEN_PATHS: Final = frozenset({"/", "/login", "/static/page.css"})
"""What needs no token: the form that asks for it. `/` shows that form to a browser without one."""
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data: blob:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


class Policy(msgspec.Struct, frozen=True):
    """What a server accepts. `hosts` are names by which it may be called besides those of its own address."""

    address: str
    token: str = ""
    hosts: tuple[str, ...] = ()
    most_bytes: int = 2 * 1024**2
    body_s: float = 20.0

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the address."""
        return is_loopback(self.address)

    def accepts_host(self, host: str) -> bool:
        """Whether a `Host` header names this server.

        An address of the network may be any: only a name can be made to lead here by somebody else.

        >>> Policy("127.0.0.1").accepts_host("localhost:8765"), Policy("127.0.0.1").accepts_host("evil.example")
        (True, False)
        >>> Policy("0.0.0.0", "t").accepts_host("10.0.0.7:80"), Policy("0.0.0.0", "t").accepts_host("evil.example")
        (True, False)
        """
        name = _name_of(host)
        if name in _LOOPBACK or (name and name in (self.address.lower(), *map(str.lower, self.hosts))):
            return True
        return not self.is_loopback and _is_ip(name)

    def accepts_token(self, headers: Headers) -> bool:
        """Whether a request has the token, as `Authorization: Bearer` or in the cookie; without a token, all do."""
        if not self.token:
            return True
        scheme, _, given = headers.get("authorization", "").partition(" ")
        return self.is_token(given.strip() if scheme.lower() == "bearer" else _cookie(headers))

    def is_token(self, given: str) -> bool:
        """Whether a text is the token; the time does not depend on where they differ."""
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.token.encode())


def is_loopback(address: str) -> bool:
    """Whether only this machine can reach an address."""
    if address.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False


class Guard:
    """The middleware around the application."""

    def __init__(self, app: ASGIApp, policy: Policy) -> None:
        self.app = app
        self.policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        nonce = secrets.token_urlsafe(12)
        scope["state"] = {**scope.get("state", {}), "nonce": nonce}
        protected = _Protected(send, nonce, time.perf_counter())
        refusal = self._refusal(scope)
        if refusal is not None:
            await _refuse(protected, *refusal)
            return
        body = await self._body(scope, receive)
        if isinstance(body, bytes):
            protected.start = time.perf_counter()
            await self.app(scope, _replayed(body, receive), protected)
        else:
            await _refuse(protected, *body)

    def _refusal(self, scope: Scope) -> tuple[int, str, str] | None:
        headers, policy = Headers(scope=scope), self.policy
        host = headers.get("host", "")
        if len(headers.getlist("host")) != 1 or not policy.accepts_host(host):
            hint = "call the server by its address, or start it with --allow-host NAME"
            return 421, "the request names another host", hint
        if _is_foreign(headers, host):
            return 403, "a page of another site sent this request", "open the page of this server"
        if not policy.accepts_token(headers) and scope["path"] not in OPEN_PATHS:
            return 401, "the token is missing or wrong", "send `Authorization: Bearer TOKEN`, or open `/` in a browser"
        return None

    async def _body(self, scope: Scope, receive: Receive) -> bytes | tuple[int, str, str]:
        """Read the body of a request, up to the limits of size and time."""
        most = self.policy.most_bytes
        too_large = 413, f"the body is larger than {most:,} bytes", "send a smaller system"
        length = Headers(scope=scope).get("content-length", "")
        if length.isdecimal() and int(length[:20]) > most:
            return too_large
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self.policy.body_s):
                while True:
                    message = await receive()
                    if message["type"] != "http.request":
                        return 400, "the request ended early", "send it again"
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    if size > most:
                        return too_large
                    if not message.get("more_body", False):
                        return b"".join(parts)
        except TimeoutError:
            return 408, "the body of the request did not arrive in time", "send it again"


def _is_foreign(headers: Headers, host: str) -> bool:
    """Whether a page of another site sent a request, as browsers say; other programs say nothing."""
    site, mode = headers.get("sec-fetch-site", "none"), headers.get("sec-fetch-mode", "")
    if site not in {"none", "same-origin"} and mode != "navigate":
        return True
    origin = headers.get("origin")
    if origin is None:
        return False
    try:
        return urlsplit(origin).netloc.lower() != host.lower()
    except ValueError:
        return True


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Give the application a body that was read already, and then what the client does."""
    sent = False

    async def replay() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


class _Protected:
    """Sends responses with the headers that protect the page, and the time since the body arrived."""

    def __init__(self, send: Send, nonce: str, start: float) -> None:
        self.send = send
        self.nonce = nonce
        self.start = start

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("content-security-policy", _POLICY.format(nonce=self.nonce))
            headers["x-content-type-options"] = "nosniff"
            headers["x-frame-options"] = "DENY"
            headers["referrer-policy"] = "no-referrer"
            headers["cross-origin-opener-policy"] = "same-origin"
            headers["cross-origin-resource-policy"] = "same-origin"
            headers.setdefault("cache-control", "no-store")
            headers["server-timing"] = f"app;dur={(time.perf_counter() - self.start) * 1e3:.1f}"
        await self.send(message)


async def _refuse(send: Send, status: int, message: str, hint: str) -> None:
    body = json.dumps({"message": message, "hint": hint}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if status in {408, 413}:
        headers.append((b"connection", b"close"))
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _name_of(host: str) -> str:
    """Return the name or address in a `Host` header, without its port; empty if it is malformed."""
    try:
        parts = urlsplit(f"//{host}")
        return "" if parts.path or parts.query or parts.fragment or "@" in host else (parts.hostname or "")
    except ValueError:
        return ""


def _is_ip(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _cookie(headers: Headers) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found is not None else ""
