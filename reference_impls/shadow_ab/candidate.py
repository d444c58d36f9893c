"""The server of the new model, which gets copies only."""

from __future__ import annotations

from kit.plain import serve_model
from kit.settings import Settings, read_settings

if __name__ == "__main__":
    serve_model("shadow-ab-candidate", read_settings(Settings), "breast_cancer", name="candidate", trees=30)
