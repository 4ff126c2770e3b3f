"""The card gateway's own record of what it took, as the simulator shows it: an entry for each authorisation.

A provider of another kind needs a reader of its own, with the same two questions.
"""

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

from audit.web import Unreadable, Web

PAGE = 1000
ENTRY = ("reference", "authorised_amount", "captured_amount", "voided_amount", "refunded_amount")
NOTHING = {"entries": 0, "charges": 0, "captured": 0, "refunded": 0, "held": 0, "overdrawn": False}


class Record:
    def __init__(self, web: Web) -> None:
        self._web = web

    def of(self, references: Sequence[str]) -> list[dict[str, Any]]:
        """Of each of these payments what it took, in minor units: zero where it knows nothing of it.

        charges: how many of its entries were captured. held: authorised, and neither captured nor voided.
        overdrawn: more went back of an entry than was captured.
        """
        found = {reference: {**NOTHING, "reference": reference} for reference in references}
        for start in range(0, len(references), PAGE):
            asked = urlencode({"reference": references[start : start + PAGE]}, doseq=True)
            for entry in self._entries(f"/v1/record?{asked}"):
                self._add(found[entry["reference"]], entry)
        return list(found.values())

    @staticmethod
    def _add(to: dict[str, Any], entry: dict[str, Any]) -> None:
        captured, refunded = entry["captured_amount"], entry["refunded_amount"]
        to["entries"] += 1
        to["charges"] += 1 if captured else 0
        to["captured"] += captured
        to["refunded"] += refunded
        to["held"] += 0 if captured or entry["voided_amount"] else entry["authorised_amount"]
        to["overdrawn"] = to["overdrawn"] or refunded > captured

    def references(self, after: str = "") -> Iterator[list[str]]:
        """Of everything it took, in their order, PAGE at a time; of what comes after this one."""
        while page := self._entries("/v1/record?" + urlencode({"after": after, "limit": PAGE})):
            references = sorted({str(entry["reference"]) for entry in page})
            yield references
            after = references[-1]

    def _entries(self, path: str) -> list[dict[str, Any]]:
        answer = self._web.ask(path)
        try:
            return [{name: entry[name] for name in ENTRY} for entry in answer["authorisations"]]
        except (KeyError, TypeError) as error:
            raise Unreadable(f"cannot read {self._web.name}: {error!r}") from error
