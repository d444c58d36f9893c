"""Configuration files of proxies and monitors: which hosts they name, and what that means."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_NGINX_PASS: Final = re.compile(r"\b(?:proxy|grpc|fastcgi|uwsgi|scgi)_pass\s+(?:[a-z]+://)?([\w.-]+)")
_NGINX_UPSTREAM: Final = re.compile(r"\bupstream\s+([\w.-]+)\s*\{([^}]*)\}", re.DOTALL)
_NGINX_SERVER: Final = re.compile(r"(?<![\w.-])server\s+(?:unix:)?([\w.-]+)(?::\d+)?[^;{]*;")
_NGINX_SET: Final = re.compile(r"\bset\s+\$\w+\s+[\"']?(?:[a-z]+://)?([\w.-]+)(?::\d+)?")
_COMMENT: Final = re.compile(r"(?m)(^|\s)#.*$")
_TARGET: Final = re.compile(r"[\"']?([A-Za-z][\w.-]*):\d{2,5}\b")
_URL: Final = re.compile(r"\burl:\s*[\"']?https?://([\w.-]+)")

_PIECE: Final = re.compile(
    r"\{|\}|\b(?:proxy|grpc|fastcgi|uwsgi)_read_timeout\s+(\d{1,9})(ms|s|m|h)?\s*;|"
    r"\b(?:proxy|grpc|fastcgi|uwsgi|scgi)_pass\s+[^;{}]*;"
)
_UNITS: Final = {"ms": "ms", "s": "s", "": "s", "m": "min", "h": "h"}

Found = tuple[str, str, str, bool, tuple[tuple[str, str], ...]]
"""A host, a verb, what says so, whether the host is the source of the relation, and attributes of the relation."""


def config_links(path: str, text: str) -> list[Found] | None:
    """Return the hosts that a known configuration file names; None for a file of another program.

    >>> config_links("/etc/nginx/nginx.conf", "upstream a { server api:80; } location / { proxy_pass http://a; }")
    [('api', 'calls', 'upstream a', False, ())]
    """
    text = _COMMENT.sub("", text[:500_000])
    if "_pass" in text and ("location" in text or "upstream" in text or "server" in text):
        return list(_nginx(text))
    if "scrape_configs:" in text and "receivers:" not in text:
        return [(host, "monitored_by", "a scrape target", True, ()) for host in dict.fromkeys(_TARGET.findall(text))]
    if "datasources:" in text and "url:" in text:
        return [(host, "reads", "a data source", False, ()) for host in dict.fromkeys(_URL.findall(text))]
    return None


def _nginx(text: str) -> Iterator[Found]:
    groups = {name: _NGINX_SERVER.findall(inner) for name, inner in _NGINX_UPSTREAM.findall(text)}
    timeouts = _timeouts(text)
    for name, hosts in groups.items():
        for host in dict.fromkeys(hosts):
            yield host, "calls", f"upstream {name}", False, timeouts.get(name, ())
    for host in dict.fromkeys((*_NGINX_PASS.findall(text), *_NGINX_SET.findall(text))):
        if host not in groups:
            yield host, "calls", "proxy_pass", False, timeouts.get(host, ())


def _timeouts(text: str) -> dict[str, tuple[tuple[str, str], ...]]:
    """Return the timeout of each host or group that nginx passes requests to, if all of its places state the same.

    A block has the timeout of the one around it unless it states its own; the order in a block makes no difference.
    """
    blocks: list[tuple[int, str]] = [(0, "")]               # of each block: the one around it, and its own timeout
    passes: list[tuple[int, str]] = []
    here = 0
    for piece in _PIECE.finditer(text):
        if piece[0] == "{":
            blocks.append((here, ""))
            here = len(blocks) - 1
        elif piece[0] == "}":
            here = blocks[here][0]
        elif piece[1]:
            blocks[here] = (blocks[here][0], f"{piece[1]}{_UNITS[piece[2] or '']}")
        elif (target := _NGINX_PASS.match(piece[0])) is not None:
            passes.append((here, target[1]))
    found: dict[str, set[str]] = {}
    for inner, host in passes:
        number = inner
        while number and not blocks[number][1]:
            number = blocks[number][0]
        stated = blocks[number][1]
        found.setdefault(host, set()).add(stated)
    return {host: (("timeout", text),) for host, texts in found.items() if len(texts) == 1 for text in texts if text}
