"""No name becomes a link, a mention or a reference in the Markdown report, by the rules of GitHub and of others."""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import time
from pathlib import Path

import msgspec
import pytest

from archlint.report.markdown import render_markdown
from archlint.report.markup import code, plain, prose
from archlint.verdicts import OpenQuestion, Report
from tests.tools import markdown_renderer, needed

from .reading import Page, rendered
from .samples import BIGSIZE, found, report_of

RENDER = """
import { readFileSync } from 'node:fs'
import { micromark } from 'micromark'
import { gfm, gfmHtml } from 'micromark-extension-gfm'
const options = { allowDangerousHtml: true, extensions: [gfm()], htmlExtensions: [gfmHtml()] }
const texts = JSON.parse(readFileSync(0, 'utf8'))
process.stdout.write(JSON.stringify(texts.map((text) => micromark(text, options))))
"""
ADDRESSES = (
    "components.pick-books.sc", "example.org", "www.x", "www.example.com/a_b?c=d", "a@b.co", "a.b-c+d@mail.example.org",
    "http://a.b", "HTTPS://a.b/c", "ftp://files.example.org", "mailto:me@example.org", "xmpp:me@example.org/x",
    "//example.org", "//localhost", "http://localhost:80", "@octocat", "me@octocat", "#12", "shop/api#3", "GH-7", "gh-8",
    "shop@0123456789abcdef0123456789abcdef01234567", "0123abc", "\u4f8b\u3048.jp", "x.xn--p1ai", "a_b.c_d.co", "1.1and1.de",
    "arch.yaml", "wWw.EXAMPLE.org",
)  # fmt: skip
"""Names that GitHub or another renderer turns into links."""
AROUND = "()[]{}<>*_~|`'\"\\/.,:;!?-+= a1&"
REFERENCE = re.compile(r"@\w|#[0-9]|\bgh-[0-9]|\b[0-9a-f]{7,40}\b", re.IGNORECASE)


def as_github(texts: list[str]) -> list[Page]:
    """Render Markdown with micromark, which follows the specification of GitHub's dialect."""
    folder, node = markdown_renderer(), shutil.which("node")
    program = needed(Path(node) if node else None, "Node.js", "install it")
    done = subprocess.run(
        [str(program), "--input-type=module", "-e", RENDER], input=json.dumps(texts), cwd=folder, timeout=60,
        capture_output=True, text=True, encoding="utf-8", check=True,
    )  # fmt: skip
    return [Page(html) for html in json.loads(done.stdout)]


def test_each_address_is_a_link_or_a_reference_where_nothing_is_done() -> None:
    """The test of the test: without escaping, most of these names are links, and the others look like references."""
    pages = as_github([f"see {name} here" for name in ADDRESSES])
    loose = [rendered(f"see {name} here") for name in ADDRESSES]
    links = [any(tag == "a" for tag, _ in (*one.tags, *two.tags)) for one, two in zip(pages, loose, strict=True)]
    kept = [name for name, link in zip(ADDRESSES, links, strict=True) if not link and not REFERENCE.search(name)]
    assert set(kept) <= {"arch.yaml", "1.1and1.de", "www.x", "//localhost", "a_b.c_d.co"}


def generated(seed: int, count: int) -> list[str]:
    """Generate texts with one to three addresses, each between up to three signs."""
    chance = random.Random(seed)

    def around() -> str:
        return "".join(chance.choices(AROUND, k=chance.randrange(4)))

    def text() -> str:
        return " ".join(f"{around()}{chance.choice(ADDRESSES)}{around()}" for _ in range(chance.randrange(1, 4)))

    return [" ".join(text().split()) for _ in range(count)]


@pytest.mark.parametrize("seed", range(3))
def test_no_name_becomes_a_link_and_each_is_shown_as_it_is(seed: int) -> None:
    names, texts = generated(seed, 250), []
    for name in names:
        texts += [f"x {write(name)}" for write in (prose, plain, code)]
        texts.append(f"| a |\n|---|\n| x {prose(name, cell=True)} {code(name, cell=True)} |\n")
    for text, page in zip(texts, as_github(texts), strict=True):
        for shown in (page, rendered(text)):
            assert {tag for tag, _ in shown.tags} <= {"p", "code", "table", "thead", "tbody", "tr", "th", "td"}, text
            assert not REFERENCE.search(shown.plain.replace("\u200b", " ")), text
    for name, page in zip(names, as_github([f"x {code(name)}" for name in names]), strict=True):
        assert "".join(page.text.split()) == "".join(f"x{name}".split())


@pytest.mark.parametrize("name", ADDRESSES)
def test_a_report_on_such_names_links_to_our_own_pages_alone(name: str) -> None:
    finding = found(message=f"{name} is no `{name}`", at=f"components.{name}", suggestion=f"did you mean {name}?")
    text = render_markdown(report_of(finding))
    for page in (*as_github([text]), rendered(text)):
        links = [given_here["href"] for tag, given_here in page.tags if tag == "a"]
        assert links == [finding.docs]
        assert name in page.text


def asking(count: int) -> Report:
    questions = tuple(
        OpenQuestion("REL001", "x", f"components.c{n}", (f"components.c{n}.zones",), BIGSIZE.location) for n in range(count)
    )
    [file] = report_of().files
    return Report((msgspec.structs.replace(file, undecided=questions),))


def test_many_open_questions_take_time_in_proportion_to_their_number() -> None:
    def seconds(count: int) -> float:
        report = asking(count)
        times = []
        for _ in range(3):
            start = time.process_time()
            render_markdown(report)
            times.append(time.process_time() - start)
        return min(times)

    assert seconds(16_000) < 3 * 4 * seconds(4_000)
