"""The settings of scheduler, job and API, from `SERVE_*`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from apscheduler.triggers.cron import CronTrigger
from pydantic import Field, field_validator

from kit.database import DatabaseSettings

DONE, FAILED, REFUSED, UNFINISHED = 0, 1, 2, 75     # of a job; 75 as in sysexits.h: try again later
Retry = Literal["all", "failed", "none"]


class BatchSettings(DatabaseSettings):
    """`chunk` records are one part of a run: scored together, stored together, claimed by one worker.

    `lease_s` is how long a part stays with a worker that says nothing: longer than the slowest part takes. `window_s`
    is how long a job may begin parts, 0 for no end. A prediction older than `fresh_s` is called stale.
    """

    chunk: Annotated[int, Field(gt=0, le=1000)] = 50
    workers: Annotated[int, Field(gt=0, le=64)] = 1
    lease_s: Annotated[float, Field(gt=0)] = 30
    window_s: Annotated[float, Field(ge=0)] = 0
    schedule: str = "0 * * * *"
    attempts: Annotated[int, Field(gt=0)] = 3
    keep_runs: Annotated[int, Field(gt=0)] = 2
    fresh_s: Annotated[float, Field(gt=0)] = 7200

    @field_validator("schedule")
    @classmethod
    def _crontab(cls, value: str) -> str:
        CronTrigger.from_crontab(value)            # its ValueError says what is wrong
        return value


def run_at(moment: datetime) -> str:
    """Return the name of the run that is due at a moment; later runs have later names."""
    return moment.strftime("%Y%m%dT%H%M%S")
