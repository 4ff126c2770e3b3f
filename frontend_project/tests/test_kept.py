"""What a session keeps for the tabs of a browser, each for itself."""

from typing import Any
from uuid import UUID

import pytest
from django.http import HttpRequest
from django.test import RequestFactory

from shop import chosen
from shop.kept import FEW, keep, kept, let_go

SHOWTIMES = UUID(int=1), UUID(int=2)
SEAT = {"id": "s", "row": "A", "number": 1, "status": "available"}


def at(session: dict[str, Any], path: str = "/en/who/") -> HttpRequest:
    request = RequestFactory().get(path)
    request.session = session  # type: ignore[assignment]
    return request


def choose(session: dict[str, Any], showtime: UUID, *, attempt: str) -> str:
    body = {"showtime_id": str(showtime), "seats": [{"seat_id": "s", "ticket_type": "adult"}]}
    return chosen.choose(at(session), body, seats=[SEAT], attempt=attempt)


def test_the_newest_few_are_kept() -> None:
    request = at({})
    for number in range(FEW + 2):
        keep(request, "kind", str(number), number)
    keep(request, "kind", "2", "renewed")
    keep(request, "kind", "new", "newest")
    assert [kept(request, "kind", name) for name in ("0", "1", "3", "4", "2", "new")] == [
        *(None, None, None, 4, "renewed", "newest")
    ]
    let_go(request, "kind", "2")
    assert (kept(request, "kind", "2"), kept(request, "kind", "new")) == (None, "newest")


def test_each_tab_has_its_own_choice() -> None:
    session: dict[str, Any] = {}
    names = [choose(session, showtime, attempt=str(showtime)) for showtime in SHOWTIMES]
    for name, showtime in zip(names, SHOWTIMES, strict=True):
        found = chosen.choice_of(at(session, f"/en/who/?choice={name}"))
        assert found is not None
        assert (found["body"]["showtime_id"], found["attempt"]) == (str(showtime), str(showtime))


@pytest.mark.parametrize(
    ("query", "leads_to"),
    [
        (f"?showtime={SHOWTIMES[0]}&choice=gone", f"/en/showtimes/{SHOWTIMES[0]}/?choice=gone"),
        ("?showtime=none&choice=gone", "/en/"),
        ("", "/en/"),
    ],
)
def test_a_choice_that_is_gone_leads_to_its_showtime(client: Any, query: str, leads_to: str) -> None:
    assert client.get(f"/en/who/{query}")["Location"] == leads_to
