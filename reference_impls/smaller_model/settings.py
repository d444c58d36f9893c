"""What may be set, for the release and for the server."""

from __future__ import annotations

from pydantic import Field

from kit.settings import Settings


class SmallerModelSettings(Settings):
    """`trees` of the big forest and `hidden` units of the small network; what the release may cost at most."""

    trees: int = Field(400, ge=1, le=2000)
    hidden: int = Field(64, ge=1, le=2000)
    most_accuracy_lost: float = Field(0.03, ge=0, le=1)
    least_agreement: float = Field(0.93, ge=0, le=1)
