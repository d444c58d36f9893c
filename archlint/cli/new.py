"""`archlint new`."""

from __future__ import annotations

from pathlib import Path

import click

from archlint.cli.complete import complete_reference
from archlint.cli.outputs import say
from archlint.reference import implementation_named
from archlint.reference.project import write_project


@click.command("new")
@click.argument("pattern", shell_complete=complete_reference)
@click.argument("folder", type=click.Path(path_type=Path, readable=False))
@click.option("--kubernetes", is_flag=True, help="Add manifests for Kubernetes.")
def command(pattern: str, folder: Path, kubernetes: bool) -> None:
    """Create a project in FOLDER from the reference implementation of PATTERN.

    It contains everything that the service needs: code, tests, container files, arch.yaml. `archlint reference` lists
    the patterns. FOLDER must be new or empty.
    """
    implementation = implementation_named(pattern)
    parts = write_project(implementation, folder, kubernetes)
    say(f"wrote {folder}: {', '.join(parts)}\nnext: read {folder / implementation.module / 'README.md'}")
