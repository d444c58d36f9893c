"""Hosts in texts: variables, commands and files of configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from archlint.importers.digits import is_whole

_SEPARATORS: Final = re.compile(r"""[\s,;"'`()<>|\[\]{}]+""")
_HOST: Final = re.compile(r"^[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?$")
_PORT: Final = re.compile(r"^(\d{1,5})?(?:[/?#].*)?$")
_WORD: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_LAST: Final = frozenset(
    "host hosts hostname url urls uri uris endpoint endpoints addr addrs address addresses server servers broker "
    "brokers ip dsn upstream upstreams backend backends target targets peers nodes conn connection connect service "
    "services svc contactpoints origin master leader coordinator sentinel sentinels seeds".split()
)
_NO_HOSTS: Final = frozenset("s3 s3a gs gcs hf oci file pvc abfs abfss wasbs hdfs docker".split())
"""Schemes whose addresses name a bucket, a repository or a file."""
_BUCKET_AT_HOST: Final = re.compile(r"(?i)s3a?://(?:https?://)?[\w.-]+:\d{2,5}/")
"""A bucket of an own store, as Triton writes it: `s3://minio:9000/models`."""
_OWN: Final = re.compile(
    r"(?i)(no_?proxy|allow|cors|origins?$|redirect|callback|advertise|listen|bind|public_?url|external_?url|"
    r"site_?url|root_?url|server_?name|virtual_?host|csrf|trusted)"
)
"""Variables that hold an address of the component itself, or of those that call it."""


class Address(msgspec.Struct, frozen=True, gc=False):
    """A host in a text; `sure` if it has a scheme or a port, and so cannot be a plain word."""

    host: str
    port: int = 0
    scheme: str = ""
    sure: bool = True
    path: str = ""


def words_of(name: str) -> list[str]:
    """Split the name of a variable or a flag into words.

    >>> words_of("REDIS_HOST"), words_of("--predictor_host"), words_of("baseUrl")
    (['redis', 'host'], ['predictor', 'host'], ['base', 'url'])
    """
    return [word.lower() for word in _WORD.findall(name)]


def is_endpoint_name(name: str) -> bool:
    """Whether a variable of this name holds a host or an address.

    >>> [is_endpoint_name(name) for name in ("DB_HOST", "DB_USER", "API_ADDRESS", "SERVICE_NAME")]
    [True, False, True, False]
    """
    words = words_of(name)
    return bool(words) and words[-1].rstrip("0123456789") in _LAST and not is_own_name(name)


def is_own_name(name: str) -> bool:
    """Whether a variable of this name holds no address that the component calls."""
    return _OWN.search(name) is not None


def addresses(text: str, named: bool = False) -> Iterator[Address]:
    """Find the hosts in a text; with `named`, its name says that it holds hosts, so a plain word is one too.

    >>> [(a.host, a.port, a.sure) for a in addresses("redis://:x@cache:6379/0,db:5432 word")]
    [('cache', 6379, True), ('db', 5432, True)]
    >>> [a.host for a in addresses("worker", named=True)]
    ['worker']
    """
    pieces = [piece for piece in _SEPARATORS.split(text[:200_000]) if piece]
    for piece in pieces:
        yield from _in_piece(piece, named and len(pieces) <= 20)


def _in_piece(piece: str, named: bool) -> Iterator[Address]:
    if "://" in piece:
        if piece.partition("://")[0].rpartition("=")[2].lower() in _NO_HOSTS and not _BUCKET_AT_HOST.search(piece):
            return
        for rest in piece.split("://")[1:]:
            scheme = piece.split("://", maxsplit=1)[0].rpartition("=")[2].rpartition(":")[2].lower()
            found = _host(rest, scheme)
            if found is not None:
                yield found
        return
    name, equals, after = piece.partition("=")
    rest = after if equals else piece
    rest = rest.rpartition("@")[2] if "@" in rest else rest
    host, colon, port = rest.partition(":")
    if colon and _HOST.match(host) and _PORT.match(port):
        number = port.split("/")[0].split("?")[0]
        yield Address(host, int(number) if is_whole(number) else 0, sure=number != "", path=port[len(number) :][:200])
    elif not colon and (named or (equals and is_endpoint_name(name))) and _HOST.match(rest):
        yield Address(rest, sure=False)


def _host(rest: str, scheme: str) -> Address | None:
    """Read what follows `://`."""
    authority = re.split(r"[/?#\\]", rest, maxsplit=1)[0].rpartition("@")[2]
    host, _, port = authority.partition(":")
    if not _HOST.match(host):
        return None
    path = rest[len(re.split(r"[/?#\\]", rest, maxsplit=1)[0]) :]
    return Address(host, int(port) if is_whole(port) and len(port) < 6 else 0, scheme, path=path[:200])
