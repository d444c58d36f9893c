"""What CAP002 says of first tokens that miss their objective under load."""

from __future__ import annotations

from typing import Final

from archlint.analysis.first_token import FirstToken, first_token
from archlint.analysis.latency import describe_band
from archlint.analysis.quantity import Missing
from archlint.analysis.system import System
from archlint.checks._lines import exceeds
from archlint.checks._loss import Traffic, beyond
from archlint.model.architecture import Workload
from archlint.model.places import Place
from archlint.model.quantities import format_count, format_duration, format_percentile, format_share
from archlint.verdicts import Certainty, Hit, Origin, Related, Severity, Term, Undecided, Verdict

_MOST_NEEDS: Final = 2
_MOST_REPLICAS: Final = 64


def judge(system: System, workload: Workload) -> Verdict | None:
    """Return a hit if the first tokens of a workload miss an objective at its mean rate, or else at its peak.

    If only the measured times of its model are missing, or the file states these, the facts that are left out are
    asked for. First tokens that are too slow on an idle server are not reported here, nor servers that get more than
    they can make.
    """
    what = "how long first tokens take under load"
    question: Undecided | None = None
    if workload.rate_per_s is None and workload.peak_per_s is None and _timed_servers(system, workload):
        return Undecided(workload.place("slo", "ttft"), (workload.place("rate"),), what)
    for peak in (False, True):
        if (workload.peak_per_s if peak else workload.rate_per_s) is None:
            continue
        found = first_token(system, workload, peak)
        if isinstance(found, FirstToken):
            hit = _late(system, workload, found)
            if hit is not None:
                return hit
        elif isinstance(found, Missing) and 0 < len(found.needs) <= _MOST_NEEDS and _may_ask(system, workload, found):
            question = question or Undecided(workload.place("slo", "ttft"), found.needs, what)
    return question


def _timed_servers(system: System, workload: Workload) -> set[str]:
    """Return the servers of models that generate for the workload, and whose measured times the file states."""
    models = system.architecture.models
    found = set()
    for serving in system.servings(workload):
        model = models.get(serving.model)
        if model is not None and model.ttft is not None and model.tpot is not None:
            found.add(serving.server)
    return found


def _may_ask(system: System, workload: Workload, found: Missing) -> bool:
    """Whether measured times of the model are missing, or facts of the workload or the server beside these times.

    Other gaps are asked for by other rules.
    """
    if all(place.names[0] == "models" for place in found.needs):
        return True
    servers = _timed_servers(system, workload)
    own = {workload.name, *servers}
    return bool(servers) and all(place.names[0] == "models" or place.names[1] in own for place in found.needs)


def _late(system: System, workload: Workload, found: FirstToken) -> Hit | None:
    late = [
        (found.seconds(fraction) / objective_s, fraction, objective_s)
        for fraction, objective_s in workload.slo.ttft
        if objective_s > 0 and exceeds(found.seconds(fraction), objective_s)
        and not exceeds(found.unloaded.percentile(fraction), objective_s)
    ]  # fmt: skip
    if not late:
        return None
    _, fraction, objective_s = max(late)
    value_s, band, name = found.seconds(fraction), found.band(fraction), format_percentile(fraction)
    server = found.generator.server
    when = "at its peak" if found.at_peak else "at the mean rate"
    enough = _enough(found, fraction, objective_s)
    message = (
        f"first tokens of `{workload.name}` take about {format_duration(value_s)} at {name} {when} "
        f"({describe_band(band)}), and the objective is {format_duration(objective_s)}; {_why(found)}; {enough[0]}"
    )
    idle_s = found.unloaded.percentile(fraction)
    key = "replicas" if server.replicas is not None else "max_sequences"
    terms = (
        *found.terms(),
        Term("unloaded", f"first token, {name}, without waits", idle_s, "s", Origin.DERIVED),
        Term("latency", f"first token, {name}, about", value_s, "s", Origin.DERIVED, None,
             f"with waits; nine of ten systems: {describe_band(band)}"),
        Term("objective", f"SLO of {workload.name}, ttft {name}", objective_s, "s", Origin.STATED,
             _place(workload, fraction), limit=True),
    )  # fmt: skip
    return Hit(
        _place(workload, fraction),
        message,
        terms,
        (Related(server.place(key), f"requests wait for `{server.name}`"),),
        Certainty.ESTIMATED,
        absent=(server.place("max_sequences"), server.place("autoscale")),
        severity=Severity.WARNING if found.at_peak else None,
        band=band,
        band_beyond=band[0] > objective_s,
        cures=(*(("replicate",) if enough[1] else ()), "smaller-model"),
        loss=Traffic(system).share([workload]) * beyond(value_s, objective_s),
    )


def _place(workload: Workload, fraction: float) -> Place:
    return workload.place("slo", "ttft", format_percentile(fraction))


def _why(found: FirstToken) -> str:
    waits, server = found.waits, found.generator.server.name
    if waits.place.mean_s > waits.prompts.mean_s:
        return (
            f"{format_share(waits.place.waits)} of the requests wait for one of {format_count(found.generator.most)} "
            f"places in a replica of `{server}`, {format_duration(waits.place.scale_s)} on average"
        )
    return (
        f"{format_share(waits.prompts.waits)} of the requests wait until `{server}` has read the prompts of others, "
        f"{format_duration(waits.prompts.scale_s)} on average"
    )


def _enough(found: FirstToken, fraction: float, objective_s: float) -> tuple[str, bool]:
    """Say with how many replicas the objective is met, and whether that helps."""
    before = found.generator.replicas
    server = found.generator.server.name
    for replicas in range(before + 1, before + _MOST_REPLICAS):
        other = found.with_replicas(replicas)
        if other is not None and not exceeds(other.seconds(fraction), objective_s):
            said = f"with {replicas} replicas instead of {format_count(before)}, `{server}` meets the objective"
            return said, True
    return f"more replicas of `{server}` alone are not enough", False
