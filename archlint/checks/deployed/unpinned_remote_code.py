"""Code that is fetched from a moving branch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from archlint.analysis.system import System
from archlint.checks.deployed._parts import INFO, hit, parts, place_of
from archlint.verdicts import NoParams, Verdict

_BRANCHES: Final = r"(?:refs/heads/)?(?:main|master|dev|develop|HEAD)"
_MOVING: Final = re.compile(
    rf"/archive/{_BRANCHES}\.(?:zip|tar\.gz|tgz)|raw\.githubusercontent\.com/[^/\s]+/[^/\s]+/{_BRANCHES}/"
    r"|git\+https?://[^\s@\"']+(?=[\s\"']|$)|\bgit\s+clone\b(?![^;&\n]*(?:\s-b\s|--branch|--revision))[^;&\n]*"
)
_TRUSTS: Final = re.compile(r"--trust[-_]remote[-_]code(?!=[Ff]alse)")


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each part that fetches code from a branch, or runs the code of a model hub without a revision."""
    for name, part in parts(system):
        values = (*part.running.remote, *part.programs, *part.env.values())
        pinned = "checkout" in part.command_text or "--revision" in part.command_text
        for value in values:
            found = _MOVING.search(value.text)
            if found is not None and not (pinned and "clone" in found[0]):
                text = found[0].strip()[:80]
                message = f"`{name}` fetches code from a moving branch ({text}): each start may run other code"
                yield hit(name, place_of(value, found[0].strip()), "code", message, loss=0.5)
                break
        trusted = next(((one, found[0]) for one in part.command if (found := _TRUSTS.search(one.text))), None)
        if trusted is not None and "revision" not in part.command_text:
            message = f"`{name}` runs the code of its model's repository without a revision"
            yield hit(name, place_of(*trusted), "command", message, INFO)
