"""The command line for click: one module per command, imported only when the command runs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from importlib import import_module

import click

from archlint import __version__
from archlint.cli.terminal import width
from archlint.errors import UsageError
from archlint.model.names import nearest

COMPLETE = "_ARCHLINT_COMPLETE"
"""The variable by which the script of a shell asks for completions."""
COMMANDS = {
    "check": "Check architectures: each finding points to its line and suggests a fix.",
    "import": "Write an arch.yaml from the files that deploy a system, such as Compose or Kubernetes.",
    "render": "Draw an architecture with its findings: SVG, PNG, PDF, HTML, Mermaid, D2 or DOT.",
    "baseline": "Freeze today's findings, so that `check` reports new ones only.",
    "diff": "Compare two versions of a system: parts, facts, findings.",
    "drift": "Compare arch.yaml with the files that deploy the system.",
    "analyze": "Compute the numbers: load, capacity, latency, memory, start, what is lost with each component.",
    "whatif": "Change facts, and compare: numbers and findings before and after.",
    "measure": "Measure facts for arch.yaml: a model file, or a running service.",
    "sweep": "Compute numbers and findings for all combinations of several facts, in parallel.",
    "sensitivity": "Find which single fact, changed by how much, makes a finding appear or go away.",
    "serve": "Edit in the browser, with findings and a live picture; also an HTTP API.",
    "simulate": "Simulate requests over time: tails, full queues, retries, batches, outages.",
    "explain": "Explain a rule, with an example that violates it and one that passes; or a key of arch.yaml.",
    "rules": "List the rules.",
    "patterns": "List the patterns that findings suggest as fixes, or show one.",
    "technologies": "List the technologies that `uses:` knows.",
    "schema": "Print the JSON Schema of arch.yaml, or of the JSON report.",
    "lsp": "Start the language server, for an editor: findings while you type, completion, rename, fixes.",
    "init": "Write a commented arch.yaml to start from.",
    "reference": "Start the reference implementation of a pattern, or list all of them.",
    "new": "Create a project from the reference implementation of a pattern.",
    "completion": "Print the completion script of a shell.",
}
_MODULES = {"import": "importing"}
"""Commands whose name is a keyword of Python."""


class Interrupted(BaseException):
    """Ctrl-C, under a name that click does not know: it would print an empty line first."""


class HelpFormatter(click.HelpFormatter):
    """Writes options so that their texts have room in a narrow terminal too."""

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write terms with their texts; a term longer than its column has a line of its own."""
        super().write_dl(rows, min(col_max, self.width * 3 // 8), col_spacing)


class Context(click.Context):
    """The context of every command."""

    formatter_class = HelpFormatter


class LazyGroup(click.Group):
    """A group that knows the names of its commands, and imports one when it runs."""

    context_class = Context

    def invoke(self, ctx: click.Context) -> object:
        """Run the command that the call names."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise Interrupted from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all commands, in the order in which people need them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        module = _MODULES.get(cmd_name, cmd_name)
        command: click.Command = import_module(f"archlint.cli.{module}").command
        command.context_class = Context
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Suggest the nearest command for one that does not exist."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            likely = f"check {args[0]}" if os.path.exists(args[0]) else nearest(args[0], COMMANDS)
            hint = f"did you mean `{likely}`?" if likely else f"commands: {', '.join(COMMANDS)}"
            raise click.UsageError(f"There is no command `{args[0]}`; {hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=LazyGroup, invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip
@click.version_option(__version__, "-V", "--version", prog_name="archlint", message="%(prog)s %(version)s")
@click.pass_context
def app(ctx: click.Context) -> None:
    """Check and analyse systems that serve machine-learning models.

    Start with `archlint init`, then `archlint check arch.yaml`.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        ctx.exit(2)


def run_app(words: list[str]) -> int:
    """Run a command, and return its exit status; raises `UsageError` for invalid arguments."""
    if COMPLETE in os.environ:
        from archlint.cli.shells import use_own_scripts

        use_own_scripts()
    try:
        status = app.main(
            words, prog_name="archlint", standalone_mode=False, windows_expand_args=False, terminal_width=width()
        )
    except (click.Abort, Interrupted):
        raise KeyboardInterrupt from None
    except click.NoSuchOption as error:
        from archlint.cli.suggest import suggested_option

        likely = suggested_option(error.option_name, error.ctx.command if error.ctx is not None else app)
        hint = f"did you mean `{likely}`?" if likely else f"see `{_path(error, words)} --help`"
        raise UsageError(f"no such option `{error.option_name}`", hint) from None
    except click.UsageError as error:
        message, _, hint = error.format_message().rstrip(".").partition("; ")
        raise UsageError(message[:1].lower() + message[1:], hint or f"see `{_path(error, words)} --help`") from None
    except click.ClickException as error:
        raise UsageError(error.format_message()) from None
    return status if isinstance(status, int) else 0


def _path(error: click.UsageError, words: list[str]) -> str:
    """Return the command that a wrong call names, as typed: `archlint check`."""
    if error.ctx is not None:
        return error.ctx.command_path
    return f"archlint {words[0]}" if words and words[0] in COMMANDS else "archlint"
