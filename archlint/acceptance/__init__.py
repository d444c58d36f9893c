"""Findings taken on purpose: entries under `accept:` and comments beside a line.

An acceptance needs a reason. Past its `until`, or with its `while` no longer true, the finding is open again
and says so; one that accepts nothing is itself reported.
"""

from archlint.acceptance.apply import Acceptances
from archlint.acceptance.grants import Grant

__all__ = ["Acceptances", "Grant"]
