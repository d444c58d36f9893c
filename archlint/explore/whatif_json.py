"""What settings change, as JSON for programs: a versioned contract, and its JSON Schema."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from archlint.compare.json import JsonSystem, json_system
from archlint.explore.whatif import NumberChange, WhatIf
from archlint.report.json import encoded
from archlint.report.numbers.json import JsonNumber, Path, json_number
from archlint.schemas import schema_of

VERSION: Literal[1] = 1


class JsonSetting(msgspec.Struct, frozen=True):
    """A fact that the call sets."""

    path: Annotated[str, Meta(description="Structural path, such as components.api.replicas.")]
    value: Annotated[str, Meta(description="The value as written; null removes the key.")]


class JsonNumberChange(msgspec.Struct, frozen=True):
    """A computed number that changed; null on a side where it does not apply."""

    subject: Path
    name: str
    old: JsonNumber | None
    new: JsonNumber | None


class JsonWhatIf(msgspec.Struct, frozen=True):
    """A system before and after some settings."""

    version: Annotated[Literal[1], Meta(description="Version of this contract.")]
    file: str
    settings: list[JsonSetting]
    numbers: Annotated[list[JsonNumberChange], Meta(description="Numbers that changed.")]
    difference: Annotated[JsonSystem | None, Meta(description="As `archlint diff` writes it; null if there is none.")]


def render_json(found: WhatIf) -> str:
    """Return the changes as indented JSON that ends with a line break."""
    settings = [JsonSetting(setting.path, setting.value) for setting in found.after.settings]
    systems = found.difference.systems
    return encoded(JsonWhatIf(
        VERSION, found.before.report.key, settings, [_change(change) for change in found.numbers],
        json_system(systems[0]) if systems else None,
    ))  # fmt: skip


def whatif_schema() -> dict[str, object]:
    """Return the JSON Schema (draft 2020-12) of what `render_json` writes."""
    return schema_of(JsonWhatIf, "archlint what-if, version 1")


def _change(change: NumberChange) -> JsonNumberChange:
    old = json_number(change.old) if change.old is not None else None
    new = json_number(change.new) if change.new is not None else None
    return JsonNumberChange(change.subject, change.name, old, new)
