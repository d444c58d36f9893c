"""Rewrites the texts of a reference implementation for a project: how to start it, and where its links lead."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection
from pathlib import PurePosixPath

from archlint.about import DISTRIBUTION, TREE

HOME = "reference_impls"
"""The folder of the implementations in archlint's repository."""
_START = re.compile(
    r"From a clone of archlint, (?P<python>[^\n]*):\n\n"
    r"```sh\n[^\n]* && (?P<command>[^\n]*)\n```\n\nWithout a clone: [^\n]*\n"
)
_HERE = "the project's folder"
_INSTALL = "python3 -m venv .venv && .venv/bin/pip install -q -c requirements.lock -e '.[dev]'"
_COMMAND = re.compile(r"(?P<bin>\.venv/bin/)?archlint reference (?P<name>[a-z][a-z-]*)")
_NEW = re.compile(r" `archlint new [^`]*` creates a project from it\.")
_LINK = re.compile(r"(?<=\]\()(?P<path>[^)#\s]+)(?=[)#])")
_SHELL = re.compile(r"(?<=```sh\n).*?(?=^```$)", re.DOTALL | re.MULTILINE)
_COMMENTED = re.compile(r"(?P<code>.*?\S)\s+(?P<comment># .*)")


def for_project(text: str, file: PurePosixPath, files: Collection[PurePosixPath]) -> str:
    """Return the text of a file as a project has it; `files` are all files of the project, relative to it."""
    packages = {one.parts[0] for one in files if len(one.parts) > 1}
    text = text.replace(f"from `{HOME}`", f"from {_HERE}").replace(f"{HOME}/", "").replace("../.venv/", ".venv/")
    if file.suffix != ".md":
        return text
    text = _START.sub(rf"From {_HERE}, \g<python>:\n\n```sh\n{_INSTALL}\n\g<command>\n```\n", text)
    text = _NEW.sub("", text).replace("from a clone", f"from {_HERE}")
    text = _COMMAND.sub(lambda found: _command(found, packages), text)
    within = {path for one in files for path in (one, *one.parents)}
    return aligned(_LINK.sub(lambda found: _link(found["path"], file.parent, within), text))


def _command(found: re.Match[str], packages: Collection[str]) -> str:
    module = found["name"].replace("-", "_")
    if module in packages:
        return f"{found['bin'] or ''}python -m {module}"
    return f"pipx run --spec '{DISTRIBUTION}[reference]' archlint reference {found['name']}"


def _link(link: str, folder: PurePosixPath, within: Collection[PurePosixPath]) -> str:
    """Return a link that works in the project: to one of its files, or to archlint's repository."""
    if ":" in link or PurePosixPath(posixpath.normpath(folder / link)) in within:
        return link
    return f"{TREE}/{posixpath.normpath(HOME / folder / link)}"


def aligned(text: str) -> str:
    r"""Align the comments behind commands, in each shell block of a Markdown text.

    >>> print(aligned("```sh\nls   # list\npython -m x # start\n```\n"), end="")
    ```sh
    ls           # list
    python -m x  # start
    ```
    """
    return _SHELL.sub(lambda block: _aligned(block[0]), text)


def _aligned(block: str) -> str:
    lines = block.split("\n")
    matches = ((at, _COMMENTED.fullmatch(line)) for at, line in enumerate(lines))
    found = {at: match for at, match in matches if match and _whole(match["code"])}
    width = max((len(match["code"]) for match in found.values()), default=0)
    for at, match in found.items():
        lines[at] = f"{match['code']:<{width}}  {match['comment']}"
    return "\n".join(lines)


def _whole(code: str) -> bool:
    """Whether the code ends outside of quotes."""
    return not code.count("'") % 2 and not code.count('"') % 2
