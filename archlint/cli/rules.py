"""`archlint rules`."""

from __future__ import annotations

from pathlib import Path

import click

from archlint.api import all_packs
from archlint.cli.options import allow_code as allow_code_option
from archlint.cli.options import allows_code
from archlint.cli.terminal import use_color, width
from archlint.report.pages import rules_json, rules_table


@click.command("rules")
@click.option(
    "--config", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Use this file, not the nearest."
)
@click.option("--json", "as_json", is_flag=True, help="Print the rules as JSON.")
@allow_code_option
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colour the output.")
def command(config: Path | None, as_json: bool, allow_code: bool, color: str) -> None:
    """List the rules, those of configured packs among them."""
    packs = all_packs(config, allows_code(allow_code))
    click.echo(rules_json(packs) if as_json else rules_table(packs, width(), use_color(color)), color=True)
