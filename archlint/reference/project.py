"""Makes a project from a reference implementation: its folder, shared code, and files to build and test it."""

from __future__ import annotations

import ast
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from string import Template

from archlint.about import DISTRIBUTION, install_command
from archlint.errors import UsageError
from archlint.reference.folders import SHARED, Implementation
from archlint.reference.needs import Requirement, lock_of, names_used, needed, read_requirements
from archlint.reference.texts import HOME, aligned, for_project
from archlint.source.files import keep_inside
from archlint.writing import write_file

MANIFESTS = "kubernetes"
"""The folder of an implementation with its manifests for Kubernetes."""
_CONFTEST = "conftest"
_LOCK = "requirements.lock"
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

`archlint new $pattern` created this project from archlint's reference implementation of that pattern.
[$module/README.md]($module/README.md) says when to use it, how it is built and what to change first. All of this is
yours to change.

```sh
python3 -m venv .venv && .venv/bin/pip install -q -c requirements.lock -e '.[dev]'
.venv/bin/python -m $module                                  # start it
.venv/bin/python -m pytest                                   # test it; tests skip where a server is not installed
docker build -f $module/Dockerfile -t $name .                # or: docker compose -f $module/compose.yaml up --build
archlint check $module/arch.yaml                             # check its architecture: $install
$deploy```

`requirements.lock` pins every library. To renew it:
`uv pip compile --universal --all-extras --upgrade pyproject.toml -o requirements.lock`.
""")
_DEPLOY = Template("""\
kubectl apply -f $module/$manifests                          # after the images are where your cluster finds them
archlint drift $module/arch.yaml $module/$manifests          # is it deployed as it is described?
""")
_CI = Template("""\
name: ci
on:
  push: {branches: [main]}
  pull_request: {}
permissions: {contents: read}
concurrency: {group: "$${{ github.workflow }}-$${{ github.ref }}", cancel-in-progress: true}
jobs:
  test:
    name: test
    runs-on: ubuntu-latest
    timeout-minutes: 15
    steps:
      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683       # v4.2.2
        with: {persist-credentials: false}
      - uses: actions/setup-python@a26af69be951a213d495a4c3e4e4022e16d87065   # v5.6.0
        with: {python-version: "3.11"}
      - run: pip install -c requirements.lock -e '.[dev]'
      - run: python -m pytest
      - run: docker build -f $module/Dockerfile -t $name .
      - run: pipx run --spec $distribution archlint check $module/arch.yaml
""")


def write_project(implementation: Implementation, target: Path, kubernetes: bool = False) -> list[str]:
    """Write a self-contained project, and return its files and folders, relative to it.

    Raises `UsageError` if the target exists and is not an empty folder: nothing is ever overwritten; and if manifests
    for Kubernetes are asked for, and the implementation has none. The project is written next to the target and then
    renamed, so that a failure leaves no partial project.
    """
    _check(target)
    if kubernetes and not (implementation.folder / MANIFESTS).is_dir():
        raise UsageError(f"`{implementation.name}` has no manifests for Kubernetes", "omit --kubernetes")
    place = Path(keep_inside(target))
    part = place.with_name(f".archlint-{os.urandom(6).hex()}.part")
    try:
        part.mkdir(parents=True)
        _write_parts(implementation, part, place.name, kubernetes)
        if place.exists():
            place.rmdir()  # empty; Windows cannot rename over it
        part.rename(place)
    except OSError as error:
        raise UsageError(f"{target}: cannot be written: {error.strerror}", "choose another folder") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return sorted(path.name + "/" * path.is_dir() for path in target.iterdir())


def _write_parts(implementation: Implementation, target: Path, project: str, kubernetes: bool) -> None:
    """Write all files of a project into a folder; raises `OSError`."""
    name = re.sub(r"[^a-z0-9]+", "-", project.lower()).strip("-") or "service"
    files = [file for file in _needed_by(implementation) if MANIFESTS not in file.parts]
    packages = sorted({file.parts[0] for file in files if len(file.parts) > 1})
    _copy(implementation.root, files, target)
    services, tests = _requirements(packages, target)
    _narrow(target / SHARED / "requirements.txt", services)
    _narrow(target / SHARED / "testing" / "requirements.txt", tests)
    whole = (implementation.root / _LOCK).read_text(encoding="utf-8")
    locked = lock_of(whole, [one.distribution for one in (*services, *tests)])
    if kubernetes:
        _write_manifests(implementation, target, name)
    values = {
        "deploy": _DEPLOY.substitute(module=implementation.module, manifests=MANIFESTS) if kubernetes else "",
        "name": name, "pattern": implementation.name, "module": implementation.module, "distribution": DISTRIBUTION,
        "install": install_command(),
        "dependencies": "\n".join(f'    "{one.text}",' for one in services),
        "dev": ", ".join(f'"{one.text}"' for one in tests),
        "packages": ", ".join(f'"{p}"' for p in _packages(packages, target)),
    }  # fmt: skip
    written = {
        _LOCK: locked,
        "pyproject.toml": _PYPROJECT.substitute(values),
        "README.md": aligned(_README.substitute(values)),
        ".github/workflows/ci.yaml": _CI.substitute(values),
        ".gitignore": "__pycache__/\n.venv/\n*.egg-info/\nreference-data/\n",
    }
    for place, text in written.items():
        (target / place).parent.mkdir(parents=True, exist_ok=True)
        write_file(target / place, text.encode())


def _write_manifests(implementation: Implementation, target: Path, name: str) -> None:
    """Copy the manifests, with the project's name in images and labels."""
    folder = target / implementation.module / MANIFESTS
    folder.mkdir()
    named = re.compile(rf"(image: |part-of: |-t ){re.escape(implementation.name)}(?=[-:}}])")
    for file in (implementation.folder / MANIFESTS).iterdir():
        text = file.read_text(encoding="utf-8")
        (folder / file.name).write_text(named.sub(rf"\g<1>{name}", text), encoding="utf-8")


def _copy(root: Path, files: list[Path], target: Path) -> None:
    """Copy files, with texts that fit the project."""
    inside = [PurePosixPath(file.as_posix()) for file in files]
    for file, place in zip(files, inside, strict=True):
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / file, target / file)
        raw = (root / file).read_bytes()
        if place.suffix == ".md" or HOME.encode() in raw:
            (target / file).write_bytes(for_project(raw.decode(), place, inside).encode())


def _check(target: Path) -> None:
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise UsageError(f"{target} exists and is not an empty folder: it is not overwritten", "name another folder")


def _needed_by(implementation: Implementation) -> list[Path]:
    """Return the files that it imports or starts, relative to the root: its package, others, and parts of the kit.

    Parts are started by the name of their module, so a text with such a name is treated like an import.
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
    texts = [path.read_bytes() for path in needed]
    configs = (root / SHARED).rglob("*.conf")
    needed |= {path for path in configs if any(path.name.encode() in text for text in texts)}
    needed |= set((root / SHARED).rglob("requirements.txt"))
    return sorted(path.relative_to(root) for path in needed)


def _module_name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _above(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]


def _named_in(path: Path) -> Iterator[str]:
    """Return every possible name of a module in a file: imports, and text that looks like a module name."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "." in node.value:
            yield node.value


def _requirements(packages: list[str], target: Path) -> tuple[list[Requirement], list[Requirement]]:
    """Return the shared requirements that the copied services use, and those that only their tests use."""
    scripts = [path for package in packages for path in (target / package).rglob("*.py")]
    is_test = {path: path.name.startswith("test_") or "testing" in path.parts for path in scripts}
    shared = read_requirements((target / SHARED / "requirements.txt").read_text(encoding="utf-8"))
    services = needed(shared, names_used(path for path in scripts if not is_test[path]))
    for package in packages:
        own = target / package / "requirements.txt"
        if package != SHARED and own.is_file():
            services += read_requirements(own.read_text(encoding="utf-8"))
    of_tests = read_requirements((target / SHARED / "testing" / "requirements.txt").read_text(encoding="utf-8"))
    used_by_tests = names_used(path for path in scripts if is_test[path] and path.name != "servers.py")
    tests = needed([*of_tests, *shared], used_by_tests)
    unique = {one.distribution: one for one in sorted(services)}
    beside = {one.distribution: one for one in sorted(tests) if one.distribution not in unique}
    return list(unique.values()), list(beside.values())


def _narrow(file: Path, kept: list[Requirement]) -> None:
    """Remove from a requirements file, which container files install, all but the kept ones.

    Its comments are removed too: they are for `archlint new`.
    """
    names = {one.distribution for one in kept}
    own = read_requirements(file.read_text(encoding="utf-8"))
    file.write_text("".join(f"{one.text}\n" for one in own if one.distribution in names), encoding="utf-8")


def _packages(packages: list[str], target: Path) -> list[str]:
    inits = (path.parent for package in packages for path in (target / package).rglob("__init__.py"))
    return sorted(".".join(folder.relative_to(target).parts) for folder in inits)
