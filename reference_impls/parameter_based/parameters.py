"""The parameters around a model: their definition, and how each process follows one file.

An invalid change has no effect: the last good parameters stay in force. They are also kept in a second file, for
processes that start in the meantime, unless the folder is read-only, as a ConfigMap is.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StrictBool, ValidationError, model_validator

from kit.inputs import MOST_RECORDS
from kit.logs import logger

Label = Annotated[str, Field(min_length=1, max_length=64)]
log = logger(__name__)


class ParametersError(Exception):
    """The parameters are not valid, and there are no earlier good ones."""


class Parameters(BaseModel):
    """`enabled: false` turns predictions off: the answer is `default_label`, or 503 with the `reason`.

    If a prediction is below `least_probability`, or its label is `withheld`, the answer is `unsure_label`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: StrictBool = True
    reason: Annotated[str, Field(max_length=200)] = ""
    default_label: Label | None = None
    least_probability: float = Field(default=0, ge=0, le=1)
    withheld: tuple[Label, ...] = ()
    unsure_label: Label = "unsure"
    most_records: int = Field(default=MOST_RECORDS, ge=1, le=MOST_RECORDS)

    @model_validator(mode="after")
    def _said_why(self) -> Parameters:
        if not self.enabled and not self.reason:
            raise ValueError("`reason` is required when predictions are turned off")
        return self

    def unknown_labels(self, labels: Collection[str]) -> list[str]:
        """Return the labels that the model does not know."""
        return [label for label in (*self.withheld, self.default_label) if label is not None and label not in labels]


class Change(BaseModel):
    """Parameters, who made them, and when."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    parameters: Parameters
    by: str = "the file"
    at: AwareDatetime | None = None


class Switch:
    """Applies the parameters of one file in this process; `problem` says why those in the file do not apply."""

    def __init__(self, file: Path, labels: Collection[str]) -> None:
        """Read the file; raises `ParametersError` if it is not valid and there are no earlier good parameters."""
        self.in_force = Change(parameters=Parameters(), by="the defaults")
        self.problem = ""
        self._file = file
        self._good = file.with_suffix(".good.json")
        self._labels = labels
        self._seen: bytes | None = None
        self._lock = threading.Lock()
        self._unkept = ""
        self._started = False
        self._unread = False
        self.look()
        if self.problem:
            try:
                self._take(self._read(self._good.read_bytes()))
            except (OSError, ParametersError):
                raise ParametersError(self.problem) from None
            self._tell_kept_out()
        self._started = True

    def look(self) -> None:
        """Apply the parameters in the file, if they have changed and are valid."""
        with self._lock:
            try:
                content = self._file.read_bytes()
            except FileNotFoundError:
                if self._seen is not None:
                    self._unread = True
                    self._refuse(f"{self._file.name} is missing")
                return
            except OSError as error:
                self._unread = True
                self._refuse(f"{self._file.name} cannot be read: {error.strerror}")
                return
            if content == self._seen and not self._unread:
                return
            self._unread = False
            self._seen = content
            try:
                change = self._read(content)
            except ParametersError as error:
                self._refuse(str(error))
                return
            self.problem = ""
            self._take(change)
            self._keep(content)

    def change(self, parameters: Parameters, by: str) -> Change:
        """Write parameters into the file, which all processes read; raises `ParametersError`."""
        change = Change(parameters=parameters, by=by, at=datetime.now(UTC))
        content = change.model_dump_json(indent=2).encode()
        self._read(content)
        before = self.in_force.parameters
        _write(self._file, content)
        self.look()
        log.warning("parameters changed", by=by, before=before.model_dump(), after=parameters.model_dump())
        return change

    def _read(self, content: bytes) -> Change:
        try:
            change = Change.model_validate_json(content)
        except ValidationError as error:
            reasons = [f"{'.'.join(map(str, e['loc'])) or 'the file'}: {e['msg']}" for e in error.errors()[:5]]
            raise ParametersError(f"{self._file.name} is not valid: {'; '.join(reasons)}") from None
        unknown = change.parameters.unknown_labels(self._labels)
        if unknown:
            raise ParametersError(f"unknown class {', '.join(unknown)}; known classes: {', '.join(self._labels)}")
        return change

    def _take(self, change: Change) -> None:
        self.in_force = change
        log.warning("parameters in force", by=change.by, at=str(change.at), parameters=change.parameters.model_dump())

    def _keep(self, content: bytes) -> None:
        """Store the last good parameters for the next start, if the folder can be written; a ConfigMap cannot."""
        try:
            _write(self._good, content)
            self._unkept = ""
        except OSError as error:
            reason = error.strerror or type(error).__name__
            if reason != self._unkept:
                log.warning("the last good parameters are not kept for the next start", reason=reason)
            self._unkept = reason

    def _refuse(self, problem: str) -> None:
        if problem != self.problem:
            self.problem = problem
            if self._started:
                self._tell_kept_out()

    def _tell_kept_out(self) -> None:
        log.error("parameters rejected", reason=self.problem, still_in_force=self.in_force.parameters.model_dump())


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    partial.write_bytes(content)
    partial.replace(path)
