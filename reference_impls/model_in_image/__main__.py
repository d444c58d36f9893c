"""`python -m model_in_image`: serve the release of `SERVE_RELEASE_DIR`, or one that is built first."""

from model_in_image.app import main

main()
