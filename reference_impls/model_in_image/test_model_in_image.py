"""Model in the image, as real processes: built, served, and rejected after a change of code, card or model."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from kit.models import examples, load, train
from kit.testing.inputs import bad_bodies
from kit.testing.service import refusal, start

ROOT = Path(__file__).resolve().parents[1]


def build(folder: Path, *words: str, status: int = 0) -> str:
    """Build as a pipeline does, and return the tag, or the reason for a failure."""
    done = subprocess.run(
        [sys.executable, "-m", "model_in_image.build", *words], cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == status and "Traceback" not in done.stderr, done.stderr
    return done.stderr if status else done.stdout.strip()


def test_one_tag_names_code_and_model_and_what_was_altered_does_not_start(tmp_path: Path) -> None:
    model = train("iris", tmp_path / "trained")
    release = tmp_path / "release"
    tag = build(tmp_path, "--model", str(model))
    assert re.fullmatch(r"[0-9a-f]{12}-[0-9a-f]{12}", tag)
    assert sorted(path.name for path in release.iterdir()) == ["iris.json", "iris.skops", "release.json"]
    with start(tmp_path, "model_in_image", release_dir=release, tag=tag, max_body_bytes=20_000) as service:
        version = service.client.get("/version").raise_for_status().json()
        assert (version["tag"], version["model_digest"]) == (tag, load(model).card.digest)
        body = service.client.post("/predict", json={"inputs": examples("iris").tolist()}).raise_for_status().json()
        assert [p["label"] for p in body["predictions"]] == [p.label for p in load(model).predict(examples("iris"))]
        assert body["version"] == version["model_version"]
        assert f'tag="{tag}"' in service.client.get("/metrics").text
        for what, content in bad_bodies(20_000).items():
            answer = service.client.post("/predict", content=content, headers={"Content-Type": "application/json"})
            assert 400 <= answer.status_code < 500 and answer.json()["error"], (what, answer.text)
        assert service.stop() == 0
        assert "Traceback" not in service.errors

    assert "but SERVE_TAG says" in refusal(tmp_path, "model_in_image", release_dir=release, tag="another")
    other = train("iris", tmp_path / "other", seed=8)
    for name in ("iris.skops", "iris.json"):       # a valid model with its card, but not the released one
        shutil.copyfile(other.with_name(name), release / name)
    assert "its SHA-256 is" in refusal(tmp_path, "model_in_image", release_dir=release)


def test_a_card_or_code_that_differs_from_the_release_is_reported(tmp_path: Path) -> None:
    first = build(tmp_path)
    card = tmp_path / "release" / "iris.json"
    card.write_text(card.read_text().replace("setosa", "another"))
    assert "its card is" in refusal(tmp_path, "model_in_image", release_dir=tmp_path / "release")
    other = train("iris", tmp_path / "other", seed=8)
    assert build(tmp_path, "--model", str(other)) != first          # another model, another tag
    file = tmp_path / "release" / "release.json"
    said = file.read_text()
    file.write_text(re.sub(r'"code_digest": "\w+"', '"code_digest": "0123"', said))
    assert "its code is" in refusal(tmp_path, "model_in_image", release_dir=tmp_path / "release")
    file.write_text("{")
    assert "is not a release" in refusal(tmp_path, "model_in_image", release_dir=tmp_path / "release")


def test_a_failed_build_gives_its_reason(tmp_path: Path) -> None:
    assert "cannot be read" in build(tmp_path, "--model", "nothing.skops", status=2)
    assert "which is emptied first" in build(tmp_path, "--model", "release/iris.skops", status=2)
    missing = refusal(tmp_path, "model_in_image", release_dir=tmp_path / "none")
    assert "create it with `python -m model_in_image.build`" in missing
