"""Does part of a long computation in a copy of this process, which knows all that this process has read (Linux)."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Generic, NoReturn, TypeVar

Result = TypeVar("Result")

_TASKS = "/proc/self/task"


def can_copy() -> bool:
    """Whether this process can be copied, and a copy would run beside it: on Linux, with two processors and no threads.

    A copy has one thread, and locks that others held stay locked in it.
    """
    try:
        return len(os.sched_getaffinity(0)) > 1 and len(os.listdir(_TASKS)) == 1
    except (AttributeError, OSError):
        return False


class Copy(Generic[Result]):
    """A copy of this process that does some work, and sends the result, which must support pickling.

    The copy ends with its parent, ignores Ctrl-C, and prints nothing. Close it, whatever happens.
    """

    def __init__(self, work: Callable[[], Result]) -> None:
        """Start it; raises `OSError` if the system allows no further process or has no memory for it."""
        self._work = work
        self._result, result = os.pipe()
        life, self._life = os.pipe()
        try:
            with interrupts_held_back():
                self._pid = os.fork()
                if self._pid == 0:
                    os.close(self._life)
                    _copied(work, result, life)
        except OSError:
            os.close(self._result)
            os.close(self._life)
            raise
        finally:
            os.close(result)
            os.close(life)

    def result(self) -> Result:
        """Wait for the result; without one, because the copy was killed or failed, do the work here."""
        import pickle

        with open(self._result, "rb", closefd=False) as stream:
            sent = stream.read()
        try:
            found: Result = pickle.loads(sent)
        except (EOFError, pickle.UnpicklingError):
            return self._work()
        return found

    def close(self) -> None:
        """End it."""
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(self._pid, 0)
        os.close(self._result)
        os.close(self._life)


@contextmanager
def interrupts_held_back() -> Iterator[None]:
    """Hold Ctrl-C back; processes that are started meanwhile hold it back for good."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _copied(work: Callable[[], object], result: int, life: int) -> NoReturn:
    """Do the work and end, without what a process does at its end: streams and files are the parent's."""
    try:
        import pickle
        import threading

        threading.Thread(target=_end_with_parent, args=(life,), daemon=True).start()
        sent = pickle.dumps(work(), pickle.HIGHEST_PROTOCOL)
        with open(result, "wb") as stream:
            stream.write(sent)
    finally:
        os._exit(0)


def _end_with_parent(life: int) -> None:
    """Exit when the parent has ended: this closes its end of the pipe, whatever the reason."""
    os.read(life, 1)
    os._exit(1)
