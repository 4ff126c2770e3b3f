"""Ticket types, sellers and taxes of a theater, as managers keep them through the API."""

from typing import Any

import pytest
from bodies import dong, pointers, problem, scheduled, types_of
from django.db import IntegrityError, transaction
from factories import (
    PRICES,
    TheaterFactory,
    TicketTypeFactory,
)

from catalog.models import Showtime, ShowtimePrice, Theater
from catalog.tariff_models import PriceList, TicketType

pytestmark = pytest.mark.django_db


def test_the_first_ticket_type_is_the_default_and_a_later_default_takes_its_place(manager: Any) -> None:
    theater = TheaterFactory()
    first = manager.post(types_of(theater), {"code": "adult", "name": "Adult"}).json()
    assert (first["default"], first["position"]) == (True, 1)
    second = manager.post(types_of(theater), {"code": "full", "name": "Full", "default": True}).json()
    assert (second["default"], second["position"]) == (True, 2)
    listed = manager.get(types_of(theater)).json()["results"]
    assert [(row["code"], row["default"]) for row in listed] == [("adult", False), ("full", True)]


def test_a_ticket_type_is_changed_and_removed_but_for_its_code(manager: Any, theater: Theater) -> None:
    made = manager.post(types_of(theater), {"code": "member", "name": "Member", "hint": "card"}).json()
    address = f"{types_of(theater)}/{made['id']}"
    assert manager.patch(address, {"online": False}).json() == {**made, "online": False}
    assert manager.get(address).json()["online"] is False
    told = {"en": "bring the card", "de": "mit Karte"}
    assert manager.patch(address, {"hints": told}).json()["hints"] == told
    assert pointers(problem(manager.patch(address, {"code": "x"}), 400, "invalid")) == ["/code"]
    assert manager.delete(address).status_code == 204
    problem(manager.get(address), 404, "ticket_type_not_found")


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"code": "Child!"}, "/code"),
        ({"code": ""}, "/code"),
        ({"code": "x" * 31}, "/code"),
        ({"name": ""}, "/name"),
        ({"name": "x" * 61}, "/name"),
        ({"online": "perhaps"}, "/online"),
        ({"position": -1}, "/position"),
        ({"position": 10**9}, "/position"),
        ({"default": True, "accompanied": True}, "/default"),
        ({"default": True, "online": False}, "/default"),
        ({"price": 5}, "/price"),
        ({"hints": ["up to 12"]}, "/hints"),
        ({"hints": {"English": "up to 12"}}, "/hints"),
        ({"hints": {"en": "  "}}, "/hints/en"),
        ({"hints": {"en": "x" * 121}}, "/hints/en"),
        ({"hints": dict.fromkeys((f"a{a}{b}" for a in "abcdef" for b in "abcdef"), "x")}, "/hints"),
    ],
)
def test_a_bad_field_of_a_ticket_type_is_pointed_at(
    manager: Any, theater: Theater, fields: dict[str, Any], pointer: str
) -> None:
    answer = manager.post(types_of(theater), {"code": "senior", "name": "Senior", **fields})
    assert pointers(problem(answer, 400, "invalid")) == [pointer]
    assert theater.ticket_types.count() == 2


def test_a_code_that_is_taken_a_default_that_ends_and_too_many_types_are_refused(
    manager: Any, theater: Theater
) -> None:
    problem(manager.post(types_of(theater), {"code": "child", "name": "Kid"}), 409, "name_taken")
    adult = f"{types_of(theater)}/{theater.ticket_types.get(code='adult').id}"
    assert pointers(problem(manager.patch(adult, {"default": False}), 400, "invalid")) == ["/default"]
    assert pointers(problem(manager.patch(adult, {"accompanied": True}), 400, "invalid")) == ["/default"]
    problem(manager.delete(adult), 409, "ticket_type_in_use")
    for _ in range(18):
        TicketTypeFactory(theater=theater)
    assert pointers(problem(manager.post(types_of(theater), {"code": "x", "name": "X"}), 400, "invalid")) == ["/code"]


def test_two_defaults_are_refused_by_the_database(theater: Theater) -> None:
    with pytest.raises(IntegrityError, match="one_default_ticket_type"), transaction.atomic():
        TicketTypeFactory(theater=theater, default=True)


def test_a_type_that_a_list_names_stays_and_one_that_a_list_lacks_is_no_default(
    manager: Any, theater: Theater, price_list: PriceList
) -> None:
    child = f"{types_of(theater)}/{theater.ticket_types.get(code='child').id}"
    assert price_list.name in problem(manager.delete(child), 409, "ticket_type_in_use")["detail"]
    body = problem(manager.post(types_of(theater), {"code": "full", "name": "F", "default": True}), 400, "invalid")
    assert price_list.name in body["errors"][0]["detail"]


def test_a_theater_says_who_sells_and_what_taxes_there_are(manager: Any, api: Any) -> None:
    theater = TheaterFactory()
    bare = api.get(f"/theaters/{theater.id}").json()
    assert (bare["seller"], bare["tax"], bare["holidays"]) == (
        None,
        {"included": True, "ticket": 0, "fee": 0},
        [],
    )
    changed = manager.patch(
        f"/theaters/{theater.id}",
        {"seller": {"name": "Marquee Ltd", "tax_number": "1"}, "tax": {"included": False, "ticket": 700}},
    ).json()
    assert changed["seller"] == {"name": "Marquee Ltd", "address": "", "tax_number": "1"}
    assert changed["tax"] == {"included": False, "ticket": 700, "fee": 0}
    assert manager.patch(f"/theaters/{theater.id}", {"seller": None}).json()["seller"] is None


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"seller": {"address": "1 Lê Lợi"}}, "/seller/name"),
        ({"seller": {"name": "x" * 121}}, "/seller/name"),
        ({"seller": "Marquee"}, "/seller"),
        ({"tax": {"ticket": -1}}, "/tax/ticket"),
        ({"tax": {"ticket": 10_001}}, "/tax/ticket"),
        ({"tax": {"ticket": 7.5}}, "/tax/ticket"),
        ({"tax": {"rate": 5}}, "/tax/rate"),
        ({"holidays": ["soon"]}, "/holidays/0"),
        ({"holidays": ["2027-01-01"] * 101}, "/holidays"),
    ],
)
def test_a_bad_seller_or_tax_is_pointed_at(manager: Any, fields: dict[str, Any], pointer: str) -> None:
    body = problem(manager.patch(f"/theaters/{TheaterFactory().id}", fields), 400, "invalid")
    assert pointer in pointers(body)


def test_taxes_are_told_of_a_theater_without_ticket_types_too(manager: Any) -> None:
    theater = TheaterFactory(ticket_tax=500)
    showtime = scheduled(manager, theater, prices={name: dong(amount) for name, amount in PRICES.items()})
    [only] = showtime["tariff"]["ticket_types"]
    assert (only["code"], only["name"], only["default"]) == ("standard", "Standard", True)
    assert showtime["tariff"]["prices"] == {"standard": PRICES}
    assert showtime["tariff"]["tax"]["ticket"] == 500


def test_a_theater_with_price_lists_keeps_its_currency_and_goes_with_them(manager: Any, price_list: PriceList) -> None:
    address = f"/theaters/{price_list.theater_id}"
    problem(manager.patch(address, {"currency": "EUR"}), 409, "theater_in_use")
    assert manager.delete(address).status_code == 204
    assert not PriceList.objects.exists()
    assert not TicketType.objects.exists()


def test_nothing_is_a_price_and_less_is_none(manager: Any, showtime: Showtime) -> None:
    address = f"/showtimes/{showtime.id}"
    assert manager.patch(address, {"prices": {"standard": dong(0)}}).json()["prices"]["standard"] == dong(0)
    body = problem(manager.patch(address, {"prices": {"standard": dong(-1)}}), 400, "invalid")
    assert pointers(body) == ["/prices/standard/amount"]
    with pytest.raises(IntegrityError, match="prices_are_not_negative"), transaction.atomic():
        ShowtimePrice.objects.filter(showtime=showtime).update(amount=-1)
