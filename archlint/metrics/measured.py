"""Facts of components and models from metrics: rates, peaks, times, tokens, each with its window and source."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from archlint.importers.draft import Component, Draft
from archlint.importers.objects import Fact, Site
from archlint.metrics.families import FAMILIES, QUIET, ROUTES, TARGET, Family
from archlint.metrics.reading import Metrics, Sample

PERCENTILES: Final = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
WAITING: Final = frozenset({"calls", "reads", "writes", "publishes"})
_POD: Final = re.compile(r"-[a-z0-9]{6,10}-[a-z0-9]{5}$|-\d+$")
_REVISION: Final = re.compile(r"-(predictor|transformer|explainer)?(-default)?(-\d{5})?$")


class Measured(msgspec.Struct):
    """What metrics say of one component, or of one model: in requests per second, and in seconds."""

    rate: float | None = None
    peak: float | None = None
    times: dict[str, float] = {}
    first_token: dict[str, float] = {}
    per_token: dict[str, float] = {}
    tokens_in: float | None = None
    tokens_out: float | None = None
    family: str = ""


class Measurement(msgspec.Struct):
    """What metrics say of a system: by component, by model, and the targets that fit to no component."""

    components: dict[str, Measured]
    models: dict[str, Measured]
    unknown: list[str]
    how: str


def measure(metrics: Metrics, draft: Draft) -> Measurement:
    """Give the series of metrics to the components and the models of an import."""
    owners = _Owners(draft)
    components: dict[str, Measured] = {}
    models: dict[str, Measured] = {}
    unknown: dict[str, None] = {}
    for family in FAMILIES:
        name = next((one for one in family.requests if one in metrics.series), None)
        if name is None:
            continue
        by_owner: dict[tuple[str, str], dict[str, list[Sample]]] = {}
        wanted = (*family.counters, *(f"{one}_bucket" for one in family.histograms))
        for metric, samples in ((one, metrics.series.get(one, [])) for one in wanted):
            for sample in samples:
                if _is_quiet(sample, family):
                    continue
                owner = owners.find(sample, family)
                if owner is None:
                    unknown[f"{family.title}: {_shown(sample, family)}"] = None
                else:
                    by_owner.setdefault(owner, {}).setdefault(metric, []).append(sample)
        peaks = [one for one in metrics.peaks.get(name, []) if not _is_quiet(one, family)]
        for owner, series in by_owner.items():
            own = [sample.value for sample in peaks if owners.find(sample, family) == owner]
            made = _measured(family, name, series, metrics.seconds, sum(own) if own else None)
            section, who = owner
            known = models if section == "models" else components
            if who not in known or known[who].rate is None:
                known[who] = made
    for model, found in models.items():
        server = owners.server_of(model)
        if server is not None and server not in components:
            components[server] = msgspec.structs.replace(found, times={}, first_token={}, per_token={})
    return Measurement(components, models, list(unknown), f"measured {_window(metrics)} by {metrics.origin}")


def apply(measurement: Measurement, draft: Draft) -> None:
    """Put measured facts into a draft: rates into workloads, times where they belong."""
    for name, entrance in draft.workloads.items():
        found = measurement.components.get(entrance.to or name)
        if found is not None:
            facts = {key: _fact(text, entrance.site, measurement.how) for key, text in workload_facts(found).items()}
            draft.workloads[name] = msgspec.structs.replace(entrance, facts=facts)
    for name, found in measurement.components.items():
        component = draft.components[name]
        for key, text in component_facts(found, component).items():
            component.facts[key] = _fact(text, component.site, measurement.how)
        if len(component.serves) == 1 and found.times and not _waits(component):  # its model does the work
            own = draft.models[component.serves[0]]
            own["service_time"] = _fact(_times(found.times), component.site, measurement.how)
    for name, found in measurement.models.items():
        site = next(iter(draft.components.values())).site
        for key, text in model_facts(found).items():
            draft.models[name][key] = _fact(text, site, measurement.how)


def _fact(text: str, site: Site, how: str) -> Fact:
    """Make a fact of a text that this module wrote: a value, or a mapping of values."""
    if not text.startswith("{"):
        return Fact(text, site, how)
    pairs = (pair.split(": ") for pair in text[1:-1].split(", "))
    return Fact("", site, how, tuple((name, Fact(value, site)) for name, value in pairs))


def workload_facts(found: Measured) -> dict[str, str]:
    """Return the facts of the workload that comes in at a component, as `arch.yaml` writes them."""
    facts = {key: f"{_rounded(value)}/s" for key, value in (("rate", found.rate), ("peak", found.peak)) if value}
    if found.tokens_in and found.tokens_out:
        facts["tokens"] = f"{{in: {round(found.tokens_in)}, out: {max(1, round(found.tokens_out))}}}"
    return facts


def component_facts(found: Measured, component: Component) -> dict[str, str]:
    """Return the facts of a component: its time, unless it includes the time of what it waits for."""
    if component.serves or not found.times or _waits(component):
        return {}
    return {"service_time": _times(found.times)}


def _waits(component: Component) -> bool:
    return any(relation.verb in WAITING for relation in component.relations)


def model_facts(found: Measured) -> dict[str, str]:
    """Return the facts of a model: its time, or those of its tokens."""
    facts = {"ttft": found.first_token, "tpot": found.per_token}
    if not found.first_token and not found.per_token:
        facts = {"service_time": found.times}
    return {key: _times(times) for key, times in facts.items() if times}


class _Owners:
    """Finds the component or the model that a series belongs to."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.names: dict[str, set[str]] = {}
        for name, one in draft.components.items():
            for other in (name, one.unit.name, *one.unit.names):
                self.names.setdefault(_normal(other), set()).add(name)
        self.models = {_normal(model): model for model in draft.models}

    def find(self, sample: Sample, family: Family) -> tuple[str, str] | None:
        """Return the section and the name; None if no label names one, or several could be meant."""
        for label in (*family.owner, *TARGET):
            text = sample.labels.get(label, "")
            for word in _words(text, label):
                if label in {"model", "model_name"} and word in self.models:
                    return "models", self.models[word]
                found = self.names.get(word, set())
                if len(found) == 1:
                    return "components", next(iter(found))
        return None

    def server_of(self, model: str) -> str | None:
        """Return the only component that serves a model."""
        found = [name for name, one in self.draft.components.items() if model in one.serves]
        return found[0] if len(found) == 1 and len(self.draft.components[found[0]].serves) == 1 else None


def _words(text: str, label: str) -> Iterable[str]:
    """Yield the names that a label may stand for: itself, its host, and the workload of a pod or revision."""
    name = _normal(text.rpartition(":")[0] if label == "instance" and ":" in text else text)
    if not name or name == "unknown":
        return []
    found = [name, name.rpartition("/")[2], name.partition(".")[0], _POD.sub("", name), _REVISION.sub("", name)]
    return dict.fromkeys(one for one in found if one)


def _normal(name: str) -> str:
    return name.strip().lower().replace("_", "-")


def _is_quiet(sample: Sample, family: Family) -> bool:
    """Whether a series counts what probes ask for, or is one of the other side of a connection."""
    path = next((sample.labels[label] for label in ROUTES if label in sample.labels), "")
    other = any(sample.labels.get(label, value) != value for label, value in family.only)
    return other or re.match(QUIET, path) is not None


def _shown(sample: Sample, family: Family) -> str:
    labels = [label for label in (*family.owner, "job", "instance") if sample.labels.get(label)]
    return ", ".join(f"{label}={sample.labels[label][:80]}" for label in labels) or "no label names it"


def _measured(
    family: Family, name: str, series: Mapping[str, Sequence[Sample]], seconds: float | None, peak: float | None
) -> Measured:
    """Compute what the series of one component say."""
    total = {metric: sum(sample.value for sample in samples) for metric, samples in series.items()}
    requests = total.get(name, 0.0)
    times: dict[str, float] = {}
    for metric, units in family.times:
        times = times or _percentiles(series.get(f"{metric}_bucket", ()), units)
    for metric, units in family.sums:
        waited = sum(total.get(one, 0.0) for one in family.without)
        if requests > 0 and metric in total and not times and total[metric] > waited:
            times = {"mean": (total[metric] - waited) / units / requests}
    rate = requests / seconds if seconds else None
    tokens = [
        sum(total.get(one, 0.0) for one in some) / requests if requests > 0 else 0.0
        for some in (family.tokens_in, family.tokens_out)
    ]  # fmt: skip
    first, each = (
        next((found for one in some if (found := _percentiles(series.get(f"{one}_bucket", ()), 1.0))), {})
        for some in (family.first_token, family.per_token)
    )
    return Measured(rate or None, peak or None, times, first, each, tokens[0], tokens[1], family.title)


def _percentiles(buckets: Sequence[Sample], units: float) -> dict[str, float]:
    """Return percentiles in seconds, with linear interpolation in a bucket, as `histogram_quantile` does.

    >>> half = [Sample({"le": "0.1"}, 50.0), Sample({"le": "0.2"}, 100.0), Sample({"le": "+Inf"}, 100.0)]
    >>> _percentiles(half, 1.0)["p50"]
    0.1
    """
    bounds: dict[float, float] = {}
    for sample in buckets:
        try:
            bound = float(sample.labels.get("le", ""))
        except ValueError:
            continue
        bounds[bound] = bounds.get(bound, 0.0) + sample.value
    ordered = sorted(bounds.items())
    total = ordered[-1][1] if ordered else 0.0
    if total <= 0 or len(ordered) < 2:
        return {}
    found = {}
    for name, share in PERCENTILES:
        wanted, low, below = share * total, 0.0, 0.0
        for bound, count in ordered:
            if count >= wanted:
                if bound != float("inf"):
                    part = (wanted - below) / (count - below) if count > below else 1.0
                    found[name] = (low + (bound - low) * part) / units
                break
            low, below = bound, count
    return {name: value for name, value in found.items() if value > 0}


def _window(metrics: Metrics) -> str:
    return metrics.window if metrics.window.startswith("since") else f"over {metrics.window}"


def _times(times: Mapping[str, float]) -> str:
    return f"{{{', '.join(f'{name}: {_duration(value)}' for name, value in times.items())}}}"


def _duration(seconds: float) -> str:
    """Write a duration with three digits.

    >>> _duration(0.012345), _duration(2.5), _duration(0.00004)
    ('12.3ms', '2.5s', '0.04ms')
    """
    return f"{_rounded(seconds)}s" if seconds >= 1 else f"{_rounded(seconds * 1000)}ms"


def _rounded(value: float) -> str:
    text = f"{float(f'{value:.3g}'):.10f}".rstrip("0").rstrip(".")
    return text or "0"
