"""What runs by itself, what staff open and what everybody reads costs the same however much history there is.

In pages of the database.
"""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog import finding
from catalog.models import Movie, Showtime
from catalog.planning import Wanted, plan_showtimes
from catalog.selectors import drafts_of
from catalog.tariff_models import PriceList
from chassis import testing_staff
from chassis.ids import uuid7
from chassis.testing_costs import assert_bounded, files, lists, lists_at_theaters, reads, ticks
from chassis.testing_database import large_theater
from chassis.testing_plans import analyze, buffers, costs, rows_read
from chassis.testing_staff import enter
from chassis.web.staff import local_user


def test_what_the_clock_starts_costs_what_there_is_to_do(long_history: None) -> None:
    assert_bounded(ticks())


def test_every_list_of_staff_costs_what_it_shows(long_history: None) -> None:
    assert_bounded(lists(local_user("root", {"admin"})))


def test_the_lists_of_somebody_limited_to_a_theater_cost_no_more(long_history: None) -> None:
    limited = testing_staff.staff_token("admin", theaters=frozenset({large_theater(1)}))
    assert_bounded(lists_at_theaters(local_user("root", {"admin"}), limited))


def test_planning_costs_what_is_planned_and_not_what_has_been(long_history: None, manager: Any) -> None:
    last = Showtime.objects.filter(theater__isnull=False).order_by("-starts_at")[0]
    newest = Showtime.objects.filter(theater=last.theater_id).order_by("-starts_at").values("id")[:100]
    Showtime.objects.filter(id__in=list(newest.values_list("id", flat=True))).update(status="draft")
    analyze("showtimes")
    day = last.starts_at + timedelta(days=3)
    screens = list(last.theater.screens.all())
    wanted = [
        Wanted(
            movie_id=last.movie_id,
            screen_id=screen.id,
            starts_at=day + timedelta(hours=3 * number),
            prices=last.amounts,
            currency=last.currency,
            showing=last.showing,
        )
        for screen in screens
        for number in range(10)
    ]
    with costs() as made:
        plan = plan_showtimes(wanted=wanted, dry_run=True)
    assert len(plan.rows) == 100
    assert buffers(made) < 10 * len(wanted), "\n".join(map(str, made))
    span = {"first": (day - timedelta(days=400)).date(), "last": day.date(), "screens": [], "most": 2000}
    with costs() as made:
        assert len(drafts_of(last.theater, **span)) == 100
    assert rows_read(made, "showtimes") <= 100, "\n".join(map(str, made))
    assert_bounded(reads(manager, ["/showtimes?status=draft", f"/showtimes?status=draft&theater_id={last.theater_id}"]))


def test_the_board_costs_what_it_draws_and_not_what_has_been(long_history: None, client: Any) -> None:
    enter(client, "manager")
    last = Showtime.objects.order_by("-starts_at")[0]
    # As much as ten screens show in a week.
    first = (last.starts_at - timedelta(days=4)).date()
    asked = f"?theater={last.theater_id}&day={first}&days=7"
    panel = f"/admin/catalog/panels/board/{asked}"
    drawn = client.get(panel).content.count(b'name="showtime"')
    assert drawn > 300
    with costs() as made:
        client.get(panel)
    # Of two houses the planner may look at both.
    assert rows_read(made, "showtimes") <= 2 * drawn + 20, "\n".join(map(str, made))
    panels = [
        f"/admin/catalog/panels/board/{asked}",
        f"/admin/catalog/panels/board/showtime/{asked}&showtime={last.id}",
    ]
    # By statements, for a cursor of the server's explains nothing: the screens of a form come by one.
    with patch.dict(connection.settings_dict, DISABLE_SERVER_SIDE_CURSORS=True):
        assert_bounded(reads(client, panels, wanted=5 * drawn))


def test_what_staff_read_through_the_api_costs_what_it_shows(long_history: None, manager: Any) -> None:
    theater = f"/theaters/{Showtime.objects.order_by('-starts_at')[0].theater_id}"
    kept = PriceList.objects.get(theater_id=theater.rpartition("/")[2])
    assert_bounded(
        reads(manager, [f"{theater}/ticket-types", f"{theater}/price-lists", f"{theater}/price-lists/{kept.id}"])
    )


def test_files_cost_what_they_hold(long_history: None, manager: Any) -> None:
    last = Showtime.objects.order_by("-starts_at")[0]
    theater, day = f"/theaters/{last.theater_id}", f"{last.starts_at:%Y-%m-%d}"
    paths = ["/movies:export", f"{theater}/price-lists:export", f"{theater}/showtimes:export?first={day}"]
    assert_bounded(files(manager, paths), rows=1000)


def test_what_everybody_reads_costs_what_it_shows(long_history: None, api: Any) -> None:
    showtime = Showtime.objects.filter(movie__title="Film 0").order_by("-starts_at")[0]
    day = showtime.starts_at.date()
    listed = [
        *("/movies", "/movies?genre=comedy", "/movies?language=cy", "/movies?language=xx", "/movies?now_showing=true"),
        *("/movies?q=film+77", "/movies?q=film", "/movies?q=zzzz", "/movies?q=zz"),
        *("/movies?search=film+77", "/movies?search=flim+77", "/movies?search=somebody", "/movies?search=zzz"),
        *("/movies?ordering=-title", "/movies?rating=T18"),
        *("/movies?status=showing", "/movies?status=ended", "/movies?status=announced", "/movies?coming_soon=true"),
        *(
            "/movies?city=Nowhere",
            "/movies?city=Town+1",
            "/movies?format=IMAX",
            "/movies?format=3D",
            "/movies?format=4DX",
        ),
        *("/movies?lat=52.5&lon=13.4", "/movies?lat=0&lon=0", "/movies?city=Town+1&format=4DX"),
        *(f"/movies?date={day}", f"/movies?city=Town+1&date={day}", f"/movies?format=IMAX&date={day}"),
        *("/theaters?lat=52.5&lon=13.4", "/theaters?lat=-52.5&lon=13.4&radius=200"),
        *("/theaters", "/theaters?city=Nowhere", "/theaters?city=Town+1", f"/theaters/{showtime.theater_id}/screens"),
        *("/showtimes", "/showtimes?language=cy", "/showtimes?format=IMAX", "/showtimes?format=4DX"),
        *(f"/showtimes?movie_id={showtime.movie_id}", f"/showtimes?theater_id={showtime.theater_id}"),
        *(f"/showtimes?movie_id={uuid7()}", f"/showtimes?theater_id={uuid7()}", "/showtimes?status=cancelled"),
        *(f"/showtimes?date={day}", f"/showtimes?date={day}&movie_id={showtime.movie_id}"),
        f"/showtimes?date={day}&starts_after=2000-01-01T00:00:00Z",
    ]
    # Of a word that each film has the best five hundred are looked at.
    wider = ["/movies?search=film", "/movies?search=film&ordering=title"]
    one = [
        "/movies/by-slug/film-77",
        f"/movies/{showtime.movie_id}/texts",
        f"/showtimes/{showtime.id}",
        f"/movies/{showtime.movie_id}",
        f"/theaters/{showtime.theater_id}",
    ]
    assert Movie.objects.count() == 1000
    # Of a day the seats that are taken are few, whatever was sold before.
    assert_bounded(reads(api, [*listed, *one]), rows=3000)
    assert_bounded(reads(api, wider, wanted=800), rows=3000)


def test_films_of_a_day_with_many_films_are_not_looked_for_among_all_of_its_showtimes(
    long_history: None, api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts_at = Showtime.objects.order_by("-starts_at")[0].starts_at
    path = f"/movies?date={starts_at.date()}&page_size=5"
    expected = api.get(path).json()["results"]
    assert len(expected) == 5
    monkeypatch.setattr(finding, "FEW_FILMS", 3)
    monkeypatch.setattr(finding, "LOOKED_THROUGH", (8, 30_000))
    with costs() as made:
        found = finding.list_movies(finding.Wanted(date=starts_at.date()))[:5]
        assert [str(movie.id) for movie in found] == [movie["id"] for movie in expected]
    assert sum("ARRAY_AGG" in str(each) for each in made) == 1


def test_whether_a_film_is_shown_in_a_format_an_index_alone_tells(long_history: None) -> None:
    """It can: of rows that a test has loaded, which nothing has swept, it does not say which are to be seen."""
    asked = Showtime.objects.filter(movie_id=uuid7(), status="scheduled", starts_at__gt=timezone.now(), format="2D")
    with connection.cursor() as cursor:
        for other in ("indexscan", "bitmapscan", "seqscan"):
            cursor.execute(f"SET LOCAL enable_{other} = off")
    with costs() as made:
        assert list(asked.order_by().values_list("format")) == []
    [cost] = made
    [scan] = [node for node in cost.nodes if "Relation Name" in node]
    assert (scan["Node Type"], scan["Index Name"]) == ("Index Only Scan", "idx_showtimes_of_a_movie")


def test_a_page_of_showtimes_fetches_what_it_shows(long_history: None, api: Any) -> None:
    with CaptureQueriesContext(connection) as made:
        assert len(api.get("/showtimes?page_size=100").json()["results"]) == 100
    [page] = [each["sql"] for each in made if 'FROM "showtimes"' in each["sql"]]
    assert not {name for name in ("synopsis", "description", "created_at", "tariff", "address") if f'"{name}"' in page}
    assert len(made) <= 4
