"""The exit status is the verdict on a run against a real service."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from kit.load import Record
from kit.models import examples
from kit.testing.inputs import bad_bodies
from kit.testing.service import PATIENCE_S, launch, refusal, start
from load_test.inputs import drawn
from load_test.verdict import Objective, Verdict, judge, parse_duration, parse_rate, parse_share

STEADY = Record(
    offered=100, sent=100, achieved=100, requests=1000, good=1000, statuses={"200": 1000}, errors={},
    p50=0.010, p95=0.012, p99=0.015, worst=0.02, lateness_p99=0.0001, drift=0.01,
)  # fmt: skip
TOLERANT = ("--most-lateness", "1000000", "--most-drift", "1000000", "--seconds", "3", "--warm-up", "1")


@pytest.mark.parametrize(
    ("record", "verdict", "reason"),
    [
        (STEADY, Verdict.MET, ""),
        (replace(STEADY, p99=0.2), Verdict.NOT_MET, "the p99 is 200ms, above the maximum of 100ms"),
        (replace(STEADY, good=990), Verdict.NOT_MET, "1.00% of the requests got no good answer"),
        (replace(STEADY, lateness_p99=0.01), Verdict.INVALID, "the generator sent late"),
        (replace(STEADY, lateness_p99=0.01, p99=0.2), Verdict.INVALID, "the generator sent late"),
        (replace(STEADY, lateness_p99=0.004, p50=0.002), Verdict.MET, ""),      # 200 % of the p50, 4 % of the objective
        (replace(STEADY, drift=0.2), Verdict.INVALID, "the service was not stable"),
        (replace(STEADY, drift=0.2, p99=0.2), Verdict.NOT_MET, "the p99 is 200ms"),
        (replace(STEADY, good=0, p50=float("nan"), p99=float("nan")), Verdict.NOT_MET, "none of 1000 requests got"),
    ],
)
def test_the_verdict_follows_from_the_record(record: Record, verdict: Verdict, reason: str) -> None:
    said, reasons = judge(record, Objective(p99_s=0.1))
    assert said is verdict
    assert reasons[0].startswith(reason) if reason else not reasons


def test_an_objective_that_is_met_gives_the_line_for_the_architecture(tmp_path: Path) -> None:
    words = ("--rate", "20/s", "--p99", "30s", "--errors", "100%", *TOLERANT, "--json", str(tmp_path / "found.json"))
    with start(tmp_path, "load_test", *words) as service:
        status = service.process.wait(PATIENCE_S)
        found = json.loads((tmp_path / "found.json").read_text())
        # If the machine is too busy to keep the rate, the run is reported as invalid.
        assert found["verdict"] == Verdict(status).name in {"MET", "INVALID"}, service.output
        if status == 0:
            line = re.search(r"load_tested: \{rate: [\d.]+/s, p99: [\d.]+m?s, date: \d{4}-\d\d-\d\d\}", service.output)
            assert line, service.output
        else:
            assert "INVALID RUN" in service.output and "at most 2% allowed" in service.output
        assert found["record"]["requests"] > 30 and not found["record"]["errors"]
        assert not service.children()              # the service of the test has ended too
    assert "name a new file" in refusal(tmp_path, "load_test", *words)


def test_a_running_service_that_misses_its_objective_is_reported(tmp_path: Path) -> None:
    with start(tmp_path, "load_test.service") as service:
        missed = launch(tmp_path / "1", "load_test", "--url", service.url, "--p99", "1us", *TOLERANT, "--rate", "20")
        lost = launch(tmp_path / "2", "load_test", "--url", service.url, "--path", "/no", *TOLERANT, "--rate", "20")
        sent = {"inputs": [[5.1, 3.5, 1.4, 0.2]]}
        assert service.client.post("/predict", json=sent).status_code == 200
        for what, content in bad_bodies().items():
            answer = service.client.post("/predict", content=content, headers={"Content-Type": "application/json"})
            assert 400 <= answer.status_code < 500 and answer.json()["error"], what
        for run, said in ((missed, "above the maximum of 0.001ms"), (lost, "requests got a good answer")):
            status = run.process.wait(PATIENCE_S)
            assert (status == 1 and said in run.output) or (status == 3 and "INVALID RUN" in run.output), run.output
            run.client.close()


def test_a_run_that_is_stopped_says_nothing(tmp_path: Path) -> None:
    with start(tmp_path, "load_test", "--seconds", "600") as service:
        assert service.stop() == Verdict.INVALID
        assert "stopped early" in service.errors and "Traceback" not in service.errors
        assert not service.children()


def test_a_wrong_call_is_refused(tmp_path: Path) -> None:
    assert "is not on this machine" in refusal(tmp_path, "load_test", "--url", "http://192.0.2.1")
    (tmp_path / "bodies.jsonl").write_text('{"inputs": []}\n{oops\n')
    assert "bodies.jsonl:2: is not JSON" in refusal(tmp_path, "load_test", "--inputs", str(tmp_path / "bodies.jsonl"))
    wrong = launch(tmp_path, "load_test", "--p99", "soon")
    assert wrong.process.wait(PATIENCE_S) == 2 and "`soon` is not a duration; examples: 100ms" in wrong.errors
    wrong.client.close()


def test_inputs_vary_as_real_ones_do() -> None:
    calls = drawn(examples("wine"), "/predict")
    sizes = [len(json.loads(call.body)["inputs"]) for call in calls]
    assert len({call.body for call in calls}) > 200
    assert 0.8 < sizes.count(1) / len(sizes) < 1 and max(sizes) > 10
    assert calls == drawn(examples("wine"), "/predict")


def test_quantities_are_read_as_an_architecture_has_them() -> None:
    assert [parse_duration(text) for text in ("100ms", "1.5s", "2min")] == [0.1, 1.5, 120]
    assert [parse_rate(text) for text in ("50/s", "50", "30/min")] == [50, 50, 0.5]
    assert [parse_share(text) for text in ("0.1%", "0.5")] == [pytest.approx(0.001), 0.5]
    for parse, text in ((parse_duration, "100"), (parse_rate, "fast"), (parse_share, "-1"), (parse_share, "nan")):
        with pytest.raises(ValueError):
            parse(text)
