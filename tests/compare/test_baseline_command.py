"""`archlint baseline`, and `archlint check` with its baselines, as processes in real folders."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from tests.compare.frozen import NAME, edit, findings
from tests.compare.old_repository import commit, git, old_system
from tests.conftest import Run


def test_what_is_frozen_is_no_longer_a_failure(archlint: Run, old: Path) -> None:
    done = archlint("check")
    assert done.returncode == 0
    assert "Nothing new in 1 file" in done.stdout
    assert "11 findings in the baseline." in done.stdout
    assert archlint("check", "--no-baseline").returncode == 1


def test_a_second_model_on_a_server_is_the_only_finding_at_its_line(archlint: Run, old: Path) -> None:
    old.write_text(old_system("recommender"))
    done = archlint("check", "--output", "json")
    assert done.returncode == 1
    line = 1 + old.read_text().splitlines().index("    serves: [model-3, recommender]")
    assert findings(done) == [("SRV002", "components.server-3.serves", line)]
    assert len(json.loads(done.stdout)["baselined"]) == 40
    shown = archlint("check")
    assert shown.returncode == 1
    assert f"arch.yaml:{line}:" in shown.stdout
    assert "Found 1 error in 1 file" in shown.stdout


def test_moved_lines_and_another_order_show_nothing(archlint: Run, old: Path) -> None:
    lines = old.read_text().splitlines(keepends=True)
    start = lines.index("components:\n")
    body = lines[:start] + ["# moved\n"] * 7 + lines[start:]
    old.write_text("".join(body))
    done = archlint("check")
    assert done.returncode == 0
    assert "resolved" not in done.stdout


def test_a_renamed_component_shows_nothing_and_update_follows_it(archlint: Run, old: Path) -> None:
    edit(old, "server-3", "ranking")
    done = archlint("check", "--output", "json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["findings"], report["spent"]) == (0, [], [])
    was = {one["at"]: one["baseline"]["was"] for one in report["baselined"] if one["baseline"]["was"]}
    assert was["components.ranking"] == "components.server-3"
    updated = archlint("baseline", "--update")
    assert updated.stderr == f"wrote {NAME}: 11 findings (40 entries) known\n"
    text = (old.parent / NAME).read_text()
    assert "server-3" not in text
    assert '"ranking"' in text


def test_resolved_findings_are_named_and_update_removes_them_and_adds_nothing(archlint: Run, old: Path) -> None:
    edit(old, "  server-2:\n    kind: model-server\n    replicas: 1\n",
         "  server-2:\n    kind: model-server\n    replicas: 2\n    zones: [a, b]\n    balancing: pooled\n")  # fmt: skip
    edit(old, "  store:", "  extra: {kind: database, uses: nobody-knows-it}\n  store:")
    done = archlint("check")
    assert "1 finding in archlint-baseline.jsonl is resolved:" in done.stdout
    assert "REL001  components.server-2  in arch.yaml" in done.stdout
    assert archlint("baseline", "--update").stderr == f"wrote {NAME}: 15 findings (39 entries) known, 1 entry removed\n"
    again = archlint("check", "--output", "json")
    assert {rule for rule, _, _ in findings(again)} == {"DOC014", "DOC015"}
    assert json.loads(again.stdout)["spent"] == []


def test_branches_that_each_resolve_something_merge_with_the_merge_driver(archlint: Run, old: Path) -> None:
    folder, baseline = old.parent, old.parent / NAME
    git(folder, "init", "-q")
    baseline.unlink()
    _, told = archlint("baseline").stderr.splitlines()
    line = "archlint-baseline.jsonl merge=union"
    assert told == f"note: add this line to .gitattributes to merge it without conflicts: {line}"
    (folder / ".gitattributes").write_text(f"{line}\n")
    baseline.unlink()
    assert "note: " not in archlint("baseline").stderr
    commit(folder, "what there is")
    for number in (4, 5):
        git(folder, "switch", "-q", "-c", f"heal-{number}", "main")
        edit(old, f"    serves: [model-{number}]\n", f"    serves: [model-{number}]\n    logs_to: [store]\n")
        assert "removed" in archlint("baseline", "--update").stderr
        commit(folder, f"heal {number}")
    git(folder, "merge", "-q", "heal-4")
    done = archlint("check")
    assert done.returncode == 0, done.stdout
    archlint("baseline", "--update")
    assert "resolved" not in archlint("check").stdout


def test_what_a_change_adds_to_the_baseline_is_reported_whatever_it_renames(archlint: Run, old: Path) -> None:
    git(old.parent, "init", "-q")
    commit(old.parent, "what there is")
    same = archlint("baseline", "--since", "HEAD")
    assert (same.returncode, same.stdout) == (0, f"{NAME}: 0 findings more than at HEAD\n")
    old.write_text(old_system("recommender").replace("server-5", "ranking"))
    old.rename(old.parent / "shop.yaml")
    unfrozen = archlint("baseline", "--since", "HEAD")
    assert unfrozen.returncode == 0, "what is not in the baseline is for the check to tell"
    assert archlint("baseline").returncode == 0
    before = (old.parent / NAME).read_bytes()
    done = archlint("baseline", "--since", "HEAD")
    line = 1 + (old.parent / "shop.yaml").read_text().splitlines().index("    serves: [model-3, recommender]")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        f"{NAME}: 1 finding more than at HEAD",
        f"  error[SRV002] all-in-one, shop.yaml:{line}: components.server-3.serves",
        "fix or accept them, then run `archlint baseline --update`",
    ]
    assert (old.parent / NAME).read_bytes() == before


def test_the_first_baseline_is_no_growth_and_wrong_revisions_are_named(archlint: Run, old: Path) -> None:
    git(old.parent, "init", "-q")
    (old.parent / NAME).rename(old.parent / "kept")
    commit(old.parent, "without one")
    (old.parent / "kept").rename(old.parent / NAME)
    done = archlint("baseline", "--since", "HEAD")
    assert (done.returncode, done.stdout) == (0, f"{NAME} is the first baseline: HEAD has none, so everything in it is new\n")
    assert "no revision `nowhere`" in archlint("baseline", "--since", "nowhere").stderr
    (old.parent / NAME).unlink()
    assert archlint("baseline", "--since", "HEAD").stdout == "no baseline, so none has grown\n"
    done = archlint("baseline", "--since", "nowhere")
    assert (done.returncode, "no revision `nowhere`" in done.stderr) == (2, True)
    both = archlint("baseline", "--since", "HEAD", "--update")
    assert (both.returncode, "--update writes and --since does not" in both.stderr) == (2, True)


def test_strict_fails_on_resolved_entries_and_refuses_to_grow(archlint: Run, old: Path) -> None:
    edit(old, "  store: {kind: model-registry, uses: mlflow}", "  store: {kind: model-registry, uses: nobody-knows-it}")
    edit(old, "    replicas: 1\n    serves: [model-2]", "    replicas: 2\n    zones: [a, b]\n    balancing: pooled\n    serves: [model-2]")
    (old.parent / "archlint.toml").write_text("baseline-strict = true\n")
    done = archlint("check", "--select", "REL")
    assert done.returncode == 1
    told = "archlint-baseline.jsonl is strict, so the check fails: run `archlint baseline --update`."
    assert told in done.stdout
    assert told in archlint("check", "--select", "REL", "--quiet").stdout
    github = archlint("check", "--select", "REL", "--output", "github").stdout
    [line] = re.findall(r"^::error file=archlint-baseline\.jsonl,line=(\d+),", github, re.MULTILINE)
    [gone] = json.loads(archlint("check", "--select", "REL", "--output", "json").stdout)["spent"]
    entry = json.loads((old.parent / NAME).read_text().splitlines()[int(line) - 1])
    assert (entry["rule"], ".".join(entry["path"])) == (gone["rule"], gone["at"])
    before = (old.parent / NAME).read_bytes()
    grown = archlint("baseline")
    assert grown.returncode == 2
    assert "archlint-baseline.jsonl is strict: it may only shrink, and 1 finding would be added" in grown.stderr
    assert (old.parent / NAME).read_bytes() == before
    assert archlint("baseline", "--update").returncode == 0
    assert archlint("check", "--select", "REL").returncode == 0
    (old.parent / "archlint.toml").write_text("")
    assert archlint("check", "--select", "REL", "--baseline-strict").returncode == 0


def test_rules_that_do_not_run_resolve_nothing(archlint: Run, old: Path) -> None:
    done = archlint("check", "--select", "SRV", "--output", "json")
    assert json.loads(done.stdout)["spent"] == []
    assert archlint("baseline", "--update", "--select", "SRV").stderr == f"wrote {NAME}: 40 findings known\n"
    assert archlint("baseline", "--select", "SRV").stderr == f"wrote {NAME}: 40 findings known\n"


def test_other_severities_make_nothing_new(archlint: Run, old: Path) -> None:
    (old.parent / "archlint.toml").write_text('[rules]\nOPS001.severity = "error"\n')
    done = archlint("check")
    assert (done.returncode, "11 findings in the baseline." in done.stdout) == (0, True)


def test_a_removed_fact_resolves_nothing(archlint: Run, old: Path) -> None:
    edit(old, "    replicas: 1\n    serves: [model-2]", "    serves: [model-2]")
    done = archlint("check", "--output", "json")
    assert json.loads(done.stdout)["spent"] == []


def test_what_is_accepted_by_now_is_reported_and_removed(archlint: Run, old: Path) -> None:
    old.write_text(old.read_text() + "accept:\n  - {rule: OPS001, at: components.server-1, reason: pilot}\n")
    done = archlint("check")
    assert done.returncode == 0
    assert "1 finding in archlint-baseline.jsonl is now accepted:" in done.stdout
    assert "1 finding accepted. 11 findings in the baseline." in done.stdout
    assert archlint("baseline", "--update").stderr == f"wrote {NAME}: 11 findings (39 entries) known, 1 entry removed\n"
    assert "now accepted" not in archlint("check").stdout


@pytest.mark.parametrize("renamed", ["deals", "faces", "maps"])
def test_each_place_of_a_finding_keeps_its_fingerprint(
    archlint: Run, tmp_path: Path, renamed: str
) -> None:
    text = "archlint: 1\nworkloads: {ask: {from: page, waits: true, models: [m]}}\nmodels: {m: {}}\n"
    text += "components:\n  page: {kind: client, calls: [{to: api, timeout: 1s}]}\n"
    text += "  api: {kind: service, calls: [deals, faces, maps]}\n"
    text += "".join(f"  {name}: {{kind: model-server, serves: [m]}}\n" for name in ("deals", "faces", "maps"))
    path = tmp_path / "arch.yaml"
    path.write_text(text)
    assert archlint("baseline").returncode == 0
    words = ("check", "--select", "REL003", "--output", "json")
    before = json.loads(archlint(*words).stdout)["baselined"]
    assert len(before) == 3
    for new in ("aaa", "zzz"):
        path.write_text(text.replace(renamed, new))
        after = json.loads(archlint(*words).stdout)["baselined"]
        assert {one["baseline"]["fingerprint"] for one in after} == {one["baseline"]["fingerprint"] for one in before}


def test_gitlab_knows_the_issues_of_the_baseline_when_the_file_has_another_name(archlint: Run, old: Path) -> None:
    def issues() -> list[str]:
        return sorted(one["fingerprint"] for one in json.loads(archlint("check", "--output", "gitlab").stdout))

    before = issues()
    assert len(before) >= 40
    (old.parent / "teams").mkdir()
    old.rename(old.parent / "teams" / "shop.yaml")
    baselined = set(before) & set(issues())
    assert len(baselined) == 40


def test_a_renamed_file_keeps_its_entries(archlint: Run, old: Path) -> None:
    (old.parent / "teams").mkdir()
    old.rename(old.parent / "teams" / "shop.yaml")
    done = archlint("check")
    assert (done.returncode, "resolved" in done.stdout) == (0, False)
    archlint("baseline", "--update")
    assert {json.loads(row).get("file") for row in (old.parent / NAME).read_text().splitlines()} == {
        None, "teams/shop.yaml",
    }  # fmt: skip


def test_files_alike_that_are_moved_together_keep_their_entries(archlint: Run, tmp_path: Path) -> None:
    (tmp_path / "archlint.toml").write_text("")
    for name, servers in (("search", 3), ("feed", 3), ("ads", 4)):
        folder = tmp_path / "teams" / name
        folder.mkdir(parents=True)
        (folder / "arch.yaml").write_text(old_system(servers=servers).replace("system: shop", f"system: {name}"))
    assert archlint("baseline").returncode == 0
    (tmp_path / "teams").rename(tmp_path / "groups")
    done = archlint("check")
    assert (done.returncode, "Nothing new in 3 files" in done.stdout, "resolved" in done.stdout) == (0, True, False)
    assert "removed" not in archlint("baseline", "--update").stderr
    rows = [json.loads(row) for row in (tmp_path / NAME).read_text().splitlines()[1:]]
    assert {row["file"].split("/")[0] for row in rows} == {"groups"}
    assert archlint("check").returncode == 0


def test_entries_of_a_file_that_is_gone_are_resolved_and_of_one_that_is_not_checked_stay(archlint: Run, old: Path) -> None:
    other = old.with_name("other.yaml")
    other.write_text(old_system(servers=2).replace("system: shop", "system: other"))
    assert "new" in archlint("baseline").stderr
    assert "resolved" not in archlint("check", "other.yaml").stdout
    old.unlink()
    done = archlint("check", "other.yaml")
    assert (done.returncode, "40 findings in archlint-baseline.jsonl are resolved:" in done.stdout) == (0, True)
    assert "and 20 more" in done.stdout


def test_the_same_finding_more_often_is_new(archlint: Run, tmp_path: Path) -> None:
    path = tmp_path / "arch.yaml"
    once = old_system(servers=1).replace("- {to: server-0, timeout: 1s}", "- {to: server-0, when: a}")
    path.write_text(once)
    archlint("baseline", "-o", "known.jsonl")
    assert archlint("check", "--baseline", "known.jsonl").returncode == 0
    path.write_text(once.replace("when: a}", "when: a}\n      - {to: server-0, when: b}"))
    done = archlint("check", "--baseline", "known.jsonl", "--output", "json")
    assert [rule for rule, _, _ in findings(done)] == ["REL003"]


def test_one_more_call_without_a_timeout_is_new_and_one_less_is_resolved(archlint: Run, tmp_path: Path) -> None:
    path = tmp_path / "arch.yaml"
    text = old_system(servers=3).replace("{to: server-0, timeout: 1s}", "{to: server-0}")
    path.write_text(text)
    archlint("baseline")
    path.write_text(text.replace("{to: server-1, timeout: 1s}", "{to: server-1}"))
    done = archlint("check", "--output", "json")
    assert [rule for rule, _, _ in findings(done)] == ["REL003"]
    archlint("baseline")
    path.write_text(text)
    done = archlint("check", "--output", "json")
    assert findings(done) == []
    assert [(one["rule"], one["at"]) for one in json.loads(done.stdout)["spent"]] == [
        ("REL003", "components.page.calls.server-1")
    ]


def test_the_configuration_names_the_baseline_and_a_folder_below_uses_it(archlint: Run, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.archlint]\nbaseline = "quality/known.jsonl"\n')
    (tmp_path / "quality").mkdir()
    team = tmp_path / "teams" / "a"
    team.mkdir(parents=True)
    (team / "arch.yaml").write_text(old_system(servers=2))
    missing = archlint("check")
    assert missing.returncode == 2
    assert "quality/known.jsonl: there is no such baseline" in missing.stdout
    assert archlint("check", "--no-baseline").returncode == 1
    assert archlint("baseline", cwd=team).returncode == 0
    rows = (tmp_path / "quality" / "known.jsonl").read_text().splitlines()
    assert json.loads(rows[1])["file"] == "../teams/a/arch.yaml"
    for folder in (tmp_path, team, tmp_path / "teams"):
        assert archlint("check", cwd=folder).returncode == 0, folder


def test_each_configuration_has_its_own_baseline(archlint: Run, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "archlint.toml").write_text("")
        (tmp_path / name / "arch.yaml").write_text(old_system(servers=1))
    done = archlint("baseline")
    assert sorted(done.stderr.splitlines()) == [f"wrote a/{NAME}: 4 findings new", f"wrote b/{NAME}: 4 findings new"]
    assert archlint("check").returncode == 0
    (tmp_path / "a" / NAME).unlink()
    assert archlint("baseline", "--update").stderr == f"wrote b/{NAME}: 4 findings known\n"
    report = json.loads(archlint("check", "--output", "json").stdout)
    assert {one["file"] for one in report["findings"]} == {"a/arch.yaml"}


def test_a_clean_system_gets_no_baseline_and_a_fixed_one_an_empty_one(archlint: Run, tmp_path: Path) -> None:
    path = tmp_path / "arch.yaml"
    assert archlint("init").returncode == 0
    clean = path.read_text()
    assert archlint("baseline").stderr == f"nothing to freeze: {NAME} is not written\n"
    assert not (tmp_path / NAME).exists()
    path.write_text(clean.replace("replicas: 3", "replicas: 1"))
    assert "new" in archlint("baseline").stderr
    path.write_text(clean)
    assert archlint("baseline", "--update").stderr.endswith("removed; it is empty: delete the file\n")
    assert (tmp_path / NAME).read_text() == '{"archlint-baseline": 1}\n'
    assert archlint("check").returncode == 0


def test_without_a_marked_project_the_baseline_lies_in_the_current_folder(archlint: Run, tmp_path: Path) -> None:
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "arch.yaml").write_text(old_system())
    assert archlint("baseline").stderr.startswith(f"wrote {NAME}: 22 findings")
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.jsonl")] == [NAME]
    done = archlint("check", "y")
    assert (done.returncode, "11 findings in the baseline." in done.stdout) == (0, True)
    assert archlint("check", "../y", cwd=tmp_path / "x").returncode == 1, "a file elsewhere keeps its own folder"


def test_files_of_several_folders_elsewhere_have_baselines_of_their_own(archlint: Run, tmp_path: Path) -> None:
    for folder in ("x", "y", "here"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "arch.yaml").write_text(old_system())
    archlint("baseline", "../x", "../y", cwd=tmp_path / "here")
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.jsonl")) == [f"x/{NAME}", f"y/{NAME}"]
    assert archlint("check", "../x", "../y", cwd=tmp_path / "here").returncode == 0


def test_a_pipe_has_no_baseline(archlint: Run, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    done = archlint("baseline", "pipe.yaml")
    assert done.returncode == 2
    assert "error: pipe.yaml is a pipe: a later check could not know its findings again" in done.stderr
