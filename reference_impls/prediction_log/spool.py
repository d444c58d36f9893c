"""From the request to the disk: a record waits briefly in memory, then in a file until it is in the database.

All records take this path, whether the database answers or not. A request only appends to a list in memory. One thread
writes the list to a file, and another (`shipping.py`) moves files to the database.
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
_BEHIND_S = 1.0                                     # while files are waiting, write fewer and larger ones
_MOST_ROWS = 1000
Row = Mapping[str, object]
log = logger(__name__)


class Spool:
    """A bounded buffer in front of a folder of files; each file has some records and is always complete."""

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
        """Add a record; returns immediately and never fails. If there is no room, the record is counted as lost."""
        if len(self._buffer) >= self._most_buffered:
            self.lost.labels("buffer").inc()
        else:
            self._buffer.append(row)

    def files(self) -> list[Path]:
        """Return the waiting files, the oldest first."""
        return sorted(self.folder.glob("*.jsonl"))

    def close(self) -> None:
        """Write the records in memory; no record may be added after this."""
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
        """Write a file atomically, and only after its content is on disk."""
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
