"""The least mean times of a generated answer: to its first token, of each token after it, and of the whole."""

from __future__ import annotations

from typing import Final

from archlint.analysis.floor_parts import Floor, Part
from archlint.analysis.generation import ANSWER, EACH, FIRST, Generation
from archlint.analysis.single_means import least_mean, mean_floor, sum_of_means
from archlint.analysis.token_floors import each_token, first_token
from archlint.verdicts import Certainty, Origin


def mean_first_token(made: Generation, estimated: bool) -> Floor:
    """Return the floor of the mean time to the first token."""
    time, label, at = made.model.ttft, f"{made.label}, first token", made.model.place("ttft")
    if time is not None:
        return mean_floor(time, label, at, estimated, made.model.name, made.server.name)
    return first_token(made, 0.5, estimated)


def mean_each_token(made: Generation, estimated: bool) -> Floor:
    """Return the floor of the mean time per token after the first."""
    time, label, at = made.model.tpot, f"{made.label}, per token", made.model.place("tpot")
    if time is not None:
        return mean_floor(time, label, at, estimated, made.model.name, made.server.name)
    return each_token(made, 0.5, estimated)


def mean_answer(made: Generation, estimated: bool) -> Floor:
    """Return the floor of the mean of a whole answer."""
    return sum_of_means([mean_first_token(made, estimated), mean_later_tokens(made, estimated)])


def mean_later_tokens(made: Generation, estimated: bool) -> Floor:
    """Return the floor of the mean time of all tokens after the first.

    The mean of a product is that of the factors if one of them is constant; else only an estimate takes it for that.
    """
    if made.in_turn:
        return Floor(unknown=(made.model.place("service_time"),))
    each, out = mean_each_token(made, estimated), made.amount("out")
    if out is None:
        return Floor(unknown=(made.asked("out"), *each.unknown))
    number = least_mean(out)
    constant = out.constant_s is not None or made.model.tpot is None or made.model.tpot.constant_s is not None
    if number is None or number <= 1 or each.at_s <= 0 or (not constant and not estimated):
        return Floor(unknown=each.unknown)
    value_s = (number - 1) * each.at_s
    certainty = each.certainty if constant else Certainty.ESTIMATED
    label = f"{made.label}, the tokens after the first, mean"
    formula = f"{number - 1:g} x {each.at_s:.4g} s"
    names = made.model.name, made.server.name
    part = Part(label, value_s, Origin.DERIVED, made.asked("out"), formula, *names, certainty)
    return Floor(0.0, value_s, (part,), (), each.unknown, certainty)


PARTS: Final = {ANSWER: mean_answer, FIRST: mean_first_token, EACH: mean_later_tokens}
"""The floor of the mean of what a server generates for a workload."""
