"""What docs/staff-rights.md promises."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "staff-rights.md"
REST = "everything else"


@dataclass(frozen=True, slots=True)
class Rights:
    """Of one role in one service. everything: also what the page has no row for."""

    permissions: frozenset[str]
    everything: bool

    def may(self, permission: str) -> bool:
        return self.everything or permission in self.permissions


@cache
def promised() -> dict[tuple[str, str], Rights]:
    """By service and role."""
    rights: dict[tuple[str, str], Rights] = {}
    for section in PAGE.read_text().split("\n## ")[1:]:
        service, *lines = section.splitlines()
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
        (_, *roles), _, *permissions = rows
        for column, role in enumerate(roles, start=1):
            held = frozenset(row[0] for row in permissions if row[column] == "yes")
            rights[service, role] = Rights(held - {REST}, REST in held)
    return rights
