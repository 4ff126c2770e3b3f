"""What showtimes cost: by a price list or by prices of their own, and told when that changes."""

from collections.abc import Callable
from typing import Any

import pytest
from bodies import LIST, dong, lists_of, pointers, problem, scheduled, showtime_at
from factories import (
    FOR_CHILDREN,
    PRICES,
    SELLER,
    PriceListFactory,
    ScreenFactory,
    ShowtimeFactory,
    TheaterFactory,
    TicketTypeFactory,
    next_week,
    places,
)

from catalog import price_lists, scheduling, services, tasks, ticket_types
from catalog.models import Showtime, Theater
from catalog.tariff_models import PriceList
from chassis.ids import uuid7

pytestmark = pytest.mark.django_db


def test_a_showtime_costs_what_its_list_says_of_its_format(
    manager: Any, theater: Theater, api: Any, emitted: Any
) -> None:
    made = manager.post(lists_of(theater), LIST).json()
    showtime = scheduled(manager, theater, price_list_id=made["id"], format="3D")
    assert showtime["price_list_id"] == made["id"]
    assert showtime["prices"]["standard"] == dong(108_000)
    assert showtime["price_from"] == dong(108_000)
    tariff = showtime["tariff"]
    assert [type_["code"] for type_ in tariff["ticket_types"]] == ["adult", "child"]
    assert list(tariff["prices"]) == ["adult", "child"]
    assert (tariff["prices"]["adult"]["standard"], tariff["prices"]["child"]["standard"]) == (108_000, 72_000)
    assert [fee["code"] for fee in tariff["fees"]] == ["glasses", "booking"]
    assert tariff["early"] == [{"days_before": 7, "percent": 10}]
    assert tariff["tax"] == {"included": True, "ticket": 500, "fee": 1_000}
    assert tariff["seller"] == {
        "name": SELLER["seller_name"],
        "address": SELLER["seller_address"],
        "tax_number": SELLER["tax_number"],
    }
    assert emitted("showtime.scheduled")[0].data["tariff"] == tariff
    assert api.get(f"/showtimes/{showtime['id']}").json()["tariff"] == tariff
    [listed] = api.get("/showtimes").json()["results"]
    assert "tariff" not in listed


def test_another_format_and_another_time_are_priced_anew(manager: Any, theater: Theater) -> None:
    evening = {"name": "Evening", "amount": 5_000, "from_time": "18:00", "until_time": "23:59"}
    body = {**LIST, "rules": [*LIST["rules"], evening]}  # type: ignore[misc]
    showtime = scheduled(manager, theater, price_list_id=manager.post(lists_of(theater), body).json()["id"])
    address = f"/showtimes/{showtime['id']}"
    assert showtime["prices"]["standard"] == dong(95_000)  # noon in Greenwich is seven in the evening there
    changed = manager.patch(address, {"starts_at": next_week(3).isoformat()}).json()
    assert (changed["prices"]["standard"], changed["revision"]) == (dong(90_000), 2)
    changed = manager.patch(address, {"format": "3D"}).json()
    assert changed["prices"]["standard"] == dong(108_000)
    assert "glasses" in [fee["code"] for fee in changed["tariff"]["fees"]]


def test_a_showtime_changes_between_a_list_and_prices_of_its_own(
    manager: Any, theater: Theater, price_list: PriceList, emitted: Any
) -> None:
    showtime = scheduled(manager, theater, price_list_id=str(price_list.id))
    address = f"/showtimes/{showtime['id']}"
    own = manager.patch(address, {"prices": {"standard": dong(99_000)}}).json()
    assert own["price_list_id"] is None
    assert own["prices"] == {**showtime["prices"], "standard": dong(99_000)}
    assert own["tariff"]["prices"] == {"adult": {**PRICES, "standard": 99_000}, "child": FOR_CHILDREN}
    assert (own["tariff"]["fees"], own["tariff"]["early"]) == ([], [])
    back = manager.patch(address, {"price_list_id": str(price_list.id)}).json()
    assert (back["tariff"], back["prices"]) == (showtime["tariff"], showtime["prices"])
    left = manager.patch(address, {"price_list_id": None}).json()
    assert (left["price_list_id"], left["prices"]) == (None, showtime["prices"])
    assert left["tariff"]["prices"] == showtime["tariff"]["prices"]
    assert [event.data["revision"] for event in emitted("showtime.updated")] == [2, 3, 4]


def test_own_prices_are_of_every_type_that_has_none_of_its_own(manager: Any, theater: Theater) -> None:
    prices = {name: dong(amount) for name, amount in PRICES.items()}
    TicketTypeFactory(theater=theater, code="guest", position=3)
    showtime = scheduled(
        manager, theater, prices=prices, type_prices={"child": {"standard": dong(50_000)}, "guest": {}}
    )
    assert showtime["tariff"]["prices"] == {"adult": PRICES, "child": {"standard": 50_000}}
    assert [type_["code"] for type_ in showtime["tariff"]["ticket_types"]] == ["adult", "child"]
    address = f"/showtimes/{showtime['id']}"
    changed = manager.patch(address, {"prices": {"standard": dong(0)}}).json()
    assert changed["tariff"]["prices"]["child"] == {"standard": 50_000}
    same = manager.patch(address, {"type_prices": {}}).json()
    assert same["tariff"]["prices"] == {code: {**PRICES, "standard": 0} for code in ("adult", "child", "guest")}


def test_a_type_that_a_list_does_not_sell_is_not_sold_when_the_list_is_left(manager: Any, theater: Theater) -> None:
    adults = PriceListFactory(theater=theater, prices={"adult": PRICES})
    showtime = scheduled(manager, theater, price_list_id=str(adults.id))
    left = manager.patch(f"/showtimes/{showtime['id']}", {"price_list_id": None}).json()
    assert left["tariff"]["prices"] == {"adult": PRICES}


def test_prices_of_a_type_that_is_gone_are_in_nobody_s_way(manager: Any, theater: Theater) -> None:
    guest = TicketTypeFactory(theater=theater, code="guest", position=3)
    prices = {name: dong(amount) for name, amount in PRICES.items()}
    showtime = scheduled(manager, theater, prices=prices, type_prices={"guest": {"standard": dong(1)}})
    ticket_types.remove_ticket_type(theater_id=theater.id, ticket_type_id=guest.id)
    changed = manager.patch(f"/showtimes/{showtime['id']}", {"prices": {"standard": dong(5)}}).json()
    assert changed["tariff"]["prices"].keys() == {"adult", "child"}


def test_the_fees_of_a_list_are_told_where_only_standard_tickets_are_sold(manager: Any) -> None:
    theater = TheaterFactory()
    TicketTypeFactory(theater=theater, code="standard", default=True)
    listed = PriceListFactory(theater=theater, prices={"standard": PRICES})
    showtime = scheduled(manager, theater, price_list_id=str(listed.id))
    assert [fee["code"] for fee in showtime["tariff"]["fees"]] == ["booking"]


def test_what_changes_nothing_is_not_told(manager: Any, theater: Theater, price_list: PriceList, emitted: Any) -> None:
    showtime = scheduled(manager, theater, price_list_id=str(price_list.id))
    address = f"/showtimes/{showtime['id']}"
    manager.patch(address, {"price_list_id": str(price_list.id)})
    manager.patch(address, {"format": "2D"})
    assert emitted("showtime.updated") == []


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({}, "/prices"),
        ({"price_list_id": "x"}, "/price_list_id"),
        ({"price_list_id": str(uuid7())}, "/price_list_id"),
        ({"type_prices": {"pensioner": {"standard": dong(5)}}}, "/type_prices/pensioner"),
        ({"type_prices": {"adult": {"standard": dong(5)}}}, "/type_prices/adult"),
        ({"type_prices": {"child": {"throne": dong(5)}}}, "/type_prices/child/throne"),
        ({"type_prices": {"child": {"standard": dong(-5)}}}, "/type_prices/child/standard/amount"),
        ({"type_prices": {"child": {"standard": {"amount": 5, "currency": "EUR"}}}}, "/prices"),
        ({"type_prices": []}, "/type_prices"),
    ],
)
def test_bad_prices_of_a_showtime_are_pointed_at(
    manager: Any, theater: Theater, fields: dict[str, Any], pointer: str
) -> None:
    prices = {"prices": {name: dong(amount) for name, amount in PRICES.items()}} if "type_prices" in fields else {}
    body = problem(manager.post("/showtimes", showtime_at(theater, **prices, **fields)), 400, "invalid")
    assert pointer in pointers(body)


def test_a_list_of_another_theater_and_a_list_beside_prices_are_refused(
    manager: Any, theater: Theater, price_list: PriceList
) -> None:
    other = PriceListFactory()
    for fields in (
        {"price_list_id": str(other.id)},
        {"price_list_id": str(price_list.id), "prices": {"standard": dong(5)}},
    ):
        answer = manager.post("/showtimes", showtime_at(theater, **fields))
        assert pointers(problem(answer, 400, "invalid")) == ["/price_list_id"]


def test_a_list_that_leaves_a_seat_of_the_hall_without_a_price_is_refused(manager: Any, theater: Theater) -> None:
    short = PriceListFactory(theater=theater, prices={"adult": {"standard": 1}})
    answer = manager.post("/showtimes", showtime_at(theater, price_list_id=str(short.id)))
    body = problem(answer, 400, "invalid")
    assert pointers(body) == ["/price_list_id"]
    assert "couple" in body["errors"][0]["detail"]


def test_a_list_in_use_keeps_a_price_for_every_seat(manager: Any, theater: Theater, price_list: PriceList) -> None:
    showtime = scheduled(manager, theater, price_list_id=str(price_list.id))
    address = f"{lists_of(theater)}/{price_list.id}"
    body = problem(manager.patch(address, {"prices": {"adult": {"standard": 5}}}), 400, "invalid")
    assert pointers(body) == ["/prices/adult"]
    scheduling.cancel_showtime(showtime_id=Showtime.objects.get(id=showtime["id"]).id)
    assert manager.patch(address, {"prices": {"adult": {"standard": 5}}}).status_code == 200


def test_a_hall_gets_no_seats_that_a_changed_list_has_no_price_for(manager: Any, theater: Theater) -> None:
    few = [place for place in places() if place.category == "standard"]
    screen = ScreenFactory(theater=theater, places=few)
    listed = PriceListFactory(theater=theater)
    showtime = scheduled(manager, theater, price_list_id=str(listed.id), screen_id=str(screen.id))
    assert "premium" in showtime["prices"]
    price_lists.change_price_list(
        theater_id=theater.id, price_list_id=listed.id, prices={"adult": {"standard": 90_000}}
    )
    seats = [{"row": place.row, "number": place.number, "x": place.x, "y": place.y} for place in few]
    more = {"seats": [*seats, {"row": "Z", "number": 1, "x": 1, "y": 9, "category": "premium"}]}
    refused = problem(manager.patch(f"/screens/{screen.id}", more), 409, "screen_in_use")
    assert listed.name in refused["detail"]


def retold(emitted: Any) -> list[dict[str, Any]]:
    before = len(emitted("showtime.updated"))
    tasks.tell_of_changes()
    return [event.data for event in emitted("showtime.updated")[before:]]


def test_a_changed_list_is_told_by_its_showtimes_to_come(
    manager: Any, theater: Theater, price_list: PriceList, emitted: Any, api: Any
) -> None:
    showtime = scheduled(manager, theater, price_list_id=str(price_list.id))
    own = ShowtimeFactory(screen=ScreenFactory(theater=theater))
    assert retold(emitted) == []
    dearer = {**LIST["prices"], "adult": {**PRICES, "standard": 93_000}}  # type: ignore[dict-item]
    manager.patch(f"{lists_of(theater)}/{price_list.id}", {"prices": dearer})
    assert emitted("showtime.updated") == []
    (told,) = retold(emitted)
    assert (told["showtime_id"], told["revision"]) == (showtime["id"], 2)
    assert told["prices"]["standard"] == told["tariff"]["prices"]["adult"]["standard"] == 93_000
    shown = api.get(f"/showtimes/{showtime['id']}").json()
    assert (shown["prices"]["standard"], shown["tariff"], shown["revision"]) == (dong(93_000), told["tariff"], 2)
    assert Showtime.objects.get(id=own.id).revision == 1
    assert retold(emitted) == []


def test_another_name_of_a_list_is_told_to_nobody(
    manager: Any, theater: Theater, price_list: PriceList, emitted: Any
) -> None:
    scheduled(manager, theater, price_list_id=str(price_list.id))
    address = f"{lists_of(theater)}/{price_list.id}"
    as_it_is = manager.get(address).json()
    manager.patch(address, {"name": "Another"})
    manager.patch(address, {name: as_it_is[name] for name in ("prices", "rules", "fees", "early")})
    assert retold(emitted) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda theater: services.change_theater(theater_id=theater.id, ticket_tax=800),
        lambda theater: services.change_theater(theater_id=theater.id, seller_name="Another"),
        lambda theater: services.change_theater(theater_id=theater.id, holidays=[next_week(12).date()]),
        lambda theater: ticket_types.add_ticket_type(theater_id=theater.id, code="member", name="Member"),
        lambda theater: ticket_types.change_ticket_type(
            theater_id=theater.id, ticket_type_id=theater.ticket_types.get(code="child").id, name="Kid"
        ),
    ],
    ids=["taxes", "seller", "holidays", "added type", "changed type"],
)
def test_what_a_theater_says_of_its_tickets_is_told_by_all_its_showtimes_to_come(
    manager: Any, theater: Theater, emitted: Any, change: Callable[[Theater], object]
) -> None:
    holidays = {"name": "Holidays", "holiday": True, "amount": 7_000}
    listed = manager.post(lists_of(theater), {**LIST, "rules": [holidays]}).json()
    by_list = scheduled(manager, theater, price_list_id=listed["id"])
    own = scheduled(manager, theater, prices={name: dong(amount) for name, amount in PRICES.items()})
    change(theater)
    told = {each["showtime_id"]: each for each in retold(emitted)}
    assert {each["revision"] for each in told.values()} == {2}
    assert told.keys() == {by_list["id"], own["id"]}
    differs = [told[each["id"]]["tariff"] != each["tariff"] for each in (by_list, own)]
    assert any(differs)


def test_a_holiday_that_is_named_later_changes_prices(manager: Any, theater: Theater, emitted: Any) -> None:
    holidays = {"name": "Holidays", "holiday": True, "amount": 7_000}
    listed = manager.post(lists_of(theater), {**LIST, "rules": [holidays]}).json()
    scheduled(manager, theater, price_list_id=listed["id"])
    answer = manager.patch(f"/theaters/{theater.id}", {"holidays": [next_week(12).date().isoformat()]})
    assert answer.status_code == 200, answer.content
    (told,) = retold(emitted)
    assert told["prices"]["standard"] == 97_000
