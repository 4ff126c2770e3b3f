"""What we emit has the shape of the golden messages, and what others promise is what we read."""

import re
from datetime import date
from typing import Any

import pytest
from django.utils import timezone
from factories import PRICES, SELLER, MovieFactory, PriceListFactory, ScreenFactory, TheaterFactory, next_week, places

from catalog import scheduling, services, texts
from catalog.forms import ShowtimeForm
from catalog.models import SHOWING, BlockedSeats, ShowtimeOccupancy, Theater
from catalog.serializers import ShowtimeInput, ShowtimeSerializer

pytestmark = pytest.mark.django_db

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")


def shape(value: Any) -> Any:
    """A value with its content taken out: what a consumer may rely on."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        shapes = [shape(inner) for inner in value]
        return [shapes[0]] if shapes and all(other == shapes[0] for other in shapes) else shapes
    if isinstance(value, str):
        return "uuid" if UUID.fullmatch(value) else "time" if TIME.fullmatch(value) else "text"
    return type(value).__name__


def everything_emitted() -> None:
    theater: Theater = TheaterFactory(**SELLER)
    screen = services.add_screen(theater_id=theater.id, name="Hall 1", places=places())
    showtime = scheduling.schedule_showtime(
        movie_id=MovieFactory().id,
        screen_id=screen.id,
        starts_at=next_week(),
        format="3D",
        language="vi",
        price_list_id=PriceListFactory(theater=theater).id,
    )
    scheduling.change_showtime(showtime_id=showtime.id, language="en")
    scheduling.cancel_showtime(showtime_id=showtime.id, reason="The projector is being repaired")


@pytest.mark.parametrize(
    "event_type", ["screen.updated", "showtime.scheduled", "showtime.updated", "showtime.cancelled"]
)
def test_what_we_emit_is_what_the_golden_message_says(event_type: str, emitted: Any, golden: Any) -> None:
    everything_emitted()
    (event,) = emitted(event_type)
    expected = golden(event_type)
    assert shape(event.data) == shape(expected["data"])
    assert event.source == expected["source"]
    assert event.specversion == expected["specversion"]
    assert event.type == expected["type"]
    subject = "screen_id" if event_type == "screen.updated" else "showtime_id"
    assert event.subject == event.data[subject]
    assert expected["subject"] == expected["data"][subject]


def test_a_showtime_of_a_theater_that_says_no_more_has_no_tariff(emitted: Any) -> None:
    screen = ScreenFactory()
    wanted = {"movie_id": MovieFactory().id, "screen_id": screen.id, "starts_at": next_week()}
    scheduling.schedule_showtime(**wanted, format="2D", language="vi", prices=PRICES, currency="VND")
    (event,) = emitted("showtime.scheduled")
    assert event.data["prices"] == PRICES
    assert event.data["tariff"] is None


SAID = {
    "title": "The Tide Clock",
    "text_language": "en",
    "duration_minutes": 118,
    "rating": "T13",
    "ratings": {"VN": "T13", "DE": "FSK 12"},
    "genres": ["mystery"],
    "languages": ["en", "vi"],
    "subtitles": ["vi", "ja"],
    "people": [
        {"role": "director", "name": "Ines Aldana"},
        {"role": "cast", "name": "Noor Haddad", "character": "The keeper"},
    ],
    "release_date": date(2026, 11, 11),
}


def told_of_a_film() -> None:
    movie = services.add_movie(**SAID)
    texts.put_text(movie_id=movie.id, language="vi", title="Đồng hồ thủy triều")
    services.remove_movie(movie_id=movie.id)


def told_of_a_theater() -> None:
    where = {"time_zone": "Asia/Ho_Chi_Minh", "currency": "VND", "latitude": 10.7725, "longitude": 106.698}
    theater = services.add_theater(name="Bến Thành", city="Ho Chi Minh City", address="135 Lê Lợi", **where)
    services.change_theater(theater_id=theater.id, description="Beside the market.")
    services.remove_theater(theater_id=theater.id)


@pytest.mark.parametrize(
    ("tell", "event_type"),
    [
        *((told_of_a_film, f"movie.{past}") for past in ("added", "updated", "removed")),
        *((told_of_a_theater, f"theater.{past}") for past in ("added", "updated", "removed")),
    ],
)
def test_what_we_tell_of_films_and_theaters_is_what_the_golden_message_says(
    tell: Any, event_type: str, emitted: Any, golden: Any
) -> None:
    tell()
    (event,) = emitted(event_type)
    expected = golden(event_type)
    assert shape(event.data) == shape(expected["data"])
    assert event.subject == event.data[f"{event_type.partition('.')[0]}_id"]
    assert expected["subject"] == expected["data"][f"{event_type.partition('.')[0]}_id"]
    assert [told.data["revision"] for told in emitted()] == sorted(told.data["revision"] for told in emitted())


@pytest.mark.parametrize("fields", [ShowtimeSerializer().fields, ShowtimeInput().fields, ShowtimeForm.base_fields])
def test_what_is_said_of_a_showing_is_asked_for_and_shown(fields: Any) -> None:
    assert set(SHOWING) <= set(fields)


def test_what_is_no_field_of_a_showing_is_not_scheduled() -> None:
    with pytest.raises(TypeError, match="colour"):
        scheduling.schedule_showtime(
            movie_id=MovieFactory().id,
            screen_id=ScreenFactory().id,
            starts_at=next_week(),
            prices=PRICES,
            currency="VND",
            colour="red",
        )


@pytest.mark.parametrize(
    ("event_type", "state"),
    [
        ("booking.created", "held"),
        ("booking.extended", "held"),
        ("booking.confirmed", "sold"),
        ("booking.reduced", "sold"),
        ("booking.expired", "lapsed"),
        ("booking.rejected", "ended"),
        ("booking.cancelled", "ended"),
        ("booking.failed", "ended"),
    ],
)
def test_what_booking_promises_is_what_we_read(event_type: str, state: str, deliver: Any, golden: Any) -> None:
    assert deliver(event_type, hold_expires_at=timezone.now()) is True
    data = golden(event_type)["data"]
    row = ShowtimeOccupancy.objects.get()
    assert str(row.booking_id) == data["booking_id"]
    assert str(row.showtime_id) == data["showtime_id"]
    assert row.seats == len(data.get("seat_ids") or data.get("seats"))
    assert row.get_state_display() == state


@pytest.mark.parametrize("event_type", ["seats.blocked", "seats.unblocked"])
def test_what_booking_tells_of_seats_off_sale_is_what_we_read(event_type: str, deliver: Any, golden: Any) -> None:
    assert deliver(event_type) is True
    data = golden(event_type)["data"]
    row = BlockedSeats.objects.get()
    assert (str(row.showtime_id), row.seats, row.revision) == (data["showtime_id"], data["blocked"], data["revision"])
