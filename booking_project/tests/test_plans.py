"""What staff open and what everybody reads costs the same however much history there is, in pages of the database."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone

from bookings import offers, tasks
from bookings.inventory import CodeUse
from bookings.models import Booking, BookingTransition, PromoCode, Promotion, PromoUse
from bookings.promo_errors import PromoCodeUsedUp
from chassis import testing_staff
from chassis.ids import uuid7
from chassis.storage.models import InboxMessage, OutboxMessage
from chassis.testing_costs import assert_bounded, files, lists, lists_at_theaters, reads
from chassis.testing_database import large_theater
from chassis.testing_plans import buffers, costs, many_partitions, scanned
from chassis.testing_staff import enter
from chassis.web.staff import local_user

PARTITIONED = ("booking_history", "outbox", "inbox")


def test_every_list_of_staff_costs_what_it_shows(long_history):
    assert_bounded(lists(local_user("root", {"admin"})))


def test_the_lists_of_somebody_limited_to_a_theater_cost_no_more(long_history):
    limited = testing_staff.staff_token("admin", theaters=frozenset({large_theater(1)}))
    assert_bounded(lists_at_theaters(local_user("root", {"admin"}), limited))


def test_what_customers_and_staff_read_costs_what_it_shows(long_history, sign_in):
    booking = Booking.objects.order_by("-id")[0]
    own = ["/bookings", f"/bookings/{booking.id}", f"/bookings/{booking.id}/history"]
    assert_bounded(reads(sign_in(user_id=booking.user_id), own), rows=1000)
    email = f"person{int(booking.reference[1:]) % 20_000}@example.com"
    promotion = f"/promotions/{PromoCode.objects.order_by('-id')[0].promotion_id}"
    promoted = ["/promotions", f"{promotion}/codes", f"{promotion}/uses"]
    assert_bounded(reads(sign_in(("support",)), promoted), rows=1000)
    assert_bounded(files(sign_in(("support",)), ["/promotions:export"]), rows=1000)
    found = [f"/bookings?{by}" for by in (f"reference={booking.reference}", f"email={email}")]
    seats = f"/showtimes/{booking.showtime_id}/seats"
    moved = [f"{seats}/in-screen/{booking.showtime.screen_id}", f"/showtimes/{booking.showtime_id}/tickets/revoked"]
    assert_bounded(reads(sign_in(("support",)), [*found, seats, *moved]), rows=1000)


def test_the_pages_of_the_desk_cost_what_they_show(long_history, client):
    enter(client, "support")
    showtime = Booking.objects.order_by("-id")[0].showtime
    day = showtime.starts_at.astimezone(ZoneInfo(showtime.time_zone)).date()
    evening = [f"{page}/?day={day}&theater={showtime.theater_id}" for page in ("tonight", "panels/tonight", "door")]
    yesterday = timezone.now().date() - timedelta(days=1)
    days = f"first={yesterday - timedelta(days=30)}&last={yesterday}&by=day&by=theater&by=film"
    doors = [f"door/{showtime.id}/", f"door/{showtime.id}/codes/", f"showtimes/{showtime.id}/map/"]
    seat = showtime.bookings.order_by("-id")[0].seats.all()[0].seat_id
    doors.append(f"showtimes/{showtime.id}/counter/?seat={seat}")
    assert_bounded(reads(client, [f"/admin/booking/{page}" for page in (*evening, *doors)], wanted=2000), rows=3000)
    tasks.forget_seats()
    enter(client, "manager")
    assert_bounded(reads(client, [f"/admin/booking/panels/occupancy/?{days}"], wanted=2000), rows=8000)


def test_a_hold_and_its_sale_cost_the_same_however_long_history_is_kept(hold, deliver):
    def sale(place: int) -> int:
        with costs() as made:
            booking = hold(place)
            deliver(
                "payment.authorized",
                booking_id=str(booking.id),
                payment_id=str(uuid7()),
                user_id=str(booking.user_id),
            )
        assert {name for cost in made for name in scanned(cost) if name.startswith(PARTITIONED)} == set()
        return buffers(made)

    few = max(sale(0), sale(1))
    many_partitions(BookingTransition.partitions, OutboxMessage.partitions, InboxMessage.partitions)
    assert min(sale(2), sale(3)) <= few


def test_whether_a_customer_had_a_promotion_often_enough_costs_the_same_however_many_had_it(long_history):
    code = PromoCode.objects.order_by("-id")[0]
    Promotion.objects.filter(id=code.promotion_id).update(most_per_customer=3)
    assert PromoUse.objects.filter(promotion=code.promotion_id).count() > 1000
    frequent = PromoUse.objects.order_by("-booking")[0].user_id
    use = "SELECT use_promo_code(%s, %s, %s, '{}')"
    with connection.cursor() as cursor:
        cursor.execute(use, [code.id, uuid7(), uuid7()])  # a function is read in when it is called first
        for customer in (frequent, uuid7()):
            with costs() as made:
                cursor.execute(use, [code.id, uuid7(), customer])
            assert buffers(made) <= 40
    asked = CodeUse(code.id, code.promotion_id, "", counted=True, seats=[])
    with costs() as made, pytest.raises(PromoCodeUsedUp):
        offers.refuse_used_up(asked, user_id=frequent)
    assert buffers(made) <= 40


def test_the_history_of_a_booking_is_looked_for_in_its_own_weeks(hold):
    booking = hold(0)
    many_partitions(BookingTransition.partitions)
    with costs() as made:
        assert len(booking.history.all()) == 1
    assert {name for cost in made for name in scanned(cost)} == {"booking_history_first"}


def test_what_the_desk_shows_costs_what_it_shows(long_history, client):
    testing_staff.enter(client, "support")
    booking = Booking.objects.exclude(card_last4="").order_by("-id")[0]
    found = [booking.reference, booking.card_last4, booking.id, "person7@example.com", "Ada Vy", "4711"]
    pages = [
        f"bookings/{booking.id}/whole/",
        f"bookings/{booking.id}/exchange/",
        f"panels/customers/{booking.user_id}/bookings/",
        "panels/houses/",
        "panels/needs/",
        *(f"panels/search/?q={term}" for term in found),
    ]
    client.get("/admin/booking/panels/needs/")  # which makes the account that stands for them here
    assert_bounded(reads(client, [f"/admin/booking/{page}" for page in pages]), rows=1000)
