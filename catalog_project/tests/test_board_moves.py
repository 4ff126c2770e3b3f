"""What is done on the plan board: showtimes are moved, removed, priced, planned and copied."""

import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from boards import BERLIN, HANOI, at, dropped, read, shown, sold, typed
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from factories import (
    PLAN,
    PRICES,
    MovieFactory,
    PriceListFactory,
    ScreenFactory,
    ShowtimeFactory,
    TheaterFactory,
    follow,
    next_jump,
    next_week,
)

from catalog.board import moment_on
from catalog.drafts import price_drafts
from catalog.errors import PlanRefused
from catalog.layouts import read_plan
from catalog.models import Showtime
from chassis.storage.models import AuditRecord

pytestmark = pytest.mark.django_db


# A showtime is moved.


def test_a_draft_is_dropped_elsewhere_and_that_is_on_record(planner: Client, emitted: Any) -> None:
    theater = TheaterFactory()
    here, there = (ScreenFactory(theater=theater) for _ in range(2))
    draft = ShowtimeFactory(screen=here, status="draft", starts_at=at("19:00"))
    to = at("21:35", days=9)
    address = shown(theater, draft.starts_at, name="board_panel", days=7)
    panel = read(planner.post(address, dropped(draft, to, screen=there.pk)))
    draft.refresh_from_db()
    assert (draft.screen_id, draft.starts_at) == (there.pk, to)
    assert f"Moved: {draft}." in panel
    assert re.search(rf'value="{draft.pk}"[^>]*data-focus', panel)
    assert emitted() == []
    entry = AuditRecord.objects.get()
    assert (entry.action, entry.door, entry.subject_id) == ("showtime.changed", "admin", str(draft.pk))
    assert set(entry.after or {}) >= {"screen", "starts_at"}


def test_the_form_moves_it_without_a_script(planner: Client) -> None:
    draft = ShowtimeFactory(status="draft", starts_at=at("19:00"))
    address = shown(draft.theater, draft.starts_at)
    chosen = read(planner.get(f"{address}&showtime={draft.pk}"))
    assert 'value="19:00"' in chosen
    done = planner.post(address, typed(draft, at("20:20")), follow=True)
    assert "20:20" in read(done)
    assert done.redirect_chain == [(address, 302)]
    draft.refresh_from_db()
    assert draft.starts_at == at("20:20")


def test_what_has_the_screen_is_named_and_the_showtime_stays_where_it_was(planner: Client) -> None:
    screen = ScreenFactory(name="Hall 1")
    ShowtimeFactory(screen=screen, starts_at=at("20:00"), movie__title="The Tide Clock")
    draft = ShowtimeFactory(screen=screen, status="draft", starts_at=at("13:00"))
    for name, body in (("board_panel", dropped), ("board_panel", typed), ("board", typed)):
        page = read(planner.post(shown(screen.theater, draft.starts_at, name=name), body(draft, at("19:00"))))
        assert "Hall 1 shows The Tide Clock from 20:00 and is free again at 22:13." in page
        assert (f"{draft.movie} stays where it was." in page) is (body is dropped)
        assert f"--at:{13 * 60};" in page
    draft.refresh_from_db()
    assert (draft.starts_at, draft.revision) == (at("13:00"), 1)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"time": ""}, "Say a time."),
        ({"time": "25:61"}, "Enter a valid time."),
        ({"day": "x"}, "Enter a valid date."),
        ({"day": "2020-01-01"}, "A showtime starts in the future, within two years."),
        ({"revision": "7"}, "Somebody else has changed this showtime meanwhile"),
        ({"revision": ""}, "This field is required."),
        ({"screen": uuid4()}, "Select a valid choice."),
        ({"minute": "99999"}, "Ensure this value is less than or equal to 2160."),
        ({"showtime": uuid4()}, "This showtime is not planned here any more."),
        ({"showtime": "x"}, "This showtime is not planned here any more."),
        ({"do": "sing"}, "Nothing was done"),
    ],
)
def test_a_move_that_says_nothing_that_can_be_done_says_why(planner: Client, wrong: Any, says: str) -> None:
    draft = ShowtimeFactory(status="draft", starts_at=at("19:00"))
    address = shown(draft.theater, draft.starts_at, name="board_panel")
    assert says in read(planner.post(address, {**typed(draft, at("20:00")), **wrong}))
    draft.refresh_from_db()
    assert draft.revision == 1


def test_who_was_told_that_somebody_else_moved_it_may_move_it_from_there(planner: Client) -> None:
    draft = ShowtimeFactory(status="draft", starts_at=at("19:00"), revision=2)
    address = shown(draft.theater, draft.starts_at, name="board_panel")
    refused = read(planner.post(address, typed(draft, at("20:00"), revision=1)))
    assert "Somebody else has changed this showtime" in refused
    assert '<input type="hidden" name="revision" value="2">' in refused


def test_a_screen_of_another_house_is_no_place(planner: Client) -> None:
    draft = ShowtimeFactory(status="draft", starts_at=at("19:00"))
    elsewhere = ScreenFactory()
    address = shown(draft.theater, draft.starts_at, name="board_panel")
    assert "Select a valid choice." in read(planner.post(address, dropped(draft, at("19:00"), screen=elsewhere.pk)))
    gone = shown(elsewhere.theater, draft.starts_at, name="board_panel")
    assert "not planned here" in read(planner.post(gone, dropped(draft, at("20:00"))))


def test_by_the_form_a_time_that_is_none_or_twice_is_asked_about_and_by_the_board_it_is_one_moment(
    planner: Client,
) -> None:
    screen = ScreenFactory(theater=TheaterFactory(time_zone="Europe/Berlin"))
    march, october = next_jump(3), next_jump(10)
    draft = ShowtimeFactory(screen=screen, status="draft")
    address = shown(screen.theater, draft.starts_at, name="board_panel")

    def posted(day: datetime, **fields: Any) -> str:
        body = {**typed(draft, draft.starts_at), "day": f"{day:%Y-%m-%d}", "time": "02:30", **fields}
        return read(planner.post(address, body))

    assert "there is no such time" in posted(march)
    assert "show 02:30 twice" in posted(october)
    assert "Moved:" in posted(october, fold="1")
    draft.refresh_from_db()
    assert draft.starts_at.astimezone(BERLIN).utcoffset() == timedelta(hours=1)
    assert "Moved:" in posted(october, time="", minute=150, revision=2)
    draft.refresh_from_db()
    assert draft.starts_at.astimezone(BERLIN).utcoffset() == timedelta(hours=2)
    chosen = read(planner.get(f"{shown(screen.theater, draft.starts_at, name='board_showtime')}&showtime={draft.pk}"))
    assert re.search(r'<option value="0" selected>', chosen), "which of the two it is"


def test_moving_what_is_sold_asks_first_whom_it_touches_and_wants_a_reason(planner: Client, emitted: Any) -> None:
    showtime = ShowtimeFactory(starts_at=at("19:00"))
    sold(showtime, 3)
    address = shown(showtime.theater, showtime.starts_at, name="board_panel")
    body = dropped(showtime, at("20:00"))
    asked = read(planner.post(address, body))
    assert "1 booking, 3 people" in asked
    for told in (showtime.at_the_theater(at("19:00")), showtime.at_the_theater(at("20:00"))):
        assert told in asked, "what customers will read"
    assert "Seats and tickets stay as they are." in asked
    assert "Say why." in read(planner.post(address, {**body, "meant": "on"}))
    showtime.refresh_from_db()
    assert showtime.revision == 1
    assert emitted() == []
    assert "Moved:" in read(planner.post(address, {**body, "meant": "on", "reason": "The projector is late."}))
    showtime.refresh_from_db()
    assert showtime.starts_at == at("20:00")
    assert len(emitted("showtime.updated")) == 1
    assert AuditRecord.objects.get().reason == "The projector is late."


def test_a_screen_with_fewer_seats_is_asked_about_before_anybody_has_booked_too(planner: Client) -> None:
    theater = TheaterFactory()
    showtime = ShowtimeFactory(screen=ScreenFactory(theater=theater), starts_at=at("19:00"))
    small = ScreenFactory(theater=theater, places=read_plan(PLAN.replace("cccc", "cc")))
    address = shown(theater, showtime.starts_at, name="board_panel")
    body = dropped(showtime, at("19:00"), screen=small.pk)
    assert "Nobody has booked yet" in read(planner.post(address, body))
    assert "Moved:" in read(planner.post(address, {**body, "meant": "on", "refund_without_seat": "on"}))


def test_what_is_on_sale_and_nobody_has_booked_is_moved_at_once(planner: Client, emitted: Any) -> None:
    showtime = ShowtimeFactory(starts_at=at("19:00"))
    address = shown(showtime.theater, showtime.starts_at, name="board_panel")
    assert "Moved:" in read(planner.post(address, dropped(showtime, at("20:00"))))
    assert len(emitted("showtime.updated")) == 1


def test_where_somebody_may_find_no_seat_it_is_asked_what_becomes_of_them(planner: Client) -> None:
    theater = TheaterFactory()
    showtime = ShowtimeFactory(screen=ScreenFactory(theater=theater), starts_at=at("19:00"))
    sold(showtime)
    small = ScreenFactory(theater=theater, places=read_plan(PLAN.replace("cccc", "cc")))
    address = shown(theater, showtime.starts_at, name="board_panel")
    body = dropped(showtime, at("19:00"), screen=small.pk)
    asked = read(planner.post(address, body))
    assert "has fewer seats: couple" in asked
    assert "a new ticket, with the seats there" in asked
    assert f"/admin/booking/bookings/showtime/{showtime.pk}/screen/?screen={small.pk}" in asked
    meant = {**body, "meant": "on", "reason": "Hall 1 has no heating."}
    assert "Tick it if that is meant." in read(planner.post(address, meant)), "who finds none is not spoken of yet"
    assert "Moved:" in read(planner.post(address, {**meant, "refund_without_seat": "on"}))
    showtime.refresh_from_db()
    assert showtime.screen_id == small.pk


def test_what_has_begun_is_seen_and_not_moved(planner: Client) -> None:
    running = ShowtimeFactory(starts_at=timezone.now() - timedelta(minutes=20))
    address = shown(running.theater, running.starts_at, name="board_panel", days=7)
    page = read(planner.get(address))
    assert running.movie.title in page
    assert "data-revision" not in page
    chosen = read(planner.get(f"{address}&showtime={running.pk}"))
    assert ">Move<" not in chosen
    refused = read(planner.post(address, dropped(running, timezone.now() + timedelta(hours=3))))
    assert "A showtime that has started is not changed any more." in refused


# What else is done on it.


def test_a_draft_is_removed_and_what_is_on_sale_stays(planner: Client) -> None:
    screen = ScreenFactory()
    draft = ShowtimeFactory(screen=screen, status="draft", starts_at=at("13:00"))
    kept = ShowtimeFactory(screen=screen, starts_at=at("19:00"))
    address = shown(screen.theater, draft.starts_at)
    done = planner.post(address, {"do": "remove", "showtime": draft.pk}, follow=True)
    assert "Removed:" in read(done)
    refused = planner.post(address, {"do": "remove", "showtime": kept.pk})
    assert "The showtime is scheduled, and no draft." in read(refused)
    assert list(Showtime.objects.values_list("id", flat=True)) == [kept.id]


def test_a_day_is_priced_by_a_list_as_far_as_it_is_planned(planner: Client) -> None:
    screen = ScreenFactory()
    drafts = [ShowtimeFactory(screen=screen, status="draft", starts_at=at(clock)) for clock in ("13:00", "19:00")]
    on_sale = ShowtimeFactory(screen=screen, starts_at=at("22:00"))
    tomorrow = ShowtimeFactory(screen=screen, status="draft", starts_at=at("13:00", days=8))
    dear = {"adult": {category: amount + 10_000 for category, amount in PRICES.items()}}
    price_list = PriceListFactory(theater=screen.theater, name="Weekend", prices=dear)
    body = {"do": "prices", "day": f"{on_sale.starts_at.astimezone(HANOI):%Y-%m-%d}", "price_list": price_list.pk}
    panel = read(planner.post(shown(screen.theater, on_sale.starts_at, name="board_panel"), body))
    assert "2 showtimes." in panel
    assert "Weekend: 2" in panel
    for draft in drafts:
        draft.refresh_from_db()
        assert (draft.price_list, draft.revision) == (price_list, 2)
        assert draft.amounts == dear["adult"]
    for kept in (on_sale, tomorrow):
        kept.refresh_from_db()
        assert (kept.price_list, kept.revision) == (None, 1)
    assert {entry.action for entry in AuditRecord.objects.all()} == {"showtime.changed"}
    assert all("price_list" in (entry.after or {}) for entry in AuditRecord.objects.all())
    elsewhere = PriceListFactory()
    refused = planner.post(shown(screen.theater, on_sale.starts_at), {**body, "price_list": elsewhere.pk})
    assert "Choose a price list for the day." in read(refused)


def test_a_list_that_leaves_seats_without_a_price_is_refused_for_the_whole_day(planner: Client) -> None:
    screen = ScreenFactory()
    draft = ShowtimeFactory(screen=screen, status="draft", starts_at=at("13:00"))
    price_list = PriceListFactory(theater=screen.theater, prices={"adult": {"standard": 90_000}})
    body = {"do": "prices", "day": f"{draft.starts_at.astimezone(HANOI):%Y-%m-%d}", "price_list": price_list.pk}
    refused = read(planner.post(shown(screen.theater, draft.starts_at), body))
    assert "The hall has seats without a price" in refused
    draft.refresh_from_db()
    assert (draft.price_list, draft.revision) == (None, 1)


def test_only_drafts_are_priced_by_another_list() -> None:
    showtime = ShowtimeFactory()
    with pytest.raises(PlanRefused) as refused:
        price_drafts(showtime_ids=[showtime.id, uuid4()], price_list_id=PriceListFactory(theater=showtime.theater).id)
    assert [error["code"] for error in refused.value.errors or ()] == ["not_a_draft", "showtime_not_found"]


def test_a_click_on_an_empty_place_plans_a_film_there_and_comes_back(planner: Client) -> None:
    screen = ScreenFactory(theater=TheaterFactory(time_zone="Europe/Berlin"))
    october = next_jump(10)
    address = shown(screen.theater, october, name="board_plan", screen=screen.pk, minute=210)
    asked = planner.get(address, follow=True)
    form = asked.context["form"]
    assert form.initial["times"] == "02:30"
    assert re.search(r'<option value="1" selected>The second', read(asked)), "the place is one of the two"
    price_list = PriceListFactory(theater=screen.theater)
    body = {"movie": MovieFactory().pk, "screens": [screen.pk], "first": f"{october:%Y-%m-%d}", "fold": 1}
    body |= {"last": body["first"], "times": "02:30", "format": "2D", "language": "vi", "price_list": price_list.pk}
    assert "all of them fit" in read(planner.post(asked.redirect_chain[0][0], body))
    twice = planner.post(asked.redirect_chain[0][0], {**body, "price_standard": "9"})
    assert "It follows the list" in read(twice)
    done = planner.post(asked.redirect_chain[0][0], {**body, "do": "draft"})
    assert done["Location"] == shown(screen.theater, october)
    draft = Showtime.objects.get()
    assert (draft.price_list, draft.status) == (price_list, "draft")
    assert draft.starts_at == moment_on(october.date(), 210, BERLIN)


@pytest.mark.parametrize("name", ["plan", "copy", "publish"])
def test_what_a_link_to_a_page_of_planning_fills_in_may_be_anything(planner: Client, name: str) -> None:
    asked = {"theater": TheaterFactory().pk, "board": "x", "movie": "x", "screens": "x", "first": "9999-12-31"}
    asked |= {"last": "9999-12-31", "begins": "9999-12-31", "times": "x", "days": "x", "fold": "x"}
    for look in ({}, {"look": 1}):
        assert planner.get(f"{reverse(f'admin:catalog_{name}_drafts')}?{urlencode(asked | look)}").status_code == 200


def test_a_week_is_copied_from_the_board_and_comes_back_to_it(planner: Client) -> None:
    kept = ShowtimeFactory(starts_at=next_week(6))
    page = read(planner.get(shown(kept.theater, kept.starts_at, days=7)))
    [link] = re.findall(rf'<a href="({re.escape(reverse("admin:catalog_copy_drafts"))}[^"]*)"', page)
    link = link.replace("&amp;", "&")
    looked = planner.get(link)
    assert "1 showtime:" in read(looked)
    form = {name: looked.context["form"][name].value() for name in ("first", "days", "begins", "times")}
    done = planner.post(link, {**form, "do": "draft"})
    assert done["Location"] == shown(kept.theater, kept.starts_at + timedelta(days=7), days=7)
    draft = Showtime.objects.get(status="draft")
    assert draft.starts_at == kept.starts_at + timedelta(days=7)
    follow(draft, PriceListFactory(theater=draft.theater, name="Everyday"))
    assert "Everyday: 1" in read(planner.get(done["Location"]))
