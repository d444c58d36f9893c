"""`archlint sweep`."""

from __future__ import annotations

from pathlib import Path

import click

from archlint.changing import Setting
from archlint.cli import settings as given
from archlint.cli.complete import complete_setting
from archlint.cli.options import allow_code as allow_code_option
from archlint.cli.options import config as config_option
from archlint.cli.outputs import say, write_output
from archlint.cli.permission import allows_code
from archlint.cli.progress import progress
from archlint.cli.terminal import use_color, width
from archlint.errors import UsageError
from archlint.explore.ranges import axis_of, points_of
from archlint.explore.sweep import Sweep, local_rows, sweep
from archlint.linter import Options

FORMATS = ("text", "csv", "json", "html", "svg")


@click.command("sweep")
@given.file
@click.option(
    "--set", "settings", multiple=True, metavar="PATH=VALUES", callback=given.read_settings,
    shell_complete=complete_setting,
    help="Vary a fact: 2..8, or 100/s..400/s..100/s, or a list 100/s,200/s; repeatable.",
)  # fmt: skip
@given.outputs(*FORMATS)
@click.option(
    "--show", "wanted", multiple=True, metavar="NAME",
    help="Show this number, such as p99 or components.api.utilisation; repeatable.",
)  # fmt: skip
@click.option("--scheduler", metavar="ADDRESS", help="Compute on this Dask cluster, such as tcp://host:8786.")
@given.select
@given.ignore
@given.system
@allow_code_option
@config_option
@given.color
def command(
    paths: tuple[Path, ...], settings: tuple[Setting, ...], outputs: tuple[tuple[str, str], ...],
    wanted: tuple[str, ...], scheduler: str | None, select: tuple[str, ...], ignore: tuple[str, ...],
    system: str, allow_code: bool, config: Path | None, color: str,
) -> None:  # fmt: skip
    """Compute PATH (default: arch.yaml; `-` is standard input) for all combinations of the values of several facts.

    Each row has the numbers and the findings that `archlint whatif` shows for it. If costs and latencies are known,
    the rows that no other row beats in both are marked (Pareto front). Exit status: 0, and 2 for wrong arguments, a
    file that cannot be read, or if no combination can be computed.
    """
    if not settings:
        raise UsageError("nothing to vary", "add `--set PATH=VALUES`, such as `--set components.api.replicas=2..8`")
    axes = [axis_of(setting) for setting in settings]
    points = points_of(axes)
    options = Options(select, ignore, config=config, allow_code=allows_code(allow_code), system=system)
    inputs = given.variants_of(paths, options).inputs
    given.keep_inputs(outputs, paths, config, (document.name for document in inputs.documents))
    if scheduler is not None:
        from archlint.explore.cluster import cluster_rows

        rows = cluster_rows(scheduler, inputs, points)
    else:
        rows = local_rows(inputs, points)
    found = sweep(inputs, axes, points, rows, progress("sweep", len(points)))
    from archlint.explore import sweep_outputs

    for note in sweep_outputs.without_number(found, wanted):
        say(f"note: {note}")
    for name, file in outputs:
        write_output(_rendered(found, name, wanted, use_color(color) and not file), file, name != "text")


def _rendered(found: Sweep, name: str, wanted: tuple[str, ...], color: bool) -> str:
    from archlint.explore import sweep_outputs

    if name == "json":
        return sweep_outputs.render_json(found)
    if name == "text":
        return sweep_outputs.render_text(found, wanted, color, width())
    write = {"csv": sweep_outputs.render_csv, "html": sweep_outputs.render_html, "svg": sweep_outputs.render_svg}
    return write[name](found, wanted)
