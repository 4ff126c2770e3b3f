"""Price lists as managers keep them through the API."""

from collections.abc import Callable
from typing import Any

import pytest
from bodies import LIST, lists_of, pointers, problem, scheduled
from factories import (
    FEES,
    PRICES,
    TheaterFactory,
)

from catalog.models import Theater
from catalog.tariff_models import PriceList
from chassis.ids import uuid7
from chassis.money import LARGEST_PRICE

pytestmark = pytest.mark.django_db


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
        ({"prices": {}}, "/prices"),
        ({"prices": {"adult": {}}}, "/prices/adult"),
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
