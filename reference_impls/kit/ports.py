"""Ports: the one that a service listens on, and free ones for the parts behind it."""

from __future__ import annotations

import errno
import random
import socket

from kit.settings import Settings, refuse

_FREE = range(20_000, 32_768)                      # Linux gives connections 32768 and up, other systems 49152 and up
_TRIES = 200


def listen(settings: Settings) -> socket.socket:
    """Open the listening socket; if the port is taken, exit with a hint."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # With an explicit protocol, asyncio disables Nagle's algorithm: otherwise some answers wait 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        taken = error.errno == errno.EADDRINUSE
        fix = "SERVE_PORT to another port" if taken else "SERVE_HOST to an address of this machine"
        refuse(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}; set {fix}")
    return listener


def front_port(settings: Settings, offset: int = 0) -> int:
    """Return the port of the settings plus `offset`, or a free one if they set none.

    If it is taken, exit as in `listen`: another server on it must not be mistaken for the service.
    """
    if not settings.port:
        return free_port(settings.host)
    port = settings.port + offset
    listen(settings.model_copy(update={"port": port})).close()
    return port


def address_of(host: str, port: int) -> str:
    """Return the address of a service for a browser.

    >>> address_of("::1", 8000)
    'http://[::1]:8000'
    """
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port that is currently free.

    It is below the range for outgoing connections: one of these could take the port of a part during its restart.
    """
    found = next((port for port in random.SystemRandom().sample(_FREE, _TRIES) if _is_free(host, port)), 0)
    return found or refuse(f"{host}: cannot listen on any port from {_FREE.start}; is it an address of this machine?")


def _is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
