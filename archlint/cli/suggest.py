"""Suggests the option that a wrong one most likely means; imported only after an error."""

from __future__ import annotations

from typing import Final

import click

from archlint.model.names import Names, is_near

_PEERS: Final[dict[str, tuple[str, ...]]] = {
    "-f": ("--format", "--output-format", "--output", "--json", "--markdown"),
    "--format": ("--output-format", "--output", "--json", "--markdown"),
    "--output-format": ("--format", "--output", "--json", "--markdown"),
    "-o": ("--json",),
    "--output": ("--json",),
    "--output-file": ("--output", "--file"),
    "--out": ("--output", "--file"),
    "--junitxml": ("--output",),
    "--report": ("--output",),
    "-k": ("--select",),
    "--rule": ("--select",),
    "--rules": ("--select",),
    "--only": ("--select",),
    "--enable": ("--select",),
    "--include-checks": ("--select",),
    "--check": ("--select",),
    "--extend-select": ("--select",),
    "--extend-ignore": ("--ignore",),
    "--disable": ("--ignore",),
    "--skip": ("--ignore",),
    "--skip-check": ("--ignore",),
    "--ignore-checks": ("--ignore",),
    "--extend-exclude": ("--exclude",),
    "--exclude-dir": ("--exclude",),
    "--skip-path": ("--exclude",),
    "--ignore-pattern": ("--exclude",),
    "-c": ("--config",),
    "--config-file": ("--config",),
    "--rcfile": ("--config",),
    "--no-config": ("--isolated",),
    "--collect-only": ("--show-files",),
    "--co": ("--show-files",),
    "--list-files": ("--show-files",),
    "--files": ("--show-files",),
    "--stdin-display-name": ("--stdin-filename",),
    "--stdin-file-path": ("--stdin-filename",),
    "--fail-level": ("--fail-on",),
    "--failure-threshold": ("--fail-on",),
    "--max-warnings": ("--fail-on",),
    "--severity": ("--fail-on",),
    "--no-fail": ("--exit-zero",),
    "--soft-fail": ("--exit-zero",),
    "--no-ignore": ("--no-accept",),
    "--disable-noqa": ("--no-accept",),
    "--ignore-noqa": ("--no-accept",),
    "--count": ("--statistics",),
    "--stats": ("--statistics",),
    "--silent": ("--quiet",),
    "-s": ("--quiet",),
    "--colour": ("--color",),
    "--colors": ("--color",),
    "--no-color": ("--color",),
    "--no-colour": ("--color",),
    "--layout": ("--direction",),
    "--node": ("--focus",),
    "--depth": ("--hops",),
    "--rev": ("--git", "--since"),
    "--base": ("--git", "--since"),
}
"""What options of other tools (ruff, pytest, grep, pylint, checkov, hadolint, git, ...) are called here, best first."""
_VALUES: Final = {
    "--no-color": "never", "--no-colour": "never", "--max-warnings": "warning", "--junitxml": "junit:FILE",
}  # fmt: skip
"""The value that makes our option do what the other tool's does."""
_TAKES_FORMAT: Final = ("--output-format", "--format", "--output")
_LEAST_PART: Final = 3


def suggested_option(word: str, command: click.Command) -> str:
    """Return what to write in place of an option that a command does not have; empty if nothing is near.

    For a group, which has few options of its own, this is an option of its command `check`, with the command.
    """
    options = _options(command)
    found = _suggested(word, options, _formats(command))
    if found or not isinstance(command, click.Group):
        return found
    check = command.get_command(click.Context(command), "check")
    if check is None:
        return ""
    own = _options(check)
    found = word if word in own else _suggested(word, own, _formats(check))
    return f"archlint check {found}" if found else ""


def _suggested(word: str, options: list[str], formats: list[str]) -> str:
    for name in _PEERS.get(word, ()):
        if name in options:
            value = _VALUES.get(word, "")
            return f"{name} {value}" if value else name
    bare = word.lstrip("-")
    if len(bare) < _LEAST_PART:
        return ""
    if bare in formats:
        takes = next((name for name in _TAKES_FORMAT if name in options), "")
        return f"{takes} {bare}" if takes else ""
    longer = [name for name in options if name.startswith("--")]
    near = Names(longer).nearest(word)
    if near and is_near(bare, near.lstrip("-")):
        return near
    begun = [name for name in longer if name.startswith(f"--{bare}")]
    named = begun or [name for name in longer if bare in name.lstrip("-").split("-")]
    if named:
        return min(named, key=len)
    return max((name for name in longer if _holds(bare, name.lstrip("-"))), key=len, default="")


def _holds(word: str, name: str) -> bool:
    """Return whether the words of an option are among those of a longer one."""
    parts = word.split("-")
    return len(name) >= _LEAST_PART and all(part in parts for part in name.split("-")) and not word.startswith("no-")


def _options(command: click.Command) -> list[str]:
    context = click.Context(command)
    return [name for param in command.get_params(context) if isinstance(param, click.Option) for name in param.opts]


def _formats(command: click.Command) -> list[str]:
    """Return the formats that a command writes."""
    if command.name == "check":
        from archlint.report import FORMATS

        return list(FORMATS)
    if command.name == "diff":
        from archlint.cli.diff import FORMATS as COMPARED

        return list(COMPARED)
    if command.name == "drift":
        from archlint.cli.drift import FORMATS as OF_DRIFT

        return list(OF_DRIFT)
    if command.name == "render":
        from archlint.diagram.formats import NAMES

        return list(NAMES)
    return []
