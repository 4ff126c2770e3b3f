from datetime import UTC, datetime
from itertools import permutations
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookings import endings
from bookings.domain import State
from bookings.errors import NotCancellable
from bookings.handlers import HANDLERS
from bookings.inventory import seat_statuses
from bookings.models import Booking, BookingTransition, Customer, Screen, Showtime
from chassis.ids import uuid7
from chassis.messaging.events import Event
from chassis.messaging.inbox import receive_all
from chassis.messaging.topology import exchange_of


@pytest.fixture
def about(hold):
    """A held booking and what payment's events say of it."""
    booking = hold(0, 1)
    return booking, {"booking_id": str(booking.id), "payment_id": str(uuid7()), "user_id": str(booking.user_id)}


def state(booking: Booking) -> str:
    return Booking.objects.get(id=booking.id).status


def test_authorised_then_captured_ends_with_a_ticket(about, deliver, emitted):
    booking, told = about
    deliver("payment.authorized", **told)
    deliver("payment.completed", **told)
    assert state(booking) == State.CONFIRMED
    assert len(emitted("ticket.issued")) == 1


def test_the_last_digits_of_the_card_are_kept_and_old_news_without_them_confirm_too(about, deliver, hold):
    booking, told = about
    deliver("payment.authorized", **told)
    assert Booking.objects.get(id=booking.id).card_last4 == "4242"
    before = hold(2)
    deliver("payment.authorized", {"booking_id": str(before.id), "payment_id": str(uuid7())})
    assert (state(before), Booking.objects.get(id=before.id).card_last4) == (State.CONFIRMED, "")


def test_the_same_event_twice_confirms_once(about, deliver, emitted):
    _, told = about
    event_id = uuid7()
    assert deliver("payment.authorized", event_id=event_id, **told) is True
    assert deliver("payment.authorized", event_id=event_id, **told) is False
    deliver("payment.authorized", **told)
    assert len(emitted("booking.confirmed")) == 1


def test_news_of_a_booking_nobody_knows_change_nothing(db, deliver, emitted):
    for event_type in ("payment.authorized", "payment.completed", "payment.failed", "payment.voided"):
        deliver(event_type)
    assert emitted() == []


def test_an_older_revision_never_overwrites_a_newer_one(db, deliver):
    for revisions in permutations([1, 2, 3]):
        screen_id, showtime_id = uuid7(), uuid7()
        for revision in revisions:
            deliver("screen.updated", screen_id=screen_id, revision=revision, name=f"Hall {revision}")
            deliver("showtime.updated", showtime_id=showtime_id, revision=revision, language=f"l{revision}")
        assert Screen.objects.get(id=screen_id).name == "Hall 3"
        assert Showtime.objects.get(id=showtime_id).language == "l3"


def test_a_week_of_showtimes_that_comes_together_takes_the_statements_of_one(db, golden):
    told = golden("showtime.scheduled")

    def scheduled(showtime_id: UUID, revision: int = 1) -> Event:
        data = {**told["data"], "showtime_id": str(showtime_id), "revision": revision}
        return Event(
            id=uuid7(),
            type="showtime.scheduled",
            source="/catalog",
            subject=str(showtime_id),
            time=datetime.now(UTC),
            data=data,
        )

    def statements(events: list[Event]) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert len(receive_all(events, HANDLERS)) == len(events)
        return len([query for query in queries if "SAVEPOINT" not in query["sql"]])

    one, week = [scheduled(uuid7())], [scheduled(uuid7()) for _ in range(350)]
    again = scheduled(UUID(week[0].subject), revision=3)
    assert statements(one) == statements([*week, again, scheduled(UUID(again.subject), revision=2)]) == 3
    assert Showtime.objects.count() == 351
    assert Showtime.objects.get(id=again.subject).revision == 3


@pytest.mark.parametrize("order", list(permutations(["showtime.scheduled", "showtime.updated", "showtime.cancelled"])))
def test_a_cancelled_showtime_stays_cancelled_in_every_order(db, deliver, order):
    showtime_id = uuid7()
    revisions = {"showtime.scheduled": 1, "showtime.updated": 2, "showtime.cancelled": 3}
    for event_type in order:
        deliver(event_type, showtime_id=showtime_id, revision=revisions[event_type])
    assert Showtime.objects.get(id=showtime_id).status == Showtime.Status.CANCELLED


def test_refunds_and_voids_are_recorded(about, deliver):
    booking, told = about
    deliver("payment.refunded", **told, status="partially_refunded")
    assert Booking.objects.get(id=booking.id).payment_status == "partially_refunded"


@pytest.mark.parametrize("order", list(permutations(["user.registered", "user.updated"])))
def test_the_newest_address_of_a_customer_is_known_in_every_order(db, deliver, golden, order):
    """The envelope's time says which is newer, not the order of arrival."""
    user_id = uuid7()
    told = {"user.registered": "first@example.com", "user.updated": "second@example.com"}
    for event_type in order:
        at = datetime.fromisoformat(golden(event_type)["time"])
        deliver(event_type, user_id=user_id, at=at, email=told[event_type])
    assert Customer.objects.get(user_id=user_id).email == "second@example.com"


WHOLE = {"status": "refunded", "kind": "cancel", "seats": []}


@pytest.fixture
def sold(about, deliver):
    """A booking that is paid and has its ticket, and what payment's events say of it."""
    booking, told = about
    deliver("payment.authorized", **told)
    deliver("payment.completed", **told)
    return booking, told


def test_money_given_back_ends_the_booking_and_frees_its_seats(sold, deliver, emitted, showtime):
    booking, told = sold
    deliver("payment.refunded", **told, **WHOLE, reason="The projector failed.")
    assert state(booking) == State.CANCELLED
    assert seat_statuses(showtime.id) == {}
    (cancelled,) = emitted("booking.cancelled")
    assert cancelled.data["refund"] == cancelled.data["total"]
    line = BookingTransition.objects.filter(booking=booking).latest("id")
    assert (line.trigger, line.actor, line.message) == ("refunded", "payment", "The projector failed.")


@pytest.mark.parametrize(
    "told_of_it",
    [
        {"status": "refunded", "kind": "goodwill"},
        {"status": "partially_refunded", "kind": "cancel", "seats": []},
        {"status": "partially_refunded", "kind": "goodwill"},
    ],
)
def test_goodwill_and_a_part_leave_the_ticket_as_it_is(sold, deliver, emitted, showtime, told_of_it):
    booking, told = sold
    deliver("payment.refunded", **told, **told_of_it)
    assert state(booking) == State.CONFIRMED
    assert set(seat_statuses(showtime.id).values()) == {"sold"}
    assert emitted("booking.cancelled") == []


def test_a_refund_told_before_there_were_kinds_leaves_the_ticket_as_it_did_then(sold, deliver):
    booking, told = sold
    deliver("payment.refunded", {**told, "status": "refunded"})
    assert (state(booking), Booking.objects.get(id=booking.id).payment_status) == (State.CONFIRMED, "refunded")


@pytest.mark.parametrize("order", list(permutations(["payment.completed", "payment.refunded"])))
def test_a_refund_that_overtakes_the_capture_ends_the_booking_without_a_ticket(about, deliver, emitted, order):
    booking, told = about
    deliver("payment.authorized", **told)
    for event_type in order:
        deliver(event_type, **told, **(WHOLE if event_type == "payment.refunded" else {}))
    ended = Booking.objects.get(id=booking.id)
    assert (ended.status, ended.payment_status) == (State.CANCELLED, "refunded")
    assert len(emitted("ticket.issued")) == (order[0] == "payment.completed")


@pytest.mark.parametrize("first", ["the customer", "the refund"])
def test_a_customer_who_cancels_while_it_is_given_back_ends_it_once(sold, deliver, emitted, first):
    booking, told = sold
    if first == "the customer":
        endings.cancel_booking(booking_id=booking.id, user_id=booking.user_id)
    deliver("payment.refunded", **told, **WHOLE)
    deliver("payment.refunded", **told, **WHOLE)
    if first == "the refund":
        with pytest.raises(NotCancellable):
            endings.cancel_booking(booking_id=booking.id, user_id=booking.user_id)
    assert (state(booking), len(emitted("booking.cancelled"))) == (State.CANCELLED, 1)


def test_events_travel_on_the_exchanges_of_those_who_emit_them(golden):
    for event_type in HANDLERS:
        assert exchange_of(event_type).name == f"{golden(event_type)['source'].strip('/')}_events", event_type
