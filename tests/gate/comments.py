"""A small server on loopback that keeps the comments of a pull request, under the addresses of GitHub's API."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Final

MOST_CHARACTERS: Final = 65_536
_LIST = re.compile(r"/repos/team/shop/issues/7/comments(?:\?per_page=(\d+)&page=(\d+))?")
_ONE = re.compile(r"/repos/team/shop/issues/comments/(\d+)")


class Comments(ThreadingHTTPServer):
    """The comments of pull request 7 of `team/shop`, by number; `refuses` is the status of every answer."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bodies: dict[int, str] = {}
        self.calls: list[str] = []
        self.refuses = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Comments

    def do_GET(self) -> None:
        self._answer("GET", _LIST)

    def do_POST(self) -> None:
        self._answer("POST", _LIST)

    def do_PATCH(self) -> None:
        self._answer("PATCH", _ONE)

    def _answer(self, method: str, address: re.Pattern[str]) -> None:
        self.server.calls.append(method)
        found = address.fullmatch(self.path)
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.server.refuses:
            self._send(self.server.refuses, {"message": "Resource not accessible by integration"})
        elif self.headers.get("Authorization") != "Bearer secret-of-the-run":
            self._send(401, {"message": "Bad credentials"})
        elif found is None:
            self._send(404, {"message": "Not Found"})
        elif method == "GET":
            size, page = int(found[1]), int(found[2])
            listed = [{"id": number, "body": body} for number, body in self.server.bodies.items()]
            self._send(200, listed[(page - 1) * size : page * size])
        else:
            number = int(found[1]) if method == "PATCH" else max(self.server.bodies, default=0) + 1
            self._write(number, json.loads(content)["body"], 200 if method == "PATCH" else 201)

    def _write(self, number: int, body: str, status: int) -> None:
        if not 0 < len(body) <= MOST_CHARACTERS:
            self._send(422, {"message": "Validation Failed"})
            return
        self.server.bodies[number] = body
        self._send(status, {"id": number, "body": body})

    def _send(self, status: int, content: object) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing: the tests use `calls`."""


@contextmanager
def serving() -> Iterator[Comments]:
    with Comments() as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
