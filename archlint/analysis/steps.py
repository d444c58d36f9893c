"""The steps of a server with continuous batching: each makes one token of every answer in progress.

A step reads all weights and the keys and values of each answer, and multiplies for each (roofline, see `token_load`).
"""

from __future__ import annotations

from typing import Final

import msgspec

_ROUNDING: Final = 1e-12


class Steps(msgspec.Struct, frozen=True):
    """How long a step takes on one replica: `read_s` + b x `each_s` for reading, or b x `work_s` for multiplying.

    `more_s` is what a real step takes beyond that (0: a floor).
    """

    read_s: float
    each_s: float
    work_s: float
    more_s: float = 0.0

    def time_s(self, answers: float) -> float:
        """Return the time of a step that makes a token of each of some answers.

        >>> Steps(0.01, 0.001, 0.0005).time_s(10)
        0.02
        """
        return self.more_s + max(self.read_s + answers * self.each_s, answers * self.work_s)

    def in_progress(self, tokens_per_s: float) -> float | None:
        """Return how many answers are in progress on average (Little's law); None if the replica cannot keep up.

        >>> Steps(0.01, 0.0, 0.0001).in_progress(1000.0), Steps(0.01, 0.0, 0.001).in_progress(1000.0)
        (10.0, None)
        """
        reading, working = 1 - tokens_per_s * self.each_s, 1 - tokens_per_s * self.work_s
        if min(reading, working) <= _ROUNDING:
            return None
        return tokens_per_s * max((self.read_s + self.more_s) / reading, self.more_s / working)
