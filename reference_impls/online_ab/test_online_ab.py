"""Users stay with their model, outcomes are counted once, and the decision waits for enough users."""

from __future__ import annotations

import os
import signal
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine

from kit.database import create_tables, open_database
from kit.models import examples
from kit.testing.inputs import bad_bodies
from kit.testing.service import refusal, start, wait_for
from online_ab.experiment import METADATA, Group, compare, group_of, remember, tell
from online_ab.settings import OnlineAbSettings
from online_ab.statistics_ab import difference, users_needed, wilson

WINE = examples("wine")[:1].tolist()
USERS = [f"user-{number}" for number in range(20_000)]


def settings(**values: object) -> OnlineAbSettings:
    return OnlineAbSettings.model_validate({"experiment": "tests", **values})


def test_users_are_split_by_share_and_stay() -> None:
    tenth = {user for user in USERS if group_of(user, "a", 0.1) == "candidate"}
    assert len(tenth) / len(USERS) == pytest.approx(0.1, abs=0.01)
    third = {user for user in USERS if group_of(user, "a", 0.3) == "candidate"}
    assert tenth < third                               # a larger share removes nobody
    other = {user for user in USERS if group_of(user, "b", 0.1) == "candidate"}
    assert len(tenth & other) / len(tenth) == pytest.approx(0.1, abs=0.03)     # experiments are independent
    assert not any(group_of(user, "a", 0) == "candidate" for user in USERS)
    assert all(group_of(user, "a", 1) == "candidate" for user in USERS)


def outcomes(engine: Engine, group: Group, successes: int, users: int, new: count[int]) -> None:
    for number in range(users):
        told = remember(engine, "tests", f"{group}-{next(new)}", group, "1")
        assert tell(engine, told, number < successes) is (number < successes)


@pytest.mark.parametrize(
    ("current", "candidate", "decision"),
    [(8, 23, "candidate is better"), (23, 8, "candidate is worse"), (15, 16, "no difference shown")],
)
def test_it_decides_when_both_groups_are_full_and_never_again(
    current: int, candidate: int, decision: str, tmp_path: Path
) -> None:
    test = settings(data_dir=tmp_path, baseline=0.3, least_effect=0.35)
    needed, new = test.users_needed, count()
    assert needed == 31
    engine = open_database(test, "tests")
    create_tables(engine, METADATA)
    outcomes(engine, "current", current, needed, new)
    outcomes(engine, "candidate", candidate, needed - 1, new)
    before = compare(engine, test)
    assert before.decision == "not yet" and before.interval is not None
    outcomes(engine, "candidate", 0, 1, new)
    report = compare(engine, test)
    assert report.decision == decision and report.users_needed == needed
    outcomes(engine, "candidate", 50, 50, new)         # later outcomes do not change the decision
    outcomes(engine, "current", 0, 50, new)
    assert compare(engine, test) == report
    assert compare(engine, settings(data_dir=tmp_path, experiment="another")).current.users == 0
    engine.dispose()


def test_a_user_counts_once_with_the_first_outcome(postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    create_tables(engine, METADATA)
    first, second = (remember(engine, "tests", "ada", "current", "1") for _ in range(2))
    assert tell(engine, first, False) is False
    assert tell(engine, second, True) is True
    assert tell(engine, first, True) is False          # the first reported one stays
    assert tell(engine, "0" * 32, True) is None
    found = compare(engine, settings())
    assert (found.current.users, found.current.successes, found.difference) == (1, 0, None)
    METADATA.drop_all(engine)
    engine.dispose()


def test_the_interval_contains_the_difference_and_shrinks_with_users() -> None:
    for a, b in [((0, 10), (0, 10)), ((10, 10), (0, 10)), ((3, 10), (400, 1000))]:
        apart, low, high = difference(a, b, 0.95)
        assert -1 <= low <= apart <= high <= 1
        mirrored = difference(b, a, 0.95)
        assert mirrored == pytest.approx((-apart, -high, -low))
    assert wilson(5, 10, 0.95)[1] > wilson(500, 1000, 0.95)[1]
    assert users_needed(0.5, 0.01) > 50 * users_needed(0.5, 0.1)


def test_users_are_answered_by_the_model_of_their_group_and_outcomes_are_taken(tmp_path: Path) -> None:
    with start(tmp_path, "online_ab", share=0.5, experiment="a", call_timeout_s=10) as service:
        by_group: dict[str, set[str]] = {"current": set(), "candidate": set()}
        for user in USERS[:20] * 2:
            said = service.client.post("/predict", json={"user": user, "inputs": WINE}).raise_for_status().json()
            by_group[group_of(user, "a", 0.5)].add(said["model"])
        assert by_group == {"current": {"current"}, "candidate": {"candidate"}}
        told = {"prediction": said["prediction"], "success": True}
        for body, status in ((told, 200), (told, 200), ({**told, "success": False}, 409),
                             ({**told, "prediction": "0" * 32}, 404), ({**told, "success": "yes"}, 422)):  # fmt: skip
            assert service.client.post("/outcomes", json=body).status_code == status
        report = service.client.get("/report").json()
        assert report["decision"] == "not yet" and report["users_needed"] == 388
        assert report["current"]["users"] + report["candidate"]["users"] == 1
        for what, content in bad_bodies(features=13).items():
            refused = service.client.post("/predict", content=content, headers={"Content-Type": "application/json"})
            assert 400 <= refused.status_code < 500 and refused.json()["error"], (what, refused.text)
        unfit = service.client.post("/predict", json={"user": "ada", "inputs": [[1.0]]})
        assert unfit.status_code == 422 and "the model needs 13" in unfit.json()["error"]

        (arm,) = (pid for pid in service.children("online_ab.arm") if is_of(pid, "candidate"))
        os.kill(arm, signal.SIGKILL)
        user = next(user for user in USERS if group_of(user, "a", 0.5) == "candidate")
        answered = service.client.post("/predict", json={"user": user, "inputs": WINE}).raise_for_status().json()
        assert answered["model"] in {"current", "candidate"}           # the candidate may be back already
        wait_for(lambda: asked(service.client.post("/predict", json={"user": user, "inputs": WINE}).json()))
        assert service.stop() == 0
        assert "Traceback" not in service.errors
    assert b"user-1" not in (tmp_path / "data" / "online-ab.db").read_bytes()          # users are pseudonyms


def is_of(pid: int, model: str) -> bool:
    return f"SERVE_MODEL={model}\0".encode() in Path(f"/proc/{pid}/environ").read_bytes()


def asked(body: dict[str, object]) -> bool:
    return body["model"] == "candidate"


def test_without_any_model_the_service_says_so_and_wrong_settings_are_reported(tmp_path: Path) -> None:
    nobody = "http://127.0.0.1:9"
    with start(tmp_path, "online_ab.app", current_url=nobody, candidate_url=nobody, share=0.5) as service:
        for user in USERS[:10]:
            assert service.client.post("/predict", json={"user": user, "inputs": WINE}).status_code == 503
    assert "must stay below 1" in refusal(tmp_path, "online_ab", baseline=0.9, least_effect=0.2)
