"""What there is to look at: everything, or what was made or changed since a moment and whatever is still open.

Ids are UUIDv7, so those of a time lie side by side in an index: what the second costs does not grow with history.
A payment and what the gateway is asked for it have ids of the time of their booking; events and the lines of the ledger
have those of their own, and say what became of older ones.
"""

from collections.abc import Iterator
from datetime import datetime

from audit.rules import SERVICES
from audit.sources import Sources
from chassis.ids import first_uuid7_at

EVERYTHING = {
    "bookings": ("booking", "SELECT id FROM bookings ORDER BY id"),
    "payments": ("payment", "SELECT id FROM payments ORDER BY id"),
    "receipts": ("payment", "SELECT id FROM receipts ORDER BY id"),
    "showtimes": (
        "booking",
        "SELECT DISTINCT showtime_id FROM seat_status"
        " UNION SELECT id FROM showtimes WHERE seats_forgotten_at IS NOT NULL ORDER BY 1",
    ),
    "promo codes": ("booking", "SELECT id FROM promo_codes ORDER BY id"),
    "gift cards": ("payment", "SELECT id FROM gift_cards ORDER BY id"),
    # One row of each day of a theater.
    "takings": (
        "payment",
        "SELECT DISTINCT ON (day, theater_id) id FROM takings ORDER BY day, theater_id, film, ticket_type, currency",
    ),
    **{f"events of {name}": (name, "SELECT id FROM outbox ORDER BY id") for name in SERVICES},
}
_BOOKINGS_CHANGED = """
SELECT id FROM bookings WHERE id >= $1
UNION SELECT id FROM bookings WHERE status = 'PENDING'
UNION SELECT booking_id FROM check_ins WHERE id >= $1
UNION SELECT (body #>> '{data,booking_id}')::uuid FROM outbox WHERE id >= $1 AND body #> '{data,booking_id}' IS NOT NULL
"""
_PAYMENTS_CHANGED = """
SELECT id FROM payments WHERE id >= $1
UNION SELECT payment_id FROM gateway_operations WHERE state IN ('pending', 'reversing')
UNION SELECT payment_id FROM transactions WHERE id >= $1
UNION SELECT payment_id FROM refunds WHERE id >= $1
UNION SELECT payment_id FROM gift_card_lines WHERE id >= $1 AND payment_id IS NOT NULL
UNION SELECT (body #>> '{data,payment_id}')::uuid FROM outbox WHERE id >= $1 AND body #> '{data,payment_id}' IS NOT NULL
"""
# The days of theaters of which a receipt was issued, and those beside them, whatever the theater's clock.
_TAKINGS_CHANGED = """
SELECT DISTINCT ON (takings.day, theater_id) takings.id
FROM (SELECT DISTINCT theater_id, issued_at::date AS day FROM receipts WHERE id >= $1) AS changed
JOIN takings USING (theater_id) WHERE takings.day BETWEEN changed.day - 1 AND changed.day + 1
ORDER BY takings.day, theater_id, takings.id
"""
CHANGED = {
    "bookings": ("booking", _BOOKINGS_CHANGED),
    "payments": ("payment", _PAYMENTS_CHANGED),
    "receipts": ("payment", "SELECT id FROM receipts WHERE id >= $1"),
    "takings": ("payment", _TAKINGS_CHANGED),
    "gift cards": ("payment", "SELECT DISTINCT card_id FROM gift_card_lines WHERE id >= $1"),
    "showtimes": (
        "booking",
        f"SELECT DISTINCT showtime_id FROM bookings JOIN ({_BOOKINGS_CHANGED}) AS changed USING (id)",  # noqa: S608  (ours)
    ),
    "promo codes": (
        "booking",
        f"SELECT DISTINCT code_id FROM promo_uses JOIN ({_BOOKINGS_CHANGED}) AS changed ON changed.id = booking_id",  # noqa: S608  (ours)
    ),
    **{
        f"events of {name}": (
            name,
            "SELECT id FROM outbox WHERE id >= $1 UNION SELECT id FROM outbox WHERE published_at IS NULL",
        )
        for name in SERVICES
    },
}
# Of what changed in the one database, what the other one has of it.
OTHERS = {
    "bookings": ("payments", "payment", "SELECT booking_id FROM payments WHERE id = ANY ($1::uuid[])"),
    "payments": ("bookings", "payment", "SELECT id FROM payments WHERE booking_id = ANY ($1::uuid[])"),
}


def keys(sources: Sources, of: str, since: datetime | None) -> Iterator[list[str]]:
    """Ids of what there is of a kind (rules.Rule.of), some thousands at a time; with `since` some may come twice."""
    first = str(first_uuid7_at(since)) if since else ""
    if of == "record":
        if sources.record:
            yield from sources.record.references(after=first)
    elif not since:
        yield from sources.keys(*EVERYTHING[of])
    else:
        yield from sources.keys(*CHANGED[of], first)
        if of in OTHERS:
            other, service, sql = OTHERS[of]
            for changed in sources.keys(*CHANGED[other], first):
                yield from sources.keys(service, sql, changed)
