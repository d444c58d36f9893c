"""`archlint measure`: `model` for a file, `endpoint` for a running service."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click
import msgspec

from archlint.cli.complete import complete_file
from archlint.cli.outputs import say, unwritable, write_output
from archlint.errors import UsageError
from archlint.model.quantities import parse_duration, parse_rate

if TYPE_CHECKING:
    from archlint.measure.endpoint import MeasuredEndpoint
    from archlint.measure.models import MeasuredModel
    from archlint.measure.times import Times
    from archlint.measure.writing import Record

F = TypeVar("F", bound=Callable[..., Any])
_FILE: Final = click.Path(path_type=Path, readable=False)
_MOST_BATCH: Final = 100_000
FAILED: Final = 1
"""The exit status of a run that was discarded."""


def _quantity(parse: Callable[[str], float]) -> Callable[[click.Context, click.Parameter, str], float]:
    """Return a callback that parses a quantity with its unit, as in arch.yaml."""

    def convert(_ctx: click.Context, _param: click.Parameter, value: str) -> float:
        try:
            return parse(value)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None

    return convert


_duration: Final = _quantity(parse_duration)


def _batches(_ctx: click.Context, _param: click.Parameter, value: str) -> tuple[int, ...]:
    words = value.replace(",", " ").split()
    if not words or not all(re.fullmatch("[0-9]{1,6}", word) and 1 <= int(word) <= _MOST_BATCH for word in words):
        raise click.BadParameter(f"`{value}` is not a list of batch sizes; write 1,8,32")
    return tuple(dict.fromkeys(map(int, words)))


def _headers(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for value in values:
        name, colon, text = value.partition(":")
        if not colon:
            raise click.BadParameter(f"`{value}` is not a header; write 'Name: value'")
        found[name.strip()] = text.strip()
    return found


def _shared(command: F) -> F:
    """Add the options of both commands."""
    for option in (
        click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True,
                     help="The format of the result."),
        click.option("--dry-run", is_flag=True, help="Print the change of --into as a diff, and write nothing."),
        click.option("--system", default="", metavar="NAME", help="The system of --into, if it has several."),
        click.option("--into", type=_FILE, metavar="FILE", shell_complete=complete_file,
                     help="Write the facts into this architecture file."),
    ):  # fmt: skip
        command = option(command)
    return command


@click.group("measure", invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Measure facts for arch.yaml: a model file, or a running service.

    See `archlint measure model --help` and `archlint measure endpoint --help`.
    """
    if ctx.invoked_subcommand is None:
        raise click.UsageError("nothing to measure; write `archlint measure model FILE` or `... endpoint URL`", ctx)


@command.command("model")
@click.argument("file", type=_FILE, shell_complete=complete_file)
@click.option("--model", metavar="NAME", help="The model of --into that the facts belong to.")
@click.option("--requests", type=click.IntRange(5, 1_000_000), default=1000, show_default=True,
              help="Predictions with each batch size.")
@click.option("--batch", "batches", default="1", show_default=True, metavar="SIZES", callback=_batches,
              help="Batch sizes to time, such as 1,8,32.")
@click.option("--inputs", default="", metavar="FILE", type=click.Path(readable=False), shell_complete=complete_file,
              help="Rows of inputs (.npy or .csv) instead of random ones.")
@click.option("--trust", is_flag=True, help="Load files that may run code: pickle, joblib, unknown types of skops.")
@click.option("--timeout", metavar="TIME", callback=_duration, default="5min", show_default=True,
              help="Stop the measurement after this time.")
@_shared
def measure_model_file(
    file: Path, model: str | None, requests: int, batches: tuple[int, ...], inputs: str, trust: bool, timeout: float,
    into: Path | None, system: str, dry_run: bool, output: str,
) -> None:  # fmt: skip
    """Measure a model FILE: size, load time, memory, and the time of predictions.

    ONNX and skops files are loaded in a child process. Of a safetensors file, only the header is read. A pickle runs
    code when it is loaded, so it needs --trust.
    """
    record = _record(into, system, model=model, component=None, dry_run=dry_run)
    from archlint.measure.facts import model_facts
    from archlint.measure.machine import machine
    from archlint.measure.models import measure_model

    measured = measure_model(
        file, batches=batches, requests=requests, inputs=inputs, trust=trust, timeout_s=timeout,
        seconds=min(10.0, timeout / 2 / len(batches)),
    )  # fmt: skip
    _show(measured, output, _model_text)
    day = date.today().isoformat()
    _write(record, model_facts(measured, day, machine()), day, dry_run)


@command.command("endpoint")
@click.argument("url")
@click.option("--rate", metavar="RATE", callback=_quantity(parse_rate), default="50/s", show_default=True,
              help="Mean rate of the requests.")
@click.option("--duration", metavar="TIME", callback=_duration, default="30s", show_default=True,
              help="Length of the measured part.")
@click.option("--warmup", metavar="TIME", callback=_duration, default="2s", show_default=True,
              help="Load before it, which is not measured.")
@click.option("--timeout", metavar="TIME", callback=_duration, default="10s", show_default=True,
              help="Wait at most this long for an answer.")
@click.option("--method", default="", metavar="METHOD", help="POST with a body, otherwise GET, unless set.")
@click.option("--body", type=_FILE, metavar="FILE", shell_complete=complete_file, help="The body of each request.")
@click.option("--header", "headers", multiple=True, metavar="'NAME: VALUE'", callback=_headers,
              help="A header of each request; repeatable.")
@click.option("--component", metavar="NAME", help="The component of --into: writes `load_tested`.")
@click.option("--model", metavar="NAME", help="The model of --into: writes `service_time`.")
@click.option("--allow-remote", is_flag=True, help="Confirm that you may load a service on another machine.")
@_shared
def measure_running_endpoint(
    url: str, rate: float, duration: float, warmup: float, timeout: float, method: str, body: Path | None,
    headers: dict[str, str], component: str | None, model: str | None, allow_remote: bool,
    into: Path | None, system: str, dry_run: bool, output: str,
) -> None:  # fmt: skip
    """Measure a running service at URL under a load that does not wait for answers.

    Requests are due at random times (a Poisson process), and latency counts from when a request was due. If the
    generator was late, or the service did not keep up, the run is discarded: nothing is written, and the exit status
    is 1. For `service_time`, use a low rate: only requests that meet no other request count.
    """
    record = _record(into, system, model, component, dry_run)
    from archlint.measure.endpoint import Plan, measure_endpoint
    from archlint.measure.facts import component_facts, served_facts
    from archlint.measure.http import Target
    from archlint.measure.machine import machine

    target = Target.of(url, method.upper(), _body(body), headers)
    measured = measure_endpoint(target, Plan(rate, duration, warmup, timeout), allow_remote)
    _show(measured, output, _endpoint_text)
    if measured.discarded:
        for reason in measured.discarded:
            say(f"discarded: {reason}")
        if record is not None:
            say(f"nothing was written to {record.path}")
        raise SystemExit(FAILED)
    day = date.today().isoformat()
    facts = (served_facts if model else component_facts)(measured, day, machine())
    if facts is None:
        raise UsageError("too few requests met no other request: the time without load is unknown", "lower --rate")
    _write(record, facts, day, dry_run)


def _body(file: Path | None) -> bytes:
    if file is None:
        return b""
    from archlint.source.files import read_stream
    from archlint.source.parser import MAX_BYTES

    found = read_stream(file, str(file))
    if len(found) > MAX_BYTES:
        raise UsageError(f"{file}: larger than {MAX_BYTES // 1024**2} MiB", "send less with each request")
    return found


def _record(
    into: Path | None, system: str, model: str | None, component: str | None, dry_run: bool
) -> Record | None:
    """Find the record before anything is measured; raises `UsageError` if the options do not name one."""
    if into is None:
        if model or component or dry_run or system:
            raise UsageError("--into is missing", "name the architecture file with --into")
        return None
    if bool(model) == bool(component):
        raise UsageError("--into needs one record to write to", "name it with --model NAME or --component NAME")
    from archlint.measure.writing import Record

    return Record(into, "models", model, system) if model else Record(into, "components", component or "", system)


def _write(record: Record | None, facts: Mapping[str, str], day: str, dry_run: bool) -> None:
    if record is None:
        return
    change = record.with_facts(facts, day)
    if dry_run:
        write_output(change.diff, "", machine=False)
        return
    try:
        change.write()
    except OSError as error:
        raise unwritable(change.path, error) from None
    say(f"wrote {change.path}: {record.section}.{record.name}: {', '.join(facts)}")


def _show(measured: MeasuredModel | MeasuredEndpoint, output: str, text: Callable[[Any], str]) -> None:
    if output == "json":
        write_output(msgspec.json.format(msgspec.json.encode(measured), indent=2).decode(), "")
    else:
        write_output(text(measured), "", machine=False)


def _model_text(measured: MeasuredModel) -> str:
    from archlint.model.quantities import format_count, format_duration, format_size

    rows = [f"{measured.file}: {measured.format}, {format_size(measured.artifact_bytes)}"]
    if measured.parameters is not None:
        kinds = ", ".join(f"{format_count(count)} {kind}" for kind, count in measured.dtypes.items())
        rows.append(f"  parameters    {format_count(measured.parameters)} ({kinds})")
    if measured.load_s is not None:
        rows.append(f"  load time     {format_duration(measured.load_s)}")
    if measured.memory_bytes is not None and measured.process_bytes is not None:
        memory = f"{format_size(measured.memory_bytes)} for the model, {format_size(measured.process_bytes)} in all"
        rows.append(f"  memory        {memory}")
    if measured.batches:
        rows += [f"  inputs        {measured.inputs}", "", _HEADINGS]
    rows += (_row(f"batch of {batch.size}", batch.times) for batch in measured.batches)
    return "\n".join([*rows, *(f"  note: {note}" for note in measured.notes)])


_HEADINGS: Final = f"  {'':<13} {'mean':>9} {'p50':>9} {'p95':>9} {'p99':>9} {'cv':>6} {'samples':>8}"


def _row(name: str, times: Times) -> str:
    from archlint.model.quantities import format_duration

    shown = [format_duration(times.mean_s)]
    for fraction in (0.5, 0.95, 0.99):
        value = times.at(fraction)
        shown.append("-" if value is None else format_duration(value))
    return f"  {name:<13} {' '.join(f'{one:>9}' for one in shown)} {times.cv:>6.2f} {times.count:>8}"


def _endpoint_text(measured: MeasuredEndpoint) -> str:
    from archlint.model.quantities import format_duration, format_rate

    answers = [f"{count} x {status}" for status, count in measured.statuses.items()]
    answers += (f"{count} x {error}" for error, count in measured.errors.items())
    rows = [
        f"{measured.requests} requests at {format_rate(measured.rate)} for {format_duration(measured.seconds)}: "
        f"{', '.join(answers)}",
        f"  answered      {format_rate(measured.achieved_rate)}",
        f"  lateness      {format_duration(measured.lateness_p99_s)} (p99 of the generator)",
        "", _HEADINGS,
    ]  # fmt: skip
    rows += (_row(name, one) for name, one in (("latency", measured.latency), ("without load", measured.alone)) if one)
    if measured.drift is not None and measured.drift >= _drift_limit():
        rows.append(f"  note: the p50 changed by {measured.drift:.0%} from the first half of the run to the second")
    return "\n".join(rows)


def _drift_limit() -> float:
    from archlint.measure.endpoint import MOST_DRIFT

    return MOST_DRIFT
