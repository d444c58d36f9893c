"""What a worker does for each job, with the library's own functions; files outside of the folders are never read."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from archlint.api import Linters
from archlint.errors import ArchlintError, UsageError
from archlint.linter import Includes, Options
from archlint.reading import Source
from archlint.serve import jobs
from archlint.serve.jobs import Change, Done, Given, Job, Refused, Reply, Setup
from archlint.serve.workspace import UnknownFileError
from archlint.source.files import FileIncludes, read_bytes
from archlint.source.join import pick_system
from archlint.source.parser import collector_paused, decode, parse
from archlint.verdicts import Report
from archlint.versions import NoIncludes

if TYPE_CHECKING:
    from archlint.analysis.system import System
    from archlint.changing import Setting
    from archlint.explore.variants import Variants

UNNAMED: Final = "arch.yaml"
"""The name of a text that belongs to no file."""
_MEDIA: Final = {
    "svg": "image/svg+xml", "png": "image/png", "pdf": "application/pdf", "html": "text/html",
    "graph.json": jobs.JSON,
}  # fmt: skip
_MOST_SHOWN: Final = 20
_WARMING: Final = "archlint: 1\ncomponents: {page: {kind: client, calls: [api]}, api: {kind: service}}\n"


class Work:
    """Does the jobs of a worker; configurations are read again when they may have changed."""

    def __init__(self, setup: Setup) -> None:
        self.workspace = setup.workspace
        self.options = Options(config=Path(setup.config) if setup.config else None, allow_code=setup.allow_code)
        self._linters: Linters | None = None
        self._state: object = None
        self._does: dict[type, Callable[..., Done]] = {
            jobs.Check: self._check, jobs.Render: self._render, jobs.Analyze: self._analyze, jobs.Diff: self._diff,
            jobs.WhatIf: self._whatif, jobs.Facts: self._facts, jobs.Import: self._import,
            jobs.Overview: self._overview,
        }  # fmt: skip

    def prepare(self) -> None:
        """Load what most jobs need, so that the first one is as fast as the others."""
        self.reply(jobs.Check(Given(text=_WARMING)))

    def reply(self, job: Job) -> Reply:
        """Return the response of a job, or what is wrong with it."""
        try:
            return self._does[type(job)](job)
        except UnknownFileError as error:
            return Refused("unknown", error.message, error.hint)
        except ArchlintError as error:
            return Refused("invalid", error.message, error.hint)
        except (MemoryError, RecursionError):
            raise
        except Exception as error:
            import traceback

            traceback.print_exc()                          # to the log of the server, never to a client
            return Refused("defect", f"archlint failed on this request: {type(error).__name__}", "see the server's log")

    def _linters_for(self, path: Path, generation: int) -> Linters:
        """Return linters whose configurations are those on disk."""
        from archlint.config import nearest_config

        file = nearest_config(path)
        state = generation, file, _stat(file)
        if self._linters is None or self._state != state:
            self._linters, self._state = Linters(self.options), state
        return self._linters

    def _read(self, given: Given) -> tuple[Path, Path | None, bytes]:
        """Return the path of a system for its configuration, the path of its file if it has one, and its text."""
        if not given.file:
            if given.text is None:
                raise UsageError("the request names no architecture", "send `text`, or `file`, or both")
            return Path(UNNAMED), None, given.text.encode()
        path = self.workspace.resolve(given.file)
        if given.text is not None:
            return path, path, given.text.encode()
        if not path.is_file():
            raise UnknownFileError(f"{given.file}: no such file", "`/files` lists the files")
        return path, path, read_bytes(path, given.file)

    def _includes(self, file: Path | None) -> Includes:
        return FileIncludes(file, self.workspace.root_of(file)) if file is not None else NoIncludes()

    def _source(self, given: Given) -> Source:
        path, file, data = self._read(given)
        document = parse(str(path), decode(str(path), data))
        document = pick_system(document, given.system)
        return Source(document, path, file, self._includes(file))

    def _check(self, job: jobs.Check) -> Done:
        from archlint.report.json import render_json

        return Done(render_json(self.report(job)).encode())

    def report(self, job: jobs.Check | jobs.Overview, keep: int = 0) -> Report:
        """Return the findings of an architecture, as `archlint check` has them; the first systems stay in memory."""
        path, file, data = self._read(job.given)
        linters = self._linters_for(path, job.generation)
        linters.options = msgspec.structs.replace(self.options, system=job.given.system)
        linters.keep = keep
        linters.systems.clear()
        outcome = linters.check(path, data, loader=self._includes(file))
        report = Report(outcome.reports, outcome.errors)
        baselines = {one.baseline for one in report.files if one.baseline} if file is not None else set()
        if not baselines:
            return report
        from archlint.compare.baseline import without_known

        return without_known(report, sorted(baselines))

    def _overview(self, job: jobs.Overview) -> Done:
        from archlint.serve.overview import lines_of

        report = self.report(job, keep=_MOST_SHOWN)
        systems = self._linters.systems if self._linters is not None else {}
        lines = lines_of(report, systems)
        if job.record and not report.errors:
            from archlint.serve.runs import Runs

            runs = Runs(job.record)
            try:
                runs.record(report.files, "serve")
            finally:
                runs.close()
        return Done(msgspec.json.encode(lines))

    def _render(self, job: jobs.Render) -> Done:
        from archlint.drawing import render

        source, look = self._source(job.given), job.look
        system = self._system(source, job.generation)
        drawn = render(
            system, look.format, config=self.options.config, findings=look.findings, theme=look.theme,
            direction=look.direction, cluster=look.cluster, collapse=look.collapse, workload=look.workload,
            focus=look.focus, hops=look.hops, patterns=look.patterns, all_lines=look.all_lines,
            allow_code=self.options.allow_code,
        )  # fmt: skip
        data = drawn.encode() if isinstance(drawn, str) else drawn
        return Done(data, _MEDIA.get(look.format, "text/plain"))

    def _system(self, source: Source, generation: int) -> System:
        linter = self._linters_for(source.path, generation).linter_for(source.path)
        with collector_paused():
            return linter.system(source.document, source.file, source.includes)[0]

    def _analyze(self, job: jobs.Analyze) -> Done:
        from archlint.analysis.courses import courses_of
        from archlint.analysis.numbers import numbers_of
        from archlint.report.numbers.json import render_json

        source = self._source(job.given)
        variants = self._variants(source, rules=False)
        system = variants.system(_settings(job.settings))
        numbers = numbers_of(system, job.workload)
        return Done(render_json(str(source.path), numbers, courses_of(system, numbers)).encode())

    def _whatif(self, job: jobs.WhatIf) -> Done:
        from archlint.explore.whatif import whatif
        from archlint.explore.whatif_json import render_json

        found = whatif(self._variants(self._source(job.given)), _settings(job.settings))
        return Done(render_json(found).encode())

    def _variants(self, source: Source, rules: bool = True) -> Variants:
        from archlint.explore.variants import Variants

        return Variants.of_source(source, msgspec.structs.replace(self.options, rules=rules))

    def _facts(self, job: jobs.Facts) -> Done:
        from archlint.explore.sensitivity import facts_of

        architecture = self._system(self._source(job.given), job.generation).architecture
        facts = [
            {
                "path": fact.path, "value": fact.text, "number": fact.number, "unit": fact.unit.strip(),
                "file": fact.file, "start": fact.start, "end": fact.end,
            }
            for fact in facts_of(architecture)
        ]  # fmt: skip
        return Done(msgspec.json.encode({"facts": facts}))

    def _diff(self, job: jobs.Diff) -> Done:
        from archlint.compare.json import render_json
        from archlint.differ import diff_sources

        return Done(render_json(diff_sources(self._source(job.before), self._source(job.after), self.options)).encode())

    def _import(self, job: jobs.Import) -> Done:
        if not job.texts:
            path = self.workspace.resolve_folder(job.path)
            if not path.exists():
                raise UnknownFileError(f"{job.path}: no such file or folder", "name one in the folders of this server")
            from archlint.targets import deployment_files

            found = [one for one in deployment_files([path])[0] if self.workspace.name_of(one)]
            return self._imported(found, path, not path.is_dir(), {}, job.system)
        with tempfile.TemporaryDirectory() as folder, chdir(folder):        # empty: no file is beside these texts
            texts = {_plain(name): text.encode() for name, text in job.texts.items()}
            return self._imported(list(texts), Path(), True, texts, job.system or "system")

    def _imported(
        self, found: list[Path], start: Path, explicit: bool, texts: dict[Path, bytes], system: str
    ) -> Done:
        from archlint.importers.importing import import_files
        from archlint.importers.writing import write

        root = Path() if texts else self.workspace.root_of(start)
        imported = import_files(found, root, explicit, texts)
        if not imported.draft.components:
            said = "; ".join(error.message for error in imported.errors[:_MOST_SHOWN])
            reasons = said or imported.reasons or "no deployment files"
            raise UsageError(f"nothing to import: {reasons}", "name files that deploy a system")
        name = system or start.resolve().name or "system"
        text = write(imported.draft, name, imported.sources, "" if explicit else str(start))
        notes = [*imported.draft.notes, *imported.advice[:_MOST_SHOWN]]
        errors = [{"message": error.message, "hint": error.hint} for error in imported.errors]
        left_out = [{"file": file, "reason": reason} for file, reason in imported.left_out[:_MOST_SHOWN]]
        answer = {"text": text, "sources": imported.sources, "notes": notes, "errors": errors, "left_out": left_out}
        return Done(msgspec.json.encode(answer))


def _settings(changes: tuple[Change, ...]) -> list[Setting]:
    from archlint.changing import parse_setting

    return [parse_setting(f"{change.path}={change.value}") for change in changes]


def _plain(name: str) -> Path:
    """Return the name of a text as a relative path; raises `UsageError` if it leads elsewhere."""
    path = Path(name)
    leads_away = path.is_absolute() or path.drive or ".." in path.parts
    if leads_away or not path.name or not name.isprintable() or "\\" in name:
        raise UsageError("the name of a file is not a relative path", "name it such as `compose.yaml`")
    return path


def _stat(file: Path | None) -> tuple[int, int] | None:
    if file is None:
        return None
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
