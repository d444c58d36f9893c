"""From the disk to the database: the tables, what moves files into them, and what is asked of them."""

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
    """How one version of a model did: `right` of those whose outcome is known; `accuracy` is None while none is."""

    version: str
    predictions: int
    known: int
    right: int
    accuracy: float | None
    mean_latency_ms: float


class Shipping:
    """A thread that moves files to the database, and goes on trying while that is gone.

    A record has its own id, so that a file which was stored but not yet deleted when the process ended changes
    nothing when it is stored again.
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
        """Make the tables where that has not been done; raises `RefusedDatabaseError` while the database is gone."""
        if not self._prepared:
            create_tables(self._engine, METADATA)
            self._prepared = True

    def close(self, patience_s: float) -> None:
        """Move what the spool has written; what the database does not take in time stays on disk for the next start."""
        self._closing.set()
        self._thread.join(patience_s)

    def _run(self) -> None:
        while True:
            closing = self._closing.is_set()        # asked before the look: what was there by then is moved
            there = self._ship()
            if closing:
                return
            self._closing.wait(_PAUSE_S if there else _RETRY_S)

    def _ship(self) -> bool:
        """Move all files that wait, and tell whether the database took them."""
        for path in self._spool.files():
            try:
                self.prepare()
                self._move(path)
            except (DataError, IntegrityError, CompileError, ValueError, KeyError, TypeError) as error:
                path.replace(path.with_suffix(".unfit"))
                self._refused.inc()
                log.error("the database rejects a file; it is set aside", file=path.name, reason=reason(error))
            except (SQLAlchemyError, RefusedDatabaseError, OSError) as error:
                self._prepared = False              # it may come back empty
                log.warning("the log waits on disk", files=len(self._spool.files()), reason=reason(error))
                return False
        return True

    def _move(self, path: Path) -> None:
        try:
            rows: list[Mapping[str, object]] = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        except FileNotFoundError:                   # another replica over the same folder was quicker
            return
        with writing(self._engine) as connection:
            put(connection, PREDICTIONS, rows, replace=False)
        path.unlink(missing_ok=True)
        self._written.inc(len(rows))


def note_outcomes(engine: Engine, labels: Mapping[str, str]) -> None:
    """Store what became true of predictions, by their ids; a later word replaces an earlier one."""
    now = time.time()
    with writing(engine) as connection:
        rows = [{"id": identity, "label": label, "at": now} for identity, label in labels.items()]
        put(connection, OUTCOMES, rows, replace=True)


def quality(engine: Engine, since: float) -> list[Quality]:
    """Return how each version did with the predictions from `since` on, in seconds since 1970."""
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
