"""Starts each reference implementation, runs the commands of its README under "Try", and stops it.

`python benchmarks/readmes.py [NAME …]` takes about two minutes for all of them; `tests/reference/test_readmes.py` runs
some. A comment such as `# 422, with the reason` after a request is the status that the answer must have.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
if not __package__:
    sys.path[:0] = [str(ROOT), str(ROOT / "reference_impls")]

from kit.testing.service import start  # noqa: E402

_PATIENCE_S: Final = 180
_CHANGE_S: Final = 60
_TIMED_OUT: Final = 124                            # the status of `timeout` if it ended its command
_BLOCK: Final = re.compile(r"```sh\n(.*?)```", re.DOTALL)
_PROMISED: Final = re.compile(r"#.*?\b([2345]\d\d)\b")
_PLACEHOLDER: Final = re.compile(r"…|\bID\b|\bVERSION\b|reference load-test|SERVE_\w+=\S+ |(?i:airflow)")
_FUNCTION: Final = re.compile(r"\w+\(\)")
_TOKENS: Final = re.compile(r"SERVE_ADMIN_TOKENS='(.*?)'")
_REGISTRY: Final = re.compile(r"registry\D*?(http://[\w.:]+)")


class BrokenReadmeError(AssertionError):
    """A command that does not do what its README says."""


def commands(readme: str) -> list[str]:
    """Return the commands under "Try"; a command may span lines, as in a shell.

    >>> commands("## Try\\n\\n```sh\\ncurl -s x \\\\\\n  -d '{\\n}'\\nls\\n```\\n")
    ["curl -s x \\\\\\n  -d '{\\n}'", 'ls']
    """
    found: list[str] = []
    part = ""
    for block in _BLOCK.findall(readme.partition("\n## Try\n")[2].partition("\n## ")[0] if "\n## Try\n" in readme
                                else readme.partition("## Try\n")[2].partition("\n## ")[0]):  # fmt: skip
        for line in block.splitlines():
            part = f"{part}\n{line}" if part else line
            if part.strip() and _is_complete(part):
                found.append(part)
                part = ""
    return found


def _is_complete(text: str) -> bool:
    done = subprocess.run(["bash", "-n", "-c", text], capture_output=True, check=False, text=True)
    return done.returncode == 0 and not done.stderr and not text.rstrip().endswith("\\")


def tried(name: str, folder: Path) -> int:
    """Start a pattern, run its commands, and stop it; return how many ran. Raises `BrokenReadmeError`.

    Commands with a placeholder, which a reader fills in, are left out, and those with Airflow, which the tests of batch
    install.
    """
    module = name.replace("-", "_")
    readme = (ROOT / "reference_impls" / module / "README.md").read_text(encoding="utf-8")
    data = folder / "reference-data" / name            # as `archlint reference` sets it
    (folder / "README.md").write_text(readme)
    ran = 0
    with start(folder, module, data_dir=data, **_settings(readme, module)) as service:
        address = service.url.removeprefix("http://")
        binaries = folder / ".venv"
        binaries.symlink_to(Path(sys.prefix))
        aliases = "shopt -s expand_aliases\n"         # bash expands those of the lines before
        if registry := _REGISTRY.search(service.output):
            aliases += f"R={registry[1]}\n"
        for command in commands(readme):
            if _PLACEHOLDER.search(command):
                continue
            here = command.replace("localhost:8000", address).replace("127.0.0.1:8000", address)
            if here.startswith("alias ") or _FUNCTION.match(here):
                aliases += f"{here}\n"
                continue
            _run(here, folder, aliases)
            ran += 1
        if service.stop() != 0:
            raise BrokenReadmeError(f"{name} ended with status {service.process.returncode}:\n{service.errors}")
    return ran


def _settings(readme: str, module: str) -> dict[str, str | float]:
    """Return the settings that a README tells its reader to make before the commands."""
    tokens = _TOKENS.search(readme)
    faster: dict[str, str | float] = {"watch_s": 0.1} if module == "parameter_based" else {}
    return faster | ({"admin_tokens": tokens[1]} if tokens else {})


def _run(command: str, folder: Path, aliases: str) -> None:
    promised = _PROMISED.search(command.splitlines()[-1])
    probe = command
    if promised and command.startswith(("curl ", "change ")):
        probe = command[: command.rindex("#")] + " -o /dev/null -w '%{http_code}'"
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    end = time.monotonic() + _CHANGE_S
    while True:
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", aliases + probe], cwd=folder, env=environment, capture_output=True,
            text=True, timeout=_PATIENCE_S, check=False,
        )  # fmt: skip
        if promised is None or probe is command or done.stdout[-3:] == promised[1] or time.monotonic() > end:
            break
        time.sleep(0.2)                                # what an earlier command changed may take effect later
    hangs_up = command.startswith("timeout ") and done.returncode == _TIMED_OUT
    if done.returncode != 0 and not hangs_up:
        raise BrokenReadmeError(f"{command}\nended with status {done.returncode}:\n{done.stdout}{done.stderr}")
    if promised and probe is not command and done.stdout[-3:] != promised[1]:
        raise BrokenReadmeError(f"{command}\ngot {done.stdout[-3:]}, not {promised[1]}")


def main(names: list[str]) -> int:
    """Try the named patterns, or all, and report those that fail."""
    folders = sorted(path.parent.name for path in (ROOT / "reference_impls").glob("*/__main__.py"))
    failed = 0
    for name in names or [folder.replace("_", "-") for folder in folders if folder != "load_test"]:
        with tempfile.TemporaryDirectory(prefix="archlint-readme-") as folder:
            try:
                print(f"{name}: {tried(name, Path(folder))} commands", flush=True)
            except (AssertionError, subprocess.TimeoutExpired) as error:
                failed += 1
                print(f"{name}: {error}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
