"""Configuration files of proxies and monitors: which hosts they name, and what that means."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_NGINX_PASS: Final = re.compile(r"\b(?:proxy|grpc|fastcgi|uwsgi|scgi)_pass\s+(?:[a-z]+://)?([\w.-]+)")
_NGINX_UPSTREAM: Final = re.compile(r"\bupstream\s+([\w.-]+)\s*\{([^}]*)\}", re.DOTALL)
_NGINX_SERVER: Final = re.compile(r"(?m)^\s*server\s+(?:unix:)?([\w.-]+)(?::\d+)?[^;{]*;")
_NGINX_SET: Final = re.compile(r"\bset\s+\$\w+\s+[\"']?(?:[a-z]+://)?([\w.-]+)(?::\d+)?")
_COMMENT: Final = re.compile(r"(?m)(^|\s)#.*$")
_TARGET: Final = re.compile(r"[\"']?([A-Za-z][\w.-]*):\d{2,5}\b")
_URL: Final = re.compile(r"\burl:\s*[\"']?https?://([\w.-]+)")

Found = tuple[str, str, str, bool]
"""A host, a verb, what says so, and whether the host is the source of the relation."""


def config_links(path: str, text: str) -> list[Found] | None:
    """Return the hosts that a known configuration file names; None for a file of another program.

    >>> config_links("/etc/nginx/nginx.conf", "upstream a { server api:80; } location / { proxy_pass http://a; }")
    [('api', 'calls', 'upstream a', False)]
    """
    text = _COMMENT.sub("", text[:500_000])
    if "_pass" in text and ("location" in text or "upstream" in text or "server" in text):
        return list(_nginx(text))
    if "scrape_configs:" in text and "receivers:" not in text:
        return [(host, "monitored_by", "a scrape target", True) for host in dict.fromkeys(_TARGET.findall(text))]
    if "datasources:" in text and "url:" in text:
        return [(host, "reads", "a data source", False) for host in dict.fromkeys(_URL.findall(text))]
    return None


def _nginx(text: str) -> Iterator[Found]:
    groups = {name: _NGINX_SERVER.findall(inner) for name, inner in _NGINX_UPSTREAM.findall(text)}
    for name, hosts in groups.items():
        for host in dict.fromkeys(hosts):
            yield host, "calls", f"upstream {name}", False
    for host in dict.fromkeys((*_NGINX_PASS.findall(text), *_NGINX_SET.findall(text))):
        if host not in groups:
            yield host, "calls", "proxy_pass", False
