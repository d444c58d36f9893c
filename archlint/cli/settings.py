"""What the commands about changed versions share: the option `--set`, and the file that they read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final, TypeVar

import click

from archlint.changing import Setting, parse_setting
from archlint.cli.check import split_words
from archlint.cli.complete import complete_formats, complete_rule_words, complete_setting
from archlint.cli.options import InputPath
from archlint.cli.outputs import keep_what_is_read, say
from archlint.cli.streams import read_stdin
from archlint.errors import UsageError
from archlint.explore.variants import Variants
from archlint.linter import Options
from archlint.reading import Source, read_source
from archlint.targets import STDIN

DEFAULT: Final = Path("arch.yaml")
Command = TypeVar("Command", bound=Callable[..., None])


def read_settings(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[Setting, ...]:
    """Return the settings of a call."""
    return tuple(map(parse_setting, values))


setting = click.option(
    "--set", "settings", multiple=True, metavar="PATH=VALUE", callback=read_settings, shell_complete=complete_setting,
    help="Set a fact, such as components.api.replicas=6; null removes it; repeatable.",
)  # fmt: skip
file = click.argument(
    "paths", type=InputPath(allow_dash=True), nargs=-1, metavar="[PATH]...",
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


def keep_inputs(
    given: tuple[tuple[str, str], ...], paths: Iterable[Path], config: Path | None, read: Iterable[str] = ()
) -> None:
    """Raise `UsageError` if an output would overwrite a file that the call reads."""
    for _, target in given:
        if target:
            named = [str(config)] if config is not None else []
            keep_what_is_read(target, (*map(str, paths), *read), named, done="read")


def shown_name(paths: Sequence[Path]) -> str:
    """Return the name of the input in outputs."""
    if is_stdin(paths):
        return STDIN
    return ", ".join(map(str, paths)) or str(DEFAULT if DEFAULT.is_file() else Path())


def is_stdin(paths: Sequence[Path]) -> bool:
    """Whether a call names standard input; raises `UsageError` if it names other inputs too."""
    found = any(str(path) == "-" for path in paths)
    if found and len(paths) > 1:
        raise UsageError("standard input (`-`) is one system", "name it alone")
    return found


def source_of(paths: Sequence[Path], options: Options, system: str) -> Source:
    """Read the one system of a call: of files, a folder, or standard input for `-`; by default, that of `arch.yaml`.

    Notes and files that cannot be read are printed.
    """
    if is_stdin(paths):
        source = read_source((Path(STDIN),), options, read_stdin(), system)
    else:
        default = DEFAULT if DEFAULT.is_file() else Path()
        source = read_source(paths or (default,), options, None, system)
    for error in source.errors:
        say(f"error: {error.message}" + (f"\n  hint: {error.hint}" if error.hint else ""))
    for note in source.notes:
        say(f"note: {note}")
    return source


def variants_of(paths: Sequence[Path], options: Options) -> Variants:
    """Read the system of a call, to be changed."""
    return Variants.of_source(source_of(paths, options, options.system), options)
