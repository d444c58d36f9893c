"""One list of names of secrets: what values, reports and the rule about credentials take for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from archlint.api import check_targets
from archlint.importers.secrets import is_secret_name, is_stated, masked
from archlint.linter import Options
from tests.importers.importing import imported, write_files

NAMES = [
    "POSTGRES_PASSWORD", "DB_PASS", "db.pwd", "apiKey", "OPENAI_API_KEY", "x-api-key", "AWS_ACCESS_KEY_ID", "clientSecret",
    "SECRET_KEY_BASE", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "--auth-token", "NEO4J_AUTH", "LITELLM_MASTER_KEY",
    "AZURE_STORAGE_KEY", "DB_CONNECTION_STRING", "requirepass", "Authorization", "basic-auth-password", "JWT_KEY",
]  # fmt: skip
OTHERS = [
    "TOKENIZER", "MAX_TOKENS", "EOS_TOKEN", "max_new_token", "secretName", "PASSWORD_FILE", "TOKEN_URL", "AUTH_TYPE",
    "pass_through", "keyspace", "CACHE_KEY", "partition_key", "authors", "tokenExpirationSeconds", "SECRET_STORE", "connect",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names_of_secrets_are_covered_in_texts_and_options(name: str) -> None:
    assert is_secret_name(name)
    word = name.lstrip("-")
    assert "hunter2" not in masked(f"{word}: hunter2") + masked(f"{word}=hunter2") + masked(f"serve --{word} hunter2")


@pytest.mark.parametrize("name", OTHERS)
def test_other_names_are_shown(name: str) -> None:
    assert not is_secret_name(name)
    assert masked(f"{name}: hunter2") == f"{name}: hunter2"


@pytest.mark.parametrize("text", ["EMPTY", "none", "sk-your-key", "<api-key>", "not-needed", "${KEY}", "os.environ/KEY", "$(KEY)"])
def test_words_that_stand_for_a_secret_are_none(text: str) -> None:
    assert not is_stated(text)


@pytest.mark.parametrize("text", ["example", "changeme", "my-password", "password", "minioadmin", "airflow"])
def test_well_known_passwords_are_secrets(text: str) -> None:
    assert is_stated(text)


COMMANDS = [
    "serve --api-key hunter2", "serve --api-key=hunter2 --port 80", "['serve', '--api-key', 'hunter2']",
    "redis-server --requirepass hunter2", "sh -c \"curl -H 'Authorization: Bearer hunter2' http://x\"",
    "curl -u me:hunter2 http://x", "env API_KEY=hunter2 serve", "serve --db postgres://me:hunter2@db/x",
    "serve --token ${TOKEN:-hunter2} --mode ${MODE}",
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_a_secret_in_a_command_is_reported_at_its_place_and_not_kept(tmp_path: Path, command: str) -> None:
    written = command if command[0] == "[" else f"'{command.replace(chr(39), chr(39) * 2)}'"
    text = f"services:\n  api:\n    image: acme/api\n    command: {written}\n"
    found = imported(tmp_path, text)
    assert "hunter2" not in repr([value.text + value.raw for value in found.draft.components["api"].unit.command])
    report = check_targets([tmp_path], Options(select=("DEP044",)))
    (finding,) = report.findings
    assert finding.location.line == 4
    start = text.splitlines()[3].index("hunter2") + 1
    assert (finding.location.column, finding.location.end_column) == (start, start + len("hunter2"))
    assert "hunter2" not in report.to_json()


def test_secrets_in_variables_and_mounted_settings_are_one_finding_a_part(tmp_path: Path) -> None:
    write_files(tmp_path, {
        "compose.yaml": """
            services:
              api:
                image: acme/api
                environment: {EXTRA: --token hunter2, LLM_API_KEY: EMPTY}
                volumes: ["./api.toml:/etc/api.toml", "./api.py:/app/api.py"]
            """,
        "api.toml": "[llm]\napi_key = \"hunter2\"\nurl = 'http://llm:8000'\n",
        "api.py": "password = read_password()\n",
    })  # fmt: skip
    (finding,) = check_targets([tmp_path], Options(select=("DEP044",))).findings
    assert finding.message.startswith("the values of `EXTRA`, `api_key` of `api` are in the files")


@pytest.mark.parametrize(("name", "text"), [
    ("litellm.yaml", "model_list:\n  - model_name: m\n    litellm_params: {model: openai/m, api_key: KEY}\n"),
    ("maps.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  app.yaml: |\n    llm:\n      api_key: KEY\n---\n"
     "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n    - name: p\n      image: acme/p\n"
     "      volumeMounts: [{name: c, mountPath: /etc/c}]\n  volumes: [{name: c, configMap: {name: c}}]\n"),
])  # fmt: skip
def test_secrets_in_settings_stand_at_their_own_line(tmp_path: Path, name: str, text: str) -> None:
    write_files(tmp_path, {name: text.replace("KEY", "hunter2")})
    (finding,) = check_targets([tmp_path], Options(select=("DEP044",))).findings
    assert finding.location.line == next(n for n, line in enumerate(text.splitlines(), 1) if "KEY" in line)
    write_files(tmp_path, {name: text.replace("KEY", "os.environ/LLM_KEY")})
    assert check_targets([tmp_path], Options(select=("DEP044",))).findings == ()
