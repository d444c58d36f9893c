"""`archlint import`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from archlint.about import docs_url
from archlint.cli.options import InputPath
from archlint.cli.outputs import save, say, write_output
from archlint.cli.progress import progress
from archlint.cli.streams import read_stdin
from archlint.errors import UnreadableInputError, UsageError
from archlint.source.files import read_stream
from archlint.targets import STDIN

if TYPE_CHECKING:
    from archlint.importers.draft import Draft
    from archlint.importers.importing import Imported
    from archlint.metrics.measured import Measurement


_WINDOW: Final = "1d"


@click.command("import")
@click.argument("paths", nargs=-1, type=InputPath())
@click.option(
    "--output", "-o", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False, readable=False),
    help="Write to this file, which must not exist.  [default: standard output]",
)  # fmt: skip
@click.option(
    "--update", "updated", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False, readable=False),
    help="Merge what changed into this architecture file: comments, stated facts, order and formatting stay.",
)  # fmt: skip
@click.option(
    "--prometheus", metavar="URL|FILE",
    help="Add rates, peaks and times from the metrics of the servers: of a Prometheus server, or of a metrics file.",
)  # fmt: skip
@click.option(
    "--window", metavar="TIME", default=_WINDOW, show_default=True, help="For --prometheus: look back this far."
)
@click.option(
    "--values", "-f", metavar="FILE", multiple=True, type=click.Path(path_type=Path, dir_okay=False, readable=False),
    help="Render Helm charts with these values, as `helm template -f`.",
)  # fmt: skip
def command(
    paths: tuple[Path, ...], output: Path | None, updated: Path | None, prometheus: str | None, window: str,
    values: tuple[Path, ...],
) -> None:  # fmt: skip
    """Read deployment files, and write the architecture that they describe.

    PATH is a Docker Compose file, a Kubernetes manifest, another file that deploys a system, or a folder of them; the
    format is recognised by its content.
    `-` reads standard input, such as what `helm template` prints.
    Compose files that you name are merged in order, as with `docker compose -f`. Nothing is executed or fetched.
    """
    from archlint.importers.importing import import_files
    from archlint.importers.writing import write
    from archlint.report.layout import plural
    from archlint.targets import deployment_files

    if prometheus is not None or window != _WINDOW:
        from archlint.metrics.reading import window_seconds

        window_seconds(window)
    if prometheus is None and window != _WINDOW:
        raise UsageError("--window has no effect without --prometheus", "add --prometheus URL, or leave --window out")
    for file in values:
        if not file.is_file():
            raise UnreadableInputError(f"{file}: no such file", "name a file of values, as for `helm template -f`")
    targets, given = _given(list(paths) or [Path()])
    found, root = deployment_files(targets)
    explicit = all(not path.is_dir() for path in targets)
    imported = import_files(found, root, explicit, given, values, progress("import", len(found)))
    for error in imported.errors:
        say(f"error: {error.message}" + (f"\n  hint: {error.hint}" if error.hint else ""))
    if not imported.draft.components:
        where = ", ".join("the current folder" if target == Path() else str(target) for target in targets)
        for note in imported.draft.notes:
            say(f"note: {note}")
        if imported.errors:
            raise UnreadableInputError(f"nothing imported from {where}", "correct the files named above")
        reasons = f": {imported.reasons}" if imported.left_out else ""
        raise UsageError(f"nothing to import in {where}{reasons}", "name a file that deploys a system")
    for note in imported.draft.notes:
        say(f"note: {note}")
    if values and not imported.has_charts:
        say("note: --values has no effect: there is no Helm chart among the files")
    for path, reason in imported.left_out[:20]:
        say(f"note: {path}: not read: {reason}")
    measurement = _measured(prometheus, window, imported.draft) if prometheus is not None else None
    base = str(targets[0]) if targets[0].is_dir() else ""
    if updated is not None:
        if output is not None:
            raise UsageError("--update and --output exclude each other", "leave one out")
        _update(updated, imported, base, measurement)
        return
    if measurement is not None:
        from archlint.metrics.measured import apply

        apply(measurement, imported.draft)
    text = write(imported.draft, _system_name(targets[0]), imported.sources, base)
    if output is None:
        write_output(text, "")
        return
    if output.exists():
        raise UsageError(f"{output} exists: it is not overwritten", "name another file")
    save(output, text.encode(), replace=False)
    components, files = plural(len(imported.draft.components), "component"), plural(len(imported.sources), "file")
    say(f"wrote {output}: {components} from {files}\nnext: archlint check {output}")


def _measured(where: str, window: str, draft: Draft) -> Measurement:
    """Read the metrics of the servers that an import found, and say what fits to none of them."""
    from archlint.metrics.measured import measure
    from archlint.metrics.reading import read_metrics

    found = measure(read_metrics(where, window), draft)
    for line in found.unknown[:20]:
        say(f"note: metrics of no component: {line}")
    if not found.components and not found.models:
        say(f"note: no metrics of the servers found; {docs_url('import.md')} lists those that are known")
    return found


def _update(path: Path, imported: Imported, base: str, measurement: Measurement | None) -> None:
    """Merge what an import found into an architecture file, and say what changed."""
    from datetime import date

    from archlint.drifting.updating import update
    from archlint.importers.documents import Deployed
    from archlint.model.read import read
    from archlint.report.layout import plural
    from archlint.source.files import project_root, read_bytes, read_document
    from archlint.writing import encoded

    document = read_document(path)
    if imported.errors:
        raise UnreadableInputError(f"{path} is not updated", "correct the files named above: parts may be in them")
    if len(document.systems) > 1:
        raise UsageError(f"{path} describes several systems", "write each into a file of its own")
    before = read_bytes(path, str(path))
    deployed = Deployed(imported.draft, "system", tuple(imported.sources))
    day = date.today().isoformat()
    found = update(path, document, read(deployed.main, deployed), imported.draft, day, base, measurement)
    for line in found.changes:
        say(f"changed: {line}")
    for line in found.open:
        say(f"open: {line}")
    if found.text == document.text:
        say(f"{path} is up to date")
        return
    save(path, encoded(found.text, before), inside=project_root(path))
    say(f"updated {path}: {plural(len(found.changes), 'change')}; see them with `git diff {path}`")


def _given(paths: list[Path]) -> tuple[list[Path], dict[Path, bytes]]:
    """Read standard input and pipes, which can be read only once."""
    given: dict[Path, bytes] = {}
    paths = list(dict.fromkeys(paths))
    for number, path in enumerate(paths):
        if str(path) == "-":
            paths[number] = Path(STDIN)
            given[paths[number]] = read_stdin()
        elif path.is_fifo():
            given[path] = read_stream(path, str(path))
    return paths, given


def _system_name(path: Path) -> str:
    folder = path.resolve() if path.is_dir() else path.resolve().parent
    return folder.name or "system"
