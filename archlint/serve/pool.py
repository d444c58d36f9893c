"""Worker processes of a server: each does one job at a time, and is killed if that takes too long."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from asyncio.subprocess import PIPE, Process
from typing import Final

import msgspec

from archlint.serve.jobs import Job, Refused, Reply, Setup, encoded, reply_of

_LONGEST_READ: Final = 2**16


class BusyError(Exception):
    """More jobs wait than the server accepts."""


class Pool:
    """A number of workers; jobs wait in order for a free one. A worker that ends is started again when needed."""

    def __init__(self, setup: Setup, size: int, limit_s: float, most_waiting: int) -> None:
        self._command = (sys.executable, "-m", "archlint.serve.worker", msgspec.json.encode(setup).decode())
        self._limit_s = limit_s
        self._most_waiting = most_waiting
        self._waiting = 0
        self._free = asyncio.Semaphore(size)
        self._size = size
        self._idle: list[Process] = []
        self._all: set[Process] = set()

    async def start(self) -> None:
        """Start the workers, so that the first jobs need not wait for that."""
        for _ in range(self._size):
            self._idle.append(await self._started())

    async def do(self, job: Job) -> Reply:
        """Return the reply of a job; one that takes too long, or more memory than there is, is refused.

        Raises `BusyError`. If the caller is cancelled, so is the job.
        """
        if self._waiting >= self._most_waiting:
            raise BusyError
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1
        try:
            return await self._done(encoded(job))
        finally:
            self._free.release()

    async def close(self) -> None:
        """Kill the workers, and wait until they have ended."""
        for process in self._all:
            _kill(process)
        await asyncio.gather(*(process.wait() for process in self._all))
        self._all.clear()
        self._idle.clear()

    async def _started(self) -> Process:
        process = await asyncio.create_subprocess_exec(*self._command, stdin=PIPE, stdout=PIPE, limit=_LONGEST_READ)
        self._all.add(process)
        return process

    async def _done(self, data: bytes) -> Reply:
        process = self._idle.pop() if self._idle else await self._started()
        finished = False
        try:
            async with asyncio.timeout(self._limit_s):
                reply = await _asked(process, data)
            finished = True
            return reply
        except TimeoutError:
            said = f"this takes longer than {self._limit_s:g} s, the limit of the server"
            return Refused("invalid", said, "send a smaller system, or start the server with a larger --time-limit")
        except (asyncio.IncompleteReadError, ConnectionError):
            return Refused("invalid", "the process that worked on this ended", "send a smaller system")
        finally:
            if finished:
                self._idle.append(process)
            else:                                          # what it writes now belongs to no request
                _kill(process)
                self._all.discard(process)


async def _asked(process: Process, data: bytes) -> Reply:
    if process.stdin is None or process.stdout is None:
        raise ConnectionError
    process.stdin.write(data)
    await process.stdin.drain()
    head = await process.stdout.readexactly(4)
    return reply_of(await process.stdout.readexactly(int.from_bytes(head, "big")))


def _kill(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
