"""What the gateway moved, day by day, as providers report it: captures and refunds in the order in which they came."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Settled:
    """kind: capture or refund. key: the idempotency key it was asked under. reference: what the authorisation was made
    for. at: seconds since 1970.
    """

    id: str
    kind: str
    key: str
    reference: str
    amount: int
    currency: str
    at: float

    @property
    def day(self) -> str:
        """Of UTC."""
        return datetime.fromtimestamp(self.at, UTC).date().isoformat()


class Settlements:
    def __init__(self) -> None:
        self._of_day: dict[str, list[Settled]] = {}
        self._of_reference: dict[str, list[Settled]] = {}

    def add(self, settled: Settled) -> None:
        self._of_day.setdefault(settled.day, []).append(settled)
        self._of_reference.setdefault(settled.reference, []).append(settled)

    def of_day(self, day: str, after: int, limit: int) -> dict[str, Any]:
        """So many of a day that come after the first ones, and what the next page comes after: "" behind the last."""
        entries = self._of_day.get(day, [])
        page = entries[after : after + limit]
        behind = after + len(page)
        return {"entries": [asdict(each) for each in page], "next": str(behind) if behind < len(entries) else ""}

    def of_reference(self, reference: str) -> dict[str, Any]:
        return {"entries": [asdict(each) for each in self._of_reference.get(reference, [])], "next": ""}
