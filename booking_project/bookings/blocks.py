"""Seats that the house keeps off sale: why, and until when. Each function owns its transaction."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from bookings import events, inventory, seat_news
from bookings.errors import SeatUnavailable
from bookings.sales import reload_sale, sale_of
from bookings.theaters import refuse_showtime
from chassis.messaging.outbox import emit
from chassis.storage.audit_log import Actor, record

_OVER = """
    SELECT showtime_id, seat_id FROM seat_status WHERE blocked_until <= now() ORDER BY blocked_until LIMIT %s
"""


def block_seats(
    *,
    showtime_id: UUID,
    seat_ids: Sequence[UUID],
    actor: Actor | None = None,
    reason: str = "",
    until: datetime | None = None,
) -> None:
    """Takes free seats off sale, all or none, and tells of it.

    actor: who of staff does it, for the audit log; None where a program does. reason: a note among staff. until: when
    they go back on sale by themselves; None: when somebody puts them back.
    Raises OtherTheater, and SeatUnavailable naming those that are held, sold or blocked.
    """
    sale_of(showtime_id)  # so that it is known
    _refuse_elsewhere(actor, showtime_id)
    with transaction.atomic():
        revision = inventory.next_blocking(showtime_id)
        # Locked, it moves to no other screen.
        seats = [seat.id for seat in reload_sale(showtime_id).pick(seat_ids)]
        blocked = inventory.block_seats(showtime_id=showtime_id, seat_ids=seats, reason=reason, until=until)
        if len(blocked) < len(seats):
            raise SeatUnavailable(seat_id for seat_id in seats if seat_id not in blocked)
        told = {} if until is None else {"until": until.isoformat()}
        _tell(events.SeatsBlocked, showtime_id, revision, seats, actor, reason=reason, **told)


def unblock_seats(*, showtime_id: UUID, seat_ids: Sequence[UUID], actor: Actor | None = None, reason: str = "") -> int:
    """Puts blocked seats back on sale, and tells of it; how many were. reason: a note among staff.

    Raises OtherTheater.
    """
    _refuse_elsewhere(actor, showtime_id)
    with transaction.atomic():
        return _unblock(showtime_id, seat_ids, actor, over=False, reason=reason)


def _refuse_elsewhere(actor: Actor | None, showtime_id: UUID) -> None:
    refuse_showtime(None if actor is None else actor.theaters, showtime_id)


def end_blocks(*, limit: int = 200) -> int:
    """Puts seats back on sale whose block has come to its end, at most `limit`, and tells of it; how many were due."""
    with connection.cursor() as cursor:
        cursor.execute(_OVER, [limit])
        due: dict[UUID, list[UUID]] = {}
        for showtime_id, seat_id in cursor.fetchall():
            due.setdefault(showtime_id, []).append(seat_id)
    for showtime_id, seat_ids in due.items():
        with transaction.atomic():
            _unblock(showtime_id, seat_ids, None, over=True)
    return sum(map(len, due.values()))


def _unblock(showtime_id: UUID, seat_ids: Sequence[UUID], actor: Actor | None, *, over: bool, reason: str = "") -> int:
    """over: those alone whose end has come, for somebody may have blocked one anew meanwhile."""
    revision = inventory.next_blocking(showtime_id)
    seats = sorted(inventory.unblock_seats(showtime_id=showtime_id, seat_ids=seat_ids, over=over))
    if seats:
        _tell(events.SeatsUnblocked, showtime_id, revision, seats, actor, reason=reason)
    return len(seats)


def _tell(
    event: type[events.SeatsBlocked] | type[events.SeatsUnblocked],
    showtime_id: UUID,
    revision: int | None,
    seats: Sequence[UUID],
    actor: Actor | None,
    *,
    reason: str = "",
    **told: str,
) -> None:
    assert revision is not None  # seats of a showtime that is not known are not blocked
    blocked = inventory.count_blocked(showtime_id)
    seat_news.tell_when_committed([showtime_id])
    emit(event(showtime_id, revision, list(seats), blocked), subject=showtime_id)
    if actor is not None:
        known = sale_of(showtime_id).seats
        # By what people call them; a seat that the hall has no more has no other name than its id.
        named = [f"{known[seat].row}{known[seat].number}" if seat in known else str(seat) for seat in seats]
        after = {"seats": named, "off sale in all": blocked, **told}
        record(actor, event.type, ("showtime", showtime_id), after=after, reason=reason)
