"""`python -m continuous_batching`: one server that batches; `--one-by-one` answers one request after another."""

from __future__ import annotations

from kit.llm.server import ModelSettings, run
from kit.settings import command_line, read_settings


def main() -> None:
    """Serve until SIGTERM."""
    parser = command_line("continuous_batching", __doc__, ModelSettings)
    parser.add_argument("--one-by-one", action="store_true", help="batch nothing, for comparison")
    alone = parser.parse_args().one_by_one
    settings = read_settings(ModelSettings)
    run("continuous-batching", settings.model_copy(update={"max_sequences": 1}) if alone else settings)


if __name__ == "__main__":
    main()
