"""`python -m online_ab`: the front end, and a server for each of the two models."""

from __future__ import annotations

import sys

from kit.ports import address_of, free_port, front_port
from kit.processes import Processes, python_part
from kit.settings import command_line, read_settings
from online_ab.settings import OnlineAbSettings


def main() -> int:
    """Run all three."""
    command_line("online_ab", __doc__, OnlineAbSettings).parse_args()
    settings = read_settings(OnlineAbSettings)
    port, *ports = front_port(settings), free_port(), free_port()
    urls = [f"http://127.0.0.1:{p}" for p in ports]
    front = python_part("front", "online_ab.app", port=port, current_url=urls[0], candidate_url=urls[1])
    arms = [
        python_part(name, "online_ab.arm", host="127.0.0.1", port=p, model=name)
        for name, p in zip(("current", "candidate"), ports, strict=True)
    ]
    where = address_of(settings.host, port)
    ready = [f"{url}/ready" for url in (*urls, where)]
    return Processes(front, *arms).run(ready, f"online-ab listens on {where}", settings.start_s, settings.stop_s)


if __name__ == "__main__":
    sys.exit(main())
