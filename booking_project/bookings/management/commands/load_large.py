"""Booking's part of the large world; catalog, auth, payment and notify load the same ids (contracts/large.toml)."""

from collections.abc import Sequence

from chassis.storage.large import LoadLarge

_SCREENS = """
INSERT INTO screens (id, theater_id, name, rows, columns, revision, seats)
SELECT pg_temp.large_id('2020-01-01Z', 2, screen), pg_temp.large_id('2020-01-01Z', 1, screen / 10),
       'Hall ' || screen %% 10 + 1, 10, 10, 1, seats
FROM generate_series(0, %(theaters)s * 10 - 1) AS screen, LATERAL (
    SELECT jsonb_agg(jsonb_build_object(
        'id', pg_temp.large_id('2020-01-01Z', 3, screen * 1000 + seat), 'row', chr(65 + seat / 10),
        'number', seat %% 10 + 1, 'x', seat %% 10 + 1, 'y', seat / 10 + 1, 'category', 'standard', 'accessible', false
    )) AS seats FROM generate_series(0, 99) AS seat
) AS layout
"""
_SHOWTIMES = """
INSERT INTO showtimes (id, revision, screen_id, screen_name, movie_id, movie_title, theater_id, theater_name, time_zone,
    starts_at, ends_at, format, language, currency, prices, rules, status, cancellation_message, settled_at, swept_at)
SELECT id, CASE WHEN cancelled THEN 2 ELSE 1 END, screen_id, 'Hall ' || screen %% 10 + 1, movie_id, 'Film ' || movie,
       theater_id, 'House ' || screen / 10, 'Europe/Berlin', starts_at, ends_at, format, language, 'EUR',
       '{"standard": 1200}', '{}', CASE WHEN cancelled THEN 'cancelled' ELSE 'scheduled' END, '', settled, settled
FROM large_showtimes CROSS JOIN LATERAL (SELECT CASE WHEN cancelled THEN %(at)s::timestamptz END AS settled) AS time
ORDER BY id
"""
_CUSTOMERS = """
INSERT INTO customers (user_id, email, as_of) SELECT id, email, joined_at FROM large_users ORDER BY id
"""
_MADE = """
CREATE TEMPORARY TABLE made ON COMMIT DROP AS SELECT * FROM large_bookings ORDER BY id
"""
# What used a code says so line by line: of the first seat a tenth was taken off.
_BOOKINGS = """
INSERT INTO bookings (id, reference, user_id, showtime_id, showtime_revision, terms, status, payment_status, payment_id,
    card_last4, with_card, total_amount, refunded_amount, currency, hold_expires_at, created_at, ticket, seat_tickets,
    lines)
SELECT id, reference, user_id, showtime_id, 1, '{}', CASE WHEN cancelled THEN 'CANCELLED' ELSE 'CONFIRMED' END,
       CASE WHEN cancelled THEN 'refunded' ELSE 'captured' END, payment_id, card_last4, true, 2400,
       CASE WHEN cancelled THEN 2400 ELSE 0 END, 'EUR', sold_at + interval '5 minutes', sold_at,
       CASE WHEN cancelled THEN '' ELSE repeat('t', 300) END, '{}', coalesce(cheaper, '[]')
FROM made LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('kind', kind, 'code', code, 'name', name, 'rate', 2000, 'net', net, 'tax', tax,
        'gross', net + tax, 'seat_id', pg_temp.large_id('2020-01-01Z', 3, screen * 1000 + seat))) AS cheaper
    FROM (VALUES
        (first_seat, 'ticket', 'adult', 'Adult', 1111, 222), (first_seat, 'discount', 'promo', 'Campaign 0', -111, -22),
        (first_seat + 1, 'ticket', 'adult', 'Adult', 1000, 200)
    ) AS line(seat, kind, code, name, net, tax)
) AS lines ON n %% 10 = 0
ORDER BY id
"""
_SEATS = """
INSERT INTO booking_seats (booking_id, showtime_id, seat_id, row, number, category, price_amount)
SELECT id, showtime_id, pg_temp.large_id('2020-01-01Z', 3, screen * 1000 + seat), chr((65 + seat / 10)::int),
       seat %% 10 + 1, 'standard', 1200
FROM made CROSS JOIN LATERAL (VALUES (first_seat), (first_seat + 1)) AS two(seat) ORDER BY id
"""
_SOLD = """
INSERT INTO seat_status (showtime_id, seat_id, status, booking_id)
SELECT showtime_id, pg_temp.large_id('2020-01-01Z', 3, screen * 1000 + seat), 'sold', id
FROM made CROSS JOIN LATERAL (VALUES (first_seat), (first_seat + 1)) AS two(seat) WHERE NOT cancelled ORDER BY 1, 2
"""
_HISTORY = """
INSERT INTO booking_history (booking_id, from_status, to_status, trigger, cause, actor, reason, message, at)
SELECT id, from_status, to_status, trigger, '', actor, '', '', sold_at + step * interval '1 second'
FROM made CROSS JOIN LATERAL (VALUES
    (0, '', 'PENDING', 'held', user_id::text), (2, 'PENDING', 'CONFIRMED', 'seats_sold', 'payment'),
    (5, 'CONFIRMED', 'CANCELLED', 'showtime_cancelled', 'catalog')
) AS steps(step, from_status, to_status, trigger, actor)
WHERE step < 5 OR cancelled ORDER BY id, step
"""
# Campaigns, of which the first has vouchers; each tenth booking used one, and what was cancelled gave it back.
_PROMOTIONS = """
INSERT INTO promotions (id, name, label, off, value, currency, ticket_types, theaters, movies, weekdays, min_tickets,
    created_at)
SELECT pg_temp.large_id('2020-01-01Z', 400, n), 'Campaign ' || n, 'Campaign ' || n, 'percent', 10, '', '{}', '{}', '{}',
       '{}', 1, %(at)s
FROM generate_series(0, least(%(bookings)s / 100, 500)) AS n
"""
_CODES = """
INSERT INTO promo_codes (id, promotion_id, digest, word, last4, most_uses, uses, created_at)
SELECT pg_temp.large_id('2020-01-01Z', 401, n), pg_temp.large_id('2020-01-01Z', 400, 0), sha256(n::text::bytea), '',
       lpad(n %% 10000 || '', 4, '0'), 1, 1, %(at)s
FROM generate_series(0, (%(bookings)s - 1) / 10) AS n
"""
_USES = """
INSERT INTO promo_uses (booking_id, code_id, promotion_id, user_id, seat_ids, given_back_at, counted)
SELECT id, pg_temp.large_id('2020-01-01Z', 401, n / 10), pg_temp.large_id('2020-01-01Z', 400, 0), user_id,
       ARRAY[pg_temp.large_id('2020-01-01Z', 3, screen * 1000 + first_seat)], CASE WHEN cancelled THEN sold_at END, true
FROM made WHERE n %% 10 = 0 ORDER BY id
"""
# What was sold at the counter: in cash a note of fifty was handed over, the card machine printed a slip.
_COUNTER = """
INSERT INTO counter_sales (booking_id, method, slip, handed_amount, seller_id, seller, sold_at)
SELECT id, till, CASE till WHEN 'terminal' THEN n::text ELSE '' END, CASE till WHEN 'cash' THEN 5000 END,
       pg_temp.large_id('2021-01-01Z', 6, 0), 'person0', sold_at
FROM made WHERE till <> '' ORDER BY id
"""


class Command(LoadLarge):
    def statements(self) -> Sequence[tuple[str, str]]:
        return [
            ("screens", _SCREENS),
            ("showtimes", _SHOWTIMES),
            ("customers", _CUSTOMERS),
            ("made", _MADE),
            ("bookings", _BOOKINGS),
            ("booking_seats", _SEATS),
            ("seat_status", _SOLD),
            ("booking_history", _HISTORY),
            ("promotions", _PROMOTIONS),
            ("promo_codes", _CODES),
            ("promo_uses", _USES),
            ("counter_sales", _COUNTER),
        ]
