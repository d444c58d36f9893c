"""`archlint reference`."""

from __future__ import annotations

import click

from archlint.cli.complete import complete_reference
from archlint.cli.outputs import write_output
from archlint.cli.terminal import use_color, width
from archlint.reference import implementation_named, implementations
from archlint.reference.running import start


@click.command("reference", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("pattern", required=False, shell_complete=complete_reference)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
@click.option("--path", is_flag=True, help="Print the folder of PATTERN instead of starting it.")
def command(pattern: str | None, words: tuple[str, ...], path: bool) -> None:
    """Start the reference implementation of PATTERN here, or list all of them.

    WORDS are options of the implementation: `archlint reference web-single --help` lists them. Settings come from the
    environment: SERVE_PORT, SERVE_HOST, SERVE_DATA_DIR, and those in its README.
    """
    if pattern is None:
        known = implementations()
        from archlint.report.pages import references_table

        rows = [(name, implementation.title) for name, implementation in known.items()]
        write_output(references_table(rows, width(), use_color("auto")), "", machine=False)
        return
    implementation = implementation_named(pattern)
    if path:
        click.echo(implementation.folder)
        return
    raise SystemExit(start(implementation, words))
