"""A simulation as text, as JSON for programs, and its course as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from archlint.model.quantities import format_count, format_duration, format_rate, format_share
from archlint.schemas import schema_of
from archlint.simulation.api import Simulated
from archlint.simulation.results import Moment, Simulation, StreamResult
from archlint.simulation.statistics import Interval
from archlint.writing import csv_cell

VERSION: Final = 1
_DIGITS: Final = 6
COLUMNS: Final = (
    "workload", "queue", "start_s", "end_s", "requests", "p50_s", "p99_s", "in_flight", "rejected", "timed_out",
)  # fmt: skip
_SHOWN_MOMENTS: Final = 20
_BAR: Final = 30


class JsonSimulation(msgspec.Struct, frozen=True):
    """A simulation: what was found, and how. Times are seconds, shares are from 0 to 1."""

    version: Annotated[Literal[1], Meta(description="Version of this contract.")]
    file: str
    system: str
    load: Annotated[str, Meta(description="The load in words.")]
    notes: Annotated[list[str], Meta(description="What was assumed.")]
    found: Simulation


def render_json(file: str, simulated: Simulated) -> str:
    """Return a simulation as indented JSON that ends with a line break; numbers have six significant digits."""
    contract = JsonSimulation(
        VERSION, file, simulated.system, simulated.load, list(simulated.notes), simulated.results
    )  # fmt: skip
    rounded = _rounded(msgspec.to_builtins(contract))
    return msgspec.json.format(msgspec.json.encode(rounded), indent=2).decode() + "\n"


def simulation_schema() -> dict[str, object]:
    """Return the JSON Schema (draft 2020-12) of what `render_json` writes."""
    return schema_of(JsonSimulation, "archlint simulation, version 1")


def _rounded(value: object) -> object:
    """Return a value with its numbers rounded, so that rounding errors of the machine do not show."""
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}")
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(one) for one in value]
    return value


def render_csv(simulated: Simulated) -> str:
    """Return the course: one line for each workload (or queue of messages) and interval of time."""
    output = io.StringIO()
    writer = csv.writer(output, lineterminator="\n")
    writer.writerow(COLUMNS)
    for moment in simulated.results.course:
        numbers = (
            moment.start_s, moment.end_s, moment.requests, moment.p50_s, moment.p99_s, moment.in_flight,
            moment.rejected, moment.timed_out,
        )  # fmt: skip
        cells = ["" if number is None else f"{number:.{_DIGITS}g}" for number in numbers]
        writer.writerow((csv_cell(moment.stream), csv_cell(moment.queue), *cells))
    return output.getvalue()


def render_text(file: str, simulated: Simulated) -> str:
    """Return a simulation for people."""
    found = simulated.results
    name = simulated.system or file
    runs = f"{found.replications} runs of {format_duration(_short(found.seconds))}"
    requests = f"{format_count(found.requests)} requests in {runs}, seed {found.seed}"
    lines = [f"{name}, simulated {simulated.load}: {requests}", _method(found), ""]
    lines += [*_workloads(found.streams), "", *_components(found), ""]
    lines += _warnings(found)
    if found.outage is not None or found.unstable:
        lines += _course(found.course, growing=found.outage is None)
    if simulated.notes:
        lines += ["Assumed:", *(f"  {note}" for note in simulated.notes), ""]
    return "\n".join([*lines[:-1], _precision(found), ""] if lines[-1] == "" else [*lines, _precision(found), ""])


def _method(found: Simulation) -> str:
    if not found.calendar_for:
        return "Method: recursion over arrival times, exact for this system."
    return f"Method: a calendar of events ({found.calendar_for})."


def _workloads(streams: Sequence[StreamResult]) -> list[str]:
    rows: list[tuple[str, ...]] = [("workload", "rate", "p50", "p95", "p99", "95 % interval of p99", "lost")]
    for stream in streams:
        rows.append(_row(stream.name, format_rate(stream.rate_per_s), stream))
        if stream.first is not None:
            rows.append(_row("  first token", "", stream.first))
        rows += [_row(f"  {queue}: result", "", stored) for queue, stored in stream.stored.items()]
    return _table(rows)


def _row(name: str, rate: str, stream: StreamResult) -> tuple[str, ...]:
    reasons = (("rejected", stream.rejected), ("timed out", stream.timed_out), ("unfinished", stream.unfinished))
    lost = ", ".join(f"{format_share(share)} {why}" for why, share in reasons if share > 0) or "0 %"
    values = (_value(stream.p50), _value(stream.p95), _value(stream.p99), _range(stream.p99))
    return name, rate, *values, lost


def _value(interval: Interval | None) -> str:
    return "-" if interval is None else format_duration(_short(interval.value))


def _range(interval: Interval | None) -> str:
    if interval is None or interval.low is None or interval.high is None:
        return "too few answers"
    return f"{format_duration(_short(interval.low))} to {format_duration(_short(interval.high))}"


def _short(value: float) -> float:
    return float(f"{value:.3g}")


def _components(found: Simulation) -> list[str]:
    rows: list[tuple[str, ...]] = [("component", "workers", "requests", "utilisation", "time in it", "rejected")]
    for centre in found.centres:
        busy = "-" if centre.utilisation is None else f"{centre.utilisation * 100:.3g} %"
        workers = "-" if centre.workers is None else format_count(centre.workers)
        rejected = format_share(_short(centre.rejected)) if centre.rejected else "0 %"
        rows.append((
            centre.name, workers, format_rate(_short(centre.visits_per_s)), busy,
            format_duration(_short(centre.inside_s)), rejected,
        ))  # fmt: skip
    return _table(rows)


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        first, *rest = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        lines.append("  ".join((first, *rest)).rstrip())
    return lines


def _warnings(found: Simulation) -> list[str]:
    lines = []
    for centre in found.unstable:
        lines += [
            f"The queue of {centre.name} grows without limit, by {format_rate(_short(centre.grows_per_s))}: "
            f"the requests need {(centre.utilisation or 0.0) * 100:.3g} % of its workers.",
            "  Its latency has no fixed value: the numbers above are those of the first "
            f"{format_duration(_short(found.seconds))}. Add replicas, make the work shorter, or set a `limit`.",
        ]  # fmt: skip
    if found.needed_requests and not found.unstable:
        lines += [
            "The runs are too short for this load: they start empty, and the queues do not reach their usual length.",
            f"  The times above are too low. Simulate more: --requests {found.needed_requests}.",
        ]
    if not found.complete:
        lines.append("Retries kept the system busy without an end, so the simulation was stopped.")
    if found.outage is not None:
        away = found.outage
        which = away.centre if away.replicas is None else f"{away.replicas} replicas of {away.centre}"
        recovered = (
            f"gone {format_duration(_short(away.recovered_s))} after it" if away.recovered_s is not None
            else f"not gone {format_duration(_short(found.seconds - away.start_s - away.duration_s))} after it"
        )  # fmt: skip
        lines += [
            f"Outage of {which}, {format_duration(away.duration_s)} from {format_duration(_short(away.start_s))} on: "
            f"up to {format_count(round(away.backlog))} more requests in the system than before, {recovered}.",
            "  The numbers above are those of requests that arrive from its start on.",
        ]  # fmt: skip
    return [*lines, ""] if lines else []


def _course(course: Sequence[Moment], growing: bool) -> list[str]:
    """Return the course as a table with bars: requests in the system at the end of each interval.

    With `growing`, only where their number grows.
    """
    lines: list[str] = []
    for (stream, queue), moments in _by_stream(course).items():
        step = max(1, len(moments) // _SHOWN_MOMENTS)
        most = max((moment.in_flight for moment in moments), default=0.0)
        if most < 1 or (growing and moments[-1].in_flight < 1.3 * moments[len(moments) // 2].in_flight):
            continue
        label = f"{stream}, messages in {queue}" if queue else stream
        rows: list[tuple[str, ...]] = [("until", "p50", "p99", "in the system", "")]
        for moment in moments[step - 1 :: step]:
            bar = "#" * round(_BAR * moment.in_flight / most)
            rows.append((
                f"{moment.end_s:.4g} s", _time(moment.p50_s), _time(moment.p99_s),
                format_count(float(f"{moment.in_flight:.3g}")), bar,
            ))  # fmt: skip
        lines += [f"Over time: {label}", *_table(rows), ""]
    return lines


def _by_stream(course: Iterable[Moment]) -> dict[tuple[str, str], list[Moment]]:
    found: dict[tuple[str, str], list[Moment]] = {}
    for moment in course:
        found.setdefault((moment.stream, moment.queue), []).append(moment)
    return found


def _time(seconds: float | None) -> str:
    return "-" if seconds is None else format_duration(_short(seconds))


def _precision(found: Simulation) -> str:
    if found.reached is None:
        return "\nPrecision: unknown, because a workload has too few answers. Simulate more with --requests."
    within = format_share(_short(found.reached))
    reached = f"\nPrecision: each p99 is within {within} of its value, with 95 % confidence."
    if found.precision is None or found.reached <= found.precision or found.unstable:
        return reached
    hint = f"The aim was {format_share(found.precision)}: simulate more with --requests {found.requests * 4}."
    return f"{reached} {hint}"
