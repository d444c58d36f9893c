"""`archlint whatif`."""

from __future__ import annotations

from pathlib import Path

import click

from archlint.changing import Setting
from archlint.cli import settings as given
from archlint.cli.options import allow_code as allow_code_option
from archlint.cli.options import config as config_option
from archlint.cli.outputs import write_output
from archlint.cli.permission import allows_code
from archlint.cli.terminal import use_color, width
from archlint.errors import UsageError
from archlint.explore.whatif import WhatIf, whatif
from archlint.linter import Options
from archlint.verdicts import Severity

LEVELS = ["error", "warning", "info"]


@click.command("whatif")
@given.file
@given.setting
@given.outputs("text", "json")
@click.option("--exit-code", is_flag=True, help="Exit with 1 if a number, fact or finding changes, like diff.")
@click.option(
    "--fail-on-new", type=click.Choice(LEVELS), help="Exit with 1 at new findings of this level or above, like diff."
)
@click.option(
    "--fail-on", type=click.Choice(LEVELS), help="Exit with 1 if the changed system has findings of this level."
)
@given.select
@given.ignore
@given.system
@allow_code_option
@config_option
@given.color
@click.pass_context
def command(
    ctx: click.Context, paths: tuple[Path, ...], settings: tuple[Setting, ...], outputs: tuple[tuple[str, str], ...],
    exit_code: bool, fail_on_new: str | None, fail_on: str | None, select: tuple[str, ...], ignore: tuple[str, ...],
    system: str, allow_code: bool, config: Path | None, color: str,
) -> None:  # fmt: skip
    """Compare PATH (default: arch.yaml; `-` is standard input) with a version in which some facts are changed.

    It shows the computed numbers, the facts and the findings that change. The file itself stays. Exit status: 0,
    with --exit-code, --fail-on-new or --fail-on also 1, and 2 for wrong arguments or a file that cannot be read.
    """
    if not settings:
        raise UsageError("nothing to change", "add `--set PATH=VALUE`, such as `--set components.api.replicas=6`")
    options = Options(select, ignore, config=config, allow_code=allows_code(allow_code), system=system)
    found = whatif(given.variants_of(paths, options), settings)
    given.keep_inputs(outputs, paths, config, found.before.report.sources)
    for name, file in outputs:
        write_output(_rendered(found, name, use_color(color) and not file), file, name != "text")
    ctx.exit(_status(found, exit_code, fail_on_new, fail_on))


def _rendered(found: WhatIf, name: str, color: bool) -> str:
    if name == "json":
        from archlint.explore.whatif_json import render_json

        return render_json(found)
    from archlint.explore.whatif_text import render_text

    return render_text(found, color, width())


def _status(found: WhatIf, exit_code: bool, fail_on_new: str | None, fail_on: str | None) -> int:
    if fail_on_new is not None and found.difference.found_at_least(Severity(fail_on_new)):
        return 1
    if fail_on is not None and found.found_at_least(Severity(fail_on)):
        return 1
    return int(exit_code and not found.is_empty)
