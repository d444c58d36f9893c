"""What a Dockerfile says about the containers of its last stage: base image, command, ports."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from archlint.importers.compose.interpolation import substitute
from archlint.importers.objects import Port, Site, Value
from archlint.source.document import Document
from archlint.source.nodes import Span

_LINE: Final = re.compile(r"(?m)^[ \t]*([A-Za-z]+)[ \t]+((?:[^\\\r\n]|\\(?:\r?\n|.))*)")
_FROM: Final = re.compile(r"(?i)^(?:--\S+\s+)*(\S+)(?:\s+as\s+(\S+))?")
MAX_LENGTH: Final = 200_000
MAX_STAGES: Final = 50


class Build(msgspec.Struct):
    """The last stage; `stages` is the number of all of them. `checks`: it has a health check."""

    base: Value | None = None
    command: tuple[Value, ...] = ()
    ports: tuple[Port, ...] = ()
    stages: int = 0
    checks: bool = False


class _Stage(msgspec.Struct):
    base: Value
    entrypoint: Value | None = None
    command: Value | None = None
    ports: list[Port] = []
    checks: bool = False


def read_dockerfile(document: Document) -> Build:
    """Read a Dockerfile; what stages inherit from earlier ones is followed.

    >>> text = chr(10).join(["FROM python:3.12 AS a", "EXPOSE 80", "FROM a", 'CMD ["uvicorn", "x:app"]'])
    >>> build = read_dockerfile(Document("Dockerfile", text, None))
    >>> build.base.text, [value.text for value in build.command], build.stages
    ('python:3.12', ['uvicorn x:app'], 2)
    """
    arguments: dict[str, Value] = {}
    stages: dict[str, _Stage] = {}
    stage: _Stage | None = None
    for match in _LINE.finditer(document.text[:MAX_LENGTH]):
        word, rest = match[1].upper(), re.sub(r"\\\r?\n", " ", match[2]).strip()
        value = Value(rest, Site(document, Span(match.start(1), match.end(2))))
        if word == "ARG" and "=" in rest:
            name, _, text = rest.partition("=")
            arguments.setdefault(name.strip(), msgspec.structs.replace(value, text=text.strip("\"' ")))
        elif word == "FROM" and len(stages) < MAX_STAGES:
            found = _FROM.match(rest)
            image = substitute(found[1], arguments).text if found is not None else ""
            before = stages.get(image.lower())
            stage = _Stage(before.base if before else msgspec.structs.replace(value, text=image))
            if before is not None:
                stage.entrypoint, stage.command, stage.ports = before.entrypoint, before.command, list(before.ports)
                stage.checks = before.checks
            stages[(found[2] if found is not None and found[2] else str(len(stages))).lower()] = stage
        elif stage is not None:
            _instruction(stage, word, value)
    if stage is None:
        return Build()
    command = tuple(one for one in (stage.entrypoint, stage.command) if one is not None)
    return Build(stage.base, command, tuple(stage.ports), len(stages), stage.checks)


def _instruction(stage: _Stage, word: str, value: Value) -> None:
    if word in {"CMD", "ENTRYPOINT"}:
        text = " ".join(re.findall(r'"((?:[^"\\]|\\.)*)"', value.text)) if value.text.startswith("[") else value.text
        made = msgspec.structs.replace(value, text=text)
        if word == "CMD":
            stage.command = made
        else:
            stage.entrypoint, stage.command = made, None
    elif word == "HEALTHCHECK":
        stage.checks = not value.text.upper().startswith("NONE")
    elif word == "EXPOSE":
        stage.ports += (Port(int(port), value.site) for port in re.findall(r"\b(\d{1,5})\b", value.text))
