"""The candidate gets copies of the requests. Slow, failing or killed, it never affects an answer."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from kit.models import examples, load
from kit.ports import free_port
from kit.testing.inputs import bad_bodies
from kit.testing.service import Service, refusal, start, wait_for
from shadow_ab.pairs import METADATA, Report, compare, write

TUMOURS = examples("breast_cancer")


def ask(service: Service, first: int, last: int) -> list[str]:
    answer = service.client.post("/predict", json={"inputs": TUMOURS[first:last].tolist()}).raise_for_status().json()
    return [p["label"] for p in answer["predictions"]]


def copies(service: Service, outcome: str) -> int:
    lines = service.client.get("/metrics").text.splitlines()
    name = f'shadow_copies_total{{outcome="{outcome}"}} '
    return int(sum(float(line.removeprefix(name)) for line in lines if line.startswith(name)))


def report(service: Service) -> Report:
    return Report.model_validate_json(service.client.get("/report").raise_for_status().content)


def test_both_answers_are_joined_and_only_the_current_one_is_shown(tmp_path: Path) -> None:
    with start(tmp_path, "shadow_ab") as service:
        wait_for(lambda: (ask(service, 0, 1), copies(service, "answered"))[1] > 0)     # the candidate is there
        shown = ask(service, 0, 569)
        current, candidate = (load(tmp_path / "data" / f"{name}.skops") for name in ("current", "candidate"))
        said, other = ([p.label for p in model.predict(TUMOURS)] for model in (current, candidate))
        assert shown == said != other
        wait_for(lambda: report(service).answered_by_both >= 569)
        found = report(service)
        assert found.current_version == current.card.version and found.candidate_version == candidate.card.version
        assert found.agreement is not None and 0.9 < found.agreement < 1
        for what, content in bad_bodies(features=30).items():
            refused = service.client.post("/predict", content=content, headers={"Content-Type": "application/json"})
            assert 400 <= refused.status_code < 500 and refused.json()["error"], (what, refused.text)
        assert service.stop() == 0
        assert "Traceback" not in service.errors


def test_a_candidate_that_hangs_or_is_killed_costs_copies_only(tmp_path: Path) -> None:
    with start(tmp_path, "shadow_ab", room=5, copy_timeout_s=0.5) as service:
        wait_for(lambda: (ask(service, 0, 1), copies(service, "answered"))[1] > 0)
        candidate = service.child("shadow_ab.candidate")
        os.kill(candidate, signal.SIGSTOP)             # slower than any timeout
        expected = ask(service, 0, 1)
        for _ in range(30):
            assert ask(service, 0, 1) == expected
        wait_for(lambda: copies(service, "failed") > 0)
        assert copies(service, "dropped") > 0          # copies beyond the room are dropped
        os.kill(candidate, signal.SIGKILL)
        for _ in range(10):
            assert ask(service, 0, 1) == expected
        answered = copies(service, "answered")
        wait_for(lambda: (ask(service, 0, 1), copies(service, "answered"))[1] > answered)   # it is started again
        assert service.stop() == 0
        assert "Traceback" not in service.errors


def test_no_candidate_at_all_and_a_stop_keep_every_answer_of_the_current_one(tmp_path: Path) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    with start(tmp_path, "shadow_ab.app", candidate_url=nobody) as service:
        for index in range(50):
            ask(service, index, index + 1)
        assert service.stop() == 0
    found = compare(create_engine(f"sqlite:///{tmp_path / 'data' / 'shadow.db'}"))
    assert (found.records, found.answered_by_both, found.agreement) == (50, 0, None)


def test_a_share_of_zero_copies_nothing_and_wrong_settings_are_reported(tmp_path: Path) -> None:
    with start(tmp_path, "shadow_ab.app", share=0, candidate_url="http://127.0.0.1:9") as service:
        ask(service, 0, 50)
        assert not any(copies(service, outcome) for outcome in ("failed", "dropped", "answered"))
    assert "SERVE_SHARE" in refusal(tmp_path, "shadow_ab", share=2)
    assert "use SQLite or PostgreSQL" in refusal(tmp_path, "shadow_ab.app", database_url="mysql://x/y")


def test_the_report_takes_the_newest_versions_alone(postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    METADATA.create_all(engine)
    for at, (version, label) in enumerate([("old", "b"), ("new", "a"), ("new", "c")]):
        for role, of_role, said in (("current", "v1", "a"), ("candidate", version, label)):
            row: dict[str, object] = {
                "request": f"r{at}", "record": 0, "role": role, "version": of_role, "label": said,
                "probability": 0.9, "ms": 1.0, "at": float(at),
            }  # fmt: skip
            write(engine, [row])
            write(engine, [row])                       # once more changes nothing
    found = compare(engine)
    assert (found.records, found.answered_by_both) == (3, 2) and found.agreement == pytest.approx(0.5)
    assert [(d.current, d.candidate, d.records) for d in found.disagreements] == [("a", "c", 1)]
    METADATA.drop_all(engine)
    engine.dispose()
