from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from factories import ShowtimeFactory, seat_ids
from money import authorise, capture

from bookings import holds, offers, sales
from bookings.models import Booking, Screen, SeatStatus, Showtime
from chassis.ids import uuid7


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    sales._kept.clear()
    offers._kept.clear()


@pytest.fixture
def showtime(db: None) -> Showtime:
    return ShowtimeFactory()


@pytest.fixture
def hold(showtime: Showtime) -> Callable[..., Booking]:
    """hold(0, 1) → a PENDING booking of the first two seats, by somebody new or user_id."""

    def make(*places: int, user_id=None, **wanted) -> Booking:
        ids = seat_ids(showtime)
        held = holds.hold_seats(
            user_id=user_id or uuid7(),
            showtime_id=showtime.id,
            seat_ids=[ids[place] for place in places],
            **{"verified": True, **wanted},
        )
        return held.booking

    return make


@pytest.fixture
def paid(hold: Callable[..., Booking], deliver: Callable[..., bool]) -> Booking:
    """A booking of two seats that is paid."""
    booking = hold(0, 1)
    told = {"booking_id": str(booking.id), "payment_id": str(uuid7()), "user_id": str(booking.user_id)}
    deliver("payment.authorized", **told)
    deliver("payment.completed", **told)
    return booking


@pytest.fixture
def bought(hold: Callable[..., Booking]) -> Callable[..., Booking]:
    """bought(0, 1) → a booking of two seats with its tickets."""

    def make(*places: int, **wanted) -> Booking:
        booking = hold(*places, **wanted)
        authorise(booking.id)
        capture(booking.id)
        return Booking.objects.get(id=booking.id)

    return make


@pytest.fixture
def move(showtime: Showtime, deliver: Callable[..., bool]) -> Callable[..., Showtime]:
    """move(timedelta(hours=1)) → the showtime as it is now; move(screen=another) shows it somewhere else."""

    def tell(by: timedelta = timedelta(), screen: Screen | None = None, **changes: object) -> Showtime:
        showtime.refresh_from_db()
        screen_id, screen_name = (screen.id, screen.name) if screen else (showtime.screen_id, showtime.screen_name)
        news = {
            "showtime_id": showtime.id,
            "revision": showtime.revision + 1,
            "movie": {"id": showtime.movie_id, "title": showtime.movie_title},
            "theater": {"id": showtime.theater_id, "name": showtime.theater_name, "time_zone": showtime.time_zone},
            "screen": {"id": screen_id, "name": screen_name},
            "starts_at": (showtime.starts_at + by).isoformat(),
            "ends_at": (showtime.ends_at + by).isoformat(),
            "format": showtime.format,
            "language": showtime.language,
            "currency": showtime.currency,
            "prices": showtime.prices,
            "tariff": showtime.tariff,
            "rules": showtime.rules,
        }
        deliver("showtime.updated", **(news | changes))
        showtime.refresh_from_db()
        return showtime

    return tell


@pytest.fixture
def let_hold_end() -> Callable[[Booking], None]:
    """As if the hold had begun long ago."""

    def end(booking: Booking) -> None:
        past = timezone.now() - timedelta(seconds=1)
        Booking.objects.filter(id=booking.id).update(hold_expires_at=past)
        SeatStatus.objects.filter(booking_id=booking.id).update(held_until=past)

    return end
