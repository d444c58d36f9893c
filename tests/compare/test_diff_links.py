"""No name becomes a link or a reference in the Markdown of a diff, by the rules of GitHub and of others."""

from __future__ import annotations

import pytest

from archlint.compare.difference import DerivedChange, Difference, PartChange, Regraded, SystemDifference
from archlint.compare.facts import Change
from archlint.compare.markdown import render_markdown
from archlint.inputs import InputError
from archlint.verdicts import Location
from tests.report.reading import rendered
from tests.report.samples import found
from tests.report.test_links import ADDRESSES, REFERENCE, as_github


def everywhere(name: str) -> Difference:
    """A difference that has a name in each place that shows names."""
    finding = found(message=f"{name} is not `{name}`", at=f"components.{name}")
    changes = (Change(name, name, None),)
    part = PartChange("components", name, "renamed", name, name, name, changes, location=Location(name, 1, 1, 1, 1))
    system = SystemDifference(
        name, name, name, (part,), (DerivedChange(name, name, name, None),), (finding,), (finding,), (finding,),
        (finding,), (Regraded(finding, "info"),), notes=(name,),
    )  # fmt: skip
    return Difference(name, name, (system,), errors=(InputError(name, "", name),), notes=(name,))


@pytest.mark.parametrize("name", [*ADDRESSES, "a|b.example.org", "x|@octocat|y"])
def test_a_difference_of_such_names_has_no_link_and_shows_them(name: str) -> None:
    text = render_markdown(everywhere(name)).split("```mermaid")[0]
    for page in (*as_github([text]), rendered(text)):
        assert [tag for tag, _ in page.tags if tag in {"a", "img"}] == []
        assert sum(tag == "tr" for tag, _ in page.tags) == 4, "a bar in a name makes no cells"
        assert not REFERENCE.search(page.plain.replace("\u200b", " "))
        assert name in page.text.replace("\u200b", "")
