"""How managers plan a programme on the pages of the admin site."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from factories import PRICES, MovieFactory, ScreenFactory, ShowtimeFactory, TheaterFactory, next_week

from catalog.models import Showtime, Theater
from chassis.web.staff import local_user

pytestmark = pytest.mark.django_db
PRICED = {f"price_{category}": amount for category, amount in PRICES.items()}


def browser(role: str) -> Client:
    client = Client()
    client.force_login(local_user(role, {role}), backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def manager() -> Client:
    return browser("manager")


def page(name: str, theater: Theater | None = None) -> str:
    return reverse(f"admin:catalog_{name}_drafts") + (f"?theater={theater.id}" if theater else "")


def day(moment: datetime, *, days: int = 0) -> str:
    return f"{moment + timedelta(days=days):%Y-%m-%d}"


def read(answer: Any) -> str:
    assert answer.status_code == 200
    text: str = answer.content.decode()
    return text


def test_the_list_leads_to_the_pages_of_planning_those_who_may(manager: Client) -> None:
    listed = reverse("admin:catalog_showtime_changelist")
    for title in ("Plan a film", "Copy a day or a week", "Publish drafts"):
        assert title in read(manager.get(listed))
        assert title not in read(browser("support").get(listed))


@pytest.mark.parametrize("name", ["plan", "copy", "publish"])
def test_a_page_asks_for_the_theater_first_and_only_lets_in_who_may(manager: Client, name: str) -> None:
    theater = TheaterFactory(name="Marquee Spreebogen")
    assert "Marquee Spreebogen" in read(manager.get(page(name)))
    assert "Marquee Spreebogen" in read(manager.get(page(name) + "?theater=x"))
    assert "Look what fits" in read(manager.get(page(name, theater)))
    assert browser("support").get(page(name, theater)).status_code == 403


def film(screens: list[Any], **fields: Any) -> dict[str, Any]:
    first = next_week()
    return {
        "movie": MovieFactory(title="The Tide Clock").pk,
        "screens": [screen.pk for screen in screens],
        "first": day(first),
        "last": day(first, days=2),
        "times": "13:00, 20.15",
        "format": "2D",
        "language": "vi",
        **PRICED,
        **fields,
    }


def test_a_film_is_planned_over_days_times_and_screens(manager: Client, emitted: Any) -> None:
    theater = TheaterFactory()
    screens = [ScreenFactory(theater=theater) for _ in range(2)]
    form = film(screens)
    looked = read(manager.post(page("plan", theater), form))
    assert "12 showtimes" in looked
    assert "all of them fit" in looked
    assert not Showtime.objects.exists()
    done = manager.post(page("plan", theater), {**form, "do": "draft"})
    assert done.status_code == 302
    assert "status__exact=draft" in done["Location"]
    assert "12 showtimes planned." in read(manager.get(done["Location"]))
    assert set(Showtime.objects.values_list("status", flat=True)) == {"draft"}
    assert emitted() == []


def test_what_is_in_the_way_is_shown_at_its_row_and_nothing_is_made(manager: Client) -> None:
    theater = TheaterFactory()
    screen = ScreenFactory(theater=theater)
    ShowtimeFactory(screen=screen, starts_at=next_week(6), movie__title="Another Film")  # 13:00 in Hanoi
    form = film([screen], last=day(next_week()), language="ja")
    for do in ({}, {"do": "draft"}):
        looked = read(manager.post(page("plan", theater), {**form, **do}))
        assert "2 do not fit" in looked
        assert "shows Another Film from 13:00" in looked
        assert "The movie is there in: vi, en." in looked
        assert "Make these drafts" not in looked
    assert Showtime.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"times": "quarter past"}, "Not a time such as 19:30: quarter, past."),
        ({"last": "2020-01-01"}, "The last day is not before the first."),
        ({"last": "2036-01-01"}, "at most 500 are planned at once"),
        ({"price_standard": "0.5"}, "VND"),
        ({"screens": []}, "This field is required."),
    ],
)
def test_a_form_that_says_nothing_that_can_be_planned_says_why(manager: Client, wrong: Any, said: str) -> None:
    screen = ScreenFactory()
    assert said in read(manager.post(page("plan", screen.theater), {**film([screen]), **wrong}))


def copied(first: datetime, **fields: Any) -> dict[str, Any]:
    return {"first": day(first), "days": 7, "begins": day(first, days=7), "times": 1, **fields}


def test_a_week_is_copied_looked_at_and_published(manager: Client, emitted: Any) -> None:
    screen = ScreenFactory()
    kept = ShowtimeFactory(screen=screen)
    where = page("copy", screen.theater)
    form = copied(kept.starts_at - timedelta(days=2))
    assert "1 showtime:" in read(manager.post(where, form))
    assert manager.post(where, {**form, "do": "draft"}).status_code == 302
    [draft] = Showtime.objects.filter(status="draft")
    assert draft.starts_at == kept.starts_at + timedelta(days=7)
    span = {"first": day(draft.starts_at), "last": day(draft.starts_at, days=1)}
    publish = page("publish", screen.theater)
    assert "Publish all of these" in read(manager.post(publish, span))
    assert manager.post(publish, {**span, "do": "publish"}).status_code == 302
    assert [event.data["showtime_id"] for event in emitted("showtime.scheduled")] == [str(draft.id)]


def test_a_copy_that_does_not_fit_can_leave_that_out(manager: Client) -> None:
    screen = ScreenFactory()
    one = ShowtimeFactory(screen=screen)
    ShowtimeFactory(screen=screen, starts_at=one.screen_free_at)
    ShowtimeFactory(screen=screen, starts_at=one.starts_at + timedelta(days=7))
    where, form = page("copy", screen.theater), copied(one.starts_at - timedelta(days=2))
    looked = read(manager.post(where, {**form, "do": "draft"}))
    assert "1 does not fit" in looked
    assert "Nothing was done: not all of it fits." in looked
    done = manager.post(where, {**form, "leave_out": "on", "do": "draft"}, follow=True)
    assert "1 showtime copied. 1 left out." in read(done)
    assert Showtime.objects.filter(status="draft").count() == 1


def test_all_drafts_of_some_days_are_removed(manager: Client) -> None:
    screen = ScreenFactory()
    kept = ShowtimeFactory(screen=screen)
    draft = ShowtimeFactory(screen=screen, starts_at=kept.screen_free_at, status="draft")
    span = {"first": day(draft.starts_at), "last": day(draft.starts_at, days=1), "do": "remove"}
    assert manager.post(page("publish", screen.theater), span).status_code == 302
    assert list(Showtime.objects.values_list("id", flat=True)) == [kept.id]


def test_chosen_drafts_are_published_together_or_not_at_all(manager: Client, emitted: Any) -> None:
    listed = reverse("admin:catalog_showtime_changelist")
    drafts = [ShowtimeFactory(status="draft") for _ in range(2)]
    gone = ShowtimeFactory(status="cancelled")

    def publish(*chosen: Showtime) -> str:
        form = {"action": "publish", "_selected_action": [str(each.pk) for each in chosen]}
        return read(manager.post(listed, form, follow=True))

    assert "is cancelled, and no draft" in publish(*drafts, gone)
    assert emitted() == []
    assert "2 showtimes published." in publish(*drafts)
    assert len(emitted("showtime.scheduled")) == 2


def test_a_draft_is_added_and_changed_by_hand(manager: Client, emitted: Any) -> None:
    start = next_week(12)
    times = {"starts_at_0": day(start), "starts_at_1": "20:15"}
    form = {"format": "2D", "language": "vi", **PRICED, **times}
    place = {"movie": MovieFactory().pk, "screen": ScreenFactory().pk}
    added = manager.post(reverse("admin:catalog_showtime_add"), {**form, **place, "draft": "on"})
    assert added.status_code == 302
    draft = Showtime.objects.get()
    assert draft.status == "draft"
    address = reverse("admin:catalog_showtime_change", args=[draft.pk])
    place["screen"] = ScreenFactory(theater=draft.theater).pk
    assert manager.post(address, {**form, **place, "starts_at_1": "21:00"}).status_code == 302
    draft.refresh_from_db()
    assert draft.screen_id == place["screen"]
    assert f"{draft.starts_at.astimezone(ZoneInfo('Asia/Ho_Chi_Minh')):%H:%M}" == "21:00"
    assert emitted() == []


def test_a_time_that_the_clocks_show_twice_is_asked_about(manager: Client) -> None:
    screen = ScreenFactory(theater=TheaterFactory(time_zone="Europe/Berlin"))
    now = next_week(0)
    october = datetime(now.year + (now.month >= 10), 10, 31)  # noqa: DTZ001  (what a clock shows)
    sunday = day(october, days=-((october.weekday() + 1) % 7))
    where = reverse("admin:catalog_showtime_add")
    form = {"movie": MovieFactory().pk, "screen": screen.pk, "format": "2D", "language": "vi", **PRICED}
    form |= {"starts_at_0": sunday, "starts_at_1": "02:30"}
    assert '<select name="fold"' not in read(manager.get(where))
    asked = read(manager.post(where, form))
    assert '<select name="fold"' in asked
    assert "show 02:30 twice" in asked
    assert manager.post(where, {**form, "fold": "1"}).status_code == 302
    showtime = Showtime.objects.get()
    assert showtime.starts_at.astimezone(ZoneInfo("Europe/Berlin")).utcoffset() == timedelta(hours=1)
    address = reverse("admin:catalog_showtime_change", args=[showtime.pk])
    shown = manager.get(address).context["adminform"].form
    assert (shown.initial["fold"], f"{shown.initial['starts_at']:%H:%M}") == (1, "02:30")
    assert manager.post(address, {**form, "fold": "1"}).status_code == 302
    showtime.refresh_from_db()
    assert showtime.revision == 1
    march = datetime(october.year, 3, 31)  # noqa: DTZ001  (what a clock shows)
    jump = day(march, days=-((march.weekday() + 1) % 7))
    refused = manager.post(address, {**form, "starts_at_0": jump, "fold": ""})
    assert "there is no such time" in read(refused)
