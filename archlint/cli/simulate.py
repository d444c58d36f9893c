"""`archlint simulate`."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import click

from archlint.about import install_command
from archlint.changing import Setting
from archlint.cli import settings as given
from archlint.cli.complete import complete_workload
from archlint.cli.options import config as config_option
from archlint.cli.outputs import say, write_output
from archlint.errors import UsageError
from archlint.linter import Options
from archlint.model.quantities import parse_share
from archlint.simulation.api import Simulated, simulate_system
from archlint.simulation.outages import Asked, parse_outage
from archlint.simulation.running import FEWEST_REQUESTS, MOST_REQUESTS, Plan

_MANY = 200_000


def read_load(ctx: click.Context, param: click.Parameter, value: str) -> str | float:
    """Return `mean`, `peak`, or a factor."""
    if value in {"mean", "peak"}:
        return value
    try:
        factor = float(value)
    except ValueError:
        factor = 0.0
    if not 0 < factor <= 1e6:
        what = f"`{value}` is no load; write mean, peak, or a factor of the mean rates such as 1.5"
        raise click.BadParameter(what, ctx, param)
    return factor


def read_precision(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """Return a share above 0."""
    if value is None:
        return None
    try:
        share = parse_share(value)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from None
    if not 0 < share < 1:
        raise click.BadParameter(f"`{value}` is no precision; write a share such as 5%", ctx, param)
    return share


def read_outage(ctx: click.Context, param: click.Parameter, value: str | None) -> Asked | None:
    """Return the outage of `COMPONENT[/REPLICAS]:DURATION`."""
    if value is None:
        return None
    try:
        return parse_outage(value)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from None


@click.command("simulate")
@given.file
@click.option(
    "--workload", "-w", metavar="NAME", default="", shell_complete=complete_workload,
    help="Simulate this workload, and those that share a queue with it.",
)  # fmt: skip
@click.option(
    "--load", metavar="LOAD", default="mean", show_default=True, callback=read_load,
    help="mean, peak (of one workload, beside the mean rates of the others), or a factor of the mean rates.",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(0, 2**31), default=1, show_default=True, help="Same seed, same numbers.")
@click.option("--requests", type=click.IntRange(FEWEST_REQUESTS, MOST_REQUESTS), help="Simulate this many requests.")
@click.option(
    "--precision", metavar="SHARE", callback=read_precision,
    help="Stop when the p99 of each workload is this certain.  [default: 5%]",
)  # fmt: skip
@click.option(
    "--outage", metavar="COMPONENT[/REPLICAS]:DURATION", callback=read_outage,
    help="Take a component, or some of its replicas, away for a time.",
)  # fmt: skip
@given.setting
@given.outputs("text", "json", "csv")
@given.system
@config_option
def command(
    paths: tuple[Path, ...], workload: str, load: str | float, seed: int, requests: int | None, precision: float | None,
    outage: Asked | None, settings: tuple[Setting, ...], outputs: tuple[tuple[str, str], ...], system: str,
    config: Path | None,
) -> None:  # fmt: skip
    """Simulate the requests of PATH (default: arch.yaml; `-` is standard input) over time.

    It shows what formulas get wrong: heavy tails, batches, full queues, retries, balancing, workers that wait for
    others, outages. CSV is the course over time. Exit status: 0, and 2 for wrong arguments or missing facts.
    """
    if requests is not None and precision is not None:
        raise UsageError("--requests and --precision exclude each other", "leave one out")
    found = given.variants_of(paths, Options(config=config, system=system, rules=False)).system(settings)
    given.keep_inputs(outputs, paths, config, (document.name for document in found.architecture.documents))
    plan = Plan(seed, requests, precision or 0.05)
    simulated = simulate_system(found, workload, load, plan, outage)
    for name, file in outputs:
        write_output(_rendered(name, given.shown_name(paths), simulated), file, name != "text")
    if find_spec("numpy") is None and not simulated.results.calendar_for and simulated.results.requests > _MANY:
        say(f"note: this is several times faster with NumPy: {install_command('simulate')}")


def _rendered(name: str, file: str, simulated: Simulated) -> str:
    from archlint.simulation import outputs

    if name == "json":
        return outputs.render_json(file, simulated)
    return outputs.render_csv(simulated) if name == "csv" else outputs.render_text(file, simulated)
