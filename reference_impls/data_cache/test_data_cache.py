"""Data cache as real processes, with memory and with Redis: the source changes, is killed, and starts again."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx

from kit.models import examples, load
from kit.ports import free_port
from kit.testing.inputs import bad_bodies
from kit.testing.service import Service, refusal, start, wait_for

TOKEN = "a-token-of-the-tests"
ADMIN = {"Authorization": f"Bearer {TOKEN}"}
TOKENS: dict[str, str | float | Path] = {"admin_tokens": json.dumps({"tests": TOKEN})}
PATIENT: dict[str, str | float | Path] = {"source_timeout_s": 20}
QUICK: dict[str, str | float | Path] = {"delay_s": 0, **TOKENS}


def ask(service: Service, *wines: int) -> httpx.Response:
    return service.client.post("/predict", json={"wines": wines})


def kept(service: Service, *wines: int) -> str:
    return str(ask(service, *wines).raise_for_status().headers["X-Cache"])


def label(service: Service, wine: int) -> str:
    return str(ask(service, wine).raise_for_status().json()["predictions"][0]["label"])


def counted(service: Service, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", service.client.get("/metrics").text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_it_keeps_records_runs_the_model_each_time_and_refuses_bad_input(tmp_path: Path) -> None:
    with start(tmp_path, "data_cache", max_body_bytes=20_000, **PATIENT) as service:
        expected = [p.label for p in load(tmp_path / "data" / "wine.skops").predict(examples("wine")[[3, 70, 170]])]
        for outcome in ("miss", "hit", "hit"):
            answer = ask(service, 3, 70, 170).raise_for_status()
            assert answer.headers["X-Cache"] == outcome
            assert [p["label"] for p in answer.json()["predictions"]] == expected
            assert [p["stale"] for p in answer.json()["predictions"]] == [False] * 3
        assert counted(service, "model_runs_total") == 3
        assert counted(service, 'cache_lookups_total{outcome="miss"}') == 3
        assert kept(service, 3, 4) == "miss"       # one of them is new

        unknown = ask(service, 3, 100_000)
        assert (unknown.status_code, unknown.json()["error"]) == (404, "unknown wine 100000")
        wrong = {f"wines {value!r}": json.dumps({"wines": value}).encode()
                 for value in ([], [-1], ["3"], [1.5], [True], [None], [2**40], list(range(101)), 3)}  # fmt: skip
        for what, content in {**wrong, **bad_bodies(20_000)}.items():
            refused = service.client.post("/predict", content=content, headers={"Content-Type": "application/json"})
            assert 400 <= refused.status_code < 500, (what, refused.text)
            assert refused.json()["error"], what
        assert service.client.delete("/cache/3", headers=ADMIN).status_code == 403      # no token is set
        assert service.stop() == 0
        assert "Traceback" not in service.errors


def test_a_changed_record_is_forgotten_and_a_dead_source_is_gone_around_for_a_while(tmp_path: Path) -> None:
    port, data = free_port(), tmp_path / "data"
    url = f"http://127.0.0.1:{port}"
    source = start(tmp_path / "source", "data_cache.source", port=port, **QUICK)
    served = start(tmp_path / "api", "data_cache", source_url=url, data_dir=data, **TOKENS, **PATIENT)
    with source as wines, served as api:
        old = label(api, 3)
        other = examples("wine")[170].tolist()
        assert wines.client.put("/wines/3", json={"features": other}).status_code == 401
        wines.client.put("/wines/3", json={"features": other}, headers=ADMIN).raise_for_status()
        assert label(api, 3) == old                # the change is not reported yet
        assert api.client.delete("/cache/3", headers={"Authorization": "Bearer wrong"}).status_code == 401
        assert api.client.delete("/cache/3", headers=ADMIN).status_code == 204
        assert label(api, 3) != old

        keeps: dict[str, str | float | Path] = {"cache_ttl_s": 0.2, "cache_stale_s": 600, **PATIENT}
        with start(tmp_path / "patient", "data_cache", source_url=url, data_dir=data, **keeps) as patient:
            known = label(patient, 70)
            wait_for(lambda: kept(patient, 70) == "miss")           # the ttl is over
            wines.kill()
            wait_for(lambda: kept(patient, 70) == "stale")
            answer = ask(patient, 70).json()["predictions"][0]
            assert answer["label"] == known and answer["stale"] and answer["age_s"] > 0.2
            gone = ask(patient, 71)
            assert gone.status_code == 503 and "the source of wines returned no record" in gone.json()["error"]
            with start(tmp_path / "source", "data_cache.source", port=port, **QUICK):
                wait_for(lambda: kept(patient, 70) == "miss")
            assert "Traceback" not in patient.errors


def test_processes_over_redis_share_records_and_what_is_forgotten(redis_url: str, tmp_path: Path) -> None:
    shared: dict[str, str | float | Path] = {
        "cache_url": redis_url, "cache_timeout_s": 10, "data_dir": tmp_path / "d", **PATIENT,
    }  # fmt: skip
    with start(tmp_path / "source", "data_cache.source", **QUICK) as source:
        one = start(tmp_path / "one", "data_cache", source_url=source.url, **shared, **TOKENS)
        other = start(tmp_path / "other", "data_cache", source_url=source.url, **shared, **TOKENS)
        with one as first, other as second:
            assert [kept(first, 5), kept(second, 5)] == ["miss", "hit"]
            assert second.client.delete("/cache/5", headers=ADMIN).status_code == 204
            assert kept(first, 5) == "miss"
        with start(tmp_path / "none", "data_cache", source_url=source.url, cache_url="redis://127.0.0.1:1/0",
                   data_dir=tmp_path / "d", **TOKENS, **PATIENT) as alone:  # fmt: skip
            assert [kept(alone, 5), kept(alone, 5)] == ["miss", "miss"]
            untold = alone.client.delete("/cache/5", headers=ADMIN)
            assert untold.status_code == 503 and "the cache cannot be reached" in untold.json()["error"]


def test_wrong_settings_are_reported(tmp_path: Path) -> None:
    told = refusal(tmp_path, "data_cache", source_url="wines", admin_tokens='{"a": "short"}')
    assert "SERVE_SOURCE_URL" in told and "SERVE_ADMIN_TOKENS: a" in told
