"""Condition-based serving as real processes: a proxy and a server for each model; one server is killed."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from condition_based.app import RULES
from condition_based.rules import Rules, RulesError, read_rules
from condition_based.server import MODELS
from kit.models import examples, load
from kit.testing.inputs import bad_bodies
from kit.testing.service import Service, refusal, start, wait_for

INPUTS = examples("iris").tolist()
NOON, MIDNIGHT = "2026-01-01T12:00:00Z", "2026-01-01T00:30:00+00:00"


def rules(*each: dict[str, object], regions: tuple[str, ...] = ("eu", "us"), **more: object) -> Rules:
    return Rules.model_validate({"regions": regions, "rules": each, **more})


def rule(name: str, regions: list[str], model: str = "eu", hours: tuple[int, int] = (0, 0)) -> dict[str, object]:
    return {"name": name, "regions": regions, "model": model, "hours": hours}


def test_the_shipped_rules_are_sound() -> None:
    shipped = read_rules(RULES, MODELS)
    assert [shipped.choose("eu", hour) for hour in (5, 6, 21, 22)] == [
        ("night in Europe", "eu-night"), ("Europe", "eu"), ("Europe", "eu"), ("night in Europe", "eu-night"),
    ]  # fmt: skip
    assert shipped.choose("us", 23) == ("overseas", "world") and shipped.choose("mars", 1) is None


@pytest.mark.parametrize(("wrong", "reasons"), [
    (rules(rule("a", ["eu", "us"], "moon")), ["unknown model `moon`"]),
    (rules(rule("a", ["eu", "us"]), unknown="moon"), ["unknown model `moon`"]),
    (rules(rule("a", ["eu"])), ["region `us`: no rule matches in the hours 0, 1, 2"]),
    (rules(rule("a", ["eu", "us"], hours=(6, 23))), ["`eu`: no rule matches in the hours 0, 1, 2, 3, 4, 5", "`us`"]),
    (rules(rule("a", ["eu", "us"]), rule("b", ["us"])), ["rule `b`: never matches"]),
    (rules(rule("a", ["eu", "us", "mars"])), ["unknown region `mars`"]),
    (rules(rule("a", ["eu"]), rule("a", ["us"])), ["duplicate rule name `a`"]),
])  # fmt: skip
def test_all_errors_in_rules_are_reported(wrong: Rules, reasons: list[str]) -> None:
    problems = list(wrong.problems(MODELS))
    assert len(problems) == len(reasons), problems
    assert all(reason in problem for reason, problem in zip(reasons, problems, strict=True)), problems


def test_an_unknown_region_may_have_a_model_of_its_own() -> None:
    assert rules(rule("a", ["eu", "us"]), unknown="world").choose("mars", 1) == ("unknown", "world")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"regions": [], "rules": []}', '{"regions": ["eu"], "rules": [1]}'])
def test_a_file_without_rules_is_reported(text: str, tmp_path: Path) -> None:
    (tmp_path / "rules.json").write_text(text)
    with pytest.raises(RulesError, match=r"rules\.json: "):
        read_rules(tmp_path / "rules.json", MODELS)


def ask(service: Service, region: str, at: str) -> tuple[int, str]:
    body = {"region": region, "at": at, "inputs": INPUTS}
    answer = service.client.post("/predict", json=body)
    return answer.status_code, answer.json().get("model") or answer.json()["error"]


def test_each_condition_has_its_model_and_fails_alone(tmp_path: Path) -> None:
    with start(tmp_path, "condition_based", max_body_bytes=20_000, timeout_s=20) as service:
        for region, at, model in (("eu", NOON, "eu"), ("eu", MIDNIGHT, "eu-night"), ("us", MIDNIGHT, "world")):
            body = {"region": region, "at": at, "inputs": INPUTS}
            answer = service.client.post("/predict", json=body).raise_for_status()
            expected = load(tmp_path / "data" / f"{model}.skops").predict(examples("iris"))
            assert answer.headers["X-Model"] == answer.json()["model"] == model
            assert [p["label"] for p in answer.json()["predictions"]] == [p.label for p in expected]
        assert service.client.post("/predict", json={"region": "asia", "inputs": INPUTS}).status_code == 200
        assert ask(service, "mars", NOON) == (422, "unknown region 'mars'; known regions: asia, eu, us")
        assert ask(service, "eu", "2026-01-01T12:00:00")[0] == 422      # the time has no time zone
        for what, content in bad_bodies(20_000).items():
            for sent in (content, content.replace(b'{"inputs"', b'{"region": "eu", "inputs"')):
                answer = service.client.post("/predict", content=sent, headers={"Content-Type": "application/json"})
                assert 400 <= answer.status_code < 500 and answer.json()["error"], (what, answer.text)
        counted = service.client.get("/metrics").text
        assert 'routed_total{model="world",outcome="answered",rule="overseas"} 2.0' in counted

        killed = [pid for pid in service.children("condition_based.server") if serves(pid, "world")]
        os.kill(killed[0], signal.SIGKILL)
        status, reason = ask(service, "us", NOON)
        assert status == 503 and "the server of the model 'world' does not answer" in reason
        assert ask(service, "eu", NOON) == (200, "eu")
        wait_for(lambda: ask(service, "us", NOON) == (200, "world"))    # it is started again
        assert service.stop() == 0
        assert "Traceback" not in service.errors


def serves(pid: int, model: str) -> bool:
    """Return whether a process serves this model, according to its environment."""
    return f"SERVE_MODEL={model}\0" in Path(f"/proc/{pid}/environ").read_text()


def test_rules_with_gaps_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "rules.json"
    shipped = json.loads(RULES.read_text())
    file.write_text(json.dumps({**shipped, "regions": [*shipped["regions"], "africa"]}))
    assert "region `africa`: no rule matches" in refusal(tmp_path, "condition_based", rules=file)
    told = refusal(tmp_path, "condition_based", servers='{"eu": "http://127.0.0.1:1"}')
    assert "unknown model `world`" in told and "unknown model `eu-night`" in told
