"""`python -m shadow_ab`: the server for callers, and the server of the candidate, which gets copies only."""

from __future__ import annotations

import sys

from kit.ports import address_of, free_port, front_port
from kit.processes import Processes, python_part
from kit.settings import command_line, read_settings
from shadow_ab.app import ShadowSettings


def main() -> int:
    """Run both; the service is ready without the candidate."""
    command_line("shadow_ab", __doc__, ShadowSettings).parse_args()
    settings = read_settings(ShadowSettings)
    port, other = front_port(settings), free_port()
    candidate = f"http://127.0.0.1:{other}"
    front = python_part("current", "shadow_ab.app", port=port, candidate_url=candidate)
    shadow = python_part("candidate", "shadow_ab.candidate", host="127.0.0.1", port=other)
    where = address_of(settings.host, port)
    return Processes(front, shadow).run(
        [f"{where}/ready"], f"shadow-ab listens on {where}", settings.start_s, settings.stop_s
    )


if __name__ == "__main__":
    sys.exit(main())
