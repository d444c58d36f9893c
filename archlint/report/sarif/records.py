"""The part of SARIF 2.1.0 that archlint writes, with the names of the standard.

Source: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0 Plus Errata 01,
https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html.
"""

from __future__ import annotations

import msgspec

Value = str | int | float | bool | None | list["Value"] | dict[str, "Value"]
"""The values that a property bag can contain."""


class Record(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """A SARIF object; properties with their default value are omitted."""


class Message(Record, frozen=True):
    """A text, as it is and as Markdown."""

    text: str
    markdown: str = ""


class ArtifactLocation(Record, frozen=True):
    """A file: its URI, relative to a base, and its place in the list of files."""

    uri: str
    uri_base_id: str = ""
    index: int = -1


class Content(Record, frozen=True):
    """A piece of a file."""

    text: str


class Region(Record, frozen=True):
    """A stretch of a file: lines and columns from 1, the end column exclusive."""

    start_line: int
    start_column: int
    end_line: int
    end_column: int
    snippet: Content | None = None


class PhysicalLocation(Record, frozen=True):
    """A stretch of a file, or all of it."""

    artifact_location: ArtifactLocation
    region: Region | None = None


class LogicalLocation(Record, frozen=True):
    """A place by its structural path."""

    fully_qualified_name: str


class Location(Record, frozen=True):
    """A place with what it has to do with the result; `id` is what links in the message name."""

    id: int = -1
    physical_location: PhysicalLocation | None = None
    logical_locations: list[LogicalLocation] = []
    message: Message | None = None


class ThreadFlowLocation(Record, frozen=True):
    """A step of a path."""

    location: Location


class ThreadFlow(Record, frozen=True):
    """A path."""

    locations: list[ThreadFlowLocation]


class CodeFlow(Record, frozen=True):
    """The paths of a result."""

    thread_flows: list[ThreadFlow]


class Suppression(Record, frozen=True):
    """Why a result needs no action.

    Its status is left out: the default is `accepted`, and published schemas disagree on the name of the property, which
    the standard calls `status` and earlier schemas `state` (github.com/oasis-tcs/sarif-spec, issue 449).
    """

    kind: str
    justification: str
    location: Location
    properties: dict[str, Value] = {}


class Result(Record, frozen=True):
    """A finding, one that a baseline holds, an accepted one, or an open question."""

    rule_id: str
    rule_index: int
    level: str
    message: Message
    locations: list[Location]
    kind: str = "fail"
    related_locations: list[Location] = []
    code_flows: list[CodeFlow] = []
    partial_fingerprints: dict[str, str] = {}
    baseline_state: str = ""
    suppressions: list[Suppression] = []
    properties: dict[str, Value] = {}


class Configuration(Record, frozen=True):
    """How a rule or a notification is reported unless a result says otherwise."""

    level: str


class Descriptor(Record, frozen=True):
    """A rule, or a kind of notification."""

    id: str
    name: str = ""
    short_description: Message | None = None
    full_description: Message | None = None
    default_configuration: Configuration | None = None
    help_uri: str = ""
    help: Message | None = None
    properties: dict[str, Value] = {}


class DescriptorReference(Record, frozen=True):
    """Which descriptor is meant."""

    id: str
    index: int


class Notification(Record, frozen=True):
    """Something about the run rather than about the files."""

    descriptor: DescriptorReference
    level: str
    message: Message
    locations: list[Location] = []


class Invocation(Record, frozen=True):
    """How the run ended."""

    execution_successful: bool
    exit_code: int | None = None
    tool_execution_notifications: list[Notification] = []


class Driver(Record, frozen=True):
    """archlint and its rules."""

    name: str
    rules: list[Descriptor]
    notifications: list[Descriptor]
    semantic_version: str = ""
    information_uri: str = ""
    language: str = ""
    full_name: str = ""


class Tool(Record, frozen=True):
    """What ran."""

    driver: Driver


class Artifact(Record, frozen=True):
    """A file that was read, or could not be."""

    location: ArtifactLocation
    mime_type: str = ""
    source_language: str = ""
    roles: list[str] = []


class AutomationDetails(Record, frozen=True):
    """Which run of which pipeline this is."""

    id: str
    properties: dict[str, Value] = {}


class BaseId(Record, frozen=True):
    """What relative URIs are relative to, in words: where it is differs from machine to machine."""

    description: Message


class Run(Record, frozen=True):
    """One call of archlint."""

    tool: Tool
    invocations: list[Invocation]
    original_uri_base_ids: dict[str, BaseId]
    artifacts: list[Artifact]
    results: list[Result]
    column_kind: str
    default_encoding: str = ""
    automation_details: AutomationDetails | None = None
    properties: dict[str, Value] = {}


class Log(Record, frozen=True):
    """The whole file."""

    schema: str = msgspec.field(name="$schema")
    version: str
    runs: list[Run]
