"""The store of results, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from kit.database import DatabaseSettings, open_database
from kit.results import Results


@pytest.fixture(params=["sqlite", "postgresql"])
def results(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Results]:
    url = str(request.getfixturevalue("postgres_url")) if request.param == "postgresql" else ""
    settings = DatabaseSettings.model_validate({"data_dir": tmp_path, "database_url": url})
    store = Results(open_database(settings, "results"))
    store.create()
    yield store
    store.engine.dispose()


def test_an_answer_is_stored_once(results: Results) -> None:
    key = uuid4().hex
    assert results.get(key) is None
    assert results.accept(key, "digest").status == "pending"
    with ThreadPoolExecutor(8) as pool:
        stored = list(pool.map(lambda n: results.done(key, "digest", f"answer {n}"), range(8)))
    assert stored.count(True) == 1
    result = results.get(key)
    assert result is not None and result.answer == f"answer {stored.index(True)}" and result.status == "done"
    assert not results.dead(key, "digest", "too late")
    assert results.accept(key, "digest") == result
    assert [one for one in results.all() if one.id == key] == [result]


def test_a_worker_may_outrun_who_accepted(results: Results) -> None:
    key = uuid4().hex
    assert results.done(key, "digest", "answer")
    assert results.accept(key, "digest").answer == "answer"


def test_another_request_under_the_same_id_changes_nothing(results: Results) -> None:
    key = uuid4().hex
    results.accept(key, "digest")
    assert not results.done(key, "another", "answer")
    assert not results.dead(key, "another", "reason")
    assert results.accept(key, "another").digest == "digest"


def test_the_dead_come_back_and_the_done_do_not(results: Results) -> None:
    dead, done = uuid4().hex, uuid4().hex
    results.dead(dead, "digest", "why")
    results.done(done, "digest", "answer")
    results.revive([dead, done, uuid4().hex])
    states = [results.get(key) for key in (dead, done)]
    assert [(one.status, one.reason) for one in states if one is not None] == [("pending", ""), ("done", "")]
