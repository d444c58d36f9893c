"""The settings of one file: selection, layers, paths."""

from __future__ import annotations

from pathlib import Path

import pytest

from archlint.config import Config, Settings, read_config, validate
from archlint.packs import Pack, shipped_packs

PACKS = {pack.id: pack for pack in shipped_packs()}


def config_of(folder: Path, text: str) -> Config:
    file = folder / "archlint.toml"
    file.write_text(text)
    return validate(read_config(file), PACKS.values())


def running(settings: Settings) -> set[str]:
    return {pack.id for pack in PACKS.values() if settings.runs(pack)}


def family(*names: str) -> set[str]:
    return {pack.id for pack in PACKS.values() if pack.family in names}


@pytest.mark.parametrize(
    ("select", "ignore", "expected"),
    [
        (["ALL"], [], set(PACKS)),
        (["SRV"], [], family("SRV")),
        (["SRV001", "call-without-timeout"], [], {"SRV001", "REL003"}),
        (["ALL"], ["SRV"], set(PACKS) - family("SRV")),
        (["ALL", "SRV001"], ["SRV"], set(PACKS) - family("SRV") | {"SRV001"}),
        (["SRV", "REL003"], ["ALL"], family("SRV") | {"REL003"}),
        (["REL003"], ["call-without-timeout"], set()),
        (["REL"], ["REL"], set()),
        ([], [], set()),
    ],
)
def test_the_word_that_means_fewer_rules_counts(select: list[str], ignore: list[str], expected: set[str]) -> None:
    assert running(Settings(tuple(select), tuple(ignore))) == expected


def test_the_order_of_words_does_not_matter() -> None:
    assert running(Settings(("SRV001", "ALL"), ("SRV",))) == running(Settings(("ALL", "SRV001"), ("SRV",)))


def test_a_layer_that_ignores_adds_and_one_that_selects_starts_afresh(tmp_path: Path) -> None:
    text = """
ignore = ["OPS"]
[[per-path]]
paths = ["more/"]
ignore = ["REL"]
[[per-path]]
paths = ["only/**"]
select = ["OPS"]
"""
    config = config_of(tmp_path, text)
    assert running(config.settings_for(tmp_path / "arch.yaml")) == set(PACKS) - family("OPS")
    assert running(config.settings_for(tmp_path / "more/arch.yaml")) == set(PACKS) - family("OPS", "REL")
    assert running(config.settings_for(tmp_path / "only/x/arch.yaml")) == family("OPS")


def test_severities_and_parameters_merge_layer_by_layer(tmp_path: Path) -> None:
    text = """
[rules.SRV005]
severity = "info"
params = {slow = "2s"}
[[per-path]]
paths = ["risk/"]
rules.SRV005.severity = "error"
[[per-path]]
paths = ["risk/fast/"]
rules.waiting-on-slow-model.params = {slow = "500ms"}
"""
    config = config_of(tmp_path, text)
    pack = PACKS["SRV005"]

    def of(path: str) -> tuple[str | None, object]:
        chosen = config.settings_for(tmp_path / path).of(pack)
        return chosen.severity, chosen.params["slow"]

    assert of("arch.yaml") == ("info", 2.0)
    assert of("risk/arch.yaml") == ("error", 2.0)
    assert of("risk/fast/arch.yaml") == ("error", 0.5)


def test_what_extends_comes_after_all_of_what_it_extends(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text(
        'ignore = ["SRV"]\n[[per-path]]\npaths = ["risk/"]\nignore = ["REL"]\nrules.SRV005.severity = "error"\n'
    )
    config = config_of(tmp_path, 'extend = "base.toml"\nignore = ["OPS"]\nrules.SRV005.severity = "info"\n')
    assert running(config.settings_for(tmp_path / "risk/arch.yaml")) == set(PACKS) - family("SRV", "REL", "OPS")
    assert config.settings_for(tmp_path / "risk/arch.yaml").of(PACKS["SRV005"]).severity == "info"
    afresh = config_of(tmp_path, 'extend = "base.toml"\nselect = ["SRV"]\n')
    assert running(afresh.settings_for(tmp_path / "risk/arch.yaml")) == family("SRV")


def test_patterns_are_relative_to_the_file_that_says_them(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "base.toml").write_text('[[per-path]]\npaths = ["app/legacy/**"]\nselect = ["REL"]\n')
    (tmp_path / "app/archlint.toml").write_text('extend = "../base.toml"\nexclude = ["/drafts"]\n')
    config = validate(read_config(tmp_path / "app/archlint.toml"), PACKS.values())
    assert running(config.settings_for(tmp_path / "app/legacy/arch.yaml")) == family("REL")
    assert running(config.settings_for(tmp_path / "legacy/arch.yaml")) == set(PACKS)
    assert config.excludes(tmp_path / "app/drafts/arch.yaml")
    assert not config.excludes(tmp_path / "drafts/arch.yaml")


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("teams/risk/**", "teams/risk/arch.yaml", True),
        ("teams/risk/**", "teams/risk/a/b.yaml", True),
        ("teams/risk/**", "teams/risky/arch.yaml", False),
        ("teams/risk", "teams/risk/a/b.yaml", True),
        ("*.draft.yaml", "a/b.draft.yaml", True),
        ("/arch.yaml", "arch.yaml", True),
        ("/arch.yaml", "a/arch.yaml", False),
        ("teams/*/arch.yaml", "teams/risk/arch.yaml", True),
    ],
)
def test_paths_are_patterns_as_git_has_them(tmp_path: Path, pattern: str, path: str, matches: bool) -> None:
    config = config_of(tmp_path, f'[[per-path]]\npaths = ["{pattern}"]\nselect = ["REL"]\n')
    assert (running(config.settings_for(tmp_path / path)) == family("REL")) is matches


def test_an_excluded_folder_is_excluded_as_such(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    config = config_of(tmp_path, 'exclude = ["old/", "!old/keep.yaml", "*.tmp.yaml"]\n')
    assert config.excludes(tmp_path / "old")
    assert config.excludes(tmp_path / "a/x.tmp.yaml")
    assert not config.excludes(tmp_path / "a/x.yaml")


def test_a_link_to_the_project_is_the_project(tmp_path: Path) -> None:
    (tmp_path / "real/risk").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "real", target_is_directory=True)
    config = config_of(tmp_path / "real", '[[per-path]]\npaths = ["risk/"]\nselect = ["REL"]\n')
    assert running(config.settings_for(tmp_path / "link/risk/arch.yaml")) == family("REL")


def test_a_call_puts_its_own_layer_on_top(tmp_path: Path) -> None:
    config = config_of(tmp_path, 'select = ["SRV"]\nignore = ["SRV001"]\n')
    path = tmp_path / "arch.yaml"
    packs = PACKS.values()
    assert running(validate(config.with_options(select=["SRV001"]), packs).settings_for(path)) == {"SRV001"}
    less = validate(config.with_options(ignore=["SRV002"]), packs).settings_for(path)
    assert running(less) == family("SRV") - {"SRV001", "SRV002"}
    assert config.with_options(exclude=["x/"]).excludes(tmp_path / "x/arch.yaml")
    assert config.with_options() == config


def test_ids_and_names_mean_the_same(tmp_path: Path) -> None:
    by_id, by_name = (
        config_of(tmp_path, f'ignore = ["{word}"]\nrules.{word}.severity = "info"\n')
        for word in ("REL003", "call-without-timeout")
    )

    def of(config: Config) -> tuple[set[str], Pack, object]:
        settings = config.settings_for(tmp_path / "arch.yaml")
        return running(settings), PACKS["REL003"], settings.rules

    assert of(by_id) == of(by_name)
