"""The server of one of the two models: `SERVE_MODEL=candidate python -m online_ab.arm`."""

from __future__ import annotations

from typing import Literal

from kit.plain import serve_model
from kit.settings import Settings, read_settings

_TREES = {"current": 0, "candidate": 30}


class ArmSettings(Settings):
    """The settings: which of the two models."""

    model: Literal["current", "candidate"] = "current"


if __name__ == "__main__":
    settings = read_settings(ArmSettings)
    which = settings.model
    serve_model(f"online-ab-{which}", settings, "wine", name=which, trees=_TREES[which])
