"""The index in a real PostgreSQL with pgvector: it finds what SQLite finds, and survives what SQLite survives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, make_url, text

from rag.app import create_app
from rag.settings import RagSettings, open_store
from rag.store import Store, StoreDownError
from rag.vectors import PgStore

TABLES = "rag_documents, rag_builds, rag_indexed, rag_chunks"


@pytest.fixture
def store(pgvector_url: str) -> Iterator[PgStore]:
    made = open_store(RagSettings.model_construct(database_url=pgvector_url))
    assert isinstance(made, PgStore)
    yield made
    with made._engine.begin() as connection:
        connection.execute(text(f"DROP TABLE {TABLES}"))
    made.close()


def chunks(store: PgStore) -> tuple[int, int]:
    """Return how many parts there are, and of how many builds."""
    with store._engine.begin() as connection:
        row = connection.execute(text("SELECT count(*), count(DISTINCT build) FROM rag_chunks")).one()
    return row[0], row[1]


def test_it_finds_what_sqlite_finds(store: PgStore, tmp_path: Path) -> None:
    embedded = Store(tmp_path / "documents.sqlite")
    for name in range(60):
        content = f"Document {name} is about the animal a{name}b. " + "It lives in a house. " * (name % 30)
        assert store.put(f"d{name}", content) == embedded.put(f"d{name}", content) == 1
    ours, theirs = store.rebuild(1), embedded.rebuild(1)
    assert (ours.embedder, ours.waiting) == (theirs.embedder, theirs.waiting) == (theirs.embedder, 0)
    for question in ("the animal a7b", "Which animal is a33b?", "a house", ""):
        found, expected = store.search(ours, question, 5), embedded.search(theirs, question, 5)
        assert [one.likeness for one in found] == pytest.approx([one.likeness for one in expected], abs=1e-5)
        assert {one.document for one in found[:1]} == {one.document for one in expected[:1]} or question == "a house"
    assert not store.search(ours, "", 5)
    embedded.close()


def test_a_document_has_a_revision_and_is_indexed_alone(store: PgStore) -> None:
    store.rebuild(1)
    contents = ("The zebra Zula.", "The zebra Zula.", "The giraffe Gundula.")
    assert [store.put("zoo", content) for content in contents] == [1, 1, 2]
    build = store.build()
    assert build is not None and build.waiting == 1
    for _ in range(2):                             # a message may be delivered twice
        store.index("zoo")
        build = store.build()
        assert build is not None and build.waiting == 0
        assert [one.text for one in store.search(build, "Gundula", 3)] == ["The giraffe Gundula."]
        assert chunks(store) == (1, 1)


def test_a_large_index_is_searched_by_its_hnsw(store: PgStore) -> None:
    for name in range(50):
        store.put(f"d{name}", f"About the animal a{name}b.")
    build = store.rebuild(1)
    with store._engine.begin() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        connection.execute(text("SET LOCAL enable_sort = off"))
        near = f"vector::vector(256) <#> CAST('[{','.join(['1'] * 256)}]' AS vector(256))"
        plan = connection.execute(
            text(f"EXPLAIN SELECT id FROM rag_chunks WHERE build = {build.number} ORDER BY {near} LIMIT 2")
        ).scalars()
        assert f"Index Scan using rag_near_{build.number}" in "\n".join(plan)


def test_without_its_database_it_is_not_ready_says_so_and_comes_back(pgvector_url: str, tmp_path: Path) -> None:
    server = create_engine(pgvector_url, isolation_level="AUTOCOMMIT")
    with server.connect() as admin:
        admin.execute(text("CREATE DATABASE rag"))
        url = make_url(pgvector_url).set(database="rag").render_as_string(hide_password=False)
        settings = RagSettings.model_validate({"data_dir": tmp_path, "database_url": url})
        store = open_store(settings)
        store.put("zoo", "The zebra Zula.")
        built = store.rebuild(1)
        with TestClient(create_app(settings)) as client:
            assert client.get("/ready").status_code == 200
            admin.execute(text("ALTER DATABASE rag ALLOW_CONNECTIONS false"))
            admin.execute(text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'rag'"))
            for answer in (
                client.get("/ready"), client.post("/ask", json={"question": "zebra"}),
                client.post("/documents", json={"id": "a", "text": "b"}),
            ):  # fmt: skip
                assert answer.status_code == 503 and "the database failed" in answer.text
            with pytest.raises(StoreDownError, match="the database failed"):
                store.build()
            admin.execute(text("ALTER DATABASE rag ALLOW_CONNECTIONS true"))
            assert client.get("/ready").status_code == 200
        assert store.search(built, "zebra", 1)[0].document == "zoo"
        store.close()
    server.dispose()


def test_a_database_that_cannot_be_used_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    for url, reason in (
        ("postgresql://tests:secret@127.0.0.1:1/x", "refused"), ("mysql://x", "unknown database mysql"),
        ("sqlite:///x", "use PostgreSQL with pgvector"),
    ):  # fmt: skip
        with pytest.raises(SystemExit):
            open_store(RagSettings.model_construct(database_url=url))
        said = capsys.readouterr().err
        assert said.startswith("cannot start: ") and reason in said and "secret" not in said and said.count("\n") == 1
