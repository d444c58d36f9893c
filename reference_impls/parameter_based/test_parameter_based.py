"""Parameter-based serving as two real processes that share a file: a change in one applies to both."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

from kit.models import examples, load
from kit.testing.inputs import bad_bodies
from kit.testing.servers import program
from kit.testing.service import Service, refusal, start, start_under, wait_for
from parameter_based.parameters import ParametersError, Switch

TOKEN = "a-token-of-the-tests"
ADMIN = {"Authorization": f"Bearer {TOKEN}"}
OFF = {"enabled": False, "reason": "it calls everything setosa since noon"}
INPUTS = examples("iris").tolist()


def ask(service: Service, inputs: Sequence[Sequence[float]] = INPUTS) -> httpx.Response:
    return service.client.post("/predict", json={"inputs": inputs})


def change(service: Service, parameters: dict[str, object]) -> httpx.Response:
    return service.client.put("/parameters", json=parameters, headers=ADMIN)


def labels(service: Service) -> list[str]:
    return [one["label"] for one in ask(service).raise_for_status().json()["predictions"]]


def problem(service: Service) -> str:
    return str(service.client.get("/parameters").raise_for_status().json()["problem"])


def turned_off(service: Service) -> bool:
    answer = ask(service)
    assert answer.status_code in (200, 503)
    return answer.status_code == 503 and OFF["reason"] in answer.json()["error"]


def test_both_replicas_obey_and_what_is_not_valid_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "parameters.json"
    shared: dict[str, str | float | Path] = {
        "parameters": file, "data_dir": tmp_path / "data", "watch_s": 0.05, "max_body_bytes": 20_000,
        "admin_tokens": json.dumps({"alice": TOKEN}),
    }  # fmt: skip
    with start(tmp_path / "one", "parameter_based", **shared) as one:
        model = load(tmp_path / "data" / "iris.skops")
        predicted = model.predict(examples("iris"))
        with start(tmp_path / "other", "parameter_based", **shared) as other:
            both = (one, other)
            assert [labels(service) for service in both] == [[p.label for p in predicted]] * 2

            assert one.client.put("/parameters", json=OFF).status_code == 401
            assert change(one, OFF).raise_for_status().json()["by"] == "alice"
            assert turned_off(one)                 # at once
            wait_for(lambda: turned_off(other))
            assert one.client.get("/ready").status_code == 200         # the service works; only predictions are off
            assert "parameters_enabled 0.0" in other.client.get("/metrics").text

            refuses_what_is_not_valid(one)
            file.write_text('{"parameters": {"enabled": "perhaps"}}')  # a typing error
            wait_for(lambda: all("is not valid: parameters.enabled" in problem(service) for service in both))
            assert turned_off(one) and turned_off(other)
        with start(tmp_path / "other", "parameter_based", **shared) as other:          # started in the meantime
            assert turned_off(other) and problem(other)
            change(other, {**OFF, "default_label": "versicolor"}).raise_for_status()
            wait_for(lambda: ask(one).status_code == 200)
            assert set(labels(one)) == set(labels(other)) == {"versicolor"}

            limits = {"least_probability": 0.8, "withheld": ["setosa"], "unsure_label": "ask a botanist"}
            change(one, limits).raise_for_status()
            sure = [p.label if p.probability >= 0.8 and p.label != "setosa" else "ask a botanist" for p in predicted]
            wait_for(lambda: labels(other) == sure)
            assert labels(one) == sure
            change(one, {"most_records": 2}).raise_for_status()
            assert ask(one, INPUTS[:2]).status_code == 200
            assert "at most 2 records" in ask(one).json()["error"]
            file.unlink()
            wait_for(lambda: "is missing" in problem(one))
            assert ask(one).status_code == 422
            for service in (one, other):
                assert service.stop() == 0 and "Traceback" not in service.errors
        said = [line for line in map(json.loads, one.errors.splitlines()) if line["event"] == "parameters changed"]
        assert "in force" not in one.output        # logging is configured before the first line
        assert (said[0]["by"], said[0]["after"]["reason"]) == ("alice", OFF["reason"]) and said[0]["timestamp"]


def refuses_what_is_not_valid(service: Service) -> None:
    """Invalid parameters are rejected and change nothing."""
    wrong: list[tuple[dict[str, object], str]] = [
        ({"enabled": False}, "`reason` is required"),
        ({"enabled": "no"}, "valid boolean"),
        ({"default_label": "rose"}, "unknown class rose"),
        ({"withheld": ["rose"]}, "unknown class rose"),
        ({"least_probability": 2}, "less than or equal to 1"),
        ({"most_records": 0}, "greater than or equal to 1"),
        ({"speed": 9}, "not permitted"),
    ]
    for parameters, reason in wrong:
        refused = change(service, parameters)
        assert refused.status_code == 422 and reason in refused.text, (parameters, refused.text)
    for what, content in bad_bodies(20_000).items():
        for send, path in ((service.client.post, "/predict"), (service.client.put, "/parameters")):
            answer = send(path, content=content, headers={"Content-Type": "application/json", **ADMIN})
            assert 400 <= answer.status_code < 500 and answer.json()["error"], (what, path, answer.text)
    assert turned_off(service)


def test_the_off_switch_works_from_a_read_only_folder_as_often_as_it_is_used(tmp_path: Path) -> None:
    written, mounted = tmp_path / "written", tmp_path / "mounted"      # as a ConfigMap is
    written.mkdir()
    mounted.mkdir()
    mount = 'mount --bind "$0" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"'
    unshare = program("unshare", "Debian: apt-get install util-linux")
    user = () if os.geteuid() == 0 else ("--map-root-user",)
    under = (unshare, "--mount", *user, "sh", "-c", mount, str(written), str(mounted))

    def put(parameters: dict[str, object]) -> None:
        (written / "new").write_text(json.dumps({"parameters": parameters}))
        (written / "new").replace(written / "parameters.json")

    put({"enabled": True})
    file = mounted / "parameters.json"
    tokens = json.dumps({"alice": TOKEN})
    with start_under(
        under, tmp_path, "parameter_based", parameters=file, watch_s=0.05, admin_tokens=tokens
    ) as service:
        for _ in range(2):
            put(OFF)
            wait_for(lambda: turned_off(service))
            put({"enabled": True})
            wait_for(lambda: not turned_off(service))
        assert "Read-only file system" in change(service, OFF).json()["error"]
        assert service.client.get("/ready").status_code == 200
        assert service.stop() == 0 and "Traceback" not in service.errors


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"parameters": {"enabled": false}}'])
def test_a_file_that_is_not_valid_puts_nothing_in_force(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "parameters.json").write_bytes(content)
    with pytest.raises(ParametersError, match="is not valid"):
        Switch(tmp_path / "parameters.json", ["setosa"])


def test_it_does_not_start_from_what_is_not_valid_where_nothing_was_good_before(tmp_path: Path) -> None:
    (tmp_path / "parameters.json").write_text('{"parameters": {"default_label": "rose"}}')
    assert "unknown class rose" in refusal(tmp_path, "parameter_based", parameters=tmp_path / "parameters.json")
