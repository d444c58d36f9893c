"""`archlint schema`."""

from __future__ import annotations

import click
import msgspec

from archlint.api import file_schema
from archlint.cli.outputs import write_output
from archlint.report.json import report_schema


@click.command("schema")
@click.option(
    "--of", "which", type=click.Choice(["arch", "report", "diff"]), default="arch", show_default=True,
    help="What to describe.",
)  # fmt: skip
def command(which: str) -> None:
    """Print the JSON Schema of arch.yaml, or of the JSON of a report or a diff, for editors and other tools."""
    if which == "diff":
        from archlint.compare.json import difference_schema

        schema = difference_schema()
    else:
        schema = file_schema() if which == "arch" else report_schema()
    write_output(msgspec.json.format(msgspec.json.encode(schema), indent=2).decode(), "")
