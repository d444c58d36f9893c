"""Reports in which every text is hostile, and random reports."""

from __future__ import annotations

import msgspec
from hypothesis import strategies as st

from archlint.baselined import BaselineEntry, BaselineUse
from archlint.inputs import InputError
from archlint.source.document import Document
from archlint.verdicts import (
    Accepted,
    ActiveRule,
    Baselined,
    Cure,
    FileReport,
    Finding,
    Location,
    OpenQuestion,
    RecognisedPattern,
    Report,
    ShownRelated,
    ShownTerm,
)

from .test_laws import findings, locations, questions, texts, words

NASTY = (
    "<script>document.title='run'</script><img src=x onerror=\"document.title='run'\"> `|` a|b *c* _d_ ~~e~~ [f](javascript:1) "
    "![g](http://evil.example/p.png) @octocat #1 GH-2 www.evil.example https://evil.example me@evil.example "
    "</code></pre></details></td> {0} {{x}} \\ \" ' & &amp; ]]> --> %0A::error::no ::set-output name=a::b ##[error]no "
    "\x00\x1b[31m\u202e\u2028\r\n::stop-commands::x\r\n| --- |\n# head\n"
)


def _location(line: int = 2) -> Location:
    return Location(f"a/{NASTY}.yaml", line, 1, line, 5)


def hostile_report() -> Report:
    """A report with one of everything; each text is hostile."""
    here = _location()
    finding = Finding(
        rule="SRV001",
        name=NASTY,
        severity="error",
        certainty="estimated",
        at=f"components.{NASTY}",
        location=here,
        message=NASTY,
        terms=(
            ShownTerm(NASTY, NASTY, NASTY, "", "stated", NASTY, _location(1), NASTY),
            ShownTerm("limit", NASTY, 1.0, "s", "derived", NASTY, limit=True),
        ),
        related=(ShownRelated(NASTY, NASTY, _location(1)),),
        cures=(Cure("prediction-cache", NASTY, NASTY, NASTY), Cure(NASTY, NASTY, NASTY, NASTY)),
        fingerprint=NASTY,
        docs=NASTY,
        cause=NASTY,
        band=(1.0, 2.0),
        suggestion=NASTY,
        path=(ShownRelated(NASTY, NASTY, here),),
    )
    question = OpenQuestion("REL001", NASTY, NASTY, (NASTY,), here, NASTY)
    accepted = Accepted(msgspec.structs.replace(finding, severity="info", rule="OPS001"), NASTY, NASTY, _location(1))
    text = f"a: {NASTY}\nb: <script>document.title='run'</script>\n"
    file = FileReport(
        here.file,
        NASTY,
        (finding,),
        (question,),
        (accepted,),
        (RecognisedPattern(NASTY, NASTY, {NASTY: (NASTY,)}),),
        1,
        sources={here.file: Document(here.file, text, None)},
        rules=(ActiveRule("SRV001", NASTY, "error", ""),),
        baselined=(Baselined(msgspec.structs.replace(finding, rule="REL002"), NASTY, NASTY),),
        baseline=NASTY,
    )
    use = BaselineUse(NASTY, (BaselineEntry(NASTY, NASTY, NASTY, 2),), strict=True)
    return Report((file,), (InputError(f"{here.file}:3:7: {NASTY}", NASTY, here.file),), 1, (use,))


@st.composite
def any_reports(draw: st.DrawFn) -> Report:
    """Any report on up to two systems, with known and accepted findings, open questions and unreadable inputs."""
    accepted = st.builds(Accepted, finding=findings, reason=words, until=st.none() | words, location=locations)
    known = st.builds(Baselined, finding=findings, fingerprint=words, was=words)
    files = []
    for name in draw(st.sampled_from([("a.yaml",), ("a.yaml", "b.yaml"), ()])):
        sources = {here: Document(here, draw(texts), None) for here in ("a.yaml", "b.yaml")}
        files.append(
            FileReport(
                name,
                draw(words),
                draw(st.lists(findings, max_size=3).map(tuple)),
                draw(st.lists(questions, max_size=3).map(tuple)),
                draw(st.lists(accepted, max_size=2).map(tuple)),
                sources=sources,
                baselined=draw(st.lists(known, max_size=2).map(tuple)),
                baseline="archlint-baseline.jsonl",
            )
        )
    errors = draw(st.lists(st.builds(InputError, message=words, hint=words, file=words), max_size=2).map(tuple))
    entries = st.lists(
        st.builds(BaselineEntry, file=words, rule=words, at=words, count=st.integers(1, 3), line=st.integers(0, 9)),
        max_size=2,
    ).map(tuple)  # fmt: skip
    uses = st.builds(BaselineUse, file=words.map("{}.jsonl".format), healed=entries, accepted=entries, strict=st.booleans())
    return Report(tuple(files), errors, draw(st.integers(0, 3)), draw(st.lists(uses, max_size=2).map(tuple)))
