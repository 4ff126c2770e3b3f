"""Showtimes that are not what was sold any more, in time or otherwise: whoever has a booking is told of both, and may
cancel it for nothing."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Greatest, Now
from django.utils import timezone

from bookings import events, tickets
from bookings.domain import OPEN, State, Trigger
from bookings.history import Cause, advance
from bookings.models import Booking, BookingSeat, BookingTransition, Showtime, ShowtimeMove
from bookings.selectors import seats_left_of
from bookings.terms import Terms, differences, terms_before, terms_of_sale
from chassis.messaging.events import EventData
from chassis.messaging.outbox import emit_all
from chassis.money import Money

# A hold of the old revision may still be on its way to its commit when the showtime moves. No transaction lasts as
# long as this (statement_timeout, idle_in_transaction_session_timeout), so afterwards nobody is added to those to tell.
SETTLED_AFTER = timedelta(minutes=5)


def tell_of_moves(*, limit: int = 200) -> int:
    """Tells open bookings of moved showtimes what was and what is, at most `limit`; how many.

    Rows another worker is at are skipped, and a booking is marked in the transaction that tells it, so each is told
    once of a move. Several moves before it is told are one to its customer: from the time they knew to the time it is.
    """
    moved = set(ShowtimeMove.objects.filter(settled_at=None).values_list("showtime_id", flat=True))
    if not moved:
        return 0
    with transaction.atomic():
        due = list(
            _untold()
            .filter(showtime__in=moved)
            .exclude(status=State.PENDING, hold_expires_at__lte=Now())
            .select_for_update(skip_locked=True)[:limit]
        )
        if due:
            _tell(due)
    return len(due)


def settle_moves() -> int:
    """Closes the moves that nobody is left to tell of, so that the bookings are not looked through again; how many."""
    return (
        ShowtimeMove.objects.filter(settled_at=None, moved_at__lt=Now() - SETTLED_AFTER)
        .exclude(Exists(_untold().filter(showtime=OuterRef("showtime"))))
        .update(settled_at=Now())
    )


def _untold() -> QuerySet[Booking]:
    """Open bookings that were sold, and last told of their time, before a move."""
    known = Greatest(OuterRef("showtime_revision"), OuterRef("told_revision"))
    later = ShowtimeMove.objects.filter(showtime=OuterRef("showtime"), settled_at=None, revision__gt=known)
    return Booking.objects.filter(Q(status__in=OPEN), Exists(later.filter(showtime__status=Showtime.Status.SCHEDULED)))


def _tell(bookings: Sequence[Booking]) -> None:
    moves = _moves_of({booking.showtime_id for booking in bookings})
    seats = seats_left_of([booking.id for booking in bookings])
    now = timezone.now()
    told: list[tuple[EventData, UUID | str]] = []
    history = []
    for booking in bookings:
        known = max(booking.showtime_revision, booking.told_revision)
        first = next(move for move in moves[booking.showtime_id] if move.revision > known)
        newest = moves[booking.showtime_id][-1]
        showtime = newest.showtime
        booking.told_revision = newest.revision
        before, after = terms_before(first, showtime), terms_of_sale(showtime)
        changed = differences(before, after)
        if not changed:
            continue  # moved, and moved back before anybody heard of it
        if booking.ticket:
            theirs = seats[booking.id]
            codes = tickets.sign(booking=booking, showtime=showtime, seats=theirs, issued_at=now)
            tickets.keep(booking, codes, theirs)
        told.append((_event(booking, newest, seats[booking.id], before, changed), booking.id))
        cause = Cause("catalog", reason=f"{_said(before, changed)} → {_said(after, changed)}")
        history.append(advance(booking, Trigger.SHOWTIME_MOVED, cause=cause, at=now))
    Booking.objects.bulk_update(bookings, ["told_revision", "ticket", "seat_tickets"])
    BookingTransition.objects.bulk_create(history)
    emit_all(told)


def _event(
    booking: Booking, newest: ShowtimeMove, seats: Sequence[BookingSeat], before: Terms, changed: list[str]
) -> events.BookingMoved:
    showtime = newest.showtime
    return events.BookingMoved(
        booking_id=booking.id,
        reference=booking.reference,
        user_id=booking.user_id,
        showtime_id=booking.showtime_id,
        status=booking.status,
        ticket=booking.ticket,
        tickets=events.seat_tickets(booking, seats),
        seats=[events.ticket_seat(seat) for seat in seats],
        total=Money(booking.total_amount, booking.currency),
        revision=newest.revision,
        changed=changed,
        before=events.Before(
            movie_title=before.movie_title,
            screen=before.screen,
            starts_at=before.starts_at,
            time_zone=before.time_zone,
            format=before.format,
            language=before.language,
        ),
        showtime=events.in_brief(showtime),
        free_cancellation_until=showtime.starts_at,
    )


def _said(terms: Terms, changed: Sequence[str]) -> str:
    """Of the terms what changed, for the history; the start by the theater's clocks."""
    said = {
        "starts_at": f"{terms.starts_at.astimezone(ZoneInfo(terms.time_zone)):%Y-%m-%d %H:%M} {terms.time_zone}",
        "screen": terms.screen,
        "movie_title": terms.movie_title,
        "format": terms.format,
        "language": terms.language,
    }
    return ", ".join(said[name] for name in changed)


def _moves_of(showtime_ids: set[UUID]) -> Mapping[UUID, list[ShowtimeMove]]:
    """The oldest first. In one statement with their showtimes: the newest move is what the showtime is now."""
    moves: dict[UUID, list[ShowtimeMove]] = defaultdict(list)
    for move in ShowtimeMove.objects.filter(showtime__in=showtime_ids).select_related("showtime").order_by("revision"):
        moves[move.showtime_id].append(move)
    return moves
