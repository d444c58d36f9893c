"""The tables, and the transactions that make a run safe to kill, repeat and share between workers.

One transaction stores the predictions of a part and marks it as done, and only if the worker still holds the part. So
each row is written once, even if processes are killed or a worker that seemed dead continues.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import JSON, Column, Connection, Double, Integer, MetaData, String, Table, func, or_, select
from sqlalchemy.engine import Engine

from batch.settings import Retry
from kit.database import create_tables, put, reading, writing

if TYPE_CHECKING:                                   # the API and the scheduler do not need NumPy
    from kit.models import Prediction

METADATA = MetaData()
RECORDS = Table(
    "batch_records", METADATA, Column("key", String(100), primary_key=True), Column("inputs", JSON, nullable=False)
)
RUNS = Table(
    "batch_runs", METADATA,
    Column("run", String(64), primary_key=True), Column("version", String(64), nullable=False),
    Column("began", Double, nullable=False), Column("ended", Double), Column("failed", Integer),
)  # fmt: skip
PARTS = Table(
    "batch_parts", METADATA,
    Column("run", String(64), primary_key=True), Column("number", Integer, primary_key=True),
    Column("first", String(100), nullable=False), Column("last", String(100), nullable=False),
    Column("state", String(10), nullable=False), Column("worker", String(100)),
    Column("lease_until", Double), Column("reason", String(500)),
)  # fmt: skip
PREDICTIONS = Table(
    "batch_predictions", METADATA,
    Column("key", String(100), primary_key=True), Column("run", String(64), primary_key=True),
    Column("label", String(100), nullable=False), Column("probability", Double, nullable=False),
    Column("version", String(64), nullable=False), Column("at", Double, nullable=False),
)  # fmt: skip


class OtherModelError(Exception):
    """The run was started with another version of the model."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part that `worker` has claimed: the records from key `first` to `last`, both included."""

    run: str
    number: int
    first: str
    last: str
    worker: str


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored prediction; `at` is in seconds since 1970."""

    key: str
    run: str
    label: str
    probability: float
    version: str
    at: float


class Store:
    """The records, runs, parts and predictions of one database; raises `RefusedDatabaseError` if it cannot be used."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        create_tables(engine, METADATA)

    def fill(self, records: Mapping[str, Sequence[float]]) -> None:
        """Write sample records if the table is empty; with your own source table, this is not needed."""
        rows = [{"key": key, "inputs": list(inputs)} for key, inputs in records.items()]
        with writing(self.engine) as connection:
            if connection.execute(select(RECORDS.c.key).limit(1)).first() is None:
                put(connection, RECORDS, rows, replace=False)

    def begin(self, run: str, version: str, chunk: int, retry: Retry) -> None:
        """Split the records into parts of `chunk`; for an earlier run, reopen the parts to repeat.

        Raises `OtherModelError` if the run would mix two versions of the model.
        """
        row = {"run": run, "version": version, "began": time.time()}
        with writing(self.engine) as connection:
            put(connection, RUNS, [row], replace=False)           # another worker that starts the run waits here
            if connection.execute(select(PARTS.c.number).where(PARTS.c.run == run).limit(1)).first() is None:
                put(connection, PARTS, self._split(connection, run, chunk), replace=False)
            begun = connection.execute(select(RUNS.c.version).where(RUNS.c.run == run)).scalar_one()
            if begun != version and retry != "all":
                raise OtherModelError(
                    f"run {run} started with model version {begun}, but the model is now {version}: "
                    "start a new run, or repeat the whole run with --retry all"
                )
            if retry != "none":
                again = PARTS.update().where(PARTS.c.run == run, PARTS.c.state != "waiting")
                again = again if retry == "all" else again.where(PARTS.c.state == "failed")
                opened = connection.execute(again.values(state="waiting", worker=None, reason=None)).rowcount
                if opened or begun != version:
                    connection.execute(RUNS.update().where(RUNS.c.run == run).values(version=version, ended=None))

    def _split(self, connection: Connection, run: str, chunk: int) -> list[dict[str, object]]:
        numbered = select(RECORDS.c.key, func.row_number().over(order_by=RECORDS.c.key).label("n")).subquery()
        parts = select(numbered.c.key, ((numbered.c.n - 1) // chunk).label("number")).subquery()
        bounds = (
            select(func.min(parts.c.key), func.max(parts.c.key)).group_by(parts.c.number).order_by(parts.c.number)
        )
        return [
            {"run": run, "number": i, "first": first, "last": last, "state": "waiting"}
            for i, (first, last) in enumerate(connection.execute(bounds))
        ]

    def claim(self, run: str, worker: str, lease_s: float) -> Part | None:
        """Claim the next part that is waiting or whose lease has expired; return None if there is none.

        PostgreSQL skips rows that another worker is claiming (SKIP LOCKED). With SQLite, the transaction holds the only
        write lock from its start.
        """
        now = time.time()
        free = or_(PARTS.c.state == "waiting", (PARTS.c.state == "running") & (PARTS.c.lease_until < now))
        query = select(PARTS).where(PARTS.c.run == run, free).order_by(PARTS.c.number).limit(1)
        with writing(self.engine) as connection:
            row = connection.execute(query.with_for_update(skip_locked=True)).mappings().first()
            if row is None:
                return None
            part = Part(run, row["number"], row["first"], row["last"], worker)
            here = (PARTS.c.run == run) & (PARTS.c.number == part.number)
            held = {"state": "running", "worker": worker, "lease_until": now + lease_s}
            connection.execute(PARTS.update().where(here).values(held))
            return part

    def records(self, part: Part) -> dict[str, list[float]]:
        """Return the records of a part by key."""
        query = select(RECORDS).where(RECORDS.c.key.between(part.first, part.last)).order_by(RECORDS.c.key)
        with reading(self.engine) as connection:
            return {row.key: row.inputs for row in connection.execute(query)}

    def finish(self, part: Part, keys: Sequence[str], predictions: Sequence[Prediction], version: str) -> bool:
        """Store a part's predictions and mark it as done; return False, without a change, if another worker took it."""
        now = time.time()
        rows = [
            {"key": key, "run": part.run, "label": p.label, "probability": p.probability, "version": version, "at": now}
            for key, p in zip(keys, predictions, strict=True)
        ]
        with writing(self.engine) as connection:
            if not _release(connection, part, "done", None):
                return False
            put(connection, PREDICTIONS, rows, replace=True)
            return True

    def fail(self, part: Part, reason: str) -> None:
        """Record why a part could not be scored."""
        with writing(self.engine) as connection:
            _release(connection, part, "failed", reason[:500])

    def states(self, run: str) -> dict[str, int]:
        """Return how many parts of a run are waiting, running, done and failed."""
        query = select(PARTS.c.state, func.count()).where(PARTS.c.run == run).group_by(PARTS.c.state)
        with reading(self.engine) as connection:
            counts = {str(state): int(number) for state, number in connection.execute(query)}
        return {state: counts.get(state, 0) for state in ("waiting", "running", "done", "failed")}

    def reasons(self, run: str) -> list[str]:
        """Return why parts of a run failed."""
        query = select(PARTS).where(PARTS.c.run == run, PARTS.c.state == "failed").order_by(PARTS.c.number)
        with reading(self.engine) as connection:
            return [f"part {row.number} ({row.first} to {row.last}): {row.reason}" for row in connection.execute(query)]

    def end(self, run: str, failed: int, keep: int) -> None:
        """Record the end of a run, and delete all runs but the last `keep`."""
        last = select(RUNS.c.run).order_by(RUNS.c.began.desc()).limit(keep)
        with writing(self.engine) as connection:
            connection.execute(RUNS.update().where(RUNS.c.run == run).values(ended=time.time(), failed=failed))
            for table in (PREDICTIONS, PARTS, RUNS):
                connection.execute(table.delete().where(table.c.run.not_in(last)))

    def unfinished(self) -> str | None:
        """Return the newest run if it has not ended."""
        with reading(self.engine) as connection:
            row = connection.execute(select(RUNS).order_by(RUNS.c.began.desc()).limit(1)).first()
        return str(row.run) if row is not None and row.ended is None else None

    def last_end(self) -> float | None:
        """Return when the last run ended, in seconds since 1970, or None if no run has ended."""
        with reading(self.engine) as connection:
            ended: float | None = connection.execute(select(func.max(RUNS.c.ended))).scalar_one()
            return ended

    def prediction(self, key: str) -> Stored | None:
        """Return the newest prediction of a key."""
        query = select(PREDICTIONS).where(PREDICTIONS.c.key == key).order_by(PREDICTIONS.c.at.desc()).limit(1)
        with reading(self.engine) as connection:
            row = connection.execute(query).first()
        return None if row is None else Stored(row.key, row.run, row.label, row.probability, row.version, row.at)


def _release(connection: Connection, part: Part, state: str, reason: str | None) -> bool:
    """Release a part with a new state; return whether its worker still held it."""
    here = (PARTS.c.run == part.run) & (PARTS.c.number == part.number)
    held = here & (PARTS.c.worker == part.worker) & (PARTS.c.state == "running")
    return connection.execute(PARTS.update().where(held).values(state=state, reason=reason)).rowcount == 1
