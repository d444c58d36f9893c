"""The results of asynchronous work: each id is stored once, even if its message is delivered again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Column, Engine, Float, MetaData, String, Table, Text, delete, select, update

from kit.database import create_tables, put, reading, writing

Status = Literal["pending", "done", "dead"]
_METADATA = MetaData()
_RESULTS = Table(
    "results", _METADATA,
    Column("id", String(64), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("status", String(8), nullable=False),
    Column("answer", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("accepted", Float(53), nullable=False),
    Column("settled", Float(53), nullable=False),
)  # fmt: skip
_HANDS = Table(
    "hands", _METADATA,
    Column("id", String(64), primary_key=True),
    Column("holder", String(32), nullable=False),
    Column("until", Float(53), nullable=False),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Result:
    """The result of an id: `answer` is JSON if it is done, `reason` says why it is dead.

    `digest` is the SHA-256 of the request; `accepted` and `settled` are seconds since 1970, or 0.
    """

    id: str
    digest: str
    status: Status
    answer: str
    reason: str
    accepted: float
    settled: float


class Results:
    """The store; its methods block, raise `SQLAlchemyError` if the database fails, and are thread-safe."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def create(self) -> None:
        """Create the table if it is missing; raises `RefusedDatabaseError`."""
        create_tables(self.engine, _METADATA)

    def get(self, key: str) -> Result | None:
        """Return the result of an id."""
        with reading(self.engine) as connection:
            row = connection.execute(select(_RESULTS).where(_RESULTS.c.id == key)).one_or_none()
        return Result(*row) if row is not None else None

    def held_s(self, key: str) -> float:
        """Return for how many more seconds a worker has an id in hand; 0 if none has."""
        with reading(self.engine) as connection:
            until = connection.execute(select(_HANDS.c.until).where(_HANDS.c.id == key)).scalar_one_or_none()
        return max(0.0, (until or 0.0) - time.time())

    def hold(self, key: str, holder: str, for_s: float) -> None:
        """Record that a worker has an id in hand for some seconds from now."""
        with writing(self.engine) as connection:
            row = {"id": key, "holder": holder, "until": time.time() + for_s}
            put(connection, _HANDS, [row], replace=True)

    def release(self, key: str, holder: str) -> None:
        """Record that a worker no longer has an id in hand."""
        with writing(self.engine) as connection:
            connection.execute(delete(_HANDS).where(_HANDS.c.id == key, _HANDS.c.holder == holder))

    def all(self) -> list[Result]:
        """Return all results, the oldest first."""
        with reading(self.engine) as connection:
            rows = connection.execute(select(_RESULTS).order_by(_RESULTS.c.accepted)).all()
        return [Result(*row) for row in rows]

    def accept(self, key: str, digest: str) -> Result:
        """Store an id as pending if it is new, and return its result."""
        with writing(self.engine) as connection:
            put(connection, _RESULTS, [_pending(key, digest)], replace=False)
            return Result(*connection.execute(select(_RESULTS).where(_RESULTS.c.id == key)).one())

    def done(self, key: str, digest: str, answer: str) -> bool:
        """Store an answer, unless there is one or the id belongs to another request; return whether it was stored."""
        return self._settle(key, digest, status="done", answer=answer, reason="")

    def dead(self, key: str, digest: str, reason: str) -> bool:
        """Store why an id gets no answer, unless it has one or belongs to another request; return whether it was."""
        return self._settle(key, digest, status="dead", answer="", reason=reason)

    def revive(self, keys: Sequence[str]) -> None:
        """Mark dead ids as pending again."""
        with writing(self.engine) as connection:
            for key in keys:
                change = update(_RESULTS).where(_RESULTS.c.id == key, _RESULTS.c.status == "dead")
                connection.execute(change.values(status="pending", reason="", settled=0.0))

    def _settle(self, key: str, digest: str, **values: str) -> bool:
        with writing(self.engine) as connection:
            put(connection, _RESULTS, [_pending(key, digest)], replace=False)  # a worker may be faster than the sender
            own = (_RESULTS.c.id == key) & (_RESULTS.c.digest == digest)  # not of another request with this id
            change = update(_RESULTS).where(own, _RESULTS.c.status != "done")
            return connection.execute(change.values(settled=time.time(), **values)).rowcount == 1


def _pending(key: str, digest: str) -> dict[str, object]:
    return {"id": key, "digest": digest, "status": "pending", "answer": "", "reason": "",
            "accepted": time.time(), "settled": 0.0}  # fmt: skip
