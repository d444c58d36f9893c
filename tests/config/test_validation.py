"""The parts of a configuration that depend on the rules: an unknown rule is never ignored silently."""

from __future__ import annotations

from pathlib import Path

import pytest

from archlint.config import Config, read_config, validate
from archlint.errors import ConfigError
from archlint.packs import load_packs, shipped_packs

PACKS = shipped_packs()
RULE = """\
title: A rule for tests
check: ./check.py
severity: warning
summary: It has a parameter of each unit.
params:
  slow: {value: 1s, unit: s}
  big: {value: 1GB, unit: B}
  rate: {value: 40/s, unit: /s}
  speed: {value: 200MB/s, unit: B/s}
  part: {value: 99%, unit: share}
  many: {value: 3, unit: count}
  factor: {value: "1.5", unit: ""}
  word: {value: some, unit: text}
  strict: {value: "true", unit: flag}
"""
CHECK = """
from typing import Annotated
import msgspec
class Params(msgspec.Struct, frozen=True):
    slow: Annotated[float, msgspec.Meta(le=60)]
    big: int
    rate: float
    speed: float
    part: float
    many: int
    factor: float
    word: str
    strict: bool
def check(system, params):
    return iter(())
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "house/ACME001-of-each-unit"
    folder.mkdir(parents=True)
    (folder / "rule.yaml").write_text(RULE)
    (folder / "check.py").write_text(CHECK)
    return tmp_path


def validated(folder: Path, text: str) -> Config:
    (folder / "archlint.toml").write_text('packs = ["house"]\n' + text)
    config = read_config(folder / "archlint.toml")
    return validate(config, load_packs(config.packs, allow_code=True))


def mistakes(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        validated(folder, text)
    return raised.value.full_text.replace(f"{folder}/", "").splitlines()


def test_parameters_come_out_in_base_units(project: Path) -> None:
    text = """
[rules.ACME001.params]
slow = "500ms"
big = "2MB"
rate = "60/min"
speed = "8Mbit/s"
part = 0.5
many = 12
factor = 2
word = "other"
strict = false
"""
    config = validated(project, text)
    rules = config.settings_for(project / "arch.yaml").rules
    assert rules["ACME001"].params == {
        "slow": 0.5, "big": 2_000_000, "rate": 1.0, "speed": 1e6, "part": 0.5, "many": 12.0, "factor": 2.0,
        "word": "other", "strict": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("slow = 2", "`2` has no unit\n  hint: did you mean 2ms or 2s?"),
        ("slow = 2.5", "`2.5` has no unit\n  hint: did you mean 2.5ms or 2.5s?"),
        ('slow = "2m"', "unknown unit `m` in `2m`\n  hint: did you mean 2min?"),
        ("slow = true", 'true and false are no duration\n  hint: write "2s"'),
        ('slow = "5min"', "the parameters do not fit the check `./check.py`: Expected `float` <= 60.0 - at `$.slow`"),
        ("big = 100", "`100` has no unit\n  hint: did you mean 100MB or 100GB?"),
        ("rate = 40", "`40` is not a rate\n  hint: did you mean 40/s?"),
        ("part = 99.5", "`99.5` is more than 100%\n  hint: did you mean 99.5%?"),
        ('many = "lots"', "`lots` is not a count"),
        ('factor = "big"', "`big` is no number\n  hint: write one such as 3 or 1.5"),
        ("factor = nan", "`nan` is no number"),
        ("word = 3", "a text is needed here, but this is a number\n  hint: write it in quotes"),
        ('strict = "true"', "`true` is a text\n  hint: write true or false, without quotes"),
        ("many = [3]", "a count is needed here, but this is a list\n  hint: write 3"),
        ("slow = 2026-11-01", "a duration is needed here, but this is a date"),
        ("many = 1.5", "the parameters do not fit the check `./check.py`: Expected `int`, got `float` - at `$.many`"),
    ],
)
def test_a_wrong_parameter_is_reported_at_its_value(project: Path, said: str, message: str) -> None:
    lines = mistakes(project, f"[rules.ACME001.params]\n{said}\n")
    column = len(said.split("=", maxsplit=1)[0]) + 3
    text = "\n".join(lines).replace("house/ACME001-of-each-unit/rule.yaml: ", "")
    assert text.startswith(f"archlint.toml:3:{column}: {message}")


def test_unknown_words_are_reported_with_the_nearest_rule(tmp_path: Path) -> None:
    (tmp_path / "house").mkdir()
    text = """
select = ["SRV", "SVR001"]
ignore = ["call-without-timeuot"]
[rules.OPS0001]
severity = "error"
[rules.SRV]
severity = "error"
[[per-path]]
paths = ["a"]
ignore = ["srv001", "xyzzyx"]
rules.SRV005.params = {slwo = "1s", zzzz = 1}
"""
    (tmp_path / "archlint.toml").write_text(text)
    with pytest.raises(ConfigError) as raised:
        validate(read_config(tmp_path / "archlint.toml"), PACKS)
    lines = raised.value.full_text.replace(f"{tmp_path}/archlint.toml:", "").splitlines()
    assert [line.partition(" (it has")[0] for line in lines] == [
        "2:18: there is no rule `SVR001` (did you mean `SRV001`?)",
        "3:11: there is no rule `call-without-timeuot` (did you mean `call-without-timeout`?)",
        "4:8: there is no rule `OPS0001` (did you mean `OPS001`?)",
        "6:8: `SRV` stands for several rules, and severity and parameters are those of one "
        "(give each rule a table of its own)",
        "10:11: there is no rule `srv001` (did you mean `SRV001`?)",
        "10:21: there is no rule `xyzzyx` (`archlint rules` lists them)",
        "11:24: SRV005 waiting-on-slow-model has no parameter `slwo` (did you mean `slow`?)",
        "11:37: SRV005 waiting-on-slow-model has no parameter `zzzz`",
    ]


def test_one_rule_has_one_table(tmp_path: Path) -> None:
    (tmp_path / "archlint.toml").write_text(
        "[rules.REL003]\nseverity = 'error'\n[rules.call-without-timeout]\nseverity = 'info'\n"
    )
    with pytest.raises(
        ConfigError, match=r"archlint\.toml:3:8: `call-without-timeout` is REL003, which has a table already at "
    ):
        validate(read_config(tmp_path / "archlint.toml"), PACKS)


def test_what_a_rule_of_the_reader_reports_is_not_to_be_changed(tmp_path: Path) -> None:
    (tmp_path / "archlint.toml").write_text("[rules.DOC001.params]\nproblem = 'unknown-key'\n")
    with pytest.raises(ConfigError, match="DOC001 dangling-reference has no parameter `problem`"):
        validate(read_config(tmp_path / "archlint.toml"), PACKS)


def test_wrong_arguments_are_reported_with_their_option() -> None:
    with pytest.raises(ConfigError) as raised:
        validate(Config(Path()).with_options(select=["SRV999"], ignore=["OPS0"]), PACKS)
    assert [line.partition(" (")[0] for line in raised.value.message.splitlines()] == [
        "--ignore: there is no rule `OPS0`", "--select: there is no rule `SRV999`",
    ]  # fmt: skip


def test_a_configuration_that_names_no_rule_is_left_as_it_is() -> None:
    config = Config(Path())
    assert validate(config, PACKS) is config
