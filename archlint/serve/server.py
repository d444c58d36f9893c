"""Runs the application on an address until Ctrl-C."""

from __future__ import annotations

import socket
from collections.abc import Callable

from archlint.errors import UsageError
from archlint.serve.app import Served, make_app
from archlint.serve.guard import Policy


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that listens at an address; raises `UsageError` if that is not possible."""
    try:
        infos = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = infos[0]
        bound = socket.socket(family, kind, protocol)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
        except BaseException:
            bound.close()
            raise
        return bound
    except (OSError, OverflowError) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"cannot listen at {host}:{port}: {said}", "choose another --port or --host") from None


def run(served: Served, policy: Policy, bound: socket.socket, ready: Callable[[], None]) -> None:
    """Serve until Ctrl-C or SIGTERM; `ready` is called when requests are answered."""
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                ready()

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            served.changes.stop()                          # streams of events would keep connections open
            await super().shutdown(sockets)

    config = uvicorn.Config(
        make_app(served, policy), log_level="warning", access_log=False, server_header=False,
        date_header=False, ws="none", proxy_headers=False, limit_concurrency=1_000, timeout_keep_alive=30,
        timeout_graceful_shutdown=3, h11_max_incomplete_event_size=64 * 1024, http="h11",
    )  # fmt: skip
    Server(config).run(sockets=[bound])
