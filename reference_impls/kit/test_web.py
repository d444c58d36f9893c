"""A defect is reported with its request's id, and its connection still works; wrong settings are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.testing.service import PATIENCE_S, launch, refusal, start

DEFECT = """\
from kit.settings import Settings, read_settings
from kit.web import make_app, serve

settings = read_settings(Settings)
app = make_app("defect", settings)

@app.get("/fails")
def fails() -> None:
    raise RuntimeError("a private detail")

serve(app, settings)
"""


def test_a_defect_is_reported_with_its_request_and_affects_no_other(tmp_path: Path) -> None:
    (tmp_path / "defect.py").write_text(DEFECT)
    with start(tmp_path, "defect") as service:
        answer = service.client.get("/fails", headers={"X-Request-ID": "abc"})
        assert (answer.status_code, answer.json()["request"]) == (500, "abc")
        assert "a private detail" not in answer.text
        assert service.client.get("/live").status_code == 200      # on the same connection
        (line,) = [line for line in service.errors.splitlines() if "request failed" in line]
        assert '"request": "abc"' in line and "a private detail" in line
        assert 'status="500"' in service.client.get("/metrics").text
        assert service.stop() == 0


@pytest.mark.parametrize(("module", "settings", "said"), [
    ("parameter_based", {"admin_tokens": "nojson"}, "SERVE_ADMIN_TOKENS: is not valid JSON"),
    ("condition_based.app", {"servers": '{"eu": "nowhere"}'}, "SERVE_SERVERS: eu: "),
    ("web_single", {"data_dir": __file__}, "SERVE_DATA_DIR: "),
])  # fmt: skip
def test_a_wrong_setting_is_named(module: str, settings: dict[str, str], said: str, tmp_path: Path) -> None:
    assert said in refusal(tmp_path, module, **settings)


def test_a_misspelt_setting_is_reported(tmp_path: Path) -> None:
    service = launch(tmp_path, "web_single", "--help", digets="0" * 64, rounds=3)
    assert service.process.wait(PATIENCE_S) == 0
    assert service.errors.splitlines() == [
        "warning: SERVE_DIGETS is not a setting of web_single; did you mean SERVE_DIGEST?",
        "warning: SERVE_ROUNDS is not a setting of web_single; --help lists them",
    ]
