"""`archlint completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from archlint.cli.shells import use_own_scripts


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script for SHELL, which the shell then sources.

    bash: `archlint completion bash >> ~/.bashrc`; zsh: `archlint completion zsh >> ~/.zshrc`, below `compinit`; fish:
    `archlint completion fish > ~/.config/fish/completions/archlint.fish`.
    """
    use_own_scripts()
    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"no completion for {shell}")
    click.echo(found(ctx.find_root().command, {}, "archlint", "_ARCHLINT_COMPLETE").source())
