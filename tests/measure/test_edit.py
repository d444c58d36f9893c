"""Facts written into the text of an architecture: nothing but the set keys changes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archlint.errors import ArchlintError, UsageError
from archlint.measure.edit import with_facts
from archlint.measure.writing import Record
from archlint.source.nodes import Mapping, Scalar
from archlint.source.parser import parse

FACTS = {"artifact": "2MB", "service_time": "{p50: 1ms, p99: 3ms}"}
DAY = "2026-11-29"
MARK = f"  # measured {DAY}"


def edited(text: str, facts: dict[str, str] = FACTS, name: str = "m") -> str:
    return with_facts(parse("arch.yaml", text), ("models", name), facts, DAY)


CASES = {
    "block": (
        "models:\n  m:\n    version: 1.10\n    artifact: 14MB\n",
        f"models:\n  m:\n    version: 1.10\n    artifact: 2MB{MARK}\n    service_time: {{p50: 1ms, p99: 3ms}}{MARK}\n",
    ),
    "a comment behind the value stays": (
        "models:\n  m:\n    artifact: 14MB   # of 2024\n    service_time: 4ms  # a guess\n  b: {}\n",
        "models:\n  m:\n    artifact: 2MB   # of 2024\n    service_time: {p50: 1ms, p99: 3ms}  # a guess\n  b: {}\n",
    ),
    "comments inside a value move above it": (
        "models:\n  m:\n    service_time:  # from the bench\n      p50: 4ms  # idle\n      p99: '9ms # x'\n    artifact: 2MB\n",
        "models:\n  m:\n    # from the bench\n    # idle\n"
        f"    service_time: {{p50: 1ms, p99: 3ms}}{MARK}\n    artifact: 2MB{MARK}\n",
    ),
    "the line of an earlier measurement is replaced": (
        "models:\n  m:\n    artifact: 1MB  # measured 2025-01-01\n    service_time: 3ms  # measured 2025-01-01\n",
        f"models:\n  m:\n    artifact: 2MB{MARK}\n    service_time: {{p50: 1ms, p99: 3ms}}{MARK}\n",
    ),
    "flow": (
        "models: {m: {version: 1, artifact: 14MB}, b: {version: 2}}  # all\n",
        "models: {m: {version: 1, artifact: 2MB, service_time: {p50: 1ms, p99: 3ms}}, b: {version: 2}}  # all\n",
    ),
    "flow over several lines": (
        "models:\n  m: {\n    version: 1,  # one\n    artifact: 14MB,\n  }\n",
        "models:\n  m: {\n    version: 1,  # one\n    artifact: 2MB, service_time: {p50: 1ms, p99: 3ms},\n  }\n",
    ),
    "flow as in JSON": (
        '{"models": {"m": {"artifact":"1MB","version":null}}}',
        '{"models": {"m": {"artifact": 2MB,"version":null, service_time: {p50: 1ms, p99: 3ms}}}}',
    ),
    "empty flow": ("models: {m: {}}\n", "models: {m: {artifact: 2MB, service_time: {p50: 1ms, p99: 3ms}}}\n"),
    "no value": (
        "models:\n  m:   # later\n  b: {version: 1}\n",
        "models:\n  m: {artifact: 2MB, service_time: {p50: 1ms, p99: 3ms}}   # later\n  b: {version: 1}\n",
    ),
    "null": ("models:\n  m: ~\n", "models:\n  m: {artifact: 2MB, service_time: {p50: 1ms, p99: 3ms}}\n"),
    "the last value is missing": (
        "models:\n  m:\n    artifact:\n",
        f"models:\n  m:\n    artifact: 2MB{MARK}\n    service_time: {{p50: 1ms, p99: 3ms}}{MARK}\n",
    ),
    "the last value is nested": (
        "models:\n  m:\n    artifact: 2MB  # ours\n    owner:\n      team: a  # them\n\n  # next\n  b: {}\n",
        "models:\n  m:\n    artifact: 2MB  # ours\n    owner:\n      team: a  # them\n"
        f"    service_time: {{p50: 1ms, p99: 3ms}}{MARK}\n\n  # next\n  b: {{}}\n",
    ),
    "the last value is a block of text": (
        "models:\n  m:\n    description: |\n      one # no comment\n      two\n\n  b: {}\n",
        "models:\n  m:\n    description: |\n      one # no comment\n      two\n"
        f"    artifact: 2MB{MARK}\n    service_time: {{p50: 1ms, p99: 3ms}}{MARK}\n\n  b: {{}}\n",
    ),
    "no line break at the end": (
        "models:\n    m:\n        version: 1",
        f"models:\n    m:\n        version: 1\n        artifact: 2MB{MARK}\n        service_time: {{p50: 1ms, p99: 3ms}}{MARK}",
    ),
    "line breaks of Windows": (
        "models:\r\n  m:\r\n    version: 1\r\n",
        f"models:\r\n  m:\r\n    version: 1\r\n    artifact: 2MB{MARK}\r\n    service_time: {{p50: 1ms, p99: 3ms}}{MARK}\r\n",
    ),
    "a merged key is overridden here only": (
        "x-a: &a {artifact: 9MB}\nmodels:\n  m:\n    <<: *a\n    version: 1\n  b:\n    <<: *a\n",
        "x-a: &a {artifact: 9MB}\nmodels:\n  m:\n    <<: *a\n    version: 1\n"
        f"    artifact: 2MB{MARK}\n    service_time: {{p50: 1ms, p99: 3ms}}{MARK}\n  b:\n    <<: *a\n",
    ),
    "an alias as value is replaced": (
        "x-t: &t 4ms\nmodels:\n  m:\n    artifact: 2MB # x\n    service_time: *t\n",
        f"x-t: &t 4ms\nmodels:\n  m:\n    artifact: 2MB # x\n    service_time: {{p50: 1ms, p99: 3ms}}{MARK}\n",
    ),
    "an anchor that nobody uses": (
        "models:\n  m: &m\n    artifact: 1MB\n    service_time: &t 4ms\n",
        f"models:\n  m: &m\n    artifact: 2MB{MARK}\n    service_time: {{p50: 1ms, p99: 3ms}}{MARK}\n",
    ),
    "the second document": (
        "archlint: 1\nmodels: {m: {version: 1}}\n---\nother: 1\n",
        "archlint: 1\nmodels: {m: {version: 1, artifact: 2MB, service_time: {p50: 1ms, p99: 3ms}}}\n---\nother: 1\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_facts_are_written_in_the_style_of_the_record(name: str) -> None:
    before, after = CASES[name]
    assert edited(before) == after


@pytest.mark.parametrize("name", CASES)
def test_a_second_measurement_replaces_its_own_lines_only(name: str) -> None:
    after = CASES[name][1]
    assert edited(after) == after
    other = edited(after, {"artifact": "3MB"})
    changed = [(old, new) for old, new in zip(after.splitlines(), other.splitlines(), strict=True) if old != new]
    assert [new.replace("3MB", "2MB") for _, new in changed] == [old for old, _ in changed]
    assert len(changed) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("models:\n  m: &m {version: 1}\n  b: *m\n", "arch.yaml:2:3: `models.m` cannot be changed without"),
        ("models:\n  b: &m {version: 1}\n  m: *m\n", "arch.yaml:3:3: this record is an alias of another record"),
        ("models:\n  m: &m\n    version: 1\n  b:\n    <<: *m\n", "arch.yaml:2:3: `models.m` cannot be changed without"),
        ("models:\n  m:\n    artifact: &a 1MB\n  b: {artifact: *a}\n", "`models.m` cannot be changed without"),
        ("x-a: &a {version: 1}\nmodels:\n  m:\n    <<: *a\n  b: {}\n", "arch.yaml:3:3: this record consists of merges only"),
        ("models:\n  m: word\n", "arch.yaml:2:3: this record is not a mapping"),
        ("models: {m: {service_time: {p50: 1ms,  # why\n p99: 2ms}}}\n", "has comments inside `service_time`"),
        ("models: {b: {}}\n", "there is no `models.m`"),
    ],
)
def test_what_cannot_be_changed_on_its_own_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        edited(text)
    assert message in caught.value.message


_VALUES = st.sampled_from(
    ["1", "word", "'q # no'", '"d"', "{a: 1, b: [x]}", "[1, 2]", "", "\n      in: 1  # in\n      also: 2", "|\n      text # no",
     "\n      - a  # one\n      - b"]
)  # fmt: skip
_COMMENTS = st.sampled_from(["", "  # why", "  # also", "\n    # alone", "\n"])
_KEYS = st.sampled_from(["artifact", "service_time", "version", "owner", "x-note", "format"])


@st.composite
def records(draw: st.DrawFn) -> str:
    """A record in block style, with comments wherever they may stand."""
    lines = ["models:  # all", "  before: {version: 1}  # first", "  m:  # it"]
    for key in draw(st.lists(_KEYS, min_size=1, max_size=5, unique=True)):
        value, comment = draw(_VALUES), draw(_COMMENTS)
        if "\n" in value and not comment.startswith("\n"):
            comment = ""
        lines.append(f"    {key}:{'' if value.startswith(chr(10)) or not value else ' '}{value}{comment}")
    return "\n".join([*lines, "  # last", "  after:", "    version: 2  # end"]) + "\n"


@settings(max_examples=150)
@given(records())
def test_no_comment_and_no_other_key_is_ever_lost(text: str) -> None:
    """Every comment is still there, every other value is the same, and the facts read as they were written."""
    after = edited(text)
    for comment in set(re.findall(r"# (?:all|first|it|why|also|alone|last|end|in|one)\b", text)):
        assert after.count(comment) == text.count(comment)
    old, new = parse("a", text).root, parse("a", after).root
    assert isinstance(old, Mapping) and isinstance(new, Mapping)
    models = new.entries["models"].value
    assert isinstance(models, Mapping) and list(models.entries) == ["before", "m", "after"]
    record = models.entries["m"].value
    assert isinstance(record, Mapping)
    artifact = record.entries["artifact"].value
    assert isinstance(artifact, Scalar) and artifact.text == "2MB"
    assert edited(after) == after


SYSTEM = """\
archlint: 1  # the system
include: [parts/models.yaml]
workloads: {w: {from: c, rate: 1/s}}
components:
  c: {kind: client, calls: [s]}
  s: {kind: model-server, serves: [m]}  # one
"""
PART = "# the models\nmodels:\n  m:\n    version: 1  # first\n"


@pytest.fixture
def system(tmp_path: Path) -> Path:
    (tmp_path / "archlint.toml").touch()
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "models.yaml").write_text(PART)
    (tmp_path / "arch.yaml").write_text(SYSTEM)
    return tmp_path / "arch.yaml"


def test_the_file_is_changed_in_which_the_record_is(system: Path) -> None:
    change = Record(system, "models", "m").with_facts({"artifact": "2MB"}, DAY)
    assert change.diff.splitlines()[-1] == f"+    artifact: 2MB{MARK}"
    change.write()
    assert system.read_text() == SYSTEM
    assert (system.parent / "parts" / "models.yaml").read_text() == f"{PART}    artifact: 2MB{MARK}\n"
    tested = {"load_tested": "{rate: 5/s}"}
    Record(system, "components", "s").with_facts(tested, DAY).write()
    assert "s: {kind: model-server, serves: [m], load_tested: {rate: 5/s}}  # one\n" in system.read_text()


def test_facts_that_would_not_read_are_not_written(system: Path) -> None:
    with pytest.raises(UsageError, match=r"the measured facts do not fit into .*models\.yaml: .*p99 is 1 ms, below p50"):
        Record(system, "models", "m").with_facts({"service_time": "{p50: 2ms, p99: 1ms}"}, DAY)


def test_a_file_that_changed_meanwhile_is_not_overwritten(system: Path) -> None:
    change = Record(system, "components", "s").with_facts({"load_tested": "{rate: 5/s}"}, DAY)
    system.write_text(SYSTEM + "# mine\n")
    with pytest.raises(UsageError, match=r"arch\.yaml: the file was changed during the measurement"):
        change.write()
    assert system.read_text() == SYSTEM + "# mine\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_encoding_stays(system: Path, encoding: str) -> None:
    text = SYSTEM.replace("# one", "# één").replace("\n", "\r\n")
    system.write_bytes(text.encode(encoding))
    Record(system, "components", "s").with_facts({"load_tested": "{rate: 5/s}"}, DAY).write()
    expected = text.replace("serves: [m]}", "serves: [m], load_tested: {rate: 5/s}}")
    assert system.read_bytes() == expected.encode(encoding)


def test_a_missing_record_has_a_suggestion(system: Path) -> None:
    with pytest.raises(ArchlintError) as caught:
        Record(system, "components", "ss")
    assert caught.value.hint == "did you mean `s`?"
    with pytest.raises(ArchlintError, match="has no model `other`"):
        Record(system, "models", "other")


def test_a_file_with_several_systems_needs_the_name_of_one(tmp_path: Path) -> None:
    file = tmp_path / "arch.yaml"
    one = "archlint: 1\nsystem: {}\ncomponents:\n  s: {{kind: service}}\n"
    file.write_text(one.format("a") + "---\n" + one.format("b"))
    with pytest.raises(UsageError, match="describes several systems"):
        Record(file, "components", "s")
    Record(file, "components", "s", "b").with_facts({"load_tested": "{rate: 5/s}"}, DAY).write()
    changed = "  s: {kind: service, load_tested: {rate: 5/s}}\n"
    assert file.read_text() == one.format("a") + "---\n" + one.format("b").replace("  s: {kind: service}\n", changed)
