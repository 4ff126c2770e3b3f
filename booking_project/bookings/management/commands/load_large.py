"""Booking's part of the large world; catalog, auth, payment and notify load the same ids."""

from collections.abc import Sequence
from typing import ClassVar

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
# A screen shows every three hours; what is to come is two weeks, or a third of all.
_SHOWTIMES = """
INSERT INTO showtimes (id, revision, screen_id, screen_name, movie_id, movie_title, theater_id, theater_name, time_zone,
    starts_at, ends_at, format, language, currency, prices, rules, status, cancellation_message, settled_at, swept_at)
SELECT pg_temp.large_id(starts_at - interval '14 days', 4, n), 1, pg_temp.large_id('2020-01-01Z', 2, screen),
       'Hall ' || screen %% 10 + 1, pg_temp.large_id('2020-01-01Z', 5, n %% %(movies)s), 'Film ' || n %% %(movies)s,
       pg_temp.large_id('2020-01-01Z', 1, screen / 10), 'House ' || screen / 10, 'Europe/Berlin',
       starts_at, starts_at + interval '2 hours', '2D', 'en', 'EUR', '{"standard": 1200}', '{}',
       CASE WHEN n %% 20 = 7 THEN 'cancelled' ELSE 'scheduled' END, '', settled, settled
FROM generate_series(0, %(showtimes)s - 1) AS n
CROSS JOIN LATERAL (SELECT n %% (%(theaters)s * 10) AS screen, n / (%(theaters)s * 10) AS slot,
    %(showtimes)s / (%(theaters)s * 10) AS slots) AS place
CROSS JOIN LATERAL (
    SELECT %(at)s::timestamptz + (slot - slots + least(slots / 3, 112)) * interval '3 hours' AS starts_at,
           CASE WHEN n %% 20 = 7 THEN %(at)s::timestamptz END AS settled
) AS time
"""
_CUSTOMERS = """
INSERT INTO customers (user_id, email, as_of)
SELECT pg_temp.large_id('2021-01-01Z', 6, n), 'person' || n || '@example.com', '2021-01-01Z'
FROM generate_series(0, %(users)s - 1) AS n
"""
# Four bookings of two seats for each fourth showtime. Those of showtimes to come were made in the last two weeks.
_MADE = """
CREATE TEMPORARY TABLE made ON COMMIT DROP AS
SELECT b, pg_temp.large_id(created_at, 7, b) AS id, showtimes.id AS showtime_id, screen, created_at,
       b %% 4 + b / %(showtimes)s * 4 AS place, showtimes.status = 'cancelled' AS cancelled,
       pg_temp.large_id('2021-01-01Z', 6, b %% %(users)s) AS user_id
FROM generate_series(0, %(bookings)s - 1) AS b
CROSS JOIN LATERAL (SELECT (b / 4 * 4 + b / 4 %% 4) %% %(showtimes)s AS n) AS which
CROSS JOIN LATERAL (SELECT n %% (%(theaters)s * 10) AS screen, n / (%(theaters)s * 10) AS slot,
    %(showtimes)s / (%(theaters)s * 10) AS slots) AS place
CROSS JOIN LATERAL (
    SELECT %(at)s::timestamptz + (slot - slots + least(slots / 3, 112)) * interval '3 hours' AS starts_at
) AS time
CROSS JOIN LATERAL (
    SELECT least(time.starts_at - interval '2 days', %(at)s::timestamptz) - b * 37 %% (14 * 86400) * interval '1 second'
        AS created_at
) AS sale
JOIN showtimes ON showtimes.id = pg_temp.large_id(time.starts_at - interval '14 days', 4, n)
"""
_BOOKINGS = """
INSERT INTO bookings (id, reference, user_id, showtime_id, showtime_revision, terms, status, payment_status, payment_id,
    card_last4, with_card, total_amount, refunded_amount, currency, hold_expires_at, created_at, ticket, seat_tickets)
SELECT id, 'L' || lpad(b::text, 9, '0'), user_id, showtime_id, 1, '{}',
       CASE WHEN cancelled THEN 'CANCELLED' ELSE 'CONFIRMED' END,
       CASE WHEN cancelled THEN 'refunded' ELSE 'captured' END,
       pg_temp.large_id(created_at, 8, b), lpad((b %% 10000)::text, 4, '0'), true, 2400,
       CASE WHEN cancelled THEN 2400 ELSE 0 END, 'EUR', created_at + interval '5 minutes', created_at,
       CASE WHEN cancelled THEN '' ELSE repeat('t', 300) END, '{}'
FROM made ORDER BY id
"""
_SEATS = """
INSERT INTO booking_seats (booking_id, showtime_id, seat_id, row, number, category, price_amount)
SELECT id, showtime_id, pg_temp.large_id('2020-01-01Z', 3, screen * 1000 + seat), chr((65 + seat / 10)::int),
       seat %% 10 + 1, 'standard', 1200
FROM made CROSS JOIN LATERAL (VALUES (place * 2), (place * 2 + 1)) AS two(seat) ORDER BY id
"""
_SOLD = """
INSERT INTO seat_status (showtime_id, seat_id, status, booking_id)
SELECT showtime_id, pg_temp.large_id('2020-01-01Z', 3, screen * 1000 + seat), 'sold', id
FROM made CROSS JOIN LATERAL (VALUES (place * 2), (place * 2 + 1)) AS two(seat) WHERE NOT cancelled ORDER BY id
"""
_HISTORY = """
INSERT INTO booking_history (booking_id, from_status, to_status, trigger, cause, actor, reason, message, at)
SELECT id, from_status, to_status, trigger, '', actor, '', '', created_at + step * interval '1 second'
FROM made CROSS JOIN LATERAL (VALUES
    (0, '', 'PENDING', 'held', user_id::text), (1, 'PENDING', 'CONFIRMED', 'seats_sold', 'payment'),
    (2, 'CONFIRMED', 'CANCELLED', 'showtime_cancelled', 'catalog')
) AS steps(step, from_status, to_status, trigger, actor)
WHERE step < 2 OR cancelled ORDER BY id, step
"""


class Command(LoadLarge):
    sizes: ClassVar = {
        "theaters": 5, "movies": 10_000, "showtimes": 1_000_000, "bookings": 1_000_000, "users": 500_000
    }  # fmt: skip

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
        ]
