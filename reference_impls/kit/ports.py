"""Ports: the one that a service listens on, and free ones for the parts behind it."""

from __future__ import annotations

import errno
import random
import socket

from kit.settings import Settings, refuse

_FREE = range(20_000, 32_768)                      # Linux gives connections 32768 and up, other systems 49152 and up
_TRIES = 200


def listen(settings: Settings) -> socket.socket:
    """Open the listening socket; one that is taken ends the process with what to do."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # With the protocol named, asyncio turns Nagle's delay off for each connection: else some answers wait 40 ms.
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
    """Return the port of the settings, `offset` further on, or a free one where they leave it open.

    One that is taken ends the process, as `listen` does: whatever answers there must not pass for the service.
    """
    if not settings.port:
        return free_port(settings.host)
    port = settings.port + offset
    listen(settings.model_copy(update={"port": port})).close()
    return port


def address_of(host: str, port: int) -> str:
    """Return the address of a service, as a browser takes it.

    >>> address_of("::1", 8000)
    'http://[::1]:8000'
    """
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port that nothing listens on just now.

    It lies below those that systems give to outgoing connections: one of these could take the port of a part that is
    down for a moment, which then cannot come back.
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
