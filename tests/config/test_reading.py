"""Configuration files, and every mistake in them, each at its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from archlint.config import Config, Word, read_config
from archlint.errors import ConfigError
from archlint.model.quantities import Money

WHOLE = """
select = ["ALL"]
ignore = ["OPS", "no-monitoring"]
exclude = ["experiments/", "*.draft.yaml"]
packs = ["house-rules", "acme-rules"]
technologies = ["more.yaml"]
fail-on = "error"

[prices]
l4 = "0.75 USD per h"
redis = {amount = "120 EUR per month", source = "contract 17", date = 2026-11-01}

[rules.SRV005]
severity = "info"
params = {slow = "2s"}

[[per-path]]
paths = ["teams/risk/**"]
select = ["SRV"]
rules.SRV005.severity = "error"
"""


def read(folder: Path, text: str, name: str = "archlint.toml") -> Config:
    """Read a text as a configuration file of a folder."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return read_config(file)


def mistakes(folder: Path, text: str, name: str = "archlint.toml") -> list[str]:
    """The lines of the error, without the folder."""
    with pytest.raises(ConfigError) as raised:
        read(folder, text, name)
    return raised.value.full_text.replace(f"{folder}/", "").splitlines()


def test_everything_that_can_be_said(tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text("oracle: {title: Oracle, kind: database}\n")
    config = read(tmp_path, WHOLE)
    assert (config.root, config.file) == (tmp_path, tmp_path / "archlint.toml")
    top, risk = config.layers
    assert top.select == (Word("ALL", f"{tmp_path}/archlint.toml:2:11"),)
    assert [word.text for word in top.ignore] == ["OPS", "no-monitoring"]
    assert [patterns.lines for patterns in config.exclude] == [("experiments/", "*.draft.yaml")]
    assert [(source.text, source.root) for source in config.packs] == [
        ("house-rules", tmp_path),
        ("acme-rules", tmp_path),
    ]
    assert config.technologies == (tmp_path / "more.yaml",)
    assert config.fail_on == "error"
    assert config.prices["l4"].amount == Money(0.75, "USD", per_s=3600.0)
    assert (config.prices["redis"].source, config.prices["redis"].date) == ("contract 17", "2026-11-01")
    assert [(said.rule.text, said.severity, said.params[0].value) for said in top.said] == [("SRV005", "info", "2s")]
    assert risk.paths is not None
    assert risk.paths.lines == ("teams/risk/**",)
    assert [said.severity for said in risk.said] == ["error"]


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    config = read(tmp_path, "")
    assert config.settings_for(tmp_path / "arch.yaml").select == ("ALL",)
    assert config.fail_on == ""


def test_all_mistakes_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = """\
selct = ["SRV"]
select = ["ALL", 3, ""]
fail-on = "warn"
exclude = "experiments/"
technologies = ["more.yaml"]
extend = "../base.toml"
[prices]
l4 = "0.75 USD per 1k"
a10g = {amount = "1 USD per h", source = 3, dat = 2026-11-01}
t4 = {source = "list"}
h100 = {amount = "2 USD", date = "yesterday"}
[rules.SRV005]
severity = "off"
slow = "2s"
[rules.SRV001]
severity = "eror"
[[per-path]]
path = ["teams/risk/**"]
exclude = ["a"]
[[per-path]]
paths = ["[a-z"]
[[per-path]]
ignore = ["OPS"]
"""
    assert mistakes(tmp_path, text) == [
        "archlint.toml:1:1: a configuration has no key `selct` (did you mean `select`?)",
        'archlint.toml:2:18: `select` holds the number 3 (write texts, as in select = ["SRV", "REL001"])',
        'archlint.toml:2:21: `select` holds an empty text (write texts, as in select = ["SRV", "REL001"])',
        "archlint.toml:3:11: `warn` is no level (did you mean `warning`?)",
        "archlint.toml:4:11: `exclude` needs a list of texts, but has the text `experiments/` "
        '(write exclude = ["experiments/"])',
        "archlint.toml:5:17: there is no file more.yaml with technologies (its path is relative to this file's folder)",
        "archlint.toml:6:10: there is no file ../base.toml to extend (its path is relative to this file's folder)",
        "archlint.toml:8:6: `0.75 USD per 1k` is a price for predictions, but what runs is paid for by time "
        '(write "0.75 USD per h")',
        'archlint.toml:9:42: `source` needs a text, but has the number 3 (write source = "price list of the provider")',
        "archlint.toml:9:45: the price of `a10g` has no key `dat` (did you mean `date`?)",
        'archlint.toml:10:6: the price of `t4` has no amount (write "0.75 USD per h")',
        "archlint.toml:11:18: `2 USD` is not a price "
        "(write it like 0.40 USD per 1k, 1200 USD per month or 0.75 USD per h)",
        "archlint.toml:11:34: `yesterday` is not a date (write date = 2026-11-01)",
        "archlint.toml:13:12: `off` is no severity (to leave a rule out, put it under `ignore`)",
        "archlint.toml:14:1: the table of SRV005 has no key `slow` "
        "(parameters of the rule stand below [rules.SRV005.params])",
        "archlint.toml:16:12: `eror` is no severity (did you mean `error`?)",
        "archlint.toml:18:1: `per-path` has no key `path` (did you mean `paths`?)",
        "archlint.toml:19:1: `per-path` has no key `exclude` "
        "(`exclude` belongs to the top level: write it above the first table)",
        "archlint.toml:21:10: `[a-z` is not a pattern (write it as in a .gitignore: teams/risk/**)",
        'archlint.toml:22:1: `per-path` says no paths (add paths = ["teams/risk/**"])',
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rules.SRV005 = 3", "1:16: `SRV005` needs a table, but has the number 3"),
        ("rules = []", "1:9: `rules` needs a table, but has a list"),
        ("per-path = {}", "1:12: `per-path` needs a list of tables, but has a table"),
        ("per-path = [1]", "1:13: `per-path` holds the number 1"),
        ("prices = 1", "1:10: `prices` needs a table, but has the number 1"),
        ("prices.l4 = 0.75", "1:13: the price of `l4` is the number 0.75"),
        ("fail-on = true", "1:11: `fail-on` needs a level, but has true"),
        ("extend = 1", "1:10: `extend` needs the path of a file, but has the number 1"),
        ("select = 2026-11-01", "1:10: `select` needs a list of texts, but has a date or time"),
        ("'rules'.\"SRV005\".'sever' = 'error'", "1:18: the table of SRV005 has no key `sever`"),
        ("rules = {SRV005 = {severity = 'error', 'par' = {}}}", "1:40: the table of SRV005 has no key `par`"),
        ("[rules.SRV005]\nignore = ['OPS']", "2:1: the table of SRV005 has no key `ignore`"),
    ],
)
def test_one_mistake_stands_where_it_is(tmp_path: Path, text: str, said: str) -> None:
    assert mistakes(tmp_path, text)[0] == f"archlint.toml:{said}"


def test_a_key_of_the_top_level_below_a_table_is_sent_there(tmp_path: Path) -> None:
    lines = mistakes(tmp_path, "[rules.SRV005]\nignore = ['OPS']\n")
    assert lines[1] == "  hint: `ignore` belongs to the top level: write it above the first table"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"a = \n", "archlint.toml:1:5: not TOML: invalid value"),
        (b"a = 'x\n", "archlint.toml:2:1: not TOML: expected"),
        (b"a = 1\na = 2\n", "archlint.toml:2:6: not TOML: cannot overwrite a value"),
        (b"a = '\xff'\n", "archlint.toml:1:6: not UTF-8: byte 5"),
        (b"a = " + b"9" * 5000, "archlint.toml: not TOML: "),
        (b"a = " + b"[" * 5000 + b"]" * 5000, "archlint.toml: nests too deep"),
    ],
)
def test_what_is_no_toml_is_one_clear_line(tmp_path: Path, data: bytes, said: str) -> None:
    (tmp_path / "archlint.toml").write_bytes(data)
    with pytest.raises(ConfigError) as raised:
        read_config(tmp_path / "archlint.toml")
    assert raised.value.message.replace(f"{tmp_path}/", "").startswith(said)
    assert "\n" not in raised.value.message


def test_a_byte_order_mark_and_carriage_returns_are_fine(tmp_path: Path) -> None:
    (tmp_path / "archlint.toml").write_bytes(b"\xef\xbb\xbfignore = ['OPS']\r\nfail-on = 'info'\r\n")
    assert read_config(tmp_path / "archlint.toml").fail_on == "info"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: cannot be read: No such file"):
        read_config(tmp_path / "none.toml")


# --- pyproject.toml


def test_a_project_file_is_read_below_its_table(tmp_path: Path) -> None:
    text = "[project]\nname = 'x'\n[tool.archlint]\nignore = ['OPS']\n[[tool.archlint.per-path]]\npaths = ['a/**']\n"
    config = read(tmp_path, text, "pyproject.toml")
    assert [word.where for word in config.layers[0].ignore] == [f"{tmp_path}/pyproject.toml:4:11"]
    assert config.layers[1].paths is not None


def test_mistakes_in_a_project_file_have_their_place_in_it(tmp_path: Path) -> None:
    text = "[tool.archlint]\nselect = ['ALL']\n[tool.archlint.rules.SRV005]\nseverty = 'error'\n"
    assert (
        mistakes(tmp_path, text, "pyproject.toml")[0] == "pyproject.toml:4:1: the table of SRV005 has no key `severty`"
    )


def test_a_project_file_without_the_table_is_a_wrong_call(tmp_path: Path) -> None:
    assert mistakes(tmp_path, "[project]\nname = 'x'\n", "pyproject.toml") == [
        "pyproject.toml: has no table [tool.archlint]",
        "  hint: add it, or name another file",
    ]


# --- extend


def test_what_extends_adds_to_lists_and_overrides_the_rest(tmp_path: Path) -> None:
    base = """
fail-on = "info"
ignore = ["OPS"]
exclude = ["drafts/"]
packs = ["base-rules"]
[prices]
l4 = "1 USD per h"
t4 = "2 USD per h"
[rules.SRV005]
severity = "info"
params = {slow = "1s", factor = 2}
"""
    read(tmp_path, base, "shared/base.toml")
    own = 'extend = "../shared/base.toml"\nfail-on = "error"\nexclude = ["old/"]\npacks = ["rules"]\n'
    own += 'prices.l4 = "3 USD per h"\n'
    config = read(tmp_path, own, "app/archlint.toml")
    assert config.root == tmp_path / "app"
    assert config.fail_on == "error"
    assert [(p.root.name, p.lines) for p in config.exclude] == [("shared", ("drafts/",)), ("app", ("old/",))]
    assert [(source.root.name, source.text) for source in config.packs] == [("shared", "base-rules"), ("app", "rules")]
    assert {name: price.amount.amount for name, price in config.prices.items()} == {"l4": 3.0, "t4": 2.0}
    assert config.settings_for(tmp_path / "app/arch.yaml").ignore == ("OPS",)


def test_a_project_file_may_extend_and_be_extended(tmp_path: Path) -> None:
    read(tmp_path, "[tool.archlint]\nfail-on = 'never'\n", "pyproject.toml")
    assert read(tmp_path, 'extend = "../pyproject.toml"\n', "sub/archlint.toml").fail_on == "never"


def test_a_circle_of_extends_is_shown(tmp_path: Path) -> None:
    (tmp_path / "b.toml").write_text('extend = "c.toml"\n')
    (tmp_path / "c.toml").write_text('ignore = []\nextend = "b.toml"\n')
    assert (
        mistakes(tmp_path, 'extend = "b.toml"\n')[0]
        == "c.toml:2:10: the file extends itself: b.toml -> c.toml -> b.toml"
    )
    assert mistakes(tmp_path, 'extend = "archlint.toml"\n')[0].startswith("archlint.toml:1:10: the file extends itself")


def test_mistakes_of_all_files_come_together(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text("fail-on = 'wrning'\n")
    lines = mistakes(tmp_path, 'extend = "base.toml"\nignor = []\n')
    assert lines == [
        "archlint.toml:2:1: a configuration has no key `ignor` (did you mean `ignore`?)",
        "base.toml:1:11: `wrning` is no level (did you mean `warning`?)",
    ]
