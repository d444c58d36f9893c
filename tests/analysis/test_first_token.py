"""The time to the first token under load: closed forms against the simulator, and what bounds them.

`python -m tests.analysis.test_first_token SYSTEMS REQUESTS` measures the bands again and prints the table.
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Iterator, Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archlint
from archlint.analysis.batch_waits import Arriving, BatchWaits, batch_waits, most_per_s
from archlint.analysis.first_token import FirstToken, first_token, first_token_numbers
from archlint.analysis.generated import Generator, generator_of
from archlint.analysis.quantity import Missing, Quantity
from archlint.analysis.queueing import Unstable
from archlint.analysis.stations import rates_at_mean
from archlint.analysis.steps import Steps
from archlint.simulation.backend import Span
from archlint.simulation.reading import Reading
from archlint.simulation.replica import Asked, Replica
from archlint.simulation.results import Simulation
from archlint.simulation.running import Plan, Runner, summary

FRACTIONS = (0.5, 0.95, 0.99)


def chat(
    rate: str = "0.6/s", out: str = "{p50: 200, p99: 900}", ttft: str = "200ms", tpot: str = "55ms",
    server: str = "replicas: 1, max_sequences: 24", more: str = "", way: str = "service_time: 5ms, replicas: 2",
) -> str:  # fmt: skip
    return f"""
archlint: 1
workloads: {{chat: {{from: app, rate: {rate}, tokens: {{in: 900, out: {out}}}, stream: true{more}}}}}
models:
  llama: {{parameters: 8B, precision: fp16, kv_per_token: 128KiB, family: transformer, ttft: {ttft}, tpot: {tpot}}}
components:
  app: {{kind: client, calls: [api]}}
  api: {{kind: service, {way}, calls: [llm]}}
  llm: {{kind: model-server, serves: [llama], hardware: {{gpu: l4}}, {server}}}
"""


def found(text: str, peak: bool = False) -> FirstToken | Missing | None:
    system = archlint.load(text)
    return first_token(system, system.workloads["chat"], peak)


def computed(text: str, peak: bool = False) -> FirstToken:
    one = found(text, peak)
    assert isinstance(one, FirstToken), one
    return one


def drawn(chance: random.Random, loads: Sequence[float]) -> str:
    """Draw a chat at a share of what its server can answer."""
    prompt, out = chance.choice(("40ms", "200ms", "{p50: 150ms, p99: 600ms}")), chance.choice(("60", "{p50: 200, p99: 900}", "400"))
    replicas, balancing = chance.choice((1, 1, 2, 4)), chance.choice(("random", "round-robin", "least-loaded"))
    most = chance.choice((4, 16, 48))
    server = f"replicas: {replicas}, balancing: {balancing}, max_sequences: {most}"
    text = chat("1/h", out, prompt, chance.choice(("55ms", "70ms")), server)
    load = computed(text).waits.load * 3600                    # of one request a second
    return chat(f"{chance.choice(loads) / load}/s", out, prompt, "55ms", server)


def simulated(text: str, requests: int, seed: int) -> Simulation:
    """Simulate requests in two runs, a quarter of which only fills the server."""
    system, plan = archlint.load(text), Plan(seed, requests, numpy=False)
    scenario = Reading(system, rates_at_mean(system)).scenario
    seconds = requests / 2 / scenario.rate_per_s
    runner = Runner(scenario, Span(seconds / 4, seconds), plan, kept=0)
    runner.run(2)
    return summary(runner, plan)


class Measured(msgspec.Struct, frozen=True):
    """A percentile of one system: estimated, simulated, and the band."""

    what: str
    fraction: float
    value_s: float
    true_s: float
    band: tuple[float, float]

    @property
    def covered(self) -> bool:
        return self.band[0] <= self.true_s <= self.band[1]


def measured(systems: int, requests: int, seed: int, loads: Sequence[float] = (0.3, 0.5, 0.7, 0.8, 0.9)) -> Iterator[Measured]:
    chance = random.Random(seed)
    left = systems
    while left:
        text = drawn(chance, loads)
        one = found(text)
        if not isinstance(one, FirstToken):
            continue
        left -= 1
        stream = simulated(text, requests, chance.randrange(10**6)).streams[0]
        assert stream.first is not None
        for fraction, first, whole in zip(
            FRACTIONS, (stream.first.p50, stream.first.p95, stream.first.p99), (stream.p50, stream.p95, stream.p99), strict=True
        ):
            assert first is not None and whole is not None
            yield Measured("first", fraction, one.seconds(fraction), first.value, one.band(fraction))
            yield Measured("whole", fraction, one.answer.percentile(fraction), whole.value, one.answer_band(fraction))


def test_the_wait_for_prompts_by_hand() -> None:
    # Steps of 20 ms, 2 prompts of 100 ms a second, r = 0.2: a step is 25 ms long on average, and the one that a request
    # meets 25 ms + 2 x 0.01 / (1 - 0.04) = 45.83 ms. Half of it is waited for, and 0.2 x it for prompts that come with it.
    waits = batch_waits(Steps(0.02, 0.0, 0.0), 1000, Arriving(2.0, 0.1, 0.0, 4000.0, 0.0))
    assert isinstance(waits, BatchWaits)
    assert waits.decoding == pytest.approx(1)
    assert waits.prompts.mean_s == pytest.approx((0.025 + 0.02 / 0.96) * 0.7 - 0.01)
    assert waits.each_s == pytest.approx(0.025)


def test_a_place_is_waited_for_as_in_a_queue_with_as_many_servers_if_prompts_take_no_time() -> None:
    # Steps of 20 ms however many answers are in progress: M/M/4 with 100 tokens x 20 ms, at 80 %.
    waits = batch_waits(Steps(0.02, 0.0, 0.0), 4, Arriving(1.6, 0.0, 0.0, 100.0, 1.0))
    assert isinstance(waits, BatchWaits)
    assert waits.place.waits == pytest.approx(0.5964324718, rel=1e-9)
    assert waits.place.mean_s == pytest.approx(0.7455405897 * 2, rel=1e-9)
    assert waits.load == pytest.approx(0.8)


def test_one_answer_at_a_time_by_hand() -> None:
    ends: list[float] = []
    one = Replica(Steps(0.01, 0.001, 0.0), 2)
    for start, tokens in ((0.0, 11), (0.05, 6), (0.06, 2)):
        one.advance(start)
        one.arrive(start, Asked(0.1, tokens, ends.append, ends.append))
    one.advance(math.inf)
    # The first step until 0.111 makes a token of the first, the second until 0.223 one of both; two are the most.
    # Five more of 12 ms end the second; the third is read until 0.395, and its second token ends it at 0.407.
    assert ends == pytest.approx([0.111, 0.223, 0.283, 0.395, 0.407, 0.429])


def test_the_simulator_and_the_closed_form_agree_on_a_loaded_server() -> None:
    """At 80 % of the most answers: the first tokens wait for other prompts, and one in six for a place."""
    text = chat("0.92/s")
    run = simulated(text, 6000, 3)
    assert run.calendar_for == "answers that are generated token by token"
    (stream,) = run.streams
    one = computed(text)
    assert stream.first is not None and stream.first.p95 is not None and stream.p99 is not None
    assert one.seconds(0.95) == pytest.approx(stream.first.p95.value, rel=0.35)
    assert one.answer.percentile(0.99) == pytest.approx(stream.p99.value, rel=0.15)
    (busy,) = [centre.utilisation for centre in run.centres if centre.name == "llm"]
    assert busy == pytest.approx(one.waits.load, rel=0.05)


def test_bands_hold_nine_of_ten_simulated_percentiles() -> None:
    every = list(measured(systems=4, requests=1200, seed=5, loads=(0.3, 0.5)))
    assert len(every) == 24
    assert sum(one.covered for one in every) >= 0.9 * len(every)


RATES, TIMES = st.floats(0.001, 50), st.floats(0, 0.3)


@settings(max_examples=40)
@given(RATES, TIMES, TIMES, st.floats(0, 0.01), st.floats(1, 500), st.sampled_from([1, 4, 64, math.inf]))
def test_more_requests_wait_longer_and_never_without_an_end(
    rate: float, prompt: float, read: float, each: float, out: float, most: float
) -> None:
    steps, before = Steps(read, each, each / 2), 0.0
    for factor in (1.0, 1.5, 4.0):
        asked = Arriving(rate * factor, prompt, 0.5, out, 0.5)
        waits = batch_waits(steps, most, asked)
        if isinstance(waits, Unstable):
            assert waits.utilisation >= 1 and asked.rate_per_s >= most_per_s(steps, most, asked) * (1 - 1e-6)
            return
        total = waits.place.mean_s + waits.prompts.mean_s
        assert math.isfinite(total) and total >= before * (1 - 1e-9) and 0 <= waits.decoding <= 1
        before = total


@pytest.mark.parametrize(("old", "new", "needs"), [
    ("ttft: 200ms, ", "", "models.llama.ttft"), (", tpot: 55ms", "", "models.llama.tpot"),
    ("out: {p50: 200, p99: 900}", "out: {mean: 300}", "workloads.chat.tokens.out.p99"),
    ("rate: 0.6/s, ", "", "workloads.chat"), ("replicas: 1, max", "max", "components.llm.replicas"),
])  # fmt: skip
def test_a_missing_fact_is_named(old: str, new: str, needs: str) -> None:
    assert old in chat()
    missing = found(chat().replace(old, new))
    assert isinstance(missing, Missing)
    assert any(place.at.startswith(needs) for place in missing.needs), missing


def test_what_generates_nothing_has_no_first_token() -> None:
    assert found(chat().replace("tokens: {in: 900, out: {p50: 200, p99: 900}}, stream: true", "waits: true")) is None
    timed = chat().replace("ttft: 200ms", "service_time: 3s, ttft: 200ms")
    assert found(timed) is None


def test_an_overloaded_server_and_held_callers_have_no_percentile() -> None:
    full = found(chat("3/s"))
    assert isinstance(full, Missing) and "`llm` is overloaded" in full.because
    held = found(chat(way="service_time: 5ms, replicas: 1, workers: 4"))
    assert isinstance(held, Missing) and "`api` is overloaded" in held.because and "held" in held.because


def test_callers_that_hold_their_workers_wait_for_whole_answers() -> None:
    free, few = computed(chat()), computed(chat(way="service_time: 5ms, replicas: 1, workers: 14"))
    assert few.seconds(0.95) > free.seconds(0.95) * 2


def test_the_numbers_of_a_workload_and_their_names() -> None:
    system = archlint.load(chat("0.6/s", more=", peak: 0.9/s, slo: {ttft: {p90: 1s}, latency: {p95: 3min}}"))
    numbers = {number.name: number for number in first_token_numbers(system, system.workloads["chat"])}
    assert set(numbers) == {
        "ttft_p50", "ttft_p90", "ttft_p95", "ttft_p99", "p50", "p95", "p99", "peak_ttft_p90", "peak_p95",
    }  # fmt: skip
    for number in numbers.values():
        assert isinstance(number, Quantity) and number.band is not None
        assert number.band[0] < number.value < number.band[1] and not number.proven
    shown = {number.name: number for number in archlint.analyze(system).workloads[0].numbers}
    assert {name: type(shown[name]) for name in numbers} == dict.fromkeys(numbers, Quantity)
    assert "peak_p99" not in shown


def test_the_first_that_breaks_is_the_server_that_generates() -> None:
    (one,) = archlint.analyze(chat()).workloads
    assert one.breaking[0].component == "llm"
    generator = generator_of(archlint.load(chat()), archlint.load(chat()).components["llm"])
    assert isinstance(generator, Generator)
    terms = {term.name: float(term.value) for term in one.breaking[0].terms}
    most = 1 / (terms["prompt_time"] + terms["out"] * generator.steps.time_s(generator.most) / generator.most)
    assert terms["prompt_time"] == pytest.approx(0.2 - 0.055)
    assert one.breaking[0].per_s == pytest.approx(most, rel=1e-6)


if __name__ == "__main__":
    every = list(measured(int(sys.argv[1]), int(sys.argv[2]), seed=1))
    for asked in ("first", "whole"):
        for part in FRACTIONS:
            of = [each for each in every if each.fraction == part and each.what == asked]
            errors = sorted(abs(each.value_s / each.true_s - 1) for each in of)
            print(
                f"{asked} p{100 * part:g}: covered {sum(each.covered for each in of) / len(of):.0%} of {len(of)}, error: "
                f"median {errors[len(of) // 2]:.1%}, nine of ten {errors[int(0.9 * len(of))]:.1%}"
            )
