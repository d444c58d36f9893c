"""The result of one input, and how errors and defects become errors of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from archlint.about import REPOSITORY
from archlint.errors import (
    ArchlintError,
    ConfigError,
    ForeignInputError,
    PackError,
    UnreadableInputError,
    lost_memory_error,
)
from archlint.inputs import InputError, input_errors
from archlint.verdicts import FileReport

_MORE_MEMORY: Final = "give archlint more memory, or split the file"


class Outcome(msgspec.Struct, frozen=True):
    """The result of one input: a report of each of its systems, or errors, and the files that it includes.

    `others` are the names of its systems if the call picks none of them. A `foreign` file is YAML of another kind.
    `read` are the deployment files that the system comes from, and `notes` say how they were read.
    """

    path: Path
    reports: tuple[FileReport, ...] = ()
    errors: tuple[InputError, ...] = ()
    included: frozenset[Path] = frozenset()
    others: tuple[str, ...] = ()
    foreign: bool = False
    read: frozenset[Path] = frozenset()
    notes: tuple[str, ...] = ()


def guarded(path: Path, work: Callable[[], Outcome]) -> Outcome:
    """Return the outcome of some work on a file; what the file or archlint does wrong is an error of it."""
    name = str(path)
    try:
        return work()
    except UnreadableInputError as error:
        return Outcome(path, (), input_errors(error, name), foreign=isinstance(error, ForeignInputError))
    except (ConfigError, PackError) as error:
        return Outcome(path, (), config_errors(error))
    except ArchlintError:
        raise
    except MemoryError:
        return Outcome(path, (), (InputError(f"{name}: out of memory", _MORE_MEMORY, name),))
    except Exception as error:
        if lost_memory_error(error):
            return Outcome(path, (), (InputError(f"{name}: out of memory", _MORE_MEMORY, name),))
        return Outcome(path, (), (defect(name, error),))


def lost(path: Path) -> Outcome:
    """Return the outcome of a file whose worker process was killed."""
    message = f"{path}: the process that checked it was killed, probably for lack of memory"
    return Outcome(path, (), (InputError(message, _MORE_MEMORY, str(path)),))


def config_errors(error: ArchlintError) -> tuple[InputError, ...]:
    """Return the mistakes of a configuration as errors of a report; raises if an option of the call is wrong."""
    errors = input_errors(error)
    if any(mistake.where.startswith("--") for mistake in error.mistakes):
        raise error
    return errors


def defect(name: str, error: Exception) -> InputError:
    """Report an unexpected exception: a defect of archlint, which must not leave the other files unchecked."""
    import traceback

    said = "".join(traceback.format_exception_only(error)).strip().replace("\n", " ")
    last = traceback.extract_tb(error.__traceback__)[-1]
    message = f"{name}: archlint failed on this file: {said} ({os.path.basename(last.filename)}:{last.lineno})"
    return InputError(
        message, f"this is a defect of archlint: please report it at {REPOSITORY}/issues", name,
        traceback="".join(traceback.format_exception(error)),
    )  # fmt: skip
