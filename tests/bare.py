"""The README's two commands on a machine with Python and nothing else: `python3 tests/bare.py` (arguments go to pytest).

Copies the committed state, hides every font, leaves only Python and coreutils on PATH, and runs the commands of the
README's first screen. Needs Linux, git, and root or user namespaces; without them, it exits with status 3 and the reason.
`--python PATH` uses this interpreter instead of the one that runs the script. `--all` runs everything. By default, only tests run that use fonts or programs of the machine, and neither ruff nor mypy
nor the layers contract: what they find does not depend on the machine.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FONTS = ("/usr/share/fonts", "/usr/local/share/fonts", "/usr/share/fontconfig", "/etc/fonts")
ROOMS = ("tests/cli/test_render.py", "tests/cli/test_other_commands.py", "tests/compare/test_library.py", "tests/diagram/test_formats.py",
         "tests/diagram/test_raster.py", "tests/diagram/test_typefaces.py", "tests/examples", "tests/gate", "tests/report/test_text.py",
         "tests/docs")  # fmt: skip
COREUTILS = """[ arch b2sum base32 base64 basename cat chgrp chmod chown cksum comm cp csplit cut date dd df dir dircolors
dirname du echo env expand expr factor false fmt fold groups head hostid id install join link ln logname ls md5sum mkdir
mkfifo mknod mktemp mv nice nl nohup nproc numfmt od paste pathchk pr printenv printf ptx pwd readlink realpath rm rmdir
sha1sum sha256sum sha512sum shred shuf sleep sort split stat stdbuf stty sum sync tac tail tee test timeout touch tr true
truncate tsort tty uname unexpand uniq unlink users vdir wc who whoami yes sh""".split()
NOT_HERE = 3
WITHOUT_LINTERS = "ARCHLINT_WITHOUT_LINTERS"      # read by tests/run.py


def commands(readme: str) -> tuple[str, str]:
    """The two commands of the README's first screen: the check of a file, and the run of all tests.

    >>> commands("```sh\\npython3 -m venv .venv && .venv/bin/archlint check a.yaml\\npython3 tests/run.py\\n```")
    ('python3 -m venv .venv && .venv/bin/archlint check a.yaml', 'python3 tests/run.py')
    """
    lines = [line.split("  #")[0].strip() for block in re.findall(r"```sh\n(.*?)```", readme, re.S)
             for line in block.splitlines()]  # fmt: skip
    check = next(line for line in lines if "-m venv" in line and "archlint check" in line)
    return check, next(line for line in lines if line.startswith("python3 tests/run.py"))


def hidden() -> list[str]:
    """The prefix of a command that hides all fonts from it; raises `SystemExit` if that is impossible."""
    unshare, mount = shutil.which("unshare"), shutil.which("mount")
    words = [unshare or "", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    if unshare is None or mount is None or subprocess.run([*words, "true"], check=False, capture_output=True).returncode != 0:
        print("tests/bare.py: needs unshare and mount of util-linux, and root or user namespaces", file=sys.stderr)
        raise SystemExit(NOT_HERE)
    there = [folder for folder in FONTS if Path(folder).is_dir()]
    cover = "".join(f"{mount} -t tmpfs none {folder} && " for folder in there)
    return [*words, "sh", "-c", f'{cover}exec "$@"', "sh"]


def programs(folder: Path, python: Path) -> Path:
    """A folder with links to Python and coreutils, as the only one on PATH."""
    folder.mkdir()
    for name in COREUTILS:
        found = shutil.which(name)
        if found:
            (folder / name).symlink_to(found)
    (folder / "python3").symlink_to(python)
    return folder


def interpreter(words: list[str]) -> Path:
    """The interpreter that `--python` names, which is taken out of the words; by default, the one that runs this script.

    >>> words = ["--python", "/usr/bin/../bin/python3.12", "-k", "flow"]
    >>> str(interpreter(words)).startswith("/usr/bin/python3"), words
    (True, ['-k', 'flow'])
    """
    if "--python" not in words:
        return Path(sys._base_executable if hasattr(sys, "_base_executable") else sys.executable).resolve()
    at = words.index("--python")
    if at + 1 == len(words):
        raise SystemExit("tests/bare.py: --python needs the path of an interpreter")
    python = Path(words[at + 1]).resolve()
    del words[at : at + 2]
    return python


def main() -> None:
    """Clone, hide the fonts, and run both commands."""
    words = [word for word in sys.argv[1:] if word != "--all"]
    python = interpreter(words)
    if not os.access(python, os.X_OK):
        raise SystemExit(f"tests/bare.py: {python} is no interpreter")
    rooms = words if words or "--all" in sys.argv else [room for room in ROOMS if (ROOT / room).exists()]
    before = hidden()
    with tempfile.TemporaryDirectory(prefix="archlint-bare-") as name:
        folder = Path(name)
        clone, home = folder / "archlint", folder / "home"
        committed = subprocess.run(["git", "-c", "safe.directory=*", "archive", "HEAD"], cwd=ROOT, check=True, stdout=subprocess.PIPE)
        with tarfile.open(fileobj=BytesIO(committed.stdout)) as archive:
            archive.extractall(clone, filter="data")
        home.mkdir()
        kept = {key: value for key, value in os.environ.items() if key.startswith(("PIP_", "SSL_", "HTTP", "NO_PROXY"))}
        kept.setdefault("PIP_CACHE_DIR", str(Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "pip"))
        if "--all" not in sys.argv:
            kept[WITHOUT_LINTERS] = "1"
        bare = {**kept, "PATH": str(programs(folder / "bin", python)), "HOME": str(home), "LANG": "C.UTF-8",
                "MYPY_CACHE_DIR": str(ROOT / ".mypy_cache")}  # fmt: skip
        check, test = commands((clone / "README.md").read_text(encoding="utf-8"))
        for line, wanted in ((check, (0, 1)), (" ".join([test, *rooms]), (0,))):
            print(f"== bare: {line}", flush=True)
            status = subprocess.run([*before, "sh", "-c", line], cwd=clone, env=bare, check=False).returncode
            if status not in wanted:
                raise SystemExit(f"tests/bare.py: `{line}` ended with {status}")


if __name__ == "__main__":
    main()
