"""From the disk to the database: the tables, the thread that moves files into them, and the queries."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter
from sqlalchemy import JSON, Column, Double, Integer, MetaData, String, Table, case, func, select
from sqlalchemy.engine import Engine
from sqlalchemy.exc import CompileError, DataError, IntegrityError, SQLAlchemyError

from kit.database import RefusedDatabaseError, create_tables, put, reading, reason, writing
from kit.logs import logger
from prediction_log.spool import Spool

METADATA = MetaData()
PREDICTIONS = Table(
    "prediction_log", METADATA,
    Column("id", String(40), primary_key=True), Column("request", String(64), nullable=False, index=True),
    Column("position", Integer, nullable=False), Column("at", Double, nullable=False, index=True),
    Column("model", String(100), nullable=False), Column("version", String(64), nullable=False),
    Column("inputs", JSON(none_as_null=True)), Column("label", String(100), nullable=False),
    Column("probability", Double, nullable=False), Column("latency_ms", Double, nullable=False),
)  # fmt: skip
OUTCOMES = Table(
    "prediction_outcomes", METADATA,
    Column("id", String(40), primary_key=True), Column("label", String(100), nullable=False),
    Column("at", Double, nullable=False),
)  # fmt: skip
_PAUSE_S = 0.1
_RETRY_S = 1.0
log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Quality:
    """The accuracy of one model version: `right` of the predictions with an outcome; None without any outcome."""

    version: str
    predictions: int
    known: int
    right: int
    accuracy: float | None
    mean_latency_ms: float


class Shipping:
    """A thread that moves files to the database, and keeps trying while the database is down.

    Each record has an id. So if a process ends after it stores a file and before it deletes the file, storing it again
    changes nothing.
    """

    def __init__(self, engine: Engine, spool: Spool, registry: CollectorRegistry) -> None:
        self._engine, self._spool = engine, spool
        self._prepared = False
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="shipping", daemon=True)
        self._written = Counter("prediction_log_written", "Records stored.", registry=registry)
        self._refused = Counter("prediction_log_refused_files", "Files that the database rejects.", registry=registry)
        self._thread.start()

    def prepare(self) -> None:
        """Create the missing tables; raises `RefusedDatabaseError` while the database is down."""
        if not self._prepared:
            create_tables(self._engine, METADATA)
            self._prepared = True

    def close(self, patience_s: float) -> None:
        """Move the spooled files; files that the database does not accept in time stay on disk for the next start."""
        self._closing.set()
        self._thread.join(patience_s)

    def _run(self) -> None:
        while True:
            closing = self._closing.is_set()        # read this first: files that exist now are still moved
            there = self._ship()
            if closing:
                return
            self._closing.wait(_PAUSE_S if there else _RETRY_S)

    def _ship(self) -> bool:
        """Move all waiting files, and return whether the database accepted them."""
        for path in self._spool.files():
            try:
                self.prepare()
                self._move(path)
            except (DataError, IntegrityError, CompileError, ValueError, KeyError, TypeError) as error:
                path.replace(path.with_suffix(".unfit"))
                self._refused.inc()
                log.error("the database rejects a file; it is set aside", file=path.name, reason=reason(error))
            except (SQLAlchemyError, RefusedDatabaseError, OSError) as error:
                self._prepared = False              # it may come back without tables
                log.warning("the log waits on disk", files=len(self._spool.files()), reason=reason(error))
                return False
        return True

    def _move(self, path: Path) -> None:
        try:
            rows: list[Mapping[str, object]] = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        except FileNotFoundError:                   # another replica with the same folder was faster
            return
        with writing(self._engine) as connection:
            put(connection, PREDICTIONS, rows, replace=False)
        path.unlink(missing_ok=True)
        self._written.inc(len(rows))


def note_outcomes(engine: Engine, labels: Mapping[str, str]) -> None:
    """Store the true classes of predictions, by their ids; a later value replaces an earlier one."""
    now = time.time()
    with writing(engine) as connection:
        rows = [{"id": identity, "label": label, "at": now} for identity, label in labels.items()]
        put(connection, OUTCOMES, rows, replace=True)


def quality(engine: Engine, since: float) -> list[Quality]:
    """Return the accuracy of each version for the predictions since `since`, in seconds since 1970."""
    right = func.coalesce(func.sum(case((PREDICTIONS.c.label == OUTCOMES.c.label, 1), else_=0)), 0)
    query = (
        select(PREDICTIONS.c.version, func.count(), func.count(OUTCOMES.c.id), right,
               func.avg(PREDICTIONS.c.latency_ms))
        .select_from(PREDICTIONS.outerjoin(OUTCOMES, PREDICTIONS.c.id == OUTCOMES.c.id))
        .where(PREDICTIONS.c.at >= since)
        .group_by(PREDICTIONS.c.version)
        .order_by(func.min(PREDICTIONS.c.at))
    )  # fmt: skip
    with reading(engine) as connection:
        rows = connection.execute(query).all()
    return [
        Quality(version, n, known, int(hits), int(hits) / known if known else None, round(float(mean), 3))
        for version, n, known, hits, mean in rows
    ]
