"""`archlint drift`."""

from __future__ import annotations

from pathlib import Path

import click

from archlint.cli import settings as given
from archlint.cli.options import InputPath
from archlint.cli.outputs import keep_what_is_read, say, write_output
from archlint.cli.streams import here
from archlint.cli.terminal import use_color, width
from archlint.drifting import Drifted, drift_paths
from archlint.errors import NothingFoundError, UsageError

FORMATS = ("text", "concise", "github", "json")


@click.command("drift")
@click.argument(
    "paths", nargs=-1, type=InputPath(), metavar="[ARCH_YAML [PATH]...]"
)
@given.outputs(*FORMATS)
@click.option("--exit-zero", is_flag=True, help="Exit with 0 even if something differs.")
@click.option("--allow-empty", is_flag=True, help="Pass if there is no architecture file, or nothing that deploys it.")
@given.system
@given.color
@click.pass_context
def command(
    ctx: click.Context, paths: tuple[Path, ...], outputs: tuple[tuple[str, str], ...], exit_zero: bool,
    allow_empty: bool, system: str, color: str,
) -> None:  # fmt: skip
    """Compare an architecture file (default: arch.yaml) with the files that deploy the system.

    PATH is a Compose file, a manifest, or a folder of them (default: the folder of ARCH_YAML). It shows components,
    relations, replicas, resources and models that only one side has or that differ. What deployment files cannot state
    is not compared: objectives, rates, clients, services of others. Exit status: 0 if both agree, 1 if they differ,
    2 for wrong arguments or a file that cannot be read.
    """
    if any(str(path) == "-" for path in paths):
        raise UsageError("standard input (`-`) is not compared", "write it to a file, and name that")
    described, *deployed = paths or (given.DEFAULT,)
    try:
        if allow_empty and not described.exists():
            raise NothingFoundError(f"{described}: no such file")
        found = drift_paths(described, deployed or [described.parent], system)
    except NothingFoundError as error:
        if not allow_empty:
            raise
        say(f"note: {error.message}")
        return
    for note in found.notes:
        say(f"note: {note}")
    for _, file in outputs:
        if file:
            keep_what_is_read(file, (str(described), *found.sources), done="compared")
    for name, file in outputs:
        write_output(_rendered(found, name, use_color(color) and not file), file, name in {"github", "json"})
    ctx.exit(2 if found.errors else int(not found.is_empty and not exit_zero))


def _rendered(found: Drifted, name: str, color: bool) -> str:
    if name == "json":
        from archlint.drifting.json import render_json

        return render_json(found)
    if name == "text":
        from archlint.drifting.text import render_text

        return render_text(found, color, width())
    from archlint.drifting.lines import render_concise, render_github

    return render_concise(found, here()) if name == "concise" else render_github(found, here())
