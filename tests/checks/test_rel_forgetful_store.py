"""REL012: what is written to, and what forgets."""

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
