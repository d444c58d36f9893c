"""Documents and their index in PostgreSQL with pgvector: as `store.py`, for several machines and more documents.

Searches use an index (HNSW) of each build once that is faster than reading all vectors; its results are approximate.
Everything that changes an index takes one lock of the database, as SQLite does.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, Row, text
from sqlalchemy.exc import SQLAlchemyError

from kit.database import RefusedDatabaseError, reason
from kit.llm.network import Floats
from rag.store import Build, Found, StoreDownError, chunks_of, embedder_of, in_batches

_LOCK = 0x726167                                   # any number that no other advisory lock has
_TABLES = (
    "CREATE EXTENSION IF NOT EXISTS vector",
    "CREATE TABLE IF NOT EXISTS rag_documents (id text PRIMARY KEY, text text NOT NULL, revision integer NOT NULL)",
    "CREATE TABLE IF NOT EXISTS rag_builds (number bigserial PRIMARY KEY, edition integer NOT NULL, "
    "embedder text NOT NULL, at double precision NOT NULL, current boolean NOT NULL DEFAULT false)",
    "CREATE TABLE IF NOT EXISTS rag_indexed (build bigint, id text, revision integer, PRIMARY KEY (build, id))",
    "CREATE TABLE IF NOT EXISTS rag_chunks "
    "(build bigint, id text, text text NOT NULL, vector vector NOT NULL)",
    "CREATE INDEX IF NOT EXISTS rag_chunks_of ON rag_chunks (build, id)",
)
_PUT = """INSERT INTO rag_documents AS d VALUES (:id, :text, 1) ON CONFLICT (id) DO UPDATE
SET text = excluded.text, revision = d.revision + (d.text <> excluded.text)::integer RETURNING revision"""
_WAITING = """SELECT id, text, revision FROM rag_documents d WHERE NOT EXISTS
(SELECT 1 FROM rag_indexed i WHERE i.build = :build AND i.id = d.id AND i.revision = d.revision)"""
_BUILD = f"""SELECT number, edition, embedder, at,
(SELECT count(*) FROM ({_WAITING.replace(":build", "b.number")}) w) FROM rag_builds b WHERE current"""


class PgStore:
    """The database; its methods block, are thread-safe, and raise `StoreDownError` if it does not answer."""

    def __init__(self, engine: Engine) -> None:
        """Make the tables that are missing; raises `RefusedDatabaseError`."""
        self._engine = engine
        try:
            with engine.begin() as connection:
                _lock(connection)
                for statement in _TABLES:
                    connection.execute(text(statement))
        except SQLAlchemyError as error:
            engine.dispose()
            where = engine.url.set(query={}).render_as_string(hide_password=True)
            raise RefusedDatabaseError(f"the database {where} cannot be used: {reason(error)}") from None

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def put(self, document: str, content: str) -> int:
        """Store a document, and return its revision; the same text again keeps its revision."""
        with self._transaction() as connection:
            return int(connection.execute(text(_PUT), {"id": document, "text": content}).scalar_one())

    def build(self) -> Build | None:
        """Return the current build; None before the first."""
        with self._transaction() as connection:
            return _current(connection)

    def index(self, document: str) -> None:
        """Bring one document of the current build up to date; doing it twice changes nothing."""
        with self._changing() as connection:
            build = _current(connection)
            if build is not None:
                rows = connection.execute(text(f"{_WAITING} AND id = :id"), {"build": build.number, "id": document})
                _add(connection, build.number, build.edition, rows)

    def rebuild(self, edition: int) -> Build:
        """Make a new build of all documents, and let it replace the current one; questions are answered meanwhile."""
        row = {"edition": edition, "embedder": embedder_of(edition).version, "at": time.time()}
        with self._changing() as connection:
            _drop_others(connection)               # of a rebuild that was killed
            sql = "INSERT INTO rag_builds (edition, embedder, at) VALUES (:edition, :embedder, :at) RETURNING number"
            number = int(connection.execute(text(sql), row).scalar_one())
        of = {"build": number}
        for names in in_batches(lambda: self._waiting(number)):
            with self._changing() as connection:
                some = connection.execute(text(f"{_WAITING} AND id = ANY(:names)"), {**of, "names": names})
                _add(connection, number, edition, some)
        with self._changing() as connection:       # what came in since the last look, and the switch, at once
            _add(connection, number, edition, connection.execute(text(_WAITING), of))
            if not connection.execute(text("SELECT 1 FROM rag_builds WHERE number = :build"), of).first():
                raise RuntimeError("another rebuild began meanwhile; its index will be used")
            sql = "SELECT vector_dims(vector) FROM rag_chunks WHERE build = :build LIMIT 1"
            if size := connection.execute(text(sql), of).scalar():
                near = f"((vector::vector({size})) vector_ip_ops) WHERE build = {number}"
                connection.execute(text(f"CREATE INDEX rag_near_{number} ON rag_chunks USING hnsw {near}"))
            connection.execute(text("UPDATE rag_builds SET current = (number = :build)"), of)
            _drop_others(connection)
            found = _current(connection)
        assert found is not None
        return found

    def search(self, build: Build, question: str, most: int) -> list[Found]:
        """Return the parts that are closest to a question, the best first."""
        vector = embedder_of(build.edition).embed([question])[0]
        near = f"vector::vector({len(vector)}) <#> CAST(:vector AS vector({len(vector)}))"       # minus the likeness
        sql = f"SELECT id, text, -({near}) FROM rag_chunks WHERE build = {build.number:d} ORDER BY {near} LIMIT :most"
        with self._transaction() as connection:
            rows = connection.execute(text(sql), {"vector": _text_of(vector), "most": most}).all()
        return [Found(*row) for row in rows if row[2] > 0]

    def _waiting(self, number: int) -> list[str]:
        with self._transaction() as connection:
            return list(connection.execute(text(f"SELECT id FROM ({_WAITING}) w"), {"build": number}).scalars())

    @contextmanager
    def _changing(self) -> Iterator[Connection]:
        with self._transaction() as connection:
            _lock(connection)
            yield connection

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise StoreDownError(f"the database failed: {reason(error)}") from error


def _lock(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def _current(connection: Connection) -> Build | None:
    row = connection.execute(text(_BUILD)).one_or_none()
    return Build(*row) if row is not None else None


def _add(connection: Connection, number: int, edition: int, rows: Iterable[Row[Any]]) -> None:
    for row in list(rows):                         # they are read before the connection is used again
        of = {"build": number, "id": row.id}
        connection.execute(text("DELETE FROM rag_chunks WHERE build = :build AND id = :id"), of)
        parts = list(chunks_of(row.text))
        connection.execute(
            text("INSERT INTO rag_chunks VALUES (:build, :id, :text, CAST(:vector AS vector))"),
            [
                {**of, "text": part, "vector": _text_of(vector)}
                for part, vector in zip(parts, embedder_of(edition).embed(parts), strict=True)
            ],
        )
        connection.execute(
            text("INSERT INTO rag_indexed VALUES (:build, :id, :revision) "
                 "ON CONFLICT (build, id) DO UPDATE SET revision = excluded.revision"),
            {**of, "revision": row.revision},
        )  # fmt: skip


def _drop_others(connection: Connection) -> None:
    dropped = connection.execute(text("DELETE FROM rag_builds WHERE NOT current RETURNING number")).scalars().all()
    for number in dropped:
        connection.execute(text(f"DROP INDEX IF EXISTS rag_near_{number}"))
    for table in ("rag_indexed", "rag_chunks"):
        connection.execute(text(f"DELETE FROM {table} WHERE build NOT IN (SELECT number FROM rag_builds)"))


def _text_of(vector: Floats) -> str:
    return f"[{','.join(map(str, vector.tolist()))}]"
