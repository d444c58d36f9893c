"""Users' own rules: from folders, and from an installed distribution."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from archlint.errors import PackError
from archlint.packs import PackSource, installed_packs, load_packs, shipped_packs
from tests.packs.help import RULE, rule

ROOT = Path(__file__).resolve().parents[2]


def test_the_rules_of_a_folder_come_after_the_shipped_ones(tmp_path: Path) -> None:
    rule(tmp_path / "house", "ACME001-first")
    packs = load_packs([PackSource("house", tmp_path), PackSource("./house/", tmp_path)])
    assert [pack.id for pack in packs] == [*(pack.id for pack in shipped_packs()), "ACME001"]


@pytest.mark.parametrize(
    ("name", "what"), [("SRV001-my-own", "id SRV001"), ("ACME001-online-bigsize", "name online-bigsize")]
)
def test_no_rule_takes_the_id_or_name_of_another(tmp_path: Path, name: str, what: str) -> None:
    rule(tmp_path, name)
    with pytest.raises(PackError) as raised:
        load_packs([PackSource(".", tmp_path)])
    shipped = next(pack for pack in shipped_packs() if pack.id == "SRV001")
    assert raised.value.message == f"{tmp_path / name}: the {what} is taken by {shipped.folder}"


def test_two_folders_may_not_share_an_id_either(tmp_path: Path) -> None:
    rule(tmp_path / "a", "ACME001-first")
    rule(tmp_path / "b", "ACME001-second")
    with pytest.raises(PackError, match=r"b/ACME001-second: the id ACME001 is taken by .*a/ACME001-first"):
        load_packs([PackSource("a", tmp_path), PackSource("b", tmp_path)])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("./none", "archlint.toml:1:10: there is no folder {root}/none\n  hint: name a folder that holds rule folders"),
        ("no-such-rules", "archlint.toml:1:10: `no-such-rules` is no folder here, and no installed distribution"),
    ],
)
def test_a_source_that_is_not_there(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(PackError) as raised:
        load_packs([PackSource(text, tmp_path, "archlint.toml:1:10")])
    assert raised.value.full_text.startswith(said.format(root=tmp_path))


# --- a distribution that is really built and installed

PROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "Acme.Arch-Rules"
version = "1.2.0"
[project.entry-points."archlint.rules"]
serving = "acme_arch:rules"
data = "acme_arch.more"
[tool.hatch.build.targets.wheel]
packages = ["acme_arch"]
"""
SYSTEM = "archlint: 1\ncomponents:\n  api: {kind: model-server, serves: [m]}\nmodels: {m: {}}\n"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PYTHONPATH with the installed distribution, whose package must never be imported."""
    source = tmp_path_factory.mktemp("source")
    (source / "pyproject.toml").write_text(PROJECT)
    (source / "acme_arch/more").mkdir(parents=True)
    for name in ("acme_arch", "acme_arch/more"):
        (source / name / "__init__.py").write_text("import sys\nprint('imported', __name__, file=sys.stderr)\n")
    rule(source / "acme_arch/rules", "ACME001-first")
    rule(source / "acme_arch/more", "ACME002-second")
    target = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "--disable-pip-version-check", "--target", str(target), str(source)], check=True, timeout=300)
    return target


def run(site: Path, cwd: Path, *words: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(site), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": path, "NO_COLOR": "1", "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "archlint", *words]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize("name", ["Acme.Arch-Rules", "acme-arch-rules", "acme_arch_rules"])
def test_a_configuration_names_a_distribution(installed: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "archlint.toml").write_text(f'packs = ["{name}"]\nselect = ["ACME001"]\n')
    (tmp_path / "arch.yaml").write_text(SYSTEM)
    done = run(installed, tmp_path, "check", "--output-format", "json", "arch.yaml")
    assert done.returncode in {0, 1}, done.stderr
    assert {finding["rule"] for finding in json.loads(done.stdout)["findings"]} == {"ACME001"}
    listed = run(installed, tmp_path, "rules", "--config", "archlint.toml")
    assert [line.split()[0] for line in listed.stdout.splitlines() if line.startswith("ACME")] == ["ACME001", "ACME002"]
    assert "imported" not in done.stderr + listed.stderr    # neither the packages nor their parent package


def test_a_misspelt_distribution_is_reported_with_the_nearest(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "archlint.toml").write_text('packs = ["acme-arch-rule"]\n')
    (tmp_path / "arch.yaml").write_text(SYSTEM)
    done = run(installed, tmp_path, "check", "arch.yaml")
    assert done.returncode == 2
    assert "archlint.toml:1:10: `acme-arch-rule` is no folder here" in done.stdout
    assert "did you mean `Acme.Arch-Rules`?" in done.stdout


def test_installed_distributions_are_listed(installed: Path, tmp_path: Path) -> None:
    code = (
        "import json; from archlint.packs import installed_packs;"
        "print(json.dumps([(p.name, p.version, p.entry_points) for p in installed_packs()]))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(installed), str(ROOT)])}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert ["Acme.Arch-Rules", "1.2.0", ["acme_arch.more", "acme_arch:rules"]] in json.loads(done.stdout)


def test_nothing_of_this_kind_is_listed_where_none_is_installed() -> None:
    assert "Acme.Arch-Rules" not in {packs.name for packs in installed_packs()}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("nothing_of_this_name", "names no package that is installed"),
        ("lonely:rules", "names no package that is installed"),
        ("empty_pack:rules", "names no folder in that package"),
    ],
)
def test_an_entry_point_that_leads_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, said: str
) -> None:
    (tmp_path / "lonely.py").write_text("")
    (tmp_path / "empty_pack").mkdir()
    (tmp_path / "empty_pack/__init__.py").write_text("")
    info = tmp_path / "broken_rules-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-rules\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[archlint.rules]\nmain = {value}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(PackError) as raised:
        load_packs([PackSource("broken-rules", tmp_path, "archlint.toml:1:10")])
    assert raised.value.full_text.startswith(f"archlint.toml:1:10: the entry point `main = {value}` of broken-rules {said}")


def test_the_shipped_example_of_a_rule_text_is_a_rule(tmp_path: Path) -> None:
    assert load_packs([PackSource(str(rule(tmp_path, "ACME001-x", RULE).parent))])[-1].id == "ACME001"
