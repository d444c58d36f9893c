"""Keep pytest from importing the DAG: Airflow has its own environment."""

from __future__ import annotations

collect_ignore = ["airflow_dag.py"]
