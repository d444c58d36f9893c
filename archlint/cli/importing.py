"""`archlint import`."""

from __future__ import annotations

from pathlib import Path

import click

from archlint.cli.outputs import save, say, write_output
from archlint.errors import UnreadableInputError, UsageError


@click.command("import")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, readable=False))
@click.option(
    "--output", "-o", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False, readable=False),
    help="Write to this file, which must not exist.  [default: standard output]",
)  # fmt: skip
def command(paths: tuple[Path, ...], output: Path | None) -> None:
    """Read deployment files, and write the architecture that they describe.

    PATH is a Docker Compose file, a Kubernetes manifest, or a folder of them; the format is recognised by its content.
    Compose files that you name are merged in order, as with `docker compose -f`. Nothing is executed or fetched.
    """
    from archlint.importers.importing import import_files
    from archlint.importers.writing import write
    from archlint.targets import deployment_files

    targets = list(paths) or [Path()]
    found, root = deployment_files(targets)
    explicit = all(not path.is_dir() for path in targets)
    imported = import_files(found, root, explicit)
    for error in imported.errors:
        say(f"error: {error.message}" + (f"\n  hint: {error.hint}" if error.hint else ""))
    if not imported.draft.components:
        where = ", ".join(map(str, targets))
        if imported.errors:
            raise UnreadableInputError(f"nothing imported from {where}", "correct the files named above")
        reasons = f": {imported.reasons}" if imported.left_out else ""
        raise UsageError(f"nothing to import in {where}{reasons}", "name a Compose file, or Kubernetes manifests")
    for note in imported.draft.notes:
        say(f"note: {note}")
    for path, reason in imported.left_out[:20]:
        say(f"note: {path}: not read: {reason}")
    base = str(targets[0]) if targets[0].is_dir() else ""
    text = write(imported.draft, _system_name(targets[0]), imported.sources, base)
    if output is None:
        write_output(text, "")
        return
    if output.exists():
        raise UsageError(f"{output} exists: it is not overwritten", "name another file")
    save(output, text.encode(), replace=False)
    count = len(imported.draft.components)
    say(f"wrote {output}: {count} components from {len(imported.sources)} files\nnext: archlint check {output}")


def _system_name(path: Path) -> str:
    folder = path.resolve() if path.is_dir() else path.resolve().parent
    return folder.name or "system"
