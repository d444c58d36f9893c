"""`archlint sensitivity`."""

from __future__ import annotations

from pathlib import Path

import click

from archlint.cli import settings as given
from archlint.cli.complete import complete_setting
from archlint.cli.options import NumberRange
from archlint.cli.options import allow_code as allow_code_option
from archlint.cli.options import config as config_option
from archlint.cli.outputs import write_output
from archlint.cli.permission import allows_code
from archlint.cli.progress import progress
from archlint.cli.terminal import use_color, width
from archlint.explore.sensitivity import Sensitivity, sensitivity, stated_facts
from archlint.linter import Options


@click.command("sensitivity")
@given.file
@click.option(
    "--factor", type=NumberRange(1.01, 1e6), default=10.0, show_default=True,
    help="Multiply and divide each fact by at most this.",
)  # fmt: skip
@click.option(
    "--only", metavar="PATH", default="", shell_complete=complete_setting,
    help="Change facts below this path only, such as workloads. or components.api.",
)  # fmt: skip
@given.outputs("text", "json")
@given.select
@given.ignore
@given.system
@allow_code_option
@config_option
@given.color
def command(
    paths: tuple[Path, ...], factor: float, only: str, outputs: tuple[tuple[str, str], ...], select: tuple[str, ...],
    ignore: tuple[str, ...], system: str, allow_code: bool, config: Path | None, color: str,
) -> None:  # fmt: skip
    """Find which single quantity of PATH (default: arch.yaml), changed by how much, changes a finding.

    Each stated quantity is changed alone, in both directions, until a finding appears or goes away. The facts with the
    smallest change come first: measure these before the others. Exit status: 0, and 2 for wrong arguments or a file
    that cannot be read.
    """
    options = Options(select, ignore, config=config, allow_code=allows_code(allow_code), system=system)
    inputs = given.variants_of(paths, options).inputs
    given.keep_inputs(outputs, paths, config, (document.name for document in inputs.documents))
    total = len(stated_facts(inputs, only)[0])
    found = sensitivity(inputs, factor, progress("sensitivity", total), only)
    for name, file in outputs:
        write_output(_rendered(found, name, use_color(color) and not file), file, name != "text")


def _rendered(found: Sensitivity, name: str, color: bool) -> str:
    from archlint.explore import sensitivity_outputs

    if name == "json":
        return sensitivity_outputs.render_json(found)
    return sensitivity_outputs.render_text(found, color, width())
