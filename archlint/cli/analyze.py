"""`archlint analyze`."""

from __future__ import annotations

from pathlib import Path

import click

from archlint.analysis.numbers import Numbers, numbers_of
from archlint.analysis.system import System
from archlint.changing import Setting
from archlint.cli import settings as given
from archlint.cli.complete import complete_workload
from archlint.cli.options import config as config_option
from archlint.cli.outputs import write_output
from archlint.cli.terminal import use_color, width
from archlint.linter import Options


@click.command("analyze")
@given.file
@click.option(
    "--workload", "-w", metavar="NAME", default="", shell_complete=complete_workload,
    help="Show this workload only, with the components that it uses.",
)  # fmt: skip
@given.setting
@given.outputs("text", "json", "html")
@click.option("--verbose", "-v", is_flag=True, help="Show the formula and the inputs of each number.")
@given.system
@config_option
@given.color
def command(
    paths: tuple[Path, ...], workload: str, settings: tuple[Setting, ...], outputs: tuple[tuple[str, str], ...],
    verbose: bool, system: str, config: Path | None, color: str,
) -> None:  # fmt: skip
    """Compute the numbers of PATH (default: arch.yaml; `-` is standard input): load, capacity, latency, memory, cost.

    It runs no rules: `archlint check` judges. Facts can be changed with --set, as in `archlint whatif`. Exit status: 0,
    and 2 for wrong arguments or a file that cannot be read.
    """
    found = given.variants_of(paths, Options(config=config, system=system, rules=False)).system(settings)
    given.keep_inputs(outputs, paths, config, (document.name for document in found.architecture.documents))
    numbers = numbers_of(found, workload)
    for name, file in outputs:
        shown = _rendered(name, given.shown_name(paths), found, numbers, use_color(color) and not file, verbose)
        write_output(shown, file, name != "text")


def _rendered(name: str, file: str, system: System, numbers: Numbers, color: bool, verbose: bool) -> str:
    if name in {"json", "html"}:
        from archlint.analysis.courses import courses_of

        courses = courses_of(system, numbers)
        if name == "json":
            from archlint.report.numbers.json import render_json

            return render_json(file, numbers, courses)
        from archlint.report.numbers.html import render_html

        return render_html(file, system, numbers, courses)
    from archlint.report.numbers.text import render_text

    return render_text(file, numbers, color, width(), verbose)
