"""A small HTTP/1.1 client on asyncio's streams: enough to send a prepared request and read its answer to the end."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Mapping
from typing import Final, Self
from urllib.parse import SplitResult, quote, urlsplit

import msgspec

from archlint.about import DISTRIBUTION
from archlint.errors import UsageError

_MAX_LINE: Final = 65_536
_NO_BODY: Final = frozenset({204, 304})
_TOKEN: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_KEPT: Final = "/%:=&?~#+!$,;'@()*[]"


class BrokenAnswerError(Exception):
    """An answer that is not HTTP/1.1, or that ended too early."""


class Target(msgspec.Struct, frozen=True):
    """Where requests go, and the bytes of one request."""

    host: str
    port: int
    tls: bool
    request: bytes
    head: bool = False

    @classmethod
    def of(cls, url: str, method: str = "", body: bytes = b"", headers: Mapping[str, str] | None = None) -> Self:
        """Prepare the request for a URL; raises `UsageError` if it is not one, or a header is malformed.

        >>> Target.of("http://127.0.0.1:8000/predict?x=1").request.splitlines()[:2]
        [b'GET /predict?x=1 HTTP/1.1', b'Host: 127.0.0.1:8000']
        """
        parts, port = _parts(url)
        tls = parts.scheme == "https"
        method = method or ("POST" if body else "GET")
        if not re.fullmatch("[A-Z]+", method):
            raise UsageError(f"`{method}` is not a method of HTTP", "write GET, POST or PUT")
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
        path = quote(parts.path or "/", safe=_KEPT) + (f"?{quote(parts.query, safe=_KEPT)}" if parts.query else "")
        named = {"Host": host + (f":{parts.port}" if parts.port else ""), "User-Agent": DISTRIBUTION, "Accept": "*/*"}
        if body or method in {"POST", "PUT", "PATCH"}:
            named |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
        for name, value in (headers or {}).items():
            if not re.fullmatch(_TOKEN, name) or not re.fullmatch(r"[\t\x20-\x7e\x80-\xff]*", value):
                raise UsageError(f"`{name[:60]}` is not a valid header", "write --header 'Name: value'")
            same = next((known for known in named if known.lower() == name.lower()), name)
            named.pop(same, None)
            named[name] = value
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items()), "", ""]
        return cls(parts.hostname or "", port, tls, "\r\n".join(lines).encode("latin-1") + body, method == "HEAD")


def _parts(url: str) -> tuple[SplitResult, int]:
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        parts, port = urlsplit(""), 0
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError(f"{url[:200]} is not the address of a service", "example: http://127.0.0.1:8000/predict")
    return parts, port


class Connection:
    """One connection, used for one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.reusable = True

    @classmethod
    async def open(cls, target: Target, tls: ssl.SSLContext | None) -> Self:
        """Connect to a target; raises `OSError`."""
        return cls(*await asyncio.open_connection(target.host, target.port, ssl=tls, limit=_MAX_LINE))

    async def ask(self, target: Target) -> int:
        """Send the request, read the whole answer, and return its status; raises `BrokenAnswerError` or `OSError`."""
        self.writer.write(target.request)
        try:
            status, headers, version = await self._head()
            while 100 <= status < 200:
                status, headers, version = await self._head()
            await self._body(status, headers, target)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
            raise BrokenAnswerError(type(error).__name__) from None
        kept = headers.get("connection", "keep-alive" if version == b"HTTP/1.1" else "close").lower()
        self.reusable = self.reusable and "close" not in kept
        return status

    async def _head(self) -> tuple[int, dict[str, str], bytes]:
        head = await self.reader.readuntil(b"\r\n\r\n")
        first, *lines = head[:-4].split(b"\r\n")
        version, _, rest = first.partition(b" ")
        if version not in {b"HTTP/1.1", b"HTTP/1.0"} or not rest[:3].isdigit():
            raise BrokenAnswerError("not HTTP/1.1")
        headers: dict[str, str] = {}
        for line in lines:
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        return int(rest[:3]), headers, version

    async def _body(self, status: int, headers: dict[str, str], target: Target) -> None:
        if target.head or status in _NO_BODY:
            return
        if "chunked" in headers.get("transfer-encoding", "").lower():
            while size := int((await self.reader.readuntil(b"\r\n")).partition(b";")[0], 16):
                await self.reader.readexactly(size + 2)
            while await self.reader.readuntil(b"\r\n") != b"\r\n":
                pass                               # trailers
        elif "content-length" in headers:
            await self.reader.readexactly(int(headers["content-length"]))
        else:
            self.reusable = False
            while await self.reader.read(_MAX_LINE):
                pass

    def close(self) -> None:
        """Close it without waiting."""
        self.reusable = False
        self.writer.transport.abort()
