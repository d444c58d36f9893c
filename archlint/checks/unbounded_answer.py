"""Generated answers without a maximum length, where their time or cost is limited."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from archlint.analysis.described import ALL
from archlint.analysis.generation import asks_for_tokens, generating
from archlint.analysis.system import System
from archlint.analysis.wording import listed
from archlint.checks._loss import Traffic
from archlint.model.architecture import Workload
from archlint.model.pieces import Amounts
from archlint.model.places import Place
from archlint.model.quantities import format_count
from archlint.verdicts import Hit, NoParams, Origin, Related, Term, Undecided, Verdict

_BECAUSE: Final = "whether answers have a maximum number of tokens"


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each workload with a limit on time or cost, and none on the tokens of an answer, at `tokens`."""
    traffic = Traffic(system)
    for workload in system.workloads.values():
        limits = _limits(workload)
        if not limits or not (asks_for_tokens(workload) or generating(system, workload)):
            continue
        output = workload.tokens.output if workload.tokens is not None else None
        if output is None:
            key = ("tokens", "out") if workload.tokens is not None else ("tokens",)
            yield Undecided(workload.place(), (workload.place(*key),), _BECAUSE)
        elif output.constant is None and output.most is None:
            if not output.unlimited and ALL not in system.architecture.described:
                yield Undecided(workload.place("tokens", "out"), (workload.place("tokens", "out", "max"),), _BECAUSE)
                continue
            yield _hit(workload, output, limits, _fixes(system, workload), traffic.share([workload]))


def _limits(workload: Workload) -> list[tuple[Place, str]]:
    """Return what a longer answer breaks: objectives for the whole answer, and the budget."""
    found = []
    if _is_timed(workload):
        found.append((workload.place("slo", "latency"), "latency objective"))
    if workload.budget is not None:
        found.append((workload.place("budget"), "budget"))
    return found


def _fixes(system: System, workload: Workload) -> tuple[str, ...]:
    """Return the fixes that help: a gateway for what several workloads or a vendor share, else the limit alone."""
    servers = {serving.server for serving in generating(system, workload)}
    shared = any(len(system.workloads_served_by.get(server, ())) > 1 for server in servers)
    vendor = any(system.components[server].kind == "external" for server in servers)
    gateway = ("llm-gateway",) if shared or vendor or not _is_timed(workload) else ()
    return gateway + (("timeout-budget",) if _is_timed(workload) else ())


def _is_timed(workload: Workload) -> bool:
    return bool(workload.slo.latency) or workload.slo.latency_mean_s is not None


def _hit(
    workload: Workload, output: Amounts, limits: list[tuple[Place, str]], cures: tuple[str, ...], loss: float
) -> Hit:
    at = workload.place("tokens", "out")
    said = output.by_name.items()
    terms = tuple(Term("tokens", f"generated tokens, {name}", n, "count", Origin.STATED, at) for name, n in said)
    known = ", ".join(f"{name} {format_count(amount)}" for name, amount in said)
    names = " and ".join(name for _place, name in limits)
    spent = (["time"] if _is_timed(workload) else []) + (["cost"] if workload.budget is not None else [])
    return Hit(
        at,
        f"answers of `{workload.name}` have no maximum length ({known} tokens), but the workload has a {names}: "
        f"the {' and '.join(spent)} of one answer {'have' if len(spent) > 1 else 'has'} no limit",
        terms,
        tuple(Related(place, f"{name} of {listed([workload.name])}") for place, name in limits),
        absent=(workload.place("tokens", "out", "max"),),
        cures=cures,
        loss=loss,
    )
