"""The content of the wheel: every fix names an existing folder, and a pattern starts from it."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from archlint.catalog.patterns import patterns
from archlint.listing import all_packs
from archlint.report.pages import rule_page
from archlint.shipped import shipped_folder
from tests.conftest import ROOT

pytestmark = pytest.mark.xdist_group("wheel")
FIXES = sorted({cure.pattern for pack in all_packs() for cure in pack.cures})
CATALOGUE = (ROOT / "rules" / "catalog.yaml").read_text(encoding="utf-8")
CURES = [name for name in FIXES if re.search(rf"^  {name}:\n(    .*\n)*?    reference: \S", CATALOGUE, re.MULTILINE)]
"""The fixes for which the catalogue names an implementation."""


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PYTHONPATH with archlint installed from the wheel that this checkout builds."""
    source = tmp_path_factory.mktemp("source")
    for name in ("archlint", "rules", "reference_impls"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", "reference-data"))
    for name in ("pyproject.toml", "packing.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    target = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "--disable-pip-version-check", "--target", str(target), str(source)], check=True, timeout=300)
    return target


def environment(site: Path) -> dict[str, str]:
    """The environment of a user who has only that wheel: this checkout is not on the path."""
    caches = site.parent / "caches"
    return {**os.environ, "PYTHONPATH": str(site), "PYTHONSAFEPATH": "1", "NO_COLOR": "1", "XDG_CACHE_HOME": str(caches)}


def run(site: Path, cwd: Path, *words: str) -> str:
    command = [sys.executable, "-m", "archlint", *words]
    done = subprocess.run(command, cwd=cwd, env=environment(site), capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode in {0, 1}, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", FIXES)
def test_every_fix_has_a_page(name: str) -> None:
    assert (ROOT / patterns()[name].docs).is_file()


@pytest.mark.parametrize("name", CURES)
def test_every_fix_names_a_folder_of_this_checkout(name: str) -> None:
    reference = patterns()[name].reference
    assert reference, f"the catalogue names no reference implementation of {name}, or it is not there"
    assert (ROOT / reference / "README.md").is_file()


def test_every_fix_names_a_folder_of_the_wheel(site: Path, tmp_path: Path) -> None:
    listed = json.loads(run(site, tmp_path, "patterns", "--json"))
    references = {pattern["name"]: pattern["reference"] for pattern in listed}
    assert [name for name in CURES if not references[name]] == []
    for name in CURES:
        folder = Path(run(site, tmp_path, "reference", "--path", name).strip())
        assert folder.is_relative_to(site.parent / "caches") and (folder / "__main__.py").is_file(), name


def test_the_page_of_a_rule_shows_its_examples(site: Path, tmp_path: Path) -> None:
    assert "kind: model-server" in run(site, tmp_path, "explain", "SRV001").partition("EXAMPLE")[2]
    assert "services:" in run(site, tmp_path, "explain", "DEP044").partition("EXAMPLE")[2]


def test_every_rule_has_the_page_that_it_has_here(site: Path, tmp_path: Path) -> None:
    script = (
        "import json; from archlint.listing import all_packs; from archlint.report.pages import rule_page;"
        " print(json.dumps({pack.id: rule_page(pack) for pack in all_packs()}))"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=tmp_path, env=environment(site), capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(done.stdout) == {pack.id: rule_page(pack) for pack in all_packs()}


def test_what_cannot_be_unpacked_is_one_error(site: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    surroundings = {**environment(site), "XDG_CACHE_HOME": str(tmp_path / "file")}
    command = [sys.executable, "-m", "archlint", "new", "web-single", "project"]
    done = subprocess.run(command, cwd=tmp_path, env=surroundings, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2 and "cannot be unpacked" in done.stderr and "XDG_CACHE_HOME" in done.stderr
    assert "Traceback" not in done.stderr and not (tmp_path / "project").exists()


def test_several_may_unpack_at_once(site: Path, tmp_path: Path) -> None:
    surroundings = {**environment(site), "XDG_CACHE_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "archlint", "reference", "--path", "batch"]
    calls = [subprocess.Popen(command, cwd=tmp_path, env=surroundings, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert len({call.communicate(timeout=60)[0] for call in calls}) == 1
    assert [call.returncode for call in calls] == [0] * 4
    (unpacked,) = (tmp_path / "archlint").iterdir()
    assert (unpacked / "batch" / "arch.yaml").is_file()


def test_what_a_finding_says_to_start_can_be_started(site: Path, tmp_path: Path) -> None:
    shutil.copy(ROOT / "examples" / "failing" / "online-bigsize.yaml", tmp_path / "arch.yaml")
    text = run(site, tmp_path, "check", "arch.yaml")
    named = re.findall(r"archlint reference ([a-z-]+)", text)
    assert named
    for name in named:
        help_text = run(site, tmp_path, "reference", name, "--help")
        assert "usage:" in help_text


def test_a_pattern_starts_from_the_wheel_and_leaves_its_state_here(site: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "archlint.reference", "web-single"]
    out = tmp_path / "out"
    with out.open("w") as stream:
        process = subprocess.Popen(
            command, cwd=tmp_path, env={**environment(site), "SERVE_PORT": "0"}, stdout=stream, stderr=subprocess.STDOUT
        )
    try:
        end = time.monotonic() + 60
        while "listens on http://127.0.0.1:" not in out.read_text():
            assert process.poll() is None and time.monotonic() < end, out.read_text()
            time.sleep(0.05)
        assert (tmp_path / "reference-data" / "web-single" / "iris.skops").is_file()
    finally:
        process.terminate()
        assert process.wait(30) == 0


def test_the_wheel_has_one_name_at_its_top(site: Path) -> None:
    assert [path.name for path in site.iterdir() if path.suffix != ".dist-info" and path.name != "bin"] == ["archlint"]
    assert shipped_folder("reference_impls") == ROOT / "reference_impls"


def test_the_wheel_draws_a_png_with_its_own_font(site: Path, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    example = ROOT / "examples" / "failing" / "single-balancer.yaml"
    run(site, tmp_path, "render", str(example), "-o", "a.png", "--fonts", "none")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert list(site.glob("archlint_ml-*.dist-info/licenses/archlint/diagram/fonts/OFL.txt"))


@pytest.mark.parametrize(("words", "extra"), [(["serve"], "serve"), (["lsp"], "lsp")])
def test_a_command_without_its_libraries_names_what_to_install(site: Path, tmp_path: Path, words: list[str], extra: str) -> None:
    """The test hides all other installed packages but those of a plain install."""
    plain = tmp_path / "plain"
    plain.mkdir()
    for name in ("click", "yaml", "_yaml", "msgspec", "networkx"):
        found = importlib.util.find_spec(name)
        assert found is not None and found.submodule_search_locations is not None
        (plain / name).symlink_to(next(iter(found.submodule_search_locations)))
    command = [sys.executable, "-S", "-c", "from archlint.cli import start; start()", *words]
    surroundings = {**environment(site), "PYTHONPATH": f"{site}{os.pathsep}{plain}"}
    done = subprocess.run(command, cwd=tmp_path, env=surroundings, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr and f"archlint-ml[{extra}]" in done.stderr
