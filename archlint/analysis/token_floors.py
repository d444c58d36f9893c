"""The least times of a generated answer: to its first token, of each token after it, and of the whole.

A model that generates one token reads all its weights and does two operations for each of its parameters; reading a
prompt does the same operations for each of its tokens. So on idle servers

    time per token  >= max((weights + cache) / (chips x bandwidth), 2 x parameters / (chips x FLOPS))
    time to first   >= max(2 x parameters x tokens in / (chips x FLOPS), time per token)
    whole answer    >= time to first + (tokens out - 1) x time per token

with the chips that share each layer (Williams, Waterman, Patterson 2009). The weights that the first token reads are a
bound. What a prompt needs is an estimate only, as servers keep the work on prompts that start alike, and so is the time
per token, as speculative decoding writes several tokens in one pass.
"""

from __future__ import annotations

from typing import Final

import msgspec

from archlint.analysis.floor_parts import Floor, Part, add_unknown, as_estimate, in_sequence
from archlint.analysis.generation import ANSWER, EACH, FIRST, Generation
from archlint.analysis.roofline import peak_flops, read_for_each, says_what_is_read
from archlint.analysis.service_time import estimate, lower_bound, mean
from archlint.analysis.single_floors import stated
from archlint.catalog.hardware import Accelerator, accelerator
from archlint.model.architecture import Component, Model, ServiceTime
from archlint.model.places import Place, either
from archlint.model.quantities import format_count, format_duration, format_percentile, format_size
from archlint.model.words import PRECISIONS
from archlint.verdicts import Certainty, Origin


class Chips(msgspec.Struct, frozen=True):
    """The accelerators that share each layer of a model; `share` is the part of them that a replica gets."""

    chip: Accelerator
    number: float
    share: float

    @property
    def words(self) -> str:
        """The number, as formulas show it."""
        return f"{self.number * self.share:g}"


def chips_of(server: Component, estimated: bool) -> Chips | None:
    """Return the accelerators that work on one token at a time, at best; None for unknown ones.

    Each shard holds a part of the model, at best of each layer. Stages of a pipeline work one after another. A share of
    a chip may be all of it while nobody else needs it: only an estimate counts with the share.
    """
    hardware = server.hardware
    chip = accelerator(hardware.gpu) if hardware is not None else None
    if hardware is None or chip is None:
        return None
    number = (server.tensor_parallel or hardware.gpus or 1.0) * (server.shards or 1.0)
    return Chips(chip, number, (hardware.gpu_share or 1.0) if estimated else 1.0)


class Weights(msgspec.Struct, frozen=True):
    """The parameters that one token needs, with the bytes of each (None: unknown)."""

    parameters: float
    width: float | None
    at: Place
    certainty: Certainty


def weights_of(model: Model) -> Weights | None:
    """Return the parameters that a token needs: those in use, without tables of which it reads a row."""
    parameters, certainty = read_for_each(model)
    if parameters is None:
        return None
    at = model.place("parameters" if model.active_parameters is None else "active_parameters")
    width = PRECISIONS.get(model.precision) if model.precision else None
    return Weights(parameters, width, at, certainty)


def first_token(made: Generation, fraction: float, estimated: bool) -> Floor:
    """Return the floor of the time to the first token."""
    model = made.model
    if model.ttft is not None:
        at = model.place("ttft")
        names = model.name, made.server.name
        floor = stated(model.ttft, fraction, f"{made.label}, first token", at, estimated, *names)
        # One that runs later waits for the whole answer of this one.
        return add_unknown(floor, model.place("service_time")) if made.in_turn else floor
    step = _step(made, estimated)
    prompt = _prompt(made, fraction) if estimated else None
    if prompt is not None and prompt.at_s > step.at_s:
        least = step.least_s if step.certainty is Certainty.PROVEN else 0.0
        return msgspec.structs.replace(prompt, least_s=least, least_parts=step.least_parts if least else ())
    return msgspec.structs.replace(step, unknown=(either(model.place("ttft"), step.unknown),))


def each_token(made: Generation, fraction: float, estimated: bool) -> Floor:
    """Return the floor of the time per token after the first."""
    model = made.model
    if model.tpot is not None:
        at = model.place("tpot")
        return stated(model.tpot, fraction, f"{made.label}, per token", at, estimated, model.name, made.server.name)
    unknown = (either(model.place("tpot"), _step(made, estimated).unknown),)
    if not estimated:
        return Floor(unknown=unknown)          # speculative decoding writes several tokens in one pass
    return msgspec.structs.replace(as_estimate(_step(made, estimated)), unknown=unknown)


def whole_answer(made: Generation, fraction: float, estimated: bool) -> Floor:
    """Return the floor of the whole answer: the first token, then all others."""
    first = first_token(made, fraction, estimated)
    rest = later_tokens(made, fraction, estimated)
    whole = in_sequence([first, rest])
    measured = made.model.ttft is not None or made.model.tpot is not None
    if made.in_turn:
        return whole
    if made.amount("out") is None and not measured and each_token(made, fraction, estimated).at_s <= 0:
        # Nothing is known of its tokens: the time of the whole answer is quicker to say.
        asked = {made.model.place("ttft").at, made.model.place("tpot").at, made.asked("out").at}
        missing = tuple(place for place in whole.unknown if place.at not in asked)
        time = either(made.model.place("service_time"), _step(made, estimated).unknown)
        return msgspec.structs.replace(whole, unknown=(time, *missing))
    return whole


def later_tokens(made: Generation, fraction: float, estimated: bool) -> Floor:
    """Return the floor of all tokens after the first: their number times the time of each.

    Nothing is known of their number if a request gets several answers in turn: then the time of the model decides.
    """
    if made.in_turn:
        return Floor(unknown=(made.model.place("service_time"),))
    out = made.amount("out")
    each = each_token(made, fraction, estimated)
    if out is None:
        return Floor(unknown=(made.asked("out"), *each.unknown))
    time = made.model.tpot
    if time is None:
        time = ServiceTime(constant_s=each.least_s) if each.least_s > 0 else None
    if time is None:
        return Floor(unknown=each.unknown)
    certainty = each.certainty if made.model.tpot is None else Certainty.PROVEN
    number, token_s = _product(time, out, fraction)
    if estimated:
        typical_s, tokens = mean(time), estimate(out, fraction) or mean(out)
        if typical_s is not None and tokens is not None and (tokens - 1) * typical_s > (number - 1) * token_s:
            exact = time.constant_s is not None and _states(out, fraction)
            number, token_s = tokens, typical_s
            certainty = certainty if exact else _weaker(certainty, Certainty.ESTIMATED)
    value_s = max(0.0, number - 1) * token_s
    if value_s <= 0:
        return Floor(unknown=each.unknown)
    formula = f"{format_count(number - 1)} x {format_duration(token_s)}"
    label = f"{made.label}, the tokens after the first"
    origin_at = made.asked("out")
    part = Part(label, value_s, Origin.DERIVED, origin_at, formula, made.model.name, made.server.name, certainty)
    constant = out.constant_s is not None and time.constant_s is not None
    least = (value_s, (part,)) if constant else (0.0, ())
    return Floor(least[0], value_s, (part,), least[1], each.unknown, certainty)


def _states(out: ServiceTime, fraction: float) -> bool:
    return out.constant_s is not None or any(abs(p - fraction) < 1e-9 for p, _ in out.percentiles)


def _weaker(one: Certainty, other: Certainty) -> Certainty:
    order = (Certainty.PROVEN, Certainty.ESTIMATED, Certainty.HEURISTIC)
    return max(one, other, key=order.index)


def _product(time: ServiceTime, out: ServiceTime, fraction: float) -> tuple[float, float]:
    """Return a number of tokens and a time of each whose product is certain at a percentile, whatever depends on what.

    Where the one is above its a-quantile in all but a of the cases, and the other above its b-quantile in all but b,
    both are in all but a + b: their product is the (a + b)-quantile at least.
    """
    best = (0.0, 0.0)
    for below, token_s in _points(time):
        bound = lower_bound(out, round(fraction - below, 12)) if below <= fraction else None
        if bound is not None and bound.value_s * token_s > best[0] * best[1]:
            best = bound.value_s, token_s
    return best


def _points(time: ServiceTime) -> list[tuple[float, float]]:
    """Return what is stated of a time: with the fraction that is below it."""
    if time.constant_s is not None:
        return [(0.0, time.constant_s)]
    return list(time.percentiles)


def _step(made: Generation, estimated: bool) -> Floor:
    """Return the floor of one token on idle chips: the weights are read, and each is multiplied."""
    chips, weights = chips_of(made.server, estimated), weights_of(made.model)
    missing = _missing(made, chips, weights)
    if chips is None or weights is None or (weights.certainty is not Certainty.PROVEN and not estimated):
        return Floor(unknown=missing)
    found: list[tuple[float, str]] = []
    power = chips.number * chips.share
    bandwidth = chips.chip.bandwidth_bytes_per_s
    if weights.width is not None and weights.parameters * weights.width > chips.number * chips.chip.on_chip_bytes:
        read = weights.parameters * weights.width
        cache = _cache_bytes(made) if estimated else 0.0
        what = f"{format_size(read)} of weights" + (f" + {format_size(cache)} of keys and values" if cache else "")
        found.append(((read + cache) / (power * bandwidth), f"({what}) / ({chips.words} x {format_size(bandwidth)}/s)"))
    flops = peak_flops(chips.chip, weights.width)
    if flops is not None:
        formula = f"2 x {format_count(weights.parameters)} parameters / ({chips.words} x {format_count(flops)} FLOPS)"
        found.append((2 * weights.parameters / (power * flops), formula))
    value_s, formula = max(found, default=(0.0, ""))
    if value_s <= 0:
        return Floor(unknown=missing)
    shared = estimated and (chips.share < 1 or "keys and values" in formula)
    certainty = _weaker(weights.certainty, Certainty.ESTIMATED) if shared else weights.certainty
    label = f"{made.label}, minimum per token on its hardware"
    names = made.model.name, made.server.name
    part = Part(label, value_s, Origin.DERIVED, weights.at, formula, *names, certainty)
    return Floor(value_s, value_s, (part,), (part,), missing, certainty)


def _prompt(made: Generation, fraction: float) -> Floor | None:
    """Return an estimate of the work on the prompt; None where a fact is missing."""
    chips, weights, tokens = chips_of(made.server, True), weights_of(made.model), made.amount("in")
    if chips is None or weights is None or tokens is None:
        return None
    number, flops = estimate(tokens, fraction) or mean(tokens), peak_flops(chips.chip, weights.width)
    if number is None or flops is None:
        return None
    value_s = 2 * weights.parameters * number / (chips.number * chips.share * flops)
    formula = (
        f"2 x {format_count(weights.parameters)} parameters x {format_count(number)} tokens / "
        f"({chips.words} x {format_count(flops)} FLOPS)"
    )
    certainty = _weaker(weights.certainty, Certainty.ESTIMATED)
    label = f"{made.label}, minimum for the prompt on its hardware, {format_percentile(fraction)}"
    names = made.model.name, made.server.name
    part = Part(label, value_s, Origin.DERIVED, made.asked("in"), formula, *names, certainty)
    return Floor(0.0, value_s, (part,), (), (made.model.place("ttft"),), certainty)


def cache_bytes_per_token(model: Model) -> float | None:
    """Return the bytes of keys and values of one token: stated, or of all layers in 16 bits, or wider weights' format.

    Servers keep them in the data type of the model (`--kv-cache-dtype auto` of vLLM, `f16` of llama.cpp), which is one
    of 16 bits where only the weights are quantised.

    >>> cache_bytes_per_token(Model("m", layers=32.0, kv_heads=8.0, head_dim=128.0, precision="bf16"))
    131072.0
    """
    if model.kv_per_token_bytes is not None:
        return float(model.kv_per_token_bytes)
    if model.layers is None or model.kv_heads is None or model.head_dim is None or model.precision is None:
        return None
    return 2 * model.layers * model.kv_heads * model.head_dim * max(PRECISIONS["fp16"], PRECISIONS[model.precision])


def _cache_bytes(made: Generation) -> float:
    """Return the bytes of keys and values of a typical prompt, which each token reads; 0 where they are unknown."""
    per_token, tokens = cache_bytes_per_token(made.model), made.amount("in")
    number = mean(tokens) if tokens is not None else None
    return per_token * number if per_token is not None and number is not None else 0.0


def _missing(made: Generation, chips: Chips | None, weights: Weights | None) -> tuple[Place, ...]:
    """Return the facts without which the floor is unknown, or lower than it might be."""
    if made.server.kind == "external":
        return ()                        # nobody but its vendor knows
    found: list[Place] = []
    hardware = made.server.hardware
    if chips is None and (hardware is None or hardware.gpu is None):
        found.append(made.server.place("hardware") if hardware is None else made.server.place("hardware", "gpu"))
    if weights is None:
        found.append(made.model.place("parameters"))
    elif weights.width is None:
        found.append(made.model.place("precision"))
    if weights is not None and weights.certainty is not Certainty.PROVEN:
        found.append(says_what_is_read(made.model))
    return tuple(found)


PARTS: Final = {ANSWER: whole_answer, FIRST: first_token, EACH: later_tokens}
"""The floor of what a server generates for a workload."""
