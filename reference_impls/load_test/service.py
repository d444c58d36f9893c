"""A small service to test if no other is named."""

from __future__ import annotations

from kit.plain import serve_model
from kit.settings import Settings, read_settings

if __name__ == "__main__":
    serve_model("load-test", read_settings(Settings), "iris")
