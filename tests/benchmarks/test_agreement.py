"""The comparison of reader and schema: it holds on some documents, and it reports a difference."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from benchmarks import agreement


def test_reader_and_schema_agree_on_random_documents() -> None:
    seen = agreement.check(30)
    assert sum(seen.values()) >= 15 and set(seen) == {True, False}


def test_a_difference_is_shown_with_its_document(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agreement, "VALIDATOR", Draft202012Validator({"required": ["components"]}))
    done = CliRunner().invoke(agreement.main, ["--documents", "100"])
    assert done.exit_code == 1
    assert "They differ:\narchlint:" in done.stderr and "schema: accepts it" in done.stderr
