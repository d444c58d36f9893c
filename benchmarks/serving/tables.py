"""Results as tables: aligned text that is Markdown as well."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, NamedTuple

from benchmarks.serving.faults import Episode
from benchmarks.serving.results import Machine, Measured, Results
from benchmarks.serving.runs import kept_up
from benchmarks.serving.stories import BIGSIZE_RATE, NEIGHBOUR_RATE, OBJECTIVE_S, REPEATS
from benchmarks.tables import NOT_MEASURED, table


def render(results: Results) -> str:
    """Every table of a run, as Markdown."""
    parts = [_machine(results.machine)]
    if results.bigsize:
        parts.append(_bigsize(results.bigsize))
    if results.neighbours:
        parts.append(_neighbours(results.neighbours))
    if results.patterns:
        parts.append(_patterns(results.patterns))
        parts += [text for text in [_claims({row.name: row for row in results.patterns})] if text]
    if results.killed:
        parts.append(_killed(results.killed))
    if results.failures:
        lines = [f"- {name}: {why}\n" for name, why in sorted(results.failures.items())]
        parts.append(f"### {NOT_MEASURED}\n\n" + "".join(lines))
    return "\n".join(parts)


def _machine(machine: Machine) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    return (
        f"Measured on {machine.date}: {machine.cores} cores of {machine.processor}, {machine.system}, "
        f"Python {machine.python}.\nVersions: {versions}.\n\n"
        "The services run on one core, the generator on the other. Times are in ms, from the time at which a request "
        "was due.\n`discarded` is the number of runs that were discarded because the generator was late. "
        "The last column lists failed gates.\n"
    )


def _bigsize(rows: tuple[Measured, ...]) -> str:
    head = ("online-bigsize", "p50", "p95", "p99", f"p99 / {OBJECTIVE_S * 1e3:.0f} ms", "answered", "start s",
            "memory MB", "result after", "discarded", "gates")  # fmt: skip
    cells = [
        (
            row.name, *_percentiles(row), f"{row.gated.record.p99 / OBJECTIVE_S:.2f}", _answered(row),
            f"{row.start_s:.1f}", f"{row.memory_mb:.0f}", _ms(row.answer_s) if row.answer_s else "at once",
            str(row.gated.discarded), _gates(row),
        )
        for row in rows
    ]  # fmt: skip
    return (
        "### A model too big for its callers\n\n"
        f"{BIGSIZE_RATE:g} requests per second for one image each; {REPEATS:.0%} of them repeat an earlier request. "
        f"The objective is a p99 of {OBJECTIVE_S * 1e3:.0f} ms.\n\n"
        "![p50 and p99 of the big model and of each fix](images/online-bigsize.svg)\n\n" + table(head, cells)
    )


def _neighbours(rows: tuple[Episode, ...]) -> str:
    head = ("what happens to digits", "iris is served by", "asked", "lost", "lost for s", "p99 before", "p99 after")
    cells = [
        (
            row.event, row.name, str(row.record.requests), str(row.lost), f"{row.lost_for_s:.1f}",
            _ms(row.calm_p99_s), _ms(row.after_p99_s),
        )
        for row in rows
    ]  # fmt: skip
    return (
        "### Several models in one server\n\n"
        f"{NEIGHBOUR_RATE:g} requests per second for iris, while something happens to digits, an unrelated model.\n\n"
        "![Requests for iris that are lost, second by second](images/all-in-one.svg)\n\n" + table(head, cells)
    )


def _patterns(rows: tuple[Measured, ...]) -> str:
    head = ("pattern", "rate/s", "p50", "p95", "p99", "answered", "kept up with /s", "start s", "memory MB",
            "discarded", "gates")  # fmt: skip
    cells = [
        (
            row.name, f"{row.rate_per_s:g}", *_percentiles(row), _answered(row), f"{row.highest_per_s or 0:g}",
            f"{row.start_s:.1f}", f"{row.memory_mb:.0f}", str(row.gated.discarded), _gates(row),
        )
        for row in rows
    ]  # fmt: skip
    return (
        "### Every pattern that answers requests\n\n"
        "`kept up with` is the highest tested rate, from 25/s on, with only good answers and a p99 below one second.\n"
        "The services do different work, so do not rank them by these rows.\n\n"
        + table(head, cells)
    )


class Claim(NamedTuple):
    """What archlint says about a pattern, the row that shows it, and the row that it is compared with."""

    pattern: str
    says: str
    row: str
    over: str = ""


CLAIMS: Final = (
    Claim("continuous-batching", "one step for many sequences costs little more than one for a single sequence",
          "continuous-batching", "continuous-batching, one by one"),
    Claim("streamed-answer", "a client uses the first tokens while the rest follows; SRV014 reports what buffers them",
          "streamed-answer, behind nginx"),
    Claim("llm-gateway", "a cached answer needs no model (`hit_ratio`)", "llm-gateway, cache hits",
          "llm-gateway, cache misses"),
    Claim("model-cascade", "only hard requests wait for the larger model; SRV001 suggests it",
          "model-cascade", "model-cascade, always the larger model"),
    Claim("guardrail", "it takes time before or after each answer", "guardrail", "guardrail, the model alone"),
)  # fmt: skip


def _claims(rows: Mapping[str, Measured]) -> str:
    """Compare rows of one run with what the catalogue and the rules say; empty without such rows."""
    head = ("pattern", "what archlint says", "measured")
    cells = [
        (claim.pattern, claim.says, _measured(rows[claim.row], rows.get(claim.over)))
        for claim in CLAIMS if claim.row in rows and (not claim.over or claim.over in rows)
    ]  # fmt: skip
    title = "### What archlint says about language models, and what was measured"
    return f"{title}\n\n{table(head, cells)}" if cells else ""


def _measured(row: Measured, other: Measured | None) -> str:
    if other is None:
        return f"the first token comes after {row.first_share or math.nan:.0%} of the whole answer"
    ours, theirs = row.gated.record, other.gated.record
    times = ", ".join(
        f"{name} {_ms(mine)} ms against {_ms(yours)} ms ({mine / yours:.2g} x)"
        for name, mine, yours in (("p50", ours.p50, theirs.p50), ("p99", ours.p99, theirs.p99))
    )
    late_s = max(ours.lateness_p99, theirs.lateness_p99)
    return f"{times}; the generator was late by up to {_ms(late_s)} ms"


def _killed(rows: tuple[Episode, ...]) -> str:
    head = ("pattern", "what is killed", "asked", "lost", "lost for s", "p99 before", "p99 after")
    cells = [
        (
            row.name, row.event, str(row.record.requests), str(row.lost), f"{row.lost_for_s:.1f}",
            _ms(row.calm_p99_s), _ms(row.after_p99_s),
        )
        for row in rows
    ]  # fmt: skip
    return (
        "### While a part is killed\n\n"
        "A part is killed with SIGKILL in the middle of the run. `lost` is the number of requests without a good "
        f"answer.\n\n{table(head, cells)}"
    )


def _percentiles(row: Measured) -> tuple[str, str, str]:
    record = row.gated.record
    return _ms(record.p50), _ms(record.p95), _ms(record.p99)


def _ms(seconds: float) -> str:
    return "–" if math.isnan(seconds) else f"{seconds * 1e3:.1f}"


def _answered(row: Measured) -> str:
    return f"{1 - row.gated.record.error_share:.1%}"


def _gates(row: Measured) -> str:
    names = [f"{gate.name} {gate.value:.0%}" for gate in row.gated.failed]
    return ", ".join(names) if names else "all passed" if kept_up(row.gated) else "errors"
