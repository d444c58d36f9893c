"""The command line: the only place that prints, exits and reads the clock."""

from __future__ import annotations

import os
import sys
from typing import Final

INTERRUPTED: Final = 130
"""The exit status after Ctrl-C, as in shells."""
_SHELL_EXPANDS: Final = os.name != "nt"
"""Whether the shell expands `*.yaml`; on Windows, programs do it."""


def main() -> None:
    """Run the command line; an invalid call prints one clear message and exits with status 2."""
    from archlint.errors import ArchlintError, hint_to_read, lost_memory_error

    try:
        os.getcwd()
    except OSError as error:
        hint = "change to a folder that exists"
        print(f"error: the current folder cannot be used: {error.strerror}\n  hint: {hint}", file=sys.stderr)
        sys.exit(2)
    try:
        sys.exit(_run(_expanded(sys.argv[1:])))
    except ArchlintError as error:
        from archlint.cli.terminal import error_text

        print(error_text(error), file=sys.stderr)
        sys.exit(2)
    except MemoryError:
        print("error: out of memory\n  hint: check fewer files at once", file=sys.stderr)
        sys.exit(2)
    except Exception as error:
        if isinstance(error, OSError) and error.filename is not None:      # no permission, a long name, a full disk
            hint = hint_to_read(error, "name another file or folder")
            print(f"error: {os.fsdecode(error.filename)}: {error.strerror}\n  hint: {hint}", file=sys.stderr)
            sys.exit(2)
        if lost_memory_error(error):
            print("error: out of memory\n  hint: check fewer files at once", file=sys.stderr)
            sys.exit(2)
        import traceback

        traceback.print_exc()
        print(
            "error: this is a defect of archlint, not of your file\n  hint: please report it, with the lines above",
            file=sys.stderr,
        )
        sys.exit(2)  # never 1, which means findings


def start() -> None:
    """Run the command line as its own process, and exit without cleaning up.

    A check creates hardly any reference cycles: the garbage collector would visit hundreds of thousands of objects for
    nothing. Freeing them one by one at the end would take as long again.
    """
    status = INTERRUPTED
    try:
        status = _start()
    except KeyboardInterrupt:
        import signal

        signal.signal(signal.SIGINT, signal.SIG_IGN)        # ignore further Ctrl-C
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
    from archlint.source.later import import_later, import_msgspec

    import_later("ipaddress", "textwrap", "ntpath", "fnmatch")
    import_msgspec()
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
        return                                         # nothing can be printed


def _expanded(words: list[str]) -> list[str]:
    """Expand wildcards if the shell does not; keep those that match nothing."""
    if _SHELL_EXPANDS or not any(char in word for word in words for char in "*?["):
        return words
    from glob import glob

    return [name for word in words for name in (sorted(glob(word, recursive=True)) or [word])]


def _run(words: list[str]) -> int:
    """Run a call, and return its exit status.

    `archlint check` with paths alone, as hooks and editors call it, skips the option parser, which would take a third
    of the time of a small check. Every other call uses it.
    """
    if words and not words[0].startswith("-"):           # the others print help or the version, and read nothing
        from archlint.source.later import import_yaml

        import_yaml()
    if _is_plain_check(words):
        from archlint.cli.checking import CheckCall, run_check

        return run_check(CheckCall(paths=tuple(words[1:])))
    from archlint.cli.app import run_app

    return run_app(words)


def _is_plain_check(words: list[str]) -> bool:
    is_check = words[:1] == ["check"] and not any(word.startswith("-") for word in words)
    return is_check and "_ARCHLINT_COMPLETE" not in os.environ
