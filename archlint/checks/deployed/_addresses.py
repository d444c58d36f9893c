"""Hosts of addresses, and whether they are private."""

from __future__ import annotations

import re
from typing import Final

_PRIVATE: Final = re.compile(r"^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)\d+\.?\d*")


def host_of(address: str) -> str:
    """Return the host of an address.

    >>> host_of("http://10.0.0.5:8000/m.zip"), host_of("/models")
    ('10.0.0.5', '')
    """
    rest = address.partition("://")[2]
    return re.split(r"[/?#:]", rest.rpartition("@")[2] if "@" in rest else rest, maxsplit=1)[0]


def is_private(host: str) -> bool:
    """Whether a host is an address of a private network.

    >>> is_private("172.31.13.90"), is_private("example.com")
    (True, False)
    """
    return _PRIVATE.match(host) is not None
