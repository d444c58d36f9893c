"""Editor support for `arch.yaml`: the real YAML language server, with the schema of `init`."""

from __future__ import annotations

import pytest

from archlint.catalog.technologies import shipped_technologies
from archlint.model.words import KINDS, VERBS
from archlint.packs import shipped_packs
from tests.conftest import ROOT
from tests.editors.conftest import Editor
from tests.editors.language_server import Completion

pytestmark = pytest.mark.xdist_group("yaml-language-server")

SCHEMA_LINE = "# yaml-language-server: $schema=.archlint/schema.json\n"
COMPONENT = "archlint: 1\ncomponents:\n  a:\n    kind: service\n"


def complete(editor: Editor, text: str) -> dict[str, Completion]:
    return editor.server.complete(editor.file, SCHEMA_LINE + text)


def hover(editor: Editor, text: str) -> str:
    return editor.server.hover(editor.file, SCHEMA_LINE + text)


def diagnose(editor: Editor, text: str) -> list[str]:
    return editor.server.diagnose(editor.file, SCHEMA_LINE + text)


def test_uses_offers_the_technologies_of_the_catalogue(editor: Editor) -> None:
    offered = complete(editor, COMPONENT + "    uses: ‸\n")
    assert set(offered) == set(shipped_technologies().entries)
    assert offered["kafka"] == Completion("kafka", "Apache Kafka")


def test_rule_offers_ids_and_names_with_their_titles(editor: Editor) -> None:
    offered = complete(editor, "archlint: 1\naccept:\n  - rule: ‸\n")
    packs = shipped_packs()
    assert set(offered) == {word for pack in packs for word in (pack.id, pack.name)}
    assert {pack.title for pack in packs} == {shown.about for shown in offered.values()}


def test_kind_offers_kinds_with_their_meaning(editor: Editor) -> None:
    offered = complete(editor, "archlint: 1\ncomponents:\n  a:\n    kind: ‸\n")
    assert offered == {word: Completion(word, meaning) for word, meaning in KINDS.items()}


def test_gpu_offers_accelerators(editor: Editor) -> None:
    offered = complete(editor, COMPONENT + "    hardware:\n      gpu: ‸\n")
    assert {"t4", "l4", "h100"} <= set(offered)
    assert offered["l4"].about == "NVIDIA L4"


NAMES = [
    *(f"{COMPONENT}    {verb}: ‸\n" for verb in VERBS),
    *(f"{COMPONENT}    {verb}:\n      - ‸\n" for verb in VERBS),
    *(f"{COMPONENT}    {verb}:\n      - to: ‸\n" for verb in VERBS),
    *(f"{COMPONENT}    {verb}: [‸]\n" for verb in VERBS),
    *(f"{COMPONENT}    {key}: ‸\n" for key in ("serves", "dead_letter", "features", "zones", "switch", "owner", "host")),
    *(f"archlint: 1\nworkloads:\n  w:\n    {key}: ‸\n" for key in ("from", "models", "description")),
    "archlint: 1\nworkloads:\n  w:\n    from:\n      client: ‸\n",
    "archlint: 1\nmodels:\n  m:\n    registry: ‸\n",
    "archlint: 1\nsystem: ‸\n",
    "archlint: 1\naccept:\n  - rule: ‸\n",
    f"{COMPONENT}    uses: ‸\n",
]


def test_no_name_or_text_is_offered_as_true_or_false(editor: Editor) -> None:
    offering = {text: set(complete(editor, text)) & {"true", "false"} for text in NAMES}
    assert {text: words for text, words in offering.items() if words} == {}


def test_a_flag_offers_true_and_false(editor: Editor) -> None:
    assert set(complete(editor, COMPONENT + "    ready_check: ‸\n")) == {"true", "false"}


def test_a_number_is_inserted_without_quotes_and_a_quantity_with_its_unit(editor: Editor) -> None:
    assert [shown.inserted for shown in complete(editor, COMPONENT + "    replicas: ‸\n").values()] == ["2"]
    assert [shown.inserted for shown in complete(editor, COMPONENT + "    start_time: ‸\n").values()] == ["300ms"]


def test_keys_are_offered_with_their_description(editor: Editor) -> None:
    offered = complete(editor, COMPONENT + "    ‸\n")
    assert "kind" not in offered
    assert {*VERBS, "uses", "replicas"} <= set(offered)
    assert offered["zones"].about.startswith("Where the replicas ")


@pytest.mark.parametrize(("text", "shown"), [
    (f"{COMPONENT}    us‸es: kafka\n", "The technology: from the catalogue"),
    (f"{COMPONENT}    uses: kaf‸ka\n", "`kafka`: Apache Kafka"),
    ("archlint: 1\ncomponents:\n  a:\n    ki‸nd: queue\n", "`queue`: keeps messages"),
    (f"{COMPONENT}    calls:\n      - to: b\n        time‸out: 5s\n", "Maximum time per attempt."),
    ("archlint: 1\nworkloads:\n  w:\n    ra‸te: 40/s\n", "Mean request rate"),
    ("archlint: 1\naccept:\n  - rule: SRV0‸01\n    reason: x\n", "`SRV001`: Model is too slow for the latency objective"),
])  # fmt: skip
def test_hover_shows_the_description(editor: Editor, text: str, shown: str) -> None:
    assert shown in hover(editor, text)


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "examples" / "passing").glob("*.yaml")))
def test_the_examples_have_no_problems(editor: Editor, name: str) -> None:
    assert diagnose(editor, (ROOT / "examples" / "passing" / name).read_text(encoding="utf-8")) == []


def test_the_file_that_init_writes_has_no_problems_and_its_schema_line_works(editor: Editor) -> None:
    file = editor.folder / "arch.yaml"
    text = file.read_text(encoding="utf-8")
    assert editor.server.diagnose(file, text) == []
    misspelt = text.replace("replicas: 2", "replikas: 2")
    assert editor.server.diagnose(editor.file, misspelt) == [f"{line_of(misspelt, 'replikas')}: Property replikas is not allowed."]


def line_of(text: str, word: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if word in line)


def test_words_of_your_own_are_valid(editor: Editor) -> None:
    text = (
        "archlint: 1\ncomponents:\n  a: {kind: service, uses: our-own, calls: [b, 2, {to: true}], hardware: {gpu: tpu-v9}}\n"
        "accept: [{rule: ACME001, reason: agreed}]\n"
    )
    assert diagnose(editor, text) == []


@pytest.mark.parametrize(("text", "problem"), [
    ("timout: 5s", "Property timout is not allowed."),
    ("calls: [{to: b, timout: 5s}]", "Property timout is not allowed."),
    ("replicas: {mim: 2}", "Property mim is not allowed."),
    ("start_time: 5m", "Write a duration, such as 300ms."),
    ("start_time: 5", "Write a duration, such as 300ms."),
    ("calls: [{to: b, timeout: 5}]", "Write a duration, such as 300ms."),
    ("availability: 120%", "Write a share, such as 99.5%."),
    ("uses: [kafka]", "Write a name, such as kafka."),
    ("ready_check: 'yes'", 'Incorrect type. Expected "boolean".'),
    ("service_time: 5", 'Incorrect type. Expected "string | percentiles".'),
    ("replicas: two", 'Incorrect type. Expected "a range of replicas | number".'),
])  # fmt: skip
def test_a_mistake_is_shown_at_its_line_in_words(editor: Editor, text: str, problem: str) -> None:
    assert diagnose(editor, f"{COMPONENT}    {text}\n") == [f"6: {problem}"]


@pytest.mark.parametrize(("text", "problem"), [
    ("components: {a: {kind: client}}\n", '2: Missing property "archlint".'),
    ("archlint: 1\nsystem: x\n", '2: Missing property "components".'),
    ("archlint: 1\ncomponets: {}\ncomponents: {a: {kind: client}}\n", "3: Property componets is not allowed."),
    ("archlint: 1\ncomponents:\n  a b: {kind: service}\n", "4: A name has no spaces, and at most 200 characters."),
    ("archlint: 1\naccept: [{rule: SRV001}]\ncomponents: {a: {kind: client}}\n", '3: Missing property "reason".'),
])  # fmt: skip
def test_a_mistake_in_the_structure_is_shown(editor: Editor, text: str, problem: str) -> None:
    assert diagnose(editor, text) == [problem]
