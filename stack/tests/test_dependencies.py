import json
from email.message import Message
from email.parser import HeaderParser

import pytest

from stack import dependencies
from stack.dependencies import Rules

RULES = Rules(
    allowed=frozenset({"MIT", "Apache-2.0"}),
    said={"MIT License": "MIT", "Proprietary or so": "Shareware"},
    named={"ours": "by ourselves"},
)


def about(*lines: str) -> Message:
    return HeaderParser().parsestr("\n".join(["Name: thing", *lines]) + "\n\n")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["License-Expression: MIT", "License: whatever"], "MIT"),
        (["License: GPL", "Classifier: License :: OSI Approved :: MIT License"], "MIT License"),
        (["License: MIT", "Classifier: License :: OSI Approved"], "MIT"),
        (["Classifier: Topic :: Games"], ""),
    ],
)
def test_the_clearest_word_of_a_package_about_its_licence_counts(lines: list[str], expected: str) -> None:
    assert dependencies.licence(about(*lines)) == expected


@pytest.mark.parametrize("expression", ["MIT", "MIT License", "MIT AND Apache-2.0", "GPL-3.0-only OR MIT"])
def test_one_side_of_an_or_and_all_of_an_and_must_be_allowed(expression: str) -> None:
    assert dependencies.is_allowed(expression, RULES)


@pytest.mark.parametrize(
    "expression",
    ["", "GPL-3.0-only", "MIT AND GPL-3.0-only", "(MIT OR GPL-3.0-only) AND Beerware", "Proprietary or so"],
)
def test_what_is_not_known_to_be_allowed_is_not(expression: str) -> None:
    assert not dependencies.is_allowed(expression, RULES)


def test_each_package_that_is_not_in_order_has_a_line() -> None:
    metadata = {
        "good": about("License-Expression: MIT"),
        "bad": about("License-Expression: GPL-3.0-only"),
        "dumb": about(),
    }
    assert dependencies.licence_faults({"good", "bad", "dumb", "away", "ours"}, metadata, RULES) == [
        "away: not installed here, so it cannot be asked",
        "bad: GPL-3.0-only",
        "dumb: says nothing",
    ]
    assert dependencies.licence_faults({"good"}, metadata, RULES) == ["ours: is named, but not in the lock"]


def test_every_locked_package_is_in_order() -> None:
    dependencies.check_licences()


def report(*packages: dict[str, object]) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


def test_a_known_vulnerability_is_named_with_the_version_that_has_it_no_more() -> None:
    hole = {"id": "CVE-2026-1", "fix_versions": ["1.3"], "aliases": [], "description": ""}
    found, unseen = dependencies.findings(
        report({"name": "thing", "version": "1.2", "vulns": [hole]}, {"name": "good", "version": "1", "vulns": []})
    )
    assert found == ["thing 1.2: CVE-2026-1, gone in 1.3"]
    assert unseen == ""


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        ("", "did not run"),
        ("no JSON", "did not run"),
        (report(), "no package"),
        (report({"name": "a", "skip_reason": "no index"}, {"name": "b", "vulns": []}), "1 of 2 packages, no index"),
    ],
)
def test_what_was_not_looked_at_is_never_taken_for_safe(printed: str, said: str) -> None:
    found, unseen = dependencies.findings(printed)
    assert found == []
    assert said in unseen
