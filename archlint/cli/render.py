"""`archlint render`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click
from click.core import ParameterSource

from archlint.analysis.system import System
from archlint.api import checked, unchecked
from archlint.cli import settings as given
from archlint.cli.complete import complete_file, complete_formats
from archlint.cli.options import allow_code as allow_code_option
from archlint.cli.options import config as config_option
from archlint.cli.outputs import keep_what_is_read, save, say
from archlint.cli.permission import allows_code
from archlint.cli.streams import harmless, write_bytes
from archlint.diagram import EXTENSIONS, GRAPHS, Look, Picture, Plan
from archlint.diagram.formats import BINARY, NAMES, SEARCHED, Made, extension_of
from archlint.diagram.groups import AUTO, MOST_SEARCHED, MOST_SEEN, NONE, WAYS
from archlint.diagram.mermaid import MOST_CHARACTERS, MOST_EDGES
from archlint.diagram.purpose import PURPOSES, README
from archlint.diagram.svg import DIRECTIONS
from archlint.diagram.themes import THEMES
from archlint.drawing import drawn_as
from archlint.errors import PackError, UsageError
from archlint.linter import Options
from archlint.model.names import nearest
from archlint.reading import Source
from archlint.verdicts import FileReport

_MOST_SHOWN = 40
_OF_PICTURES = {
    "theme": "--theme", "purpose": "--for", "direction": "--direction", "cluster": "--cluster",
    "collapse": "--collapse",
    "workload": "--path", "focus": "--focus", "hops": "--hops", "patterns": "--patterns", "all_lines": "--all-lines",
}  # fmt: skip
"""Options that change how a picture looks or what it leaves out."""


def check_scale(ctx: click.Context, param: click.Parameter, value: float) -> float:
    """Return a number from 0.1 to 8; reject others, and `nan`."""
    if not 0.1 <= value <= 8:
        raise click.BadParameter(f"{value:g} is not a number from 0.1 to 8", ctx, param)
    return value


def check_format(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Return a format by any of its extensions; suggest the nearest for an unknown one."""
    if value is None:
        return None
    found = EXTENSIONS.get(value.lower().lstrip("."))
    if found is None:
        raise click.BadParameter(f"unknown format `{value}`; {_likely(value)}", ctx, param)
    return found


def _likely(word: str) -> str:
    likely = f"graph.{word}" if f"graph.{word}" in NAMES else nearest(word, NAMES)
    return f"did you mean `{likely}`?" if likely else f"formats: {', '.join(NAMES)}"


@click.command("render")
@given.file
@click.option("--output", "-o", metavar="FILE", shell_complete=complete_file,
              help="Write to FILE; its extension selects the format. `-` is stdout.")  # fmt: skip
@click.option("--format", "-f", "format_name", metavar="FORMAT", callback=check_format,
              shell_complete=complete_formats(NAMES),
              help=f"The format, if the extension does not name it: {', '.join(NAMES)}.")  # fmt: skip
@click.option("--theme", type=click.Choice(THEMES), default=AUTO,
              help="Colours; auto follows the viewer in SVG and HTML, otherwise light.")  # fmt: skip
@click.option("--for", "purpose", type=click.Choice(tuple(PURPOSES)), default=README.name,
              show_default=True,
              help="Where it is read: in a README (838 px wide), on a slide (16:9) or on a page (A4).")  # fmt: skip
@click.option("--direction", type=click.Choice(DIRECTIONS), default=AUTO, help="The direction of requests.")
@click.option("--cluster", type=click.Choice((AUTO, "region", "zone", "owner", NONE)), default=AUTO,
              help="Frame components that belong together; auto: those of other teams.")  # fmt: skip
@click.option("--collapse", type=click.Choice((AUTO, *WAYS, NONE)), default=AUTO,
              help=f"Draw each group as one node; auto does so above {MOST_SEEN} components, "
              f"or above {MOST_SEARCHED} in {', '.join(sorted(SEARCHED))}.")  # fmt: skip
@click.option("--path", "workload", metavar="WORKLOAD", default="",
              help="Highlight what this workload waits for, with its time budget.")  # fmt: skip
@click.option("--system", "chosen", metavar="NAME", default="",
              help="Draw this system of a file that describes several, by name or number.")  # fmt: skip
@click.option("--focus", metavar="NAME", default="", help="Draw only this component and its surroundings.")
@click.option("--hops", type=click.IntRange(0, 100), default=1, show_default=True, help="Reach of --focus.")
@click.option("--patterns", is_flag=True, help="Shade the roles of recognised patterns.")
@click.option("--no-findings", is_flag=True, help="Run no rules and draw no findings.")
@click.option("--all-lines", is_flag=True,
              help="Draw every relation as a line, even those to components that most others use.")  # fmt: skip
@allow_code_option
@click.option("--scale", type=float, default=2.0, show_default=True, callback=check_scale,
              help="Pixels per point, in PNG.")  # fmt: skip
@click.option("--fonts", type=click.Path(path_type=Path, exists=True, file_okay=False), multiple=True,
              help="Search this folder, not the system's, for fonts beyond Latin, Greek and Cyrillic, in PNG and "
              "PDF.")  # fmt: skip
@config_option
def command(
    paths: tuple[Path, ...],
    output: str | None,
    format_name: str | None,
    theme: str,
    purpose: str,
    direction: str,
    cluster: str,
    collapse: str,
    workload: str,
    chosen: str,
    focus: str,
    hops: int,
    patterns: bool,
    no_findings: bool,
    all_lines: bool,
    allow_code: bool,
    scale: float,
    fonts: tuple[Path, ...],
    config: Path | None,
) -> None:
    """Draw PATH (default: arch.yaml; `-` is standard input) with its findings.

    PATH is an architecture file, a folder with one, or the files that deploy a system, which are drawn as one system.
    A file with errors is drawn as far as it can be read. FILE is replaced. Findings do not change the exit status; 2
    means a wrong option or an input that cannot be read.
    """
    target, name = _target(output, format_name)
    _refuse_idle_options(name, focus)
    options = Options(config=config, rules=not no_findings, allow_code=allows_code(allow_code))
    source = given.source_of(paths, options, chosen)
    system, report = _read(source, options)
    inputs = [Path(document.name) for document in system.architecture.documents]
    if target is not None:
        _keep_inputs(target, inputs, config)
    plan = Plan(cluster, collapse, workload, focus, hops, patterns, all_lines)
    made, picture = drawn_as(name, system, report, plan, Look(theme, direction, scale, fonts or None, purpose))
    if picture is None:
        notes = []
        counts = _counts(len(system.components), len(report.grouped) if report is not None else 0)
    else:
        notes = [*(picture.notes if target is not None else ()), *_warnings(picture, name, made)]
        components = sum(len(node.members) or 1 for node in picture.nodes)
        counts = _counts(components, _drawn(picture, report))
    _write(made.data, target)
    if target is not None:
        say(f"wrote {target} ({counts})")
    for note in notes:
        say(f"note: {note}")


def _read(source: Source, options: Options) -> tuple[System, FileReport | None]:
    """Return a system with its findings; without rules there are none."""
    if not options.rules:
        return unchecked(source, options), None
    try:
        return checked(source, options)
    except PackError as error:
        draw_anyway = "draw without findings: --no-findings"
        raise PackError(error.message, f"{error.hint}, or {draw_anyway}" if error.hint else draw_anyway) from None


def _warnings(picture: Picture, name: str, made: Made) -> list[str]:
    """Return the limits that a picture exceeds, in words."""
    if name == "mmd" and (len(picture.edges) > MOST_EDGES or len(made.data.decode()) > MOST_CHARACTERS):
        limits = f"{MOST_CHARACTERS} characters or {MOST_EDGES} lines"
        return [f"Mermaid's default settings refuse more than {limits}: use --collapse or --focus."]
    if made.missing:
        shown = f"{made.missing[:_MOST_SHOWN]}{'…' if len(made.missing) > _MOST_SHOWN else ''}"
        hint = "install a font that has them (such as Noto Sans CJK or Noto Emoji), or write an SVG"
        return [f"no font has these characters, so they are drawn as boxes: {shown}; {hint}."]
    return []


def _refuse_idle_options(name: str, focus: str) -> None:
    """Raise `UsageError` for an option that would have no effect."""
    set_by = click.get_current_context().get_parameter_source
    if name in GRAPHS:
        for parameter, option in _OF_PICTURES.items():
            if set_by(parameter) is ParameterSource.COMMANDLINE:
                hint = "leave it out: a graph holds the whole system"
                raise UsageError(f"{option} is for pictures, not for {name}", hint)
    if not focus and set_by("hops") is ParameterSource.COMMANDLINE:
        raise UsageError("--hops needs --focus", "add --focus NAME")
    if name != "png" and set_by("scale") is ParameterSource.COMMANDLINE:
        raise UsageError(f"--scale is for PNG, not for {name}", "leave it out, or draw a PNG: -o arch.png")
    if name not in BINARY and set_by("fonts") is ParameterSource.COMMANDLINE:
        raise UsageError(f"--fonts is for PNG and PDF, not for {name}", "leave it out, or draw a PNG: -o arch.png")


def _target(output: str | None, format_name: str | None) -> tuple[Path | None, str]:
    """Return the file to write (None: standard output) and the format; raises `UsageError` if they do not match."""
    if output in {None, "-"}:
        if format_name is None:
            what = "-o -: standard output has no extension" if output else "neither a file nor a format is named"
            file = "" if output else "name a file: -o arch.svg, or "
            raise UsageError(what, f"{file}add a format: --format svg")
        if format_name in BINARY and sys.stdout.isatty():
            name = format_name.upper()
            raise UsageError(f"{name} cannot be shown on a terminal", f"write it to a file: -o arch.{format_name}")
        return None, format_name
    target = Path(str(output))
    extension = extension_of(target)
    said = EXTENSIONS.get(extension)
    if said is None and format_name is None:
        if not extension:
            hint = f"give it an extension, or add --format; formats: {', '.join(NAMES)}"
            raise UsageError(f"{target} has no extension, so the format is unknown", hint)
        raise UsageError(f"{target}: unknown format `{extension}`", _likely(extension))
    if said is not None and format_name not in {None, said}:
        raise UsageError(f"{target} has the extension of {said}, but --format is {format_name}", "leave out --format")
    name = said or str(format_name)
    if target.is_dir():
        raise UsageError(f"{target} is a folder", f"name a file in it: -o {target / f'arch.{name}'}")
    _keep_others(target, name)
    return target, name


def _keep_others(target: Path, name: str) -> None:
    """Raise `UsageError` if a file, or the file that a link leads to, has another extension than the format."""
    real = Path(os.path.realpath(target))
    if not real.is_file():                             # a device or a pipe has no content to lose
        return
    hint = f"name a file that ends in .{name}"
    if EXTENSIONS.get(extension_of(real)) != name:
        if target.is_symlink():
            raise UsageError(f"{target} links to {real}, which does not end in .{name}: not overwritten", hint)
        raise UsageError(f"{target} exists and does not end in .{name}: not overwritten", hint)


def _keep_inputs(target: Path, inputs: list[Path], config: Path | None) -> None:
    for path in inputs:
        if target.exists() and path.exists() and target.samefile(path):
            raise UsageError(f"{target} is an input file: not overwritten", "name another file with -o")
    keep_what_is_read(str(target), map(str, inputs), [str(config)] if config is not None else [])


def _write(data: bytes, target: Path | None) -> None:
    """Write a picture to a file, or to standard output."""
    if target is None:
        write_bytes(data if b"\0" in data or data.startswith(b"%PDF") else harmless(data.decode()).encode())
    else:
        save(target, data)


def _drawn(picture: Picture, report: FileReport | None) -> int:
    """Return how many findings a picture has, as `check` counts them: one for all places of a decision."""
    marked = {(mark.rule, mark.at) for mark in picture.all_marks}
    found = report.grouped if report is not None else ()
    return sum(any((one.rule, place.at) in marked for place in one.all_places) for one in found)


def _counts(components: int, findings: int) -> str:
    parts = f"{components} component{'s' if components != 1 else ''}"
    return f"{parts}, {findings} finding{'s' if findings != 1 else ''}"
