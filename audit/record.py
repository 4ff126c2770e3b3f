"""The card gateway's own record of what it took, as the simulator shows it: an entry for each authorisation.

A provider of another kind needs a reader of its own, with the same two questions.
"""

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

from audit.web import Unreadable, Web

PAGE = 1000


class Record:
    def __init__(self, web: Web) -> None:
        self._web = web

    def of(self, references: Sequence[str]) -> list[dict[str, Any]]:
        """The entries of these payments: reference, captured, refunded and what is still held, in minor units."""
        found: list[dict[str, Any]] = []
        for start in range(0, len(references), PAGE):
            asked = urlencode({"reference": references[start : start + PAGE]}, doseq=True)
            found += self._entries(f"/v1/record?{asked}")
        return found

    def references(self, after: str = "") -> Iterator[list[str]]:
        """Of everything it took, in their order, PAGE at a time; of what comes after this one."""
        while page := self._entries("/v1/record?" + urlencode({"after": after, "limit": PAGE})):
            references = sorted({str(entry["reference"]) for entry in page})
            yield references
            after = references[-1]

    def _entries(self, path: str) -> list[dict[str, Any]]:
        answer = self._web.ask(path)
        try:
            return [
                {
                    "reference": entry["reference"],
                    "captured": entry["captured_amount"],
                    "refunded": entry["refunded_amount"],
                    "held": 0 if entry["captured_amount"] or entry["voided_amount"] else entry["authorised_amount"],
                }
                for entry in answer["authorisations"]
            ]
        except (KeyError, TypeError) as error:
            raise Unreadable(f"cannot read {self._web.name}: {error!r}") from error
