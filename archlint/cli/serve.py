"""`archlint serve`."""

from __future__ import annotations

import os
import re
from pathlib import Path

import click

from archlint.about import install_command
from archlint.cli.options import InputPath, NumberRange
from archlint.cli.options import allow_code as allow_code_option
from archlint.cli.options import config as config_option
from archlint.cli.outputs import say
from archlint.cli.permission import allows_code
from archlint.errors import UsageError

TOKEN = "ARCHLINT_TOKEN"
_TOKEN = r"[A-Za-z0-9._~+/=-]{16,500}"


@click.command("serve")
@click.argument("paths", nargs=-1, type=InputPath())
@click.option("--host", default="127.0.0.1", show_default=True,
              help="Listen at this address; one that other machines reach needs a token.")  # fmt: skip
@click.option("--port", default=8765, show_default=True, type=click.IntRange(0, 65_535), help="0 takes a free port.")
@click.option("--token", default="", metavar="TEXT",
              help=f"Require this token; {TOKEN} sets it without showing it in the list of processes.")  # fmt: skip
@click.option("--allow-host", "hosts", multiple=True, metavar="NAME", help="Accept this name in requests; repeatable.")
@click.option("--processes", type=click.IntRange(1, 64), help="Work in this many processes.  [default: one per core]")
@click.option(
    "--time-limit", default=20.0, show_default=True, type=NumberRange(0.1, 3_600), help="Seconds per request."
)
@click.option(
    "--runs", metavar="URL", default="",
    help="Keep and show runs in this database, as `check --record`.  [default: SQLite in the home folder]",
)  # fmt: skip
@click.option("--open", "opens", is_flag=True, help="Open the page in a browser.")
@allow_code_option
@config_option
def command(
    paths: tuple[Path, ...], host: str, port: int, token: str, hosts: tuple[str, ...], processes: int | None,
    time_limit: float, runs: str, opens: bool, allow_code: bool, config: Path | None,
) -> None:  # fmt: skip
    """Open a workbench for the architectures in PATHS (default: the current folder), with an HTTP API.

    The page shows an editor with findings and a live picture, and what changed numbers would do. Only files below PATHS
    are read and saved. The API is described at /openapi.json. Ctrl-C stops the server.
    """
    try:
        from archlint.serve.app import Limits, Served
        from archlint.serve.guard import Policy, is_loopback
        from archlint.serve.jobs import Setup
        from archlint.serve.runs import default_url
        from archlint.serve.server import bind, run
        from archlint.serve.workspace import Workspace
    except ImportError as error:
        if (error.name or "").startswith("archlint"):
            raise
        raise UsageError(f"`serve` needs {error.name}", install_command("serve")) from None

    token = token or os.environ.get(TOKEN, "").strip()
    if not is_loopback(host) and not token:
        raise UsageError(f"--host {host} is open to the network, and no token is set", f"set {TOKEN}, or give --token")
    if token and not re.fullmatch(_TOKEN, token):
        what = "the token needs at least 16 characters: letters, digits, and the signs - . _ ~ + / ="
        raise UsageError(what, "`openssl rand -hex 16` prints one")
    workspace = Workspace.of(paths)
    limits = Limits(processes or os.cpu_count() or 1, time_limit)
    setup = Setup(
        workspace, str(config.resolve()) if config is not None else "", allows_code(allow_code), limits.memory_bytes
    )
    with bind(host, port) as bound:
        shown = f"[{host.strip('[]')}]" if ":" in host else host
        address = f"http://{shown}:{bound.getsockname()[1]}/"

        def ready() -> None:
            say(f"workbench of {workspace.base}: {address}\npress Ctrl-C to stop")
            if opens:
                import webbrowser

                webbrowser.open(address)

        run(Served(setup, limits, runs or default_url()), Policy(host, token, hosts), bound, ready)
