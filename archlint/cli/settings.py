"""What the commands about changed versions share: the option `--set`, and the file that they read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import click

from archlint.changing import Setting, parse_setting
from archlint.cli.check import split_words
from archlint.cli.complete import complete_formats, complete_rule_words, complete_setting
from archlint.cli.outputs import keep_what_is_read
from archlint.cli.streams import read_stdin
from archlint.errors import UsageError
from archlint.explore.variants import Variants
from archlint.linter import Options
from archlint.targets import STDIN

Command = TypeVar("Command", bound=Callable[..., None])


def read_settings(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[Setting, ...]:
    """Return the settings of a call."""
    return tuple(map(parse_setting, values))


setting = click.option(
    "--set", "settings", multiple=True, metavar="PATH=VALUE", callback=read_settings, shell_complete=complete_setting,
    help="Set a fact, such as components.api.replicas=6; null removes it; repeatable.",
)  # fmt: skip
file = click.argument(
    "path", type=click.Path(path_type=Path, allow_dash=True, readable=False), required=False, metavar="[FILE]",
    default=Path("arch.yaml"),
)  # fmt: skip
system = click.option(
    "--system", metavar="NAME", default="", help="Take this system of a file that describes several, by name or number."
)
select = click.option(
    "--select", metavar="RULES", shell_complete=complete_rule_words, callback=split_words, multiple=True,
    help="Run these rules only.",
)  # fmt: skip
ignore = click.option(
    "--ignore", metavar="RULES", shell_complete=complete_rule_words, callback=split_words, multiple=True,
    help="Leave these rules out as well.",
)  # fmt: skip
color = click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colour the output."
)


def split_outputs(formats: tuple[str, ...]) -> Callable[..., tuple[tuple[str, str], ...]]:
    """Return a callback that splits `FORMAT[:FILE]`; without a file, or with `-`, it is standard output."""

    def split(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        found: list[tuple[str, str]] = []
        for value in values:
            name, _, target = value.partition(":")
            target = "" if target == "-" else target
            if name not in formats:
                raise click.BadParameter(f"there is no format `{name}`; formats: {', '.join(formats)}", ctx, param)
            if any(target == other for _, other in found):
                where = target or "standard output"
                raise click.BadParameter(f"two outputs go to {where}; name a file for one", ctx, param)
            found.append((name, target))
        return tuple(found) or (("text", ""),)

    return split


def outputs(*formats: str) -> Callable[[Command], Command]:
    """Return the option for the formats of a command, the first by default."""
    return click.option(
        "--output", "-o", "outputs", metavar="FORMAT[:FILE]", callback=split_outputs(formats), multiple=True,
        shell_complete=complete_formats(formats),
        help=f"Write this format ({', '.join(formats)}), to a file if one is named; repeatable.",
    )  # fmt: skip


def keep_inputs(given: tuple[tuple[str, str], ...], path: Path, config: Path | None, read: Iterable[str] = ()) -> None:
    """Raise `UsageError` if an output would overwrite a file that the call reads."""
    for _, target in given:
        if target:
            named = [str(config)] if config is not None else []
            keep_what_is_read(target, (str(path), *read), named, done="read")


def shown_name(path: Path) -> str:
    """Return the name of the file in outputs."""
    return STDIN if str(path) == "-" else str(path)


def variants_of(path: Path, options: Options) -> Variants:
    """Read the file of a call, or standard input for `-`."""
    if path.is_dir():
        raise UsageError(f"{path} is a folder", "name one architecture file")
    if str(path) == "-":
        return Variants.read(Path(STDIN), options, read_stdin())
    return Variants.read(path, options)
