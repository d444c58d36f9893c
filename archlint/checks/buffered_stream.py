"""A streamed answer that a hop on its way holds back or cuts off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from archlint.analysis.generation import generating, streamed
from archlint.analysis.modes import ASYNCHRONOUS
from archlint.analysis.system import System
from archlint.analysis.wording import listed
from archlint.checks._lines import exceeds
from archlint.checks._loss import Traffic, keep
from archlint.model.architecture import Component, Model, Relation, ServiceTime, Workload
from archlint.model.pieces import Amounts
from archlint.model.places import Place
from archlint.model.quantities import format_duration
from archlint.verdicts import Certainty, Hit, Origin, Related, Term, Undecided, Verdict

_MEDIAN: Final = 0.5
_DIRECTLY: Final = ("synchronous", "streamed-answer")


class Params(msgspec.Struct, frozen=True):
    """No parameters."""


class _Typical(msgspec.Struct, frozen=True):
    """A time of a typical answer, in seconds: a constant or a median, with its terms."""

    value_s: float
    constant: bool
    terms: tuple[Term, ...]


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each hop that holds a streamed answer back or cuts it off, at the key that does so."""
    traffic = Traffic(system)
    found: dict[Place, Hit] = {}
    questions: dict[Place, Undecided] = {}
    for _, workload in sorted(system.workloads.items()):     # so that their order in the file changes nothing
        if workload.stream is False or workload.waits is False:
            continue
        loss = traffic.share([workload])
        for judged in _of_workload(system, workload):
            if isinstance(judged, Undecided):
                questions.setdefault(judged.at, judged)
            else:
                keep(found, judged, loss)
    yield from found.values()
    yield from questions.values()


def _of_workload(system: System, workload: Workload) -> Iterator[Hit | Undecided]:
    """Judge a workload; if the file does not say whether it streams, each hit becomes a question."""
    streaming = msgspec.structs.replace(workload, stream=True)
    for judged in (*_held_back(system, streaming), *_cut_off(system, streaming)):
        if workload.stream:
            yield judged
        elif isinstance(judged, Hit):
            because = f"whether the caller uses the answers of `{workload.name}` from the first token on"
            yield Undecided(judged.at, (workload.place("stream"),), because)


def _held_back(system: System, workload: Workload) -> Iterator[Hit]:
    """Yield a hit for each component that buffers the stream, and for each queue whose answers are stored whole."""
    for name in dict.fromkeys(step.source for step in streamed(system, workload)):
        component = system.components[name]
        if component.buffers:
            at = component.place("buffers")
            message = (
                f"`{name}` passes an answer on only when it is complete, but `{workload.name}` streams its answers: "
                "the caller waits for the last token instead of the first"
            )
            yield Hit(at, message, (), (_streams(workload),), cures=("streamed-answer",), cause=f"component {name}")
    yield from _stored_whole(system, workload)


def _stored_whole(system: System, workload: Workload) -> Iterator[Hit]:
    """Yield a hit for each queue whose worker stores its answers where the waiting side reads them."""
    flow = system.flow(workload)
    read = {step.target for name in flow.waiting for step in flow.steps[name] if step.relation.verb == "reads"}
    for server in dict.fromkeys(s.server for s in system.servings(workload) if s.mode == ASYNCHRONOUS):
        leaving = system.topology.outgoing[server]
        stores = [relation.target for relation in leaving if relation.verb == "writes" and relation.target in read]
        publish = next((relation for relation in flow.path_to(server) if relation.verb == "publishes"), None)
        if publish is None or not stores or _replies(system, system.components[server]):
            continue
        message = (
            f"`{workload.name}` streams its answers, but its requests wait in `{publish.target}`; `{server}` stores "
            f"the answer in {listed(stores)}: no token arrives before it is complete"
        )
        yield Hit(publish.place(), message, (), (_streams(workload),), Certainty.HEURISTIC, cures=_DIRECTLY)


def _replies(system: System, worker: Component) -> bool:
    """Return whether a worker sends its answers on: by a callback, or into another queue."""
    return bool(worker.callback) or any(r.verb == "publishes" for r in system.topology.outgoing[worker.name])


def _streams(workload: Workload) -> Related:
    return Related(workload.place("stream"), f"`{workload.name}` streams its answers")


def _cut_off(system: System, workload: Workload) -> Iterator[Hit | Undecided]:
    """Yield a hit for each timeout that a typical answer exceeds: its whole time, or its longest silence."""
    stated = system.architecture.models
    models = [stated[name] for name in dict.fromkeys(s.model for s in generating(system, workload)) if name in stated]
    hops = list(dict.fromkeys(step.relation for step in streamed(system, workload)))
    limited = [relation for relation in hops if relation.timeout_s is not None or relation.idle_timeout_s is not None]
    if not limited or len(models) != 1:
        return
    first, between = _time(models[0], "ttft"), _time(models[0], "tpot")
    whole = _whole(workload, models[0], first, between)
    needs: list[Place] = []
    for relation in limited:
        if relation.timeout_s is not None:
            if whole is None:
                needs += _missing(workload, models[0])
            elif exceeds(whole.value_s, relation.timeout_s):
                yield _too_short(workload, relation, relation.timeout_s, whole)
        if relation.idle_timeout_s is not None:
            known = [time for time in (first, between) if time is not None]
            longest = max(known, key=lambda time: time.value_s, default=None)
            if longest is None:
                needs.append(models[0].place("ttft"))
            elif exceeds(longest.value_s, relation.idle_timeout_s):
                yield _too_idle(workload, relation, relation.idle_timeout_s, longest)
    if needs:
        because = f"whether the timeouts are long enough for a whole answer of `{models[0].name}`"
        yield Undecided(workload.place("stream"), tuple(dict.fromkeys(needs)), because)


def _missing(workload: Workload, model: Model) -> list[Place]:
    found = [model.place(key) for key, time in (("ttft", model.ttft), ("tpot", model.tpot)) if time is None]
    if workload.tokens is None:
        found.append(workload.place("tokens"))
    elif workload.tokens.output is None:
        found.append(workload.place("tokens", "out"))
    return found


def _typical(time: ServiceTime) -> tuple[float, bool] | None:
    """Return the constant, else the median of a stated time, and whether it is constant."""
    if time.constant_s is not None:
        return time.constant_s, True
    median = next((value for fraction, value in time.percentiles if fraction == _MEDIAN), None)
    return None if median is None else (median, False)


def _time(model: Model, key: str) -> _Typical | None:
    stated: ServiceTime | None = getattr(model, key)
    known = None if stated is None else _typical(stated)
    if known is None:
        return None
    label = {"ttft": "time to the first token", "tpot": "time per output token"}[key]
    at = model.place(key)
    return _Typical(known[0], known[1], (Term(key, f"{label} of {model.name}", known[0], "s", Origin.STATED, at),))


def _whole(
    workload: Workload, model: Model, first: _Typical | None, between: _Typical | None
) -> _Typical | None:
    """Return the time of a whole answer, from its tokens, else from the model's service time."""
    output = workload.tokens.output if workload.tokens is not None else None
    tokens = None if output is None else _tokens(output)
    if first is not None and between is not None and tokens is not None:
        value_s = first.value_s + between.value_s * max(0.0, tokens[0] - 1)
        at = workload.place("tokens", "out")
        terms = (
            *first.terms, *between.terms,
            Term("tokens", f"generated tokens of {workload.name}", tokens[0], "count", Origin.STATED, at),
            Term("answer", f"whole answer of {model.name}", value_s, "s", Origin.DERIVED, None,
                 "time to the first token + (tokens - 1) x time per token"),
        )  # fmt: skip
        return _Typical(value_s, first.constant and between.constant and tokens[1], terms)
    known = None if model.service_time is None else _typical(model.service_time)
    if known is None:
        return None
    term = Term("answer", f"whole answer of {model.name}", known[0], "s", Origin.STATED, model.place("service_time"))
    return _Typical(known[0], known[1], (term,))


def _tokens(output: Amounts) -> tuple[float, bool] | None:
    if output.constant is not None:
        return output.constant, True
    median = next((amount for fraction, amount in output.percentiles if fraction == _MEDIAN), None)
    return None if median is None else (median, False)


def _too_short(workload: Workload, relation: Relation, timeout_s: float, whole: _Typical) -> Hit:
    at, typical = relation.place("timeout"), "an" if whole.constant else "a typical"
    message = (
        f"`{relation.source}` gives up on `{relation.target}` after {format_duration(timeout_s)}, but {typical} answer "
        f"of `{workload.name}` takes {format_duration(whole.value_s)}: the stream is cut off before its end"
    )
    limit = Term("timeout", "timeout of the call", timeout_s, "s", Origin.STATED, at, limit=True)
    return _cut(workload, at, message, whole, limit)


def _too_idle(workload: Workload, relation: Relation, idle_s: float, longest: _Typical) -> Hit:
    at, what = relation.place("idle_timeout"), longest.terms[0].label.partition(" of ")[0]
    message = (
        f"`{relation.source}` closes the stream from `{relation.target}` after {format_duration(idle_s)} without data, "
        f"but the {what} is {format_duration(longest.value_s)}: `{workload.name}` loses its answers"
    )
    limit = Term("idle_timeout", "longest silence allowed", idle_s, "s", Origin.STATED, at, limit=True)
    return _cut(workload, at, message, longest, limit)


def _cut(workload: Workload, at: Place, message: str, time: _Typical, limit: Term) -> Hit:
    """Return the hit at a limit that is shorter than a time of the answer."""
    certainty = Certainty.PROVEN if time.constant else Certainty.ESTIMATED
    related = (_streams(workload),)
    return Hit(at, message, (*time.terms, limit), related, certainty, cures=("timeout-budget",))
