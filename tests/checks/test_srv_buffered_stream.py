"""SRV014: what holds a streamed answer back, or cuts it off."""

from __future__ import annotations

import pytest

from tests.checks.linting import lint

CALL = "components.edge.calls[0]"


def text(
    edge: str = "", call: str = "", model: str = "ttft: 400ms, tpot: 20ms", workload: str = "stream: true", more: str = ""
) -> str:
    return f"""
workloads: {{ask: {{from: app, {workload}, tokens: {{out: 501}}, rate: 1/s}}}}
models: {{llm: {{{model}}}}}
components:
  app: {{kind: client, calls: [edge]}}
  edge: {{kind: gateway{edge}, calls: [{{to: server{call}}}]}}
  server: {{kind: model-server, serves: [llm]}}
{more}
"""


def test_a_hop_that_buffers() -> None:
    assert lint("SRV014", text(", buffers: true")).places == {"components.edge.buffers"}
    assert lint("SRV014", text(", buffers: false")).places == set()
    assert lint("SRV014", text(", buffers: true", workload="stream: false")).places == set()


@pytest.mark.parametrize(
    ("model", "certainty"),
    [
        ("ttft: 400ms, tpot: 20ms", "proven"),
        ("ttft: {p50: 400ms, p99: 2s}, tpot: 20ms", "estimated"),
        ("service_time: 10.4s, kv_heads: 8", "proven"),
        ("service_time: {p50: 10.4s, p99: 30s}, kv_heads: 8", "estimated"),
    ],
)
def test_a_timeout_below_the_whole_answer(model: str, certainty: str) -> None:
    said = lint("SRV014", text(call=", timeout: 10s", model=model))
    assert said.places == {f"{CALL}.timeout"}
    assert said.findings[f"{CALL}.timeout"].certainty == certainty
    assert said.term(f"{CALL}.timeout", "answer") == pytest.approx(10.4)
    assert lint("SRV014", text(call=", timeout: 31s", model=model)).places == set()


@pytest.mark.parametrize(
    ("tokens", "model", "share", "certainty"),
    [
        ("{p50: 500}", "service_time: {p50: 10s, p95: 33s, p99: 60s}, kv_heads: 8", "5 %", "proven"),
        ("{p50: 100, p90: 700, p99: 2k}", "ttft: 400ms, tpot: 20ms", "10 %", "proven"),
        ("{p50: 100, p90: 700}", "ttft: {p50: 400ms, p95: 1s}, tpot: 20ms", "10 %", "estimated"),
        ("501", "ttft: {p50: 400ms, p99: 3s}, tpot: 20ms", "1 %", "proven"),
        ("501", "ttft: 400ms, tpot: {p50: 20ms, p95: 30ms}", "5 %", "proven"),
    ],
)
def test_a_timeout_that_cuts_only_long_answers(tokens: str, model: str, share: str, certainty: str) -> None:
    """They are always cut: a percentile that the file states is above the timeout."""
    facts = text(call=", timeout: 12s", model=model).replace("{out: 501}", f"{{out: {tokens}}}")
    finding = lint("SRV014", facts).findings[f"{CALL}.timeout"]
    assert (finding.severity, finding.certainty) == ("warning", certainty)
    assert f"gives up on `server` after 12 s, but {share} of the answers of `ask` take" in finding.message
    assert finding.loss == pytest.approx(float(share.removesuffix(" %")) / 100)
    assert lint("SRV014", facts.replace("timeout: 12s", "timeout: 61s")).places == set()


def test_a_silence_that_is_too_short() -> None:
    assert lint("SRV014", text(call=", idle_timeout: 300ms")).places == {f"{CALL}.idle_timeout"}
    assert lint("SRV014", text(call=", idle_timeout: 500ms")).places == set()
    slow = "ttft: 100ms, tpot: 1s"
    assert lint("SRV014", text(call=", idle_timeout: 500ms", model=slow)).places == {f"{CALL}.idle_timeout"}


def test_times_that_are_not_stated_are_asked_for() -> None:
    unknown = lint("SRV014", text(call=", timeout: 10s", model="kv_heads: 8"))
    assert unknown.undecided == {"workloads.ask.stream": ("models.llm.ttft", "models.llm.tpot")}
    assert lint("SRV014", text(model="kv_heads: 8")).undecided == {}


def test_a_queue_whose_answers_are_stored() -> None:
    queued = """
workloads: {ask: {from: app, stream: true, waits: true, rate: 1/s}}
models: {llm: {}}
components:
  app: {kind: client, calls: [api]}
  api: {kind: service, publishes: [asked], reads: [answers]}
  asked: {kind: queue}
  worker: {kind: worker, consumes: [asked], serves: [llm], writes: [answers]%s}
  answers: {kind: database}
"""
    assert lint("SRV014", queued % "").places == {"components.api.publishes[0]"}
    replies = queued % ", publishes: [tokens]" + "  tokens: {kind: queue}\n"
    assert lint("SRV014", replies).places == set()


VENDORS = """
workloads: {{ask: {{from: app, models: [quick, slow], stream: true, tokens: {{out: {{mean: 101}}}}, rate: 1/s}}}}
models: {{quick: {{ttft: 1s, tpot: {{mean: 10ms, cv: 0.5}}}}, slow: {{ttft: 1s, tpot: {slow}}}}}
components:
  app: {{kind: client, calls: [{{to: edge{app}}}]}}
  edge: {{kind: gateway, calls: [{{to: first{first}, either: v}}, {{to: second{second}, either: v}}]}}
  first: {{kind: external, serves: [quick]}}
  second: {{kind: external, serves: [slow]}}
"""


@pytest.mark.parametrize(
    ("app", "first", "second", "expected"),
    [
        (", timeout: 6s", "", "", {}),
        (", timeout: 5s", "", "", {"components.app.calls[0].timeout": 6.0}),       # the answers of one vendor only
        (", timeout: 1s", "", "", {"components.app.calls[0].timeout": 2.0}),       # all answers: at least those
        ("", ", timeout: 3s", ", timeout: 6s", {}),                                # each has its own limit
        ("", ", timeout: 1s", "", {"components.edge.calls[0].timeout": 2.0}),
        ("", "", ", timeout: 3s", {"components.edge.calls[1].timeout": 6.0}),
    ],
)
def test_of_several_vendors_each_has_its_own_times(
    app: str, first: str, second: str, expected: dict[str, float]
) -> None:
    found = lint("SRV014", VENDORS.format(app=app, first=first, second=second, slow="50ms"))
    assert {at: found.term(at, "answer") for at in found.places} == pytest.approx(expected)
    assert {finding.certainty for finding in found.findings.values()} <= {"estimated"}


def test_a_vendor_whose_times_are_unknown_is_asked_about() -> None:
    found = lint("SRV014", VENDORS.format(app=", timeout: 6s", first="", second="", slow="{p99: 50ms}"))
    assert found.undecided == {"workloads.ask.stream": ("models.slow.tpot",)}


def test_of_models_that_run_one_after_another_it_is_unknown_which_one_writes() -> None:
    chain = VENDORS.format(app=", timeout: 1s", first="", second="", slow="50ms").replace(", either: v", "")
    assert lint("SRV014", chain).places == set()


APART = """
workloads: {chat: {from: web, stream: true, tokens: {out: 500}}}
models: {m: {ttft: 600ms, tpot: 12ms}}
components:
  web: {kind: client, calls: [r]}
  r: {kind: gateway, calls: [p, {to: d, LIMIT}]}
  p: {kind: model-server, serves: [m], stage: prefill}
  d: {kind: model-server, serves: [m], stage: decode}
"""


@pytest.mark.parametrize(
    ("fits", "cuts", "term", "value"),
    [("idle_timeout: 13ms", "idle_timeout: 11ms", "tpot", 0.012), ("timeout: 6s", "timeout: 5980ms", "answer", 5.988)],
)
def test_a_decode_server_is_not_charged_the_time_of_the_prompt(fits: str, cuts: str, term: str, value: float) -> None:
    """It is silent for 12 ms between tokens, and makes 499 of them; the prefill server has taken the 600 ms before."""
    assert lint("SRV014", APART.replace("LIMIT", fits)).places == set()
    at = f"components.r.calls[1].{cuts.partition(':')[0]}"
    said = lint("SRV014", APART.replace("LIMIT", cuts))
    assert said.places == {at}
    assert said.term(at, term) == pytest.approx(value)


def test_a_side_call_does_not_carry_the_streamed_answer() -> None:
    """The gateway passes on what it asks for last; its tool may ask the same model for something short."""
    side = """
workloads: {chat: {from: web, stream: true, tokens: {out: 500}}}
models: {m: {ttft: 600ms, tpot: 12ms}}
components:
  web: {kind: client, calls: [r]}
  r: {kind: gateway, calls: [{to: tool, timeout: 1s}, {to: p, LIMIT}]}
  tool: {kind: service, calls: [{to: p, timeout: 500ms WHEN}]}
  p: {kind: external, serves: [m]}
"""
    for when in ("", ", when: there is a page"):
        assert lint("SRV014", side.replace("WHEN", when).replace("LIMIT", "timeout: 7s")).places == set()
        cut = lint("SRV014", side.replace("WHEN", when).replace("LIMIT", "timeout: 5s"))
        assert cut.places == {"components.r.calls[1].timeout"}
        # Which of the two answers has 500 tokens is unknown.
        assert cut.findings["components.r.calls[1].timeout"].certainty == "estimated"
