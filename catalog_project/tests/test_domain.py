import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import domain
from catalog.demo.movies import FILMS
from catalog.demo.programme import DAYS, shows
from catalog.demo.theaters import HOUSES, places_of
from catalog.domain import Command, ShowtimeStatus, Slot
from catalog.layouts import LETTERS, BadPlan, Place, extent, faults, read_plan, write_plan
from chassis.states import IllegalTransition

EIGHT = datetime(2026, 11, 27, 20, tzinfo=UTC)


def test_every_status_answers_every_command_as_the_table_says() -> None:
    expected = {
        (ShowtimeStatus.DRAFT, Command.CHANGE): ShowtimeStatus.DRAFT,
        (ShowtimeStatus.DRAFT, Command.PUBLISH): ShowtimeStatus.SCHEDULED,
        (ShowtimeStatus.SCHEDULED, Command.CHANGE): ShowtimeStatus.SCHEDULED,
        (ShowtimeStatus.SCHEDULED, Command.CANCEL): ShowtimeStatus.CANCELLED,
    }
    walked = 0
    for status, command in itertools.product(ShowtimeStatus, Command):
        walked += 1
        if (status, command) in expected:
            assert domain.SHOWTIME.next(status, command) == expected[status, command]
        else:
            with pytest.raises(IllegalTransition, match=f"{command} is not possible in {status}"):
                domain.SHOWTIME.next(status, command)
    assert walked == 9


def test_the_audience_leaves_before_the_cleaners_do() -> None:
    slot = domain.slot(starts_at=EIGHT, duration_minutes=118, cleaning_minutes=15)
    assert slot.ends_at == EIGHT + timedelta(minutes=118)
    assert slot.screen_free_at == EIGHT + timedelta(minutes=133)


def test_a_showtime_may_begin_the_minute_the_screen_is_clean() -> None:
    first = domain.slot(starts_at=EIGHT, duration_minutes=60, cleaning_minutes=15)
    touching = domain.slot(starts_at=first.screen_free_at, duration_minutes=60, cleaning_minutes=15)
    sooner = domain.slot(
        starts_at=first.screen_free_at - timedelta(minutes=1), duration_minutes=60, cleaning_minutes=15
    )
    assert not first.overlaps(touching)
    assert not touching.overlaps(first)
    assert first.overlaps(sooner)
    assert sooner.overlaps(first)


@given(a=st.integers(0, 50), b=st.integers(0, 50), length_a=st.integers(1, 20), length_b=st.integers(1, 20))
def test_two_slots_overlap_exactly_when_they_share_a_minute(a: int, b: int, length_a: int, length_b: int) -> None:
    def of(start: int, length: int) -> Slot:
        return domain.slot(starts_at=EIGHT + timedelta(minutes=start), duration_minutes=length, cleaning_minutes=0)

    shared = set(range(a, a + length_a)) & set(range(b, b + length_b))
    assert of(a, length_a).overlaps(of(b, length_b)) is bool(shared)


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 60), st.integers(1, 20)), max_size=12),
)
def test_of_many_slots_exactly_those_are_named_that_share_their_screen(drawn: list[tuple[int, int, int]]) -> None:
    wanted = [
        (
            screen,
            domain.slot(starts_at=EIGHT + timedelta(minutes=start), duration_minutes=length, cleaning_minutes=0),
        )
        for screen, start, length in drawn
    ]
    named = dict(domain.clashes(wanted))
    for one, other in named.items():
        assert one != other
        assert wanted[one][0] == wanted[other][0]
        assert wanted[one][1].overlaps(wanted[other][1])
    for place, (screen, slot) in enumerate(wanted):
        others = (s for n, (where, s) in enumerate(wanted) if n != place and where == screen)
        assert (place in named) is any(slot.overlaps(other) for other in others)


def test_the_price_shown_is_the_lowest_that_everybody_may_pay() -> None:
    prices = {"accessible": 50, "standard": 90, "premium": 120}
    assert domain.price_from(prices, ["accessible", "premium", "standard"]) == 90


def test_the_price_shown_leaves_out_seats_the_hall_has_not() -> None:
    assert domain.price_from({"standard": 90, "premium": 120}, ["premium"]) == 120


def test_a_hall_of_wheelchair_spaces_shows_their_price() -> None:
    assert domain.price_from({"accessible": 50, "standard": 90}, ["accessible"]) == 50


def test_missing_prices_are_named() -> None:
    assert domain.missing_prices(["standard", "premium", "couple"], {"premium": 1}) == ["couple", "standard"]


@pytest.mark.parametrize(
    ("occupied", "status", "now", "left"),
    [
        (0, ShowtimeStatus.SCHEDULED, EIGHT, 10),
        (4, ShowtimeStatus.SCHEDULED, EIGHT, 6),
        (10, ShowtimeStatus.SCHEDULED, EIGHT, 0),
        (12, ShowtimeStatus.SCHEDULED, EIGHT, 0),
        (4, ShowtimeStatus.CANCELLED, EIGHT, 0),
        (4, ShowtimeStatus.SCHEDULED, EIGHT + timedelta(hours=2), 0),
    ],
)
def test_seats_left_never_fall_below_zero_and_end_with_the_film(
    occupied: int, status: ShowtimeStatus, now: datetime, left: int
) -> None:
    ends_at = EIGHT + timedelta(hours=2)
    assert domain.available_seats(total_seats=10, occupied=occupied, status=status, ends_at=ends_at, now=now) == left


PLAN = """\
A  ww.ssss
B  ss.ssss

C  pp.cccc"""


def test_a_plan_is_read_row_by_row_with_its_aisles() -> None:
    places = read_plan(PLAN)
    assert places[0] == Place("A", 1, 1, 1, "accessible", accessible=True)
    assert places[2] == Place("A", 3, 4, 1, "standard")
    assert places[-1] == Place("C", 6, 7, 4, "couple")
    assert extent(places) == (4, 7)
    assert faults(places) == []


def test_a_plan_is_written_as_it_was_read() -> None:
    assert write_plan(read_plan(PLAN)) == PLAN


plans = st.lists(
    st.text(alphabet="".join(LETTERS) + ".", min_size=1, max_size=30).filter(lambda cells: cells.strip(".")),
    min_size=1,
    max_size=26,
)


@given(plans)
def test_any_drawn_hall_survives_being_written_and_read(lines: list[str]) -> None:
    text = "\n".join(f"{chr(65 + index)} {cells}" for index, cells in enumerate(lines))
    places = read_plan(text)
    assert read_plan(write_plan(places)) == places


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no seat"),
        ("A ....", "no seat"),
        ("a ss", "Line 1 is not"),
        ("A ss\nA ss", "Line 2: there is another row A"),
        ("A sx", "'x' is none of"),
        ("A ss ss", "Line 1 is not"),
        ("A " + "s" * 101, "at most"),
    ],
)
def test_a_plan_that_cannot_be_read_says_where(text: str, complaint: str) -> None:
    with pytest.raises(BadPlan, match=complaint):
        read_plan(text)


def test_seats_that_no_plan_can_say_are_not_drawn_wrongly() -> None:
    assert write_plan([Place("A", 7, 1, 1)]) == ""
    assert write_plan([Place("A", 1, 1, 1), Place("B", 1, 2, 1)]) == ""
    assert write_plan([]) == ""


def test_the_faults_of_a_layout_name_the_seat() -> None:
    layout = [
        Place("A", 1, 1, 1),
        Place("A", 1, 2, 1),
        Place("A", 2, 1, 1),
        Place("B", 1, 1, 2, "accessible"),
    ]
    assert faults(layout) == [
        (1, "There is another seat A1."),
        (2, "There is another seat at x 1, y 1."),
        (3, "A seat of the category accessible is accessible."),
    ]


def test_the_demo_chain_has_a_large_hall_two_zones_and_three_currencies() -> None:
    sizes = [len(places_of(hall)) for house in HOUSES for hall in house.halls]
    assert 10 <= len(sizes) <= 14
    assert max(sizes) >= 250
    assert len({house.time_zone for house in HOUSES}) >= 2
    assert len({house.currency for house in HOUSES}) == 3
    assert all(any(place.accessible for place in places_of(hall)) for house in HOUSES for hall in house.halls)


def test_no_two_shows_of_the_demo_share_a_screen() -> None:
    compared = 0
    for house in HOUSES:
        for hall in house.halls:
            slots = [
                domain.slot(starts_at=show.starts_at, duration_minutes=show.film.minutes, cleaning_minutes=15)
                for day in range(DAYS)
                for show in shows(house, hall, EIGHT.date() + timedelta(days=day), list(FILMS))
            ]
            for one, other in itertools.pairwise(sorted(slots, key=lambda slot: slot.starts_at)):
                compared += 1
                assert not one.overlaps(other)
    assert compared == 13 * (DAYS * 4 - 1)
