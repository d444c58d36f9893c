"""The terms that show what is lost when a component fails."""

from __future__ import annotations

from collections.abc import Container, Iterator

from archlint.analysis.blast import BlastRadius, Loss
from archlint.analysis.system import System
from archlint.model.quantities import format_rate, format_share
from archlint.verdicts import Origin, Term

MOST_SHOWN = 8


def by_damage(blast: BlastRadius) -> BlastRadius:
    """Return what is lost, the workload that loses most requests first."""
    return BlastRadius(tuple(sorted(blast.losses, key=_damage)), blast.traffic_share)


def _damage(loss: Loss) -> tuple[float, str]:
    share = 1.0 if loss.share is None else loss.share
    return -share * (loss.workload.rate_per_s or 0.0), loss.workload.name


def failing(blast: BlastRadius, components: Container[str] = ()) -> str:
    """Say what fails: `` `search` and 10 % of `ads` fail (40 % of all traffic, 20/s)``.

    A workload with the name of one of the components is called one.
    """
    whole = "all of " if any(part_of(loss) for loss in blast.losses) else ""
    names = [loss.workload.name for loss in blast.losses]
    shown = [f"workload `{name}`" if name in components else f"`{name}`" for name in names]
    words = [f"{part_of(loss) or whole}{name}" for loss, name in zip(blast.losses, shown, strict=True)]
    if len(words) > 4:
        words = [*words[:3], f"{len(words) - 3} more workloads"]
    what = " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
    lost = lost_per_s(blast)
    rate = f", {format_rate(lost)}" if lost else ""
    traffic = f" ({format_share(blast.traffic_share)} of all traffic{rate})" if blast.traffic_share is not None else ""
    return f"{what} {'fails' if len(words) == 1 else 'fail'}{traffic}"


def lost_per_s(blast: BlastRadius) -> float | None:
    """Return the requests per second that fail; None if a rate or a share is unknown."""
    lost = 0.0
    for loss in blast.losses:
        if loss.share is None or loss.workload.rate_per_s is None:
            return None
        lost += loss.share * loss.workload.rate_per_s
    return lost


def part_of(loss: Loss) -> str:
    """Say which part of a workload is lost; empty if all of it is."""
    if loss.share is None:
        return "a part of "
    return f"{format_share(loss.share)} of " if loss.share < 1 else ""


def blast_terms(system: System, blast: BlastRadius) -> Iterator[Term]:
    """Yield what is lost and, if all rates are known, its share of all traffic, with the arithmetic."""
    count, note = len(blast.losses), f"of {len(system.workloads)}"
    yield Term("workloads_lost", "workloads that fail", count, "count", Origin.DERIVED, None, note)
    if not blast.losses:
        return
    for loss in blast.losses[:MOST_SHOWN]:
        workload = loss.workload
        if workload.rate_per_s is not None:
            at = workload.place("rate")
            yield Term("rate", f"rate of {workload.name}", workload.rate_per_s, "/s", Origin.STATED, at)
        if loss.share is not None and loss.share < 1:
            label, note = f"share of {workload.name} that fails", "shares of the branches that need it"
            yield Term("share_lost", label, loss.share, "share", Origin.DERIVED, None, note)
    lost = lost_per_s(blast)
    if lost is not None and len(blast.losses) > 1:
        yield Term("requests_lost", "requests that fail", lost, "/s", Origin.DERIVED, None, "sum of rate x share")
    if blast.traffic_share is None:
        return
    rates = [workload.rate_per_s for workload in system.workloads.values()]
    if blast.traffic_share < 1 and None not in rates:
        total = sum(rate for rate in rates if rate is not None)
        yield Term("rate_of_all", "rate of all workloads", total, "/s", Origin.DERIVED, None, "sum of the rates")
    yield Term("traffic_lost", "traffic lost", blast.traffic_share, "share", Origin.DERIVED, None, _arithmetic(blast))


def _arithmetic(blast: BlastRadius) -> str:
    if blast.traffic_share == 1:
        return "every workload fails"
    partial = any(loss.share != 1 for loss in blast.losses)
    return f"{'rates x shares' if partial else 'rates'} that fail / rate of all"
