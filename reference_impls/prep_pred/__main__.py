"""`python -m prep_pred`: the preprocessor, and the predictor that it calls."""

from __future__ import annotations

import sys

from kit.models import apart, refusing
from kit.ports import address_of, free_port, front_port
from kit.processes import Processes, python_part
from kit.settings import Settings, command_line, read_settings
from prep_pred.preprocessor import PreprocessorSettings
from prep_pred.release import is_released


def main() -> int:
    """Run both servers; the preprocessor listens on the address in the settings."""
    command_line("prep_pred", __doc__, PreprocessorSettings).parse_args()
    settings = read_settings(Settings)
    if not is_released(settings.data_dir):
        with refusing():
            apart("prep_pred.release")
    port, behind = front_port(settings), free_port()
    front = python_part(
        "preprocessor", "prep_pred.preprocessor", host=settings.host, port=port, predictor=f"http://127.0.0.1:{behind}"
    )
    predictor = python_part("predictor", "prep_pred.predictor", host="127.0.0.1", port=behind)
    address = address_of(settings.host, port)
    return Processes(front, predictor).run(
        [f"http://127.0.0.1:{behind}/ready", f"{address}/ready"], f"prep-pred listens on {address}",
        settings.start_s, settings.stop_s,
    )


if __name__ == "__main__":
    sys.exit(main())
