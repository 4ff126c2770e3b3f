import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "docker")]

from make_env import complete  # noqa: E402

from stack import credentials  # noqa: E402

VARIABLE = re.compile(r"\$\$|\$\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<rest>[^}]*))?\}")


class Unset(Exception):
    """A required variable has no value."""


def interpolated(node: Any, values: dict[str, str]) -> Any:
    """The node as compose reads it: ${NAME}, ${NAME:-default}, ${NAME:?complaint} and $$."""
    if isinstance(node, dict):
        return {key: interpolated(value, values) for key, value in node.items()}
    if isinstance(node, list):
        return [interpolated(value, values) for value in node]
    if not isinstance(node, str):
        return node

    def value_of(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        value = values.get(match["name"], "")
        if not value and match["kind"] == "?":
            raise Unset(match["name"])
        return value or (match["rest"] if match["kind"] == "-" else "") or ""

    return VARIABLE.sub(value_of, node)


@pytest.fixture(scope="session")
def compose_text() -> str:
    return (ROOT / "docker-compose.yml").read_text()


@pytest.fixture(scope="session")
def raw(compose_text: str) -> dict[str, Any]:
    """docker-compose.yml with its anchors resolved, its variables not."""
    parsed: dict[str, Any] = yaml.safe_load(compose_text)
    return parsed


@pytest.fixture(scope="session")
def values() -> dict[str, str]:
    """A freshly made `.env`."""
    return {name: value.strip("'") for name, value in credentials.parse(complete("", {})).items()}


@pytest.fixture(scope="session")
def services(raw: dict[str, Any], values: dict[str, str]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = interpolated(raw["services"], values)
    return found


@pytest.fixture(scope="session")
def over_tls(values: dict[str, str]) -> dict[str, dict[str, Any]]:
    """What docker-compose.tls.yml says of each service."""
    found: dict[str, dict[str, Any]] = interpolated(
        yaml.safe_load((ROOT / "docker-compose.tls.yml").read_text())["services"], values
    )
    return found


@pytest.fixture(scope="session")
def secured(
    services: dict[str, dict[str, Any]], over_tls: dict[str, dict[str, Any]]
) -> dict[str, dict[str, dict[str, Any]]]:
    """Both files together, as compose puts the one on top of the other."""
    return {name: together(service, over_tls.get(name, {})) for name, service in services.items()}


def together(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        if isinstance(value, dict):
            merged[key] = {**below.get(key, {}), **value}
        elif key in ("volumes", "ports"):
            merged[key] = [*below.get(key, []), *value]
        else:
            merged[key] = value
    return merged
