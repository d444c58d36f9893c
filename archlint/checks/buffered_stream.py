"""A streamed answer that a hop on its way holds back or cuts off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from archlint.analysis.generation import DECODE, PREFILL, after_the_first, generating, steps_to, streamed
from archlint.analysis.modes import ASYNCHRONOUS
from archlint.analysis.system import System
from archlint.analysis.turns import in_turn
from archlint.analysis.wording import listed
from archlint.checks._lines import exceeds
from archlint.checks._loss import Traffic, keep
from archlint.checks._stream_hops import Hops, hops_of
from archlint.model.architecture import Component, Model, Relation, ServiceTime, Workload
from archlint.model.pieces import Amounts
from archlint.model.places import Place
from archlint.model.quantities import format_count, format_duration, format_percentile, format_share
from archlint.topology import WHEN, Step
from archlint.verdicts import Certainty, Hit, NoParams, Origin, Related, Severity, Term, Undecided, Verdict

_MEDIAN: Final = 0.5
_DIRECTLY: Final = ("synchronous", "streamed-answer")


class _Typical(msgspec.Struct, frozen=True):
    """A time of a typical answer, in seconds: a constant, a median or a mean, with its terms.

    If it is that of long answers, only a `share` of them takes as long, from the percentile `name` on.
    """

    value_s: float
    constant: bool
    terms: tuple[Term, ...]
    share: float = 1.0
    name: str = ""


class _Made(msgspec.Struct, frozen=True):
    """A model whose answer comes over a call; `later` if only the tokens after the first do, from a decode server."""

    model: Model
    later: bool = False

    def missing(self) -> Place:
        """The key that states the longest silence."""
        return self.model.place("tpot" if self.later else "ttft")


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each hop that holds a streamed answer back or cuts it off, at the key that does so."""
    traffic, hops = Traffic(system), hops_of(system)
    found: dict[Place, Hit] = {}
    questions: dict[Place, Undecided] = {}
    for _, workload in sorted(system.workloads.items()):     # so that their order in the file changes nothing
        if workload.stream is False or workload.waits is False:
            continue
        loss = traffic.share([workload])
        for judged in _of_workload(system, workload, hops):
            if isinstance(judged, Undecided):
                known = questions.setdefault(judged.at, judged)
                needs = tuple(dict.fromkeys((*known.needs, *judged.needs)))      # each workload may have to say it
                questions[judged.at] = msgspec.structs.replace(known, needs=needs)
            else:
                # Of a timeout that cuts only long answers, `loss` is the share of the answers that it cuts.
                keep(found, msgspec.structs.replace(judged, loss=0.0), loss * (judged.loss or 1.0))
    yield from found.values()
    yield from questions.values()


def _of_workload(system: System, workload: Workload, hops: Hops) -> Iterator[Hit | Undecided]:
    """Judge a workload; if the file does not say whether it streams, each hit becomes a question."""
    streaming = msgspec.structs.replace(workload, stream=True)
    for judged in (*_held_back(system, streaming, hops), *_cut_off(system, streaming, hops)):
        if workload.stream:
            yield judged
        elif isinstance(judged, Hit):
            because = f"whether the caller uses the answers of `{workload.name}` from the first token on"
            yield Undecided(judged.at, (workload.place("stream"),), because)


def _held_back(system: System, workload: Workload, hops: Hops) -> Iterator[Hit]:
    """Yield a hit for each component that buffers the stream, and for each queue whose answers are stored whole."""
    steps = streamed(system, workload) if hops.buffering else ()
    for name in dict.fromkeys(step.source for step in steps if step.source in hops.buffering):
        at = system.components[name].place("buffers")
        message = (
            f"`{name}` passes an answer on only when it is complete, but `{workload.name}` streams its answers: "
            "the caller waits for the last token instead of the first"
        )
        yield Hit(at, message, (), (_streams(workload),), cures=("streamed-answer",))
    yield from _stored_whole(system, workload)


def _stored_whole(system: System, workload: Workload) -> Iterator[Hit]:
    """Yield a hit for each queue whose worker stores its answers where the waiting side reads them."""
    servers = dict.fromkeys(s.server for s in system.servings(workload) if s.mode == ASYNCHRONOUS)
    if not servers:
        return
    flow = system.flow(workload)
    read = {step.target for name in flow.waiting for step in flow.steps[name] if step.relation.verb == "reads"}
    for server in servers:
        leaving = system.topology.outgoing[server]
        stores = [relation.target for relation in leaving if relation.verb == "writes" and relation.target in read]
        published = flow.published_to(server)
        if published is None or not stores or _replies(system, system.components[server]):
            continue
        publish = published[0]
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


def _cut_off(system: System, workload: Workload, hops: Hops) -> Iterator[Hit | Undecided]:
    """Yield a hit for each timeout that a typical answer exceeds: its whole time, or its longest silence."""
    if not hops.cutting:
        return
    several = in_turn(system, workload)
    ways = _ways(system, workload, several)
    needs: dict[Place, None] = {}
    for relation in dict.fromkeys(relation for way in ways.values() for relation in way if relation in hops.cutting):
        models = [
            _Made(system.architecture.models[model], way[relation]) for model, way in ways.items() if relation in way
        ]
        yield from _default(system, workload, relation, models)
        for judged in _limits(workload, relation, models):
            if isinstance(judged, Hit):
                # Of several answers of one model in turn, it is unknown which one has the tokens of the workload.
                proven = judged.certainty is Certainty.PROVEN and several
                yield msgspec.structs.replace(judged, certainty=Certainty.ESTIMATED) if proven else judged
            else:
                needs.update(dict.fromkeys(judged))
    if needs:
        because = f"whether the timeouts are long enough for a whole answer of {listed(ways)}"
        yield Undecided(workload.place("stream"), tuple(needs), because)


def _ways(system: System, workload: Workload, several: bool) -> dict[str, dict[Relation, bool]]:
    """Return the calls over which the answer of each model comes; models that run one after another are left out.

    Of several such models, it is unknown which one writes the answer. True marks a call from behind which only
    the tokens after the first come.
    """
    made = [s for s in generating(system, workload) if s.model in system.architecture.models]
    last = after_the_first(system, made)
    servers: dict[str, list[str]] = {}
    for serving in last:
        servers.setdefault(serving.model, []).append(serving.server)
    if len(servers) > 1 and several:
        return {}
    found = {}
    for name, at in servers.items():
        own = [serving.server for serving in made if serving.model == name]
        apart = any(system.components[server].stage == PREFILL for server in own)
        first = [server for server in own if not apart or system.components[server].stage != DECODE]
        whole = {step.relation for step in steps_to(system, workload, first)}
        found[name] = {step.relation: step.relation not in whole for step in _main(system, workload, at)}
    return found


def _main(system: System, workload: Workload, servers: Sequence[str]) -> Iterator[Step]:
    """Yield the steps on a way from the client to some servers, without those of side calls.

    If a component asks for several answers in turn, the last is the one that it passes on.
    """
    flow, last = system.flow(workload), dict[str, list[Step]]()
    on_way = set(steps_to(system, workload, servers))
    for source in {step.source for step in on_way}:
        here = [step for step in flow.steps[source] if step in on_way]
        alone = here[-1].group is None or flow.groups[here[-1].group].kind == WHEN
        last[source] = here[-1:] if alone else [step for step in here if step.group == here[-1].group]
    waiting, seen = [flow.client], {flow.client}
    while waiting:
        for step in last.get(waiting.pop(), ()):
            yield step
            if step.target not in seen:
                seen.add(step.target)
                waiting.append(step.target)


def _default(system: System, workload: Workload, relation: Relation, models: Sequence[_Made]) -> Iterator[Hit]:
    """Judge the default timeout of a technology that ends streams as well: a hint."""
    default = system.facts.cuts_streams_after(relation)
    times = [(model, time) for model in models if (time := _whole(workload, model)) is not None]
    worst = None if default is None or len(times) < len(models) else _too_long(workload, times, float(default.value))
    if default is None or worst is None:
        return
    timeout_s = float(default.value)
    message = (
        f"`{relation.source}` ends each response of `{relation.target}` after {format_duration(timeout_s)} unless "
        f"`timeout` says otherwise, but {_takes(workload, worst)}"
    )
    hit = _cut(workload, relation.place(), message, worst, default.term("timeout", "default timeout", "s", limit=True))
    yield msgspec.structs.replace(hit, certainty=Certainty.HEURISTIC, absent=(relation.place("timeout"),))


def _limits(workload: Workload, relation: Relation, models: Sequence[_Made]) -> Iterator[Hit | tuple[Place, ...]]:
    """Judge the limits of one call over which one of some models answers; yield what is unknown of them."""
    if relation.timeout_s is not None:
        whole = [(model, _whole(workload, model)) for model in models]
        yield from (tuple(_missing(workload, model)) for model, time in whole if time is None)
        worst = _too_long(workload, [(model, time) for model, time in whole if time is not None], relation.timeout_s)
        if worst is not None:
            yield _too_short(workload, relation, relation.timeout_s, worst)
    if relation.idle_timeout_s is not None:
        silent = [(model, _silence(model)) for model in models]
        yield from ((made.missing(),) for made, time in silent if time is None)
        worst = _worst([(model, time) for model, time in silent if time is not None], relation.idle_timeout_s)
        if worst is not None:
            yield _too_idle(workload, relation, relation.idle_timeout_s, worst)


def _worst(times: Sequence[tuple[_Made, _Typical]], limit_s: float) -> _Typical | None:
    """Return the quickest of several times if all are above a limit, else the slowest, which only some answers take."""
    above = sorted((time for _, time in times if exceeds(time.value_s, limit_s)), key=lambda time: time.value_s)
    if not above:
        return None
    return above[0] if len(above) == len(times) else msgspec.structs.replace(above[-1], constant=False)


def _too_long(workload: Workload, times: Sequence[tuple[_Made, _Typical]], limit_s: float) -> _Typical | None:
    """Return the time of typical answers if it is above a limit, otherwise that of long answers."""
    typical = _worst(times, limit_s)
    if typical is not None:
        return typical
    long = [time for model, _ in times if (time := _long(workload, model, limit_s)) is not None]
    if len(long) < len(times):           # only some models give such answers
        long = [msgspec.structs.replace(time, constant=False) for time in long]
    return min(long, key=lambda time: time.share, default=None)


def _long(workload: Workload, made: _Made, limit_s: float) -> _Typical | None:
    """Return the time of the answers above a limit, from the lowest stated percentile that is above it.

    It is a percentile of the service time, or of one of the tokens and their times, with the others as usual.
    """
    above = [one for one in _percentiles(workload, made) if exceeds(one[1], limit_s)]
    if not above:
        return None
    fraction, value_s, certain, note = min(above, key=lambda one: (one[0], not one[2]))
    name = format_percentile(fraction)
    at = None if note else made.model.place("service_time")
    origin = Origin.DERIVED if note else Origin.STATED
    term = Term("answer", f"{_name(made)}, {name}", value_s, "s", origin, at, note)
    return _Typical(value_s, certain, (term,), 1 - fraction, name)


def _percentiles(workload: Workload, made: _Made) -> Iterator[tuple[float, float, bool, str]]:
    """Yield percentiles of the whole answer: fraction, seconds, whether it is at least as long, and a formula."""
    model = made.model
    for fraction, value_s in model.service_time.percentiles if model.service_time and not made.later else ():
        yield fraction, value_s, True, ""
    output = workload.tokens.output if workload.tokens is not None else None
    first, between = _time(made, "ttft"), _time(made, "tpot")
    tokens = None if output is None else _tokens(output)
    if first is None or between is None or output is None:
        return
    if tokens is not None:
        formula = _formula(made, "tokens")
        rest, certain = max(0.0, tokens[0] - 1), tokens[1]
        for fraction, value_s in model.ttft.percentiles if model.ttft and not made.later else ():
            yield fraction, value_s + between.value_s * rest, certain and between.constant, formula
        for fraction, value_s in model.tpot.percentiles if model.tpot is not None else ():
            yield fraction, first.value_s + value_s * rest, certain and first.constant, formula
    for fraction, amount in output.percentiles:
        note, certain = _formula(made, format_count(amount)), first.constant
        yield fraction, first.value_s + between.value_s * max(0.0, amount - 1), certain and between.constant, note


def _takes(workload: Workload, time: _Typical) -> str:
    """Say how long answers take, and that their streams are cut off."""
    took = format_duration(time.value_s)
    if time.name:
        share = format_share(time.share)
        return (
            f"{share} of the answers of `{workload.name}` take {took} or more ({time.name}): their streams are cut off "
            "before the end"
        )
    typical = "an" if time.constant else "a typical"
    return f"{typical} answer of `{workload.name}` takes {took}: the stream is cut off before its end"


def _silence(made: _Made) -> _Typical | None:
    """Return the longest silence before or between tokens."""
    keys = ("tpot",) if made.later else ("ttft", "tpot")
    known = [time for key in keys if (time := _time(made, key)) is not None]
    return max(known, key=lambda time: time.value_s, default=None)


def _missing(workload: Workload, made: _Made) -> list[Place]:
    found = [made.model.place(key) for key in ("ttft", "tpot") if _time(made, key) is None]
    if workload.tokens is None:
        found.append(workload.place("tokens"))
    elif workload.tokens.output is None:
        found.append(workload.place("tokens", "out"))
    return found


def _typical(time: ServiceTime) -> tuple[float, bool] | None:
    """Return the constant, else the median or the mean of a stated time, and whether it is constant."""
    if time.constant_s is not None:
        return time.constant_s, True
    median = next((value for fraction, value in time.percentiles if fraction == _MEDIAN), time.mean_s)
    return None if median is None else (median, False)


def _time(made: _Made, key: str) -> _Typical | None:
    if key == "ttft" and made.later:
        return _Typical(0.0, True, ())
    model = made.model
    stated: ServiceTime | None = getattr(model, key)
    known = None if stated is None else _typical(stated)
    if known is None:
        return None
    label = {"ttft": "time to the first token", "tpot": "time per output token"}[key]
    at = model.place(key)
    return _Typical(known[0], known[1], (Term(key, f"{label} of {model.name}", known[0], "s", Origin.STATED, at),))


def _whole(workload: Workload, made: _Made) -> _Typical | None:
    """Return the time of a whole answer, from its tokens, else from the model's service time."""
    first, between = _time(made, "ttft"), _time(made, "tpot")
    output = workload.tokens.output if workload.tokens is not None else None
    tokens = None if output is None else _tokens(output)
    if first is not None and between is not None and tokens is not None:
        value_s = first.value_s + between.value_s * max(0.0, tokens[0] - 1)
        at = workload.place("tokens", "out")
        terms = (
            *first.terms, *between.terms,
            Term("tokens", f"generated tokens of {workload.name}", tokens[0], "count", Origin.STATED, at),
            Term("answer", _name(made), value_s, "s", Origin.DERIVED, None, _formula(made, "tokens")),
        )  # fmt: skip
        return _Typical(value_s, first.constant and between.constant and tokens[1], terms)
    model = made.model
    known = None if model.service_time is None or made.later else _typical(model.service_time)
    if known is None:
        return None
    term = Term("answer", f"whole answer of {model.name}", known[0], "s", Origin.STATED, model.place("service_time"))
    return _Typical(known[0], known[1], (term,))


def _name(made: _Made) -> str:
    return f"{'tokens after the first' if made.later else 'whole answer'} of {made.model.name}"


def _formula(made: _Made, tokens: str) -> str:
    return f"{'' if made.later else 'time to the first token + '}({tokens} - 1) x time per token"


def _tokens(output: Amounts) -> tuple[float, bool] | None:
    if output.constant is not None:
        return output.constant, True
    median = next((amount for fraction, amount in output.percentiles if fraction == _MEDIAN), output.mean)
    return None if median is None else (median, False)


def _too_short(workload: Workload, relation: Relation, timeout_s: float, whole: _Typical) -> Hit:
    at = relation.place("timeout")
    message = (
        f"`{relation.source}` gives up on `{relation.target}` after {format_duration(timeout_s)}, but "
        f"{_takes(workload, whole)}"
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
    hit = Hit(at, message, (*time.terms, limit), related, certainty, cures=("timeout-budget",))
    return msgspec.structs.replace(hit, severity=Severity.WARNING, loss=time.share) if time.name else hit
