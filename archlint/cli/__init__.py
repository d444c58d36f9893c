"""The command line: the only place that prints, exits and reads the clock."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line; a call that cannot be served ends in one clear message and exit status 2."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    from archlint.errors import ArchlintError

    try:
        sys.exit(_run(sys.argv[1:]))
    except ArchlintError as error:
        print(f"archlint: {error}", file=sys.stderr)
        sys.exit(2)
    except Exception:
        import traceback

        traceback.print_exc()
        print(
            "archlint: this is a defect of archlint, not of your file: please report what stands above", file=sys.stderr
        )
        sys.exit(2)  # never 1, which means findings


def start() -> None:
    """Run the command line as a process of its own, which ends at once.

    A check makes hardly any cycles: the collector would walk hundreds of thousands of objects for nothing, and taking
    them down one by one at the end takes as long again.
    """
    import gc

    gc.disable()
    status = 0
    try:
        main()
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:                            # whoever read has gone
        status = status or 1
    os._exit(status)


def _run(words: list[str]) -> int:
    """Run a call, and return its exit status.

    `archlint check` with paths alone, as hooks and editors call it, does without the option parser: that takes a third
    of the time of a small check. Every other call goes through it.
    """
    if (
        words[:1] == ["check"]
        and not any(word.startswith("-") for word in words)
        and "_ARCHLINT_COMPLETE" not in os.environ
    ):
        from archlint.cli.checking import CheckCall, run_check

        return run_check(CheckCall(paths=tuple(words[1:])))
    from archlint.cli.app import app

    app(prog_name="archlint")
    return 0
