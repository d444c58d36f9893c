"""Mistakes in rules written as expressions, and what such rules load."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from archlint.analysis.cel import words_in
from archlint.analysis.fact_names import SUBJECTS, fact_names
from archlint.analysis.fact_sheets import Sheets
from archlint.checks.expression import Params, check, prepare
from archlint.config import find_config
from archlint.errors import PackError
from archlint.linter import Linter
from archlint.packs import Problems
from archlint.source.files import read_document
from archlint.verdicts import Undecided
from tests.packs.help import rule
from tests.packs.test_expression import HOUSE, ROOT, SYSTEM, _rule, system_of


def test_a_parameter_of_the_rule_is_configured_in_its_unit(tmp_path: Path) -> None:
    rule(tmp_path / "house", "ACME001-x", _rule("component.replicas >= params.least", 'component.name == "api"',
                                                "  least: {value: 2, unit: count}\n"))  # fmt: skip
    (tmp_path / "arch.yaml").write_text(SYSTEM)

    def fired(text: str) -> list[str]:
        (tmp_path / "archlint.toml").write_text('packs = ["house"]\nselect = ["ACME001"]\n' + text)
        return [
            f.at
            for f in Linter(find_config(tmp_path / "arch.yaml"))
            .lint(read_document(tmp_path / "arch.yaml"), tmp_path / "arch.yaml")[0]
            .findings
        ]

    assert fired("") == []
    assert fired("rules.ACME001.params.least = 3\n") == ["components.api"]


# --- mistakes of the rule


@pytest.mark.parametrize(
    ("require", "said"),
    [
        ("component.replcias > 1.0", "`require`: `component` has no fact `replcias`\n  hint: did you mean `replicas`?"),
        ("component.timeout > 1.0", "`require`: `component` has no fact `timeout`"),
        (
            "component.hardware.cpus > 1.0",
            "`require`: `component.hardware` has no fact `cpus`\n  hint: did you mean `cpu`?",
        ),
        (
            "workload.rate_per_s > 1.0",
            "column 9: there is no `workload.rate_per_s` here\n  hint: the variables are component, system, params",
        ),
        (
            "replicas > 1.0",
            "`require`: `replicas > 1.0`, column 1: there is no `replicas` here\n  hint: the variables are",
        ),
        ("component.replicas >", "`require`: `component.replicas >`, column 21: Syntax error"),
        (
            "component.replicas",
            "`require`: `component.replicas` is double, not true or false\n  hint: compare it with something",
        ),
        ("1 + 1", "`require`: `1 + 1` is not true or false"),
        (
            "component.replicas * 2 > 3",
            "`require`: `component.replicas * 2 > 3` fails for `api`: No matching overloads",
        ),
        (
            "component.relations.all(r, r.timout_s < 1.0)",
            "uses `timout_s`, which does not exist here\n  hint: did you mean `timeout_s`?",
        ),
        (
            "component.replicas > params.least",
            "`require`: the rule has no parameter `least`\n  hint: did you mean `lest`?",
        ),
        (
            "component['repl' + 'icas'] > 1.0",
            "uses `replicas`, which does not exist here\n  hint: name facts by words",
        ),
    ],
)
def test_a_mistake_in_an_expression_is_an_error_of_the_rule(require: str, said: str) -> None:
    params = Params(require=require, message="no", when='component.name == "api"', values={"lest": 1.0})
    with pytest.raises(PackError) as raised:
        list(prepare(params, "rule.yaml")(system_of(), params))
    assert raised.value.full_text.startswith("rule.yaml: ")
    assert said in raised.value.full_text


def test_more_work_than_the_language_allows_is_one_error() -> None:
    numbers = str([float(number) for number in range(60)])
    loops = f"{numbers}.all(a, {numbers}.all(b, {numbers}.all(c, {numbers}.all(d, a + b + c + d >= 0.0))))"
    params = Params(require=loops, message="no", when='component.name == "api"')
    with pytest.raises(PackError, match="fails for `api`: Iteration budget exceeded\\n  hint: put fewer loops"):
        list(prepare(params, "rule.yaml")(system_of(), params))


def test_arithmetic_with_whole_numbers_says_what_to_write() -> None:
    params = Params(require="component.replicas * 2 > 3", message="no", when='component.name == "api"')
    with pytest.raises(
        PackError, match=re.escape("hint: facts are floating-point numbers: in arithmetic write 2.0, not 2")
    ):
        list(prepare(params, "rule.yaml")(system_of(), params))


@pytest.mark.parametrize(
    ("params", "said"),
    [
        (
            Params(require="true", message="no", subject="componet"),
            "`for`: `componet` is not a subject of rules\n  hint: did you mean `component`?",
        ),
        (
            Params(require="true", message="{component.nam}"),
            "`message`: `component` has no fact `nam`\n  hint: did you mean `name`?",
        ),
        (
            Params(require="true", message="{model.name}"),
            "`message`: there is no `model.name` here\n  hint: the variables are component, system",
        ),
        (Params(require="true", message="{params.most}"), "`message`: the rule has no parameter `most`"),
        (Params(require="true", message="x", when="component.kind =="), "`when`: `component.kind ==`, column "),
    ],
)
def test_other_mistakes_are_found_before_anything_is_checked(params: Params, said: str) -> None:
    with pytest.raises(PackError) as raised:
        prepare(params, "rule.yaml")
    assert raised.value.full_text.startswith(f"rule.yaml: {said}")


# --- the names


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_documented_fact_is_there(subject: str) -> None:
    documented = {".".join(name.path) for name in fact_names(subject)}
    mentioned = words_in(*documented)
    for sheet in Sheets(system_of(), mentioned).of(subject):
        found = {leaf.path for leaf in sheet.leaves}
        variable = sheet.variables[subject]
        assert isinstance(variable, dict)
        found |= {f"{subject}.{name}" for name in ("says", "relations", "incoming") if name in variable}
        assert documented - found == set()


def test_documented_facts_say_what_they_are() -> None:
    for subject in SUBJECTS:
        for name in fact_names(subject):
            assert name.doc
            assert name.path[0] == subject


def test_only_what_is_mentioned_is_worked_out() -> None:
    for sheet in Sheets(system_of(), frozenset({"name"})).of("component"):
        assert sheet.variables["component"] == {"name": sheet.name}


# --- the extra


def _run(code: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONUTF8": "1"}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=HOUSE,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_without_the_extra_a_clear_line_says_what_to_install() -> None:
    done = _run(
        "import sys; sys.modules['cel_expr_python'] = None; sys.argv = ['archlint', 'check', '.'];"
        "from archlint.cli import main; main()"
    )
    assert done.returncode == 2
    told = "".join((done.stdout + done.stderr).split())      # lines are broken where the path's length puts it
    assert "ACME001-store-without-an-owner/rule.yaml:thecheck`expression`needsCEL" in told
    assert "pipinstall'archlint-ml[cel]'" in told
    assert "Traceback" not in done.stdout + done.stderr


def test_the_extra_is_loaded_only_where_a_rule_needs_it() -> None:
    done = _run(
        "import sys, archlint; from pathlib import Path; from archlint.config import Config;"
        "archlint.check('archlint: 1\\nsystem: x\\n', config=Config(Path())); print('cel_expr_python' in sys.modules)"
    )
    assert (done.stdout.split(), done.stderr) == (["False"], "")


def test_problems_of_several_rules_are_not_mixed_up() -> None:
    problems = Problems()
    problems.add("b:2:1", "second")
    problems.add("b:1:9", "first", "do this")
    with pytest.raises(PackError) as raised:
        problems.raise_as(PackError)
    assert raised.value.message.splitlines() == ["b:1:9: first (do this)", "b:2:1: second"]


def test_undecided_names_no_more_keys_than_one_can_read() -> None:
    callers = "".join(f"  c{n}: {{kind: service, calls: [hub]}}\n" for n in range(40))
    text = f"archlint: 1\ncomponents:\n  hub: {{kind: service}}\n{callers}"
    params = Params(
        require="component.incoming.all(r, r.network_s < 1.0)", message="no", when='component.name == "hub"'
    )
    (verdict,) = check(system_of(text), params)
    assert isinstance(verdict, Undecided)
    assert [place.at for place in verdict.needs[:2]] == [
        "components.c0.calls[0].network",
        "components.c1.calls[0].network",
    ]
    assert len(verdict.needs) <= 12
