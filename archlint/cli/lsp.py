"""`archlint lsp`."""

from __future__ import annotations

import gc
import os
import sys

import click

from archlint.about import docs_url, install_command
from archlint.cli.options import allow_code as allow_code_option
from archlint.cli.permission import allows_code
from archlint.errors import UsageError
from archlint.linter import Options


@click.command("lsp", epilog=f"The settings of each editor: {docs_url('editors.md')}")
@click.option("--stdio", is_flag=True, help="Talk over standard input and output: the default, and the only way.")
@allow_code_option
def command(stdio: bool, allow_code: bool) -> None:
    """Start the language server, for an editor: findings while you type, completion, rename, fixes.

    Editors start it themselves, and it runs until they close it.
    """
    try:
        from archlint.lsp.features import serve
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in {"pygls", "lsprotocol", "attrs", "cattrs"}:
            raise
        raise UsageError("the language server needs pygls", install_command("lsp")) from None
    gc.enable()                            # a command leaves it off, but this one runs for days
    sys.stdout.flush()
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as writer:     # the server closes its stream
        serve(Options(allow_code=allows_code(allow_code)), sys.stdin.buffer, writer)
