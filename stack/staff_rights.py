"""docs/staff-rights.md: what each role of staff may do in each service, made from the five tables STAFF_MAY."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from stack import environment
from stack.errors import StackError
from stack.instance import ROOT
from stack.services import SERVICES

PAGE = ROOT / "docs" / "staff-rights.md"
# A table: role → names of permissions, or None for all there are.
Rights = Mapping[str, list[str] | None]

HEAD = """\
# What staff may do

Made by `make contracts` from the table `STAFF_MAY` of each service (`<app>/roles.py`), and held by `make check`. How to
add a role: [CONTRIBUTING.md](../CONTRIBUTING.md#add-a-role).

A row is one of Django's permissions for the service's own tables, and for its log of what staff did (`auditrecord`),
which is read and never edited. It holds in the admin site, where whoever may change a thing may also look at it, and
for the endpoints that ask for it. Some pages offer less than a permission would allow: what was sold, paid or told is
read there and never edited.

Who has a column is staff: they enter every admin site. What customers did is read through the API by whoever may view
it: `view_booking`, `view_payment`, `view_refund`, `view_notification`. Customers have no column.

Somebody may be limited to theaters: then a right holds for what belongs to theirs, and what belongs to another is not
there. What belongs to all of them, and what to none, is in [ADR 112](adr/0112-rights-by-theater.md).

After each migration the groups are exactly these columns: what was granted by hand is taken away, and a group that is
no role is left without permissions (the log names it), and removed once nobody is in it.
"""
# Run by a Python of its own, so that it meets the services as they are on disk, without Django.
READ = """
import importlib, json, sys
from chassis.roles import EVERYTHING
tables = {name: importlib.import_module(name + ".roles").STAFF_MAY for name in sys.argv[1:]}
listed = {name: {role: None if may is EVERYTHING else sorted(may) for role, may in table.items()}
          for name, table in tables.items()}
json.dump(listed, sys.stdout)
"""


def write(page: Path = PAGE) -> None:
    """Renews the page. Raises StackError."""
    page.write_text(_made(_tables()))


def check(page: Path = PAGE) -> None:
    """Raises StackError when the page is not what the tables say, or a service has no line for a role of the others."""
    tables = _tables()
    roles = list(dict.fromkeys(role for table in tables.values() for role in table))
    for service, table in tables.items():
        if missing := [role for role in roles if role not in table]:
            raise StackError(f"STAFF_MAY of {service} has no line for {', '.join(missing)}")
    if not page.exists() or page.read_text() != _made(tables):
        raise StackError(f"docs/{page.name} is not what the tables STAFF_MAY say: run `make contracts`")


def _tables() -> dict[str, Rights]:
    """By the service's name."""
    folders = [ROOT / "chassis" / "src", *(service.folder for service in SERVICES)]
    told = environment.python(
        *("-c", READ),
        *(service.app for service in SERVICES),
        folder=ROOT,
        variables={"PYTHONPATH": os.pathsep.join(map(str, folders))},
        complaint="the tables STAFF_MAY cannot be read",
    )
    read: dict[str, Rights] = json.loads(told)
    return {service.name: read[service.app] for service in SERVICES}


def _made(tables: Mapping[str, Rights]) -> str:
    return "\n".join([HEAD, *(_section(service, table) for service, table in tables.items())])


def _section(service: str, table: Rights) -> str:
    named = sorted({name for names in table.values() for name in names or ()})
    rows = [(name, [names is None or name in names for names in table.values()]) for name in named]
    rows.append(("everything else", [names is None for names in table.values()]))
    lines = [_line(["permission", *table]), _line(["---"] * (len(table) + 1))]
    lines += [_line([name, *("yes" if has else "" for has in row)]) for name, row in rows]
    return "\n".join([f"## {service}", "", *lines, ""])


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
