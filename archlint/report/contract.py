"""The content of the JSON report: a versioned contract.

Keys may be added. Renaming or removing a key, or changing its meaning, needs a new version. The docstrings and
descriptions of these records become those of the JSON Schema.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

VERSION: Literal[1] = 1

Rule = Annotated[str, Meta(description="Id of the rule, such as SRV001.")]
Name = Annotated[str, Meta(description="Name of the rule, such as online-bigsize.")]
At = Annotated[str, Meta(description="Structural path of the place, such as components.api.calls[0].")]
File = Annotated[
    str, Meta(description="The file as it was named in the call; with `include:`, the included file.")
]
Line = Annotated[int, Meta(description="Line, counted from 1.", ge=1)]
Column = Annotated[int, Meta(description="Column in characters, counted from 1.", ge=1)]
EndLine = Annotated[int, Meta(description="Line of the end, counted from 1.", ge=1)]
EndColumn = Annotated[int, Meta(description="Column after the last character, counted from 1.", ge=1)]
Root = Annotated[
    str, Meta(description="The file that was checked; differs from `file` if that is an included file.")
]
SystemName = Annotated[str, Meta(description="Name of the system; empty if it has none.")]
Severity = Annotated[str, Meta(extra_json_schema={"enum": ["error", "warning", "info"]})]
Certainty = Annotated[
    str,
    Meta(
        description="proven by a bound or the structure; estimated by a model with an error band; heuristic: a hint.",
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
    """One line of a finding's arithmetic; its place is where the fact is stated, or null."""

    name: Annotated[str, Meta(description="Stable name within the rule; acceptances can limit it with `while`.")]
    label: Annotated[str, Meta(description="The label for readers.")]
    value: Annotated[
        float | str | bool | None,
        Meta(description="The value in base units; null if it is not finite (see `text`)."),
    ]
    unit: Annotated[str, Meta(description="s, B, B/s, /s, h, share (0 to 1), count, or empty.")]
    text: Annotated[str, Meta(description="The value with its unit, for a reader.")]
    origin: Origin
    note: Annotated[str, Meta(description="The formula of a derived value, or the source of an assumed one.")]
    limit: Annotated[bool, Meta(description="Whether the other terms are compared with this one.")]
    file: File | None
    line: Line | None
    column: Column | None
    end_line: EndLine | None
    end_column: EndColumn | None


class JsonRelated(msgspec.Struct, frozen=True):
    """Another place that belongs to a finding."""

    at: At
    message: Annotated[str, Meta(description="How the place is related to the finding.")]
    file: File
    line: Line
    column: Column
    end_line: EndLine
    end_column: EndColumn


class JsonCure(msgspec.Struct, frozen=True):
    """A fix; the best is first."""

    pattern: Annotated[str, Meta(description="Key of the pattern, such as prediction-cache.")]
    title: str
    text: Annotated[str, Meta(description="How it helps here.")]
    docs: Annotated[str, Meta(description="Address of the pattern's page; empty if there is none.")]
    reference: Annotated[
        str, Meta(description="Name of its implementation, for `archlint reference NAME`; empty if there is none.")
    ]


class JsonAcceptance(msgspec.Struct, frozen=True):
    """Why a finding is accepted, and where the acceptance is."""

    reason: str
    until: Annotated[str | None, Meta(description="Day on which the finding reopens, such as 2027-03-31.")]
    file: File
    line: Line
    column: Column
    end_line: EndLine
    end_column: EndColumn


class JsonBaseline(msgspec.Struct, frozen=True):
    """The entry of a finding in the baseline."""

    fingerprint: Annotated[str, Meta(description="The fingerprint in the baseline.")]
    was: Annotated[str, Meta(description="The structural path in the baseline; empty if nothing was renamed.")]


class JsonPlace(msgspec.Struct, frozen=True):
    """A place of a finding; baselines and acceptances name single places."""

    at: At
    message: Annotated[str, Meta(description="What is wrong at this place.")]
    fingerprint: Annotated[str, Meta(description="The fingerprint of this place, which a baseline holds.")]
    file: File
    line: Line
    column: Column
    end_line: EndLine
    end_column: EndColumn


class JsonFinding(msgspec.Struct, frozen=True):
    """A violation of a rule, at one line or at all places that one decision fixes; the first place is its own."""

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
        str,
        Meta(
            description="Stays the same when lines move; made of rule and structural path. Of a finding that has all "
            "places of one decision, it also stays the same when a place is added or removed."
        ),
    ]
    docs: Annotated[str, Meta(description="Address of the rule's page; empty for a rule of your own.")]
    cause: Annotated[
        str, Meta(description="The fact to change: findings with the same text need the same change. May be empty.")
    ]
    band: Annotated[
        tuple[float | None, float | None] | None,
        Meta(description="Lower and upper bound of an estimate, in the unit of the limit; null if there is none."),
    ]
    acceptance: Annotated[
        JsonAcceptance | None, Meta(description="Why it is accepted; null in `findings`.")
    ]
    baseline: Annotated[
        JsonBaseline | None, Meta(description="Its entry in the baseline; null outside of `baselined`.")
    ]
    root: Root
    system: SystemName
    path: Annotated[
        list[JsonRelated],
        Meta(description="The places that a request passes, in order; empty if the finding is not about a path."),
    ]
    loss: Annotated[
        float,
        Meta(description="From 0 to 1: the share of traffic; over a limit, times 1 - limit/value.", ge=0, le=1),
    ]
    places: Annotated[
        list[JsonPlace],
        Meta(description="All its places: one, or those that one decision fixes together."),
    ]


class JsonMistake(msgspec.Struct, frozen=True):
    """A part of a file that archlint cannot read, or does not know."""

    file: File
    line: Line
    column: Column
    end_line: EndLine
    end_column: EndColumn


class JsonUndecided(msgspec.Struct, frozen=True):
    """A rule that cannot be decided at a place until a key is added."""

    rule: Rule
    name: Name
    at: At
    needs: Annotated[list[str], Meta(description="The keys to add, such as models.ranker.service_time: the first 8.")]
    instead: Annotated[
        list[list[str]], Meta(description="Other sets of keys: each may decide it in place of `needs`.")
    ]
    needs_total: Annotated[int, Meta(description="How many keys to add, with those that `needs` does not name.")]
    file: File
    line: Line
    column: Column
    end_line: EndLine
    end_column: EndColumn
    because: Annotated[str, Meta(description="What is unknown, or empty.")]
    root: Root
    system: SystemName
    family: Annotated[
        str, Meta(description="The family of facts that the file never mentions, such as timeouts; else empty.")
    ]
    unread: Annotated[list[str], Meta(description="The keys that the file has but archlint cannot read: the first 8.")]
    mistakes: Annotated[list[JsonMistake], Meta(description="What to correct first, before any key is added.")]


class JsonHint(msgspec.Struct, frozen=True):
    """A fact to know that no rule judges."""

    root: Root
    system: SystemName
    at: At
    message: Annotated[str, Meta(description="What happens, such as what gets more requests when a cache fails.")]
    file: File
    line: Line
    column: Column
    end_line: EndLine
    end_column: EndColumn


class JsonPattern(msgspec.Struct, frozen=True):
    """A pattern of the catalogue that a workload follows."""

    pattern: Annotated[str, Meta(description="Key of the pattern, such as asynchronous.")]
    workload: Annotated[str, Meta(description="Name of the workload.")]
    roles: Annotated[dict[str, list[str]], Meta(description="The components in each role.")]
    root: Root
    system: SystemName


class JsonError(msgspec.Struct, frozen=True):
    """An input or a configuration that could not be read."""

    message: str
    hint: Annotated[str, Meta(description="What to do next, or empty.")]
    file: Annotated[str, Meta(description="The file; empty if the error is not about one file.")]
    line: Annotated[int, Meta(description="Counted from 1; 0 if unknown.", ge=0)]
    column: Annotated[int, Meta(description="Counted from 1; 0 if unknown.", ge=0)]


class JsonFile(msgspec.Struct, frozen=True):
    """A system that was checked."""

    root: Root
    system: SystemName
    rules_run: Annotated[int, Meta(ge=0)]
    imported: Annotated[
        list[str], Meta(description="The deployment files that the facts come from; empty for an architecture file.")
    ]


class JsonEntry(msgspec.Struct, frozen=True):
    """An entry of a baseline that is no longer needed."""

    baseline: Annotated[str, Meta(description="The file of the baseline.")]
    file: Annotated[str, Meta(description="The file that was checked, relative to the folder of the baseline.")]
    rule: Rule
    at: Annotated[str, Meta(description="Structural path of the place, without positions in lists.")]
    count: Annotated[int, Meta(description="How many of its findings are resolved or accepted.", ge=1)]
    state: Annotated[str, Meta(extra_json_schema={"enum": ["healed", "accepted"]})]


class JsonMissingFact(msgspec.Struct, frozen=True):
    """A key to add, and the open questions that need it."""

    root: Root
    key: Annotated[str, Meta(description="The key to add, such as models.ranker.service_time.")]
    rules: Annotated[list[str], Meta(description="Ids of the rules that need it.")]
    questions: Annotated[int, Meta(description="How many open questions need it.", ge=1)]
    alone: Annotated[int, Meta(description="How many of them need no other key.", ge=0)]


class JsonNext(msgspec.Struct, frozen=True):
    """What to write next in a file, and what it decides."""

    root: Root
    write: Annotated[str, Meta(description="The key to add, or a whole line such as `described: [timeouts]`.")]
    why: Annotated[str, Meta(description="What it decides, for a reader.")]
    families: Annotated[list[str], Meta(description="The families of facts that a line `described` names.")]


class JsonSeverities(msgspec.Struct, frozen=True):
    """Findings by severity."""

    error: Annotated[int, Meta(ge=0)]
    warning: Annotated[int, Meta(ge=0)]
    info: Annotated[int, Meta(ge=0)]


class JsonSummary(msgspec.Struct, frozen=True):
    """Counts over all files."""

    files: Annotated[int, Meta(description="Systems that were checked.", ge=0)]
    findings: Annotated[int, Meta(ge=0)]
    places: Annotated[int, Meta(description="Places of all findings.", ge=0)]
    by_severity: JsonSeverities
    by_rule: Annotated[
        dict[str, int], Meta(description="Number of findings by rule id.")
    ]
    undecided: Annotated[int, Meta(ge=0)]
    accepted: Annotated[int, Meta(ge=0)]
    baselined: Annotated[int, Meta(description="Findings in the baseline.", ge=0)]
    spent: Annotated[int, Meta(description="Findings in the baseline that are resolved or accepted now.", ge=0)]
    errors: Annotated[int, Meta(description="Inputs that could not be read.", ge=0)]
    skipped: Annotated[int, Meta(description="YAML files without the key `archlint` at the top.", ge=0)]
    most_decisive: Annotated[
        list[JsonMissingFact],
        Meta(description="The keys that would decide the most open questions, best first; at most ten."),
    ]
    next: Annotated[
        list[JsonNext], Meta(description="What to write next, the most decisive first, as in the text; at most five.")
    ]


class JsonReport(msgspec.Struct, frozen=True):
    """The report of one call of archlint."""

    version: Annotated[Literal[1], Meta(description="Version of this contract.")]
    findings: list[JsonFinding]
    undecided: list[JsonUndecided]
    accepted: Annotated[
        list[JsonFinding], Meta(description="Accepted findings: kept, but not counted in `findings`.")
    ]
    baselined: Annotated[
        list[JsonFinding],
        Meta(description="Findings in the baseline: kept, but not counted in `findings`."),
    ]
    spent: Annotated[
        list[JsonEntry], Meta(description="Entries of the baseline whose findings are resolved or accepted now.")
    ]
    patterns: list[JsonPattern]
    hints: Annotated[list[JsonHint], Meta(description="Facts to know that no rule judges.")]
    errors: list[JsonError]
    files: list[JsonFile]
    summary: JsonSummary
