"""Charts among the files of an import: rendered by the Helm SDK or by `helm`, under limits; places in templates."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from archlint.about import install_command
from archlint.errors import UnreadableInputError
from archlint.importers.children import run_limited
from archlint.importers.files import Files
from archlint.importers.helm.charts import Copy, local_dependencies
from archlint.importers.helm.lines import Placing
from archlint.importers.helm.sources import split_sources
from archlint.importers.helm.values import Values
from archlint.importers.nested import placed
from archlint.importers.objects import Table, Unit, tree
from archlint.source.document import Document
from archlint.source.files import real_path
from archlint.source.nodes import Mapping
from archlint.source.parser import parse_all

SECONDS: Final = 10.0
MEMORY: Final = 1024**3
MAX_CHARTS: Final = 100
_AT: Final = re.compile(r"([\w.-]+/(?:charts/[\w.-]+/)*templates/[\w./-]+):(\d+)(?::(\d+))?")
MOST_SAID: Final = 200
_HOOK: Final = "helm.sh/hook"
_TESTS: Final = ("test", "test-success", "test-failure")


def read_charts(paths: list[Path], files: Files, notes: list[str], left_out: list[tuple[str, str]]) -> list[Unit]:
    """Render the charts, and hand their manifests on to the reader of Kubernetes."""
    tops = _tops(paths, files)
    for path in paths:
        _claim(path.parent, files)
    how = _renderer()
    for number, path in enumerate(tops):
        if how is None or number >= MAX_CHARTS:
            reason = ADVICE if how is None else f"more than {MAX_CHARTS} charts: name fewer files"
            left_out.append((str(path), reason))
            notes.append(f"{path}: not read: {reason}")
            continue
        try:
            found = list(_rendered(path, files, how, notes))
        except (UnreadableInputError, OSError) as error:
            files.errors.append(_as_input(path, error))
            continue
        files.manifests += found
        files.used[path] = None
        files.used.update(dict.fromkeys(template for _, template in found))
    return []


ADVICE: Final = f"a Helm chart: `{install_command('helm')}`, or run `helm template . | archlint check -`"


def _as_input(path: Path, error: Exception) -> UnreadableInputError:
    if isinstance(error, UnreadableInputError):
        return error
    return UnreadableInputError(f"{path}: the chart cannot be copied: {error}", "check its permissions")


def _tops(paths: list[Path], files: Files) -> list[Path]:
    """Return the charts that are no part of another one: neither inside of it, nor a local dependency."""
    folders = {real_path(path.parent) for path in paths}
    used = {folder for path in paths for folder in local_dependencies(path.parent, files)}
    parts = {path for path in paths if any(above in folders for above in real_path(path.parent).parents)}
    tops = [path for path in paths if path not in parts and real_path(path.parent) not in used]
    return tops or [path for path in paths if path not in parts][:1]


def _claim(folder: Path, files: Files) -> None:
    """Keep the other readers away from the files of a chart."""
    own = [folder / "requirements.yaml", *folder.glob("values*.y*ml"), *folder.glob("values*.json")]
    files.claimed.update(map(real_path, own))
    for name in ("templates", "charts", "crds", "ci"):
        for current, _, names in os.walk(folder / name):
            files.claimed.update(real_path(Path(current) / one) for one in names)


def _renderer() -> str | None:
    """Return what renders charts here: `sdk`, the path of `helm`, or None."""
    if find_spec("helm_python") is not None:
        return "sdk"
    from shutil import which

    return which("helm")


class Rendered(msgspec.Struct, frozen=True):
    """One rendered template, by its path below the chart."""

    place: str
    text: str


def _rendered(path: Path, files: Files, how: str, notes: list[str]) -> Iterator[tuple[Table, Path]]:
    """Yield the manifests of a chart, each with its template."""
    name = _release(path, files)
    with TemporaryDirectory() as temporary:
        target = real_path(Path(temporary))
        copy = Copy(files, target)
        copy.chart(path.parent, "chart", [])
        notes += copy.notes
        pages = _run(path, copy, name, files, how)
    values = {"chart": Values(path.parent, files, files.values)}
    for page in pages:
        template = copy.sources.get(page.place, path)
        yield from _manifests(page, template, files, notes, _values_of(page.place, template, files, values))


def _values_of(place: str, template: Path, files: Files, known: dict[str, Values]) -> Values:
    """Return the values of the chart that a template belongs to; those of the charts above it can replace them."""
    chart = place.partition("/templates/")[0]
    if chart not in known:
        above = chart.rpartition("/charts/")[0]
        folder = next((one.parent for one in template.parents if one.name == "templates"), template.parent)
        known[chart] = Values(folder, files, (), known.get(above) or known["chart"])
    return known[chart]


def _release(path: Path, files: Files) -> str:
    """Return the name of the release: that of the chart, which its templates then use as it is."""
    for document in files.documents(path):
        if isinstance(document.root, Mapping):
            table = tree(document, document.root)
            assert isinstance(table, Table)
            name = re.sub(r"[^a-z0-9-]", "-", table.text("name").lower()).strip("-")[:50]
            return name or "release"
    raise UnreadableInputError(f"{path}: is not a mapping of keys", "a chart has a name and a version")


def _run(path: Path, copy: Copy, name: str, files: Files, how: str) -> list[Rendered]:
    """Render a copy of a chart; raises `UnreadableInputError` with what Helm says, or with the limit."""
    chart = copy.target / "chart"
    values = [files.text(one) for one in files.values]
    if how == "sdk":
        given = json.dumps({"values": values, "name": name, "namespace": "default"}).encode()
        command = [sys.executable, "-I", str(Path(__file__).with_name("child.py")), str(chart)]
    else:
        given = b""
        command = [how, "template", name, str(chart), "--namespace", "default"]
        for number, text in enumerate(values):
            written = chart.parent / f"values-{number}.yaml"
            written.write_text(text, encoding="utf-8")
            command += ["--values", str(written)]
    done = run_limited(command, chart.parent, SECONDS, MEMORY, given)
    if done.failure or done.status:
        raise _failed(path, done.failure or done.said, copy)
    pages = json.loads(done.output).items() if how == "sdk" else split_sources(done.output)
    return [Rendered(_place(place), text) for place, text in pages]


def _failed(path: Path, said: str, copy: Copy) -> UnreadableInputError:
    """Say what Helm said, at the place in the template that it names first."""
    hint = "correct the chart, or give archlint what `helm template` prints"
    found = _AT.search(said)
    source = copy.sources.get(_place(found[1])) if found is not None else None
    if found is None or source is None:
        return UnreadableInputError(f"{path}: the chart is not rendered: {said.replace(str(copy.target), '')}", hint)
    what = said[found.end() :].strip(": ")
    short = what if len(what) < MOST_SAID else f"{what[:MOST_SAID]}…"
    return UnreadableInputError(f"{source}:{found[2]}:{found[3] or 1}: the chart is not rendered: {short}", hint)


def _place(name: str) -> str:
    """Return the path of a template in the copy: Helm puts the name of the chart first."""
    return f"chart/{name.partition('/')[2]}"


def _manifests(
    page: Rendered, template: Path, files: Files, notes: list[str], values: Values
) -> Iterator[tuple[Table, Path]]:
    """Yield the manifests of one rendered template, placed in it and its values; a test of the chart is left out."""
    if page.place.endswith("NOTES.txt") or not page.text.strip():
        return
    try:
        documents = parse_all(files.shown(template), page.text)
    except UnreadableInputError as error:
        place = error.message.removeprefix(f"{files.shown(template)}:")
        notes.append(f"{template}: it renders to text that is not YAML, in its line {place}")
        return
    placing: Placing | None = None
    source = Document(files.shown(template), files.text(template), None)
    for document in documents:
        if isinstance(document.root, Mapping):
            placing = placing or Placing(Document(files.shown(template), page.text, None), source)
            table = values.place(placed(tree(document, document.root), placing))
            if isinstance(table, Table) and not _is_test(table):
                yield table, template


def _is_test(table: Table) -> bool:
    hooks = table.text("metadata", "annotations", _HOOK).split(",")
    return any(hook.strip() in _TESTS for hook in hooks)


