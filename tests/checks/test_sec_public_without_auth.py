"""SEC001: who reaches a model without being asked who they are."""

from __future__ import annotations

import pytest

from tests.checks.linting import Said, lint


def public(entry: str, behind: str = "", more: str = "") -> Said:
    """The results for an entry that clients call, and a server behind it."""
    return lint("SEC001", f"""
        workloads: {{ask: {{from: web, rate: 2/s}}}}
        models: {{llm: {{}}}}
        components:
          web: {{kind: client, calls: [edge]}}
          edge: {{kind: gateway, calls: [server]{entry}}}
          server: {{kind: model-server, serves: [llm]{behind}}}
          {more}
    """)


@pytest.mark.parametrize("entry", [", exposed: public", ", exposed: public, auth: none"])
def test_a_public_entry_without_authentication_is_found_at_its_exposure(entry: str) -> None:
    found = public(entry).findings["components.edge.exposed"]
    assert (found.severity, found.certainty, found.loss) == ("warning", "proven", 1.0)
    assert found.message == (
        "anyone can send requests to `llm` through `edge`: `edge` is public, and nothing on the way authenticates the caller"
    )


@pytest.mark.parametrize(("entry", "behind"), [
    (", exposed: public, auth: token", ""), (", exposed: public", ", auth: session"), (", exposed: internal", ""), ("", ""),
])  # fmt: skip
def test_authentication_on_the_way_or_no_public_is_enough(entry: str, behind: str) -> None:
    said = public(entry, behind)
    assert not said.findings and not said.undecided


def test_a_server_that_is_public_itself_is_found() -> None:
    assert public(", exposed: internal", ", exposed: public").places == {"components.server.exposed"}


def test_messages_of_strangers_are_found_behind_a_queue() -> None:
    said = public(", exposed: internal", more="""upload: {kind: service, exposed: public, publishes: [jobs]}
          jobs: {kind: queue}
          worker: {kind: worker, consumes: [jobs], serves: [llm]}""")
    assert said.places == {"components.upload.exposed"}


def test_an_entry_that_says_nothing_is_undecided_if_the_file_says_who_reaches_others() -> None:
    said = public("", ", exposed: internal")
    assert not said.findings
    assert said.undecided == {"components.edge": ("components.edge.exposed",)}
