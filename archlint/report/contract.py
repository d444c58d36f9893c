"""What the JSON report holds: a versioned contract.

A key may be added; none may be renamed, removed or change its meaning without a new version. The docstrings
and descriptions of these records become those of the JSON Schema.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

VERSION: Literal[1] = 1

Rule = Annotated[str, Meta(description="Id of the rule, as SRV001.")]
Name = Annotated[str, Meta(description="Name of the rule, as online-bigsize.")]
At = Annotated[str, Meta(description="Structural path of the place, as components.api.calls[0].")]
File = Annotated[
    str, Meta(description="The file as it was named in the call; with `include:`, the one that says it.")
]
Line = Annotated[int, Meta(description="Line, counted from 1.", ge=1)]
Column = Annotated[int, Meta(description="Column in characters, counted from 1.", ge=1)]
EndLine = Annotated[int, Meta(description="Line of the end, counted from 1.", ge=1)]
EndColumn = Annotated[int, Meta(description="Column after the last character, counted from 1.", ge=1)]
Root = Annotated[
    str, Meta(description="The file that was checked; differs from `file` where that is included.")
]
Severity = Annotated[str, Meta(extra_json_schema={"enum": ["error", "warning", "info"]})]
Certainty = Annotated[
    str,
    Meta(
        description="Rests on a bound or on structure alone, on a model with an error band, or on a hint.",
        extra_json_schema={"enum": ["proven", "estimated", "heuristic"]},
    ),
]
Origin = Annotated[
    str,
    Meta(
        description="Where the fact comes from.",
        extra_json_schema={"enum": ["stated", "imported", "derived", "assumed"]},
    ),
]


class JsonTerm(msgspec.Struct, frozen=True):
    """One line of a finding's arithmetic; its place is where the fact is said, null where no file says it."""

    name: Annotated[str, Meta(description="Stable name within the rule; acceptances bound it with `while`.")]
    label: Annotated[str, Meta(description="What a reader sees.")]
    value: Annotated[
        float | str | bool | None,
        Meta(description="The value in base units; null where it is not finite, `text` says it."),
    ]
    unit: Annotated[str, Meta(description="s, B, B/s, /s, h, share (0 to 1), count, or empty.")]
    text: Annotated[str, Meta(description="The value with its unit, for a reader.")]
    origin: Origin
    note: Annotated[str, Meta(description="The formula of a derived value, or the source of an assumed one.")]
    limit: Annotated[bool, Meta(description="Whether this is what the other terms are held against.")]
    file: File | None
    line: Line | None
    column: Column | None
    end_line: EndLine | None
    end_column: EndColumn | None


class JsonRelated(msgspec.Struct, frozen=True):
    """Another place that belongs to a finding."""

    at: At
    message: Annotated[str, Meta(description="What the place has to do with the finding.")]
    file: File
    line: Line
    column: Column
    end_line: EndLine
    end_column: EndColumn


class JsonCure(msgspec.Struct, frozen=True):
    """A fix; the best is first."""

    pattern: Annotated[str, Meta(description="Key of the pattern, as prediction-cache.")]
    title: str
    text: Annotated[str, Meta(description="How it helps here.")]
    docs: Annotated[str, Meta(description="Address of the pattern's page; empty if there is none.")]
    reference: Annotated[
        str, Meta(description="Name of its implementation, for `archlint reference NAME`; empty if there is none.")
    ]


class JsonAcceptance(msgspec.Struct, frozen=True):
    """Why a finding was taken on purpose, and where that is said."""

    reason: str
    until: Annotated[str | None, Meta(description="Day on which the finding reopens, as 2027-03-31.")]
    file: File
    line: Line
    column: Column
    end_line: EndLine
    end_column: EndColumn


class JsonBaseline(msgspec.Struct, frozen=True):
    """Where a finding stands in the baseline."""

    fingerprint: Annotated[str, Meta(description="The fingerprint under which it was frozen.")]
    was: Annotated[str, Meta(description="The structural path that it had then; empty where nothing was renamed.")]


class JsonFinding(msgspec.Struct, frozen=True):
    """A violation of a rule at a line of a file."""

    rule: Rule
    name: Name
    severity: Severity
    certainty: Certainty
    at: At
    file: File
    line: Line
    column: Column
    end_line: EndLine
    end_column: EndColumn
    message: str
    terms: list[JsonTerm]
    related: list[JsonRelated]
    cures: list[JsonCure]
    suggestion: Annotated[str, Meta(description="What to write instead, or empty.")]
    fingerprint: Annotated[
        str, Meta(description="Stays the same when lines move; made of rule and structural path.")
    ]
    docs: Annotated[str, Meta(description="Address of the rule's page; empty for a rule of your own.")]
    cause: Annotated[
        str, Meta(description="The same text for findings of one cause; empty where a finding is its own.")
    ]
    band: Annotated[
        tuple[float | None, float | None] | None,
        Meta(description="Least and most of an estimate, in the unit of the limit; null where it is none."),
    ]
    acceptance: Annotated[
        JsonAcceptance | None, Meta(description="Why it was taken on purpose; null in `findings`.")
    ]
    baseline: Annotated[
        JsonBaseline | None, Meta(description="Where it stands in the baseline; null outside of `baselined`.")
    ]
    root: Root
    path: Annotated[
        list[JsonRelated],
        Meta(description="The places that a request passes, in its order; empty where the finding is about none."),
    ]
    loss: Annotated[
        float,
        Meta(description="What is lost, from 0 to 1: a share of the traffic, or 1 - limit/value.", ge=0, le=1),
    ]


class JsonUndecided(msgspec.Struct, frozen=True):
    """A rule that cannot be judged at a place until a fact is added."""

    rule: Rule
    name: Name
    at: At
    needs: Annotated[list[str], Meta(description="The keys to add, as models.ranker.service_time.")]
    file: File
    line: Line
    column: Column
    end_line: EndLine
    end_column: EndColumn
    because: Annotated[str, Meta(description="Why it cannot be judged, or empty.")]
    root: Root


class JsonPattern(msgspec.Struct, frozen=True):
    """A pattern of the catalogue that a workload follows."""

    pattern: Annotated[str, Meta(description="Key of the pattern, as asynchronous.")]
    workload: Annotated[str, Meta(description="Name of the workload.")]
    roles: Annotated[dict[str, list[str]], Meta(description="From each role to the components that play it.")]
    root: Root


class JsonError(msgspec.Struct, frozen=True):
    """An input or a configuration that could not be read."""

    message: str
    hint: Annotated[str, Meta(description="What to do next, or empty.")]
    file: Annotated[str, Meta(description="The file; empty if the error is not of one alone.")]
    line: Annotated[int, Meta(description="Counted from 1; 0 if unknown.", ge=0)]
    column: Annotated[int, Meta(description="Counted from 1; 0 if unknown.", ge=0)]


class JsonFile(msgspec.Struct, frozen=True):
    """A system that was checked."""

    root: Root
    system: Annotated[str, Meta(description="Name of the system.")]
    rules_run: Annotated[int, Meta(ge=0)]


class JsonEntry(msgspec.Struct, frozen=True):
    """An entry of a baseline that is not needed any more."""

    baseline: Annotated[str, Meta(description="The file of the baseline.")]
    file: Annotated[str, Meta(description="The file that was checked, relative to the folder of the baseline.")]
    rule: Rule
    at: Annotated[str, Meta(description="Structural path of the place, without positions in lists.")]
    count: Annotated[int, Meta(description="How many findings of it are gone.", ge=1)]
    state: Annotated[str, Meta(extra_json_schema={"enum": ["healed", "accepted"]})]


class JsonMissingFact(msgspec.Struct, frozen=True):
    """A key to add, and what waits for it."""

    root: Root
    key: Annotated[str, Meta(description="The key to add, as models.ranker.service_time.")]
    rules: Annotated[list[str], Meta(description="Ids of the rules that wait for it.")]
    questions: Annotated[int, Meta(description="How many open questions wait for it.", ge=1)]
    alone: Annotated[int, Meta(description="How many of them wait for nothing else.", ge=0)]


class JsonSeverities(msgspec.Struct, frozen=True):
    """Findings by severity."""

    error: Annotated[int, Meta(ge=0)]
    warning: Annotated[int, Meta(ge=0)]
    info: Annotated[int, Meta(ge=0)]


class JsonSummary(msgspec.Struct, frozen=True):
    """Counts over all files."""

    files: Annotated[int, Meta(description="Systems that were checked.", ge=0)]
    findings: Annotated[int, Meta(ge=0)]
    by_severity: JsonSeverities
    by_rule: Annotated[
        dict[str, int], Meta(description="From the id of each rule with findings to their number.")
    ]
    undecided: Annotated[int, Meta(ge=0)]
    accepted: Annotated[int, Meta(ge=0)]
    baselined: Annotated[int, Meta(description="Findings that the baseline holds.", ge=0)]
    spent: Annotated[int, Meta(description="Findings that the baseline holds for nothing.", ge=0)]
    errors: Annotated[int, Meta(description="Inputs that could not be read.", ge=0)]
    skipped: Annotated[int, Meta(description="YAML files without the key `archlint` at the top.", ge=0)]
    most_decisive: Annotated[
        list[JsonMissingFact],
        Meta(description="The keys that would decide the most open questions, best first; at most ten."),
    ]


class JsonReport(msgspec.Struct, frozen=True):
    """What one call of archlint found."""

    version: Annotated[Literal[1], Meta(description="Version of this contract.")]
    findings: list[JsonFinding]
    undecided: list[JsonUndecided]
    accepted: Annotated[
        list[JsonFinding], Meta(description="Findings taken on purpose: kept, and not counted as findings.")
    ]
    baselined: Annotated[
        list[JsonFinding],
        Meta(description="Findings that the baseline holds: kept, and not counted as findings."),
    ]
    spent: Annotated[
        list[JsonEntry], Meta(description="Entries of the baseline whose findings are resolved or accepted now.")
    ]
    patterns: list[JsonPattern]
    errors: list[JsonError]
    files: list[JsonFile]
    summary: JsonSummary
