"""What a file leaves out of a generated answer, and what would make it quicker than its hardware suggests."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.analysis.floor_parts import Floor
from archlint.analysis.generation import FIRST
from archlint.model.architecture import Model
from archlint.model.words import MAY_HAVE_EXPERTS
from archlint.verdicts import Certainty, Related


def unmeasured(model: Model, floor: Floor, until: str, generates: bool) -> Iterator[Related]:
    """Yield the keys that could make the floor of a model lower, which `until` what is generated takes; none if proven.

    A mixture of experts reads a part of its parameters, and speculative decoding writes several tokens in one pass.
    """
    if floor.certainty is not Certainty.ESTIMATED or model.service_time is not None:
        return
    first_only = until == FIRST or not generates
    if not first_only and model.tpot is None:
        said = "does not state `tpot`: speculative decoding writes several tokens in one pass"
        yield Related(model.place("tpot"), said)
    dense = model.active_parameters is not None or model.family not in MAY_HAVE_EXPERTS
    if dense or (model.ttft if first_only else model.tpot) is not None:
        return
    said = "does not state `active_parameters`: a mixture of experts reads only these"
    yield Related(model.place("active_parameters"), said)
