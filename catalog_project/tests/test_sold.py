"""What stays as it is once it is sold by."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from factories import ScreenFactory, ShowtimeFactory

from catalog import services
from catalog.domain import OccupancyState
from catalog.errors import ScreenInUse, TheaterInUse
from catalog.layouts import read_plan
from catalog.models import Seat, Showtime, Theater
from catalog.occupancy import Occupancy, record_occupancy
from chassis.ids import uuid7

pytestmark = pytest.mark.django_db


def started(showtime: Showtime) -> None:
    now = timezone.now()
    Showtime.objects.filter(id=showtime.id).update(
        starts_at=now - timedelta(minutes=10), ends_at=now + timedelta(hours=2), screen_free_at=now + timedelta(hours=3)
    )


@pytest.mark.parametrize("state", [OccupancyState.HELD, OccupancyState.SOLD])
def test_a_theater_keeps_its_clocks_once_a_seat_of_a_showtime_to_come_is_taken(
    showtime: Showtime, emitted: Any, state: OccupancyState
) -> None:
    booking_id, soon = uuid7(), timezone.now() + timedelta(minutes=5)
    record_occupancy([Occupancy(booking_id, showtime.id, 1, state, soon)])
    with pytest.raises(TheaterInUse):
        services.change_theater(theater_id=showtime.theater_id, time_zone="Asia/Tokyo")
    assert Theater.objects.get(id=showtime.theater_id).time_zone == "Asia/Ho_Chi_Minh"
    assert emitted() == []
    services.change_theater(theater_id=showtime.theater_id, address="2 Lê Lợi")
    record_occupancy([Occupancy(booking_id, showtime.id, 1, OccupancyState.ENDED)])
    changed = services.change_theater(theater_id=showtime.theater_id, time_zone="Asia/Tokyo")
    assert changed.time_zone == "Asia/Tokyo"


def test_seats_of_showtimes_that_are_over_or_elsewhere_hold_no_clocks(showtime: Showtime) -> None:
    other = ShowtimeFactory()
    over = ShowtimeFactory(screen=ScreenFactory(theater=showtime.theater))
    started(over)
    record_occupancy([Occupancy(uuid7(), each.id, 1, OccupancyState.SOLD) for each in (other, over)])
    assert services.change_theater(theater_id=showtime.theater_id, time_zone="Asia/Tokyo").time_zone == "Asia/Tokyo"


def test_seats_do_not_become_another_kind_once_seats_of_showtimes_to_come_are_taken(showtime: Showtime) -> None:
    dearer = read_plan("A  wk.ps\nB  ss.ss\n\nC  pp.cccc")
    booking_id, soon = uuid7(), timezone.now() + timedelta(minutes=5)
    record_occupancy([Occupancy(booking_id, showtime.id, 1, OccupancyState.HELD, soon)])
    with pytest.raises(ScreenInUse, match="A3"):
        services.change_screen(screen_id=showtime.screen_id, places=dearer)
    assert Seat.objects.get(screen=showtime.screen, row="A", number=3).category == "standard"
    record_occupancy([Occupancy(booking_id, showtime.id, 1, OccupancyState.ENDED)])
    services.change_screen(screen_id=showtime.screen_id, places=dearer)
    assert Seat.objects.get(screen=showtime.screen, row="A", number=3).category == "premium"
