"""Background work: a thread with a bounded buffer, which drops items that do not fit; no request waits for it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from kit.logs import logger

T = TypeVar("T")
_MOST_AT_ONCE = 100
log = logger(__name__)


class Background(Generic[T]):
    """A thread that calls `work` on the buffered items; a failure is logged, and the thread continues."""

    def __init__(self, work: Callable[[Sequence[T]], None], room: int, at_once: int = _MOST_AT_ONCE) -> None:
        self._work = work
        self._at_once = at_once
        self._buffer: queue.Queue[T | None] = queue.Queue(room)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def put(self, item: T) -> bool:
        """Add an item if there is room; never waits."""
        try:
            self._buffer.put_nowait(item)
        except queue.Full:
            return False
        return True

    @property
    def waiting(self) -> int:
        """The approximate number of waiting items."""
        return self._buffer.qsize()

    def stop(self, patience_s: float, *, finish: bool) -> None:
        """End the thread, immediately or (`finish`) after all its items, but within `patience_s`."""
        if not finish:
            self._ending.set()
        try:
            self._buffer.put(None, timeout=patience_s)
        except queue.Full:
            self._ending.set()
        self._thread.join(patience_s)

    def _run(self) -> None:
        while not self._ending.is_set():
            items, ended = self._next()
            if items:
                try:
                    self._work(items)
                except Exception as error:  # a failing batch must not end the thread
                    log.error("background work failed", reason=repr(error), items=len(items))
            if ended:
                return

    def _next(self) -> tuple[list[T], bool]:
        item = self._buffer.get()
        items: list[T] = []
        while item is not None:
            items.append(item)
            if len(items) == self._at_once or self._buffer.empty():
                return items, False
            item = self._buffer.get()
        return items, True
