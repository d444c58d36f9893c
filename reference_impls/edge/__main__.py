"""`python -m edge`: the registry.

`python -m edge device --registry URL 5.1 3.5 1.4 0.2` runs a device, `python -m edge release` adds a version.
"""

from __future__ import annotations

import sys


def main() -> int:
    """Run one of the three; each imports only what it needs, so a device loads no web framework."""
    what, words = "".join(sys.argv[1:2]), sys.argv[2:]
    if what == "device":
        from edge.device import main as device  # noqa: PLC0415

        return device(words)
    if what == "release":
        from edge.release import main as release  # noqa: PLC0415

        return release(words)
    from edge.registry import RegistrySettings  # noqa: PLC0415
    from edge.registry import main as registry  # noqa: PLC0415
    from kit.settings import command_line  # noqa: PLC0415

    command_line("edge", __doc__, RegistrySettings).parse_args()
    registry()
    return 0


if __name__ == "__main__":
    sys.exit(main())
