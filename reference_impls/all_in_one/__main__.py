"""`python -m all_in_one`: one server with four models, restarted when it exits.

`--fault abort` gives one model a fault. `--apart` runs the same code as one server for each model, to compare.
"""

from __future__ import annotations

import json
import sys
from typing import get_args

from all_in_one.app import NAMES, AllInOneSettings, Fault
from kit.models import trained_apart
from kit.ports import address_of, front_port
from kit.processes import Processes, python_part
from kit.settings import command_line, read_settings


def main() -> int:
    """Run the server as a child process, and restart it when it ends, as a container runtime does."""
    settings = read_settings(AllInOneSettings)
    parser = command_line("all_in_one", __doc__, AllInOneSettings)
    parser.add_argument("--fault", choices=get_args(Fault), default=settings.fault, help="the fault of one model")
    parser.add_argument("--apart", action="store_true", help="one server for each model, on consecutive ports")
    call = parser.parse_args()
    for name in NAMES:
        trained_apart(name, settings.data_dir, trees=settings.trees)
    groups = {name: [name] for name in NAMES} if call.apart else {"all-in-one": list(NAMES)}
    ports = {name: front_port(settings, index) for index, name in enumerate(groups)}
    servers = [
        python_part(name, "all_in_one.app", port=ports[name], names=json.dumps(models), fault=call.fault)
        for name, models in groups.items()
    ]
    where = {name: address_of(settings.host, port) for name, port in ports.items()}
    announcement = "\n".join(f"{name} listens on {address}" for name, address in where.items())
    return Processes(*servers).run(
        [f"{address}/ready" for address in where.values()], announcement, settings.start_s, settings.stop_s
    )


if __name__ == "__main__":
    sys.exit(main())
