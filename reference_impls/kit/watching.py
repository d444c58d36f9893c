"""A step that a thread repeats: no error ends it, and `/ready` fails while it does not succeed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from kit.logs import logger

log = logger(__name__)
_LEAST_S = 5.0                                     # a slow machine is no problem


class Watch:
    """Repeats a step every `every_s`; it is overdue if it has not succeeded for five times as long, at least 5 s."""

    def __init__(self, name: str, step: Callable[[], None], every_s: float, least_s: float = _LEAST_S) -> None:
        self._name = name
        self._step = step
        self._every_s = every_s
        self._longest_s = max(least_s, 5 * every_s)
        self._end = threading.Event()
        self._reason = ""
        self._succeeded = time.monotonic()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._succeeded = time.monotonic()
        self._thread.start()

    def stop(self) -> None:
        """End the thread after the current step, without waiting for it."""
        self._end.set()

    def problem(self) -> str:
        """Return why the step does not succeed, or an empty string; for `/ready`."""
        if self._thread.ident is not None and not self._thread.is_alive() and not self._end.is_set():
            return f"{self._name}: its thread has ended"
        late_s = time.monotonic() - self._succeeded
        if late_s <= self._longest_s:
            return ""
        return f"{self._name}: no success for {late_s:.0f} s" + (f" ({self._reason})" if self._reason else "")

    def _run(self) -> None:
        while not self._end.wait(self._every_s):
            try:
                self._step()
            except Exception as error:             # the next step may succeed
                reason = f"{type(error).__name__}: {error}".partition("\n")[0]
                if reason != self._reason:
                    log.error("a repeated step failed", step=self._name, reason=reason)
                self._reason = reason
            else:
                self._reason, self._succeeded = "", time.monotonic()
