"""`archlint explain`."""

from __future__ import annotations

from pathlib import Path

import click

from archlint.cli.complete import complete_rule
from archlint.cli.options import allow_code as allow_code_option
from archlint.cli.options import config as config_option
from archlint.cli.outputs import write_output
from archlint.cli.permission import allows_code
from archlint.cli.streams import clean
from archlint.cli.terminal import use_color, width
from archlint.listing import find_pack
from archlint.report.keys import KEY_LISTS, keys_of
from archlint.report.pages import rule_page, to_terminal, with_whole_links


@click.command("explain")
@click.argument("rule", shell_complete=complete_rule)
@config_option
@click.option("--markdown", is_flag=True, help="Print the page as Markdown.")
@allow_code_option
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colour the output.")
def command(rule: str, config: Path | None, markdown: bool, allow_code: bool, color: str) -> None:
    """Explain RULE, by its id (SRV001) or name (online-bigsize).

    `explain component` lists the keys of a component; so do `workload`, `model`, `relation`, `system`, `acceptance`
    and `keys` (all of them).
    """
    if rule.lower() in KEY_LISTS:
        write_output(clean(keys_of(rule.lower(), width())), "", machine=False)
        return
    page = clean(rule_page(find_pack(rule, config, allows_code(allow_code))))
    shown = with_whole_links(page) if markdown else to_terminal(page, width(), use_color(color))
    write_output(shown, "", machine=markdown)
