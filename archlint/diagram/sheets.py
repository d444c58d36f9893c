"""The stated facts of components and relations in short texts: for cards, labels and tooltips."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from archlint.analysis.stated import Fact, facts_of
from archlint.analysis.system import System
from archlint.diagram.text import clean
from archlint.diagram.wording import schedule_words
from archlint.model.architecture import Component, Hardware, Owner, Relation, Scaling, ServiceTime
from archlint.model.fields import STATED_NONE
from archlint.model.pieces import RateLimit
from archlint.model.quantities import (
    format_count,
    format_duration,
    format_percentile,
    format_rate,
    format_share,
    format_size,
)

Sheet = tuple[tuple[str, str], ...]
_RELATION_ROWS: Final = frozenset({
    "timeout", "retries", "backoff", "share", "when", "fallback", "optional", "parallel", "either", "hit_ratio", "ttl",
    "payload", "network", "max_attempts", "wait",
})  # fmt: skip
"""The keys of a relation that have a row of their own; `KEY.*` stands for all keys below it."""
_COMPONENT_ROWS: Final = frozenset({
    "kind", "description", "uses", "serves", "trains", "replicas", "replicas.min", "replicas.max", "workers", "zones",
    "host", "hardware.cpu", "hardware.memory", "hardware.gpu", "hardware.gpus", "hardware.gpu_share", "service_time.*",
    "balancing", "schedule", "run_time", "window", "start_time", "loads_model", "dead_letter", "exposed", "auth",
    "owner.team", "owner.contact",
})  # fmt: skip


def component_facts(component: Component) -> tuple[str, ...]:
    """Return the lines below a component's name: replicas with zones, accelerators, a schedule, a vendor's limits.

    >>> component_facts(Component("llm", "model-server", replicas=2.0, hardware=Hardware(gpu="l4", gpu_share=0.5)))
    ('×2', '50 % of one l4')
    >>> component_facts(Component("llm", "model-server", hardware=Hardware(gpus=1.0)))
    ('1 accelerator',)
    >>> component_facts(Component("index", "vector-store", replicas=3.0, zone_count=3.0, shards=12.0))
    ('×3 · 3 zones · 12 shards',)
    """
    shards = f"{format_count(component.shards)} shards" if component.shards is not None else ""
    lines = [" · ".join(part for part in (replicas_text(component), zones_text(component), shards) if part)]
    if component.hardware is not None:
        lines.append(_chips(component.hardware))
    if component.schedule is not None:
        lines.append(f"runs {schedule_words(component.schedule)}")
    if component.host is not None:
        lines.append(f"all on {component.host}")
    if component.regions:
        lines.append(regions_text(component))
    if component.stage is not None:
        lines.append(f"{component.stage} only")
    if component.rate_limit is not None:
        lines.append(_limit(component.rate_limit))
    return tuple(line for line in lines if line)


def replicas_text(component: Component) -> str:
    """Return the replicas: `×3`, `×2–12`, or nothing if the file does not state them."""
    if component.replicas is not None:
        return f"×{format_count(component.replicas)}"
    for scaling in (component.scaling, component.autoscale):
        if scaling is not None:
            return f"×{_range(scaling)}"
    return ""


def _range(scaling: Scaling) -> str:
    low = format_count(scaling.minimum) if scaling.minimum is not None else "?"
    high = format_count(scaling.maximum) if scaling.maximum is not None else "?"
    return f"{low}–{high}"


def zones_text(component: Component) -> str:
    """Return the zones of a component, or nothing if the file does not state them.

    >>> zones_text(Component("api", "service", zones=("a", "b"))), zones_text(Component("api", "service", zone_count=3))
    ('zones a, b', '3 zones')
    """
    if component.zone_count is not None:
        return f"{format_count(component.zone_count)} zone{'' if component.zone_count == 1 else 's'}"
    zones = component.zones or ()
    return f"zone{'s' if len(zones) > 1 else ''} {', '.join(zones)}" if zones else ""


def regions_text(component: Component) -> str:
    """Return the regions of a component, or nothing if the file does not state them."""
    regions = component.regions or ()
    return f"region{'s' if len(regions) > 1 else ''} {', '.join(regions)}" if regions else ""


def _chips(hardware: Hardware) -> str:
    """Return the accelerators of one replica: `2 × h100`, `35 % of one l4`, or nothing if the file states none."""
    if hardware.gpu_share is not None:
        return f"{format_share(hardware.gpu_share)} of one {hardware.gpu or 'accelerator'}"
    return f"{_count(hardware.gpus) or '1'} × {hardware.gpu}" if hardware.gpu is not None else _accelerators(hardware)


def _limit(limit: RateLimit) -> str:
    """Return a vendor's limits: `at most 500/min, 2 M tokens/min, 100 at a time`."""
    parts = (
        format_rate(limit.requests_per_s) if limit.requests_per_s is not None else "",
        format_rate(limit.tokens_per_s).replace("/", " tokens/") if limit.tokens_per_s is not None else "",
        f"{_count(limit.concurrent)} at a time" if limit.concurrent is not None else "",
    )
    return "at most " + (", ".join(filter(None, parts)) or "what its vendor allows")


def relation_label(relation: Relation, implied: bool = False) -> str:
    """Return the label of a relation's line: the verb, unless the line's style or the shapes show it, and its facts.

    >>> relation_label(Relation("calls", "api", "ranker", 0, timeout_s=0.08, retries=2))
    '≤ 80 ms, 2 retries'
    >>> relation_label(Relation("reads", "llm", "prefixes", 0, hit_ratio=0.6, caches="prefix"), implied=True)
    '60 % hits of prefixes'
    """
    words = []
    if not implied and relation.verb not in {"calls", "publishes", "consumes", "triggers"}:
        words.append(relation.verb.replace("_", " "))
    if relation.timeout_s is not None:
        words.append(f"≤ {format_duration(relation.timeout_s)}")
    text = " ".join(words)
    return ", ".join(part for part in (text, *_short_terms(relation)) if part)


def _short_terms(relation: Relation) -> Iterable[str]:
    if relation.retries:
        yield f"{format_count(relation.retries)} {'retry' if relation.retries == 1 else 'retries'}"
    if relation.share is not None:
        yield format_share(relation.share)
    if relation.hit_ratio is not None:
        yield f"{format_share(relation.hit_ratio)} hits{' of prefixes' if relation.caches == 'prefix' else ''}"
    if relation.when is not None:
        yield f"if {relation.when}"
    if relation.quorum is not None:
        yield f"{format_count(relation.quorum)} must answer"
    if relation.freshness_s is not None:
        yield f"at most {format_duration(relation.freshness_s)} old"
    if relation.fails is not None:
        yield f"fails {relation.fails}"
    if relation.in_process:
        yield "in process"


def relation_detail(relation: Relation, nones: Collection[str] = ()) -> str:
    """Return all that is stated of a relation, in one line. `nones` are the places where the file states `none`."""
    terms = "; ".join(f"{label}: {text}" for label, text in _terms(relation, nones))
    head = f"{relation.source} {relation.verb.replace('_', ' ')} {relation.target}"
    return f"{head} ({terms})" if terms else head


def relation_sheet(relation: Relation, nones: Collection[str] = ()) -> Sheet:
    """Return the stated facts of a relation, as labels and texts. `nones` are the places of a stated `none`.

    >>> relation_sheet(Relation("calls", "api", "ranker", 0, timeout_s=0.08))
    (('timeout', '80 ms'),)
    """
    return tuple((label, clean(text)) for label, text in _terms(relation, nones))


def _terms(relation: Relation, nones: Collection[str]) -> Sheet:
    stated = (
        ("timeout", _duration(relation.timeout_s)),
        ("retries", _count(relation.retries)),
        ("backoff", relation.backoff or ""),
        ("share", _share(relation.share)),
        ("when", relation.when or ""),
        ("fallback", relation.fallback or ""),
        ("optional", "yes" if relation.optional else ""),
        ("parallel", relation.parallel or ""),
        ("either", relation.either or ""),
        ("hits", _share(relation.hit_ratio)),
        ("entries live", _duration(relation.ttl_s)),
        ("payload", format_size(relation.payload_bytes) if relation.payload_bytes is not None else ""),
        ("network", _duration(relation.network_s)),
        ("attempts", _count(relation.max_attempts)),
        ("waits", "no" if relation.wait is False else ""),
    )
    known = tuple((label, text) for label, text in stated if text)
    return known + _others(facts_of(relation, nones=nones), _RELATION_ROWS)


def component_sheet(system: System, component: Component) -> Sheet:
    """Return the stated facts of a component, as labels and texts, the most important first."""
    hosted = ", ".join(component.serves)
    stated = (
        ("kind", component.kind),
        ("uses", component.uses or ""),
        ("serves", hosted),
        ("trains", ", ".join(component.trains)),
        ("replicas", replicas_text(component).removeprefix("×")),
        ("workers", _count(component.workers)),
        ("zones", zones_text(component).removeprefix("zones ").removeprefix("zone ")),
        ("host", component.host or ""),
        ("hardware", _hardware(component.hardware)),
        ("service time", _time(component.service_time)),
        ("balancing", component.balancing or ""),
        ("schedule", component.schedule.text if component.schedule is not None else ""),
        ("run time", _duration(component.run_time_s)),
        ("window", _duration(component.window_s)),
        ("start time", _duration(component.start_time_s)),
        ("loads its model", component.loads_model or ""),
        ("dead letters", component.dead_letter or ""),
        ("exposed", component.exposed or ""),
        ("auth", component.auth or ""),
        ("owner", owner_text(component.owner or system.architecture.owner)),
    )
    others = _others(facts_of(component, nones=system.architecture.nones), _COMPONENT_ROWS)
    workloads = ", ".join(workload.name for workload in system.workloads_of.get(component.name, ()))
    of_parts = (*_of_models(system, component), *_of_workloads(system, component))
    rows = (*stated, *others, ("workloads", workloads), *of_parts)
    return tuple((label, clean(text)) for label, text in rows if text)


def system_sheet(system: System) -> Sheet:
    """Return the stated facts of the system as a whole, without its name and description."""
    facts = facts_of(system.architecture, nones=system.architecture.nones)
    rows = _others(facts, frozenset({"system", "description"}))
    return tuple((label, clean(text)) for label, text in rows)


def _of_models(system: System, component: Component) -> Sheet:
    """Return a row for each model that a component serves: all that is stated of it."""
    models, nones = system.architecture.models, system.architecture.nones
    served = (models[name] for name in component.serves if name in models)
    return tuple((f"model {model.name}", _in_one_line(facts_of(model, nones=nones))) for model in served)


def _of_workloads(system: System, component: Component) -> Sheet:
    """Return a row for each workload that enters at a client: all that is stated of it."""
    entering = (w for w in system.workloads.values() if w.entrance.client == component.name)
    return tuple((f"workload {workload.name}", _in_one_line(facts_of(workload))) for workload in entering)


def _in_one_line(facts: Mapping[str, Fact]) -> str:
    return "; ".join(f"{label}: {text}" for label, text in _others(facts, frozenset({"from"})))


def _others(facts: Mapping[str, Fact], shown: Collection[str]) -> Sheet:
    """Return the facts that no other row shows, each with its key as words."""
    return tuple(
        (key if "x-" in key else key.replace(".", " ").replace("_", " "), fact.text)
        for key, fact in facts.items()
        if fact.text == STATED_NONE or (key not in shown and key.partition(".")[0] + ".*" not in shown)
    )  # fmt: skip


def owner_text(owner: Owner | None) -> str:
    """Return the owner: team and contact."""
    return ", ".join(part for part in (owner.team, owner.contact) if part) if owner is not None else ""


def _hardware(hardware: Hardware | None) -> str:
    if hardware is None:
        return ""
    parts = [
        f"{hardware.cpu:g} cores" if hardware.cpu is not None else "",
        format_size(hardware.memory_bytes) if hardware.memory_bytes is not None else "",
        _chips(hardware),
    ]
    return ", ".join(part for part in parts if part)


def _accelerators(hardware: Hardware) -> str:
    if hardware.gpus is None:
        return ""
    return f"{_count(hardware.gpus)} accelerator{'' if hardware.gpus == 1 else 's'}"


def _time(time: ServiceTime | None) -> str:
    if time is None:
        return ""
    if time.constant_s is not None:
        return format_duration(time.constant_s)
    parts = [f"{format_percentile(fraction)} {format_duration(s)}" for fraction, s in time.percentiles]
    if time.mean_s is not None:
        parts.insert(0, f"mean {format_duration(time.mean_s)}")
    if time.cv is not None:
        parts.append(f"cv {time.cv:g}")
    return ", ".join(parts)


def _duration(value_s: float | None) -> str:
    return format_duration(value_s) if value_s is not None else ""


def _count(value: float | None) -> str:
    return format_count(value) if value is not None else ""


def _share(value: float | None) -> str:
    return format_share(value) if value is not None else ""
