"""From the request to the disk: what is recorded waits in memory for a moment, then in a file until it is stored.

One way for all records, whether the database answers or not: a request only appends to a list in memory, one thread
writes what came together to a file, and another (`shipping.py`) moves files to the database.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge

from kit.logs import logger

_PAUSE_S = 0.2
_BEHIND_S = 1.0                                     # while files wait, fewer and larger ones
_MOST_ROWS = 1000
Row = Mapping[str, object]
log = logger(__name__)


class Spool:
    """A bounded buffer over a folder of files, each with some records and complete from the moment that it is seen."""

    def __init__(self, folder: Path, registry: CollectorRegistry, most_buffered: int, most_files: int) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._most_buffered, self._most_files = most_buffered, most_files
        self._buffer: deque[Row] = deque()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="spool", daemon=True)
        self.lost = Counter("prediction_log_lost", "Records lost for lack of room.", ("where",), registry=registry)
        for where in ("buffer", "disk"):
            self.lost.labels(where)
        waiting = Gauge("prediction_log_files_waiting", "Files not yet in the database.", registry=registry)
        waiting.set_function(lambda: float(len(self.files())))
        self._thread.start()

    def record(self, row: Row) -> None:
        """Take a record; returns at once, and never fails: one that finds no room is counted."""
        if len(self._buffer) >= self._most_buffered:
            self.lost.labels("buffer").inc()
        else:
            self._buffer.append(row)

    def files(self) -> list[Path]:
        """Return the files that wait, the oldest first."""
        return sorted(self.folder.glob("*.jsonl"))

    def close(self) -> None:
        """Write what is in memory; nothing may be recorded after this."""
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        closing = False
        while not closing:
            waiting = len(self.files())
            closing = self._closing.wait(_BEHIND_S if waiting > 1 else _PAUSE_S)
            for rows in self._batches():
                self._write(rows, waiting)
                waiting += 1

    def _batches(self) -> Iterator[list[Row]]:
        while self._buffer:
            yield [self._buffer.popleft() for _ in range(min(_MOST_ROWS, len(self._buffer)))]

    def _write(self, rows: list[Row], waiting: int) -> None:
        """Write a file that appears whole or not at all, and is on the disk when it does."""
        path = self.folder / f"{time.time_ns():020}-{os.getpid()}.jsonl"
        partial = path.with_suffix(".partial")
        try:
            if waiting >= self._most_files:
                raise OSError(f"{waiting} files are already waiting")
            with partial.open("w", encoding="utf-8") as out:
                out.writelines(json.dumps(row) + "\n" for row in rows)
                out.flush()
                os.fsync(out.fileno())
            partial.replace(path)
        except OSError as error:
            self.lost.labels("disk").inc(len(rows))
            log.error("records are lost", number=len(rows), reason=str(error))
