"""`archlint explain`."""

from __future__ import annotations

from pathlib import Path

import click

from archlint.api import find_pack
from archlint.cli.complete import complete_rule
from archlint.cli.options import allow_code as allow_code_option
from archlint.cli.outputs import write_output
from archlint.cli.permission import allows_code
from archlint.cli.streams import clean
from archlint.cli.terminal import use_color, width
from archlint.report.pages import rule_page, to_terminal


@click.command("explain")
@click.argument("rule", shell_complete=complete_rule)
@click.option(
    "--config", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Use this file, not the nearest."
)
@click.option("--markdown", is_flag=True, help="Print the page as Markdown.")
@allow_code_option
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colour the output.")
def command(rule: str, config: Path | None, markdown: bool, allow_code: bool, color: str) -> None:
    """Explain RULE, by its id (SRV001) or name (online-bigsize)."""
    page = clean(rule_page(find_pack(rule, config, allows_code(allow_code))))
    write_output(page if markdown else to_terminal(page, width(), use_color(color)), "", machine=markdown)
