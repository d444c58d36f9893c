"""What pytest does not import: Airflow lives in an environment of its own."""

from __future__ import annotations

collect_ignore = ["airflow_dag.py"]
