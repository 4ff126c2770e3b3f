"""Every endpoint that takes a table, with lines that it accepts; and every one that gives one."""

from dataclasses import dataclass, field
from typing import Any

from endpoints import NOWHERE


@dataclass(frozen=True, slots=True)
class FileEndpoint:
    """Where a table comes in, or goes out. permission: what it takes, in its service.

    lines: some that it takes, as JSON; none where it gives a table.
    """

    method: str
    path: str
    service: str
    permission: str
    lines: list[dict[str, Any]] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


FILES = [
    FileEndpoint(
        "POST",
        "/api/movies:import",
        "catalog",
        "add_movie",
        [{"title": "A title", "duration_minutes": 90, "languages": ["en"], "release_date": "2026-01-01"}],
    ),
    FileEndpoint("GET", "/api/movies:export", "catalog", "view_movie"),
    FileEndpoint(
        "POST",
        f"/api/theaters/{NOWHERE}/price-lists:import",
        "catalog",
        "add_pricelist",
        [{"name": "Everyday", "currency": "VND", "adult standard": "90000"}],
    ),
    FileEndpoint("GET", f"/api/theaters/{NOWHERE}/price-lists:export", "catalog", "view_pricelist"),
    FileEndpoint(
        "POST",
        f"/api/theaters/{NOWHERE}/showtimes:import",
        "catalog",
        "add_showtime",
        [{"movie": "A title", "screen": "Hall", "starts_at": "2030-01-01T10:00", "price_list": "Everyday"}],
    ),
    FileEndpoint(
        "GET",
        f"/api/theaters/{NOWHERE}/showtimes:export?first=2030-01-01&last=2030-01-02",
        "catalog",
        "add_showtime",
    ),
    FileEndpoint(
        "POST", f"/api/promotions/{NOWHERE}/vouchers:import", "booking", "add_promocode", [{"code": "MQ7K2PX9WDF4"}]
    ),
    FileEndpoint("GET", "/api/promotions:export", "booking", "view_promotion"),
]
