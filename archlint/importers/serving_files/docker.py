"""`docker run` in shell scripts: a container each, with what its options say."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from archlint.catalog.listening import repository_of
from archlint.errors import UnreadableInputError
from archlint.importers.compose.services import size_text
from archlint.importers.digits import is_whole
from archlint.importers.files import Files
from archlint.importers.objects import (
    UNRESOLVED,
    Fact,
    Mount,
    Port,
    Site,
    Unit,
    Value,
)
from archlint.importers.secrets import command_without_secrets, without_secrets
from archlint.importers.serving_files.common import document_of
from archlint.source.document import Document
from archlint.source.nodes import Span

FORMAT: Final = "docker"
MAX_RUNS: Final = 60
MAX_WORDS: Final = 500
MAX_LENGTH: Final = 10_000
_RUN: Final = re.compile(r"\b(?:docker|podman|nvidia-docker)[ \t]+(?:container[ \t]+)?run\b")
_WORD: Final = re.compile(
    r"(?P<space>(?:[ \t]|\\\r?\n)+)|(?P<end>[;&|\r\n)]+|#)|(?P<word>(?:[^\s\\;&|#)(\"'$`]|\\.|"
    r"\"(?:[^\"\\]|\\.)*\"|'[^']*'|\$\([^()\n]*\)|\$\{[^}\n]*\}|`[^`\n]*`|\$|(?<=\S)#|\()+)",
    re.DOTALL,
)
_ASSIGNMENT: Final = re.compile(
    r"(?m)^[ \t]*(?:export[ \t]+|readonly[ \t]+|local[ \t]+)?([A-Za-z_]\w*)=(\"[^\"\n]*\"|'[^'\n]*'|[^\s;&|]*)"
)
_VARIABLE: Final = re.compile(r"\$(?:\{([A-Za-z_]\w*)(?::?[-=]([^}]*))?[^}]*\}|([A-Za-z_]\w*))")
_PLACE: Final = re.compile(r"\$\((?:pwd|dirname [^)]*)\)|`pwd`|\$\{?(?:PWD|SCRIPT_?DIR|DIR|ROOT)\b\}?")
_PORT: Final = re.compile(r"^(?:(?P<host>[\d.]+|\[[^\]]*\]):)?(?:\d+(?:-\d+)?:)?(?P<port>\d{1,5})(?:-\d+)?(?:/\w+)?$")
_SHELLS: Final = frozenset({"bash", "sh", "/bin/bash", "/bin/sh", "zsh", "python", "python3", "ipython"})
_FLAGS: Final = frozenset(
    {"--detach", "--init", "--interactive", "--no-healthcheck", "--oom-kill-disable", "--privileged", "--publish-all",
     "--quiet", "--read-only", "--rm", "--sig-proxy", "--tty", "--help", "--disable-content-trust", "--replace",
     "--rmi", "--tls-verify"}
)  # fmt: skip
"""Options without a value; all others take one."""
_SHORT_FLAGS: Final = frozenset("ditPq")


class _Run:
    """One call of `docker run`: its options, its image, and the words after it."""

    def __init__(self, words: list[Value]) -> None:
        self.options: list[tuple[str, Value]] = []
        self.flags: set[str] = set()
        self.image: Value | None = None
        self.rest: list[Value] = []
        waiting = list(reversed(words))
        while waiting:
            word = waiting.pop()
            if not word.text.startswith("-") or word.text == "-":
                self.image, self.rest = word, list(reversed(waiting))
                return
            self.option(word, waiting)

    def option(self, word: Value, waiting: list[Value]) -> None:
        name, equals, text = word.text.partition("=")
        if name.startswith("--"):
            if equals:
                self.options.append((name, Value(text, word.site, word.status, plain=False)))
            elif name in _FLAGS:
                self.flags.add(name)
            elif waiting:
                self.options.append((name, waiting.pop()))
            return
        letters = name[1:]
        while letters and letters[0] in _SHORT_FLAGS:
            self.flags.add(f"-{letters[0]}")
            letters = letters[1:]
        if letters:
            rest = letters[1:] + (f"={text}" if equals else "")
            value = Value(rest.lstrip("="), word.site, word.status, plain=False) if rest else None
            found = value or (waiting.pop() if waiting else None)
            if found is not None:
                self.options.append((f"-{letters[0]}", found))

    def all(self, *names: str) -> list[Value]:
        """The values of an option under its names."""
        return [value for name, value in self.options if name in names]

    def last(self, *names: str) -> Value | None:
        found = self.all(*names)
        return found[-1] if found else None


def read(paths: list[Path], files: Files, notes: list[str], left_out: list[tuple[str, str]]) -> list[Unit]:
    """Return the containers of the scripts."""
    units: list[Unit] = []
    for path in paths:
        try:
            document = document_of(path, files)
        except UnreadableInputError as error:
            files.errors.append(error)
            continue
        found = list(_containers(document, path, notes))
        units += found
        if not found:
            left_out.append((str(path), "it runs no container that stays"))
    for unit in units:
        for value in unit.after:
            for other in units:
                if other.name == value.text and other.scope == unit.scope and value.raw:
                    other.names.append(value.raw)
    return units


def _containers(document: Document, path: Path, notes: list[str]) -> Iterator[Unit]:
    variables = _variables(document.text)
    for number, match in enumerate(_RUN.finditer(document.text)):
        if number >= MAX_RUNS:
            notes.append(f"{document.name}: more than {MAX_RUNS} containers: the others are not read")
            return
        before = document.text[document.text.rfind("\n", 0, match.start()) + 1 : match.start()]
        if "#" in before or before.lstrip().startswith(("echo", "printf")):
            continue
        run = _Run(list(_words(document, match.end(), variables)))
        if run.image is None or not run.image.text or _is_shell(run):
            continue
        yield _unit(run, path, Site(document, Span(match.start(), match.end())))


def _variables(text: str) -> dict[str, str]:
    """The variables that a script assigns a literal; of several assignments, the first is used."""
    found: dict[str, str] = {}
    for match in _ASSIGNMENT.finditer(text):
        value = match[2].strip("\"'")
        found.setdefault(match[1], _substituted(value, found)[0][:500])
    return found


def _substituted(text: str, variables: dict[str, str]) -> tuple[str, bool]:
    """Replace variables by their values; also return whether all are known."""
    known = True

    def value(match: re.Match[str]) -> str:
        nonlocal known
        name = match[1] or match[3]
        found = variables.get(name, match[2])
        known = known and found is not None
        return found or ""

    if "$" not in text:
        return text, True
    result = _VARIABLE.sub(value, text)
    return result[:MAX_LENGTH], known and "$(" not in result and "`" not in result


def _words(document: Document, start: int, variables: dict[str, str]) -> Iterator[Value]:
    """Yield the words of a command up to its end."""
    offset = start
    for _ in range(MAX_WORDS):
        match = _WORD.match(document.text, offset, start + MAX_LENGTH)
        if match is None or match.lastgroup == "end":
            return
        offset = match.end()
        if match.lastgroup == "word":
            raw = match[0]
            single = raw.startswith("'")
            plain = re.sub(r"\\(.)", r"\1", raw.replace("\\\n", "")) if "\\" in raw else raw
            plain = _PLACE.sub(".", plain.replace('"', "").replace("'", ""))
            text, known = (plain, True) if single else _substituted(plain, variables)
            site = Site(document, Span(match.start(), match.end()))
            yield Value(text, site, "literal" if known else UNRESOLVED, plain=False)


def _is_shell(run: _Run) -> bool:
    """Whether a call opens a shell for a person."""
    is_interactive = "-i" in run.flags or "--interactive" in run.flags
    stays = "-d" in run.flags or "--detach" in run.flags or run.all("-p", "--publish")
    return is_interactive and not stays and (not run.rest or run.rest[0].text in _SHELLS)


def _unit(run: _Run, path: Path, site: Site) -> Unit:
    assert run.image is not None
    folder = path.parent
    name = run.last("--name")
    shown = (name.text if name is not None else "") or repository_of(run.image.text).rpartition("/")[2] or "container"
    ends = "--rm" in run.flags and not {"-d", "--detach"} & run.flags and not run.all("-p", "--publish")
    entrypoint = run.all("--entrypoint")
    unit = Unit(
        shown, FORMAT, "container", str(folder), name.site if name is not None else site,
        "job" if ends else "container", image=run.image, env=dict(_environment(run)),
        command=command_without_secrets((*entrypoint, *run.rest)),
        names=[value.text for value in run.all("--network-alias", "--hostname", "-h") if value.text],
        ports=list(_ports(run)), mounts=list(_mounts(run, folder)),
    )  # fmt: skip
    for value in run.all("--link"):
        target, _, alias = value.text.partition(":")
        unit.after.append(Value(target, value.site, raw=alias, tag="link"))
    runtime = run.last("--runtime")
    gpus = run.last("--gpus")
    unit.gpu = gpus is not None or (runtime is not None and runtime.text == "nvidia") or _is_nvidia(site)
    _resources(unit, run, gpus)
    return unit


def _is_nvidia(site: Site) -> bool:
    return site.document.text[site.span.start : site.span.end].startswith("nvidia")


def _environment(run: _Run) -> Iterator[tuple[str, Value]]:
    for value in run.all("-e", "--env"):
        name, equals, text = value.text.partition("=")
        if name and equals:
            yield name, without_secrets(name, Value(text, value.site, value.status, plain=False))


def _ports(run: _Run) -> Iterator[Port]:
    for value in run.all("-p", "--publish"):
        match = _PORT.match(value.text)
        if match is not None:
            is_local = (match["host"] or "").startswith("127.")
            yield Port(int(match["port"]), value.site, not is_local)


def _mounts(run: _Run, folder: Path) -> Iterator[Mount]:
    for value in run.all("-v", "--volume"):
        source, _, rest = value.text.partition(":")
        target, _, mode = rest.partition(":")
        if source and target:
            yield _mount(source, target, "ro" in mode.split(","), folder, value.site)
    for value in run.all("--mount"):
        pairs = dict(part.partition("=")[::2] for part in value.text.split(","))
        source, target = pairs.get("source", pairs.get("src", "")), pairs.get("target", pairs.get("dst", ""))
        if source and target:
            yield _mount(source, target, "readonly" in pairs or "ro" in pairs, folder, value.site)


def _mount(source: str, target: str, read_only: bool, folder: Path, site: Site) -> Mount:
    is_path = source.startswith((".", "/", "~")) or "/" in source
    key = os.path.normpath(folder / source) if is_path else f"{folder}/{source}"
    return Mount(key, target, site, read_only, "path" if is_path else "volume")


def _resources(unit: Unit, run: _Run, gpus: Value | None) -> None:
    inner: list[tuple[str, Fact]] = []
    cpus, memory = run.last("--cpus"), run.last("--memory", "-m")
    if cpus is not None and re.fullmatch(r"[0-9]*\.?[0-9]+", cpus.text):
        inner.append(("cpu", Fact(cpus.text, cpus.site)))
    size = size_text(memory.text) if memory is not None else ""
    if memory is not None and size:
        inner.append(("memory", Fact(size, memory.site)))
    if gpus is not None:
        listed = re.search(r"device=([\w,-]+)", gpus.text)
        count = str(len(listed[1].split(","))) if listed is not None else gpus.text
        if is_whole(count) and int(count):
            inner.append(("gpus", Fact(count, gpus.site)))
    if inner:
        unit.facts["hardware"] = Fact("", inner[0][1].site, inner=tuple(inner))
