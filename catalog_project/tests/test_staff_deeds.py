"""Everything that staff can do to the catalog is on record: who did it, and what it was before."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from bodies import MOVIE, SEATS, THEATER, dong
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from factories import (
    PLAN,
    PRICES,
    MovieFactory,
    PriceListFactory,
    ScreenFactory,
    ShowtimeFactory,
    TheaterFactory,
    next_week,
    with_types,
)
from pictures_made import jpeg, upload
from rest_framework.test import APIClient

from catalog import posters, texts
from catalog.models import Showtime
from catalog.tariff_models import PriceList, TicketType
from chassis.storage.models import AuditRecord
from chassis.testing_deeds import leaving_a_record, staff_deeds
from chassis.web.staff import local_user

pytestmark = pytest.mark.django_db

NO_TEXTS = {"texts-TOTAL_FORMS": "0", "texts-INITIAL_FORMS": "0"}
MOVIE_FORM = {**MOVIE, "genres": "mystery", "languages": "en,vi", **NO_TEXTS}
THEATER_FORM = {name: THEATER[name] for name in ("name", "city", "address", "time_zone", "currency")}
RULES = {
    "accessible_places": "on_request",
    "cleaning_minutes": 20,
    "cancellation_cutoff_minutes": 60,
    "cancellation_fee_percent": "",
    "ticket_tax": 0,
    "fee_tax": 0,
}


TICKET_TYPE = {"code": "senior", "name": "Senior"}
PRICE_LIST = {"name": "Everyday", "currency": "VND", "prices": {"adult": PRICES}}


def child() -> TicketType:
    """Of a theater that sells to adults too."""
    theater = TheaterFactory()
    with_types(theater)
    found: TicketType = theater.ticket_types.get(code="child")
    return found


def of(row: TicketType | PriceList) -> str:
    kind = "ticket-types" if isinstance(row, TicketType) else "price-lists"
    return f"/theaters/{row.theater_id}/{kind}/{row.id}"


def translated() -> UUID:
    movie = MovieFactory()
    texts.put_text(movie_id=movie.id, language="vi", title="Đồng hồ")
    return movie.id


def pictured() -> UUID:
    movie = MovieFactory()
    posters.set_poster(movie_id=movie.id, drawing=posters.drawn(jpeg()))
    return movie.id


def wanted() -> dict[str, Any]:
    return {
        "movie_id": str(MovieFactory().id),
        "screen_id": str(ScreenFactory().id),
        "starts_at": next_week(12).isoformat(),
        "format": "2D",
        "language": "vi",
        "prices": {category: dong(amount) for category, amount in PRICES.items()},
    }


def draft() -> Showtime:
    return ShowtimeFactory(status="draft", starts_at=next_week(9))


def copy_by_api(api: APIClient, showtime: Showtime) -> Any:
    first, to = (f"{showtime.starts_at + timedelta(days=days):%Y-%m-%d}" for days in (-1, 6))
    return api.post(f"/theaters/{showtime.theater_id}/plan:copy", {"from": first, "days": 7, "to": [to]})


PRICES_FILE = b"name,currency,adult standard\nNew,VND,90000"
FILM = b"title,duration_minutes,rating,genres,languages,release_date\nTide,118,T13,drama,en,2026-11-11"


def plan_file() -> tuple[UUID, bytes]:
    """The theater that it is for, and the file."""
    screen, movie = ScreenFactory(), MovieFactory()
    head = ",".join(["movie", "screen", "starts_at", "format", "language", *(f"price_{name}" for name in PRICES)])
    prices = ",".join(map(str, PRICES.values()))
    line = f"{movie.slug},{screen.name},{next_week():%Y-%m-%d} 20:15,2D,vi,{prices}"
    return screen.theater_id, f"{head}\n{line}".encode()


def send_file(api: APIClient, path: str, body: bytes) -> Any:
    return api.generic("POST", path, body, content_type="text/csv")


def bring_file(browser: Client, address: str, body: bytes) -> Any:
    looked = browser.post(address, {"file": SimpleUploadedFile("x.csv", body)})
    return browser.post(address, {"do": looked.context.get("kept", "")})


def send_plan(api: APIClient) -> Any:
    theater_id, body = plan_file()
    return send_file(api, f"/theaters/{theater_id}/showtimes:import", body)


def bring_plan(browser: Client) -> Any:
    theater_id, body = plan_file()
    return bring_file(browser, f"{page('import_showtimes')}?of={theater_id}", body)


BY_API: dict[str, Callable[[APIClient], Any]] = {
    "POST /movies": lambda api: api.post("/movies", MOVIE),
    "PATCH /movies/{movie_id}": lambda api: api.patch(f"/movies/{MovieFactory().id}", {"title": "Another"}),
    "DELETE /movies/{movie_id}": lambda api: api.delete(f"/movies/{MovieFactory().id}"),
    "PUT /movies/{movie_id}/texts/{tag}": lambda api: api.put(
        f"/movies/{MovieFactory().id}/texts/vi", {"title": "Đồng hồ"}
    ),
    "DELETE /movies/{movie_id}/texts/{tag}": lambda api: api.delete(f"/movies/{translated()}/texts/vi"),
    "PUT /movies/{movie_id}/poster": lambda api: api.put(
        f"/movies/{MovieFactory().id}/poster", {"picture": upload(jpeg())}, format="multipart"
    ),
    "DELETE /movies/{movie_id}/poster": lambda api: api.delete(f"/movies/{pictured()}/poster"),
    "POST /theaters": lambda api: api.post("/theaters", THEATER),
    "PATCH /theaters/{theater_id}": lambda api: api.patch(f"/theaters/{TheaterFactory().id}", {"name": "Another"}),
    "DELETE /theaters/{theater_id}": lambda api: api.delete(f"/theaters/{TheaterFactory().id}"),
    "POST /theaters/{theater_id}/screens": lambda api: api.post(
        f"/theaters/{TheaterFactory().id}/screens", {"name": "1", "seats": SEATS}
    ),
    "PATCH /screens/{screen_id}": lambda api: api.patch(f"/screens/{ScreenFactory().id}", {"seats": SEATS[:3]}),
    "DELETE /screens/{screen_id}": lambda api: api.delete(f"/screens/{ScreenFactory().id}"),
    "POST /theaters/{theater_id}/ticket-types": lambda api: api.post(
        f"/theaters/{TheaterFactory().id}/ticket-types", TICKET_TYPE
    ),
    "PATCH /theaters/{theater_id}/ticket-types/{ticket_type_id}": lambda api: api.patch(of(child()), {"name": "Kid"}),
    "DELETE /theaters/{theater_id}/ticket-types/{ticket_type_id}": lambda api: api.delete(of(child())),
    "POST /theaters/{theater_id}/price-lists": lambda api: api.post(
        f"/theaters/{child().theater_id}/price-lists", PRICE_LIST
    ),
    "PATCH /theaters/{theater_id}/price-lists/{price_list_id}": lambda api: api.patch(
        of(PriceListFactory()), {"early": []}
    ),
    "DELETE /theaters/{theater_id}/price-lists/{price_list_id}": lambda api: api.delete(of(PriceListFactory())),
    "POST /movies:import": lambda api: send_file(api, "/movies:import", FILM),
    "POST /theaters/{theater_id}/price-lists:import": lambda api: send_file(
        api, f"/theaters/{child().theater_id}/price-lists:import", PRICES_FILE
    ),
    "POST /theaters/{theater_id}/showtimes:import": send_plan,
    "POST /showtimes": lambda api: api.post("/showtimes", wanted()),
    "POST /showtimes:batch": lambda api: api.post("/showtimes:batch", {"items": [wanted()]}),
    "POST /showtimes:publish": lambda api: api.post("/showtimes:publish", {"showtime_ids": [str(draft().id)]}),
    "POST /showtimes:remove": lambda api: api.post("/showtimes:remove", {"showtime_ids": [str(draft().id)]}),
    "POST /theaters/{theater_id}/plan:copy": lambda api: copy_by_api(api, draft()),
    "PATCH /showtimes/{showtime_id}": lambda api: api.patch(f"/showtimes/{ShowtimeFactory().id}", {"language": "en"}),
    "DELETE /showtimes/{showtime_id}": lambda api: api.delete(f"/showtimes/{ShowtimeFactory().id}"),
}


def page(name: str, *args: Any) -> str:
    return reverse(f"admin:catalog_{name}", args=args)


def showtime_form(showtime: Showtime | None = None) -> dict[str, Any]:
    start = next_week(12, days=9)
    place = {} if showtime else {"movie": MovieFactory().id, "screen": ScreenFactory().id}
    prices = {f"price_{category}": amount for category, amount in PRICES.items()}
    times = {"starts_at_0": f"{start:%Y-%m-%d}", "starts_at_1": "20:15"}
    return {**place, **times, "format": "2D", "language": "vi", **prices}


def act(browser: Client, name: str, action: str, row: Any, **more: str) -> Any:
    return browser.post(page(f"{name}_changelist"), {"action": action, "_selected_action": [str(row.pk)], **more})


def change_showtime(browser: Client) -> Any:
    showtime = ShowtimeFactory()
    return browser.post(page("showtime_change", showtime.pk), showtime_form(showtime))


def copy_list(browser: Client) -> Any:
    made = PriceListFactory()
    form = {"action": "copy", "_selected_action": [str(made.pk)], "name": "Another", "theater": str(made.theater_id)}
    return browser.post(page("pricelist_changelist"), form)


def change_screen(browser: Client) -> Any:
    return browser.post(page("screen_change", ScreenFactory().pk), {"name": "Another", "plan": ""})


def copy_by_hand(browser: Client, showtime: Showtime) -> Any:
    first, begins = (f"{showtime.starts_at + timedelta(days=days):%Y-%m-%d}" for days in (-1, 6))
    form = {"first": first, "days": 7, "begins": begins, "times": 1, "do": "draft"}
    return browser.post(f"{page('copy_drafts')}?theater={showtime.theater_id}", form)


def plan_by_hand(browser: Client) -> Any:
    screen, day = ScreenFactory(), f"{next_week():%Y-%m-%d}"
    form = {**showtime_form(), "movie": MovieFactory().pk, "screens": [screen.pk], "first": day, "last": day}
    address = f"{page('plan_drafts')}?theater={screen.theater_id}"
    return browser.post(address, {**form, "times": "13:00 20:15", "do": "draft"})


def publish_by_hand(browser: Client, showtime: Showtime) -> Any:
    day = f"{showtime.starts_at:%Y-%m-%d}"
    last = f"{showtime.starts_at + timedelta(days=1):%Y-%m-%d}"
    address = f"{page('publish_drafts')}?theater={showtime.theater_id}"
    return browser.post(address, {"first": day, "last": last, "do": "publish"})


BY_HAND: dict[str, Callable[[Client], Any]] = {
    "import_movies movie": lambda browser: bring_file(browser, page("import_movies"), FILM),
    "import_price_lists pricelist": lambda browser: bring_file(
        browser, f"{page('import_price_lists')}?of={child().theater_id}", PRICES_FILE
    ),
    "import_showtimes showtime": bring_plan,
    "add movie": lambda browser: browser.post(page("movie_add"), MOVIE_FORM),
    "change movie": lambda browser: browser.post(page("movie_change", MovieFactory().pk), MOVIE_FORM),
    "delete movie": lambda browser: browser.post(page("movie_delete", MovieFactory().pk), {"post": "yes"}),
    "delete_selected movie": lambda browser: act(browser, "movie", "delete_selected", MovieFactory(), post="yes"),
    "add theater": lambda browser: browser.post(page("theater_add"), {**THEATER_FORM, **RULES}),
    "change theater": lambda browser: browser.post(
        page("theater_change", TheaterFactory().pk), {**THEATER_FORM, **RULES}
    ),
    "delete theater": lambda browser: browser.post(page("theater_delete", TheaterFactory().pk), {"post": "yes"}),
    "delete_selected theater": lambda browser: act(browser, "theater", "delete_selected", TheaterFactory(), post="yes"),
    "add screen": lambda browser: browser.post(
        page("screen_add"), {"theater": TheaterFactory().pk, "name": "1", "plan": PLAN.strip("\n")}
    ),
    "change screen": change_screen,
    "delete screen": lambda browser: browser.post(page("screen_delete", ScreenFactory().pk), {"post": "yes"}),
    "delete_selected screen": lambda browser: act(browser, "screen", "delete_selected", ScreenFactory(), post="yes"),
    "add tickettype": lambda browser: browser.post(
        page("tickettype_add"), {**TICKET_TYPE, "theater": TheaterFactory().pk, "online": "on"}
    ),
    "change tickettype": lambda browser: browser.post(
        page("tickettype_change", child().pk), {"name": "Kid", "online": "on", "position": 2}
    ),
    "delete tickettype": lambda browser: browser.post(page("tickettype_delete", child().pk), {"post": "yes"}),
    "delete_selected tickettype": lambda browser: act(browser, "tickettype", "delete_selected", child(), post="yes"),
    "add pricelist": lambda browser: browser.post(
        page("pricelist_add"), {"theater": child().theater_id, "name": "Everyday", "round_to": 1, "price__standard": 5}
    ),
    "change pricelist": lambda browser: browser.post(
        page("pricelist_change", PriceListFactory().pk),
        {"name": "Everyday", "round_to": 1, "price_adult_standard": "90000"},
    ),
    "copy pricelist": copy_list,
    "delete pricelist": lambda browser: browser.post(page("pricelist_delete", PriceListFactory().pk), {"post": "yes"}),
    "delete_selected pricelist": lambda browser: act(
        browser, "pricelist", "delete_selected", PriceListFactory(), post="yes"
    ),
    "add showtime": lambda browser: browser.post(page("showtime_add"), showtime_form()),
    "change showtime": change_showtime,
    "publish showtime": lambda browser: act(browser, "showtime", "publish", draft()),
    "remove_drafts showtime": lambda browser: act(browser, "showtime", "remove_drafts", draft()),
    "plan_drafts showtime": lambda browser: plan_by_hand(browser),
    "copy_drafts showtime": lambda browser: copy_by_hand(browser, draft()),
    "publish_drafts showtime": lambda browser: publish_by_hand(browser, draft()),
    "cancel showtime": lambda browser: act(browser, "showtime", "cancel", ShowtimeFactory(), reason="Power cut"),
}


def test_there_is_nothing_else_that_staff_can_do() -> None:
    assert staff_deeds(local_user("root", {"admin"})) == {*BY_API, *BY_HAND}


@pytest.mark.parametrize("deed", BY_API)
def test_what_is_done_through_the_api_is_on_record(manager: APIClient, deed: str) -> None:
    with leaving_a_record("api") as made:
        answer = BY_API[deed](manager)
    assert answer.status_code < 300, answer.content
    assert {entry.actor_id for entry in made()} == {str(manager.user_id)}  # type: ignore[attr-defined]


@pytest.mark.parametrize("deed", BY_HAND)
def test_what_is_done_in_the_admin_site_is_on_record(client: Client, deed: str) -> None:
    client.force_login(local_user("ada", {"admin"}), backend="django.contrib.auth.backends.ModelBackend")
    with leaving_a_record("admin") as made:
        answer = BY_HAND[deed](client)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    assert {entry.actor_name for entry in made()} == {"ada"}


def test_a_record_tells_only_what_changed_with_prices_as_people_write_them(manager: APIClient) -> None:
    showtime = ShowtimeFactory()
    with leaving_a_record("api") as made:
        manager.patch(f"/showtimes/{showtime.id}", {"prices": {"standard": dong(99_000)}})
    [entry] = made()
    assert (entry.action, entry.subject_type, entry.subject_id) == ("showtime.changed", "showtime", str(showtime.id))
    assert entry.before == {"price standard": "90,000 VND"}
    assert entry.after == {"price standard": "99,000 VND"}


def test_a_redrawn_hall_is_on_record_with_the_seats_that_differ(manager: APIClient) -> None:
    screen = ScreenFactory()
    with leaving_a_record("api") as made:
        manager.patch(f"/screens/{screen.id}", {"seats": SEATS[:-1]})
    [entry] = made()
    assert entry.before["seat C6"] == "couple at 7, 4"
    assert entry.after["seat C6"] is None
    assert "seat A1" not in entry.before


def test_what_changes_nothing_or_is_refused_is_not_on_record(manager: APIClient) -> None:
    movie = MovieFactory()
    for asked in ({"title": movie.title}, {"title": ""}):
        manager.patch(f"/movies/{movie.id}", asked)
    assert manager.delete(f"/movies/{ShowtimeFactory(movie=movie).movie_id}").status_code == 409
    assert not AuditRecord.objects.exists()
