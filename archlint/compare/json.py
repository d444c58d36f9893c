"""A difference as JSON for programs, and the JSON Schema of its versioned format."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from archlint.compare.difference import Difference, PartChange, SystemDifference
from archlint.report.contract import JsonError, JsonFinding, Line, Severity
from archlint.report.json import encoded, json_finding
from archlint.schemas import schema_of
from archlint.verdicts import Finding

VERSION: Literal[1] = 1
State = Annotated[str, Meta(extra_json_schema={"enum": ["added", "removed", "changed", "renamed"]})]
Section = Annotated[
    str,
    Meta(extra_json_schema={"enum": ["system", "workloads", "models", "components", "relations", "accept"]}),
]
Old = Annotated[str | None, Meta(description="The old value as people read it; null if it was not set.")]
New = Annotated[str | None, Meta(description="The new value as people read it; null if it is not set.")]
Findings = list[JsonFinding]


class JsonChange(msgspec.Struct, frozen=True):
    """A fact that changed."""

    fact: Annotated[str, Meta(description="The key, as replicas.min.")]
    old: Old
    new: New


class JsonPart(msgspec.Struct, frozen=True):
    """A part that changed."""

    section: Section
    name: Annotated[str, Meta(description="The current name; of a relation its source, verb and target.")]
    state: State
    kind: Annotated[str, Meta(description="The kind of a component, the verb of a relation, else empty.")]
    was: Annotated[str, Meta(description="The old name of a renamed part, else empty.")]
    evidence: Annotated[str, Meta(description="Why it is the same part, else empty.")]
    changes: list[JsonChange]
    file: Annotated[str | None, Meta(description="The file of the part; of a removed part, its old file.")]
    line: Line | None


class JsonDerived(msgspec.Struct, frozen=True):
    """A derived fact that changed."""

    subject: Annotated[str, Meta(description="Structural path of the part that it belongs to, or `system`.")]
    fact: str
    old: Old
    new: New


class JsonRegraded(msgspec.Struct, frozen=True):
    """A finding that is still there with another severity."""

    finding: JsonFinding
    was: Severity


class JsonSystem(msgspec.Struct, frozen=True):
    """The differences of two versions of one system."""

    old: Annotated[str, Meta(description="The file of the old version; empty where the system is new.")]
    new: Annotated[str, Meta(description="The file of the new version; empty where the system is gone.")]
    system: Annotated[str, Meta(description="Name of the system, else its file.")]
    parts: list[JsonPart]
    derived: list[JsonDerived]
    found: Annotated[Findings, Meta(description="Findings that are new.")]
    healed: Annotated[Findings, Meta(description="Findings of the old version that are resolved.")]
    accepted: Annotated[Findings, Meta(description="Findings of the old version that are accepted now.")]
    undecided: Annotated[Findings, Meta(description="Findings of the old version that are undecided now.")]
    regraded: list[JsonRegraded]
    unchanged: Annotated[int, Meta(description="Findings that both versions have.", ge=0)]
    notes: Annotated[list[str], Meta(description="What could not be compared.")]


class JsonDifference(msgspec.Struct, frozen=True):
    """The differences of two versions."""

    version: Annotated[Literal[1], Meta(description="Version of this contract.")]
    old: Annotated[str, Meta(description="The name of the old version.")]
    new: Annotated[str, Meta(description="The name of the new version.")]
    systems: list[JsonSystem]
    same: Annotated[int, Meta(description="Systems without any difference.", ge=0)]
    errors: list[JsonError]
    notes: Annotated[list[str], Meta(description="What was not compared, as submodules whose commit is missing.")]


def render_json(difference: Difference) -> str:
    """Return a difference as indented JSON that ends with a line break."""
    return encoded(
        JsonDifference(
            VERSION, difference.old, difference.new, [json_system(one) for one in difference.systems], difference.same,
            [JsonError(error.message, error.hint, error.file, error.line, error.column) for error in difference.errors],
            list(difference.notes),
        )
    )  # fmt: skip


def difference_schema() -> dict[str, object]:
    """Return the JSON Schema (draft 2020-12) of what `render_json` writes."""
    return schema_of(JsonDifference, "archlint difference, version 1")


def json_system(one: SystemDifference) -> JsonSystem:
    """Return the difference of one system for JSON."""

    def findings(some: tuple[Finding, ...], root: str) -> Findings:
        return [json_finding(finding, root, one.system) for finding in some]

    return JsonSystem(
        one.old, one.new, one.system, [_part(part) for part in one.parts],
        [JsonDerived(d.subject, d.fact, d.old, d.new) for d in one.derived],
        findings(one.found, one.new), findings(one.healed, one.old), findings(one.accepted, one.new),
        findings(one.undecided, one.old),
        [JsonRegraded(json_finding(r.finding, one.new, one.system), r.was) for r in one.regraded],
        one.unchanged, list(one.notes),
    )  # fmt: skip


def _part(part: PartChange) -> JsonPart:
    changes = [JsonChange(change.fact, change.old, change.new) for change in part.changes]
    where = part.location
    return JsonPart(
        part.section, part.name, part.state, part.kind, part.was, part.evidence, changes,
        where.file if where else None, where.line if where else None,
    )  # fmt: skip
