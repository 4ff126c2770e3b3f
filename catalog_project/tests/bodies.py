"""Bodies that the API takes, and what a refusal looks like."""

from typing import Any

from factories import FEES, FOR_CHILDREN, PRICES, MovieFactory, ScreenFactory, next_week, places

from catalog.models import Theater

MOVIE = {
    "title": "The Tide Clock",
    "synopsis": "A clock runs fast.",
    "duration_minutes": 118,
    "rating": "T13",
    "genres": ["mystery"],
    "languages": ["en", "vi"],
    "release_date": "2026-11-11",
    "poster_url": "https://posters.example/tide-clock.jpg",
}
THEATER = {
    "name": "Marquee Bến Thành",
    "city": "Ho Chi Minh City",
    "address": "135 Lê Lợi",
    "time_zone": "Asia/Ho_Chi_Minh",
    "currency": "VND",
    "rules": {"cancellation_cutoff_minutes": 30},
}
SEATS = [
    {"row": place.row, "number": place.number, "x": place.x, "y": place.y, "category": str(place.category)}
    for place in places()
]


LIST = {
    "name": "Everyday",
    "currency": "VND",
    "prices": {"adult": PRICES, "child": FOR_CHILDREN},
    "rules": [{"name": "3D", "percent": 20, "formats": ["3D"]}],
    "fees": FEES,
    "early": [{"days_before": 7, "percent": 10}],
}


def dong(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "VND"}


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert (body["status"], body["code"]) == (status, code)
    return body


def pointers(body: dict[str, Any]) -> list[str]:
    return [error["pointer"] for error in body["errors"]]


def showtime_at(theater: Theater, **fields: Any) -> dict[str, Any]:
    """Of a new film in a new hall, without prices."""
    return {
        "movie_id": str(MovieFactory().id),
        "screen_id": str(ScreenFactory(theater=theater).id),
        "starts_at": next_week(12).isoformat(),
        "format": "2D",
        "language": "vi",
        **fields,
    }


def scheduled(manager: Any, theater: Theater, **fields: Any) -> dict[str, Any]:
    answer = manager.post("/showtimes", showtime_at(theater, **fields))
    assert answer.status_code == 201, answer.content
    body: dict[str, Any] = answer.json()
    return body


def lists_of(theater: Theater) -> str:
    return f"/theaters/{theater.id}/price-lists"


def types_of(theater: Theater) -> str:
    return f"/theaters/{theater.id}/ticket-types"
