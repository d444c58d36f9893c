"""Inserts the output of commands into the README, after each `<!-- output: ... -->`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable

_BLOCK = re.compile(
    r"(<!-- output: (?P<command>.+?)(?: \(first (?P<most>\d+) lines\))? -->\n```text\n).*?(```\n)", re.S
)


def filled_in(text: str, run: Callable[[list[str]], str]) -> str:
    r"""Return a page with the output of each command that it names, cut to as many lines as it asks for.

    `run` takes the arguments of `archlint` and returns its output.

    >>> page = "<!-- output: archlint rules (first 1 lines) -->\n```text\nold\n```\n"
    >>> filled_in(page, lambda words: f"{words}\nmore")
    "<!-- output: archlint rules (first 1 lines) -->\n```text\n['rules']\n```\n"
    """

    def renew(found: re.Match[str]) -> str:
        lines = run(shlex.split(found["command"])[1:]).splitlines()
        shown = lines[: int(found["most"])] if found["most"] else lines
        return found[1] + "".join(f"{line}\n" for line in shown) + found[4]

    return _BLOCK.sub(renew, text)
