"""`archlint diff`."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import Final

import click

from archlint.cli.check import split_words
from archlint.cli.complete import complete_formats, complete_rule_words
from archlint.cli.options import InputPath
from archlint.cli.options import allow_code as allow_code_option
from archlint.cli.options import config as config_option
from archlint.cli.outputs import keep_what_is_read, save, write_output
from archlint.cli.permission import allows_code
from archlint.cli.streams import write_bytes
from archlint.cli.terminal import use_color, width
from archlint.compare.difference import Difference
from archlint.differ import diff_git, diff_paths
from archlint.errors import UsageError
from archlint.linter import Options
from archlint.verdicts import Severity

PICTURES: Final = ("svg", "png", "pdf", "mmd", "d2", "dot")
FORMATS: Final = ("text", "json", "markdown", *PICTURES)


def split_outputs(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return the formats, each with the file after its colon; without one, or with `-`, it is standard output.

    A file alone names the format of a picture by its extension.
    """
    found: list[tuple[str, str]] = []
    for value in values:
        name, _, file = value.partition(":")
        extension = PurePath(value).suffix.removeprefix(".").lower()
        if name not in FORMATS and extension in PICTURES:
            name, file = extension, value
        file = "" if file == "-" else file
        if name not in FORMATS:
            raise click.BadParameter(f"there is no format `{name}`; formats: {', '.join(FORMATS)}", ctx, param)
        if any(file == other for _, other in found):
            raise click.BadParameter(f"two outputs go to {file or 'standard output'}; name a file for one", ctx, param)
        found.append((name, file))
    return tuple(found)


@click.command("diff")
@click.argument(
    "paths", nargs=-1, type=InputPath(), metavar="OLD NEW | --git REV [PATHS]..."
)
@click.option("--git", "revision", metavar="REV", help="Compare a git revision with the work tree.")
@click.option(
    "--output", "-o", "outputs", metavar="FORMAT[:FILE]|PICTURE", callback=split_outputs, multiple=True,
    shell_complete=complete_formats(FORMATS),
    help="Write this format (text, json, markdown), to a file if one is named, or a picture of what changed: "
    "diff.svg, .png, .pdf, .mmd, .d2 or .dot; repeatable.",
)
@click.option("--exit-code", is_flag=True, help="Exit with 1 if anything differs, like git diff.")
@click.option(
    "--fail-on-new", type=click.Choice(["error", "warning", "info"]),
    help="Exit with 1 at new findings of this level or above.",
)
@click.option(
    "--select", metavar="RULES", shell_complete=complete_rule_words, callback=split_words, multiple=True,
    help="Run these rules only.",
)  # fmt: skip
@click.option(
    "--ignore", metavar="RULES", shell_complete=complete_rule_words, callback=split_words, multiple=True,
    help="Leave these rules out as well.",
)  # fmt: skip
@click.option(
    "--exclude", multiple=True, metavar="PATTERN", help="Leave out matching paths in folders (.gitignore syntax)."
)
@click.option("--system", metavar="NAME", help="Compare this system of files that describe several, by name or number.")
@allow_code_option
@config_option
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colour the output.")
@click.pass_context
def command(
    ctx: click.Context, paths: tuple[Path, ...], revision: str | None, outputs: tuple[tuple[str, str], ...],
    exit_code: bool, fail_on_new: str | None, select: tuple[str, ...], ignore: tuple[str, ...],
    exclude: tuple[str, ...], system: str | None, config: Path | None, allow_code: bool, color: str,
) -> None:  # fmt: skip
    """Compare two versions of a system, or of all systems in a folder.

    The versions are two files, two folders, or with --git a revision and the work tree. Values are compared, not
    text: order, units and comments make no difference. Exit status: 0, with --exit-code or --fail-on-new also 1, and
    2 for wrong arguments or a file that cannot be read.
    """
    if any(str(path) == "-" for path in paths):
        raise UsageError("standard input (`-`) is not compared", "write it to a file, and name that")
    for _, file in outputs:
        if file:
            named = [str(config)] if config is not None else []
            keep_what_is_read(file, map(str, _read(paths)), named, done="compared")
    options = Options(select, ignore, exclude, config, allow_code=allows_code(allow_code), system=system or "")
    if revision is not None:
        difference = diff_git(revision, paths, options)
    elif len(paths) == 2:
        difference = diff_paths(paths[0], paths[1], options)
    else:
        hint = "call `archlint diff OLD NEW`, or `archlint diff --git REV [PATHS]`"
        named_count = {0: "none", 1: "one"}.get(len(paths), str(len(paths)))
        raise UsageError(f"`diff` needs two versions; you named {named_count}", hint)
    for name, file in outputs or (("text", ""),):
        if name in PICTURES:
            _draw(difference, name, file)
            continue
        write_output(_rendered(difference, name, use_color(color) and not file), file, name != "text")
    ctx.exit(_status(difference, exit_code, fail_on_new))


def _read(paths: tuple[Path, ...]) -> list[Path]:
    """Return the paths that must not be overwritten; one file represents all files of its folder."""
    return [path / "any" if path.is_dir() else path for path in paths or (Path(),)]


def _draw(difference: Difference, name: str, file: str) -> None:
    """Write the picture of the system that differs; raises `UsageError` if there are several."""
    from archlint.compare.picture import picture_of
    from archlint.diagram import Picture, render

    if len(difference.systems) > 1:
        names = ", ".join(system.system for system in difference.systems[:5])
        raise UsageError(f"{len(difference.systems)} systems differ ({names}); a picture shows one",
                         "compare its files, or choose one with --system")  # fmt: skip
    same = Picture(f"{difference.old} and {difference.new}", (), (), notes=("Nothing that is drawn differs.",))
    pictures = [picture_of(system) for system in difference.systems]
    data = render(next((picture for picture in pictures if picture.nodes), same), name)
    if file:
        save(file, data)
    else:
        write_bytes(data)


def _rendered(difference: Difference, name: str, color: bool) -> str:
    if name == "json":
        from archlint.compare.json import render_json

        return render_json(difference)
    if name == "markdown":
        from archlint.compare.markdown import render_markdown

        return render_markdown(difference)
    from archlint.compare.text import render_text

    return render_text(difference, color, width())


def _status(difference: Difference, exit_code: bool, fail_on_new: str | None) -> int:
    if difference.errors:
        return 2
    if fail_on_new is not None and difference.found_at_least(Severity(fail_on_new)):
        return 1
    return int(exit_code and not difference.is_empty)
