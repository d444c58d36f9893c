"""`python -m batch`: the API and the scheduler as processes; the first run starts immediately."""

from __future__ import annotations

import sys

from batch.settings import BatchSettings
from batch.store import Store
from kit.database import RefusedDatabaseError, open_database
from kit.ports import address_of, front_port
from kit.processes import Processes, python_part
from kit.settings import command_line, read_settings, refuse


def main() -> int:
    """Run both until SIGTERM or SIGINT, and return the exit status."""
    command_line("batch", __doc__, BatchSettings).parse_args()
    settings = read_settings(BatchSettings)
    try:
        Store(open_database(settings, "batch")).engine.dispose()
    except RefusedDatabaseError as error:
        refuse(str(error))
    port = front_port(settings)
    api = python_part("api", "batch.app", host=settings.host, port=port)
    scheduler = python_part("scheduler", "batch.schedule")
    url = address_of(settings.host, port)
    return Processes(api, scheduler).run([f"{url}/ready"], f"batch listens on {url}", settings.start_s, settings.stop_s)


if __name__ == "__main__":
    sys.exit(main())
