"""`python -m prediction_monitoring`: one server, which monitors its inputs and predictions."""

from __future__ import annotations

from kit.settings import command_line
from prediction_monitoring.app import MonitoringSettings, main

if __name__ == "__main__":
    command_line("prediction_monitoring", __doc__, MonitoringSettings).parse_args()
    main()
