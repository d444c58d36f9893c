"""Which configuration applies to a file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from archlint.config import find_config, nearest_config
from archlint.errors import ConfigError

TABLE = "[tool.archlint]\nfail-on = 'error'\n"


def write(file: Path, text: str = "") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_the_nearest_file_above_counts(tmp_path: Path) -> None:
    top, near = write(tmp_path / "archlint.toml"), write(tmp_path / "a/b/archlint.toml")
    assert nearest_config(tmp_path / "a/b/c/arch.yaml") == near
    assert nearest_config(tmp_path / "a/b/arch.yaml") == near
    assert nearest_config(tmp_path / "a/arch.yaml") == top


def test_in_one_folder_its_own_file_comes_first(tmp_path: Path) -> None:
    project = write(tmp_path / "pyproject.toml", TABLE)
    assert nearest_config(tmp_path / "arch.yaml") == project
    own = write(tmp_path / "archlint.toml")
    assert nearest_config(tmp_path / "arch.yaml") == own


@pytest.mark.parametrize(
    "text",
    [
        "[project]\nname = 'archlint'\n[project.scripts]\narchlint = 'archlint.cli:main'\n",
        "# see tool.archlint in the guide\n[tool.ruff]\nline-length = 100\n",
        "[tool.archlint-more]\na = 1\n",
        "tool = 'archlint'\n",
    ],
)
def test_a_project_file_without_the_table_is_passed_over(tmp_path: Path, text: str) -> None:
    top = write(tmp_path / "archlint.toml")
    write(tmp_path / "a/pyproject.toml", text)
    assert nearest_config(tmp_path / "a/arch.yaml") == top


@pytest.mark.parametrize(
    "text", ["[tool.archlint]\n", "[ tool . 'archlint' ]\n", "[[tool.archlint.per-path]]\npaths = ['a']\n"]
)
def test_the_table_may_be_written_in_any_way(tmp_path: Path, text: str) -> None:
    project = write(tmp_path / "pyproject.toml", text)
    assert nearest_config(tmp_path / "arch.yaml") == project


def test_somebody_elses_broken_project_file_is_not_parsed(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", "[project\nname = ")
    assert nearest_config(tmp_path / "arch.yaml") is None


def test_a_broken_project_file_with_the_table_is_an_error(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", "[tool.archlint]\nignore = [\n")
    with pytest.raises(ConfigError, match=r"pyproject\.toml:.*not TOML"):
        find_config(tmp_path / "arch.yaml")


def test_without_any_file_the_root_is_that_of_the_project(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    config = find_config(write(tmp_path / "a/b/arch.yaml"))
    assert (config.file, config.root) == (None, tmp_path)
    assert config.settings_for(tmp_path / "a/b/arch.yaml").select == ("ALL",)


def test_a_relative_path_is_looked_for_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path / "archlint.toml", "fail-on = 'eror'\n")
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    assert nearest_config(Path("arch.yaml")) == file
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as raised:
        find_config(Path("sub/arch.yaml"))
    assert raised.value.message == "archlint.toml:1:11: `eror` is no level"


def test_toml_is_loaded_only_where_a_file_says_something(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", "[project]\nname = 'x'\n")
    code = (
        "import sys; from pathlib import Path; from archlint.config import find_config;"
        "find_config(Path('arch.yaml')); print('tomllib' in sys.modules, 'importlib.metadata' in sys.modules)"
    )
    run = [sys.executable, "-c", code]
    path = os.pathsep.join([str(Path(__file__).resolve().parents[2]), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path}
    without = subprocess.run(run, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    write(tmp_path / "archlint.toml")
    beside = subprocess.run(run, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert (without.stdout.split(), beside.stdout.split()) == (["False", "False"], ["True", "False"])


@pytest.mark.parametrize("leads_to", ["nowhere.toml", "archlint.toml", "."])
def test_a_configuration_that_cannot_be_read_is_not_passed_over(tmp_path: Path, leads_to: str) -> None:
    """Otherwise the rules that it selects, and its severities, would be lost silently."""
    (tmp_path / "archlint.toml").symlink_to(leads_to)
    with pytest.raises(ConfigError, match="cannot be read") as error:
        find_config(tmp_path / "arch.yaml")
    assert "remove it" in error.value.hint
