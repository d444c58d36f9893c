"""The work of a server: records that a worker process gets and returns. They are sent as MessagePack."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from archlint.serve.workspace import Workspace

JSON: Final = "application/json"


class Setup(msgspec.Struct, frozen=True):
    """What a worker knows from its start on; `memory_bytes` limits it where the system allows that."""

    workspace: Workspace
    config: str = ""
    allow_code: bool = False
    memory_bytes: int = 0


class Given(msgspec.Struct, frozen=True):
    """An architecture in a request: a file below the folders, or a text, with the name of its file if it has one."""

    file: str = ""
    text: str | None = None
    system: str = ""


class Change(msgspec.Struct, frozen=True):
    """A fact that a request sets: its path, and its value as written."""

    path: str
    value: str


class Check(msgspec.Struct, frozen=True, tag="check"):
    """Check an architecture."""

    given: Given
    generation: int = 0


class Look(msgspec.Struct, frozen=True):
    """The options of `archlint.render`."""

    format: str = "svg"
    theme: Literal["auto", "light", "dark"] = "auto"
    direction: Literal["auto", "right", "down"] = "auto"
    cluster: Literal["auto", "region", "zone", "owner", "none"] = "auto"
    collapse: Literal["auto", "owner", "region", "zone", "kind", "name", "none"] = "auto"
    workload: str = ""
    focus: str = ""
    hops: int = 1
    findings: bool = True
    patterns: bool = False
    all_lines: bool = False


class Render(msgspec.Struct, frozen=True, tag="render"):
    """Draw an architecture."""

    given: Given
    look: Look
    generation: int = 0


class Analyze(msgspec.Struct, frozen=True, tag="analyze"):
    """Compute the numbers of an architecture."""

    given: Given
    workload: str
    settings: tuple[Change, ...]
    generation: int = 0


class WhatIf(msgspec.Struct, frozen=True, tag="whatif"):
    """Compare an architecture with a changed version of it."""

    given: Given
    settings: tuple[Change, ...]
    generation: int = 0


class Facts(msgspec.Struct, frozen=True, tag="facts"):
    """List the quantities that an architecture states, which `whatif` can change."""

    given: Given
    generation: int = 0


class Diff(msgspec.Struct, frozen=True, tag="diff"):
    """Compare two versions of an architecture."""

    before: Given
    after: Given
    generation: int = 0


class Import(msgspec.Struct, frozen=True, tag="import"):
    """Read deployment files: those at a path below the folders, or texts by their names."""

    path: str
    texts: dict[str, str]
    system: str
    generation: int = 0


class Overview(msgspec.Struct, frozen=True, tag="overview"):
    """Check an architecture, and return a line for each of its systems; `source` records them as a run."""

    given: Given
    record: str = ""
    generation: int = 0


class Objectives(msgspec.Struct, frozen=True):
    """What a workload is promised."""

    workload: str
    stated: list[str]


State = Literal["failing", "warnings", "passing", "unreadable"]


class Line(msgspec.Struct, frozen=True):
    """A system in the table of all systems."""

    system: str
    part: str
    state: State
    errors: int
    warnings: int
    infos: int
    error: str
    objectives: list[Objectives]


Job = Overview | Check | Render | Analyze | WhatIf | Facts | Diff | Import


class Done(msgspec.Struct, frozen=True, tag="done"):
    """The body of a response, with its media type."""

    body: bytes
    media: str = JSON


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """What is wrong with a request, and what to do next."""

    kind: Literal["unknown", "invalid", "defect"]
    message: str
    hint: str = ""


Reply = Done | Refused

_encoder = msgspec.msgpack.Encoder()
_jobs = msgspec.msgpack.Decoder(Job)
_replies = msgspec.msgpack.Decoder(Reply)


def encoded(record: Job | Reply) -> bytes:
    """Return a record as bytes, with their count in front."""
    data = _encoder.encode(record)
    return len(data).to_bytes(4, "big") + data


def job_of(data: bytes) -> Job:
    """Return the job that bytes encode."""
    job: Job = _jobs.decode(data)
    return job


def reply_of(data: bytes) -> Reply:
    """Return the reply that bytes encode."""
    reply: Reply = _replies.decode(data)
    return reply
