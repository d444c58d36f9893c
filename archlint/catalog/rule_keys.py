"""The keys of an architecture file that each shipped rule reads, as its examples show."""

from __future__ import annotations

from functools import cache

import msgspec

from archlint.shipped import catalogue_file


@cache
def rule_keys() -> dict[str, frozenset[str]]:
    """Return the paths of the keys by the id of the rule; `docs/generate.py` writes the file that has them.

    >>> "workloads.*.peak" in rule_keys()["CAP001"]
    True
    """
    return msgspec.json.decode(catalogue_file("rule_keys.json").read_bytes(), type=dict[str, frozenset[str]])
