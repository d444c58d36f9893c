"""REL012: stores that are written to, and stores that lose data."""

from __future__ import annotations

import pytest

from tests.checks.linting import Said, lint


def store(facts: str, writer: str = "writer: {kind: service, writes: [it]}") -> Said:
    return lint(
        "REL012",
        f"""
        components:
          it: {{{facts}}}
          {writer}
        """,
    )


def test_a_database_that_says_so() -> None:
    said = store("kind: database, persistent: false")
    assert said.places == {"components.it.persistent"}
    message = said.findings["components.it.persistent"].message
    assert message == "`it` loses the records accepted from `writer` when it restarts"
    assert said.term("components.it.persistent", "persistent") is False


def test_a_queue_whose_technology_keeps_nothing() -> None:
    said = store("kind: queue, uses: nats", "writer: {kind: service, publishes: [it]}")
    assert said.places == {"components.it.uses"}
    assert said.findings["components.it.uses"].message.endswith("when it restarts: `nats` keeps them only in memory")


def test_dead_letters_are_written_too() -> None:
    said = store("kind: queue, persistent: false", "jobs: {kind: queue, dead_letter: it}")
    assert said.places == {"components.it.persistent"}


@pytest.mark.parametrize(
    "facts",
    [
        "kind: cache, persistent: false",
        "kind: feature-store, persistent: false",
        "kind: database, persistent: true",
        "kind: database, uses: postgresql",
        "kind: queue, uses: nats, persistent: true",
    ],
)
def test_stores_that_may_forget_or_do_not(facts: str) -> None:
    said = store(facts)
    assert not said.findings
    assert not said.undecided


@pytest.mark.parametrize("reader", ["reader: {kind: service, reads: [it]}", "reader: {kind: service, logs_to: [it]}"])
def test_nobody_writes(reader: str) -> None:
    said = store("kind: database, persistent: false", reader)
    assert not said.findings


@pytest.mark.parametrize("facts", ["kind: queue, uses: rabbitmq", "kind: database, uses: redis"])
def test_what_depends_on_settings_is_undecided(facts: str) -> None:
    said = store(facts)
    assert not said.findings
    assert said.undecided == {"components.it": ("components.it.persistent",)}


def test_the_technology_would_decide_it_too() -> None:
    said = store("kind: database")
    assert said.undecided == {"components.it": ("components.it.persistent", "components.it.uses")}


REPLIES = """
workloads: {{ask: {{from: app, {waits}}}}}
models: {{m: {{}}}}
components:
  app: {{kind: client, calls: [api]}}
  api: {{kind: service, publishes: [questions], consumes: [answers]}}
  questions: {{kind: queue, persistent: true}}
  worker: {{kind: worker, consumes: [questions], serves: [m], publishes: [answers]}}
  answers: {{kind: queue, persistent: false}}
  audit: {{kind: service, {audit}}}
"""


def test_a_queue_of_answers_may_forget() -> None:
    said = lint("REL012", REPLIES.format(waits="waits: true", audit="replicas: 1"))
    assert not said.findings
    assert not said.undecided


def test_a_queue_of_answers_may_not_forget_what_others_need() -> None:
    assert lint("REL012", REPLIES.format(waits="waits: true", audit="consumes: [answers]")).findings
    assert lint("REL012", REPLIES.format(waits="waits: false", audit="replicas: 1")).findings
    asking = REPLIES.format(waits="waits: true", audit="replicas: 1").replace("[questions], consumes", "[answers], consumes")
    assert lint("REL012", asking).findings


def test_a_queue_of_answers_may_be_taken_by_who_delivers_them() -> None:
    text = REPLIES.replace(", consumes: [answers]}}", "}}").format(waits="waits: true", audit="consumes: [answers]DELIVERS")
    assert not lint("REL012", text.replace("DELIVERS", ", calls: [app]")).findings
    assert not lint("REL012", text.replace("DELIVERS", ", callback: [api]")).findings
    assert lint("REL012", text.replace("DELIVERS", ", writes: [archive]") + "  archive: {kind: warehouse}\n").findings


def test_whether_anybody_waits_for_the_answers_is_asked() -> None:
    said = lint("REL012", REPLIES.format(waits="rate: 1/s", audit="replicas: 1"))
    assert said.undecided == {"components.answers": ("workloads.ask.waits",)}


@pytest.mark.parametrize(("facts", "certainty"), [("replicas: 1", "proven"), ("replicas: 3", "heuristic")])
def test_replicas_in_memory_may_hold_copies(facts: str, certainty: str) -> None:
    found = store(f"kind: database, persistent: false, {facts}").findings["components.it.persistent"]
    assert found.certainty == certainty
    assert ("when its 3 replicas restart together" in found.message) == (certainty == "heuristic")


def test_a_technology_that_stores_nothing_copies_nothing() -> None:
    said = store("kind: queue, uses: nats, replicas: 3", "writer: {kind: service, publishes: [it]}")
    assert said.findings["components.it.uses"].certainty == "proven"
