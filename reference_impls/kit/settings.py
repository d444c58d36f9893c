"""Settings from the environment: `SERVE_PORT=9000 python -m web_single`."""

from __future__ import annotations

import json
import os
import re
import sys
import traceback
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Literal, NoReturn, TypeVar

from pydantic import Field, ValidationError
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

PREFIX = "SERVE_"
DATA_DIR = "reference-data"
DEFECT = 70                                        # EX_SOFTWARE in sysexits.h
_RESERVE_S = 8.0                                   # for all that is neither work nor waiting: more than web.py takes


class Settings(BaseSettings):
    """The settings of every service; a pattern adds its own fields in a subclass.

    `data_dir` has everything that must survive a restart. `part` names a process of a larger pattern in its logs.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True)

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535, description="0: any free port")
    data_dir: Path = Path(DATA_DIR)
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    max_body_bytes: int = Field(1_000_000, gt=0)
    part: str = ""
    drain_s: float = Field(10, gt=0, description="how long requests in flight may take after SIGTERM")
    lame_duck_s: float = Field(2, ge=0, description="how long /ready fails after SIGTERM before it accepts no requests")
    receive_s: float = Field(10, gt=0, description="how long a caller may take to send a request")
    most_in_flight: int = Field(1000, ge=1, description="the requests in flight; others get 503")
    threads: int = Field(40, ge=1, description="the requests that are worked on at a time; others wait their turn")
    hung_s: float = Field(30, gt=0, description="a request in flight for longer is taken for hung")
    traces_url: str = Field("", description="an OpenTelemetry collector (OTLP over HTTP) that gets spans; empty: none")
    start_s: float = Field(60, gt=0, description="how long the processes of a pattern may take to become ready")

    @property
    def finish_s(self) -> float:
        """How long a process may take to finish its work after SIGTERM."""
        return self.drain_s

    @property
    def stop_s(self) -> float:
        """How long a supervisor waits after SIGTERM before it kills the process."""
        return self.lame_duck_s + self.finish_s + _RESERVE_S


S = TypeVar("S", bound=BaseSettings)


def read_settings(kind: type[S]) -> S:
    """Read the settings of a service; if one is wrong, exit with its name and the reason, status 2."""
    try:
        settings = kind()
    except ValidationError as error:
        refuse(*(_said(e["loc"], e["msg"]) for e in error.errors()))
    except SettingsError as error:                 # a value that must be JSON
        field = re.search(r'field "(\w+)"', str(error))
        refuse(f"{PREFIX}{field[1].upper() if field else ''}: is not valid JSON")
    if isinstance(settings, Settings):
        file = next((p for p in (settings.data_dir, *settings.data_dir.parents) if p.exists() and not p.is_dir()), None)
        if file is not None:
            refuse(f"{PREFIX}DATA_DIR: {file} is not a folder")
    return settings


def _said(place: tuple[int | str, ...], message: str) -> str:
    """Name the variable, and the place in its value."""
    if not place:
        return f"the settings: {message}"
    inside = f"{'.'.join(map(str, place[1:]))}: " if len(place) > 1 else ""
    return f"{PREFIX}{str(place[0]).upper()}: {inside}{message}"


def command_line(module: str, description: str | None, *kinds: type[BaseSettings]) -> ArgumentParser:
    """Return the parser of `python -m module`; its help ends with the settings, their defaults and descriptions.

    An unknown `SERVE_` variable is reported on standard error: it may be misspelt, or meant for another pattern.
    """
    fields = {name: field for kind in kinds for name, field in kind.model_fields.items() if name != "part"}
    lines = [
        f"  {PREFIX}{name.upper()} ({_shown(field.default)})" + (f": {field.description}" if field.description else "")
        for name, field in fields.items()
    ]
    known = {PREFIX + name.upper() for name in (*fields, "part")}
    for name in sorted(os.environ):
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            likely = get_close_matches(name.upper(), known, 1, 0.8)
            hint = f"did you mean {likely[0]}?" if likely else "--help lists them"
            print(f"warning: {name} is not a setting of {module}; {hint}", file=sys.stderr, flush=True)
    epilog = "settings (environment variables) with their defaults:\n" + "\n".join(lines)
    return ArgumentParser(module, description=description, epilog=epilog, formatter_class=RawDescriptionHelpFormatter)


def _shown(default: object) -> str:
    if default is PydanticUndefined:
        return "required"
    if isinstance(default, (tuple, list, dict)):
        return json.dumps(default)
    return "none" if default in (None, "") else str(default)


def ended_in_one_line(main: Callable[[], int]) -> int:
    """Run a command whose exit status has a meaning; after a defect, print one line, and return a status of its own.

    A traceback ends with status 1, which a caller would take for an answer.
    """
    try:
        return main()
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        what = f"{type(error).__name__}: {error}".partition("\n")[0]
        print(f"failed: {what} ({Path(where.filename).name}:{where.lineno})", file=sys.stderr, flush=True)
        return DEFECT


def refuse(*reasons: str) -> NoReturn:
    """Exit before serving: print one line for each reason, exit status 2."""
    for reason in reasons:
        print(f"cannot start: {reason}", file=sys.stderr, flush=True)
    raise SystemExit(2)
