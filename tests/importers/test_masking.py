"""Reports show no secret of a deployment file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archlint.importers.secrets import masked
from tests.conftest import Run

SECRETS = [
    "    POSTGRES_PASSWORD: hunter2",
    "    POSTGRES_PASSWORD: 'hunter2'",
    '    "redis_password" = "hunter2"',
    "  - API_TOKEN=hunter2",
    "  environment: {SECRET_KEY: hunter2, PORT: 80}",
    "  - name: OPENAI_API_KEY\n    value: hunter2",
    '  {"name": "DB_PASS", "value": "hunter2"}',
    "  url: amqp://guest:hunter2@queue:5672/",
    "  url: redis://:hunter2@cache",
    "  command: serve --api-key hunter2 --port 80",
    "  command: serve --token=hunter2",
    "  command: --model llama --max-model-len 8192 --api-key hunter2",
    "  command: ['--api-key', 'hunter2']",
    '  command: ["--model", "llama", "--api-key", "hunter2"]',
    "  args:\n    - --api-key\n    - hunter2",
    "  command: env MODE=fast API_KEY=hunter2 serve",
    "docker run -e MODE=fast -e API_KEY=hunter2 image",
    "  command: redis-server --requirepass hunter2",
    "  command: curl -H 'Authorization: Bearer hunter2' http://model",
    "  note: sk-proj-0123456789abcdefhunter2",
    "  ApiKey: {Type: String, NoEcho: true, Default: hunter2}",
    "  litellm: {master_key: x, database_url: 'postgresql://me:hunter2@db/x'}",
]
OPEN = [
    "  PASSWORD: ${PASSWORD}", "  TOKEN: $(TOKEN)", "  tokenizer: gpt2", "  max_tokens: 200", "  url: http://model:80/v1",
    "  valueFrom: {secretKeyRef: {name: x, key: y}}", "  password: !Ref Password", "  pass_through: ", "  secret: |",
    "  image: registry/team@sha256:abc", "  ports: ['8080:80']",
    "  command: --model llama --tokenizer llama --port 80", "  args:\n    - --api-key\n    - --port", "  hf_home: /models",
]  # fmt: skip


@pytest.mark.parametrize("text", SECRETS)
def test_secrets_are_covered_and_nothing_moves(text: str) -> None:
    found = masked(text)
    assert "hunter2" not in found
    assert len(found) == len(text)
    assert [len(line) for line in found.splitlines()] == [len(line) for line in text.splitlines()]


@pytest.mark.parametrize("text", OPEN)
def test_what_is_no_secret_stays(text: str) -> None:
    assert masked(text) == text


@given(st.text(alphabet="apiKEY_passwordtoken:= \"'{}[],\n$@/|-", max_size=200))
def test_no_text_changes_its_length(text: str) -> None:
    assert len(masked(text)) == len(text)
    assert masked(masked(text)) == masked(text)


@pytest.mark.parametrize("piece", ["token: ", "password=", "a://b", "name: x_token\n", "--pass ", "token: !x ", "--pass, x\n", 'variable "token" {', "_"])
def test_long_texts_are_read(piece: str) -> None:
    text = piece * 40_000                        # takes minutes where the time grows with the square
    assert len(masked(text)) == len(text)


@pytest.mark.parametrize("kind", ["text", "json", "markdown", "sarif", "html", "gitlab", "junit", "github"])
def test_no_report_shows_a_secret(tmp_path: Path, archlint: Run, kind: str) -> None:
    (tmp_path / "compose.yaml").write_text(
        "services:\n"
        "  db: {image: postgres, environment: {POSTGRES_PASSWORD: hunter2}}\n"
        "  api: {image: x, environment: {DB_URL: 'postgresql://app:hunter2@db/shop'}, depends_on: [db]}\n"
    )
    done = archlint("check", str(tmp_path), "-o", kind, "--all")
    assert "db" in done.stdout
    assert "hunter2" not in done.stdout + done.stderr
    if kind == "json":
        assert json.loads(done.stdout)
