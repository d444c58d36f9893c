"""The table of all systems: state, objectives and findings now, and the findings of earlier runs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC
from typing import TYPE_CHECKING, Final

import msgspec

from archlint.analysis.system import System
from archlint.model.quantities import format_duration, format_percentile, format_share
from archlint.serve.files import Store
from archlint.serve.jobs import Done, Given, Line, Objectives, Overview, State
from archlint.serve.pool import Pool
from archlint.serve.runs import Run, Runs, counts_of, place_of
from archlint.verdicts import Report

if TYPE_CHECKING:
    from archlint.model.architecture import Workload

MOST_FILES: Final = 200
_AT_ONCE: Final = 4


class Row(msgspec.Struct, frozen=True):
    """A line of the table: a system of a file, with its last runs, the oldest first."""

    file: str
    line: Line
    runs: tuple[Run, ...]


class Systems:
    """The systems of a server. What a file has is computed again only if it, or what it may depend on, changed."""

    def __init__(self, store: Store, pool: Pool, runs: Runs) -> None:
        self.store = store
        self.pool = pool
        self.runs = runs
        self._known: dict[tuple[str, str, int], list[Line]] = {}

    async def rows(self, generation: int) -> list[Row]:
        """Return the table."""
        files = (await asyncio.to_thread(self.store.listing))[0][:MOST_FILES]
        known = {(name, version, generation) for name, version in files}
        self._known = {key: lines for key, lines in self._known.items() if key in known}
        free = asyncio.Semaphore(_AT_ONCE)

        async def lines(name: str, version: str) -> list[Line]:
            key = name, version, generation
            if key not in self._known:
                async with free:
                    reply = await self.pool.do(Overview(Given(file=name), generation=generation))
                if not isinstance(reply, Done):
                    return [_unreadable(reply.message)]
                self._known[key] = msgspec.json.decode(reply.body, type=list[Line])
            return self._known[key]

        found = await asyncio.gather(*(lines(name, version) for name, version in files))
        return await asyncio.to_thread(self._with_runs, [name for name, _ in files], found)

    def _with_runs(self, names: list[str], found: list[list[Line]]) -> list[Row]:
        rows = []
        for name, lines in zip(names, found, strict=True):
            runs = self.runs.of(*place_of(f"{self.store.workspace.base}/{name}"))
            rows += [Row(name, line, tuple(run for run in runs if run.part == line.part)) for line in lines]
        return rows


def lines_of(report: Report, systems: Mapping[str, System]) -> list[Line]:
    """Return a line for each system of a file; one line with the error for a file that cannot be read."""
    if report.errors:
        return [_unreadable(report.errors[0].message)]
    lines = []
    for file in report.files:
        errors, warnings, infos = counts_of(file)
        system = systems.get(file.key)
        workloads = system.workloads.values() if system is not None else ()
        objectives = [Objectives(one.name, stated) for one in workloads if (stated := _stated(one))]
        state: State = "failing" if errors else "warnings" if warnings else "passing"
        lines.append(Line(file.system or "", str(file.part or ""), state, errors, warnings, infos, "", objectives))
    return lines


def when(run: Run) -> str:
    """Return the time of a run, as ISO 8601 in UTC."""
    return run.at.astimezone(UTC).isoformat(timespec="seconds")


def _unreadable(message: str) -> Line:
    return Line("", "", "unreadable", 0, 0, 0, message, [])


def _stated(workload: Workload) -> list[str]:
    """Return the objectives of a workload as people write them."""
    slo = workload.slo
    found = [
        f"{name}{format_percentile(fraction)} ≤ {format_duration(seconds)}"
        for name, percentiles in (("", slo.latency), ("TTFT ", slo.ttft), ("TPOT ", slo.tpot))
        for fraction, seconds in percentiles
    ]
    if slo.availability is not None:
        found.append(f"available {format_share(slo.availability)}")
    if slo.freshness_s is not None:
        found.append(f"at most {format_duration(slo.freshness_s)} old")
    return found
