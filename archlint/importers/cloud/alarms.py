"""Alarms and alerts of clouds: what they are about is monitored."""

from __future__ import annotations

from typing import Final

from archlint.importers.cloud.units import Cloud
from archlint.importers.cloud.values import follow, values_of

_ABOUT: Final[dict[str, tuple[str, ...]]] = {
    "aws_cloudwatch_metric_alarm": ("dimensions", "metric_query"), "aws_cloudwatch_alarm": ("dimensions", "metrics"),
    "aws_sagemaker_monitoring_schedule": ("monitoring_schedule_config",),
    "aws_sagemaker_data_quality_job_definition": ("data_quality_job_input",),
    "azurerm_monitor_metric_alert": ("scopes",), "azurerm_monitor_diagnostic_setting": ("target_resource_id",),
    "google_monitoring_alert_policy": ("conditions",),
    "google_vertex_ai_model_deployment_monitoring_job": ("endpoint",),
}  # fmt: skip
"""The fields of a type that name what it watches."""


def add_alarms(cloud: Cloud) -> None:
    """Mark each component that an alarm is about."""
    for kind, paths in _ABOUT.items():
        for one in cloud.of_type.get(kind, ()):
            for path in paths:
                for unit in cloud.units_of(value for item in follow(one.values, path) for value in values_of(item)):
                    unit.running.watched = True
