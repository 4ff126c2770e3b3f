"""contracts/saga.toml: the saga in one file, held against the code, and written into docs/saga.md as a table."""

import json
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from stack import environment
from stack.errors import StackError
from stack.instance import ROOT
from stack.services import SERVICES, Service

FILE = ROOT / "contracts" / "saga.toml"
GOLDEN = ROOT / "contracts"
PAGE = ROOT / "docs" / "saga.md"
BEGIN = "<!-- the steps, from contracts/saga.toml by `make contracts` -->\n"
END = "<!-- the end of the steps -->\n"

SERVICE_NAMES = tuple(service.name for service in SERVICES)
EVENT = re.compile(r"\b[a-z]+\.[a-z_]+\b")
PAGE_OF_THE_DESK = re.compile(r"page (/\S+)")
REQUEST = re.compile(r"(GET|POST|PATCH|PUT|DELETE) (/\S+)")
NOTHING = "\N{EN DASH}"
WORDS = {"on", "tells", "undone_by"}


@dataclass(frozen=True)
class Step:
    """does: what each service does on it, by the service's name."""

    on: str
    does: Mapping[str, str]
    tells: tuple[str, ...]
    undone_by: str = ""

    @property
    def kind(self) -> str:
        if REQUEST.fullmatch(self.on):
            return "request"
        if PAGE_OF_THE_DESK.fullmatch(self.on):
            return "page"
        return "tick" if self.on.startswith("clock.") else "event"


@dataclass(frozen=True)
class Known:
    """What the code of a service says: the events it handles, its ticks, the events it emits, its pages of the desk."""

    handles: frozenset[str]
    ticks: frozenset[str]
    tells: frozenset[str]
    pages: frozenset[str] = frozenset()


def read(file: Path = FILE) -> list[Step]:
    """Raises StackError when a row is not one."""
    try:
        rows = tomllib.loads(file.read_text())["step"]
    except (OSError, ValueError, KeyError) as error:
        raise StackError(f"cannot read {file.name}: {error}") from error
    steps = []
    for row in rows:
        if unknown := set(row) - WORDS - set(SERVICE_NAMES):
            raise StackError(f"{file.name}: {row.get('on')}: what is {', '.join(sorted(unknown))}?")
        does = {name: row[name] for name in SERVICE_NAMES if name in row}
        steps.append(Step(row["on"], does, tuple(row["tells"]), row.get("undone_by", "")))
    return steps


def check(variables_of: Callable[[Service], Mapping[str, str]]) -> None:
    """Raises StackError with everything in which the file, the code and docs/saga.md differ."""
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda service: known(service, variables_of(service)), SERVICES)
        code = dict(zip(SERVICE_NAMES, found, strict=True))
    steps = read()
    wrong = list(faults(steps, code, operations(), {file.stem for file in GOLDEN.glob("*.json")}))
    if wrong:
        raise StackError("contracts/saga.toml is not what the services do", details="\n".join(wrong))
    if PAGE.read_text() != page(steps):
        raise StackError("docs/saga.md is not what contracts/saga.toml says: run `make contracts`")


def write() -> None:
    """Renews the table in docs/saga.md. Raises StackError."""
    PAGE.write_text(page(read()))


def known(service: Service, variables: Mapping[str, str]) -> Known:
    complaint = f"{service.name} does not tell its events"
    told = json.loads(
        environment.python("manage.py", "events", folder=service.folder, variables=variables, complaint=complaint)
    )
    return Known(
        frozenset(told["handles"]), frozenset(told["ticks"]), frozenset(told["tells"]), frozenset(told["pages"])
    )


def operations(folder: Path = GOLDEN / "openapi") -> dict[str, set[str]]:
    """What each service's API answers, `POST /bookings` say, read off its document's keys."""
    found = {}
    for name in SERVICE_NAMES:
        path, answered = "", set()
        for line in (folder / f"{name}.yaml").read_text().partition("\npaths:\n")[2].splitlines():
            if line and not line.startswith(" "):
                break
            if match := re.fullmatch(r"  (/\S*):", line):
                path = match[1]
            elif match := re.fullmatch(r"    (get|post|put|patch|delete):", line):
                answered.add(f"{match[1].upper()} {path}")
        found[name] = answered
    return found


def faults(
    steps: Sequence[Step], code: Mapping[str, Known], answered: Mapping[str, set[str]], golden: set[str]
) -> Iterator[str]:
    """Every difference between the file and the code, as a sentence."""
    producers = {event: name for name, its in code.items() for event in its.tells}
    for step in steps:
        for name in step.does:
            if not _starts(step, code[name], answered[name]):
                yield f"{step.on}: {name} {_LACKS[step.kind]}"
        yield from _wrongly_told(step, producers)
    yield from _left_out(steps, code, producers)
    for event in sorted(golden - set(producers)):
        yield f"{event}: no service has a class for this golden message"
    for event in sorted(set(producers) - golden):
        yield f"{event}: it has no golden message"


_LACKS = {
    "event": "does not handle it",
    "tick": "has no such tick",
    "request": "does not answer that",
    "page": "has no such page",
}


def _starts(step: Step, its: Known, answered: set[str]) -> bool:
    pages = {f"page {path}" for path in its.pages}
    return step.on in {"event": its.handles, "tick": its.ticks, "request": answered, "page": pages}[step.kind]


def _wrongly_told(step: Step, producers: Mapping[str, str]) -> Iterator[str]:
    for event in step.tells:
        if event not in producers:
            yield f"{step.on}: no service tells {event}"
        elif producers[event] not in step.does:
            yield f"{step.on}: it is {producers[event]} that tells {event}, and it has no part in this step"
    for event in EVENT.findall(step.undone_by):
        if event not in producers:
            yield f"{step.on}: undone by {event}, which no service tells"


def _left_out(steps: Sequence[Step], code: Mapping[str, Known], producers: Mapping[str, str]) -> Iterator[str]:
    rows = Counter((step.on, name) for step in steps for name in step.does)
    for (on, name), count in sorted(rows.items()):
        if count > 1:
            yield f"{on}: {name} does {count} things"
    for name, its in code.items():
        for event in sorted(event for event in its.handles if (event, name) not in rows):
            yield f"{event}: {name} handles it, and no step says so"
    told = {event for step in steps for event in step.tells}
    for event in sorted(set(producers) - told):
        yield f"{event}: {producers[event]} tells it, and no step says so"


def page(steps: list[Step]) -> str:
    """docs/saga.md with the table of the steps as they are."""
    text = PAGE.read_text()
    before, found, rest = text.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not found or not ended:
        raise StackError("docs/saga.md has lost the marks between which its table stands")
    return f"{before}{BEGIN}\n{table(steps)}\n{END}{after}"


def table(steps: list[Step]) -> str:
    lines = ["| on | what each service does | may tell | taken back by |", "|---|---|---|---|"]
    for step in steps:
        does = "<br>".join(f"**{name}** {text}" for name, text in step.does.items())
        tells = "<br>".join(step.tells) or NOTHING
        lines.append(f"| `{step.on}` | {does} | {tells} | {step.undone_by or NOTHING} |")
    return "\n".join(lines) + "\n"
