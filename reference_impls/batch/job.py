"""`python -m batch.job --run NAME`: score all records; if you start the same run again, it continues where it stopped.

Exit status 0: all parts are done. 1: some failed; standard error gives the reasons. 2: wrong arguments, model or
database. 75: the window ended, the job was asked to stop, or the database failed; start it again for the other parts.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from types import FrameType
from uuid import uuid4

from pydantic import TypeAdapter, ValidationError
from sqlalchemy.exc import SQLAlchemyError

from batch.settings import DONE, FAILED, UNFINISHED, BatchSettings, Retry, run_at
from batch.store import OtherModelError, Part, Store
from kit.database import RefusedDatabaseError, open_database, reason
from kit.inputs import Record, Records, UnfitInputError
from kit.logs import configure_logs, logger
from kit.models import Model, RefusedModelError, examples, load, trained
from kit.settings import PREFIX, read_settings, refuse

_PAUSE_S = 0.1
_ROWS = TypeAdapter(list[Record])
log = logger(__name__)


class Job:
    """One worker of a run, which starts the other workers on this machine."""

    def __init__(self, settings: BatchSettings, store: Store, model: Model, run: str) -> None:
        self.settings, self.store, self.model, self.run = settings, store, model, run
        self.name = f"{os.getpid()}-{uuid4().hex[:8]}"
        self.until = time.time() + settings.window_s if settings.window_s else float("inf")
        self.stopping = False
        self.helpers: list[subprocess.Popen[bytes]] = []

    def stop(self, _number: int, _frame: FrameType | None) -> None:
        """Start no further part; the current one is finished and stored."""
        self.stopping = True
        for helper in self.helpers:
            helper.terminate()

    def do(self, retry: Retry) -> int:
        """Score the remaining parts of the run, and return the exit status."""
        self.store.begin(self.run, self.model.card.version, self.settings.chunk, retry)
        self._start_helpers()
        self._work()
        for helper in self.helpers:
            helper.wait()
        states = self.store.states(self.run)
        total, left = sum(states.values()), states["waiting"] + states["running"]
        print(f"run {self.run}: {states['done']} of {total} parts are done, {states['failed']} failed, {left} remain")
        if left:
            return UNFINISHED
        self.store.end(self.run, states["failed"], self.settings.keep_runs)
        for why in self.store.reasons(self.run):
            print(why, file=sys.stderr)
        return FAILED if states["failed"] else DONE

    def _start_helpers(self) -> None:
        """Start more workers; all claim parts of the same run, as workers on other machines would."""
        left_s = "0" if self.until == float("inf") else str(max(0.001, self.until - time.time()))
        environment = {**os.environ, f"{PREFIX}WORKERS": "1", f"{PREFIX}WINDOW_S": left_s}
        command = [sys.executable, "-m", "batch.job", "--run", self.run, "--retry", "none"]
        for _ in range(self.settings.workers - 1):
            self.helpers.append(subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL))
        if self.stopping:                          # stopped while they started
            for helper in self.helpers:
                helper.terminate()

    def _work(self) -> None:
        """Score parts until none is left; wait for the parts of other workers, because a part may become free again."""
        while not self.stopping and time.time() < self.until:
            part = self.store.claim(self.run, self.name, self.settings.lease_s)
            if part is not None:
                self._score(part)
                continue
            states = self.store.states(self.run)
            if not states["waiting"] + states["running"]:
                return
            time.sleep(_PAUSE_S)

    def _score(self, part: Part) -> None:
        records = self.store.records(part)
        try:
            inputs = Records.model_construct(inputs=_ROWS.validate_python(list(records.values())))
            width = len(self.model.card.features)
            predictions = self.model.predict(inputs.matrix(width)) if records else []  # all may be deleted
        except (ValidationError, UnfitInputError, ValueError) as error:
            self.store.fail(part, _why(error, list(records)))
            log.warning("part failed", run=self.run, part=part.number, reason=str(error))
            return
        kept = self.store.finish(part, list(records), predictions, self.model.card.version)
        log.info("part done" if kept else "another worker took over the part", run=self.run, part=part.number)


def _why(error: Exception, keys: list[str]) -> str:
    """Return why a part failed, with the key of the record if the error names one."""
    said: str = str(error)
    index: int | str | None = None
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        said, index = str(first["msg"]), first["loc"][0]
    elif found := re.match(r"inputs\[(\d+)\]", said):
        index = int(found[1])
    return f"record {keys[index]}: {said}" if isinstance(index, int) else said


def main() -> int:
    """Run one job and return its exit status."""
    parser = argparse.ArgumentParser("batch.job", description=__doc__)
    parser.add_argument("--run", default=run_at(datetime.now(UTC)), help="the name of the run (default: the time)")
    parser.add_argument("--retry", choices=("all", "failed", "none"), default="failed", help="which parts to rescore")
    call = parser.parse_args()
    if not re.fullmatch(r"[\w.:+-]{1,64}", call.run):
        parser.error("--run must have at most 64 characters: letters, digits and . : + - _")
    settings = read_settings(BatchSettings)
    configure_logs(settings, "batch-job")
    try:
        store = Store(open_database(settings, "batch"))
        store.fill({f"flower-{i:03}": flower for i, flower in enumerate(examples("iris").tolist())})
        job = Job(settings, store, load(trained("iris", settings.data_dir)), call.run)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, job.stop)
        return job.do(call.retry)
    except (RefusedDatabaseError, RefusedModelError, OtherModelError) as error:
        refuse(str(error))
    except OSError as error:
        refuse(f"{settings.data_dir}: {error.strerror}")
    except SQLAlchemyError as error:
        print(f"cannot continue: the database failed: {reason(error)}", file=sys.stderr)
        return UNFINISHED


if __name__ == "__main__":
    sys.exit(main())
