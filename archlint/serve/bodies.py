"""The bodies of requests and responses, as pydantic models: they are the OpenAPI description of the server."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from archlint.serve import jobs


def _encodable(text: str) -> str:
    """Refuse half of a pair of surrogates, which JSON can hold and no file can."""
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise ValueError("no Unicode text: half of a pair of surrogates")
    return text


Chars = Annotated[str, AfterValidator(_encodable)]
Text = Annotated[Chars, Field(description="The text of an arch.yaml.", examples=["archlint: 1\nsystem: shop\n"])]
File = Annotated[
    Chars, StringConstraints(max_length=1_000),
    Field(description="A file below the folders of the server, as `GET /files` names it.", examples=["arch.yaml"]),
]  # fmt: skip
Name = Annotated[Chars, StringConstraints(max_length=1_000)]
Version = Annotated[str, Field(description="The version of a file's content, which `ETag` holds too.")]


class Body(BaseModel):
    """What all bodies share: unknown keys and values of other types are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Architecture(Body):
    """An architecture: a file, or a text, or a text with the name of its file, whose includes then apply."""

    file: File | None = None
    text: Text | None = None
    system: Annotated[Name, Field(description="One of several systems of the file, by name or number.")] = ""

    def given(self) -> jobs.Given:
        """Return it for a worker."""
        return jobs.Given(self.file or "", self.text, self.system)


class Setting(Body):
    """A fact to set, as `--set PATH=VALUE` of the command line."""

    path: Annotated[Name, Field(examples=["components.api.replicas"])]
    value: Annotated[Name, Field(description="The value as arch.yaml has it; `null` removes it.", examples=["6"])]

    def change(self) -> jobs.Change:
        """Return it for a worker."""
        return jobs.Change(self.path, self.value)


Settings = Annotated[list[Setting], Field(max_length=200)]


class CheckRequest(Architecture):
    """An architecture to check."""


class FactsRequest(Architecture):
    """An architecture whose quantities are listed."""


class AnalyzeRequest(Architecture):
    """An architecture whose numbers are computed."""

    workload: Annotated[Name, Field(description="Only this workload, with the components that it uses.")] = ""
    settings: Annotated[Settings, Field(description="Facts to change first.")] = []


class WhatIfRequest(Architecture):
    """An architecture, and the facts to change."""

    settings: Annotated[Settings, Field(min_length=1)]


class RenderRequest(Architecture):
    """An architecture to draw; the options are those of `archlint render`."""

    format: Literal[
        "svg", "png", "pdf", "html", "mmd", "d2", "dot", "dsl", "c4", "drawio", "calm.json", "graphml", "graph.json"
    ] = "svg"  # fmt: skip
    theme: Literal["auto", "light", "dark"] = "auto"
    direction: Literal["auto", "right", "down"] = "auto"
    cluster: Literal["auto", "region", "zone", "owner", "none"] = "auto"
    collapse: Literal["auto", "owner", "region", "zone", "kind", "name", "none"] = "auto"
    workload: Name = ""
    focus: Name = ""
    hops: Annotated[int, Field(ge=0, le=50)] = 1
    findings: bool = True
    patterns: bool = False
    all_lines: bool = False

    def look(self) -> jobs.Look:
        """Return the options for a worker."""
        return jobs.Look(
            self.format, self.theme, self.direction, self.cluster, self.collapse, self.workload, self.focus, self.hops,
            self.findings, self.patterns, self.all_lines,
        )  # fmt: skip


class DiffRequest(Body):
    """Two versions of an architecture."""

    before: Architecture
    after: Architecture


class ImportRequest(Body):
    """Deployment files: a path below the folders of the server, or texts by their names."""

    path: Annotated[Name, Field(description="A file or a folder; `.` is the whole folder of the server.")] = ""
    texts: Annotated[
        dict[Annotated[Chars, StringConstraints(min_length=1, max_length=200)], Chars],
        Field(max_length=100, examples=[{"compose.yaml": "services: {api: {image: nginx}}"}]),
    ] = {}  # fmt: skip
    system: Annotated[Name, Field(description="The name of the system.")] = ""


class SaveRequest(Body):
    """The new text of a file."""

    text: Chars


class Problem(Body):
    """What is wrong with a request, and what to do next."""

    message: str
    hint: str = ""


class Conflict(Body):
    """A file that changed since the client read it: nothing was saved."""

    message: str
    hint: str
    file: str
    version: Annotated[str | None, Field(description="The version of the file as it is now; null if it is gone.")]
    yours: Annotated[str, Field(description="The text of the request.")]
    theirs: Annotated[str | None, Field(description="The text of the file as it is now.")]


class ListedFile(Body):
    """An architecture file below the folders of the server."""

    file: str
    version: Version


class Files(Body):
    """The architecture files below the folders of the server."""

    files: list[ListedFile]
    notes: Annotated[list[str], Field(description="Files and folders that cannot be read.")]


class FileText(Body):
    """A file."""

    file: str
    version: Version
    text: str


class Saved(Body):
    """A file that was saved."""

    file: str
    version: Version


class Fact(Body):
    """A quantity that an architecture states."""

    path: str
    value: Annotated[str, Field(description="The value as written.")]
    number: float
    unit: str
    file: Annotated[str, Field(description="The file that states it.")]
    start: Annotated[int, Field(description="Where its value starts in the file, in characters from 0.")]
    end: Annotated[int, Field(description="Where its value ends.")]


class Facts(Body):
    """The quantities that an architecture states."""

    facts: list[Fact]


class ObjectivesOf(Body):
    """What a workload is promised."""

    workload: str
    stated: list[str]


class RunOf(Body):
    """How many findings a system had at one time."""

    at: Annotated[str, Field(description="The time, in UTC.")]
    errors: int
    warnings: int
    infos: int
    source: Annotated[str, Field(description="`check` for `archlint check --record`, or `serve` for a save.")]
    revision: Annotated[str, Field(description="The commit that CI had checked out; empty if unknown.")]


class SystemRow(Body):
    """A system: its state now, and its last runs."""

    file: str
    system: str
    state: Literal["failing", "warnings", "passing", "unreadable"]
    errors: int
    warnings: int
    infos: int
    error: Annotated[str, Field(description="Why the file cannot be read; else empty.")]
    objectives: list[ObjectivesOf]
    trend: Annotated[list[RunOf], Field(description="The last runs, the oldest first.")]


class Systems(Body):
    """All systems below the folders of the server."""

    systems: list[SystemRow]


class LeftOut(Body):
    """A file that an import does not read."""

    file: str
    reason: str


class Imported(Body):
    """The architecture that deployment files describe."""

    text: Text
    sources: Annotated[list[str], Field(description="The files that were read.")]
    notes: list[str]
    errors: list[Problem]
    left_out: list[LeftOut]
