"""The desk's panels of bookings, a booking whole, and the page on which staff exchange one."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from factories import ShowtimeFactory, seat_ids
from seated import USHER, another, let_them_sit_down

from bookings.models import Booking, Customer, Showtime
from bookings.seat_changes import change_seats
from chassis import testing_staff
from chassis.ids import uuid7
from chassis.messaging.dead_letters import DeadLetters
from chassis.storage.models import AuditRecord

BY_SCRIPT = {"HX-Request": "true"}
PANELS = "/admin/booking/panels"


@pytest.fixture
def support(client: Client, db: None) -> Client:
    testing_staff.enter(client, "support", username="linh")
    return client


def read(browser: Client, address: str) -> str:
    answer = browser.get(address, headers=BY_SCRIPT)
    assert answer.status_code == 200, (address, answer.status_code)
    return answer.content.decode()


def test_a_booking_whole_says_what_it_is_and_what_happened_by_the_clock_of_its_theater(
    support: Client, bought: Any
) -> None:
    booking = bought(0, 1)
    Customer.objects.create(user_id=booking.user_id, email="ada@example.com", as_of=timezone.now())
    page = read(support, f"/admin/booking/bookings/{booking.id}/whole/")
    for said in (booking.reference, "A1", "A2", "seats held", "seats sold", "ada@example.com", "Asia/Ho_Chi_Minh"):
        assert said in page, said
    for panel in (
        f"/admin/auth/panels/customers/{booking.user_id}/person/",
        f"/admin/payment/panels/bookings/{booking.id}/money/?zone=Asia%2FHo_Chi_Minh",
        f"/admin/notify/panels/bookings/{booking.id}/steps/?zone=Asia%2FHo_Chi_Minh",
    ):
        assert f'hx-get="{panel}"' in page
    assert support.get(f"/admin/booking/bookings/{uuid7()}/whole/").status_code == 404


def test_the_line_of_time_says_which_seat_became_which(
    support: Client, bought: Any, showtime: Showtime, move: Any
) -> None:
    one, other, ids = bought(0), bought(1), seat_ids(showtime)
    change_seats(places={one.id: {ids[0]: ids[1]}, other.id: {ids[1]: ids[0]}}, actor=USHER, reason="the view")
    change_seats(places={one.id: {ids[1]: ids[10]}}, actor=USHER, reason="broken")
    move(screen=another(showtime))
    let_them_sit_down()
    pages = [read(support, f"/admin/booking/bookings/{each.id}/whole/") for each in (one, other)]
    for said in ("A1 → A2; the view", "A2 → B3; broken", "B3 → B3; Hall 1 → Hall 2"):
        assert said in pages[0], said
    assert "A2 → A1; the view" in pages[1]


def test_seats_of_a_booking_that_has_ended_are_nobodys(support: Client, bought: Any) -> None:
    booking = bought(0)
    place = f"/admin/booking/bookings/{booking.id}/whole/"
    assert "the customer&#x27;s" in read(support, place)
    Booking.objects.filter(id=booking.id).update(status="CANCELLED", ticket="")
    page = read(support, place)
    assert "free again" in page
    assert "the customer&#x27;s" not in page


def test_a_booking_whole_costs_the_same_however_much_happened(
    support: Client, bought: Any, move: Any, django_assert_max_num_queries: Any
) -> None:
    booking = bought(0, 1, 2, 3)
    place = f"/admin/booking/bookings/{booking.id}/whole/"
    read(support, place)  # which makes the account that stands for them here
    for _ in range(3):
        move(timedelta(hours=1))
    with django_assert_max_num_queries(12):
        read(support, place)


@pytest.mark.parametrize("by", ["reference", "id", "user_id", "card", "address"])
def test_a_booking_is_found_by_what_staff_know_of_it(support: Client, bought: Any, by: str) -> None:
    booking, other = bought(0), bought(1)
    Booking.objects.filter(id=booking.id).update(card_last4="4711")
    Customer.objects.create(user_id=booking.user_id, email="ada@example.com", as_of=timezone.now())
    term = {"card": "4711", "address": "ada@example.com"}.get(by) or str(getattr(booking, by))
    answer = support.get(f"{PANELS}/search/?q={term}", headers=BY_SCRIPT)
    whole = f"/admin/booking/bookings/{booking.id}/whole/"
    if by == "reference":
        # Nothing else can be meant: its page is opened at once.
        assert answer["HX-Redirect"] == whole
        answer = support.get(f"{PANELS}/search/?q={term.lower()}")
    page = answer.content.decode()
    assert whole in page
    assert str(other.id) not in page


def test_somebodys_bookings_lead_to_each_of_them(support: Client, bought: Any) -> None:
    user_id = uuid7()
    own, other = [bought(place, user_id=user_id) for place in (0, 1)], bought(2)
    page = read(support, f"{PANELS}/customers/{user_id}/bookings/")
    assert all(f"/admin/booking/bookings/{booking.id}/whole/" in page for booking in own)
    assert other.reference not in page
    assert "None." in read(support, f"{PANELS}/customers/{uuid7()}/bookings/")


def test_tonight_adds_up_each_theater_by_its_own_day(support: Client, bought: Any, showtime: Showtime) -> None:
    bought(0, 1)
    assert "Nothing is shown today" in read(support, f"{PANELS}/houses/")
    Showtime.objects.update(starts_at=timezone.now())
    ShowtimeFactory(theater_id=showtime.theater_id, starts_at=timezone.now())
    ShowtimeFactory(theater_name="Odeon", starts_at=timezone.now(), status="cancelled")
    page = " ".join(read(support, f"{PANELS}/houses/").split())
    assert "<td>2</td> <td>2 of 80</td>" in page
    assert f'<a href="/admin/booking/tonight/?theater={showtime.theater_id}">' in page
    assert "Odeon" not in page


def test_a_hold_that_nobody_swept_needs_somebody(
    support: Client, hold: Any, let_hold_end: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DeadLetters, "counts", lambda _: {"booking.dead": 0})
    let_hold_end(hold(0))
    assert "Nothing waits" in read(support, f"{PANELS}/needs/")
    Booking.objects.update(hold_expires_at=timezone.now() - timedelta(minutes=2))
    page = read(support, f"{PANELS}/needs/")
    assert "<strong>1</strong> hold that ended" in page
    assert "/admin/booking/bookings/booking/?status__exact=PENDING" in page


class TestExchange:
    @pytest.fixture
    def later(self, showtime: Showtime) -> Showtime:
        """Another showtime of the same film at the same theater."""
        return ShowtimeFactory(
            movie_id=showtime.movie_id, theater_id=showtime.theater_id, starts_at=timezone.now() + timedelta(days=5)
        )

    def test_leads_from_a_showtime_over_its_seats_and_a_quote_to_a_hold_with_a_reason(
        self, support: Client, bought: Any, later: Showtime
    ) -> None:
        booking, seats = bought(0), seat_ids(later)
        place = f"/admin/booking/bookings/{booking.id}/exchange/"
        assert f"?showtime={later.id}" in read(support, place)
        assert f'value="{seats[3]}"' in read(support, f"{place}?showtime={later.id}")
        quote = read(support, f"{place}?showtime={later.id}&seat={seats[3]}&seat={seats[4]}")
        assert "180,000 VND" in quote
        assert "<strong>90,000 VND</strong>" in quote
        wanted = {"showtime": str(later.id), "seat": [str(seats[3]), str(seats[4])]}
        refused = support.post(place, {**wanted, "reason": " "})
        assert "Say why" in refused.content.decode()
        assert Booking.objects.count() == 1
        answer = support.post(place, {**wanted, "reason": "wrong evening"})
        held = Booking.objects.get(exchange_of=booking.id)
        assert answer["Location"] == f"/admin/booking/bookings/{held.id}/whole/"
        assert (held.user_id, held.carried) == (booking.user_id, 90000)
        said = AuditRecord.objects.get(action="booking.exchange_begun")
        assert (said.actor_name, said.subject_id, said.reason) == ("linh", str(booking.id), "wrong evening")
        page = read(support, f"/admin/booking/bookings/{held.id}/whole/")
        assert "Exchanged for this one" in page

    def test_what_stands_against_it_is_said_and_nothing_is_held(
        self, support: Client, bought: Any, hold: Any, later: Showtime
    ) -> None:
        place = "/admin/booking/bookings/{}/exchange/".format
        unpaid, paid = hold(0), bought(1)
        other_film = ShowtimeFactory(theater_id=later.theater_id)
        for booking, showtime, said in (
            (unpaid, later, "Only what is paid is exchanged."),
            (paid, other_film, "another showtime of the same film"),
        ):
            form = {"showtime": str(showtime.id), "seat": [str(seat_ids(showtime)[0])], "reason": "so"}
            page = support.post(place(booking.id), form, follow=True).content.decode()
            assert said in page
        assert not Booking.objects.exclude(exchange_of=None).exists()
        for odd in ("?showtime=x", f"?showtime={later.id}&seat=x", f"?showtime={uuid7()}"):
            assert support.get(place(paid.id) + odd).status_code in {200, 302}
