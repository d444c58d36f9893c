"""Batch as real processes, on SQLite and PostgreSQL: runs are killed, stopped, shared, repeated and scheduled."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from batch.install_airflow import program as airflow_program
from batch.job import Job
from batch.settings import DONE, FAILED, UNFINISHED, BatchSettings
from batch.store import PREDICTIONS, RECORDS, OtherModelError, Store
from kit.database import open_database, reading, writing
from kit.models import Model, Prediction, examples, load, train, trained
from kit.ports import free_port
from kit.testing.servers import missing, program
from kit.testing.service import PATIENCE_S, launch, refusal, start, wait_for

_NUMBERS = count()
AUDIT = {
    "sqlite": [
        "create table audit (key text, run text)",
        """create trigger audit_new after insert on batch_predictions
           begin insert into audit values (new.key, new.run); end""",
        """create trigger audit_again after update on batch_predictions
           begin insert into audit values (new.key, new.run); end""",
    ],
    "postgresql": [
        "create table audit (key text, run text)",
        """create function note() returns trigger language plpgsql as
           $$ begin insert into audit values (new.key, new.run); return new; end $$""",
        "create trigger audit after insert or update on batch_predictions for each row execute function note()",
    ],
}


class World:
    """A store with its own records, which logs each write of a prediction."""

    def __init__(self, folder: Path, url: str, records: int) -> None:
        values = {"data_dir": folder / "data", "database_url": url, "chunk": 3, "lease_s": 0.5}
        self.settings = BatchSettings.model_validate(values)
        self.model = load(trained("iris", folder / "data"))
        self.store = Store(open_database(self.settings, "batch"))
        flowers = examples("iris")
        self.records = {f"r{i:04}": flowers[i % len(flowers)].tolist() for i in range(records)}
        with writing(self.store.engine) as connection:
            connection.execute(RECORDS.insert(), [{"key": k, "inputs": v} for k, v in self.records.items()])
            for statement in AUDIT[connection.dialect.name]:
                connection.execute(text(statement))

    def job(self, run: str, model: Model | None = None, window_s: float = 0) -> Job:
        return Job(self.settings.model_copy(update={"window_s": window_s}), self.store, model or self.model, run)

    def done(self, run: str) -> int:
        return self.store.states(run)["done"]

    def writes(self, run: str) -> list[int]:
        query = text("select count(*) from audit where run = :run group by key")
        with reading(self.store.engine) as connection:
            return [row[0] for row in connection.execute(query, {"run": run})]

    def stored(self, run: str) -> list[tuple[str, str, float]]:
        with reading(self.store.engine) as connection:
            rows = connection.execute(PREDICTIONS.select().where(PREDICTIONS.c.run == run).order_by(PREDICTIONS.c.key))
            return [(row.key, row.label, row.probability) for row in rows]

    def expected(self) -> list[tuple[str, str, float]]:
        flowers = examples("iris")
        known = self.model.predict(flowers)
        return [(k, (p := known[i % len(flowers)]).label, p.probability) for i, k in enumerate(self.records)]

    def check(self, run: str) -> None:
        """Compare a run with an undisturbed one: every record has the same label and probability."""
        for (key, label, probability), expected in zip(self.stored(run), self.expected(), strict=True):
            assert (key, label) == expected[:2] and probability == pytest.approx(expected[2]), key


Make = Callable[[str, int], World]


@pytest.fixture
def world_of(tmp_path: Path) -> Iterator[Make]:
    worlds: list[World] = []

    def make(url: str, records: int) -> World:
        worlds.append(World(tmp_path, url, records))
        return worlds[-1]

    yield make
    for world in worlds:
        world.store.engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty database for this test."""
    if request.param == "sqlite":
        yield ""
        return
    server, name = str(request.getfixturevalue("postgres_url")), f"batch{next(_NUMBERS)}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"create database {name}"))
    engine.dispose()
    yield server.rpartition("/")[0] + "/" + name


def test_a_job_killed_at_random_points_and_resumed_writes_each_row_once(
    url: str, world_of: Make, tmp_path: Path
) -> None:
    world, chance = world_of(url, 450), random.Random(7)
    for workers in (2, 1) if url else (1, 1):
        job = launch(tmp_path, "batch.job", "--run", "a", chunk=3, lease_s=0.5, workers=workers, database_url=url)
        enough = world.done("a") + chance.randint(1, 40)
        while world.done("a") < enough:
            assert job.process.poll() is None, job.errors
        time.sleep(chance.random() / 20)                                     # at a random point of a part
        job.kill()
        assert world.done("a") < 150
    assert world.job("a").do("failed") == DONE
    world.check("a")
    assert world.writes("a") == [1] * 450


def test_a_window_that_is_over_and_sigterm_leave_a_run_that_goes_on(world_of: Make, tmp_path: Path) -> None:
    world = world_of("", 450)
    assert world.job("a", window_s=0.1).do("failed") == UNFINISHED
    job = launch(tmp_path, "batch.job", "--run", "a", workers=2, lease_s=0.5)
    before = world.done("a")
    wait_for(lambda: world.done("a") > before)
    assert job.stop() == UNFINISHED, job.errors
    assert re.search(r"run a: \d+ of 150 parts are done, 0 failed, \d+ remain", job.output)
    states = world.store.states("a")
    assert states["waiting"] > 0 and states["running"] == states["failed"] == 0
    assert world.store.unfinished() == "a"
    assert world.job("a").do("failed") == DONE
    world.check("a")
    assert set(world.writes("a")) == {1}


def test_only_what_failed_is_scored_again_or_all_or_nothing(url: str, world_of: Make) -> None:
    world = world_of(url, 30)

    def set_record(inputs: object) -> None:
        with writing(world.store.engine) as connection:
            connection.execute(RECORDS.update().where(RECORDS.c.key == "r0004").values(inputs=inputs))

    for bad, why in (([1, 2], "has 2 numbers"), ([1, 2, 3, "x"], "valid number"), ("x", "valid list")):
        set_record(bad)
        assert world.job("a").do("failed") == FAILED
        assert "part 1 (r0003 to r0005): record r0004: " in world.store.reasons("a")[0]
        assert why in world.store.reasons("a")[0]
    assert len(world.writes("a")) == 27
    set_record(world.records["r0004"])
    assert world.job("a").do("none") == FAILED
    assert len(world.writes("a")) == 27
    assert world.job("a").do("failed") == DONE
    world.check("a")
    assert world.writes("a") == [1] * 30
    assert world.job("a").do("all") == DONE
    world.check("a")
    assert world.writes("a") == [2] * 30


def test_a_worker_thought_dead_writes_nothing_once_another_has_its_part(url: str, world_of: Make) -> None:
    world = world_of(url, 6)
    world.store.begin("a", "1", 3, "none")
    slow = world.store.claim("a", "slow", lease_s=-1)
    quick = world.store.claim("a", "quick", lease_s=30)
    assert slow is not None and quick is not None and slow.number == quick.number == 0
    keys, predictions = list(world.store.records(quick)), [Prediction("setosa", 1.0)] * 3
    assert not world.store.finish(slow, keys, predictions, "1") and world.stored("a") == []
    assert world.store.finish(quick, keys, predictions, "1")
    assert world.writes("a") == [1] * 3


def test_no_two_workers_get_the_same_part(url: str, world_of: Make) -> None:
    world = world_of(url, 60)
    world.store.begin("a", "1", 3, "none")
    got: list[int] = []

    def take(name: str) -> None:
        while (part := world.store.claim("a", name, 30)) is not None:
            got.append(part.number)

    threads = [threading.Thread(target=take, args=(f"w{i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert sorted(got) == list(range(20))


def test_a_run_keeps_its_model_and_old_runs_are_forgotten(world_of: Make, tmp_path: Path) -> None:
    world = world_of("", 6)
    for run in ("a", "b", "c"):
        assert world.job(run).do("failed") == DONE
    assert world.stored("a") == []
    world.check("b")
    world.check("c")
    other = load(train("iris", tmp_path / "other", seed=8))
    with pytest.raises(OtherModelError, match="--retry all"):
        world.job("c", other).do("failed")
    assert world.job("c", other).do("all") == DONE
    found = world.store.prediction("r0000")
    assert found is not None and found.version == other.card.version


def test_scheduler_job_and_api_work_together_and_a_killed_job_is_begun_again(
    world_of: Make, tmp_path: Path
) -> None:
    world_of("", 900).store.begin("20200101T000000", "a-model-of-old", 3, "none")
    with start(tmp_path, "batch", chunk=3, lease_s=0.5) as service:

        def status(key: str) -> int:
            return service.client.get(f"/predictions/{key}").status_code

        answer = service.client.get("/predictions/r0899")
        assert answer.status_code == 503 and "no run has ended" in answer.json()["error"]
        wait_for(lambda: status("r0000") == 200)
        for pid in service.children("batch.job"):
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: status("r0899") == 200)
        body = service.client.get("/predictions/r0899").json()
        assert body["label"] in ("setosa", "versicolor", "virginica") and body["age_s"] >= 0 and body["stale"] is False
        wait_for(lambda: status("none") == 404)
        assert service.client.get("/predictions/" + "x" * 101).status_code == 422
        assert "batch_seconds_since_run" in service.client.get("/metrics").text
        assert service.stop() == 0
        assert '"status": 2' in service.errors             # the run of the other model is abandoned
        assert '"status": -9' in service.errors and "Traceback" not in service.errors


def test_errors_are_reported_before_anything_runs(tmp_path: Path) -> None:
    assert "SERVE_SCHEDULE" in refusal(tmp_path, "batch", schedule="61 * * * *")
    nowhere = f"postgresql://nobody@127.0.0.1:{free_port()}/none"
    assert "cannot be used" in refusal(tmp_path, "batch.job", database_url=nowhere)
    wrong = launch(tmp_path, "batch.job", "--run", "../a")
    assert wrong.process.wait(PATIENCE_S) == 2 and "--run must have at most 64" in wrong.errors


def test_airflow_runs_the_job_and_goes_on_with_a_run_that_was_cut_short(world_of: Make, tmp_path: Path) -> None:
    airflow = airflow_program() or missing("Airflow", "python reference_impls/batch/install_airflow.py")
    program("bash", "apt-get install bash")                # Airflow's BashOperator runs the job with it
    world = world_of("", 450)
    assert world.job("a", window_s=0.1).do("failed") == UNFINISHED
    done, dag = world.done("a"), Path(__file__).with_name("airflow_dag.py")
    environment = {
        **os.environ, "AIRFLOW_HOME": str(tmp_path / "airflow"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(dag.parent), "BATCH_PYTHON": sys.executable,
        "SERVE_DATA_DIR": str(tmp_path / "data"),
    }  # fmt: skip
    test = ["dags", "test", "batch", "--dagfile-path", str(dag), "--conf", '{"run": "a"}']
    for words in (["db", "migrate"], test):
        ended = subprocess.run(
            [str(airflow), *words], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "state=success" in ended.stdout + ended.stderr
    assert 0 < done < world.done("a") == 150
    world.check("a")
    assert set(world.writes("a")) == {1}
