"""What the cinema's day looks like; gauges are renewed once a minute by the clock."""

from datetime import timedelta

from django.db import connection
from django.utils import timezone

from chassis.ids import first_uuid7_at
from chassis.telemetry import metrics

AUDITED = timedelta(hours=1)

ACTIVE = metrics.gauge("booking_active_count", "Bookings that hold seats and wait for their payment")
OVERDUE = metrics.gauge("booking_hold_overdue_seconds", "For how long the oldest hold has outlived its end")
SOLD = metrics.gauge(
    "showtime_sold_seats",
    "Seats sold of the ten best-selling showtimes of the next day",
    ["movie", "theater", "starts_at"],
)
VIOLATIONS = metrics.gauge("audit_violations", "What must never be, found among the last hour's rows", ["invariant"])
REACHED = metrics.counter("bookings_ended_total", "Bookings that reached a state", ["state"])
TICKETS = metrics.counter("tickets_issued_total", "Seats on issued tickets", ["movie"])
SAGA = metrics.histogram(
    "booking_saga_seconds",
    "From the hold to the captured payment",
    buckets=(0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0),
)

# Reads the index of open holds alone.
_HOLDS = """
    SELECT count(*), coalesce(greatest(extract(epoch FROM now() - min(hold_expires_at)), 0), 0)::float8
    FROM bookings WHERE status = 'PENDING'
"""
# Showtime by showtime of one day, and booking by booking of one hour: LATERAL with OFFSET 0 is a few pages of an index
# for each of them, where the planner would rather read through all that was ever sold.
_BEST_SELLERS = """
    SELECT movie_title, theater_name, starts_at, seats.sold
    FROM showtimes CROSS JOIN LATERAL (
        SELECT count(*) AS sold FROM seat_status
        WHERE seat_status.showtime_id = showtimes.id AND status = 'sold' OFFSET 0
    ) AS seats
    WHERE starts_at BETWEEN now() AND now() + interval '1 day' AND seats.sold > 0
    ORDER BY seats.sold DESC, showtimes.id LIMIT 10
"""
_SEATS_LOST = """
    SELECT count(*)
    FROM bookings
    CROSS JOIN LATERAL (
        SELECT showtime_id, coalesce(moved_to, seat_id) AS seat_id FROM booking_seats
        WHERE booking_id = bookings.id AND given_back_at IS NULL OFFSET 0
    ) AS bought
    LEFT JOIN LATERAL (
        SELECT status, booking_id FROM seat_status
        WHERE seat_status.showtime_id = bought.showtime_id AND seat_status.seat_id = bought.seat_id OFFSET 0
    ) AS kept ON true
    WHERE bookings.id >= %s AND bookings.status = 'CONFIRMED'
      AND (kept.status IS DISTINCT FROM 'sold' OR kept.booking_id IS DISTINCT FROM bookings.id)
"""


def measure() -> None:
    """Sets the gauges from the database, so that it does not matter which process does it."""
    with connection.cursor() as cursor:
        cursor.execute(_HOLDS)
        active, overdue = cursor.fetchone()
        cursor.execute(_BEST_SELLERS)
        best_sellers = cursor.fetchall()
        cursor.execute(_SEATS_LOST, [first_uuid7_at(timezone.now() - AUDITED)])
        (seats_lost,) = cursor.fetchone()
    ACTIVE.set(active)
    OVERDUE.set(overdue)
    VIOLATIONS.labels("a confirmed booking has its seats").set(seats_lost)
    for movie, theater, starts_at, seats in best_sellers:
        SOLD.labels(movie, theater, f"{starts_at:%Y-%m-%dT%H:%MZ}").set(seats)
