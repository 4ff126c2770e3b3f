"""Ticket types and price lists as managers keep them through the API, and what showtimes cost by them."""

from collections.abc import Callable
from typing import Any

import pytest
from bodies import dong, problem
from django.db import IntegrityError, transaction
from factories import (
    FEES,
    FOR_CHILDREN,
    PRICES,
    SELLER,
    MovieFactory,
    PriceListFactory,
    ScreenFactory,
    ShowtimeFactory,
    TheaterFactory,
    TicketTypeFactory,
    next_week,
    places,
    with_types,
)

from catalog import price_lists, scheduling, services, tasks, ticket_types
from catalog.models import Showtime, ShowtimePrice, Theater
from catalog.tariff_models import PriceList, TicketType
from chassis.ids import uuid7
from chassis.money import LARGEST_PRICE

pytestmark = pytest.mark.django_db

LIST = {
    "name": "Everyday",
    "currency": "VND",
    "prices": {"adult": PRICES, "child": FOR_CHILDREN},
    "rules": [{"name": "3D", "percent": 20, "formats": ["3D"]}],
    "fees": FEES,
    "early": [{"days_before": 7, "percent": 10}],
}


@pytest.fixture
def theater(db: None) -> Theater:
    made: Theater = TheaterFactory(**SELLER)
    with_types(made)
    return made


@pytest.fixture
def price_list(theater: Theater) -> PriceList:
    made: PriceList = PriceListFactory(theater=theater)
    return made


def wanted(theater: Theater, **fields: Any) -> dict[str, Any]:
    return {
        "movie_id": str(MovieFactory().id),
        "screen_id": str(ScreenFactory(theater=theater).id),
        "starts_at": next_week(12).isoformat(),
        "format": "2D",
        "language": "vi",
        **fields,
    }


def scheduled(manager: Any, theater: Theater, **fields: Any) -> dict[str, Any]:
    answer = manager.post("/showtimes", wanted(theater, **fields))
    assert answer.status_code == 201, answer.content
    body: dict[str, Any] = answer.json()
    return body


def pointers(body: dict[str, Any]) -> list[str]:
    return [error["pointer"] for error in body["errors"]]


def lists_of(theater: Theater) -> str:
    return f"/theaters/{theater.id}/price-lists"


def types_of(theater: Theater) -> str:
    return f"/theaters/{theater.id}/ticket-types"


# Ticket types


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


# Price lists


def test_a_price_list_is_kept_as_it_was_said(manager: Any, theater: Theater) -> None:
    answer = manager.post(lists_of(theater), LIST)
    assert answer.status_code == 201, answer.content
    made = answer.json()
    assert answer["Location"].endswith(f"{lists_of(theater)}/{made['id']}")
    assert manager.get(f"{lists_of(theater)}/{made['id']}").json() == made
    assert made["theater_id"] == str(theater.id)
    assert {name: made[name] for name in ("prices", "fees", "early", "currency")} == {
        name: LIST[name] for name in ("prices", "fees", "early", "currency")
    }
    assert made["rules"][0].items() >= LIST["rules"][0].items()  # type: ignore[index]
    assert manager.get(lists_of(theater)).json()["results"] == [made]


def test_what_is_given_replaces_what_was_and_the_rest_stays(manager: Any, price_list: PriceList) -> None:
    address = f"{lists_of(price_list.theater)}/{price_list.id}"
    before = manager.get(address).json()
    assert manager.patch(address, {"fees": []}).json() == {**before, "fees": []}
    problem(manager.patch(f"{lists_of(TheaterFactory())}/{price_list.id}", {"fees": []}), 404, "price_list_not_found")


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"currency": "EUR"}, "/currency"),
        ({"currency": None}, "/currency"),
        ({"prices": {}}, "/prices/adult"),
        ({"prices": []}, "/prices"),
        ({"prices": {"adult": 5}}, "/prices/adult"),
        ({"prices": {"adult": {"standard": -1}}}, "/prices/adult/standard"),
        ({"prices": {"adult": {"standard": 0.5}}}, "/prices/adult/standard"),
        ({"prices": {"adult": {"standard": "much"}}}, "/prices/adult/standard"),
        ({"prices": {"adult": {"standard": LARGEST_PRICE + 1}}}, "/prices/adult/standard"),
        ({"prices": {"adult": {"throne": 5}}}, "/prices/adult/throne"),
        ({"prices": {"adult": PRICES, "pensioner": PRICES}}, "/prices/pensioner"),
        ({"rules": [{"name": "x"}]}, "/rules/0"),
        ({"rules": [{"name": "x", "percent": 0}]}, "/rules/0"),
        ({"rules": [{"name": "x", "percent": 1.5}]}, "/rules/0/percent"),
        ({"rules": [{"name": "x", "percent": -101}]}, "/rules/0/percent"),
        ({"rules": [{"name": "x", "percent": 10, "amount": 5}]}, "/rules/0"),
        ({"rules": [{"name": "x", "amount": 10**12}]}, "/rules/0/amount"),
        ({"rules": [{"name": "x", "percent": 10, "ticket_types": ["pensioner"]}]}, "/rules/0"),
        ({"rules": [{"name": "x", "percent": 10, "categories": ["throne"]}]}, "/rules/0/categories/0"),
        ({"rules": [{"name": "x", "percent": 10, "from_time": "25:00"}]}, "/rules/0/from_time"),
        ({"rules": [{"name": "x", "percent": 10, "colour": "red"}]}, "/rules/0/colour"),
        ({"rules": [{"name": "x", "percent": 10}] * 41}, "/rules"),
        ({"fees": [{**FEES[0], "amount": 0}]}, "/fees/0/amount"),
        ({"fees": [{**FEES[0], "per": "seat"}]}, "/fees/0/per"),
        ({"fees": [FEES[0], FEES[0]]}, "/fees/1/code"),
        ({"early": [{"days_before": 7, "percent": 101}]}, "/early/0/percent"),
        ({"early": [{"days_before": 0, "percent": 10}]}, "/early/0/days_before"),
        ({"round_to": 0}, "/round_to"),
        ({"discounts": []}, "/discounts"),
    ],
)
def test_a_bad_field_of_a_price_list_is_pointed_at(
    manager: Any, theater: Theater, fields: dict[str, Any], pointer: str
) -> None:
    body = problem(manager.post(lists_of(theater), {**LIST, **fields}), 400, "invalid")
    assert pointer in pointers(body)
    assert not PriceList.objects.exists()


def test_the_longest_list_that_there_may_be_fits_into_a_body(manager: Any, theater: Theater) -> None:
    rule = {
        "name": "x" * 60,
        "percent": -5,
        "weekdays": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
        "from_time": "10:00",
        "until_time": "13:00",
        "holiday": False,
        "formats": ["2D", "3D", "IMAX", "4DX"],
        "ticket_types": ["adult", "child"],
        "categories": list(PRICES),
    }
    answer = manager.post(lists_of(theater), {**LIST, "rules": [rule] * 40})
    assert answer.status_code == 201, answer.content


def test_names_are_a_list_s_own_and_a_list_with_showtimes_stays(manager: Any, price_list: PriceList) -> None:
    theater = price_list.theater
    problem(manager.post(lists_of(theater), {**LIST, "name": price_list.name}), 409, "name_taken")
    other = manager.post(lists_of(theater), LIST).json()
    assert manager.delete(f"{lists_of(theater)}/{other['id']}").status_code == 204
    scheduled(manager, theater, price_list_id=str(price_list.id))
    problem(manager.delete(f"{lists_of(theater)}/{price_list.id}"), 409, "price_list_in_use")


@pytest.mark.parametrize("path", ["price-lists", "ticket-types"])
def test_reading_is_for_staff_and_writing_for_managers(
    api: Any, sign_in: Callable[..., Any], theater: Theater, path: str
) -> None:
    address = f"/theaters/{theater.id}/{path}"
    problem(api.get(address), 401, "not_authenticated")
    problem(sign_in(roles=("customer",)).get(address), 403, "permission_denied")
    support = sign_in(roles=("support",))
    assert support.get(address).status_code == 200
    problem(support.post(address, {}), 403, "permission_denied")
    problem(support.get(f"/theaters/{uuid7()}/{path}"), 404, "theater_not_found")


# Showtimes


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
    body = problem(manager.post("/showtimes", wanted(theater, **prices, **fields)), 400, "invalid")
    assert pointer in pointers(body)


def test_a_list_of_another_theater_and_a_list_beside_prices_are_refused(
    manager: Any, theater: Theater, price_list: PriceList
) -> None:
    other = PriceListFactory()
    for fields in (
        {"price_list_id": str(other.id)},
        {"price_list_id": str(price_list.id), "prices": {"standard": dong(5)}},
    ):
        answer = manager.post("/showtimes", wanted(theater, **fields))
        assert pointers(problem(answer, 400, "invalid")) == ["/price_list_id"]


def test_a_list_that_leaves_a_seat_of_the_hall_without_a_price_is_refused(manager: Any, theater: Theater) -> None:
    short = PriceListFactory(theater=theater, prices={"adult": {"standard": 1}})
    answer = manager.post("/showtimes", wanted(theater, price_list_id=str(short.id)))
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


# What changes is told


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


# Theaters


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
