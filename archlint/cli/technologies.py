"""`archlint technologies`."""

from __future__ import annotations

from pathlib import Path

import click

from archlint.cli.options import config as config_option
from archlint.cli.outputs import write_output
from archlint.cli.terminal import use_color, width
from archlint.listing import all_technologies
from archlint.report.pages import technologies_json, technologies_table


@click.command("technologies")
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print the catalogue as JSON.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colour the output.")
def command(config: Path | None, as_json: bool, color: str) -> None:
    """List the technologies for `uses:`, with their default values."""
    known = all_technologies(config).entries.values()
    text = technologies_json(known) if as_json else technologies_table(known, width(), use_color(color))
    write_output(text, "", machine=as_json)
