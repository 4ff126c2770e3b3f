"""The seven invariants, each a pure function of the facts. What it returns are its violations, for people to read."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from audit.facts import Authorisation, Booking, Claim, Facts, Payment

OVERDUE = timedelta(seconds=60)
MESSAGES = ("receipt", "ticket")


@dataclass(frozen=True)
class Finding:
    """examined: how many things (seats, bookings ...) the invariant was held against."""

    number: int
    invariant: str
    examined: int
    violations: tuple[str, ...]


def audit(facts: Facts) -> list[Finding]:
    return [
        Finding(number, invariant, examined(facts), tuple(violations(facts)))
        for number, (invariant, examined, violations) in enumerate(INVARIANTS, start=1)
    ]


def seats_taken_twice(facts: Facts) -> Iterator[str]:
    owners: dict[tuple[UUID, UUID], list[Booking]] = defaultdict(list)
    inventory = {(seat.showtime_id, seat.seat_id): seat for seat in facts.seats}
    for claim in facts.claims:
        booking = facts.bookings[claim.booking_id]
        if claim.given_back or not _has_a_right_to_seats(booking, facts):
            continue
        seat = (claim.showtime_id, claim.seat_id)
        owners[seat].append(booking)
        if claim.showtime_id in facts.forgotten:
            continue
        row = inventory.get(seat)
        wanted = "sold" if booking.status == "CONFIRMED" else "held"
        if row is None or row.booking_id != booking.id or row.status != wanted:
            state = f"{row.status} by {row.booking_id}" if row else "free"
            yield f"booking {booking.reference} has {_seat(claim)}, which is {state}"
    for (showtime_id, seat_id), bookings in owners.items():
        if len(bookings) > 1:
            references = ", ".join(sorted(booking.reference for booking in bookings))
            yield f"seat {seat_id} of showtime {showtime_id} belongs to {references}"
    yield from _given_back_and_used(facts)
    claimed = {(each.booking_id, each.showtime_id, each.seat_id) for each in facts.claims if not each.given_back}
    for row in facts.seats:
        if row.status != "sold" or row.booking_id is None:
            continue
        owner = facts.bookings.get(row.booking_id)
        confirmed = owner is not None and owner.status == "CONFIRMED"
        if not confirmed or (row.booking_id, row.showtime_id, row.seat_id) not in claimed:
            yield f"seat {row.seat_id} of showtime {row.showtime_id} is sold to {row.booking_id}, which may not have it"


def _given_back_and_used(facts: Facts) -> Iterator[str]:
    for claim in facts.claims:
        if claim.given_back and claim.let_in:
            booking = facts.bookings[claim.booking_id]
            yield f"booking {booking.reference} has given back {_seat(claim)}, to which somebody was let in"


def confirmed_without_its_money(facts: Facts) -> Iterator[str]:
    payments = _by_booking(facts)
    for booking in _confirmed(facts):
        captured = [payment for payment in payments[booking.id] if payment.captured]
        if len(captured) != 1:
            yield f"booking {booking.reference} is confirmed with {len(captured)} captured payments"
        elif (captured[0].captured, captured[0].currency) != (booking.total, booking.currency):
            yield (
                f"booking {booking.reference} costs {booking.total} {booking.currency}, "
                f"{captured[0].captured} {captured[0].currency} were captured"
            )
        else:
            yield from _seats_and_their_money(booking, captured[0], facts)


def _seats_and_their_money(booking: Booking, payment: Payment, facts: Facts) -> Iterator[str]:
    """Money goes back as goodwill, or with the seats that are given back; who was in by then stays in."""
    claims = [claim for claim in facts.claims if claim.booking_id == booking.id]
    given_back = sum(claim.price for claim in claims if claim.given_back)
    used = sum(claim.price for claim in claims if claim.let_in)
    not_as_goodwill = [each for each in facts.refunds if each.payment_id == payment.id and each.kind == "cancel"]
    back = sum(refund.amount for refund in not_as_goodwill)
    if back > given_back + used:
        yield (
            f"booking {booking.reference} is confirmed, {back} of its money went back and not as goodwill, "
            f"its seats of {given_back} were given back and those of {used} used"
        )
    if given_back > payment.refunded:
        yield f"booking {booking.reference} has given back seats of {given_back}, {payment.refunded} went back"
    has = {claim.seat_id for claim in claims if not claim.given_back}
    for seat_id in has & {seat.id for seat in payment.seats if seat.refunded == "cancel"}:
        yield f"booking {booking.reference} has seat {seat_id}, whose money went back and not as goodwill"


def money_that_should_be_back(facts: Facts) -> Iterator[str]:
    for payment in facts.payments:
        booking = facts.bookings.get(payment.booking_id)
        status = booking.status if booking else "unknown"
        kept = payment.captured - payment.refunded
        if status == "PENDING" and kept:
            yield f"payment {payment.id}: {kept} captured for a booking that is only held"
        elif status not in ("PENDING", "CONFIRMED") and (payment.held or kept > payment.retained):
            yield (
                f"payment {payment.id}: booking is {status}, {payment.held} still authorised, "
                f"{kept} kept of which {payment.retained} as a fee"
            )
        back = sum(seat.price for seat in payment.seats if seat.charged and seat.refunded == "cancel")
        whole = sum(seat.price for seat in payment.seats if seat.charged)
        if back and payment.retained > payment.fee_told * (whole - back) // whole:
            yield (
                f"payment {payment.id}: {payment.retained} kept of a fee of {payment.fee_told}, "
                f"though seats of {back} among those of {whole} were given back"
            )
    yield from _charged_or_refunded_twice(facts)


def _charged_or_refunded_twice(facts: Facts) -> Iterator[str]:
    captures = Counter(o.payment_id for o in facts.operations if (o.kind, o.state) == ("capture", "succeeded"))
    yield from (f"payment {payment_id} was captured {n} times" for payment_id, n in captures.items() if n > 1)
    refunds: Counter[UUID] = Counter()
    for operation in facts.operations:
        if (operation.kind, operation.state) == ("refund", "succeeded"):
            refunds[operation.payment_id] += operation.amount
    for payment in facts.payments:
        if refunds[payment.id] != payment.refunded:
            yield f"payment {payment.id} says {payment.refunded} refunded, its refunds are {refunds[payment.id]}"
    yield from _seats_refunded_twice(facts)
    charges = Counter(entry.reference for entry in facts.authorisations if entry.captured)
    yield from (f"the gateway charged payment {payment} {n} times" for payment, n in charges.items() if n > 1)
    for entry in facts.authorisations:
        if entry.refunded > entry.captured:
            yield f"the gateway gave back {entry.refunded} of {entry.captured} captured for payment {entry.reference}"


def _seats_refunded_twice(facts: Facts) -> Iterator[str]:
    times = Counter((refund.payment_id, seat) for refund in facts.refunds for seat in refund.seats)
    for (payment_id, seat), n in times.items():
        if n > 1:
            yield f"payment {payment_id}: the money of seat {seat} went back {n} times"
    for refund in facts.refunds:
        if refund.seats and refund.amount != sum(refund.seats.values()):
            prices = sum(refund.seats.values())
            yield f"payment {refund.payment_id}: {refund.amount} went back of seats that were sold at {prices}"


def overdue_holds(facts: Facts) -> Iterator[str]:
    for booking in facts.bookings.values():
        if booking.status == "PENDING" and booking.hold_expires_at + OVERDUE < facts.now:
            yield f"booking {booking.reference} is pending, its hold ended at {booking.hold_expires_at:%F %T}"


def lost_events(facts: Facts) -> Iterator[str]:
    dead = {(letter.queue, letter.event_id) for letter in facts.dead_letters}
    for service, events in facts.events.items():
        for event in events:
            if not event.published:
                yield f"{service}: {event.type} {event.id} is not published"
                continue
            for consumer in _consumers(facts, event.exchange, event.type):
                named = (f"{consumer}.dead", str(event.id)) in dead
                if event.id not in facts.handled[consumer] and not named:
                    yield f"{consumer} has not handled {event.type} {event.id} of {service}"


def missing_messages(facts: Facts) -> Iterator[str]:
    for booking in _confirmed(facts):
        for message in MESSAGES:
            sent = facts.mails.get((booking.id, message), 0)
            if sent != 1:
                yield f"booking {booking.reference} got {sent} {message}s"


def books_that_differ(facts: Facts) -> Iterator[str]:
    record: dict[str, list[Authorisation]] = defaultdict(list)
    for entry in facts.authorisations:
        record[entry.reference].append(entry)
    for payment in facts.payments:
        balances = facts.ledger.get(payment.id, {})
        if sum(balances.values()):
            yield f"payment {payment.id}: its ledger adds up to {sum(balances.values())}"
        entries = record.pop(str(payment.id), [])
        for account, ours, theirs in (
            ("cash", balances.get("cash", 0), sum(entry.captured - entry.refunded for entry in entries)),
            ("authorised", balances.get("authorised", 0), sum(entry.held for entry in entries)),
            ("captured", payment.captured, sum(entry.captured for entry in entries)),
            ("refunded", payment.refunded, sum(entry.refunded for entry in entries)),
        ):
            if ours != theirs:
                yield f"payment {payment.id}: {account} is {ours} here and {theirs} at the gateway"
    yield from (f"the gateway took money for {reference}, which is no payment of ours" for reference in record)


def _has_a_right_to_seats(booking: Booking, facts: Facts) -> bool:
    """A hold that ended may have been taken over already, before the booking is marked expired."""
    return booking.status == "CONFIRMED" or (booking.status == "PENDING" and booking.hold_expires_at > facts.now)


def _confirmed(facts: Facts) -> list[Booking]:
    return [booking for booking in facts.bookings.values() if booking.status == "CONFIRMED"]


def _by_booking(facts: Facts) -> dict[UUID, list[Payment]]:
    payments: dict[UUID, list[Payment]] = defaultdict(list)
    for payment in facts.payments:
        payments[payment.booking_id].append(payment)
    return payments


def _consumers(facts: Facts, exchange: str, event_type: str) -> list[str]:
    return [service for source, key, service in facts.bindings if (source, key) == (exchange, event_type)]


def _seat(claim: Claim) -> str:
    return f"seat {claim.seat_id} of showtime {claim.showtime_id}"


INVARIANTS: tuple[tuple[str, Callable[[Facts], int], Callable[[Facts], Iterator[str]]], ...] = (
    ("no seat of a showtime is sold or held twice", lambda f: len(f.claims), seats_taken_twice),
    (
        "a confirmed booking has one captured payment of its total",
        lambda f: len(_confirmed(f)),
        confirmed_without_its_money,
    ),
    ("other money is given back, nothing is moved twice", lambda f: len(f.payments), money_that_should_be_back),
    ("no hold outlives its end by a minute", lambda f: len(f.bookings), overdue_holds),
    ("every event is published and handled once", lambda f: sum(map(len, f.events.values())), lost_events),
    ("a confirmed booking got one receipt and one ticket", lambda f: len(_confirmed(f)), missing_messages),
    (
        "the ledger adds up and is the gateway's own",
        lambda f: len(f.payments) + len(f.authorisations),
        books_that_differ,
    ),
)
