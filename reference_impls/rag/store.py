"""Documents and their index in one SQLite file; each build of the index knows the embedder that made its vectors.

A build becomes the current one in a single transaction, so questions see the old one or the new one, never a mixture.
Vectors of different embedders cannot be compared: a question is embedded as the build that it searches.
"""

from __future__ import annotations

import math
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kit.llm.embedding import Embedder

_TABLES = """
CREATE TABLE IF NOT EXISTS documents (id TEXT PRIMARY KEY, text TEXT NOT NULL, revision INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS builds
(number INTEGER PRIMARY KEY AUTOINCREMENT, edition INTEGER, embedder TEXT, at REAL, current INTEGER);
CREATE TABLE IF NOT EXISTS indexed (build INTEGER, id TEXT, revision INTEGER, PRIMARY KEY (build, id));
CREATE TABLE IF NOT EXISTS chunks (build INTEGER, id TEXT, text TEXT NOT NULL, vector BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS chunks_of ON chunks (build, id);
"""
_WAITING = """SELECT id, text, revision FROM documents d WHERE NOT EXISTS
(SELECT 1 FROM indexed i WHERE i.build = ? AND i.id = d.id AND i.revision = d.revision)"""
_BATCH = 50                                        # documents of one transaction
_LONGEST = 300                                     # letters of a chunk: two of them fit into the context of the model
embedder_of = lru_cache(maxsize=4)(Embedder)


class StoreDownError(Exception):
    """A store that cannot be reached."""


@dataclass(frozen=True, slots=True)
class Build:
    """One build of the index; `waiting` documents are newer than their vectors in it."""

    number: int
    edition: int
    embedder: str
    at: float
    waiting: int


@dataclass(frozen=True, slots=True)
class Found:
    """A part of a document that is close to a question."""

    document: str
    text: str
    likeness: float


@dataclass(frozen=True, slots=True)
class _Loaded:
    """The vectors of a build in memory; `seen` is its number and the version of the file."""

    seen: tuple[int, int]
    texts: list[tuple[str, str]]
    matrix: NDArray[np.float32]


class Store:
    """The file; every process opens it for itself, and its threads share that."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._base = sqlite3.connect(file, check_same_thread=False, isolation_level=None, timeout=30)
        self._base.execute("PRAGMA journal_mode=WAL")
        self._base.executescript(_TABLES)
        self._writing = threading.Lock()           # a connection has one transaction, whichever thread began it
        self._loaded = _Loaded((-1, -1), [], np.zeros((0, 0), np.float32))

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    def put(self, document: str, text: str) -> int:
        """Store a document, and return its revision; the same text again keeps its revision."""
        with self._changing():
            row = self._base.execute("SELECT text, revision FROM documents WHERE id = ?", (document,)).fetchone()
            if row is not None and row[0] == text:
                return int(row[1])
            revision = 1 if row is None else int(row[1]) + 1
            self._base.execute("INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", (document, text, revision))
            return revision

    def build(self) -> Build | None:
        """Return the current build; None before the first."""
        row = self._base.execute("SELECT number, edition, embedder, at FROM builds WHERE current = 1").fetchone()
        if row is None:
            return None
        waiting = self._base.execute(f"SELECT count(*) FROM ({_WAITING})", (row[0],)).fetchone()[0]
        number, edition, embedder, at = row
        return Build(number, edition, embedder, at, waiting)

    def index(self, document: str) -> None:
        """Bring one document of the current build up to date; doing it twice changes nothing."""
        with self._changing():
            build = self.build()
            if build is not None:
                rows = self._base.execute(f"{_WAITING} AND id = ?", (build.number, document)).fetchall()
                self._add(build.number, build.edition, rows)

    def rebuild(self, edition: int) -> Build:
        """Make a new build of all documents, and let it replace the current one; questions are answered meanwhile."""
        embedder = embedder_of(edition)
        with self._changing():
            self._drop_others()                    # of a rebuild that was killed
            row = (edition, embedder.version, time.time())
            sql = "INSERT INTO builds (edition, embedder, at, current) VALUES (?, ?, ?, 0)"
            number = int(self._base.execute(sql, row).lastrowid or 0)
        for names in in_batches(lambda: self._waiting(number)):
            with self._changing():
                some = f"{_WAITING} AND id IN ({', '.join('?' * len(names))})"
                self._add(number, edition, self._base.execute(some, (number, *names)).fetchall())
        with self._changing():                     # what came in since the last look, and the switch, at once
            self._add(number, edition, self._base.execute(_WAITING, (number,)).fetchall())
            if not self._base.execute("SELECT 1 FROM builds WHERE number = ?", (number,)).fetchone():
                raise RuntimeError("another rebuild began meanwhile; its index will be used")
            self._base.execute("UPDATE builds SET current = (number = ?)", (number,))
            self._drop_others()
        found = self.build()
        assert found is not None
        return found

    def search(self, build: Build, question: str, most: int) -> list[Found]:
        """Return the parts that are closest to a question, the best first."""
        seen = (build.number, int(self._base.execute("PRAGMA data_version").fetchone()[0]))
        loaded = self._loaded                      # another search may replace it at any time
        if seen != loaded.seen:
            rows = self._base.execute("SELECT id, text, vector FROM chunks WHERE build = ?", (build.number,)).fetchall()
            vectors = [np.frombuffer(row[2], np.float32) for row in rows]
            texts = [(row[0], row[1]) for row in rows]
            loaded = _Loaded(seen, texts, np.stack(vectors) if rows else np.zeros((0, 0), np.float32))
            self._loaded = loaded
        texts = loaded.texts
        if not texts:
            return []
        likeness = loaded.matrix @ embedder_of(build.edition).embed([question])[0]
        best = np.argsort(-likeness)[:most].tolist()
        return [Found(texts[at][0], texts[at][1], float(likeness[at])) for at in best if likeness[at] > 0]

    def _add(self, number: int, edition: int, rows: Iterable[tuple[str, str, int]]) -> None:
        for document, text, revision in rows:
            self._base.execute("DELETE FROM chunks WHERE build = ? AND id = ?", (number, document))
            parts = list(chunks_of(text))
            for part, vector in zip(parts, embedder_of(edition).embed(parts), strict=True):
                row = (number, document, part, vector.astype(np.float32).tobytes())
                self._base.execute("INSERT INTO chunks VALUES (?, ?, ?, ?)", row)
            self._base.execute("INSERT OR REPLACE INTO indexed VALUES (?, ?, ?)", (number, document, revision))

    def _waiting(self, number: int) -> list[str]:
        return [row[0] for row in self._base.execute(f"SELECT id FROM ({_WAITING})", (number,))]

    def _drop_others(self) -> None:
        self._base.execute("DELETE FROM builds WHERE current = 0")
        for table in ("indexed", "chunks"):
            self._base.execute(f"DELETE FROM {table} WHERE build NOT IN (SELECT number FROM builds)")

    @contextmanager
    def _changing(self) -> Iterator[None]:
        with self._writing:
            self._base.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._base.execute("ROLLBACK")
                raise
            self._base.execute("COMMIT")


def in_batches(waiting: Callable[[], list[str]]) -> Iterator[list[str]]:
    """Yield names of documents that wait to be indexed, some at a time, until few are left.

    If documents come as fast as they are indexed, that would never be: it also ends when a pass leaves as many as the
    pass before. The caller indexes the rest while others cannot write.

    >>> rest = iter([60, 70])
    >>> [len(names) for names in in_batches(lambda: ["x"] * next(rest))]
    [50, 10]
    """
    before = math.inf
    while _BATCH < len(names := waiting()) < before:
        before = len(names)
        for at in range(0, len(names), _BATCH):
            yield names[at : at + _BATCH]


def chunks_of(text: str) -> Iterator[str]:
    """Yield parts of a text that end with a sentence, if they can.

    >>> list(chunks_of("One. Two."))
    ['One. Two.']
    """
    part = ""
    for sentence in re.findall(rf".{{1,{_LONGEST}}}(?:[.!?]\s+|$)|.{{1,{_LONGEST}}}", text, re.DOTALL):
        if part and len(part) + len(sentence) > _LONGEST:
            yield part.strip()
            part = ""
        part += sentence
    yield part.strip()
