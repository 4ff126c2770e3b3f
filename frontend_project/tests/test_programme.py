"""Which day of a cinema is shown."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shop import programme

THEATER = {"id": "one", "city": "Huế", "time_zone": "UTC"}


class Catalog:
    """Answers as catalog does: a showtime tomorrow, and one today where `hours` from now is still to come."""

    def __init__(self, hours: float) -> None:
        self.days = programme.days_of("UTC")
        now = datetime.now(UTC)
        self.starts = {self.days[0]: now + timedelta(hours=hours), self.days[1]: now + timedelta(days=1)}

    def get(self, service: str, path: str, *, date: Any = None, **_: Any) -> dict[str, Any]:
        if path != "/showtimes":
            return {"results": []}
        told = {"movie": {"id": "film"}, "available_seats": 9, "total_seats": 9, "status": "scheduled"}
        starts = [at for day, at in self.starts.items() if date in (None, day)]
        return {"results": [{"starts_at": at.isoformat(), **told} for at in starts]}


@pytest.mark.parametrize(("hours", "shown"), [(1, 0), (-1, 1)])
def test_once_today_is_over_the_next_day_is_shown_unless_today_is_asked_for(hours: float, shown: int) -> None:
    catalog = Catalog(hours)
    day: Any = programme.day_at(catalog, THEATER, "")  # type: ignore[arg-type]  # answers alike
    assert (day.day, len(day.films)) == (catalog.days[shown], 1)
    today: Any = programme.day_at(catalog, THEATER, catalog.days[0].isoformat())  # type: ignore[arg-type]
    assert (today.day, len(today.films)) == (catalog.days[0], 1 - shown)
