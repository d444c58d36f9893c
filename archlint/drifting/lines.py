"""Differences of description and deployment as one line each: for editors and grep, and as annotations of GitHub."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.drifting.found import Drift, Drifted
from archlint.inputs import InputError
from archlint.report.github import data_text, plain_line, properties_text
from archlint.report.layout import flat, plural
from archlint.report.plain import error_place, place_text, relative_path, without_place
from archlint.verdicts import Location

MOST_SHOWN = 10
"""GitHub shows this many annotations of a level for each step."""


def render_concise(drifted: Drifted, root: str = "") -> str:
    """Return `file:line:column: error drift MESSAGE` for each difference."""
    lines = []
    for error in drifted.errors:
        line, column = error_place(error) or (1, 1)
        file = flat(relative_path(error.file, root)) if error.file else "archlint"
        lines.append(f"{file}:{line}:{column}: error input-not-read {flat(without_place(error))}")
    for one in drifted.found:
        here = one.here
        place = f"{flat(relative_path(here.file, root))}:{here.line}:{here.column}"
        lines.append(f"{place}: error drift {message(one, root)}")
    return "".join(f"{line}\n" for line in lines)


def render_github(drifted: Drifted, root: str = "") -> str:
    """Return an annotation for each of the first differences; the others go into the log as plain text."""
    lines = [_of_error(error, root) for error in drifted.errors]
    room = max(0, MOST_SHOWN - len(lines))
    lines += [_command(one, root) for one in drifted.found[:room]]
    beyond = drifted.found[room:]
    if beyond:
        lines += [f"::group::{plural(len(beyond), 'more difference')}", *_plain(beyond, root), "::endgroup::"]
    return "\n".join([*lines, f"::notice title=archlint drift::{data_text(summary(drifted))}"]) + "\n"


def summary(drifted: Drifted) -> str:
    """Count the differences in one sentence."""
    files = plural(len(drifted.sources), "deployment file")
    compared = f"{plural(drifted.compared, 'component')} compared with {files}"
    unread = f"; {plural(len(drifted.errors), 'file')} could not be read" if drifted.errors else ""
    if drifted.is_empty:
        return f"No drift: {flat(drifted.description)}, {compared}{unread}."
    return f"{plural(len(drifted.found), 'difference')} between {flat(drifted.description)} and the deployment: " \
        f"{compared}{unread}."


def message(one: Drift, root: str) -> str:
    """Return the message of a difference on one line, with its place on the other side."""
    other = f" ({place_text(one.there, root)})" if one.there is not None else ""
    return f"{flat(one.message)}{other}"


def _command(one: Drift, root: str) -> str:
    here = one.here
    data = message(one, root) + (f"\nfix: {flat(one.hint)}" if one.hint else "")
    return f"::error {properties_text(_place(here, root) | {'title': 'archlint drift'})}::{data_text(data)}"


def _place(here: Location, root: str) -> dict[str, str]:
    found = {"file": relative_path(here.file, root), "line": str(here.line), "endLine": str(here.end_line)}
    if here.line == here.end_line:
        found |= {"col": str(here.column), "endColumn": str(here.end_column)}
    return found


def _plain(beyond: tuple[Drift, ...], root: str) -> Iterator[str]:
    for one in beyond:
        yield plain_line(f"error drift {place_text(one.here, root)}: {message(one, root)}")


def _of_error(error: InputError, root: str) -> str:
    place = error_place(error)
    properties = {"file": relative_path(error.file, root)} if error.file else {}
    if place is not None:
        properties |= {"line": str(place[0]), "col": str(place[1])}
    return f"::error {properties_text(properties | {'title': 'archlint'})}::{data_text(flat(without_place(error)))}"
