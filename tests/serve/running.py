"""A real server in a process of its own, and a client that speaks plain HTTP."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

PATIENCE_S = 60.0


class Answer(msgspec.Struct, frozen=True):
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Running:
    """A server: its address, and the folder that it serves."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self.process = process
        self.folder = folder
        self.log: list[str] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def call(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
            sent = {"Content-Type": "application/json", **(headers or {})}
            connection.request(method, path, data, sent)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, found, response.read())
        finally:
            connection.close()

    def post(self, path: str, body: object) -> Answer:
        return self.call("POST", path, body)


@contextmanager
def serving(folder: Path, *options: str, environment: Mapping[str, str] | None = None) -> Iterator[Running]:
    """Start a server for a folder, wait until it answers, and stop it as Ctrl-C does."""
    command = [sys.executable, "-m", "archlint", "serve", str(folder), "--port", "0", *options]
    settings = {**os.environ, "PYTHONUNBUFFERED": "1", "XDG_STATE_HOME": str(folder.parent / "state"), **(environment or {})}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=settings)
    running = Running(process, folder)
    ready = threading.Event()

    def read() -> None:
        for line in process.stdout or ():
            running.log.append(line)
            found = re.search(r"http://\S+:(\d+)/", line)
            if found and not running.port:
                running.port = int(found[1])
                ready.set()
        ready.set()

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        assert ready.wait(PATIENCE_S) and running.port, "".join(running.log)
        yield running
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(PATIENCE_S)
        finally:
            process.kill()
            reader.join(PATIENCE_S)
            if process.stdout:
                process.stdout.close()
