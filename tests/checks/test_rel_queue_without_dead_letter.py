"""REL009: what limits the attempts for a message."""

from __future__ import annotations

import pytest

from tests.checks.linting import Said, lint


def queue(facts: str, consumers: str) -> Said:
    return lint(
        "REL009",
        f"""
        components:
          jobs: {{kind: queue{facts}}}
          failed: {{kind: queue}}
          {consumers}
        """,
    )


ENDLESS = "worker: {kind: worker, consumes: [jobs]}"


def test_a_consumed_queue_without_either() -> None:
    said = queue("", ENDLESS)
    assert said.places == {"components.jobs"}
    assert said.findings["components.jobs"].message == (
        "`jobs` has no dead-letter queue, and `worker` has no limit on attempts: "
        "a message that always fails is retried forever or lost"
    )
    assert [related.at for related in said.findings["components.jobs"].related] == ["components.worker.consumes[0]"]


@pytest.mark.parametrize(
    ("facts", "consumers"),
    [
        (", dead_letter: failed", ENDLESS),
        ("", "worker: {kind: worker, consumes: [{to: jobs, max_attempts: 5}]}"),
        ("", "worker: {kind: worker, consumes: [{to: jobs, retries: 4}]}"),
        ("", "writer: {kind: service, publishes: [jobs]}"),
        (", dead_letter: failed", "worker: {kind: worker, consumes: [jobs, failed]}"),
    ],
)
def test_messages_that_have_an_end(facts: str, consumers: str) -> None:
    assert not queue(facts, consumers).findings


def test_every_consumer_needs_a_bound() -> None:
    said = queue(
        "",
        """a: {kind: worker, consumes: [{to: jobs, max_attempts: 5}]}
          c: {kind: service, consumes: [jobs]}
          b: {kind: stream-processor, consumes: [jobs]}""",
    )
    assert "`b` and `c` have no limit on attempts" in said.findings["components.jobs"].message


def test_what_could_not_be_read_is_not_taken_for_none() -> None:
    said = queue(", dead_leter: failed", ENDLESS)
    assert said.undecided == {"components.jobs": ("components.jobs.dead_letter",)}
    one = "a: {kind: worker, consumes: [{to: jobs, max_attempts: five}]}"
    assert set(queue("", one).undecided) == {"components.jobs"}
    two = queue("", one + "\n          b: {kind: worker, consumes: [jobs]}")
    assert not two.findings and set(two.undecided) == {"components.jobs"}
