"""Doors without a connection: what they take along of a showtime, and what they tell when they have one again."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from bookings import doors
from bookings.domain import State
from bookings.doors import Entry, Scan
from bookings.errors import TicketInvalid, TicketUnknown, TicketUsed, TicketVoid, WrongShowtime
from bookings.models import Booking, BookingSeat, CheckIn, DoorConflict, Showtime
from bookings.selectors import seats_left
from bookings.theaters import refuse_showtime
from bookings.words import names_of
from chassis.storage.audit_log import Actor, record

# So long ago a scan may be that is told of; an earlier one is taken for that, and one that is still to come for now.
OLDEST = timedelta(hours=24)
# So many scans are told of at once.
MOST = 50


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a scan. code: why the service would have let nobody in, "" where it would have."""

    scan_id: UUID
    code: str
    seats: str
    used: Sequence[Mapping[str, str]] = ()


def digest_of(code: str) -> str:
    """As the page makes it: whoever has a telephone of a door has no ticket by that."""
    return hashlib.sha256(code.encode()).hexdigest()[:32]


def taken_along(showtime: Showtime) -> dict[str, Any]:
    """What a door needs to let in by itself: the seats that are sold, who is in, and the digests of what opens them.

    No name, no address, no code.
    """
    sold = Booking.objects.filter(showtime=showtime, status=State.CONFIRMED).exclude(ticket="")
    if showtime.status == Showtime.Status.CANCELLED:
        sold = sold.none()
    seats: list[dict[str, Any]] = []
    codes: dict[str, list[int]] = {}
    for booking in sold.defer("lines", "terms").prefetch_related("seats", "check_ins").order_by("id"):
        used = {each.seat_id: each for each in booking.check_ins.all()}
        first = len(seats)
        for seat in seats_left(booking):
            if code := booking.seat_tickets.get(str(seat.seat_id)):
                codes[digest_of(code)] = [len(seats)]
            seats.append(_seat(seat, used.get(seat.seat_id)))
        all_of_it = list(range(first, len(seats)))
        codes |= {digest_of(code): all_of_it for code in (booking.ticket, booking.reference)}
    return {
        "showtime_id": str(showtime.id),
        "title": str(showtime),
        "time_zone": showtime.time_zone,
        "ends_at": showtime.ends_at.isoformat(),
        "made_at": timezone.now().isoformat(),
        "seats": seats,
        "codes": codes,
    }


def _seat(seat: BookingSeat, used: CheckIn | None) -> dict[str, Any]:
    let_in = None if used is None else {"at": used.at.isoformat(), "door": used.door}
    return {"id": str(seat.seat_id), "name": str(seat), "let_in": let_in}


def settle(scans: Sequence[Scan], *, showtime_id: UUID, door: str, actor: Actor) -> list[Settled]:
    """Takes what a door did while it had no connection, each scan once however often it is told of, in their order.

    Whom the service would have refused is in nevertheless: that is written down (DoorConflict), and comes back.
    Raises OtherTheater.
    """
    refuse_showtime(actor.theaters, showtime_id)
    return [_settle(scan, showtime_id, door, actor) for scan in sorted(scans, key=lambda scan: scan.at)]


def _settle(scan: Scan, showtime_id: UUID, door: str, actor: Actor) -> Settled:
    known = DoorConflict.objects.filter(id=scan.id).first()
    if known is not None:
        return Settled(scan.id, known.code, known.seats, known.used)
    entry = Entry(showtime_id, door, actor, _bounded(scan.at), scan.id)
    try:
        with transaction.atomic():
            admitted = doors.admit_scanned(entry, scan)
            if not admitted.used:
                return Settled(scan.id, "", names_of(admitted.seats))
            names = {seat.seat_id: str(seat) for seat in admitted.seats}
            used = [
                {"seat": names[each.seat_id], "at": each.at.isoformat(), "door": each.door} for each in admitted.used
            ]
            return _conflict(entry, scan, TicketUsed.code, reference=admitted.booking.reference, used=used)
    except (TicketInvalid, TicketUnknown, TicketVoid, WrongShowtime) as refusal:
        with transaction.atomic():
            return _conflict(entry, scan, refusal.code, reference=doors.reference_of(scan.code))


def _conflict(
    entry: Entry, scan: Scan, code: str, *, reference: str, used: Sequence[Mapping[str, str]] = ()
) -> Settled:
    """Keeps that somebody is in whom the service would have refused."""
    seats = ", ".join(each["seat"] for each in used)[:200]
    conflict = DoorConflict(
        id=scan.id,
        showtime_id=entry.showtime_id,
        reference=reference,
        seats=seats,
        at=entry.at,
        door=entry.door,
        actor=str(entry.actor.id),
        code=code,
        used=list(used),
    )
    # The same scan may be told of twice at once.
    DoorConflict.objects.bulk_create([conflict], ignore_conflicts=True)
    told = {"reference": reference, "seats": seats, "at_the_door": entry.door, "why": code, "used": list(used)}
    record(entry.actor, "door.conflict", ("showtime", entry.showtime_id), after=told)
    return Settled(scan.id, code, seats, used)


def _bounded(at: datetime) -> datetime:
    now = timezone.now()
    return min(max(at, now - OLDEST), now)
