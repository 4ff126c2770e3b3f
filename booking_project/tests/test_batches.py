"""Payment's events that come together: each booking fares as if its event had come alone, for the statements of one."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import permutations
from random import Random
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from factories import ScreenFactory, ShowtimeFactory, layout, seat_ids
from money import authorise, told

from bookings import holds, locks
from bookings.domain import State
from bookings.errors import SeatUnavailable
from bookings.handlers import HANDLERS, lock
from bookings.inventory import seat_statuses
from bookings.models import Booking, BookingTransition, SeatStatus, Showtime
from chassis.ids import uuid7
from chassis.messaging.batches import Delivery, Lane, Verdict
from chassis.messaging.events import Event
from chassis.messaging.inbox import receive_all
from chassis.storage.redis import redis_client
from chassis.testing import metric

AUTHORIZED, COMPLETED, REFUNDED = "payment.authorized", "payment.completed", "payment.refunded"
ALL_OF_IT = {"status": "refunded", "kind": "cancel"}


@pytest.fixture
def showtime(db: None) -> Showtime:
    """With a hundred seats."""
    return ShowtimeFactory(screen=ScreenFactory(rows=10, columns=10, seats=layout(10, 10)))


def receive(*events: Event) -> set[UUID]:
    """As a worker does, locks and all."""
    return receive_all(events, HANDLERS, lock=lock)


def statements(events: Sequence[Event]) -> int:
    """How many of them handling these events takes; of the locks, which one event alone does not need, none."""
    with CaptureQueriesContext(connection) as captured:
        receive_all(events, HANDLERS)
    return len([query for query in captured if "SAVEPOINT" not in query["sql"]])


def state(booking: Booking) -> str:
    return Booking.objects.get(id=booking.id).status


def outcome(booking: Booking) -> tuple[str, str, bool, list[str]]:
    now = Booking.objects.get(id=booking.id)
    steps = BookingTransition.objects.filter(booking=booking).order_by("id").values_list("trigger", flat=True)
    return now.status, now.payment_status, bool(now.ticket), list(steps)


@pytest.fixture
def let_seats_go(let_hold_end) -> Callable[[Booking], None]:
    """As if the hold had begun long ago, and Redis had let go of its seats."""

    def end(booking: Booking) -> None:
        let_hold_end(booking)
        seats = [seat.seat_id for seat in booking.seats.all()]
        locks.release(booking.showtime_id, seats, owner=locks.Owner(booking.user_id, booking.id))

    return end


@pytest.fixture
def taken_over(hold, let_seats_go) -> tuple[Booking, Booking]:
    """A booking whose hold ran out, and the one that has taken one of its two seats since."""
    late = hold(0, 1)
    let_seats_go(late)
    return late, hold(1)


@pytest.mark.parametrize("event_type", [AUTHORIZED, COMPLETED])
def test_fifty_events_take_the_statements_of_one(hold, event_type):
    made = []
    for places in ([0], range(1, 51)):
        bookings = [hold(place) for place in places]
        if event_type == COMPLETED:
            receive(*[told(AUTHORIZED, booking.id) for booking in bookings])
        made.append(statements([told(event_type, booking.id) for booking in bookings]))
    assert made == [7, 7] if event_type == AUTHORIZED else made == [6, 6]
    assert Booking.objects.filter(status=State.CONFIRMED).count() == 51
    assert Booking.objects.exclude(ticket="").count() == (51 if event_type == COMPLETED else 0)


def test_each_booking_of_a_batch_is_sold_its_own_seats_and_gets_its_own_tickets(hold, showtime, emitted):
    bookings = [hold(0), hold(1, 2), hold(3, 4, 5)]
    receive(*[told(AUTHORIZED, booking.id) for booking in bookings])
    receive(*[told(COMPLETED, booking.id) for booking in bookings])
    owners = dict(SeatStatus.objects.filter(status="sold").values_list("seat_id", "booking_id"))
    assert [owners[seat] for seat in seat_ids(showtime)[:6]] == [bookings[place].id for place in (0, 1, 1, 2, 2, 2)]
    issued = {event.subject: event.data for event in emitted("ticket.issued")}
    for booking in bookings:
        kept = Booking.objects.get(id=booking.id)
        theirs = {str(seat.seat_id) for seat in booking.seats.all()}
        assert set(kept.seat_tickets) == theirs == {seat["id"] for seat in issued[str(booking.id)]["seats"]}
        assert issued[str(booking.id)]["ticket"] == kept.ticket


def test_what_follows_from_an_event_has_its_correlation_id_and_trace_and_names_it(hold, taken_over, emitted):
    late, other = taken_over
    authorise(other.id)
    bookings = [hold(2), late, hold(3)]
    for event_type in (AUTHORIZED, COMPLETED):
        causes = {str(booking.id): told(event_type, booking.id) for booking in bookings}
        before = {event.id for event in emitted()}
        receive(*causes.values())
        follow = [event for event in emitted() if event.id not in before]
        assert len(follow) == (3 if event_type == AUTHORIZED else 2)
        for event in follow:
            cause = causes[event.subject]
            assert (event.correlationid, event.traceparent[:35]) == (cause.correlationid, cause.traceparent[:35])
        if event_type == AUTHORIZED:
            assert {event.type for event in follow} == {"booking.confirmed", "booking.rejected"}
            last = BookingTransition.objects.exclude(trigger="held").exclude(booking=other)
            assert {str(line.booking_id): line.cause for line in last} == {
                subject: str(cause.id) for subject, cause in causes.items()
            }


def test_of_news_that_come_twice_in_a_batch_the_first_sells_and_the_first_issues(hold, emitted):
    booking, other = hold(0), hold(1)
    for event_type, effect in ((AUTHORIZED, "booking.confirmed"), (COMPLETED, "ticket.issued")):
        first, again, same = told(event_type, booking.id), told(event_type, booking.id), told(event_type, other.id)
        assert receive(first, again, same, same) == {first.id, again.id, same.id}
        assert receive(first, again, same) == set()
        told_of = {event.subject: event for event in emitted(effect)}
        assert (len(emitted(effect)), told_of.keys()) == (2, {str(booking.id), str(other.id)})
        assert told_of[str(booking.id)].correlationid == first.correlationid
        if event_type == AUTHORIZED:
            assert told_of[str(booking.id)].data["payment_id"] == first.data["payment_id"]
            assert str(Booking.objects.get(id=booking.id).payment_id) == again.data["payment_id"]


@pytest.mark.parametrize("order", list(permutations([AUTHORIZED, COMPLETED, REFUNDED])))
def test_several_events_about_a_booking_do_together_what_they_do_one_after_the_other(hold, order):
    alone, together, bystander = hold(0, 1), hold(2, 3), hold(4)
    data = {REFUNDED: ALL_OF_IT}
    for event_type in order:
        receive(told(event_type, alone.id, **data.get(event_type, {})))
    events = [told(event_type, together.id, **data.get(event_type, {})) for event_type in order]
    receive(*events, told(AUTHORIZED, bystander.id))
    assert outcome(together) == outcome(alone)
    assert state(bystander) == State.CONFIRMED


@pytest.mark.parametrize("order", list(permutations([AUTHORIZED, "payment.failed"])))
def test_a_card_that_was_declined_and_another_that_was_not(hold, order):
    alone, together = hold(0), hold(1)
    data = {"payment.failed": {"stage": "authorise", "final": True, "failure_code": "card_declined"}}
    for event_type in order:
        receive(told(event_type, alone.id, **data.get(event_type, {})))
    receive(*[told(event_type, together.id, **data.get(event_type, {})) for event_type in order])
    assert outcome(together) == outcome(alone)
    assert state(together) == (State.CONFIRMED if order[0] == AUTHORIZED else State.FAILED)


def test_a_booking_that_lost_a_seat_is_rejected_and_the_others_are_sold(hold, taken_over, showtime, emitted):
    late, other = taken_over
    authorise(other.id)
    third, ended = hold(2), hold(3)
    receive(told("payment.failed", ended.id, stage="authorise", final=True, failure_code="card_declined"))
    receive(*[told(AUTHORIZED, booking_id) for booking_id in (late.id, third.id, ended.id, uuid7())])
    assert [state(booking) for booking in (late, other, third, ended)] == [
        "REJECTED",
        "CONFIRMED",
        "CONFIRMED",
        "FAILED",
    ]
    ids = seat_ids(showtime)
    assert seat_statuses(showtime.id) == {ids[1]: "sold", ids[2]: "sold"}
    assert [event.subject for event in emitted("booking.rejected")] == [str(late.id)]
    assert {each.payment_status for each in Booking.objects.filter(id__in=[late.id, third.id])} == {"authorized"}


def handle(*events: Event) -> list[Verdict | None]:
    """As the lane of a worker does, which halves a batch that fails."""
    deliveries = [Delivery(event, None) for event in events]
    Lane(HANDLERS, lock=lock).handle(deliveries)
    return [delivery.verdict for delivery in deliveries]


@pytest.mark.parametrize("first", [0, 1])
def test_two_bookings_of_a_batch_that_want_one_seat(taken_over, showtime, first):
    """The one that holds it gets it, whichever comes first."""
    late, holder = taken_over
    events = [told(AUTHORIZED, late.id), told(AUTHORIZED, holder.id)]
    assert handle(events[first], events[1 - first]) == [Verdict.HANDLED] * 2
    assert (state(late), state(holder)) == (State.REJECTED, State.CONFIRMED)
    assert seat_statuses(showtime.id) == {seat_ids(showtime)[1]: "sold"}


@pytest.mark.parametrize("event_type", [AUTHORIZED, COMPLETED])
@pytest.mark.parametrize("poison", [{"booking_id": "not an id"}, {"payment_id": "not an id"}, {"booking_id": None}])
@pytest.mark.parametrize("place", [0, 3, 6])
def test_a_poisoned_event_is_dead_lettered_alone(hold, emitted, event_type, poison, place):
    bookings = [hold(place) for place in range(6)]
    if event_type == COMPLETED:
        receive(*[told(AUTHORIZED, booking.id) for booking in bookings])
    events = [told(event_type, booking.id) for booking in bookings]
    events.insert(place, told(event_type, uuid7(), **poison))
    verdicts = handle(*events)
    assert verdicts.pop(place) is Verdict.DEAD_LETTERED
    assert verdicts == [Verdict.HANDLED] * 6
    effect = "booking.confirmed" if event_type == AUTHORIZED else "ticket.issued"
    assert {event.subject for event in emitted(effect)} == {str(booking.id) for booking in bookings}
    assert len(emitted(effect)) == 6


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_with_a_poisoned_event_is_counted_once(hold, taken_over):
    movie = {"movie": taken_over[0].showtime.movie_title}
    bookings = [taken_over[0], *[hold(place) for place in range(2, 5)]]

    def counted() -> list[float]:
        states = [metric("bookings_ended_total", state=state) for state in (State.CONFIRMED, State.REJECTED)]
        return [*states, metric("tickets_issued_total", **movie), metric("booking_saga_seconds_count")]

    before = counted()
    news = [told(event_type, booking.id) for event_type in (AUTHORIZED, COMPLETED) for booking in bookings]
    assert handle(*news, told("payment.failed", uuid7(), stage=None))[-1] is Verdict.DEAD_LETTERED
    assert [now - then for now, then in zip(counted(), before, strict=True)] == [3, 1, 3, 3]


def elsewhere(work: Callable[[], object]) -> Callable[[], object]:
    """For a thread: with a connection of its own, which is closed."""

    def run() -> object:
        try:
            return work()
        finally:
            connection.close()

    return run


@pytest.mark.django_db(transaction=True)
def test_the_lock_is_on_the_bookings_and_on_their_seats_whoever_has_those_now(taken_over, hold):
    late, other = taken_over
    free = hold(2)

    def unlocked() -> tuple[set[UUID], set[UUID]]:
        with transaction.atomic():
            bookings = Booking.objects.select_for_update(skip_locked=True).values_list("id", flat=True)
            seats = SeatStatus.objects.select_for_update(skip_locked=True).values_list("seat_id", flat=True)
            return set(bookings), set(seats)

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        lock([told(AUTHORIZED, late.id), told(COMPLETED, uuid7())])
        bookings, seats = pool.submit(elsewhere(unlocked)).result()
    assert bookings == {other.id, free.id}
    assert seats == {seat.seat_id for seat in free.seats.all()}


def test_events_about_no_booking_lock_nothing(db, golden):
    news = [Event.parse(golden(event_type)) for event_type in HANDLERS if not event_type.startswith("payment.")]
    assert len(news) == 7
    with CaptureQueriesContext(connection) as asked:
        lock(news)
    assert not asked.captured_queries


@pytest.mark.django_db(transaction=True)
def test_replicas_and_customers_at_the_same_bookings_never_wait_in_a_circle(let_seats_go, showtime):
    """A deadlock would be an OperationalError of whoever is its victim."""
    ids = seat_ids(showtime)[:40]
    declined = {"stage": "authorise", "final": True, "failure_code": "card_declined"}
    kinds = [(AUTHORIZED, {}), (COMPLETED, {}), ("payment.failed", declined)]

    def replica(random: Random, bookings: list[Booking]) -> None:
        about = random.sample(bookings, len(bookings))
        receive(*[told(kind, booking.id, **data) for booking in about for kind, data in random.sample(kinds, 2)])

    def customer(random: Random) -> None:
        for _ in range(3):
            with suppress(SeatUnavailable):
                take(random.sample(ids, 12))

    def take(wanted: Sequence[UUID]) -> Booking:
        return holds.hold_seats(user_id=uuid7(), showtime_id=showtime.id, seat_ids=wanted, verified=True).booking

    for seed in range(10):
        SeatStatus.objects.all().delete()
        bookings = [take(ids[place : place + 2]) for place in range(0, 40, 2)]
        for booking in bookings:
            let_seats_go(booking)
        randoms = [Random(seed * 10 + each) for each in range(4)]
        with ThreadPoolExecutor(4) as pool:
            work = [pool.submit(elsewhere(partial(replica, random, bookings))) for random in randoms[:2]]
            work += [pool.submit(elsewhere(partial(customer, random))) for random in randoms[2:]]
            for each in work:
                each.result()
        redis_client().flushdb()
