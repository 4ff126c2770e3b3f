"""The queries of dashboards, alerts and autoscalers, and the metrics they name."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

MONITORING = Path(__file__).resolve().parent
DASHBOARDS = sorted((MONITORING / "grafana" / "dashboards").glob("*.json"))
RULES = sorted((MONITORING / "rules").glob("*.yml"))
EXPORTERS = sorted((MONITORING / "exporters").glob("*.txt"))
VALUES = MONITORING.parent / "helm" / "marquee" / "values.yaml"

WORDS = {"and", "or", "unless", "bool", "offset", "by", "without", "on", "ignoring", "group_left", "group_right", "inf"}
STRINGS = re.compile(r'"(?:\\.|[^"\\])*"')
SELECTORS = re.compile(r"\{[^}]*\}|\[[^\]]*\]")
LABEL_LISTS = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
NAME = re.compile(r"(?<![\w.])([a-zA-Z_:][\w:]*)(?!\w*\s*\()")

DECLARATION = re.compile(r'\b(counter|gauge|histogram)\(\s*"(\w+)"')
DECLARED_AS = {"counter": ("", "_total"), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}


@dataclass(frozen=True)
class Query:
    """where: the panel or alert that asks it."""

    where: str
    expression: str

    @property
    def metrics(self) -> set[str]:
        """Names of metrics, as they are asked for: `..._bucket` of a histogram, `..._total` of a counter."""
        rest = LABEL_LISTS.sub(" ", SELECTORS.sub(" ", STRINGS.sub(" ", self.expression)))
        return {name for name in NAME.findall(rest) if name not in WORDS}


def all_queries() -> list[Query]:
    return [*_of_dashboards(), *_of_rules(), *_of_autoscalers()]


def exported() -> set[str]:
    """What the exporters that we do not write are known to tell."""
    return {line for file in EXPORTERS for line in file.read_text().splitlines() if line and not line.startswith("#")}


def declared() -> set[str]:
    """What our own code counts, as it is asked for."""
    root = MONITORING.parent
    names = set()
    for folder in (root / "chassis" / "src", root / "audit", *root.glob("*_project")):
        for file in folder.rglob("*.py"):
            if not {"tests", ".venv"} & set(file.relative_to(folder).parts):
                for kind, name in DECLARATION.findall(file.read_text()):
                    names |= {name + suffix for suffix in DECLARED_AS[kind]}
    return names


def alerts() -> Iterator[dict[str, Any]]:
    for file in RULES:
        for group in yaml.safe_load(file.read_text())["groups"]:
            yield from group["rules"]


def _of_dashboards() -> Iterator[Query]:
    for file in DASHBOARDS:
        board = json.loads(file.read_text())
        for panel in board["panels"]:
            for target in panel.get("targets", []):
                expression = target["expr"].replace("$__rate_interval", "5m").replace("$service", "booking")
                yield Query(f"{file.name}: {panel['title']}", expression)
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                expression = re.fullmatch(r"label_values\((.*), \w+\)", variable["definition"])
                assert expression, variable["definition"]
                yield Query(f"{file.name}: ${variable['name']}", expression[1])


def _of_rules() -> Iterator[Query]:
    for rule in alerts():
        yield Query(rule["alert"], rule["expr"])


def _of_autoscalers() -> Iterator[Query]:
    for name, service in yaml.safe_load(VALUES.read_text())["services"].items():
        if "rate" in service["web"]["autoscaling"]:
            yield Query(f"{name}'s autoscaler", service["web"]["autoscaling"]["rate"]["query"])
