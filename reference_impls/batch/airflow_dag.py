"""The same job under Airflow 3: the tasks of the DAG run it as a process, in the service's own environment.

Airflow and the service do not need each other's libraries. `BATCH_PYTHON` is the Python interpreter of the service,
`BATCH_HOME` the folder that contains `batch` and `kit`. The job reads its settings from `SERVE_*`.
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
    catchup=False,                                  # do not run again for each missed hour
    max_active_runs=1,
    params={"run": Param("", type="string", title="the run to continue; empty: a new run")},
    doc_md=__doc__,
):
    for worker in range(WORKERS):                   # they claim parts of one run, on any machine
        BashOperator(
            task_id=f"score-{worker + 1}",
            bash_command='exec "$BATCH_PYTHON" -m batch.job --run "$RUN"',
            env={"RUN": RUN, "BATCH_PYTHON": PYTHON, "PYTHONPATH": HOME},
            append_env=True,
            retries=2,                              # a repeated job continues where the last one stopped
            retry_delay=timedelta(minutes=1),
        )
