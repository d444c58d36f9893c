"""A wrong option suggests the right one, in every command."""

from __future__ import annotations

import click
import pytest

from archlint.cli.app import COMMANDS, app, run_app
from archlint.cli.suggest import _PEERS, suggested_option
from archlint.errors import UsageError

COMMAND_NAMES = [name for name in COMMANDS if name != "reference"]
"""`reference` passes unknown options on to the implementation that it starts."""


def command_named(name: str) -> click.Command:
    found = app.get_command(click.Context(app), name)
    assert found is not None
    return found


def long_options(command: click.Command) -> list[str]:
    return [
        name for param in command.get_params(click.Context(command)) if isinstance(param, click.Option)
        for name in param.opts if name.startswith("--")
    ]  # fmt: skip


def typos(option: str) -> list[str]:
    """The option with a letter left out, doubled, and swapped with the next, in its middle."""
    at = len(option) // 2 + 1
    return [
        option[:at] + option[at + 1 :], option[:at] + option[at] + option[at:],
        option[:at] + option[at + 1 : at + 2] + option[at] + option[at + 2 :],
    ]  # fmt: skip


@pytest.mark.parametrize("name", COMMAND_NAMES)
def test_a_typo_of_any_option_suggests_that_option(name: str) -> None:
    command = command_named(name)
    options = long_options(command)
    for option in options:
        for typo in typos(option):
            if typo not in options and len(option) > len("--git"):
                assert suggested_option(typo, command) == option, typo


@pytest.mark.parametrize("name", COMMAND_NAMES)
def test_the_first_and_the_last_words_of_an_option_suggest_an_option_that_holds_them(name: str) -> None:
    command = command_named(name)
    options = long_options(command)
    for option in options:
        words = option.removeprefix("--").split("-")
        for part in {f"--{words[0]}", f"--{words[-1]}"} - {*options, *_PEERS}:
            if len(part) > len("--of"):
                assert part.removeprefix("--") in suggested_option(part, command).replace(" ", "-").split("-"), part


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("check --format json", "--output-format"), ("check -f json", "--output-format"),
        ("--format json", "archlint check --output-format"), ("--selct SRV", "archlint check --select"),
        ("check --json", "--output-format json"), ("check --sarif", "--output-format sarif"),
        ("diff --markdown a b", "--output markdown"), ("diff -f json a b", "--output"),
        ("render --svg", "--format svg"), ("render --output-format svg", "--format"),
        ("rules --format json", "--json"), ("technologies -o json", "--json"), ("explain -f markdown SRV001", "--markdown"),
        ("check --disable SRV001", "--ignore"), ("check --extend-select SRV", "--select"), ("check -k SRV", "--select"),
        ("check --collect-only", "--show-files"), ("check --exclude-dir old", "--exclude"),
        ("baseline --extend-exclude old", "--exclude"), ("check -c archlint.toml", "--config"),
        ("check --no-color", "--color never"), ("check --max-warnings 0", "--fail-on warning"),
        ("check --count", "--statistics"), ("check --silent", "--quiet"), ("check --filename a.yaml", "--stdin-filename"),
        ("baseline --output-file x.jsonl", "--file"), ("diff --rev main", "--git"),
    ],
)  # fmt: skip
def test_the_name_that_another_tool_uses_suggests_ours(call: str, expected: str) -> None:
    with pytest.raises(UsageError) as caught:
        run_app(call.split())
    assert caught.value.hint == f"did you mean `{expected}`?"


@pytest.mark.parametrize("call", ["check --max-line-length 3", "check -z", "init --django", "render --ext yaml"])
def test_an_option_that_resembles_none_suggests_none(call: str) -> None:
    with pytest.raises(UsageError) as caught:
        run_app(call.split())
    assert caught.value.hint == f"see `archlint {call.split(maxsplit=1)[0]} --help`"


def test_each_suggestion_for_a_name_of_another_tool_is_an_option_of_some_command() -> None:
    known = {option for name in COMMANDS for option in long_options(command_named(name))}
    assert {option for options in _PEERS.values() for option in options} <= known


def test_an_option_without_its_value_names_the_help_of_its_command() -> None:
    with pytest.raises(UsageError) as caught:
        run_app(["check", "--select"])
    assert caught.value.hint == "see `archlint check --help`"
