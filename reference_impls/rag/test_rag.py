"""Questions, documents and rebuilds with real processes; parts are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from kit.testing.language import linked_models, metric
from kit.testing.service import Service, start, wait_for
from rag.app import staleness
from rag.settings import RagSettings
from rag.store import Build, Store, chunks_of, embedder_of


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with start(linked_models(tmp_path_factory), "rag", pause_s=0.1, answer_s=60) as service:
        yield service
        assert service.stop() == 0
        assert "Traceback" not in service.errors


def ask(service: Service, question: str) -> dict[str, Any]:
    answer: dict[str, Any] = service.client.post("/ask", json={"question": question}).raise_for_status().json()
    return answer


def put(service: Service, name: str, text: str) -> dict[str, Any]:
    answer = service.client.post("/documents", json={"id": name, "text": text}).raise_for_status()
    said: dict[str, Any] = answer.json()
    return said


def best(service: Service, question: str) -> str:
    return str(ask(service, question)["sources"][0]["document"])


def found(service: Service, question: str) -> str:
    return "\n".join(one["text"] for one in ask(service, question)["sources"])


def test_a_question_is_answered_from_its_documents(service: Service) -> None:
    answer = ask(service, "What does an assert statement do?")
    assert answer["answer"] and answer["reason"] is None
    assert "assert" in answer["sources"][0]["text"].lower()
    assert answer["index"]["stale"] is False and answer["index"]["embedder"].startswith("words-1-")


def test_a_new_document_and_a_changed_one_are_found_within_moments(service: Service) -> None:
    assert put(service, "zoo", "The zebra Zula lives in house seven.")["revision"] == 1
    wait_for(lambda: best(service, "Where does the zebra Zula live?") == "zoo")
    assert put(service, "zoo", "The giraffe Gundula lives in house nine.")["revision"] == 2
    wait_for(lambda: "Gundula" in found(service, "Where does the giraffe Gundula live?"))
    assert "Zula " not in found(service, "zebra Zula house")
    assert put(service, "zoo", "The giraffe Gundula lives in house nine.")["revision"] == 2


def test_bad_requests_are_refused(service: Service) -> None:
    for path, body in (
        ("/ask", {"question": ""}), ("/ask", {}), ("/documents", {"id": "", "text": "a"}),
        ("/documents", {"id": "a\x00b", "text": "a"}), ("/documents", {"id": "a", "text": "  "}),
    ):  # fmt: skip
        answer = service.client.post(path, json=body)
        assert answer.status_code == 400 and answer.json()["error"]["message"], body


def test_without_the_stream_the_old_index_answers_and_says_so_until_it_is_back(service: Service) -> None:
    ingest = service.child("rag.ingest")
    os.kill(ingest, signal.SIGSTOP)
    put(service, "late", "The walrus Waldemar sings.")
    stale = ask(service, "What does an assert statement do?")
    assert stale["answer"] and stale["index"]["stale"] is True
    assert stale["index"]["reasons"] == ["1 documents are newer than the index"]
    assert metric(service, "rag_stale_answers_total") >= 1
    os.kill(ingest, signal.SIGKILL)
    wait_for(lambda: best(service, "Does the walrus Waldemar sing?") == "late")
    assert ask(service, "walrus")["index"]["stale"] is False


def test_without_the_model_the_sources_are_the_answer(service: Service) -> None:
    os.kill(service.child("kit.llm.server"), signal.SIGKILL)
    answer = ask(service, "What does an assert statement do?")
    assert answer["answer"] is None and "model: " in answer["reason"] and answer["sources"]
    wait_for(lambda: ask(service, "What does an assert statement do?")["answer"] is not None)


def test_a_rebuild_with_a_new_embedder_replaces_the_index_while_questions_are_answered(service: Service) -> None:
    stop, answers = threading.Event(), list[dict[str, Any]]()

    def press() -> None:
        while not stop.is_set():
            answers.append(ask(service, "What does an assert statement do?"))

    asking = threading.Thread(target=press)
    asking.start()
    data = Path(service._output.parent) / "data"
    environment = {**os.environ, "SERVE_DATA_DIR": str(data), "SERVE_EDITION": "2",
                   "PYTHONPATH": str(Path(__file__).parents[1])}  # fmt: skip
    subprocess.run([sys.executable, "-m", "rag.rebuild"], env=environment, check=True, timeout=180)
    wait_for(lambda: bool(answers) and answers[-1]["index"]["embedder"].startswith("words-2-"))
    stop.set()
    asking.join()
    assert all(one["sources"] and "assert" in one["sources"][0]["text"].lower() for one in answers)
    assert "the newest is words-1-" in answers[-1]["index"]["reasons"][0]   # the API still expects the first edition


def test_documents_that_come_at_once_are_all_stored(tmp_path: Path) -> None:
    store = Store(tmp_path / "documents.sqlite")
    names = [f"d{number}" for number in range(200)]
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda name: store.put(name, f"About {name}."), names)) == {1}
    assert store._base.execute("SELECT count(*) FROM documents").fetchone() == (200,)
    store.close()


def test_an_index_says_why_it_is_not_up_to_date() -> None:
    newest = embedder_of(1).version
    settings = RagSettings.model_construct(edition=1, rebuild_s=3600)
    assert staleness(Build(1, 1, newest, 1000, 0), settings, 1000 + 3600) == []
    assert staleness(Build(1, 1, newest, 0, 2), settings, 7200) == [
        "2 documents are newer than the index", "its last rebuild was 2.0 h ago",
    ]  # fmt: skip


def test_chunks_hold_all_of_a_text_and_are_short() -> None:
    text = "A sentence about modules. " * 40 + "x" * 700
    parts = list(chunks_of(text))
    assert all(0 < len(part) <= 300 for part in parts)
    assert "".join(parts).replace(" ", "") == text.replace(" ", "")
