"""Seats sold as tickets of several types, by the tariff of their showtime."""

from copy import deepcopy
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from factories import PRICES, TARIFF, ShowtimeFactory, seat_ids

from bookings import holds, sales
from bookings.errors import (
    AccompaniedAlone,
    NotEnoughSeats,
    TicketTypeNotOnline,
    TicketTypeNotSold,
    TotalTooLarge,
    UnknownSeat,
    UnknownTicketType,
)
from bookings.models import Booking, Screen, SeatStatus, Showtime
from chassis.ids import uuid7
from chassis.money import LARGEST_PRICE
from chassis.storage.audit_log import Actor, Door
from chassis.storage.models import AuditRecord

ADULT, CHILD, CREW = ({"code": code, "name": code.capitalize()} for code in ("adult", "child", "crew"))
# A ticket of each with its glasses, and what the booking costs beside.
PAYS = {"adult": 110000, "child": 80000, "crew": 20000}
FEE = 5000
STAFF = Actor(uuid7(), "linh", Door.API)


@pytest.fixture
def showtime(db):
    return ShowtimeFactory(tariff=TARIFF)


@pytest.fixture
def ids(showtime):
    return seat_ids(showtime)


def without_moves(seats: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is the same before there is a booking: nothing of it has moved."""
    assert {seat["moved_to"] for seat in seats} == {None}
    return [{name: value for name, value in seat.items() if name != "moved_to"} for seat in seats]


def change(showtime: Showtime, **changes: object) -> None:
    """As catalog tells it: at another revision."""
    Showtime.objects.filter(id=showtime.id).update(revision=showtime.revision + 1, tariff={**TARIFF, **changes})
    showtime.refresh_from_db()


def pick(showtime, ticket_types, *, first=0, **wanted):
    """ticket_types: of the first seats, or those from there on."""
    chosen = dict(zip(seat_ids(showtime)[first:], ticket_types, strict=False))
    return holds.hold_seats(
        user_id=uuid7(), showtime_id=showtime.id, seat_ids=list(chosen), ticket_types=chosen, verified=True, **wanted
    )


def best(showtime, quantity, **wanted):
    return holds.hold_best_seats(user_id=uuid7(), showtime_id=showtime.id, quantity=quantity, verified=True, **wanted)


def places(refusal):
    return [error["pointer"] for error in refusal.value.errors]


def test_a_family_is_booked_and_told_of_line_by_line(sign_in, showtime, ids, emitted):
    customer = sign_in()
    seats = [
        {"seat_id": str(seat), "ticket_type": code}
        for seat, code in zip(ids, ["adult", "adult", "child"], strict=False)
    ]
    made = customer.post("/bookings", {"showtime_id": str(showtime.id), "seats": seats}).json()
    assert made["total"] == {"amount": 2 * PAYS["adult"] + PAYS["child"] + FEE, "currency": "VND"}
    wanted = {seat["seat_id"]: seat["ticket_type"] for seat in seats}
    assert {seat["id"]: seat["ticket_type"]["code"] for seat in made["seats"]} == wanted
    assert {seat["id"]: seat["price"]["amount"] for seat in made["seats"]} == {
        seat_id: PAYS[code] for seat_id, code in wanted.items()
    }
    assert [(line["seat_id"], line["kind"]) for line in made["lines"]] == [
        *((seat_id, kind) for seat_id in sorted(wanted) for kind in ("ticket", "fee")),
        (None, "fee"),
    ]
    assert sum(line["gross"] for line in made["lines"]) == made["total"]["amount"]
    assert customer.get(f"/bookings/{made['id']}").json() == made
    (told,) = emitted("booking.created")
    assert told.data["lines"] == made["lines"]
    assert told.data["seats"] == without_moves(made["seats"])
    assert told.data["seller"] == TARIFF["seller"]
    assert told.data["theater_id"] == str(showtime.theater_id)


def test_seats_without_a_type_are_of_the_default(sign_in, showtime, ids):
    customer, body = sign_in(), {"showtime_id": str(showtime.id)}
    for number, wanted in enumerate(
        ({"seat_ids": [str(ids[0])]}, {"seats": [{"seat_id": str(ids[1])}]}, {"quantity": 1}), start=1
    ):
        made = customer.post("/bookings", body | wanted).json()
        assert [seat["ticket_type"] for seat in made["seats"]] == [ADULT], wanted
        assert SeatStatus.objects.count() == number


def test_a_name_is_kept_as_it_was_sold(showtime, sign_in):
    booking = pick(showtime, ["adult"]).booking
    change(showtime, ticket_types=[{"code": "adult", "name": "Grown-up", "default": True}])
    shown = sign_in(user_id=booking.user_id).get(f"/bookings/{booking.id}").json()
    assert shown["seats"][0]["ticket_type"] == ADULT
    assert shown["lines"][0]["name"] == "Adult"


def test_a_booking_of_before_there_were_lines_is_shown_with_them(hold, sign_in):
    booking = hold(0, 1)
    Booking.objects.filter(id=booking.id).update(lines=[])
    booking.seats.update(ticket_type="", ticket_type_name="")
    shown = sign_in(user_id=booking.user_id).get(f"/bookings/{booking.id}").json()
    assert [line["gross"] for line in shown["lines"]] == [PAYS["adult"]] * 2
    assert {seat["ticket_type"]["name"] for seat in shown["seats"]} == {"Standard"}


@pytest.mark.parametrize(
    ("types", "refusal", "wrong"),
    [
        (["adult", "senior"], UnknownTicketType, [1]),
        (["crew", "adult"], TicketTypeNotOnline, [0]),
        (["child", "child"], AccompaniedAlone, [0, 1]),
    ],
)
def test_a_type_that_is_not_sold_is_named_by_its_place(showtime, types, refusal, wrong):
    with pytest.raises(refusal) as refused:
        pick(showtime, types)
    assert places(refused) == [f"/seats/{place}/ticket_type" for place in wrong]
    assert SeatStatus.objects.count() == 0


def test_a_type_is_not_sold_in_a_category_that_it_has_no_price_in(showtime, ids):
    with pytest.raises(TicketTypeNotSold) as refused:
        holds.hold_seats(
            user_id=uuid7(), showtime_id=showtime.id, seat_ids=[ids[-1]], ticket_types={ids[-1]: "crew"}, seller=STAFF
        )
    assert places(refused) == ["/seats/0/ticket_type"]


def test_a_seat_that_there_is_not_is_named_by_its_place(sign_in, showtime, ids):
    customer, strange = sign_in(), str(uuid7())
    for wanted, pointer in (
        ({"seats": [{"seat_id": str(ids[0])}, {"seat_id": strange}]}, "/seats/1/seat_id"),
        ({"seat_ids": [strange]}, "/seat_ids/0"),
    ):
        answer = customer.post("/bookings", {"showtime_id": str(showtime.id), **wanted}).json()
        assert (answer["code"], [error["pointer"] for error in answer["errors"]]) == ("unknown_seat", [pointer])


def test_staff_sell_what_is_not_sold_online(sign_in, showtime, ids):
    body = {"showtime_id": str(showtime.id), "seats": [{"seat_id": str(ids[0]), "ticket_type": "crew"}]}
    answer = sign_in().post("/bookings", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "ticket_type_not_online")
    support = sign_in(roles=("support",))
    made = support.post("/bookings", body).json()
    assert made["seats"][0]["ticket_type"] == CREW
    support.post("/bookings", {"showtime_id": str(showtime.id), "seat_ids": [str(ids[1])]})
    (deed,) = AuditRecord.objects.all()
    assert (deed.action, deed.subject_id, deed.actor_id) == ("booking.sold", made["id"], str(support.user_id))
    assert deed.after == {"not sold online": ["Crew"]}


def test_a_type_that_this_process_has_not_heard_of_may_be_sold_by_now(showtime):
    pick(showtime, ["adult"])
    change(
        showtime,
        ticket_types=[{"code": "senior", "name": "Senior", "default": True}],
        prices={"senior": {"standard": 70000}},
    )
    ids = seat_ids(showtime)
    held = holds.hold_seats(
        user_id=uuid7(), showtime_id=showtime.id, seat_ids=[ids[1]], ticket_types={ids[1]: "senior"}
    )
    assert held.booking.total_amount == 70000 + 20000 + FEE


def test_a_price_that_is_not_the_current_one_sells_nothing(showtime):
    sales.reload_sale(showtime.id)
    change(showtime, fees=[])
    assert pick(showtime, ["adult"]).booking.total_amount == 90000


def test_the_best_seats_for_several_types_are_of_a_kind_that_all_of_them_are_sold_in(showtime):
    held = best(showtime, {"adult": 2, "child": 1})
    assert {seat.category for seat in held.seats} == {"standard"}
    assert sorted(seat.ticket_type.code for seat in held.told.seats) == ["adult", "adult", "child"]
    assert held.booking.total_amount == 2 * PAYS["adult"] + PAYS["child"] + FEE
    change(showtime, prices={**TARIFF["prices"], "child": {"premium": 1}})
    assert {seat.category for seat in best(showtime, {"adult": 1, "child": 1}).seats} == {"premium"}


def test_the_kind_that_is_the_cheapest_for_those_who_come_is_chosen_first(showtime):
    change(
        showtime, prices={"adult": {"standard": 90000, "premium": 120000}, "child": {"standard": 90000, "premium": 10}}
    )
    assert {seat.category for seat in best(showtime, {"adult": 1, "child": 1}).seats} == {"premium"}
    assert {seat.category for seat in best(showtime, {"adult": 2}).seats} == {"standard"}


@pytest.mark.parametrize(
    ("quantity", "category", "refusal", "pointers"),
    [
        ({"senior": 1}, None, UnknownTicketType, ["/quantity/senior"]),
        ({"adult": 1, "crew": 1}, None, TicketTypeNotOnline, ["/quantity/crew"]),
        ({"child": 2}, None, AccompaniedAlone, ["/quantity/child"]),
        ({"adult": 1}, "couple", TicketTypeNotSold, ["/quantity/adult"]),
        (1, "couple", TicketTypeNotSold, ["/quantity"]),
    ],
)
def test_a_quantity_that_is_not_sold_is_named_by_its_type(showtime, quantity, category, refusal, pointers):
    with pytest.raises(refusal) as refused:
        best(showtime, quantity, category=category)
    assert places(refused) == pointers


def test_there_may_be_fewer_seats_than_tickets(showtime):
    for _ in range(2):
        best(showtime, {"adult": 4}, category="premium")
    with pytest.raises(NotEnoughSeats):
        best(showtime, {"adult": 1}, category="premium")


@pytest.mark.parametrize(
    "wanted",
    [
        {"quantity": 0},
        {"quantity": 11},
        {"quantity": {}},
        {"quantity": {"adult": 0}},
        {"quantity": {"adult": 6, "child": 5}},
        {"quantity": {"adult": "two"}},
        {"quantity": [2]},
        {"seats": []},
        {"seats": [{"ticket_type": "adult"}]},
        {"seats": [{"seat_id": str(uuid7()), "type": "adult"}]},
        {"seats": [{"seat_id": "019ab1c8-1000-7a00-8000-0000000000a1"}] * 2},
        {"quantity": 1, "seats": [{"seat_id": str(uuid7())}]},
        {"seat_ids": [str(uuid7())], "category": "premium"},
        {},
    ],
)
def test_what_cannot_be_meant_is_a_bad_request_of_bookings_and_quotes_alike(sign_in, showtime, wanted):
    customer = sign_in()
    for answer in (
        customer.post("/bookings", {"showtime_id": str(showtime.id), **wanted}),
        customer.post(f"/showtimes/{showtime.id}/quote", wanted),
    ):
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid"), answer.content
        assert answer.json()["errors"]


def test_a_booking_costs_one_statement_whatever_it_is_made_of(showtime, ids):
    sales.reload_sale(showtime.id)
    for first, types in enumerate((["adult"], ["adult", *["child"] * 9])):
        chosen = dict(zip(ids[first:], types, strict=False))
        with CaptureQueriesContext(connection) as captured:
            holds.hold_seats(
                user_id=uuid7(), showtime_id=showtime.id, seat_ids=list(chosen), ticket_types=chosen, verified=True
            )
        made = [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]]
        assert [sql.split()[:2] for sql in made] == [["WITH", "wanted"]]


def test_a_quote_is_what_a_booking_costs_and_holds_nothing(api, sign_in, showtime, ids):
    seats = [{"seat_id": str(ids[0]), "ticket_type": "adult"}, {"seat_id": str(ids[1]), "ticket_type": "child"}]
    quote = api.post(f"/showtimes/{showtime.id}/quote", {"seats": seats}, format="json")
    assert quote.status_code == 200
    assert SeatStatus.objects.count() == Booking.objects.count() == 0
    made = sign_in().post("/bookings", {"showtime_id": str(showtime.id), "seats": seats}).json()
    made["seats"] = without_moves(made["seats"])
    assert quote.json() == {name: made[name] for name in ("showtime_id", "seats", "lines", "total")}


def test_a_quote_of_the_best_seats_names_those_that_are_free(api, showtime):
    taken = {seat.id for seat in best(showtime, 2).seats}
    quote = api.post(f"/showtimes/{showtime.id}/quote", {"quantity": {"adult": 1, "child": 1}}, format="json").json()
    assert quote["total"]["amount"] == PAYS["adult"] + PAYS["child"] + FEE
    assert not taken.intersection(seat["id"] for seat in quote["seats"])


def test_a_quote_of_what_is_not_sold_says_why(api, sign_in, showtime, ids):
    path, crew = f"/showtimes/{showtime.id}/quote", {"seats": [{"seat_id": str(ids[0]), "ticket_type": "crew"}]}
    assert api.post(path, crew, format="json").json()["code"] == "ticket_type_not_online"
    assert sign_in(roles=("manager",)).post(path, crew).json()["total"]["amount"] == PAYS["crew"] + FEE
    assert api.post(f"/showtimes/{uuid7()}/quote", crew, format="json").status_code in (404, 503)


def test_early_discounts_hold_by_the_theaters_days(showtime):
    starts = showtime.starts_at
    change(showtime, early=[{"days_before": 1, "percent": 10}, {"days_before": 7, "percent": 20}])
    for first, (days, price) in enumerate(((0, 90000), (1, 81000), (6, 81000), (7, 72000))):
        Showtime.objects.filter(id=showtime.id).update(starts_at=starts + timedelta(days=days - 2))
        sales._kept.clear()
        held = pick(showtime, ["adult"], first=first)
        assert held.booking.total_amount == price + 20000 + FEE, days
        assert (
            held.booking.lines[1]["name"]
            == {0: "3D glasses", 1: "1 day before", 6: "1 day before", 7: "7 days before"}[days]
        )


def test_the_seat_map_has_all_that_a_shop_shows(api, showtime, ids):
    change(showtime, early=[{"days_before": 1, "percent": 10}])
    shown = api.get(f"/showtimes/{showtime.id}/seats").json()
    for name in ("ticket_types", "prices", "fees", "early", "tax"):
        assert shown[name] == {**TARIFF, "early": [{"days_before": 1, "percent": 10}]}[name], name
    prices = {seat["id"]: seat["price"] for seat in shown["seats"]}
    assert prices[str(ids[0])] == {"amount": 81000 + 20000, "currency": "VND"}
    assert prices[str(ids[-1])] == {"amount": 108000 + 20000, "currency": "VND"}


def test_the_version_of_a_seat_map_changes_when_the_day_of_a_discount_has_passed(api, showtime):
    change(showtime, early=[{"days_before": 2, "percent": 10}])
    versions = set()
    for days in (0, -1):
        Showtime.objects.filter(id=showtime.id).update(starts_at=showtime.starts_at + timedelta(days=days))
        versions.add(api.get(f"/showtimes/{showtime.id}/seats").json()["version"])
    assert len(versions) == 2


def test_a_seat_that_the_default_type_may_not_have_costs_what_another_one_pays(api, showtime, ids):
    change(showtime, prices={"adult": {"standard": 90000}, "child": {"premium": 30000}, "crew": {"premium": 1}})
    shown = api.get(f"/showtimes/{showtime.id}/seats").json()
    prices = {seat["id"]: seat["price"]["amount"] for seat in shown["seats"]}
    assert prices[str(ids[-1])] == 30000 + 20000
    change(showtime, prices={"adult": {"standard": 90000}})
    assert str(ids[-1]) not in {seat["id"] for seat in api.get(f"/showtimes/{showtime.id}/seats").json()["seats"]}


def test_without_a_tariff_there_is_one_type_at_the_prices(api, hold, showtime, emitted):
    Showtime.objects.filter(id=showtime.id).update(tariff=None, revision=2)
    booking = hold(0)
    assert (booking.total_amount, len(booking.lines)) == (PRICES["standard"], 1)
    (told,) = emitted("booking.created")
    assert told.data["seller"] is None
    assert told.data["seats"][0]["ticket_type"] == {"code": "standard", "name": "Standard"}
    shown = api.get(f"/showtimes/{showtime.id}/seats").json()
    assert [kind["code"] for kind in shown["ticket_types"]] == ["standard"]
    assert shown["prices"] == {"standard": PRICES}


def test_more_than_can_be_paid_at_once_is_refused(showtime):
    change(showtime, prices={"adult": {"standard": LARGEST_PRICE}})
    with pytest.raises(TotalTooLarge):
        pick(showtime, ["adult"] * 10)


def test_a_tariff_is_heard_of_kept_and_forgotten_again(showtime, move):
    tariff = deepcopy(TARIFF)
    tariff["prices"]["adult"]["standard"] = 10
    move(tariff=tariff)
    assert pick(showtime, ["adult"]).booking.total_amount == 10 + 20000 + FEE
    assert move(tariff=None).tariff is None
    with pytest.raises(UnknownTicketType):
        pick(showtime, ["adult"], first=1)


def test_a_seat_that_this_process_has_not_heard_of_may_be_there_by_now(showtime):
    sales.reload_sale(showtime.id)
    screen = Screen.objects.get(id=showtime.screen_id)
    added = {**screen.seats[0], "id": str(uuid7()), "number": 9, "x": 9}
    Screen.objects.filter(id=screen.id).update(revision=2, seats=[*screen.seats, added])
    held = holds.hold_seats(user_id=uuid7(), showtime_id=showtime.id, seat_ids=[UUID(added["id"])])
    assert [seat.number for seat in held.seats] == [9]
    with pytest.raises(UnknownSeat):
        holds.hold_seats(user_id=uuid7(), showtime_id=showtime.id, seat_ids=[uuid7()])
