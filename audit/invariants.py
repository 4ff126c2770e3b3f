"""The invariants, each as what a database is asked: of every thing, what is wrong with it (NULL: nothing).

What two databases know is asked of the one with the rows of the other beside it. How a rule is asked is in rules.py:
`asked` has the things it is about. Amounts are minor units.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from audit.broker import Broker
from audit.exchanges import CARRIED, EXCHANGES
from audit.gift_cards import GIFT_CARDS
from audit.promo_codes import PROMO_CODES
from audit.receipts import RECEIPTS
from audit.rules import SERVICES, Beside, Invariant, Rule
from audit.takings import TAKINGS
from chassis.ids import first_uuid7_at

# A hold that ended may have been taken over already, before its booking is marked expired. Of a showtime that is over
# the inventory has forgotten who had which seat.
SEATS_OF_BOOKINGS = """
SELECT bookings.id, CASE
    WHEN given_back_at IS NOT NULL AND EXISTS (
        SELECT FROM check_ins WHERE check_ins.booking_id = bookings.id AND check_ins.seat_id = claim.seat_id)
    THEN format('booking %s has given back seat %s of showtime %s, to which somebody was let in',
                reference, claim.seat_id, claim.showtime_id)
    WHEN given_back_at IS NULL AND seats_forgotten_at IS NULL
        AND (bookings.status = 'CONFIRMED' OR (bookings.status = 'PENDING' AND hold_expires_at > now()))
        AND (kept.booking_id IS DISTINCT FROM bookings.id
             OR kept.status <> CASE bookings.status WHEN 'CONFIRMED' THEN 'sold' ELSE 'held' END)
    THEN format('booking %s has seat %s of showtime %s, which is %s', reference, claim.seat_id, claim.showtime_id,
                coalesce(kept.status || coalesce(' by ' || kept.booking_id, ''), 'free')) END
FROM asked JOIN bookings USING (id) JOIN booking_seats AS claim ON claim.booking_id = bookings.id
LEFT JOIN seat_status AS kept
    ON kept.showtime_id = claim.showtime_id AND kept.seat_id = coalesce(claim.moved_to, claim.seat_id)
LEFT JOIN showtimes ON showtimes.id = claim.showtime_id
"""
SEATS_FORGOTTEN = """
SELECT asked.id, CASE WHEN count(*) > 1 THEN format('seat %s of showtime %s, which is over, belongs to %s',
    coalesce(claim.moved_to, claim.seat_id), asked.id, string_agg(reference, ', ' ORDER BY reference)) END
FROM asked JOIN showtimes ON showtimes.id = asked.id AND seats_forgotten_at IS NOT NULL
JOIN bookings ON bookings.showtime_id = asked.id AND bookings.status = 'CONFIRMED'
JOIN booking_seats AS claim ON claim.booking_id = bookings.id AND given_back_at IS NULL
GROUP BY asked.id, coalesce(claim.moved_to, claim.seat_id)
"""
SEATS_SOLD = """
SELECT asked.id, CASE WHEN bookings.status IS DISTINCT FROM 'CONFIRMED' OR NOT EXISTS (
        SELECT FROM booking_seats AS claim WHERE claim.booking_id = kept.booking_id AND given_back_at IS NULL
            AND claim.showtime_id = kept.showtime_id AND coalesce(claim.moved_to, claim.seat_id) = kept.seat_id)
    THEN format('seat %s of showtime %s is sold to %s, which may not have it',
                kept.seat_id, kept.showtime_id, kept.booking_id) END
FROM asked JOIN seat_status AS kept ON kept.showtime_id = asked.id AND kept.status = 'sold'
LEFT JOIN bookings ON bookings.id = kept.booking_id
"""

CONFIRMED = Beside(
    "booking",
    "id uuid, user_id uuid, reference text, total bigint, currency text, due bigint, used bigint, seats jsonb",
    """
    SELECT id, user_id, reference, total_amount AS total, currency, due, used, seats
    FROM asked JOIN bookings USING (id) CROSS JOIN LATERAL (
        SELECT coalesce(sum(coalesce(refund_amount, price_amount)) FILTER (WHERE given_back_at IS NOT NULL), 0) AS due,
               coalesce(sum(price_amount) FILTER (WHERE check_ins.id IS NOT NULL), 0) AS used,
               coalesce(jsonb_agg(claim.seat_id) FILTER (WHERE given_back_at IS NULL), '[]') AS seats
        FROM booking_seats AS claim
        LEFT JOIN check_ins ON check_ins.booking_id = claim.booking_id AND check_ins.seat_id = claim.seat_id
        WHERE claim.booking_id = bookings.id
    ) AS claims
    WHERE status = 'CONFIRMED'
    """,
)
# Money goes back as goodwill, or with the seats that are given back, less the fee where their customer did; who was in
# by then stays in.
CONFIRMED_AND_THEIR_MONEY = """
SELECT id, CASE
    WHEN captures <> 1 THEN format('booking %s is confirmed with %s captured payments', reference, captures)
    WHEN (captured_amount, paid_in) <> (total, currency)
    THEN format('booking %s costs %s %s, %s %s were captured', reference, total, currency, captured_amount, paid_in)
    WHEN back > due + used
    THEN format('booking %s is confirmed, %s of its money went back and not as goodwill, '
                '%s was due of seats given back and %s of those used', reference, back, due, used)
    WHEN due > refunded_amount
    THEN format('booking %s has given back seats of which %s is due, %s went back', reference, due, refunded_amount)
    WHEN has_back IS NOT NULL
    THEN format('booking %s has seat %s, whose money went back and not as goodwill', reference, has_back) END
FROM (
    SELECT asked.*, captured_amount, refunded_amount, payments.currency AS paid_in,
           count(payments.id) OVER (PARTITION BY asked.id) AS captures,
           (SELECT coalesce(sum(refunds.amount), 0) FROM refunds
            WHERE payment_id = payments.id AND kind = 'cancel' AND refunds.status = 'succeeded') AS back,
           (SELECT min(seat ->> 'id') FROM jsonb_array_elements(payments.seats) AS seat
            WHERE seat ->> 'refunded' = 'cancel' AND asked.seats ? (seat ->> 'id')) AS has_back
    FROM asked LEFT JOIN payments
        ON booking_id = asked.id AND (captured_amount > 0 OR (amount = 0 AND payments.status = 'captured'))
) AS paid
"""

MONEY = Beside(
    "payment",
    "id uuid, booking_id uuid, held bigint, kept bigint, retained bigint",
    """
    SELECT id, booking_id, held_amount AS held, captured_amount - refunded_amount - lent_amount AS kept,
           retained_amount AS retained
    FROM asked JOIN payments USING (id)
    """,
)
MONEY_OF_OTHER_BOOKINGS = """
SELECT asked.id, CASE
    WHEN status = 'PENDING' AND kept <> 0
    THEN format('payment %s: %s captured for a booking that is only held', asked.id, kept)
    WHEN coalesce(status, 'unknown') NOT IN ('PENDING', 'CONFIRMED') AND (held <> 0 OR kept > retained)
    THEN format('payment %s: booking is %s, %s still authorised, %s kept of which %s as a fee',
                asked.id, coalesce(status, 'unknown'), held, kept, retained) END
FROM asked LEFT JOIN bookings ON bookings.id = booking_id
"""
# What was kept of seats that their customer gave back before is no part of the fee.
FEES_OF_SEATS_GIVEN_BACK = """
SELECT id, CASE WHEN back > 0 AND retained_amount > fee_told_amount * (whole - back) / whole + kept
    THEN format('payment %s: %s kept of a fee of %s, though seats of %s among those of %s were given back',
                id, retained_amount, fee_told_amount, back, whole) END
FROM asked JOIN payments USING (id) CROSS JOIN LATERAL (
    SELECT sum(price) FILTER (WHERE charged) AS whole,
           sum(price) FILTER (WHERE charged AND (refunded = 'cancel' OR due IS NOT NULL)) AS back,
           coalesce(sum(price - due), 0) AS kept
    FROM jsonb_to_recordset(seats) AS seat(price bigint, refunded text, charged boolean, due bigint)
) AS charged
WHERE retained_amount > 0
"""
MONEY_MOVED_TWICE = """
SELECT payments.id, CASE
    WHEN captures > 1 THEN format('payment %s was captured %s times', payments.id, captures)
    WHEN refunded <> refunded_amount
    THEN format('payment %s says %s refunded, its refunds are %s', payments.id, refunded_amount, refunded) END
FROM asked JOIN payments USING (id) CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE kind = 'capture') AS captures,
           coalesce(sum(gateway_operations.amount + gateway_operations.gift_amount + gateway_operations.carried_amount)
               FILTER (WHERE kind IN ('refund', 'outside', 'exchange')), 0) AS refunded
    FROM gateway_operations WHERE payment_id = payments.id AND state = 'succeeded'
) AS moved
"""
SEATS_REFUNDED_TWICE = """
SELECT asked.id, CASE WHEN count(*) > 1
    THEN format('payment %s: the money of seat %s went back %s times', asked.id, seat.id, count(*)) END
FROM asked JOIN refunds ON payment_id = asked.id AND status = 'succeeded'
CROSS JOIN LATERAL jsonb_to_recordset(seats) AS seat(id uuid)
GROUP BY asked.id, seat.id
"""
REFUNDS_OF_SEATS = """
SELECT asked.id, CASE WHEN amount <> prices
    THEN format('payment %s: %s went back of seats of which %s was due', asked.id, amount, prices) END
FROM asked JOIN refunds ON payment_id = asked.id AND status = 'succeeded'
CROSS JOIN LATERAL (
    SELECT sum(coalesce(due, price)) AS prices FROM jsonb_to_recordset(seats) AS seat(price bigint, due bigint)
) AS sold
"""
RECORD = Beside(
    "gateway",
    "reference text, entries int, charges int, captured bigint, refunded bigint, held bigint, overdrawn boolean",
)
CHARGED_TWICE = """
SELECT reference, CASE
    WHEN charges > 1 THEN format('the gateway charged payment %s %s times', reference, charges)
    WHEN overdrawn
    THEN format('the gateway gave back %s of %s captured for payment %s', refunded, captured, reference) END
FROM asked
"""

OVERDUE_HOLDS = """
SELECT id, CASE WHEN status = 'PENDING' AND hold_expires_at < now() - interval '60 seconds'
    THEN format('booking %s is pending, its hold ended at %s',
                reference, to_char(hold_expires_at, 'YYYY-MM-DD HH24:MI:SS')) END
FROM asked JOIN bookings USING (id)
"""

# $3: bookings from before have messages that may have been thrown away by now. Whoever has an id of version 8 gave no
# address at the counter (chassis.ids.nobodys_id).
MESSAGES_OF_CONFIRMED = """
SELECT asked.id, CASE
    WHEN receipts <> 1 THEN format('booking %s got %s receipts', reference, receipts)
    WHEN tickets <> 1 THEN format('booking %s got %s tickets', reference, tickets) END
FROM asked CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE template = 'receipt') AS receipts,
           count(*) FILTER (WHERE template = 'ticket') AS tickets
    FROM notifications JOIN delivery_log ON notification_id = notifications.id AND outcome = 'sent'
    WHERE booking_id = asked.id AND channel = 'email' AND resend_of IS NULL
) AS sent
WHERE asked.id >= $3::uuid AND substr(asked.user_id::text, 15, 1) <> '8'
"""

# Of a payment, what the house gave back of its own, after the gateway had refused to, whose record knows nothing of it.
GIVEN_OUTSIDE = """
CROSS JOIN LATERAL (
    SELECT coalesce(sum(refunds.amount - refunds.gift_amount), 0) AS given_outside FROM refunds
    WHERE payment_id = payments.id AND refunds.status = 'succeeded' AND outside NOT IN ('', 'provider')
) AS house
"""
# What of a payment's money is no gift card's nor another payment's, but the gateway's: all of it where none pays. What
# pays another booking went back in the books alone.
ON_CARD = f"""
{CARRIED}
CROSS JOIN LATERAL (
    SELECT CASE WHEN held_amount = 0 THEN 0 ELSE held_amount - gift_amount - carried_amount END AS held_on_card,
           CASE WHEN captured_amount = 0 THEN 0 ELSE captured_amount - gift_amount - carried_amount END
               AS captured_on_card,
           refunded_amount - exchanged_amount - gift_refunded_amount - carried_back AS refunded_on_card
) AS on_card
"""
LEDGER = f"""
SELECT payments.id, CASE
    WHEN total <> 0 THEN format('payment %s: its ledger adds up to %s', payments.id, total)
    WHEN strays IS NOT NULL
    THEN format('payment %s is at %s, and its ledger has taken into %s', payments.id, provider, strays)
    WHEN cash <> captured_on_card - (refunded_on_card - given_outside)
    THEN format('payment %s: cash is %s in the ledger and %s in the payment',
                payments.id, cash, captured_on_card - (refunded_on_card - given_outside))
    WHEN outside <> -given_outside
    THEN format('payment %s: %s went back outside of the gateway in the ledger and %s by its refunds',
                payments.id, -outside, given_outside)
    WHEN authorised <> held_on_card
    THEN format('payment %s: authorised is %s in the ledger and %s in the payment',
                payments.id, authorised, held_on_card) END
FROM asked JOIN payments USING (id) CROSS JOIN LATERAL (
    SELECT coalesce(sum(transactions.amount), 0) AS total,
           coalesce(sum(transactions.amount) FILTER (WHERE account IN ('cash', 'till', 'terminal')), 0) AS cash,
           string_agg(DISTINCT account, ', ') FILTER (
               WHERE account IN ('cash', 'till', 'terminal') AND account <> CASE provider
                   WHEN 'cash' THEN 'till' WHEN 'terminal' THEN 'terminal' ELSE 'cash' END) AS strays,
           coalesce(sum(transactions.amount) FILTER (WHERE account = 'outside'), 0) AS outside,
           coalesce(sum(transactions.amount) FILTER (WHERE account = 'authorised'), 0) AS authorised
    FROM transactions WHERE payment_id = payments.id
) AS ledger
{GIVEN_OUTSIDE}
{ON_CARD}
"""  # noqa: S608  (of this file alone)
BOOKS_AND_THE_RECORD = f"""
SELECT payments.id, CASE
    WHEN held_on_card <> held
    THEN format('payment %s: authorised is %s here and %s at the gateway', payments.id, held_on_card, held)
    WHEN captured_on_card <> captured
    THEN format('payment %s: captured is %s here and %s at the gateway', payments.id, captured_on_card, captured)
    WHEN refunded_on_card - given_outside <> refunded
    THEN format('payment %s: refunded is %s here and %s at the gateway',
                payments.id, refunded_on_card - given_outside, refunded) END
FROM asked JOIN payments ON payments.id = reference::uuid
{GIVEN_OUTSIDE}
{ON_CARD}
WHERE provider = 'simulator'
"""  # noqa: S608  (of this file alone)
# Its entry may be of a payment that was never made, and then its reference need not be an id at all.
TAKEN_FOR_NOBODY = """
SELECT reference, CASE WHEN payments.id IS NULL AND entries > 0
    THEN format('the gateway took money for %s, which is no payment of ours', reference) END
FROM asked LEFT JOIN payments
    ON payments.id = CASE WHEN reference ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN reference::uuid END
"""

# Bookings of before there were lines have none.
LINES_OF_BOOKINGS = """
SELECT asked.id, CASE
    WHEN lines = '[]' THEN NULL
    WHEN apart IS NOT NULL THEN format('booking %s: net and tax are not the gross of %s', reference, apart)
    WHEN gross <> total_amount THEN format('booking %s costs %s, its lines %s', reference, total_amount, gross)
    WHEN seat IS NOT NULL THEN format('booking %s: seat %s costs something else than its lines', reference, seat) END
FROM asked JOIN bookings USING (id) CROSS JOIN LATERAL (
    SELECT sum(gross) AS gross, min(code) FILTER (WHERE net + tax <> gross) AS apart
    FROM jsonb_to_recordset(lines) AS line(code text, net bigint, tax bigint, gross bigint)
) AS said CROSS JOIN LATERAL (
    SELECT min(seat_id::text) AS seat FROM booking_seats AS claim
    WHERE claim.booking_id = bookings.id AND price_amount <> (
        SELECT coalesce(sum(gross), 0) FROM jsonb_to_recordset(lines) AS line(seat_id uuid, gross bigint)
        WHERE line.seat_id = claim.seat_id)
) AS claims
"""

# Of the events of one service, at whoever wants them. $3: who tells them, $4: who handles them.
UNPUBLISHED = """
SELECT id, CASE WHEN published_at IS NULL THEN format('%s: %s %s is not published', $3::text, type, id) END
FROM asked JOIN outbox USING (id)
"""
# $5: what is bound for the queue of who handles them, $6: which lie there as dead letters. What was published before it
# asked for that type never came to it.
UNHANDLED = """
SELECT asked.id, CASE WHEN event_id IS NULL AND asked.id::text <> ALL ($6::text[])
    THEN format('%s has not handled %s %s of %s', $4::text, asked.type, asked.id, $3::text) END
FROM asked LEFT JOIN inbox ON consumer = $4::text AND event_id = asked.id
LEFT JOIN heard_events ON heard_events.type = asked.type
WHERE exchange || ' ' || asked.type = ANY ($5::text[]) AND (since IS NULL OR asked.id >= since)
"""


def _events_of(service: str, broker: Broker) -> Iterator[Rule]:
    of = f"events of {service}"
    published = Beside(
        service,
        "id uuid, type text, exchange text",
        "SELECT id, type, exchange FROM asked JOIN outbox USING (id) WHERE published_at IS NOT NULL",
    )
    yield Rule(of, service, UNPUBLISHED, values=(service,))
    for consumer, bound in sorted(broker.bound.items()):
        values = (service, consumer, sorted(bound), sorted(broker.dead(consumer)))
        yield Rule(of, consumer, UNHANDLED, beside=published, values=values, counted=False)


def invariants(broker: Broker, *, has_record: bool, messages_days: int) -> tuple[Invariant, ...]:
    """All of them, with the broker's bindings and dead letters as they are now.

    has_record: whether the card gateway shows what it took. Without, the books are held against themselves alone.
    messages_days: for how long messages are kept.
    """
    messages_since = str(first_uuid7_at(datetime.now(UTC) - timedelta(days=messages_days)))
    charges = (Rule("record", "payment", CHARGED_TWICE, beside=RECORD, counted=False),) if has_record else ()
    gateways = (
        Rule("payments", "payment", BOOKS_AND_THE_RECORD, beside=RECORD, counted=False),
        Rule("record", "payment", TAKEN_FOR_NOBODY, beside=RECORD),
    )
    return (
        Invariant(
            1,
            "no seat of a showtime is sold or held twice",
            (
                Rule("bookings", "booking", SEATS_OF_BOOKINGS),
                Rule("showtimes", "booking", SEATS_SOLD, counted=False),
                Rule("showtimes", "booking", SEATS_FORGOTTEN, counted=False),
            ),
        ),
        Invariant(
            2,
            "a confirmed booking has one captured payment of its total",
            (Rule("bookings", "payment", CONFIRMED_AND_THEIR_MONEY, beside=CONFIRMED),),
        ),
        Invariant(
            3,
            "other money is given back, nothing is moved twice",
            (
                Rule("payments", "booking", MONEY_OF_OTHER_BOOKINGS, beside=MONEY),
                Rule("payments", "payment", FEES_OF_SEATS_GIVEN_BACK, counted=False),
                Rule("payments", "payment", MONEY_MOVED_TWICE, counted=False),
                Rule("payments", "payment", SEATS_REFUNDED_TWICE, counted=False),
                Rule("payments", "payment", REFUNDS_OF_SEATS, counted=False),
                *charges,
            ),
        ),
        Invariant(4, "no hold outlives its end by a minute", (Rule("bookings", "booking", OVERDUE_HOLDS),)),
        Invariant(
            5,
            "every event is published and handled once",
            tuple(rule for service in SERVICES for rule in _events_of(service, broker)),
        ),
        Invariant(
            6,
            "a confirmed booking got one receipt and one ticket",
            (Rule("bookings", "notify", MESSAGES_OF_CONFIRMED, beside=CONFIRMED, values=(messages_since,)),),
        ),
        Invariant(
            7,
            "the ledger adds up and is the gateway's own",
            (Rule("payments", "payment", LEDGER), *(gateways if has_record else ())),
        ),
        Invariant(8, "a booking's lines add up", (Rule("bookings", "booking", LINES_OF_BOOKINGS),)),
        PROMO_CODES,
        RECEIPTS,
        GIFT_CARDS,
        EXCHANGES,
        TAKINGS,
    )
