"""`python -m model_in_image`: serve the release in `SERVE_RELEASE_DIR`, or build one first."""

from __future__ import annotations

from kit.settings import command_line
from model_in_image.app import ModelInImageSettings, main

if __name__ == "__main__":
    command_line("model_in_image", __doc__, ModelInImageSettings).parse_args()
    main()
