"""Rebuilds with documents that come meanwhile, and rebuilds that are killed: the same for each store."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from kit.settings import PREFIX
from kit.testing.service import PATIENCE_S
from rag.settings import RagSettings, open_store
from rag.store import Store
from rag.test_vectors import TABLES
from rag.vectors import PgStore

AnyStore = Store | PgStore
DYING = """
import os, signal
from kit.llm.embedding import Embedder
from kit.settings import read_settings
from rag.settings import RagSettings, open_store
embed, calls = Embedder.embed, []
def dying(self, texts):
    calls.append(texts)
    if len(calls) == 70:
        os.kill(os.getpid(), signal.SIGKILL)
    return embed(self, texts)
Embedder.embed = dying
open_store(read_settings(RagSettings)).rebuild(2)
"""


@pytest.fixture(params=["", "postgresql"], ids=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RagSettings]:
    url = request.getfixturevalue("pgvector_url") if request.param else ""
    yield RagSettings.model_construct(data_dir=tmp_path, database_url=url)
    if url:
        with closing(PgStore(create_engine(url))) as store, store._engine.begin() as connection:
            connection.execute(text(f"DROP TABLE {TABLES}"))


def opened(settings: RagSettings) -> AbstractContextManager[AnyStore]:
    return closing(open_store(settings))


def chunks(store: AnyStore) -> tuple[int, int]:
    """Return how many parts there are, and of how many builds."""
    sql = "SELECT count(*), count(DISTINCT build) FROM "
    if isinstance(store, Store):
        row = store._base.execute(f"{sql} chunks").fetchone()
        return row[0], row[1]
    with store._engine.begin() as connection:
        found = connection.execute(text(f"{sql} rag_chunks")).one()
        return found[0], found[1]


def waiting(store: AnyStore) -> int:
    build = store.build()
    assert build is not None
    return build.waiting


def test_a_rebuild_that_is_killed_changes_nothing_and_the_next_one_clears_up(settings: RagSettings) -> None:
    with opened(settings) as store:
        for number in range(120):
            store.put(f"d{number}", f"Document {number} is about the animal a{number}b.")
        first = store.rebuild(1)
        own = {"PYTHONPATH": str(Path(__file__).parents[1]), f"{PREFIX}DATA_DIR": str(settings.data_dir)}
        environment = {**os.environ, **own, f"{PREFIX}DATABASE_URL": settings.database_url}
        command = [sys.executable, "-c", DYING]
        died = subprocess.run(command, env=environment, check=False, timeout=PATIENCE_S)
        assert died.returncode == -signal.SIGKILL and chunks(store) == (120 + 50, 2)
        assert store.build() == first
        assert store.search(first, "the animal a77b", 1)[0].document == "d77"
        second = store.rebuild(2)
        assert second.number > first.number and second.waiting == 0 and second.embedder.startswith("words-2-")
        assert store.search(second, "the animal a77b", 1)[0].document == "d77"
        assert chunks(store) == (120, 1)


def test_documents_that_come_or_change_during_rebuilds_are_all_indexed(settings: RagSettings) -> None:
    stop, put = threading.Event(), list[str]()

    def write() -> None:
        with opened(settings) as other:
            while not stop.is_set():
                other.put("okapi", f"About the okapi o{len(put)}o.")
                other.index("okapi")
                put.append(f"new{len(put)}")
                assert other.put(put[-1], "About the quokka.") == 1
                other.index(put[-1])

    with opened(settings) as store:
        writing = threading.Thread(target=write)
        writing.start()
        try:
            while len(put) < 50 and writing.is_alive():
                store.rebuild(1)
        finally:
            stop.set()
            writing.join(PATIENCE_S)
        assert len(put) >= 50 and waiting(store) == 0
        assert chunks(store) == (len(put) + 1, 1)


def test_a_rebuild_ends_though_documents_come_faster_than_it_indexes_them(
    settings: RagSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = count()
    with opened(settings) as store, opened(settings) as other:

        def more() -> None:
            for _ in range(100):
                other.put(f"d{next(number)}", "About the quokka.")

        after_each_change(store, monkeypatch, more)
        more()
        store.rebuild(1)
        come = next(number)
        assert waiting(store) == 100                # what came after the switch
        assert chunks(store) == (come - 100, 1)


def after_each_change(store: AnyStore, monkeypatch: pytest.MonkeyPatch, do: Callable[[], None]) -> None:
    changing = store._changing

    @contextmanager
    def then_do() -> Iterator[object]:
        with changing() as connection:
            yield connection
        do()

    monkeypatch.setattr(store, "_changing", then_do)
