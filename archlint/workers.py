"""Checks many files in parallel, in processes that never outlive their parent.

Only the parent handles Ctrl-C. A worker exits when its parent has ended for any reason. If a worker is killed, for
example for lack of memory, its files are checked again one by one. A file that kills its worker again is an error.
"""

from __future__ import annotations

import gc
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import Any, Generic, NoReturn, TypeVar

from archlint.copies import interrupts_held_back

Item = TypeVar("Item")
Result = TypeVar("Result")

_CHUNK = 4
_work: list[Callable[[Any], Any]] = []


class Workers(Generic[Item, Result]):
    """Applies a function to items in parallel processes.

    `make` creates the function, once in each process; if it fails, `map` raises its error. `lost` returns the result
    for an item whose process was killed. Both functions, the items and the results must support pickling.
    """

    def __init__(self, make: Callable[[], Callable[[Item], Result]], lost: Callable[[Item], Result]) -> None:
        self.make = make
        self.lost = lost

    def map(self, items: Sequence[Item]) -> Iterator[Result]:
        """Yield the results in the order of the items."""
        chunks = [items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK)]
        pool = _pool(self.make)
        try:
            futures: list[Future[list[Result]]] = [_submitted(pool, chunk) for chunk in chunks]
            for chunk, future in zip(chunks, futures, strict=True):
                try:
                    results: list[Result] = future.result()
                except BrokenProcessPool:
                    results = [self._alone(item) for item in chunk]
                yield from results
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _alone(self, item: Item) -> Result:
        """Apply the function to one item in a new process."""
        pool = _pool(self.make, 1)
        try:
            results: list[Result] = _submitted(pool, [item]).result()
        except BrokenProcessPool:
            return self.lost(item)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        return results[0]


def _pool(make: Callable[[], Callable[[Item], Result]], size: int | None = None) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(size, initializer=_start, initargs=(make,))


def _submitted(pool: ProcessPoolExecutor, chunk: Sequence[Item]) -> Future[list[Result]]:
    try:
        with interrupts_held_back():                      # new processes inherit it
            return pool.submit(_apply, chunk)
    except BrokenProcessPool as error:                     # a process was killed already
        future: Future[list[Result]] = Future()
        future.set_exception(error)
        return future


def _start(make: Callable[[], Callable[[Any], Any]]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    gc.enable()                                            # this process checks many files
    try:
        _work[:] = [make()]
    except Exception as error:                             # the first item raises it, in the parent
        _work[:] = [partial(_raise, error)]


def _raise(error: Exception, _item: object) -> NoReturn:
    raise error


def _end_with_parent() -> None:
    """Exit when the parent has ended: this closes its end of a pipe, whatever the reason."""
    import os
    from multiprocessing import parent_process
    from multiprocessing.connection import wait

    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _apply(items: Sequence[Any]) -> list[Any]:
    return [_work[0](item) for item in items]
