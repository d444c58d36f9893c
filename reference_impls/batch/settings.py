"""The settings of the scheduler, the job and the API, from `SERVE_*`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from apscheduler.triggers.cron import CronTrigger
from pydantic import Field, field_validator

from kit.database import DatabaseSettings

DONE, FAILED, REFUSED, UNFINISHED = 0, 1, 2, 75     # exit statuses; 75 as in sysexits.h: try again later
Retry = Literal["all", "failed", "none"]


class BatchSettings(DatabaseSettings):
    """`chunk` records form one part of a run: one worker claims, scores and stores them together.

    `lease_s` is how long a worker may hold a part; it must be longer than the slowest part takes. `window_s` is how
    long a job may start new parts; 0 means no limit. A prediction older than `fresh_s` is stale.
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
        CronTrigger.from_crontab(value)            # its ValueError gives the reason
        return value


def run_at(moment: datetime) -> str:
    """Return the name of the run at a time; names sort in the order of the times."""
    return moment.strftime("%Y%m%dT%H%M%S")
