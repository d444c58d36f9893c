"""`archlint patterns`."""

from __future__ import annotations

import click

from archlint.about import docs_url
from archlint.catalog.patterns import patterns
from archlint.cli.complete import complete_pattern
from archlint.cli.outputs import write_output
from archlint.cli.permission import allows_code
from archlint.cli.streams import clean
from archlint.cli.terminal import use_color, width
from archlint.errors import UsageError
from archlint.listing import all_packs
from archlint.model.names import nearest
from archlint.report.pages import pattern_page, patterns_json, patterns_table, to_terminal, with_whole_links


@click.command("patterns")
@click.argument("pattern", required=False, shell_complete=complete_pattern)
@click.option("--json", "as_json", is_flag=True, help="Print the patterns as JSON.")
@click.option("--markdown", is_flag=True, help="Print the page of a pattern as Markdown.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colour the output.")
def command(pattern: str | None, as_json: bool, markdown: bool, color: str) -> None:
    """List the patterns, or show PATTERN: when to use it, its roles, its sources."""
    known = patterns()
    if pattern is None:
        table = patterns_json(known.values()) if as_json else patterns_table(known.values(), width(), use_color(color))
        write_output(table, "", machine=as_json)
        return
    found = known.get(pattern)
    if found is None:
        likely = nearest(pattern, known)
        raise UsageError(
            f"there is no pattern `{pattern}`", f"did you mean `{likely}`?" if likely else "see `archlint patterns`"
        )
    if as_json:
        write_output(patterns_json([found]), "")
        return
    page = clean(pattern_page(found, all_packs(allow_code=allows_code())))
    if not markdown:
        page += f"\nDocumentation: <{docs_url(found.docs)}>\n"
    shown = with_whole_links(page) if markdown else to_terminal(page, width(), use_color(color))
    write_output(shown, "", machine=markdown)
