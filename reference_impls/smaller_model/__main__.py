"""`python -m smaller_model`: serves the small model, and distils one first if there is none."""

from __future__ import annotations

import subprocess
import sys

from kit.logs import configure_logs
from kit.models import refusing
from kit.settings import command_line, read_settings, refuse
from kit.web import serve
from smaller_model.app import create_app
from smaller_model.settings import SmallerModelSettings


def main() -> None:
    """Release first, in a separate process, so that training libraries do not stay in the server's memory."""
    command_line("smaller_model", __doc__, SmallerModelSettings).parse_args()
    settings = read_settings(SmallerModelSettings)
    configure_logs(settings, "smaller-model")
    path = settings.data_dir / "small.onnx"
    if not path.is_file():
        command = [sys.executable, "-m", "smaller_model.distil"]
        done = subprocess.run(command, stdout=sys.stderr, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            refuse(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "the release failed")
    with refusing():
        app = create_app(settings, path)
    serve(app, settings)


if __name__ == "__main__":
    main()
