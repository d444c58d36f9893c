"""Damaged deployment files against the importers: `python -m benchmarks.import_hardening FOLDER`.

Each file of a known format is imported as it is, and damaged in each of the ways of `DAMAGES`: truncated, templated,
binary, in other encodings, large, repeated hundreds of times. Then each project in `benchmarks.hostile`: bombs
of aliases, circles, paths and links that lead out of the project. Every import must end in a result, or in a message
that names a file. A defect is an exception, an empty answer, or more than `--seconds` or `--memory`.

Exit status: 0 without a defect, 1 otherwise.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Final, NamedTuple

import click

from archlint.api import check_targets
from archlint.importers.formats import is_considered
from archlint.importers.importing import Imported, import_files
from archlint.linter import Options
from archlint.targets import deployment_files
from archlint.verdicts import Report
from archlint.workers import Workers
from benchmarks.hostile import HOSTILE, POD

LARGE: Final = 4 * 1024 * 1024
MANY: Final = 300
MOST_SAID: Final = 2_000


class Defect(NamedTuple):
    """An import that ended badly: the file, how it was damaged, and what happened."""

    name: str
    damage: str
    what: str


class Tried(NamedTuple):
    """The imports of one file."""

    imports: int
    seconds: float
    slowest: str
    outcomes: dict[str, int]
    defects: list[Defect]


Damage = Callable[[bytes], bytes]


def _large(data: bytes) -> bytes:
    """Make a file of 4 MB of a comment: most formats have comments that begin with a hash."""
    return data + b"\n" + (b"# " + b"x" * 98 + b"\n") * (LARGE // 101)


def _padded(data: bytes) -> bytes:
    return data + b"\nx-padding: '" + b"y" * LARGE + b"'\n"


def _templated(data: bytes) -> bytes:
    lines = data.split(b"\n")
    middle = len(lines) // 2
    marks = [b"{{- if .Values.on }}", b"  a: {{ .Values.b | quote }}"]
    return b"\n".join([*lines[:middle], *marks, *lines[middle:], b"{{ end }}"])


def _cut(eighth: int, data: bytes) -> bytes:
    return data[: len(data) * eighth // 8]


DAMAGES: Final[dict[str, Damage]] = {
    "as it is": lambda data: data,
    **{f"cut at {eighth}/8": partial(_cut, eighth) for eighth in range(1, 8)},
    "a template": _templated,
    "{{ }} in every value": lambda data: data.replace(b": ", b": {{ .x }}"),
    "NUL": lambda data: data[: len(data) // 2] + b"\0" + data[len(data) // 2 :],
    "binary": lambda data: bytes(range(256)) * 4 + data,
    "invalid UTF-8": lambda data: data.replace(b"e", b"\xe9"),
    "CRLF": lambda data: data.replace(b"\n", b"\r\n"),
    "CR": lambda data: data.replace(b"\n", b"\r"),
    "BOM": lambda data: b"\xef\xbb\xbf" + data,
    "UTF-16": lambda data: data.decode("utf-8", "replace").encode("utf-16"),
    "tabs": lambda data: data.replace(b"  ", b"\t"),
    "no indentation": lambda data: b"\n".join(line.lstrip() for line in data.split(b"\n")),
    "lines reversed": lambda data: b"\n".join(reversed(data.split(b"\n"))),
    "every value a list": lambda data: data.replace(b": ", b": [1, {a: b}] #"),
    "every value a mapping": lambda data: data.replace(b": ", b": {a: {b: [c]}} #"),
    "every value null": lambda data: data.replace(b": ", b": ~ #"),
    "every number huge": lambda data: data.replace(b"1", b"9" * 400),
    "numbers of 5,000 digits": lambda data: data.replace(b"1", b"9" * 5_000),
    "only brackets": lambda data: b"[" * 5_000 + data,
    "only braces": lambda data: b"{a: " * 5_000 + data,
    "4 MB of comments": _large,
    "4 MB in one value": _padded,
    f"{MANY} times": lambda data: b"\n---\n".join([data] * MANY),
    "empty": lambda _: b"",
}  # fmt: skip


def _link_out(folder: Path) -> None:
    os.symlink("/etc", folder / "etc")
    os.symlink("/etc/passwd", folder / "pod.yaml")
    (folder / "compose.yaml").write_text("services: {a: {image: x, env_file: pod.yaml}}\n")


def _link_circle(folder: Path) -> None:
    os.symlink(folder, folder / "again")
    os.symlink(folder / "b.yaml", folder / "a.yaml")
    os.symlink(folder / "a.yaml", folder / "b.yaml")
    (folder / "kustomization.yaml").write_text("resources: [a.yaml, again, pod.yaml]\n")
    (folder / "pod.yaml").write_text(POD)


def _odd_files(folder: Path) -> None:
    os.mkfifo(folder / "pipe.yaml")
    os.symlink("/dev/zero", folder / "zero.yaml")
    (folder / "folder.yaml").mkdir()
    (folder / "kustomization.yaml").write_text("resources: [pipe.yaml, zero.yaml, folder.yaml, pod.yaml]\n")
    (folder / "pod.yaml").write_text(POD)


LINKS: Final[dict[str, Callable[[Path], None]]] = {
    "links out of the project": _link_out, "links in a circle": _link_circle, "pipes, devices and folders": _odd_files,
}  # fmt: skip


CHECKED: Final = frozenset({"as it is", "cut at 4/8", "every value a list", "{{ }} in every value"})
"""The damages in which files are also checked with all rules, which takes ten times as long as the import."""


class Late(BaseException):
    """The time for one import is over."""


def _late(number: int, frame: FrameType | None) -> None:
    raise Late


def files_below(folder: Path) -> list[Path]:
    """The files below a folder that an import considers."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and is_considered(path.name))


def try_file(path: Path, seconds: float, memory: int, damages: Iterable[str] = tuple(DAMAGES)) -> Tried:
    """Import one file in each damage, alone in a folder."""
    data = path.read_bytes()

    def write(damage: str, folder: Path) -> None:
        (folder / path.name).write_bytes(DAMAGES[damage](data))

    return _try(str(path), [(damage, partial(write, damage)) for damage in damages], seconds, memory)


def try_hostile(name: str, seconds: float, memory: int) -> Tried:
    """Import one of the projects of `HOSTILE` and `LINKS`."""

    def write(folder: Path) -> None:
        for file, text in HOSTILE.get(name, {}).items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(text)
        if name in LINKS:
            LINKS[name](folder)

    return _try(name, [("", write)], seconds, memory)


def _try(name: str, cases: list[tuple[str, Callable[[Path], None]]], seconds: float, memory: int) -> Tried:
    defects: list[Defect] = []
    outcomes: Counter[str] = Counter()
    total, slowest = 0.0, (0.0, "")
    for damage, write in cases:
        with TemporaryDirectory() as temporary:
            folder = Path(temporary) / "outer" / "project"
            folder.mkdir(parents=True)
            (folder / ".git").mkdir()
            write(folder)
            start = time.perf_counter()
            outcome, what = outcome_of(folder, seconds, damage in CHECKED)
            took = time.perf_counter() - start
        total += took
        slowest = max(slowest, (took, damage))
        outcomes[outcome] += 1
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        if outcome == "defect":
            defects.append(Defect(name, damage, what))
        elif peak > memory:
            defects.append(Defect(name, damage, f"needs {peak // 1024**2} MiB of memory"))
    return Tried(len(cases), total, f"{slowest[0]:.1f} s {slowest[1]}", dict(outcomes), defects)


def outcome_of(folder: Path, seconds: float, checks: bool = False) -> tuple[str, str]:
    """Import a folder, and check it; return `result`, `message` or `defect`, and what was wrong."""
    signal.signal(signal.SIGPROF, _late)
    signal.setitimer(signal.ITIMER_PROF, seconds)       # a busy machine is no defect
    try:
        paths, root = deployment_files([folder])
        found = import_files(paths, root)
        report = check_targets([folder], Options()) if checks else Report(())
    except Late:
        return "defect", f"takes more than {seconds:g} s"
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        return "defect", f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno}: {str(error)[:200]}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    broken = next((one for one in report.errors if one.traceback), None)
    if broken is not None:
        return "defect", broken.message[:300]
    return _answer(found, paths, folder)


def _answer(found: Imported, paths: list[Path], folder: Path) -> tuple[str, str]:
    said = [*(error.message for error in found.errors), *found.draft.notes]
    for message in said:
        if "\n" in message or len(message) > MOST_SAID:
            return "defect", f"a message that is not one line: {message[:200]!r}"
    for error in found.errors:
        named = str(folder) in error.message or any(path.name in error.message for path in paths)
        if not named and ".yaml" not in error.message:
            return "defect", f"a message without a file: {error.message[:200]}"
    if found.draft.components:
        return "result", ""
    if said or found.left_out or not paths:
        return "message", ""
    return "defect", "neither a component nor a message"


def _attempt(seconds: float, memory: int, job: tuple[str, str]) -> Tried:
    kind, name = job
    return try_file(Path(name), seconds, memory) if kind == "file" else try_hostile(name, seconds, memory)


def _maker(seconds: float, memory: int) -> Callable[[tuple[str, str]], Tried]:
    most = 4 * memory
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    return partial(_attempt, seconds, memory)


def _lost(job: tuple[str, str]) -> Tried:
    return Tried(1, 0.0, "", {"defect": 1}, [Defect(job[1], "", "the process was killed")])


def run(folders: Iterable[Path], seconds: float, memory: int) -> Iterator[tuple[tuple[str, str], Tried]]:
    """Try every file below the folders, then every hostile project."""
    jobs = [("file", str(path)) for folder in folders for path in files_below(folder)]
    jobs += [("hostile", name) for name in (*HOSTILE, *LINKS)]
    workers = Workers[tuple[str, str], Tried](partial(_maker, seconds, memory), _lost)
    yield from zip(jobs, workers.map(jobs), strict=True)


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--seconds", default=30.0, show_default=True, help="The most CPU time of one import and check.")
@click.option("--memory", default=1024, show_default=True, help="The most memory of a process, in MiB.")
def main(folders: tuple[Path, ...], seconds: float, memory: int) -> None:
    """Import every deployment file below FOLDERS, as it is and damaged."""
    count, total, outcomes, defects = 0, 0.0, Counter[str](), []
    slowest: list[tuple[float, str]] = []
    for number, (job, tried) in enumerate(run(folders, seconds, memory * 1024**2), 1):
        count += tried.imports
        total += tried.seconds
        outcomes.update(tried.outcomes)
        defects += tried.defects
        slowest.append((float(tried.slowest.partition(" ")[0] or 0), f"{job[1]}: {tried.slowest}"))
        for defect in tried.defects:
            click.echo(f"{defect.name}: {defect.damage}: {defect.what}")
        if sys.stderr.isatty():
            click.echo(f"\r{number} files, {count} imports, {len(defects)} defects", err=True, nl=False)
    kinds = ", ".join(f"{outcomes[kind]} {kind}s" for kind in ("result", "message", "defect"))
    click.echo(f"{count} imports in {total:.0f} s: {kinds}")
    for _, line in sorted(slowest, reverse=True)[:3]:
        click.echo(f"slowest: {line}")
    raise SystemExit(1 if defects else 0)


if __name__ == "__main__":
    main()
