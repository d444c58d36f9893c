"""**model-cascade**: a smaller model answers first, and a larger one of the same sort only a part of the requests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from archlint.analysis.choices import choice_of, comes_before
from archlint.analysis.patterns.reach import recognised
from archlint.analysis.patterns.view import View
from archlint.model.architecture import Component, Model, ServiceTime
from archlint.model.quantities import Money
from archlint.topology import EITHER, Step
from archlint.verdicts import RecognisedPattern

_MEDIAN: Final = 0.5
_MOST: Final = 20
"""The maximum number of conditional and of other calls of one component that are compared."""


class Cascade(msgspec.Struct, frozen=True):
    """`router` asks the servers `small` first; the step `larger` leads to the servers `large`."""

    router: str
    small: tuple[str, ...]
    large: tuple[str, ...]
    larger: Step


class _Sized(msgspec.Struct, frozen=True):
    """A model on a server, as far as sizes are compared."""

    model: Model
    server: Component
    generates: bool


def of_cascades(view: View, cascades: Iterable[Cascade]) -> Iterator[RecognisedPattern]:
    """Yield the pattern for the cascades of a workload; those of one router are one match."""
    routers: dict[str, list[Cascade]] = {}
    for cascade in cascades:
        routers.setdefault(cascade.router, []).append(cascade)
    for router, found in routers.items():
        small = [server for cascade in found for server in cascade.small]
        large = [server for cascade in found for server in cascade.large]
        roles = {"client": [view.flow.client], "router": [router], "small": small, "large": large}
        yield recognised("model-cascade", view.workload.name, roles)


def cascades(view: View, names: Iterable[str]) -> Iterator[Cascade]:
    """Yield the steps to a larger model that only a part of the requests takes, after a smaller model has answered.

    The step states a `share` below 100 % or a condition (`when`). A `fallback` does not match: it answers if the first
    model fails, not if its answer is not good enough. Both models generate tokens, or neither does; embedders, and
    models of different families, have different tasks. If the file does not state which model is larger, nothing
    matches.
    """
    for name in names:
        asking = [step for step in view.steps(name) if step.waits and view.below(step.target)]
        partial = [step for step in asking if _is_partial(step)][:_MOST]
        always = [step for step in asking if not _is_partial(step)][:_MOST] if partial else []
        for step in partial:
            large = tuple(dict.fromkeys(view.behind([step])))
            small = tuple(dict.fromkeys(_first_servers(view, name, step, always, large)))
            if small:
                yield Cascade(name, small, large, step)


def _is_partial(step: Step) -> bool:
    choice = choice_of(step.relation)
    return choice is not None and choice[0] != EITHER


def _first_servers(
    view: View, name: str, step: Step, always: Iterable[Step], large: tuple[str, ...]
) -> Iterator[str]:
    """Yield the servers of smaller models that a request at a component waits for before it takes a step."""
    if view.own(name) and _are_smaller(view, (name,), large):
        yield name
    for other in always:
        servers = view.behind([other]) if comes_before(other.relation, step.relation) else []
        if servers and _are_smaller(view, servers, large):
            yield from servers


def _are_smaller(view: View, small: Iterable[str], large: Iterable[str]) -> bool:
    """Return whether all models of some servers are smaller than all models of others, as the file states."""
    ones, others = list(_sized(view, small)), list(_sized(view, large))
    return bool(ones and others) and all(_is_smaller(one, other) for one in ones for other in others)


def _sized(view: View, servers: Iterable[str]) -> Iterator[_Sized]:
    generating = {(serving.server, serving.model) for serving in view.parts.generating(view.workload)}
    for server in servers:
        component = view.system.components[server]
        for name in component.serves:
            model = view.system.architecture.models.get(name)
            if model is not None and view.topology.bits_of((name,)) & view.wanted and name not in view.parts.embedders:
                yield _Sized(model, component, (server, name) in generating)


def _is_smaller(one: _Sized, other: _Sized) -> bool:
    """Return whether one model is stated to be smaller than another of the same sort; false if undecided.

    By the parameters that one answer uses; else by stated times; else by the vendors' prices of a token; else by the
    size of the files at the same precision.
    """
    families = {one.model.family, other.model.family} - {None}
    if one.generates != other.generates or len(families) > 1 or one.model.name == other.model.name:
        return False
    pairs = (
        (_parameters(one.model), _parameters(other.model)),
        (_typical_s(one.model.tpot), _typical_s(other.model.tpot)),
        (_typical_s(one.model.service_time), _typical_s(other.model.service_time)),
        _prices(one.server, other.server),
        _artifacts(one.model, other.model),
    )
    for small, large in pairs:
        if small is not None and large is not None:
            return small < large
    return False


def _parameters(model: Model) -> float | None:
    return model.active_parameters if model.active_parameters is not None else model.parameters


def _typical_s(time: ServiceTime | None) -> float | None:
    """Return a time as a constant, at the median, or its mean."""
    if time is None:
        return None
    return time.constant_s if time.constant_s is not None else dict(time.percentiles).get(_MEDIAN, time.mean_s)


def _prices(one: Component, other: Component) -> tuple[float | None, float | None]:
    """Return what generated tokens cost at two vendors, in the same currency."""
    if one.price is None or other.price is None or one.name == other.name:
        return None, None
    return _comparable(one.price.output, other.price.output)


def _comparable(one: Money | None, other: Money | None) -> tuple[float | None, float | None]:
    if one is None or other is None or one.currency != other.currency or not one.per_count or not other.per_count:
        return None, None
    return one.amount / one.per_count, other.amount / other.per_count


def _artifacts(one: Model, other: Model) -> tuple[float | None, float | None]:
    if one.precision != other.precision:
        return None, None
    return one.artifact_bytes, other.artifact_bytes
