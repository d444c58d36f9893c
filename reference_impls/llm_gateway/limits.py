"""What each tenant may use: tokens per minute, and money per month.

The money is in SQLite. A gateway that is killed has charged the most that its answers can cost, never less.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from threading import Lock

from pydantic import BaseModel, Field

_CREATE = "CREATE TABLE IF NOT EXISTS spent (tenant TEXT, month TEXT, usd REAL, PRIMARY KEY (tenant, month))"
_ADD = """INSERT INTO spent VALUES (:tenant, :month, :usd)
ON CONFLICT DO UPDATE SET usd = usd + :usd"""


class Tenant(BaseModel):
    """A tenant, and its limits."""

    name: str
    tokens_per_min: float = Field(20_000, gt=0)
    usd_per_month: float = Field(10, ge=0)


class Bucket:
    """Tokens per minute: they flow in evenly, at most those of one minute are kept.

    >>> bucket = Bucket(60, clock=lambda: 0.0)
    >>> bucket.take(50), bucket.take(30)
    (0.0, 20.0)
    """

    def __init__(self, per_min: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock = per_min, clock
        self._left, self._at = per_min, clock()

    def take(self, tokens: float) -> float:
        """Take tokens and return 0, or return in how many seconds they will be there and take none.

        A request for more than a whole minute is let in when the bucket is full, and leaves it in debt.
        """
        now = self._clock()
        self._left = min(self._most, self._left + (now - self._at) * self._most / 60)
        self._at = now
        missing = min(tokens, self._most) - self._left
        if missing > 0:
            return missing * 60 / self._most
        self._left -= tokens
        return 0.0

    def give_back(self, tokens: float) -> None:
        """Return tokens that were not used; less than nothing if more were."""
        self._left += tokens


class Ledger:
    """The money that each tenant spent this month."""

    def __init__(self, file: Path, month: Callable[[], str] = lambda: time.strftime("%Y-%m", time.gmtime())) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._base = sqlite3.connect(file, check_same_thread=False, isolation_level=None, timeout=5)
        self._base.execute("PRAGMA journal_mode=WAL")
        self._base.execute(_CREATE)
        self._month, self._lock = month, Lock()

    def spent(self, tenant: str) -> float:
        """Return what a tenant spent this month."""
        query = "SELECT usd FROM spent WHERE tenant = ? AND month = ?"
        row = self._base.execute(query, (tenant, self._month())).fetchone()
        return float(row[0]) if row else 0.0

    def charge(self, tenant: str, usd: float, most: float) -> bool:
        """Add to what a tenant spent, unless that would exceed `most`; return whether it was added."""
        with self._lock:
            if self.spent(tenant) + usd > most:
                return False
            self._base.execute(_ADD, {"tenant": tenant, "month": self._month(), "usd": usd})
            return True

    def settle(self, tenant: str, usd: float) -> None:
        """Correct what was charged."""
        with self._lock:
            self._base.execute(_ADD, {"tenant": tenant, "month": self._month(), "usd": usd})

    def close(self) -> None:
        """Close the file."""
        self._base.close()
