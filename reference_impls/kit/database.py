"""A relational store: SQLite in the data folder, or a database at a URL; the same code works with PostgreSQL.

Transactions are either `reading`, which never wait for a writer, or `writing`, which take SQLite's only write lock when
they begin: a transaction that reads first and requests the lock later can fail, whatever its timeout is
(https://www.sqlite.org/lang_transaction.html, "Deferred, Immediate, and Exclusive").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection as SqliteConnection

from sqlalchemy import URL, Connection, Engine, MetaData, Table, create_engine, event, make_url, text
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from kit.settings import Settings

BUSY_MS = 20_000
CONNECT_S = 5
_SCHEMA_LOCK = 0x6B6974                             # any number that no other advisory lock has
Values = Mapping[str, object]


class DatabaseSettings(Settings):
    """`database_url`: an SQLAlchemy URL of SQLite or PostgreSQL; empty for a file in `data_dir`."""

    database_url: str = ""


class RefusedDatabaseError(Exception):
    """A database that cannot be used: a wrong URL, or one that does not answer."""


def open_database(settings: DatabaseSettings, name: str) -> Engine:
    """Return the engine of a store, without connecting to it; raises `RefusedDatabaseError` for a wrong URL.

    Without a URL, the file is `NAME.db` in `data_dir`.
    """
    url = _url(settings.database_url, settings.data_dir, name)
    try:
        if url.get_backend_name() == "postgresql":
            return create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": CONNECT_S})
        engine = create_engine(url, connect_args={"timeout": BUSY_MS / 1000})
    except (ArgumentError, ValueError, TypeError):
        raise RefusedDatabaseError("SERVE_DATABASE_URL has an option with a wrong value") from None
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def create_tables(engine: Engine, metadata: MetaData) -> None:
    """Create missing tables; several processes may do so at the same time.

    Raises `RefusedDatabaseError` if the database does not answer.
    """
    where = engine.url.set(query={}).render_as_string(hide_password=True)      # the query may hold a password
    try:
        if engine.dialect.name == "sqlite" and engine.url.database:
            Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)
        with writing(engine) as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _SCHEMA_LOCK})
            metadata.create_all(connection)
    except (SQLAlchemyError, OSError, ValueError, TypeError) as error:         # the last two: for wrong options
        raise RefusedDatabaseError(f"the database {where} cannot be used: {reason(error)}") from None


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that only reads."""
    with engine.begin() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that may write; it is committed at the end, or rolled back after an exception."""
    with engine.execution_options(writes=True).begin() as connection:
        yield connection


def put(connection: Connection, table: Table, rows: Sequence[Values], *, replace: bool) -> None:
    """Insert rows; a row with an existing primary key replaces the old row, or is ignored."""
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    others = [column.name for column in table.columns if column.name not in keys and column.name in rows[0]]
    if connection.dialect.name == "postgresql":
        into = postgresql_insert(table)
        update = into.on_conflict_do_update(index_elements=keys, set_={name: into.excluded[name] for name in others})
        connection.execute(update if replace else into.on_conflict_do_nothing(), [dict(row) for row in rows])
        return
    onto = sqlite_insert(table)
    renew = onto.on_conflict_do_update(index_elements=keys, set_={name: onto.excluded[name] for name in others})
    connection.execute(renew if replace else onto.on_conflict_do_nothing(), [dict(row) for row in rows])


def reason(error: Exception) -> str:
    """Return the first line of a driver's error, without the statement."""
    said = str(error.orig) if isinstance(error, DBAPIError) and error.orig is not None else str(error)
    return said.strip().partition("\n")[0]


def _url(given: str, data_dir: Path, name: str) -> URL:
    try:
        url = make_url(given) if given else URL.create("sqlite", database=str((data_dir / f"{name}.db").absolute()))
    except (ArgumentError, ValueError):            # ValueError: a port that is no number
        raise RefusedDatabaseError("SERVE_DATABASE_URL is not a URL; example: postgresql://user@host/name") from None
    kind = url.drivername.partition("+")[0]
    if kind not in ("sqlite", "postgresql", "postgres"):
        raise RefusedDatabaseError(f"SERVE_DATABASE_URL: unknown database {kind}; use SQLite or PostgreSQL")
    return url.set(drivername="sqlite" if kind == "sqlite" else "postgresql+psycopg")


def _prepare(connection: SqliteConnection, _entry: ConnectionPoolEntry) -> None:
    """Allow readers in parallel with one writer, wait for locks, and let SQLAlchemy begin transactions."""
    connection.isolation_level = None
    for pragma in (f"busy_timeout = {BUSY_MS}", "journal_mode = WAL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")
