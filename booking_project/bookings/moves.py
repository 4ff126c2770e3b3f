"""Showtimes that are not what was sold any more, in time or otherwise: whoever has a booking is told of both, and may
cancel it for nothing."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.utils import timezone

from bookings import events, screen_moves, tickets
from bookings.domain import Trigger
from bookings.history import Cause, advance
from bookings.models import Booking, BookingSeat, BookingTransition, ShowtimeMove
from bookings.selectors import seats_left_of
from bookings.terms import Terms, differences, terms_before, terms_of_sale
from bookings.words import in_order
from chassis.messaging.events import EventData
from chassis.messaging.outbox import emit_all
from chassis.money import Money
from chassis.storage import rows
from chassis.storage.database import execute

# A hold of the old revision may still be on its way to its commit when the showtime moves. No transaction lasts as
# long as this (statement_timeout, idle_in_transaction_session_timeout), so afterwards nobody is added to those to tell.
SETTLED_AFTER = timedelta(minutes=5)
# Somebody is left whose row is locked, or whose hold is over and not ended yet: others first, and then this move again.
AGAIN_AFTER = timedelta(seconds=5)

_TURN = """
    SELECT id, showtime_id, revision FROM showtime_moves
    WHERE settled_at IS NULL AND due_at <= statement_timestamp()
      AND showtime_id NOT IN (SELECT showtimes.id FROM showtimes WHERE reseat_due)
    ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED
"""
# Open bookings that were sold, and last told of their showtime, before a move. States stand in the text, so that a
# prepared plan can take their index; whether the showtime still takes place is asked once a move.
_UNTOLD = """
    bookings.showtime_id = moves.showtime_id AND bookings.status IN ('PENDING', 'CONFIRMED')
    AND greatest(bookings.showtime_revision, bookings.told_revision) < moves.revision
    AND (SELECT showtimes.status FROM showtimes WHERE showtimes.id = moves.showtime_id) = 'scheduled'
"""
# Move by move, so that each is an index's few pages, whatever the planner thinks of how many there are.
_DUE = f"""
    SELECT due.* FROM unnest(%s::uuid[], %s::bigint[]) AS moves(showtime_id, revision) CROSS JOIN LATERAL (
        SELECT * FROM bookings
        WHERE {_UNTOLD} AND NOT (bookings.status = 'PENDING' AND bookings.hold_expires_at <= statement_timestamp())
        LIMIT %s FOR UPDATE SKIP LOCKED
    ) AS due LIMIT %s
"""  # noqa: S608  (a part of the text, above)
_LOOKED_AT = f"""
    UPDATE showtime_moves AS move
    SET due_at = CASE WHEN all_told THEN over_at ELSE at + %(again_after)s END,
        settled_at = CASE WHEN all_told AND over_at <= at THEN at END
    FROM (
        SELECT moves.id, untold IS NULL AS all_told, moved_at + %(settled_after)s AS over_at,
               statement_timestamp() AS at
        FROM showtime_moves AS moves
        LEFT JOIN LATERAL (SELECT true AS untold FROM bookings WHERE {_UNTOLD} LIMIT 1) AS found ON true
        WHERE moves.id = ANY(%(moves)s::bigint[])
    ) AS looked_at WHERE move.id = looked_at.id
"""  # noqa: S608  (likewise)


def tell_of_moves(*, limit: int = 200) -> int:
    """Looks at the moves whose turn it is, at most `limit`, and tells their open bookings what was and what is, at most
    `limit` too.

    Those that were looked at longest ago come first. A move that nobody is left to tell of is looked at once more when
    no hold can be on its way to it any more, and then never again. Rows another worker is at are skipped, and all is
    one transaction, so each booking is told once of a move. Several moves before it is told are one to its customer:
    from the time they knew to the time it is.

    How much there was to do comes back: limit where more is to be done, of bookings or of moves.
    """
    with transaction.atomic():
        turn = _turn(limit)
        if not turn:
            return 0
        newest: dict[UUID, int] = {}
        for _, showtime_id, revision in turn:
            newest[showtime_id] = max(revision, newest.get(showtime_id, 0))
        due = list(Booking.objects.raw(_DUE, [list(newest), list(newest.values()), limit, limit]))
        if due:
            _tell(due)
        order = list(newest)
        # The last showtime that there was room for may have more, and keeps its turn; so do those after it.
        to_their_end = set(order[: order.index(due[-1].showtime_id)] if len(due) == limit else order)
        looked_at = [move_id for move_id, showtime_id, _ in turn if showtime_id in to_their_end]
        if looked_at:
            parameters = {"moves": looked_at, "settled_after": SETTLED_AFTER, "again_after": AGAIN_AFTER}
            execute(_LOOKED_AT, parameters)
    return limit if len(turn) == limit else len(due)


def _turn(limit: int) -> Sequence[tuple[int, UUID, int]]:
    """The id, the showtime and the revision of each move whose turn it is; nobody else looks at them meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute(_TURN, [limit])
        turn: Sequence[tuple[int, UUID, int]] = cursor.fetchall()
        return turn


def _tell(due: Sequence[Booking]) -> None:
    """Those that wait for a seat in another screen are told when they have one."""
    moves = _moves_of({booking.showtime_id for booking in due})
    showtimes = {showtime_id: known[-1].showtime for showtime_id, known in moves.items()}
    seated = screen_moves.seat_late(due, showtimes)
    bookings = [booking for booking in seated if not showtimes[booking.showtime_id].reseat_due]
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
        changed, reseated = differences(before, after), _reseated(booking, seats[booking.id], known)
        if not changed and not reseated:
            continue  # moved, and moved back before anybody heard of it
        if booking.ticket:
            theirs = seats[booking.id]
            codes = tickets.sign(booking=booking, showtime=showtime, seats=theirs, issued_at=now)
            tickets.keep(booking, codes, theirs)
        told.append((_event(booking, newest, seats[booking.id], before, changed, reseated), booking.id))
        was, now_is = (", ".join(_said(terms, changed)) for terms in (before, after))
        cause = Cause("catalog", reason=f"{was} → {now_is}" if changed else "")
        history.append(advance(booking, Trigger.SHOWTIME_MOVED, cause=cause, at=now, moved=reseated))
    rows.update(bookings, fields=["told_revision", "ticket", "seat_tickets"])
    called = [seat for booking in bookings for seat in seats[booking.id] if seat.seat_before]
    for seat in called:
        seat.seat_before = ""
    rows.update(called, fields=["seat_before"])
    BookingTransition.objects.bulk_create(history)
    emit_all(told)


def _reseated(booking: Booking, seats: Sequence[BookingSeat], known: int) -> list[events.MovedSeat]:
    """Its seats, if they are of another screen since it was told last."""
    if booking.seated_revision <= known:
        return []
    return [
        events.MovedSeat(seat.seat_id, before=seat.seat_before or str(seat), now=str(seat), moved_to=seat.moved_to)
        for seat in in_order(seats)
    ]


def _event(
    booking: Booking,
    newest: ShowtimeMove,
    seats: Sequence[BookingSeat],
    before: Terms,
    changed: list[str],
    reseated: list[events.MovedSeat],
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
        seating=booking.seating,
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
        moved_seats=reseated,
    )


def _said(terms: Terms, changed: Sequence[str]) -> list[str]:
    """Of the terms what changed, for the history; the start by the theater's clocks."""
    said = {
        "starts_at": f"{terms.starts_at.astimezone(ZoneInfo(terms.time_zone)):%Y-%m-%d %H:%M} {terms.time_zone}",
        "screen": terms.screen,
        "movie_title": terms.movie_title,
        "format": terms.format,
        "language": terms.language,
    }
    return [said[name] for name in changed]


def _moves_of(showtime_ids: set[UUID]) -> Mapping[UUID, list[ShowtimeMove]]:
    """The oldest first. In one statement with their showtimes: the newest move is what the showtime is now."""
    moves: dict[UUID, list[ShowtimeMove]] = defaultdict(list)
    for move in ShowtimeMove.objects.filter(showtime__in=showtime_ids).select_related("showtime").order_by("revision"):
        moves[move.showtime_id].append(move)
    return moves
