"""The same job under Airflow 3: a DAG whose tasks run it in the service's own environment, as a process.

Airflow needs none of the service's libraries, and the service none of Airflow's. `BATCH_PYTHON` is the interpreter of
the service, `BATCH_HOME` the folder that holds `batch` and `kit`; the job reads its own settings from `SERVE_*`.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Param

WORKERS = 2
HOME = os.environ.get("BATCH_HOME", str(Path(__file__).resolve().parents[1]))
PYTHON = os.environ.get("BATCH_PYTHON", "python3")
RUN = "{{ params.run or dag_run.run_after.strftime('%Y%m%dT%H%M%S') }}"

with DAG(
    "batch",
    schedule="0 * * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,                                  # an hour that was missed is not scored twice later
    max_active_runs=1,
    params={"run": Param("", type="string", title="the run to continue; empty: a new run")},
    doc_md=__doc__,
):
    for worker in range(WORKERS):                   # they claim parts of one run, wherever Airflow puts them
        BashOperator(
            task_id=f"score-{worker + 1}",
            bash_command='exec "$BATCH_PYTHON" -m batch.job --run "$RUN"',
            env={"RUN": RUN, "BATCH_PYTHON": PYTHON, "PYTHONPATH": HOME},
            append_env=True,
            retries=2,                              # a repeated job goes on where the last one stopped
            retry_delay=timedelta(minutes=1),
        )
