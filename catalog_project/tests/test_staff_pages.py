"""What every page of the admin site has to stand, whoever asks it what."""

import pytest
from django.test import Client
from django.utils import timezone
from factories import (
    RULES,
    MovieFactory,
    PriceListFactory,
    ScreenFactory,
    ShowtimeFactory,
    TheaterFactory,
    TicketTypeFactory,
    follow,
)

from catalog.domain import OccupancyState
from catalog.models import BlockedSeats, CatalogGeneration, ShowtimeOccupancy
from chassis.ids import uuid7
from chassis.testing_pages import (
    assert_lists_are_taken_along,
    assert_nothing_hidden_can_be_asked,
    assert_odd_addresses_are_refused,
    assert_searches_have_indexes,
)
from chassis.testing_words import assert_pages_are_in_words
from chassis.web.staff import local_user

pytestmark = pytest.mark.django_db


def test_nothing_that_a_list_does_not_show_can_be_asked_of_it() -> None:
    assert_nothing_hidden_can_be_asked(local_user("root", {"admin"}))


def test_odd_addresses_and_forms_are_refused(client: Client) -> None:
    client.force_login(local_user("root", {"admin"}), backend="django.contrib.auth.backends.ModelBackend")
    assert_odd_addresses_are_refused(client)


def test_what_staff_read_is_in_words(client: Client) -> None:
    client.force_login(local_user("root", {"admin"}), backend="django.contrib.auth.backends.ModelBackend")
    showtime = ShowtimeFactory()
    now = timezone.now()
    held = ShowtimeOccupancy.objects.create(
        booking_id=uuid7(), showtime_id=showtime.id, seats=2, state=OccupancyState.HELD, held_until=now, updated_at=now
    )
    blocked = BlockedSeats.objects.create(showtime_id=showtime.id, seats=2, revision=1, updated_at=now)
    generation = CatalogGeneration.objects.first() or CatalogGeneration.objects.create()
    used = [showtime, showtime.movie, showtime.screen.theater, showtime.screen]
    listed = PriceListFactory(theater=showtime.theater, rules=RULES)
    type_, unlisted = showtime.theater.ticket_types.first(), PriceListFactory(rules=RULES)
    follow(showtime, listed)
    its = [showtime.screen.seats.first(), showtime.prices.first(), held, blocked, generation]
    assert_pages_are_in_words(client, [*used, *its, listed, type_])
    unused = [MovieFactory(), TheaterFactory(), ScreenFactory(), unlisted, TicketTypeFactory(theater=listed.theater)]
    assert_pages_are_in_words(client, [*its, showtime, *unused])
    assert_lists_are_taken_along(client)


def test_a_theater_goes_with_its_screens_and_what_has_showtimes_stays_in_words(client: Client) -> None:
    client.force_login(local_user("root", {"admin"}), backend="django.contrib.auth.backends.ModelBackend")
    screen, showtime = ScreenFactory(), ShowtimeFactory()
    address = f"/admin/catalog/catalog/theater/{screen.theater_id}/delete/"
    assert str(screen) in client.get(address).content.decode()
    both = {"action": "delete_selected", "_selected_action": [screen.theater_id, showtime.theater_id]}
    asked = client.post("/admin/catalog/catalog/theater/", both).content.decode()
    assert "A theater with showtimes stays" in asked
    assert "permission" not in asked
    client.post("/admin/catalog/catalog/theater/", {**both, "post": "yes"})
    assert client.get(address).status_code == 200, "nothing was deleted"
    client.post(address, {"post": "yes"})
    assert client.get(address).status_code == 302, "it is gone"


def test_what_staff_search_for_is_found_by_an_index() -> None:
    assert_searches_have_indexes(few={"theater", "screen", "tickettype", "pricelist", "group", "user"})
