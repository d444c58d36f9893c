"""`python -m all_in_one`: one server with four models, kept alive; `--fault abort` gives one of them a fault."""

from __future__ import annotations

import argparse
import sys
from typing import get_args

from all_in_one.app import NAMES, AllInOneSettings, Fault
from kit.models import trained
from kit.processes import Processes, free_port, python_part
from kit.settings import read_settings


def main() -> int:
    """Run the server as a child that is started again when it ends, as a container is."""
    settings = read_settings(AllInOneSettings)
    parser = argparse.ArgumentParser("all_in_one", description=__doc__)
    parser.add_argument("--fault", choices=get_args(Fault), default=settings.fault, help="see AllInOneSettings")
    call = parser.parse_args()
    for name in NAMES:
        trained(name, settings.data_dir, trees=settings.trees)
    port = settings.port or free_port()
    server = python_part("server", "all_in_one.app", port=port, fault=call.fault)
    where = f"http://{settings.host}:{port}"
    return Processes(server).run([f"{where}/ready"], f"all-in-one listens on {where}")


if __name__ == "__main__":
    sys.exit(main())
