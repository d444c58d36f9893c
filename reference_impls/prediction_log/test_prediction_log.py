"""The log with real processes: no answered prediction is lost if the service ends or its database is down."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from pathlib import Path

import httpx
from prometheus_client import CollectorRegistry
from sqlalchemy import create_engine, select
from sqlalchemy.exc import SQLAlchemyError

from kit.models import examples, load
from kit.testing.inputs import bad_bodies
from kit.testing.servers import postgres_server
from kit.testing.service import PATIENCE_S, Service, refusal, start, wait_for
from prediction_log.shipping import PREDICTIONS
from prediction_log.spool import Spool

FLOWERS = examples("iris").tolist()


def ask(service: Service, number: int) -> list[str]:
    """Predict this many flowers, one per request, and return the ids of the answers."""
    ids = []
    for i in range(number):
        body = {"inputs": [FLOWERS[i % len(FLOWERS)]]}
        ids.append(service.client.post("/predict", json=body).raise_for_status().json()["predictions"][0]["id"])
    return ids


def recorded(url: str) -> set[str]:
    """Return the ids in a log, or none if it cannot be read."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return set(connection.scalars(select(PREDICTIONS.c.id)))
    except SQLAlchemyError:
        return set()
    finally:
        engine.dispose()


def metric(service: Service, name: str) -> float:
    lines = service.client.get("/metrics").text.splitlines()
    return next(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name + " "))


def test_predictions_are_recorded_joined_with_outcomes_and_none_is_lost_at_the_end(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'data' / 'log.db'}"
    with start(tmp_path, "prediction_log", max_body_bytes=20_000) as service:
        sent = service.client.post("/predict", json={"inputs": FLOWERS}, headers={"X-Request-ID": "mine"}).json()
        expected = load(tmp_path / "data" / "iris.skops").predict(examples("iris"))
        assert [p["label"] for p in sent["predictions"]] == [p.label for p in expected]
        ids = [p["id"] for p in sent["predictions"]]
        wait_for(lambda: recorded(url) == set(ids))
        engine = create_engine(url)
        with engine.connect() as connection:
            row = connection.execute(select(PREDICTIONS).where(PREDICTIONS.c.id == ids[7])).one()
        engine.dispose()
        assert (row.request, row.position, row.inputs, row.version) == ("mine", 7, FLOWERS[7], sent["version"])
        assert row.at > 0 and row.latency_ms > 0

        (tmp_path / "data" / "spool" / "0-damaged.jsonl").write_text('{"id": \n')
        wait_for((tmp_path / "data" / "spool" / "0-damaged.unfit").is_file)    # and the other files are moved

        truth = {one: p.label for one, p in zip(ids[:10], expected, strict=False)} | {ids[10]: "virginica"}
        assert service.client.post("/outcomes", json={"outcomes": truth}).json() == {"noted": 11}
        assert service.client.post("/outcomes", json={"outcomes": truth}).status_code == 201      # no change
        (quality,) = service.client.get("/accuracy").json()
        assert (quality["version"], quality["predictions"], quality["known"]) == (sent["version"], 150, 11)
        assert quality["accuracy"] == 10 / 11
        assert service.client.get("/accuracy", params={"since": 1e11}).json() == []

        wrong = [{"outcomes": {}}, {"outcomes": {"x": "setosa"}}, {"outcomes": {ids[0]: "rose"}}, {"outcomes": [1]}]
        answers = [service.client.post("/outcomes", json=body) for body in wrong]
        answers += [service.client.get("/accuracy", params={"since": since}) for since in ("-1", "nan", "x")]
        for content in bad_bodies(20_000).values():
            headers = {"Content-Type": "application/json"}
            answers.append(service.client.post("/predict", content=content, headers=headers))
        assert [a.status_code for a in answers if not 400 <= a.status_code < 500 or not a.json()["error"]] == []

        threads = [threading.Thread(target=ask_until_gone, args=(service.url, ids)) for _ in range(4)]
        for thread in threads:
            thread.start()
        wait_for(lambda: len(ids) > 250)
        assert service.stop() == 0
        for thread in threads:
            thread.join(PATIENCE_S)
        assert recorded(url) >= set(ids) and len(recorded(url)) <= len(ids) + len(threads)
        assert "Traceback" not in service.errors


def ask_until_gone(url: str, ids: list[str]) -> None:
    with httpx.Client(base_url=url, timeout=PATIENCE_S) as client:
        try:
            while True:
                answer = client.post("/predict", json={"inputs": [FLOWERS[0]]})
                if answer.status_code == 200:
                    ids.append(answer.json()["predictions"][0]["id"])
        except httpx.TransportError:
            return


def test_with_its_database_gone_it_predicts_and_records_what_it_predicted_once_that_is_back(tmp_path: Path) -> None:
    database = ExitStack()
    url = database.enter_context(postgres_server(tmp_path))
    port = int(url.rpartition(":")[2].partition("/")[0])
    with database, start(tmp_path, "prediction_log", database_url=url) as service:
        ids = ask(service, 20)
        wait_for(lambda: recorded(url) == set(ids))
        database.close()

        ids += ask(service, 50)
        assert service.client.get("/ready").status_code == 200
        wait_for(lambda: metric(service, "prediction_log_files_waiting") > 0)
        for answer in (
            service.client.post("/outcomes", json={"outcomes": {ids[0]: "setosa"}}),
            service.client.get("/accuracy"),
        ):
            assert answer.status_code == 503 and "database" in answer.json()["error"] and answer.headers["Retry-After"]

        database.enter_context(postgres_server(tmp_path, port))
        wait_for(lambda: recorded(url) == set(ids))
        wait_for(lambda: metric(service, "prediction_log_files_waiting") == 0)
        assert metric(service, "prediction_log_written_total") == 70
        database.close()

        ids += ask(service, 10)
        assert service.stop() == 0                 # stopped while the database is down: the rest stays on disk
        assert "Traceback" not in service.errors
        database.enter_context(postgres_server(tmp_path, port))
        with start(tmp_path, "prediction_log", database_url=url, log_inputs="false"):
            wait_for(lambda: recorded(url) == set(ids))


def test_what_finds_no_room_is_counted_and_nothing_fails(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    spool = Spool(tmp_path / "spool", registry, most_buffered=5, most_files=1)
    for i in range(12):
        spool.record({"id": i})
    wait_for(lambda: len(spool.files()) == 1)
    spool.record({"id": 12})
    spool.close()
    assert len(spool.files()) == 1
    assert (registry.get_sample_value("prediction_log_lost_total", {"where": "buffer"}) or 0) >= 7
    assert registry.get_sample_value("prediction_log_lost_total", {"where": "disk"}) == 1


def test_a_wrong_setting_is_reported(tmp_path: Path) -> None:
    assert "SERVE_DATABASE_URL: unknown database mysql" in refusal(tmp_path, "prediction_log", database_url="mysql://x/y")
