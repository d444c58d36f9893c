"""Renders one chart with the Helm SDK, in a process of its own: `child.py CHART`, with values and names on stdin.

Nothing of archlint is imported here. No cluster and no network is used: `lookup` finds nothing.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def merged(base: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Return values with others over them; mappings are merged.

    >>> merged({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}})
    {'a': {'b': 3, 'c': 2}}
    """
    found = dict(base)
    for key, value in more.items():
        old = found.get(key)
        found[key] = merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return found


def main() -> None:
    """Print the rendered templates as JSON, by their paths."""
    import helm_python

    given = json.load(sys.stdin)
    values: dict[str, Any] = {}
    for text in given["values"]:
        values = merged(values, helm_python.values_from_yaml(text))
    try:
        with helm_python.Chart.load(sys.argv[1]) as chart:
            rendered = chart.render(values, name=given["name"], namespace=given["namespace"], is_install=True)
    except helm_python.HelmError as error:
        print(" ".join(str(error).split())[:1000], file=sys.stderr)
        raise SystemExit(1) from None
    json.dump(rendered, sys.stdout)


if __name__ == "__main__":
    main()
