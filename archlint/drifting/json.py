"""Differences of description and deployment as JSON for programs: a versioned contract, and its JSON Schema."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from archlint.drifting.found import STATES, Drift, Drifted
from archlint.report.contract import At, Column, EndColumn, EndLine, JsonError, Line
from archlint.report.json import encoded
from archlint.schemas import schema_of
from archlint.verdicts import Location

VERSION: Literal[1] = 1
What = Annotated[str, Meta(extra_json_schema={"enum": ["component", "relation", "fact", "model"]})]
State = Annotated[
    str,
    Meta(
        description="not-deployed: only the description has it; not-described: only the deployment has it.",
        extra_json_schema={"enum": list(STATES)},
    ),
]


class JsonDriftPlace(msgspec.Struct, frozen=True):
    """A place in the description or in a deployment file."""

    file: str
    line: Line
    column: Column
    end_line: EndLine
    end_column: EndColumn


class JsonDrift(msgspec.Struct, frozen=True):
    """One difference."""

    what: What
    part: Annotated[str, Meta(description="Its name, such as `api`, `api -> cache` or `api replicas`.")]
    state: State
    at: Annotated[At, Meta(description="Its path in the description; empty if it is not described.")]
    message: str
    hint: Annotated[str, Meta(description="What to do; may be empty.")]
    described: Annotated[str | None, Meta(description="The value in the description; null if it is not a fact.")]
    deployed: Annotated[str | None, Meta(description="The value in the deployment; null if it is not a fact.")]
    here: Annotated[JsonDriftPlace, Meta(description="In the description; if it is not described, in the deployment.")]
    there: Annotated[JsonDriftPlace | None, Meta(description="The place on the other side, if there is one.")]


class JsonDrifted(msgspec.Struct, frozen=True):
    """The differences of the description of a system and its deployment."""

    version: Annotated[Literal[1], Meta(description="Version of this contract.")]
    description: Annotated[str, Meta(description="The architecture file.")]
    deployment: Annotated[list[str], Meta(description="The deployment files.")]
    drift: list[JsonDrift]
    unseen: Annotated[list[str], Meta(description="Described components that deployment files need not show.")]
    compared: Annotated[int, Meta(description="Number of components, or groups of them, that both have.", ge=0)]
    errors: list[JsonError]


def render_json(drifted: Drifted) -> str:
    """Return the differences as indented JSON that ends with a line break."""
    return encoded(JsonDrifted(
        VERSION, drifted.description, list(drifted.sources), [_drift(one) for one in drifted.found],
        list(drifted.unseen), drifted.compared,
        [JsonError(e.message, e.hint, e.file, e.line, e.column) for e in drifted.errors],
    ))  # fmt: skip


def drift_schema() -> dict[str, object]:
    """Return the JSON Schema (draft 2020-12) of what `render_json` writes."""
    return schema_of(JsonDrifted, "archlint drift, version 1")


def _drift(one: Drift) -> JsonDrift:
    is_fact = one.what == "fact"
    return JsonDrift(
        one.what, one.part, one.state, one.at, one.message, one.hint, one.described if is_fact else None,
        one.deployed if is_fact else None, _place(one.here), _place(one.there) if one.there is not None else None,
    )  # fmt: skip


def _place(one: Location) -> JsonDriftPlace:
    return JsonDriftPlace(one.file, one.line, one.column, one.end_line, one.end_column)
