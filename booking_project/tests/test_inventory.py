"""The seats against a model of them: whatever is asked in whatever order, no seat is held or sold twice."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import transaction
from django.utils import timezone
from factories import ScreenFactory, ShowtimeFactory, seat_ids
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule
from money import authorise

from bookings import endings, holds, locks, services
from bookings.domain import OPEN, State, Trigger, rebuild
from bookings.errors import NotCancellable, NotEnoughSeats, SeatUnavailable
from bookings.history import Cause
from bookings.models import Booking, BookingSeat, BookingTransition, SeatStatus
from chassis.ids import uuid7
from chassis.storage.models import OutboxMessage

SEATS = 8
PAYMENT = Cause("payment")
places = st.lists(st.integers(0, SEATS - 1), min_size=1, max_size=4, unique=True)


class Inventory(RuleBasedStateMachine):
    """`model` maps each seat to the booking that owns it; a hold that ended owns nothing any more."""

    bookings = Bundle("bookings")

    def __init__(self) -> None:
        super().__init__()
        self.scope = transaction.atomic()
        self.scope.__enter__()
        self.showtime = ShowtimeFactory(screen=ScreenFactory(rows=1, columns=SEATS), prices={"premium": 100})
        self.seats = seat_ids(self.showtime)
        self.model: dict[UUID, UUID] = {}
        self.late: set[UUID] = set()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.scope.__exit__(None, None, None)

    def free(self) -> set[UUID]:
        return {seat for seat in self.seats if self.model.get(seat) is None or self.model[seat] in self.late}

    def own(self, booking_id: UUID, seats: set[UUID]) -> None:
        self.model |= dict.fromkeys(seats, booking_id)

    def disown(self, booking_id: UUID) -> None:
        self.model = {seat: owner for seat, owner in self.model.items() if owner != booking_id}
        self.late.discard(booking_id)

    @rule(target=bookings, wanted=places)
    def hold(self, wanted):
        seats = {self.seats[place] for place in wanted}
        try:
            held = holds.hold_seats(user_id=uuid7(), showtime_id=self.showtime.id, seat_ids=list(seats))
        except SeatUnavailable:
            assert not seats <= self.free()
            return multiple()
        assert seats <= self.free()
        self.own(held.booking.id, seats)
        return held.booking.id

    @rule(target=bookings, quantity=st.integers(1, 4))
    def hold_best(self, quantity):
        try:
            held = holds.hold_best_seats(user_id=uuid7(), showtime_id=self.showtime.id, quantity=quantity)
        except NotEnoughSeats:
            assert len(self.free()) < quantity
            return multiple()
        seats = {seat.id for seat in held.seats}
        assert seats <= self.free()
        self.own(held.booking.id, seats)
        return held.booking.id

    @rule(booking_id=bookings)
    def hold_ends(self, booking_id):
        past = timezone.now() - timedelta(minutes=1)
        if Booking.objects.filter(id=booking_id, status=State.PENDING).update(hold_expires_at=past):
            SeatStatus.objects.filter(booking_id=booking_id).update(held_until=past)
            self.late.add(booking_id)

    @rule(booking_id=bookings)
    def money_comes(self, booking_id):
        seats = set(BookingSeat.objects.filter(booking_id=booking_id).values_list("seat_id", flat=True))
        before = Booking.objects.get(id=booking_id).status
        after = authorise(booking_id)
        if before != State.PENDING:
            assert after == before
        elif all(seat in self.free() or self.model[seat] == booking_id for seat in seats):
            assert after == State.CONFIRMED
            self.late.discard(booking_id)
            self.own(booking_id, seats)
        else:
            assert after == State.REJECTED
            self.disown(booking_id)

    @rule(booking_id=bookings)
    def cancel(self, booking_id):
        booking = Booking.objects.get(id=booking_id)
        try:
            endings.cancel_booking(booking_id=booking_id, user_id=booking.user_id)
        except NotCancellable:
            assert booking.status not in OPEN
        else:
            self.disown(booking_id)

    @rule(booking_id=consumes(bookings), stage=st.sampled_from(["authorise", "capture"]), final=st.booleans())
    def payment_fails(self, booking_id, stage, final):
        services.fail_payment(booking_id=booking_id, stage=stage, final=final, code="x", cause=PAYMENT)
        if Booking.objects.get(id=booking_id).status not in OPEN:
            self.disown(booking_id)

    @rule()
    def sweep(self):
        endings.expire_holds()
        for booking_id in list(self.late):
            assert Booking.objects.get(id=booking_id).status == State.EXPIRED
            self.disown(booking_id)

    @rule()
    def redis_is_flushed(self):
        for booking in Booking.objects.filter(showtime=self.showtime):
            locks.release(self.showtime.id, self.seats, owner=locks.Owner(booking.user_id, booking.id))

    @invariant()
    def the_rows_are_the_model(self):
        # the locks of ended holds live on in Redis until it expires them; here time stands still
        for booking in Booking.objects.filter(id__in=self.late):
            locks.release(self.showtime.id, self.seats, owner=locks.Owner(booking.user_id, booking.id))
        for booking in Booking.objects.exclude(status__in=OPEN):
            locks.release(self.showtime.id, self.seats, owner=locks.Owner(booking.user_id, booking.id))
        rows = {row.seat_id: row.booking_id for row in SeatStatus.objects.filter(showtime_id=self.showtime.id)}
        assert rows == self.model

    @invariant()
    def every_history_leads_to_its_booking(self):
        for booking in Booking.objects.all():
            history = BookingTransition.objects.filter(booking=booking).order_by("id")
            assert rebuild([Trigger(entry.trigger) for entry in history]) == booking.status
            events = OutboxMessage.objects.filter(body__subject=str(booking.id)).count()
            assert events == history.count()


# Each example in a transaction of its own: in a common one PostgreSQL's now() would stand still at the first, and the
# holds of the last end before they begin, once they all take longer than a hold lives.
@pytest.mark.django_db(transaction=True)
def test_no_seat_is_held_or_sold_twice_whatever_happens():
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(
        Inventory,
        settings=settings(
            max_examples=40,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
