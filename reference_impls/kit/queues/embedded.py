"""The queue without a server: an SQLite table, for any number of processes on one machine.

A worker leases a message, and renews the lease while it works; if the worker dies, the message is delivered again after
the lease expires. Each change is on disk before it is confirmed (`synchronous=FULL`,
https://www.sqlite.org/pragma.html#pragma_synchronous).
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import structlog

from kit.logs import logger
from kit.queues.base import Again, Dead, Delivery, Hand, Policy, QueueDownError, Work
from kit.spans import span
from kit.tracing import context, received

T = TypeVar("T")
log = logger(__name__)
_IDLE_S, _LONGEST_IDLE_S = 0.01, 0.2               # the pauses before an empty queue is read again: longer each time
_BUSY_S = 20.0
_SCHEMA = """
create table if not exists messages (
  seq integer primary key, queue text not null, id text not null, body blob not null,
  attempt integer not null default 0, due real not null, holder text, reason text, dead integer not null default 0,
  context text not null default '{}'
) strict;
create index if not exists messages_due on messages (queue, dead, due, seq);
"""
_NEXT = "select seq from messages where queue = ? and dead = 0 and due <= ? order by due, seq limit 1"
_LEASE = f"""
update messages set attempt = attempt + 1, holder = ?, due = ? where seq = ({_NEXT})
returning seq, id, body, attempt, context
"""


@dataclass(frozen=True, slots=True)
class _Held:
    """A leased message: each lease has a new `holder`, so that an expired lease cannot change the message."""

    seq: int
    holder: str
    delivery: Delivery
    context: str


class EmbeddedQueue:
    """A named queue in an SQLite file."""

    def __init__(self, file: Path, name: str, policy: Policy) -> None:
        self.file = file
        self.name = name
        self.policy = policy
        self.hand = Hand(policy.limit_s)
        self._lock = threading.Lock()
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        """Open the file; raises `QueueDownError`."""
        await asyncio.to_thread(self._open)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take no more messages, finish the one in hand, and close the file."""
        self._stopping.set()
        await asyncio.gather(*self._tasks)
        self._connection.close()

    async def publish(self, key: str, body: bytes) -> None:
        """Return when the message is on disk; raises `QueueDownError`."""
        await self._change("insert into messages (queue, id, body, due, context) values (?, ?, ?, ?, ?)",
                           self.name, key, body, time.time(), json.dumps(context()))  # fmt: skip

    async def consume(self, work: Work) -> None:
        """Start to take messages, one at a time."""
        self._tasks.append(asyncio.create_task(self._work(work)))

    async def replay(self) -> list[str]:
        """Requeue the dead letters, and return their ids."""
        again = "update messages set dead = 0, attempt = 0, reason = null, due = ? where queue = ? and dead = 1"
        return [str(row[0]) for row in await self._change(f"{again} returning id", time.time(), self.name)]

    async def _work(self, work: Work) -> None:
        idle_s = _IDLE_S
        while not self._stopping.is_set():
            try:
                held = await self._lease()
                if held is not None:
                    idle_s = _IDLE_S
                    bound = structlog.contextvars.bound_contextvars(**received(json.loads(held.context)))
                    with bound, span(self.name, "consumer"):
                        await self._settle(held, await self._handle(work, held))
                    if self.hand.is_stuck and not self._stopping.is_set():
                        await self.hand.wait_until_free()
                    continue
            except QueueDownError as error:        # the current message is delivered again after its lease
                log.error("queue is down", reason=str(error))
            except Exception as error:
                log.error("message could not be acknowledged", reason=repr(error))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), idle_s)
            idle_s = min(_LONGEST_IDLE_S, idle_s * 2)

    async def _lease(self) -> _Held | None:
        now = time.time()
        if not await self._run(lambda c: c.execute(_NEXT, (self.name, now)).fetchall()):
            return None                            # reading takes no lock; only a lease does
        holder = uuid.uuid4().hex
        rows = await self._change(_LEASE, holder, now + self.policy.lease_s, self.name, now)
        for seq, key, body, attempt, said in rows:
            return _Held(seq, holder, Delivery(key, body, attempt), said)
        return None

    async def _handle(self, work: Work, held: _Held) -> Again | Dead | None:
        """Run the handler, and renew the lease until it is done."""
        task = asyncio.create_task(self.hand.handle(work, held.delivery, self.policy))
        while not (await asyncio.wait({task}, timeout=self.policy.lease_s / 3))[0]:
            until = time.time() + self.policy.lease_s
            with suppress(QueueDownError):         # the work goes on; the next renewal may succeed
                await self._change("update messages set due = ? where seq = ? and holder = ?",
                                   until, held.seq, held.holder)  # fmt: skip
        return task.result()

    async def _settle(self, held: _Held, verdict: Again | Dead | None) -> None:
        match verdict:
            case None:
                await self._change("delete from messages where seq = ? and holder = ?", held.seq, held.holder)
            case Again(after_s, reason, counted):
                values = "holder = null, due = ?, reason = ?, attempt = attempt - ?"
                rest = f"update messages set {values} where seq = ? and holder = ?"
                uncounted = 0 if counted else 1
                await self._change(rest, time.time() + after_s, reason, uncounted, held.seq, held.holder)
            case Dead(reason):
                bury = "update messages set holder = null, dead = 1, reason = ? where seq = ? and holder = ?"
                await self._change(bury, reason, held.seq, held.holder)

    async def _change(self, statement: str, *values: object) -> list[tuple[int, str, bytes, int, str]]:
        """Run one statement, which SQLite commits by itself."""
        return await self._run(lambda c: c.execute(statement, values).fetchall())

    async def _run(self, use: Callable[[sqlite3.Connection], T]) -> T:
        def locked() -> T:
            with self._lock:
                return use(self._connection)

        try:
            return await asyncio.to_thread(locked)
        except sqlite3.Error as error:
            raise QueueDownError(f"the queue {self.file} failed: {error}") from None

    def _open(self) -> None:
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                self.file, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
            )
            self._connection.execute("pragma journal_mode = wal")
            self._connection.execute("pragma synchronous = full")
            self._connection.executescript(_SCHEMA)
            if "context" not in {row[1] for row in self._connection.execute("pragma table_info(messages)")}:
                self._connection.execute("alter table messages add column context text not null default '{}'")
        except (sqlite3.Error, OSError) as error:
            raise QueueDownError(f"the queue {self.file} cannot be opened: {error}") from None
