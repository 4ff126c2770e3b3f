"""Events of booking that come together: counted together, and as if each came alone."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any, Literal
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from factories import ShowtimeFactory

from catalog.domain import OccupancyState
from catalog.handlers import HANDLERS, STATE_AFTER, lock
from catalog.models import BlockedSeats, Showtime, ShowtimeOccupancy
from catalog.occupancy import count_occupied
from chassis.ids import uuid7
from chassis.messaging.batches import Delivery, Lane, Verdict
from chassis.messaging.events import Event
from chassis.messaging.inbox import receive_all
from chassis.storage.redis import redis_client

pytestmark = pytest.mark.django_db


def of_booking(event_type: str, showtime_id: UUID, booking_id: UUID, *, seats: int = 2) -> Event:
    places = [str(uuid7()) for _ in range(seats)]
    data: dict[str, Any] = {"booking_id": str(booking_id), "showtime_id": str(showtime_id), "seat_ids": places}
    if event_type == "booking.created":
        soon = timezone.now() + timedelta(minutes=5)
        data |= {"seats": [{"id": place} for place in places], "hold_expires_at": soon.isoformat()}
    return event(event_type, booking_id, data)


def of_seats(event_type: str, showtime_id: UUID, *, revision: int, blocked: int) -> Event:
    return event(event_type, showtime_id, {"showtime_id": str(showtime_id), "revision": revision, "blocked": blocked})


def event(event_type: str, subject: UUID, data: dict[str, Any]) -> Event:
    return Event(
        id=uuid7(), type=event_type, source="/booking", subject=str(subject), time=datetime.now(UTC), data=data
    )


def receive(*events: Event) -> int:
    return len(receive_all(events, HANDLERS, lock=lock))


def statements(events: list[Event]) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        assert receive(*events) == len(events)
    return [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]


@pytest.mark.parametrize("event_type", ["booking.created", *STATE_AFTER])
def test_many_bookings_take_the_statements_of_one(showtime: Showtime, event_type: str) -> None:
    one = statements([of_booking(event_type, showtime.id, uuid7())])
    fifty = statements([of_booking(event_type, showtime.id, uuid7()) for _ in range(50)])
    assert (len(one), len(fifty)) == (2, 3)  # inbox, occupancy; and the one that locks them
    assert ShowtimeOccupancy.objects.count() == 51


@pytest.mark.parametrize("event_type", ["seats.blocked", "seats.unblocked"])
def test_seats_off_sale_of_many_showtimes_take_the_statements_of_one(showtime: Showtime, event_type: str) -> None:
    one = statements([of_seats(event_type, showtime.id, revision=1, blocked=3)])
    fifty = statements([of_seats(event_type, uuid7(), revision=1, blocked=3) for _ in range(50)])
    assert (len(one), len(fifty)) == (2, 3)
    assert BlockedSeats.objects.count() == 51


@pytest.mark.parametrize("created_first", [True, False])
def test_all_of_a_booking_in_one_batch_end_as_if_they_came_alone(showtime: Showtime, created_first: bool) -> None:
    cancelled, sold, late = uuid7(), uuid7(), uuid7()
    events = [
        *(of_booking(kind, showtime.id, cancelled) for kind in ("booking.created", "booking.confirmed")),
        of_booking("booking.cancelled", showtime.id, cancelled),
        of_booking("booking.created", showtime.id, sold, seats=5),
        of_booking("booking.confirmed", showtime.id, sold, seats=5),
        *(of_booking("booking.reduced", showtime.id, sold, seats=left) for left in (4, 3)),
        *(of_booking(kind, showtime.id, late) for kind in ("booking.created", "booking.expired")),
    ]
    ordered = events if created_first else events[::-1]
    again = [of_booking("booking.created", showtime.id, cancelled)]
    assert receive(*ordered, ordered[0], *again) == len(events) + 1
    assert receive(*events) == 0
    states = {row.booking_id: (row.state, row.seats) for row in ShowtimeOccupancy.objects.all()}
    assert states == {
        cancelled: (OccupancyState.ENDED, 2),
        sold: (OccupancyState.SOLD, 3),
        late: (OccupancyState.LAPSED, 2),
    }
    assert count_occupied([showtime.id]) == {showtime.id: 3}


@pytest.mark.parametrize("newest_first", [True, False])
def test_of_several_news_of_a_showtime_in_one_batch_the_last_counts(showtime: Showtime, newest_first: bool) -> None:
    blocked = [of_seats("seats.blocked", showtime.id, revision=n, blocked=n + 1) for n in range(1, 6)]
    freed = [of_seats("seats.unblocked", showtime.id, revision=n, blocked=1) for n in (6, 7)]
    told = blocked + freed
    receive(*(reversed(told) if newest_first else told))
    row = BlockedSeats.objects.get()
    assert (row.revision, row.seats) == (7, 1)


def test_the_counts_of_all_showtimes_of_a_batch_are_forgotten_at_once(
    api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    showtimes = [ShowtimeFactory() for _ in range(3)]

    def shown() -> list[int]:
        return [api.get(f"/showtimes/{one.id}").json()["available_seats"] for one in showtimes]

    assert shown() == [14] * 3
    client, executed = redis_client(), []
    pipeline = client.pipeline

    def counted(**how: Any) -> Any:
        executed.append(how)
        return pipeline(**how)

    monkeypatch.setattr(client, "pipeline", counted)
    receive(*(of_booking("booking.created", one.id, uuid7()) for one in showtimes for _ in range(2)))
    assert len(executed) == 1
    monkeypatch.undo()
    assert shown() == [10] * 3


@pytest.mark.parametrize("place", [0, 4, 8])
def test_a_poisoned_event_costs_the_others_nothing(showtime: Showtime, place: int) -> None:
    events = [of_booking("booking.created", showtime.id, uuid7()) for _ in range(8)]
    events.insert(place, event("booking.created", uuid7(), {"booking_id": "x"}))
    batch = [Delivery(one, message=None) for one in events]
    Lane(HANDLERS, lock=lock).handle(batch)
    verdicts = [one.verdict for one in batch]
    assert verdicts.pop(place) == Verdict.DEAD_LETTERED
    assert verdicts == [Verdict.HANDLED] * 8
    assert count_occupied([showtime.id]) == {showtime.id: 16}


@pytest.mark.django_db(transaction=True)
def test_two_workers_with_the_same_bookings_do_not_wait_in_a_circle(showtime: Showtime) -> None:
    """Each has the beginning of one and the end of the other, and beginnings are recorded before ends."""
    pairs = [(uuid7(), uuid7()) for _ in range(50)]
    together = Barrier(2, timeout=30)

    def work(mine: Literal[0, 1]) -> None:
        try:
            for pair in pairs:
                created = of_booking("booking.created", showtime.id, pair[mine])
                confirmed = of_booking("booking.confirmed", showtime.id, pair[1 - mine])
                together.wait()
                receive(created, confirmed)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, (0, 1)))
    assert list(ShowtimeOccupancy.objects.values_list("state", flat=True)) == [OccupancyState.SOLD] * 100
