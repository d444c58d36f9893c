"""A message that is in hand for longer than the broker waits: it is delivered again, and handled twice."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archlint.analysis.facts import Fact
from archlint.analysis.handling import Handling, InHand, Piece, handlings, in_hand
from archlint.analysis.system import System
from archlint.checks._loss import Traffic
from archlint.model.architecture import Component, Relation, ServiceTime
from archlint.model.quantities import format_duration, format_share
from archlint.verdicts import Certainty, Hit, Origin, Related, Term, Undecided, Verdict


class Params(msgspec.Struct, frozen=True):
    """asks_from: a consumer that takes less than this is not asked when its broker delivers again, in s."""

    asks_from: float = 10.0


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each relation that takes messages and keeps them too long, at its time until redelivery."""
    traffic = Traffic(system)
    # A sketch without any rate is not asked about the default of each of its queues.
    states_loads = any(w.rate_per_s is not None or w.peak_per_s is not None for w in system.workloads.values())
    for relation in system.topology.relations_of("consumes"):
        consumer = system.components[relation.source]
        once = relation.max_attempts is not None and relation.max_attempts <= 1
        if once or system.states_none(relation.place("redelivery_after")):
            continue
        after = system.facts.redelivery_after(relation)
        found = list(_handlings(system, consumer))
        if after is None:
            yield from _unknown_limit(relation, found, params)
            continue
        limit_s = float(after.value)
        long = [held for handling in found if (held := in_hand(handling.pieces, limit_s)) is not None]
        if long:
            worst = max(long, key=lambda held: (held.share or 0.0, held.value_s))
            yield _hit(relation, after, worst, traffic)
        elif after.origin is Origin.STATED or states_loads:
            missing = next((handling.missing for handling in found if handling.missing), ())
            if missing:
                because = f"how long `{consumer.name}` keeps a message of `{relation.target}`"
                yield Undecided(relation.place(), missing, because)


def _handlings(system: System, consumer: Component) -> Iterator[Handling]:
    """Yield what is done with a message; a job that a message starts keeps it for its run."""
    if consumer.run_time_s is not None:
        run = ServiceTime(constant_s=consumer.run_time_s)
        yield Handling((Piece("run_time", f"one run of {consumer.name}", run, consumer.place("run_time")),))
    else:
        yield from handlings(system, consumer)


def _unknown_limit(relation: Relation, found: list[Handling], params: Params) -> Iterator[Undecided]:
    if any(in_hand(handling.pieces, params.asks_from) is not None for handling in found):
        because = f"when `{relation.target}` delivers a message again that `{relation.source}` still works on"
        yield Undecided(relation.place(), (relation.place("redelivery_after"),), because)


def _hit(relation: Relation, after: Fact, held: InHand, traffic: Traffic) -> Hit:
    stated = after.origin is Origin.STATED
    limit_s, share = float(after.value), held.share
    keeps, they = f"`{relation.source}` keeps", "it is"
    if share is None:
        said = f"{keeps} a message of `{relation.target}` for {format_duration(held.value_s)} on average"
    elif share < 1:
        part = f"{format_share(share)} of the messages of `{relation.target}`"
        said, they = f"{keeps} {part} for {format_duration(held.value_s)} or longer", "they are"
    else:
        said = f"{keeps} each message of `{relation.target}` for at least {format_duration(held.value_s)}"
    default = "" if stated else " by default"
    message = f"{said}, but {they} delivered again after {format_duration(limit_s)}{default}, so {they} handled twice"
    terms = list(held.terms)
    if len(terms) > 1:
        terms.append(Term("in_hand", "time of one message, at least", held.value_s, "s", Origin.DERIVED, None, "sum"))
    if share is not None:
        terms.append(Term("handled_twice", "messages that are handled twice, at least", share, "share", Origin.DERIVED))
    terms.append(after.term("redelivery_after", f"redelivery of {relation.target}", "s", limit=True))
    related = tuple(Related(term.at, "part of the time in hand") for term in held.terms[:4] if term.at is not None)
    return Hit(
        relation.place("redelivery_after") if stated else relation.place(),
        message,
        tuple(terms),
        related,
        Certainty.PROVEN if stated else Certainty.ESTIMATED,
        absent=(relation.place("max_attempts"),) if stated else (relation.place("redelivery_after"),),
        cures=("timeout-budget", "smaller-model", "dead-letter"),
        loss=traffic.through(relation.source) * (share if share is not None else 0.5),
    )
