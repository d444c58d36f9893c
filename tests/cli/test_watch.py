"""`archlint check --watch` checks again when a file changes that the last check has read."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from archlint.cli import watching as watching_module
from tests.cli.systems import FAILING, PASSING
from tests.conftest import Run, command

INCLUDING = "archlint: 1\nsystem: shop\ninclude: [parts.yaml]\n"


def put(file: Path, text: str) -> None:
    """Write a file as editors do: the watcher sees the old text or the new one, however slow this process is."""
    part = file.with_name(f".{file.name}")
    part.write_text(text)
    part.replace(file)


class Watching:
    """A running `archlint check --watch`, whose lines can be waited for."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.process = subprocess.Popen(
            [command(), "check", "--watch", *words], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, bufsize=1, env={**os.environ, "PYTHONUTF8": "1"},
        )  # fmt: skip
        self.lines: queue.Queue[str] = queue.Queue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self.lines.put(line)

    def close(self) -> None:
        """End the process, and read the rest of its output."""
        self.process.kill()
        self.process.wait()
        self.reader.join()
        if self.process.stdout is not None:
            self.process.stdout.close()

    def next_check(self) -> str:
        """The output up to the line that says that archlint waits for a change."""
        text = ""
        while "watching" not in text:
            text += self.lines.get(timeout=60)
        return text


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[Watching]:
    (tmp_path / "arch.yaml").write_text(INCLUDING)
    (tmp_path / "parts.yaml").write_text(FAILING.partition("system: shop\n")[2])
    running = Watching(tmp_path, ".", "-o", "text", "-o", "json:report.json")
    yield running
    running.close()


@pytest.mark.skipif(os.name == "nt", reason="sends the signal of Ctrl-C: run it on Linux or macOS")
def test_every_kind_of_input_is_watched_until_ctrl_c(tmp_path: Path, watching: Watching) -> None:
    first = watching.next_check()
    assert "SRV001" in first
    assert "watching 2 files and 1 folder; press Ctrl-C to stop" in first
    put(tmp_path / "parts.yaml", PASSING.partition("system: shop\n")[2])
    assert "SRV001" not in watching.next_check(), "an included file"
    put(tmp_path / "parts.yaml", FAILING.partition("system: shop\n")[2])
    assert "SRV001" in watching.next_check()
    put(tmp_path / "archlint.toml", 'ignore = ["SRV001"]\n')
    assert "SRV001" not in watching.next_check(), "a new configuration"
    put(tmp_path / "archlint.toml", "ignore = [SRV001\n")
    assert "error: " in watching.next_check(), "a configuration with a mistake"
    (tmp_path / "archlint.toml").unlink()
    assert "SRV001" in watching.next_check()
    put(tmp_path / "second.yaml", FAILING.replace("system: shop", "system: second"))
    assert "second.yaml" in watching.next_check(), "a new file"
    assert watching.lines.empty(), "the report that it writes is no change"
    watching.process.send_signal(signal.SIGINT)
    assert watching.process.wait(60) == 130
    assert "Traceback" not in "".join(watching.lines.queue)


def test_a_file_that_is_being_written_is_read_when_it_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "arch.yaml"
    file.write_text("")
    seen = watching_module._Seen(())
    seen.add(str(file))
    parts, waits = iter(PASSING.splitlines(keepends=True)), []

    def another_program_writes(seconds: float) -> None:
        waits.append(seconds)
        file.write_text(file.read_text() + next(parts, ""))

    monkeypatch.setattr("archlint.cli.watching.time.sleep", another_program_writes)
    seen.settle()
    assert file.read_text() == PASSING
    assert len(waits) <= 20


def test_a_file_that_is_missing_is_waited_for(tmp_path: Path) -> None:
    watching = Watching(tmp_path, "arch.yaml")
    try:
        assert "arch.yaml: no such file" in watching.next_check()
        put(tmp_path / "arch.yaml", FAILING)
        assert "SRV001" in watching.next_check()
    finally:
        watching.close()


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal: run it on Linux or macOS")
def test_the_screen_is_cleared_on_a_terminal_only(tmp_path: Path, watching: Watching) -> None:
    assert "\x1b" not in watching.next_check()
    from pty import openpty

    outer, inner = openpty()
    with subprocess.Popen([command(), "check", "--watch", "arch.yaml"], cwd=tmp_path, stdout=inner, stderr=inner) as process:
        text = b""
        while b"watching" not in text:
            text += os.read(outer, 4096)
        process.kill()
    os.close(inner)
    os.close(outer)
    assert text.startswith(b"\x1b[2J")


@pytest.mark.parametrize("words", [("-",), ("--show-files", ".")])
def test_what_cannot_be_watched_is_refused(archlint: Run, words: tuple[str, ...]) -> None:
    done = archlint("check", "--watch", *words)
    assert done.returncode == 2
    assert done.stderr.startswith("error: --watch ")
