"""Computed numbers as JSON for programs: a versioned contract, and its JSON Schema."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from archlint.analysis.courses import Courses
from archlint.analysis.numbers import Breaking, ComponentNumbers, Number, Numbers, Waterfall, WorkloadNumbers
from archlint.analysis.quantity import Missing
from archlint.model.quantities import format_quantity
from archlint.report.contract import Origin
from archlint.report.json import encoded
from archlint.report.numbers.words import number_text
from archlint.schemas import schema_of
from archlint.verdicts import Term

VERSION: Literal[1] = 1
Path = Annotated[str, Meta(description="Structural path, such as components.api or workloads.search.")]
Basis = Annotated[
    str,
    Meta(
        description="proven: exact or a bound; estimated: a model with an error band; missing: facts are missing.",
        extra_json_schema={"enum": ["proven", "estimated", "heuristic", "missing"]},
    ),
]
Bound = Annotated[
    str,
    Meta(
        description="least: the true value is at least this; most: at most this; empty: neither.",
        extra_json_schema={"enum": ["least", "most", ""]},
    ),
]


class JsonNumberTerm(msgspec.Struct, frozen=True):
    """One input of a number."""

    name: str
    label: Annotated[str, Meta(description="The label for readers.")]
    value: Annotated[float | str | bool | None, Meta(description="In base units; null if it is not finite.")]
    unit: Annotated[str, Meta(description="s, B, B/s, /s, h, share (0 to 1), count, a currency, or empty.")]
    text: Annotated[str, Meta(description="The value with its unit, for a reader.")]
    origin: Origin
    at: Annotated[str, Meta(description="Structural path of a stated fact, else empty.")]
    note: Annotated[str, Meta(description="The formula of a derived value, or the source of an assumed one.")]


class JsonNumber(msgspec.Struct, frozen=True):
    """A computed number with its inputs. A missing one has no value: `needs` or `because` says why."""

    name: Annotated[str, Meta(description="Stable name, such as utilisation.")]
    value: Annotated[float | None, Meta(description="In base units; null if it is missing.")]
    unit: str
    text: Annotated[str, Meta(description="The value with its unit, for a reader.")]
    basis: Basis
    bound: Bound
    band: Annotated[tuple[float, float] | None, Meta(description="Of an estimate: nine of ten true values are here.")]
    formula: str
    terms: list[JsonNumberTerm]
    needs: Annotated[list[str], Meta(description="Structural paths of the keys that would decide a missing number.")]
    because: Annotated[str, Meta(description="Why it is missing if no key would decide it.")]


class JsonStep(msgspec.Struct, frozen=True):
    """One piece of a request's time."""

    label: str
    start: Annotated[float, Meta(description="Seconds after the start of the request.")]
    time: Annotated[float, Meta(description="Seconds.")]
    basis: Basis
    at: Annotated[str, Meta(description="Structural path of the stated time, else empty.")]
    formula: str


class JsonWaterfall(msgspec.Struct, frozen=True):
    """Where the time of a request goes at one percentile; the steps add up to the total."""

    percentile: Annotated[float, Meta(description="As a fraction: 0.99.")]
    total: JsonNumber
    objective: Annotated[float | None, Meta(description="The SLO in seconds; null without one.")]
    steps: list[JsonStep]
    unknown: Annotated[list[str], Meta(description="Paths of service times that are not stated: 0 in the total.")]
    accepted: Annotated[bool, Meta(description="It ends when the request is accepted; the result comes later.")]
    bounded: Annotated[
        list[str], Meta(description="Paths of facts that are not stated: the total has the minimum of the hardware.")
    ] = []


class JsonBreaking(msgspec.Struct, frozen=True):
    """The rate of a workload at which a component has no worker left."""

    component: str
    rate: Annotated[float, Meta(description="Requests per second of the workload.")]
    factor: Annotated[float | None, Meta(description="As a multiple of the stated rate; null if none is stated.")]
    basis: Basis


class JsonContribution(msgspec.Struct, frozen=True):
    """What a component, zone or region takes from the availability of a workload."""

    name: str
    available: Annotated[float, Meta(description="Its own availability, from 0 to 1.")]
    lost: Annotated[float, Meta(description="Seconds a month that requests fail less if it never fails.")]


class JsonWorkloadNumbers(msgspec.Struct, frozen=True):
    """The numbers of a workload."""

    subject: Path
    name: str
    numbers: list[JsonNumber]
    waterfalls: list[JsonWaterfall]
    breaking: Annotated[list[JsonBreaking], Meta(description="Components on its way, the first that breaks first.")]
    contributions: Annotated[list[JsonContribution], Meta(description="What its availability loses, the worst first.")]


class JsonComponentNumbers(msgspec.Struct, frozen=True):
    """The numbers of a component."""

    subject: Path
    name: str
    kind: str
    numbers: list[JsonNumber]


Waiting = Annotated[list[tuple[float, float]], Meta(description="Seconds since its start, and requests that wait.")]


class JsonLoadCurve(msgspec.Struct, frozen=True):
    """A percentile of the answers at rising rates of the workload, while the others stay at their means."""

    percentile: Annotated[float, Meta(description="As a fraction: 0.99.")]
    points: Annotated[list[tuple[float, float]], Meta(description="Requests per second, and seconds.")]


class JsonDistribution(msgspec.Struct, frozen=True):
    """How long the answers take under load."""

    name: Annotated[str, Meta(description="At which rate, and of what.")]
    points: Annotated[list[tuple[float, float]], Meta(description="A share of the answers, and seconds at most.")]


class JsonSurgeCourse(msgspec.Struct, frozen=True):
    """The requests that wait for new replicas, if the autoscaler notices the peak after some time."""

    noticed: Annotated[float, Meta(description="Seconds after the start of the peak.")]
    points: Waiting


class JsonSurge(msgspec.Struct, frozen=True):
    """What happens at a component when a peak begins, until its backlog is gone: a fluid model."""

    component: str
    arriving: Annotated[float, Meta(description="Requests per second at the peak.")]
    handled: Annotated[float, Meta(description="Requests per second that the replicas handle which run before it.")]
    handled_after: Annotated[float | None, Meta(description="The same of all replicas; null if they have no maximum.")]
    start: Annotated[float, Meta(description="Seconds that a new replica takes to start.")]
    courses: list[JsonSurgeCourse]


class JsonCourses(msgspec.Struct, frozen=True):
    """What the plots of a workload show."""

    workload: str
    against_rate: list[JsonLoadCurve]
    distributions: list[JsonDistribution]
    surges: list[JsonSurge]


class JsonNumbers(msgspec.Struct, frozen=True):
    """All computed numbers of a system."""

    version: Annotated[Literal[1], Meta(description="Version of this contract.")]
    file: str
    imported: Annotated[
        list[str], Meta(description="The deployment files that the facts come from; empty for an architecture file.")
    ]
    system: Annotated[str, Meta(description="Name of the system; empty if it has none.")]
    numbers: Annotated[list[JsonNumber], Meta(description="Numbers of the system as a whole.")]
    workloads: list[JsonWorkloadNumbers]
    components: list[JsonComponentNumbers]
    courses: Annotated[list[JsonCourses], Meta(description="The plots of each workload; empty without plots.")] = []


def render_json(file: str, numbers: Numbers, courses: Sequence[Courses] = ()) -> str:
    """Return numbers, and what plots show of them, as indented JSON that ends with a line break."""
    return encoded(JsonNumbers(
        VERSION, file, list(numbers.imported), numbers.name, [json_number(one) for one in numbers.system],
        [_workload(one) for one in numbers.workloads], [_component(one) for one in numbers.components],
        [_courses(one) for one in courses],
    ))  # fmt: skip


def numbers_schema() -> dict[str, object]:
    """Return the JSON Schema (draft 2020-12) of what `render_json` writes."""
    return schema_of(JsonNumbers, "archlint numbers, version 1")


def json_number(number: Number) -> JsonNumber:
    """Return a number for JSON."""
    if isinstance(number, Missing):
        needs = [place.at for place in number.needs]
        return JsonNumber(number.name, None, "", "unknown", "missing", "", None, "", [], needs, number.because)
    terms = [_term(term) for term in number.terms]
    return JsonNumber(
        number.name, number.value, number.unit, number_text(number), number.certainty.value, number.bound, number.band,
        number.formula, terms, [], "",
    )  # fmt: skip


def _term(term: Term) -> JsonNumberTerm:
    value = term.value
    shown = None if isinstance(value, float) and not math.isfinite(value) else value
    at = term.at.at if term.at is not None else ""
    text = format_quantity(value, term.unit)
    return JsonNumberTerm(term.name, term.label, shown, term.unit, text, term.origin.value, at, term.note)


def _component(one: ComponentNumbers) -> JsonComponentNumbers:
    return JsonComponentNumbers(one.subject, one.name, one.kind, [json_number(number) for number in one.numbers])


def _workload(one: WorkloadNumbers) -> JsonWorkloadNumbers:
    return JsonWorkloadNumbers(
        one.subject, one.name, [json_number(number) for number in one.numbers],
        [_waterfall(each) for each in one.waterfalls], [_breaking(each) for each in one.breaking],
        [JsonContribution(each.name, each.available, each.lost_s) for each in one.contributions],
    )  # fmt: skip


def _waterfall(one: Waterfall) -> JsonWaterfall:
    steps = [
        JsonStep(step.label, step.start_s, step.time_s, step.certainty.value, step.at.at if step.at else "",
                 step.formula)
        for step in one.steps
    ]  # fmt: skip
    return JsonWaterfall(
        one.fraction, json_number(one.total), one.objective_s, steps, [place.at for place in one.unknown], one.accepted,
        [place.at for place in one.bounded],
    )


def _breaking(one: Breaking) -> JsonBreaking:
    return JsonBreaking(one.component, one.per_s, one.factor, one.certainty.value)


def _courses(one: Courses) -> JsonCourses:
    return JsonCourses(
        one.workload,
        [JsonLoadCurve(curve.fraction, list(curve.points)) for curve in one.against_rate],
        [JsonDistribution(each.name, list(each.points)) for each in one.distributions],
        [
            JsonSurge(
                surge.component, surge.arriving_per_s, surge.handled_per_s, surge.handled_after_per_s, surge.start_s,
                [JsonSurgeCourse(course.noticed_s, list(course.points)) for course in surge.courses],
            )
            for surge in one.surges
        ],
    )  # fmt: skip
