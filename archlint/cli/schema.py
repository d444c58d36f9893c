"""`archlint schema`."""

from __future__ import annotations

import click
import msgspec

from archlint.cli.outputs import write_output
from archlint.listing import file_schema
from archlint.report.json import report_schema

KINDS = [
    "arch", "config", "rule", "report", "diff", "drift", "numbers", "whatif", "sweep", "sensitivity", "measure",
    "simulation",
]  # fmt: skip


@click.command("schema")
@click.argument("what", type=click.Choice(KINDS), required=False, metavar="[KIND]")
@click.option(
    "--of", "which", type=click.Choice(KINDS), metavar="KIND", default="arch", show_default=True,
    help="The same as the argument KIND.",
)  # fmt: skip
def command(what: str | None, which: str) -> None:
    """Print a JSON Schema for editors and other tools.

    It describes arch.yaml (`arch`), archlint.toml (`config`), rule.yaml (`rule`), or the JSON of a report, a diff,
    `drift`, `analyze` (`numbers`), `whatif`, `sweep`, `sensitivity`, `measure` or `simulate` (`simulation`).
    """
    which = what or which
    if which == "config":
        from archlint.config.schema import config_schema
        from archlint.packs import shipped_packs

        schema = config_schema(shipped_packs())
    elif which == "rule":
        from archlint.catalog.patterns import patterns
        from archlint.packs import shipped_packs
        from archlint.packs.schema import rule_schema

        schema = rule_schema(shipped_packs(), patterns().values())
    elif which == "diff":
        from archlint.compare.json import difference_schema

        schema = difference_schema()
    elif which == "drift":
        from archlint.drifting.json import drift_schema

        schema = drift_schema()
    elif which == "numbers":
        from archlint.report.numbers.json import numbers_schema

        schema = numbers_schema()
    elif which == "whatif":
        from archlint.explore.whatif_json import whatif_schema

        schema = whatif_schema()
    elif which == "measure":
        from archlint.measure.schema import measurement_schema

        schema = measurement_schema()
    elif which == "sweep":
        from archlint.explore.sweep_outputs import sweep_schema

        schema = sweep_schema()
    elif which == "sensitivity":
        from archlint.explore.sensitivity_outputs import sensitivity_schema

        schema = sensitivity_schema()
    elif which == "simulation":
        from archlint.simulation.outputs import simulation_schema

        schema = simulation_schema()
    else:
        schema = file_schema() if which == "arch" else report_schema()
    write_output(msgspec.json.format(msgspec.json.encode(schema), indent=2).decode(), "")
