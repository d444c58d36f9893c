"""The embedded scheduler: starts one job each period, and retries failed parts."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from types import FrameType

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy.exc import SQLAlchemyError

from batch.settings import DONE, REFUSED, UNFINISHED, BatchSettings, run_at
from batch.store import Store
from kit.database import RefusedDatabaseError, open_database, reason
from kit.logs import configure_logs, logger
from kit.settings import read_settings, refuse

log = logger(__name__)


class Schedule:
    """Starts the job as a separate process, so that a crash or its memory use does not affect the scheduler."""

    def __init__(self, settings: BatchSettings, store: Store) -> None:
        self.settings, self.store = settings, store
        self.stopping = threading.Event()
        self._job: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        """Run the schedule until SIGTERM; a job then stores its current part, and the rest waits for the next start."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        scheduler = BackgroundScheduler(executors={"default": ThreadPoolExecutor(1)}, timezone=UTC)
        trigger = CronTrigger.from_crontab(self.settings.schedule, timezone=UTC)
        scheduler.add_job(self.fire, trigger, coalesce=True, max_instances=1, misfire_grace_time=None)
        if self.store.unfinished() or self.store.last_end() is None:
            scheduler.add_job(self.fire, misfire_grace_time=None)          # a run was interrupted, or none has ended
        scheduler.start()
        self.stopping.wait()
        if self._job is not None:
            self._job.terminate()
        scheduler.shutdown(wait=True)

    def fire(self) -> None:
        """Continue the unfinished run, or start one; if a job fails, repeat its failed parts."""
        try:
            run = self.store.unfinished() or run_at(datetime.now(UTC))
        except SQLAlchemyError as error:
            log.error("no run: the database failed", reason=reason(error))
            return
        for attempt in range(1, self.settings.attempts + 1):
            if self.stopping.is_set():
                return
            self._job = subprocess.Popen([sys.executable, "-m", "batch.job", "--run", run])
            if self.stopping.is_set():             # stopped while it started
                self._job.terminate()
            status = self._job.wait()
            log.info("job ended", run=run, status=status, attempt=attempt)
            if status in (DONE, UNFINISHED):
                return
            if status == REFUSED:                  # such as after a change of the model: abandon the run
                run = run_at(datetime.now(UTC))
            self.stopping.wait(min(2.0**attempt, 60))
        log.error("the run is stopped until the next period", run=run)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping.set()


if __name__ == "__main__":
    settings = read_settings(BatchSettings)
    configure_logs(settings, "batch-schedule")
    try:
        store = Store(open_database(settings, "batch"))
    except RefusedDatabaseError as error:
        refuse(str(error))
    Schedule(settings, store).run()
