"""What this service emits has the shape of the golden messages; what it reads, it reads from them."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from factories import TARIFF, seat_ids
from money import authorise, capture

from bookings import blocks, doors, endings, extensions, handlers, heard, moves, returns, seat_changes, services
from bookings.history import Cause
from bookings.models import Booking, Showtime
from bookings.presentation import present_seat_map
from bookings.selectors import seat_map
from chassis.ids import uuid7
from chassis.messaging.events import Event
from chassis.storage.audit_log import Actor, Door
from live_seats.seat_maps import History, SeatMap, seat_map_of

LIVE = Path(__file__).parents[2] / "contracts" / "live_seats"
READ = {
    "payment.authorized": heard.PaymentAuthorized,
    "payment.completed": heard.PaymentCompleted,
    "payment.failed": heard.PaymentFailed,
    "payment.voided": heard.PaymentVoided,
    "payment.refunded": heard.PaymentRefunded,
    "screen.updated": heard.ScreenUpdated,
    "showtime.scheduled": heard.ShowtimeScheduled,
    "showtime.updated": heard.ShowtimeScheduled,
    "showtime.cancelled": heard.ShowtimeCancelled,
    "user.registered": heard.UserKnown,
    "user.updated": heard.UserKnown,
    "guest.claimed": heard.GuestClaimed,
}


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value)


def test_every_handled_event_has_a_slice():
    assert set(READ) == set(handlers.HANDLERS)


@pytest.mark.parametrize("event_type", sorted(READ))
def test_the_slice_reads_the_golden_message(event_type, golden):
    assert Event.parse(golden(event_type)).read(READ[event_type])


def test_what_live_seats_tell_has_the_shape_of_its_golden_messages(hold, showtime):
    told = {}
    history = History(now_shown(showtime))
    before = history.current.version
    hold(0)
    history.advance(now_shown(showtime), now=0)
    for version in (None, before):
        kind, text = history.since(version)
        told[kind] = json.loads(text)
    for kind, message in told.items():
        assert shape(message) == shape(json.loads((LIVE / f"{kind}.json").read_text())), kind
    assert told.keys() == {file.stem for file in LIVE.glob("*.json")} == {"map", "delta"}


def now_shown(showtime: Showtime) -> SeatMap:
    """The prices of but one kind of seat, as the golden message has them."""
    shown = present_seat_map(*seat_map(showtime.id))
    return seat_map_of({**shown, "prices": {"standard": {"standard": 90000}}})


def test_what_is_emitted_has_the_shape_of_the_golden_message(hold, let_hold_end, showtime, move, emitted, golden):
    Showtime.objects.filter(id=showtime.id).update(tariff=TARIFF)
    payment = Cause("payment")
    waiting = hold(5)
    extensions.extend_hold(booking_id=waiting.id, user_id=waiting.user_id)
    endings.cancel_booking(booking_id=waiting.id, user_id=waiting.user_id)
    sold = hold(0, 1, payment_method={"token": "tok_visa"})
    authorise(sold.id)
    capture(sold.id)
    move(timedelta(hours=1))
    moves.tell_of_moves()
    going = sold.seats.all()[0]
    back = {"status": services.PaymentStatus.PARTIALLY_REFUNDED, "refunded": going.price_amount, "kind": "cancel"}
    services.record_refund(booking_id=sold.id, **back, seats=[heard.RefundedSeat(going.seat_id)], cause=payment)
    endings.cancel_booking(booking_id=sold.id, user_id=sold.user_id)
    leaving = hold(6, 7, payment_method={"token": "tok_visa"})
    authorise(leaving.id)
    capture(leaving.id)
    one, kept = leaving.seats.all()
    returns.give_back_seats(booking_id=leaving.id, user_id=leaving.user_id, seat_ids=[one.seat_id])
    failed = hold(2, payment_method={"token": "tok_visa"})
    services.fail_payment(booking_id=failed.id, stage="authorise", final=True, code="x", cause=payment)
    ended = hold(3, payment_method={"token": "tok_visa"})
    let_hold_end(ended)
    endings.expire_holds()
    used = hold(4, payment_method={"token": "tok_visa"})
    authorise(used.id)
    capture(used.id)
    ticket = Booking.objects.get(id=used.id).ticket
    usher = Actor(uuid7(), "linh", Door.API)
    doors.check_in(ticket=ticket, showtime_id=used.showtime_id, door="", actor=usher)
    ids, given = seat_ids(showtime), {"actor": usher, "reason": "broken"}
    seat_changes.change_seats(places={leaving.id: {kept.place: ids[9]}}, **given)
    blocks.block_seats(showtime_id=sold.showtime_id, seat_ids=[seat.seat_id for seat in sold.seats.all()])
    blocks.unblock_seats(showtime_id=sold.showtime_id, seat_ids=[seat.seat_id for seat in sold.seats.all()])
    seen = {event.type: event for event in emitted()}
    assert len(seen) == 13
    for event_type, event in seen.items():
        assert shape(event.data) == shape(golden(event_type)["data"]), event_type
