"""The HTTP API: its answers are those of the commands, and nothing leads out of the folders of a server."""

from __future__ import annotations

import http.client
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from archlint.cli.app import run_app
from archlint.serve.files import version_of
from tests.serve.conftest import SECRET, SHOP, fill
from tests.serve.running import PATIENCE_S, Running, serving

pytestmark = pytest.mark.xdist_group("serve")


Printed = Callable[..., Any]


@pytest.fixture
def printed(server: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Printed:
    """What a command prints as JSON in the folder of the server."""

    def run(*words: str) -> Any:
        monkeypatch.chdir(server.folder)
        run_app(list(words))
        return json.loads(capsys.readouterr().out)

    return run


def test_a_check_answers_what_the_command_prints(server: Running, printed: Printed) -> None:
    answer = server.post("/check", {"file": "waits.yaml"})
    assert answer.status == 200
    assert answer.json == printed("check", "waits.yaml", "-o", "json")
    assert answer.json["findings"]


def test_an_unsaved_text_is_checked_under_the_name_of_its_file(server: Running) -> None:
    text = SHOP.replace("calls:", "cals:")
    (finding, *_) = server.post("/check", {"file": "shop.yaml", "text": text}).json["findings"]
    assert (finding["file"], finding["line"]) == ("shop.yaml", 6)
    assert "cals" in finding["message"]


def test_an_unsaved_text_has_the_includes_of_its_folder(server: Running) -> None:
    text = "archlint: 1\nsystem: parts\ninclude: [parts.yaml]\ncomponents: {page: {kind: client, calls: [api]}}\n"
    answer = server.post("/check", {"file": "team/main.yaml", "text": text}).json
    assert answer["errors"] == []
    assert [found["message"] for found in answer["findings"] if found["rule"] == "DOC001"] == []


@pytest.mark.parametrize(("path", "body", "words"), [
    ("/analyze", {"file": "shop.yaml"}, ("analyze", "shop.yaml", "-o", "json")),
    ("/whatif", {"file": "shop.yaml", "settings": [{"path": "components.api.replicas", "value": "6"}]},
     ("whatif", "shop.yaml", "--set", "components.api.replicas=6", "-o", "json")),
    ("/diff", {"before": {"file": "shop.yaml"}, "after": {"file": "waits.yaml"}},
     ("diff", "shop.yaml", "waits.yaml", "-o", "json")),
])  # fmt: skip
def test_other_routes_answer_what_their_commands_print(
    server: Running, printed: Printed, path: str, body: object, words: tuple[str, ...]
) -> None:
    assert server.post(path, body).json == printed(*words)


def test_facts_are_the_quantities_that_a_file_states(server: Running) -> None:
    facts = {one["path"]: one["value"] for one in server.post("/facts", {"text": SHOP}).json["facts"]}
    assert facts["components.api.replicas"] == "2"
    assert facts["workloads.search.rate"] == "50/s"


@pytest.mark.parametrize(("name", "media", "start"), [
    ("svg", "image/svg+xml", b"<svg"), ("png", "image/png", b"\x89PNG"), ("mmd", "text/plain", b""),
])  # fmt: skip
def test_pictures(server: Running, name: str, media: str, start: bytes) -> None:
    answer = server.post("/render", {"text": SHOP, "format": name})
    assert answer.status == 200
    assert answer.headers["content-type"].startswith(media)
    assert answer.body.startswith(start)


def test_a_page_that_is_rendered_has_no_rights_here(server: Running) -> None:
    answer = server.post("/render", {"text": SHOP, "format": "html"})
    assert answer.headers["content-security-policy"].startswith("sandbox")
    assert answer.headers["content-disposition"].startswith("attachment")


def test_an_import_reads_texts_and_folders(server: Running) -> None:
    texts = server.post("/import", {"texts": {"compose.yaml": "services: {db: {image: postgres}}"}, "system": "x"}).json
    assert "db:" in texts["text"] and "system: x" in texts["text"]
    folder = server.post("/import", {"path": "."}).json
    assert folder["sources"] == ["compose.yaml"]


def test_the_listing_has_the_architecture_files_below_the_folders_only(server: Running) -> None:
    files = server.call("GET", "/files").json["files"]
    assert sorted(one["file"] for one in files) == ["shop.yaml", "team/main.yaml", "waits.yaml"]


@pytest.mark.parametrize("name", [
    "../secret.yaml", "out/secret.yaml", "link.yaml", "team/../../secret.yaml", "/etc/passwd", ".hidden.yaml", "notes.txt",
    "team//main.yaml", "./shop.yaml", "team/", "shop.yaml\0", "C:/x.yaml", "a\\b.yaml", "x" * 5_000 + ".yaml",
    "out/new.yaml", "team/\u202ex.yaml",
])  # fmt: skip
def test_no_name_leads_out_of_the_folders(server: Running, name: str) -> None:
    for answer in (
        server.post("/check", {"file": name}),
        server.post("/check", {"file": name, "text": SHOP}),
        server.post("/diff", {"before": {"file": name}, "after": {"text": SHOP}}),
    ):
        assert answer.status in {404, 422}, answer
        assert SECRET.encode() not in answer.body
    read = server.call("GET", f"/files/{quote(name, safe='')}")
    assert read.status in {404, 422}
    saved = server.call("PUT", f"/files/{quote(name, safe='')}", {"text": "x"}, {"If-None-Match": "*"})
    assert saved.status in {404, 405, 422}


@pytest.mark.parametrize("target", ["../secret.yaml", "link.yaml", "out/secret.yaml", "/etc/passwd"])
def test_no_include_leads_out_of_the_folders(server: Running, target: str) -> None:
    text = f"archlint: 1\nsystem: x\ninclude: ['{target}']\ncomponents: {{page: {{kind: client, calls: [api]}}}}\n"
    for path in ("/check", "/analyze", "/facts", "/render", "/whatif"):
        body: dict[str, object] = {"file": "shop.yaml", "text": text}
        if path == "/whatif":
            body["settings"] = [{"path": "components.page.replicas", "value": "1"}]
        answer = server.post(path, body)
        assert SECRET.encode() not in answer.body
        assert answer.status < 500


def test_an_import_does_not_follow_links_out_of_the_folders(server: Running) -> None:
    secret = "services: {SECRET-SERVICE: {image: nginx}}"
    (server.folder.parent / "other.yaml").write_text(secret)
    link = server.folder / "compose.override.yaml"
    link.symlink_to(server.folder.parent / "other.yaml")
    try:
        answers = [server.post("/import", {"path": path}) for path in (".", "compose.override.yaml", "out", "out/other.yaml")]
        text = {"compose.yaml": "include: [../other.yaml]\nservices: {a: {extends: {file: ../other.yaml, service: x}, image: nginx}}"}
        answers.append(server.post("/import", {"texts": text}))
        assert all(b"SECRET-SERVICE" not in answer.body for answer in answers)
    finally:
        link.unlink()


def test_a_save_replaces_the_version_that_was_read(server: Running) -> None:
    file = server.folder / "saved.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + SHOP.encode())
    read = server.call("GET", "/files/saved.yaml")
    assert read.json["text"] == SHOP
    changed = SHOP.replace("replicas: 2", "replicas: 3")
    saved = server.call("PUT", "/files/saved.yaml", {"text": changed}, {"If-Match": read.headers["etag"]})
    assert saved.status == 200
    assert file.read_bytes() == b"\xef\xbb\xbf" + changed.encode()       # its encoding stays
    again = server.call("PUT", "/files/saved.yaml", {"text": SHOP}, {"If-Match": read.headers["etag"]})
    assert again.status == 409
    assert (again.json["yours"], again.json["theirs"]) == (SHOP, changed)
    assert again.json["version"] == saved.json["version"]
    assert file.read_bytes() == b"\xef\xbb\xbf" + changed.encode()
    file.unlink()
    assert server.call("PUT", "/files/saved.yaml", {"text": SHOP}, {"If-Match": saved.headers["etag"]}).status == 409
    assert not file.exists()


def test_a_save_names_a_version(server: Running) -> None:
    assert server.call("PUT", "/files/shop.yaml", {"text": "x"}).status == 428
    assert server.call("PUT", "/files/shop.yaml", {"text": "x"}, {"If-None-Match": "*"}).status == 409
    assert (server.folder / "shop.yaml").read_text() == SHOP


def test_a_new_file_is_created_once(server: Running) -> None:
    created = server.call("PUT", "/files/team/new.yaml", {"text": SHOP}, {"If-None-Match": "*"})
    assert created.status == 200
    assert (server.folder / "team" / "new.yaml").read_text() == SHOP
    assert server.call("PUT", "/files/team/new.yaml", {"text": ""}, {"If-None-Match": "*"}).status == 409
    (server.folder / "team" / "new.yaml").unlink()


@pytest.mark.parametrize("headers", [
    {"Host": "evil.example"}, {"Host": "127.0.0.1.evil.example"}, {"Host": ""}, {"Host": "localhost@evil.example"},
    {"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": "http://localhost:1"}, {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
])  # fmt: skip
def test_other_hosts_and_pages_of_other_sites_are_refused(server: Running, headers: dict[str, str]) -> None:
    answer = server.call("POST", "/check", {"text": SHOP}, headers)
    assert answer.status in {403, 421}
    assert "findings" not in answer.json


def test_every_response_has_a_policy_without_inline_script(server: Running) -> None:
    for path in ("/", "/files", "/nothing", "/static/page.css", "/openapi.json"):
        headers = server.call("GET", path).headers
        policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
        assert policy["script-src"] == "'self'"
        assert policy["default-src"] == "'none'" and policy["frame-ancestors"] == "'none'"
        assert headers["x-content-type-options"] == "nosniff"


def test_limits_of_size_and_time(tmp_path: Path) -> None:
    services = "".join(f"  s{number}: {{kind: service, service_time: 1ms, calls: [s{number + 1}]}}\n" for number in range(3_000))
    large = f"archlint: 1\nworkloads: {{w: {{from: s0, rate: 1/s}}}}\ncomponents:\n{services}  s3000: {{kind: service}}\n"
    with serving(fill(tmp_path), "--time-limit", "0.2", "--processes", "1") as running:
        assert running.call("POST", "/check", b'{"text": "' + b"x" * 3_000_000 + b'"}').status == 413
        slow = running.post("/analyze", {"text": large})
        assert slow.status == 422
        assert "0.2 s" in slow.json["message"]
    assert running.process.returncode is not None
    assert "Traceback" not in "".join(running.log)


def test_an_address_of_the_network_needs_a_token(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "archlint", "serve", str(tmp_path), "--host", "0.0.0.0", "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "no token is set" in done.stderr


def test_a_token_opens_the_api_and_the_page(tmp_path: Path) -> None:
    token = "0123456789abcdef-token"
    with serving(fill(tmp_path), "--host", "0.0.0.0", "--processes", "1", environment={"ARCHLINT_TOKEN": token}) as running:
        assert running.call("GET", "/files").status == 401
        assert running.call("GET", "/files", headers={"Authorization": "Bearer wrong"}).status == 401
        assert running.call("GET", "/files", headers={"Authorization": f"Bearer {token}"}).status == 200
        assert running.call("GET", "/").status == 401
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        assert running.call("POST", "/login", b"token=x&" * 100, form).status == 401
        assert running.call("POST", "/login", b"token=wrong", form).status == 401
        opened = running.call("POST", "/login", f"token={token}".encode(), form)
        cookie = opened.headers["set-cookie"]
        assert opened.status == 303 and "HttpOnly" in cookie and "samesite=strict" in cookie.lower()
        assert running.call("GET", "/files", headers={"Cookie": cookie.partition(";")[0]}).status == 200
        assert running.call("GET", "/files", headers={"Host": "evil.example"}).status == 421


def test_the_server_and_its_workers_end_together(tmp_path: Path) -> None:
    ps = shutil.which("ps")
    with serving(fill(tmp_path), "--processes", "1") as running:
        assert running.post("/check", {"text": SHOP}).status == 200
        number = running.process.pid
        running.process.kill()
        running.process.wait()
        if ps:
            left = subprocess.run([ps, "-eo", "ppid,args"], capture_output=True, text=True, check=True).stdout
            assert f" {number} " not in left


def test_changes_on_disk_are_announced_also_in_new_folders_and_behind_links(server: Running) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_S)
    connection.request("GET", "/events")
    events = connection.getresponse()
    assert events.readline() == b"retry: 1000\n"
    folder = server.folder / "later"
    folder.mkdir()
    seen: dict[str, str | None] = {}

    def until(name: str, version: str | None) -> None:
        while seen.get(name, "none yet") != version:
            line = events.readline()
            if line.startswith(b"data: {"):
                seen.update(json.loads(line.removeprefix(b"data: ")))

    file = folder / "new.yaml"
    for text in (SHOP, SHOP + "# more\n"):
        file.write_text(text)
        until("later/new.yaml", version_of(text.encode()))
    file.unlink()
    until("later/new.yaml", None)
    folder.rmdir()
    connection.close()
    assert not any(name.startswith("out/") for name in seen)
