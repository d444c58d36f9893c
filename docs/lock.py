"""Write `reference_impls/requirements.lock`: one version of each library that the reference implementations use.

`python docs/lock.py` resolves the versions again with uv, for every platform; `archlint new` copies the versions that
one project needs.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent / "reference_impls"
LOCK = ROOT / "requirements.lock"
HEAD = "# Written by docs/lock.py. Each version was resolved together with the others, for every platform.\n"


def resolve() -> str:
    """Return the lock of all requirements, as written by `uv pip compile`, without the files that require each."""
    files = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("requirements*.txt"))
    words = ["--universal", "--python-version", "3.11", "--annotation-style", "split", "--no-header", "--quiet"]
    command = [sys.executable, "-m", "uv", "pip", "compile", *words, "--no-emit-index-url", *files]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"docs/lock.py: uv cannot resolve the requirements:\n{done.stderr}")
    return HEAD + _without_files(done.stdout)


def _without_files(text: str) -> str:
    """Remove `-r FILE`, and each `# via` that has no lines left below it."""
    lines = [line for line in text.splitlines() if "-r " not in line]
    kept = [line for line, after in zip(lines, [*lines[1:], ""], strict=True)
            if line.strip() != "# via" or after.startswith("    #   ")]  # fmt: skip
    return "\n".join(kept) + "\n"


def main() -> None:
    """Write the lock."""
    LOCK.write_text(resolve(), encoding="utf-8")
    print(f"wrote {LOCK.name}: {sum(line[:1].isalnum() for line in LOCK.read_text().splitlines())} libraries")


if __name__ == "__main__":
    main()
