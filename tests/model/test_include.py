"""Systems of several files."""

from __future__ import annotations

import pytest

from archlint.model import read
from archlint.model.read import MAX_FILES
from archlint.source.parser import MAX_SEPARATORS
from tests.model.help import Files, said

MAIN = """\
archlint: 1
system: shop
include: [models.yaml, parts/backend.yaml]
components:
  web: {kind: client, calls: [api]}
"""
BACKEND = "components:\n  api: {kind: service, serves: [ranker], calls: [stor]}\n  store: {kind: database}\n"


def shop(**more: str) -> Files:
    files = {"arch.yaml": MAIN, "models.yaml": "models: {ranker: {version: 3}}\n", "parts/backend.yaml": BACKEND}
    return Files(files | {name.replace("_", "."): text for name, text in more.items()})


def test_included_files_are_one_system() -> None:
    read = shop().read()
    assert list(read.components) == ["web", "api", "store"]
    assert list(read.models) == ["ranker"]
    assert [document.name for document in read.documents] == ["arch.yaml", "models.yaml", "parts/backend.yaml"]
    assert read.document.name == "arch.yaml"


def test_a_problem_stands_in_the_file_that_said_it() -> None:
    (problem,) = shop().read().problems
    assert problem.document.name == "parts/backend.yaml"
    assert said(problem)[:4] == (2, 50, "dangling-reference", "stor")
    assert problem.suggestion == "did you mean `store`?"


def test_a_name_in_two_files_shows_both_places() -> None:
    read = shop(models_yaml="models: {ranker: }\ncomponents:\n  web: {kind: service}\n").read()
    problem = next(p for p in read.problems if p.kind == "duplicate-name")
    ((_, first, span),) = problem.related
    assert (problem.document.name, problem.document.position(problem.span.start)) == ("models.yaml", (3, 3))
    assert (first.name, first.position(span.start)) == ("arch.yaml", (5, 3))
    assert read.components["web"].kind == "client"


def test_a_fact_of_the_system_in_two_files_is_not_overwritten() -> None:
    read = shop(models_yaml="system: store\nmodels: {ranker: }\n").read()
    assert read.name == "shop"
    first = read.problems[0]
    assert (first.kind, first.document.name, first.place.at) == ("duplicate-name", "models.yaml", "system")


def test_a_fact_of_the_system_may_stand_in_an_included_file() -> None:
    main = "archlint: 1\ninclude: team.yaml\ncomponents: {a: {kind: client}}"
    read = Files({"arch.yaml": main, "team.yaml": "owner: us\n"}).read()
    assert read.owner is not None
    assert read.owner.team == "us"


def test_acceptances_are_counted_over_all_files() -> None:
    entry = "accept: [{rule: SRV001, reason: x}]\n"
    main = f"archlint: 1\ninclude: b.yaml\n{entry}components: {{a: {{kind: client}}}}"
    read = Files({"arch.yaml": main, "b.yaml": entry}).read()
    assert [accepted.place.at for accepted in read.accept] == ["accept[0]", "accept[1]"]


def test_a_file_that_two_others_include_is_read_once() -> None:
    files = Files({
        "arch.yaml": "archlint: 1\ninclude: [a, b]\n", "a": "include: c\n", "b": "include: [c]\n",
        "c": "components: {x: {kind: client}}\n",
    })  # fmt: skip
    read = files.read()
    assert read.problems == ()
    assert [document.name for document in read.documents] == ["arch.yaml", "a", "c", "b"]


def test_a_circle_is_a_problem_that_shows_it() -> None:
    files = Files({
        "arch.yaml": "archlint: 1\ninclude: [a]\ncomponents: {x: {kind: client}}", "a": "include: [b]",
        "b": "include: [a]",
    })  # fmt: skip
    (problem,) = files.read().problems
    assert said(problem)[:4] == (1, 11, "bad-include", "a")
    assert problem.message == "a includes itself: a -> b -> a"


def test_a_file_that_includes_itself_is_a_problem() -> None:
    files = Files({"arch.yaml": "archlint: 1\ninclude: arch.yaml\ncomponents: {x: {kind: client}}"})
    (problem,) = files.read().problems
    assert problem.message == "arch.yaml includes itself: arch.yaml -> arch.yaml"


def test_a_file_that_is_named_twice_is_a_problem() -> None:
    files = Files({"arch.yaml": "archlint: 1\ninclude: [a, a]\n", "a": "components: {x: {kind: client}}"})
    (problem,) = files.read().problems
    assert said(problem)[:4] == (2, 14, "bad-include", "a")


def test_a_missing_file_is_a_problem_at_its_name() -> None:
    main = "archlint: 1\ninclude:\n- gone.yaml\ncomponents: {x: {kind: client}}"
    (problem,) = Files({"arch.yaml": main}).read().problems
    assert said(problem) == (3, 3, "bad-include", "gone.yaml", "gone.yaml: no such file", "name a file of the project")


def test_an_included_file_of_another_version_is_a_problem() -> None:
    files = Files({"arch.yaml": "archlint: 1\ninclude: a\ncomponents: {x: {kind: client}}", "a": "archlint: 7\n"})
    (problem,) = files.read().problems
    assert (problem.kind, problem.document.name) == ("unknown-version", "a")


def test_an_included_file_that_says_nothing_is_a_problem() -> None:
    files = Files({"arch.yaml": "archlint: 1\ninclude: a\ncomponents: {x: {kind: client}}", "a": "# nothing\n"})
    (problem,) = files.read().problems
    assert (problem.kind, problem.document.name) == ("wrong-shape", "a")


def test_a_long_chain_of_includes_is_followed_to_the_limit() -> None:
    files = {"arch.yaml": "archlint: 1\ninclude: f0\n"}
    files |= {f"f{i}": f"include: f{i + 1}\ncomponents: {{c{i}: {{kind: client}}}}\n" for i in range(MAX_FILES + 5)}
    read = Files(files).read()
    assert len(read.documents) == MAX_FILES
    (problem,) = read.problems
    assert (problem.kind, problem.message) == ("bad-include", "more than 1,000 files are included")


SHARED = "x-a: &a [" + "x, " * 99 + "]\nx-b: [" + "*a, " * 99 + "]\n"
"""A small file whose aliases expand to nearly as many values as one file may have."""


def many(text: str, count: int) -> Files:
    names = [f"f{i}" for i in range(count)]
    return Files({"arch.yaml": f"archlint: 1\ninclude: [{', '.join(names)}]\n"} | dict.fromkeys(names, text))


def test_aliases_of_all_files_together_are_bound() -> None:
    assert many(SHARED, 1).read().problems[0].kind == "missing-key"
    found = many(SHARED, 900).read()
    (first, *_) = [p.message for p in found.problems if p.kind == "bad-include"]
    assert first == "the aliases in the files of this system expand to more than 10,000 values"
    assert len(found.documents) < 5


def test_the_size_of_all_files_together_is_bound() -> None:
    found = many("# " + "x" * 9_000_000 + "\n", 5).read()
    assert {p.message for p in found.problems if p.kind == "bad-include"} == {"the files of this system are larger than 32 MiB"}


def test_the_values_of_all_files_together_are_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_SEPARATORS == 6_000_000
    monkeypatch.setattr(read, "MAX_SEPARATORS", 60_000)    # as many as are allowed take ten seconds to read
    found = many("x-a: [" + "1," * 15_000 + "1]\n", 5).read()
    messages = {p.message for p in found.problems if p.kind == "bad-include"}
    assert messages == {"the files of this system hold more than 60,000 values"}
    assert len(found.documents) == 4
