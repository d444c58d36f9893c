"""Generated tokens under load, by hand and against the fixed point that they solve."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archlint import load
from archlint.analysis.component_numbers import component_numbers
from archlint.analysis.quantity import Missing, Quantity
from archlint.analysis.steps import Steps
from archlint.analysis.token_load import TokenLoad, token_loads

TIMES = st.floats(1e-6, 0.1)


def chat(workload: str = "rate: 2/s", model: str = "", server: str = "replicas: 2", more: str = "") -> str:
    return f"""
archlint: 1
workloads: {{chat: {{from: app, {workload}, tokens: {{in: 1500, out: 300}}, stream: true}}}}
models:
  llama: {{parameters: 70B, precision: fp16, family: transformer, layers: 80, kv_heads: 8, head_dim: 128{model}}}
components:
  app: {{kind: client, calls: [llm]}}
  llm: {{kind: model-server, serves: [llama], tensor_parallel: 4, hardware: {{gpu: h100, gpus: 4}}, {server}}}
{more}
"""


def numbers(text: str) -> dict[str, Quantity | Missing]:
    [found] = component_numbers(load(text), ["llm"], {}, {})
    return {number.name: number for number in found.numbers}


def value(text: str, name: str) -> float:
    number = numbers(text)[name]
    assert isinstance(number, Quantity)
    return number.value


def test_the_numbers_by_hand() -> None:
    # Weights 140 GB and 3.35 TB/s x 4: 10.4 ms. An answer holds 1,650 tokens of 327,680 B: 0.5407 GB, 40.3 us.
    read, each, rate = 140e9 / 13.4e12, 1650 * 327_680 / 13.4e12, 300.0
    at_once = rate * read / (1 - rate * each)
    assert value(chat(), "answers_at_once") == pytest.approx(at_once)
    assert value(chat(), "loaded_tpot") == pytest.approx(read + at_once * each)
    # Multiplying is the tighter limit: 2 x 70e9 x 1,800 tokens on 2 x 4 x 989 TFLOPS.
    assert value(chat(), "answers_per_s") == pytest.approx(2 * 4 * 989e12 / (2 * 70e9 * 1800))


def test_a_floor_is_a_bound_and_a_stated_time_makes_an_estimate() -> None:
    floor, stated = numbers(chat())["loaded_tpot"], numbers(chat(model=", tpot: 25ms"))["loaded_tpot"]
    assert isinstance(floor, Quantity) and isinstance(stated, Quantity)
    assert (floor.bound, floor.proven, stated.bound, stated.proven) == ("least", True, "", False)
    assert stated.value == pytest.approx(0.025, rel=0.05) and stated.value > 0.025 > floor.value


def test_more_than_the_accelerators_can_do_has_no_numbers() -> None:
    found = numbers(chat("rate: 40/s"))
    assert isinstance(found["answers_at_once"], Missing)
    assert "more tokens" in found["answers_at_once"].because
    assert "loaded_tpot" not in found


def test_as_many_answers_at_once_as_sequences_are_allowed() -> None:
    few = token_loads(load(chat(server="replicas: 2, max_sequences: 4")))["llm"]
    assert isinstance(few, TokenLoad)
    assert few.most == 4
    assert isinstance(numbers(chat("rate: 20/s", server="replicas: 2, max_sequences: 4"))["answers_at_once"], Missing)


def test_a_server_that_only_decodes_reads_no_prompts() -> None:
    apart = chat(server="replicas: 2, stage: decode").replace("calls: [llm]", "calls: [first]")
    more = "  first: {kind: model-server, stage: prefill, serves: [llama], replicas: 2, hardware: {gpu: h100, gpus: 4}, calls: [llm]}"
    found = token_loads(load(apart + more))["llm"]
    assert isinstance(found, TokenLoad)
    assert found.prompt == 0


@pytest.mark.parametrize(("old", "new", "key"), [
    ("hardware: {gpu: h100, gpus: 4}, ", "", "hardware"), ("replicas: 2", "workers: 1", "replicas"),
    ("out: 300", "out: 300}, x-a: {", "tokens"), ("precision: fp16, ", "", "precision"),
])  # fmt: skip
def test_without_a_fact_its_key_is_named(old: str, new: str, key: str) -> None:
    text = chat().replace(old, new)
    if key == "tokens":
        assert isinstance(numbers(text)["answers_at_once"], Quantity)
        text = text.replace("in: 1500, out: 300", "in: 1500")
    number = numbers(text).get("answers_at_once")
    assert isinstance(number, Missing)
    assert any(key in place.at for place in number.needs), number.needs


@given(TIMES, TIMES, TIMES, st.floats(0.1, 100), TIMES)
@settings(max_examples=200)
def test_the_answers_in_progress_solve_littles_law(read: float, each: float, work: float, rate: float, slow: float) -> None:
    steps = Steps(read, each, work, slow)
    found = steps.in_progress(rate)
    if found is None:
        # No number of answers satisfies it: with ever more answers, more arrive than are finished.
        many = 1e9
        assert rate * steps.time_s(many) >= many * (1 - 1e-3)
    else:
        assert rate * steps.time_s(found) == pytest.approx(found, rel=1e-6)
        more = steps.in_progress(rate * 1.01)
        assert more is None or more >= found
