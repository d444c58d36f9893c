"""The differences of a description and a deployment, as values."""

from __future__ import annotations

from typing import Final

import msgspec

from archlint.inputs import InputError
from archlint.verdicts import Location

NOT_DESCRIBED, NOT_DEPLOYED, DIFFERS = "not-described", "not-deployed", "differs"
STATES: Final = (NOT_DEPLOYED, NOT_DESCRIBED, DIFFERS)


class Drift(msgspec.Struct, frozen=True):
    """One difference.

    `what` is component, relation, fact or model. `part` names it: `api`, `api -> cache`, `api replicas`. `state` is one
    of `STATES`; for one that differs, `described` and `deployed` are the two values. `at` is its structural path in the
    description, if it has one. `here` is its place in the description, or in the deployment if it is not described;
    `there` is its place on the other side, if there is one.
    """

    what: str
    part: str
    state: str
    message: str
    here: Location
    there: Location | None = None
    at: str = ""
    described: str = ""
    deployed: str = ""
    hint: str = ""


class Drifted(msgspec.Struct, frozen=True):
    """All differences of a description and the deployment files of a system.

    `unseen` are described components that deployment files need not show, such as a vendor's service. `compared` is the
    number of components that both sides have. `notes` say how the architecture file was read.
    """

    description: str
    sources: tuple[str, ...]
    found: tuple[Drift, ...] = ()
    unseen: tuple[str, ...] = ()
    compared: int = 0
    errors: tuple[InputError, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether description and deployment agree."""
        return not self.found
