"""The seats: every statement that takes or frees them. Rows are always locked in key order, so nothing deadlocks."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from bookings.domain import Holds, Limits
from bookings.events import BookingCreated
from bookings.models import Booking, SeatStatus
from bookings.sales import Sale
from chassis.ids import first_uuid7_at
from chassis.messaging.outbox import insertion
from chassis.storage.database import as_jsonb, execute

# One statement decides and writes a hold: the showtime is on sale as the caller saw it, all the seats are free or
# their hold ran out, the customer may hold that many, and only then booking, seats, history and event exist. The times
# are the database's own, so that several web hosts need not agree on theirs, and the event gets them here.
# held_by() lets one hold of a customer after the other count: it waits for the one before, and sees what that wrote,
# which the statement's own snapshot would not. Nothing is taken before it has returned, so nobody waits in a circle.
TAKE = """
WITH wanted AS (
    SELECT id AS seat_id, "row", number, category, (price -> 'amount')::bigint AS price,
           ticket_type ->> 'code' AS type, ticket_type ->> 'name' AS type_name
    FROM jsonb_to_recordset(%(seats)s)
        AS seat(id uuid, "row" text, number int, category text, price jsonb, ticket_type jsonb)
), sale AS (
    SELECT now() AS at, now() + make_interval(secs => %(hold_seconds)s) AS until
    FROM showtimes s JOIN screens c ON c.id = s.screen_id{offered}
    WHERE s.id = %(showtime_id)s AND s.revision = %(showtime_revision)s AND c.revision = %(screen_revision)s
      AND s.status = 'scheduled' AND NOT s.reseat_due
      AND now() < s.starts_at + make_interval(mins => %(sales_close_minutes)s)
), holds AS MATERIALIZED (
    SELECT * FROM held_by(%(user_id)s, %(showtime_id)s, ARRAY(SELECT seat_id FROM wanted), %(since)s)
), allowed AS (
    SELECT FROM holds
    WHERE here < %(max_holds)s AND in_all < %(max_holds_in_all)s AND again < %(max_holds_again)s
      AND (seats + (SELECT count(*) FROM wanted) <= %(max_seats)s OR %(with_card)s AND unanswered = 0)
), taken AS (
    INSERT INTO seat_status (showtime_id, seat_id, status, booking_id, held_until)
    SELECT %(showtime_id)s, seat_id, 'held', %(booking_id)s, sale.until
    FROM allowed, sale, wanted ORDER BY seat_id
    ON CONFLICT (showtime_id, seat_id) DO UPDATE
    SET status = 'held', booking_id = EXCLUDED.booking_id, held_until = EXCLUDED.held_until
    WHERE seat_status.status = 'held' AND seat_status.held_until <= now()
    RETURNING seat_id
), booked AS (
    INSERT INTO bookings (id, reference, user_id, showtime_id, status, payment_status, total_amount, currency,
                          lines, hold_expires_at, created_at, ticket, showtime_revision, terms, with_card,
                          exchange_of, exchange_worth, exchange_retained)
    SELECT %(booking_id)s, %(reference)s, %(user_id)s, %(showtime_id)s, 'PENDING', 'unpaid', %(total)s, %(currency)s,
           %(lines)s, sale.until, sale.at, '', %(showtime_revision)s, %(terms)s, %(with_card)s,
           %(exchange_of)s, %(exchange_worth)s, %(exchange_retained)s
    FROM sale
    WHERE (SELECT count(*) FROM taken) = (SELECT count(*) FROM wanted)
    RETURNING id, hold_expires_at, created_at
), seated AS (
    INSERT INTO booking_seats (booking_id, showtime_id, seat_id, "row", number, category, price_amount, ticket_type,
                               ticket_type_name)
    SELECT booked.id, %(showtime_id)s, wanted.* FROM booked, wanted ORDER BY seat_id
), told AS (
    INSERT INTO booking_history (booking_id, from_status, to_status, trigger, cause, actor, reason, at)
    SELECT id, '', 'PENDING', 'held', '', %(user_id)s::text, '', created_at FROM booked
), published AS (
    {published}
){used}
SELECT hold_expires_at, created_at,
       CASE WHEN booked.id IS NULL{or_unused} THEN refuse_hold(jsonb_build_object(
           'on_sale', EXISTS (SELECT FROM sale), 'holds', (SELECT to_jsonb(holds) FROM holds),
           'free', ARRAY(SELECT seat_id FROM taken){why_not})) END
FROM (SELECT 1) AS one LEFT JOIN booked ON true
"""
# With a code: its promotion is as the caller saw it, in every column, which the version of its row says.
_OFFERED = """p.id = %(promotion_id)s AND p.xmin = %(promotion_version)s::xid
        AND (p.sold_from IS NULL OR p.sold_from <= now()) AND (p.sold_until IS NULL OR p.sold_until > now())"""
_JOINED = f" JOIN promotions p ON {_OFFERED}"
_STILL_OFFERED = f", 'offered', EXISTS (SELECT FROM promotions p WHERE {_OFFERED})"
# Of a code that everybody may have as often as they like nothing is counted, and the row is all there is to it.
_UNCOUNTED = {
    "offered": _JOINED,
    "used": """, used AS (
    INSERT INTO promo_uses (booking_id, code_id, promotion_id, user_id, seat_ids, counted, per_customer)
    SELECT id, %(code_id)s, %(promotion_id)s, %(user_id)s, %(cheaper)s::uuid[], false, false FROM booked
)""",
    "or_unused": "",
    "why_not": _STILL_OFFERED,
}
# Of any other the booking uses it, or there is none. The code comes last, after the customer's lock and the seats.
_COUNTED = {
    "offered": _JOINED,
    "used": """, used AS MATERIALIZED (
    SELECT use_promo_code(%(code_id)s, id, %(user_id)s, %(cheaper)s::uuid[]) AS refused FROM booked
)""",
    "or_unused": " OR (SELECT refused FROM used) IS NOT NULL",
    "why_not": f"{_STILL_OFFERED}, 'code', (SELECT refused FROM used)",  # noqa: S608  (parts of one text)
}
_WITHOUT_CODE = dict.fromkeys(_COUNTED, "")
_TIMES = {"hold_expires_at": "hold_expires_at", "created_at": "created_at"}
# What refuse_hold() raises: it undoes the statement, whether or not a transaction is open around it.
REFUSED = "MQ001"

# A confirmed booking needs every one of its seats: still its own, or free again if its hold ran out meanwhile.
SELL = """
INSERT INTO seat_status (showtime_id, seat_id, status, booking_id, held_until)
SELECT showtime_id, coalesce(moved_to, seat_id) AS place, 'sold', booking_id, NULL FROM booking_seats
WHERE booking_id = ANY(%s) ORDER BY showtime_id, place
ON CONFLICT (showtime_id, seat_id) DO UPDATE
SET status = 'sold', booking_id = EXCLUDED.booking_id, held_until = NULL
WHERE seat_status.booking_id = EXCLUDED.booking_id
   OR (seat_status.status = 'held' AND seat_status.held_until <= now())
RETURNING booking_id
"""

# Whoever has them now: a seat whose hold ran out may be somebody else's. With those of bookings that are exchanged.
LOCK = """
SELECT FROM booking_seats AS seat
JOIN seat_status AS status
    ON status.showtime_id = seat.showtime_id AND status.seat_id = coalesce(seat.moved_to, seat.seat_id)
WHERE seat.booking_id = ANY(%(bookings)s::uuid[] || ARRAY(
    SELECT exchange_of FROM bookings WHERE id = ANY(%(bookings)s::uuid[]) AND exchange_of IS NOT NULL))
ORDER BY status.showtime_id, status.seat_id FOR UPDATE OF status
"""

# A booking uses its code as long as it has one of the seats that came cheaper by it.
FREE = """
WITH unused AS (
    UPDATE promo_uses SET given_back_at = now()
    WHERE booking_id = ANY(%(bookings)s) AND given_back_at IS NULL AND NOT EXISTS (
        SELECT FROM booking_seats AS seat
        WHERE seat.booking_id = promo_uses.booking_id AND seat.seat_id = ANY(promo_uses.seat_ids)
          AND seat.given_back_at IS NULL AND seat.seat_id <> ALL(%(seats)s))
), theirs AS (
    SELECT status.showtime_id, status.seat_id
    FROM booking_seats AS seat
    JOIN seat_status AS status
        ON status.showtime_id = seat.showtime_id AND status.seat_id = coalesce(seat.moved_to, seat.seat_id)
           AND status.booking_id = seat.booking_id
    WHERE seat.booking_id = ANY(%(bookings)s) AND (%(seats)s::uuid[] IS NULL OR seat.seat_id = ANY(%(seats)s))
    ORDER BY status.showtime_id, status.seat_id
    FOR UPDATE OF status
)
DELETE FROM seat_status USING theirs
WHERE seat_status.showtime_id = theirs.showtime_id AND seat_status.seat_id = theirs.seat_id
"""

# To seats of another screen. Fewer rows than were asked for: one was taken in this very moment.
LEAVE = "DELETE FROM seat_status WHERE showtime_id = %s AND seat_id = ANY(%s)"
SIT_DOWN = """
INSERT INTO seat_status (showtime_id, seat_id, status, booking_id, held_until, block_reason, blocked_until)
SELECT showtime_id, seat_id, status, booking_id, held_until, block_reason, blocked_until
FROM jsonb_populate_recordset(NULL::seat_status, %s) ORDER BY showtime_id, seat_id
ON CONFLICT (showtime_id, seat_id) DO UPDATE
SET status = EXCLUDED.status, booking_id = EXCLUDED.booking_id, held_until = EXCLUDED.held_until,
    block_reason = EXCLUDED.block_reason, blocked_until = EXCLUDED.blocked_until
WHERE seat_status.status = 'held' AND seat_status.held_until <= now()
"""

BLOCK = """
INSERT INTO seat_status (showtime_id, seat_id, status, block_reason, blocked_until)
SELECT %s, seat_id, 'blocked', %s, %s FROM unnest(%s::uuid[]) AS seat_id
ON CONFLICT (showtime_id, seat_id) DO UPDATE
SET status = 'blocked', booking_id = NULL, held_until = NULL, block_reason = EXCLUDED.block_reason,
    blocked_until = EXCLUDED.blocked_until
WHERE seat_status.status = 'held' AND seat_status.held_until <= now()
RETURNING seat_id
"""

# Locks the showtime's row, so that those who block and unblock tell of it one after the other.
NEXT_BLOCKING = """
UPDATE showtimes SET blocked_revision = blocked_revision + 1 WHERE id = %s RETURNING blocked_revision
"""

UNBLOCK = """
DELETE FROM seat_status
WHERE showtime_id = %s AND seat_id = ANY(%s) AND status = 'blocked' AND (NOT %s OR blocked_until <= now())
RETURNING seat_id
"""

BLOCKED = "SELECT count(*) FROM seat_status WHERE showtime_id = %s AND status = 'blocked'"

STATUSES = """
SELECT seat_id, status FROM seat_status
WHERE showtime_id = %s AND (%s::uuid[] IS NULL OR seat_id = ANY(%s)) AND (held_until IS NULL OR held_until > now())
"""


class HoldRefused(Exception):
    """What TAKE saw. on_sale False: what the caller knew is not the current sale, or without offered not the promotion.

    free: seats it could have. code: why the code is not to be had any more (offers.refusal), when nothing else stands
    against the hold.
    """

    def __init__(
        self,
        *,
        on_sale: bool,
        holds: Mapping[str, int],
        free: Iterable[str],
        offered: bool = True,
        code: str | None = None,
    ) -> None:
        super().__init__()
        self.on_sale = on_sale
        self.offered = offered
        self.holds = Holds(**holds)
        self.free = frozenset(map(UUID, free))
        self.code = code


@dataclass(frozen=True, slots=True)
class CodeUse:
    """The code that a booking is made with, and which of its seats come cheaper by it.

    promotion_version: of its row, as the bill was made by it. counted: somebody may have it only so often.
    """

    code_id: UUID
    promotion_id: UUID
    promotion_version: str
    counted: bool
    seats: Sequence[UUID]


def take_seats(
    *, booking: Booking, sale: Sale, event: BookingCreated, limits: Limits, code: CodeUse | None = None
) -> tuple[datetime, datetime]:
    """Runs TAKE: all seats or none, by itself or as a part of the caller's transaction.

    event: what is told when all were taken, with the seats to take, and its two times left to the database. code: what
    the booking uses, too.
    Returns when the hold ends and when it was made. Raises HoldRefused.
    """
    try:
        return _take(booking, sale, event, limits, code)
    except DatabaseError as exc:
        told = getattr(exc.__cause__, "diag", None)
        if told is None or told.sqlstate != REFUSED:
            raise
        raise HoldRefused(**json.loads(told.message_detail)) from None


def _take(
    booking: Booking, sale: Sale, event: BookingCreated, limits: Limits, code: CodeUse | None
) -> tuple[datetime, datetime]:
    told = insertion(event, subject=booking.id, source="booked", marks=("%(exchange)s", "%(event)s"), fill=_TIMES)
    exchange, body = told.parameters
    with connection.cursor() as cursor:
        cursor.execute(
            _take_and_tell(told.sql, None if code is None else code.counted),
            {
                "hold_seconds": settings.HOLD_SECONDS,
                "sales_close_minutes": settings.SALES_CLOSE_MINUTES,
                "since": first_uuid7_at(timezone.now() - timedelta(seconds=limits.seconds)),
                "max_holds": limits.here,
                "max_holds_in_all": limits.in_all,
                "max_holds_again": limits.again,
                "max_seats": limits.seats,
                "showtime_id": booking.showtime_id,
                "showtime_revision": sale.showtime.revision,
                "screen_revision": sale.screen_revision,
                "user_id": booking.user_id,
                "booking_id": booking.id,
                "reference": booking.reference,
                "total": booking.total_amount,
                "currency": booking.currency,
                "lines": as_jsonb(booking.lines),
                "terms": as_jsonb(booking.terms),
                "with_card": booking.with_card,
                "exchange_of": booking.exchange_of,
                "exchange_worth": booking.exchange_worth,
                "exchange_retained": booking.exchange_retained,
                "seats": as_jsonb(event.seats),
                "exchange": exchange,
                "event": body,
                **(_of_code(code) if code is not None else {}),
            },
        )
        hold_expires_at, created_at, _ = cursor.fetchone()
    return hold_expires_at, created_at


def _of_code(code: CodeUse) -> dict[str, Any]:
    return {
        "code_id": code.code_id,
        "promotion_id": code.promotion_id,
        "promotion_version": code.promotion_version,
        "cheaper": f"{{{','.join(map(str, code.seats))}}}",
    }


_WITH_CODE = {None: _WITHOUT_CODE, True: _COUNTED, False: _UNCOUNTED}


@cache
def _take_and_tell(insertion_of_event: str, code_counted: bool | None) -> str:
    """TAKE with its event; the same text each time, so that it stays prepared. code_counted: None without a code."""
    return TAKE.format(published=insertion_of_event, **_WITH_CODE[code_counted])


def choose_alone(showtime_id: UUID) -> None:
    """Waits until nobody else chooses seats of this showtime for a customer, until the transaction ends.

    Those who pick seats themselves do not wait here: their seats are guarded one by one.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [str(showtime_id)])


def sell_seats(booking_ids: Sequence[UUID]) -> Counter[UUID]:
    """Makes the seats of bookings sold, as many as each can still have; their number by booking.

    Raises DatabaseError when two of the bookings could have the same seat.
    """
    with connection.cursor() as cursor:
        cursor.execute(SELL, [list(booking_ids)])
        return Counter(booking_id for (booking_id,) in cursor.fetchall())


def lock_seats(booking_ids: Sequence[UUID]) -> None:
    """Locks the seats of bookings until the transaction ends, and of those that are exchanged for them."""
    execute(LOCK, {"bookings": list(booking_ids)})


def free_seats(booking_ids: Sequence[UUID], *, seat_ids: Collection[UUID] | None = None) -> int:
    """Frees every seat that is still these bookings' own, or these of them, and the codes that go with them.

    How many seats.
    """
    these = None if seat_ids is None else list(seat_ids)
    return execute(FREE, {"bookings": list(booking_ids), "seats": these})


def move_seats(showtime_id: UUID, *, left: Collection[UUID], taken: Sequence[SeatStatus]) -> bool:
    """Frees the seats that were left and takes others for who had them, in the order of their keys.

    False: one of those was taken by somebody else, and the caller takes all of it back.
    """
    execute(LEAVE, [showtime_id, sorted(left)])
    return execute(SIT_DOWN, [as_jsonb([_as_row(seat) for seat in taken])]) == len(taken)


def _as_row(seat: SeatStatus) -> dict[str, object]:
    names = ("showtime_id", "seat_id", "status", "booking_id", "held_until", "block_reason", "blocked_until")
    return {name: getattr(seat, name) for name in names}


def seat_statuses(showtime_id: UUID, seat_ids: Sequence[UUID] | None = None) -> dict[UUID, str]:
    """held, sold or blocked by seat, of all seats or of these; a seat that is not in it is available."""
    asked = None if seat_ids is None else list(seat_ids)
    with connection.cursor() as cursor:
        cursor.execute(STATUSES, [showtime_id, asked, asked])
        return dict(cursor.fetchall())


def next_blocking(showtime_id: UUID) -> int | None:
    """The number of a change of what is blocked, which others wait for until the transaction ends.

    None of a showtime that is not known.
    """
    with connection.cursor() as cursor:
        cursor.execute(NEXT_BLOCKING, [showtime_id])
        row = cursor.fetchone()
        return int(row[0]) if row else None


def count_blocked(showtime_id: UUID) -> int:
    with connection.cursor() as cursor:
        cursor.execute(BLOCKED, [showtime_id])
        return int(cursor.fetchone()[0])


def block_seats(
    *, showtime_id: UUID, seat_ids: Sequence[UUID], reason: str = "", until: datetime | None = None
) -> set[UUID]:
    """Takes free seats off sale; which of them were free."""
    with connection.cursor() as cursor:
        cursor.execute(BLOCK, [showtime_id, reason, until, sorted(seat_ids)])
        return {seat_id for (seat_id,) in cursor.fetchall()}


def unblock_seats(*, showtime_id: UUID, seat_ids: Sequence[UUID], over: bool = False) -> set[UUID]:
    """Puts blocked seats back on sale, or those of them alone whose end has come; which of them were blocked."""
    with connection.cursor() as cursor:
        cursor.execute(UNBLOCK, [showtime_id, list(seat_ids), over])
        return {seat_id for (seat_id,) in cursor.fetchall()}
