"""Runs of `check` over time: how many findings each system had, in SQLite or PostgreSQL.

`archlint check --record URL` writes them, as does a server that saves a file; the server shows them.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from archlint.about import install_command
from archlint.errors import UsageError
from archlint.source.files import project_root
from archlint.verdicts import FileReport, Report

try:
    import sqlalchemy as sql
    from sqlalchemy.exc import SQLAlchemyError
except ImportError:
    raise UsageError("keeping runs needs SQLAlchemy", install_command("serve")) from None

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

MOST_RUNS: Final = 50
"""The maximum number of runs of one system in its trend."""
_REVISIONS: Final = ("GITHUB_SHA", "CI_COMMIT_SHA", "BUILD_SOURCEVERSION", "GIT_COMMIT")
"""Where CI systems name the commit that is checked out."""
_DRIVERS: Final = {
    "sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}  # fmt: skip
_EXAMPLE: Final = "write it as sqlite:///runs.sqlite or postgresql://USER@HOST/DATABASE"

_metadata = sql.MetaData()
_runs = sql.Table(
    "archlint_runs", _metadata,
    sql.Column("id", sql.Integer, primary_key=True),
    sql.Column("at", sql.DateTime(timezone=True), nullable=False),
    sql.Column("project", sql.Text, nullable=False),
    sql.Column("file", sql.Text, nullable=False),
    sql.Column("part", sql.Text, nullable=False),
    sql.Column("system", sql.Text, nullable=False),
    sql.Column("source", sql.Text, nullable=False),
    sql.Column("revision", sql.Text, nullable=False),
    sql.Column("errors", sql.Integer, nullable=False),
    sql.Column("warnings", sql.Integer, nullable=False),
    sql.Column("infos", sql.Integer, nullable=False),
    sql.Column("findings", sql.JSON, nullable=False),
    sql.Index("archlint_runs_of_a_file", "project", "file", "at"),
)  # fmt: skip


class Run(msgspec.Struct, frozen=True):
    """The findings of one system at one time. `project` is the name of its folder, `file` the path in that."""

    at: datetime
    project: str
    file: str
    part: str
    system: str
    source: str
    revision: str
    errors: int
    warnings: int
    infos: int


class Runs:
    """The runs in one database; raises `UsageError` for one that cannot be used."""

    def __init__(self, url: str) -> None:
        self._engine = _engine(url)
        self._is_ready = False

    def record(self, files: Iterable[FileReport], source: str) -> int:
        """Write a run of each system, and return how many these are."""
        now, revision = datetime.now(UTC), next((os.environ[name] for name in _REVISIONS if os.environ.get(name)), "")
        rows = [_row(file, now, source, revision) for file in files]
        if rows:
            try:
                with self._ready().begin() as connection:
                    connection.execute(sql.insert(_runs), rows)
            except SQLAlchemyError as error:
                raise self._failed("written", error) from None
        return len(rows)

    def of(self, project: str, file: str) -> list[Run]:
        """Return the last runs of the systems of a file, the oldest first."""
        columns = [_runs.c[name] for name in Run.__struct_fields__]
        query = sql.select(*columns).where(_runs.c.project == project, _runs.c.file == file)
        query = query.order_by(_runs.c.at.desc(), _runs.c.id.desc()).limit(MOST_RUNS)
        try:
            with self._ready().connect() as connection:
                found = connection.execute(query).all()
        except SQLAlchemyError as error:
            raise self._failed("read", error) from None
        return [Run(_in_utc(at), *counted) for at, *counted in reversed(found)]

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _ready(self) -> Engine:
        """Return the engine of a database that has the table; another process may make it at the same time."""
        if not self._is_ready:
            try:
                _metadata.create_all(self._engine)
            except SQLAlchemyError:
                _metadata.create_all(self._engine)
            self._is_ready = True
        return self._engine

    def _failed(self, done: str, error: SQLAlchemyError) -> UsageError:
        said = str(getattr(error, "orig", None) or type(error).__name__).strip().splitlines()
        shown = self._engine.url.render_as_string(hide_password=True)
        return UsageError(f"{shown}: runs cannot be {done}: {said[0] if said else 'unknown error'}", _EXAMPLE)


def record(url: str, report: Report) -> int:
    """Write the runs of a report; raises `UsageError` if the database cannot be used."""
    runs = Runs(url)
    try:
        return runs.record(report.files, "check")
    finally:
        runs.close()


def default_url() -> str:
    """Return the URL of the user's own database: SQLite in the folder for the state of programs."""
    home = os.environ.get("XDG_STATE_HOME") or os.environ.get("LOCALAPPDATA") or Path.home() / ".local" / "state"
    folder = Path(home) / "archlint"
    folder.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{folder / 'runs.sqlite'}"


def place_of(file: str) -> tuple[str, str]:
    """Return the name of the project of a file, and the path of the file in it: the same on every machine."""
    path = Path(os.path.realpath(file))
    root = project_root(path)
    return root.name, path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


def counts_of(file: FileReport) -> tuple[int, int, int]:
    """Return how many errors, warnings and infos a system has."""
    counts = Counter(finding.severity for finding in file.grouped)
    return counts["error"], counts["warning"], counts["info"]


def _row(file: FileReport, now: datetime, source: str, revision: str) -> dict[str, object]:
    project, path = place_of(file.file)
    errors, warnings, infos = counts_of(file)
    findings = [
        {"rule": one.rule, "severity": one.severity, "at": one.at, "fingerprint": one.fingerprint}
        for one in file.grouped
    ]
    values = (now, project, path, str(file.part or ""), file.system or "", source, revision, errors, warnings, infos)
    row: dict[str, object] = dict(zip(Run.__struct_fields__, map(_storable, values), strict=True))
    return {**row, "findings": findings}


def _storable(value: object) -> object:
    """Return a value that databases take: names of files and systems may hold NUL or lone surrogates."""
    return value.encode("utf-8", "replace").decode().replace("\0", "?") if isinstance(value, str) else value


def _in_utc(at: datetime) -> datetime:
    """Return a time of a database: SQLite keeps no zone."""
    return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)


def _engine(text: str) -> Engine:
    scheme, colon, rest = text.partition("://")
    if not colon or scheme not in _DRIVERS:
        raise UsageError("the URL of the runs is neither of SQLite nor of PostgreSQL", _EXAMPLE)
    try:
        url = sql.make_url(f"{_DRIVERS[scheme]}://{rest}")
        waits = {"timeout": 30} if scheme == "sqlite" else {"connect_timeout": 10}
        return sql.create_engine(url, connect_args=waits, pool_pre_ping=True)
    except (SQLAlchemyError, ValueError) as error:
        raise UsageError(f"the URL of the runs cannot be read: {type(error).__name__}", _EXAMPLE) from None
    except ImportError as error:
        raise UsageError(f"PostgreSQL needs {error.name}", install_command("serve")) from None
