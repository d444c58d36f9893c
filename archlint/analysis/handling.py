"""What a consumer does with one message, and how long it keeps it in hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from archlint.analysis.arrivals import misses
from archlint.analysis.service_time import mean
from archlint.analysis.system import System
from archlint.model.architecture import Component, Relation, ServiceTime
from archlint.model.places import Place, place
from archlint.model.quantities import format_percentile
from archlint.verdicts import Origin, Term


class Piece(msgspec.Struct, frozen=True):
    """One piece of the work on a message, and the time of one such piece.

    `cap_s` is when the consumer gives up. `share` of the messages need it: a cache of predictions saves the others.
    """

    name: str
    label: str
    time: ServiceTime
    at: Place
    cap_s: float = float("inf")
    share: float = 1.0


class Handling(msgspec.Struct, frozen=True):
    """The pieces of the work on one message that the file states, and the places of those that it does not."""

    pieces: tuple[Piece, ...]
    missing: tuple[Place, ...] = ()


class InHand(msgspec.Struct, frozen=True):
    """That a share of the messages is in hand for at least a time; None for the share if the mean says it."""

    value_s: float
    share: float | None
    terms: tuple[Term, ...]


def handlings(system: System, consumer: Component) -> tuple[Handling, ...]:
    """Return what a consumer does with a message, for each set of its models that a workload runs."""
    known = system.once(_known)
    if consumer.name not in known:
        known[consumer.name] = tuple(_handlings(system, consumer))
    return known[consumer.name]


def _known(_: System) -> dict[str, tuple[Handling, ...]]:
    """What is known of each consumer: one may take messages from many queues."""
    return {}


def _handlings(system: System, consumer: Component) -> Iterator[Handling]:
    workloads = system.workloads_of.get(consumer.name, ())
    wanted = {_run_by(consumer, workload.models): None for workload in workloads}
    if not wanted:
        wanted[consumer.serves if len(consumer.serves) == 1 else ()] = None
    for models in wanted:
        yield _handling(system, consumer, models)


def _run_by(consumer: Component, models: tuple[str, ...] | None) -> tuple[str, ...]:
    return consumer.serves if models is None else tuple(name for name in consumer.serves if name in models)


def _handling(system: System, consumer: Component, models: Iterable[str]) -> Handling:
    outgoing = system.topology.outgoing[consumer.name]
    behind = list(_models(system, models))
    for call in outgoing:
        if _is_awaited(call):
            behind += _called(system, call)
    share = misses(system, outgoing)
    saved = [msgspec.structs.replace(one, share=share) if isinstance(one, Piece) else one for one in behind]
    found = [*(saved if share < 1 else behind), *_own(consumer)]
    found += [r.place("hit_ratio") for r in outgoing if _is_open_cache(system, r)] if share < 1 else []
    pieces = tuple(piece for piece in found if isinstance(piece, Piece))
    return Handling(pieces, tuple(at for at in found if isinstance(at, Place)))


def _models(system: System, models: Iterable[str], cap_s: float = float("inf")) -> Iterator[Piece | Place]:
    for name in models:
        model = system.architecture.models.get(name)
        at = place("models", name, "service_time")
        yield at if model is None or model.service_time is None else Piece(
            "service_time", f"model {name}", model.service_time, at, cap_s
        )


def _own(component: Component, cap_s: float = float("inf")) -> Iterator[Piece]:
    if component.service_time is not None:
        at = component.place("service_time")
        yield Piece("own_time", f"own work of {component.name}", component.service_time, at, cap_s)
    preparing = component.preprocessing
    if preparing is not None and preparing.service_time is not None:
        at = component.place("preprocessing", "service_time")
        yield Piece("own_time", f"preprocessing in {component.name}", preparing.service_time, at, cap_s)


def _is_awaited(call: Relation) -> bool:
    """Return whether each message waits for a call."""
    branches = (call.share, call.when, call.either, call.parallel, call.hit_ratio, call.fallback)
    return call.verb == "calls" and not call.optional and all(fact is None for fact in branches)


def _called(system: System, call: Relation) -> Iterator[Piece | Place]:
    """Yield the work of a server that a consumer calls, until it gives up; of several models, any may be called."""
    target, timeout = system.components[call.target], system.facts.timeout_s(call)
    cap_s = float("inf") if timeout is None else float(timeout.value)
    yield from _own(target, cap_s)
    if len(target.serves) == 1:
        yield from _models(system, target.serves, cap_s)


def _is_open_cache(system: System, relation: Relation) -> bool:
    """Return whether a relation looks up predictions, and the file does not state how often it finds one."""
    predicts = relation.caches not in {"data", "prefix"}
    return predicts and relation.hit_ratio is None and system.topology.looks_up(relation)


def in_hand(pieces: Sequence[Piece], limit_s: float) -> InHand | None:
    """Return that messages are in hand for longer than a limit, for the largest share that is known; None if not.

    What a cache of predictions saves counts only for the messages that it does not answer.
    """
    missed = min((piece.share for piece in pieces), default=1.0)
    if missed == 1:
        return _in_hand(pieces, limit_s)
    found = _in_hand([piece for piece in pieces if piece.share == 1], limit_s)
    if found is not None or missed == 0:
        return found
    behind = [piece for piece in pieces if piece.share < 1 or piece.time.constant_s is not None]
    found = _in_hand(behind, limit_s)
    if found is None or found.share is None:
        return found
    return msgspec.structs.replace(found, share=found.share * missed)


def _in_hand(pieces: Sequence[Piece], limit_s: float) -> InHand | None:
    """Return that messages are in hand for longer than a limit, for the largest share that is known; None if not.

    It is a bound for any distribution: of the pieces whose times vary, one is taken at a stated percentile, and the
    others take no time at all; or all of them are taken at their stated means.
    """
    fixed = [(piece, min(piece.time.constant_s, piece.cap_s)) for piece in pieces if piece.time.constant_s is not None]
    fixed_s = sum(value_s for _, value_s in fixed)
    terms = [Term(p.name, p.label, value_s, "s", Origin.STATED, p.at) for p, value_s in fixed]
    if fixed_s > limit_s:
        return InHand(fixed_s, 1.0, tuple(terms))
    best: InHand | None = None
    for piece in pieces:
        for fraction, stated_s in piece.time.percentiles:
            value_s = min(stated_s, piece.cap_s)
            if fixed_s + value_s > limit_s and (best is None or 1 - fraction > (best.share or 0.0)):
                key = format_percentile(fraction)
                term = Term(piece.name, f"{piece.label}, {key}", value_s, "s", Origin.STATED, piece.at.key(key))
                best = InHand(fixed_s + value_s, 1 - fraction, (*terms, term))
                break
    return best or _on_average(pieces, fixed_s, terms, limit_s)


def _on_average(pieces: Sequence[Piece], fixed_s: float, terms: Sequence[Term], limit_s: float) -> InHand | None:
    means = [piece for piece in pieces if piece.time.mean_s is not None and piece.cap_s == float("inf")]
    total_s = fixed_s + sum(piece.time.mean_s or 0.0 for piece in means)
    if total_s <= limit_s:
        return None
    found = (
        Term(p.name, f"{p.label}, mean", p.time.mean_s or 0.0, "s", Origin.STATED, p.at.key("mean")) for p in means
    )
    return InHand(total_s, None, (*terms, *found))


def mean_time(pieces: Sequence[Piece]) -> tuple[float, tuple[Term, ...]] | None:
    """Return the mean time of the work on one message, with its terms; None if a mean is not known."""
    total_s, terms = 0.0, []
    for piece in pieces:
        value_s = mean(piece.time)
        if value_s is None:
            return None
        stated = piece.time.constant_s is not None or piece.time.mean_s is not None
        at = piece.at if piece.time.mean_s is None else piece.at.key("mean")
        label = piece.label if piece.time.constant_s is not None else f"{piece.label}, mean"
        note = "" if stated else "mean of the lognormal through what is stated"
        terms.append(Term(piece.name, label, value_s, "s", Origin.STATED if stated else Origin.DERIVED, at, note))
        if piece.share < 1:
            label = f"messages that need {piece.label}"
            terms.append(Term("misses", label, piece.share, "share", Origin.STATED, None, "1 - hit ratio"))
        total_s += value_s * piece.share
    return total_s, tuple(terms)
