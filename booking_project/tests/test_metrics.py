from datetime import timedelta

from django.db import connection
from django.utils import timezone
from prometheus_client import REGISTRY

from bookings import metrics
from bookings.handlers import TICKS
from bookings.models import Booking, Showtime
from chassis.ids import uuid7


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_the_clock_measures_every_minute():
    assert metrics.measure.__name__ in {job.__name__ for job in TICKS["clock.minute"]}


def test_open_holds_are_counted_and_the_oldest_overdue_one_timed(hold):
    booking = hold(0)
    hold(1)
    metrics.measure()
    assert value("booking_active_count") == 2
    assert value("booking_hold_overdue_seconds") == 0
    Booking.objects.filter(id=booking.id).update(hold_expires_at=booking.created_at - timedelta(minutes=5))
    metrics.measure()
    assert value("booking_hold_overdue_seconds") >= 299


def test_a_sale_counts_its_tickets_once_and_its_time_from_the_hold(hold, deliver, django_capture_on_commit_callbacks):
    booking = hold(0, 1)
    told = {"booking_id": str(booking.id), "payment_id": str(uuid7()), "user_id": str(booking.user_id)}
    movie = Showtime.objects.get(id=booking.showtime_id).movie_title
    tickets, sagas = value("tickets_issued_total", movie=movie), value("booking_saga_seconds_count")
    with django_capture_on_commit_callbacks(execute=True):
        deliver("payment.authorized", **told)
        deliver("payment.completed", **told)
        deliver("payment.completed", **told)
    assert value("tickets_issued_total", movie=movie) == tickets + 2
    assert value("booking_saga_seconds_count") == sagas + 1


def test_the_best_selling_showtimes_are_told_with_their_seats(paid):
    Showtime.objects.filter(id=paid.showtime_id).update(starts_at=timezone.now() + timedelta(hours=3))
    showtime = Showtime.objects.get(id=paid.showtime_id)
    metrics.measure()
    labels = {"movie": showtime.movie_title, "theater": showtime.theater_name}
    assert value("showtime_sold_seats", **labels, starts_at=f"{showtime.starts_at:%Y-%m-%dT%H:%MZ}") == 2


def test_a_confirmed_booking_that_lost_a_seat_is_a_violation(paid):
    invariant = "a confirmed booking has its seats"
    metrics.measure()
    assert value("audit_violations", invariant=invariant) == 0
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM seat_status WHERE seat_id = (SELECT min(seat_id::text)::uuid FROM booking_seats)")
    metrics.measure()
    assert value("audit_violations", invariant=invariant) == 1
