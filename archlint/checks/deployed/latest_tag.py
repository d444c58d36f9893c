"""Images that change under their name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from archlint.analysis.system import System
from archlint.checks.deployed._parts import hit, parts
from archlint.model.deployment import UNRESOLVED
from archlint.verdicts import NoParams, Verdict

_MOVING: Final = re.compile(
    r"^(latest([-_.].*)?|.*[-_.]latest|main|master|dev|develop|nightly|edge|stable|canary|rolling)$"
)


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each image without a tag or with a moving one, unless the project builds it."""
    for name, part in parts(system):
        image = part.image
        if image is None or part.builds or image.status == UNRESOLVED or not image.text.strip():
            continue
        last = image.text.rpartition("/")[2]
        if "@" in last or "{" in last or last.startswith("$"):
            continue
        tag = last.partition(":")[2]
        if tag and ("$" in tag or not _MOVING.match(tag)):
            continue
        how = f"has the moving tag `{tag}`" if tag else "has no tag"
        message = f"the image of `{name}`, {image.text[:100]}, {how}: a restart may run other code"
        yield hit(name, image.site, "image", message, loss=0.2 if part.kind == "model-server" else 0.1)
