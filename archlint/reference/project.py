"""Make a project of a reference implementation: its folder, what it shares with others, what builds and tests it."""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from string import Template

from archlint.errors import UsageError
from archlint.reference.folders import SHARED, Implementation

_CONFTEST = "conftest"
_PYPROJECT = Template("""\
[project]
name = "$name"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = [
$dependencies
]

[project.optional-dependencies]
dev = [$dev]

[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[tool.setuptools]
packages = [$packages]

[tool.pytest.ini_options]
pythonpath = ["."]
markers = ["xdist_group(name): tests that share a costly server, and so a process"]
""")
_README = Template("""\
# $name

Made by `archlint new $pattern`, from archlint's reference implementation of that pattern:
[$module/README.md]($module/README.md) says when to use it, how it is built and what to change first. All of this is
yours to change.

```sh
python3 -m venv .venv && .venv/bin/pip install -q -e '.[dev]'
.venv/bin/python -m $module                                  # start it
.venv/bin/python -m pytest                                   # test it; a server that is not installed skips its tests
docker build -f $module/Dockerfile -t $name .                # or: docker compose -f $module/compose.yaml up --build
archlint check $module/arch.yaml                             # what it builds, as archlint reads it
```

Where `$module/README.md` says `archlint reference $pattern`, here it is `python -m $module`.
""")


def write_project(implementation: Implementation, target: Path) -> list[str]:
    """Write a project that stands without archlint's checkout, and return what it consists of, relative to it.

    Raises `UsageError` for a target that exists and is not an empty folder: nothing is ever overwritten.
    """
    _check(target)
    name = re.sub(r"[^a-z0-9]+", "-", target.resolve().name.lower()).strip("-") or "service"
    files = _needed_by(implementation)
    packages = sorted({file.parts[0] for file in files if len(file.parts) > 1})
    try:
        for file in files:
            (target / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(implementation.root / file, target / file)
        _place_ci(target, implementation.module)
        values = {"name": name, "pattern": implementation.name, "module": implementation.module}
        (target / "pyproject.toml").write_text(_pyproject(name, packages, target), encoding="utf-8")
        (target / "README.md").write_text(_README.substitute(values), encoding="utf-8")
        (target / ".gitignore").write_text("__pycache__/\n.venv/\n*.egg-info/\nreference-data/\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{target}: cannot be written: {error.strerror}", "choose another folder") from None
    return sorted(path.name + "/" * path.is_dir() for path in target.iterdir())


def _place_ci(target: Path, module: str) -> None:
    """Move what continuous integration runs to where it is looked for."""
    found = target / module / "ci.yaml"
    if found.is_file():
        place = target / ".github" / "workflows"
        place.mkdir(parents=True)
        shutil.move(found, place / found.name)


def _check(target: Path) -> None:
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise UsageError(f"{target} exists and is not an empty folder: it is not overwritten", "name another folder")


def _needed_by(implementation: Implementation) -> list[Path]:
    """The files of its package and of others that it imports or starts, relative to the root; of the kit what is used.

    A part is started by the name of its module, so text that is such a name counts as well as an import.
    """
    root = implementation.root
    modules = {_module_name(path.relative_to(root)): path for path in root.rglob("*.py")}
    needed: set[Path] = set()
    packages: set[str] = set()
    waiting = [implementation.module, _CONFTEST]
    while waiting:
        name = waiting.pop()
        package = name.partition(".")[0]
        if package not in (SHARED, _CONFTEST):
            if package not in packages:
                packages.add(package)
                found = [p for p in (root / package).rglob("*") if p.is_file() and "__pycache__" not in p.parts]
                needed |= set(found)
                waiting += [n for p in found if p.suffix == ".py" for n in _named_in(p) if n in modules]
        elif modules[name] not in needed:
            needed |= {modules[name], *(modules[above] for above in _above(name) if above in modules)}
            waiting += [n for n in _named_in(modules[name]) if n in modules]
    needed |= {path for path in (root / SHARED).rglob("*") if path.suffix in {".conf", ".txt"}}
    return sorted(path.relative_to(root) for path in needed)


def _module_name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _above(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]


def _named_in(path: Path) -> Iterator[str]:
    """Every name in a file that may be one of a module: what is imported, and text that looks like one."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "." in node.value:
            yield node.value


def _pyproject(name: str, packages: list[str], target: Path) -> str:
    listed = [target / package / "requirements.txt" for package in packages]
    lines = (line for file in listed if file.is_file() for line in file.read_text(encoding="utf-8").splitlines())
    needs = sorted({line.strip() for line in lines if line.strip() and not line.startswith(("-r", "#"))})
    tests = target / SHARED / "testing" / "requirements.txt"
    dev = [line for line in tests.read_text().splitlines() if line and not line.startswith("#")]
    return _PYPROJECT.substitute(
        name=name,
        dependencies="\n".join(f'    "{need}",' for need in needs),
        dev=", ".join(f'"{need}"' for need in dev),
        packages=", ".join(f'"{p}"' for p in _packages(packages, target)),
    )


def _packages(packages: list[str], target: Path) -> list[str]:
    inits = (path.parent for package in packages for path in (target / package).rglob("__init__.py"))
    return sorted(".".join(folder.relative_to(target).parts) for folder in inits)
