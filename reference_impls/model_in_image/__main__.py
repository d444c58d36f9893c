"""`python -m model_in_image`: serve the release of `SERVE_RELEASE_DIR`, or one that is built first."""

from __future__ import annotations

from kit.settings import command_line
from model_in_image.app import ModelInImageSettings, main

if __name__ == "__main__":
    command_line("model_in_image", __doc__, ModelInImageSettings).parse_args()
    main()
