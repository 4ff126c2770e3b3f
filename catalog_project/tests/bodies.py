"""Bodies that the API takes, and what a refusal looks like."""

from typing import Any

from factories import places

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


def dong(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "VND"}


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert (body["status"], body["code"]) == (status, code)
    return body
