"""Kubernetes takes only text in labels, annotations, variables and secrets, and YAML reads 12 and 1e5 as numbers."""

import re

import pytest
from chart import CHART, SERVICES, VARIANTS, arguments, parsed, rendered

TEXT_ONLY = {"labels", "matchLabels", "annotations", "data", "stringData", "nodeSelector"}
# Like a number, as a name or a user may be.
NUMBERS = [
    "--set-string", "rabbitmq.user=2026",
    "--set-string", "rabbitmq.vhost=2026",
    *(word for name in SERVICES for key in ("user", "name")
      for word in ("--set-string", f"services.{name}.database.{key}=2026")),
]  # fmt: skip
# A sum of digits alone comes up once in some thousand renders, a password of that kind never while somebody looks.
BY_CHANCE = re.compile(r"^ *[\w./$-]+: \{\{[^}]*(?:sha256sum|b64enc|[cC]hecksum|\"marquee\.secret\")[^}]*\}\}$")


def not_text(thing: object, path: str = "") -> list[str]:
    """Where, below this, something else stands where only text may."""
    found = []
    if isinstance(thing, list):
        return [one for index, item in enumerate(thing) for one in not_text(item, f"{path}[{index}]")]
    if not isinstance(thing, dict):
        return []
    for key, value in thing.items():
        here = f"{path}.{key}"
        if key in TEXT_ONLY and isinstance(value, dict):
            found += [f"{here}.{name}" for name, word in value.items() if not isinstance(word, str)]
        if key == "env":
            found += [f"{here}.{one['name']}" for one in value if not isinstance(one.get("value", ""), str)]
        found += not_text(value, here)
    return found


@pytest.mark.parametrize("variant", ["default", "production", *VARIANTS])
def test_what_looks_like_a_number_stays_text(variant):
    text = rendered(*arguments(variant), *NUMBERS, release="2026")
    assert not [f"{one['kind']} {one['metadata']['name']}{place}" for one in parsed(text) for place in not_text(one)]


def test_what_comes_up_by_chance_is_quoted():
    lines = [
        (file.name, line)
        for file in sorted((CHART / "templates").rglob("*"))
        if file.is_file()
        for line in file.read_text().splitlines()
        if BY_CHANCE.match(line)
    ]
    assert len(lines) >= 12
    assert not [(name, line) for name, line in lines if not line.endswith("| quote }}")]
