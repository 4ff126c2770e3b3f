"""What managers see and do, through Django's own admin pages."""

import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from factories import (
    PLAN,
    PRICES,
    MovieFactory,
    PriceListFactory,
    ScreenFactory,
    ShowtimeFactory,
    TheaterFactory,
    TicketTypeFactory,
    next_week,
)

from catalog.domain import OccupancyState
from catalog.layouts import read_plan
from catalog.models import Movie, Screen, Showtime, Theater
from catalog.occupancy import Occupancy, record_occupancy
from chassis.ids import uuid7

pytestmark = pytest.mark.django_db

MOVIE = {
    "title": "The Tide Clock",
    "synopsis": "A clock runs fast.",
    "duration_minutes": 118,
    "rating": "T13",
    "genres": "mystery,drama",
    "languages": "en,vi",
    "release_date": "2026-11-11",
    "poster_url": "",
    "texts-TOTAL_FORMS": "0",
    "texts-INITIAL_FORMS": "0",
}
THEATER = {
    "name": "Marquee Spreebogen",
    "city": "Berlin",
    "address": "Alt-Moabit 98",
    "time_zone": "Europe/Berlin",
    "currency": "EUR",
    "cleaning_minutes": 20,
    "cancellation_cutoff_minutes": 60,
    "cancellation_fee_percent": "",
    "orphan_seat_rule": "on",
    "accessible_places": "on_request",
    "tax_included": "on",
    "ticket_tax": 700,
    "fee_tax": 1900,
}


def staff(group: str) -> Client:
    user = User.objects.create(username=group, is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def manager() -> Client:
    return staff("manager")


def address(page: str, *args: Any) -> str:
    return reverse(f"admin:catalog_{page}", args=args)


def saved(answer: Any) -> None:
    assert answer.status_code == 302, answer.context["adminform"].form.errors if answer.context else answer


def complaints(answer: Any) -> dict[str, list[str]]:
    assert answer.status_code == 200
    return dict(answer.context["adminform"].form.errors)


def showtime_form(**fields: Any) -> dict[str, Any]:
    start = next_week(12)
    return {
        "starts_at_0": f"{start:%Y-%m-%d}",
        "starts_at_1": "20:15",
        "format": "2D",
        "language": "vi",
        **{f"price_{category}": amount for category, amount in PRICES.items()},
        **fields,
    }


def test_the_day_and_the_time_that_a_showtime_starts_at_are_told_apart(manager: Client) -> None:
    """The label is that of both."""
    page = manager.get(address("showtime_add")).content.decode()
    for name, said in (("starts_at_0", "Day it starts"), ("starts_at_1", "Time it starts")):
        [field] = re.findall(rf'<input[^>]*name="{name}"[^>]*>', page)
        assert f'aria-label="{said}"' in field


def test_a_manager_adds_a_film_a_house_a_hall_and_a_showtime(manager: Client, emitted: Any) -> None:
    saved(manager.post(address("movie_add"), MOVIE))
    saved(manager.post(address("theater_add"), THEATER))
    theater = Theater.objects.get()
    saved(manager.post(address("screen_add"), {"theater": theater.id, "name": "Saal 1", "plan": PLAN.strip("\n")}))
    screen = Screen.objects.get()
    prices = {f"price_{category}": "12.50" for category in PRICES}
    wanted = showtime_form(movie=Movie.objects.get().id, screen=screen.id, language="en", **prices)
    saved(manager.post(address("showtime_add"), wanted))
    showtime = Showtime.objects.get()
    local = showtime.starts_at.astimezone(ZoneInfo("Europe/Berlin"))
    assert f"{local:%Y-%m-%d %H:%M}" == f"{wanted['starts_at_0']} 20:15"
    assert showtime.prices.get(category="standard").amount == 1250
    told = ["movie.added", "theater.added", "screen.updated", "showtime.scheduled"]
    assert [event.type for event in emitted()] == told
    assert Movie.objects.get().genres == ["mystery", "drama"]


def test_what_a_service_refuses_is_told_beside_the_field(manager: Client, showtime: Showtime) -> None:
    zone = ZoneInfo(showtime.theater.time_zone)
    local: datetime = showtime.starts_at.astimezone(zone)
    wanted = showtime_form(
        movie=showtime.movie_id,
        screen=showtime.screen_id,
        starts_at_0=f"{local:%Y-%m-%d}",
        starts_at_1=f"{local:%H:%M}",
    )
    (overlap,) = complaints(manager.post(address("showtime_add"), wanted))["__all__"]
    assert showtime.movie.title in overlap
    later = {**wanted, "starts_at_0": "2020-01-01"}
    assert list(complaints(manager.post(address("showtime_add"), later))) == ["starts_at"]
    assert list(complaints(manager.post(address("showtime_add"), {**wanted, "language": "fr"}))) == ["language"]
    finer = {**wanted, "price_standard": "0.5"}
    assert list(complaints(manager.post(address("showtime_add"), finer))) == ["price_standard"]
    assert "couple" in str(complaints(manager.post(address("showtime_add"), {**wanted, "price_couple": ""})))
    assert Showtime.objects.count() == 1


def test_the_form_refuses_another_time_zone_of_what_is_sold(manager: Client, showtime: Showtime) -> None:
    record_occupancy([Occupancy(uuid7(), showtime.id, 1, OccupancyState.SOLD)])
    theater = showtime.theater
    wanted = {**THEATER, "currency": theater.currency, "time_zone": "Asia/Tokyo"}
    (refusal,) = complaints(manager.post(address("theater_change", theater.id), wanted))["__all__"]
    assert "time zone" in refusal
    saved(manager.post(address("theater_change", theater.id), {**wanted, "time_zone": theater.time_zone}))


def test_a_form_that_is_refused_leaves_nothing_behind(manager: Client, emitted: Any) -> None:
    screen = ScreenFactory()
    form = {"theater": screen.theater_id, "name": screen.name, "plan": "A ss"}
    assert "already exists" in str(complaints(manager.post(address("screen_add"), form))["__all__"])
    assert complaints(manager.post(address("screen_add"), {**form, "name": "B", "plan": "A s?"})) == {
        "plan": ["Line 1: '?' is none of spcwk.."]
    }
    assert emitted() == []
    assert Screen.objects.count() == 1


def test_a_showtime_is_changed_in_the_time_and_money_of_its_theater(
    manager: Client, showtime: Showtime, emitted: Any
) -> None:
    page = manager.get(address("showtime_change", showtime.id))
    form = page.context["adminform"].form
    local = showtime.starts_at.astimezone(ZoneInfo(showtime.theater.time_zone))
    assert form.initial["starts_at"] == local.replace(tzinfo=None)
    assert form.initial["price_standard"] == 90_000
    wanted = showtime_form(starts_at_0=f"{local:%Y-%m-%d}", starts_at_1=f"{local:%H:%M}", price_standard="99000")
    saved(manager.post(address("showtime_change", showtime.id), wanted))
    (event,) = emitted("showtime.updated")
    assert event.data["prices"]["standard"] == 99_000
    assert Showtime.objects.get().starts_at == showtime.starts_at


def test_a_hall_is_shown_as_a_picture_and_drawn_anew(manager: Client, emitted: Any) -> None:
    screen = ScreenFactory()
    page = manager.get(address("screen_change", screen.id)).content.decode()
    assert page.count("<rect ") == 14
    assert "C6 · couple" in page
    assert "C  pp.cccc" in page
    saved(manager.post(address("screen_change", screen.id), {"name": screen.name, "plan": "A ss\r\nB cc"}))
    screen.refresh_from_db()
    assert (screen.seat_count, screen.revision) == (4, 2)
    assert len(emitted("screen.updated")) == 1


def test_saving_a_hall_as_it_is_changes_nothing(manager: Client, emitted: Any) -> None:
    screen = ScreenFactory()
    page = manager.get(address("screen_change", screen.id))
    plan = page.context["adminform"].form["plan"].value()
    saved(manager.post(address("screen_change", screen.id), {"name": screen.name, "plan": plan.replace("\n", "\r\n")}))
    assert emitted() == []


def test_showtimes_are_cancelled_together_with_a_reason(manager: Client, emitted: Any) -> None:
    showtimes = [ShowtimeFactory() for _ in range(2)]
    chosen = {"action": "cancel", "_selected_action": [str(showtime.id) for showtime in showtimes]}
    asked = manager.post(address("showtime_changelist"), chosen)
    assert asked.status_code == 200
    assert "Cancel these showtimes" in asked.content.decode()
    assert emitted() == []
    manager.post(address("showtime_changelist"), {**chosen, "reason": "Power cut"})
    assert [event.data["reason"] for event in emitted("showtime.cancelled")] == ["Power cut"] * 2
    assert set(Showtime.objects.values_list("status", flat=True)) == {"cancelled"}


def sell(showtime: Showtime, *parties: int) -> None:
    record_occupancy([Occupancy(uuid7(), showtime.id, people, OccupancyState.SOLD) for people in parties])


def test_who_cancels_is_told_first_whom_it_touches(manager: Client, showtime: Showtime) -> None:
    sell(showtime, 2, 3)
    chosen = {"action": "cancel", "_selected_action": [str(showtime.id), str(ShowtimeFactory().id)]}
    asked = manager.post(address("showtime_changelist"), chosen).content.decode()
    assert "2 bookings, 5 people" in asked
    assert "nobody has booked" in asked


def test_moving_what_is_sold_takes_a_word_that_it_is_meant(manager: Client, showtime: Showtime, emitted: Any) -> None:
    sell(showtime, 4)
    later = next_week(13, days=8)
    wanted = showtime_form(starts_at_0=f"{later:%Y-%m-%d}")
    page = manager.get(address("showtime_change", showtime.id)).content.decode()
    assert "1 booking, 4 people" in page
    refused = complaints(manager.post(address("showtime_change", showtime.id), wanted))
    assert refused == {"move_sold": ["This moves 1 booking, 4 people. Tick it if that is meant."]}
    assert emitted() == []
    saved(manager.post(address("showtime_change", showtime.id), {**wanted, "move_sold": "on"}))
    assert len(emitted("showtime.updated")) == 1


def test_what_is_sold_moves_to_another_hall_with_a_word_of_who_finds_no_seat(
    manager: Client, showtime: Showtime, emitted: Any
) -> None:
    sell(showtime, 4)
    local = showtime.starts_at.astimezone(ZoneInfo(showtime.theater.time_zone))
    smaller = ScreenFactory(theater=showtime.theater, places=read_plan("A ww"))
    start = {"starts_at_0": f"{local:%Y-%m-%d}", "starts_at_1": f"{local:%H:%M}"}
    wanted = showtime_form(screen=smaller.id, **start)
    page = address("showtime_change", showtime.id)
    assert complaints(manager.post(page, wanted)) == {
        "move_sold": ["This moves 1 booking, 4 people. Tick it if that is meant."]
    }
    meant = {**wanted, "move_sold": "on"}
    assert "has fewer seats" in str(complaints(manager.post(page, meant))["__all__"])
    assert emitted() == []
    saved(manager.post(page, {**meant, "refund_without_seat": "on"}))
    (event,) = emitted("showtime.updated")
    assert event.data["screen"]["id"] == str(smaller.id)


def test_prices_of_what_is_sold_change_without_a_word(manager: Client, showtime: Showtime) -> None:
    sell(showtime, 4)
    local = showtime.starts_at.astimezone(ZoneInfo(showtime.theater.time_zone))
    same = {"starts_at_0": f"{local:%Y-%m-%d}", "starts_at_1": f"{local:%H:%M}"}
    saved(manager.post(address("showtime_change", showtime.id), showtime_form(**same, price_standard="99000")))


def test_halls_are_named_with_their_theater_and_times_with_their_clock(manager: Client) -> None:
    theater = TheaterFactory(name="Marquee Spreebogen", time_zone="Europe/Berlin", currency="EUR")
    start = datetime(2030, 1, 7, 19, 15, tzinfo=UTC)
    showtime = ShowtimeFactory(screen=ScreenFactory(theater=theater, name="Saal 1"), starts_at=start)
    clock, hall = "Mon 07 Jan 2030 20:15 Europe/Berlin", "Marquee Spreebogen, Saal 1"
    assert str(showtime).endswith(f"{hall} · {clock}")
    for asked in (address("showtime_changelist"), address("showtimeprice_changelist")):
        page = manager.get(asked).content.decode()
        assert clock in page
        assert hall in page
    page = manager.get(address("showtime_change", showtime.id)).content.decode()
    assert "Europe/Berlin, the theater's time." in page
    assert "UTC" not in page
    found = manager.get(
        "/admin/catalog/autocomplete/?app_label=catalog&model_name=showtime&field_name=screen&term=Saal"
    )
    assert [result["text"] for result in found.json()["results"]] == [hall]


def test_a_day_is_the_theater_s(manager: Client) -> None:
    """Half past midnight in Hanoi is half past six in the evening, of the day before, in Berlin."""
    start = datetime(2030, 1, 7, 17, 30, tzinfo=UTC)
    hanoi = ShowtimeFactory(starts_at=start)
    berlin = ShowtimeFactory(screen=ScreenFactory(theater__time_zone="Europe/Berlin"), starts_at=start)

    def on(day: str) -> list[Any]:
        answer = manager.get(address("showtime_changelist"), {"day": day})
        return [row.pk for row in answer.context["cl"].result_list]

    assert on("2030-01-07") == [berlin.pk]
    assert on("2030-01-08") == [hanoi.pk]
    assert on("today") == []
    assert manager.get(address("showtime_changelist"), {"day": "2030-13-01"}).status_code == 400


def test_a_price_is_written_as_people_write_it(manager: Client, showtime: Showtime) -> None:
    price = showtime.prices.get(category="standard")
    for asked in (address("showtimeprice_changelist"), address("showtimeprice_change", price.pk)):
        page = manager.get(asked).content.decode()
        assert "90,000 VND" in page
        assert "90000" not in page


def test_what_has_showtimes_is_not_deleted_and_what_has_none_is(manager: Client, showtime: Showtime) -> None:
    movie = MovieFactory()
    manager.post(address("movie_delete", movie.id), {"post": "yes"})
    manager.post(address("movie_delete", showtime.movie_id), {"post": "yes"})
    assert list(Movie.objects.values_list("id", flat=True)) == [showtime.movie_id]
    assert manager.get(address("showtime_delete", showtime.id)).status_code == 403


def test_a_showtime_that_is_cancelled_is_read_only(manager: Client) -> None:
    showtime = ShowtimeFactory(status="cancelled")
    page = manager.get(address("showtime_change", showtime.id))
    assert page.status_code == 200
    assert "<th>standard</th>" in page.content.decode()
    assert "90,000 VND" in page.content.decode()
    assert manager.post(address("showtime_change", showtime.id), showtime_form()).status_code == 403


PAGES = [
    *("movie", "theater", "screen", "showtime", "seat", "showtimeprice", "showtimeoccupancy"),
    *("tickettype", "pricelist"),
]


@pytest.mark.parametrize("page", PAGES)
def test_every_list_is_searched_and_read_without_a_query_per_row(page: str) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("root"), backend="django.contrib.auth.backends.ModelBackend")

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            answer = client.get(address(f"{page}_changelist"), {"q": "a"})
        assert answer.status_code == 200
        return len(captured)

    theater = TheaterFactory()
    ShowtimeFactory(screen=ScreenFactory(theater=theater, name="Hall a"), movie__title="a1")
    PriceListFactory(theater=theater)
    few = queries()
    for n in range(5):
        TicketTypeFactory(theater=theater)
        PriceListFactory(theater=theater)
        ShowtimeFactory(screen=ScreenFactory(theater=theater, name=f"Hall a{n}"), movie__title=f"a{n}")
    assert queries() <= few


def test_support_reads_and_changes_nothing(showtime: Showtime) -> None:
    client = staff("support")
    assert client.get(address("showtime_change", showtime.id)).status_code == 200
    assert client.post(address("showtime_change", showtime.id), showtime_form()).status_code == 403
    assert client.get(address("movie_add")).status_code == 403
