"""Binding packs to their checks."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

import archlint
from archlint.config import Config
from archlint.errors import PackError
from archlint.linter import Linter, Options
from archlint.packs import PackSource, bind, shipped_packs
from archlint.packs.reading import read_pack
from archlint.source.parser import parse
from archlint.verdicts import Severity
from tests.packs.help import RULE, rule

CHECK = """
import msgspec
from archlint.verdicts import Hit

class Params(msgspec.Struct, frozen=True):
    most: float = 2.0

def check(system, params):
    for component in system.components.values():
        if (component.replicas or 0) > params.most:
            yield Hit(component.place("replicas"), f"`{component.name}` has more than {params.most:g}")
"""
OWN = RULE.replace("nobody_knows", "./check.py") + "params: {most: {value: 4, unit: count}}\n"
SYSTEM = "archlint: 1\ncomponents:\n  api: {kind: service, replicas: 3}\n  big: {kind: service, replicas: 5}\n"


def test_every_shipped_rule_binds() -> None:
    for pack in shipped_packs():
        bound = bind(pack)
        assert (bound.pack, bound.severity, bound.chosen) == (pack, pack.severity, False)


def test_a_severity_that_is_chosen_is_marked(tmp_path: Path) -> None:
    bound = bind(read_pack(rule(tmp_path, "ACME001-x")), severity=Severity.ERROR)
    assert (bound.severity, bound.chosen) == (Severity.ERROR, True)


def test_a_check_in_the_rules_own_folder_runs(tmp_path: Path) -> None:
    rule(tmp_path, "ACME001-too-many", OWN, check_py=CHECK)
    config = Config(tmp_path, packs=(PackSource(".", tmp_path),)).with_options(select=["ACME001"])
    report, _ = Linter(config, Options(allow_code=True)).lint(parse("arch.yaml", SYSTEM), None)
    assert [(f.rule, f.at, f.message) for f in report.findings] == [
        ("ACME001", "components.big.replicas", "`big` has more than 4")
    ]


def test_a_check_without_parameters_needs_no_record_of_them(tmp_path: Path) -> None:
    start, _, body = CHECK.partition("class Params")
    check = f"{start}def {body.partition('def ')[2]}".replace("params.most", "4")
    rule(tmp_path, "ACME001-too-many", RULE.replace("nobody_knows", "./check.py"), check_py=check)
    config = Config(tmp_path, packs=(PackSource(".", tmp_path),)).with_options(select=["ACME001"])
    report, _ = Linter(config, Options(allow_code=True)).lint(parse("arch.yaml", SYSTEM), None)
    assert [finding.at for finding in report.findings] == ["components.big.replicas"]


def test_a_configured_parameter_reaches_the_check(tmp_path: Path) -> None:
    rule(tmp_path / "house", "ACME001-too-many", OWN, check_py=CHECK)
    (tmp_path / "archlint.toml").write_text('packs = ["house"]\nselect = ["ACME"]\nrules.ACME001.params.most = 2\n')
    (tmp_path / "arch.yaml").write_text(SYSTEM)
    report = archlint.check(tmp_path / "arch.yaml", allow_code=True)
    assert {f.at for f in report.findings} == {"components.api.replicas", "components.big.replicas"}


def test_a_check_that_fails_is_named_with_its_line(tmp_path: Path) -> None:
    rule(tmp_path, "ACME001-too-many", OWN, check_py=CHECK.replace("def check(system, params):", "def check(system, params):\n    system.nothing"))
    config = Config(tmp_path, packs=(PackSource(".", tmp_path),)).with_options(select=["ACME001"])
    with pytest.raises(PackError, match=r"check\.py:\d+: the check failed: AttributeError: .*nothing"):
        Linter(config, Options(allow_code=True)).lint(parse("arch.yaml", SYSTEM), None)


@pytest.mark.parametrize(
    ("text", "check", "said"),
    [
        (RULE.replace("nobody_knows", "nobody_knwos"), "", "rule.yaml: there is no check `nobody_knwos`"),
        (RULE.replace("nobody_knows", "os.path"), "", "rule.yaml: `os.path` is no check"),
        (OWN.replace("./check.py", "./chek.py"), CHECK, "rule.yaml: there is no file ./chek.py in its folder"),
        (OWN.replace("./check.py", "./../ACME002-other/check.py"), CHECK, "in its folder"),
        (
            OWN.replace("most:", "mst:"),
            CHECK,
            "rule.yaml:5:23: the check `./check.py` has no parameter `mst`\n  hint: did you mean `most`?",
        ),
        (
            OWN.replace("value: 4, unit: count", "value: four, unit: text"),
            CHECK,
            "do not fit the check `./check.py`: Expected `float`",
        ),
        (OWN, "def check(system, params): ...\n", "the check `./check.py` has no parameter `most`\n  hint: known: none"),
        (OWN, CHECK.replace("def check", "def other"), "rule.yaml: the check `./check.py` has no function `check`"),
        (OWN, "import nothing_of_this_name\n", "check.py: ModuleNotFoundError: No module named 'nothing_of_this_name'"),
        (OWN, "this is no Python\n", "check.py: SyntaxError: "),
    ],
)
def test_a_rule_that_does_not_fit_its_check_is_an_error(tmp_path: Path, text: str, check: str, said: str) -> None:
    rule(tmp_path, "ACME002-other", OWN, check_py=CHECK)
    pack = read_pack(rule(tmp_path, "ACME001-too-many", text, check_py=check))
    with pytest.raises(PackError) as raised:
        bind(msgspec.structs.replace(pack, trusted=True))
    assert said in raised.value.full_text
    assert raised.value.full_text.startswith(str(tmp_path))
