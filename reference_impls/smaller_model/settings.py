"""The settings of the release and the server."""

from __future__ import annotations

from pydantic import Field

from kit.settings import Settings


class SmallerModelSettings(Settings):
    """`trees` of the big forest, `hidden` units of the small network, and the limits that a release must meet."""

    trees: int = Field(400, ge=1, le=2000)
    hidden: int = Field(64, ge=1, le=2000)
    most_accuracy_lost: float = Field(0.03, ge=0, le=1)
    least_agreement: float = Field(0.93, ge=0, le=1)
