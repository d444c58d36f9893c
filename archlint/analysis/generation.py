"""Generated answers: which models produce tokens for a workload, and over which relations their stream runs."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator
from typing import Final

import msgspec

from archlint.analysis.modes import EDGE, ONLINE, Serving
from archlint.analysis.system import System
from archlint.model.architecture import Component, Model, ServiceTime, Workload
from archlint.model.pieces import Amounts
from archlint.model.places import Place
from archlint.topology.routes import Step

WITHOUT_TOKENS: Final = frozenset({"cnn", "mlp", "gbdt", "linear", "dlrm"})
"""Families of models that generate no tokens."""
_OTHER_FRAMEWORKS: Final = frozenset({"xgboost", "lightgbm", "catboost", "scikit-learn", "sklearn"})
"""Frameworks that train trees and linear models."""
PREFILL: Final = "prefill"
"""The stage that reads the prompt, up to the first token."""
DECODE: Final = "decode"
"""The stage that generates the tokens after the first."""
ANSWER: Final = "latency"
FIRST: Final = "ttft"
EACH: Final = "tpot"
"""What is generated: the whole answer, the first token, or each one after it; also the key of its objective."""
_LIVE: Final = frozenset({ONLINE, EDGE})


def asks_for_tokens(workload: Workload) -> bool:
    """Whether the file states that the answer of a workload is generated token by token."""
    slo = workload.slo
    timed = slo.ttft or slo.tpot or slo.ttft_mean_s is not None or slo.tpot_mean_s is not None
    return bool(timed or workload.stream or (workload.tokens is not None and workload.tokens.output is not None))


def may_generate(system: System, workload: Workload) -> bool:
    """Whether anything in the file says that a workload gets generated answers; quick, for large systems."""
    return asks_for_tokens(workload) or system.has_generators


def generating(system: System, workload: Workload) -> tuple[Serving, ...]:
    """Return how a workload gets the answers of models that generate tokens, while its client waits.

    A model generates tokens if the file states facts of generation for it, or if its server's technology serves such
    models; it then does so on all of its servers. If neither is known of any model, the workload decides: each of its
    models may generate that is not of another sort (another family, a guardrail, or the model of an index).
    """
    found, known = _that_may(system, workload)
    return found if known or asks_for_tokens(workload) else ()


def generating_until(system: System, workload: Workload, until: str) -> tuple[Serving, ...]:
    """Return how a workload gets generated answers, if it waits for the answer, or for a first token.

    Who waits for a first token has answers of models that generate. If the file states none, these are all models
    that are not of another sort.
    """
    if until == FIRST:
        return _that_may(system, workload)[0]
    return generating(system, workload) if may_generate(system, workload) else ()


def known_generators(system: System, workload: Workload) -> frozenset[str]:
    """Return the models of a workload of which the file states that they generate tokens."""
    found, known = _that_may(system, workload)
    return frozenset(serving.model for serving in found) if known else frozenset()


_Answers = tuple[tuple[Serving, ...], bool]


def _that_may(system: System, workload: Workload) -> _Answers:
    """Return how a workload gets the answers of models that may generate, and whether the file states that they do."""
    known, key = system.once(_answers_known), system.served_alike(workload)
    if key not in known:
        known[key] = _found(system, workload)
    return known[key]


def _answers_known(system: System) -> dict[Hashable, _Answers]:
    return {}


def _found(system: System, workload: Workload) -> _Answers:
    live = [serving for serving in system.servings(workload) if serving.mode in _LIVE and serving.server]
    models = system.architecture.models
    may = [
        s for s in live if s.model in models and may_generate_on(system, models[s.model], system.components[s.server])
    ]
    known = {
        s.model for s in may if models[s.model].states_generation or _generates(system, system.components[s.server])
    }
    # A model that generates on one server does so on every other, whatever technology that one uses.
    return tuple(serving for serving in may if not known or serving.model in known), bool(known)


def _generates(system: System, server: Component) -> bool:
    return server.stage is not None or system.facts.generates(server)


def may_generate_on(system: System, model: Model, server: Component) -> bool:
    """Whether nothing in the file rules out that a model generates tokens on a server."""
    if server.kind == "guardrail" or generates_no_tokens(system, model, server):
        return False
    return model.name not in system.indexed_models


def generates_no_tokens(system: System, model: Model, server: Component) -> bool:
    """Whether a model generates no tokens: by its family, its framework, or what its server can serve."""
    if model.family in WITHOUT_TOKENS or (model.framework or "").lower() in _OTHER_FRAMEWORKS:
        return True
    return system.facts.never_generates(server)


def after_the_first(system: System, servings: Iterable[Serving]) -> tuple[Serving, ...]:
    """Return how a workload gets the tokens after the first: not from servers that only read its prompts."""
    return tuple(serving for serving in servings if system.components[serving.server].stage != PREFILL)


def streamed(system: System, workload: Workload) -> Iterator[Step]:
    """Yield the steps over which a streamed answer comes back: those that wait, on a way to a model that generates."""
    if not workload.stream:
        return
    made = after_the_first(system, generating(system, workload))
    yield from steps_to(system, workload, (serving.server for serving in made))


def steps_to(system: System, workload: Workload, servers: Iterable[str]) -> Iterator[Step]:
    """Yield the calls that wait on a way from the client of a workload to one of some servers."""
    flow = system.flow(workload)
    back: dict[str, list[Step]] = {}
    for name in flow.waiting:
        for step in flow.steps[name]:
            if step.waits and step.relation.verb == "calls":
                back.setdefault(step.target, []).append(step)
    waiting = list(dict.fromkeys(servers))
    seen = set(waiting)
    while waiting:
        for step in back.get(waiting.pop(), ()):
            yield step
            if step.source not in seen:
                seen.add(step.source)
                waiting.append(step.source)


def calls_into(names: Collection[str], steps: Iterable[Step]) -> bool:
    """Whether one of some steps calls one of these components, and waits for it."""
    return any(step.waits and step.relation.verb == "calls" and step.target in names for step in steps)


def way_to(system: System, workload: Workload, servers: Iterable[str]) -> frozenset[str]:
    """Return some servers, and the components between the client of a workload and them."""
    names = set(servers)
    sources = {step.source for step in steps_to(system, workload, names)}
    return frozenset(names | (sources - {workload.entrance.client}))


class Generation(msgspec.Struct, frozen=True):
    """A model that generates an answer on a server, and the tokens of the workload that asks.

    With `in_turn`, a request gets several generated answers, and it is unknown which of them has these tokens.
    """

    model: Model
    server: Component
    workload: Workload
    in_turn: bool = False

    @property
    def label(self) -> str:
        """The model, as terms name it."""
        return f"model {self.model.name}"

    def amount(self, which: str) -> ServiceTime | None:
        """The tokens `in` or `out`, as a distribution."""
        tokens = self.workload.tokens
        amounts = None if tokens is None else tokens.input if which == "in" else tokens.output
        return None if amounts is None else _distribution(amounts)

    def asked(self, which: str) -> Place:
        """The key that states the tokens `in` or `out`, or all tokens if the workload states none."""
        return self.workload.place("tokens") if self.workload.tokens is None else self.workload.place("tokens", which)


def _distribution(amounts: Amounts) -> ServiceTime:
    """Return numbers as a distribution, with the same laws as times."""
    return ServiceTime(amounts.constant, amounts.percentiles, amounts.mean)
