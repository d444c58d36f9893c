"""A client of the YAML language server: it opens texts, and sends the requests of an editor."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from typing import Any, Final, NamedTuple

_SECONDS: Final = 60.0
_CURSOR: Final = "‸"


class Place(NamedTuple):
    """A text and a position in it; lines and columns start at 0."""

    text: str
    line: int
    column: int


def at_cursor(text: str) -> Place:
    """Remove the mark `‸` from a text: it is the position of the cursor.

    >>> at_cursor("a: 1\\nb: ‸2")
    Place(text='a: 1\\nb: 2', line=1, column=3)
    """
    before, mark, after = text.partition(_CURSOR)
    if not mark:
        raise ValueError(f"no {_CURSOR} in the text")
    return Place(before + after, before.count("\n"), len(before) - (before.rfind("\n") + 1))


class Completion(NamedTuple):
    """One completion of an editor: the text that it inserts, and its label and documentation."""

    inserted: str
    about: str


class LanguageServer:
    """One server process. Its answers and diagnostics arrive in a thread; each wait has a limit."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._answers: Queue[dict[str, Any]] = Queue()
        self._diagnostics: Queue[dict[str, Any]] = Queue()
        self._requests = 0
        self._version = 0
        self._opened: set[str] = set()
        self._settings: dict[str, Any] = {}
        self._sending = threading.Lock()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def start(self, folder: Path, settings: dict[str, Any]) -> None:
        """Open a folder with an editor's settings for YAML."""
        self._settings = settings
        capabilities = {
            "workspace": {"configuration": True, "workspaceFolders": True},
            "textDocument": {
                "completion": {"completionItem": {"snippetSupport": True, "documentationFormat": ["markdown"]}},
                "hover": {"contentFormat": ["markdown"]},
            },
        }
        self.request(
            "initialize",
            {
                "processId": None,
                "rootUri": folder.as_uri(),
                "capabilities": capabilities,
                "workspaceFolders": [{"uri": folder.as_uri(), "name": folder.name}],
            },
        )
        self.notify("initialized", {})

    def complete(self, file: Path, text: str) -> dict[str, Completion]:
        """The completions at the cursor, by their label."""
        place = at_cursor(text)
        self._open(file, place.text)
        answer = self.request("textDocument/completion", _position(file, place))
        items = answer["items"] if isinstance(answer, dict) else answer or []
        return {item["label"]: _completion(item) for item in items}

    def hover(self, file: Path, text: str) -> str:
        """The editor's hover text for the word at the cursor."""
        place = at_cursor(text)
        self._open(file, place.text)
        answer = self.request("textDocument/hover", _position(file, place))
        return str(answer["contents"]["value"]) if answer else ""

    def diagnose(self, file: Path, text: str) -> list[str]:
        """The problems of a text, each as `line: message`; lines start at 1.

        The server does not report the version of the file, so the file must be new.
        """
        assert file.as_uri() not in self._opened
        self._open(file, text)
        while True:
            said = self._diagnostics.get(timeout=_SECONDS)
            if said["uri"] == file.as_uri():
                found = said["diagnostics"]
                return sorted(f"{problem['range']['start']['line'] + 1}: {problem['message']}" for problem in found)

    def request(self, method: str, params: object) -> Any:
        """Send a request, and wait for the answer."""
        self._requests += 1
        self._send({"id": self._requests, "method": method, "params": params})
        try:
            answer = self._answers.get(timeout=_SECONDS)
        except Empty:
            raise AssertionError(f"no answer to {method} in {_SECONDS:.0f} s") from None
        assert answer["id"] == self._requests
        assert "error" not in answer, answer
        return answer.get("result")

    def notify(self, method: str, params: object) -> None:
        """Send a notification."""
        self._send({"method": method, "params": params})

    def wait_for_end(self) -> None:
        """Wait until the server has ended its output."""
        self._listener.join(timeout=_SECONDS)

    def _open(self, file: Path, text: str) -> None:
        self._opened.add(file.as_uri())
        self._version += 1  # the server caches each version
        document = {"uri": file.as_uri(), "languageId": "yaml", "version": self._version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        with self._sending:
            self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            self._process.stdin.flush()

    def _listen(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        while head := stream.readline():
            length = 0
            while head.strip():
                if found := re.fullmatch(rb"Content-Length: (\d+)\r\n", head):
                    length = int(found[1])
                head = stream.readline()
            self._take(json.loads(stream.read(length)))

    def _take(self, message: dict[str, Any]) -> None:
        method = message.get("method")
        if method is None:
            self._answers.put(message)
        elif method == "textDocument/publishDiagnostics":
            self._diagnostics.put(message["params"])
        elif "id" in message:
            result = None
            if method == "workspace/configuration":
                result = [self._settings.get(item["section"]) for item in message["params"]["items"]]
            self._send({"id": message["id"], "result": result})


def _completion(item: dict[str, Any]) -> Completion:
    about = item.get("documentation", "")
    return Completion(item["textEdit"]["newText"], about["value"] if isinstance(about, dict) else about)


def _position(file: Path, place: Place) -> dict[str, Any]:
    return {
        "textDocument": {"uri": file.as_uri()},
        "position": {"line": place.line, "character": place.column},
    }


@contextmanager
def language_server(command: list[str], folder: Path, settings: dict[str, Any]) -> Iterator[LanguageServer]:
    """Start a server for a folder, and end it afterwards."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        server = LanguageServer(process)
        try:
            server.start(folder, settings)
            yield server
            server.request("shutdown", None)
            server.notify("exit", None)
            process.wait(timeout=_SECONDS)
        finally:
            process.kill()
            server.wait_for_end()
