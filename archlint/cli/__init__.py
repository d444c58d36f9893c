"""The command line: the only place that prints, exits and reads the clock."""

from __future__ import annotations

import os
import sys
from typing import Final

INTERRUPTED: Final = 130
"""The exit status after Ctrl-C, as shells have it."""
_SHELL_EXPANDS: Final = os.name != "nt"
"""Whether the shell replaces `*.yaml` by names; Windows leaves that to programs."""


def main() -> None:
    """Run the command line; a call that cannot be served ends in one clear message and exit status 2."""
    from archlint.errors import ArchlintError, hint_to_read

    try:
        os.getcwd()
    except OSError as error:
        hint = "change to a folder that exists"
        print(f"error: the current folder cannot be used: {error.strerror}\n  hint: {hint}", file=sys.stderr)
        sys.exit(2)
    try:
        sys.exit(_run(_expanded(sys.argv[1:])))
    except ArchlintError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except MemoryError:
        print("error: out of memory\n  hint: check fewer files at once", file=sys.stderr)
        sys.exit(2)
    except Exception as error:
        if isinstance(error, OSError) and error.filename is not None:      # no rights, a name too long, a full disk
            hint = hint_to_read(error, "name another file or folder")
            print(f"error: {os.fsdecode(error.filename)}: {error.strerror}\n  hint: {hint}", file=sys.stderr)
            sys.exit(2)
        import traceback

        traceback.print_exc()
        print(
            "error: this is a defect of archlint, not of your file\n  hint: please report it, with the lines above",
            file=sys.stderr,
        )
        sys.exit(2)  # never 1, which means findings


def start() -> None:
    """Run the command line as a process of its own, which ends at once.

    A check makes hardly any cycles: the collector would walk hundreds of thousands of objects for nothing, and taking
    them down one by one at the end takes as long again.
    """
    status = INTERRUPTED
    try:
        status = _start()
    except KeyboardInterrupt:
        import signal

        signal.signal(signal.SIGINT, signal.SIG_IGN)        # once is enough
        _note("interrupted")
    os._exit(status)


def _use_utf8() -> None:
    """Start again in Python's UTF-8 mode if names of files are read in another encoding.

    Git and reports have them in UTF-8. Standard streams keep the encoding of the locale.
    """
    if sys.getfilesystemencoding() == "utf-8" or sys.flags.utf8_mode or not sys.executable:
        return
    os.environ.setdefault("PYTHONIOENCODING", getattr(sys.stdout, "encoding", None) or sys.getfilesystemencoding())
    os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])


def _start() -> int:
    import gc

    _use_utf8()
    from archlint.cli.streams import open_streams, trouble

    gc.disable()
    open_streams()
    status = 0
    try:
        main()
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    found = trouble()
    if found:
        _note(found)
        return 2
    return status


def _note(text: str) -> None:
    try:
        sys.stdout.flush()
        print(f"error: {text}", file=sys.stderr, flush=True)
    except (OSError, ValueError):
        return                                         # nobody can be told


def _expanded(words: list[str]) -> list[str]:
    """Replace wildcards by the names that they match, where the shell has not done so; others stay as they are."""
    if _SHELL_EXPANDS or not any(char in word for word in words for char in "*?["):
        return words
    from glob import glob

    return [name for word in words for name in (sorted(glob(word, recursive=True)) or [word])]


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
        from archlint.source.later import import_yaml

        import_yaml()
        from archlint.cli.checking import CheckCall, run_check

        return run_check(CheckCall(paths=tuple(words[1:])))
    from archlint.cli.app import run_app

    return run_app(words)
